"""Study: students walk editions under controls, and what they were marked becomes one tidy table.

A row is an exercise; `metrics.table.MARKS_COLUMNS` says what stands in it. Every student and every control meets the
same editions.
"""

import contextlib
import pathlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, cast

import numpy as np
import polars as pl

from textbook_gym.authoring.book import read
from textbook_gym.engine.chapter_plan import outline
from textbook_gym.engine.course_options import member
from textbook_gym.engine.splits import Split
from textbook_gym.errors import is_one, whole
from textbook_gym.metrics.table import MARKS_COLUMNS, SPOKEN
from textbook_gym.registry import BOOKS, find
from textbook_gym.students.base import REFERENCES, TIMEOUT, Reference
from textbook_gym.students.resolve import Student, as_student, split_name, student_name
from textbook_gym.students.text_student import TextStudent
from textbook_gym.study.cache import Parts, student_digest
from textbook_gym.study.controls import check_controls, controls_of
from textbook_gym.study.edition_digests import salt_of, seal_digest, secret
from textbook_gym.study.jobs import AGENT_BLOCK, BLOCK, ROW_BYTES, TALK_BLOCK, Job, blocks, loaded
from textbook_gym.study.protocols import PLAIN_PROTOCOL, Protocol, settled_protocol
from textbook_gym.study.runners import Runner, here

Progress = Callable[[str, int, int], None]
"""Told what was walked last, how many courses are done since the work began, and how many are left."""


class Walker(NamedTuple):
    """A student of a study, with a seed."""

    given: Any  # what `as_student` takes
    found: Student
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
    editions: int | Sequence[int],
    split: str,
    controls: Sequence[str],
    lanes: int | None = None,
    timeout: float = TIMEOUT,
    course: str | None = None,
    folder: str = "",
    salt: int = 0,
) -> list[Job]:
    """Return the jobs of a study in the order of its table: by book, student, seed, control and edition.

    `editions` is how many, numbered 0, 1, ..., or their numbers, ascending.
    """
    jobs = []
    for book in map(find, check_books(books)):
        outline(book, course)  # refuses a course that the book does not name
        for who in students:
            size = block_of(who.found)
            for control in controls_of(who.found, controls):
                for start, stop in blocks(editions, size):
                    place = (book.name, book.path, split, course, control, who.seed, start, stop)
                    jobs.append(Job(who.given, who.found.name, *place, lanes, timeout, salt, who.key, folder))
    return jobs


def block_of(student: Student) -> int:
    """Return how many courses of a student make a job."""
    if isinstance(student, TextStudent):
        return TALK_BLOCK
    return BLOCK if isinstance(student, Reference) else AGENT_BLOCK


