"""Bandits: pull the arms of a machine whose payoffs depend on the season.

Six arms, four seasons, a cue that shows the season. An arm pays 1 or nothing; how often depends on the angle between
the arm's hidden direction and the season's: sigmoid(0.9 + 2.5 cos angle). Directions are multiples of 45 degrees, the
four seasons lie on four different axes. Hence who knows the arms learns a new season from two pulls.

In season 0 the best of the first three arms points across and pays 71 times of 100, more than an arm that nobody knows
(63 on average); at least one of the other three pays 93 or more. So there is a known way, and a better one that costs
an exercise or two to find.

What it teaches
    1  three arms    one season, three arms: find the best once, and remember it
    2  six arms      the same season, three more arms, and one pull an exercise: the best of the old arms pays now, and
                     whether a new one is better is found out at the cost of this exercise, for all later ones
    3  new seasons   three more seasons, the same arms, two pulls: carry over what is known of the arms
    4  reversal      all seasons come back, and all but one have turned round: every arm pays as its opposite did
    5  review        everything so far, one pull
    6  exam          a cue never seen, half one season and half another (the mean of their log-odds); payoffs unseen

Mark
    Mean over the pulls allowed of (expected payoff of the arm pulled - worst) / (best - worst) among the open arms. An
    arm that is not open yet pays nothing and counts 0, and so does a pull not made.

Why memory pays
    Directions are drawn once an edition: 1,057,464 editions. Measured by `textbook-gym show Bandits`.

Sources
    The bandits of RL^2 (Duan et al. 2016, arXiv 1611.02779), made structured (shared latent directions, as in linear
    bandits) and restless (the reversal).

Model student
    The posterior over all skies, reversals and directions of arms, as if these were drawn without regard to what makes
    an edition sound. Of the open arms it takes the one whose expected payoff plus a bonus for doubt is best: half a
    standard deviation while pulls are left in this exercise, and a whole one times the share of exercises left.
    In review and exam it begins where the lessons left it, and rises by less than 0.05: what is missing is doubt that
    the few pulls cannot settle.
"""

import enum
import math
from typing import NamedTuple

import numpy as np

from textbook_gym.authoring import Field, Record, Signal, below, chance, rule

ABILITIES = {
    "learning": "is wiped at every exercise",
    "retention": "is wiped at every chapter",
    "adaptation": "takes no season for turned: all payoffs are of one world to it",
    "exploration": "pulls the arm of the best expected payoff, without a bonus for doubt",
    "generalisation": "knows of an arm in a season only what it paid in just that season",
    "foresight": "has a bonus for doubt while pulls are left in this exercise, and none for exercises to come",
}
MODEL = "textbook_gym.books.models.bandits"
WORDS = "textbook_gym.books.words.bandits"

ARMS = 6
SIXTHS = np.arange(ARMS + 1) / ARMS
THREE = 3  # arms open in chapter 1
SEASONS = 4
CUE = ((np.eye(SEASONS)[:, None] + np.eye(SEASONS)) / 2).astype(np.float32)  # of every two seasons, as it is shown
DIRECTIONS = 8
STEEPNESS = 2.5  # log-odds that an arm gains by pointing where the season does, and loses by pointing away
LEVEL = 0.9  # log-odds of an arm that points across
SPREAD = 0.3  # least distance between best and worst arm, else the edition is drawn again
SKIES = 24  # ways to lay seasons 1 to 3 on the free axes, with signs, up to reflection

