"""The ideal observer of symbolic Alchemy: exact belief, expectimax within the trial. This file searches.

As Wang et al. 2021 (arXiv 2102.02926) describe it: a belief over all chemistries without rotation (48 potion maps x 8
stone maps x 109 graphs = 41,856), kept over the trials of an episode, and in each trial the plan of the highest
expected reward of that trial: stop, or put one of the stones into one of the potions, for each outcome that the belief
allows, and so on. What is learned for later trials counts nothing; of plans of equal worth the one that needs fewer
potions is taken. `textbook_gym.classics.players.alchemy` has the student that plays by it.

How it is made fast
    Coordinates are those that are seen. Directions of the potion map and the graph are then independent of the stone
    map, which only says what a stone is worth, so the belief is a set of stone maps (8 bits) and, for every potion
    map, what is known of the twelve edges. That is one number in base 3 (unknown, present, absent), closed under what
    the known edges imply, and a table gives its probability. Colours of pairs not yet tried can be exchanged and are
    sorted. Values of states are remembered; they hold for any episode. A plan is searched only as far as it may still
    turn out best: its worth is bounded by what it were if all were known after it (hindsight). All of that is exact.
    Where a search needs more than a budget of states (at the beginning of an episode), the plan is searched as many
    potions deep as the budget allows, and hindsight stands for what comes after.
"""

import numpy as np

from textbook_gym.books.alchemy import best_plan
from textbook_gym.books.tables.alchemy import AXES, CHOICES, COLOURS, EDGES, KEY, KIND, MAPS, STEP, STONES, UNIT
from textbook_gym.books.tables.alchemy import GUARD as STOCK_GUARD
from textbook_gym.classics.players.chemistry import (
    BITS,
    COST,
    DEEP,
    FEW,
    FIELD,
    FLIP,
    GUARD,
    HUES,
    NEED,
    ROOM,
    UNITS,
    WORTH,
    key_of,
    learn,
    outcomes,
)

BRANCHES = 2 * AXES + 1  # of a step: which axis a potion turned out to act on and whether it is turned round; or none

Position = tuple[np.ndarray, np.ndarray, np.ndarray]
"""By depth: i4 (DEEP, 48), by potion map what is known of the edges, -1 if it is ruled out; i8 (DEEP, 3), corner of
each stone; i8 (DEEP, 6), potions of each colour."""

Tables = tuple[np.ndarray, np.ndarray]
"""Weight of what is known of the edges, and what follows from it; see `chemistry.know`."""

Known = tuple[np.ndarray, np.ndarray, np.ndarray]
"""States remembered: u8 (ROOM,), their keys; f8 (ROOM,), their values; i1 (ROOM,), 1 where that is exact, else it is a
bound from above."""


def bound(
    maps: int, codes: np.ndarray, stones: np.ndarray, counts: np.ndarray, weight: np.ndarray, gains: np.ndarray
) -> float:
    """Return what the state is worth at most: were both maps known and no edge missing that is not known to be."""
    stock, held = GUARD, 0
    for colour in range(COLOURS):
        stock += counts[colour] << FIELD[colour]
        held |= (counts[colour] > 0) << colour
    total, worth = 0, 0.0
    for h in range(MAPS):
        if codes[h] < 0:
            continue
        best = 0
        for m in range(8):
            if not maps >> m & 1:
                continue
            for i in range(STONES):  # what a stone is worth that is not taken to the top
                wrong = BITS[stones[i] ^ m]
                short = wrong - 1 - BITS[HUES[h, stones[i], m] & held]
                gains[i] = 15 if wrong == 0 else (1 if wrong == 1 or short <= 0 else 0)
            a, b, c = NEED[h, stones[0], m], NEED[h, stones[1], m], NEED[h, stones[2], m]
            most = 0
            for subset in range(8):
                use = (a if subset & 1 else 0) + (b if subset & 2 else 0) + (c if subset & 4 else 0)
                if (stock - use) & GUARD == GUARD:
                    value = (15 if subset & 1 else gains[0]) + (15 if subset & 2 else gains[1])
                    most = max(most, value + (15 if subset & 4 else gains[2]))
            best += most
        worth += weight[codes[h]] * best
        total += weight[codes[h]]
    return worth / (total * BITS[maps])


