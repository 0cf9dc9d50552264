"""Stable-Baselines3: the batched engine as a native `VecEnv`, without a Python object a lane in the hot path.

from textbook_gym.sb3 import make
model = PPO("MlpPolicy", make("textbook/BanditsCourse-v1", 256, memory="ledger")).learn(1_000_000)
"""

import copy
import json
import pathlib
import zipfile
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium.envs.registration import EnvSpec
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvObs, VecEnvStepReturn

from textbook_gym.engine.batch import Batch, check_actions, words
from textbook_gym.engine.jit import compiled
from textbook_gym.engine.render import checked_mode, render
from textbook_gym.engine.serialization import pack, unpack
from textbook_gym.envs.make_batch import batch_of
from textbook_gym.envs.single import ResetNeeded, spaces_of
from textbook_gym.envs.vector import seeds_from
from textbook_gym.errors import did_you_mean, whole
from textbook_gym.memory.base import Memory
from textbook_gym.memory.catalogue import make_memory
from textbook_gym.memory.interface import READ
from textbook_gym.memory.stepping import Stepper
from textbook_gym.registry import ENTRY_POINTS


class BookVecEnv(VecEnv):
    """All lanes of a batch, as Stable-Baselines3 wants them. `make` makes one for an id.

    Rewards, ends and observations equal those of `DummyVecEnv` over the single environments with `Monitor`. At an
    episode's end `infos[i]` holds `terminal_observation`, `episode` (`r` return, `l` steps), `TimeLimit.truncated`,
    `is_success`, and the keys that the single environment's `info` has; at all other steps it is empty.

    Args:
        lanes: the batch.
        seed: lane i is seeded with seed + i; None for a seed from the operating system.
        render_mode: "rgb_array", "ansi" or None.
        memory: a name, such as "ledger", or a `Memory`, that observations go through; None for none.
        memory_settings: of the named memory, such as {"keep": "edition"}.
        spec: what `get_attr("spec")` gives.

    Raises:
        ValueError: a value that is not known.
    """

    def __init__(
        self,
        lanes: Batch,
        *,
        seed: int | None = None,
        render_mode: str | None = None,
        memory: str | Memory | None = None,
        memory_settings: dict[str, Any] | None = None,
        spec: EnvSpec | None = None,
    ) -> None:
        if memory is None and memory_settings:
            raise ValueError(f"memory_settings={memory_settings!r} without a memory; name one with `memory=`")
        self.render_mode = checked_mode(render_mode)
        self.lanes, self.spec, num_envs = lanes, spec, len(lanes)
        spaces: tuple[gymnasium.Space[Any], gymnasium.Space[Any]] = spaces_of(lanes.spec)
        self.memory = None if memory is None else make_memory(memory, **(memory_settings or {}))
        self._stepper: Stepper | None = None
        if self.memory is not None:
            self.memory.bind(*spaces, num_envs, lanes.spec.book or lanes.spec)
            self._stepper = Stepper(self.memory)
            spaces = self.memory.observation_space, self.memory.action_space
        super().__init__(num_envs, *spaces)
        self.seed(seed)
        self._chosen = np.zeros(num_envs, np.int64)
        self._returns = np.zeros(num_envs)
        self._lengths = np.zeros(num_envs, np.int64)
        self._memory_info: dict[str, np.ndarray] = {key: np.zeros(num_envs, kind) for key, kind in READ.items()}
        self._make_buffers()

    def _make_buffers(self) -> None:
        """With a memory the step buffers never leave this object, so they are used again."""
        self._buffers = None if self.memory is None else self.lanes.buffers()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_buffers": None}  # its views would come apart

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._make_buffers()

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Seed lane i with seed + i at the next reset."""
        if seed is None:
            seed = int(np.random.default_rng().integers(1 << 31))
        self._seeds = [*seeds_from(seed, self.num_envs)]
        return self._seeds

    def reset(self) -> VecEnvObs:
        """Turn all pages; after `seed`, start fresh learners; after `set_options`, go where those say.

        Returns:
            observations, float32 (num_envs, width).

        Raises:
            ValueError: an unknown option, edition or chapter; nothing has changed then.
        """
        obs, out = self._buffers or self.lanes.buffers()
        seeds = None if self._seeds[0] is None else [s or 0 for s in self._seeds]
        every = np.ones(self.num_envs, np.bool_)
        self._go(every, obs, out, seeds)
        self.reset_infos = self.lanes.spec.info.read(out)
        self._reset_seeds()
        self._reset_options()
        self._returns[:] = 0.0
        self._lengths[:] = 0
        if self._stepper is None:
            return obs
        return self._stepper.begin(obs, out_info(out), fresh=None if seeds is None else every)

    def _go(self, every: np.ndarray, obs: np.ndarray, out: np.ndarray, seeds: list[int] | None) -> None:
        """Reset all lanes, each with its own options, or none at all."""
        if not any(self._options):
            return self.lanes.reset(every, obs, out, None, seeds)
        if len(self._options) != self.num_envs:
            raise ValueError(f"set_options lists {len(self._options)} for {self.num_envs} lanes; give one a lane")
        kept = words(self.lanes.records).copy()
        try:
            for i, options in enumerate(self._options):
                mask = np.arange(self.num_envs) == i
                self.lanes.reset(mask, obs, out, options, seeds)
        except ValueError:
            words(self.lanes.records)[:] = kept
            raise
        obs[:], out[:] = self.lanes.shown()

    def step_async(self, actions: np.ndarray) -> None:
        """Keep the actions for `step_wait`; they are checked here."""
        if self._stepper is not None:
            actions = self._stepper.act(actions)
        check_actions(self.lanes, actions, self._chosen)
        if not self.lanes.started:
            raise ResetNeeded("the environment is not begun; call reset() first")

    def step_wait(self) -> VecEnvStepReturn:
        """Step all lanes and turn the pages of ended ones."""
        flat, out = self._buffers or self.lanes.buffers()
        self.lanes.advance(self._chosen, flat, out)
        rewards, dones = np.empty(self.num_envs, np.float32), np.empty(self.num_envs, np.bool_)
        shown = self.lanes.spec.info.plain(out)
        over = compiled(note)(shown, rewards, dones, self._returns, self._lengths, tuple(self._memory_info.values()))
        stepper = self._stepper
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        if over:
            ended = np.flatnonzero(dones)
            lengths, returns = self._lengths[ended].tolist(), self._returns[ended].tolist()
            if stepper is None:
                last = flat[ended]  # a copy: the pages are turned in place
            else:
                last = stepper.finish(self._chosen, flat, rewards, self._memory_info, dones)
            last_infos = self.lanes.spec.info.read(out[ended])
            for i, info, length, total, seen_last in zip(
                ended.tolist(), last_infos, lengths, returns, last, strict=True
            ):
                infos[i] = {
                    **info,
                    "terminal_observation": seen_last,
                    "TimeLimit.truncated": False,
                    "episode": {"r": round(total, 6), "l": length, "t": 0.0},
                }
            self._returns[ended] = 0.0
            self._lengths[ended] = 0
            self.lanes.reset(dones, flat, out)
            if stepper is not None:
                flat = stepper.begin(flat, out_info(out), dones)
        elif stepper is not None:
            flat = stepper.step(self._chosen, flat, rewards, self._memory_info)
        return flat, rewards, dones, infos

    def close(self) -> None:
        """Let go of what the batch holds outside of this process, if anything."""
        self.lanes.close()

    def render(self, mode: str | None = None) -> Any:
        """Return the pages of all lanes, "rgb_array" as one picture, "ansi" as a list of strings; see `VecEnv`."""
        if self.render_mode == "ansi" and mode in (None, "ansi"):
            return self._pages("ansi")
        return super().render(mode)

    def get_images(self) -> Sequence[np.ndarray | None]:
        """Return the page of every lane as a picture."""
        return self._pages("rgb_array")

    def _pages(self, mode: str) -> list[Any]:
        if not self.lanes.started:
            raise ResetNeeded("there is no page yet; call reset() first")
        return [render(self.lanes, i, mode) for i in range(self.num_envs)]

    def save(self) -> bytes:
        """Return all courses as bytes, with return and length of the episodes in progress; see `BookEnv.save`."""
        episodes = {"returns": self._returns.tolist(), "lengths": self._lengths.tolist()}
        return pack(self.lanes, range(self.num_envs), episodes=episodes)

    def load(self, data: bytes) -> np.ndarray:
        """Go on with saved courses; return the observations they stopped at. A memory is loaded by itself, before.

        Bytes that another kind of environment saved hold no returns and lengths: they then count from here.

        Raises:
            ValueError: damaged or foreign bytes, or another book, settings or number; nothing has changed then.
        """
        before = words(self.lanes.records).copy()
        head = unpack(data, self.lanes, range(self.num_envs))
        episodes = head.get("episodes", {"returns": 0.0, "lengths": 0})
        try:
            self._returns[:], self._lengths[:] = episodes["returns"], episodes["lengths"]
        except (LookupError, TypeError, ValueError, OverflowError):
            words(self.lanes.records)[:] = before
            raise ValueError(f"the saved course is damaged: its episodes are {episodes!r:.80}; save it again") from None
        obs, _ = self.lanes.shown()
        return obs if self.memory is None else self.memory.augment(obs)

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """Return an attribute, the same for every lane asked for."""
        if attr_name not in self.__dict__ and not hasattr(type(self), attr_name):
            raise AttributeError(f"no attribute {attr_name!r}{did_you_mean(attr_name, list(self.__dict__))}")
        return [getattr(self, attr_name)] * len(list(self._get_indices(indices)))

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        """Refuse: lanes share their settings; make another `VecEnv` instead."""
        raise AttributeError(f"cannot set {attr_name!r} of some lanes; make the environment with other keywords")

    def action_masks(self) -> np.ndarray:
        """Return which actions do something, bool (num_envs, actions), as sb3-contrib's MaskablePPO asks for it."""
        return self.lanes.action_masks()

    def tell(self, lane: int) -> str:
        """Return the page of a lane in words."""
        return self.lanes.tell(lane)

    def env_method(self, method_name: str, *args: Any, indices: VecEnvIndices = None, **kwargs: Any) -> list[Any]:
        """Call a method for every lane asked for; return the results.

        `action_masks`, `tell` and `render` are those of the single environments; any other method is one of the whole
        batch: it is called once, and its result given for every lane.
        """
        which = list(self._get_indices(indices))
        if method_name == "action_masks":
            return list(self.action_masks()[which])
        if method_name == "tell":
            return [self.tell(i) for i in which]
        if method_name == "render" and self.render_mode is not None:
            return [render(self.lanes, i, self.render_mode) for i in which]
        method: Callable[..., Any] = getattr(self, method_name)
        return [method(*args, **kwargs)] * len(which)

    def env_is_wrapped(self, wrapper_class: type[gymnasium.Wrapper], indices: VecEnvIndices = None) -> list[bool]:
        """Return False for every lane asked for, but True for `Monitor`: episodes are reported already."""
        from stable_baselines3.common.monitor import Monitor

        wrapped = isinstance(wrapper_class, type) and issubclass(wrapper_class, Monitor)
        return [wrapped] * len(list(self._get_indices(indices)))

    def _get_indices(self, indices: VecEnvIndices) -> Iterable[int]:
        return range(self.num_envs) if indices is None else super()._get_indices(indices)


