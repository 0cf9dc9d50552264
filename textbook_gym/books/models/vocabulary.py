"""The model student of `textbook_gym.books.vocabulary`: what it assumes and does is told there."""

from textbook_gym.authoring import Ability, Field, Record, below, onehot, rule
from textbook_gym.books.vocabulary import CONTEXTS, DIALECT, FORWARDS, HOME, LESSONS, PER_LESSON, Chapter

NOTES = (
    Field("meaning", "i1", "1 + meaning of every word, 0 if unknown", (CONTEXTS, LESSONS, PER_LESSON)),
    Field("word", "i1", "1 + word of every meaning, 0 if unknown", (CONTEXTS, LESSONS, PER_LESSON)),
    Field("twin", "i1", "1 + what a meaning of either context is in the other, 0 if unknown", (CONTEXTS, PER_LESSON)),
)


@rule
def enter(n: Record, context: int, lesson: int, word: int, meaning: int) -> None:
    """Note one pair."""
    n.meaning[context, lesson, word] = meaning + 1
    n.word[context, lesson, meaning] = word + 1


@rule
def context_of(n: Record, o: Record) -> int:
    """Return the context that it takes the question to be of: who never revises takes a word for what it was."""
    return HOME if n.lacks == Ability.ADAPTATION else onehot.index(o.context)


@rule
def open_page(p: Chapter, n: Record, o: Record) -> None:
    """Nothing to prepare: the notes are the same on every page."""


@rule
def study(p: Chapter, n: Record, before: Record, action: int, o: Record) -> None:
    """Note the pair shown, or the one guessed if nothing is shown, and all that follows."""
    context, lesson, cue = context_of(n, before), onehot.index(before.lesson), onehot.index(before.cue)
    answered = action if o.result == 0.0 else onehot.index(o.correct)
    forwards = before.direction[FORWARDS] > 0.0
    known = n.meaning[context, lesson, cue] if forwards else n.word[context, lesson, cue]
    if known > 0:
        return
    if n.lacks == Ability.GENERALISATION:  # this question and no other, not even backwards
        if forwards:
            n.meaning[context, lesson, cue] = answered + 1
        else:
            n.word[context, lesson, cue] = answered + 1
        return
    enter(n, context, lesson, cue if forwards else answered, answered if forwards else cue)
    news = True
    while news:  # of home, dialect and shift any two give the third; a new entry of the shift may give more
        news = False
        for i in range(LESSONS):
            for word in range(PER_LESSON):
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
    context, lesson, cue = context_of(n, o), onehot.index(o.lesson), onehot.index(o.cue)
    forwards = o.direction[FORWARDS] > 0.0
    known = n.meaning[context, lesson, cue] if forwards else n.word[context, lesson, cue]
    if known > 0:
        return known - 1
    abroad = 1 - context
    for i in range(PER_LESSON):
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
    return below(n, PER_LESSON)  # only where guesses contradict each other
