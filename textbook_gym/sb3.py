"""Stable-Baselines3: the batched engine as a native `VecEnv`, without a Python object a lane in the hot path.

from textbook_gym.sb3 import make
model = PPO("MlpPolicy", make("textbook/BanditsCourse-v0", 256, memory="ledger")).learn(1_000_000)
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import gymnasium
import numpy as np
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvObs, VecEnvStepReturn

from textbook_gym.engine.jit import compiled
from textbook_gym.engine.lanes import Lanes
from textbook_gym.engine.render import RENDER_MODES, render
from textbook_gym.engine.serialization import pack, unpack
from textbook_gym.envs.classic import parted
from textbook_gym.envs.single import observation_space
from textbook_gym.errors import did_you_mean
from textbook_gym.memory.base import Memory
from textbook_gym.memory.catalogue import make_memory
from textbook_gym.memory.interface import READ
from textbook_gym.memory.stepping import Stepper


class BookVecEnv(VecEnv):
    """Courses of one book side by side, as Stable-Baselines3 wants them.

    Rewards, ends and observations equal those of `DummyVecEnv` over the single environments with `Monitor`. At an
    episode's end `infos[i]` holds `terminal_observation`, `episode` (`r` return, `l` steps), `TimeLimit.truncated`,
    `is_success`, and the keys that the single environment's `info` has; at all other steps it is empty.

    Args:
        book: dotted name of the book's module.
        num_envs: how many lanes.
        seed: lane i is seeded with seed + i; None for a seed from the operating system.
        render_mode: "rgb_array", "ansi" or None.
        memory: a name, such as "ledger", or a `Memory`, that observations go through; None for none.
        memory_settings: of the named memory, such as {"keep": "edition"}.
        lanes: the remaining keywords of `textbook_gym.engine.lanes.Lanes`.

    Raises:
        ValueError: a value that `Lanes` does not know.
    """

    def __init__(
        self,
        book: str,
        num_envs: int = 1,
        *,
        seed: int | None = None,
        render_mode: str | None = None,
        memory: str | Memory | None = None,
        memory_settings: dict[str, Any] | None = None,
        **lanes: Any,
    ) -> None:
        if render_mode is not None and render_mode not in RENDER_MODES:
            raise ValueError(f"render_mode={render_mode!r}: choose one of {', '.join(RENDER_MODES)} or None")
        self.lanes = Lanes(book, num_envs, **lanes)
        self.render_mode = render_mode
        self.metadata = {"render_modes": RENDER_MODES}
        actions = gymnasium.spaces.Discrete(len(self.lanes.book.actions))
        spaces: tuple[gymnasium.Space[Any], gymnasium.Space[Any]] = observation_space(self.lanes), actions
        if memory is None and memory_settings:
            raise ValueError(f"memory_settings={memory_settings!r} without a memory; name one with `memory=`")
        self.memory = None if memory is None else make_memory(memory, **(memory_settings or {}))
        self._stepper: Stepper | None = None
        if self.memory is not None:
            self.memory.bind(*spaces, num_envs, self.lanes.book)
            self._stepper = Stepper(self.memory)
            spaces = self.memory.observation_space, self.memory.action_space
        super().__init__(num_envs, *spaces)
        self.seed(seed)
        self._chosen = np.zeros(num_envs, np.int64)
        self._returns = np.zeros(num_envs)
        self._lengths = np.zeros(num_envs, np.int64)
        self._memory_info: dict[str, np.ndarray] = {key: np.zeros(num_envs, kind) for key, kind in READ.items()}
        self._make_room()

    def _make_room(self) -> None:
        """With a memory nobody is handed the room that steps are written to: it is used again."""
        self._room = None if self.memory is None else self.lanes.room()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_room": None}  # its views would come apart

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._make_room()

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Seed lane i with seed + i at the next reset."""
        if seed is None:
            seed = int(np.random.default_rng().integers(1 << 31))
        self._seeds = [seed + i for i in range(self.num_envs)]
        return self._seeds

    def reset(self) -> VecEnvObs:
        """Turn all pages; after `seed`, start fresh learners. Return float32 observations (num_envs, width)."""
        flat, seen, out = self._room or self.lanes.room()
        seeds = None if self._seeds[0] is None else [s or 0 for s in self._seeds]
        every = np.ones(self.num_envs, np.bool_)
        self.lanes.reset(every, seen, out, None, seeds)
        self.reset_infos = [self._info(row) for row in out.tolist()]
        self._seeds = [None] * self.num_envs
        self._returns[:] = 0.0
        self._lengths[:] = 0
        if self._stepper is None:
            return flat
        return self._stepper.begin(flat, out_info(out), fresh=None if seeds is None else every)

    def step_async(self, actions: np.ndarray) -> None:
        """Keep the actions for `step_wait`; they are checked here."""
        if self._stepper is not None:
            actions = self._stepper.act(actions)
        self.lanes.check_actions(actions, self._chosen)

    def step_wait(self) -> VecEnvStepReturn:
        """Step all lanes and turn the pages of ended ones."""
        flat, seen, out = self._room or self.lanes.room()
        self.lanes.advance(self._chosen, seen, out)
        rewards, dones = np.empty(self.num_envs, np.float32), np.empty(self.num_envs, np.bool_)
        over = compiled(note)(out, rewards, dones, self._returns, self._lengths, tuple(self._memory_info.values()))
        stepper = self._stepper
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        if over:
            ended = np.flatnonzero(dones)
            lengths, returns = self._lengths[ended].tolist(), self._returns[ended].tolist()
            if stepper is None:
                last = flat[ended]  # a copy: the pages are turned in place
            else:
                last = stepper.finish(self._chosen, flat, rewards, self._memory_info, dones)
            for i, row, length, total, seen_last in zip(
                ended.tolist(), out[ended].tolist(), lengths, returns, last, strict=True
            ):
                infos[i] = {
                    **self._info(row),
                    "terminal_observation": seen_last,
                    "TimeLimit.truncated": False,
                    "episode": {"r": round(total, 6), "l": length, "t": 0.0},
                }
            self._returns[ended] = 0.0
            self._lengths[ended] = 0
            self.lanes.reset(dones, seen, out)
            if stepper is not None:
                flat = stepper.begin(flat, out_info(out), dones)
        elif stepper is not None:
            flat = stepper.step(self._chosen, flat, rewards, self._memory_info)
        return flat, rewards, dones, infos

    def _info(self, row: tuple[Any, ...]) -> dict[str, Any]:
        """Return the info of one lane from its `OUT` record."""
        return {key: row[k] for key, k in self.lanes.info_places}

    def close(self) -> None:
        """Nothing to close."""

    def get_images(self) -> Sequence[np.ndarray | None]:
        """Return the page of every lane as a picture."""
        return [render(self.lanes, i, "rgb_array") for i in range(self.num_envs)]

    def save(self) -> bytes:
        """Return all courses as bytes; see `BookEnv.save`."""
        return pack(self.lanes, list(range(self.num_envs)))

    def load(self, data: bytes) -> np.ndarray:
        """Go on with saved courses; return the observations they stopped at. A memory is loaded by itself, before."""
        unpack(data, self.lanes, list(range(self.num_envs)))
        flat = self.lanes.shown()[0]
        return flat if self.memory is None else self.memory.augment(flat)

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """Return an attribute, the same for every lane asked for."""
        if attr_name not in self.__dict__ and not hasattr(type(self), attr_name):
            raise AttributeError(f"no attribute {attr_name!r}{did_you_mean(attr_name, list(self.__dict__))}")
        return [getattr(self, attr_name)] * len(list(self._get_indices(indices)))

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        """Refuse: lanes share their settings; make another `VecEnv` instead."""
        raise AttributeError(f"cannot set {attr_name!r} of some lanes; make the environment with other keywords")

    def env_method(self, method_name: str, *args: Any, indices: VecEnvIndices = None, **kwargs: Any) -> list[Any]:
        """Call a method of the whole batch once; return its result for every lane asked for."""
        method: Callable[..., Any] = getattr(self, method_name)
        return [method(*args, **kwargs)] * len(list(self._get_indices(indices)))

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
        rewards: room, float32.
        dones: room, bool.
        returns: sums of rewards, float64; this one is added.
        lengths: steps, int64; this one is added.
        memory_info: room for what a memory reads of an info, in the order of `READ`.
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


