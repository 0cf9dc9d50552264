"""Draws that scripted players make: gamma and beta variates."""

import math

from textbook_gym.book import Record, rule
from textbook_gym.rng import normal, uniform


@rule
def gamma(s: Record, shape: float) -> float:
    """Return a draw from the gamma distribution of scale 1 and `shape` >= 1 (Marsaglia and Tsang 2000)."""
    if shape == 1.0:
        return -math.log(1.0 - uniform(s))
    d = shape - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    while True:
        x = normal(s)
        v = (1.0 + c * x) * (1.0 + c * x) * (1.0 + c * x)
        if v > 0.0 and math.log(1.0 - uniform(s)) < 0.5 * x * x + d - d * v + d * math.log(v):
            return d * v


@rule
def beta(s: Record, a: float, b: float) -> float:
    """Return a draw from the beta distribution with `a`, `b` >= 1."""
    x = gamma(s, a)
    return x / (x + gamma(s, b))
