"""All words of the desk: preface, page heads, what followed from a reply, and the book's own words between them.

A book brings `PREFACE`, `STRUCTURE` and `say`; where it lacks them, the headline of its docstring and `tell` stand in.
What is the same in all books (chapters, limits, marks, how to answer) is worded here, once.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from textbook_gym.authoring.book import Book
from textbook_gym.authoring.records import Row
from textbook_gym.text.reply_parser import EMPTY, PLACEHOLDER, TRUNCATED, Read
from textbook_gym.text.tools import TURN_PAGE

QUOTED = 40  # most characters of a wrong name that are said back

SAME_WORLD = (
    "Unless something else is said above, the world stays the same from exercise to exercise and from chapter to "
    "chapter until the book ends: what you find out in one exercise holds in all later ones."
)
MARKS = (
    "Every exercise ends with a mark from 0 (worst) to 1 (best). The grade of a chapter starts at what a newcomer "
    "gets; from the first mark on it is the mean of the chapter's marks, in which later marks count more. You are "
    "judged by how far you raise the grades."
)


class BookWords(NamedTuple):
    """A book's own words; see the top of this file."""

    preface: str
    structure: str
    say: Callable[[Any, Any, int | None, Any], str]


def words_of(book: Book) -> BookWords:
    """Return the words of a book, with something in the place of those that it lacks."""
    module: Any = book.module
    headline = book.doc.partition("\n")[0].partition(":")[2].strip()
    return BookWords(
        preface=str(getattr(module, "PREFACE", headline[:1].upper() + headline[1:])).strip(),
        structure=str(getattr(module, "STRUCTURE", "")).strip(),
        say=getattr(module, "say", lambda p, before, action, o: f"{book.tell(p, o)} {steps_left(p, o)}"),
    )


def steps_left(p: Any, o: Any) -> str:
    """Return how many steps of the exercise are left, for books that do not say it themselves."""
    left = round(o.left * p.limit)
    return f"Steps left: {left}." if left else "The exercise is over."


# --- passages for some chapters ------------------------------------------------------------

GOES_ON = re.compile(r'(?<![.:!?"\n])\n(?!\n)')  # a line break within a sentence
LOOSE = re.compile(r" +(?=[ \n])|(?<=\n)[ \n]+")  # what is left around a passage that is not told
SPAN = r"[0-9]+(?:-[0-9]+)?"
PASSAGE = re.compile(rf"\{{(?P<chapters>{SPAN}(?:\s*[,&]\s*{SPAN})*):(?P<words>[^{{}}]*)\}}(?P<space>\s?)")


def told_in(text: str, chapters: Collection[int]) -> str:
    """Return what a preface tells in a course: without the passages that are about other chapters.

    A line break within a sentence is one of the source and becomes a space.

    `{3-6: Some words.}` is told if the course has one of the chapters 3 to 6, `{1, 3: Some words.}` if it has chapter 1
    or 3, and `{1-3 & 5: Some words.}` if it has one of 1 to 3 and chapter 5, too.

    Args:
        text: the preface, or what else a book says of itself.
        chapters: numbers of the chapters that the course has.

    Example:
        >>> told_in("Press a button. {3-6: Mind the gate.} Walk on.", chapters=[1, 2])
        'Press a button. Walk on.'
    """

    def told(passage: re.Match[str]) -> str:
        before = passage.string[passage.start() - 1 : passage.start()]
        apart = before.isspace() or not before
        if all(not chapters_in(part).isdisjoint(chapters) for part in passage["chapters"].split("&")):
            return (passage["words"].lstrip() if apart else passage["words"]) + passage["space"]
        return "" if apart and before != " " else passage["space"]  # one of the two breaks around it is enough

    return GOES_ON.sub(" ", LOOSE.sub("", PASSAGE.sub(told, text)).strip())


def chapters_in(part: str) -> set[int]:
    """Return the numbers that `1, 3-5` names."""
    ends = [[int(end) for end in span.split("-")] for span in part.split(",")]
    return {number for span in ends for number in range(span[0], span[-1] + 1)}


# --- the system message --------------------------------------------------------------------


def preface(book: Book, rows: Mapping[int, Row], shuffled: bool, kind: str, answer: str, budget: int | None) -> str:
    """Return the system message that opens a conversation.

    Args:
        book: the book.
        rows: the chapters of the course by number.
        shuffled: whether the chapters come in random order.
        kind: one of `settings.PREFACES`: the rules; actions alone; the rules and the form of what is hidden.
        answer: one of `settings.ANSWERS`.
        budget: characters of the notebook, None if none is kept.
    """
    own = words_of(book)
    rules, structure = told_in(own.preface, rows), told_in(own.structure, rows)
    title = f"You work through a textbook, {book.name}."
    parts = [] if kind == "bare" else [title, rules, contents(book, rows, shuffled), SAME_WORLD, MARKS]
    parts += [structure] if kind == "full" else []
    parts += [f"Actions: {', '.join(book.actions)}.", " ".join([how_to_answer(answer), COSTS])]
    if budget is not None:
        parts.append(how_to_note(answer, budget))
    return "\n\n".join(part for part in parts if part)


