"""The ledger: what happened when I did this.

See `base` for what a memory is, `features` for what a table can hold, and each book's `LEDGER` for its own tables.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from textbook_gym.authoring.book import Book
from textbook_gym.authoring.observation import HEADER
from textbook_gym.authoring.random import WEYL, scramble
from textbook_gym.engine.jit import compiled
from textbook_gym.errors import did_you_mean, one_of, whole
from textbook_gym.memory.base import Memory
from textbook_gym.memory.features import (
    Channel,
    FeatureNames,
    count_features,
    feature_bounds,
    program,
    read_channels,
)
from textbook_gym.memory.interface import Step
from textbook_gym.memory.ledger_loops import ROWS_A_BLOCK, At, Silent, augment, learn
from textbook_gym.memory.saving import check_each, check_range

SILENCES = [s.name.lower() for s in Silent]
TABLE_SETTINGS = ["situation", "outcome", "shared", "under", "actions", "rows", "silent", "rate", "grain"]
TableSettings = Mapping[str, Any]


class LedgerTable:
    """One table of a ledger, read and checked: what its keys are, and what is entered; see `Ledger` for its settings.

    Args:
        ledger: bound to spaces, but not open yet.
        number: of the table, for messages.
        settings: see `Ledger`.

    Raises:
        ValueError: a setting is not known, or its value does not fit the spaces.
    """

    def __init__(self, ledger: Memory, number: int, settings: TableSettings) -> None:
        for word in set(settings) - set(TABLE_SETTINGS):
            hint = did_you_mean(word, TABLE_SETTINGS)
            raise ValueError(f"ledger table {number} has no {word!r}{hint}; it has {', '.join(TABLE_SETTINGS)}")
        self.silent = Silent[one_of("silent", settings.get("silent", "count"), SILENCES).upper()]
        self.rows = whole("rows", settings.get("rows", 64), 1)
        self.rate, self.grain = read_rates(settings.get("rate", 0.0), settings.get("grain", 0.001))

        def channels(names: FeatureNames) -> tuple[Channel, ...]:
            return read_channels(names, ledger.width, ledger.n_actions, ledger.book)

        self.outcome = channels(settings.get("outcome", ("reward", "mark")))
        self.shared = channels(settings.get("shared", ()))
        asked: Any = settings.get("situation")
        asked = self._others(ledger) if asked is None else asked
        several = isinstance(asked, (list, tuple)) and asked and all(isinstance(a, (list, tuple)) for a in asked)
        self.queries = [channels(a) for a in (asked if several else [asked])]
        self.has_filter = settings.get("under") is not None
        self.key = channels(settings["under"]) if self.has_filter else self.queries[0]
        self.n_key_parts = count_features(self.key)
        if any(count_features(query) != self.n_key_parts for query in self.queries):
            raise ValueError(
                f"ledger table {number}: each situation, and `under`, must hold as many floats, {self.n_key_parts}"
            )
        self.rows = self.rows if self.n_key_parts else 1
        self.n_columns, self.column_of = self._columns(ledger, settings.get("actions", range(ledger.n_actions)))
        self.n_outcomes, self.n_shared = count_features(self.outcome), count_features(self.shared)
        self.row_cells = self.n_columns * (1 + self.n_outcomes) + 1 + self.n_shared

    def _others(self, ledger: Memory) -> list[int]:
        """Return the places of all floats but the header's and those of outcomes."""
        last = ledger.width - (sum(s.size for s in HEADER) if ledger.book is not None else 0)
        taken = {int(p) for c in (*self.outcome, *self.shared) for p in c.places.ravel()}
        return [p for p in range(last) if p not in taken]

    def _columns(self, ledger: Memory, groups: Any) -> tuple[int, np.ndarray]:
        """Return how many columns there are, and the column of each action, -1 for none."""
        names = list(ledger.book.actions) if ledger.book is not None else []
        columns = np.full(ledger.n_actions, -1)
        if not isinstance(groups, (list, tuple, range)):
            raise ValueError(f"actions={groups!r}: give a list of names or numbers, such as [0, 1]")
        if not self.outcome:
            return 0, columns
        for column, group in enumerate(groups):
            for action in group if isinstance(group, (list, tuple)) else [group]:
                number = names.index(action) if action in names else action
                if not isinstance(number, (int, np.integer)) or not 0 <= number < ledger.n_actions:
                    hint = did_you_mean(str(action), names)
                    raise ValueError(f"no action {action!r}{hint}; give names or numbers below {ledger.n_actions}")
                columns[number] = column
        return len(groups), columns

    def bounds(self, ledger: Memory) -> tuple[np.ndarray, np.ndarray]:
        """Return lowest and highest of what its queries show: all is 0 while nothing is known."""
        outcome, shared = (feature_bounds(c, ledger.env_observation_space) for c in (self.outcome, self.shared))
        lows, highs = (
            np.concatenate([*[[count, *bound(a, 0.0)]] * self.n_columns, [count, *bound(b, 0.0)]])
            for count, bound, a, b in (
                (0.0, np.minimum, outcome[0], shared[0]),
                (1.0, np.maximum, outcome[1], shared[1]),
            )
        )
        return np.tile(lows, len(self.queries)), np.tile(highs, len(self.queries))

    def count_cells(self) -> np.ndarray:
        """Return which cells of a row are counts; the others are means."""
        last = self.n_columns * (1 + self.n_outcomes)
        return np.arange(0, last + 1, 1 + self.n_outcomes)


