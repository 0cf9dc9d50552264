"""Training: a Stable-Baselines3 student that learns a book, with a memory, from a table of presets to one file.

    train("textbook/VocabularyShort-v0", out="runs/vocabulary")        # writes runs/vocabulary.zip
    study(["runs/vocabulary.zip", "newcomer", "model"], ["Vocabulary"])

The file is a model as SB3 saves it, with an attribute `textbook` that says what it was trained on and which memory it
wears, and with everything that training needs to go on as if it had never stopped: the courses and memories of all
lanes, and the states of the random number generators. It is written beside its place and renamed, so a stop at any
moment leaves the last checkpoint whole.
"""

import importlib.resources
import importlib.util
import io
import json
import pathlib
import time
import zipfile
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import gymnasium
import numpy as np
import torch
import yaml
from stable_baselines3 import A2C, DQN, PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import configure
from stable_baselines3.common.utils import set_random_seed

from textbook_gym import __version__
from textbook_gym.kernel import Wipe
from textbook_gym.lanes import Lanes
from textbook_gym.registry import did_you_mean
from textbook_gym.sb3 import BookVecEnv, make
from textbook_gym.students import Agent, walk
from textbook_gym.worn import as_worn

ALGOS = ("ppo", "ppo_lstm", "a2c", "dqn")  # as rl-zoo3 calls them
WRAPPER = "textbook_gym.remember.Remember"
EDITIONS = 64  # test editions walked at every evaluation
EVALUATIONS = 10  # of a run, besides the first


class Setup(NamedTuple):
    """What a preset says: how many lanes and steps, the policy, the memory, and the algorithm's own keywords."""

    lanes: int
    steps: int
    policy: str
    memory: str | None
    settings: dict[str, Any]
    keywords: dict[str, Any]


def algorithm(algo: str) -> Any:
    """Return the class of an algorithm.

    Raises:
        ValueError: it is none of `ALGOS`.
    """
    if algo not in ALGOS:
        raise ValueError(f"algo={algo!r}{did_you_mean(algo, list(ALGOS))}; choose one of {', '.join(ALGOS)}")
    if algo == "ppo_lstm":
        from sb3_contrib import RecurrentPPO

        return RecurrentPPO
    return {"ppo": PPO, "a2c": A2C, "dqn": DQN}[algo]


def setup(env_id: str, algo: str = "ppo") -> Setup:
    """Return the preset of an environment, or the default of the algorithm where none was tried.

    Raises:
        ValueError: an unknown algorithm.
    """
    algorithm(algo)
    table = yaml.safe_load(importlib.resources.files("textbook_gym").joinpath(f"hyperparams/{algo}.yml").read_text())
    row: dict[str, Any] = dict(table.get(env_id, table["default"]))
    wrapper = row.pop("env_wrapper", None) or {}
    settings = dict(wrapper.get(WRAPPER, {}))
    lanes, steps, policy = row.pop("n_envs"), row.pop("n_timesteps"), row.pop("policy")
    return Setup(int(lanes), int(steps), policy, settings.pop("memory", None), settings, row)


def environment(spec: Mapping[str, Any]) -> BookVecEnv:
    """Return the native `VecEnv` that a student with this `textbook` attribute is trained in."""
    worn = {"memory": spec["memory"], "memory_settings": spec["settings"]} if spec["memory"] else {}
    return make(spec["env_id"], spec["lanes"], seed=spec["seed"], split="train", reward=spec["reward"], **worn)


