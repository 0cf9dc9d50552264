"""Theorems: prove with hidden rules, and file lemmas that make later proofs short.

Axiom and goal are strings of the symbols a to e, each once. Five rules rewrite a string by swapping what stands at two
places; which two is hidden. A theorem says "goal from axiom", and so for every other string: it claims an order. Some
theorems are lemmas, three rules deep. Who has proved one may FILE it in the library, and from then on, to the end of
the book, CITE it: three rules in one step. The library has six slots; a lemma is taken in one of them alone, its own,
and every line spent at that counts. That a slot is filled is shown, but not with what.

What it teaches
    1  rules         what the rules do; theorems made of two rules
    2  lemmas        one lemma, and theorems made of it and a rule
    3  more lemmas   one more, and theorems made of one of them and two rules
    4  corollaries   two more, and theorems made of two lemmas
    5  review        two rules are found unsound and revised; a lemma that rests on them is struck out of the library
                     and comes up anew; then theorems as in chapters 2 to 4
    6  exam          new: theorems made of three lemmas, too deep for rules alone (5 steps or more, limit 4). The string
                     shown stays the axiom, nothing tells how a proof goes, an exercise lasts to its limit

Mark
    (fewest steps possible) / (steps until the goal stood there), 0 without a proof. Possible, that is with all lemmas
    that came up earlier in this course; they come up before theorems made of them. With a lemma that is not on file
    steps spent at filing or leaving it count too; one who knows its slot needs one. Nobody is quicker: rules and lemmas
    are odd permutations, so what two make is even and takes two; theorems made of three are odd and deeper than three
    rules, so no rule or lemma, and take three; and so do lemmas that first come up, which are no rules and all differ.

Why memory pays
    Rules, lemmas and their slots are drawn once an edition; about 10^13 editions. Measured by `textbook-gym show
    Theorems`.

Why foresight is necessary
    Who proves a lemma and leaves it is marked 1. Who looks for its slot is marked less in this exercise (half to four
    fifths, as a rule), and earns that back in all later theorems that are made of the lemma.

Sources
    Macro-operators (Korf 1985), options (Sutton, Precup and Singh 1999), library learning (DreamCoder, Ellis et al.
    2021). A proof is a path in the Cayley graph of S_5 whose generators are the rules.

Model student
    What every button was last seen to do and what it filed where; once a lemma is struck it trusts no rule before it
    sees it again. It takes the shortest proof that it knows; if there is none in time, or none of three steps, it tries
    a button that it does not know. A lemma it files, trying one slot after the other. Without adaptation it keeps what
    it first saw of a rule. Without foresight it files a lemma only if there is no doubt about the slot.
"""

import enum
from typing import NamedTuple

import numpy as np

from textbook_gym.authoring import Field, Record, Signal, below, chance, permute, rule
from textbook_gym.authoring.bitset import has
from textbook_gym.books.tables.theorems import (
    ALL_SWAPS,
    FROM,
    HALF,
    NEAR,
    ORDERS,
    RULES,
    SPELT,
    SWAP,
    SWAPS,
    SYMBOLS,
    THEN,
)

ABILITIES = {
    "learning": "is wiped at every exercise",
    "retention": "is wiped at every chapter",
    "adaptation": "keeps what it first saw of a rule, also when a lemma is struck",
    "self-improvement": "files no lemma",
    "foresight": "files no lemma unless it is sure of the slot",
}
MODEL = "textbook_gym.books.models.theorems"
WORDS = "textbook_gym.books.words.theorems"

LEMMAS = 4  # in force
SLOTS = 6  # of the library; each lemma has one of its own
TOOLS, ACTIONS = RULES + SLOTS, RULES + 2 * SLOTS  # a tool is a rule or a slot: the first actions; the others file
UNSOUND = 2  # rules that are revised
DEPTH = 3  # rules in a lemma, and most tools in a theorem
WRITTEN = np.arange(ACTIONS + 1) / ACTIONS  # a line of a proof as it is shown, by 1 + action
LINES = 8  # most steps of an exercise
FORMS = 3  # what theorems of a chapter may be made of: entries in the columns `rules` and `lemmas`
NONE = -1
CODE = 16  # more than there are tools: `way` returns CODE * steps + first tool
DRAWS = 1000


