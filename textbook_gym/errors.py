"""Errors and the words in them: what was given, what is allowed, what is nearest."""

import difflib
import operator


class BookError(ValueError):
    """A book breaks its contract; the message names the book, the place and what to change."""


def did_you_mean(word: str, known: list[str]) -> str:
    """Return ` (did you mean 'x'?)` for the nearest known word, or nothing if none is near."""
    by_lower = {k.lower(): k for k in known}
    near = difflib.get_close_matches(word.lower(), list(by_lower), n=1)
    return f" (did you mean {by_lower[near[0]]!r}?)" if near else ""


def whole(name: str, value: object, low: int, high: int | None = None) -> int:
    """Return a whole number of any type, Python's or NumPy's, as an `int`.

    Raises:
        ValueError: it is no whole number, a bool, or outside `low..high`.

    Example:
        >>> whole("lanes", np.int64(4), 1)
        4
    """
    try:
        number = operator.index(value)  # type: ignore[arg-type]  # what has no index is refused here
    except TypeError:
        number = None
    if number is None or isinstance(value, bool) or number < low or (high is not None and number > high):
        allowed = f">= {low}" if high is None else f"from {low} to {high}"
        raise ValueError(f"{name}={value!r}: give a whole number {allowed}")
    return number


def one_of(name: str, value: object, known: list[str]) -> str:
    """Return `value` if it is one of the known words.

    Raises:
        ValueError: it is none of them; the message names them and the nearest.
    """
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"{name}={value!r}{did_you_mean(str(value), known)}; choose one of {', '.join(known)}")
    return value
