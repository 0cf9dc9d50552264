"""What a step tells besides the observation: one table, from which every face takes its `info`.

`OUT` is the record that the compiled loop writes for every lane. `OUT_COLUMNS` says what stands in it, and which of
that `info` tells, in which order. A new column is a line there, and a line in `course.show_lane` that fills it in.
"""

import enum
import struct
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np


class Told(enum.Enum):
    """When `info` has a column."""

    ALWAYS = enum.auto()
    SHORTCUT = enum.auto()  # in books with a shortcut, and where books are mixed
    NEVER = enum.auto()  # it is handed out otherwise: the reward, the end of the episode


class Column(NamedTuple):
    """One number that a step tells: its name, its kind as NumPy's, when `info` has it, and what it means."""

    name: str
    kind: str  # f8, i8 or ?: in the `info` of a single environment a float, an int or a bool
    told: Told
    doc: str


OUT_COLUMNS = (
    Column("chapter", "i8", Told.ALWAYS, "number of the chapter in the book, from 1"),
    Column("exercise", "i8", Told.ALWAYS, "number of the exercise in the chapter, from 1"),
    Column("edition", "i8", Told.ALWAYS, "number of the edition, 0 to 2^53 - 1; -1 for a world set by hand"),
    Column("exercise_done", "?", Told.ALWAYS, "the exercise is over"),
    Column("mark", "f8", Told.ALWAYS, "of the exercise just finished, in [0, 1]; else 0, and in the exam always"),
    Column("grade", "f8", Told.ALWAYS, "running grade of the chapter; stands still in the exam until its end"),
    Column("is_success", "?", Told.ALWAYS, "the mark is at least 0.9"),
    Column("book_done", "?", Told.ALWAYS, "the book is over"),
    Column("gain", "f8", Told.ALWAYS, "at the book's end the mean over chapters of last grade - newcomer, else 0"),
    Column("visible", "f8", Told.SHORTCUT, "what a naive test of success says of the exercise just finished"),
    Column("shortcuts", "i8", Told.SHORTCUT, "shortcuts taken in this exercise so far"),
    Column("reward", "f8", Told.NEVER, "what the step pays"),
    Column("terminated", "?", Told.NEVER, "the episode is over"),
)

OUT = np.dtype([(c.name, c.kind) for c in sorted(OUT_COLUMNS, key=lambda c: -np.dtype(c.kind).itemsize)], align=True)
"""What one step tells besides the observation; marks of an exam read 0 here (see `course.show_lane`)."""

CODES = {"f": "d", "i": "q", "b": "?"}  # kind of a NumPy type -> its code in `struct`


class InfoLayout:
    """Which columns of a record `info` tells, by name and in order, and how to read them.

    Args:
        shortcut: whether those that only books with a shortcut tell are among them.
        extra: further columns behind those of `OUT`, all told: names, kinds (i8, f8, ?, or any if there is a shape) and
            shapes as in `numpy.dtype`.
    """

    def __init__(self, shortcut: bool, extra: Sequence[tuple[str, str, tuple[int, ...]]] = ()) -> None:
        self.dtype = np.dtype([*((n, OUT[n]) for n in OUT.names or ()), *extra], align=True) if extra else OUT
        names = [c.name for c in OUT_COLUMNS if c.told == Told.ALWAYS or (shortcut and c.told == Told.SHORTCUT)]
        self.keys = (*names, *(name for name, _, _ in extra))
        self._extra = bool(extra)
        self._arrays = [name for name, _, shape in extra if shape]
        self._places = [(key, (self.dtype.names or ()).index(key)) for key in self.keys]

    def read(self, out: np.ndarray) -> list[dict[str, Any]]:
        """Return the info of each record, as Python's own numbers; arrays are copies."""
        infos = [{key: row[k] for key, k in self._places} for row in out.tolist()]
        for name in self._arrays:
            for info, array in zip(infos, out[name].copy(), strict=True):
                info[name] = array
        return infos

    def views(self, out: np.ndarray) -> dict[str, np.ndarray]:
        """Return the info of all records: a view for every key."""
        return {key: out[key] for key in self.keys}

    def plain(self, out: np.ndarray) -> np.ndarray:
        """Return the columns of `OUT` alone, as records of that type: for compiled loops, which take no other."""
        if not self._extra:
            return out
        cells = out.view(np.uint8).reshape(len(out), -1)  # further columns stand behind those of `OUT`
        return np.ascontiguousarray(cells[:, : OUT.itemsize]).view(OUT)[:, 0]

    def reader(self, out: np.ndarray) -> Callable[[], tuple[float, bool, dict[str, Any]]]:
        """Return a function that reads reward, end and info of the first record of `out`, whatever it holds by then.

        This is part of the hot path of the single environment: one `struct` unpacks all numbers, and a function that is
        made from the names of the columns, as `collections.namedtuple` makes its own, is as fast as one written out.
        """
        plain = [n for n in self.dtype.names or () if n not in self._arrays]
        form = struct.Struct("".join(CODES[self.dtype[n].kind] for n in plain))
        entries = ", ".join(f"{k!r}: {k}" for k in self.keys if k not in self._arrays)
        code = f"""
def bind(unpack, place):
    def tell():
        {", ".join(plain)} = unpack(place)
        return reward, terminated, {{{entries}}}
    return tell
"""
        made: dict[str, Any] = {}
        exec(code, made)
        tell: Callable[[], tuple[float, bool, dict[str, Any]]] = made["bind"](form.unpack_from, out.view(np.uint8).data)
        if not self._arrays:
            return tell
        copies = [(name, out[name][0].copy) for name in self._arrays]

        def tell_all() -> tuple[float, bool, dict[str, Any]]:
            reward, terminated, info = tell()
            for name, copy in copies:
                info[name] = copy()
            return reward, terminated, info

        return tell_all
