"""Memory that carries from exercise to exercise: the contract. The memories are in `memories`, wrappers in `remember`.

A memory stands between an environment and a student. It adds floats to what the student sees, and sees nothing else
itself: observations, actions, rewards, and the public `info`. It is written once, for many learners ("lanes") side by
side; a single environment is one lane. Until `bind` it is settings only, afterwards it holds NumPy arrays whose first
axis is the lane, `nbytes` in all, and does not grow.

    begin(mask, observations, info)                     a page was turned in these lanes
    learn(mask, actions, observations, rewards, info)   what one step showed in these lanes
    step(actions, observations, rewards, info, reset)   both of the above, for one step of all lanes
    look(observations, which) -> remembered             what the student sees: the observation, then the memory
    deed(actions, heard) -> actions                     what the environment gets of a student's actions
    wipe(mask)                                          forget everything in these lanes

When it is wiped says `keep`, and it is read off `info` alone, never off `reset`: "exercise" (at every page: amnesia,
the control), "chapter", "edition" (when a new world opens), "forever". `reset(seed=...)` means a fresh learner, so the
wrappers wipe then, whatever `keep` says; a bare reset or an autoreset wipes nothing.

Of `info` it reads `exercise_done` (the exercise is over: the next step, if there is one, only turns the page, and is
not learned from), `mark`, `chapter`, `edition`, `book_done` (the next page is of a new edition). An environment that
tells none of these is one edition without end, and each of its episodes is an exercise.

A blank memory is all zeros. `save`, `load` and `transplant` move lanes as bytes: versioned, checksummed, no pickle.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from gymnasium import spaces

from textbook_gym.authoring.book import Book
from textbook_gym.engine.jit import compiled
from textbook_gym.engine.serialization import seal, unseal
from textbook_gym.errors import did_you_mean
from textbook_gym.memory.boundaries import Doing, keep_pages, sort_out

KEEPS = ("exercise", "chapter", "edition", "forever")
FORMAT = "textbook_gym memory 1"
READ: dict[str, Any] = {
    "exercise_done": np.bool_,
    "mark": np.float32,
    "chapter": np.int64,
    "edition": np.int64,
    "book_done": np.bool_,
}
"""What is read of `info`."""

Info = Mapping[str, Any]
Step = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Observations before and after, actions, rewards, marks; see `memory_loops`."""


