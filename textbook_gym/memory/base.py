"""What a memory is.

A memory stands between an environment and a student. It watches the steps and adds floats to every observation: what
the student would otherwise have lost at `reset`. It sees what a student sees, and nothing else: observations, actions,
rewards, and the public `info`. It is written once, for many learners ("lanes") side by side; a single environment is
one lane. Most users need no more than a name, `Remember(env, "ledger")`. `stepping.Stepper` drives one, or you do:

    memory = make_memory("ledger", keep="edition")
    memory.bind(observation_space, action_space, n_lanes)   # allocates arrays, all zeros; they do not grow
    memory.begin(mask, obs, info)                           # an exercise began in the lanes of the mask
    while True:
        actions = student(memory.augment(obs))              # the observation with the memory's features appended
        env_actions = memory.to_env_action(actions)         # strips the part that is addressed to the memory
        obs, rewards, ..., info = env.step(env_actions)
        memory.step(env_actions, obs, rewards, info)        # learns, or begins the next exercise

`keep` says when a memory is wiped: at the end of every "exercise" (amnesia, the control), of every "chapter", of every
"edition" (a new world opens), or never, "forever". The memory reads that off `info`, never off `reset`:

    exercise_done     the exercise is over: the next step, if there is one, only begins another, and teaches nothing
    mark              of the exercise that is over
    chapter, edition  their numbers
    book_done         the next exercise is of a new edition

An environment that has none of these is one edition without end, and each of its episodes is an exercise.
`reset(seed=...)` asks for a fresh learner, so the wrappers wipe then, whatever `keep` says.

A memory of one's own names itself and fills in three methods; see `Memory` for what else it may:

    class Tried(Memory):
        '''Adds one float an action: 1 once the action was taken.'''

        name = "tried"

        def _open(self):
            self.tried = self._array("tried", (self.n_actions,))  # float32 (lanes, actions): saved, wiped, transplanted
            return np.zeros(self.n_actions), np.ones(self.n_actions)  # bounds of what is added

        def _learn(self, lanes, step, done):
            self.tried[lanes, step.actions[lanes]] = 1.0

        def _augment(self, observations, lanes, out):
            out[:, : self.width] = observations
            out[:, self.width :] = self.tried[lanes]

    env = Remember(gym.make("textbook/Bandits-v1"), Tried(keep="edition"))
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from gymnasium import spaces

from textbook_gym.authoring.book import Book
from textbook_gym.engine.batch import BatchSpec
from textbook_gym.engine.jit import compiled
from textbook_gym.errors import one_of, whole
from textbook_gym.memory.boundaries import Event, Flag, Keep, partition_lanes, track
from textbook_gym.memory.interface import READ, Info, RememberedBox, Step
from textbook_gym.memory.saving import describe, pack_memory, unpack_memory

KEEPS = tuple(k.name.lower() for k in Keep)


class Memory:
    """What all memories have in common; see the top of this file, which has an example of one's own.

    Who derives fills in

        _open() -> (low, high)                   allocate with `_array`; return bounds of the floats that are added
        _learn(lanes, step, done)                take in a step of some lanes
        _augment(observations, lanes, out)       write what is seen
        _begin(lanes, observations)              optional: an exercise began in some lanes
        _check(arrays)                           optional: refuse saved arrays that were no good as an index
        to_env_action(actions, active)           optional: if the student has actions that are the memory's

    and keeps all that it remembers in arrays made by `_array`: zeros mean a blank memory.

    Args:
        keep: when it is wiped: "exercise", "chapter", "edition" or "forever".
        settings: what else the constructor was given, JSON-able, so that a copy can be made.

    Raises:
        ValueError: `keep` is none of these.

    Example:
        memory = make_memory("ledger", keep="chapter")
    """

    name: ClassVar[str] = ""

    def __init__(self, keep: str = "edition", **settings: Any) -> None:
        self.keep = Keep[one_of("keep", keep, list(KEEPS)).upper()]
        self.settings: dict[str, Any] = {"keep": keep, **settings}
        self.n_lanes = 0  # none before `bind`
        self.arrays: dict[str, np.ndarray] = {}

    # --- binding -----------------------------------------------------------------------

    def bind(
        self,
        observation_space: spaces.Space[Any],
        action_space: spaces.Space[Any],
        n_lanes: int = 1,
        book: Book | BatchSpec | None = None,
    ) -> None:
        """Allocate for so many lanes, all blank; what was remembered is lost.

        Args:
            observation_space: of one lane, a flat `Box`.
            action_space: of one lane, `Discrete`.
            n_lanes: how many learners, at least 1.
            book: the book that is read, or a batch's `spec`, if it is known: it knows its signals by name.

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
        self.n_lanes, self.book = whole("n_lanes", n_lanes, 1), book
        self.env_observation_space, self.env_action_space = observation_space, action_space
        self.width, self.n_actions = observation_space.shape[0], int(action_space.n)
        self.first_action = int(action_space.start)
        self.arrays = {}
        self.before = self._array("before", (self.width,))  # what the student saw last
        self.edition = self._array("edition", (), np.int64)
        self.chapter = self._array("chapter", (), np.int64)
        self.flags = self._array("flags", (len(Flag),), np.bool_)
        self.all_lanes = np.arange(self.n_lanes)
        self._tracked = self.flags, self.edition, self.chapter, self.before
        self._defaults: dict[str, np.ndarray] = {k: np.zeros(self.n_lanes, kind) for k, kind in READ.items()}
        self._defaults.update(edition=self.edition, chapter=self.chapter)  # they stay what they were
        self._no_rewards = np.zeros(self.n_lanes)
        self._parted = tuple(np.zeros(self.n_lanes, kind) for kind in (np.int64, np.int64, np.float32, np.bool_))
        self.action_space: spaces.Space[Any] = action_space
        box = self._space(*self._open())
        textbook = {"book": book and book.name, "memory": self.name, "settings": self.spec()}
        self.observation_space: spaces.Box = RememberedBox(box.low, box.high, textbook)

    def _array(self, name: str, shape: tuple[int, ...] = (), dtype: Any = np.float32) -> np.ndarray:
        """Return a blank array of shape (lanes, *shape) that is saved, wiped and transplanted with the memory."""
        self.arrays[name] = np.zeros((self.n_lanes, *shape), dtype)
        return self.arrays[name]

    def _space(self, low: np.ndarray, high: np.ndarray) -> spaces.Box:
        """Return the space of what a student sees, given the bounds of what the memory adds."""
        env = self.env_observation_space
        return spaces.Box(
            np.concatenate([env.low, low]).astype(np.float32), np.concatenate([env.high, high]).astype(np.float32)
        )

    def spec(self) -> dict[str, Any]:
        """Return settings that make this memory again, JSON-able, whatever becomes of the book; call it when bound."""
        return dict(self.settings)

    @property
    def nbytes(self) -> int:
        """Bytes that all lanes take."""
        return sum(a.nbytes for a in self.arrays.values())

    @property
    def known(self) -> np.ndarray:
        """Whether an exercise was shown since the memory was blank, bool (lanes,); a view, as the next three are."""
        return self.flags[:, Flag.KNOWN]

    @property
    def over(self) -> np.ndarray:
        """Whether the exercise is finished: the next step only begins another."""
        return self.flags[:, Flag.OVER]

    @property
    def closed(self) -> np.ndarray:
        """Whether the book is finished: the next exercise is of a new edition."""
        return self.flags[:, Flag.CLOSED]

    @property
    def fresh(self) -> np.ndarray:
        """Whether no step was taken since the exercise began."""
        return self.flags[:, Flag.FRESH]

    # --- what is taken in --------------------------------------------------------------

    def begin(self, mask: np.ndarray, observations: np.ndarray, info: Info) -> None:
        """Begin an exercise in the lanes of the mask.

        Args:
            mask: bool, (lanes,).
            observations: what the exercises show, (lanes, width); only lanes of the mask are read.
            info: arrays of shape (lanes,).

        Raises:
            ValueError: one of them has another shape.
        """
        self._process(Event.BEGIN, mask, observations, info)

    def learn(
        self, mask: np.ndarray, actions: np.ndarray, observations: np.ndarray, rewards: np.ndarray, info: Info
    ) -> None:
        """Learn from one step in the lanes of the mask.

        Args:
            mask: bool, (lanes,).
            actions: what the environment was given, (lanes,).
            observations: what the step showed: at an episode's end the final observation, (lanes, width).
            rewards: (lanes,).
            info: arrays of shape (lanes,): what belongs to the step, not to the next exercise.

        Raises:
            ValueError: one of them has another shape, or there is no such action; nothing is learned then.
        """
        self._process(Event.LEARN, mask, observations, info, actions, rewards)

    def step(
        self,
        actions: np.ndarray,
        observations: np.ndarray,
        rewards: np.ndarray,
        info: Info,
        reset: np.ndarray | None = None,
    ) -> None:
        """Take in one step of all lanes: where the exercise was over it only began another, all others learn.

        Args:
            actions: as in `learn`.
            observations: likewise.
            rewards: likewise.
            info: likewise.
            reset: bool, (lanes,): lanes in which the step was an autoreset, whatever the action; None for none.

        Raises:
            ValueError: as in `learn`.
        """
        mask = self._defaults["exercise_done"] if reset is None else reset
        self._process(Event.STEP, mask, observations, info, actions, rewards)

    def _process(
        self, event: Event, mask: Any, observations: np.ndarray, info: Info, actions: Any = None, rewards: Any = None
    ) -> None:
        """Take in steps and exercises that begin; see `Event`."""
        after, mask = self._rows(observations, self.n_lanes), self._by_lane("mask", mask, np.bool_)
        new = self._read({} if event == Event.LEARN else info, "edition", "chapter")
        done, closed, marks = self._read({} if event == Event.BEGIN else info, "exercise_done", "book_done", "mark")
        numbers, paid = self.all_lanes, self._no_rewards
        if event != Event.BEGIN:
            paid = self._by_lane("rewards", rewards, np.float64)
            numbers = self._by_lane("actions", actions, np.int64)
            numbers = numbers - self.first_action if self.first_action else numbers
        learning, beginning, bounded, stale = self._parted
        learners, beginners, old, wrong = compiled(partition_lanes)(
            int(event), mask, int(self.keep), self._tracked, new, numbers, self.n_actions, paid, self._parted
        )
        learning, beginning = learning[:learners], beginning[:beginners]
        if wrong >= 0:
            stale[:] = False
            first, last = self.first_action, self.first_action + self.n_actions - 1
            raise ValueError(f"actions[{wrong}] = {numbers[wrong] + first}: whole numbers {first}..{last} are needed")
        if learners:
            self._learn(learning, Step(self.before, after, numbers, bounded, marks), done)
        if old:
            self.wipe(stale)
            stale[:] = False
        if beginners:
            self._begin(beginning, after)
        compiled(track)(learning, beginning, self._tracked, new, done, closed, after)

    def _rows(self, observations: np.ndarray, rows: int) -> np.ndarray:
        """Return observations as compiled loops read them, which do not look whether a row exists."""
        after = np.ascontiguousarray(observations, np.float32)
        if after.shape != (rows, self.width):
            raise ValueError(f"observations of shape {after.shape}: ({rows}, {self.width}) is needed, one row a lane")
        return after

    def _by_lane(self, name: str, values: Any, kind: Any) -> np.ndarray:
        """Return one value a lane, likewise."""
        array = np.ascontiguousarray(values, kind)
        if array.shape != (self.n_lanes,):
            raise ValueError(f"{name} of shape {array.shape}: one a lane is needed, shape ({self.n_lanes},)")
        return array

    def _read(self, info: Info, *names: str) -> tuple[np.ndarray, ...]:
        """Return some of `READ` from an info, defaults for what it has not."""
        default = self._defaults
        return tuple(self._by_lane(n, info[n], READ[n]) if n in info else default[n] for n in names)

    # --- what is given out -------------------------------------------------------------

    def augment(self, observations: np.ndarray, lanes: np.ndarray | None = None) -> np.ndarray:
        """Return observations with the memory's features appended, float32 (lanes, *`observation_space.shape`).

        Args:
            observations: what the environment shows, (lanes, width).
            lanes: numbers of the lanes that the rows belong to; None for all.

        Returns:
            a fresh array.

        Raises:
            ValueError: the observations have another shape, or there is no such lane.
        """
        if lanes is None:
            lanes = self.all_lanes
        else:
            lanes = np.ascontiguousarray(lanes, np.int64)
            if len(lanes) and not 0 <= lanes.min() <= lanes.max() < self.n_lanes:
                raise ValueError(f"lanes {lanes.tolist()}: give numbers from 0 to {self.n_lanes - 1}")
        out = np.empty((len(lanes), *self.observation_space.shape), np.float32)
        self._augment(self._rows(observations, len(lanes)), lanes, out)
        return out

    def to_env_action(self, actions: Any, active: np.ndarray | None = None) -> Any:
        """Return what the environment gets of a student's actions, one a lane: without what is addressed to the memory.

        Args:
            actions: the student's.
            active: bool, (lanes,): False where the environment will ignore the action (an autoreset); None for all
                True.

        Raises:
            ValueError: a part of an action that is the memory's own is out of range.
        """
        return actions

    def wipe(self, mask: np.ndarray) -> None:
        """Forget everything in the lanes of the mask (bool): they are as after `bind`."""
        if mask.any():
            for array in self.arrays.values():
                array[mask] = 0

    # --- what a kind of memory fills in ------------------------------------------------

    def _open(self) -> tuple[np.ndarray, np.ndarray]:
        """Allocate; return lowest and highest values of the floats that the memory adds."""
        raise NotImplementedError

    def _begin(self, lanes: np.ndarray, observations: np.ndarray) -> None:
        """Take in that an exercise began in some lanes; `self.fresh` says where the same one is shown again.

        Args:
            lanes: their numbers; a view that the next call writes over.
            observations: of all lanes.
        """

    def _learn(self, lanes: np.ndarray, step: Step, done: np.ndarray) -> None:
        """Take in a step of some lanes.

        Args:
            lanes: their numbers; a view that the next call writes over, as are the rewards.
            step: of all lanes.
            done: whether it ended an exercise, bool (lanes,).
        """
        raise NotImplementedError

    def _augment(self, observations: np.ndarray, lanes: np.ndarray, out: np.ndarray) -> None:
        """Write what is seen to `out`, one row for each entry of `lanes`."""
        raise NotImplementedError

    def _check(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Refuse arrays read from bytes, by name, that hold what this memory could not have written.

        Whatever is used as an index must be checked; see `saving.check_range`.

        Raises:
            ValueError: there is such a number.
        """

    # --- as bytes ----------------------------------------------------------------------

    def _numbers(self, lanes: Sequence[int] | None) -> list[int]:
        """Return checked lane numbers, all for None."""
        numbers = list(range(self.n_lanes)) if lanes is None else [int(i) for i in lanes]
        if not numbers or len(set(numbers)) != len(numbers) or any(not 0 <= i < self.n_lanes for i in numbers):
            raise ValueError(f"lanes={lanes!r}: give different numbers from 0 to {self.n_lanes - 1}")
        return numbers

    def save(self, lanes: Sequence[int] | None = None) -> bytes:
        """Return what some lanes (None for all) remember, as bytes."""
        return pack_memory(describe(self.name, self.settings, self.arrays), self.arrays, self._numbers(lanes))

    def load(self, data: bytes, lanes: Sequence[int] | None = None) -> None:
        """Put what `save` returned into some lanes (None for all), one for one.

        Raises:
            ValueError: damaged or foreign bytes, another memory or layout, or another number of lanes; the present
                memory is untouched.
        """
        numbers = self._numbers(lanes)
        loaded = unpack_memory(data, describe(self.name, self.settings, self.arrays), self.arrays, len(numbers))
        self._check(loaded)
        for name, values in loaded.items():
            self.arrays[name][numbers] = values

    def transplant(self, other: "Memory | bytes", lanes: Sequence[int] | None = None) -> None:
        """Put another student's memory, or its saved bytes, into some lanes (None for all); see `load`."""
        self.load(other.save() if isinstance(other, Memory) else other, lanes)
