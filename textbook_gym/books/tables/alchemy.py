"""The chemistry of `textbook_gym.books.alchemy` as tables; an empty slot is -1 and finds the last row."""

import itertools

import numpy as np

AXES = 3
CORNERS = 8  # of the cube; bit k of a corner is set if coordinate k is +1
TOP = CORNERS - 1
DIRECTIONS = 2  # of a potion along its axis
STONES = 3
A, B, C = range(STONES)
COLOURS = 6  # 2i and 2i + 1 are opposites; so are the latent potions: 2 axis lowers, 2 axis + 1 raises
LOOKS = 32  # of stones: 8 rotation + stone map, a bit an axis
SIGN = np.array([[1 if corner >> k & 1 else -1 for k in range(AXES)] for corner in range(CORNERS)])
CASH = np.append(SIGN.sum(1) + 12 * (np.arange(CORNERS) == TOP), 0)
RANKED = np.argsort(CASH[:CORNERS], kind="stable")
_LOW, _AXIS = np.argwhere(SIGN < 0).T  # the edges: lower corner, axis
EDGE = np.zeros((CORNERS, AXES), np.int64)  # bit of an edge, by corner and axis
EDGE[_LOW, _AXIS] = EDGE[_LOW | 1 << _AXIS, _AXIS] = 1 << np.arange(len(_LOW))

# Edges along an axis may ask a sign (0: any) of each of the other two. A graph is what keeps all corners joined.
_ASKED = np.array(list(itertools.product((-1, 1, 0), repeat=2 * AXES))).reshape(-1, AXES, 2)
_SIDES = np.array([np.delete(SIGN[low], axis) for low, axis in zip(_LOW, _AXIS, strict=True)])
_HAS = ((_ASKED[:, _AXIS] == 0) | (_ASKED[:, _AXIS] == _SIDES)).all(2)
_JOINED = np.tile(np.arange(CORNERS) == 0, (len(_HAS), 1))
for _edge in [*range(len(_LOW))] * CORNERS:
    _ends = [_LOW[_edge], _LOW[_edge] | 1 << _AXIS[_edge]]
    _JOINED[:, _ends] |= (_HAS[:, _edge] & _JOINED[:, _ends].any(1))[:, None]
EDGES = _HAS[_JOINED.all(1)] @ (1 << np.arange(len(_LOW)))  # of a graph, as a sum of bits
GRAPHS = len(EDGES)
WHOLE = GRAPHS - 1  # the graph with all edges
_CONDITIONS = np.count_nonzero(_ASKED[_JOINED.all(1)], (1, 2))
PRIOR = 1.0 / np.bincount(_CONDITIONS)[_CONDITIONS] / len(np.bincount(_CONDITIONS))  # 0, 1, 2, 3 are equally likely
MOVE = np.full((GRAPHS, CORNERS + 1, COLOURS), -1)  # where a latent potion takes a stone, by graph and corner
for _g, _c, _t in np.ndindex(GRAPHS, CORNERS, COLOURS):
    _stays = _c >> _t // 2 & 1 == _t % 2 or EDGES[_g] & EDGE[_c, _t // 2] == 0
    MOVE[_g, _c, _t] = _c if _stays else _c ^ 1 << _t // 2

# What is left is one integer: five bits for each latent potion, six for steps. The highest of each field is its guard:
# `stock - use` keeps all guards as long as nothing is used that is not there.
UNIT = 1 << 5 * np.arange(COLOURS)
STEP = 1 << 5 * COLOURS
GUARD = 16 * int(UNIT.sum()) + 32 * STEP
KEY = 64  # a plan's key is KEY * score - steps: the most points, then the fewest steps
FADED = COLOURS  # in place of the colour of a potion whose label cannot be read
CASH_IN, NOTHING = FADED + 1, FADED + 2  # what a plan for a stone may begin with, besides a potion
KINDS = NOTHING + 1
CHOICES = STONES * KINDS


def options(graph: int, start: int) -> list[tuple[int, int, int]]:
    """Return what may be made of a stone as (key, use, opening), best first, nothing that another option dominates."""
    ways = [(0, CASH_IN, [start])]
    for use, opening, path in ways:  # which grows meanwhile
        for potion, to in enumerate(MOVE[graph, path[-1]].tolist()):
            if to not in path:
                ways.append((use + int(UNIT[potion]), opening if use else potion, [*path, to]))
    every = [(KEY * int(CASH[path[-1]]) - len(path), use + len(path) * STEP, o) for use, o, path in ways]
    kept: list[tuple[int, int, int]] = []
    for key, use, opening in sorted(every, reverse=True):
        if key > 0 and all(((use | GUARD) - less) & GUARD != GUARD for _, less, _ in kept):
            kept.append((key, use, opening))
    return [*kept, (0, 0, NOTHING)]


_OPTIONS = [options(g, c) if c < CORNERS else [(0, 0, NOTHING)] for g, c in np.ndindex(GRAPHS, CORNERS + 1)]
END = np.cumsum([len(o) for o in _OPTIONS]).reshape(GRAPHS, CORNERS + 1)
START = END - np.array([len(o) for o in _OPTIONS]).reshape(GRAPHS, CORNERS + 1)
WORTH, USE, OPENING = np.array(list(itertools.chain(*_OPTIONS))).T.copy()  # rows START..END - 1 by graph and corner

TURN = np.array([[[1, 0, 0], [0, 1, 0], [0, 0, 1]], [[1, 1, 0], [-1, 1, 0], [0, 0, 1]],
                 [[1, 0, -1], [0, 1, 0], [1, 0, 1]], [[1, 0, 0], [0, 1, 1], [0, -1, 1]]])  # fmt: skip
STONE = np.full((LOOKS, CORNERS + 1, AXES + 2), (2.0, 2.0, 2.0, 2.0, 1.0))  # signals by look and corner
DIGITS = 4  # a stone's shape is one number: what is seen of it as digits
CORNER = np.full((LOOKS, DIGITS ** (AXES + 1)), -1)  # by look and shape, -1 if it cannot look like that
for _look, _c in np.ndindex(LOOKS, CORNERS):  # TURN takes coordinates seen to those of the cube
    _seen = np.rint(np.linalg.solve(TURN[_look // CORNERS], SIGN[_c] * SIGN[_look % CORNERS])).astype(int)
    STONE[_look, _c] = [*_seen, SIGN[_c].sum() / 3.0, 0.0]
    CORNER[_look, int(np.append(_seen + 1, (SIGN[_c].sum() + 3) // 2) @ (64, 16, 4, 1))] = _c
POTION = np.array([[colour / 3.0 - 1.0, 0.0] for colour in range(FADED + 1)] + [[1.0, 1.0]])  # signals by colour

MAPS = 48  # of potions: 8 order of the axes + a bit an axis
_ORDER = np.repeat(list(itertools.permutations(range(AXES))), CORNERS, 0)
_RAISES = np.arange(MAPS)[:, None] >> _ORDER & 1
KIND = np.stack([2 * _ORDER + 1 - _RAISES, 2 * _ORDER + _RAISES], 2).reshape(MAPS, COLOURS)  # latent potion of a colour
COLOUR = np.append(np.argsort(KIND, 1), np.tile((FADED, CASH_IN, NOTHING), (MAPS, 1)), 1)  # colour of a latent potion
LEADS = np.zeros((CORNERS, CORNERS), np.int64)  # latent potion that takes one corner to the other, 0 if none does
for _c, _t in np.ndindex(CORNERS, COLOURS):
    if MOVE[WHOLE, _c, _t] != _c:
        LEADS[_c, MOVE[WHOLE, _c, _t]] = _t
