"""RL2Bandit: pull the arms of a machine whose payoffs are drawn anew for every edition.

Each of `arms` arms pays 1 or 0; its chance of paying is drawn uniformly from [0, 1] and stays for `pulls` pulls.

The published task
    Duan, Schulman, Chen, Bartlett, Sutskever and Abbeel 2016, RL^2: Fast Reinforcement Learning via Slow Reinforcement
    Learning (arXiv 1611.02779), section 3.1: k = 5, 10 or 50 arms, n = 10, 100 or 500 pulls. The default is k = 10,
    n = 100. A trial of the paper (n pulls of one bandit, each an episode of its own) is one exercise here, and an
    edition has one exercise; `exercises=` sets the same bandit again.

Raw reward
    What the arm paid, 0 or 1.

Mark
    Mean over the pulls of (chance of the arm pulled - worst) / (best - worst): luck does not count. `newcomer` is what
    random play gets, 1/2 for any number of arms.

What the paper leaves open, and what was chosen
    Arms whose chances are all equal do not occur (almost surely); the mark would be 1. The paper's agent sees the last
    action, reward and a termination flag besides the observation, which is empty; here the payoff is the observation.

Students
    The players of the paper, by the keyword `student`, see `textbook_gym.classics.players.bandits`; `tuning` is their
    own number (epsilon, or the width of UCB1), where 0 stands for the player's default.
"""

import enum
from typing import Any, NamedTuple

from textbook_gym.authoring import Field, Parameter, Record, Signal, chance, rule, uniform
from textbook_gym.classics.players import bandits as bandit_players
from textbook_gym.classics.players.bandits import TUNING, Player


class Chapter(NamedTuple):
    """What parameters fix."""

    name: str
    exercises: int
    limit: int  # pulls
    newcomer: float  # mark of random play
    arms: int
    player: int  # a `Player`: who the model student is
    tuning: float  # the player's own number


STATE = (
    Field("best", "f8", "highest chance of all arms"),
    Field("worst", "f8", "lowest chance"),
    Field("paid", "i1", "what the last pull brought, 0 or 1"),
    Field("earned", "f8", "sum over pulls of (chance - worst) / (best - worst)"),
)

SIGNALS = (Signal("payoff", 0.0, 1.0, "what the last pull paid; 0 before the first"),)

PARAMETERS = (
    Parameter("arms", 10, "arms of the bandit", 2, 1000),
    Parameter("pulls", 100, "pulls in an episode", 1, 10_000),
    Parameter("student", "thompson", "who the model student is", choices=tuple(p.name.lower() for p in Player)),
    Parameter("tuning", 0.0, "the player's own number, 0 for its default", 0.0, 100.0),
)


def tables(arms: int, pulls: int, student: str, tuning: float) -> dict[str, Any]:
    """Return what depends on the parameters."""
    player = Player[student.upper()]
    row = Chapter("bandit", 1, pulls, 0.5, arms, player, tuning or TUNING.get(player, 0.0))
    return {
        "Action": enum.IntEnum("Action", {f"PULL_{a + 1}": a for a in range(arms)}),
        "CHAPTERS": (row,),
        "EDITION": (Field("chance", "f8", "chance that an arm pays", (arms,), low=0.0, high=1.0),),
        "NOTES": bandit_players.notes(arms),
    }


# --- the rules -----------------------------------------------------------------------


@rule
def write(e: Record, s: Record) -> None:
    """Draw the arms."""
    for a in range(len(e.chance)):
        e.chance[a] = uniform(s)


@rule
def pose(p: Chapter, e: Record, s: Record) -> None:
    """Start the pulls."""
    s.best = 0.0
    s.worst = 1.0
    for a in range(p.arms):
        s.best = max(s.best, e.chance[a])
        s.worst = min(s.worst, e.chance[a])
    s.paid = 0
    s.earned = 0.0


@rule
def step(p: Chapter, e: Record, s: Record, action: int) -> bool:
    """Pull one arm; the limit ends the exercise."""
    span = s.best - s.worst
    s.earned += (e.chance[action] - s.worst) / span if span > 0.0 else 1.0
    s.paid = chance(s, e.chance[action])
    return False


@rule
def observe(p: Chapter, s: Record, o: Record) -> None:
    """Write what the student may see."""
    o.payoff = s.paid


@rule
def mark(p: Chapter, s: Record) -> float:
    """Return the mean standing of the arms pulled; 1 for the best throughout, whatever was lost by rounding."""
    return min(1.0, s.earned / p.limit)


@rule
def raw(p: Chapter, s: Record) -> float:
    """Return what the last pull paid."""
    return float(s.paid)


@rule
def oracle(p: Chapter, e: Record, s: Record) -> int:
    """Return the best arm."""
    arm = 0
    for a in range(p.arms):
        if e.chance[a] > e.chance[arm]:
            arm = a
    return arm


open_page = bandit_players.open_page
study = bandit_players.study
answer = bandit_players.answer


def draw(p: Chapter, o: Record) -> list[str]:
    """Return the machine as rows of characters: number of arms, last payoff."""
    return ["+----------+", f"|{p.arms:5} arms|", "+----------+", f" paid [{'$' if o.payoff > 0.0 else '.'}]   "]


def tell(p: Chapter, o: Record) -> str:
    """Return the exercise in words."""
    pulled = "no pull yet" if o.first > 0.0 else "1" if o.payoff > 0.0 else "0"
    return f"A machine with {p.arms} arms. Payoff of the last pull: {pulled}."
