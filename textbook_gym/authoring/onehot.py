"""One-hot signals: the table that `observe` copies from, and reading a signal back."""

import numpy as np

from textbook_gym.authoring.contract import rule
from textbook_gym.authoring.records import Record


def table(n: int) -> np.ndarray:
    """Return rows to be shown, float32 `(n + 1, n)`: row `i` has its 1 at place `i`; the last row, also -1, has none.

    Example:
        >>> ONE = table(3)  # in `observe`: for i in range(3): o.lit[i] = ONE[s.lit, i], with s.lit -1 for no lamp
        >>> ONE[1].tolist(), ONE[-1].tolist()
        ([0.0, 1.0, 0.0], [0.0, 0.0, 0.0])
    """
    return np.eye(n + 1, n, dtype=np.float32)


@rule
def index(cells: Record) -> int:
    """Return the first place of a one-dimensional signal that is above 0, or -1 if there is none.

    Example:
        >>> index([0.0, 0.0, 1.0]), index([0.0, 0.0, 0.0])
        (2, -1)
    """
    for i in range(len(cells)):
        if cells[i] > 0.0:
            return i
    return -1
