"""Statistics of scores: point estimates and bootstrap intervals, as rliable defines them.

Scores come in strata, one a book: a matrix with a row for each training seed and a column for each edition. A resample
draws, within each stratum, seeds with replacement and editions with replacement, and keeps the crossed matrix; with one
seed it is the plain bootstrap over editions. Nothing here knows of books, marks or tables.

Sources: Agarwal et al. 2021, "Deep Reinforcement Learning at the Edge of the Statistical Precipice" (arXiv 2108.13264,
rliable); Efron and Tibshirani 1993 for the percentile interval; Owen 2007, "The pigeonhole bootstrap", for the crossed
one.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

RESAMPLES = 2000
CONFIDENCE = 0.95
TAILS = (1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2

Strata = Sequence[np.ndarray]
"""Scores by stratum: matrices (seeds, editions); a vector counts as one seed."""


class Estimate(NamedTuple):
    """A point estimate with the ends of its interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"

    @property
    def beyond_noise(self) -> bool:
        """Whether the interval leaves out 0: of a difference, whether there is one."""
        return self.low > 0.0 or self.high < 0.0


def iqm(scores: np.ndarray, axis: int = -1) -> np.ndarray:
    """Return the interquartile mean: the mean after a quarter of the scores is cut off at each end.

    Formula: with n scores in order, mean of those numbered floor(n/4) + 1 to n - floor(n/4).
    Source: rliable, `aggregate_iqm`.
    """
    return np.asarray(stats.trim_mean(scores, 0.25, axis=axis))


def optimality_gap(scores: np.ndarray, axis: int = -1) -> np.ndarray:
    """Return by how much scores fall short of 1 on average; what lies above 1 does not make up for it.

    Formula: 1 - mean(min(score, 1)).
    Source: rliable, `aggregate_optimality_gap` with gamma = 1.
    """
    return np.asarray(1.0 - np.minimum(scores, 1.0).mean(axis=axis))


def mean(scores: np.ndarray, axis: int = -1) -> np.ndarray:
    """Return the mean."""
    return np.asarray(scores.mean(axis=axis))


def drawn_of(n: int, rng: np.random.Generator) -> np.ndarray:
    """Return which of n things each resample holds, with replacement: int (RESAMPLES, n)."""
    return rng.integers(n, size=(RESAMPLES, n)) if n > 1 else np.zeros((RESAMPLES, 1), np.int64)


def crossed(rows: np.ndarray, columns: np.ndarray, width: int) -> np.ndarray:
    """Return the places in a flattened matrix of `width` columns where drawn rows and columns cross."""
    return (rows[:, :, None] * width + columns[:, None, :]).reshape(len(rows), -1)


