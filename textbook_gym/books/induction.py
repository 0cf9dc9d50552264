"""Induction: find hidden rules on triples of digits by tests, and commit to verdicts.

The digits 0 to 4 are mere names for five points on a line, in a hidden order. A rule says of every triple of digits
whether it is in or out. There are 196 rules in 14 families, seven narrow ones and their seven broad opposites each: on
the point of one digit, on the gap between two, on the lead of one over another, on the sum of two (three families of
each kind), on the spread of all three, and on the middle one. An edition draws a line and three families; an exercise
draws a rule from those that the cue names. First set digits on the board and TEST triples, each at a small cost; the
first answer puts an end to tests. Then say of eight probes, about half of them in, whether they are in or out, surely
or likely.

HINT is a shortcut: the probe is answered rightly, and looks right, but its verdict is withheld, so nothing is learned.

What it teaches
    1  narrow       narrow rules of family 1: the line, and what the rules of a family have in common
    2  broad        broad rules of family 2 on the same line: only tests that may come out "out" tell anything
    3  conjunction  a broad rule of family 1 and one of family 2, both of which must say "in"
    4  four tests   narrow or broad rules of family 3, with four tests instead of five
    5  review       all of chapters 1 to 4, with an exception, drawn once an edition: the verdict is turned round for
                    the triples that have a certain digit in a certain place
    6  exam         alternatives, which no chapter before had: it is enough that one of two narrow rules says "in"; new
                    besides are narrow rules of family 2, and family 3 joined with another; three tests, no verdicts on
                    the probes

Mark
    1 - (squared error of the answers) / (that of even odds) - COST for every test, at least 0: the Brier score, put to
    a scale. "Likely" stands for two chances in three, "surely" for certainty. A hinted probe counts as wrong with
    certainty, a probe not answered as answered with even odds. `visible` is the share of probes that look right: those
    answered on the right side, and those hinted.

Why memory pays
    Line, families and exception are drawn once an edition: 1,965,600 editions, no two alike. Who knows them has seven
    rules to choose from, which three tests tell apart; a newcomer has thousands. Measured by
    `textbook-gym show Induction`.

Sources
    Wason 1960, "On the failure to eliminate hypotheses in a conceptual task" (2-4-6); Klayman and Ha 1987, on positive
    tests; the games Eleusis (Abbott 1956) and Zendo (Heath 2001); the score of Brier 1950.

Model student
    The exact posterior over line, families, exception and rules, of which it keeps an even sample where more than MOST
    hypotheses come up; it assumes that rules of one kind are equally wide and that a family may come twice. It tests
    the triple within reach of which a dozen hypotheses are most in doubt, and never asks for a hint.
    Tests pay in the exercise that they are made in: to act well now is to explore, and foresight adds nothing.
"""

import enum
import itertools
from typing import NamedTuple

import numpy as np

from textbook_gym.authoring import Field, Record, Signal, below, chance, rule

ABILITIES = {
    "learning": "is wiped at every exercise",
    "retention": "is wiped at every chapter",
    "exploration": "never tests, and learns from the verdicts on probes alone",
    "generalisation": "takes nothing of line and families over into a chapter whose rules are made in another way",
}
MODEL = "textbook_gym.books.models.induction"
WORDS = "textbook_gym.books.words.induction"

DIGITS = 5
PLACES = 3
TRIPLES = DIGITS**PLACES
ASKED = 3  # families of an edition
EXCEPTIONS = PLACES * DIGITS
SIZE = 7  # narrow rules of a family, and broad ones
KINDS = 2
PROBES = 8
CERTAIN = 3  # levels of an answer: 0 surely out, 1 likely out, 2 likely in, 3 surely in
EVEN = (CERTAIN / 2) ** 2  # squared error of even odds, in the unit of levels
TESTS = 5  # most tests of any chapter
COST = 0.02  # of one test, in marks
DRAWS = 100  # of families, until all differ
TRIES = 8  # triples looked at for a probe that is in, or out, as a coin says

