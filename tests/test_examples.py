"""What users import shows how it is used, and what it shows is true."""

import doctest

import pytest

from textbook_gym import abilities, checks, registry, remember, sb3
from textbook_gym.envs.single import BookEnv
from textbook_gym.envs.vector import BookVectorEnv
from textbook_gym.metrics import statistics
from textbook_gym.students import rollout
from textbook_gym.students.resolve import as_student
from textbook_gym.text.desk import Desk
from textbook_gym.train import evaluation

SHOWN = [
    BookEnv, BookVectorEnv, Desk, as_student, checks.check_book, registry.find, registry.register,
    remember.Remember, remember.RememberVector, sb3.make,
    abilities.gains, abilities.worths, checks.check_classic, checks.measure_marks, evaluation.examine, registry.env_ids,
    registry.id_of, registry.name_of, registry.short_id, rollout.walk, statistics.difference, statistics.estimate,
    statistics.iqm,
]  # fmt: skip
"""Memories have a test of their own: `memory/test_memory_contract.py`."""


@pytest.mark.parametrize("thing", SHOWN, ids=lambda thing: thing.__name__)
def test_example_is_true(thing, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    examples = [e for e in doctest.DocTestFinder(recurse=False).find(thing, thing.__name__) if e.examples]
    assert examples, f"{thing.__name__} shows no example"
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for example in examples:
        runner.run(example)
    assert runner.failures == 0
