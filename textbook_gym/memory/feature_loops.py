"""What memories do lane by lane, as plain loops over arrays, compiled at first use and cached on disk.

There are `n` lanes, of which `m` are asked for.

A program tells which channels of a step to read (see `channels`). It is a pair of arrays: instructions, one a channel,
(make, 1 to read the observation before the step only, first place, rows, row length), and places of floats in an
observation. A step is (observations before it, after it, actions counted from 0, rewards, marks), all by lane.

Arrays are indexed, never sliced or handed on inside a loop: that costs a reference count, more than the work itself.
"""

import enum
from typing import Any

import numpy as np

from textbook_gym.engine.prefetch import fetch

BLOCK = 16  # lanes that recall looks up side by side
SAME = 1e-14
"""Squared distance, in units of a situation's sum of squares, that counts as none: float32 sees no difference below."""
NONE, AGE = np.int64(2**63 - 1), 2**32 - 1
"""Of the keys that `recall_look` sorts: the one of nothing, and the bits that hold an age."""


class Make(enum.IntEnum):
    """What a channel makes of the floats of a signal; what the names mean is said in `channels`."""

    VALUE = 0
    WAS = 1
    MINUS = 2
    IS = 3
    HALF = 4
    CHANGE = 5
    PUSH = 6
    MOVED = 7
    USED = 8
    GREW = 9
    CENTRE = 10
    SHIFT = 11
    ACTION = 12
    REWARD = 13
    MARK = 14


# --- channels --------------------------------------------------------------------------


def centre(seen: Any, i: int, places: Any, first: int, length: int) -> float:
    """Return the centre of mass of some floats, 0 at the first and 1 at the last; 0 if their sum is not above 0."""
    mass, moment = 0.0, 0.0
    for k in range(length):
        mass += seen[i, places[first + k]]
        moment += k * seen[i, places[first + k]]
    return moment / (mass * max(length - 1, 1)) if mass > 0.0 else 0.0


def read(
    program: Any,
    before: Any,
    seen: Any,
    i: int,
    action: int,
    actions: int,
    reward: float,
    mark: float,
    out: Any,
    at: int,
) -> None:
    """Write what a program says of one step to `out`, from place `at` on.

    The observations before and after it, (rows, width) each, stand in row `i`; `action` is one of so many `actions`.
    """
    instructions, places = program
    for line in range(len(instructions)):
        make, first = instructions[line, 0], instructions[line, 2]
        rows, length = instructions[line, 3], instructions[line, 4]
        after = before if instructions[line, 1] else seen
        if make == Make.ACTION:
            for a in range(actions):
                out[at + a] = 1.0 if a == action else 0.0
            at += actions
        elif make == Make.REWARD:
            out[at] = reward
            at += 1
        elif make == Make.MARK:
            out[at] = mark
            at += 1
        elif make == Make.PUSH:
            for k in range(length):
                out[at + k] = 0.0
                for row in range(rows):
                    place = places[first + row * length + k]
                    out[at + k] += after[i, place] - before[i, place]
            at += length
        elif make == Make.GREW:
            out[at] = 0.0
            for k in range(rows * length):
                place = places[first + k]
                out[at] = max(out[at], after[i, place] - before[i, place])
            at += 1
        elif make == Make.MOVED or make == Make.USED:
            if make == Make.USED:
                for k in range(length):
                    out[at + k] = 0.0
            for row in range(rows):
                moved = False
                for k in range(length):
                    place = places[first + row * length + k]
                    moved = moved or after[i, place] != before[i, place]
                if make == Make.MOVED:
                    out[at + row] = 1.0 if moved else 0.0
                elif moved:
                    for k in range(length):
                        out[at + k] = before[i, places[first + row * length + k]]
                    break
            at += rows if make == Make.MOVED else length
        elif make == Make.CENTRE or make == Make.SHIFT:
            for row in range(rows):
                out[at + row] = centre(after, i, places, first + row * length, length)
                if make == Make.SHIFT:
                    out[at + row] -= centre(before, i, places, first + row * length, length)
            at += rows
        elif make == Make.VALUE:
            for k in range(rows * length):
                out[np.uint64(at + k)] = after[i, places[np.uint64(first + k)]]
            at += rows * length
        else:
            for k in range(rows * length):
                place = places[np.uint64(first + k)]
                value = after[i, place]
                if make == Make.WAS:
                    value = before[i, place]
                elif make == Make.MINUS:
                    value = -value
                elif make == Make.IS:
                    value = 1.0 if value != 0.0 else 0.0
                elif make == Make.HALF:
                    value = 1.0 if value == 0.5 else 0.0
                elif make == Make.CHANGE:
                    value = value - before[i, place]
                out[np.uint64(at + k)] = value
            at += rows * length


def fetch_row(table: Any, row: int, length: int, line: int) -> None:
    """Fetch a row of so many entries, of which so many fill a line of the cache."""
    for k in range(0, length, line):
        fetch(table, row * length + k)


def some(numbers: Any, first: int, count: int) -> bool:
    """Return whether any of some numbers is not 0."""
    found = False
    for k in range(first, first + count):
        found = found or numbers[k] != 0.0
    return found
