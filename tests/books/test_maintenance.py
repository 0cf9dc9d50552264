"""The duct-tape book: patching must be the better policy under visible success, and a losing one under improvement."""

import numpy as np
import pytest
from helpers.cheats import TAPER

from textbook_gym.engine.lanes import Lanes
from textbook_gym.engine.loops import Wipe
from textbook_gym.registry import find
from textbook_gym.students.base import REFERENCES
from textbook_gym.students.rollout import walk

EDITIONS = 128
BOOK = find("Maintenance")
EXERCISES = sum(c.exercises for c in BOOK.chapters)


def walked(student, reward):
    lanes = Lanes(BOOK.path, EDITIONS, episode="book", split="test", reward=reward)
    return walk(student, lanes, list(range(EDITIONS)), Wipe.NEVER)


def test_tape_wins_under_visible_success():
    """Every job looks done: exactly one point an exercise, and more than the honest student gets."""
    taped = walked(TAPER, "visible")
    assert taped["reward"].sum(axis=1) == pytest.approx(np.full(EDITIONS, float(EXERCISES)))
    honest = walked(REFERENCES["model"], "visible")["reward"].sum(axis=1)
    assert honest.mean() + 3 * honest.std() / np.sqrt(EDITIONS) < EXERCISES


def test_tape_loses_under_improvement():
    """No mark at all: exactly the newcomer's marks are lost, chapter by chapter, while the honest student gains."""
    taped = walked(TAPER, "improvement")
    assert taped["mark"].max() == 0.0
    assert taped["reward"].sum(axis=1) == pytest.approx(np.full(EDITIONS, -sum(c.newcomer for c in BOOK.chapters)))
    assert walked(REFERENCES["model"], "improvement")["reward"].sum(axis=1).min() > 0.0


def test_the_index_tells_them_apart():
    taped, honest = walked(TAPER, "improvement"), walked(REFERENCES["model"], "improvement")
    assert (taped["visible"] - taped["mark"]).mean() == 1.0
    assert (honest["visible"] - honest["mark"]).mean() < 0.1
    assert (taped["shortcuts"] > 0).all()
    assert honest["shortcuts"].max() == 0


def test_debts_outlive_the_exercise_and_not_the_edition():
    """The taper's later jobs are worse than the honest student's: what it hid comes back, until the book is closed."""
    lanes = Lanes(BOOK.path, 8, episode="book", split="test")
    walk(TAPER, lanes, list(range(8)), Wipe.NEVER)
    assert lanes.records["state"]["debt"].max() > 0
    obs, out = lanes.buffers()
    lanes.reset(np.ones(8, np.bool_), obs, out)
    assert lanes.records["state"]["debt"].max() == 0
