"""A desk as bytes: it goes on where it stopped, and what it did not write is refused."""

import json
import subprocess
import sys

import pytest
from helpers.desks import BANDITS, MEMORIES, desk

from textbook_gym.engine.serialization import seal, unseal
from textbook_gym.text import Desk
from textbook_gym.text.desk import DESK_FORMAT


@pytest.mark.parametrize("memory", MEMORIES)
@pytest.mark.parametrize("env_id", [BANDITS, "textbook/Library-v0"])
def test_a_saved_desk_goes_on_where_it_stopped(memory, env_id):
    exercises = {"exercises": 1}
    d = Desk(env_id, memory=memory, **exercises)
    d.open(seed=2)
    replies = [f"{d.lane.book.actions[0]}\n<note>{i}</note>\n{d.lane.book.actions[i % 2]}" for i in range(2000)]
    for i in (3, 8, 15):
        while sum(m["role"] == "assistant" for m in d.transcript) < i:
            d.reply(replies[i])
        other = Desk(env_id, memory=memory, **exercises)
        waiting = other.load(d.save())
        assert waiting == d.pending
        assert (other.transcript, other.context, other.info) == (d.transcript, d.context, d.info)
    for reply in replies:
        if d.done:
            break
        a, b = d.reply(reply), other.reply(reply)
        assert a == b
    assert other.total == d.total
    assert other.save() == d.save()


def test_a_desk_goes_on_in_another_process(tmp_path):
    d = desk(memory="notebook")
    d.open(seed=2)
    d.reply("<note>caf\u00e9</note> PULL_A")
    (tmp_path / "desk").write_bytes(d.save())
    code = (
        "import sys, pathlib; from textbook_gym.text import Desk;"
        f"d = Desk({BANDITS!r}, memory='notebook', chapters=[1, 3, 6], exercises=[2, 1, 2]);"
        "d.load(pathlib.Path(sys.argv[1]).read_bytes()); print(d.reply('PULL_B').messages[0]['content'])"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "desk"], capture_output=True, text=True, check=True)
    assert done.stdout.rstrip("\n") == d.reply("PULL_B").messages[0]["content"]


def saved():
    d = desk()
    d.open(seed=2)
    d.reply("PULL_A")
    return d.save()


@pytest.mark.parametrize("where", [0, 5, 60, 300, 500, -1, -200])
def test_damaged_bytes_are_refused_and_change_nothing(where):
    data = bytearray(saved())
    data[where] ^= 1
    d = desk()
    d.open(seed=7)
    before = d.save()
    with pytest.raises(ValueError, match="saved"):
        d.load(bytes(data))
    assert d.save() == before


def test_a_course_that_cannot_be_read_changes_nothing():
    head, payload = unseal(DESK_FORMAT, "desk", saved())
    data = seal(DESK_FORMAT, {"settings": head["settings"]}, payload.partition(b"\n")[0] + b"\nno course")
    d = desk()
    d.open(seed=7)
    before = d.save()
    with pytest.raises(ValueError, match="are no saved course"):
        d.load(data)
    assert d.save() == before


def test_a_context_that_begins_behind_the_last_message_is_refused():
    head, payload = unseal(DESK_FORMAT, "desk", saved())
    line, _, course = payload.partition(b"\n")
    state = json.loads(line)
    for start, fine in ((len(state["transcript"]) - 1, True), (len(state["transcript"]), False)):
        data = seal(
            DESK_FORMAT, {"settings": head["settings"]}, json.dumps({**state, "start": start}).encode() + b"\n" + course
        )
        if fine:
            assert desk().load(data)
        else:
            with pytest.raises(ValueError, match="out of bounds"):
                desk().load(data)


def test_other_settings_and_books_are_refused():
    with pytest.raises(ValueError, match=r"the saved desk has the settings .*transcript.*, this one .*none"):
        desk(memory="none").load(saved())
    with pytest.raises(ValueError, match="the saved course has"):
        desk(exercises=1).load(saved())
    with pytest.raises(ValueError, match="the saved course has book='Bandits', this environment 'Concepts'"):
        Desk("textbook/Concepts-v1").load(saved())
    with pytest.raises(ValueError, match="are no saved desk"):
        desk().load(b"")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("stage", "asleep"), ("stage", []), ("start", -1), ("start", 10**9), ("start", True), ("steps", 1.5),
        ("total", float("nan")), ("total", "1"), ("notes", "a" * 2001), ("notes", None), ("invalid", "maybe"),
        ("counts", {}), ("counts", {"empty": 0, "truncated": 0, "unknown": -1}), ("transcript", []),
        ("transcript", [{"role": "root", "content": ""}]), ("transcript", [{"role": "user", "content": 1}]),
        ("transcript", [{"role": "user", "content": "", "tool_calls": [{}]}]), ("more", 1),
    ],
)  # fmt: skip
def test_bytes_with_a_right_checksum_and_wrong_content_are_refused(field, value):
    head, payload = unseal(DESK_FORMAT, "desk", saved())
    line, _, course = payload.partition(b"\n")
    state = json.dumps({**json.loads(line), field: value}).encode()
    d = desk()
    d.open(seed=7)
    before = d.save()
    with pytest.raises(ValueError, match="the saved desk is damaged"):
        d.load(seal(DESK_FORMAT, {"settings": head["settings"]}, state + b"\n" + course))
    assert d.save() == before
