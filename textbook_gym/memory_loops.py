"""What memories do lane by lane, as plain loops over arrays, compiled at first use and cached on disk.

They call nothing outside this file: numba's cache notices edits of it, and of no other. `n` lanes, `m` lanes asked for.

A program tells which channels of a step to read (see `channels`): one instruction a channel, (make, first place in the
list of places, rows, row length), and a list of places of floats in an observation.
"""

import enum
import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

COUNT_SCALE = 5.0  # counts are shown as log(1 + count) / 5, at most 1: 147 and more are many


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


class At(enum.IntEnum):
    """Where what a table of a ledger holds begins, and how much it is; a row of `layout` has these entries."""

    UNDER = 0  # first instruction of what is entered under
    ASKED = 1  # of what is looked up: `QUERIES` programs of `UNDER`'s length in floats, ends in `cuts`
    QUERIES = 2
    CUT = 3  # first entry in `cuts`
    OUTCOME = 4  # first instruction of outcomes by action
    TOLD = 5  # of outcomes irrespective of action
    END = 6  # one past the last instruction
    ELSEWHERE = 7  # 1 if it is entered under what the step showed, 0 if under what is looked up
    WORDS = 8  # floats of a situation
    ROW = 9  # first row
    ROWS = 10
    COUNT = 11  # first count by action
    COLUMNS = 12  # counts by action in a row
    MEAN = 13  # first mean by action
    WIDE = 14  # outcomes by action
    AVERAGE = 15  # first mean irrespective of action
    DEEP = 16  # outcomes irrespective of action
    SILENT = 17  # 0: enter all; 1: skip what tells nothing (all zeros); 2: skip it where something was told before


@functools.cache
def compiled(loop: Callable[..., Any]) -> Callable[..., Any]:
    """Return one of the loops below, compiled."""
    from textbook_gym.kernel import compile_loop, mark_compilable

    for helper in (centre, read, hashed, find):
        mark_compilable(helper)
    return compile_loop(loop)


# --- channels --------------------------------------------------------------------------


def centre(seen: Any, places: Any, first: int, length: int) -> float:
    """Return the centre of mass of some floats, 0 at the first and 1 at the last; 0 if their sum is not above 0."""
    mass, moment = 0.0, 0.0
    for k in range(length):
        mass += seen[places[first + k]]
        moment += k * seen[places[first + k]]
    return moment / (mass * max(length - 1, 1)) if mass > 0.0 else 0.0


def read(
    program: Any,
    places: Any,
    start: int,
    stop: int,
    before: Any,
    after: Any,
    action: int,
    actions: int,
    reward: float,
    mark: float,
    out: Any,
) -> bool:
    """Write what instructions `start` to `stop` of a program say of one lane's step; return whether any is not 0.

    Args:
        program: instructions, (instructions, 4).
        places: places of floats.
        start: first instruction.
        stop: one past the last.
        before: observation before the step, (width,).
        after: observation after it.
        action: counted from 0.
        actions: how many there are.
        reward: of the step.
        mark: of an exercise that it ended.
        out: room for the numbers.
    """
    at = 0
    for instruction in range(start, stop):
        make, first = program[instruction, 0], program[instruction, 1]
        rows, length = program[instruction, 2], program[instruction, 3]
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
                    out[at + k] += after[place] - before[place]
            at += length
        elif make == Make.GREW:
            out[at] = 0.0
            for k in range(rows * length):
                place = places[first + k]
                out[at] = max(out[at], after[place] - before[place])
            at += 1
        elif make == Make.MOVED or make == Make.USED:
            if make == Make.USED:
                for k in range(length):
                    out[at + k] = 0.0
            for row in range(rows):
                moved = False
                for k in range(length):
                    place = places[first + row * length + k]
                    moved = moved or after[place] != before[place]
                if make == Make.MOVED:
                    out[at + row] = 1.0 if moved else 0.0
                elif moved:
                    for k in range(length):
                        out[at + k] = before[places[first + row * length + k]]
                    break
            at += rows if make == Make.MOVED else length
        elif make == Make.CENTRE or make == Make.SHIFT:
            for row in range(rows):
                out[at + row] = centre(after, places, first + row * length, length)
                if make == Make.SHIFT:
                    out[at + row] -= centre(before, places, first + row * length, length)
            at += rows
        else:
            for k in range(rows * length):
                place = places[first + k]
                value = after[place]
                if make == Make.WAS:
                    value = before[place]
                elif make == Make.MINUS:
                    value = -value
                elif make == Make.IS:
                    value = 1.0 if value != 0.0 else 0.0
                elif make == Make.HALF:
                    value = 1.0 if value == 0.5 else 0.0
                elif make == Make.CHANGE:
                    value = value - before[place]
                out[at + k] = value
            at += rows * length
    told = False
    for k in range(at):
        told = told or out[k] != 0.0
    return told


