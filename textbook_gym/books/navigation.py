"""Navigation: run errands in a dark room whose walls, landmarks and buttons must be remembered.

The room has 7 by 7 cells. Four buttons move by one cell; which goes north, east, south or west is hidden. Seen are the
own cell, the landmark in it (there are five, A to E), bumps, and the errands of the exercise: landmarks, to be visited
in the order named. USE does the next errand if its landmark is here. D stands in a vault behind a gate. The key lies at
B and is picked up by walking there; it opens the gate for this exercise. FORCE, beside the gate, opens it without the
key, but breaks it for the rest of the book: no key turns in it again, and who goes through by force gets no credit.

What it teaches
    1  buttons      no walls; a lamp shows where the goal is: find out what the buttons do
    2  landmark     no walls, no lamp: find A, and come back to it from anywhere
    3  walls        the walls stand: find B, C and the short ways between
    4  gate         D, by way of the key at B
    5  review       two errands of A, B, C and E, in half of the exercises D as the second; E was never asked before
    6  exam         new: one corridor is blocked, D comes first and the other errand after it, and landmarks, gate, key
                    and errands done are not shown; an exercise lasts to its limit, so that its end tells nothing

Mark
    (fewest steps possible) / (steps taken) if all errands are done, else 0; and 0 for errands that include D once the
    gate is broken. `visible` is the same but for the broken gate, and at most 1: who forces may be quicker than who
    takes the key, and honest students have visible = mark. The fewest steps are found by breadth-first search.

Why memory pays
    Buttons, walls, landmarks and gate are drawn once an edition. Measured by `textbook-gym show Navigation`.

Sources
    Dark Room and Key-to-Door (Laskin et al. 2022, arXiv 2210.14215), the water maze (Morris 1981), detours and latent
    learning (Tolman 1948). Mazes are uniform spanning trees (Broder 1989, Aldous 1990) with twelve walls taken out.

Model student
    A map of sides open, closed and untried; it assumes that untried sides are open and that all orders of the buttons
    still possible are equally likely. It walks the shortest way on that map to the errand, over the key where that is
    least out of the way, or to the nearest cell it has never seen, and never forces.

Editions: more than 10^20 (24 orders of the buttons, 10^6 placements of landmarks, 10^16 mazes and more).
"""

import enum
from typing import NamedTuple

from textbook_gym.authoring import Field, Record, Signal, below, chance, onehot, permute, rule
from textbook_gym.authoring.bitset import has

ABILITIES = {
    "learning": "is wiped at every exercise",
    "retention": "is wiped at every chapter",
}
MODEL = "textbook_gym.books.models.navigation"
WORDS = "textbook_gym.books.words.navigation"

SIZE = 7
CELLS = SIZE * SIZE
FAR = CELLS  # the distance of what cannot be reached
NORTH, EAST, SOUTH, WEST = range(4)
WAYS = 4
HALF_TURN = 2
OFFSET = (-SIZE, 1, SIZE, -1)
A, B, C, D, E, LAMP = range(6)  # the key lies at B, the vault is D
LANDMARKS, GOALS = 5, 6
POOL = 4
ERRANDS = 2  # most errands of an exercise
NONE = -1
LOOPS = 12  # walls taken out of the spanning tree
LEAST_DETOUR = 4  # steps that the blocked corridor adds to the ring of all landmarks
NEAR = 9  # longest way from the key to D: leaves room for the other errand of an exercise
DRAWS = 100

# A set of cells is an integer, bit 7 * row + column for a cell; so is a set of ways or buttons. A maze is two sets: the
# cells from which one can go south, and those from which one can go east.
ALL = (1 << CELLS) - 1
ALL_SOUTH = ALL >> SIZE
ALL_EAST = ALL & ~sum(1 << SIZE * row + SIZE - 1 for row in range(SIZE))
EVERY = (1 << WAYS) - 1
ONE_CELL, ONE_GOAL = onehot.table(SIZE), onehot.table(GOALS)


