"""A thirteenth book takes one file and one line: environments, checks, page and study come from it."""

import pathlib
import shutil
import sys

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import textbook_gym
from textbook_gym import registry
from textbook_gym.checks import check_book
from textbook_gym.cli.main import main
from textbook_gym.study.run import study

TOY = pathlib.Path(__file__).parent.parent / "toy" / "lamps.py"


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A stranger's package with one book, registered in one line."""
    (tmp_path / "strangers_books").mkdir()
    (tmp_path / "strangers_books" / "__init__.py").write_text("")
    shutil.copy(TOY, tmp_path / "strangers_books")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(registry, "BOOKS", registry.BOOKS.copy())
    textbook_gym.register("Lamps", "strangers_books.lamps")
    yield "strangers_books.lamps"
    for env_id in registry.env_ids("Lamps"):
        gym.registry.pop(env_id)
    for module in ("strangers_books.lamps", "strangers_books"):
        sys.modules.pop(module, None)


def test_one_file_and_one_line(package, capsys, tmp_path):
    measured = check_book(package, courses=1024)
    assert measured[0].learned > 0.9
    for env_id in registry.env_ids("Lamps"):
        check_env(gym.make(env_id).unwrapped)
    envs = gym.make_vec("textbook/Lamps-v0", num_envs=5)
    envs.reset(seed=0)
    assert envs.step(np.zeros(5, int))[0].shape == (5, 20)
    table = study(["model", "newcomer"], ["Lamps"], editions=8)
    assert table.filter(table["student"] == "model")["mark"].mean() > 0.5
    assert main(["show", "Lamps", "--editions", "16"]) == 0
    assert "four lamps" in capsys.readouterr().out
    assert main(["study", "--book", "Lamps", "--editions", "8", "--out", str(tmp_path / "out")]) == 0


def test_a_name_is_taken_once(package):
    with pytest.raises(ValueError, match="cannot register book 'Bandits'"):
        textbook_gym.register("Bandits", package)
    with pytest.raises(ValueError, match="cannot register book 'two words'"):
        textbook_gym.register("two words", package)
