"""What an observation is made of: the signals of a book, and the header that every course adds."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Signal(NamedTuple):
    """One thing that a student may see: `low` <= value <= `high`, a number or an array of `shape`.

    Example:
        >>> Signal("lit", 0.0, 1.0, "1 for every lamp that is lit", (4, 2)).size
        8
    """

    name: str
    low: float
    high: float
    doc: str
    shape: tuple[int, ...] = ()

    @property
    def size(self) -> int:
        """How many floats of the observation it takes."""
        return int(np.prod(self.shape, dtype=int))


HEADER = (
    Signal("chapter", 0.0, 1.0, "the chapter's number, as a share of all chapters"),
    Signal("exercise", 0.0, 1.0, "the exercise's number, as a share of the chapter's exercises"),
    Signal("left", 0.0, 1.0, "steps left, as a share of the limit; 0 once the exercise is over"),
    Signal("first", 0.0, 1.0, "1 before the first step of an exercise, else 0"),
)
"""What the course adds behind the signals of every book."""


def observation_bounds(signals: Sequence[Signal]) -> tuple[np.ndarray, np.ndarray]:
    """Return lowest and highest observation made of signals and header, float32 of shape (width,) each.

    Example:
        >>> low, high = observation_bounds([Signal("payoff", -1.0, 1.0, "of the last step")])
        >>> low.tolist()
        [-1.0, 0.0, 0.0, 0.0, 0.0]
    """
    every = (*signals, *HEADER)
    low = np.concatenate([np.full(s.size, s.low, np.float32) for s in every])
    high = np.concatenate([np.full(s.size, s.high, np.float32) for s in every])
    return low, high
