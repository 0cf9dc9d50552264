"""Steps per second, beside peers, all in one run: `python benchmarks/speed.py` writes `benchmarks/results/speed.csv`.

Machines differ and are busy, so the ratio to Gymnasium's CartPole, measured by turns with every figure, is what to
compare. Actions are random and drawn beforehand; resets are counted in: a batch whose pages turn takes a step for it,
as Gymnasium's own batches do. Peers that are not installed are left out.

    single      `env.step` of `gym.make(id).unwrapped`, one environment
    vector      `envs.step` of `gym.make_vec(id, num_envs=lanes)`, autoreset included
    loop        the same by the compiled loops alone, page turns and fresh editions included, without Gymnasium's arrays
    rollout     a random student walking whole courses inside a compiled loop
    vecenv      `step` of Stable-Baselines3's `VecEnv`
    desk        replies to a desk, one seminar course after the other; a course has 54 to 97
"""

import argparse
import csv
import importlib.util
import itertools
import pathlib
import sys
import time
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np

from textbook_gym.engine.lanes import Lanes
from textbook_gym.engine.loops import Wipe
from textbook_gym.registry import BOOKS, CLASSICS, LIBRARY, env_ids, find
from textbook_gym.students.base import REFERENCES
from textbook_gym.students.rollout import walk
from textbook_gym.text import Desk

RESULTS = pathlib.Path(__file__).parent / "results"
SECONDS = 0.02  # of a turn
REPEATS = 25  # turns; the best counts: others are disturbed, and short ones less often
SINGLE = 2000  # actions of a single environment between two looks at the clock
ACTIONS = 64  # different batches of actions


def rates(*plays: Callable[[], int]) -> list[float]:
    """Return steps a second of each, best of `REPEATS` turns; they make some steps and return how many."""
    best = [0.0] * len(plays)
    for play in plays:
        play()
    for _ in range(REPEATS):
        for k, play in enumerate(plays):
            steps, start = 0, time.perf_counter()
            while (passed := time.perf_counter() - start) < SECONDS:
                steps += play()
            best[k] = max(best[k], steps / passed)
    return best


def single(env: Any, actions: list[Any]) -> Callable[[], int]:
    """Steps of one environment of Gymnasium's interface."""
    env.reset(seed=0)

    def play() -> int:
        step, reset = env.step, env.reset
        for action in actions:
            _, _, terminated, truncated, _ = step(action)
            if terminated or truncated:
                reset()
        return len(actions)

    return play


def vector(envs: Any, high: int) -> Callable[[], int]:
    """Steps of a vector environment of Gymnasium's interface."""
    envs.reset(seed=0)
    batches = np.random.default_rng(0).integers(0, high, (ACTIONS, envs.num_envs))

    def play() -> int:
        for batch in batches:
            envs.step(batch)
        return ACTIONS * int(envs.num_envs)

    return play


def loop(name: str, lanes: int, threads: int) -> Callable[[], int]:
    """Steps of the compiled loops alone; where an exercise has ended a step turns the page.

    Classics pay raw rewards, and an episode is all of their exercises, as in the papers. Lanes are first led to places
    all over the book, so that fresh editions fall due at all times and not at once.
    """
    classic = {"episode": "trial", "reward": "raw", "split": "all"} if name in CLASSICS else {}
    made = Lanes(find(name).path, lanes, threads=threads, **classic)
    obs, out = made.buffers()
    made.reset(np.ones(lanes, np.bool_), obs, out, None, list(range(lanes)))
    batches = np.random.default_rng(0).integers(0, len(made.book.actions), (ACTIONS, lanes))
    if classic:
        length = sum(c.exercises * c.limit for c in made.book.chapters)
        begins = np.random.default_rng(1).integers(0, length, lanes)
        for step in range(length):
            made.advance(batches[step % ACTIONS], obs, out, begins == step)
    else:
        pages = sum(c.exercises for c in made.book.chapters)
        ahead = np.random.default_rng(1).integers(0, pages, lanes)
        for page in range(pages):
            made.advance(batches[page % ACTIONS], obs, out)
            made.reset(page < ahead, obs, out)
    waiting = out["terminated"].copy()

    def play() -> int:
        for batch in batches:
            made.advance(batch, obs, out, waiting)
            waiting[:] = out["terminated"]
        return ACTIONS * lanes

    return play


