"""Which worlds a study walked: digests of its editions."""

import hashlib
from collections.abc import Sequence

import numpy as np

from textbook_gym.engine.course import edition_words
from textbook_gym.engine.lanes import Lanes
from textbook_gym.registry import BOOKS, find
from textbook_gym.students.rollout import open_editions
from textbook_gym.study.jobs import BLOCK

# --- what is written -------------------------------------------------------------------------------


def edition_digests(
    books: Sequence[str] | None, split: str, editions: int, course: str | None = None
) -> dict[str, str]:
    """Return, for every book, the SHA-256 of the worlds of editions 0, 1, ...: their EDITION records, one by one.

    Two studies whose digests are equal met the same worlds. What a number means in a split hangs on the `course`.
    """
    digests = {}
    for book in map(find, books or BOOKS):
        digest = hashlib.sha256()
        for start in range(0, editions, BLOCK):
            numbers = range(start, min(start + BLOCK, editions))
            lanes = Lanes(book.path, len(numbers), episode="book", split=split, course=course, threads=1)
            open_editions(lanes, numbers)
            words = lanes.records.view(np.uint64).reshape(len(numbers), -1)  # a copy by fields has chance in its gaps
            digest.update(words[:, slice(*edition_words(book))].tobytes())
        digests[book.name] = digest.hexdigest()
    return digests
