"""Transcripts: written whole, read with care, and true when played again."""

import gzip
import json

import pytest
from helpers import talking

from textbook_gym.students.scripted_talkers import BookStudent
from textbook_gym.study.replay import check_transcripts
from textbook_gym.study.transcripts import (
    file_name,
    header_of,
    read_transcript,
    transcript_files,
    write_transcript,
)
from textbook_gym.text import Desk
from textbook_gym.text.settings import Settings

SAID = (
    "<think>arm A?\n</think>I take <action>PULL_A</action>",
    "",
    "<think>for ever",
    "who knows \ud800 é",
    ("The best is",),
    "```\n<action>PULL_B</action>\n```<note>B is fine</note>",
    "x" * 5000 + "<action>PULL_A</action>",
    "a<think>b</think>c</think> <action>PULL_C</action>",
    "<th<think></think>ink> <action>PULL_A</action>",
)
"""What a model may say: reasoning, nothing, prose, halves of characters, too much."""
CALLED = (("id1", "pull", '{"arm": "A", "note": "é"}'), ("", "fly" * 99, "{" * 9999))


def rambler(replies=10_000):
    return talking.Scripted(SAID, "Rämbler <b>", replies=replies)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "study"


def wrong(findings):
    return [f.text for f in findings if not f.good]


@pytest.mark.parametrize("control", talking.TALKED)
@pytest.mark.parametrize("replies", [10_000, 5, 0])
def test_whatever_was_said_a_transcript_holds_when_played_again(folder, control, replies):
    rows = talking.keep(folder, rambler(replies), editions=2, controls=[control])
    findings = check_transcripts(folder, talking.study(folder, rows))
    assert [f.text for f in findings if not f.good] == []
    assert "2 courses played again" in findings[0].text


def test_so_do_tool_calls(folder):
    student = talking.Scripted(CALLED, settings=Settings(answer="tool"))
    rows = talking.keep(folder, student, controls=["notebook", "kept"])
    assert not wrong(check_transcripts(folder, talking.study(folder, rows)))


@pytest.mark.parametrize("control", [name for name in talking.TALKED if name != "kept"])
def test_a_course_under_one_control_does_not_pass_for_another(folder, control):
    """A course with everything kept, said to be walked under this control, is found out."""
    rows = talking.keep(folder, BookStudent("oracle"), controls=["kept"])
    [file] = transcript_files(folder)
    forge(file, lambda lines: lines[0].update(control=control))
    file.rename(file.with_name(file.name.replace("kept", control)))
    found = wrong(check_transcripts(folder, talking.study(folder, [{**row, "control": control} for row in rows])))
    assert bool(found) == (control not in ("from-model", "to-model"))  # who spoke is taken on trust


def forge(file, change):
    """Change a transcript's lines, each as an object, and write it again."""
    lines = [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]
    change(lines)
    file.write_bytes(gzip.compress(b"".join(json.dumps(line).encode() + b"\n" for line in lines)))


def first_reply(lines):
    return next(line for line in lines if line.get("role") == "assistant")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda lines: lines[-1]["marks"][0].update(mark=0.123), "mark 0.123, marks.csv"),
        (lambda lines: lines[-1]["marks"][3].update(steps=5), "exercise 2.1: steps 5, marks.csv"),
        (lambda lines: lines[-1]["marks"].pop(), "36 exercises, marks.csv 37"),
        (lambda lines: first_reply(lines).update(content="<action>PULL_F</action>"), "it says"),
        (lambda lines: lines[2].update(content=lines[2]["content"] + " The best arm is B."), "line 3: it says"),
        (lambda lines: lines[1].update(content="Be good."), "preface_sha256"),
        (lambda lines: lines.pop(-2), "not over where the transcript ends"),
        (lambda lines: lines.insert(-1, {"role": "assistant", "content": "bye"}), "a reply after the end"),
        (lambda lines: lines.insert(3, {"role": "user", "content": "psst"}), "line 4: it says 'psst'"),
        (lambda lines: lines[0].update(edition=5), "its header is of"),
        (lambda lines: lines[0].update(course=None), "the course has more exercises"),
        (lambda lines: lines[0].update(course="night"), "course='night'"),
        (lambda lines: lines[0].update(course=7), "course is '7'"),
        (lambda lines: lines[0]["settings"].update(memory="none"), "the memory of its conversation"),
        (lambda lines: lines[0]["settings"].update(preface="loud"), "line 1: preface='loud'"),
        (lambda lines: lines[1].update(opens={"edition": 4}), "its courses are"),
        (lambda lines: lines[1].update(opens={"counted": False}), "its courses are"),
    ],
)  # fmt: skip
def test_a_forged_transcript_is_found_out(folder, change, says):
    table = talking.study(folder, talking.keep(folder, BookStudent("oracle"), controls=["kept"]))
    [file] = transcript_files(folder)
    assert not wrong(check_transcripts(folder, table))
    forge(file, change)
    [text] = wrong(check_transcripts(folder, table))
    assert says in text
    assert "\n" not in text
    assert str(folder) not in text


