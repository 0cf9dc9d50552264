"""ShepardTypes: learn to sort eight figures into two bins, by a rule of one of six types.

A figure has three features of two values. Four of the eight belong into bin A, by one of the six types of rules that
such a division can have; which feature plays which part, which value counts and which bin is which are drawn for every
edition. After each answer the right bin is shown. An exercise is a block in which every figure is shown twice, in
random order; an edition has `blocks` blocks.

The published task
    Shepard, Hovland and Jenkins 1961, Learning and memorization of classifications (Psychological Monographs 75);
    procedure after Nosofsky, Gluck, Palmeri, McKinley and Glauthier 1994, Comparing models of rule-based classification
    learning (Memory and Cognition 22): blocks of 16 trials, 25 of them. Published order of difficulty: I is learned
    first, then II, then III, IV and V alike, VI last. `type` is "I" to "VI", or "all": drawn for every edition.

    I one feature; II exclusive or of two; III, IV, V three figures of a face and a fourth one that differs from the
    missing one in two, three (IV: all share at least two of three features with one of them) or one feature; VI parity
    of all three.

Raw reward
    1 for the right bin, else 0.

Mark
    Share of right answers in the block. `newcomer` is 1/2: who remembers nothing of earlier blocks still learns within
    one, but starts from chance.

What the papers leave open, and what was chosen
    Whether each of the two halves of a block shows every figure once: here it does. People stopped after four perfect
    sub-blocks; here all 25 blocks are played.

Model student
    ALCOVE (Kruschke 1992, Psychological Review 99), an exemplar model with learned attention, with the parameters that
    the paper uses for this task: specificity 6.5, mapping 2.0, learning rates 0.03 (associations), 0.0033 (attention).
    It answers at random in proportion to its choice probabilities.
"""

import enum
import math
from typing import Any, NamedTuple

import numpy as np

from textbook_gym.authoring import Field, Parameter, Record, Signal, below, chance, permute, rule, shuffle

FEATURES = 3
FIGURES = 8
TYPES = ("I", "II", "III", "IV", "V", "VI")
ANY = "all"
IN_A = np.zeros((len(TYPES), FIGURES), np.int64)
"""1 for the figures of bin A, by type; a figure is a number with a bit a feature."""
for _t, _members in enumerate(((0, 1, 2, 3), (0, 1, 6, 7), (0, 1, 2, 5), (0, 1, 2, 4), (0, 1, 2, 7), (0, 3, 5, 6))):
    IN_A[_t, list(_members)] = 1
SPECIFICITY, MAPPING, RATE, ATTENTION = 6.5, 2.0, 0.03, 0.0033


class Action(enum.IntEnum):
    """Name the bin."""

    BIN_A = 0
    BIN_B = 1


class Chapter(NamedTuple):
    """What parameters fix."""

    name: str
    exercises: int  # blocks
    limit: int  # trials of a block
    newcomer: float  # chance
    first: int  # types that occur: first..last
    last: int


EDITION = (
    Field("part", "i1", "feature that plays each part of the rule", (FEATURES,), low=0, high=FEATURES - 1),
    Field("flip", "i1", "figure to cross figures with before the rule is asked", low=0, high=FIGURES - 1),
    Field("swap", "i1", "1 if the bins change places", low=0, high=1),
    Field("pick", "i4", "names the type where it is drawn", low=0, high=(1 << 30) - 1),
)

STATE = (
    Field("type", "i1", "type in force, from 0"),
    Field("order", "i1", "figures of the block", (2 * FIGURES,)),
    Field("trial", "i2", "trials answered"),
    Field("right", "i2", "right answers"),
    Field("paid", "i1", "1 if the last answer was right"),
    Field("shown", "i1", "right bin of the last figure, -1 before the first"),
    Field("bin", "i1", "right bin of this figure"),
)

SIGNALS = (
    Signal("features", 0.0, 1.0, "the figure's features", (FEATURES,)),
    Signal("right_bin", -1.0, 1.0, "where the last figure belonged: +1 bin A, -1 bin B, 0 none yet"),
    Signal("verdict", -1.0, 1.0, "+1 if the last answer was right, -1 if wrong, 0 before the first"),
)

NOTES = (
    Field("attention", "f8", "attention to each feature, less 1/3", (FEATURES,)),
    Field("weight", "f8", "association of each exemplar with the bins", (FIGURES, 2)),
)

PARAMETERS = (
    Parameter("type", ANY, "type of the rule", choices=(*TYPES, ANY)),
    Parameter("blocks", 25, "blocks of an edition", 1, 1000),
)


def tables(type: str, blocks: int) -> dict[str, Any]:  # the keyword of the task's users
    """Return what depends on the parameters."""
    first, last = (0, len(TYPES) - 1) if type == ANY else (TYPES.index(type),) * 2
    return {"CHAPTERS": (Chapter(f"type {type}", blocks, 2 * FIGURES, 0.5, first, last),)}


# --- the rules -----------------------------------------------------------------------


@rule
def write(e: Record, s: Record) -> None:
    """Draw which feature plays which part."""
    permute(s, e.part, FEATURES)
    e.flip = below(s, FIGURES)
    e.swap = below(s, 2)
    e.pick = below(s, 1 << 30)


@rule
def sound(e: Record) -> bool:
    """Return whether every feature plays a part."""
    return e.part[0] != e.part[1] and e.part[1] != e.part[2] and e.part[0] != e.part[2]


@rule
def present(e: Record, s: Record) -> None:
    """Work out where the figure now shown belongs."""
    crossed = s.order[s.trial] ^ e.flip
    asked = 0
    for i in range(FEATURES):
        asked |= (crossed >> e.part[i] & 1) << i
    s.bin = 1 - IN_A[s.type, asked] if e.swap == 0 else IN_A[s.type, asked]


