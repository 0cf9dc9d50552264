"""A student in another process, in any language: one line of JSON in, one line of JSON out.

`textbook-gym study --student "cmd:python my_agent.py"` starts the command through the shell and writes to its standard
input. Every line is answered by one line on its standard output. What it writes to standard error is kept, and shown if
it fails.

1. The first line says what is to come. It may come again: forget everything then and start afresh.

    {"hello": 1, "book": "Bandits", "actions": ["PULL_A", ...], "signals": [{"name": "season", "size": 1, "low": 0.0,
     "high": 1.0, "doc": "..."}, ...], "chapters": ["three arms", ...], "lanes": 1, "seed": 1234567}

    `hello` is the version of this protocol; the signals stand in the observation in this order, each `size` numbers;
    `seed` (0 to 2^31 - 1) is for the student's own randomness: results can be made again only if it is used, or none.
    Any line is an answer. {"tell": true} asks for the page in words at every step, as language models want it.

2. Every other line is a step of one course:

    {"line": 2, "lane": 0, "wipe": false, "observation": [0.25, ...], "info": {"chapter": 1, "exercise": 1,
     "exercise_done": false, "mark": 0.0, "grade": 0.31, ...}, "tell": "..."}

    `wipe`: forget everything that was learned in this lane, then act. `info` is Gymnasium's. Once `exercise_done` is
    true the observation is the last of the exercise, `mark` its mark, and any action turns the page; with `book_done`
    the course is over. `tell` is there if it was asked for. The answer is {"action": 3}, {"action": "PULL_D"}, or just
    3 or "PULL_D". It may name the `line` that it answers, as in {"action": 3, "line": 2}: then that is checked.

    One line is answered by one line. A line that nobody asked for would shift every later answer, so it is an error:
    print whatever else there is to say to standard error.

3. When its standard input ends the process should end too.

Courses come one after another. With `study --lanes 16` sixteen are walked side by side: sixteen lines are written, with
`lane` 0 to 15 (those whose course is over are left out), and as many answers are read, in the same order. Where a
course follows without another hello, what was learned before is to be kept.
"""

import contextlib
import json
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from textbook_gym.authoring.book import Book
from textbook_gym.authoring.observation import HEADER
from textbook_gym.authoring.records import Row
from textbook_gym.engine.chapter_plan import make_plan
from textbook_gym.errors import as_whole, did_you_mean

PROTOCOL = 1
CLOSING_SECONDS = 2.0  # seconds that a process has to end by itself
SHOWN_LINE = 200  # characters of a foreign line that a message shows
LONGEST_ANSWER = 1 << 20  # characters of an answer
WAITING = 1024  # answers that may wait to be read; a process that writes more is held up
LAST_WORDS = 1 << 16  # bytes of standard error that are kept


