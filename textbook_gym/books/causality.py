"""Causality: find out by experiment which lights move which.

Five lights. Hidden wires run from causes to effects, without circles: in a hidden order the first light has no cause,
the second none or one, the third one, the fourth two, the fifth one or two, always earlier ones. Two causes act as "or"
in half of the editions and as "and" in the others, for every light alike. A light goes on when its causes act, or, if
it is inverted, when they do not; with strong wires it does the opposite 1 time in 32, with weak ones 5 times. A light
without causes flickers like a fair coin. An experiment sets one light, or none, and shows one draw of the board.

A question is about a subject: with the subject set by the toss of a coin, which lights follow it, which oppose it, and
which are unmoved? That is the average causal effect, P(on | subject set on) - P(on | subject set off). The student
judges the other lights one after the other. The subject always moves some light, in every question.

What it teaches
    1  causes        the first three lights of the order are wired, the others flicker: find the causes
    2  or and and    the fourth joins, the first with two causes: does either do, or are both needed?
    3  locked        all five; the subject cannot be set, so chains and common causes must be told apart by other means;
                     to open the laboratory costs a fee, nine tenths of the mark: who lives on what is known of the four
                     earlier lights is paid at once, who gives away two or three exercises knows the fifth ever after.
                     The subject moves the fifth light and another one, if the edition has such a subject
    4  loose wires   each light's own wires are loose in a quarter of the exercises; three experiments only
    5  review        boards of all sizes, wires may be loose; also asked backwards: which lights move the subject?
    6  exam          a second light is held on or off, which bars a path or opens one: combinations of two lights that
                     no experiment can set and no earlier exercise asks about; nearly always the answer changes by it

Mark
    (gain / gain of the best judgements, at least 0) * (1 - price of the experiments). FOLLOWS gains the effect, OPPOSES
    minus the effect, each less a stake of 0.2; UNMOVED gains nothing. Effects are exact expectations. The price is 0.3
    times the share of the experiments used; in chapter 3 it is 0.9 as soon as there is one. No chapter tells how a
    judgement did.

Why memory pays
    Wires, inversions and strengths are drawn once an edition: 3,225,600 editions, no two alike. Whoever knows them
    needs no experiments, and what was learned of a light when it was free helps when it is locked or held. That pairs
    of causes act in one way is learned in chapter 2 and holds for the wires that come later.

Sources
    Blicket detectors: Gopnik and Sobel 2000. "Or" against "and", learned once for many objects: Lucas and Griffiths
    2010; as a test of agents: Kosoy et al. 2022. Graphs of five nodes for meta-learners: Dasgupta et al. 2019
    (arXiv 1901.08162). Setting against seeing, and effects with another light held: Pearl 2009.

Model student
    The exact posterior over orders, wires, inversions, strengths and forms given all boards seen, by a sum over subsets
    (Koivisto and Sood 2004), loose wires summed out; it averages effects over worlds drawn from it. Of how questions
    are chosen it uses only that the subject moves some light. It experiments while that is hoped to be worth the price,
    in this exercise and in those of the chapter to come; without foresight, in this one.
"""

import enum
from typing import NamedTuple

import numpy as np

from textbook_gym.authoring import Field, Record, Signal, below, chance, onehot, permute, rule

ABILITIES = {
    "learning": "is wiped at every exercise",
    "retention": "is wiped at every chapter",
    "exploration": "never experiments",
    "generalisation": "knows of the wires only what it saw with just as many lights wired",
    "foresight": "experiments only while that is hoped to pay in this exercise",
}
MODEL = "textbook_gym.books.models.causality"
WORDS = "textbook_gym.books.words.causality"

