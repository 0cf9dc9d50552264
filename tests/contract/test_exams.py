"""Exams ask for what no earlier chapter asked: of every book a fact about posed exercises, which the exam alone has.

`FACTS` says what each exercise of a chapter is composed of, from its record, as the book's docstring tells it: by book
a function of the records of many lanes, fresh at the first exercise of a chapter, and of the chapter's row.
"""

import re

import gymnasium as gym
import numpy as np
import pytest

from textbook_gym.books import crafting, navigation, theorems
from textbook_gym.checks import opened
from textbook_gym.engine.info import OUT
from textbook_gym.registry import BOOKS, find

LANES = 256


def alchemy(lanes, p):
    """Stones and potions dealt."""
    return zip((lanes["state"]["stone"] >= 0).sum(1), (lanes["state"]["potion"] >= 0).sum(1), strict=True)


def automata(lanes, p):
    """Notes of the tune."""
    return (lanes["state"]["tune"] >= 0).sum(1)


def ballistics(lanes, p):
    """Balls and winds of all targets: the exam's ball in the wind is new."""
    return [tuple(sorted(set(case[: p["targets"]]))) for case in lanes["state"]["case"].tolist()]


def bandits(lanes, p):
    """Whether the cue mixes two seasons."""
    return lanes["state"]["season"] != lanes["state"]["other"]


def causality(lanes, p):
    """Whether a second light is held."""
    return lanes["state"]["held"] >= 0


def concepts(lanes, p):
    """The rule that the cue names, by its questions."""
    return lanes["state"]["form"]


def crafting_orders(lanes, p):
    """Tiers of what is ordered, and whether any material is in stock."""
    tier = np.searchsorted(crafting.FIRST[1:], np.arange(crafting.ITEMS), side="right")
    items, state = lanes["edition"]["item"].tolist(), lanes["state"]
    found = []
    for order, stock, label in zip(state["order"].tolist(), state["stock"].tolist(), items, strict=True):
        tiers = tuple(int(tier[rank]) for rank in range(crafting.ITEMS) if order >> label[rank] & 1)
        found.append((tiers, any(stock >> label[rank] & 1 for rank in range(crafting.FIRST[1]))))
    return found


def induction(lanes, p):
    """The form of the rule: of which families, and how they are joined."""
    return lanes["state"]["form"]


def maintenance(lanes, p):
    """Causes that a job brings."""
    return lanes["state"]["faults"]


def navigation_errands(lanes, p):
    """Whether the corridor is blocked that the edition names."""
    e, s, cells = lanes["edition"], lanes["state"], navigation.CELLS
    blocked = e["blocked"].astype(np.int64)
    return np.where(blocked < cells, s["south"], s["east"]) >> blocked % cells & 1 == 0


def theorem_depth(lanes, p):
    """Rules and lemmas that theorems are made of."""
    return [tuple(zip(p["rules"].tolist(), p["lemmas"].tolist(), strict=True))] * LANES


def vocabulary_forms(lanes, p):
    """What is asked in an exercise: forms of questions, by lesson, context and direction."""
    return [frozenset(form) for form in lanes["state"]["form"].tolist()]


FACTS = {
    "Alchemy": alchemy,
    "Automata": automata,
    "Ballistics": ballistics,
    "Bandits": bandits,
    "Causality": causality,
    "Concepts": concepts,
    "Crafting": crafting_orders,
    "Induction": induction,
    "Maintenance": maintenance,
    "Navigation": navigation_errands,
    "Theorems": theorem_depth,
    "Vocabulary": vocabulary_forms,
}


def facts(book_name, chapter):
    """The fact about the first exercise of a chapter, in each of `LANES` editions."""
    lanes, _, _ = opened(find(book_name), "all", LANES, chapter)
    return [plain(fact) for fact in FACTS[book_name](lanes.records, lanes.plan[chapter - 1])]


def plain(fact):
    """The fact with Python's own numbers, so that it can stand in a set."""
    return tuple(map(plain, fact)) if isinstance(fact, tuple) else getattr(fact, "item", lambda: fact)()


def test_the_exam_asks_for_what_no_chapter_asked(book_name):
    exam = len(find(book_name).chapters)
    before = {fact for chapter in range(1, exam) for fact in facts(book_name, chapter)}
    assert not before & set(facts(book_name, exam))


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
        _, info = gym.make(f"textbook/{name}-v0").reset(seed=0)
        assert ("shortcuts" in info, "visible" in info) == (name in with_shortcut,) * 2


def test_a_hint_looks_right_and_counts():
    for name in ("Automata", "Concepts", "Induction"):
        env = gym.make(f"textbook/{name}-v0").unwrapped
        hint = find(name).actions.index("HINT")
        _, info = env.reset(seed=3)
        done = False
        while not done:
            _, _, done, _, info = env.step(hint)
        assert info["shortcuts"] > 0
        assert info["visible"] > info["mark"]
