"""What memories do lane by lane, as plain loops over arrays, compiled at first use and cached on disk.

They call nothing outside this file but `fetch`: numba's cache notices edits of it, and of no other. `n` lanes, `m` lanes
asked for.

A program tells which channels of a step to read (see `channels`). It is a pair of arrays: instructions, one a channel,
(make, 1 to read the observation before the step only, first place, rows, row length), and places of floats in an
observation. A step is (observations before it, after it, actions counted from 0, rewards, marks), all by lane.

Arrays are indexed, never sliced or handed on inside a loop: that costs a reference count, more than the work itself.
"""

import enum
import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from textbook_gym.fetch import fetch

MANY = 148.0
SHOWN_COUNTS = np.minimum(np.log1p(np.arange(149)) / 5.0, 1.0).astype(np.float32)
"""How counts are shown: log(1 + count) / 5, at most 1, which is `MANY` and more."""


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
    """Entries of the layout of a ledger: of a table where steps are learned, of a question where it is looked up."""

    WORD = 0  # first word of the situation, among the words of all
    WORDS = 1
    ELSEWHERE = 2  # 1 if it is entered only where some word is not 0
    OUTCOME = 3  # outcomes by action, among what the program reads
    WIDE = 4  # how many
    TOLD = 5  # outcomes irrespective of action, likewise
    DEEP = 6  # how many
    ROW = 7  # first row
    ROWS = 8
    CELL = 9  # first cell; a row has, for each column, a count and `WIDE` means, then a count and `DEEP` means
    COLUMNS = 10
    WIDTH = 11  # cells in a row
    SILENT = 12  # 0: enter all; 1: skip what tells nothing (all zeros); 2: skip it where something was told before


@functools.cache
def compiled(loop: Callable[..., Any]) -> Callable[..., Any]:
    """Return one of the loops below, compiled."""
    from textbook_gym.kernel import compile_loop, mark_compilable

    for helper in (centre, read, some, spell, hashed, find, belongs, fetch):
        mark_compilable(helper)
    return compile_loop(loop)


# --- channels --------------------------------------------------------------------------


def centre(seen: Any, i: int, places: Any, first: int, length: int) -> float:
    """Return the centre of mass of some floats, 0 at the first and 1 at the last; 0 if their sum is not above 0."""
    mass, moment = 0.0, 0.0
    for k in range(length):
        mass += seen[i, places[first + k]]
        moment += k * seen[i, places[first + k]]
    return moment / (mass * max(length - 1, 1)) if mass > 0.0 else 0.0


def read(
    program: Any, before: Any, seen: Any, i: int, action: int, actions: int, reward: float, mark: float, out: Any
) -> None:
    """Write what a program says of one step to `out`.

    The observations before and after it, (rows, width) each, stand in row `i`; `action` is one of so many `actions`.
    """
    instructions, places = program
    at = 0
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
                out[at + k] = after[i, places[first + k]]
            at += rows * length
        else:
            for k in range(rows * length):
                place = places[first + k]
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
                out[at + k] = value
            at += rows * length


def some(numbers: Any, first: int, count: int) -> bool:
    """Return whether any of some numbers is not 0."""
    found = False
    for k in range(first, first + count):
        found = found or numbers[k] != 0.0
    return found


# --- ledger ----------------------------------------------------------------------------


def spell(room: Any, words: Any, numbers: Any) -> None:
    """Write what was read as whole numbers: each word once, in units of its grain."""
    places, grains = words[0], words[1]
    for w in range(len(places)):
        numbers[w] = np.uint64(np.int64(np.rint(room[places[w]] * grains[w])))


