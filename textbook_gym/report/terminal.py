"""What a study says: a table for the terminal and a picture of the learning curves; `page` makes the whole report."""

import pathlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl
from rich import box
from rich.table import Table
from rich.text import Text

from textbook_gym.metrics import definitions, scores, table
from textbook_gym.metrics.summary import students_of

if TYPE_CHECKING:
    from textbook_gym.report.style import Data


def gather(table: pl.DataFrame) -> "Data":
    """Return what a report is made from: every student's rows and metrics."""
    tables = {s: table.filter(pl.col("student") == s) for s in students_of(table)}
    return data_of(tables, {s: definitions.measure(t) for s, t in tables.items()})


def data_of(tables: dict[str, pl.DataFrame], measured: definitions.Measured) -> "Data":
    """Return tables and metrics with the books and, in words, the number of runs."""
    from textbook_gym.report.style import Data

    whole = pl.concat([scores.under(table.complete(t)) for t in tables.values()])
    counts = whole.group_by("book", "student").agg(pl.col("edition").n_unique(), pl.col("seed").n_unique())
    editions, seeds = ("-".join(dict.fromkeys((str(c.min()), str(c.max())))) for c in counts.select("edition", "seed"))
    split = listed_splits(whole)
    n = f"n = {editions} {split}editions of each book" + (f" x {seeds} training seeds" if seeds != "1" else "")
    return Data(tables, measured, whole["book"].unique(maintain_order=True).to_list(), n)


def listed_splits(table: pl.DataFrame) -> str:
    """Return the split of a table as a word before "editions"."""
    splits = [s for s in table["split"].unique(maintain_order=True) if s != "all"]
    return f"{splits[0]} " if splits else ""


def figures_table(title: str, names: Sequence[str], counts: Sequence[str]) -> Table:
    """Return a table without rows: in 80 columns figures stand in one line, and of names only long ones go on."""
    table = Table(title=Text(title), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in names:
        table.add_column(heading, overflow="fold", no_wrap=heading != "student")
    for heading in counts:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def terminal_table(figures: pl.DataFrame) -> Table:
    """Return the summary as a table for the terminal; half the width of the interval stands behind the ±."""
    table = figures_table(
        "How much did they learn? IQM over editions ± half of the 95 % interval (of one run there is none)",
        ("book", "student"),
        ("gain", "first\nthird", "last\nthird", "memory\nbenefit", "duct\ntape"),
    )
    for group in figures.partition_by("book", maintain_order=True):
        table.add_section()
        for k, row in enumerate(group.iter_rows(named=True)):
            table.add_row(
                Text(row["book"] if k == 0 else ""),
                Text(row["student"]),
                with_half(row, "gain"),
                *("-" if row[k] is None else f"{row[k]:.2f}" for k in ("first_third", "last_third")),
                with_half(row, "memory_benefit"),
                "-" if row["duct_tape"] is None else f"{row['duct_tape']:+.2f}",
            )
    return table


def speech_tables(said: pl.DataFrame) -> list[Table]:
    """Return what `metrics.speech` tells as tables for the terminal, one for each student; its name has a line."""
    tables = []
    for rows in said.partition_by("student", maintain_order=True):
        title = f"What was said by {rows['student'][0]}, and what it took; unreadable replies in a hundred"
        counts = ("courses", "calls", "un-\nreadable", "tokens\nread", "tokens\nwritten", "cost")
        table = figures_table(title, ("book", "control"), counts)
        for row in rows.iter_rows(named=True):
            table.add_row(
                *(Text(row[name]) for name in ("book", "control")),
                *(f"{row[name]:,}" for name in ("courses", "calls")),
                f"{row['unreadable']:.1f}",
                *(rounded_count(row[name]) for name in ("prompt_tokens", "completion_tokens")),
                "-" if row["cost"] is None else f"{row['cost']:.2f}",
            )
        tables.append(table)
    return tables


def estimate_table(rows: pl.DataFrame) -> Table:
    """Return what `estimate_talks` tells as a table for the terminal, with a last row for all."""
    title = "What this study is going to take; tokens at four characters each, without what a model thinks"
    counts = ("courses", "calls", "text_tokens", "read_tokens")
    table = figures_table(title, ("book", "student"), ("courses", "calls\nat most", "tokens\nof text", "tokens\nread"))
    for row in rows.iter_rows(named=True):
        cells = ("-" if row[name] is None else rounded_count(row[name]) for name in counts)
        table.add_row(Text(row["book"]), Text(row["student"]), *cells)
    table.add_section()
    table.add_row("in all", "", *(rounded_count(int(rows[name].sum())) for name in counts))
    return table


def rounded_count(number: int) -> str:
    """Return a number of things in six characters at the most: of large ones, three digits.

    Example:
        >>> [rounded_count(n) for n in (96, 41_512, 327_454, 12_345_678)]
        ['96', '41,512', '327k', '12.3M']
    """
    if number < 100_000:
        return f"{number:,}"
    digits, power = f"{number:.2e}".split("e")
    thousands, rest = divmod(int(power), 3)
    return f"{float(digits) * 10**rest:.{2 - rest}f}{'kMGTPE'[thousands - 1]}"


def with_half(row: dict[str, float | None], name: str) -> str:
    """Return a figure with half of the width of its interval, if it has one, or a dash."""
    value, low, high = (row[k] for k in (name, f"{name}_low", f"{name}_high"))
    if value is None:
        return "-"
    return f"{value:+.3f}" if low is None or high is None else f"{value:+.3f} ±{(high - low) / 2:.3f}"


def curves(table: pl.DataFrame, path: pathlib.Path) -> None:
    """Draw the learning curves, a panel a book, into a PNG file; none are drawn of a table without kept memory."""
    from textbook_gym.report import figures, style

    tables = {s: table.filter(pl.col("student") == s) for s in students_of(table)}
    data = data_of(tables, {})
    if data.books:
        style.save_png(figures.draw_curves(data), path)
