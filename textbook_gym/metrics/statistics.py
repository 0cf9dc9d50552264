"""Statistics of scores: point estimates and bootstrap intervals, as rliable defines them.

Scores come in strata, one a book: a matrix with a row for each training seed and a column for each edition. Nothing
here knows of books, marks or tables.

Two things are left to chance: which editions were walked, and how the trainings went. The two are crossed (every seed
walks every edition) and each is drawn by itself, with replacement. Editions belong to a book and are drawn within its
stratum. An agent trained from one seed is the same agent in all books, so seeds are drawn once for all strata: rows of
strata with as many seeds must be the same seeds in the same order. With theta the statistic of all scores, d_E its
change in a resample of editions and d_S its change in a resample of S seeds, the ends of the interval are

    theta -+ sqrt(q^2 + t(df, 0.975)^2 * v_S),    v_S = S / (S - 1) * Var d_S,    df = S - 1,

where q is the quantile of d_E on that side. A bootstrap of S things shows (S - 1) / S of their variance, hence the
factor in v_S. A few seeds show no shape (quantiles of three would be the seeds themselves), so they enter by their
variance alone; and that is itself uncertain, hence Student's t. Where only seeds matter, this is the bootstrap widened
by sqrt(S / (S - 1)) * t(S - 1, 0.975) / z(0.975); where only editions do, it is their percentile interval. Each source
of chance has its own critical value: one t for the sum, with the degrees of freedom of Satterthwaite, falls to 92 %
with three seeds. In a difference of two students each has a v_S of its own, since trainings are not paired; they add
up, and df is that of Welch. Editions are drawn for both alike where both walked the same. A difference within a run
(memory kept - wiped) is one score of that run.

One seed cannot show how trainings differ: its interval covers the choice of editions alone, as an ordinary bootstrap
over editions. One run shows nothing of either: its interval is not a number, and no difference is beyond noise.
In simulations (`tests/metrics/test_coverage.py`; 3, 5 and 10 seeds, one book and twelve) 94 to 97 % of intervals cover
the truth; 98 % with three seeds that hardly differ in one book, since what looks like a difference of seeds is then
noise of single runs, which few degrees of freedom weigh too heavily: on the safe side.

Sources: Agarwal et al. 2021, "Deep Reinforcement Learning at the Edge of the Statistical Precipice" (arXiv 2108.13264,
rliable); Efron and Tibshirani 1993 for the percentile interval; Owen 2007, "The pigeonhole bootstrap", for crossed
designs; Hesterberg 2015, "What Teachers Should Know about the Bootstrap" (arXiv 1411.5279), for the widening in small
samples; Welch 1947 for the degrees of freedom of a difference.
"""

