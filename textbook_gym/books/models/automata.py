"""The model student of `textbook_gym.books.automata`: what it assumes and does is told there."""

import numpy as np

from textbook_gym.authoring import Ability, Field, Record, onehot, rule, uniform
from textbook_gym.books.automata import CELLS, HINTED, INPUTS, JOINED, LONGEST, NEAR, OUTPUTS, STATES, Action, Chapter

PRIOR = np.array([[NEAR * (j < m) / m + (1.0 - NEAR) / STATES for j in range(STATES)] for m in JOINED])
"""Chance of every target by state, before `sound` is asked."""

DISCOUNT = 0.8  # the model student's, for every press before a tune is over
SWEEPS = 2  # of its value iteration, for every note
KEPT = 0.9998  # share that it keeps of what it believed whenever it learns more, so that no error is for ever
SURE = 0.9  # belief in a state that it puts a label on
FAINT = 1e-4  # chances below this teach it nothing
TINY = 1e-12  # and these are none


NOTES = (
    Field("target", "f8", "chance of every target, less its prior", (CELLS, STATES)),
    Field("output", "f8", "chance of every output, less 1/3", (CELLS, OUTPUTS)),
    Field("pair", "f8", "this page: chance of every pair of states, before the last press and now", (STATES, STATES)),
    Field(
        "here", "f8", "this page: chance of every state now; while it studies, to have given the last output", (STATES,)
    ),
    Field("placed", "f8", "chance that a label was put on a state, 0 for one never seen", (STATES, STATES)),
    Field("pages", "i4", "exercises begun"),
    Field("last", "i4", "this page: input last pressed, -1 before the first"),
    Field("played", "i4", "this page: notes played, 0 if that is not told", page=True),
    Field("place", "f8", "this page: chance of every number of notes played with every state", (LONGEST + 1, STATES)),
    Field(
        "value",
        "f8",
        "what is ahead of the tune, by notes played and state: expected discount of its end, or chance",
        (LONGEST + 1, STATES),
    ),
    Field("merit", "f8", "what speaks for every output or input as an answer", (INPUTS,)),
)


@rule
def leads(p: Chapter, n: Record, cell: int, state: int) -> float:
    """Return the chance that a cell leads to a state; one whose target has not joined stays."""
    here = cell // INPUTS
    total = PRIOR[here, state] + n.target[cell, state]
    for missing in range(p.states, STATES if state == here else 0):
        total += PRIOR[here, missing] + n.target[cell, missing]
    return total


@rule
def chimes(n: Record, o: Record, cell: int, played: int) -> float:
    """Return the chance that a cell says the note after those played."""
    hit = 0.0
    for c in range(OUTPUTS):
        hit += o.tune[played, c] * (1.0 / OUTPUTS + n.output[cell, c])
    return hit


