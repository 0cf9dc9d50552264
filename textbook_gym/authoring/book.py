"""What a book is: fields, signals, rules, and the records that rules read and write.

A book is a module. It declares its tables (`Action`, `CHAPTERS`, `EDITION`, `STATE`, `SIGNALS`, `NOTES`) and its rules
(plain functions marked with `rule`), see `contract`; `read` turns the module into a `Book`: the same content, checked,
with the memory layout of each record worked out. The model student may stand in a module of its own, which the book
names in `MODEL`, and so may what is said and drawn, in `WORDS`. Nothing here knows of courses, rewards or Gymnasium.

Rules are written for one learner. They run compiled over many learners or, same source, as plain Python over the
views `Row` and `Cells`, which give Python's own numbers whatever the storage. In both modes integers are computed with
64 bits and floats in double precision, which is why fields offer integers of several sizes but one kind of float.
"""

import enum
import functools
import importlib
import pathlib
import sys
import traceback
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from textbook_gym.authoring.abilities import WORDS, Ability
from textbook_gym.authoring.contract import COLUMNS, PARTS, RULES
from textbook_gym.authoring.default_rendering import drawn, told_signals
from textbook_gym.authoring.diagnostics import check_names
from textbook_gym.authoring.fields import Field, record_type
from textbook_gym.authoring.observation import HEADER, Signal, observation_bounds
from textbook_gym.authoring.parameters import with_parameters
from textbook_gym.authoring.records import Record
from textbook_gym.errors import BookError, did_you_mean

