"""What may be asked of a course: keywords, their defaults and checks, the same for every face of the engine.

`Lanes`, the single and vector environments, the library and the Stable-Baselines3 plug-in take these keywords as
`**options`. A new one is a line in `CourseOptions` and one in `DEFAULTS`, and what it does.
"""

import enum
import functools
import inspect
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple, TypedDict, TypeVar, cast, get_type_hints

import numpy as np

from textbook_gym.authoring.book import Book
from textbook_gym.engine.chapter_plan import Chapters, Exercises, chosen_chapters, make_plan, named_course, outline
from textbook_gym.engine.course import Episode, Order
from textbook_gym.engine.reward import Pays
from textbook_gym.engine.splits import Split
from textbook_gym.errors import did_you_mean, one_of

Init = TypeVar("Init", bound=Callable[..., None])


class CourseOptions(TypedDict, total=False):
    """The keywords of a course.

    Attributes:
        episode: "exercise" (an episode is an exercise), "book" (an episode is a course; the step that ends an exercise
            shows how it came out, and the next action, whatever it is, turns the page), or "trial" (a course without
            such steps, as in the classics).
        reward: "improvement", or a control: "mark", "exam"; for a book with a shortcut "visible", for a classic "raw"
            (see `textbook_gym.engine.course`).
        split: editions to open: "train", "test" or "all"; train and test share none.
        course: a course that the book names: "short", of three chapters; None for the whole book.
        chapters: chapters to walk, by number from 1 or by name, one or several; None for those of `course`.
        exercises: exercises in each chapter, one number for all or one for each, at most 32,767; None for those of
            `course`.
        order: "book", or "shuffled" as a control: chapters in random order, the exam last.
        threads: most threads to use, one for each 4,096 lanes; None for all cores. Results do not depend on it.
        interpreted: run the rules as plain Python: slow, for debugging, equal to the last bit.
    """

    episode: str
    reward: str
    split: str
    course: str | None
    chapters: Chapters
    exercises: Exercises
    order: str
    threads: int | None
    interpreted: bool


DEFAULTS = CourseOptions(
    episode="exercise",
    reward="improvement",
    split="train",
    course=None,
    chapters=None,
    exercises=None,
    order="book",
    threads=None,
    interpreted=False,
)


def takes_course_options(init: Init) -> Init:
    """Decorate a constructor whose `**options` are `CourseOptions`: refuse others, and show them in its signature.

    Raises:
        TypeError: of the constructor, for a keyword that it does not have, in Python's words, with the nearest one.
    """
    own = inspect.signature(init)
    named = [p for p in own.parameters.values() if p.kind != inspect.Parameter.VAR_KEYWORD]
    hints = get_type_hints(CourseOptions)
    options = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hints[name])
        for name, default in DEFAULTS.items()
    ]
    known = [p.name for p in [*named[1:], *options]]

    @functools.wraps(init)
    def checked(self: Any, *args: Any, **keywords: Any) -> None:
        refuse_unknown(keywords, known)
        init(self, *args, **keywords)

    checked.__signature__ = own.replace(parameters=[*named, *options])  # type: ignore[attr-defined]  # `inspect` reads it
    return cast(Init, checked)


def keywords_of(kind: type) -> list[str]:
    """Return the keywords that the constructor of a class takes, as its signature shows them."""
    return [p.name for p in inspect.signature(kind).parameters.values() if p.kind != inspect.Parameter.VAR_KEYWORD]


def refuse_unknown(given: Collection[str], known: Collection[str]) -> None:
    """Refuse keywords that are not known, in Python's own words, which other libraries look for.

    Raises:
        TypeError: there is one.
    """
    for keyword in given:
        if keyword not in known:
            hint = did_you_mean(keyword, known)
            there_are = ", ".join(k for k in known if k != "book")
            raise TypeError(f"got an unexpected keyword argument {keyword!r}{hint}; there are {there_are}")


class ReadCourse(NamedTuple):
    """The checked options of a course of one book."""

    plan: np.ndarray  # see `make_plan`
    pays: Pays
    episode: Episode
    split: Split
    order: Order
    settings: dict[str, str]  # what saved courses must share, besides the plan


def read_course(book: Book, given: Mapping[str, Any]) -> ReadCourse:
    """Return the course of a book that these options ask for.

    Raises:
        ValueError: a value is not allowed; the message says which are.
    """
    options = cast(CourseOptions, {**DEFAULTS, **given})
    chapters, exercises = options["chapters"], options["exercises"]
    if options["course"] is not None:
        named = named_course(book, options["course"])
        if exercises is None and chapters is not None:  # other chapters than the course's have the book's exercises
            own = outline(book, options["course"])
            exercises = [own.get(c, book.chapters[c - 1].exercises) for c in chosen_chapters(book, chapters)]
        exercises = named[1] if exercises is None else exercises
        chapters = named[0] if chapters is None else chapters
    plan = make_plan(book, chapters, exercises)
    fits = {Pays.VISIBLE: book.has_shortcut, Pays.RAW: hasattr(book.module, "raw")}
    pays = member(Pays, "reward", options["reward"], [p for p, fit in fits.items() if not fit])
    if pays == Pays.VISIBLE and not fits[Pays.VISIBLE]:
        raise ValueError(f"reward='visible' is for books with a shortcut; {book.name} has none")
    if pays == Pays.RAW and not fits[Pays.RAW]:
        raise ValueError(f"reward='raw' is for the classics; {book.name} has no other reward than its marks")
    if pays == Pays.EXAM and not plan["exam"].any():
        raise ValueError("reward='exam' needs the exam: leave the last chapter in `chapters`")
    return ReadCourse(
        plan,
        pays,
        member(Episode, "episode", options["episode"]),
        member(Split, "split", options["split"]),
        member(Order, "order", options["order"]),
        {name: str(options[name]) for name in ("episode", "reward", "split", "order")},
    )


Member = TypeVar("Member", bound=enum.IntEnum)


def member(kind: type[Member], keyword: str, value: Any, unfit: Collection[Member] = ()) -> Member:
    """Return the member of an enumeration that a keyword's value names.

    Args:
        kind: the enumeration.
        keyword: the keyword.
        value: its value.
        unfit: members that the message does not offer.

    Raises:
        ValueError: it names none.
    """
    names = {m.name.lower(): m for m in kind}
    offered = [name for name, m in names.items() if m not in unfit]
    if isinstance(value, str) and value in names:
        return names[value]
    return names[one_of(keyword, value, offered)]
