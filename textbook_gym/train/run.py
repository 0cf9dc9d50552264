"""Training: a Stable-Baselines3 student that learns a book, with a memory, from a table of presets to one file.

    train("textbook/VocabularyShort-v1", out="runs/vocabulary")        # writes runs/vocabulary.zip
    study(["runs/vocabulary.zip", "newcomer", "model"], ["Vocabulary"])

The file is a model as SB3 saves it, with an attribute `textbook` that says what it was trained on and which memory it
wears, and with everything that training needs to go on as if it had never stopped: the courses and memories of all
lanes, and the states of the random number generators. It is written beside its place and renamed, so a stop at any
moment leaves the last checkpoint whole.
"""

import importlib.resources
import importlib.util
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

from stable_baselines3.common.logger import configure

from textbook_gym import __version__
from textbook_gym.train.checkpoint import load_checkpoint
from textbook_gym.train.evaluation import EDITIONS, EVALUATIONS, Watch
from textbook_gym.train.setup import algorithm, environment, setup


def checkpoint_path(out: str | pathlib.Path) -> pathlib.Path:
    """Return the file that a training writes: `out` with `.zip` behind it, unless that is there already."""
    path = pathlib.Path(out)
    return path if path.suffix == ".zip" else path.with_name(f"{path.name}.zip")


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

    A file that is there is not overwritten.

    Args:
        env_id: a registered id, best `textbook/<Book>Short-v*` or `textbook/<Book>Course-v0`.
        out: where to write, with or without `.zip`.
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
        ValueError: an unknown value, nothing to resume, or a file that is there and is not to be resumed.
    """
    path = checkpoint_path(out)
    for name, number, least in (("steps", steps, 1), ("lanes", lanes, 1), ("evaluations", evaluations, 0)):
        if number is not None and number < least:
            raise ValueError(f"{name}={number!r}: give a whole number >= {least}")
    if path.exists() and not resume:
        raise ValueError(f"{path} is there and is not overwritten: resume it, or choose another out")
    if resume:
        model = load_checkpoint(path)
        steps = int(model.textbook["steps"]) if steps is None else steps
    else:
        preset = setup(env_id, algo)
        steps = preset.steps if steps is None else steps
        named = preset.memory if memory == "preset" else memory
        worn = dict(preset.settings if memory in ("preset", preset.memory) and named else {})
        spec: dict[str, Any] = {
            "env_id": env_id,
            "algo": algo,
            "memory": named,
            "settings": {**worn, **(settings or {})},
            "reward": reward,
            "seed": seed,
            "lanes": preset.lanes if lanes is None else lanes,
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
