"""Checks of a table of marks by itself: courses are whole, figures in their ranges, grades and rewards by the law."""

from typing import NamedTuple

import polars as pl

from textbook_gym.engine.chapter_plan import outline
from textbook_gym.engine.reward import grade_after
from textbook_gym.metrics.table import RUN, SPOKEN, UNREADABLE
from textbook_gym.registry import find
from textbook_gym.students.base import PERSON

CLOSE = 2e-6  # figures are written with six digits
COARSE = 1e-5  # sums of figures that are
COURSE = ("student", *RUN, "split", "control")
KEY = (*COURSE, "chapter", "exercise")
"""Columns that name a row."""


class Finding(NamedTuple):
    """One thing that was looked at."""

    good: bool
    text: str


def check_table(table: pl.DataFrame, walked: str | None = None) -> list[Finding]:
    """Return what was found in a complete table (see `metrics.table.complete`), good and bad.

    `walked` is the course that the books name, None for whole books.
    """
    return [*check_walked_courses(table, walked), *check_ranges(table), *check_law(table)]


def check_walked_courses(table: pl.DataFrame, walked: str | None) -> list[Finding]:
    """Return whether every course is whole, no exercise is there twice, and all students walked the same editions.

    People may have played fewer; where these are not the first ones in order, that is told.
    """
    findings, notes = [], []
    course = ["student", *RUN, "split", "control"]
    twice = table.select(pl.struct(*course, "chapter", "exercise").is_duplicated().sum()).item()
    if twice:
        findings.append(Finding(False, f"table: {twice} rows are there more than once"))
    outlines = {name: outline(find(name), walked) for name in table["book"].unique()}
    lengths = {name: sum(parts.values()) for name, parts in outlines.items()}
    pages = [(name, c, k) for name, parts in outlines.items() for c, n in parts.items() for k in range(1, n + 1)]
    types = {name: table.schema[name] for name in ("book", "chapter", "exercise")}
    odd = table.join(pl.DataFrame(pages, types, orient="row"), on=list(types), how="anti")
    if len(odd):
        r = odd.row(0, named=True)
        text = f"{len(odd)} rows are of no exercise of the course, such as {r['book']}, {r['chapter']}.{r['exercise']}"
        findings.append(Finding(False, f"table: {text}"))
    counts = table.group_by(course).len()
    short = counts.filter(pl.col("len") != pl.col("book").replace_strict(lengths, return_dtype=pl.Int64))
    if len(short):
        r = short.sort(course).row(0, named=True)
        findings.append(
            Finding(
                False,
                f"table: {len(short)} courses are not whole, such as {r['student']}, {r['book']}, edition "
                f"{r['edition']}, {r['control']}: {r['len']} exercises, the course has {lengths[r['book']]}",
            )
        )
    walked_by = counts.group_by("student", "book", "split", "control", maintain_order=True)
    runs = walked_by.agg(pl.len().alias("runs"), pl.col("edition").max().alias("last"))
    person = pl.col("student").str.starts_with(PERSON)
    uneven = runs.filter(~person & (pl.col("runs") != pl.col("runs").max()))
    if len(uneven):
        r = uneven.row(0, named=True)
        text = f"{r['student']}, {r['book']}, {r['control']} has {r['runs']} courses, others have more"
        findings.append(Finding(False, f"table: {text}; walk the same editions with every student"))
    chosen = runs.filter(person & (pl.col("runs") != pl.col("last") + 1))
    for r in chosen.iter_rows(named=True):
        text = f"{r['student']}, {r['book']} has {r['runs']} courses, the last of edition {r['last']}"
        notes.append(Finding(True, f"people: {text}: chosen ones, and the choice may hang on how they went"))
    whole = Finding(True, f"table: {len(counts)} whole courses, {len(table)} exercises, none twice")
    return [*(findings or [whole]), *notes]


def check_ranges(table: pl.DataFrame) -> list[Finding]:
    """Return whether every figure lies where it can: marks, grades, visible success, steps, uses of a shortcut."""
    books = [find(name) for name in table["book"].unique()]
    limits = pl.DataFrame(
        [(b.name, n, c.limit, b.has_shortcut) for b in books for n, c in enumerate(b.chapters, 1)],
        schema={"book": pl.String, "chapter": pl.Int64, "limit": pl.Int64, "has_shortcut": pl.Boolean},
        orient="row",
    )
    rows = table.join(limits, on=["book", "chapter"], how="left")
    wanted = {
        "marks are outside of 0 to 1": pl.col("mark").is_between(0.0, 1.0),
        "grades are outside of 0 to 1": pl.col("grade").is_between(0.0, 1.0),
        "steps are outside of 1 to the chapter's limit": pl.col("steps").is_between(1, pl.col("limit")),
        "visible successes are outside of 0 to 1": pl.col("visible").is_between(0.0, 1.0) | pl.col("visible").is_null(),
        "uses of a shortcut are below 0": (pl.col("shortcuts") >= 0) | pl.col("shortcuts").is_null(),
        "visible successes stand in a book without a shortcut, or are missing in one with it": (
            pl.col("visible").is_not_null() == pl.col("has_shortcut")
        ),
    }
    if SPOKEN.keys() <= set(rows.columns):
        spoken, unread = pl.col(*SPOKEN), pl.sum_horizontal(pl.col(*UNREADABLE))
        wanted |= {
            "replies, tokens or costs are below 0": pl.all_horizontal((spoken >= 0) | spoken.is_null()),
            "replies that cannot be read are more than there were": (
                (unread <= pl.col("calls")) | pl.col("calls").is_null()
            ),
        }
    odd = {text: rows.filter(~good.fill_null(False)).height for text, good in wanted.items()}
    return [Finding(False, f"table: {n} {text}") for text, n in odd.items() if n]


def check_law(table: pl.DataFrame) -> list[Finding]:
    """Return whether grades follow from marks, and rewards from grades, by the law of the reward (see `course`)."""
    order = [*COURSE, "chapter"]
    rows = table.sort(*order, "exercise")
    k, before = pl.col("exercise"), pl.col("grade").shift(1).over(order).fill_null(pl.col("newcomer"))
    law = grade_after(before, k, pl.col("mark"))  # type: ignore[arg-type]  # the rule's arithmetic, on columns
    off = rows.filter((pl.col("grade") - law).abs() > COARSE).height
    if off:
        return [Finding(False, f"table: {off} grades do not follow from marks and newcomer's mark")]
    last = pl.col("exercise") == pl.col("exercise").max().over(order)
    at_the_end = pl.when(last).then(pl.col("grade") - pl.col("newcomer")).otherwise(0.0)
    due = pl.when(pl.col("exam")).then(at_the_end).otherwise(pl.col("grade") - before)
    unpaid = rows.filter((due - pl.col("reward")).abs() > COARSE).height
    if unpaid:
        return [Finding(False, f"table: {unpaid} rewards are not the rise of the grade at their exercise")]
    return [Finding(True, "table: grades follow from marks, rewards from grades")]
