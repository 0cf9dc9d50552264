"""The library: every edition is a book drawn from a set, behind one observation space and one action space.

Train on some subjects, measure on others:

    train = gym.make("textbook/Library-v0", held_out=["Alchemy"])
    test = gym.make("textbook/Library-v0", books=["Alchemy"], split="test")

The spaces are as large as the largest registered book needs. Where a signal stands and what a button does is drawn
anew for every edition, so that a policy carries from book to book nothing but how to learn.

What an edition is follows from its number alone: the number is drawn from the seed as for one book, and from it are
mixed the book (given the set to draw from), the world, the places of signals and the order of buttons. If no set is
named it is the built-in one, so that a seed's editions stay the same whatever else is registered.

`MultiBookLanes` is a batch as `Lanes` is. It holds a record for every learner, large enough for a lane of any book, and
hands the lanes that are in one book to `Lanes` of that book: clocks and page turning are those of one book.
"""

import functools
import hashlib
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from textbook_gym.authoring.book import Book
from textbook_gym.authoring.observation import HEADER, Signal, observation_bounds
from textbook_gym.authoring.random import WEYL, mix, scramble, uniform
from textbook_gym.engine.batch import BatchSpec, CopiedByWords, PreparedStep, words
from textbook_gym.engine.course import LAST_NUMBER
from textbook_gym.engine.course_options import CourseOptions, takes_course_options
from textbook_gym.engine.info import OUT, InfoLayout
from textbook_gym.engine.lanes import Lanes, lanes_digest, seed_lanes
from textbook_gym.engine.reset_options import RESET_OPTIONS, each_lane
from textbook_gym.engine.serialization import pack, unpack
from textbook_gym.errors import as_whole, did_you_mean, whole
from textbook_gym.registry import BOOKS, BUILT_IN, LIBRARY, find

if TYPE_CHECKING:
    from typing_extensions import Unpack

BookNames = Sequence[str] | str | None
"""Book names. `books=None` means all built-in books, `held_out=None` means none."""
Shown = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Numbers of lanes that are in one book; their observations and `OUT` records, by the book's own layout."""

BOOK_STREAM = 0xA24BAED4963EE407  # any odd constant: the root that edition numbers are mixed into to name a book
PLACES, BUTTONS = 1003, 1004  # streams of an edition besides those in `course`
NOTHING = -1  # what a button does that stands for no action; `course.act` lets a step go by
WHERE = ["book", *RESET_OPTIONS]  # what `reset(options=...)` may say


def stream(key: Any, value: Any) -> Any:
    """Return the random stream that key and value name, one of them an array: rules work on whole arrays too."""
    generator = SimpleNamespace()
    mix(generator, key, value)
    return generator


def books_of(numbers: Any, books: int) -> np.ndarray:
    """Return which of so many books the editions of these numbers (an array) are of."""
    return np.asarray(uniform(stream(BOOK_STREAM, np.asarray(numbers, np.uint64))) * books).astype(np.intp)


def permutations(keys: np.ndarray, which: int, n: int) -> np.ndarray:
    """Return a random order of 0..n-1 for every key, shape (keys, n): the ranks of n numbers of the stream."""
    counters = stream(keys[:, None], which).rng + np.arange(1, n + 1, dtype=np.uint64) * WEYL
    return np.asarray(scramble(counters)).argsort(axis=1, kind="stable")


def layout_of(book: Book, keys: np.ndarray, width: int, buttons: int) -> tuple[np.ndarray, np.ndarray]:
    """Return where the signals of a book stand and what buttons do, for every edition key.

    Args:
        book: the book.
        keys: uint64 (keys,), see the clock's field.
        width: floats in a padded observation; the header stands at its end.
        buttons: how many there are.

    Returns:
        places of the signals and the header, (keys, width of the book); and the action behind every button, (keys,
        buttons), `NOTHING` for none.
    """
    header = len(HEADER)
    places = permutations(keys, PLACES, width - header)[:, : book.width - header]
    ends = np.broadcast_to(np.arange(width - header, width), (len(keys), header))
    order = permutations(keys, BUTTONS, buttons)
    return np.concatenate([places, ends], axis=1), np.where(order < len(book.actions), order, NOTHING)


