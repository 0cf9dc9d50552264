"""Students that read and talk: language models, functions of a conversation, and the book's own students in words.

    study(["chat:http://127.0.0.1:8000/v1#my-model?max_tokens=400"], ["Bandits"], protocol="seminar")

A student of this kind answers conversations (see `textbook_gym.text.desk`); it never sees an observation. What it
remembers is what it is shown: the conversation so far, its notebook, or only the present exercise.
"""

import functools
import hashlib
import pathlib
from collections.abc import Callable, Sequence
from typing import Any, Protocol
from urllib.parse import parse_qsl

import numpy as np

from textbook_gym.authoring.records import Row
from textbook_gym.errors import did_you_mean
from textbook_gym.students.endpoint import Answer, Endpoint, TooLong
from textbook_gym.text.desk import Desk, Message
from textbook_gym.text.settings import Settings

LANES = 8  # conversations side by side, unless told otherwise
CHAT = "chat:"


class Conversation:
    """A desk with a student at it.

    Attributes:
        desk: the course.
        before: messages of an earlier course that the student is shown, too, ahead of this one's.
        name: of the course, for those who keep what was said.
        seed: of the student's own randomness.
    """

    def __init__(self, desk: Desk, name: str, seed: int = 0, before: Sequence[Message] = ()) -> None:
        self.desk, self.name, self.seed = desk, name, seed
        self.before = list(before)

    @property
    def messages(self) -> list[Message]:
        """What the student is shown now."""
        if not self.before:
            return self.desk.context
        own = [{**m, "role": "user"} if m["role"] == "system" else m for m in self.desk.context]
        return [*self.before, *own]  # one system message, at the head


class TextStudent(Protocol):
    """Whoever answers conversations.

    Attributes:
        name: in the table.
        lanes: conversations that it holds side by side.
        settings: what its conversations are like; the memory is the control's.
    """

    name: str
    lanes: int
    settings: Settings

    def speak(self, conversation: Conversation) -> Answer:
        """Return what the student says next. Called from several threads, once at a time for each conversation.

        Raises:
            TooLong: the conversation has outgrown the student; it is cut there.
        """

    def watch(self, conversation: Conversation, before: Row | None, action: int | None) -> None:
        """Take in what a reply brought; `before` is None where a page was turned. Only the book's own students look."""

    def close(self) -> None:
        """Let go of what is open."""


class Talker:
    """A function of the messages as a student: `reply(messages) -> str`.

    Example:
        >>> Talker(lambda messages: "<action>PULL_A</action>", "stubborn")
    """

    lanes = 1

    def __init__(
        self, reply: Callable[[list[Message]], str], name: str = "talker", settings: Settings | None = None
    ) -> None:
        self.reply, self.name = reply, name
        self.settings = (settings or Settings()).checked()

    def speak(self, conversation: Conversation) -> Answer:
        """Return what the function returns."""
        said = self.reply(conversation.messages)
        if not isinstance(said, str):
            raise ValueError(f"student {self.name!r} said {said!r}; a reply is a string")
        return Answer(said, [], False, 0, 0)

    def watch(self, conversation: Conversation, before: Row | None, action: int | None) -> None:
        """Nothing to look at."""

    def close(self) -> None:
        """Nothing is open."""


class ChatStudent:
    """A language model behind an address; see `chat_student` for how it is written."""

    def __init__(self, name: str, endpoint: Endpoint, settings: Settings, lanes: int = LANES) -> None:
        self.name, self.endpoint, self.lanes = name, endpoint, lanes
        self.settings = settings.checked()

    def speak(self, conversation: Conversation) -> Answer:
        """Ask the model."""
        desk = conversation.desk
        tools = desk.tools if self.settings.answer == "tool" else ()
        turn = f"{conversation.name}, message {len(desk.transcript)}"
        return self.endpoint.ask(conversation.messages, turn=turn, seed=conversation.seed, tools=tools)

    def watch(self, conversation: Conversation, before: Row | None, action: int | None) -> None:
        """It is told what it needs."""

    def close(self) -> None:
        """Close connections and cache."""
        self.endpoint.close()


