"""Which cells of an edition have an effect in which chapter, measured: change them, play the same again, compare.

A *cell* is one number of an EDITION field: the field itself, or one entry of an array. A world is changed as little as
the book's `sound` allows: a cell is drawn anew, or changed in one bit, or swapped with another cell of its row, or its
field is that of another world. What is played is the oracle's way, chance, or a mixture of both, the same in the world
as it was and in the changed one. An effect is any difference in what is seen, returned, marked or over.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from textbook_gym.authoring.book import Book
from textbook_gym.authoring.fields import Field, Where, chapters_of
from textbook_gym.authoring.records import Row
from textbook_gym.engine.course import Stage
from textbook_gym.engine.lanes import Lanes

WORLDS = 24  # editions that are changed,
MOST = 600  # but no more changes than about so many: `sound` runs as plain Python
SURE = 8  # changes that must have gone unnoticed to say that there is no effect
CHANGES_TRIED = 8  # changes tried to find one that `sound` allows
ORACLE = 0.7  # share of steps that the oracle takes where it takes turns with chance


class EditionCell(NamedTuple):
    """One number of an edition."""

    field: Field
    at: tuple[int, ...]

    @property
    def name(self) -> str:
        """The field's name, with the index in an array."""
        return self.field.name + "".join(f"[{i}]" for i in self.at)

    def of(self, editions: np.ndarray) -> np.ndarray:
        """Return the cell of every edition record: a view."""
        place: Any = (Ellipsis, *self.at)
        view: np.ndarray = editions[self.field.name][place]
        return view

    def inside(self, where: Where, chapters: int) -> np.ndarray:
        """Return in which chapters `where`, of the field, puts this cell: bool, one a chapter."""
        place: Any = (slice(None), *self.at)
        found: np.ndarray = chapters_of(where, self.field.shape, chapters)[place]
        return found


def cells_of(book: Book) -> list[EditionCell]:
    """Return all cells of EDITION."""
    return [EditionCell(f, tuple(map(int, at))) for f in book.module.EDITION for at in np.ndindex(f.shape)]


