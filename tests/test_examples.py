"""What docstrings show is true: examples with `>>>` run, calls in the others fit what they call."""

import ast
import doctest
import importlib
import pathlib
import re

import pytest
from helpers.calls import ADAPTERS, Caller
from helpers.sources import PACKAGE, THINGS, TREES, home_of, imported_in

from textbook_gym.registry import known_id

BY_CONTRACT = ("books", "classics")
"""Packages of books: what they define is called by the engine."""
MARKS = {**dict.fromkeys(ADAPTERS, pytest.mark.adapters), "rllib": pytest.mark.ray}
"""Module that can be imported only beside the library that it is for -> mark of its tests."""
OUTSIDE = [thing for thing in THINGS if not thing.module.startswith(BY_CONTRACT)]
RUN = [thing for thing in OUTSIDE if thing.runs]
READ = [thing for thing in OUTSIDE if thing.example and not thing.runs and not thing.module.startswith("cli.")]
"""The command line's examples are commands: `cli/test_command_line.py`."""


def offered():
    """Yield what users are shown to import: module below this package, and name."""
    root = pathlib.Path(__file__).parent.parent
    files = [*PACKAGE.rglob("*.md"), root / "README.md", *(root / "benchmarks").glob("*.py")]
    for text in (*(file.read_text(encoding="utf-8") for file in files), *(thing.text for thing in THINGS)):
        yield from imported_in(text)
    for module, tree in TREES.items():
        for node in tree.body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                yield from ((module, name) for name in ast.literal_eval(node.value))


def cases(things):
    """One case a thing, marked like the tests of its module."""
    return [pytest.param(thing, id=thing.full_name, marks=MARKS.get(thing.module, ())) for thing in things]


@pytest.mark.parametrize("thing", cases(RUN))
def test_an_example_is_true(thing, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    space = {**vars(importlib.import_module(f"textbook_gym.{thing.module}".rstrip(".")))}
    case = doctest.DocTestParser().get_doctest(thing.text, space, thing.full_name, None, None)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    runner.run(case)
    assert runner.failures == 0


@pytest.mark.parametrize("thing", cases(READ))
def test_calls_of_an_example_fit_what_they_call(thing):
    caller = Caller(importlib.import_module(f"textbook_gym.{thing.module}".rstrip(".")))
    caller.visit(ast.parse(thing.example))
    assert not caller.wrong


# --- what needs an example -------------------------------------------------------------------------------

INSIDE = {
    "cli": "commands, whose examples are command lines, and what they are made of",
    "engine": "the inside of environments, which users make by an id",
    "envs": "likewise; the environments themselves are shown",
    "play": "seats of `textbook-gym play`",
    "structure_checks": "steps of `check_book`",
    "checks": "likewise; what an author calls is shown",
    "process_signals": "how a process ends",
    "authoring.book": "reads a book; users `find` one",
    "authoring.contract": "tables that messages and the guide are made of",
    "authoring.default_rendering": "what a book draws and tells that has no words or drawing of its own",
    "authoring.fields": "record types, made from what an author declares",
    "authoring.guide": "writes the author guide",
    "authoring.parameters": "addresses of books, which users give as keywords",
    "authoring.records": "records, as interpreted rules see them",
    "authoring.diagnostics": "messages about an author's slips",
    "memory": "the inside of memories, which users make by a name",
    "metrics.definitions": "metrics, which `measure` and `summary` call; one way to call them all",
    "metrics.scores": "what metrics are made of",
    "metrics.statistics": "what estimates are made of; the estimates are shown",
    "registry": "called when the package is imported",
    "remember": "what the two wrappers are made of",
    "report": "parts of the pages that commands write",
    "rllib": "called by Ray",
    "sb3": "what `make` returns and is made of",
    "students": "what students are made of; users name one by a string, or hand over a function or a model",
    "study": "what `study` is made of",
    "text": "what a `Desk` is made of",
    "train": "what `train` is made of",
    "adapters": "what their libraries call",
}
"""Package or module -> why what it defines needs no example: users do not call it. What a README, a benchmark, another
example or an `__all__` hands to users needs one wherever it stands."""

SHOWN = {home_of(module, name) for module, name in offered() if module in TREES}


def is_inside(module):
    """Whether a module is one of `INSIDE`, or stands in one of its packages."""
    parts = module.split(".")
    return any(".".join(parts[:k]) in INSIDE for k in range(1, len(parts) + 1))


def test_what_users_call_has_an_example():
    functions = [t for t in OUTSIDE if t.name and t.is_public and not t.is_method and not t.example]
    assert not [t.full_name for t in functions if not is_inside(t.module) or (t.module, t.name) in SHOWN]
    assert all(any(f"{module}.".startswith(f"{part}.") for module in TREES) for part in INSIDE)


def test_ids_in_docstrings_are_registered():
    for thing in OUTSIDE:
        for env_id in re.findall(r"textbook/\w+-v\d+", thing.text):
            known_id(env_id)
