"""The law of the reward: what is paid is by how much the grade rises.

In a chapter with marks v_1..v_E the grade is the late-weighted mean of the marks so far,

    G_0 = newcomer,    G_k = G_{k-1} + 2 / (k + 1) * (v_k - G_{k-1}),

and exercise k pays r_k = G_k - G_{k-1}, once, at its end. A chapter therefore pays G_E - newcomer in total, a constant
mark pays once and then nothing, and lowering a mark can never raise a discounted return: by summation by parts the
return is a combination of the G_k with weights >= 0, and every G_k is increasing in every mark.

What cannot be paid at its moment (in the exam, where a reward would tell the mark; in an exercise given up by `reset`)
is owed and paid with the learner's next payment, so the sum is the same. If the book ends before it is paid (the last
exercise of the exam is given up, or a course is left half-way), that is the first payment of the next edition; only a
fresh learner, `reset(seed=...)`, or one that is sent elsewhere, `reset(options=...)`, begins with nothing owed.
"""

import enum

from textbook_gym.authoring.contract import rule
from textbook_gym.authoring.records import Record


class Pays(enum.IntEnum):
    """What the reward is: the keyword `reward=`."""

    IMPROVEMENT = 0
    MARK = 1
    EXAM = 2
    VISIBLE = 3
    RAW = 4


@rule
def grade_after(grade: float, k: int, mark: float) -> float:
    """Return G_k from G_{k-1} and the mark v_k of exercise k = 1, 2, ... (see the top of this file)."""
    return grade + 2.0 / (k + 1) * (mark - grade)


@rule
def settle(c: Record, p: Record, mark: float, visible: float) -> float:
    """Enter a finished exercise: grade it, close the chapter with its last one, return the reward now due."""
    before = c.grade
    c.mark = mark
    c.visible = visible
    c.grade = grade_after(before, c.exercise + 1, mark)
    if c.pays == Pays.MARK:
        c.owed += mark
    elif c.pays == Pays.VISIBLE:
        c.owed += visible
    elif c.pays == Pays.IMPROVEMENT or (c.pays == Pays.EXAM and p.exam == 1):
        c.owed += c.grade - before
    last = c.exercise + 1 == p.exercises
    if last:
        c.rise += c.grade - p.newcomer
        c.walked += 1
    if p.exam == 1 and not last:
        return 0.0
    due = c.owed
    c.owed = 0.0
    return due
