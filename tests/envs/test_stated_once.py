"""Info, options and courses are stated once: every face has them from the same tables."""

import importlib
import inspect
import sys
import types

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import SyncVectorEnv
from gymnasium.wrappers import TimeLimit
from helpers.playing import assert_same

from textbook_gym import registry
from textbook_gym.engine.course_options import DEFAULTS, CourseOptions
from textbook_gym.engine.info import OUT, OUT_COLUMNS, Told
from textbook_gym.engine.lanes import Lanes
from textbook_gym.envs.library import LibraryEnv, LibraryVectorEnv
from textbook_gym.envs.multibook import MultiBookLanes
from textbook_gym.envs.single import BookEnv
from textbook_gym.envs.vector import BookVectorEnv
from textbook_gym.memory.base import READ
from textbook_gym.registry import BUILT_IN, ID_KINDS, find, id_of, short_id

PLAIN = [c.name for c in OUT_COLUMNS if c.told == Told.ALWAYS]
SHORTCUT = [c.name for c in OUT_COLUMNS if c.told in (Told.ALWAYS, Told.SHORTCUT)]
PYTHON = {"f8": float, "i8": int, "?": bool}


# --- info --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("env_id", "keys"),
    [
        ("textbook/Bandits-v1", PLAIN),
        ("textbook/Maintenance-v1", SHORTCUT),
        ("textbook/RL2Bandit-v0", PLAIN),
        ("textbook/Library-v0", [*SHORTCUT, "book", "action_mask"]),
    ],
)
def test_every_face_tells_the_columns_of_the_one_table(env_id, keys):
    env = gym.make(env_id).unwrapped
    kinds = {c.name: PYTHON[c.kind] for c in OUT_COLUMNS} | {"book": int, "action_mask": np.ndarray}
    for info in (env.reset(seed=0)[1], env.step(0)[4], env.load(env.save())[1]):
        assert list(info) == keys
        assert [type(v) for v in info.values()] == [kinds[k] for k in keys]
    envs = gym.make_vec(env_id, num_envs=3)
    for info in (envs.reset(seed=0)[1], envs.step([0, 0, 0])[4]):
        assert [k for k in info if not k.startswith("_")] == keys
    sb3 = pytest.importorskip("textbook_gym.sb3")
    native = sb3.make(env_id, 2, seed=0)
    native.reset()
    assert list(native.reset_infos[0]) == keys
    dones, infos = [False], []
    while not dones[0]:
        _, _, dones, infos = native.step(np.zeros(2, int))
    assert list(infos[0])[: len(keys)] == keys
    assert set(READ) <= set(PLAIN)
    assert set(OUT.names) == {c.name for c in OUT_COLUMNS}


# --- options -----------------------------------------------------------------------------------


@pytest.mark.parametrize("face", [Lanes, MultiBookLanes, BookEnv, BookVectorEnv, LibraryEnv, LibraryVectorEnv])
def test_every_face_shows_and_takes_the_options_of_a_course(face):
    shown = {n: p.default for n, p in inspect.signature(face).parameters.items() if n in DEFAULTS}
    assert shown == DEFAULTS
    assert set(DEFAULTS) == set(CourseOptions.__annotations__)
    assert all(p.kind != p.VAR_KEYWORD for p in inspect.signature(face).parameters.values())
    given = [BUILT_IN[3]] if "num_envs" in inspect.signature(face).parameters or face is MultiBookLanes else []
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'rewrd' \(did you mean 'reward'\?\)"):
        face(*given, rewrd="mark")


def test_no_message_offers_what_was_given():
    with pytest.raises(TypeError) as error:
        gym.make("textbook/Bandits-v1", autoreset_mode="NextStep")
    assert "did you mean 'autoreset_mode'" not in str(error.value)
    for env_id in ("textbook/Bandits-v1", "textbook/RL2Bandit-v0"):
        with pytest.raises(TypeError) as error:
            gym.make(env_id, colour="red")
        assert "unknown" not in str(error.value)


def test_one_chapter_may_be_named_alone():
    for one, several in (("exam", ["exam"]), (2, [2]), (np.int64(2), [2]), (np.array([1, 3]), [1, 3])):
        plans = [gym.make("textbook/Bandits-v1", chapters=c).unwrapped.lanes.plan for c in (one, several)]
        assert plans[0].tobytes() == plans[1].tobytes()
    with pytest.raises(ValueError, match="no chapter 'exan'"):
        gym.make("textbook/Bandits-v1", chapters="exan")