def choose(books: BookNames, held_out: BookNames) -> list[str]:
    """Return the names of the books to draw from, sorted; refuse names that are not known."""
    given = {"books": BUILT_IN if books is None else books, "held_out": held_out or ()}
    sets = {keyword: {names} if isinstance(names, str) else set(names) for keyword, names in given.items()}
    known = ", ".join(sorted(BOOKS))
    for keyword, names in sets.items():
        for name in names - set(BOOKS):
            raise ValueError(f"{keyword}: no book {name!r}{did_you_mean(str(name), list(BOOKS))}; there are {known}")
    if not sets["books"] - sets["held_out"]:
        raise ValueError(f"books={books!r} without held_out={held_out!r} leaves no book; there are {known}")
    return sorted(sets["books"] - sets["held_out"])


def size(keyword: str, value: int | None, every: list[int], chosen: list[int]) -> int:
    """Return a size of the padded spaces: `value`, or what the largest book of the catalogue needs."""
    if value is None:
        return max(every)
    return whole(keyword, value, max(chosen), otherwise=" for these books, or None")


class MultiBookLanes(CopiedByWords):
    """Lanes of many books side by side, each in one book at a time: a `Batch`.

    Args:
        lanes: how many learners.
        books: names of the books to draw from; None for the built-in ones.
        held_out: names of books not to draw from; None for none.
        width: floats in an observation; None for what the largest book of the catalogue needs.
        actions: how many buttons; None likewise.
        options: those of a course, see `CourseOptions`.

    Attributes:
        names: the books to draw from.
        catalogue: the built-in books, then those drawn from that are not built in: what `info["book"]` counts.
        lanes_by_book: `Lanes` of every book to draw from; `_take` gives them their records.
        obs_index: where the signals and the header of a lane stand among the observations of all, flat.
        button_actions: the action of its book behind every button of a lane; `NOTHING` for none.

    Raises:
        ValueError: a book that is not known, a size that is too small, or an option's value that is not allowed.
    """

    @takes_course_options
    def __init__(
        self,
        lanes: int,
        books: BookNames = None,
        held_out: BookNames = None,
        width: int | None = None,
        actions: int | None = None,
        **options: "Unpack[CourseOptions]",
    ) -> None:
        self.names = choose(books, held_out)
        self.catalogue = [*sorted(BUILT_IN), *(n for n in self.names if n not in BUILT_IN)]
        every, chosen = [find(n) for n in self.catalogue], [find(n) for n in self.names]
        self.width = size("width", width, [b.width for b in every], [b.width for b in chosen])
        self.buttons = size("actions", actions, [len(b.actions) for b in every], [len(b.actions) for b in chosen])
        bounds = [bound for b in every for s in b.signals for bound in (s.low, s.high)]
        self.bounds = min(-1.0, *bounds), max(1.0, *bounds)
        self.lanes_by_book = [Lanes(b.path, 1, **options) for b in chosen]
        self.blank = [words(one.records) for one in self.lanes_by_book]  # by book: a lane before its first page
        self.started = False
        clock = self.lanes_by_book[0].engine.lane["clock"]  # the first field of every book's lane
        rest = max(blank.shape[1] for blank in self.blank) - clock.itemsize // 8
        self.records = np.zeros(lanes, [("clock", clock), ("rest", "u8", (rest,)), ("book", "i8")])
        self.laid = np.full(lanes, -1), np.zeros(lanes, np.uint64)  # book and edition key that the next two are for
        self.obs_index = np.arange(lanes)[:, None] * self.width + np.zeros(self.width, np.intp)
        self.button_actions = np.full((lanes, self.buttons), NOTHING)
        self._label = np.array([self.catalogue.index(n) for n in self.names])
        self._bound: tuple[Any, ...] | None = None
        self._look_up()

    def _look_up(self) -> None:
        """Make the views that every step needs."""
        self._words = words(self.records)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_words": None, "_bound": None}  # views, which would come apart

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._look_up()

    def __len__(self) -> int:
        return len(self.records)

    @functools.cached_property
    def spec(self) -> BatchSpec:
        """What this batch is. The plan that names saved courses is here the plans and layouts of all books."""
        signal = Signal("places", *self.bounds, "signals of the book at permuted places", (self.width - len(HEADER),))
        low, high = observation_bounds((signal,))
        plans = [str(one.engine.lane.descr).encode() + one.plan.tobytes() for one in self.lanes_by_book]
        settings = {**self.lanes_by_book[0].settings, "books": ", ".join(self.names)}
        settings |= {"width": str(self.width), "actions": str(self.buttons)}
        signature = {
            "book": LIBRARY,
            "layout": lanes_digest([np.dtype([]).descr, np.dtype(np.uint8).descr]),  # none of its own
            "settings": {**settings, "plan": hashlib.sha256(b"".join(plans)).hexdigest()},
        }
        info = InfoLayout(True, [("book", "i8", ()), ("action_mask", "i1", (self.buttons,))])
        names = tuple(f"BUTTON_{k}" for k in range(self.buttons))
        return BatchSpec(LIBRARY, names, (signal,), low, high, info, signature)

    def buffers(self) -> tuple[np.ndarray, np.ndarray]:
        """Return fresh buffers for a step of all lanes: observations, float32 (lanes, width), and info."""
        return np.zeros((len(self), self.width), np.float32), np.zeros(len(self), self.spec.info.dtype)

    def stepper(self, action: np.ndarray, obs: np.ndarray, out: np.ndarray) -> PreparedStep:
        """Return `advance` and a bare `reset` of a single lane, bound to these buffers."""
        every = np.ones(1, np.bool_)
        return PreparedStep(
            functools.partial(self._press, action, obs, out), functools.partial(self.reset, every, obs, out)
        )

    def _press(self, actions: np.ndarray, obs: np.ndarray, out: np.ndarray) -> None:
        """Do in a single lane what `advance` does, with all looked up once an edition, into the same buffers."""
        if self._bound is None:
            one, _ = self._take(int(self.records["book"][0]), slice(None))
            chosen, (own, own_out) = np.zeros(1, np.int64), one.buffers()
            step = one.stepper(chosen, own, own_out).step
            index = self.obs_index[0, : own.shape[1]]
            self._bound = step, chosen, self.button_actions[0], index, own[0], words(own_out)[0]
        step, chosen, button_actions, index, shown, own_out = self._bound
        chosen[0] = button_actions[actions[0]]
        step()
        obs[0, index] = shown
        words(out)[0, : len(own_out)] = own_out

    def advance(self, actions: np.ndarray, obs: np.ndarray, out: np.ndarray, turned: np.ndarray | None = None) -> None:
        """Press one checked button in every lane; see `Lanes.advance`."""
        chosen = self.button_actions[np.arange(len(self)), actions]
        pressed = None if turned is None else np.flatnonzero(~turned)
        self._write([self._play(b, i, chosen=chosen[i]) for b, i in self._by_book(pressed)], obs, out)
        if turned is not None and turned.any():
            self.reset(turned, obs, out)

    def reset(
        self,
        mask: np.ndarray,
        obs: np.ndarray,
        out: np.ndarray,
        options: Mapping[str, Any] | None = None,
        seeds: Sequence[int] | None = None,
        others: bool = False,
    ) -> None:
        """Turn the page in every lane of the mask, or go where `options` say; see `Lanes.reset`.

        Options are those, and `book` (a name, or a list of them). An edition without a book is of the book that its
        number names; a book without an edition opens the next edition of the seed; a state alone stays in its book.

        Raises:
            ValueError: an unknown seed, option, book, edition or chapter; nothing has changed then.
        """
        lanes = np.flatnonzero(mask)
        options = {k: v for k, v in (options or {}).items() if v is not None or k not in WHERE}
        if options or seeds is not None:
            kept = self._words.copy()
            try:
                wishes = self._visit(options, mask, seeds)
                shown = [self._play(b, i, wishes(i)) for b, i in self._by_book(lanes)]
            except ValueError:
                self._words[:] = kept
                raise
        else:
            shown = [self._play(b, i) for b, i in self._by_book(lanes)]
            clock = self.records["clock"]
            fresh = lanes[clock["key"][lanes] != self.laid[1][lanes]]  # for these the next edition has been opened,
            if len(fresh):  # but in the book of the last one
                numbers, owed = clock["number"][fresh], clock["owed"][fresh]
                self._move(fresh, books_of(numbers, len(self.lanes_by_book)))
                clock["number"][fresh], clock["asked"][fresh], clock["owed"][fresh] = numbers, 1, owed
                shown += [self._play(b, i) for b, i in self._by_book(fresh)]  # written last, below
        if others:
            shown += [self._play(b, i, turn=False) for b, i in self._by_book(np.flatnonzero(~mask))]
        self._lay_out(lanes)
        self._write(shown, obs, out)
        self.started = True

    def _visit(self, options: dict[str, Any], mask: np.ndarray, seeds: Sequence[int] | None) -> Callable[[Any], Any]:
        """Seed lanes and move them to their books; return what gives the remaining options of some of them."""
        for key in set(options) - set(WHERE):
            raise ValueError(f"unknown option {key!r}{did_you_mean(key, WHERE)}; there are {', '.join(WHERE)}")
        going, moving = self.records["book"].copy(), mask & (seeds is not None)
        if seeds is not None:
            seed_lanes(self.records["clock"], seeds, mask)
            going = books_of(stream(self.records["clock"]["seed"], 0).rng & LAST_NUMBER, len(self.lanes_by_book))
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
            elif (number := as_whole(edition)) is not None and 0 <= number <= LAST_NUMBER:  # else `Lanes` refuses it
                going[i] = books_of([number], len(self.lanes_by_book))[0]
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
        one, copied = self.lanes_by_book[b], self._words[lanes, : self.blank[b].shape[1]]
        one.records = copied.view(one.engine.lane)[:, 0]
        return one, copied

    def _play(self, b: int, lanes: np.ndarray, options: Any = None, chosen: Any = None, turn: bool = True) -> Shown:
        """Take the actions `chosen` in some lanes, all in book `b`, or, if there are none, turn their pages or look."""
        one, copied = self._take(b, lanes)
        obs, out = one.buffers()
        if chosen is not None:
            one.advance(chosen, obs, out)
        else:
            one.reset(np.full(len(lanes), turn), obs, out, options, others=not turn)
        self._words[lanes, : copied.shape[1]] = copied
        return lanes, obs, out

    def _lay_out(self, lanes: np.ndarray) -> None:
        """Lay out signals and buttons where a lane has changed its book or edition."""
        books, keys = self.laid
        at, now = self.records["book"][lanes], self.records["clock"]["key"][lanes]
        changed = (at != books[lanes]) | (now != keys[lanes])
        lanes, self._bound = lanes[changed], None if changed.any() else self._bound
        books[lanes], keys[lanes] = at[changed], now[changed]
        for b, i in self._by_book(lanes):
            book = self.lanes_by_book[b].book
            places, self.button_actions[i] = layout_of(book, keys[i], self.width, self.buttons)
            self.obs_index[i, : book.width] = i[:, None] * self.width + places

    def _write(self, shown: list[Shown], obs: np.ndarray, out: np.ndarray) -> None:
        """Write what lanes show, each by its book's own layout, into what all lanes show."""
        for i, own, own_out in shown:
            obs[i] = 0.0
            obs.reshape(-1)[self.obs_index[i, : own.shape[1]]] = own
            words(out)[i, : OUT.itemsize // 8] = words(own_out)
        out["book"] = self._label[self.records["book"]]
        out["action_mask"] = self.action_masks()

    def shown(self, which: Sequence[int] | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return what some lanes (None for all) show now, as in `buffers`."""
        self._lay_out(np.arange(len(self)))  # courses may just have been loaded
        obs, out = self.buffers()
        self._write([(i, *self._take(b, i)[0].shown()) for b, i in self._by_book()], obs, out)
        return (obs, out) if which is None else (obs[list(which)], out[list(which)])

    def hidden(self, i: int) -> dict[str, Any]:
        """Return what lane `i` hides, see `Lanes.hidden`; the oracle names a button."""
        hidden = self.alone(i).hidden(0)
        return {**hidden, "oracle": self.button_actions[i].tolist().index(hidden["oracle"])}

    def alone(self, i: int) -> Lanes:
        """Return a copy of lane `i` as the only one of its book."""
        return self._take(int(self.records["book"][i]), np.array([i]))[0]

    def draw(self, i: int) -> list[str]:
        """Return the page of lane `i` as its book draws it, rows of equal width."""
        return self.alone(i).draw(0)

    def tell(self, i: int) -> str:
        """Return the page of lane `i` in the words of its book."""
        return self.alone(i).tell(0)

    def action_masks(self) -> np.ndarray:
        """Return which buttons do something, bool (lanes, buttons)."""
        return self.button_actions != NOTHING

    def save(self, which: Sequence[int]) -> bytes:
        """Return the courses in some lanes as bytes."""
        return pack(self, which)

    def check(self, records: np.ndarray) -> None:
        """Refuse records that no course of this library can have left; see `Lanes.check`."""
        at, rows = records["book"], words(records)
        if ((at < 0) | (at >= len(self.names))).any():
            raise ValueError(f"the saved course is damaged: a book of number {at.max()} of {len(self.names)}")
        for b in np.unique(at).tolist():
            width = self.blank[b].shape[1]
            one, lanes = self.lanes_by_book[b], np.flatnonzero(at == b)
            if rows[lanes, width:-1].any():
                raise ValueError(f"the saved course is damaged: it has more than a course of {self.names[b]} holds")
            one.check(rows[lanes, :width].copy().view(one.engine.lane)[:, 0])

    def load(self, data: bytes, which: Sequence[int]) -> None:
        """Put saved courses into some lanes; see `Lanes.load`."""
        unpack(data, self, which)

    def close(self) -> None:
        """Nothing to let go of."""
