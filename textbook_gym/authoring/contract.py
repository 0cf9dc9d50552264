"""The contract: which tables and rules a book has, and what marks a function as a rule."""

from collections.abc import Callable
from typing import Any, TypeVar

from textbook_gym.authoring.records import Record

Function = TypeVar("Function", bound=Callable[..., Any])


def rule(function: Function) -> Function:
    """Mark a function as a rule: it may be compiled, and may call other rules, numbers and constants only."""
    function.__rule__ = True  # type: ignore[attr-defined]  # a mark, not an interface: only this package reads it
    return function


@rule
def no_mark(p: Record, s: Record) -> float:
    """Return 0: what a book without a shortcut shows as `visible` and counts as `shortcuts`, and without `raw` pays."""
    return 0.0


@rule
def no_step(e: Record, s: Record, action: int) -> None:
    """Do nothing: what a book without `ahead` fetches before a step."""


TABLES = ("Action", "CHAPTERS", "EDITION", "STATE", "SIGNALS", "NOTES")
RULES = ("write", "pose", "step", "observe", "mark", "oracle", "open_page", "study", "answer")
FACES = ("draw", "tell")
OPTIONAL = ("visible", "shortcuts", "raw", "ahead")
COLUMNS = ("name", "exercises", "limit", "newcomer")
COURSES = {"short": "SHORT"}
"""Name of a course, as the keyword `course` takes it -> the optional constant of a book that says what it is: chapters
by number, and how many exercises of each, such as `SHORT = ((1, 3, 6), (6, 8, 6))`."""


SIGNATURES = {
    "write": ("e", "s"),
    "pose": ("p", "e", "s"),
    "step": ("p", "e", "s", "action"),
    "observe": ("p", "s", "o"),
    "mark": ("p", "s"),
    "visible": ("p", "s"),
    "shortcuts": ("p", "s"),
    "raw": ("p", "s"),
    "ahead": ("e", "s", "action"),
    "oracle": ("p", "e", "s"),
    "open_page": ("p", "n", "o"),
    "study": ("p", "n", "before", "action", "o"),
    "answer": ("p", "n", "o"),
    "draw": ("p", "o"),
    "tell": ("p", "o"),
    "sound": ("e",),
    "arrange": ("p", "e", "s"),
}