class Memory:
    """What all memories have in common; see the top of this file.

    A memory of one's own: derive, give a `name`, and fill in `_open` (make room), `_learn`, `_turn` and `_look`.

    Args:
        keep: when it is wiped: "exercise", "chapter", "edition" or "forever".
        settings: what else the constructor was given, JSON-able, so that a copy can be made.

    Raises:
        ValueError: `keep` is none of these.
    """

    name: ClassVar[str] = ""

    def __init__(self, keep: str = "edition", **settings: Any) -> None:
        if keep not in KEEPS:
            raise ValueError(f"keep={keep!r}{did_you_mean(str(keep), list(KEEPS))}; choose one of {', '.join(KEEPS)}")
        self.keep = keep
        self.settings: dict[str, Any] = {"keep": keep, **settings}
        self.lanes = 0  # none before `bind`
        self.arrays: dict[str, np.ndarray] = {}

    # --- binding -----------------------------------------------------------------------

    def bind(
        self,
        observation_space: spaces.Space[Any],
        action_space: spaces.Space[Any],
        lanes: int = 1,
        book: Book | None = None,
    ) -> None:
        """Make room for so many lanes, all blank; what was remembered is lost.

        Args:
            observation_space: of one lane, a flat `Box`.
            action_space: of one lane, `Discrete`.
            lanes: how many learners.
            book: the book that is read, if it is known: it knows its signals by name.

        Raises:
            ValueError: other spaces, or settings that do not fit them.
        """
        if not isinstance(observation_space, spaces.Box) or len(observation_space.shape) != 1:
            raise ValueError(
                f"memory {self.name!r} needs a flat Box of observations, not {observation_space}; "
                f"wrap the environment in gymnasium.wrappers.FlattenObservation"
            )
        if not isinstance(action_space, spaces.Discrete):
            raise ValueError(f"memory {self.name!r} needs Discrete actions, not {action_space}; map them to numbers")
        self.lanes, self.book = int(lanes), book
        self.seen_space, self.deed_space = observation_space, action_space
        self.width, self.actions, self.first_action = (
            observation_space.shape[0],
            int(action_space.n),
            int(action_space.start),
        )
        self.arrays = {}
        self.before = self._room("before", (self.width,))  # what the student saw last
        self.edition = self._room("edition", (), np.int64)
        self.chapter = self._room("chapter", (), np.int64)
        self.flags = self._room("flags", (4,), np.bool_)
        self.every = np.arange(self.lanes)
        self._pages = self.flags, self.edition, self.chapter, self.before
        self._untold: dict[str, np.ndarray] = {k: np.zeros(self.lanes, kind) for k, kind in READ.items()}
        self._untold.update(edition=self.edition, chapter=self.chapter)  # they stay what they were
        self._unpaid = np.zeros(self.lanes)
        self._found = tuple(np.zeros(self.lanes, kind) for kind in (np.int64, np.int64, np.float32, np.bool_))
        self.action_space: spaces.Space[Any] = action_space
        self.observation_space = self._space(*self._open())

    def _room(self, name: str, shape: tuple[int, ...] = (), dtype: Any = np.float32) -> np.ndarray:
        """Return a blank array of shape (lanes, *shape) that is saved, wiped and transplanted with the memory."""
        self.arrays[name] = np.zeros((self.lanes, *shape), dtype)
        return self.arrays[name]

    def _space(self, low: np.ndarray, high: np.ndarray) -> spaces.Box:
        """Return the space of what a student sees, given the bounds of what the memory adds."""
        seen = self.seen_space
        return spaces.Box(
            np.concatenate([seen.low, low]).astype(np.float32), np.concatenate([seen.high, high]).astype(np.float32)
        )

    def _open(self) -> tuple[np.ndarray, np.ndarray]:
        """Make room; return lowest and highest values of the floats that the memory adds."""
        raise NotImplementedError

    def spec(self) -> dict[str, Any]:
        """Return settings that make this memory again, JSON-able, whatever becomes of the book; call it when bound."""
        return dict(self.settings)

    @property
    def nbytes(self) -> int:
        """Bytes that all lanes take."""
        return sum(a.nbytes for a in self.arrays.values())

    @property
    def known(self) -> np.ndarray:
        """Whether a page was opened since the memory was blank, bool (lanes,); a view, as the next three are."""
        return self.flags[:, 0]

    @property
    def over(self) -> np.ndarray:
        """Whether the exercise is finished: the next step turns the page."""
        return self.flags[:, 1]

    @property
    def closed(self) -> np.ndarray:
        """Whether the book is finished: the next page is of a new edition."""
        return self.flags[:, 2]

    @property
    def fresh(self) -> np.ndarray:
        """Whether no step was taken since the page was turned."""
        return self.flags[:, 3]

    # --- living ------------------------------------------------------------------------

    def begin(self, mask: np.ndarray, observations: np.ndarray, info: Info) -> None:
        """A page was turned in the lanes of the mask.

        Args:
            mask: bool, (lanes,).
            observations: what the pages show, (lanes, width); only lanes of the mask are read.
            info: arrays of shape (lanes,).
        """
        self._live(Doing.BEGIN, mask, observations, info)

    def _seen(self, observations: np.ndarray, rows: int) -> np.ndarray:
        """Return observations as compiled loops read them, which do not look whether a row exists."""
        seen = np.ascontiguousarray(observations, np.float32)
        if seen.shape != (rows, self.width):
            raise ValueError(f"observations of shape {seen.shape}: ({rows}, {self.width}) is needed, one row a lane")
        return seen

    def _by_lane(self, name: str, values: Any, kind: Any) -> np.ndarray:
        """Return one value a lane, likewise."""
        array = np.ascontiguousarray(values, kind)
        if array.shape != (self.lanes,):
            raise ValueError(f"{name} of shape {array.shape}: one a lane is needed, shape ({self.lanes},)")
        return array

    def _told(self, info: Info, *names: str) -> tuple[np.ndarray, ...]:
        """Return what an info tells of some of `READ`."""
        untold = self._untold
        return tuple(self._by_lane(n, info[n], READ[n]) if n in info else untold[n] for n in names)

    def _live(
        self, doing: Doing, mask: Any, observations: np.ndarray, info: Info, actions: Any = None, rewards: Any = None
    ) -> None:
        """Take in steps and new pages; see `Doing`."""
        seen, mask = self._seen(observations, self.lanes), self._by_lane("mask", mask, np.bool_)
        new = self._told({} if doing == Doing.LEARN else info, "edition", "chapter")
        done, closed, marks = self._told({} if doing == Doing.BEGIN else info, "exercise_done", "book_done", "mark")
        deeds, paid = self.every, self._unpaid
        if doing != Doing.BEGIN:
            paid = self._by_lane("rewards", rewards, np.float64)
            deeds = self._by_lane("actions", actions, np.int64)
            deeds = deeds - self.first_action if self.first_action else deeds
        learning, turning, bounded, stale = self._found
        learners, turners, old, wrong = compiled(sort_out)(
            int(doing), mask, KEEPS.index(self.keep), self._pages, new, deeds, self.actions, paid, self._found
        )
        learning, turning = learning[:learners], turning[:turners]
        if wrong >= 0:
            stale[:] = False
            first, last = self.first_action, self.first_action + self.actions - 1
            raise ValueError(f"actions[{wrong}] = {deeds[wrong] + first}: whole numbers {first}..{last} are needed")
        if learners:
            self._learn(learning, (self.before, seen, deeds, bounded, marks), done)
        if old:
            self.wipe(stale)
            stale[:] = False
        if turners:
            self._turn(turning, seen)
        compiled(keep_pages)(learning, turning, self._pages, new, done, closed, seen)

    def learn(
        self, mask: np.ndarray, actions: np.ndarray, observations: np.ndarray, rewards: np.ndarray, info: Info
    ) -> None:
        """Learn from one step in the lanes of the mask.

        Args:
            mask: bool, (lanes,).
            actions: what the environment was given, (lanes,).
            observations: what the step showed: at an episode's end the final observation, (lanes, width).
            rewards: (lanes,).
            info: arrays of shape (lanes,): what the step told, not what the next page tells.

        Raises:
            ValueError: one of them has another shape, or there is no such action; nothing is learned then.
        """
        self._live(Doing.LEARN, mask, observations, info, actions, rewards)

    def step(
        self,
        actions: np.ndarray,
        observations: np.ndarray,
        rewards: np.ndarray,
        info: Info,
        reset: np.ndarray | None = None,
    ) -> None:
        """Take in one step of all lanes: those whose exercise was over only turned the page, all others learn.

        Args:
            actions: as in `learn`.
            observations: likewise.
            rewards: likewise.
            info: likewise.
            reset: bool, (lanes,): lanes in which the step was an autoreset, whatever the action.
        """
        mask = self._untold["exercise_done"] if reset is None else reset
        self._live(Doing.STEP, mask, observations, info, actions, rewards)

    def look(self, observations: np.ndarray, which: np.ndarray | None = None) -> np.ndarray:
        """Return what the student sees, float32 (lanes, width of `observation_space`), in fresh memory.

        Args:
            observations: what the environment shows, one row a lane.
            which: numbers of the lanes that the rows belong to; None for all.

        Raises:
            ValueError: the observations have another shape, or there is no such lane.
        """
        if which is None:
            which = self.every
        else:
            which = np.ascontiguousarray(which, np.int64)
            if len(which) and not 0 <= which.min() <= which.max() < self.lanes:
                raise ValueError(f"lanes {which.tolist()}: give numbers from 0 to {self.lanes - 1}")
        out = np.empty((len(which), *self.observation_space.shape), np.float32)
        self._look(self._seen(observations, len(which)), which, out)
        return out

    def deed(self, actions: Any, heard: np.ndarray | None = None) -> Any:
        """Return what the environment gets of the actions, one a lane.

        Args:
            actions: the student's.
            heard: bool, (lanes,): False where the environment will ignore the action (an autoreset); None for all True.

        Raises:
            ValueError: a part of an action that is the memory's own is out of range.
        """
        return actions

    def wipe(self, mask: np.ndarray) -> None:
        """Forget everything in the lanes of the mask (bool): they are as after `bind`."""
        if mask.any():
            for array in self.arrays.values():
                array[mask] = 0

    def _turn(self, which: np.ndarray, observations: np.ndarray) -> None:
        """Take in pages turned in the lanes numbered by `which`; `self.fresh` says where it is the same page still."""

    def _learn(self, which: np.ndarray, step: Step, done: np.ndarray) -> None:
        """Take in a step of the lanes numbered by `which`.

        Args:
            which: numbers of lanes; a view that the next call writes over, as are the rewards.
            step: of all lanes; actions count from 0.
            done: whether it ended an exercise, bool (lanes,).
        """
        raise NotImplementedError

    def _look(self, observations: np.ndarray, which: np.ndarray, out: np.ndarray) -> None:
        """Write what is seen to `out`, one row for each entry of `which`."""
        raise NotImplementedError

    # --- as bytes ----------------------------------------------------------------------

    def _head(self) -> dict[str, Any]:
        """Return what a saved memory must have in common with this one: kind, settings, and the layout of a lane."""
        layout = [[n, a.dtype.newbyteorder("<").str, list(a.shape[1:])] for n, a in self.arrays.items()]
        settings = {k: v for k, v in self.settings.items() if k != "keep"}
        plain: dict[str, Any] = json.loads(json.dumps({"memory": self.name, "settings": settings, "layout": layout}))
        return plain

    def _which(self, lanes: Sequence[int] | None) -> list[int]:
        """Return checked lane numbers, all for None."""
        which = list(range(self.lanes)) if lanes is None else [int(i) for i in lanes]
        if not which or len(set(which)) != len(which) or any(not 0 <= i < self.lanes for i in which):
            raise ValueError(f"lanes={lanes!r}: give different numbers from 0 to {self.lanes - 1}")
        return which

    def save(self, lanes: Sequence[int] | None = None) -> bytes:
        """Return what some lanes (None for all) remember, as bytes."""
        which = self._which(lanes)
        parts = [a[which].astype(a.dtype.newbyteorder("<"), copy=False).tobytes() for a in self.arrays.values()]
        return seal(FORMAT, {**self._head(), "lanes": len(which)}, b"".join(parts))

    def load(self, data: bytes, lanes: Sequence[int] | None = None) -> None:
        """Put what `save` returned into some lanes (None for all), one for one.

        Raises:
            ValueError: damaged or foreign bytes, another memory or layout, or another number of lanes; the present
                memory is untouched.
        """
        head, payload = unseal(FORMAT, "memory", data)
        which = self._which(lanes)
        for key, wanted in self._head().items():
            if head.get(key) != wanted:
                raise ValueError(
                    f"the saved memory has {key}={str(head.get(key))[:80]}, this one {str(wanted)[:80]}; "
                    f"bind the same memory with the same settings to the same spaces"
                )
        if head.get("lanes") != len(which):
            raise ValueError(f"{head.get('lanes')} saved lanes for {len(which)}; name as many with `lanes=`")
        start = 0
        for array in self.arrays.values():
            size = array[0].nbytes * len(which)
            kind = array.dtype.newbyteorder("<")
            array[which] = np.frombuffer(payload[start : start + size], kind).reshape(len(which), *array.shape[1:])
            start += size

    def transplant(self, other: "Memory | bytes", lanes: Sequence[int] | None = None) -> None:
        """Put another student's memory, or its saved bytes, into some lanes (None for all); see `load`."""
        self.load(other.save() if isinstance(other, Memory) else other, lanes)
