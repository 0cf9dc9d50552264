"""The words of `textbook_gym.books.bandits`: what is told of it, and how a page is drawn."""

from textbook_gym.authoring import Record
from textbook_gym.books.bandits import ARMS, SEASONS, Chapter


def draw(p: Chapter, o: Record) -> list[str]:
    """Return the machine as rows of characters: open arms, the seasons of the cue, the last payoff."""
    arms = round(o.arms * ARMS)
    lamp = {1.0: "$", -1.0: ".", 0.0: " "}[o.payoff]
    return [
        "+-------------+",
        "| " + " ".join("ABCDEF"[a] if a < arms else "x" for a in range(ARMS)) + " |",
        "| " + " ".join("|" if a < arms else " " for a in range(ARMS)) + " |",
        "+-------------+",
        "  cue  " + "".join("0123"[c] if o.cue[c] > 0.0 else "-" for c in range(SEASONS)) + "    ",
        f"  paid [{lamp}]     ",
    ]


def tell(p: Chapter, o: Record) -> str:
    """Return the exercise in words."""
    seasons = " and ".join(f"season {c}" for c in range(SEASONS) if o.cue[c] > 0.0)
    payoff = {1.0: "it paid", -1.0: "it paid nothing", 0.0: "not shown"}[o.payoff]
    return f"The cue shows {seasons}. Arms open: {round(o.arms * ARMS)} of {ARMS}. Payoff of the last pull: {payoff}."


PREFACE = """You stand before a machine with six arms, A to F.
A cue shows the season of the exercise: season 0, 1, 2 or 3. It stays the same until the exercise ends.
PULL_A pulls arm A, and so on; one pull a step. A pull pays 1 or nothing, by chance. Every arm has a chance of its
own to pay; it need not be the same in another season. These chances stay the same from exercise to exercise.
{1-3 & 4-6: But once in the book, when a chapter begins, those in most of the seasons change.}
{1: In one chapter only arms A, B and C are open: an arm that is not open pays nothing.}
After each pull you are told whether it paid.
The exercise ends when the pulls allowed are used up. A step without a pull is lost.
Mark: every pull counts the chance of its arm to pay, not its luck, on a scale from 0 (the worst arm that is open) to
1 (the best one). The mark is the mean over all pulls allowed; a lost pull counts 0{1:, and so
does a pull of an arm that is not open}.
{6: Exam: the cue shows two seasons at once, half one and half the other, as no chapter before did. There are few
pulls, and nothing is shown of what they pay.}"""

STRUCTURE = """Every arm and every season has a hidden direction in the plane, a multiple of 45 degrees. How often an
arm pays depends on the angle between the arm and the season: sigmoid(0.9 + 2.5 * cos(angle)). The four seasons lie
on four different axes. So the payoffs of an arm in two seasons tell those in all others.
{1-3 & 4-6: Once in the book all seasons but one turn round: from then on every arm pays in them as an arm of the
opposite direction did.}
{6: A cue of two seasons pays by the mean of the two log-odds.}
In season 0 the best of the arms A to C pays 71 times of 100, and one of the arms D to F at least pays more."""

FORBIDDEN = ("direction", "directions", "angle", "axis", "sky", "turned", "opposite", "cosine")

ARGUMENTS = {"PULL": "arm"}


def say(p: Chapter, before: Record | None, action: int | None, o: Record) -> str:
    """Return what the last pull brought, then cue and arms."""
    seasons = [f"season {c}" for c in range(SEASONS) if o.cue[c] > 0.0]
    cue = seasons[0] if len(seasons) == 1 else " and ".join(f"half {season}" for season in seasons)
    arms, left = round(o.arms * ARMS), round(o.left * p.limit)
    paid = {1.0: "it paid", -1.0: "it paid nothing", 0.0: "whether it paid is not shown"}[o.payoff]
    said = []
    if before is not None and action is not None:
        closed = f"You pulled arm {'ABCDEF'[action]}, which is not open: it pays nothing."
        said.append(f"You pulled arm {'ABCDEF'[action]} in {cue}: {paid}." if action < arms else closed)
    else:
        if before is not None:
            said.append("You pulled no arm; that pull is lost.")
        if o.payoff != 0.0:
            said.append(f"The pull before: {paid}.")
    said.append(f"The cue is {cue}. Arms open: {', '.join('ABCDEF'[:arms])}.")
    said.append(f"Pulls left: {left}." if left else "The exercise is over.")
    return " ".join(said)
