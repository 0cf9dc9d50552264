"""Errors and the words in them: what was given, what is allowed, what is nearest."""

import difflib
import operator
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


class BookError(ValueError):
    """A book breaks its contract; the message names the book, the place and what to change.

    Example:
        >>> from textbook_gym import find
        >>> find("Bandit")
        Traceback (most recent call last):
        textbook_gym.errors.BookError: no book 'Bandit' (did you mean 'Bandits'?); there are Alchemy...
    """


def did_you_mean(word: str, known: Iterable[str], least: float = 0.6) -> str:
    """Return ` (did you mean 'x'?)` for the nearest known word, or nothing if it is known itself or none is near.

    Near is what is at least `least` alike: 0 any, 1 equal.

    Example:
        >>> did_you_mean("bandit", ["Bandits", "Alchemy"])
        " (did you mean 'Bandits'?)"
    """
    by_lower = {k.lower(): k for k in known}
    near = difflib.get_close_matches(word.lower(), list(by_lower), n=1, cutoff=least)
    return f" (did you mean {by_lower[near[0]]!r}?)" if near and by_lower[near[0]] != word else ""


def is_one(value: Any) -> bool:
    """Return whether this is one value and no list of several: a number, a word, a mapping, an array of no axis.

    Example:
        >>> is_one(7), is_one("ab"), is_one([7])
        (True, True, False)
    """
    return (
        isinstance(value, (str, bytes, Mapping)) or getattr(value, "ndim", None) == 0 or not hasattr(value, "__iter__")
    )


def as_whole(value: Any) -> int | None:
    """Return an integer of any type, NumPy's and arrays of one integer included, as an `int`; None for all else.

    Bools are no whole numbers here, and neither are floats, even 3.0.

    Example:
        >>> import numpy as np
        >>> as_whole(np.int8(3)), as_whole(3.0), as_whole(True)
        (3, None, None)
    """
    if isinstance(value, bool):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


def whole(name: str, value: Any, low: int, high: int | None = None, otherwise: str = "", about: str = "") -> int:
    """Return a whole number of any integer type as an `int`.

    Args:
        name: what is asked for, as in messages.
        value: what was given.
        low: the least that is allowed.
        high: the greatest; None for no limit.
        otherwise: what else could have been given, such as ", or None"; it ends the message.
        about: what it is, such as " (seconds)"; it follows the value.

    Raises:
        ValueError: it is no whole number, or out of range.

    Example:
        >>> whole("lanes", 0, 1, otherwise=", or None")
        Traceback (most recent call last):
        ValueError: lanes=0: give a whole number >= 1, or None
    """
    number = as_whole(value)
    if number is None or number < low or (high is not None and number > high):
        allowed = f">= {low}" if high is None else f"from {low} to {high}"
        raise ValueError(f"{name}={value!r}{about}: give a whole number {allowed}{otherwise}")
    return number


def one_of(name: str, value: Any, choices: Sequence[str], otherwise: str = "", about: str = "") -> str:
    """Return a value that is one of some words.

    Args:
        name: what is asked for, as in messages.
        value: what was given.
        choices: the words.
        otherwise: what else could have been given; it ends the message.
        about: what it is; it follows the value.

    Raises:
        ValueError: it is none of them; the message names the nearest.

    Example:
        >>> one_of("split", "tset", ["train", "test"])
        Traceback (most recent call last):
        ValueError: split='tset' is not known (did you mean 'test'?): choose one of train, test
    """
    if not isinstance(value, str) or value not in choices:
        hint = did_you_mean(str(value), choices)
        raise ValueError(f"{name}={value!r}{about} is not known{hint}: choose one of {', '.join(choices)}{otherwise}")
    return value
