"""Long work: a study is cut into jobs, a job is walked wherever there is room, and what it brought is kept.

A job is a block of courses of one student, book and control. What comes out depends on the job alone, not on who else
walks, on threads, processes or machines. Its rows are written beside their place in `parts/` and then renamed, under a
name that holds a digest of all they depend on: sources of rules and walking, versions, settings, the student's file.
So whoever asks for the same job again gets it from there, and a killed worker's job is simply walked again.
"""

import contextlib
import functools
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import pathlib
import re
import shlex
from typing import Any, NamedTuple

import numpy as np

from textbook_gym.book import read
from textbook_gym.compiling import source_digest
from textbook_gym.controls import walk_under
from textbook_gym.kernel import ROWS, rules_of
from textbook_gym.students import NAMED, Agent, Reference, as_student

BLOCK = 256  # courses of a reference student in a job: a fraction of a second
AGENT_BLOCK = 64  # of a student from outside
WALKING = (  # what rows depend on, too
    *("book", "controls", "jobs", "lanes", "places", "plan", "process", "students"),
    *("channels", "fetch", "ledger", "ledger_loops", "memories", "memory", "memory_loops", "turning", "worn"),
)
ROW_BYTES = 90 + 50 + ROWS.itemsize  # of the disk, for each exercise: CSV, Parquet, part


class Job(NamedTuple):
    """A block of courses; what a worker needs to know of it."""

    student: Any  # what `as_student` takes; a string if others than this process are to walk it
    name: str
    book: str  # its name
    path: str  # dotted name of its module
    split: str
    control: str
    seed: int
    start: int  # number of the first edition
    stop: int  # and of the one behind the last
    lanes: int | None
    timeout: float
    key: str  # digest of what the student is; "" if that cannot be known

    def __str__(self) -> str:
        return f"{self.book}: {self.name}, {self.control}"

    @property
    def shape(self) -> tuple[int, int]:
        """Courses, and exercises in each."""
        return self.stop - self.start, sum(c.exercises for c in read(self.path).chapters)


def run_job(job: Job, threads: int | None = 1) -> np.ndarray:
    """Walk a job; return records of type `ROWS`, shape (courses, exercises)."""
    # What was imported or loaded is kept for the next job of the same student; an object is there already.
    student = loaded(job.student, job.timeout, job.key) if isinstance(job.student, str) else as_student(job.student)
    try:
        return walk_under(
            job.control,
            student,
            job.path,
            range(job.start, job.stop),
            split=job.split,
            seed=job.seed,
            threads=threads,
            lanes=job.lanes,
        )
    finally:
        close = getattr(student, "close", None)
        if close is not None:
            close()


@functools.lru_cache(maxsize=16)
def loaded(student: str, timeout: float, key: str) -> Reference | Agent:
    """Return a student by name, the same as long as its file is the same."""
    del key
    return as_student(student, timeout)


# --- what a job depends on -----------------------------------------------------------------


@functools.cache
def walking_digest() -> str:
    """Return a digest of the sources and versions that all walking depends on."""
    here = pathlib.Path(__file__).parent
    digest = hashlib.sha256()
    for stem in WALKING:
        digest.update((here / f"{stem}.py").read_bytes())
    return digest.hexdigest()


@functools.cache
def book_digest(path: str) -> str:
    """Return a digest of the rules of a book, of the compiled loops around them and of the compiler's version."""
    return source_digest(rules_of(read(path)))


def student_digest(student: Any) -> str:
    """Return a digest of what a student is, or "" where that cannot be known.

    For a name its record; for a file its bytes, with the versions of SB3 and torch; for a module its source, but not
    what that imports; for a command its words, and the bytes of those that name files.
    """
    if isinstance(student, Reference):
        return hashlib.sha256(repr(student).encode()).hexdigest()
    if not isinstance(student, str):
        return ""
    named = NAMED.fullmatch(student)
    plain = named[2] if named else student
    digest = hashlib.sha256(plain.encode())
    files: list[str] = []
    if plain.startswith("cmd:"):
        with contextlib.suppress(ValueError):  # quotes that the shell may understand
            files = shlex.split(plain.removeprefix("cmd:"))
    elif plain.endswith(".zip"):
        files = [plain]
        for package in ("stable-baselines3", "sb3-contrib", "torch"):
            with contextlib.suppress(importlib.metadata.PackageNotFoundError):
                digest.update(importlib.metadata.version(package).encode())
    elif ":" in plain:
        with contextlib.suppress(ImportError, ValueError):
            spec = importlib.util.find_spec(plain.partition(":")[0])
            files = [spec.origin] if spec and spec.origin else []
    for file in files:
        with contextlib.suppress(OSError, ValueError):
            digest.update(pathlib.Path(file).read_bytes())
    return digest.hexdigest()


def job_digest(job: Job) -> str:
    """Return a digest of all that the rows of a job depend on."""
    chosen = {k: v for k, v in job._asdict().items() if k not in ("student", "name", "timeout")}
    every = [ROWS.descr, walking_digest(), book_digest(job.path), chosen]
    return hashlib.sha256(json.dumps(every).encode()).hexdigest()


# --- parts -------------------------------------------------------------------------------------


class Parts:
    """The folder in which the rows of finished jobs are kept.

    Args:
        folder: where; made if it is not there.
        bytes_needed: how much the work is going to write; that much is asked of the disk before it starts.

    Raises:
        OSError: the folder cannot be written, or the disk is too full.
    """

    def __init__(self, folder: pathlib.Path, bytes_needed: int = 0) -> None:
        self.folder = folder
        probe = folder / "probe.part"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with probe.open("wb") as file:
                reserve(file, max(bytes_needed, 1))
        except OSError as error:
            needed = f"{bytes_needed / 1e6:.0f} MB"
            raise OSError(f"cannot write {needed} to {folder}: {error.strerror}; make room or choose --out") from error
        finally:
            with contextlib.suppress(OSError):
                probe.unlink(missing_ok=True)

    def path(self, job: Job) -> pathlib.Path:
        """Return where the rows of a job are kept."""
        name = re.sub(r"[^\w.+-]+", "_", job.name)[:40]
        words = (name, job.book, job.control, f"seed{job.seed}", f"{job.start:06d}", job_digest(job)[:20])
        return self.folder / ("-".join(words) + ".npy")

    def get(self, job: Job) -> np.ndarray | None:
        """Return the rows of a job, or None if they are not there or damaged."""
        if not job.key:
            return None
        try:
            rows = np.load(self.path(job), allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        return rows if rows.dtype == ROWS and rows.shape == job.shape else None

    def put(self, job: Job, rows: np.ndarray) -> None:
        """Keep the rows of a job, unless it cannot be known what its student is."""
        if not job.key:
            return
        path = self.path(job)
        beside = path.with_suffix(".part")
        with beside.open("wb") as file:
            np.save(file, rows, allow_pickle=False)
        beside.replace(path)


def reserve(file: Any, size: int) -> None:
    """Make a fresh file so large that the disk must have the room."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
        return
    block = bytes(1 << 20)
    for start in range(0, size, len(block)):
        file.write(block[: size - start])
