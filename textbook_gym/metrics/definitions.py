"""Metrics of a study: pure functions of one student's rows of the tidy table, each with formula and source.

A metric returns scores by book, a matrix of (training seeds, editions) each, or `Unpaired` ones, or nothing where the
table lacks what it needs: a metric that cannot be had is null, never made up. `measure` turns them into estimates with
intervals (see `statistics`). Where a table holds several splits, all metrics but the generalisation gap read "test".

In the formulas v(c, k) is the mark of exercise k = 1..E in chapter c = 1..C, C is the exam, newcomer(c) the mark of a
bright student on its first day (the column of the book's CHAPTERS), and u = (v - newcomer) / (1 - newcomer) is the mark
on a scale on which the newcomer has 0 and the oracle 1. What is lost (retention, backward transfer, exam) is null in
books in which the student learned nothing that could be lost.
"""

import inspect
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import polars as pl

from textbook_gym.engine.course import SUCCESS
from textbook_gym.metrics import statistics
from textbook_gym.metrics.scores import Scores, by_chapter, by_run, learned, paired, thirds, under
from textbook_gym.metrics.statistics import Estimate
from textbook_gym.metrics.table import AGAIN, RUN, complete

Measured = dict[str, dict[str, dict[str | None, Estimate | None]]]
"""Student -> metric -> book (None: all books, stratified) -> estimate, or None where it cannot be had."""


class Unpaired(NamedTuple):
    """Two sets of scores whose difference is wanted and whose editions differ."""

    first: Scores
    second: Scores


# --- what was learned ------------------------------------------------------------------------


def gain(table: pl.DataFrame) -> Scores | None:
    """How far the grades rose above the first day.

    Formula: mean over c of (G(c, E) - newcomer(c)); rewards telescope, so it is their sum / C
    Source: the reward of this suite
    """
    return by_run(under(table), pl.col("reward").sum() / pl.col("chapter").n_unique())


def score(table: pl.DataFrame) -> Scores | None:
    """How much of the way from newcomer to oracle was gone, over all exercises.

    Formula: mean over c of mean over k of u(c, k)
    Source: human-normalised score (Mnih et al. 2015), newcomer and oracle in place of random and human
    """
    return by_chapter(under(table), pl.col("u").mean())


def optimality_gap(table: pl.DataFrame) -> Scores | None:
    """How far scores fall short of the oracle; a mean, so that bad runs count in full.

    Formula: 1 - mean over runs of min(score, 1)
    Source: optimality gap of rliable (Agarwal et al. 2021) with gamma = 1
    """
    return score(table)


def area(table: pl.DataFrame) -> Scores | None:
    """Area under the learning curve: the mean mark, every exercise one unit wide and every chapter of equal weight.

    Formula: mean over c of (1 / E) sum over k of v(c, k)
    Source: area under the learning curve as in Taylor and Stone 2009 (total reward), divided by its width
    """
    return by_chapter(under(table), pl.col("mark").mean())


def first_third(table: pl.DataFrame) -> Scores | None:
    """Mean mark in the first third of every chapter.

    Formula: mean of v(c, k) over k <= floor(E / 3)
    Source: here
    """
    return by_run(under(table).filter(thirds(last=False)), pl.col("mark").mean())


def last_third(table: pl.DataFrame) -> Scores | None:
    """Mean mark in the last third of every chapter.

    Formula: mean of v(c, k) over k > E - floor(E / 3)
    Source: asymptotic performance as in Taylor and Stone 2009
    """
    return by_run(under(table).filter(thirds(last=True)), pl.col("mark").mean())


def mastery(table: pl.DataFrame) -> Scores | None:
    """Exercises to mastery: how many until two in a row are right; a chapter never mastered counts E + 1.

    Formula: mean over c < C of min{k >= 2: v(c, k-1) >= 0.9 and v(c, k) >= 0.9}, else E + 1
    Source: trials to criterion, as in Harlow 1949; 0.9 is the mark from which `is_success` holds
    """
    pages = under(table).filter(~pl.col("exam")).sort(*RUN, "chapter", "exercise")
    right = pl.col("mark") >= SUCCESS
    streak = right & right.shift(1, fill_value=False)  # within a chapter of a run: `by_chapter` groups by them
    reached = pl.col("exercise").filter(streak).min()
    return by_chapter(pages, reached.fill_null(pl.col("exercise").max() + 1).cast(pl.Float64))


# --- what memory brings ------------------------------------------------------------------------


