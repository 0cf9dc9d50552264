"""The library's environments: every edition is of a book drawn from a set; see `textbook_gym.envs.multibook`."""

from typing import TYPE_CHECKING

from gymnasium.vector import AutoresetMode

from textbook_gym.engine.course_options import CourseOptions, takes_course_options
from textbook_gym.envs.multibook import BookNames, MultiBookLanes
from textbook_gym.envs.single import LaneEnv
from textbook_gym.envs.vector import LanesVectorEnv
from textbook_gym.errors import whole

if TYPE_CHECKING:
    from typing_extensions import Unpack


class LibraryEnv(LaneEnv):
    """A `BookEnv` in which every edition is of a book drawn from a set, in spaces that fit all books.

    The observation is float32 of shape (width,): the book's signals at places drawn anew for every edition, 0 where
    there is none, and the header (chapter, exercise, left, first) in the last four. The action is a button: what it
    does is drawn anew for every edition. Buttons that stand for no action of the book let a step of the exercise go by.

    `info` has the keys of `BookEnv`, `visible` and `shortcuts` always (0 in books without a shortcut), and besides
    `book` (the book's position in `env.unwrapped.lanes.catalogue`: the built-in books, sorted, then others that are
    drawn from) and `action_mask` (int8, 1 for buttons that do something).

    `reset` is that of `BookEnv`; the fresh edition that follows an exam may be of another book. Options are `edition`,
    `chapter` and `book`: a book alone opens the seed's next edition there, an edition alone is of the book that its
    number names.

    Args:
        books: names of the books to draw from; None for the built-in ones, whatever else is registered.
        held_out: names of books not to draw from; None for none.
        width: floats in an observation; None for what the largest book of the catalogue needs, drawn from or not.
        actions: how many buttons; None likewise.
        render_mode: as in `BookEnv`, and so are the remaining ones.
        privileged: likewise; the oracle's action is a button.
        options: likewise.

    Raises:
        TypeError: a keyword is not one of those above.
        ValueError: a value that is not known, or too small.

    Example:
        >>> import gymnasium
        >>> env = gymnasium.make("textbook/Library-v0", books=["Bandits", "Vocabulary"])
        >>> page, info = env.reset(seed=0)
        >>> page, reward, terminated, truncated, info = env.step(env.action_space.sample(info["action_mask"]))
        >>> env.unwrapped.lanes.catalogue[info["book"]]
        'Vocabulary'
    """

    lanes: MultiBookLanes

    @takes_course_options
    def __init__(
        self,
        *,
        books: BookNames = None,
        held_out: BookNames = None,
        width: int | None = None,
        actions: int | None = None,
        render_mode: str | None = None,
        privileged: bool = False,
        **options: "Unpack[CourseOptions]",
    ) -> None:
        lanes = MultiBookLanes(1, books, held_out, width, actions, **options)
        super().__init__(lanes, render_mode, privileged)


class LibraryVectorEnv(LanesVectorEnv):
    """Learners walking courses of many books side by side; lane i equals a `LibraryEnv` with the same seed.

    Keywords are those of `BookVectorEnv` and of `LibraryEnv`. Of `reset`'s options `book` may be a list, as `edition`.

    Example:
        >>> import gymnasium
        >>> envs = gymnasium.make_vec("textbook/Library-v0", num_envs=4, books=["Bandits", "Vocabulary"])
        >>> pages, info = envs.reset(seed=0)
        >>> pages.shape == envs.observation_space.shape
        True
    """

    lanes: MultiBookLanes

    @takes_course_options
    def __init__(
        self,
        num_envs: int = 1,
        *,
        books: BookNames = None,
        held_out: BookNames = None,
        width: int | None = None,
        actions: int | None = None,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
        privileged: bool = False,
        **options: "Unpack[CourseOptions]",
    ) -> None:
        lanes = MultiBookLanes(whole("num_envs", num_envs, 1), books, held_out, width, actions, **options)
        super().__init__(lanes, autoreset_mode, max_episode_steps, render_mode, privileged)
