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
    start), at least 0: luck does not count. What an action loses is counted in 32,767ths of horizon times the range of
    mean rewards, which is more than any can lose. `newcomer` is measured at the defaults.

What the paper leaves open, and what was chosen
    Every episode starts in state 0. Rewards belong to state and action. A flat Dirichlet distribution is drawn as the
    gaps between uniform cuts of [0, 1], so the next state is the number of cuts below a uniform draw; cuts are whole
    numbers of 2^-31, which keeps 4,096 processes within a processor's cache. A reward shown is never out of
    bounds, since the generator's normal draws end 12.02 standard deviations from their mean.

Students
    The players of the paper, by the keyword `student`, see `textbook_gym.classics.players.mdps`; `tuning` is their own
    number, where 0 stands for the player's default.
"""

import enum
import math
from typing import Any, NamedTuple

import numpy as np

from textbook_gym.authoring import Field, Parameter, Record, Signal, below, bits, normal, rule
from textbook_gym.authoring.random import NORMAL_REACH as REACH
from textbook_gym.classics.players import mdps as mdp_players
from textbook_gym.classics.players.mdps import TUNING, Player
from textbook_gym.engine.prefetch import fetch

PARTS = 1 << 31  # that make up the chance 1
FAINT = 1e-9  # expected return
FINEST = (1 << 15) - 1  # into so many parts the most that one action can lose is counted


class Chapter(NamedTuple):
    """What parameters fix."""

    name: str
    exercises: int  # episodes
    limit: int  # horizon
    newcomer: float  # expected mark of the model student without its notes, measured at the defaults
    states: int
    actions: int
    player: int  # a `Player`: who the model student is
    tuning: float  # the player's own number


PARAMETERS = (
    Parameter("states", 10, "states of the process", 2, 50),
    Parameter("actions", 5, "actions in each state", 2, 20),
    Parameter("horizon", 10, "steps of an episode", 1, 100),
    Parameter("episodes", 25, "episodes with the same process", 1, 10_000),
    Parameter("student", "psrl", "who the model student is", choices=tuple(p.name.lower() for p in Player)),
    Parameter("tuning", 0.0, "the player's own number, 0 for its default", 0.0, 100.0),
)


def tables(states: int, actions: int, horizon: int, episodes: int, student: str, tuning: float) -> dict[str, Any]:
    """Return what depends on the parameters."""
    player = Player[student.upper()]
    own = tuning or TUNING.get(player, 0.0)
    row = Chapter("random process", episodes, horizon, 0.51, states, actions, player, own)
    return {
        "Action": enum.IntEnum("Action", {f"ACTION_{a + 1}": a for a in range(actions)}),
        "CHAPTERS": (row,),
        "EDITION": (
            Field("mean", "f8", "mean reward", (states, actions), low=1.0 - REACH, high=1.0 + REACH),
            Field(
                "cut",
                "i4",
                "in order, in PARTS; as many as are not above a draw: next state",
                (states, actions, states - 1),
                low=0,
                high=PARTS - 1,
            ),
        ),
        "STATE": (
            Field("at", "i4", "state of the process"),
            Field("time", "i2", "steps taken"),
            Field("solved", "i1", "1 once the process is solved", lasting=True),
            Field("lost", "i8", "expected return lost so far, in parts"),
            Field("paid", "f8", "reward of the last step"),
            Field("share", "f8", "a part / (best - worst expected return from the start)", lasting=True),
            Field(
                "loss",
                "i2",
                "expected return that an action loses, by step, state and action, in parts",
                (horizon, states * actions),
                lasting=True,
            ),
        ),
        "SIGNALS": (
            Signal("state", 0.0, 1.0, "1 at the state of the process", (states,)),
            Signal("reward", 1.0 - 2.0 * REACH, 1.0 + 2.0 * REACH, "reward of the last step; 0 before the first"),
        ),
        "NOTES": mdp_players.notes(states, actions, horizon),
    }


# --- the rules -----------------------------------------------------------------------


@rule
def write(e: Record, s: Record) -> None:
    """Draw the process."""
    states, actions = e.mean.shape
    for i in range(states):
        for a in range(actions):
            e.mean[i, a] = 1.0 + normal(s)
            for j in range(0, states - 1, 2):  # a draw has bits for two cuts
                drawn = bits(s)
                e.cut[i, a, j] = drawn & (PARTS - 1)
                if j + 1 < states - 1:
                    e.cut[i, a, j + 1] = drawn >> 33
            for j in range(1, states - 1):
                cut = e.cut[i, a, j]
                for k in range(j):  # puts it in its place without a branch
                    other = e.cut[i, a, k]
                    e.cut[i, a, k] = min(cut, other)
                    cut = max(cut, other)
                e.cut[i, a, j] = cut
    s.solved = 0


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
def solve(e: Record, s: Record) -> None:
    """Work out best and worst expected returns by backward induction, and what each action loses.

    All states and actions are reckoned side by side, hence the arrays.
    """
    states, actions = e.mean.shape
    last, pairs = states - 1, states * actions
    chance = np.empty((last, pairs))  # of a next state up to the first index
    best, worst, high, low = np.zeros(states), np.zeros(states), np.empty(pairs), np.empty(pairs)
    top = np.empty(pairs)
    lowest, highest = e.mean[0, 0], e.mean[0, 0]
    for i in range(states):
        for a in range(actions):
            lowest, highest = min(lowest, e.mean[i, a]), max(highest, e.mean[i, a])
            for j in range(last):
                chance[j, i * actions + a] = e.cut[i, a, j] / PARTS
    horizon = s.loss.shape[0]
    parts = FINEST / (max(highest - lowest, FAINT) * horizon)
    for t in range(horizon - 1, -1, -1):
        for i in range(states):
            for a in range(actions):
                high[i * actions + a] = e.mean[i, a] + best[last]
                low[i * actions + a] = e.mean[i, a] + worst[last]
        for j in range(last if t + 1 < horizon else 0):  # after the last step all is worth nothing
            fall, low_fall = best[j] - best[j + 1], worst[j] - worst[j + 1]
            for k in range(pairs):
                high[k] += chance[j, k] * fall
                low[k] += chance[j, k] * low_fall
        for i in range(states):
            highest, lowest = -math.inf, math.inf
            for k in range(i * actions, (i + 1) * actions):
                highest = max(highest, high[k])
                lowest = min(lowest, low[k])
            for a in range(actions):
                top[i * actions + a] = highest
            best[i], worst[i] = highest, lowest
        for k in range(pairs):
            s.loss[t, k] = np.int32((top[k] - high[k]) * parts + 0.5)
    s.share = 1.0 / (max(best[0] - worst[0], FAINT) * parts)


@rule
def pose(p: Chapter, e: Record, s: Record) -> None:
    """Start an episode; solve the process if that is not done."""
    if s.solved == 0:
        solve(e, s)
        s.solved = 1
    s.at = 0
    s.time = 0
    s.paid = 0.0
    s.lost = 0


@rule
def step(p: Chapter, e: Record, s: Record, action: int) -> bool:
    """Take one action; the horizon ends the exercise."""
    at, place = s.at, below(s, PARTS)
    there = 0
    for j in range(p.states - 1):
        there += e.cut[at, action, j] <= np.int32(place)
    s.lost += s.loss[s.time, at * p.actions + action]
    s.paid = e.mean[at, action] + normal(s)
    s.at = there
    s.time += 1
    return False


@rule
def ahead(e: Record, s: Record, action: int) -> None:
    """Fetch what `step` will read (see `textbook_gym.engine.prefetch`)."""
    states, actions = e.mean.shape
    place = s.at * actions + action
    fetch(e.mean, place)
    fetch(e.cut, place * (states - 1))
    fetch(e.cut, (place + 1) * (states - 1) - 1)
    fetch(s.loss, s.time * states * actions + place)


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
    return max(0.0, 1.0 - s.lost * s.share)


@rule
def raw(p: Chapter, s: Record) -> float:
    """Return the reward of the last step."""
    return s.paid


@rule
def oracle(p: Chapter, e: Record, s: Record) -> int:
    """Return the action that loses nothing."""
    best = 0
    for a in range(1, p.actions):
        if s.loss[s.time, s.at * p.actions + a] < s.loss[s.time, s.at * p.actions + best]:
            best = a
    return best


open_page = mdp_players.open_page
study = mdp_players.study
answer = mdp_players.answer


def draw(p: Chapter, o: Record) -> list[str]:
    """Return the states as a row of characters, the present one marked, and the last reward."""
    at = [o.state[i] > 0.0 for i in range(p.states)].index(True)
    width = max(p.states, 16)
    return ["".join("@" if i == at else "." for i in range(p.states)).ljust(width), f"{o.reward:+.2f}".ljust(width)]


def tell(p: Chapter, o: Record) -> str:
    """Return the exercise in words."""
    at = [o.state[i] > 0.0 for i in range(p.states)].index(True)
    return f"State {at + 1} of {p.states}, {p.actions} actions. Reward of the last step: {o.reward:.2f}."
