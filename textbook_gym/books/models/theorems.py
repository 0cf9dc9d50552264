"""The model student of `textbook_gym.books.theorems`: what it assumes and does is told there."""

from textbook_gym.authoring import Field, Record, below, rule
from textbook_gym.books.tables.theorems import FROM, RULES, THEN, read
from textbook_gym.books.theorems import ACTIONS, CODE, DEPTH, LINES, SLOTS, TOOLS, Chapter, way

NOTES = (
    Field("tool", "i1", "order that every rule and slot is, as last seen; 0 if unknown", (TOOLS,)),
    Field("claim", "i1", "this page: order that the theorem is"),
)


@rule
def open_page(p: Chapter, n: Record, o: Record) -> None:
    """Note what is claimed; where a lemma was struck, forget it and the rules, one of which was revised."""
    n.claim = FROM[read(o.string), read(o.goal)]
    for k in range(SLOTS):
        if n.tool[RULES + k] > 0 and o.library[k] == 0.0:
            for t in range(RULES):
                n.tool[t] = 0
            n.tool[RULES + k] = 0


@rule
def study(p: Chapter, n: Record, before: Record, action: int, o: Record) -> None:
    """Note what a tool did, or what was filed."""
    if before.proved > 0.0 and action >= TOOLS:
        n.tool[RULES + action - TOOLS] = n.claim
    elif before.proved == 0.0 and action < TOOLS and p.told == 1:
        n.tool[action] = FROM[read(before.string), read(o.string)]


@rule
def answer(p: Chapter, n: Record, o: Record) -> int:
    """File a lemma that the library lacks; else prove; else try something."""
    unknown, choice, slot, filed, string = 0, below(n, TOOLS), 0, False, read(o.string)
    for t in range(TOOLS):
        empty = t >= RULES and o.library[t - RULES] == 0.0
        slot = t - RULES if empty else slot
        filed = filed or n.tool[t] == n.claim
        if n.tool[t] == 0 and not empty:
            unknown += 1
            choice = t if below(n, unknown) == 0 else choice
    if o.proved > 0.0:
        return choice if filed else TOOLS + slot
    for i in range(LINES if p.told == 0 else 0):  # in the exam one must think what stands there
        line = round(o.proof[i] * ACTIONS)
        string = THEN[string, n.tool[line - 1]] if 0 < line <= TOOLS else string
    best, left = way(n, FROM[string, read(o.goal)], LINES), round(o.left * p.limit)
    known = 0 < best // CODE <= left and (unknown == 0 or best // CODE <= DEPTH or best // CODE == left)
    return best % CODE if known else choice