class Action(enum.IntEnum):
    """Apply a rule, cite what a slot holds, or offer a slot the lemma just proved; any other action then leaves it."""

    RULE_1, RULE_2, RULE_3, RULE_4, RULE_5 = range(5)
    CITE_1, CITE_2, CITE_3, CITE_4, CITE_5, CITE_6 = range(5, 11)
    FILE_1, FILE_2, FILE_3, FILE_4, FILE_5, FILE_6 = range(11, 17)


class Chapter(NamedTuple):
    """What one chapter fixes."""

    name: str
    exercises: int
    limit: int  # steps
    newcomer: float  # expected mark of the model student without its notes, measured
    rules: tuple[int, int, int]  # rules in a theorem, by form; all forms are as likely
    lemmas: tuple[int, int, int]  # lemmas in it
    pool: int  # lemmas that come up: the first so many
    again: float  # chance that a lemma comes up once more
    revised: int  # 1 once the unsound rules are revised
    told: int  # 1 if the string is shown


CHAPTERS = (
    #        name        exercises limit newcomer  rules      lemmas   pool again revised told
    Chapter("rules",           7,    8,    0.30,  (2, 2, 2), (0, 0, 0), 0,  0.0,    0,     1),
    Chapter("lemmas",          8,    8,    0.19,  (1, 1, 1), (1, 1, 1), 1,  0.2,    0,     1),
    Chapter("more lemmas",     8,    7,    0.19,  (2, 2, 2), (1, 1, 1), 2,  0.2,    0,     1),
    Chapter("corollaries",     8,    7,    0.15,  (0, 0, 0), (2, 2, 2), 4,  0.2,    0,     1),
    Chapter("review",          9,    6,    0.10,  (1, 2, 0), (1, 1, 2), 4,  0.3,    1,     1),
    Chapter("exam",            7,    4,    0.00,  (0, 0, 0), (3, 3, 3), 4,  0.0,    1,     0),
)  # fmt: skip

SHORT = ((1, 2, 3), (4, 4, 4))  # chapters and their exercises: a course for quick training, of 120 steps at most
SEMINAR = ((1, 2, 3, 4, 6), (2, 2, 2, 5, 2))  # likewise, to be read and talked through: at most 100 decisions

EDITION = (
    Field("swap", "i1", "SWAP of every rule, before and after the revision", (2, RULES), low=0, high=SWAPS - 1,
          chapters=({1, 2, 3, 4}, 5)),
    Field("lemma", "i1", "order of every lemma, before and after", (2, LEMMAS), low=0, high=ORDERS - 1,
          chapters=(({2, 3, 4}, {3, 4}, {4}, {4}), 5)),
    Field("slot", "i1", "the slot that takes every lemma", (LEMMAS,), low=0, high=SLOTS - 1, chapters=(2, 3, 4, 4)),
)  # fmt: skip

STATE = (
    Field("filed", "i1", "1 + lemma in every slot, 0 if it is empty", (SLOTS,), lasting=True),
    Field("met", "i1", "order of every lemma as it last came up, 0 if it did not", (LEMMAS,), lasting=True),
    Field("tool", "i1", "order that every rule and slot is; 0, which moves nothing, for an empty slot", (TOOLS,)),
    Field("lemma", "i1", "the lemma to be proved, -1 if the theorem is none or is on file"),
    Field("string", "i1", "what stands there"),
    Field("shown", "i1", "what is shown to stand there"),
    Field("goal", "i1", "what should"),
    Field("fewest", "i1", "steps that a proof takes with the best library"),
    Field("steps", "i1", "steps taken"),
    Field("proved", "i1", "steps taken until the goal stood there, 0 if it did not yet"),
    Field("desk", "i1", "steps spent at filing or leaving the lemma since"),
    Field("settled", "i1", "1 once it is filed or left"),
    Field("line", "i1", "1 + action of every step taken, then 0", (LINES,)),
)

SIGNALS = (
    Signal("string", 0.0, 1.0, "by place, 1 at the symbol there; in the exam the axiom's", (SYMBOLS, SYMBOLS)),
    Signal("goal", 0.0, 1.0, "by place, 1 at the symbol wanted there", (SYMBOLS, SYMBOLS)),
    Signal("library", 0.0, 1.0, "1 for a slot that is filled; in the exam as it was at first", (SLOTS,)),
    Signal("lemma", 0.0, 1.0, "1 if the theorem is a lemma that is not on file"),
    Signal("proved", 0.0, 1.0, "1 if the goal stands there; 0 in the exam"),
    Signal("proof", 0.0, 1.0, "the steps so far, line by line: (1 + action) / 17, then 0", (LINES,)),
)

