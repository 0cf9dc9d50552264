"""Students: whatever acts. Reference students run inside compiled loops, all others through the lanes of a batch.

A student that is not a reference student is any object with

    act(observations, info) -> actions        float32 (lanes, width), and info and reward of the last step as a dict
                                              of arrays -> int (lanes,)
    wipe(mask)                                forget everything in the lanes of the mask (bool)
    begin(book, lanes, seed)                  called before a batch of courses; starts afresh

`act` is also asked when an exercise is over (`info["exercise_done"]`), so that its outcome can be learned from; what it
answers then only turns the page. A lane whose course is over (`info["book_done"]`) shows its last page until the others
are there, too. Memory is taken away by `wipe` and `begin` and by nothing else: under some controls two courses follow
each other without a `begin` between them. A student may offer besides

    remembers                                 False: nothing could be forgotten, so it walks only with memory kept
    lanes                                     most courses that it walks side by side (64 where it does not say)
    carry()                                   called where the next course is of another edition and nothing is to be
                                              forgotten (the control "foreign")
    close()                                   called when a block of courses is done or given up

`as_student` turns a function of the observations, a Stable-Baselines3 model, a name, a path or a command into one.
"""

import importlib
import pathlib
import re
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple, Protocol

import numpy as np

from textbook_gym.book import Book
from textbook_gym.kernel import ROWS, Student, Wipe
from textbook_gym.lanes import Lanes
from textbook_gym.registry import did_you_mean
from textbook_gym.rng import mix

TIMEOUT = 60.0  # seconds that a command has for an answer, unless told otherwise


class Reference(NamedTuple):
    """A student that every book brings along, run inside the compiled loop.

    `who` acts in each exercise of the course, repeated as often as needed: normally one entry for all.
    """

    name: str
    who: tuple[Student, ...]
    wipe: Wipe = Wipe.NEVER

    @property
    def remembers(self) -> bool:
        """Whether there is a memory between exercises that a control could take away."""
        return Student.MODEL in self.who and self.wipe == Wipe.NEVER


REFERENCES = {
    r.name: r
    for r in (
        Reference("random", (Student.RANDOM,)),
        Reference("newcomer", (Student.MODEL,), Wipe.EXERCISE),
        Reference("model", (Student.MODEL,)),
        Reference("oracle", (Student.ORACLE,)),
    )
}


class Agent(Protocol):
    """What a student from outside offers; see the top of this file."""

    name: str

    def begin(self, book: Book, lanes: int, seed: int) -> None:
        """Start afresh with so many lanes."""

    def act(self, observations: np.ndarray, info: dict[str, np.ndarray]) -> np.ndarray:
        """Return one action a lane."""

    def wipe(self, mask: np.ndarray) -> None:
        """Forget everything in the lanes of the mask."""


class FunctionAgent:
    """A function of the observations as a student; without a memory there is nothing to wipe."""

    remembers = False

    def __init__(self, function: Callable[[np.ndarray], Any], name: str) -> None:
        self.function, self.name = function, name

    def begin(self, book: Book, lanes: int, seed: int) -> None:
        """Nothing to prepare."""

    def act(self, observations: np.ndarray, info: dict[str, np.ndarray]) -> np.ndarray:
        """Return what the function returns."""
        return np.asarray(self.function(observations))

    def wipe(self, mask: np.ndarray) -> None:
        """Nothing to forget."""


class ModelAgent:
    """A Stable-Baselines3 or sb3-contrib model as a student; its memory is the recurrent state, if it has one."""

    def __init__(self, model: Any, name: str = "sb3", deterministic: bool = False) -> None:
        self.model, self.name, self.deterministic = model, name, deterministic

    def begin(self, book: Book, lanes: int, seed: int) -> None:
        """Start every lane with a blank recurrent state."""
        self.state: Any = None
        self.starts = np.ones(lanes, bool)
        self.model.set_random_seed(seed)

    def act(self, observations: np.ndarray, info: dict[str, np.ndarray]) -> np.ndarray:
        """Ask the policy."""
        actions, self.state = self.model.predict(
            observations, state=self.state, episode_start=self.starts, deterministic=self.deterministic
        )
        self.starts = np.zeros_like(self.starts)
        return np.asarray(actions)

    def wipe(self, mask: np.ndarray) -> None:
        """Blank the recurrent state at the next step."""
        self.starts = self.starts | mask


NAMED = re.compile(r"([\w.+-]+)=(.+)", re.DOTALL)
"""`name=student`: what a student is to be called in the table."""


def as_student(student: Any, timeout: float = TIMEOUT) -> Reference | Agent:
    """Return a student from a name, a path, `module:callable`, `cmd:command`, a function, a model or a student.

    Before a string may stand what the student is to be called, as in `mine=cmd:python my_agent.py`.

    Args:
        student: what to make a student of.
        timeout: seconds that a command has for an answer.

    Raises:
        ValueError: it is none of these; the message says what is known.
    """
    if isinstance(student, Reference):
        return student
    if isinstance(student, str):
        named = NAMED.fullmatch(student)
        found = found_student(named[2] if named else student, timeout)
        if named and isinstance(found, Reference):
            return found._replace(name=named[1])
        if named and not isinstance(found, Reference):
            found.name = named[1]
        return found
    if all(hasattr(student, name) for name in ("act", "wipe", "begin", "name")):
        agent: Agent = student
        return agent
    if hasattr(student, "predict"):
        from textbook_gym.worn import as_worn

        return as_worn(student)
    if callable(student):
        return FunctionAgent(student, getattr(student, "__name__", "function"))
    raise ValueError(f"student {student!r}: give a name, an SB3 model, a function or an object with `act`")


