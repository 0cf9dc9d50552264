"""What the documentation of memories says is true: a memory of one's own can be written from it."""

import textwrap

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete
from helpers.foreign import Doors, doors, walk

import textbook_gym.memory
from textbook_gym.memory import KEEPS, MEMORIES, Keep, Ledger, Memory, Recall, Transcript, base, make_memory
from textbook_gym.remember import Remember, RememberVector


@pytest.mark.parametrize("name", [*MEMORIES, "Stepper"])
def test_what_users_import_has_an_example(name):
    thing = MEMORIES.get(name) or getattr(textbook_gym.memory, name)
    assert "Example:" in thing.__doc__


def tried():
    """Return the class that the contract shows."""
    _, _, block = base.__doc__.partition("    class Tried(Memory):")
    code = textwrap.dedent("    class Tried(Memory):" + block.partition("    env = Remember")[0])
    assert len(code.strip().splitlines()) <= 20
    space = {"Memory": Memory, "np": np}
    exec(code, space)
    return space["Tried"]


def test_a_memory_of_ones_own_is_twenty_lines():
    kind = tried()
    env = Remember(gym.make("textbook/Bandits-v1"), kind(keep="edition"))
    d = env.memory.width
    assert not env.reset(seed=0)[0][d:].any()
    assert env.step(2)[0][d:].tolist() == [0, 0, 1, 0, 0, 0]
    assert env.step(0)[0][d:].tolist() == [1, 0, 1, 0, 0, 0]
    saved = env.memory.save()
    page = env.reset(seed=1)[0]
    assert not page[d:].any()
    env.memory.load(saved)
    assert env.memory.augment(page[None, :d])[0, d:].tolist() == [1, 0, 1, 0, 0, 0]
    forgetful = Remember(Doors(), kind(keep="exercise"))
    rows = walk(forgetful, 12)[:, 3:]
    assert rows.sum(axis=1).max() <= 3
    assert not rows[0].any()


def test_keep_is_said_by_name():
    assert [k.name.lower() for k in Keep] == list(KEEPS) == ["exercise", "chapter", "edition", "forever"]
    for keep in KEEPS:
        memory = make_memory("recap", keep=keep)
        assert memory.keep == Keep[keep.upper()]
        assert memory.settings == {"keep": keep}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: doors("ledger", keep=2), "keep=2 is not known: choose one of"),
        (lambda: doors("ledger", tables=[]), r"tables=\[\]: give a list of mappings"),
        (lambda: doors("ledger", tables={"rows": 3}), "tables={'rows': 3}: give a list of mappings"),
        (lambda: doors("ledger", rate="fast"), "rate='fast'"),
        (lambda: doors("ledger", grain=0), "grain=0: rate must be"),
        (lambda: doors("ledger", grain=float("nan")), "grain=nan: rate must be"),
        (lambda: doors("ledger", rows=2.5), "rows=2.5: give a whole number >= 1"),
        (lambda: doors("ledger", rows=True), "rows=True: give a whole number >= 1"),
        (lambda: doors("ledger", situation=3), "channels 3: give a list"),
        (lambda: doors("ledger", actions=3), "actions=3: give a list"),
        (lambda: doors("ledger", silent=None), "silent=None .*choose one of count, skip, known"),
        (lambda: doors("transcript", stacked="no"), "stacked='no': choose True or False"),
        (lambda: doors("recall", k=0), "k=0: give a whole number from 1 to 64"),
        (lambda: doors("notebook", symbols="8"), "symbols='8'"),
        (lambda: doors(None), "memory=None is not known: choose one of recap"),
        (lambda: doors(Ledger), "memory=<class"),
        (lambda: make_memory("recap").bind(Box(0, 1, (1,)), Discrete(2), 0), "n_lanes=0: give a whole number >= 1"),
    ],
)
def test_slips_in_settings_are_refused_in_one_line(make, message):
    with pytest.raises(ValueError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_a_whole_number_is_one_of_any_type():
    for kind in (np.int64, np.uint8, int):
        env = Remember(Doors(), Recall(k=kind(2), n=kind(8)))
        env.memory.load(Remember(Doors(), Recall(k=2, n=8)).memory.save())
        assert Transcript(n=kind(3)).settings == {"keep": "edition", "n": 3, "stacked": True}
        vector = RememberVector(gym.make_vec("textbook/Bandits-v1", num_envs=2), "ledger", situation=[], rows=kind(4))
        assert vector.memory.save()


def test_settings_of_no_memory_are_refused():
    pytest.importorskip("stable_baselines3")
    from textbook_gym.sb3 import make

    with pytest.raises(ValueError, match="without a memory; name one with `memory=`"):
        make("textbook/Bandits-v1", memory_settings={"keep": "exercise"})
