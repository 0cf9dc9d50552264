"""What a memory costs in training: `python benchmarks/memory.py` writes `benchmarks/results/memory.csv`.

PPO of Stable-Baselines3 trains on the native `VecEnv` with a memory on, and on a `VecEnv` of the same spaces that does
nothing but hand out prepared arrays; both in turns, in the same process, measured in time of the processor. The share
is speed with book and memory / speed with the idle environment, all turns together: 1 if both cost nothing. Its
standard error is that over the pairs of turns; single pairs differ by a tenth on a machine that is not alone.
"""

import argparse
import csv
import pathlib
import sys
import time
from typing import Any

import gymnasium
import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecEnv

from textbook_gym.memory.catalogue import MEMORIES
from textbook_gym.registry import BOOKS, env_ids
from textbook_gym.sb3 import make

RESULTS = pathlib.Path(__file__).parent / "results"
SIZES = {  # lanes -> settings of PPO
    64: {"n_steps": 64, "batch_size": 1024, "n_epochs": 4},
    512: {"n_steps": 32, "batch_size": 4096, "n_epochs": 4},
}
ROUNDS = 1  # rollouts of each measurement


class Idle(VecEnv):
    """A `VecEnv` that does nothing: the same spaces, prepared observations, rewards 0, no end."""

    def __init__(self, like: VecEnv) -> None:
        super().__init__(like.num_envs, like.observation_space, like.action_space)
        low, high = like.observation_space.low, like.observation_space.high
        rng = np.random.default_rng(0)
        self.prepared = [rng.uniform(low, high, (like.num_envs, len(low))).astype(np.float32) for _ in range(16)]
        self.turn = 0

    def reset(self) -> np.ndarray:
        """Return a prepared batch."""
        return self.prepared[0]

    def step_async(self, actions: np.ndarray) -> None:
        """Ignore the actions."""

    def step_wait(self) -> Any:
        """Return the next prepared batch."""
        self.turn = (self.turn + 1) % len(self.prepared)
        n = self.num_envs
        return self.prepared[self.turn], np.zeros(n, np.float32), np.zeros(n, np.bool_), [{} for _ in range(n)]

    def close(self) -> None:
        """Nothing to close."""

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """Return None for every lane; only `render_mode` is asked for."""
        return [None] * self.num_envs

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Ignore it."""

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        """Do nothing."""
        return [None] * self.num_envs

    def env_is_wrapped(self, wrapper_class: type[gymnasium.Wrapper], indices: Any = None) -> list[bool]:
        """Return True: episodes need no monitor."""
        return [True] * self.num_envs


def seconds(model: PPO) -> float:
    """Train for some rollouts; return seconds of the processor a step."""
    steps = ROUNDS * model.n_steps * model.n_envs
    start = time.process_time()
    model.learn(steps, reset_num_timesteps=False)
    return (time.process_time() - start) / steps


def share(book: str, memory: str, lanes: int, pairs: int) -> tuple[float, float, float, int]:
    """Return speed with book and memory, its share of the idle speed and standard error, and bytes a lane."""
    envs = make(env_ids(book)[1], lanes, seed=0, memory=memory)
    models = [PPO("MlpPolicy", e, device="cpu", seed=0, **SIZES[lanes]) for e in (envs, Idle(envs))]
    for model in models:
        seconds(model)  # compiles, and fills the memory
    measured = np.zeros((2, pairs))
    for pair in range(pairs):
        for k in (0, 1) if pair % 2 else (1, 0):  # by turns who is first
            measured[k, pair] = seconds(models[k])
    assert envs.memory is not None
    mine, idle = measured.mean(axis=1)
    error = np.log(measured[1] / measured[0]).std(ddof=1) / np.sqrt(pairs) * idle / mine
    return 1.0 / mine, idle / mine, error, envs.memory.nbytes // lanes


def main() -> None:
    """Measure, print, write."""
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--book", action="append", choices=sorted(BOOKS), help="ledgers of these (default: all)")
    parser.add_argument("--lanes", action="append", type=int, choices=sorted(SIZES))
    parser.add_argument("--pairs", type=int, default=30, help="measurements of each kind, two or more")
    parser.add_argument("--out", type=pathlib.Path, default=RESULTS / "memory.csv")
    chosen = parser.parse_args()
    others = [("Vocabulary", name) for name in MEMORIES if name != "ledger"]
    rows = []
    for book, memory in [*((b, "ledger") for b in chosen.book or sorted(BOOKS)), *others]:
        for lanes in chosen.lanes or sorted(SIZES):
            rate, part, error, size = share(book, memory, lanes, chosen.pairs)
            rows.append((book, memory, lanes, round(rate), round(part, 3), round(error, 3), size))
            figures = f"{rate:9.0f} steps/s {part:7.3f} +- {error:.3f} of idle {size:7} bytes a lane"
            print(f"{book:14}{memory:12}{lanes:5} lanes {figures}")
            sys.stdout.flush()
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    with chosen.out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["book", "memory", "lanes", "steps_per_second", "share_of_idle", "standard_error", "bytes_a_lane"]
        )
        writer.writerows(rows)


if __name__ == "__main__":
    main()
