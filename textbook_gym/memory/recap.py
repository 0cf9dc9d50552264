"""Recap: what was done last and what came of it, the inputs of RL^2."""

from collections.abc import Mapping

import numpy as np

from textbook_gym.memory.base import Memory
from textbook_gym.memory.boundaries import REWARD_BOUND
from textbook_gym.memory.interface import Step
from textbook_gym.memory.saving import check_range


class Recap(Memory):
    """The last step: what recurrent students that learn to learn are given (Duan et al. 2016, Wang et al. 2016).

    Added to the observation: the previous action, one of 1 + A, the first for "none yet"; the previous reward; the mark
    of the last exercise; 1 if a mark was shown; 1 if no step was taken in this exercise.

    Args:
        keep: when it is wiped.

    Example:
        >>> import gymnasium as gym
        >>> from textbook_gym.remember import Remember
        >>> env = Remember(gym.make("textbook/Bandits-v1"), "recap")  # or Recap(), from textbook_gym.memory
        >>> env.observation_space.shape[0] - env.env.observation_space.shape[0]  # six actions, and 5
        11
    """

    name = "recap"

    def __init__(self, keep: str = "edition") -> None:
        super().__init__(keep)

    def _open(self) -> tuple[np.ndarray, np.ndarray]:
        self.last = self._array("last", (), np.int32)  # 1 + the previous action, 0 for none yet
        self.reward = self._array("reward")
        self.mark = self._array("mark")
        self.marked = self._array("marked")
        high = np.ones(self.n_actions + 5)
        low = np.zeros(self.n_actions + 5)
        low[self.n_actions + 1], high[self.n_actions + 1] = -REWARD_BOUND, REWARD_BOUND
        return low, high

    def _learn(self, lanes: np.ndarray, step: Step, done: np.ndarray) -> None:
        self.last[lanes] = 1 + step.actions[lanes]
        self.reward[lanes] = step.rewards[lanes]
        ended = lanes[done[lanes]]
        self.mark[ended], self.marked[ended] = step.marks[ended], 1.0

    def _check(self, arrays: Mapping[str, np.ndarray]) -> None:
        check_range("last", arrays["last"], 0, self.n_actions)

    def _augment(self, observations: np.ndarray, lanes: np.ndarray, out: np.ndarray) -> None:
        d = self.width
        out[:, :d] = observations
        out[:, d:] = 0.0
        out[np.arange(len(lanes)), d + self.last[lanes]] = 1.0
        rest = (self.reward, self.mark, self.marked, self.fresh)
        for k, array in enumerate(rest, d + 1 + self.n_actions):
            out[:, k] = array[lanes]
