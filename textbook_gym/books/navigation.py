"""Navigation: run errands in a dark room of 7 by 7 cells whose walls, landmarks and buttons must be remembered.

Four buttons move, one cell to the north, east, south or west; which does which is hidden. A student sees its own cell,
what stands in it, whether it bumped, and the errands of the exercise in their order: landmarks A to E. USE does the
next errand if its landmark is here. A landmark is seen from its own cell only. D stands in a vault behind a gate; the
key lies at B and is picked up by walking there. FORCE, before the gate, breaks it open: D can be reached at once, but
the gate is broken for the rest of the book, and its key turns no more.

What it teaches
    1  buttons      no walls, a lamp burns at the goal: find out what the buttons do
    2  landmark     no walls, no lamp: find A, and come back to it from anywhere
    3  walls        walls stand: find B and C, and the short ways
    4  gate         D, by way of the key at B
    5  review       two errands of A, B, C, E and D in the named order, D last; E was never asked for before
    6  exam         one corridor blocked, D asked before the others, landmarks, key and errands done not shown

Mark
    (fewest steps) / (steps taken) if all errands are done, else 0. An exercise that asks for D is worth 0 once the gate
    is broken. `visible` is the same with broken gates admitted, at most 1. Exams always last to the limit.

Why memory pays
    Buttons, walls and landmarks are drawn once an edition. Measured by `textbook-gym show Navigation`.

Sources
    Dark Room and Key-to-Door (Laskin et al. 2022, arXiv 2210.14215); the water maze (Morris 1981); detours and latent
    learning (Tolman 1948). Mazes are uniform spanning trees (Broder 1989, Aldous 1990) with some walls taken out.

Model student
    A map on which every side not yet tried counts as open; it walks the shortest way on it to the errand, to the
    nearest cell never seen if it does not know where that is, and never forces the gate.

There are more than 10^20 editions.
"""

import enum
from typing import NamedTuple

from textbook_gym.book import Field, Record, Signal, rule
from textbook_gym.rng import below, chance, permute

SIZE = 7
CELLS = SIZE * SIZE
FAR = CELLS  # the distance of what cannot be reached
NORTH, EAST, SOUTH, WEST = range(4)
WAYS = 4
OFFSET = (-SIZE, 1, SIZE, -1)
A, B, C, D, E = range(5)  # the key lies at B, D is the vault
LANDMARKS = 5
POOL = 4
ERRANDS = 2  # most errands of an exercise
NONE = -1  # no errand, no cell
LOOPS = 12  # walls taken out of the spanning tree
LEAST_DETOUR = 4  # steps that the blocked corridor adds to the ring of all landmarks
NEAR = 9  # longest way from the key to D: leaves room for the other errand of an exercise
DRAWS = 100

# Sets of cells are integers: bit 7 * row + column is the cell's.
ALL = (1 << CELLS) - 1
_LEFT = sum(1 << SIZE * r for r in range(SIZE))
ROOM = (ALL & ~0x7F, ALL & ~(_LEFT << SIZE - 1), ALL >> SIZE, ALL & ~_LEFT)
"""The cells that have a neighbour in the room, by way."""


class Action(enum.IntEnum):
    """Press a button, do the errand, wait, or break the gate."""

    PRESS_1 = 0
    PRESS_2 = 1
    PRESS_3 = 2
    PRESS_4 = 3
    USE = 4
    STAY = 5
    FORCE = 6


class Chapter(NamedTuple):
    """What one chapter fixes."""

    name: str
    exercises: int
    limit: int  # steps
    newcomer: float  # expected mark of the model student without its notes, measured
    errands: int  # errands in an exercise
    pool: tuple[int, int, int, int]  # landmarks that are asked for, drawn from these
    vault: int  # place of D among the errands
    gated: float  # chance that D is asked for
    least: int  # fewest steps that an exercise may take who knows the way
    lamp: int  # 1 if a lamp shows where the goal is, which is any cell
    walls: int  # 1 if walls stand
    gate: int  # 1 if there is a key, and the gate can be forced
    blocked: int  # 1 if a corridor is blocked
    told: int  # 1 if landmarks, gate, key and errands done are shown


