"""Where a network sees the signals of a book, and what its buttons do: as in the book, or drawn anew as in the library.

A network of many books reads observations of one width and has one row of buttons. It is not told which book it is in.
Where a signal stands and what a button does is drawn anew for every course, just as `textbook/Library` does.
"""

from typing import NamedTuple

import numpy as np

from textbook_gym.authoring.book import Book
from textbook_gym.envs.multibook import NOTHING, layout_of
from textbook_gym.registry import BUILT_IN, find


class Sizes(NamedTuple):
    """How much a network reads and says: floats of an observation, and buttons."""

    width: int
    buttons: int


def sizes_of(book: Book) -> Sizes:
    """Return the sizes of one book."""
    return Sizes(book.width, len(book.actions))


def library_sizes() -> Sizes:
    """Return the sizes that the largest built-in books need."""
    books = [find(name) for name in BUILT_IN]
    return Sizes(max(b.width for b in books), max(len(b.actions) for b in books))


class Layout:
    """Signals and buttons of some courses.

    Args:
        book: what is walked.
        courses: how many.
        sizes: of the network.
        rng: what layouts are drawn from; None for the book's own, with these sizes or larger ones.
    """

    def __init__(self, book: Book, courses: int, sizes: Sizes, rng: np.random.Generator | None = None) -> None:
        self.sizes = sizes
        if rng is None:
            self.places = np.broadcast_to(np.arange(book.width), (courses, book.width))
            row = np.where(np.arange(sizes.buttons) < len(book.actions), np.arange(sizes.buttons), NOTHING)
            self.actions = np.broadcast_to(row, (courses, sizes.buttons))
        else:
            keys = rng.integers(0, 1 << 64, courses, np.uint64)
            self.places, self.actions = layout_of(book, keys, *sizes)
        self.known = self.actions != NOTHING
        self.buttons = np.argsort(np.where(self.known, self.actions, sizes.buttons), axis=1)[:, : len(book.actions)]

    def spread(self, observations: np.ndarray) -> np.ndarray:
        """Return observations, float32 (courses, width of the book), as the network reads them."""
        read = np.zeros((len(observations), self.sizes.width), np.float32)
        np.put_along_axis(read, self.places, observations, axis=1)
        return read

    def action_of(self, buttons: np.ndarray) -> np.ndarray:
        """Return the book's action behind a button of each course."""
        actions: np.ndarray = self.actions[np.arange(len(buttons)), buttons]
        return actions

    def button_of(self, actions: np.ndarray) -> np.ndarray:
        """Return the button of the book's action in each course; what is negative stays as it is."""
        found = self.buttons[np.arange(len(actions)), np.maximum(actions, 0)]
        return np.where(actions < 0, actions, found)
