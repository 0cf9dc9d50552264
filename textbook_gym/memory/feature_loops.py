"""Reads features off a step, as compiled loops do it: a small interpreter, inlined into the loops of the memories.

A program says which features are read; `features.program` makes one from what a user names. It is a pair of arrays:

    instructions    int64 (instructions, 5): opcode; 1 to read the observation before the step only; first of its
                    places; rows; row length
    places          uint64 (all places,): where the floats stand in an observation

What an instruction writes, for one row of three floats that were [0, 0.5, 1] before a step with action 1 of 3, reward
0.25 and mark 0, and are [0, 1, 0.5] after it:

    opcode    writes                                                            example
    VALUE     every float after the step                                        0  1  0.5
    WAS       every float before it                                             0  0.5  1
    MINUS     every float after it, with its sign turned                        0  -1  -0.5
    IS        1 for every float that is not 0, else 0                           0  1  1
    HALF      1 for every float that is 0.5, else 0                             0  0  1
    CHANGE    every float after - before                                        0  0.5  -0.5
    PUSH      that, summed over rows: as many floats as a row has               0  0.5  -0.5
    MOVED     1 for each row that changed in any place, else 0                  1
    USED      the first row that changed, as it was before; zeros if none did   0  0.5  1
    GREW      the largest rise of any float, 0 if none rose                     0.5
    CENTRE    the centre of mass of each row, from 0 to 1                       0.667
    SHIFT     the centre of mass of each row, after - before                    -0.167
    ACTION    1 for the action taken, 0 for all others                          0  1  0
    REWARD    the reward                                                        0.25
    MARK      the mark                                                          0

Helpers take whole arrays and indices; they are inlined. A slice, or an array handed to a call that is not inlined,
costs a reference count, more than the work itself.
"""

import enum
from typing import Any

import numpy as np

from textbook_gym.engine.prefetch import fetch


class Opcode(enum.IntEnum):
    """What an instruction makes of the floats of a signal; see the table at the top of this file."""

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


def read_features(
    program: Any, before: Any, after: Any, i: int,
    action: int, n_actions: int, reward: float, mark: float, out: Any, at: int,
) -> None:  # fmt: skip
    """Write the features of one step to `out`, from place `at` on.

    Args:
        program: see the top of this file.
        before: observations before the step, float32 (rows, width).
        after: observations after it, likewise.
        i: the row of the step in both.
        action: counted from 0.
        n_actions: how many there are.
        reward: of the step.
        mark: of the exercise, if the step ended one, else 0.
        out: float32, one-dimensional.
        at: where the first feature goes.
    """
    instructions, places = program
    for line in range(len(instructions)):
        op, first = instructions[line, 0], instructions[line, 2]
        rows, length = instructions[line, 3], instructions[line, 4]
        now = before if instructions[line, 1] else after
        if op == Opcode.VALUE:
            copy_floats(now, i, places, first, rows * length, out, at)
            at += rows * length
        elif op <= Opcode.CHANGE:
            map_floats(op, before, now, i, places, first, rows * length, out, at)
            at += rows * length
        elif op == Opcode.PUSH:
            sum_changes(before, now, i, places, first, rows, length, out, at)
            at += length
        elif op == Opcode.MOVED:
            find_changed_rows(before, now, i, places, first, rows, length, out, at)
            at += rows
        elif op == Opcode.USED:
            copy_changed_row(before, now, i, places, first, rows, length, out, at)
            at += length
        elif op == Opcode.GREW:
            out[at] = largest_rise(before, now, i, places, first, rows * length)
            at += 1
        elif op == Opcode.CENTRE or op == Opcode.SHIFT:
            for row in range(rows):
                out[at + row] = centre(now, i, places, first + row * length, length)
                if op == Opcode.SHIFT:
                    out[at + row] -= centre(before, i, places, first + row * length, length)
            at += rows
        elif op == Opcode.ACTION:
            for a in range(n_actions):
                out[at + a] = 1.0 if a == action else 0.0
            at += n_actions
        else:
            out[at] = reward if op == Opcode.REWARD else mark
            at += 1


