"""Train and test editions: which split a world belongs to is told by its content, so that none comes in both."""

import enum
from collections.abc import Sequence

import numpy as np

from textbook_gym.authoring.book import Book
from textbook_gym.authoring.contract import rule
from textbook_gym.authoring.fields import chapters_of
from textbook_gym.authoring.random import scramble
from textbook_gym.authoring.records import Record
from textbook_gym.errors import BookError

TEST_SHARE = 4  # one edition in four belongs to the test split
EDITION_STREAM = 0xD1B54A32D192ED03  # any odd constant: the root that edition numbers are mixed into


class Split(enum.IntEnum):
    """Which editions may be opened: the keyword `split=`."""

    ALL = 0
    TRAIN = 1
    TEST = 2


@rule
def belongs(words: Record, i: int, p: Record, first: int, last: int, split: int) -> bool:
    """Return whether the edition of lane `i` is one of the split's.

    That is told by a hash of its content, not of any seed, and only of what matters in the chapters of the course: two
    worlds that a course cannot tell apart are of one split.
    """
    if split == Split.ALL:
        return True
    h = EDITION_STREAM
    for j in range(first, last):
        h = scramble(h ^ (words[i, j] & p.hashed[j - first]))
    test = h % TEST_SHARE == 0
    return test == (split == Split.TEST)


def hashed_bits(book: Book, chosen: Sequence[int]) -> np.ndarray:
    """Return the bits of EDITION that tell train from test in a course of the chosen chapters, as 64-bit words.

    Set are those of all cells that matter in one of the chapters, whatever the rest of the edition is, and those
    between the fields, which are 0 in every edition.

    Raises:
        BookError: a field names chapters that there are not.
    """
    bits = np.full(book.edition.itemsize, 0xFF, np.uint8)
    cells = bits.view(book.edition)
    rows = [number - 1 for number in chosen]
    for field in book.module.EDITION:
        try:
            where, partly = (chapters_of(w, field.shape, len(book.chapters)) for w in (field.chapters, field.partly))
        except ValueError as error:
            raise BookError(f"{book.path}: EDITION.{field.name} names chapters {error}") from error
        idle = ~(where & ~partly)[rows].any(axis=0)
        cells[field.name][idle[np.newaxis]] = 0
    return bits.view(np.uint64)
