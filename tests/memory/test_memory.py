"""Memories carry what they should, forget when they should, and are the same whoever wears them."""

import copy
import pickle
import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv
from helpers.foreign import SMALL, Doors, doors, singles_and_vector, walk

from textbook_gym.memory.base import KEEPS
from textbook_gym.memory.catalogue import MEMORIES
from textbook_gym.memory.ledger import Ledger
from textbook_gym.remember import Remember, RememberVector

MODES = [m.value for m in AutoresetMode]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", MEMORIES)
@pytest.mark.parametrize("env_id", ["textbook/Bandits-v1", "textbook/VocabularyCourse-v0"])
def test_a_lane_of_a_vector_equals_a_single_environment(env_id, name, mode):
    keywords = {"exercises": 2, "chapters": [1, 2]}
    vector = RememberVector(
        gym.make_vec(env_id, num_envs=3, autoreset_mode=mode, **keywords), name, keep="edition", **SMALL[name]
    )
    singles_and_vector(
        lambda: Remember(gym.make(env_id, **keywords), name, keep="edition", **SMALL[name]), vector, mode
    )


@pytest.mark.parametrize("keep", KEEPS)
@pytest.mark.parametrize("mode", list(AutoresetMode))
@pytest.mark.parametrize("name", MEMORIES)
def test_it_works_on_a_foreign_environment_in_all_scopes(name, mode, keep):
    vector = RememberVector(SyncVectorEnv([Doors] * 3, autoreset_mode=mode), name, keep=keep, **SMALL[name])
    singles_and_vector(lambda: doors(name, keep=keep, **SMALL[name]), vector, mode.value, steps=40)


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_episodes_may_end_before_their_exercise_and_tell_nothing(mode):
    """A limit of steps cuts exercises off, CartPole knows none: what an autoreset ignores is not learned."""
    for make in (lambda: gym.wrappers.TimeLimit(Doors(), 2), lambda: gym.make("CartPole-v1", max_episode_steps=7)):
        vector = RememberVector(SyncVectorEnv([make] * 2, autoreset_mode=mode), "recap")
        singles_and_vector(lambda make=make: Remember(make(), "recap"), vector, mode.value, steps=30)


@pytest.mark.parametrize("name", MEMORIES)
@pytest.mark.parametrize("env_id", ["textbook/Bandits-v1", "textbook/MaintenanceCourse-v1", None])
def test_check_env_passes_and_the_spec_rebuilds_the_wrapper(env_id, name):
    env = doors(name, **SMALL[name]) if env_id is None else Remember(gym.make(env_id), name, **SMALL[name])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*is different from the unwrapped version.*")
        check_env(env, skip_render_check=True)
    if env_id is not None:
        again = gym.make(gym.envs.registration.EnvSpec.from_json(env.spec.to_json()))
        assert again.observation_space == env.observation_space
        assert again.get_wrapper_attr("memory").settings == env.memory.settings
        assert np.array_equal(walk(env, 60), walk(again, 60))


def test_a_memory_object_can_be_given_and_is_rebuilt_from_the_spec():
    env = Remember(gym.make("textbook/Bandits-v1"), Ledger(keep="chapter", situation=["cue"], outcome=["payoff"]))
    again = gym.make(env.spec)
    assert again.get_wrapper_attr("memory").settings == env.memory.settings
    assert np.array_equal(walk(env, 60), walk(again, 60))


# --- what it remembers and when it forgets -----------------------------------------------------


def test_seed_reaches_the_environment_and_makes_a_fresh_learner():
    """A dropped seed."""
    first, second = doors(keep="forever"), doors(keep="forever")
    once = walk(first, 90, reset_seed=3)
    assert not np.array_equal(once, walk(second, 90, reset_seed=4))
    assert np.array_equal(once, walk(first, 90, reset_seed=3))
    assert np.array_equal(once, walk(second, 90, reset_seed=3))
    vector = RememberVector(SyncVectorEnv([Doors] * 2), "ledger", keep="forever")
    vector.reset(seed=3)
    for _ in range(30):
        vector.step(np.array([0, 1]))
    kept = vector.memory.save([1])
    vector.reset(seed=[3, None])  # one fresh learner beside an old one
    assert vector.memory.visits[0].sum() == 0
    assert vector.memory.visits[1].sum() > 0
    assert kept != vector.memory.save([0])


def visits(memory):
    """Return the steps that a ledger of one table has entered, by lane."""
    return memory.visits.sum(axis=1)


EXPECTED = {  # steps entered, of three an exercise, after each of nine exercises: two a chapter, four an edition
    "exercise": [3, 3, 3, 3, 3, 3, 3, 3, 3],
    "chapter": [3, 6, 3, 6, 3, 6, 3, 6, 3],
    "edition": [3, 6, 9, 12, 3, 6, 9, 12, 3],
    "forever": [3, 6, 9, 12, 15, 18, 21, 24, 27],
}


