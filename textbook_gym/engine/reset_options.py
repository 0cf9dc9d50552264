"""Places: what `reset(options=...)` asks for, checked field by field before anything moves."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from textbook_gym.authoring.book import Book
from textbook_gym.authoring.fields import Field
from textbook_gym.authoring.records import Row
from textbook_gym.engine.chapter_plan import chapter_number
from textbook_gym.engine.course import LAST_NUMBER
from textbook_gym.errors import as_whole, did_you_mean, is_one

RESET_OPTIONS = ("edition", "chapter", "state")

World = dict[str, np.ndarray]
"""Checked fields by name."""


class Place(NamedTuple):
    """Where lanes are to go; what is not asked for stays as the course has it."""

    chapter: int | None  # place of the chapter in the plan
    editions: dict[int, int | World]  # by lane: an edition's number or its fields
    states: dict[int, World]  # by lane: fields of STATE to set once the exercise is posed


def read_options(book: Book, plan: np.ndarray, shuffled: bool, options: Mapping[str, Any], mask: np.ndarray) -> Place:
    """Return the place that the options of a reset name.

    Raises:
        ValueError: an unknown option, chapter or field, or a value that is not allowed.
    """
    for key in options:
        if key not in RESET_OPTIONS:
            hint = did_you_mean(key, list(RESET_OPTIONS))
            raise ValueError(f"unknown option {key!r}{hint}; there are {', '.join(RESET_OPTIONS)}")
    chapter = None
    if options.get("chapter") is not None:
        places = np.flatnonzero(plan["number"] == chapter_number(book, options["chapter"]))
        if not len(places):
            chosen = plan["number"].tolist()
            raise ValueError(f"chapter {options['chapter']!r} is not in this course, which has {chosen}")
        if shuffled:
            raise ValueError("options={'chapter': ...} needs order='book': in a shuffled course no place is fixed")
        chapter = int(places[0])
    editions = {i: read_edition(book, e) for i, e in each_lane("edition", options, mask) if e is not None}
    settable = {f.name: f for f in book.module.STATE if f.low is not None and f.high is not None}
    states = {i: read_fields("state", settable, s) for i, s in each_lane("state", options, mask) if s is not None}
    return Place(chapter, editions, states)


def each_lane(key: str, options: Mapping[str, Any], mask: np.ndarray) -> Iterable[tuple[int, Any]]:
    """Return the value of an option by lane: a list has one entry a lane, anything else holds for all."""
    asked = options.get(key)
    lanes = np.flatnonzero(mask).tolist()
    each = [asked] * len(lanes) if is_one(asked) else list(asked)  # type: ignore[arg-type]  # it has several
    if len(each) != len(lanes):
        raise ValueError(f"options={{{key!r}: ...}} lists {len(each)} for {len(lanes)} lanes")
    return zip(lanes, each, strict=True)


def read_edition(book: Book, edition: Any) -> int | World:
    """Return a checked edition number, or checked EDITION fields."""
    number = as_whole(edition)
    if number is not None:
        if not 0 <= number <= LAST_NUMBER:
            raise ValueError(f"edition {number}: numbers run from 0 to {LAST_NUMBER}")
        return number
    fields = {f.name: f for f in book.module.EDITION}
    world = read_fields("edition", fields, edition)
    for name in fields:
        if name not in world:
            raise ValueError(f"edition lacks the field {name!r}; give all of {', '.join(fields)}")
    record = np.zeros(1, book.edition)
    for name, value in world.items():
        record[name] = value
    sound = getattr(book.module, "sound", None)
    if sound is not None and not sound(Row(record[0])):
        raise ValueError(f"edition {dict(edition)!r} is not one that {book.name} could draw; see its `sound`")
    return world


def read_fields(what: str, fields: Mapping[str, Field], given: Any) -> World:
    """Return values for some fields, checked for name, kind, shape and range."""
    if not isinstance(given, Mapping):
        number = "a number, or " if what == "edition" else ""
        raise ValueError(
            f"{what} {given!r}: give {number}a mapping of {', '.join(fields) or 'nothing: none can be set'}"
        )
    world = {}
    for name, wanted in given.items():
        if name not in fields:
            hint = did_you_mean(str(name), list(fields))
            raise ValueError(f"{what} has no field {name!r} to set{hint}; there are {', '.join(fields) or 'none'}")
        field = fields[name]
        value = np.asarray(wanted)
        if value.shape != field.shape or value.dtype.kind not in ("iuf" if field.kind == "f8" else "iu"):
            kind = "floats" if field.kind == "f8" else "whole numbers"
            raise ValueError(f"{what} field {name!r} = {wanted!r}: needs {kind} of shape {field.shape}")
        if not ((value >= field.low) & (value <= field.high)).all():
            raise ValueError(f"{what} field {name!r} = {wanted!r}: must lie in [{field.low}, {field.high}]")
        world[name] = value.astype(field.kind)
    return world
