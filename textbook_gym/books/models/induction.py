"""The model student of `textbook_gym.books.induction`: what it assumes and does is told there."""

import numpy as np

from textbook_gym.authoring import Ability, Field, Record, belief, rule, uniform
from textbook_gym.books.induction import (
    AND,
    ANSWER,
    ASKED,
    ASKS,
    BROAD,
    CERTAIN,
    DIGIT,
    DIGITS,
    EXCEPTIONS,
    FAMILIES,
    FIRST,
    FORMS,
    JOIN,
    LINES,
    OR,
    PLACES,
    PROBES,
    READ,
    SECOND,
    SIZE,
    TEST,
    TRIES,
    TRIPLES,
    UNIT,
    Chapter,
    _narrow,
    excepted,
)

MOST = LINES * FAMILIES  # hypotheses kept at a time
EXCEPTION = ASKED  # place of the exception among the parts of a hypothesis; the families come before
VALUES = (FAMILIES, FAMILIES, FAMILIES, EXCEPTIONS)  # of every part
SAMPLE = 12  # hypotheses by which a test is chosen
REACH = 2  # digits changed for a test, at most
CURIOSITY = 0.12  # least doubt that is worth a test
EFFORT = 0.02  # doubt that is worth a step
ENOUGH = -1  # `target` once no test is worth its cost

# The rules that are still possible on a page are the bits of a mask: bit 0 to 6, or bit 7 * (one rule) + (the other).
ALL = (1 << SIZE) - 1
ALL_PAIRS = (1 << SIZE * SIZE) - 1
NARROW = (_narrow.transpose(0, 2, 1) << np.arange(SIZE)).sum(2).astype(np.int8)
"""The narrow rules that say "in", by family and triple of points."""
_bits = np.arange(1 << SIZE)[:, None] >> np.arange(SIZE) & 1
ONE = (_bits * ALL << SIZE * np.arange(SIZE)).sum(1)
"""The pairs whose one rule is of a mask."""
TWO = np.arange(1 << SIZE) * (1 << SIZE * np.arange(SIZE)).sum()
"""The pairs whose other rule is of a mask."""
CHUNK = 2 * SIZE
LAST = (1 << CHUNK) - 1
COUNT = np.array([mask.bit_count() for mask in range(1 << CHUNK)], np.int8)
"""Number of bits, CHUNK at a time."""

_width = _narrow.mean()  # share of triples that a narrow rule says "in" of
_width = np.where(FORMS[:, BROAD] == 1, 1.0 - _width, _width)
_width = np.where(FORMS[:, JOIN] == AND, _width**2, np.where(FORMS[:, JOIN] == OR, 1.0 - (1.0 - _width) ** 2, _width))
_dealt_in = (1.0 - (1.0 - _width) ** TRIES + _width**TRIES) / 2.0
BIAS = _dealt_in / _width / ((1.0 - _dealt_in) / (1.0 - _width))
"""By how much likelier a triple that is in comes up as a probe than one that is out, by form."""

NOTES = (
    Field("known", "i4", "1 for every part of an edition that the hypotheses name", (len(VALUES),)),
    Field("count", "i4", "hypotheses that are still possible"),
    Field("line", "i1", "their lines", (MOST,)),
    Field("part", "i1", "their families 1 to 3 and exceptions", (MOST, len(VALUES))),
    Field("weight", "f8", "belief in them, for each rule still possible on this page", (MOST,)),
    Field("rules", "i8", "this page: the rules still possible under each", (MOST,)),
    Field("chapter", "f8", "chapter of the last page"),
    Field("form", "i4", "this page: row of FORMS"),
    Field("target", "i4", "this page: 1 + triple to test, 0 while none is chosen, ENOUGH after the last", page=True),
)


@rule
def members(mask: int) -> int:
    """Return the number of rules in a mask."""
    total = 0
    while mask > 0:
        total += int(COUNT[mask & LAST])
        mask >>= CHUNK
    return total


@rule
def move(n: Record, source: int, target: int) -> None:
    """Copy a hypothesis to another place in the notes."""
    n.line[target] = n.line[source]
    n.weight[target] = n.weight[source]
    n.rules[target] = n.rules[source]
    for part in range(len(VALUES)):
        n.part[target, part] = n.part[source, part]


@rule
def thin(n: Record, most: int) -> None:
    """Keep a sample of at most `most` hypotheses, evenly spaced in belief: systematic resampling, in place."""
    total = 0.0
    for h in range(n.count):
        total += n.weight[h]
    spacing = total / most
    nearest = uniform(n) * spacing
    passed, kept = 0.0, 0
    for h in range(n.count):
        passed += n.weight[h]
        times = 0
        while nearest < passed:
            times += 1
            nearest += spacing
        if times > 0 and kept < most:
            move(n, h, kept)
            n.weight[kept] = times
            kept += 1
    n.count = kept


