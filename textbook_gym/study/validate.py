"""Checks a submitted study: complete, on unmodified books, and with figures that follow from its table.

The format, version 1. A study is a folder of two files (others may lie beside them).

`marks.csv`: one row an exercise, UTF-8, comma-separated, columns
    student, seed, book, split, edition, control, chapter, exercise, mark, grade, reward, steps, visible, shortcuts
    in any order; `metrics.table.TYPES` gives their types, `metrics.table.MARKS_COLUMNS` their meaning. `seed` (a
    replicate, such as the seed of a training run) may be missing and counts as 0 then; `visible` and `shortcuts` are
    empty in books without a shortcut. Where a student talks there are besides
    calls, empty, truncated, unknown, prompt_tokens, completion_tokens, cost
    empty for all other students. Numbers have at least six digits behind the point.

`study.json`: one object, in UTF-8, with
    format      "textbook_gym study 1"
    students    names as in the table, or what they were made from, a list
    books       names, a list
    editions    how many editions of each book: those numbered 0, 1, ... of the split; where a person chose which ones
                to play, a list of their numbers, ascending
    split       "test", "train" or "all"
    course      "short" or "seminar"; null, or not there, for whole books
    controls    names, a list; a student without a memory may walk under the first alone
    seeds       whole numbers, a list
    versions    textbook_gym and whatever else the figures hang on, an object of strings
    digests     "marks.csv": SHA-256 of that file in hexadecimal; "editions": an object, for every book the SHA-256 of
                the EDITION records of its editions in order (see `study.edition_digests`): which worlds were walked
    metrics     a list of objects, one for each book and student and, with several books, for "all books" and each
                student: "book", "student", and for every metric of `definitions.METRICS` its value, and with `_low` and
                `_high` behind the name the ends of its 95 % interval; null where it cannot be had

and, of a study on sealed editions,
    sealed      SHA-256 of the salt in hexadecimal
    salt        the salt itself, once it is published (or it is handed to `validate`); without it neither the worlds nor
                the rows of reference students can be checked

Anything else in the object is kept and not read: authors, a link, a description of the agent are welcome.

What can be computed again is: the worlds, grades and rewards (from marks, by the law), the metrics, and every row of
the reference students, who are walked anew. Where transcripts lie beside the table, what was said in them is played
again (see `study.replay` for what that proves). Other marks are taken on trust: that such a student walked at all
cannot be seen from a table.
"""

import hashlib
import itertools
import json
import pathlib
from typing import Any

import polars as pl

from textbook_gym import __version__
from textbook_gym.authoring.contract import COURSES
from textbook_gym.engine.course import LAST_NUMBER
from textbook_gym.engine.splits import Split
from textbook_gym.metrics.summary import summary
from textbook_gym.metrics.table import FIGURES, complete, read_marks
from textbook_gym.registry import BOOKS
from textbook_gym.students.base import NAMED_STUDENTS, REFERENCES
from textbook_gym.students.resolve import student_name
from textbook_gym.study.controls import CONTROLS, controls_of
from textbook_gym.study.edition_digests import edition_digests, salt_of, seal_digest, secret
from textbook_gym.study.files import STUDY_FORMAT
from textbook_gym.study.jobs import numbers_of, run_job
from textbook_gym.study.replay import check_transcripts
from textbook_gym.study.run import frame, make_jobs, walkers
from textbook_gym.study.table_checks import CLOSE, KEY, Finding, check_table

SPLITS = tuple(s.name.lower() for s in Split)
MOST_EDITIONS = 1_000_000  # of a study that is handed in
SHOWN_VALUE = 80  # characters of a stated value that a message shows

KEYS: dict[str, Any] = {
    "format": str,
    "students": [str],
    "books": [str],
    "editions": (int, [int]),
    "split": str,
    "controls": [str],
    "seeds": [int],
    "versions": {str: str},
    "digests": dict,
    "metrics": [dict],
}
"""Key -> kind of its value; [kind] is a list, {kind: kind} an object, (kind, kind) one or the other."""


