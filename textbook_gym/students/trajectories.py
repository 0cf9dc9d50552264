"""Histories: what students saw, did and were marked in whole courses, with what the references would have done.

    who = Recorder(ReferenceAgent("model"))
    histories = who.walk(find("Vocabulary"), range(100))

This is what `textbook-gym record` writes to files, and what in-context learners are trained on.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from textbook_gym.authoring.book import Book
from textbook_gym.engine.chapter_plan import outline
from textbook_gym.engine.labels import Label, Labels
from textbook_gym.engine.lanes import Lanes
from textbook_gym.engine.loops import Wipe
from textbook_gym.students.base import Agent
from textbook_gym.students.rollout import notes_stream, walk


class Histories(NamedTuple):
    """Courses as they were walked, one a row. At step t stands what was seen, and the action taken then.

    The action at a step where an exercise is over turns the page; the one at a course's last step does nothing. Rows
    are padded behind their last step.

    Example:
        histories = Recorder(ReferenceAgent("model")).walk(find("Vocabulary"), range(100))
        lengths = histories.length  # of every course, in steps
    """

    observation: np.ndarray  # float32 (courses, steps, width)
    action: np.ndarray  # int64 (courses, steps), likewise all below
    reward: np.ndarray  # float64: what led here was paid
    mark: np.ndarray  # float64: of the exercise finished just here; 0 elsewhere, and in the exam
    exercise_done: np.ndarray  # bool
    chapter: np.ndarray  # from 1
    exercise: np.ndarray  # from 1
    label: np.ndarray  # int64 (courses, steps, 2): see `Label`, NO_LABEL where any action turns the page
    length: np.ndarray  # int64 (courses,): steps
    pages: list[list[str]]  # (courses, steps): in words, if they were asked for

    @property
    def first(self) -> np.ndarray:
        """Whether an exercise begins at a step, bool (courses, steps)."""
        begins = np.ones(self.action.shape, np.bool_)
        begins[:, 1:] = self.exercise_done[:, :-1] & ~self.exercise_done[:, 1:]
        return begins


class ReferenceAgent:
    """A reference student that acts step by step, as agents from outside do, with the same marks as in `walk`.

    It reads its actions from the labels of the recorder around it.

    Example:
        histories = Recorder(ReferenceAgent("oracle")).walk(find("Vocabulary"), range(100))
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.labels = np.zeros((0, len(Label)), np.int64)  # set by the recorder before each step

    def begin(self, book: Book, lanes: int, seed: int) -> None:
        """Prepare chance, for the student `random`."""
        self._actions, self._rng = len(book.actions), np.random.default_rng(seed)

    def act(self, observations: np.ndarray, info: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return what the reference does; where a page is to be turned, action 0."""
        if self.name == "random":
            return self._rng.integers(0, self._actions, len(observations))
        column = Label.ORACLE if self.name == "oracle" else Label.MODEL
        actions: np.ndarray = np.maximum(self.labels[:, column], 0)
        return actions

    def wipe(self, mask: np.ndarray) -> None:
        """Nothing to forget here: the recorder holds the model student's notes."""


class Recorder:
    """A student around another one, which notes down all that passes.

    Args:
        agent: who acts. One with an attribute `labels` is given the labels of every step before it acts.
        pages: whether to note every page in words.

    Example:
        histories = Recorder(ReferenceAgent("model"), pages=True).walk(find("Vocabulary"), range(100), course="short")
    """

    def __init__(self, agent: Agent, pages: bool = False) -> None:
        self.agent, self.name, self.pages = agent, agent.name, pages

    def walk(
        self,
        book: Book,
        editions: Sequence[int],
        *,
        split: str = "train",
        course: str | None = None,
        chapters: int | None = None,
        wipe: Wipe = Wipe.NEVER,
        seed: int = 0,
    ) -> Histories:
        """Let the student walk editions of a book, side by side.

        Args:
            book: which.
            editions: numbers of editions of the split.
            split: train, test or all.
            course: a course that the book names; None for the whole book.
            chapters: how many chapters of the course, from the first; None for all. The editions are those of all.
            wipe: when its memory is taken away.
            seed: of its own randomness.
        """
        plan = outline(book, course)
        numbers = list(plan)[:chapters]
        lanes = Lanes(
            book.path,
            len(editions),
            episode="book",
            split=split,
            threads=1,
            chapters=numbers,
            exercises=[plan[n] for n in numbers],
        )
        self._lanes = lanes.name_editions_as(course)
        self._labels = Labels(self._lanes, [notes_stream(seed, edition) for edition in editions])
        self._steps: list[tuple[np.ndarray, ...]] = []
        self._told: list[list[str]] = []
        self._taken: np.ndarray | None = None
        walk(self, self._lanes, list(editions), wipe, seed)
        *columns, over = (np.stack(column, axis=1) for column in zip(*self._steps, strict=True))
        named = dict(zip(Histories._fields, columns, strict=False))
        pages = [list(page) for page in zip(*self._told, strict=True)]
        return Histories(**named, length=over.argmax(axis=1) + 1, pages=pages)

    def begin(self, book: Book, lanes: int, seed: int) -> None:
        """Begin the student."""
        self.agent.begin(book, lanes, seed)

    def act(self, observations: np.ndarray, info: Mapping[str, np.ndarray]) -> np.ndarray:
        """Note the step; ask the student."""
        labels = self._labels.look(observations, info["exercise_done"], self._taken).copy()
        if hasattr(self.agent, "labels"):
            self.agent.labels = labels
        if self.pages:
            self._told.append([self._lanes.tell(i) for i in range(len(self._lanes))])
        self._taken = np.asarray(self.agent.act(observations, dict(info)), np.int64)
        columns = ("reward", "mark", "exercise_done", "chapter", "exercise")
        shown = (observations, self._taken.copy(), *(info[c].copy() for c in columns), labels, info["book_done"])
        self._steps.append(shown)
        return self._taken

    def wipe(self, mask: np.ndarray) -> None:
        """Take the memory away, the student's and the model student's."""
        self.agent.wipe(mask)
        self._labels.wipe(mask)
