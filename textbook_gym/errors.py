"""Errors and the words in them: what was given, what is allowed, what is nearest."""

import difflib


class BookError(ValueError):
    """A book breaks its contract; the message names the book, the place and what to change."""


def did_you_mean(word: str, known: list[str], least: float = 0.6) -> str:
    """Return ` (did you mean 'x'?)` for the nearest known word, or nothing; `least` alike: 0 any, 1 equal."""
    by_lower = {k.lower(): k for k in known}
    near = difflib.get_close_matches(word.lower(), list(by_lower), n=1, cutoff=least)
    return f" (did you mean {by_lower[near[0]]!r}?)" if near else ""
