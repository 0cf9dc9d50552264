"""What cannot be done is refused at the call that was wrong, in one line, and changes nothing."""

import gymnasium as gym
import numpy as np
import pytest

from textbook_gym.registry import BOOKS


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"reward": "improvment"}, r"reward='improvment' is not known \(did you mean 'improvement'\?\)"),
        ({"reward": "best"}, r"choose one of improvement, mark, exam$"),  # of those that this book knows
        ({"reward": "visible"}, "Bandits has none"),
        ({"episode": "chapter"}, "choose one of exercise, book, trial"),
        ({"split": "valid"}, "choose one of all, train, test"),
        ({"order": 3}, "choose one of book, shuffled"),
        ({"chapters": [7]}, "no chapter 7; it has 1 'three arms'"),
        ({"chapters": [1, 1]}, "none twice"),
        ({"exercises": 0}, "whole number >= 1"),
        ({"exercises": [1, 2]}, "or 6 of them"),
        ({"reward": "exam", "chapters": [1]}, "needs the exam"),
        ({"render_mode": "human"}, "choose one of ansi, rgb_array"),
    ],
)
def test_a_wrong_keyword_is_refused_where_it_is_given(keywords, message):
    from textbook_gym.envs.single import BookEnv

    with pytest.raises(ValueError, match=message) as error:
        BookEnv(BOOKS["Bandits"], **keywords)
    assert "\n" not in str(error.value)


def test_unknown_ids_and_keywords():
    with pytest.raises(gym.error.NameNotFound, match="Bandits"):
        gym.make("textbook/Bandit-v0")
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'rewrd' \(did you mean 'reward'\?\); there are"):
        gym.make("textbook/Bandits-v1", rewrd="mark")
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        gym.make_vec("textbook/Bandits-v1", num_envs=2, colour="red")


@pytest.mark.parametrize("action", [6, -1, 2.5, float("nan"), None, "PULL_A", np.array([1, 2])])
def test_a_wrong_action_is_refused_and_changes_nothing(action):
    env = gym.make("textbook/Bandits-v1").unwrapped
    env.reset(seed=0)
    before = env.save()
    with pytest.raises(ValueError, match=r"Bandits takes 0 PULL_A, .* 5 PULL_F"):
        env.step(action)
    assert env.save() == before


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        ([0, 1, 6, 0], r"actions\[2\] = 6: Bandits takes"),
        ([0, -1, 0, 0], r"actions\[1\] = -1"),
        ([0, 1, 2], r"shape \(3,\)"),
        (np.zeros((4, 1), int), r"shape \(4, 1\)"),
        ([0.0, np.nan, 1.0, 2.0], "type float64"),
        (None, "shape"),
    ],
)
def test_wrong_actions_of_a_batch_are_refused_and_change_nothing(actions, message):
    envs = gym.make_vec("textbook/Bandits-v1", num_envs=4)
    envs.reset(seed=0)
    before = envs.save()
    with pytest.raises(ValueError, match=message):
        envs.step(actions)
    assert envs.save() == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"editon": 3}, r"unknown option 'editon' \(did you mean 'edition'\?\)"),
        ({"edition": -1}, "numbers run from 0"),
        ({"edition": 1.5}, "give a number, or a mapping"),
        ({"edition": {"sky": 1, "still": 0}}, "lacks the field 'arm'"),
        ({"edition": {"sky": 1, "still": 0, "arm": [0] * 6, "arn": 1}}, "has no field 'arn'"),
        ({"edition": {"sky": 24, "still": 0, "arm": [0] * 6}}, r"must lie in \[0, 23\]"),
        ({"edition": {"sky": 1, "still": 0, "arm": [0] * 5}}, r"shape \(6,\)"),
        ({"edition": {"sky": 1.5, "still": 0, "arm": [0] * 6}}, "whole numbers"),
        ({"edition": {"sky": 1, "still": 0, "arm": [0] * 6}}, "could draw"),
        ({"chapter": 9}, "no chapter 9"),
        ({"chapter": "examm"}, "no chapter 'examm'"),
    ],
)
def test_wrong_options_are_refused_and_change_nothing(options, message):
    env = gym.make("textbook/Bandits-v1").unwrapped
    env.reset(seed=0)
    env.step(1)
    before = env.save()
    with pytest.raises(ValueError, match=message):
        env.reset(options=options)
    assert env.save() == before


def test_stepping_what_is_over_or_not_begun_is_an_error():
    env = gym.make("textbook/Bandits-v1").unwrapped
    with pytest.raises(RuntimeError, match="call reset"):
        env.step(0)
    env.reset(seed=0)
    while not env.step(0)[2]:
        pass
    with pytest.raises(RuntimeError, match="call reset"):
        env.step(0)
    envs = gym.make_vec("textbook/Bandits-v1", num_envs=2, autoreset_mode="Disabled")
    with pytest.raises(RuntimeError, match="call reset"):
        envs.step([0, 0])
    envs.reset(seed=0)
    while not envs.step([0, 0])[2].any():
        pass
    with pytest.raises(RuntimeError, match=r"over in lanes \[0, 1\]"):
        envs.step([0, 0])
