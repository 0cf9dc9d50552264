"""Ballistics: hit a target with a gun whose dial, balls and wind must be found out by firing.

Turning the dial sets one of 21 elevations, 5 to 75 degrees, but its scale has worn off: where on the ring the lowest
elevation stands and which way round they follow is not known. Not known either are gravity (as the reach that a shot
would have without air), the drag of two balls of different mass, and the wind, at the ground and aloft. Shots scatter.

FIRE at a notch; the fall of the shot is seen; correct the aim. HOLD when the last shot is good enough: it alone counts,
but every shot before it costs. HOLD without a shot at the target gives the exercise up.

What it teaches
    1  near targets  the first ball, no wind: dial, gravity, drag
    2  far targets   the same gun where the range grows no longer with the elevation
    3  second ball   near or far: what is known of dial and gravity holds for it too
    4  wind          the first ball in the wind
    5  review        two targets an exercise, three shots at each; between them ball, wind or both change
    6  exam          the second ball in the wind, never met before, at targets further towards the end of its reach than
                     any before; six targets, one shot at each, no fall seen

Mark
    Mean over the targets of a shot's worth: max(0, 1 - excess / typical) * (1 - 0.15 * shots before it). Excess is the
    expected miss of the elevation chosen, over that of the best of the 21; typical is the mean miss of who always hits
    the middle of the chapter's distances.

Why memory pays
    Dial, gravity, drag and wind are drawn once an edition: 1,128,960 editions, no two alike. Who knows them hits with
    the first shot. Measured by `textbook-gym show Ballistics`.

Sources
    Adaptation to hidden physics: RMA (Kumar, Fu, Pathak and Malik 2021, arXiv 2107.04034). Learning a function and
    going beyond what was seen of it: DeLosh, Busemeyer and McDaniel 1997. Throwing with a shifted aim: prism adaptation
    (Martin, Keating, Goodkin, Bastian and Thach 1996). Drag grows with the square of the speed through the air.

Model student
    The exact posterior over dial, gravity, drags and wind given all falls, as a list of what is still possible, thinned
    by lot where it outgrows the page (as it does for newcomers in the wind); it draws nothing from where targets stand,
    and takes a ball or a wind never met for one it knows. It fires at the notch of the best expected worth, and holds
    when another shot is not worth its price.
"""

import enum
from typing import NamedTuple

from textbook_gym.authoring import Field, Record, Signal, below, rule, uniform
from textbook_gym.books.tables.ballistics import (
    ANGLES,
    DIALS,
    DRAGS,
    ELEVATION,
    GRAVITIES,
    LONGEST,
    METRE,
    RANGE,
    SCATTER,
    VACUUM,
    WINDS,
)

ABILITIES = {"learning": "is wiped at every exercise", "retention": "is wiped at every chapter"}
MODEL = "textbook_gym.books.models.ballistics"
WORDS = "textbook_gym.books.words.ballistics"

BALLS = 2
APART = 2  # least difference of the balls' drags, in steps of DRAG
DRAWS = 100
MOST_TARGETS = 6
PRICE = 0.15  # what a shot costs if another follows
MEAN_MISS = 0.25  # of who always hits the middle, as a share of the width that targets are spread over


class Action(enum.IntEnum):
    """Fire at a notch of the dial, or let the last shot stand."""

    FIRE_1, FIRE_2, FIRE_3, FIRE_4, FIRE_5, FIRE_6, FIRE_7, FIRE_8, FIRE_9, FIRE_10, FIRE_11 = range(11)
    FIRE_12, FIRE_13, FIRE_14, FIRE_15, FIRE_16, FIRE_17, FIRE_18, FIRE_19, FIRE_20, FIRE_21 = range(11, 21)
    HOLD = 21


