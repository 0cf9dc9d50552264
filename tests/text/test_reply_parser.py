"""Replies: what is read out of them, what is not, and in what time."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textbook_gym.text.reply_parser import INVALID, Reader

ACTIONS = ("PULL_A", "PULL_B", "END_TRIAL", "1_UP")


def reader(answer="tag", reply_chars=4000):
    def call(name, arguments):
        return {"A": 0, "B": 1}.get(arguments.get("arm")) if name == "pull" else None

    return Reader(ACTIONS, answer, reply_chars, call)


READABLE = {
    "<action>PULL_A</action>": 0,
    "I think.\n<action> pull_b </action>\n": 1,
    "<ACTION>'end trial'</ACTION>": 2,
    "<action>PULL_A</action> or rather <action>PULL_B</action>": 1,  # the last one
    "```xml\n<action>PULL_B</action>\n```": 1,
    "<action>\n```\nPULL_B\n```\n</action>": 1,
    "```\n<note>PULL_A was bad</note>\n<action>PULL_B</action>\n```\nDone.": 1,
    "\u65e5\u672c\u8a9e <action>PULL_B</action> \U0001f642": 1,
    "You said <action>NAME</action>, so: <action>PULL_A</action>": 0,
    "<action>PULL_A</action> (as in <action>NAME</action>)": 0,  # quotes the instructions
    "<think>PULL_B? <action>PULL_B</action></think><action>PULL_A</action>": 0,
    "so PULL_B? </think> <action>PULL_A</action>": 0,  # the template opened the reasoning
    "<thinking>a</thinking>b<think>c</think>\nPULL_B": 1,
    "<action>PULL_B": 1,  # stopped at the closing tag
    "<Action>pull_b": 1,
    "<action>PULL_B\u200b</action>": 1,  # a space without width
    "\ufeffPULL\u00a0B": 1,
    "<action>\uff30\uff35\uff2c\uff2c\uff3f\uff22</action>": 1,  # letters of full width
    "<action> or <action>, which was it?\nPULL_B": 1,  # tags begun twice name nothing, the last line does
    "PULL_A": 0,
    "**pull a**.": 0,
    "Let me think: PULL_A pays.\nAction: PULL_B": 1,
    '{"action": "PULL_B"}': 1,
    '```json\n{"reason": "{", "action": "pull_b"}\n```': 1,
    'first {"action": "PULL_A"}, no: {"action": "PULL_B"}': 1,
    '{"name": "pull", "arguments": {"arm": "B"}}': 1,
    '<tool_call>\n{"name": "pull", "arguments": {"arm": "A"}}\n</tool_call>': 0,
    "<note>not <action>PULL_A</action></note> <action>PULL_B</action>": 1,
    "<action>1_UP</action>": 3,
}


@pytest.mark.parametrize("reply", READABLE)
@pytest.mark.parametrize("answer", ["tag", "json", "tool"])
def test_one_action_is_read(reply, answer):
    read = reader(answer).read(reply)
    assert (read.action, read.invalid) == (READABLE[reply], "")


UNREADABLE = {
    "": "empty",
    " \n\t": "empty",
    "<think>all of it</think>": "empty",
    "<action>PULL_A</action></think>": "empty",  # all of it was thought
    "<think>PULL_A": "truncated",
    "<think>a</think> <think> <action>PULL_A</action>": "truncated",
    "1": "unknown",  # no position in a list
    "<action>1</action>": "unknown",
    '{"action": 1}': "unknown",
    '{"action": null}': "unknown",
    "<action>PULL_C</action>": "unknown",
    "<action>PULL_A</action><action>JUMP</action>": "unknown",  # the last one counts, readable or not
    "<action>PULL_A or PULL_B</action>": "unknown",
    "PULL_A and PULL_B": "unknown",
    "I would never pull_a": "unknown",
    "PULL_A is best.\nOr is it?": "unknown",
    "<action></action>": "unknown",
    "<action>NAME</action>": "unknown",
    "{'action': 'PULL_A'}": "unknown",  # no JSON
    '{"action": "PULL_A"': "unknown",
    '{"name": "pull", "arguments": {"arm": "Z"}}': "unknown",
    "\ud800": "unknown",
}


@pytest.mark.parametrize("reply", UNREADABLE)
def test_why_none_is_read(reply):
    read = reader().read(reply)
    assert (read.action, read.invalid) == (None, UNREADABLE[reply])


def test_nothing_is_an_empty_reply_and_a_number_is_no_reply():
    assert reader().read(None).invalid == "empty"
    with pytest.raises(TypeError, match="reply of type int: give the student's words as a string"):
        reader().read(1)


def test_the_form_asked_for_comes_first():
    both = '{"action": "PULL_A"} <action>PULL_B</action>'
    assert [reader(answer).read(both).action for answer in ("tag", "json")] == [1, 0]


def test_notes_are_read_in_order_and_only_if_closed():
    read = reader().read(
        "<note> a </note><notebook>b\nc</notebook><note>d <action>PULL_A</action></note><note>e PULL_B"
    )
    assert read.notes == (("note", "a"), ("notebook", "b\nc"), ("note", "d <action>PULL_A</action>"))
    assert reader().read("<think><note>a</note></think>PULL_A").notes == ()


def test_the_last_characters_of_a_reply_count_without_its_reasoning():
    long = reader(reply_chars=30)
    assert long.read("<think>" + "a" * 1000 + "</think>" + "b" * 1000 + "<action>PULL_A</action>").action == 0
    assert long.read("<action>PULL_A</action>" + "b" * 30).invalid == "unknown"
    assert len(long.read("b" * 1000).said) == 30


MEGABYTE = 1 << 20


@pytest.mark.parametrize(
    "part",
    [
        "<think>",
        "</think>",
        "<think></think>",
        "<action>",
        "<note>",
        "</note><note>",
        "{",
        '{"a":',
        "[",
        "\n",
        '"',
        "a",
    ],
)
def test_a_megabyte_takes_bounded_time(part):
    wide = reader(reply_chars=MEGABYTE)
    began = time.process_time()
    read = wide.read((part * MEGABYTE)[:MEGABYTE])
    assert time.process_time() - began < 2.0
    assert read.invalid in INVALID


@given(st.text(max_size=300) | st.text(alphabet='<>/{}":,thinkactonPULL_AB \n', max_size=300))
def test_any_text_is_read_or_refused(reply):
    read = reader().read(reply)
    assert (read.invalid == "") == (read.action in range(len(ACTIONS)))
    assert read.invalid in ("", *INVALID)
    json.dumps(read.said).encode()
