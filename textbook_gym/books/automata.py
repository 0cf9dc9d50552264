"""Automata: learn a hidden machine that grows, to foretell what it says and to make it say what is wanted.

A Mealy machine: in each state every input gives an output and leads to a state. Three inputs, three outputs; two states
at first, seven in the end. It stays one machine: a transition to a state that has not joined yet stays where it is, all
others are what they will always be. States are not seen; some pages name the one that the machine starts in.
Questions: an input is shown, the student predicts the output, the machine takes the input. To press another input is an
experiment that costs the question. A hint looks right and counts half, but the output is withheld: nothing is learned.
Tunes: press inputs until the machine has said all notes in order; other outputs may come between.
Labels: in any exercise the student may put a label on the state that the machine is in, for a step. Labels are numbered
in the order in which they are put there and stay to the end of the book: whenever the machine is in that state the page
shows its label. What state that is, the student must know.

What it teaches
    1  two states    questions: find out once what the two states do, and remember it
    2  four states   two new states; what is known of the old ones still holds, but what stayed may move now; half of
                     the pages name no start
    3  homing        five states; most pages name no start: infer it from what the machine says, or from labels
    4  tunes         six states; tunes of three notes: plan with what is known
    5  review        the last state; questions and tunes, no start is named
    6  exam          tunes of eight notes in eight presses, all outputs unheard; before, three notes and time to spare.
                     No start is named, so that labels alone tell where the machine is

Mark
    (questions right + hints / 2, or notes played) / (steps taken if the tune was played to its end, else steps
    allowed). A tune can be played in as many presses as it has notes. `visible`: share of questions that look right,
    or 1 for a whole tune.

Why memory pays
    The machine is drawn once an edition, and a page is too short to show all of it.

Why self-improvement is necessary
    States have no names but those that the student gives them. A label costs a step, no question or tune asks for it,
    and in chapter 1, where every start is named, it is paid for in vain; later it spares the presses from whose outputs
    a state has to be inferred, and in the exam there are no outputs to infer it from. The same step is what foresight
    takes; but foresight also predicts in doubt, for exercises to come, and that needs no label.

Why exploration is necessary
    A guess is right once in three times, a hint counts half: who takes what is best now takes hints, hears nothing, and
    takes hints for ever.

Sources
    Moore 1956, "Gedanken-experiments on sequential machines"; Angluin 1987, "Learning regular sets from queries and
    counterexamples"; Rivest and Schapire 1993, "Inference of finite automata using homing sequences"; Bender,
    Fernandez, Ron, Sahai and Vadhan 1998, "The power of a pebble: exploring and mapping directed graphs".

Model student
    Bayesian filter over the last two states, with chances of every target, output and label that it assumes to be
    independent; tunes by value iteration on the expected machine. A start that is not named it weighs by how well the
    tune could be played from there. It makes no experiments. It puts a label on every state that it is sure of, from
    the second exercise that it remembers on; before, it does not know that it will remember. In doubt it predicts where
    that is hoped to pay: from the second exercise on always, else as long as more steps are left than there are states.
    Without exploration it takes a hint there, without foresight it goes by the steps left alone and puts no labels.

Editions
    More than 10^26: 21 targets and 21 outputs; about one draw in 61 is connected and minimal at every stage.
"""

import enum
from typing import NamedTuple

import numpy as np

from textbook_gym.authoring import Field, Record, Signal, below, chance, onehot, rule

ABILITIES = {
    "learning": "is wiped at every exercise",
    "retention": "is wiped at every chapter",
    "exploration": "takes a hint wherever that is believed to count for more than its guess",
    "self-improvement": "labels no state",
    "foresight": "labels no state, and guesses in doubt only while that is hoped to pay in this exercise",
}
MODEL = "textbook_gym.books.models.automata"
WORDS = "textbook_gym.books.words.automata"

STATES = 7
INPUTS = 3
OUTPUTS = 3
CELLS = STATES * INPUTS  # a cell of the machine's table: INPUTS * state + input
LONGEST = 8  # notes of a tune
HINTED = 0.5  # of a question, what a hint counts
NEAR = 0.5  # chance that a target is drawn among the states there are when its state joins, else among all
DRAWS = 2000
JOINED = np.array([2, 2, 4, 4, 5, 6, 7])  # how many states there are when each of them joins
ONE, ONE_STATE = onehot.table(INPUTS), onehot.table(STATES)


class Action(enum.IntEnum):
    """Press an input, predict an output, ask for a hint, or put a label on the state that the machine is in."""

    PRESS_A = 0
    PRESS_B = 1
    PRESS_C = 2
    PREDICT_X = 3
    PREDICT_Y = 4
    PREDICT_Z = 5
    HINT = 6
    LABEL = 7


class Chapter(NamedTuple):
    """What one chapter fixes."""

    name: str
    exercises: int
    limit: int  # questions, or presses for a tune
    newcomer: float  # expected mark of the model student without its notes, measured
    states: int  # states that have joined
    named: float  # chance that the start is named
    tunes: float  # chance that the exercise is a tune
    notes: int  # notes of a tune
    told: int  # 1 if outputs and results are shown


