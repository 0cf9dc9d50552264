"""Vocabulary: learn what the words of a foreign language mean, at home and in a dialect.

Three lessons of eight words; within a lesson every word has another of the eight meanings. In the second context, a
dialect, each meaning stands for another one: a word that means m at home means shift(m) there, never m itself, and the
shift is the same for all words. A question shows lesson, context, direction and a cue: forwards a word, whose meaning
is asked for; backwards a meaning, whose word is asked for. Eight questions an exercise, drawn at random and therefore
at all lags; after each, the correct answer is shown.

What it teaches
    1  first lesson   eight words at home
    2  second lesson  eight more, with the first lesson in between
    3  third lesson   eight more, with both older lessons in between
    4  dialect        the first lesson re-paired in the second context, while all words keep their meaning at home
    5  review         all lessons at home, half of the questions backwards, and the first lesson in the dialect
    6  exam           half of the questions are old; the others, new in the exam, are about the second and third lesson
                      in the dialect, forwards and backwards (earlier chapters ask neither, and backwards only at home);
                      nothing is shown

Mark
    Share of right answers corrected for chance, (share - 1/8) / (1 - 1/8), and 0 below chance.

Why memory pays
    Meanings and shift are drawn once an edition: 8!^3 * 14,833 = 9.7 * 10^17 editions, no two alike. An exercise asks
    few questions twice, so little of it can be learned within it. To remember which answers to a question were right or
    wrong is enough, but for the new half of the exam. Measured by `textbook-gym show Vocabulary`.

Sources
    Paired associates (Calkins 1894). Chapter 4 is the design A-B, A-Br, the same cues and responses paired anew (Porter
    and Duncan 1953), one step beyond A-B, A-C (Barnes and Underwood 1959). Backwards: Asch and Ebenholtz 1962, "The
    principle of associative symmetry".

Model student
    Notes every pair shown, what follows from home, dialect and shift together, and guesses what the notes do not rule
    out; it assumes nothing that is not so. Where nothing is shown it keeps to its guesses.
"""

import enum
from typing import NamedTuple

import numpy as np

from textbook_gym.authoring import Field, Record, Signal, below, permute, rule, shuffle

ABILITIES = {
    "learning": "is wiped at every exercise",
    "retention": "is wiped at every chapter",
    "adaptation": "keeps the first meaning that it learned of a word, in the dialect, too",
    "generalisation": "knows the answer to a question asked before, in this context and direction, and no other",
}
MODEL = "textbook_gym.books.models.vocabulary"
WORDS = "textbook_gym.books.words.vocabulary"

LESSONS = 3
PER_LESSON = 8  # words of a lesson; as many meanings, and buttons
CONTEXTS = 2
HOME, DIALECT = 0, 1
DIRECTIONS = 2
FORWARDS, BACKWARDS = 0, 1
QUESTIONS = 8  # of an exercise
ALL_SEEN = (1 << PER_LESSON) - 1  # one bit for every meaning
DRAWS = 100  # of a shift; 37 in 100 move every meaning

FORMS = np.array(
    [
        # first lesson, lessons from there on, context, direction
        (0, 1, HOME,    FORWARDS),
        (1, 1, HOME,    FORWARDS),
        (2, 1, HOME,    FORWARDS),
        (0, 3, HOME,    FORWARDS),
        (0, 3, HOME,    BACKWARDS),
        (0, 1, DIALECT, FORWARDS),
        (1, 2, DIALECT, FORWARDS),
        (1, 2, DIALECT, BACKWARDS),
    ]
)  # fmt: skip
"""Forms of questions; lesson and word are drawn anew for each."""
FIRST, SPAN, CONTEXT, DIRECTION = range(FORMS.shape[1])


class Action(enum.IntEnum):
    """Answer with a meaning, or with a word if the question is put backwards."""

    ANSWER_1, ANSWER_2, ANSWER_3, ANSWER_4, ANSWER_5, ANSWER_6, ANSWER_7, ANSWER_8 = range(8)


class Chapter(NamedTuple):
    """What one chapter fixes."""

    name: str
    exercises: int
    limit: int  # questions
    newcomer: float  # expected mark of the model student without its notes, measured
    told: int  # 1 if the correct answer is shown after each question
    asked: tuple[int, ...]  # questions of every form


CHAPTERS = (
    #                                                          home                    dialect
    #        name           exercises limit      newcomer told  1  2  3  all backwards  1  2-3 backwards
    Chapter("first lesson",         9, QUESTIONS,    0.39,  1, (8, 0, 0, 0,  0,         0, 0,  0)),
    Chapter("second lesson",        9, QUESTIONS,    0.21,  1, (3, 5, 0, 0,  0,         0, 0,  0)),
    Chapter("third lesson",         9, QUESTIONS,    0.18,  1, (1, 2, 5, 0,  0,         0, 0,  0)),
    Chapter("dialect",              9, QUESTIONS,    0.16,  1, (2, 0, 0, 2,  0,         4, 0,  0)),
    Chapter("review",               9, QUESTIONS,    0.12,  1, (0, 0, 0, 2,  4,         2, 0,  0)),
    Chapter("exam",                 8, QUESTIONS,    0.05,  0, (0, 0, 0, 4,  0,         0, 2,  2)),
)  # fmt: skip

SHORT = ((1, 2, 3), (5, 5, 5))  # chapters and their exercises: a course for quick training, of 120 steps at most
SEMINAR = ((1, 2, 4, 6), (3, 3, 3, 3))  # likewise, to be read and talked through: at most 100 decisions

EDITION = (
    Field(
        "meaning",
        "i1",
        "meaning of every word at home",
        (LESSONS, PER_LESSON),
        low=0,
        high=PER_LESSON - 1,
        chapters=(1, 2, 3),
    ),
    Field(
        "shift",
        "i1",
        "what each of these meanings becomes in the dialect",
        (PER_LESSON,),
        low=0,
        high=PER_LESSON - 1,
        chapters=4,
    ),
)

