"""Crafting: make things from things, by recipes that must be found once and then planned with.

Twelve items in four tiers: four materials, three parts (tier 1), three tools (tier 2), two machines (tier 3); and four
stand-ins, each of which serves wherever one of the materials does. Two items in stock are picked and joined at one of
three stations: if a recipe says so and the station is that of its tier, they make a third. A part is made of two
materials, a tool of a part and a material, a machine of a tool and a part. Nothing is used up. If two belong together
but at another station, the bench sparks. A third pick pushes the first off the bench; only what succeeds clears it.
Handing in ends the exercise, be the order complete or not.

What it teaches
    1  parts        one part is ordered: find the pairs of materials and the station, and remember them
    2  tools        one tool: a known part and one material more, at another station
    3  machines     one machine: a whole tree of recipes
    4  shortage     a tool or machine, two materials missing, the stand-ins there: which is for which?
    5  review       a tool or machine, and a part that it does not need; one material missing
    6  exam         new: a machine, and a tool that it does not need or the other machine; all materials missing; what
                    is made and sparks are not shown, anything can be picked, and every join clears the bench

Mark
    (fewest operations possible) / (operations used) if all that is ordered was made and handed in, else 0. Every item
    to be made takes two picks and a join, handing in takes one more.

Why memory pays
    Recipes, stations and stand-ins are drawn once an edition. Measured by `textbook-gym show Crafting`.

Sources
    The production rules of XLand-MiniGrid (Nikulin et al. 2023, arXiv 2312.12044), the technology tree of Crafter
    (Hafner 2021, arXiv 2109.06780), Little Alchemy as in WordCraft (Jiang et al. 2020, arXiv 2007.09185).

Model student
    It plans backwards from the order and tests the cheapest pair where a recipe is missing; it assumes the law of the
    tiers and, of stations and stand-ins, the first arrangement that is not refuted.

Editions: 8 * 10^17 (16! / 1728 labellings, 120 * 1320 * 72 sets of recipes, 6 orders of the stations).
"""

import enum
from typing import NamedTuple

from textbook_gym.authoring import Field, Record, Signal, below, permute, rule
from textbook_gym.authoring.bitset import has

TAGS = ("abstraction", "exploration")
MODEL = "textbook_gym.books.models.crafting"

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
NONE = -1
OLDER, NEWER, FRESH = 0.5, 1.0, 0.5  # what the bench shows for its two items, the stock for the item just made


class Action(enum.IntEnum):
    """Put an item on the bench, join the two there at a station, or hand in and finish."""

    PICK_A, PICK_B, PICK_C, PICK_D, PICK_E, PICK_F, PICK_G, PICK_H = range(8)
    PICK_I, PICK_J, PICK_K, PICK_L, PICK_M, PICK_N, PICK_O, PICK_P = range(8, 16)
    JOIN_1, JOIN_2, JOIN_3 = range(16, 19)
    HAND_IN = 19


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
    told: int  # 1 if what is made and sparks are shown


CHAPTERS = (
    #        name     exercises limit newcomer orders lowest highest missing told
    Chapter("parts",         7,   16,    0.41,    1,  (1, 1), (1, 1),   0,    1),
    Chapter("tools",         8,   20,    0.18,    1,  (2, 2), (2, 2),   0,    1),
    Chapter("machines",      8,   24,    0.07,    1,  (3, 3), (3, 3),   0,    1),
    Chapter("shortage",      8,   24,    0.11,    1,  (2, 2), (3, 3),   2,    1),
    Chapter("review",        7,   24,    0.00,    2,  (2, 1), (3, 1),   1,    1),
    Chapter("exam",          6,   24,    0.00,    2,  (3, 2), (3, 3),   4,    0),
)  # fmt: skip

SHORT = ((1, 2, 3), (3, 2, 1))  # chapters and their exercises: a course for quick training, of 120 steps at most
SEMINAR = ((1, 2, 3), (2, 2, 1))  # likewise, to be read and talked through: at most 100 decisions

ASKED_FOR = TIER[MATERIALS:]  # chapter from which an item that is made is asked for
EDITION = (
    Field(
        "item",
        "i1",
        "label by rank; rising in each tier, stand-ins in any order",
        (ITEMS,),
        low=0,
        high=ITEMS - 1,
        chapters=(1,) * MATERIALS + ASKED_FOR + (4,) * (ITEMS - STAND_INS),
    ),
    Field(
        "part",
        "i1",
        "ranks of the parts of items 4 to 11, rising",
        (MADE, PARTS),
        low=0,
        high=FIRST[TOP] - 1,
        chapters=ASKED_FOR,
    ),
    Field(
        "station",
        "i1",
        "where items of tiers 1, 2, 3 are joined",
        (STATIONS,),
        low=0,
        high=STATIONS - 1,
        chapters=(1, 2, 2),
    ),
)

