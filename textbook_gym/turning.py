"""What every memory keeps of pages: which were turned, whose exercise is over; plain loops over arrays, compiled.

`which` are numbers of lanes, (m,); all else is by lane, (n,) or (n, ...). `flags` are bool (n, 4): known, over, closed,
fresh, as in `memory.Memory`.
"""

from typing import Any


def stale(
    which: Any, keep: int, flags: Any, edition: Any, chapter: Any, editions: Any, chapters: Any, found: Any
) -> int:
    """Mark the lanes to wipe before their page is turned; return how many.

    Args:
        which: lanes whose page is turned.
        keep: number of the scope, as in `memory.KEEPS`.
        flags: see the top of this file.
        edition: number of the edition so far.
        chapter: number of the chapter so far.
        editions: number of the edition that the new page belongs to.
        chapters: number of the chapter, likewise.
        found: bool, all False; set where the memory is to be wiped.
    """
    count = 0
    for m in range(len(which)):
        i = which[m]
        known, closed, fresh = flags[i, 0], flags[i, 2], flags[i, 3]
        left = closed or edition[i] != editions[i] or (keep == 1 and chapter[i] != chapters[i])
        if (keep == 0 and not fresh) or (0 < keep < 3 and known and left):
            found[i] = True
            count += 1
    return count


def turned(
    which: Any, flags: Any, edition: Any, chapter: Any, before: Any, editions: Any, chapters: Any, observations: Any
) -> None:
    """Keep what the new pages are and show; `before` and `observations` are float32 (n, width)."""
    for m in range(len(which)):
        i = which[m]
        edition[i], chapter[i] = editions[i], chapters[i]
        flags[i, 0], flags[i, 1], flags[i, 2], flags[i, 3] = True, False, False, True
        for k in range(before.shape[1]):
            before[i, k] = observations[i, k]


def stepped(which: Any, flags: Any, before: Any, observations: Any, done: Any, closed: Any) -> None:
    """Keep what a step showed, and whether it ended an exercise (`done`) and the book (`closed`)."""
    for m in range(len(which)):
        i = which[m]
        flags[i, 1], flags[i, 2], flags[i, 3] = done[i], closed[i], False
        for k in range(before.shape[1]):
            before[i, k] = observations[i, k]
