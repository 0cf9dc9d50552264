"""Compiled code: what it is kept under, what makes a kept piece stale, and what no trouble with files may do."""

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import types

import numpy as np
import pytest

import textbook_gym
from textbook_gym.engine import jit
from textbook_gym.engine.jit import Compiled, compiled, digest_of, reachable
from textbook_gym.engine.prefetch import fetch, fetch_lane

PACKAGE = pathlib.Path(textbook_gym.__file__).parent
TABLE = np.array([1.0, 2.0, 4.0])


def add(a, b):
    return a + b


def weighed(k):
    return TABLE[k % 3]


def total(numbers, start, stop):
    result = 0.0
    for k in range(start, stop):
        result = add(result, numbers[k] * weighed(k))
    return result


def factorial(n):
    if n < 2:
        return 1
    return n * factorial(n - 1)


def fetching(words, lanes):
    fetch_lane(words, 0, 1)
    return lanes


# --- what a function is made from -----------------------------------------------------------


def test_a_function_and_all_that_it_calls_are_compiled_together():
    numbers = np.arange(5.0)
    assert compiled(total)(numbers, 1, 5) == total(numbers, 1, 5) == 1 * 2 + 2 * 4 + 3 * 1 + 4 * 2
    assert compiled(total) is compiled(total)
    assert compiled(factorial)(10) == 3628800
    assert compiled(fetching)(np.zeros((2, 9), np.uint64), 7) == 7


def test_helpers_are_found_by_what_the_code_names():
    assert reachable(total) == {total: None, add: total, weighed: total}
    assert set(reachable(fetching)) == {fetching, fetch_lane, fetch}

    def closed(k):  # closes over a function, reaches others as an attribute of a module and in a comprehension
        return add(k, 1) + len([jit.digest_of for _ in range(k)])

    def outer(k):
        return closed(k)

    assert {outer, closed, add, digest_of} <= set(reachable(outer))
    assert not [f for f in reachable(outer) if f.__module__.partition(".")[0] in jit.THEIRS]


def rewritten(function, **constants):
    """A function with other values behind some of the names that its code uses."""
    return types.FunctionType(function.__code__, {**function.__globals__, **constants}, function.__name__)


def test_a_digest_tells_apart_what_compiles_to_something_else():
    base = digest_of([total])
    assert digest_of([total]) == base
    assert digest_of([rewritten(total)]) == base
    twice = rewritten(weighed, TABLE=2 * TABLE)
    other = {
        "a table": rewritten(total, weighed=twice),
        "a table's type": rewritten(total, weighed=rewritten(weighed, TABLE=TABLE.astype("f4"))),
        "a number": rewritten(total, weighed=rewritten(weighed, TABLE=(1.0, 2.0, 4.0))),
        "another helper": rewritten(total, add=max),
        "another of the same name": rewritten(total, add=rewritten(lambda a, b: a - b)),
    }
    digests = {name: digest_of([f]) for name, f in other.items()}
    assert len({base, *digests.values()}) == 1 + len(other), digests


@pytest.mark.parametrize("setting", ["BOUNDSCHECK", "OPT"])
def test_a_digest_covers_the_compilers_settings(monkeypatch, setting):
    import numba

    base = digest_of([total])
    monkeypatch.setattr(numba.config, setting, "other", raising=False)
    assert digest_of([total]) != base


def test_what_was_edited_after_it_was_imported_is_not_kept_under_the_new_source(tmp_path, monkeypatch):
    """A process that still holds the old code must not hand it to those that have read the new."""
    monkeypatch.syspath_prepend(str(tmp_path))
    file = tmp_path / "edited_later.py"
    file.write_text("def f(x):\n    return x + 1\n")
    import edited_later

    file.write_text("def f(x):\n    return x + 2\n")
    jit.source.cache_clear()
    old = digest_of([edited_later.f])
    new = types.ModuleType("edited_later")
    exec(compile(file.read_text(), str(file), "exec"), new.__dict__)
    assert digest_of([new.f]) != old


def test_without_a_compiler_it_is_said_what_to_do(monkeypatch):
    import numba

    monkeypatch.setattr(numba.config, "DISABLE_JIT", True)
    with pytest.raises(RuntimeError, match=r"NUMBA_DISABLE_JIT is set; unset it.*interpreted=True"):
        compiled(lambda number: number)(1)


# --- on disk --------------------------------------------------------------------------------

