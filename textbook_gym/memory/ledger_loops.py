"""How a ledger learns and is looked up, as loops over lanes; see `feature_loops` for what a program is.

A ledger has tables, a table has rows, and a row is what is known of one situation. A situation is named by a key: its
features as whole numbers, the *parts*, hashed. A table is an open-addressing hash table; a row is found by probing on
from its *home*. A row has cells: for each column of actions a count and the means of `N_OUTCOMES` outcomes, then a
count and the means of the `N_SHARED` outcomes that are kept irrespective of action.

Lanes are taken in blocks: first the keys of all in a block are made, then their rows are sought, then read or written.
What is needed next is prefetched (see `engine.prefetch`): with hundreds of lanes waiting would take most of the time.
"""

import enum
from typing import Any

import numpy as np

from textbook_gym.engine.prefetch import fetch
from textbook_gym.memory.feature_loops import any_nonzero, read_features

ROWS_A_BLOCK = 16
MANY = 148.0
SHOWN_COUNTS = np.minimum(np.log1p(np.arange(149)) / 5.0, 1.0).astype(np.float32)
"""How counts are shown: log(1 + count) / 5, at most 1, which is `MANY` and more."""


class Silent(enum.IntEnum):
    """What to do with a step whose outcomes are all 0. Users write the names in lower case, `silent="skip"`."""

    COUNT = 0  # enter it
    SKIP = 1  # do not
    KNOWN = 2  # do not, where a mean is not 0 already


class At(enum.IntEnum):
    """Entries of the layout of a table, or, where it is looked up, of one query of it."""

    KEY_PART = 0  # first part of the key, among those of all keys
    N_KEY_PARTS = 1
    HAS_KEY_FILTER = 2  # 1 if it is entered only where some feature of the key is not 0
    OUTCOME = 3  # first outcome by action, among what the program reads
    N_OUTCOMES = 4
    SHARED = 5  # first outcome irrespective of action, likewise
    N_SHARED = 6
    ROW = 7  # first row
    N_ROWS = 8
    CELL = 9  # first cell
    N_COLUMNS = 10
    ROW_CELLS = 11  # cells in a row
    SILENT = 12  # a `Silent`


# --- keys ----------------------------------------------------------------------------------------------------------


def quantise(features: Any, at: int, parts: Any, numbers: Any) -> None:
    """Write features, from place `at` on, as whole numbers: each part once, in units of its grain."""
    places, scales = parts[0], parts[1]
    for w in range(len(places)):
        numbers[w] = np.uint64(np.int64(np.rint(features[np.uint64(at) + places[w]] * scales[w])))