STATE = (
    Field("form", "i1", "row of FORMS of every question of this exercise", (QUESTIONS,)),
    Field("place", "i1", "questions answered"),
    Field("lesson", "i1", "this question: its lesson; -1 once the exercise is over"),
    Field("context", "i1", "this question: HOME or DIALECT"),
    Field("direction", "i1", "this question: FORWARDS or BACKWARDS"),
    Field("cue", "i1", "this question: the word shown, or the meaning if it is put backwards"),
    Field("answer", "i1", "this question: the right answer"),
    Field("right", "i1", "questions answered rightly"),
    Field("result", "i1", "+1 if the last answer was right, -1 if not, 0 if that is not shown"),
    Field("correct", "i1", "the right answer to the last question, -1 if that is not shown"),
)

SIGNALS = (
    Signal("lesson", 0.0, 1.0, "this question's lesson, one of three is 1; 0 once the exercise is over", (LESSONS,)),
    Signal("context", 0.0, 1.0, "this question's context: home, dialect", (CONTEXTS,)),
    Signal("direction", 0.0, 1.0, "this question's direction: forwards, backwards", (DIRECTIONS,)),
    Signal("cue", 0.0, 1.0, "the word asked about, backwards the meaning: one of eight is 1", (PER_LESSON,)),
    Signal("result", -1.0, 1.0, "+1 if the last answer was right, -1 if not, 0 if that is not shown"),
    Signal("correct", 0.0, 1.0, "the right answer to the last question: one of eight is 1, or none", (PER_LESSON,)),
)

LEDGER = [  # the right answer and how answers did, by question
    {
        "situation": ["lesson", "context", "direction", "cue"],
        "outcome": ["result"],
        "shared": ["correct"],
        "silent": "skip",
        "rows": 128,
    }
]


# --- the rules -----------------------------------------------------------------------


@rule
def sound(e: Record) -> bool:
    """Return whether every lesson uses every meaning, and the shift too, leaving none where it was."""
    shifted = 0
    for m in range(PER_LESSON):
        shifted |= (e.shift[m] != m) << e.shift[m]
    if shifted != ALL_SEEN:
        return False
    for lesson in range(LESSONS):
        seen = 0
        for w in range(PER_LESSON):
            seen |= 1 << e.meaning[lesson, w]
        if seen != ALL_SEEN:
            return False
    return True


@rule
def write(e: Record, s: Record) -> None:
    """Draw the meanings, then the shift until it moves all of them."""
    for lesson in range(LESSONS):
        permute(s, e.meaning[lesson], PER_LESSON)
    for _ in range(DRAWS):
        permute(s, e.shift, PER_LESSON)
        if sound(e):
            return


@rule
def ask(e: Record, s: Record) -> None:
    """Put the next question, of the form that the order of the exercise says."""
    form = s.form[s.place]
    drawn = FORMS[form, FIRST] * PER_LESSON + below(s, FORMS[form, SPAN] * PER_LESSON)
    word = drawn % PER_LESSON
    s.lesson = drawn // PER_LESSON
    s.context = FORMS[form, CONTEXT]
    s.direction = FORMS[form, DIRECTION]
    meaning = e.meaning[s.lesson, word]
    if s.context == DIALECT:
        meaning = e.shift[meaning]
    if s.direction == FORWARDS:
        s.cue, s.answer = word, meaning
    else:
        s.cue, s.answer = meaning, word


@rule
def pose(p: Chapter, e: Record, s: Record) -> None:
    """Set one exercise: the forms of its questions in random order, and the first question."""
    laid = 0
    for form in range(len(FORMS)):
        for _ in range(p.asked[form]):
            s.form[laid] = form
            laid += 1
    shuffle(s, s.form, QUESTIONS)
    s.correct = -1
    ask(e, s)


@rule
def step(p: Chapter, e: Record, s: Record, action: int) -> bool:
    """Take one answer and put the next question."""
    right = action == s.answer
    s.right += right
    if p.told == 1:
        s.result = 1 if right else -1
        s.correct = s.answer
    s.place += 1
    if s.place == QUESTIONS:
        s.lesson = -1
        return True
    ask(e, s)
    return False


@rule
def observe(p: Chapter, s: Record, o: Record) -> None:
    """Write what the student may see: the question, and how the last answer went."""
    for i in range(LESSONS):
        o.lesson[i] = 0.0
    for i in range(CONTEXTS):
        o.context[i] = 0.0
    for i in range(DIRECTIONS):
        o.direction[i] = 0.0
    for i in range(PER_LESSON):
        o.cue[i] = 0.0
        o.correct[i] = 0.0
    if s.lesson >= 0:
        o.lesson[s.lesson] = 1.0
        o.context[s.context] = 1.0
        o.direction[s.direction] = 1.0
        o.cue[s.cue] = 1.0
    if s.correct >= 0:
        o.correct[s.correct] = 1.0
    o.result = s.result


@rule
def mark(p: Chapter, s: Record) -> float:
    """Return the share of right answers, corrected for chance."""
    return max((PER_LESSON * s.right - QUESTIONS) / ((PER_LESSON - 1) * QUESTIONS), 0.0)


# --- the teacher's copy ----------------------------------------------------------------


@rule
def oracle(p: Chapter, e: Record, s: Record) -> int:
    """Return the right answer."""
    return s.answer


def exam_fact(p: Chapter, e: Record, s: Record) -> frozenset[int]:
    """Forms of questions that are asked: by lesson, context and direction."""
    return frozenset(s.form[i] for i in range(QUESTIONS))
