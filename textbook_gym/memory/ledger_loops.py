"""How a ledger learns and is looked up, as loops over lanes; see `memory_loops`, whose words are used here.

Steps and observations are taken in blocks of lanes: of all in a block situations are named first, then their rows are
sought, then read. What is read next is fetched before (see `fetch`): with hundreds of lanes waiting would take most of
the time.
"""

import enum
import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from textbook_gym.engine.jit import compiled
from textbook_gym.engine.prefetch import fetch
from textbook_gym.memory.feature_loops import read, some

BLOCK = 16
MANY = 148.0
SHOWN_COUNTS = np.minimum(np.log1p(np.arange(149)) / 5.0, 1.0).astype(np.float32)
"""How counts are shown: log(1 + count) / 5, at most 1, which is `MANY` and more."""


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
def compiled_loops() -> dict[str, Callable[..., Any]]:
    """Return the loops below, compiled at their first call, or loaded from the disk cache."""
    return {name: compiled(loop) for name, loop in make_loops().items()}


def spell(room: Any, at: int, words: Any, numbers: Any) -> None:
    """Write what was read, from place `at` on, as whole numbers: each word once, in units of its grain."""
    places, grains = words[0], words[1]
    for w in range(len(places)):
        numbers[w] = np.uint64(np.int64(np.rint(room[np.uint64(at) + places[w]] * grains[w])))


def hashed(numbers: Any, letters: Any, first: int, count: int, multipliers: Any) -> Any:
    """Return an odd unsigned number that names a situation: some of the numbers, multilinearly hashed."""
    h = multipliers[count]
    for w in range(count):
        h += numbers[letters[np.uint64(first + w)]] * multipliers[w]
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


def seek(key: Any, i: int, at: Any, t: int, keys: Any, cells: Any) -> int:
    """Return the row of a key in the table with layout `at[t]`, -1 if there is none; fetch its cells."""
    row = find(keys, i, key, at[t, At.ROW], at[t, At.ROWS])
    width = at[t, At.WIDTH]
    first = i * cells.shape[1] + at[t, At.CELL] + (row if row >= 0 else belongs(key, at[t, At.ROWS])) * width
    fetch(cells, first)
    fetch(cells, first + width - 1)
    return row


