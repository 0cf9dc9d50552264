"""Recap: what was done last and what came of it, the inputs of RL^2."""

import numpy as np

from textbook_gym.memory.base import Memory, Step
from textbook_gym.memory.boundaries import REWARD_BOUND


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

    def _learn(self, which: np.ndarray, step: Step, done: np.ndarray) -> None:
        _, _, actions, rewards, marks = step
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
