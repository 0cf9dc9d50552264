"""Notebook: blank slots that the student writes itself."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium import spaces

from textbook_gym.errors import whole
from textbook_gym.memory.base import Memory
from textbook_gym.memory.interface import Step
from textbook_gym.memory.saving import check_range


class Notebook(Memory):
    """Blank slots that the student writes itself: what is worth keeping it must learn.

    The action becomes `MultiDiscrete`: what the environment gets, the slot to write (0 for none, else 1 to `slots`),
    and the symbol. Added to the observation are the slots, each one of `symbols`, all zeros while blank. A step that
    only begins an exercise can be used to write; one that an autoreset ignores cannot.

    Args:
        slots: slots.
        symbols: symbols to choose from.
        keep: when it is wiped.

    Raises:
        ValueError: `slots` or `symbols` is no whole number from 1 on.

    Example:
        >>> import gymnasium as gym
        >>> from textbook_gym.remember import Remember
        >>> env = Remember(gym.make("textbook/Bandits-v1"), "notebook", slots=2, symbols=3)
        >>> env.action_space
        MultiDiscrete([6 3 3])
        >>> obs, _ = env.reset(seed=0)
        >>> env.step([0, 2, 1])[0][-6:]  # pulls the first arm, writes the second symbol into the second slot
        array([0., 0., 0., 0., 1., 0.], dtype=float32)
    """

    name = "notebook"

    def __init__(self, slots: int = 8, symbols: int = 8, keep: str = "edition") -> None:
        self.slots, self.symbols = whole("slots", slots, 1), whole("symbols", symbols, 1)
        super().__init__(keep, slots=self.slots, symbols=self.symbols)

    def _open(self) -> tuple[np.ndarray, np.ndarray]:
        self.written = self._array("written", (self.slots,), np.int32)  # 1 + symbol, 0 for blank
        heads = np.array([self.n_actions, 1 + self.slots, self.symbols])
        self.action_space = spaces.MultiDiscrete(heads, start=np.array([self.first_action, 0, 0]))
        size = self.slots * self.symbols
        return np.zeros(size), np.ones(size)

    def to_env_action(self, actions: Any, active: np.ndarray | None = None) -> Any:
        """Write what the actions say; return the part that is the environment's, (lanes,).

        Args:
            actions: whole numbers, (lanes, 3).
            active: see `Memory.to_env_action`.

        Raises:
            ValueError: another shape, or a number out of range; nothing is written then.
        """
        given = np.asarray(actions)
        if given.shape != (self.n_lanes, 3) or given.dtype.kind not in "iu":
            raise ValueError(
                f"actions {given.shape} of {given.dtype}: {self.n_lanes} rows of action, slot, symbol are needed"
            )
        action, slot, symbol = given[:, 0], given[:, 1], given[:, 2]
        first, last = self.first_action, self.first_action + self.n_actions - 1
        if slot.min() < 0 or slot.max() > self.slots or symbol.min() < 0 or symbol.max() >= self.symbols:
            raise ValueError(
                f"write heads slot {slot}, symbol {symbol}: slots 0..{self.slots}, symbols 0..{self.symbols - 1}"
            )
        if action.min() < first or action.max() > last:  # before anything is written
            raise ValueError(f"actions {action}: whole numbers {first}..{last} are needed")
        lanes = np.flatnonzero(slot > 0 if active is None else (slot > 0) & active)
        self.written[lanes, slot[lanes] - 1] = 1 + symbol[lanes]
        return action

    def _learn(self, lanes: np.ndarray, step: Step, done: np.ndarray) -> None:
        """Learn nothing by itself."""

    def _check(self, arrays: Mapping[str, np.ndarray]) -> None:
        check_range("written", arrays["written"], 0, self.symbols)

    def _augment(self, observations: np.ndarray, lanes: np.ndarray, out: np.ndarray) -> None:
        out[:, : self.width] = observations
        shown = self.written[lanes][:, :, None] == np.arange(1, 1 + self.symbols)
        out[:, self.width :] = shown.reshape(len(lanes), -1)
