"""Notebook: blank slots that the student writes itself."""

from typing import Any

import numpy as np
from gymnasium import spaces

from textbook_gym.errors import whole
from textbook_gym.memory.base import Memory, Step


class Notebook(Memory):
    """Blank slots that the student writes itself: what is worth keeping it must learn.

    The action becomes `MultiDiscrete`: the deed, the slot to write (0 for none, else 1 to `slots`), and the symbol.
    Added to the observation are the slots, each one of `symbols`, all zeros while blank. A step that only turns a page
    can be used to write; one that an autoreset ignores cannot.

    Args:
        slots: slots.
        symbols: symbols to choose from.
        keep: when it is wiped.
    """

    name = "notebook"

    def __init__(self, slots: int = 8, symbols: int = 8, keep: str = "edition") -> None:
        slots, symbols = whole("slots", slots, 1), whole("symbols", symbols, 1)
        super().__init__(keep, slots=slots, symbols=symbols)
        self.slots, self.symbols = slots, symbols

    def _open(self) -> tuple[np.ndarray, np.ndarray]:
        self.written = self._room("written", (self.slots,), np.int32)  # 1 + symbol, 0 for blank
        heads = np.array([self.actions, 1 + self.slots, self.symbols])
        self.action_space = spaces.MultiDiscrete(heads, start=np.array([self.first_action, 0, 0]))
        size = self.slots * self.symbols
        return np.zeros(size), np.ones(size)

    def deed(self, actions: Any, heard: np.ndarray | None = None) -> Any:
        """Write, and return what is left: the deeds."""
        given = np.asarray(actions)
        if given.shape != (self.lanes, 3) or given.dtype.kind not in "iu":
            raise ValueError(
                f"actions {given.shape} of {given.dtype}: {self.lanes} rows of deed, slot, symbol are needed"
            )
        deed, slot, symbol = given[:, 0], given[:, 1], given[:, 2]
        first, last = self.first_action, self.first_action + self.actions - 1
        if slot.min() < 0 or slot.max() > self.slots or symbol.min() < 0 or symbol.max() >= self.symbols:
            raise ValueError(
                f"write heads slot {slot}, symbol {symbol}: slots 0..{self.slots}, symbols 0..{self.symbols - 1}"
            )
        if deed.min() < first or deed.max() > last:  # before anything is written
            raise ValueError(f"deeds {deed}: whole numbers {first}..{last} are needed")
        which = np.flatnonzero(slot > 0 if heard is None else (slot > 0) & heard)
        self.written[which, slot[which] - 1] = 1 + symbol[which]
        return deed

    def _learn(self, which: np.ndarray, step: Step, done: np.ndarray) -> None:
        """Learn nothing by itself."""

    def _look(self, observations: np.ndarray, which: np.ndarray, out: np.ndarray) -> None:
        out[:, : self.width] = observations
        shown = self.written[which][:, :, None] == np.arange(1, 1 + self.symbols)
        out[:, self.width :] = shown.reshape(len(which), -1)
