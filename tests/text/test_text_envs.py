"""`view="text"`: what Gymnasium promises, of texts; many conversations equal single ones."""

import copy
import functools
import pickle
import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import CustomSpaceError
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode

from textbook_gym.registry import BOOKS, CLASSICS, LIBRARY, env_ids, short_id

IDS = [i for name in [*sorted(BOOKS), *CLASSICS, LIBRARY] for i in env_ids(name) if i in gym.registry]
IDS += [short_id(name) for name in sorted(BOOKS)]
SHORTEST = {"chapters": [1, 3, 6], "exercises": 1}


def words(env_id="textbook/BanditsCourse-v1", **keywords):
    return gym.make(env_id, view="text", **keywords).unwrapped


@pytest.mark.parametrize("env_id", IDS)
def test_gymnasium_check_env_passes_without_a_warning(env_id):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(words(env_id))


@pytest.mark.parametrize("memory", ["notebook", "none"])
@pytest.mark.parametrize("env_id", ["textbook/Bandits-v1", "textbook/BanditsCourse-v1", "textbook/LibraryCourse-v0"])
def test_and_so_it_does_with_other_memories(env_id, memory):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(words(env_id, memory=memory))


def test_pages_lie_in_their_space_and_say_what_the_messages_say(book_name):
    env = gym.make(env_ids(book_name)[1], view="text", exercises=1)
    rng, names = np.random.default_rng(0), env.unwrapped.desk.lane.book.actions
    page, info = env.reset(seed=0)
    over, said = False, [m["content"] for m in info["messages"]]
    while True:
        assert env.observation_space.contains(page)
        assert page == "\n\n".join(said)
        if over:
            break
        page, _, over, _, info = env.step(str(rng.choice([*names, "nonsense"])))
        said = [m["content"] for m in info["messages"]]


def test_other_letters_are_read_and_shown_as_question_marks():
    env = words(memory="notebook", **SHORTEST)
    env.reset(seed=0)
    for _ in range(6):
        env.step("<notebook>caf\u00e9\t!</notebook>PULL_A")
    page, _, _, _, info = env.step("")
    assert "Your notebook:\ncaf??!" in page
    assert "caf\u00e9\t!" in info["messages"][1]["content"]
    assert env.observation_space.contains(page)


def play(env, seed, steps=60):
    """What an environment shows and pays, ended episodes reset."""
    rng = np.random.default_rng(seed)
    told = [env.reset(seed=seed)]
    for _ in range(steps):
        told.append(env.step(reply(rng)))
        if told[-1][2]:
            told.append(env.reset())
    return told


def reply(rng):
    return str(rng.choice(["PULL_A", "<action>PULL_C</action>", "<note>b</note>PULL_B", "hm"]))


@pytest.mark.parametrize("memory", ["transcript", "notebook", "none"])
@pytest.mark.parametrize("episode", ["exercise", "book"])
def test_an_episode_pays_what_the_flat_one_does(episode, memory):
    keywords = {"episode": episode, **SHORTEST}
    text, flat = words(memory=memory, **keywords), gym.make("textbook/Bandits-v1", **keywords)
    text.reset(seed=3)
    flat.reset(seed=3)
    rng = np.random.default_rng(0)
    for _ in range(100):
        action = int(rng.integers(6))
        _, reward, over, _, told = flat.step(action)
        _, own, ended, _, info = text.step(f"PULL_{'ABCDEF'[action]}")
        assert own == reward
        assert {k: info[k] for k in told} == told
        if told["exercise_done"] and memory == "notebook" and not told["book_done"]:
            assert not ended
            _, _, ended, _, _ = text.step("<note>mine</note>")
        assert ended == over
        if over:
            assert flat.reset()[1]["edition"] == text.reset()[1]["edition"]
        elif told["exercise_done"]:
            flat.step(0)  # turns the page


@pytest.mark.parametrize("env_id", ["textbook/Bandits-v1", "textbook/BanditsShort-v1", "textbook/Library-v0"])
def test_many_equal_single_ones(env_id):
    many = gym.make_vec(env_id, num_envs=3, view="text", autoreset_mode="NextStep", memory="notebook")
    singles = [words(env_id, memory="notebook") for _ in range(3)]
    pages, _ = many.reset(seed=5)
    assert pages == tuple(env.reset(seed=5 + i)[0] for i, env in enumerate(singles))
    rng, over = np.random.default_rng(0), [False] * 3
    for _ in range(120):
        replies = tuple(reply(rng) for _ in range(3))
        pages, rewards, terminated, _, infos = many.step(replies)
        assert many.observation_space.contains(pages)
        for i, env in enumerate(singles):
            if over[i]:
                assert pages[i] == env.reset()[0]
                over[i] = False
                continue
            page, reward, over[i], _, info = env.step(replies[i])
            assert (pages[i], rewards[i], terminated[i]) == (page, reward, over[i])
            assert infos["messages"][i] == info["messages"]
            assert infos["invalid"][i] == info["invalid"]


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_every_autoreset_mode_and_truncation(mode):
    many = gym.make_vec("textbook/Bandits-v1", num_envs=2, view="text", autoreset_mode=mode.value, max_episode_steps=4)
    many.reset(seed=0)
    for _ in range(4):
        pages, _, terminated, truncated, _ = many.step(("PULL_A", "PULL_B"))
    assert truncated.all()
    assert not terminated.any()
    assert pages[0].startswith("Chapter 1") == (mode == AutoresetMode.SAME_STEP)
    assert many.metadata["autoreset_mode"] == mode


