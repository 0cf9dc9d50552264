"""The one way in which a memory is driven through the resets and steps of an environment, whatever its interface."""

from typing import Any

import numpy as np

from textbook_gym.memory.base import Memory
from textbook_gym.memory.interface import Info


class Stepper:
    """Drives a bound memory; whoever wears one (a wrapper, a `VecEnv`, a student) calls this and not the memory.

        seen = stepper.begin(obs, info, fresh=seeded)                   # after a reset of all lanes
        env_actions = stepper.act(actions)                              # before a step
        seen = stepper.step(env_actions, obs, rewards, info, ended)     # after it

    Where lanes that end are reset within the same step, that is two calls, one for what the step itself showed and one
    for what the next episode shows:

        final = stepper.finish(env_actions, last_obs, rewards, last_info, ended)    # (lanes that ended, ...)
        seen = stepper.begin(next_obs, next_info, ended)

    All arrays have a leading lane axis. What comes back is what the student sees, in fresh arrays.

    Args:
        memory: bound to the spaces of the environment.
        next_step: True where the step after an episode's end resets the lane and ignores its action (Gymnasium's
            autoreset mode NEXT_STEP); that step is then not learned from.

    Example:
        >>> from gymnasium.spaces import Box, Discrete
        >>> from textbook_gym.memory import Recap
        >>> memory = Recap()
        >>> memory.bind(Box(0.0, 1.0, (1,)), Discrete(2))
        >>> stepper, info = Stepper(memory), {"exercise_done": np.array([False])}
        >>> stepper.begin(np.zeros((1, 1)), info)
        array([[0., 1., 0., 0., 0., 0., 0., 1.]], dtype=float32)
        >>> actions = stepper.act(np.array([1]))
        >>> stepper.step(actions, np.ones((1, 1)), np.array([0.5]), info)
        array([[1. , 0. , 0. , 1. , 0.5, 0. , 0. , 0. ]], dtype=float32)
    """

    def __init__(self, memory: Memory, next_step: bool = False) -> None:
        self.memory, self.next_step = memory, next_step
        self._waiting = np.zeros(memory.n_lanes, np.bool_)  # lanes that the next step resets

    def begin(
        self, observations: np.ndarray, info: Info, mask: np.ndarray | None = None, fresh: np.ndarray | None = None
    ) -> np.ndarray:
        """Take in a reset; return what the student sees in all lanes.

        Args:
            observations: of all lanes.
            info: arrays of shape (lanes,).
            mask: bool, (lanes,): the lanes that were reset; None for all.
            fresh: bool, (lanes,): the lanes in which a fresh learner begins; None for none.
        """
        mask = np.ones(self.memory.n_lanes, np.bool_) if mask is None else mask
        if fresh is not None:
            self.memory.wipe(fresh)
        self.memory.begin(mask, observations, info)
        self._waiting = self._waiting & ~mask
        return self.memory.augment(observations)

    def act(self, actions: Any) -> np.ndarray:
        """Return what the environment gets of a student's actions; see `Memory.to_env_action`."""
        return np.asarray(self.memory.to_env_action(actions, ~self._waiting if self.next_step else None))

    def step(
        self,
        env_actions: np.ndarray,
        observations: np.ndarray,
        rewards: np.ndarray,
        info: Info,
        ended: np.ndarray | None = None,
    ) -> np.ndarray:
        """Take in a step of all lanes, none of which was reset within it; return what the student sees.

        Args:
            env_actions: what `act` returned.
            observations: of all lanes.
            rewards: (lanes,).
            info: arrays of shape (lanes,).
            ended: bool, (lanes,): where the episode is over; needed with `next_step` only.
        """
        self.memory.step(env_actions, observations, rewards, info, self._waiting if self.next_step else None)
        if self.next_step and ended is not None:
            self._waiting = np.array(ended, np.bool_)
        return self.memory.augment(observations)

    def finish(
        self, env_actions: np.ndarray, observations: np.ndarray, rewards: np.ndarray, info: Info, ended: np.ndarray
    ) -> np.ndarray:
        """Take in a step after which some lanes are reset at once; return what the student sees at the end of those.

        Args:
            env_actions: what `act` returned.
            observations: of all lanes, the final ones where the episode is over.
            rewards: (lanes,).
            info: likewise: what belongs to the step, not to the next episode.
            ended: bool, (lanes,): where the episode is over.

        Returns:
            float32, one row for each lane that ended.
        """
        self.memory.step(env_actions, observations, rewards, info)
        lanes = np.flatnonzero(ended)
        return self.memory.augment(np.asarray(observations)[lanes], lanes)

    def cross_editions(self) -> None:
        """Have the exercise that begins next not wipe the memory, although it is of another edition."""
        self.memory.known[:] = False
