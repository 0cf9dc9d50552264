"""The library: disjoint subjects, permuted and padded spaces, one lane equals many, the marks of the plain books."""

import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from helpers.library import COURSE_ID, FEW, HEADER, ID, NAMES, editions, make, play, press, stand
from helpers.playing import assert_same

from textbook_gym.envs.multibook import books_of, permutations
from textbook_gym.registry import BOOKS, env_ids, find

# --- which book ------------------------------------------------------------------------------


def test_train_and_test_subjects_are_disjoint():
    held_out = ["Alchemy", "Vocabulary"]
    train = gym.make_vec(ID, num_envs=512, held_out=held_out)
    test = gym.make_vec(ID, num_envs=512, books=held_out)
    seen = [{NAMES[b] for b in envs.reset(seed=0)[1]["book"]} for envs in (train, test)]
    assert seen == [set(BOOKS) - set(held_out), set(held_out)]
    assert train.single_observation_space == test.single_observation_space
    assert train.single_action_space == test.single_action_space


def test_after_the_last_exercise_comes_an_edition_of_a_drawn_book():
    env = make(books=FEW, exercises=1)
    found = editions(env, 30)
    assert {book for book, _ in found} == set(FEW)
    assert [FEW[b] for b in books_of([n for _, n in found], len(FEW))] == [book for book, _ in found]
    assert found == editions(make(books=FEW, exercises=1), 30)
    assert not {n for _, n in found} & {n for _, n in editions(env, 30, seed=1)}


def test_edition_numbers_are_those_of_one_book():
    plain, env = make("textbook/Bandits-v1"), make()
    for seed in range(20):
        assert plain.reset(seed=seed)[1]["edition"] == env.reset(seed=seed)[1]["edition"]


def test_books_are_drawn_evenly():
    counts = np.bincount(books_of(np.random.default_rng(0).integers(0, 1 << 53, 30_000), 3))
    assert np.abs(counts - 10_000).max() < 400


def test_pages_turn_as_in_one_book():
    """Untouched exercises come again, begun ones are given up, and the last gives way to a fresh edition."""
    env, plain = make(books=["Bandits"], exercises=2), make("textbook/Bandits-v1", exercises=2)
    rng = np.random.default_rng(0)
    told = env.reset(seed=1)[1], plain.reset(seed=1)[1]
    for _ in range(400):
        if rng.random() < 0.2:
            told = env.reset()[1], plain.reset()[1]
        else:
            action = int(rng.integers(6))
            a, b = env.step(press(env, action)), plain.step(action)
            assert a[1:3] == b[1:3]
            if a[2]:
                told = env.reset()[1], plain.reset()[1]
        assert {k: told[0][k] for k in told[1]} == told[1]
    assert told[0]["edition"] != env.reset(seed=1)[1]["edition"]


# --- spaces ------------------------------------------------------------------------------------


def test_spaces_fit_every_registered_book():
    env = make(books=["Bandits"])
    books = [find(name) for name in BOOKS]
    space = env.observation_space
    assert space.shape == (max(b.width for b in books),)
    assert env.action_space.n == max(len(b.actions) for b in books)
    assert space.low[0] <= min(-1.0, *(b.bounds()[0].min() for b in books))
    assert space.high[0] >= max(1.0, *(b.bounds()[1].max() for b in books))
    small = make(books=["Bandits"], width=14, actions=7)
    assert (small.observation_space.shape, small.action_space.n) == ((14,), 7)
    assert make(books=["Bandits"], held_out="Alchemy").observation_space == space


def test_observations_are_those_of_the_book_at_permuted_places(book_name):
    env, plain = make(books=[book_name]), make(env_ids(book_name)[0])
    signals, free = find(book_name).width - HEADER, env.observation_space.shape[0] - HEADER
    rng, places = np.random.default_rng(0), {}
    for edition in (3, 4, 3):
        a, _ = env.reset(seed=0, options={"edition": edition})
        b, _ = plain.reset(seed=0, options={"edition": edition})
        where = permutations(env.lanes.records["clock"]["key"], 1003, free)[0, :signals]
        places.setdefault(edition, where.tolist())
        assert places[edition] == where.tolist()
        for _ in range(20):
            assert np.array_equal(a[where], b[:signals])
            assert np.array_equal(a[-HEADER:], b[-HEADER:])
            assert not np.delete(a, [*where, *range(free, free + HEADER)]).any()
            assert env.observation_space.contains(a)
            action = int(rng.integers(plain.action_space.n))
            (a, _, done, _, _), (b, *_) = env.step(press(env, action)), plain.step(action)
            if done:
                (a, _), (b, _) = env.reset(), plain.reset()
    assert places[3] != places[4]


def test_a_permutation_holds_for_an_edition_and_no_longer():
    env = make(books=FEW, exercises=1)
    layouts = {}
    env.reset(seed=0)
    for told in play(env, 1500):
        info = told[-1]
        mask = tuple(info["action_mask"].tolist())
        assert layouts.setdefault((info["book"], info["edition"]), mask) == mask
    assert len(layouts) > 10
    assert len(set(layouts.values())) == len(layouts)


def test_places_are_drawn_evenly():
    first = permutations(np.random.default_rng(0).integers(0, 1 << 63, 20_000, np.uint64), 1003, 10)[:, 0]
    assert np.abs(np.bincount(first) - 2000).max() < 200


