"""A transcript as people read it: exercise by exercise, what was thought folded, what could not be read marked.

Nothing is played again here: a transcript of any version is shown, true or not (see `study.replay`).
"""

import difflib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from textbook_gym.registry import find
from textbook_gym.study.transcripts import TalkTranscript
from textbook_gym.text import words
from textbook_gym.text.desk import Message
from textbook_gym.text.notes import Notes
from textbook_gym.text.reply_parser import REASONING, TRUNCATED, Read, Reader
from textbook_gym.text.settings import Settings
from textbook_gym.text.tools import Tools

MOST_SHOWN = 4000  # characters of one text
SHOWN_HEAD, SHOWN_TAIL = 3000, 800  # of a longer one
MOST_NAMED = 80  # of what a reply names instead of an action
MOST_LINES = 300  # of a notebook whose changes are looked for
DIRECTION = (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C)
"""Characters that turn the direction of what follows, so that a line reads otherwise than it is."""
VISIBLE = {c: chr(0x2400 + c) for c in range(32) if chr(c) not in "\n\t"} | {0x7F: "\u2421"}
VISIBLE |= {c: f"[U+{c:04X}]" for c in (*range(0x80, 0xA0), *DIRECTION)}
"""Characters that nobody sees -> what stands for them."""


class Text(NamedTuple):
    """A text, cut in the middle if it is very long."""

    head: str
    left_out: int = 0  # characters
    tail: str = ""

    @property
    def length(self) -> int:
        """Characters of the whole text."""
        return len(self.head) + self.left_out + len(self.tail)


class Line(NamedTuple):
    """One thing that was said."""

    kind: str  # "book", "student", "rules" (the first message), "fresh" (a new context), "finish" (cut short)
    text: Text
    action: str = ""  # what the reply does
    invalid: str = ""  # why it cannot be read
    named: str = ""  # what stands in it instead of an action
    thought: Text | None = None  # what was thought
    unread: Text | None = None  # the beginning of a reply that was too long
    by: str = ""  # who said it, if that was another
    stopped: bool = False  # at a limit of tokens


class NotebookView(NamedTuple):
    """The notebook as it stands where an exercise begins."""

    lines: list[tuple[str, str]]  # "+" new, "-" gone, " " as before; and the line
    characters: int


class Exercise(NamedTuple):
    """What was said in an exercise, and how it came out."""

    chapter: int
    number: int
    mark: float
    grade: float
    reward: float
    steps: int
    lines: list[Line]
    notebook: NotebookView | None

    @property
    def unreadable(self) -> dict[str, int]:
        """How many replies could not be read, by kind."""
        return dict(Counter(line.invalid for line in self.lines if line.invalid))


class CoursePage(NamedTuple):
    """A course as it is shown."""

    header: dict[str, Any]
    exercises: list[Exercise]
    before: list[tuple[int, list[Line]]]  # courses walked before: edition, and what was said

    @property
    def unreadable(self) -> dict[str, int]:
        """How many replies could not be read, by kind."""
        return dict(sum((Counter(e.unreadable) for e in self.exercises), Counter()))

    @property
    def gain(self) -> float:
        """Mean over chapters of how far the grade rose."""
        chapters = {e.chapter for e in self.exercises}
        return sum(e.reward for e in self.exercises) / max(1, len(chapters))


def course_of(transcript: TalkTranscript) -> CoursePage:
    """Return a transcript as it is shown.

    Raises:
        ValueError: its book is not known here.
    """
    student = Listener(transcript.header)
    before, messages = [], list(transcript.messages)
    while "opens" in messages[0] and not messages[0]["opens"].get("counted", True):
        stop = next((i for i, m in enumerate(messages) if i and "opens" in m), len(messages))
        edition = messages[0]["opens"].get("edition", transcript.header["edition"])
        before.append((edition, [student.line(m) for m in messages[:stop]]))
        messages = messages[stop:]
        if not messages:
            break
    exercises = []
    parts = divided(messages, transcript.rows, student.settings.memory == "transcript")
    for row, part in zip(transcript.rows, parts, strict=True):
        notebook = student.turn_page() if student.settings.keeps_notes and part else None
        lines = [student.line(m, closing) for m, closing in with_closing(part, row["steps"])]
        place = row["chapter"], row["exercise"]
        exercises.append(Exercise(*place, row["mark"], row["grade"], row["reward"], row["steps"], lines, notebook))
    return CoursePage(transcript.header, exercises, before)


