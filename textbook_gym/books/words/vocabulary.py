"""The words of `textbook_gym.books.vocabulary`: what is told of it, and how a page is drawn."""

from textbook_gym.authoring import Record, onehot
from textbook_gym.books.vocabulary import BACKWARDS, DIALECT, FORWARDS, HOME, Chapter


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


PREFACE = """You learn the words of a foreign language.
There are three lessons of eight words each, called w1 to w8. Word w3 of lesson 1 and word w3 of lesson 2 are
different words. There are eight meanings, called m1 to m8.
An exercise asks eight questions, one a step. A question names a lesson, a context and a word, and asks what that word
means in this context; ANSWER_5 answers m5. The context is home{4-6: or the dialect}.
{5-6: Some questions go backwards: they name a meaning, and ask which word of the lesson means that in this context;
ANSWER_5 then answers w5.}
After each answer you are told whether it was right, and what the right answer was. The same question may come again,
in this exercise or in a later one.
The exercise ends after eight steps. A step without an answer is lost: one question fewer is asked.
Mark: the share of the eight questions that you answered right, corrected for guessing: (share - 1/8) / (1 - 1/8),
and 0 if that is below 0.
{6: Exam: half of the questions are of kinds that were asked before; the others put lesson, context and direction
together as no chapter before did. Nothing is shown of how you did.}"""

STRUCTURE = """Within a lesson every word has another of the eight meanings.
{4-6: In the dialect every meaning is shifted to another one, never to itself; the shift is the same for all words of
all lessons. So two words that mean the same at home mean the same in the dialect; and of home, dialect and shift any
two tell the third.}"""

FORBIDDEN = ("shift", "shifted", "permutation")

ARGUMENTS = {"ANSWER": "number"}


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
