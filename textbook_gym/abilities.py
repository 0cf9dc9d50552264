"""What an ability is worth in a book: the model student with it and without it, on the same editions.

    worth = gain of the model student - gain of the model student without the ability

where the gain of a chapter is the last grade - newcomer, and the gain of a book their mean over its chapters. An
ability is *necessary* in a book if its loss costs at least 0.15 of gain and a quarter of the model student's, or 0.25
in one chapter, and if the 95 % interval of that loss lies above 0. What a book claims in `ABILITIES` is measured by
`check_book`, and refused where it does not hold.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from textbook_gym.authoring.abilities import Ability
from textbook_gym.authoring.book import Book
from textbook_gym.engine.lanes import Lanes
from textbook_gym.engine.loops import Wipe
from textbook_gym.students.base import ABLATED, REFERENCES, WIPED, Reference
from textbook_gym.students.rollout import walk

IN_BOOK = 0.15  # least worth of a necessary ability in the whole book
SHARE = 0.25  # and least share of the model student's gain
IN_CHAPTER = 0.25  # or least worth in one chapter
NORMAL = 1.96  # standard errors of a 95 % interval


class Worth(NamedTuple):
    """What one ability is worth in one book.

    Attributes:
        ability: which.
        value: gain of the model student - its gain without the ability, in the whole book.
        error: standard error over editions.
        share: value, as a share of the model student's gain.
        chapters: the same difference in each chapter.
        errors: standard error of each of these.
        claimed: whether the book says that it needs the ability.

    Example:
        >>> from textbook_gym import find
        >>> worth = worths(find("Bandits"), courses=16)[0]
        >>> worth.ability.word, worth.necessary
        ('learning', True)
    """

    ability: Ability
    value: float
    error: float
    share: float
    chapters: tuple[float, ...]
    errors: tuple[float, ...]
    claimed: bool

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the worth over editions."""
        return _interval(self.value, self.error)

    @property
    def most(self) -> int:
        """Row of the chapter in which it is worth most."""
        return int(np.argmax(self.chapters))

    @property
    def chapter_interval(self) -> tuple[float, float]:
        """95 % interval of the worth in the chapter where it is most."""
        return _interval(self.chapters[self.most], self.errors[self.most])

    @property
    def necessary(self) -> bool:
        """Whether success in the book needs it."""
        whole = self.value >= IN_BOOK and self.share >= SHARE and self.interval[0] > 0.0
        return whole or (self.chapters[self.most] >= IN_CHAPTER and self.chapter_interval[0] > 0.0)


def _interval(value: float, error: float) -> tuple[float, float]:
    """Return the 95 % interval of a mean, from its standard error."""
    return value - NORMAL * error, value + NORMAL * error


def gains(book: Book, student: Reference, courses: int) -> np.ndarray:
    """Return the gain of a reference student by edition and chapter, float64 (courses, chapters).

    Example:
        >>> from textbook_gym import find
        >>> from textbook_gym.students.base import REFERENCES
        >>> gains(find("Bandits"), REFERENCES["oracle"], 2).shape
        (2, 6)
    """
    lanes = Lanes(book.path, courses, episode="book", split="all")
    rows = walk(student, lanes, list(range(courses)), Wipe.NEVER)
    ends = np.cumsum(lanes.plan["exercises"]) - 1
    return np.asarray(rows["grade"][:, ends] - lanes.plan["newcomer"])


def worths(book: Book, courses: int = 256) -> list[Worth]:
    """Return what each ability is worth in a book, over editions 0..courses-1.

    An ability that the book says nothing of is worth 0, since its model student knows no way to do without it; but
    learning and retention are measured in every book.

    Example:
        >>> from textbook_gym import find
        >>> [w.ability.word for w in worths(find("Bandits"), courses=16)][:2]
        ['learning', 'retention']
    """
    whole = gains(book, REFERENCES["model"], courses)
    level = float(whole.mean())
    found, none = [], (0.0,) * len(book.chapters)
    for ability in Ability:
        claimed = ability in book.abilities
        if not claimed and ability not in WIPED:
            found.append(Worth(ability, 0.0, 0.0, 0.0, none, none, False))
            continue
        lost = whole - gains(book, ABLATED[f"model-{ability.word}"], courses)
        each = lost.mean(axis=1)
        value, error = float(each.mean()), float(each.std() / np.sqrt(courses))
        share = value / level if level > 0 else 0.0
        chapters, errors = lost.mean(axis=0).tolist(), (lost.std(axis=0) / np.sqrt(courses)).tolist()
        found.append(Worth(ability, value, error, share, tuple(chapters), tuple(errors), claimed))
    return found


def ability_findings(book: Book, courses: int) -> Iterator[str]:
    """Yield a finding for every ability that the book claims and does not need.

    Example:
        >>> from textbook_gym import find
        >>> list(ability_findings(find("Bandits"), courses=16))  # every claim holds
        []
    """
    for w in worths(book, courses):
        if w.claimed and not w.necessary:
            yield (
                f"ABILITIES[{w.ability.word!r}]: without it the model student loses {w.value:.3f} of gain "
                f"({w.share:.0%}), and {w.chapters[w.most]:.3f} in chapter {w.most + 1}; a claim needs {IN_BOOK} and "
                f"{SHARE:.0%} in the book or {IN_CHAPTER} in a chapter: make it necessary, or drop the claim"
            )
