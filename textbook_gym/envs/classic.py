"""The environments of the classics: those of books, with the parameters of the task as keywords.

An episode is the paper's, an edition from its first exercise to its last (`episode="trial"`): the step that ends an
exercise shows the first page of the next one already, so that there are as many steps as in the paper. The other
values of `episode` work as in books. `reward="raw"` pays the paper's own reward at every step. Editions are drawn from
all (`split="all"`), since the papers draw the tasks of training and test alike.
"""

from typing import Any

from textbook_gym.authoring.book import read
from textbook_gym.authoring.parameters import address
from textbook_gym.engine.course_options import keywords_of, refuse_unknown
from textbook_gym.envs.single import BookEnv
from textbook_gym.envs.vector import BookVectorEnv


def classic_place(book: str, keywords: dict[str, Any], env: type) -> tuple[str, dict[str, Any]]:
    """Return the path of a classic with the parameters among the keywords set, and the other keywords.

    Raises:
        TypeError: a keyword that neither the classic nor the environment has.
        ValueError: a value that is not allowed.
    """
    refuse_unknown(keywords, [*parameters_of(book), *keywords_of(env)])
    return parted(book, keywords)


def parameters_of(book: str) -> list[str]:
    """Return the names of a classic's parameters; a book has none."""
    return [p.name for p in getattr(read(book).module, "PARAMETERS", ())]


def parted(book: str, keywords: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the path of a book with its own parameters among the keywords set, and the other keywords."""
    own = {k: v for k, v in keywords.items() if k in parameters_of(book)}
    return address(book, own) if own else book, {k: v for k, v in keywords.items() if k not in own}


class ClassicEnv(BookEnv):
    """A classic as a single environment.

    Args:
        book: dotted name of the classic's module; set by the registered id.
        keywords: the classic's parameters (see its module), and the keywords of `BookEnv`, among them
            `reward="raw"`: the paper's own reward, at every step.

    Raises:
        TypeError: a keyword that is not known.
        ValueError: a value that is not known.

    Example:
        >>> import gymnasium
        >>> env = gymnasium.make("textbook/RL2Bandit-v0", arms=5, pulls=10, reward="raw")
        >>> page, info = env.reset(seed=0)
        >>> int(env.action_space.n)
        5
    """

    def __init__(self, book: str, **keywords: Any) -> None:
        path, usual = classic_place(book, keywords, BookEnv)
        super().__init__(path, **usual)


class ClassicVectorEnv(BookVectorEnv):
    """A classic as a vector environment; keywords as of `ClassicEnv`, and those of `BookVectorEnv`.

    Example:
        >>> import gymnasium
        >>> envs = gymnasium.make_vec("textbook/RL2Bandit-v0", num_envs=16, arms=5, pulls=10)
        >>> pages, info = envs.reset(seed=0)
        >>> len(pages)
        16
    """

    def __init__(self, book: str, num_envs: int = 1, **keywords: Any) -> None:
        path, usual = classic_place(book, keywords, BookVectorEnv)
        super().__init__(path, num_envs, **usual)
