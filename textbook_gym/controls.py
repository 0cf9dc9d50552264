"""Controls: what is changed about a course to see what a student's memory is worth.

A study walks the same editions under each of them.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from textbook_gym.book import read
from textbook_gym.course import NUMBERS
from textbook_gym.kernel import Wipe
from textbook_gym.lanes import Lanes
from textbook_gym.registry import did_you_mean
from textbook_gym.students import Agent, Reference, walk


class Control(NamedTuple):
    """How a course is walked."""

    doc: str
    wipe: Wipe = Wipe.NEVER
    order: str = "book"
    foreign: bool = False  # whether another edition is walked before
    cold: bool = False  # whether every chapter is a course of its own


CONTROLS = {
    "kept": Control("memory kept from cover to cover"),
    "wiped": Control("memory wiped at every exercise", Wipe.EXERCISE),
    "chapter": Control("memory wiped at every chapter", Wipe.CHAPTER),
    "foreign": Control("memory brought along from a foreign edition, then kept", foreign=True),
    "shuffled": Control("chapters in random order, the exam last; memory kept", order="shuffled"),
    "cold": Control("every chapter started cold: the course begins there, with a blank memory", cold=True),
}
"""Name of a control -> how a course is walked under it."""
DEFAULT = ("kept", "wiped")
LANES = 64  # courses that a student from outside walks side by side unless it says otherwise


def check_controls(controls: Sequence[str]) -> tuple[str, ...]:
    """Return the controls, "all" replaced by every one; refuse names that are not known or stand there twice."""
    chosen = tuple(CONTROLS) if "all" in controls else tuple(controls)
    for control in chosen:
        if control not in CONTROLS:
            hint = did_you_mean(str(control), [*CONTROLS, "all"])
            raise ValueError(f"control {control!r} is not known{hint}; choose from {', '.join(CONTROLS)}, or all")
    if not chosen or len(set(chosen)) != len(chosen):
        raise ValueError(f"controls {list(chosen)!r}: name at least one and none twice")
    return chosen


def remembers(student: Reference | Agent) -> bool:
    """Whether taking the memory away could change anything."""
    return bool(getattr(student, "remembers", True))


def controls_of(student: Reference | Agent, controls: Sequence[str]) -> Sequence[str]:
    """Return the controls that a student walks under: without a memory "kept" is enough."""
    if remembers(student):
        return controls
    return ("kept",) if "kept" in controls else controls[:1]


def foreign_to(edition: int) -> int:
    """Return the number of the edition whose memory is brought to this one: counted from the other end."""
    return NUMBERS - edition


def walk_under(
    control: str,
    student: Reference | Agent,
    book: str,
    editions: Sequence[int],
    *,
    split: str = "test",
    seed: int = 0,
    threads: int | None = None,
    lanes: int | None = None,
) -> np.ndarray:
    """Let a student walk editions of a book under a control.

    Args:
        control: a key of `CONTROLS`.
        student: who walks.
        book: dotted name of the book's module.
        editions: edition numbers.
        split: which split the numbers count in.
        seed: for the student's own randomness.
        threads: most threads to use; None for all cores.
        lanes: courses that a student from outside walks side by side; None for what it asks for, or else 64.

    Returns:
        records of type `ROWS`, shape (editions, exercises of the book), in the order in which they were walked.
    """
    how = CONTROLS[control]
    most = len(editions) if isinstance(student, Reference) else lanes or int(getattr(student, "lanes", LANES))
    parts = []
    for start in range(0, len(editions), most):
        numbers = list(editions[start : start + most])

        def course(who: Reference | Agent, numbers: list[int] = numbers, **keywords: Any) -> np.ndarray:
            made = Lanes(book, len(numbers), episode="book", split=split, threads=threads, order=how.order, **keywords)
            return walk(who, made, numbers, how.wipe, seed, [*map(foreign_to, numbers)] if how.foreign else None)

        rows = list(chapters_cold(student, book, course)) if how.cold else [course(student)]
        parts.append(np.concatenate(rows, axis=1))
    return np.concatenate(parts)


def chapters_cold(student: Reference | Agent, book: str, course: Any) -> Any:
    """Yield the rows of every chapter of a book, each walked by `course` as if there were no other."""
    done = 0
    for number, chapter in enumerate(read(book).chapters, 1):
        who = student
        if isinstance(student, Reference):  # who acts in which exercise counts from the start of the book
            acts = [student.who[(done + k) % len(student.who)] for k in range(chapter.exercises)]
            who = student._replace(who=tuple(acts))
        yield course(who, chapters=[number])
        done += chapter.exercises
