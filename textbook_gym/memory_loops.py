"""What memories do lane by lane, as plain loops over arrays, compiled at first use and cached on disk.

Each function stands alone: numba's cache notices edits of this file, and of no other. `n` lanes, `m` lanes asked for.
"""

import functools
import math
from collections.abc import Callable
from typing import Any


COUNT_SCALE = 5.0  # counts are shown as log(1 + count) / 5, at most 1: 147 and more are many


@functools.cache
def compiled(loop: Callable[..., Any]) -> Callable[..., Any]:
    """Return one of the loops below, compiled."""
    from textbook_gym.kernel import compile_loop

    return compile_loop(loop)


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


def ledger_learn(
    which: Any,
    key: Any,
    columns: Any,
    outcome: Any,
    told: Any,
    silent: int,
    rate: float,
    keys: Any,
    used: Any,
    clock: Any,
    counts: Any,
    means: Any,
    visits: Any,
    averages: Any,
) -> None:
    """Enter what came of an action in a situation into the ledgers of some lanes.

    Args:
        which: numbers of lanes, (m,).
        key: names the situation, (m,) uint64, none 0.
        columns: of the actions taken there, (m,); -1 for one that has none.
        outcome: what came of it, entered by action, (m, k).
        told: what came of it, entered irrespective of action, (m, t).
        silent: 0: enter all; 1: skip what tells nothing (all zeros); 2: skip it where something was told before.
        rate: a mean moves by at least this share towards what is new.
        keys: situations, (n, rows) uint64, 0 for a free row; free rows come last.
        used: when a row was last entered into, (n, rows).
        clock: entries so far, (n,).
        counts: (n, rows, columns).
        means: (n, rows, columns, k).
        visits: (n, rows).
        averages: (n, rows, t).
    """
    size, wide, deep = keys.shape[1], outcome.shape[1], told.shape[1]
    for m in range(len(which)):
        i, column = which[m], columns[m]
        if column < 0 and deep == 0:
            continue
        empty = True
        if column >= 0:
            for k in range(wide):
                empty = empty and outcome[m, k] == 0.0
        for k in range(deep):
            empty = empty and told[m, k] == 0.0
        if empty and silent == 1:
            continue
        row, oldest, found = 0, 0, False
        while row < size and keys[i, row] != 0:
            if keys[i, row] == key[m]:
                found = True
                break
            if used[i, row] < used[i, oldest]:
                oldest = row
            row += 1
        if not found:
            if row == size:
                row = oldest
            keys[i, row] = key[m]
            visits[i, row] = 0.0
            for a in range(counts.shape[2]):
                counts[i, row, a] = 0.0
                for k in range(wide):
                    means[i, row, a, k] = 0.0
            for k in range(deep):
                averages[i, row, k] = 0.0
        elif empty and silent == 2:
            heard = False
            for k in range(deep):
                heard = heard or averages[i, row, k] != 0.0
            if column >= 0:
                for k in range(wide):
                    heard = heard or means[i, row, column, k] != 0.0
            if heard:
                continue
        clock[i] += 1
        used[i, row] = clock[i]
        visits[i, row] += 1.0
        step = max(1.0 / visits[i, row], rate)
        for k in range(deep):
            averages[i, row, k] += step * (told[m, k] - averages[i, row, k])
        if column >= 0:
            counts[i, row, column] += 1.0
            step = max(1.0 / counts[i, row, column], rate)
            for k in range(wide):
                means[i, row, column, k] += step * (outcome[m, k] - means[i, row, column, k])


def ledger_look(
    which: Any,
    key: Any,
    keys: Any,
    counts: Any,
    means: Any,
    visits: Any,
    averages: Any,
    out: Any,
    start: int,
) -> None:
    """Write what the ledgers of some lanes know of a situation: for every column log-count and means, then for all.

    Args:
        which: numbers of lanes, (m,).
        key: names of the situations, (m, q) uint64: q are looked up, one after the other.
        keys: as in `ledger_learn`, and so are counts, means, visits and averages.
        out: float32 (m, width).
        start: first column to write.
    """
    size, wide, deep = keys.shape[1], means.shape[3], averages.shape[2]
    for m in range(len(which)):
        i, at = which[m], start
        for q in range(key.shape[1]):
            row = 0
            while row < size and keys[i, row] != 0 and keys[i, row] != key[m, q]:
                row += 1
            if row == size or keys[i, row] == 0:
                for _ in range(counts.shape[2] * (1 + wide) + 1 + deep):
                    out[m, at] = 0.0
                    at += 1
                continue
            for a in range(counts.shape[2]):
                out[m, at] = min(math.log1p(counts[i, row, a]) / COUNT_SCALE, 1.0)
                for k in range(wide):
                    out[m, at + 1 + k] = means[i, row, a, k]
                at += 1 + wide
            out[m, at] = min(math.log1p(visits[i, row]) / COUNT_SCALE, 1.0)
            for k in range(deep):
                out[m, at + 1 + k] = averages[i, row, k]
            at += 1 + deep
