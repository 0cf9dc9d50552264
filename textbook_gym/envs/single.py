"""The single environment: one lane of the engine behind Gymnasium's `Env`."""

import struct
from functools import partial
from operator import index
from typing import Any, SupportsIndex

import gymnasium
import numpy as np
from gymnasium import spaces

from textbook_gym.engine.course import OUT
from textbook_gym.engine.lanes import Lanes, allowed_actions
from textbook_gym.engine.loops import Others
from textbook_gym.engine.render import RENDER_FPS, RENDER_MODES, render, tell
from textbook_gym.engine.serialization import pack, unpack
from textbook_gym.engine.syllabus import Chapters, Exercises

FORMAT = struct.Struct("".join({"f": "d", "i": "q", "b": "?"}[OUT[n].kind] for n in OUT.names or ()))
REWARD, TERMINATED = OUT.names.index("reward"), OUT.names.index("terminated")  # type: ignore[union-attr]  # it has names


def observation_space(lanes: Lanes) -> spaces.Box:
    """Return the space of one lane's observations: the book's signals, then the header, float32."""
    return spaces.Box(*lanes.book.bounds(), dtype=np.float32)


class BookEnv(gymnasium.Env[np.ndarray, int]):
    """A textbook, one exercise after the other, in one edition after the other.

    The observation is a flat `Box(float32)`: the book's signals, then the header (chapter, exercise, steps left, first
    step). The action is `Discrete`. The reward is paid at the end of an exercise and is the change of the chapter's
    grade. An exercise ends (`terminated`) when the book says so or at its limit; the limit is part of the task, so
    `truncated` is always False.

    `reset()` turns the page: after a finished exercise comes the next, after the last one of the exam a fresh edition.
    Before the first step of an exercise it shows the same exercise again; later it gives the exercise up, at the mark
    it stands at. `reset(seed=s)` is a fresh learner: it opens the edition that follows from s, at chapter 1.
    `reset(options={"edition": n, "chapter": c})` goes to edition number n (or to a world given as a mapping of EDITION
    fields) and to chapter c; `"state"` sets those fields of the posed exercise that the book lets be set.

    With `episode="book"` an episode is a whole course. The step that ends an exercise shows how it came out (`left` is
    0, `info["exercise_done"]`), and the next action, whatever it is, turns the page.

    `info` has the same keys at every step: `chapter`, `exercise`, `edition` (numbers), `exercise_done`, `mark` (of the
    exercise just finished, else 0), `grade`, `is_success` (mark >= 0.9), `book_done`, `gain` (at the book's end the
    mean over chapters of last grade - newcomer); in books with a shortcut also `visible` and `shortcuts`. In the exam
    mark, visible and is_success stay 0, and the grade stands still until its end.

    Args:
        book: dotted name of the book's module; set by the registered ids.
        episode: "exercise" (an episode is an exercise) or "book" (an episode is a course).
        reward: "improvement", or a control: "mark", "exam", "visible" (see `textbook_gym.engine.course`).
        split: editions to draw from: "train", "test" or "all"; train and test share none.
        chapters: chapters to walk, by number from 1 or by name; None for all.
        exercises: exercises in each chapter, one number for all or one for each; None for the book's own.
        order: "book", or "shuffled" as a control.
        render_mode: "ansi", "rgb_array" or None.
        privileged: add `info["privileged"]`: edition, state, true mark and grade, and the oracle's next action.
        interpreted: run the rules as plain Python: slow, for debugging, equal to the last bit.
        unknown: refused by name, with the nearest keyword.

    Raises:
        TypeError: a keyword is not one of those above.
        ValueError: a value is not one of those above.
    """

    metadata = {"render_modes": RENDER_MODES, "render_fps": RENDER_FPS}  # noqa: RUF012  # declared so by Gymnasium

    def __init__(
        self,
        book: str,
        *,
        episode: str = "exercise",
        reward: str = "improvement",
        split: str = "train",
        chapters: Chapters = None,
        exercises: Exercises = None,
        order: str = "book",
        render_mode: str | None = None,
        privileged: bool = False,
        interpreted: bool = False,
        **unknown: Any,
    ) -> None:
        if render_mode is not None and render_mode not in RENDER_MODES:
            raise ValueError(f"render_mode={render_mode!r}: choose one of {', '.join(RENDER_MODES)} or None")
        self.render_mode = render_mode
        self.lanes = Lanes(
            book,
            episode=episode,
            reward=reward,
            split=split,
            chapters=chapters,
            exercises=exercises,
            order=order,
            threads=1,
            interpreted=interpreted,
            **unknown,
        )
        self.privileged = privileged
        self.observation_space = observation_space(self.lanes)
        self.action_space = spaces.Discrete(len(self.lanes.book.actions))  # type: ignore[assignment]  # np.int64 is an int
        _, self._seen, self._out = self.lanes.room()
        self._out["terminated"] = True  # nothing to step before the first reset
        self._bind()

    def _bind(self) -> None:
        """Look up once what every step needs."""
        lanes = self.lanes
        self._flat = self._seen.view(np.float32).reshape(1, -1)
        self._copy = self._flat[0].copy
        self._tell = partial(FORMAT.unpack_from, self._out.view(np.uint8).data)  # twice as fast as NumPy's `item`
        self._chosen = np.zeros(1, np.int64)
        self._actions = len(lanes.book.actions)
        self._mask = np.ones(1, np.bool_)
        arrays = (lanes.records, lanes.records.view(np.uint64).reshape(1, -1), lanes.plan)
        room = (self._chosen, self._seen, self._out)
        loop = lanes.engine.loop("turn", *arrays, int(Others.ACT), self._mask, *room)
        self._advance = partial(loop, *arrays, int(Others.ACT), np.zeros(1, np.bool_), *room, 0, 1)
        self._turn = partial(loop, *arrays, int(Others.REST), self._mask, *room, 0, 1)
        self._shortcut = lanes.book.has_shortcut
        self._playing = not self._out["terminated"][0]

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what `_bind` looks up: compiled loops cannot be pickled, and views would come apart."""
        return {k: v for k, v in self.__dict__.items() if k not in ("_advance", "_turn", "_copy", "_tell", "_flat")}

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
            self.lanes.reset(self._mask, self._seen, self._out, options, None if seed is None else [seed])
        self._playing = True
        return self._copy(), self._info(self._tell())

    def step(self, action: SupportsIndex) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Take one action: a whole number below `action_space.n`.

        Raises:
            ValueError: the action is no whole number or out of range.
            RuntimeError: the episode is over, or not begun: call `reset()`.
        """
        try:
            chosen = index(action)
        except TypeError:
            chosen = -1
        if not 0 <= chosen < self._actions:
            raise ValueError(f"action {action!r}: {allowed_actions(self.lanes.book)}")
        if not self._playing:
            raise RuntimeError("the episode is over or not begun; call reset() to turn the page")
        self._chosen[0] = chosen
        self._advance()
        told = self._tell()
        self._playing = not told[TERMINATED]
        return self._copy(), told[REWARD], told[TERMINATED], False, self._info(told)

    def _info(self, told: tuple[Any, ...]) -> dict[str, Any]:
        _, mark, grade, gain, visible, edition, chapter, exercise, shortcuts, _, done, success, book_done = told
        info = {  # the keys of `Lanes.info_keys`; written out because this is the hot path
            "chapter": chapter,
            "exercise": exercise,
            "edition": edition,
            "exercise_done": done,
            "mark": mark,
            "grade": grade,
            "is_success": success,
            "book_done": book_done,
            "gain": gain,
        }
        if self._shortcut:
            info["visible"] = visible
            info["shortcuts"] = shortcuts
        if self.privileged:
            info["privileged"] = self.lanes.hidden(0)
        return info

    def render(self) -> Any:
        """Return the page as text ("ansi"), or as an uint8 picture of shape (height, width, 3) ("rgb_array")."""
        if self.render_mode is None:
            gymnasium.logger.warn("render() needs a render_mode: gym.make(..., render_mode='ansi' or 'rgb_array')")
            return None
        return render(self.lanes, 0, self.render_mode)

    def tell(self) -> str:
        """Return the page in words, for people and language models."""
        return tell(self.lanes, 0)

    def save(self) -> bytes:
        """Return the course as bytes: `load` goes on from here, in any process, to the last bit."""
        return pack(self.lanes, [0])

    def load(self, data: bytes) -> tuple[np.ndarray, dict[str, Any]]:
        """Go on with a course that `save` returned, here or in one lane of a vector environment.

        Returns:
            the observation and info that the course stopped at.

        Raises:
            ValueError: damaged or foreign bytes, or another book or settings; the present course is untouched.
        """
        unpack(data, self.lanes, [0])
        self._flat[:], _, self._out[:] = self.lanes.shown()
        self._playing = not self._out["terminated"][0]
        return self._copy(), self._info(self._tell())
