"""The words of `textbook_gym.books.crafting`: what is told of it, and how a page is drawn."""

from textbook_gym.authoring import Record
from textbook_gym.books.crafting import FRESH, GAUGE, ITEMS, NEWER, OLDER, PARTS, Action, Chapter

NAMES = "ABCDEFGHIJKLMNOP"


def draw(p: Chapter, o: Record) -> list[str]:
    """Return the workshop as rows of characters: the shelf (small if just made), the order, the bench."""
    edge = "+-------+" + "-" * ITEMS + "+"
    shelf = "".join({0.0: ".", FRESH: c.lower()}.get(o.stock[i], c) for i, c in enumerate(NAMES))
    order = "".join(c if o.order[i] == 1.0 else " " for i, c in enumerate(NAMES))
    bench = "".join(NAMES[i] for share in (OLDER, NEWER) for i in range(ITEMS) if o.bench[i] == share)
    spark = "* spark *" * (o.spark == 1.0)
    fits = "".join(c if o.fits[i] == 1.0 else " " for i, c in enumerate(NAMES))
    gauge = "#" * round(o.gauge * GAUGE)
    rows = [edge, f"| shelf |{shelf}|", f"| order |{order}|", f"| bench |[{bench:2}] {spark:11}|"]
    return [*rows, f"| gauge |{gauge:{ITEMS}}|", f"| fits  |{fits}|", edge]


def tell(p: Chapter, o: Record) -> str:
    """Return the exercise in words."""
    order = " and ".join(c for i, c in enumerate(NAMES) if o.order[i] == 1.0)
    stock = ", ".join(c + " (just made)" * (o.stock[i] == FRESH) for i, c in enumerate(NAMES) if o.stock[i] > 0.0)
    bench = ", then ".join(NAMES[i] for share in (OLDER, NEWER) for i in range(ITEMS) if o.bench[i] == share)
    spark = "yes, they belong together, but at another station" if o.spark == 1.0 else "none"
    fits = ", ".join(c for i, c in enumerate(NAMES) if o.fits[i] == 1.0)
    return (
        f"The order: {order}. Stock{' at first' * (1 - p.told)}: {stock}. Bench: {bench or 'empty'}. Spark: {spark}. "
        f"Gauge: {round(o.gauge * GAUGE)} of {GAUGE} steps built. Fits the item picked last: {fits or 'nothing shown'}."
    )


PREFACE = """You work in a workshop with items A to P and three stations. An exercise orders one item{5-6: or two}.
PICK_A puts item A, which must be in stock, on the bench, and so on for the other items. The bench holds two items; a
third pick pushes the one off that lies there longest.
JOIN_1, JOIN_2 and JOIN_3 join the two items on the bench at that station. Some pairs of items make a new item, each
at one station only; which pairs and which station is for you to find out, and stays the same in all exercises.
{1-4 & 5-6: Only the stations change once, when a chapter begins; the pairs stay.}
If a pair makes an item, it goes into stock and the bench is cleared. If the two belong together but at another
station, there is a spark. Otherwise nothing comes of it. Without success the two stay on the bench. Nothing is ever
used up: an item in stock can be picked again and again. What you made is in stock until the exercise ends, not longer.
BUILD does one step of six at a gauge, which no order asks for. Once it is built it stays to the end of the book; one
that is not finished in an exercise is lost. The gauge shows, whenever you pick an item, which items belong together
with it (those in stock and those that can be made, for what the chapter or an earlier one orders). The steps of BUILD
count as all others do.
HAND_IN hands in and ends the exercise, be the order complete or not. Otherwise it ends when the steps are used up.
Mark: if all that was ordered was made and handed in, the fewest steps possible divided by the steps that you took;
else 0. Every item to be made takes two picks and a join; handing in takes one step more.
{6: Exam: two items are ordered. It is not shown what you make, nor sparks; the stock is shown as it was at first. Any
item can be picked (joining works only if both are there), every join clears the bench, and the gauge shows nothing.}"""