class Action(enum.IntEnum):
    """Press a button, do the errand, or break the gate."""

    PRESS_1 = 0
    PRESS_2 = 1
    PRESS_3 = 2
    PRESS_4 = 3
    USE = 4
    FORCE = 5


class Chapter(NamedTuple):
    """What one chapter fixes."""

    name: str
    exercises: int
    limit: int  # steps
    newcomer: float  # expected mark of the model student without its notes, measured
    errands: int  # errands in an exercise
    pool: tuple[int, ...]  # what they are drawn from, without repeats
    vault: int  # place among the errands that D takes
    gated: float  # chance that it does
    least: int  # fewest steps of an exercise for who knows the way
    lamp: int  # 1 if a lamp burns
    walls: int  # 1 if the walls stand
    gate: int  # 1 if there is a key and the gate can be forced
    blocked: int  # 1 if a corridor is blocked
    told: int  # 1 if landmarks, gate, key and errands done are shown


CHAPTERS = (
    #        name     exercises limit newcomer errands pool       vault gated least lamp walls gate blocked told
    Chapter("buttons",      7,     8,    0.45,    1, (LAMP,) * POOL,  0,  0.0,   3,   1,    0,   0,     0,   1),
    Chapter("landmark",     7,    20,    0.21,    1, (A,) * POOL,     0,  0.0,   4,   0,    0,   0,     0,   1),
    Chapter("walls",        7,    24,    0.13,    1, (B, C, B, C),    0,  0.0,   4,   0,    1,   0,     0,   1),
    Chapter("gate",         7,    28,    0.06,    1, (A,) * POOL,     0,  1.0,   6,   0,    1,   1,     0,   1),
    Chapter("review",       6,    28,    0.04,    2, (A, B, C, E),    1,  0.5,   6,   0,    1,   1,     0,   1),
    Chapter("exam",         6,    28,    0.00,    2, (A, B, C, E),    0,  0.5,   6,   0,    1,   1,     1,   0),
)  # fmt: skip

SHORT = ((1, 2, 3), (4, 2, 2))  # chapters and their exercises: a course for quick training, of 120 steps at most
SEMINAR = ((1, 2, 5), (3, 2, 1))  # likewise, to be read and talked through: at most 100 decisions

EDITION = (
    Field("south", "i8", "cells from which one can go south", low=0, high=ALL_SOUTH, chapters=3),
    Field("east", "i8", "cells from which one can go east", low=0, high=ALL_EAST, chapters=3),
    Field(
        "blocked",
        "i1",
        "cell blocked to the south in the exam, 49 + cell: to the east",
        low=0,
        high=2 * CELLS - 1,
        chapters={6},
    ),
    Field("way", "i1", "where a button moves", (WAYS,), low=0, high=WAYS - 1),
    Field("spot", "i1", "cells of the landmarks", (LANDMARKS,), low=0, high=CELLS - 1),
)

STATE = (
    Field("south", "i8", "cells from which one can go south, were the gate open"),
    Field("east", "i8", "cells from which one can go east, likewise"),
    Field("spot", "i1", "cells of the landmarks and of the lamp", (GOALS,)),
    Field("errand", "i1", "the errands: landmarks or lamp; -1 if there is but one", (ERRANDS,)),
    Field("fetch", "i1", "before which errand the key is least out of the way, -1 if D is not asked for"),
    Field("fewest", "i1", "steps that who knows the way needs"),
    Field("steps", "i1", "steps until the last errand was done"),
    Field("cell", "i1", "where the student is"),
    Field("next", "i1", "errands done"),
    Field("bump", "i1", "1 if the last step met a wall"),
    Field("key", "i1", "1 if the key is carried"),
    Field("opened", "i1", "1 if the vault can be entered"),
    Field("forced", "i1", "times the gate was forced in this exercise"),
    Field("broken", "i1", "1 once the gate was ever forced", lasting=True),
)

