"""Book and course become loops over lanes, compiled once and cached on disk.

An `Engine` offers two loops: `turn` (turn the page in the lanes of a mask, take one action in the others) and `walk` (a
reference student goes from where its lane stands to the end of the book). Each exists once, as plain Python; compiled,
it runs without the interpreter lock, so that large batches are split over threads. Lanes share nothing, hence the
result does not depend on their number or on the threads. Pages are turned and actions taken in one pass, and rules are
inlined, because calls and second passes cost more than rules do.
"""

import functools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np

from textbook_gym.authoring.book import Book
from textbook_gym.authoring.diagnostics import explained, shortened, unmarked_call, watched
from textbook_gym.authoring.records import Cells
from textbook_gym.engine import course
from textbook_gym.engine.chapter_plan import make_plan
from textbook_gym.engine.course import lane_type
from textbook_gym.engine.info import OUT
from textbook_gym.engine.jit import compiled, digest_of, reachable
from textbook_gym.engine.loops import ROWS, Actor, Others, Wipe, make_loops
from textbook_gym.engine.splits import Split
from textbook_gym.errors import BookError

LANES_A_THREAD = 4096  # below this a second thread costs more than it brings
COURSES_A_THREAD = 16
THREADS_MOST = 16


def loops_of(book: Book) -> dict[str, Callable[..., int]]:
    """Return the loops of a book as plain functions, ready to be compiled.

    Raises:
        BookError: a rule calls a Python function that is not marked as a rule.
    """
    loops = make_loops(book)
    for function, caller in reachable(*loops.values()).items():
        if caller is not None and not hasattr(function, "__rule__"):
            raise unmarked_call(book, caller, function.__name__)
    return loops


def book_digest(book: Book) -> str:
    """Return a digest of the rules of a book, of the loops around them, and of the compiler."""
    return digest_of(loops_of(book).values())


def compiled_entry(book: Book, loop: Callable[..., int], *arguments: Any) -> Callable[..., int]:
    """Return where a loop of a book is entered, compiled.

    Raises:
        BookError: its rules do not compile; in one line, what plain Python says of them, or else the compiler.
    """
    try:
        return compiled(loop).entry(*arguments, 0, 1)
    except RuntimeError:  # numba was told not to compile
        raise
    except Exception as error:  # whatever the compiler stumbles over, its own errors or not
        rehearse(book)
        raise shortened(book, error) from error


def rehearse(book: Book) -> None:
    """Let random, model student and oracle walk one exercise of each chapter as plain Python; nothing is compiled.

    Raises:
        BookError: a rule fails, or returns what it must not; in one line, with the rule, the file and the line.
    """
    with explained(book):
        slow = Engine(book, interpreted=True, rules=watched(book))
        loops_of(book)
        plan = make_plan(book, exercises=1)
        for student in Actor:
            lanes, notes = np.zeros(1, slow.lane), np.zeros(1, book.notes)
            lanes["clock"]["episode"] = course.Episode.BOOK
            _, seen = slow.observations(1)
            every, none = np.ones(1, np.bool_), np.zeros(1, np.int64)
            slow.turn(lanes, plan, Others.REST, every, none, seen, np.zeros(1, OUT), 1)
            slow.walk(lanes, plan, notes, [student], Wipe.NEVER, 1)


