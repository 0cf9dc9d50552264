"""Lanes: learners walking courses side by side, before Gymnasium or Stable-Baselines3 put their conventions on them.

`Lanes` checks what a user asks for, keeps the records, and runs the compiled loops. The single environment is one lane
of it, the vector environment and the Stable-Baselines3 plug-in are many.
"""

import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from textbook_gym.authoring.book import Book, read
from textbook_gym.authoring.records import Row
from textbook_gym.engine.batch import BatchSpec, CopiedByWords, PreparedStep, words
from textbook_gym.engine.chapter_plan import outline
from textbook_gym.engine.cores import cores
from textbook_gym.engine.course import Stage
from textbook_gym.engine.course_options import DEFAULTS, CourseOptions, read_course, takes_course_options
from textbook_gym.engine.engine import Engine, engine
from textbook_gym.engine.info import OUT, InfoLayout
from textbook_gym.engine.load_checks import check_saved_courses
from textbook_gym.engine.loops import Others
from textbook_gym.engine.reset_options import Place, World, read_options
from textbook_gym.engine.serialization import pack, unpack
from textbook_gym.engine.splits import hashed_bits
from textbook_gym.errors import BookError, whole

if TYPE_CHECKING:
    from typing_extensions import Unpack

SEEDS = (1 << 64) - 1  # the greatest seed: all 64 bits of it count


def lanes_digest(layout: Any) -> str:
    """Return what names the layout of records in saved files."""
    return hashlib.sha256(json.dumps(layout, default=str).encode()).hexdigest()


