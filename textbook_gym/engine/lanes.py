"""Lanes: learners walking courses side by side, before Gymnasium or Stable-Baselines3 put their conventions on them.

`Lanes` checks what a user asks for, keeps the records, and runs the compiled loops. The single environment is one lane
of it, the vector environment and the Stable-Baselines3 plug-in are many.
"""

import enum
import functools
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from textbook_gym.authoring.book import Book, read
from textbook_gym.authoring.records import Row
from textbook_gym.engine.cores import cores
from textbook_gym.engine.course import OUT, Episode, Order, Pays, Split, Stage
from textbook_gym.engine.engine import Engine, engine
from textbook_gym.engine.jit import compiled
from textbook_gym.engine.loops import Others
from textbook_gym.engine.reset_options import Place, World, read_options
from textbook_gym.engine.syllabus import Chapters, Exercises, make_plan
from textbook_gym.errors import BookError, did_you_mean

INFO = ("chapter", "exercise", "edition", "exercise_done", "mark", "grade", "is_success", "book_done", "gain")
SHORTCUT_INFO = ("visible", "shortcuts")  # besides, in books with a shortcut


KEYWORDS = ("episode", "reward", "split", "chapters", "exercises", "order", "threads", "interpreted")
FACE = ("render_mode", "privileged", "autoreset_mode", "max_episode_steps")  # keywords of the environments alone


def member(kind: type[enum.IntEnum], keyword: str, value: str, unfit: Collection[int] = ()) -> int:
    """Return the member of an enumeration that a keyword's value names.

    Args:
        kind: the enumeration.
        keyword: the keyword.
        value: its value.
        unfit: members that the message does not offer.

    Raises:
        ValueError: it names none.
    """
    names = [m.name.lower() for m in kind if m not in unfit]
    if not isinstance(value, str) or value.upper() not in kind.__members__ or value != value.lower():
        hint = did_you_mean(str(value), names)
        raise ValueError(f"{keyword}={value!r} is not known{hint}; choose one of {', '.join(names)}")
    return int(kind[value.upper()])


