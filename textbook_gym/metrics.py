"""Metrics of a study: pure functions of the tidy table, each with its formula and an interval.

A point estimate is the interquartile mean (IQM: the mean of the middle half) over editions and its interval the 95 %
percentile bootstrap over editions, both as in Agarwal et al. 2021, "Deep Reinforcement Learning at the Edge of the
Statistical Precipice" (rliable). Over several books editions are resampled within each book (stratified).
"""

from typing import NamedTuple

import numpy as np
import polars as pl
from scipy import stats

RESAMPLES = 2000
CONFIDENCE = 0.95


class Estimate(NamedTuple):
    """A point estimate with the ends of its interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def iqm(scores: np.ndarray, axis: int = -1) -> np.ndarray:
    """Return the interquartile mean: the mean after a quarter of the scores is cut off at each end."""
    return np.asarray(stats.trim_mean(scores, 0.25, axis=axis))


def estimate(strata: list[np.ndarray], seed: int = 0) -> Estimate:
    """Return the IQM of all scores with a stratified bootstrap interval.

    Args:
        strata: scores by stratum, one array of one score an edition each; resampled within strata.
        seed: of the resampling, so that a report can be made again.
    """
    rng = np.random.default_rng(seed)
    scores = np.concatenate(strata)
    if np.ptp(scores) == 0.0:
        return Estimate(float(scores[0]), float(scores[0]), float(scores[0]))
    drawn = np.concatenate([rng.choice(s, (RESAMPLES, len(s))) for s in strata], axis=1)
    low, high = np.quantile(iqm(drawn), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Estimate(float(iqm(scores)), float(low), float(high))


def by_edition(table: pl.DataFrame, value: pl.Expr) -> list[np.ndarray]:
    """Return one score an edition, by book, in order of edition."""
    scores = table.group_by("book", "edition").agg(value.alias("score")).sort("book", "edition")
    return [part["score"].to_numpy() for part in scores.partition_by("book", maintain_order=True)]


def gain(table: pl.DataFrame) -> list[np.ndarray]:
    """Return, by edition, the mean over chapters of G_E - newcomer: the rewards telescope, so their sum / chapters."""
    return by_edition(table, pl.col("reward").sum() / pl.col("chapter").n_unique())


def third(table: pl.DataFrame, last: bool) -> list[np.ndarray]:
    """Return, by edition, the mean mark in the first or last third of the exercises of all chapters."""
    length = pl.col("exercise").max().over("book", "chapter")
    part = pl.col("exercise") > length - length // 3 if last else pl.col("exercise") <= length // 3
    return by_edition(table.filter(part), pl.col("mark").mean())


def memory_benefit(kept: pl.DataFrame, wiped: pl.DataFrame) -> list[np.ndarray]:
    """Return, by edition, mean mark with memory kept - mean mark with memory wiped at every exercise."""
    pairs = zip(by_edition(kept, pl.col("mark").mean()), by_edition(wiped, pl.col("mark").mean()), strict=True)
    return [a - b for a, b in pairs]


def duct_tape(table: pl.DataFrame) -> list[np.ndarray]:
    """Return, by edition of books with a shortcut, mean visible success - mean mark: what looks right and is not."""
    return by_edition(table.drop_nulls("visible"), pl.col("visible").mean() - pl.col("mark").mean())