LIGHTS = 5
ALL = (1 << LIGHTS) - 1
WORLDS = 1 << LIGHTS
LAST = WORLDS - 1
STAKE = 0.2  # what FOLLOWS and OPPOSES cost: an effect below it is not worth naming
LEAST = 0.1  # gain of the best judgement, at least, else another question is drawn
TRIES = 1000  # questions drawn at most; one in two or better will do
HOPE = 20  # subjects tried for one that moves the light wired last and another; in few editions there is none
PATIENCE = 6  # subjects tried for one in which a light held matters; in 1 edition of 70 there is none
HOLDS = 2 * LIGHTS  # ways to hold a light
STRIDE = 3  # through them, coprime to their number
MOST_EXPERIMENTS = 6

AND, OR, FORMS = 0, 1, 2
STRENGTH = (-0.9375, -0.6875, 0.6875, 0.9375)
"""How a light answers to its causes: below 0 if it is inverted; the size is 1 - 2 * (chance to do the opposite)."""
STRENGTHS = len(STRENGTH)
SINGLE, SHAPES = 2, 3  # besides AND and OR: one cause
LOOSE, HELD_OFF, HELD_ON, WIRED = 0, 1, 2, 3  # kinds of lights; from WIRED on, SHAPES * strength + shape

_shapes = np.array([[-0.5, 0.5, 0.5, 0.5], [0.5, 0.5, 0.5, -0.5], [0.0, 1.0, 0.0, 0.0]])
WEIGHT = np.array([[0.0] * 4, [-1.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0], *(x * w for x in STRENGTH for w in _shapes)])
"""Mean of a light (on = 1, off = -1) by kind, as weights of 1, its first cause, its second, and their product."""
GRAIN = 5
_means = WEIGHT @ [[1, 1, 1, 1], [-1, -1, 1, 1], [-1, 1, -1, 1], [1, -1, -1, 1]]
ODDS = np.rint((1.0 + _means.reshape(-1, 2, 2)) / 2.0 * (1 << GRAIN)).astype(np.int64)
"""Chance of a light to be on, in units of 2^-GRAIN, by kind and the states of its two causes."""

CAUSES_OF = ((0,), (0, 1), (1,), (2,), (1, 2))  # numbers of causes that the light at a place may have
SECOND, THIRD = 1, 2  # places
ONLY_FIRST, ONLY_SECOND = 1, 2  # sets of places
_sets = [[m for m in range(1 << k) if m.bit_count() in CAUSES_OF[k]] for k in range(LIGHTS)]
CHOICES = tuple(len(sets) for sets in _sets)
CAUSES = np.array([sets + [0] * (max(CHOICES) - len(sets)) for sets in _sets])
"""Sets of places, as bits, that may be the causes of a place; there are CHOICES of them."""
LAWFUL = np.array([[int(m in sets) for m in range(WORLDS)] for sets in _sets])
"""Whether a set of places may be the causes of a place."""
LOWEST = np.array([(mask & -mask).bit_length() - 1 for mask in range(WORLDS)])
"""Lowest bit of a set."""
SPIN = np.array([[2.0 * ((mask >> light) & 1) - 1.0 for light in range(LIGHTS)] for mask in range(WORLDS)])
"""Lights of a set as +1, others as -1."""
BOARD = np.stack([0.0 * SPIN, SPIN]).astype(np.float32)  # by whether there was an experiment, as it is shown
ONE = onehot.table(LIGHTS)
LONE = np.where(ONE > 0, SPIN[:, None], 0.0).astype(np.float32)  # the same, on or off as in a set of lights
FIFTHS = np.arange(LIGHTS + 1) / LIGHTS
SIXTHS = np.arange(MOST_EXPERIMENTS + 1) / MOST_EXPERIMENTS


class Action(enum.IntEnum):
    """Experiment: set a light, or only watch. Judge the light asked about."""

    OFF_A, OFF_B, OFF_C, OFF_D, OFF_E, ON_A, ON_B, ON_C, ON_D, ON_E = range(10)
    WATCH, FOLLOWS, OPPOSES, UNMOVED = range(10, 14)


WATCH, FOLLOWS, OPPOSES, UNMOVED = (int(a) for a in list(Action)[2 * LIGHTS :])


