"""The report of a study: one page that needs no network, and its pictures as files for papers."""

import json
import math
import pathlib
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import markupsafe
import polars as pl

from textbook_gym.atomic_write import beside
from textbook_gym.metrics import summary
from textbook_gym.metrics.definitions import METRICS, Metric
from textbook_gym.metrics.reply_stats import speech
from textbook_gym.metrics.statistics import Estimate
from textbook_gym.metrics.table import AGAIN, FIGURES
from textbook_gym.report import figures, style, summary_tables
from textbook_gym.report.figures import metric
from textbook_gym.report.pages import LIGHT, template
from textbook_gym.report.style import Data, Picture
from textbook_gym.study.compare import read_study

HEADLINE = (
    "gain", "score", "memory_benefit", "carry_over", "forward_transfer", "backward_transfer", "retention", "exam_gap",
    "duct_tape", "generalisation_gap",
)  # fmt: skip
SIGNED = {
    "gain", "memory_benefit", "normalised_gain", "chapter_benefit", "own_benefit", "order_benefit", "carry_over",
    "forward_transfer", "backward_transfer", "retention", "exam_gap", "duct_tape", "generalisation_gap",
}  # fmt: skip
"""Metrics of which 0 means nothing and the sign says which way."""
WITHOUT_TARGET = {"retention"}  # signed, but 0 is not what the best student must have
SLIGHT = 0.02  # below this a figure is not worth a word or a tint: newcomer columns are rounded to 0.01
LEAST_REM, MOST_REM = 4.2, 6.8  # rem an inch of a picture takes at least, lest its text be too small, and at most


class Headline(NamedTuple):
    """What the study says of one student in a sentence."""

    student: str
    colour: str
    text: str


def write_report(folders: Sequence[pathlib.Path]) -> list[pathlib.Path]:
    """Write `report.html`, `summary.csv` and `figures/` of a study into its folder; return what was written.

    Args:
        folders: the study's, and those of others whose rows belong to it, such as the same students in training
            editions. Everything is written to the first.

    Raises:
        ValueError: a folder holds no study, or two hold the same rows.

    Example:
        write_report([pathlib.Path("study")])  # study/report.html, beside its pictures
    """
    text, drawn, data = compose(folders)
    folder = folders[0] if folders[0].is_dir() else folders[0].parent
    style.save(drawn, folder / "figures")
    with beside(folder / "report.html") as part:
        part.write_text(text, encoding="utf-8")
    with beside(folder / "summary.csv") as part:
        summary.rows(data.measured, data.books).write_csv(part, float_precision=6)
    return [folder / "report.html", folder / "summary.csv", folder / "figures"]


def compose(folders: Sequence[pathlib.Path]) -> tuple[str, list[Picture], Data]:
    """Return the page, its pictures and what both were made from, and write nothing; see `write_report`."""
    studies = [read_study(folder) for folder in folders]
    table = pl.concat([s.table for s in studies], how="diagonal")
    if table.select(pl.struct(pl.exclude(FIGURES)).is_duplicated().any()).item():
        names = listed([str(f) for f in folders])
        raise ValueError(f"{names}: the same exercise of the same student is there twice; give every study once")
    data = summary_tables.gather(table)
    drawn = figures.draw(data)
    stated = [{k: v for k, v in s.settings.items() if k != "metrics"} for s in studies]
    settings = stated[0] if len(stated) == 1 else stated
    return page(data, drawn, settings, table["control"].unique(), table["split"].unique()), drawn, data


def page(data: Data, drawn: list[Picture], settings: Any, controls: Iterable[str], splits: Iterable[str]) -> str:
    """Return the page as HTML."""
    headline = [metric(m) for m in HEADLINE if any(data.measured[s][m][None] for s in data.students)]
    named = {colour: name for name, colour in LIGHT.items()}
    colour = {s: named[c] for s, c in style.colours(data.students).items()}
    return template("report.html").render(
        title="Does this agent learn from experience?",
        lead=f"A study of {listed(data.students)} in {counted_runs(data.books)}; {data.n}.",
        findings=[Headline(s, colour[s], sentence(data, s)) for s in data.students],
        over="all books" if len(data.books) > 1 else data.books[0],
        headline=headline,
        rows=[
            {"student": s, "colour": colour[s], "cells": [(m, data.measured[s][m.name][None]) for m in headline]}
            for s in data.students
        ],
        shown=table_cell,
        n=data.n,
        slight=SLIGHT,
        why="a student without memory has none to take away" if "wiped" in controls else "",
        pictures=[
            {
                "name": p.name,
                "title": p.title,
                "caption": p.caption,
                "svg": markupsafe.Markup(style.svg(p)),
                "least": round(p.figure.get_figwidth() * LEAST_REM, 1),
                "most": round(p.figure.get_figwidth() * MOST_REM, 1),
            }
            for p in drawn
        ],
        speech=speech(pl.concat(data.tables.values(), how="diagonal")).iter_rows(named=True),
        missing=missing(data, sorted(controls), sorted(splits)),
        books=[by_book(data, book) for book in [*data.books, *([None] if len(data.books) > 1 else [])]],
        metrics=METRICS,
        settings=json.dumps(settings, indent=2) if settings else "This folder holds no study.json.",
    )


