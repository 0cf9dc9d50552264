"""The command line: `textbook-gym list`, `textbook-gym show <Book>`, `textbook-gym study`, `textbook-gym train`."""

import argparse
import pathlib
import sys
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from textbook_gym import __version__, train_command
from textbook_gym.book import Book
from textbook_gym.registry import BOOKS, env_ids, find
from textbook_gym.students import REFERENCES

if TYPE_CHECKING:
    from rich.table import Table

EXTRA = "pip install 'textbook_gym[report]', or [train] to train"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="textbook-gym", description="Does this agent learn from experience?")
    parser.add_argument("--version", action="version", version=f"textbook-gym {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="the catalogue of books").set_defaults(run=list_books)
    page = commands.add_parser("show", help="one book's page")
    page.add_argument("book", help="name of a book, such as Bandits")
    page.add_argument(
        "--editions", type=int, default=256, help="editions to measure the marks on (default %(default)s)"
    )
    page.set_defaults(run=show_book)
    known = f"{', '.join(REFERENCES)}, an SB3 .zip, or module:callable; repeatable"
    walk = commands.add_parser("study", help="walk students through books and measure how much they learn")
    walk.add_argument(
        "--student",
        action="append",
        metavar="S",
        help=known,
    )
    walk.add_argument("--book", action="append", metavar="BOOK", help="a book; repeatable (default: all)")
    walk.add_argument("--editions", type=int, default=256, help="editions of each book (default %(default)s)")
    walk.add_argument(
        "--split", default="test", choices=("test", "train", "all"), help="which editions (default %(default)s)"
    )
    walk.add_argument("--seed", type=int, default=0, help="of the students' own randomness (default %(default)s)")
    walk.add_argument(
        "--out", type=pathlib.Path, default=pathlib.Path("study"), help="folder to write (default %(default)s/)"
    )
    walk.set_defaults(run=run_study)
    train_command.add(commands)
    chosen = parser.parse_args(arguments)
    try:
        return int(chosen.run(chosen))
    except (ValueError, OSError) as error:
        print(f"textbook-gym: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        print(f"textbook-gym {chosen.command} needs {error.name!r}: {EXTRA}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("textbook-gym: interrupted", file=sys.stderr)
        return 130


def list_books(chosen: argparse.Namespace) -> int:
    """Print the catalogue."""
    for name in BOOKS:
        book = find(name)
        exercises = sum(c.exercises for c in book.chapters)
        print(f"{name:14}{headline(book)}")
        print(f"{'':14}{' '.join(env_ids(name))}; {len(book.chapters)} chapters, {exercises} exercises")
    return 0


def headline(book: Book) -> str:
    """Return the first sentence of a book's docstring, without its name."""
    return " ".join(book.doc.split("\n\n")[0].split()).partition(": ")[2]


def show_book(chosen: argparse.Namespace) -> int:
    """Print one book's page: story, tables and measured marks."""
    from rich.console import Console
    from rich.table import Table

    book = find(chosen.book)
    console = Console()
    console.print(book.doc, highlight=False, markup=False)
    console.print()
    console.print(
        f"Actions: {', '.join(f'{n} {a}' for n, a in enumerate(book.actions))}", highlight=False, markup=False
    )
    signals = Table("signal", "floats", "range", "meaning", title="What is seen", title_justify="left")
    for s in book.signals:
        signals.add_row(s.name, str(s.size), f"[{s.low:g}, {s.high:g}]".replace("[", "\\["), s.doc)
    console.print(signals)
    chapters = Table(*(f.replace("_", " ") for f in book.chapters[0]._fields), title="Chapters", title_justify="left")
    for c in book.chapters:
        chapters.add_row(*(str(value) for value in c))
    console.print(chapters)
    console.print(marks_table(book, chosen.editions))
    return 0


def marks_table(book: Book, editions: int) -> "Table":
    """Return the measured marks of the reference students by chapter."""
    from rich.table import Table

    from textbook_gym.checks import measure

    title = f"Mean marks in {editions} editions (model student: first and last third of the chapter; oracle: lowest)"
    headings = ("chapter", "random", "newcomer", "model, first", "model, last", "oracle", "learned")
    marks = Table(*headings, title=title, title_justify="left")
    for m in measure(book, editions):
        cells = (m.random, m.newcomer, m.model_first, m.model, m.oracle, m.learned)
        marks.add_row(f"{m.chapter} {m.name}", *(f"{v:.3f}" for v in cells))
    return marks


def run_study(chosen: argparse.Namespace) -> int:
    """Walk, print the table, write the folder."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from textbook_gym import report
    from textbook_gym.study import CONTROLS, courses, study, write

    students = chosen.student or list(REFERENCES)
    books = [find(b).name for b in chosen.book] if chosen.book else list(BOOKS)
    controls = tuple(CONTROLS)[:2]
    console = Console()
    chosen.out.mkdir(parents=True, exist_ok=True)
    columns = (
        TextColumn("{task.description:32}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("compiling", total=courses(students, books, chosen.editions, controls))

        def progress(what: str, done: int) -> None:
            bar.update(task, description=what, advance=done)

        table = study(
            students,
            books,
            editions=chosen.editions,
            split=chosen.split,
            controls=controls,
            seed=chosen.seed,
            progress=progress,
        )
    figures = report.summary(table)
    settings = {
        "students": students,
        "books": books,
        "editions": chosen.editions,
        "split": chosen.split,
        "seed": chosen.seed,
    }
    write(table, chosen.out, settings)
    figures.write_csv(chosen.out / "summary.csv", float_precision=6)
    report.curves(table, chosen.out / "curves.png")
    console.print(report.terminal_table(figures))
    files = ", ".join(sorted(p.name for p in chosen.out.iterdir() if not p.name.endswith(".part")))
    console.print(textwrap.fill(f"Written to {chosen.out}/: {files}", 100), highlight=False)
    return 0