def found_student(student: str, timeout: float) -> Reference | Agent:
    """Return the student that a string without a name before it stands for."""
    if student in REFERENCES:
        return REFERENCES[student]
    if student.startswith("cmd:"):
        from textbook_gym.process import ProcessAgent

        return ProcessAgent(student.removeprefix("cmd:"), timeout)
    if student.endswith(".zip"):
        from textbook_gym.sb3 import load_model
        from textbook_gym.worn import as_worn

        return as_worn(load_model(student), pathlib.Path(student).stem)
    module, colon, attribute = student.partition(":")
    if not colon:
        hint = did_you_mean(student, list(REFERENCES))
        known = ", ".join(REFERENCES)
        raise ValueError(f"student {student!r}{hint}: give {known}, a .zip of SB3, module:callable, or cmd:command")
    try:
        made = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"student {student!r} cannot be imported: {error}") from error
    made = made() if isinstance(made, type) else made
    return as_student(made) if hasattr(made, "act") else FunctionAgent(made, student)


def walk(
    student: Reference | Agent,
    lanes: Lanes,
    editions: Sequence[int],
    wipe: Wipe,
    seed: int = 0,
    before: tuple[Lanes, Sequence[int]] | None = None,
    skipped: int = 0,
) -> np.ndarray:
    """Let a student walk one course in each lane, cover to cover.

    Args:
        student: who walks.
        lanes: as many as editions, with episode="book".
        editions: edition numbers.
        wipe: when its memory is taken away.
        seed: for the student's own randomness, mixed with the edition numbers (for one from outside: with the first).
        before: as many other lanes, and editions, that it walks first and whose memory it keeps. If they are the same
            editions, what it did to them lasts, too.
        skipped: exercises of the book before the course, where `who` of a reference student counts on from.

    Returns:
        records of type `ROWS`, shape (lanes, exercises of the course), with true marks, the exam's too.
    """
    walks = [(*before, 0)] if before else []
    walks.append((lanes, editions, skipped))
    left = before[0] if before and list(before[1]) == list(editions) else None
    if isinstance(student, Reference):
        notes = np.zeros(len(lanes), lanes.book.notes)
        notes["rng"] = [stream(seed, edition) for edition in editions]
        wipe = student.wipe if wipe == Wipe.NEVER else wipe
        for course, numbers, done in walks:
            open_editions(course, numbers, left if course is lanes else None)
            who = [student.who[(done + k) % len(student.who)] for k in range(int(course.plan["exercises"].sum()))]
            rows = course.engine.walk(course.records, course.plan, notes, who, wipe, course.threads)
        return rows
    student.begin(lanes.book, len(lanes), stream(seed, editions[0]) >> 33)
    for course, numbers, _ in walks:
        if course is lanes and before and hasattr(student, "carry"):
            student.carry()
        room = open_editions(course, numbers, left if course is lanes else None)
        rows = walk_agent(student, course, *room, wipe)
    return rows


def stream(seed: int, edition: int) -> int:
    """Return the random stream (64 bits) of a student that walks an edition: mixed, so that no two share one."""
    pen = SimpleNamespace()
    mix(pen, seed, edition)
    return int(pen.rng)


def open_editions(lanes: Lanes, editions: Sequence[int], left: Lanes | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Open one edition in each lane, at its first page, whatever stood there before; return `seen` and `out`.

    `left` are lanes in which the same editions were walked: what outlived the exercises there is taken over.
    """
    _, seen, out = lanes.room()
    every = np.ones(len(lanes), np.bool_)
    lanes.reset(every, seen, out, {"edition": list(editions)}, [0] * len(lanes))
    lasting = [f.name for f in lanes.book.module.STATE if f.lasting]
    if left is not None and lasting:
        for name in lasting:
            lanes.records["state"][name] = left.records["state"][name]
        lanes.reset(every, seen, out)  # poses the first page anew: nothing was done in it yet
    return seen, out


def walk_agent(agent: Agent, lanes: Lanes, seen: np.ndarray, out: np.ndarray, wipe: Wipe) -> np.ndarray:
    """Let a student from outside walk: all lanes step together, finished ones wait."""
    n, total = len(lanes), int(lanes.plan["exercises"].sum())
    rows = np.zeros((n, total), ROWS)
    clock = lanes.records["clock"]
    page = np.zeros(n, int)  # exercises finished
    rewards = np.zeros(n)
    while True:
        info = {key: out[key].copy() for key in (*lanes.info_keys, "reward")}  # memories are told rewards too
        flat = seen.view(np.float32).reshape(n, -1).copy()
        actions = lanes.check_actions(agent.act(flat, info))
        if (page == total).all():  # now the last page has been seen, too
            return rows
        open_before = ~out["exercise_done"]
        lanes.advance(actions, seen, out)
        rewards += out["reward"]
        for i in np.flatnonzero(out["exercise_done"] & open_before):
            c = clock[i]
            rows[i, page[i]] = (
                *(out[i][k] for k in ("chapter", "exercise")), c["step"], out[i]["shortcuts"],
                c["mark"], c["grade"], rewards[i], c["visible"],
            )  # fmt: skip
            page[i] += 1
            rewards[i] = 0.0
        turned = ~out["exercise_done"] & ~open_before
        if wipe == Wipe.CHAPTER:
            turned &= out["exercise"] == 1
        if wipe != Wipe.NEVER and turned.any():
            agent.wipe(turned)