@rule
def tries(p: Chapter, n: Record, o: Record) -> None:
    """Weigh where the machine is by the tune, which it says there on a random walk."""
    for state in range(p.states):
        n.value[p.notes, state] = 1.0
    for played in range(p.notes - 1, -1, -1):
        for state in range(p.states):
            n.value[played, state] = 0.0
        for cell in range(INPUTS * p.states):
            rest = 0.0
            for j in range(p.states):
                rest += leads(p, n, cell, j) * n.value[played + 1, j]
            n.value[played, cell // INPUTS] += chimes(n, o, cell, played) * rest
    for state in range(p.states):
        n.pair[state, state] = n.value[0, state]


@rule
def look(p: Chapter, n: Record, o: Record) -> None:
    """Weigh where the machine is by the label that is shown, or by there being none; learn which state has it."""
    label, placed, total = onehot.index(o.label), 0.0, 0.0
    for j in range(p.states if label >= 0 else 0):
        placed += n.placed[label, j]
    for j in range(p.states):
        fit = 1.0
        for k in range(STATES if label < 0 else 0):
            fit -= n.placed[k, j]
        if placed > 0.0:  # else it is new here
            fit = n.placed[label, j]
        n.here[j] = 0.0
        for i in range(p.states):
            n.pair[i, j] *= max(fit, FAINT)
            n.here[j] += n.pair[i, j]
        total += n.here[j]
    for j in range(p.states):
        n.here[j] /= total
        for i in range(p.states):
            n.pair[i, j] /= total
        if label >= 0:
            n.placed[label, j] = KEPT * n.here[j]
    track(p, n)


@rule
def track(p: Chapter, n: Record) -> None:
    """Take over where the machine is into the chances of notes played, of which it is sure if it is told of them."""
    for j in range(p.states):
        total = 0.0
        for k in range(p.notes + 1):
            n.place[k, j] = n.place[k, j] if p.told == 0 else 1.0 * (k == n.played)
            total += n.place[k, j]
        for k in range(p.notes + 1):
            n.place[k, j] *= n.here[j] / max(total, TINY)


@rule
def open_page(p: Chapter, n: Record, o: Record) -> None:
    """Begin where the machine does."""
    start = onehot.index(o.start)
    for i in range(p.states):
        for j in range(p.states):
            n.pair[i, j] = (i == j) * (1.0 * (i == start) if start >= 0 else 1.0 / p.states)
        for k in range(p.notes + 1):
            n.place[k, i] = 1.0 * (k == 0)
    if start < 0 and onehot.index(o.asked) < 0:
        tries(p, n, o)
    n.last = -1
    n.pages += 1
    look(p, n, o)


@rule
def play(p: Chapter, n: Record, o: Record, pressed: int) -> None:
    """Reckon how many notes are played after an input that was not heard."""
    for k in range(p.notes - 1, -1, -1):  # from behind, so that no note is played twice
        for i in range(p.states):
            n.here[i] = n.place[k, i]
            n.place[k, i] = 0.0
        for i in range(p.states):
            cell = INPUTS * i + pressed
            hit = chimes(n, o, cell, k)
            for j in range(p.states):
                n.place[k, j] += n.here[i] * leads(p, n, cell, j) * (1.0 - hit)
                n.place[k + 1, j] += n.here[i] * leads(p, n, cell, j) * hit


@rule
def study(p: Chapter, n: Record, before: Record, action: int, o: Record) -> None:
    """Weigh where the machine was by what it said; learn of the transition before, and of this output."""
    asked, heard = onehot.index(before.asked), onehot.index(o.output)
    pressed = action if action < Action.PREDICT_X else asked
    if action == Action.LABEL:
        look(p, n, o)
    if action == Action.LABEL or pressed < 0:
        return
    n.played = round(o.played * LONGEST)
    if p.told == 0:
        play(p, n, o, pressed)
    total = 0.0
    for j in range(p.states):
        fit = 1.0 / OUTPUTS + n.output[INPUTS * j + pressed, heard] if heard >= 0 else 1.0
        n.here[j] = 0.0
        for i in range(p.states):
            n.pair[i, j] *= fit
            n.here[j] += n.pair[i, j]
        total += n.here[j]
    for i in range(p.states):
        share = 0.0
        for j in range(p.states):
            share += n.pair[i, j] / total
        if n.last >= 0 and share > FAINT:
            cell = INPUTS * i + n.last
            for j in range(p.states):
                n.pair[i, j] = 1.0 - share + n.pair[i, j] / total / leads(p, n, cell, j)
            for j in range(STATES):
                now = (PRIOR[i, j] + n.target[cell, j]) * n.pair[i, j if j < p.states else i]
                n.target[cell, j] = KEPT * (now - PRIOR[i, j])
    for i in range(p.states):
        cell, here = INPUTS * i + pressed, n.here[i] / total
        for c in range(OUTPUTS if heard >= 0 else 0):
            n.output[cell, c] = KEPT * ((1.0 - here) * n.output[cell, c] + here * ((c == heard) - 1.0 / OUTPUTS))
        for j in range(p.states):
            n.pair[i, j] = here * leads(p, n, cell, j)
    n.last = pressed
    look(p, n, o)


@rule
def worth(p: Chapter, n: Record, o: Record, cell: int, played: int) -> float:
    """Return the expected discount of the end of a tune, `played` notes of which are played, after a cell's input."""
    hit, value = chimes(n, o, cell, played), 0.0
    for j in range(p.states):
        value += leads(p, n, cell, j) * (hit * n.value[played + 1, j] + (1.0 - hit) * n.value[played, j])
    return DISCOUNT * value


@rule
def speaks(p: Chapter, n: Record, o: Record, asked: int, c: int) -> float:
    """Return what speaks for an output as the answer to the input asked about, or else for an input in a tune."""
    merit = 0.0
    for state in range(p.states):
        if asked >= 0:
            merit += n.here[state] * (1.0 / OUTPUTS + n.output[INPUTS * state + asked, c])
        for k in range(n.played, p.notes if asked < 0 else 0):
            if n.place[k, state] > 0.0:
                merit += n.place[k, state] * worth(p, n, o, INPUTS * state + c, k)
    return merit


@rule
def labels(p: Chapter, n: Record, o: Record) -> bool:
    """Return whether to put a label here: it is sure of the state, which has none, and has seen that it remembers."""
    if n.lacks in (Ability.SELF_IMPROVEMENT, Ability.FORESIGHT) or n.pages == 1 or p.told == 0:
        return False
    sure = False
    for state in range(p.states):
        sure = sure or n.here[state] > SURE
    return sure and onehot.index(o.label) < 0


@rule
def learns(p: Chapter, n: Record, o: Record) -> bool:
    """Return whether to predict in doubt, where a hint would count for more, since questions to come will pay it."""
    if n.lacks == Ability.EXPLORATION:
        return False
    later = n.pages > 1 and n.lacks != Ability.FORESIGHT  # exercises, of which who is wiped does not know
    return later or round(o.left * p.limit) > p.states


@rule
def answer(p: Chapter, n: Record, o: Record) -> int:
    """Label; predict the likeliest output or take a hint; press by value iteration on the expected machine."""
    asked = onehot.index(o.asked)
    if labels(p, n, o):
        return Action.LABEL.value
    for played in range(p.notes, n.played - 1 if asked < 0 else p.notes, -1):
        for state in range(p.states):
            n.value[played, state] = 1.0 * (played == p.notes)
        for _ in range(SWEEPS if played < p.notes else 0):
            for cell in range(INPUTS * p.states):
                state = cell // INPUTS
                n.value[played, state] = max(n.value[played, state], worth(p, n, o, cell, played))
    choice = 0
    for c in range(INPUTS):
        n.merit[c] = speaks(p, n, o, asked, c) + FAINT * uniform(n)  # equals are decided by lot
        choice = c if n.merit[c] > n.merit[choice] else choice
    if asked < 0:
        return choice
    return Action.PREDICT_X + choice if n.merit[choice] > HINTED or learns(p, n, o) else Action.HINT.value
