"""A student that wears a memory: what it sees is the observation and what it remembers, as in training.

Any student can wear one: `study([Worn(agent, "ledger")], ...)`. A model of Stable-Baselines3 that was trained with one
says so itself: the observation space that it saves names the memory (see `memory.interface.RememberedBox`). `as_worn`
reads that, so that a study takes the model as it was trained.
"""

from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete

from textbook_gym.authoring.book import Book
from textbook_gym.memory.base import Memory
from textbook_gym.memory.catalogue import MEMORIES, make_memory
from textbook_gym.memory.stepping import Stepper
from textbook_gym.students.base import Agent
from textbook_gym.students.wrappers import ModelAgent


class Worn:
    """A student from outside, with a memory between it and the book.

    Args:
        agent: who acts on what it is shown.
        memory: a name, such as "ledger", or a `Memory`.
        settings: of the named memory.

    Raises:
        ValueError: no such memory, or settings that it does not take.

    Example:
        >>> from textbook_gym.students.wrappers import FunctionAgent
        >>> worn = Worn(FunctionAgent(lambda seen: np.zeros(len(seen), int), "still"), "ledger", keep="edition")
        >>> worn.name, worn.memory.name
        ('still', 'ledger')
    """

    def __init__(self, agent: Agent, memory: str | Memory, **settings: Any) -> None:
        self.agent, self.name = agent, agent.name
        self.memory = make_memory(memory, **settings)
        self.trained_on: str | None = None  # name of the book, if it is known

    def begin(self, book: Book, lanes: int, seed: int) -> None:
        """Start with a blank memory in every lane.

        Raises:
            ValueError: the memory, or the student with it, does not fit the book.
        """
        try:
            self.memory.bind(Box(*book.bounds(), dtype=np.float32), Discrete(len(book.actions)), lanes, book)
        except ValueError as error:
            if self.trained_on in (None, book.name):
                raise
            raise ValueError(
                f"student {self.name!r} was trained on {self.trained_on}, and its memory cannot read {book.name} "
                f"({error}); study it on {self.trained_on}"
            ) from error
        self._stepper = Stepper(self.memory)
        self._env_actions: np.ndarray | None = None  # of the last step; None before the first
        self._wiped = np.zeros(lanes, np.bool_)
        expect = getattr(self.agent, "expect", None)
        if expect is not None:
            expect(self.memory.observation_space, self.memory.action_space)
        self.agent.begin(book, lanes, seed)

    def act(self, observations: np.ndarray, info: dict[str, np.ndarray]) -> np.ndarray:
        """Remember what the last action brought, then ask the student."""
        stepper = self._stepper
        if self._env_actions is None:
            seen = stepper.begin(observations, info)
        else:
            seen = stepper.step(self._env_actions, observations, info["reward"], info)
        if self._wiped.any():
            seen = stepper.begin(observations, info, self._wiped, fresh=self._wiped)
            self._wiped = np.zeros_like(self._wiped)
        self._env_actions = stepper.act(self.agent.act(seen, info))
        return self._env_actions

    def carry(self) -> None:
        """Keep what is remembered although another edition opens next: the control "foreign"."""
        self._stepper.cross_editions()

    def wipe(self, mask: np.ndarray) -> None:
        """Forget everything in the lanes of the mask, and so does the student itself."""
        self._wiped = self._wiped | mask
        self.agent.wipe(mask)


def as_worn(model: Any, name: str = "sb3") -> Agent:
    """Return a Stable-Baselines3 model as a student, with the memory that it was trained with, if any.

    Raises:
        ValueError: that memory is none of ours.

    Example:
        table = study([as_worn(PPO.load("runs/vocabulary.zip"), "ppo")], ["Vocabulary"], course="short")
    """
    agent = ModelAgent(model, name)
    space = getattr(getattr(model, "observation_space", None), "textbook", None) or {}
    trained = getattr(model, "textbook", None) or space
    memory = trained.get("memory")
    if not memory:
        return agent
    if memory not in MEMORIES:
        raise ValueError(
            f"student {name!r} was trained with a memory {memory!r} of its author's; give "
            f"Worn(ModelAgent(model), memory) with that memory, see textbook_gym.students.with_memory"
        )
    worn = Worn(agent, memory, **trained["settings"])
    worn.trained_on = space.get("book")
    return worn
