"""What a book is: fields, signals, rules, and the records that rules read and write.

A book is a module. It declares its tables (`Action`, `CHAPTERS`, `EDITION`, `STATE`, `SIGNALS`, `NOTES`) and its rules
(plain functions marked with `rule`); `read` turns the module into a `Book`: the same content, checked, with the memory
layout of each record worked out. Nothing here knows of courses, rewards or Gymnasium.

Rules are written for one learner. They run compiled over many learners or, same source, as plain Python over the
views `Row` and `Cells`, which give Python's own numbers whatever the storage. In both modes integers are computed with
64 bits and floats in double precision, which is why fields offer integers of several sizes but one kind of float.
"""

import enum
import functools
import importlib
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np

Record: TypeAlias = Any
"""One learner's record inside a rule: a compiled struct, or a `Row`; its fields are read and set by name."""

KINDS = ("i1", "i2", "i4", "i8", "u8", "f8")
Function = TypeVar("Function", bound=Callable[..., Any])


class BookError(ValueError):
    """A book breaks its contract; the message names the book, the place and what to change."""


class Field(NamedTuple):
    """One field of a record.

    Attributes:
        name: how rules call it.
        kind: storage: i1, i2, i4, i8 (signed integers of 1 to 8 bytes), u8 (unsigned, 8 bytes) or f8 (double).
        doc: what it means, with units.
        shape: () for a number, else the shape of an array of them.
        lasting: in `STATE` only: outlives the exercise. `write` sets it when an edition opens, `pose` leaves it
            alone: what a student's own deeds leave behind for the rest of the book. 0 where a world is set by hand.
        low: in `EDITION`, where it must be given: the least value that `write` may draw; in `STATE` it says that a user
            may set the field of a posed exercise, and to what at the least.
        high: likewise the greatest.
    """

    name: str
    kind: str
    doc: str
    shape: tuple[int, ...] = ()
    lasting: bool = False
    low: float | None = None
    high: float | None = None


class Signal(NamedTuple):
    """One thing that a student may see: `low` <= value <= `high`, a number or an array of `shape`."""

    name: str
    low: float
    high: float
    doc: str
    shape: tuple[int, ...] = ()

    @property
    def size(self) -> int:
        """How many floats of the observation it takes."""
        return int(np.prod(self.shape, dtype=int))


HEADER = (
    Signal("chapter", 0.0, 1.0, "the chapter's number, as a share of all chapters"),
    Signal("exercise", 0.0, 1.0, "the exercise's number, as a share of the chapter's exercises"),
    Signal("left", 0.0, 1.0, "steps left, as a share of the limit; 0 once the exercise is over"),
    Signal("first", 0.0, 1.0, "1 before the first step of an exercise, else 0"),
)
"""What the course adds behind the signals of every book."""


def rule(function: Function) -> Function:
    """Mark a function as a rule: it may be compiled, and may call other rules, numbers and constants only."""
    function.__rule__ = True  # type: ignore[attr-defined]  # a mark, not an interface: only this package reads it
    return function


@rule
def no_mark(p: Record, s: Record) -> float:
    """Return 0: what a book without a shortcut shows as `visible` and counts as `shortcuts`, and without `raw` pays."""
    return 0.0


@rule
def no_step(e: Record, s: Record, action: int) -> None:
    """Do nothing: what a book without `ahead` fetches before a step."""


class Cells:
    """An array as interpreted rules see it: items come out as Python numbers and go in range-checked."""

    __slots__ = ("_array",)

    def __init__(self, array: np.ndarray) -> None:
        self._array = array

    def __getitem__(self, index: Any) -> Any:
        return shown(self._array[index])

    def __setitem__(self, index: Any, value: Any) -> None:
        self._array[index] = value._void if isinstance(value, Row) else value

    def __len__(self) -> int:
        return len(self._array)

    @property
    def shape(self) -> tuple[int, ...]:
        """The array's shape."""
        return self._array.shape


class Row:
    """A record as interpreted rules see it: the same names, storage and arithmetic as in the compiled form."""

    __slots__ = ("_void",)

    def __init__(self, void: np.void) -> None:
        object.__setattr__(self, "_void", void)

    def __getattr__(self, name: str) -> Any:
        try:
            return shown(self._void[name])
        except ValueError as error:
            raise AttributeError(f"no field {name!r}; there are {', '.join(self._void.dtype.names or ())}") from error

    def __setattr__(self, name: str, value: Any) -> None:
        self._void[name] = value


def shown(value: Any) -> Any:
    """Return a NumPy value as interpreted rules see it: `Row`, `Cells` or a Python number."""
    if isinstance(value, np.void):
        return Row(value)
    return Cells(value) if isinstance(value, np.ndarray) else value.item()


