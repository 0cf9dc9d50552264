"""Exams ask for what no earlier chapter asked: by the `exam_fact` of each book, and by what its page tells."""

import re

import gymnasium as gym
import numpy as np
import pytest

from textbook_gym.books.tables import theorems
from textbook_gym.checks import exam_facts, opened
from textbook_gym.engine.info import OUT
from textbook_gym.registry import BOOKS, find, id_of

LANES = 256


def test_the_exam_asks_for_what_no_chapter_asked(book_name):
    """By what the book itself says of a posed exercise; `check_exam` asks the same of every book that says it."""
    book = find(book_name)
    exam = len(book.chapters)
    before = set().union(*(exam_facts(book, chapter, LANES) for chapter in range(1, exam)))
    assert before
    assert not before & exam_facts(book, exam, LANES)


def test_the_page_tells_what_is_new_and_how_many_editions_there_are(book_name):
    doc = find(book_name).doc
    exam = doc[doc.index("6  exam ") :].split("\n\n")[0]
    assert re.search(r"\b(new|never|no job had before|no earlier exercise|before, three notes)\b", exam)
    assert re.search(r"\d editions|\d in all|Editions[:\s]+(about |more than )?.*\d", doc, re.IGNORECASE)
    assert re.search(r"^Why memory pays$.*^Model student$", doc, re.MULTILINE | re.DOTALL)


def test_theorems_of_the_exam_are_too_deep_for_rules_alone():
    """Five steps or more by rules, and the limit is less: only who has a library can finish."""
    lanes, obs, _ = opened(find("Theorems"), "all", LANES, 6)
    s, limit = lanes.records["state"], int(lanes.plan["limit"][5])
    s["met"] = lanes.records["edition"]["lemma"][:, 1]  # as after the chapters before: else lemmas come up first
    lanes.reset(np.ones(LANES, np.bool_), obs, np.zeros(LANES, OUT))
    assert (s["fewest"] == 3).all()
    for i in range(LANES):
        made, rules = {0}, s["tool"][i, : theorems.RULES].tolist()
        for _ in range(limit):
            assert theorems.FROM[s["string"][i], s["goal"][i]] not in made
            made = {int(theorems.THEN[order, rule]) for order in made for rule in rules}
        assert theorems.FROM[s["string"][i], s["goal"][i]] not in made


def test_distances_of_the_exam_lie_beyond_those_seen():
    """Ballistics: further towards the end of the reach than any target before."""
    chapters = find("Ballistics").chapters
    assert max(c.far for c in chapters[:-1]) <= chapters[-1].near


@pytest.mark.parametrize(("name", "count"), [("Ballistics", 1_128_960), ("Induction", 1_965_600)])
def test_as_many_editions_repeat_as_the_number_on_the_page_says(name, count):
    """Draws that are as likely meet n^2 / 2N times in n draws of N (the birthday problem)."""
    assert f"{count:,} editions" in find(name).doc
    n = 8192
    lanes, _, _ = opened(find(name), "all", n)
    repeats = n - len({e.tobytes() for e in lanes.records["edition"]})
    expected = n * n / (2 * count)
    assert abs(repeats - expected) < 4 * np.sqrt(expected)


def test_five_books_have_a_shortcut_and_report_its_use():
    """`info` counts uses and shows what looks right; elsewhere there are no such keys."""
    with_shortcut = {name for name in BOOKS if find(name).has_shortcut}
    assert with_shortcut == {"Automata", "Concepts", "Induction", "Maintenance", "Navigation"}
    for name in sorted(with_shortcut | {"Bandits"}):
        _, info = gym.make(id_of(name)).reset(seed=0)
        assert ("shortcuts" in info, "visible" in info) == (name in with_shortcut,) * 2


def test_a_hint_looks_right_and_counts():
    for name in ("Automata", "Concepts", "Induction"):
        env = gym.make(id_of(name)).unwrapped
        hint = find(name).actions.index("HINT")
        _, info = env.reset(seed=3)
        done = False
        while not done:
            _, _, done, _, info = env.step(hint)
        assert info["shortcuts"] > 0
        assert info["visible"] > info["mark"]
