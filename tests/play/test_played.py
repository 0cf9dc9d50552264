"""What people played: marked as any student is, shown beside others, and a study like any other."""

import json

import gymnasium
import numpy as np
import polars as pl
import pytest
from helpers.people import choices, finish, typed

from textbook_gym.cli.main import main
from textbook_gym.engine.loops import ROWS
from textbook_gym.play.chart import LEVELS, chart, grades
from textbook_gym.play.folder import beside_references, open_course, write_played
from textbook_gym.registry import BOOKS, find, id_of
from textbook_gym.study.validate import validate


@pytest.mark.parametrize("book", ["Concepts", "Vocabulary", "Navigation", "Alchemy"])
def test_a_script_that_plays_is_marked_as_the_flat_environment_marks(book, tmp_path, monkeypatch, capsys):
    env = gymnasium.make(id_of(book, "Seminar"), split="test")
    env.reset(options={"edition": 0})
    actions, lines, marks, info = choices(book), [], [], {"book_done": False}
    while not info["book_done"]:
        action = next(actions)
        lines.append(find(book).actions[action].lower())
        *_, info = env.step(action)
        if info["exercise_done"]:
            marks.append((info["chapter"], info["exercise"], info["mark"]))
            if not info["book_done"]:
                env.step(0)
    typed(monkeypatch, lines)
    assert main(["play", book, "--name", "ada", "--out", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    table = pl.read_csv(tmp_path / "marks.csv").filter(pl.col("student") == "human:ada")
    exam = find(book).chapters[-1].name == "exam" and table["chapter"].max() == len(find(book).chapters)
    shown = table.filter(pl.col("chapter") < len(find(book).chapters)) if exam else table
    found = list(shown.select("chapter", "exercise", "mark").iter_rows())
    assert found == [pytest.approx(m, abs=1e-6) for m in marks[: len(shown)]]
    assert table["reward"].sum() / table["chapter"].n_unique() == pytest.approx(info["gain"], abs=1e-5)
    assert f"{info['gain']:+.2f}" in out


def test_a_course_put_down_after_every_reply_is_the_same(tmp_path):
    for memory in ("transcript", "notebook"):
        whole = finish(open_course("Concepts", tmp_path / "a", memory=memory))
        actions = choices("Concepts")
        while not (course := open_course("Concepts", tmp_path / "b", edition=0, memory=memory)).desk.done:
            course.turn_page() if course.closing else course.act(next(actions))
        assert course.file.read_bytes() == whole.file.read_bytes()
        assert np.array_equal(course.rows, whole.rows)


def test_references_stand_beside_and_the_oracle_is_right(tmp_path):
    course = finish(open_course("Concepts", tmp_path))
    rows = beside_references(course)
    assert list(rows) == ["human:me", "newcomer", "model", "oracle"]
    assert (rows["oracle"]["mark"] == 1).all()
    table = write_played(tmp_path)
    assert set(table["student"]) == set(rows)
    for name, own in rows.items():
        assert table.filter(pl.col("student") == name)["mark"].to_list() == own["mark"].tolist()
    lines = grades(rows, course.chapters)
    assert [line[0] for line in lines] == ["1 a set", "2 exception", "3 review", "4 exam", "gain"]


def test_whole_books_of_two_people_are_a_study_that_is_right(tmp_path):
    for edition in range(2):
        for name in ("ada", "ben"):
            course = open_course("Theorems", tmp_path, course="book", name=name)
            assert course.edition == edition
            finish(course, seed=edition)
    write_played(tmp_path)
    assert [f.text for f in validate(tmp_path) if not f.good] == []
    assert json.loads((tmp_path / "study.json").read_text())["students"][-2:] == ["human:ada", "human:ben"]


def played(folder, **players):
    """A folder in which each of some people played so many courses, one edition after the other."""
    for name, courses in players.items():
        for _ in range(courses):
            finish(open_course("Theorems", folder, name=name), seed=courses)
    write_played(folder)
    return folder


def test_people_may_play_unevenly_many_editions(tmp_path, capsys):
    """Who played fewer is measured on those: nothing that reads the folder takes that for a fault."""
    first, second = played(tmp_path / "a", ada=3, ben=1), played(tmp_path / "b", ada=2)
    for folder in (first, second):
        assert [f.text for f in validate(folder) if not f.good] == []
        assert main(["report", str(folder)]) == 0
        assert "human:ada" in (folder / "report.html").read_text(encoding="utf-8")
    assert "human:ben" in (first / "report.html").read_text(encoding="utf-8")
    capsys.readouterr()
    out = tmp_path / "compare.csv"
    assert main(["compare", str(first), str(second), "--out", str(out)]) == 0
    rows = pl.read_csv(out)
    assert set(rows["student"]) == {"human:ada", "newcomer", "model", "oracle"}
    assert rows["paired"].all()  # over the two editions that both were played in
    assert (rows.filter(pl.col("student") == "oracle")["difference"] == 0).all()


@pytest.mark.parametrize("editions", [(3,), (0, 3, 4), (2, 1)])
def test_a_person_may_choose_editions_and_that_is_told(editions, tmp_path, capsys):
    """The folder is right, whichever ones were played; only the good ones may have been."""
    for edition in editions:
        finish(open_course("Theorems", tmp_path, name="ada", edition=edition))
    write_played(tmp_path)
    findings = validate(tmp_path)
    assert [f.text for f in findings if not f.good] == []
    assert [f.text for f in findings if f.text.startswith("people")] == [
        f"people: human:ada, Theorems has {len(editions)} courses, the last of edition {max(editions)}: chosen ones, "
        "and the choice may hang on how they went"
    ]
    stated = json.loads((tmp_path / "study.json").read_text())
    assert stated["editions"] == sorted(editions)
    assert main(["report", str(tmp_path)]) == 0
    assert main(["compare", str(tmp_path), str(tmp_path), "--out", str(tmp_path / "compare.csv")]) == 0
    for other in ([*stated["editions"], 7], [5], [0, 0], [3, 2], [-1], [], [1 << 60], len(editions)):
        (tmp_path / "study.json").write_text(json.dumps({**stated, "editions": other}))
        assert [f.text for f in validate(tmp_path) if not f.good], other


def test_who_plays_in_order_chose_nothing(tmp_path):
    played(tmp_path, ben=3, ada=1)
    assert json.loads((tmp_path / "study.json").read_text())["editions"] == 3
    assert not [f.text for f in validate(tmp_path) if not f.good or f.text.startswith("people")]
    finish(open_course("Theorems", tmp_path, name="eve", edition=2))
    write_played(tmp_path)
    [told] = [f.text for f in validate(tmp_path) if f.text.startswith("people")]
    assert told.startswith("people: human:eve")


@pytest.mark.parametrize("course", ["SEMINAR", "CHAPTERS"])
@pytest.mark.parametrize("book", BOOKS)
def test_a_chart_fits_and_shows_every_mark(book, course):
    found = find(book)
    every = (range(1, len(found.chapters) + 1), [c.exercises for c in found.chapters])
    outline = [*zip(*(found.module.SEMINAR if course == "SEMINAR" else every), strict=True)]
    rng, rows = np.random.default_rng(1), {}
    for name in ("human:me", "newcomer", "model", "oracle"):
        rows[name] = np.zeros(sum(n for _, n in outline), ROWS)
        rows[name]["chapter"] = np.repeat(*zip(*outline, strict=True))
        rows[name]["exercise"] = np.concatenate([np.arange(1, n + 1) for _, n in outline])
        rows[name]["mark"] = 1.0 if name == "oracle" else rng.random(len(rows[name]))
    head, *lines = chart(rows, found.chapters, 80)
    plot = lines[: LEVELS + 1]
    assert max(map(len, [head, *lines])) <= 80
    assert "".join([head, *lines]).isascii()
    parts = "part of a chapter" in head
    most = (80 - 5 - len(outline)) // 4  # places for four signs beside the scale and the lines between chapters
    places = sum(min(most // len(outline), n) for _, n in outline) if parts else len(rows["oracle"])
    assert parts == (len(rows["oracle"]) > most)
    for sign in "nmo":
        assert sum(line.count(sign) for line in plot) == places
    assert plot[0].count("o") == places
    if not parts:
        heights = [round(m * LEVELS) for m in rows["human:me"]["mark"].tolist()]
        assert sum(line.count("#") for line in plot) == sum(h + 1 for h in heights if h)
