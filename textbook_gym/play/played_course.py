"""One person's course: the pages of the desk, put down and taken up again.

A person sees the pages that a language model gets and nothing else; only how to answer is worded for people. What a
person types is read by `keys.Keys`, not by the desk: a typing slip is no unreadable reply, so it costs no step. A model
that cannot keep a form lacks something that matters where it is used; a finger that misses a key tells nothing about
learning.

Marks are not taken from the conversation, which does not show those of the exam: once a course is over, its actions are
walked again, like those of any student.
"""

import json
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from textbook_gym.atomic_write import beside
from textbook_gym.engine.lanes import Lanes
from textbook_gym.engine.loops import ROWS, Wipe
from textbook_gym.engine.serialization import seal, unseal
from textbook_gym.play.keys import Keys
from textbook_gym.registry import find, id_of
from textbook_gym.students.base import PERSON, Agent, Reference
from textbook_gym.students.rollout import walk
from textbook_gym.text import words
from textbook_gym.text.desk import Desk, Message, Turn
from textbook_gym.text.reply_parser import NOTE_TAGS, REASONING
from textbook_gym.text.settings import Settings

PLAYED_FORMAT = "textbook_gym played course 2"
SPLIT = "test"
ANSWER = "tag"
HOW = (
    "Every step, take one action: press its button, or type its key, its name, or the beginning of its name. A typing "
    "slip costs nothing."
)
WRITE_DOWN = "Write down what you want to keep; this costs no step."
SAVED_HEAD = ("book", "course", "edition", "name", "memory")
"""Names of what tells one course from another."""


class Replay:
    """A student that takes the actions of a course that was played."""

    name, remembers = "replay", True

    def __init__(self, actions: Sequence[int]) -> None:
        self._left = list(actions)

    def begin(self, book: Any, lanes: int, seed: int) -> None:
        """There is nothing to forget."""

    def act(self, observations: np.ndarray, info: dict[str, np.ndarray]) -> np.ndarray:
        """Return the next action; where a page is turned, any."""
        turns = bool(info["exercise_done"][0] or info["book_done"][0])
        return np.array([0 if turns or not self._left else self._left.pop(0)])

    def wipe(self, mask: np.ndarray) -> None:
        """There is nothing to forget."""


