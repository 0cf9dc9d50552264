"""The model student of `textbook_gym.books.concepts`: what it assumes and does is told there."""

import numpy as np

from textbook_gym.authoring import Field, Record, belief, rule
from textbook_gym.books.concepts import (
    BINS,
    BY_A,
    BY_ALL,
    BY_B,
    BY_CROSS,
    EXCEPTION,
    FEATURES,
    FORMS,
    HAS,
    NO,
    QUESTION_A,
    QUESTION_C,
    SETS,
    SLOT,
    SLOTS,
    TAUGHT,
    VALUES,
    Chapter,
)

# A sketch is a rule of a taught form but for its bins: it names the slot of every card. Sketches grow by chapter.
_ask = range(FEATURES * VALUES)
_couples = [(a, c) for a in _ask for c in _ask if a // VALUES != c // VALUES]
_triples = [(a, c, x) for a, c in _couples for x in _ask if x // VALUES not in (a // VALUES, c // VALUES)]
_ideas = [(BY_A, (a, 0, 0), 0) for a in _ask] + [(BY_B, (0, 0, 0), b) for b in range(len(SETS))]
_ideas += [(BY_CROSS, (a, c, 0), 0) for a, c in _couples] + [(BY_ALL, asked, 0) for asked in _triples]
SKETCHES = len(_ideas)
START = np.searchsorted([form for form, _, _ in _ideas], range(TAUGHT + 1))
"""First sketch of every form; those of one form follow each other."""
ASKED = np.array([asked for _, asked, _ in _ideas])
"""What a sketch has in the place of `asked`, 0 for what its form does not ask."""
PLACE = np.array([SLOT[f, HAS[:, x], HAS[:, a], SETS[b], HAS[:, c]] for f, (a, c, x), b in _ideas], np.int8)
"""Slot of every card under every sketch."""
_origin = [START[BY_CROSS] + _couples.index((a, c)) for a, c, _ in _triples]
PARENT = np.array([-1] * START[BY_CROSS] + [a for a, _ in _couples] + _origin)
"""The sketch that a sketch extends by its last idea, -1 if none."""
BEFORE = (-1, BY_A, BY_A, BY_CROSS)  # by form: the one whose ideas or bins it takes over
FORM_OF = np.zeros((3, 3, 3, 2, 2), int)
FORM_OF[tuple(FORMS.T)] = range(len(FORMS))
"""Form by the values of the cue; -1 counts from the end."""
FREE = np.array([BINS - mask.bit_count() for mask in range(1 << BINS)])
"""Bins left, by the bins taken."""
# What is known of a sketch's bins is one number: by slot, from bit DIGIT on, 1 + bin or 0 while unknown; and by kind of
# slot, from bit TAKEN on, the bins known, since those of one kind (with a cross, without one, the exception) differ.
DIGIT = tuple(3 * slot for slot in range(SLOTS))
TAKEN = tuple(3 * SLOTS + BINS * kind for kind in (0, 0, 0, 0, 1, 1, 2))
DIGITS, MASK = 7, (1 << BINS) - 1

NOTES = (
    Field("studied", "i1", "1 once the form's own chapter was opened: what is known of it is kept", (TAUGHT,)),
    Field("weight", "f8", "likelihood of every sketch, 0 once refuted", (SKETCHES,)),
    Field("total", "f8", "sum of a form's weights", (TAUGHT,)),
    Field("known", "i8", "what is known of every sketch's bins, see DIGIT", (SKETCHES,)),
    Field("active", "f8", "this page: belief that a form is in force", (TAUGHT,)),
    Field("belief", "f8", "this page: belief that the card belongs in a bin", (BINS,)),
)


@rule
def card_of(o: Record) -> int:
    """Return the number of the card shown."""
    card = 0
    for value in range(FEATURES * VALUES):
        if o.card[value] > 0.0:
            card = VALUES * card + value % VALUES
    return card


@rule
def lead(n: Record, form: int) -> int:
    """Return the likeliest sketch of a form."""
    best = int(START[form])
    for h in range(START[form], START[form + 1]):
        if n.weight[h] > n.weight[best]:
            best = h
    return best


@rule
def start(n: Record, form: int) -> None:
    """Begin with a form: take every sketch that goes with what is known of the form before."""
    before = max(BEFORE[form], 0)
    best = lead(n, before)
    known = before < form and n.studied[before] == 1 and (PARENT[START[form]] >= 0 or n.weight[best] == n.total[before])
    n.total[form] = 0.0
    for h in range(START[form], START[form + 1]):
        parent = int(PARENT[h]) if PARENT[h] >= 0 else best
        n.weight[h] = n.weight[parent] if known else 1.0
        n.total[form] += n.weight[h]
        n.known[h] = n.known[parent] if known else 0


@rule
def chance_of(known: int, slot: int, b: int) -> float:
    """Return the chance that a slot has bin `b`, from what is known of a sketch's bins."""
    digit = (known >> DIGIT[slot]) & DIGITS
    taken = (known >> TAKEN[slot]) & MASK
    if digit > 0 or (taken >> b) & 1 == 1:
        return 1.0 if digit == b + 1 else 0.0
    return 1.0 / FREE[taken]


@rule
def evidence(n: Record, form: int, card: int, b: int, learning: bool) -> float:
    """Return how likely a form held bin `b` for the card; if learning, weigh its sketches by that."""
    before, after = n.total[form], 0.0
    for h in range(START[form], START[form + 1]):
        if n.weight[h] > 0.0:
            slot = int(PLACE[h, card])
            likelihood = n.weight[h] * chance_of(n.known[h], slot, b)
            after += likelihood
            if learning:
                n.weight[h] = likelihood
                n.known[h] |= (b + 1) << DIGIT[slot] | 1 << (TAKEN[slot] + b)
    if learning:
        n.total[form] = after
    return after / before


@rule
def open_page(p: Chapter, n: Record, o: Record) -> None:
    """Make ready the forms that may occur; only a chapter about one of them is kept in the notes."""
    for form in range(p.first, min(p.last + 1, TAUGHT)):
        n.active[form] = 1.0 / (p.last - p.first + 1)
        if n.studied[form] == 0:
            start(n, form)
            n.studied[form] = 1 if p.first == p.last else 0


@rule
def study(p: Chapter, n: Record, before: Record, action: int, o: Record) -> None:
    """Learn from one card."""
    right = -1
    for b in range(BINS):
        if o.right_bin[b] > 0.0:
            right = b
    if right < 0:
        return
    card = card_of(before)
    total = 0.0
    for form in range(p.first, p.last + 1):
        learning = p.first == p.last or n.studied[form] == 0
        fit = evidence(n, form, card, right, learning)
        if learning and fit == 0.0:  # not this form, or no longer: it may have begun with this card
            start(n, form)
            if evidence(n, form, card, right, learning) == 0.0:
                start(n, form)
        n.active[form] *= fit
        total += n.active[form]
    forms = p.last - p.first + 1
    for form in range(p.first, p.last + 1):
        share = n.active[form] / total if total > 0.0 else 1.0 / forms
        n.active[form] = (1.0 - p.drift) * share + p.drift * (1.0 - share) / max(forms - 1, 1)


@rule
def answer(p: Chapter, n: Record, o: Record) -> int:
    """Put the card into the likeliest bin; where a cue names a new rule, into that which the likeliest ideas give."""
    card = card_of(o)
    for b in range(BINS):
        n.belief[b] = 0.0
    if p.first >= TAUGHT:
        whole = lead(n, BY_ALL)
        a, c = HAS[card, ASKED[whole, QUESTION_A]], HAS[card, ASKED[whole, QUESTION_C]]
        b = int(PLACE[lead(n, BY_B), card]) - NO
        form = FORM_OF[round(o.question_a), round(o.question_b), round(o.join), round(o.cross), round(o.exception)]
        slot = SLOT[form, HAS[card, ASKED[whole, EXCEPTION]], a, b, c]
        n.belief[max(((n.known[whole] >> DIGIT[slot]) & DIGITS) - 1, 0)] = 1.0
    for form in range(p.first, min(p.last + 1, TAUGHT)):
        for h in range(START[form], START[form + 1]):
            if n.weight[h] > 0.0:
                share = n.active[form] * n.weight[h] / n.total[form]
                for b in range(BINS):
                    n.belief[b] += share * chance_of(n.known[h], int(PLACE[h, card]), b)
    return belief.argmax(n.belief, BINS)
