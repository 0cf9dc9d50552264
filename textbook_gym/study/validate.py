"""Validate: whether a study that somebody hands in is whole, of these books, and says what its table says.

The format, version 1. A study is a folder of two files (others may lie beside them).

`marks.csv`: one row an exercise, UTF-8, comma-separated, columns
    student, seed, book, split, edition, control, chapter, exercise, mark, grade, reward, steps, visible, shortcuts
    in any order; `runs.TYPES` gives their types, `study.COLUMNS` their meaning. `seed` (a replicate, such as the seed
    of a training run) may be missing and counts as 0 then; `visible` and `shortcuts` are empty in books without a
    shortcut. Numbers have at least six digits behind the point.

`study.json`: one object, in UTF-8, with
    format      "textbook_gym study 1"
    students    names as in the table, or what they were made from, a list
    books       names, a list
    editions    how many editions of each book: those numbered 0, 1, ... of the split
    split       "test", "train" or "all"
    controls    names, a list; a student without a memory may walk under the first alone
    seeds       whole numbers, a list
    versions    textbook_gym and whatever else the figures hang on, an object of strings
    digests     "marks.csv": SHA-256 of that file in hexadecimal; "editions": an object, for every book the SHA-256 of
                the EDITION records of its editions in order (`study.edition_digests`): which worlds were walked
    metrics     a list of objects, one for each book and student and, with several books, for "all books" and each
                student: "book", "student", and for every metric of `metrics.METRICS` its value, and with `_low` and
                `_high` behind the name the ends of its 95 % interval; null where it cannot be had

Anything else in the object is kept and not read: authors, a link, a description of the agent are welcome.
"""

import hashlib
import json
import pathlib
from typing import Any, NamedTuple

import polars as pl

from textbook_gym import __version__
from textbook_gym.engine.course import grade_after
from textbook_gym.metrics import summary
from textbook_gym.metrics.table import RUN, complete, read_marks
from textbook_gym.registry import BOOKS, find
from textbook_gym.study.files import FORMAT

KEYS = {
    "format": str,
    "students": list,
    "books": list,
    "editions": int,
    "split": str,
    "controls": list,
    "seeds": list,
    "versions": dict,
    "digests": dict,
    "metrics": list,
}
CLOSE = 2e-6  # figures are written with six digits
COARSE = 1e-5  # sums of figures that are


class Finding(NamedTuple):
    """One thing that was looked at."""

    good: bool
    text: str


def validate(path: pathlib.Path) -> list[Finding]:
    """Return what was found in a study, given as a folder or as its `study.json`: in one line each, good and bad.

    The digests of editions and the metrics are computed anew, which takes about as long as a report.

    Raises:
        ValueError: there is no such file.
    """
    file = path if path.suffix == ".json" and not path.is_dir() else path / "study.json"
    if not file.is_file():
        raise ValueError(f"no file {str(file)!r}; give the folder that `textbook-gym study --out` wrote")
    try:
        stated = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        return [Finding(False, f"{file} is no JSON: {error}")]
    wrong = check_keys(stated)
    if wrong:
        return wrong
    marks = file.parent / "marks.csv"
    if not marks.is_file():
        return [Finding(False, f"{marks} is missing; hand in the table with the figures")]
    findings = [Finding(True, f"format: {FORMAT}"), check_version(stated), check_digest(stated, marks)]
    try:
        table = complete(read_marks(marks))
    except ValueError as error:
        return [*findings, Finding(False, f"table: {error}")]
    findings += [*check_settings(stated, table), *check_courses(table), *check_law(table)]
    findings.append(check_editions(stated))
    if all(f.good for f in findings if f.text.startswith("table")):
        findings += check_metrics(stated, table)
    return findings


def check_keys(stated: Any) -> list[Finding]:
    """Return what is wrong with the object itself."""
    if not isinstance(stated, dict) or stated.get("format") != FORMAT:
        given = stated.get("format") if isinstance(stated, dict) else type(stated).__name__
        return [Finding(False, f"format is {given!r}; this version reads {FORMAT!r}")]
    wrong = []
    for key, kind in KEYS.items():
        if key not in stated:
            wrong.append(Finding(False, f"study.json lacks {key!r}; it holds {', '.join(KEYS)}"))
        elif not isinstance(stated[key], kind) or isinstance(stated[key], bool):
            wrong.append(Finding(False, f"{key} is {stated[key]!r}; give a {kind.__name__}"))
    unknown = [b for b in stated.get("books", ()) if b not in BOOKS]
    if not wrong and unknown:
        wrong.append(Finding(False, f"book {unknown[0]!r} is not known here; there are {', '.join(BOOKS)}"))
    return wrong


def check_version(stated: dict[str, Any]) -> Finding:
    """Return whether the study was made by this version."""
    made = stated["versions"].get("textbook_gym")
    same = "" if made == __version__ else f", checked with {__version__}: what differs may differ for that reason"
    return Finding(made is not None, f"versions: made with textbook_gym {made}{same}")


def check_digest(stated: dict[str, Any], marks: pathlib.Path) -> Finding:
    """Return whether the table is the one that the object speaks of."""
    found = hashlib.sha256(marks.read_bytes()).hexdigest()
    good = stated["digests"].get("marks.csv") == found
    told = "is the stated one" if good else f"is {found[:12]}..., the stated one is another: the table was changed"
    return Finding(good, f"digest of marks.csv {told}")


