"""Transcript: the last steps, across exercises."""

from typing import Any

import numpy as np
from gymnasium import spaces

from textbook_gym.engine.jit import compiled
from textbook_gym.memory.base import Memory, Step
from textbook_gym.memory.boundaries import REWARD_BOUND


class Transcript(Memory):
    """The last n things that were seen, across exercises, the present one included; oldest first.

    A row is an observation, the action that led to it (one of 1 + A, the first for none: a page was turned) and the
    reward. Rows not yet written are zeros.

    Args:
        n: rows.
        stacked: add the rows to the observation, one after the other; else the observation is the rows, (n, d + A + 2),
            the present one last, for students that attend.
        keep: when it is wiped.
    """

    name = "transcript"

    def __init__(self, n: int = 16, stacked: bool = True, keep: str = "edition") -> None:
        super().__init__(keep, n=n, stacked=stacked)
        if isinstance(n, bool) or not isinstance(n, int) or n < 1:
            raise ValueError(f"n={n!r}: a transcript has a whole number >= 1 of rows")
        self.n, self.stacked = n, bool(stacked)

    def _open(self) -> tuple[np.ndarray, np.ndarray]:
        self.rows = self._room("rows", (self.n, self.width + self.actions + 2))
        low = np.concatenate([np.minimum(self.seen_space.low, 0.0), np.zeros(self.actions + 1), [-REWARD_BOUND]])
        high = np.concatenate([np.maximum(self.seen_space.high, 0.0), np.ones(self.actions + 1), [REWARD_BOUND]])
        return np.tile(low, self.n), np.tile(high, self.n)

    def _space(self, low: np.ndarray, high: np.ndarray) -> spaces.Box:
        if self.stacked:
            return super()._space(low, high)
        shape = (self.n, self.width + self.actions + 2)
        return spaces.Box(low.reshape(shape).astype(np.float32), high.reshape(shape).astype(np.float32))

    def _push(self, which: np.ndarray, again: np.ndarray, seen: np.ndarray, last: Any, rewards: Any) -> None:
        new = np.zeros((len(which), self.rows.shape[2]), np.float32)
        new[:, : self.width] = seen[which]
        new[np.arange(len(which)), self.width + last] = 1.0
        new[:, -1] = rewards
        compiled(push)(which, again, new, self.rows)

    def _turn(self, which: np.ndarray, observations: np.ndarray) -> None:
        self._push(which, self.fresh[which], observations, 0, 0.0)

    def _learn(self, which: np.ndarray, step: Step, done: np.ndarray) -> None:
        _, observations, actions, rewards, _ = step
        again = np.zeros(len(which), np.bool_)
        self._push(which, again, observations, 1 + actions[which], rewards[which])

    def _look(self, observations: np.ndarray, which: np.ndarray, out: np.ndarray) -> None:
        if self.stacked:
            out[:, : self.width] = observations
            out[:, self.width :] = self.rows[which].reshape(len(which), -1)
        else:
            out[:] = self.rows[which]


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
