"""The table of books: the only list there is. A new book is one line here."""

import importlib
import importlib.util
from typing import Any

import gymnasium

from textbook_gym.authoring.book import Book, read
from textbook_gym.authoring.contract import COURSES
from textbook_gym.authoring.parameters import address
from textbook_gym.errors import BookError, did_you_mean

NAMESPACE = "textbook"
LIBRARY = "Library"  # of all books: no book itself
ENTRY_POINTS = "textbook_gym.text.envs"  # choose between the flat view and the one in words

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

BUILT_IN = tuple(BOOKS)
"""The books of this package: what the library draws from unless told otherwise, whatever else is registered."""

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


ID_KINDS: dict[str, dict[str, Any]] = {
    "": {"episode": "exercise"},
    "Course": {"episode": "book"},
    "Short": {"episode": "book", "course": "short"},
    "Seminar": {"episode": "book", "course": "seminar"},
}
"""What follows a book's name in an id -> the keywords that it stands for. An id whose course is named (`course=`) is
there for books that name such a course, see `textbook_gym.authoring.contract.COURSES`; its rules, limits and newcomer
marks are those of the book, since no newcomer remembers how many exercises came before."""


VERSIONS: dict[str, int] = {
    "Alchemy": 1,
    "AlchemyCourse": 1,
    "AlchemySeminar": 1,
    "AlchemyShort": 1,
    "Automata": 1,
    "AutomataCourse": 1,
    "AutomataSeminar": 1,
    "AutomataShort": 2,
    "BallisticsShort": 1,
    "Bandits": 1,
    "BanditsCourse": 1,
    "BanditsSeminar": 1,
    "BanditsShort": 1,
    "Causality": 1,
    "CausalityCourse": 1,
    "CausalitySeminar": 1,
    "CausalityShort": 1,
    "Concepts": 1,
    "ConceptsCourse": 1,
    "ConceptsSeminar": 1,
    "ConceptsShort": 2,
    "Crafting": 1,
    "CraftingCourse": 1,
    "CraftingSeminar": 1,
    "CraftingShort": 2,
    "InductionShort": 1,
    "Maintenance": 1,
    "MaintenanceCourse": 1,
    "MaintenanceSeminar": 1,
    "MaintenanceShort": 1,
    "NavigationShort": 1,
    "Theorems": 1,
    "TheoremsCourse": 1,
    "TheoremsSeminar": 1,
    "TheoremsShort": 1,
    "VocabularyShort": 1,
}
"""Id without its version -> the version, where it is not 0. An id names the same worlds for good: whoever changes what
a student sees, earns or can do there, or which editions are for training and which for tests, raises its version.

1 of the short courses of Automata, Ballistics, Induction, Navigation and Vocabulary, and of Concepts and Crafting:
train and test are told apart only by what matters in the course's own chapters. In version 0 of these ids fields that
only other chapters show decided it, too, so that test editions could come in training.

1 of everything of Bandits, Causality, Concepts, Crafting, Maintenance and Theorems (2 where there was a 1): chapters in
which a known way pays now, and a better one must be found or made at a cost. Bandits: few pulls, the best of the old
arms is known and a new one is better; all seasons but one turn round. Causality: a fee for the first experiment on the
fifth light. Concepts: bins of a set are shown only to who asks; the bins change places in the review. Crafting: a gauge
that must be built; stations move in the review. Maintenance: tape pays while it holds. Theorems: a lemma has a slot of
its own, to be found at a price; two rules are revised.

1 of everything of Alchemy and Automata (2 of AutomataShort): something of one's own to make that later exercises need.
Alchemy: labels of potions fade, and stones can be ground to a lens that reads them. Automata: labels can be put on
states; the machine grows in every chapter but the exam, fewer starts are named, and a hint counts half.
"""


def id_of(name: str, kind: str = "") -> str:
    """Return the id of a book, such as `textbook/BanditsShort-v1` for ("Bandits", "Short"); see `ID_KINDS`, `VERSIONS`.

    Example:
        >>> id_of("Vocabulary", "Short")
        'textbook/VocabularyShort-v1'
    """
    return f"{NAMESPACE}/{name}{kind}-v{VERSIONS.get(name + kind, 0)}"


def env_ids(name: str) -> tuple[str, str]:
    """Return the two ids that every book has: an episode is an exercise; an episode is a whole course.

    Example:
        >>> env_ids("Navigation")
        ('textbook/Navigation-v0', 'textbook/NavigationCourse-v0')
    """
    return id_of(name), id_of(name, "Course")


def short_id(name: str) -> str:
    """Return the id of a book's short course: an episode is three chapters of it, see `SHORT` in its module.

    Example:
        >>> short_id("Vocabulary")
        'textbook/VocabularyShort-v1'
    """
    return id_of(name, "Short")


def name_of(env_id: str) -> str:
    """Return the name of the book that an id is of: without namespace, version and kind; nothing is looked up.

    Example:
        >>> name_of("textbook/VocabularyShort-v1")
        'Vocabulary'
    """
    plain = env_id.removeprefix(f"{NAMESPACE}/").split("-v")[0]
    for kind in filter(None, ID_KINDS):
        if plain not in BOOKS and plain != kind:
            plain = plain.removesuffix(kind)
    return plain


def known_id(env_id: str) -> str:
    """Return an id of ours, without the `textbook_gym:` that it may begin with.

    Raises:
        ValueError: it is not registered; the message names the nearest.

    Example:
        >>> known_id("textbook_gym:textbook/Bandits-v1")
        'textbook/Bandits-v1'
    """
    plain = env_id.removeprefix("textbook_gym:")
    known = [name for name, spec in gymnasium.registry.items() if spec.namespace == NAMESPACE]
    if plain not in known:
        raise ValueError(f"id {env_id!r} is not known{did_you_mean(plain, known)}; give one such as {id_of('Bandits')}")
    return plain


