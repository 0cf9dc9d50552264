"""A course as a conversation: the book is the user, the student the assistant."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from textbook_gym.engine.serialization import seal, unseal
from textbook_gym.envs.single import LaneEnv
from textbook_gym.text import words
from textbook_gym.text.course_view import NO_ACTION, make_lane
from textbook_gym.text.desk_state import read_state
from textbook_gym.text.notes import Notes
from textbook_gym.text.reply_parser import INVALID, LONGEST_NAME, TRUNCATED, Read, Reader
from textbook_gym.text.settings import Settings, chosen_of
from textbook_gym.text.tools import Tools

DESK_FORMAT = "textbook_gym desk 1"
EPISODES = ("book", "exercise")
NOTHING_SAID = "..."  # stands for a reply without words, since some endpoints refuse an empty message

Message = dict[str, Any]
"""`{"role": "system" | "user" | "assistant" | "tool", "content": ...}`, tool calls as in OpenAI's schema."""


class Turn(NamedTuple):
    """What follows a reply.

    Example:
        >>> desk = Desk("textbook/ConceptsSeminar-v1")
        >>> [message["role"] for message in desk.open(seed=0)]
        ['system', 'user']
        >>> turn = desk.reply("<action>BIN_1</action>")
        >>> [message["role"] for message in turn.messages], turn.reward, turn.fresh
        (['user'], 0.0, False)
    """

    messages: list[Message]  # the new ones only; the history is never changed
    reward: float  # not 0 only where an exercise ended; the sum over a course is the rise of its grades
    terminated: bool  # the course is over (with episode="exercise": the exercise)
    truncated: bool  # it was cut short by `finish`
    info: dict[str, Any]  # as of the flat environment, and `DESK_INFO`
    fresh: bool  # a new context begins with `messages`


DESK_INFO = ("invalid", *(f"invalid_{kind}" for kind in INVALID), "note_cut")
"""What info tells besides: why the reply could not be read ("" if it could), how many of each kind there have been in
this course, and how many characters of a note were cut."""