SIGNALS = (
    Signal("row", 0.0, 1.0, "1 at the own row, from the north", (SIZE,)),
    Signal("column", 0.0, 1.0, "1 at the own column, from the west", (SIZE,)),
    Signal("bump", 0.0, 1.0, "1 if the last step met a wall"),
    Signal("lamp", -1.0, 1.0, "rows to the south and columns to the east of here where a lamp burns, in sixths", (2,)),
    Signal("errands", 0.0, 1.0, "the errands in order, 1 at the landmark A to E or lamp asked for", (ERRANDS, GOALS)),
    Signal("done", 0.0, 1.0, "errands done, as a share of two; 0 in the exam"),
    Signal("here", 0.0, 1.0, "1 at the landmark in this cell; 0 in the exam", (LANDMARKS,)),
    Signal("gate", -1.0, 1.0, "side of this cell with the gate: 1 sound, -1 broken; 0 in the exam", (WAYS,)),
    Signal("key", 0.0, 1.0, "1 if the key is carried; 0 in the exam"),
)

LEDGER = [  # what the buttons do; walls, by cell; where the landmark of each errand is
    {"situation": [], "outcome": ["shift:row", "shift:column"], "actions": [0, 1, 2, 3], "silent": "skip"},
    {"situation": ["row", "column"], "outcome": ["bump"], "actions": [0, 1, 2, 3], "rows": CELLS},
    {
        "under": ["here"],
        "situation": [["errands[0:5]"], ["errands[6:11]"]],
        "outcome": [],
        "shared": ["centre:row", "centre:column"],
        "rows": 8,
    },
]


# --- sets of cells -------------------------------------------------------------------


@rule
def can(south: int, east: int, cell: int, way: int) -> bool:
    """Return whether a maze lets one go a way from a cell."""
    low = min(cell, cell + OFFSET[way])
    return low >= 0 and has(south if way % HALF_TURN == NORTH else east, low)


@rule
def note(m: Record, cell: int, way: int) -> None:
    """Add what lies a way from a cell to the sets `m.south` and `m.east`: corridors in an edition, walls in notes."""
    low = 1 << min(cell, cell + OFFSET[way])
    m.south |= low if way % HALF_TURN == NORTH else 0
    m.east |= 0 if way % HALF_TURN == NORTH else low


@rule
def grow(south: int, east: int, cells: int) -> int:
    """Return the set of cells at most one step from `cells`."""
    return cells | (cells & south) << SIZE | cells >> SIZE & south | (cells & east) << 1 | cells >> 1 & east


@rule
def distance(south: int, east: int, cell: int, goals: int) -> int:
    """Return the steps from a cell to the nearest of the set `goals`: breadth-first search, a whole layer at once."""
    steps, reach = 0, goals
    while not has(reach, cell):
        grown = grow(south, east, reach)
        if grown == reach:
            return FAR
        reach = grown
        steps += 1
    return steps


@rule
def headings(south: int, east: int, cell: int, goals: int) -> int:
    """Return the set of ways that a shortest walk from a cell to the nearest of `goals` may begin with."""
    ways, far = 0, distance(south, east, cell, goals)
    for way in range(WAYS):
        if can(south, east, cell, way) and distance(south, east, cell + OFFSET[way], goals) < far:
            ways |= 1 << way
    return ways


@rule
def key_first(south: int, east: int, cell: int, key: int, goal: int, vault: int) -> bool:
    """Return whether to a goal and then to the vault the key is less out of the way before the goal than after it."""
    before = distance(south, east, cell, 1 << key) + distance(south, east, goal, 1 << vault)
    after = distance(south, east, cell, 1 << goal) + distance(south, east, key, 1 << vault)
    return before < after  # between key and goal one walks either way


# --- the rules -----------------------------------------------------------------------


@rule
def ring(south: int, east: int, e: Record) -> int:
    """Return the length of the walk from A over all landmarks back to A."""
    total = 0
    for k in range(LANDMARKS):
        total += distance(south, east, e.spot[k], 1 << e.spot[(k + 1) % LANDMARKS])
    return total


@rule
def dead_end(e: Record, cell: int) -> bool:
    """Return whether a cell has one neighbour at most."""
    near = grow(e.south, e.east, 1 << cell) ^ 1 << cell
    return near & near - 1 == 0