@pytest.mark.parametrize("mode", list(AutoresetMode))
@pytest.mark.parametrize("keep", KEEPS)
def test_keep_says_when_it_is_wiped(keep, mode):
    """Among others: a memory that survives a new edition, and one that an autoreset wipes."""
    table = {"situation": [], "outcome": ["reward"]}
    vector = RememberVector(SyncVectorEnv([Doors] * 2, autoreset_mode=mode), "ledger", keep=keep, **table)
    vector.reset(seed=0)
    seen, over = [], np.zeros(2, bool)
    while len(seen) < 9:
        if over.any() and mode == AutoresetMode.DISABLED:
            vector.reset(options={"reset_mask": np.ones(2, bool)})
        before = visits(vector.memory)
        _, _, over, _, info = vector.step(np.array([0, 2]))
        if over.all():
            if mode == AutoresetMode.SAME_STEP:  # the page is turned already: ask the final observation
                counts = np.array([np.expm1(5 * row[-1]) for row in info["final_obs"]])
                assert np.allclose(counts, before + 1, atol=1e-3)
                seen.append(before[0] + 1)
            else:
                seen.append(visits(vector.memory)[0])
    assert seen == EXPECTED[keep]


def test_a_new_edition_wipes_its_own_lane_only_also_when_lanes_are_out_of_step():
    memory = Ledger(keep="edition", situation=[0])
    memory.bind(Doors.observation_space, Doors.action_space, 3)
    seen, editions = np.zeros((3, 3), np.float32), np.zeros(3, int)
    every = np.ones(3, bool)
    memory.begin(every, seen, {"edition": editions})
    entered = np.zeros(3)
    rng = np.random.default_rng(0)
    for _ in range(40):
        opens = rng.random(3) < 0.2
        memory.step(np.zeros(3, int), seen, np.ones(3), {"exercise_done": opens, "edition": editions})
        entered += 1
        editions = editions + opens
        memory.step(np.zeros(3, int), seen, np.ones(3), {"edition": editions})
        entered = np.where(opens, 0, entered + 1)
        assert np.array_equal(visits(memory), entered)


def test_single_environments_follow_keep_too():
    for keep, expected in EXPECTED.items():
        env = doors(keep=keep, situation=[], outcome=["reward"])
        env.reset(seed=0)
        seen = []
        for _ in range(9):
            for _ in range(3):
                env.step(1)
            seen.append(visits(env.memory)[0])
            env.reset()
            env.reset()  # shows the same page again
        assert seen == expected


def test_lanes_share_nothing():
    """A memory that leaks between lanes."""
    for name in MEMORIES:
        vector = RememberVector(SyncVectorEnv([Doors] * 3), name, keep="forever", **SMALL[name])
        vector.reset(seed=0)
        other = vector.memory.save([0, 2])
        heads = getattr(vector.single_action_space, "nvec", [3])
        memory, mask = vector.memory, np.array([False, True, False])
        seen = np.full((3, 3), 0.5, np.float32)
        actions = np.array([[h - 1 for h in heads]] * 3)
        env_actions = memory.to_env_action(actions, mask) if name == "notebook" else actions[:, 0]
        memory.learn(mask, env_actions, seen, np.ones(3), {"mark": np.ones(3), "exercise_done": np.ones(3, bool)})
        memory.begin(mask, seen, {"edition": np.ones(3, int)})
        assert vector.memory.save([0, 2]) == other
        assert vector.memory.save([1]) != other
        memory.wipe(mask)
        assert all(not a[1].any() for a in memory.arrays.values())


def test_final_observation_is_of_the_exercise_that_ended():
    """The wrong final observation: it must hold what the last step taught, before the page turns and wipes it."""
    for keep in KEEPS:
        vector = RememberVector(SyncVectorEnv([Doors] * 2, autoreset_mode=AutoresetMode.SAME_STEP), "recap", keep=keep)
        vector.reset(seed=0)
        for _ in range(5 * 3):
            seen, rewards, _, _, info = vector.step(np.array([0, 1]))
        for i in range(2):
            final = info["final_obs"][i]
            assert final[0] == 0.0  # nothing left to try
            assert final[3 + 1 + i] == 1.0  # the action
            assert final[-4] == rewards[i] == final[-3]  # the reward, and the mark it made
            assert final[-1] == 0.0  # not the first of a page
            assert seen[i][0] == 1.0
            assert seen[i][-1] == 1.0
            assert seen[i][3 + 1 + i] == (keep != "exercise")


def test_the_step_that_turns_a_page_is_not_learned():
    env = Remember(
        gym.make("textbook/BanditsCourse-v1", exercises=2), "ledger", situation=[], outcome=["payoff"], keep="forever"
    )
    env.reset(seed=0)
    steps = 0
    for _ in range(100):
        over = bool(env.memory.over[0])
        before = visits(env.memory)[0]
        *_, terminated, _, _ = env.step(0)
        assert visits(env.memory)[0] == before + (not over)
        steps += not over
        if terminated:
            break
    assert visits(env.memory)[0] == steps > 0


def test_a_new_book_in_the_same_edition_is_a_new_edition():
    """Edition 7 read twice, cover to cover: the second reader is told nothing by the first."""
    env = Remember(gym.make("textbook/BanditsCourse-v1", exercises=1), "ledger")
    blank, _ = env.reset(seed=1, options={"edition": 7})
    done = False
    while not done:
        _, _, done, _, _ = env.step(0)
    again, _ = env.reset(options={"edition": 7})
    assert np.array_equal(blank, again)
    env.step(0)
    other, _ = env.reset(options={"edition": 8})
    assert not other[env.memory.width :].any()