def note(out: Any, rewards: Any, dones: Any, returns: Any, lengths: Any, memory_info: Any) -> int:
    """Read the `OUT` records of a step in one pass, compiled; return how many episodes ended.

    Args:
        out: records of all lanes, (n,), as all the rest.
        rewards: written to, float32.
        dones: written to, bool.
        returns: sums of rewards, float64; this one is added.
        lengths: steps, int64; this one is added.
        memory_info: written to: what a memory reads of an info, in the order of `READ`.
    """
    done, marks, chapters, editions, closed = memory_info
    ended = 0
    for i in range(len(out)):
        row = out[i]
        rewards[i], dones[i] = row.reward, row.terminated
        returns[i] += rewards[i]
        lengths[i] += 1
        done[i], marks[i], closed[i] = row.exercise_done, row.mark, row.book_done
        chapters[i], editions[i] = row.chapter, row.edition
        ended += row.terminated
    return ended


def out_info(out: np.ndarray) -> dict[str, np.ndarray]:
    """Return what a memory reads of an info: views of `OUT` records."""
    return {key: out[key] for key in READ}


def make(
    env_id: str,
    num_envs: int = 1,
    *,
    seed: int | None = None,
    render_mode: str | None = None,
    memory: str | Memory | None = None,
    memory_settings: dict[str, Any] | None = None,
    **keywords: Any,
) -> BookVecEnv:
    """Return a native `VecEnv` for a registered id.

    Args:
        env_id: a book's, a classic's or the library's, such as `textbook/BanditsCourse-v1` or `textbook/DarkRoom-v0`.
        num_envs: how many lanes.
        seed: lane i is seeded with seed + i; None for a seed from the operating system.
        render_mode: "rgb_array", "ansi" or None.
        memory: a name, such as "ledger", or a `Memory`, that observations go through; None for none.
        memory_settings: of the named memory, such as {"keep": "edition"}.
        keywords: as for `gym.make`: of a course (`CourseOptions`), a classic's parameters, and those of `LibraryEnv`.

    Raises:
        TypeError: a keyword that the id does not take.
        ValueError: the id is none of ours, or a keyword's value is not known.

    Example:
        >>> envs = make("textbook/Bandits-v1", num_envs=4, seed=0, memory="recap")
        >>> envs.reset().shape[0]
        4
    """
    known = [i for i, spec in gymnasium.registry.items() if str(spec.entry_point).startswith(f"{ENTRY_POINTS}:")]
    env_id = env_id.removeprefix("textbook_gym:")
    if env_id not in known:
        raise ValueError(f"no id {env_id!r}{did_you_mean(env_id, known)}; there are {', '.join(known)}")
    spec = copy.deepcopy(gymnasium.registry[env_id])
    spec.kwargs.update(keywords)
    lanes = batch_of(whole("num_envs", num_envs, 1), spec.kwargs)
    if render_mode is not None:
        spec.kwargs["render_mode"] = render_mode
    return BookVecEnv(
        lanes, seed=seed, render_mode=render_mode, memory=memory, memory_settings=memory_settings, spec=spec
    )


