"""Courses of students that talk: conversations under controls, many at a time, and what was said kept beside them."""

import pathlib
import threading
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Any

import numpy as np

from textbook_gym.authoring.book import read
from textbook_gym.engine.chapter_plan import outline
from textbook_gym.engine.course_options import CourseOptions
from textbook_gym.engine.lanes import Lanes
from textbook_gym.envs.single import BookEnv
from textbook_gym.process_signals import WAKE_SECONDS
from textbook_gym.students.rollout import notes_stream
from textbook_gym.students.scripted_talkers import BookStudent
from textbook_gym.students.text_student import Conversation, Stopped, TextStudent, converse
from textbook_gym.study.controls import CONTROLS, foreign_to
from textbook_gym.study.transcripts import header_of, write_transcript
from textbook_gym.text.desk import Desk, Message
from textbook_gym.text.settings import Settings


class Talk:
    """How a student that talks walks the courses of a book under a control.

    Args:
        control: a key of `CONTROLS` with a `memory`.
        student: who talks.
        book: dotted name of the book's module.
        split: which split edition numbers count in.
        course: a course that the book names; None for the whole book.
        seed: for the student's own randomness.
        folder: of the study: transcripts are kept there; None to keep none.
        salt: of sealed editions; 0 for the public ones.
    """

    def __init__(
        self,
        control: str,
        student: TextStudent,
        book: str,
        *,
        split: str = "test",
        course: str | None = None,
        seed: int = 0,
        folder: pathlib.Path | None = None,
        salt: int = 0,
    ) -> None:
        self.salt = salt
        self.control, self.student, self.split, self.course, self.seed = control, student, split, course, seed
        self.book, self.folder = read(book), folder
        self.how = CONTROLS[control]
        self.settings = student.settings._replace(memory=self.how.memory)
        self.stop = threading.Event()

    def desk(self, alone: tuple[int, int] | None = None, order: str = "book") -> Desk:
        """Return a desk of the course, or of one of its chapters `alone`: number, and how many exercises."""
        return seated_desk(self.book.path, self.settings, self.split, self.course, order, alone, self.salt)

    def conversations(self, edition: int) -> list[Conversation]:
        """Return what is held in an edition, in order: each goes on from the one before if that is its `earlier`."""
        words = (self.book.name, self.course or "whole book", self.split, f"edition {edition}", self.control)
        name = ", ".join((*words, f"seed {self.seed}"))
        make = partial(Conversation, edition=edition, seed=notes_stream(self.seed, edition))
        if self.how.alone:
            parts = outline(self.book, self.course).items()
            return [make(self.desk(alone), name=f"{name}, chapter {alone[0]} alone") for alone in parts]
        if not self.how.foreign:
            return [make(self.desk(order=self.how.order), name=name)]
        number = foreign_to(edition)
        seed = notes_stream(self.seed, edition)
        before = Conversation(self.desk(), number, f"{name}, before it edition {number}", seed)
        return [before, make(self.desk(), name=name, earlier=before)]

    def speakers(self) -> list[TextStudent]:
        """Return who speaks in each exercise of a course."""
        lengths = list(outline(self.book, self.course).values())
        model = BookStudent("model", self.settings)
        halves = len(lengths) // 2
        who: list[TextStudent] = []
        for place, length in enumerate(lengths):
            handed = self.how.model and (self.how.model == "first") == (place < halves)
            who += [model if handed else self.student] * length
        return who

    def walk(self, edition: int) -> np.ndarray:
        """Walk one edition; return records of type `TALK_ROWS`, one an exercise."""
        held, speakers = self.conversations(edition), self.speakers()
        parts = [converse(each, speakers[: each.exercises], self.stop, self.student) for each in held]
        rows = np.concatenate([part for part, each in zip(parts, held, strict=True) if each.edition == edition])
        if self.folder is not None:
            self.keep(self.folder, edition, held, rows)
        return rows

    def keep(self, folder: pathlib.Path, edition: int, held: Sequence[Conversation], rows: np.ndarray) -> None:
        """Write the transcript of a course into a study's folder."""
        messages: list[Message] = []
        for each in held:
            opens: dict[str, Any] = {"chapters": sorted(each.desk.lane.rows)} if self.how.alone else {}
            if each.edition != edition:
                opens = {"edition": each.edition, "counted": False}
            first, *rest = each.transcript
            messages += [{**first, "opens": opens} if len(held) > 1 else first, *rest]
        header = header_of(
            held[0].desk,
            student=self.student.name,
            control=self.control,
            split=self.split,
            edition=edition,
            seed=self.seed,
            course=self.course,
        )
        write_transcript(folder, header, messages, rows)


