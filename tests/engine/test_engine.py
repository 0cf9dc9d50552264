"""The engine: same bytes for any number of lanes, threads, processes and days; caches that notice edits; forks."""

import math
import os
import pathlib
import shutil
import subprocess
import sys
import textwrap
from functools import partial

import gymnasium as gym
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import textbook_gym
from textbook_gym.authoring.random import MASK, NORMAL_REACH, NORMAL_TAIL, below, mix, normal, scramble, uniform
from textbook_gym.authoring.records import Row
from textbook_gym.engine.lanes import Lanes
from textbook_gym.registry import BOOKS, find

PACKAGE = pathlib.Path(textbook_gym.__file__).parent


def played(
    lanes: int, threads: int = 1, interpreted: bool = False, steps: int = 60, book: str = "Bandits"
) -> np.ndarray:
    """Records of lanes seeded 0, 1, ... after random steps; actions are those of lane i whatever the batch."""
    made = Lanes(BOOKS[book], lanes, threads=threads, interpreted=interpreted)
    obs, out = made.buffers()
    made.reset(np.ones(lanes, np.bool_), obs, out, None, list(range(lanes)))
    actions = np.random.default_rng(1).integers(0, len(made.book.actions), (20000, steps))
    for t in range(steps):
        made.advance(np.ascontiguousarray(actions[:lanes, t]), obs, out)
        made.reset(out["terminated"].copy(), obs, out)
    return made.records


def test_batch_size_does_not_matter():
    many = played(100)
    for lanes in (1, 7, 64):
        assert played(lanes).tobytes() == many[:lanes].tobytes()


def test_threads_do_not_matter(monkeypatch):
    assert played(9000, threads=2, steps=12).tobytes() == played(9000, threads=1, steps=12).tobytes()
    monkeypatch.setattr("textbook_gym.engine.engine.LANES_A_THREAD", 3)
    assert played(100, threads=5).tobytes() == played(100, threads=1).tobytes()


def test_interpreted_equals_compiled(book_name):
    fast, slow = played(3, book=book_name), played(3, interpreted=True, book=book_name)
    assert fast.tobytes() == slow.tobytes()


def run(code: str, **environment: str) -> str:
    """What a fresh process prints."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        cwd=pathlib.Path(
            __file__
        ).parent.parent.parent.parent,  # not the checkout: PYTHONPATH decides which package is meant
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


DIGEST = """
    import hashlib, sys
    sys.path.insert(0, "{tests}")
    from engine.test_engine import played
    print(hashlib.sha256(played(20).tobytes()).hexdigest())
"""


def test_another_process_gives_the_same_bytes():
    import hashlib

    here = hashlib.sha256(played(20).tobytes()).hexdigest()
    assert run(DIGEST.format(tests=pathlib.Path(__file__).parent.parent), PYTHONHASHSEED="7") == here


STEP = """
    import gymnasium as gym, textbook_gym
    env = gym.make("textbook/RL2Bandit-v0", split="all").unwrapped
    env.reset(options={"edition": 5})
    while not (back := env.step(0))[2]:
        pass
    print(textbook_gym.__file__, back[4]["mark"])