def validate(path: pathlib.Path, salt: str | None = None) -> list[Finding]:
    """Return what was found in a study, given as a folder or as its `study.json`: in one line each, good and bad.

    Worlds, metrics and reference students are computed anew, which takes about as long as a report.

    Args:
        path: the study.
        salt: of a sealed study, or @FILE that holds it; None for the one that `study.json` tells, if it does.

    Raises:
        ValueError: there is no such file, or the salt is none.

    Example:
        bad = [finding.text for finding in validate(pathlib.Path("study")) if not finding.good]
    """
    file = path if path.suffix == ".json" and not path.is_dir() else path / "study.json"
    if not file.is_file():
        raise ValueError(f"no file {str(file)!r}; give the folder that `textbook-gym study --out` wrote")
    try:
        stated = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        return [Finding(False, f"{file} is no JSON: {error}")]
    wrong = check_keys(stated)
    if wrong:
        return wrong
    marks = file.parent / "marks.csv"
    if not marks.is_file():
        return [Finding(False, f"{marks} is missing; hand in the table with the figures")]
    findings = [Finding(True, f"format: {STUDY_FORMAT}"), check_version(stated), check_digest(stated, marks)]
    try:
        table = complete(read_marks(marks))
    except ValueError as error:
        return [*findings, Finding(False, f"table: {error}")]
    if not len(table):
        return [*findings, Finding(False, "table: it has no rows; a study is at least one course")]
    findings += [*check_settings(stated, table), *check_table(table, stated.get("course"))]
    fine = all(f.good for f in findings if f.text.startswith("table"))
    seal, number = check_seal(stated, salt)
    findings += seal
    if number is not None:
        findings.append(check_worlds(stated, number))
    if fine:
        findings += check_metrics(stated, table)
    if fine and number is not None:
        findings += check_references(stated, table, number)
        findings += check_transcripts(file.parent, table, number)
    return findings


def check_seal(stated: dict[str, Any], given: str | None) -> tuple[list[Finding], int | None]:
    """Return what there is to say of the salt, and its number, 0 for public editions; None if it is not known."""
    if "sealed" not in stated:
        if given is not None:
            raise ValueError("this study is not sealed; validate it without a salt")
        return [], 0
    salt = stated.get("salt") if given is None else given
    if salt is None:
        unknown = "the salt is not published: worlds and reference students could NOT be checked; see --salt"
        return [Finding(True, f"sealed: {unknown}")], None
    if given is None and (not isinstance(salt, str) or salt.startswith("@")):  # no file of ours is read for a stranger
        return [Finding(False, f"sealed: salt is {shortened_value(salt)}; give it as a string")], None
    try:
        hidden = secret(salt)
    except ValueError as error:
        if given is not None:
            raise
        return [Finding(False, f"sealed: {error}")], None
    if hidden is None or seal_digest(hidden) != stated["sealed"]:
        return [Finding(False, "sealed: this is not the salt that the study was sealed with")], None
    return [Finding(True, "sealed: the salt is the one that the study was sealed with")], salt_of(hidden)


def fits(value: Any, kind: Any) -> bool:
    """Return whether a value is of a kind of `KEYS`."""
    if isinstance(kind, tuple):
        return any(fits(value, either) for either in kind)
    if isinstance(kind, list):
        return isinstance(value, list) and all(fits(v, kind[0]) for v in value)
    if isinstance(kind, dict):
        [(keys, values)] = kind.items()
        return isinstance(value, dict) and all(fits(k, keys) and fits(v, values) for k, v in value.items())
    return isinstance(value, kind) and not isinstance(value, bool)


def called(kind: Any) -> str:
    """Return the name of a kind of `KEYS`."""
    if isinstance(kind, tuple):
        return " or a ".join(map(called, kind))
    if isinstance(kind, list):
        return f"list of {called(kind[0])}s"
    return "object of strings" if isinstance(kind, dict) else {str: "string", int: "whole number"}.get(kind, "object")


