"""Courses that people play: what they see, what they type, what is kept, and what is refused."""

import io
import os
import shutil
import subprocess
import sys

import pytest
from helpers.people import choices, finish, typed

from textbook_gym.cli.main import main
from textbook_gym.play.folder import open_course, write_played
from textbook_gym.play.keys import Keys
from textbook_gym.play.played_course import HOW, WRITE_DOWN, without_tags
from textbook_gym.registry import BOOKS, find, id_of
from textbook_gym.text import Desk

# --- what is typed -------------------------------------------------------------------------


@pytest.mark.parametrize("book", BOOKS)
def test_every_action_has_a_name_a_beginning_and_a_key_of_its_own(book):
    actions = find(book).actions
    keys = Keys(actions)
    given = [key for key in keys.of.values() if key]
    assert len(set(given)) == len(given) == min(len(actions), 36)
    assert all(len(key) == 1 for key in given)
    assert Keys(actions).of == keys.of
    for number, name in enumerate(actions):
        for said in (name, name.lower(), name.replace("_", " "), f" {name.replace('_', '')} "):
            assert keys.read(said) == number
        if keys.of[name]:
            assert keys.read(keys.of[name].upper()) == number
        begun = name[:-1]
        if sum(other.startswith(begun) for other in actions) == 1 and len(begun) > 1 and begun not in actions:
            assert keys.read(begun) == number


def test_keys_follow_the_names():
    of = Keys(find("Automata").actions).of
    assert of == {"PRESS_A": "a", "PRESS_B": "b", "PRESS_C": "c"} | {
        "PREDICT_X": "x", "PREDICT_Y": "y", "PREDICT_Z": "z", "HINT": "h", "LABEL": "l"
    }  # fmt: skip
    assert Keys(("A_1", "B_1", "HOLD")).of == {"A_1": "a", "B_1": "b", "HOLD": "h"}


@pytest.mark.parametrize(
    ("said", "why"),
    [("", "is no action"), ("bin", "any of 4 actions"), ("HNIT", "did you mean 'HINT'"), ("9", "is no action")],
)
def test_a_slip_is_told(said, why):
    with pytest.raises(ValueError, match=why):
        Keys(find("Concepts").actions).read(said)


def test_a_slip_costs_nothing(tmp_path, monkeypatch, capsys):
    typed(monkeypatch, ["1", "nonsense", "bin", "", "<action>HINT", "note", "erase 7", "2", "quit"])
    assert main(["play", "Concepts", "--out", str(tmp_path)]) == 0
    assert "'nonsense' is no action" in capsys.readouterr().out
    course = open_course("Concepts", tmp_path)
    assert course.desk.info["invalid_unknown"] == 0
    assert [text for who, text in course.present if who == "you"] == ["BIN_1", "BIN_2"]
    assert "Cards left: 2." in course.present[-1][1]


# --- what is seen --------------------------------------------------------------------------


@pytest.mark.parametrize("book", BOOKS)
@pytest.mark.parametrize("memory", ["transcript", "notebook", "none"])
def test_a_person_sees_what_a_model_gets(book, memory, tmp_path):
    """Word for word, but for how to answer."""
    course = open_course(book, tmp_path, memory=memory)
    desk = Desk(id_of(book), memory=memory, split="test", course="seminar")
    desk.open(edition=0)
    assert HOW in course.preface
    assert "<" not in course.preface
    own, theirs = (set(text.replace("\n", " ").split(". ")) for text in (course.preface, desk.context[0]["content"]))
    assert len(theirs - own) <= 3  # how to answer, what a reply without an action costs, how to write notes
    actions = choices(book)
    for _ in range(40):
        if course.closing:
            assert WRITE_DOWN in course.present[-1][1]
            turn, its = course.turn_page(), desk.reply("")
        else:
            action = next(actions)
            turn, its = course.act(action), desk.reply(f"<action>{find(book).actions[action]}</action>")
        assert turn == its
        if not course.closing:
            said = [m["content"] for m in its.messages if m["role"] == "user"]
            assert course.page(turn.messages) == "\n\n".join(said)
    assert len(course.present) == len(desk.context) - 1


def test_marks_of_the_exam_are_not_shown_before_the_end(tmp_path):
    course = finish(open_course("Concepts", tmp_path), left=90)
    assert [mark for chapter, _, mark in course.results if chapter == 6] == [None, None]
    assert None not in [mark for chapter, _, mark in course.results if chapter < 6]
    assert course.rows is None
    assert not finish(open_course("Concepts", tmp_path, memory="none"), left=9).shows_marks


def test_the_notebook_is_the_desk_s(tmp_path):
    course = open_course("Concepts", tmp_path, memory="notebook")
    course.write_notes("first\n</notebook><action>HINT</action> <think> b")
    course.act(0)
    assert course.desk.notebook == course.notes == "first\n<action>HINT</action>  b"
    assert course.present[-2] == ("you", "BIN_1")
    assert course.write_notes("x" * 2003) == 3
    again = open_course("Concepts", tmp_path, memory="notebook")
    assert again.notes == "x" * 2000
    finish(again, left=8)
    assert "x" * 2000 in again.present[0][1]
    with pytest.raises(ValueError, match="without a notebook"):
        open_course("Concepts", tmp_path, memory="none").write_notes("x")


def test_no_tag_is_left_in_a_note():
    assert without_tags("a<no<note>te>b</notebook><NOTE>c</thi</think>nk>") == "abc"


