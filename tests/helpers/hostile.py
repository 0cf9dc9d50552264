"""Saved courses that nobody walked: whole by their checksum, otherwise anything. Run as a program, since it may crash.

    python hostile.py TRIES SEED BOOK ...        ("Library" is one, too)

Every load must be refused in one line or be harmless for 200 steps. Prints, a book a line, how many were refused.
"""

import sys

import numpy as np

from textbook_gym.engine import serialization
from textbook_gym.engine.batch import words
from textbook_gym.engine.lanes import Lanes
from textbook_gym.envs.multibook import MultiBookLanes
from textbook_gym.registry import find

STEPS = 200
EXTREMES = {"i": (-1, 1, 2, 5, 9, 17, 33, 100), "u": (0, 1, (1 << 64) - 1), "f": (-1.0, 0.5, 2.0, 1e9, np.inf, np.nan)}


def batch(name):
    keywords = {"episode": "book", "split": "all", "threads": 1}
    return MultiBookLanes(1, **keywords) if name == "Library" else Lanes(find(name).path, 1, **keywords)


def play(lanes, steps, rng):
    """Press buttons at random and turn pages."""
    obs, out = lanes.buffers()
    for _ in range(steps):
        lanes.advance(rng.integers(0, len(lanes.spec.actions), 1), obs, out)
        if out["terminated"][0]:
            lanes.reset(np.ones(1, np.bool_), obs, out)


def fields(kind, start=0):
    """Every field of a record as (offset, number kind, how many)."""
    for name in kind.names:
        inner, offset = kind.fields[name][:2]
        if inner.names:
            yield from fields(inner, start + offset)
        else:
            yield start + offset, inner.base, int(np.prod(inner.shape, dtype=int))


def spoil(payload, kind, rng):
    """Change a record: one field or three, at random or to an extreme, a few bytes, or all of them."""
    data = bytearray(payload)
    way = rng.integers(8)
    if way == 0:
        return rng.bytes(len(data))
    if way == 1:
        for at in rng.integers(0, len(data), rng.integers(1, 5)):
            data[at] = int(rng.integers(256))
        return bytes(data)
    every = list(fields(kind))
    for k in rng.integers(0, len(every), 1 if way < 6 else 3):
        offset, number, count = every[k]
        cell = offset + number.itemsize * int(rng.integers(count))
        if way % 2:
            data[cell : cell + number.itemsize] = rng.bytes(number.itemsize)
        else:
            value = EXTREMES[number.kind][rng.integers(len(EXTREMES[number.kind]))]
            top = np.iinfo(number).max if number.kind != "f" else None
            value = top if top is not None and (value > top or rng.integers(4) == 0) else value
            data[cell : cell + number.itemsize] = np.array([value], number).tobytes()
    return bytes(data)


def attack(name, tries, seed):
    """Return how many of so many spoilt courses were refused."""
    rng, refused = np.random.default_rng(seed), 0
    victim, other = batch(name), batch(name)
    obs, out = victim.buffers()
    for k in range(tries):
        if k % 8 == 0:
            victim.reset(np.ones(1, np.bool_), obs, out, None, [int(rng.integers(1 << 40))])
            play(victim, int(rng.integers(400)), rng)
            head, payload = serialization.unseal(serialization.COURSE_FORMAT, "course", victim.save([0]))
            head = {key: v for key, v in head.items() if key not in ("format", "bytes", "sha256")}
        spoilt = serialization.seal(serialization.COURSE_FORMAT, head, spoil(payload, victim.records.dtype, rng))
        before = words(other.records).copy()
        try:
            other.load(spoilt, [0])
        except ValueError as error:
            if "\n" in str(error) or (words(other.records) != before).any():
                raise
            refused += 1
            continue
        other.shown()
        play(other, STEPS, rng)
    return refused


if __name__ == "__main__":
    tries, seed = int(sys.argv[1]), int(sys.argv[2])
    for name in sys.argv[3:]:
        print(name, attack(name, tries, seed), flush=True)