class Chapter(NamedTuple):
    """What one chapter fixes."""

    name: str
    exercises: int
    limit: int  # steps, twice the experiments and one for every judgement
    newcomer: float  # expected mark of the model student without its notes, measured
    budget: int  # experiments
    fee: float  # share of the mark that goes with the first of them
    price: float  # share of the mark that goes, besides, with all of them used
    least: int  # lights wired: least..most
    most: int
    newest: int  # 1 if the subject moves the light wired last and another one
    locked: int  # 1 if the subject cannot be set
    loose: float  # chance that a light's own wires are loose in an exercise
    backward: float  # chance of a question about what moves the subject
    held: int  # 1 if a second light is held


CHAPTERS = (
    #        name          exercises limit newcomer budget  fee price least most newest locked loose backward held
    Chapter("causes",              8,   16,    0.52,     6, 0.0,  0.3,    3,   3,     0,     0,  0.0,     0.0,   0),
    Chapter("or and and",          8,   16,    0.42,     6, 0.0,  0.3,    4,   4,     0,     0,  0.0,     0.0,   0),
    Chapter("locked",             12,   16,    0.05,     6, 0.9,  0.0,    5,   5,     1,     1,  0.0,     0.0,   0),
    Chapter("loose wires",         8,   10,    0.31,     3, 0.0,  0.3,    5,   5,     0,     0, 0.25,     0.0,   0),
    Chapter("review",              8,   16,    0.44,     6, 0.0,  0.3,    3,   5,     0,     0, 0.25,     0.5,   0),
    Chapter("exam",                8,   10,    0.36,     3, 0.0,  0.3,    5,   5,     0,     0,  0.0,     0.0,   1),
)  # fmt: skip

SHORT = ((1, 2, 6), (3, 3, 2))  # chapters and their exercises: a course for quick training, of 120 steps at most
SEMINAR = ((1, 3, 6), (2, 3, 2))  # likewise, to be read and talked through: at most 100 decisions

WIRED_IN = (1, 1, 1, 2, 3)  # chapter from which the light at a place is wired
EDITION = (
    Field(
        "light",
        "i1",
        "light at every place of the hidden order",
        (LIGHTS,),
        low=0,
        high=LIGHTS - 1,
        partly=(
            set(),
            set(),
            set(),
            {1},
            {1},
        ),  # which of two lights without wires comes first shows in their noise alone
    ),
    Field(
        "causes",
        "i1",
        "places of its causes, by place, as bits",
        (LIGHTS,),
        low=0,
        high=int(CAUSES.max()),
        chapters=WIRED_IN,
    ),
    Field(
        "strength",
        "i1",
        "index into STRENGTH by place, 0 without causes",
        (LIGHTS,),
        low=0,
        high=STRENGTHS - 1,
        chapters=WIRED_IN,
    ),
    Field("form", "i1", "OR if one of two causes is enough, AND if both are needed", low=0, high=1, chapters=2),
)

STATE = (
    Field("place", "i1", "place of every light in the hidden order", (LIGHTS,)),
    Field("kind", "i1", "kind of the light at every place, see LOOSE", (LIGHTS,)),
    Field("one", "i1", "first cause of every place, as a bit, 0 if there is none", (LIGHTS,)),
    Field("two", "i1", "second cause of every place, as a bit, 0 if there is none", (LIGHTS,)),
    Field("moment", "f8", "scratch: mean product of the lights of every set of places", (WORLDS,)),
    Field("effect", "f8", "effect asked about, by light", (LIGHTS,)),
    Field("best", "f8", "gain of the best judgement"),
    Field("gained", "f8", "gain so far"),
    Field("wired", "i1", "lights wired"),
    Field("subject", "i1", "light in question"),
    Field("backward", "i1", "1 if the question is what moves it"),
    Field("held", "i1", "light held, -1 for none"),
    Field("held_on", "i1", "1 if it is held on"),
    Field("todo", "i1", "lights still to be judged, as bits; the lowest comes next"),
    Field("used", "i1", "experiments made"),
    Field("set", "i1", "light set in the experiment just made, -1 for none"),
    Field("shown", "i1", "1 if the last step was an experiment"),
    Field("on", "i1", "lights that were on in the last experiment, as bits"),
)

