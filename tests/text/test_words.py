"""The words of every book: what `PREFACE`, `STRUCTURE`, `FORBIDDEN` and `say` keep, by law."""

import functools
import re
from typing import NamedTuple

import numpy as np
import pytest
from text.readers import READERS

from textbook_gym.authoring.book import read
from textbook_gym.authoring.observation import HEADER
from textbook_gym.authoring.records import Row
from textbook_gym.engine.lanes import Lanes
from textbook_gym.engine.loops import Wipe
from textbook_gym.registry import find
from textbook_gym.students.base import REFERENCES
from textbook_gym.students.rollout import walk
from textbook_gym.text import check_words
from textbook_gym.text.words import told_in

PAGE_CHARS = 800
LANES, ORACLES = 6, 2  # the first lanes are walked by the oracle, the others at random
NO_ACTION = -1  # for `course.act`: a step goes by
IDLE = 0.1  # how often the random ones do nothing
ALIKE = 1e-3  # observations as near as that may share their words: a tenth of a metre, where numbers are not whole
EDITIONS = 24  # that a reader of the words alone is tried on
SWAPS = 300
LEAST_TOLD = 0.3  # of signals put from one page on another: where nothing is asked, say, it is not said how
POOL = 400  # observations of a chapter that are compared with each other


class Page(NamedTuple):
    """One call of `say`."""

    p: Row
    before: Row | None
    action: int | None
    o: Row
    text: str


def signals(o: Row) -> np.ndarray:
    """Return an observation without its header, flat."""
    return np.frombuffer(o._void.tobytes(), np.float32)[: -sum(s.size for s in HEADER)]


def choose(lanes: Lanes, rng: np.random.Generator) -> np.ndarray:
    """Return an action for every lane: the oracle's in the first ones, at random or none in the others."""
    actions = rng.integers(len(lanes.book.actions), size=LANES)
    actions[rng.random(LANES) < IDLE] = NO_ACTION
    actions[:ORACLES] = [lanes.hidden(i)["oracle"] for i in range(ORACLES)]
    return actions


@functools.cache
def pages(book_name: str) -> tuple[Page, ...]:
    """Return the pages of short courses, every chapter and the exam among them."""
    lanes = Lanes(find(book_name).path, LANES, episode="book", exercises=2, split="all")
    say, rng = lanes.book.module.say, np.random.default_rng(7)
    obs, out = lanes.buffers()
    seen = obs.view(lanes.book.observation_type())[:, 0]
    lanes.reset(np.ones(LANES, np.bool_), obs, out, {"edition": list(range(LANES))})
    left = Lanes(lanes.book.path, LANES, episode="book", exercises=2, split="all")
    walk(REFERENCES["model"], left, list(range(LANES)), Wipe.NEVER)
    for field in (f.name for f in lanes.book.module.STATE if f.lasting):  # half the worlds are as a student leaves them
        lanes.records["state"][field][::2] = left.records["state"][field][::2]
    told: list[Page] = []
    courses = np.zeros(LANES, int)
    while courses.min() < 1:
        over, before = out["exercise_done"].copy(), seen.copy()
        actions = choose(lanes, rng)
        lanes.advance(np.where(over, 0, actions), obs, out)  # a page that is over is turned, whatever the action
        courses += out["book_done"]
        for i in range(LANES):
            p = Row(lanes.plan[int(lanes.records["clock"]["chapter"][i])])
            if out["book_done"][i] and over[i]:
                continue
            o = Row(seen[i].copy())
            was = None if over[i] else Row(before[i])
            action = None if over[i] or actions[i] == NO_ACTION else int(actions[i])
            told.append(Page(p, was, action, o, say(p, was, action, o)))
    return tuple(told)


def test_words_keep_what_is_promised_of_every_book(book_name):
    check_words(find(book_name).path)


def test_preface_names_every_action(book_name):
    book = read(find(book_name).path)
    preface = told_in(book.module.PREFACE, range(1, 1 + len(book.chapters)))
    assert "\nMark" in preface
    assert "\nExam:" in preface
    named = set(re.findall(r"\b[A-Z]+(?:_[A-Z0-9]+)+\b", preface))
    assert named <= set(book.actions), "an action that there is not"
    kinds = {name.rpartition("_")[0] or name for name in book.actions}
    assert all(re.search(rf"\b{kind}\b|\b{kind}_", preface) for kind in kinds)


def test_a_preface_tells_only_of_the_chapters_of_the_course(book_name):
    module, every = find(book_name).module, range(1, 7)
    for text in (module.PREFACE, module.STRUCTURE):
        for course in (every, every[:-1], every[-1:], module.SHORT[0], module.SEMINAR[0], [1], [3, 4]):
            told = told_in(text, course)
            assert not re.search(r"[{}]|  |\s[.,;:]|\n\n|^\s|\s$", told)
            assert all(len(told_in(text, [*course, more])) >= len(told) for more in every)
            if "{" in text:
                assert ("\nExam:" in told) == ("Exam:" in text and 6 in course)