LEDGER = [  # which places of the string a rule or a lemma moves
    {"situation": [], "outcome": ["moved:string"], "actions": [*range(TOOLS)], "silent": "skip", "rate": 1.0}
]


# --- the rules -----------------------------------------------------------------------


@rule
def way(m: Record, order: int, most: int) -> int:
    """Return CODE * (fewest of `m.tool` that make an order) + the first of them, 0 if `most` do not."""
    made = 1  # by n tools: as these are odd, a set of orders of the parity of n
    for n in range(most):
        grown = 0
        for t in range(TOOLS - 1, -1, -1):
            rest = FROM[m.tool[t], order]
            if m.tool[t] > 0 and (rest ^ n) & 1 == 0 and made >> (rest >> 1) & 1 == 1:
                return CODE * (n + 1) + t
        for k in range(HALF):
            for t in range(TOOLS if made >> k & 1 == 1 else 0):
                grown |= 1 << (THEN[k << 1 | n & 1, m.tool[t]] >> 1) if m.tool[t] > 0 else 0
        made = grown
    return 0


@rule
def near(e: Record, revised: int, order: int) -> bool:
    """Return whether rules make an order in two steps if it is even, else in one or three."""
    rules = 0
    for r in range(RULES):
        rules |= 1 << e.swap[revised, r]
    return NEAR[rules, order & 1] >> (order >> 1) & 1 == 1


@rule
def apt(e: Record, revised: int, k: int) -> bool:
    """Return whether a lemma is three rules deep, and in the other version too if it is there, and no earlier one."""
    order = e.lemma[revised, k]
    for earlier in range(k):
        if order == e.lemma[revised, earlier]:
            return False
    deep = order & 1 == 1 and ALL_SWAPS >> (order >> 1) & 1 == 0 and near(e, revised, order)
    return deep and near(e, 1 - revised, order) == (order == e.lemma[1 - revised, k])


@rule
def sound(e: Record) -> bool:
    """Return whether two rules and one lemma are revised, lemmas are apt and in own slots, some far."""
    rules, lemmas, slots = 0, 0, 0
    for r in range(RULES):
        rules += e.swap[0, r] != e.swap[1, r]
    for k in range(LEMMAS):
        if has(slots, e.slot[k]):
            return False
        slots |= 1 << e.slot[k]
    for revised in (0, 1):
        twos, threes = 0, 0
        for k in range(LEMMAS):
            if not apt(e, revised, k):
                return False
            lemmas += revised * (e.lemma[0, k] != e.lemma[1, k])
            two = THEN[e.lemma[revised, k], e.lemma[revised, (k + 1) % LEMMAS]]
            twos += not near(e, revised, two)
            threes += not near(e, revised, THEN[two, e.lemma[revised, (k - 1) % LEMMAS]])
        if twos == 0 or threes == 0:
            return False
    return rules == UNSOUND and lemmas == 1


@rule
def write(e: Record, s: Record) -> None:
    """Draw slots, rules and lemmas."""
    permute(s, s.tool, SLOTS)
    for k in range(LEMMAS):
        e.slot[k] = s.tool[k]
    for _ in range(DRAWS):
        for r in range(RULES):
            e.swap[0, r] = below(s, SWAPS)
            e.swap[1, r] = e.swap[0, r]
        unsound, stale = below(s, RULES), below(s, LEMMAS)
        for i in range(UNSOUND):
            r = (unsound + i * (1 + below(s, RULES - 1))) % RULES
            e.swap[1, r] = (e.swap[0, r] + 1 + below(s, SWAPS - 1)) % SWAPS
        if near(e, 0, 0) and near(e, 1, 0):  # no order at all is near to rules that do not reach every string
            for k in range(LEMMAS):
                for _ in range(DRAWS):
                    e.lemma[0, k] = below(s, HALF) << 1 | 1
                    e.lemma[1, k] = below(s, HALF) << 1 | 1 if k == stale else e.lemma[0, k]
                    if apt(e, 0, k) and apt(e, 1, k):
                        break
            if sound(e):
                return


