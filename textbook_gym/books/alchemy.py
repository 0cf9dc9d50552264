"""Alchemy: change stones with potions whose chemistry is hidden, then throw them into the cauldron.

A stone is a corner of a cube with three hidden axes; the cauldron pays the sum of its coordinates, and 12 more at the
top corner: -3, -1, 1 or 15. A potion moves a stone along one axis in one direction, or does nothing where the stone is
there already or the cube's edge is missing; it is spent in any case. What is seen of stones and potions is the hidden
thing turned round, permuted and rotated. An exercise is one trial and ends with END_TRIAL or at the limit.

The chemistry of an edition is one of 48 potion maps x 8 stone maps x 4 rotations x 109 graphs = 167,424, all different.

What it teaches
    1  one pair        one potion of the first pair of colours, three stones of value 1: which of them does it lift?
    2  six potions     all colours, one stone: no step to spare
    3  three stones    the same for three stones at once: who is worth the steps?
    4  missing edges   from here on the edition's edges are missing: find the ways round
    5  review          one to three stones, all colours, fewer potions
    6  exam            three stones, twelve potions and twenty steps at once (never before), stones that start at the top
                       (never before), all under a veil: stones show as they were dealt whatever is done to them

Mark
    Score of the trial / best score that these items can bring within the limit (exact search), at least 0. Deals are
    drawn until one stone can reach the top.

Why memory pays
    The chemistry is drawn once an edition. Who knows it wastes neither potions nor steps; in the exam nothing can be
    found out any more. Measured by `textbook-gym show Alchemy`.

Sources
    Symbolic Alchemy (Wang et al. 2021, arXiv 2102.02926). Chapter 6 with `told` = 1 is the task exactly: all 36,812
    recorded steps of the reference come out bit for bit. Without END_TRIAL its 40 actions are these less one.

Model student
    The exact posterior over chemistries, as if deals were uniform. It draws sixteen chemistries from it, takes the step
    after which their exact plans promise most on the mean, and spends what is left over on experiments.
"""

import enum
import itertools
from typing import NamedTuple

import numpy as np

from textbook_gym.book import Field, Record, Signal, rule
from textbook_gym.rng import below, permute, uniform

AXES = 3
CORNERS = 8  # of the cube; bit k of a corner is set if its coordinate k is +1
TOP = CORNERS - 1
SIGNS = 2
STONES = 3
A, B, C = range(STONES)
POTIONS = 12
COLOURS = 6  # 2i and 2i + 1 are opposites, as are the latent potions 2 axis (lowers) and 2 axis + 1 (raises)
MAPS = 48  # potion maps
ROTATIONS = 4
MOST = 45.0  # points of three stones at the top
SLOT = 1 + POTIONS  # actions that name the same stone
DRAWS = 100


class Action(enum.IntEnum):
    """Throw a stone into the cauldron, or give it the potion of a slot."""

    END_TRIAL = 0
    NO_OP = 1
    A_CAULDRON, A_1, A_2, A_3, A_4, A_5, A_6, A_7, A_8, A_9, A_10, A_11, A_12 = range(2, 15)
    B_CAULDRON, B_1, B_2, B_3, B_4, B_5, B_6, B_7, B_8, B_9, B_10, B_11, B_12 = range(15, 28)
    C_CAULDRON, C_1, C_2, C_3, C_4, C_5, C_6, C_7, C_8, C_9, C_10, C_11, C_12 = range(28, 41)


class Chapter(NamedTuple):
    """What one chapter fixes."""

    name: str
    exercises: int
    limit: int  # steps
    newcomer: float  # expected mark of the model student without its notes, measured
    pairs: int  # pairs of colours that occur
    fewest: int  # stones dealt: fewest..stones
    stones: int
    potions: int
    lowest: int  # stones start at RANKED[lowest..highest]
    highest: int
    missing: int  # 1 if the edition's missing edges are in force
    told: int  # 1 if stones and score show what became of them