class ProcessAgent:
    """A command as a student; see the top of this file. The process starts with the first course of a block.

    Args:
        command: a line for the shell.
        timeout: seconds that it has for every answer, to read the question included; `math.inf` for no limit.

    Raises:
        ValueError: there is no command, or `timeout` is not positive.

    Example:
        table = study([ProcessAgent("python my_agent.py", timeout=60.0)], ["Bandits"])  # or "cmd:python my_agent.py"
    """

    lanes = 1

    def __init__(self, command: str, timeout: float) -> None:
        if not command.strip():
            raise ValueError("student 'cmd:': a command is missing, as in cmd:python my_agent.py")
        if not timeout > 0:
            raise ValueError(f"timeout={timeout!r}: give a number of seconds > 0")
        self.command, self.timeout = command, timeout
        self.name = f"cmd:{command}"
        self.process: Process | None = None

    def begin(self, book: Book, lanes: int, seed: int) -> None:
        """Start the process if there is none, and say hello."""
        self.book, self.plan = book, make_plan(book)
        self.wiped = np.ones(lanes, np.bool_)
        self.over = np.zeros(lanes, np.bool_)
        if self.process is None:
            self.process = Process(self.command)
            self.asked = 0
            self.line = ""  # the last one received
        signals = [{**s._asdict(), "size": s.size} for s in (*book.signals, *HEADER)]
        hello = {
            "hello": PROTOCOL,
            "book": book.name,
            "actions": list(book.actions),
            "signals": [{k: s[k] for k in ("name", "size", "low", "high", "doc")} for s in signals],
            "chapters": [c.name for c in book.chapters],
            "lanes": lanes,
            "seed": seed,
        }
        [answer] = self._ask([hello])
        self.tells = isinstance(answer, dict) and answer.get("tell") is True

    def act(self, observations: np.ndarray, info: dict[str, np.ndarray]) -> np.ndarray:
        """Write a line for every course that is not over, or not known to be, then read as many."""
        actions = np.zeros(len(observations), np.int64)
        going = np.flatnonzero(~(info["book_done"] & self.over)).tolist()
        self.over = info["book_done"]
        pages = [self._page(i, observations[i], {k: v[i].item() for k, v in info.items()}) for i in going]
        self.wiped[going] = False
        actions[going] = self._ask(pages, self._action)
        return actions

    def wipe(self, mask: np.ndarray) -> None:
        """Tell the process with the next line of these lanes."""
        self.wiped |= mask

    def close(self) -> None:
        """End the process, by force if it does not end by itself.

        Raises:
            ValueError: it has written a line that no question was asked for: its answers were to other questions.
        """
        process, self.process = self.process, None
        if process is None:
            return
        left = process.close()
        if left.strip():
            self.line = left
            raise self._failed("wrote a line more than it was asked for: its answers were to other questions", process)

    def _page(self, i: int, observation: np.ndarray, info: dict[str, Any]) -> dict[str, Any]:
        """Return what one lane shows."""
        page = {"lane": i, "wipe": bool(self.wiped[i]), "observation": observation.tolist(), "info": info}
        if self.tells:
            seen = observation.view(self.book.observation_type())[0]
            page["tell"] = self.book.tell(Row(self.plan[info["chapter"] - 1]), Row(seen))
        return page

    def _ask(self, pages: list[dict[str, Any]], read: Callable[[Any], Any] = lambda answer: answer) -> list[Any]:
        """Write lines, each with its number, then read and return as many answers."""
        process, first = self.process, self.asked + 1
        assert process is not None
        if process.waiting():
            self.line = process.read(0.0) or ""
            raise self._failed("wrote a line that it was not asked for; one line is answered by one line")
        self.asked += len(pages)
        process.write([json.dumps({"line": first + k, **page}) for k, page in enumerate(pages)])
        return [read(self._answer(first + k)) for k in range(len(pages))]

    def _answer(self, number: int) -> Any:
        """Return the value of the next line, which answers the line of this number."""
        assert self.process is not None
        line = self.process.read(self.timeout)
        if line is None:
            raise self._failed(f"did not answer within {self.timeout:g} s; see --timeout")
        if not line:
            raise self._failed(f"ended with status {self.process.status()} before it answered")
        self.line = line
        if len(line) >= LONGEST_ANSWER:
            raise self._failed(f"wrote a line of {LONGEST_ANSWER} characters or more")
        try:
            answer = json.loads(line)
        except (ValueError, RecursionError):
            raise self._failed('did not answer in JSON, as {"action": 0} would be') from None
        if isinstance(answer, dict) and answer.get("line", number) != number:
            raise self._failed(f"answered line {answer['line']!r} where line {number} was asked")
        return answer

    def _action(self, answer: Any) -> int:
        """Return the action that an answer names by number or name."""
        actions = self.book.actions
        chosen = answer.get("action") if isinstance(answer, dict) else answer
        if isinstance(chosen, str) and chosen in actions:
            return actions.index(chosen)
        number = as_whole(chosen)
        if number is not None and 0 <= number < len(actions):
            return number
        hint = did_you_mean(chosen, list(actions)) if isinstance(chosen, str) else ""
        listed = ", ".join(f"{n} {name}" for n, name in enumerate(actions))
        raise self._failed(f"named no action of {self.book.name}{hint}, which takes {listed}")

    def _failed(self, why: str, process: "Process | None" = None) -> ValueError:
        """Return an error of one line: the student, what it did, the last line received, its last words."""
        said = repr(self.line.rstrip("\n")[:SHOWN_LINE]) if self.line else "none"
        process = process or self.process
        spoken = process.last_words() if process else ""
        if spoken:
            why += f"; its last words: {spoken[:SHOWN_LINE]!r}"
        return ValueError(f"student {self.name!r} {why} (last line received: {said})")


