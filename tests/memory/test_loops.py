"""The parts of the compiled loops, interpreted: each keeps its law."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textbook_gym.memory import feature_loops
from textbook_gym.memory.feature_loops import Opcode, read_features
from textbook_gym.memory.ledger_loops import blend, find_row, home_row, insert_or_evict
from textbook_gym.memory.recall_loops import recall_augment

U64 = np.uint64


@given(st.lists(st.integers(0, 11), max_size=60), st.integers(1, 5))
def test_a_full_table_evicts_the_row_longest_not_entered_into(entries, rows):
    """Against a dictionary in order of use, beside rows of other tables, which stay as they are."""
    keys, used = np.zeros((2, rows + 3), U64), np.zeros((2, rows + 3), np.int32)
    keys[0], keys[1, :2], keys[1, -1] = 7, 9, 9
    held: dict = {}
    for clock, number in enumerate(entries, 1):
        key = U64((number * 0x9E3779B97F4A7C15 % 2**64) | 1)
        row = find_row(keys, 1, key, 2, rows)
        assert (row >= 0) == (number in held)
        if row < 0:
            if len(held) == rows:
                held.pop(next(iter(held)))
            row = insert_or_evict(keys, used, 1, 2, rows, key)
        used[1, 2 + row] = clock
        held.pop(number, None)
        held[number] = clock
        assert find_row(keys, 1, key, 2, rows) == row
        assert sorted(used[1, 2 : 2 + rows][keys[1, 2 : 2 + rows] != 0]) == sorted(held.values())
    assert (keys[0] == 7).all()
    assert keys[1, [0, 1, -1]].tolist() == [9, 9, 9]


@given(st.integers(0, 2**64 - 1), st.integers(1, 10**6))
def test_a_key_is_at_home_in_its_table(key, rows):
    assert 0 <= home_row(U64(key), rows) < rows


@given(st.lists(st.floats(-10, 10, width=32), min_size=1, max_size=40), st.floats(0, 1))
def test_a_blended_mean_is_the_mean_or_follows_at_its_rate(values, rate):
    cells, features = np.zeros((1, 5), np.float32), np.zeros(3, np.float32)
    cells[0, 4] = 77.0
    expected = 0.0
    for count, value in enumerate(values, 1):
        features[1] = value
        blend(cells, 0, 1, features, 1, 2, rate)
        expected += max(1 / count, rate) * (value - expected)
        assert cells[0, 1] == count
        assert cells[0, 2] == pytest.approx(expected, abs=1e-4)
    if rate == 0.0:
        assert cells[0, 2] == pytest.approx(np.mean(values), abs=1e-4)
    assert cells[0, [0, 3, 4]].tolist() == [0.0, 0.0, 77.0]


@given(st.lists(st.sampled_from([0.0, 0.25, 1e-30, 3.0, 1e30]), min_size=1, max_size=8), st.integers(1, 30))
def test_the_nearest_come_first_and_of_equals_the_latest(distances, entered):
    """`distances` stand in a ring: the latest of `entered` steps at place (entered - 1) % length."""
    length = len(distances)
    held, latest = min(length, entered), (entered - 1) % length
    squares, places = np.array([distances]), np.arange(1, length + 1, dtype=np.float32)  # the present one is all 0
    stored = np.ones((1, 1, length), np.float32), squares, np.ones((1, length), int), places[None, :, None], [entered]
    program = np.array([[Opcode.VALUE, 0, 0, 1, 1]]), np.zeros(1, U64)
    seen, out = np.zeros((1, 1), np.float32), np.zeros((1, 1 + 3 * 3), np.float32)
    recall_augment([0], seen, program, 1, 3, np.ones(1, np.float32), stored, np.zeros(16, np.float32), out)
    wanted = sorted(range(held), key=lambda k: (np.float32(distances[k]), (latest - k) % length))[:3]
    rows = out[0, 1:].reshape(3, 3)
    assert [int(row[2]) - 1 for row in rows if row[1] == 1.0] == wanted
    assert rows[: len(wanted), 0] == pytest.approx([np.exp(-np.sqrt(distances[k])) for k in wanted])
    assert not rows[len(wanted) :].any()


def documented():
    """Yield opcode and example of the table in the docstring of `feature_loops`."""
    for line in (feature_loops.__doc__ or "").splitlines():
        match = re.match(r"    ([A-Z]+) +.*?  +([-\d.]+(?:  [-\d.]+)*)$", line)
        if match:
            yield match[1], [float(v) for v in match[2].split()]


@pytest.mark.parametrize(("name", "wanted"), list(documented()))
def test_every_opcode_does_what_its_example_says(name, wanted):
    before, after = np.array([[0, 0.5, 1]], np.float32), np.array([[0, 1, 0.5]], np.float32)
    instruction = np.array([[Opcode[name], 0, 0, 1, 3]])
    out = np.full(8, 9.0, np.float32)
    read_features((instruction, np.arange(3, dtype=U64)), before, after, 0, 1, 3, 0.25, 0.0, out, 2)
    assert out[2 : 2 + len(wanted)] == pytest.approx(wanted, abs=1e-3)
    assert (np.delete(out, np.arange(2, 2 + len(wanted))) == 9.0).all()


def test_every_opcode_has_an_example():
    assert [name for name, _ in documented()] == [o.name for o in Opcode]