def divided(messages: Sequence[Message], rows: Sequence[Any], one_context: bool) -> Iterator[list[Message]]:
    """Yield the messages of each exercise: none for one that was never begun, the rest with the last one.

    In one context a message can end an exercise and begin the next; it is divided between them.
    """
    place = 0
    for k, row in enumerate(rows):
        part: list[Message] = []
        replies = 0
        while place < len(messages):
            message = messages[place]
            if part and message["role"] == "system" and k + 1 < len(rows):
                break
            if one_context and replies == row["steps"] and message["role"] != "assistant" and k + 1 < len(rows):
                said, _, page = message["content"].rpartition("\n\n")
                if page and place + 1 < len(messages) and messages[place + 1]["role"] == "assistant":
                    messages = [*messages[:place], {**message, "content": page}, *messages[place + 1 :]]
                    part += [{**message, "content": said}] if said else []
                    break
            part.append(message)
            replies += message["role"] == "assistant"
            place += 1
        yield part


def with_closing(messages: Sequence[Message], steps: int) -> Iterator[tuple[Message, bool]]:
    """Yield messages, and whether each is a reply after the exercise's last step, which is read for notes alone."""
    replies = 0
    for message in messages:
        replies += message["role"] == "assistant"
        yield message, message["role"] == "assistant" and replies > steps


class Listener:
    """Reads what was said in one course, as a desk with these settings does.

    Args:
        header: of the transcript.

    Raises:
        ValueError: the book is not known here.
    """

    def __init__(self, header: dict[str, Any]) -> None:
        self.settings = Settings(**header["settings"])
        book = find(header["book"])
        self._actions, self._tools = book.actions, Tools(book)
        self._reader = Reader(book.actions, self.settings.answer, self.settings.reply_chars, self._tools.action)
        self._notes = Notes(self.settings.notebook_chars)
        self._before = ""
        self._rules = ""

    def turn_page(self) -> NotebookView:
        """Return the notebook, and what is new in it since the last page."""
        was, now = self._before.splitlines(), self._notes.text.splitlines()
        self._before = self._notes.text
        if max(len(was), len(now)) > MOST_LINES:
            lines = [(" ", line) for line in now[:MOST_LINES]]
        else:
            lines = [(d[0], d[2:]) for d in difflib.Differ(charjunk=None).compare(was, now) if d[0] in "+- "]
        return NotebookView([(sign, short(line).head) for sign, line in lines], len(self._notes.text))

    def line(self, message: Message, closing: bool = False) -> Line:
        """Return a message as it is shown; `closing`: it is read for notes alone."""
        content = message["content"]
        if message["role"] == "assistant":
            return self._reply(message, closing)
        if message["role"] == "system":
            kind = "fresh" if content == self._rules else "rules"
            self._rules = content
            return Line(kind, short(content))
        if content.startswith(words.CUT_SHORT):
            return Line("finish", short(content))
        if self.settings.keeps_notes:  # it is shown by itself
            content = content.replace(words.notebook(self._notes.text) + "\n", "", 1)
        return Line("book", short(content))

    def _reply(self, message: Message, closing: bool) -> Line:
        content: str = message["content"]
        raw: str = message.get("raw", content)
        if "tool_calls" in message:
            called = message["tool_calls"][0]["function"]
            read = self._tools.read(called["name"], called["arguments"])
            content, rest, reasoned = f"{called['name']}({called['arguments']})", raw.strip(), True
        else:
            read = self._reader.read(raw)
            content = read.said
            rest = raw.strip().removesuffix(content).strip()
            reasoned = REASONING.search(rest) is not None
        for kind, text in read.notes if self.settings.keeps_notes else ():
            self._notes.write(kind, text)
        thought = short(rest) if rest else None
        stopped = bool(message.get("cut", False))
        invalid = "" if closing else TRUNCATED if stopped and read.invalid else read.invalid
        return Line(
            "student",
            short(content),
            action=self._action(read, closing),
            invalid=invalid,
            named=short(read.named[:MOST_NAMED]).head if invalid else "",
            thought=thought if reasoned else None,
            unread=None if reasoned else thought,
            by=message.get("by", ""),
            stopped=stopped,
        )

    def _action(self, read: Read, closing: bool) -> str:
        return "" if closing or read.action is None else str(self._actions[read.action])


def short(text: str) -> Text:
    """Return a text as it is shown: cut in the middle if it is very long, control characters made visible."""
    if len(text) <= MOST_SHOWN:
        return Text(text.translate(VISIBLE))
    left_out = len(text) - SHOWN_HEAD - SHOWN_TAIL
    return Text(text[:SHOWN_HEAD].translate(VISIBLE), left_out, text[-SHOWN_TAIL:].translate(VISIBLE))
