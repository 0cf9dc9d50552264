"""The vector environment: many lanes behind Gymnasium's `VectorEnv`, in all three autoreset modes."""

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from textbook_gym.engine.lanes import Lanes
from textbook_gym.engine.render import RENDER_MODES, render
from textbook_gym.engine.serialization import pack, unpack
from textbook_gym.engine.syllabus import Chapters, Exercises
from textbook_gym.envs.single import BookEnv, observation_space
from textbook_gym.errors import did_you_mean

Arrays = dict[str, Any]


def autoreset(mode: str | AutoresetMode) -> AutoresetMode:
    """Return the autoreset mode that a user names by Gymnasium's value, such as "NextStep"."""
    values = [m.value for m in AutoresetMode]
    if isinstance(mode, AutoresetMode):
        return mode
    if mode not in values:
        raise ValueError(f"autoreset_mode={mode!r}{did_you_mean(str(mode), values)}; choose one of {', '.join(values)}")
    return AutoresetMode(mode)


class BookVectorEnv(VectorEnv[np.ndarray, np.ndarray, np.ndarray]):
    """Learners walking courses of one book side by side; lane i equals a `BookEnv` with the same seed, byte for byte.

    `gym.make_vec(id, num_envs=n)` returns one. Observations are float32 of shape (num_envs, width), rewards float64,
    terminations and truncations bool of shape (num_envs,); `info` holds an array of that shape for every key of the
    single environment, and its mask under `_key`. Fresh arrays are handed out at every call.

    `reset(seed=s)` seeds lane i with s + i; a list seeds each lane. `reset(options=...)` takes what the single
    environment takes, `edition` also as a list with one entry a lane, and `reset_mask` (bool, one a lane) for some
    lanes only, as the autoreset mode "Disabled" needs it.

    Args:
        book: dotted name of the book's module; set by the registered ids.
        num_envs: how many lanes.
        autoreset_mode: "NextStep" (default: the step after an end turns the page, whatever the action), "SameStep" (the
            step that ends turns the page; what it showed is in `final_obs` and `final_info`) or "Disabled".
        max_episode_steps: truncate episodes after so many steps; None for never.
        threads: most threads to use, one for each 4,096 lanes; None for all cores. Results do not depend on it.
        episode: as in `BookEnv`, and so are the remaining ones.

    Raises:
        ValueError: a value is not one of those above.
    """

    metadata: dict[str, Any] = {**BookEnv.metadata, "autoreset_mode": AutoresetMode.NEXT_STEP}  # noqa: RUF012  # as in Gymnasium

    def __init__(
        self,
        book: str,
        num_envs: int = 1,
        *,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        max_episode_steps: int | None = None,
        threads: int | None = None,
        episode: str = "exercise",
        reward: str = "improvement",
        split: str = "train",
        chapters: Chapters = None,
        exercises: Exercises = None,
        order: str = "book",
        render_mode: str | None = None,
        privileged: bool = False,
        interpreted: bool = False,
        **unknown: Any,
    ) -> None:
        if render_mode is not None and render_mode not in RENDER_MODES:
            raise ValueError(f"render_mode={render_mode!r}: choose one of {', '.join(RENDER_MODES)} or None")
        if max_episode_steps is not None and (not isinstance(max_episode_steps, int) or max_episode_steps < 1):
            raise ValueError(f"max_episode_steps={max_episode_steps!r}: give a whole number >= 1, or None")
        self.autoreset_mode = autoreset(autoreset_mode)
        self.metadata = {**self.metadata, "autoreset_mode": self.autoreset_mode}
        self.render_mode = render_mode
        self.lanes = Lanes(
            book,
            num_envs,
            episode=episode,
            reward=reward,
            split=split,
            chapters=chapters,
            exercises=exercises,
            order=order,
            threads=threads,
            interpreted=interpreted,
            **unknown,
        )
        self.num_envs = int(num_envs)
        self.privileged = privileged
        self.max_episode_steps = max_episode_steps
        self.single_observation_space = observation_space(self.lanes)
        self.single_action_space = gymnasium.spaces.Discrete(len(self.lanes.book.actions))
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)
        self._chosen = np.zeros(self.num_envs, np.int64)
        self._all = np.ones(self.num_envs, np.bool_)
        self._ended = np.zeros(self.num_envs, np.bool_)  # lanes whose episode is over
        self._elapsed = np.zeros(self.num_envs, np.int64)  # steps of the episode

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, Arrays]:
        """Turn the page in all lanes or those of `options["reset_mask"]`; see the class.

        Returns:
            observations of all lanes, and info.

        Raises:
            ValueError: an unknown seed, option, edition or chapter; the courses are as they were.
        """
        options = dict(options or {})
        mask = np.asarray(options.pop("reset_mask", self._all))
        if mask.shape != (self.num_envs,) or mask.dtype != np.bool_ or not mask.any():
            raise ValueError(f"reset_mask {mask!r}: give an array of {self.num_envs} bools, at least one of them True")
        super().reset(seed=seed if isinstance(seed, int) else None)
        seeds = [seed + i for i in range(self.num_envs)] if isinstance(seed, (int, np.integer)) else seed
        if seeds is None and not self.lanes.started:
            seeds = [None] * self.num_envs
        if seeds is not None and len(seeds) == self.num_envs:
            seeds = [int(self.np_random.integers(1 << 63)) if s is None else s for s in seeds]
        if not self.lanes.started and not mask.all():
            raise ValueError("the first reset must be of all lanes; leave reset_mask out")
        flat, seen, out = self.lanes.room()
        self.lanes.reset(mask, seen, out, options, seeds, not mask.all())  # type: ignore[arg-type]  # no None is left
        self._ended = self._ended & ~mask
        self._elapsed[mask] = 0
        return flat, self._info(out, None if mask.all() else mask.copy())

    def step(self, actions: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, Arrays]:
        """Take one action in every lane.

        Args:
            actions: whole numbers below `single_action_space.n`, shape (num_envs,).

        Returns:
            observations, rewards, terminations, truncations, info.

        Raises:
            ValueError: wrong shape, not whole numbers, or out of range.
            RuntimeError: before the first reset; or, with autoreset "Disabled", a lane's episode is over.
        """
        self.lanes.check_actions(actions, self._chosen)
        if not self.lanes.started:
            raise RuntimeError("the environment is not begun; call reset() first")
        waiting = self._ended
        some_wait = bool(waiting.any())
        if some_wait and self.autoreset_mode == AutoresetMode.DISABLED:
            which = np.flatnonzero(waiting).tolist()
            raise RuntimeError(f"episodes are over in lanes {which}; call reset(options={{'reset_mask': ...}}) there")
        flat, seen, out = self.lanes.room()
        self.lanes.advance(self._chosen, seen, out, waiting)  # NEXT_STEP: the pages of those that wait are turned
        rewards, terminated = out["reward"].copy(), out["terminated"].copy()
        truncated = self._truncate(terminated, waiting if some_wait else None)
        self._ended = terminated | truncated
        final: Arrays = {}
        if self.autoreset_mode == AutoresetMode.SAME_STEP and self._ended.any():
            final = self._turn_now(flat, seen, out)
        return flat, rewards, terminated, truncated, {**self._info(out), **final}

    def _truncate(self, terminated: np.ndarray, waiting: np.ndarray | None) -> np.ndarray:
        """Return which episodes reach `max_episode_steps` unfinished."""
        if self.max_episode_steps is None:
            return np.zeros(self.num_envs, np.bool_)
        self._elapsed += 1
        if waiting is not None:
            self._elapsed[waiting] = 0
        late: np.ndarray = self._elapsed >= self.max_episode_steps
        return late & ~terminated

    def _turn_now(self, flat: np.ndarray, seen: np.ndarray, out: np.ndarray) -> Arrays:
        """SAME_STEP: keep what ended lanes showed, then turn their pages in place."""
        ended = self._ended
        final_obs = np.full(self.num_envs, None, dtype=object)
        for i in np.flatnonzero(ended):
            final_obs[i] = flat[i].copy()
        final = {
            "final_obs": final_obs,
            "_final_obs": ended.copy(),
            "final_info": self._info(out.copy(), ended.copy()),
            "_final_info": ended.copy(),
        }
        self.lanes.reset(ended, seen, out)
        self._elapsed[ended] = 0
        self._ended = np.zeros(self.num_envs, np.bool_)
        return final

    def _info(self, out: np.ndarray, mask: np.ndarray | None = None) -> Arrays:
        """Return the info of the lanes of a mask (None for all) in Gymnasium's vector form; arrays are views."""
        if mask is None:
            mask = np.ones(self.num_envs, np.bool_)
        else:
            out[~mask] = np.zeros(1, out.dtype)
        info: Arrays = {}
        for key in self.lanes.info_keys:
            info[key] = out[key]
            info[f"_{key}"] = mask
        if self.privileged:
            for i in np.flatnonzero(mask).tolist():
                info = self._add_info(info, {"privileged": self.lanes.hidden(i)}, i)
        return info

    def render(self) -> tuple[Any, ...] | None:
        """Return the page of every lane, as text or as pictures; see `BookEnv.render`."""
        if self.render_mode is None:
            gymnasium.logger.warn("render() needs a render_mode: make_vec(..., render_mode='ansi' or 'rgb_array')")
            return None
        return tuple(render(self.lanes, i, self.render_mode) for i in range(self.num_envs))

    def save(self, lanes: Sequence[int] | None = None) -> bytes:
        """Return the courses in some lanes (None for all) as bytes; see `load`."""
        return pack(self.lanes, self._which(lanes))

    def load(self, data: bytes, lanes: Sequence[int] | None = None) -> tuple[np.ndarray, Arrays]:
        """Go on with saved courses in some lanes (None for all), one lane a course; they may come from anywhere.

        Returns:
            the observations of all lanes, and info.

        Raises:
            ValueError: damaged or foreign bytes, or another book, settings or number; the courses are as they were.
        """
        which = self._which(lanes)
        if not self.lanes.started and len(set(which)) < self.num_envs:
            raise ValueError("load into some lanes needs courses in the others; call reset() first")
        unpack(data, self.lanes, which)
        flat, _, out = self.lanes.shown()
        self._ended[which] = out["terminated"][which]
        self._elapsed[which] = 0
        return flat, self._info(out)

    def _which(self, lanes: Sequence[int] | None) -> list[int]:
        """Return checked lane numbers."""
        which = list(range(self.num_envs)) if lanes is None else [int(i) for i in lanes]
        if len(set(which)) != len(which) or any(not 0 <= i < self.num_envs for i in which):
            raise ValueError(f"lanes={lanes!r}: give different numbers from 0 to {self.num_envs - 1}")
        return which
