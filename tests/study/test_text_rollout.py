"""Students that talk, in studies: walking, controls, faults, cuts, columns, and nothing paid twice."""

import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time

import polars as pl
import pytest
from helpers.chat_server import chat, scripted
from polars.testing import assert_frame_equal

pytest.importorskip("httpx")

from textbook_gym.checks import check_marks, measure_marks
from textbook_gym.cli.main import main
from textbook_gym.engine.chapter_plan import outline
from textbook_gym.metrics.reply_stats import speech
from textbook_gym.metrics.table import MARKS_COLUMNS, SPOKEN, read_marks
from textbook_gym.registry import BOOKS, find
from textbook_gym.students.scripted_talkers import BookStudent, Talker
from textbook_gym.study.controls import CONTROLS
from textbook_gym.study.estimate import estimate_talks
from textbook_gym.study.protocols import PROTOCOLS
from textbook_gym.study.run import study
from textbook_gym.study.transcripts import read_transcript, transcript_files
from textbook_gym.study.validate import validate
from textbook_gym.text.settings import Settings

TALKED = [name for name, control in CONTROLS.items() if control.memory]
BOTH = [name for name in TALKED if CONTROLS[name].acts]


def seminar(students, books=("Theorems",), editions=1, **more):
    """A study of seminar courses."""
    return study(students, books, course="seminar", editions=editions, **more)


def twice(requests):
    """How many requests were made more than once."""
    every = [json.dumps(body, sort_keys=True) for body in requests]
    return len(every) - len(set(every))


# --- the same course ----------------------------------------------------------------------


def test_the_model_student_in_words_earns_the_same_marks(book_name):
    words = seminar([BookStudent("model")], [book_name], controls=["kept"])
    flat = seminar(["model"], [book_name], controls=["kept"])
    assert flat.columns == list(MARKS_COLUMNS)
    assert_frame_equal(words.select(*MARKS_COLUMNS), flat)
    assert (words["calls"] == words["steps"]).all()


@pytest.mark.parametrize("control", BOTH)
def test_controls_mean_the_same_in_words(control):
    words, flat = (seminar([who], controls=[control], editions=2, seed=3) for who in (BookStudent("model"), "model"))
    assert_frame_equal(words.select(*MARKS_COLUMNS), flat)


def test_newcomer_marks_hold_for_seminar_courses(book_name):
    book = find(book_name)
    findings = list(check_marks(book, measure_marks(book, 384, *book.module.SEMINAR)))
    assert not [f for f in findings if "memory does not pay" not in f]


def test_a_course_that_a_book_does_not_name_is_refused():
    with pytest.raises(ValueError, match=r"course='semniar' is not known .did you mean 'seminar'"):
        study(["model"], ["Bandits"], course="semniar", editions=1)


# --- controls ---------------------------------------------------------------------------------


def test_hand_offs_change_who_speaks_in_the_middle(tmp_path):
    table = seminar([Talker(scripted, "dice")], controls=["from-model", "to-model"], folder=tmp_path)
    assert len(table) == 2 * sum(outline(find("Theorems"), "seminar").values())
    speakers = {}
    for file in transcript_files(tmp_path):
        course = read_transcript(file)
        chapter, said = 0, {}
        for message in course.messages:
            if message["role"] == "user" and (head := re.search(r"Chapter (\d) of 5", message["content"])):
                chapter = int(head.group(1))
            if message["role"] == "assistant":
                said.setdefault(chapter, set()).add(message.get("by", "dice"))
        speakers[course.header["control"]] = said
    first, last = {1: {"model"}, 2: {"model"}}, {3: {"dice"}, 4: {"dice"}, 5: {"dice"}}
    # the reply that ends a chapter's last exercise stands before the next head
    assert speakers["from-model"] == {**first, **last}
    assert speakers["to-model"] == {1: {"dice"}, 2: {"dice"}, 3: {"model"}, 4: {"model"}, 5: {"model"}}


def test_a_model_student_that_takes_over_knows_what_was_said():
    """It learned from what the other did: the later half is better than started cold."""
    took = seminar([BookStudent("oracle")], controls=["to-model"], editions=8)
    cold = seminar(["model"], controls=["cold"], editions=8)
    late = [t.filter((pl.col("chapter") == 4) & (pl.col("exercise") == 1))["mark"].mean() for t in (took, cold)]
    assert late[0] > late[1] + 0.2


