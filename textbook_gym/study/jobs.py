"""Long work: a study is cut into jobs, a job is walked wherever there is room, and what it brought is kept.

A job is a block of courses of one student, book and control. What comes out depends on the job alone, not on who else
walks, on threads, processes or machines. Its rows are written beside their place in `parts/` and then renamed, under a
name that holds a digest of all they depend on: sources of rules and walking, versions, settings, the student's file.
So whoever asks for the same job again gets it from there, and a killed worker's job is simply walked again.
"""

import contextlib
import functools
import pathlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from textbook_gym.authoring.book import read
from textbook_gym.engine.chapter_plan import outline
from textbook_gym.students.resolve import Student, as_student
from textbook_gym.students.text_student import TALK_ROWS, TextStudent
from textbook_gym.study.controls import walk_under
from textbook_gym.study.text_rollout import talk_under

BLOCK = 256  # courses of a reference student in a job: a fraction of a second
AGENT_BLOCK = 64  # of a student from outside
TALK_BLOCK = 16  # of a student that talks
ROW_BYTES = 90 + 50 + TALK_ROWS.itemsize  # of the disk, for each exercise: CSV, Parquet, part


class Job(NamedTuple):
    """A block of courses; what a worker needs to know of it."""

    student: Any  # what `as_student` takes; a string if others than this process are to walk it
    name: str
    book: str  # its name
    path: str  # dotted name of its module
    split: str
    course: str | None  # which the book names; None for the whole book
    control: str
    seed: int
    start: int  # number of the first edition
    stop: int  # and of the one behind the last
    lanes: int | None
    timeout: float
    salt: int  # of sealed editions, 0 for the public ones
    key: str  # digest of what the student is; "" if that cannot be known
    folder: str = ""  # of the study, where what a student says is kept; "" to keep nothing

    def __str__(self) -> str:
        return f"{self.book}: {self.name}, {self.control}"

    @property
    def shape(self) -> tuple[int, int]:
        """Courses, and exercises in each."""
        return self.stop - self.start, sum(outline(read(self.path), self.course).values())


def numbers_of(editions: int | Sequence[int]) -> Sequence[int]:
    """Return the numbers of editions, ascending: 0, 1, ... of a count, or the ones that are given."""
    return range(editions) if isinstance(editions, int) else editions


def blocks(editions: int | Sequence[int], size: int) -> Iterator[tuple[int, int]]:
    """Yield editions in blocks of at most `size`, without gaps: number of the first, and of the one behind the last."""
    numbers = numbers_of(editions)
    start = 0
    for stop in range(1, len(numbers) + 1):
        if stop == len(numbers) or stop - start == size or numbers[stop] != numbers[stop - 1] + 1:
            yield numbers[start], numbers[stop - 1] + 1
            start = stop


def run_job(job: Job, threads: int | None = 1) -> np.ndarray:
    """Walk a job; return records of type `ROWS`, or `TALK_ROWS`, shape (courses, exercises)."""
    # What was imported or loaded is kept for the next job of the same student; an object is there already.
    student = loaded(job.student, job.timeout, job.key) if isinstance(job.student, str) else as_student(job.student)
    close: Callable[[], None] = getattr(student, "close", lambda: None)
    numbers = range(job.start, job.stop)
    how: dict[str, Any] = {name: getattr(job, name) for name in ("split", "course", "seed", "lanes", "salt")}
    try:
        if isinstance(student, TextStudent):
            folder = pathlib.Path(job.folder) if job.folder else None
            rows = talk_under(job.control, student, job.path, numbers, folder=folder, **how)
        else:
            rows = walk_under(job.control, student, job.path, numbers, threads=threads, **how)
    except BaseException:
        with contextlib.suppress(ValueError):  # what it did first is what is told
            close()
        raise
    close()
    return rows


@functools.lru_cache(maxsize=16)
def loaded(student: str, timeout: float, key: str) -> Student:
    """Return a student by name, the same as long as its file is the same."""
    del key
    return as_student(student, timeout)