def hindsight(
    maps: int, codes: np.ndarray, stones: np.ndarray, counts: np.ndarray, weight: np.ndarray, gains: np.ndarray
) -> float:
    """Return a bound on what the state is worth; where few maps are left, what it were worth if all were known."""
    rough = bound(maps, codes, stones, counts, weight, gains)
    alive = 0
    for h in range(MAPS):
        alive += codes[h] >= 0
    if alive * BITS[maps] > FEW or rough <= sure(maps, stones) + COST:
        return rough
    total, worth = 0, 0.0
    for h in range(MAPS):
        if codes[h] < 0:
            continue
        total += weight[codes[h]]
        present, absent, rest = 0, 0, codes[h]
        for edge in range(12):
            present |= (rest % 3 == 1) << edge
            absent |= (rest % 3 == 2) << edge
            rest //= 3
        for m in range(8):
            if not maps >> m & 1:
                continue
            stock = STOCK_GUARD + DEEP * STEP + STONES * STEP
            for colour in range(COLOURS):
                axis, up = KIND[h, colour] // 2, KIND[h, colour] % 2
                stock += counts[colour] * UNIT[2 * axis + (up if m >> axis & 1 else 1 - up)]
            a, b, c = stones[0] ^ 7 ^ m, stones[1] ^ 7 ^ m, stones[2] ^ 7 ^ m
            for g in range(len(EDGES)):
                if EDGES[g] & present == present and EDGES[g] & absent == 0:
                    worth -= UNITS[g] * (-(best_plan(FLIP[m, g], a, b, c, stock) // CHOICES) // KEY)
    return worth / (total * BITS[maps])


def sure(maps: int, stones: np.ndarray) -> float:
    """Return what the stones bring now; the stone maps that are left agree on that."""
    one = 0
    while not maps >> one & 1:
        one += 1
    return WORTH[one, stones[0]] + WORTH[one, stones[1]] + WORTH[one, stones[2]]


def split(maps: int, axis: int, upright: int) -> int:
    """Return the stone maps of a set in which an axis is turned round (0) or not (1)."""
    some = 0
    for m in range(8):
        if m >> axis & 1 == upright:
            some |= maps & 1 << m
    return some


def find(key: np.uint64, names: np.ndarray) -> np.int64:
    """Return where a state is remembered, or the free place where it would be."""
    slot = np.int64(key & np.uint64(ROOM - 1))
    while names[slot] != 0 and names[slot] != key:
        slot = (slot + 1) & (ROOM - 1)
    return slot


def descend(depth: int, i: int, colour: int, outcome: int, position: Position, tables: Tables) -> None:
    """Write at depth + 1 what follows if a potion does this to stone i."""
    codes, stones, counts = position
    weight, closed = tables
    corner = stones[depth, i]
    learn(corner, colour, outcome, codes[depth], codes[depth + 1], weight, closed)
    stones[depth + 1] = stones[depth]
    counts[depth + 1] = counts[depth]
    counts[depth + 1, colour] -= 1
    if outcome < AXES:
        stones[depth + 1, i] = corner ^ 1 << outcome


def remember(key: np.uint64, value: float, sharp: bool, known: Known, told: np.ndarray) -> None:
    """Remember what a state is worth, exactly or at most; where there is no room all others are forgotten."""
    names, values, exact = known
    slot = find(key, names)
    if names[slot] == 0:
        told[0] += 1
    if told[0] > ROOM * 3 // 4:
        names[:] = 0
        told[0], slot = 1, find(key, names)
    names[slot], values[slot], exact[slot] = key, value, sharp


def promise_of(depth: int, left: int, maps: int, tried: int, position: Position, tables: Tables, known: Known,
               told: np.ndarray, gains: np.ndarray) -> float:  # fmt: skip
    """Return what the state at a depth is worth at most: as remembered, else by hindsight, which is then remembered."""
    codes, stones, counts = position
    name = key_of(stones[depth], counts[depth], maps, tried, codes[depth], left)
    slot = find(name, known[0])
    if known[0][slot] == name:
        return known[1][slot]
    value = hindsight(maps, codes[depth], stones[depth], counts[depth], tables[0], gains)
    now = sure(maps, stones[depth])
    value = now if value <= now + COST else value
    remember(name, value, value == now, known, told)
    return value


def list_plans(depth: int, left: int, maps: int, tried: int, position: Position, tables: Tables, known: Known,
               rooms: np.ndarray, told: np.ndarray) -> int:  # fmt: skip
    """Write to `rooms`, by first step, what every outcome adds to a plan at most, the sum, and which step it is.

    Returns:
        how many first steps there are.
    """
    codes, stones, counts = position
    chances = np.zeros(AXES + 1, np.int64)
    gains = np.zeros(STONES, np.int64)
    actions = 0
    for i in range(STONES):
        corner = stones[depth, i]
        if (i > 0 and corner == stones[depth, 0]) or (i > 1 and corner == stones[depth, 1]):
            continue
        for colour in range(COLOURS):
            if counts[depth, colour] == 0:
                continue
            if outcomes(corner, colour, codes[depth], tables[0], tables[1], chances) and chances[AXES] > 0:
                continue  # it is known to do nothing
            total, promise = chances.sum(), -COST
            for branch in range(BRANCHES):
                rooms[actions, branch] = 0.0
                outcome = branch // 2
                some = maps if outcome == AXES else split(maps, outcome, branch % 2)
                if chances[outcome] == 0 or some == 0:
                    continue
                descend(depth, i, colour, outcome, position, tables)
                seen = tried | 1 << (colour // 2)
                value = promise_of(depth + 1, left - 1, some, seen, position, tables, known, told, gains)
                rooms[actions, branch] = value * chances[outcome] / total * BITS[some] / BITS[maps]
                promise += rooms[actions, branch]
            rooms[actions, 7] = promise
            rooms[actions, 8] = i * COLOURS + colour
            actions += 1
    return actions


def most_promising(rooms: np.ndarray, actions: int) -> int:
    """Return the first step whose plan promises most."""
    action = 0
    for a in range(actions):
        action = a if rooms[a, 7] > rooms[action, 7] else action
    return action


def part(maps: int, branch: int, chances: np.ndarray) -> tuple[int, float]:
    """Return the stone maps that a branch leaves, and its chance, 0 if it cannot be.

    Args:
        maps: stone maps before it, as bits.
        branch: 2 * axis + whether the axis shows upright; 2 * AXES where the potion does nothing.
        chances: of every outcome, up to a factor.
    """
    outcome = branch // 2
    some = maps if outcome == AXES else split(maps, outcome, branch % 2)
    return some, chances[outcome] / chances.sum() * BITS[some] / BITS[maps]


def recall(depth: int, left: int, maps: int, tried: int, most: float, position: Position, known: Known
           ) -> tuple[float, bool]:  # fmt: skip
    """Return what the state at a depth is worth, as remembered, else `most`; and whether that is settled."""
    codes, stones, counts = position
    names, values, exact = known
    name = key_of(stones[depth], counts[depth], maps, tried, codes[depth], left)
    slot = find(name, names)
    if names[slot] == name and exact[slot]:
        return values[slot], True
    return most, most <= sure(maps, stones[depth])


def search(depth: int, deep: int, maps: int, tried: int, least: float, position: Position, tables: Tables,
           known: Known, room: np.ndarray, told: np.ndarray) -> float:  # fmt: skip
    """Return the expected reward of the best plan from here, less COST a potion; or, if it is at most `least`, a bound.

    Args:
        depth: row of the arrays of `position` that holds the state; deeper rows are written over.
        deep: where the search ends and hindsight stands for what comes.
        maps: stone maps that are left, as bits.
        tried: pairs of colours tried since the episode began, as bits.
        least: values up to this do not matter to the caller.
        position: see `Position`.
        tables: see `Tables`.
        known: see `Known`.
        room: f8 (DEEP, 19, 9): work space.
        told: i8 (4,): states remembered, stone and colour of the best plan's first step (-1 to stop), states that may
            still be searched: once there are none, what is returned means nothing.
    """
    codes, stones, counts = position
    best, most = sure(maps, stones[depth]), -1.0  # what the best plan brings, and what others may bring at most
    told[3] -= 1
    if told[3] < 0:
        return best
    first, chances, rooms, left = -1, np.zeros(AXES + 1, np.int64), room[depth], deep - depth
    key = key_of(stones[depth], counts[depth], maps, tried, codes[depth], left)
    actions = list_plans(depth, left, maps, tried, position, tables, known, rooms, told)
    for _ in range(actions):
        action = most_promising(rooms, actions)
        promise, what = rooms[action, 7], int(rooms[action, 8])
        if promise <= max(best, least):
            most = max(most, promise)
            break
        rooms[action, 7] = -1e9
        outcomes(stones[depth, what // COLOURS], what % COLOURS, codes[depth], tables[0], tables[1], chances)
        for branch in range(BRANCHES):
            some, share = part(maps, branch, chances)
            if share == 0.0:
                continue
            seen = tried | 1 << (what % COLOURS // 2)
            descend(depth, what // COLOURS, what % COLOURS, branch // 2, position, tables)
            value, settled = recall(depth + 1, left - 1, some, seen, rooms[action, branch] / share, position, known)
            if not settled and left > 1:
                value = search(depth + 1, deep, some, seen, value - (promise - max(best, least)) / share, position,
                               tables, known, room, told)  # fmt: skip
            promise += value * share - rooms[action, branch]
            if promise <= max(best, least):
                break
        if promise > max(best, least):
            best, first = promise, what
        else:
            most = max(most, promise)
    if told[3] < 0:
        return best
    remember(key, max(best, most), best >= most, known, told)
    told[1], told[2] = (first // COLOURS, first % COLOURS) if first >= 0 else (-1, -1)
    return max(best, most)
