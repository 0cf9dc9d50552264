"""Controls: what each of them changes about a course, and that nothing else changes."""

import numpy as np
import pytest
from toy.players import Outside

from textbook_gym.engine.loops import Actor, Wipe
from textbook_gym.registry import find
from textbook_gym.students.base import REFERENCES, Reference
from textbook_gym.students.wrappers import FunctionAgent
from textbook_gym.study.controls import CONTROLS, check_controls, foreign_to, walk_under

BOOK = find("Vocabulary").path
EXERCISES = [c.exercises for c in find("Vocabulary").chapters]
MODEL = REFERENCES["model"]


def page(rows):
    """Rows in the order of the book."""
    return rows[np.arange(len(rows))[:, None], np.lexsort((rows["exercise"], rows["chapter"]))]


@pytest.fixture(scope="module")
def marks():
    """Marks of the model student by control, in the order of the book, of 64 editions."""
    return {name: page(walk_under(name, MODEL, BOOK, range(64)))["mark"] for name in CONTROLS}


@pytest.mark.parametrize("control", CONTROLS)
def test_a_student_from_outside_is_treated_like_one_inside(control):
    """The model student as plain Python gets the rows of the compiled one, byte for byte."""
    inside = walk_under(control, MODEL, BOOK, [5, 6])
    outside = walk_under(control, Outside(), BOOK, [5, 6], lanes=1)
    for column in ("chapter", "exercise", "steps", "mark", "grade"):
        assert inside[column].tobytes() == outside[column].tobytes(), column
    assert np.allclose(inside["reward"], outside["reward"], rtol=0, atol=1e-12)


@pytest.mark.parametrize("control", CONTROLS)
def test_every_control_poses_the_same_exercises(control):
    """One who always does the same is marked the same, whatever is done to a memory that it has not."""
    student = FunctionAgent(lambda seen: np.full(len(seen), 2), "two")
    kept, rows = (page(walk_under(c, student, BOOK, [0, 1, 2])) for c in ("kept", control))
    for column in ("chapter", "exercise", "steps", "mark", "grade"):
        assert kept[column].tobytes() == rows[column].tobytes(), column


def test_cold_chapters_are_those_before_which_memory_was_wiped(marks):
    assert np.array_equal(marks["cold"], marks["chapter"])
    assert np.array_equal(marks["cold"][:, : EXERCISES[0]], marks["kept"][:, : EXERCISES[0]])


def test_only_the_memory_of_the_same_world_helps(marks):
    first = marks["kept"][:, 0].mean()
    assert marks["again"][:, 0].mean() > first + 0.1  # the book is known
    assert marks["foreign"][:, 0].mean() < first  # another one is known, which is worse than none
    assert marks["wiped"].mean() < marks["chapter"].mean() < marks["kept"].mean()


def test_whoever_forgets_at_every_chapter_has_nothing_left_when_it_sits_one_again(marks):
    forgetter = Reference("forgetter", (Actor.MODEL,), Wipe.CHAPTER)
    again = walk_under("again", forgetter, BOOK, range(64))["mark"]
    assert again.mean() == pytest.approx(marks["cold"].mean(), abs=0.01)  # up to the luck of its guesses
    assert again.mean() < marks["again"].mean() - 0.2


def test_shuffled_chapters_come_in_another_order_and_the_exam_last():
    rows = walk_under("shuffled", MODEL, BOOK, range(16))
    orders = {tuple(dict.fromkeys(r["chapter"].tolist())) for r in rows}
    assert len(orders) > 8
    assert {order[-1] for order in orders} == {len(EXERCISES)}
    assert {tuple(sorted(order)) for order in orders} == {tuple(range(1, len(EXERCISES) + 1))}


def test_foreign_editions_are_none_of_those_studied():
    assert not {foreign_to(n) for n in range(10_000)} & set(range(10_000))


def test_cheats_act_in_the_same_exercises_when_chapters_are_walked_alone():
    saw = Reference("saw", (Actor.ORACLE, Actor.RANDOM, Actor.RANDOM))
    kept, cold = (walk_under(c, saw, BOOK, range(8))["mark"] for c in ("kept", "cold"))
    assert (cold[:, ::3] == 1.0).all()
    assert (kept[:, ::3] == 1.0).all()
    assert (cold[:, 1::3] == 1.0).mean() < 0.5


def test_controls_are_found_by_name_or_refused():
    assert check_controls(["all"]) == tuple(CONTROLS)
    for wrong, message in ((["folded"], "choose from kept"), (["cld"], "did you mean 'cold'"), (["kept"] * 2, "twice")):
        with pytest.raises(ValueError, match=message):
            check_controls(wrong)