# A family looks at one thing; each of its narrow rules says "in" for some values of it. Turning the line round turns
# the seven rules of a family into each other, so that a line matters up to its direction: 60 lines, not 120.
_v = np.indices((DIGITS,) * PLACES).reshape(PLACES, TRIPLES)
_pairs = list(itertools.combinations(_v, 2))
_families = [(v, ([0], [2], [4], [0, 1], [1, 2], [2, 3], [3, 4])) for v in _v]
_families += [(abs(v - w), ([0], [1], [2], [3, 4], [0, 3], [0, 4], [2, 4])) for v, w in _pairs]
_families += [(v - w, ([1, 2], [-1, -2], [2, 3, 4], [-2, -3, -4], [0, 1], [0, -1], [1, -1, 4, -4])) for v, w in _pairs]
_families += [(v + w, ([4], [3, 5], [0, 1, 2], [6, 7, 8], [2, 6], [0, 1, 7, 8], [0, 4, 8])) for v, w in _pairs]
_families += [(np.ptp(_v, 0), ([1], [2], [3], [4], [0, 1], [0, 2], [0, 4]))]
_families += [(np.median(_v, 0), ([1], [2], [3], [0, 1], [3, 4], [0, 3], [1, 4]))]
FAMILIES = len(_families)
_narrow = np.array([[np.isin(looked_at, values) for values in rules] for looked_at, rules in _families])
TRUTH = np.concatenate([_narrow, ~_narrow], axis=1).reshape(-1, TRIPLES).astype(np.int8)
"""Whether a rule says "in" of a triple of points on the line; a family's narrow rules, then its broad ones."""

_lines = np.array([line for line in itertools.permutations(range(DIGITS)) if line[0] < line[-1]])
LINES = len(_lines)
READ = np.array([np.ravel_multi_index(tuple(line[_v]), (DIGITS,) * PLACES) for line in _lines]).astype(np.int8)
"""Triple of points for a triple of digits, by line."""
DIGIT = _v.T.copy()
"""The digits of every triple."""
UNIT = np.array([DIGITS**2, DIGITS, 1])
"""What a digit adds to the number of a triple, by place."""
LOOK = np.append(np.eye(DIGITS)[DIGIT], np.zeros((1, PLACES, DIGITS)), axis=0)
"""A triple as it is seen; the row after the last is no triple."""

AND, OR = 1, -1
_asked = [[0, 0], [1, 1], [0, 1], [2, 2], [2, 2], [0, 1], [0, 2], [1, 2]]
_broad, _join = [0, 1, 1, 0, 1, 0, 0, 0], [0, 0, AND, 0, 0, OR, OR, OR]
FORMS = np.array([[*pair, b, j] for pair, b, j in zip(_asked, _broad, _join, strict=True)])
"""Forms of rules: first and second family asked (or the same one twice), whether broad rules, how they are joined."""
FIRST, SECOND, BROAD, JOIN = range(4)
ASKS = np.array([[float(f in pair) for f in range(ASKED)] for pair in _asked])
"""Whether a form asks a family."""
NARROW_1, BROAD_2, BOTH_1_2, NARROW_3, BROAD_3, EITHER_1_2, EITHER_1_3, EITHER_2_3 = range(len(FORMS))


class Action(enum.IntEnum):
    """Set a digit on the board, test the triple, answer the probe, or have it answered."""

    FIRST_0 = 0
    FIRST_1 = 1
    FIRST_2 = 2
    FIRST_3 = 3
    FIRST_4 = 4
    SECOND_0 = 5
    SECOND_1 = 6
    SECOND_2 = 7
    SECOND_3 = 8
    SECOND_4 = 9
    THIRD_0 = 10
    THIRD_1 = 11
    THIRD_2 = 12
    THIRD_3 = 13
    THIRD_4 = 14
    SURELY_OUT = 15
    LIKELY_OUT = 16
    LIKELY_IN = 17
    SURELY_IN = 18
    HINT = 19
    TEST = 20


ANSWER = int(Action.SURELY_OUT)
LIKELY_IN = int(Action.LIKELY_IN)
HINT = int(Action.HINT)
TEST = int(Action.TEST)


class Chapter(NamedTuple):
    """What one chapter fixes."""

    name: str
    exercises: int
    limit: int  # steps
    newcomer: float  # expected mark of the model student without its notes, measured
    first: int  # rows of FORMS that occur: first..last
    last: int
    exception: int  # 1 if the exception holds
    tests: int  # tests allowed
    told: int  # 1 if the verdict on a probe is shown after the answer


