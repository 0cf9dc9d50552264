"""Alchemy: change stones with potions of hidden chemistry, then throw them into the cauldron.

A stone is a corner of a cube with three hidden axes. The cauldron pays the sum of its coordinates, and 12 more at the
top corner: -3, -1, 1 or 15 points. A potion moves a stone along one axis in one direction; where the stone is there
already, or the cube's edge is missing, it is spent for nothing. Stones and potions look permuted, turned round and
rotated. An exercise is one trial. Editions: 48 potion maps, 8 stone maps, 4 rotations, 109 graphs: 167,424 in all.

Labels of potions are faded by 0 grades or more, up to the number in the column `faded`. One that is faded by as many
grades as the lens has, or fewer, shows the colour. Grinding a stone ends the exercise. A stone at the top makes the
lens finer by one grade, to the end of the book, if a label on the table cannot be read yet; any other is ground for
nothing.

What it teaches
    1  one pair        one potion of the first pair of colours: which of three stones does it lift?
    2  six potions     all colours, one stone, no step to spare
    3  three stones    all colours, three stones: which are worth the steps? From here on labels are faded, by up to
                       two grades
    4  missing edges   from here on edges of the cube are missing: find the ways round; labels faded by up to three
    5  review          one to three stones, all colours, fewer potions; labels faded by up to five
    6  exam            never before: stones at the top, three stones with twelve potions and twenty steps, and a veil:
                       stones show as they were dealt, whatever is done to them, the score is hidden, and no lens can
                       be made finer

Mark
    Score / best score that the items can bring within the limit (exact search), at least 0. Items are dealt until one
    stone can reach the top.

Why memory pays
    The chemistry is drawn once an edition; who knows it wastes no potion and no step. Under the veil nothing can be
    found out any more: who is ready for the exam has the best mark from its first exercise on. Measured by
    `textbook-gym show Alchemy`.

Why self-improvement and foresight are necessary
    A stone that is ground could have paid 15 points, and the lens is of use in later exercises only. Chapters 3, 4 and
    5 each ask for a finer one. Who never grinds a stone is ahead when labels begin to fade, and then tries potions
    blindly to the end of the book. One act serves both abilities, so they are worth the same here.

Sources
    Symbolic Alchemy (Wang et al. 2021, arXiv 2102.02926). Chapter 6 with `told` = 1 and `faded` = 0 has its rules and
    its observation, bit for bit; the 40 actions of its form without END_TRIAL are the first 41 here less one.

Model student
    The exact posterior over chemistries; it assumes that items are dealt without regard to their worth. From it come
    sixteen samples; of the steps that their best plans begin with, it takes the one that promises most on the mean, if
    the sample were known from then on (hindsight, or QMDP, planning). What it cannot read may be any colour; that such
    a potion did nothing tells it nothing. While a label cannot be read, it keeps a stone that is at the top to the
    last, and grinds it. Without self-improvement or foresight that stone goes into the cauldron, too; all else, such as
    the use of potions that it cannot read, is the same.
"""

import enum
from typing import NamedTuple

from textbook_gym.authoring import Field, Record, Signal, below, permute, rule, uniform
from textbook_gym.books.tables.alchemy import (
    AXES,
    CASH,
    CASH_IN,
    CHOICES,
    COLOURS,
    CORNERS,
    DIRECTIONS,
    END,
    FADED,
    GUARD,
    KEY,
    KINDS,
    LOOKS,
    MOVE,
    NOTHING,
    OPENING,
    POTION,
    PRIOR,
    RANKED,
    START,
    STEP,
    STONE,
    STONES,
    TOP,
    UNIT,
    USE,
    WHOLE,
    WORTH,
    A,
    B,
    C,
)

ABILITIES = {
    "learning": "is wiped at every exercise",
    "retention": "is wiped at every chapter",
    "self-improvement": "grinds no lens",
    "foresight": "grinds no lens, which costs the stone that is ground",
}
MODEL = "textbook_gym.books.models.alchemy"
WORDS = "textbook_gym.books.words.alchemy"

POTIONS = 12
SLOT = 1 + POTIONS  # actions that name the same stone
FINEST = 5  # the lens
MOST = 45.0  # points of three stones at the top
DRAWS = 100


