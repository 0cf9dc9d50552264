"""The ledger: what happened when I did this.

See `memory` for what a memory is, `features` for what a table can hold, and each book's `LEDGER` for its own tables.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from textbook_gym.authoring.fields import HEADER
from textbook_gym.authoring.random import WEYL, scramble
from textbook_gym.errors import did_you_mean
from textbook_gym.memory.base import Memory, Step
from textbook_gym.memory.features import Channel, Names, all_bounds, program, read_channels, size
from textbook_gym.memory.ledger_loops import BLOCK, At, compiled_loops

SILENCES = ("count", "skip", "known")
WORDS = ("situation", "outcome", "told", "under", "actions", "rows", "silent", "rate", "grain")
Table = Mapping[str, Any]


class Page:
    """One table of a ledger, read and checked: what names its situations, and what is entered; see `Ledger`."""

    def __init__(self, ledger: Memory, number: int, table: Table) -> None:
        for word in set(table) - set(WORDS):
            hint = did_you_mean(word, list(WORDS))
            raise ValueError(f"ledger table {number} has no {word!r}{hint}; it has {', '.join(WORDS)}")
        silent, self.rows = table.get("silent", "count"), table.get("rows", 64)
        self.rate, self.grain = float(table.get("rate", 0.0)), float(table.get("grain", 0.001))
        if silent not in SILENCES:
            raise ValueError(f"silent={silent!r}{did_you_mean(str(silent), list(SILENCES))}; choose one of {SILENCES}")
        if isinstance(self.rows, bool) or not isinstance(self.rows, int) or self.rows < 1:
            raise ValueError(f"rows={self.rows!r}: a table has a whole number >= 1 of rows")
        if not 0.0 <= self.rate <= 1.0 or not self.grain > 0.0:
            raise ValueError(f"rate={self.rate}, grain={self.grain}: rate must be within [0, 1], grain above 0")
        self.silent = SILENCES.index(silent)

        def channels(names: Names) -> tuple[Channel, ...]:
            return read_channels(names, ledger.width, ledger.actions, ledger.book)

        self.outcome = channels(table.get("outcome", ("reward", "mark")))
        self.told = channels(table.get("told", ()))
        asked: Any = table.get("situation")
        asked = self._others(ledger) if asked is None else asked
        several = bool(asked) and all(isinstance(a, (list, tuple)) for a in asked)
        self.queries = [channels(a) for a in (asked if several else [asked])]
        self.elsewhere = table.get("under") is not None
        self.under = channels(table["under"]) if self.elsewhere else self.queries[0]
        self.words = size(self.under)
        if any(size(query) != self.words for query in self.queries):
            raise ValueError(
                f"ledger table {number}: each situation, and `under`, must hold as many floats, {self.words}"
            )
        self.rows = self.rows if self.words else 1
        self.columns, self.column_of = self._columns(ledger, table.get("actions", range(ledger.actions)))
        self.wide, self.deep = size(self.outcome), size(self.told)
        done, told = (all_bounds(c, ledger.seen_space) for c in (self.outcome, self.told))
        self.low, self.high = (  # everything is 0 while nothing is known
            np.tile(
                np.concatenate([*[[count, *bound(a, 0.0)]] * self.columns, [count, *bound(b, 0.0)]]), len(self.queries)
            )
            for count, bound, a, b in ((0.0, np.minimum, done[0], told[0]), (1.0, np.maximum, done[1], told[1]))
        )

    def _others(self, ledger: Memory) -> list[int]:
        """Return all floats but the header's and those of outcomes."""
        last = ledger.width - (sum(s.size for s in HEADER) if ledger.book is not None else 0)
        taken = {int(p) for c in (*self.outcome, *self.told) for p in c.places.ravel()}
        return [p for p in range(last) if p not in taken]

    def _columns(self, ledger: Memory, groups: Any) -> tuple[int, np.ndarray]:
        """Return how many columns there are, and the column of each action, -1 for none."""
        names = list(ledger.book.actions) if ledger.book is not None else []
        columns = np.full(ledger.actions, -1)
        if not self.outcome:
            return 0, columns
        for column, group in enumerate(groups):
            for action in group if isinstance(group, (list, tuple)) else [group]:
                number = names.index(action) if action in names else action
                if not isinstance(number, int) or not 0 <= number < ledger.actions:
                    hint = did_you_mean(str(action), names)
                    raise ValueError(f"no action {action!r}{hint}; give names or numbers below {ledger.actions}")
                columns[number] = column
        return len(groups), columns


