"""What the references would do, asked while others act."""

import numpy as np
import pytest

from textbook_gym.engine.labels import NO_LABEL, Label, Labels
from textbook_gym.engine.lanes import Lanes
from textbook_gym.engine.loops import Wipe
from textbook_gym.registry import find
from textbook_gym.students.base import REFERENCES
from textbook_gym.students.rollout import open_editions, walk
from textbook_gym.students.trajectories import Recorder, ReferenceAgent

EDITIONS = range(5, 11)


@pytest.mark.parametrize("book", ["Vocabulary", "Maintenance", "Navigation"])
@pytest.mark.parametrize("name", ["model", "newcomer", "oracle"])
def test_a_reference_that_follows_its_labels_walks_as_in_the_compiled_loop(book, name):
    """Pages, notes, chance and wipes are those of `walk`, or marks and steps would part."""
    lanes = Lanes(find(book).path, len(EDITIONS), episode="book", split="train", course="short")
    rows = walk(REFERENCES[name], lanes, EDITIONS, Wipe.NEVER, seed=3)
    recorder = Recorder(ReferenceAgent(name))
    told = recorder.walk(find(book), EDITIONS, course="short", wipe=REFERENCES[name].wipe, seed=3)
    exam = rows["chapter"] == len(find(book).chapters)
    marks = told.mark[told.exercise_done & (np.arange(told.mark.shape[1]) < told.length[:, np.newaxis])]
    np.testing.assert_array_equal(marks.reshape(rows.shape), np.where(exam, 0.0, rows["mark"]))
    np.testing.assert_array_equal(told.length, rows["steps"].sum(axis=1) + rows.shape[1])


def test_labels_stand_where_an_exercise_is_open_and_the_oracle_is_right():
    told = Recorder(ReferenceAgent("random")).walk(find("Concepts"), range(4), course="short")
    inside = np.arange(told.mark.shape[1]) < told.length[:, np.newaxis]
    assert ((told.label == NO_LABEL) == told.exercise_done[..., np.newaxis])[inside].all()
    assert told.first[inside].sum() == told.exercise_done[inside].sum()


def test_a_model_student_learns_from_what_others_do():
    """It looks over the oracle's shoulder and then knows what the oracle does, though it never acted."""
    lanes = Lanes(find("Vocabulary").path, 16, episode="book", split="train", chapters=[1])
    obs, out = open_editions(lanes, range(16))
    labels = Labels(lanes)
    wanted, agree = labels.look(obs, out["exercise_done"]), []
    while not out["book_done"].all():
        agree.append((wanted[:, Label.MODEL] == wanted[:, Label.ORACLE]).mean())
        action = np.maximum(wanted[:, Label.ORACLE], 0)
        lanes.advance(action, obs, out)
        wanted = labels.look(obs, out["exercise_done"], action)
    assert np.mean(agree[:4]) < 0.5
    assert np.mean(agree[-20:]) > 0.95
