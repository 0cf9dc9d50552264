"""The ideal observer as a student of SymbolicAlchemy; see `textbook_gym.classics.ideal_observer` for its search."""

from typing import NamedTuple

import numpy as np

from textbook_gym.authoring import BookError
from textbook_gym.authoring.book import Book
from textbook_gym.books.alchemy import POTIONS, SLOT
from textbook_gym.books.tables.alchemy import AXES, COLOURS, CORNERS, MAPS, STONES
from textbook_gym.classics.players import ideal_observer
from textbook_gym.classics.players.chemistry import DEEP, INDICATOR, ROOM, WORTH, knowledge, learn
from textbook_gym.engine.jit import compiled

BUDGET = 20_000  # states searched for one decision, at most
PER_STONE, PER_POTION = AXES + 2, 2  # floats of the observation


class Page(NamedTuple):
    """What lies on the table."""

    corners: tuple[int, ...]  # seen corner of every stone, -1 for none
    sums: tuple[int, ...]  # sum of its true coordinates
    tray: tuple[int, ...]  # colour in every slot, -1 for none


def read_page(observation: np.ndarray) -> Page:
    """Return what an observation of a trial without rotation shows."""
    stones = observation[: STONES * PER_STONE].reshape(STONES, PER_STONE)
    potions = observation[STONES * PER_STONE :][: POTIONS * PER_POTION].reshape(POTIONS, PER_POTION)
    gone = stones[:, AXES + 1] > 0.0
    corners = np.where(gone, -1, (stones[:, :AXES] > 0.0) @ (1 << np.arange(AXES)))
    tray = np.where(potions[:, 1] > 0.0, -1, np.rint(AXES * (potions[:, 0] + 1.0)))
    sums = np.rint(AXES * stones[:, AXES])
    return Page(*(tuple(int(x) for x in part) for part in (corners, sums, tray)))


class Belief:
    """What one lane knows of its chemistry; see `ideal_observer.search` for the fields."""

    def __init__(self) -> None:
        self.codes = np.zeros(MAPS, np.int32)
        self.maps = (1 << CORNERS) - 1
        self.tried = 0
        self.last: tuple[Page, int, int] | None = None  # page, stone and slot of the last potion
        self.stopping = False

    def see(self, page: Page) -> None:
        """Rule out what does not show this page."""
        for corner, shown in zip(page.corners, page.sums, strict=True):
            for m in range(CORNERS):
                if corner >= 0 and INDICATOR[m, corner] != shown:
                    self.maps &= ~(1 << m)
        if self.last is not None:
            before, stone, slot = self.last
            moved = before.corners[stone] ^ page.corners[stone]
            outcome = moved.bit_length() - 1 if moved else AXES
            weight, closed = knowledge()
            after = np.zeros_like(self.codes)
            colour = before.tray[slot]
            compiled(learn)(before.corners[stone], colour, outcome, self.codes, after, weight, closed)
            self.codes = after
            self.tried |= 1 << colour // 2
            self.last = None


class IdealObserver:
    """The ideal observer: see `ideal_observer`. Lanes are played one after the other.

    Args:
        budget: states searched for one decision, at most.

    Attributes:
        decisions: decisions made that took a search.
        exact: those of them whose search came to its end.
    """

    name = "ideal"

    def __init__(self, budget: int = BUDGET) -> None:
        self.budget = budget
        self.decisions = self.exact = 0

    def begin(self, book: Book, lanes: int, seed: int) -> None:
        """Start afresh.

        Raises:
            BookError: the book is not SymbolicAlchemy, or stones may be rotated.
        """
        if book.name != "SymbolicAlchemy" or book.chapters[0].rotated:
            raise BookError(f"the ideal observer plays SymbolicAlchemy without rotation, not {book.path}")
        self.shift = book.chapters[0].shift
        self.beliefs = [Belief() for _ in range(lanes)]
        self.editions = np.full(lanes, -1)
        self.names = np.zeros(ROOM, np.uint64)
        self.values = np.zeros(ROOM)
        self.exactly = np.zeros(ROOM, np.int8)
        self.room = np.zeros((DEEP + 1, STONES * COLOURS + 1, 9))
        self.codes = np.zeros((DEEP + 1, MAPS), np.int32)
        self.stones = np.zeros((DEEP + 1, STONES), np.int64)
        self.counts = np.zeros((DEEP + 1, COLOURS), np.int64)
        self.remembered = 0

    def wipe(self, mask: np.ndarray) -> None:
        """Forget the chemistry."""
        for i in np.flatnonzero(mask):
            self.beliefs[i] = Belief()

    def act(self, observations: np.ndarray, info: dict[str, np.ndarray]) -> np.ndarray:
        """Learn from the last action; choose the next one."""
        self.wipe(info["edition"] != self.editions)
        self.editions = info["edition"].copy()
        return np.array([self._act(b, o) for b, o in zip(self.beliefs, observations, strict=True)])

    def _act(self, belief: Belief, observation: np.ndarray) -> int:
        page, left, first = read_page(observation), observation[-2], observation[-1]
        if first > 0.0:
            belief.last, belief.stopping = None, False
        belief.see(page)
        if left == 0.0:
            return 0
        if not belief.stopping:
            stone, colour = self.plan(belief, page)
            if stone >= 0:
                slot = page.tray.index(colour)
                belief.last = page, stone, slot
                return 2 + SLOT * stone + 1 + slot - self.shift
            belief.stopping = True
        one = (belief.maps & -belief.maps).bit_length() - 1
        for stone, corner in enumerate(page.corners):
            if corner >= 0 and WORTH[one, corner] > 0:
                return 2 + SLOT * stone - self.shift
        return 1 - self.shift

    def plan(self, belief: Belief, page: Page) -> tuple[int, int]:
        """Return the stone and the colour that the best plan begins with, or (-1, -1) to stop."""
        weight, closed = knowledge()
        tray = [colour for colour in page.tray if colour >= 0]
        self.codes[0], self.stones[0] = belief.codes, page.corners
        self.counts[0] = np.bincount(tray, minlength=COLOURS)
        told = np.array([self.remembered, -1, -1, self.budget])
        chosen = (-1, -1)
        for deep in range(1, len(tray) + 1):
            compiled(ideal_observer.search)(
                0, deep, belief.maps, belief.tried, -1.0, (self.codes, self.stones, self.counts), (weight, closed),
                (self.names, self.values, self.exactly), self.room, told,
            )  # fmt: skip
            if told[3] < 0:
                break
            chosen = int(told[1]), int(told[2])
            self.exact += deep == len(tray)
        self.decisions += len(tray) > 0
        self.remembered = int(told[0])
        return chosen