CHAPTERS = (
    #        name     exercises limit newcomer errands pool   vault gated least lamp walls gate blocked told
    Chapter("buttons",      7,     8,    0.50,    1, (A, A, A, A),  0,  0.0,    3,   1,    0,   0,     0,   1),
    Chapter("landmark",     7,    20,    0.20,    1, (A, A, A, A),  0,  0.0,    4,   0,    0,   0,     0,   1),
    Chapter("walls",        8,    24,    0.10,    1, (B, C, B, C),  0,  0.0,    4,   0,    1,   0,     0,   1),
    Chapter("gate",         7,    28,    0.05,    1, (A, A, A, A),  0,  1.0,    6,   0,    1,   1,     0,   1),
    Chapter("review",       6,    28,    0.05,    2, (A, B, C, E),  1,  0.5,    6,   0,    1,   1,     0,   1),
    Chapter("exam",         6,    28,    0.01,    2, (A, B, C, E),  0,  0.5,    6,   0,    1,   1,     1,   0),
)  # fmt: skip

EDITION = (
    Field("east", "i8", "cells without a wall on their east side"),
    Field("south", "i8", "cells without a wall on their south side"),
    Field("way", "i1", "where a button moves", (WAYS,)),
    Field("spot", "i1", "cells of the landmarks", (LANDMARKS,)),
    Field("blocked", "i1", "cell whose east side is blocked in the exam; 49 more for its south side"),
)

STATE = (
    Field("side", "i8", "cells that are open to the north, east, south, west, the gate too", (WAYS,)),
    Field("cell", "i1", "where the student is"),
    Field("front", "i1", "cell before the gate, -1 if no walls stand"),
    Field("door", "i1", "way from there into the vault"),
    Field("vault", "i1", "place of D among the errands, -1 if not asked for"),
    Field("errand", "i1", "the errands: landmarks, -1 for a lamp", (ERRANDS,)),
    Field("place", "i1", "their cells", (ERRANDS,)),
    Field("fetch", "i1", "before which errand who knows the way gets the key"),
    Field("fewest", "i1", "steps that who knows the way needs"),
    Field("steps", "i1", "steps until the last errand was done"),
    Field("next", "i1", "errands done"),
    Field("here", "i1", "landmark in the student's cell, -1 if none"),
    Field("bump", "i1", "1 if the last step met a wall"),
    Field("key", "i1", "1 if the key is carried"),
    Field("opened", "i1", "1 if the gate is open"),
    Field("forced", "i1", "times the gate was forced in this exercise"),
    Field("broken", "i1", "1 once the gate was ever forced", lasting=True),
)

SIGNALS = (
    Signal("row", 0.0, 1.0, "1 at the own row, from the north", (SIZE,)),
    Signal("column", 0.0, 1.0, "1 at the own column, from the west", (SIZE,)),
    Signal("bump", 0.0, 1.0, "1 if the last step met a wall"),
    Signal("lamp", -1.0, 1.0, "rows to the south and columns to the east of here where a lamp burns, in sixths", (2,)),
    Signal("errands", 0.0, 1.0, "the errands in order, 1 at the landmark asked for", (ERRANDS, LANDMARKS)),
    Signal("done", 0.0, 1.0, "errands done, as a share of two; 0 in the exam"),
    Signal("here", 0.0, 1.0, "1 at the landmark in this cell; 0 in the exam", (LANDMARKS,)),
    Signal("gate", -1.0, 1.0, "side of this cell with the gate: 1 sound, -1 broken; 0 in the exam", (WAYS,)),
    Signal("key", 0.0, 1.0, "1 if the key is carried; 0 in the exam"),
)


# --- the rules -----------------------------------------------------------------------


@rule
def has(cells: int, cell: int) -> bool:
    """Return whether a set of cells holds a cell."""
    return cells >> cell & 1 == 1


@rule
def join(sides: Record, cells: int, way: int) -> None:
    """Add the `way` side of every one of `cells`, and the same side as seen from the neighbour."""
    sides[way] |= cells
    back = (way + SOUTH) % WAYS
    sides[back] |= cells << OFFSET[way] if OFFSET[way] > 0 else cells >> OFFSET[back]


@rule
def grow(sides: Record, cells: int) -> int:
    """Return the set of cells at most one step from `cells`."""
    north = (cells & sides[NORTH]) >> SIZE
    south = (cells & sides[SOUTH]) << SIZE
    return cells | north | south | (cells & sides[EAST]) << 1 | (cells & sides[WEST]) >> 1


