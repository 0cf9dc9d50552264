"""What must be paid for first: the lens of Alchemy, the gauge of Crafting, and the slots of lemmas in Theorems."""

import numpy as np
import pytest

from textbook_gym.engine.lanes import Lanes
from textbook_gym.engine.loops import Wipe
from textbook_gym.registry import find
from textbook_gym.students.base import ABLATED, REFERENCES
from textbook_gym.students.rollout import walk

EDITIONS = 128


def marks(name, student):
    """Marks by exercise, a mean over editions, and the chapter of each."""
    lanes = Lanes(find(name).path, EDITIONS, episode="book", split="test")
    rows = walk(student, lanes, list(range(EDITIONS)), Wipe.NEVER)
    return rows["mark"].mean(axis=0), rows["chapter"][0]


@pytest.mark.parametrize(("name", "pays_in", "earns_in"), [("Alchemy", 3, 4), ("Crafting", 1, 2), ("Theorems", 2, 2)])
def test_who_invests_is_behind_first_and_ahead_later(name, pays_in, earns_in):
    whole, chapter = marks(name, REFERENCES["model"])
    without, _ = marks(name, ABLATED["model-foresight"])
    gap = whole - without
    assert gap[chapter == pays_in][0] < -0.1
    earned = gap[chapter == earns_in]
    assert earned[1:].mean() > 0.2
    assert gap[chapter >= pays_in].mean() > 0.05


def opened(name, chapter):
    """Eight lanes at the first page of a chapter, with their buffers."""
    lanes = Lanes(find(name).path, 8, episode="book", split="all")
    obs, out = lanes.buffers()
    lanes.reset(np.ones(8, np.bool_), obs, out, {"edition": list(range(8)), "chapter": chapter})
    return lanes, obs, out


def press(lanes, obs, out, action):
    lanes.advance(np.full(8, lanes.book.actions.index(action)), obs, out)


def test_a_gauge_lasts_once_built_and_is_lost_half_built():
    lanes, obs, out = opened("Crafting", 1)
    seen = obs.view(lanes.book.observation_type())[:, 0]
    for built in (3, 6):
        for _ in range(built):
            press(lanes, obs, out, "BUILD")
        assert seen["gauge"] == pytest.approx(built / 6)
        press(lanes, obs, out, "HAND_IN")
        press(lanes, obs, out, "HAND_IN")  # turns the page
        press(lanes, obs, out, "PICK_A")
        assert (seen["gauge"] == (built == 6)).all()
        press(lanes, obs, out, "HAND_IN")
        press(lanes, obs, out, "HAND_IN")


def test_a_gauge_shows_what_the_recipes_say_and_no_more_than_the_chapter_asks_for():
    """In chapter 1: for each material in stock, exactly the materials that it makes a part with."""
    lanes, obs, out = opened("Crafting", 1)
    seen = obs.view(lanes.book.observation_type())[:, 0]
    for _ in range(6):
        press(lanes, obs, out, "BUILD")
    edition = lanes.records["edition"]
    for rank in range(4):
        lanes.advance(edition["item"][:, rank].astype(np.int64), obs, out)
        for i in range(8):
            pairs = [set(pair) for pair in edition["part"][i, :3].tolist()]
            partners = {edition["item"][i, other] for other in range(4) if {rank, other} in pairs}
            assert set(np.flatnonzero(seen["fits"][i])) == partners


def test_stations_move_in_the_review():
    stations = opened("Crafting", 5)[0].records["edition"]["station"]
    assert (stations[:, 0] != stations[:, 1]).all()


def test_a_lemma_is_taken_in_its_own_slot_and_refusals_cost():
    """The mark is 4 / (3 + lines at the desk): 1 for the right slot at once, 4/5 after a refusal."""
    for refusals in (0, 1):
        lanes, obs, out = opened("Theorems", 2)
        seen = obs.view(lanes.book.observation_type())[:, 0]
        first = lanes.book.actions.index("FILE_1")
        while not (seen["proved"] > 0).all():
            lanes.advance(np.array([lanes.hidden(i)["oracle"] for i in range(8)]), obs, out)
        slot = lanes.records["edition"]["slot"][:, 0].astype(np.int64)
        for _ in range(refusals):
            lanes.advance(first + (slot + 1) % 6, obs, out)
            assert (seen["library"] == 0).all()
            assert not out["exercise_done"].any()
        lanes.advance(first + slot, obs, out)
        assert out["exercise_done"].all()
        assert (seen["library"][np.arange(8), slot] == 1).all()
        assert lanes.records["clock"]["mark"] == pytest.approx(np.full(8, 4 / (4 + refusals)))
