"""A batch: learners side by side, as environments, plug-ins, students and saved files ask for it.

`Lanes` is the batch of one book. `textbook_gym.envs.multibook.MultiBookLanes` is that of many. Whatever keeps this
protocol gets all faces: single and vector environment, Stable-Baselines3, saving, rendering.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from textbook_gym.authoring.book import Book
from textbook_gym.authoring.observation import Signal
from textbook_gym.engine.info import InfoLayout
from textbook_gym.engine.jit import compiled


@dataclass(frozen=True, eq=False)
class BatchSpec:
    """What a batch is, for whoever makes spaces, infos and files of it."""

    name: str
    """Of the book, or of the library."""
    actions: tuple[str, ...]
    """Names of the actions 0, 1, 2, ..."""
    signals: tuple[Signal, ...]
    """What an observation is made of, before the header."""
    low: np.ndarray
    """The lowest observation of a lane, float32 (width,)."""
    high: np.ndarray
    """The highest."""
    info: InfoLayout
    """What `out` records hold, and what of it `info` tells."""
    signature: Mapping[str, Any]
    """What saved courses must share with the batch that goes on with them, JSON-able."""
    book: Book | None = None
    """The book, if all lanes are in one."""

    @property
    def width(self) -> int:
        """Number of floats in an observation."""
        return len(self.low)


class PreparedStep(NamedTuple):
    """The hot path of a batch, bound to its buffers."""

    step: Callable[[], Any]
    """Take the action that stands in the buffer of actions, unchecked."""
    turn: Callable[[], Any]
    """Turn the page; a result that is true means that it could not be: `reset` says why."""


class CopiedByWords:
    """What keeps courses in an array `records` and is copied with it, to the last bit.

    NumPy copies records by fields and leaves what lies between the fields to chance.
    """

    records: np.ndarray

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        made = type(self).__new__(type(self))
        memo[id(self)] = made
        state = dict(self.__getstate__())  # type: ignore[call-overload]  # a mapping, as both batches give it
        records = words(state.pop("records")).copy().view(self.records.dtype)[:, 0]
        state = {**copy.deepcopy(state, memo), "records": records}
        if hasattr(made, "__setstate__"):
            made.__setstate__(state)
        else:
            made.__dict__.update(state)
        return made


class Batch(Protocol):
    """Learners ("lanes") side by side, each with its course.

    In all methods `obs` is float32 (lanes, width) and `out` has a record of `spec.info.dtype` a lane; both are buffers
    that the method writes to.
    """

    records: np.ndarray
    """All that the courses are, one record a lane, whole 64-bit words: what is saved."""
    started: bool
    """Whether there has been a first reset."""

    def __len__(self) -> int: ...

    @property
    def spec(self) -> BatchSpec:
        """What the batch is."""

    def buffers(self) -> tuple[np.ndarray, np.ndarray]:
        """Return fresh `obs` and `out`."""

    def advance(self, actions: np.ndarray, obs: np.ndarray, out: np.ndarray, turned: np.ndarray | None = None) -> None:
        """Take one checked action (see `check_actions`) in every lane; where `turned` (bool) holds, turn the page."""

    def reset(
        self,
        mask: np.ndarray,
        obs: np.ndarray,
        out: np.ndarray,
        options: Mapping[str, Any] | None = None,
        seeds: Sequence[int] | None = None,
        others: bool = False,
    ) -> None:
        """Turn the page in every lane of the mask, or go where `options` say; see `Lanes.reset`."""

    def stepper(self, action: np.ndarray, obs: np.ndarray, out: np.ndarray) -> PreparedStep:
        """Return `advance` and bare `reset` bound to these buffers, for batches of one lane; `action` is int64 (1,)."""

    def shown(self, which: Sequence[int] | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return `obs` and `out` of what some lanes (None for all) show now."""

    def hidden(self, i: int) -> dict[str, Any]:
        """Return what lane `i` hides: edition, state, true mark and grade, and the oracle's next action."""

    def draw(self, i: int) -> list[str]:
        """Return the page of lane `i` as rows of equal width."""

    def tell(self, i: int) -> str:
        """Return the page of lane `i` in words."""

    def action_masks(self) -> np.ndarray:
        """Return which actions do something, bool (lanes, actions)."""

    def save(self, which: Sequence[int]) -> bytes:
        """Return the courses in some lanes as bytes."""

    def check(self, records: np.ndarray) -> None:
        """Refuse records, of the type of `records`, that no course of this batch can have left; nothing changes.

        Raises:
            ValueError: the first finding, in one line.
        """

    def load(self, data: bytes, which: Sequence[int]) -> None:
        """Put saved courses into some lanes.

        Raises:
            ValueError: they are damaged or foreign, or do not fit; nothing has changed then.
        """

    def close(self) -> None:
        """Let go of what the batch holds outside of this process, if anything."""


def words(records: np.ndarray) -> np.ndarray:
    """Return records as 64-bit words, uint64 (records, words): a view. Copies by fields leave chance in the gaps."""
    return records.view(np.uint64).reshape(len(records), -1)


def check_actions(batch: Batch, actions: Any, chosen: np.ndarray | None = None) -> np.ndarray:
    """Return the actions as int64 (lanes,), in `chosen` if that is given.

    Raises:
        ValueError: wrong shape, not whole numbers, or out of range; the message names the first offender.
    """
    array, lanes, known = np.asarray(actions), len(batch), len(batch.spec.actions)
    if array.shape != (lanes,):
        raise ValueError(f"actions of shape {array.shape}: one whole number a lane is needed, shape ({lanes},)")
    if array.dtype.kind not in "iu":
        raise ValueError(f"actions of type {array.dtype}: whole numbers 0..{known - 1} are needed")
    if chosen is None:
        chosen = np.empty(lanes, np.int64)
    i = compiled(take)(np.ascontiguousarray(array, np.int64), chosen, known)
    if i >= 0:
        raise ValueError(f"actions[{i}] = {array[i]}: {allowed_actions(batch.spec)}")
    return chosen


def take(given: Any, chosen: Any, known: int) -> int:
    """Copy actions, int64, if all are below `known`; return where the first is that is not, else -1. Compiled."""
    wrong = 0
    for i in range(len(given)):  # first all of them, without a branch: nothing is copied if one is wrong
        wrong += given[i] < 0 or given[i] >= known
    for i in range(len(given)):
        if wrong == 0:
            chosen[i] = given[i]
        elif given[i] < 0 or given[i] >= known:
            return i
    return -1


def allowed_actions(spec: BatchSpec) -> str:
    """Return a phrase that lists the actions of a batch."""
    return f"{spec.name} takes " + ", ".join(f"{n} {name}" for n, name in enumerate(spec.actions))