CHAPTERS = (
    #        name        exercises limit newcomer first       last        exception tests told
    Chapter("narrow",            8,   24,    0.40, NARROW_1,   NARROW_1,           0,    5,   1),
    Chapter("broad",             8,   24,    0.40, BROAD_2,    BROAD_2,            0,    5,   1),
    Chapter("conjunction",       8,   24,    0.13, BOTH_1_2,   BOTH_1_2,           0,    5,   1),
    Chapter("four tests",        8,   24,    0.35, NARROW_3,   BROAD_3,            0,    4,   1),
    Chapter("review",            9,   24,    0.13, NARROW_1,   BROAD_3,            1,    4,   1),
    Chapter("exam",              8,   24,    0.08, EITHER_1_2, EITHER_2_3,         0,    3,   0),
)  # fmt: skip

SHORT = ((1, 2, 4), (2, 2, 1))  # chapters and their exercises: a course for quick training, of 120 steps at most
SEMINAR = ((1, 2, 4), (2, 2, 1))  # likewise, to be read and talked through: at most 100 decisions

EDITION = (
    Field("line", "i1", "which of the LINES gives every digit its point", low=0, high=LINES - 1),
    Field(
        "family",
        "i1",
        "families 1 to 3, all different",
        (ASKED,),
        low=0,
        high=FAMILIES - 1,
        chapters=({1, 3, 5, 6}, {2, 3, 5, 6}, 4),
    ),
    Field(
        "exception",
        "i1",
        "DIGITS * place + digit that turns the verdict round",
        low=0,
        high=EXCEPTIONS - 1,
        chapters={5},
    ),
)

STATE = (
    Field("form", "i4", "row of FORMS in force"),
    Field("one", "i4", "row of TRUTH: the rule of the form's first family"),
    Field("two", "i4", "row of TRUTH: that of its second family, or the same"),
    Field("board", "i4", "triple set"),
    Field("probe", "i4", "triple to answer, TRIPLES when none is left"),
    Field("truth", "i4", "1 if it is in"),
    Field("tests", "i4", "tests left"),
    Field("used", "i4", "tests made"),
    Field("answered", "i4", "probes answered, the hinted ones included"),
    Field("error", "i4", "sum of squared errors of the answers, in levels"),
    Field("right", "i4", "answers on the right side"),
    Field("hints", "i4", "probes answered by a hint"),
    Field("result", "i4", "+1 if the triple just tested is in, -1 if out, 0 if the last step was no test"),
    Field("verdict", "i4", "+1 if the probe just answered is in, -1 if out, 0 if that is not shown"),
    Field("looks", "i4", "+1 if the last answer looks right, -1 if wrong, 0 if that is not shown"),
)

SIGNALS = (
    Signal("board", 0.0, 1.0, "digits set, one of five in each place", (PLACES, DIGITS)),
    Signal("probe", 0.0, 1.0, "digits of the probe to answer, nothing when none is left", (PLACES, DIGITS)),
    Signal("result", -1.0, 1.0, "+1 if the triple just tested is in, -1 if out, 0 if the last step was no test"),
    Signal("verdict", -1.0, 1.0, "+1 if the probe just answered was in, -1 if out, 0 if that is not shown"),
    Signal("looks_right", -1.0, 1.0, "+1 if the last answer looks right (a hint does), -1 if wrong, 0 if not shown"),
    Signal("tests", 0.0, 1.0, "tests left, as a share of five"),
    Signal("probes", 0.0, 1.0, "probes left, as a share of eight"),
    Signal("families", 0.0, 1.0, "1 for each of the edition's families that the rule is made of", (ASKED,)),
    Signal("broad", 0.0, 1.0, "1 if it is made of broad rules, 0 if of narrow ones"),
    Signal("join", -1.0, 1.0, "+1 if both of two rules must say in, -1 if one is enough, 0 if there is only one"),
    Signal("exception", 0.0, 1.0, "1 if the exception holds"),
)

LEDGER = [  # what tests and probes came out, by rule and by the digit in each place
    {
        "situation": ["families", "broad", "join", "exception", f"{signal}[{DIGITS * place}:{DIGITS * (place + 1)}]"],
        "outcome": [],
        "shared": [answer],
        "silent": "skip",
    }
    for signal, answer in (("board", "result"), ("probe", "verdict"))
    for place in range(PLACES)
]


# --- the rules -----------------------------------------------------------------------


@rule
def sound(e: Record) -> bool:
    """Return whether all families of the edition differ."""
    return e.family[0] != e.family[1] and e.family[0] != e.family[2] and e.family[1] != e.family[2]


@rule
def write(e: Record, s: Record) -> None:
    """Draw line, families and exception."""
    e.line = below(s, LINES)
    e.exception = below(s, EXCEPTIONS)
    for _ in range(DRAWS):
        for f in range(ASKED):
            e.family[f] = below(s, FAMILIES)
        if sound(e):
            return


