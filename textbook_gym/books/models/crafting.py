"""The model student of `textbook_gym.books.crafting`: what it assumes and does is told there."""

import itertools

from textbook_gym.authoring import Ability, Field, Record, rule
from textbook_gym.authoring.bitset import has
from textbook_gym.books.crafting import (
    CRAFT,
    FRESH,
    ITEMS,
    LOW,
    MATERIALS,
    NEWER,
    NONE,
    OLDER,
    PARTS,
    STATIONS,
    Action,
    Chapter,
)

UNTRIED, NOTHING, SPARK, PRODUCT = range(4)  # what comes of a pair; if it is item i, PRODUCT + i
ASSIGNMENTS = tuple(itertools.permutations(range(MATERIALS)))  # which material each stand-in is for
DOUBT = ITEMS  # what a test costs more than a known recipe
SURER = 4  # and what it costs less if the two are known to belong together

NOTES = (
    Field("level", "i1", "1 + tier of an item, 0 if that is unknown or it is a material out of stock", (ITEMS,)),
    Field("material", "i1", "labels of the materials", (MATERIALS,)),
    Field("role", "i1", "1, 2, ... for a stand-in, -1 for a material, 0 for other items", (ITEMS,)),
    Field("comes", "i1", "what comes of two items", (ITEMS, ITEMS)),
    Field("assignments", "i4", "the ASSIGNMENTS that are refuted, a set"),
    Field("assignment", "i1", "the first that is not"),
    Field("station", "i1", "where to try items of tiers 1, 2, 3", (STATIONS,)),
    Field("settled", "i1", "1 for a tier of which an item was made", (STATIONS,)),
    Field("stock", "i4", "this page: items in stock, a set", page=True),
    Field("aim", "i1", "this page: the next two to join", (PARTS,)),
    Field("press", "i1", "this page: the action to take once they are on the bench"),
    Field("goal", "i1", "this page: what should come of it"),
    Field("doubt", "i1", "this page: 1 if the plan has a pair of which it is not known what it makes"),
)


@rule
def laid(o: Record, share: float) -> int:
    """Return the item on the bench that shows `share`, or -1."""
    for i in range(ITEMS):
        if o.bench[i] == share:
            return i
    return NONE


@rule
def result(n: Record, a: int, b: int, k: int) -> int:
    """Return what should come of two items under assignment `k` of the stand-ins."""
    one = n.material[ASSIGNMENTS[k][n.role[a] - 1]] if n.role[a] > 0 else a
    two = n.material[ASSIGNMENTS[k][n.role[b] - 1]] if n.role[b] > 0 else b
    return NOTHING if one == two else n.comes[one, two]


@rule
def plan(p: Chapter, n: Record, o: Record) -> None:
    """Work backwards from the order to the next join: the cheapest pair that makes an item, else one that may."""
    older, newer, need = laid(o, OLDER), laid(o, NEWER), 0
    for i in range(ITEMS):
        need |= (o.order[i] > 0.0 and not has(n.stock, i)) << i
    n.press, n.doubt = Action.HAND_IN, 0
    for tier in range(p.highest[0], 0, -1):
        for c in range(ITEMS):
            least = DOUBT + DOUBT
            sought = has(need, c) and n.level[c] in (0, tier + 1)  # in every tier while its own is unknown
            for pair in range(ITEMS * ITEMS * sought):
                a, b = pair // ITEMS, pair % ITEMS
                if a != b and n.level[a] == LOW[tier] + 1 and n.level[b] == tier:
                    seen = n.comes[a, b] if n.comes[a, b] != UNTRIED else result(n, a, b, n.assignment)
                    cost = (
                        CRAFT * (PARTS - has(n.stock, a) - has(n.stock, b))
                        + DOUBT * (seen != PRODUCT + c)
                        - SURER * (seen == SPARK)
                    )
                    cost -= (newer in (a, b)) * (1 + (older in (a, b)))  # picks saved
                    if seen in (UNTRIED, SPARK, PRODUCT + c) and cost < least:
                        n.aim[0], n.aim[1], least = a, b, cost
            if least < DOUBT + DOUBT:
                n.doubt |= least >= DOUBT - SURER - PARTS
                need = (need & ~(1 << c) | 1 << n.aim[0] | 1 << n.aim[1]) & ~n.stock
                n.goal = c
                n.press = Action.JOIN_1 + n.station[tier - 1]


