"""Students: whatever acts. Reference students run inside compiled loops, all others through the lanes of a batch.

A student that is not a reference student is any object with

    act(observations, info) -> actions        float32 (lanes, width), and info and reward of the last step as a dict
                                              of arrays -> int (lanes,)
    wipe(mask)                                forget everything in the lanes of the mask (bool)
    begin(book, lanes, seed)                  called before a batch of courses; starts afresh

`act` is also asked when an exercise is over (`info["exercise_done"]`), so that its outcome can be learned from; what it
answers then only turns the page. A lane whose course is over (`info["book_done"]`) shows its last page until the others
are there, too. `info["edition"]` counts the editions since `begin`, from 0: the number by which a study knows an
edition would tell which world it is. Memory is taken away by `wipe` and `begin` and by nothing else: under some
controls two courses follow each other without a `begin` between them. A student may offer besides

    remembers                                 False: nothing could be forgotten, so it walks only with memory kept
    lanes                                     most courses that it walks side by side (64 where it does not say)
    carry()                                   called where the next course is of another edition and nothing is to be
                                              forgotten (the control "foreign")
    expect(observation_space, action_space)   called before `begin` where a memory shows it more than the book does
    close()                                   called when a block of courses is done or given up

`as_student` turns a function of the observations, a Stable-Baselines3 model, a name, a path or a command into one.
"""

from typing import NamedTuple, Protocol

import numpy as np

from textbook_gym.authoring.abilities import Ability
from textbook_gym.authoring.book import Book
from textbook_gym.engine.loops import Actor, Wipe

PERSON = "human:"  # what the name of a person who played begins with
TIMEOUT = 60.0  # seconds that a command has for an answer, unless told otherwise


class Reference(NamedTuple):
    """A student that every book brings along, run inside the compiled loop.

    `who` acts in each exercise of the course, repeated as often as needed: normally one entry for all. `lacks` is the
    ability that the model student has to do without, see `textbook_gym.authoring.abilities`; 0 for none.

    Example:
        >>> REFERENCES["model"].remembers, REFERENCES["newcomer"].remembers
        (True, False)
    """

    name: str
    who: tuple[Actor, ...]
    wipe: Wipe = Wipe.NEVER
    lacks: int = 0

    @property
    def remembers(self) -> bool:
        """Whether there is a memory between exercises that a control could take away."""
        return Actor.MODEL in self.who and self.wipe == Wipe.NEVER


REFERENCES = {
    r.name: r
    for r in (
        Reference("random", (Actor.RANDOM,)),
        Reference("newcomer", (Actor.MODEL,), Wipe.EXERCISE),
        Reference("model", (Actor.MODEL,)),
        Reference("oracle", (Actor.ORACLE,)),
    )
}


WIPED = {Ability.LEARNING: Wipe.EXERCISE, Ability.RETENTION: Wipe.CHAPTER}
"""Abilities that a wipe of the notes takes away, and when they are wiped."""

ABLATED = {
    f"model-{a.word}": Reference(
        f"model-{a.word}", (Actor.MODEL,), WIPED.get(a, Wipe.NEVER), 0 if a in WIPED else int(a)
    )
    for a in Ability
}
"""The model student without one ability, by name: `model-exploration` and so on. In a book that says nothing of that
ability it is the model student itself."""

NAMED_STUDENTS = {**REFERENCES, **ABLATED}
"""Every student that stands for itself by name."""


class Agent(Protocol):
    """What a student from outside offers; see the top of this file.

    Example:
        class First:  # pulls the first arm, whatever it sees
            name = "first"

            def begin(self, book, lanes, seed): ...
            def act(self, observations, info): return np.zeros(len(observations), int)
            def wipe(self, mask): ...
    """

    name: str

    def begin(self, book: Book, lanes: int, seed: int) -> None:
        """Start afresh with so many lanes."""

    def act(self, observations: np.ndarray, info: dict[str, np.ndarray]) -> np.ndarray:
        """Return one action a lane."""

    def wipe(self, mask: np.ndarray) -> None:
        """Forget everything in the lanes of the mask."""
