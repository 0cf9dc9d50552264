"""Harlow: learn to learn which of two strange things hides the food.

Two objects never seen before lie left and right, sides changing at random; one of them hides food throughout a problem
of `trials` trials. Who has formed a learning set needs one trial to know, whatever the objects. An exercise is a
problem; objects and the rewarded one are drawn for every problem, so an edition is a list of `problems` problems.

The published task
    Harlow 1949, The formation of learning sets (Psychological Review 56), problems of six trials; as a task of meta
    reinforcement learning in Wang, Kurth-Nelson, Kumaran, Tirumala, Soyer, Leibo, Hassabis and Botvinick 2018,
    Prefrontal cortex as a meta-reinforcement learning system (Nature Neuroscience 21).

Raw reward
    1 for the object that hides the food, else 0.

Mark
    (right choices) / trials. `newcomer` is 1/2, chance: nothing but the way to learn carries over, and that is what the
    default students have from birth.

What the papers leave open, and what was chosen
    Objects are vectors of eight random bits, different for the two; pictures are left to others. Chance decides the
    side in every trial. Wang et al. fixate between trials; here there are only choices. The default of 20 problems an
    episode is ours.

Model student
    Win-stay, lose-shift on objects: keep the object that was rewarded, else take the other one; guess first. By the
    keyword `student` also "side": the same on sides, which is what Harlow's monkeys had to unlearn, and "random".
"""

import enum
from typing import Any, NamedTuple

from textbook_gym.authoring import Field, Parameter, Record, Signal, below, mix, rule

BITS = 8
SHAPES = 1 << BITS
NUMBERS = 1 << 30


class Action(enum.IntEnum):
    """Lift the object on one side."""

    LEFT = 0
    RIGHT = 1


class Chapter(NamedTuple):
    """What parameters fix."""

    name: str
    exercises: int  # problems
    limit: int  # trials
    newcomer: float  # chance


EDITION = (Field("series", "i4", "names the list of problems", low=0, high=NUMBERS - 1),)

STATE = (
    Field("good", "i2", "looks of the object with food"),
    Field("bad", "i2", "looks of the other one"),
    Field("side", "i1", "where the one with food lies: 0 left, 1 right"),
    Field("right", "i2", "right choices"),
    Field("paid", "i1", "1 if the last choice was right"),
)

SIGNALS = (
    Signal("left_object", 0.0, 1.0, "looks of the object on the left", (BITS,)),
    Signal("right_object", 0.0, 1.0, "looks of the object on the right", (BITS,)),
    Signal("reward", 0.0, 1.0, "1 if the last choice found food"),
)

NOTES = (
    Field("take", "i4", "this page: 1 + looks of the object to take, 0 for none yet"),
    Field("side", "i1", "this page: side to take"),
)

PARAMETERS = (
    Parameter("trials", 6, "trials of a problem", 1, 1000),
    Parameter("problems", 20, "problems of an edition", 1, 10_000),
    Parameter("student", "object", "who the model student is", choices=("object", "side", "random")),
)


def tables(trials: int, problems: int, student: str) -> dict[str, Any]:
    """Return what depends on the parameters."""
    return {
        "CHAPTERS": (Chapter("learning set", problems, trials, 0.5),),
        "answer": {"object": answer, "side": by_side, "random": anyhow}[student],
    }


# --- the rules -----------------------------------------------------------------------


@rule
def write(e: Record, s: Record) -> None:
    """Draw the series."""
    e.series = below(s, NUMBERS)


@rule
def pose(p: Chapter, e: Record, s: Record) -> None:
    """Draw two objects, from the series and the place of the problem in it."""
    mix(s, s.rng, e.series)
    s.good = below(s, SHAPES)
    s.bad = (s.good + 1 + below(s, SHAPES - 1)) % SHAPES
    s.side = below(s, 2)
    s.right = 0
    s.paid = 0


@rule
def step(p: Chapter, e: Record, s: Record, action: int) -> bool:
    """Make one choice; the limit ends the exercise."""
    s.paid = 1 if action == s.side else 0
    s.right += s.paid
    s.side = below(s, 2)
    return False


@rule
def observe(p: Chapter, s: Record, o: Record) -> None:
    """Write what the student may see."""
    left, right = (s.good, s.bad) if s.side == 0 else (s.bad, s.good)
    for i in range(BITS):
        o.left_object[i] = left >> i & 1
        o.right_object[i] = right >> i & 1
    o.reward = s.paid


@rule
def mark(p: Chapter, s: Record) -> float:
    """Return the share of right choices."""
    return s.right / p.limit


@rule
def raw(p: Chapter, s: Record) -> float:
    """Return 1 for a right choice."""
    return float(s.paid)


@rule
def oracle(p: Chapter, e: Record, s: Record) -> int:
    """Return the side of the food."""
    return s.side


# --- students --------------------------------------------------------------------------


@rule
def looks(o: Record, side: int) -> int:
    """Return the looks of the object on a side."""
    shape = 0
    for i in range(BITS):
        bit = o.left_object[i] if side == 0 else o.right_object[i]
        shape |= (1 if bit > 0.0 else 0) << i
    return shape


@rule
def open_page(p: Chapter, n: Record, o: Record) -> None:
    """Nothing is known of new objects."""
    n.take = 0
    n.side = below(n, 2)


@rule
def study(p: Chapter, n: Record, before: Record, action: int, o: Record) -> None:
    """Win: stay; lose: shift."""
    side = action if o.reward > 0.0 else 1 - action
    n.take = 1 + looks(before, side)
    n.side = side


@rule
def answer(p: Chapter, n: Record, o: Record) -> int:
    """Take the object that hides the food, or guess."""
    if n.take == 0:
        return int(n.side)
    return 0 if looks(o, 0) == n.take - 1 else 1


@rule
def by_side(p: Chapter, n: Record, o: Record) -> int:
    """Take the side where the food was."""
    return int(n.side)


@rule
def anyhow(p: Chapter, n: Record, o: Record) -> int:
    """Guess."""
    return below(n, 2)


# --- faces -----------------------------------------------------------------------------


def draw(p: Chapter, o: Record) -> list[str]:
    """Return the two objects as rows of characters."""
    bits = [["#" if bit > 0.0 else "." for bit in (side[i] for i in range(BITS))] for side in both(o)]
    half = BITS // 2
    top, bottom = (" | ".join("".join(b[k : k + half]) for b in bits) for k in (0, half))
    return [top, bottom, ("food" if o.reward > 0.0 else "none").ljust(len(top))]


def both(o: Record) -> tuple[Record, Record]:
    """Return the looks of both objects."""
    return o.left_object, o.right_object


def tell(p: Chapter, o: Record) -> str:
    """Return the exercise in words."""
    left, right = ("".join(str(round(side[i])) for i in range(BITS)) for side in both(o))
    return f"Left object: {left}. Right object: {right}. Reward of the last choice: {o.reward:.0f}."
