"""Fields of records, and the record types that they make."""

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from textbook_gym.errors import BookError

KINDS = ("i1", "i2", "i4", "i8", "u8", "f8")

Where: TypeAlias = int | AbstractSet[int] | tuple["Where", ...]
"""Chapters of a field: a number is that chapter and all later ones, a set is just these, and a tuple has an entry for
every row of an array (an entry may be a tuple again)."""


class Field(NamedTuple):
    """One field of a record.

    Attributes:
        name: how rules call it.
        kind: storage: i1, i2, i4, i8 (signed integers of 1 to 8 bytes), u8 (unsigned, 8 bytes) or f8 (double).
        doc: what it means, with units.
        shape: () for a number, else the shape of an array of them.
        lasting: in `STATE` only: outlives the exercise, and `pose` leaves it alone: what a student's own actions leave
            behind for the rest of the book. It is 0 when an edition opens; all other fields are when `pose` begins.
        page: in `NOTES` only: is of one exercise, and 0 when `open_page` begins.
        low: in `EDITION`, where it must be given: the least value that `write` may draw; in `STATE` it says that a user
            may set the field of a posed exercise, and to what at the least.
        high: likewise the greatest.
        chapters: in `EDITION` only: in which chapters it matters, that is, changes what is seen, earned or right. Train
            and test are told apart by what matters in the chapters of a course, so that no world comes in both.
        partly: those of them in which it matters in some editions and not in others, depending on other fields: a
            course of such chapters alone does not tell train and test apart by it.

    Example:
        >>> Field("contrary", "i4", "1 if the book speaks backwards in this edition", low=0, high=1).shape
        ()
    """

    name: str
    kind: str
    doc: str
    shape: tuple[int, ...] = ()
    lasting: bool = False
    low: float | None = None
    high: float | None = None
    page: bool = False
    chapters: Where = 1
    partly: Where = frozenset()


def chapters_of(where: Where, shape: tuple[int, ...], chapters: int) -> np.ndarray:
    """Return in which chapters each cell of a field lies: bool, shape (chapters, *shape).

    Raises:
        ValueError: a chapter that there is not, a tuple without an entry for every row, or something else.
    """
    if isinstance(where, tuple):
        if not shape or len(where) != shape[0]:
            raise ValueError(f"{where!r}: a tuple needs an entry for every row of an array of shape {shape}")
        return np.stack([chapters_of(row, shape[1:], chapters) for row in where], axis=1)
    if not isinstance(where, (int, AbstractSet)):
        raise ValueError(f"{where!r}: give the first chapter, a set of chapters, or a tuple of these, one a row")
    named = {where, *range(where, chapters + 1)} if isinstance(where, int) else where
    if not named <= set(range(1, chapters + 1)):
        raise ValueError(f"{where!r}: chapters run from 1 to {chapters}")
    inside = np.zeros((chapters, *shape), np.bool_)
    inside[[c - 1 for c in named]] = True
    return inside


def record_type(path: str, table: str, fields: Sequence[Field]) -> np.dtype:
    """Return the aligned record type of a field table, its size a multiple of eight bytes."""
    names = [f.name for f in fields]
    for f in fields:
        if f.kind not in KINDS:
            raise BookError(f"{path}: {table}.{f.name} has kind {f.kind!r}; choose one of {', '.join(KINDS)}")
        if names.count(f.name) > 1 or not f.name.isidentifier() or f.name.startswith("_"):
            raise BookError(f"{path}: {table}.{f.name} is there twice or is no field name; rename it")
        if f.low is not None and f.high is not None and f.kind != "f8":
            least, most = int(np.iinfo(f.kind).min), int(np.iinfo(f.kind).max)
            if not least <= f.low <= f.high <= most:
                raise BookError(
                    f"{path}: {table}.{f.name} has low={f.low}, high={f.high}; its kind {f.kind} holds {least} to "
                    f"{most}, low at most high"
                )
    plain = np.dtype([(f.name, f.kind, f.shape) for f in fields], align=True)
    return widened(plain)


def clearing(record: np.dtype, names: Collection[str], offset: int = 0) -> tuple[int, np.ndarray]:
    """Return how to set fields of a record to 0 by words (see `course.clear`).

    Args:
        record: the record type.
        names: the fields.
        offset: where the record lies within a larger one, in bytes.

    Returns:
        the first 64-bit word that they lie in, and the bits to keep of it and all others up to the last, uint64.
    """
    fields: Mapping[str, Any] = record.fields or {}
    keep = np.full(record.itemsize, 0xFF, np.uint8)
    for name in names:
        kind, start = fields[name][:2]
        keep[start : start + kind.itemsize] = 0
    masks = keep.view(np.uint64)
    touched = np.flatnonzero(masks != np.uint64(0xFFFFFFFFFFFFFFFF))
    first, stop = (int(touched[0]), int(touched[-1]) + 1) if len(touched) else (0, 0)
    return first + offset // 8, masks[first:stop].copy()


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
