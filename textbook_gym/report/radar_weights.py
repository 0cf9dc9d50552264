"""What abilities are worth, as measured: what the radar weighs books by.

For the books of this package the table is shipped: `worth.csv`, written by `python benchmarks/abilities.py`. For a book
of somebody else's it is measured when a report asks for it.
"""

import csv
import functools
import importlib.resources

from textbook_gym.abilities import Worth, worths
from textbook_gym.authoring.abilities import WORDS, Ability
from textbook_gym.registry import BUILT_IN, find

TABLE = "worth.csv"
WORTH_COLUMNS = (
    "book", "ability", "claimed", "necessary", "worth", "low", "high", "share",
    "chapter", "in_chapter", "chapter_low", "chapter_high",
)  # fmt: skip


def row_of(book: str, w: Worth) -> dict[str, str]:
    """Return what is written of an ability in a book; `chapter` is the one in which it is worth most, `in_chapter`.

    Example:
        [row_of("Bandits", worth) for worth in worths(find("Bandits"))]
    """
    whole = (f"{x:.4f}" for x in (w.value, *w.interval, w.share))
    inside = (f"{x:.4f}" for x in (w.chapters[w.most], *w.chapter_interval))
    cells = (book, w.ability.word, w.claimed, w.necessary, *whole, w.most + 1, *inside)
    return dict(zip(WORTH_COLUMNS, map(str, cells), strict=True))


@functools.cache
def shipped() -> dict[str, dict[Ability, float]]:
    """Return the shipped table: book -> necessary ability -> the greater of its worth in the book and in a chapter."""
    found: dict[str, dict[Ability, float]] = {}
    file = importlib.resources.files("textbook_gym.report").joinpath(TABLE)
    for row in csv.DictReader(file.read_text(encoding="utf-8").splitlines()):
        needs = found.setdefault(row["book"], {})
        if row["claimed"] == row["necessary"] == "True":
            needs[WORDS[row["ability"]]] = max(float(row["worth"]), float(row["in_chapter"]))
    return found


@functools.cache
def needs(book: str) -> dict[Ability, float]:
    """Return the abilities that success in a book needs, each with the greater of its worth in book and in a chapter.

    Example:
        >>> [ability.word for ability in needs("Theorems")][:2]
        ['learning', 'retention']
    """
    if book in BUILT_IN and book in shipped():
        return shipped()[book]
    measured = [w for w in worths(find(book)) if w.claimed and w.necessary]
    return {w.ability: max(w.value, *w.chapters) for w in measured}
