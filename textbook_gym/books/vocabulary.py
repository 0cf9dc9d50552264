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

from textbook_gym.authoring import Field, Record, Signal, below, onehot, permute, rule, shuffle

TAGS = ("memory", "adaptation")

LESSONS = 3
WORDS = 8  # of a lesson; as many meanings, and buttons
CONTEXTS = 2
HOME, DIALECT = 0, 1
DIRECTIONS = 2
FORWARDS, BACKWARDS = 0, 1
QUESTIONS = 8  # of an exercise
ALL_SEEN = (1 << WORDS) - 1  # one bit for every meaning
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
        "meaning", "i1", "meaning of every word at home", (LESSONS, WORDS), low=0, high=WORDS - 1, chapters=(1, 2, 3)
    ),
    Field(
        "shift",
        "i1",
        "what each of these meanings becomes in the dialect",
        (WORDS,),
        low=0,
        high=WORDS - 1,
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
    Signal("cue", 0.0, 1.0, "the word asked about, backwards the meaning: one of eight is 1", (WORDS,)),
    Signal("result", -1.0, 1.0, "+1 if the last answer was right, -1 if not, 0 if that is not shown"),
    Signal("correct", 0.0, 1.0, "the right answer to the last question: one of eight is 1, or none", (WORDS,)),
)

LEDGER = [  # the right answer and how answers did, by question
    {
        "situation": ["lesson", "context", "direction", "cue"],
        "outcome": ["result"],
        "told": ["correct"],
        "silent": "skip",
        "rows": 128,
    }
]


# --- the rules -----------------------------------------------------------------------


@rule
def sound(e: Record) -> bool:
    """Return whether every lesson uses every meaning, and the shift too, leaving none where it was."""
    shifted = 0
    for m in range(WORDS):
        shifted |= (e.shift[m] != m) << e.shift[m]
    if shifted != ALL_SEEN:
        return False
    for lesson in range(LESSONS):
        seen = 0
        for w in range(WORDS):
            seen |= 1 << e.meaning[lesson, w]
        if seen != ALL_SEEN:
            return False
    return True


@rule
def write(e: Record, s: Record) -> None:
    """Draw the meanings, then the shift until it moves all of them."""
    for lesson in range(LESSONS):
        permute(s, e.meaning[lesson], WORDS)
    for _ in range(DRAWS):
        permute(s, e.shift, WORDS)
        if sound(e):
            return


@rule
def ask(e: Record, s: Record) -> None:
    """Put the next question, of the form that the order of the exercise says."""
    form = s.form[s.place]
    drawn = FORMS[form, FIRST] * WORDS + below(s, FORMS[form, SPAN] * WORDS)
    word = drawn % WORDS
    s.lesson = drawn // WORDS
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
    for i in range(WORDS):
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
    return max((WORDS * s.right - QUESTIONS) / ((WORDS - 1) * QUESTIONS), 0.0)


# --- the teacher's copy ----------------------------------------------------------------


@rule
def oracle(p: Chapter, e: Record, s: Record) -> int:
    """Return the right answer."""
    return s.answer


def exam_fact(p: Chapter, e: Record, s: Record) -> frozenset[int]:
    """Forms of questions that are asked: by lesson, context and direction."""
    return frozenset(s.form[i] for i in range(QUESTIONS))


# --- the model student: sees signals, keeps notes ------------------------------------------

NOTES = (
    Field("meaning", "i1", "1 + meaning of every word, 0 if unknown", (CONTEXTS, LESSONS, WORDS)),
    Field("word", "i1", "1 + word of every meaning, 0 if unknown", (CONTEXTS, LESSONS, WORDS)),
    Field("twin", "i1", "1 + what a meaning of either context is in the other, 0 if unknown", (CONTEXTS, WORDS)),
)


@rule
def enter(n: Record, context: int, lesson: int, word: int, meaning: int) -> None:
    """Note one pair."""
    n.meaning[context, lesson, word] = meaning + 1
    n.word[context, lesson, meaning] = word + 1