class Chapter(NamedTuple):
    """What one chapter fixes. A case is a ball (0 or 1), plus BALLS in the wind."""

    name: str
    exercises: int
    limit: int  # steps: targets * shots
    newcomer: float  # expected mark of the model student without its notes, measured
    targets: int  # targets one after the other
    shots: int  # most shots at each
    first: int  # cases that occur: first..last
    last: int
    near: float  # distances of targets, as shares of the longest range in their case
    far: float
    told: int  # 1 if the falls of shots are seen


CHAPTERS = (
    #        name           exercises limit newcomer targets shots first last near   far  told
    Chapter("near targets",         8,    4,    0.51,     1,    4,    0,   0, 0.30, 0.55,   1),
    Chapter("far targets",          8,    4,    0.47,     1,    4,    0,   0, 0.55, 0.80,   1),
    Chapter("second ball",          8,    4,    0.56,     1,    4,    1,   1, 0.30, 0.80,   1),
    Chapter("wind",                 8,    4,    0.54,     1,    4,    2,   2, 0.30, 0.80,   1),
    Chapter("review",               8,    6,    0.59,     2,    3,    0,   2, 0.30, 0.80,   1),
    Chapter("exam",                 8,    6,    0.15,     6,    1,    3,   3, 0.80, 1.00,   0),
)  # fmt: skip

SHORT = ((1, 2, 3), (8, 8, 8))  # chapters and their exercises: a course for quick training, of 120 steps at most
SEMINAR = ((1, 2, 3, 6), (5, 5, 5, 5))  # likewise, to be read and talked through: at most 100 decisions

EDITION = (
    Field("dial", "i1", "row of ELEVATION: how the ring is marked", low=0, high=DIALS - 1),
    Field("gravity", "i1", "entry of VACUUM", low=0, high=GRAVITIES - 1),
    Field(
        "drag",
        "i1",
        "entry of DRAG of every ball",
        (BALLS,),
        low=0,
        high=DRAGS - 1,
        chapters=({1, 2, 4, 5}, {3, 5, 6}),
    ),
    Field("wind", "i1", "row of WIND that holds where the wind blows", low=1, high=WINDS - 1, chapters=4),
)

STATE = (
    Field("case", "i1", "ball, plus BALLS in the wind, at every target", (MOST_TARGETS,)),
    Field("place", "f8", "where in the chapter's distances every target stands, 0 near to 1 far", (MOST_TARGETS,)),
    Field("passed", "i1", "targets done with"),
    Field("shots", "i1", "shots at this target so far"),
    Field("target", "f8", "distance of this target, metres"),
    Field("nearest", "f8", "expected miss of the best elevation, metres"),
    Field("typical", "f8", "excess miss that is worth nothing, metres"),
    Field("fall", "f8", "where the last shot was seen to fall, metres; 0 if none was"),
    Field("standing", "f8", "worth of the last shot at this target"),
    Field("earned", "f8", "sum of the worths at the targets passed"),
)

SIGNALS = (
    Signal("target", 0.0, 1.0, "distance of the target, as a share of the farthest that any gun can shoot"),
    Signal("fall", 0.0, 1.0, "where the last shot fell, in the same unit; 0 if no fall is to be seen"),
    Signal("ball", 0.0, 1.0, "0 if the first ball is loaded, 1 if the second"),
    Signal("wind", 0.0, 1.0, "1 if the wind blows"),
    Signal("shots", 0.0, 1.0, "shots at this target so far, as a share of those allowed"),
)

LEDGER = [  # where the ball fell, by notch; which notches reached as far as the target, nearly or roughly
    {"situation": ["ball", "wind"], "outcome": ["fall"], "actions": [*range(ANGLES)], "silent": "skip", "rows": 4},
    *(
        {
            "under": ["fall", "ball", "wind"],
            "situation": ["target", "ball", "wind"],
            "outcome": [],
            "shared": ["fall", "action"],
            "grain": grain,
            "silent": "skip",
        }
        for grain in (0.015, 0.03, 0.06, 0.12)
    ),
]


# --- the rules -----------------------------------------------------------------------


