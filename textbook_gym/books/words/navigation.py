"""The words of `textbook_gym.books.navigation`: what is told of it, and how a page is drawn."""

from textbook_gym.authoring import Record
from textbook_gym.books.navigation import ERRANDS, GOALS, LANDMARKS, OFFSET, SIZE, WAYS, Action, Chapter, cell_of

NAMES = ("A", "B", "C", "D", "E", "lamp")
SIDES = ("north", "east", "south", "west")
WIDTH = 26


def errands_in(o: Record) -> list[str]:
    """Return the names of the errands in order."""
    return [NAMES[j] for k in range(ERRANDS) for j in range(GOALS) if o.errands[k, j] > 0.0]


def draw(p: Chapter, o: Record) -> list[str]:
    """Return the room as rows of characters: the student at @, a lamp at *, the gate as # (broken: %); the page."""
    cell = cell_of(o)
    marks = {cell + OFFSET[w]: "#" if o.gate[w] > 0.0 else "%" for w in range(WAYS) if o.gate[w] != 0.0}
    if p.lamp == 1:
        marks[cell + round((SIZE * o.lamp[0] + o.lamp[1]) * (SIZE - 1))] = "*"
    marks[cell] = "@"
    here = [NAMES[k] for k in range(LANDMARKS) if o.here[k] > 0.0]
    frame = "+" + "-" * (SIZE + SIZE + 1) + "+"
    rows = [f"| {' '.join(marks.get(SIZE * r + c, '.') for c in range(SIZE))} |" for r in range(SIZE)]
    words = [*here, *["key"] * (o.key > 0.0), *["bump"] * (o.bump > 0.0)]
    page = [f"errands {'-'.join(errands_in(o))}, done {round(o.done * ERRANDS)}", " ".join(words)]
    return [line.ljust(WIDTH) for line in (frame, *rows, frame, *page)]


def tell(p: Chapter, o: Record) -> str:
    """Return the exercise in words."""
    row, column = divmod(cell_of(o), SIZE)
    south, east = round(o.lamp[0] * (SIZE - 1)), round(o.lamp[1] * (SIZE - 1))
    lamp = f"{south} rows to the south, {east} columns to the east" if p.lamp == 1 else "none"
    here = [f"landmark {NAMES[k]}" for k in range(LANDMARKS) if o.here[k] > 0.0]
    gate = [f"{SIDES[w]}, {'sound' if o.gate[w] > 0.0 else 'broken'}" for w in range(WAYS) if o.gate[w] != 0.0]
    hidden = "" if p.told == 1 else "not shown"
    return (
        f"You are in row {row} from the north, column {column} from the west, both 0 to {SIZE - 1}. "
        f"Bump: {'the last step met a wall' if o.bump > 0.0 else 'none'}. Lamp: {lamp}. "
        f"Errands: {', then '.join(errands_in(o))}. Done: {hidden or round(o.done * ERRANDS)}. "
        f"Here: {hidden or ''.join(here) or 'no landmark'}. Gate: {hidden or ''.join(gate) or 'none beside you'}. "
        f"Key: {hidden or ('carried' if o.key > 0.0 else 'not carried')}."
    )


PREFACE = """You run errands in a dark room of 7 by 7 cells. Rows are 0 (north) to 6 (south), columns 0 (west) to 6
(east). You see the cell you are in, what is in it, and the errands of the exercise: places to visit in the order
named. A place is one of the landmarks A, B, C, D and E.
{1: In one chapter it is a lamp that burns for one exercise; where the lamp burns is shown.}
PRESS_1, PRESS_2, PRESS_3 and PRESS_4 press a button. Each button moves you by one cell, always the same way; which
button goes which way is for you to find out. If a wall is in the way you bump and stay. The edge of the room is a
wall. Buttons and landmarks stay the same in all exercises, the cell you begin in and the errands change.
{3-6: In some chapters there are walls inside the room, too, always the same ones. Landmark D then lies behind a gate;
while the gate is closed it is like a wall.}
{4-6: In some chapters a key opens the gate, for one exercise; you pick the key up by walking into the cell where it
lies, which is for you to find out. FORCE, in a cell beside the gate, opens it without the key but breaks it for the
rest of the book: the key opens it no more, and every exercise that asks for D is then marked 0.}
{1-3: In some chapters FORCE does nothing.}
USE does the next errand if you are in its place, else nothing.
The exercise ends when all errands are done, or when the steps are used up.
Mark: the fewest steps possible divided by the steps that you took, USE included, if all errands are done; else 0.
{6: Exam: two errands. One way that was open before is closed. Landmarks, gate, key and errands done are not shown,
and the exercise lasts until the steps are used up; steps after the last errand do not count.}"""