SIGNALS = (
    Signal("board", -1.0, 1.0, "lights A to E in the experiment just made: +1 on, -1 off, 0 no experiment", (LIGHTS,)),
    Signal("set", -1.0, 1.0, "+1 for the light that was set on in it, -1 for one set off", (LIGHTS,)),
    Signal("subject", 0.0, 1.0, "1 for the light in question", (LIGHTS,)),
    Signal("held", -1.0, 1.0, "+1 for the light that the question holds on, -1 for one it holds off", (LIGHTS,)),
    Signal("asked", 0.0, 1.0, "1 for the light to be judged next", (LIGHTS,)),
    Signal("backward", 0.0, 1.0, "1 if asked what moves the subject, 0 if asked what the subject moves"),
    Signal("locked", 0.0, 1.0, "1 if the subject cannot be set"),
    Signal("wired", 0.0, 1.0, "lights wired, as a share of five"),
    Signal("experiments", 0.0, 1.0, "experiments left, as a share of six"),
    Signal("fee", 0.0, 1.0, "share of the mark that the next experiment costs, whatever comes after it"),
)

LEDGER = [  # what the board shows when the subject is set, and by experiment
    {"under": ["set"], "situation": ["subject"], "outcome": [], "shared": ["board"], "rows": 16},
    {"under": ["minus:set"], "situation": ["subject"], "outcome": [], "shared": ["board"], "rows": 16},
    {"situation": [], "outcome": ["board"], "actions": [*range(FOLLOWS)], "silent": "skip"},
]


# --- the rules -----------------------------------------------------------------------


@rule
def sound(e: Record) -> bool:
    """Return whether an edition is lawful, and of those that are alike the one that `write` leaves."""
    lights = 0
    for k in range(LIGHTS):
        lights |= 1 << e.light[k]
        if LAWFUL[k, e.causes[k]] == 0 or (e.causes[k] == 0 and e.strength[k] > 0):
            return False
    alike = e.causes[THIRD] == ONLY_FIRST and (e.causes[SECOND] == 0 or e.light[SECOND] > e.light[THIRD])
    return lights == ALL and not alike


@rule
def write(e: Record, s: Record) -> None:
    """Draw order, wires and form; where two lights could change places without being noticed, settle their order."""
    permute(s, e.light, LIGHTS)
    e.form = below(s, FORMS)
    for k in range(LIGHTS):
        e.causes[k] = CAUSES[k, below(s, CHOICES[k])]
        e.strength[k] = below(s, STRENGTHS) if e.causes[k] > 0 else 0
    if e.causes[THIRD] == ONLY_FIRST:
        if e.causes[SECOND] == 0:
            e.causes[THIRD] = ONLY_SECOND
        elif e.light[SECOND] > e.light[THIRD]:
            light = e.light[THIRD]
            e.light[THIRD] = e.light[SECOND]
            e.light[SECOND] = light


@rule
def wire(g: Record, k: int, causes: int, strength: int, form: int) -> None:
    """Give the light at place `k` of a world its causes, a set of places."""
    g.one[k] = causes & -causes
    g.two[k] = causes & (causes - 1)
    g.kind[k] = LOOSE
    if causes > 0:
        g.kind[k] = WIRED + SHAPES * strength + (form if g.two[k] > 0 else SINGLE)


