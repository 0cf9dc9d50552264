"""Students: whatever acts. Reference students run inside compiled loops, all others through the lanes of a batch.

A student that is not a reference student is any object with

    act(observations, info) -> actions        float32 (lanes, width), and info and reward of the last step as a dict
                                              of arrays -> int (lanes,)
    wipe(mask)                                forget everything in the lanes of the mask (bool)
    begin(book, lanes, seed)                  called before a batch of courses; starts afresh

`as_student` turns a function of the observations, a Stable-Baselines3 model, a name or a path into one.
"""

import importlib
import pathlib
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np

from textbook_gym.book import Book
from textbook_gym.kernel import ROWS, Student, Wipe
from textbook_gym.lanes import Lanes
from textbook_gym.registry import did_you_mean
from textbook_gym.rng import MASK, WEYL


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


def as_student(student: Any) -> Reference | Agent:
    """Return a student from a name, a path, `module:callable`, a function, a model or a student.

    Raises:
        ValueError: it is none of these; the message says what is known.
    """
    if isinstance(student, Reference):
        return student
    if isinstance(student, str):
        if student in REFERENCES:
            return REFERENCES[student]
        if student.endswith(".zip"):
            from textbook_gym.sb3 import load_model
            from textbook_gym.worn import as_worn

            return as_worn(load_model(student), pathlib.Path(student).stem)
        module, colon, attribute = student.partition(":")
        if not colon:
            hint = did_you_mean(student, list(REFERENCES))
            raise ValueError(
                f"student {student!r}{hint}: give {', '.join(REFERENCES)}, a .zip of SB3, or module:callable"
            )
        try:
            made = getattr(importlib.import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            raise ValueError(f"student {student!r} cannot be imported: {error}") from error
        made = made() if isinstance(made, type) else made
        return as_student(made) if hasattr(made, "act") else FunctionAgent(made, student)
    if all(hasattr(student, name) for name in ("act", "wipe", "begin", "name")):
        agent: Agent = student
        return agent
    if hasattr(student, "predict"):
        from textbook_gym.worn import as_worn

        return as_worn(student)
    if callable(student):
        return FunctionAgent(student, getattr(student, "__name__", "function"))
    raise ValueError(f"student {student!r}: give a name, an SB3 model, a function or an object with `act`")


def walk(student: Reference | Agent, lanes: Lanes, editions: list[int], wipe: Wipe, seed: int = 0) -> np.ndarray:
    """Let a student walk one course in each lane, cover to cover.

    Args:
        student: who walks.
        lanes: as many as editions, with episode="book".
        editions: edition numbers.
        wipe: when its memory is taken away.
        seed: for the student's own randomness, mixed with the edition numbers.

    Returns:
        records of type `ROWS`, shape (lanes, exercises of the course), with true marks, the exam's too.
    """
    _, seen, out = lanes.room()
    mask = np.ones(len(lanes), np.bool_)
    lanes.reset(mask, seen, out, {"edition": editions}, [seed] * len(lanes))
    if isinstance(student, Reference):
        notes = np.zeros(len(lanes), lanes.book.notes)
        notes["rng"] = [(edition + 1) * WEYL + seed & MASK for edition in editions]
        wipe = student.wipe if wipe == Wipe.NEVER else wipe
        return lanes.engine.walk(lanes.records, lanes.plan, notes, student.who, wipe, lanes.threads)
    return walk_agent(student, lanes, seen, out, wipe, seed)


def walk_agent(agent: Agent, lanes: Lanes, seen: np.ndarray, out: np.ndarray, wipe: Wipe, seed: int) -> np.ndarray:
    """Let a student from outside walk: all lanes step together, finished ones wait."""
    n, total = len(lanes), int(lanes.plan["exercises"].sum())
    rows = np.zeros((n, total), ROWS)
    agent.begin(lanes.book, n, seed)
    clock = lanes.records["clock"]
    page = np.zeros(n, int)  # exercises finished
    rewards = np.zeros(n)
    while (page < total).any():
        info = {key: out[key].copy() for key in (*lanes.info_keys, "reward")}  # memories are told rewards too
        flat = seen.view(np.float32).reshape(n, -1).copy()
        actions = lanes.check_actions(agent.act(flat, info))
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
    return rows
