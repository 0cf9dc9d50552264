"""The library: every edition is a book drawn from a set, behind one observation space and one action space.

Train on some subjects, measure on others:

    train = gym.make("textbook/Library-v0", held_out=["Alchemy"])
    test = gym.make("textbook/Library-v0", books=["Alchemy"], split="test")

The spaces are as large as the largest registered book needs. Where a signal stands and what a button does is drawn
anew for every edition, so that a policy carries from book to book nothing but how to learn.

What an edition is follows from its number alone: the number is drawn from the seed as for one book, and from it are
mixed the book (given the set to draw from), the world, the places of signals and the order of buttons.

A `Shelf` stands in for `Lanes`. It holds a record for every learner, large enough for a lane of any book, and hands the
lanes that are in one book to `Lanes` of that book: clocks, page turning, autoreset and saving are those of one book.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from textbook_gym.authoring.book import stand_in
from textbook_gym.authoring.fields import HEADER, Signal
from textbook_gym.authoring.random import WEYL, mix, scramble, uniform
from textbook_gym.engine.course import NUMBERS, OUT
from textbook_gym.engine.engine import Engine
from textbook_gym.engine.lanes import INFO, SHORTCUT_INFO, Lanes, words
from textbook_gym.engine.loops import Others
from textbook_gym.engine.reset_options import OPTIONS, each_lane
from textbook_gym.errors import did_you_mean
from textbook_gym.registry import BOOKS, LIBRARY, find

Names = Sequence[str] | str | None
"""Names of books; None for all registered ones, or, of those held out, for none."""
Room = tuple[np.ndarray, tuple[np.ndarray, ...]]
"""Lanes that are in one book, and what they show by the book's own layout, as in `Lanes.room`."""

BOOK_STREAM = 0xA24BAED4963EE407  # any odd constant: the root that edition numbers are mixed into to name a book
PLACES, BUTTONS = 1003, 1004  # streams of an edition besides those in `course`
NOTHING = -1  # what a button does that stands for no action; `course.act` lets a step go by
WHERE = ["book", *OPTIONS]  # what `reset(options=...)` may say


def stream(key: Any, value: Any) -> Any:
    """Return the random stream that key and value name, one of them an array: rules work on whole arrays too."""
    pen = SimpleNamespace()
    mix(pen, key, value)
    return pen


def books_of(numbers: Any, books: int) -> np.ndarray:
    """Return which of so many books the editions of these numbers (an array) are of."""
    return np.asarray(uniform(stream(BOOK_STREAM, np.asarray(numbers, np.uint64))) * books).astype(np.intp)


def permutations(keys: np.ndarray, which: int, n: int) -> np.ndarray:
    """Return a random order of 0..n-1 for every key, shape (keys, n): the ranks of n numbers of the stream."""
    counters = stream(keys[:, None], which).rng + np.arange(1, n + 1, dtype=np.uint64) * WEYL
    return np.asarray(scramble(counters)).argsort(axis=1, kind="stable")


def choose(books: Names, held_out: Names) -> list[str]:
    """Return the names of the books to draw from, sorted; refuse names that are not known."""
    given = {"books": list(BOOKS) if books is None else books, "held_out": held_out or ()}
    sets = {keyword: {names} if isinstance(names, str) else set(names) for keyword, names in given.items()}
    known = ", ".join(sorted(BOOKS))
    for keyword, names in sets.items():
        for name in names - set(BOOKS):
            raise ValueError(f"{keyword}: no book {name!r}{did_you_mean(str(name), list(BOOKS))}; there are {known}")
    if not sets["books"] - sets["held_out"]:
        raise ValueError(f"books={books!r} without held_out={held_out!r} leaves no book; there are {known}")
    return sorted(sets["books"] - sets["held_out"])


def size(keyword: str, value: int | None, every: list[int], chosen: list[int]) -> int:
    """Return a size of the padded spaces: `value`, or what the largest registered book needs."""
    if value is not None and (not isinstance(value, int) or value < max(chosen)):
        raise ValueError(f"{keyword}={value!r}: these books need a whole number >= {max(chosen)}, or None")
    return value or max(every)


