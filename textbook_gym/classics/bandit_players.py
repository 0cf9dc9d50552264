"""The players of RL^2's table of bandits, as rules: what they note, and how each chooses an arm.

All start from a uniform prior over the chance of every arm, break ties by the lowest number, and see only payoffs.

    random       any arm
    greedy       the highest posterior mean
    epsilon      the same, but any arm with probability epsilon (`tuning`)
    ucb1         the highest mean + c sqrt(2 ln t / pulls) (Auer, Cesa-Bianchi and Fischer 2002; there c = 1), of the
                 arms once pulled; each is pulled once first. c is `tuning`.
    ucb_prior    the same on the posterior mean, with pulls + 1 for pulls: no arm has to be pulled first. RL^2's table
                 lists more for UCB1 at n = 10 and k = 50 than pulling each arm once allows.
    thompson     the highest draw from the posterior (Thompson 1933)
    optimistic   the highest of max(draw, posterior mean) (May, Korda, Lee and Leslie 2012)

The Gittins index player needs a table: `textbook_gym.classics.gittins`.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from textbook_gym.book import Field, Record, rule
from textbook_gym.classics.sampling import beta
from textbook_gym.rng import below, chance


def notes(arms: int) -> tuple[Field, ...]:
    """Return what a player remembers of so many arms."""
    return (
        Field("wins", "i4", "payoffs of 1 by arm", (arms,)),
        Field("losses", "i4", "payoffs of 0 by arm", (arms,)),
        Field("pulled", "i4", "pulls so far"),
    )


@rule
def open_page(p: Record, n: Record, o: Record) -> None:
    """Nothing to prepare: a bandit that is posed again is the same."""


@rule
def study(p: Record, n: Record, before: Record, action: int, o: Record) -> None:
    """Count the payoff."""
    if o.payoff > 0.0:
        n.wins[action] += 1
    else:
        n.losses[action] += 1
    n.pulled += 1


@rule
def mean(n: Record, a: int) -> float:
    """Return the posterior mean of an arm."""
    return (n.wins[a] + 1.0) / (n.wins[a] + n.losses[a] + 2.0)


@rule
def anyhow(p: Record, n: Record, o: Record) -> int:
    """Pull any arm."""
    return below(n, p.arms)


@rule
def greedy(p: Record, n: Record, o: Record) -> int:
    """Pull the arm of the highest posterior mean."""
    arm, best = 0, -1.0
    for a in range(p.arms):
        value = mean(n, a)
        if value > best:
            arm, best = a, value
    return arm


@rule
def epsilon(p: Record, n: Record, o: Record) -> int:
    """Pull any arm now and then, else the arm of the highest posterior mean."""
    return below(n, p.arms) if chance(n, p.tuning) else greedy(p, n, o)


@rule
def ucb1(p: Record, n: Record, o: Record) -> int:
    """Pull every arm once, then the arm of the highest upper bound."""
    if n.pulled < p.arms:
        return int(n.pulled)
    arm, best = 0, -1.0
    spread = p.tuning * math.sqrt(2.0 * math.log(n.pulled))
    for a in range(p.arms):
        pulls = n.wins[a] + n.losses[a]
        value = n.wins[a] / pulls + spread / math.sqrt(pulls)
        if value > best:
            arm, best = a, value
    return arm


@rule
def ucb_prior(p: Record, n: Record, o: Record) -> int:
    """Pull the arm of the highest upper bound, with the prior as a pull of every arm."""
    arm, best = 0, -1.0
    spread = p.tuning * math.sqrt(2.0 * math.log(n.pulled + 1.0))
    for a in range(p.arms):
        value = mean(n, a) + spread / math.sqrt(n.wins[a] + n.losses[a] + 1.0)
        if value > best:
            arm, best = a, value
    return arm


@rule
def thompson(p: Record, n: Record, o: Record) -> int:
    """Pull the arm of the highest draw from the posterior."""
    arm, best = 0, -1.0
    for a in range(p.arms):
        value = beta(n, n.wins[a] + 1.0, n.losses[a] + 1.0)
        if value > best:
            arm, best = a, value
    return arm


@rule
def optimistic(p: Record, n: Record, o: Record) -> int:
    """Pull the arm of the highest draw, none counted below its mean."""
    arm, best = 0, -1.0
    for a in range(p.arms):
        value = max(beta(n, n.wins[a] + 1.0, n.losses[a] + 1.0), mean(n, a))
        if value > best:
            arm, best = a, value
    return arm


class Player(NamedTuple):
    """A way to choose, and its own number where it has one."""

    answer: Callable[..., Any]
    tuning: float = 0.0


PLAYERS = {
    "random": Player(anyhow),
    "greedy": Player(greedy),
    "epsilon": Player(epsilon, 0.05),
    "ucb1": Player(ucb1, 0.3),
    "ucb_prior": Player(ucb_prior, 0.3),
    "thompson": Player(thompson),
    "optimistic": Player(optimistic),
}