def register(name: str, module: str) -> None:
    """Add a book and register its environments with Gymnasium.

    The ids are `<Name>-v0`, `<Name>Course-v0`, and, if the module names a short course (`SHORT`), `<Name>Short-v0`.
    The library draws from it only where it is named: `gym.make("textbook/Library-v0", books=["Bandits", "<Name>"])`.

    Args:
        name: the book's name, which its docstring begins with, such as `Bandits`.
        module: dotted name of its module, importable where the environment is made.

    Raises:
        ValueError: the name is taken by another module, or is no identifier; or there is no such module.

    Example:
        >>> import textbook_gym
        >>> textbook_gym.register("Bandits", "textbook_gym.books.bandits")  # a book of your own likewise
    """
    ids = [gymnasium.registry[i] for i in (id_of(name, kind) for kind in ID_KINDS) if i in gymnasium.registry]
    if not name.isidentifier() or name in (LIBRARY, *CLASSICS) or any(i.kwargs.get("book") != module for i in ids):
        taken = ", ".join([*BOOKS, *CLASSICS, LIBRARY])
        raise ValueError(f"cannot register book {name!r}: use an identifier that is none of {taken}")
    try:
        found = importlib.import_module(module.partition("?")[0])
    except ModuleNotFoundError as error:
        why = f"no module {module!r} ({error}); give an importable one"
        raise BookError(f"cannot register book {name!r}: {why}") from error
    BOOKS[name] = module
    _register(name, module, {course for course, constant in COURSES.items() if hasattr(found, constant)})


def name_or_register(book: str) -> str:
    """Return the name of a book that a command was given, by name or id, or by module, which is registered then.

    Args:
        book: `Bandits`, `textbook/Bandits-v1`, or the dotted name of a module, such as `my_package.lamps`. Parameters
            of a classic stay behind its name, as in `RL2Bandit?arms=5`: who cannot take them refuses them.

    Raises:
        BookError: there is no such book; or the module is none, or its name is taken.
    """
    plain = book.partition("?")[0]
    known = name_of(plain) in {**BOOKS, **CLASSICS}
    if not known and all(part.isidentifier() for part in plain.split(".")) and is_module(plain):
        name = read(book).name
        if BOOKS.get(name) != book:
            register(name, book)
        return name
    parameters = book.partition("?")[1:]
    return find(book).name + "".join(parameters)


def is_module(name: str) -> bool:
    """Return whether there is a module of this dotted name; packages above it are imported."""
    try:
        spec = importlib.util.find_spec(name)
        return spec is not None and spec.origin is not None  # a mere folder has none
    except (ModuleNotFoundError, ValueError):  # no such package; `__main__` of a script
        return False


def register_built_in() -> None:
    """Register the books of this package, without importing one: each has every named course."""
    for name in BUILT_IN:
        _register(name, BOOKS[name], set(COURSES))


def _register(name: str, module: str, courses: set[str]) -> None:
    """Register the ids of a book that has these named courses."""
    for kind, keywords in ID_KINDS.items():
        if keywords.get("course") in (None, *courses):
            _make_known(id_of(name, kind), "BOOK", "BOOK_VECTOR", {"book": module, **keywords})


def _make_known(env_id: str, single: str, vector: str, keywords: dict[str, Any]) -> None:
    """Register one id, once.

    Gymnasium's wrappers that want a reset before the first step are left out: our environments refuse such steps
    themselves, and a loaded course goes on without a reset.
    """
    if env_id not in gymnasium.registry:
        gymnasium.register(
            id=env_id,
            entry_point=f"{ENTRY_POINTS}:{single}",
            vector_entry_point=f"{ENTRY_POINTS}:{vector}",
            order_enforce=False,
            disable_env_checker=True,
            kwargs=keywords,
        )


def register_library() -> None:
    """Register the environments in which every edition is of another book; see `textbook_gym.envs.multibook`."""
    for kind in ("", "Course"):
        _make_known(id_of(LIBRARY, kind), "LIBRARY_SINGLE", "LIBRARY_VECTOR", dict(ID_KINDS[kind]))


def register_classics() -> None:
    """Register the published tasks; an episode is the paper's."""
    for name, module in CLASSICS.items():
        keywords = {"book": module, "episode": "trial", "split": "all"}
        _make_known(id_of(name), "CLASSIC", "CLASSIC_VECTOR", keywords)


def find(name: str, **parameters: object) -> Book:
    """Return a registered book or classic by name, with or without `textbook/` and the version.

    Parameters of a classic are given as keywords, or behind its name as in `RL2Bandit?arms=5&pulls=10`.

    Raises:
        BookError: there is no such book; the message names the nearest.

    Example:
        >>> find("Bandits").actions[:3]
        ('PULL_A', 'PULL_B', 'PULL_C')
        >>> len(find("RL2Bandit", arms=5, pulls=10).actions)
        5
    """
    asked, _, query = name.partition("?")
    plain, known = name_of(asked), {**BOOKS, **CLASSICS}
    if plain not in known:
        raise BookError(f"no book {name!r}{did_you_mean(plain, list(known))}; there are {', '.join(sorted(BOOKS))}")
    if parameters:
        return read(address(known[plain], parameters))
    return read(known[plain] + (f"?{query}" if query else ""))