def train(
    env_id: str,
    *,
    out: str | pathlib.Path,
    algo: str = "ppo",
    memory: str | None = "preset",
    settings: Mapping[str, Any] | None = None,
    reward: str = "improvement",
    steps: int | None = None,
    lanes: int | None = None,
    seed: int = 0,
    resume: bool = False,
    evaluations: int = EVALUATIONS,
    editions: int = EDITIONS,
    keywords: Mapping[str, Any] | None = None,
    told: "Callable[[int, int, dict[str, float]], None] | None" = None,
) -> Any:
    """Train a student; write it to `<out>.zip`, and what TensorBoard shows to the folder `<out>`.

    Args:
        env_id: a registered id, best `textbook/<Book>Short-v0` or `textbook/<Book>Course-v0`.
        out: where to write, without suffix.
        algo: "ppo", "ppo_lstm", "a2c" or "dqn".
        memory: a memory's name; "preset" for the one of the preset; None for none.
        settings: of that memory, such as `{"keep": "exercise"}`.
        reward: "improvement" or a control, see `BookEnv`.
        steps: steps in all lanes together, those before a resume included; None for the preset's.
        lanes: environments side by side; None for the preset's.
        seed: of the lanes, the weights and the choices.
        resume: go on with `<out>.zip`; everything but `steps` is then as it was.
        evaluations: so many times, evenly, and before the first step, the student walks test editions, memory kept and
            wiped, and a checkpoint is written; 0 for the end only, without evaluation.
        editions: how many.
        keywords: of the algorithm, instead of the preset's.
        told: called with steps done, steps in all, and the latest evaluation.

    Returns:
        the trained model.

    Raises:
        ValueError: an unknown value, or nothing to resume.
    """
    path = pathlib.Path(out).with_suffix(".zip")
    if resume:
        model = load_checkpoint(path)
        steps = steps or int(model.textbook["steps"])
    else:
        preset = setup(env_id, algo)
        steps = steps or preset.steps
        named = preset.memory if memory == "preset" else memory
        worn = dict(preset.settings if memory in ("preset", preset.memory) and named else {})
        spec: dict[str, Any] = {
            "env_id": env_id,
            "algo": algo,
            "memory": named,
            "settings": {**worn, **(settings or {})},
            "reward": reward,
            "seed": seed,
            "lanes": lanes or preset.lanes,
            "version": __version__,
        }
        envs = environment(spec)
        if envs.memory is not None:  # told whole, so that the student stays what it is when presets change
            spec["settings"] = envs.memory.spec()
            envs = environment(spec)
        given = {**preset.keywords, **(keywords or {})}
        model = algorithm(algo)(preset.policy, envs, seed=seed, device="cpu", **given)
        model.textbook = spec
    model.textbook["steps"] = int(steps)
    path.parent.mkdir(parents=True, exist_ok=True)
    formats = ["csv"]
    if importlib.util.find_spec("tensorboard") is not None:
        formats.append("tensorboard")
    model.set_logger(configure(str(path.with_suffix("")), formats))
    left = int(steps) - model.num_timesteps
    watch = Watch(path, evaluations, editions, told)
    if left > 0:
        model.learn(left, callback=watch, reset_num_timesteps=not resume, log_interval=1)
    model.logger.close()
    return model


# --- checkpoints ---------------------------------------------------------------------------

COURSES, MEMORY, TORCH, NUMPY, STATES = "courses.bin", "memory.bin", "torch.bin", "numpy.json", "states.npz"


def save_checkpoint(model: Any, path: pathlib.Path) -> None:
    """Write a model and all that training needs to go on, in one file: beside its place, then renamed."""
    beside = path.with_suffix(".zip.part")
    with beside.open("wb") as file:
        model.save(file)
    envs = model.env
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002  # the generator that SB3 draws from
    entries = {
        COURSES: envs.save(),
        TORCH: torch.get_rng_state().numpy().tobytes(),
        NUMPY: json.dumps([kind, np.asarray(keys).tolist(), *rest]).encode(),
    }
    if envs.memory is not None:
        entries[MEMORY] = envs.memory.save()
    states = getattr(model, "_last_lstm_states", None)
    if states is not None:
        room = io.BytesIO()
        np.savez(room, *(tensor.numpy() for pair in states for tensor in pair))
        entries[STATES] = room.getvalue()
    with zipfile.ZipFile(beside, "a") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    beside.replace(path)


def load_checkpoint(path: pathlib.Path) -> Any:
    """Return a model that goes on where `save_checkpoint` left it, to the last bit.

    A replay buffer is not kept: "dqn" goes on with an empty one.

    Raises:
        ValueError: there is no file, or it is no checkpoint of ours.
    """
    if not path.is_file():
        raise ValueError(f"nothing to resume: no file {str(path)!r}; train without resume first")
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    spec = json.loads(entries["data"]).get("textbook") if "data" in entries else None
    if spec is None or COURSES not in entries:
        raise ValueError(f"{str(path)!r} is no checkpoint of `textbook-gym train`; train without resume")
    envs = environment(spec)
    envs.reset()
    envs.load(entries[COURSES])
    if envs.memory is not None:
        envs.memory.load(entries[MEMORY])
    model = algorithm(spec["algo"]).load(path, env=envs, device="cpu", force_reset=False)
    if STATES in entries:
        with np.load(io.BytesIO(entries[STATES])) as arrays:
            a, b, c, d = (torch.from_numpy(arrays[name]) for name in arrays.files)
        model._last_lstm_states = type(model._last_lstm_states)((a, b), (c, d))
    torch.set_rng_state(torch.from_numpy(np.frombuffer(entries[TORCH], np.uint8).copy()))
    np.random.set_state(tuple(json.loads(entries[NUMPY])))  # noqa: NPY002  # likewise
    return model


# --- evaluation ----------------------------------------------------------------------------


