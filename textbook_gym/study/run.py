"""Study: students walk editions under controls, and what they were marked becomes one tidy table.

A row is an exercise; `COLUMNS` says what stands in it. Every student and every control meets the same editions.
"""

import contextlib
import pathlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, cast

import numpy as np
import polars as pl

from textbook_gym.authoring.book import read
from textbook_gym.engine.course import Split
from textbook_gym.engine.course_options import member
from textbook_gym.errors import is_one, whole
from textbook_gym.metrics.table import COLUMNS
from textbook_gym.registry import BOOKS, find
from textbook_gym.students.base import REFERENCES, TIMEOUT, Agent, Reference
from textbook_gym.students.parse import as_student, split_name, student_name
from textbook_gym.study.cache import Parts, student_digest
from textbook_gym.study.controls import DEFAULT, check_controls, controls_of
from textbook_gym.study.jobs import AGENT_BLOCK, BLOCK, ROW_BYTES, Job, loaded
from textbook_gym.study.runners import Runner, here
from textbook_gym.study.worlds import salt_of, seal_digest, secret

Progress = Callable[[str, int, int], None]
"""Told what was walked last, how many courses are done since the work began, and how many are left."""


class Walker(NamedTuple):
    """A student of a study, with a seed."""

    given: Any  # what `as_student` takes
    found: Reference | Agent
    seed: int
    key: str  # digest of what it is, "" if that cannot be known


def walkers(students: Sequence[Any], seeds: int | Sequence[int], timeout: float = TIMEOUT) -> list[Walker]:
    """Return every student once for each seed, which takes the place of `{seed}` in a string.

    Raises:
        ValueError: a student is not known, two are called the same, or a seed is no whole number >= 0.
    """
    every: list[Any] = [seeds] if is_one(seeds) else [*cast("Iterable[Any]", seeds)]
    if not every or not students:
        raise ValueError(f"students {list(students)!r} and seeds {every!r}: give at least one of each")
    every = [whole("seed", seed, 0, (1 << 63) - 1) for seed in every]
    made = []
    for student in students:
        if isinstance(student, str) and "{seed}" in student and split_name(student)[0] is None:
            raise ValueError(f"student {student!r} is another one for every seed: name them, as in ppo={student}")
        for seed in every:
            given = student.replace("{seed}", str(seed)) if isinstance(student, str) else student
            key = student_digest(given)
            found = loaded(given, timeout, key) if isinstance(given, str) else as_student(given)
            made.append(Walker(given, found, int(seed), key))
    called = [(w.found.name, w.seed) for w in made]
    for name, seed in called:
        if called.count((name, seed)) > 1:
            raise ValueError(f"two students are called {name!r} with seed {seed}: name them, as in mine={name}")
    return made


def check_books(books: Sequence[str] | None) -> list[str]:
    """Return the names of the books that are asked for, None standing for all; refuse none and twice the same."""
    for book in books or ():
        if "?" in str(book):
            plain = str(book).partition("?")[0]
            raise ValueError(f"book {book!r}: a study walks a classic as it is; leave the parameters out: {plain!r}")
    names = list(BOOKS) if books is None else [find(book).name for book in books]
    if not names or len(set(names)) != len(names):
        raise ValueError(f"books {names!r}: name at least one and none twice")
    return names


def make_jobs(
    students: Sequence[Walker],
    books: Sequence[str] | None,
    editions: int,
    split: str,
    controls: Sequence[str],
    lanes: int | None = None,
    timeout: float = TIMEOUT,
    salt: int = 0,
) -> list[Job]:
    """Return the jobs of a study in the order of its table: by book, student, seed, control and edition."""
    jobs = []
    for book in map(find, check_books(books)):
        for who in students:
            size = BLOCK if isinstance(who.found, Reference) else AGENT_BLOCK
            for control in controls_of(who.found, controls):
                for start in range(0, editions, size):
                    stop = min(start + size, editions)
                    place = (book.name, book.path, split, control, who.seed, start, stop)
                    jobs.append(Job(who.given, who.found.name, *place, lanes, timeout, salt, who.key))
    return jobs