COSTS = "A reply without a legal action costs a step."


def contents(book: Book, rows: Mapping[int, Row], shuffled: bool) -> str:
    """Return the table of contents in words."""
    order = ", which come in random order; what one of them changes a later one may change back" if shuffled else ""
    lines = [f"It has {counted(len(rows), 'chapter')}{order}:"]
    for place, (number, p) in enumerate(rows.items(), 1):
        exam = ", marks are not shown" if p.exam else ""
        name = f'"{book.chapters[number - 1].name}"' if shuffled else f'{place}. "{book.chapters[number - 1].name}"'
        lines.append(f"{name}: {counted(p.exercises, 'exercise')} of at most {counted(p.limit, 'step')}{exam}")
    return "\n".join(lines)


def counted(number: int, noun: str) -> str:
    """Return a number of things in words."""
    return f"{number} {noun}{'s' * (number != 1)}"


def how_to_answer(answer: str) -> str:
    """Return how an action is to be named."""
    if answer == "tool":
        return "Every step, call one tool: it takes that action."
    form = f"<action>{PLACEHOLDER}</action>" if answer == "tag" else f'{{"action": "{PLACEHOLDER}"}}'
    return f"Every step, end your reply with {form}, where {PLACEHOLDER} is one action."


def how_to_note(answer: str, budget: int) -> str:
    """Return how the notebook is written."""
    means = "The argument `note` of any tool adds to it, `notebook` replaces it."
    if answer != "tool":
        means = "In any reply, <note>TEXT</note> adds to it, <notebook>TEXT</notebook> replaces it."
    return (
        "From one exercise to the next you keep your notebook and nothing else. You see it at the head of every "
        f"exercise. {means} It holds {budget} characters."
    )


# --- pages -----------------------------------------------------------------------------------


def head(book: Book, rows: Mapping[int, Row], shuffled: bool, info: Mapping[str, Any]) -> str:
    """Return the head of an exercise: where it stands in the course."""
    number, p = info["chapter"], rows[info["chapter"]]
    place = "" if shuffled else f" {1 + list(rows).index(number)} of {len(rows)},"
    worked = info["exercise"] > 1  # before, the grade is the newcomer's and says nothing of this student
    grade = "" if p.exam or not worked else f" Grade of this chapter so far: {info['grade']:.2f}."
    return f'Chapter{place} "{book.chapters[number - 1].name}", exercise {info["exercise"]} of {p.exercises}.{grade}'


def notebook(text: str) -> str:
    """Return the notebook as a page shows it."""
    return f"Your notebook:\n{text}" if text else "Your notebook is empty."


def over(p: Row, info: Mapping[str, Any]) -> str:
    """Return how an exercise came out."""
    if p.exam:
        said = "The mark of this exercise is not shown."
        said += f" Grade of the exam: {info['grade']:.2f}." if info["book_done"] else ""
    else:
        said = f"Mark of this exercise: {info['mark']:.2f}. Grade of this chapter: {info['grade']:.2f}."
    return f"{said} The book is over." if info["book_done"] else said


def close(answer: str) -> str:
    """Return the question for notes before a page is turned."""
    if answer == "tool":
        return f"Write down what you want to keep, with the tool {TURN_PAGE}."
    return "Write down what you want to keep, in <note> or <notebook>; this costs no step."


PAGE_TURNED = "The page is turned."
CUT_SHORT = "The conversation was cut short; exercises that were not worked count 0."


def note_cut(characters: int) -> str:
    """Return that a notebook is full."""
    return f"Your notebook is full; cut off at its end: {counted(characters, 'character')}."


def correction(read: Read, answer: str, actions: tuple[str, ...]) -> str:
    """Return what was wrong with a reply that could not be read, and what can be done."""
    if read.invalid == EMPTY:
        wrong = "Your reply was empty"
    elif read.invalid == TRUNCATED:
        wrong = "Your reply ended before your reasoning did"
    elif read.named:
        wrong = f'"{plain_ascii(read.named)[:QUOTED]}" is no action'
    else:
        wrong = "Your reply names no action"
    return f"{wrong}, so a step went by and nothing was done. {how_to_answer(answer)} Actions: {', '.join(actions)}."


def plain_ascii(text: str) -> str:
    """Return a text on one line of printable ASCII."""
    return "".join(c if " " <= c <= "~" else "?" for c in " ".join(text[: 4 * QUOTED].split()))
