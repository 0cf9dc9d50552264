"""The contract: every name that a book may define, in one table, and the mark that makes a function a rule.

All that depends on these names reads them here: what `read` demands, the signatures that it checks, the rules that
loops are closed over, messages, and the tables of the author guide (`textbook_gym/books/README.md`).
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from textbook_gym.authoring.records import Record

Function = TypeVar("Function", bound=Callable[..., Any])


def rule(function: Function) -> Function:
    """Mark a function as a rule: it may be compiled, and may call other rules, numbers and constants only.

    Example:
        >>> @rule
        ... def mark(p, s):
        ...     return 1.0 if s.found == 1 else 0.0
        >>> mark.__rule__
        True
    """
    function.__rule__ = True  # type: ignore[attr-defined]  # a mark, not an interface: only this package reads it
    return function


@rule
def no_mark(p: Record, s: Record) -> float:
    """Return 0: what a book without a shortcut shows as `visible` and counts as `shortcuts`, and without `raw` pays."""
    return 0.0


@rule
def any_edition(e: Record) -> bool:
    """Return True: what a book without `sound` says of every edition that it draws."""
    return True


@rule
def no_step(e: Record, s: Record, action: int) -> None:
    """Do nothing: what a book without `ahead` fetches before a step."""


LEGEND = {
    "p": "parameters: the chapter's row of `CHAPTERS`; to be read",
    "e": "edition: the hidden world, fields of `EDITION`; `write` sets it, all others read it",
    "s": "state: this exercise, fields of `STATE`, and `s.rng`, the stream that random numbers are drawn from",
    "n": "notes: the model student's memory, fields of `NOTES`, `n.rng`, its own stream of random numbers, and "
    "`n.lacks`, the `Ability` that it has to do without (0: none)",
    "o": "observation: fields of `SIGNALS`, then `chapter`, `exercise`, `left` and `first`; `observe` sets the signals",
    "before": "the observation in which `action` was chosen; `o` is the one that came of it",
    "action": "a number of `Action`",
}
"""The arguments of rules."""


class Table(NamedTuple):
    """A name of a book that holds data."""

    name: str
    doc: str
    required: bool = True


class Rule(NamedTuple):
    """A name of a book that is a function.

    Attributes:
        name: the function's name.
        arguments: the names of its arguments, in order; see `LEGEND`.
        returns: type of its result: bool, int or float; None for nothing; list or str for a face.
        doc: what it has to do.
        required: whether a book must have it.
        compiled: whether it is marked with `@rule`; else it is plain Python.
        looped: whether the compiled loops are closed over it.
        absent: what stands for it in a loop where a book does not have it.
    """

    name: str
    arguments: tuple[str, ...]
    returns: type | None
    doc: str
    required: bool = True
    compiled: bool = True
    looped: bool = True
    absent: Callable[..., Any] | None = None


TABLES = (
    Table("Action", "an IntEnum of what the student may do, numbered 0, 1, 2, ..."),
    Table("CHAPTERS", "rows of a NamedTuple `Chapter`: name, exercises, limit, newcomer, then your own columns"),
    Table("EDITION", "fields that are hidden and fixed for the whole book; each with low= and high="),
    Table("STATE", "fields of one exercise; 0 when `pose` begins, but those with lasting=True, 0 when a book begins"),
    Table("SIGNALS", "what may be seen, each with its lowest and highest value"),
    Table("NOTES", "fields of the model student's memory; those with page=True are 0 when `open_page` begins"),
    Table("LEDGER", "tables that a memory `Ledger` keeps of this book where it is told nothing else", False),
    Table("SHORT", "a short course for quick training: chapters by number, and exercises of each", False),
    Table("SEMINAR", "a course that is read and talked through, likewise", False),
    Table("MODEL", "dotted name of the module that NOTES, open_page, study and answer stand in, if not here", False),
    Table("WORDS", "dotted name of the module that PREFACE, STRUCTURE, FORBIDDEN, ARGUMENTS, draw, tell and say stand "
          "in, if not here", False),
    Table("ABILITIES", "which abilities success here needs, and for each what the model student does without it, such "
          "as {'exploration': 'takes the arm it believes best'}; `check` measures the claim", False),
    Table(
        "PREFACE",
        "what a student who reads is told first: what is seen, what each action does, how it is marked; `{3-6: Mind "
        "the gate.}` is told in courses with one of these chapters, `{1-3 & 5: ...}` where one of 1 to 3 comes and 5, "
        "too",
        False,
    ),
    Table("STRUCTURE", "the form of what is hidden, in words, likewise: what only an upper control is told", False),
    Table("FORBIDDEN", "words that neither preface nor page may hold: they would give the hidden away", False),
    Table("ARGUMENTS", "names of the arguments of actions that share a verb, such as {'PULL': 'arm'}", False),
    Table("PARAMETERS", "a tuple of `Parameter`: keywords that the tables depend on", False),
)  # fmt: skip
"""Tables, in the order in which they stand in a book."""

RULES = (
    Rule("sound", ("e",), bool, "return whether an edition may be: what must hold of its fields together; `write` is "
         "repeated until it does", False, absent=any_edition),
    Rule("write", ("e", "s"), None, "draw an edition"),
    Rule("pose", ("p", "e", "s"), None, "set one exercise"),
    Rule("step", ("p", "e", "s", "action"), bool, "take one action; return whether it ended the exercise"),
    Rule("observe", ("p", "s", "o"), None, "write all signals; the edition is out of reach, on purpose"),
    Rule("mark", ("p", "s"), float, "return the mark of the finished exercise, 0 to 1; who knows the edition gets 1"),
    Rule("visible", ("p", "s"), float, "return the mark that a naive look would give; for books with a shortcut", False,
         absent=no_mark),
    Rule("shortcuts", ("p", "s"), int, "return how often the shortcut was taken in this exercise", False,
         absent=no_mark),
    Rule("raw", ("p", "s"), float, "return what the step earned in a paper's own units; for classics", False,
         absent=no_mark),
    Rule("ahead", ("e", "s", "action"), None, "fetch into the cache what a step will read; for classics", False,
         absent=no_step),
    Rule("arrange", ("p", "e", "s"), None, "work out what follows once a user set fields of STATE that have low= and "
         "high=", False, looped=False),
    Rule("oracle", ("p", "e", "s"), int, "return the best action of one who knows the edition"),
    Rule("exam_fact", ("p", "e", "s"), None, "return what a posed exercise is composed of; in the exam no value that "
         "an earlier chapter had", False, compiled=False, looped=False),
    Rule("open_page", ("p", "n", "o"), None, "begin an exercise: read its first observation"),
    Rule("study", ("p", "n", "before", "action", "o"), None, "learn from one step"),
    Rule("answer", ("p", "n", "o"), int, "choose an action from notes and observation alone"),
    Rule("draw", ("p", "o"), list, "return the page as rows of characters of one length; else drawn from SIGNALS",
         False, compiled=False, looped=False),
    Rule("tell", ("p", "o"), str, "return the page in words, every signal by name; else told from SIGNALS", False,
         compiled=False, looped=False),
    Rule("say", ("p", "before", "action", "o"), str, "return in words what the last action brought, then all that is "
         "seen; `before` and `action` are None on a fresh page", False, compiled=False, looped=False),
    Rule("tables", ("**parameters",), dict, "return by name the tables that depend on `PARAMETERS`", False,
         compiled=False, looped=False),
)  # fmt: skip
"""Functions, in the order in which they stand in a book."""

COLUMNS = ("name", "exercises", "limit", "newcomer")
"""The columns that every row of CHAPTERS begins with."""

COURSES = {"short": "SHORT", "seminar": "SEMINAR"}
"""Name of a course, as the keyword `course` takes it -> the optional constant of a book that says what it is: chapters
by number, and how many exercises of each, such as `SHORT = ((1, 2, 3), (4, 20, 8))`."""

PARTS = {
    "MODEL": ("NOTES", "open_page", "study", "answer"),
    "WORDS": ("PREFACE", "STRUCTURE", "FORBIDDEN", "ARGUMENTS", "draw", "tell", "say"),
}
"""Constant of a book that names a module -> what stands in that module: the model student; what is said and drawn."""

CONTRACT: dict[str, Table | Rule] = {entry.name: entry for entry in (*TABLES, *RULES)}
"""Every name that means something in a book."""
