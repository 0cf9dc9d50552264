"""From the rows of the tidy table to scores: one number a run, by book, ready for the statistics.

A run is one walk of one student, trained from one seed, through one edition.
"""

from collections.abc import Mapping

import numpy as np
import polars as pl

from textbook_gym.metrics.table import RUN

DIGITS = 12  # of a score: what rounding leaves behind must not depend on the order in which rows were added up
LEARNED = 0.2  # share of the way from newcomer to oracle from which a student has something to lose

Scores = Mapping[str, np.ndarray]
"""Scores of a student by book: float (training seeds, editions)."""


def under(table: pl.DataFrame, control: str = "kept") -> pl.DataFrame:
    """Return the rows under a control, of one split: test where there is one, else the first in the table."""
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
