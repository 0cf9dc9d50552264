"""The classics: published tasks with parameters and raw rewards."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from textbook_gym.checks import check_classic
from textbook_gym.registry import CLASSICS, env_ids, find

NAMES = sorted(CLASSICS)


@pytest.mark.parametrize("name", NAMES)
def test_classics_keep_the_contract(name):
    assert find(name).name == name
    check_classic(CLASSICS[name], courses=32)


@pytest.mark.parametrize("name", NAMES)
def test_environments_pass_the_checker(name):
    env = gym.make(env_ids(name)[0], reward="raw").unwrapped
    check_env(env)
    assert env.lanes.settings["episode"] == "trial"


def test_an_episode_is_the_papers():
    """As many steps as in the paper, the reward at every step, and the next page at the end of an exercise."""
    for name, parameters, steps in (
        ("RL2MDP", {"episodes": 3}, 30),
        ("RL2Bandit", {"pulls": 7}, 7),
        ("SymbolicAlchemy", {}, 200),
    ):
        envs = gym.make_vec(env_ids(name)[0], num_envs=4, reward="raw", **parameters)
        envs.reset(seed=0)
        firsts = []
        for step in range(steps):
            obs, _, terminated, _, info = envs.step(np.zeros(4, int))
            assert terminated.all() == (step == steps - 1)
            firsts.append(bool(obs[0, -1]))
            assert not firsts[-1] or info["exercise_done"][0]
        exercises = int(envs.lanes.plan["exercises"][0])
        assert sum(firsts) == exercises - 1


@pytest.mark.xdist_group("RL2Bandit")
def test_raw_rewards_are_paid_at_every_step():
    env = gym.make("textbook/RL2Bandit-v0", pulls=50, reward="raw").unwrapped
    env.reset(seed=0)
    total = 0.0
    for _ in range(50):
        obs, reward, *_ = env.step(1)
        assert reward == obs[0]
        total += reward
    assert 0 < total < 50
    with pytest.raises(ValueError, match="reward='raw' is for the classics; Bandits has no other"):
        gym.make("textbook/Bandits-v1", reward="raw")


def test_spaces_fit_the_parameters():
    def make(name, **keywords):  # as plain Python, which need not be compiled
        return gym.make(env_ids(name)[0], interpreted=True, **keywords)

    assert make("RL2Bandit", arms=50).action_space.n == 50
    env = make("RL2MDP", states=4, actions=3)
    assert env.action_space.n == 3
    assert env.observation_space.shape == (4 + 1 + 4,)
    assert env.observation_space.contains(env.reset(seed=0)[0])
    assert make("SymbolicAlchemy").action_space.n == 40
    assert make("SymbolicAlchemy", end_trial=True).action_space.n == 41


@pytest.mark.parametrize(
    ("name", "keywords", "message"),
    [
        ("RL2Bandit", {"arms": 1}, r"arms=1 \(.*\): give a whole number from 2 to 1000"),
        ("RL2Bandit", {"arms": 2.5}, "arms=2.5"),
        ("RL2Bandit", {"student": "ucb"}, "student='ucb' .*: choose one of random, greedy"),
        ("DarkRoom", {"sparse": 1}, "sparse=1 .*: give True or False"),
        ("DarkRoom", {"size": 30}, "steps=20: a room of size=30 needs 30"),
        ("ShepardTypes", {"type": "VII"}, "type='VII' .*: choose one of I, II"),
    ],
)
def test_bad_parameters_are_refused_in_one_line(name, keywords, message):
    with pytest.raises(ValueError, match=message) as error:
        gym.make(env_ids(name)[0], **keywords)
    assert "\n" not in str(error.value)


def test_an_unknown_keyword_is_refused_in_python_s_words():
    """TorchRL tries `frameskip`, and goes on without it where this is said of it."""
    with pytest.raises(TypeError, match=r"got an unexpected keyword argument 'arm' \(did you mean 'arms'\?\)"):
        gym.make("textbook/RL2Bandit-v0", arm=5)
    for env_id in (i for i in gym.registry if i.startswith("textbook/")):
        with pytest.raises(TypeError, match="got an unexpected keyword argument 'frameskip'") as error:
            gym.make(env_id, frameskip=1)
        assert "unknown" not in str(error.value)