def read_rates(rate: Any, grain: Any) -> tuple[float, float]:
    """Return both as floats.

    Raises:
        ValueError: `rate` is not within [0, 1], or `grain` not above 0.
    """
    real = all(isinstance(v, (int, float, np.number)) and not isinstance(v, bool) for v in (rate, grain))
    if not real or not 0.0 <= rate <= 1.0 or not 0.0 < grain < np.inf:
        raise ValueError(f"rate={rate!r}, grain={grain!r}: rate must be within [0, 1], grain above 0")
    return float(rate), float(grain)


class Features:
    """What a loop reads of a step, each channel once however many tables name it, and the parts of keys among it."""

    def __init__(self) -> None:
        self.channels: list[Channel] = []
        self.past: list[bool] = []
        self.size = 0  # numbers read
        self._places: dict[Any, int] = {}
        self.parts: dict[tuple[int, float], int] = {}  # place among what is read, and scale -> number of the part
        self._key_parts: list[int] = []

    def place(self, channels: Sequence[Channel], past: bool = False) -> int:
        """Have channels read one after the other; return where the first stands.

        Args:
            channels: which.
            past: whether they see the observation before the step only.
        """
        name = (past, *((c.op, c.places.shape, c.places.tobytes()) for c in channels))
        if name not in self._places:
            self._places[name] = self.size
            self.channels += channels
            self.past += [past] * len(channels)
            self.size += count_features(channels)
        return self._places[name]

    def add_key(self, channels: Sequence[Channel], scale: float, past: bool = False) -> int:
        """Add a key of these channels, multiplied by `scale` before they are rounded; return where its parts begin."""
        begins = len(self._key_parts)
        for c in channels:
            first = self.place([c], past)
            self._key_parts += [self.parts.setdefault((first + k, scale), len(self.parts)) for k in range(c.size)]
        return begins

    def compile(self) -> tuple[Any, tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Return program and parts as the loops of `ledger_loops` want them."""
        places = np.array([p for p, _ in self.parts], np.uint64)
        scales = np.array([s for _, s in self.parts], np.float64)
        return program(self.channels, self.past), (places, scales, np.array(self._key_parts, np.uint64))


class Ledger(Memory):
    """What happened when I did this: counts and mean outcomes by situation and action.

    A ledger has tables. A table names its situations by some channels of the observation (see `features`), and looks up
    what the student is in now. What it knows of that is added to the observation: for every action log(1 + count) / 5,
    at most 1, and the mean of each `outcome`; then, irrespective of action, log(1 + count) / 5 and the mean of each
    `shared`. All are 0 in a situation never met.

    Without settings, a book's own tables are taken, its `LEDGER`; for an environment that is no book of ours, one
    table with all of the observation for a situation, and reward and mark for outcomes.

    Args:
        situation: channels that name a situation; [] for one that is always met; None for all of the observation but
            the header and what `outcome` and `shared` name. A list of such lists: several are looked up, the first is
            entered under.
        outcome: channels whose means are kept for every action; [] to keep nothing by action.
        shared: channels whose means are kept irrespective of action.
        under: channels that form the key when a step is entered; None for those of `situation`. So an item can be
            stored under the place where it was found, and looked up by the item sought. They are read off the whole
            step, its outcome included; steps where they are all 0 are not entered.
        actions: actions, by name or number, whose outcomes are kept; a list within the list shares a column; by default
            all, each with its own.
        rows: situations held; the one longest not entered into makes room for a new one.
        silent: what to do with a step whose outcomes are all 0: "count" it, "skip" it, or skip it where something
            else is "known" (exams answer nothing, and should not wear down what was learned).
        rate: a mean moves by at least this share towards what is new; 0 for the plain mean.
        grain: situations are told apart by their channels in units of this.
        tables: several tables, each a mapping of the above.
        keep: when it is wiped.

    Raises:
        ValueError: when it is made or bound: a setting is not known, or does not fit.

    Example:
        What each arm paid, by the cue on the page; six arms, a count and a mean each, then a count of all:

        >>> import gymnasium as gym
        >>> from textbook_gym.remember import Remember
        >>> env = Remember(gym.make("textbook/Bandits-v1"), Ledger(situation=["cue"], outcome=["payoff"]))
        >>> obs, _ = env.reset(seed=0)
        >>> env.memory.augment(obs[None, : env.memory.width])[0, env.memory.width :].shape
        (13,)
    """

    name = "ledger"

    def __init__(self, keep: str = "edition", tables: Sequence[TableSettings] | None = None, **table: Any) -> None:
        if tables is not None and table:
            raise ValueError(f"settings {sorted(table)} beside `tables`; put them into a table")
        if tables is not None and not (
            isinstance(tables, (list, tuple)) and tables and all(isinstance(t, Mapping) for t in tables)
        ):
            raise ValueError(f"tables={tables!r}: give a list of mappings, at least one")
        super().__init__(keep, **(dict(table) if tables is None else {"tables": [dict(t) for t in tables]}))

    def spec(self) -> dict[str, Any]:
        """Return settings that make this ledger again: its tables, also where they came from the book."""
        return {"keep": self.settings["keep"], "tables": [dict(table) for table in self._tables()]}

    def _tables(self) -> Sequence[TableSettings]:
        """Return the tables asked for, or the book's."""
        given = {k: v for k, v in self.settings.items() if k != "keep"}
        if not given and isinstance(self.book, Book) and self.book.ledger:
            return self.book.ledger
        tables: Sequence[TableSettings] = given.get("tables", [given])
        return tables

    def _open(self) -> tuple[np.ndarray, np.ndarray]:
        self.tables = [LedgerTable(self, number, table) for number, table in enumerate(self._tables())]
        written, asked = Features(), Features()
        layout, queries = self._lay_out(written, asked)
        # odd multipliers from a fixed stream: sums of products with them tell situations apart (multilinear hashing)
        counters: Any = np.arange(1, max(t.n_key_parts for t in self.tables) + 2, dtype=np.uint64) * np.uint64(WEYL)
        multipliers = np.asarray(scramble(counters)) | np.uint64(1)
        self._written, self._asked = written.compile(), asked.compile()
        self._layout = layout, np.array([t.rate for t in self.tables]), multipliers
        self._queries = queries, multipliers
        self._columns = np.array([t.column_of for t in self.tables], np.int64)
        self._buffers = (
            np.zeros(ROWS_A_BLOCK * (max(written.size, asked.size) + 1), np.float32),
            np.zeros(max(len(written.parts), len(asked.parts)) + 1, np.uint64),
            np.zeros(ROWS_A_BLOCK * len(queries), np.uint64),
            np.zeros(ROWS_A_BLOCK * len(queries), np.int64),
        )
        rows = sum(t.rows for t in self.tables)
        self.cells = self._array("cells", (sum(t.rows * t.row_cells for t in self.tables),))
        self._stored = (
            self._array("keys", (rows,), np.uint64),
            self._array("used", (rows,), np.int32),
            self._array("clock", (), np.int32),
            self.cells,
        )
        lows, highs = zip(*(t.bounds(self) for t in self.tables), strict=True)
        return np.concatenate(lows), np.concatenate(highs)

    def _lay_out(self, written: Features, asked: Features) -> tuple[np.ndarray, np.ndarray]:
        """Return the layout of the tables, and of the queries, a row of `At` each; fill in the features they read."""
        layout, queries = [], []
        rows = cells = 0
        for t in self.tables:
            at = np.zeros(len(At), np.int64)
            at[At.N_KEY_PARTS], at[At.HAS_KEY_FILTER], at[At.SILENT] = t.n_key_parts, t.has_filter, t.silent
            at[At.OUTCOME], at[At.N_OUTCOMES] = written.place(t.outcome), t.n_outcomes
            at[At.SHARED], at[At.N_SHARED] = written.place(t.shared), t.n_shared
            at[At.ROW], at[At.N_ROWS], at[At.N_COLUMNS] = rows, t.rows, t.n_columns
            at[At.CELL], at[At.ROW_CELLS] = cells, t.row_cells
            for query in t.queries:
                queries.append(at.copy())
                queries[-1][At.KEY_PART] = asked.add_key(query, 1.0 / t.grain)
            at[At.KEY_PART] = written.add_key(t.key, 1.0 / t.grain, past=not t.has_filter)
            layout.append(at)
            rows += t.rows
            cells += t.rows * t.row_cells
        return np.array(layout), np.array(queries)

    @property
    def visits(self) -> np.ndarray:
        """How many steps were entered into each row of each table, (lanes, rows)."""
        last = [
            a[At.CELL] + a[At.ROW_CELLS] * np.arange(1, a[At.N_ROWS] + 1) - 1 - a[At.N_SHARED] for a in self._layout[0]
        ]
        return np.asarray(self.cells[:, np.concatenate(last)])

    def _learn(self, lanes: np.ndarray, step: Step, done: np.ndarray) -> None:
        compiled(learn)(lanes, step, *self._written, self._layout, self._columns, self._stored, self._buffers)

    def _check(self, arrays: Mapping[str, np.ndarray]) -> None:
        keys, used, clock, start = arrays["keys"], arrays["used"], arrays["clock"], 0
        check_each("keys", keys, (keys == 0) | (keys & np.uint64(1) == 1), "0 or an odd number is possible")
        check_range("clock", clock, 0, np.iinfo(np.int32).max)
        check_each("used", used, (used >= 0) & (used <= clock[:, None]), "0 to the lane's clock is possible")
        for t in self.tables:  # counts are used as an index; means are only shown
            size = t.rows * t.row_cells
            counts = arrays["cells"][:, start : start + size].reshape(-1, t.row_cells)[:, t.count_cells()]
            whole_numbers = np.isfinite(counts) & (counts >= 0.0) & (counts == np.floor(counts))
            check_each("cells", counts, whole_numbers, "a count, 0, 1, 2, ..., is needed")
            start += size

    def _augment(self, observations: np.ndarray, lanes: np.ndarray, out: np.ndarray) -> None:
        compiled(augment)(lanes, observations, *self._asked, *self._queries, self._stored, self._buffers, out)
