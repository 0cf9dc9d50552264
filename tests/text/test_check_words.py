"""The check of a book's words refuses what a model should not read, and takes what is in order."""

import itertools
import re
import sys
import types

import pytest

from textbook_gym.errors import BookError
from textbook_gym.registry import find
from textbook_gym.text import check_words


def say(p, before, action, o):
    return f"{'Pulled' if action is not None else 'Not pulled'}. {find('Bandits').module.tell(p, o)} {o.left:.2f} left"


NUMBERS = itertools.count()
SOUND = {"PREFACE": "Pull arms.", "STRUCTURE": "It is about angles.", "FORBIDDEN": ("angle", "sky"), "say": say}


@pytest.fixture
def book(monkeypatch):
    """Return a function that checks the bandits with other words."""

    def check(**words):
        module = types.ModuleType(f"bandits_in_words_{next(NUMBERS)}")  # books are read once a name
        module.__dict__.update({k: v for k, v in find("Bandits").module.__dict__.items() if k != "__name__"})
        for name in ("WORDS", *SOUND):
            module.__dict__.pop(name, None)
        module.__dict__.update({k: v for k, v in {**SOUND, **words}.items() if v is not None})
        monkeypatch.setitem(sys.modules, module.__name__, module)
        check_words(module)

    return check


def test_words_in_order_pass(book):
    book()


@pytest.mark.parametrize(
    ("words", "finding"),
    [
        ({"PREFACE": None}, "`PREFACE` is missing"),
        ({"say": None}, "`say` is missing"),
        ({"PREFACE": "a" * 2501}, "PREFACE has 2501 characters; 1 to 2500 are allowed"),
        ({"PREFACE": ""}, "PREFACE has 0 characters"),
        ({"PREFACE": "Mind the ANGLE."}, "PREFACE names 'angle', which FORBIDDEN lists as hidden"),
        ({"PREFACE": "caf\u00e9"}, "PREFACE holds '\u00e9'; use ASCII"),
        ({"PREFACE": "Pull. {5-7: Mind the gate.}"}, "PREFACE: {5-7: ...} names chapters that there are not; there"),
        ({"PREFACE": "Pull. {1 & 0: Mind the gate.}"}, "PREFACE: {1 & 0: ...} names chapters that there are not"),
        ({"PREFACE": "Pull. {5-3: Mind the gate.}"}, "PREFACE: {5-3: ...} names chapters that there are not"),
        ({"PREFACE": "Pull. {5-: Mind the gate.}"}, "PREFACE: the brace at '{5-: Mind the gate.}' marks nothing"),
        ({"STRUCTURE": "It is {about angles."}, "STRUCTURE: the brace at '{about angles.' marks nothing"),
        ({"STRUCTURE": ""}, "STRUCTURE is empty"),
        (
            {"say": lambda p, before, action, o: say(p, before, action, o).partition(f" {o.left:.2f} left")[0]},
            "chapter 1: `say` has the same words for different values of the signal 'left'",
        ),
        ({"FORBIDDEN": ("season",)}, "chapter 1: `say` names 'season'"),
        (
            {"say": lambda p, before, action, o: "A page."},
            "`say` has the same words for different values of the signal",
        ),
        (
            {"say": lambda p, before, action, o: say(p, before, action, o) + "\u2192"},
            "chapter 1: `say` writes '\u2192'; use ASCII",
        ),
        ({"say": lambda p, before, action, o: ""}, "chapter 1: `say` returns ''; return words"),
        (
            {"say": lambda p, before, action, o: say(p, before, action, o).replace("it paid nothing", "it paid")},
            "the signal 'payoff'",
        ),
    ],
)
def test_what_is_wrong_is_named(book, words, finding):
    with pytest.raises(BookError, match=re.escape(finding)):
        book(**words)


def test_a_word_within_a_word_is_another_word(book):
    book(PREFACE="Pull rectangles in Alaskyan weather.")
