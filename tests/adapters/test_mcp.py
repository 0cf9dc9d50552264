"""MCP's own client over standard input and output, against `textbook-gym serve --mcp` as a process of its own."""

import asyncio
import json
import sys

import pytest
from helpers.scripted import KEYWORDS, ROW, arm
from mcp import Client, StdioServerParameters

from textbook_gym.adapters import desk_of, figures, said, task
from textbook_gym.adapters.mcp import Session, server_of

pytestmark = pytest.mark.adapters
SHORT = "textbook/BanditsShort-v1"
META = "textbook_gym/"


def row(**where):
    return task(SHORT, "test", **where, memory="notebook", answer="tool")


def server(*options):
    words = ["-m", "textbook_gym", "serve", "--mcp", "--id", SHORT, "--split", "test", *map(str, options)]
    return StdioServerParameters(command=sys.executable, args=words)


def text(result):
    [part] = result.content
    assert not result.is_error, part.text
    return part.text


async def walk(client, replies=None, **where):
    """Open a course and go through it: what was said, and what was paid."""
    shown, paid, done = [text(await client.call_tool("open", where))], [], False
    while not done and (replies is None or len(paid) < replies):
        result = await client.call_tool("act", {"action": arm(shown[-1])})
        shown.append(text(result))
        paid.append(result.meta[META + "reward"])
        done = result.meta[META + "done"]
    return shown, paid


def alone(where, replies=None):
    """The same on the desk."""
    desk = desk_of(where)
    shown, paid = ["\n\n".join(m["content"] for m in desk.context)], []
    while not desk.done and (replies is None or len(paid) < replies):
        turn = desk.call("act", {"action": arm(shown[-1])})
        shown.append(said(turn.messages))
        paid.append(turn.reward)
    return shown, paid, desk


def over_stdio(parameters, talk):
    async def run():
        async with Client(parameters) as client:
            return await talk(client)

    return asyncio.run(run())


def test_edition_and_seed_are_honoured_and_cut_courses_are_charged(tmp_path):
    log = tmp_path / "courses.jsonl"

    async def talk(client):
        tools = {tool.name for tool in (await client.list_tools()).tools}
        by_edition, by_seed = await walk(client, edition=7), await walk(client, seed=7)
        return tools, by_edition, by_seed, await walk(client, 5, edition=8)

    tools, *walked = over_stdio(server("--log", log), talk)
    assert tools == {"open", "act", "note", "turn_page"}
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    rows = [row(edition=7), row(seed=7), row(edition=8)]
    for walked_here, line, where, replies in zip(walked, lines, rows, (None, None, 5), strict=True):
        shown, paid, desk = alone(where, replies)
        assert walked_here == (shown, paid)
        assert line["cut"] == (replies is not None)
        desk.finish()
        assert line == {"task": where, "cut": line["cut"], **figures(desk)}
    assert lines[2]["total"] < -0.5
    assert walked[0] != walked[1]


def test_editions_that_were_set_are_opened_in_turn_and_none_else():
    async def talk(client):
        refused = await client.call_tool("open", {"edition": 3})
        walked = [await walk(client, 3), await walk(client, 3)]
        return refused, walked, await client.call_tool("open", {})

    refused, walked, over = over_stdio(server("--edition", 8, "--edition", 7, "--memory", "transcript"), talk)
    assert refused.is_error
    assert "set by who started the server" in refused.content[0].text
    assert over.is_error
    assert "all 2 editions have been opened" in over.content[0].text
    plain = [task(SHORT, "test", edition=n, memory="transcript", answer="tool") for n in (8, 7)]
    assert walked == [alone(where, 3)[:2] for where in plain]


def test_notes_are_written_with_the_next_call_and_seen_on_the_next_page():
    async def talk(client):
        await client.call_tool("open", {"edition": 7})
        await client.call_tool("note", {"text": "one"})
        await client.call_tool("note", {"text": "two"})
        result = await client.call_tool("act", {"action": "PULL_A", "note": "two and a half"})
        while not result.meta[META + "exercise_done"]:
            result = await client.call_tool("act", {"action": "PULL_A"})
        await client.call_tool("note", {"text": "three"})
        first = text(await client.call_tool("turn_page", {}))
        await client.call_tool("note", {"text": "gone"})
        await client.call_tool("note", {"text": "fresh", "replace": True})
        result = await client.call_tool("act", {"action": "PULL_A"})
        while not result.meta[META + "exercise_done"]:
            result = await client.call_tool("act", {"action": "PULL_A"})
        return first, text(await client.call_tool("turn_page", {"note": "four"}))

    first, second = over_stdio(server(), talk)
    assert "Your notebook:\none\ntwo\ntwo and a half\nthree\n" in first
    assert "Your notebook:\nfresh\nfour\n" in second


def test_what_cannot_be_is_said_to_the_model():
    session = Session(ROW["id"], memory="transcript", **KEYWORDS)

    async def talk(client):
        tools = {tool.name for tool in (await client.list_tools()).tools}
        early = await client.call_tool("act", {"action": "PULL_A"})
        both = await client.call_tool("open", {"edition": 1, "seed": 1})
        await client.call_tool("open", {"edition": 1})
        return tools, early, both, await client.call_tool("act", {"action": "PULL_Z"})

    tools, early, both, wrong = over_stdio(server_of(session), talk)
    assert tools == {"open", "act"}
    assert "call `open`" in early.content[0].text
    assert "give one of them" in both.content[0].text
    assert "is no action, so a step went by" in text(wrong)
    with pytest.raises(ValueError, match="keeps the conversation"):
        Session(ROW["id"], memory="none")
