"""What costs now and pays later: the laboratory's fee in Causality, the cards asked about in Concepts."""

import numpy as np
import pytest

from textbook_gym.authoring.records import Row
from textbook_gym.books import causality, concepts
from textbook_gym.engine.lanes import Lanes
from textbook_gym.engine.loops import Wipe
from textbook_gym.registry import BOOKS, find
from textbook_gym.students.base import ABLATED, REFERENCES
from textbook_gym.students.rollout import walk

EDITIONS = 128


def marks_in(book_name, student, chapter):
    """Mean mark of every exercise of a chapter."""
    lanes = Lanes(BOOKS[book_name], EDITIONS, episode="book", split="all")
    rows = walk(student, lanes, list(range(EDITIONS)), Wipe.NEVER)
    ends = np.cumsum(lanes.plan["exercises"])
    return np.split(rows["mark"].mean(axis=0), ends[:-1])[chapter - 1]


@pytest.mark.parametrize(("name", "chapter"), [("Causality", 3), ("Concepts", 2)])
def test_foresight_is_behind_at_first_and_ahead_at_last(name, chapter):
    foresighted = marks_in(name, REFERENCES["model"], chapter)
    without = marks_in(name, ABLATED["model-foresight"], chapter)
    assert foresighted[0] < without[0] - 0.1
    assert foresighted[len(foresighted) // 2 :].min() > without.max() + 0.1


def first_mark(book_name, chapter, play):
    """Mark of a chapter's first exercise; `play` gives an action for a page (p, state, step)."""
    name = find(book_name).chapters[chapter - 1].name
    lanes = Lanes(BOOKS[book_name], 1, chapters=[name], exercises=1, split="all")
    obs, out = lanes.buffers()
    lanes.reset(np.ones(1, np.bool_), obs, out, {"edition": 1})
    p, step = Row(lanes.plan[0]), 0
    while not out["exercise_done"][0]:
        lanes.advance(np.array([play(p, Row(lanes.records["state"][0]), step)]), obs, out)
        step += 1
    return float(lanes.book.module.mark(p, Row(lanes.records["state"][0])))  # the exam shows none


def oracle_after(experiments):
    def play(p, s, step):
        return causality.WATCH if step < experiments else int(causality.oracle(p, None, s))

    return play


@pytest.mark.parametrize(("experiments", "mark"), [(0, 1.0), (1, 0.1), (6, 0.1)])
def test_the_fee_is_paid_once(experiments, mark):
    assert first_mark("Causality", 3, oracle_after(experiments)) == pytest.approx(mark)


@pytest.mark.parametrize(("experiments", "mark"), [(0, 1.0), (1, 0.95), (6, 0.7)])
def test_elsewhere_every_experiment_has_its_price(experiments, mark):
    assert first_mark("Causality", 1, oracle_after(experiments)) == pytest.approx(mark)


@pytest.mark.parametrize(
    ("chapter", "asks", "shown"), [(1, False, 8), (1, True, 8), (2, False, 0), (2, True, 1), (6, True, 0)]
)
def test_a_bin_of_a_set_is_shown_to_who_asks(chapter, asks, shown):
    seen = []

    def play(p, s, step):
        seen.append(int(s.shown) >= 0)  # of the card before
        return concepts.ASK if asks and step == 0 else int(s.bin)

    limit = find("Concepts").chapters[chapter - 1].limit
    assert first_mark("Concepts", chapter, play) == (limit - asks) / limit
    assert sum(seen) == min(shown, limit - 1)


def test_all_bins_move_together():
    """What was in one bin is in one bin again; and in most editions some bin has moved."""
    lanes = Lanes(BOOKS["Concepts"], EDITIONS, split="all")
    obs, out = lanes.buffers()
    lanes.reset(np.ones(EDITIONS, np.bool_), obs, out, {"edition": list(range(EDITIONS))})
    worlds = lanes.records["edition"]
    for bins, after in zip(worlds["bin"], worlds["after"], strict=True):
        moves = dict(zip(bins.tolist(), after.tolist(), strict=True))
        assert sorted(moves.values()) == list(range(concepts.BINS))
        assert [moves[b] for b in bins.tolist()] == after.tolist()
    assert (worlds["bin"] != worlds["after"]).any(axis=1).mean() > 0.8
