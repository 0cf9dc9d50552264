"""A language model behind an OpenAI-compatible address: asked, asked again where that helps, and paid for once.

    endpoint = Endpoint("http://127.0.0.1:8000/v1", "my-model")
    answer = endpoint.ask([{"role": "user", "content": "..."}])

What is answered is kept in one file under a digest of the request and of who asks (`turn`), so that a study which is
cut short and begun again asks, and pays, for nothing twice. The key for the address is read from the environment at
every request; it is written nowhere.
"""

import contextlib
import hashlib
import json
import os
import pathlib
import random
import sqlite3
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

ChatMessage = dict[str, Any]

RETRIED = {408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529}
"""Status codes that may pass: too many requests, and errors on the other side."""
LONGEST_WAIT = 60.0  # seconds between two attempts
SHOWN_REPLY = 200  # characters of a foreign answer that a message shows
TOO_LONG = ("context_length", "context length", "maximum context", "too many tokens", "prompt is too long")
"""What endpoints say where a conversation has outgrown the model; in lower case."""


class Answer(NamedTuple):
    """What a model said."""

    text: str
    calls: list[tuple[str, str, str]]  # tool calls: id, name, arguments as JSON
    cut: bool  # whether it was stopped at the limit of tokens
    prompt_tokens: int
    completion_tokens: int
    kept: bool = False  # whether it was in the cache: nothing was asked or paid


class TooLong(ValueError):
    """The conversation does not fit into the model's context."""