def hash_key(numbers: Any, key_parts: Any, first: int, count: int, multipliers: Any) -> Any:
    """Return the key of a situation, odd and hence not 0: some of the numbers, multilinearly hashed."""
    h = multipliers[count]
    for w in range(count):
        h += numbers[key_parts[np.uint64(first + w)]] * multipliers[w]
    h = (h ^ (h >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)  # the finaliser of splitmix64
    h = (h ^ (h >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (h ^ (h >> np.uint64(31))) | np.uint64(1)


def home_row(key: Any, rows: int) -> Any:
    """Return the row of a table at which the search for a key begins."""
    return np.int64(((key >> np.uint64(32)) * np.uint64(rows)) >> np.uint64(32))


def find_row(keys: Any, i: int, key: Any, first: int, rows: int) -> int:
    """Return the row of a key, counted from `first`, the table's first; -1 if there is none."""
    row = home_row(key, rows)
    for _ in range(rows):
        if keys[i, first + row] == key:
            return row
        if keys[i, first + row] == 0:
            return -1
        row = row + 1 if row + 1 < rows else 0
    return -1


def fetch_keys(keys: Any, i: int, layout: Any, t: int, key: Any) -> None:
    """Prefetch where the search for a key begins."""
    fetch(keys, i * keys.shape[1] + layout[t, At.ROW] + home_row(key, layout[t, At.N_ROWS]))


def seek(key: Any, i: int, layout: Any, t: int, keys: Any, cells: Any) -> int:
    """Return the row of a key in the table with layout `layout[t]`, -1 if there is none; prefetch its cells."""
    row = find_row(keys, i, key, layout[t, At.ROW], layout[t, At.N_ROWS])
    width = layout[t, At.ROW_CELLS]
    first = i * cells.shape[1] + layout[t, At.CELL] + (row if row >= 0 else home_row(key, layout[t, At.N_ROWS])) * width
    fetch(cells, first)
    fetch(cells, first + width - 1)
    return row


# --- what a step changes -------------------------------------------------------------------------------------------


def insert_or_evict(keys: Any, used: Any, i: int, first: int, rows: int, key: Any) -> Any:
    """Put a key that a table does not hold into the first free row, else into the one longest not entered into.

    Args:
        keys: uint64 (lanes, rows of all tables), 0 for a free row; changed.
        used: when a row was last entered into, int32, likewise.
        i: the lane.
        first: the table's first row.
        rows: how many it has.
        key: the key.

    Returns:
        its row, counted from `first`.
    """
    row = home_row(key, rows)
    other = row
    for _ in range(rows):
        if keys[i, first + other] == 0:
            row = other
            break
        if used[i, first + other] < used[i, first + row]:
            row = other
        other = other + 1 if other + 1 < rows else 0
    keys[i, first + row] = key
    return row


def blend(cells: Any, i: int, at: int, features: Any, source: int, n: int, rate: float) -> None:
    """Count one more, and move each mean towards what is new by 1 / count, or by `rate` if that is more.

    Args:
        cells: float32 (lanes, cells); changed: `cells[i, at]` is the count, `n` means follow.
        i: the lane.
        at: the cell of the count.
        features: `features[source]` is the first of `n` new values.
        source: its place.
        n: how many.
        rate: the least share of the new, 0 for plain means.
    """
    cells[i, at] += 1.0
    share = max(1.0 / cells[i, at], rate)
    for k in range(n):
        mean: Any = np.uint64(at + 1 + k)  # unsigned, so numba omits the negative-index check
        cells[i, mean] += share * (features[np.uint64(source + k)] - cells[i, mean])


def is_known(cells: Any, i: Any, at: int, n: int) -> bool:
    """Return whether any of the `n` means after the count at `at` is not 0."""
    known = False
    for k in range(at + 1, at + 1 + n):
        known = known or cells[i, k] != 0.0
    return known


def matches_filter(features: Any, at: int, places: Any, key_parts: Any, first: int, count: int) -> bool:
    """Return whether any feature of a key is not 0; see `quantise` for what stands where."""
    matches = False
    for w in range(first, first + count):
        matches = matches or features[np.uint64(at) + places[key_parts[w]]] != 0.0
    return matches


# --- what is seen --------------------------------------------------------------------------------------------------


def show_row(cells: Any, i: Any, cell: int, width: int, step: int, last: int, out: Any, m: int, end: int) -> None:
    """Write the `width` cells of a row, from `cell` on, to `out[m]`, from `end` on: log-counts and means.

    Every one of so many as `step` is a count, up to place `last`.
    """
    for k in range(width):
        out[m, np.uint64(end + k)] = cells[i, np.uint64(cell + k)]
    for k in range(end, end + last, step):
        out[m, k] = SHOWN_COUNTS[int(min(out[m, k], MANY))]


# --- the loops -----------------------------------------------------------------------------------------------------


def learn(
    lanes: Any, step: Any, program: Any, parts: Any, tables: Any, columns: Any, stored: Any, buffers: Any
) -> None:
    """Enter a step of some lanes into the tables of their ledgers.

    Args:
        lanes: their numbers, (m,).
        step: an `interface.Step`.
        program: features of all tables; see `feature_loops`.
        parts: of the keys of all tables, each that differs once: its place among the features, and what it is
            multiplied with before it is rounded; then the numbers of the parts of one key after the other.
        tables: layout, (tables, entries of `At`); least share by which a mean moves, (tables,); odd uint64
            multipliers, one more than the parts of the longest key.
        columns: column of each action, -1 for none, (tables, actions).
        stored: keys, uint64 (n, rows), 0 for a free row; when a row was last entered into, (n, rows); entries so
            far, (n,); and cells, (n, cells of all rows of all tables).
        buffers: for features of a block, for parts as numbers, and for keys and rows of a block.
    """
    layout, rates, multipliers = tables
    for start in range(0, len(lanes), ROWS_A_BLOCK):
        stop = min(start + ROWS_A_BLOCK, len(lanes))
        make_keys(lanes, start, stop, step, program, parts, layout, multipliers, columns, stored[0], buffers)
        seek_rows(lanes, start, stop, layout, stored[0], stored[3], buffers[2], buffers[3])
        enter_block(lanes, start, stop, step[2], layout, rates, columns, stored, buffers)


def make_keys(
    lanes: Any,
    start: int,
    stop: int,
    step: Any,
    program: Any,
    parts: Any,
    layout: Any,
    multipliers: Any,
    columns: Any,
    stored_keys: Any,
    buffers: Any,
) -> None:
    """Write to the buffers, for each lane of a block and each table, the key to enter the step under, 0 for none."""
    before, after, actions, rewards, marks = step
    places, _, key_parts = parts
    features, numbers, keys, _ = buffers
    size, n_tables = len(features) // ROWS_A_BLOCK, len(layout)
    for m in range(start, stop):
        i, at = lanes[m], (m - start) * size
        action = actions[i]
        read_features(program, before, after, i, action, columns.shape[1], rewards[i], marks[i], features, at)
        quantise(features, at, parts, numbers)
        for t in range(n_tables):
            column, n_shared = columns[t, action], layout[t, At.N_SHARED]
            first, count = layout[t, At.KEY_PART], layout[t, At.N_KEY_PARTS]
            active = any_nonzero(features, at + layout[t, At.SHARED], n_shared)
            if column >= 0:
                active = active or any_nonzero(features, at + layout[t, At.OUTCOME], layout[t, At.N_OUTCOMES])
            enters = (column >= 0 or n_shared > 0) and (active or layout[t, At.SILENT] != Silent.SKIP)
            if enters and layout[t, At.HAS_KEY_FILTER] == 1:
                enters = matches_filter(features, at, places, key_parts, first, count)
            keys[(m - start) * n_tables + t] = 0
            if enters:
                key = hash_key(numbers, key_parts, first, count, multipliers)
                keys[(m - start) * n_tables + t] = key
                fetch_keys(stored_keys, i, layout, t, key)


def seek_rows(
    lanes: Any, start: int, stop: int, layout: Any, stored_keys: Any, cells: Any, keys: Any, rows: Any
) -> None:
    """Write to `rows`, for each lane of a block and each table, the row of its key; nothing where the key is 0."""
    n_tables = len(layout)
    for m in range(start, stop):
        for t in range(n_tables):
            b = (m - start) * n_tables + t
            if keys[b] != 0:
                rows[b] = seek(keys[b], lanes[m], layout, t, stored_keys, cells)


def enter_block(
    lanes: Any, start: int, stop: int, actions: Any, layout: Any, rates: Any, columns: Any, stored: Any, buffers: Any
) -> None:
    """Enter the step of each lane of a block under its keys, except where it is silent and something is known."""
    stored_keys, used, clock, cells = stored
    features, _, keys, rows = buffers
    size, n_tables = len(features) // ROWS_A_BLOCK, len(layout)
    for m in range(start, stop):
        i: Any = np.uint64(lanes[m])  # unsigned, so numba omits the negative-index check
        at = (m - start) * size
        for t in range(n_tables):
            key, row = keys[(m - start) * n_tables + t], rows[(m - start) * n_tables + t]
            if key == 0:
                continue
            column, n_outcomes, n_shared = columns[t, actions[i]], layout[t, At.N_OUTCOMES], layout[t, At.N_SHARED]
            outcome, shared = at + layout[t, At.OUTCOME], at + layout[t, At.SHARED]
            first, row_cells = layout[t, At.ROW], layout[t, At.ROW_CELLS]
            if row < 0:
                row = insert_or_evict(stored_keys, used, i, first, layout[t, At.N_ROWS], key)
                for k in range(row * row_cells, (row + 1) * row_cells):
                    cells[i, np.uint64(layout[t, At.CELL] + k)] = 0.0
            of_action = layout[t, At.CELL] + row * row_cells + column * (1 + n_outcomes)
            of_all = layout[t, At.CELL] + (row + 1) * row_cells - 1 - n_shared
            if layout[t, At.SILENT] == Silent.KNOWN and not any_nonzero(features, shared, n_shared):
                active, known = False, is_known(cells, i, of_all, n_shared)
                if column >= 0:
                    active = any_nonzero(features, outcome, n_outcomes)
                    known = known or is_known(cells, i, of_action, n_outcomes)
                if known and not active:
                    continue
            clock[i] += 1
            used[i, first + row] = clock[i]
            blend(cells, i, of_all, features, shared, n_shared, rates[t])
            if column >= 0:
                blend(cells, i, of_action, features, outcome, n_outcomes, rates[t])


def augment(
    lanes: Any, seen: Any, program: Any, parts: Any, layout: Any, hashing: Any, stored: Any, buffers: Any, out: Any
) -> None:
    """Write observations, then what the ledgers know of them: for every column log-count and means, then for all.

    Args:
        lanes: their numbers, (m,).
        seen: observations, (m, width).
        program: features of all situations to look up.
        parts: as in `learn`.
        layout: one row a query, (queries, entries of `At`).
        hashing: the multipliers, as in `learn`.
        stored: likewise.
        buffers: likewise.
        out: float32 (m, width of what the student sees).
    """
    stored_keys, _, _, cells = stored
    features, numbers, keys, rows = buffers
    n_queries, key_parts = len(layout), parts[2]
    for start in range(0, len(lanes), ROWS_A_BLOCK):
        stop = min(start + ROWS_A_BLOCK, len(lanes))
        for m in range(start, stop):
            read_features(program, seen, seen, m, 0, 0, 0.0, 0.0, features, 0)
            quantise(features, 0, parts, numbers)
            for q in range(n_queries):
                key = hash_key(numbers, key_parts, layout[q, At.KEY_PART], layout[q, At.N_KEY_PARTS], hashing)
                keys[(m - start) * n_queries + q] = key
                fetch_keys(stored_keys, lanes[m], layout, q, key)
        seek_rows(lanes, start, stop, layout, stored_keys, cells, keys, rows)
        for m in range(start, stop):
            end = seen.shape[1]
            lane: Any = np.uint64(lanes[m])
            for w in range(end):
                out[m, w] = seen[m, w]
            for q in range(n_queries):
                row, width = rows[(m - start) * n_queries + q], layout[q, At.ROW_CELLS]
                if row < 0:
                    for k in range(end, end + width):
                        out[m, np.uint64(k)] = 0.0
                else:
                    cell, group = layout[q, At.CELL] + row * width, 1 + layout[q, At.N_OUTCOMES]
                    show_row(cells, lane, cell, width, group, (layout[q, At.N_COLUMNS] + 1) * group, out, m, end)
                end += width
