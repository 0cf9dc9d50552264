"""Tracks exercise boundaries for every lane: which just began, which are over, and which to wipe.

Plain loops over arrays, compiled. The first axis is the lane, `n` in all. What is tracked is a tuple of four arrays:
`flags`, bool (n, 4), see `Flag`; the numbers of edition and chapter, int64 (n,); the last observation, float32
(n, width).
"""

import enum
from typing import Any

REWARD_BOUND = 10.0
"""Rewards are remembered within +-10, so that spaces stay bounded."""


class Keep(enum.IntEnum):
    """What a memory is wiped at the end of. Users write the names in lower case, `keep="edition"`.

    Example:
        >>> [keep.name.lower() for keep in Keep]
        ['exercise', 'chapter', 'edition', 'forever']
    """

    EXERCISE = 0
    CHAPTER = 1
    EDITION = 2
    FOREVER = 3


class Event(enum.IntEnum):
    """What happened in a batch of lanes."""

    BEGIN = 0  # an exercise began in the lanes of the mask
    LEARN = 1  # the lanes of the mask took a step
    STEP = 2  # an exercise began in lanes whose last one was over, and in the lanes of the mask; all others took a step


class Flag(enum.IntEnum):
    """Columns of `flags`."""

    KNOWN = 0  # an exercise was shown since the memory was blank
    OVER = 1  # the exercise is finished: the next step only begins another
    CLOSED = 2  # the book is finished: the next exercise is of a new edition
    FRESH = 3  # no step was taken since the exercise began


def partition_lanes(
    event: int, mask: Any, keep: int, tracked: Any, new: Any, actions: Any, n_actions: int, rewards: Any, out: Any
) -> tuple[int, int, int, int]:
    """Part the lanes into those that learn from a step and those in which an exercise begins, some wiped before.

    Args:
        event: an `Event`.
        mask: bool (n,), see `Event`.
        keep: a `Keep`.
        tracked: see the top of this file.
        new: numbers of edition and chapter of the exercises that begin, int64 (n,) each.
        actions: int64 (n,), counted from 0.
        n_actions: how many there are.
        rewards: float64 (n,).
        out: four arrays (n,) to write to: numbers of the lanes that learn, and of those that begin, int64, filled from
            the front; rewards of lanes that learn, within +-`REWARD_BOUND`, float32; where to wipe, bool, all False.

    Returns:
        how many learn, how many begin, how many are to be wiped, and the last lane that learns of an action that does
        not exist, -1 for none.
    """
    flags, edition, chapter, _ = tracked
    editions, chapters = new
    learning, beginning, bounded, stale = out
    learners, beginners, wiped, wrong = 0, 0, 0, -1
    for i in range(len(mask)):
        if event == Event.STEP:
            begins = flags[i, Flag.OVER] or mask[i]
            learns = not begins
        else:
            begins = mask[i] and event == Event.BEGIN
            learns = mask[i] and event == Event.LEARN
        if learns:
            learning[learners] = i
            learners += 1
            if not 0 <= actions[i] < n_actions:
                wrong = i
            bounded[i] = rewards[i]
            if rewards[i] > REWARD_BOUND:
                bounded[i] = REWARD_BOUND
            elif rewards[i] < -REWARD_BOUND:
                bounded[i] = -REWARD_BOUND
        elif begins:
            beginning[beginners] = i
            beginners += 1
            if keep == Keep.EXERCISE:  # the same exercise may be shown again before its first step
                ends = not flags[i, Flag.FRESH]
            else:
                ends = flags[i, Flag.CLOSED] or edition[i] != editions[i]
                ends = ends or (keep == Keep.CHAPTER and chapter[i] != chapters[i])
                ends = ends and flags[i, Flag.KNOWN] and keep != Keep.FOREVER
            if ends:
                stale[i] = True
                wiped += 1
    return learners, beginners, wiped, wrong


def track(learning: Any, beginning: Any, tracked: Any, new: Any, done: Any, closed: Any, observations: Any) -> None:
    """Bring what is tracked up to date.

    Args:
        learning: numbers of lanes that took a step.
        beginning: numbers of lanes in which an exercise began.
        tracked: see the top of this file; changed in place.
        new: numbers of edition and chapter of the exercises that began.
        done: bool (n,), whether the step ended an exercise.
        closed: bool (n,), whether it ended the book.
        observations: float32 (n, width), what is shown now.
    """
    flags, edition, chapter, before = tracked
    editions, chapters = new
    for m in range(len(learning)):
        i = learning[m]
        flags[i, Flag.OVER], flags[i, Flag.CLOSED], flags[i, Flag.FRESH] = done[i], closed[i], False
        for k in range(before.shape[1]):
            before[i, k] = observations[i, k]
    for m in range(len(beginning)):
        i = beginning[m]
        edition[i], chapter[i] = editions[i], chapters[i]
        flags[i, Flag.KNOWN], flags[i, Flag.OVER] = True, False
        flags[i, Flag.CLOSED], flags[i, Flag.FRESH] = False, True
        for k in range(before.shape[1]):
            before[i, k] = observations[i, k]
