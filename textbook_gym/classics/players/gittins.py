"""Index and exact players for RL2Bandit: they need tables, so they are students from outside the compiled loop.

The index of an arm is what one would be willing to pay for each of its pulls: the greatest price at which playing it,
with the right to stop at any time, is worth anything. Where pulls are discounted for ever, the arm of the highest index
is the best choice (Gittins 1979). Here pulls end: the index used is that of the finite horizon, with as many pulls to
go as are left in the episode, which is not exactly optimal but all but (Lattimore 2016, Regret analysis of the
finite-horizon Gittins index strategy). RL^2 took the best of several approximations of the discounted index. Both
players start from a uniform prior over the chance of every arm.
"""

import functools
from typing import Any

import numpy as np

from textbook_gym.authoring import BookError
from textbook_gym.authoring.book import Book
from textbook_gym.engine.jit import compiled

PRICES = 128
LEVELS = 48  # numbers of pulls to go that have a table of their own, if there are more


def indices(pulls: int, levels: np.ndarray, prices: int) -> np.ndarray:
    """Return the index by level, payoffs of 1 and payoffs of 0: float32 of shape (levels, pulls, pulls).

    Args:
        pulls: pulls of an episode.
        levels: pulls to go (the present one included), rising.
        prices: how many prices are tried; the index lies between two of them and is interpolated.
    """
    index = np.zeros((len(levels), pulls, pulls), np.float32)
    before = np.zeros((len(levels), pulls, pulls), np.float32)
    for k in range(prices + 1):
        price = k / prices
        worth = np.zeros((pulls + 2, pulls + 2))
        level = 0
        for left in range(1, pulls + 1):
            kept = level < len(levels) and levels[level] == left
            for a in range(pulls - left + 1):
                for b in range(pulls - left - a + 1):
                    chance = (a + 1.0) / (a + b + 2.0)
                    value = chance - price + chance * worth[a + 1, b] + (1.0 - chance) * worth[a, b + 1]
                    worth[a, b] = max(0.0, value)
                    if kept:
                        if value > 0.0:
                            index[level, a, b] = price
                        elif k > 0 and before[level, a, b] > 0.0:
                            share = before[level, a, b] / (before[level, a, b] - value)
                            index[level, a, b] = price - (1.0 - share) / prices
                        before[level, a, b] = value
            level += kept
    return index


@functools.lru_cache(maxsize=4)
def table(pulls: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices of an episode of `pulls` pulls, and by pulls to go the level to look at."""
    levels = np.unique(np.rint(np.geomspace(1, pulls, min(pulls, LEVELS))).astype(np.int64))
    if pulls <= 2 * LEVELS:
        levels = np.arange(1, pulls + 1)
    nearest = np.abs(np.log(np.arange(1, pulls + 1))[:, None] - np.log(levels)).argmin(1)
    return compiled(indices)(pulls, levels, PRICES), np.append(0, nearest)


class Counting:
    """A student of RL2Bandit that counts payoffs by arm; subclasses choose."""

    name = "counting"

    def begin(self, book: Book, lanes: int, seed: int) -> None:
        """Start afresh.

        Raises:
            BookError: the book is not RL2Bandit.
        """
        if book.name != "RL2Bandit":
            raise BookError(f"the {self.name} player plays RL2Bandit, not {book.name}")
        self.pulls, self.arms = book.chapters[0].limit, len(book.actions)
        self.wins, self.losses = np.zeros((2, lanes, self.arms), np.int64)
        self.last: np.ndarray | None = None
        self.editions = np.full(lanes, -1)

    def wipe(self, mask: np.ndarray) -> None:
        """Forget all payoffs."""
        self.wins[mask] = 0
        self.losses[mask] = 0

    def act(self, observations: np.ndarray, info: dict[str, np.ndarray]) -> np.ndarray:
        """Count the last payoff; choose."""
        payoff, left, first = observations[:, 0], observations[:, -2], observations[:, -1]
        if self.last is not None:
            counted = np.flatnonzero(first == 0.0)
            won = payoff[counted] > 0.0
            np.add.at(self.wins, (counted[won], self.last[counted[won]]), 1)
            np.add.at(self.losses, (counted[~won], self.last[counted[~won]]), 1)
        fresh = info["edition"] != self.editions
        self.wipe(fresh)
        self.editions = info["edition"].copy()
        self.last = self.choose(np.rint(left * self.pulls).astype(np.int64))
        return self.last

    def choose(self, left: np.ndarray) -> np.ndarray:
        """Return an arm for every lane, with so many pulls left."""
        raise NotImplementedError


class Gittins(Counting):
    """Pull the arm of the highest finite-horizon index."""

    name = "gittins"

    def choose(self, left: np.ndarray) -> np.ndarray:
        """Look the indices up; counts from earlier episodes with the same bandit are scaled down to fit the table."""
        index, nearest = table(self.pulls)
        room = np.maximum(self.pulls - np.maximum(left, 1), 0)[:, None]
        over = np.maximum((self.wins + self.losses) / np.maximum(room, 1), 1.0)
        wins, losses = (self.wins / over).astype(int), (self.losses / over).astype(int)
        return index[nearest[left][:, None], wins, losses].argmax(axis=1)


@functools.lru_cache(maxsize=1 << 20)
def best(arms: tuple[tuple[int, int], ...], left: int) -> tuple[float, int]:
    """Return the Bayes-optimal expected payoff of `left` pulls, by (wins, losses) of each arm, and the arm to pull."""
    if left == 0:
        return 0.0, 0
    most, choice = -1.0, 0
    for a, (wins, losses) in enumerate(arms):
        if (wins, losses) in arms[:a]:
            continue
        chance = (wins + 1) / (wins + losses + 2)
        won, lost = (tuple(sorted((*arms[:a], (wins + w, losses + 1 - w), *arms[a + 1 :]))) for w in (1, 0))
        value = chance * (1.0 + best(won, left - 1)[0]) + (1.0 - chance) * best(lost, left - 1)[0]
        if value > most:
            most, choice = value, a
    return most, choice


def optimal_value(arms: int, pulls: int) -> float:
    """Return what the Bayes-optimal player gets on the mean, by dynamic programming; for few arms and pulls."""
    return best(((0, 0),) * arms, pulls)[0]


class Optimal(Counting):
    """The Bayes-optimal player, by exact dynamic programming; for few arms and pulls."""

    name = "optimal"

    def choose(self, left: np.ndarray) -> np.ndarray:
        """Solve what is left, lane by lane; what was solved once is remembered."""
        chosen: list[int] = []
        for wins, losses, n in zip(self.wins.tolist(), self.losses.tolist(), left.tolist(), strict=True):
            order = sorted(range(self.arms), key=lambda a: (wins[a], losses[a]))
            arm = best(tuple((wins[a], losses[a]) for a in order), n)[1] if n else 0
            chosen.append(order[arm])
        return np.array(chosen)


def players() -> dict[str, Any]:
    """Return the players of this file by name."""
    return {"gittins": Gittins(), "optimal": Optimal()}