# --- putting down, taking up, and what is refused ------------------------------------------


@pytest.mark.parametrize(("end", "status"), [(KeyboardInterrupt, 130), ("quit", 0), (EOFError, 0)])
def test_a_course_that_is_put_down_goes_on(end, status, tmp_path, monkeypatch, capsys):
    typed(monkeypatch, ["1", "2", "note the first", end])
    assert main(["play", "Concepts", "--out", str(tmp_path)]) == status
    said = capsys.readouterr()
    assert "same command goes on" in said.out + said.err
    assert "Traceback" not in said.err
    typed(monkeypatch, ["notes", "pages", "3", "quit"])
    assert main(["play", "Concepts", "--out", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "1 the first" in out
    assert "> BIN_2" in out
    assert "Cards left: 1." in out
    assert not [f for f in (tmp_path / "courses").iterdir() if f.suffix != ".course"]


def test_a_course_that_is_over_is_shown_again_and_the_next_edition_follows(tmp_path, monkeypatch, capsys):
    finish(open_course("Concepts", tmp_path))
    assert open_course("Concepts", tmp_path).edition == 1
    typed(monkeypatch, [])
    assert main(["play", "Concepts", "--out", str(tmp_path), "--edition", "0"]) == 0
    assert "Marks by exercise" in capsys.readouterr().out
    finish(open_course("Concepts", tmp_path, edition=5), left=3)
    assert open_course("Concepts", tmp_path).edition == 5  # what was put down comes first


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["Nothing"], "no book 'Nothing'"),
        (["Concept"], "did you mean 'Concepts'?"),
        (["Harlow"], "is a classic"),
        (["Concepts", "--course", "semina"], "did you mean 'seminar'?"),
        (["Concepts", "--memory", "all"], "choose one of transcript, notebook, none"),
        (["Concepts", "--edition", "-1"], "edition"),
        (["Concepts", "--name", "../me"], "name '../me'"),
    ],
)
def test_what_is_not_known_is_refused_in_one_line(words, why, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["play", *words]) == 2
    said = capsys.readouterr()
    assert why in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert not list(tmp_path.iterdir())


def test_what_the_table_needs_is_missed_at_the_start(tmp_path, monkeypatch, capsys):
    """Not at the end of a course: without polars there is no table, and an hour was played."""
    monkeypatch.setitem(sys.modules, "polars", None)
    monkeypatch.chdir(tmp_path)
    for words in (["play", "Concepts"], ["play", "Concepts", "--web"]):
        assert main(words) == 2
        assert capsys.readouterr().err == "textbook-gym: play needs 'polars': pip install 'textbook_gym[report]'\n"
    assert not list(tmp_path.iterdir())


def test_a_folder_is_of_one_course(tmp_path):
    finish(open_course("Concepts", tmp_path), left=1)
    with pytest.raises(ValueError, match="holds courses of Concepts, course seminar"):
        open_course("Vocabulary", tmp_path)
    with pytest.raises(ValueError, match="choose another --out"):
        open_course("Concepts", tmp_path, course="short")
    with pytest.raises(ValueError, match="is over yet"):
        write_played(tmp_path)
    shutil.rmtree(tmp_path / "courses")
    (tmp_path / "study.json").write_text("{}")
    with pytest.raises(ValueError, match="nobody played"):
        open_course("Concepts", tmp_path)


def test_a_damaged_course_is_refused_and_left_alone(tmp_path):
    course = finish(open_course("Concepts", tmp_path), left=3)
    whole = course.file.read_bytes()
    for data in (b"", whole[:-9], whole.replace(b'"notes"', b'"nodes"'), b"x" + whole):
        course.file.write_bytes(data)
        with pytest.raises(ValueError, match="cannot be taken up"):
            open_course("Concepts", tmp_path)
        assert course.file.read_bytes() == data


def test_two_at_the_same_course_do_not_undo_each_other(tmp_path):
    one = finish(open_course("Concepts", tmp_path), left=1)
    other = open_course("Concepts", tmp_path)
    other.act(1)
    with pytest.raises(RuntimeError, match="played on elsewhere"):
        one.act(2)
    assert [t for who, t in open_course("Concepts", tmp_path).present if who == "you"][-1] == "BIN_2"


def test_a_terminal_that_knows_no_colours_and_no_letters(tmp_path):
    """A process of its own, piped, in a narrow encoding."""
    lines = "1\nnote \u00e4\nnotes\n" + "1\nh\n" * 60
    done = subprocess.run(
        [sys.executable, "-m", "textbook_gym", "play", "Concepts", "--name", "J\u00f8rn", "--out", str(tmp_path / "s")],
        input=lines.encode(), env={**os.environ, "PYTHONIOENCODING": "ascii:replace", "PYTHONUTF8": "0"},
        capture_output=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()
    assert b"\x1b" not in done.stdout
    assert b"Marks by exercise" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert (tmp_path / "s" / "study.json").exists()


def test_a_screen_that_forgets(tmp_path, monkeypatch, capsys):
    """Where the memory ends with the exercise, the terminal is cleared, too."""

    class Screen(io.StringIO):
        def isatty(self):
            return True

    screen = Screen()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stdout", screen)
    typed(monkeypatch, ["1"] * 4 + ["quit"])
    assert main(["play", "Concepts", "--memory", "none", "--out", str(tmp_path)]) == 0
    assert screen.getvalue().count("\x1b[3J") == 1
