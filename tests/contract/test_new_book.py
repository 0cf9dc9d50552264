"""A thirteenth book takes one file and one line: environments, checks, memories, training and study come from it."""

import re
import sys

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import textbook_gym
from textbook_gym import registry
from textbook_gym.authoring.book import read
from textbook_gym.authoring.skeleton import new_book
from textbook_gym.checks import calibrated, check, check_book, measure_marks
from textbook_gym.cli.main import main
from textbook_gym.engine.lanes import Lanes
from textbook_gym.engine.loops import Wipe
from textbook_gym.envs.multibook import books_of
from textbook_gym.errors import BookError
from textbook_gym.memory.catalogue import make_memory
from textbook_gym.remember import RememberVector
from textbook_gym.students.base import REFERENCES
from textbook_gym.students.rollout import walk
from textbook_gym.study.run import study

SHORTCUT = '''
@rule
def visible(p: Chapter, s: Record) -> float:
    """Return the share of presses that look right."""
    return (s.right + s.hints) / max(s.presses, p.asked)


@rule
def shortcuts(p: Chapter, s: Record) -> int:
    """Return how many hints were taken."""
    return s.hints


# --- the teacher's copy'''
CHANGES = (  # the skeleton with a button that makes any lamp light up, and teaches nothing
    ("G, H = range(LAMPS)", "G, H, HINT = range(LAMPS + 1)"),
    ('    Field("right",', '    Field("hints", "i1", "hints taken"),\n    Field("right",'),
    ("    s.right += hit\n", "    s.right += hit\n    s.hints += action == Action.HINT\n"),
    ("# --- the teacher's copy", SHORTCUT),
)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package with one book, registered in one line."""
    (tmp_path / "strangers_books").mkdir()
    (tmp_path / "strangers_books" / "__init__.py").write_text("")
    file = new_book("lamps", tmp_path / "strangers_books")
    source = file.read_text()
    for old, new in CHANGES:
        assert source.count(old) == 1
        source = source.replace(old, new)
    file.write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    textbook_gym.register("Lamps", "strangers_books.lamps")
    yield "strangers_books.lamps"
    registry.BOOKS.pop("Lamps")
    for env_id in (*registry.env_ids("Lamps"), registry.short_id("Lamps")):
        gym.registry.pop(env_id)
    for module in ("strangers_books.lamps", "strangers_books"):
        sys.modules.pop(module, None)


def test_one_file_and_one_line(package, capsys, tmp_path):
    measured = check_book(package, courses=1024)
    assert measured[0].learned > 0.9
    for env_id in (*registry.env_ids("Lamps"), registry.short_id("Lamps")):
        check_env(gym.make(env_id).unwrapped)
    envs = gym.make_vec("textbook/Lamps-v0", num_envs=5)
    envs.reset(seed=0)
    assert envs.step(np.zeros(5, int))[0].shape == (5, 20)
    table = study(["model", "newcomer"], ["Lamps"], editions=8)
    assert table.filter(table["student"] == "model")["mark"].mean() > 0.5
    assert main(["show", "Lamps", "--editions", "16"]) == 0
    assert "four lamps" in capsys.readouterr().out
    assert main(["study", "--book", "Lamps", "--editions", "8", "--out", str(tmp_path / "out")]) == 0


def test_its_ledger_and_what_recall_takes_from_it_are_its_own(package):
    vector = RememberVector(gym.make_vec("textbook/LampsCourse-v0", num_envs=2), "ledger")
    vector.reset(seed=0)
    assert vector.memory.spec()["tables"] == [dict(table) for table in read(package).module.LEDGER]
    lit = vector.step(np.full(2, 3))[0][:, 8:16]
    after = vector.step(np.full(2, 0))[0][:, vector.memory.width :]
    assert (lit == 1).any()
    assert after.any(), "what the switch lit has been entered"
    recall = RememberVector(gym.make_vec("textbook/LampsCourse-v0", num_envs=2), make_memory("recall", k=1))
    recall.reset(seed=0)
    assert recall.observation_space.shape[1] == 20 + 1 + 9 + 8 + 1, "likeness, action, what was lit, reward"


def test_its_short_course_is_registered_and_can_be_trained(package):
    from textbook_gym.train.setup import setup

    plan = gym.make("textbook/LampsShort-v0").unwrapped.lanes.plan
    assert (plan["number"].tolist(), plan["exercises"].tolist()) == ([1, 2, 3], [3, 4, 2])
    assert registry.find("textbook/LampsShort-v0") is registry.find("Lamps")
    assert setup("textbook/LampsShort-v0").steps > 0


def test_its_shortcut_is_reported_and_pays_no_mark(package):
    env = gym.make("textbook/Lamps-v0").unwrapped
    _, info = env.reset(seed=0)
    while not info["exercise_done"]:
        _, _, _, _, info = env.step(8)
    assert (info["visible"], info["mark"], info["shortcuts"]) == (1.0, 0.0, 4)


def test_the_library_opens_it(package):
    env = gym.make("textbook/Library-v0", books=["Bandits", "Lamps"]).unwrapped
    found = {books_of([env.reset(seed=seed)[1]["edition"]], 2)[0] for seed in range(8)}
    assert found == {0, 1}


def test_a_name_is_taken_once(package):
    with pytest.raises(ValueError, match="cannot register book 'Bandits'"):
        textbook_gym.register("Bandits", package)
    with pytest.raises(ValueError, match="cannot register book 'two words'"):
        textbook_gym.register("two words", package)


# --- the skeleton ------------------------------------------------------------------------------


def test_the_skeleton_passes_as_it_stands_and_teaches(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    file = new_book("two_lamps", tmp_path)
    assert (file.name, file.read_text().splitlines()[0][:12]) == ("two_lamps.py", '"""TwoLamps:')
    told = check("two_lamps")
    assert told.endswith("TwoLamps keeps the contract.")
    assert len(told.splitlines()) == 5
    assert sum(line.lstrip().startswith("#") for line in file.read_text().splitlines()) >= 8