def memory_benefit(table: pl.DataFrame) -> Scores | None:
    """What memory is worth: marks with memory kept less marks with memory wiped at every exercise.

    Formula: mean over c of mean over k of (v_kept - v_wiped), same editions
    Source: here; an ablation of memory
    """
    return paired(table, "wiped")


def normalised_gain(table: pl.DataFrame) -> Scores | None:
    """What memory brings of all that it could bring: 1 is a student that makes no mistake, 0 one that kept nothing.

    Formula: (kept - wiped) / (1 - wiped), each the mean over c of mean over k of v, same editions; 0 where wiped is 1
    Source: normalised gain of Hake 1998, with the wiped twin as the test before and the kept one as that after
    """
    kept, wiped = (
        under(table, control).group_by(*RUN, "chapter").agg(pl.col("mark").mean()).group_by(RUN).agg(pl.mean("mark"))
        for control in ("kept", "wiped")
    )
    both = kept.join(wiped, on=RUN, suffix="_wiped")
    left, rose = 1.0 - pl.col("mark_wiped"), pl.col("mark") - pl.col("mark_wiped")
    return by_run(both, pl.when(left > 0.0).then(rose / left).otherwise(0.0).first())


def chapter_benefit(table: pl.DataFrame) -> Scores | None:
    """What memory that crosses chapters is worth: kept less wiped at every chapter, from chapter 2 on.

    Formula: mean over c >= 2 of mean over k of (v_kept - v_chapter), same editions
    Source: here
    """
    return paired(table, "chapter", first_chapter=2)


def own_benefit(table: pl.DataFrame) -> Scores | None:
    """What memory of this very edition is worth: kept less memory brought from a foreign edition.

    Formula: mean over c of mean over k of (v_kept - v_foreign), same editions
    Source: here
    """
    return paired(table, "foreign")


def order_benefit(table: pl.DataFrame) -> Scores | None:
    """What the order of the chapters is worth: the book's own less a shuffled one.

    Formula: mean over c of mean over k of (v_kept - v_shuffled), same editions
    Source: curriculum ablation (Bengio et al. 2009)
    """
    return paired(table, "shuffled")


def carry_over(table: pl.DataFrame) -> Scores | None:
    """What earlier chapters bring to a chapter's opening exercise: 0 is a newcomer, 1 the oracle.

    Formula: mean over c >= 2 of u(c, 1) = (v(c, 1) - newcomer(c)) / (1 - newcomer(c))
    Source: jumpstart as in Taylor and Stone 2009, on the newcomer's scale
    """
    return by_run(under(table).filter((pl.col("chapter") >= 2) & (pl.col("exercise") == 1)), pl.col("u").mean())


def forward_transfer(table: pl.DataFrame) -> Scores | None:
    """What the book so far is worth: a chapter after the earlier ones less the same chapter started cold.

    Formula: mean over c >= 2 of mean over k of (v_kept(c, k) - v_cold(c, k)), same editions
    Source: FWT of GEM (Lopez-Paz and Ranzato 2017) with the cold start as baseline, over the whole chapter
    """
    return paired(table, "cold", first_chapter=2)


def retained(table: pl.DataFrame) -> pl.DataFrame | None:
    """Return, by run and chapter before the exam, lag = C - c and drop = R(C, c) - R(c, c) in units of u.

    R(C, c) is the first exercise of chapter c when sat again after the book (control `again`), R(c, c) the last third
    of chapter c when it was taught. None where the table has no such rows: a book's own pages mix earlier material
    without saying which exercise revisits what, so R(C, c) cannot be read off them.
    """
    late, again = learned(table).filter(thirds(last=True)), under(table, AGAIN).filter(pl.col("exercise") == 1)
    taught = late.group_by(*RUN, "chapter").agg(pl.col("u").mean().alias("then"))
    ends = late.group_by("book").agg(pl.col("chapter").max().alias("end"))
    both = again.select(*RUN, "chapter", "u").join(taught, on=[*RUN, "chapter"]).join(ends, on="book")
    both = both.filter(pl.col("chapter") < pl.col("end"))
    drop, lag = (pl.col("u") - pl.col("then")).alias("drop"), (pl.col("end") - pl.col("chapter")).alias("lag")
    return both.select(*RUN, "chapter", lag, drop) if len(both) else None


