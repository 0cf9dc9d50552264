"""Trained students that ship with the package: plain arrays, played by NumPy alone.

`in-context` is a small causal transformer for each book. Its weights stay as they are while it plays; all that it
learns in a course stands in its memory, the keys and values of what it has seen. There is no ledger and no belief:
which part of the history matters it has learned from other editions (see `textbook_gym.train.in_context`).
"""

import functools
import importlib.resources
import pathlib
from collections.abc import Callable, Mapping

import numpy as np

from textbook_gym.authoring.book import Book
from textbook_gym.students.space_layouts import Layout, Sizes
from textbook_gym.students.transformer import Transformer, token_width, write_tokens
from textbook_gym.students.weights_file import Header, fitting, load_arrays

FOLDER = "weights"  # beside this file: FOLDER/<student>/<book>.npz
IN_CONTEXT = "in-context"
ARRAYS = ".npz"  # how the name of a file of arrays ends
TRAINED = (IN_CONTEXT,)
"""Names of the students that ship with the package."""

Source = Callable[[Book], tuple[Header, dict[str, np.ndarray]]]
"""Finds header and arrays for a book, or refuses it."""


class InContext:
    """The student `in-context`.

    Args:
        arrays: where to find them; None for those that ship with the package.
        name: what it is called in tables.

    Example:
        study(["in-context", "newcomer", "model"], ["Vocabulary"])
    """

    def __init__(self, arrays: Source | None = None, name: str = IN_CONTEXT) -> None:
        self.name = name
        self._arrays = arrays or shipped_arrays

    def begin(self, book: Book, lanes: int, seed: int) -> None:
        """Start every lane with nothing seen.

        Raises:
            ValueError: there are no arrays for this book, or they are of another version of it.
        """
        header, arrays = self._arrays(book)
        architecture, self._rng = header.architecture, np.random.default_rng(seed)
        self._network = Transformer(arrays, int(architecture["heads"]), lanes)
        self._sharpness = float(architecture["sharpness"])
        sizes = Sizes(*architecture["sizes"])
        self._layout = Layout(book, lanes, sizes, self._rng if architecture["permuted"] else None)
        self._tokens = np.zeros((lanes, token_width(sizes)), np.float32)
        self._before = np.zeros((lanes, sizes.width), np.float32)
        self._buttons = np.full(lanes, -1, np.int64)

    def act(self, observations: np.ndarray, info: Mapping[str, np.ndarray]) -> np.ndarray:
        """Read one more step in every lane; draw an action from what the network says."""
        seen = self._layout.spread(observations)
        write_tokens(self._tokens, seen, self._before, self._buttons, info["exercise_done"], info["mark"])
        self._before = seen
        logits = np.where(self._layout.known, self._network.step(self._tokens) * self._sharpness, -np.inf)
        self._buttons = np.argmax(logits + self._rng.gumbel(size=logits.shape), axis=1)
        return self._layout.action_of(self._buttons)

    def did(self, actions: np.ndarray) -> None:
        """Hear what was done in its place, int (lanes,)."""
        self._buttons = self._layout.button_of(actions)

    def wipe(self, mask: np.ndarray) -> None:
        """Forget all steps in the lanes of the mask."""
        self._network.forget(mask)
        self._before[mask] = 0.0
        self._buttons[mask] = -1


def weights_path(student: str, book: str) -> pathlib.Path:
    """Return where the arrays of a student for a book ship with the package, or would.

    Example:
        >>> weights_path("in-context", "Bandits").name
        'Bandits.npz'
    """
    return pathlib.Path(str(importlib.resources.files("textbook_gym.students"))) / FOLDER / student / f"{book}.npz"


def shipped_arrays(book: Book) -> tuple[Header, dict[str, np.ndarray]]:
    """Return the arrays of `in-context` for a book that ship with the package.

    Raises:
        ValueError: there are none, or they are of another version of the book; the message says how to train them.

    Example:
        >>> from textbook_gym import find
        >>> header, arrays = shipped_arrays(find("Bandits"))
        >>> header.student, header.book
        ('in-context', 'textbook/BanditsCourse-v1')
    """
    path = weights_path(IN_CONTEXT, book.name)
    if not path.is_file():
        raise ValueError(
            f"student {IN_CONTEXT!r} was not trained on {book.name}; train it: "
            f"textbook-gym train --book {book.name} --algo {IN_CONTEXT}"
        )
    return read_arrays(path, book)


def read_arrays(path: pathlib.Path, book: Book) -> tuple[Header, dict[str, np.ndarray]]:
    """Return header and arrays of a file, if they are for this book.

    Raises:
        ValueError: they are not, or the file is none of arrays.
    """
    header, arrays = load_arrays(path.read_bytes(), str(path))
    return fitting(header, book), arrays


def in_context(path: str | pathlib.Path, name: str = "") -> InContext:
    """Return a student whose arrays stand in a file that `textbook-gym train --algo in-context` wrote.

    Raises:
        ValueError: there is no such file, or it is another one.
    """
    file = pathlib.Path(path)
    if not file.is_file():
        raise ValueError(
            f"student {str(path)!r}: there is no such file; textbook-gym train --algo {IN_CONTEXT} writes one"
        )
    load_arrays(file.read_bytes(), str(file))
    return InContext(functools.partial(read_arrays, file), name or file.stem)
