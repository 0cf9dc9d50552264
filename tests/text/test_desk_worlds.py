"""One world a number, many desks: seeds, editions, pages, classics, the library."""

import numpy as np
import pytest
from helpers.desks import BANDITS, MEMORIES, answers, desk, newcomers, walk

from textbook_gym.registry import BOOKS, CLASSICS, id_of
from textbook_gym.text import Desk


def test_seed_and_edition_name_the_world():
    def words(**place):
        d = desk()
        d.open(**place)
        return d.info["edition"], [m for t in walk(d) for m in t.messages]

    assert words(seed=3) == words(seed=3)
    assert words(seed=3)[0] != words(seed=4)[0]
    assert words(edition=5) == words(edition=5, seed=9)
    assert words(edition=5)[0] == 5
    assert words(edition=5)[1] != words(edition=6)[1]


def test_the_next_open_goes_on_with_the_next_edition_and_a_clean_sheet():
    d = desk(memory="notebook")
    d.open(seed=1)
    first = d.info["edition"]
    walk(d, seed=1)
    assert d.info["invalid_unknown"] > 0
    messages = d.open()
    assert messages == d.transcript
    assert d.info["edition"] != first
    assert (d.total, d.notebook, d.info["invalid_unknown"]) == (0.0, "", 0)
    assert d.open() == messages  # nothing was done yet: the same page again


def test_a_state_set_before_the_first_reply_is_what_the_page_shows():
    """The edition goes on, but it is not the same page again."""
    d = Desk(id_of("Alchemy", "Course"), memory="none")
    first = d.open(seed=1)
    changed = d.open(state={"stone": [7, 7, 7]})
    assert changed[-1]["content"] != first[-1]["content"]


def test_an_episode_may_be_an_exercise():
    d = desk(episode="exercise")
    d.open(seed=1)
    turns = [d.reply("PULL_A") for _ in range(6)]
    assert [t.terminated for t in turns] == [False] * 5 + [True]
    with pytest.raises(RuntimeError, match=r"no reply is expected; call open\(\)"):
        d.reply("PULL_A")
    (page,) = d.open()
    assert page["content"].startswith('Chapter 1 of 3, "three arms", exercise 2 of 2.')
    length = len(d.transcript)
    assert d.open() == [page]  # nothing was done yet: the same page again
    assert len(d.transcript) == length
    assert len(d.context) == len(d.transcript)  # it remembers
    d.reply("PULL_A")
    assert d.open()[0]["content"].startswith('Chapter 2 of 3, "new seasons"')  # given up


@pytest.mark.parametrize("env_id", [BANDITS, "textbook/Library-v0"])
def test_a_cut_ends_the_course_even_where_an_episode_is_an_exercise(env_id):
    d = Desk(env_id, episode="exercise", exercises=2)
    d.open(seed=1)
    while not d.done:
        d.reply("nothing")
    d.finish()
    assert d.info["book_done"]
    assert d.total == pytest.approx(-newcomers(d))


def test_desks_step_independently():
    alone = []
    for seed in range(6):
        d = desk(memory=MEMORIES[seed % 3])
        d.open(seed=seed)
        walk(d, seed)
        alone.append(d.transcript)
    many = [desk(memory=MEMORIES[seed % 3]) for seed in range(6)]
    scripts = [answers(seed) for seed in range(6)]
    for seed, d in enumerate(many):
        d.open(seed=seed)
    rng = np.random.default_rng(0)
    while not all(d.done for d in many):
        i = int(rng.integers(6))
        if not many[i].done:
            many[i].reply(next(scripts[i]))
    assert [d.transcript for d in many] == alone


@pytest.mark.parametrize("name", CLASSICS)
def test_a_classic_has_a_desk(name):
    d = Desk(id_of(name))
    d.open(seed=1)
    first = d.lane.book.actions[0]
    while not d.done:
        turn = d.reply(first)
        assert turn.info["invalid"] == ""
    assert turn.info["book_done"]


def test_the_library_is_told_in_the_words_of_its_books():
    d = Desk("textbook/Library-v0")
    assert d.lane.book is None
    books = set()
    for edition in range(8):
        d.open(edition=edition)
        books.add(d.lane.book.name)
        alone = Desk(id_of(d.lane.book.name))
        alone.open(edition=edition)
        assert d.transcript == alone.transcript
        assert d.info["book"] == sorted(BOOKS).index(d.lane.book.name)
        for name in d.lane.book.actions[:5] * 4 + ("nonsense",):
            a, b = d.reply(name), alone.reply(name)
            assert a.messages == b.messages
            assert a.reward == b.reward
        assert d.finish().reward == alone.finish().reward
        d.open()
        assert d.info["edition"] != edition
    assert len(books) > 3
