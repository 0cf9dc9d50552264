"""Bandits: pull the arms of a machine whose payoffs depend on the season.

Six arms, four seasons, a cue that shows the season. An arm pays 1 or nothing; how often depends on the angle between
the arm's hidden direction and the season's: sigmoid(2.5 cos angle). Directions are multiples of 45 degrees, the four
seasons lie on four different axes. Hence who knows the arms learns a new season from two pulls.

What it teaches
    1  three arms    one season, three arms: find the best once, and remember it
    2  six arms      the same season, three more arms; the old ones are still worth what they were
    3  new seasons   three more seasons, the same arms: carry over what is known of the arms
    4  reversal      all seasons come back, and one of them has turned round: every arm pays as its opposite did
    5  review        everything so far, two pulls fewer
    6  exam          a cue never seen, half one season and half another (the mean of their log-odds); payoffs unseen

Mark
    Mean over the pulls allowed of (expected payoff of the arm pulled - worst) / (best - worst) among the open arms. An
    arm that is not open yet pays nothing and counts 0, and so does a pull not made.

Why memory pays
    Directions are drawn once an edition: 10,762,272 editions. Measured by `textbook-gym show Bandits`.

Sources
    The bandits of RL^2 (Duan et al. 2016, arXiv 1611.02779), made structured (shared latent directions, as in linear
    bandits) and restless (the reversal).

Model student
    The exact posterior over all skies, turned seasons and directions of arms; it assumes nothing that is not so. Of
    the open arms it takes the one whose expected payoff plus half a standard deviation, while pulls are left, is best.
"""

import enum
import math
from typing import NamedTuple

import numpy as np

from textbook_gym.authoring import Field, Record, Signal, below, chance, rule

ABILITIES = {"learning": "is wiped at every exercise"}
MODEL = "textbook_gym.books.models.bandits"
WORDS = "textbook_gym.books.words.bandits"

ARMS = 6
SIXTHS = np.arange(ARMS + 1) / ARMS
THREE = 3  # arms open in chapter 1
SEASONS = 4
CUE = ((np.eye(SEASONS)[:, None] + np.eye(SEASONS)) / 2).astype(np.float32)  # of every two seasons, as it is shown
DIRECTIONS = 8
STEEPNESS = 2.5  # log-odds of an arm that points where the season does
SPREAD = 0.3  # least distance between best and worst arm, else the edition is drawn again
SKIES = 24  # ways to lay seasons 1 to 3 on the free axes, with signs, up to reflection

_LOG_ODDS = STEEPNESS * np.cos(2.0 * math.pi * np.arange(DIRECTIONS) / DIRECTIONS)
PAYOFF = 1.0 / (1.0 + np.exp(-(_LOG_ODDS[:, None] + _LOG_ODDS[None, :]) / 2.0))
"""Chance of a payoff by the arm's angles to the two seasons of the cue (twice the same one outside the exam)."""


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
    Chapter("three arms",           8,    6,    0.745, THREE,    0,   0,     0,    0,   1),
    Chapter("six arms",             8,    8,    0.765,  6,    0,   0,     0,    0,   1),
    Chapter("new seasons",          9,    8,    0.763,  6,    1,   3,     0,    0,   1),
    Chapter("reversal",             8,    8,    0.762,  6,    0,   3,     1,    0,   1),
    Chapter("review",               8,    6,    0.726,  6,    0,   3,     1,    0,   1),
    Chapter("exam",                 6,    3,    0.500,  6,    0,   3,     1,    1,   0),
)  # fmt: skip

SHORT = ((1, 3, 6), (6, 8, 6))  # chapters and their exercises: a course for quick training, of 120 steps at most
SEMINAR = ((1, 2, 3, 6), (4, 4, 4, 3))  # likewise, to be read and talked through: at most 100 decisions

EDITION = (
    Field("sky", "i1", "which of the SKIES the seasons lie in", low=0, high=SKIES - 1, chapters=3),
    Field("turned", "i1", "the season that turns round in chapter 4", low=0, high=SEASONS - 1, chapters=4),
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
def direction(sky: int, turned: int, season: int) -> int:
    """Return the direction of a season; `turned` is the season that has turned round, or -1."""
    return (LAID[sky, season] + (DIRECTIONS // 2 if season == turned else 0)) % DIRECTIONS


@rule
def payoff_of(arm: int, one: int, two: int) -> float:
    """Return the chance that an arm pays, from its direction and those of the cue's two seasons."""
    return PAYOFF[(arm - one) % DIRECTIONS, (arm - two) % DIRECTIONS]


@rule
def spread(e: Record, arms: int, turned: int, season: int, other: int) -> float:
    """Return best minus worst payoff among the first `arms` arms."""
    one, two = direction(e.sky, turned, season), direction(e.sky, turned, other)
    best, worst = 0.0, 1.0
    for a in range(arms):
        best = max(best, payoff_of(e.arm[a], one, two))
        worst = min(worst, payoff_of(e.arm[a], one, two))
    return best - worst


@rule
def sound(e: Record) -> bool:
    """Return whether every exercise of the book has something to choose."""
    least = spread(e, THREE, -1, 0, 0)
    for season in range(SEASONS):
        for other in range(season + 1):
            least = min(least, spread(e, ARMS, e.turned, season, other))
    return least >= SPREAD


@rule
def write(e: Record, s: Record) -> None:
    """Draw sky, turned season and arms."""
    e.sky = below(s, SKIES)
    e.turned = below(s, SEASONS)
    for a in range(ARMS):
        e.arm[a] = below(s, DIRECTIONS)


@rule
def pose(p: Chapter, e: Record, s: Record) -> None:
    """Set one exercise."""
    s.season = p.first + below(s, p.last - p.first + 1)
    s.other = (s.season + 1 + below(s, SEASONS - 1)) % SEASONS if p.mixed == 1 else s.season
    turned = e.turned if p.turned == 1 else -1
    one, two = direction(e.sky, turned, s.season), direction(e.sky, turned, s.other)
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
