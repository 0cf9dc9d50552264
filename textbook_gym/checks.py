"""Conformance: what every book must keep, checked on the book itself. Authors call `check_book("my_package.my_book")`.

All findings of a book are collected and raised together, each in one line that names the place, the figure, what was
wanted and what to do.
"""

import ast
import inspect
import sys
import types
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from textbook_gym.abilities import ability_findings
from textbook_gym.authoring.book import Book, read
from textbook_gym.authoring.contract import COLUMNS, COURSES
from textbook_gym.authoring.diagnostics import explained
from textbook_gym.authoring.records import Row
from textbook_gym.engine.chapter_plan import Chapters, Exercises, make_plan, named_course
from textbook_gym.engine.engine import rehearse
from textbook_gym.engine.info import OUT
from textbook_gym.engine.lanes import Lanes
from textbook_gym.engine.loops import Wipe
from textbook_gym.engine.sensitivity import field_findings
from textbook_gym.errors import BookError
from textbook_gym.structure_checks import (
    PROBES,
    check_every_action_matters,
    check_highest,
    check_own_notes,
    check_page,
    opened,
    part_words,
)
from textbook_gym.students.base import NAMED_STUDENTS, REFERENCES, WIPED
from textbook_gym.students.rollout import walk
from textbook_gym.text.check import word_findings

NEWCOMER_TOLERANCE = 0.02  # besides twice the standard error of the measurement
LEAST_BENEFIT = 0.1  # model student's last third - newcomer
LEAST_ROOM = 0.2  # 1 - newcomer
LEAST_EDITIONS = 0.5  # share of drawn editions that must be distinct
TWINS = 1  # courses walked compiled and interpreted, of an exercise a chapter, two in the first: it takes seconds


class ChapterMarks(NamedTuple):
    """Measured marks of the reference students in one chapter."""

    chapter: int
    name: str
    random: float
    random_error: float  # standard error of the random student's mean
    newcomer: float
    newcomer_error: float  # standard error of the newcomer's mean
    model_first: float  # the model student's mean over the first third of the exercises
    model: float  # and over the last third
    oracle: float  # the lowest of all

    @property
    def learned(self) -> float:
        """How far the model student rises above the newcomer, as a share of what there is to learn."""
        return (self.model - self.newcomer) / (1.0 - self.newcomer)


