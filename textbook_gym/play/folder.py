"""The folder of a played study: courses that are put down and taken up, and the table of those that are over.

Beside the files of any study it holds `courses/<player>-<edition>.course`, one course each, written after every reply.
A folder is of one book and one course of it; several people may play in it. The reference students walk the same
editions, so the table holds them, too. The control of a person's rows is always "kept": what `memory` takes off the
page, a person may still remember.
"""

import pathlib
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from textbook_gym.engine.course import LAST_NUMBER
from textbook_gym.errors import one_of, whole
from textbook_gym.play.played_course import (
    SPLIT,
    PlayedCourse,
    as_rows,
    course_keywords,
    player,
    saved_course,
    walk_course,
)
from textbook_gym.registry import BOOKS, find
from textbook_gym.students.base import PERSON, REFERENCES
from textbook_gym.text.settings import TALK_MEMORIES

if TYPE_CHECKING:
    import polars as pl

COURSE_ORDER = ("seminar", "short", "book")
BESIDE = ("newcomer", "model", "oracle")
"""The reference students that a person is shown beside."""
PLAYER = re.compile(r"\w[\w.-]{0,39}")


def open_course(
    book: str,
    folder: pathlib.Path,
    *,
    course: str = "seminar",
    edition: int | None = None,
    name: str = "me",
    memory: str = "transcript",
) -> PlayedCourse:
    """Begin a course, or take it up where it was put down.

    Args:
        book: name of a book.
        folder: of the study that the course is a row of.
        course: one of `COURSE_ORDER`; "book" is the whole book.
        edition: number of the edition, in the test split; None for the one that was put down, or else the next.
        name: of the player: letters, digits, and . _ - behind the first.
        memory: what stays on the page, as of a desk: "transcript", "notebook" or "none".

    Raises:
        ValueError: one of them is not known, or the folder holds another study or another book's courses.

    Example:
        >>> course = open_course("Concepts", pathlib.Path("played"), name="ada", edition=7)
        >>> course.edition, course.desk.done
        (7, False)
    """
    found = find(book)
    if found.name not in BOOKS:
        raise ValueError(f"{found.name} is a classic, told in numbers alone; choose from {', '.join(BOOKS)}")
    one_of("course", course, COURSE_ORDER)
    one_of("memory", memory, TALK_MEMORIES)
    if not PLAYER.fullmatch(name):
        raise ValueError(f"name {name!r}: give up to 40 letters and digits, and . _ - behind the first")
    every = kept_courses(folder)
    if not every and (folder / "study.json").exists():
        raise ValueError(f"{folder} holds a study that nobody played; choose another --out")
    for head, _ in every:
        if (head["book"], head["course"]) != (found.name, course):
            theirs = f"{head['book']}, course {head['course']}"
            raise ValueError(f"{folder} holds courses of {theirs}; choose another --out for {found.name}, {course}")
    if edition is None:
        own = {h["edition"]: s["rows"] for h, s in every if (h["name"], h["memory"]) == (name, memory)}
        waiting = sorted(n for n, rows in own.items() if rows is None)
        edition = waiting[0] if waiting else next(n for n in range(len(own) + 1) if n not in own)
    return PlayedCourse(found.name, course, whole("edition", edition, 0, LAST_NUMBER), name, memory, folder)


def kept_courses(folder: pathlib.Path) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return head and state of every course in a folder, by name of its file."""
    return [saved_course(file.read_bytes(), file)[:2] for file in sorted((folder / "courses").glob("*.course"))]


def beside_references(course: PlayedCourse) -> dict[str, np.ndarray]:
    """Return the rows (type `ROWS`) of the player of a course that is over, and of the reference students beside it."""
    if course.rows is None:
        raise ValueError(f"the course of {course.name} is not over yet")
    beside = {n: walk_course(REFERENCES[n], course.book, course.course, [course.edition])[0] for n in BESIDE}
    return {course.student: course.rows, **beside}


def write_played(folder: pathlib.Path) -> "pl.DataFrame":
    """Write the study of a folder: all courses that are over, and the reference students on the same editions.

    Returns:
        the tidy table, see `metrics.table.MARKS_COLUMNS`.

    Raises:
        ValueError: no course is over.
    """
    import polars as pl

    from textbook_gym.study.files import write

    over = [(head, rows) for head, state in kept_courses(folder) if (rows := as_rows(state["rows"])) is not None]
    if not over:
        raise ValueError(f"no course in {folder} is over yet")
    book, course = over[0][0]["book"], over[0][0]["course"]
    editions = sorted({head["edition"] for head, _ in over})
    tables = []
    for name in BESIDE:
        walked = walk_course(REFERENCES[name], book, course, editions)
        tables += [played_table(name, book, edition, rows) for edition, rows in zip(editions, walked, strict=True)]
    people = [PERSON + player(head["name"], head["memory"]) for head, _ in over]
    tables += [played_table(who, book, head["edition"], rows) for who, (head, rows) in zip(people, over, strict=True)]
    table = pl.concat(tables)
    chosen = {
        "students": [*BESIDE, *dict.fromkeys(people)],
        "books": [book],
        "editions": len(editions) if editions == [*range(len(editions))] else editions,
        "split": SPLIT,
        "controls": ["kept"],
        "seeds": [0],
        "course": course_keywords(course).get("course"),
    }
    write(table, folder, chosen)
    return table


def played_table(student: str, book: str, edition: int, rows: np.ndarray) -> "pl.DataFrame":
    """Return one course as a tidy table."""
    from textbook_gym.study.run import frame, make_jobs, walkers

    [job] = make_jobs(walkers(["model"], 0), [book], 1, SPLIT, ["kept"])
    return frame(rows.reshape(1, -1), job._replace(name=student, start=edition, stop=edition + 1))
