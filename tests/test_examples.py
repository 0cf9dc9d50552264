"""What docstrings show is true: examples with `>>>` run, calls in the others fit what they call."""

import ast
import doctest
import importlib
import re

import pytest
from helpers.calls import Caller
from helpers.sources import THINGS

from textbook_gym.registry import known_id

BY_CONTRACT = ("books", "classics")
"""Packages of books: what they define is called by the engine."""
ADAPTERS = [f"adapters.{name}" for name in ("mcp", "openenv", "tinker", "trl", "verifiers")]
MARKS = {**dict.fromkeys(ADAPTERS, pytest.mark.adapters), "rllib": pytest.mark.ray}
"""Module that can be imported only beside the library that it is for -> mark of its tests."""
OUTSIDE = [thing for thing in THINGS if not thing.module.startswith(BY_CONTRACT)]
RUN = [thing for thing in OUTSIDE if thing.runs]
READ = [thing for thing in OUTSIDE if thing.example and not thing.runs and not thing.module.startswith("cli.")]
"""The command line's examples are commands: `cli/test_command_line.py`."""


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


def test_ids_in_docstrings_are_registered():
    for thing in OUTSIDE:
        for env_id in re.findall(r"textbook/\w+-v\d+", thing.text):
            known_id(env_id)