def test_masks_name_the_buttons_that_do_something():
    env = make()
    for seed in range(10):
        _, info = env.reset(seed=seed)
        mask = info["action_mask"]
        assert (mask.dtype, mask.shape) == (np.int8, (env.action_space.n,))
        assert mask.sum() == len(find(NAMES[info["book"]]).actions)
        assert sorted(env.lanes.button_actions[0][mask == 1]) == list(range(mask.sum()))
        assert np.array_equal(env.action_masks(), mask == 1)
        assert mask[env.action_space.sample(mask)] == 1
        mask[:] = 0  # it is the user's own
        assert env.step(0)[4]["action_mask"].any()


def test_a_padded_button_costs_a_step_and_moves_nothing(book_name):
    limit = find(book_name).chapters[0].limit
    env = make(books=[book_name], privileged=True, actions=len(find(book_name).actions) + 1, width=100)
    before, info = env.reset(seed=4)
    state = info["privileged"]["state"]
    for step in range(1, limit + 1):
        seen, reward, done, _, info = env.step(press(env, None))
        assert info["privileged"]["state"] == state
        assert done == (step == limit)
        assert np.array_equal(seen[:-2], before[:-2])
        assert seen[-2] == pytest.approx(1 - step / limit)
    assert info["exercise_done"]
    assert info["mark"] == 0.0  # who does nothing earns nothing
    assert reward == pytest.approx(-find(book_name).chapters[0].newcomer)


# --- the marks of the plain book -----------------------------------------------------------------


def test_same_edition_and_actions_earn_the_same(book_name):
    env, plain = make(COURSE_ID, books=[book_name]), make(env_ids(book_name)[1])
    env.reset(options={"edition": 11}), plain.reset(options={"edition": 11})
    rng, done = np.random.default_rng(0), False
    while not done:
        action = int(rng.integers(plain.action_space.n))
        _, *a, told = env.step(press(env, action))
        _, *b, expected = plain.step(action)
        assert a == b
        assert {k: told[k] for k in expected} == expected
        done = a[1]
    assert NAMES[told["book"]] == book_name


def test_the_oracle_presses_the_right_buttons(book_name):
    env = make(books=[book_name], privileged=True, exercises=1)
    _, info = env.reset(seed=2)
    while not info["book_done"]:
        _, _, done, _, info = env.step(info["privileged"]["oracle"])
        if done:
            assert info["privileged"]["mark"] == pytest.approx(1.0)
            if not info["book_done"]:
                _, info = env.reset()


# --- what Gymnasium and SB3 promise -----------------------------------------------------------------


@pytest.mark.parametrize("env_id", [ID, COURSE_ID])
def test_check_env_passes_without_a_warning(env_id):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(make(env_id))


def test_sb3_check_env_passes_without_a_warning():
    checker = pytest.importorskip("stable_baselines3.common.env_checker")
    checker.check_env(make())


@pytest.mark.parametrize("mode", list(AutoresetMode))
@pytest.mark.parametrize("env_id", [ID, COURSE_ID])
def test_many_lanes_equal_as_many_single_environments(env_id, mode):
    n, rng = 64, np.random.default_rng(0)
    keywords = {"books": FEW, "exercises": 1}
    many = gym.make_vec(env_id, num_envs=n, autoreset_mode=mode.value, **keywords)
    single = SyncVectorEnv([lambda: make(env_id, **keywords) for _ in range(n)], autoreset_mode=mode)
    assert_same(many.reset(seed=5), single.reset(seed=5))
    for _ in range(250):
        actions = rng.integers(0, many.single_action_space.n, n)
        a, b = many.step(actions), single.step(actions)
        assert_same(a, b)
        ended = a[2] | a[3]
        if mode == AutoresetMode.DISABLED and ended.any():
            assert_same(*(e.reset(options={"reset_mask": ended.copy()}) for e in (many, single)))


def test_every_book_in_one_batch_equals_single_environments():
    many = gym.make_vec(ID, num_envs=40)
    single = SyncVectorEnv([make for _ in range(40)])
    assert_same(many.reset(seed=0), single.reset(seed=0))
    rng = np.random.default_rng(0)
    for _ in range(100):
        actions = rng.integers(0, many.single_action_space.n, 40)
        assert_same(many.step(actions), single.step(actions))


def test_compiled_equals_interpreted():
    runs = []
    for interpreted in (False, True):
        env = make(books=FEW, exercises=1, interpreted=interpreted)
        runs.append((env.reset(seed=3), *play(env, 200), stand(env)))
    assert runs[0][-1] == runs[1][-1]
    assert_same(runs[0][:-1], runs[1][:-1])


def test_same_seed_same_bytes():
    runs = []
    for seed in (4, 4, 5):
        env = make()
        runs.append((env.reset(seed=seed), *play(env), stand(env)))
    assert runs[0][-1] == runs[1][-1] != runs[2][-1]
    assert_same(runs[0][:-1], runs[1][:-1])


def test_the_reward_of_a_book_is_its_gain():
    env = make(COURSE_ID, exercises=1)
    for seed in range(4):
        _, info = env.reset(seed=seed)
        total, done, rng = 0.0, False, np.random.default_rng(seed)
        while not done:
            _, reward, done, _, info = env.step(int(rng.integers(env.action_space.n)))
            total += reward
        assert total == pytest.approx(info["gain"] * len(find(NAMES[info["book"]]).chapters))
