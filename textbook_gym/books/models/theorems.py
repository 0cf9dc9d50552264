"""The model student of `textbook_gym.books.theorems`: what it assumes and does is told there."""

from textbook_gym.authoring import Ability, Field, Record, below, rule
from textbook_gym.authoring.bitset import has
from textbook_gym.books.tables.theorems import FROM, RULES, THEN, read
from textbook_gym.books.theorems import ACTIONS, CODE, DEPTH, LINES, NONE, SLOTS, TOOLS, Chapter, way

NOTES = (
    Field("tool", "i1", "order that every rule and slot is, as last seen; 0 if unknown", (TOOLS,)),
    Field("held", "i1", "order that every slot was last seen to take, 0 if none", (SLOTS,)),
    Field("struck", "i1", "1 + slot that was struck last, 0 if none"),
    Field("claim", "i1", "this page: order that the theorem is"),
    Field("refused", "i4", "this page: slots that did not take it, a set", page=True),
)


@rule
def open_page(p: Chapter, n: Record, o: Record) -> None:
    """Note what is claimed; where a lemma was struck, forget it and the rules, one of which was revised."""
    n.claim = FROM[read(o.string), read(o.goal)]
    struck = 0
    for k in range(SLOTS):
        if n.tool[RULES + k] > 0 and o.library[k] == 0.0:
            struck += 1
            n.tool[RULES + k], n.struck = 0, k + 1
        elif n.tool[RULES + k] == 0 and o.library[k] > 0.0:
            n.tool[RULES + k] = n.held[k]
    for t in range(RULES if struck == 1 and n.lacks != Ability.ADAPTATION else 0):
        n.tool[t] = 0  # more are lost only where the whole library is a new one


@rule
def study(p: Chapter, n: Record, before: Record, action: int, o: Record) -> None:
    """Note what a tool did, or whether a slot took the lemma."""
    if p.told == 0:
        return
    slot = action - TOOLS
    if before.proved > 0.0 and slot >= 0:
        if o.library[slot] > before.library[slot]:
            n.tool[RULES + slot] = n.held[slot] = n.claim
        else:
            n.refused |= 1 << slot
    elif before.proved == 0.0 and slot < 0 and (n.tool[action] == 0 or n.lacks != Ability.ADAPTATION):
        n.tool[action] = FROM[read(before.string), read(o.string)]


@rule
def place(n: Record, o: Record) -> int:
    """Return the slot to offer the lemma to: the one that took it before, or its elder, else the first that may."""
    slot, open_slots = 0, 0
    for k in range(SLOTS - 1, -1, -1):
        if o.library[k] == 0.0 and not has(n.refused, k):
            slot = k
            open_slots += 1
    sure = open_slots == 1
    if n.struck > 0 and o.library[n.struck - 1] == 0.0 and not has(n.refused, n.struck - 1):
        slot, sure = n.struck - 1, True
    for k in range(SLOTS):
        if n.held[k] == n.claim and o.library[k] == 0.0 and not has(n.refused, k):
            slot, sure = k, True
    leaves = n.lacks == Ability.SELF_IMPROVEMENT or (n.lacks == Ability.FORESIGHT and not sure)
    return NONE if leaves or open_slots == 0 else slot


@rule
def answer(p: Chapter, n: Record, o: Record) -> int:
    """File a lemma that the library lacks; else prove; else try something."""
    unknown, choice, string = 0, below(n, TOOLS), read(o.string)
    for t in range(TOOLS):
        if n.tool[t] == 0 and (t < RULES or o.library[t - RULES] > 0.0):
            unknown += 1
            choice = t if below(n, unknown) == 0 else choice
    if o.proved > 0.0:
        slot = place(n, o)
        return choice if slot == NONE else TOOLS + slot
    for i in range(LINES if p.told == 0 else 0):  # in the exam one must think what stands there
        line = round(o.proof[i] * ACTIONS)
        string = THEN[string, n.tool[line - 1]] if 0 < line <= TOOLS else string
    best, left = way(n, FROM[string, read(o.goal)], LINES), round(o.left * p.limit)
    known = 0 < best // CODE <= left and (unknown == 0 or best // CODE <= DEPTH or best // CODE == left)
    return best % CODE if known else choice