@rule
def pose(p: Chapter, e: Record, s: Record) -> None:
    """Shuffle the figures of a block, each half by itself."""
    s.type = p.first + e.pick % (p.last - p.first + 1)
    permute(s, s.order, FIGURES)
    for i in range(FIGURES):
        s.order[FIGURES + i] = s.order[i]
    shuffle(s, s.order, FIGURES)
    s.trial = 0
    s.right = 0
    s.paid = 0
    s.shown = -1
    present(e, s)


@rule
def step(p: Chapter, e: Record, s: Record, action: int) -> bool:
    """Answer one trial; the limit ends the exercise."""
    s.paid = 1 if action == s.bin else 0
    s.right += s.paid
    s.shown = s.bin
    s.trial += 1
    if s.trial < p.limit:
        present(e, s)
    return False


@rule
def observe(p: Chapter, s: Record, o: Record) -> None:
    """Write what the student may see; after the last trial the figure stays."""
    figure = s.order[min(s.trial, p.limit - 1)]
    for i in range(FEATURES):
        o.features[i] = figure >> i & 1
    o.right_bin = 0.0 if s.shown < 0 else 1.0 - 2.0 * s.shown
    o.verdict = 0.0 if s.shown < 0 else 2.0 * s.paid - 1.0


@rule
def mark(p: Chapter, s: Record) -> float:
    """Return the share of right answers."""
    return s.right / p.limit


@rule
def raw(p: Chapter, s: Record) -> float:
    """Return 1 for a right answer."""
    return float(s.paid)


@rule
def oracle(p: Chapter, e: Record, s: Record) -> int:
    """Return the right bin."""
    return s.bin


# --- the model student -----------------------------------------------------------------


@rule
def figure_of(o: Record) -> int:
    """Return the figure shown."""
    figure = 0
    for i in range(FEATURES):
        figure |= (1 if o.features[i] > 0.0 else 0) << i
    return figure


@rule
def activation(n: Record, exemplar: int, figure: int) -> float:
    """Return how much a figure reminds of an exemplar."""
    distance = 0.0
    for i in range(FEATURES):
        if (exemplar ^ figure) >> i & 1 == 1:
            distance += n.attention[i] + 1.0 / FEATURES
    return math.exp(-SPECIFICITY * distance)


@rule
def output(n: Record, figure: int, b: int) -> float:
    """Return how strongly a figure calls for a bin."""
    total = 0.0
    for exemplar in range(FIGURES):
        total += n.weight[exemplar, b] * activation(n, exemplar, figure)
    return total


@rule
def open_page(p: Chapter, n: Record, o: Record) -> None:
    """Nothing to prepare."""


@rule
def study(p: Chapter, n: Record, before: Record, action: int, o: Record) -> None:
    """Follow the gradient of the error; a bin called for more strongly than asked is no error (humble teacher)."""
    figure = figure_of(before)
    errors = (error(n, figure, 0, o.right_bin > 0.0), error(n, figure, 1, o.right_bin < 0.0))
    blame = (slope(n, figure, errors, 0), slope(n, figure, errors, 1), slope(n, figure, errors, 2))
    for exemplar in range(FIGURES):
        active = activation(n, exemplar, figure)
        for b in range(2):
            n.weight[exemplar, b] += RATE * errors[b] * active
    for i in range(FEATURES):
        n.attention[i] = max(n.attention[i] - ATTENTION * blame[i], -1.0 / FEATURES)


@rule
def error(n: Record, figure: int, b: int, wanted: bool) -> float:
    """Return what is missing from a bin's output: at least 1 is wanted of the right one, at most -1 of the other."""
    now = output(n, figure, b)
    return max(1.0, now) - now if wanted else min(-1.0, now) - now


@rule
def slope(n: Record, figure: int, errors: tuple[float, float], feature: int) -> float:
    """Return how fast the error grows with the attention to a feature."""
    total = 0.0
    for exemplar in range(FIGURES):
        if (exemplar ^ figure) >> feature & 1 == 1:
            owed = errors[0] * n.weight[exemplar, 0] + errors[1] * n.weight[exemplar, 1]
            total += owed * activation(n, exemplar, figure) * SPECIFICITY
    return total


@rule
def answer(p: Chapter, n: Record, o: Record) -> int:
    """Answer at random, in proportion to exp(mapping * output)."""
    figure = figure_of(o)
    odds = math.exp(MAPPING * (output(n, figure, 1) - output(n, figure, 0)))
    return 0 if chance(n, 1.0 / (1.0 + odds)) else 1


# --- faces -----------------------------------------------------------------------------

ADJECTIVES = (("small", "large"), ("white", "black"), ("square", "triangle"))


def words(o: Record) -> str:
    """Return the figure in words."""
    return " ".join(ADJECTIVES[i][round(o.features[i])] for i in range(FEATURES))


def draw(p: Chapter, o: Record) -> list[str]:
    """Return the figure in words, and the right bin of the last one, as rows of characters."""
    last = {0.0: "-", 1.0: "A", -1.0: "B"}[o.right_bin]
    return [f"{words(o):24}", f"last: {last} {'*' if o.verdict > 0.0 else '.'}".ljust(24)]


def tell(p: Chapter, o: Record) -> str:
    """Return the exercise in words."""
    last = {0.0: "none yet", 1.0: "bin A", -1.0: "bin B"}[o.right_bin]
    verdict = {0.0: "none yet", 1.0: "right", -1.0: "wrong"}[o.verdict]
    return f"Features of the figure: {words(o)}. Right bin of the last figure: {last}. Verdict on it: {verdict}."
