"""Which worlds a study walked: digests of its editions."""

import hashlib
import pathlib
from collections.abc import Sequence

import numpy as np

from textbook_gym.engine.course import edition_words
from textbook_gym.engine.lanes import Lanes
from textbook_gym.registry import BOOKS, find
from textbook_gym.students.rollout import open_editions
from textbook_gym.study.jobs import BLOCK, blocks

LEAST_SECRET = 16  # characters: fewer could be guessed


def secret(sealed: str | None) -> str | None:
    """Return the secret of a sealed study: what is given, or what the file behind an @ holds, without blanks around.

    Raises:
        ValueError: there is no such file, or it is too short to be a secret.
    """
    if sealed is None:
        return None
    text = sealed
    if sealed.startswith("@"):
        try:
            text = pathlib.Path(sealed[1:]).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"sealed={sealed!r}: the file cannot be read ({error})") from error
    if len(text.strip()) < LEAST_SECRET:
        raise ValueError(
            f"the salt of a sealed study has {len(text.strip())} characters and could be guessed; give "
            f"{LEAST_SECRET} or more, or @FILE that holds them"
        )
    return text.strip()


def salt_of(hidden: str | None) -> int:
    """Return the number that a secret mixes into edition numbers, 1 to 2^64 - 1; 0 for none."""
    if hidden is None:
        return 0
    return int.from_bytes(hashlib.sha256(b"textbook_gym salt\0" + hidden.encode()).digest()[:8], "little") or 1


def seal_digest(hidden: str) -> str:
    """Return what names a secret before it is published: its SHA-256 in hexadecimal."""
    return hashlib.sha256(hidden.encode()).hexdigest()


def edition_digests(
    books: Sequence[str] | None, split: str, editions: int | Sequence[int], course: str | None = None, salt: int = 0
) -> dict[str, str]:
    """Return, for every book, the SHA-256 of the worlds of its editions: their EDITION records, one by one.

    `editions` is how many, numbered 0, 1, ..., or their numbers.
    Two studies whose digests are equal met the same worlds. What a number means in a split hangs on the `course`.
    """
    digests = {}
    for book in map(find, books or BOOKS):
        digest = hashlib.sha256()
        for start, stop in blocks(editions, BLOCK):
            numbers = range(start, stop)
            lanes = Lanes(book.path, len(numbers), episode="book", split=split, course=course, threads=1).seal(salt)
            open_editions(lanes, numbers)
            words = lanes.records.view(np.uint64).reshape(len(numbers), -1)  # a copy by fields has chance in its gaps
            digest.update(words[:, slice(*edition_words(book))].tobytes())
        digests[book.name] = digest.hexdigest()
    return digests
