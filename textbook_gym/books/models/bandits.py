"""The model student of `textbook_gym.books.bandits`: what it assumes and does is told there."""

import math

from textbook_gym.authoring import Field, Record, belief, rule
from textbook_gym.books.bandits import ARMS, DIRECTIONS, SEASONS, SKIES, Chapter, direction, payoff_of

HYPOTHESES = SKIES * SEASONS  # of the model student: a sky with a turned season
FAINT = 1e-6  # beliefs below this are not followed up
CURIOSITY = 0.5  # the model student's bonus, in standard deviations


NOTES = (
    Field(
        "fit",
        "f8",
        "1 - likelihood (up to a factor) of all payoffs seen, before and after the reversal, by season, arm and angle",
        (2, SEASONS, ARMS, DIRECTIONS),
    ),
    Field("season", "i1", "this page: the two seasons of the cue", (2,)),
    Field("weight", "f8", "this page: belief in every sky with every turned season", (HYPOTHESES,)),
    Field("belief", "f8", "this page: belief in the directions of every arm", (HYPOTHESES, ARMS, DIRECTIONS)),
)


@rule
def hypotheses(p: Chapter) -> int:
    """Return how many hypotheses (sky + 24 * turned season) matter: before the reversal the skies alone."""
    return HYPOTHESES if p.turned == 1 else SKIES


@rule
def open_page(p: Chapter, n: Record, o: Record) -> None:
    """Work out the posterior before the first pull."""
    n.season[0] = -1
    for c in range(SEASONS):
        if o.cue[c] > 0.0:
            n.season[1] = c
            if n.season[0] < 0:
                n.season[0] = c
    for h in range(hypotheses(p)):
        n.weight[h] = 1.0
        for a in range(ARMS):
            for d in range(DIRECTIONS):
                likelihood = 1.0
                for c in range(SEASONS):
                    likelihood *= 1.0 - n.fit[0, c, a, (d - direction(h % SKIES, -1, c)) % DIRECTIONS]
                    if p.turned == 1:
                        likelihood *= 1.0 - n.fit[1, c, a, (d - direction(h % SKIES, h // SKIES, c)) % DIRECTIONS]
                n.belief[h, a, d] = likelihood
            n.weight[h] *= belief.normalise(n.belief[h, a], DIRECTIONS)
    belief.normalise(n.weight, hypotheses(p))


@rule
def predict(p: Chapter, n: Record, h: int, d: int) -> float:
    """Return the chance of a payoff under hypothesis `h` for an arm that points to `d`."""
    turned = h // SKIES if p.turned == 1 else -1
    return payoff_of(d, direction(h % SKIES, turned, n.season[0]), direction(h % SKIES, turned, n.season[1]))


@rule
def study(p: Chapter, n: Record, before: Record, action: int, o: Record) -> None:
    """Learn from one pull."""
    if o.payoff == 0.0:
        return
    highest = 0.0
    for angle in range(DIRECTIONS):
        seen = payoff_of(angle, 0, 0) if o.payoff > 0.0 else 1.0 - payoff_of(angle, 0, 0)
        likelihood = max(seen * (1.0 - n.fit[p.turned, n.season[0], action, angle]), FAINT)
        n.fit[p.turned, n.season[0], action, angle] = likelihood
        highest = max(highest, likelihood)
    for angle in range(DIRECTIONS):
        n.fit[p.turned, n.season[0], action, angle] = 1.0 - n.fit[p.turned, n.season[0], action, angle] / highest
    for h in range(hypotheses(p)):
        if n.weight[h] > FAINT:
            for d in range(DIRECTIONS):
                payoff = predict(p, n, h, d)
                n.belief[h, action, d] *= payoff if o.payoff > 0.0 else 1.0 - payoff
            n.weight[h] *= belief.normalise(n.belief[h, action], DIRECTIONS)
    belief.normalise(n.weight, hypotheses(p))


@rule
def answer(p: Chapter, n: Record, o: Record) -> int:
    """Pull the arm of the best expected payoff, with a bonus for doubt while there are pulls left to use it."""
    choice, best = 0, -1.0
    for a in range(p.arms):
        mean, square = 0.0, 0.0
        for h in range(hypotheses(p)):
            if n.weight[h] > FAINT:
                for d in range(DIRECTIONS):
                    payoff = predict(p, n, h, d)
                    share = n.weight[h] * n.belief[h, a, d]
                    mean += share * payoff
                    square += share * payoff * payoff
        value = mean + CURIOSITY * o.left * math.sqrt(max(square - mean * mean, 0.0))
        if value > best:
            choice, best = a, value
    return choice
