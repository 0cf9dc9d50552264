"""RL2MDP: act well in a small Markov decision process that is drawn anew for every edition.

There are `states` states and `actions` actions. Next states come from a flat Dirichlet distribution, drawn for every
state and action; rewards are normal with variance 1, their means drawn from the normal distribution with mean 1 and
variance 1. An exercise is an episode of `horizon` steps from state 0, an edition has `episodes` of them.

The published task
    Duan, Schulman, Chen, Bartlett, Sutskever and Abbeel 2016, RL^2: Fast Reinforcement Learning via Slow Reinforcement
    Learning (arXiv 1611.02779), section 3.2: 10 states, 5 actions, horizon 10, n = 10, 25, 50, 75 or 100 episodes. The
    default is n = 25.

Raw reward
    The reward of the step.

Mark
    1 - (expected return lost by the actions taken, against the best ones) / (best - worst expected return from the
    start), at least 0: luck does not count. `newcomer` is measured at the defaults.

What the paper leaves open, and what was chosen
    Every episode starts in state 0. Rewards belong to state and action. A flat Dirichlet distribution is drawn as the
    gaps between uniform cuts of [0, 1], so the next state is the number of cuts below a uniform draw; cuts are whole
    numbers of 2^-31, which keeps 4,096 processes within a processor's cache. A reward shown is never out of
    bounds, since the generator's normal draws end 12.02 standard deviations from their mean.

Students
    The players of the paper, by the keyword `student`, see `textbook_gym.classics.mdp_players`; `tuning` is their own
    number, where 0 stands for the player's default.
"""

import enum
import math
from typing import Any, NamedTuple

from textbook_gym.book import Field, Parameter, Record, Signal, rule
from textbook_gym.classics import mdp_players
from textbook_gym.rng import NORMAL_REACH as REACH
from textbook_gym.rng import below, normal

GRAINS = 1 << 31  # that make up the chance 1


class Chapter(NamedTuple):
    """What parameters fix."""

    name: str
    exercises: int  # episodes
    limit: int  # horizon
    newcomer: float  # expected mark of the model student without its notes, measured at the defaults
    states: int
    actions: int
    tuning: float  # the player's own number


PARAMETERS = (
    Parameter("states", 10, "states of the process", 2, 50),
    Parameter("actions", 5, "actions in each state", 2, 20),
    Parameter("horizon", 10, "steps of an episode", 1, 100),
    Parameter("episodes", 25, "episodes with the same process", 1, 10_000),
    Parameter("student", "psrl", "who the model student is", choices=tuple(mdp_players.PLAYERS)),
    Parameter("tuning", 0.0, "the player's own number, 0 for its default", 0.0, 100.0),
)


def tables(states: int, actions: int, horizon: int, episodes: int, student: str, tuning: float) -> dict[str, Any]:
    """Return what depends on the parameters."""
    player = mdp_players.PLAYERS[student]
    row = Chapter("random process", episodes, horizon, 0.51, states, actions, tuning or player.tuning)
    return {
        "Action": enum.IntEnum("Action", {f"ACTION_{a + 1}": a for a in range(actions)}),
        "CHAPTERS": (row,),
        "EDITION": (
            Field("mean", "f8", "mean reward", (states, actions), low=1.0 - REACH, high=1.0 + REACH),
            Field(
                "cut",
                "i4",
                "in order, in GRAINS; as many as are not above a draw: next state",
                (states, actions, states - 1),
                low=0,
                high=GRAINS - 1,
            ),
        ),
        "STATE": (
            Field("at", "i2", "state of the process"),
            Field("time", "i2", "steps taken"),
            Field("paid", "f8", "reward of the last step"),
            Field("lost", "f8", "expected return lost so far"),
            Field("solved", "f8", "sum of `mean` of the process that the next ones belong to", lasting=True),
            Field(
                "value", "f8", "best expected return from each state at each step", (horizon + 1, states), lasting=True
            ),
            Field("least", "f8", "worst one, at the step last worked out and the next", (2, states), lasting=True),
            Field("span", "f8", "best - worst expected return from the start", lasting=True),
        ),
        "SIGNALS": (
            Signal("state", 0.0, 1.0, "1 at the state of the process", (states,)),
            Signal("reward", 1.0 - 2.0 * REACH, 1.0 + 2.0 * REACH, "reward of the last step; 0 before the first"),
        ),
        "NOTES": mdp_players.notes(states, actions, horizon),
        "open_page": player.open_page,
        "answer": player.answer,
    }


# --- the rules -----------------------------------------------------------------------


