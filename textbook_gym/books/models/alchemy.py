"""The model student of `textbook_gym.books.alchemy`: what it assumes and does is told there."""

from textbook_gym.authoring import Ability, Field, Record, below, rule, uniform
from textbook_gym.authoring.bitset import has
from textbook_gym.books.alchemy import POTIONS, SLOT, Action, Chapter, action_for, best_plan
from textbook_gym.books.tables.alchemy import (
    AXES,
    CASH,
    CASH_IN,
    CHOICES,
    COLOUR,
    COLOURS,
    CORNER,
    DIGITS,
    DIRECTIONS,
    EDGE,
    EDGES,
    FADED,
    GRAPHS,
    GUARD,
    KEY,
    KIND,
    KINDS,
    LEADS,
    LOOKS,
    MAPS,
    MOVE,
    NOTHING,
    PRIOR,
    STEP,
    STONES,
    TOP,
    UNIT,
    WHOLE,
    A,
    B,
    C,
)

SAMPLES = 16  # chemistries drawn from the posterior

NOTES = (
    Field("wrong", "i1", "1 for a look that is ruled out", (LOOKS,)),
    Field("lost", "f8", "share of graphs ruled out, by look and potion map", (LOOKS, MAPS)),
    Field("present", "i2", "edges that are there, by look and potion map", (LOOKS, MAPS)),
    Field("absent", "i2", "edges that are not", (LOOKS, MAPS)),
    Field("shape", "i2", "this page: shape of each stone, -1 for none", (STONES,)),
    Field("tray", "i1", "this page: colour in each slot or FADED, -1 for none", (POTIONS,)),
    Field("map", "i1", "this page: sampled potion maps", (SAMPLES,)),
    Field("kind", "i1", "this page: latent potion in each slot under each sample", (SAMPLES, POTIONS)),
    Field("graph", "i1", "this page: sampled graphs", (SAMPLES,)),
    Field("corner", "i1", "this page: sampled corners of the stones", (SAMPLES, STONES)),
    Field("stock", "i8", "this page: what is left under each sample", (SAMPLES,)),
    Field("votes", "i1", "this page: samples whose plan begins so, by choice", (CHOICES,)),
)


@rule
def fits(n: Record, look: int, h: int, graph: int) -> bool:
    """Return whether a graph has all edges that are there and none that are not, if potion map `h` is right."""
    edges, present, absent = int(EDGES[graph]), int(n.present[look, h]), int(n.absent[look, h])
    return edges & present == present and edges & absent == 0


@rule
def read_page(n: Record, o: Record) -> None:
    """Note what is seen and rule out looks that cannot show it."""
    for i in range(POTIONS):
        n.tray[i] = -1 if o.potions[i, 1] > 0.0 else round(AXES * (o.potions[i, 0] + 1.0))
    for i in range(STONES):
        n.shape[i] = -1
        if o.stones[i, AXES + 1] == 0.0:
            n.shape[i] = 0
            for axis in range(AXES):
                n.shape[i] = DIGITS * n.shape[i] + round(o.stones[i, axis]) + 1
            n.shape[i] = DIGITS * n.shape[i] + round(AXES * (o.stones[i, AXES] + 1.0)) // DIRECTIONS
            for look in range(LOOKS):
                n.wrong[look] |= CORNER[look, n.shape[i]] < 0


@rule
def sample(p: Chapter, n: Record, o: Record) -> None:
    """Draw chemistries from the posterior, spread evenly over it, and work out what is on the page under each."""
    total = 0.0
    for look in range(LOOKS):
        for h in range(MAPS if n.wrong[look] == 0 else 0):
            total += 1.0 - n.lost[look, h]
    first = 1.0 - uniform(n)
    look, h, reached = -1, MAPS - 1, 0.0
    for i in range(SAMPLES):
        while reached < (i + first) * total / SAMPLES:  # ends: the last one reached is `total`, summed alike
            look, h = (look, h + 1) if h + 1 < MAPS else (look + 1, 0)
            reached += 1.0 - n.lost[look, h] if n.wrong[look] == 0 else 0.0
        n.map[i] = h
        n.graph[i] = WHOLE
        place = uniform(n) * (1.0 - n.lost[look, h])
        for graph in range(GRAPHS if p.missing == 1 else 0):
            if place >= 0.0 and fits(n, look, h, graph):
                n.graph[i] = graph
                place -= PRIOR[graph]
        n.stock[i] = GUARD + round(o.left * p.limit) * STEP
        for slot in range(POTIONS):
            if n.tray[slot] >= 0:
                n.kind[i, slot] = KIND[h, n.tray[slot]] if n.tray[slot] != FADED else below(n, COLOURS)
                n.stock[i] += UNIT[n.kind[i, slot]]
        for slot in range(STONES):
            n.corner[i, slot] = CORNER[look, n.shape[slot]] if n.shape[slot] >= 0 else -1


