"""KnownArm: four arms that nobody knows, and one that is known to pay 65 times of 100; one pull an exercise.

The smallest world in which a reward of solved tasks and a reward of progress part. A pull of the known arm is the best
that one exercise allows: an unknown arm pays 50 times of 100 on average. Over 24 exercises it is the worst that a
student can do, since the best of four unknown arms pays 80 times of 100 on average.

What it teaches
    1  pulls         four unknown arms, drawn once an edition, beside the known one

Mark
    How often the arm pulled pays, as a share of how often the best one does.

Why memory pays
    What an arm pays is drawn once an edition, in thousandths: 10^12 editions.

Model student
    It counts what every unknown arm paid, and believes in (paid + 1) / (pulled + 2), as a uniform prior says. It pulls
    the arm of the highest belief plus `DOUBT` doubled standard deviations times the share of exercises that are left.
    Without exploration, or foresight, which is the same where an exercise is one pull, it never leaves the known arm:
    it loses 0.13 of its gain of 0.28.

Sources
    The one-armed bandit (Bradt, Johnson and Karlin 1956), with four unknown arms.
"""

import enum
import math
from typing import NamedTuple

from textbook_gym.authoring import Ability, Field, Record, Signal, below, chance, rule

ABILITIES = {"learning": "is wiped at every exercise: it tries unknown arms for ever"}

UNKNOWN = 4
KNOWN = 650  # thousandths
DOUBT = 1.0  # standard deviations


class Action(enum.IntEnum):
    """Pull an arm; the last is the known one."""

    PULL_A, PULL_B, PULL_C, PULL_D, PULL_KNOWN = range(UNKNOWN + 1)


class Chapter(NamedTuple):
    """What one chapter fixes."""

    name: str
    exercises: int
    limit: int
    newcomer: float


CHAPTERS = (Chapter("pulls", 24, 1, 0.65),)

EDITION = (Field("pays", "i2", "thousandths of pulls that pay, by arm", (UNKNOWN,), low=0, high=999),)

STATE = (
    Field("pays", "f8", "chance that an arm pays", (UNKNOWN + 1,)),
    Field("best", "f8", "the highest of them"),
    Field("paid", "i1", "what the pull brought: +1 or -1, 0 before it"),
    Field("mark", "f8", "chance that the arm pulled pays, as a share of the best"),
)

SIGNALS = (Signal("payoff", -1.0, 1.0, "+1 if the pull paid, -1 if not, 0 before it"),)

LEDGER = [{"situation": [], "outcome": ["payoff"], "silent": "skip"}]  # counts and means by arm

NOTES = (
    Field("pulled", "f8", "how often an unknown arm was pulled", (UNKNOWN,)),
    Field("paid", "f8", "how often it paid", (UNKNOWN,)),
)


@rule
def write(e: Record, s: Record) -> None:
    """Draw what the unknown arms pay."""
    for a in range(UNKNOWN):
        e.pays[a] = below(s, 1000)


@rule
def pose(p: Chapter, e: Record, s: Record) -> None:
    """Set one exercise."""
    for a in range(UNKNOWN):
        s.pays[a] = e.pays[a] / 1000.0
    s.pays[UNKNOWN] = KNOWN / 1000.0
    for a in range(UNKNOWN + 1):
        s.best = max(s.best, s.pays[a])


@rule
def step(p: Chapter, e: Record, s: Record, action: int) -> bool:
    """Pull one arm; the limit ends the exercise."""
    s.mark = s.pays[action] / s.best
    s.paid = 1 if chance(s, s.pays[action]) else -1
    return False


@rule
def observe(p: Chapter, s: Record, o: Record) -> None:
    """Write what the student may see."""
    o.payoff = s.paid


@rule
def mark(p: Chapter, s: Record) -> float:
    """Return how good the arm was."""
    return s.mark


@rule
def oracle(p: Chapter, e: Record, s: Record) -> int:
    """Return the best arm."""
    arm = 0
    for a in range(UNKNOWN + 1):
        if s.pays[a] > s.pays[arm]:
            arm = a
    return arm


@rule
def open_page(p: Chapter, n: Record, o: Record) -> None:
    """Nothing is to be read on a fresh page."""


@rule
def study(p: Chapter, n: Record, before: Record, action: int, o: Record) -> None:
    """Count what the pull brought."""
    if action < UNKNOWN and o.payoff != 0.0:
        n.pulled[action] += 1.0
        n.paid[action] += 1.0 * (o.payoff > 0.0)


@rule
def answer(p: Chapter, n: Record, o: Record) -> int:
    """Pull the arm of the highest belief, with a bonus for doubt while there are exercises left to use it."""
    curious = n.lacks != Ability.EXPLORATION and n.lacks != Ability.FORESIGHT
    left = 1.0 - o.exercise if curious else 0.0
    arm, highest = UNKNOWN, KNOWN / 1000.0
    for a in range(UNKNOWN):
        belief = (n.paid[a] + 1.0) / (n.pulled[a] + 2.0)
        value = belief + DOUBT * left * math.sqrt(4.0 * belief * (1.0 - belief) / (n.pulled[a] + 3.0))
        if value > highest:
            arm, highest = a, value
    return arm