@dataclass(frozen=True, eq=False)
class Book:
    """A checked book. `fields` of each table become one aligned NumPy record type."""

    name: str
    path: str  # dotted name of the module
    doc: str
    module: types.ModuleType
    actions: tuple[str, ...]
    chapters: tuple[Any, ...]
    signals: tuple[Signal, ...]
    edition: np.dtype
    state: np.dtype
    notes: np.dtype

    def __reduce__(self) -> tuple[Callable[..., "Book"], tuple[Any, ...]]:
        """Pickle by name, since modules cannot be pickled."""
        if self.chapters:
            return read, (self.path,)
        return stand_in, (self.name, self.path, self.actions, self.signals)

    @functools.cached_property
    def width(self) -> int:
        """Number of floats in an observation."""
        return sum(signal.size for signal in self.signals + HEADER)

    @property
    def has_shortcut(self) -> bool:
        """Whether the book can tell a visible success from a real one."""
        return hasattr(self.module, "visible")

    @property
    def tags(self) -> tuple[str, ...]:
        """Which abilities the book asks for: its optional constant `TAGS`, a tuple of words."""
        return tuple(getattr(self.module, "TAGS", ()))

    def rule(self, name: str) -> Callable[..., Any]:
        """Return a rule of the module by name; optional ones that it lacks do nothing and return 0."""
        function: Callable[..., Any] = getattr(self.module, name, no_step if name == "ahead" else no_mark)
        return function

    def seen(self, kind: str = "f4") -> np.dtype:
        """Return the record type of an observation: signals, then header, packed in order."""
        return np.dtype([(s.name, kind, s.shape) for s in self.signals + HEADER])

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Return lowest and highest observation, float32 of shape `(width,)` each."""
        every = self.signals + HEADER
        low = np.concatenate([np.full(s.size, s.low, np.float32) for s in every])
        high = np.concatenate([np.full(s.size, s.high, np.float32) for s in every])
        return low, high


class Parameter(NamedTuple):
    """A keyword of a book whose tables depend on it.

    Its default gives its type: bool, int, float or str. Numbers lie within [low, high], strings are one of `choices`.
    """

    name: str
    default: bool | int | float | str
    doc: str
    low: float = 0.0
    high: float = 0.0
    choices: tuple[str, ...] = ()

    def check(self, value: Any) -> bool | int | float | str:
        """Return a value that is allowed.

        Raises:
            ValueError: it is not; the message names what is.
        """
        if isinstance(self.default, bool):
            if isinstance(value, (bool, np.bool_)):
                return bool(value)
            raise ValueError(f"{self.name}={value!r} ({self.doc}): give True or False")
        if isinstance(self.default, str):
            if value in self.choices:
                return str(value)
            raise ValueError(f"{self.name}={value!r} ({self.doc}): choose one of {', '.join(self.choices)}")
        whole = isinstance(self.default, int)
        numbers = (int, np.integer) if whole else (int, float, np.integer, np.floating)
        if isinstance(value, bool) or not isinstance(value, numbers) or not self.low <= value <= self.high:
            kind = "a whole number" if whole else "a number"
            raise ValueError(f"{self.name}={value!r} ({self.doc}): give {kind} from {self.low:g} to {self.high:g}")
        return int(value) if whole else float(value)

    def parse(self, text: str) -> bool | int | float | str:
        """Return the value that `str` wrote, checked."""
        if isinstance(self.default, bool):
            return self.check({"True": True, "False": False}.get(text, text))
        try:
            return self.check(type(self.default)(text))
        except (TypeError, ValueError):
            return self.check(text)


def address(path: str, parameters: Mapping[str, Any]) -> str:
    """Return the path of a book with some parameters set: the module's name, `?`, `name=value` joined by `&`.

    Raises:
        ValueError: a parameter that the book does not have, or a value that it does not allow.
    """
    name, _, _ = path.partition("?")
    known = {p.name: p for p in getattr(importlib.import_module(name), "PARAMETERS", ())}
    for key in parameters:
        if key not in known:
            raise ValueError(f"{name} has no parameter {key!r}; it has {', '.join(known) or 'none'}")
    values = [f"{k}={p.check(parameters[k])}" for k, p in known.items() if k in parameters]
    return f"{name}?{'&'.join(values)}" if values else name


def with_parameters(module: types.ModuleType, path: str, query: str) -> types.ModuleType:
    """Return a copy of a module, its tables made for the parameters of a query (see `address`), the rest defaults.

    Such a module has `PARAMETERS`, and `tables(**parameters)` that returns by name what depends on them.
    """
    known = {p.name: p for p in getattr(module, "PARAMETERS", ())}
    values = {p.name: p.default for p in known.values()}
    for part in query.split("&") if query else ():
        key, _, text = part.partition("=")
        if key not in known:
            raise ValueError(f"{module.__name__} has no parameter {key!r}; it has {', '.join(known) or 'none'}")
        values[key] = known[key].parse(text)
    made = types.ModuleType(path, module.__doc__)
    made.__dict__.update({**vars(module), **module.tables(**values), "VALUES": values})
    return made


TABLES = ("Action", "CHAPTERS", "EDITION", "STATE", "SIGNALS", "NOTES")
RULES = ("write", "pose", "step", "observe", "mark", "oracle", "open_page", "study", "answer")
FACES = ("draw", "tell")
OPTIONAL = ("visible", "shortcuts", "raw", "ahead")
COLUMNS = ("name", "exercises", "limit", "newcomer")


def stand_in(name: str, path: str, actions: tuple[str, ...], signals: tuple[Signal, ...]) -> Book:
    """Return what stands for several books; it has the actions and signals that they share, and no chapters."""
    none = np.dtype([])
    return Book(name, path, "", importlib.import_module(path), actions, (), signals, none, none, none)


@functools.cache
def read(path: str) -> Book:
    """Import the module `path` and return it as a book.

    Args:
        path: dotted module name, such as `textbook_gym.books.bandits`, or, where the module has parameters, one with
            some of them set, such as `textbook_gym.classics.rl2_bandit?arms=5&pulls=10`; see `address`.

    Raises:
        BookError: the module cannot be found, or breaks the contract of a book.
    """
    name, _, query = path.partition("?")
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise BookError(f"no module {path!r} to read a book from ({error}); give an importable module name") from error
    if query or hasattr(module, "PARAMETERS"):
        module = with_parameters(module, path, query)
    for name in (*TABLES, *RULES, *FACES):
        if not hasattr(module, name):
            raise BookError(f"{path}: `{name}` is missing; a book has {', '.join((*TABLES, *RULES, *FACES))}")
    for name in (*RULES, *OPTIONAL):
        if hasattr(module, name) and not hasattr(getattr(module, name), "__rule__"):
            raise BookError(f"{path}: `{name}` is not marked with @rule")
    doc = (module.__doc__ or "").strip()
    name, colon, _ = doc.partition(":")
    if not colon or not name.isidentifier():
        raise BookError(f"{path}: the docstring must begin with the book's name and a colon, like 'Warmer: find ...'")
    return Book(
        name=name,
        path=path,
        doc=doc,
        module=module,
        actions=read_actions(path, module.Action),
        chapters=read_chapters(path, module.CHAPTERS),
        signals=read_signals(path, module.SIGNALS),
        edition=record_type(path, "EDITION", module.EDITION),
        state=record_type(path, "STATE", (Field("rng", "u8", "random stream of the world"), *module.STATE)),
        notes=record_type(path, "NOTES", (Field("rng", "u8", "random stream of the student"), *module.NOTES)),
    )


def read_actions(path: str, action: type[enum.IntEnum]) -> tuple[str, ...]:
    """Return the names of the actions 0, 1, 2, ..."""
    values = [int(a) for a in action]
    if values != list(range(len(values))) or not values:
        raise BookError(f"{path}: Action must number its members 0, 1, 2, ... in order, got {values}")
    return tuple(a.name for a in action)


def read_chapters(path: str, chapters: Sequence[Any]) -> tuple[Any, ...]:
    """Return the chapter rows, after a look at the columns that every book has."""
    if len(chapters) < 1 or any(c._fields[: len(COLUMNS)] != COLUMNS for c in chapters):
        raise BookError(f"{path}: every row of CHAPTERS must begin with the columns {', '.join(COLUMNS)}")
    for number, c in enumerate(chapters, 1):
        if c.exercises < 1 or c.limit < 1 or not 0.0 <= c.newcomer <= 1.0:
            raise BookError(
                f"{path}, chapter {number} {c.name!r}: exercises {c.exercises} and limit {c.limit} must be at least 1, "
                f"newcomer {c.newcomer} within [0, 1]"
            )
    return tuple(chapters)


def read_signals(path: str, signals: Sequence[Signal]) -> tuple[Signal, ...]:
    """Return the signals; names must be free of the header's and bounds finite."""
    taken = [s.name for s in HEADER]
    for s in signals:
        if s.name in taken:
            raise BookError(f"{path}: signal {s.name!r} is there twice or belongs to the header; rename it")
        if not (np.isfinite(s.low) and np.isfinite(s.high) and s.low < s.high):
            raise BookError(f"{path}: signal {s.name!r} needs finite bounds with low < high, got {s.low}, {s.high}")
        taken.append(s.name)
    return tuple(signals)


def record_type(path: str, table: str, fields: Sequence[Field]) -> np.dtype:
    """Return the aligned record type of a field table, its size a multiple of eight bytes."""
    names = [f.name for f in fields]
    for f in fields:
        if f.kind not in KINDS:
            raise BookError(f"{path}: {table}.{f.name} has kind {f.kind!r}; choose one of {', '.join(KINDS)}")
        if names.count(f.name) > 1 or not f.name.isidentifier() or f.name.startswith("_"):
            raise BookError(f"{path}: {table}.{f.name} is there twice or is no field name; rename it")
    plain = np.dtype([(f.name, f.kind, f.shape) for f in fields], align=True)
    return widened(plain)


def widened(plain: np.dtype) -> np.dtype:
    """Return a record type with its size rounded up to whole 64-bit words, so that records can be hashed by words."""
    offsets: Mapping[str, Any] = plain.fields or {}
    return np.dtype(
        {
            "names": list(plain.names or ()),
            "formats": [offsets[n][0] for n in plain.names or ()],
            "offsets": [offsets[n][1] for n in plain.names or ()],
            "itemsize": max(8, -(-plain.itemsize // 8) * 8),
        },
        align=True,
    )
