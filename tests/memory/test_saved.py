"""A checksum says that bytes are whole, not that a memory wrote them: what is loaded is looked at first."""

import json

import numpy as np
import pytest
from helpers.foreign import SMALL, doors, walk

from textbook_gym.engine.serialization import seal
from textbook_gym.memory import MEMORIES
from textbook_gym.memory.saving import MEMORY_FORMAT

SETTINGS = {**SMALL, "ledger": {"situation": [0, 1], "outcome": ["reward"], "shared": ["mark"], "rows": 4}}


def lived(name, seed=0, **settings):
    """Return an environment whose memory has something to remember."""
    env = doors(name, **{"keep": "forever", **SETTINGS[name], **settings})
    walk(env, 40, seed=seed)
    return env


def resealed(data, payload, **changes):
    """Return saved bytes with another payload, or another head, under a checksum that is right."""
    head = {**json.loads(data.partition(b"\n")[0]), **changes}
    rest = {k: v for k, v in head.items() if k not in ("format", "bytes", "sha256")}
    return seal(head["format"], rest, payload)


def with_array(memory, name, change):
    """Return the memory's bytes as they were if one of its arrays held something else."""
    before = memory.arrays[name].copy()
    change(memory.arrays[name])
    data = memory.save()
    memory.arrays[name][:] = before
    return data


@pytest.mark.parametrize(
    ("name", "array", "value"),
    [
        ("recap", "last", 4),
        ("recap", "last", -1),
        ("notebook", "written", 3),
        ("notebook", "written", -1),
        ("ledger", "keys", 2),
        ("ledger", "clock", -1),
        ("ledger", "used", -1),
        ("ledger", "used", 10_000),
        ("ledger", "cells", -2.0),
        ("ledger", "cells", 0.5),
        ("ledger", "cells", np.nan),
        ("ledger", "cells", np.inf),
        ("ledger", "cells", -(2.0**70)),
        ("recall", "deeds", 4),
        ("recall", "deeds", -1),
        ("recall", "deeds", 0),  # nothing was done, where something was entered
        ("recall", "entered", -1),
        ("recall", "entered", 2**63 - 1),
    ],
)
def test_what_would_be_a_wrong_index_is_refused_and_nothing_is_touched(name, array, value):
    memory = lived(name).memory
    now = memory.save()
    data = with_array(memory, array, lambda a: a.reshape(1, -1).__setitem__((0, 0), value))
    with pytest.raises(ValueError, match=rf"the saved memory is damaged: {array} holds ") as caught:
        memory.load(data)
    assert "\n" not in str(caught.value)
    assert memory.save() == now


@pytest.mark.parametrize("name", MEMORIES)
def test_bytes_of_another_length_are_refused_whatever_their_head_says(name):
    memory = lived(name).memory
    now = memory.save()
    payload = now.partition(b"\n")[2]
    for wrong in (payload[:-1], payload + b"\0", b"", payload[: len(payload) // 2]):
        with pytest.raises(ValueError, match="bytes where"):
            memory.load(resealed(now, wrong))
        assert memory.save() == now
    for missing in ("memory", "settings", "layout", "lanes"):
        with pytest.raises(ValueError, match="saved"):
            memory.load(resealed(now, payload, **{missing: None}))
    assert memory.save() == now


@pytest.mark.parametrize("name", MEMORIES)
def test_a_flag_is_true_or_false(name):
    memory = lived(name).memory
    data = with_array(memory, "flags", lambda a: a.view(np.uint8).fill(2))
    with pytest.raises(ValueError, match="flags holds 2, where 0 to 1 is possible"):
        memory.load(data)


@pytest.mark.parametrize("name", MEMORIES)
def test_random_bytes_are_refused_or_do_no_harm(name):
    """Hundreds of payloads: noise, noise in a few places, and bytes of another memory's past."""
    env, rng = lived(name), np.random.default_rng(0)
    memory = env.memory
    good = np.frombuffer(memory.save().partition(b"\n")[2], np.uint8)
    refused = 0
    for attempt in range(300):
        payload = good.copy()
        count = len(good) if attempt % 10 == 0 else int(rng.integers(1, 6))
        places = rng.choice(len(good), count, replace=False)
        payload[places] = rng.integers(0, 256, count)
        now = memory.save()
        try:
            memory.load(resealed(now, payload.tobytes()))
        except ValueError:
            refused += 1
            assert memory.save() == now
            continue
        with np.errstate(all="ignore"):  # what is shown may be no sensible number
            shown = walk(env, 6, seed=attempt, reset_seed=None)
        assert shown.shape[1:] == env.observation_space.shape
    assert refused >= 15  # at the least most of the thirty that are nothing but noise
    assert MEMORY_FORMAT == "textbook_gym memory 1"