class Desk:
    """One course of one book as a conversation. It knows no model, no tokenizer and no network.

    `open` gives the first messages, `reply` (or `call`, for tool calls) takes what the student says and gives what
    follows, up to the end of the course. Pages are turned without being asked: every reply is one action. A reply that
    names no legal action costs a step of its exercise and is answered by a correction. Any number of desks can be open
    at a time, each goes at its own pace.

    What the student remembers is the experiment. With "transcript" it sees the whole conversation. With "none" every
    exercise begins a new context (`Turn.fresh`). With "notebook" so it does, headed by a notebook that the student
    writes itself; an exercise is then followed by one more reply, which is read for notes alone and costs no step.

    Args:
        env: an id, such as `textbook/Bandits-v1`, or an environment as `gym.make(...).unwrapped` returns it.
        memory: "transcript", "notebook" or "none".
        preface: what the system message tells: "rules", "bare" (actions alone) or "full" (rules, and the form of what
            is hidden).
        answer: how the student is asked to answer: "tag", "json" or "tool". Every form is understood.
        notebook_chars: characters that the notebook holds.
        reply_chars: characters of a reply that are read, the last ones; reasoning does not count.
        episode: what a conversation is: a "book", or an "exercise", after which `open()` turns the page.
        env_keywords: keywords of the flat environment, for an id: split, chapters, exercises, reward, ...

    Raises:
        ValueError: a value is not known.

    Example:
        >>> desk = Desk("textbook/Bandits-v1", chapters=[1, "exam"], exercises=[1, 1])
        >>> messages = desk.open(edition=7)
        >>> turn = desk.reply("Arm A first. <action>PULL_A</action>")
        >>> desk.done
        False
    """

    def __init__(
        self,
        env: str | LaneEnv,
        *,
        memory: str = "transcript",
        preface: str = "rules",
        answer: str = "tag",
        notebook_chars: int = 2000,
        reply_chars: int = 4000,
        episode: str = "book",
        **env_keywords: Any,
    ) -> None:
        self.settings = Settings(memory, preface, answer, notebook_chars, reply_chars).checked()
        if isinstance(env, str):
            env_keywords["episode"] = chosen_of("episode", episode, EPISODES)
        self.lane = make_lane(env, **env_keywords)
        self._by_exercise = self.lane.settings["episode"] == "exercise"
        self.transcript: list[Message] = []
        """Every message of the course so far, replies without their reasoning."""
        self._start = 0  # where in it the present context begins
        self._notes = Notes(notebook_chars)
        self._stage = "closed"  # or "open", or "closing": a reply is read for notes before the page is turned
        self._steps = 0  # replies to this exercise
        self._counts = dict.fromkeys(INVALID, 0)
        self._invalid, self._cut = "", 0
        self.total = 0.0
        """Sum of the rewards so far."""
        if self.lane.book is not None:
            self._look_up()

    # --- what a student is shown ---

    @property
    def context(self) -> list[Message]:
        """The messages that the student must be shown now: all from the last fresh turn on."""
        return self.transcript[self._start :]

    @property
    def pending(self) -> list[Message]:
        """The messages that wait for a reply."""
        said = [i for i, m in enumerate(self.transcript) if m["role"] == "assistant"]
        return self.transcript[max(self._start, said[-1] + 1 if said else 0) :]

    @property
    def tools(self) -> list[dict[str, Any]]:
        """The actions as tools, in OpenAI's function schema; in the library once an edition is open."""
        return self._tools.schema(self.settings.keeps_notes)

    @property
    def done(self) -> bool:
        """Whether no reply is expected."""
        return self._stage == "closed"

    @property
    def notebook(self) -> str:
        """What stands in the notebook."""
        return self._notes.text

    @property
    def info(self) -> dict[str, Any]:
        """What the last turn's `info` was, by name; see `Turn`."""
        counts = {f"invalid_{kind}": n for kind, n in self._counts.items()}
        return {**self.lane.info, "invalid": self._invalid, **counts, "note_cut": self._cut}

    @property
    def replies(self) -> int:
        """The most replies that a course of this book can take; in the library once an edition is open."""
        rows = self.lane.rows.values()
        closing = sum(p.exercises for p in rows) - 1 if self.settings.keeps_notes else 0
        return int(sum(p.exercises * p.limit for p in rows) + closing)

    # --- the conversation ---

    def open(
        self, seed: int | None = None, edition: int | Mapping[str, Any] | None = None, **options: Any
    ) -> list[Message]:
        """Begin a course and return its first messages.

        Args:
            seed: names a sequence of editions; the first is opened. The same seed is the same world.
            edition: number of the edition to open, or its fields. The same number is the same world. With neither seed
                nor edition the next edition of the seed follows, or, with episode="exercise", the next page.
            options: other places that `reset(options=...)` of the flat environment knows: chapter, state, book.

        Raises:
            ValueError: a seed, edition or option is not known; the conversation is as it was.
        """
        options = {k: v for k, v in {**options, "edition": edition}.items() if v is not None}
        number = self.lane.info["edition"] if self.lane.opened else None
        unbegun = self._stage == "open" and self._steps == 0
        self.lane.open(seed, options or None)
        goes_on = seed is None and not options.keys() & {"edition", "chapter", "book"}
        if not goes_on or number is None or number != self.lane.info["edition"]:
            self._begin()
            return self.context
        if unbegun and not options:  # the same page again: alone, or at the head of its context
            return self.context if len(self.context) == 2 else self.transcript[-1:]
        return self._show_page()

    def reply(self, text: str | None, cut: bool = False) -> Turn:
        """Take what the student says, in any form (see `textbook_gym.text.reply_parser`).

        Args:
            text: the reply.
            cut: whether it was stopped at a limit of tokens: if it cannot be read, that is why.

        Raises:
            RuntimeError: the course is over or not begun.
            TypeError: the reply is no string.
        """
        self._expect()
        read = self._reader.read(text)
        if cut and read.invalid:
            read = read._replace(invalid=TRUNCATED)
        return self._answer({"role": "assistant", "content": read.said or NOTHING_SAID}, read)

    def call(self, name: str, arguments: Mapping[str, Any] | str | None = None, call_id: str | None = None) -> Turn:
        """Take a tool call of the student.

        Args:
            name: of the tool.
            arguments: its arguments, as a mapping or, as endpoints send them, as JSON.
            call_id: the id of the call; None for one of the desk's own. The answer is a message of role "tool" with it.

        Raises:
            RuntimeError: the course is over or not begun.
        """
        self._expect()
        name = str(name)[:LONGEST_NAME]
        written = arguments if isinstance(arguments, str) else json.dumps(arguments or {}, default=str)
        written = written[: self.settings.reply_chars]
        call_id = call_id or f"call_{len(self.transcript)}"
        called = {"id": call_id, "type": "function", "function": {"name": name, "arguments": written}}
        message: Message = {"role": "assistant", "content": "", "tool_calls": [called]}
        return self._answer(message, self._tools.read(name, written), call_id)

    def finish(self) -> Turn:
        """End a conversation that is cut short: exercises that were not worked count 0, and the grades follow.

        Call it wherever a rollout may stop early (turns, tokens or time run out): the sum of rewards stays the rise of
        grades. After the end of a course it changes nothing.

        Raises:
            RuntimeError: nothing was opened yet.
        """
        if not self.lane.opened:
            raise RuntimeError("nothing to finish before the first open()")
        if self.lane.info["book_done"]:
            return Turn([], 0.0, True, False, self.info, False)
        reward = 0.0
        while not self.lane.info["book_done"]:
            if self.lane.info["exercise_done"]:
                self.lane.turn()
            reward += self.lane.step(NO_ACTION)
        self.total += reward
        self._stage, self._invalid, self._cut = "closed", "", 0
        said = f"{words.CUT_SHORT} The book is over."
        return Turn(self._add(said), reward, False, True, self.info, False)

    def save(self) -> bytes:
        """Return course and conversation as bytes: `load` goes on from here, in any process.

        Raises:
            RuntimeError: nothing was opened yet.
        """
        if not self.lane.opened:
            raise RuntimeError("nothing to save before the first open()")
        state = {
            "transcript": self.transcript,
            "start": self._start,
            "notes": self._notes.text,
            "stage": self._stage,
            "steps": self._steps,
            "counts": self._counts,
            "invalid": self._invalid,
            "cut": self._cut,
            "total": self.total,
        }
        payload = json.dumps(state).encode() + b"\n" + self.lane.save()
        return seal(DESK_FORMAT, {"settings": self.settings._asdict()}, payload)

    def load(self, data: bytes) -> list[Message]:
        """Go on with what `save` returned; return the messages that wait for a reply.

        Raises:
            ValueError: foreign or damaged bytes, or another book or settings; the desk is as it was.
        """
        head, payload = unseal(DESK_FORMAT, "desk", data)
        saved, here = head.get("settings"), self.settings._asdict()
        if saved != here:
            raise ValueError(f"the saved desk has the settings {saved!r}, this one {here!r}; make one that fits")
        line, _, course = payload.partition(b"\n")
        state = read_state(line, self._notes.budget)
        self.lane.load(course)
        self.transcript, self._start = state["transcript"], state["start"]
        self._notes.text, self._stage = state["notes"], state["stage"]
        self._steps, self.total = state["steps"], state["total"]
        self._counts, self._invalid, self._cut = state["counts"], state["invalid"], state["cut"]
        self._look_up()
        return self.pending

    # --- inside ---

    def _expect(self) -> None:
        if self._stage == "closed":
            raise RuntimeError("the course is over or not begun, so no reply is expected; call open()")

    def _look_up(self) -> None:
        """Look up what depends on the book, which in the library is another for every edition."""
        book = self.lane.book
        self._words, self._tools = words.words_of(book), Tools(book)
        self._reader = Reader(book.actions, self.settings.answer, self.settings.reply_chars, self._tools.action)

    def _begin(self) -> None:
        """Begin the conversation of a course with its first page."""
        self._look_up()
        self.transcript, self._notes.text, self.total = [], "", 0.0
        self._counts = dict.fromkeys(INVALID, 0)
        self._new_context()
        self._add(self._page())

    def _new_context(self) -> None:
        """Begin a context with the system message."""
        lane, settings = self.lane, self.settings
        budget = settings.notebook_chars if settings.keeps_notes else None
        said = words.preface(lane.book, lane.rows, lane.shuffled, settings.preface, settings.answer, budget)
        self._start = len(self.transcript)
        self.transcript.append({"role": "system", "content": said})

    def _add(self, said: str, tool_call: str | None = None) -> list[Message]:
        """Add what the book says to the transcript, as a message of its own."""
        message: Message = {"role": "user", "content": said}
        if tool_call is not None:
            message = {"role": "tool", "tool_call_id": tool_call, "content": said}
        self.transcript.append(message)
        return [message]

    def _page(self) -> str:
        """Return the page of an exercise that was just posed."""
        lane, info = self.lane, self.lane.info
        self._stage, self._steps, self._invalid, self._cut = "open", 0, "", 0
        parts = [words.head(lane.book, lane.rows, lane.shuffled, info)]
        if self.settings.keeps_notes:
            parts.append(words.notebook(self._notes.text))
        return "\n".join([*parts, self._words.say(lane.row, None, None, lane.seen)])

    def _show_page(self, said: str = "", tool_call: str | None = None) -> list[Message]:
        """Show the exercise that was just posed, after what else there is to say; return the new messages."""
        if self.settings.memory == "transcript":
            return self._add("\n\n".join(filter(None, (said, self._page()))), tool_call)
        if said:
            self._add(said, tool_call)
        self._new_context()
        self._add(self._page())
        return self.context

    def _answer(self, message: Message, read: Read, tool_call: str | None = None) -> Turn:
        """Enter a reply and return what follows."""
        self.transcript.append(message)
        self._cut = 0
        if self.settings.keeps_notes:
            self._cut = sum(self._notes.write(kind, text) for kind, text in read.notes)
        if self._stage == "closing":
            return self._noted(tool_call)
        self._invalid = read.invalid
        if read.invalid:
            self._counts[read.invalid] += 1
        self._steps += 1
        lane, before = self.lane, self.lane.seen
        reward = lane.step(NO_ACTION if read.action is None else read.action)
        self.total += reward
        parts = [words.note_cut(self._cut)] if self._cut else []
        if read.action is None:
            parts.append(words.correction(read, self.settings.answer, lane.book.actions))
        parts.append(self._words.say(lane.row, before, read.action, lane.seen))
        if lane.info["exercise_done"]:
            return self._ended("\n".join([*parts, words.over(lane.row, lane.info)]), reward, tool_call)
        return Turn(self._add("\n".join(parts), tool_call), reward, False, False, self.info, False)

    def _ended(self, said: str, reward: float, tool_call: str | None) -> Turn:
        """Return what follows the reply that ended an exercise."""
        info = self.info  # of the exercise that ended, not of the page that follows
        keeps_notes = self.settings.keeps_notes
        if info["book_done"] or (self._by_exercise and not keeps_notes):
            self._stage = "closed"
            return Turn(self._add(said, tool_call), reward, True, False, info, False)
        if keeps_notes:
            self._stage = "closing"
            said = f"{said}\n{words.close(self.settings.answer)}"
            return Turn(self._add(said, tool_call), reward, False, False, info, False)
        self.lane.turn()
        return Turn(self._show_page(said, tool_call), reward, False, False, info, self.settings.memory == "none")

    def _noted(self, tool_call: str | None) -> Turn:
        """Return what follows the reply that closes an exercise: it was read for notes alone."""
        self._invalid = ""
        said = words.note_cut(self._cut) if self._cut else words.PAGE_TURNED
        info = {**self.info, "exercise_done": False}  # it ended a reply ago
        if self._by_exercise:
            self._stage = "closed"
            return Turn(self._add(said, tool_call), 0.0, True, False, info, False)
        self.lane.turn()
        return Turn(self._show_page(said, tool_call), 0.0, False, False, info, True)
