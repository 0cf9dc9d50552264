"""DarkRoom: find an invisible goal in a room, then go back to it.

The room is a square of `size` x `size` cells, the agent starts in the middle and knows only where it is. One cell, the
same throughout an edition, is the goal. An exercise is an episode of `steps` steps, an edition has `episodes` of them.

The published task
    Laskin et al. 2022, In-context Reinforcement Learning with Algorithm Distillation (arXiv 2210.14215), Dark Room:
    9 x 9, 20 steps, reward 1 every time the goal is reached; and Dark Room Hard: `size=17`, `sparse=True`, reward 1
    exactly once.

Raw reward
    1 after a step that ends on the goal, standing still included; with `sparse` only the first time of an episode.

Mark
    Raw reward of the episode / most that can be had (the shortest way, then standing still). `newcomer` is measured at
    the defaults.

What the paper leaves open, and what was chosen
    The goal may be any cell, the middle included. An episode goes on after the goal is reached. A step into a wall does
    nothing. The paper's number of episodes depends on the learner that is distilled; the default of 20 is ours.

Model student
    Walks to the nearest cell that it has not yet found empty (lowest number first); once it has found the goal,
    straight to it, and stays.
"""

import enum
from typing import Any, NamedTuple

from textbook_gym.authoring import Field, Parameter, Record, Signal, below, rule


class Action(enum.IntEnum):
    """Move one cell, or stay."""

    UP = 0
    DOWN = 1
    LEFT = 2
    RIGHT = 3
    STAY = 4


class Chapter(NamedTuple):
    """What parameters fix."""

    name: str
    exercises: int  # episodes
    limit: int  # steps
    newcomer: float  # expected mark of the model student without its notes, measured at the defaults
    size: int  # cells along a wall
    sparse: int  # 1 if only the first arrival pays


AGENT = (
    Field("row", "i2", "where the agent is, from the top"),
    Field("column", "i2", "and from the left"),
    Field("paid", "i2", "reward of the last step"),
)

STATE = (
    *AGENT,
    Field("hits", "i2", "rewards of this episode"),
    Field("best", "i2", "most rewards that this episode can bring"),
)

PLACE = (
    Signal("row", 0.0, 1.0, "where the agent is, from the top, as a share of the room"),
    Signal("column", 0.0, 1.0, "and from the left"),
)

SIGNALS = (
    *PLACE,
    Signal("reward", 0.0, 1.0, "reward of the last step"),
)

PARAMETERS = (
    Parameter("size", 9, "cells along a wall", 3, 64),
    Parameter("steps", 20, "steps of an episode", 1, 1000),
    Parameter("episodes", 20, "episodes with the same goal", 1, 10_000),
    Parameter("sparse", False, "whether only the first arrival pays"),
)


