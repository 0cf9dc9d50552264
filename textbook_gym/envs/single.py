"""The single environment: one lane of a batch behind Gymnasium's `Env`."""

from operator import index
from typing import TYPE_CHECKING, Any, SupportsIndex

import gymnasium
import numpy as np
from gymnasium import spaces

from textbook_gym.engine.batch import Batch, BatchSpec, allowed_actions
from textbook_gym.engine.course_options import CourseOptions, takes_course_options
from textbook_gym.engine.lanes import Lanes
from textbook_gym.engine.render import RENDER_FPS, RENDER_MODES, checked_mode, render

if TYPE_CHECKING:
    from typing_extensions import Unpack


class ResetNeeded(gymnasium.error.ResetNeeded, RuntimeError):
    """An environment is stepped or drawn before its first reset, or after an episode's end."""


def spaces_of(spec: BatchSpec) -> tuple[spaces.Box, spaces.Discrete]:
    """Return the spaces of one lane: float32 observations, the signals of a book and then the header; actions."""
    return spaces.Box(spec.low, spec.high, dtype=np.float32), spaces.Discrete(len(spec.actions))


class LaneEnv(gymnasium.Env[np.ndarray, int]):
    """One lane of a batch as a single environment; what an observation or an action is depends on the batch.

    Args:
        lanes: a batch of one lane.
        render_mode: "ansi", "rgb_array" or None.
        privileged: add `info["privileged"]`: edition, state, true mark and grade, and the oracle's next action.

    Raises:
        ValueError: a value is not one of those above.
    """

    metadata = {"render_modes": RENDER_MODES, "render_fps": RENDER_FPS}  # noqa: RUF012  # declared so by Gymnasium

    def __init__(self, lanes: Batch, render_mode: str | None = None, privileged: bool = False) -> None:
        self.render_mode = checked_mode(render_mode)
        self.lanes, self.privileged = lanes, privileged
        self.observation_space, actions = spaces_of(lanes.spec)
        self.action_space = actions  # type: ignore[assignment]  # np.int64 is an int
        self._obs, self._out = lanes.buffers()
        self._out["terminated"] = True  # nothing to step before the first reset
        self._bind()

    def _bind(self) -> None:
        """Look up once what every step needs."""
        self._copy = self._obs[0].copy
        self._read = self.lanes.spec.info.reader(self._out)
        self._chosen = np.zeros(1, np.int64)
        self._actions = len(self.lanes.spec.actions)
        self._mask = np.ones(1, np.bool_)
        self._advance, self._turn = self.lanes.stepper(self._chosen, self._obs, self._out)
        self._playing = not self._out["terminated"][0]

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what `_bind` looks up: compiled loops cannot be pickled, and views would come apart."""
        return {k: v for k, v in self.__dict__.items() if k not in ("_advance", "_turn", "_copy", "_read")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._bind()

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Turn the page, start a fresh learner (`seed`), or go to a place (`options`); see the class.

        Returns:
            observation and info of the exercise as posed.

        Raises:
            ValueError: an unknown option, edition or chapter; the course is as it was.
        """
        if seed is not None:  # else there is nothing for it to do, and this is the hot path
            super().reset(seed=seed)
        if seed is None and not self.lanes.started:
            seed = int(self.np_random.integers(1 << 63))
        if seed is not None or options or self._turn():  # a bare reset is part of the hot path
            self.lanes.reset(self._mask, self._obs, self._out, options, None if seed is None else [seed])
        self._playing = True
        _, _, info = self._read()
        if self.privileged:
            info["privileged"] = self.lanes.hidden(0)
        return self._copy(), info

    def step(self, action: SupportsIndex) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Take one action: a whole number below `action_space.n`.

        Raises:
            ValueError: the action is no whole number or out of range.
            ResetNeeded: the episode is over, or not begun: call `reset()`. It is a `RuntimeError`, too.
        """
        try:
            chosen = index(action)
        except TypeError:
            chosen = -1
        if not 0 <= chosen < self._actions:
            raise ValueError(f"action {action!r}: {allowed_actions(self.lanes.spec)}")
        if not self._playing:
            raise ResetNeeded("the episode is over or not begun; call reset() to turn the page")
        self._chosen[0] = chosen
        self._advance()
        reward, terminated, info = self._read()
        self._playing = not terminated
        if self.privileged:
            info["privileged"] = self.lanes.hidden(0)
        return self._copy(), reward, terminated, False, info

    def render(self) -> Any:
        """Return the page as text ("ansi"), or as an uint8 picture of shape (height, width, 3) ("rgb_array").

        Raises:
            ResetNeeded: there is no page before the first reset.
        """
        if self.render_mode is None:
            gymnasium.logger.warn("render() needs a render_mode: gym.make(..., render_mode='ansi' or 'rgb_array')")
            return None
        self._begun()
        return render(self.lanes, 0, self.render_mode)

    def tell(self) -> str:
        """Return the page in words, for people and language models.

        Raises:
            ResetNeeded: there is no page before the first reset.
        """
        self._begun()
        return self.lanes.tell(0)

    def _begun(self) -> None:
        if not self.lanes.started:
            raise ResetNeeded("there is no page yet; call reset() first")

    def action_masks(self) -> np.ndarray:
        """Return which actions do something, bool (actions,), as sb3-contrib's MaskablePPO asks for it."""
        return self.lanes.action_masks()[0]

    def save(self) -> bytes:
        """Return the course as bytes: `load` goes on from here, in any process, to the last bit."""
        return self.lanes.save([0])

    def load(self, data: bytes) -> tuple[np.ndarray, dict[str, Any]]:
        """Go on with a course that `save` returned, here or in one lane of a vector environment; no reset is needed.

        Returns:
            the observation and info that the course stopped at.

        Raises:
            ValueError: damaged or foreign bytes, or another book or settings; the present course is untouched.
        """
        self.lanes.load(data, [0])
        self._obs[:], self._out[:] = self.lanes.shown()
        self._playing = not self._out["terminated"][0]
        _, _, info = self._read()
        if self.privileged:
            info["privileged"] = self.lanes.hidden(0)
        return self._copy(), info

    def close(self) -> None:
        """Let go of what the batch holds outside of this process, if anything."""
        self.lanes.close()