def picks(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Return which scores of a flattened (seeds, editions) matrix each resample holds: int (RESAMPLES, size)."""
    seeds, editions = shape
    return crossed(drawn_of(seeds, rng), drawn_of(editions, rng), editions)


def resampled(strata: Strata, rng: np.random.Generator) -> np.ndarray:
    """Return RESAMPLES resamples of all scores, stratum by stratum: float (RESAMPLES, number of scores)."""
    matrices = [np.atleast_2d(s) for s in strata]
    return np.concatenate([m.reshape(-1)[picks((m.shape[0], m.shape[1]), rng)] for m in matrices], axis=1)


def flat(strata: Strata) -> np.ndarray:
    """Return all scores in one vector."""
    return np.concatenate([np.ravel(s) for s in strata])


def interval(value: float, drawn: np.ndarray) -> Estimate:
    """Return an estimate from the value of the sample and the values of its resamples (percentile method)."""
    low, high = np.quantile(drawn, TAILS)
    return Estimate(float(value), float(low), float(high))


def estimate(strata: Strata, seed: int = 0, statistic: Callable[..., np.ndarray] = iqm) -> Estimate:
    """Return a statistic of all scores with its stratified bootstrap interval.

    Args:
        strata: scores by stratum, resampled within strata.
        seed: of the resampling, so that a report can be made again.
        statistic: `iqm`, `mean`, `optimality_gap` or another function of (scores, axis).
    """
    scores = flat(strata)
    value = float(statistic(scores))
    if np.ptp(scores) == 0.0:
        return Estimate(value, value, value)
    return interval(value, statistic(resampled(strata, np.random.default_rng(seed))))


def difference(first: Strata, second: Strata, seed: int = 0, statistic: Callable[..., np.ndarray] = iqm) -> Estimate:
    """Return statistic(first) - statistic(second) of unpaired samples; each is resampled by itself."""
    rng = np.random.default_rng(seed)
    value = float(statistic(flat(first)) - statistic(flat(second)))
    if np.ptp(flat(first)) == np.ptp(flat(second)) == 0.0:
        return Estimate(value, value, value)
    return interval(value, statistic(resampled(first, rng)) - statistic(resampled(second, rng)))


def paired_difference(
    first: Strata, second: Strata, seed: int = 0, statistic: Callable[..., np.ndarray] = iqm
) -> Estimate:
    """Return statistic(first) - statistic(second) where both walked the same editions: these are drawn for both alike.

    Training seeds are drawn for each by itself. Columns of corresponding strata must be the same editions.

    Raises:
        ValueError: corresponding strata have a different number of editions.
    """
    rng = np.random.default_rng(seed)
    samples: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for x, y in zip(map(np.atleast_2d, first), map(np.atleast_2d, second), strict=True):
        if x.shape[1] != y.shape[1]:
            raise ValueError(f"{x.shape[1]} editions against {y.shape[1]}: pair scores of the same editions")
        columns = drawn_of(x.shape[1], rng)
        for matrix, sample in ((x, samples[0]), (y, samples[1])):
            rows = drawn_of(matrix.shape[0], rng)
            sample.append(matrix.reshape(-1)[crossed(rows, columns, matrix.shape[1])])
    value = float(statistic(flat(first)) - statistic(flat(second)))
    a, b = (statistic(np.concatenate(sample, axis=1)) for sample in samples)
    return interval(value, a - b)


def probability_of_improvement(first: Strata, second: Strata, seed: int = 0) -> Estimate:
    """Return how likely a run of the first beats a run of the second on a book drawn at random.

    Formula: mean over books of U / (m * n), where U counts pairs of one of m runs of the first and one of n runs of
    the second in which the first is higher, ties half (Mann-Whitney).
    Source: rliable, `probability_of_improvement`.

    Raises:
        ValueError: the two have a different number of strata.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} strata against {len(second)}: give both students the same books")
    rng = np.random.default_rng(seed)
    value, drawn = 0.0, np.zeros(RESAMPLES)
    for x, y in zip(first, second, strict=True):
        x, y = np.atleast_2d(x), np.atleast_2d(y)
        higher = (x.reshape(-1, 1) > y.reshape(1, -1)) + 0.5 * (x.reshape(-1, 1) == y.reshape(1, -1))
        value += float(higher.mean()) / len(first)
        weights = [counts(picks((m.shape[0], m.shape[1]), rng), m.size) / m.size for m in (x, y)]
        drawn += np.einsum("rj,rj->r", weights[0] @ higher, weights[1]) / len(first)
    return interval(value, drawn)


def counts(drawn: np.ndarray, size: int) -> np.ndarray:
    """Return how often each of `size` scores is in each resample: int (RESAMPLES, size)."""
    places = drawn + np.arange(len(drawn))[:, None] * size
    return np.bincount(places.reshape(-1), minlength=len(drawn) * size).reshape(len(drawn), size)


def performance_profile(strata: Strata, thresholds: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return, for each threshold, the share of runs that score above it, with its pointwise interval.

    Formula: share(t) = number of scores > t / number of scores, over all books.
    Source: rliable, `run_score_distribution`.

    Returns:
        float (3, thresholds): share, low, high.
    """
    ordered = np.sort(flat(strata))
    share = above(ordered, thresholds)
    drawn = np.sort(resampled(strata, np.random.default_rng(seed)), axis=1)
    low, high = np.quantile([above(row, thresholds) for row in drawn], TAILS, axis=0)
    return np.stack([share, low, high])


def above(ordered: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Return the share of ascending scores above each threshold."""
    return 1.0 - np.searchsorted(ordered, thresholds, side="right") / len(ordered)


def bands(runs: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return the mean of each column with its pointwise bootstrap interval.

    Args:
        runs: float (seeds, editions, columns).
        seed: of the resampling.

    Returns:
        float (3, columns): mean, low, high.
    """
    seeds, editions, columns = runs.shape
    each = runs.reshape(seeds * editions, columns)
    weights = counts(picks((seeds, editions), np.random.default_rng(seed)), len(each)) / len(each)
    low, high = np.quantile(weights @ each, TAILS, axis=0)
    return np.stack([each.mean(axis=0), low, high])