def study(
    students: Sequence[Any] = tuple(REFERENCES),
    books: Sequence[str] | None = None,
    *,
    editions: int = 256,
    split: str = "test",
    controls: Sequence[str] = DEFAULT,
    seed: int | Sequence[int] = 0,
    threads: int | None = None,
    lanes: int | None = None,
    timeout: float = TIMEOUT,
    sealed: str | None = None,
    folder: str | pathlib.Path | None = None,
    runner: Runner | None = None,
    progress: Progress | None = None,
) -> pl.DataFrame:
    """Walk students through editions 0, 1, ... of books under controls.

    Args:
        students: random, newcomer, model, oracle, an SB3 .zip, module:callable, or cmd:command; name=... before it
            names it. From Python also functions and models; see `students.as_student`.
        books: names of books (default: all).
        editions: how many editions of each book.
        split: which editions: test, train or all.
        controls: how the course is changed, keys of `controls.CONTROLS`, or all. Students without a memory walk only
            as kept.
        seed: of the students' own randomness, put in place of {seed} in a student. Several are replicates: every
            student walks once with each.
        threads: most threads to use where no runner is given; None for all cores.
        lanes: courses that a student from outside walks side by side (default: what it asks for, or else 64).
        timeout: seconds that cmd: has for every answer.
        sealed: a secret of 16 characters or more, or @FILE that holds it: what edition numbers stand for then follows
            from it too, so that nobody can have met, or look up, the worlds who does not know it. `study.json` names it
            by its SHA-256; to let others validate the study, publish it afterwards.
        folder: where to keep what is done, so that the same call, interrupted, goes on; objects are walked anew.
        runner: who walks: `workers.processes(n)` or `workers.cluster(address)`; None for this process. The table does
            not depend on it. Called from a script, processes need the usual `if __name__ == "__main__":`.
        progress: see `Progress`.

    Returns:
        the tidy table, with the columns of `COLUMNS`.

    Raises:
        ValueError: an unknown student, book, split or control, or an answer that a student may not give.
        OSError: the folder cannot be written.
    """
    editions = whole("editions", editions, 1)
    lanes = None if lanes is None else whole("lanes", lanes, 1, otherwise=", or None")
    chosen = check_controls(controls)
    member(Split, "split", split)
    who = walkers(students, seed, timeout)
    for walker in who if runner else ():
        if not isinstance(walker.given, (str, Reference)):
            raise ValueError(f"student {walker.found.name!r} cannot be sent to workers; give it as a string")
    jobs = make_jobs(who, books, editions, split, chosen, lanes, timeout, salt_of(secret(sealed)))
    cells = sum(rows * columns for rows, columns in (job.shape for job in jobs))
    parts = Parts(pathlib.Path(folder) / "parts", cells * ROW_BYTES) if folder is not None else None
    results = {job[1:]: rows for job in jobs if parts and (rows := parts.get(job)) is not None}
    waiting = [job for job in jobs if job[1:] not in results]
    done, left = 0, sum(job.shape[0] for job in waiting)
    with contextlib.closing((runner or here(threads))(waiting)) as walked:
        for job, rows in walked:
            if parts:
                parts.put(job, rows)
            results[job[1:]] = rows
            done, left = done + len(rows), left - len(rows)
            if progress:
                progress(str(job), done, left)
    return pl.concat([frame(results[job[1:]], job) for job in jobs])


def settings_of(
    students: Sequence[Any],
    books: Sequence[str] | None,
    editions: int,
    split: str,
    controls: Sequence[str],
    seed: int | Sequence[int],
    sealed: str | None = None,
    **rest: Any,
) -> dict[str, Any]:
    """Return what `study.json` says of these arguments of `study`; the others change nothing in the table."""
    hidden = secret(sealed)
    return {
        "students": [student_name(s) if isinstance(s, str) and "cmd:" in s else s for s in students],
        "books": check_books(books),
        "editions": editions,
        "split": split,
        "controls": list(check_controls(controls)),
        "seeds": [seed] if isinstance(seed, (int, np.integer)) else list(seed),
        **({} if hidden is None else {"sealed": seal_digest(hidden)}),
    }


def courses(students: Sequence[Any], books: Sequence[str] | None, editions: int, controls: Sequence[str]) -> int:
    """Return how many courses a study walks with one seed."""
    jobs = make_jobs(walkers(students, 0), books, editions, "test", check_controls(controls))
    return sum(job.stop - job.start for job in jobs)


def frame(rows: np.ndarray, job: Job) -> pl.DataFrame:
    """Return the rows of a job as a tidy table."""
    flat = rows.reshape(-1)
    values: dict[str, Any] = {name: np.ascontiguousarray(flat[name]) for name in rows.dtype.names or ()}
    values["edition"] = np.repeat(np.arange(job.start, job.stop, dtype=np.int64), rows.shape[1])
    told = read(job.path).has_shortcut
    table = pl.DataFrame(values).with_columns(
        pl.lit(job.name).alias("student"),
        pl.lit(job.seed).cast(pl.Int64).alias("seed"),
        *(pl.lit(getattr(job, name)).alias(name) for name in ("book", "split", "control")),
        *(pl.when(told).then(pl.col(name)).alias(name) for name in ("visible", "shortcuts")),
    )
    return table.select(*COLUMNS)
