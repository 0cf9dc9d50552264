"""A model of Stable-Baselines3 is studied as it was trained, or refused with the way to do it."""

import numpy as np
import pytest

pytest.importorskip("stable_baselines3")

import gymnasium as gym
from helpers.foreign import SMALL
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import DummyVecEnv, VecCheckNan, VecFrameStack, VecNormalize

from textbook_gym.engine.lanes import Lanes
from textbook_gym.engine.loops import Wipe
from textbook_gym.memory import MEMORIES, Memory
from textbook_gym.registry import BOOKS
from textbook_gym.remember import Remember
from textbook_gym.sb3 import make
from textbook_gym.students.resolve import as_student
from textbook_gym.students.rollout import walk
from textbook_gym.students.with_memory import Worn
from textbook_gym.students.wrappers import ModelAgent

TINY = {"n_steps": 8, "batch_size": 16, "n_epochs": 1, "seed": 0, "device": "cpu", "policy_kwargs": {"net_arch": [8]}}
COURSE = {"chapters": [1, 2], "exercises": 2}


def saved(envs, path):
    """Return the path of a model trained in an environment and saved by Stable-Baselines3 itself."""
    PPO("MlpPolicy", envs, **TINY).learn(32).save(path)
    return str(path)


def walked(student, book="Vocabulary"):
    return walk(student, Lanes(BOOKS[book], 4, episode="book", **COURSE), range(4), Wipe.NEVER)


@pytest.mark.parametrize("name", MEMORIES)
def test_a_model_that_sb3_saved_remembers_its_memory(name, tmp_path):
    settings = {"keep": "chapter", **SMALL[name]}
    envs = make("textbook/Vocabulary-v0", 4, seed=0, memory=name, memory_settings=settings)
    path = saved(VecCheckNan(envs), tmp_path / "ppo.zip")
    student = as_student(path)
    assert isinstance(student, Worn)
    assert student.memory.name == name
    assert student.memory.settings == {**envs.memory.settings, **envs.memory.spec()}
    by_hand = Worn(ModelAgent(PPO.load(path, device="cpu")), name, **settings)
    assert np.array_equal(walked(student), walked(by_hand))


def test_so_does_one_that_was_trained_on_the_wrapper(tmp_path):
    envs = DummyVecEnv([lambda: Remember(gym.make("textbook/Vocabulary-v0"), "transcript", n=3)] * 2)
    student = as_student(saved(envs, tmp_path / "ppo.zip"))
    assert student.memory.settings == {"keep": "edition", "n": 3, "stacked": True}
    walked(student)


def test_rewards_may_be_normalised(tmp_path):
    envs = VecNormalize(make("textbook/Vocabulary-v0", 2, seed=0, memory="recap"), norm_obs=False)
    walked(as_student(saved(envs, tmp_path / "ppo.zip")))


@pytest.mark.parametrize("memory", [None, "recap"])
@pytest.mark.parametrize("wrap", [VecNormalize, lambda envs: VecFrameStack(envs, 2)])
def test_one_that_saw_through_a_wrapper_is_refused(wrap, memory, tmp_path):
    path = saved(wrap(make("textbook/Vocabulary-v0", 2, seed=0, memory=memory)), tmp_path / "ppo.zip")
    with pytest.raises(ValueError, match="such as VecNormalize") as caught:
        walked(as_student(path))
    assert "\n" not in str(caught.value)


def test_so_is_one_that_was_never_saved():
    model = PPO("MlpPolicy", VecNormalize(make("textbook/Vocabulary-v0", 2, seed=0)), **TINY)
    with pytest.raises(ValueError, match="such as VecNormalize"):
        walked(as_student(model))


@pytest.mark.parametrize("memory", [None, "ledger", "recap"])
def test_one_that_was_trained_on_another_book_is_refused(memory, tmp_path):
    path = saved(make("textbook/Vocabulary-v0", 2, seed=0, memory=memory), tmp_path / "ppo.zip")
    with pytest.raises(ValueError, match=r"Vocabulary|floats within") as caught:
        walked(as_student(path), "Bandits")
    assert "student 'ppo' was trained on" in str(caught.value)
    assert "\n" not in str(caught.value)


class Own(Memory):
    """Shows nothing but a zero."""

    name = "own"

    def _open(self):
        return np.zeros(1), np.ones(1)

    def _learn(self, lanes, step, done):
        pass

    def _augment(self, observations, lanes, out):
        out[:, :-1], out[:, -1] = observations, 0.0


def test_a_memory_of_ones_own_is_named_and_can_be_given(tmp_path):
    path = saved(make("textbook/Vocabulary-v0", 2, seed=0, memory=Own()), tmp_path / "ppo.zip")
    with pytest.raises(ValueError, match="memory 'own'"):
        as_student(path)
    walked(Worn(ModelAgent(PPO.load(path, device="cpu")), Own()))