@pytest.mark.parametrize(
    ("course", "told"),
    [
        ([1], "You walk.\nIn one room. Mind steps.\nEnd."),
        ([2], "You walk, or run.\nEnd."),
        ([1, 4], "You walk.\nIn one room. Mind steps.\nMind both.\nEnd."),
        ([3], "You walk.\nEnd."),
        ([5, 1], "You walk.\nIn one room. Mind steps.\nEnd, not earlier."),
    ],
)
def test_what_is_marked_is_told_where_its_chapters_are(course, told):
    text = "You walk{2:, or run}.\n{1: In one\nroom.} {1: Mind steps.}\n{1 & 3-4, 6: Mind both.}\nEnd{5:, not earlier}."
    assert told_in(text, course) == told


def test_a_passage_at_the_end_of_a_line_takes_no_line_break_along():
    assert (
        told_in("All stays. {2: But once it changes.}\nYou walk. {2: Fast.} End.", [1]) == "All stays.\nYou walk. End."
    )


def test_no_page_names_what_is_hidden(book_name):
    module = read(find(book_name).path).module
    forbidden = re.compile(rf"\b(?:{'|'.join(map(re.escape, module.FORBIDDEN))})\b", re.IGNORECASE)
    assert forbidden.search(module.STRUCTURE), "words that are not even those of the structure protect nothing"
    assert not {page.text for page in pages(book_name) if forbidden.search(page.text)}


def test_pages_are_short_plain_sentences(book_name):
    for page in pages(book_name):
        assert 0 < len(page.text) <= PAGE_CHARS
        assert page.text == " ".join(page.text.split())
        assert page.text.endswith(".")
        assert ("exercise is over" in page.text) == (page.o.left == 0.0)


def test_every_signal_can_be_read_from_the_words(book_name):
    """No two observations that differ share a page: along courses, and out of their course, in one chapter."""
    say, first = read(find(book_name).path).module.say, {}
    for page in pages(book_name):
        shown = first.setdefault(page.text, signals(page.o))
        assert np.allclose(shown, signals(page.o), atol=ALIKE), page.text
    for chapter in sorted({page.o.chapter for page in pages(book_name)}):
        pool = [page for page in pages(book_name) if page.o.chapter == chapter][:POOL]
        for before in (None, pool[0].o):
            read_as: dict[str, np.ndarray] = {}
            for page in pool:
                text = say(page.p, before, None, page.o)
                shown = read_as.setdefault(text, signals(page.o))
                assert np.allclose(shown, signals(page.o), atol=ALIKE), text


def test_words_change_with_every_signal(book_name):
    """A page on which one signal alone is another reads otherwise, but for pages that cannot be."""
    book, rng = read(find(book_name).path), np.random.default_rng(8)
    pairs = rng.integers(len(pages(book_name)), size=(SWAPS, 2))
    for name in (s.name for s in book.signals):
        swaps = told = 0
        for page, other in ((pages(book_name)[i], pages(book_name)[j]) for i, j in pairs):
            swapped = page.o._void.copy()
            swapped[name] = other.o._void[name]
            if not np.allclose(swapped[name], page.o._void[name], atol=ALIKE):
                swaps += 1
                told += book.module.say(page.p, None, None, Row(swapped)) != book.module.say(page.p, None, None, page.o)
        assert told > LEAST_TOLD * swaps, f"{name}: of {swaps} swaps {told} are told"


def test_words_depend_on_nothing_else(book_name):
    say = read(find(book_name).path).module.say
    for page in pages(book_name)[:200]:
        assert say(page.p, page.before, page.action, page.o) == page.text


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_of_the_words_alone_learns(reader):
    """Half of the model student's gain, on the seminar's chapters, from pages and names of actions alone."""
    chapters, exercises = find(reader).module.SEMINAR
    editions = list(range(EDITIONS))
    lanes = Lanes(find(reader).path, EDITIONS, episode="book", split="test", chapters=chapters, exercises=exercises)
    walk(REFERENCES["model"], lanes, editions, Wipe.NEVER)
    model = gain_of(lanes)
    read_course(reader, lanes, editions)
    assert gain_of(lanes) >= model / 2, f"{gain_of(lanes):.3f} of {model:.3f}"


def gain_of(lanes: Lanes) -> float:
    """Return the mean gain of courses that are over."""
    clock = lanes.records["clock"]
    return float((clock["rise"] / clock["walked"]).mean())


def read_course(reader: str, lanes: Lanes, editions: list[int]) -> None:
    """Let a reader walk a course in every lane; it is told pages and gives names."""
    module, actions = lanes.book.module, lanes.book.actions
    readers = [READERS[reader](k) for k in range(len(editions))]
    obs, out = lanes.buffers()
    seen = obs.view(lanes.book.observation_type())[:, 0]
    lanes.reset(np.ones(len(editions), np.bool_), obs, out, {"edition": editions}, [0] * len(editions))
    told: list[tuple[Row | None, int | None]] = [(None, None)] * len(editions)
    while not out["book_done"].all():
        chosen = np.zeros(len(editions), np.int64)
        over, before = out["exercise_done"].copy(), seen.copy()
        for i, (was, action) in enumerate(told):
            p = Row(lanes.plan[int(lanes.records["clock"]["chapter"][i])])
            name = readers[i].read(module.say(p, was, action, Row(seen[i])))
            chosen[i] = 0 if over[i] else actions.index(name)
        lanes.advance(chosen, obs, out)
        told = [(None, None) if over[i] else (Row(before[i]), int(chosen[i])) for i in range(len(editions))]
