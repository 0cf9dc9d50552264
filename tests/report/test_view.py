"""The page of conversations: all of it is there, and nothing that was said is more than text."""

import base64
import gzip
import hashlib
import html.parser
import re
import shutil

import pytest
from helpers import talking

from textbook_gym.cli.main import main
from textbook_gym.report.dialogue import MOST_SHOWN, course_of
from textbook_gym.report.view import VIEW_FILE, write_view
from textbook_gym.students.scripted_talkers import BookStudent
from textbook_gym.study.transcripts import read_transcript, transcript_files

NASTY = "<script>alert('x')</script> </title></summary> é & \"quoted\""
SAID = (
    "<think>\n<b>bold</b> thoughts</think>I take </pre></details><img src=x onerror=alert(1)> <action>PULL_A</action>",
    "```html\n<action>PULL_B</action>\n<script>document.title='pwned'</script>\n```",
    "",
    "<think>on and on",
    "Ich wähle Ü \u4e16\u754c \u202egnirts \x1b[31m \ud800",
    "x" * 1_000_000 + "<action>PULL_C</action><note></pre><script>1</script></note>",
    "<action><i>DANCE</i></action><notebook>B pays\nA does not</notebook>",
)


class Page(html.parser.HTMLParser):
    """Tags and text of a page."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.said, self.handlers, self.links = [], [], [], []
        self.feed(path.read_text(encoding="utf-8"))
        self.text = " ".join(" ".join(self.said).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name == "href"]
        self.handlers += [name for name, _ in attrs if name.startswith("on") or name in ("src", "srcdoc")]

    def handle_data(self, data):
        self.said.append(data)


def nasty(replies=10_000):
    """A student that says all of `SAID` by turns, and has a name like it."""
    return talking.Scripted(SAID, NASTY, replies=replies)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("view") / "study"
    rows = talking.keep(folder, nasty(), editions=2, controls=["kept", "wiped", "foreign", "notebook"])
    rows += talking.keep(folder, talking.Scripted(["<action>PULL_A</action>"], "stubborn", replies=7))
    rows += talking.keep(folder, BookStudent("oracle"), controls=["cold", "from-model"])
    talking.study(folder, rows)
    write_view(folder)
    return folder


def test_what_was_said_is_text_and_nothing_else(folder):
    page = Page(folder / VIEW_FILE)
    assert page.tags.count("script") == 1  # the page's own
    assert page.tags.count("title") == 1 + page.tags.count("circle")
    assert not {"img", "i", "link", "iframe"} & set(page.tags)
    assert page.handlers == []
    assert "<img src=x onerror=alert(1)>" in page.text
    assert "<script>document.title='pwned'</script>" in page.text
    assert NASTY in page.text
    assert "Ich wähle Ü \u4e16\u754c [U+202E]gnirts \u241b[31m ?" in page.text


def test_the_page_needs_nobody_else(folder):
    text = (folder / VIEW_FILE).read_text(encoding="utf-8")
    assert all(link.startswith("#") for link in Page(folder / VIEW_FILE).links)
    assert "url(" not in text
    assert "default-src 'none'" in text
    [digest] = re.findall(r"script-src 'sha256-([^']+)'", text)
    [script] = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() == digest
    assert "prefers-color-scheme: dark" in text


def test_a_long_reply_is_cut_and_its_length_said(folder):
    assert (folder / VIEW_FILE).stat().st_size < 3_000_000  # of more than 100 such replies
    page = Page(folder / VIEW_FILE)
    assert "too long: not read, 996,0" in page.text
    assert "characters are left out here" in page.text


def test_every_exercise_is_there_with_its_marks_and_flags(folder):
    page = Page(folder / VIEW_FILE)
    texts = (
        "1 three arms", "6 exam", "Chapter 6: exam", "empty reply", "cut off before it named an action",
        "names no action: <i>DANCE</i>", "walked before, in edition", "not worked: the conversation was cut short",
        "a new context begins", "said by model", "from-model",
    )  # fmt: skip
    for text in texts:
        assert text in page.text, text
    places = re.findall(r'href="#([^"]+)"', (folder / VIEW_FILE).read_text(encoding="utf-8"))
    ids = re.findall(r' id="([^"]+)"', (folder / VIEW_FILE).read_text(encoding="utf-8"))
    assert set(places) <= set(ids)
    assert len(ids) == len(set(ids))


def test_the_same_study_is_the_same_bytes(folder, tmp_path):
    other = tmp_path / "study"
    shutil.copytree(folder, other)
    write_view(other)
    assert (other / VIEW_FILE).read_bytes() == (folder / VIEW_FILE).read_bytes()


@pytest.mark.parametrize("control", talking.TALKED)
@pytest.mark.parametrize("replies", [10_000, 8])
def test_exercises_are_told_apart(tmp_path, control, replies):
    """As many replies as steps in each, and together every reply of the transcript."""
    talking.keep(tmp_path, nasty(replies), controls=[control])
    [file] = transcript_files(tmp_path)
    transcript = read_transcript(file)
    course = course_of(transcript)
    parts = [e.lines for e in course.exercises] + [lines for _, lines in course.before]
    said = [[line for line in lines if line.kind == "student"] for lines in parts]
    assert sum(map(len, said)) == sum(m["role"] == "assistant" for m in transcript.messages)
    last = len(course.exercises) - 1
    for k, (e, lines) in enumerate(zip(course.exercises, said, strict=False)):
        if replies == 10_000:
            assert len(lines) == e.steps + (control == "notebook" and k < last)
            assert f"exercise {e.number} of" in next(line for line in e.lines if line.kind == "book").text.head
    assert any(line.kind == "finish" for e in course.exercises for line in e.lines) == (replies == 8)


def test_the_notebook_is_shown_with_what_changed(tmp_path):
    notes = ["<note>one</note>"] * 6 + ["<note>two</note>"] + ["<notebook>one\nthree</notebook>"] * 99
    student = talking.Scripted([f"{note}<action>PULL_A</action>" for note in notes])
    talking.keep(tmp_path, student, controls=["notebook"])
    first, second, third, *_ = course_of(read_transcript(transcript_files(tmp_path)[0])).exercises
    assert first.notebook.lines == []
    assert second.notebook.lines == [("+", "one")] * 6 + [("+", "two")]
    assert [sign for sign, _ in third.notebook.lines].count("-") == 6
    assert ("+", "three") in third.notebook.lines
    assert (" ", "one") in third.notebook.lines
    assert not any("Your notebook" in line.text.head for e in (first, second, third) for line in e.lines
                   if line.kind == "book" and "Write down" not in line.text.head)  # fmt: skip


def test_reasoning_is_folded_and_the_reply_stands_alone(tmp_path):
    talking.keep(tmp_path, nasty(), controls=["kept"])
    course = course_of(read_transcript(transcript_files(tmp_path)[0]))
    thinks, _, empty, endless, _, long = (line for line in course.exercises[0].lines if line.kind == "student")
    assert thinks.thought.head == "<think>\n<b>bold</b> thoughts</think>"
    assert thinks.text.head.startswith("I take")
    assert thinks.action == "PULL_A"
    assert (empty.invalid, empty.thought, empty.text.head) == ("empty", None, "")
    assert (endless.invalid, endless.thought.head) == ("truncated", "<think>on and on")
    assert (long.action, long.thought) == ("PULL_C", None)
    assert long.unread.length > 900_000
    assert len(long.unread.head) < MOST_SHOWN


def test_the_command_shows_what_is_asked_for(folder, capsys):
    assert main(["view", str(folder), "--student", "oracle", "--edition", "0"]) == 0
    assert capsys.readouterr().out == f"Written: {folder / VIEW_FILE}\n"
    page = Page(folder / VIEW_FILE)
    assert "oracle" in page.text
    assert "alert('x')" not in page.text
    assert main(["view", str(folder), "--student", "oracel"]) == 2
    assert "student 'oracel' has no transcript" in capsys.readouterr().err
    assert main(["view", str(folder)]) == 0


def test_damaged_transcripts_are_named_and_the_others_shown(folder, tmp_path, capsys):
    other = tmp_path / "study"
    shutil.copytree(folder, other)
    spoilt, foreign = transcript_files(other)[:2]
    spoilt.write_bytes(spoilt.read_bytes()[:99])
    foreign.write_bytes(gzip.compress(gzip.decompress(foreign.read_bytes()).replace(b'"book": "Ban', b'"book": "Pan')))
    assert main(["view", str(other)]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 2
    page = Page(other / VIEW_FILE)
    assert "2 transcripts could not be read" in page.text
    assert str(other) not in page.text
    assert "oracle" in page.text


def test_a_study_without_transcripts_is_refused(tmp_path):
    with pytest.raises(ValueError, match="holds no transcripts"):
        write_view(tmp_path)
    assert not list(tmp_path.iterdir())