def test_a_foreign_transcript_stands_ahead():
    seen = []

    def reply(messages):
        seen.append([m["content"] for m in messages if m["role"] == "system"] and len(messages))
        return scripted(messages)

    seminar([Talker(reply)], ["Bandits"], controls=["kept"])
    kept = list(seen)
    seen.clear()
    seminar([Talker(reply)], ["Bandits"], controls=["foreign"])
    assert kept[0] == 2
    assert seen[0] == 2
    assert seen[len(seen) // 2 + 1] > max(kept)


@pytest.mark.parametrize(
    ("student", "control", "message"),
    [
        ("model", "notebook", "control 'notebook': 'model' cannot walk it; it can walk kept, wiped, chapter"),
        ("random", "to-model", "'random' cannot walk it"),
        (Talker(scripted, "dice"), "again", "'dice' cannot walk it; it can walk kept, wiped, foreign"),
        (Talker(scripted, "dice"), "chapter", "'dice' cannot walk it"),
    ],
)
def test_a_control_that_a_student_cannot_walk_is_refused(student, control, message):
    with pytest.raises(ValueError, match=message):
        study([student], ["Bandits"], editions=1, controls=[control])


def test_all_are_those_that_every_student_can_walk():
    each = {who: set(seminar(students, controls=["all"])["control"]) for who, students in
            (("flat", ["model"]), ("words", [Talker(scripted)]), ("both", ["model", Talker(scripted)]))}  # fmt: skip
    assert each["words"] == set(TALKED)
    assert each["both"] == set(BOTH)
    assert each["flat"] == set(CONTROLS) - {"notebook", "from-model", "to-model"}


def test_a_protocol_is_its_settings():
    assert PROTOCOLS["seminar"] == ("seminar", 16, "test", ("kept", "wiped"))
    with pytest.raises(ValueError, match=r"editions=3: protocol 'seminar' has 16; leave out one of the two"):
        study(["model"], ["Bandits"], protocol="seminar", editions=3)
    with pytest.raises(ValueError, match="protocol='seminr'"):
        study(["model"], ["Bandits"], protocol="seminr")


# --- what is said ---------------------------------------------------------------------------


@pytest.mark.parametrize("said", ["", "no idea", "<think>hm", '{"action": 3}', "<action>\x00</action>", "\ud800"])
def test_garbage_ends_with_marks(said, tmp_path):
    table = seminar([Talker(lambda messages: said)], controls=["kept", "notebook"], folder=tmp_path)
    assert len(table) == 2 * sum(outline(find("Theorems"), "seminar").values())
    told = speech(table)
    assert told["unreadable"].to_list()[0] == pytest.approx(100.0)
    assert (table["steps"] > 0).all()


@pytest.mark.parametrize("answer", ["tag", "json", "tool"])
def test_actions_are_named_as_is_asked_for(answer):
    table = seminar([BookStudent("oracle", Settings(answer=answer))], ["Bandits"], controls=["kept"])
    assert table["mark"].min() == 1.0
    assert speech(table)["unreadable"].item() == 0.0


def test_what_was_said_is_counted(server, tmp_path):
    server.faults = [None, "empty", "cut", None]
    table = seminar([chat(server, prices="2/10")], controls=["kept"], lanes=1)
    assert table.columns == [*MARKS_COLUMNS, *SPOKEN]
    assert (table["empty"].sum(), table["truncated"].sum(), table["unknown"].sum()) == (1, 1, 0)
    assert table["calls"].sum() == len(server.requests) == table["steps"].sum()
    prompt, written = table["prompt_tokens"].sum(), table["completion_tokens"].sum()
    assert table["cost"].sum() == pytest.approx((2 * prompt + 10 * written) / 1e6)
    assert prompt > written > 0


def test_columns_are_null_for_those_who_do_not_talk():
    table = seminar(["model", Talker(scripted)], controls=["kept"])
    each = {who: rows for (who,), rows in table.group_by("student")}
    assert all(each["model"][name].null_count() == len(each["model"]) for name in SPOKEN)
    assert each["talker"]["calls"].null_count() == 0
    assert speech(table)["student"].to_list() == ["talker"]
    assert len(speech(seminar(["model"], controls=["kept"]))) == 0


# --- what goes wrong ------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [429, 500, "slow", "closed", "json", "shape"])
def test_what_passes_changes_nothing(server, fault):
    plain = seminar([chat(server)], controls=["kept"])
    server.faults = [None, fault, fault, None, fault]
    server.delay = 0.75
    asked = len(server.requests)
    assert_frame_equal(seminar([chat(server, timeout=0.5)], controls=["kept"]), plain)
    assert len(server.requests) >= 2 * asked + 3  # the faults were met


def test_a_conversation_that_is_too_long_is_cut(server):
    server.faults = [*[None] * 20, "[maximum context length is 4096 tokens]"]
    table = seminar([chat(server)], controls=["kept"])
    assert table["calls"].sum() == 20
    assert len(table) == sum(outline(find("Theorems"), "seminar").values())
    assert (table.filter(pl.col("calls") == 0)["mark"] == 0).all()


def test_an_endpoint_that_fails_ends_the_study_and_it_goes_on(server, tmp_path, capsys):
    words = ["study", "--student", chat(server, attempts=2, lanes=3), "--course", "seminar", "--editions", "2"]
    words += ["--book", "Theorems", "--out", str(tmp_path)]
    server.faults = [*[None] * 60, *[500] * 40]
    assert main(words) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "status 500" in told
    assert "the same command goes on" in told
    answered = len(server.answered)
    assert answered >= 60
    server.faults = []
    assert main(words) == 0
    calls = read_marks(tmp_path / "marks.csv")["calls"].sum()
    assert len(server.answered) == calls
    assert twice(server.answered) == twice_in_a_course(tmp_path)


def twice_in_a_course(folder):
    """How many requests are the same because the conversations are: wiped, a page may come again."""
    asked = []
    for file in transcript_files(folder):
        course, context = read_transcript(file), []
        for message in course.messages:
            if message["role"] == "system":
                context = []
            if message["role"] == "assistant":
                asked.append(json.dumps([course.header["edition"], context]))
            context = [*context, [message["role"], message["content"]]]
    return len(asked) - len(set(asked))


def test_a_study_that_is_killed_goes_on_and_asks_for_nothing_twice(server, tmp_path):
    script = "import sys; from textbook_gym.cli.main import main; sys.exit(main(sys.argv[1:]))"
    words = ["study", "--student", chat(server, timeout=30), "--course", "seminar", "--editions", "2", "--lanes", "1"]
    words += ["--book", "Theorems", "--out", str(tmp_path)]
    begun = []
    deadly = itertools.count()

    def policy(messages):
        if next(deadly) == 60:
            os.kill(begun[0].pid, signal.SIGKILL)
        return scripted(messages)

    server.policy = policy
    try:
        begun.append(subprocess.Popen([sys.executable, "-c", script, *words], stderr=subprocess.DEVNULL))
        assert begun[0].wait(timeout=120) == -signal.SIGKILL
        assert len(server.answered) == 61
        assert main(words) == 0
    finally:
        server.policy = scripted
    calls = read_marks(tmp_path / "marks.csv")["calls"].sum()
    assert len(server.requests) <= calls + 1  # the one whose answer nobody was there to hear
    again = main(words)
    assert again == 0
    assert len(server.requests) <= calls + 1


def test_who_interrupts_a_study_pays_for_nothing_more(server, tmp_path):
    """Conversations end at the reply that they wait for, even if the signal does not wake the main thread."""
    script = "import sys; from textbook_gym.cli.main import main; sys.exit(main(sys.argv[1:]))"
    words = ["study", "--student", chat(server, timeout=30), "--course", "seminar", "--editions", "2", "--lanes", "1"]
    words += ["--book", "Theorems", "--out", str(tmp_path)]
    begun, asked = [], itertools.count()

    def policy(messages):
        if next(asked) == 40:
            os.kill(begun[0].pid, signal.SIGINT)
        time.sleep(0.01)
        return scripted(messages)

    server.policy = policy
    try:
        begun.append(subprocess.Popen([sys.executable, "-c", script, *words], stderr=subprocess.PIPE, text=True))
        told = begun[0].communicate(timeout=120)[1]
    finally:
        server.policy = scripted
    assert begun[0].returncode == 130
    assert told == "textbook-gym: interrupted; what is done is kept, the same command goes on\n"
    assert len(server.requests) < 40 + 1.0 / 0.01  # of 178


# --- the whole protocol ---------------------------------------------------------------------


def test_all_books_by_the_seminar_protocol(server, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    folders = [tmp_path / name for name in ("before", "after")]
    words = ["study", "--student", chat(server, timeout=30, prices="1/2"), "--course", "seminar"]
    assert main([*words, "--editions", "1", "--out", str(folders[0])]) == 0
    told = capsys.readouterr().out
    assert "What was said" in told
    assert set(server.keys) == {"Bearer sk-very-secret"}
    table = read_marks(folders[0] / "marks.csv")
    wanted = {b: 2 * sum(outline(find(b), "seminar").values()) for b in BOOKS}
    assert dict(table.group_by("book").len().iter_rows()) == wanted
    assert len(transcript_files(folders[0])) == 2 * len(BOOKS)
    assert json.loads((folders[0] / "study.json").read_text())["course"] == "seminar"
    findings = validate(folders[0])
    assert not [f.text for f in findings if not f.good]
    assert main(["report", str(folders[0])]) == 0
    assert "What was said, and what it took" in (folders[0] / "report.html").read_text(encoding="utf-8")
    assert main([*words, "--editions", "2", "--book", "Theorems", "--out", str(folders[1])]) == 0
    assert main(["compare", *map(str, folders), "--out", str(tmp_path / "compare.csv")]) == 0
    assert (pl.read_csv(tmp_path / "compare.csv")["difference"] == 0).all()
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or b"very-secret" not in file.read_bytes(), file


def test_studies_of_different_courses_are_not_compared(tmp_path, capsys):
    for course in ("seminar", "short"):
        words = ["--student", "random", "--book", "Bandits", "--editions", "2", "--out", str(tmp_path / course)]
        assert main(["study", *words, "--course", course]) == 0
        assert not [f.text for f in validate(tmp_path / course) if not f.good]
    assert main(["compare", str(tmp_path / "seminar"), str(tmp_path / "short")]) == 2
    assert "compare studies of the same course" in capsys.readouterr().err


def test_a_changed_course_does_not_pass(tmp_path):
    words = ["--student", "random", "--book", "Bandits", "--editions", "2", "--out", str(tmp_path)]
    assert main(["study", *words, "--course", "seminar"]) == 0
    stated = json.loads((tmp_path / "study.json").read_text())
    for course in (None, "short", "semniar"):
        (tmp_path / "study.json").write_text(json.dumps({**stated, "course": course}))
        assert [f.text for f in validate(tmp_path) if not f.good], course


# --- before anything is spent -----------------------------------------------------------------


def test_a_dry_run_says_what_it_takes_and_asks_nobody(server, tmp_path, capsys):
    student = chat(server)
    asked = {"protocol": "seminar", "course": None, "editions": 256, "split": "test", "controls": ("kept", "wiped")}
    rows = estimate_talks([student, "random"], ["Theorems"], **asked)
    told = {row["student"]: row for row in rows.iter_rows(named=True)}
    assert told["random"] == {"book": "Theorems", "student": "random", "courses": 16, "calls": None,
                              "text_tokens": None, "read_tokens": None}  # fmt: skip
    chapters = find("Theorems").chapters
    most = sum(chapters[c - 1].limit * n for c, n in outline(find("Theorems"), "seminar").items())
    assert told["scripted"]["courses"] == 32
    assert told["scripted"]["calls"] == 32 * most
    assert 32 * 1000 < told["scripted"]["text_tokens"] < told["scripted"]["read_tokens"]
    words = ["study", "--student", student, "--book", "Theorems", "--protocol", "seminar", "--dry-run"]
    assert main([*words, "--out", str(tmp_path / "none")]) == 0
    assert f"{32 * most:,}" in capsys.readouterr().out
    assert not server.requests
    assert not (tmp_path / "none").exists()


def test_calls_at_most_hold_for_every_control():
    for control in TALKED:
        asked = {"protocol": None, "course": "seminar", "editions": 1, "split": "test", "controls": (control,)}
        [row] = estimate_talks([Talker(scripted)], ["Theorems"], **asked).iter_rows(named=True)
        table = seminar([Talker(lambda messages: "nothing")], controls=[control])
        own = table if control not in ("from-model", "to-model") else table.filter(pl.col("unknown") > 0)
        assert row["calls"] == own["calls"].sum() * (2 if control == "foreign" else 1), control
