"""The words of `textbook_gym.books.ballistics`: what is told of it, and how a page is drawn."""

from textbook_gym.authoring import Record
from textbook_gym.books.ballistics import Action, Chapter
from textbook_gym.books.tables.ballistics import FARTHEST

COLUMNS = 40


def draw(p: Chapter, o: Record) -> list[str]:
    """Return the field from the side as rows of characters: the gun /, the target T, the fall of the last shot x."""
    wind, ball = "~~~" if o.wind else "---", "second" if o.ball else "first"
    shots = "*" * round(o.shots * p.shots)
    ground, falls = ["/", *"_" * COLUMNS], [" "] * (COLUMNS + 1)
    ground[max(round(o.target * COLUMNS), 1)] = "T"
    if o.fall:
        falls[round(o.fall * COLUMNS)] = "x"
    sky = f"wind {wind}  ball {ball:<6}  shots {shots:.<{p.shots}}"
    return [f"{sky:<{COLUMNS + 1}}", "".join(falls), "".join(ground), f"0 m{f'{FARTHEST:.0f} m':>{COLUMNS - 2}}"]


def tell(p: Chapter, o: Record) -> str:
    """Return the exercise in words."""
    fall = f"{o.fall * FARTHEST:.0f} m" if o.fall else "none to be seen"
    return (
        f"Target: at {o.target * FARTHEST:.0f} m. Fall of the last shot: {fall}. "
        f"Ball: {'second' if o.ball else 'first'}. Wind: {'it blows' if o.wind else 'calm'}. "
        f"Shots at this target: {round(o.shots * p.shots)} of {p.shots}."
    )


PREFACE = """You fire a gun at targets. The gun has a dial with 21 notches.
A page shows how far away the target is, in metres, which ball is loaded (the first or the second), and whether the
wind blows or the air is calm.
FIRE_1 to FIRE_21 fire one shot at that notch of the dial. You are told where the shot fell. How far a notch shoots
is for you to find out; the gun is the same in all exercises. Shots scatter: fired again at the same notch, a shot
falls up to 12 per cent nearer or further.
Several shots at a target are allowed, but only the last one counts, and every shot before it costs. HOLD lets the
last shot stand and goes on to the next target, or ends the exercise after the last target. The last shot allowed at
a target stands by itself. HOLD before any shot at the target gives the exercise up: all targets still to come count
0.
Mark: the mean over the targets of the worth of the shot that stands. Its worth is max(0, 1 - excess / typical) * (1
- 0.15 * shots before it). The excess is how far the notch misses on average, less what the best notch would miss;
typical is what somebody misses on average who always hits the middle of the chapter's distances. Luck in the scatter
does not count. A target without a shot counts 0.
{5: In one chapter an exercise has two targets.}
{6: Exam: six targets, one shot at each, nearer to the end of the gun's reach than in all chapters before, with a ball
and a wind that were never met together. No fall is seen.}"""

STRUCTURE = """The notches set 21 elevations, evenly spaced from 5 to 75 degrees, in order round the ring; hidden are
the notch of the lowest one and the sense in which they follow. The range grows with the elevation up to somewhat
below 45 degrees and then falls. It is set by gravity, by the drag of the ball (each of the two balls has its own;
drag grows with the square of the speed) and by the wind, which is one at the ground and another aloft, always the
same where it blows."""

FORBIDDEN = ("gravity", "drag", "elevation", "elevations", "angle", "degrees", "aloft")

ARGUMENTS = {"FIRE": "notch"}


def place_of(o: Record) -> str:
    """Return what is fired at, and with what."""
    air = "in the wind" if o.wind > 0.0 else "in calm air"
    return f"the target at {o.target * FARTHEST:.1f} m, {'second' if o.ball > 0.0 else 'first'} ball, {air}"


def say(p: Chapter, before: Record | None, action: int | None, o: Record) -> str:
    """Return where the last shot fell, then the target."""
    said = []
    shots, left = round(o.shots * p.shots), round(o.left * p.limit)
    fell = f"fell at {o.fall * FARTHEST:.1f} m"
    if before is None or action is None:
        if before is not None:
            said.append("You did nothing; a step went by.")
        if o.fall > 0.0:
            said.append(f"The shot before {fell}.")
    elif action == Action.HOLD:
        stands = "You held: the last shot at the target stands."
        said.append(
            stands if before.shots > 0.0 else "You held without a shot at the target: the exercise is given up."
        )
    else:
        said.append(f"You fired notch {action + 1} at {place_of(before)}:")
        miss = (o.fall - before.target) * FARTHEST
        said.append(f"the shot {fell}, {abs(miss):.1f} m too {'far' if miss > 0.0 else 'short'}." if o.fall > 0.0
                    else "the fall is not seen.")  # fmt: skip
        if shots in (0, p.shots) or left == 0:
            said.append("This shot stands.")
    now = place_of(o)
    if left:
        said.append(f"Now: {now}. Shots at it: {shots} of {p.shots}. Steps left: {left}.")
    else:
        said.append(f"The exercise is over. It ended at {now}, after {shots} of {p.shots} shots at it.")
    return " ".join(said)
