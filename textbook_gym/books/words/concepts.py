"""The words of `textbook_gym.books.concepts`: what is told of it, and how a page is drawn."""

from textbook_gym.authoring import Record
from textbook_gym.books.concepts import ASK, BINS, FEATURES, VALUES, Action, Chapter

COUNTS = ("one", "two", "three")
COLOURS = ("green", "red", "black")
FIGURES = ("triangle", "circle", "square")
ASKS = {1.0: "asked", -1.0: "asked and negated", 0.0: "not asked, or not named"}


def shown_by(o: Record) -> list[int]:
    """Return number, colour, figure and borders of the card."""
    return [value % VALUES for value in range(FEATURES * VALUES) if o.card[value] > 0.0]


def draw(p: Chapter, o: Record) -> list[str]:
    """Return the card with its figures and borders, the cue, and what came of the last card, as rows of characters."""
    number, colour, figure, borders = shown_by(o)
    edge, figures = "|" * (borders + 1), " ".join("^o#"[figure] * (number + 1))
    asked = ["!" * (ask < 0.0) + name for name, ask in (("A", o.question_a), ("B", o.question_b)) if ask]
    cue = {1.0: " and ", -1.0: " or ", 0.0: ""}[o.join].join(asked) or "?"
    cue += " x C" * (o.cross > 0.0) + " but X" * (o.exception > 0.0)
    bins = " ".join(f"[{b + 1}]" if o.right_bin[b] else f" {b + 1} " for b in range(BINS))
    last = {1.0: " *", -1.0: " .", 0.0: "  "}[o.verdict]
    line = "+-------------+"
    rows = (line, f"{edge:<3} {figures:^5} {edge:>3}", COLOURS[colour], line, cue, bins + last)
    return [f"{row:^19}" for row in rows]


def tell(p: Chapter, o: Record) -> str:
    """Return the exercise in words."""
    number, colour, figure, borders = shown_by(o)
    card = f"{COUNTS[number]} {COLOURS[colour]} {FIGURES[figure]}{'s' * (number > 0)}"
    card += f" with {COUNTS[borders]} border{'s' * (borders > 0)}"
    join = {1.0: "and, both answers must be yes", -1.0: "or, one yes is enough", 0.0: "none"}[o.join]
    right = [f"bin {b + 1}" for b in range(BINS) if o.right_bin[b] > 0.0] or ["not shown"]
    verdict = {1.0: "looks right", -1.0: "wrong", 0.0: "not shown"}[o.verdict]
    return (
        f"Card: {card}. Question A: {ASKS[o.question_a]}. Question B: {ASKS[o.question_b]}. Join: {join}. "
        f"Cross with question C: {'yes' if o.cross else 'no'}. Exception: {'holds' if o.exception else 'no'}. "
        f"Right bin of the last card: {right[0]}. Verdict on it: {verdict}."
    )


PREFACE = """You sort cards into four bins. A card shows one, two or three triangles, circles or squares, all of one
colour (green, red or black), inside one, two or three borders.
BIN_1, BIN_2, BIN_3 and BIN_4 put the card into that bin. Each card belongs in one bin, by the rule of the exercise.
HINT has the card sorted for you: it looks right, but you are not told its bin, and the mark counts it as wrong.
ASK is the opposite: you are told the bin of the card, but it is put into none, and the mark counts it as wrong.
After each card comes the next one, and you are told whether the card was right and in which bin it belonged.
{2: In one chapter you are told nothing unless you ask.}
The exercise ends when the cards are used up. A step without an answer is lost: one card fewer is sorted.
A page names the rule in these words. Question A and question B ask something of a card, and the answer is yes or no.
{6: A question may be negated, and two may be joined: both answers must be yes, or one yes is enough.}
{3-6: "Crossed with question C" means that the answer to C counts, too.}
{4-6: "With the exception" means that the exception holds.}
What the questions ask{4-6:, what the exception is} and which bin stands for what is for you to find out. It stays the
same in all exercises.
{1-4 & 5-6: Only the bins change places once, when a chapter begins: all that belonged in one bin then belongs in one
other, or in the same, and so it stays to the end.}
{5: In one chapter no rule is named: one of the rules named before is in force, and it may change between two cards
without a word.}
{1-4 & 5: From there on the bins have changed places.}
Mark: the share of the cards that you put into the right bin yourself.
{6: Exam: the page names a rule never met before, put together from the questions and the exception that you know.
You are told nothing of how you did, even if you ask.}"""