def study(
    students: Sequence[Any] = tuple(REFERENCES),
    books: Sequence[str] | None = None,
    *,
    protocol: str | None = None,
    course: str | None = PLAIN_PROTOCOL.course,
    editions: int = PLAIN_PROTOCOL.editions,
    split: str = PLAIN_PROTOCOL.split,
    controls: Sequence[str] = PLAIN_PROTOCOL.controls,
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
        students: random, newcomer, model, oracle, in-context (a trained network, `students.in_context`), an SB3 .zip,
            a .npz of `textbook-gym train`, module:callable, cmd:command, or chat:URL#MODEL, a language model; name=...
            before it names it. From Python also functions and models; see `students.resolve.as_student`, and
            `students.scripted_talkers.Talker` for functions of a conversation.
        books: names of books (default: all).
        protocol: settings under a name, in place of course, editions, split and controls: seminar.
        course: a course that the books name, short or seminar (default: the whole book).
        editions: how many editions of each book.
        split: which editions: test, train or all.
        controls: how the course is changed, keys of `controls.CONTROLS`, or all that the students can walk. Students
            without a memory walk only as kept.
        seed: of the students' own randomness, put in place of {seed} in a student. Several are replicates: every
            student walks once with each.
        threads: most threads to use where no runner is given; None for all cores.
        lanes: courses that a student from outside walks side by side (default: what it asks for, or else 64; 8
            conversations of a language model).
        timeout: seconds that cmd: has for every answer.
        sealed: a secret of 16 characters or more, or @FILE that holds it: what edition numbers stand for then follows
            from it too, so that nobody can have met, or look up, the worlds who does not know it. `study.json` names it
            by its SHA-256; to let others validate the study, publish it afterwards.
        folder: where to keep what is done, so that the same call, interrupted, goes on; objects are walked anew.
        runner: who walks: `runners.processes(n)` or `runners.cluster(address)`; None for this process. The table does
            not depend on it. Called from a script, processes need the usual `if __name__ == "__main__":`.
        progress: see `Progress`.

    Returns:
        the tidy table, with the columns of `MARKS_COLUMNS`, and those of `SPOKEN` where a student talks.

    Raises:
        ValueError: an unknown student, book, split or control, or an answer that a student may not give.
        OSError: the folder cannot be written, or a language model does not answer.

    Examples:
        study(["model"], ["Bandits"], editions=16)
        study(["chat:http://127.0.0.1:8000/v1#my-model?max_tokens=400"], protocol="seminar", folder="study")
        study([Talker(lambda messages: "<action>PULL_A</action>", "stubborn")], ["Bandits"], course="seminar")
    """
    lanes = None if lanes is None else whole("lanes", lanes, 1, otherwise=", or None")
    who = walkers(students, seed, timeout)
    chosen = checked(who, protocol, course, editions, split, controls)
    for walker in who if runner else ():
        if not isinstance(walker.given, (str, Reference)):
            raise ValueError(f"student {walker.found.name!r} cannot be sent to workers; give it as a string")
    place = str(pathlib.Path(folder).absolute()) if folder is not None else ""
    which = chosen.editions, chosen.split, chosen.controls
    jobs = make_jobs(who, books, *which, lanes, timeout, chosen.course, place, salt_of(secret(sealed)))
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
    return pl.concat([frame(results[job[1:]], job) for job in jobs], how="diagonal")


def checked(
    students: Sequence[Walker],
    protocol: str | None,
    course: str | None,
    editions: int,
    split: str,
    controls: Sequence[str],
) -> Protocol:
    """Return what a study walks, checked.

    Raises:
        ValueError: an unknown protocol, split or control, or a control that a student cannot walk.
    """
    editions = whole("editions", editions, 1)
    member(Split, "split", split)
    asked = settled_protocol(protocol, Protocol(course, editions, split, tuple(controls)))
    return asked._replace(controls=check_controls(asked.controls, [w.found for w in students]))


def published(student: Any) -> str:
    """Return what `study.json` calls a student: the string that makes it again, but of a command only its name."""
    if not isinstance(student, str):
        return student.name
    return student_name(student) if "cmd:" in student else student


def settings_of(
    students: Sequence[Any],
    books: Sequence[str] | None,
    editions: int,
    split: str,
    controls: Sequence[str],
    seed: int | Sequence[int],
    course: str | None = None,
    protocol: str | None = None,
    timeout: float = TIMEOUT,
    sealed: str | None = None,
    **rest: Any,
) -> dict[str, Any]:
    """Return what `study.json` says of these arguments of `study`; the others change nothing in the table.

    Example:
        chosen = settings_of(["model"], ["Bandits"], editions=16, split="test", controls=["kept", "wiped"], seed=0)
    """
    chosen = checked(walkers(students, seed, timeout), protocol, course, editions, split, controls)
    hidden = secret(sealed)
    return {
        "students": [published(s) for s in students],
        "books": check_books(books),
        "course": chosen.course,
        "editions": chosen.editions,
        "split": chosen.split,
        "controls": list(chosen.controls),
        "seeds": [seed] if isinstance(seed, (int, np.integer)) else list(seed),
        **({} if hidden is None else {"sealed": seal_digest(hidden)}),
    }


def courses(students: Sequence[Any], books: Sequence[str] | None, editions: int, controls: Sequence[str]) -> int:
    """Return how many courses a study walks with one seed."""
    who = walkers(students, 0)
    jobs = make_jobs(who, books, editions, "test", check_controls(controls, [w.found for w in who]))
    return sum(job.stop - job.start for job in jobs)


def frame(rows: np.ndarray, job: Job) -> pl.DataFrame:
    """Return the rows of a job as a tidy table."""
    flat = rows.reshape(-1)
    values: dict[str, Any] = {name: np.ascontiguousarray(flat[name]) for name in rows.dtype.names or ()}
    values["edition"] = np.repeat(np.arange(job.start, job.stop, dtype=np.int64), rows.shape[1])
    has_shortcut = read(job.path).has_shortcut
    table = pl.DataFrame(values).with_columns(
        pl.lit(job.name).alias("student"),
        pl.lit(job.seed).cast(pl.Int64).alias("seed"),
        *(pl.lit(getattr(job, name)).alias(name) for name in ("book", "split", "control")),
        *(pl.when(has_shortcut).then(pl.col(name)).alias(name) for name in ("visible", "shortcuts")),
        *(pl.col(name).fill_nan(None) for name in ("cost",) if name in values),  # NaN: there are no prices
    )
    return table.select(*MARKS_COLUMNS, *(name for name in SPOKEN if name in values))
