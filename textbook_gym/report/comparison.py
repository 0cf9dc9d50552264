"""Studies side by side, as tables for the terminal."""

import math

import polars as pl
from rich import box
from rich.table import Table
from rich.text import Text

from textbook_gym.metrics import statistics
from textbook_gym.metrics.definitions import METRICS
from textbook_gym.metrics.summary import ALL

VALUE_WIDTH = 6  # columns of a figure such as -0.174; the name of a study may go on in the next line


def terminal_tables(rows: pl.DataFrame) -> list[Table]:
    """Return the comparison as tables for the terminal: one for each student and pair of studies."""
    tables = []
    for part in rows.partition_by("student", "first", "second", maintain_order=True):
        over = ALL if ALL in part["book"] else part["book"][0]
        pooled = part.filter(pl.col("book") == ALL)["metric"]
        shown = part.filter((pl.col("book") == ALL) | ~pl.col("metric").is_in(pooled.to_list()))
        single = part.filter((pl.col("book") != ALL) & pl.col("beyond_noise"))
        student, first, second = (part[c][0] for c in ("student", "first", "second"))
        how = "paired over editions" if shown["paired"].all() else "not paired: the editions differ"
        table = Table(
            title=Text(f"{student}: {second} against {first}, {over}, {how}"), title_justify="left",
            box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), caption_justify="left",
        )  # fmt: skip
        table.add_column("metric", no_wrap=True)
        for heading in (first, second):
            table.add_column(Text(heading), justify="right", overflow="fold", min_width=VALUE_WIDTH)
        table.add_column("difference", justify="right", no_wrap=True)
        table.add_column("verdict", no_wrap=True)
        headings = {m.name: m.heading for m in METRICS}
        for row in shown.iter_rows(named=True):
            table.add_row(
                headings[row["metric"]] + (f" ({row['book']})" if row["book"] != over else ""),
                f"{row['first_value']:.3f}",
                f"{row['second_value']:.3f}",
                f"{row['difference']:+.3f} {ends(row['low'], row['high'])}",
                verdict(row["better"]) if row["low"] is not None else "not known",
            )
        gains = single.filter(pl.col("metric") == "gain")
        each = [f"{r['book']} {r['difference']:+.3f}" for r in gains.iter_rows(named=True)]
        tested = part.drop_nulls("low")
        once = 1 in part["first_seeds"] or 1 in part["second_seeds"]
        table.caption = (
            "In brackets: 95 % interval. "
            f"Books whose gain differs beyond noise: {', '.join(each) or 'none'}. Of {len(tested)} differences tested, "
            f"by book and over all, {tested['beyond_noise'].sum()} are beyond noise; about "
            f"{len(tested) * (1 - statistics.CONFIDENCE):.0f} would be by chance alone if there were none."
            + (" Of who was trained once, intervals cover the choice of editions only." if once else "")
        )
        tables.append(table)
    return tables


def ends(low: float | None, high: float | None) -> str:
    """Return an interval rounded outwards, so that what lies inside it is seen to; what one run lacks is said."""
    if low is None or high is None:
        return "(one run)"
    return f"[{math.floor(low * 1000) / 1000 + 0.0:+.3f}, {math.ceil(high * 1000) / 1000 + 0.0:+.3f}]"


def verdict(better: bool | None) -> str:
    """Return what is said of a difference."""
    return "within noise" if better is None else "better" if better else "worse"
