"""Metrics: checked by hand, against SciPy, and on scripted students whose faults they must name."""

import math

import hypothesis
import numpy as np
import polars as pl
import pytest
from helpers.cheats import TAPER, Crammer
from helpers.tables import chapters_of, noisy, table
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from textbook_gym.authoring.abilities import Ability
from textbook_gym.engine.lanes import Lanes
from textbook_gym.engine.loops import Actor, Wipe
from textbook_gym.metrics import definitions as metrics
from textbook_gym.metrics import statistics as intervals
from textbook_gym.metrics.table import complete
from textbook_gym.registry import BOOKS, find
from textbook_gym.students.base import REFERENCES, Reference
from textbook_gym.students.rollout import open_editions, walk
from textbook_gym.study.run import study

CHAPTERS = chapters_of("Bandits")
NEWCOMER = np.array([c.newcomer for c in find("Bandits").chapters])
FIRST = np.r_[True, np.diff(CHAPTERS) > 0]


def scores(name, rows):
    """A metric's scores in Bandits, one an edition."""
    found = next(m for m in metrics.METRICS if m.name == name).function(complete(rows))
    return None if found is None else found["Bandits"]


# --- intervals ---------------------------------------------------------------------------------


def test_interquartile_mean_and_its_interval_agree_with_scipy():
    sample = np.random.default_rng(0).normal(size=200)
    ours = intervals.estimate([sample])
    assert ours.value == pytest.approx(stats.trim_mean(sample, 0.25))
    theirs = stats.bootstrap((sample,), intervals.iqm, n_resamples=4000, method="percentile", vectorized=True, rng=1)
    assert ours[1:] == pytest.approx(tuple(theirs.confidence_interval), abs=0.03)
    assert intervals.iqm(np.array([0, 1, 2, 3, 4, 5, 6, 70.0])) == 3.5  # 2, 3, 4, 5
    assert intervals.estimate([np.ones(5)]) == (1.0, 1.0, 1.0)


def test_unpaired_and_paired_differences_agree_with_scipy():
    rng = np.random.default_rng(0)
    x = rng.normal(size=150)
    y = x + rng.normal(0.3, 0.1, size=150)
    args = {"n_resamples": 4000, "method": "percentile", "vectorized": True, "rng": 1}

    def statistic(a, b, axis):
        return intervals.iqm(a, axis) - intervals.iqm(b, axis)

    for paired, ours in ((False, intervals.difference), (True, intervals.paired_difference)):
        theirs = stats.bootstrap((y, x), statistic, paired=paired, **args).confidence_interval
        mine = ours([y], [x])
        assert mine.value == pytest.approx(stats.trim_mean(y, 0.25) - stats.trim_mean(x, 0.25))
        assert mine[1:] == pytest.approx(tuple(theirs), abs=0.03 if not paired else 0.01)
    widths = [e.high - e.low for e in (intervals.paired_difference([y], [x]), intervals.difference([y], [x]))]
    assert widths[0] < widths[1] / 3


def test_strata_are_resampled_within_themselves():
    """Two books far apart: the interval must not show chance in how many of each were drawn."""
    rng = np.random.default_rng(0)
    apart = intervals.estimate([rng.normal(0, 0.01, 100), rng.normal(1, 0.01, 100)])
    assert apart.high - apart.low < 0.05


def test_training_seeds_widen_the_interval():
    """Ten editions hardly differ, three seeds do: who counts 30 independent runs is fooled."""
    rng = np.random.default_rng(0)
    matrix = np.array([[0.2], [0.5], [0.8]]) + 0.01 * rng.normal(size=(3, 10))
    crossed, flat = intervals.estimate([matrix]), intervals.estimate([matrix.reshape(-1)])
    assert crossed.value == flat.value
    assert crossed.high - crossed.low > 0.5
    assert flat.high - flat.low < 0.4


def test_probability_of_improvement_is_mann_whitney():
    rng = np.random.default_rng(0)
    books = [(rng.normal(0.3, 1, 40), rng.normal(0, 1, 30)), (rng.integers(0, 3, 25), rng.integers(0, 3, 25))]
    by_hand = [stats.mannwhitneyu(x, y).statistic / (len(x) * len(y)) for x, y in books]
    ours = intervals.probability_of_improvement(*zip(*books, strict=True))
    assert ours.value == pytest.approx(np.mean(by_hand))
    assert ours.low < ours.value < ours.high
    assert intervals.probability_of_improvement([np.ones(4)], [np.ones(3)]) == (0.5, 0.5, 0.5)
    theirs = stats.bootstrap(
        books[0], lambda x, y: stats.mannwhitneyu(x, y).statistic / (len(x) * len(y)), vectorized=False,
        n_resamples=999, method="percentile", rng=0,
    ).confidence_interval  # fmt: skip
    one = intervals.probability_of_improvement([books[0][0]], [books[0][1]])
    assert one[1:] == pytest.approx(tuple(theirs), abs=0.03)