import math
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
    """A point estimate with the ends of its interval, which are not numbers (nan) where one run is all there is.

    Example:
        >>> print(Estimate(0.412, 0.301, 0.524))
        0.412 [0.301, 0.524]
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} " + ("[one run]" if math.isnan(self.low) else f"[{self.low:.3f}, {self.high:.3f}]")

    @property
    def beyond_noise(self) -> bool:
        """Whether the interval leaves out 0: of a difference, whether there is one."""
        return self.low > 0.0 or self.high < 0.0


def iqm(scores: np.ndarray, axis: int = -1) -> np.ndarray:
    """Return the interquartile mean: the mean after a quarter of the scores is cut off at each end.

    Formula: with n scores in order, mean of those numbered floor(n/4) + 1 to n - floor(n/4).
    Source: rliable, `aggregate_iqm`.

    Example:
        >>> float(iqm(np.array([0.0, 1.0, 2.0, 9.0])))
        1.5
    """
    return np.asarray(stats.trim_mean(scores, 0.25, axis=axis))


def optimality_gap_of(scores: np.ndarray, axis: int = -1) -> np.ndarray:
    """Return by how much scores fall short of 1 on average; what lies above 1 does not make up for it.

    Formula: 1 - mean(min(score, 1)).
    Source: rliable, `aggregate_optimality_gap` with gamma = 1.

    Example:
        >>> round(float(optimality_gap_of(np.array([0.5, 1.5]))), 2)
        0.25
    """
    return np.asarray(1.0 - np.minimum(scores, 1.0).mean(axis=axis))


def mean(scores: np.ndarray, axis: int = -1) -> np.ndarray:
    """Return the mean.

    Example:
        >>> float(mean(np.array([0.25, 0.75])))
        0.5
    """
    return np.asarray(scores.mean(axis=axis))


def drawn_of(n: int, rng: np.random.Generator) -> np.ndarray:
    """Return which of n things each resample holds, with replacement: int (RESAMPLES, n)."""
    return rng.integers(n, size=(RESAMPLES, n)) if n > 1 else np.zeros((RESAMPLES, 1), np.int64)


def crossed(rows: np.ndarray, columns: np.ndarray, width: int) -> np.ndarray:
    """Return the places in a flattened matrix of `width` columns where drawn rows and columns cross."""
    return (rows[:, :, None] * width + columns[:, None, :]).reshape(len(rows), -1)


class Draws(NamedTuple):
    """Places of scores, among all in one vector, that resamples hold: int (RESAMPLES, number of scores) each."""

    editions: np.ndarray  # editions drawn, all seeds
    seeds: list[tuple[int, np.ndarray]]  # number of seeds, and places with seeds drawn and all editions


def draws(strata: Strata, rng: np.random.Generator, columns: Sequence[np.ndarray] | None = None) -> Draws:
    """Draw editions within every stratum, and seeds once for all strata that have as many.

    Args:
        strata: scores; matrices may have further axes.
        rng: what draws.
        columns: drawn editions by stratum, where they were drawn already.
    """
    shapes = [np.atleast_2d(s).shape[:2] for s in strata]
    starts = np.cumsum([0, *(s * e for s, e in shapes)])
    rows = {s: drawn_of(s, rng) for s in sorted({s for s, _ in shapes}) if s > 1}
    columns = [drawn_of(e, rng) for _, e in shapes] if columns is None else columns

    def places(drawn: dict[int, np.ndarray], chosen: Sequence[np.ndarray] | None) -> np.ndarray:
        found = []
        for k, (start, (s, e)) in enumerate(zip(starts, shapes, strict=False)):
            of_seeds = drawn.get(s, np.arange(s)[None].repeat(RESAMPLES, 0))
            of_editions = np.arange(e)[None].repeat(RESAMPLES, 0) if chosen is None else chosen[k]
            found.append(start + crossed(of_seeds, of_editions, e))
        return np.concatenate(found, axis=1)

    return Draws(places({}, columns), [(s, places({s: drawn}, None)) for s, drawn in rows.items()])


def flat(strata: Strata) -> np.ndarray:
    """Return all scores in one vector."""
    return np.concatenate([np.ravel(s) for s in strata])


def widened_ends(
    value: np.ndarray | float, editions: np.ndarray, seeds: Sequence[tuple[int, np.ndarray]]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of intervals; see the top of this file.

    Args:
        value: of the sample.
        editions: of resamples of editions, (RESAMPLES, ...).
        seeds: by student, its number of seeds, and by how much resamples of them change the value, (RESAMPLES, ...).
    """
    if not seeds:
        low, high = np.quantile(editions, TAILS, axis=0)
        return low, high
    spread = uncertain = np.zeros(editions.shape[1:])
    for s, changes in seeds:
        part = s / (s - 1) * changes.var(axis=0)
        spread = spread + part
        uncertain = uncertain + part**2 / (s - 1)
    df = np.divide(spread**2, uncertain, out=np.full(np.shape(spread), np.inf), where=uncertain > 0.0)
    reach = stats.t.ppf(TAILS[1], df) * np.sqrt(spread)
    below, over = np.quantile(editions - value, TAILS, axis=0)
    return value - np.hypot(np.minimum(below, 0.0), reach), value + np.hypot(np.maximum(over, 0.0), reach)


def interval(
    value: float, editions: np.ndarray, seeds: Sequence[tuple[int, np.ndarray]], lone: bool = False
) -> Estimate:
    """Return an estimate with the ends that `widened` gives, or none of a lone run."""
    low, high = (math.nan, math.nan) if lone else widened_ends(value, editions, seeds)
    return Estimate(float(value), float(low), float(high))


