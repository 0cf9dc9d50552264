"""Channels: numbers that a memory reads off a step, named as a user would name them.

A channel is a signal of the book, `"payoff"`; some of its floats, `"card[0:3]"`; or the place of a float in the
observation, `5`. The header's signals have names too: chapter, exercise, left, first. Before a colon may stand what is
made of it:

    name          the value after the step
    was:name      the value before the step
    minus:name    the value after the step, with its sign turned
    is:name       1 where the value is not 0, else 0
    half:name     1 where the value is 0.5, else 0
    change:name   value after - value before
    push:name     that, summed over the rows of a signal of rows
    moved:name    1 for each row that changed in any place, else 0
    used:name     the first row that changed, as it was before the step; 0 if none changed
    grew:name     the largest rise of any float, 0 if none rose
    centre:name   centre of mass, 0 to 1, of the floats of each row: where the 1 of a one-hot row stands
    shift:name    centre of mass after - before
    action        1 for the action taken, 0 for all others
    reward        the reward, within +-10
    mark          the mark of an exercise just finished, else 0
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from gymnasium import spaces

from textbook_gym.authoring.book import Book
from textbook_gym.authoring.observation import HEADER
from textbook_gym.engine.batch import BatchSpec
from textbook_gym.errors import as_whole, did_you_mean
from textbook_gym.memory.boundaries import REWARD_BOUND
from textbook_gym.memory.feature_loops import Opcode

STEP_CHANNELS = ("action", "reward", "mark")  # channels that are no signals
PREFIXES = tuple(o.name.lower() for o in Opcode if o != Opcode.VALUE and o.name.lower() not in STEP_CHANNELS)
EACH_FLOAT = (Opcode.VALUE, Opcode.WAS, Opcode.MINUS, Opcode.IS, Opcode.HALF, Opcode.CHANGE)  # a number for each float
FORM = re.compile(r"(?:(?P<prefix>\w+):)?(?P<name>\w+)(?:\[(?P<first>\d+):(?P<last>\d+)\])?")

FeatureNames = Sequence[str | int]


class Channel(NamedTuple):
    """Floats of an observation and what is made of them."""

    op: Opcode
    places: np.ndarray  # of the floats in an observation, (rows, row length)
    actions: int = 0  # how many there are, where the channel is "action"

    @property
    def size(self) -> int:
        """How many numbers it gives."""
        rows, length = self.places.shape
        if self.op in (Opcode.REWARD, Opcode.MARK, Opcode.GREW):
            return 1
        if self.op in (Opcode.PUSH, Opcode.USED):
            return length
        if self.op in (Opcode.MOVED, Opcode.CENTRE, Opcode.SHIFT):
            return rows
        return self.actions if self.op == Opcode.ACTION else rows * length

    def bounds(self, space: spaces.Box) -> tuple[np.ndarray, np.ndarray]:
        """Return lowest and highest values, (size,) each."""
        low, high = space.low[self.places].astype(np.float64), space.high[self.places].astype(np.float64)
        fixed = {Opcode.REWARD: (-REWARD_BOUND, REWARD_BOUND), Opcode.SHIFT: (-1.0, 1.0)}
        if self.op in (Opcode.ACTION, Opcode.MARK, Opcode.IS, Opcode.HALF, Opcode.MOVED, Opcode.CENTRE, *fixed):
            a, b = fixed.get(self.op, (0.0, 1.0))
            return np.full(self.size, a), np.full(self.size, b)
        if self.op == Opcode.MINUS:
            return -high.ravel(), -low.ravel()
        if self.op == Opcode.CHANGE:
            return (low - high).ravel(), (high - low).ravel()
        if self.op == Opcode.PUSH:
            return (low - high).sum(axis=0), (high - low).sum(axis=0)
        if self.op == Opcode.USED:
            return np.minimum(low.min(axis=0), 0.0), np.maximum(high.max(axis=0), 0.0)
        if self.op == Opcode.GREW:
            return np.zeros(1), (high - low).max().reshape(1)
        return low.ravel(), high.ravel()


def read_channels(names: FeatureNames, width: int, actions: int, book: Book | BatchSpec | None) -> tuple[Channel, ...]:
    """Return the channels that a user names.

    Args:
        names: see the top of this file.
        width: floats of an observation.
        actions: how many there are.
        book: whose signals have names, or None.

    Raises:
        ValueError: a name that is not known, or a place outside the observation; the message says what there is.

    Example:
        >>> from textbook_gym import find
        >>> book = find("Bandits")
        >>> [c.size for c in read_channels(["cue", "is:cue[0:2]", "action", 3], book.width, 6, book)]
        [4, 2, 6, 1]
    """
    if isinstance(names, str) or not isinstance(names, Sequence):
        raise ValueError(f"channels {names!r}: give a list of names or places, such as [{names!r}]")
    signals = signal_places(book) if book is not None and book.width == width else {}
    return tuple(read_channel(name, signals, width, actions) for name in names)


def signal_places(book: Book | BatchSpec) -> dict[str, np.ndarray]:
    """Return the places of every signal in an observation, the header's too, as (rows, row length)."""
    places, start = {}, 0
    for s in book.signals + HEADER:
        places[s.name] = np.arange(start, start + s.size).reshape(-1, s.shape[-1] if s.shape else 1)
        start += s.size
    return places