NOTES_BESIDES = (
    Field("rng", "u8", "random stream of the student"),
    Field("lacks", "i1", "the `Ability` that the student has to do without, 0 for none"),
)
"""Fields that the notes of every book have besides its own; no wipe touches them."""


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
        return read, (self.path,)

    @functools.cached_property
    def width(self) -> int:
        """Number of floats in an observation."""
        return sum(signal.size for signal in self.signals + HEADER)

    @property
    def has_shortcut(self) -> bool:
        """Whether the book can tell a visible success from a real one."""
        return hasattr(self.module, "visible")

    @property
    def abilities(self) -> Mapping[Ability, str]:
        """The abilities that the book says it needs, each with what its model student does without it: `ABILITIES`."""
        return {WORDS[word]: text for word, text in getattr(self.module, "ABILITIES", {}).items()}

    @property
    def ledger(self) -> tuple[Mapping[str, Any], ...]:
        """The tables that a memory `Ledger` keeps where it is told nothing else: the book's `LEDGER`, if it has one."""
        return tuple(getattr(self.module, "LEDGER", ())) if self.chapters else ()

    def rules(self) -> types.SimpleNamespace:
        """Return the rules that loops are closed over, by name; optional ones that it lacks do nothing and return 0."""
        looped = {r.name: getattr(self.module, r.name, r.absent) for r in RULES if r.looped}
        return types.SimpleNamespace(**looped)

    def turn_page(self, notes: np.ndarray) -> None:
        """Make a blank page of the notes, records of `notes`, as the loops do before `open_page`."""
        for field in self.module.NOTES:
            if field.page:
                notes[field.name] = 0

    def draw(self, p: Record, o: Record) -> list[str]:
        """Return a page as rows of characters: as the book draws it, else by `default_rendering.drawn`."""
        rows: list[str] = self.module.draw(p, o) if hasattr(self.module, "draw") else drawn(self.signals, o)
        return rows

    def tell(self, p: Record, o: Record) -> str:
        """Return a page in words: as the book tells it, else by `default_rendering.told_signals`."""
        return str(self.module.tell(p, o)) if hasattr(self.module, "tell") else told_signals(self.signals, o)

    def observation_type(self, kind: str = "f4") -> np.dtype:
        """Return the record type of an observation: signals, then header, packed in order."""
        return np.dtype([(s.name, kind, s.shape) for s in self.signals + HEADER])

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Return lowest and highest observation, float32 of shape `(width,)` each."""
        return observation_bounds(self.signals)


@functools.cache
def read(path: str) -> Book:
    """Import the module `path` and return it as a book.

    Args:
        path: dotted module name, such as `textbook_gym.books.bandits`, or, where the module has parameters, one with
            some of them set, such as `textbook_gym.classics.rl2_bandit?arms=5&pulls=10`; see `address`.

    Raises:
        BookError: the module cannot be found, or breaks the contract of a book.

    Example:
        >>> read("textbook_gym.books.bandits").name
        'Bandits'
    """
    name, _, query = path.partition("?")
    if not all(part.isidentifier() for part in name.split(".")) or name.endswith(".py"):
        plain = ".".join(pathlib.PurePath(name).with_suffix("").parts) if name.endswith(".py") else "my_package.lamps"
        raise BookError(f"{path!r} is no module name; give one with dots and without .py, such as {plain}")
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise BookError(f"no module {path!r} to read a book from ({error}); give an importable module name") from error
    except Exception as error:  # an author's module runs here, and may raise anything
        raise BookError(f"{path} cannot be imported: {import_fault(error)}") from error
    if query or hasattr(module, "PARAMETERS"):
        module = with_parameters(module, path, query)
    parts = {name: import_part(path, name, getattr(module, name)) for name in PARTS if hasattr(module, name)}
    sources = [module, *parts.values()]
    module = with_parts(module, path, parts)
    check_names(path, module, sources)
    check_abilities(path, getattr(module, "ABILITIES", {}))
    doc = (module.__doc__ or "").strip()
    name, colon, _ = doc.partition(":")
    if not doc and sys.flags.optimize > 1:
        raise BookError(f"{path}: a book is told by its docstring, which `python -OO` strips; run python -O or plain")
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
        notes=record_type(path, "NOTES", (*NOTES_BESIDES, *module.NOTES)),
    )


def import_fault(error: Exception) -> str:
    """Return in one line where and why an import fails: `lamps.py:12: NameError: name 'x' is not defined`."""
    if isinstance(error, SyntaxError):
        file, line, why = error.filename, error.lineno, error.msg
    else:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        file, line, why = frame.filename, frame.lineno, str(error)
    return f"{pathlib.Path(file or '').name}:{line}: {type(error).__name__}: {' '.join(why.split())}"


def import_part(path: str, constant: str, name: Any) -> types.ModuleType:
    """Return the module that a constant of a book names.

    Raises:
        BookError: it names none, or there is no such module.
    """
    if not isinstance(name, str):
        raise BookError(f"{path}: {constant} is {name!r}; name a module by a string, or rename the constant")
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise BookError(f"{path}: {constant} names {name!r} ({error}); give an importable module name") from error
    except Exception as error:  # an author's module runs here, and may raise anything
        raise BookError(f"{name} cannot be imported: {import_fault(error)}") from error


def with_parts(module: types.ModuleType, path: str, parts: Mapping[str, types.ModuleType]) -> types.ModuleType:
    """Return a book together with what stands in modules of its own: a copy, or the book itself if nothing does.

    Args:
        module: the book.
        path: the book's path, which the copy is named by.
        parts: the modules by the constant that names them, see `contract.PARTS`.
    """
    if not parts:
        return module
    made = types.ModuleType(path, module.__doc__)
    made.__dict__.update(vars(module))
    for constant, part in parts.items():
        made.__dict__.update({n: getattr(part, n) for n in PARTS[constant] if hasattr(part, n)})
    return made


def check_abilities(path: str, claims: Any) -> None:
    """Refuse claims that name no ability, or do not say what the model student does without it."""
    if not isinstance(claims, Mapping):
        raise BookError(f"{path}: ABILITIES is {claims!r}; write a dict, such as {{'exploration': 'takes the best'}}")
    for word, text in claims.items():
        if word not in WORDS:
            hint = did_you_mean(str(word), list(WORDS))
            raise BookError(
                f"{path}: ABILITIES has {word!r}, which is no ability{hint}; choose from {', '.join(WORDS)}"
            )
        if not isinstance(text, str) or not text:
            raise BookError(f"{path}: ABILITIES[{word!r}] is {text!r}; say what the model student does without it")


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
        numbers = (c.exercises, c.limit, c.newcomer)
        if not all(isinstance(x, (int, float)) for x in numbers) or c.exercises % 1 or c.limit % 1:
            raise BookError(
                f"{path}, chapter {number} {c.name!r}: exercises {c.exercises!r} and limit {c.limit!r} must be whole "
                f"numbers, newcomer {c.newcomer!r} a number"
            )
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