@rule
def toss(g: Record, k: int) -> None:
    """Solve a world in which the light at place `k` is set by the toss of a coin.

    `moment` then holds the mean product of the lights (on = 1, off = -1) of every set of wired places without the last
    one, and of that one with place `k`.
    """
    g.moment[0] = 1.0
    last = g.wired - 1
    for place in range(g.wired):
        kind = LOOSE if place == k else int(g.kind[place])
        one, two, sets = int(g.one[place]), int(g.two[place]), 1 << place
        alone, first, second, both = WEIGHT[kind, 0], WEIGHT[kind, 1], WEIGHT[kind, 2], WEIGHT[kind, 3]
        start = 1 << min(k, last - 1) if place == last else 0
        stop = start + 1 if place == last else sets
        for rest in range(start, stop):
            a, b = (rest ^ one) & LAST, (rest ^ two) & LAST  # the mask spares the compiler a look at the sign
            total = alone * g.moment[rest & LAST] + first * g.moment[a] + second * g.moment[b]
            g.moment[(rest + sets) & LAST] = total + both * g.moment[(a ^ two) & LAST]


@rule
def measure(g: Record) -> float:
    """Work out the effects asked about in a world; return the gain of the best judgement.

    With a light set by the toss of a coin, its mean product with another is its effect on that one.
    """
    held = g.place[max(g.held, 0)]
    kind = g.kind[held]
    if g.held >= 0:
        g.kind[held] = HELD_ON if g.held_on == 1 else HELD_OFF
    if g.backward == 0:
        toss(g, g.place[g.subject])
    best = 0.0
    for light in range(LIGHTS):
        cause, target = int(g.place[g.subject]), int(g.place[light])
        if g.backward == 1:
            cause, target = target, cause
        g.effect[light] = 0.0
        if cause < target < g.wired and light != g.held:
            if g.backward == 1:
                toss(g, cause)
            g.effect[light] = g.moment[(1 << cause) + (1 << target)]
            best += max(abs(g.effect[light]) - STAKE, 0.0)
    g.kind[held] = kind
    return best


@rule
def judge(effect: float) -> int:
    """Return the best judgement of a light with that (expected) effect."""
    if abs(effect) <= STAKE:
        return UNMOVED
    return FOLLOWS if effect > 0.0 else OPPOSES


@rule
def verdict(s: Record) -> int:
    """Return the lights that follow, and from bit LIGHTS on those that oppose, as bits."""
    code = 0
    for light in range(LIGHTS):
        code |= int(s.effect[light] > STAKE) << light | int(s.effect[light] < -STAKE) << (LIGHTS + light)
    return code


@rule
def moves_newest(e: Record, s: Record) -> bool:
    """Return whether the subject moves the light wired last and another one."""
    newest, others = e.light[s.wired - 1], 0
    for light in range(LIGHTS):
        others += light != newest and abs(s.effect[light]) > STAKE
    return others > 0 and abs(s.effect[newest]) > STAKE


@rule
def hold(s: Record, able: int) -> bool:
    """Hold a second light, one that moves others, so that some judgement changes; return whether there is one."""
    plain, option = verdict(s), below(s, HOLDS)
    for _ in range(HOLDS):
        option = (option + STRIDE) % HOLDS
        if option % LIGHTS != s.subject and (able >> s.place[option % LIGHTS]) & 1 == 1:
            s.held = option % LIGHTS
            s.held_on = option // LIGHTS
            s.best = measure(s)
            others = ALL ^ (1 << s.held)
            if s.best >= LEAST and (verdict(s) ^ plain) & (others | others << LIGHTS) > 0:
                return True
    return False


@rule
def connect(p: Chapter, e: Record, s: Record) -> int:
    """Wire the lights of this exercise, some loosely; return the places of those that may be asked about, as bits."""
    causes_of_any, effects = 0, 0
    for k in range(LIGHTS):
        loose = k >= s.wired or (p.loose > 0.0 and chance(s, p.loose))
        causes = 0 if loose else int(e.causes[k])
        wire(s, k, causes, e.strength[k], e.form)
        causes_of_any |= causes
        effects |= int(causes > 0) << k
    return effects if s.backward == 1 else causes_of_any