def test_a_skeleton_overwrites_nothing(tmp_path):
    new_book("lamps", tmp_path).write_text("mine")
    with pytest.raises(ValueError, match=r"lamps\.py' is there already"):
        new_book("Lamps.py", tmp_path)
    assert (tmp_path / "lamps.py").read_text() == "mine"
    for name in ("two words", "class", "_x", "1st", ""):
        with pytest.raises(ValueError, match="a book cannot be called"):
            new_book(name, tmp_path)
    for name in ("json", "numpy"):
        with pytest.raises(ValueError, match=f"would hide the module '{name}'"):
            new_book(name, tmp_path)
    with pytest.raises(ValueError, match="there is no folder"):
        new_book("lamps", tmp_path / "nowhere")
    assert [f.name for f in tmp_path.iterdir()] == ["lamps.py"]


def test_calibration_prints_the_rows_to_paste(broken):
    """As they stand in the file, with the measured column; pasted, they pass."""
    name = broken(("8,    4,    0.26", "8,    4,    0.99"))
    with pytest.raises(BookError, match=r"newcomer measured 0\.2"):
        check(name)
    rows = check(name, calibrate=True)
    assert rows.startswith("CHAPTERS = (\n")
    assert re.fullmatch(r'    Chapter\("four lamps",    8,    4,    0\.2\d,  FEW,    1,    1\),', rows.splitlines()[2])
    namespace = dict(vars(read(name).module))
    exec(rows, namespace)
    measured = [round(m.newcomer, 2) for m in measure_marks(read(name))]
    assert [row.newcomer for row in namespace["CHAPTERS"]] == measured


def test_rows_that_are_computed_are_told_as_values(broken):
    name = broken(("CHAPTERS = (\n", "ROWS = (\n"), ("# --- the tables", "CHAPTERS = tuple(ROWS)\n\n# --- the tables"))
    book = read(name)
    assert calibrated(book, measure_marks(book, 64)).startswith(
        "Chapter(name='four lamps', exercises=8, limit=4, newcomer=0"
    )


# --- a model student in a module of its own ----------------------------------------------------


def test_a_model_student_may_stand_elsewhere(broken, tmp_path):
    """Same bytes, same messages."""
    name, begin, end = broken(), "# --- the model student", "# --- faces"
    source = (tmp_path / f"{name}.py").read_text()
    student = source[source.index(begin) : source.index(end)]
    world = source.replace(student, "").replace("LAMPS = 8\n", 'LAMPS = 8\nMODEL = "lamps_student"\n')
    (tmp_path / "lamps_world.py").write_text(world)
    imports = "from lamps_world import LAMPS, NONE, Chapter\n"
    imports += "from textbook_gym.authoring import Field, Record, onehot, rule\n"
    (tmp_path / "lamps_student.py").write_text(imports + student)
    rows = []
    for path in (name, "lamps_world"):
        lanes = Lanes(path, 8, episode="book", split="all")
        rows.append(walk(REFERENCES["model"], lanes, list(range(8)), Wipe.NEVER))
    assert np.array_equal(*rows)
    (tmp_path / "lamps_clumsy.py").write_text(imports + student.replace("n.tried[action]", "n.tired[action]"))
    (tmp_path / "lamps_other.py").write_text(world.replace("lamps_student", "lamps_clumsy"))
    with pytest.raises(BookError, match=r"Lamps\.study, lamps_clumsy\.py:\d+: no field 'tired' in NOTES"):
        check_book("lamps_other")
    for module in ("lamps_world", "lamps_student", "lamps_other", "lamps_clumsy"):
        sys.modules.pop(module, None)