def lone(*students: Strata) -> bool:
    """Return whether a student was seen once in every stratum only: then nothing is known of chance."""
    return any(all(np.size(s) == 1 for s in strata) for strata in students)


def estimate(strata: Strata, seed: int = 0, statistic: Callable[..., np.ndarray] = iqm) -> Estimate:
    """Return a statistic of all scores with its stratified bootstrap interval.

    Args:
        strata: scores by stratum, resampled within strata; of one run alone the interval is not a number.
        seed: of the resampling, so that a report can be made again.
        statistic: `iqm`, `mean`, `optimality_gap_of` or another function of (scores, axis).

    Example:
        >>> found = estimate([np.array([[0.4, 0.5, 0.6], [0.5, 0.6, 0.7]])])  # two seeds, three editions of one book
        >>> round(found.value, 2), found.low < found.value < found.high
        (0.55, True)
    """
    scores = flat(strata)
    value = float(statistic(scores))
    if np.ptp(scores) == 0.0 and not lone(strata):
        return Estimate(value, value, value)
    drawn = draws(strata, np.random.default_rng(seed))
    seeds = [(s, statistic(scores[places]) - value) for s, places in drawn.seeds]
    return interval(value, statistic(scores[drawn.editions]), seeds, lone(strata))


def difference(first: Strata, second: Strata, seed: int = 0, statistic: Callable[..., np.ndarray] = iqm) -> Estimate:
    """Return statistic(first) - statistic(second) of unpaired samples; each is resampled by itself.

    Example:
        >>> better, worse = np.full((2, 8), 0.9), np.full((2, 8), 0.5)
        >>> difference([better], [worse]).beyond_noise
        True
    """
    rng = np.random.default_rng(seed)
    if np.ptp(flat(first)) == np.ptp(flat(second)) == 0.0 and not lone(first, second):
        value = float(statistic(flat(first)) - statistic(flat(second)))
        return Estimate(value, value, value)
    return apart(first, second, (draws(first, rng), draws(second, rng)), statistic)


def paired_difference(
    first: Strata, second: Strata, seed: int = 0, statistic: Callable[..., np.ndarray] = iqm
) -> Estimate:
    """Return statistic(first) - statistic(second) where both walked the same editions: these are drawn for both alike.

    Training seeds are drawn for each by itself. Columns of corresponding strata must be the same editions.

    Raises:
        ValueError: corresponding strata have a different number of editions.

    Example:
        >>> before, after = [np.array([[0.2, 0.3, 0.4, 0.5]])], [np.array([[0.4, 0.5, 0.6, 0.7]])]
        >>> round(paired_difference(after, before, statistic=mean).value, 2)
        0.2
    """
    rng = np.random.default_rng(seed)
    widths = [(np.atleast_2d(x).shape[1], np.atleast_2d(y).shape[1]) for x, y in zip(first, second, strict=True)]
    for m, n in widths:
        if m != n:
            raise ValueError(f"{m} editions against {n}: pair scores of the same editions")
    columns = [drawn_of(n, rng) for n, _ in widths]
    return apart(first, second, (draws(first, rng, columns), draws(second, rng, columns)), statistic)


def apart(first: Strata, second: Strata, drawn: tuple[Draws, Draws], statistic: Callable[..., np.ndarray]) -> Estimate:
    """Return statistic(first) - statistic(second) with its interval, from what was drawn of each."""
    a, b = flat(first), flat(second)
    values = statistic(a), statistic(b)
    editions = statistic(a[drawn[0].editions]) - statistic(b[drawn[1].editions])
    seeds = [(s, statistic(a[places]) - values[0]) for s, places in drawn[0].seeds]
    seeds += [(s, values[1] - statistic(b[places])) for s, places in drawn[1].seeds]
    return interval(float(values[0] - values[1]), editions, seeds, lone(first, second))


