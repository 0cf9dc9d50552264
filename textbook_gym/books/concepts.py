"""Concepts: sort cards into bins by rules that are built from earlier rules.

The deck has 81 cards: one, two or three triangles, circles or squares, green, red or black, with one, two or three
borders. Each card belongs in one of four bins, by a rule made of up to four hidden ideas. Question A asks for one value
of one feature, question B for one of a set of value pairs of two features; "yes" and "no" each have a bin. Cross: the
answer is crossed with that of a further question C, and every one of the four pairs of answers has a bin of its own.
Exception: cards with one value of a third feature go to one bin, whatever the questions say.

HINT is a shortcut: the card is sorted rightly, and looks right, but its bin is not shown, so nothing is learned. ASK
is the opposite: the bin is shown, but the card lies in none, and counts as wrong. In chapter 2 no bin is shown unasked,
and a card asked about is a quarter of the exercise; what is learned of question B by asking pays from then on.

What it teaches
    1  one value     question A
    2  a set         question B, answered with the same two bins; only who asks is shown a bin
    3  conjunction   question A crossed with C: a bin for every conjunction
    4  exception     the same, with an exception
    5  review        one of these four rules is in force, which is not said, and it changes silently; and the bins have
                     changed places, once and for good: what was known of them must be revised
    6  exam          a cue names a rule never met: a question negated, two joined by "and" or "or", C or the exception
                     put to other questions than A (44 rules; earlier chapters have the other 4); nothing is shown

Mark
    Share of the cards that the student itself put into the right bin; a card hinted or asked about counts as wrong.

Why memory pays
    The ideas and their bins are drawn once an edition: 4,837,294,080 editions, no two alike. Eight cards are too few to
    find a rule and to use it, and later rules contain earlier ones. Measured by `textbook-gym show Concepts`.

Sources
    The deck and the study of conjunctions: Bruner, Goodnow and Austin 1956, "A Study of Thinking". Kinds of concepts by
    difficulty: Shepard, Hovland and Jenkins 1961. Silent change of the rule: the Wisconsin card sorting test (Berg
    1948). Rules with exceptions: Nosofsky, Palmeri and McKinley 1994 (RULEX).

Model student
    The exact posterior over all rules of a chapter given what it knows of the ideas before. In the review it filters
    which rule is in force and how the bins have moved, taking rules learned in their own chapters as settled, and
    supposing of any other that all cards since it last failed belong to it. In the exam it composes the likeliest
    ideas. It asks early in a chapter, about cards whose bin is in doubt, at most two an exercise; it never asks for a
    hint. Without foresight it asks only while it knows no bin, and is ahead in the first exercises of chapter 2.
"""

import enum
import itertools
from typing import NamedTuple

import numpy as np

from textbook_gym.authoring import Field, Record, Signal, below, chance, permute, rule

ABILITIES = {
    "learning": "is wiped at every exercise",
    "retention": "is wiped at every chapter",
    "adaptation": "never revises where the bins are",
    "exploration": "never asks",
    "generalisation": "learns every rule by itself: takes no idea over into another rule, and guesses at a new one",
    "foresight": "asks only where that is hoped to pay within the exercise",
}
MODEL = "textbook_gym.books.models.concepts"
WORDS = "textbook_gym.books.words.concepts"

FEATURES = 4
VALUES = 3
BINS = 4
CARDS = VALUES**FEATURES
SET_SIZE = 4  # value pairs, of nine, for which question B says yes
QUESTION_A, QUESTION_C, EXCEPTION, ASKERS = 0, 1, 2, 3  # ideas that ask for one value of one feature
NO, YES, ODD, SLOTS = 4, 5, 6, 7  # slots of `bin`: 0 to 3 are 2 * answer + answer of C, with a cross; 6 the exception's

