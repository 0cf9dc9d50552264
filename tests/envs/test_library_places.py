"""Ways into the library: places to go to, saving, what is refused, pages drawn."""

import copy
import pickle

import gymnasium as gym
import numpy as np
import pytest
from helpers.library import FEW, ID, NAMES, make, play, stand
from helpers.playing import assert_same

from textbook_gym.envs.library import LibraryEnv, LibraryVectorEnv
from textbook_gym.envs.multibook import books_of
from textbook_gym.registry import LIBRARY, register


def test_options_lead_to_a_book_an_edition_and_a_chapter():
    env = make(books=FEW, split="all")
    env.reset(seed=1)
    play(env, 30)
    a = env.reset(options={"book": "Navigation", "edition": 12, "chapter": 3})
    assert (NAMES[a[1]["book"]], a[1]["edition"], a[1]["chapter"]) == ("Navigation", 12, 3)
    env.reset(seed=99)
    assert_same(a, env.reset(options={"book": "Navigation", "edition": 12, "chapter": 3}))
    assert env.reset(options={"chapter": 2})[1]["edition"] == 12
    b = env.reset(options={"book": "Bandits", "edition": 12})  # the same number, another book
    assert (NAMES[b[1]["book"]], b[1]["edition"]) == ("Bandits", 12)
    _, info = env.reset(options={"edition": 7})
    assert FEW[books_of([7], 3)[0]] == NAMES[info["book"]]
    plain = make("textbook/Vocabulary-v0", split="all")
    plain.reset(seed=99)
    numbers = [plain.reset(seed=99)[1]["edition"]]
    env.reset(seed=99)
    _, info = env.reset(options={"book": "Vocabulary"})  # the next edition of the seed
    assert (NAMES[info["book"]], info["chapter"]) == ("Vocabulary", 1)
    assert info["edition"] not in numbers
    world = {"sky": 3, "still": 1, "arm": [2, 4, 3, 1, 5, 7]}
    env = make(books=FEW, privileged=True)
    _, info = env.reset(seed=0, options={"book": "Bandits", "edition": world})
    assert info["edition"] == -1
    assert info["privileged"]["edition"] == world
    envs = gym.make_vec(ID, num_envs=3, books=FEW)
    _, info = envs.reset(seed=0, options={"book": [*reversed(FEW)], "edition": [1, 2, 3]})
    assert [NAMES[b] for b in info["book"]] == [*reversed(FEW)]
    assert info["edition"].tolist() == [1, 2, 3]


def test_a_saved_course_goes_on_anywhere():
    """In a fresh environment and in one lane of a batch, to the last bit."""
    env = make(books=FEW, exercises=1)
    env.reset(seed=8)
    last = play(env, 77)[-1]
    data = env.save()
    expected = tuple(play(env, 200))
    other = make(books=FEW, exercises=1)
    assert_same(other.load(data)[0], last[0])
    assert_same(tuple(play(other, 200)), expected)
    envs = gym.make_vec(ID, num_envs=3, books=FEW, exercises=1, autoreset_mode="Disabled")
    envs.reset(seed=0)
    assert_same(envs.load(data, lanes=[1])[0][1], last[0])
    rng = np.random.default_rng(9)
    for back in (b for b in expected if len(b) == 5):
        seen, rewards, terminated, _, info = envs.step([0, int(rng.integers(env.action_space.n)), 0])
        assert np.array_equal(seen[1], back[0])
        assert (rewards[1], terminated[1], info["book"][1]) == (back[1], back[2], back[4]["book"])
        if terminated.any():
            envs.reset(options={"reset_mask": terminated})
    two = gym.make_vec(ID, num_envs=2, books=FEW, exercises=1, autoreset_mode="Disabled")
    two.load(envs.save(lanes=[2, 1]))
    assert stand(two, slice(1, 2)) == stand(envs, slice(1, 2))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda d: d[:-1], "damaged"),
        (lambda d: d[:-9] + bytes([d[-9] ^ 1]) + d[-8:], "damaged"),
        (lambda d: b"", "no saved course"),
        (lambda d: make(books=FEW[:2]).save(), "books='Bandits, Navigation'"),
        (lambda d: make(books=FEW, width=99).save(), "width='99'"),
        (lambda d: make("textbook/Bandits-v1").save(), "book='Bandits'"),
    ],
)
def test_damaged_or_foreign_bytes_are_refused(spoil, message):
    env = make(books=FEW)
    env.reset(seed=0)
    before = stand(env)
    with pytest.raises(ValueError, match=message):
        env.load(spoil(env.save()))
    assert stand(env) == before