def rollout(name: str, courses: int, threads: int) -> Callable[[], int]:
    """Steps of whole courses walked by the random student."""
    made = Lanes(BOOKS[name], courses, episode="book", threads=threads)
    return lambda: int(walk(REFERENCES["random"], made, list(range(courses)), Wipe.NEVER)["steps"].sum())


def talk(name: str) -> Callable[[], int]:
    """Replies of courses in words: the whole conversation is kept, as a language model would be shown it."""
    desk = Desk(env_ids(name)[0], course="seminar")
    rng, editions = np.random.default_rng(0), itertools.count()

    def play() -> int:
        desk.open(edition=next(editions))
        replies, actions = 0, desk.lane.book.actions
        while not desk.done:
            desk.reply(f"<action>{actions[rng.integers(len(actions))]}</action>")
            replies += 1
        return replies

    return play


def vecenv(envs: Any, high: int) -> Callable[[], int]:
    """Steps of a VecEnv of Stable-Baselines3."""
    envs.reset()
    batches = np.random.default_rng(0).integers(0, high, (ACTIONS, envs.num_envs))

    def play() -> int:
        for batch in batches:
            envs.step(batch)
        return ACTIONS * int(envs.num_envs)

    return play


def peers() -> dict[tuple[str, str, int, int], Callable[[], Callable[[], int]]]:
    """What is installed here of other suites."""
    rng = np.random.default_rng(0)
    found: dict[tuple[str, str, int, int], Callable[[], Callable[[], int]]] = {}
    four = rng.integers(0, 4, SINGLE).tolist()
    found["Gymnasium FrozenLake-v1", "single", 1, 1] = lambda: single(gym.make("FrozenLake-v1").unwrapped, four)
    for lanes in (64, 4096):
        found["Gymnasium CartPole-v1", "vector", lanes, 1] = lambda lanes=lanes: vector(
            gym.make_vec("CartPole-v1", num_envs=lanes), 2
        )
    if importlib.util.find_spec("popgym"):

        def popgym_bandit() -> Callable[[], int]:
            from popgym.envs.multiarmed_bandit import MultiarmedBanditEasy

            env = MultiarmedBanditEasy()
            return single(env, rng.integers(0, env.action_space.n, SINGLE).tolist())

        found["PopGym MultiarmedBanditEasy", "single", 1, 1] = popgym_bandit
    if importlib.util.find_spec("gymnax"):
        for lanes in (4096, 65536):
            found["gymnax BernoulliBandit-misc", "vector", lanes, 1] = lambda lanes=lanes: gymnax_bandit(lanes)
    if importlib.util.find_spec("stable_baselines3"):
        for lanes in (8, 64, 512):
            found["SB3 DummyVecEnv of CartPole-v1", "vecenv", lanes, 1] = lambda lanes=lanes: dummy(lanes)
    return found


def gymnax_bandit(lanes: int) -> Callable[[], int]:
    """Gymnax's Bernoulli bandit, stepped from Python in compiled batches."""
    import gymnax
    import jax

    env, parameters = gymnax.make("BernoulliBandit-misc")
    keys = jax.random.split(jax.random.PRNGKey(0), lanes)
    step = jax.jit(jax.vmap(env.step, in_axes=(0, 0, 0, None)))
    _, state = jax.vmap(env.reset, in_axes=(0, None))(keys, parameters)
    actions = jax.random.randint(jax.random.PRNGKey(1), (lanes,), 0, 2)
    jax.block_until_ready(step(keys, state, actions, parameters))

    def play() -> int:
        now = state
        for _ in range(8):
            back = step(keys, now, actions, parameters)
            now = back[1]
        jax.block_until_ready(back)
        return 8 * lanes

    return play