CHAPTERS = (
    #        name        exercises limit newcomer states named tunes notes told
    Chapter("two states",       8,    8,    0.56,    2,   1.0,  0.0,    3,   1),
    Chapter("four states",      9,   10,    0.50,    4,   0.5,  0.0,    3,   1),
    Chapter("homing",           9,    8,    0.47,    5,   0.25,  0.0,    3,   1),
    Chapter("tunes",            9,    9,    0.53,    6,   0.25,  1.0,    3,   1),
    Chapter("review",           8,    7,    0.50,    7,   0.0,  0.5,    3,   1),
    Chapter("exam",             6,    8,    0.39,    7,   0.0,  1.0,    8,   0),
)  # fmt: skip

SHORT = ((1, 2, 3), (5, 4, 4))  # chapters and their exercises: a course for quick training, of 120 steps at most
SEMINAR = ((1, 2, 5, 6), (3, 3, 3, 2))  # likewise, to be read and talked through: at most 100 decisions

MET = tuple(np.repeat((1, 1, 2, 2, 3, 4, 5), INPUTS).tolist())  # chapter from which a cell is in use
EDITION = (
    Field("target", "i1", "where every input leads from every state", (CELLS,), low=0, high=STATES - 1, chapters=MET),
    Field("output", "i1", "output of every input in every state", (CELLS,), low=0, high=OUTPUTS - 1, chapters=MET),
)

STATE = (
    Field("label", "i1", "label on every state, from 1 in the order they were put there, 0 for none", (STATES,),
          lasting=True),
    Field("at", "i1", "the machine's state"),
    Field("start", "i1", "state it started in, -1 if that is not told"),
    Field("asked", "i1", "input that the question is about, -1 in a tune"),
    Field("output", "i1", "output of the last step as the student hears it, -1 for none"),
    Field("result", "i1", "what the last answer looks like: +1 right, -1 wrong, 0 nothing to tell"),
    Field("tune", "i1", "notes to be played, -1 for none", (LONGEST,)),
    Field("right", "i4", "questions right or notes played"),
    Field("hints", "i4", "hints used"),
    Field("steps", "i4", "steps taken"),
)  # fmt: skip

SIGNALS = (
    Signal("start", 0.0, 1.0, "1 for the state that the machine started in, all 0 if that is not told", (STATES,)),
    Signal("label", 0.0, 1.0, "1 for the label on the state that the machine is in, all 0 if it has none", (STATES,)),
    Signal("asked", 0.0, 1.0, "1 for the input that the question is about, all 0 in a tune", (INPUTS,)),
    Signal("output", 0.0, 1.0, "1 for the output of the last step, all 0 if there is none to hear", (OUTPUTS,)),
    Signal("result", -1.0, 1.0, "+1 if the last answer looks right, -1 if it was wrong, 0 if there is nothing to tell"),
    Signal("tune", 0.0, 1.0, "for every place of the tune 1 for the note, all 0 behind its end", (LONGEST, OUTPUTS)),
    Signal("played", 0.0, 1.0, "notes played so far, as a share of eight; 0 where that is not told"),
)

LEDGER = [  # what the machine says to an input, by its label, and by where it started and what it said last
    {"situation": ["label", "asked"], "outcome": [], "shared": ["output"], "silent": "skip", "rows": 24},
    {"situation": ["start", "asked", "first"], "outcome": [], "shared": ["output"], "silent": "skip"},
    {"situation": ["start", "asked", "output"], "outcome": [], "shared": ["output"], "silent": "skip", "rows": 128},
    {"situation": ["label"], "outcome": ["output", "label"], "actions": [0, 1, 2], "silent": "skip", "rows": 8},
    {"situation": ["start", "output", "first"], "outcome": ["output"], "actions": [0, 1, 2], "silent": "skip"},
]


# --- the rules -----------------------------------------------------------------------


@rule
def goes(e: Record, states: int, cell: int) -> int:
    """Return where a cell leads while the machine has `states` states."""
    return e.target[cell] if e.target[cell] < states else cell // INPUTS


@rule
def apt(e: Record, states: int) -> bool:
    """Return whether the machine of the first states is connected and minimal (no two states alike)."""
    there, back = 1, 1  # sets of states, as bits: those reached from the first one, those that reach it
    apart, pairs = 0, 0  # sets of pairs of states: those that a word of inputs tells apart (Moore 1956), all
    for _ in range(states):
        before = there, back
        for cell in range(INPUTS * states):
            state, target = cell // INPUTS, goes(e, states, cell)
            there |= (there >> state & 1) << target
            back |= (back >> target & 1) << state
        if (there, back) == before:
            break
    if there & back != (1 << states) - 1:
        return False
    for _ in range(states):
        known = apart
        for cell in range(INPUTS * states):
            state, target = cell // INPUTS, goes(e, states, cell)
            for other in range(cell % INPUTS, cell - cell % INPUTS, INPUTS):
                now, pair = goes(e, states, other), STATES * state + other // INPUTS
                differ = apart >> STATES * max(target, now) + min(target, now) & 1
                apart |= (differ | (e.output[cell] != e.output[other])) << pair
                pairs |= 1 << pair
        if apart in (pairs, known):
            break
    return apart == pairs


