"""Controls: what is changed about a course to see what a student's memory is worth.

A study walks the same editions under each of them.
"""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np

from textbook_gym.authoring.book import read
from textbook_gym.engine.chapter_plan import outline
from textbook_gym.engine.course import LAST_NUMBER
from textbook_gym.engine.lanes import Lanes
from textbook_gym.engine.loops import Wipe
from textbook_gym.errors import did_you_mean
from textbook_gym.students.base import Agent, Reference
from textbook_gym.students.resolve import Student
from textbook_gym.students.rollout import walk
from textbook_gym.students.text_student import TextStudent
from textbook_gym.text.settings import TALK_MEMORIES


class Control(NamedTuple):
    """How a course is walked."""

    doc: str
    wipe: Wipe = Wipe.NEVER
    order: str = "book"
    alone: bool = False  # whether every chapter is a course of its own
    foreign: bool = False  # whether a foreign edition is walked before
    again: bool = False  # whether the same edition is
    memory: str = ""  # of the conversation of a student that talks; "": such a student cannot walk it
    acts: bool = True  # whether students that do not talk can walk it
    model: str = ""  # which half of the chapters the model student works in this student's place, "first" or "last"


TALK_KEPT, TALK_WIPED, TALK_NOTES = (
    TALK_MEMORIES[0],
    TALK_MEMORIES[2],
    TALK_MEMORIES[1],
)  # the whole conversation, this exercise, a notebook

CONTROLS = {
    "kept": Control("memory kept from cover to cover", memory=TALK_KEPT),
    "wiped": Control("memory wiped at every exercise", Wipe.EXERCISE, memory=TALK_WIPED),
    "chapter": Control("memory wiped at every chapter", Wipe.CHAPTER),
    "foreign": Control("memory brought along from a foreign edition, then kept", foreign=True, memory=TALK_KEPT),
    "shuffled": Control("chapters in random order, the exam last; memory kept", order="shuffled", memory=TALK_KEPT),
    "cold": Control(
        "every chapter started cold: the course begins there, with a blank memory", alone=True, memory=TALK_KEPT
    ),
    "again": Control("every chapter sat again right after the whole book, with its memory", alone=True, again=True),
    "notebook": Control(
        "nothing crosses from exercise to exercise but the student's own notes", memory=TALK_NOTES, acts=False
    ),
    "from-model": Control(
        "the model student works the first half of the chapters, the student goes on from the transcript",
        memory=TALK_KEPT, acts=False, model="first",
    ),
    "to-model": Control(
        "the student works the first half of the chapters, the model student goes on from the transcript",
        memory=TALK_KEPT, acts=False, model="last",
    ),
}  # fmt: skip
"""Name of a control -> how a course is walked under it. The last three are for students that talk (language models,
functions of a conversation); such students cannot walk `chapter` and `again`."""
DEFAULT = ("kept", "wiped")
AGENT_LANES = 64  # courses that a student from outside walks side by side unless it says otherwise


def check_controls(controls: Sequence[str], students: Collection[Student] = ()) -> tuple[str, ...]:
    """Return the controls, "all" replaced by every one that all of the students can walk.

    Raises:
        ValueError: a name is not known or stands there twice, or a student cannot walk under it.
    """
    chosen = tuple(controls)
    if "all" in chosen:
        chosen = tuple(c for c in CONTROLS if all(walks(student, c) for student in students))
    for control in chosen:
        if control not in CONTROLS:
            hint = did_you_mean(str(control), [*CONTROLS, "all"])
            raise ValueError(f"control {control!r} is not known{hint}; choose from {', '.join(CONTROLS)}, or all")
        for student in students:
            if not walks(student, control):
                open_to = ", ".join(c for c in CONTROLS if walks(student, c))
                raise ValueError(f"control {control!r}: {student.name!r} cannot walk it; it can walk {open_to}")
    if not chosen or len(set(chosen)) != len(chosen):
        raise ValueError(f"controls {list(chosen)!r}: name at least one and none twice")
    return chosen


def walks(student: Student, control: str) -> bool:
    """Whether a student can walk under a control."""
    how = CONTROLS[control]
    return bool(how.memory) if isinstance(student, TextStudent) else how.acts


def remembers(student: Student) -> bool:
    """Whether taking the memory away could change anything."""
    return bool(getattr(student, "remembers", True))


def controls_of(student: Student, controls: Sequence[str]) -> Sequence[str]:
    """Return the controls that a student walks under: without a memory "kept" is enough."""
    if remembers(student):
        return controls
    return ("kept",) if "kept" in controls else controls[:1]


def foreign_to(edition: int) -> int:
    """Return the number of the edition whose memory is brought to this one: counted from the other end."""
    return LAST_NUMBER - edition


def walk_under(
    control: str,
    student: Reference | Agent,
    book: str,
    editions: Sequence[int],
    *,
    split: str = "test",
    course: str | None = None,
    seed: int = 0,
    threads: int | None = None,
    lanes: int | None = None,
    salt: int = 0,
) -> np.ndarray:
    """Let a student walk editions of a book under a control.

    Args:
        control: a key of `CONTROLS`.
        student: who walks.
        book: dotted name of the book's module.
        editions: edition numbers.
        split: which split the numbers count in.
        course: a course that the book names; None for the whole book.
        seed: for the student's own randomness.
        threads: most threads to use; None for all cores.
        lanes: courses that a student from outside walks side by side; None for what it asks for, or else 64.
        salt: of sealed editions, see `edition_digests.salt_of`; 0 for the public ones.

    Returns:
        records of type `ROWS`, shape (editions, exercises of the course), in the order in which they were walked.
    """
    how = CONTROLS[control]
    most = len(editions) if isinstance(student, Reference) else lanes or int(getattr(student, "lanes", AGENT_LANES))
    parts = []
    for start in range(0, len(editions), most):
        numbers = list(editions[start : start + most])

        def make(count: int = len(numbers), **course: Any) -> Lanes:
            return Lanes(book, count, episode="book", split=split, threads=threads, **course).seal(salt)

        before = (
            (make(course=course), [foreign_to(n) if how.foreign else n for n in numbers])
            if how.foreign or how.again
            else None
        )
        if how.alone:
            pages: list[np.ndarray] = []
            for number, exercises in outline(read(book), course).items():
                done = sum(page.shape[1] for page in pages)
                alone = make(chapters=[number], exercises=exercises).name_editions_as(course)
                pages.append(walk(student, alone, numbers, how.wipe, seed, before, done, start))
            parts.append(np.concatenate(pages, axis=1))
        else:
            whole_course = make(course=course, order=how.order)
            parts.append(walk(student, whole_course, numbers, how.wipe, seed, before, begun=start))
    return np.concatenate(parts)