CHAPTERS = (
    #        name          exercises limit newcomer pairs fewest stones potions lowest highest missing told
    Chapter("one pair",            8,    3,    0.65,    1,     3,     3,      1,     4,      6,      0,   1),
    Chapter("six potions",         8,    4,    0.57,    3,     1,     1,      6,     0,      6,      0,   1),
    Chapter("three stones",        8,    6,    0.70,    3,     3,     3,      8,     0,      6,      0,   1),
    Chapter("missing edges",       9,    8,    0.69,    3,     2,     2,      8,     0,      6,      1,   1),
    Chapter("review",              8,    6,    0.62,    3,     1,     3,      6,     0,      6,      1,   1),
    Chapter("exam",                6,   20,    0.32,    3,     3,     3,     12,     0,      7,      1,   0),
)  # fmt: skip

# --- the chemistry as tables; an empty slot is -1 and finds the last row --------------------

COORDINATE = np.array([[1 if corner >> k & 1 else -1 for k in range(AXES)] for corner in range(CORNERS)])
CASH = np.append(COORDINATE.sum(1) + 12 * (np.arange(CORNERS) == TOP), 0)
RANKED = np.argsort(CASH[:CORNERS], kind="stable")
_LOW, _AXIS = np.argwhere(COORDINATE < 0).T  # the twelve edges: lower end and axis
EDGE = np.array([[1 << np.flatnonzero((_LOW == c & ~(1 << k)) & (_AXIS == k))[0] for k in range(AXES)] for c in range(8)])
"""The edge's bit, by corner and axis."""

# An edge along an axis may ask a sign (-1, +1, or 0: any) of each of the two other axes. Kept is what joins all corners.
_ASKED = np.array(list(itertools.product((-1, 1, 0), repeat=2 * AXES))).reshape(-1, AXES, 2)
_SIDES = np.array([np.delete(COORDINATE[low], axis) for low, axis in zip(_LOW, _AXIS, strict=True)])
_HAS = ((_ASKED[:, _AXIS] == 0) | (_ASKED[:, _AXIS] == _SIDES)).all(2)
_JOINED = np.arange(CORNERS) == np.zeros((len(_HAS), 1))
for _edge in [*range(len(_LOW))] * CORNERS:
    _ends = [_LOW[_edge], _LOW[_edge] | 1 << _AXIS[_edge]]
    _JOINED[:, _ends] |= (_HAS[:, _edge] & _JOINED[:, _ends].any(1))[:, None]
