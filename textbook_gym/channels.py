"""Channels: numbers that a memory reads off a step, named as a user would name them.

A channel is a signal of the book, `"payoff"`; some of its floats, `"card[0:3]"`; or the place of a float in the
observation, `5`. The header's signals have names too: chapter, exercise, left, first. Before a colon may stand what is
made of it:

    name          the value after the step
    was:name      the value before the step
    is:name       1 where the value is not 0, else 0
    half:name     1 where the value is 0.5, else 0
    change:name   value after - value before
    moved:name    1 for each row (the last axis of the signal) that changed in any place, else 0
    grew:name     the largest rise of any float, 0 if none rose
    centre:name   centre of mass, 0 to 1, of the floats of a row: where the 1 of a one-hot row stands
    shift:name    centre of mass after - before
    reward        the reward, within +-10
    mark          the mark of an exercise just finished, else 0
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from gymnasium import spaces

from textbook_gym.book import HEADER, Book
from textbook_gym.memory import REWARD_BOUND
from textbook_gym.registry import did_you_mean

MAKES = ("was", "is", "half", "change", "moved", "grew", "centre", "shift")
PAYS = ("reward", "mark")
FORM = re.compile(r"(?:(?P<make>\w+):)?(?P<name>\w+)(?:\[(?P<first>\d+):(?P<last>\d+)\])?")

Names = Sequence[str | int]


class Channel(NamedTuple):
    """Floats of an observation and what is made of them."""

    make: str  # one of MAKES or PAYS, or "" for the value itself
    places: np.ndarray  # of the floats in an observation, (rows, row length)

    @property
    def size(self) -> int:
        """How many numbers it gives."""
        if self.make in PAYS or self.make == "grew":
            return 1
        return len(self.places) if self.make in ("moved", "centre", "shift") else self.places.size

    def bounds(self, space: spaces.Box) -> tuple[np.ndarray, np.ndarray]:
        """Return lowest and highest values, (size,) each."""
        low, high = space.low[self.places], space.high[self.places]
        fixed = {"reward": (-REWARD_BOUND, REWARD_BOUND), "shift": (-1.0, 1.0)}
        if self.make in ("mark", "moved", "is", "half", "centre", *fixed):
            a, b = fixed.get(self.make, (0.0, 1.0))
            return np.full(self.size, a), np.full(self.size, b)
        if self.make == "change":
            return (low - high).ravel(), (high - low).ravel()
        if self.make == "grew":
            return np.zeros(1), (high - low).max().reshape(1)
        return low.ravel(), high.ravel()

    def read(self, before: np.ndarray, after: np.ndarray, rewards: np.ndarray, marks: np.ndarray) -> np.ndarray:
        """Return what the channel says of a step, (lanes, size).

        Args:
            before: observations before it, (lanes, width).
            after: observations after it.
            rewards: of the step, (lanes,).
            marks: of the exercise if it ended, (lanes,).
        """
        if self.make in PAYS:
            return (rewards if self.make == "reward" else marks)[:, None]
        flat = self.places.ravel()
        if self.make in ("", "was"):
            return (after if self.make == "" else before)[:, flat]
        if self.make in ("is", "half"):
            return after[:, flat] != 0.0 if self.make == "is" else after[:, flat] == 0.5
        if self.make == "change":
            return after[:, flat] - before[:, flat]
        if self.make == "grew":
            return np.maximum((after[:, flat] - before[:, flat]).max(axis=1, keepdims=True), 0.0)
        if self.make == "moved":
            return (after[:, self.places] != before[:, self.places]).any(axis=2)
        there = centre(after[:, self.places])
        return there if self.make == "centre" else there - centre(before[:, self.places])


def centre(rows: np.ndarray) -> np.ndarray:
    """Return the centre of mass of the last axis, 0 at its start and 1 at its end; 0 for a row of zeros."""
    scale = np.linspace(0.0, 1.0, rows.shape[-1], dtype=rows.dtype)
    mass = rows.sum(axis=-1)
    return np.divide(rows @ scale, mass, out=np.zeros_like(mass), where=mass > 0.0)


def read_channels(names: Names, width: int, book: Book | None) -> tuple[Channel, ...]:
    """Return the channels that a user names.

    Args:
        names: see the top of this file.
        width: floats of an observation.
        book: whose signals have names, or None.

    Raises:
        ValueError: a name that is not known, or a place outside the observation; the message says what there is.
    """
    if isinstance(names, str):
        raise ValueError(f"channels {names!r}: give a list of names or places, such as [{names!r}]")
    signals: dict[str, np.ndarray] = {}
    if book is not None and book.width == width:
        start = 0
        for s in book.signals + HEADER:
            signals[s.name] = np.arange(start, start + s.size).reshape(-1, s.shape[-1] if s.shape else 1)
            start += s.size
    channels = []
    for name in names:
        if isinstance(name, (int, np.integer)) and not isinstance(name, bool):
            if not 0 <= name < width:
                raise ValueError(f"channel {name}: an observation has the places 0 to {width - 1}")
            channels.append(Channel("", np.array([[int(name)]])))
            continue
        match = FORM.fullmatch(str(name))
        if name in PAYS and name not in signals:
            channels.append(Channel(str(name), np.zeros((0, 0), int)))
        elif match is None or match["name"] not in signals:
            hint = did_you_mean(match["name"] if match else str(name), list(signals))
            known = ", ".join([*PAYS, *signals]) or "places"
            raise ValueError(f"channel {name!r} is not known{hint}; there are {known}, and places 0 to {width - 1}")
        elif match["make"] is not None and match["make"] not in MAKES:
            raise ValueError(f"channel {name!r}: {match['make']!r} is none of {', '.join(MAKES)}")
        else:
            places = signals[match["name"]]
            if match["first"] is not None:
                places = places.ravel()[None, int(match["first"]) : int(match["last"])]
            if not places.size:
                raise ValueError(f"channel {name!r} holds no floats; {match['name']} has {signals[match['name']].size}")
            channels.append(Channel(match["make"] or "", places))
    return tuple(channels)


def read_all(
    channels: Sequence[Channel], before: np.ndarray, after: np.ndarray, rewards: np.ndarray, marks: np.ndarray
) -> np.ndarray:
    """Return what the channels say of a step, float32 (lanes, sum of sizes)."""
    out = np.empty((len(after), sum(c.size for c in channels)), np.float32)
    start = 0
    for c in channels:
        out[:, start : start + c.size] = c.read(before, after, rewards, marks)
        start += c.size
    return out


def all_bounds(channels: Sequence[Channel], space: spaces.Box) -> tuple[np.ndarray, np.ndarray]:
    """Return lowest and highest of what the channels say, (sum of sizes,) each."""
    every = [c.bounds(space) for c in channels]
    return np.concatenate([np.zeros(0), *(b[0] for b in every)]), np.concatenate([np.zeros(0), *(b[1] for b in every)])
