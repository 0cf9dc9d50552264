"""Functions and models as students."""

from collections.abc import Callable
from typing import Any

import numpy as np

from textbook_gym.authoring.book import Book


class FunctionAgent:
    """A function of the observations as a student; without a memory there is nothing to wipe."""

    remembers = False

    def __init__(self, function: Callable[[np.ndarray], Any], name: str) -> None:
        self.function, self.name = function, name

    def begin(self, book: Book, lanes: int, seed: int) -> None:
        """Nothing to prepare."""

    def act(self, observations: np.ndarray, info: dict[str, np.ndarray]) -> np.ndarray:
        """Return what the function returns."""
        return np.asarray(self.function(observations))

    def wipe(self, mask: np.ndarray) -> None:
        """Nothing to forget."""


class ModelAgent:
    """A Stable-Baselines3 or sb3-contrib model as a student; its memory is the recurrent state, if it has one."""

    def __init__(self, model: Any, name: str = "sb3", deterministic: bool = False) -> None:
        self.model, self.name, self.deterministic = model, name, deterministic

    def begin(self, book: Book, lanes: int, seed: int) -> None:
        """Start every lane with a blank recurrent state."""
        self.state: Any = None
        self.starts = np.ones(lanes, bool)
        self.model.set_random_seed(seed)

    def act(self, observations: np.ndarray, info: dict[str, np.ndarray]) -> np.ndarray:
        """Ask the policy."""
        actions, self.state = self.model.predict(
            observations, state=self.state, episode_start=self.starts, deterministic=self.deterministic
        )
        self.starts = np.zeros_like(self.starts)
        return np.asarray(actions)

    def wipe(self, mask: np.ndarray) -> None:
        """Blank the recurrent state at the next step."""
        self.starts = self.starts | mask
