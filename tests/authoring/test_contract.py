"""The contract is said once: books, loops, guide and faces follow it."""

import inspect

import numpy as np
import pytest

from textbook_gym.authoring import Signal, guide
from textbook_gym.authoring.contract import CONTRACT, LEGEND, RULES, TABLES
from textbook_gym.authoring.default_rendering import drawn, told_signals
from textbook_gym.authoring.records import Row
from textbook_gym.registry import find


def test_the_guide_is_fresh():
    text = guide.path().read_text(encoding="utf-8")
    assert guide.refreshed(text) == text, "run python -m textbook_gym.authoring.guide"


def test_the_guide_names_all_that_a_book_may_have():
    text = guide.path().read_text(encoding="utf-8")
    for name in CONTRACT:
        assert f"`{name}`" in text or f"`{name}(" in text


def test_a_guide_without_a_place_for_a_table_is_refused():
    with pytest.raises(ValueError, match="no place for 'arguments'"):
        guide.refreshed("nothing")


def test_every_argument_is_explained_and_every_rule_is_named_once():
    arguments = {a for r in RULES for a in r.arguments if not a.startswith("*")}
    assert arguments == set(LEGEND)
    assert len(CONTRACT) == len(RULES) + len(TABLES)
    for r in RULES:
        assert r.doc
        assert r.absent is None or tuple(inspect.signature(r.absent).parameters) in (r.arguments, ("p", "s"))
        assert (r.absent is not None) == (r.looped and not r.required)


def test_rules_stand_in_a_book_in_the_order_of_the_contract(book_name):
    """A reader finds a rule where it was last time."""
    module = find(book_name).module
    order = [r.name for r in RULES if r.name not in ("visible", "shortcuts", "mark", "arrange", "sound")]
    for names in (order, ["step", "mark", "oracle"]):
        lines = [
            (inspect.unwrap(f).__code__.co_filename, inspect.unwrap(f).__code__.co_firstlineno)
            for f in (getattr(module, name, None) for name in names)
            if f is not None
        ]
        for file in {file for file, _ in lines}:
            here = [line for name, line in lines if name == file]
            assert here == sorted(here)


SIGNALS = (
    Signal("asked", 0.0, 1.0, "one of four", (4,)),
    Signal("proof", 0.0, 1.0, "shares", (3,)),
    Signal("board", -1.0, 1.0, "two rows of three", (2, 3)),
    Signal("looks_right", -1.0, 1.0, "a number"),
)


@pytest.fixture
def page():
    record = np.zeros(1, [(s.name, "f4", s.shape) for s in SIGNALS])
    record["asked"][0, 2] = 1.0
    record["proof"] = [0.5, 0.0, 1.0]
    record["board"] = [[1, 0, -1], [0, 0, 0]]
    record["looks_right"] = -1.0
    return Row(record[0])


def test_a_page_can_be_drawn_from_signals_alone(page):
    assert drawn(SIGNALS, page) == [
        "asked       ..#.",
        "proof       5.# ",
        "board       #.- ",
        "            ... ",
        "looks_right -   ",
    ]


def test_a_page_can_be_told_from_signals_alone(page):
    assert told_signals(SIGNALS, page) == "Asked: 3 of 4. Proof: 0.5 0 1. Board: 1 0 -1; none of 3. Looks right: -1."
