"""The table of books: the only list there is. A new book is one line here."""

from typing import Any, NamedTuple

import gymnasium

from textbook_gym.authoring.book import Book, read
from textbook_gym.authoring.parameters import address
from textbook_gym.errors import BookError, did_you_mean

NAMESPACE = "textbook"
LIBRARY = "Library"  # of all books: no book itself

BOOKS: dict[str, str] = {
    "Alchemy": "textbook_gym.books.alchemy",
    "Automata": "textbook_gym.books.automata",
    "Ballistics": "textbook_gym.books.ballistics",
    "Bandits": "textbook_gym.books.bandits",
    "Causality": "textbook_gym.books.causality",
    "Concepts": "textbook_gym.books.concepts",
    "Crafting": "textbook_gym.books.crafting",
    "Induction": "textbook_gym.books.induction",
    "Maintenance": "textbook_gym.books.maintenance",
    "Navigation": "textbook_gym.books.navigation",
    "Theorems": "textbook_gym.books.theorems",
    "Vocabulary": "textbook_gym.books.vocabulary",
}
"""Name of a book -> dotted name of its module. Strings, so that importing the package imports no book."""

CLASSICS: dict[str, str] = {
    "RL2Bandit": "textbook_gym.classics.rl2_bandit",
    "RL2MDP": "textbook_gym.classics.rl2_mdp",
    "DarkRoom": "textbook_gym.classics.dark_room",
    "DarkKeyDoor": "textbook_gym.classics.dark_key_door",
    "SymbolicAlchemy": "textbook_gym.classics.symbolic_alchemy",
    "ShepardTypes": "textbook_gym.classics.shepard_types",
    "Harlow": "textbook_gym.classics.harlow",
}
"""Published tasks, likewise; they are books of one chapter with parameters, and count among no set of books."""


class Short(NamedTuple):
    """Three chapters of a book, by number, and how many exercises of each: a course for quick training."""

    chapters: tuple[int, ...]
    exercises: tuple[int, ...]


SHORT: dict[str, Short] = {
    "Alchemy": Short((1, 2, 6), (8, 8, 3)),
    "Automata": Short((1, 2, 3), (5, 4, 3)),
    "Ballistics": Short((1, 2, 3), (8, 8, 8)),
    "Bandits": Short((1, 3, 6), (6, 8, 6)),
    "Causality": Short((1, 2, 6), (3, 3, 2)),
    "Concepts": Short((1, 2, 3), (5, 5, 5)),
    "Crafting": Short((1, 2, 3), (3, 2, 1)),
    "Induction": Short((1, 2, 4), (2, 2, 1)),
    "Maintenance": Short((1, 3, 6), (6, 5, 4)),
    "Navigation": Short((1, 2, 3), (4, 2, 2)),
    "Theorems": Short((1, 3, 6), (6, 5, 6)),
    "Vocabulary": Short((1, 2, 3), (5, 5, 5)),
}
"""Name of a book -> its short course, of 120 steps at most. Rules, limits and newcomer marks are those of the book: no
newcomer remembers how many exercises came before."""


VERSIONS: dict[str, int] = {
    "AutomataShort": 1,
    "BallisticsShort": 1,
    "ConceptsShort": 1,
    "CraftingShort": 1,
    "InductionShort": 1,
    "NavigationShort": 1,
    "VocabularyShort": 1,
}
"""Id without its version -> the version, where it is not 0. An id names the same worlds for good: whoever changes what
a student sees, earns or can do there, or which editions are for training and which for tests, raises its version.

1 of short courses: train and test are told apart only by what matters in the course's own chapters. In version 0 of
these ids fields that only other chapters show decided it, too, so that test editions could come in training.
"""


def versioned(name: str) -> str:
    """Return an id from the name before its version, such as `Bandits` or `BallisticsShort`."""
    return f"{NAMESPACE}/{name}-v{VERSIONS.get(name, 0)}"


def env_ids(name: str) -> tuple[str, str]:
    """Return the two ids of a book: an episode is an exercise; an episode is a whole course."""
    return versioned(name), versioned(f"{name}Course")


def short_id(name: str) -> str:
    """Return the id of a book's short course: an episode is three chapters of it, see `SHORT`."""
    return versioned(f"{name}Short")


def register(name: str, module: str, short: Short | None = None) -> None:
    """Add a book and register its environments with Gymnasium.

    Args:
        name: the book's name, which its docstring begins with, such as `Bandits`.
        module: dotted name of its module, importable where the environment is made.
        short: its short course, if it has one.

    Raises:
        ValueError: the name is taken by another module, or is no identifier.
    """
    if not name.isidentifier() or name in (LIBRARY, *CLASSICS) or BOOKS.get(name, module) != module:
        taken = ", ".join([*BOOKS, *CLASSICS, LIBRARY])
        raise ValueError(f"cannot register book {name!r}: use an identifier that is none of {taken}")
    BOOKS[name] = module
    kinds: dict[str, dict[str, Any]] = dict(
        zip(env_ids(name), ({"episode": "exercise"}, {"episode": "book"}), strict=True)
    )
    if short is not None:
        SHORT[name] = short
        kinds[short_id(name)] = {"episode": "book", **{k: list(v) for k, v in short._asdict().items()}}
    for env_id, keywords in kinds.items():
        if env_id not in gymnasium.registry:
            gymnasium.register(
                id=env_id,
                entry_point="textbook_gym.envs.single:BookEnv",
                vector_entry_point="textbook_gym.envs.vector:BookVectorEnv",
                kwargs={"book": module, **keywords},
            )


def register_library() -> None:
    """Register the environments in which every edition is of another book; see `textbook_gym.envs.multibook`."""
    for env_id, episode in zip(env_ids(LIBRARY), ("exercise", "book"), strict=True):
        if env_id not in gymnasium.registry:
            gymnasium.register(
                id=env_id,
                entry_point="textbook_gym.envs.library:LibraryEnv",
                vector_entry_point="textbook_gym.envs.library:LibraryVectorEnv",
                kwargs={"episode": episode},
            )


def register_classics() -> None:
    """Register the published tasks; an episode is the paper's."""
    for name, module in CLASSICS.items():
        if env_ids(name)[0] not in gymnasium.registry:
            gymnasium.register(
                id=env_ids(name)[0],
                entry_point="textbook_gym.envs.classic:ClassicEnv",
                vector_entry_point="textbook_gym.envs.classic:ClassicVectorEnv",
                kwargs={"book": module, "episode": "trial", "split": "all"},
            )


def find(name: str, **parameters: object) -> Book:
    """Return a registered book or classic by name, with or without `textbook/` and the version.

    Parameters of a classic are given as keywords, or behind its name as in `RL2Bandit?arms=5&pulls=10`.

    Raises:
        BookError: there is no such book; the message names the nearest.
    """
    plain, _, query = name.removeprefix(f"{NAMESPACE}/").partition("?")
    plain = plain.split("-v")[0]
    for kind in ("Course", "Short"):
        if plain not in BOOKS and plain.removesuffix(kind) in BOOKS:
            plain = plain.removesuffix(kind)
    known = {**BOOKS, **CLASSICS}
    if plain not in known:
        raise BookError(f"no book {name!r}{did_you_mean(plain, list(known))}; there are {', '.join(sorted(BOOKS))}")
    if parameters:
        return read(address(known[plain], parameters))
    return read(known[plain] + (f"?{query}" if query else ""))