class Endpoint:
    """An address that speaks OpenAI's chat completions, with a model.

    Args:
        url: up to and with the version, such as `http://127.0.0.1:8000/v1`.
        model: name of the model.
        temperature: of sampling; None for the endpoint's own.
        max_tokens: tokens of an answer at the most; None for the endpoint's own.
        key: name of the environment variable that holds the key, if there is one.
        timeout: seconds for an answer.
        attempts: how often a request is made before it counts as failed.
        patience: seconds before the second attempt; they double with every further one.
        cache: file of the answers; None to keep none.

    Raises:
        ValueError: the address is none, or the key holds what cannot be sent.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        temperature: float | None = None,
        max_tokens: int | None = None,
        key: str = "OPENAI_API_KEY",
        timeout: float = 120.0,
        attempts: int = 6,
        patience: float = 1.0,
        cache: pathlib.Path | None = None,
    ) -> None:
        import httpx

        if not url.startswith(("http://", "https://")) or "@" in url.partition("://")[2].partition("/")[0]:
            raise ValueError(f"address {url!r}: give one such as http://127.0.0.1:8000/v1, without a key in it")
        self.url, self.model, self.key = url.rstrip("/"), model, key
        secret_in(key)  # is it one that can be sent?
        self.settings = {"temperature": temperature, "max_tokens": max_tokens}
        self.attempts, self.patience = attempts, patience
        self.cache = Cache(cache)
        self._http = httpx.Client(timeout=timeout, limits=httpx.Limits(max_connections=None))

    def ask(
        self, messages: Sequence[ChatMessage], *, turn: str = "", seed: int | None = None, tools: Sequence[Any] = ()
    ) -> Answer:
        """Return what the model says next.

        Args:
            messages: the conversation so far.
            turn: names the conversation and the place in it: the same request of another turn is asked anew.
            seed: for endpoints that sample by one.
            tools: in OpenAI's schema.

        Raises:
            TooLong: the conversation does not fit into the model's context.
            ConnectionError: the address does not answer, or refuses; one line, without the key.
        """
        body: dict[str, Any] = {"model": self.model, "messages": list(messages), "seed": seed, "tools": list(tools)}
        body = {k: v for k, v in {**body, **self.settings}.items() if v not in (None, [])}
        name = hashlib.sha256(json.dumps([self.url, turn, body], sort_keys=True).encode()).hexdigest()
        kept = self.cache.get(name)
        if kept is not None:
            return kept
        answer = self._ask(body)
        self.cache.put(name, answer)
        return answer

    def close(self) -> None:
        """Close connections and cache."""
        self._http.close()
        self.cache.close()

    def _ask(self, body: Mapping[str, Any]) -> Answer:
        """Make a request, again and again where that may help."""
        problem = ""
        for attempt in range(self.attempts):
            if attempt:
                time.sleep(self._wait(attempt, problem))
            problem, answer = self._attempt(body)
            if answer is not None:
                return answer
        raise ConnectionError(f"{self.url} failed {self.attempts} times, the last time: {problem}")

    def _wait(self, attempt: int, problem: str) -> float:
        """Return how many seconds to wait before the next attempt; more for each, and never the same for all."""
        asked = problem.partition("retry after ")[2].split(" ")[0]
        with contextlib.suppress(ValueError):
            return min(float(asked), LONGEST_WAIT)
        return float(min(self.patience * 2 ** (attempt - 1), LONGEST_WAIT)) * random.uniform(0.75, 1.25)

    def _attempt(self, body: Mapping[str, Any]) -> tuple[str, Answer | None]:
        """Make a request once; return what was wrong, or the answer."""
        import httpx

        secret = secret_in(self.key)
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        try:
            got = self._http.post(f"{self.url}/chat/completions", json=body, headers=headers)
        except httpx.TransportError as error:  # time is up, connection refused or closed in the middle
            return f"{type(error).__name__}: {error}"[:SHOWN_REPLY], None
        except httpx.HTTPError as error:
            raise ConnectionError(f"{self.url}: {error}"[:SHOWN_REPLY]) from None
        said = got.text[: SHOWN_REPLY * 5].replace(secret, "***") if secret else got.text[: SHOWN_REPLY * 5]
        said = " ".join(said.split())
        if got.status_code in (400, 413, 422) and any(words in said.lower() for words in TOO_LONG):
            raise TooLong(said[:SHOWN_REPLY])
        if got.status_code in RETRIED:
            after = got.headers.get("retry-after", "")
            return f"status {got.status_code}, " + (f"retry after {after} s, " if after else "") + said[
                :SHOWN_REPLY
            ], None
        if got.status_code != 200:
            raise ConnectionError(f"{self.url} answered with status {got.status_code}: {said[:SHOWN_REPLY]}")
        try:
            return "", read_completion(got.json())
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            return f"no chat completion: {said[:SHOWN_REPLY]!r} ({error!r})"[: 2 * SHOWN_REPLY], None


def secret_in(variable: str) -> str:
    """Return the key that an environment variable holds, without blanks around it; "" if there is none.

    Raises:
        ValueError: it holds what no header can: blanks within, or characters beyond ASCII. The message tells no part.
    """
    secret = os.environ.get(variable, "").strip()
    if not all("!" <= character <= "~" for character in secret):
        raise ValueError(f"the key in {variable} holds a blank or a character beyond ASCII; set it anew")
    return secret


def read_completion(value: Any) -> Answer:
    """Return the answer in a chat completion.

    Raises:
        ValueError: it is none.
    """
    [choice] = value["choices"][:1]
    message = choice["message"]
    calls = [
        (str(c.get("id") or ""), str(c["function"]["name"]), str(c["function"].get("arguments") or "{}"))
        for c in message.get("tool_calls") or ()
    ]
    content = message.get("content")
    text = content if isinstance(content, str) else "".join(p.get("text", "") for p in content or ())
    usage = value.get("usage") or {}
    asked, said = (int(usage.get(k) or 0) for k in ("prompt_tokens", "completion_tokens"))
    return Answer(text, calls, choice.get("finish_reason") == "length", asked, said)


class Cache:
    """Answers by the digest of their request, in one SQLite file: safe against being killed at any moment.

    Answers are appended to a log beside the file, which costs microseconds; a flush to the disk at every answer would
    cost tens of milliseconds, more than a fast endpoint takes. A killed process loses nothing, and a machine without
    power at most the last answers. Where the log cannot be had every answer is flushed.

    Args:
        path: the file; None to keep nothing.
    """

    def __init__(self, path: pathlib.Path | None) -> None:
        self._lock = threading.Lock()
        self._file: sqlite3.Connection | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._file = sqlite3.connect(path, timeout=60.0, check_same_thread=False)
                [mode] = self._file.execute("PRAGMA journal_mode = WAL").fetchone()
                self._file.execute(f"PRAGMA synchronous = {'NORMAL' if mode == 'wal' else 'FULL'}")
                self._file.execute("CREATE TABLE IF NOT EXISTS answers (name TEXT PRIMARY KEY, answer TEXT NOT NULL)")
                self._file.commit()
            except sqlite3.Error as error:
                raise OSError(f"cannot keep answers in {path}: {error}; choose another folder") from None

    def get(self, name: str) -> Answer | None:
        """Return a kept answer, or None."""
        if self._file is None:
            return None
        with self._lock:
            row = self._file.execute("SELECT answer FROM answers WHERE name = ?", (name,)).fetchone()
        return None if row is None else Answer(*json.loads(row[0]))._replace(kept=True)

    def put(self, name: str, answer: Answer) -> None:
        """Keep an answer."""
        if self._file is None:
            return
        try:
            with self._lock, self._file:
                self._file.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (name, json.dumps(answer)))
        except sqlite3.Error as error:
            raise OSError(f"cannot keep an answer: {error}; make room, the same command goes on") from None

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