class Engine:
    """The loops of one book over arrays of lanes. Get one with `engine(book)`."""

    def __init__(self, book: Book, interpreted: bool = False, rules: SimpleNamespace | None = None) -> None:
        self.book = book
        self.interpreted = interpreted
        self.lane = lane_type(book)
        self.seen = book.observation_type()
        self._loops = make_loops(book, rules) if interpreted else loops_of(book)
        self._entries: dict[str, Callable[..., int]] = {}

    def loop(self, name: str, *arguments: Any) -> Callable[..., int]:
        """Return a loop ready to be called with `arguments`, or others of the same types, and a range of lanes."""
        if name not in self._entries:
            loop = self._loops[name]
            if self.interpreted:
                self._entries[name] = functools.partial(call_interpreted, loop)
            else:
                self._entries[name] = compiled_entry(self.book, loop, *arguments)
        return self._entries[name]

    def run(self, name: str, lanes: int, threads: int, grain: int, *arguments: Any) -> int:
        """Run a loop over all lanes, split over at most `threads` threads of `grain` lanes or more; add results."""
        loop = self.loop(name, *arguments)
        parts = 1 if self.interpreted else max(1, min(threads, lanes // grain))
        if parts == 1:
            return loop(*arguments, 0, lanes)
        cuts = [lanes * k // parts for k in range(parts + 1)]
        jobs = [pool().submit(loop, *arguments, a, b) for a, b in pairwise(cuts[1:])]
        return loop(*arguments, 0, cuts[1]) + sum(job.result() for job in jobs)

    def observations(self, lanes: int) -> tuple[np.ndarray, np.ndarray]:
        """Return fresh buffers for observations: float32 of shape (lanes, width), and the same memory as records."""
        flat = np.empty((lanes, self.book.width), np.float32)
        return flat, flat.view(self.seen)[:, 0]

    def turn(
        self,
        lanes: np.ndarray,
        plan: np.ndarray,
        others: Others,
        mask: np.ndarray,
        actions: np.ndarray,
        seen: np.ndarray,
        out: np.ndarray,
        threads: int,
    ) -> None:
        """Turn the page in every lane of the mask; in the `others` take `actions[i]`, or not; write `seen` and `out`.

        Raises:
            BookError: the book seems to have no edition in the split that a lane asks for.
        """
        arrays = (lanes, as_words(lanes), plan, int(others), mask, actions, seen, out)
        if self.run("turn", len(lanes), threads, LANES_A_THREAD, *arrays):
            split = Split(int(lanes["clock"]["split"][0])).name.lower()
            raise BookError(
                f"{self.book.name}: none of {course.EDITIONS_TRIED} drawn editions belongs to split={split!r}; "
                f"`write` must draw from a larger space"
            )

    def walk(
        self, lanes: np.ndarray, plan: np.ndarray, notes: np.ndarray, who: Sequence[Actor], wipe: Wipe, threads: int
    ) -> np.ndarray:
        """Let a student walk every lane, which must stand at its first exercise, to the end of the book.

        Args:
            lanes: records of `lane` type, reset.
            plan: rows of the course.
            notes: records of `book.notes`, one a lane: the student's memory, changed in place.
            who: who acts in each exercise; one entry for all. The model student learns throughout if it acts at all.
            wipe: when its notes are wiped.
            threads: at most so many threads.

        Returns:
            records of type `ROWS`, shape (lanes, exercises of the course).
        """
        n, width = len(lanes), self.book.width
        flat_seen, seen = self.observations(n)
        flat_wide = np.zeros((2 * n, width))
        wide = flat_wide.view(self.book.observation_type("f8"))[:, 0]
        rows = np.zeros((n, int(plan["exercises"].sum())), ROWS)
        actors = np.resize(np.array([int(w) for w in who], np.int64), rows.shape[1])
        learns = int(Actor.MODEL in actors)
        blank = np.zeros(1, self.book.notes)
        memory = (notes, as_words(notes), blank)
        arrays = (lanes, as_words(lanes), plan, *memory, seen, flat_seen, wide, flat_wide, rows, actors)
        self.run("walk", n, threads, COURSES_A_THREAD, *arrays, learns, int(wipe))
        return rows


def as_words(records: np.ndarray) -> np.ndarray:
    """Return records as 64-bit words, uint64 (records, words a record): the same memory."""
    return records.view(np.uint64).reshape(len(records), -1)


def call_interpreted(loop: Callable[..., int], *arguments: Any) -> int:
    """Call a loop as plain Python: arrays are seen through `Cells`."""
    return loop(*(Cells(a) if isinstance(a, np.ndarray) else a for a in arguments))


@functools.cache
def engine(book: Book, interpreted: bool = False) -> Engine:
    """Return the engine of a book, compiled or as plain Python, always the same one within a process."""
    return Engine(book, interpreted)


_pools: dict[int, ThreadPoolExecutor] = {}


def pool() -> ThreadPoolExecutor:
    """Return this process's threads: a forked child gets its own, since threads do not survive a fork."""
    if os.getpid() not in _pools:
        _pools.clear()
        _pools[os.getpid()] = ThreadPoolExecutor(THREADS_MOST, "textbook_gym")
    return _pools[os.getpid()]