STRUCTURE = """Question A asks whether a card has one certain value of one feature (number, colour, figure or
borders). Question B asks whether a card has one of four certain pairs of values of two features. Question C asks for
one value of another feature than A, the exception for one value of a third feature. Without a cross there is one bin
for no and one for yes, the same two for A and B. With a cross each of the four pairs of answers (A or what else is
asked, then C) has a bin of its own. Cards of the exception all go to one bin, whatever the questions say."""

FORBIDDEN = ("feature", "features", "pair", "pairs", "slot", "conjunction")

ARGUMENTS = {"BIN": "bin"}


def card_in(o: Record) -> str:
    """Return the card in words."""
    number, colour, figure, borders = shown_by(o)
    figures = f"{COUNTS[number]} {COLOURS[colour]} {FIGURES[figure]}{'s' * (number > 0)}"
    return f"{figures} in {COUNTS[borders]} border{'s' * (borders > 0)}"


def rule_in(o: Record) -> str:
    """Return the rule as the page names it."""
    asked = [
        f"question {name}{' negated' * (ask < 0.0)}" for name, ask in (("A", o.question_a), ("B", o.question_b)) if ask
    ]
    if not asked:
        return "not named"
    rule_named = {1.0: " and ", -1.0: " or ", 0.0: ""}[o.join].join(asked)
    rule_named += {1.0: " (both answers must be yes)", -1.0: " (one yes is enough)", 0.0: ""}[o.join]
    return rule_named + ", crossed with question C" * (o.cross > 0.0) + ", with the exception" * (o.exception > 0.0)


def say(p: Chapter, before: Record | None, action: int | None, o: Record) -> str:
    """Return where the last card belonged, then the rule and the next card."""
    bins = [f"bin {b + 1}" for b in range(BINS) if o.right_bin[b] > 0.0]
    said = []
    if before is None or action is None:
        if before is not None:
            said.append("You put the card nowhere; the step is lost.")
        if o.verdict != 0.0 or bins:
            where = f"it belonged in {bins[0]}" if bins else "its bin is not shown"
            looked = {1.0: "looked right", -1.0: "was wrong", 0.0: "was asked about"}[o.verdict]
            said.append(f"The card before {looked}; {where}.")
    elif action == ASK:
        where = f"it belongs in {bins[0]}" if bins else "its bin is not shown"
        said.append(f"You asked about {card_in(before)}: {where}. The card counts as wrong.")
    elif action == Action.HINT:
        looks = "It looks right, but counts as wrong" if o.verdict > 0.0 else "It counts as wrong"
        said.append(f"You took a hint for {card_in(before)}. {looks}; its bin is not shown.")
    else:
        verdict = {1.0: "right", -1.0: "wrong", 0.0: "whether that is right is not shown"}[o.verdict]
        said.append(f"You chose bin {action + 1}: {verdict}.")
        belongs = "belongs" if before.card[0] > 0.0 else "belong"
        if bins:
            said.append(f"{card_in(before).capitalize()} {belongs} in {bins[0]}.")
    left = round(o.left * p.limit)
    said.append(f"Rule: {rule_in(o)}.")
    if left:
        said.append(f"Now the card is {card_in(o)}. Cards left: {left}.")
    else:
        said.append(f"The exercise is over. The card that shows, {card_in(o)}, is not to be sorted.")
    return " ".join(said)