def test_a_table_that_says_better_is_found_out(folder):
    rows = talking.keep(folder, BookStudent("random"))
    rows[1] = {**rows[1], "mark": 0.999}
    [text] = wrong(check_transcripts(folder, talking.study(folder, rows)))
    assert "exercise 1.2: mark" in text


def test_a_course_without_its_transcript_is_missed(folder):
    table = talking.study(folder, talking.keep(folder, BookStudent("random"), editions=2))
    transcript_files(folder)[0].unlink()
    [text] = wrong(check_transcripts(folder, table))
    assert "1 courses have none, such as student random, book Bandits, seed 0, edition 0" in text


def test_what_another_version_made_is_not_played_again(folder):
    table = talking.study(folder, talking.keep(folder, BookStudent("random"), controls=["kept"]))
    [file] = transcript_files(folder)
    forge(file, lambda lines: (lines[0]["versions"].update(textbook_gym="0.0"), lines[2].update(content="old words")))
    [finding] = check_transcripts(folder, table)
    assert finding.good
    assert "another version" in finding.text


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda data: b"", "no transcript"),
        (lambda data: b"marks", "no transcript"),
        (lambda data: data[: len(data) // 2], "no transcript"),
        (lambda data: data[:-6] + bytes(6), "no transcript"),
        (lambda data: gzip.compress(b""), "not whole"),
        (lambda data: gzip.compress(gzip.decompress(data)[:-1]), "not whole"),
        (lambda data: gzip.compress(gzip.decompress(data).replace(b'{"role"', b'{"role', 1)), "line 2 is no JSON"),
        (lambda data: gzip.compress(b"[" * 100_000 + b"\n" + gzip.decompress(data)), "line 1 is no JSON"),
        (lambda data: gzip.compress(gzip.decompress(data).replace(b'"steps": ', b'"steps": NaN, "x": ')), "NaN"),
        (lambda data: gzip.compress(gzip.decompress(data).replace(b"user", b"\xff", 1)), "line 3 is no JSON"),
        (lambda data: gzip.compress(gzip.decompress(data).replace(b"user", b"judge", 1)), "line 3 is no message"),
        (lambda data: gzip.compress(gzip.decompress(data).replace(b"transcript 1", b"transcript 2")), "transcript 2"),
        (lambda data: gzip.compress(gzip.decompress(data).replace(b'"seed": 0', b'"seed": "0"')), "seed is '0'"),
        (lambda data: gzip.compress(gzip.decompress(data).replace(b'"split"', b'"spilt"')), "lacks 'split'"),
    ],
)
def test_a_damaged_file_is_told_in_one_line(folder, spoil, says):
    table = talking.study(folder, talking.keep(folder, BookStudent("random"), controls=["kept"]))
    [file] = transcript_files(folder)
    file.write_bytes(spoil(file.read_bytes()))
    with pytest.raises(ValueError, match=f"{file} is no transcript: .*{says}|{says}") as error:
        read_transcript(file)
    assert "\n" not in str(error.value)
    assert len(wrong(check_transcripts(folder, table))) >= 1


def test_the_same_course_is_the_same_bytes(tmp_path):
    files = []
    for name in "ab":
        talking.keep(tmp_path / name, rambler(), controls=["kept"])
        files += transcript_files(tmp_path / name)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_what_is_no_transcript_is_not_written(folder):
    desk = Desk("textbook/Bandits-v1", course="seminar")
    desk.open(edition=0)
    header = header_of(desk, student="s", control="kept", split="train", edition=0)
    for spoilt in ([], [{"role": "judge", "content": ""}], [{"role": "user", "content": "no system message"}]):
        with pytest.raises(ValueError, match=r"line|whole"):
            write_transcript(folder, header, spoilt, [])
    assert not folder.exists()


def test_any_name_becomes_a_file_of_its_own():
    names = ["model", "Model", "../model", "a/b", "a\\b", "a:b", "", ".", "..", "é", "e", "x" * 300, "x" * 301,
             "con~", "\ud800", "<script>", "a b", "a\nb", "-", "a-", "chat:http://127.0.0.1/v1#m?x=1"]  # fmt: skip
    files = [file_name(name) for name in names]
    assert len({file.lower() for file in files}) == len(names)
    assert all(len(file) <= 50 and file.isascii() and not set(file) & set('/\\:*?"<>|\n ') for file in files)
