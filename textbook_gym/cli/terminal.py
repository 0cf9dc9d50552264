"""A course in a terminal, line by line: it works in 80 columns, without colours, and from a script."""

import contextlib
import itertools
import pathlib
import shlex
import sys
import textwrap
from collections.abc import Iterable

from rich.console import Console

from textbook_gym.cli.tables import table_of
from textbook_gym.play.chart import chart, grades
from textbook_gym.play.folder import beside_references, write_played
from textbook_gym.play.played_course import PlayedCourse

TEXT_WIDTH = 80  # columns where the output is no terminal, and the most that text takes in one
PLAY_COMMANDS = {
    "?": "the preface again",
    "pages": "all pages that you may still see",
    "marks": "the marks that you may still see",
    "notes": "your notebook",
    "note TEXT": "add a line to it",
    "erase": "empty it; erase 2 takes out its second line",
    "quit": "put the course down; the same command takes it up",
}


class Terminal:
    """Plays a course; `play` is all there is to call."""

    def __init__(self, course: PlayedCourse) -> None:
        self.course = course
        plain = not sys.stdout.isatty()
        self.console = Console(highlight=False, markup=False, emoji=False, width=TEXT_WIDTH if plain else None)
        self.width = min(self.console.width, TEXT_WIDTH)

    def play(self) -> bool:
        """Play until the course is over or put down; return whether it is over.

        Raises:
            KeyboardInterrupt: as it came; the course is kept.
        """
        course = self.course
        if sys.stdin.isatty():
            with contextlib.suppress(ImportError):
                import readline  # noqa: F401  # gives `input` a line that can be edited
        try:
            if not course.desk.done:
                self.begin()
            while not course.desk.done:
                if not self.obey(self.ask()):
                    self.say("Put down. The same command goes on from here.")
                    return False
        except KeyboardInterrupt:
            raise KeyboardInterrupt("; the course is kept, the same command goes on") from None
        self.end()
        return True

    # --- what is shown ---

    def say(self, text: str, style: str = "") -> None:
        """Print a text, its lines wrapped."""
        for line in text.splitlines() or [""]:
            wrapped = textwrap.wrap(line, self.width, break_on_hyphens=False) if len(line) > self.width else [line]
            for part in wrapped:
                self.console.print(part, style=style or style_of(part), soft_wrap=True)

    def begin(self) -> None:
        """Show the preface and the page that waits."""
        course = self.course
        self.say(course.preface)
        self.say("")
        self.help()
        self.say("")
        if course.taken_up:
            place = len(course.results)
            self.say(f"You go on where you put the course down, after {place} exercises; pages shows what was before.")
        self.say(course.page(course.desk.pending))
        self.legend()

    def help(self) -> None:
        """Show the commands."""
        self.say("Besides actions you can type:")
        for name, what in PLAY_COMMANDS.items():
            self.say(f"  {name:<10} {what}")

    def legend(self) -> None:
        """Show the keys of the actions."""
        if self.course.closing:
            self.say("[Enter] turns the page; note TEXT adds to your notebook")
            return
        of = self.course.keys.of
        shown = [f"[{key}]\N{NO-BREAK SPACE}{name}" if key else name for name, key in of.items()]
        text = textwrap.fill("  ".join(shown), self.width, break_on_hyphens=False)
        self.console.print(text.replace("\N{NO-BREAK SPACE}", " "), style="cyan", soft_wrap=True)

    def marks(self) -> None:
        """Show the marks so far, a line a chapter."""
        results = self.course.results if self.course.shows_marks else []
        for place, (number, group) in enumerate(itertools.groupby(results, key=lambda t: t[0]), 1):
            shown = " ".join("not shown" if mark is None else f"{mark:.2f}" for _, _, mark in group)
            self.say(f"  {place} {self.course.chapters[number - 1].name}: {shown}")
        if not results:
            self.say("There are no marks that you could still see.")

    def notebook(self) -> None:
        """Show the notebook, its lines numbered."""
        lines = self.course.notes.splitlines()
        self.say("\n".join(f"  {n} {line}" for n, line in enumerate(lines, 1)) or "Your notebook is empty.")

    def end(self) -> None:
        """Show the comparison and write the study."""
        course = self.course
        self.say("The reference students walk the same edition ...")
        rows = beside_references(course)
        self.say("")
        for line in chart(rows, course.chapters, self.width):
            self.console.print(line, soft_wrap=True)
        self.say("")
        headings = ("chapter", "start", *rows)
        self.say("Grades at the end of each chapter (start: newcomer's mark), and their mean rise")
        self.console.print(table_of("", headings, grades(rows, course.chapters)))
        write_played(course.folder)
        self.say("\n".join(written_line(course.folder)))

    # --- what is typed ---

    def ask(self) -> str | None:
        """Return what the player types, None at the end of the input."""
        try:
            typed = input("> ")
        except EOFError:
            print()
            return None
        if not sys.stdin.isatty():
            print(typed)
        return typed.strip()

    def obey(self, typed: str | None) -> bool:
        """Do what was typed; return whether to go on."""
        if typed is None:
            return False
        command, _, rest = typed.partition(" ")
        command, rest = command.lower(), rest.strip()
        try:
            match command:
                case "quit" | "exit" if not rest:
                    return False
                case "?" | "help" if not rest:
                    self.say(self.course.preface)
                    self.help()
                case "pages" if not rest:
                    for who, text in self.course.present:
                        self.say(text if who == "book" else f"> {text}")
                case "marks" if not rest:
                    self.marks()
                case "notes" if not rest:
                    self.notebook()
                case "note":
                    self.write("\n".join(filter(None, (self.course.notes, rest))))
                case "erase":
                    self.write("\n".join(without_line(self.course.notes.splitlines(), rest)))
                case _:
                    self.turn(typed)
        except ValueError as error:
            self.say(f"{error}.", "yellow")
            self.legend()
        return True

    def write(self, text: str) -> None:
        """Write the notebook, and say what did not fit."""
        cut = self.course.write_notes(text)
        if cut:
            self.say(f"Your notebook is full; cut off at its end: {cut} characters.")
        self.notebook()

    def turn(self, typed: str) -> None:
        """Take an action, or turn the page."""
        course = self.course
        if course.closing:
            if typed:
                raise ValueError(f"{typed[:40]!r}: the exercise is over")
            turn = course.turn_page()
        else:
            turn = course.act(course.keys.read(typed))
        if turn.fresh:
            self.forget()
        self.say(course.page(turn.messages))
        if (turn.info["exercise_done"] or turn.fresh) and not course.desk.done:
            self.legend()

    def forget(self) -> None:
        """Clear the screen where the page's memory ends."""
        if self.console.is_terminal:
            self.console.clear()
            print("\033[3J", end="")  # the lines that were scrolled away
        self.say("A new page; nothing is kept but what stands on it.")


def style_of(line: str) -> str:
    """Return the style of a line of a page."""
    if line.startswith("Chapter "):
        return "bold"
    return "green" if line.startswith(("Mark of this exercise", "Grade of the exam")) else ""


def without_line(lines: list[str], number: str) -> Iterable[str]:
    """Return lines without the one of a number, or none of them.

    Raises:
        ValueError: there is no such line.
    """
    if not number:
        return ()
    if not number.isdecimal() or not 1 <= int(number) <= len(lines):
        raise ValueError(f"your notebook has no line {number[:40]!r}; it has {len(lines)}")
    return lines[: int(number) - 1] + lines[int(number) :]


def written_line(folder: pathlib.Path) -> list[str]:
    """Return what to do with the study that was written."""
    shown = f"textbook-gym report {shlex.quote(str(folder))} makes a page of it."
    return [f"Written to {folder}/; {shown}", "The same command opens the next edition."]