def backward_transfer(table: pl.DataFrame) -> Scores | None:
    """What the rest of the book does to earlier chapters: below 0 is forgetting. Null without the control `again`.

    Formula: BWT = mean over c < C of R(C, c) - R(c, c): u(c, 1) sat again after the book - last third of u(c, k)
    Source: GEM, Lopez-Paz and Ranzato 2017 (arXiv 1706.08840)
    """
    drops = retained(table)
    return None if drops is None else by_run(drops, pl.col("drop").mean())


def retention(table: pl.DataFrame) -> Scores | None:
    """Where the student stands when the review opens, less where it stood in the lessons. Null without a review.

    The review mixes the chapters before it, so its opening exercise stands for the mean of R(review, c) over them, of
    which GEM's average is made; single chapters cannot be told apart in it, nor lags. Where a review also brings
    something new, as in some books, who forgot nothing falls short too: hold it against the model student.

    Formula: u(review, 1) - mean over c < review of mean over the last third of u(c, k)
    Source: BWT of GEM (Lopez-Paz and Ranzato 2017), averaged before it is measured
    """
    rows = learned(table)
    review = rows.filter(pl.col("review"))
    opening = review.filter(pl.col("exercise") == 1).select(*RUN, "chapter", pl.col("u").alias("left"))
    taught = rows.filter(thirds(last=True)).group_by(*RUN, "chapter").agg(pl.col("u").mean().alias("then"))
    both = taught.join(opening, on=RUN, suffix="_review").filter(pl.col("chapter") < pl.col("chapter_review"))
    return by_run(both, pl.col("left").first() - pl.col("then").mean())


# --- what it was worth outside ---------------------------------------------------------------


def exam_gap(table: pl.DataFrame) -> Scores | None:
    """The exam less practice: whether what was learned holds in new combinations, unseen results and all.

    Formula: mean over k of u(C, k) - mean over c < C of mean over the last third of u(c, k)
    Source: here; both on the newcomer's scale, so that a harder chapter is no loss by itself
    """
    rows = learned(table)
    exam = rows.filter(pl.col("exam")).group_by(RUN).agg(pl.col("u").mean().alias("exam"))
    late = rows.filter(~pl.col("exam") & thirds(last=True))
    practice = late.group_by(*RUN, "chapter").agg(pl.col("u").mean()).group_by(RUN).agg(pl.col("u").mean())
    return by_run(exam.join(practice, on=RUN), (pl.col("exam") - pl.col("u")).first())


def duct_tape(table: pl.DataFrame) -> Scores | None:
    """Duct-tape index: what looks right and is not. Null in books without a shortcut.

    Formula: mean visible success - mean mark, over all exercises
    Source: here; reward hacking as proxy less true return (Pan et al. 2022)
    """
    return by_run(under(table).drop_nulls("visible"), pl.col("visible").mean() - pl.col("mark").mean())


def generalisation_gap(table: pl.DataFrame) -> Unpaired | None:
    """Marks in training editions less marks in test editions. Null unless both splits were walked.

    Formula: IQM over train runs of the area - IQM over test runs of the area
    Source: generalisation gap as in Cobbe et al. 2020 (Procgen)
    """
    kept = table.filter(pl.col("control") == "kept")
    train, test = (
        by_chapter(kept.filter(pl.col("split") == split), pl.col("mark").mean()) for split in ("train", "test")
    )
    shared = [b for b in train or () if b in (test or ())]
    if not shared or train is None or test is None:
        return None
    return Unpaired({b: train[b] for b in shared}, {b: test[b] for b in shared})


class Metric(NamedTuple):
    """A metric by name: how a table heads it, its function, the statistic over runs, which way is better.

    Example:
        >>> {metric.name: metric for metric in METRICS}["gain"].part("Formula")
        'mean over c of (G(c, E) - newcomer(c)); rewards telescope, so it is their sum / C'
    """

    name: str
    heading: str
    function: Callable[[pl.DataFrame], Scores | Unpaired | None]
    statistic: Callable[..., np.ndarray] = statistics.iqm
    better: int = 1  # 1 if higher is better, -1 if lower

    def part(self, word: str) -> str:
        """Return the text behind `Formula:` or `Source:` in the docstring, or, for `Says:`, its first paragraph."""
        text = inspect.getdoc(self.function) or ""
        if word == "Says":
            return " ".join(text.split("\n\n")[0].split())
        lines = [line for line in text.splitlines() if line.startswith(f"{word}: ")]
        return lines[0].removeprefix(f"{word}: ")


