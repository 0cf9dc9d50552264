"""A course as a student that talks walks it: reply by reply, with marks and with what the replies took."""

import pathlib
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from textbook_gym.authoring.records import Row
from textbook_gym.engine.loops import ROWS
from textbook_gym.students.endpoint import Answer, TooLong
from textbook_gym.text.course_view import Done, Lane
from textbook_gym.text.desk import Desk, Message
from textbook_gym.text.settings import Settings

SAID = np.dtype(
    [
        ("calls", "i4"),
        ("empty", "i4"),
        ("truncated", "i4"),
        ("unknown", "i4"),
        ("prompt_tokens", "i8"),
        ("completion_tokens", "i8"),
        ("cost", "f8"),
    ]
)
"""What the replies to one exercise took: how many there were, how many of them could not be read, tokens, and what they
cost (NaN where no prices are known)."""
TALK_ROWS = np.dtype([(d, t[d]) for t in (ROWS, SAID) for d in t.names or ()], align=True)
"""A row of a student that talks: that of all students, and `SAID`."""


class Stopped(Exception):
    """Another conversation of the same study has failed, so this one ends as well."""


class Conversation:
    """A desk with a student at it.

    Attributes:
        desk: the course, not yet opened.
        edition: its number.
        name: of the course, for those who keep what was said.
        seed: of the student's own randomness.
        earlier: a conversation that the student remembers besides, if there is one.
        exercises: how many the course has.
        minds: what a student notes down about this conversation, by student.
    """

    def __init__(
        self, desk: Desk, edition: int, name: str = "", seed: int = 0, earlier: "Conversation | None" = None
    ) -> None:
        self.desk, self.edition, self.name, self.seed, self.earlier = desk, edition, name, seed, earlier
        self.exercises = int(sum(p.exercises for p in desk.lane.rows.values()))
        self.minds: dict[Any, Any] = {}
        self._beside: dict[int, dict[str, Any]] = {}  # place in the transcript -> what a transcript says besides
        self._done: list[Done] = []
        self._said = np.zeros(self.exercises, SAID)
        self._paid = 0.0  # what the present exercise has brought

    @property
    def messages(self) -> list[Message]:
        """What the student is shown now."""
        if self.earlier is None:
            return self.desk.context
        own = [{**m, "role": "user"} if m["role"] == "system" else m for m in self.desk.context]
        return [*self.earlier.messages, *own]  # one system message, at the head

    @property
    def page(self) -> int:
        """How many exercises lie behind the one that a reply belongs to now."""
        return len(self._done) - bool(self._done and self.desk.lane.info["exercise_done"])

    @property
    def rows(self) -> np.ndarray:
        """The exercises that are done, records of type `TALK_ROWS`."""
        rows = np.zeros(len(self._done), TALK_ROWS)
        for name in Done._fields:
            rows[name] = [getattr(done, name) for done in self._done]
        for name in SAID.names or ():
            rows[name] = self._said[name][: len(rows)]
        return rows

    @property
    def transcript(self) -> list[Message]:
        """All messages of the course with `raw`, `cut` and `by` as in `study.transcripts`."""
        return [{**m, **self._beside.get(i, {})} for i, m in enumerate(self.desk.transcript)]

    # --- what happens at the desk ---

    def turned(self, lane: Lane) -> None:
        """A page was turned."""
        self._paid = 0.0

    def acted(self, lane: Lane, before: Row, action: int) -> None:
        """A step was taken: if it ended the exercise, that is a row."""
        self._paid += lane.reward
        if lane.info["exercise_done"]:
            self._done.append(lane.done(self._paid))

    def open(self) -> None:
        """Open the course."""
        self.desk.lane.watchers.append(self)
        self.desk.open(edition=self.edition)

    def enter(self, answer: Answer, prices: tuple[float, float] | None, by: str = "") -> None:
        """Enter what a student says, and what it took; `by` says who spoke, where that is not the course's student."""
        desk, place = self.desk, len(self.desk.transcript)
        said = self._said[self.page]
        if answer.calls:
            call, name, arguments = answer.calls[0]
            turn = desk.call(name, arguments, call or None)
        else:
            turn = desk.reply(answer.text, answer.cut)
        beside = {"raw": answer.text} if desk.transcript[place]["content"] != answer.text else {}
        further = {**beside, **({"cut": True} if answer.cut else {}), **({"by": by} if by else {})}
        if further:
            self._beside[place] = further
        said["calls"] += 1
        if turn.info["invalid"]:
            said[turn.info["invalid"]] += 1
        tokens = answer.prompt_tokens, answer.completion_tokens
        said["prompt_tokens"] += tokens[0]
        said["completion_tokens"] += tokens[1]
        said["cost"] += np.nan if prices is None else sum(n * p for n, p in zip(tokens, prices, strict=True)) / 1e6


class TextStudent:
    """Whoever answers conversations; to be derived from.

    Attributes:
        name: in the table.
        lanes: most conversations that it holds side by side.
        settings: what its conversations are like; what is remembered of them is the control's.
        prices: of a million tokens read, and of a million written; None if they cost nothing that is known.

    Example:
        class Silent(TextStudent):
            def speak(self, conversation):
                return Answer("", [], False, 0, 0)

        table = study([Silent("silent")], ["Concepts"], protocol="seminar")
    """

    lanes = 1
    prices: tuple[float, float] | None = None

    def __init__(self, name: str, settings: Settings | None = None) -> None:
        self.name = name
        self.settings = (settings or Settings()).checked()

    def begin(self, folder: pathlib.Path | None) -> None:
        """Make ready for a block of courses; `folder` is where a study keeps what was said, if anywhere."""

    def sit(self, conversation: Conversation) -> None:
        """Take a seat at a desk that is not yet open."""

    def speak(self, conversation: Conversation) -> Answer:
        """Return what the student says next. Called from several threads, once at a time for each conversation.

        Raises:
            TooLong: the conversation has outgrown the student; it is cut there.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Let go of what is open; `begin` may follow."""


def converse(
    conversation: Conversation,
    speaks: Sequence[TextStudent],
    stop: threading.Event | None = None,
    own: TextStudent | None = None,
    shown: Callable[[Conversation], None] = lambda conversation: None,
) -> np.ndarray:
    """Hold a conversation to its end.

    Where it outgrows a student it is cut there: exercises that were not worked count 0.

    Args:
        conversation: a fresh one.
        speaks: who speaks in each exercise.
        stop: set when the conversation is to end.
        own: whose course it is, where others may speak, too.
        shown: called before every reply with what is to be replied to.

    Returns:
        records of type `TALK_ROWS`, one an exercise.

    Raises:
        Stopped: it was ended.
    """
    for student in dict.fromkeys(speaks):
        student.sit(conversation)
    conversation.open()
    while not conversation.desk.done:
        if stop is not None and stop.is_set():
            raise Stopped
        student = speaks[conversation.page]
        shown(conversation)
        try:
            answer = student.speak(conversation)
        except TooLong:
            conversation.desk.finish()
            break
        conversation.enter(answer, student.prices, "" if own in (None, student) else student.name)
    return conversation.rows