def by_book(data: Data, book: str | None) -> dict[str, Any]:
    """Return the table of one book, or of all: metrics down, students across; metrics without a figure are left out."""
    students = [s for s in data.students if book is None or data.measured[s]["area"].get(book)]
    lines = [(m, [(m, data.measured[s][m.name].get(book)) for s in students]) for m in METRICS]
    kept = [(m, cells) for m, cells in lines if any(e for _, e in cells)]
    return {"book": book or summary.ALL, "students": students, "lines": kept}


def table_cell(content: tuple[Metric, Estimate | None], digits: int = 3) -> markupsafe.Markup:
    """Return a table cell: the figure, its interval with so many digits, tinted where the sign is beyond noise."""
    m, e = content
    if e is None:
        return markupsafe.Markup("<td>–</td>")  # noqa: RUF001  # a dash, as typeset
    sign, places = "+" if m.name in SIGNED else "", 2 if m.name == "mastery" else 3
    tint = ""
    if m.name in SIGNED - WITHOUT_TARGET and e.beyond_noise and abs(e.value) >= SLIGHT:
        tint = "good" if e.value * m.better > 0 else "bad"
        tint = "" if tint == "good" and m.better < 0 else tint  # at best nothing is amiss
    ends = "one run"
    if not math.isnan(e.low):
        low, high = round_about(e, min(digits, places), places)
        ends = f"{written_value(low, sign, min(digits, places))} to {written_value(high, sign, min(digits, places))}"
    value = written_value(e.value, sign, places)
    return markupsafe.Markup('<td class="{}">{}<small>{}</small></td>').format(tint, value, ends)


def round_about(e: Estimate, digits: int, places: int) -> tuple[float, float]:
    """Return the ends of an interval rounded to so many digits, and further out where the figure would lie outside."""
    step, value = 10.0**-digits, round(e.value, places)
    low, high = round(e.low, digits), round(e.high, digits)
    if e.low <= e.value and low > value:
        low -= step
    if e.high >= e.value and high < value:
        high += step
    return low, high


def written_value(figure: float, sign: str, places: int) -> str:
    """Return a figure with its sign ("+": always) and so many places, and 0 without a minus."""
    return f"{round(figure, places) + 0.0:{sign}.{places}f}"


def sentence(data: Data, student: str) -> str:
    """Return in one sentence what the metrics say of a student."""
    figures = data.measured[student]
    learned = [b for b in data.books if (e := figures["gain"].get(b)) and e.low > 0.0 and e.value > SLIGHT]
    gain = figures["gain"][None]
    parts = []
    if gain is not None:
        whole = counted_runs(data.books)
        rose = f"rose above a newcomer in {len(learned)} of {whole}" if len(data.books) > 1 else "rose above a newcomer"
        parts.append(f"{rose if learned else 'never rose above a newcomer'} (gain {gain.value:+.3f})")
    said = (
        ("memory_benefit", "its memory is worth {:+.3f} marks an exercise", "its memory does harm: {:+.3f}"),
        ("forward_transfer", "earlier chapters help later ones: {:+.3f}", "earlier chapters hurt later ones: {:+.3f}"),
        ("retention", "", "when the review opens it stands lower than in the lessons: {:+.3f}"),
        ("backward_transfer", "", "it has forgotten some of the earlier chapters by the end of the book: {:+.3f}"),
        ("exam_gap", "", "the exam falls short of practice: {:+.3f}"),
        ("duct_tape", "its work looks better than it is: {:+.3f}", ""),
        ("generalisation_gap", "it is better in training editions than in new ones: {:+.3f}", ""),
    )  # fmt: skip
    for name, above, below in said:
        e = figures[name][None]
        form = "" if e is None or not e.beyond_noise or abs(e.value) < SLIGHT else above if e.value > 0 else below
        if form and e is not None:
            parts.append(form.format(e.value))
    return "; ".join(parts) + "." if parts else "was walked under no control that could tell."


def missing(data: Data, controls: list[str], splits: list[str]) -> list[str]:
    """Return what the table has no rows for, with what to run."""
    needs = (
        ("wiped", "what memory is worth"),
        ("chapter", "what memory that crosses chapters is worth"),
        ("foreign", "whether memory of this very edition is what counts"),
        ("shuffled", "what the order of the chapters is worth"),
        ("cold", "forward transfer"),
        (AGAIN, "backward transfer and retention against lag, which need chapters sat again after the book"),
    )
    lines = [f"{what[0].upper()}{what[1:]}: no rows of the control {c!r}." for c, what in needs if c not in controls]
    if not {"train", "test"} <= set(splits):
        lines.append(f"The generalisation gap: only the split {listed(splits)} was walked; it needs train and test.")
    if not any(data.measured[s]["duct_tape"][None] for s in data.students):
        lines.append("The duct-tape index: none of these books has a shortcut.")
    return lines


def listed(words: Sequence[str]) -> str:
    """Return words as a list in prose."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def counted_runs(books: Sequence[str]) -> str:
    """Return how many books, or the one's name."""
    return f"{len(books)} books" if len(books) > 1 else f"the book {books[0]}"