# --- transcript ------------------------------------------------------------------------


def push(which: Any, again: Any, new: Any, rows: Any) -> None:
    """Shift the rows of some lanes by one and put a new row at the end, or put it in place of the last.

    Args:
        which: numbers of lanes, (m,).
        again: bool (m,): put it in place of the last row.
        new: the new rows, (m, width).
        rows: (n, length, width), oldest first; changed in place.
    """
    length, width = rows.shape[1], rows.shape[2]
    for k in range(len(which)):
        row = rows[which[k]]
        if not again[k]:
            for j in range(length - 1):
                for w in range(width):
                    row[j, w] = row[j + 1, w]
        for w in range(width):
            row[length - 1, w] = new[k, w]


# --- ledger ----------------------------------------------------------------------------


def hashed(words: Any, count: int, grain: float, multipliers: Any) -> Any:
    """Return an odd unsigned number that names a situation: its words, in units of `grain`, multilinearly hashed."""
    h = multipliers[count]
    for w in range(count):
        h += np.uint64(np.int64(np.rint(words[w] / grain))) * multipliers[w]
    h = (h ^ (h >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)  # the finaliser of splitmix64
    h = (h ^ (h >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (h ^ (h >> np.uint64(31))) | np.uint64(1)


def find(keys: Any, key: Any, first: int, rows: int) -> int:
    """Return the row of a key, counted from `first`; -1 if there is none. Free rows, 0, come last."""
    for row in range(rows):
        if keys[first + row] == key:
            return row
        if keys[first + row] == 0:
            return -1
    return -1


def ledger_learn(
    which: Any,
    before: Any,
    after: Any,
    actions: Any,
    rewards: Any,
    marks: Any,
    program: Any,
    places: Any,
    layout: Any,
    scales: Any,
    columns: Any,
    multipliers: Any,
    keys: Any,
    used: Any,
    clock: Any,
    visits: Any,
    counts: Any,
    means: Any,
    averages: Any,
) -> None:
    """Enter a step of some lanes into the tables of their ledgers.

    Args:
        which: numbers of lanes, (m,).
        before: observations before the step, (n, width).
        after: observations after it, (n, width).
        actions: counted from 0, (n,).
        rewards: (n,).
        marks: of exercises that ended, (n,).
        program: channels of all tables, (instructions, 4).
        places: places of floats.
        layout: (tables, entries of `At`).
        scales: (tables, 2): a mean moves by at least the first; situations are told apart in units of the second.
        columns: column of each action, -1 for none, (tables, actions).
        multipliers: odd uint64, one more than there are words.
        keys: situations, uint64 (n, rows), 0 for a free row.
        used: when a row was last entered into, (n, rows).
        clock: entries so far, (n,).
        visits: (n, rows).
        counts: by action, (n, all counts).
        means: by action, (n, all means).
        averages: irrespective of action, (n, all averages).
    """
    size = 1
    for t in range(len(layout)):
        size = max(size, layout[t, At.WORDS], layout[t, At.WIDE], layout[t, At.DEEP])
    words, outcome, told = np.empty(size, np.float32), np.empty(size, np.float32), np.empty(size, np.float32)
    acts = columns.shape[1]
    for m in range(len(which)):
        i = which[m]
        action, reward, mark = actions[i], rewards[i], marks[i]
        for t in range(len(layout)):
            at = layout[t]
            column, wide, deep, rows, first = columns[t, action], at[At.WIDE], at[At.DEEP], at[At.ROWS], at[At.ROW]
            if column < 0 and deep == 0:
                continue
            now = after[i] if at[At.ELSEWHERE] else before[i]
            stop = at[At.ASKED]
            there = read(program, places, at[At.UNDER], stop, before[i], now, action, acts, reward, mark, words)
            if at[At.ELSEWHERE] and not there:
                continue
            heard = read(
                program, places, at[At.TOLD], at[At.END], before[i], after[i], action, acts, reward, mark, told
            )
            if column >= 0:
                start, stop = at[At.OUTCOME], at[At.TOLD]
                some = read(program, places, start, stop, before[i], after[i], action, acts, reward, mark, outcome)
                heard = heard or some
            if not heard and at[At.SILENT] == 1:
                continue
            key = hashed(words, at[At.WORDS], scales[t, 1], multipliers)
            row = find(keys[i], key, first, rows)
            count, mean = at[At.COUNT], at[At.MEAN]
            average = at[At.AVERAGE]
            if row < 0:
                row = 0
                while row < rows and keys[i, first + row] != 0:
                    row += 1
                if row == rows:
                    row = 0
                    for other in range(1, rows):
                        if used[i, first + other] < used[i, first + row]:
                            row = other
                keys[i, first + row] = key
                visits[i, first + row] = 0.0
                for k in range(at[At.COLUMNS]):
                    counts[i, count + row * at[At.COLUMNS] + k] = 0.0
                for k in range(at[At.COLUMNS] * wide):
                    means[i, mean + row * at[At.COLUMNS] * wide + k] = 0.0
                for k in range(deep):
                    averages[i, average + row * deep + k] = 0.0
            count += row * at[At.COLUMNS] + column
            mean += (row * at[At.COLUMNS] + column) * wide
            average += row * deep
            if not heard and at[At.SILENT] == 2:
                known = False
                for k in range(deep):
                    known = known or averages[i, average + k] != 0.0
                if column >= 0:
                    for k in range(wide):
                        known = known or means[i, mean + k] != 0.0
                if known:
                    continue
            clock[i] += 1
            used[i, first + row] = clock[i]
            visits[i, first + row] += 1.0
            step = max(1.0 / visits[i, first + row], scales[t, 0])
            for k in range(deep):
                averages[i, average + k] += step * (told[k] - averages[i, average + k])
            if column >= 0:
                counts[i, count] += 1.0
                step = max(1.0 / counts[i, count], scales[t, 0])
                for k in range(wide):
                    means[i, mean + k] += step * (outcome[k] - means[i, mean + k])


def ledger_look(
    which: Any,
    seen: Any,
    actions: int,
    program: Any,
    places: Any,
    layout: Any,
    cuts: Any,
    scales: Any,
    multipliers: Any,
    keys: Any,
    visits: Any,
    counts: Any,
    means: Any,
    averages: Any,
    out: Any,
) -> None:
    """Write observations, then what the ledgers know of them: for every column log-count and means, then for all.

    Args:
        which: numbers of lanes, (m,).
        seen: observations, (m, width).
        actions: how many there are.
        program: as in `ledger_learn`.
        places: likewise.
        layout: likewise.
        cuts: where the program of each query of each table ends.
        scales: as in `ledger_learn`.
        multipliers: likewise.
        keys: likewise.
        visits: likewise.
        counts: likewise.
        means: likewise.
        averages: likewise.
        out: float32 (m, width of what the student sees).
    """
    size = 1
    for t in range(len(layout)):
        size = max(size, layout[t, At.WORDS])
    words = np.empty(size, np.float32)
    for m in range(len(which)):
        i, end = which[m], seen.shape[1]
        for w in range(end):
            out[m, w] = seen[m, w]
        for t in range(len(layout)):
            at = layout[t]
            columns, wide, deep, first = at[At.COLUMNS], at[At.WIDE], at[At.DEEP], at[At.ROW]
            start = at[At.ASKED]
            for query in range(at[At.QUERIES]):
                stop = cuts[at[At.CUT] + query]
                read(program, places, start, stop, seen[m], seen[m], 0, actions, 0.0, 0.0, words)
                start = stop
                row = find(keys[i], hashed(words, at[At.WORDS], scales[t, 1], multipliers), first, at[At.ROWS])
                if row < 0:
                    for _ in range(columns * (1 + wide) + 1 + deep):
                        out[m, end] = 0.0
                        end += 1
                    continue
                for c in range(row * columns, (row + 1) * columns):
                    out[m, end] = min(math.log1p(counts[i, at[At.COUNT] + c]) / COUNT_SCALE, 1.0)
                    for k in range(wide):
                        out[m, end + 1 + k] = means[i, at[At.MEAN] + c * wide + k]
                    end += 1 + wide
                out[m, end] = min(math.log1p(visits[i, first + row]) / COUNT_SCALE, 1.0)
                for k in range(deep):
                    out[m, end + 1 + k] = averages[i, at[At.AVERAGE] + row * deep + k]
                end += 1 + deep


# --- recall ----------------------------------------------------------------------------


def recall_learn(
    which: Any,
    before: Any,
    after: Any,
    actions: Any,
    rewards: Any,
    marks: Any,
    acts: int,
    program: Any,
    places: Any,
    asked: int,
    scale: Any,
    skip: bool,
    spots: Any,
    deeds: Any,
    ends: Any,
    entered: Any,
) -> None:
    """Enter a step of some lanes into their rings.

    Args:
        which: numbers of lanes, (m,).
        before: observations before the step, (n, width).
        after: observations after it, (n, width).
        actions: counted from 0, (n,).
        rewards: (n,).
        marks: of exercises that ended, (n,).
        acts: how many actions there are.
        program: channels of the situation, then of the outcome.
        places: places of floats.
        asked: instructions of the situation.
        scale: what its floats are multiplied with, (words,).
        skip: whether steps whose outcomes are all 0 are left out.
        spots: situations, (n, words, length).
        deeds: 1 + action, 0 for a free place, (n, length).
        ends: outcomes, (n, length, k).
        entered: steps entered so far, (n,).
    """
    words, length = np.empty(len(scale), np.float32), spots.shape[2]
    for m in range(len(which)):
        i = which[m]
        j, action = entered[i] % length, actions[i]
        heard = read(
            program, places, asked, len(program), before[i], after[i], action, acts, rewards[i], marks[i], ends[i, j]
        )
        if skip and not heard:
            continue
        read(program, places, 0, asked, before[i], before[i], action, acts, 0.0, 0.0, words)
        for w in range(len(scale)):
            spots[i, w, j] = words[w] * scale[w]
        deeds[i, j] = 1 + action
        entered[i] += 1


def recall_look(
    which: Any,
    seen: Any,
    actions: int,
    program: Any,
    places: Any,
    asked: int,
    scale: Any,
    nearest: int,
    spots: Any,
    deeds: Any,
    ends: Any,
    entered: Any,
    out: Any,
) -> None:
    """Write observations, then the past steps nearest to them: likeness, action, outcomes.

    Args:
        which: numbers of lanes, (m,).
        seen: observations, (m, width).
        actions: how many there are.
        program: as in `recall_learn`.
        places: likewise.
        asked: likewise.
        scale: likewise.
        nearest: how many are written.
        spots: as in `recall_learn`.
        deeds: likewise.
        ends: likewise.
        entered: likewise.
        out: float32 (m, width of what the student sees).
    """
    length, wide = spots.shape[2], ends.shape[2]
    words, distances = np.empty(len(scale), np.float32), np.empty(length, np.float32)
    for m in range(len(which)):
        i, end = which[m], seen.shape[1]
        for w in range(end):
            out[m, w] = seen[m, w]
        read(program, places, 0, asked, seen[m], seen[m], 0, actions, 0.0, 0.0, words)
        distances[:] = 0.0
        for w in range(len(scale)):
            here = words[w] * scale[w]
            for j in range(length):  # the inner loop, so that several are reckoned at once
                apart = spots[i, w, j] - here
                distances[j] += apart * apart
        held = min(length, entered[i])
        for k in range(nearest):
            for w in range(1 + actions + wide):
                out[m, end + w] = 0.0
            if k < held:
                best = -1
                for back in range(held):  # the latest first
                    j = (entered[i] - 1 - back) % length
                    if distances[j] >= 0.0 and (best < 0 or distances[j] < distances[best]):
                        best = j
                out[m, end] = math.exp(-math.sqrt(distances[best]))
                out[m, end + deeds[i, best]] = 1.0
                for w in range(wide):
                    out[m, end + 1 + actions + w] = ends[i, best, w]
                distances[best] = -1.0
            end += 1 + actions + wide