@rule
def pose(p: Chapter, e: Record, s: Record) -> None:
    """Set one exercise: which wires hold, and a question that has an answer."""
    s.wired = p.least + below(s, p.most - p.least + 1)
    s.backward = 1 if p.backward > 0.0 and chance(s, p.backward) else 0
    for k in range(LIGHTS):
        s.place[e.light[k]] = k
    able = 0
    for attempt in range(TRIES):
        if attempt == 0 or p.loose > 0.0:
            able = connect(p, e, s)
        k = below(s, s.wired)
        while able > 0 and (able >> k) & 1 == 0:
            k = below(s, s.wired)
        s.subject = e.light[k]
        s.held = -1
        s.best = measure(s)
        if p.newest == 1 and not moves_newest(e, s) and attempt < HOPE:
            continue
        if s.best >= LEAST and (p.held == 0 or hold(s, able) or (s.best >= LEAST and attempt >= PATIENCE)):
            break
    s.todo = ALL ^ (1 << s.subject)
    if s.held >= 0:
        s.todo ^= 1 << s.held
    s.set = -1


@rule
def experiment(e: Record, s: Record, action: int) -> None:
    """Set a light or none, and draw the board from the first place of the order to the last."""
    s.used += 1
    s.shown = 1
    s.set = action % LIGHTS if action < WATCH else -1
    places, lights, luck = 0, 0, below(s, 1 << GRAIN * LIGHTS)
    for k in range(LIGHTS):
        light = int(e.light[k])
        odds = ODDS[s.kind[k], int(places & s.one[k] != 0), int(places & s.two[k] != 0)]
        if light == s.set:
            odds = (action // LIGHTS) << GRAIN
        on = int((luck >> GRAIN * k) & ((1 << GRAIN) - 1) < odds)
        places |= on << k
        lights |= on << light
    s.on = lights


@rule
def step(p: Chapter, e: Record, s: Record, action: int) -> bool:
    """Make an experiment if there is one left, or judge a light; return whether that was the last."""
    s.set = -1
    s.shown = 0
    if action <= WATCH:
        locked = p.locked == 1 and action < WATCH and action % LIGHTS == s.subject
        if s.used < p.budget and not locked:
            experiment(e, s, action)
        return False
    way = int(action == FOLLOWS) - int(action == OPPOSES)
    s.gained += way * s.effect[LOWEST[s.todo]] - abs(way) * STAKE
    s.todo &= s.todo - 1
    return s.todo == 0


@rule
def observe(p: Chapter, s: Record, o: Record) -> None:
    """Write what the student may see."""
    shown, on, placed, subject = s.shown, s.on, s.set, s.subject  # numba makes good code of a loop over local numbers
    held, fixed, asked = s.held, ALL * s.held_on, LOWEST[s.todo]
    for light in range(LIGHTS):
        o.board[light] = BOARD[shown, on, light]
        o.set[light] = LONE[on, placed, light]
        o.subject[light] = ONE[subject, light]
        o.held[light] = LONE[fixed, held, light]
        o.asked[light] = ONE[asked, light]
    o.backward = s.backward
    o.locked = p.locked
    o.wired = FIFTHS[s.wired]
    o.experiments = SIXTHS[p.budget - s.used]
    o.fee = p.fee if s.used == 0 else 0.0


@rule
def mark(p: Chapter, s: Record) -> float:
    """Return the share of the best gain, less the price of the experiments."""
    return max(s.gained, 0.0) / s.best * (1.0 - p.fee * (s.used > 0) - p.price * s.used / p.budget)


# --- the teacher's copy ----------------------------------------------------------------


@rule
def oracle(p: Chapter, e: Record, s: Record) -> int:
    """Return the best judgement."""
    return judge(s.effect[LOWEST[s.todo]])


def exam_fact(p: Chapter, e: Record, s: Record) -> bool:
    """Whether a second light is held."""
    return s.held >= 0
