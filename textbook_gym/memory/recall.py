"""Recall: the past situations most like the present one, and what came of what was done there."""

import numpy as np

from textbook_gym.authoring.fields import HEADER
from textbook_gym.memory.base import Memory, Step
from textbook_gym.memory.feature_loops import BLOCK, compiled
from textbook_gym.memory.features import Names, all_bounds, program, read_channels, size
from textbook_gym.memory.recall_loops import recall_learn, recall_look


class Recall(Memory):
    """The past steps that are most like the present: for each, how like it is, what was done and what came of it.

    Added to the observation, nearest first, the later first of equals: exp(- distance), the action (one of A) and the
    outcomes; zeros where nothing is recalled. The distance is Euclidean, over the channels of `situation`, each in
    units of its range.

    Args:
        k: steps that are recalled.
        n: steps that are kept; the oldest makes room.
        situation: channels (see `channels`) that are compared; None for all of the observation but the header.
        outcome: channels of what came of it; None for those of the book's ledger and the reward.
        silent: "skip" steps whose outcomes are all 0, or "count" them.
        keep: when it is wiped.
    """

    name = "recall"

    def __init__(
        self,
        k: int = 4,
        n: int = 64,
        situation: Names | None = None,
        outcome: Names | None = None,
        silent: str = "skip",
        keep: str = "edition",
    ) -> None:
        super().__init__(keep, k=k, n=n, situation=situation, outcome=outcome, silent=silent)
        if any(isinstance(v, bool) or not isinstance(v, int) for v in (k, n)) or not 1 <= k <= n:
            raise ValueError(f"k={k!r}, n={n!r}: give whole numbers with 1 <= k <= n")
        if silent not in ("skip", "count"):
            raise ValueError(f"silent={silent!r}: choose 'skip' or 'count'")
        self.k, self.n, self.situation, self.outcome, self.silent = k, n, situation, outcome, silent

    def _open(self) -> tuple[np.ndarray, np.ndarray]:
        outcome = self.outcome
        if outcome is None:
            table = self.book.ledger[0] if self.book is not None and self.book.ledger else {}
            outcome = [*table.get("outcome", ()), *table.get("told", ()), "reward"]
        names = self.situation
        if names is None:
            names = list(range(self.width - (sum(s.size for s in HEADER) if self.book is not None else 0)))
        asked = read_channels(names, self.width, self.actions, self.book)
        answers = read_channels(outcome, self.width, self.actions, self.book)
        low, high = all_bounds(asked, self.seen_space)
        spread = np.where(np.isfinite(high - low) & (high > low), high - low, 1.0)
        self._scale = (1.0 / spread).astype(np.float32)
        self._learned = program([*asked, *answers], [True] * len(asked) + [False] * len(answers))
        self._asked = program(asked)
        self._scratch = np.zeros(BLOCK * (size(asked) + size(answers) + 1), np.float32)
        self._kept = (
            self._room("spots", (size(asked), self.n)),
            self._room("sizes", (self.n,), np.float64),
            self._room("deeds", (self.n,), np.int32),  # 1 + action, 0 for a free place
            self._room("ends", (self.n, size(answers))),
            self._room("entered", (), np.int64),
        )
        low, high = all_bounds(answers, self.seen_space)
        low = np.concatenate([np.zeros(1 + self.actions), np.minimum(low, 0.0)])
        high = np.concatenate([np.ones(1 + self.actions), np.maximum(high, 0.0)])
        return np.tile(low, self.k), np.tile(high, self.k)

    def _learn(self, which: np.ndarray, step: Step, done: np.ndarray) -> None:
        skip = self.silent == "skip"
        compiled(recall_learn)(which, step, self._learned, self.actions, skip, self._scale, self._kept, self._scratch)

    def _look(self, observations: np.ndarray, which: np.ndarray, out: np.ndarray) -> None:
        compiled(recall_look)(
            which, observations, self._asked, self.actions, self.k, self._scale, self._kept, self._scratch, out
        )
