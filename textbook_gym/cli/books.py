"""The commands about books: `list` and `show`."""

import argparse
from typing import TYPE_CHECKING

from textbook_gym.authoring.book import Book
from textbook_gym.registry import BOOKS, env_ids, find

if TYPE_CHECKING:
    from rich.table import Table


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
