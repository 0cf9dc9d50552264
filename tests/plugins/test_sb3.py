"""The Stable-Baselines3 plug-in equals what SB3 makes of the single environments, only faster."""

import copy
import pickle

import gymnasium as gym
import numpy as np
import pytest

pytest.importorskip("stable_baselines3")

import torch
from stable_baselines3 import PPO
from stable_baselines3.common.env_checker import check_env
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from textbook_gym.memory.catalogue import MEMORIES
from textbook_gym.registry import BOOKS, CLASSICS, env_ids, find
from textbook_gym.sb3 import make
from textbook_gym.study.run import study

torch.set_num_threads(1)
CLASSIC_IDS = [env_ids(name)[0] for name in CLASSICS]
IDS = [*(env_id for name in sorted(BOOKS) for env_id in env_ids(name)), *CLASSIC_IDS]


@pytest.mark.parametrize("env_id", IDS)
def test_check_env_passes_without_a_warning(env_id):
    check_env(gym.make(env_id).unwrapped)  # warnings are errors here


@pytest.mark.parametrize("env_id", IDS)
def test_equal_to_dummy_vec_env_with_monitor(env_id):
    n, rng = 6, np.random.default_rng(0)
    native = make(env_id, n, seed=3)
    dummy = DummyVecEnv([lambda: Monitor(gym.make(env_id)) for _ in range(n)])
    dummy.seed(3)
    assert np.array_equal(native.reset(), dummy.reset())
    assert native.reset_infos == dummy.reset_infos
    for _ in range(400):
        actions = rng.integers(0, native.action_space.n, n)
        ours, theirs = native.step(actions), dummy.step(actions)
        for a, b in zip(ours[:3], theirs[:3], strict=True):
            assert a.dtype == b.dtype
            assert np.array_equal(a, b)
        for i in np.flatnonzero(ours[2]):
            a, b = ours[3][i], theirs[3][i]
            assert np.array_equal(a.pop("terminal_observation"), b.pop("terminal_observation"))
            ours_episode, theirs_episode = a.pop("episode"), b.pop("episode")
            assert ours_episode["l"] == theirs_episode["l"]
            assert ours_episode["r"] == pytest.approx(theirs_episode["r"], abs=1e-5)
            assert a == b


def test_rewards_are_writable_and_fresh():
    """SB3 adds a bootstrap to them in place."""
    envs = make("textbook/Bandits-v0", 4, seed=0)
    envs.reset()
    _, first, _, _ = envs.step(np.zeros(4, int))
    first += 1.0
    _, second, _, _ = envs.step(np.zeros(4, int))
    assert second.max() < 1.0
    assert first.min() >= 0.5


def test_it_trains_saves_and_is_studied(tmp_path):
    envs = make("textbook/BanditsCourse-v0", 16, seed=0)
    model = PPO("MlpPolicy", envs, n_steps=32, batch_size=256, n_epochs=2, seed=0).learn(2048)
    mean, _ = evaluate_policy(model, make("textbook/BanditsCourse-v0", 4, seed=1, split="test"), n_eval_episodes=4)
    assert np.isfinite(mean)
    path = tmp_path / "ppo.zip"
    model.save(path)
    table = study([str(path), model], ["Bandits"], editions=4)
    assert table["student"].unique().sort().to_list() == ["ppo", "sb3"]
    assert table["mark"].is_between(0, 1).all()


def test_wrappers_and_attributes_work():
    envs = VecNormalize(make("textbook/Bandits-v0", 3, seed=0))
    envs.reset()
    assert envs.get_attr("render_mode") == [None] * 3
    assert envs.env_is_wrapped(Monitor) == [True] * 3
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        envs.get_attr("nothing")
    assert not envs.has_attr("nothing")


def test_a_classic_takes_its_parameters():
    envs = make("textbook/RL2Bandit-v0", 3, seed=0, arms=7, pulls=4, reward="raw", interpreted=True)
    assert envs.action_space.n == 7
    envs.reset()
    done = [envs.step(np.zeros(3, int))[2].all() for _ in range(4)]
    assert done == [False, False, False, True]


def test_wrong_requests_are_refused():
    with pytest.raises(ValueError, match="did you mean 'textbook/Bandits-v0'"):
        make("textbook/Bandit-v0")
    with pytest.raises(ValueError, match="arms=0"):
        make("textbook/RL2Bandit-v0", arms=0)
    with pytest.raises(ValueError, match="did you mean 'improvement'"):
        make("textbook/Bandits-v0", reward="improvment")
    envs = make(f"textbook_gym:textbook/{find('Bandits').name}-v0", 2, seed=0)
    envs.reset()
    with pytest.raises(ValueError, match=r"actions\[1\] = 9"):
        envs.step(np.array([0, 9]))


def test_wrong_actions_are_refused_at_once_and_do_nothing():
    envs, twin = (make("textbook/Bandits-v0", 3, seed=0) for _ in range(2))
    envs.reset()
    twin.reset()
    envs.step_async(np.array([0, 1, 2]))
    for wrong, message in (
        ([0, 6, 7], r"actions\[1\] = 6: Bandits takes 0 PULL_A"),
        ([0, 1, -2], r"actions\[2\] = -2"),
    ):
        with pytest.raises(ValueError, match=message):
            envs.step_async(np.array(wrong))
    assert np.array_equal(envs.step_wait()[0], twin.step(np.array([0, 1, 2]))[0])


@pytest.mark.parametrize("twin_of", [copy.deepcopy, lambda envs: pickle.loads(pickle.dumps(envs))])
@pytest.mark.parametrize("memory", [None, *MEMORIES])
def test_copied_and_pickled_it_goes_on_the_same(memory, twin_of):
    envs = make("textbook/Vocabulary-v0", 3, seed=0, memory=memory)
    envs.reset()
    envs.action_space.seed(0)
    actions = np.array([[envs.action_space.sample() for _ in range(3)] for _ in range(60)])
    for chosen in actions[:20]:
        envs.step(chosen)
    twin = twin_of(envs)
    for chosen in actions[20:]:
        for one, other in zip(envs.step(chosen)[:3], twin.step(chosen)[:3], strict=True):
            assert np.array_equal(one, other)
    assert memory is None or twin.memory.save() == envs.memory.save()
