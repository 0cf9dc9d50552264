"""What students that talk said: how much, how much of it could not be read, what it took. No marks are mixed in."""

import polars as pl

from textbook_gym.metrics.table import SPOKEN, UNREADABLE

TOTAL = ("calls", "prompt_tokens", "completion_tokens", "cost")


def speech(table: pl.DataFrame) -> pl.DataFrame:
    """Return a row for each book, student and control of a tidy table in which the student talks.

    Returns:
        columns book, student, control; courses; calls, prompt_tokens, completion_tokens and cost in all (cost is null
        without prices); unreadable, and of these empty, truncated and unknown: replies in a hundred. In the order of
        the table; without a row where nobody talks.

    Example:
        speech(read_marks(pathlib.Path("study/marks.csv"))).select("student", "calls", "unreadable")
    """
    if not SPOKEN.keys() <= set(table.columns):
        table = table.with_columns(pl.lit(None, pl.Int64).alias(name) for name in SPOKEN)
    calls = pl.col("calls").sum()
    share = {name: pl.col(name).sum() / calls * 100.0 for name in UNREADABLE}
    return (
        table.filter(pl.col("calls").is_not_null())
        .group_by("book", "student", "control", maintain_order=True)
        .agg(
            pl.struct("edition", "seed").n_unique().alias("courses"),
            *(pl.when(pl.col(name).null_count() == 0).then(pl.col(name).sum()).alias(name) for name in TOTAL),
            pl.sum_horizontal(share.values()).alias("unreadable"),
            *(value.alias(name) for name, value in share.items()),
        )
    )
