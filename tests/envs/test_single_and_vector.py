"""The environments: what Gymnasium promises, one lane equals many, reset rules, rendering."""

import copy
import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from helpers.playing import assert_same, course

from textbook_gym.registry import BOOKS, env_ids, find

IDS = [env_id for name in sorted(BOOKS) for env_id in env_ids(name)]
STEPS = {"textbook/Bandits-v1": 2000, "textbook/MaintenanceCourse-v1": 2000}  # elsewhere fewer: the code is the same


@pytest.mark.parametrize("env_id", IDS)
def test_gymnasium_check_env_passes_without_a_warning(env_id):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(gym.make(env_id).unwrapped)


@pytest.mark.parametrize("mode", list(AutoresetMode))
@pytest.mark.parametrize("env_id", IDS)
def test_64_lanes_equal_64_single_environments(env_id, mode):
    n, rng = 64, np.random.default_rng(0)
    many = gym.make_vec(env_id, num_envs=n, autoreset_mode=mode.value)
    single = SyncVectorEnv([lambda: gym.make(env_id).unwrapped for _ in range(n)], autoreset_mode=mode)
    assert_same(many.reset(seed=5), single.reset(seed=5))
    for _ in range(STEPS.get(env_id, 100)):
        actions = rng.integers(0, many.single_action_space.n, n)
        a, b = many.step(actions), single.step(actions)
        assert_same(a, b)
        ended = a[2] | a[3]
        if mode == AutoresetMode.DISABLED and ended.any():
            reset = [e.reset(options={"reset_mask": ended.copy()}) for e in (many, single)]
            assert_same(*reset)


def test_same_seed_same_course_other_seed_another(book_name):
    runs = []
    for seed in (4, 4, 5):
        env = gym.make(env_ids(book_name)[0]).unwrapped
        runs.append([env.reset(seed=seed), *course(env, 100)])
    assert_same(tuple(runs[0]), tuple(runs[1]))
    assert not np.array_equal(runs[0][0][1]["edition"], runs[2][0][1]["edition"])


def test_seeds_are_mixed_not_added():
    """The second edition of seed 42 is not the first of seed 43."""
    env = gym.make("textbook/Bandits-v1", chapters=[1], exercises=1).unwrapped
    seen = {}
    for seed in range(40, 45):
        _, info = env.reset(seed=seed)
        numbers = [info["edition"]]
        for _ in range(5):
            while not env.step(0)[2]:
                pass
            numbers.append(env.reset()[1]["edition"])
        seen[seed] = numbers
    flat = [n for numbers in seen.values() for n in numbers]
    assert len(set(flat)) == len(flat)


def test_an_exercise_depends_on_its_address_alone(book_name):
    """Whatever was done before, exercise k of an edition is posed the same (lasting deeds apart)."""
    shown = []
    for behaviour in (0, 1):
        env = gym.make(env_ids(book_name)[0], privileged=True).unwrapped
        env.reset(options={"edition": 7})
        rng = np.random.default_rng(behaviour)
        pages = []
        for _ in range(4):
            done = False
            while not done:
                _, _, done, _, info = env.step(int(rng.integers(env.action_space.n)))
            _, info = env.reset()
            lasting = {f.name for f in find(book_name).module.STATE if f.lasting}
            pages.append({k: v for k, v in info["privileged"]["state"].items() if k not in lasting})
        shown.append(pages)
    assert shown[0] == shown[1]


def test_pages_turn_through_the_book_and_a_fresh_edition_follows():
    env = gym.make("textbook/Bandits-v1", exercises=2).unwrapped
    _, info = env.reset(seed=1)
    first, pages = info["edition"], []
    while info["edition"] == first:
        pages.append((info["chapter"], info["exercise"]))
        done = False
        while not done:
            _, _, done, truncated, info = env.step(0)
            assert not truncated
        _, info = env.reset()
    assert pages == [(c, e) for c in range(1, 7) for e in (1, 2)]
    assert (info["chapter"], info["exercise"], info["grade"]) == (1, 1, find("Bandits").chapters[0].newcomer)


def test_reset_repeats_an_untouched_exercise_and_gives_up_a_begun_one():
    env = gym.make("textbook/Bandits-v1").unwrapped
    first = env.reset(seed=1)
    assert_same(first, env.reset())
    env.step(0)
    _, info = env.reset()
    assert info["exercise"] == 2
    assert info["grade"] != find("Bandits").chapters[0].newcomer


