"""The model student of `textbook_gym.books.ballistics`: what it assumes and does is told there."""

from textbook_gym.authoring import Field, Record, belief, below, rule
from textbook_gym.books.ballistics import APART, BALLS, MEAN_MISS, PRICE, Action, Chapter
from textbook_gym.books.tables.ballistics import (
    ANGLES,
    DIALS,
    DRAGS,
    ELEVATION,
    FARTHEST,
    GRAVITIES,
    LONGEST,
    RANGE,
    SCATTER,
    VACUUM,
    WINDS,
)

PAGE = 1024  # worlds that fit on the page
GLANCES = 4096  # about how many worlds a student looks through after a shot; of more it takes winds by lot
GLIMPSES = 64  # about how many it has before its eyes when it aims

NOTES = (
    Field("side", "i1", "which of the two lists below is in force; the other is written next"),
    Field("count", "i2", "worlds in it, 0 if no fall has been seen yet"),
    Field("dial", "i1", "1 + dial of every world; here and below 0 where not met yet", (2, PAGE)),
    Field("gravity", "i1", "1 + entry of VACUUM", (2, PAGE)),
    Field("drag", "i1", "1 + entry of DRAG of both balls", (2, PAGE, BALLS)),
    Field("wind", "i1", "row of WIND", (2, PAGE)),
    Field("weight", "f8", "belief in every world", (2, PAGE)),
    Field("aim", "i1", "notch fired at last", page=True),
    Field("worth", "f8", "expected worth of every notch, without the price of shots", (ANGLES,)),
)


@rule
def end(known: int, most: int) -> int:
    """Return where to stop trying values 1..most, of which but one is left once that is known."""
    return (known if known > 0 else most) + 1


@rule
def fit(n: Record, ball: int, windy: bool, notch: int, fall: float) -> None:
    """List the worlds that go with a fall, apart where they differ in something met for the first time."""
    old, new = n.side, 1 - n.side
    looks = max(n.count, 1)
    looks *= DIALS * GRAVITIES if n.dial[old, 0] == 0 else 1
    looks *= DRAGS if n.drag[old, 0, ball] == 0 else 1
    stride = 1 + looks * WINDS // GLANCES
    least, most = fall / (1.0 + SCATTER), fall / (1.0 - SCATTER)
    kept, fits = 0, 0
    for i in range(max(n.count, 1)):
        weight = n.weight[old, i] if n.count > 0 else 1.0
        dial_known, gravity_known, wind_known = n.dial[old, i], n.gravity[old, i], n.wind[old, i]
        drag_known, rival = n.drag[old, i, ball], n.drag[old, i, 1 - ball]
        fresh = windy and wind_known == 0
        for dial in range(max(dial_known, 1), end(dial_known, DIALS)):
            for drag in range(max(drag_known, 1), end(drag_known, DRAGS)):
                if rival > 0 and abs(drag - rival) < APART:
                    continue
                first = 1 + below(n, stride) if fresh else wind_known
                for wind in range(first, WINDS if fresh else first + 1, stride):
                    share = RANGE[drag - 1, wind if windy else 0, ELEVATION[dial - 1, notch]]
                    for gravity in range(max(gravity_known, 1), end(gravity_known, GRAVITIES)):
                        reach = VACUUM[gravity - 1] * share
                        if reach >= most:
                            break
                        if reach <= least:
                            continue
                        fits += 1
                        place = kept if kept < PAGE else below(n, fits)
                        if place >= PAGE:
                            continue
                        kept = max(kept, place + 1)
                        n.dial[new, place] = dial
                        n.gravity[new, place] = gravity
                        n.drag[new, place, ball] = drag
                        n.drag[new, place, 1 - ball] = rival
                        n.wind[new, place] = wind
                        n.weight[new, place] = weight * (SCATTER - abs(fall / reach - 1.0)) / reach
    belief.normalise(n.weight[new], kept)
    n.side = new
    n.count = kept


@rule
def open_page(p: Chapter, n: Record, o: Record) -> None:
    """Nothing to prepare: what the notes hold stays."""


@rule
def study(p: Chapter, n: Record, before: Record, action: int, o: Record) -> None:
    """Learn from one shot."""
    if action != Action.HOLD:
        n.aim = action
    if o.fall == 0.0:
        return
    ball = int(before.ball)
    fit(n, ball, before.wind > 0.0, action, o.fall * FARTHEST)
    if n.count == 0:  # the truth was not on the page: begin anew
        n.dial[n.side, 0] = 0
        n.gravity[n.side, 0] = 0
        n.drag[n.side, 0, ball] = 0
        n.drag[n.side, 0, 1 - ball] = 0
        n.wind[n.side, 0] = 0
        fit(n, ball, before.wind > 0.0, action, o.fall * FARTHEST)


@rule
def answer(p: Chapter, n: Record, o: Record) -> int:
    """Fire at the notch of the best expected worth, or hold if another shot is not worth its price."""
    ball = int(o.ball)
    for notch in range(ANGLES):
        n.worth[notch] = 0.0
    for i in range(0, n.count, 1 + n.count // GLIMPSES):
        drag = n.drag[n.side, i, ball] - 1
        if drag < 0:
            drag = n.drag[n.side, i, 1 - ball] - 1
        wind = n.wind[n.side, i] if o.wind > 0.0 else 0
        target = o.target * FARTHEST / VACUUM[n.gravity[n.side, i] - 1]
        typical = LONGEST[drag, wind] * (p.far - p.near) * MEAN_MISS
        nearest = target
        for angle in range(ANGLES):
            nearest = min(nearest, abs(RANGE[drag, wind, angle] - target))
        for notch in range(ANGLES):
            excess = abs(RANGE[drag, wind, ELEVATION[n.dial[n.side, i] - 1, notch]] - target) - nearest
            if excess < typical:
                n.worth[notch] += n.weight[n.side, i] * (1.0 - excess / typical)
    best = below(n, ANGLES)
    for notch in range(ANGLES):
        if n.worth[notch] > n.worth[best]:
            best = notch
    shots = round(o.shots * p.shots)
    if shots > 0 and n.worth[n.aim] * (1.0 - PRICE * (shots - 1)) >= n.worth[best] * (1.0 - PRICE * shots):
        return Action.HOLD
    return best