def examine(
    agent: Agent, env_id: str, *, editions: int = EDITIONS, first: int = 0, split: str = "test", seed: int = 0
) -> dict[str, np.ndarray]:
    """Let a student walk editions of an environment's course with its memory kept and wiped at every exercise.

    Args:
        agent: who walks.
        env_id: its book, chapters and exercises.
        editions: how many.
        first: number of the first; the others follow.
        split: of which.
        seed: of the student's choices.

    Returns:
        "kept" and "wiped": records of `kernel.ROWS`, (editions, exercises).
    """
    keywords = gymnasium.spec(env_id).kwargs
    chosen = {k: keywords[k] for k in ("chapters", "exercises") if k in keywords}
    rows = {}
    for name, wipe in (("kept", Wipe.NEVER), ("wiped", Wipe.EXERCISE)):
        lanes = Lanes(keywords["book"], editions, episode="book", split=split, **chosen)
        rows[name] = walk(agent, lanes, list(range(first, first + editions)), wipe, seed)
    return rows


def last_third(rows: np.ndarray) -> np.ndarray:
    """Return which exercises are in the last third of their chapter, bool (exercises,)."""
    chapters, numbers = rows["chapter"][0], rows["exercise"][0]
    longest = np.array([numbers[chapters == c].max() for c in chapters])
    last: np.ndarray = numbers > longest - np.maximum(longest // 3, 1)
    return last


def scores(rows: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Return the mean scores of a walk by `examine`: what the callback logs."""
    kept, wiped = rows["kept"], rows["wiped"]
    chapters = kept["chapter"][0]
    found = {
        "gain": kept["reward"].sum(axis=1).mean() / len(np.unique(chapters)),
        "memory_benefit": (kept["mark"] - wiped["mark"]).mean(),
        "mark": kept["mark"].mean(),
        "mark_wiped": wiped["mark"].mean(),
        "mark_last_third": kept["mark"][:, last_third(kept)].mean(),
    }
    found.update({f"mark_chapter_{c}": kept["mark"][:, chapters == c].mean() for c in np.unique(chapters)})
    return {name: round(float(value), 6) for name, value in found.items()}


class Watch(BaseCallback):
    """Evaluates on test editions during training, logs to TensorBoard under `test/`, and writes checkpoints.

    All of it happens between an update and the next rollout, and puts the random number generators back: a student is
    the same however often it was looked at.
    """

    def __init__(
        self,
        path: pathlib.Path,
        evaluations: int,
        editions: int,
        told: Callable[[int, int, dict[str, float]], None] | None,
    ) -> None:
        super().__init__()
        self.path, self.evaluations, self.editions, self.told = path, evaluations, editions, told
        self.latest: dict[str, float] = {}
        self.history: list[dict[str, float]] = []

    def _init_callback(self) -> None:
        self.spec: dict[str, Any] = vars(self.model)["textbook"]
        total = int(self.spec["steps"])
        self.total = total
        marks = [total * k // self.evaluations for k in range(self.evaluations)] if self.evaluations else []
        begun = self.num_timesteps
        self.due = [m for m in marks if m > begun or (m == begun == 0)]
        self.told_at = time.monotonic()

    def _on_rollout_start(self) -> None:
        done = self.model.num_timesteps
        if self.due and done >= self.due[0]:
            while self.due and done >= self.due[0]:
                self.due.pop(0)
            self._look()
        if self.told:
            self.told(min(done, self.total), self.total, self.latest)

    def _on_training_end(self) -> None:
        self._look()
        self.model.logger.dump(self.model.num_timesteps)
        if self.told:
            self.told(self.total, self.total, self.latest)

    def _on_step(self) -> bool:
        return True

    def _look(self) -> None:
        """Write a checkpoint; evaluate."""
        save_checkpoint(self.model, self.path)
        if not self.evaluations:
            return
        before = torch.get_rng_state(), np.random.get_state()  # noqa: NPY002
        training = self.model.policy.training
        agent = as_worn(Detached(self.model, self.spec))
        self.latest = scores(examine(agent, self.spec["env_id"], editions=self.editions))
        self.model.policy.set_training_mode(training)
        torch.set_rng_state(before[0])
        np.random.set_state(before[1])  # noqa: NPY002
        for name, value in self.latest.items():
            self.model.logger.record(f"test/{name}", value)


class Detached:
    """A model under training as a student sees it: it predicts, and seeding it leaves its environment alone."""

    def __init__(self, model: Any, spec: dict[str, Any]) -> None:
        self.predict, self.textbook = model.predict, spec

    def set_random_seed(self, seed: int) -> None:
        """Seed the generators that choices are drawn from."""
        set_random_seed(seed)
