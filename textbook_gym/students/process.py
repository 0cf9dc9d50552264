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

    {"lane": 0, "wipe": false, "observation": [0.25, ...], "info": {"chapter": 1, "exercise": 1, "exercise_done": false,
     "mark": 0.0, "grade": 0.31, ...}, "tell": "..."}

    `wipe`: forget everything that was learned in this lane, then act. `info` is Gymnasium's. Once `exercise_done` is
    true the observation is the last of the exercise, `mark` its mark, and any action turns the page; with `book_done`
    the course is over. `tell` is there if it was asked for. The answer is {"action": 3}, {"action": "PULL_D"}, or just
    3 or "PULL_D".

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
import tempfile
import threading
from typing import Any

import numpy as np

from textbook_gym.authoring.book import Book
from textbook_gym.authoring.fields import HEADER
from textbook_gym.authoring.records import Row
from textbook_gym.engine.syllabus import make_plan
from textbook_gym.errors import did_you_mean

PROTOCOL = 1
PATIENCE = 2.0  # seconds that a process has to end by itself
SHOWN = 200  # characters of a foreign line that a message shows


class ProcessAgent:
    """A command as a student; see the top of this file. The process starts with the first course of a block.

    Args:
        command: a line for the shell.
        timeout: seconds that it has for every answer.

    Raises:
        ValueError: there is no command, or `timeout` is not positive.
    """

    lanes = 1

    def __init__(self, command: str, timeout: float) -> None:
        if not command.strip():
            raise ValueError("student 'cmd:': a command is missing, as in cmd:python my_agent.py")
        if not timeout > 0:
            raise ValueError(f"timeout={timeout!r}: give a number of seconds > 0")
        self.command, self.timeout = command, timeout
        self.name = f"cmd:{command}"
        self.process: subprocess.Popen[str] | None = None

    def begin(self, book: Book, lanes: int, seed: int) -> None:
        """Start the process if there is none, and say hello."""
        self.book, self.plan = book, make_plan(book)
        self.wiped = np.ones(lanes, np.bool_)
        self.over = np.zeros(lanes, np.bool_)
        if self.process is None:
            self._start()
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
        self._write([hello])
        answer = self._read()
        self.tells = isinstance(answer, dict) and answer.get("tell") is True

    def act(self, observations: np.ndarray, info: dict[str, np.ndarray]) -> np.ndarray:
        """Write a line for every course that is not over, or not known to be, then read as many."""
        actions = np.zeros(len(observations), np.int64)
        going = np.flatnonzero(~(info["book_done"] & self.over)).tolist()
        self.over = info["book_done"]
        self._write([self._page(i, observations[i], {k: v[i].item() for k, v in info.items()}) for i in going])
        self.wiped[going] = False
        for i in going:
            actions[i] = self._action(self._read())
        return actions

    def wipe(self, mask: np.ndarray) -> None:
        """Tell the process with the next line of these lanes."""
        self.wiped |= mask

    def close(self) -> None:
        """End the process, by force if it does not end by itself."""
        process, self.process = self.process, None
        if process is None:
            return
        with contextlib.suppress(OSError):
            if process.stdin:
                process.stdin.close()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            pass
        finally:
            end(process)
            self.errors.close()

    def _start(self) -> None:
        """Start the process, in a group of its own, and a thread that reads its lines."""
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115  # closed in `close`
        self.process = subprocess.Popen(
            self.command,
            shell=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        self.lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.line = ""  # the last one received
        threading.Thread(target=forward, args=(self.process.stdout, self.lines), daemon=True).start()

    def _page(self, i: int, observation: np.ndarray, info: dict[str, Any]) -> dict[str, Any]:
        """Return what one lane shows."""
        page = {"lane": i, "wipe": bool(self.wiped[i]), "observation": observation.tolist(), "info": info}
        if self.tells:
            seen = observation.view(self.book.seen())[0]
            page["tell"] = self.book.tell(Row(self.plan[info["chapter"] - 1]), Row(seen))
        return page

    def _write(self, pages: list[dict[str, Any]]) -> None:
        """Write lines to the process; that it has ended shows when it is read from."""
        assert self.process is not None
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write("".join(json.dumps(page) + "\n" for page in pages))
            self.process.stdin.flush()

    def _read(self) -> Any:
        """Return the value of the next line."""
        try:
            line = self.lines.get(timeout=self.timeout)
        except queue.Empty:
            raise self._failed(f"did not answer within {self.timeout:g} s; see --timeout") from None
        if not line:
            assert self.process is not None
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(PATIENCE)
            raise self._failed(f"ended with status {self.process.returncode} before it answered")
        self.line = line
        try:
            return json.loads(line)
        except ValueError:
            raise self._failed('did not answer in JSON, as {"action": 0} would be') from None

    def _action(self, answer: Any) -> int:
        """Return the action that an answer names by number or name."""
        actions = self.book.actions
        chosen = answer.get("action") if isinstance(answer, dict) else answer
        if isinstance(chosen, str) and chosen in actions:
            return actions.index(chosen)
        if isinstance(chosen, int) and not isinstance(chosen, bool) and 0 <= chosen < len(actions):
            return chosen
        hint = did_you_mean(chosen, list(actions)) if isinstance(chosen, str) else ""
        listed = ", ".join(f"{n} {name}" for n, name in enumerate(actions))
        raise self._failed(f"named no action of {self.book.name}{hint}, which takes {listed}")

    def _failed(self, why: str) -> ValueError:
        """Return an error of one line: the student, what it did, the last line received, its last words."""
        said = repr(self.line.rstrip("\n")[:SHOWN]) if self.line else "none"
        with contextlib.suppress(OSError, ValueError):
            self.errors.seek(0)
            words = self.errors.read().decode("utf-8", "replace").split("\n")
            spoken = [w.strip() for w in words if w.strip()]
            if spoken:
                why += f"; its last words: {spoken[-1][:SHOWN]!r}"
        return ValueError(f"student {self.name!r} {why} (last line received: {said})")


def forward(stream: Any, lines: "queue.SimpleQueue[str]") -> None:
    """Put every line of a stream into a queue, and an empty one at its end."""
    with contextlib.suppress(ValueError, OSError):
        for line in stream:
            lines.put(line)
    lines.put("")


def end(process: "subprocess.Popen[str]") -> None:
    """Kill a process and what it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
    if process.stdout:
        process.stdout.close()
