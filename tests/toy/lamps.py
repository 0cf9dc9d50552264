"""Lamps: find the switch that lights the lamp of the colour asked for.

Eight lamps, eight switches, wired at random once an edition (40,320 editions).

What it teaches
    1  four lamps    half of the wiring
    2  all lamps     all of it
    3  exam          two lamps at once, nothing shown

Mark
    1 / presses if the lamp was lit, else 0; in the exam half a mark for each of the two.

Why memory pays
    The wiring stays: who has found a switch once need not search again.

Model student
    Remembers what each switch lit; it assumes nothing that is not so.
"""

import enum
from typing import NamedTuple

from textbook_gym.authoring import Field, Record, Signal, below, permute, rule

LAMPS = 8


class Action(enum.IntEnum):
    """Press a switch."""

    A, B, C, D, E, F, G, H = range(LAMPS)


class Chapter(NamedTuple):
    """What one chapter fixes."""

    name: str
    exercises: int
    limit: int
    newcomer: float
    lamps: int  # lamps that may be asked for
    told: int  # 1 if it is shown what a switch lit


CHAPTERS = (
    Chapter("four lamps", 8, 4, 0.26, 4, 1),
    Chapter("all lamps", 9, 4, 0.26, 8, 1),
    Chapter("exam", 6, 2, 0.12, 8, 0),
)

EDITION = (Field("lit_by", "i1", "switch of every lamp", (LAMPS,), low=0, high=LAMPS - 1),)
STATE = (
    Field("asked", "i1", "lamps asked for, one in each step of the exam", (2,)),
    Field("lit", "i1", "lamp lit by the last press, -1 for nothing to see"),
    Field("presses", "i1", "presses made"),
    Field("right", "i1", "presses that lit the lamp asked for"),
)
SIGNALS = (
    Signal("asked", 0.0, 1.0, "the lamp asked for", (LAMPS,)),
    Signal("lit", 0.0, 1.0, "the lamp that the last press lit", (LAMPS,)),
)


@rule
def sound(e: Record) -> bool:
    """Return whether every lamp has a switch of its own."""
    for i in range(LAMPS):
        for j in range(i):
            if e.lit_by[i] == e.lit_by[j]:
                return False
    return True


@rule
def write(e: Record, s: Record) -> None:
    """Wire the lamps."""
    permute(s, e.lit_by, LAMPS)


@rule
def pose(p: Chapter, e: Record, s: Record) -> None:
    """Ask for a lamp, or in the exam for two."""
    s.asked[0] = below(s, p.lamps)
    s.asked[1] = s.asked[0] if p.told == 1 else below(s, p.lamps)
    s.lit = -1


@rule
def step(p: Chapter, e: Record, s: Record, action: int) -> bool:
    """Press a switch."""
    wanted = s.asked[min(s.presses, 1)]
    s.presses += 1
    hit = e.lit_by[wanted] == action
    s.right += hit
    s.lit = -1
    if p.told == 1:
        for lamp in range(LAMPS):
            if e.lit_by[lamp] == action:
                s.lit = lamp
    return hit and p.told == 1


@rule
def observe(p: Chapter, s: Record, o: Record) -> None:
    """Show the lamp asked for and the lamp lit."""
    for lamp in range(LAMPS):
        o.asked[lamp] = s.asked[min(s.presses, 1)] == lamp
        o.lit[lamp] = s.lit == lamp


@rule
def mark(p: Chapter, s: Record) -> float:
    """Return the share of presses that were right."""
    return s.right / max(s.presses, p.limit if p.told == 0 else 1)


@rule
def oracle(p: Chapter, e: Record, s: Record) -> int:
    """Return the switch of the lamp asked for."""
    return e.lit_by[s.asked[min(s.presses, 1)]]


NOTES = (
    Field("lights", "i1", "1 + lamp that each switch is known to light, 0 for unknown", (LAMPS,)),
    Field("tried", "i1", "this page: 1 for switches pressed", (LAMPS,), page=True),
)


@rule
def open_page(p: Chapter, n: Record, o: Record) -> None:
    """Nothing to prepare: `tried` is blank."""


@rule
def study(p: Chapter, n: Record, before: Record, action: int, o: Record) -> None:
    """Note what a switch lit."""
    n.tried[action] = 1
    for lamp in range(LAMPS):
        if o.lit[lamp] > 0.0:
            n.lights[action] = lamp + 1


@rule
def answer(p: Chapter, n: Record, o: Record) -> int:
    """Press the switch known to light the lamp, else one that nothing is known of."""
    choice = -1
    for switch in range(LAMPS):
        if n.lights[switch] > 0 and o.asked[n.lights[switch] - 1] > 0.0:
            return switch
        if n.lights[switch] == 0 and n.tried[switch] == 0:
            choice = switch
    return max(choice, 0)


def draw(p: Chapter, o: Record) -> list[str]:
    """Return the lamp asked for and the lamp lit."""
    return ["".join("?" if o.asked[i] else "*" if o.lit[i] else "." for i in range(LAMPS))]


def tell(p: Chapter, o: Record) -> str:
    """Return the exercise in words."""
    asked = next(i for i in range(LAMPS) if o.asked[i])
    lit = [i for i in range(LAMPS) if o.lit[i]]
    return f"Asked for: lamp {asked}. Lit: {f'lamp {lit[0]}' if lit else 'nothing'}."