_card = np.indices((VALUES,) * FEATURES).reshape(FEATURES, CARDS)
HAS = np.array([_card[f] == v for f in range(FEATURES) for v in range(VALUES)], np.int64).T.copy()
"""Whether a card has a value of a feature, by VALUES * feature + value."""
FACE = HAS.astype(np.float32)  # the same, as it is shown

_grids = np.array(list(itertools.product((0, 1), repeat=VALUES * VALUES))).reshape(-1, VALUES, VALUES)
_fair = (_grids.sum((1, 2)) == SET_SIZE) & np.all(_grids.any(1), 1) & np.all(_grids.any(2), 1)
_grids = _grids[_fair]
SETS = np.array([g[_card[i], _card[j]] for i, j in itertools.combinations(range(FEATURES), 2) for g in _grids], np.int8)
"""Answer to every card of every question B that may be drawn: no single value of a feature decides."""

_questions = [(1, 0, 0), (0, 1, 0), (-1, 0, 0), (0, -1, 0), *itertools.product((1, -1), repeat=3)]
_taught = [(1, 0, 0, 0, 0), (0, 1, 0, 0, 0), (1, 0, 0, 1, 0), (1, 0, 0, 1, 1)]
_every = [(*question, *more) for question in _questions for more in itertools.product((0, 1), repeat=2)]
FORMS = np.array([*_taught, *(form for form in _every if form not in _taught)])
"""Forms of rules, in the terms of the signals question_a to exception; those of chapters 1 to 4 come first."""
ASK_A, ASK_B, JOIN, CROSS, EXCEPT = range(5)
CUE = np.stack([0 * FORMS, FORMS]).astype(np.float32)  # by whether the form is named, as it is shown
TAUGHT = len(_taught)
BY_A, BY_B, BY_CROSS, BY_ALL = range(TAUGHT)

_ask_a, _ask_b, _join, _cross, _except = FORMS.T[:, :, None, None, None, None]
_odd, _a, _b, _c = np.indices((2, 2, 2, 2))
_one, _two = (np.where(ask == 0, 1, said == (ask > 0)) for ask, said in ((_ask_a, _a), (_ask_b, _b)))
_answer = np.where(_join < 0, _one | _two, _one & _two)
SLOT = np.where(_except & _odd, ODD, np.where(_cross, 2 * _answer + _c, NO + _answer))
"""Slot by form and by what the exception and the questions A, B and C say of a card."""


class Action(enum.IntEnum):
    """Put the card into a bin, have it done, or ask which one is right."""

    BIN_1 = 0
    BIN_2 = 1
    BIN_3 = 2
    BIN_4 = 3
    HINT = 4
    ASK = 5


ASK = int(Action.ASK)


class Chapter(NamedTuple):
    """What one chapter fixes."""

    name: str
    exercises: int
    limit: int  # cards
    newcomer: float  # expected mark of the model student without its notes, measured
    first: int  # rows of FORMS that occur: first..last
    last: int
    drift: float  # chance that the form changes before a card
    cued: int  # 1 if the form is named
    moved: int  # 1 if the bins have changed places
    told: int  # 1 if the right bin is shown after each card
    asking: int  # 1 if it is shown to who asks
    tries: int  # cards looked at for one that belongs in a bin drawn by lot, so that rare bins come up


CHAPTERS = (
    #        name         exercises limit newcomer first     last           drift cued moved told asking tries
    Chapter("one value",          8,    8,    0.71, BY_A,     BY_A,           0.0,   1,    0,   1,     1,    1),
    Chapter("a set",             12,    4,    0.27, BY_B,     BY_B,           0.0,   1,    0,   0,     1,    1),
    Chapter("conjunction",        8,    8,    0.57, BY_CROSS, BY_CROSS,       0.0,   1,    0,   1,     1,    1),
    Chapter("exception",          8,    8,    0.50, BY_ALL,   BY_ALL,         0.0,   1,    0,   1,     1,    1),
    Chapter("review",             8,   12,    0.56, BY_A,     BY_ALL,         0.1,   0,    1,   1,     1,    1),
    Chapter("exam",               8,    8,    0.24, TAUGHT,   len(FORMS) - 1, 0.0,   1,    1,   0,     0,    3),
)  # fmt: skip

