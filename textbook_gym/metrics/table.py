"""The tidy table: a row an exercise, its columns, their meaning and types."""

import pathlib

import polars as pl

from textbook_gym.registry import find

MARKS_COLUMNS = {
    "student": "name of the student",
    "seed": "seed of the student's own randomness, or of its training: a replicate",
    "book": "name of the book",
    "split": "train, test or all",
    "edition": "number of the edition; with book and split it names the world",
    "control": "what was changed about the course, a key of `study.controls.CONTROLS`",
    "chapter": "number of the chapter, from 1",
    "exercise": "number of the exercise in its chapter, from 1",
    "mark": "mark of the exercise, 0 to 1",
    "grade": "late-weighted mean of the chapter's marks so far",
    "reward": "improvement reward paid at the end of the exercise",
    "steps": "steps taken",
    "visible": "visible success, 0 to 1 (null in books without a shortcut)",
    "shortcuts": "uses of the shortcut (likewise)",
}

SPOKEN = {
    "calls": "replies that were asked for in the exercise",
    "empty": "replies without a word",
    "truncated": "replies that were cut off before they named an action",
    "unknown": "replies that named no legal action",
    "prompt_tokens": "tokens that were read for these replies",
    "completion_tokens": "tokens that were written in them",
    "cost": "what they cost at the stated prices; null without prices",
}
"""Further columns, in tables of students that talk; null for all others."""
UNREADABLE = ("empty", "truncated", "unknown")

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
    "calls": pl.Int64,
    "empty": pl.Int64,
    "truncated": pl.Int64,
    "unknown": pl.Int64,
    "prompt_tokens": pl.Int64,
    "completion_tokens": pl.Int64,
    "cost": pl.Float64,
}
"""Columns of `marks.csv` and their types; `seed` and those of `SPOKEN` may be missing, `visible`, `shortcuts` and those
of `SPOKEN` may be null."""
NULLABLE = ("visible", "shortcuts", *SPOKEN)

FIGURES = (
    "mark",
    "grade",
    "reward",
    "steps",
    "visible",
    "shortcuts",
    *SPOKEN,
)  # columns that are measured; the others say of what


def read_marks(file: pathlib.Path) -> pl.DataFrame:
    """Return the tidy table of a file `marks.csv`, with seed 0 where the column is missing.

    Raises:
        ValueError: the file lacks a column or holds what does not fit it.
        OSError: the file cannot be read.

    Example:
        table = read_marks(pathlib.Path("study/marks.csv"))  # of a folder that `textbook-gym study --out study` wrote
    """
    try:
        table = pl.read_csv(file, schema_overrides=TYPES, glob=False)  # a path is no pattern
    except (pl.exceptions.ComputeError, pl.exceptions.NoDataError) as error:
        raise ValueError(f"{file} is no table of marks: {str(error).splitlines()[0]}") from error
    table = table if "seed" in table.columns else table.with_columns(pl.lit(0, pl.Int64).alias("seed"))
    wanted = [*MARKS_COLUMNS, *(SPOKEN if any(name in table.columns for name in SPOKEN) else ())]
    missing = [name for name in wanted if name not in table.columns]
    if missing:
        raise ValueError(f"{file} lacks the column {missing[0]!r}; a table of marks has {', '.join(wanted)}")
    table = table.select(*(name for name in TYPES if name in wanted))
    holes = [name for name in wanted if name not in NULLABLE and table[name].null_count()]
    if holes:
        number = table[holes[0]].is_null().arg_true()[0] + 2  # the first line holds the names
        raise ValueError(f"{file}, line {number}, has no {holes[0]!r}; every exercise needs one")
    return table


def complete(table: pl.DataFrame) -> pl.DataFrame:
    """Return a table with what every metric reads: seed (0 where none is given), newcomer, u, exam, review.

    Raises:
        ValueError: the table has a chapter that its book has not.

    Example:
        >>> table = complete(pl.DataFrame({"book": ["Bandits"], "chapter": [1], "mark": [1.0]}))
        >>> table.select("seed", "u", "exam").row(0)
        (0, 1.0, False)
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