ALGORITHMS = {
    "RecurrentPPO": ("", "recurrent"),
    "MaskablePPO": ("", "maskable"),
    "QRDQN": ("n_quantiles", ""),
    "ARS": ("n_delta", ""),
    "TRPO": ("cg_max_steps", ""),
    "DQN": ("exploration_rate", ""),
    "PPO": ("n_epochs", ""),
    "A2C": ("gae_lambda", ""),
}
"""Algorithm -> how its zip is told from those of the ones below it: by what only it keeps, or by the subpackage that
its policy or its buffer is of."""


def algorithm_of(path: pathlib.Path) -> str:
    """Return the name of the algorithm that wrote a zip, read off what it kept, without running any of it.

    Raises:
        ValueError: the file is no such zip.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            kept = json.loads(archive.read("data"))
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise ValueError(f"student {str(path)!r}: no model that SB3 saved ({error})") from error
    parts = [kept.get("policy_class"), kept.get("rollout_buffer_class")]
    packages = {p for part in parts if isinstance(part, dict) for p in str(part.get("__module__")).split(".")}
    for name, (key, package) in ALGORITHMS.items():
        if kept.get(key) is not None or package in packages:
            return name
    raise ValueError(f"student {str(path)!r}: of an algorithm that is none of {', '.join(ALGORITHMS)}")


def load_model(path: str) -> Any:
    """Return a saved model, of the algorithm of SB3 or sb3-contrib that wrote it.

    Loading runs code that the file holds: load what you trust.

    Raises:
        ValueError: no such file, no model, or its algorithm is not installed or cannot read it.
    """
    import stable_baselines3

    file = pathlib.Path(path)
    if not file.is_file():
        raise ValueError(f"student {path!r}: no such file")
    name = algorithm_of(file)
    algorithm = getattr(stable_baselines3, name, None)
    try:
        if algorithm is None:
            import sb3_contrib

            algorithm = getattr(sb3_contrib, name)
        return algorithm.load(path, device="cpu")
    except ModuleNotFoundError as error:
        raise ValueError(f"student {path!r}: a {name} model; install sb3-contrib to load it ({error})") from error
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise ValueError(f"student {path!r}: {name} could not read it ({str(error)[:80]})") from error
