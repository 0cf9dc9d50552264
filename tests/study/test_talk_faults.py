"""What goes wrong where a student talks: keys, disks, alphabets, replies of a megabyte. One line, and nothing lost."""

import resource

import pytest
from helpers.chat_server import chat, scripted

pytest.importorskip("httpx")

from textbook_gym.cli.main import main
from textbook_gym.metrics.table import read_marks
from textbook_gym.students.scripted_talkers import Talker
from textbook_gym.study.run import study
from textbook_gym.study.transcripts import read_transcript, transcript_files
from textbook_gym.study.validate import validate


def command(student, folder, *more):
    """The words that walk one seminar course of a student, memory kept."""
    words = ["study", "--student", student, "--book", "Theorems", "--course", "seminar", "--editions", "1"]
    return [*words, "--control", "kept", "--out", str(folder), *more]


def wrong(folder):
    return [f.text for f in validate(folder) if not f.good]


def test_a_key_that_is_refused_is_said_in_one_line_and_the_right_one_goes_on(server, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong-secret")
    server.faults = [None] * 10 + [401]
    assert main(command(chat(server, lanes=1), tmp_path)) == 2
    error = capsys.readouterr().err
    assert "status 401" in error
    assert "secret" not in error
    assert error.count("\n") == 1
    assert len(server.requests) == 11  # a key is not wrong by chance: asked once
    monkeypatch.setenv("OPENAI_API_KEY", "sk-right-secret")
    assert main(command(chat(server, lanes=1), tmp_path)) == 0
    assert len(server.answered) == read_marks(tmp_path / "marks.csv")["calls"].sum()


def test_a_disk_that_fills_up_ends_the_study_and_it_goes_on(server, tmp_path, capsys):
    """The limit on the size of files stands in for a full disk, from the twentieth reply on."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def policy(messages):
        if len(server.answered) == 20:
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
        return scripted(messages)

    server.policy = policy
    try:
        status = main(command(chat(server, lanes=1, timeout=30), tmp_path))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    error = capsys.readouterr().err
    assert status == 2
    assert error.count("\n") == 1
    assert "cannot keep an answer" in error
    assert "make room, the same command goes on" in error
    server.policy = scripted
    answered = len(server.answered)
    assert answered == 21
    assert main(command(chat(server, lanes=1, timeout=30), tmp_path)) == 0
    assert len(server.answered) == read_marks(tmp_path / "marks.csv")["calls"].sum() + 1  # the one that was not kept
    assert wrong(tmp_path) == []


def test_replies_and_names_in_any_alphabet(server, tmp_path):
    server.policy = lambda messages: f"\u00dcberlegt \u65e5\u672c \U0001f642 \u202e {scripted(messages)}"
    student = "zo\u00eb=" + chat(server, "mod\u00e8le", timeout=30)
    assert main(command(student, tmp_path)) == 0
    assert wrong(tmp_path) == []
    assert read_marks(tmp_path / "marks.csv")["student"].unique().to_list() == ["zo\u00eb"]
    [file] = transcript_files(tmp_path)
    said = [m["content"] for m in read_transcript(file).messages if m["role"] == "assistant"]
    assert all(text.startswith("\u00dcberlegt \u65e5\u672c \U0001f642 \u202e <action>") for text in said)
    assert {body["model"] for body in server.requests} == {"mod\u00e8le"}
    for name, page in (("report", "report.html"), ("view", "conversations.html")):
        assert main([name, str(tmp_path)]) == 0
        assert "zo\u00eb" in (tmp_path / page).read_text(encoding="utf-8")


def test_a_reply_of_a_megabyte_is_read_at_its_end_and_not_said_again(tmp_path):
    seen = []

    def reply(messages):
        seen.append(max(len(m["content"]) for m in messages))
        return "blah " * 200_000 + scripted(messages)

    where = {"course": "seminar", "editions": 1, "controls": ["kept"]}
    long = study([Talker(reply, "long")], ["Theorems"], folder=tmp_path, **where)
    short = study([Talker(scripted, "long")], ["Theorems"], **where)
    assert long["unknown"].sum() == long["truncated"].sum() == 0
    assert long["calls"].sum() == len(seen)
    assert long["steps"].sum() == long["calls"].sum()
    assert max(seen) <= 5000  # what a conversation holds of it
    assert len(short) == len(long)
    assert sum(file.stat().st_size for file in transcript_files(tmp_path)) < 200_000