STRUCTURE = """The four buttons go north, east, south and west, in a hidden order.
{3-6: The walls make a maze with some loops; D is a dead end, and the gate is the only way in.}
{4-6: The key lies at B.}
{6: The closed way of the exam lies on a short walk between landmarks; all cells can still be reached.}"""

FORBIDDEN = ("maze", "corridor", "vault", "dead end", "key lies at", "key is at")

ARGUMENTS = {"PRESS": "button"}


def cell_in(o: Record) -> str:
    """Return the own cell in words."""
    row, column = divmod(cell_of(o), SIZE)
    return f"row {row}, column {column}"


def last_walk(p: Chapter, before: Record, action: int, o: Record) -> str:
    """Return what the last action brought."""
    if action < WAYS:
        moved = cell_of(o) - cell_of(before)
        if o.bump > 0.0 or moved not in OFFSET:
            return f"Button {action + 1}: you bumped and stayed."
        found = " You picked up the key." if o.key > before.key else ""
        return f"Button {action + 1} moved you {SIDES[OFFSET.index(moved)]}.{found}"
    if p.told == 0:
        what = "the next errand was done" if action == Action.USE else "the gate was forced"
        return f"{Action(action).name}: whether {what} is not shown."
    if action == Action.USE:
        done = o.done > before.done
        return "USE: the errand is done." if done else "USE: nothing happened, the next errand is not here."
    broke = any(o.gate[w] < 0.0 < before.gate[w] for w in range(WAYS))
    if broke:
        return "FORCE: the gate is open and broken, for the rest of the book."
    return "FORCE: no gate broke." if not any(o.gate[w] < 0.0 for w in range(WAYS)) else "FORCE: the gate is open."


def say(p: Chapter, before: Record | None, action: int | None, o: Record) -> str:
    """Return what the last action brought, then the cell and the errands."""
    said = []
    if before is not None and action is not None:
        said.append(last_walk(p, before, action, o))
    else:
        if before is not None:
            said.append("You did nothing; a step went by.")
        if o.bump > 0.0:
            said.append("The step before was a bump.")
    said.append(f"You are in {cell_in(o)}.")
    south, east = round(o.lamp[0] * (SIZE - 1)), round(o.lamp[1] * (SIZE - 1))
    if p.lamp == 1:
        where = [f"{abs(n)} {ways[n < 0]}" for n, ways in ((south, ("south", "north")), (east, ("east", "west"))) if n]
        said.append(f"The lamp burns {' and '.join(where) + ' of you' if where else 'here'}.")
    if p.told == 1:
        here = "".join(f"landmark {NAMES[k]}" for k in range(LANDMARKS) if o.here[k] > 0.0)
        gate = "".join(f"{SIDES[w]} ({'sound' if o.gate[w] > 0.0 else 'broken'})" for w in range(WAYS) if o.gate[w])
        said.append(f"Here: {here or 'no landmark'}.")
        said += [f"The gate is on the side {gate}."] * bool(gate) + ["You carry the key."] * (o.key > 0.0)
    errands, done, left = errands_in(o), round(o.done * ERRANDS), round(o.left * p.limit)
    shown = f"done: {done}" if p.told == 1 else "what is here and what is done is not shown"
    said.append(f"Errands: {', then '.join(errands)}; {shown}.")
    said.append(f"Steps left: {left}." if left else f"The exercise is over.{outcome(errands[done:]) * p.told}")
    return " ".join(said)


def outcome(undone: list[str]) -> str:
    """Return what became of the errands."""
    if not undone:
        return " All errands are done."
    many = len(undone) > 1
    return f" Time is up: the errand{'s' * many} {' and '.join(undone)} {'were' if many else 'was'} not done."
