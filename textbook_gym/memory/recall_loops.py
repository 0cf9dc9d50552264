"""The compiled loops of `Recall`: enter a step into a lane's past, find the past steps most like the present one.

What is stored of a lane is a ring of so many steps as `length`: situations, float32 (n, features, length), scaled, and
their sums of squares, float64 (n, length); 1 + action, int32 (n, length), 0 for a free place; outcomes, float32
(n, length, outcomes); and steps entered so far, int64 (n,). See `feature_loops` for what a program is.
"""

import math
from typing import Any

import numpy as np

from textbook_gym.engine.prefetch import LINE, fetch
from textbook_gym.memory.feature_loops import any_nonzero, fetch_row, read_features

LANES_A_BLOCK = 16  # lanes that are looked up side by side
SAME_SCORE = 1e-14
"""Squared distance, in units of a situation's sum of squares, that counts as none: float32 sees no difference below."""
EMPTY_ROW, AGE = np.int64(2**63 - 1), 2**32 - 1
"""Of the keys that `recall_augment` sorts: the one of nothing, and the bits that hold an age."""


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
        features: buffer for what the program reads, at least `LANES_A_BLOCK` times over.
    """
    before, after, taken, rewards, marks = step
    situations, squares, actions, outcomes, entered = stored
    size, n_outcomes, length = len(scale), outcomes.shape[2], situations.shape[2]
    for m in range(len(lanes)):
        i = lanes[m]
        read_features(program, before, after, i, taken[i], n_actions, rewards[i], marks[i], features, 0)
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
    """Write observations `seen`, (m, width), then the past steps nearest to them: likeness, action, outcomes.

    So many steps as `nearest` are written to `out`, float32 (m, width of what the student sees). The program is that of
    the situation; the rest is as in `recall_learn`.

    The squared distance of s from h is computed as |s|^2 + sum of h (h - 2 s), over features in which h is not 0: most
    are 0 as a rule, and what is not read costs no time. Rounding is taken away before any are compared: what is next to
    0 is 0 (see `SAME_SCORE`), and sums are in float64, distances in float32.
    """
    situations, squares, _, outcomes, entered = stored
    size, length, n_outcomes = len(scale), situations.shape[2], outcomes.shape[2]
    sums, distances, keys = np.empty(length), np.empty(length, np.float32), np.empty(length, np.int64)
    bits, found = distances.view(np.int32), np.empty((LANES_A_BLOCK, nearest), np.int64)
    for start in range(0, len(lanes), LANES_A_BLOCK):
        stop = min(start + LANES_A_BLOCK, len(lanes))
        read_block(lanes, start, stop, seen, program, n_actions, scale, stored, features)
        for m in range(start, stop):  # not a function of its own: a third slower, as then nothing is vectorised
            i: Any = np.uint64(lanes[m])  # unsigned, so numba omits the negative-index check
            held, latest = min(length, entered[i]), (entered[i] - 1) % length
            for k in range(held):  # the inner loops have no branches, so that several steps are computed at once
                sums[np.uint64(k)] = squares[i, np.uint64(k)]
            for w in range(size):
                here = np.float64(features[(m - start) * size + w])
                if here != 0.0:
                    for k in range(held):
                        sums[np.uint64(k)] += here * (here - 2.0 * situations[i, np.uint64(w), np.uint64(k)])
            for k in range(held):
                apart = sums[np.uint64(k)]
                distances[np.uint64(k)] = apart if apart > SAME_SCORE * squares[i, np.uint64(k)] else 0.0
            for k in range(held):  # non-negative float32 bits sort like the float; low 32 bits break ties by age
                age = latest - k if k <= latest else latest - k + length
                keys[np.uint64(k)] = (np.int64(bits[np.uint64(k)]) << 32) + age
            least = np.int64(-1)
            for n in range(nearest):
                former, least = least, EMPTY_ROW
                for k in range(held):
                    key = keys[np.uint64(k)]
                    least = min(least, key if key > former else EMPTY_ROW)
                found[m - start, n] = least
                if least != EMPTY_ROW:
                    fetch(outcomes, (lanes[m] * length + (latest - (least & AGE)) % length) * n_outcomes)
        write_block(lanes, start, stop, seen, n_actions, stored, found, out)


def read_block(
    lanes: Any, start: int, stop: int, seen: Any, program: Any, n_actions: int, scale: Any, stored: Any, features: Any
) -> None:
    """Write the scaled features of the situations of a block; prefetch what is needed of the past."""
    situations, squares, _, _, _ = stored
    size, length = len(scale), situations.shape[2]
    for m in range(start, stop):
        at = (m - start) * size
        read_features(program, seen, seen, m, 0, n_actions, 0.0, 0.0, features, at)
        fetch_row(squares, lanes[m], length, LINE)
        for w in range(size):
            features[at + w] *= scale[w]
            if features[at + w] != 0.0:
                fetch_row(situations, lanes[m] * size + w, length, 2 * LINE)


def write_block(
    lanes: Any, start: int, stop: int, seen: Any, n_actions: int, stored: Any, found: Any, out: Any
) -> None:
    """Write the observation of each lane of a block, then the steps found: likeness, action, outcomes."""
    _, _, actions, outcomes, entered = stored
    length, n_outcomes = outcomes.shape[1], outcomes.shape[2]
    distance = np.empty(1, np.float32)
    bits = distance.view(np.int32)
    for m in range(start, stop):
        i, end = np.uint64(lanes[m]), seen.shape[1]
        latest = (entered[i] - 1) % length
        for w in range(end):
            out[m, w] = seen[m, w]
        for n in range(found.shape[1]):
            for w in range(end, end + 1 + n_actions + n_outcomes):
                out[m, w] = 0.0
            key = found[m - start, n]
            if key != EMPTY_ROW:
                j = (latest - (key & AGE)) % length
                bits[0] = key >> 32
                out[m, end] = math.exp(-math.sqrt(distance[0]))
                out[m, end + actions[i, j]] = 1.0
                for w in range(n_outcomes):
                    out[m, end + 1 + n_actions + w] = outcomes[i, j, w]
            end += 1 + n_actions + n_outcomes