class Shelf(Lanes):
    """Lanes of many books side by side, each in one book at a time: what the environments ask of `Lanes`."""

    info_keys = (*INFO, *SHORTCUT_INFO, "book", "action_mask")

    def __init__(
        self, lanes: int, books: Names, held_out: Names, width: int | None, actions: int | None, **keywords: Any
    ) -> None:
        self.names, self.catalogue = choose(books, held_out), sorted(BOOKS)
        every, chosen = [find(n) for n in self.catalogue], [find(n) for n in self.names]
        self.width = size("width", width, [b.width for b in every], [b.width for b in chosen])
        self.buttons = size("actions", actions, [len(b.actions) for b in every], [len(b.actions) for b in chosen])
        bounds = [bound for b in every for s in b.signals for bound in (s.low, s.high)]
        self.bounds = min(-1.0, *bounds), max(1.0, *bounds)
        self.desks = [Lanes(b.path, 1, **keywords) for b in chosen]  # by book; `_take` gives them their lanes
        self.blank = [words(desk.records) for desk in self.desks]  # by book: a lane before its first page
        self.started = False
        self.settings = {**self.desks[0].settings, "books": ", ".join(self.names)}
        self.settings |= {"width": str(self.width), "actions": str(self.buttons)}
        clock = self.desks[0].engine.lane["clock"]  # the first field of every book's lane
        rest = max(blank.shape[1] for blank in self.blank) - clock.itemsize // 8
        self.records = np.zeros(lanes, [("clock", clock), ("rest", "u8", (rest,)), ("book", "i8")])
        self.laid = np.full(lanes, -1), np.zeros(lanes, np.uint64)  # book and edition key that the next three are for
        self.places = np.arange(lanes)[:, None] * self.width + np.zeros(self.width, np.intp)  # of signals, then header
        self.deeds = np.full((lanes, self.buttons), NOTHING)  # its book's action behind every button
        self._label = np.array([self.catalogue.index(n) for n in self.names])
        self._solo: tuple[Any, ...] | None = None
        self._look_up()

    def _look_up(self) -> None:
        """Make what stands for book, loops and plan in the eyes of environments and of `saving`."""
        signal = Signal("places", *self.bounds, "signals of the book at permuted places", (self.width - len(HEADER),))
        names, none = tuple(f"BUTTON_{k}" for k in range(self.buttons)), np.dtype([])
        self.book = stand_in(LIBRARY, __name__, names, (signal,))
        self.engine = cast(Engine, SimpleNamespace(lane=none, loop=lambda *_: self._turn))
        plans = [str(desk.engine.lane.descr).encode() + desk.plan.tobytes() for desk in self.desks]
        self.plan = np.frombuffer(b"".join(plans), np.uint8)
        told = [(n, OUT[n]) for n in OUT.names or ()]  # the first words are those of an `OUT` record
        self.told = np.dtype([*told, ("book", "i8"), ("action_mask", "i1", (self.buttons,))], align=True)
        self._words = words(self.records)

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_words": None, "_solo": None}  # views, which would come apart

    def room(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return fresh room for a step of all lanes: observations, the same again, and what is told besides."""
        flat = np.zeros((len(self), self.width), np.float32)
        return flat, flat, np.zeros(len(self), self.told)

    def _turn(self, *arguments: Any) -> int:
        """Do for the single environment what the compiled loop "turn" of one book does."""
        *_, others, mask, chosen, seen, out, _, _ = arguments
        self._press(chosen, seen, out) if others == Others.ACT else self.reset(mask, seen, out)
        return 0

    def _press(self, actions: np.ndarray, seen: np.ndarray, out: np.ndarray) -> None:
        """Do in a single lane what `advance` does, into the same room as ever, with all looked up once an edition."""
        if self._solo is None:
            desk, _ = self._take(int(self.records["book"][0]), slice(None))
            flat, signals, told = desk.room()
            chosen, act = np.zeros(1, np.int64), (int(Others.ACT), np.zeros(1, np.bool_))
            arrays = (desk.records, words(desk.records), desk.plan, *act, chosen, signals, told)
            loop = partial(desk.engine.loop("turn", *arrays), *arrays, 0, 1)
            self._solo = loop, chosen, self.deeds[0], self.places[0, : flat.shape[1]], flat[0], words(told)[0]
        loop, chosen, deeds, places, shown, told = self._solo
        chosen[0] = deeds[actions[0]]
        loop()
        seen[0, places] = shown
        words(out)[0, : len(told)] = told

    def advance(self, actions: np.ndarray, seen: np.ndarray, out: np.ndarray, turned: np.ndarray | None = None) -> None:
        """Press one checked button in every lane; see `Lanes.advance`."""
        chosen = self.deeds[np.arange(len(self)), actions]
        pressed = None if turned is None else np.flatnonzero(~turned)
        self._write([self._play(b, i, chosen=chosen[i]) for b, i in self._by_book(pressed)], seen, out)
        if turned is not None and turned.any():
            self.reset(turned, seen, out)

    def reset(
        self,
        mask: np.ndarray, seen: np.ndarray, out: np.ndarray,
        options: Mapping[str, Any] | None = None, seeds: Sequence[int] | None = None, others: bool = False,
    ) -> None:  # fmt: skip
        """Turn the page in every lane of the mask, or go where `options` say; see `Lanes.reset`.

        Options are those, and `book` (a name, or a list of them). An edition without a book is of the book that its
        number names; a book without an edition opens the next edition of the seed; a state alone stays in its book.

        Raises:
            ValueError: an unknown seed, option, book, edition or chapter; nothing has changed then.
        """
        lanes = np.flatnonzero(mask)
        options = {k: v for k, v in (options or {}).items() if v is not None or k not in WHERE}
        if options or seeds is not None:
            kept = self.records.copy()
            try:
                wishes = self._visit(options, mask, seeds)
                rooms = [self._play(b, i, wishes(i)) for b, i in self._by_book(lanes)]
            except ValueError:
                self.records[:] = kept
                raise
        else:
            rooms = [self._play(b, i) for b, i in self._by_book(lanes)]
            clock = self.records["clock"]
            fresh = lanes[clock["key"][lanes] != self.laid[1][lanes]]  # for these the next edition has been opened,
            if len(fresh):  # but in the book of the last one
                numbers, owed = clock["number"][fresh], clock["owed"][fresh]
                self._move(fresh, books_of(numbers, len(self.desks)))
                clock["number"][fresh], clock["asked"][fresh], clock["owed"][fresh] = numbers, 1, owed
                rooms += [self._play(b, i) for b, i in self._by_book(fresh)]  # written last, below
        if others:
            rooms += [self._play(b, i, turn=False) for b, i in self._by_book(np.flatnonzero(~mask))]
        self._lay_out(lanes)
        self._write(rooms, seen, out)
        self.started = True

    def _visit(self, options: dict[str, Any], mask: np.ndarray, seeds: Sequence[int] | None) -> Callable[[Any], Any]:
        """Seed lanes and move them to their books; return what gives the remaining options of some of them."""
        for key in set(options) - set(WHERE):
            raise ValueError(f"unknown option {key!r}{did_you_mean(key, WHERE)}; there are {', '.join(WHERE)}")
        going, moving = self.records["book"].copy(), mask & (seeds is not None)
        if seeds is not None:
            self._seed(seeds, mask)
            going = books_of(stream(self.records["clock"]["seed"], 0).rng & NUMBERS, len(self.desks))
        asked = {key: dict(each_lane(key, options, mask)) for key in ("edition", "state")}
        for (i, name), edition in zip(each_lane("book", options, mask), asked["edition"].values(), strict=True):
            moving[i] |= name is not None or edition is not None
            if name in self.names:
                going[i] = self.names.index(name)
            elif name is not None:
                hint = did_you_mean(str(name), self.names)
                raise ValueError(f"no book {name!r} in this library{hint}; it has {', '.join(self.names)}")
            elif isinstance(edition, Mapping) and len(self.names) > 1:
                raise ValueError(f"an edition given by its fields needs a 'book' too, one of {', '.join(self.names)}")
            elif isinstance(edition, (int, np.integer)) and 0 <= edition <= NUMBERS:  # else `Lanes` refuses it
                going[i] = books_of([edition], len(self.desks))[0]
        self._move(np.flatnonzero(moving), going[moving])
        return lambda i: {"chapter": options.get("chapter"), **{k: [v[j] for j in i] for k, v in asked.items()}}

    def _move(self, lanes: np.ndarray, going: np.ndarray) -> None:
        """Put lanes into books, before the first page of the edition that comes next there."""
        clock = self.records["clock"]
        seeds, opened = clock["seed"][lanes], clock["opened"][lanes]
        self._words[lanes] = 0
        for b in set(going.tolist()):
            self._words[lanes[going == b], : self.blank[b].shape[1]] = self.blank[b]
        clock["seed"][lanes], clock["opened"][lanes], self.records["book"][lanes] = seeds, opened, going

    def _by_book(self, lanes: np.ndarray | None = None) -> list[tuple[int, np.ndarray]]:
        """Return the books that some lanes (None for all) are in, each with those lanes."""
        lanes = np.arange(len(self)) if lanes is None else lanes
        at = self.records["book"][lanes]
        return [(b, lanes[at == b]) for b in np.unique(at).tolist()]

    def _take(self, b: int, lanes: np.ndarray | slice) -> tuple[Lanes, np.ndarray]:
        """Return some lanes, all in book `b`, as `Lanes` of that book, and their words: copies, to be put back."""
        desk, copied = self.desks[b], self._words[lanes, : self.blank[b].shape[1]]
        desk.records = copied.view(desk.engine.lane)[:, 0]
        return desk, copied

    def _play(self, b: int, lanes: np.ndarray, options: Any = None, chosen: Any = None, turn: bool = True) -> Room:
        """Take the actions `chosen` in some lanes, all in book `b`, or, if there are none, turn their pages or look."""
        desk, copied = self._take(b, lanes)
        room = desk.room()
        if chosen is not None:
            desk.advance(chosen, *room[1:])
        else:
            desk.reset(np.full(len(lanes), turn), *room[1:], options, others=not turn)
        self._words[lanes, : copied.shape[1]] = copied
        return lanes, room

    def _lay_out(self, lanes: np.ndarray) -> None:
        """Lay out signals and buttons where a lane has changed its book or edition."""
        books, keys = self.laid
        at, now = self.records["book"][lanes], self.records["clock"]["key"][lanes]
        changed = (at != books[lanes]) | (now != keys[lanes])
        lanes, self._solo = lanes[changed], None if changed.any() else self._solo
        books[lanes], keys[lanes] = at[changed], now[changed]
        for b, i in self._by_book(lanes):
            book, own, header = self.desks[b].book, i[:, None] * self.width, len(HEADER)
            order = permutations(keys[i], PLACES, self.width - header)
            self.places[i, : book.width - header] = own + order[:, : book.width - header]
            self.places[i, book.width - header : book.width] = own + np.arange(self.width - header, self.width)
            order = permutations(keys[i], BUTTONS, self.buttons)
            self.deeds[i] = np.where(order < len(book.actions), order, NOTHING)

    def _write(self, rooms: list[Room], seen: np.ndarray, out: np.ndarray) -> None:
        """Write what lanes show, each by its book's own layout, into what all lanes show."""
        for i, (flat, _, told) in rooms:
            seen[i] = 0.0
            seen.reshape(-1)[self.places[i, : flat.shape[1]]] = flat
            words(out)[i, : OUT.itemsize // 8] = words(told)
        out["book"] = self._label[self.records["book"]]
        out["action_mask"] = self.deeds != NOTHING

    def shown(self, which: Sequence[int] | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return what some lanes (None for all) show now, as `room` lays it out."""
        self._lay_out(np.arange(len(self)))  # courses may just have been loaded
        _, seen, out = self.room()
        self._write([(i, self._take(b, i)[0].shown()) for b, i in self._by_book()], seen, out)
        seen, out = (seen, out) if which is None else (seen[list(which)], out[list(which)])
        return seen, seen, out

    def hidden(self, i: int) -> dict[str, Any]:
        """Return what lane `i` hides, see `Lanes.hidden`; the oracle names a button."""
        hidden = self.alone(i).hidden(0)
        return {**hidden, "oracle": self.deeds[i].tolist().index(hidden["oracle"])}

    def alone(self, i: int) -> Lanes:
        """Return a copy of lane `i` as the only one of its book."""
        return self._take(int(self.records["book"][i]), np.array([i]))[0]
