"""The memories: what a student may carry from exercise to exercise. The contract is in `memory`.

Bytes a lane, for d floats of observation, A actions and float32 throughout; every memory holds 4 d + 20 besides.

    Recap        24
    Transcript   4 n (d + A + 2)
    Ledger       each table of R rows, C columns, K outcomes and T told: 4 R (C (1 + K) + T + 4) + 4
"""

from typing import Any

import numpy as np
from gymnasium import spaces

from textbook_gym.ledger import Ledger
from textbook_gym.memory import REWARD_BOUND, Memory
from textbook_gym.memory_loops import compiled, push


class Recap(Memory):
    """The last step: what recurrent students that learn to learn are given (Duan et al. 2016, Wang et al. 2016).

    Added to the observation: the previous action, one of 1 + A, the first for "none yet"; the previous reward; the mark
    of the last exercise; 1 if a mark was shown; 1 if no step was taken on this page.
    """

    name = "recap"

    def __init__(self, keep: str = "edition") -> None:
        super().__init__(keep)

    def _open(self) -> tuple[np.ndarray, np.ndarray]:
        self.last = self._room("last", (), np.int32)  # 1 + the previous action, 0 for none yet
        self.reward = self._room("reward")
        self.mark = self._room("mark")
        self.marked = self._room("marked")
        high = np.ones(self.actions + 5)
        low = np.zeros(self.actions + 5)
        low[self.actions + 1], high[self.actions + 1] = -REWARD_BOUND, REWARD_BOUND
        return low, high

    def _learn(
        self,
        which: np.ndarray,
        actions: np.ndarray,
        observations: np.ndarray,
        rewards: np.ndarray,
        marks: np.ndarray,
        done: np.ndarray,
    ) -> None:
        self.last[which] = 1 + actions[which]
        self.reward[which] = rewards[which]
        ended = which[done[which]]
        self.mark[ended], self.marked[ended] = marks[ended], 1.0

    def _look(self, observations: np.ndarray, which: np.ndarray, out: np.ndarray) -> None:
        d = self.width
        out[:, :d] = observations
        out[:, d:] = 0.0
        out[np.arange(len(which)), d + self.last[which]] = 1.0
        rest = (self.reward, self.mark, self.marked, self.fresh)
        for k, array in enumerate(rest, d + 1 + self.actions):
            out[:, k] = array[which]


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

    def _turn(self, mask: np.ndarray, observations: np.ndarray) -> None:
        which = np.flatnonzero(mask)
        self._push(which, self.fresh[which], observations, 0, 0.0)

    def _learn(
        self,
        which: np.ndarray,
        actions: np.ndarray,
        observations: np.ndarray,
        rewards: np.ndarray,
        marks: np.ndarray,
        done: np.ndarray,
    ) -> None:
        again = np.zeros(len(which), np.bool_)
        self._push(which, again, observations, 1 + actions[which], rewards[which])

    def _look(self, observations: np.ndarray, which: np.ndarray, out: np.ndarray) -> None:
        if self.stacked:
            out[:, : self.width] = observations
            out[:, self.width :] = self.rows[which].reshape(len(which), -1)
        else:
            out[:] = self.rows[which]


MEMORIES: dict[str, type[Memory]] = {m.name: m for m in (Recap, Transcript, Ledger)}
"""Name of a memory -> its class."""
