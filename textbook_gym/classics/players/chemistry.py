"""What can be known of a chemistry without rotation, as numbers: codes of edges, their tables, and learning.

See `textbook_gym.classics.ideal_observer`, which searches on them.
"""

import functools

import numpy as np

from textbook_gym.books.alchemy import POTIONS
from textbook_gym.books.tables.alchemy import AXES, CASH, COLOURS, CORNERS, EDGE, EDGES, KIND, MAPS, PRIOR
from textbook_gym.engine.jit import compiled

UNITS = np.rint(PRIOR * 192).astype(np.int64)  # the prior of graphs as whole numbers
POWER = 3 ** np.arange(12)  # of an edge's digit
CODES = 3**12
PLACE = np.rint(np.log2(np.maximum(EDGE, 1))).astype(np.int64)  # number of an edge, by corner and axis
INDICATOR = np.array([[bin(x ^ 7 ^ m).count("1") * 2 - AXES for x in range(CORNERS)] for m in range(8)])
"""Sum of the true coordinates of a stone seen at a corner, by stone map (bit k set: axis k is not turned round)."""
WORTH = np.array([[max(0, CASH[x ^ 7 ^ m]) for x in range(CORNERS)] for m in range(8)])
"""What a stone seen at a corner brings if it is thrown into the cauldron whenever that pays."""
COST = 1e-7  # of a potion: decides between plans of equal worth
ROOM = 1 << 22  # remembered states
DEEP = POTIONS + 2
FIELD = 5 * np.arange(COLOURS)  # of a colour in a number that counts potions; the highest bit of each is a guard
GUARD = int((16 << FIELD).sum())
_hue = np.argsort(KIND, 1)  # colour of a potion that moves along an axis, by map: 2 axis + 1 raises
NEED = np.zeros((MAPS, CORNERS, CORNERS), np.int64)  # potions that take a stone straight from one corner to another
HUES = np.zeros((MAPS, CORNERS, CORNERS), np.int64)  # their colours, as bits
for _x, _top, _axis in np.ndindex(CORNERS, CORNERS, AXES):
    if (_x ^ _top) >> _axis & 1:
        NEED[:, _x, _top] += 1 << FIELD[_hue[:, 2 * _axis + (_top >> _axis & 1)]]
        HUES[:, _x, _top] |= 1 << _hue[:, 2 * _axis + (_top >> _axis & 1)]
_ends = np.argwhere(EDGE)  # corner and axis of every edge, both ends
FLIP = np.zeros((8, len(EDGES)), np.int64)
"""The true graph of one that is seen, by stone map."""
for _m, _g in np.ndindex(*FLIP.shape):
    _true = sum({int(EDGE[c ^ 7 ^ _m, a]) for c, a in _ends if EDGES[_g] & EDGE[c, a]})
    FLIP[_m, _g] = np.flatnonzero(_true == EDGES)[0]
FEW = 2  # combinations of maps up to which graphs are looked at one by one
BITS = np.array([bin(b).count("1") for b in range(256)])


def know(units: np.ndarray, graphs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return by code the prior (in units) of the graphs that fit it, and the code that says all they have in common."""
    weight, closed = np.zeros(CODES, np.int64), np.zeros(CODES, np.int32)
    for code in range(CODES):
        present, absent, rest = 0, 0, code
        for edge in range(12):
            digit = rest % 3
            rest //= 3
            present |= (digit == 1) << edge
            absent |= (digit == 2) << edge
        always, ever = 4095, 0
        for g in range(len(graphs)):
            if graphs[g] & present == present and graphs[g] & absent == 0:
                weight[code] += units[g]
                always &= graphs[g]
                ever |= graphs[g]
        power = 1
        for edge in range(12):
            if weight[code] > 0:
                closed[code] += power * (1 if always >> edge & 1 else (0 if ever >> edge & 1 else 2))
            power *= 3
    return weight, closed


@functools.cache
def knowledge() -> tuple[np.ndarray, np.ndarray]:
    """Return the tables of `know`, worked out once."""
    weight, closed = compiled(know)(UNITS, EDGES)
    return weight, closed


def scrambled(z: np.uint64) -> np.uint64:
    """Return the finaliser of splitmix64."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def key_of(stones: np.ndarray, counts: np.ndarray, maps: int, tried: int, codes: np.ndarray, ahead: int) -> np.uint64:
    """Return the name of a state, searched so many potions ahead: what can be exchanged is sorted."""
    a, b, c = stones[0], stones[1], stones[2]
    a, b = min(a, b), max(a, b)
    b, c = min(b, c), max(b, c)
    a, b = min(a, b), max(a, b)
    word = ((a * 8 + b) * 8 + c) * 256 + maps
    first, second, third = 0, 0, 0  # untried pairs, highest first; tried pairs are added in their place
    for pair in range(AXES):
        one, two = counts[2 * pair], counts[2 * pair + 1]
        if tried >> pair & 1:
            word += (one * 16 + two) << (17 + 8 * pair)
        else:
            both = max(one, two) * 16 + min(one, two)
            if both > first:
                first, second, third = both, first, second
            elif both > second:
                second, third = both, second
            else:
                third = both
    key = scrambled(np.uint64(word) + np.uint64(0x9E3779B97F4A7C15))
    key = scrambled(
        key ^ np.uint64(tried + 8 * (first + 256 * (second + 256 * (third + 256 * min(ahead, counts.sum())))))
    )
    for h in range(MAPS):
        if codes[h] >= 0:
            key += scrambled(np.uint64(h * CODES + codes[h] + 1))
    return key


def outcomes(
    corner: int, colour: int, codes: np.ndarray, weight: np.ndarray, closed: np.ndarray, chances: np.ndarray
) -> bool:
    """Fill the weights of the outcomes of a potion on a stone (axis 0, 1, 2 moved; stays); return 1 if all is known."""
    chances[:] = 0
    certain = 1
    for h in range(MAPS):
        code = codes[h]
        if code >= 0:
            axis, up = KIND[h, colour] // 2, KIND[h, colour] % 2
            if corner >> axis & 1 == up:
                chances[AXES] += weight[code]
            else:
                power = POWER[PLACE[corner, axis]]
                digit = code // power % 3
                if digit == 0:
                    certain = 0
                    chances[axis] += weight[code + power]
                    chances[AXES] += weight[code + 2 * power]
                else:
                    chances[axis if digit == 1 else AXES] += weight[code]
    return bool(certain == 1 and np.count_nonzero(chances) == 1)


def learn(
    corner: int,
    colour: int,
    outcome: int,
    codes: np.ndarray,
    after: np.ndarray,
    weight: np.ndarray,
    closed: np.ndarray,
) -> None:
    """Write what is known after a potion did this to a stone (the axis moved along, or AXES: it stayed)."""
    for h in range(MAPS):
        code = codes[h]
        after[h] = -1
        if code < 0:
            continue
        axis, up = KIND[h, colour] // 2, KIND[h, colour] % 2
        if corner >> axis & 1 == up:
            if outcome == AXES:
                after[h] = code
        elif outcome in (axis, AXES):
            power = POWER[PLACE[corner, axis]]
            digit = code // power % 3
            told = 1 if outcome == axis else 2
            if digit == 0:
                code += told * power
                if weight[code] > 0:
                    after[h] = closed[code]
            elif digit == told:
                after[h] = code