@rule
def write(e: Record, s: Record) -> None:
    """Draw the process."""
    states, actions = e.mean.shape
    for i in range(states):
        for a in range(actions):
            e.mean[i, a] = 1.0 + normal(s)
            for j in range(states - 1):
                cut, k = below(s, GRAINS), j
                while k > 0 and e.cut[i, a, k - 1] > cut:
                    e.cut[i, a, k] = e.cut[i, a, k - 1]
                    k -= 1
                e.cut[i, a, k] = cut
    s.solved = math.inf
    s.span = 0.0
    for i in range(states):
        s.least[0, i] = s.least[1, i] = 0.0
        for t in range(s.value.shape[0]):
            s.value[t, i] = 0.0


@rule
def sound(e: Record) -> bool:
    """Return whether cuts are in order."""
    states, actions = e.mean.shape
    for i in range(states):
        for a in range(actions):
            for j in range(1, states - 1):
                if e.cut[i, a, j] < e.cut[i, a, j - 1]:
                    return False
    return True


@rule
def worth(e: Record, value: Record, row: int, i: int, a: int) -> float:
    """Return the expected return of an action in state `i`, where `value[row]` is that from each next state."""
    last = e.mean.shape[0] - 1
    total = e.mean[i, a] + value[row, last]
    for j in range(last):  # cut j is the chance of a next state up to j
        total += e.cut[i, a, j] / GRAINS * (value[row, j] - value[row, j + 1])
    return total


@rule
def solve(e: Record, s: Record) -> None:
    """Work out best and worst expected returns by backward induction."""
    states, actions = e.mean.shape
    for i in range(states):
        s.value[s.value.shape[0] - 1, i] = s.least[1, i] = 0.0
    for t in range(s.value.shape[0] - 2, -1, -1):
        for i in range(states):
            highest, lowest = -math.inf, math.inf
            for a in range(actions):
                highest = max(highest, worth(e, s.value, t + 1, i, a))
                lowest = min(lowest, worth(e, s.least, 1, i, a))
            s.value[t, i], s.least[0, i] = highest, lowest
        for i in range(states):
            s.least[1, i] = s.least[0, i]
    s.span = s.value[0, 0] - s.least[0, 0]


@rule
def pose(p: Chapter, e: Record, s: Record) -> None:
    """Start an episode; solve the process if it is another one than the last."""
    total = 0.0
    for i in range(p.states):
        for a in range(p.actions):
            total += e.mean[i, a]
    if s.solved != total:
        solve(e, s)
        s.solved = total
    s.at = 0
    s.time = 0
    s.paid = 0.0
    s.lost = 0.0


@rule
def step(p: Chapter, e: Record, s: Record, action: int) -> bool:
    """Take one action; the horizon ends the exercise."""
    s.lost += s.value[s.time, s.at] - worth(e, s.value, s.time + 1, s.at, action)
    s.paid = e.mean[s.at, action] + normal(s)
    place = below(s, GRAINS)
    there = 0
    for j in range(p.states - 1):
        there += e.cut[s.at, action, j] <= place
    s.at = there
    s.time += 1
    return False


@rule
def observe(p: Chapter, s: Record, o: Record) -> None:
    """Write what the student may see."""
    for i in range(p.states):
        o.state[i] = 0.0
    o.state[s.at] = 1.0
    o.reward = s.paid


@rule
def mark(p: Chapter, s: Record) -> float:
    """Return what was kept of the best expected return, counted from the worst."""
    return max(0.0, 1.0 - s.lost / s.span) if s.span > 0.0 else 1.0


@rule
def raw(p: Chapter, s: Record) -> float:
    """Return the reward of the last step."""
    return s.paid


@rule
def oracle(p: Chapter, e: Record, s: Record) -> int:
    """Return the action that loses nothing."""
    best = 0
    for a in range(p.actions):
        if worth(e, s.value, s.time + 1, s.at, a) > worth(e, s.value, s.time + 1, s.at, best):
            best = a
    return best


study = mdp_players.study


def draw(p: Chapter, o: Record) -> list[str]:
    """Return the states as a row of characters, the present one marked, and the last reward."""
    at = [o.state[i] > 0.0 for i in range(p.states)].index(True)
    width = max(p.states, 16)
    return ["".join("@" if i == at else "." for i in range(p.states)).ljust(width), f"{o.reward:+.2f}".ljust(width)]


def tell(p: Chapter, o: Record) -> str:
    """Return the exercise in words."""
    at = [o.state[i] > 0.0 for i in range(p.states)].index(True)
    return f"State {at + 1} of {p.states}, {p.actions} actions. Reward of the last step: {o.reward:.2f}."
