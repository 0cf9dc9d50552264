"""The model student of `textbook_gym.books.bandits`: what it assumes and does is told there."""

import math

from textbook_gym.authoring import Ability, Field, Record, belief, below, rule
from textbook_gym.books.bandits import ARMS, DIRECTIONS, SEASONS, SKIES, Chapter, direction, payoff_of

HYPOTHESES = SKIES * SEASONS  # of the model student: a sky with the season that stays when the others turn
FAINT = 1e-6  # beliefs below this are not followed up
CURIOSITY = 0.5  # the model student's bonus for pulls left in this exercise, in standard deviations
LOOKAHEAD = 1.0  # and for exercises left in this chapter


NOTES = (
    Field(
        "fit",
        "f8",
        "1 - likelihood (up to a factor) of all payoffs seen, before and after the reversal, by season, arm and angle",
        (2, SEASONS, ARMS, DIRECTIONS),
    ),
    Field("season", "i1", "this page: the two seasons of the cue", (2,)),
    Field("weight", "f8", "this page: belief in every sky with every season that stays", (HYPOTHESES,)),
    Field("belief", "f8", "this page: belief in the directions of every arm", (HYPOTHESES, ARMS, DIRECTIONS)),
)


@rule
def turned(p: Chapter, n: Record) -> int:
    """Return whether it reckons with the reversal."""
    return p.turned if n.lacks != Ability.ADAPTATION else 0


@rule
def hypotheses(p: Chapter, n: Record) -> int:
    """Return how many hypotheses (sky + 24 * season that stays) matter: before the reversal the skies alone."""
    if n.lacks == Ability.GENERALISATION:
        return 1
    return HYPOTHESES if turned(p, n) == 1 else SKIES


@rule
def open_page(p: Chapter, n: Record, o: Record) -> None:
    """Work out the posterior before the first pull."""
    n.season[0] = -1
    for c in range(SEASONS):
        if o.cue[c] > 0.0:
            n.season[1] = c
            if n.season[0] < 0:
                n.season[0] = c
    for h in range(hypotheses(p, n)):
        n.weight[h] = 1.0
        for a in range(ARMS):
            for d in range(DIRECTIONS):
                likelihood = 1.0
                for c in range(SEASONS):
                    if n.lacks == Ability.GENERALISATION:  # an arm's angle in just this season; nothing of a mixed cue
                        if c == n.season[0] and c == n.season[1]:
                            likelihood = (1.0 - n.fit[0, c, a, d]) * (1.0 - n.fit[1, c, a, d])
                    else:
                        likelihood *= 1.0 - n.fit[0, c, a, (d - direction(h % SKIES, -1, c)) % DIRECTIONS]
                        if turned(p, n) == 1:
                            turn = (d - direction(h % SKIES, h // SKIES, c)) % DIRECTIONS
                            likelihood *= 1.0 - n.fit[1, c, a, turn]
                n.belief[h, a, d] = likelihood
            n.weight[h] *= belief.normalise(n.belief[h, a], DIRECTIONS)
    belief.normalise(n.weight, hypotheses(p, n))


@rule
def predict(p: Chapter, n: Record, h: int, d: int) -> float:
    """Return the chance of a payoff under hypothesis `h` for an arm that points to `d`."""
    if n.lacks == Ability.GENERALISATION:
        return payoff_of(d, 0, 0)
    still = h // SKIES if turned(p, n) == 1 else -1
    return payoff_of(d, direction(h % SKIES, still, n.season[0]), direction(h % SKIES, still, n.season[1]))


@rule
def study(p: Chapter, n: Record, before: Record, action: int, o: Record) -> None:
    """Learn from one pull."""
    if o.payoff == 0.0:
        return
    highest = 0.0
    when = turned(p, n)
    for angle in range(DIRECTIONS):
        seen = payoff_of(angle, 0, 0) if o.payoff > 0.0 else 1.0 - payoff_of(angle, 0, 0)
        likelihood = max(seen * (1.0 - n.fit[when, n.season[0], action, angle]), FAINT)
        n.fit[when, n.season[0], action, angle] = likelihood
        highest = max(highest, likelihood)
    for angle in range(DIRECTIONS):
        n.fit[when, n.season[0], action, angle] = 1.0 - n.fit[when, n.season[0], action, angle] / highest
    for h in range(hypotheses(p, n)):
        if n.weight[h] > FAINT:
            for d in range(DIRECTIONS):
                payoff = predict(p, n, h, d)
                n.belief[h, action, d] *= payoff if o.payoff > 0.0 else 1.0 - payoff
            n.weight[h] *= belief.normalise(n.belief[h, action], DIRECTIONS)
    belief.normalise(n.weight, hypotheses(p, n))


@rule
def curiosity(p: Chapter, n: Record, o: Record) -> float:
    """Return how many standard deviations a doubt is worth: for pulls left here, and for exercises left."""
    if n.lacks == Ability.EXPLORATION or p.told == 0:
        return 0.0
    later = 0.0 if n.lacks == Ability.FORESIGHT else LOOKAHEAD * (1.0 - o.exercise)
    here = CURIOSITY * (o.left * p.limit - 1.0) / p.limit
    return here + later


@rule
def answer(p: Chapter, n: Record, o: Record) -> int:
    """Pull the arm of the best expected payoff, with a bonus for doubt while there is time left to use it."""
    choice, best, equals = 0, -1.0, 0
    bonus = curiosity(p, n, o)
    for a in range(p.arms):
        mean, square = 0.0, 0.0
        for h in range(hypotheses(p, n)):
            if n.weight[h] > FAINT:
                for d in range(DIRECTIONS):
                    payoff = predict(p, n, h, d)
                    share = n.weight[h] * n.belief[h, a, d]
                    mean += share * payoff
                    square += share * payoff * payoff
        value = mean + bonus * math.sqrt(max(square - mean * mean, 0.0))
        if value > best + FAINT:
            choice, best, equals = a, value, 1
        elif value > best - FAINT:  # of arms that it knows as little of, any
            equals += 1
            choice = a if below(n, equals) == 0 else choice
    return choice
