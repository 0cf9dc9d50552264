"""What every memory keeps of pages: which were turned, whose exercise is over; plain loops over arrays, compiled.

All is by lane, (n,) or (n, ...). Of pages are kept: `flags`, bool (n, 4), which are known, over, closed, fresh, as in
`memory.Memory`; the numbers of edition and chapter; and what was seen last, float32 (n, width).
"""

import enum
from typing import Any

REWARD_BOUND = 10.0
"""Rewards are remembered within +-10, so that spaces stay bounded."""


class Doing(enum.IntEnum):
    """What a memory is told of."""

    BEGIN = 0  # lanes of the mask turned a page
    LEARN = 1  # lanes of the mask took a step
    STEP = 2  # lanes whose exercise was over, and those of the mask, turned a page; the others took a step


def sort_out(
    doing: int, mask: Any, keep: int, pages: Any, new: Any, deeds: Any, actions: int, rewards: Any, found: Any
) -> tuple[int, int, int, int]:
    """Find the lanes that learn, those whose page is turned, and which of these are to be wiped before.

    Args:
        doing: see `Doing`.
        mask: likewise, bool.
        keep: number of the scope, as in `memory.KEEPS`.
        pages: see the top of this file.
        new: numbers of edition and chapter of new pages.
        deeds: actions, counted from 0.
        actions: how many there are.
        rewards: float64.
        found: room for numbers of the lanes that learn and of those that turn, int64; for rewards of lanes that learn
            within +-`REWARD_BOUND`, float32; and, bool and all False, for where the memory is to be wiped.

    Returns:
        how many learn, how many turn, how many are to be wiped, and the last that learns of an action that there is
        not, -1 for none.
    """
    flags, edition, chapter, _ = pages
    editions, chapters = new
    learning, turning, bounded, stale = found
    learners, turners, wiped, wrong = 0, 0, 0, -1
    for i in range(len(mask)):
        known, over, closed, fresh = flags[i, 0], flags[i, 1], flags[i, 2], flags[i, 3]
        if doing == Doing.STEP:
            turns = over or mask[i]
            learns = not turns
        else:
            turns = mask[i] and doing == Doing.BEGIN
            learns = mask[i] and doing == Doing.LEARN
        if learns:
            learning[learners] = i
            learners += 1
            if not 0 <= deeds[i] < actions:
                wrong = i
            bounded[i] = rewards[i]
            if rewards[i] > REWARD_BOUND:
                bounded[i] = REWARD_BOUND
            elif rewards[i] < -REWARD_BOUND:
                bounded[i] = -REWARD_BOUND
        elif turns:
            turning[turners] = i
            turners += 1
            left = closed or edition[i] != editions[i] or (keep == 1 and chapter[i] != chapters[i])
            if (keep == 0 and not fresh) or (0 < keep < 3 and known and left):
                stale[i] = True
                wiped += 1
    return learners, turners, wiped, wrong


def keep_pages(learning: Any, turning: Any, pages: Any, new: Any, done: Any, closed: Any, observations: Any) -> None:
    """Keep what steps and new pages showed.

    Args:
        learning: numbers of lanes that took a step.
        turning: numbers of lanes whose page was turned.
        pages: see the top of this file.
        new: numbers of edition and chapter of new pages.
        done: whether the step ended an exercise.
        closed: whether it ended the book.
        observations: float32 (n, width).
    """
    flags, edition, chapter, before = pages
    editions, chapters = new
    for m in range(len(learning)):
        i = learning[m]
        flags[i, 1], flags[i, 2], flags[i, 3] = done[i], closed[i], False
        for k in range(before.shape[1]):
            before[i, k] = observations[i, k]
    for m in range(len(turning)):
        i = turning[m]
        edition[i], chapter[i] = editions[i], chapters[i]
        flags[i, 0], flags[i, 1], flags[i, 2], flags[i, 3] = True, False, False, True
        for k in range(before.shape[1]):
            before[i, k] = observations[i, k]
