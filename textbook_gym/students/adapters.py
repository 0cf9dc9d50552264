"""Functions and models as students."""

from collections.abc import Callable
from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete, Space

from textbook_gym.authoring.book import Book

SLACK = 1e-3  # by which an observation may lie outside its bounds: rounding
WRAPPED = (
    "if a wrapper such as VecNormalize or VecFrameStack stood between, study a function that does the same, "
    "observations -> model.predict(...)[0]"
)


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
        self._expected: tuple[Space[Any], Space[Any]] | None = None

    def expect(self, observation_space: Space[Any], action_space: Space[Any]) -> None:
        """Hear what it will see and may do, where that is not what the book shows and takes."""
        self._expected = observation_space, action_space

    def begin(self, book: Book, lanes: int, seed: int) -> None:
        """Start every lane with a blank recurrent state.

        Raises:
            ValueError: the model was trained on other observations or actions.
        """
        here = self._expected or (Box(*book.bounds(), dtype=np.float32), Discrete(len(book.actions)))
        trained = tuple(getattr(self.model, name, None) for name in ("observation_space", "action_space"))
        if any(a is not None and not same_space(a, b) for a, b in zip(trained, here, strict=True)):
            then, now = (" and ".join(in_words(s) for s in spaces) for spaces in (trained, here))
            raise ValueError(
                f"student {self.name!r} was trained on {then}, {book.name} has {now}: study it on the book and "
                f"with the memory that it was trained with; {WRAPPED}"
            )
        if saw_other_numbers(self.model):
            raise ValueError(f"student {self.name!r} was trained on other numbers than {book.name} shows: {WRAPPED}")
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


def same_space(a: Space[Any], b: Space[Any]) -> bool:
    """Return whether a model for one space can be asked about the other: bounds may differ by rounding."""
    if isinstance(a, Box) and isinstance(b, Box):
        return a.shape == b.shape and np.allclose(a.low, b.low) and np.allclose(a.high, b.high)
    return bool(a == b)


def saw_other_numbers(model: Any) -> bool:
    """Return whether a wrapper changed a model's observations and left their space as it was, as VecNormalize does.

    A model in training holds the wrapper; a saved one only what it saw last.
    """
    if getattr(getattr(model, "_vec_normalize_env", None), "norm_obs", False):
        return True
    space, last = getattr(model, "observation_space", None), getattr(model, "_last_obs", None)
    if not isinstance(space, Box) or not isinstance(last, np.ndarray) or last.shape[1:] != space.shape:
        return False
    return bool((last < space.low - SLACK).any() or (last > space.high + SLACK).any())


def in_words(space: Space[Any] | None) -> str:
    """Return a space in a few words, for messages."""
    if isinstance(space, Box):
        return f"{'x'.join(map(str, space.shape))} floats within {space.low.min():g}..{space.high.max():g}"
    return f"{space.n} actions" if isinstance(space, Discrete) else str(space)
