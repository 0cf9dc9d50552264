"""Training: a Stable-Baselines3 student that learns a book, with a memory, from a table of presets to one file.

    train("textbook/VocabularyShort-v1", out="runs/vocabulary")        # writes runs/vocabulary.zip
    study(["runs/vocabulary.zip", "newcomer", "model"], ["Vocabulary"])

The file is a model as SB3 saves it, with an attribute `textbook` that says what it was trained on and which memory it
wears, and with everything that training needs to go on as if it had never stopped: the courses and memories of all
lanes, and the states of the random number generators. It is written beside its place and renamed, so a stop at any
moment leaves the last checkpoint whole.
"""

import csv
import importlib.util
import itertools
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

import torch
from stable_baselines3.common.logger import CSVOutputFormat, Logger, configure

from textbook_gym import __version__
from textbook_gym.errors import whole
from textbook_gym.train.checkpoint import load_checkpoint, read_spec
from textbook_gym.train.distill import check_teachable
from textbook_gym.train.distill import distill as distill_policy
from textbook_gym.train.evaluation import EVALUATIONS, WATCHED_EDITIONS, Watch
from textbook_gym.train.progress import ProgressListener
from textbook_gym.train.setup import algorithm, environment, setup

STEPS_COLUMN = "time/total_timesteps"  # as SB3 calls the column of steps done


def checkpoint_path(out: str | pathlib.Path) -> pathlib.Path:
    """Return the file that a training writes: `out` with `.zip` behind it, unless that is there already.

    Example:
        >>> checkpoint_path("runs/vocabulary").name
        'vocabulary.zip'
    """
    path = pathlib.Path(out)
    return path if path.suffix == ".zip" else path.with_name(f"{path.name}.zip")


def check_resume(
    path: pathlib.Path, asked: Mapping[str, Any], settings: Mapping[str, Any], keywords: Mapping[str, Any]
) -> None:
    """Refuse to resume a training as another one.

    Args:
        path: the checkpoint.
        asked: what it was asked for by name; None where nothing was said.
        settings: of its memory, likewise.
        keywords: of its algorithm, which stay as they were.

    Raises:
        ValueError: something is asked for that the training is not.
    """
    was = read_spec(path)
    pairs = [(name, value, was.get(name)) for name, value in asked.items() if value is not None or name == "memory"]
    pairs += [(f"settings[{name!r}]", value, was["settings"].get(name)) for name, value in settings.items()]
    for name, value, before in pairs:
        if value != before:
            raise ValueError(f"{path} was trained with {name}={before!r}, not {value!r}; leave it out, or train anew")
    if keywords:
        raise ValueError(f"keywords={dict(keywords)!r}: a resumed training keeps those it began with; leave them out")


def logger(folder: pathlib.Path, formats: list[str], done: int) -> Logger:
    """Return a logger that writes to a folder, behind the rows of its `progress.csv` up to so many steps."""
    path = folder / "progress.csv"
    rows: list[list[str]] = []
    if done and path.is_file():
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
    made = configure(str(folder), formats)
    if not rows:
        return made
    heading, clock = rows[0], rows[0].index(STEPS_COLUMN) if STEPS_COLUMN in rows[0] else -1
    kept = itertools.takewhile(lambda row: clock < 0 or not row[clock] or float(row[clock]) <= done, rows[1:])
    [progress] = [form for form in made.output_formats if isinstance(form, CSVOutputFormat)]
    progress.keys = heading
    csv.writer(progress.file, lineterminator="\n").writerows([heading, *kept])
    progress.file.flush()
    return made


def teach(model: Any, spec: Mapping[str, Any], progress: Callable[[int], None]) -> None:
    """Distil the model student into a fresh model, in courses of their own.

    Raises:
        ValueError: the model takes no labels, or nobody gives any.
    """
    envs = environment({**spec, "episode": None, "seed": spec["seed"] + spec["lanes"]})
    check_teachable(spec["algo"], model.policy, envs)
    torch.manual_seed(spec["seed"])
    distill_policy(model.policy, envs, spec["distill"], spec["seed"], model.gamma, progress)