METRICS = (
    Metric("gain", "gain", gain),
    Metric("score", "score", score),
    Metric("optimality_gap", "optimality gap", optimality_gap, statistics.optimality_gap_of, better=-1),
    Metric("area", "area", area),
    Metric("first_third", "first third", first_third),
    Metric("last_third", "last third", last_third),
    Metric("mastery", "exercises to mastery", mastery, better=-1),
    Metric("memory_benefit", "memory benefit", memory_benefit),
    Metric("normalised_gain", "normalised gain", normalised_gain),
    Metric("chapter_benefit", "across chapters", chapter_benefit),
    Metric("own_benefit", "own edition", own_benefit),
    Metric("order_benefit", "book's order", order_benefit),
    Metric("carry_over", "carry-over", carry_over),
    Metric("forward_transfer", "forward transfer", forward_transfer),
    Metric("backward_transfer", "backward transfer", backward_transfer),
    Metric("retention", "review - lessons", retention),
    Metric("exam_gap", "exam - practice", exam_gap),
    Metric("duct_tape", "duct-tape index", duct_tape, better=-1),
    Metric("generalisation_gap", "train - test", generalisation_gap, better=-1),
)
"""Every metric there is, in the order in which tables show them. Texts come from the functions' docstrings."""


def estimate_of(metric: Metric, scores: Scores | Unpaired | None, book: str | None = None) -> Estimate | None:
    """Return the estimate of a metric from its scores: of one book, or (None) stratified over all."""
    if scores is None:
        return None
    if isinstance(scores, Unpaired):
        first, second = (chosen(s, book) for s in scores)
        return statistics.difference(first, second, statistic=metric.statistic) if first and second else None
    strata = chosen(scores, book)
    return statistics.estimate(strata, statistic=metric.statistic) if strata else None


def chosen(scores: Scores, book: str | None) -> list[np.ndarray]:
    """Return the strata of one book or of all."""
    return list(scores.values()) if book is None else [scores[book]] if book in scores else []


def measure(table: pl.DataFrame) -> dict[str, dict[str | None, Estimate | None]]:
    """Return all metrics of one student's rows: metric -> book (None: all books, stratified) -> estimate or None.

    Example:
        measure(part(read_marks(pathlib.Path("study/marks.csv")), "model"))["gain"]["Bandits"]
    """
    whole = complete(table)
    books: list[str | None] = [*table["book"].unique(maintain_order=True), None]
    found = {}
    for metric in METRICS:
        scores = metric.function(whole)
        found[metric.name] = {book: estimate_of(metric, scores, book) for book in books}
    return found


def learning_curve(table: pl.DataFrame) -> pl.DataFrame:
    """Return the learning curve of one student in each chapter: book, chapter, exercise, mark, low, high.

    Formula: mean over runs of v(c, k), with a pointwise 95 % bootstrap band (a mean: marks of one exercise often have
    two peaks, which an interquartile mean would hide)
    Source: rliable's sample-efficiency curves, with exercises for samples

    Example:
        learning_curve(table.filter(pl.col("student") == "model")).filter(pl.col("chapter") == 2)
    """
    rows = under(complete(table)).sort(*RUN, "chapter", "exercise")
    parts = []
    for book in rows["book"].unique(maintain_order=True):
        here = rows.filter(pl.col("book") == book)
        pages = here.select("book", "chapter", "exercise").unique().sort("chapter", "exercise")
        seeds, editions = here["seed"].n_unique(), here["edition"].n_unique()
        runs = here["mark"].to_numpy().reshape(seeds, editions, len(pages))
        value, low, high = statistics.bands(runs)
        parts.append(pages.with_columns(pl.Series("mark", value), pl.Series("low", low), pl.Series("high", high)))
    return pl.concat(parts)


def retention_by_lag(table: pl.DataFrame) -> dict[int, Estimate] | None:
    """Return how much of a chapter is lost against how many chapters ago it was taught; None without `again`.

    Formula: lag l -> mean over runs of R(C, C - l) - R(C - l, C - l) in units of u, see `retained`; a mean, since what
    is lost in a few books alone would fall out of an interquartile mean
    Source: retention curves (Ebbinghaus 1885), with GEM's matrix R

    Example:
        retention_by_lag(table.filter(pl.col("student") == "model"))  # of a study with controls kept and again
    """
    drops = retained(complete(table))
    if drops is None:
        return None
    found = {}
    for lag in sorted(drops["lag"].unique()):
        scores = by_run(drops.filter(pl.col("lag") == lag), pl.col("drop").first())
        if scores:
            found[int(lag)] = statistics.estimate(list(scores.values()), statistic=statistics.mean)
    return found
