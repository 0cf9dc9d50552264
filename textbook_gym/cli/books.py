"""The commands about books: `list` and `show`."""

import sys
from typing import TYPE_CHECKING

from textbook_gym.authoring.book import Book
from textbook_gym.cli.options import Whole, see_this_folder
from textbook_gym.registry import BOOKS, env_ids, find, name_or_register

if TYPE_CHECKING:
    from rich.table import Table

PIPED = 120  # columns where the output is no terminal


def list_books() -> int:
    """Print the catalogue of books: what each is about, and its ids.

    Examples:
        textbook-gym list
        textbook-gym list | grep shortcut
    """
    for name in BOOKS:
        book = find(name)
        exercises = sum(c.exercises for c in book.chapters)
        print(f"{name:14}{headline(book)}")
        print(f"{'':14}{' '.join(env_ids(name))}; {len(book.chapters)} chapters, {exercises} exercises")
    return 0


def headline(book: Book) -> str:
    """Return the first sentence of a book's docstring, without its name.

    Example:
        >>> headline(find("Bandits"))
        'pull the arms of a machine whose payoffs depend on the season.'
    """
    return " ".join(book.doc.split("\n\n")[0].split()).partition(": ")[2]


def show(book: str, /, *, editions: Whole = 256) -> int:
    """Print one book's page: story, actions, signals, chapters, and the measured marks of the reference students.

    Args:
        book: name of a book, such as Bandits, or an id, or the module of your own, such as my_package.lamps.
        editions: how many editions the marks are measured on.

    Examples:
        textbook-gym show Bandits
        textbook-gym show Alchemy --editions 1024
    """
    from rich.console import Console

    from textbook_gym.cli.tables import table_of

    see_this_folder()
    found = find(name_or_register(book))
    if editions < 1:
        raise ValueError(f"editions={editions}: give a whole number >= 1")
    console = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else PIPED)
    console.print(found.doc, soft_wrap=True)
    console.print()
    console.print(f"Actions: {', '.join(f'{n} {a}' for n, a in enumerate(found.actions))}")
    console.print()
    ranges = (f"[{s.low:g}, {s.high:g}]" for s in found.signals)
    signals = [(s.name, str(s.size), r, s.doc) for s, r in zip(found.signals, ranges, strict=True)]
    console.print(table_of("What is seen", ("signal", "floats", "range", "meaning"), signals))
    headings = [f.replace("_", " ") for f in found.chapters[0]._fields]
    console.print(table_of("Chapters", headings, [[str(value) for value in c] for c in found.chapters]))
    console.print(marks_table(found, editions))
    return 0


def marks_table(book: Book, editions: int) -> "Table":
    """Return the measured marks of the reference students by chapter."""
    from textbook_gym.checks import measure_marks
    from textbook_gym.cli.tables import table_of

    title = f"Mean marks in {editions} editions (model student: first and last third of the chapter; oracle: lowest)"
    headings = ("chapter", "random", "newcomer", "model, first", "model, last", "oracle", "learned")
    rows = []
    for m in measure_marks(book, editions):
        cells = (m.random, m.newcomer, m.model_first, m.model, m.oracle, m.learned)
        rows.append((f"{m.chapter} {m.name}", *(f"{v:.3f}" for v in cells)))
    return table_of(title, headings, rows)