@rule
def open_page(p: Chapter, n: Record, o: Record) -> None:
    """Nothing to prepare: the notes are the same on every page."""


@rule
def study(p: Chapter, n: Record, before: Record, action: int, o: Record) -> None:
    """Note the pair shown, or the one guessed if nothing is shown, and all that follows."""
    context, lesson, cue = onehot.index(before.context), onehot.index(before.lesson), onehot.index(before.cue)
    answered = action if o.result == 0.0 else onehot.index(o.correct)
    forwards = before.direction[FORWARDS] > 0.0
    known = n.meaning[context, lesson, cue] if forwards else n.word[context, lesson, cue]
    if known > 0:
        return
    enter(n, context, lesson, cue if forwards else answered, answered if forwards else cue)
    news = True
    while news:  # of home, dialect and shift any two give the third; a new entry of the shift may give more
        news = False
        for i in range(LESSONS):
            for word in range(WORDS):
                home, dialect = n.meaning[HOME, i, word] - 1, n.meaning[DIALECT, i, word] - 1
                if home >= 0 and dialect >= 0:
                    news = news or n.twin[HOME, home] == 0
                    n.twin[HOME, home] = dialect + 1
                    n.twin[DIALECT, dialect] = home + 1
                elif home >= 0 and n.twin[HOME, home] > 0:
                    enter(n, DIALECT, i, word, n.twin[HOME, home] - 1)
                elif dialect >= 0 and n.twin[DIALECT, dialect] > 0:
                    enter(n, HOME, i, word, n.twin[DIALECT, dialect] - 1)


@rule
def answer(p: Chapter, n: Record, o: Record) -> int:
    """Answer from the notes, else with the first answer that they do not rule out."""
    context, lesson, cue = onehot.index(o.context), onehot.index(o.lesson), onehot.index(o.cue)
    forwards = o.direction[FORWARDS] > 0.0
    known = n.meaning[context, lesson, cue] if forwards else n.word[context, lesson, cue]
    if known > 0:
        return known - 1
    abroad = 1 - context
    for i in range(WORDS):
        word = cue if forwards else i
        meaning = i if forwards else cue
        if n.meaning[context, lesson, word] == 0 and n.word[context, lesson, meaning] == 0:
            twin, other = n.twin[context, meaning], n.meaning[abroad, lesson, word]
            if other > 0:  # then the pair would enter the shift, which must be free for it
                free = twin == 0 and other != meaning + 1 and n.twin[abroad, other - 1] == 0
            else:  # the pair would give the word a meaning abroad, which no other word may have
                free = twin == 0 or n.word[abroad, lesson, twin - 1] == 0
            if free:
                return i
    return below(n, WORDS)  # only where guesses contradict each other


# --- faces -----------------------------------------------------------------------------


def draw(p: Chapter, o: Record) -> list[str]:
    """Return a flash card (words a-h, meanings 1-8) as rows; below it, the right button of the last one."""
    lesson, cue, correct = onehot.index(o.lesson), onehot.index(o.cue), onehot.index(o.correct)
    backwards = o.direction[BACKWARDS] > 0.0
    shown = "12345678"[cue] if backwards else "abcdefgh"[cue]
    context = "dialect" if o.context[DIALECT] > 0.0 else "home"
    last = "" if correct < 0 else f"{'right' if o.result > 0.0 else 'wrong'}: {correct + 1}"
    return [
        "+------------------+",
        f"| {f'lesson {lesson + 1}' if lesson >= 0 else '':9}{context if lesson >= 0 else '':7} |",
        "|                  |",
        f"| {f'{shown}  =  ?' if lesson >= 0 else 'over':^16} |",
        "|                  |",
        "+------------------+",
        f"  {last:18}",
    ]