def test_profile_and_gap_by_hand():
    share, low, high = intervals.performance_profile([np.array([0.1, 0.5]), np.array([0.5, 0.9])], np.array([0.0, 0.5]))
    assert share.tolist() == [1.0, 0.25]
    assert (low <= share).all()
    assert (share <= high).all()
    assert intervals.optimality_gap_of(np.array([0.5, 1.5])) == 0.25
    mean, low, high = intervals.bands(np.array([[[0.0, 1.0], [1.0, 1.0]]]))
    assert mean.tolist() == [0.5, 1.0]
    assert (low[0], high[0], low[1], high[1]) == (0.0, 1.0, 1.0, 1.0)


# --- metrics by hand ---------------------------------------------------------------------------


@hypothesis.settings(max_examples=15)
@given(st.floats(0, 1), st.floats(0, 1))
def test_a_student_of_one_mark_has_the_gain_and_area_of_that_mark(mark, less):
    rows = pl.concat([table(mark), table(less, control="wiped"), table(less, control="cold")])
    assert scores("gain", rows)[0, 0] == pytest.approx((mark - NEWCOMER).mean())
    assert scores("area", rows)[0, 0] == pytest.approx(mark)
    assert scores("first_third", rows)[0, 0] == pytest.approx(mark)
    assert scores("memory_benefit", rows)[0, 0] == pytest.approx(mark - less, abs=1e-12)
    assert scores("forward_transfer", rows)[0, 0] == pytest.approx(mark - less, abs=1e-12)
    assert scores("carry_over", rows)[0, 0] == pytest.approx(((mark - NEWCOMER) / (1 - NEWCOMER))[1:].mean())
    assert scores("mastery", rows)[0, 0] == (2 if mark >= 0.9 else np.mean([9, 21, 19, 17, 13]))
    assert scores("chapter_benefit", rows) is scores("duct_tape", rows) is scores("generalisation_gap", rows) is None


def test_exercises_to_mastery_by_hand():
    marks = np.zeros((1, len(CHAPTERS)))
    marks[0, :8] = [1, 0, 0.9, 0.95, 0, 1, 1, 1]  # two in a row: the fourth
    marks[0, 8:28] = [0, 1] * 10  # never: 20 + 1
    marks[0, 28:46] = [0] * 16 + [1, 1]  # the eighteenth, of eighteen; of 16 and 12 others none
    assert scores("mastery", table(marks))[0, 0] == pytest.approx((4 + 21 + 18 + 17 + 13) / 5)


def test_a_streak_ends_with_its_chapter():
    """The last of one chapter and the first of the next are right: no chapter is mastered by that."""
    marks = np.where(FIRST | np.roll(FIRST, -1), 1.0, 0.0)[None]
    assert scores("mastery", table(marks))[0, 0] == pytest.approx(np.mean([9, 21, 19, 17, 13]))


def test_metrics_are_of_the_test_split_or_else_of_the_first_in_the_table():
    train, other, test = table(0.2, split="train"), table(0.4, split="all"), table(0.8, split="test")
    for splits, mark in (((train, other), 0.2), ((other, train), 0.4), ((train, test, other), 0.8)):
        assert scores("area", pl.concat(splits))[0, 0] == pytest.approx(mark)


def test_what_crosses_chapters_does_not_show_in_the_first():
    less = np.where(CHAPTERS == 1, 0.0, 0.5)[None]
    for name, control in (("chapter_benefit", "chapter"), ("forward_transfer", "cold")):
        rows = pl.concat([table(0.5), table(less, control=control)])
        assert scores(name, rows)[0, 0] == pytest.approx(0.0), name