KEPT = """
import sys
import numpy as np
from textbook_gym.engine import jit
saved = []
keep = jit.Disk.save_overload
jit.Disk.save_overload = lambda *a: (saved.append(a[1]), keep(*a))
{code}
print(len(saved), result)
"""
RULE = """
import gymnasium as gym, textbook_gym
env = gym.make("textbook/RL2Bandit-v0", split="all").unwrapped
env.reset(options={"edition": 5})
result = int.from_bytes(env.lanes.records["edition"].tobytes()[:4], "little")
"""
RECALL = """
from textbook_gym.memory.recall_loops import recall_learn
seen = np.array([[0.5, 0.25]], np.float32)
program = np.array([[0, 0, 0, 1, 1]] * 2), np.array([0, 1])
kept = (np.zeros((1, 1, 4), np.float32), np.zeros((1, 4)), np.zeros((1, 4), np.int64), np.zeros((1, 4, 1)),
        np.zeros(1, np.int64))
step = seen, seen, np.zeros(1, np.int64), np.zeros(1), np.zeros(1)
jit.compiled(recall_learn)(np.zeros(1, np.int64), step, program, 2, True, np.ones(1), kept, np.zeros(64))
result = kept[4][0]
"""
SEARCH = """
from textbook_gym.classics.players import ideal_observer
result = jit.compiled(ideal_observer.descend_once)(np.array([[0, -1] * 24] * 2, np.int32))
"""
PROBE = """

def descend_once(codes: np.ndarray) -> int:
    \"\"\"What is known after a potion, through `descend`, which calls `learn` of the chemistry.\"\"\"
    stones, counts = np.zeros((2, 3), np.int64), np.zeros((2, 6), np.int64)
    tables = np.ones(3**12, np.int64), np.ones(3**12, np.int32)
    descend(0, 0, 0, AXES, (codes, stones, counts), tables)
    return codes[1].sum()
"""


def run(code, folder, **environment):
    """How much a fresh process saved, and its result."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", KEPT.replace("{code}", code)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(folder), "NUMBA_CACHE_DIR": str(folder / "cache"), **environment},
        cwd=folder,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    saved, result = done.stdout.split()
    return int(saved), float(result)


@pytest.fixture
def copied(tmp_path):
    """A folder with a copy of the package."""
    shutil.copytree(PACKAGE, tmp_path / "textbook_gym", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def edit(folder, file, old, new):
    path = folder / "textbook_gym" / file
    source = path.read_text()
    assert source.count(old) >= 1, (file, old)
    path.write_text(source.replace(old, new))


@pytest.mark.parametrize(
    ("code", "file", "old", "new"),
    [
        (RULE, "authoring/random.py", "return (bits(s) >> 11)", "return 0.0 * (bits(s) >> 11)"),
        (RECALL, "memory/feature_loops.py", "numbers[k] != 0.0", "numbers[k] > 0.75"),
        (SEARCH, "classics/players/chemistry.py", "after[h] = -1", "after[h] = -2"),
        (SEARCH, "books/tables/alchemy.py", "\nKIND = ", "\nKIND = 0 * "),
    ],
    ids=["a rule", "a memory", "the ideal observer", "a table"],
)
def test_an_edit_in_another_file_changes_the_next_process(copied, code, file, old, new):
    """With a warm cache: what was compiled before is used again, until a file is edited that it is made from."""
    if code is SEARCH:
        path = copied / "textbook_gym" / "classics" / "players" / "ideal_observer.py"
        path.write_text(path.read_text() + PROBE)
    saved, before = run(code, copied)
    assert saved == 1
    assert run(code, copied) == (0, before)
    edit(copied, file, old, new)
    saved, after = run(code, copied)
    assert saved == 1
    assert after != before


@pytest.fixture
def keeper(tmp_path, monkeypatch):
    """A folder, and what compiles the function `f` of a source text as a fresh process would: saves, and f(2)."""
    import numba

    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "cache"))
    saved = []
    save = jit.Disk.save_overload
    monkeypatch.setattr(jit.Disk, "save_overload", lambda *arguments: (saved.append(1), save(*arguments)))

    def run_anew(text="def f(x):\n    return x + 1.5\n"):
        file = tmp_path / "little.py"
        file.write_text(text)
        jit.source.cache_clear()
        space = {"__name__": "little"}
        exec(compile(text, str(file), "exec"), space)
        before = len(saved)
        result = Compiled(space["f"])(2)
        return len(saved) - before, result

    monkeypatch.setitem(sys.modules, "little", types.ModuleType("little"))
    assert run_anew() == (1, 3.5)
    assert run_anew() == (0, 3.5)
    return tmp_path / "cache", run_anew


def test_damaged_files_are_compiled_anew(keeper):
    folder, run_anew = keeper
    (file,) = folder.rglob("*.nbc")
    whole = file.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    unreadable = hashlib.sha256(b"no pickle").digest() + b"no pickle"
    for damaged in (b"", whole[:20], whole[: len(whole) // 2], bytes(flipped), b"x" * 4000, unreadable):
        file.write_bytes(damaged)
        assert run_anew() == (1, 3.5)
        assert run_anew() == (0, 3.5)
    file.unlink()
    file.mkdir()  # nor can it be replaced
    assert run_anew() == (1, 3.5)
    assert not list(folder.rglob("*.part"))


def test_one_piece_of_code_is_not_taken_for_another(keeper):
    """Each has a file of its own: two processes at once cannot file one's code under the other's name."""
    folder, run_anew = keeper
    assert run_anew("def f(x):\n    return x + 2.5\n") == (1, 4.5)
    assert len(list(folder.rglob("*.nbc"))) == 2
    assert run_anew() == (0, 3.5)


def test_a_full_disk_is_no_obstacle(keeper, monkeypatch):
    folder, run_anew = keeper

    def full(path, content):
        path.touch()
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(pathlib.Path, "write_bytes", full)
        assert run_anew("def f(x):\n    return x * 3.0\n") == (1, 6.0)
    assert not list(folder.rglob("*.part"))
    assert run_anew("def f(x):\n    return x * 3.0\n") == (1, 6.0)
