"""The compiled loops of `Recall`: enter a step into a lane's past, find the past steps most like the present one.

What is stored of a lane is a ring of so many steps as `length`: situations, float32 (n, features, length), scaled, and
their sums of squares, float64 (n, length); 1 + action, int32 (n, length), 0 for a free place; outcomes, float32
(n, length, outcomes); and steps entered so far, int64 (n,). See `feature_loops` for what a program is.
"""

import math
from typing import Any

import numpy as np

from textbook_gym.engine.prefetch import LINE, fetch
from textbook_gym.memory.feature_loops import READING, any_nonzero, fetch_row, read

BLOCK = 16  # lanes that are looked up side by side
SAME = 1e-14
"""Squared distance, in units of a situation's sum of squares, that counts as none: float32 sees no difference below."""
NONE, AGE = np.int64(2**63 - 1), 2**32 - 1
"""Of the keys that `rank` sorts: the one of nothing, and the bits that hold an age."""


def recall_learn(
    lanes: Any, step: Any, program: Any, n_actions: int, skip: bool, scale: Any, stored: Any, features: Any
) -> None:
    """Enter a step of some lanes into their rings.

    Args:
        lanes: their numbers, (m,).
        step: an `interface.Step`.
        program: of the situation's features, then of the outcomes.
        n_actions: how many there are.
        skip: whether steps whose outcomes are all 0 are left out.
        scale: what features of the situation are multiplied with, (features,).
        stored: see the top of this file.
        features: buffer for what the program reads, at least so many times as `BLOCK`.
    """
    before, after, taken, rewards, marks = step
    situations, squares, actions, outcomes, entered = stored
    size, n_outcomes, length = len(scale), outcomes.shape[2], situations.shape[2]
    for m in range(len(lanes)):
        i = lanes[m]
        read(program, before, after, i, taken[i], n_actions, rewards[i], marks[i], features, 0)
        if skip and not any_nonzero(features, size, n_outcomes):
            continue
        j = entered[i] % length
        squares[i, j] = 0.0
        for w in range(size):
            situations[i, w, j] = features[w] * scale[w]
            squares[i, j] += np.float64(situations[i, w, j]) ** 2
        for k in range(n_outcomes):
            outcomes[i, j, k] = features[size + k]
        actions[i, j] = 1 + taken[i]
        entered[i] += 1


def recall_augment(
    lanes: Any, seen: Any, program: Any, n_actions: int, nearest: int, scale: Any, stored: Any, features: Any, out: Any
) -> None:
    """Write observations, then the past steps nearest to them: likeness, action, outcomes.

    Args:
        lanes: their numbers, (m,).
        seen: their observations, (m, width).
        program: of the situation's features.
        n_actions: how many there are.
        nearest: how many steps are recalled.
        scale: as in `recall_learn`.
        stored: see the top of this file.
        features: as in `recall_learn`.
        out: float32 (m, width of what the student sees).
    """
    situations, squares, actions, outcomes, entered = stored
    size, length = len(scale), situations.shape[2]
    sums, distances = np.empty(length), np.empty(length, np.float32)
    bits, keys = distances.view(np.int32), np.empty(length, np.int64)
    found = np.empty((BLOCK, nearest), np.int64)
    for start in range(0, len(lanes), BLOCK):
        stop = min(start + BLOCK, len(lanes))
        for m in range(start, stop):
            read_situation(program, seen, m, n_actions, scale, features, (m - start) * size)
            fetch_past(lanes[m], features, (m - start) * size, size, squares, situations)
        for m in range(start, stop):
            i: Any = np.uint64(lanes[m])  # unsigned, so numba omits the negative-index check
            held, latest = min(length, entered[i]), (entered[i] - 1) % length
            measure_distances(i, held, features, (m - start) * size, size, squares, situations, sums, distances)
            rank(held, latest, length, bits, keys)
            select_nearest(keys, held, nearest, found, m - start)
            for n in range(nearest):
                if found[m - start, n] != NONE:
                    row = lanes[m] * length + place_of(found[m - start, n], latest, length)
                    fetch(outcomes, row * outcomes.shape[2])
        for m in range(start, stop):
            lane, latest = lanes[m], (entered[lanes[m]] - 1) % length
            write_recalled(lane, m, seen, found, m - start, latest, n_actions, actions, outcomes, bits, distances, out)