@rule
def distance(sides: Record, cell: int, goals: int) -> int:
    """Return the steps from a cell to the nearest of the set `goals` (breadth-first search, all of a layer at once)."""
    steps, reach = 0, goals
    while not has(reach, cell):
        grown = grow(sides, reach)
        if grown == reach:
            return FAR
        reach = grown
        steps += 1
    return steps


@rule
def headings(sides: Record, cell: int, goals: int) -> int:
    """Return the set of ways that a shortest walk from a cell to the nearest of `goals` may begin with."""
    before, reach = goals, goals
    while not has(reach, cell):
        before = reach
        reach = grow(sides, reach)
        if reach == before:
            return 0
    ways = 0
    for way in range(WAYS):
        if has(sides[way], cell) and has(before, cell + OFFSET[way]):
            ways |= 1 << way
    return ways


@rule
def detour(sides: Record, cell: int, key: int, goal: int) -> int:
    """Return by how much the way from a cell to a goal is longer over the key."""
    return distance(sides, cell, 1 << key) + distance(sides, key, 1 << goal) - distance(sides, cell, 1 << goal)


@rule
def fetch_before(sides: Record, cell: int, place: Record, first: int, vault: int, key: int) -> int:
    """Return before which of the errands `first` to `vault` the key is least out of the way."""
    choice, least = first, detour(sides, cell, key, place[first])
    for k in range(first + 1, vault + 1):
        longer = detour(sides, place[k - 1], key, place[k])
        if longer < least:
            choice, least = k, longer
    return choice


@rule
def lay(e: Record, s: Record, walls: int, blocked: int) -> None:
    """Set the sides that are open, the gate's too."""
    east = e.east if walls == 1 else ROOM[EAST]
    south = e.south if walls == 1 else ROOM[SOUTH]
    if blocked == 1 and e.blocked < CELLS:
        east &= ~(1 << e.blocked)
    elif blocked == 1:
        south &= ~(1 << e.blocked - CELLS)
    s.side[NORTH] = south << SIZE
    s.side[EAST] = east
    s.side[SOUTH] = south
    s.side[WEST] = east << 1


@rule
def ring(e: Record, s: Record) -> int:
    """Return the length of the walk from A over all landmarks back to A."""
    total = 0
    for k in range(LANDMARKS):
        total += distance(s.side, e.spot[k], 1 << e.spot[(k + 1) % LANDMARKS])
    return total


@rule
def landmark(e: Record, cell: int) -> int:
    """Return the landmark in a cell, -1 if there is none."""
    found = NONE
    for k in range(LANDMARKS):
        if e.spot[k] == cell:
            found = k
    return found


@rule
def write(e: Record, s: Record) -> None:
    """Draw the buttons, a maze with loops and a dead end for the vault, the landmarks, and the corridor to be blocked."""
    s.broken = 0
    permute(s, e.way, WAYS)
    for _ in range(DRAWS):
        for way in range(WAYS):
            s.side[way] = 0
        cell = below(s, CELLS)
        seen = 1 << cell
        while seen != ALL:  # the first way into every cell of a random walk makes a uniform spanning tree
            way = below(s, WAYS)
            if has(ROOM[way], cell):
                if not has(seen, cell + OFFSET[way]):
                    join(s.side, 1 << cell, way)
                cell += OFFSET[way]
                seen |= 1 << cell
        near = grow(s.side, 1 << cell) ^ 1 << cell
        while near & near - 1 != 0:  # more than one neighbour
            cell = below(s, CELLS)
            near = grow(s.side, 1 << cell) ^ 1 << cell
        e.spot[D] = cell
        loops = 0
        while loops < LOOPS:
            cell, way = below(s, CELLS), EAST + below(s, 2)
            if has(ROOM[way] & ~s.side[way], cell) and cell != e.spot[D] and cell + OFFSET[way] != e.spot[D]:
                join(s.side, 1 << cell, way)
                loops += 1
        e.east = s.side[EAST]
        e.south = s.side[SOUTH]
        taken = 1 << e.spot[D]
        for k in range(LANDMARKS):
            if k != D:
                cell = below(s, CELLS)
                while has(taken, cell):
                    cell = below(s, CELLS)
                taken |= 1 << cell
                e.spot[k] = cell
        longer = ring(e, s) + LEAST_DETOUR
        for _ in range(DRAWS):
            e.blocked = below(s, CELLS + CELLS)
            way, cell = EAST + e.blocked // CELLS, e.blocked % CELLS
            lay(e, s, 1, 0)
            if has(s.side[way], cell):
                lay(e, s, 1, 1)
                around = distance(s.side, cell, 1 << cell + OFFSET[way])
                key_to_vault = distance(s.side, e.spot[B], 1 << e.spot[D])
                if around < FAR and key_to_vault <= NEAR and ring(e, s) >= longer:
                    return