def test_whole_numbers_are_of_any_type_and_limits_are_stated():
    for value in (3, np.int64(3), np.uint8(3), np.array(3)):
        assert set(gym.make("textbook/Bandits-v1", exercises=value).unwrapped.lanes.plan["exercises"]) == {3}
    for value in (33_000, True, 3.0, np.float64(3.0), "3"):
        with pytest.raises(ValueError, match=r"exercises=.*: give a whole number"):
            gym.make("textbook/Bandits-v1", exercises=value)
    with pytest.raises(ValueError, match="exercises=40000: give a whole number from 1 to 32767"):
        gym.make("textbook/Bandits-v1", chapters=[1, 2], exercises=[1, 40_000])
    gym.make("textbook/Bandits-v1", exercises=32_767)
    for wrong in (np.float64(2.0), True, 0, "2"):
        with pytest.raises(ValueError, match="num_envs="):
            BookVectorEnv("textbook_gym.books.bandits", wrong)


def test_seeds_count_on_whatever_their_type_up_to_64_bits():
    envs = gym.make_vec("textbook/Bandits-v1", num_envs=4)
    for seed in (np.uint32(2**32 - 2), np.uint8(254), np.int64(2**63 - 1)):
        assert_same(envs.reset(seed=seed), envs.reset(seed=int(seed)))
    env = gym.make("textbook/Bandits-v1")
    assert_same(envs.reset(seed=2**64 - 4)[0][3], env.reset(seed=2**64 - 1)[0])
    for face, seed in ((env, 2**64), (envs, 2**64 - 3), (envs, [0, 1, 2, 2**64]), (envs, [0, 1, 2, -1])):
        with pytest.raises(ValueError, match="seed="):
            face.reset(seed=seed)


# --- courses -----------------------------------------------------------------------------------


def test_a_short_course_is_what_its_book_says(book_name):
    chapters, exercises = find(book_name).module.SHORT
    plan = gym.make(short_id(book_name)).unwrapped.lanes.plan
    assert (plan["number"].tolist(), plan["exercises"].tolist()) == ([*chapters], [*exercises])
    assert plan.tobytes() == Lanes(find(book_name).path, course="short").plan.tobytes()
    again = gym.make(short_id(book_name), exercises=1).unwrapped.lanes.plan
    assert set(again["exercises"]) == {1}


def test_courses_that_are_not_there_are_refused():
    with pytest.raises(ValueError, match=r"course='shrt' is not known \(did you mean 'short'\?\)"):
        gym.make("textbook/Bandits-v1", course="shrt")
    with pytest.raises(ValueError, match="RL2Bandit names no such course"):
        gym.make("textbook/RL2Bandit-v0", course="short")


def test_chapters_of_a_short_course_keep_its_lengths_and_others_the_books():
    book = find("Bandits")
    numbers, lengths = book.module.SHORT
    other = next(n for n in range(1, len(book.chapters)) if n not in numbers)
    plan = Lanes(book.path, course="short", chapters=[numbers[-1], other]).plan
    expected = {numbers[-1]: lengths[-1], other: book.chapters[other - 1].exercises}
    assert dict(plan[["number", "exercises"]].tolist()) == expected
    assert Lanes(book.path, course="short", chapters=[1, 2], exercises=3).plan["exercises"].tolist() == [3, 3]


