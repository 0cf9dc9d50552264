"""The memories: what a student may carry from exercise to exercise. The contract is in `memory`.

Bytes a lane, for d floats of observation, A actions and float32 throughout; every memory holds 4 d + 20 besides.

    Recap        24
    Transcript   4 n (d + A + 2)
    Ledger       each table of R rows, K outcomes and T told: 4 R (A (1 + K) + T + 5) + 8
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from gymnasium import spaces

from textbook_gym.book import HEADER
from textbook_gym.channels import Channel, Names, all_bounds, read_all, read_channels
from textbook_gym.memory import REWARD_BOUND, Memory
from textbook_gym.memory_loops import compiled, ledger_learn, ledger_look, push
from textbook_gym.registry import did_you_mean
from textbook_gym.rng import WEYL, scramble

NONE = np.zeros(0)
SILENCES = ("count", "skip", "known")
Table = Mapping[str, Any]


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

    def _learn(
        self,
        which: np.ndarray,
        actions: np.ndarray,
        observations: np.ndarray,
        rewards: np.ndarray,
        marks: np.ndarray,
        done: np.ndarray,
    ) -> None:
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

    def _turn(self, mask: np.ndarray, observations: np.ndarray) -> None:
        which = np.flatnonzero(mask)
        self._push(which, self.fresh[which], observations, 0, 0.0)

    def _learn(
        self,
        which: np.ndarray,
        actions: np.ndarray,
        observations: np.ndarray,
        rewards: np.ndarray,
        marks: np.ndarray,
        done: np.ndarray,
    ) -> None:
        again = np.zeros(len(which), np.bool_)
        self._push(which, again, observations, 1 + actions[which], rewards[which])

    def _look(self, observations: np.ndarray, which: np.ndarray, out: np.ndarray) -> None:
        if self.stacked:
            out[:, : self.width] = observations
            out[:, self.width :] = self.rows[which].reshape(len(which), -1)
        else:
            out[:] = self.rows[which]


class Page:
    """One table of a ledger, bound: what names its situations and what is entered; see `Ledger`."""

    def __init__(self, ledger: Memory, number: int, table: Table) -> None:
        known = ("situation", "outcome", "told", "under", "rows", "silent", "rate", "grain")
        for word in table:
            if word not in known:
                raise ValueError(
                    f"ledger table {number}: {word!r}{did_you_mean(word, list(known))}; it has {', '.join(known)}"
                )
        silent, self.rows = table.get("silent", "count"), table.get("rows", 64)
        self.rate, self.grain = float(table.get("rate", 0.0)), float(table.get("grain", 0.001))
        if silent not in SILENCES:
            raise ValueError(f"silent={silent!r}{did_you_mean(str(silent), list(SILENCES))}; choose one of {SILENCES}")
        if isinstance(self.rows, bool) or not isinstance(self.rows, int) or self.rows < 1:
            raise ValueError(f"rows={self.rows!r}: a table has a whole number >= 1 of rows")
        if not 0.0 <= self.rate <= 1.0 or not self.grain > 0.0:
            raise ValueError(f"rate={self.rate}, grain={self.grain}: rate is within [0, 1], grain above 0")
        self.silent = SILENCES.index(silent)
        self.outcome = self._channels(ledger, table.get("outcome", ("reward", "mark")))
        self.told = self._channels(ledger, table.get("told", ()))
        situation = table.get("situation")
        self.situation = self._channels(ledger, self._others(ledger) if situation is None else situation)
        self.under = None if table.get("under") is None else self._channels(ledger, table["under"])
        words = sum(c.size for c in self.situation)
        if self.under is not None and sum(c.size for c in self.under) != words:
            raise ValueError(f"ledger table {number}: `under` and `situation` must hold as many floats, {words}")
        if words == 0:
            self.rows = 1
        # odd multipliers from a fixed stream: sums of products with them tell situations apart (multilinear hashing)
        self.multipliers = scramble(np.arange(1, words + 2, dtype=np.uint64) * np.uint64(WEYL)) | np.uint64(1)
        wide, deep = sum(c.size for c in self.outcome), sum(c.size for c in self.told)
        by_action = ledger.actions if self.outcome else 0
        self.width = by_action * (1 + wide) + 1 + deep

        def room(name: str, shape: tuple[int, ...], dtype: Any = np.float32) -> np.ndarray:
            return ledger._room(f"{name}{number}", shape, dtype)

        self.keys = room("keys", (self.rows,), np.uint64)
        self.used = room("used", (self.rows,), np.int32)
        self.clock = room("clock", (), np.int32)
        self.counts = room("counts", (self.rows, by_action))
        self.means = room("means", (self.rows, by_action, wide))
        self.visits = room("visits", (self.rows,))
        self.averages = room("averages", (self.rows, deep))
        self.bounds = self._bounds(ledger, by_action)

    def _channels(self, ledger: Memory, names: Names) -> tuple[Channel, ...]:
        return read_channels(names, ledger.width, ledger.book)

    def _others(self, ledger: Memory) -> list[int]:
        """Return all floats but the header's and those of outcomes."""
        last = ledger.width - (sum(s.size for s in HEADER) if ledger.book is not None else 0)
        taken = {int(p) for c in (*self.outcome, *self.told) for p in c.places.ravel()}
        return [p for p in range(last) if p not in taken]

    def _bounds(self, ledger: Memory, by_action: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the bounds of what `look` writes; everything is 0 while nothing is known."""
        done, told = (all_bounds(c, ledger.seen_space) for c in (self.outcome, self.told))
        low = [np.concatenate([[0.0], np.minimum(b[0], 0.0)]) for b in (done, told)]
        high = [np.concatenate([[1.0], np.maximum(b[1], 0.0)]) for b in (done, told)]
        return np.concatenate([np.tile(low[0], by_action), low[1]]), np.concatenate(
            [np.tile(high[0], by_action), high[1]]
        )

    def key(self, channels: tuple[Channel, ...], before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """Return the name of a situation, odd uint64 (rows of `after`,); where `channels` are all 0 see `nothing`."""
        words = np.rint(read_all(channels, before, after, NONE, NONE) / self.grain).astype(np.int64).view(np.uint64)
        mixed = (words * self.multipliers[:-1]).sum(axis=1, dtype=np.uint64) + self.multipliers[-1]
        return np.asarray(scramble(mixed)) | np.uint64(1)


class Ledger(Memory):
    """What happened when I did this: counts and mean outcomes by situation and action.

    A ledger has tables. A table names its situations by some channels of the observation (see `channels`), and looks up
    what the student is in now. What it knows of that is added to the observation: for every action log(1 + count) / 5,
    at most 1, and the mean of each `outcome`; then, irrespective of action, log(1 + count) / 5 and the mean of each
    `told`. All are 0 in a situation never met.

    Without settings, a book's own tables are taken (see `presets`); for an environment that is no book of ours, one
    table with all of the observation for a situation, and reward and mark for outcomes.

    Args:
        situation: channels that name a situation; [] for one situation that is always met; None for all of the
            observation but the header and what `outcome` and `told` name.
        outcome: channels whose means are kept for every action; [] to keep nothing by action.
        told: channels whose means are kept irrespective of action.
        under: channels, after the step, to enter it under, if they are not all 0, instead of `situation` before it:
            enter under what was found where it was, look up what is sought.
        rows: situations held; the one longest not entered into makes room for a new one.
        silent: what to do with a step whose outcomes are all 0: "count" it, "skip" it, or skip it where something
            else is "known" (exams answer nothing, and should not wear down what was learned).
        rate: a mean moves by at least this share towards what is new; 0 for the plain mean.
        grain: situations that differ by less in every channel are one.
        tables: several tables, each a mapping of the above.
        keep: when it is wiped.
    """

    name = "ledger"

    def __init__(self, keep: str = "edition", tables: Sequence[Table] | None = None, **table: Any) -> None:
        if tables is not None and table:
            raise ValueError(f"settings {sorted(table)} beside `tables`; put them into a table")
        given: dict[str, Any] = dict(table) if tables is None else {"tables": [dict(t) for t in tables]}
        super().__init__(keep, **given)

    def spec(self) -> dict[str, Any]:
        """Return settings that make this ledger again: its tables, also where they came from a preset."""
        return {"keep": self.keep, "tables": [dict(table) for table in self._tables()]}

    def _tables(self) -> Sequence[Table]:
        from textbook_gym.presets import TABLES

        given = {k: v for k, v in self.settings.items() if k != "keep"}
        if "tables" in given:
            tables: Sequence[Table] = given["tables"]
            return tables
        if not given and self.book is not None and self.book.name in TABLES:
            return TABLES[self.book.name]
        return [given]

    def _open(self) -> tuple[np.ndarray, np.ndarray]:
        self.pages = [Page(self, k, table) for k, table in enumerate(self._tables())]
        return tuple(np.concatenate([page.bounds[side] for page in self.pages]) for side in (0, 1))  # type: ignore[return-value]

    def _learn(
        self,
        which: np.ndarray,
        actions: np.ndarray,
        observations: np.ndarray,
        rewards: np.ndarray,
        marks: np.ndarray,
        done: np.ndarray,
    ) -> None:
        full = len(which) == self.lanes
        step = [a if full else a[which] for a in (self.before, observations, rewards, marks)]
        before, after = step[0], step[1]
        actions = np.asarray(actions if full else actions[which], np.int64)
        for p in self.pages:
            lanes, acts, told = which, actions, [read_all(p.outcome, *step), read_all(p.told, *step)]
            if p.under is None:
                key = p.key(p.situation, before, before)
            else:
                key = p.key(p.under, before, after)
                found = read_all(p.under, before, after, NONE, NONE).any(axis=1)
                if not found.all():
                    lanes, key, acts, told = lanes[found], key[found], acts[found], [t[found] for t in told]
            compiled(ledger_learn)(
                lanes, key, acts, *told, p.silent, p.rate,
                p.keys, p.used, p.clock, p.counts, p.means, p.visits, p.averages,
            )  # fmt: skip

    def _look(self, observations: np.ndarray, which: np.ndarray, out: np.ndarray) -> None:
        out[:, : self.width] = observations
        start = self.width
        for p in self.pages:
            key = p.key(p.situation, observations, observations)
            compiled(ledger_look)(which, key, p.keys, p.counts, p.means, p.visits, p.averages, out, start)
            start += p.width


MEMORIES: dict[str, type[Memory]] = {m.name: m for m in (Recap, Transcript, Ledger)}
"""Name of a memory -> its class."""