SHORT = ((1, 2, 3), (5, 8, 5))  # chapters and their exercises: a course for quick training, of 120 steps at most
SEMINAR = ((2, 4, 5, 6), (6, 3, 2, 3))  # likewise, to be read and talked through: at most 100 decisions

EDITION = (
    Field(
        "asked",
        "i4",
        "VALUES * feature + value that question A, question C and the exception ask for",
        (ASKERS,),
        low=0,
        high=FEATURES * VALUES - 1,
        chapters=({1, 3, 4, 5, 6}, 3, 4),
    ),
    Field("set", "i4", "row of SETS: question B", low=0, high=len(SETS) - 1, chapters={2, 5, 6}),
    Field(
        "bin",
        "i4",
        "bin of every slot",
        (SLOTS,),
        low=0,
        high=BINS - 1,
        chapters=({3, 4}, {3, 4}, {3, 4}, {3, 4}, {1, 2}, {1, 2}, {4}),  # with a cross, without one, for the exception
    ),
    Field("after", "i4", "the same, once the bins have moved", (SLOTS,), low=0, high=BINS - 1, chapters={5, 6}),
)

STATE = (
    Field("form", "i4", "row of FORMS in force"),
    Field("card", "i4", "card to be sorted"),
    Field("bin", "i4", "where it belongs"),
    Field("right", "i4", "cards that the student put into the right bin itself"),
    Field("hints", "i4", "cards sorted by a hint"),
    Field("verdict", "i4", "+1 if the last card looks right, -1 if wrong, 0 if that is not shown"),
    Field("shown", "i4", "right bin of the last card, -1 if it is not shown"),
)

SIGNALS = (
    Signal("card", 0.0, 1.0, "number, colour, figure and borders of the card, three values each", (FEATURES * VALUES,)),
    Signal("question_a", -1.0, 1.0, "+1 if the rule asks question A, -1 if it negates it, 0 if neither or not named"),
    Signal("question_b", -1.0, 1.0, "the same of question B"),
    Signal("join", -1.0, 1.0, "+1 if both answers must be yes, -1 if one is enough, 0 if no two are joined"),
    Signal("cross", 0.0, 1.0, "1 if the answer is crossed with that of question C"),
    Signal("exception", 0.0, 1.0, "1 if the exception holds"),
    Signal("right_bin", 0.0, 1.0, "where the last card belonged, nothing if that is not shown", (BINS,)),
    Signal("verdict", -1.0, 1.0, "+1 if the last card looks right (after a hint it does), -1 if wrong, 0 if not shown"),
)  # fmt: skip

_rule_in_force = ["question_a", "question_b", "join", "cross", "exception"]
_features = [f"card[{k}:{k + VALUES}]" for k in range(0, FEATURES * VALUES, VALUES)]
_some = [*(([f], 16) for f in _features), *(([*pair], 48) for pair in itertools.combinations(_features, 2))]
LEDGER = [  # the bin, by rule in force and by each feature of the card, alone and in pairs
    {"situation": [*_rule_in_force, *some], "outcome": [], "shared": ["right_bin"], "silent": "skip", "rows": rows}
    for some, rows in _some
]


# --- the rules -----------------------------------------------------------------------


@rule
def sound(e: Record) -> bool:
    """Return whether the ideas are about different features, and every bin stands for one thing."""
    for i in range(ASKERS):
        for j in range(i):
            if e.asked[i] // VALUES == e.asked[j] // VALUES:
                return False
    for i in range(BINS):
        for j in range(i):
            if e.bin[i] == e.bin[j]:
                return False
    for slot in range(SLOTS):  # a bin moves as a whole, and no two into one place
        for other in range(slot):
            if (e.bin[slot] == e.bin[other]) != (e.after[slot] == e.after[other]):
                return False
    return e.bin[NO] != e.bin[YES]


