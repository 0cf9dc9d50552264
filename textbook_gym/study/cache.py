"""What was walked is kept under a digest of all that it depends on, so that a study goes on where it was cut."""

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
import tempfile
from typing import Any

import numpy as np

from textbook_gym import __version__
from textbook_gym.atomic_write import beside
from textbook_gym.authoring.book import read
from textbook_gym.engine import engine
from textbook_gym.engine.loops import ROWS
from textbook_gym.students.base import Reference
from textbook_gym.students.in_context import ARRAYS, TRAINED, weights_path
from textbook_gym.students.resolve import split_name
from textbook_gym.students.text_student import TALK_ROWS
from textbook_gym.study.jobs import Job

ASIDE = ("books", "classics", "cli", "metrics", "report", "train")
"""Packages that rows do not depend on, or, books and classics, by way of the rules that are walked alone."""


# --- what a job depends on -----------------------------------------------------------------


@functools.cache
def walking_digest() -> str:
    """Return a digest of this package's version and of all its sources but those in `ASIDE`."""
    here = pathlib.Path(__file__).parent.parent
    digest = hashlib.sha256(__version__.encode())
    for file in sorted(here.rglob("*.py"), key=lambda f: f.relative_to(here).parts):
        parts = file.relative_to(here).parts
        if parts[0] not in ASIDE:
            digest.update("/".join(parts).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


@functools.cache
def rules_digest(path: str) -> str:
    """Return a digest of the rules of a book, of the compiled loops around them and of the compiler's version."""
    return engine.book_digest(read(path))


def student_digest(student: Any) -> str:
    """Return a digest of what a student is, or "" where that cannot be known.

    For a name its record; for a file its bytes, with the versions of SB3 and torch; for a module its source, but not
    what that imports; for a command its words, and the bytes of those that name files.
    """
    if isinstance(student, Reference):
        return hashlib.sha256(repr(student).encode()).hexdigest()
    if not isinstance(student, str):
        return ""
    plain = split_name(student)[1]
    digest = hashlib.sha256(plain.encode())
    files: list[str] = []
    if plain.startswith("cmd:"):
        with contextlib.suppress(ValueError):  # quotes that the shell may understand
            files = shlex.split(plain.removeprefix("cmd:"))
    elif plain in TRAINED:
        files = [str(path) for path in sorted(weights_path(plain, "").parent.glob(f"*{ARRAYS}"))]
    elif plain.endswith(ARRAYS):
        files = [plain]
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
    chosen = {k: v for k, v in job._asdict().items() if k not in ("student", "name", "timeout", "folder")}
    every = [TALK_ROWS.descr, walking_digest(), rules_digest(job.path), chosen]
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
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=folder, suffix=".part") as file:
                reserve(file, max(bytes_needed, 1))
        except OSError as error:
            needed = f"{bytes_needed / 1e6:.0f} MB"
            raise OSError(f"cannot write {needed} to {folder}: {error.strerror}; make room or choose --out") from error

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
        return rows if rows.dtype in (ROWS, TALK_ROWS) and rows.shape == job.shape else None

    def put(self, job: Job, rows: np.ndarray) -> None:
        """Keep the rows of a job, unless it cannot be known what its student is."""
        if not job.key:
            return
        with beside(self.path(job)) as part, part.open("wb") as file:
            np.save(file, rows, allow_pickle=False)


def reserve(file: Any, size: int) -> None:
    """Make a fresh file so large that the disk must have the room."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
        return
    block = bytes(1 << 20)
    for start in range(0, size, len(block)):
        file.write(block[: size - start])
