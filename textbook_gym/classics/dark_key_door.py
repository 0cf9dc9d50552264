"""DarkKeyDoor: find an invisible key, then an invisible door, in a room.

The room is a square of `size` x `size` cells; the agent starts anywhere and knows only where it is. Key and door, the
same throughout an edition, may be in any cell. An exercise is an episode of `steps` steps, an edition has `episodes`.

The published task
    Laskin et al. 2022, In-context Reinforcement Learning with Algorithm Distillation (arXiv 2210.14215), Dark
    Key-to-Door: 9 x 9, 50 steps, reward 1 once for the key and 1 once for the door, 81^2 = 6,561 tasks, random start.

Raw reward
    1 after the step that finds the key, 1 after the step that opens the door.

Mark
    Raw reward of the episode / 2. `newcomer` is measured at the defaults.

What the paper leaves open, and what was chosen
    Key and door may share a cell; the step that finds the key then opens the door too, and pays 2, as in an agent that
    stands there; so 6,561 tasks. Starting on the key finds it with the first step that ends there. An episode goes on
    after the door is open. The default of 20 episodes is ours.

Model student
    Walks to the nearest cell where what it looks for can still be; remembers key and door.
"""

from typing import Any, NamedTuple

from textbook_gym.authoring import Field, Parameter, Record, Signal, below, rule
from textbook_gym.classics.dark_room import (
    AGENT,
    PLACE,
    Action,
    cell_of,
    clear,
    draw,
    move,
    nearest,
    observe,
    raw,
    tell,
    towards,
)

__all__ = ["Action", "draw", "observe", "raw", "tell"]  # as in the dark room


class Chapter(NamedTuple):
    """What parameters fix."""

    name: str
    exercises: int  # episodes
    limit: int  # steps
    newcomer: float  # expected mark of the model student without its notes, measured at the defaults
    size: int  # cells along a wall


STATE = (
    *AGENT,
    Field("key", "i2", "1 once the key is found"),
    Field("door", "i2", "1 once the door is open"),
)

SIGNALS = (
    *PLACE,
    Signal("reward", 0.0, 2.0, "reward of the last step"),
)

PARAMETERS = (
    Parameter("size", 9, "cells along a wall", 3, 64),
    Parameter("steps", 50, "steps of an episode", 1, 1000),
    Parameter("episodes", 20, "episodes with the same key and door", 1, 10_000),
)


def tables(size: int, steps: int, episodes: int) -> dict[str, Any]:
    """Return what depends on the parameters.

    Raises:
        ValueError: there are not enough steps to reach key and door wherever they are.
    """
    if steps < 4 * (size - 1):
        raise ValueError(f"steps={steps}: a room of size={size} needs {4 * (size - 1)} to reach any key and door")
    cells = size * size
    return {
        "CHAPTERS": (Chapter("key and door", episodes, steps, 0.41, size),),
        "EDITION": (
            Field("key", "i2", "cell of the key, row by row", low=0, high=cells - 1),
            Field("door", "i2", "cell of the door", low=0, high=cells - 1),
        ),
        "STATE": (*STATE, Field("been", "i1", "1 for a cell visited in this episode", (size, size))),
        "NOTES": (
            Field("key", "i2", "1 + cell of the key, 0 while it is not known"),
            Field("door", "i2", "1 + cell of the door, 0 while it is not known"),
            Field("keyless", "i1", "1 for a cell that is not the key's", (cells,)),
            Field("doorless", "i1", "1 for a cell that is not the door's", (cells,)),
            Field("held", "i1", "this page: rewards so far"),
        ),
    }


# --- the rules -----------------------------------------------------------------------


@rule
def write(e: Record, s: Record) -> None:
    """Draw key and door."""
    e.key = below(s, s.been.shape[0] * s.been.shape[1])
    e.door = below(s, s.been.shape[0] * s.been.shape[1])


@rule
def pose(p: Record, e: Record, s: Record) -> None:
    """Put the agent anywhere."""
    s.row = below(s, p.size)
    s.column = below(s, p.size)
    clear(s)
    s.paid = 0
    s.key = 0
    s.door = 0


@rule
def step(p: Record, e: Record, s: Record, action: int) -> bool:
    """Take one step; the limit ends the exercise."""
    move(p, s, action)
    at = s.row * p.size + s.column
    s.paid = 0
    if s.key == 0 and at == e.key:
        s.key = 1
        s.paid = 1
    if s.key == 1 and s.door == 0 and at == e.door:
        s.door = 1
        s.paid += 1
    return False


@rule
def mark(p: Record, s: Record) -> float:
    """Return the share of key and door that was reached."""
    return (s.key + s.door) / 2


@rule
def oracle(p: Record, e: Record, s: Record) -> int:
    """Go to the key, then to the door."""
    return towards(p.size, s.row, s.column, e.key if s.key == 0 else e.door)


# --- the model student -----------------------------------------------------------------


@rule
def open_page(p: Record, n: Record, o: Record) -> None:
    """Nothing is held yet."""
    n.held = 0


@rule
def study(p: Record, n: Record, before: Record, action: int, o: Record) -> None:
    """Note what was found here, or that it is not here."""
    at = cell_of(p, o)
    found = round(o.reward)
    if n.held == 0:
        if found > 0:
            n.key = at + 1
        else:
            n.keyless[at] = 1
    if n.held + found == 2 and found > 0:
        n.door = at + 1
    elif n.held + found == 1:
        n.doorless[at] = 1
    n.held += found


@rule
def answer(p: Record, n: Record, o: Record) -> int:
    """Go to what is next, or look for it."""
    at = cell_of(p, o)
    if n.held == 0:
        cell = n.key - 1 if n.key > 0 else nearest(p.size, at, n.keyless)
    else:
        cell = n.door - 1 if n.door > 0 else nearest(p.size, at, n.doorless)
    return towards(p.size, at // p.size, at % p.size, cell)