def probability_of_improvement(first: Strata, second: Strata, seed: int = 0) -> Estimate:
    """Return how likely a run of the first beats a run of the second on a book drawn at random.

    Formula: mean over books of U / (m * n), where U counts pairs of one of m runs of the first and one of n runs of
    the second in which the first is higher, ties half (Mann-Whitney).
    Source: rliable, `probability_of_improvement`.

    Raises:
        ValueError: the two have a different number of strata.

    Example:
        >>> better, worse = [np.array([[0.6, 0.7], [0.7, 0.8]])], [np.array([[0.1, 0.2], [0.2, 0.3]])]
        >>> probability_of_improvement(better, worse).value
        1.0
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} strata against {len(second)}: give both students the same books")
    rng = np.random.default_rng(seed)
    higher = [
        (np.reshape(x, (-1, 1)) > np.reshape(y, (1, -1))) + 0.5 * (np.reshape(x, (-1, 1)) == np.reshape(y, (1, -1)))
        for x, y in zip(first, second, strict=True)
    ]
    columns: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for pair in zip(first, second, strict=True):
        for chosen, scores in zip(columns, pair, strict=True):
            chosen.append(drawn_of(np.atleast_2d(scores).shape[1], rng))
    drawn = [draws(strata, rng, chosen) for strata, chosen in zip((first, second), columns, strict=True)]
    whole = [np.ones((1, flat(strata).size), np.int64) for strata in (first, second)]

    def mean_of(mine: np.ndarray, theirs: np.ndarray) -> np.ndarray:
        total, i, j = np.zeros(RESAMPLES), 0, 0
        for h in higher:
            m, n = h.shape
            beaten = np.broadcast_to(mine[:, i : i + m] / m @ h, (RESAMPLES, n))
            total += np.einsum("rj,rj->r", beaten, np.broadcast_to(theirs[:, j : j + n] / n, beaten.shape)) / len(
                higher
            )
            i, j = i + m, j + n
        return total

    value = sum(float(h.mean()) / len(higher) for h in higher)
    editions = mean_of(*(counts(d.editions, w.size) for d, w in zip(drawn, whole, strict=True)))
    seeds = [(s, mean_of(counts(places, whole[0].size), whole[1]) - value) for s, places in drawn[0].seeds]
    seeds += [(s, mean_of(whole[0], counts(places, whole[1].size)) - value) for s, places in drawn[1].seeds]
    e = interval(value, editions, seeds, lone(first, second))
    return Estimate(value, max(0.0, e.low), min(1.0, e.high)) if seeds else e


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

    Example:
        >>> scores = [np.array([[0.2, 0.6, 0.9], [0.3, 0.7, 0.8]])]
        >>> share, low, high = performance_profile(scores, np.array([0.0, 0.5, 1.0]))
        >>> share.round(2).tolist()
        [1.0, 0.67, 0.0]
    """
    scores = flat(strata)
    share = above(np.sort(scores), thresholds)
    drawn = draws(strata, np.random.default_rng(seed))

    def shares(places: np.ndarray) -> np.ndarray:
        return np.array([above(row, thresholds) for row in np.sort(scores[places], axis=1)])

    low, high = widened_ends(share, shares(drawn.editions), [(s, shares(places) - share) for s, places in drawn.seeds])
    return np.clip(np.stack([share, low, high]), 0.0, 1.0)


def above(ordered: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Return the share of ascending scores above each threshold."""
    return 1.0 - np.searchsorted(ordered, thresholds, side="right") / len(ordered)


def bands(*strata: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return the mean of each column with its pointwise bootstrap interval.

    Args:
        strata: float (seeds, editions, columns) each; one for the scores of one book.
        seed: of the resampling.

    Returns:
        float (3, columns): mean, low, high.
    """
    each = np.concatenate([s.reshape(-1, s.shape[2]) for s in strata])
    drawn = draws(strata, np.random.default_rng(seed))

    def means(places: np.ndarray) -> np.ndarray:
        return np.asarray(counts(places, len(each)) / len(each) @ each)

    value = each.mean(axis=0)
    low, high = widened_ends(value, means(drawn.editions), [(s, means(places) - value) for s, places in drawn.seeds])
    return np.stack([value, low, high])