STATE = (
    Field("kind", "i1", "rank by label, of stand-ins that of the material they serve for", (ITEMS,)),
    Field("order", "i4", "set of items ordered, by label"),
    Field("need", "i4", "set of items ordered and of all that they are made of, by rank"),
    Field("stock", "i4", "set of items in stock, by label"),
    Field("shelf", "i4", "set of items that were in stock at first, by label"),
    Field("older", "i1", "label on the bench that the next pick pushes off, -1 if none"),
    Field("newer", "i1", "label on the bench picked last, -1 if none"),
    Field("made", "i1", "label made by the last operation, -1 if none"),
    Field("spark", "i1", "1 if the last operation joined a good pair at a wrong station"),
    Field("steps", "i1", "operations so far"),
    Field("fewest", "i1", "operations that who knows the recipes needs"),
    Field("handed", "i1", "1 once handed in"),
)

SIGNALS = (
    Signal("order", 0.0, 1.0, "1 for every item ordered", (ITEMS,)),
    Signal("stock", 0.0, 1.0, "1 for every item in stock, 0.5 if just made; in the exam as it was at first", (ITEMS,)),
    Signal("bench", 0.0, 1.0, "1 for the item picked last, 0.5 for the other one there", (ITEMS,)),
    Signal("spark", 0.0, 1.0, "1 if the two just joined belong together, but at another station; 0 in the exam"),
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
        "told": ["was:bench"],
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
    """Return whether `write` may draw this: every label and station once, labels rising in each tier, good recipes."""
    labels, stations, good = 0, 0, True
    for rank in range(ITEMS):
        labels |= 1 << e.item[rank]
        if 0 < rank < STAND_INS and TIER[rank] == TIER[rank - 1]:
            good = good and e.item[rank] > e.item[rank - 1]
    for k in range(STATIONS):
        stations |= 1 << e.station[k]
    for k in range(MADE):
        good = good and fresh(e, k)
    return good and labels + 1 == 1 << ITEMS and stations + 1 == 1 << STATIONS


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
    permute(s, e.station, STATIONS)


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
def step(p: Chapter, e: Record, s: Record, action: int) -> bool:
    """Pick, join or hand in; return whether it was handing in."""
    s.steps += 1
    s.made = NONE
    s.spark = 0
    s.handed = action == Action.HAND_IN
    if action < Action.JOIN_1:
        if p.told == 0 or has(s.stock, action):  # to refuse what was not made would tell of it
            s.older, s.newer = s.newer, action
    elif action < Action.HAND_IN:
        if s.older != NONE and has(s.stock, s.older) and has(s.stock, s.newer):
            one, two = s.kind[s.older], s.kind[s.newer]
            for k in range(MADE):
                if e.part[k, 0] == min(one, two) and e.part[k, 1] == max(one, two):
                    if e.station[TIER[MATERIALS + k] - 1] == action - Action.JOIN_1:
                        s.made = e.item[MATERIALS + k]
                        s.stock |= 1 << s.made
                    else:
                        s.spark = 1
        if p.told == 0 or s.made != NONE:  # to clear the bench for success alone would tell, too
            s.older = s.newer = NONE
    return s.handed == 1


@rule
def observe(p: Chapter, s: Record, o: Record) -> None:
    """Write what the student may see."""
    order, older, newer = s.order, s.older, s.newer
    stock = s.stock if p.told == 1 else s.shelf
    made = s.made if p.told == 1 else NONE
    for i in range(ITEMS):  # numba makes vector code of a single loop over local numbers
        o.order[i] = 1.0 if has(order, i) else 0.0
        o.stock[i] = FRESH if i == made else 1.0 if has(stock, i) else 0.0
        o.bench[i] = NEWER if i == newer else OLDER if i == older else 0.0
    o.spark = s.spark * p.told


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
                return Action.JOIN_1 + e.station[TIER[MATERIALS + k] - 1]
            return two if s.newer == one else one
    return Action.HAND_IN.value


def exam_fact(p: Chapter, e: Record, s: Record) -> tuple[tuple[int, ...], bool]:
    """Tiers of what is ordered, and whether any material is in stock."""
    tiers = tuple(TIER[rank] for rank in range(STAND_INS) if has(s.order, e.item[rank]))
    return tiers, any(has(s.stock, e.item[rank]) for rank in range(MATERIALS))


# --- faces -----------------------------------------------------------------------------

NAMES = "ABCDEFGHIJKLMNOP"


def draw(p: Chapter, o: Record) -> list[str]:
    """Return the workshop as rows of characters: the shelf (small if just made), the order, the bench."""
    edge = "+-------+" + "-" * ITEMS + "+"
    shelf = "".join({0.0: ".", FRESH: c.lower()}.get(o.stock[i], c) for i, c in enumerate(NAMES))
    order = "".join(c if o.order[i] == 1.0 else " " for i, c in enumerate(NAMES))
    bench = "".join(NAMES[i] for share in (OLDER, NEWER) for i in range(ITEMS) if o.bench[i] == share)
    spark = "* spark *" * (o.spark == 1.0)
    return [edge, f"| shelf |{shelf}|", f"| order |{order}|", f"| bench |[{bench:2}] {spark:11}|", edge]


def tell(p: Chapter, o: Record) -> str:
    """Return the exercise in words."""
    order = " and ".join(c for i, c in enumerate(NAMES) if o.order[i] == 1.0)
    stock = ", ".join(c + " (just made)" * (o.stock[i] == FRESH) for i, c in enumerate(NAMES) if o.stock[i] > 0.0)
    bench = ", then ".join(NAMES[i] for share in (OLDER, NEWER) for i in range(ITEMS) if o.bench[i] == share)
    spark = "yes, they belong together, but at another station" if o.spark == 1.0 else "none"
    return f"The order: {order}. Stock{' at first' * (1 - p.told)}: {stock}. Bench: {bench or 'empty'}. Spark: {spark}."


# --- words -----------------------------------------------------------------------------

PREFACE = """You work in a workshop with items A to P and three stations. An exercise orders one item or two. PICK_A
puts item A, which must be in stock, on the bench, and so on for the other items. The bench holds two items; a third
pick pushes the one off that lies there longest.
JOIN_1, JOIN_2 and JOIN_3 join the two items on the bench at that station. Some pairs of items make a new item, each
at one station only; which pairs, at which station, is for you to find out, and stays the same in all exercises. If a
pair makes an item, it goes into stock and the bench is cleared. If the two belong together but at another station,
there is a spark. Otherwise nothing comes of it. Without success the two stay on the bench. Nothing is ever used up:
an item in stock can be picked again and again. What you made is in stock until the exercise ends, not longer.
HAND_IN hands in and ends the exercise, be the order complete or not. Otherwise it ends when the steps are used up.
Mark: if all that was ordered was made and handed in, the fewest steps possible divided by the steps that you took;
else 0. Every item to be made takes two picks and a join; handing in takes one step more.
Exam: two items are ordered. It is not shown what you make, nor sparks; the stock is shown as it was at first. Any
item can be picked (joining works only if both are there), and every join clears the bench."""

STRUCTURE = """Four items are materials; three parts are each made of two materials, three tools of a part and a
material, two machines of a tool and a part. All parts are made at one station, all tools at another, all machines at
the third. Four more items are stand-ins: each serves wherever one certain material does."""

FORBIDDEN = ("tier", "rank", "material", "materials", "stand-in", "stand-ins", "recipe", "recipes")


def lie(o: Record) -> list[str]:
    """Return the items on the bench, the one picked last behind the other."""
    return [NAMES[i] for share in (OLDER, NEWER) for i in range(ITEMS) if o.bench[i] == share]


def last_operation(p: Chapter, before: Record, action: int, o: Record) -> str:
    """Return what the last action brought."""
    if action == Action.HAND_IN:
        lacking = [c for i, c in enumerate(NAMES) if o.order[i] == 1.0 and o.stock[i] == 0.0]
        if p.told == 0:
            return "You handed in; whether the order was complete is not shown."
        return f"You handed in: {' and '.join(lacking) + ' not made' if lacking else 'the order was complete'}."
    if action < Action.JOIN_1:
        if p.told == 1 and before.stock[action] == 0.0:
            return f"{NAMES[action]} is not in stock: nothing happened."
        return f"You picked {NAMES[action]}."
    station, on = action - Action.JOIN_1 + 1, lie(before)
    made = [c for i, c in enumerate(NAMES) if o.stock[i] == FRESH]
    joined = f"You joined {' and '.join(on) or 'nothing'} at station {station}"
    if p.told == 0:
        return f"{joined}; what came of it is not shown."
    if len(on) < PARTS:
        return f"Station {station} needs two different items on the bench: nothing happened."
    if made:
        return f"{joined}: they made {made[0]}."
    nothing = "nothing comes of these two, here or at any other station"
    return f"{joined}: {'a spark, they belong together, but at another station' if o.spark == 1.0 else nothing}."


def say(p: Chapter, before: Record | None, action: int | None, o: Record) -> str:
    """Return what the last action brought, then order, stock and bench."""
    order = " and ".join(c for i, c in enumerate(NAMES) if o.order[i] == 1.0)
    stock = ", ".join(c + " (just made)" * (o.stock[i] == FRESH) for i, c in enumerate(NAMES) if o.stock[i] > 0.0)
    said = []
    if before is not None and action is not None:
        said.append(last_operation(p, before, action, o))
    else:
        if before is not None:
            said.append("You did nothing; a step went by.")
        if o.spark == 1.0:
            said.append("There is still the spark of the step before.")
    left = round(o.left * p.limit)
    said.append(f"Order: {order}. Stock{'' if p.told == 1 else ' at first'}: {stock}.")
    said.append(f"Bench: {', then '.join(lie(o)) or 'empty'}.")
    said.append(f"Steps left: {left}." if left else "The exercise is over.")
    return " ".join(said)
