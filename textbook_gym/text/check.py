"""What the words of a book must keep; authors call `check_words("my_package.my_book")`."""

import re
import types
from collections.abc import Iterator

import numpy as np

from textbook_gym.authoring.book import Book, read
from textbook_gym.authoring.observation import HEADER
from textbook_gym.authoring.records import Row
from textbook_gym.envs.single import BookEnv
from textbook_gym.errors import BookError
from textbook_gym.text.course_view import NO_ACTION, Lane
from textbook_gym.text.words import PASSAGE, chapters_in, told_in, words_of

PREFACE_CHARS = 2500
WALKED_COURSES = 3  # walked at random, each of an edition of its own
EXERCISES = 2  # of each chapter
ALIKE = 0.001  # share of a signal's range that words may round off


def check_words(book: str | types.ModuleType) -> None:
    """Check what this package promises of a book's words: `PREFACE`, `STRUCTURE`, `FORBIDDEN`, `say` and `tell`.

    The preface is ASCII, at most 2,500 characters long, and names no hidden quantity; what it marks as told in some
    chapters alone names chapters that there are; what `say` and `tell` write is ASCII and names no hidden quantity
    either; `say` says something else wherever the signals or the steps left are others.

    Args:
        book: the module, or its dotted name.

    Raises:
        BookError: with one line for every finding.

    Example:
        >>> check_words("textbook_gym.books.bandits")  # raises what is wrong
    """
    found = read(book if isinstance(book, str) else book.__name__)
    findings = word_findings(found)
    if findings:
        raise BookError("\n".join(f"{found.name}: {finding}" for finding in findings))


def word_findings(book: Book) -> list[str]:
    """Return what is wrong with the words of a book, a line for every finding."""
    missing = [name for name in ("PREFACE", "STRUCTURE", "FORBIDDEN", "say") if not hasattr(book.module, name)]
    return [f"`{name}` is missing; the text view needs it" for name in missing] or [
        *check_preface(book),
        *check_pages(book),
    ]


def check_preface(book: Book) -> Iterator[str]:
    """The preface is short and plain, and names no hidden quantity."""
    words = words_of(book)
    length = len(told_in(words.preface, range(1, len(book.chapters) + 1)))
    if not 0 < length <= PREFACE_CHARS:
        yield f"PREFACE has {length} characters; 1 to {PREFACE_CHARS} are allowed"
    if not words.structure:
        yield "STRUCTURE is empty; say what form the hidden structure has"
    for name, text in (("PREFACE", words.preface), ("STRUCTURE", words.structure)):
        if not text.isascii():
            yield f"{name} holds {strange(text)!r}; use ASCII"
        yield from (f"{name}: {finding}" for finding in check_passages(text, len(book.chapters)))
    for word in names_in(book, words.preface):
        yield f"PREFACE names {word!r}, which FORBIDDEN lists as hidden"


def check_passages(text: str, chapters: int) -> Iterator[str]:
    """What is told of some chapters is marked in a way that can be read, and these chapters there are."""
    for passage in PASSAGE.finditer(text):
        for part in passage["chapters"].split("&"):
            if not (named := chapters_in(part)) or not named <= set(range(1, chapters + 1)):
                yield f"{{{passage['chapters']}: ...}} names chapters that there are not; there are 1 to {chapters}"
    if brace := re.search("[{}].{0,20}", PASSAGE.sub("", text)):
        yield f"the brace at {brace[0]!r} marks nothing; write {{{chapters}: what is told of this chapter alone}}"


def check_pages(book: Book) -> Iterator[str]:
    """Pages are plain, name no hidden quantity, and differ where what is seen differs."""
    findings: dict[str, None] = {}  # each once, in order
    seen: dict[tuple[int, str], np.ndarray] = {}  # chapter and words -> signals
    shown = [*book.signals, *(s for s in HEADER if s.name == "left")]  # of the header, the desk tells the rest
    sizes = {s.name: s.size for s in shown}
    tolerance = ALIKE * np.concatenate([np.full(s.size, s.high - s.low) for s in shown])
    for p, before, action, o in pages(book):
        place = f"chapter {p.number}"
        said, page = words_of(book).say(p, before, action, o), book.tell(p, o)
        for name, text in (("say", said), ("tell", page)):
            if not isinstance(text, str) or not text:
                findings[f"{place}: `{name}` returns {text!r}; return words"] = None
                continue
            if not text.isascii():
                findings[f"{place}: `{name}` writes {strange(text)!r}; use ASCII"] = None
            for word in names_in(book, text):
                findings[f"{place}: `{name}` names {word!r}, which FORBIDDEN lists as hidden"] = None
        signals = np.concatenate([np.ravel(np.asarray(o._void[name], np.float64)) for name in sizes])
        other = seen.setdefault((p.number, said), signals)
        apart = np.flatnonzero(np.abs(other - signals) > tolerance)
        if len(apart):
            lost = [name for name, size in sizes.items() for _ in range(size)][apart[0]]
            findings[f"{place}: `say` has the same words for different values of the signal {lost!r}"] = None
    yield from findings


def pages(book: Book) -> Iterator[tuple[Row, Row | None, int | None, Row]]:
    """Yield what `say` is given in courses walked at random; every tenth reply names no action."""
    rng = np.random.default_rng(0)
    for edition in range(WALKED_COURSES):
        lane = Lane(BookEnv(book.path, episode="book", split="all", exercises=EXERCISES))
        lane.open(0, {"edition": edition})
        yield lane.row, None, None, lane.seen
        while not lane.info["book_done"]:
            if lane.info["exercise_done"]:
                lane.turn()
                yield lane.row, None, None, lane.seen
                continue
            before, action = lane.seen, NO_ACTION if rng.random() < 0.1 else int(rng.integers(len(book.actions)))
            lane.step(action)
            yield lane.row, before, None if action == NO_ACTION else action, lane.seen


def names_in(book: Book, text: str) -> list[str]:
    """Return the forbidden words that a text names, in any case."""
    words = getattr(book.module, "FORBIDDEN", ())
    return [word for word in words if re.search(rf"\b{re.escape(word)}\b", text, re.IGNORECASE)]


def strange(text: str) -> str:
    """Return the first character of a text that is not ASCII."""
    return next(character for character in text if not character.isascii())
