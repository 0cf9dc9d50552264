"""The players of RL^2's table of Markov decision processes, as rules: before every episode each makes a plan for it.

All know the priors of the task (flat Dirichlet, rewards normal with variance 1 around means drawn from N(1, 1)), keep
counts, and plan by backward induction over the horizon; ties go to the lowest number.

    random    any action
    greedy    plan on the posterior mean
    epsilon   the same, but any action with probability epsilon (`tuning`)
    psrl      plan on a process drawn from the posterior (Strens 2000; Osband, Russo and Van Roy 2013)
    opsrl     draw five processes; every action is worth what the best of them says, at each step of the induction
              (as BOSS merges its samples, Asmuth et al. 2009; Osband and Van Roy leave the number open)
    beb       plan on the posterior mean with a bonus beta / (1 + visits) on rewards (Kolter and Ng 2009); beta is
              `tuning`
    ucrl2     plan on the best process within confidence bounds (Jaksch, Ortner and Auer 2010) around the posterior
              mean: rewards c sqrt(7 ln(40 S A t) / (2 n)) and transitions, in the 1-norm, c sqrt(14 S ln(40 A t) / n)
              for n visits (at least 1) after t steps (delta = 0.05). c is `tuning`: with the published c = 1 nothing is
              learned in so few steps. Plans are made anew before every episode, not when counts have doubled.

One rule plays them all, by number, so that it is compiled once.
"""

import enum
import math

from textbook_gym.authoring import Field, Record, below, chance, normal, rule
from textbook_gym.authoring.random import gamma

SAMPLES = 5


class Player(enum.IntEnum):
    """Number of a player; its name in lower case is the keyword `student`."""

    RANDOM = 0
    GREEDY = 1
    EPSILON = 2
    PSRL = 3
    OPSRL = 4
    BEB = 5
    UCRL2 = 6


TUNING = {Player.EPSILON: 0.05, Player.BEB: 3.0, Player.UCRL2: 0.1}
"""Default of a player's own number; 0 for all others."""


def notes(states: int, actions: int, horizon: int) -> tuple[Field, ...]:
    """Return what a player remembers of a process."""
    return (
        Field("count", "f8", "times that a state followed a state and action", (states, actions, states)),
        Field("visits", "f8", "times that an action was taken in a state", (states, actions)),
        Field("sum", "f8", "sum of the rewards then", (states, actions)),
        Field("steps", "f8", "steps so far"),
        Field("time", "i4", "this page: steps so far"),
        Field("chance", "f8", "this page: chances of next states assumed", (SAMPLES, states, actions, states)),
        Field("reward", "f8", "this page: mean rewards assumed", (SAMPLES, states, actions)),
        Field("value", "f8", "this page: return from each state, planned last and before", (2, states)),
        Field("order", "i2", "this page: states by value", (states,)),
        Field("plan", "i1", "this page: action by step and state", (horizon, states)),
    )


@rule
def place(o: Record) -> int:
    """Return the state shown."""
    at = 0
    while o.state[at] == 0.0:
        at += 1
    return at


@rule
def study(p: Record, n: Record, before: Record, action: int, o: Record) -> None:
    """Count what followed."""
    at = place(before)
    n.count[at, action, place(o)] += 1.0
    n.visits[at, action] += 1.0
    n.sum[at, action] += o.reward
    n.steps += 1.0
    n.time += 1


@rule
def suppose(p: Record, n: Record, k: int, bonus: float) -> None:
    """Assume the posterior mean as process `k`, with a bonus / (1 + visits) on rewards."""
    for i in range(p.states):
        for a in range(p.actions):
            n.reward[k, i, a] = (1.0 + n.sum[i, a] + bonus) / (1.0 + n.visits[i, a])
            for j in range(p.states):
                n.chance[k, i, a, j] = (1.0 + n.count[i, a, j]) / (p.states + n.visits[i, a])


