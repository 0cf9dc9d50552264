"""The study: one tidy table, files, command line."""

import hashlib
import json

import numpy as np
import polars as pl
import pytest

from textbook_gym.cli.main import main
from textbook_gym.metrics import definitions as metrics
from textbook_gym.metrics.summary import part, summary
from textbook_gym.metrics.table import MARKS_COLUMNS
from textbook_gym.registry import find
from textbook_gym.students.base import REFERENCES
from textbook_gym.study.edition_digests import edition_digests
from textbook_gym.study.run import courses, study


@pytest.fixture(scope="module")
def table():
    return study(books=["Bandits"], editions=70)


def test_the_table_is_tidy(table):
    assert table.columns == list(MARKS_COLUMNS)
    exercises = sum(c.exercises for c in find("Bandits").chapters)
    assert len(table) == exercises * courses(list(REFERENCES), ["Bandits"], 70, ("kept", "wiped"))
    assert table.drop("visible", "shortcuts").null_count().sum_horizontal().item() == 0
    assert table["visible"].null_count() == len(table)  # Bandits has no shortcut
    key = ["student", "seed", "book", "split", "edition", "control", "chapter", "exercise"]
    assert table.select(key).is_duplicated().sum() == 0


def test_a_study_is_the_same_again_and_in_other_batches(table, monkeypatch):
    from textbook_gym.study import run as module

    monkeypatch.setattr(module, "BLOCK", 9)
    assert study(books=["Bandits"], editions=70, threads=1).equals(table)


def test_gain_is_the_sum_of_rewards_over_chapters_by_hand(table):
    model = part(table, "model")
    rows = model.filter(pl.col("edition") == 3)
    by_hand = 0.0
    for number, chapter in enumerate(find("Bandits").chapters, 1):
        v = rows.filter(pl.col("chapter") == number).sort("exercise")["mark"].to_numpy()
        k = np.arange(1, len(v) + 1)
        by_hand += (k * v).sum() / k.sum() - chapter.newcomer
    assert metrics.gain(model)["Bandits"][0, 3] == pytest.approx(by_hand / 6)


def test_students_rank_as_they_should(table):
    figures = {r["student"]: r for r in summary(table).iter_rows(named=True)}
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
        ({"seed": []}, "at least one of each"),
        ({"students": []}, "at least one of each"),
        ({"students": ["model", "model"]}, "two students are called 'model' with seed 0: name them"),
        ({"students": ["ppo-{seed}.zip"]}, "name them, as in ppo="),
    ],
)
def test_wrong_requests_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        study(**{"books": ["Bandits"], "editions": 2, **arguments})


def test_replicates_walk_the_same_editions_with_seeds_of_their_own():
    table = study(["random", "dice=random"], ["Bandits"], editions=4, seed=[0, 7])
    marks = {key: rows["mark"].to_list() for key, rows in table.group_by("student", "seed")}
    assert set(marks) == {("random", 0), ("random", 7), ("dice", 0), ("dice", 7)}
    assert marks["random", 0] == marks["dice", 0] != marks["random", 7] == marks["dice", 7]


def test_a_seed_chooses_the_file_of_a_student(tmp_path):
    for seed in (3, 4):
        (tmp_path / f"agent-{seed}.sh").write_text(f"while read -r line; do echo {seed}; done\n")
    student = f"mine=cmd:sh {tmp_path}/agent-{{seed}}.sh"
    table = study([student], ["Vocabulary"], editions=1, controls=["kept"], seed=[3, 4])
    assert table["student"].unique().to_list() == ["mine"]
    first, second = (table.filter(pl.col("seed") == seed)["mark"].to_list() for seed in (3, 4))
    assert first != second


def test_digests_of_editions_name_worlds():
    digests = [edition_digests(["Bandits"], *where)["Bandits"] for where in (("test", 4), ("test", 5), ("train", 4))]
    assert len(set(digests)) == 3
    assert edition_digests(["Bandits"], "test", 4)["Bandits"] == digests[0]


def test_the_command_writes_its_folder(tmp_path, capsys):
    folder = tmp_path / "study"
    assert main(["study", "--book", "Bandits", "--editions", "8", "--out", str(folder)]) == 0
    files = ["curves.png", "marks.csv", "marks.parquet", "parts", "study.json", "summary.csv"]
    assert sorted(p.name for p in folder.iterdir()) == files
    printed = capsys.readouterr().out
    assert "benefit" in printed
    again = pl.read_csv(folder / "marks.csv")
    assert again.columns == list(MARKS_COLUMNS)
    assert again.height == pl.read_parquet(folder / "marks.parquet").height
    assert (folder / "curves.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    told = json.loads((folder / "study.json").read_text())
    assert told["editions"] == 8
    assert told["controls"] == ["kept", "wiped"]
    assert told["digests"]["marks.csv"] == hashlib.sha256((folder / "marks.csv").read_bytes()).hexdigest()
    assert told["digests"]["editions"] == edition_digests(["Bandits"], "test", 8)
