"""Crafting: make things from things, by recipes that must be found once and then planned with.

Twelve items in four tiers: four materials, three parts (tier 1), three tools (tier 2), two machines (tier 3); and four
stand-ins, each of which serves wherever one of the materials does. Two items in stock are picked and joined at one of
three stations: if a recipe says so and the station is that of its tier, they make a third. A part is made of two
materials, a tool of a part and a material, a machine of a tool and a part. Nothing is used up. If two belong together
but at another station, the bench sparks. A third pick pushes the first off the bench; only what succeeds clears it.
Handing in ends the exercise, be the order complete or not.

Nobody orders a gauge, but it can be built: six operations of one exercise, and it stays to the end of the book. From
then on it shows what goes with the item picked last: of what is in stock or can be made, and for items of the tiers
that the chapter has reached.

What it teaches
    1  parts        one part is ordered: find the pairs of materials and the station, and remember them
    2  tools        one tool: a known part and one material more, at another station
    3  machines     one machine: a whole tree of recipes
    4  shortage     a tool or machine, two materials missing, the stand-ins there: which is for which?
    5  review       a tool or machine, and a part that it does not need; one material missing. The stations were moved:
                    each tier has another one than before
    6  exam         new: a machine, and a tool that it does not need or the other machine; all materials missing; what
                    is made and sparks are not shown, nor what the gauge finds; anything can be picked, and every join
                    clears the bench

Mark
    (fewest operations possible) / (operations used) if all that is ordered was made and handed in, else 0. Every item
    to be made takes two picks and a join, handing in takes one more.

Why memory pays
    Recipes, stations and stand-ins are drawn once an edition. Measured by `textbook-gym show Crafting`.

Why foresight is necessary
    In the exercise in which the gauge is built its six operations count, and no order asks for it: the mark is lower
    than without. Later a single pick shows what would take a join for every pair, in exercises too short for these.

Sources
    The production rules of XLand-MiniGrid (Nikulin et al. 2023, arXiv 2312.12044), the technology tree of Crafter
    (Hafner 2021, arXiv 2109.06780), Little Alchemy as in WordCraft (Jiang et al. 2020, arXiv 2007.09185).

Model student
    It plans backwards from the order and tests the cheapest pair where a recipe is missing; it assumes the law of the
    tiers and, of stations and stand-ins, the first arrangement that is not refuted. It builds the gauge as soon as it
    lacks a recipe. Without adaptation it stays with the station at which it first made an item of a tier.

Editions: 2 * 10^18 (16! / 1728 labellings, 120 * 1320 * 72 sets of recipes, 6 orders of the stations, 2 moves).
"""

import enum
from typing import NamedTuple

import numpy as np

from textbook_gym.authoring import Field, Record, Signal, below, permute, rule
from textbook_gym.authoring.bitset import has

ABILITIES = {
    "learning": "is wiped at every exercise",
    "retention": "is wiped at every chapter",
    "adaptation": "stays with the stations that it first had success at",
    "self-improvement": "builds no gauge",
    "foresight": "builds no gauge, which costs in the exercise in which it is built",
}
MODEL = "textbook_gym.books.models.crafting"
WORDS = "textbook_gym.books.words.crafting"

# Items have labels, which are seen, and ranks, which are hidden: materials 0-3, parts 4-6, tools 7-9, machines 10-11;
# stand-in 12 serves for 0, 13 for 1, ... A set of items is an integer, bit k for item k.
ITEMS = 16
MATERIALS = 4
STAND_INS = 12  # the first of them
MADE = STAND_INS - MATERIALS  # items that are made
FIRST = (0, 4, 7, 10, 12)  # ranks of a tier: FIRST[tier] <= rank < FIRST[tier + 1]
TIER = (0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3)  # by rank
LOW = (-1, 0, 0, 1)  # by tier of an item: tier of its lower part; the other part is of the tier below the item
TOP = STATIONS = 3  # the highest tier; every tier above 0 has a station of its own
PARTS = 2
CRAFT = PARTS + 1  # operations that make one item
GAUGE = 6  # operations that build the gauge
BUILT = np.arange(GAUGE + 1) / GAUGE
NONE = -1
OLDER, NEWER, FRESH = 0.5, 1.0, 0.5  # what the bench shows for its two items, the stock for the item just made