# --- one group of opcodes each; `i` is the row, `places[first]` the first float, `out[at]` the first feature -------


def copy_floats(now: Any, i: int, places: Any, first: int, count: int, out: Any, at: int) -> None:
    """Write so many floats as they are: VALUE."""
    for k in range(count):
        out[np.uint64(at + k)] = now[i, places[np.uint64(first + k)]]


def map_floats(op: int, before: Any, now: Any, i: int, places: Any, first: int, count: int, out: Any, at: int) -> None:
    """Write one number for each of so many floats: WAS, MINUS, IS, HALF, CHANGE."""
    for k in range(count):
        place = places[np.uint64(first + k)]
        value = now[i, place]
        if op == Opcode.WAS:
            value = before[i, place]
        elif op == Opcode.MINUS:
            value = -value
        elif op == Opcode.IS:
            value = 1.0 if value != 0.0 else 0.0
        elif op == Opcode.HALF:
            value = 1.0 if value == 0.5 else 0.0
        else:
            value = value - before[i, place]
        out[np.uint64(at + k)] = value


def sum_changes(
    before: Any, now: Any, i: int, places: Any, first: int, rows: int, length: int, out: Any, at: int
) -> None:
    """Write the sum over rows of what changed, for every place of a row: PUSH."""
    for k in range(length):
        out[at + k] = 0.0
        for row in range(rows):
            place = places[first + row * length + k]
            out[at + k] += now[i, place] - before[i, place]


def changed(before: Any, now: Any, i: int, places: Any, first: int, count: int) -> bool:
    """Return whether any of so many floats changed."""
    found = False
    for k in range(count):
        place = places[first + k]
        found = found or now[i, place] != before[i, place]
    return found


def find_changed_rows(
    before: Any, now: Any, i: int, places: Any, first: int, rows: int, length: int, out: Any, at: int
) -> None:
    """Write 1 for each row that changed, 0 for the others: MOVED."""
    for row in range(rows):
        out[at + row] = 1.0 if changed(before, now, i, places, first + row * length, length) else 0.0


def copy_changed_row(
    before: Any, now: Any, i: int, places: Any, first: int, rows: int, length: int, out: Any, at: int
) -> None:
    """Write the first row that changed, as it was before the step, or zeros: USED."""
    for k in range(length):
        out[at + k] = 0.0
    for row in range(rows):
        if changed(before, now, i, places, first + row * length, length):
            for k in range(length):
                out[at + k] = before[i, places[first + row * length + k]]
            break


def largest_rise(before: Any, now: Any, i: int, places: Any, first: int, count: int) -> float:
    """Return the largest rise among so many floats, 0 if none rose: GREW."""
    rise: Any = np.float32(0.0)
    for k in range(count):
        place = places[first + k]
        rise = max(rise, now[i, place] - before[i, place])
    return rise


def centre(seen: Any, i: int, places: Any, first: int, length: int) -> float:
    """Return the centre of mass of some floats, 0 at the first and 1 at the last; 0 if their sum is not above 0."""
    mass, moment = 0.0, 0.0
    for k in range(length):
        mass += seen[i, places[first + k]]
        moment += k * seen[i, places[first + k]]
    return moment / (mass * max(length - 1, 1)) if mass > 0.0 else 0.0


# --- what loops over features share --------------------------------------------------------------------------------


def any_nonzero(numbers: Any, first: int, count: int) -> bool:
    """Return whether any of some numbers is not 0."""
    found = False
    for k in range(first, first + count):
        found = found or numbers[k] != 0.0
    return found


def fetch_row(table: Any, row: int, length: int, line: int) -> None:
    """Prefetch a row of so many entries, of which so many fill a line of the cache."""
    for k in range(0, length, line):
        fetch(table, row * length + k)
