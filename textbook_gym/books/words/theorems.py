"""The words of `textbook_gym.books.theorems`: what is told of it, and how a page is drawn."""

from textbook_gym.authoring import Record
from textbook_gym.books.tables.theorems import ORDER, RULES, read
from textbook_gym.books.theorems import ACTIONS, LINES, SLOTS, TOOLS, Action, Chapter


def draw(p: Chapter, o: Record) -> list[str]:
    """Return the words as rows of characters."""
    return [f"{row:100}" for row in tell(p, o).split(". ")]


def tell(p: Chapter, o: Record) -> str:
    """Return the exercise in words."""
    string, goal = (" ".join("abcde"[c] for c in ORDER[read(x)]) for x in (o.string, o.goal))
    lines = [Action(round(o.proof[i] * ACTIONS) - 1).name.lower() for i in range(LINES) if o.proof[i] > 0.0]
    slots = [str(k + 1) for k in range(SLOTS) if o.library[k] > 0.0]
    proved = "yes" if o.proved > 0.0 else "no" if p.told == 1 else "not shown"
    return (
        f"Goal: {goal}. String{'' if p.told == 1 else ' at the start, now not shown'}: {string}. Proved: {proved}. "
        f"Proof so far: {', '.join(lines).replace('_', ' ') or 'nothing'}. Lemma: {'yes' if o.lemma > 0.0 else 'no'}. "
        f"Slots filled in the library: {', '.join(slots) or 'none'}."
    )


PREFACE = """You prove theorems about strings of the symbols a, b, c, d and e, such as b a c d e.
A page shows a string and a goal. A theorem is proved when the string has become the goal.
RULE_1 to RULE_5 rewrite the string, each rule always in the same manner; what each rule does is for you to find out.
The library has six slots, empty at first. Some theorems are lemmas to be filed; the page says so. Once one is proved
you may file it: FILE_1 offers it to slot 1, and so on. Each lemma is taken in one slot alone, a different one for every
lemma; which one is for you to find out. You may offer it to slot after slot while steps are left; an action that is
not FILE leaves it unfiled. Being taken or leaving it ends the exercise. CITE_1 to CITE_6 apply the lemma in that slot:
one step does to any string what the whole proof of the lemma did. That a slot is filled is shown, but not with what.
Lemmas stay in their slots until the book ends.
{1-4 & 5-6: But once in the book, when a chapter begins, some rules are revised, and then the book strikes out a lemma
that rests on them: its slot is empty again, and takes the lemma that comes in its stead.}
CITE with an empty slot, and FILE without a lemma just proved, do nothing but cost a step.
The exercise ends with the proof (with a lemma when it is filed or left), or when the steps are used up.
Mark: the fewest steps possible divided by the steps until the goal stood there; 0 without a proof. Possible means:
with all lemmas filed that came up so far. With a lemma, the steps that you spend at filing or leaving it count too,
and one such step is among the fewest.
{6: Exam: theorems too deep for rules alone. The string stays shown as it was at the start, nothing tells how a proof
goes, and an exercise lasts until the steps are used up; steps after the proof do not count.}"""

STRUCTURE = """Each rule swaps what stands at two certain places of the string, whatever stands there. So a rule, a
lemma and a theorem are each an order of the five places. Every lemma is three rules deep; there are four lemmas in
all. The theorems of later chapters are made of lemmas and rules: one lemma and a rule or two, then two lemmas, in
the exam three.
{1-4 & 5-6: Once in the book, when a chapter begins, two rules become other swaps, and one lemma another order.}"""

FORBIDDEN = ("swap", "swaps", "swapped", "permutation", "places", "order", "unsound")

ARGUMENTS = {"RULE": "rule", "CITE": "slot", "FILE": "slot"}


def spelt(string: Record) -> str:
    """Return a string in its symbols."""
    return " ".join("abcde"[c] for c in ORDER[read(string)])


def lines_of(o: Record) -> list[str]:
    """Return the names of the steps so far."""
    return [Action(round(o.proof[i] * ACTIONS) - 1).name for i in range(LINES) if o.proof[i] > 0.0]


def offers(o: Record) -> int:
    """Return how many of the last steps offered the lemma to a slot."""
    steps = lines_of(o)
    return next((i for i, step in enumerate(reversed(steps)) if not step.startswith("FILE")), len(steps))


def last_line(p: Chapter, before: Record, action: int, o: Record) -> str:
    """Return what the last action brought."""
    name = Action(action).name
    if action >= TOOLS:
        slot = action - TOOLS + 1
        if p.told == 0:
            return f"{name}: whether anything was filed is not shown."
        if before.proved == 0.0:
            return f"{name}: there is no lemma just proved, nothing happened."
        if o.library[slot - 1] == before.library[slot - 1]:
            return f"{name}: slot {slot} does not take this lemma."
        steps = ", ".join(lines_of(before)[: len(lines_of(before)) - offers(before)])
        return f"{name}: the lemma just proved by {steps} is in slot {slot}; CITE_{slot} does the same in one step."
    if before.proved > 0.0:
        return f"{name}: the lemma was proved, and you left it unfiled."
    if action >= RULES and o.library[action - RULES] == 0.0:
        return f"{name}: slot {action - RULES + 1} is empty, nothing happened."
    if p.told == 0:
        return f"{name} was applied; what it made is not shown."
    return f"{name} turned {spelt(before.string)} into {spelt(o.string)}."


def say(p: Chapter, before: Record | None, action: int | None, o: Record) -> str:
    """Return what the last action brought, then string and goal."""
    said = []
    if before is not None:
        said.append("You did nothing; a step went by." if action is None else last_line(p, before, action, o))
    stands = "The string is" if p.told == 1 else "The string at the start was"
    said.append(f"{stands} {spelt(o.string)}. The goal is {spelt(o.goal)}.")
    slots = [str(k + 1) for k in range(SLOTS) if o.library[k] > 0.0]
    said.append(f"The theorem is {'a lemma' if o.lemma > 0.0 else 'no lemma'}.")
    said.append(f"Slots filled{' at the start' * (1 - p.told)}: {', '.join(slots) or 'none'}.")
    if lines_of(o):
        said.append(f"Steps so far: {', '.join(lines_of(o))}.")
    left = round(o.left * p.limit)
    if left and o.proved > 0.0:
        said.append("The lemma is proved: now you may file it.")
    outcome = f" The theorem is {'' if o.proved > 0.0 else 'not '}proved." if p.told == 1 else ""
    said.append(f"Steps left: {left}." if left else f"The exercise is over.{outcome}")
    return " ".join(said)
