"""Transcript: the last steps, across exercises."""

from typing import Any

import numpy as np
from gymnasium import spaces

from textbook_gym.engine.jit import compiled
from textbook_gym.errors import whole
from textbook_gym.memory.base import Memory
from textbook_gym.memory.boundaries import REWARD_BOUND
from textbook_gym.memory.interface import Step


class Transcript(Memory):
    """The last n things that were seen, across exercises, the present one included; oldest first.

    A row is an observation, the action that led to it (one of 1 + A, the first for none: an exercise began) and the
    reward. Rows not yet written are zeros.

    Args:
        n: rows.
        stacked: add the rows to the observation, one after the other; else the observation is the rows, (n, d + A + 2),
            the present one last, for students that attend.
        keep: when it is wiped.

    Raises:
        ValueError: `n` is no whole number from 1 on, or `stacked` no bool.

    Example:
        >>> import gymnasium as gym
        >>> from textbook_gym.remember import Remember
        >>> env = Remember(gym.make("textbook/Bandits-v1"), "transcript", n=8, stacked=False)
        >>> env.observation_space.shape[0]
        8
    """

    name = "transcript"

    def __init__(self, n: int = 16, stacked: bool = True, keep: str = "edition") -> None:
        if not isinstance(stacked, bool):
            raise ValueError(f"stacked={stacked!r}: choose True or False")
        self.n, self.stacked = whole("n", n, 1), stacked
        super().__init__(keep, n=self.n, stacked=stacked)

    def _open(self) -> tuple[np.ndarray, np.ndarray]:
        self.rows = self._array("rows", (self.n, self.width + self.n_actions + 2))
        env, heads = self.env_observation_space, self.n_actions + 1
        low = np.concatenate([np.minimum(env.low, 0.0), np.zeros(heads), [-REWARD_BOUND]])
        high = np.concatenate([np.maximum(env.high, 0.0), np.ones(heads), [REWARD_BOUND]])
        return np.tile(low, self.n), np.tile(high, self.n)

    def _space(self, low: np.ndarray, high: np.ndarray) -> spaces.Box:
        if self.stacked:
            return super()._space(low, high)
        shape = (self.n, self.width + self.n_actions + 2)
        return spaces.Box(low.reshape(shape).astype(np.float32), high.reshape(shape).astype(np.float32))

    def _push(self, lanes: np.ndarray, again: np.ndarray, observations: np.ndarray, last: Any, rewards: Any) -> None:
        new = np.zeros((len(lanes), self.rows.shape[2]), np.float32)
        new[:, : self.width] = observations[lanes]
        new[np.arange(len(lanes)), self.width + last] = 1.0
        new[:, -1] = rewards
        compiled(push)(lanes, again, new, self.rows)

    def _begin(self, lanes: np.ndarray, observations: np.ndarray) -> None:
        self._push(lanes, self.fresh[lanes], observations, 0, 0.0)

    def _learn(self, lanes: np.ndarray, step: Step, done: np.ndarray) -> None:
        again = np.zeros(len(lanes), np.bool_)
        self._push(lanes, again, step.after, 1 + step.actions[lanes], step.rewards[lanes])

    def _augment(self, observations: np.ndarray, lanes: np.ndarray, out: np.ndarray) -> None:
        if self.stacked:
            out[:, : self.width] = observations
            out[:, self.width :] = self.rows[lanes].reshape(len(lanes), -1)
        else:
            out[:] = self.rows[lanes]


def push(lanes: Any, again: Any, new: Any, rows: Any) -> None:
    """Shift the rows of some lanes by one and put a new row at the end, or put it in place of the last.

    Args:
        lanes: their numbers, (m,).
        again: bool (m,): put it in place of the last row.
        new: the new rows, (m, width).
        rows: (n, length, width), oldest first; changed in place.
    """
    length, width = rows.shape[1], rows.shape[2]
    for k in range(len(lanes)):
        row = rows[lanes[k]]
        if not again[k]:
            for j in range(length - 1):
                for w in range(width):
                    row[j, w] = row[j + 1, w]
        for w in range(width):
            row[length - 1, w] = new[k, w]