def field_findings(book: Book) -> Iterator[str]:
    """Say where the `chapters` of a field of EDITION are not those in which it has an effect, a line each.

    A field without any effect in the book decides which split an edition belongs to, and so do fields that only other
    chapters show: test editions could then come in training. See `Field` for what to write.
    """
    cells, chapters = cells_of(book), len(book.chapters)
    count = max(2 * SURE, min(WORLDS, MOST // len(cells)))
    worlds = opened_lanes(book, 1, count).records["edition"]
    changed, differs = changed_worlds(book, worlds, np.random.default_rng(0))
    tried = differs[np.arange(len(cells)), :, np.arange(len(cells))]  # worlds in which a change of the cell was found
    size = np.where(tried, differs.sum(axis=2), len(cells) + 1)
    least = tried & (size == size.min(axis=1, keepdims=True))  # and those in which the least else changed with it
    named = np.array([cell.inside(cell.field.chapters, chapters) for cell in cells])
    always = named & ~np.array([cell.inside(cell.field.partly, chapters) for cell in cells])
    effects = np.array([effects_of(book, number, changed) for number in range(1, chapters + 1)])
    for field in book.module.EDITION:
        mine = [k for k, cell in enumerate(cells) if cell.field is field]
        if tried[mine].sum() >= SURE and not effects[:, mine][:, tried[mine]].any():
            yield (
                f"EDITION.{field.name} has no effect in the book: {tried[mine].sum()} changes of it were not noticed; "
                f"use it, or leave it out"
            )
            continue
        for c in range(chapters):
            alone = tried & ~(differs & named[:, c]).any(axis=2)  # nothing was changed that the chapter is said to show
            for k in mine:
                noticed, missed = int((effects[c, k] & alone[k]).sum()), int(least[k].sum())
                where = f"EDITION.{cells[k].name} has"
                if noticed:
                    yield (
                        f"{where} an effect in chapter {c + 1}, which its chapters={field.chapters!r} leave out: "
                        f"{noticed} of {int(alone[k].sum())} changes were noticed; name that chapter"
                    )
                    break
                if always[k, c] and missed >= SURE and not (effects[c, k] & least[k]).any():
                    yield (
                        f"{where} no effect in chapter {c + 1}, which its chapters={field.chapters!r} name: "
                        f"{missed} changes were not noticed; leave that chapter out: "
                        f"chapters=2 names chapter 2 and all later ones, a set just its own"
                    )
                    break


def opened_lanes(book: Book, chapter: int, worlds: int, copies: int = 1) -> Lanes:
    """Return lanes at the first page of a course of one chapter, in editions 0, 1, ..., worlds - 1, `copies` times."""
    lanes = Lanes(book.path, worlds * copies, episode="trial", split="all", chapters=[chapter], threads=1)
    lanes.reset(np.ones(len(lanes), np.bool_), *lanes.buffers(), {"edition": list(range(worlds)) * copies})
    return lanes


def changed_worlds(book: Book, worlds: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return sound worlds that differ a little from given ones.

    Returns:
        records of shape (cells, worlds): in [k, i] world i with cell k changed, or as it was if no such change was
        found; and which cells differ, bool of shape (cells, worlds, cells).
    """
    cells = cells_of(book)
    sound = getattr(book.module, "sound", lambda e: True)
    changed = np.zeros((len(cells), len(worlds)), book.edition)
    for name in book.edition.names or ():
        changed[name] = worlds[name]
    for k, cell in enumerate(cells):
        row = [c for c in cells if c.field is cell.field and c.at[:-1] == cell.at[:-1]]
        for i in range(len(worlds)):
            one = changed[k, i : i + 1]
            for _ in range(CHANGES_TRIED):
                one[cell.field.name] = worlds[cell.field.name][i]
                change(one, cell, row, worlds, rng)
                if cell.of(one)[0] != cell.of(worlds)[i] and sound(Row(one[0])):
                    break
            else:
                one[cell.field.name] = worlds[cell.field.name][i]
    return changed, np.stack([cell.of(changed) != cell.of(worlds) for cell in cells], axis=2)


def change(
    one: np.ndarray, cell: EditionCell, row: list[EditionCell], worlds: np.ndarray, rng: np.random.Generator
) -> None:
    """Change a cell of a single world in place, perhaps with others of its field."""
    field, value = cell.field, cell.of(one)
    low, high = field.low or 0, field.high or 0
    way = int(rng.integers(4))
    if way == 0 and len(row) > 1:
        other = row[int(rng.integers(len(row)))].of(one)
        value[0], other[0] = other[0].item(), value[0].item()
    elif way == 1 and field.kind != "f8" and high > low:
        bit = 1 << int(rng.integers((int(high) - int(low)).bit_length()))
        value[0] = min(int(high), int(low) + ((int(value[0]) - int(low)) ^ bit))
    elif way == 2:
        one[field.name] = worlds[field.name][int(rng.integers(len(worlds)))]
    else:
        value[0] = rng.uniform(low, high) if field.kind == "f8" else rng.integers(int(low), int(high) + 1)


def effects_of(book: Book, chapter: int, changed: np.ndarray) -> np.ndarray:
    """Return in which changed worlds, shape (cells, worlds), the chapter goes otherwise than in the world as it was."""
    copies, worlds = changed.shape
    before, after = opened_lanes(book, chapter, worlds), opened_lanes(book, chapter, worlds, copies)
    for name in changed.dtype.names or ():
        after.records["edition"][name] = changed[name].reshape(changed.size, *changed[name].shape[2:])
    buffers = [lanes.buffers() for lanes in (before, after)]
    for lanes, (obs, out) in zip((before, after), buffers, strict=True):
        lanes.reset(np.ones(len(lanes), np.bool_), obs, out)  # poses the first exercise anew, in the changed world
    oracle, p, rng = book.module.oracle, Row(before.plan[0]), np.random.default_rng(chapter)
    stages, records = before.records["clock"]["stage"], before.records
    differs = np.zeros(changed.size, np.bool_)
    while True:
        shown = [outcome(lanes, *both) for lanes, both in zip((before, after), buffers, strict=True)]
        differs |= (shown[1] != np.tile(shown[0], (copies, 1))).any(axis=1)
        if (stages == Stage.CLOSED).all():
            return differs.reshape(changed.shape)
        actions = np.array(rng.integers(0, len(book.actions), worlds))
        for i in range(worlds):
            if i % 3 == 1 or (i % 3 == 2 and rng.random() < ORACLE):
                actions[i] = oracle(p, Row(records["edition"][i]), Row(records["state"][i]))
        before.advance(actions, *buffers[0])
        after.advance(np.tile(actions, copies), *buffers[1])


def outcome(lanes: Lanes, obs: np.ndarray, out: np.ndarray) -> np.ndarray:
    """Return all that a step shows and is worth, hidden marks included, as bytes: shape (lanes, bytes)."""
    clock = lanes.records["clock"]
    returned = [out[name] for name in ("reward", "shortcuts", "terminated", "exercise_done")]
    worth = [clock[name] for name in ("mark", "visible", "rise", "stage")]
    columns = [obs, *(column[:, np.newaxis] for column in (*returned, *worth))]
    return np.concatenate([np.ascontiguousarray(column).view(np.uint8) for column in columns], axis=1)