@rule
def extend(n: Record, part: int) -> None:
    """Split every hypothesis by what a part that they do not name yet may be."""
    if n.known[part] == 1:
        return
    values = VALUES[part]
    if n.count * values > MOST:
        thin(n, MOST // values)
    for h in range(n.count - 1, -1, -1):
        for value in range(values - 1, -1, -1):
            move(n, h, values * h + value)
            n.part[values * h + value, part] = value
    n.count *= values
    n.known[part] = 1


@rule
def open_page(p: Chapter, n: Record, o: Record) -> None:
    """Read the cue; believe of the edition what the last page says, summed over its rules."""
    for form in range(p.first, p.last + 1):
        fits = o.broad == FORMS[form, BROAD] and o.join == FORMS[form, JOIN]
        for f in range(ASKED):
            fits = fits and o.families[f] == ASKS[form, f]
        if fits:
            n.form = form
    if n.lacks == Ability.GENERALISATION and n.chapter != o.chapter:  # these rules are made in another way
        n.count = 0
    n.chapter = o.chapter
    if n.count == 0:  # nothing known yet, or every hypothesis of a sample has failed
        for part in range(len(VALUES)):
            n.known[part] = 0
        n.count = LINES
        for h in range(LINES):
            n.line[h] = h
            n.rules[h] = 1
            n.weight[h] = 1.0
    for h in range(n.count):
        n.weight[h] *= members(n.rules[h])
    belief.normalise(n.weight, n.count)
    extend(n, FORMS[n.form, FIRST])
    extend(n, FORMS[n.form, SECOND])
    if p.exception == 1:
        extend(n, EXCEPTION)
    for h in range(n.count):
        n.rules[h] = ALL if o.join == 0.0 else ALL_PAIRS


@rule
def accepting(p: Chapter, n: Record, h: int, triple: int, form: int) -> int:
    """Return the rules of a form that say "in" of a triple of digits under hypothesis `h`."""
    points = READ[n.line[h], triple]
    mask = int(NARROW[n.part[h, FORMS[form, FIRST]], points])
    every = ALL
    opposite = FORMS[form, BROAD] == 1
    if FORMS[form, JOIN] != 0:  # two broad rules say "in" where neither of their narrow opposites does
        other = int(NARROW[n.part[h, FORMS[form, SECOND]], points])
        mask = ONE[ALL - mask] & TWO[ALL - other]
        every = ALL_PAIRS
        opposite = FORMS[form, JOIN] == OR
    if p.exception == 1 and excepted(n.part[h, EXCEPTION], triple):
        opposite = not opposite
    return every - mask if opposite else mask


@rule
def predict(p: Chapter, n: Record, triple: int, sample: int) -> float:
    """Return the chance that a triple is in, by about `sample` of the hypotheses."""
    inside, total, form = 0.0, 0.0, n.form
    for h in range(0, n.count, 1 + n.count // sample):
        inside += n.weight[h] * members(n.rules[h] & accepting(p, n, h, triple, form))
        total += n.weight[h] * members(n.rules[h])
    return inside / total if total > 0.0 else 0.5


@rule
def triple_of(digits: Record) -> int:
    """Return the triple that a signal shows."""
    triple = 0
    for i in range(PLACES):
        for d in range(DIGITS):
            if digits[i, d] == 1.0:
                triple += d * UNIT[i]
    return triple


@rule
def study(p: Chapter, n: Record, before: Record, action: int, o: Record) -> None:
    """Strike out what the verdict on a triple rules out."""
    verdict = o.result + o.verdict
    if verdict == 0.0:
        return
    triple = triple_of(before.board) if action == TEST else triple_of(before.probe)
    kept, form = 0, n.form
    for h in range(n.count):
        mask = accepting(p, n, h, triple, form)
        n.rules[h] &= mask if verdict > 0.0 else ~mask
        if n.rules[h] > 0:
            move(n, h, kept)
            kept += 1
    n.count = kept
    n.target = 0


@rule
def choose_test(p: Chapter, n: Record, o: Record) -> None:
    """Set `target` to the triple of most doubt within reach, if that is worth a test."""
    board = triple_of(o.board)
    reach = min(REACH, round(o.left * p.limit) - PROBES - 1)
    n.target = ENOUGH
    best = CURIOSITY
    for triple in range(TRIPLES):
        changes = 0
        for i in range(PLACES):
            changes += DIGIT[triple, i] != DIGIT[board, i]
        if changes <= reach:
            inside = predict(p, n, triple, SAMPLE)
            worth = min(inside, 1.0 - inside) - EFFORT * changes
            if worth > best:
                best = worth
                n.target = 1 + triple


@rule
def answer(p: Chapter, n: Record, o: Record) -> int:
    """Test while that is worth it, then answer with the level nearest to what is believed."""
    testing = o.tests > 0.0 and n.lacks != Ability.EXPLORATION
    if testing and n.target == 0:
        choose_test(p, n, o)
    if testing and n.target > 0:
        board = triple_of(o.board)
        for i in range(PLACES):
            digit = DIGIT[n.target - 1, i]
            if DIGIT[board, i] != digit:
                return DIGITS * i + digit
        return TEST
    inside = predict(p, n, triple_of(o.probe), MOST)
    inside = inside * BIAS[n.form] / (inside * BIAS[n.form] + 1.0 - inside)
    return ANSWER + int(CERTAIN * inside + 0.5)