def dummy(lanes: int) -> Callable[[], int]:
    """CartPole as most people run it with Stable-Baselines3."""
    from stable_baselines3.common.vec_env import DummyVecEnv

    return vecenv(DummyVecEnv([lambda: gym.make("CartPole-v1") for _ in range(lanes)]), 2)


def ours(names: list[str], classics: list[str]) -> dict[tuple[str, str, int, int], Callable[[], Callable[[], int]]]:
    """What is measured of this package."""
    found: dict[tuple[str, str, int, int], Callable[[], Callable[[], int]]] = {}
    for name in names:
        env_id = env_ids(name)[0]
        high = len(find(name).actions)
        actions = np.random.default_rng(0).integers(0, high, SINGLE).tolist()
        found[f"{name}", "single", 1, 1] = lambda e=env_id, a=actions: single(gym.make(e).unwrapped, a)
        found[f"{name}", "loop", 4096, 1] = lambda n=name: loop(n, 4096, 1)
        found[f"{name}", "vector", 4096, 1] = lambda e=env_id, h=high: vector(
            gym.make_vec(e, num_envs=4096, threads=1), h
        )
        found[f"{name}", "rollout", 1024, 1] = lambda n=name: rollout(n, 1024, 1)
        found[f"{name}", "desk", 1, 1] = lambda n=name: talk(n)
    if len(names) == len(BOOKS):
        library = env_ids(LIBRARY)[0]
        buttons = int(gym.make(library).action_space.n)  # type: ignore[attr-defined]  # it is Discrete
        presses = np.random.default_rng(0).integers(0, buttons, SINGLE).tolist()
        found[LIBRARY, "single", 1, 1] = lambda: single(gym.make(library).unwrapped, presses)
        found[LIBRARY, "vector", 4096, 1] = lambda: vector(gym.make_vec(library, num_envs=4096, threads=1), buttons)
    for name in classics:
        found[name, "loop", 4096, 1] = lambda n=name: loop(n, 4096, 1)
    high = len(find("Bandits").actions)
    for lanes in (8, 64, 512, 16384):
        found["Bandits", "vector", lanes, 1] = lambda k=lanes: vector(
            gym.make_vec("textbook/Bandits-v1", num_envs=k, threads=1), high
        )
    found["Bandits", "vector", 16384, 2] = lambda: vector(
        gym.make_vec("textbook/Bandits-v1", num_envs=16384, threads=2), high
    )
    found["Bandits", "loop", 16384, 2] = lambda: loop("Bandits", 16384, 2)
    if importlib.util.find_spec("stable_baselines3"):
        from textbook_gym.sb3 import make

        for lanes in (8, 64, 512):
            found["Bandits", "vecenv", lanes, 1] = lambda k=lanes: vecenv(make("textbook/Bandits-v1", k), high)
    return found


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--book", action="append", choices=sorted(BOOKS), help="only these books (default: all)")
    parser.add_argument(
        "--classic", action="append", choices=sorted(CLASSICS), help="only these classics (default: all)"
    )
    parser.add_argument("--out", type=pathlib.Path, default=RESULTS / "speed.csv")
    chosen = parser.parse_args()
    two = np.random.default_rng(0).integers(0, 2, SINGLE).tolist()
    cartpole = single(gym.make("CartPole-v1").unwrapped, two)
    named = chosen.book or chosen.classic
    names = chosen.book or ([] if named else sorted(BOOKS))
    classics = chosen.classic or ([] if named else sorted(CLASSICS))
    rows = []
    for (what, kind, lanes, threads), prepare in {**peers(), **ours(names, classics)}.items():
        figure, usual = rates(prepare(), cartpole)
        rows.append((what, kind, lanes, threads, round(figure), round(figure / usual, 2)))
        print(
            f"{what:32}{kind:9}{lanes:6} lanes {threads} thread{figure / 1e6:10.3f} M/s {rows[-1][-1]:9.2f} x CartPole"
        )
        sys.stdout.flush()
    rows.append(("Gymnasium CartPole-v1", "single", 1, 1, round(usual), 1.0))
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    with chosen.out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["what", "kind", "lanes", "threads", "steps_per_second", "times_cartpole"])
        writer.writerows(rows)


if __name__ == "__main__":
    main()
