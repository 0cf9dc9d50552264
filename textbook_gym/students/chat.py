"""Language models behind an OpenAI-compatible address as students.

    student = "chat:http://127.0.0.1:8000/v1#my-model?max_tokens=400"
    study([student], protocol="seminar", folder="study")

The replies are kept in the folder of the study.
"""

import pathlib
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from textbook_gym.errors import did_you_mean
from textbook_gym.students.endpoint import Answer, Endpoint
from textbook_gym.students.text_student import Conversation, TextStudent
from textbook_gym.text.settings import Settings

CONVERSATIONS = 8  # conversations side by side, unless told otherwise
CHAT = "chat:"
REPLIES = "replies.sqlite"  # file of a study's folder that holds what was answered


class ChatStudent(TextStudent):
    """A language model behind an address; see `chat_student` for how it is written.

    Args:
        name: in the table.
        connect: makes the endpoint, given the file that keeps its answers (None: none are kept).
        settings: what its conversations are like.
        lanes: conversations side by side.
        prices: of a million tokens read, and of a million written.
    """

    def __init__(
        self,
        name: str,
        connect: Callable[[pathlib.Path | None], Endpoint],
        settings: Settings | None = None,
        lanes: int = CONVERSATIONS,
        prices: tuple[float, float] | None = None,
    ) -> None:
        super().__init__(name, settings)
        self.lanes, self.prices = lanes, prices
        self._connect, self._endpoint = connect, None
        self._lock = threading.Lock()

    _endpoint: Endpoint | None

    def begin(self, folder: pathlib.Path | None) -> None:
        """Open the connection, and the file of what was answered."""
        self.close()
        self._endpoint = self._connect(None if folder is None else folder / REPLIES)

    def speak(self, conversation: Conversation) -> Answer:
        """Ask the model."""
        with self._lock:
            if self._endpoint is None:
                self._endpoint = self._connect(None)
        desk = conversation.desk
        tools = desk.tools if self.settings.answer == "tool" else ()
        turn = f"{conversation.name}, message {len(desk.transcript)}"
        seed = conversation.seed >> 33  # 31 bits, which every endpoint takes
        return self._endpoint.ask(conversation.messages, turn=turn, seed=seed, tools=tools)

    def close(self) -> None:
        """Close connections and cache."""
        if self._endpoint is not None:
            self._endpoint.close()
        self._endpoint = None


def read_prices(text: str) -> tuple[float, float]:
    """Return prices from "IN/OUT".

    Raises:
        ValueError: there are none.
    """
    read, said = map(float, text.split("/"))
    if not (0.0 <= read < float("inf") and 0.0 <= said < float("inf")):
        raise ValueError(text)
    return read, said


def at_least_one(text: str) -> int:
    """Return a whole number from 1.

    Raises:
        ValueError: it is none.
    """
    if int(text) < 1:
        raise ValueError(text)
    return int(text)


CHAT_OPTIONS: dict[str, tuple[Callable[[str], Any], str]] = {
    "temperature": (float, "the temperature of sampling, a number"),
    "max_tokens": (at_least_one, "the most tokens of a reply, a whole number >= 1"),
    "timeout": (float, "the seconds for a reply, a number"),
    "attempts": (at_least_one, "how often a request is made before it counts as failed, a whole number >= 1"),
    "patience": (float, "the seconds before a second attempt, a number"),
    "key": (str, "the environment variable that holds the key"),
    "prices": (read_prices, "the prices of a million tokens read and written, such as 0.15/0.60"),
    "lanes": (at_least_one, "how many conversations are held side by side, a whole number >= 1"),
    "preface": (str, "what the first message tells: rules, bare or full"),
    "answer": (str, "how the model is asked to answer: tag, json or tool"),
    "notebook_chars": (at_least_one, "the characters of the notebook, a whole number >= 1"),
    "reply_chars": (at_least_one, "the characters of a reply that are read, a whole number >= 1"),
}
"""What may stand behind the model's name: option -> how it is read, and what it is."""


def split_chat(given: str) -> tuple[str, str, str]:
    """Return address, model and options of `chat:URL#MODEL?option=value&...`.

    Raises:
        ValueError: there is no address or no model.
    """
    url, _, rest = given.removeprefix(CHAT).partition("#")
    model, _, query = rest.partition("?")
    if not url or not model:
        raise ValueError(f"student {given!r}: name address and model, as in {CHAT}http://127.0.0.1:8000/v1#my-model")
    return url, model, query


def chat_student(given: str) -> ChatStudent:
    """Return the student of `chat:URL#MODEL?option=value&...`; the options are those of `CHAT_OPTIONS`.

    Args:
        given: such as `chat:http://127.0.0.1:8000/v1#my-model?max_tokens=400&temperature=0`.

    Raises:
        ValueError: there is no address or model, or an option is not known.

    Example:
        >>> student = chat_student("chat:http://127.0.0.1:8000/v1#my-model?temperature=0.7&lanes=4")
        >>> student.name, student.lanes
        ('my-model', 4)
    """
    url, model, query = split_chat(given)
    options: dict[str, Any] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in CHAT_OPTIONS:
            hint = did_you_mean(name, list(CHAT_OPTIONS))
            raise ValueError(f"student {given!r}: no option {name!r}{hint}; there are {', '.join(CHAT_OPTIONS)}")
        try:
            options[name] = CHAT_OPTIONS[name][0](value)
        except ValueError:
            raise ValueError(f"student {given!r}: {name}={value!r}; give {CHAT_OPTIONS[name][1]}") from None
    lanes, prices = options.pop("lanes", CONVERSATIONS), options.pop("prices", None)
    talk = Settings(**{k: options.pop(k) for k in list(options) if k in Settings._fields}).checked()

    def connect(cache: pathlib.Path | None) -> Endpoint:
        return Endpoint(url, model, cache=cache, **options)

    connect(None).close()  # an address that is none is refused now
    return ChatStudent(model, connect, talk, lanes, prices)
