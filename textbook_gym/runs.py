"""From the rows of the tidy table to scores: one number a run, by book, ready for the statistics.

A run is one walk of one student, trained from one seed, through one edition.
"""

import pathlib
from collections.abc import Mapping

import numpy as np
import polars as pl

from textbook_gym.registry import find

RUN = ("book", "seed", "edition")
"""The columns that name a run of a student."""
REVIEW = "review"  # name of the chapter that mixes earlier ones
AGAIN = "again"  # control whose rows are chapters sat again after the book

TYPES = {
    "student": pl.String,
    "seed": pl.Int64,
    "book": pl.String,
    "split": pl.String,
    "edition": pl.Int64,
    "control": pl.String,
    "chapter": pl.Int64,
    "exercise": pl.Int64,
    "mark": pl.Float64,
    "grade": pl.Float64,
    "reward": pl.Float64,
    "steps": pl.Int64,
    "visible": pl.Float64,
    "shortcuts": pl.Int64,
}
"""Columns of `marks.csv` and their types; `seed` may be missing, `visible` and `shortcuts` may be null."""

FIGURES = (
    "mark",
    "grade",
    "reward",
    "steps",
    "visible",
    "shortcuts",
)  # columns that are measured; the others say of what
DIGITS = 12  # of a score: what rounding leaves behind must not depend on the order in which rows were added up
LEARNED = 0.2  # share of the way from newcomer to oracle from which a student has something to lose

Scores = Mapping[str, np.ndarray]
"""Scores of a student by book: float (training seeds, editions)."""


def read_marks(file: pathlib.Path) -> pl.DataFrame:
    """Return the tidy table of a file `marks.csv`, with seed 0 where the column is missing.

    Raises:
        ValueError: the file lacks a column or holds what does not fit it.
        OSError: the file cannot be read.
    """
    try:
        table = pl.read_csv(file, schema_overrides=TYPES)
    except (pl.exceptions.ComputeError, pl.exceptions.NoDataError) as error:
        raise ValueError(f"{file} is no table of marks: {str(error).splitlines()[0]}") from error
    table = table if "seed" in table.columns else table.with_columns(pl.lit(0, pl.Int64).alias("seed"))
    missing = [name for name in TYPES if name not in table.columns]
    if missing:
        raise ValueError(f"{file} lacks the column {missing[0]!r}; a table of marks has {', '.join(TYPES)}")
    table = table.select(*TYPES)
    holes = [name for name in TYPES if name not in ("visible", "shortcuts") and table[name].null_count()]
    if holes:
        number = table[holes[0]].is_null().arg_true()[0] + 2  # the first line holds the names
        raise ValueError(f"{file}, line {number}, has no {holes[0]!r}; every exercise needs one")
    return table


def complete(table: pl.DataFrame) -> pl.DataFrame:
    """Return a table with what every metric reads: seed (0 where none is given), newcomer, u, exam, review.

    Raises:
        ValueError: the table has a chapter that its book has not.
    """
    if "seed" not in table.columns:
        table = table.with_columns(pl.lit(0, pl.Int64).alias("seed"))
    chapters = []
    for name in table["book"].unique(maintain_order=True):
        rows = find(name).chapters
        for number, c in enumerate(rows, 1):
            chapters.append((name, number, c.newcomer, number == len(rows) > 1, c.name == REVIEW))
    types = {"book": pl.String, "chapter": pl.Int64, "newcomer": pl.Float64, "exam": pl.Boolean, "review": pl.Boolean}
    known = pl.DataFrame(chapters, schema=types, orient="row")
    table = table.drop(set(types) - {"book", "chapter"}, strict=False).with_columns(pl.col("chapter").cast(pl.Int64))
    joined = table.join(known, on=["book", "chapter"], how="left", maintain_order="left")
    odd = joined.filter(pl.col("newcomer").is_null())
    if len(odd):
        name, number = odd["book"][0], odd["chapter"][0]
        raise ValueError(f"the table has chapter {number} of {name}, a book of {len(find(name).chapters)} chapters")
    return joined.with_columns(((pl.col("mark") - pl.col("newcomer")) / (1.0 - pl.col("newcomer"))).alias("u"))


def under(table: pl.DataFrame, control: str = "kept") -> pl.DataFrame:
    """Return the rows under a control, of the test split where there is one."""
    splits = table["split"].unique(maintain_order=True).to_list()
    split = "test" if "test" in splits else splits[0] if splits else "test"
    return table.filter((pl.col("control") == control) & (pl.col("split") == split))


def by_run(table: pl.DataFrame, value: pl.Expr) -> Scores | None:
    """Return one score a run, by book; None of an empty table.

    Raises:
        ValueError: the training seeds of a book walked different editions.
    """
    scores = table.group_by(RUN).agg(value.round(DIGITS).alias("score")).drop_nulls("score").sort(RUN)
    found: dict[str, np.ndarray] = {}
    for book in scores["book"].unique(maintain_order=True):
        part = scores.filter(pl.col("book") == book)
        seeds = part["seed"].n_unique()
        editions = part["edition"].n_unique()
        if len(part) != seeds * editions:
            raise ValueError(
                f"{book}: {len(part)} runs of {seeds} training seeds and {editions} editions; walk the same editions "
                f"with every seed"
            )
        found[book] = part["score"].to_numpy().reshape(seeds, editions)
    return found or None


def by_chapter(table: pl.DataFrame, value: pl.Expr) -> Scores | None:
    """Return one score a run: the mean over chapters of a value of each, so that long chapters do not outweigh."""
    return by_run(table.group_by(*RUN, "chapter").agg(value.alias("value")), pl.col("value").mean())


def paired(table: pl.DataFrame, other: str, first_chapter: int = 1) -> Scores | None:
    """Return mean mark with memory kept - mean mark under another control, in the runs walked under both."""
    kept, less = (
        under(table, control)
        .filter(pl.col("chapter") >= first_chapter)
        .group_by(*RUN, "chapter")
        .agg(pl.col("mark").mean())
        for control in ("kept", other)
    )
    return by_run(kept.join(less, on=[*RUN, "chapter"], suffix="_less"), (pl.col("mark") - pl.col("mark_less")).mean())


def thirds(last: bool) -> pl.Expr:
    """Return which exercises are in the first or the last third of their chapter."""
    length = pl.col("exercise").max().over("book", "chapter")
    share = pl.max_horizontal(length // 3, 1)
    return pl.col("exercise") > length - share if last else pl.col("exercise") <= share


def learned(table: pl.DataFrame) -> pl.DataFrame:
    """Return the rows, memory kept, of books in which the student learned: who did not has nothing to forget.

    A book counts if the mean of u over the last thirds of the chapters before the exam is above LEARNED.
    """
    rows = under(table)
    late = rows.filter(~pl.col("exam") & thirds(last=True)).group_by("book").agg(pl.col("u").mean())
    return rows.join(late.filter(pl.col("u") > LEARNED).select("book"), on="book", how="semi")
