"""The words of `textbook_gym.books.alchemy`: what is told of it, and how a page is drawn."""

from textbook_gym.authoring import Record
from textbook_gym.books.alchemy import FINEST, MOST, POTIONS, SLOT, Action, Chapter
from textbook_gym.books.tables.alchemy import AXES, STONES

SEEN = (("purple", "violet", "blue"), ("small", "medium", "large"), ("pointed", "rounded", "round"))
NAMES = ("red", "green", "orange", "yellow", "pink", "turquoise", "faded", "empty")


def in_words(o: Record) -> tuple[list[str], list[str]]:
    """Return what is in the slots for stones and in those for potions."""
    stones = ["gone"] * STONES
    for i in range(STONES):
        if o.stones[i, AXES + 1] == 0.0:
            words = [SEEN[axis][round(o.stones[i, axis]) + 1] for axis in range(AXES)]
            stones[i] = f"{' '.join(words)} {round(AXES * o.stones[i, AXES]):+d}"
    tray = [-1 if o.potions[i, 1] > 0.0 else round(AXES * (o.potions[i, 0] + 1.0)) for i in range(POTIONS)]
    return stones, [NAMES[colour] for colour in tray]


def grade(o: Record) -> int:
    """Return the grade of the lens, 0 if there is none."""
    return round(o.lens * FINEST)


def draw_items(p: Chapter, o: Record) -> list[str]:
    """Return the stones as rows of characters and, in slot order, the first letters of the potions' colours."""
    stones, potions = in_words(o)
    tray = "".join("." if colour == NAMES[-1] else colour[0] for colour in potions)
    return [*(f"{name} {stone:<{2 * POTIONS}}" for name, stone in zip("ABC", stones, strict=True)), f"  {tray:<24}"]


def draw(p: Chapter, o: Record) -> list[str]:
    """Return the items as rows of characters, and the lens."""
    return [*draw_items(p, o), f"  lens {'#' * grade(o):<19}"]


def tell(p: Chapter, o: Record) -> str:
    """Return the exercise in words."""
    stones, potions = in_words(o)
    listed = "; ".join(f"{name} {stone}" for name, stone in zip("ABC", stones, strict=True))
    tray = ", ".join(f"{slot} {colour}" for slot, colour in enumerate(potions, 1))
    score = f"{round(o.score * MOST)} points" if p.told == 1 else "not shown, and stones look as they were dealt"
    return (
        f"Stones (with the sum of their coordinates): {listed}. Potions by slot: {tray}. Score so far: {score}. "
        f"Lens: {grade(o)} of {FINEST} grades."
    )


PREFACE = """You change stones with potions, then throw them into a cauldron that pays points for them.
Up to three stones lie before you: A, B and C. You see colour, size and shape of each and, behind them, its value:
-3, -1, +1 or +3. Up to twelve potions stand in slots 1 to 12. You see their colours: red, green, orange, yellow,
pink or turquoise.
A_5 gives stone A the potion in slot 5, B_5 and C_5 give it to stone B or C. The stone may change or stay as it is;
the potion is spent either way. What a colour does to a stone is for you to find out. It stays the same from exercise
to exercise. {4-6: But once in the book, when a chapter begins, some potions may stop to change some stones.}
A_CAULDRON throws stone A into the cauldron, B_CAULDRON stone B, C_CAULDRON stone C. The stone is gone, and it pays
its value: -3, -1 or +1 point; a stone of value +3 pays 15 points.
NO_OP does nothing for a step. END_TRIAL ends the exercise. Otherwise it ends when the steps are used up. A stone
that is not in the cauldron by then pays nothing. A potion for a stone that is gone, or from an empty slot, does
nothing.
A_GRIND grinds stone A, B_GRIND stone B, C_GRIND stone C. That ends the exercise: the stone is gone and pays nothing.
{3-6: In some chapters the labels of some potions are faded: the page says "faded" in place of the colour. Such a
potion works as its colour does. A lens shows you the colour: one of grade 1 reads the labels that are faded least, one
of grade 5 reads all. At first you have no lens. If you grind a stone of value +3 while a potion on the page is shown as
faded, your lens is one grade better from the next exercise to the end of the book. Otherwise nothing comes of it.}
Mark: your points as a share of the most that these stones and potions could bring within the steps allowed, at least
0. At least one stone can always be brought to value +3.
{6: Exam: there is a veil. Stones are shown as they were dealt, whatever you do to them, and the points are not shown.
That a stone is gone or a potion spent is shown. Grinding a stone makes no lens better there.}"""

