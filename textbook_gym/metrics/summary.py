"""The summary of a study: a row for each book and student, with every metric and its interval."""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import polars as pl

from textbook_gym.engine.cores import cores
from textbook_gym.metrics import definitions

ALL = "all books"  # the row over all books


def students_of(table: pl.DataFrame) -> list[str]:
    """Return the students in the order in which they walked.

    Example:
        >>> students_of(pl.DataFrame({"student": ["model", "model", "mine"]}))
        ['model', 'mine']
    """
    return table["student"].unique(maintain_order=True).to_list()


def part(table: pl.DataFrame, student: str, control: str = "kept") -> pl.DataFrame:
    """Return the rows of one student under one control.

    Example:
        part(read_marks(pathlib.Path("study/marks.csv")), "model", "wiped")
    """
    return table.filter((pl.col("student") == student) & (pl.col("control") == control))


def summary(table: pl.DataFrame) -> pl.DataFrame:
    """Return a row for each book and student, and over all books, with every metric of `definitions.METRICS`.

    Every figure stands with the ends of its 95 % interval in columns `_low` and `_high`; null where it cannot be had,
    as the ends of an interval of one run.

    Example:
        summary(pl.read_csv("study/marks.csv")).select("student", "book", "gain", "memory_benefit")
    """
    students = students_of(table)
    with ThreadPoolExecutor(min(len(students), cores()) or 1) as pool:  # NumPy lets threads run
        found = pool.map(lambda s: definitions.measure(table.filter(pl.col("student") == s)), students)
        measured = dict(zip(students, found, strict=True))
    return rows(measured, table["book"].unique(maintain_order=True).to_list())


def rows(measured: definitions.Measured, books: Sequence[str]) -> pl.DataFrame:
    """Return measured metrics as the table that `summary` describes.

    Example:
        rows({"model": measure(part(table, "model"))}, ["Bandits"])
    """
    found = []
    for book in [*books, *([None] if len(books) > 1 else [])]:
        for student, figures in measured.items():
            if book in figures["gain"]:
                row: dict[str, str | float | None] = {"book": book or ALL, "student": student}
                for name, by_book in figures.items():
                    figure = (None if x is None or math.isnan(x) else x for x in by_book[book] or (None, None, None))
                    row[name], row[f"{name}_low"], row[f"{name}_high"] = figure
                found.append(row)
    return pl.DataFrame(found, infer_schema_length=None)
