"""The page in a browser: who is let in, and what comes of what is sent."""

import http.client
import json
import re
import threading

import numpy as np
import pytest

from textbook_gym.play import web
from textbook_gym.play.folder import open_course
from textbook_gym.play.web import MOST_REQUEST_BYTES, PAGE_FILE, Server

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def serve(tmp_path):
    """Serve courses; close what was opened."""
    opened = []

    def start(book="Concepts", **options):
        server = Server(open_course(book, tmp_path, **options))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        opened.append(server)
        return server

    yield start
    for server in opened:
        server.shutdown()
        server.server_close()


def ask(server, place="state", body=None, method=None, headers=None, token=None):
    """One request; returns status, headers and what came."""
    link = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=30)
    path = f"/{server.token if token is None else token}/{place}"
    data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    link.request(
        method or ("GET" if data is None else "POST"), path, data, {**(JSON if data else {}), **(headers or {})}
    )
    answer = link.getresponse()
    said = answer.read().decode()
    link.close()
    kind = answer.headers.get_content_type()
    return answer.status, answer.headers, json.loads(said) if kind == "application/json" else said


def reply(server, turn, action=None, notes=None):
    """Status and state, or error."""
    status, _, got = ask(server, "reply", {"turn": turn, "action": action, "notes": notes})
    return status, got


# --- who is let in -------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["", "x", "\u00e4".encode().hex(), "state"])
@pytest.mark.parametrize("place", ["", "state", "reply"])
def test_without_the_token_nothing_is_told_or_done(serve, token, place):
    server = serve()
    before = server.table.state()
    status, _, got = ask(server, place, {"turn": 2, "action": "HINT"} if place == "reply" else None, token=token)
    assert (status, list(got)) == (403, ["error"])
    assert "\n" not in got["error"]
    assert server.token not in json.dumps(got)
    assert server.table.state() == before


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "evil.example:{port}"}, 421),
        ({"Host": "127.0.0.1"}, 421),
        ({"Host": "localhost:{port}"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://127.0.0.1:{port}"}, 403),
        ({"Origin": "http://127.0.0.1:{port}"}, 200),
    ],
)
def test_other_hosts_and_other_sites_are_refused(serve, headers, expected):
    server = serve()
    headers = {name: value.format(port=server.server_port) for name, value in headers.items()}
    assert ask(server, headers=headers)[0] == expected
    assert ask(server, "reply", {"turn": 2, "action": "HINT"}, headers=headers)[0] == expected
    assert (len(server.table.course.desk.transcript) > 2) == (expected == 200)


def test_it_listens_on_the_loopback_address_alone(serve):
    server = serve()
    assert server.server_address[0] == "127.0.0.1"
    assert len(server.token) >= 32
    assert serve("Concepts", name="other").token != server.token


def test_the_page_loads_nothing_and_sets_texts_as_texts(serve):
    status, headers, page = ask(serve(), "")
    assert status == 200
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    nonce = re.search(r"script-src 'nonce-([\w-]+)'", headers["Content-Security-Policy"])[1]
    assert page.count(f'nonce="{nonce}"') == 2
    source = PAGE_FILE.read_text(encoding="utf-8")
    assert re.findall(r"(?:https?:)?//[\w.]+", source.replace("http://www.w3.org/2000/svg", "")) == []
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(| on\w+=", source)
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("body", "headers", "expected"),
    [
        (b"{", {}, 400),
        (b"[1]", {}, 400),
        (b"[" * 50000, {}, 400),
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b"x" * (MOST_REQUEST_BYTES + 1), {}, 413),
        ({"turn": 2, "action": "NOTHING"}, {}, 400),
        ({"turn": 2, "action": ""}, {}, 400),
        ({"turn": 2, "action": 3}, {}, 400),
        ({"turn": 1, "action": "HINT"}, {}, 409),
        ({}, {}, 409),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(serve, body, headers, expected):
    server = serve()
    status, _, got = ask(server, "reply", body, headers=headers)
    assert status == expected
    assert "\n" not in got["error"]
    assert len(server.table.course.desk.transcript) == 2
    assert ask(server, "elsewhere")[0] == 404


# --- playing -------------------------------------------------------------------------------


@pytest.mark.parametrize("memory", ["transcript", "notebook", "none"])
def test_a_whole_course_is_that_of_the_terminal(serve, tmp_path, memory):
    server = serve(memory=memory)
    notes = None if memory == "none" else "<b>note</b>"
    _, _, state = ask(server)
    rng, taken = np.random.default_rng(0), []
    while not state["done"]:
        assert state["compared"] is None
        if not state["closing"]:
            taken.append(int(rng.integers(5)))
        action = "" if state["closing"] else state["actions"][taken[-1]][0]
        status, state = reply(server, state["turn"], action, notes)
        assert status == 200
        assert (state["marks"] is None) == (memory != "transcript" and not state["done"])
    other = open_course("Concepts", tmp_path / "other", memory=memory)
    if notes:
        other.write_notes(notes)
    for action in taken:
        if other.closing:
            other.turn_page()
        other.act(action)
    assert state["compared"]["marks"][0] == pytest.approx(other.rows["mark"].tolist(), abs=1e-6)
    assert state["pages"] == [list(page) for page in other.present]
    assert [mark for chapter, _, mark in state["marks"] if chapter == 6] == [None] * 3
    assert (tmp_path / "study.json").exists()
    assert reply(server, state["turn"], "HINT")[0] == 400
    assert open_course("Concepts", tmp_path, edition=0, memory=memory).desk.done


def test_of_two_browsers_one_answers_a_page(serve):
    """However many answer at once, one is heard; the others are told, and see what became of the page."""
    server = serve()
    for _ in range(10):
        turn = server.table.state()["turn"]
        heard, start = [], threading.Barrier(4)

        def answer(action, turn=turn, start=start, heard=heard):
            start.wait()
            heard.append(reply(server, turn, action)[0])

        threads = [threading.Thread(target=answer, args=(f"BIN_{n}",)) for n in range(1, 5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(heard) == [200, 409, 409, 409]
        assert server.table.state()["turn"] == turn + 2


def test_notes_are_kept_by_themselves_and_never_run_over(serve, tmp_path):
    server = serve()
    assert reply(server, 2, notes="x" * 2500)[0] == 200
    assert open_course("Concepts", tmp_path).notes == "x" * 2000
    assert reply(serve(memory="none"), 2, notes="y")[0] == 400


def test_a_browser_that_goes_away_is_no_news(serve, capsys):
    server = serve()
    link = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=30)
    link.putrequest("POST", f"/{server.token}/reply")
    link.putheader("Content-Length", "100")
    link.endheaders(b"{")
    link.close()
    assert ask(server)[0] == 200
    assert capsys.readouterr().err == ""


def test_ctrl_c_ends_it_and_the_course_is_kept(tmp_path, monkeypatch):
    course = open_course("Concepts", tmp_path)
    course.act(0)

    def interrupted(self):
        raise KeyboardInterrupt

    said = []
    monkeypatch.setattr(web.Server, "serve_forever", interrupted)
    with pytest.raises(KeyboardInterrupt, match="the course is kept"):
        web.serve_web(course, said.append)
    assert re.search(r"http://127\.0\.0\.1:\d+/[\w-]{32,}/ ", said[0])
    assert open_course("Concepts", tmp_path).taken_up