class Lanes:
    """Courses of one book side by side.

    Args:
        book: dotted name of the book's module.
        lanes: how many learners.
        episode: "exercise", "book", or "trial": a book without page-turning steps.
        reward: "improvement", "mark", "exam"; for a book with a shortcut "visible", for one with raw rewards "raw".
        split: editions to open: "train", "test" or "all".
        chapters: chapters to walk, by number from 1 or by name; None for all.
        exercises: exercises in each chapter, one number or one a chapter; None for the book's own.
        order: "book" or "shuffled" (a control: chapters in random order, the exam last).
        threads: most threads to use; None for all cores.
        interpreted: run the rules as plain Python: slow, for debugging, equal to the last bit.
        unknown: refused; taken so that the message can say what there is.

    Raises:
        TypeError: a keyword is not one of those above.
        ValueError: a value is not one of those above; the message says which are.
    """

    def __init__(
        self,
        book: str,
        lanes: int = 1,
        *,
        episode: str = "exercise",
        reward: str = "improvement",
        split: str = "train",
        chapters: Chapters = None,
        exercises: Exercises = None,
        order: str = "book",
        threads: int | None = None,
        interpreted: bool = False,
        **unknown: Any,
    ) -> None:
        for keyword in unknown:
            known = [*KEYWORDS, *FACE]
            raise TypeError(f"no keyword {keyword!r}{did_you_mean(keyword, known)}; there are {', '.join(known)}")
        if isinstance(lanes, bool) or not isinstance(lanes, (int, np.integer)) or lanes < 1:
            raise ValueError(f"{lanes!r} lanes: give a whole number >= 1")
        if threads is not None and (not isinstance(threads, int) or threads < 1):
            raise ValueError(f"threads={threads!r}: give a whole number >= 1, or None for all cores")
        self.path = book
        self.interpreted = interpreted
        self._look_up()
        self.threads = threads or cores()
        self.plan = make_plan(self.book, chapters, exercises)
        fits = {Pays.VISIBLE: self.book.has_shortcut, Pays.RAW: hasattr(self.book.module, "raw")}
        pays = member(Pays, "reward", reward, [p for p, fit in fits.items() if not fit])
        if pays == Pays.VISIBLE and not fits[Pays.VISIBLE]:
            raise ValueError(f"reward='visible' is for books with a shortcut; {self.book.name} has none")
        if pays == Pays.RAW and not fits[Pays.RAW]:
            raise ValueError(f"reward='raw' is for the classics; {self.book.name} has no other reward than its marks")
        if pays == Pays.EXAM and not self.plan["exam"].any():
            raise ValueError("reward='exam' needs the exam: leave the last chapter in `chapters`")
        self.settings = {"episode": episode, "reward": reward, "split": split, "order": order}
        self.records = np.zeros(lanes, self.engine.lane)
        clock = self.records["clock"]
        clock["pays"] = pays
        clock["episode"] = member(Episode, "episode", episode)
        clock["split"] = member(Split, "split", split)
        clock["shuffled"] = member(Order, "order", order)
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

    @property
    def info_keys(self) -> tuple[str, ...]:
        """The keys of `info`."""
        return INFO + SHORTCUT_INFO if self.book.has_shortcut else INFO

    @functools.cached_property
    def info_places(self) -> tuple[tuple[str, int], ...]:
        """The keys of `info`, each with its position in an `OUT` record."""
        names = OUT.names or ()
        return tuple((key, names.index(key)) for key in self.info_keys)

    def __len__(self) -> int:
        return len(self.records)

    def _seed(self, seeds: Sequence[int], mask: np.ndarray) -> None:
        """Start a fresh learner, with a fresh sequence of editions, in every lane of the mask: `seeds[i]` in lane i."""
        bad = [s for s in seeds if isinstance(s, bool) or not isinstance(s, (int, np.integer)) or s < 0]
        if bad or len(seeds) != len(self):
            raise ValueError(f"seeds {list(seeds)!r}: give {len(self)} whole numbers >= 0, one a lane")
        clock = self.records["clock"]
        clock["seed"][mask] = np.array([int(s) % (1 << 64) for s in seeds], np.uint64)[mask]
        for name, value in (("opened", 0), ("asked", 0), ("start", 0), ("stage", Stage.BLANK)):
            clock[name][mask] = value

    def room(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return fresh room for a step of all lanes: observations, the same memory as records, and `OUT` records."""
        flat, seen = self.engine.observations(len(self))
        return flat, seen, np.empty(len(self), OUT)

    def advance(self, actions: np.ndarray, seen: np.ndarray, out: np.ndarray, turned: np.ndarray | None = None) -> None:
        """Take one checked action in every lane; but where `turned` (bool, one a lane) holds, turn the page instead."""
        mask = np.zeros(len(self), np.bool_) if turned is None else turned
        self.engine.turn(self.records, self.plan, Others.ACT, mask, actions, seen, out, self.threads)

    def reset(
        self,
        mask: np.ndarray,
        seen: np.ndarray,
        out: np.ndarray,
        options: Mapping[str, Any] | None = None,
        seeds: Sequence[int] | None = None,
        others: bool = False,
    ) -> None:
        """Turn the page in every lane of the mask, or go where `options` say.

        Args:
            mask: bool, one a lane.
            seen: room for observations.
            out: room for the rest.
            options: `edition` (a number from 0, or a mapping of EDITION fields), `chapter` (a number from 1, or a
                name) and `state` (a mapping of those STATE fields that the book lets be set); for many lanes
                `edition` and `state` may also be lists with one entry a lane of the mask.
            seeds: start a fresh learner in every lane of the mask, `seeds[i]` in lane i.
            others: write what the other lanes show too; nothing moves there, and their reward is 0.

        Raises:
            ValueError: an unknown seed, option, edition or chapter; nothing has changed then.
        """
        shuffled = self.settings["order"] == "shuffled"
        place = read_options(self.book, self.plan, shuffled, options, mask) if options else None
        if seeds is not None:
            self._seed(seeds, mask)
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
            self._arrange(place.states, seen, out)

    def _go(self, place: Place, mask: np.ndarray) -> dict[int, World]:
        """Move the clocks of the lanes in the mask to a place; return the worlds to set by lane."""
        clock = self.records["clock"]
        worlds = {}
        for i in np.flatnonzero(mask).tolist():
            edition = place.editions.get(i)
            if edition is not None:
                clock["asked"][i] = not isinstance(edition, dict)
                if isinstance(edition, dict):
                    worlds[i] = edition
                else:
                    clock["number"][i] = edition
                clock["stage"][i] = Stage.BLANK
            elif place.chapter is not None and clock["stage"][i] != Stage.BLANK:
                clock["asked"][i] = clock["number"][i] >= 0  # another chapter of the same edition
                if clock["number"][i] < 0:
                    worlds[i] = {n: self.records["edition"][n][i].copy() for n in self.book.edition.names or ()}
                clock["stage"][i] = Stage.BLANK
            if place.chapter is not None:
                clock["start"][i] = place.chapter
        return worlds

    def _arrange(self, states: Mapping[int, World], seen: np.ndarray, out: np.ndarray) -> None:
        """Set fields of STATE in posed exercises; the book's `arrange` works out what follows from them."""
        arrange = getattr(self.book.module, "arrange", None)
        for i, state in states.items():
            for name, value in state.items():
                self.records["state"][name][i] = value
            lane = Row(self.records[i])
            if arrange is not None:
                arrange(Row(self.plan[lane.clock.chapter]), lane.edition, lane.state)
        which = list(states)
        _, shown, told = self.shown(which)
        seen[which], out[which] = shown, told

    def check_actions(self, actions: Any, chosen: np.ndarray | None = None) -> np.ndarray:
        """Return the actions as int64 of shape (lanes,), in `chosen` if that is given.

        Raises:
            ValueError: wrong shape, not whole numbers, or out of range; the message names the first offender.
        """
        array = np.asarray(actions)
        if array.shape != (len(self),):
            raise ValueError(f"actions of shape {array.shape}: one whole number a lane is needed, shape ({len(self)},)")
        known = len(self.book.actions)
        if array.dtype.kind not in "iu":
            raise ValueError(f"actions of type {array.dtype}: whole numbers 0..{known - 1} are needed")
        if chosen is None:
            chosen = np.empty(len(self), np.int64)
        i = compiled(take)(np.ascontiguousarray(array, np.int64), chosen, known)
        if i >= 0:
            raise ValueError(f"actions[{i}] = {array[i]}: {allowed_actions(self.book)}")
        return chosen

    def shown(self, which: Sequence[int] | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return what some lanes (None for all) show now, as `room` lays it out; worked out anew, as plain Python."""
        slow = engine(self.book, interpreted=True)
        records = self.records if which is None else self.records[list(which)]
        flat, seen = slow.observations(len(records))
        out = np.zeros(len(records), OUT)
        none = np.zeros(len(records), np.bool_), np.zeros(len(records), np.int64)
        slow.turn(records, self.plan, Others.SHOW, *none, seen, out, 1)
        return flat, seen, out

    def hidden(self, i: int) -> dict[str, Any]:
        """Return what lane `i` hides: edition, state, true mark and grade, and the oracle's next action."""
        lane = self.records[i]
        if lane["clock"]["stage"] == Stage.BLANK:
            raise BookError("nothing to show before the first reset")
        p = Row(self.plan[int(lane["clock"]["chapter"])])
        return {
            "edition": {n: lane["edition"][n].tolist() for n in lane["edition"].dtype.names},
            "state": {n: lane["state"][n].tolist() for n in lane["state"].dtype.names},
            "mark": float(lane["clock"]["mark"]),
            "grade": float(lane["clock"]["grade"]),
            "oracle": int(self.book.module.oracle(p, Row(lane["edition"]), Row(lane["state"]))),
        }


def take(given: Any, chosen: Any, known: int) -> int:
    """Copy actions, int64, if all are below `known`; return where the first is that is not, else -1. Compiled."""
    wrong = 0
    for i in range(len(given)):  # first all of them, without a branch: nothing is copied if one is wrong
        wrong += given[i] < 0 or given[i] >= known
    for i in range(len(given)):
        if wrong == 0:
            chosen[i] = given[i]
        elif given[i] < 0 or given[i] >= known:
            return i
    return -1


def allowed_actions(book: Book) -> str:
    """Return a phrase that lists the actions of a book."""
    return f"{book.name} takes " + ", ".join(f"{n} {name}" for n, name in enumerate(book.actions))
