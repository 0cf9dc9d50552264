"""OpenEnv's server on the loopback interface, and its clients over HTTP and WebSocket."""

import asyncio
import json
import socket
import threading
import time
import urllib.request

import pytest
import uvicorn
from helpers.scripted import KEYWORDS, OTHER, ROW, SEEDED, course, pages, reply
from openenv.core import GenericEnvClient

from textbook_gym.adapters import desk_of
from textbook_gym.adapters.openenv import CourseClient, CourseEnvironment, Reply, app_of

# the library's and uvicorn's own
pytestmark = [pytest.mark.adapters, pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")]


@pytest.fixture(scope="module")
def url():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = uvicorn.Config(app_of(ROW["id"], "test", **KEYWORDS), host="127.0.0.1", port=port, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


def ask(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    return json.load(urllib.request.urlopen(urllib.request.Request(url, data, {"content-type": "application/json"})))


def walk(env, replies=None, **where):
    result = env.reset(**where)
    seen, paid = pages(result.observation.messages), []
    while not result.done and (replies is None or len(paid) < replies):
        result = env.step(Reply(message=reply(seen[-1])))
        seen += pages(result.observation.messages)
        paid.append(result.reward)
    return seen, paid


@pytest.mark.parametrize(
    ("where", "row"),
    [
        ({"edition": 7}, ROW),
        ({"seed": 7}, SEEDED),
        ({"split": "test", "index": 8}, OTHER),
        (ROW, ROW),
        ({}, {**ROW, "edition": 0}),
    ],
    ids=["edition", "seed", "task", "row", "nothing"],
)
def test_edition_and_seed_are_honoured_over_the_wire(url, where, row):
    with CourseClient(base_url=url).sync() as env:
        assert walk(env, **where) == course(row)
        state = env.state()
        assert state.step_count == len(course(row)[1])
        assert course(state.task) == course(row)
        assert state.figures["total"] == pytest.approx(sum(course(row)[1]))


def test_a_group_of_four_on_one_edition_sees_the_same_pages(url):
    async def one(where):
        seen, paid = [], []
        async with GenericEnvClient(base_url=url) as env:  # nothing of ours on this side
            result = await env.reset(**where)
            seen += pages(result.observation["messages"])
            while not result.done:
                result = await env.step({"message": reply(seen[-1])})
                seen += pages(result.observation["messages"])
                paid.append(result.reward)
        return seen, paid

    async def group():
        return await asyncio.gather(*(one(where) for where in [{"edition": 7}] * 4 + [{"seed": 7}]))

    *same, other = asyncio.run(group())
    assert same == [course(ROW)] * 4
    assert other == course(SEEDED)


def test_a_course_that_is_cut_is_finished(url):
    with CourseClient(base_url=url).sync() as env:
        _, paid = walk(env, 5, edition=7)
        result = env.step(Reply(message="", finish=True))
        assert result.done
        assert [*paid, result.reward] == course(ROW, 5)[1]
        assert env.state().figures["total"] < -0.5


def test_what_is_refused_leaves_the_session_as_it_was(url):
    with CourseClient(base_url=url).sync() as env:
        with pytest.raises(RuntimeError, match="no course is open"):
            env.step(Reply(message="PULL_A"))
        walk(env, 3, edition=7)
        for wrong in ({"editions": 7}, {"edition": 7, "seed": 7}, {"edition": 1, "split": "tset"}):
            with pytest.raises(RuntimeError, match=r"did you mean|give one of them"):
                env.reset(**wrong)
        desk = desk_of(ROW)
        for _ in range(3):
            desk.reply(reply(desk.context[-1]["content"]))
        turn = desk.reply("PULL_B")
        assert env.step(Reply(message="PULL_B")).observation.messages == turn.messages


def test_a_fresh_context_is_told(url):
    with CourseClient(base_url=url).sync() as env:
        result = env.reset(edition=7, keywords={**KEYWORDS, "memory": "none"})
        fresh = []
        while not result.done:
            result = env.step(Reply(message=reply(pages(result.observation.messages)[-1])))
            fresh.append(result.observation.fresh)
        assert sum(fresh) == 3  # between four exercises


def test_plain_http_has_health_schema_and_tasks(url):
    assert ask(f"{url}/health")["status"] == "healthy"
    action = ask(f"{url}/schema")["action"]
    assert action["required"] == ["message"]  # the one field that a trainer fills with the reply as it is
    assert ask(f"{url}/reset", {"edition": 7})["observation"]["messages"] == desk_of(ROW).context
    assert [split["name"] for split in ask(f"{url}/textbook/splits")] == ["train", "test"]
    [listed] = ask(f"{url}/textbook/task_range", {"split": "test", "start": 7, "stop": 8})["tasks"]
    assert course(listed) == course(ROW)


def test_what_is_wrong_is_said_before_a_client_comes():
    with pytest.raises(ValueError, match="did you mean 'none'"):
        app_of(ROW["id"], memory="nones")
    with pytest.raises(IndexError, match="task -1"):
        CourseEnvironment(ROW["id"]).get_task("test", -1)
