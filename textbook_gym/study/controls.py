"""Controls: what is changed about a course to see what a student's memory is worth.

A study walks the same editions under each of them.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from textbook_gym.authoring.book import read
from textbook_gym.engine.course import NUMBERS
from textbook_gym.engine.lanes import Lanes
from textbook_gym.engine.loops import Wipe
from textbook_gym.errors import did_you_mean
from textbook_gym.students.base import Agent, Reference
from textbook_gym.students.rollout import walk


class Control(NamedTuple):
    """How a course is walked."""

    doc: str
    wipe: Wipe = Wipe.NEVER
    order: str = "book"
    alone: bool = False  # whether every chapter is a course of its own
    foreign: bool = False  # whether a foreign edition is walked before
    again: bool = False  # whether the same edition is


CONTROLS = {
    "kept": Control("memory kept from cover to cover"),
    "wiped": Control("memory wiped at every exercise", Wipe.EXERCISE),
    "chapter": Control("memory wiped at every chapter", Wipe.CHAPTER),
    "foreign": Control("memory brought along from a foreign edition, then kept", foreign=True),
    "shuffled": Control("chapters in random order, the exam last; memory kept", order="shuffled"),
    "cold": Control("every chapter started cold: the course begins there, with a blank memory", alone=True),
    "again": Control("every chapter sat again right after the whole book, with its memory", alone=True, again=True),
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
    salt: int = 0,
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
        salt: of sealed editions, see `worlds.salt_of`; 0 for the public ones.

    Returns:
        records of type `ROWS`, shape (editions, exercises of the book), in the order in which they were walked.
    """
    how = CONTROLS[control]
    most = len(editions) if isinstance(student, Reference) else lanes or int(getattr(student, "lanes", LANES))
    parts = []
    for start in range(0, len(editions), most):
        numbers = list(editions[start : start + most])

        def make(count: int = len(numbers), **course: Any) -> Lanes:
            return Lanes(book, count, episode="book", split=split, threads=threads, **course).seal(salt)

        before = (make(), [foreign_to(n) if how.foreign else n for n in numbers]) if how.foreign or how.again else None
        if how.alone:
            pages: list[np.ndarray] = []
            for number in range(1, len(read(book).chapters) + 1):
                done = sum(page.shape[1] for page in pages)
                alone = make(chapters=[number]).name_editions_as_the_whole_book()
                pages.append(walk(student, alone, numbers, how.wipe, seed, before, done, start))
            parts.append(np.concatenate(pages, axis=1))
        else:
            parts.append(walk(student, make(order=how.order), numbers, how.wipe, seed, before, begun=start))
    return np.concatenate(parts)
