"""The law of the reward, as properties over random and adversarial mark sequences (see `engine/course.py`)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textbook_gym.authoring.fields import record_type
from textbook_gym.authoring.records import Row
from textbook_gym.engine.course import CLOCK
from textbook_gym.engine.reward import Pays, grade_after, settle

marks = st.floats(0.0, 1.0)
chapters = st.lists(marks, min_size=1, max_size=30)
discounts = st.floats(0.0, 1.0)


def rewards(marks, newcomer=0.3, exam=0, pays=Pays.IMPROVEMENT, visible=None):
    """What a chapter with these marks pays, exercise by exercise, by the engine's own rule."""
    clock = np.zeros((), record_type("test", "CLOCK", CLOCK))
    plan = np.zeros((), [("exercises", "i8"), ("newcomer", "f8"), ("exam", "i8")])
    clock["grade"], clock["pays"] = newcomer, pays
    plan["exercises"], plan["newcomer"], plan["exam"] = len(marks), newcomer, exam
    c, p = Row(clock[()]), Row(plan[()])
    paid = []
    for k, mark in enumerate(marks):
        c.exercise = k
        paid.append(settle(c, p, mark, visible[k] if visible else 0.0))
    return np.array(paid), c


def discounted(paid, gamma):
    return float(sum(r * gamma**k for k, r in enumerate(paid)))


def late_weighted(marks):
    k = np.arange(1, len(marks) + 1)
    return float((k * np.array(marks)).sum() / k.sum())


@given(chapters, marks)
def test_rewards_telescope_to_the_last_grade(v, newcomer):
    paid, c = rewards(v, newcomer)
    assert paid.sum() == pytest.approx(late_weighted(v) - newcomer, abs=1e-12)
    assert c.grade == pytest.approx(late_weighted(v), abs=1e-12)
    assert c.rise == pytest.approx(late_weighted(v) - newcomer, abs=1e-12)


@given(chapters, marks)
def test_the_recursion_is_the_late_weighted_mean(v, newcomer):
    grade = newcomer
    for k in range(1, len(v) + 1):
        grade = grade_after(grade, k, v[k - 1])
        assert grade == pytest.approx(late_weighted(v[:k]), abs=1e-12)


@given(chapters, discounts, st.data())
def test_lowering_a_mark_never_pays(v, gamma, data):
    j = data.draw(st.integers(0, len(v) - 1))
    lower = [*v[:j], data.draw(st.floats(0.0, v[j])), *v[j + 1 :]]
    for exam in (0, 1):
        assert discounted(rewards(lower, exam=exam)[0], gamma) <= discounted(rewards(v, exam=exam)[0], gamma) + 1e-12


@given(marks, marks, st.integers(1, 30))
def test_standing_still_pays_once(v, newcomer, exercises):
    paid, _ = rewards([v] * exercises, newcomer)
    assert paid[0] == pytest.approx(v - newcomer)
    assert np.abs(paid[1:]).max(initial=0.0) < 1e-12


@given(chapters, marks)
def test_the_exam_pays_the_same_and_only_at_its_end(v, newcomer):
    shown, _ = rewards(v, newcomer)
    exam, _ = rewards(v, newcomer, exam=1)
    assert (exam[:-1] == 0.0).all()
    assert exam.sum() == pytest.approx(shown.sum(), abs=1e-12)


@given(st.integers(2, 40))
def test_a_saw_tooth_earns_no_more_than_its_mean(teeth):
    """It knew everything and let it show every second time; the sum of positive differences would reward that."""
    saw, _ = rewards([0.0, 1.0] * teeth, newcomer=0.0)
    honest, _ = rewards([1.0] * 2 * teeth, newcomer=0.0)
    assert saw.sum() < honest.sum()
    assert saw.sum() == pytest.approx(late_weighted([0.0, 1.0] * teeth))


@given(chapters, st.data())
def test_the_controls_pay_what_they_say(v, data):
    seen = data.draw(st.lists(marks, min_size=len(v), max_size=len(v)))
    assert rewards(v, pays=Pays.MARK)[0] == pytest.approx(np.array(v))
    assert rewards(v, pays=Pays.VISIBLE, visible=seen)[0] == pytest.approx(np.array(seen))
    assert (rewards(v, pays=Pays.EXAM)[0] == 0.0).all()
    assert rewards(v, pays=Pays.EXAM, exam=1)[0].sum() == pytest.approx(late_weighted(v) - 0.3, abs=1e-12)
    assert rewards(v, pays=Pays.MARK, exam=1)[0][-1] == pytest.approx(sum(v))


@given(chapters)
def test_forgetting_is_charged(v):
    """After a first mark of 1, whatever follows can only cost."""
    paid, _ = rewards([1.0, *v])
    assert paid[1:].sum() <= 1e-12