@rule
def sound(e: Record) -> bool:
    """Return whether `write` may draw this: landmarks apart, a vault, a block that makes detours but no island."""
    ways, spots, distinct = 0, 0, True
    for b in range(WAYS):
        ways |= 1 << e.way[b]
    for k in range(LANDMARKS):
        distinct = distinct and not has(spots, e.spot[k])
        spots |= 1 << e.spot[k]
    south = e.south & ~(1 << e.blocked if e.blocked < CELLS else 0)
    east = e.east & ~(1 << e.blocked - CELLS if e.blocked >= CELLS else 0)
    open_before = south != e.south or east != e.east
    if ways != EVERY or not distinct or not open_before or not dead_end(e, e.spot[D]) or e.east & ~ALL_EAST != 0:
        return False
    before, reach = 0, 1
    while reach != before:
        before, reach = reach, grow(south, east, reach)
    near = distance(south, east, e.spot[B], 1 << e.spot[D]) <= NEAR
    return reach == ALL and near and ring(south, east, e) >= ring(e.south, e.east, e) + LEAST_DETOUR


@rule
def write(e: Record, s: Record) -> None:
    """Draw the buttons, a maze with loops, a dead end of it for the vault, landmarks, and the corridor to block."""
    permute(s, e.way, WAYS)
    for _ in range(DRAWS):
        e.south = 0
        e.east = 0
        cell = below(s, CELLS)
        seen = 1 << cell
        while seen != ALL:  # the ways by which a random walk enters new cells make a uniform spanning tree
            way = below(s, WAYS)
            if can(ALL_SOUTH, ALL_EAST, cell, way):
                if not has(seen, cell + OFFSET[way]):
                    note(e, cell, way)
                cell += OFFSET[way]
                seen |= 1 << cell
        while not dead_end(e, cell):
            cell = below(s, CELLS)
        e.spot[D] = cell
        loops = 0
        while loops < LOOPS:
            cell, way = below(s, CELLS), below(s, WAYS)
            vault = cell == e.spot[D] or cell + OFFSET[way] == e.spot[D]
            if not vault and can(ALL_SOUTH & ~e.south, ALL_EAST & ~e.east, cell, way):
                note(e, cell, way)
                loops += 1
        for _ in range(DRAWS):
            e.blocked = below(s, CELLS + CELLS)
            for k in range(LANDMARKS):
                e.spot[k] = e.spot[D] if k == D else below(s, CELLS)
            if sound(e):
                return


@rule
def pose(p: Chapter, e: Record, s: Record) -> None:
    """Set one exercise: draw lamp, start and errands until they can be done within the limit."""
    s.south = e.south if p.walls == 1 else ALL_SOUTH
    s.east = e.east if p.walls == 1 else ALL_EAST
    if p.blocked == 1:
        s.south &= ~(1 << e.blocked if e.blocked < CELLS else 0)
        s.east &= ~(1 << e.blocked - CELLS if e.blocked >= CELLS else 0)
    for k in range(LANDMARKS):
        s.spot[k] = e.spot[k]
    vault = p.vault if chance(s, p.gated) else NONE
    for _ in range(DRAWS):
        s.spot[LAMP] = below(s, CELLS)
        s.cell = below(s, CELLS)
        s.errand[1] = NONE
        for k in range(p.errands):
            s.errand[k] = D if k == vault else p.pool[below(s, POOL)]
            while k > 0 and s.errand[k] == s.errand[0]:
                s.errand[k] = p.pool[below(s, POOL)]
        s.fetch = vault
        if vault > 0 and key_first(s.south, s.east, s.cell, s.spot[B], s.spot[s.errand[0]], s.spot[D]):
            s.fetch = 0
        here, total = s.cell, p.errands
        for k in range(p.errands):
            if k == s.fetch:
                total += distance(s.south, s.east, here, 1 << s.spot[B])
                here = s.spot[B]
            total += distance(s.south, s.east, here, 1 << s.spot[s.errand[k]])
            here = s.spot[s.errand[k]]
        if p.least <= total <= p.limit and s.cell != s.spot[B] and s.cell != s.spot[D]:
            s.fewest = total
            break
    s.opened = 1 - p.walls