def test_editions_by_lane():
    many = gym.make_vec("textbook/Bandits-v1", num_envs=3, view="text")
    pages, info = many.reset(seed=0, options={"edition": [4, 5, 6]})
    assert info["edition"].tolist() == [4, 5, 6]
    assert pages == tuple(words("textbook/Bandits-v1").reset(seed=0, options={"edition": e})[0] for e in (4, 5, 6))
    mask = np.array([True, False, True])
    later, info = many.reset(options={"edition": [7, 8], "reset_mask": mask})
    assert (info["edition"] * mask).tolist() == [7, 0, 8]
    assert later[1] == pages[1]
    with pytest.raises(ValueError, match=r"lists 2 for 3 lanes"):
        many.reset(options={"edition": [1, 2]})


def test_shared_memory_that_would_lose_texts_is_refused():
    make = functools.partial(gym.make_vec, "textbook/Bandits-v1", num_envs=2, view="text", vectorization_mode="async")
    with pytest.raises(ValueError, match="shared_memory=False") as refused:
        make()
    assert isinstance(refused.value.__cause__, CustomSpaceError)
    own = make(vector_kwargs={"shared_memory": False})
    single = words("textbook/Bandits-v1")
    assert own.reset(seed=1)[0][0] == single.reset(seed=1)[0]
    assert own.step(("PULL_A", "hm"))[0][0] == single.step("PULL_A")[0]
    own.close()


def test_a_saved_conversation_goes_on_elsewhere():
    env, other = words(memory="notebook", **SHORTEST), words(memory="notebook", **SHORTEST)
    page, _ = env.reset(seed=1)
    for i in range(12):
        shown, info = other.load(env.save())
        assert (shown, info["fresh"]) == (page, i in (0, 7, 10))
        page, *rest = env.step("<note>a</note>PULL_B")
        assert (page, *rest) == other.step("<note>a</note>PULL_B")


@pytest.mark.parametrize("env_id", ["textbook/Bandits-v1", "textbook/VocabularyCourse-v0", "textbook/LibraryCourse-v0"])
@pytest.mark.parametrize("twin_of", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])
def test_copies_and_pickles_go_on_alike(env_id, twin_of):
    env = words(env_id, exercises=1)
    env.reset(seed=1)
    env.step("hm")
    twin = twin_of(env)
    assert twin.save() == env.save()
    for _ in range(30):
        name = env.desk.lane.book.actions[0]
        done = env.step(name)
        assert twin.step(name) == done
        if done[2]:
            assert twin.reset() == env.reset()
    assert twin.save() == env.save()


def test_drawings_are_those_of_the_flat_view():
    for env_id in ("textbook/BanditsCourse-v1", "textbook/LibraryCourse-v0"):
        env = words(env_id, render_mode="ansi")
        env.reset(seed=1)
        flat = gym.make(env_id, render_mode="ansi")
        flat.reset(seed=1)
        assert env.render() == flat.render()


def test_the_flat_view_is_what_it_was():
    from textbook_gym.envs.single import BookEnv
    from textbook_gym.envs.vector import BookVectorEnv

    assert type(gym.make("textbook/Bandits-v1").unwrapped) is BookEnv
    assert type(gym.make("textbook/Bandits-v1", view="flat").unwrapped) is BookEnv
    assert type(gym.make_vec("textbook/Bandits-v1", num_envs=2)) is BookVectorEnv


def test_privileged_information_is_told_if_asked_for():
    env = words(privileged=True)
    assert "arm" in env.reset(seed=0)[1]["privileged"]["edition"]
    assert "arm" in env.step("PULL_A")[4]["privileged"]["edition"]


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"view": "texts"}, r"view='texts' \(did you mean 'text'\?\); choose one of flat, text"),
        ({"memory": "none"}, "keyword 'memory' belongs to view='text'; give that too"),
        (
            {"view": "text", "memroy": "none"},
            "unexpected keyword argument 'memroy'.* with view='text' also memory, preface",
        ),
        ({"view": "text", "memory": 3}, "memory=3; choose one of transcript, notebook, none"),
    ],
)
@pytest.mark.parametrize("make", [gym.make, functools.partial(gym.make_vec, num_envs=2)])
def test_what_is_not_known_is_refused(make, keywords, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make("textbook/Bandits-v1", **keywords)