STRUCTURE = """Four items are materials; three parts are each made of two materials, three tools of a part and a
material, two machines of a tool and a part. All parts are made at one station, all tools at another, all machines at
the third.
{1-4 & 5-6: Once in the book, when a chapter begins, each of them gets another station than before.}
Four more items are stand-ins: each serves wherever one certain material does."""

FORBIDDEN = ("tier", "rank", "material", "materials", "stand-in", "stand-ins", "recipe", "recipes")

ARGUMENTS = {"PICK": "item", "JOIN": "station"}


def lie(o: Record) -> list[str]:
    """Return the items on the bench, the one picked last behind the other."""
    return [NAMES[i] for share in (OLDER, NEWER) for i in range(ITEMS) if o.bench[i] == share]


def last_operation(p: Chapter, before: Record, action: int, o: Record) -> str:
    """Return what the last action brought."""
    if action == Action.HAND_IN:
        lacking = [c for i, c in enumerate(NAMES) if o.order[i] == 1.0 and o.stock[i] == 0.0]
        if p.told == 0:
            return "You handed in; whether the order was complete is not shown."
        return f"You handed in: {' and '.join(lacking) + ' not made' if lacking else 'the order was complete'}."
    if action == Action.BUILD:
        if before.gauge == 1.0:
            return "The gauge was built already: nothing happened."
        done = round(o.gauge * GAUGE)
        return "The gauge is built." if done == GAUGE else f"You did step {done} of {GAUGE} of the gauge."
    if action < Action.JOIN_1:
        if p.told == 1 and before.stock[action] == 0.0:
            return f"{NAMES[action]} is not in stock: nothing happened."
        return f"You picked {NAMES[action]}."
    station, on = action - Action.JOIN_1 + 1, lie(before)
    made = [c for i, c in enumerate(NAMES) if o.stock[i] == FRESH]
    joined = f"You joined {' and '.join(on) or 'nothing'} at station {station}"
    if p.told == 0:
        return f"{joined}; what came of it is not shown."
    if len(on) < PARTS:
        return f"Station {station} needs two different items on the bench: nothing happened."
    if made:
        return f"{joined}: they made {made[0]}."
    nothing = "nothing comes of these two, here or at any other station"
    return f"{joined}: {'a spark, they belong together, but at another station' if o.spark == 1.0 else nothing}."


def say(p: Chapter, before: Record | None, action: int | None, o: Record) -> str:
    """Return what the last action brought, then order, stock and bench."""
    order = " and ".join(c for i, c in enumerate(NAMES) if o.order[i] == 1.0)
    stock = ", ".join(c + " (just made)" * (o.stock[i] == FRESH) for i, c in enumerate(NAMES) if o.stock[i] > 0.0)
    said = []
    if before is not None and action is not None:
        said.append(last_operation(p, before, action, o))
    else:
        if before is not None:
            said.append("You did nothing; a step went by.")
        if o.spark == 1.0:
            said.append("There is still the spark of the step before.")
    left = round(o.left * p.limit)
    said.append(f"Order: {order}. Stock{'' if p.told == 1 else ' at first'}: {stock}.")
    said.append(f"Bench: {', then '.join(lie(o)) or 'empty'}.")
    if o.gauge < 1.0:
        said += [f"Gauge: {round(o.gauge * GAUGE)} of {GAUGE} steps built."] * (o.gauge > 0.0)
    elif p.told == 0:
        said.append("The gauge shows nothing in the exam.")
    else:
        fits = [c for i, c in enumerate(NAMES) if o.fits[i] == 1.0]
        found = f"{lie(o)[-1]} belongs together with {' or '.join(fits) or 'nothing'}" if lie(o) else "nothing picked"
        said.append(f"Gauge: {found}.")
    over = "The exercise is over." if action == Action.HAND_IN else "The exercise is over: nothing was handed in."
    said.append(f"Steps left: {left}." if left else over)
    return " ".join(said)