@rule
def pose(p: Chapter, e: Record, s: Record) -> None:
    """Set one exercise: a lemma that did not come up yet, or again one that did, or a theorem."""
    for r in range(RULES):
        s.tool[r] = SWAP[e.swap[p.revised, r]]
    s.lemma, s.fewest = NONE, DEPTH + 1  # one to file it
    for k in range(SLOTS):
        held = s.filed[k] - 1  # struck if that lemma came up in its other version
        s.tool[RULES + k] = e.lemma[p.revised, held] if held >= 0 and s.met[held] == e.lemma[p.revised, held] else 0
    for k in range(p.pool):
        if s.lemma == NONE and s.met[k] != e.lemma[p.revised, k]:
            s.lemma = k
    order = e.lemma[p.revised, max(s.lemma, 0)]
    if s.lemma == NONE and chance(s, p.again):
        k = below(s, p.pool)
        s.lemma = k if s.tool[RULES + e.slot[k]] == 0 else NONE
        s.fewest, order = 1, e.lemma[p.revised, k]
    elif s.lemma == NONE:
        form = below(s, FORMS)
        s.fewest = p.rules[form] + p.lemmas[form]
        for _ in range(DRAWS):
            order, lemmas = 0, p.lemmas[form]
            for left in range(s.fewest, 0, -1):  # rules and lemmas in random order
                cited = below(s, left) < lemmas
                order = THEN[order, e.lemma[p.revised, below(s, p.pool)] if cited else s.tool[below(s, RULES)]]
                lemmas -= cited
            if order > 0 and (p.lemmas[form] == 0 or not near(e, p.revised, order)):
                break
    s.string = below(s, ORDERS)
    s.shown = s.string
    s.goal = THEN[s.string, order]


@rule
def step(p: Chapter, e: Record, s: Record, action: int) -> bool:
    """Take one step; a proof ends the exercise, that of a lemma once it is filed or left, in the exam none."""
    if s.steps == 0:
        for k in range(SLOTS):
            s.filed[k] *= s.tool[RULES + k] > 0
        for k in range(LEMMAS):
            s.met[k] *= s.met[k] == e.lemma[p.revised, k]
        if s.lemma != NONE:
            s.met[s.lemma] = e.lemma[p.revised, s.lemma]
    s.line[s.steps] = action + 1
    s.steps += 1
    if s.proved > 0:
        if s.lemma != NONE and s.settled == 0:
            slot = e.slot[s.lemma]
            s.desk += 1
            if action == TOOLS + slot:
                s.filed[slot] = s.lemma + 1
                s.tool[RULES + slot] = p.told * e.lemma[p.revised, s.lemma]
            s.settled = action < TOOLS or action == TOOLS + slot
        return p.told == 1 and s.settled == 1
    s.string = THEN[s.string, s.tool[action] if action < TOOLS else 0]
    s.shown = s.string if p.told == 1 else s.shown
    s.proved = s.steps if s.string == s.goal else 0
    return p.told == 1 and s.proved > 0 and s.lemma == NONE


@rule
def observe(p: Chapter, s: Record, o: Record) -> None:
    """Write what the student may see."""
    for i in range(SYMBOLS):
        for c in range(SYMBOLS):
            o.string[i, c] = SPELT[s.shown, i, c]
            o.goal[i, c] = SPELT[s.goal, i, c]
    for k in range(SLOTS):
        o.library[k] = s.tool[RULES + k] > 0
    o.lemma = s.lemma != NONE
    o.proved = s.shown == s.goal
    for i in range(LINES):
        o.proof[i] = WRITTEN[s.line[i]]


@rule
def mark(p: Chapter, s: Record) -> float:
    """Return the share of the steps taken that were needed."""
    if s.proved == 0:
        return 0.0
    return s.fewest / (s.proved + (max(s.desk, 1) if s.lemma != NONE else 0))


# --- the teacher's copy ----------------------------------------------------------------


@rule
def oracle(p: Chapter, e: Record, s: Record) -> int:
    """Return the first step of a shortest proof; once that is done, file the lemma in its slot."""
    return TOOLS + e.slot[max(s.lemma, 0)] if s.proved > 0 else way(s, FROM[s.string, s.goal], LINES) % CODE


def exam_fact(p: Chapter, e: Record, s: Record) -> tuple[tuple[int, int], ...]:
    """Rules and lemmas that theorems are made of."""
    return tuple((p.rules[form], p.lemmas[form]) for form in range(FORMS))