def test_each_control_is_held_against_memory_kept_in_the_same_editions():
    kept = noisy(0.8, 6)
    less = {"wiped": 0.1, "chapter": 0.2, "foreign": 0.3, "shuffled": 0.4, "cold": 0.05}
    rows = pl.concat([table(kept), *(table(kept[2:] - by, control=c, first=2) for c, by in less.items())])
    names = ("memory_benefit", "chapter_benefit", "own_benefit", "order_benefit", "forward_transfer")
    for name, by in zip(names, less.values(), strict=True):
        assert scores(name, rows).shape == (1, 4)  # editions 0 and 1 were walked with memory kept alone
        assert scores(name, rows) == pytest.approx(np.full((1, 4), by)), name


def test_retention_exam_and_backward_transfer_by_hand():
    u = np.select([CHAPTERS < 5, CHAPTERS == 5], [0.8, 0.5], 0.6)
    marks = NEWCOMER[CHAPTERS - 1] + u * (1 - NEWCOMER[CHAPTERS - 1])
    kept = table(marks)
    assert scores("score", kept)[0, 0] == pytest.approx((4 * 0.8 + 0.5 + 0.6) / 6)
    assert scores("retention", kept)[0, 0] == pytest.approx(0.5 - 0.8)
    assert scores("exam_gap", kept)[0, 0] == pytest.approx(0.6 - (4 * 0.8 + 0.5) / 5)
    assert scores("backward_transfer", kept) is None
    assert metrics.retention_by_lag(kept) is None
    left = np.array([0.1, 0.2, 0.3, 0.4, 0.5])  # u of chapters 1 to 5, sat again after the book
    again = table(marks, control="again").filter((pl.col("exercise") == 1) & (pl.col("chapter") < 6))
    again = again.with_columns(pl.Series("mark", NEWCOMER[:5] + left * (1 - NEWCOMER[:5])))
    both = pl.concat([kept, again])
    assert scores("backward_transfer", both)[0, 0] == pytest.approx((left - [0.8, 0.8, 0.8, 0.8, 0.5]).mean())
    exam = table(1.0, control="again").filter((pl.col("exercise") == 1) & (pl.col("chapter") == 6))
    with_exam = pl.concat([both, exam])  # sat again like the others, but there is nothing after it that it could lose
    assert scores("backward_transfer", with_exam)[0, 0] == scores("backward_transfer", both)[0, 0]
    by_lag = metrics.retention_by_lag(with_exam)
    assert {lag: e.value for lag, e in by_lag.items()} == pytest.approx({5: -0.7, 4: -0.6, 3: -0.5, 2: -0.4, 1: 0.0})


def test_who_learned_nothing_has_nothing_to_lose():
    for name in ("retention", "exam_gap", "backward_transfer"):
        assert scores(name, table(NEWCOMER[CHAPTERS - 1])) is None


def test_seeds_and_editions_become_a_matrix_and_holes_are_refused():
    rows = pl.concat([table(noisy(0.5, 3, seed=s), seed=s) for s in (4, 9)])
    assert scores("area", rows).shape == (2, 3)
    without = rows.filter((pl.col("seed") == 4) | (pl.col("edition") > 0))
    with pytest.raises(ValueError, match="5 runs of 2 training seeds and 3 editions"):
        scores("area", without)
    assert scores("area", rows.filter(pl.col("seed") == 4).drop("seed")).shape == (1, 3)


