"""The words of `textbook_gym.books.causality`: what is told of it, and how a page is drawn."""

from textbook_gym.authoring import Record
from textbook_gym.books.causality import FOLLOWS, LIGHTS, MOST_EXPERIMENTS, OPPOSES, UNMOVED, WATCH, Chapter

NAMES = "ABCDE"
SIGNS = {1.0: "on", -1.0: "off"}


def draw(p: Chapter, o: Record) -> list[str]:
    """Return the board as rows of characters: the last experiment above, the question below."""
    lamps = [{1.0: "@", -1.0: "."}.get(o.board[i], "") for i in range(LIGHTS)]
    hands = [SIGNS.get(o.set[i], "") for i in range(LIGHTS)]
    query = ["subj" if o.subject[i] else "?" if o.asked[i] else SIGNS.get(o.held[i], "") for i in range(LIGHTS)]
    rows = (("light", list(NAMES)), ("set", hands), ("board", lamps), ("query", query))
    lines = [f"{name:6}|" + "".join(f"{cell:^5}" for cell in cells) + "|" for name, cells in rows]
    ask = f"what {'moves it' if o.backward else 'does it move'}?{'  locked' if o.locked else ''}"
    lines.append(ask.ljust(len(lines[0])))
    fee = f", fee {o.fee:.1f}" if o.fee else ""
    left = f"{round(o.wired * LIGHTS)} lights, {round(o.experiments * MOST_EXPERIMENTS)} experiments{fee}"
    return [*lines, left.ljust(len(lines[0]))]


def tell(p: Chapter, o: Record) -> str:
    """Return the exercise in words."""
    board = ", ".join(f"{NAMES[i]} {SIGNS[o.board[i]]}" for i in range(LIGHTS) if o.board[i])
    moved = "".join(f"{NAMES[i]}, {SIGNS[o.set[i]]}" for i in range(LIGHTS) if o.set[i])
    held = "".join(f"{NAMES[i]}, {SIGNS[o.held[i]]}" for i in range(LIGHTS) if o.held[i])
    asked = "".join(NAMES[i] for i in range(LIGHTS) if o.asked[i])
    subject = "".join(NAMES[i] for i in range(LIGHTS) if o.subject[i])
    question = "backward: what moves the subject?" if o.backward else "not backward: what does the subject move?"
    return (
        f"Of five lights, {round(o.wired * LIGHTS)} take part (are wired). Subject: {subject}, "
        f"{'locked' if o.locked else 'not locked'}. Question: {question} Held: {held or 'none'}. "
        f"Asked about now: {asked or 'none'}. Experiments left: {round(o.experiments * MOST_EXPERIMENTS)}. "
        f"Fee for the next: {f'{o.fee:.1f} of the mark' if o.fee else 'none'}. "
        f"Set in the last one: {moved or 'none'}. Board: {board or 'no experiment to be seen'}."
    )


PREFACE = """Before you is a board with five lights, A to E. Some lights move others: they make it likelier or less
likely that those are on. Which and how is for you to find out. A page tells how many lights take part in this
exercise; the others neither move nor are moved, and flicker at random. What moves what stays the same from exercise
to exercise.
{4-5: Only, in some chapters nothing may move a certain light for one exercise.}
Experiments. ON_A sets light A on, OFF_A sets it off, and so on for the other lights; WATCH sets nothing. Then all
other lights go on or off as they do, with some chance in it, and you see the board. Each experiment is a new draw:
boards have nothing in common but what moves what. Without experiments left, ON, OFF and WATCH do nothing but cost a
step.
{3: In one chapter the subject is locked: it cannot be set.}
Questions. Each exercise is about one light, the subject: what does it move? You judge the other lights one after the
other. FOLLOWS: the subject moves it the same way, so that it is on more often if the subject is set on than if the
subject is set off. OPPOSES: the subject moves it the other way, less often. UNMOVED: the subject does not move it.
The subject always moves at least one light.
{5: In one chapter a question may also be backward, "what moves the subject?": then judge whether the light asked
about, if it is set, moves the subject.}
The exercise ends with the last judgement, or when the steps are used up. You may judge without any experiment.
Mark: (your gain / the most that could be gained, at least 0) * (1 - price). The effect is the chance to be on if the
one that moves is set on, less the chance if it is set off. FOLLOWS gains the effect less 0.2, OPPOSES gains minus the
effect less 0.2, UNMOVED gains 0, a light not judged gains 0. The price is 0.3 * share of the experiments allowed that
you used.
{3: Where a page names a fee, the price is that fee if you make any experiment, however many.}
An example: A moves B with effect 0.8 and C with -0.4. The most is 0.6 + 0.2 = 0.8. Whoever says FOLLOWS of B and
UNMOVED of C gains 0.6; with two of six experiments used the mark is 0.6 / 0.8 * (1 - 0.3 * 2/6) = 0.675. No page
tells how a judgement did.
{6: Exam: in the question, and only there, a second light is held on or off; judge what the subject moves while that
one is held. Experiments do not hold it.}"""