def tables(size: int, steps: int, episodes: int, sparse: bool) -> dict[str, Any]:
    """Return what depends on the parameters.

    Raises:
        ValueError: there are not enough steps to reach every cell.
    """
    if steps < 2 * (size // 2):
        raise ValueError(f"steps={steps}: a room of size={size} needs {2 * (size // 2)} to reach every corner")
    return {
        "CHAPTERS": (Chapter("dark room", episodes, steps, 0.15, size, int(sparse)),),
        "EDITION": (Field("goal", "i2", "cell of the goal, row by row", low=0, high=size * size - 1),),
        "STATE": (*STATE, Field("been", "i1", "1 for a cell visited in this episode", (size, size))),
        "NOTES": (
            Field("goal", "i2", "1 + cell of the goal, 0 while it is not known"),
            Field("empty", "i1", "1 for a cell that is not the goal", (size * size,)),
        ),
    }


# --- the rules -----------------------------------------------------------------------


@rule
def write(e: Record, s: Record) -> None:
    """Draw the goal."""
    e.goal = below(s, s.been.shape[0] * s.been.shape[1])


@rule
def clear(s: Record) -> None:
    """Forget where the agent has been, but for where it is."""
    for row in range(s.been.shape[0]):
        for column in range(s.been.shape[1]):
            s.been[row, column] = 0
    s.been[s.row, s.column] = 1


@rule
def pose(p: Chapter, e: Record, s: Record) -> None:
    """Put the agent into the middle."""
    s.row = p.size // 2
    s.column = p.size // 2
    clear(s)
    s.paid = 0
    s.hits = 0
    way = abs(e.goal // p.size - s.row) + abs(e.goal % p.size - s.column)
    s.best = 1 if p.sparse == 1 else p.limit + 1 - max(way, 1)


@rule
def move(p: Chapter, s: Record, action: int) -> None:
    """Move one cell, unless there is a wall."""
    if action == Action.UP:
        s.row = max(s.row - 1, 0)
    elif action == Action.DOWN:
        s.row = min(s.row + 1, p.size - 1)
    elif action == Action.LEFT:
        s.column = max(s.column - 1, 0)
    elif action == Action.RIGHT:
        s.column = min(s.column + 1, p.size - 1)
    s.been[s.row, s.column] = 1


@rule
def step(p: Chapter, e: Record, s: Record, action: int) -> bool:
    """Take one step; the limit ends the exercise."""
    move(p, s, action)
    there = s.row * p.size + s.column == e.goal
    s.paid = 1 if there and (p.sparse == 0 or s.hits == 0) else 0
    s.hits += s.paid
    return False


@rule
def observe(p: Chapter, s: Record, o: Record) -> None:
    """Write what the student may see."""
    o.row = s.row / (p.size - 1)
    o.column = s.column / (p.size - 1)
    o.reward = s.paid


@rule
def mark(p: Chapter, s: Record) -> float:
    """Return the rewards had, as a share of the most that could be."""
    return s.hits / s.best


@rule
def raw(p: Chapter, s: Record) -> float:
    """Return the reward of the last step."""
    return float(s.paid)


@rule
def towards(size: int, row: int, column: int, cell: int) -> int:
    """Return the step that leads to a cell, up and down first."""
    if row != cell // size:
        return Action.UP.value if row > cell // size else Action.DOWN.value
    if column != cell % size:
        return Action.LEFT.value if column > cell % size else Action.RIGHT.value
    return Action.STAY.value


@rule
def oracle(p: Chapter, e: Record, s: Record) -> int:
    """Go to the goal and stay."""
    return towards(p.size, s.row, s.column, e.goal)


# --- the model student -----------------------------------------------------------------


@rule
def cell_of(p: Chapter, o: Record) -> int:
    """Return the cell that the agent is in."""
    return round(o.row * (p.size - 1)) * p.size + round(o.column * (p.size - 1))


@rule
def nearest(size: int, at: int, closed: Record) -> int:
    """Return the nearest cell that is not closed; `at` if there is none."""
    best, least = at, 4 * size
    for cell in range(size * size):
        way = abs(cell // size - at // size) + abs(cell % size - at % size)
        if closed[cell] == 0 and way < least:
            best, least = cell, way
    return best


@rule
def open_page(p: Chapter, n: Record, o: Record) -> None:
    """Nothing to prepare."""


@rule
def study(p: Chapter, n: Record, before: Record, action: int, o: Record) -> None:
    """Note the goal, or that it is not here."""
    at = cell_of(p, o)
    if o.reward > 0.0:
        n.goal = at + 1
    elif n.goal == 0:
        n.empty[at] = 1


@rule
def answer(p: Chapter, n: Record, o: Record) -> int:
    """Go to the goal, or look for it."""
    at = cell_of(p, o)
    cell = n.goal - 1 if n.goal > 0 else nearest(p.size, at, n.empty)
    return towards(p.size, at // p.size, at % p.size, cell)


# --- faces -----------------------------------------------------------------------------


def draw(p: Chapter, o: Record) -> list[str]:
    """Return the room as rows of characters: the agent, a `$` in its place if it was just rewarded."""
    at = cell_of(p, o)
    mine = "$" if o.reward > 0.0 else "@"
    return ["".join(mine if r * p.size + c == at else "." for c in range(p.size)) for r in range(p.size)]


def tell(p: Chapter, o: Record) -> str:
    """Return the exercise in words."""
    at = cell_of(p, o)
    return (
        f"A dark room of {p.size} x {p.size} cells; row {at // p.size + 1}, column {at % p.size + 1}. "
        f"Reward of the last step: {o.reward:.0f}."
    )