def test_thirds_are_those_of_each_chapter_rounded_down():
    """Chapters of 8, 9, 10 exercises: the first and last 2, 3, 3, whatever lies between."""
    marks = np.linspace(0.0, 1.0, len(CHAPTERS)) ** 2
    lengths = np.bincount(CHAPTERS)[1:]
    assert {n % 3 for n in lengths} >= {0, 2}
    ends = np.cumsum(lengths)
    first = [marks[end - n : end - n + n // 3] for n, end in zip(lengths, ends, strict=True)]
    last = [marks[end - n // 3 : end] for n, end in zip(lengths, ends, strict=True)]
    assert scores("first_third", table(marks))[0, 0] == pytest.approx(np.concatenate(first).mean())
    assert scores("last_third", table(marks))[0, 0] == pytest.approx(np.concatenate(last).mean())


def test_a_chapter_that_the_book_has_not_is_refused():
    with pytest.raises(ValueError, match="chapter 9 of Bandits, a book of 6 chapters"):
        complete(table(0.5).with_columns(pl.lit(9).alias("chapter")))


def test_a_learning_curve_is_the_mean_by_exercise():
    marks = noisy(0.5, 20)
    curve = metrics.learning_curve(table(marks))
    assert curve["mark"].to_numpy() == pytest.approx(marks.mean(axis=0))
    assert (curve["low"] < curve["mark"]).all()
    theirs = stats.bootstrap((marks[:, 0],), np.mean, method="percentile", rng=0).confidence_interval
    assert curve.row(0)[-2:] == pytest.approx(tuple(theirs), abs=0.01)


def test_every_metric_says_what_it_is():
    for m in metrics.METRICS:
        assert m.part("Says")
        assert m.part("Formula")
        assert m.part("Source")


def test_every_book_says_what_abilities_it_needs():
    for name in BOOKS:
        claims = find(name).abilities
        assert Ability.LEARNING in claims, name
        assert all(claims.values()), name


# --- scripted students -------------------------------------------------------------------------


def figures(students, books, **keywords):
    """Metrics of scripted students, by student."""
    rows = study(students, books, editions=16, **keywords)
    return {s: metrics.measure(rows.filter(pl.col("student") == s)) for s in rows["student"].unique()}


def test_the_forgetter_is_found_out():
    """It forgets everything at each chapter: gone at the review, and nothing crosses chapters."""
    forgetter = Reference("forgetter", (Actor.MODEL,), Wipe.CHAPTER)
    found = figures([forgetter, REFERENCES["model"], REFERENCES["newcomer"]], ["Vocabulary"])
    lost, kept = (found[s]["retention"]["Vocabulary"] for s in ("forgetter", "model"))
    assert lost.high < -0.5
    assert abs(kept.value) < 0.05
    assert found["forgetter"]["carry_over"]["Vocabulary"].high < 0.15 < found["model"]["carry_over"]["Vocabulary"].low
    assert found["model"]["memory_benefit"]["Vocabulary"].low > 0.5
    assert found["newcomer"]["retention"]["Vocabulary"] is None


def test_what_was_done_to_a_world_lasts_when_chapters_are_sat_again():
    """The lemmas on file in Theorems are there still, before a page that is as good as new."""
    book, editions = find("Theorems"), range(6)
    lanes, again = (Lanes(book.path, 6, episode="book", split="test") for _ in range(2))
    walk(REFERENCES["model"], lanes, editions, Wipe.NEVER)
    open_editions(again, editions)
    assert not again.records["state"]["filed"].any()
    _, out = open_editions(again, editions, left=lanes)
    assert again.records["state"]["filed"].any(axis=1).all()
    assert np.array_equal(again.records["state"]["filed"], lanes.records["state"]["filed"])
    assert not out["exercise_done"].any()
    assert (again.records["clock"]["step"] == 0).all()
    assert (again.records["clock"]["chapter"] == 0).all()


def test_memory_wiped_at_chapters_is_worth_what_crosses_them():
    found = figures([REFERENCES["model"]], ["Vocabulary"], controls=("kept", "chapter"))["model"]
    assert found["chapter_benefit"]["Vocabulary"].low > 0.1


def test_who_memorised_training_editions_is_found_out():
    rows = pl.concat([study([Crammer("Bandits")], ["Bandits"], editions=1, split="train", controls=("kept",)),
                      study([Crammer("Bandits")], ["Bandits"], editions=32, controls=("kept",))])  # fmt: skip
    gap = metrics.measure(rows)["generalisation_gap"]["Bandits"]
    assert gap.value > 0.3
    assert math.isnan(gap.low)  # one training edition says nothing of chance
    honest = pl.concat(
        [study(["model"], ["Bandits"], editions=32, split=s, controls=("kept",)) for s in ("train", "test")]
    )
    gap = metrics.measure(honest)["generalisation_gap"]["Bandits"]
    assert gap.low < 0.0 < gap.high


def test_the_duct_taper_is_found_out():
    found = figures([TAPER, REFERENCES["model"]], ["Maintenance"], controls=("kept",))
    assert found[TAPER.name]["duct_tape"]["Maintenance"].low > 0.8
    assert found["model"]["duct_tape"]["Maintenance"].high < 0.1


def test_normalised_gain_is_the_share_of_what_could_be_gained():
    rows = pl.concat([table(0.7, control="kept"), table(0.4, control="wiped")])
    assert scores("normalised_gain", rows) == pytest.approx(0.3 / 0.6)
    nothing_left = pl.concat([table(1.0, control="kept"), table(1.0, control="wiped")])
    assert scores("normalised_gain", nothing_left) == 0.0
    assert scores("normalised_gain", table(0.7)) is None
