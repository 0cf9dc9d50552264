"""Actions as tools: which there are, and that a call does what a reply does."""

import re
import types

from helpers.desks import desk

from textbook_gym.registry import find, id_of
from textbook_gym.text import Desk
from textbook_gym.text.tools import Tools


def test_actions_of_a_common_prefix_are_one_tool():
    d = desk()
    (tool,) = d.tools
    function = tool["function"]
    assert (tool["type"], function["name"]) == ("function", "pull")
    assert function["parameters"]["properties"]["arm"]["enum"] == list("ABCDEF")
    assert function["parameters"]["required"] == ["arm"]
    noted = desk(memory="notebook").tools
    assert [t["function"]["name"] for t in noted] == ["pull", "turn_page"]
    assert {"note", "notebook"} <= noted[1]["function"]["parameters"]["properties"].keys()


def test_a_verb_needs_two_actions_and_no_action_of_its_own_name():
    book = types.SimpleNamespace(actions=("GO_A", "GO_B", "STOP", "END_NOW", "SAY", "SAY_A", "SAY_B"), module=None)
    names = [tool["function"]["name"] for tool in Tools(book).schema(notes=False)]
    assert names == ["go", "stop", "end_now", "say", "say_a", "say_b"]


def test_a_book_names_the_argument(monkeypatch):
    monkeypatch.setattr(find("Bandits").module, "ARGUMENTS", {"PULL": "arm"}, raising=False)
    d = desk(answer="tool")
    assert d.tools[0]["function"]["parameters"]["required"] == ["arm"]
    d.open(seed=1)
    assert d.call("pull", {"arm": "B"}).info["invalid"] == ""


def test_every_action_is_the_call_of_one_tool(book_name):
    d = Desk(id_of(book_name), answer="tool")
    calls = []
    for tool in d.tools:
        name, schema = tool["function"]["name"], tool["function"]["parameters"]
        assert re.fullmatch(r"[a-z0-9_-]{1,64}", name)
        values = [schema["properties"][key]["enum"] for key in schema["required"]]
        calls += (
            [(name, dict(zip(schema["required"], [v], strict=True))) for v in values[0]] if values else [(name, {})]
        )
    numbers = [d._tools.action(name, arguments) for name, arguments in calls]
    assert sorted(numbers) == list(range(len(d.lane.book.actions)))


def test_calls_do_what_replies_do_and_answer_by_id():
    told, called = desk(), desk(answer="tool")
    told.open(seed=1)
    assert "call one tool" in called.open(seed=1)[0]["content"]
    for arguments in ({"which": "B"}, '{"which": "c"}', {"which": "A", "note": "unread"}):
        letter = re.search("[ABCabc](?=\"|')", str(arguments))[0].upper()
        a, b = told.reply(f"PULL_{letter}"), called.call("pull", arguments)
        assert b.messages[0]["content"] == a.messages[0]["content"]
        said, answer = called.transcript[-2:]
        assert answer["tool_call_id"] == said["tool_calls"][0]["id"]
        assert (said["role"], answer["role"]) == ("assistant", "tool")
    assert called.call("act", {"action": "PULL_A"}, call_id="mine").messages[0]["tool_call_id"] == "mine"
    assert called.call("PULL_A").info["invalid"] == ""
    for name, arguments in (
        ("pull", "{"), ("pull", "[1]"), ("pull", {"which": "Z"}), ("pull", {"which": 1}), ("push", {}),
        ("pull", {}), ("pull", {"which": True}), ("pull", {"which": "A", "also": "B"}), ("act", {"action": 0}),
    ):  # fmt: skip
        turn = called.call(name, arguments)
        assert turn.info["invalid"] == "unknown"
    assert turn.messages[0]["content"].startswith('"act({"action": 0})" is no action')
    assert turn.info["invalid_unknown"] == 9


def test_calls_write_notes():
    d = desk(memory="notebook", answer="tool")
    d.open(seed=1)
    for _ in range(6):
        turn = d.call("pull", {"which": "A", "notebook": "six pulls"})
    assert turn.messages[0]["content"].endswith("with the tool turn_page.")
    turn = d.call("turn_page", {"note": "and a page"})
    assert turn.fresh
    assert d.notebook == "six pulls\nand a page"
    assert d.call("turn_page").info["invalid"] == "unknown"  # in the middle of an exercise it is no action