def read_situation(program: Any, seen: Any, m: int, n_actions: int, scale: Any, features: Any, at: int) -> None:
    """Write the scaled features of the situation in row `m` of `seen` to `features`, from place `at` on."""
    read(program, seen, seen, m, 0, n_actions, 0.0, 0.0, features, at)
    for w in range(len(scale)):
        features[at + w] *= scale[w]


def fetch_past(lane: int, features: Any, at: int, size: int, squares: Any, situations: Any) -> None:
    """Prefetch what `measure_distances` reads of a lane, while other lanes are worked on."""
    length = situations.shape[2]
    fetch_row(squares, lane, length, LINE)
    for w in range(size):
        if features[at + w] != 0.0:
            fetch_row(situations, lane * size + w, length, 2 * LINE)


def measure_distances(
    i: Any, held: int, features: Any, at: int, size: int, squares: Any, situations: Any, sums: Any, distances: Any
) -> None:
    """Write the squared distances of the `held` past situations of lane `i` from the present one.

    The squared distance of s from h is computed as |s|^2 + sum of h (h - 2 s), over features in which h is not 0: most
    are 0 as a rule, and what is not read costs no time. Rounding is taken away before any are compared: what is next to
    0 is 0 (see `SAME`), and sums are in float64, distances in float32. The inner loops have no branches, so that
    several steps are computed at once.
    """
    for k in range(held):
        sums[np.uint64(k)] = squares[i, np.uint64(k)]
    for w in range(size):
        here = np.float64(features[at + w])
        if here != 0.0:
            for k in range(held):
                sums[np.uint64(k)] += here * (here - 2.0 * situations[i, np.uint64(w), np.uint64(k)])
    for k in range(held):
        apart = sums[np.uint64(k)]
        distances[np.uint64(k)] = apart if apart > SAME * squares[i, np.uint64(k)] else 0.0


def rank(held: int, latest: int, length: int, bits: Any, keys: Any) -> None:
    """Write a key for each past step; the smaller, the nearer, and of equally near ones the later.

    Non-negative float32 bits sort like the float; the low 32 bits break ties by age.

    Args:
        held: how many past steps there are.
        latest: place of the latest in the ring.
        length: of the ring.
        bits: distances as int32.
        keys: int64, to write to.
    """
    for k in range(held):
        age = latest - k if k <= latest else latest - k + length
        keys[np.uint64(k)] = (np.int64(bits[np.uint64(k)]) << 32) + age


def select_nearest(keys: Any, held: int, nearest: int, found: Any, row: int) -> None:
    """Write the smallest keys to `found[row]`, ascending, `NONE` where there are no more."""
    least = np.int64(-1)
    for n in range(nearest):
        former, least = least, NONE
        for k in range(held):
            key = keys[np.uint64(k)]
            least = min(least, key if key > former else NONE)
        found[row, n] = least


def place_of(key: Any, latest: int, length: int) -> Any:
    """Return the place in the ring of the step that a key stands for."""
    return (latest - (key & AGE)) % length


def write_recalled(
    i: int,
    m: int,
    seen: Any,
    found: Any,
    row: int,
    latest: int,
    n_actions: int,
    actions: Any,
    outcomes: Any,
    bits: Any,
    distances: Any,
    out: Any,
) -> None:
    """Write the observation of lane `i` and its steps `found[row]` to `out[m]`; `bits` are those of `distances`."""
    end, n_outcomes, length = seen.shape[1], outcomes.shape[2], outcomes.shape[1]
    for w in range(end):
        out[m, w] = seen[m, w]
    for n in range(found.shape[1]):
        for w in range(end, end + 1 + n_actions + n_outcomes):
            out[m, w] = 0.0
        key = found[row, n]
        if key != NONE:
            j = place_of(key, latest, length)
            bits[0] = key >> 32  # the distance that the key was made of
            out[m, end] = math.exp(-math.sqrt(distances[0]))
            out[m, end + actions[i, j]] = 1.0
            for w in range(n_outcomes):
                out[m, end + 1 + n_actions + w] = outcomes[i, j, w]
        end += 1 + n_actions + n_outcomes


HELPERS = [
    *READING, read_situation, fetch_past, measure_distances, rank, select_nearest, place_of, write_recalled,
]  # fmt: skip
"""What the loops call."""
