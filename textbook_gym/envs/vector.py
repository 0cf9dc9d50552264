"""The vector environment: many lanes behind Gymnasium's `VectorEnv`, in all three autoreset modes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from textbook_gym.engine.batch import Batch, check_actions
from textbook_gym.engine.course_options import CourseOptions, takes_course_options
from textbook_gym.engine.lanes import SEEDS, Lanes
from textbook_gym.engine.render import checked_mode, render
from textbook_gym.envs.single import LaneEnv, ResetNeeded, spaces_of
from textbook_gym.errors import as_whole, is_one, one_of, whole

if TYPE_CHECKING:
    from typing_extensions import Unpack

Arrays = dict[str, Any]


def autoreset(mode: str | AutoresetMode) -> AutoresetMode:
    """Return the autoreset mode that a user names by Gymnasium's value, such as "NextStep"."""
    if isinstance(mode, AutoresetMode):
        return mode
    return AutoresetMode(one_of("autoreset_mode", mode, [m.value for m in AutoresetMode]))


class LanesVectorEnv(VectorEnv[np.ndarray, np.ndarray, np.ndarray]):
    """All lanes of a batch as a vector environment; what an observation or an action is depends on the batch.

    Args:
        lanes: the batch.
        autoreset_mode: "NextStep" (the step after an end turns the page, whatever the action), "SameStep" (the step
            that ends turns the page; what it showed is in `final_obs` and `final_info`) or "Disabled".
        max_episode_steps: truncate episodes after so many steps, as Gymnasium's `TimeLimit` does; None for never.
        render_mode: "ansi", "rgb_array" or None.
        privileged: as in `BookEnv`.

    Raises:
        ValueError: a value is not one of those above.
    """

    metadata: dict[str, Any] = {**LaneEnv.metadata, "autoreset_mode": AutoresetMode.NEXT_STEP}  # noqa: RUF012  # as in Gymnasium

    def __init__(
        self,
        lanes: Batch,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
        privileged: bool = False,
    ) -> None:
        if max_episode_steps is not None:
            max_episode_steps = whole("max_episode_steps", max_episode_steps, 1, otherwise=", or None")
        self.autoreset_mode = autoreset(autoreset_mode)
        self.metadata = {**self.metadata, "autoreset_mode": self.autoreset_mode}
        self.render_mode = checked_mode(render_mode)
        self.lanes, self.num_envs = lanes, len(lanes)
        self.privileged = privileged
        self.max_episode_steps = max_episode_steps
        self.single_observation_space, self.single_action_space = spaces_of(lanes.spec)
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
        seeds: Any = seeds_from(seed, self.num_envs) if seed is not None and is_one(seed) else seed
        super().reset(seed=as_whole(seed))
        if seeds is None and not self.lanes.started:
            seeds = [None] * self.num_envs
        if seeds is not None and len(seeds) == self.num_envs:
            seeds = [int(self.np_random.integers(1 << 63)) if s is None else s for s in seeds]
        if not self.lanes.started and not mask.all():
            raise ValueError("the first reset must be of all lanes; leave reset_mask out")
        obs, out = self.lanes.buffers()
        self.lanes.reset(mask, obs, out, options, seeds, not mask.all())
        self._ended = self._ended & ~mask
        self._elapsed[mask] = 0
        return obs, self._info(out, None if mask.all() else mask.copy())

    def step(self, actions: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, Arrays]:
        """Take one action in every lane.

        Args:
            actions: whole numbers below `single_action_space.n`, shape (num_envs,).

        Returns:
            observations, rewards, terminations, truncations, info.

        Raises:
            ValueError: wrong shape, not whole numbers, or out of range.
            ResetNeeded: before the first reset; or, with autoreset "Disabled", a lane's episode is over.
        """
        check_actions(self.lanes, actions, self._chosen)
        if not self.lanes.started:
            raise ResetNeeded("the environment is not begun; call reset() first")
        waiting = self._ended
        some_wait = bool(waiting.any())
        if some_wait and self.autoreset_mode == AutoresetMode.DISABLED:
            which = np.flatnonzero(waiting).tolist()
            raise ResetNeeded(f"episodes are over in lanes {which}; call reset(options={{'reset_mask': ...}}) there")
        obs, out = self.lanes.buffers()
        self.lanes.advance(self._chosen, obs, out, waiting)  # NEXT_STEP: the pages of those that wait are turned
        rewards, terminated = out["reward"].copy(), out["terminated"].copy()
        truncated = self._truncate(waiting if some_wait else None)
        self._ended = terminated | truncated
        final: Arrays = {}
        if self.autoreset_mode == AutoresetMode.SAME_STEP and self._ended.any():
            final = self._turn_now(obs, out)
        return obs, rewards, terminated, truncated, {**self._info(out), **final}

    def _truncate(self, waiting: np.ndarray | None) -> np.ndarray:
        """Return which episodes reach `max_episode_steps`, whether or not they end there by themselves."""
        if self.max_episode_steps is None:
            return np.zeros(self.num_envs, np.bool_)
        self._elapsed += 1
        if waiting is not None:
            self._elapsed[waiting] = 0
        late: np.ndarray = self._elapsed >= self.max_episode_steps
        return late

    def _turn_now(self, obs: np.ndarray, out: np.ndarray) -> Arrays:
        """SAME_STEP: keep what ended lanes showed, then turn their pages in place."""
        ended = self._ended
        final_obs = np.full(self.num_envs, None, dtype=object)
        for i in np.flatnonzero(ended):
            final_obs[i] = obs[i].copy()
        final = {
            "final_obs": final_obs,
            "_final_obs": ended.copy(),
            "final_info": self._info(out.copy(), ended.copy()),
            "_final_info": ended.copy(),
        }
        self.lanes.reset(ended, obs, out)
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
        for key, values in self.lanes.spec.info.views(out).items():
            info[key] = values
            info[f"_{key}"] = mask
        if self.privileged:
            for i in np.flatnonzero(mask).tolist():
                hidden = self.lanes.hidden(i)
                hidden["state"]["rng"] = np.uint64(hidden["state"]["rng"])  # Gymnasium keeps ints in 63 bits
                info = self._add_info(info, {"privileged": hidden}, i)
        return info

    def render(self) -> tuple[Any, ...] | None:
        """Return the page of every lane, as text or as pictures; see `BookEnv.render`."""
        if self.render_mode is None:
            gymnasium.logger.warn("render() needs a render_mode: make_vec(..., render_mode='ansi' or 'rgb_array')")
            return None
        if not self.lanes.started:
            raise ResetNeeded("there is no page yet; call reset() first")
        return tuple(render(self.lanes, i, self.render_mode) for i in range(self.num_envs))

    def save(self, lanes: Sequence[int] | None = None) -> bytes:
        """Return the courses in some lanes (None for all) as bytes; see `load`."""
        return self.lanes.save(self._which(lanes))

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
        self.lanes.load(data, which)
        obs, out = self.lanes.shown()
        self._ended[which] = out["terminated"][which]
        self._elapsed[which] = 0
        return obs, self._info(out)

    def close_extras(self, **kwargs: Any) -> None:
        """Let go of what the batch holds outside of this process, if anything."""
        self.lanes.close()

    def _which(self, lanes: Sequence[int] | None) -> list[int]:
        """Return checked lane numbers."""
        asked = list(range(self.num_envs) if lanes is None else lanes)
        which = [i for i in map(as_whole, asked) if i is not None and 0 <= i < self.num_envs]
        if not which or len(set(which)) != len(asked):
            raise ValueError(f"lanes={lanes!r}: give different numbers from 0 to {self.num_envs - 1}")
        return which