# --- worn by others ----------------------------------------------------------------------------------


@pytest.mark.parametrize("twin_of", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])
@pytest.mark.parametrize("name", MEMORIES)
@pytest.mark.parametrize("env_id", [None, "textbook/Vocabulary-v0", "textbook/DarkRoom-v0", "textbook/Library-v0"])
def test_copied_and_pickled_it_goes_on_the_same(env_id, name, twin_of):
    keywords = {"textbook/DarkRoom-v0": {"size": 5}, "textbook/Library-v0": {"books": ["Bandits", "Vocabulary"]}}
    env = doors(name, **SMALL[name])
    if env_id is not None:
        env = Remember(gym.make(env_id, **keywords.get(env_id, {})), name, **SMALL[name])
    walk(env, 20)
    twin = twin_of(env)
    assert np.array_equal(walk(env, 30, reset_seed=None), walk(twin, 30, reset_seed=None))
    assert twin.memory.save() == env.memory.save()


@pytest.mark.parametrize("twin_of", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])
@pytest.mark.parametrize("name", MEMORIES)
def test_vector_environments_are_copied_and_pickled_too(name, twin_of):
    envs = RememberVector(gym.make_vec("textbook/Vocabulary-v0", num_envs=3), name, **SMALL[name])
    envs.action_space.seed(0)
    envs.reset(seed=0)
    for _ in range(20):
        envs.step(envs.action_space.sample())
    twin = twin_of(envs)
    for _ in range(40):
        actions = envs.action_space.sample()
        assert np.array_equal(envs.step(actions)[0], twin.step(actions)[0])
    assert twin.memory.save() == envs.memory.save()


def remembered():
    return Remember(gym.make("textbook/Bandits-v1"), "ledger")


def test_async_vector_environments_remember_inside_and_outside():
    outside = RememberVector(AsyncVectorEnv([lambda: gym.make("textbook/Bandits-v1")] * 2), "ledger")
    inside = AsyncVectorEnv([remembered] * 2)
    plain = RememberVector(gym.make_vec("textbook/Bandits-v1", num_envs=2), "ledger")
    try:
        a, b, c = (e.reset(seed=0)[0] for e in (outside, inside, plain))
        assert a.shape == b.shape == c.shape  # the book's own tables, although the book is in other processes
        rng = np.random.default_rng(0)
        for _ in range(40):
            actions = rng.integers(0, 6, 2)
            a, b, c = (e.step(actions)[0] for e in (outside, inside, plain))
            assert np.array_equal(a, c)
            assert np.array_equal(b, c)
    finally:
        outside.close()
        inside.close()


@pytest.mark.parametrize("env_id", ["textbook/Bandits-v1", "textbook/MaintenanceCourse-v1"])
@pytest.mark.parametrize("name", MEMORIES)
def test_native_vec_env_equals_dummy_vec_env(env_id, name):
    pytest.importorskip("stable_baselines3")
    from stable_baselines3.common.vec_env import DummyVecEnv

    from textbook_gym.sb3 import make

    settings = {"keep": "forever", **SMALL[name]}
    native = make(env_id, 3, seed=3, memory=name, memory_settings=settings, exercises=2)
    dummy = DummyVecEnv([lambda: Remember(gym.make(env_id, exercises=2), name, **settings)] * 3)
    dummy.seed(3)
    assert native.observation_space == dummy.observation_space
    assert native.action_space == dummy.action_space
    assert np.array_equal(native.reset(), dummy.reset())
    rng, ended = np.random.default_rng(0), 0
    heads = getattr(native.action_space, "nvec", None)
    for _ in range(150):
        actions = rng.integers(0, native.action_space.n, 3) if heads is None else rng.integers(0, heads, (3, 3))
        ours, theirs = native.step(actions), dummy.step(actions)
        for a, b in zip(ours[:3], theirs[:3], strict=True):
            assert np.array_equal(a, b)
        for i in np.flatnonzero(ours[2]):
            assert np.array_equal(ours[3][i]["terminal_observation"], theirs[3][i]["terminal_observation"])
            ended += 1
    assert ended
    native.seed(3)
    again = native.reset()
    assert not np.array_equal(again, ours[0])
    dummy.seed(3)
    assert np.array_equal(again, dummy.reset())


def test_subproc_vec_env():
    pytest.importorskip("stable_baselines3")
    from stable_baselines3.common.vec_env import SubprocVecEnv

    from textbook_gym.sb3 import make

    envs = SubprocVecEnv([remembered] * 2, start_method="fork")
    native = make("textbook/Bandits-v1", 2, seed=0, memory="ledger")
    envs.seed(0)
    try:
        assert np.array_equal(envs.reset(), native.reset())
        for action in [0, 1, 2] * 8:
            assert np.array_equal(envs.step(np.full(2, action))[0], native.step(np.full(2, action))[0])
    finally:
        envs.close()
