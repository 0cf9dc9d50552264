"""Saved courses from elsewhere: what a course wrote goes on, whatever else is whole by its checksum does no harm."""

import pathlib
import subprocess
import sys

import numpy as np
import pytest
from helpers import hostile

from textbook_gym.engine import serialization
from textbook_gym.engine.batch import words
from textbook_gym.engine.course import Stage
from textbook_gym.engine.lanes import Lanes
from textbook_gym.registry import BOOKS, CLASSICS, find

WAYS = [
    {"episode": "exercise", "split": "train", "order": "shuffled"},
    {"episode": "book", "split": "test", "reward": "mark"},
    {"episode": "trial", "split": "all", "reward": "exam"},
]


@pytest.fixture
def elsewhere(monkeypatch):
    """Saved bytes are looked at as those of another process are."""
    monkeypatch.setattr(serialization, "_packed_here", {})
    monkeypatch.setattr(serialization, "_remember", lambda data: None)


def play_well(lanes, rng, steps):
    """Play as the oracle, now and then at random, for so many steps."""
    obs, out = lanes.buffers()
    for _ in range(steps):
        stages = lanes.records["clock"]["stage"]
        wise = [stage == Stage.OPEN and rng.random() < 0.7 for stage in stages]
        lanes.advance(np.array([lanes.hidden(i)["oracle"] if w else 0 for i, w in enumerate(wise)]), obs, out)
        if out["terminated"].any():
            lanes.reset(out["terminated"].copy(), obs, out)


@pytest.mark.parametrize("name", [*BOOKS, *CLASSICS])
def test_what_a_course_saved_goes_on_elsewhere(name, elsewhere):
    """As oracle and chance leave it, under settings that differ from book to book, and in a world that was set."""
    rng = np.random.default_rng(0)
    way = WAYS[[*BOOKS].index(name) % len(WAYS)] if name in BOOKS else {"episode": "trial", "split": "all"}
    lanes, other = (Lanes(find(name).path, 2, threads=1, **way) for _ in range(2))
    obs, out = lanes.buffers()
    every = np.ones(2, np.bool_)
    lanes.reset(every, obs, out, None, [1, 2])
    for _ in range(3):
        play_well(lanes, rng, int(rng.integers(1, 40)))
        other.load(lanes.save([0, 1]), [0, 1])
        assert np.array_equal(words(other.records), words(lanes.records))
    lanes.reset(every, obs, out, {"edition": lanes.hidden(0)["edition"]})
    play_well(lanes, rng, 5)
    other.load(lanes.save([0, 1]), [0, 1])


@pytest.mark.parametrize("names", [[*BOOKS][:6], [*BOOKS][6:], ["Library"]])
def test_spoilt_courses_are_refused_or_harmless(names):
    """In a process of their own: a crash or a loop without end is a failure, not the end of the tests."""
    run = [sys.executable, str(pathlib.Path(hostile.__file__)), "24", "0", *names]
    done = subprocess.run(run, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    refused = [int(line.split()[1]) for line in done.stdout.splitlines()]
    assert len(refused) == len(names)
    assert min(refused) > 8  # most of them change what is looked at


@pytest.mark.parametrize(
    ("field", "value"),
    [("chapter", 30000), ("chapter", -1), ("exercise", 32767), ("step", -5), ("order", 99), ("place", 7), ("stage", 9),
     ("number", 1 << 60), ("key", 7), ("grade", float("nan")), ("owed", float("inf")), ("pays", 1), ("start", -3)],
)  # fmt: skip
def test_a_clock_out_of_range_is_refused(field, value, elsewhere):
    lanes, other = hostile.batch("Bandits"), hostile.batch("Bandits")
    obs, out = lanes.buffers()
    lanes.reset(np.ones(1, np.bool_), obs, out, None, [0])
    lanes.records["clock"][field] = value
    with pytest.raises(ValueError, match=f"damaged: .*{'edition' if field in ('key', 'number') else field}|{field}"):
        other.load(lanes.save([0]), [0])
    assert not other.records["clock"]["key"].any()


@pytest.mark.parametrize("spoil", [{"book": None}, {"layout": None}, {"settings": None}, {"settings": []}, {"more": 1}])
def test_a_head_is_compared_whole(spoil):
    lanes, other = hostile.batch("Bandits"), hostile.batch("Bandits")
    obs, out = lanes.buffers()
    lanes.reset(np.ones(1, np.bool_), obs, out, None, [0])
    head, payload = serialization.unseal(serialization.COURSE_FORMAT, "course", lanes.save([0]))
    head = {k: v for k, v in {**head, **spoil}.items() if v is not None and k not in ("format", "bytes", "sha256")}
    with pytest.raises(ValueError, match="damaged"):
        other.load(serialization.seal(serialization.COURSE_FORMAT, head, payload), [0])