class Action(enum.IntEnum):
    """Put an item on the bench, join the two there at a station, hand in and finish, or work on the gauge."""

    PICK_A, PICK_B, PICK_C, PICK_D, PICK_E, PICK_F, PICK_G, PICK_H = range(8)
    PICK_I, PICK_J, PICK_K, PICK_L, PICK_M, PICK_N, PICK_O, PICK_P = range(8, 16)
    JOIN_1, JOIN_2, JOIN_3 = range(16, 19)
    HAND_IN = 19
    BUILD = 20


class Chapter(NamedTuple):
    """What one chapter fixes."""

    name: str
    exercises: int
    limit: int  # operations
    newcomer: float  # expected mark of the model student without its notes, measured
    orders: int  # items ordered at once
    lowest: tuple[int, int]  # tiers that each order may be of, from
    highest: tuple[int, int]  # to
    missing: int  # materials not in stock; if any are missing the stand-ins are there
    revised: int  # 1 once the stations were moved
    told: int  # 1 if what is made, sparks and what the gauge finds are shown


CHAPTERS = (
    #        name     exercises limit newcomer orders lowest highest missing revised told
    Chapter("parts",         7,   16,    0.51,    1,  (1, 1), (1, 1),   0,     0,    1),
    Chapter("tools",         8,    9,    0.10,    1,  (2, 2), (2, 2),   0,     0,    1),
    Chapter("machines",      8,   14,    0.05,    1,  (3, 3), (3, 3),   0,     0,    1),
    Chapter("shortage",      8,   19,    0.21,    1,  (2, 2), (3, 3),   2,     0,    1),
    Chapter("review",        7,   22,    0.08,    2,  (2, 1), (3, 1),   1,     1,    1),
    Chapter("exam",          6,   24,    0.00,    2,  (3, 2), (3, 3),   4,     1,    0),
)  # fmt: skip

SHORT = ((2, 3, 4), (4, 4, 1))  # chapters and their exercises: a course for quick training, of 120 steps at most
SEMINAR = ((2, 3), (4, 4))  # likewise, to be read and talked through: at most 100 decisions

ASKED_FOR = TIER[MATERIALS:]  # chapter from which an item that is made is asked for
EDITION = (
    Field("item", "i1", "label by rank; rising in each tier, stand-ins in any order", (ITEMS,), low=0, high=ITEMS - 1,
          chapters=(1,) * MATERIALS + ASKED_FOR + (4,) * (ITEMS - STAND_INS)),
    Field("part", "i1", "ranks of the parts of items 4 to 11, rising", (MADE, PARTS), low=0, high=FIRST[TOP] - 1,
          chapters=ASKED_FOR),
    Field("station", "i1", "where items of tiers 1, 2, 3 are joined, before and after the move", (2, STATIONS),
          low=0, high=STATIONS - 1, chapters=(({1, 2, 3, 4}, {2, 3, 4}, {2, 3, 4}), 5)),
)  # fmt: skip

STATE = (
    Field("gauge", "i1", "operations done of the gauge; it lasts once it is built", lasting=True),
    Field("kind", "i1", "rank by label, of stand-ins that of the material they serve for", (ITEMS,)),
    Field("order", "i4", "set of items ordered, by label"),
    Field("need", "i4", "set of items ordered and of all that they are made of, by rank"),
    Field("stock", "i4", "set of items in stock, by label"),
    Field("shelf", "i4", "set of items that were in stock at first, by label"),
    Field("older", "i1", "label on the bench that the next pick pushes off, -1 if none"),
    Field("newer", "i1", "label on the bench picked last, -1 if none"),
    Field("made", "i1", "label made by the last operation, -1 if none"),
    Field("spark", "i1", "1 if the last operation joined a good pair at a wrong station"),
    Field("fits", "i4", "set of items that the gauge finds to go with the one picked last, by label"),
    Field("steps", "i1", "operations so far"),
    Field("fewest", "i1", "operations that who knows the recipes needs"),
    Field("handed", "i1", "1 once handed in"),
)

