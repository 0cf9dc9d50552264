"""The plan: a book's chapter table as numbers that rules can read, after the user's choice of chapters and lengths."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

import numpy as np

from textbook_gym.authoring.book import Book
from textbook_gym.authoring.contract import COURSES
from textbook_gym.engine.course import MOST_CHAPTERS, clock_limit
from textbook_gym.engine.splits import hashed_bits
from textbook_gym.errors import BookError, as_whole, is_one, one_of, whole

Chapters = int | str | Sequence[int | str] | None
"""Chapters by number (1, 2, ...) or by name, one or several; None for all."""
Exercises = int | Sequence[int] | None
"""Exercises in each chapter, one number for all or one for each; None for the book's own."""


COUNTS = (
    "number",  # the chapter's number in the book: 1, 2, ...
    "chapters",  # how many chapters the book has
    "length",  # how many chapters the course has
    "exam",  # 1 in the exam
    "ends_in_exam",  # 1 if the course ends in the exam
)
SHARES = ("share", "exercise_share", "step_share")  # number / chapters, 1 / exercises, 1 / limit: no division in a step


def plan_type(book: Book) -> np.dtype:
    """Return the record type of a row: the numeric columns of CHAPTERS, then `COUNTS`, `SHARES` and `hashed`."""
    columns: list[tuple[str, str, tuple[int, ...]]] = []
    for name, value in book.chapters[0]._asdict().items():
        cells = np.asarray(value)
        if cells.dtype.kind in "biuf":
            columns.append((name, "f8" if cells.dtype.kind == "f" else "i8", cells.shape))
        elif name != "name" and not isinstance(value, str):
            raise BookError(f"{book.path}: column {name!r} of CHAPTERS holds {value!r}; use a number, tuple or string")
    hashed = ("hashed", "u8", (book.edition.itemsize // 8,))  # bits of EDITION that tell train from test, see `belongs`
    counts, shares = ((name, "i8") for name in COUNTS), ((name, "f8") for name in SHARES)
    return np.dtype([*columns, *counts, *shares, hashed], align=True)


def make_plan(book: Book, chapters: Chapters = None, exercises: Exercises = None) -> np.ndarray:
    """Return the rows of a course in the order of the book, one record a chapter.

    Args:
        book: the book.
        chapters: which chapters to walk, by number from 1 or by name.
        exercises: how many exercises in each.

    Raises:
        ValueError: an unknown chapter, one named twice, none at all, or a length that is not allowed.
    """
    chosen = chosen_chapters(book, chapters)
    lengths = read_lengths(exercises, len(chosen))
    dtype = plan_type(book)
    if len(book.chapters) > MOST_CHAPTERS:
        raise BookError(f"{book.path}: {len(book.chapters)} chapters; a book has at most {MOST_CHAPTERS}")
    plan = np.zeros(len(chosen), dtype)
    for row, number in zip(plan, chosen, strict=True):
        chapter = book.chapters[number - 1]
        for name in dtype.names or ():
            if hasattr(chapter, name):
                row[name] = getattr(chapter, name)
        row["number"] = number
        row["chapters"] = len(book.chapters)
        row["exam"] = number == len(book.chapters) > 1  # a book of one chapter has no exam
    plan["length"] = len(plan)
    plan["ends_in_exam"] = plan["exam"][-1]
    if lengths is not None:
        plan["exercises"] = lengths
    plan["share"] = plan["number"] / plan["chapters"]
    plan["exercise_share"] = 1.0 / plan["exercises"]
    plan["step_share"] = 1.0 / plan["limit"]
    plan["hashed"] = hashed_bits(book, chosen)
    return plan


def chosen_chapters(book: Book, chapters: Chapters) -> list[int]:
    """Return the numbers of the chapters of a course, in the order of the book."""
    if chapters is None:
        return list(range(1, len(book.chapters) + 1))
    named: list[Any] = [chapters] if is_one(chapters) else [*cast(Iterable[Any], chapters)]
    chosen = sorted({chapter_number(book, c) for c in named})
    if not chosen or len(chosen) != len(named):
        raise ValueError(f"chapters={chapters!r}: name at least one chapter and none twice")
    return chosen


def read_lengths(exercises: Exercises, chapters: int) -> list[int] | None:
    """Return how many exercises each of so many chapters has; None for the book's own."""
    if exercises is None:
        return None
    most, either = clock_limit("exercise"), f", or {chapters} of them"
    lengths: list[Any] = [exercises] * chapters if is_one(exercises) else [*cast(Iterable[Any], exercises)]
    if len(lengths) != chapters:
        raise ValueError(f"exercises={exercises!r}: give a whole number >= 1{either}")
    return [whole("exercises", whole("exercises", n, 1, otherwise=either), 1, most) for n in lengths]


def named_course(book: Book, course: str) -> tuple[Chapters, Exercises]:
    """Return chapters and exercises of a course that the book names, such as "short".

    Raises:
        ValueError: the book names no such course.
    """
    one_of("course", course, list(COURSES), ", or None")
    if not hasattr(book.module, COURSES[course]):
        raise ValueError(f"course={course!r}: {book.name} names no such course, see `{COURSES[course]}` in its module")
    chapters, exercises = getattr(book.module, COURSES[course])
    return chapters, exercises


def outline(book: Book, course: str | None = None) -> dict[int, int]:
    """Return the chapters of a course by number, with how many exercises each has; None for the whole book.

    Raises:
        ValueError: the book names no such course.
    """
    chapters, exercises = named_course(book, course) if course is not None else (None, None)
    plan = make_plan(book, chapters, exercises)
    return dict(zip(plan["number"].tolist(), plan["exercises"].tolist(), strict=True))


def chapter_number(book: Book, chapter: int | str) -> int:
    """Return the number 1, 2, ... of a chapter given by number or name."""
    names = [c.name for c in book.chapters]
    if isinstance(chapter, str) and chapter in names:
        return names.index(chapter) + 1
    number = as_whole(chapter)
    if number is not None and 1 <= number <= len(names):
        return number
    listed = ", ".join(f"{n} {name!r}" for n, name in enumerate(names, 1))
    raise ValueError(f"{book.name} has no chapter {chapter!r}; it has {listed}")