def make(env_id: str, num_envs: int = 1, *, seed: int | None = None, **keywords: Any) -> BookVecEnv:
    """Return a native `VecEnv` for a registered id.

    Args:
        env_id: a book's or a classic's, such as `textbook/BanditsCourse-v0` or `textbook/DarkRoom-v0`.
        num_envs: how many lanes.
        seed: lane i is seeded with seed + i.
        keywords: as for `gym.make`: episode, reward, split, chapters, exercises, order, render_mode, the parameters of
            a classic; and threads, memory, memory_settings.

    Raises:
        ValueError: the id is none of ours, or a keyword's value is not known.
    """
    kinds = ("textbook_gym.envs.single:BookEnv", "textbook_gym.envs.classic:ClassicEnv")
    known = [i for i, spec in gymnasium.registry.items() if spec.entry_point in kinds]
    env_id = env_id.removeprefix("textbook_gym:")
    if env_id not in known:
        raise ValueError(f"no id {env_id!r}{did_you_mean(env_id, known)}; there are {', '.join(known)}")
    usual = {**gymnasium.registry[env_id].kwargs, **keywords}
    book, usual = parted(usual.pop("book"), usual)
    return BookVecEnv(book, num_envs, seed=seed, **usual)


def load_model(path: str) -> Any:
    """Return a saved model, whichever of SB3's or sb3-contrib's algorithms wrote it.

    Raises:
        ValueError: no such file, or no algorithm here can read it.
    """
    import pathlib

    import stable_baselines3

    if not pathlib.Path(path).is_file():
        raise ValueError(f"student {path!r}: no such file")
    modules = [stable_baselines3]
    try:
        import sb3_contrib

        modules.insert(0, sb3_contrib)
    except ModuleNotFoundError:
        pass
    problems = []
    for module in modules:
        for name in ("RecurrentPPO", "MaskablePPO", "QRDQN", "TRPO", "ARS", "PPO", "A2C", "DQN"):
            algorithm = getattr(module, name, None)
            if algorithm is not None:
                try:
                    return algorithm.load(path, device="cpu")
                except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
                    problems.append(f"{name}: {error}")
    raise ValueError(f"student {path!r}: no algorithm of SB3 could read it ({problems[-1][:80]})")
