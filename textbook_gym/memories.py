"""The memories: what a student may carry from exercise to exercise. The contract is in `memory`.

Bytes a lane, for d floats of observation, A actions and float32 throughout; every memory holds 4 d + 20 besides.

    Recap        24
    Transcript   4 n (d + A + 2)
    Ledger       each table of R rows, C columns, K outcomes and T told: 4 R (C (1 + K) + T + 4); 4 in all
    Recall       4 n (S + 3 + K) + 8, for S floats of situation and K of outcome
    Notebook     4 slots
"""

from typing import Any

import numpy as np
from gymnasium import spaces

from textbook_gym.book import HEADER
from textbook_gym.channels import Names, all_bounds, program, read_channels, size
from textbook_gym.ledger import Ledger
from textbook_gym.memory import Memory, Step
from textbook_gym.memory_loops import BLOCK, compiled, recall_learn, recall_look
from textbook_gym.presets import TABLES
from textbook_gym.turning import REWARD_BOUND


class Recap(Memory):
    """The last step: what recurrent students that learn to learn are given (Duan et al. 2016, Wang et al. 2016).

    Added to the observation: the previous action, one of 1 + A, the first for "none yet"; the previous reward; the mark
    of the last exercise; 1 if a mark was shown; 1 if no step was taken on this page.
    """

    name = "recap"

    def __init__(self, keep: str = "edition") -> None:
        super().__init__(keep)

    def _open(self) -> tuple[np.ndarray, np.ndarray]:
        self.last = self._room("last", (), np.int32)  # 1 + the previous action, 0 for none yet
        self.reward = self._room("reward")
        self.mark = self._room("mark")
        self.marked = self._room("marked")
        high = np.ones(self.actions + 5)
        low = np.zeros(self.actions + 5)
        low[self.actions + 1], high[self.actions + 1] = -REWARD_BOUND, REWARD_BOUND
        return low, high

    def _learn(self, which: np.ndarray, step: Step, done: np.ndarray) -> None:
        _, _, actions, rewards, marks = step
        self.last[which] = 1 + actions[which]
        self.reward[which] = rewards[which]
        ended = which[done[which]]
        self.mark[ended], self.marked[ended] = marks[ended], 1.0

    def _look(self, observations: np.ndarray, which: np.ndarray, out: np.ndarray) -> None:
        d = self.width
        out[:, :d] = observations
        out[:, d:] = 0.0
        out[np.arange(len(which)), d + self.last[which]] = 1.0
        rest = (self.reward, self.mark, self.marked, self.fresh)
        for k, array in enumerate(rest, d + 1 + self.actions):
            out[:, k] = array[which]


class Transcript(Memory):
    """The last n things that were seen, across exercises, the present one included; oldest first.

    A row is an observation, the action that led to it (one of 1 + A, the first for none: a page was turned) and the
    reward. Rows not yet written are zeros.

    Args:
        n: rows.
        stacked: add the rows to the observation, one after the other; else the observation is the rows, (n, d + A + 2),
            the present one last, for students that attend.
        keep: when it is wiped.
    """

    name = "transcript"

    def __init__(self, n: int = 16, stacked: bool = True, keep: str = "edition") -> None:
        super().__init__(keep, n=n, stacked=stacked)
        if isinstance(n, bool) or not isinstance(n, int) or n < 1:
            raise ValueError(f"n={n!r}: a transcript has a whole number >= 1 of rows")
        self.n, self.stacked = n, bool(stacked)

    def _open(self) -> tuple[np.ndarray, np.ndarray]:
        self.rows = self._room("rows", (self.n, self.width + self.actions + 2))
        low = np.concatenate([np.minimum(self.seen_space.low, 0.0), np.zeros(self.actions + 1), [-REWARD_BOUND]])
        high = np.concatenate([np.maximum(self.seen_space.high, 0.0), np.ones(self.actions + 1), [REWARD_BOUND]])
        return np.tile(low, self.n), np.tile(high, self.n)

    def _space(self, low: np.ndarray, high: np.ndarray) -> spaces.Box:
        if self.stacked:
            return super()._space(low, high)
        shape = (self.n, self.width + self.actions + 2)
        return spaces.Box(low.reshape(shape).astype(np.float32), high.reshape(shape).astype(np.float32))

    def _push(self, which: np.ndarray, again: np.ndarray, seen: np.ndarray, last: Any, rewards: Any) -> None:
        new = np.zeros((len(which), self.rows.shape[2]), np.float32)
        new[:, : self.width] = seen[which]
        new[np.arange(len(which)), self.width + last] = 1.0
        new[:, -1] = rewards
        compiled(push)(which, again, new, self.rows)

    def _turn(self, which: np.ndarray, observations: np.ndarray) -> None:
        self._push(which, self.fresh[which], observations, 0, 0.0)

    def _learn(self, which: np.ndarray, step: Step, done: np.ndarray) -> None:
        _, observations, actions, rewards, _ = step
        again = np.zeros(len(which), np.bool_)
        self._push(which, again, observations, 1 + actions[which], rewards[which])

    def _look(self, observations: np.ndarray, which: np.ndarray, out: np.ndarray) -> None:
        if self.stacked:
            out[:, : self.width] = observations
            out[:, self.width :] = self.rows[which].reshape(len(which), -1)
        else:
            out[:] = self.rows[which]


