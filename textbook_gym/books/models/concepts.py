"""The model student of `textbook_gym.books.concepts`: what it assumes and does is told there."""

import itertools

import numpy as np

from textbook_gym.authoring import Ability, Field, Record, belief, rule
from textbook_gym.books.concepts import (
    ASK,
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
    YES,
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

MOVES = np.array(list(itertools.permutations(range(BINS))))
"""Ways in which the bins may have changed places: by way and bin, where it is now; the first leaves all in place."""
WAYS = len(MOVES)
SURE = 0.9  # belief in a bin, at least, of who does not ask
ASKS = 2  # cards of an exercise that are spent on asking, at most
EARLY = 0.75  # share of a chapter after which asking no longer pays
NOTHING_KNOWN = 0.3  # belief in the likeliest bin, at most, of who knows none

NOTES = (
    Field("studied", "i1", "1 once the form's own chapter was opened: what is known of it is kept", (TAUGHT,)),
    Field("weight", "f8", "likelihood of every sketch, 0 once refuted", (SKETCHES,)),
    Field("total", "f8", "sum of a form's weights", (TAUGHT,)),
    Field("known", "i8", "what is known of every sketch's bins, see DIGIT", (SKETCHES,)),
    Field("moved", "f8", "belief in each of the MOVES, kept from page to page; all 0 before there is a doubt", (WAYS,)),
    Field("active", "f8", "this page: belief that a form is in force, the bins having moved so", (WAYS, TAUGHT)),
    Field("outlook", "f8", "scratch: chance of each bin by one form, had the bins not moved", (BINS,)),
    Field("belief", "f8", "this page: belief that the card belongs in a bin", (BINS,)),
    Field("asked", "i1", "this page: cards spent on asking", page=True),
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
def start(p: Chapter, n: Record, form: int) -> None:
    """Begin with a form: take every sketch that fits what is known of the form before, if the bins are the same."""
    before = max(BEFORE[form], 0)
    best = lead(n, before)
    known = before < form and n.studied[before] == 1 and (PARENT[START[form]] >= 0 or n.weight[best] == n.total[before])
    known = known and p.moved == 0 and n.lacks != Ability.GENERALISATION
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
def evidence(n: Record, form: int, card: int, b: int) -> float:
    """Return how likely a form held bin `b` for the card, and weigh its sketches by that."""
    before, after = n.total[form], 0.0
    for h in range(START[form], START[form + 1]):
        if n.weight[h] > 0.0:
            slot = int(PLACE[h, card])
            likelihood = n.weight[h] * chance_of(n.known[h], slot, b)
            after += likelihood
            n.weight[h] = likelihood
            n.known[h] |= (b + 1) << DIGIT[slot] | 1 << (TAKEN[slot] + b)
    n.total[form] = after
    return after / before


@rule
def ways(p: Chapter, n: Record) -> int:
    """Return the number of MOVES that are reckoned with."""
    return WAYS if p.moved == 1 and n.lacks != Ability.ADAPTATION else 1


@rule
def open_page(p: Chapter, n: Record, o: Record) -> None:
    """Make ready the forms that may occur; only a chapter about one of them is kept in the notes."""
    moves = ways(p, n)
    if moves == WAYS and n.moved[0] == 0.0 and n.moved[belief.argmax(n.moved, WAYS)] == 0.0:
        for way in range(WAYS):
            n.moved[way] = 1.0 / WAYS
    for form in range(p.first, min(p.last + 1, TAUGHT)):
        if p.first < p.last and 2.0 * n.weight[lead(n, form)] < n.total[form]:  # its chapter left it in doubt
            n.studied[form] = 0
        for way in range(moves):
            n.active[way, form] = (n.moved[way] if moves == WAYS else 1.0) / (p.last - p.first + 1)
        if n.studied[form] == 0:
            start(p, n, form)
            n.studied[form] = 1 if p.first == p.last else 0


@rule
def foresee(n: Record, form: int, card: int) -> None:
    """Set `outlook` to the chance of each bin for the card by a form."""
    for b in range(BINS):
        n.outlook[b] = 0.0
    for h in range(START[form], START[form + 1]):
        if n.weight[h] > 0.0:
            for b in range(BINS):
                n.outlook[b] += n.weight[h] / n.total[form] * chance_of(n.known[h], int(PLACE[h, card]), b)


@rule
def study(p: Chapter, n: Record, before: Record, action: int, o: Record) -> None:
    """Learn from one card."""
    if action == ASK:
        n.asked += 1
    right = -1
    for b in range(BINS):
        if o.right_bin[b] > 0.0:
            right = b
    if right < 0:
        return
    card = card_of(before)
    moves = ways(p, n)
    total = 0.0
    for form in range(p.first, p.last + 1):
        settled = p.first < p.last and n.studied[form] == 1
        fit = 0.0
        if settled:
            foresee(n, form, card)
        else:
            fit = evidence(n, form, card, right)
            if fit == 0.0:  # not this form, or no longer: it may have begun with this card
                start(p, n, form)
                if evidence(n, form, card, right) == 0.0:
                    start(p, n, form)
        for way in range(moves):
            for b in range(BINS):
                if settled and MOVES[way, b] == right:
                    fit = n.outlook[b]
            n.active[way, form] *= fit
            total += n.active[way, form]
    forms = p.last - p.first + 1
    for way in range(moves):
        share = 0.0
        for form in range(p.first, p.last + 1):
            n.active[way, form] = n.active[way, form] / total if total > 0.0 else 1.0 / (forms * moves)
            share += n.active[way, form]
        for form in range(p.first, p.last + 1):  # the next card may come under another form
            stays = n.active[way, form]
            n.active[way, form] = (1.0 - p.drift) * stays + p.drift * (share - stays) / max(forms - 1, 1)
        if moves == WAYS:
            n.moved[way] = share


@rule
def compose(n: Record, o: Record, card: int, way: int) -> int:
    """Return the bin that the likeliest ideas give a card under the rule of the cue."""
    whole, other = lead(n, BY_ALL), lead(n, BY_B)
    a, c = HAS[card, ASKED[whole, QUESTION_A]], HAS[card, ASKED[whole, QUESTION_C]]
    form = FORM_OF[round(o.question_a), round(o.question_b), round(o.join), round(o.cross), round(o.exception)]
    slot = SLOT[form, HAS[card, ASKED[whole, EXCEPTION]], a, int(PLACE[other, card]) - NO, c]
    source = other if NO <= slot <= YES else whole
    return int(MOVES[way, max(((n.known[source] >> DIGIT[slot]) & DIGITS) - 1, 0)])


@rule
def asks(p: Chapter, n: Record, o: Record) -> bool:
    """Return whether to spend a card on asking, given the belief in each bin."""
    sure = n.belief[belief.argmax(n.belief, BINS)]
    if p.asking == 0 or p.told == 1 or n.lacks == Ability.EXPLORATION:
        return False
    if n.lacks == Ability.FORESIGHT:  # to know a first bin helps with the cards at once, to know one pair more does not
        return sure <= NOTHING_KNOWN and o.left * p.limit > ASKS
    return n.asked < ASKS and sure < SURE and o.exercise <= EARLY


@rule
def answer(p: Chapter, n: Record, o: Record) -> int:
    """Put the card into the likeliest bin; where a cue names a new rule, into that which the likeliest ideas give."""
    card, moves = card_of(o), ways(p, n)
    for b in range(BINS):
        n.belief[b] = 0.0
    if p.first >= TAUGHT:
        if n.lacks != Ability.GENERALISATION:
            n.belief[compose(n, o, card, belief.argmax(n.moved, WAYS) if moves == WAYS else 0)] = 1.0
        return belief.argmax(n.belief, BINS)
    for form in range(p.first, p.last + 1):
        foresee(n, form, card)
        settled = p.first < p.last and n.studied[form] == 1
        for way in range(moves):
            for b in range(BINS):
                n.belief[MOVES[way if settled else 0, b]] += n.active[way, form] * n.outlook[b]
    return ASK if asks(p, n, o) else belief.argmax(n.belief, BINS)