def hashed(numbers: Any, letters: Any, first: int, count: int, multipliers: Any) -> Any:
    """Return an odd unsigned number that names a situation: some of the numbers, multilinearly hashed."""
    h = multipliers[count]
    for w in range(count):
        h += numbers[letters[first + w]] * multipliers[w]
    h = (h ^ (h >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)  # the finaliser of splitmix64
    h = (h ^ (h >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (h ^ (h >> np.uint64(31))) | np.uint64(1)


def find(keys: Any, i: int, key: Any, first: int, rows: int) -> int:
    """Return the row of a key, counted from `first`; -1 if there is none. Rows are probed on from where it belongs."""
    row = belongs(key, rows)
    for _ in range(rows):
        if keys[i, first + row] == key:
            return row
        if keys[i, first + row] == 0:
            return -1
        row = row + 1 if row + 1 < rows else 0
    return -1


def belongs(key: Any, rows: int) -> Any:
    """Return the row in which the search for a key begins."""
    return np.int64(((key >> np.uint64(32)) * np.uint64(rows)) >> np.uint64(32))


def ledger_learn(
    which: Any, step: Any, program: Any, words: Any, tables: Any, columns: Any, kept: Any, room: Any
) -> None:
    """Enter a step of some lanes into the tables of their ledgers.

    Args:
        which: numbers of lanes, (m,).
        step: see the top of this file.
        program: likewise; channels of all tables.
        words: of all situations, each that differs once: its place among what the program reads, and what it is
            multiplied with before it is rounded; then the words of one situation after the other, by number.
        tables: layout, (tables, entries of `At`); share by which a mean moves at least, (tables,); odd uint64
            multipliers, one more than the words of the longest situation.
        columns: column of each action, -1 for none, (tables, actions).
        kept: keys, uint64 (n, rows), 0 for a free row; when a row was last entered into, (n, rows); entries so far,
            (n,); and cells, (n, cells of all rows of all tables).
        room: for what the program reads, for words as numbers, and for keys.
    """
    before, after, actions, rewards, marks = step
    layout, rates, multipliers = tables
    keys, used, clock, cells = kept
    places, _, letters = words
    floats, numbers, _ = room
    for m in range(len(which)):
        i = which[m]
        action = actions[i]
        read(program, before, after, i, action, columns.shape[1], rewards[i], marks[i], floats)
        spell(floats, words, numbers)
        for t in range(len(layout)):
            column, wide, deep = columns[t, action], layout[t, At.WIDE], layout[t, At.DEEP]
            outcome, told = layout[t, At.OUTCOME], layout[t, At.TOLD]
            heard = some(floats, told, deep) or (column >= 0 and some(floats, outcome, wide))
            if (column < 0 and deep == 0) or (not heard and layout[t, At.SILENT] == 1):
                continue
            word, count_words = layout[t, At.WORD], layout[t, At.WORDS]
            if layout[t, At.ELSEWHERE]:
                found = False
                for w in range(word, word + count_words):
                    found = found or floats[places[letters[w]]] != 0.0
                if not found:
                    continue
            key = hashed(numbers, letters, word, count_words, multipliers)
            first, rows, width = layout[t, At.ROW], layout[t, At.ROWS], layout[t, At.WIDTH]
            row = find(keys, i, key, first, rows)
            if row < 0:
                row = belongs(key, rows)
                other = row
                for _ in range(rows):  # the first free row, else the one longest not entered into
                    if keys[i, first + other] == 0:
                        row = other
                        break
                    if used[i, first + other] < used[i, first + row]:
                        row = other
                    other = other + 1 if other + 1 < rows else 0
                keys[i, first + row] = key
                for k in range(row * width, (row + 1) * width):
                    cells[i, layout[t, At.CELL] + k] = 0.0
            count = layout[t, At.CELL] + row * width + column * (1 + wide)
            visits = layout[t, At.CELL] + (row + 1) * width - 1 - deep
            if not heard and layout[t, At.SILENT] == 2:
                known = False
                for k in range(visits + 1, visits + 1 + deep):
                    known = known or cells[i, k] != 0.0
                if column >= 0:
                    for k in range(count + 1, count + 1 + wide):
                        known = known or cells[i, k] != 0.0
                if known:
                    continue
            clock[i] += 1
            used[i, first + row] = clock[i]
            cells[i, visits] += 1.0
            share = max(1.0 / cells[i, visits], rates[t])
            for k in range(deep):
                cells[i, visits + 1 + k] += share * (floats[told + k] - cells[i, visits + 1 + k])
            if column >= 0:
                cells[i, count] += 1.0
                share = max(1.0 / cells[i, count], rates[t])
                for k in range(wide):
                    cells[i, count + 1 + k] += share * (floats[outcome + k] - cells[i, count + 1 + k])


def ledger_look(
    which: Any, seen: Any, program: Any, words: Any, layout: Any, multipliers: Any, kept: Any, room: Any, out: Any
) -> None:
    """Write observations, then what the ledgers know of them: for every column log-count and means, then for all.

    Args:
        which: numbers of lanes, (m,).
        seen: observations, (m, width).
        program: channels of all situations to look up.
        words: as in `ledger_learn`.
        layout: one row a question, (questions, entries of `At`).
        multipliers: as in `ledger_learn`.
        kept: likewise.
        room: likewise.
        out: float32 (m, width of what the student sees).
    """
    keys, _, _, cells = kept
    letters = words[2]
    floats, numbers, names = room
    for m in range(len(which)):
        i, end = which[m], seen.shape[1]
        for w in range(end):
            out[m, w] = seen[m, w]
        read(program, seen, seen, m, 0, 0, 0.0, 0.0, floats)
        spell(floats, words, numbers)
        for q in range(len(layout)):  # all keys first, so that the rows are on their way while others are looked up
            key = hashed(numbers, letters, layout[q, At.WORD], layout[q, At.WORDS], multipliers)
            row = belongs(key, layout[q, At.ROWS])
            fetch(keys, i * keys.shape[1] + layout[q, At.ROW] + row)
            fetch(cells, i * cells.shape[1] + layout[q, At.CELL] + row * layout[q, At.WIDTH])
            names[q] = key
        for q in range(len(layout)):
            columns, wide, width = layout[q, At.COLUMNS], layout[q, At.WIDE], layout[q, At.WIDTH]
            row = find(keys, i, names[q], layout[q, At.ROW], layout[q, At.ROWS])
            if row < 0:
                for k in range(end, end + width):
                    out[m, k] = 0.0
            else:
                cell = layout[q, At.CELL] + row * width
                for k in range(width):
                    out[m, end + k] = cells[i, cell + k]
                for k in range(end, end + (columns + 1) * (1 + wide), 1 + wide):  # the last is of the row as a whole
                    out[m, k] = SHOWN_COUNTS[int(min(out[m, k], MANY))]
            end += width


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
        kept: situations, (n, words, length); 1 + action, 0 for a free place, (n, length); outcomes, (n, length, k);
            steps entered so far, (n,).
        room: for what the program reads.
    """
    before, after, taken, rewards, marks = step
    spots, deeds, ends, entered = kept
    words, wide, length = len(scale), ends.shape[2], spots.shape[2]
    for m in range(len(which)):
        i = which[m]
        read(program, before, after, i, taken[i], actions, rewards[i], marks[i], room)
        if skip and not some(room, words, wide):
            continue
        j = entered[i] % length
        for w in range(words):
            spots[i, w, j] = room[w] * scale[w]
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
    """
    spots, deeds, ends, entered = kept
    length, wide = spots.shape[2], ends.shape[2]
    distances = np.empty(length, np.float32)
    for m in range(len(which)):
        i, end = which[m], seen.shape[1]
        for w in range(end):
            out[m, w] = seen[m, w]
        read(program, seen, seen, m, 0, actions, 0.0, 0.0, room)
        held = min(length, entered[i])
        for j in range(held):
            distances[j] = 0.0
        for w in range(len(scale)):
            here = room[w] * scale[w]
            for j in range(held):  # the inner loop, so that several are reckoned at once
                apart = spots[i, w, j] - here
                distances[j] += apart * apart
        for k in range(nearest):
            for w in range(1 + actions + wide):
                out[m, end + w] = 0.0
            if k < held:
                best, j = -1, entered[i] % length
                for _ in range(held):  # the latest first
                    j = j - 1 if j > 0 else length - 1
                    if distances[j] >= 0.0 and (best < 0 or distances[j] < distances[best]):
                        best = j
                out[m, end] = math.exp(-math.sqrt(distances[best]))
                out[m, end + deeds[i, best]] = 1.0
                for w in range(wide):
                    out[m, end + 1 + actions + w] = ends[i, best, w]
                distances[best] = -1.0
            end += 1 + actions + wide