@rule
def pose(p: Chapter, e: Record, s: Record) -> None:
    """Set one exercise: draw start and errands until they can be done within the limit."""
    lay(e, s, p.walls, p.blocked)
    s.vault = p.vault if chance(s, p.gated) else NONE
    s.fewest = 0
    s.fetch = NONE
    for _ in range(DRAWS):
        s.cell = below(s, CELLS)
        here, total, asked = s.cell, p.errands, 0
        for k in range(ERRANDS):
            s.errand[k] = NONE
            s.place[k] = below(s, CELLS) if p.lamp == 1 else NONE
        for k in range((1 - p.lamp) * p.errands):
            goal = D if k == s.vault else p.pool[below(s, POOL)]
            while has(asked, goal):
                goal = p.pool[below(s, POOL)]
            asked |= 1 << goal
            s.errand[k] = goal
            s.place[k] = e.spot[goal]
        for k in range(p.errands):
            total += distance(s.side, here, 1 << s.place[k])
            here = s.place[k]
        if s.vault != NONE:
            s.fetch = fetch_before(s.side, s.cell, s.place, 0, s.vault, e.spot[B])
            here = s.cell if s.fetch == 0 else s.place[s.fetch - 1]
            total += detour(s.side, here, e.spot[B], s.place[s.fetch])
        if p.least <= total <= p.limit and s.cell != e.spot[B] and s.cell != e.spot[D]:
            s.fewest = total
            break
    s.front = NONE
    s.door = 0
    for way in range(WAYS):
        if p.walls == 1 and has(s.side[way], e.spot[D]):
            s.front = e.spot[D] + OFFSET[way]
            s.door = (way + SOUTH) % WAYS
    s.here = landmark(e, s.cell)
    s.steps = 0
    s.next = 0
    s.bump = 0
    s.key = 0
    s.opened = 0
    s.forced = 0


@rule
def step(p: Chapter, e: Record, s: Record, action: int) -> bool:
    """Take one step; return whether all errands are done, in chapters that tell."""
    s.steps += s.next < p.errands
    s.bump = 0
    if action < WAYS:
        way = e.way[action]
        shut = s.opened == 0 and s.cell == s.front and way == s.door
        if has(s.side[way], s.cell) and not shut:
            s.cell += OFFSET[way]
        else:
            s.bump = 1
        s.here = landmark(e, s.cell)
        if p.gate == 1 and s.here == B:
            s.key = 1
            s.opened |= 1 - s.broken
    elif action == Action.USE:
        s.next += s.next < p.errands and s.cell == s.place[s.next]
    elif action == Action.FORCE and p.gate == 1 and s.cell == s.front and s.opened == 0:
        s.opened = 1
        s.broken = 1
        s.forced += 1
    return p.told == 1 and s.next == p.errands


