"""Labels: what the reference students would do where others act.

A model student that looks over the shoulder of whoever acts has seen the same as they: its answer is a label that can
be followed from the history alone. The oracle's label needs the hidden edition.
"""

import enum
import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from textbook_gym.authoring.book import Book
from textbook_gym.authoring.records import Record
from textbook_gym.engine import course
from textbook_gym.engine.course import Stage
from textbook_gym.engine.engine import as_words, compiled_entry
from textbook_gym.engine.lanes import Lanes
from textbook_gym.engine.loops import clearing_of

NO_LABEL = -1
"""Where an exercise is over: any action turns the page then."""


class Label(enum.IntEnum):
    """Whose action is the label; its column in what `Labels.look` returns."""

    ORACLE = 0
    MODEL = 1


class Moment(enum.IntEnum):
    """What an observation is to the model student."""

    NOTHING = 0  # the course is over
    PAGE = 1  # the first one of an exercise
    STEP = 2  # what an action brought


def make_label_loop(book: Book) -> Callable[..., int]:
    """Return the loop that shows every lane's observation to its model student and asks both references."""
    r = book.rules()
    oracle, open_page, study, answer = r.oracle, r.open_page, r.study, r.answer
    _, _, (page_at, page_kept) = clearing_of(book)

    def label_loop(lanes: Record, plan: Record, notes: Record, note_words: Record, before: Record, after: Record,
                   actions: Record, shown: Record, labels: Record, start: int, stop: int) -> int:  # fmt: skip
        for i in range(start, stop):
            lane, c, n = lanes[i], lanes[i].clock, notes[i]
            p = plan[c.chapter]
            if shown[i] == Moment.PAGE:
                course.clear(note_words, i, page_at, page_kept)
                open_page(p, n, after[i])
            elif shown[i] == Moment.STEP:
                study(p, n, before[i], actions[i], after[i])
            labels[i, 0] = NO_LABEL
            labels[i, 1] = NO_LABEL
            if c.stage == Stage.OPEN:
                labels[i, 0] = oracle(p, lane.edition, lane.state)
                labels[i, 1] = answer(p, n, after[i])
        return 0

    return label_loop


@functools.cache
def label_loop(book: Book) -> Callable[..., int]:
    """Return the label loop of a book, always the same one within a process."""
    return make_label_loop(book)


class Labels:
    """What oracle and model student would do in every lane, whoever acts there.

    Args:
        lanes: courses at their first page, with episode="book".
        streams: of the model students' own chance, 64 bits each, one a lane; zeros where it does not matter.

    Example:
        labels = Labels(lanes)
        actions = labels.look(obs, out["exercise_done"])[:, Label.MODEL]
        lanes.advance(np.maximum(actions, 0), obs, out)
        labels.look(obs, out["exercise_done"], actions)
    """

    def __init__(self, lanes: Lanes, streams: Sequence[int] | None = None) -> None:
        book, count = lanes.book, len(lanes)
        self.lanes = lanes
        self._notes = np.zeros(count, book.notes)
        if streams is not None:
            self._notes["rng"] = streams
        self._flat = np.zeros((2, count, book.width))
        self._before, self._after = (flat.view(book.observation_type("f8"))[:, 0] for flat in self._flat)
        self._labels = np.full((count, len(Label)), NO_LABEL, np.int64)
        self._over = np.ones(count, np.bool_)  # whether the page shown last was a finished one
        self._loop: Callable[..., int] | None = None

    def wipe(self, mask: np.ndarray) -> None:
        """Let the model students of the lanes in the mask (bool) forget all but their chance."""
        stream = self._notes["rng"].copy()
        as_words(self._notes)[mask] = 0
        self._notes["rng"] = stream

    def begin(self, mask: np.ndarray) -> None:
        """Let other courses begin in the lanes of the mask (bool), with what the next call of `look` shows."""
        self.wipe(mask)
        self._over = self._over | mask

    def look(self, obs: np.ndarray, done: np.ndarray, actions: np.ndarray | None = None) -> np.ndarray:
        """Let the model students see what came of actions; return what both references would do next.

        Args:
            obs: observations, float32 (lanes, width), as `Lanes.advance` wrote them.
            done: whether the exercise is over, bool (lanes,).
            actions: those that were taken, int64 (lanes,); None at the first page.

        Returns:
            int64 (lanes, 2), a column for each `Label`, `NO_LABEL` where the exercise is over; the next call writes
            to the same array.
        """
        shown = np.where(self._over, int(Moment.PAGE), int(Moment.STEP))
        if actions is None:
            actions = np.zeros(len(obs), np.int64)
        else:
            shown[self._over & done] = int(Moment.NOTHING)
        self._flat[0] = self._flat[1]
        self._flat[1] = obs
        arguments: tuple[Any, ...] = (
            self.lanes.records, self.lanes.plan, self._notes, as_words(self._notes), self._before, self._after,
            np.asarray(actions, np.int64), shown, self._labels,
        )  # fmt: skip
        if self._loop is None:
            self._loop = compiled_entry(self.lanes.book, label_loop(self.lanes.book), *arguments)
        self._loop(*arguments, 0, len(obs))
        self._over = done.copy()
        return self._labels