def check_settings(stated: dict[str, Any], table: pl.DataFrame) -> list[Finding]:
    """Return whether the table holds the books, splits, controls, seeds and editions that are stated."""
    findings = []
    for key, column in (("books", "book"), ("controls", "control"), ("seeds", "seed"), ("split", "split")):
        wanted = {stated[key]} if key == "split" else set(stated[key])
        found = set(table[column].unique())
        if wanted != found:
            findings.append(Finding(False, f"table: {key} are {sorted(found)}, stated {sorted(wanted)}"))
    editions = sorted(table["edition"].unique())
    if editions != list(range(stated["editions"])):
        numbers = f"{len(editions)} editions, {editions[0]} to {editions[-1]}" if editions else "no editions"
        findings.append(Finding(False, f"table: {numbers}; stated 0 to {stated['editions'] - 1}"))
    students = table["student"].n_unique()
    if students != len(stated["students"]):
        findings.append(Finding(False, f"table: {students} students, stated {len(stated['students'])}"))
    return findings or [Finding(True, "table: books, split, controls, seeds and editions are the stated ones")]


def check_courses(table: pl.DataFrame) -> list[Finding]:
    """Return whether every course is whole and no exercise is there twice; marks within [0, 1]."""
    findings = []
    course = ["student", *RUN, "split", "control"]
    twice = table.select(pl.struct(*course, "chapter", "exercise").is_duplicated().sum()).item()
    if twice:
        findings.append(Finding(False, f"table: {twice} rows are there more than once"))
    lengths = {name: sum(c.exercises for c in find(name).chapters) for name in table["book"].unique()}
    counts = table.group_by(course).len()
    short = counts.filter(pl.col("len") != pl.col("book").replace_strict(lengths, return_dtype=pl.Int64))
    if len(short):
        r = short.sort(course).row(0, named=True)
        findings.append(
            Finding(
                False,
                f"table: {len(short)} courses are not whole, such as {r['student']}, {r['book']}, edition "
                f"{r['edition']}, {r['control']}: {r['len']} exercises, the book has {lengths[r['book']]}",
            )
        )
    runs = counts.group_by("student", "book", "split", "control").len("runs")
    uneven = runs.filter(pl.col("runs") != pl.col("runs").max())
    if len(uneven):
        r = uneven.row(0, named=True)
        told = f"{r['student']}, {r['book']}, {r['control']} has {r['runs']} courses, others have more"
        findings.append(Finding(False, f"table: {told}; walk the same editions with every student"))
    outside = table.filter(~pl.col("mark").is_between(0.0, 1.0)).height
    if outside:
        findings.append(Finding(False, f"table: {outside} marks are outside of 0 to 1"))
    return findings or [Finding(True, f"table: {len(counts)} whole courses, {len(table)} exercises, none twice")]


def check_law(table: pl.DataFrame) -> list[Finding]:
    """Return whether grades follow from marks, and rewards from grades, by the law of the reward (see `course`)."""
    order = ["student", *RUN, "split", "control", "chapter"]
    rows = table.sort(*order, "exercise")
    k, before = pl.col("exercise"), pl.col("grade").shift(1).over(order).fill_null(pl.col("newcomer"))
    law = grade_after(before, k, pl.col("mark"))  # type: ignore[arg-type]  # the rule's arithmetic, on columns
    off = rows.filter((pl.col("grade") - law).abs() > COARSE).height
    if off:
        return [Finding(False, f"table: {off} grades do not follow from marks and newcomer's mark")]
    ends = rows.group_by(order).agg(
        (pl.col("grade").last() - pl.col("newcomer").last() - pl.col("reward").sum()).alias("odd")
    )
    unpaid = ends.filter(pl.col("odd").abs() > COARSE).height
    if unpaid:
        return [Finding(False, f"table: rewards of {unpaid} chapters do not add up to last grade - newcomer")]
    return [Finding(True, "table: grades follow from marks, rewards from grades")]


def check_editions(stated: dict[str, Any]) -> Finding:
    """Return whether the worlds that were walked are those which this version opens under these numbers."""
    from textbook_gym.study.worlds import edition_digests

    given = stated["digests"].get("editions", {})
    here = edition_digests(stated["books"], stated["split"], stated["editions"])
    odd = [book for book in stated["books"] if given.get(book) != here[book]]
    if odd:
        return Finding(False, f"editions of {', '.join(odd)} are not the worlds that this version opens")
    return Finding(True, f"editions: the worlds of {len(here)} books are those which this version opens")


def check_metrics(stated: dict[str, Any], table: pl.DataFrame) -> list[Finding]:
    """Return whether the metrics computed anew from the table are the stated ones."""
    given = {(r.get("book"), r.get("student")): r for r in stated["metrics"] if isinstance(r, dict)}
    wrong, right = [], 0
    for row in summary.summary(table).iter_rows(named=True):
        told = given.get((row["book"], row["student"]), {})
        for name, value in row.items():
            if name in ("book", "student"):
                continue
            said = told.get(name)
            same = said == value if None in (said, value) else abs(said - value) <= CLOSE
            right += same
            if not same:
                wrong.append(f"{row['student']}, {row['book']}, {name}: stated {said}, recomputed {value}")
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        return [Finding(False, f"metrics: {wrong[0]}{more}")]
    return [Finding(True, f"metrics: {right} figures recomputed from marks.csv are the stated ones")]
