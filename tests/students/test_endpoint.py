"""A model behind an address: what passes is tried again, what is paid for is kept, keys are written nowhere."""

import pytest
from helpers.chat_server import serving

pytest.importorskip("httpx")

from textbook_gym.students.endpoint import Endpoint, TooLong

HELLO = [{"role": "user", "content": "hello"}]


@pytest.fixture
def server():
    with serving(lambda messages: f"you said {messages[-1]['content']}") as made:
        yield made


@pytest.fixture
def endpoint(server, tmp_path):
    made = Endpoint(server.url, "scripted", patience=0.01, timeout=2.0, cache=tmp_path / "replies.sqlite")
    yield made
    made.close()


def test_it_says_what_the_model_says(server, endpoint):
    answer = endpoint.ask(HELLO, seed=3)
    assert answer.text == "you said hello"
    assert answer.prompt_tokens > 0
    assert answer.completion_tokens > 0
    assert not answer.cut
    assert server.requests == [{"model": "scripted", "messages": HELLO, "seed": 3}]


@pytest.mark.parametrize("fault", [429, 500, 503, "slow", "closed", "json", "shape"])
def test_what_may_pass_is_asked_again(server, endpoint, fault):
    server.faults = [fault, fault]
    assert endpoint.ask(HELLO).text == "you said hello"
    assert len(server.requests) == 3


def test_what_does_not_pass_is_said_in_one_line(server, endpoint, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    server.faults = [500] * 9
    with pytest.raises(ConnectionError, match="failed 6 times, the last time: status 500") as caught:
        endpoint.ask(HELLO)
    assert "\n" not in str(caught.value)
    server.faults = [401]
    with pytest.raises(ConnectionError, match="status 401") as caught:
        endpoint.ask(HELLO)
    assert "secret" not in str(caught.value)
    assert set(server.keys) == {"Bearer sk-secret"}


def test_nothing_there_is_said_in_one_line():
    endpoint = Endpoint("http://127.0.0.1:9/v1", "m", patience=0.01, attempts=2)
    with pytest.raises(ConnectionError, match="failed 2 times"):
        endpoint.ask(HELLO)
    for wrong in ("127.0.0.1:9", "https://user:key@example.org/v1"):
        with pytest.raises(ValueError, match="give one such as"):
            Endpoint(wrong, "m")


def test_a_conversation_that_is_too_long_is_told_apart(server, endpoint, monkeypatch):
    monkeypatch.setattr("helpers.chat_server.Handler.do_POST", lambda self: self.say(
        b'{"error": {"code": "context_length_exceeded"}}', 400))  # fmt: skip
    with pytest.raises(TooLong):
        endpoint.ask(HELLO)


def test_nothing_is_paid_for_twice(server, endpoint, tmp_path):
    first = endpoint.ask(HELLO, turn="edition 1, reply 1")
    again = endpoint.ask(HELLO, turn="edition 1, reply 1")
    assert again == first._replace(kept=True)
    endpoint.ask(HELLO, turn="edition 2, reply 1")  # another conversation samples anew
    assert len(server.requests) == 2
    other = Endpoint(server.url, "scripted", cache=tmp_path / "replies.sqlite")
    assert other.ask(HELLO, turn="edition 1, reply 1").kept
    assert len(server.requests) == 2


def test_keys_are_written_nowhere(server, endpoint, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    endpoint.ask(HELLO)
    assert b"sk-secret" not in b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())


@pytest.mark.parametrize("key", ["sk-sec ret", "sk-sec\nret", "sk-secr\u00e8t", "sk-\udcffsecret"])
def test_a_key_that_cannot_be_sent_is_refused_and_not_said(server, monkeypatch, key):
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(ValueError, match="the key in OPENAI_API_KEY holds a blank or") as refused:
        Endpoint(server.url, "scripted")
    assert "sec" not in str(refused.value)


@pytest.mark.parametrize("around", ["{}\n", " {}\r\n", "{}"])
def test_blanks_around_a_key_are_not_sent(server, endpoint, monkeypatch, around):
    monkeypatch.setenv("OPENAI_API_KEY", around.format("sk-secret"))
    endpoint.ask(HELLO)
    assert server.keys[-1] == "Bearer sk-secret"


def test_a_cut_answer_is_told(server, endpoint):
    server.faults = ["cut", "empty"]
    assert endpoint.ask(HELLO, turn="1").cut
    assert endpoint.ask(HELLO, turn="2").text == ""


def test_a_damaged_file_of_answers_is_said(server, tmp_path):
    (tmp_path / "replies.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(OSError, match="cannot keep answers in"):
        Endpoint(server.url, "scripted", cache=tmp_path / "replies.sqlite")