def check_keys(stated: Any) -> list[Finding]:
    """Return what is wrong with the object itself."""
    if not isinstance(stated, dict) or stated.get("format") != STUDY_FORMAT:
        given = stated.get("format") if isinstance(stated, dict) else type(stated).__name__
        return [Finding(False, f"format is {given!r}; this version reads {STUDY_FORMAT!r}")]
    wrong = []
    for key, kind in KEYS.items():
        if key not in stated:
            wrong.append(Finding(False, f"study.json lacks {key!r}; it holds {', '.join(KEYS)}"))
        elif not fits(stated[key], kind):
            wrong.append(Finding(False, f"{key} is {shortened_value(stated[key])}; give a {called(kind)}"))
    if wrong:
        return wrong
    for key, what, known in (("books", "book", BOOKS), ("controls", "control", CONTROLS)):
        unknown = [name for name in stated[key] if name not in known]
        if unknown:
            wrong.append(Finding(False, f"{what} {unknown[0]!r} is not known here; there are {', '.join(known)}"))
    for key in ("students", "books", "controls", "seeds"):
        if not stated[key] or len(set(stated[key])) < len(stated[key]):
            wrong.append(Finding(False, f"{key} are {shortened_value(stated[key])}; name at least one and none twice"))
    walked = stated.get("course")
    if walked is not None and walked not in COURSES:
        wrong.append(Finding(False, f"course is {shortened_value(walked)}; it is null or one of {', '.join(COURSES)}"))
    if stated["split"] not in SPLITS:
        wrong.append(Finding(False, f"split is {stated['split']!r}; it is one of {', '.join(SPLITS)}"))
    if isinstance(stated["editions"], int):
        if not 1 <= stated["editions"] <= MOST_EDITIONS:
            wrong.append(Finding(False, f"editions is {stated['editions']}; give a number from 1 to {MOST_EDITIONS}"))
    elif not stated["editions"] or not rising([-1, *stated["editions"], LAST_NUMBER + 1]):
        numbers = f"ascending numbers from 0 to {LAST_NUMBER}"
        wrong.append(Finding(False, f"editions are {shortened_value(stated['editions'])}; give {numbers}"))
    if not fits(stated["digests"].get("editions", {}), {str: str}):
        wrong.append(Finding(False, "digests.editions is no object of strings; give a digest for every book"))
    return wrong


def rising(numbers: list[int]) -> bool:
    """Return whether every number is above the one before it."""
    return all(number < after for number, after in itertools.pairwise(numbers))


def shortened_value(value: Any) -> str:
    """Return a value as a message shows it."""
    text = repr(value) if not isinstance(value, int) or abs(value) < 1 << 64 else "a number of many digits"
    return text if len(text) <= SHOWN_VALUE else text[:SHOWN_VALUE] + "..."


def check_version(stated: dict[str, Any]) -> Finding:
    """Return whether the study was made by this version."""
    made = stated["versions"].get("textbook_gym")
    same = "" if made == __version__ else f", checked with {__version__}: what differs may differ for that reason"
    return Finding(made is not None, f"versions: made with textbook_gym {made}{same}")


def check_digest(stated: dict[str, Any], marks: pathlib.Path) -> Finding:
    """Return whether the table is the one that the object speaks of."""
    found = hashlib.sha256(marks.read_bytes()).hexdigest()
    good = stated["digests"].get("marks.csv") == found
    verdict = "is the stated one" if good else f"is {found[:12]}..., the stated one is another: the table was changed"
    return Finding(good, f"digest of marks.csv {verdict}")


def check_settings(stated: dict[str, Any], table: pl.DataFrame) -> list[Finding]:
    """Return whether the table holds the students, books, split, controls, seeds and editions that are stated."""
    findings = []
    for key, column in (("books", "book"), ("seeds", "seed"), ("split", "split")):
        wanted = {stated[key]} if key == "split" else set(stated[key])
        found = set(table[column].unique())
        if wanted != found:
            findings.append(Finding(False, f"table: {key} are {sorted(found)}, stated {sorted(wanted)}"))
    editions, numbers = sorted(table["edition"].unique()), numbers_of(stated["editions"])
    if editions != [*numbers]:
        there = f"{len(editions)} editions, {editions[0]} to {editions[-1]}"
        told = f"0 to {len(numbers) - 1}" if isinstance(numbers, range) else shortened_value(numbers)
        findings.append(Finding(False, f"table: {there}; stated {told}"))
    named = [next((n for n in (s, student_name(s)) if n in set(table["student"])), s) for s in stated["students"]]
    if sorted(named) != sorted(table["student"].unique()):
        there = ", ".join(sorted(table["student"].unique()))
        findings.append(Finding(False, f"table: students are {there}; stated {', '.join(stated['students'])}"))
    each = table.group_by("student", maintain_order=True).agg(pl.col("control").unique())
    for student, controls in each.iter_rows():
        enough = [set(stated["controls"])]
        if student not in NAMED_STUDENTS or not NAMED_STUDENTS[student].remembers:
            enough.append(set(controls_of(REFERENCES["oracle"], stated["controls"])))  # no memory that could be taken
        if set(controls) not in enough:
            findings.append(
                Finding(False, f"table: controls are {sorted(controls)} for {student}, stated {stated['controls']}")
            )
    return findings or [Finding(True, "table: students, books, split, controls, seeds and editions are as stated")]