SIGNALS = (
    Signal("order", 0.0, 1.0, "1 for every item ordered", (ITEMS,)),
    Signal("stock", 0.0, 1.0, "1 for every item in stock, 0.5 if just made; in the exam as it was at first", (ITEMS,)),
    Signal("bench", 0.0, 1.0, "1 for the item picked last, 0.5 for the other one there", (ITEMS,)),
    Signal("spark", 0.0, 1.0, "1 if the two just joined belong together, but at another station; 0 in the exam"),
    Signal("gauge", 0.0, 1.0, "share of the gauge that is built"),
    Signal("fits", 0.0, 1.0, "1 for what goes with the item picked last, once the gauge is built", (ITEMS,)),
)

LEDGER = [  # what joining does to the two on the bench; what stood there when the item ordered was made
    {
        "situation": ["is:bench"],
        "outcome": ["spark", "grew:stock"],
        "actions": ["JOIN_1", "JOIN_2", "JOIN_3"],
        "silent": "known",
        "rows": 128,
    },
    {
        "under": ["half:stock"],
        "situation": ["order"],
        "outcome": [],
        "shared": ["was:bench"],
        "rows": 16,
        "rate": 1.0,
    },
]


# --- the rules -----------------------------------------------------------------------


@rule
def fresh(e: Record, k: int) -> bool:
    """Return whether the parts of made item `k` are in order, of the right tiers, and no earlier item's."""
    tier, low, high = TIER[MATERIALS + k], e.part[k, 0], e.part[k, 1]
    for other in range(k):
        if e.part[other, 0] == low and e.part[other, 1] == high:
            return False
    return 0 <= low < high < STAND_INS and TIER[low] == LOW[tier] and TIER[high] == tier - 1


@rule
def sound(e: Record) -> bool:
    """Return whether `write` may draw this: labels and stations once, labels rising in each tier, good recipes."""
    labels, good = 0, True
    for rank in range(ITEMS):
        labels |= 1 << e.item[rank]
        if 0 < rank < STAND_INS and TIER[rank] == TIER[rank - 1]:
            good = good and e.item[rank] > e.item[rank - 1]
    for revised in (0, 1):
        stations = 0
        for k in range(STATIONS):
            stations |= 1 << e.station[revised, k]
            good = good and (revised == 0 or e.station[0, k] != e.station[1, k])
        good = good and stations + 1 == 1 << STATIONS
    for k in range(MADE):
        good = good and fresh(e, k)
    return good and labels + 1 == 1 << ITEMS


@rule
def write(e: Record, s: Record) -> None:
    """Draw labels, recipes and stations."""
    permute(s, e.item, ITEMS)
    for rank in range(STAND_INS):  # within a tier ranks follow the labels, else editions would come twice
        for other in range(FIRST[TIER[rank]], rank):
            label = e.item[rank]
            e.item[rank] = max(label, e.item[other])
            e.item[other] = min(label, e.item[other])
    for k in range(MADE):
        e.part[k, 1] = NONE
        while not fresh(e, k):
            e.part[k, 0] = below(s, FIRST[TOP])
            e.part[k, 1] = below(s, FIRST[TOP])
    permute(s, e.station[0], STATIONS)
    move = 1 + below(s, STATIONS - 1)
    for k in range(STATIONS):
        e.station[1, k] = (e.station[0, k] + move) % STATIONS


@rule
def pose(p: Chapter, e: Record, s: Record) -> None:
    """Set one exercise: draw the orders, none needed for another, and the materials that are missing."""
    for order in range(p.orders):
        least, most = FIRST[p.lowest[order]], FIRST[p.highest[order] + 1]
        rank = least + below(s, most - least)
        while has(s.need, rank):
            rank = least + below(s, most - least)
        s.order |= 1 << e.item[rank]
        s.need |= 1 << rank
        for k in range(rank - MATERIALS, -1, -1):
            if has(s.need, MATERIALS + k):
                s.need |= 1 << e.part[k, 0] | 1 << e.part[k, 1]
    s.fewest = 1
    for rank in range(ITEMS):
        s.kind[e.item[rank]] = rank % STAND_INS
        s.fewest += CRAFT * (rank >= MATERIALS and has(s.need, rank))
    missing = p.missing
    for k in range(MATERIALS):
        gone = below(s, MATERIALS - k) < missing
        missing -= gone
        s.stock |= (not gone) << e.item[k] | (p.missing > 0) << e.item[STAND_INS + k]
    s.shelf = s.stock
    s.older = s.newer = s.made = NONE