_ASKED, _HAS = _ASKED[_JOINED.all(1)], _HAS[_JOINED.all(1)]
EDGES = _HAS @ (1 << np.arange(len(_LOW)))
"""The edges of a graph, as a sum of bits."""
GRAPHS = len(EDGES)
WHOLE = GRAPHS - 1  # the graph with all edges
_NUMBER = np.count_nonzero(_ASKED, (1, 2))
PRIOR = 1.0 / np.bincount(_NUMBER)[_NUMBER] / len(np.bincount(_NUMBER))
"""The chance of a graph: every number of conditions is as likely."""
MOVE = np.full((GRAPHS, CORNERS + 1, COLOURS), -1)
"""Where a latent potion takes a stone, by graph and corner."""
FLIP = np.zeros((CORNERS, GRAPHS), np.int64)
"""The graph with the axes of a bit mask turned round."""
for _g, _c, _t in np.ndindex(GRAPHS, CORNERS, COLOURS):
    _open = EDGES[_g] & EDGE[_c, _t // 2] > 0
    MOVE[_g, _c, _t] = _c if not _open or _c >> _t // 2 & 1 == _t % 2 else _c ^ 1 << _t // 2
for _g, _c in np.ndindex(GRAPHS, CORNERS):
    FLIP[_c, _g] = np.flatnonzero(EDGES == sum(EDGE[_LOW[_HAS[_g]] ^ _c, _AXIS[_HAS[_g]]]))[0]

# What is left is packed into one integer: five bits for every latent potion, six for steps. The highest of them guards:
# as long as nothing is used that is not there, `stock - use` keeps all guards.
UNIT = 1 << 5 * np.arange(COLOURS)
STEP = 1 << 5 * COLOURS
GUARD = 16 * int(UNIT.sum()) + 32 * STEP
KEY = 64  # a plan's key is KEY * score - steps: the most points, then the fewest steps
PACK = 15  # bits for an option in a packed plan: key, option of stone A, of B, of C
CASH_IN = COLOURS  # what an option may begin with, besides a latent potion
NOTHING = COLOURS + 1


def covers(use: int, less: int) -> bool:
    """Return whether one use takes all that another takes."""
    return ((use | GUARD) - less) & GUARD == GUARD


def options(graph: int, start: int) -> list[tuple[int, int, int]]:
    """Return what may be made of a stone as (key, use, opening), best first, without those that another dominates."""
    ways: list[tuple[int, int, int]] = []
    front = [(0, start, CASH_IN)]
    while front:
        use, corner, opening = front.pop(0)
        if not any(c == corner and covers(use, u) for u, c, _ in ways):
            ways.append((use, corner, opening))
            turns = enumerate(MOVE[graph, corner].tolist())
            front += [(use + int(UNIT[t]), to, opening if use else t) for t, to in turns if to != corner]
    plans = []
    for use, corner, opening in ways:
        steps = 1 + sum(use >> 5 * t & 15 for t in range(COLOURS))
        plans.append((KEY * int(CASH[corner]) - steps, use + steps * STEP, opening))
    kept = [(0, 0, NOTHING)]
    for plan in sorted(plans):
        kept = [plan, *(k for k in kept if not covers(k[1], plan[1]))] if plan[0] > 0 else kept
    return kept


_OPTIONS = [options(g, c) if c < CORNERS else [(0, 0, NOTHING)] for g, c in np.ndindex(GRAPHS, CORNERS + 1)]
END = np.cumsum([len(o) for o in _OPTIONS]).reshape(GRAPHS, CORNERS + 1)
START = END - np.array([len(o) for o in _OPTIONS]).reshape(GRAPHS, CORNERS + 1)
"""The rows START..END - 1 of the next three hold the options of a graph and corner."""
WORTH, USE, OPENING = np.array(list(itertools.chain(*_OPTIONS))).T.copy()

TURN = np.array([[[1, 0, 0], [0, 1, 0], [0, 0, 1]], [[1, 1, 0], [-1, 1, 0], [0, 0, 1]],
                 [[1, 0, -1], [0, 1, 0], [1, 0, 1]], [[1, 0, 0], [0, 1, 1], [0, -1, 1]]])  # fmt: skip
"""What takes the coordinates seen to those of the cube, by rotation."""
STONE = np.full((ROTATIONS * CORNERS, CORNERS + 1, 5), (2.0, 2.0, 2.0, 2.0, 1.0))
"""The signals of a stone, by look (rotation, stone map) and corner."""
SHAPES = AXES**AXES
CORNER = np.full((ROTATIONS, SHAPES), -1)
"""The corner before the stone map, by rotation and shape (the coordinates seen + 1 as digits); -1 if there is none."""
for _r, _m, _c in np.ndindex(ROTATIONS, CORNERS, CORNERS):
    _seen = np.rint(np.linalg.solve(TURN[_r], COORDINATE[_c])).astype(int)
    STONE[_r * CORNERS + _m, _c ^ TOP ^ _m] = [*_seen, COORDINATE[_c ^ TOP ^ _m].sum() / 3.0, 0.0]
    CORNER[_r, int((_seen + 1) @ (9, 3, 1))] = _c
POTION = np.array([[colour / 3.0 - 1.0, 0.0] for colour in range(COLOURS)] + [[1.0, 1.0]])
"""The signals of a potion, by colour."""
_ORDERS = np.repeat(list(itertools.permutations(range(AXES))), CORNERS, 0)
_RAISES = np.arange(MAPS)[:, None] >> _ORDERS & 1
KIND = np.stack([2 * _ORDERS + 1 - _RAISES, 2 * _ORDERS + _RAISES], 2).reshape(MAPS, COLOURS)
"""The latent potion of a colour, by potion map (order of the axes, then a bit for every axis)."""

EDITION = (
    Field("dim_map", "i1", "latent axis of every pair of colours", (AXES,)),
    Field("dir_map", "i1", "by latent axis: +1 if the second colour of its pair raises, -1 if the first does", (AXES,)),
    Field("stone_map", "i1", "by latent axis: +1 if stones show it as it is, -1 if turned round", (AXES,)),
    Field("rotation", "i1", "how stones are rotated: 0 not, else about axis 2, 1, 0"),
    Field("graph", "i1", "which of the 109 graphs, in the order of the conditions of axis 0, 1, 2 (-1, +1, any)"),
)

STATE = (
    Field("stone", "i1", "latent corner of every stone, -1 for none", (STONES,)),
    Field("potion", "i1", "latent potion in every slot: 2 axis + (1 if it raises), -1 for none", (POTIONS,)),
    Field("dealt", "i1", "the stones as they were dealt", (STONES,)),
    Field("graph", "i1", "graph in force"),
    Field("look", "i1", "8 rotation + stone map, a bit an axis"),
    Field("colour", "i1", "colour of every latent potion", (COLOURS,)),
    Field("left", "i1", "steps left"),
    Field("score", "i2", "points from the cauldron"),
    Field("best", "i2", "most points that these items can bring"),
)

SIGNALS = (
    Signal("stones", -1.0, 2.0, "three coordinates, their true sum / 3, 0; or 2, 2, 2, 2, 1 for none", (STONES, 5)),
    Signal("potions", -1.0, 1.0, "colour / 3 - 1, 0; or 1, 1 for none", (POTIONS, 2)),
    Signal("score", -1.0, 1.0, "points as a share of 45; 0 under the veil"),
)


# --- the rules -----------------------------------------------------------------------


@rule
def best_plan(graph: int, a: int, b: int, c: int, stock: int) -> int:
    """Return the best plan for three stones, packed: the key, then the number of an option for each."""
    plan, key = 0, -1
    most_c = WORTH[START[graph, c]]
    most_b = WORTH[START[graph, b]] + most_c
    for i in range(START[graph, a], END[graph, a]):
        if WORTH[i] + most_b <= key:  # the best come first
            break
        after = stock - USE[i]
        if after & GUARD != GUARD:
            continue
        for j in range(START[graph, b], END[graph, b]):
            if WORTH[i] + WORTH[j] + most_c <= key:
                break
            rest = after - USE[j]
            if rest & GUARD != GUARD:
                continue
            k = START[graph, c]
            while (rest - USE[k]) & GUARD != GUARD:  # ends: the last option uses nothing
                k += 1
            if WORTH[i] + WORTH[j] + WORTH[k] > key:
                key = WORTH[i] + WORTH[j] + WORTH[k]
                plan = (((key << PACK | i) << PACK) | j) << PACK | k
    return plan


@rule
def opening_of(plan: int, slot: int) -> int:
    """Return what a plan begins with for one stone: a latent potion, CASH_IN or NOTHING."""
    return OPENING[plan >> PACK * (C - slot) & ((1 << PACK) - 1)]


@rule
def plan_of(s: Record) -> int:
    """Return the best plan for what is left."""
    stock = GUARD + s.left * STEP
    for i in range(POTIONS):
        if s.potion[i] >= 0:
            stock += UNIT[s.potion[i]]
    return best_plan(s.graph, s.stone[A], s.stone[B], s.stone[C], stock)


@rule
def write(e: Record, s: Record) -> None:
    """Draw a chemistry."""
    permute(s, e.dim_map, AXES)
    for axis in range(AXES):
        e.dir_map[axis] = 1 - SIGNS * below(s, SIGNS)
        e.stone_map[axis] = 1 - SIGNS * below(s, SIGNS)
    e.rotation = below(s, ROTATIONS)
    e.graph = 0
    place = uniform(s) - PRIOR[0]
    while place >= 0.0 and e.graph < WHOLE:
        e.graph += 1
        place -= PRIOR[e.graph]


@rule
def pose(p: Chapter, e: Record, s: Record) -> None:
    """Deal until one stone can reach the top."""
    s.look = e.rotation * CORNERS
    for axis in range(AXES):
        s.look += (e.stone_map[axis] > 0) << axis
    for colour in range(COLOURS):
        axis = e.dim_map[colour // SIGNS]
        raises = (colour % SIGNS == 1) == (e.dir_map[axis] > 0)
        s.colour[SIGNS * axis + raises] = colour
    s.graph = e.graph if p.missing == 1 else WHOLE
    s.left = p.limit
    s.score = 0
    for _ in range(DRAWS):
        stones = p.fewest + below(s, p.stones - p.fewest + 1)
        for i in range(STONES):
            s.stone[i] = RANKED[p.lowest + below(s, p.highest - p.lowest + 1)] if i < stones else -1
            s.dealt[i] = s.stone[i]
        for i in range(POTIONS):
            s.potion[i] = SIGNS * e.dim_map[below(s, p.pairs)] + below(s, SIGNS) if i < p.potions else -1
        s.best = -(-(plan_of(s) >> STONES * PACK) // KEY)
        if s.best >= CASH[TOP]:
            return


@rule
def step(p: Chapter, e: Record, s: Record, action: int) -> bool:
    """Use one item; a potion is spent whether it does something or not."""
    s.left -= 1
    if action <= Action.NO_OP:
        return action == Action.END_TRIAL
    slot, place = (action - Action.A_CAULDRON) // SLOT, (action - Action.A_CAULDRON) % SLOT - 1
    corner = s.stone[slot]
    if place < 0:
        s.score += CASH[corner]
        s.stone[slot] = -1
    elif corner >= 0 and s.potion[place] >= 0:
        s.stone[slot] = MOVE[s.graph, corner, s.potion[place]]
        s.potion[place] = -1
    return False


@rule
def observe(p: Chapter, s: Record, o: Record) -> None:
    """Write what the student may see."""
    for i in range(STONES):
        corner = s.stone[i] if p.told == 1 or s.stone[i] < 0 else s.dealt[i]
        for j in range(o.stones.shape[1]):
            o.stones[i, j] = STONE[s.look, corner, j]
    for i in range(POTIONS):
        colour = s.colour[s.potion[i]] if s.potion[i] >= 0 else -1
        o.potions[i, 0] = POTION[colour, 0]
        o.potions[i, 1] = POTION[colour, 1]
    o.score = s.score / MOST if p.told == 1 else 0.0


@rule
def mark(p: Chapter, s: Record) -> float:
    """Return the score as a share of the best; 1 for a deal that brings nothing, if nothing was lost."""
    if s.best <= 0:
        return 1.0 if s.score >= 0 else 0.0
    return max(0.0, s.score / s.best)


# --- the teacher's copy ----------------------------------------------------------------


@rule
def deed(slot: int, what: int, tray: Record) -> int:
    """Return the action that gives a stone the first `what` on the tray, or throws it into the cauldron."""
    place = -1
    if what != CASH_IN:
        place = 0
        while tray[place] != what:
            place += 1
    return Action.A_CAULDRON + slot * SLOT + 1 + place


@rule
def oracle(p: Chapter, e: Record, s: Record) -> int:
    """Begin the best plan, found anew at every step."""
    plan = plan_of(s)
    for slot in range(STONES):
        if opening_of(plan, slot) != NOTHING:
            return deed(slot, opening_of(plan, slot), s.potion)
    return Action.END_TRIAL.value


# --- the model student: sees signals, keeps notes ------------------------------------------

GUESSES = 16

NOTES = (
    Field("wrong_look", "i1", "1 for a look (rotation, stone map) ruled out", (ROTATIONS, CORNERS)),
    Field("wrong_map", "i1", "1 for a potion map ruled out, by rotation", (ROTATIONS, MAPS)),
    Field("present", "i2", "edges that are there, by rotation", (ROTATIONS,)),
    Field("absent", "i2", "edges that are not, by rotation and potion map", (ROTATIONS, MAPS)),
    Field("looks", "i1", "this page: stone maps left, by rotation", (ROTATIONS,)),
    Field("weight", "f8", "this page: belief in rotations and potion maps", (ROTATIONS * MAPS,)),
    Field("shape", "i1", "this page: shape of every stone, -1 for none", (STONES,)),
    Field("tray", "i1", "this page: colour in every slot, -1 for none", (POTIONS,)),
    Field("gift", "i1", "this page: colours given to every stone under the veil", (STONES, POTIONS)),
    Field("gifts", "i1", "this page: how many those are", (STONES,)),
    Field("graph", "i1", "guessed graphs", (GUESSES,)),
    Field("corner", "i1", "guessed corners of the stones", (GUESSES, STONES)),
    Field("kind", "i1", "guessed latent potions of the colours", (GUESSES, COLOURS)),
    Field("stock", "i8", "what is left under every guess", (GUESSES,)),
    Field("votes", "i1", "guesses whose plan begins so", (STONES, COLOURS + 1)),
)


@rule
def fits(p: Chapter, n: Record, r: int, h: int, g: int) -> bool:
    """Return whether a graph agrees with all moves seen, if rotation and potion map are these."""
    if p.missing == 0:
        return g == WHOLE
    return EDGES[g] & n.present[r] == n.present[r] and EDGES[g] & n.absent[r, h] == 0


@rule
def read_page(p: Chapter, n: Record, o: Record) -> None:
    """Note what is seen, rule out looks by shape and value of the stones, and work out the belief."""
    for i in range(POTIONS):
        n.tray[i] = -1 if o.potions[i, 1] > 0.0 else round(AXES * (o.potions[i, 0] + 1.0))
    for i in range(STONES):
        n.shape[i] = -1
        if o.stones[i, AXES + 1] > 0.0:
            continue
        n.shape[i] = 0
        for axis in range(AXES):
            n.shape[i] = AXES * n.shape[i] + round(o.stones[i, axis]) + 1
        for r in range(ROTATIONS):
            corner = CORNER[r, n.shape[i]]
            for m in range(CORNERS):
                value = STONE[r * CORNERS + m, corner ^ TOP ^ m, AXES] if corner >= 0 else MOST
                if round(AXES * value) != round(AXES * o.stones[i, AXES]):
                    n.wrong_look[r, m] = 1
    for r in range(ROTATIONS):
        n.looks[r] = 0
        for m in range(CORNERS):
            n.looks[r] += 1 - n.wrong_look[r, m]
        for h in range(MAPS):
            graphs = 0.0
            if n.looks[r] > 0 and n.wrong_map[r, h] == 0:
                for g in range(GRAPHS if p.missing == 1 else 1):
                    graphs += PRIOR[g] if p.missing == 0 or fits(p, n, r, h, g) else 0.0
            n.weight[r * MAPS + h] = n.looks[r] * graphs


@rule
def open_page(p: Chapter, n: Record, o: Record) -> None:
    """Look at the deal."""
    for i in range(STONES):
        n.gifts[i] = 0
    read_page(p, n, o)


@rule
def study(p: Chapter, n: Record, before: Record, action: int, o: Record) -> None:
    """Learn from one step; on the notes is still what was seen before it."""
    slot, place = (action - Action.A_CAULDRON) // SLOT, (action - Action.A_CAULDRON) % SLOT - 1
    if action > Action.NO_OP and place >= 0 and n.shape[slot] >= 0 and n.tray[place] >= 0:
        old, colour = n.shape[slot], n.tray[place]
        if p.told == 0:
            n.gift[slot, n.gifts[slot]] = colour
            n.gifts[slot] += 1
    ...