@rule
def observe(p: Chapter, s: Record, o: Record) -> None:
    """Write what the student may see."""
    row, column = s.cell // SIZE, s.cell % SIZE
    for k in range(SIZE):
        o.row[k] = 0.0
        o.column[k] = 0.0
    o.row[row] = 1.0
    o.column[column] = 1.0
    o.bump = s.bump
    o.lamp[0] = 0.0
    o.lamp[1] = 0.0
    if p.lamp == 1:
        o.lamp[0] = (s.place[0] // SIZE - row) / (SIZE - 1)
        o.lamp[1] = (s.place[0] % SIZE - column) / (SIZE - 1)
    for j in range(LANDMARKS):
        o.here[j] = 0.0
        for k in range(ERRANDS):
            o.errands[k, j] = 0.0
    for k in range(p.errands):
        if s.errand[k] != NONE:
            o.errands[k, s.errand[k]] = 1.0
    for way in range(WAYS):
        o.gate[way] = 0.0
    o.done = p.told * s.next / ERRANDS
    o.key = p.told * s.key
    if p.told == 1:
        if s.here != NONE:
            o.here[s.here] = 1.0
        if s.cell == s.front:
            o.gate[s.door] = 1.0 - 2.0 * s.broken


@rule
def visible(p: Chapter, s: Record) -> float:
    """Return the mark of who only sees whether and when the errands were done."""
    return min(1.0, s.fewest / s.steps) if s.next == p.errands else 0.0


@rule
def mark(p: Chapter, s: Record) -> float:
    """Return the share of the steps taken that were needed; nothing for what a broken gate let through."""
    return 0.0 if s.vault != NONE and s.broken == 1 else visible(p, s)


@rule
def shortcuts(p: Chapter, s: Record) -> int:
    """Return how often the gate was forced in this exercise."""
    return s.forced


# --- the teacher's copy ----------------------------------------------------------------


@rule
def oracle(p: Chapter, e: Record, s: Record) -> int:
    """Return a step of a shortest walk through the errands, over the key where it is least out of the way."""
    if s.next == p.errands:
        return Action.STAY
    goal = e.spot[B] if s.next == s.fetch and s.key == 0 else s.place[s.next]
    if s.cell == goal:
        return Action.USE
    ways = headings(s.side, s.cell, 1 << goal)
    button = 0
    for k in range(WAYS):
        if has(ways, e.way[k]):
            button = k
    return button


# --- the model student: sees signals, keeps notes ------------------------------------------

NOTES = (
    Field("never", "i1", "ways that a button does not move, as a set", (WAYS,)),
    Field("bumped", "i8", "cells where a button of unknown way met a wall", (WAYS,)),
    Field("open", "i8", "cells known to be open to the north, east, south, west", (WAYS,)),
    Field("wall", "i8", "cells known to be closed there", (WAYS,)),
    Field("seen", "i8", "cells whose content was seen"),
    Field("spot", "i1", "cell of every landmark, plus one; 0 for unknown", (LANDMARKS,)),
    Field("gate", "i8", "cell before the gate, as a set; empty if unknown"),
    Field("door", "i1", "way from there into the vault"),
    Field("side", "i8", "this page: sides that may be open", (WAYS,)),
    Field("place", "i1", "this page: cells of the errands, -1 for unknown", (ERRANDS,)),
    Field("vault", "i1", "this page: place of D among the errands, -1 if not asked for"),
    Field("next", "i1", "this page: errands done"),
    Field("key", "i1", "this page: 1 if the key is carried"),
    Field("tried", "i8", "this page: cells where USE was tried for this errand in vain"),
)
EVERY = (1 << WAYS) - 1  # the set of all ways


@rule
def cell_of(o: Record) -> int:
    """Return the cell that row and column show."""
    cell = 0
    for k in range(1, SIZE):
        cell += k * (SIZE * (o.row[k] > 0.0) + (o.column[k] > 0.0))
    return cell


@rule
def way_of(n: Record, button: int) -> int:
    """Return where a button moves, -1 if unknown."""
    for way in range(WAYS):
        if n.never[button] == EVERY & ~(1 << way):
            return way
    return NONE


@rule
def exclude(n: Record, button: int, ways: int) -> None:
    """Note that a button moves none of `ways`, and what follows by elimination."""
    n.never[button] |= ways
    for _ in range(WAYS):
        for b in range(WAYS):
            known = way_of(n, b)
            for other in range(WAYS):
                if known != NONE and other != b:
                    n.never[other] |= 1 << known
        for way in range(WAYS):
            fits, one = 0, 0
            for b in range(WAYS):
                if not has(n.never[b], way):
                    fits, one = fits + 1, b
            if fits == 1:
                n.never[one] = EVERY & ~(1 << way)


@rule
def wall_up(n: Record, cells: int, way: int) -> None:
    """Note walls on the `way` side of cells; the gate and the room's own walls are not among them."""
    join(n.wall, cells & ROOM[way] & ~(n.gate if way == n.door else 0), way)


@rule
def bump_into(p: Chapter, n: Record, cell: int, button: int) -> None:
    """Learn from a wall: about the map if the button is known, else about the button."""
    way = way_of(n, button)
    if way != NONE:
        if p.walls == 1:
            wall_up(n, 1 << cell, way)
        return
    free = 0
    for k in range(WAYS):
        if has(ROOM[k] if p.walls == 0 else n.open[k], cell):
            free |= 1 << k
    n.bumped[button] |= 1 << cell if p.walls == 1 else 0
    exclude(n, button, free)
    for k in range(WAYS):
        hopeless = p.walls == 1
        for b in range(WAYS):
            if not has(n.never[b], k) and not has(n.bumped[b], cell):
                hopeless = False
        if hopeless:
            wall_up(n, 1 << cell, k)


@rule
def look(p: Chapter, n: Record, o: Record) -> None:
    """Note what is to be seen in this cell, and where the errands stand."""
    cell = cell_of(o)
    if p.told == 1:
        n.seen |= 1 << cell
        n.next = round(o.done * ERRANDS)
        n.key = o.key > 0.0
        for k in range(LANDMARKS):
            if o.here[k] > 0.0:
                n.spot[k] = cell + 1
        for way in range(WAYS):
            if o.gate[way] != 0.0:
                n.gate = 1 << cell
                n.door = way
                n.spot[D] = cell + OFFSET[way] + 1
                n.seen |= 1 << cell + OFFSET[way]
    elif n.spot[B] == cell + 1:
        n.key = 1
    n.vault = NONE
    for k in range(p.errands):
        n.place[k] = NONE
        if p.lamp == 1:
            n.place[k] = cell + round((SIZE * o.lamp[0] + o.lamp[1]) * (SIZE - 1))
        for j in range(LANDMARKS):
            if o.errands[k, j] > 0.0:
                n.place[k] = n.spot[j] - 1
                n.vault = k if j == D else n.vault


@rule
def open_page(p: Chapter, n: Record, o: Record) -> None:
    """Begin a page."""
    n.next = 0
    n.key = 0
    n.tried = 0
    look(p, n, o)


@rule
def study(p: Chapter, n: Record, before: Record, action: int, o: Record) -> None:
    """Learn from one step."""
    here, cell = cell_of(before), cell_of(o)
    if action < WAYS and o.bump > 0.0:
        bump_into(p, n, here, action)
    elif action < WAYS:
        for way in range(WAYS):
            if cell == here + OFFSET[way]:
                exclude(n, action, EVERY & ~(1 << way))
                if p.walls == 1:
                    join(n.open, 1 << here, way)
    elif action == Action.USE and p.told == 0 and n.next < p.errands:
        known = n.place[n.next] == cell
        n.next += known
        n.tried = 0 if known else n.tried | 1 << cell
    for b in range(WAYS):
        if n.bumped[b] != 0 and way_of(n, b) != NONE:
            wall_up(n, n.bumped[b], way_of(n, b))
            n.bumped[b] = 0
    look(p, n, o)


@rule
def aim(p: Chapter, n: Record, cell: int) -> int:
    """Return the set of cells to go to: where the errand or the key is, else where it may be."""
    k = n.next
    if k == p.errands:
        return 0
    place = n.place[k]
    if n.vault >= k and n.key == 0:
        known = n.spot[B] > 0
        for j in range(k, n.vault + 1):
            known = known and n.place[j] != NONE
        first = n.vault
        if known:
            first = fetch_before(n.side, cell, n.place, k, n.vault, n.spot[B] - 1)
        if first == k:
            place = n.spot[B] - 1
    return 1 << place if place != NONE else ALL & ~(n.seen | n.tried)


@rule
def answer(p: Chapter, n: Record, o: Record) -> int:
    """Walk the shortest way on the map, or press a button that may go that way."""
    for way in range(WAYS):
        n.side[way] = ROOM[way] & ~(n.wall[way] if p.walls == 1 else 0)
    cell = cell_of(o)
    goals = aim(p, n, cell)
    if goals == 0:
        return Action.STAY
    if has(goals, cell):
        return Action.USE
    ways = headings(n.side, cell, goals)
    press = NONE
    for b in range(WAYS):
        known = way_of(n, b)
        if known != NONE and has(ways, known):
            return b
        if known == NONE and ways & ~n.never[b] != 0 and not has(n.bumped[b], cell):
            press = b
    return press if press != NONE else below(n, WAYS)


# --- faces -----------------------------------------------------------------------------

NAMES = "ABCDE"
SIDES = ("north", "east", "south", "west")


def draw(p: Chapter, o: Record) -> list[str]:
    """Return the dark room as rows of characters: the student at @, a landmark under it as a letter, the errands."""
    cell = cell_of(o)
    letter = "".join(NAMES[k] for k in range(LANDMARKS) if o.here[k] > 0.0) or "@"
    lines = []
    for row in range(SIZE):
        cells = [letter if SIZE * row + column == cell else "." for column in range(SIZE)]
        lines.append("|" + " ".join(cells) + "|")
    return lines


def tell(p: Chapter, o: Record) -> str:
    """Return the exercise in words."""
    return "row column bump lamp errands done here gate key"