def test_environments_are_copied_and_pickled_mid_course():
    env = make(books=FEW, exercises=1)
    env.reset(seed=2)
    play(env, 57)
    twins = [pickle.loads(pickle.dumps(env)), copy.deepcopy(env)]
    expected = tuple(play(env, 200))
    for twin in twins:
        assert_same(tuple(play(twin, 200)), expected)
    envs = gym.make_vec(ID, num_envs=5, books=FEW)
    envs.reset(seed=0)
    twin = copy.deepcopy(envs)
    for _ in range(30):
        assert_same(envs.step([0, 1, 2, 3, 4]), twin.step([0, 1, 2, 3, 4]))


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"books": ["Bandit"]}, r"books: no book 'Bandit' \(did you mean 'Bandits'\?\); there are Alchemy"),
        ({"held_out": "bandits"}, r"held_out: no book 'bandits' \(did you mean 'Bandits'\?\)"),
        ({"books": FEW, "held_out": FEW}, "leaves no book"),
        ({"books": []}, "leaves no book"),
        ({"books": ["Bandits"], "width": 9}, "width=9: give a whole number >= 10 for these books, or None"),
        ({"books": ["Bandits"], "actions": 6.5}, "actions=6.5: give a whole number >= 6 for these books, or None"),
        ({"reward": "visible", "books": ["Bandits"]}, "Bandits has none"),
        ({"reward": "improvment"}, "did you mean 'improvement'"),
        ({"exercises": 0}, "whole number >= 1"),
        ({"render_mode": "human"}, "choose one of ansi, rgb_array"),
    ],
)
@pytest.mark.parametrize("build", [LibraryEnv, LibraryVectorEnv])
def test_a_wrong_keyword_is_refused_where_it_is_given(build, keywords, message):
    with pytest.raises(ValueError, match=message) as error:
        build(**keywords)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bok": "Bandits"}, r"unknown option 'bok' \(did you mean 'book'\?\); there are book, edition, chapter"),
        ({"book": "Alchemy"}, "no book 'Alchemy' in this library; it has Bandits, Navigation, Vocabulary"),
        ({"book": "Navigatoin"}, "did you mean 'Navigation'"),
        ({"book": "Bandits", "chapter": "examm"}, "Bandits has no chapter 'examm'"),
        ({"book": "Bandits", "edition": -1}, "numbers run from 0"),
        ({"edition": -1}, "numbers run from 0"),
        ({"edition": {"sky": 1}}, "needs a 'book' too"),
        ({"book": ["Bandits", "Bandits"]}, "lists 2 for 1 lanes"),
    ],
)
def test_wrong_options_are_refused_and_change_nothing(options, message):
    env = make(books=FEW)
    env.reset(seed=0)
    env.step(1)
    before = stand(env)
    with pytest.raises(ValueError, match=message):
        env.reset(options=options)
    assert stand(env) == before
    twin = make(books=FEW)
    twin.load(env.save())
    assert_same(tuple(play(env, 50)), tuple(play(twin, 50)))


def test_wrong_actions_are_refused_and_change_nothing():
    env = make()
    with pytest.raises(RuntimeError, match="call reset"):
        env.step(0)
    env.reset(seed=0)
    before = stand(env)
    for action in (-1, env.action_space.n, 0.5, None):
        with pytest.raises(ValueError, match="Library takes 0 BUTTON_0"):
            env.step(action)
    assert stand(env) == before
    envs = gym.make_vec(ID, num_envs=2)
    envs.reset(seed=0)
    with pytest.raises(ValueError, match=r"actions\[1\] = -1"):
        envs.step([0, -1])


def test_no_book_may_take_the_library_s_name():
    with pytest.raises(ValueError, match="cannot register book 'Library'"):
        register(LIBRARY, "textbook_gym.books.bandits")


def test_pages_are_drawn_as_their_books_draw_them():
    env = make(render_mode="ansi")
    _, info = env.reset(seed=0)
    assert env.render().startswith(f"{NAMES[info['book']]} 1.1 ")
    assert env.tell()
    envs = gym.make_vec(ID, num_envs=2, render_mode="rgb_array")
    envs.reset(seed=0)
    assert all(page.dtype == np.uint8 for page in envs.render())


def test_spec_rebuilds_the_environment():
    env = gym.make(ID, held_out=["Alchemy"], exercises=1)
    twin = gym.make(type(env.spec).from_json(env.spec.to_json()))
    assert_same(twin.reset(seed=1), env.reset(seed=1))
    assert twin.unwrapped.lanes.names == env.unwrapped.lanes.names
