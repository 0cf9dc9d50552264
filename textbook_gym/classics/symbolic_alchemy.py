"""SymbolicAlchemy: ten trials with one hidden chemistry, as published.

Three stones and twelve potions lie on the table, twenty steps a trial. The rules are those of the book Alchemy, and
there is one definition of them, in `textbook_gym.books.alchemy`.

The published task
    Wang, King, Porcel, Kurth-Nelson, Zhu, Deck, Choy, Cassin, Reynolds, Song, Buttimore, Reichert, Rabinowitz, Matthey,
    Hassabis, Lerchner and Botvinick 2021, Alchemy: A benchmark and analysis toolkit for meta-reinforcement learning
    agents (arXiv 2102.02926), its symbolic form. Defaults are those of the paper's evaluation: potion map, stone map
    and graph are drawn, stones are not rotated, 40 actions, ten trials: an episode has 200 steps. A trial is an
    exercise; on its last step the observation is the first one of the next trial already. The first 39 floats of the
    observation are the published ones, bit for bit; behind them comes the header that every book has.

Raw reward
    Points from the cauldron: -3, -1, 1 or 15.

Mark
    Score of a trial / best score that its items can bring within the limit (exact search), at least 0. `newcomer` is
    measured at the defaults.

What the paper leaves open, and what was chosen
    Nothing that matters to the task, which is public as code: recorded episodes of that pass here too. Streams of
    random numbers are our own. `rotation=True` adds the rotations of the task's tutorial, `end_trial=True` its 41st
    action (then action 0), `maps=False` fixes both maps and `bottleneck=False` the graph with all edges.

Students
    By the keyword `student`: "posterior", the model student of the book (sixteen chemistries drawn from the exact
    posterior, best action in hindsight), and "heuristic", the paper's random heuristic. The search oracle is the
    reference student "oracle"; the ideal observer is `textbook_gym.classics.ideal_observer`.
"""

import enum
from typing import Any, NamedTuple

from textbook_gym.authoring import Field, Parameter, Record, below, rule
from textbook_gym.books import alchemy
from textbook_gym.books.alchemy import POTIONS, SLOT, Action, arrange, look_up, show_items, sound
from textbook_gym.books.alchemy import mark as alchemy_mark
from textbook_gym.books.alchemy import oracle as alchemy_oracle
from textbook_gym.books.alchemy import step as alchemy_step
from textbook_gym.books.alchemy import write as alchemy_write
from textbook_gym.books.models import alchemy as alchemy_student
from textbook_gym.books.models.alchemy import answer as posterior_answer
from textbook_gym.books.models.alchemy import open_page as posterior_open
from textbook_gym.books.models.alchemy import study as posterior_study
from textbook_gym.books.tables.alchemy import AXES, COLOURS, CORNERS, LOOKS, STONES
from textbook_gym.books.words.alchemy import draw_items as draw
from textbook_gym.books.words.alchemy import in_words

__all__ = ["arrange", "draw", "sound"]  # taken over as they are


class Chapter(NamedTuple):
    """What parameters fix; the columns from `missing` on are those that the book's rules ask for."""

    name: str
    exercises: int
    limit: int  # steps of a trial
    newcomer: float  # expected mark of the model student without its notes, measured
    missing: int  # 1 if the graph of the edition is in force
    told: int  # 1: no veil
    shift: int  # 1 if there is no END_TRIAL: actions are those of the book less one
    rotated: int  # 1 if stones may be rotated


EDITION = tuple(f._replace(chapters=1, partly=frozenset()) for f in alchemy.EDITION)  # one chapter shows all
STATE = (*alchemy.STATE, Field("cash", "i2", "points of the last step"))
SIGNALS = alchemy.SIGNALS[:2]
NOTES = alchemy_student.NOTES

PARAMETERS = (
    Parameter("trials", 10, "trials of an episode", 1, 1000),
    Parameter("steps", 20, "steps of a trial", 1, 31),
    Parameter("rotation", False, "whether stones may be rotated"),
    Parameter("maps", True, "whether potion map and stone map are drawn"),
    Parameter("bottleneck", True, "whether edges may be missing"),
    Parameter("end_trial", False, "whether there is an action that ends a trial"),
    Parameter("student", "posterior", "who the model student is", choices=("posterior", "heuristic")),
)


def tables(
    trials: int, steps: int, rotation: bool, maps: bool, bottleneck: bool, end_trial: bool, student: str
) -> dict[str, Any]:
    """Return what depends on the parameters."""
    names = [a.name for a in alchemy.Action if a < Action.A_GRIND][not end_trial :]  # the paper grinds nothing
    row = Chapter("symbolic alchemy", trials, steps, 0.77, int(bottleneck), 1, int(not end_trial), int(rotation))
    return {
        "Action": enum.IntEnum("Action", {name: a for a, name in enumerate(names)}),
        "CHAPTERS": (row,),
        "write": WRITES[rotation, maps],
        **({"answer": heuristic} if student == "heuristic" else {}),
    }


