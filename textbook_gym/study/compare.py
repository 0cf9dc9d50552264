"""Compare: two or more studies side by side, and which differences are beyond noise.

The first study is what the others are held against. Editions that both walked, in the same split and the same worlds,
are paired: a resample draws the same editions for both, training seeds for each by itself (see `metrics.statistics`).
"""

import json
import math
import pathlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from textbook_gym.metrics import statistics
from textbook_gym.metrics.definitions import METRICS, Metric, Unpaired, chosen
from textbook_gym.metrics.scores import under
from textbook_gym.metrics.statistics import Estimate
from textbook_gym.metrics.summary import ALL, students_of
from textbook_gym.metrics.table import complete, read_marks


class Study(NamedTuple):
    """A study as it was written: its name, its table, what `study.json` says of it."""

    name: str
    table: pl.DataFrame
    settings: dict[str, Any]


def read_study(path: pathlib.Path) -> Study:
    """Return the study in a folder, or beside a `study.json`.

    Raises:
        ValueError: there is no study.

    Example:
        read_study(pathlib.Path("study")).table  # of a folder that `textbook-gym study --out study` wrote
    """
    folder = path.parent if path.suffix == ".json" and not path.is_dir() else path
    if not (folder / "marks.csv").is_file():
        raise ValueError(f"{folder} holds no marks.csv; give the folder that `textbook-gym study --out` wrote")
    described = folder / "study.json"
    settings = json.loads(described.read_text(encoding="utf-8")) if described.is_file() else {}
    return Study(folder.name or str(folder.resolve().name), read_marks(folder / "marks.csv"), settings)


def named_apart(studies: Sequence[Study]) -> list[Study]:
    """Return studies with names that differ: those that share one are numbered."""
    names = [s.name for s in studies]
    return [s._replace(name=s.name if names.count(s.name) == 1 else f"{s.name} {k}") for k, s in enumerate(studies, 1)]


def compare(studies: Sequence[Study]) -> pl.DataFrame:
    """Return every metric of every study against the first one's, by student and book and over the shared books.

    Args:
        studies: two or more.

    Returns:
        columns student, book, metric, first, second (names of the studies), first_value, second_value, difference
        (second - first), low, high (null where one run is all there is), first_seeds, second_seeds (how often each was
        trained; of 1 the interval covers editions only), paired, beyond_noise, better (the second, beyond noise; null
        if within noise).
        A metric that one of the two cannot tell is left out, and so is the generalisation gap, which needs two splits.

    Raises:
        ValueError: fewer than two studies, no student or no book in common, or other courses of the books.

    Example:
        table = compare([read_study(pathlib.Path(name)) for name in ("study", "new")])
    """
    if len(studies) < 2:
        raise ValueError(f"{len(studies)} study: give two or more to compare")
    rows = []
    first, *others = named_apart(studies)
    for other in others:
        walked = [s.settings.get("course") or "whole books" for s in (first, other)]
        if walked[0] != walked[1]:
            difference = f"{first.name} walked {walked[0]}, {other.name} {walked[1]}"
            raise ValueError(f"{difference}: compare studies of the same course")
        for a, b in couples(first, other):
            student = students_of(a.table)[0]
            rows += compared_rows(student, a, b)
    return pl.DataFrame(rows, infer_schema_length=None)


def couples(first: Study, second: Study) -> list[tuple[Study, Study]]:
    """Return who is compared with whom: students of the same name, or the only student of each study."""
    mine, theirs = students_of(first.table), students_of(second.table)
    pairs = [(s, s) for s in mine if s in theirs]
    if not pairs and len(mine) == len(theirs) == 1:
        pairs = [(mine[0], theirs[0])]
    if not pairs:
        raise ValueError(
            f"{first.name} ({', '.join(mine)}) and {second.name} ({', '.join(theirs)}) have no student in common; name "
            f"the students alike, or compare studies of one student each"
        )
    both = []
    for a, b in pairs:
        tables = [s.table.filter(pl.col("student") == name) for s, name in ((first, a), (second, b))]
        shared = [name for name in tables[0]["book"].unique(maintain_order=True) if name in set(tables[1]["book"])]
        if not shared:
            raise ValueError(f"{first.name} and {second.name} have no book of {a!r} in common; walk the same books")
        kept = [complete(t.filter(pl.col("book").is_in(shared))) for t in tables]
        both.append((first._replace(table=kept[0]), second._replace(table=kept[1])))
    return both


def compared_rows(student: str, first: Study, second: Study) -> list[dict[str, Any]]:
    """Return the rows of one student: every metric, by book and over all."""
    books = first.table["book"].unique(maintain_order=True).to_list()
    pair = all(check_same_worlds(first, second, book) for book in books)
    tables = [first.table, second.table]
    if pair:
        runs = ["book", "edition"]
        tables = [t.join(o.select(runs).unique(), on=runs, how="semi") for t, o in (tables, reversed(tables))]
        tables = tables if all(len(under(t)) for t in tables) else [first.table, second.table]
        pair = tables[0] is not first.table
    rows = []
    for metric in METRICS:
        a, b = (metric.function(t) for t in tables)
        if a is None or b is None or isinstance(a, Unpaired) or isinstance(b, Unpaired):
            continue
        shared = [book for book in books if book in a and book in b]
        for book in [*shared, *([None] if len(shared) > 1 else [])]:
            strata = [chosen({k: s[k] for k in shared}, book) for s in (a, b)]
            alike = pair and all(np.shape(x)[1] == np.shape(y)[1] for x, y in zip(*strata, strict=True))
            method = statistics.paired_difference if alike else statistics.difference
            e = method(strata[1], strata[0], statistic=metric.statistic)
            values = [float(metric.statistic(statistics.flat(s))) for s in strata]
            seeds = [min(len(np.atleast_2d(x)) for x in s) for s in strata]
            rows.append(line(student, book, metric, (first.name, second.name), values, e, alike, seeds))
    return rows


def line(
    student: str,
    book: str | None,
    metric: Metric,
    names: tuple[str, str],
    values: list[float],
    e: Estimate,
    paired: bool,
    seeds: list[int],
) -> dict[str, Any]:
    """Return one row of the comparison."""
    better = (e.value > 0) == (metric.better > 0) if e.beyond_noise else None
    return {
        "student": student,
        "book": book or ALL,
        "metric": metric.name,
        "first": names[0],
        "second": names[1],
        "first_value": values[0],
        "second_value": values[1],
        "difference": e.value,
        "low": None if math.isnan(e.low) else e.low,
        "high": None if math.isnan(e.high) else e.high,
        "first_seeds": seeds[0],
        "second_seeds": seeds[1],
        "paired": paired,
        "beyond_noise": e.beyond_noise,
        "better": better,
    }


def check_same_worlds(first: Study, second: Study, book: str) -> bool:
    """Return whether an edition of a book is the same world in both: same split, and no digest that says otherwise."""
    splits = [under(s.table.filter(pl.col("book") == book))["split"].unique().to_list() for s in (first, second)]
    if splits[0] != splits[1] or not splits[0]:
        return False
    stated = [(s.settings.get("editions"), s.settings.get("digests", {}).get("editions", {}).get(book))
              for s in (first, second)]  # fmt: skip
    if stated[0][0] != stated[1][0] or None in (stated[0][1], stated[1][1]):  # digests of different numbers of editions
        versions = [s.settings.get("versions", {}).get("textbook_gym") for s in (first, second)]
        return bool(versions[0] == versions[1])
    return bool(stated[0][1] == stated[1][1])