def seated_desk(
    book: str,
    settings: Settings,
    split: str,
    course: str | None = None,
    order: str = "book",
    alone: tuple[int, int] | None = None,
    salt: int = 0,
) -> Desk:
    """Return a desk of a course, at which an edition's number means what it means in the whole course.

    Args:
        book: dotted name of the book's module.
        settings: of the conversation.
        split: which split edition numbers count in.
        course: a course that the book names; None for the whole book.
        order: of the chapters, "book" or "shuffled".
        alone: a chapter that is all there is, by number, and how many exercises it has.
        salt: of sealed editions.
    """
    options = CourseOptions(episode="book", split=split, order=order, course=course)
    if alone is not None:
        options |= CourseOptions(chapters=[alone[0]], exercises=alone[1])
    env = BookEnv(book, **options)
    assert isinstance(env.lanes, Lanes)
    env.lanes.seal(salt)
    if alone is not None:
        env.lanes.name_editions_as(course)
    return Desk(env, **settings._asdict())


def talk_under(
    control: str,
    student: TextStudent,
    book: str,
    editions: Sequence[int],
    *,
    lanes: int | None = None,
    folder: pathlib.Path | None = None,
    **where: Any,
) -> np.ndarray:
    """Let a student that talks walk editions of a book under a control.

    Args:
        control: a key of `CONTROLS`.
        student: who talks.
        book: dotted name of the book's module.
        editions: edition numbers.
        lanes: conversations held side by side; None for what the student asks for.
        folder: where what was said is kept; None to keep nothing.
        where: split, course, seed and salt, see `Talk`.

    Returns:
        records of type `TALK_ROWS`, shape (editions, exercises of the course).

    Raises:
        ConnectionError: the student's address does not answer; what it did answer is kept in the folder.
    """
    talk = Talk(control, student, book, folder=folder, **where)
    student.begin(folder)
    with ThreadPoolExecutor(lanes or student.lanes, thread_name_prefix="conversation") as pool:
        walked = [pool.submit(talk.walk, edition) for edition in editions]
        try:
            while not ended_walks(walked):
                pass
            return np.stack([done.result() for done in first_failed(walked)])
        except ConnectionError as error:
            kept = "; what was answered is kept, the same command goes on" if folder is not None else ""
            raise ConnectionError(f"{error}{kept}") from None
        finally:
            talk.stop.set()
            for waiting in walked:
                waiting.cancel()


def ended_walks(walked: Sequence["Future[np.ndarray]"]) -> bool:
    """Wait a moment; return whether all is walked, or something failed.

    A main thread that waits without an end is not everywhere woken up by a signal: whoever interrupts a study must not
    pay for the rest of the conversations.
    """
    done, waiting = wait(walked, timeout=WAKE_SECONDS, return_when=FIRST_EXCEPTION)
    return not waiting or any(each.exception() is not None for each in done)


def first_failed(walked: Sequence["Future[np.ndarray]"]) -> Sequence["Future[np.ndarray]"]:
    """Return the work, that which failed of itself first, so that its error is the one that is raised."""
    errors = [(f, f.exception()) for f in walked if f.done() and not f.cancelled()]
    return [*(f for f, error in errors if error is not None and not isinstance(error, Stopped)), *walked]