@pytest.fixture
def twin(tmp_path, monkeypatch):
    """A stranger's book with a short course, and nothing of it left afterwards."""
    text = inspect.getsource(find("Bandits").module)
    (tmp_path / "twin_book.py").write_text(text.replace('"""Bandits:', '"""Aaa:', 1), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(registry, "BOOKS", registry.BOOKS.copy())
    yield "twin_book"
    for kind in ID_KINDS:
        gym.registry.pop(id_of("Aaa", kind), None)
    sys.modules.pop("twin_book", None)


def test_registering_changes_nothing_of_the_library(twin, monkeypatch):
    monkeypatch.setattr("textbook_gym.envs.multibook.BOOKS", registry.BOOKS)
    before = gym.make("textbook/Library-v0").unwrapped
    shown = [before.reset(seed=s) for s in range(6)]
    registry.register("Aaa", twin)
    after = gym.make("textbook/Library-v0").unwrapped
    assert after.lanes.names == sorted(BUILT_IN)
    for seed, expected in enumerate(shown):
        assert_same(after.reset(seed=seed), expected)
    named = gym.make("textbook/Library-v0", books=["Aaa", "Bandits"]).unwrapped
    assert named.lanes.catalogue == [*sorted(BUILT_IN), "Aaa"]
    assert {named.reset(seed=s)[1]["book"] for s in range(9)} == {BUILT_IN.index("Bandits"), len(BUILT_IN)}
    assert gym.make("textbook/AaaShort-v0").unwrapped.lanes.plan["exercises"].tolist() == [4, 20, 8]


def test_a_worker_that_has_not_registered_a_book_makes_what_the_driver_made(twin, monkeypatch):
    for name in ("ray", "ray.tune", "ray.tune.registry"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    sys.modules["ray.tune.registry"].register_env = lambda *_: None
    monkeypatch.delitem(sys.modules, "textbook_gym.rllib", raising=False)
    create = importlib.import_module("textbook_gym.rllib").create
    lanes = create({"book": twin, "episode": "book", "course": "short"}, "textbook/AaaShort-v0", {}).unwrapped.lanes
    assert lanes.settings["episode"] == "book"
    assert lanes.plan["exercises"].tolist() == [4, 20, 8]
    for env_id in ("textbook/Aaa-v0", "textbook/AaaCourse-v0"):
        assert env_id in gym.registry
    sys.modules.pop("textbook_gym.rllib")


def test_what_cannot_be_registered_is_refused_and_leaves_nothing(twin):
    with pytest.raises(ValueError, match="cannot register book 'Aaa': no module 'no_such_module'") as error:
        registry.register("Aaa", "no_such_module")
    assert "\n" not in str(error.value)
    with pytest.raises(ValueError, match="cannot register book 'BanditsShort'"):
        registry.register("BanditsShort", twin)
    assert "Aaa" not in registry.BOOKS
    assert id_of("Aaa") not in gym.registry


# --- faces ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("env_id", ["textbook/Bandits-v1", "textbook/LibraryCourse-v0"])
def test_a_loaded_course_goes_on_without_a_reset(env_id):
    env = gym.make(env_id)
    env.reset(seed=3)
    env.step(0)
    data = env.unwrapped.save()
    fresh = gym.make(env_id)
    with pytest.raises(RuntimeError, match="call reset"):
        fresh.step(0)
    with pytest.raises(gym.error.ResetNeeded, match="call reset"):
        fresh.unwrapped.tell()
    fresh.unwrapped.load(data)
    assert_same(fresh.step(1), env.step(1))


@pytest.mark.parametrize("given", [None, "x", 3, [b"x"]])
def test_what_is_no_bytes_is_no_saved_course(given):
    for face in (gym.make("textbook/Bandits-v1").unwrapped, gym.make_vec("textbook/Bandits-v1", num_envs=2)):
        with pytest.raises(ValueError, match="is no saved course; give the bytes that save") as error:
            face.load(given)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("steps", [3, 10])
@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_episodes_are_truncated_as_by_time_limit(mode, steps):
    """Also where one ends by itself at the last step that is allowed."""
    limit = find("Bandits").chapters[0].limit
    steps = limit if steps == 10 else steps
    many = gym.make_vec("textbook/Bandits-v1", num_envs=3, max_episode_steps=steps, autoreset_mode=mode)
    made = [lambda: TimeLimit(gym.make("textbook/Bandits-v1").unwrapped, steps) for _ in range(3)]
    single = SyncVectorEnv(made, autoreset_mode=many.autoreset_mode)
    assert_same(many.reset(seed=1), single.reset(seed=1))
    both = False
    for _ in range(60):
        a, b = many.step([0, 0, 0]), single.step([0, 0, 0])
        assert_same(a, b)
        both |= bool((a[2] & a[3]).any())
    assert both == (steps == limit)


@pytest.mark.parametrize("env_id", ["textbook/Bandits-v1", "textbook/Library-v0"])
def test_batches_tell_the_privileged_what_single_environments_tell(env_id):
    envs, env = gym.make_vec(env_id, num_envs=8, privileged=True), gym.make(env_id, privileged=True)
    hidden = envs.reset(seed=0)[1]["privileged"]
    for i in range(8):
        alone = env.reset(seed=i)[1]["privileged"]
        assert int(hidden["state"]["rng"][i]) == alone["state"]["rng"]
        assert hidden["oracle"][i] == alone["oracle"]