@rule
def sound(e: Record) -> bool:
    """Return whether the balls differ enough to tell."""
    return abs(e.drag[0] - e.drag[1]) >= APART


@rule
def write(e: Record, s: Record) -> None:
    """Draw dial, gravity, wind and balls."""
    e.dial = below(s, DIALS)
    e.gravity = below(s, GRAVITIES)
    e.wind = 1 + below(s, WINDS - 1)
    for _ in range(DRAWS):
        for ball in range(BALLS):
            e.drag[ball] = below(s, DRAGS)
        if sound(e):
            return


@rule
def set_up(p: Chapter, e: Record, s: Record) -> None:
    """Set up the next target."""
    case = s.case[s.passed]
    drag = e.drag[case % BALLS]
    wind = e.wind if case >= BALLS else 0
    vacuum = VACUUM[e.gravity]
    longest = vacuum * LONGEST[drag, wind]
    s.target = longest * (p.near + (p.far - p.near) * s.place[s.passed])
    s.typical = longest * (p.far - p.near) * MEAN_MISS
    nearest = longest
    for angle in range(ANGLES):
        nearest = min(nearest, abs(vacuum * RANGE[drag, wind, angle] - s.target))
    s.nearest = nearest
    s.shots = 0
    s.standing = 0.0


@rule
def pose(p: Chapter, e: Record, s: Record) -> None:
    """Set one exercise; from target to target ball, wind or both change where the chapter has several cases."""
    cases = p.last - p.first + 1
    case = below(s, cases)
    for t in range(p.targets):
        s.case[t] = p.first + case
        s.place[t] = uniform(s)
        case = (case + 1 + below(s, cases - 1)) % cases
    set_up(p, e, s)


@rule
def step(p: Chapter, e: Record, s: Record, action: int) -> bool:
    """Fire one shot, or hold; return whether that was the last target."""
    s.fall = 0.0
    if action == Action.HOLD:
        if s.shots == 0:
            return True
    else:
        case = s.case[s.passed]
        wind = e.wind if case >= BALLS else 0
        reach = VACUUM[e.gravity] * RANGE[e.drag[case % BALLS], wind, ELEVATION[e.dial, action]]
        if p.told == 1:
            s.fall = reach * (1.0 + SCATTER * (uniform(s) - uniform(s)))
        excess = abs(reach - s.target) - s.nearest
        s.standing = max(0.0, 1.0 - excess / s.typical) * (1.0 - PRICE * s.shots)
        s.shots += 1
        if s.shots < p.shots:
            return False
    if s.passed + 1 == p.targets:
        return True
    s.earned += s.standing
    s.passed += 1
    set_up(p, e, s)
    return False


@rule
def observe(p: Chapter, s: Record, o: Record) -> None:
    """Write what the student may see."""
    o.target = s.target * METRE
    o.fall = s.fall * METRE
    o.ball = s.case[s.passed] % BALLS
    o.wind = s.case[s.passed] // BALLS
    o.shots = s.shots / p.shots


@rule
def mark(p: Chapter, s: Record) -> float:
    """Return the mean worth of the shots that stand."""
    return (s.earned + s.standing) / p.targets


# --- the teacher's copy ----------------------------------------------------------------


@rule
def oracle(p: Chapter, e: Record, s: Record) -> int:
    """Return the notch of the best elevation, and hold after it."""
    if s.shots > 0:
        return Action.HOLD
    case = s.case[s.passed]
    wind = e.wind if case >= BALLS else 0
    for notch in range(ANGLES):
        reach = VACUUM[e.gravity] * RANGE[e.drag[case % BALLS], wind, ELEVATION[e.dial, notch]]
        if abs(reach - s.target) == s.nearest:
            return notch
    return Action.HOLD


def exam_fact(p: Chapter, e: Record, s: Record) -> tuple[int, ...]:
    """Balls and winds of all targets: the exam's ball in the wind is new."""
    return tuple(sorted({s.case[t] for t in range(p.targets)}))
