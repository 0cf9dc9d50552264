"""The author kit: right values, one draw where one is promised, equal bits compiled and interpreted."""

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textbook_gym.authoring import belief, bitset, categorical, onehot, uniform
from textbook_gym.authoring.records import Cells, Row
from textbook_gym.engine.jit import mark_compilable

WEIGHTS = st.lists(st.sampled_from([0.0, 0.1, 0.25, 1.0, 3.0]), min_size=1, max_size=9).filter(any)


def stream(seed):
    """A record with a random stream."""
    record = np.zeros(1, [("rng", "u8")])
    record["rng"] = seed
    return Row(record[0])


def test_one_hot_tables_show_and_are_read_back():
    table = onehot.table(4)
    assert table.dtype == np.float32
    assert [onehot.index(Cells(row)) for row in table] == [0, 1, 2, 3, -1]
    assert not table[-1].any()


@given(st.sets(st.integers(0, 62)))
def test_a_set_holds_its_members(members):
    number = sum(1 << m for m in members)
    assert {k for k in range(63) if bitset.has(number, k)} == members
    assert bitset.count(number) == len(members)


@given(WEIGHTS)
def test_normalised_weights_sum_to_one(weights):
    cells = np.array(weights)
    assert belief.normalise(Cells(cells), len(cells)) == pytest.approx(sum(weights))
    assert cells.sum() == pytest.approx(1.0)
    assert cells * sum(weights) == pytest.approx(weights)


def test_weights_of_nothing_stay():
    cells = np.zeros(3)
    assert belief.normalise(Cells(cells), 3) == 0.0
    assert not cells.any()


@given(WEIGHTS, st.integers(0, 2**63))
def test_the_best_is_found_and_of_equals_the_first_or_any(weights, seed):
    cells, s = Cells(np.array(weights)), stream(seed)
    best = {i for i, w in enumerate(weights) if w == max(weights)}
    assert belief.argmax(cells, len(weights)) == min(best)
    assert belief.argmax_by_lot(s, cells, len(weights)) in best
    twin = stream(seed)
    uniform(twin)
    assert s.rng == twin.rng, "one draw"


def test_equals_are_as_likely():
    s, cells = stream(1), Cells(np.array([0.0, 2.0, 1.0, 2.0, 2.0]))
    counts = np.bincount([belief.argmax_by_lot(s, cells, 5) for _ in range(6000)], minlength=5)
    assert counts[[0, 2]].sum() == 0
    assert abs(counts[[1, 3, 4]] - 2000).max() < 4 * np.sqrt(6000 * 2 / 9)


@given(WEIGHTS, st.integers(0, 2**63))
def test_a_categorical_draw_takes_one_number_and_nothing_of_weight_zero(weights, seed):
    s, twin = stream(seed), stream(seed)
    assert weights[categorical(s, Cells(np.array(weights)), len(weights))] > 0.0
    uniform(twin)
    assert s.rng == twin.rng


def test_categorical_draws_come_in_proportion():
    s, weights = stream(3), np.array([0.0, 1.0, 2.0, 0.0, 5.0])
    counts = np.bincount([categorical(s, Cells(weights), 5) for _ in range(8000)], minlength=5)
    share = weights / weights.sum()
    assert (np.abs(counts - 8000 * share) <= 4 * np.sqrt(8000 * share * (1 - share))).all()


@given(WEIGHTS, st.integers(1, 40), st.integers(0, 2**63))
def test_resampling_is_systematic(weights, most, seed):
    """Each comes as often as its share says, rounded down or up; all together `most`; one draw."""
    s, twin, times = stream(seed), stream(seed), np.zeros(len(weights), np.int64)
    belief.resample(s, Cells(np.array(weights)), len(weights), Cells(times), most)
    share = np.array(weights) / sum(weights) * most
    assert times.sum() == most
    assert (np.abs(times - share) < 1 + 1e-9).all()
    assert not times[np.array(weights) == 0.0].any()
    uniform(twin)
    assert s.rng == twin.rng


def test_the_kit_is_compiled_to_the_same_bits():
    for function in (uniform, categorical, belief.normalise, belief.argmax_by_lot, belief.resample, bitset.count):
        mark_compilable(function)

    def play(records, weights, times, chosen):
        for k in range(len(chosen)):
            s = records[0]
            chosen[k] = categorical(s, weights, 6) + 10 * belief.argmax_by_lot(s, weights, 6) + 100 * bitset.count(k)
            belief.resample(s, weights, 6, times, 7)
            weights[k % 6] += uniform(s)
            belief.normalise(weights, 6)

    results = []
    for run in (numba.njit(play), lambda *a: play([Row(a[0][0])], *map(Cells, a[1:]))):
        records, weights = np.zeros(1, [("rng", "u8")]), np.array([0.5, 0.0, 1.0, 1.0, 0.0, 2.0])
        times, chosen = np.zeros(6, np.int64), np.zeros(50, np.int64)
        for function in ("scramble", "bits"):
            mark_compilable(getattr(__import__("textbook_gym.authoring.random", fromlist=["x"]), function))
        run(records, weights, times, chosen)
        results.append([records.tobytes(), weights.tobytes(), times.tobytes(), chosen.tobytes()])
    assert results[0] == results[1]
