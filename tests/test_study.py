"""The study: one tidy table, files, command line."""

import json
import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from textbook_gym import metrics, report
from textbook_gym.cli import main
from textbook_gym.registry import BOOKS, find
from textbook_gym.students import REFERENCES
from textbook_gym.study import COLUMNS, courses, study


@pytest.fixture(scope="module")
def table():
    return study(books=["Bandits"], editions=70)


def test_the_table_is_tidy(table):
    assert table.columns == list(COLUMNS)
    exercises = sum(c.exercises for c in find("Bandits").chapters)
    assert len(table) == exercises * courses(list(REFERENCES), ["Bandits"], 70, ("kept", "wiped"))
    assert table.drop("visible", "shortcuts").null_count().sum_horizontal().item() == 0
    assert table["visible"].null_count() == len(table)  # Bandits has no shortcut
    key = ["student", "book", "split", "edition", "control", "chapter", "exercise"]
    assert table.select(key).is_duplicated().sum() == 0


def test_a_study_is_the_same_again_and_in_other_batches(table, monkeypatch):
    from textbook_gym import study as module

    monkeypatch.setattr(module, "BATCH", 9)
    assert study(books=["Bandits"], editions=70, threads=1).equals(table)


def test_gain_is_the_sum_of_rewards_over_chapters_by_hand(table):
    model = report.part(table, "model")
    rows = model.filter(pl.col("edition") == 3)
    by_hand = 0.0
    for number, chapter in enumerate(find("Bandits").chapters, 1):
        v = rows.filter(pl.col("chapter") == number).sort("exercise")["mark"].to_numpy()
        k = np.arange(1, len(v) + 1)
        by_hand += (k * v).sum() / k.sum() - chapter.newcomer
    assert metrics.gain(model)["Bandits"][0, 3] == pytest.approx(by_hand / 6)


def test_students_rank_as_they_should(table):
    figures = {r["student"]: r for r in report.summary(table).iter_rows(named=True)}
    assert (
        figures["random"]["gain"] < figures["newcomer"]["gain"] < figures["model"]["gain"] < figures["oracle"]["gain"]
    )
    assert figures["oracle"]["last_third"] == 1.0
    assert figures["model"]["memory_benefit_low"] > 0.1
    assert figures["random"]["memory_benefit"] is None
    assert figures["newcomer"]["gain_low"] < 0.05


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"controls": ["keept"]}, "did you mean 'kept'"),
        ({"books": ["Bandit"]}, "did you mean 'Bandits'"),
        ({"editions": 0}, "whole number >= 1"),
        ({"students": ["oracel"]}, "did you mean 'oracle'"),
        ({"split": "tset"}, "did you mean 'test'"),
    ],
)
def test_wrong_requests_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        study(**{"books": ["Bandits"], "editions": 2, **arguments})


def test_the_command_writes_its_folder(tmp_path, capsys):
    folder = tmp_path / "study"
    assert main(["study", "--book", "Bandits", "--editions", "8", "--out", str(folder)]) == 0
    assert sorted(p.name for p in folder.iterdir()) == ["curves.png", "marks.csv", "study.json", "summary.csv"]
    printed = capsys.readouterr().out
    assert "benefit" in printed
    again = pl.read_csv(folder / "marks.csv")
    assert again.columns == list(COLUMNS)
    assert (folder / "curves.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert json.loads((folder / "study.json").read_text())["editions"] == 8


def test_the_commands_list_and_show(capsys):
    assert main(["list"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in BOOKS)
    assert main(["show", "Bandits", "--editions", "8"]) == 0
    shown = capsys.readouterr().out
    assert "three arms" in shown
    assert "PULL_A" in shown


def test_the_command_line_answers_bad_input_in_one_line(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    for arguments, message in (
        (["study", "--book", "Bandit"], "did you mean 'Bandits'?"),
        (["study", "--student", "modle"], "did you mean 'model'?"),
        (["study", "--editions", "0"], "whole number >= 1"),
        (["study", "--out", str(tmp_path / "file")], "File exists"),
        (["show", "Nothing"], "there are"),
    ):
        assert main(arguments) == 2
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1


def test_the_command_is_installed():
    done = subprocess.run(
        [sys.executable, "-m", "textbook_gym", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("textbook-gym ")
