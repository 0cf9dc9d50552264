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
PATIENCE = 1  # steps to come for every state, from which on it pays to learn what it could have a hint for
FAINT = 1e-4  # chances below this teach it nothing


NOTES = (
    Field("target", "f8", "chance of every target, less its prior", (CELLS, STATES)),
    Field("output", "f8", "chance of every output, less 1/3", (CELLS, OUTPUTS)),
    Field("pair", "f8", "this page: chance of every pair of states, before the last press and now", (STATES, STATES)),
    Field("here", "f8", "chance of every state, up to a factor, to have given the last output", (STATES,)),
    Field("bears", "f8", "chance that a state bears a label, by label and state", (STATES, STATES)),
    Field("pages", "i4", "exercises begun"),
    Field("last", "i4", "this page: input last pressed, -1 before the first"),
    Field("played", "i4", "this page: notes played for sure", page=True),
    Field("place", "f8", "this page: chance of every number of notes played with every state", (LONGEST + 1, STATES)),
    Field("value", "f8", "expected discount of the tune's end, by notes played and state", (LONGEST + 1, STATES)),
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
def look(p: Chapter, n: Record, o: Record) -> None:
    """Weigh where the machine is by the label that it shows, or shows not; learn which state bears it."""
    label, total = onehot.index(o.label), 0.0
    known = 0.0
    for j in range(p.states if label >= 0 else 0):
        known += n.bears[label, j]
    for j in range(p.states):
        n.here[j] = 0.0
        fit = 1.0
        for k in range(STATES if label < 0 else 0):
            fit -= n.bears[k, j]
        fit = max(n.bears[label, j] if known > 0.5 else 1.0 if label >= 0 else fit, FAINT)
        for i in range(p.states):
            n.pair[i, j] *= fit
            n.here[j] += n.pair[i, j]
        total += n.here[j]
    for j in range(p.states):
        for i in range(p.states):
            n.pair[i, j] /= total
        n.here[j] /= total
        if label >= 0:
            n.bears[label, j] = KEPT * n.here[j]
        mass = FAINT * FAINT
        for k in range(p.notes + 1):
            n.place[k, j] = n.place[k, j] if p.told == 0 else 1.0 * (k == n.played)
            mass += n.place[k, j]
        for k in range(p.notes + 1):
            n.place[k, j] *= n.here[j] / mass


@rule
def chime(n: Record, o: Record, cell: int, played: int) -> float:
    """Return the chance that a cell says the next note of the tune."""
    hit = 0.0
    for c in range(OUTPUTS):
        hit += o.tune[played, c] * (1.0 / OUTPUTS + n.output[cell, c])
    return hit


@rule
def open_page(p: Chapter, n: Record, o: Record) -> None:
    """Begin where the machine does."""
    start = onehot.index(o.start)
    for i in range(p.states):
        for j in range(p.states):
            n.pair[i, j] = (i == j) * (1.0 * (i == start) if start >= 0 else 1.0 / p.states)
    if start < 0 and onehot.index(o.asked) < 0:
        for left in range(p.notes - 1, -1, -1):
            for i in range(p.states):
                n.value[left, i] = 0.0
                for c in range(INPUTS):
                    cell, ends = INPUTS * i + c, 0.0
                    for j in range(p.states):
                        ends += leads(p, n, cell, j) * (n.value[left + 1, j] if left + 1 < p.notes else 1.0)
                    n.value[left, i] += chime(n, o, cell, left) * ends
        for i in range(p.states):
            n.pair[i, i] = n.value[0, i]
    n.last = -1
    n.pages += 1
    for k in range(p.notes + 1):
        for j in range(p.states):
            n.place[k, j] = 1.0 * (k == 0)
    look(p, n, o)


@rule
def play(p: Chapter, n: Record, o: Record, pressed: int) -> None:
    """Reckon how many notes are played after an input that is not heard."""
    for k in range(p.notes, -1, -1):
        for j in range(p.states):
            n.value[k, j] = n.place[k, j]
            n.place[k, j] = 0.0
        for i in range(p.states):
            cell = INPUTS * i + pressed
            hit = chime(n, o, cell, k) if k < p.notes else 0.0
            for j in range(p.states):
                now = n.value[k, i] * leads(p, n, cell, j)
                n.place[k, j] += now * (1.0 - hit)
                n.place[min(k + 1, p.notes), j] += now * hit


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
    hit, value = chime(n, o, cell, played), 0.0
    for j in range(p.states):
        value += leads(p, n, cell, j) * (hit * n.value[played + 1, j] + (1.0 - hit) * n.value[played, j])
    return DISCOUNT * value


@rule
def labels(p: Chapter, n: Record, o: Record) -> bool:
    """Return whether to put a label here: it is sure of the state, which has none, and has seen that it remembers."""
    if n.lacks in (Ability.SELF_IMPROVEMENT, Ability.FORESIGHT) or n.pages == 1 or p.told == 0:
        return False
    surest = 0.0
    for j in range(p.states):
        here = 0.0
        for i in range(p.states):
            here += n.pair[i, j]
        surest = max(surest, here)
    return onehot.index(o.label) < 0 and surest > SURE


@rule
def learns(p: Chapter, n: Record, o: Record) -> bool:
    """Return whether to predict in doubt, where a hint would count for more, since questions to come will pay it."""
    if n.lacks == Ability.EXPLORATION:
        return False
    later = n.pages > 1 and n.lacks != Ability.FORESIGHT  # exercises, of which who is wiped does not know
    return later or o.left * p.limit > PATIENCE * p.states


@rule
def answer(p: Chapter, n: Record, o: Record) -> int:
    """Predict the likeliest output, or press what is best for the tune by value iteration on the expected machine."""
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
        n.merit[c] = FAINT * uniform(n)  # equals are decided by lot
        for i in range(p.states):
            cell, here = INPUTS * i, 0.0
            for j in range(p.states):
                here += n.pair[j, i]
            n.merit[c] += here * n.output[cell + asked, c] if asked >= 0 else 0.0
            for k in range(n.played, p.notes if asked < 0 else 0):
                if n.place[k, i] > 0.0:
                    n.merit[c] += n.place[k, i] * worth(p, n, o, cell + c, k)
        choice = c if n.merit[c] > n.merit[choice] else choice
    if asked >= 0 and 1.0 / OUTPUTS + n.merit[choice] < HINTED and not learns(p, n, o):
        return Action.HINT.value
    return choice if asked < 0 else Action.PREDICT_X + choice