class Words:
    """What a loop reads of a step, each channel once however many tables name it, and the words of situations."""

    def __init__(self) -> None:
        self.channels: list[Channel] = []
        self.past: list[bool] = []
        self.size = 0  # numbers read
        self._places: dict[Any, int] = {}
        self.words: dict[tuple[int, float], int] = {}  # place among what is read, and scale -> number
        self._letters: list[int] = []

    def place(self, channels: Sequence[Channel], past: bool = False) -> int:
        """Have channels read one after the other; return where the first stands.

        Args:
            channels: which.
            past: whether they see the observation before the step only.
        """
        name = (past, *((c.make, c.places.shape, c.places.tobytes()) for c in channels))
        if name not in self._places:
            self._places[name] = self.size
            self.channels += channels
            self.past += [past] * len(channels)
            self.size += size(channels)
        return self._places[name]

    def spell(self, channels: Sequence[Channel], scale: float, past: bool = False) -> int:
        """Add a situation of these channels, told apart once multiplied by `scale`; return where its words begin."""
        begins = len(self._letters)
        for c in channels:
            first = self.place([c], past)
            self._letters += [self.words.setdefault((first + k, scale), len(self.words)) for k in range(c.size)]
        return begins

    def read(self) -> tuple[Any, tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Return program and words as the loops of `ledger_loops` want them."""
        places = np.array([p for p, _ in self.words], np.uint64)
        scales = np.array([s for _, s in self.words], np.float64)
        return program(self.channels, self.past), (places, scales, np.array(self._letters, np.uint64))


class Ledger(Memory):
    """What happened when I did this: counts and mean outcomes by situation and action.

    A ledger has tables. A table names its situations by some channels of the observation (see `channels`), and looks up
    what the student is in now. What it knows of that is added to the observation: for every action log(1 + count) / 5,
    at most 1, and the mean of each `outcome`; then, irrespective of action, log(1 + count) / 5 and the mean of each
    `told`. All are 0 in a situation never met.

    Without settings, a book's own tables are taken, its `LEDGER`; for an environment that is no book of ours, one
    table with all of the observation for a situation, and reward and mark for outcomes.

    Args:
        situation: channels that name a situation; [] for one that is always met; None for all of the observation but
            the header and what `outcome` and `told` name. A list of such lists: several are looked up, the first is
            entered under.
        outcome: channels whose means are kept for every action; [] to keep nothing by action.
        told: channels whose means are kept irrespective of action.
        under: channels to enter it under instead, if they are not all 0: enter under what was found where it was, look
            up what is sought. They are read off the whole step, its outcome included.
        actions: actions, by name or number, whose outcomes are kept; a list within the list shares a column; by default
            all, each with its own.
        rows: situations held; the one longest not entered into makes room for a new one.
        silent: what to do with a step whose outcomes are all 0: "count" it, "skip" it, or skip it where something
            else is "known" (exams answer nothing, and should not wear down what was learned).
        rate: a mean moves by at least this share towards what is new; 0 for the plain mean.
        grain: situations are told apart by their channels in units of this.
        tables: several tables, each a mapping of the above.
        keep: when it is wiped.
    """

    name = "ledger"

    def __init__(self, keep: str = "edition", tables: Sequence[Table] | None = None, **table: Any) -> None:
        if tables is not None and table:
            raise ValueError(f"settings {sorted(table)} beside `tables`; put them into a table")
        super().__init__(keep, **(dict(table) if tables is None else {"tables": [dict(t) for t in tables]}))

    def spec(self) -> dict[str, Any]:
        """Return settings that make this ledger again: its tables, also where they came from the book."""
        return {"keep": self.keep, "tables": [dict(table) for table in self._tables()]}

    def _tables(self) -> Sequence[Table]:
        """Return the tables asked for, or the book's."""
        given = {k: v for k, v in self.settings.items() if k != "keep"}
        if not given and self.book is not None and self.book.ledger:
            return self.book.ledger
        tables: Sequence[Table] = given.get("tables", [given])
        return tables

    def _open(self) -> tuple[np.ndarray, np.ndarray]:
        self.pages = [Page(self, number, table) for number, table in enumerate(self._tables())]
        learned, asked = Words(), Words()
        layout: list[np.ndarray] = []
        questions: list[np.ndarray] = []
        rows = cells = 0
        for p in self.pages:
            at = np.zeros(len(At), np.int64)
            at[At.WORDS], at[At.ELSEWHERE], at[At.SILENT] = p.words, p.elsewhere, p.silent
            at[At.OUTCOME], at[At.WIDE] = learned.place(p.outcome), p.wide
            at[At.TOLD], at[At.DEEP] = learned.place(p.told), p.deep
            at[At.ROW], at[At.ROWS], at[At.COLUMNS] = rows, p.rows, p.columns
            at[At.CELL], at[At.WIDTH] = cells, len(p.low) // len(p.queries)
            for query in p.queries:
                questions.append(at.copy())
                questions[-1][At.WORD] = asked.spell(query, 1.0 / p.grain)
            at[At.WORD] = learned.spell(p.under, 1.0 / p.grain, past=not p.elsewhere)
            layout.append(at)
            rows += p.rows
            cells += p.rows * int(at[At.WIDTH])
        # odd multipliers from a fixed stream: sums of products with them tell situations apart (multilinear hashing)
        counters: Any = np.arange(1, max(p.words for p in self.pages) + 2, dtype=np.uint64) * np.uint64(WEYL)
        multipliers = np.asarray(scramble(counters)) | np.uint64(1)
        self._learned, self._asked = learned.read(), asked.read()
        self._tabled = np.array(layout), np.array([p.rate for p in self.pages]), multipliers
        self._questions = np.array(questions), multipliers
        self._room_for = (
            np.zeros(BLOCK * (max(learned.size, asked.size) + 1), np.float32),
            np.zeros(max(len(learned.words), len(asked.words)) + 1, np.uint64),
            np.zeros(BLOCK * len(questions), np.uint64),
            np.zeros(BLOCK * len(questions), np.int64),
        )
        self._column_of = np.array([p.column_of for p in self.pages], np.int64)
        self.cells = self._room("cells", (cells,))
        self._kept = (
            self._room("keys", (rows,), np.uint64),
            self._room("used", (rows,), np.int32),
            self._room("clock", (), np.int32),
            self.cells,
        )
        return np.concatenate([p.low for p in self.pages]), np.concatenate([p.high for p in self.pages])

    @property
    def visits(self) -> np.ndarray:
        """How many steps were entered into each row of each table, (lanes, rows)."""
        layout = self._tabled[0]
        last = [a[At.CELL] + a[At.WIDTH] * np.arange(1, a[At.ROWS] + 1) - 1 - a[At.DEEP] for a in layout]
        return np.asarray(self.cells[:, np.concatenate(last)])

    def _learn(self, which: np.ndarray, step: Step, done: np.ndarray) -> None:
        compiled_loops()["learn"](
            which, step, *self._learned, self._tabled, self._column_of, self._kept, self._room_for
        )

    def _look(self, observations: np.ndarray, which: np.ndarray, out: np.ndarray) -> None:
        compiled_loops()["look"](which, observations, *self._asked, *self._questions, self._kept, self._room_for, out)