def tell(p: Chapter, o: Record) -> str:
    """Return the exercise in words."""
    if o.result == 0.0:
        last = "Result of the last answer: not shown. Correct answer: not shown."
    else:
        verdict = "right" if o.result > 0.0 else "wrong"
        last = f"Result of the last answer: {verdict}. Correct answer: {onehot.index(o.correct) + 1}."
    lesson = onehot.index(o.lesson)
    if lesson < 0:
        return f"{last} No question is left: no lesson, context, direction or cue."
    context = "home" if o.context[HOME] > 0.0 else "dialect"
    forwards = o.direction[FORWARDS] > 0.0
    shown, wanted = ("word", "meaning") if forwards else ("meaning", "word")
    return (
        f"{last} Lesson {lesson + 1}, context {context}, direction {'forwards' if forwards else 'backwards'}, "
        f"cue {onehot.index(o.cue) + 1}: which {wanted} has this {shown}?"
    )


# --- words -----------------------------------------------------------------------------

PREFACE = """You learn the words of a foreign language.
There are three lessons of eight words each, called w1 to w8. Word w3 of lesson 1 and word w3 of lesson 2 are
different words. There are eight meanings, called m1 to m8.
An exercise asks eight questions, one a step. A question names a lesson, a context (home or dialect) and a direction.
Forwards it names a word, and asks what that word means in this context; ANSWER_5 answers m5.
Backwards it names a meaning, and asks which word of the lesson means that in this context; ANSWER_5 answers w5.
After each answer you are told whether it was right, and what the right answer was. The same question may come again,
in this exercise or in a later one.
The exercise ends after eight steps. A step without an answer is lost: one question fewer is asked.
Mark: the share of the eight questions that you answered right, corrected for guessing: (share - 1/8) / (1 - 1/8),
and 0 if that is below 0.
Exam: half of the questions are of kinds that were asked before; the others put lesson, context and direction
together as no chapter before did. Nothing is shown of how you did."""

STRUCTURE = """Within a lesson every word has another of the eight meanings. In the dialect every meaning is shifted to
another one, never to itself; the shift is the same for all words of all lessons. So two words that mean the same at
home mean the same in the dialect; and of home, dialect and shift any two tell the third."""

FORBIDDEN = ("shift", "shifted", "permutation")


def asked_in(o: Record) -> str:
    """Return the context in words."""
    return "at home" if o.context[HOME] > 0.0 else "in the dialect"


def last_answer(before: Record, action: int, o: Record) -> str:
    """Return what the last answer was about, how it went, and what is true."""
    lesson, cue, correct = onehot.index(before.lesson) + 1, onehot.index(before.cue) + 1, onehot.index(o.correct) + 1
    backwards = before.direction[BACKWARDS] > 0.0
    answered = f"You answered {'w' if backwards else 'm'}{action + 1}"
    if o.result == 0.0:
        return f"{answered}. Whether that is right is not shown."
    word, meaning = (correct, cue) if backwards else (cue, correct)
    fact = f"{asked_in(before).capitalize()}, word w{word} of lesson {lesson} means m{meaning}."
    return f"{answered}: {'right' if o.result > 0.0 else 'wrong'}. {fact}"


def say(p: Chapter, before: Record | None, action: int | None, o: Record) -> str:
    """Return what the last answer brought, then the question that is asked now."""
    said = []
    if before is not None and action is not None and onehot.index(before.lesson) >= 0:
        said.append(last_answer(before, action, o))
    else:
        if before is not None:
            said.append("You gave no answer; the step is lost.")
        if o.result != 0.0:
            verdict = "right" if o.result > 0.0 else "wrong"
            said.append(f"The answer before was {verdict}; the right one had number {onehot.index(o.correct) + 1}.")
    left, lesson, cue = round(o.left * p.limit), onehot.index(o.lesson) + 1, onehot.index(o.cue) + 1
    if lesson > 0:
        asked = f"what does word w{cue} of lesson {lesson} mean?"
        if o.direction[BACKWARDS] > 0.0:
            asked = f"which word of lesson {lesson} means m{cue}?"
        said.append(f"{'Now the question' if left else 'Not answered any more'}: {asked_in(o)}, {asked}")
    said.append(f"Questions left: {left}." if left else "The exercise is over.")
    return " ".join(said)
