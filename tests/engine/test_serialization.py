"""Courses as bytes: they go on anywhere, the same to the last bit; what is damaged or foreign is refused."""

import copy
import pickle

import gymnasium as gym
import numpy as np
import pytest
from helpers.playing import assert_same, course


@pytest.mark.parametrize("env_id", ["textbook/Bandits-v1", "textbook/BanditsCourse-v1"])
def test_a_saved_course_goes_on_anywhere(env_id):
    """In the same environment, a fresh one, and one lane of a batch: the same to the last bit."""
    env = gym.make(env_id).unwrapped
    env.reset(seed=8)
    last = course(env, 37)[-1]
    stopped = (last[0], last[-1])  # observation and info, of a step or of a reset
    data = env.save()
    expected = course(env, 200)
    other = gym.make(env_id).unwrapped
    shown = other.load(data)
    assert_same(shown, stopped)
    assert_same(tuple(course(other, 200)), tuple(expected))
    envs = gym.make_vec(env_id, num_envs=3, autoreset_mode="Disabled")
    envs.reset(seed=0)
    envs.load(data, lanes=[1])
    rng = np.random.default_rng(9)
    for back in (b for b in expected if len(b) == 5):
        observations, rewards, terminated, _, _ = envs.step([0, int(rng.integers(6)), 0])
        assert np.array_equal(observations[1], back[0])
        assert (rewards[1], terminated[1]) == (back[1], back[2])
        if terminated.any():
            envs.reset(options={"reset_mask": terminated})


def test_a_batch_is_saved_and_split_over_other_batches():
    envs = gym.make_vec("textbook/Bandits-v1", num_envs=4)
    envs.reset(seed=3)
    for _ in range(9):
        envs.step([1, 2, 3, 4])
    two = gym.make_vec("textbook/Bandits-v1", num_envs=2)
    two.load(envs.save(lanes=[3, 1]))
    for _ in range(30):
        a, b = envs.step([0, 1, 0, 2]), two.step([2, 1])
        assert np.array_equal(a[0][[3, 1]], b[0])
        assert np.array_equal(a[1][[3, 1]], b[1])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda d: d[:-1], "damaged"),
        (lambda d: d[:-9] + bytes([d[-9] ^ 1]) + d[-8:], "damaged"),
        (lambda d: b"something else", "no saved course"),
        (lambda d: b"", "no saved course"),
        (lambda d: pickle.dumps({"a": 1}), "no saved course"),
        (lambda d: d.replace(b'"book": "Bandits"', b'"book": "Robbers"'), "book='Robbers'"),
        (lambda d: d.replace(b'"reward": "improvement"', b'"reward": "mark"'), "reward='mark'"),
        (lambda d: d.replace(b"course 1", b"course 9"), "no saved course"),
    ],
)
def test_damaged_or_foreign_bytes_are_refused_and_the_course_is_untouched(spoil, message):
    env = gym.make("textbook/Bandits-v1").unwrapped
    env.reset(seed=0)
    env.step(0)
    before = env.save()
    with pytest.raises(ValueError, match=message):
        env.load(spoil(before))
    assert env.save() == before


def test_saved_courses_must_fit_the_lanes():
    envs = gym.make_vec("textbook/Bandits-v1", num_envs=4)
    envs.reset(seed=0)
    with pytest.raises(ValueError, match="4 saved courses for 1 lanes"):
        gym.make("textbook/Bandits-v1").unwrapped.load(envs.save())
    with pytest.raises(ValueError, match="numbers from 0 to 3"):
        envs.save(lanes=[4])


def test_environments_are_copied_and_pickled_mid_course():
    env = gym.make("textbook/Bandits-v1")
    env.reset(seed=2)
    course(env, 17)
    twins = [pickle.loads(pickle.dumps(env)), copy.deepcopy(env)]
    expected = course(env, 100)
    for twin in twins:
        assert_same(tuple(course(twin, 100)), tuple(expected))


@pytest.mark.parametrize("other", [{"exercises": 3}, {"chapters": [1, 2]}])
def test_a_course_of_other_chapters_or_lengths_is_refused(other):
    env, stranger = gym.make("textbook/Bandits-v1").unwrapped, gym.make("textbook/Bandits-v1", **other).unwrapped
    env.reset(seed=1)
    stranger.reset(seed=1)
    with pytest.raises(ValueError, match="plan="):
        stranger.load(env.save())


def test_a_loaded_course_counts_its_steps_anew_and_is_over_if_it_was():
    envs = gym.make_vec("textbook/Bandits-v1", num_envs=1, max_episode_steps=4, autoreset_mode="Disabled")
    envs.reset(seed=1)
    fresh = envs.save()
    for _ in range(3):
        envs.step([0])
    envs.load(fresh)
    assert [bool(envs.step([0])[3][0]) for _ in range(4)] == [False, False, False, True]
    envs.load(fresh)
    envs.step([0])  # not over, though the last episode here was
    single = gym.make("textbook/Bandits-v1").unwrapped
    single.reset(seed=1)
    while not single.step(0)[2]:
        pass
    envs.load(single.save())
    with pytest.raises(RuntimeError, match="over in lanes"):
        envs.step([0])