class BookEnv(LaneEnv):
    """A textbook, one exercise after the other, in one edition after the other.

    The observation is a flat `Box(float32)`: the book's signals, then the header (chapter, exercise, steps left, first
    step). The action is `Discrete`. The reward is paid at the end of an exercise and is the change of the chapter's
    grade. An exercise ends (`terminated`) when the book says so or at its limit; the limit is part of the task, so
    `truncated` is always False.

    `reset()` turns the page: after a finished exercise comes the next, after the last one of the exam a fresh edition.
    Before the first step of an exercise it shows the same exercise again; later it gives the exercise up, at the mark
    it stands at. `reset(seed=s)` is a fresh learner: it opens the edition that follows from s (0 to 2^64 - 1), at
    chapter 1. `reset(options={"edition": n, "chapter": c})` goes to edition number n (or to a world given as a mapping
    of EDITION fields) and to chapter c; `"state"` sets those fields of the posed exercise that the book lets be set.

    With `episode="book"` an episode is a whole course. The step that ends an exercise shows how it came out (`left` is
    0, `info["exercise_done"]`), and the next action, whatever it is, turns the page.

    `info` has the same keys at every step, those of `textbook_gym.engine.info.OUT_COLUMNS`: `chapter`, `exercise`,
    `edition` (numbers), `exercise_done`, `mark` (of the exercise just finished, else 0), `grade`, `is_success` (mark >=
    0.9), `book_done`, `gain` (at the book's end the mean over chapters of last grade - newcomer); in books with a
    shortcut also `visible` and `shortcuts`. In the exam mark, visible and is_success stay 0, and the grade stands still
    until its end.

    Example:
        >>> env = gymnasium.make("textbook/Bandits-v1", split="test", chapters=[1, "exam"])
        >>> observation, info = env.reset(seed=0)

    Args:
        book: dotted name of the book's module; set by the registered ids.
        render_mode: "ansi", "rgb_array" or None.
        privileged: add `info["privileged"]`: edition, state, true mark and grade, and the oracle's next action.
        options: episode, reward, split, course, chapters, exercises, order, threads and interpreted, see
            `textbook_gym.engine.course_options.CourseOptions`.

    Raises:
        TypeError: a keyword is not one of those above.
        ValueError: a value is not one of those that are allowed.
    """

    @takes_course_options
    def __init__(
        self,
        book: str,
        *,
        render_mode: str | None = None,
        privileged: bool = False,
        **options: "Unpack[CourseOptions]",
    ) -> None:
        super().__init__(Lanes(book, 1, **options), render_mode, privileged)