def train(
    env_id: str,
    *,
    out: str | pathlib.Path,
    algo: str | None = None,
    memory: str | None = "preset",
    settings: Mapping[str, Any] | None = None,
    reward: str | None = None,
    episode: str | None = None,
    distill: int | None = None,
    steps: int | None = None,
    lanes: int | None = None,
    seed: int | None = None,
    resume: bool = False,
    evaluations: int = EVALUATIONS,
    editions: int = WATCHED_EDITIONS,
    keywords: Mapping[str, Any] | None = None,
    progress: ProgressListener | None = None,
) -> Any:
    """Train a student; write it to `<out>.zip`, and what TensorBoard shows to the folder `<out>`.

    A file that is there is not overwritten.

    Args:
        env_id: a registered id, best `textbook/<Book>Short-v*` or `textbook/<Book>Course-v0`.
        out: where to write, with or without `.zip`.
        algo: "ppo" (None too), "ppo_lstm", "a2c" or "dqn".
        memory: a memory's name; "preset" for the one of the preset; None for none.
        settings: of that memory, such as `{"keep": "exercise"}`.
        reward: "improvement" (None too) or a control, see `BookEnv`.
        episode: what an episode is: "exercise" to end one with every exercise, so that no return looks beyond it, or
            "book" for a whole course; None for what the id says. Editions and memory go on either way.
        distill: steps in which the policy first learns to do what the model student would do, see `train.distill`; 0
            (None too) for none. They are not counted among `steps`.
        steps: steps in all lanes together, those before a resume included; None for the preset's.
        lanes: environments side by side; None for the preset's.
        seed: of the lanes, the weights and the choices; None for 0.
        resume: go on with `<out>.zip`; everything but `steps` is then as it was, and what is asked for must be that.
        evaluations: so many times, evenly, and before the first step, the student walks editions that training does
            not draw (see `evaluation.Watch`; the test split is left to studies), memory kept and wiped, and a
            checkpoint is written; 0 for the end only, without evaluation.
        editions: how many.
        keywords: of the algorithm, instead of the preset's.
        progress: see `ProgressListener`.

    Returns:
        the trained model.

    Raises:
        ValueError: an unknown value, nothing to resume, or a file that is there and is not to be resumed.

    Example:
        model = train("textbook/VocabularyShort-v1", out="runs/vocabulary", steps=400_000)
    """
    path = checkpoint_path(out)
    steps = None if steps is None else whole("steps", steps, 1)
    lanes = None if lanes is None else whole("lanes", lanes, 1)
    seed = None if seed is None else whole("seed", seed, 0)
    distill = None if distill is None else whole("distill", distill, 0)
    evaluations = whole("evaluations", evaluations, 0)
    if path.exists() and not resume:
        raise ValueError(f"{path} is there and is not overwritten: resume it, or choose another out")
    if resume:
        asked = {"env_id": env_id, "algo": algo, "reward": reward, "episode": episode, "lanes": lanes, "seed": seed}
        asked["distill"] = distill
        asked |= {} if memory == "preset" else {"memory": memory}
        check_resume(path, asked, settings or {}, keywords or {})
        model = load_checkpoint(path)
        steps = int(model.textbook["steps"]) if steps is None else steps
    else:
        algo = "ppo" if algo is None else algo
        preset = setup(env_id, algo)
        steps = preset.steps if steps is None else steps
        named = preset.memory if memory == "preset" else memory
        worn = dict(preset.settings if memory in ("preset", preset.memory) and named else {})
        spec: dict[str, Any] = {
            "env_id": env_id,
            "algo": algo,
            "memory": named,
            "settings": {**worn, **(settings or {})},
            "reward": "improvement" if reward is None else reward,
            "episode": episode,
            "distill": distill or 0,
            "seed": 0 if seed is None else seed,
            "lanes": preset.lanes if lanes is None else lanes,
            "version": __version__,
        }
        envs = environment(spec)
        if envs.memory is not None:  # stated in full, so that the student stays what it is when presets change
            spec["settings"] = envs.memory.spec()
            envs = environment(spec)
        given = {**preset.keywords, **(keywords or {})}
        model = algorithm(algo)(preset.policy, envs, seed=spec["seed"], device="cpu", **given)
        model.textbook = spec
        if distill:
            teach(model, spec, lambda done: progress(0, int(steps), {"distilled": done}) if progress else None)
    model.textbook["steps"] = int(steps)
    path.parent.mkdir(parents=True, exist_ok=True)
    formats = ["csv"]
    if importlib.util.find_spec("tensorboard") is not None:
        formats.append("tensorboard")
    folder = path.with_name(path.name.removesuffix(".zip"))
    model.set_logger(logger(folder, formats, model.num_timesteps if resume else 0))
    left = int(steps) - model.num_timesteps
    watch = Watch(path, evaluations, editions, progress)
    if left > 0:
        model.learn(left, callback=watch, reset_num_timesteps=not resume, log_interval=1)
    model.logger.close()
    return model