STRUCTURE = """The lights have a hidden order, and each one's causes come earlier in it: the first has none, the
second none or one, the third one, the fourth two, the fifth one or two. Two causes act as "or" for all lights of an
edition, or as "and" for all of them. A light goes on when its causes act or, if it is inverted, when they do not;
with strong wires it does the opposite 1 time in 32, with weak ones 5 times. A light without causes is like a fair
coin. The first three of the order are wired first, then the fourth, then the fifth.
{4-5: In some chapters, but not in the exam, the wires of any light are loose in a quarter of the exercises.}"""

FORBIDDEN = ("strength", "inverted", "loose", "cause", "fair coin", "chain")

ARGUMENTS = {"OFF": "light", "ON": "light"}


def last_step(before: Record, action: int, o: Record, board: str) -> str:
    """Return what the last action brought: a board, or nothing to be seen."""
    light, subject = NAMES[action % LIGHTS], next(NAMES[i] for i in range(LIGHTS) if before.subject[i])
    if action > WATCH:
        asked = next((NAMES[i] for i in range(LIGHTS) if before.asked[i]), "")
        moved, by = (subject, asked) if before.backward > 0.0 else (asked, subject)
        judged = {
            FOLLOWS: f"{by} moves {moved} the same way",
            OPPOSES: f"{by} moves {moved} the other way",
            UNMOVED: f"{by} does not move {moved}",
        }
        return f"You judged: {judged[action]}."
    tried = "watch" if action == WATCH else f"set {light} {'on' if action >= LIGHTS else 'off'}"
    if not board:
        why = "no experiment is left" if before.experiments == 0.0 else f"the subject {subject} is locked"
        return f"You cannot {tried}: {why}."
    return f"Experiment, {tried if action < WATCH else 'nothing set'}: {board}."


def say(p: Chapter, before: Record | None, action: int | None, o: Record) -> str:
    """Return what the last action brought, then the question."""
    board = ", ".join(f"{NAMES[i]} {SIGNS[o.board[i]]}" for i in range(LIGHTS) if o.board[i])
    said = []
    if before is not None and action is not None:
        said.append(last_step(before, action, o, board))
    else:
        placed = "".join(f"{NAMES[i]} set {SIGNS[o.set[i]]}" for i in range(LIGHTS) if o.set[i]) or "nothing set"
        if before is not None:
            said.append("You did nothing; a step went by.")
        if board:
            said.append(f"The experiment before, {placed}: {board}.")
    held = "".join(f", while {NAMES[i]} is held {SIGNS[o.held[i]]}" for i in range(LIGHTS) if o.held[i])
    subject, asked = (next((NAMES[i] for i in range(LIGHTS) if s[i]), "") for s in (o.subject, o.asked))
    question = f"what moves {subject}" if o.backward > 0.0 else f"what does {subject} move"
    left, experiments = round(o.left * p.limit), round(o.experiments * MOST_EXPERIMENTS)
    said.append(f"Question: {question}{held}?{f' {subject} is locked: it cannot be set.' if o.locked else ''}")
    fee = f" A first experiment costs a fee of {o.fee:.1f} of the mark." if o.fee else ""
    said.append(f"Lights that take part: {round(o.wired * LIGHTS)}. Experiments left: {experiments}.{fee}")
    moved, by = (subject, asked) if o.backward > 0.0 else (asked, subject)
    judged = f"{asked} next: does {by} move {moved} the same way (FOLLOWS), the other way (OPPOSES), or not (UNMOVED)?"
    if left:
        said.append(f"Judge {judged} Steps left: {left}.")
    else:
        said.append(f"The exercise is over{f'; from {asked} on nothing was judged' if asked else ', all is judged'}.")
    return " ".join(said)
