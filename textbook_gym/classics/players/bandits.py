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

One rule plays them all, by number, so that it is compiled once. The Gittins index player needs a table:
`textbook_gym.classics.gittins`.
"""

import enum
import math

from textbook_gym.authoring import Field, Record, below, chance, rule
from textbook_gym.authoring.random import beta


class Player(enum.IntEnum):
    """Number of a player; its name in lower case is the keyword `student`."""

    RANDOM = 0
    GREEDY = 1
    EPSILON = 2
    UCB1 = 3
    UCB_PRIOR = 4
    THOMPSON = 5
    OPTIMISTIC = 6


TUNING = {Player.EPSILON: 0.05, Player.UCB1: 0.3, Player.UCB_PRIOR: 0.3}
"""Default of a player's own number; 0 for all others."""


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
def worth(p: Record, n: Record, a: int, spread: float) -> float:
    """Return what the player thinks of an arm; `spread` widens bounds."""
    wins, losses = n.wins[a], n.losses[a]
    mean = (wins + 1.0) / (wins + losses + 2.0)  # of the posterior
    if p.player == Player.UCB1:
        pulls = wins + losses
        return wins / pulls + spread / math.sqrt(pulls)
    if p.player == Player.UCB_PRIOR:
        return mean + spread / math.sqrt(wins + losses + 1.0)
    if p.player == Player.THOMPSON:
        return beta(n, wins + 1.0, losses + 1.0)
    if p.player == Player.OPTIMISTIC:
        return max(beta(n, wins + 1.0, losses + 1.0), mean)
    return mean


@rule
def answer(p: Record, n: Record, o: Record) -> int:
    """Choose an arm, as the player does."""
    if p.player == Player.RANDOM or (p.player == Player.EPSILON and chance(n, p.tuning)):
        return below(n, p.arms)
    spread = 0.0
    if p.player == Player.UCB1:
        if n.pulled < p.arms:
            return int(n.pulled)
        spread = p.tuning * math.sqrt(2.0 * math.log(n.pulled))
    elif p.player == Player.UCB_PRIOR:
        spread = p.tuning * math.sqrt(2.0 * math.log(n.pulled + 1.0))
    arm, best = 0, -1.0
    for a in range(p.arms):
        value = worth(p, n, a, spread)
        if value > best:
            arm, best = a, value
    return arm
