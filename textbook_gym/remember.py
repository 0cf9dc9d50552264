"""Two wrappers that put a memory between an environment and a student; see `memory` for what a memory is.

env = Remember(gym.make("textbook/Bandits-v0"), "ledger", keep="edition")
envs = RememberVector(gym.make_vec("textbook/Bandits-v0", num_envs=64), "transcript", n=8)
"""

from typing import Any, cast

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space

from textbook_gym.authoring.book import Book, read
from textbook_gym.engine.batch import BatchSpec
from textbook_gym.memory.base import READ, Info, Memory
from textbook_gym.memory.catalogue import make_memory
from textbook_gym.registry import BOOKS

ONE = np.ones(1, np.bool_)


class Remember(gymnasium.Wrapper[np.ndarray, Any, np.ndarray, Any], gymnasium.utils.RecordConstructorArgs):
    """A single environment with a memory. `reset(seed=...)` is a fresh learner; a bare reset forgets nothing by itself.

    Args:
        env: any environment with a flat `Box` of observations and `Discrete` actions, best one that tells in `info`
            what `memory` reads there.
        memory: a name, such as "ledger", or a `Memory`.
        settings: of the named memory, such as `keep`.

    Raises:
        ValueError: no such memory, wrong settings, or spaces that it cannot take.
    """

    def __init__(self, env: gymnasium.Env[np.ndarray, Any], memory: str | Memory = "ledger", **settings: Any) -> None:
        self.memory = make_memory(memory, **settings)
        gymnasium.utils.RecordConstructorArgs.__init__(self, memory=self.memory.name, **self.memory.settings)
        super().__init__(env)
        self.memory.bind(env.observation_space, env.action_space, 1, book_of(env))
        self.observation_space = self.memory.observation_space
        self.action_space = self.memory.action_space

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Reset the environment; a seed wipes the memory."""
        seen, info = self.env.reset(seed=seed, options=options)
        if seed is not None:
            self.memory.wipe(ONE)
        observations = np.asarray(seen)[None]
        self.memory.begin(ONE, observations, one_lane(info))
        return cast("np.ndarray", self.memory.look(observations)[0]), info

    def step(self, action: Any) -> tuple[np.ndarray, Any, bool, bool, dict[str, Any]]:
        """Step the environment and learn from it."""
        deed = self.memory.deed(np.asarray(action)[None])
        seen, reward, terminated, truncated, info = self.env.step(deed[0])
        observations = np.asarray(seen)[None]
        self.memory.step(deed, observations, np.array([reward], np.float64), one_lane(info))
        return self.memory.look(observations)[0], reward, terminated, truncated, info


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
        self._ended = np.zeros(env.num_envs, np.bool_)  # lanes whose episode is over

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[np.ndarray, dict[str, Any]]:
        """Reset the lanes of `options["reset_mask"]`, else all; where a seed is given the memory is wiped."""
        options = None if options is None else dict(options)  # vector environments take `reset_mask` out
        mask = np.array((options or {}).get("reset_mask", np.ones(self.num_envs, np.bool_)), np.bool_)
        observations, info = self.env.reset(seed=seed, options=options)
        if seed is not None:
            each = seed if isinstance(seed, (list, tuple)) else [seed] * self.num_envs
            self.memory.wipe(mask & np.array([s is not None for s in each]))
        self.memory.begin(mask, observations, info)
        self._ended &= ~mask
        return self.memory.look(observations), info

    def step(self, actions: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Step all lanes and learn from it; what the step of an autoreset shows is a page, not an outcome."""
        waiting = self._ended if self.autoreset_mode == AutoresetMode.NEXT_STEP else None
        deeds = np.asarray(self.memory.deed(actions, None if waiting is None else ~waiting))
        observations, rewards, terminated, truncated, info = self.env.step(deeds)
        ended = terminated | truncated
        if self.autoreset_mode != AutoresetMode.SAME_STEP or not ended.any():
            self.memory.step(deeds, observations, rewards, info, waiting)
            self._ended = ended.copy()
            return self.memory.look(observations), rewards, terminated, truncated, info
        which = np.flatnonzero(ended)
        shown = np.array(observations)
        shown[which] = np.stack([np.asarray(info["final_obs"][i]) for i in which])
        self.memory.step(deeds, shown, rewards, final_info(info, ended))
        final = np.full(self.num_envs, None, dtype=object)
        for i, row in zip(which, self.memory.look(shown[which], which), strict=True):
            final[i] = row
        self.memory.begin(ended, observations, info)
        return self.memory.look(observations), rewards, terminated, truncated, {**info, "final_obs": final}


def final_info(info: dict[str, Any], ended: np.ndarray) -> Info:
    """Return what a SAME_STEP step told in each lane: of ended ones their `final_info`, of the others `info`."""
    last: dict[str, Any] = info["final_info"]
    told = {}
    for key in READ:
        if key in last:
            told[key] = np.where(ended, last[key], info[key]) if key in info else np.asarray(last[key])
    return told