def test_the_reward_of_a_book_is_its_gain(book_name):
    """Whatever is played: exercise ids, course ids and exercises given up on the way pay the same sum."""
    chapters = len(find(book_name).chapters)
    for env_id in env_ids(book_name):
        env = gym.make(env_id).unwrapped
        env.reset(seed=3)
        rng, total, info = np.random.default_rng(0), 0.0, {"book_done": False}
        while not info["book_done"]:
            _, reward, done, _, info = env.step(int(rng.integers(env.action_space.n)))
            total += reward
            if done and not info["book_done"]:
                env.reset()
        assert total == pytest.approx(info["gain"] * chapters, abs=1e-9)


def test_the_exam_tells_nothing_before_its_end(book_name):
    env = gym.make(env_ids(book_name)[1]).unwrapped
    exam = len(find(book_name).chapters)
    env.reset(seed=2, options={"chapter": exam})
    rng, done = np.random.default_rng(0), False
    newcomer = find(book_name).chapters[-1].newcomer
    while not done:
        _, reward, done, _, info = env.step(int(rng.integers(env.action_space.n)))
        assert info["mark"] == 0.0
        assert info["is_success"] is False
        if not done:
            assert (reward, info["grade"]) == (0.0, newcomer)
    assert reward == pytest.approx(info["grade"] - newcomer)


def test_a_course_episode_shows_every_result_then_turns_the_page():
    env = gym.make("textbook/BanditsCourse-v1").unwrapped
    obs, info = env.reset(seed=0)
    left, first = -2, -1
    assert (obs[left], obs[first]) == (1.0, 1.0)
    while not info["exercise_done"]:
        obs, _, done, _, info = env.step(0)
    assert obs[left] == 0.0
    assert not done
    assert info["mark"] > 0.0
    obs, reward, _, _, info = env.step(0)
    assert (obs[left], obs[first], reward, info["exercise"], info["exercise_done"]) == (1.0, 1.0, 0.0, 2, False)


def test_options_lead_to_an_edition_and_a_chapter():
    env = gym.make("textbook/Bandits-v1", split="all").unwrapped
    env.reset(seed=1)
    a = env.reset(options={"edition": 12, "chapter": 3})
    env.reset(seed=99)
    b = env.reset(options={"edition": 12, "chapter": "new seasons"})
    assert_same(a, b)
    assert (a[1]["edition"], a[1]["chapter"], a[1]["exercise"]) == (12, 3, 1)
    _, info = env.reset(options={"chapter": 5})  # the same edition, elsewhere
    assert (info["edition"], info["chapter"]) == (12, 5)


def test_an_explicit_world_is_the_world():
    env = gym.make("textbook/Bandits-v1", privileged=True).unwrapped
    world = {"sky": 3, "still": 1, "arm": [2, 4, 3, 1, 5, 7]}
    _, info = env.reset(seed=0, options={"edition": world})
    assert info["edition"] == -1
    assert info["privileged"]["edition"] == world
    while not env.step(0)[2]:
        pass
    assert env.reset()[1]["privileged"]["edition"] == world
    assert gym.make("textbook/Bandits-v1", privileged=True).unwrapped.reset(seed=0)[1]["privileged"]["edition"] != world


def test_shuffled_order_changes_the_order_only():
    orders = set()
    for edition in range(4):
        shown = {}
        for order in ("book", "shuffled"):
            env = gym.make("textbook/Bandits-v1", order=order, exercises=1, split="all").unwrapped
            observation, info = env.reset(options={"edition": edition})
            for _ in range(6):
                shown.setdefault(order, {})[info["chapter"]] = [observation.tolist()]
                while not (back := env.step(0))[2]:
                    shown[order][info["chapter"]].append(back[0].tolist())
                observation, info = env.reset()
        assert list(shown["book"]) == [1, 2, 3, 4, 5, 6]
        assert list(shown["shuffled"])[-1] == 6
        assert shown["shuffled"] == shown["book"]  # whatever the order, a chapter is the same
        orders.add(tuple(shown["shuffled"]))
    assert len(orders) > 1


def test_max_episode_steps_truncates_batches():
    envs = gym.make_vec("textbook/BanditsCourse-v1", num_envs=3, max_episode_steps=5, autoreset_mode="SameStep")
    envs.reset(seed=0)
    for step in range(1, 12):
        _, _, terminated, truncated, info = envs.step([0, 0, 0])
        assert not terminated.any()
        assert truncated.all() == (step % 5 == 0)
        assert ("final_obs" in info) == (step % 5 == 0)