@rule
def imagine(p: Record, n: Record, k: int) -> None:
    """Assume a process drawn from the posterior as process `k`."""
    for i in range(p.states):
        for a in range(p.actions):
            mean = (1.0 + n.sum[i, a]) / (1.0 + n.visits[i, a])
            n.reward[k, i, a] = mean + normal(n) / math.sqrt(1.0 + n.visits[i, a])
            total = 0.0
            for j in range(p.states):
                n.chance[k, i, a, j] = gamma(n, 1.0 + n.count[i, a, j])
                total += n.chance[k, i, a, j]
            for j in range(p.states):
                n.chance[k, i, a, j] /= total


@rule
def plan(p: Record, n: Record, processes: int) -> None:
    """Plan by backward induction; an action is worth what the best of the processes assumed says."""
    for i in range(p.states):
        n.value[0, i] = 0.0
    for back in range(p.limit):
        t = p.limit - 1 - back
        for i in range(p.states):
            n.value[1, i] = -math.inf
            for a in range(p.actions):
                best = -math.inf
                for k in range(processes):
                    value = n.reward[k, i, a]
                    for j in range(p.states):
                        value += n.chance[k, i, a, j] * n.value[0, j]
                    best = max(best, value)
                if best > n.value[1, i]:
                    n.value[1, i] = best
                    n.plan[t, i] = a
        for i in range(p.states):
            n.value[0, i] = n.value[1, i]


@rule
def tilt(p: Record, n: Record) -> None:
    """Plan by backward induction on the best process within UCRL2's bounds."""
    steps = max(1.0, n.steps)
    wide = p.tuning * math.sqrt(3.5 * math.log(40.0 * p.states * p.actions * steps))
    far = p.tuning * math.sqrt(14.0 * p.states * math.log(40.0 * p.actions * steps))
    for i in range(p.states):
        n.value[0, i] = 0.0
    for back in range(p.limit):
        t = p.limit - 1 - back
        for i in range(p.states):  # states by value, the worst first
            k = i
            while k > 0 and n.value[0, n.order[k - 1]] > n.value[0, i]:
                n.order[k] = n.order[k - 1]
                k -= 1
            n.order[k] = i
        top = n.order[p.states - 1]
        for i in range(p.states):
            n.value[1, i] = -math.inf
            for a in range(p.actions):
                root = math.sqrt(max(1.0, n.visits[i, a]))
                more = min(far / root / 2.0, 1.0 - n.chance[0, i, a, top])  # moved to the best next state,
                value = n.reward[0, i, a] + wide / root + more * n.value[0, top]
                for k in range(p.states):  # taken from the worst ones
                    j = n.order[k]
                    taken = min(more, n.chance[0, i, a, j])
                    more -= taken
                    value += (n.chance[0, i, a, j] - taken) * n.value[0, j]
                if value > n.value[1, i]:
                    n.value[1, i] = value
                    n.plan[t, i] = a
        for i in range(p.states):
            n.value[0, i] = n.value[1, i]


@rule
def open_page(p: Record, n: Record, o: Record) -> None:
    """Plan the episode, as the player does."""
    n.time = 0
    if p.player == Player.RANDOM:
        return
    processes = SAMPLES if p.player == Player.OPSRL else 1
    for k in range(processes):
        if p.player == Player.PSRL or p.player == Player.OPSRL:
            imagine(p, n, k)
        else:
            suppose(p, n, k, p.tuning if p.player == Player.BEB else 0.0)
    if p.player == Player.UCRL2:
        tilt(p, n)
    else:
        plan(p, n, processes)


@rule
def answer(p: Record, n: Record, o: Record) -> int:
    """Take the action planned; or any, as the player does."""
    if p.player == Player.RANDOM or (p.player == Player.EPSILON and chance(n, p.tuning)):
        return below(n, p.actions)
    return int(n.plan[n.time, place(o)])