def make_loops() -> dict[str, Callable[..., None]]:
    """Return the loops."""

    def learn(which: Any, step: Any, program: Any, words: Any, tables: Any, columns: Any, kept: Any, room: Any) -> None:
        """Enter a step of some lanes into the tables of their ledgers.

        Args:
            which: numbers of lanes, (m,).
            step: as in `memory_loops`.
            program: likewise; channels of all tables.
            words: of all situations, each that differs once: its place among what the program reads, and what it is
                multiplied with before it is rounded; then the words of one situation after the other, by number.
            tables: layout, (tables, entries of `At`); share by which a mean moves at least, (tables,); odd uint64
                multipliers, one more than the words of the longest situation.
            columns: column of each action, -1 for none, (tables, actions).
            kept: keys, uint64 (n, rows), 0 for a free row; when a row was last entered into, (n, rows); entries so far,
                (n,); and cells, (n, cells of all rows of all tables).
            room: for what the program reads of a block, for words as numbers, and for keys and rows of a block.
        """
        before, after, actions, rewards, marks = step
        layout, rates, multipliers = tables
        keys, used, clock, cells = kept
        places, _, letters = words
        floats, numbers, names, found = room
        size, pages = len(floats) // BLOCK, len(layout)
        for start in range(0, len(which), BLOCK):
            stop = min(start + BLOCK, len(which))
            for m in range(start, stop):
                i, at = which[m], (m - start) * size
                action = actions[i]
                read(program, before, after, i, action, columns.shape[1], rewards[i], marks[i], floats, at)
                spell(floats, at, words, numbers)
                for t in range(pages):
                    names[(m - start) * pages + t] = 0
                    column, deep = columns[t, action], layout[t, At.DEEP]
                    heard = some(floats, at + layout[t, At.TOLD], deep)
                    heard = heard or (column >= 0 and some(floats, at + layout[t, At.OUTCOME], layout[t, At.WIDE]))
                    if (column < 0 and deep == 0) or (not heard and layout[t, At.SILENT] == 1):
                        continue
                    word, last = layout[t, At.WORD], layout[t, At.WORD] + layout[t, At.WORDS]
                    apt = layout[t, At.ELSEWHERE] == 0
                    if not apt:
                        for w in range(word, last):
                            apt = apt or floats[np.uint64(at) + places[letters[w]]] != 0.0
                    if apt:
                        key = hashed(numbers, letters, word, last - word, multipliers)
                        names[(m - start) * pages + t] = key
                        fetch(keys, i * keys.shape[1] + layout[t, At.ROW] + belongs(key, layout[t, At.ROWS]))
            for m in range(start, stop):
                for t in range(pages):
                    b = (m - start) * pages + t
                    if names[b] != 0:
                        found[b] = seek(names[b], which[m], layout, t, keys, cells)
            for m in range(start, stop):
                i, at = np.uint64(which[m]), (m - start) * size
                for t in range(pages):
                    key, row = names[(m - start) * pages + t], found[(m - start) * pages + t]
                    if key == 0:
                        continue
                    column, wide, deep = columns[t, actions[i]], layout[t, At.WIDE], layout[t, At.DEEP]
                    outcome, told = at + layout[t, At.OUTCOME], at + layout[t, At.TOLD]
                    first, rows, width = layout[t, At.ROW], layout[t, At.ROWS], layout[t, At.WIDTH]
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
                            cells[i, np.uint64(layout[t, At.CELL] + k)] = 0.0
                    count = layout[t, At.CELL] + row * width + column * (1 + wide)
                    visits = layout[t, At.CELL] + (row + 1) * width - 1 - deep
                    if layout[t, At.SILENT] == 2 and not some(floats, told, deep):
                        heard, known = False, False
                        for k in range(visits + 1, visits + 1 + deep):
                            known = known or cells[i, k] != 0.0
                        if column >= 0:
                            heard = some(floats, outcome, wide)
                            for k in range(count + 1, count + 1 + wide):
                                known = known or cells[i, k] != 0.0
                        if known and not heard:
                            continue
                    clock[i] += 1
                    used[i, first + row] = clock[i]
                    cells[i, visits] += 1.0
                    share = max(1.0 / cells[i, visits], rates[t])
                    for k in range(deep):
                        at_mean: Any = np.uint64(visits + 1 + k)
                        cells[i, at_mean] += share * (floats[np.uint64(told + k)] - cells[i, at_mean])
                    if column >= 0:
                        cells[i, count] += 1.0
                        share = max(1.0 / cells[i, count], rates[t])
                        for k in range(wide):
                            of_action: Any = np.uint64(count + 1 + k)
                            cells[i, of_action] += share * (floats[np.uint64(outcome + k)] - cells[i, of_action])

    def look(
        which: Any, seen: Any, program: Any, words: Any, layout: Any, multipliers: Any, kept: Any, room: Any, out: Any
    ) -> None:
        """Write observations, then what the ledgers know of them: for every column log-count and means, then for all.

        Args:
            which: numbers of lanes, (m,).
            seen: observations, (m, width).
            program: channels of all situations to look up.
            words: as in `learn`.
            layout: one row a question, (questions, entries of `At`).
            multipliers: as in `learn`.
            kept: likewise.
            room: likewise.
            out: float32 (m, width of what the student sees).
        """
        keys, _, _, cells = kept
        letters = words[2]
        floats, numbers, names, found = room
        questions = len(layout)
        for start in range(0, len(which), BLOCK):
            stop = min(start + BLOCK, len(which))
            for m in range(start, stop):
                read(program, seen, seen, m, 0, 0, 0.0, 0.0, floats, 0)
                spell(floats, 0, words, numbers)
                for q in range(questions):
                    key = hashed(numbers, letters, layout[q, At.WORD], layout[q, At.WORDS], multipliers)
                    names[(m - start) * questions + q] = key
                    fetch(keys, which[m] * keys.shape[1] + layout[q, At.ROW] + belongs(key, layout[q, At.ROWS]))
            for m in range(start, stop):
                for q in range(questions):
                    b = (m - start) * questions + q
                    found[b] = seek(names[b], which[m], layout, q, keys, cells)
            for m in range(start, stop):
                i: Any = np.uint64(which[m])  # spares the compiler the question whether it counts from the end
                end = seen.shape[1]
                for w in range(end):
                    out[m, w] = seen[m, w]
                for q in range(questions):
                    columns, wide, width = layout[q, At.COLUMNS], layout[q, At.WIDE], layout[q, At.WIDTH]
                    row = found[(m - start) * questions + q]
                    if row < 0:
                        for k in range(end, end + width):
                            out[m, np.uint64(k)] = 0.0
                    else:
                        cell = layout[q, At.CELL] + row * width
                        for k in range(width):
                            out[m, np.uint64(end + k)] = cells[i, np.uint64(cell + k)]
                        for k in range(end, end + (columns + 1) * (1 + wide), 1 + wide):  # the last: of all columns
                            out[m, k] = SHOWN_COUNTS[int(min(out[m, k], MANY))]
                    end += width

    return {"learn": learn, "look": look}
