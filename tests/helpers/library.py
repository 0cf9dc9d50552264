"""The library in tests: making it, pressing its buttons at random, its editions."""

import gymnasium as gym
import numpy as np

from textbook_gym.registry import BOOKS, LIBRARY, env_ids

ID, COURSE_ID = env_ids(LIBRARY)
FEW = ["Bandits", "Navigation", "Vocabulary"]  # in most tests: the code is the same for more
NAMES = sorted(BOOKS)
HEADER = 4


def make(env_id=ID, **keywords):
    return gym.make(env_id, **keywords).unwrapped


def press(env, action):
    """The button that stands for an action of the book, or for none if that is None."""
    return env.lanes.button_actions[0].tolist().index(-1 if action is None else action)


def stand(env, lanes=slice(None)):
    """All that a course is, as bytes."""
    return env.lanes.records[lanes].tobytes()


def play(env, steps=300, seed=9):
    """Press buttons at random; return everything that came back."""
    rng, told = np.random.default_rng(seed), []
    for _ in range(steps):
        told.append(env.step(int(rng.integers(env.action_space.n))))
        if told[-1][2]:
            told.append(env.reset())
    return told


def editions(env, count, seed=0):
    """Open fresh editions one after the other; return (book, edition number) of each."""
    found = [env.reset(seed=seed)[1]]
    while len(found) < count:
        info = found[-1]
        while info["edition"] == found[-1]["edition"]:
            if env.step(0)[2]:
                _, info = env.reset()
        found.append(info)
    return [(NAMES[i["book"]], i["edition"]) for i in found]
