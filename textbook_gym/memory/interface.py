"""What goes into a memory and what comes out of it: the keys of `info` that are read, a step, and the space."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from gymnasium import spaces

READ: dict[str, Any] = {
    "exercise_done": np.bool_,
    "mark": np.float32,
    "chapter": np.int64,
    "edition": np.int64,
    "book_done": np.bool_,
}
"""What is read of `info`, and as which type."""

Info = Mapping[str, Any]
"""An info of many lanes: arrays of shape (lanes,)."""


class Step(NamedTuple):
    """One step of all lanes, as `Memory._learn` and the compiled loops read it; the first axis is the lane.

    Example:
        >>> obs = np.zeros((2, 3), np.float32)
        >>> step = Step(obs, obs, np.array([0, 1]), np.zeros(2, np.float32), np.ones(2, np.float32))
        >>> step.marks.tolist()  # of both lanes
        [1.0, 1.0]
    """

    before: np.ndarray  # float32 (lanes, width), what was observed before it
    after: np.ndarray  # float32 (lanes, width), what was observed after it
    actions: np.ndarray  # int64 (lanes,), counted from 0
    rewards: np.ndarray  # float32 (lanes,), within +-10; set in lanes that learn only
    marks: np.ndarray  # float32 (lanes,)


class RememberedBox(spaces.Box):
    """A `Box` of what a student with a memory sees, that says which memory.

    It equals a plain `Box` with the same bounds. A model that saves its observation space, as those of
    Stable-Baselines3 do, saves with it what it takes to study the model as it was trained.

    Args:
        low: lowest values, float32.
        high: highest values, of the same shape.
        textbook: JSON-able: "book", a book's name or None; "memory", a memory's name; "settings", what makes it again.

    Example:
        >>> low, high = np.zeros(3, np.float32), np.ones(3, np.float32)
        >>> box = RememberedBox(low, high, {"book": "Bandits", "memory": "recap", "settings": {"keep": "edition"}})
        >>> box == spaces.Box(low, high), box.textbook["memory"]
        (True, 'recap')
    """

    def __init__(self, low: np.ndarray, high: np.ndarray, textbook: dict[str, Any]) -> None:
        super().__init__(low, high, dtype=np.float32)
        self.textbook = textbook
