"""What a study says: a table for the terminal and a picture of the learning curves."""

import pathlib
from collections.abc import Sequence

import numpy as np
import polars as pl
from rich import box
from rich.table import Table

from textbook_gym import metrics

COLOURS = {"random": "#9a9a9a", "newcomer": "#d98032", "model": "#2f6db3", "oracle": "#3a8f5c"}
ALL = "all books"  # the row over all books
OTHERS = ("#8a4fb0", "#c0406a", "#1f9aa5", "#7a6a2f")


def students_of(table: pl.DataFrame) -> list[str]:
    """Return the students in the order in which they walked."""
    return table["student"].unique(maintain_order=True).to_list()


def part(table: pl.DataFrame, student: str, control: str = "kept") -> pl.DataFrame:
    """Return the rows of one student under one control."""
    return table.filter((pl.col("student") == student) & (pl.col("control") == control))


def summary(table: pl.DataFrame) -> pl.DataFrame:
    """Return a row for each book and student, and over all books, with every metric of `metrics.METRICS`.

    Every figure stands with the ends of its 95 % interval in columns `_low` and `_high`; null where it cannot be had.
    """
    measured = {s: metrics.measure(table.filter(pl.col("student") == s)) for s in students_of(table)}
    names: list[str | None] = table["book"].unique(maintain_order=True).to_list()
    rows = []
    for book in [*names, *([None] if len(names) > 1 else [])]:
        for student, figures in measured.items():
            if book is not None and book not in figures["gain"]:
                continue
            row: dict[str, str | float | None] = {"book": book or ALL, "student": student}
            for name, by_book in figures.items():
                row[name], row[f"{name}_low"], row[f"{name}_high"] = by_book[book] or (None, None, None)
            rows.append(row)
    return pl.DataFrame(rows, infer_schema_length=None)


def terminal_table(figures: pl.DataFrame) -> Table:
    """Return the summary as a table for the terminal; half the width of the interval stands behind the ±."""
    title = "How much did they learn? IQM over editions ± half of the 95 % interval"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("book", no_wrap=True)
    table.add_column("student", no_wrap=True)
    for heading in ("gain", "first\nthird", "last\nthird", "memory\nbenefit", "duct\ntape"):
        table.add_column(heading, justify="right", no_wrap=True)
    for group in figures.partition_by("book", maintain_order=True):
        table.add_section()
        for k, row in enumerate(group.iter_rows(named=True)):
            table.add_row(
                row["book"] if k == 0 else "",
                row["student"],
                with_half(row, "gain"),
                f"{row['first_third']:.2f}",
                f"{row['last_third']:.2f}",
                with_half(row, "memory_benefit"),
                "-" if row["duct_tape"] is None else f"{row['duct_tape']:+.2f}",
            )
    return table


def with_half(row: dict[str, float | None], name: str) -> str:
    """Return a figure with half of the width of its interval, or a dash."""
    value, low, high = (row[k] for k in (name, f"{name}_low", f"{name}_high"))
    return "-" if value is None or low is None or high is None else f"{value:+.3f} ±{(high - low) / 2:.3f}"


def curves(table: pl.DataFrame, path: pathlib.Path) -> None:
    """Draw mean marks, exercise by exercise, with 95 % bands, a panel a book, into a PNG file."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    books = table["book"].unique(maintain_order=True).to_list()
    columns = min(2, len(books)) if len(books) <= 4 else 3
    rows = -(-len(books) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(7.5 * columns, 3.4 * rows), squeeze=False, layout="constrained")
    for ax, book in zip(axes.flat, books, strict=False):
        panel(ax, table.filter(pl.col("book") == book), book)
    for ax in axes.flat[len(books) :]:
        ax.set_axis_off()
    handles, labels = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    beside = path.with_name(path.name + ".part")
    figure.savefig(beside, dpi=110, format="png")
    plt.close(figure)
    beside.replace(path)


def panel(ax, table: pl.DataFrame, book: str) -> None:  # type: ignore[no-untyped-def]  # matplotlib is not imported yet
    """Draw one book's learning curves into an axis."""
    pages = table.select("chapter", "exercise").unique().sort("chapter", "exercise")
    starts = [i for i, e in enumerate(pages["exercise"]) if e == 1]
    spare: Sequence[str] = OTHERS
    for student in students_of(table):
        colour = COLOURS.get(student)
        if colour is None:
            colour, spare = spare[0], [*spare[1:], spare[0]]
        marks = part(table, student).group_by("chapter", "exercise").agg(
            pl.col("mark").mean(), (pl.col("mark").std() / pl.col("mark").count().sqrt()).alias("error")
        ).sort("chapter", "exercise")  # fmt: skip
        mean, error = marks["mark"].to_numpy(), 1.96 * marks["error"].fill_null(0.0).to_numpy()
        x = np.arange(1, len(mean) + 1)
        for k, (a, b) in enumerate(zip(starts, [*starts[1:], len(mean)], strict=True)):
            ax.plot(x[a:b], mean[a:b], color=colour, lw=1.8, label=student if k == 0 else None)
            ax.fill_between(x[a:b], (mean - error)[a:b], (mean + error)[a:b], color=colour, alpha=0.2, lw=0)
    for k, start in enumerate(starts):
        ax.axvline(start + 0.5, color="#dddddd", lw=0.8, zorder=0)
        ax.text(start + 0.7, 1.04, str(k + 1), fontsize=8, color="#777777")
    ax.set(title=book, ylabel="mark", xlabel="exercise (chapters numbered above)", ylim=(-0.02, 1.12))
    ax.spines[["top", "right"]].set_visible(False)
