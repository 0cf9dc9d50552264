"""Beliefs: weights over hypotheses in a one-dimensional field of the notes.

Arrays are handed to these rules whole, which costs a reference count in compiled code: fine in a model student, in
`pose` or in `write`; not in `step` and `observe`, which run at every step.
"""

from textbook_gym.authoring.contract import rule
from textbook_gym.authoring.random import uniform
from textbook_gym.authoring.records import Record


@rule
def normalise(weights: Record, n: int) -> float:
    """Scale the first `n` weights to sum 1, unless they are all 0; return what the sum was.

    Example:
        >>> weights = [1.0, 3.0]
        >>> normalise(weights, 2), weights
        (4.0, [0.25, 0.75])
    """
    total = 0.0
    for i in range(n):
        total += weights[i]
    if total > 0.0:
        for i in range(n):
            weights[i] /= total
    return total


@rule
def argmax(weights: Record, n: int) -> int:
    """Return the place of the highest of the first `n` weights; of equals the first.

    Example:
        >>> argmax([0.1, 0.7, 0.7], 3)
        1
    """
    best = 0
    for i in range(1, n):
        if weights[i] > weights[best]:
            best = i
    return best


@rule
def argmax_by_lot(s: Record, weights: Record, n: int) -> int:
    """Return the place of the highest of the first `n` weights, `n` at least 1; of equals one by lot: one draw.

    Example:
        >>> from types import SimpleNamespace
        >>> s = SimpleNamespace(rng=1)
        >>> [argmax_by_lot(s, [0.1, 0.7, 0.7], 3) for _ in range(6)]
        [2, 2, 2, 1, 1, 2]
    """
    best, equals = 0, 1
    for i in range(1, n):
        if weights[i] > weights[best]:
            best, equals = i, 1
        elif weights[i] == weights[best]:
            equals += 1
    chosen, highest = int(uniform(s) * equals), weights[best]
    for i in range(best, n):
        if weights[i] == highest:
            if chosen == 0:
                return i
            chosen -= 1
    return best


@rule
def resample(s: Record, weights: Record, n: int, times: Record, most: int) -> None:
    """Draw `most` of `n` hypotheses in proportion to their weights, evenly spaced: systematic resampling, one draw.

    Sets `times[i]` to how often hypothesis `i` was drawn: its share of `most`, rounded down or up (Kitagawa
    1996, "Monte Carlo filter and smoother"). The weights need not sum to 1, but must not all be 0.

    Example:
        >>> from types import SimpleNamespace
        >>> times = [0, 0, 0]
        >>> resample(SimpleNamespace(rng=1), [0.5, 0.1, 0.4], 3, times, 10)
        >>> times
        [5, 1, 4]
    """
    total = 0.0
    for i in range(n):
        total += weights[i]
    spacing = total / most
    nearest, passed, left = uniform(s) * spacing, 0.0, most
    for i in range(n):
        passed += weights[i]
        times[i] = 0
        while left > 0 and (nearest < passed or (i == n - 1 and weights[i] > 0.0)):
            times[i] += 1
            left -= 1
            nearest += spacing