def seeds_from(first: Any, lanes: int) -> list[int]:
    """Return the seeds of lanes that count on from the first one's.

    Raises:
        ValueError: one of them is above 64 bits.
    """
    return [whole("seed", first, 0, SEEDS - lanes + 1) + i for i in range(lanes)]


class BookVectorEnv(LanesVectorEnv):
    """Learners walking courses of one book side by side; lane i equals a `BookEnv` with the same seed, byte for byte.

    `gym.make_vec(id, num_envs=n)` returns one. Observations are float32 of shape (num_envs, width), rewards float64,
    terminations and truncations bool of shape (num_envs,); `info` holds an array of that shape for every key of the
    single environment, and its mask under `_key`. Fresh arrays are handed out at every call.

    `reset(seed=s)` seeds lane i with s + i; a list seeds each lane. `reset(options=...)` takes what the single
    environment takes, `edition` also as a list with one entry a lane, and `reset_mask` (bool, one a lane) for some
    lanes only, as the autoreset mode "Disabled" needs it.

    Example:
        >>> envs = gymnasium.make_vec("textbook/Bandits-v1", num_envs=64, autoreset_mode="SameStep")
        >>> observations, info = envs.reset(seed=0)

    Args:
        book: dotted name of the book's module; set by the registered ids.
        num_envs: how many lanes.
        autoreset_mode: "NextStep" (default: the step after an end turns the page, whatever the action), "SameStep" (the
            step that ends turns the page; what it showed is in `final_obs` and `final_info`) or "Disabled".
        max_episode_steps: truncate episodes after so many steps, as Gymnasium's `TimeLimit` does; None for never.
        render_mode: as in `BookEnv`, and so are the remaining ones.
        privileged: likewise.
        options: likewise.

    Raises:
        TypeError: a keyword is not one of those above.
        ValueError: a value is not one of those that are allowed.
    """

    @takes_course_options
    def __init__(
        self,
        book: str,
        num_envs: int = 1,
        *,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
        privileged: bool = False,
        **options: "Unpack[CourseOptions]",
    ) -> None:
        lanes = Lanes(book, whole("num_envs", num_envs, 1), **options)
        super().__init__(lanes, autoreset_mode, max_episode_steps, render_mode, privileged)
