"""Students in other processes: the protocol, line by line, and what is said when one fails."""

import json
import shlex
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from textbook_gym.registry import find
from textbook_gym.students.resolve import as_student
from textbook_gym.study.controls import walk_under
from textbook_gym.study.run import study

PULLER = f"puller=cmd:{sys.executable} {Path(__file__).parent.parent / 'data' / 'puller.py'}"
DICE = "dice=cmd:while read -r line; do echo $((${#line} * 7 % 6)); done"  # dice that any shell has
BANDITS = find("Bandits").path
VOCABULARY = find("Vocabulary").path


def python(code):
    """A command that answers lines with what `answer(page)` of some Python code returns."""
    loop = f"import sys, json, time\n{code}\nfor line in sys.stdin: print(answer(json.loads(line)), flush=True)"
    return f"cmd:{sys.executable} -c {shlex.quote(loop)}"


def test_a_page_of_python_and_a_line_of_shell_are_students():
    table = study([PULLER, DICE, "newcomer"], ["Bandits"], editions=6, controls=["kept", "wiped"])
    means = {}
    for (student, control), rows in table.group_by("student", "control"):
        means[student, control] = rows["mark"].mean()
    assert means["puller", "kept"] > means["puller", "wiped"] + 0.03
    assert means["puller", "kept"] > means["dice", "kept"] + 0.2
    assert set(means) == {(s, c) for s in ("puller", "dice") for c in ("kept", "wiped")} | {("newcomer", "kept")}


def test_courses_side_by_side_are_the_courses_one_by_one():
    rows = []
    for lanes in (1, 2, 5):
        student = as_student(PULLER)
        rows.append(walk_under("foreign", student, BANDITS, range(5), lanes=lanes))
        student.close()
    assert rows[0].tobytes() == rows[1].tobytes() == rows[2].tobytes()


def record(tmp_path, control, lanes):
    """The lines that a student is told under a control, in Vocabulary, editions 7 and 8."""
    heard = tmp_path / "heard"
    student = as_student(f'cmd:tee {heard} | while read -r line; do echo \'{{"action": 2, "tell": true}}\'; done')
    walk_under(control, student, VOCABULARY, [7, 8], lanes=lanes)
    student.close()
    return [json.loads(line) for line in heard.read_text().splitlines()]


def test_what_a_student_is_told(tmp_path):
    lines = record(tmp_path, "kept", 1)
    book = find("Vocabulary")
    hellos = [line for line in lines if "hello" in line]
    assert len(hellos) == 2  # a course each
    assert lines[0] == hellos[0]
    assert lines[0]["book"] == "Vocabulary"
    assert lines[0]["actions"] == list(book.actions)
    assert lines[0]["chapters"] == [c.name for c in book.chapters]
    assert [s["name"] for s in lines[0]["signals"]][-4:] == ["chapter", "exercise", "left", "first"]
    assert hellos[0]["seed"] != hellos[1]["seed"]
    pages = [line for line in lines if "hello" not in line]
    assert {len(page["observation"]) for page in pages} == {sum(s["size"] for s in lines[0]["signals"])} == {book.width}
    assert [page["info"]["book_done"] for page in pages].count(True) == 2  # each last page is told once
    assert {page["info"]["edition"] for page in pages} == {
        0
    }  # counted since the hello: the number would tell the world
    assert all(page["tell"] for page in pages)
    assert pages[0]["tell"] != pages[1]["tell"]
    assert not {"oracle", "state"} & set(pages[0]["info"])


def wiped(lines, lane):
    """Pages, counted from 0 among those of one lane since the last hello, with which memory is to be wiped."""
    pages = [line for line in lines if line.get("lane") == lane]
    return [(p["info"]["edition"], p["info"]["chapter"], p["info"]["exercise"]) for p in pages if p["wipe"]]


def test_memory_is_wiped_when_the_control_says_so(tmp_path):
    exercises = [(c, e) for c, row in enumerate(find("Vocabulary").chapters, 1) for e in range(1, row.exercises + 1)]
    expected = {
        "kept": [(1, 1)],
        "wiped": exercises,
        "chapter": [page for page in exercises if page[1] == 1],
        "cold": [page for page in exercises if page[1] == 1],
    }
    for control, pages in expected.items():
        lines = record(tmp_path, control, 2)
        for lane in (0, 1):
            assert wiped(lines, lane) == [(0, *page) for page in pages], control