@rule
def open_page(p: Chapter, n: Record, o: Record) -> None:
    """Look at the stock, tell stand-ins from materials if these are known, and plan."""
    k = 0
    for i in range(ITEMS):
        here = o.stock[i] > 0.0
        n.stock |= here << i
        if n.level[i] <= 1:
            n.level[i] = here
        if here and p.missing == 0:
            n.material[k], n.role[i] = i, NONE
            k += 1
        elif here and n.material[MATERIALS - 1] > 0 and n.role[i] != NONE:
            k += 1
            n.role[i] = k
    plan(p, n, o)


@rule
def take_in(n: Record, a: int, b: int, seen: int, told: int) -> None:
    """Note what comes of two items, and refute the assignments of which that cannot be so."""
    for k in range(len(ASSIGNMENTS) * told):
        known = result(n, a, b, k)
        if known not in (UNTRIED, seen) and (NOTHING in (known, seen) or SPARK not in (known, seen)):
            n.assignments |= 1 << k
    if n.assignments == (1 << len(ASSIGNMENTS)) - 1:  # what it remembers is of another world: believe anything again
        n.assignments = n.assignment = 0
    while has(n.assignments, n.assignment):
        n.assignment += 1
    n.comes[a, b] = n.comes[b, a] = max(seen, n.comes[a, b])


@rule
def study(p: Chapter, n: Record, before: Record, action: int, o: Record) -> None:
    """Learn from a join, or where nothing is shown take it for good, and from the gauge; then plan anew."""
    a, b = laid(before, OLDER), laid(before, NEWER)
    if Action.JOIN_1 <= action < Action.HAND_IN and a != NONE:
        seen = SPARK if o.spark == 1.0 else NOTHING
        tier = max(n.level[a], n.level[b])
        for i in range(ITEMS):
            if o.stock[i] == FRESH or (p.told == 0 and i == n.goal):
                seen = PRODUCT + i
                n.stock |= 1 << i
                n.level[i] = tier + 1
        for k in range(STATIONS):  # a spark rules the station out for this tier, a product for the others
            stays = n.settled[k] == 1 and n.lacks == Ability.ADAPTATION
            if seen != NOTHING and (k == tier - 1) == (seen == SPARK) and n.station[k] == action - Action.JOIN_1:
                n.station[k] = (n.station[k] + (not stays)) % STATIONS
            n.settled[k] |= seen >= PRODUCT and k == tier - 1
        take_in(n, a, b, seen, p.told)
        plan(p, n, o)
    elif action < Action.JOIN_1 and p.told == 1 and o.gauge == 1.0:
        a, news = laid(o, NEWER), False
        for i in range(ITEMS * (a != NONE)):
            shown = o.fits[i] == 1.0 or (n.level[i] > 0 and max(n.level[a], n.level[i]) <= p.highest[0])
            if i != a and shown and n.comes[a, i] == UNTRIED:
                take_in(n, a, i, SPARK if o.fits[i] == 1.0 else NOTHING, 1)
                news = True
        if news:  # else it would waver
            plan(p, n, o)


@rule
def answer(p: Chapter, n: Record, o: Record) -> int:
    """Build the gauge if a recipe is missing; bring the next two to the bench and join them, or hand in."""
    older, newer = laid(o, OLDER), laid(o, NEWER)
    a, b = n.aim[0], n.aim[1]
    builds = n.lacks not in (Ability.SELF_IMPROVEMENT, Ability.FORESIGHT)
    if builds and p.told == 1 and o.gauge < 1.0 and n.doubt == 1:
        return Action.BUILD.value
    if n.press == Action.HAND_IN or (older == a and newer == b) or (older == b and newer == a):
        return n.press
    return b if newer == a else a
