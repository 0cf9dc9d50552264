"""Copies of environments: the same bytes and the same future, whatever lay in the memory that they take."""

import copy

import gymnasium as gym
import numpy as np
import pytest
from helpers.playing import assert_same, course

from textbook_gym import sb3
from textbook_gym.registry import BOOKS, CLASSICS, LIBRARY, env_ids, short_id
from textbook_gym.remember import Remember

IDS = [i for name in BOOKS for i in (*env_ids(name), short_id(name))]
IDS += [env_ids(name)[0] for name in CLASSICS] + list(env_ids(LIBRARY))


def copied(thing):
    """A deep copy into memory that was full of ones before."""
    dirt = [np.full(size, 0xFF, np.uint8) for size in range(8, 4096, 8) for _ in range(4)]
    del dirt
    return copy.deepcopy(thing)


@pytest.mark.parametrize("env_id", IDS)
def test_a_copy_of_an_environment_has_the_same_bytes_and_future(env_id):
    env = gym.make(env_id, split="train", exercises=1).unwrapped
    env.reset(seed=3)
    course(env, 5)
    twin = copied(env)
    assert twin.save() == env.save()
    assert_same(tuple(course(twin, 300)), tuple(course(env, 300)))  # over several editions, drawn until they fit
    assert twin.save() == env.save()


@pytest.mark.parametrize("name", ["Bandits", "Ballistics", "Theorems", LIBRARY])
def test_a_copy_of_a_batch_has_the_same_bytes_and_future(name):
    envs = gym.make_vec(env_ids(name)[0], num_envs=5, split="train", exercises=1, autoreset_mode="SameStep")
    envs.reset(seed=3)
    twin = copied(envs)
    assert twin.save() == envs.save()
    rng = np.random.default_rng(0)
    for _ in range(200):
        actions = rng.integers(0, envs.single_action_space.n, 5)
        assert_same(twin.step(actions), envs.step(actions))
    assert twin.save() == envs.save()


def test_copies_with_a_memory_or_for_stable_baselines3_go_on_alike():
    for make in (
        lambda: Remember(gym.make("textbook/Ballistics-v0", exercises=1), memory="recap"),
        lambda: sb3.make("textbook/BallisticsCourse-v0", 3, seed=1, exercises=1, memory="recap"),
        lambda: sb3.make("textbook/BallisticsCourse-v0", 3, seed=1, exercises=1),
    ):
        env = make()
        batch = hasattr(env, "num_envs")
        env.reset() if batch else env.reset(seed=1)
        twin, rng = copied(env), np.random.default_rng(0)
        for _ in range(200):
            action = rng.integers(0, env.action_space.n, 3) if batch else int(rng.integers(env.action_space.n))
            one, other = env.step(action), twin.step(action)
            assert_same(tuple(one[:3]), tuple(other[:3]))
            if not batch and one[2]:
                assert_same(env.reset(), twin.reset())


def test_what_lies_between_the_fields_decides_nothing():
    """Even if the memory of a lane was dirty, the next edition is the one that its number names."""
    env, dirty = (gym.make("textbook/Ballistics-v0", split="test", privileged=True).unwrapped for _ in range(2))
    for number in range(40):
        edition = dirty.lanes.records["edition"]
        worlds = [edition[n].copy() for n in edition.dtype.names]
        start = dirty.lanes.engine.lane.fields["edition"][1]
        dirty.lanes.records.view(np.uint8)[start : start + edition.dtype.itemsize] = 0xFF
        for name, value in zip(edition.dtype.names, worlds, strict=True):
            edition[name] = value
        a, b = (e.reset(options={"edition": number})[1]["privileged"]["edition"] for e in (env, dirty))
        assert a == b