@rule
def sound(e: Record) -> bool:
    """Return whether the machine is connected and minimal at every stage of its growth."""
    fine = True
    for states in range(1, STATES + 1):
        fine = fine and (JOINED[states - 1] != states or apt(e, states))
    return fine


@rule
def write(e: Record, s: Record) -> None:
    """Draw targets and outputs, state by state; begin again at the first stage that is not sound."""
    for _ in range(DRAWS):
        fine = True
        for state in range(STATES):
            if fine:
                for cell in range(INPUTS * state, INPUTS * state + INPUTS):
                    e.target[cell] = below(s, JOINED[state] if chance(s, NEAR) else STATES)
                    e.output[cell] = below(s, OUTPUTS)
                fine = JOINED[state] != state + 1 or apt(e, state + 1)
        if fine:
            return


@rule
def pose(p: Chapter, e: Record, s: Record) -> None:
    """Set one exercise; a tune is what the machine says on a random walk."""
    s.at = below(s, p.states)
    s.start = s.at if chance(s, p.named) else -1
    tune = chance(s, p.tunes)
    walker = int(s.at)
    for i in range(LONGEST):
        s.tune[i] = -1
        if tune and i < p.notes:
            cell = INPUTS * walker + below(s, INPUTS)
            s.tune[i] = e.output[cell]
            walker = goes(e, p.states, cell)
    s.asked = -1 if tune else below(s, INPUTS)
    s.output = -1


@rule
def step(p: Chapter, e: Record, s: Record, action: int) -> bool:
    """Let the machine take the pressed input or the one asked about; a tune ends with its last note."""
    s.steps += 1
    s.output, s.result = -1, 0
    if action == Action.LABEL:
        used = 0
        for state in range(STATES):
            used += s.label[state] > 0
        s.label[s.at] = used + 1 if s.label[s.at] == 0 else s.label[s.at]
        return False
    pressed = action if action < Action.PREDICT_X else s.asked
    if pressed < 0:
        return False
    cell = INPUTS * s.at + pressed
    output = e.output[cell]
    s.at = goes(e, p.states, cell)
    if p.told == 1 and action != Action.HINT:
        s.output = output
    if s.asked < 0:
        s.right += s.tune[s.right] == output
        return s.right == p.notes
    right = action - Action.PREDICT_X == output
    s.right += right
    s.hints += action == Action.HINT
    s.result = p.told * (1 if right or action == Action.HINT else -1)
    s.asked = below(s, INPUTS)
    return False


@rule
def observe(p: Chapter, s: Record, o: Record) -> None:
    """Write what the student may see; never the state the machine is in."""
    start, label, asked, output = s.start, s.label[s.at] - 1, s.asked, s.output
    for state in range(STATES):
        o.start[state] = ONE_STATE[start, state]
    for state in range(STATES):  # a loop of its own is one copy
        o.label[state] = ONE_STATE[label, state]
    for c in range(INPUTS):
        o.asked[c] = ONE[asked, c]
        o.output[c] = ONE[output, c]
    for i in range(LONGEST):
        note = s.tune[i] & OUTPUTS  # -1 becomes the last row
        for c in range(OUTPUTS):
            o.tune[i, c] = ONE[note, c]
    o.result = s.result
    o.played = p.told * s.right / LONGEST if s.asked < 0 else 0.0


@rule
def mark(p: Chapter, s: Record) -> float:
    """Return the share of questions right, or notes over presses."""
    return (s.right + HINTED * s.hints) / (s.steps if s.asked < 0 and s.right == p.notes else p.limit)


@rule
def visible(p: Chapter, s: Record) -> float:
    """Return the share of questions that look right, or 1 for a tune played to its end."""
    return 1.0 * (s.right == p.notes) if s.asked < 0 else (s.right + s.hints) / p.limit


@rule
def shortcuts(p: Chapter, s: Record) -> int:
    """Return how many hints were used."""
    return s.hints


# --- the teacher's copy ----------------------------------------------------------------


@rule
def oracle(p: Chapter, e: Record, s: Record) -> int:
    """Return the output asked for, or the input that begins a shortest way to the end of the tune (breadth-first)."""
    if s.asked >= 0:
        return Action.PREDICT_X + e.output[INPUTS * s.at + s.asked]
    near = (1 << STATES) - 1 << STATES * p.notes  # pairs (notes played, state), as bits, from where the end is near
    for _ in range(STATES * LONGEST):
        nearer = near
        for i in range(s.right, p.notes):
            for cell in range(INPUTS * p.states):
                then = i + (e.output[cell] == s.tune[i])
                if near >> STATES * then + goes(e, p.states, cell) & 1 == 1:
                    if i == s.right and cell // INPUTS == s.at:
                        return cell % INPUTS
                    nearer |= 1 << STATES * i + cell // INPUTS
        near = nearer
    return 0


def exam_fact(p: Chapter, e: Record, s: Record) -> int:
    """The notes of the tune."""
    return sum(s.tune[i] >= 0 for i in range(LONGEST))