_LOG_ODDS = LEVEL + STEEPNESS * np.cos(2.0 * math.pi * np.arange(DIRECTIONS) / DIRECTIONS)
PAYOFF = 1.0 / (1.0 + np.exp(-(_LOG_ODDS[:, None] + _LOG_ODDS[None, :]) / 2.0))
"""Chance of a payoff by the arm's angles to the two seasons of the cue (twice the same one outside the exam)."""
ACROSS = float(PAYOFF[DIRECTIONS // 4, DIRECTIONS // 4])  # of an arm that points across: the best of the old ones


class Action(enum.IntEnum):
    """Pull an arm."""

    PULL_A, PULL_B, PULL_C, PULL_D, PULL_E, PULL_F = range(6)


class Chapter(NamedTuple):
    """What one chapter fixes."""

    name: str
    exercises: int
    limit: int  # pulls
    newcomer: float  # expected mark of the model student without its notes, measured
    arms: int  # arms open, from the first on
    first: int  # seasons that occur: first..last
    last: int
    turned: int  # 1 once the reversal is in force
    mixed: int  # 1 if the cue mixes two seasons
    told: int  # 1 if payoffs are shown


CHAPTERS = (
    #        name           exercises limit newcomer arms first last turned mixed told
    Chapter("three arms",           8,    6,    0.71, THREE,    0,   0,     0,    0,   1),
    Chapter("six arms",            20,    1,    0.505,  6,    0,   0,     0,    0,   1),
    Chapter("new seasons",         18,    2,    0.635,  6,    1,   3,     0,    0,   1),
    Chapter("reversal",            16,    2,    0.63,  6,    0,   3,     1,    0,   1),
    Chapter("review",              12,    1,    0.555,  6,    0,   3,     1,    0,   1),
    Chapter("exam",                 6,    3,    0.555,  6,    0,   3,     1,    1,   0),
)  # fmt: skip

SHORT = ((1, 2, 3), (4, 20, 8))  # chapters and their exercises: a course for quick training, of 120 steps at most
SEMINAR = ((1, 2, 3, 4, 6), (3, 12, 8, 10, 4))  # likewise, to be read and talked through: at most 100 decisions

EDITION = (
    Field("sky", "i1", "which of the SKIES the seasons lie in", low=0, high=SKIES - 1, chapters=3),
    Field("still", "i1", "the only season that does not turn round in chapter 4", low=0, high=SEASONS - 1, chapters=4),
    Field(
        "arm",
        "i1",
        "direction of every arm, in eighths of a turn",
        (ARMS,),
        low=0,
        high=DIRECTIONS - 1,
        chapters=(1,) * THREE + (2,) * (ARMS - THREE),
    ),
)

STATE = (
    Field("season", "i1", "season of the cue"),
    Field("other", "i1", "the other season of a mixed cue, else the same"),
    Field("payoff", "f8", "chance that an arm pays in this exercise", (ARMS,)),
    Field("best", "f8", "highest of them among the open arms"),
    Field("worst", "f8", "lowest of them among the open arms"),
    Field("paid", "i1", "what the last pull brought: +1 or -1, 0 if nothing is to be seen"),
    Field("earned", "f8", "sum over pulls of (payoff - worst) / (best - worst)"),
)

SIGNALS = (
    Signal("cue", 0.0, 1.0, "share of every season in this exercise", (SEASONS,)),
    Signal("arms", 0.0, 1.0, "arms open, as a share of six"),
    Signal("payoff", -1.0, 1.0, "+1 if the last pull paid, -1 if not, 0 if that is not shown"),
)

LEDGER = [  # what an arm paid, by cue, by arm alone, and by each season, in force or not
    {"situation": ["cue"], "outcome": ["payoff"], "silent": "skip", "rows": 16, "rate": 0.1},
    {"situation": [], "outcome": ["payoff"], "silent": "skip"},
    *(
        {"situation": [f"is:cue[{k}:{k + 1}]"], "outcome": ["payoff"], "silent": "skip", "rows": 2, "rate": 0.05}
        for k in range(SEASONS)
    ),
]


# --- the rules -----------------------------------------------------------------------


def lay(sky: int, season: int) -> int:
    """Return the direction of a season: each on an axis of its own; reflection is used up by season 1."""
    near = 1 + sky % 3  # season 0 lies at 0, season 1 in the upper half
    if season < 2:
        return near * season
    low = 2 if near == 1 else 1
    way = low if season == 2 + sky // 3 % 2 else 6 - near - low  # the axes 1, 2, 3 add up to 6
    return way + 4 * (sky // (6 * (season - 1)) % 2)


LAID = np.array([[lay(sky, season) for season in range(SEASONS)] for sky in range(SKIES)])
"""Direction of every season under every sky, in eighths of a turn."""


@rule
def direction(sky: int, still: int, season: int) -> int:
    """Return the direction of a season; `still` is the only one that has not turned round, -1 before the reversal."""
    return (LAID[sky, season] + (DIRECTIONS // 2 if still >= 0 and season != still else 0)) % DIRECTIONS


@rule
def payoff_of(arm: int, one: int, two: int) -> float:
    """Return the chance that an arm pays, from its direction and those of the cue's two seasons."""
    return PAYOFF[(arm - one) % DIRECTIONS, (arm - two) % DIRECTIONS]


@rule
def spread(e: Record, arms: int, still: int, season: int, other: int) -> float:
    """Return best minus worst payoff among the first `arms` arms."""
    one, two = direction(e.sky, still, season), direction(e.sky, still, other)
    best, worst = 0.0, 1.0
    for a in range(arms):
        best = max(best, payoff_of(e.arm[a], one, two))
        worst = min(worst, payoff_of(e.arm[a], one, two))
    return best - worst


@rule
def sound(e: Record) -> bool:
    """Return whether every exercise of the book has something to choose."""
    old = 0.0
    for a in range(THREE):
        old = max(old, payoff_of(e.arm[a], 0, 0))
    if old != ACROSS:
        return False
    better = False
    for a in range(THREE, ARMS):
        better = better or payoff_of(e.arm[a], 0, 0) > ACROSS
    if not better:
        return False
    least = spread(e, THREE, -1, 0, 0)
    for season in range(SEASONS):
        for other in range(season + 1):
            least = min(least, spread(e, ARMS, e.still, season, other))
    return least >= SPREAD


@rule
def write(e: Record, s: Record) -> None:
    """Draw sky, the season that stays and arms."""
    e.sky = below(s, SKIES)
    e.still = below(s, SEASONS)
    for a in range(ARMS):  # no old arm points to season 0's side; `sound` sees to the rest
        e.arm[a] = DIRECTIONS // 4 + below(s, DIRECTIONS // 2 + 1) if a < THREE else below(s, DIRECTIONS)


@rule
def pose(p: Chapter, e: Record, s: Record) -> None:
    """Set one exercise."""
    s.season = p.first + below(s, p.last - p.first + 1)
    s.other = (s.season + 1 + below(s, SEASONS - 1)) % SEASONS if p.mixed == 1 else s.season
    still = e.still if p.turned == 1 else -1
    one, two = direction(e.sky, still, s.season), direction(e.sky, still, s.other)
    s.worst = 1.0
    for a in range(ARMS):
        s.payoff[a] = payoff_of(e.arm[a], one, two)
        if a < p.arms:
            s.best = max(s.best, s.payoff[a])
            s.worst = min(s.worst, s.payoff[a])


@rule
def step(p: Chapter, e: Record, s: Record, action: int) -> bool:
    """Pull one arm; the limit ends the exercise."""
    s.paid = 0
    if action < p.arms:
        s.earned += (s.payoff[action] - s.worst) / (s.best - s.worst)
        paid = chance(s, s.payoff[action])
        if p.told == 1:
            s.paid = 1 if paid else -1
    return False


@rule
def observe(p: Chapter, s: Record, o: Record) -> None:
    """Write what the student may see."""
    season, other = s.season, s.other
    for c in range(SEASONS):
        o.cue[c] = CUE[season, other, c]
    o.arms = SIXTHS[p.arms]
    o.payoff = s.paid


@rule
def mark(p: Chapter, s: Record) -> float:
    """Return the mean standing of the arms pulled."""
    return s.earned / p.limit


# --- the teacher's copy ----------------------------------------------------------------


@rule
def oracle(p: Chapter, e: Record, s: Record) -> int:
    """Return the best open arm."""
    arm = 0
    for a in range(p.arms):
        if s.payoff[a] > s.payoff[arm]:
            arm = a
    return arm


def exam_fact(p: Chapter, e: Record, s: Record) -> bool:
    """Whether the cue mixes two seasons."""
    return s.season != s.other