class Process:
    """A command line that is written to, read from and listened to by threads, so that nothing it does blocks for long.

    It runs in a process group of its own, which `close` ends. What is kept of its output is bounded.
    """

    def __init__(self, command: str) -> None:
        self.popen = subprocess.Popen(
            command,
            shell=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._ending = threading.Event()
        self._answers: queue.Queue[str] = queue.Queue(WAITING)  # lines; "" at the end
        self._questions: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()  # None: nothing more comes
        self._words = bytearray()
        self._threads = [threading.Thread(target=f, daemon=True) for f in (self._listen, self._speak, self._overhear)]
        for thread in self._threads:
            thread.start()

    def write(self, lines: list[str]) -> None:
        """Have lines written; that the process does not read them, or has ended, shows when it is read from."""
        self._questions.put("".join(line + "\n" for line in lines).encode())

    def waiting(self) -> bool:
        """Return whether there is a line to read (the end is none)."""
        return not self._answers.empty() and self._answers.queue[0] != ""

    def read(self, timeout: float) -> str | None:
        """Return the next line: "" if the process has ended, None if none comes within so many seconds."""
        try:
            return self._answers.get(timeout=min(timeout, threading.TIMEOUT_MAX))
        except queue.Empty:
            return None

    def status(self) -> int | None:
        """Return the exit status, None if the process closed its output but does not end."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.popen.wait(CLOSING_SECONDS)
        return self.popen.returncode

    def last_words(self) -> str:
        """Return the last line that it wrote to standard error."""
        self._threads[2].join(0.2 if self.popen.poll() is not None else 0.0)  # the words may be on their way
        lines = bytes(self._words).decode("utf-8", "replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def close(self) -> str:
        """End the process; return the first line that nobody has read, or ""."""
        self._questions.put(None)
        until = time.monotonic() + CLOSING_SECONDS
        left = self.read(CLOSING_SECONDS) or ""
        self._ending.set()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.popen.wait(0.0 if left else max(until - time.monotonic(), 0.0))
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self.popen.pid, signal.SIGKILL)  # what it started ends with it
            else:
                self.popen.kill()
        self.popen.wait()
        for thread in self._threads:
            thread.join(CLOSING_SECONDS)  # what has left the group may keep the pipes open
        return left

    def _listen(self) -> None:
        """Queue every line of standard output, or so much of it as may be, and an empty one at the end."""
        assert self.popen.stdout is not None
        with self.popen.stdout as stream, contextlib.suppress(ValueError, OSError):
            while line := stream.readline(LONGEST_ANSWER):
                self._queue(line.decode("utf-8", "replace"))
                if len(line) >= LONGEST_ANSWER or self._ending.is_set():
                    break
        self._queue("")

    def _queue(self, line: str) -> None:
        while not self._ending.is_set():
            with contextlib.suppress(queue.Full):
                self._answers.put(line, timeout=0.1)
                return

    def _speak(self) -> None:
        """Write what is to be written."""
        assert self.popen.stdin is not None
        with contextlib.suppress(OSError), self.popen.stdin as stream:
            while (text := self._questions.get()) is not None:
                stream.write(text)
                stream.flush()

    def _overhear(self) -> None:
        """Keep the end of standard error."""
        assert self.popen.stderr is not None
        with self.popen.stderr as stream, contextlib.suppress(ValueError, OSError):
            while words := os.read(stream.fileno(), LAST_WORDS):
                self._words += words
                del self._words[:-LAST_WORDS]