class Action(enum.IntEnum):
    """Throw stone A, B or C into the cauldron, give it the potion in a slot, or grind it and finish."""

    END_TRIAL = 0
    NO_OP = 1
    A_CAULDRON, A_1, A_2, A_3, A_4, A_5, A_6, A_7, A_8, A_9, A_10, A_11, A_12 = range(2, 15)
    B_CAULDRON, B_1, B_2, B_3, B_4, B_5, B_6, B_7, B_8, B_9, B_10, B_11, B_12 = range(15, 28)
    C_CAULDRON, C_1, C_2, C_3, C_4, C_5, C_6, C_7, C_8, C_9, C_10, C_11, C_12 = range(28, 41)
    A_GRIND, B_GRIND, C_GRIND = range(41, 44)


class Chapter(NamedTuple):
    """What one chapter fixes."""

    name: str
    exercises: int
    limit: int  # steps
    newcomer: float  # expected mark of the model student without its notes, measured
    pairs: int  # pairs of colours that occur
    fewest: int  # stones: fewest..stones
    stones: int
    potions: int
    lowest: int  # stones start at RANKED[lowest..highest]
    highest: int
    missing: int  # 1 if the missing edges of the edition are in force
    faded: int  # labels are faded by 0..faded
    told: int  # 0 under the veil


CHAPTERS = (
    #        name          exercises limit newcomer pairs fewest stones potions lowest highest missing faded told
    Chapter("one pair",            8,    3,    0.49,    1,     3,     3,      1,     4,      6,      0,     0,    1),
    Chapter("six potions",         8,    4,    0.56,    3,     1,     1,      6,     0,      6,      0,     0,    1),
    Chapter("three stones",        8,    6,    0.43,    3,     3,     3,      8,     0,      6,      0,     2,    1),
    Chapter("missing edges",       9,    8,    0.56,    3,     2,     2,      8,     0,      6,      1,     3,    1),
    Chapter("review",              8,    6,    0.39,    3,     1,     3,      6,     0,      6,      1,     5,    1),
    Chapter("exam",                6,   20,    0.32,    3,     3,     3,     12,     0,      7,      1,     5,    0),
)  # fmt: skip

SHORT = ((1, 2, 3), (8, 8, 8))  # chapters and their exercises: a course for quick training, of 120 steps at most
SEMINAR = ((1, 2, 3), (4, 6, 8))  # likewise, to be read and talked through: at most 100 decisions