@pytest.mark.parametrize("env_id", ["textbook/BanditsCourse-v1", "textbook/Bandits-v1"])
def test_a_step_that_turns_a_page_counts_no_step_of_the_next_episode(env_id):
    """NextStep: the step after a truncated episode only turns the page, and the next one is as long as the first."""
    envs = gym.make_vec(env_id, num_envs=2, max_episode_steps=4)
    envs.reset(seed=0)
    truncated = [bool(envs.step([0, 1])[3].all()) for _ in range(15)]
    assert truncated == [False, False, False, True, False] * 3


def test_a_reset_begins_to_count_steps_anew():
    envs = gym.make_vec("textbook/BanditsCourse-v1", num_envs=2, max_episode_steps=4)
    envs.reset(seed=0)
    for _ in range(3):
        envs.step([0, 0])
    envs.reset()
    assert [bool(envs.step([0, 0])[3].all()) for _ in range(4)] == [False, False, False, True]


@pytest.mark.parametrize("number", [0, 2**53 - 1])
def test_the_first_and_the_last_edition_can_be_opened(number):
    env = gym.make("textbook/Bandits-v1").unwrapped
    assert env.reset(seed=0, options={"edition": number})[1]["edition"] == number


def test_a_bare_reset_within_a_course_opens_a_fresh_one_even_where_an_exercise_was_just_posed():
    env = gym.make("textbook/BanditsCourse-v1", exercises=2).unwrapped
    first = env.reset(seed=0)[1]["edition"]
    assert env.reset()[1]["edition"] == first  # nothing was done in it yet
    while not env.step(0)[4]["exercise_done"]:
        pass
    assert env.step(0)[4]["exercise"] == 2  # posed, and no step taken
    _, info = env.reset()
    assert info["edition"] != first
    assert (info["chapter"], info["exercise"]) == (1, 1)


def test_the_edition_after_one_that_was_opened_elsewhere_begins_at_its_first_chapter():
    env = gym.make("textbook/Bandits-v1", exercises=1).unwrapped
    first = env.reset(seed=0, options={"chapter": 5})[1]
    chapters, info = [], first
    while info["edition"] == first["edition"]:
        chapters.append(info["chapter"])
        env.step(0)
        _, info = env.reset()
    assert chapters == [5, 6]
    assert info["chapter"] == 1


def test_arrays_handed_out_stay_as_they_are():
    for mode in AutoresetMode:
        envs = gym.make_vec("textbook/Bandits-v1", num_envs=8, autoreset_mode=mode.value, max_episode_steps=3)
        kept = [envs.reset(seed=0)]
        copies = copy.deepcopy(kept)
        for _ in range(20):
            kept.append(envs.step([0] * 8))
            copies.append(copy.deepcopy(kept[-1]))
            ended = kept[-1][2] | kept[-1][3]
            if mode == AutoresetMode.DISABLED and ended.any():
                kept.append(envs.reset(options={"reset_mask": ended}))
                copies.append(copy.deepcopy(kept[-1]))
        assert_same(tuple(kept), tuple(copies))


def test_spec_rebuilds_the_environment():
    env = gym.make("textbook/Bandits-v1", reward="mark", chapters=["three arms", 6])
    spec = type(env.spec).from_json(env.spec.to_json())
    twin = gym.make(spec)
    assert_same(twin.reset(seed=1), env.reset(seed=1))
    assert twin.unwrapped.lanes.settings["reward"] == "mark"


def test_rendering(book_name):
    env = gym.make(env_ids(book_name)[0], render_mode="ansi")
    env.reset(seed=0)
    text = env.render()
    assert text.startswith(f"{book_name} 1.1 ")
    picture = gym.make(env_ids(book_name)[0], render_mode="rgb_array")
    picture.reset(seed=0)
    pixels = picture.render()
    assert pixels.dtype == np.uint8
    assert pixels.ndim == 3
    assert pixels.shape[2] == 3
    assert len(np.unique(pixels)) > 2
    assert env.unwrapped.tell()


def test_module_prefixed_ids_work_in_a_fresh_process():
    import subprocess
    import sys

    code = "import gymnasium as g; print(g.make('textbook_gym:textbook/Bandits-v1').reset(seed=1)[1]['chapter'])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "1"
    )