def push(which: Any, again: Any, new: Any, rows: Any) -> None:
    """Shift the rows of some lanes by one and put a new row at the end, or put it in place of the last.

    Args:
        which: numbers of lanes, (m,).
        again: bool (m,): put it in place of the last row.
        new: the new rows, (m, width).
        rows: (n, length, width), oldest first; changed in place.
    """
    length, width = rows.shape[1], rows.shape[2]
    for k in range(len(which)):
        row = rows[which[k]]
        if not again[k]:
            for j in range(length - 1):
                for w in range(width):
                    row[j, w] = row[j + 1, w]
        for w in range(width):
            row[length - 1, w] = new[k, w]


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
            table = TABLES.get(self.book.name, [{}])[0] if self.book is not None else {}
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


class Notebook(Memory):
    """Blank slots that the student writes itself: what is worth keeping it must learn.

    The action becomes `MultiDiscrete`: the deed, the slot to write (0 for none, else 1 to `slots`), and the symbol.
    Added to the observation are the slots, each one of `symbols`, all zeros while blank. A step that only turns a page
    can be used to write; one that an autoreset ignores cannot.

    Args:
        slots: slots.
        symbols: symbols to choose from.
        keep: when it is wiped.
    """

    name = "notebook"

    def __init__(self, slots: int = 8, symbols: int = 8, keep: str = "edition") -> None:
        super().__init__(keep, slots=slots, symbols=symbols)
        if any(isinstance(v, bool) or not isinstance(v, int) or v < 1 for v in (slots, symbols)):
            raise ValueError(f"slots={slots!r}, symbols={symbols!r}: give whole numbers >= 1")
        self.slots, self.symbols = slots, symbols

    def _open(self) -> tuple[np.ndarray, np.ndarray]:
        self.written = self._room("written", (self.slots,), np.int32)  # 1 + symbol, 0 for blank
        heads = np.array([self.actions, 1 + self.slots, self.symbols])
        self.action_space = spaces.MultiDiscrete(heads, start=np.array([self.first_action, 0, 0]))
        size = self.slots * self.symbols
        return np.zeros(size), np.ones(size)

    def deed(self, actions: Any, heard: np.ndarray | None = None) -> Any:
        """Write, and return what is left: the deeds."""
        given = np.asarray(actions)
        if given.shape != (self.lanes, 3) or given.dtype.kind not in "iu":
            raise ValueError(
                f"actions {given.shape} of {given.dtype}: {self.lanes} rows of deed, slot, symbol are needed"
            )
        deed, slot, symbol = given[:, 0], given[:, 1], given[:, 2]
        first, last = self.first_action, self.first_action + self.actions - 1
        if slot.min() < 0 or slot.max() > self.slots or symbol.min() < 0 or symbol.max() >= self.symbols:
            raise ValueError(
                f"write heads slot {slot}, symbol {symbol}: slots 0..{self.slots}, symbols 0..{self.symbols - 1}"
            )
        if deed.min() < first or deed.max() > last:  # before anything is written
            raise ValueError(f"deeds {deed}: whole numbers {first}..{last} are needed")
        which = np.flatnonzero(slot > 0 if heard is None else (slot > 0) & heard)
        self.written[which, slot[which] - 1] = 1 + symbol[which]
        return deed

    def _learn(self, which: np.ndarray, step: Step, done: np.ndarray) -> None:
        """Learn nothing by itself."""

    def _look(self, observations: np.ndarray, which: np.ndarray, out: np.ndarray) -> None:
        out[:, : self.width] = observations
        shown = self.written[which][:, :, None] == np.arange(1, 1 + self.symbols)
        out[:, self.width :] = shown.reshape(len(which), -1)


MEMORIES: dict[str, type[Memory]] = {m.name: m for m in (Recap, Transcript, Ledger, Recall, Notebook)}
"""Name of a memory -> its class."""
