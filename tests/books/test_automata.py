"""A machine that is explored and labelled: what a hint counts, what a label does, and who is ahead with them."""

import numpy as np
import pytest

from textbook_gym.engine.lanes import Lanes
from textbook_gym.engine.loops import Wipe
from textbook_gym.registry import find
from textbook_gym.students.base import ABLATED, REFERENCES
from textbook_gym.students.rollout import walk

EDITIONS = 256
LANES = 16
BOOK = find("Automata")
HINT, LABEL = BOOK.actions.index("HINT"), BOOK.actions.index("LABEL")


def marks(student):
    """Marks by exercise, a mean over editions, and the chapter of each."""
    lanes = Lanes(BOOK.path, EDITIONS, episode="book", split="test")
    rows = walk(student, lanes, list(range(EDITIONS)), Wipe.NEVER)
    return rows["mark"].mean(axis=0), rows["chapter"][0]


@pytest.mark.parametrize("ability", ["self-improvement", "foresight"])
def test_who_labels_is_behind_at_first_and_ahead_later(ability):
    """Behind in the exercise in which it begins, the second of all; ahead in every later chapter."""
    whole, chapter = marks(REFERENCES["model"])
    gap = whole - marks(ABLATED[f"model-{ability}"])[0]
    assert gap[chapter == 1][1] < -0.08
    assert all(gap[chapter == number].mean() > 0.05 for number in range(2, 7))
    assert gap[chapter >= 3].mean() > 0.1


def test_who_takes_hints_for_ever_stays_at_a_half():
    """The way that pays now: half of every question, and nothing heard."""
    hinted, chapter = marks(ABLATED["model-exploration"])
    whole, _ = marks(REFERENCES["model"])
    for number in (1, 2, 3):
        assert hinted[chapter == number].max() < 0.55
        assert whole[chapter == number][-3:].min() > 0.9


def test_a_newcomer_labels_nothing_and_the_model_student_nearly_all():
    left = {}
    for name in ("newcomer", "model"):
        lanes = Lanes(BOOK.path, EDITIONS, episode="book", split="test")
        walk(REFERENCES[name], lanes, list(range(EDITIONS)), Wipe.NEVER)
        left[name] = lanes.records["state"]["label"] > 0
    assert not left["newcomer"].any()
    assert left["model"][:, :5].mean() > 0.95
    assert left["model"].mean() > 0.9


def opened(chapter, lanes=LANES):
    """Lanes at the first page of a chapter, with their buffers."""
    made = Lanes(BOOK.path, lanes, episode="book", split="all")
    obs, out = made.buffers()
    made.reset(np.ones(lanes, np.bool_), obs, out, {"edition": list(range(lanes)), "chapter": chapter})
    return made, obs, out, obs.view(BOOK.observation_type())[:, 0]


def press(lanes, obs, out, action):
    lanes.advance(np.full(LANES, action), obs, out)


@pytest.mark.parametrize("chapter", range(1, len(BOOK.chapters) + 1))
def test_a_label_is_shown_wherever_the_machine_is_in_that_state_and_nowhere_else(chapter):
    """Labels are numbered as they are put; they stay through every page to the end of the book, also unheard."""
    lanes, obs, out, seen = opened(chapter)
    rng = np.random.default_rng(chapter)
    number = [{} for _ in range(LANES)]  # label by state
    for _ in range(300):
        state, clock = lanes.records["state"], lanes.records["clock"]
        at = state["at"].tolist()
        action = np.where(rng.random(LANES) < 0.2, LABEL, rng.integers(0, HINT + 1, LANES))
        works = ~out["exercise_done"] & ~out["book_done"]
        right, asked, steps = state["right"].copy(), state["asked"].copy(), state["steps"].copy()
        lanes.advance(action, obs, out)
        for i in np.flatnonzero(works & (action == LABEL)):
            number[i].setdefault(at[i], len(number[i]) + 1)
            assert state["at"][i] == at[i]
            assert (state["right"][i], state["asked"][i], state["steps"][i]) == (right[i], asked[i], steps[i] + 1)
        for i in np.flatnonzero(~out["book_done"]):
            shown = np.flatnonzero(seen["label"][i]) + 1
            assert (
                shown.tolist() == [number[i][int(state["at"][i])]][:1]
                if state["at"][i] in number[i]
                else not len(shown)
            )
        assert (clock["mark"] <= 1.0).all()
    assert sum(map(len, number)) > LANES


def test_labels_are_gone_with_the_edition():
    lanes, obs, out, seen = opened(1)
    press(lanes, obs, out, LABEL)
    assert (seen["label"].sum(axis=1) == 1).all()
    lanes.reset(np.ones(LANES, np.bool_), obs, out, {"edition": [n + LANES for n in range(LANES)]})
    assert lanes.records["state"]["label"].max() == 0


@pytest.mark.parametrize(("hints", "labels"), [(0, 0), (8, 0), (3, 0), (0, 2), (4, 4)])
def test_a_hint_counts_half_and_a_label_costs_a_question(hints, labels):
    lanes, obs, out, _ = opened(1)
    for step in range(8):
        wise = np.array([lanes.hidden(i)["oracle"] for i in range(LANES)])
        action = np.full(LANES, HINT) if step < hints else np.full(LANES, LABEL) if step < hints + labels else wise
        lanes.advance(action, obs, out)
    assert out["exercise_done"].all()
    assert lanes.records["clock"]["mark"] == pytest.approx(np.full(LANES, (8 - labels - hints / 2) / 8))


def test_a_hint_is_not_heard():
    lanes, obs, out, seen = opened(1)
    for _ in range(7):
        press(lanes, obs, out, HINT)
        assert not seen["output"].any()
        assert (seen["result"] == 1.0).all()


def test_no_start_is_named_in_the_exam():
    _, _, _, seen = opened(len(BOOK.chapters))
    assert not seen["start"].any()
    assert opened(1)[3]["start"].any(axis=1).all()
