"""The words of `textbook_gym.books.induction`: what is told of it, and how a page is drawn."""

from textbook_gym.authoring import Record
from textbook_gym.books.induction import ANSWER, ASKED, DIGITS, HINT, PLACES, PROBES, TEST, TESTS, Action, Chapter


def digits_of(signal: Record) -> str:
    """Return the triple that a signal shows in digits, dots for none."""
    return " ".join(next((str(d) for d in range(DIGITS) if signal[i, d] > 0.0), ".") for i in range(PLACES))


def draw(p: Chapter, o: Record) -> list[str]:
    """Return the page as rows of characters: the cue, the board with its lamp, the probe, what came of the last."""
    seen = {1.0: "in", -1.0: "out", 0.0: ""}
    looks = {1.0: "looks right", -1.0: "wrong", 0.0: ""}
    asked = "+".join("123"[f] for f in range(ASKED) if o.families[f] > 0.0)
    join = {1.0: ", both", -1.0: ", either", 0.0: ""}[o.join]
    rows = (
        f"{'broad' if o.broad > 0.0 else 'narrow'} {asked}{join}{', exception' if o.exception > 0.0 else ''}",
        f"board [{digits_of(o.board)}] {seen[o.result]}",
        f"tests {'T' * round(o.tests * TESTS)}",
        f"probe [{digits_of(o.probe)}] {'?' * round(o.probes * PROBES)}",
        f"last  {seen[o.verdict]} {looks[o.looks_right]}",
    )
    edge = "+-----------------------------+"
    return [edge, *(f"| {row:<{len(edge) - 4}} |" for row in rows), edge]


def tell(p: Chapter, o: Record) -> str:
    """Return the exercise in words."""
    verdict = {1.0: "in", -1.0: "out", 0.0: "none shown"}
    looks = {1.0: "yes", -1.0: "no", 0.0: "not shown"}
    join = {1.0: "both must say in", -1.0: "one is enough", 0.0: "a single rule"}
    asked = " and ".join("123"[f] for f in range(ASKED) if o.families[f] > 0.0)
    return (
        f"Families asked: {asked}; broad rules: {'yes' if o.broad > 0.0 else 'no, narrow ones'}; join: {join[o.join]}; "
        f"exception: {'holds' if o.exception > 0.0 else 'none'}. "
        f"Board: {digits_of(o.board)}; result of the test: {verdict[o.result]}; tests left: {round(o.tests * TESTS)}. "
        f"Probe to answer: {digits_of(o.probe)}; probes left: {round(o.probes * PROBES)}; verdict on the last one: "
        f"{verdict[o.verdict]}; looks right: {looks[o.looks_right]}."
    )


PREFACE = """A hidden rule says of every triple of the digits 0 to 4, such as 3 0 4, whether it is IN or OUT. Each
exercise has a rule of its own, drawn from the families that the page names. There are three families of rules,
called 1, 2 and 3; what the rules of a family look at is for you to find out, and stays the same in all exercises.
The page tells of the rule: the families it is made of, and whether narrow or broad rules (a broad rule of a family
says the opposite of a narrow one).
{3, 5-6: If there are two, the page tells whether both must say IN or one is enough.}
{5: If the page says that the exception holds, the verdict is turned round for some triples, the same ones whenever it
holds.}
First, tests. A board shows a triple. FIRST_3 sets its first digit to 3, SECOND_3 its second, THIRD_3 its third, and
so on for the digits 0 to 4; this costs a step, no mark. TEST tells whether the triple on the board is IN or OUT.
There are few tests, and your first answer puts an end to them; without tests left TEST does nothing.
Then, eight probes, one after the other, about half of them IN. Answer each with SURELY_OUT, LIKELY_OUT, LIKELY_IN or
SURELY_IN; you are then told whether it was IN or OUT. HINT looks right, but you are not told the verdict, and the
mark counts it as wrong with certainty.
The exercise ends with the eighth answer, or when the steps are used up.
Mark: 1 - (squared error of the answers) / (that of even odds) - 0.02 for every test, at least 0. "Surely" stands for
certainty, "likely" for two chances in three: right and sure is best, wrong and sure is worst. A probe not answered
counts as even odds.
{6: Exam: rules put together as no chapter before did; few tests, which answer as always; no verdicts on the probes.}"""

