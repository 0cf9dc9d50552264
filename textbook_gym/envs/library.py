"""The library's environments: every edition is of a book drawn from a set; see `textbook_gym.envs.multibook`."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector.utils import batch_space

from textbook_gym.engine.lanes import FACE
from textbook_gym.engine.render import RENDER_MODES, render, tell
from textbook_gym.envs.multibook import NOTHING, Names, Shelf, choose
from textbook_gym.envs.single import BookEnv, observation_space
from textbook_gym.envs.vector import BookVectorEnv
from textbook_gym.registry import BOOKS


class LibraryEnv(BookEnv):
    """A `BookEnv` in which every edition is of a book drawn from a set, in spaces that fit all books.

    The observation is float32 of shape (width,): the book's signals at places drawn anew for every edition, 0 where
    there is none, and the header (chapter, exercise, left, first) in the last four. The action is a button: what it
    does is drawn anew for every edition. Buttons that stand for no action of the book let a step of the exercise go by.

    `info` has the keys of `BookEnv`, `visible` and `shortcuts` always (0 in books without a shortcut), and besides
    `book` (the book's position in the sorted list of all registered ones, `env.unwrapped.lanes.catalogue`) and
    `action_mask` (int8, 1 for buttons that do something).

    `reset` is that of `BookEnv`; the fresh edition that follows an exam may be of another book. Options are `edition`,
    `chapter` and `book`: a book alone opens the seed's next edition there, an edition alone is of the book that its
    number names.

    Args:
        books: names of the books to draw from; None for all.
        held_out: names of books not to draw from; None for none.
        width: floats in an observation; None for what the largest registered book needs, drawn from or not.
        actions: how many buttons; None likewise.
        render_mode: as in `BookEnv`, and so are privileged (where the oracle's action is a button) and the keywords
            episode, reward, split, chapters, exercises, order and interpreted.

    Raises:
        ValueError: a value that is not known, or too small.
    """

    def __init__(
        self,
        *,
        books: Names = None,
        held_out: Names = None,
        width: int | None = None,
        actions: int | None = None,
        render_mode: str | None = None,
        privileged: bool = False,
        **keywords: Any,
    ) -> None:
        if render_mode is not None and render_mode not in RENDER_MODES:
            raise ValueError(f"render_mode={render_mode!r}: choose one of {', '.join(RENDER_MODES)} or None")
        self.render_mode, self.privileged = render_mode, privileged
        self.lanes: Shelf = Shelf(1, books, held_out, width, actions, threads=1, **keywords)
        self.observation_space = observation_space(self.lanes)
        self.action_space = gymnasium.spaces.Discrete(self.lanes.buttons)  # type: ignore[assignment]  # as in BookEnv
        _, self._seen, self._out = self.lanes.room()
        self._out["terminated"] = True  # nothing to step before the first reset
        self._bind()

    def _info(self, told: tuple[Any, ...]) -> dict[str, Any]:
        self._shortcut = True
        own = {"book": int(self._out["book"][0]), "action_mask": self._out["action_mask"][0].copy()}
        return {**super()._info(told), **own}

    def action_masks(self) -> np.ndarray:
        """Return which buttons do something, bool, as sb3-contrib's MaskablePPO asks for it."""
        return self.lanes.deeds[0] != NOTHING

    def render(self) -> Any:
        """Return the page as the book draws it; see `BookEnv.render`."""
        return render(self.lanes.alone(0), 0, self.render_mode) if self.render_mode else super().render()

    def tell(self) -> str:
        """Return the page in words, for people and language models."""
        return tell(self.lanes.alone(0), 0)


class LibraryVectorEnv(BookVectorEnv):
    """Learners walking courses of many books side by side; lane i equals a `LibraryEnv` with the same seed.

    Keywords are those of `BookVectorEnv` and of `LibraryEnv`. Of `reset`'s options `book` may be a list, as `edition`.
    """

    def __init__(
        self,
        num_envs: int = 1,
        *,
        books: Names = None,
        held_out: Names = None,
        width: int | None = None,
        actions: int | None = None,
        **keywords: Any,
    ) -> None:
        super().__init__(BOOKS[choose(books, held_out)[0]], num_envs, **keywords)
        own = {k: v for k, v in keywords.items() if k not in FACE}
        self.lanes: Shelf = Shelf(num_envs, books, held_out, width, actions, **own)
        self.single_observation_space = observation_space(self.lanes)
        self.single_action_space = gymnasium.spaces.Discrete(self.lanes.buttons)
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)

    def render(self) -> tuple[Any, ...] | None:
        """Return the page of every lane as its book draws it; see `BookEnv.render`."""
        if self.render_mode is None:
            return super().render()
        return tuple(render(self.lanes.alone(i), 0, self.render_mode) for i in range(self.num_envs))
