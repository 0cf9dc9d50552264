"""Two wrappers that put a memory between an environment and a student; see `memory.base` for what a memory is.

env = Remember(gym.make("textbook/Bandits-v1"), "ledger", keep="edition")
envs = RememberVector(gym.make_vec("textbook/Bandits-v1", num_envs=64), "transcript", n=8)
"""

from typing import Any, cast

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space

from textbook_gym.authoring.book import Book, read
from textbook_gym.engine.batch import BatchSpec
from textbook_gym.memory.base import Memory
from textbook_gym.memory.catalogue import make_memory
from textbook_gym.memory.interface import READ, Info
from textbook_gym.memory.stepping import Stepper
from textbook_gym.registry import BOOKS

ONE = np.ones(1, np.bool_)  # the mask of the only lane


class Remember(gymnasium.Wrapper[np.ndarray, Any, np.ndarray, Any], gymnasium.utils.RecordConstructorArgs):
    """A single environment with a memory. `reset(seed=...)` is a fresh learner; a bare reset forgets nothing by itself.

    Args:
        env: any environment with a flat `Box` of observations and `Discrete` actions, best with the keys of
            `info` that a memory reads, see `memory.base`.
        memory: a name, such as "ledger", or a `Memory`.
        settings: of the named memory, such as `keep`.

    Raises:
        ValueError: no such memory, wrong settings, or spaces that it cannot take.

    Example:
        >>> env = Remember(gymnasium.make("textbook/Bandits-v1"), "ledger", keep="edition")
        >>> observation, info = env.reset(seed=0)
        >>> env.observation_space.contains(observation)
        True
    """

    def __init__(self, env: gymnasium.Env[np.ndarray, Any], memory: str | Memory = "ledger", **settings: Any) -> None:
        self.memory = make_memory(memory, **settings)
        gymnasium.utils.RecordConstructorArgs.__init__(self, memory=self.memory.name, **self.memory.settings)
        super().__init__(env)
        self.memory.bind(env.observation_space, env.action_space, 1, book_of(env))
        self._stepper = Stepper(self.memory)
        self.observation_space = self.memory.observation_space
        self.action_space = self.memory.action_space

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Reset the environment; a seed wipes the memory."""
        seen, info = self.env.reset(seed=seed, options=options)
        fresh = None if seed is None else ONE
        return cast("np.ndarray", self._stepper.begin(np.asarray(seen)[None], one_lane(info), fresh=fresh)[0]), info

    def step(self, action: Any) -> tuple[np.ndarray, Any, bool, bool, dict[str, Any]]:
        """Step the environment and learn from it."""
        env_actions = self._stepper.act(np.asarray(action)[None])
        seen, reward, terminated, truncated, info = self.env.step(env_actions[0])
        rewards = np.array([reward], np.float64)
        remembered = self._stepper.step(env_actions, np.asarray(seen)[None], rewards, one_lane(info))
        return remembered[0], reward, terminated, truncated, info


def book_of(env: Any) -> Book | BatchSpec | None:
    """Return the book that an environment, single or vector, reads; what its batch is if it reads several; or None."""
    inner, spec = env.unwrapped, env.spec
    if isinstance(inner, gymnasium.vector.SyncVectorEnv):
        inner = inner.envs[0].unwrapped
    elif isinstance(inner, gymnasium.vector.AsyncVectorEnv):  # in other processes, hence known by name only
        spec = inner.get_attr("spec")[0]
    batch = getattr(getattr(inner, "lanes", None), "spec", None)
    path = getattr(spec, "kwargs", {}).get("book")
    if isinstance(batch, BatchSpec):
        return batch.book or batch
    return read(path) if path in BOOKS.values() else None


def one_lane(info: dict[str, Any]) -> Info:
    """Return what a memory reads of a single environment's info, as arrays of one lane."""
    return {key: np.array([info[key]]) for key in READ if key in info}


class RememberVector(gymnasium.vector.VectorWrapper, gymnasium.utils.RecordConstructorArgs):
    """A vector environment with a memory, in all three autoreset modes; lane i equals a `Remember` with the same seed.

    Args:
        env: any vector environment with flat `Box` observations and `Discrete` actions.
        memory: a name, such as "ledger", or a `Memory`.
        settings: of the named memory, such as `keep`.

    Raises:
        ValueError: no such memory, wrong settings, or spaces that it cannot take.

    Example:
        >>> envs = RememberVector(gymnasium.make_vec("textbook/Bandits-v1", num_envs=4), "transcript", n=8)
        >>> observations, info = envs.reset(seed=0)
        >>> observations.shape == envs.observation_space.shape
        True
    """

    def __init__(self, env: gymnasium.vector.VectorEnv, memory: str | Memory = "ledger", **settings: Any) -> None:
        self.memory = make_memory(memory, **settings)
        gymnasium.utils.RecordConstructorArgs.__init__(self, memory=self.memory.name, **self.memory.settings)
        super().__init__(env)
        self.autoreset_mode = env.metadata.get("autoreset_mode", AutoresetMode.NEXT_STEP)
        self.memory.bind(env.single_observation_space, env.single_action_space, env.num_envs, book_of(env))
        self.single_observation_space = self.memory.observation_space
        self.single_action_space = self.memory.action_space
        self.observation_space = batch_space(self.single_observation_space, env.num_envs)
        self.action_space = batch_space(self.single_action_space, env.num_envs)
        self._stepper = Stepper(self.memory, self.autoreset_mode == AutoresetMode.NEXT_STEP)

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[np.ndarray, dict[str, Any]]:
        """Reset the lanes of `options["reset_mask"]`, else all; where a seed is given the memory is wiped."""
        options = None if options is None else dict(options)  # vector environments take `reset_mask` out
        mask = np.array((options or {}).get("reset_mask", np.ones(self.num_envs, np.bool_)), np.bool_)
        observations, info = self.env.reset(seed=seed, options=options)
        fresh = None
        if seed is not None:
            each = seed if isinstance(seed, (list, tuple)) else [seed] * self.num_envs
            fresh = mask & np.array([s is not None for s in each])
        return self._stepper.begin(observations, info, mask, fresh), info

    def step(self, actions: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Step all lanes and learn from it; what the step of an autoreset shows is a new exercise, not an outcome."""
        env_actions = self._stepper.act(actions)
        observations, rewards, terminated, truncated, info = self.env.step(env_actions)
        ended = terminated | truncated
        if self.autoreset_mode != AutoresetMode.SAME_STEP or not ended.any():
            seen = self._stepper.step(env_actions, observations, rewards, info, ended)
            return seen, rewards, terminated, truncated, info
        lanes = np.flatnonzero(ended)
        last = np.array(observations)
        last[lanes] = np.stack([np.asarray(info["final_obs"][i]) for i in lanes])
        final = np.full(self.num_envs, None, dtype=object)
        rows = self._stepper.finish(env_actions, last, rewards, final_info(info, ended), ended)
        for i, row in zip(lanes, rows, strict=True):
            final[i] = row
        seen = self._stepper.begin(observations, info, ended)
        return seen, rewards, terminated, truncated, {**info, "final_obs": final}


def final_info(info: dict[str, Any], ended: np.ndarray) -> Info:
    """Return the info of a SAME_STEP step itself: where an episode ended that of `final_info`, elsewhere `info`."""
    last: dict[str, Any] = info["final_info"]
    found = {}
    for key in READ:
        if key in last:
            found[key] = np.where(ended, last[key], info[key]) if key in info else np.asarray(last[key])
    return found