STRUCTURE = """The digits are mere names for five points on a line, in a hidden order that is the same in all
exercises. A family looks at one thing: the point of the digit in one place, the gap between two, the lead of one
over another, the sum of two, the spread of all three (greatest less least), or the middle one of the three. Each of
its seven narrow rules says IN for some values of that thing, for instance for 0, or for 3 and 4; each of its seven
broad rules says OUT for the same values.
{5: The exception turns the verdict round for triples with one certain digit in one certain place.}"""

FORBIDDEN = ("line", "point", "points", "gap", "lead", "sum", "spread", "middle", "median")

ARGUMENTS = {"FIRST": "digit", "SECOND": "digit", "THIRD": "digit", "SURELY": "verdict", "LIKELY": "verdict"}

CUT = {1.0: "IN", -1.0: "OUT"}


def last_verdict(before: Record, action: int, o: Record) -> str:
    """Return what the last action brought."""
    if action < ANSWER:
        return f"You set the {('first', 'second', 'third')[action // DIGITS]} digit to {action % DIGITS}."
    if action == TEST:
        tested = f"Test: {digits_of(before.board)} is {CUT.get(o.result)}."
        return tested if o.result != 0.0 else "No tests are left: nothing happened."
    probe = f"the probe {digits_of(before.probe)}"
    if action == HINT:
        looks = "it looks right, but counts as wrong" if o.looks_right > 0.0 else "it counts as wrong"
        said = f"You took a hint for {probe}: {looks}, and the verdict is not shown."
    elif o.verdict == 0.0:
        said = f"You said {Action(action).name} of {probe}. The verdict is not shown."
    else:
        right = "right" if o.looks_right > 0.0 else "wrong"
        said = f"You said {Action(action).name} of {probe}: {right}, it is {CUT[o.verdict]}."
    return said + " There are no tests any more." * (before.tests > 0.0)


def say(p: Chapter, before: Record | None, action: int | None, o: Record) -> str:
    """Return what the last action brought, then the rule, the board and the probe."""
    said = []
    if before is not None and action is not None:
        said.append(last_verdict(before, action, o))
    else:
        if before is not None:
            said.append("You did nothing; a step went by.")
        if o.result != 0.0:
            said.append(f"The test before said {CUT[o.result]}.")
        if o.looks_right != 0.0:
            verdict = f"it was {CUT[o.verdict]}" if o.verdict != 0.0 else "the verdict was not shown"
            said.append(f"The answer before {'looked right' if o.looks_right > 0.0 else 'was wrong'}; {verdict}.")
    asked = " and ".join("123"[f] for f in range(ASKED) if o.families[f] > 0.0)
    join = {1.0: "; both must say IN", -1.0: "; one that says IN is enough", 0.0: ""}[o.join]
    wide = "broad" if o.broad > 0.0 else "narrow"
    made = f"a {wide} rule of family" if o.join == 0.0 else f"{wide} rules of families"
    said.append(f"The rule: {made} {asked}{join}{'; with the exception' if o.exception > 0.0 else ''}.")
    left, probes = round(o.left * p.limit), round(o.probes * PROBES)
    said.append(f"Board: {digits_of(o.board)}. Tests left: {round(o.tests * TESTS)}.")
    probe = f"{digits_of(o.probe)} ({probes} left)" if probes else "none is left"
    said.append(f"Probe: {probe}. Steps left: {left}." if left else f"The exercise is over. Probe: {probe}.")
    return " ".join(said)