STRUCTURE = """A stone is a corner of a cube with three hidden axes; its value is the sum of its coordinates. The six
colours of potions are three pairs of opposites: red and green, orange and yellow, pink and turquoise. A pair moves
stones along one axis, one colour up and the other down; a stone that is there already stays.
{4-6: From the chapter "missing edges" on some edges of the cube are missing, the same ones to the end of the book:
along them no potion moves a stone.} Colour, size and shape of stones show the corner, each perhaps turned round, and
perhaps rotated.
{3-6: Labels are faded by 0 to 2 grades in "three stones", by up to 3 in "missing edges", by up to 5 in the review and
the exam, all as likely.}"""

FORBIDDEN = ("axis", "axes", "cube", "corner", "edge", "edges", "graph", "rotation", "rotated", "latent", "coordinate")

ARGUMENTS = {"A": "target", "B": "target", "C": "target"}


def points(n: int) -> str:
    """Return a number of points in words."""
    return f"{n} point{'s' * (abs(n) != 1)}"


def ground(p: Chapter, before: Record, slot: int, o: Record) -> str:
    """Return what came of grinding a stone."""
    was = in_words(before)[0][slot]
    if was == "gone":
        return f"There is no stone {'ABC'[slot]} to grind. That ended the exercise."
    seen = f" ({was})" if p.told == 1 else ""
    comes = f"your lens is of grade {grade(o)} now" if o.lens > before.lens else "nothing came of it"
    return f"You ground stone {'ABC'[slot]}{seen}: {comes}. That ended the exercise."


def last_use(p: Chapter, before: Record, action: int, o: Record) -> str:
    """Return what the last action did."""
    if action <= Action.NO_OP:
        return "You did nothing." if action == Action.NO_OP else "You ended the exercise."
    (were, tray), (stones, _) = in_words(before), in_words(o)
    if action >= Action.A_GRIND:
        return ground(p, before, action - Action.A_GRIND, o)
    slot, place = (action - Action.A_CAULDRON) // SLOT, (action - Action.A_CAULDRON) % SLOT - 1
    stone, was, now = f"stone {'ABC'[slot]}", were[slot], stones[slot]
    if was == "gone":
        return f"There is no {stone}: nothing happened."
    seen = f" ({was})" if p.told == 1 else ""
    if place < 0:
        paid = f"it paid {points(round((o.score - before.score) * MOST))}" if p.told == 1 else "its pay is not shown"
        return f"You threw {stone}{seen} into the cauldron: {paid}."
    if tray[place] == NAMES[-1]:
        return f"Slot {place + 1} is empty: nothing happened."
    given = f"You gave {stone}{seen} the {tray[place]} potion from slot {place + 1}"
    if p.told == 0:
        return f"{given}; what it did is not shown."
    return f"{given}: nothing changed, the potion is spent." if now == was else f"{given}: it became {now}."


def say(p: Chapter, before: Record | None, action: int | None, o: Record) -> str:
    """Return what the last action did, then what lies on the table."""
    said = []
    if before is not None:
        said.append("You did nothing; a step went by." if action is None else last_use(p, before, action, o))
    stones, potions = in_words(o)
    here = [f"{name} is {stone}" for name, stone in zip("ABC", stones, strict=True) if stone != "gone"]
    full = [f"{slot} {colour}" for slot, colour in enumerate(potions, 1) if colour != NAMES[-1]]
    dealt = "" if p.told == 1 else ", shown as dealt"
    left = round(o.left * p.limit)
    said.append(f"Stones{dealt}: {'; '.join(here) or 'none'}. Potions by slot: {', '.join(full) or 'none'}.")
    said.append(f"Score: {points(round(o.score * MOST)) if p.told == 1 else 'not shown'}.")
    if p.faded > 0 or grade(o) > 0:
        said.append(f"Your lens: grade {grade(o)} of {FINEST}." if grade(o) > 0 else "You have no lens.")
    said.append(f"Steps left: {left}." if left else "The exercise is over.")
    return " ".join(said)
