"""Students that read and talk: functions of a conversation, and the book's own students in words.

    def reply(messages):
        return "<action>PULL_A</action>"

    study([Talker(reply, "stubborn")], ["Bandits"], course="seminar", editions=4)

A student of this kind answers conversations (see `textbook_gym.text.desk`); it never sees an observation. What it
remembers is what it is shown: the conversation so far, its notebook, or only the present exercise. Language models
behind an address are `textbook_gym.students.chat`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from textbook_gym.authoring.records import Row
from textbook_gym.errors import one_of
from textbook_gym.students.endpoint import Answer
from textbook_gym.students.text_student import Conversation, TextStudent
from textbook_gym.text.course_view import NO_ACTION, Lane
from textbook_gym.text.desk import Message
from textbook_gym.text.settings import Settings
from textbook_gym.text.tools import Tools


class Talker(TextStudent):
    """A function of the messages as a student: `reply(messages) -> str`.

    Args:
        reply: takes all messages that are shown now, `{"role": ..., "content": ...}` each, and returns the next one.
        name: in the table.
        settings: what its conversations are like.
        lanes: conversations side by side; with more than one, `reply` is called from several threads.

    Example:
        >>> Talker(lambda messages: "<action>PULL_A</action>", "stubborn").name
        'stubborn'
    """

    def __init__(
        self,
        reply: Callable[[list[Message]], str],
        name: str = "talker",
        settings: Settings | None = None,
        lanes: int = 1,
    ) -> None:
        super().__init__(name, settings)
        self.reply, self.lanes = reply, lanes

    def speak(self, conversation: Conversation) -> Answer:
        """Return what the function returns."""
        said = self.reply(list(conversation.messages))
        if not isinstance(said, str):
            raise ValueError(f"student {self.name!r} said {said!r}; a reply is a string")
        return Answer(said, [], False, 0, 0)


class BookStudent(TextStudent):
    """A student that the book brings along, in words: the model student, the oracle, or chance.

    It looks at what the words say, not at the words, and names its action as a reply does. It learns from whatever
    happens at the desk, whoever speaks.

    Example:
        >>> BookStudent("oracle").name
        'oracle'
    """

    def __init__(self, name: str = "model", settings: Settings | None = None) -> None:
        super().__init__(one_of("name", name, ["model", "oracle", "random"]), settings)

    def sit(self, conversation: Conversation) -> None:
        """Follow the course; what is known of an earlier one is brought along."""
        earlier = conversation.earlier.minds.get(self) if conversation.earlier is not None else None
        wiped = conversation.desk.settings.memory == "none"
        mind = Mind(conversation.desk.lane, conversation.seed, wiped, earlier)
        conversation.minds[self] = mind
        if self.name == "model":
            conversation.desk.lane.watchers.append(mind)

    def speak(self, conversation: Conversation) -> Answer:
        """Name the action that the student takes."""
        mind, desk = conversation.minds[self], conversation.desk
        if self.name == "model":
            action = mind.answer()
        elif self.name == "oracle":
            action = desk.lane.oracle()
        else:
            rng = np.random.default_rng([conversation.seed, len(desk.transcript)])
            action = int(rng.integers(len(desk.lane.book.actions)))
        return named_talker(desk.lane.book, desk.settings.answer, action)


def named_talker(book: Any, form: str, action: int) -> Answer:
    """Return an action as a reply of the form that is asked for."""
    name = book.actions[action]
    if form == "tool":
        return Answer("", [("", *Tools(book).call_of(action))], False, 0, 0)
    said = f"<action>{name}</action>" if form == "tag" else f'{{"action": "{name}"}}'
    return Answer(said, [], False, 0, 0)


class Mind:
    """The model student at one desk: its notes, kept up to date."""

    def __init__(self, lane: Lane, seed: int, wiped: bool, earlier: "Mind | None" = None) -> None:
        self._lane, self._wiped = lane, wiped
        self._notes: np.ndarray = np.zeros(1, lane.book.notes) if earlier is None else earlier._notes.copy()
        if earlier is None:
            self._notes["rng"] = seed
        self._row = Row(self._notes[0])

    def answer(self) -> int:
        """Return the action that it takes."""
        lane = self._lane
        return int(lane.book.module.answer(lane.row, self._row, wide(lane.seen, lane.book)))

    def turned(self, lane: Lane) -> None:
        """Look at a fresh page."""
        if self._wiped:
            kept = self._notes[["rng", "lacks"]].copy()
            self._notes[:] = np.zeros(1, lane.book.notes)
            self._notes[["rng", "lacks"]] = kept
        lane.book.turn_page(self._notes)
        lane.book.module.open_page(lane.row, self._row, wide(lane.seen, lane.book))

    def acted(self, lane: Lane, before: Row, action: int) -> None:
        """Study what an action brought."""
        if action != NO_ACTION:
            now = wide(lane.seen, lane.book)
            lane.book.module.study(lane.row, self._row, wide(before, lane.book), action, now)


def wide(seen: Row, book: Any) -> Row:
    """Return an observation as model students take it: the same signals, in double precision."""
    record = np.zeros(1, book.observation_type("f8"))
    for name in record.dtype.names or ():
        record[name] = seen._void[name]
    return Row(record[0])