def measure_marks(
    book: Book, courses: int = 512, chapters: Chapters = None, exercises: Exercises = None
) -> list[ChapterMarks]:
    """Return the marks of random, newcomer, model student and oracle by chapter, over editions 0..courses-1.

    `chapters` and `exercises` are those of a short course, see `textbook_gym.engine.chapter_plan`.

    Example:
        >>> from textbook_gym import find
        >>> [row.oracle for row in measure_marks(find("Bandits"), courses=4)]
        [1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    """
    rows = {}
    for name, student in REFERENCES.items():
        lanes = Lanes(book.path, courses, episode="book", split="all", chapters=chapters, exercises=exercises)
        rows[name] = walk(student, lanes, list(range(courses)), Wipe.NEVER)
    measured = []
    for number, length in lanes.plan[["number", "exercises"]].tolist():
        marks = {name: r["mark"][:, r["chapter"][0] == number] for name, r in rows.items()}
        newcomer = marks["newcomer"].mean(axis=1)
        last = max(1, length // 3)
        measured.append(
            ChapterMarks(
                number,
                book.chapters[number - 1].name,
                float(marks["random"].mean()),
                float(marks["random"].mean(axis=1).std() / np.sqrt(courses)),
                float(newcomer.mean()),
                float(newcomer.std() / np.sqrt(courses)),
                float(marks["model"][:, :last].mean()),
                float(marks["model"][:, -last:].mean()),
                float(marks["oracle"].min()),
            )
        )
    return measured


def check_book(book: str | types.ModuleType, courses: int = 512) -> list[ChapterMarks]:
    """Check everything that this package promises of a book; of its words, too, if it has a `PREFACE`.

    Args:
        book: the module, or its dotted name.
        courses: editions that marks are measured on.

    Returns:
        the measured marks by chapter.

    Raises:
        BookError: with one line for every finding.

    Example:
        marks = check_book("my_package.lamps", courses=32)
        for row in marks:
            print(row.name, row.newcomer, row.model)
    """
    found = read(book if isinstance(book, str) else book.__name__)
    rehearse(found)  # by itself: a slip is told better by plain Python than by the compiler
    measured = measure_marks(found, courses)
    with explained(found):
        findings = [
            *check_marks(found, measured),
            *ability_findings(found, courses),
            *check_editions(found),
            *check_pose(found),
            *check_signals(found),
            *check_every_action_matters(found),
            *check_faces(found),
            *check_exam(found),
            *check_page(found),
            *check_highest(found),
            *check_own_notes(found),
            *check_twins(found),
            *(word_findings(found) if hasattr(found.module, "PREFACE") else ()),
            *check_named_courses(found),
        ]
    refuse_findings(found, findings)
    return measured


def check(book: str, courses: int = 512, calibrate: bool = False) -> str:
    """Check a book, or calibrate it, and return what is to be told of it: the command `textbook-gym check`.

    Args:
        book: dotted name of the module.
        courses: editions that marks are measured on.
        calibrate: only measure the newcomer, and return the book's `CHAPTERS` with that column as it should be.

    Raises:
        BookError: with one line for every finding; when calibrating, for what keeps it from being measured.

    Example:
        print(check("my_package.lamps", calibrate=True))  # paste what it prints over CHAPTERS
    """
    if calibrate:
        found = read(book)
        rehearse(found)
        return calibrated(found, measure_marks(found, courses))
    lines = [f"{'chapter':24} random  newcomer  model  learned"]
    for m in check_book(book, courses):
        lines.append(f"{m.chapter} {m.name:22} {m.random:6.3f} {m.newcomer:9.3f} {m.model:6.3f} {m.learned:8.3f}")
    return "\n".join([*lines, f"{read(book).name} keeps the contract."])


def calibrated(book: Book, measured: list[ChapterMarks]) -> str:
    """Return the source of `CHAPTERS` with the newcomer column as measured, to be pasted over the present one."""
    source = inspect.getsource(sys.modules[book.path.partition("?")[0]])
    table = next(
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "CHAPTERS"
    )
    rows = list(table.value.elts) if isinstance(table.value, (ast.Tuple, ast.List)) else []
    place = COLUMNS.index("newcomer")
    if len(rows) != len(measured) or not all(isinstance(row, ast.Call) and len(row.args) > place for row in rows):
        pairs = zip(book.chapters, measured, strict=True)
        return "\n".join(str(c._replace(newcomer=round(m.newcomer, 2))) for c, m in pairs)
    lines = source.splitlines()
    for row, m in zip(rows, measured, strict=True):
        cell = row.args[place]  # type: ignore[attr-defined]  # a call, as was just seen
        line = lines[cell.lineno - 1]
        lines[cell.lineno - 1] = f"{line[: cell.col_offset]}{m.newcomer:.2f}{line[cell.end_col_offset :]}"
    return "\n".join(lines[table.lineno - 1 : table.end_lineno])


def refuse_findings(book: Book, findings: Iterable[str]) -> None:
    """Raise all findings of a book together, if there are any."""
    lines = [f"{book.name}: {finding}" for finding in dict.fromkeys(findings)]
    if lines:
        raise BookError("\n".join(lines))


def check_named_courses(book: Book) -> Iterator[str]:
    """Yield a finding for every named course that cannot be walked."""
    for course, constant in COURSES.items():
        if hasattr(book.module, constant):
            try:
                make_plan(book, *named_course(book, course))
            except (ValueError, TypeError) as error:
                written = getattr(book.module, constant)
                yield f"{constant} = {written!r}: {error}; write chapters, then exercises of each"


def check_classic(book: str, courses: int = 64) -> None:
    """Check what holds of a classic too, whose chapter need not teach anything that its model student can keep.

    That is: signatures; the oracle gets 1 on every exercise; signals, drawings and words; equal bytes whether compiled
    or not. Not checked: marks of newcomer and model student, number of editions, use of every action.

    Args:
        book: dotted name of the module, with parameters or without, see `book.address`.
        courses: editions that the oracle walks.

    Raises:
        BookError: with one line for every finding.

    Example:
        >>> check_classic("textbook_gym.classics.rl2_bandit?arms=3&pulls=5", courses=4)
    """
    found = read(book)
    rehearse(found)
    lanes = Lanes(book, courses, episode="book", split="all")
    lowest = float(walk(REFERENCES["oracle"], lanes, list(range(courses)), Wipe.NEVER)["mark"].min())
    findings = [
        *([] if lowest == 1.0 else [f"the oracle's lowest mark is {lowest!r}, not 1; mend `oracle` or `mark`"]),
        *check_pose(found),
        *check_signals(found),
        *check_faces(found),
        *check_twins(found),
    ]
    if findings:
        raise BookError("\n".join(f"{found.name}: {finding}" for finding in findings))


def check_marks(book: Book, measured: list[ChapterMarks]) -> Iterator[str]:
    """The oracle gets 1; the newcomer column is true; memory pays; random play is no better than the newcomer."""
    for m in measured:
        chapter = book.chapters[m.chapter - 1]
        where = f"chapter {m.chapter} {m.name!r}"
        if m.oracle != 1.0:
            yield f"{where}: the oracle's lowest mark is {m.oracle!r}, not 1; mend `oracle` or what `mark` divides by"
        if abs(m.newcomer - chapter.newcomer) > NEWCOMER_TOLERANCE + 2 * m.newcomer_error:
            yield f"{where}: newcomer measured {m.newcomer:.3f}, the table has {chapter.newcomer}; write the measured"
        if 1.0 - m.newcomer < LEAST_ROOM:
            yield f"{where}: the newcomer already gets {m.newcomer:.3f}; make it harder (at most {1 - LEAST_ROOM})"
        if m.model - m.newcomer < LEAST_BENEFIT:
            yield (
                f"{where}: memory does not pay: model student's last third {m.model:.3f} - newcomer {m.newcomer:.3f} = "
                f"{m.model - m.newcomer:.3f}, needs {LEAST_BENEFIT}; let more persist in the edition, or add exercises"
            )
        if m.random > m.newcomer + 2 * np.hypot(m.random_error, m.newcomer_error):  # both are measured
            yield f"{where}: random play gets {m.random:.3f}, more than the newcomer's {m.newcomer:.3f}"


def check_editions(book: Book) -> Iterator[str]:
    """Editions are many, sound and inside their ranges; the splits share none."""
    contents = {}
    for split in ("train", "test"):
        lanes, _, _ = opened(book, split, 512)
        editions = lanes.records["edition"]
        contents[split] = {part.tobytes() for part in part_words(lanes, "edition")}
        if len(contents[split]) < LEAST_EDITIONS * len(editions):
            yield f"split {split}: only {len(contents[split])} of {len(editions)} editions differ; enlarge the space"
        for field in book.module.EDITION:
            if field.low is None or field.high is None:
                yield f"EDITION.{field.name} needs low= and high=: what `write` may draw"
            elif editions[field.name].min() < field.low or editions[field.name].max() > field.high:
                lowest, highest = editions[field.name].min(), editions[field.name].max()
                yield f"EDITION.{field.name} was drawn in [{lowest}, {highest}], outside [{field.low}, {field.high}]"
        sound = getattr(book.module, "sound", lambda e: True)
        unsound = sum(not sound(Row(editions[i])) for i in range(PROBES))
        if unsound:
            yield f"split {split}: `write` left {unsound} of {PROBES} editions that `sound` refuses; draw more often"
    if contents["train"] & contents["test"]:
        yield "train and test share an edition"
    yield from field_findings(book)


def check_pose(book: Book) -> Iterator[str]:
    """An exercise depends on edition, chapter, number and lasting fields alone; `pose` leaves those as they are."""
    lasting = [f.name for f in book.module.STATE if f.lasting]
    for number in range(1, len(book.chapters) + 1):
        lanes, flat, _ = opened(book, "all", 8, number)
        clean, shown = part_words(lanes, "state").copy(), flat.copy()
        before = lanes.records["state"][lasting].copy()
        out = np.zeros(8, OUT)
        lanes.reset(np.ones(8, np.bool_), flat, out)
        if not np.array_equal(before, lanes.records["state"][lasting]):
            yield f"chapter {number}: `pose` changes a lasting field of {', '.join(lasting)}; leave that to `step`"
        elif not np.array_equal(clean, part_words(lanes, "state")) or not np.array_equal(shown, flat):
            yield f"chapter {number}: an exercise posed again is another one; let `pose` draw from `s` alone"


def check_signals(book: Book) -> Iterator[str]:
    """Under random play every signal stays inside its bounds, and marks in [0, 1]."""
    low, high = book.bounds()
    names = [s.name for s in book.signals for _ in range(s.size)]
    lanes, flat, _ = opened(book, "all", PROBES)
    rng, out = np.random.default_rng(0), np.zeros(PROBES, OUT)
    steps = 2 * sum(c.exercises * c.limit for c in book.chapters)
    outside: set[int] = set()
    for _ in range(steps):
        lanes.advance(rng.integers(0, len(book.actions), PROBES), flat, out)
        outside |= {int(j) for j in np.flatnonzero(((flat < low) | (flat > high) | np.isnan(flat)).any(axis=0))}
        clock = lanes.records["clock"]
        if not ((clock["mark"] >= 0) & (clock["mark"] <= 1) & (clock["visible"] >= 0) & (clock["visible"] <= 1)).all():
            yield f"`mark` or `visible` outside [0, 1]: {clock['mark'].min()} to {clock['mark'].max()}"
            return
        lanes.reset(out["terminated"].copy(), flat, out)
    for j in sorted(outside):
        if j < len(names):
            yield f"signal {names[j]!r} (float {j}) left its bounds [{low[j]}, {high[j]}]"


def check_faces(book: Book) -> Iterator[str]:
    """Drawings are rectangles; the words name every signal."""
    for number in range(1, len(book.chapters) + 1):
        lanes, flat, seen = opened(book, "all", 4, number)
        out = np.zeros(4, OUT)
        for action in range(len(book.actions)):
            p, o = Row(lanes.plan[int(lanes.records["clock"]["chapter"][0])]), Row(seen[0])
            rows, words = book.draw(p, o), book.tell(p, o)
            if len({len(row) for row in rows}) != 1:
                yield f"chapter {number}: `draw` returns rows of lengths {[len(row) for row in rows]}; pad them"
                break
            missing = [s.name for s in book.signals if s.name.replace("_", " ").lower() not in words.lower()]
            if missing:
                yield f"chapter {number}: `tell` does not name {', '.join(missing)}"
                break
            lanes.advance(np.full(4, action), flat, out)
            lanes.reset(out["terminated"].copy(), flat, out)


def check_exam(book: Book) -> Iterator[str]:
    """The exam asks for what no chapter asked before, by the book's `exam_fact`."""
    exam = len(book.chapters)
    if exam == 1 or not hasattr(book.module, "exam_fact"):
        return
    earlier = {fact: number for number in range(1, exam) for fact in exam_facts(book, number)}
    for fact in sorted(exam_facts(book, exam) & set(earlier), key=repr):
        yield f"exam: {fact!r}, says `exam_fact`, is asked in chapter {earlier[fact]} already; ask for what is new"


def exam_facts(book: Book, chapter: int, editions: int = PROBES) -> set[Any]:
    """Return what `exam_fact` says of a chapter's first exercise, over editions 0, 1, ..."""
    lanes, _, _ = opened(book, "all", editions, chapter)
    rows = [Row(record) for record in lanes.records]
    return {book.module.exam_fact(Row(lanes.plan[chapter - 1]), row.edition, row.state) for row in rows}


def check_twins(book: Book) -> Iterator[str]:
    """Compiled and interpreted, a course leaves the same bytes, whoever walks it; and so it does a second time."""
    exercises = [2] + [1] * (len(book.chapters) - 1)

    def walked(name: str, interpreted: bool) -> dict[str, Any]:
        lanes = Lanes(book.path, TWINS, episode="book", split="all", exercises=exercises, interpreted=interpreted)
        rows = walk(NAMED_STUDENTS[name], lanes, list(range(TWINS)), Wipe.NEVER)
        return {"rows": rows, "lanes": lanes.records}

    without = [f"model-{a.word}" for a in book.abilities if a not in WIPED]
    for name in ("random", "model", "oracle", *without):
        compiled = walked(name, interpreted=False)
        for what, again in (("run twice", walked(name, False)), ("interpreted", walked(name, True))):
            for part, bytes_of in compiled.items():
                if bytes_of.tobytes() != again[part].tobytes():
                    yield (
                        f"{name} {what} leaves other {part}; draw from `s` and `n` alone, keep integers in 64 bits "
                        f"and one order of operations"
                    )
