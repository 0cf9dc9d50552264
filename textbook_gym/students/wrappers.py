"""Functions and models as students."""

import contextlib
import random
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete, Space

from textbook_gym.authoring.book import Book

OBSERVATION_SLACK = 1e-3  # by which an observation may lie outside its bounds: rounding
WRAPPED = (
    "if a wrapper such as VecNormalize or VecFrameStack stood between, study a function that does the same, "
    "observations -> model.predict(...)[0]"
)


class FunctionAgent:
    """A function of the observations as a student; without a memory there is nothing to wipe.

    Example:
        >>> still = FunctionAgent(lambda observations: np.zeros(len(observations), int), "still")
        >>> still.act(np.zeros((2, 3), np.float32), {}).tolist()
        [0, 0]
    """

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
    """A Stable-Baselines3 or sb3-contrib model as a student; its memory is the recurrent state, if it has one.

    Example:
        model = PPO.load("runs/vocabulary.zip")
        table = study([ModelAgent(model, "ppo", deterministic=True)], ["Vocabulary"], course="short")
    """

    def __init__(self, model: Any, name: str = "sb3", deterministic: bool = False) -> None:
        self.model, self.name, self.deterministic = model, name, deterministic
        self._expected: tuple[Space[Any], Space[Any]] | None = None
        self._drawn: list[Any] | None = None  # state of its own generators; None before `begin`

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
            then, now = (" and ".join(space_in_words(s) for s in spaces) for spaces in (trained, here))
            raise ValueError(
                f"student {self.name!r} was trained on {then}, {book.name} has {now}: study it on the book and "
                f"with the memory that it was trained with; {WRAPPED}"
            )
        if saw_other_numbers(self.model):
            raise ValueError(f"student {self.name!r} was trained on other numbers than {book.name} shows: {WRAPPED}")
        self.state: Any = None
        self.starts = np.ones(lanes, bool)
        with self._generators():
            seed_all(seed, self.model)

    def act(self, observations: np.ndarray, info: dict[str, np.ndarray]) -> np.ndarray:
        """Ask the policy."""
        with self._generators():
            actions, self.state = self.model.predict(
                observations, state=self.state, episode_start=self.starts, deterministic=self.deterministic
            )
        self.starts = np.zeros_like(self.starts)
        return np.asarray(actions)

    @contextlib.contextmanager
    def _generators(self) -> Iterator[None]:
        """Put this student's random number generators in the place of everybody's, and back: looking does not touch."""
        policy = getattr(self.model, "policy", None)
        training = getattr(policy, "training", None)
        others = generators(self.model)
        if self._drawn is not None:
            set_generators(self._drawn, self.model)
        try:
            yield
        finally:
            self._drawn = generators(self.model)
            set_generators(others, self.model)
            if training is not None and policy is not None and hasattr(policy, "set_training_mode"):
                policy.set_training_mode(training)

    def wipe(self, mask: np.ndarray) -> None:
        """Blank the recurrent state at the next step."""
        self.starts = self.starts | mask


def seed_all(seed: int, model: Any) -> None:
    """Seed what a model of SB3 draws from, but not the environment that it may be trained in."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  # the generator that SB3 draws from
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)
    if isinstance(getattr(model, "action_space", None), Space):
        model.action_space.seed(seed)


def generators(model: Any) -> list[Any]:
    """Return the states of the random number generators that a model draws from."""
    torch = sys.modules.get("torch")
    drawn = getattr(getattr(model, "action_space", None), "_np_random", None)
    return [
        random.getstate(),
        np.random.get_state(),  # noqa: NPY002  # likewise
        None if torch is None else torch.get_rng_state(),
        torch.cuda.get_rng_state_all() if torch is not None and torch.cuda.is_initialized() else None,
        None if drawn is None else drawn.bit_generator.state,
    ]


def set_generators(states: list[Any], model: Any) -> None:
    """Put the states of random number generators back, see `generators`."""
    random.setstate(states[0])
    np.random.set_state(states[1])  # noqa: NPY002  # likewise
    if states[2] is not None:
        sys.modules["torch"].set_rng_state(states[2])
    if states[3] is not None:
        sys.modules["torch"].cuda.set_rng_state_all(states[3])
    space = getattr(model, "action_space", None)
    if isinstance(space, Space):
        if states[4] is None:
            vars(space)["_np_random"] = None  # it draws a seed when it is first asked, as before
        else:
            space.np_random.bit_generator.state = states[4]


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
    return bool((last < space.low - OBSERVATION_SLACK).any() or (last > space.high + OBSERVATION_SLACK).any())


def space_in_words(space: Space[Any] | None) -> str:
    """Return a space in a few words, for messages."""
    if isinstance(space, Box):
        return f"{'x'.join(map(str, space.shape))} floats within {space.low.min():g}..{space.high.max():g}"
    return f"{space.n} actions" if isinstance(space, Discrete) else str(space)