@rule
def fitting(p: Chapter, e: Record, s: Record) -> int:
    """Return the set of items, by label, that go with the one picked last: what is in stock or could be made."""
    fits = 0
    for k in range(MADE if s.newer != NONE else 0):
        for one in range(PARTS):
            if e.part[k, one] == s.kind[s.newer] and TIER[MATERIALS + k] <= p.highest[0]:
                for i in range(ITEMS):
                    here = s.kind[i] >= MATERIALS or has(s.stock, i)
                    fits |= (here and s.kind[i] == e.part[k, 1 - one]) << i
    return fits


@rule
def step(p: Chapter, e: Record, s: Record, action: int) -> bool:
    """Pick, join, hand in or build; return whether it was handing in."""
    if s.steps == 0 and s.gauge < GAUGE:
        s.gauge = 0  # what was left half built is lost
    s.steps += 1
    s.made = NONE
    s.spark = 0
    s.handed = action == Action.HAND_IN
    if action < Action.JOIN_1:
        if p.told == 0 or has(s.stock, action):  # to refuse what was not made would tell of it
            s.older, s.newer = s.newer, action
    elif action == Action.BUILD:
        s.gauge = min(s.gauge + 1, GAUGE)
    elif action < Action.HAND_IN:
        if s.older != NONE and has(s.stock, s.older) and has(s.stock, s.newer):
            one, two = s.kind[s.older], s.kind[s.newer]
            for k in range(MADE):
                if e.part[k, 0] == min(one, two) and e.part[k, 1] == max(one, two):
                    if e.station[p.revised, TIER[MATERIALS + k] - 1] == action - Action.JOIN_1:
                        s.made = e.item[MATERIALS + k]
                        s.stock |= 1 << s.made
                    else:
                        s.spark = 1
        if p.told == 0 or s.made != NONE:  # to clear the bench for success alone would tell, too
            s.older = s.newer = NONE
    s.fits = fitting(p, e, s) if p.told == 1 and s.gauge == GAUGE else 0
    return s.handed == 1


@rule
def observe(p: Chapter, s: Record, o: Record) -> None:
    """Write what the student may see."""
    order, older, newer, fits = s.order, s.older, s.newer, s.fits
    stock = s.stock if p.told == 1 else s.shelf
    made = s.made if p.told == 1 else NONE
    for i in range(ITEMS):  # numba makes vector code of a single loop over local numbers
        o.order[i] = 1.0 if has(order, i) else 0.0
        o.stock[i] = FRESH if i == made else 1.0 if has(stock, i) else 0.0
        o.bench[i] = NEWER if i == newer else OLDER if i == older else 0.0
        o.fits[i] = 1.0 if has(fits, i) else 0.0
    o.spark = s.spark * p.told
    o.gauge = BUILT[s.gauge]


@rule
def mark(p: Chapter, s: Record) -> float:
    """Return the fewest operations over those used, if the order was handed in complete."""
    return s.fewest / s.steps if s.handed == 1 and s.order & ~s.stock == 0 else 0.0


# --- the teacher's copy ----------------------------------------------------------------


@rule
def oracle(p: Chapter, e: Record, s: Record) -> int:
    """Make what is needed in the order of the ranks, then hand in."""
    for k in range(MADE):
        if has(s.need, MATERIALS + k) and not has(s.stock, e.item[MATERIALS + k]):
            low, high = e.part[k, 0], e.part[k, 1]
            one = e.item[low if has(s.stock, e.item[low]) else STAND_INS + low]
            two = e.item[high if has(s.stock, e.item[high]) else STAND_INS + high]
            if s.newer == two and s.older == one:
                return Action.JOIN_1 + e.station[p.revised, TIER[MATERIALS + k] - 1]
            return two if s.newer == one else one
    return Action.HAND_IN.value


def exam_fact(p: Chapter, e: Record, s: Record) -> tuple[tuple[int, ...], bool]:
    """Tiers of what is ordered, and whether any material is in stock."""
    tiers = tuple(TIER[rank] for rank in range(STAND_INS) if has(s.order, e.item[rank]))
    return tiers, any(has(s.stock, e.item[rank]) for rank in range(MATERIALS))
