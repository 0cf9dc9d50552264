"""One learner's course as a desk sees it: page by page, with info by name. The only module here that touches lanes."""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import gymnasium
import numpy as np

from textbook_gym.authoring.records import Row
from textbook_gym.engine.lanes import Lanes
from textbook_gym.envs.library import LibraryEnv
from textbook_gym.envs.single import LaneEnv
from textbook_gym.registry import BOOKS, find, known_id

NO_ACTION = -1  # what `course.act` takes for none: a step of the exercise goes by, the book does not move


class Done(NamedTuple):
    """How an exercise came out, with the true mark even in the exam: for those who keep marks, never for the student.

    The fields are those of `engine.loops.ROWS`.
    """

    chapter: int
    exercise: int
    steps: int
    shortcuts: int
    mark: float
    grade: float
    reward: float
    visible: float


class Watcher(Protocol):
    """Whoever follows a lane, whatever a desk makes of it."""

    def turned(self, lane: "Lane") -> None:
        """A page was turned: `lane.seen` is the first sight of an exercise."""

    def acted(self, lane: "Lane", before: Row, action: int) -> None:
        """An action (or `NO_ACTION`) was taken: `before` was seen before, `lane.seen` is seen now."""


class Lane:
    """A course of one book.

    Attributes:
        env: the flat environment.
        settings: episode, reward, split and order, as chosen.
        book: the book of this edition. In the library it is None before the first one.
        rows: the rows of the course's chapters by number, as rules take them.
        seen: the observation as the book's `tell` takes it; the one before it stays as it was until the next step.
        info: what was told, as Gymnasium's `info` of the flat environment; empty before the first reset.
        reward: what the last action brought.
        watchers: told of every page and action.
    """

    def __init__(self, env: LaneEnv) -> None:
        self.env = env
        self.settings: Mapping[str, str] = env.lanes.spec.signature["settings"]
        self.info: dict[str, Any] = {}
        self.book: Any = None
        self.rows: dict[int, Row] = {}
        self.reward = 0.0
        self.watchers: list[Watcher] = []
        self._look_up()

    def _look_up(self) -> None:
        """Look up what does not change."""
        assert isinstance(self.env.lanes, Lanes)
        self.book = self.env.lanes.book
        self.rows = rows_of(self.env.lanes.plan)
        self._action = np.zeros(1, np.int64)
        self._buffers = [self.env.lanes.buffers(), self.env.lanes.buffers()]  # by turns, see `seen`

    @property
    def opened(self) -> bool:
        """Whether there has been a first reset."""
        return bool(self.info)

    @property
    def shuffled(self) -> bool:
        """Whether chapters come in random order."""
        return self.settings["order"] == "shuffled"

    @property
    def row(self) -> Row:
        """The row of the present chapter."""
        return self.rows[self.info["chapter"]]

    def open(self, seed: int | None, options: dict[str, Any] | None) -> None:
        """Reset as the flat environment does: turn the page, start a fresh learner (`seed`) or go to a place."""
        self._show(*self.env.reset(seed=seed, options=options))
        for watcher in self.watchers:
            watcher.turned(self)

    def turn(self) -> None:
        """Turn the page of a finished exercise."""
        if self.settings["episode"] == "exercise":
            self.open(None, None)
            return
        self._advance(0)  # in a longer episode any action does it
        for watcher in self.watchers:
            watcher.turned(self)

    def step(self, action: int) -> float:
        """Take an action of the book, or `NO_ACTION`; return the reward."""
        before = self.seen
        self.reward = self._advance(action)
        for watcher in self.watchers:
            watcher.acted(self, before, action)
        return self.reward

    def _advance(self, action: int) -> float:
        """Move on in the flat environment."""
        self._buffers.reverse()
        obs, out = self._buffers[0]
        self._action[0] = action
        self.env.lanes.advance(self._action, obs, out)
        [self.info] = self.env.lanes.spec.info.read(out)
        if self.env.privileged:
            self.info["privileged"] = self.env.lanes.hidden(0)
        self.seen = Row(obs.view(self.book.observation_type())[0, 0])
        return float(out["reward"][0])

    def done(self, reward: float) -> Done:
        """Return how the exercise came out that is over now; `reward` is what it brought."""
        hidden = self.env.lanes.hidden(0)
        info, page = self.info, (self.info["chapter"], self.info["exercise"])
        marks = hidden["mark"], hidden["grade"], reward, hidden["visible"]
        return Done(*page, hidden["steps"], info.get("shortcuts", 0), *marks)

    def oracle(self) -> int:
        """Return the action that who knows the edition takes next."""
        return int(self.env.lanes.hidden(0)["oracle"])

    def save(self) -> bytes:
        """Return the course as bytes, as the flat environment does."""
        return self.env.save()

    def load(self, data: bytes) -> None:
        """Go on with a saved course.

        Raises:
            ValueError: foreign or damaged bytes; the present course is untouched.
        """
        try:
            self._show(*self.env.load(data))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"the saved course is damaged ({error!r}); save it again") from error

    def _show(self, observation: np.ndarray, info: dict[str, Any]) -> None:
        self.info, self.seen = info, Row(observation.view(self.book.observation_type())[0])


class LibraryLane(Lane):
    """Courses of many books, one after the other. Actions are those of the book, not the buttons that stand for them.

    The flat environment must have a button that stands for nothing in every book, see `spare_button`.
    """

    def __init__(self, env: LibraryEnv) -> None:
        self._many = env.lanes
        super().__init__(env)

    def _look_up(self) -> None:
        """There is no book yet."""

    def _advance(self, action: int) -> float:
        """Press the button of an action."""
        button = self._many.button_actions[0].tolist().index(action)
        observation, reward, _, _, info = self.env.step(button)
        self._show(observation, info)
        return reward

    def _show(self, observation: np.ndarray, info: dict[str, Any]) -> None:
        name = self._many.catalogue[info["book"]]
        if self.book is None or self.book.name != name:
            self.book = find(name)
            self.rows = rows_of(self._many.alone(0).plan)
        own = observation[self._many.obs_index[0, : self.book.width]]
        self.seen = Row(own.view(self.book.observation_type())[0])
        self.info = {key: value for key, value in info.items() if key != "action_mask"}  # that is of buttons


def rows_of(plan: np.ndarray) -> dict[int, Row]:
    """Return the rows of a course's plan by chapter number."""
    return {int(row["number"]): Row(row) for row in plan}


def spare_button() -> dict[str, int]:
    """Return the keyword that gives the library one button more than any book has actions."""
    return {"actions": 1 + max(len(find(name).actions) for name in BOOKS)}


def make_lane(env: str | LaneEnv, **keywords: Any) -> Lane:
    """Return a lane of a registered id, or of an environment of ours.

    Args:
        env: such as `textbook/Bandits-v1`, or an environment as `gym.make(...).unwrapped` returns it.
        keywords: those of `gym.make`, for an id.

    Raises:
        ValueError: an id that is not registered, or a library in which every button may stand for an action; see
            `spare_button`.
    """
    made: Any = env
    if isinstance(env, str):
        env = known_id(env)
        library = "book" not in gymnasium.spec(env).kwargs
        made = gymnasium.make(env, **(keywords | spare_button() if library else keywords)).unwrapped
    if not isinstance(made, LibraryEnv):
        return Lane(made)
    needed = spare_button()["actions"]
    if made.lanes.buttons < needed:
        raise ValueError(
            f"a library of {made.lanes.buttons} buttons has none that stands for no action: give actions={needed}"
        )
    return LibraryLane(made)