class BookStudent:
    """A student that the book brings along, in words: the model student, the oracle, or chance.

    It looks at what the words say, not at the words, and names its action as a reply does.
    """

    lanes = 1

    def __init__(self, name: str, settings: Settings | None = None) -> None:
        self.name = name
        self.settings = (settings or Settings()).checked()
        self._notes: dict[int, Row] = {}

    def speak(self, conversation: Conversation) -> Answer:
        """Name the action that the student takes."""
        lane = conversation.desk.lane
        notes = self._of(conversation)
        if self.name == "oracle":
            action = lane.oracle()
        elif self.name == "model":
            action = int(lane.book.module.answer(lane.row, notes, wide(lane.seen, lane.book)))
        else:
            action = int(np.random.default_rng([conversation.seed, len(conversation.desk.transcript)]).integers(
                len(lane.book.actions)
            ))  # fmt: skip
        return Answer(f"<action>{lane.book.actions[action]}</action>", [], False, 0, 0)

    def watch(self, conversation: Conversation, before: Row | None, action: int | None) -> None:
        """Have the model student study what a reply brought."""
        if self.name != "model":
            return
        lane, notes = conversation.desk.lane, self._of(conversation)
        rules, now = lane.book.module, wide(lane.seen, lane.book)
        if before is None:
            if conversation.desk.settings.memory == "none":
                notes = self._of(conversation, afresh=True)
            lane.book.turn_page(notes._void)
            rules.open_page(lane.row, notes, now)
        elif action is not None:
            rules.study(lane.row, notes, wide(before, lane.book), action, now)

    def close(self) -> None:
        """Forget everything."""
        self._notes.clear()

    def _of(self, conversation: Conversation, afresh: bool = False) -> Row:
        key = id(conversation)
        if key not in self._notes or afresh:
            notes = np.zeros(1, conversation.desk.lane.book.notes)
            notes["rng"] = conversation.seed if not afresh else self._notes[key].rng
            self._notes[key] = Row(notes[0])
        return self._notes[key]


def wide(seen: Row, book: Any) -> Row:
    """Return an observation as model students take it: the same signals, in double precision."""
    record = np.zeros(1, book.seen("f8"))
    for name in record.dtype.names or ():
        record[name] = seen._void[name]
    return Row(record[0])


OPTIONS: dict[str, tuple[Callable[[str], Any], str]] = {
    "temperature": (float, "of sampling"),
    "max_tokens": (int, "tokens of a reply at the most"),
    "timeout": (float, "seconds for a reply"),
    "key": (str, "environment variable that holds the key"),
    "lanes": (int, "conversations side by side"),
    "preface": (str, "what the first message tells: rules, bare or full"),
    "answer": (str, "how the model is asked to answer: tag, json or tool"),
    "notebook_chars": (int, "characters of the notebook"),
    "reply_chars": (int, "characters of a reply that are read"),
}
"""What may stand behind the model's name."""


def chat_student(given: str, folder: pathlib.Path | None = None) -> ChatStudent:
    """Return the student of `chat:URL#MODEL?option=value&...`; the options are those of `OPTIONS`.

    Args:
        given: such as `chat:http://127.0.0.1:8000/v1#my-model?max_tokens=400&temperature=0`.
        folder: where answers are kept; None to keep none.

    Raises:
        ValueError: there is no address or model, or an option is not known.
    """
    url, mark, rest = given.removeprefix(CHAT).partition("#")
    model, _, query = rest.partition("?")
    if not mark or not model:
        raise ValueError(f"student {given!r}: name address and model, as in {CHAT}http://127.0.0.1:8000/v1#my-model")
    options: dict[str, Any] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in OPTIONS:
            hint = did_you_mean(name, list(OPTIONS))
            raise ValueError(f"student {given!r}: no option {name!r}{hint}; there are {', '.join(OPTIONS)}")
        try:
            options[name] = OPTIONS[name][0](value)
        except ValueError:
            raise ValueError(f"student {given!r}: {name}={value!r}; give {OPTIONS[name][1]}") from None
    lanes = options.pop("lanes", LANES)
    if lanes < 1:
        raise ValueError(f"student {given!r}: lanes={lanes}; give {OPTIONS['lanes'][1]}, at least 1")
    talk = Settings(**{k: options.pop(k) for k in list(options) if k in Settings._fields}).checked()
    cache = folder / "replies.sqlite" if folder is not None else None
    return ChatStudent(model, Endpoint(url, model, cache=cache, **options), talk, lanes)


@functools.cache
def course_seed(name: str) -> int:
    """Return a seed (31 bits) that a course's name gives: the same in every process."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "little") >> 1


__all__ = ["Answer", "BookStudent", "ChatStudent", "Conversation", "Talker", "TextStudent", "TooLong", "chat_student"]