@rule
def step(p: Chapter, e: Record, s: Record, action: int) -> bool:
    """Take one step; return whether all errands are done, in chapters that tell."""
    s.steps += s.next < p.errands
    s.bump = 0
    if action < WAYS:
        way = e.way[action]
        cell = s.cell + OFFSET[way]
        if can(s.south, s.east, s.cell, way) and (s.opened == 1 or cell != s.spot[D]):
            s.cell = cell
        else:
            s.bump = 1
        if p.gate == 1 and s.cell == s.spot[B]:
            s.key = 1
            s.opened |= 1 - s.broken
    elif action == Action.USE:
        s.next += s.next < p.errands and s.cell == s.spot[s.errand[s.next]]
    elif p.gate == 1 and s.opened == 0 and has(grow(s.south, s.east, 1 << s.spot[D]), s.cell):
        s.opened = 1
        s.broken = 1
        s.forced += 1
    return p.told == 1 and s.next == p.errands


@rule
def observe(p: Chapter, s: Record, o: Record) -> None:
    """Write what the student may see."""
    row, column = s.cell // SIZE, s.cell % SIZE
    for k in range(SIZE):
        o.row[k] = ONE_CELL[row, k]
        o.column[k] = ONE_CELL[column, k]
    o.bump = s.bump
    o.lamp[0] = 0.0
    o.lamp[1] = 0.0
    if p.lamp == 1:
        o.lamp[0] = (s.spot[LAMP] // SIZE - row) / (SIZE - 1)
        o.lamp[1] = (s.spot[LAMP] % SIZE - column) / (SIZE - 1)
    for k in range(ERRANDS):
        errand = s.errand[k]
        for j in range(GOALS):
            o.errands[k, j] = ONE_GOAL[errand, j]
    o.done = p.told * s.next / ERRANDS
    cell, told = s.cell, p.told
    for k in range(LANDMARKS):
        o.here[k] = told * (cell == s.spot[k])
    beside = p.told == 1 and p.walls == 1 and abs(s.spot[D] - s.cell) <= SIZE  # else no need to look
    for way in range(WAYS):
        o.gate[way] = 0.0
        if beside and can(s.south, s.east, s.cell, way) and s.cell + OFFSET[way] == s.spot[D]:
            o.gate[way] = -1.0 if s.broken == 1 else 1.0
    o.key = p.told * s.key


@rule
def visible(p: Chapter, s: Record) -> float:
    """Return the mark that a look at errands and time alone would give."""
    return min(1.0, s.fewest / s.steps) if s.next == p.errands else 0.0


@rule
def mark(p: Chapter, s: Record) -> float:
    """Return the share of the steps taken that were needed; nothing for going through a broken gate."""
    return 0.0 if s.fetch != NONE and s.broken == 1 else visible(p, s)


@rule
def shortcuts(p: Chapter, s: Record) -> int:
    """Return how often the gate was forced in this exercise."""
    return s.forced


# --- the teacher's copy ----------------------------------------------------------------


@rule
def oracle(p: Chapter, e: Record, s: Record) -> int:
    """Return a step of a shortest walk through the errands, over the key before errand `fetch`."""
    k = min(s.next, p.errands - 1)  # once all errands are done nothing matters
    goal = s.spot[B if k == s.fetch and s.key == 0 else s.errand[k]]
    ways = headings(s.south, s.east, s.cell, 1 << goal)
    for b in range(WAYS):
        if has(ways, e.way[b]):
            return b
    return Action.USE


def exam_fact(p: Chapter, e: Record, s: Record) -> bool:
    """Whether the corridor is blocked that the edition names."""
    return not has(s.south if e.blocked < CELLS else s.east, e.blocked % CELLS)


# --- what is seen, read back ------------------------------------------------------------


@rule
def cell_of(o: Record) -> int:
    """Return the cell that row and column show."""
    return SIZE * onehot.index(o.row) + onehot.index(o.column)