@rule
def open_page(p: Chapter, n: Record, o: Record) -> None:
    """Look at the deal."""
    read_page(n, o)
    sample(p, n, o)


@rule
def imagine(n: Record, i: int, slot: int, place: int) -> None:
    """Put a stone of sample `i` into the cauldron, or give it the potion in a slot."""
    if place < 0:
        n.corner[i, slot] = -1
    else:
        n.corner[i, slot] = MOVE[n.graph[i], n.corner[i, slot], n.kind[i, place]]
        n.stock[i] -= UNIT[n.kind[i, place]]


@rule
def study(p: Chapter, n: Record, before: Record, action: int, o: Record) -> None:
    """Learn from what a potion did; under the veil imagine it. The notes still hold the page before."""
    item = action - Action.A_CAULDRON if action < Action.A_GRIND else -1
    slot, place = max(item, 0) // SLOT, max(item, 0) % SLOT - 1
    shape, colour = n.shape[slot], n.tray[place]
    used = item >= 0 and shape >= 0 and (place < 0 or colour >= 0)
    read_page(n, o)
    telling = colour != FADED or shape != n.shape[slot]  # one that cannot be read and did nothing may be any
    for look in range(LOOKS if used and place >= 0 and telling and p.told == 1 else 0):
        for h in range(MAPS if n.wrong[look] == 0 else 0):
            old, new = CORNER[look, shape], CORNER[look, n.shape[slot]]
            kind = KIND[h, colour] if colour != FADED else LEADS[old, new]
            to = MOVE[WHOLE, old, kind]
            if new != to and (new != old or p.missing == 0):
                n.lost[look, h] = 1.0
            elif old != to and p.missing == 1 and n.lost[look, h] < 1.0:
                n.present[look, h] |= EDGE[old, kind // DIRECTIONS] * (new == to)
                n.absent[look, h] |= EDGE[old, kind // DIRECTIONS] * (new == old)
                n.lost[look, h] = 1.0
                for graph in range(GRAPHS):
                    n.lost[look, h] -= PRIOR[graph] * fits(n, look, h, graph)
    if p.told == 1:
        sample(p, n, o)
    for i in range(SAMPLES if p.told == 0 else 0):
        n.stock[i] -= STEP
        if used:
            imagine(n, i, slot, place)


@rule
def choose(n: Record) -> int:
    """Return what promises most on the mean of all samples, among what the best plan under one of them begins with."""
    labels = 0
    for slot in range(POTIONS):
        labels |= 1 << n.tray[slot] if n.tray[slot] >= 0 else 0
    for choice in range(CHOICES):
        n.votes[choice] = 0
    for i in range(SAMPLES):
        choice = best_plan(n.graph[i], n.corner[i, A], n.corner[i, B], n.corner[i, C], n.stock[i]) % CHOICES
        what = COLOUR[n.map[i], choice % KINDS]
        n.votes[choice - choice % KINDS + (what if what > FADED or has(labels, what) else FADED)] += 1
    best, most = CHOICES - 1, 0
    for choice in range(CHOICES):
        if n.votes[choice] == SAMPLES:
            return choice
        slot, what = choice // KINDS, choice % KINDS
        value = 0
        for i in range(SAMPLES if n.votes[choice] > 0 and what != NOTHING else 0):
            corner, stock = n.corner[i, slot], n.stock[i]
            n.stock[i] -= STEP
            imagine(n, i, slot, (action_for(choice, n.tray) - Action.A_CAULDRON) % SLOT - 1)
            plan = best_plan(n.graph[i], n.corner[i, A], n.corner[i, B], n.corner[i, C], n.stock[i])
            value += plan // CHOICES - 1 + (KEY * CASH[corner] if what == CASH_IN else 0)
            n.corner[i, slot], n.stock[i] = corner, stock
        if value > most:
            best, most = choice, value
    return best


@rule
def answer(p: Chapter, n: Record, o: Record) -> int:
    """Do what promises most; where labels cannot be read, keep a stone at the top to the last and grind it."""
    kept, unread = -1, False
    for slot in range(POTIONS):
        unread |= n.tray[slot] == FADED
    if unread and p.told == 1 and n.lacks not in (Ability.SELF_IMPROVEMENT, Ability.FORESIGHT):
        for slot in range(STONES):
            kept = slot if n.shape[slot] >= 0 and n.shape[slot] % DIGITS == DIGITS - 1 else kept
    for i in range(SAMPLES if kept >= 0 else 0):
        n.corner[i, kept] = -1
        n.stock[i] -= STEP
    choice = choose(n)
    for i in range(SAMPLES if kept >= 0 else 0):
        n.corner[i, kept] = TOP
        n.stock[i] += STEP
    if kept >= 0 and choice % KINDS == NOTHING:
        return Action.A_GRIND + kept
    return action_for(choice, n.tray)