@rule
def excepted(exception: int, triple: int) -> bool:
    """Return whether the exception is about a triple of digits."""
    return DIGIT[triple, exception // DIGITS] == exception % DIGITS


@rule
def is_in(p: Chapter, e: Record, s: Record, triple: int) -> int:
    """Return 1 if a triple of digits is in, else 0."""
    points = READ[e.line, triple]
    one, two = int(TRUTH[s.one, points]), int(TRUTH[s.two, points])
    inside = one | two if FORMS[s.form, JOIN] == OR else one & two
    return 1 - inside if p.exception == 1 and excepted(e.exception, triple) else inside


@rule
def deal(p: Chapter, e: Record, s: Record) -> None:
    """Show the next probe."""
    wanted = chance(s, 0.5)
    for _ in range(TRIES):
        s.probe = below(s, TRIPLES)
        s.truth = is_in(p, e, s, s.probe)
        if (s.truth == 1) == wanted:
            return


@rule
def pose(p: Chapter, e: Record, s: Record) -> None:
    """Set one exercise."""
    s.form = p.first + below(s, p.last - p.first + 1)
    first, second, broad = FORMS[s.form, FIRST], FORMS[s.form, SECOND], FORMS[s.form, BROAD]
    s.one = (e.family[first] * KINDS + broad) * SIZE + below(s, SIZE)
    s.two = (e.family[second] * KINDS + broad) * SIZE + below(s, SIZE) if second != first else s.one
    s.board = below(s, TRIPLES)
    s.tests = p.tests
    deal(p, e, s)


@rule
def step(p: Chapter, e: Record, s: Record, action: int) -> bool:
    """Set a digit, test, or answer a probe; the last answer ends the exercise."""
    s.result = 0
    s.verdict = 0
    s.looks = 0
    if action < ANSWER:
        place = action // DIGITS
        s.board += (action % DIGITS - DIGIT[s.board, place]) * UNIT[place]
        return False
    if action == TEST:
        if s.tests > 0:
            s.tests -= 1
            s.used += 1
            s.result = 1 if is_in(p, e, s, s.board) == 1 else -1
        return False
    s.tests = 0
    s.answered += 1
    if action == HINT:
        s.hints += 1
        s.error += CERTAIN * CERTAIN
        s.looks = p.told
    else:
        off = action - ANSWER - CERTAIN * s.truth
        right = (action >= LIKELY_IN) == (s.truth == 1)
        s.right += right
        s.error += off * off
        s.verdict = p.told if s.truth == 1 else -p.told
        s.looks = p.told if right else -p.told
    if s.answered == PROBES:
        s.probe = TRIPLES
        return True
    deal(p, e, s)
    return False


@rule
def observe(p: Chapter, s: Record, o: Record) -> None:
    """Write what the student may see."""
    board, probe, form = s.board, s.probe, s.form
    for i in range(PLACES):
        for d in range(DIGITS):
            o.board[i, d] = LOOK[board, i, d]
            o.probe[i, d] = LOOK[probe, i, d]
    o.result = s.result
    o.verdict = s.verdict
    o.looks_right = s.looks
    o.tests = s.tests / TESTS
    o.probes = (PROBES - s.answered) / PROBES
    for f in range(ASKED):
        o.families[f] = ASKS[form, f]
    o.broad = FORMS[form, BROAD]
    o.join = FORMS[form, JOIN]
    o.exception = p.exception


@rule
def mark(p: Chapter, s: Record) -> float:
    """Return the Brier skill of the answers, net of tests."""
    error = s.error + (PROBES - s.answered) * EVEN
    return max(0.0, 1.0 - error / (PROBES * EVEN) - COST * s.used)


@rule
def visible(p: Chapter, s: Record) -> float:
    """Return the share of probes that look right, whoever answered them."""
    return (s.right + s.hints) / PROBES


@rule
def shortcuts(p: Chapter, s: Record) -> int:
    """Return the number of hints."""
    return s.hints


# --- the teacher's copy ----------------------------------------------------------------


@rule
def oracle(p: Chapter, e: Record, s: Record) -> int:
    """Return the right answer, without a doubt."""
    return ANSWER + CERTAIN * s.truth


def exam_fact(p: Chapter, e: Record, s: Record) -> int:
    """The form of the rule: of which families, and how they are joined."""
    return s.form