class PlayedCourse:
    """One person's course of one edition; `open_course` begins it or takes it up.

    Attributes:
        desk: the course as a conversation.
        keys: how actions are typed.
        notes: the player's notebook. With memory "notebook" the page shows it; else it is paper beside the game.
        results: chapter, exercise and mark of every exercise that is over; no mark in the exam.
        rows: records of type `ROWS`, one an exercise, once the course is over; else None.

    Example:
        >>> course = PlayedCourse("Concepts", "seminar", 7, "ada", "transcript", pathlib.Path("played"))
        >>> turn = course.act(0)
        >>> course.taken_up, course.rows is None
        (True, True)
    """

    def __init__(self, book: str, course: str, edition: int, name: str, memory: str, folder: pathlib.Path) -> None:
        found = find(book)
        self.book, self.course, self.edition, self.name, self.memory = found.name, course, edition, name, memory
        self.folder = folder
        self.desk = Desk(id_of(found.name), memory=memory, answer=ANSWER, split=SPLIT, **course_keywords(course))
        self.keys = Keys(found.actions)
        self.chapters = found.chapters
        self.notes = ""
        self.results: list[tuple[int, int, float | None]] = []
        self.rows: np.ndarray | None = None
        self._actions: list[int] = []
        self._kept: bytes | None = None  # what this course last wrote to its file
        if self.file.exists():
            self._load(self.file.read_bytes())
        else:
            self.desk.open(seed=0, edition=edition)

    @property
    def file(self) -> pathlib.Path:
        """Where the course is kept."""
        return self.folder / "courses" / f"{player(self.name, self.memory)}-{self.edition}.course"

    @property
    def student(self) -> str:
        """What the player is called in the table."""
        return PERSON + player(self.name, self.memory)

    @property
    def taken_up(self) -> bool:
        """Whether something was played already."""
        return bool(self._actions)

    @property
    def closing(self) -> bool:
        """Whether an exercise is over and the page waits to be turned, so that the notebook can be written."""
        return self.memory == "notebook" and not self.desk.done and bool(self.desk.info["exercise_done"])

    @property
    def preface(self) -> str:
        """The preface."""
        return self._for_people(self.desk.context[0]["content"])

    def page(self, messages: Sequence[Message]) -> str:
        """Return what the book says in these messages, without prefaces."""
        said = [m["content"] for m in messages if m["role"] == "user"]
        return self._for_people("\n\n".join(said))

    @property
    def shows_marks(self) -> bool:
        """Whether the marks so far may be seen: the memory keeps them in sight, or the course is over."""
        return self.memory == "transcript" or self.desk.done

    @property
    def present(self) -> list[tuple[str, str]]:
        """All that the memory keeps on the page: ("book" or "you", text), without the preface."""
        pages = []
        for message in self.desk.context[1:]:
            if message["role"] == "user":
                pages.append(("book", self._for_people(message["content"])))
            else:
                pages.append(("you", message["content"].rpartition("<action>")[2].partition("</action>")[0]))
        return [(who, text) for who, text in pages if text]

    def act(self, action: int) -> Turn:
        """Take an action and keep the course.

        Raises:
            RuntimeError: the course is over, or was played on elsewhere meanwhile.
        """
        turn = self._reply(f"<action>{self.keys.actions[action]}</action>", [action])
        if turn.info["exercise_done"]:
            chapter = turn.info["chapter"]
            exam = bool(self.desk.lane.rows[chapter].exam)
            self.results.append((chapter, turn.info["exercise"], None if exam else turn.info["mark"]))
        if self.desk.done:
            self.rows = walk_course(Replay(self._actions), self.book, self.course, [self.edition])[0]
        self.keep()
        return turn

    def turn_page(self) -> Turn:
        """Turn the page of an exercise that is over, where the notebook is written before."""
        turn = self._reply("", [])
        self.keep()
        return turn

    def write_notes(self, text: str) -> int:
        """Replace the notebook; return how many characters did not fit.

        Raises:
            ValueError: the course is played without notes.
        """
        if self.memory == "none":
            raise ValueError("this course is played without a notebook; begin one with --memory transcript or notebook")
        text = without_tags(text).strip()
        self.notes = text[: self.desk.settings.notebook_chars]
        self.keep()
        return len(text) - len(self.notes)

    def keep(self) -> None:
        """Write the course to its file.

        Raises:
            RuntimeError: somebody else wrote it meanwhile.
        """
        self.file.parent.mkdir(parents=True, exist_ok=True)
        there = self.file.read_bytes() if self.file.exists() else None
        if there != self._kept:
            raise RuntimeError(f"{self.file} was played on elsewhere meanwhile; start again to go on from there")
        state = {
            "actions": self._actions,
            "results": self.results,
            "notes": self.notes,
            "rows": None if self.rows is None else self.rows.tolist(),
        }
        head = {name: getattr(self, name) for name in SAVED_HEAD}
        data = seal(PLAYED_FORMAT, head, json.dumps(state).encode() + b"\n" + self.desk.save())
        with beside(self.file) as part:
            part.write_bytes(data)
        self._kept = data

    # --- inside ---

    def _reply(self, said: str, actions: list[int]) -> Turn:
        if self.memory == "notebook" and self.notes != self.desk.notebook:
            said = f"<notebook>{self.notes}</notebook>\n{said}"
        turn = self.desk.reply(said)
        self._actions += actions
        return turn

    def _load(self, data: bytes) -> None:
        """Go on with what `keep` wrote."""
        head, state, desk = saved_course(data, self.file)
        odd = [name for name in SAVED_HEAD if head[name] != getattr(self, name)]
        if odd:
            raise ValueError(f"{self.file} has {odd[0]}={head[odd[0]]!r}, not {getattr(self, odd[0])!r}; move it away")
        self.desk.load(desk)
        self.notes, self._actions = state["notes"], state["actions"]
        self.results = [(chapter, exercise, mark) for chapter, exercise, mark in state["results"]]
        self.rows = as_rows(state["rows"])
        self._kept = data

    def _for_people(self, text: str) -> str:
        """Return words of the desk with what they say of how to answer put for people."""
        budget = self.desk.settings.notebook_chars
        instead = {
            f"{words.how_to_answer(ANSWER)} {words.COSTS}": HOW,
            words.how_to_note(ANSWER, budget): (
                "From one exercise to the next you keep your notebook and nothing else. You see it at the head of every"
                f" exercise. It holds {budget} characters."
            ),
            words.close(ANSWER): WRITE_DOWN,
        }
        for theirs, ours in instead.items():
            text = text.replace(theirs, ours)
        return text


def course_keywords(course: str) -> dict[str, Any]:
    """Return the keywords of an environment of this course."""
    return {} if course == "book" else {"course": course}


def walk_course(student: Reference | Agent, book: str, course: str, editions: Sequence[int]) -> np.ndarray:
    """Return records of type `ROWS`, shape (editions, exercises), of a student that walks a course of each edition."""
    keywords = course_keywords(course)
    lanes = Lanes(find(book).path, len(editions), episode="book", split=SPLIT, **keywords)
    return walk(student, lanes, editions, Wipe.NEVER)


def player(name: str, memory: str) -> str:
    """Return the name of a player in files and tables: with the memory, unless the whole conversation is shown."""
    return name if memory == Settings().memory else f"{name}+{memory}"


def without_tags(text: str) -> str:
    """Return a note without what the desk would read as the end of it, or as reasoning."""
    while (shorter := REASONING.sub("", NOTE_TAGS.sub("", text))) != text:
        text = shorter
    return text


def saved_course(data: bytes, file: pathlib.Path) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """Return head, state and desk of a course that was kept.

    Raises:
        ValueError: it is damaged, or no course.
    """
    try:
        head, payload = unseal(PLAYED_FORMAT, "played course", data)
        line, _, desk = payload.partition(b"\n")
        state = json.loads(line)
        kinds = {"actions": list, "results": list, "notes": str}
        if any(not isinstance(state[name], kind) for name, kind in kinds.items()):
            raise ValueError("a field of its state is of another kind")
        as_rows(state["rows"])
        return {name: head[name] for name in SAVED_HEAD}, state, desk
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{file} cannot be taken up ({error}); move it away to begin anew") from error


def as_rows(rows: Any) -> np.ndarray | None:
    """Return rows as records of type `ROWS`."""
    return None if rows is None else np.array([tuple(row) for row in rows], ROWS)