def check_worlds(stated: dict[str, Any], salt: int) -> Finding:
    """Return whether the worlds that were walked are those which this version opens under these numbers."""
    given = stated["digests"].get("editions", {})
    course = stated.get("course")
    here = edition_digests(stated["books"], stated["split"], stated["editions"], course, salt)
    odd = [book for book in stated["books"] if given.get(book) != here[book]]
    if odd:
        return Finding(False, f"editions of {', '.join(odd)} are not the worlds that this version opens")
    return Finding(True, f"editions: the worlds of {len(here)} books are those which this version opens")


def check_metrics(stated: dict[str, Any], table: pl.DataFrame) -> list[Finding]:
    """Return whether the metrics computed anew from the table are the stated ones, all of them and no others."""
    wrong, right = [], 0
    given: dict[tuple[str, str], dict[str, Any]] = {}
    for row in stated["metrics"]:
        key = str(row.get("book")), str(row.get("student"))
        if key in given:
            wrong.append(f"{key[1]}, {key[0]}: stated twice")
        given.setdefault(key, row)
    for row in summary(table).iter_rows(named=True):
        figures = given.pop((row["book"], row["student"]), {})
        for name, value in row.items():
            if name in ("book", "student"):
                continue
            said = figures.get(name)
            same = said == value if value is None else is_close(said, value)
            right += same
            if not same:
                where = f"{row['student']}, {row['book']}, {name}"
                wrong.append(f"{where}: stated {shortened_value(said)}, recomputed {value}")
    wrong += [f"{student}, {book}: stated, but not in the table" for book, student in given]
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        return [Finding(False, f"metrics: {wrong[0]}{more}")]
    return [Finding(True, f"metrics: {right} figures recomputed from marks.csv are the stated ones")]


def is_close(said: Any, value: float) -> bool:
    """Return whether a stated figure, which may be anything, is the one that was computed."""
    return (
        isinstance(said, (int, float))
        and not isinstance(said, bool)
        and abs(said) < 1e9
        and (abs(said - value) <= CLOSE)
    )


def check_references(stated: dict[str, Any], table: pl.DataFrame, salt: int) -> list[Finding]:
    """Return whether the rows of reference students are what they do: they are walked anew."""
    names = [s for s in stated["students"] if s in NAMED_STUDENTS]
    if not names:
        return []
    if stated["versions"].get("textbook_gym") != __version__:
        return [Finding(True, "reference students: not walked anew, since another version made the study")]
    every = walkers(names, stated["seeds"])
    which = stated["books"], stated["editions"], stated["split"], stated["controls"]
    jobs = make_jobs(every, *which, course=stated.get("course"), salt=salt)
    for job in jobs:
        again = frame(run_job(job, None), job)
        pair = again.join(table, on=KEY, how="left", suffix="_stated")
        for name in (name for name in FIGURES if name in again.columns):
            here, there = pl.col(name).cast(pl.Float64), pl.col(f"{name}_stated").cast(pl.Float64)
            odd = pair.filter(~((here - there).abs() <= CLOSE).fill_null(here.is_null() & there.is_null()))
            if len(odd):
                r = odd.row(0, named=True)
                place = f"{r['student']}, {r['book']}, edition {r['edition']}, {r['control']}"
                where = f"{place}, exercise {r['chapter']}.{r['exercise']}"
                difference = f"{where}: {name} {r[f'{name}_stated']}, walked anew {r[name]}"
                return [Finding(False, f"reference students: {difference} ({len(odd)} such rows)")]
    return [Finding(True, f"reference students: {', '.join(names)} walked anew, every row as stated")]
