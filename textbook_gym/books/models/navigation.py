"""The model student of `textbook_gym.books.navigation`: what it assumes and does is told there."""

import itertools

import numpy as np

from textbook_gym.authoring import Field, Record, below, rule
from textbook_gym.authoring.bitset import has
from textbook_gym.books.navigation import (
    ALL,
    ALL_EAST,
    ALL_SOUTH,
    ERRANDS,
    GOALS,
    LAMP,
    LANDMARKS,
    NONE,
    OFFSET,
    SIZE,
    WAYS,
    Action,
    B,
    Chapter,
    D,
    can,
    cell_of,
    headings,
    key_first,
    note,
)

NOTES = (
    Field("out", "i4", "orders of the buttons that cannot be, as a set"),
    Field("south", "i8", "cells with a known wall to the south"),
    Field("east", "i8", "cells with a known wall to the east"),
    Field("seen", "i8", "cells whose content is known"),
    Field("spot", "i1", "cell of every landmark and of this page's lamp, plus one; 0 for unknown", (GOALS,)),
    Field("errand", "i1", "this page: the errands", (ERRANDS,)),
    Field("next", "i1", "this page: errands done", page=True),
    Field("key", "i1", "this page: 1 if the key is carried", page=True),
    Field("tried", "i8", "this page: cells where the next errand cannot be", page=True),
    Field("stuck", "i1", "this page: buttons that met a wall in this cell, as a set", page=True),
)
ORDERS = np.array(list(itertools.permutations(range(WAYS))))
"""Where every button moves, by order of the buttons."""


@rule
def ways_of(n: Record, button: int, ways: int) -> int:
    """Return in how many orders, of those that can be, a button moves one of `ways`."""
    total = 0
    for h in range(len(ORDERS)):
        total += not has(n.out, h) and has(ways, ORDERS[h, button])
    return total


@rule
def look(p: Chapter, n: Record, o: Record) -> None:
    """Note what is to be seen in this cell, and how the errands stand."""
    cell = cell_of(o)
    n.spot[LAMP] = cell + round((SIZE * o.lamp[0] + o.lamp[1]) * (SIZE - 1)) + 1
    if p.told == 0:
        n.key |= n.spot[B] == cell + 1
        return
    n.seen |= 1 << cell
    n.next = round(o.done * ERRANDS)
    n.key = o.key > 0.0
    for k in range(LANDMARKS):
        if o.here[k] > 0.0:
            n.spot[k] = cell + 1
    for way in range(WAYS):
        if o.gate[way] != 0.0:
            n.seen |= 1 << cell + OFFSET[way]
            n.spot[D] = cell + OFFSET[way] + 1


@rule
def open_page(p: Chapter, n: Record, o: Record) -> None:
    """Read the errands."""
    for k in range(ERRANDS):
        for j in range(GOALS):
            if o.errands[k, j] > 0.0:
                n.errand[k] = j
    look(p, n, o)


@rule
def study(p: Chapter, n: Record, before: Record, action: int, o: Record) -> None:
    """Learn from one step: what the button does, where a wall stands, and whether the errand must be done by now."""
    here, cell = cell_of(before), cell_of(o)
    if action < WAYS:
        for way in range(WAYS):
            may = cell == here + OFFSET[way]
            if o.bump > 0.0:  # without walls only the edge of the room stops a step
                may = p.walls == 1 or not can(ALL_SOUTH, ALL_EAST, here, way)
            for h in range(len(ORDERS)):
                if ORDERS[h, action] == way and not may:
                    n.out |= 1 << h
        n.stuck = n.stuck | 1 << action if o.bump > 0.0 else 0
        for way in range(WAYS):
            closed = o.bump > 0.0 and p.walls == 1 and before.gate[way] == 0.0 and can(ALL_SOUTH, ALL_EAST, here, way)
            for b in range(WAYS):  # no button that may go this way is left to try
                closed = closed and (has(n.stuck, b) or ways_of(n, b, 1 << way) == 0)
            if closed:
                note(n, here, way)
    elif action == Action.USE and p.told == 0 and n.next < p.errands:
        known = n.spot[n.errand[n.next]] == here + 1
        n.tried = 0 if known else n.tried | 1 << here
        n.next += known
    look(p, n, o)


@rule
def answer(p: Chapter, n: Record, o: Record) -> int:
    """Walk the shortest way on the map with the button that most likely goes there; USE where the errand may be."""
    k, cell = min(n.next, p.errands - 1), cell_of(o)
    south = ALL_SOUTH & ~(n.south * p.walls)
    east = ALL_EAST & ~(n.east * p.walls)
    goal, key, vault = n.spot[n.errand[k]], n.spot[B], n.spot[D]
    if n.key == 0 and n.errand[k] == D:
        goal = key
    elif n.key == 0 and k + 1 < p.errands and n.errand[k + 1] == D and min(goal, key, vault) > 0:
        goal = key if key_first(south, east, cell, key - 1, goal - 1, vault - 1) else goal
    goals = 1 << goal - 1 if goal > 0 else ALL & ~(n.seen | n.tried)
    if has(goals, cell):
        return Action.USE
    ways = headings(south, east, cell, goals)
    choice, most = NONE, 0
    for b in range(WAYS):
        likely = 0 if has(n.stuck, b) else ways_of(n, b, ways)
        if likely > most:
            choice, most = b, likely
    return choice if choice != NONE else below(n, WAYS)