# --- the rules -----------------------------------------------------------------------


write = alchemy_write


@rule
def write_unrotated(e: Record, s: Record) -> None:
    """Draw a chemistry without a rotation."""
    alchemy_write(e, s)
    e.rotation = 0


@rule
def write_unmapped(e: Record, s: Record) -> None:
    """Draw a chemistry in which everything is what it looks like, but for a rotation."""
    alchemy_write(e, s)
    for axis in range(AXES):
        e.dim_map[axis] = axis
        e.dir_map[axis] = 1
        e.stone_map[axis] = 1


@rule
def write_plain(e: Record, s: Record) -> None:
    """Draw a chemistry in which everything is what it looks like."""
    write_unmapped(e, s)
    e.rotation = 0


WRITES = {(1, 1): alchemy_write, (0, 1): write_unrotated, (1, 0): write_unmapped, (0, 0): write_plain}
"""How to draw an edition, by whether there are rotations and maps."""


@rule
def pose(p: Record, e: Record, s: Record) -> None:
    """Deal a trial: stones and potions as they come."""
    look_up(p, e, s)
    s.left = p.limit
    s.score = 0
    s.cash = 0
    for i in range(STONES):
        s.stone[i] = below(s, CORNERS)
    for i in range(POTIONS):
        s.potion[i] = below(s, COLOURS)
    arrange(p, e, s)


@rule
def step(p: Record, e: Record, s: Record, action: int) -> bool:
    """Use one item, as in the book."""
    before = s.score
    ended = alchemy_step(p, e, s, action + p.shift)
    s.cash = s.score - before
    return ended


@rule
def observe(p: Record, s: Record, o: Record) -> None:
    """Write what the student may see."""
    show_items(p, s, o)


@rule
def mark(p: Record, s: Record) -> float:
    """Return the score as a share of the best, as in the book."""
    return alchemy_mark(p, s)


@rule
def raw(p: Record, s: Record) -> float:
    """Return the points of the last step."""
    return float(s.cash)


@rule
def oracle(p: Record, e: Record, s: Record) -> int:
    """Begin the best plan; without END_TRIAL do nothing in its place."""
    return max(0, alchemy_oracle(p, e, s) - p.shift)


# --- students --------------------------------------------------------------------------


@rule
def open_page(p: Record, n: Record, o: Record) -> None:
    """Look at the deal; where stones are not rotated, know that."""
    for look in range(CORNERS, LOOKS if p.rotated == 0 else CORNERS):
        n.wrong[look] = 1
    posterior_open(p, n, o)


@rule
def study(p: Record, n: Record, before: Record, action: int, o: Record) -> None:
    """Learn from what a potion did, as in the book."""
    posterior_study(p, n, before, action + p.shift, o)


@rule
def answer(p: Record, n: Record, o: Record) -> int:
    """Do what promises most, as in the book."""
    return max(0, posterior_answer(p, n, o) - p.shift)


@rule
def heuristic(p: Record, n: Record, o: Record) -> int:
    """Put any stone below the top into any potion while there are both; then cash what is positive, and wait."""
    stones, potions = 0, 0
    for i in range(STONES):
        stones += 1 if o.stones[i, AXES + 1] == 0.0 and o.stones[i, AXES] < 1.0 else 0
    for i in range(POTIONS):
        potions += 1 if o.potions[i, 1] == 0.0 else 0
    if stones * potions > 0:
        stone, potion = below(n, stones), below(n, potions)
        slot, place = 0, 0
        for i in range(STONES):
            if o.stones[i, AXES + 1] == 0.0 and o.stones[i, AXES] < 1.0:
                slot = i if stone == 0 else slot
                stone -= 1
        for i in range(POTIONS):
            if o.potions[i, 1] == 0.0:
                place = i if potion == 0 else place
                potion -= 1
        return Action.A_CAULDRON + slot * SLOT + 1 + place - p.shift
    for i in range(STONES):
        if o.stones[i, AXES + 1] == 0.0 and o.stones[i, AXES] > 0.0:
            return Action.A_CAULDRON + i * SLOT - p.shift
    return 1 - p.shift


def tell(p: Record, o: Record) -> str:
    """Return the exercise in words."""
    stones, potions = in_words(o)
    listed = "; ".join(f"{name} {stone}" for name, stone in zip("ABC", stones, strict=True))
    tray = ", ".join(f"{slot} {colour}" for slot, colour in enumerate(potions, 1))
    return f"Stones (with the sum of their coordinates): {listed}. Potions by slot: {tray}."