class Lanes(CopiedByWords):
    """Courses of one book side by side: a `Batch`.

    Args:
        book: dotted name of the book's module.
        lanes: how many learners.
        options: see `CourseOptions`.

    Raises:
        TypeError: a keyword is not one of those.
        ValueError: a value is not allowed; the message says which are.

    Example:
        >>> lanes = Lanes("textbook_gym.books.bandits", 4, split="test")
        >>> obs, out = lanes.buffers()
        >>> obs.shape, out["mark"].shape
        ((4, 10), (4,))
    """

    @takes_course_options
    def __init__(self, book: str, lanes: int = 1, **options: "Unpack[CourseOptions]") -> None:
        lanes = whole("lanes", lanes, 1)
        threads = options.get("threads", DEFAULTS["threads"])
        self.threads = cores() if threads is None else whole("threads", threads, 1, otherwise=", or None for all cores")
        self.path = book
        self.interpreted = options.get("interpreted", DEFAULTS["interpreted"])
        self._look_up()
        course = read_course(self.book, options)
        self.plan, self.settings = course.plan, course.settings
        self.records = np.zeros(lanes, self.engine.lane)
        clock = self.records["clock"]
        clock["pays"], clock["episode"], clock["split"] = course.pays, course.episode, course.split
        clock["shuffled"] = course.order
        self.started = False  # whether there has been a first reset

    def _look_up(self) -> None:
        """Find book and loops by name; neither can be pickled."""
        self.book: Book = read(self.path)
        self.engine: Engine = engine(self.book, self.interpreted)

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k not in ("book", "engine")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._look_up()

    def name_editions_as(self, course: str | None) -> "Lanes":
        """Let a number and a split name the same world as in a course that the book names (None: all chapters).

        Else train and test are told apart by what matters in the chapters of these lanes, and number 7 of the test
        split may be another world there. This is for comparing the same world in courses of different chapters.

        Returns:
            these lanes.
        """
        self.plan["hashed"] = hashed_bits(self.book, list(outline(self.book, course)))
        return self

    def seal(self, salt: int) -> "Lanes":
        """Let edition numbers name other worlds, which who does not know the salt cannot draw; return these lanes.

        Args:
            salt: 1 to 2^64 - 1, see `salt_of`; 0 for the public editions.
        """
        self.records["clock"]["salt"] = salt
        return self

    @functools.cached_property
    def spec(self) -> BatchSpec:
        """What this batch is."""
        plan = hashlib.sha256(self.plan.tobytes()).hexdigest()
        signature = {
            "book": self.book.name,
            "layout": lanes_digest([self.engine.lane.descr, self.plan.dtype.descr]),
            "settings": {**self.settings, "plan": plan},
        }
        info = InfoLayout(self.book.has_shortcut)
        book = self.book
        return BatchSpec(book.name, book.actions, book.signals, *book.bounds(), info, signature, book)

    def __len__(self) -> int:
        return len(self.records)

    def buffers(self) -> tuple[np.ndarray, np.ndarray]:
        """Return fresh buffers for a step of all lanes: observations, float32 (lanes, width), and `OUT` records."""
        return self.engine.observations(len(self))[0], np.empty(len(self), OUT)

    def _seen(self, obs: np.ndarray) -> np.ndarray:
        """Return observations as records, which is what rules write to: a view."""
        return obs.view(self.engine.seen)[:, 0]

    def advance(self, actions: np.ndarray, obs: np.ndarray, out: np.ndarray, turned: np.ndarray | None = None) -> None:
        """Take one checked action in every lane; but where `turned` (bool, one a lane) holds, turn the page instead."""
        mask = np.zeros(len(self), np.bool_) if turned is None else turned
        seen = self._seen(obs)
        self.engine.turn(self.records, self.plan, Others.ACT, mask, actions, seen, out, self.threads)

    def stepper(self, action: np.ndarray, obs: np.ndarray, out: np.ndarray) -> PreparedStep:
        """Return the compiled loop bound to these buffers: `advance` and a bare `reset` without a look at anything."""
        n, arrays = len(self), (self.records, words(self.records), self.plan)
        none, every, buffers = np.zeros(n, np.bool_), np.ones(n, np.bool_), (action, self._seen(obs), out)
        loop = self.engine.loop("turn", *arrays, int(Others.ACT), none, *buffers)
        return PreparedStep(
            functools.partial(loop, *arrays, int(Others.ACT), none, *buffers, 0, n),
            functools.partial(loop, *arrays, int(Others.REST), every, *buffers, 0, n),
        )

    def reset(
        self,
        mask: np.ndarray,
        obs: np.ndarray,
        out: np.ndarray,
        options: Mapping[str, Any] | None = None,
        seeds: Sequence[int] | None = None,
        others: bool = False,
    ) -> None:
        """Turn the page in every lane of the mask, or go where `options` say.

        Args:
            mask: bool, one a lane.
            obs: buffer of observations, as in `buffers`.
            out: buffer of the rest.
            options: `edition` (a number from 0, or a mapping of EDITION fields), `chapter` (a number from 1, or a
                name) and `state` (a mapping of those STATE fields that the book lets be set); for many lanes
                `edition` and `state` may also be lists with one entry a lane of the mask.
            seeds: start a fresh learner in every lane of the mask, `seeds[i]` in lane i; 0 to 2^64 - 1.
            others: write what the other lanes show too; nothing moves there, and their reward is 0.

        Raises:
            ValueError: an unknown seed, option, edition or chapter; nothing has changed then.
        """
        seen = self._seen(obs)
        shuffled = self.settings["order"] == "shuffled"
        place = read_options(self.book, self.plan, shuffled, options, mask) if options else None
        if seeds is not None:
            seed_lanes(self.records["clock"], seeds, mask)
        worlds = self._go(place, mask) if place else {}
        turn = functools.partial(
            self.engine.turn, self.records, self.plan, Others.SHOW if others else Others.REST,
            mask, np.zeros(len(self), np.int64), seen, out, self.threads,
        )  # fmt: skip
        turn()
        self.started = True
        if worlds:
            for i, world in worlds.items():
                for name, value in world.items():
                    self.records["edition"][name][i] = value
                for field in self.book.module.STATE:
                    if field.lasting:
                        self.records["state"][field.name][i] = 0
                self.records["clock"]["number"][i] = -1
            turn()
        if place and place.states:
            self._arrange(place.states, obs, out)

    def _go(self, place: Place, mask: np.ndarray) -> dict[int, World]:
        """Move the clocks of the lanes in the mask to a place; return the worlds to set by lane."""
        clock = self.records["clock"]
        worlds = {}
        moved = np.zeros(len(self), np.bool_)
        for i in np.flatnonzero(mask).tolist():
            edition = place.editions.get(i)
            if edition is not None:
                clock["asked"][i] = not isinstance(edition, dict)
                if isinstance(edition, dict):
                    worlds[i] = edition
                else:
                    clock["number"][i] = edition
                moved[i] = True
            elif place.chapter is not None and clock["stage"][i] != Stage.BLANK:
                clock["asked"][i] = clock["number"][i] >= 0  # another chapter of the same edition
                if clock["number"][i] < 0:
                    worlds[i] = {n: self.records["edition"][n][i].copy() for n in self.book.edition.names or ()}
                moved[i] = True
            if place.chapter is not None:
                clock["start"][i] = place.chapter
        clock["stage"][moved] = Stage.BLANK
        clock["owed"][moved] = 0.0
        return worlds

    def _arrange(self, states: Mapping[int, World], obs: np.ndarray, out: np.ndarray) -> None:
        """Set fields of STATE in posed exercises; the book's `arrange` works out what follows from them."""
        arrange = getattr(self.book.module, "arrange", None)
        for i, state in states.items():
            for name, value in state.items():
                self.records["state"][name][i] = value
            lane = Row(self.records[i])
            if arrange is not None:
                arrange(Row(self.plan[lane.clock.chapter]), lane.edition, lane.state)
        which = list(states)
        obs[which], out[which] = self.shown(which)

    def shown(self, which: Sequence[int] | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return what some lanes (None for all) show now, as in `buffers`; worked out anew, as plain Python."""
        slow = engine(self.book, interpreted=True)
        records = self.records if which is None else self.records[list(which)]
        obs, seen = slow.observations(len(records))
        out = np.zeros(len(records), OUT)
        none = np.zeros(len(records), np.bool_), np.zeros(len(records), np.int64)
        slow.turn(records, self.plan, Others.SHOW, *none, seen, out, 1)
        return obs, out

    def hidden(self, i: int) -> dict[str, Any]:
        """Return what lane `i` hides: edition, state, true mark and grade, steps, and the oracle's next action."""
        lane = self.records[i]
        if lane["clock"]["stage"] == Stage.BLANK:
            raise BookError("nothing to show before the first reset")
        p = Row(self.plan[int(lane["clock"]["chapter"])])
        return {
            "edition": {n: lane["edition"][n].tolist() for n in lane["edition"].dtype.names},
            "state": {n: lane["state"][n].tolist() for n in lane["state"].dtype.names},
            "mark": float(lane["clock"]["mark"]),
            "visible": float(lane["clock"]["visible"]),
            "grade": float(lane["clock"]["grade"]),
            "steps": int(lane["clock"]["step"]),
            "oracle": int(self.book.module.oracle(p, Row(lane["edition"]), Row(lane["state"]))),
        }

    def _page(self, i: int) -> tuple[Row, Row, np.void]:
        """Return chapter row and observation of lane `i` as `draw` and `tell` of a book want them, and its `out`."""
        obs, out = self.shown([i])
        return Row(self.plan[int(self.records["clock"]["chapter"][i])]), Row(self._seen(obs)[0]), out[0]

    def tell(self, i: int) -> str:
        """Return the page of lane `i` in words."""
        p, seen, _ = self._page(i)
        return self.book.tell(p, seen)

    def draw(self, i: int) -> list[str]:
        """Return the page of lane `i` as rows of equal width: a title, the grade, then what the book draws."""
        p, seen, o = self._page(i)
        drawn: list[str] = self.book.draw(p, seen)
        chapter = self.book.chapters[int(o["chapter"]) - 1]
        title = f"{self.book.name} {int(o['chapter'])}.{int(o['exercise'])} {chapter.name}"
        below = f"grade {float(o['grade']):.2f}" + (f"  mark {float(o['mark']):.2f}" if o["exercise_done"] else "")
        every = [title, below, "", *drawn]
        width = max(map(len, every))
        return [row.ljust(width) for row in every]

    def action_masks(self) -> np.ndarray:
        """Return which actions there are: all, bool (lanes, actions)."""
        return np.ones((len(self), len(self.book.actions)), np.bool_)

    def save(self, which: Sequence[int]) -> bytes:
        """Return the courses in some lanes as bytes."""
        return pack(self, which)

    def check(self, records: np.ndarray) -> None:
        """Refuse records that no course of these lanes can have left; see `engine.load_checks`.

        Raises:
            ValueError: the first finding, in one line.
        """
        check_saved_courses(self.engine, self.plan, self.records["clock"][0], records)

    def load(self, data: bytes, which: Sequence[int]) -> None:
        """Put saved courses into some lanes.

        Raises:
            ValueError: they are damaged or foreign, or do not fit; nothing has changed then.
        """
        unpack(data, self, which)

    def close(self) -> None:
        """Nothing to let go of."""


def seed_lanes(clock: np.ndarray, seeds: Sequence[int], mask: np.ndarray) -> None:
    """Start a fresh learner, with a fresh sequence of editions, in every lane of the mask: `seeds[i]` in lane i.

    Raises:
        ValueError: not one whole number from 0 to 2^64 - 1 a lane; nothing has changed then.
    """
    if len(seeds) != len(clock):
        raise ValueError(f"seeds {list(seeds)!r}: give {len(clock)} whole numbers >= 0, one a lane")
    clock["seed"][mask] = np.array([whole("seed", s, 0, SEEDS) for s in seeds], np.uint64)[mask]
    for name, value in (("opened", 0), ("asked", 0), ("start", 0), ("owed", 0.0), ("stage", Stage.BLANK)):
        clock[name][mask] = value
