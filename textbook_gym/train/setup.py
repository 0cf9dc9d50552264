"""What a training is made of: algorithm, preset, memory and environment."""

import importlib.resources
import importlib.util
from collections.abc import Mapping
from typing import Any, NamedTuple

import yaml
from stable_baselines3 import A2C, DQN, PPO

from textbook_gym.errors import one_of
from textbook_gym.sb3 import BookVecEnv, make

ALGOS = ("ppo", "ppo_lstm", "a2c", "dqn")  # as rl-zoo3 calls them
WRAPPER = "textbook_gym.remember.Remember"


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
    one_of("algo", algo, list(ALGOS))
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
    presets = importlib.resources.files("textbook_gym.train").joinpath(f"hyperparams/{algo}.yml")
    table = yaml.safe_load(presets.read_text(encoding="utf-8"))
    row: dict[str, Any] = dict(table.get(env_id, table["default"]))
    wrapper = row.pop("env_wrapper", None) or {}
    settings = dict(wrapper.get(WRAPPER, {}))
    lanes, steps, policy = row.pop("n_envs"), row.pop("n_timesteps"), row.pop("policy")
    return Setup(int(lanes), int(steps), policy, settings.pop("memory", None), settings, row)


def environment(spec: Mapping[str, Any]) -> BookVecEnv:
    """Return the native `VecEnv` that a student with this `textbook` attribute is trained in."""
    course = {"split": "train", "reward": spec["reward"]}
    if spec.get("episode"):
        course["episode"] = spec["episode"]
    worn = {"memory": spec["memory"], "memory_settings": spec["settings"]} if spec["memory"] else {}
    return make(spec["env_id"], spec["lanes"], seed=spec["seed"], **course, **worn)