def test_foreign_memory_is_brought_along(tmp_path):
    lines = record(tmp_path, "foreign", 1)
    [first, _] = [lines[i + 1 :] for i, line in enumerate(lines) if "hello" in line]
    editions = list(dict.fromkeys(p["info"]["edition"] for p in first if "hello" not in p))
    assert editions == [0, 1]  # a foreign one, then its own
    assert [w[0] for w in wiped(lines, 0)] == [0, 0]  # before the foreign one, in each of two courses


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("cmd:exit 3", "ended with status 3 before it answered (last line received: none)"),
        ("cmd:read -r x; echo hello; exit 0", "did not answer in JSON"),
        ("cmd:read -r x; echo '{}'; read -r x; echo 9; cat", "named no action of Bandits, which takes 0 PULL_A"),
        ("cmd:read -r x; echo '{}'; read -r x; echo '{\"action\": \"PULL_AA\"}'; cat", "(did you mean 'PULL_A'?)"),
        (
            "cmd:read -r x; echo '{}'; read -r x; echo '{\"action\": true}'; cat",
            "(last line received: '{\"action\": true}')",
        ),
        ("cmd:read -r x; echo '{}'; sleep 60", "did not answer within 0.5 s; see --timeout"),
        ("cmd:no-such-command-here", "ended with status 127 before it answered; its last words:"),
        (python("def answer(page): return 0 if 'hello' in page else 1 / 0"), "last words: 'ZeroDivisionError"),
    ],
)
def test_a_student_that_fails_is_told_of_in_one_line(command, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the message is looked at below
        study([command], ["Bandits"], editions=2, controls=["kept"], timeout=5.0 if "-c" in command else 0.5)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("student ")


def test_answers_may_be_numbers_or_names_and_processes_end():
    rows = []
    for answer in ("2", '"ANSWER_3"', '{"action": 2}', '{"action": "ANSWER_3"}'):
        student = as_student(f"cmd:while read -r line; do echo {shlex.quote(answer)}; done")
        rows.append(walk_under("kept", student, VOCABULARY, [0]))
        process = student.process.popen
        student.close()
        assert process.poll() is not None
        student.close()  # twice is no harm
    assert all(np.array_equal(r, rows[0]) for r in rows)


def test_empty_commands_and_timeouts_are_refused():
    for wrong, timeout, message in (("cmd: ", 1.0, "a command is missing"), ("cmd:cat", 0.0, "seconds > 0")):
        with pytest.raises(ValueError, match=message):
            as_student(wrong, timeout)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (python("def answer(page): return 0\nprint(42, flush=True)"), "wrote a line"),
        (python("def answer(page): return '0\\n0'"), "wrote a line that it was not asked for"),
        ("cmd:yes 0", "wrote a line that it was not asked for"),
        (python("def answer(page): return '0' if 'hello' in page else 'x' * (1 << 21)"), "1048576 characters or more"),
        (python('def answer(page): return \'{"action": 0, "line": 2}\''), "answered line 2 where line 1 was asked"),
        (python("def answer(page): return '[' * 100000"), "did not answer in JSON"),
        ("cmd:read -r x; echo 0; yes noise >&2", "did not answer within 1 s; see --timeout; its last words: 'noise'"),
    ],
    ids=["a stray line", "two lines", "no end of lines", "no end of a line", "another line", "deep", "noise"],
)
def test_questions_and_answers_are_matched_and_bounded(command, message):
    """A line too many would shift every later answer by one; it is found out when the courses are over."""
    with pytest.raises(ValueError, match=message) as caught:
        study([command], ["Vocabulary"], editions=1, controls=["kept"], timeout=10.0 if "-c" in command else 1.0)
    assert len(str(caught.value)) < 1000


def test_an_answer_may_name_its_line():
    table = study([python("def answer(page): return json.dumps({'action': 0, 'line': page['line']})")], ["Bandits"],
                  editions=1, controls=["kept"], timeout=float("inf"))  # fmt: skip
    assert len(table) == sum(c.exercises for c in find("Bandits").chapters)


def test_a_student_that_does_not_read_is_given_up_in_time():
    """What is written fits into no pipe: to write is under the same limit as to answer."""
    book, lanes = find("Bandits"), 64
    student = as_student("cmd:read -r x; echo 0; exec sleep 60", 1.0)
    student.begin(book, lanes, 0)
    info = {"chapter": np.ones(lanes, int), "book_done": np.zeros(lanes, bool), "much": np.full(lanes, "x" * 5000)}
    began = time.monotonic()
    with pytest.raises(ValueError, match="did not answer within 1 s"):
        student.act(np.zeros((lanes, book.width), np.float32), info)
    student.close()
    assert time.monotonic() - began < 20
    assert student.process is None