"""


@pytest.fixture
def copied(tmp_path):
    """A copy of the package in a folder of its own."""
    shutil.copytree(PACKAGE, tmp_path / "textbook_gym", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_the_cache_outlives_the_process_and_notices_an_edited_rule(copied, tmp_path):
    environment = {"PYTHONPATH": str(copied), "NUMBA_CACHE_DIR": str(tmp_path / "cache")}

    def compiled() -> int:
        return len(list((tmp_path / "cache").rglob("*.nbc")))

    place, mark = run(STEP, **environment).split()
    assert place.startswith(str(copied))
    assert compiled() == 1  # one loop steps and turns pages
    assert run(STEP, **environment).split()[1] == mark
    assert compiled() == 1
    rule_file = copied / "textbook_gym" / "classics" / "rl2_bandit.py"
    source = rule_file.read_text()
    assert "return min(1.0, s.earned / p.limit)" in source
    rule_file.write_text(source.replace("return min(1.0, s.earned / p.limit)", "return 0.25"))
    assert run(STEP, **environment).split()[1] == "0.25"
    assert compiled() == 2


def test_a_folder_that_cannot_be_written_is_no_obstacle(copied, tmp_path):
    """Neither the package's folder nor the user's cache can be written: compiled in memory, same result."""
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where folders are wanted")
    for folder in [f for f in (copied / "textbook_gym").rglob("*") if f.is_dir()]:
        (folder / "__pycache__").write_text("so that not even root can write here")
    environment = {
        "PYTHONPATH": str(copied),
        "HOME": str(blocked),
        "XDG_CACHE_HOME": str(blocked),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    place, mark = run(STEP, **environment).split()
    assert place.startswith(str(copied))
    assert mark == run(STEP).split()[1]
    assert not list(tmp_path.rglob("*.nbc"))


def test_importing_the_package_is_light():
    heavy = "'numba', 'torch', 'matplotlib', 'polars', 'PIL', 'scipy'"
    assert run(f"import sys, textbook_gym; print([m for m in ({heavy}) if m in sys.modules])") == "[]"


def test_forked_children_work_beside_threads():
    """AsyncVectorEnv forks; the threads of the parent do not survive that, and are not needed."""
    played(9000, threads=2, steps=3)
    envs = gym.vector.AsyncVectorEnv([partial(gym.make, "textbook/Bandits-v1")] * 2, context="fork")
    observations, _ = envs.reset(seed=3)
    twin, _ = gym.make_vec("textbook/Bandits-v1", num_envs=2).reset(seed=3)
    assert np.array_equal(observations, twin)
    envs.close()


class Stream:
    """A record with a random stream and nothing else."""

    def __init__(self, key: int = 0) -> None:
        self.rng = key


@given(st.integers(0, MASK), st.integers(0, 1 << 53), st.integers(0, 1 << 53))
def test_streams_are_mixed(key, a, b):
    one, two = Stream(), Stream()
    mix(one, key, a)
    mix(two, key, b)
    assert (one.rng == two.rng) == (a == b)
    assert 0 <= one.rng <= MASK


def test_neighbouring_keys_and_items_never_meet():
    seen = set()
    for key in range(300):
        for item in range(300):
            s = Stream()
            mix(s, key, item)
            seen.add(s.rng)
    assert len(seen) == 300 * 300


def test_the_generator_is_splitmix64():
    """First outputs of splitmix64 from state 0, as published with the algorithm."""
    state, outputs = 0, []
    for _ in range(3):
        state = (state + 0x9E3779B97F4A7C15) & MASK
        outputs.append(scramble(state))
    assert outputs == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]


def test_draws_are_uniform():
    s = Stream(12345)
    draws = np.array([uniform(s) for _ in range(20000)])
    assert abs(draws.mean() - 0.5) < 0.01
    assert 0.0 <= draws.min() < draws.max() < 1.0
    counts = np.bincount([below(s, 6) for _ in range(12000)], minlength=6)
    assert counts.min() > 1800


def test_normal_draws_are_normal_in_the_middle_and_in_the_tail():
    s = Stream(12345)
    draws = np.array([normal(s) for _ in range(100_000)])
    assert stats.kstest(draws, "norm").pvalue > 0.001
    for edge in (1.0, 2.5, NORMAL_TAIL):  # TAIL is where the lowest layer of the ziggurat gives way to another method
        expected = 2 * stats.norm.sf(edge)
        error = math.sqrt(expected / len(draws))
        assert abs((np.abs(draws) > edge).mean() - expected) < 4 * error, edge
    assert np.abs(draws).max() < NORMAL_REACH


def test_interpreted_records_give_plain_numbers_and_refuse_strangers():
    record = np.zeros((), [("a", "i1"), ("b", "f8", (2,))])
    row = Row(record[()])
    row.a, row.b[1] = 100, 0.5
    assert type(row.a + row.a) is int
    assert row.a + row.a == 200
    assert record["b"][1] == 0.5
    with pytest.raises(AttributeError, match="no field 'c'; there are a, b"):
        _ = row.c
    with pytest.raises(IndexError):
        _ = row.b[2]
    with pytest.raises(AttributeError, match=r"a, a whole number \(i1\), cannot hold 200"):
        row.a = 200


def test_find_names_the_nearest_book():
    with pytest.raises(ValueError, match=r"did you mean 'Bandits'\?"):
        find("bandit")
    assert find("textbook/BanditsCourse-v1") is find("Bandits")