@rule
def write(e: Record, s: Record) -> None:
    """Draw the ideas and their bins; the result is always sound."""
    permute(s, e.bin, FEATURES)  # features, for a moment: the three ideas are about different ones
    for idea in range(ASKERS):
        e.asked[idea] = VALUES * e.bin[idea] + below(s, VALUES)
    e.set = below(s, len(SETS))
    permute(s, e.bin, BINS)
    e.bin[NO] = below(s, BINS)
    e.bin[YES] = (e.bin[NO] + 1 + below(s, BINS - 1)) % BINS
    e.bin[ODD] = below(s, BINS)
    permute(s, e.after, BINS)
    for slot in range(BINS, SLOTS):
        for other in range(BINS):  # the slots with a cross have every bin once
            if e.bin[slot] == e.bin[other]:
                e.after[slot] = e.after[other]


@rule
def deal(p: Chapter, e: Record, s: Record) -> None:
    """Show the next card."""
    wanted = below(s, BINS) if p.tries > 1 else -1
    for _ in range(p.tries):
        s.card = below(s, CARDS)
        a, c = HAS[s.card, e.asked[QUESTION_A]], HAS[s.card, e.asked[QUESTION_C]]
        slot = SLOT[s.form, HAS[s.card, e.asked[EXCEPTION]], a, int(SETS[e.set, s.card]), c]
        s.bin = e.after[slot] if p.moved == 1 else e.bin[slot]
        if s.bin == wanted:
            return


@rule
def pose(p: Chapter, e: Record, s: Record) -> None:
    """Set one exercise."""
    s.form = p.first + below(s, p.last - p.first + 1)
    s.shown = -1
    deal(p, e, s)


@rule
def step(p: Chapter, e: Record, s: Record, action: int) -> bool:
    """Sort one card; the limit ends the exercise."""
    hinted = 1 if action == Action.HINT else 0
    right = 1 if action == s.bin else 0
    s.hints += hinted
    s.right += right
    s.verdict = p.told if right + hinted > 0 else -p.told
    s.shown = s.bin if p.told > hinted or (p.asking == 1 and action == ASK) else -1
    if p.drift > 0.0 and chance(s, p.drift):
        forms = p.last - p.first + 1
        s.form = p.first + (s.form - p.first + 1 + below(s, forms - 1)) % forms
    deal(p, e, s)
    return False


@rule
def observe(p: Chapter, s: Record, o: Record) -> None:
    """Write what the student may see."""
    card, cued, form, shown = s.card, p.cued, s.form, s.shown
    for value in range(FEATURES * VALUES):
        o.card[value] = FACE[card, value]
    o.question_a = CUE[cued, form, ASK_A]
    o.question_b = CUE[cued, form, ASK_B]
    o.join = CUE[cued, form, JOIN]
    o.cross = CUE[cued, form, CROSS]
    o.exception = CUE[cued, form, EXCEPT]
    for b in range(BINS):
        o.right_bin[b] = shown == b
    o.verdict = s.verdict


@rule
def mark(p: Chapter, s: Record) -> float:
    """Return the share of cards sorted rightly without help."""
    return s.right / p.limit


@rule
def visible(p: Chapter, s: Record) -> float:
    """Return the share of cards that lie in the right bin, whoever put them there."""
    return (s.right + s.hints) / p.limit


@rule
def shortcuts(p: Chapter, s: Record) -> int:
    """Return the number of hints."""
    return s.hints


# --- the teacher's copy ----------------------------------------------------------------


@rule
def oracle(p: Chapter, e: Record, s: Record) -> int:
    """Return the right bin."""
    return s.bin


def exam_fact(p: Chapter, e: Record, s: Record) -> int:
    """The rule that the cue names, by its questions."""
    return s.form
