"""Conversations on one page: what students said in a study, each control beside the others, exercise by exercise.

The page needs no network and holds no markup of anybody else's: all that was said is set as text, and a browser that
heeds the page's policy runs no script but the page's own.
"""

import base64
import hashlib
import importlib.resources
import pathlib
from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

import markupsafe

from textbook_gym.atomic_write import beside
from textbook_gym.errors import did_you_mean
from textbook_gym.registry import find
from textbook_gym.report.dialogue import CoursePage, Exercise, course_of
from textbook_gym.report.pages import template
from textbook_gym.study.controls import CONTROLS
from textbook_gym.study.transcripts import read_transcript, transcript_files

VIEW_FILE = "conversations.html"
COLOURS = {"kept": "blue", "wiped": "orange"}
CURVE_COLOURS = ("violet", "teal", "rose", "olive", "green")
WIDE, HIGH, MARGIN = 640, 110, 30  # of the grade curve, in pixels: all exercises, marks from 0 to 1, the margin
EVENT_KINDS = {
    "empty": "empty reply",
    "truncated": "cut off before it named an action",
    "unknown": "names no action",
}
"""Why a reply cannot be read -> what the page says."""


class CourseGroup(NamedTuple):
    """The courses of a student in one edition, a control each."""

    place: str  # on the page
    student: str
    book: str
    split: str
    edition: int
    seed: int
    courses: dict[str, CoursePage]


class CourseCell(NamedTuple):
    """An exercise under a control."""

    control: str
    exercise: Exercise | None


def write_view(
    folder: pathlib.Path,
    students: Sequence[str] | None = None,
    books: Sequence[str] | None = None,
    editions: Sequence[int] | None = None,
) -> tuple[pathlib.Path, list[str]]:
    """Write the conversations of a study as one page into its folder.

    Args:
        folder: of the study.
        students: names of those to show; None for all.
        books: likewise.
        editions: likewise.

    Returns:
        the page, and a line for each transcript that could not be read.

    Raises:
        ValueError: there is no transcript, or none of what was asked for.
        OSError: the page cannot be written.

    Example:
        write_view(pathlib.Path("study"))  # study/conversations.html
    """
    files = transcript_files(folder)
    if not files:
        raise ValueError(f"{folder} holds no transcripts; students that talk, such as chat:, leave them in a study")
    courses, problems = [], []
    for file in files:
        try:
            transcript = read_transcript(file)
            if wanted(transcript.header, students, books, editions):
                courses.append(course_of(transcript))
        except (ValueError, OSError) as error:
            problems.append(str(error) if str(file) in str(error) else f"{file}: {error}")
    for name, asked in (("student", students), ("book", books), ("edition", editions)):
        there = {course.header[name] for course in courses}
        for value in asked or ():
            if value not in there:
                hint = did_you_mean(str(value), sorted(map(str, there)))
                raise ValueError(f"{name} {value!r} has no transcript in {folder}{hint}")
    page = render_views(folder.resolve().name, grouped(courses), [p.replace(f"{folder}/", "") for p in problems])
    path = folder / VIEW_FILE
    with beside(path) as part:
        part.write_bytes(page.encode("utf-8", "replace"))  # without halves of characters
    return path, problems


def wanted(header: dict[str, Any], *asked: Sequence[Any] | None) -> bool:
    """Return whether a course is among those asked for: students, books, editions."""
    here = header["student"], header["book"], header["edition"]
    return all(values is None or value in values for value, values in zip(here, asked, strict=True))


def grouped(courses: Sequence[CoursePage]) -> list[CourseGroup]:
    """Return the courses by student and edition, kept first, then in the order of the controls."""
    order = list(CONTROLS)
    groups: dict[tuple[Any, ...], dict[str, CoursePage]] = {}
    for course in courses:
        h = course.header
        key = h["student"], h["book"], h["split"], h["edition"], h["seed"]
        groups.setdefault(key, {})[h["control"]] = course
    made = []
    for k, (key, found) in enumerate(sorted(groups.items()), 1):
        names = sorted(found, key=lambda c: (order.index(c) if c in order else len(order), c))
        made.append(CourseGroup(f"c{k}", *key, {name: found[name] for name in names}))
    return made


def render_views(name: str, groups: Sequence[CourseGroup], problems: Sequence[str]) -> str:
    """Return the page as HTML."""
    script = importlib.resources.files("textbook_gym.report").joinpath("templates/view.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    controls = list(dict.fromkeys(c for group in groups for c in group.courses))
    spare = iter(CURVE_COLOURS * (1 + len(controls) // len(CURVE_COLOURS)))
    return template("view.html").render(
        name=name,
        groups=groups,
        problems=problems,
        choices={
            "student": list(dict.fromkeys(g.student for g in groups)),
            "book": list(dict.fromkeys(g.book for g in groups)),
            "edition": sorted({g.edition for g in groups}),
        },
        controls={c: CONTROLS[c].doc if c in CONTROLS else "" for c in controls},
        colours={c: COLOURS.get(c) or next(spare) for c in controls},
        chapter_groups=chapter_groups,
        curve=curve,
        kinds=EVENT_KINDS,
        script=markupsafe.Markup(script),
        digest=digest,
        seeds=len({g.seed for g in groups}) > 1,
        splits=len({g.split for g in groups}) > 1,
    )


def chapter_groups(group: CourseGroup) -> list[tuple[int, str, list[list[CourseCell]]]]:
    """Return a group's chapters: number, name, and its exercises, with a cell for each control."""
    names = [c.name for c in find(group.book).chapters]
    found = {c: {(e.chapter, e.number): e for e in course.exercises} for c, course in group.courses.items()}
    places = list(dict.fromkeys(place for cells in found.values() for place in cells))
    return [
        (
            number,
            str(names[number - 1]) if 0 < number <= len(names) else "",
            [[CourseCell(control, cells.get(place)) for control, cells in found.items()] for place in exercises],
        )
        for number, exercises in groupby(places, key=lambda place: place[0])
    ]


def curve(group: CourseGroup) -> dict[str, Any]:
    """Return what the drawing of marks and grades needs, in pixels: size, chapters, lines and dots of each control."""
    parts = chapter_groups(group)
    step = min(48, max(10, WIDE // max(1, sum(len(exercises) for _, _, exercises in parts))))
    across: dict[tuple[int, int], int] = {}  # chapter and exercise -> x
    starts = []
    for number, _, exercises in parts:
        starts.append((MARGIN + step * len(across), number))
        for cells in exercises:
            e = next(cell.exercise for cell in cells if cell.exercise)
            across[e.chapter, e.number] = MARGIN + step * len(across) + step // 2
    drawn = {}
    for control, course in group.courses.items():
        points = [(across[e.chapter, e.number], e) for e in course.exercises]
        lines = [
            " ".join(f"{x},{height(e.grade)}" for x, e in part)
            for _, part in groupby(points, key=lambda point: point[1].chapter)
        ]
        dots = [
            (x, height(e.mark), f"{e.chapter}.{e.number}: mark {e.mark:.2f}, grade {e.grade:.2f}") for x, e in points
        ]
        drawn[control] = lines, dots
    return {"wide": MARGIN + step * len(across) + 8, "high": HIGH + 36, "starts": starts, "drawn": drawn, "at": height}


def height(value: float) -> float:
    """Return where a mark stands, in pixels from above."""
    return round(8 + HIGH * (1.0 - min(1.0, max(0.0, value))), 1)