def read_channel(name: str | int, signals: Mapping[str, np.ndarray], width: int, actions: int) -> Channel:
    """Return one channel; see `read_channels`."""
    place = as_whole(name)
    if place is not None:
        if not 0 <= place < width:
            raise ValueError(f"channel {place}: an observation has the places 0 to {width - 1}")
        return Channel(Opcode.VALUE, np.array([[place]]))
    if name in STEP_CHANNELS and name not in signals:
        return Channel(Opcode[str(name).upper()], np.zeros((0, 0), int), actions)
    match = FORM.fullmatch(str(name))
    if match is None or match["name"] not in signals:
        hint = did_you_mean(match["name"] if match else str(name), list(signals))
        known = ", ".join([*STEP_CHANNELS, *signals])
        raise ValueError(f"channel {name!r} is not known{hint}; there are {known}, and places 0 to {width - 1}")
    prefix = match["prefix"] or "value"
    if match["prefix"] is not None and prefix not in PREFIXES:
        raise ValueError(f"channel {name!r}: {prefix!r} is none of {', '.join(PREFIXES)}")
    places = signals[match["name"]]
    if match["first"] is not None:
        places = places.ravel()[None, int(match["first"]) : int(match["last"])]
    if not places.size:
        raise ValueError(f"channel {name!r} holds no floats; {match['name']} has {signals[match['name']].size}")
    return Channel(Opcode[prefix.upper()], places)


def count_features(channels: Sequence[Channel]) -> int:
    """Return how many numbers channels give together."""
    return sum(c.size for c in channels)


def program(channels: Sequence[Channel], past: Sequence[bool] = ()) -> tuple[np.ndarray, np.ndarray]:
    """Return channels as compiled loops read them (see `feature_loops`).

    Args:
        channels: in the order in which they are read.
        past: True for those that see the observation before the step only; none, if not given.
    """
    lines: list[list[int]] = []
    places = [np.zeros(0, np.uint64)]
    for c, old in zip(channels, past or [False] * len(channels), strict=True):
        if c.op in EACH_FLOAT and lines and lines[-1][:2] == [c.op, old]:  # one instruction does for both
            lines[-1][3:] = [1, lines[-1][3] * lines[-1][4] + c.size]
        else:
            lines.append([int(c.op), int(old), sum(map(len, places)), *c.places.shape])
        places.append(c.places.ravel().astype(np.uint64))
    return np.array(lines, np.int64).reshape(-1, 5), np.concatenate(places)


def feature_bounds(channels: Sequence[Channel], space: spaces.Box) -> tuple[np.ndarray, np.ndarray]:
    """Return lowest and highest of what the channels say, (sum of sizes,) each."""
    every = [c.bounds(space) for c in channels]
    return np.concatenate([np.zeros(0), *(b[0] for b in every)]), np.concatenate([np.zeros(0), *(b[1] for b in every)])
