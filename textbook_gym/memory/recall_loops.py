"""The compiled loops of `Recall`: write a step into a lane's past, find the steps most like the present one."""

import math
from typing import Any

import numpy as np

from textbook_gym.engine.prefetch import LINE, fetch
from textbook_gym.memory.feature_loops import AGE, BLOCK, NONE, SAME, fetch_row, read, some

# --- recall ----------------------------------------------------------------------------


def recall_learn(
    which: Any, step: Any, program: Any, actions: int, skip: bool, scale: Any, kept: Any, room: Any
) -> None:
    """Enter a step of some lanes into their rings.

    Args:
        which: numbers of lanes, (m,).
        step: see the top of this file.
        program: likewise; channels of the situation, then of the outcome.
        actions: how many there are.
        skip: whether steps whose outcomes are all 0 are left out.
        scale: what floats of the situation are multiplied with, (words,).
        kept: situations, float32 (n, words, length), and their sums of squares, float64 (n, length); 1 + action, 0 for
            a free place, (n, length); outcomes, (n, length, k); steps entered so far, (n,).
        room: for what the program reads, at least so many times as `BLOCK`.
    """
    before, after, taken, rewards, marks = step
    spots, sizes, deeds, ends, entered = kept
    words, wide, length = len(scale), ends.shape[2], spots.shape[2]
    for m in range(len(which)):
        i = which[m]
        read(program, before, after, i, taken[i], actions, rewards[i], marks[i], room, 0)
        if skip and not some(room, words, wide):
            continue
        j = entered[i] % length
        sizes[i, j] = 0.0
        for w in range(words):
            spots[i, w, j] = room[w] * scale[w]
            sizes[i, j] += np.float64(spots[i, w, j]) ** 2
        for k in range(wide):
            ends[i, j, k] = room[words + k]
        deeds[i, j] = 1 + taken[i]
        entered[i] += 1


def recall_look(
    which: Any, seen: Any, program: Any, actions: int, nearest: int, scale: Any, kept: Any, room: Any, out: Any
) -> None:
    """Write observations, then the past steps nearest to them: likeness, action, outcomes.

    The observations `seen`, (m, width), are of the lanes `which`; so many as `nearest` are written to `out`, float32
    (m, width of what the student sees). The program is that of the situation; the rest is as in `recall_learn`.

    The squared distance of s from h is reckoned as |s|^2 + sum of h (h - 2 s), over words in which h is not 0: most are
    0 as a rule, and what is not read costs no time. What comes of rounding is taken away before any are compared: what
    is next to 0 is 0 (see `SAME`), and sums are in float64, distances in float32.
    """
    spots, sizes, deeds, ends, entered = kept
    words, length, wide = len(scale), spots.shape[2], ends.shape[2]
    sums, distances = np.empty(length), np.empty(length, np.float32)
    bits, keys = distances.view(np.int32), np.empty(length, np.int64)
    found = np.empty((BLOCK, nearest), np.int64)
    for start in range(0, len(which), BLOCK):
        stop = min(start + BLOCK, len(which))
        for m in range(start, stop):  # what is needed comes while others are at work
            lane, at = which[m], (m - start) * words
            read(program, seen, seen, m, 0, actions, 0.0, 0.0, room, at)
            fetch_row(sizes, lane, length, LINE)
            for w in range(words):
                room[at + w] *= scale[w]
                if room[at + w] != 0.0:
                    fetch_row(spots, lane * words + w, length, 2 * LINE)
        for m in range(start, stop):
            i: Any = np.uint64(which[m])  # spares the compiler the question whether it counts from the end
            held, latest = min(length, entered[i]), (entered[i] - 1) % length
            for k in range(held):  # several are reckoned at once: the inner loops are without branches
                sums[np.uint64(k)] = sizes[i, np.uint64(k)]
            for w in range(words):
                here = np.float64(room[(m - start) * words + w])
                if here != 0.0:
                    for k in range(held):
                        sums[np.uint64(k)] += here * (here - 2.0 * spots[i, np.uint64(w), np.uint64(k)])
            for k in range(held):
                apart = sums[np.uint64(k)]
                distances[np.uint64(k)] = apart if apart > SAME * sizes[i, np.uint64(k)] else 0.0
            for k in range(held):  # sorted as a number is a distance, and of equal ones an age
                age = latest - k if k <= latest else latest - k + length
                keys[np.uint64(k)] = (np.int64(bits[np.uint64(k)]) << 32) + age
            least = np.int64(-1)
            for n in range(nearest):
                former, least = least, NONE
                for k in range(held):
                    key = keys[np.uint64(k)]
                    least = min(least, key if key > former else NONE)
                found[m - start, n] = least
                if least != NONE:
                    fetch(ends, (which[m] * length + (latest - (least & AGE)) % length) * wide)
        for m in range(start, stop):
            i, end = np.uint64(which[m]), seen.shape[1]
            latest = (entered[i] - 1) % length
            for w in range(end):
                out[m, w] = seen[m, w]
            for n in range(nearest):
                for w in range(end, end + 1 + actions + wide):
                    out[m, w] = 0.0
                key = found[m - start, n]
                if key != NONE:
                    j = (latest - (key & AGE)) % length
                    bits[0] = key >> 32
                    out[m, end] = math.exp(-math.sqrt(distances[0]))
                    out[m, end + deeds[i, j]] = 1.0
                    for w in range(wide):
                        out[m, end + 1 + actions + w] = ends[i, j, w]
                end += 1 + actions + wide