EDITION = (
    Field("dim_map", "i1", "latent axis of each pair of colours", (AXES,), low=0, high=AXES - 1, chapters=(1, 2, 2)),
    Field(
        "dir_map",
        "i1",
        "by latent axis: +1 if the pair's second colour raises, else -1",
        (AXES,),
        low=-1,
        high=1,
        partly={1},  # only that of the pair's axis
    ),
    Field("stone_map", "i1", "by latent axis: -1 if stones show it turned round, else +1", (AXES,), low=-1, high=1),
    Field("rotation", "i1", "of stones: 0 none, else about axis 2, 1, 0", low=0, high=LOOKS // CORNERS - 1),
    Field("graph", "i1", "by the signs asked along axis 0, 1, 2 (order -1, +1, any)", low=0, high=WHOLE, chapters=4),
)

STATE = (
    Field("stone", "i1", "latent corner of each stone, -1 for none", (STONES,), low=-1, high=CORNERS - 1),
    Field("potion", "i1", "latent potion in each slot, -1 for none", (POTIONS,), low=-1, high=COLOURS - 1),
    Field("dealt", "i1", "the stones as dealt", (STONES,)),
    Field("fade", "i1", "how far the label in each slot is faded: a lens as fine as that reads it", (POTIONS,)),
    Field("lens", "i1", "how fine the lens is: stones ground for it", lasting=True),
    Field("graph", "i1", "graph in force"),
    Field("look", "i1", "look of the stones"),
    Field("colour", "i1", "colour of each latent potion", (COLOURS,)),
    Field("left", "i1", "steps left"),
    Field("score", "i2", "points from the cauldron"),
    Field("best", "i2", "most points that the items can bring"),
)

SIGNALS = (
    Signal("stones", -1.0, 2.0, "three coordinates, sum of the true ones / 3, 0; none: 2, 2, 2, 2, 1", (STONES, 5)),
    Signal("potions", -1.0, 1.0, "colour / 3 - 1, 0; label not to be read: 1, 0; none: 1, 1", (POTIONS, 2)),
    Signal("score", -1.0, 1.0, "points so far, as a share of 45; 0 under the veil"),
    Signal("lens", 0.0, 1.0, "how fine the lens is"),
)

LEDGER = [  # what a potion of each slot's colour did to stones
    {
        "under": ["used:potions"],
        "situation": [[f"potions[{slot}:{slot + 2}]"] for slot in range(0, 2 * POTIONS, 2)],
        "outcome": [],
        "shared": ["push:stones"],
        "silent": "known",
        "rows": 8,
    }
]


# --- the rules -----------------------------------------------------------------------


@rule
def best_plan(graph: int, a: int, b: int, c: int, stock: int) -> int:
    """Return CHOICES * (key of the best plan for three stones) + (its first choice: KINDS * slot + opening)."""
    choice, key = CHOICES - 1, 0
    most_c = WORTH[START[graph, c]]
    most_b = WORTH[START[graph, b]] + most_c
    for i in range(START[graph, a], END[graph, a]):
        if WORTH[i] + most_b <= key:  # nor do later ones: the best come first
            break
        after = stock - USE[i]
        for j in range(START[graph, b], END[graph, b] if after & GUARD == GUARD else 0):
            if WORTH[i] + WORTH[j] + most_c <= key:
                break
            rest = after - USE[j]
            k = START[graph, c]
            while k < END[graph, c] - 1 and (rest - USE[k]) & GUARD != GUARD:
                k += 1
            if rest & GUARD == GUARD and WORTH[i] + WORTH[j] + WORTH[k] > key:
                key = WORTH[i] + WORTH[j] + WORTH[k]
                choice = KINDS * C + OPENING[k]
                choice = choice if OPENING[j] == NOTHING else KINDS * B + OPENING[j]
                choice = choice if OPENING[i] == NOTHING else OPENING[i]
    return CHOICES * key + choice


@rule
def plan_of(s: Record) -> int:
    """Return the best plan for what is left."""
    stock = GUARD + s.left * STEP
    for i in range(POTIONS):
        stock += UNIT[s.potion[i]] if s.potion[i] >= 0 else 0
    return best_plan(s.graph, s.stone[A], s.stone[B], s.stone[C], stock)


@rule
def sound(e: Record) -> bool:
    """Return whether every pair of colours has an axis of its own, and every sign is one."""
    for axis in range(AXES):
        if abs(e.dir_map[axis]) != 1 or abs(e.stone_map[axis]) != 1:
            return False
        for other in range(axis):
            if e.dim_map[axis] == e.dim_map[other]:
                return False
    return True


@rule
def write(e: Record, s: Record) -> None:
    """Draw a chemistry; the result is always sound."""
    permute(s, e.dim_map, AXES)
    for axis in range(AXES):
        e.dir_map[axis] = 1 - DIRECTIONS * below(s, DIRECTIONS)
        e.stone_map[axis] = 1 - DIRECTIONS * below(s, DIRECTIONS)
    e.rotation = below(s, LOOKS // CORNERS)
    e.graph = 0
    place = uniform(s) - PRIOR[0]
    while place >= 0.0 and e.graph < WHOLE:
        e.graph += 1
        place -= PRIOR[e.graph]


@rule
def arrange(p: Chapter, e: Record, s: Record) -> None:
    """Work out what follows from the items that lie on the table."""
    for i in range(STONES):
        s.dealt[i] = s.stone[i]
    s.best = -(-(plan_of(s) // CHOICES) // KEY)


@rule
def look_up(p: Chapter, e: Record, s: Record) -> None:
    """Work out how stones and potions look in this edition, and the graph in force."""
    s.look = e.rotation * CORNERS
    for axis in range(AXES):
        s.look += (e.stone_map[axis] > 0) << axis
    for colour in range(COLOURS):
        axis = e.dim_map[colour // DIRECTIONS]
        raises = (colour % DIRECTIONS == 1) == (e.dir_map[axis] > 0)
        s.colour[DIRECTIONS * axis + raises] = colour
    s.graph = e.graph if p.missing == 1 else WHOLE


@rule
def pose(p: Chapter, e: Record, s: Record) -> None:
    """Deal until one stone can reach the top."""
    look_up(p, e, s)
    s.left = p.limit
    for _ in range(DRAWS):
        stones = p.fewest + below(s, p.stones - p.fewest + 1)
        for i in range(STONES):
            s.stone[i] = RANKED[p.lowest + below(s, p.highest - p.lowest + 1)] if i < stones else -1
        for i in range(POTIONS):
            s.potion[i] = DIRECTIONS * e.dim_map[below(s, p.pairs)] + below(s, DIRECTIONS) if i < p.potions else -1
        arrange(p, e, s)
        if s.best >= CASH[TOP]:
            break
    for i in range(p.potions):
        s.fade[i] = below(s, p.faded + 1)


@rule
def grind(p: Chapter, s: Record, slot: int) -> None:
    """Grind a stone: one at the top makes the lens finer, by a label that it cannot read yet."""
    unread = False
    for i in range(POTIONS):
        unread |= s.potion[i] >= 0 and s.fade[i] > s.lens
    s.lens += unread and s.stone[slot] == TOP and p.told == 1  # under the veil a finer lens would tell of the stone
    s.stone[slot] = -1


@rule
def step(p: Chapter, e: Record, s: Record, action: int) -> bool:
    """Use one item; a potion is spent whether it does something or not, and grinding ends the exercise."""
    s.left -= 1
    if action == Action.END_TRIAL:
        s.left = 0
    if action <= Action.NO_OP:
        return action == Action.END_TRIAL
    if action >= Action.A_GRIND:
        grind(p, s, action - Action.A_GRIND)
        return True
    slot, place = (action - Action.A_CAULDRON) // SLOT, (action - Action.A_CAULDRON) % SLOT - 1
    corner = s.stone[slot]
    if place < 0:
        s.score += CASH[corner]
        s.stone[slot] = -1
    elif corner >= 0 and s.potion[place] >= 0:
        s.stone[slot] = MOVE[s.graph, corner, s.potion[place]]
        s.potion[place] = -1
    return False


@rule
def show_items(p: Chapter, s: Record, o: Record) -> None:
    """Write what is to be seen of stones and potions."""
    for i in range(STONES):
        corner = s.stone[i] if p.told == 1 or s.stone[i] < 0 else s.dealt[i]
        for j in range(o.stones.shape[1]):
            o.stones[i, j] = STONE[s.look, corner, j]
    for i in range(POTIONS):
        colour = s.colour[s.potion[i]] if s.potion[i] >= 0 else -1
        colour = FADED if colour >= 0 and s.fade[i] > s.lens else colour
        for j in range(o.potions.shape[1]):
            o.potions[i, j] = POTION[colour, j]


@rule
def observe(p: Chapter, s: Record, o: Record) -> None:
    """Write what the student may see."""
    show_items(p, s, o)
    o.score = s.score / MOST if p.told == 1 else 0.0
    o.lens = s.lens / FINEST


@rule
def mark(p: Chapter, s: Record) -> float:
    """Return the score as a share of the best; 1 where nothing was to be had and nothing is lost."""
    if s.best <= 0:
        return 1.0 if s.score >= 0 else 0.0
    return max(0.0, int(s.score) / int(s.best))


# --- the teacher's copy ----------------------------------------------------------------


@rule
def action_for(choice: int, tray: Record) -> int:
    """Return the action for a choice (KINDS * slot + what), where `what` is to be found on the tray."""
    what = choice % KINDS
    if what == NOTHING:
        return Action.END_TRIAL.value
    place = -1
    if what != CASH_IN:
        place = 0
        while tray[place] != what:
            place += 1
    return Action.A_CAULDRON + choice // KINDS * SLOT + 1 + place


@rule
def oracle(p: Chapter, e: Record, s: Record) -> int:
    """Begin the best plan, found anew at each step."""
    return action_for(plan_of(s) % CHOICES, s.potion)


def exam_fact(p: Chapter, e: Record, s: Record) -> tuple[int, int]:
    """Stones and potions dealt."""
    return sum(s.stone[i] >= 0 for i in range(STONES)), sum(s.potion[i] >= 0 for i in range(POTIONS))
