"""Every book keeps its contract; a new one is tested before its author writes a test."""

import functools

import numpy as np
from helpers import golden

from textbook_gym.checks import check_book, opened
from textbook_gym.registry import BOOKS, find


@functools.cache
def conformance(book_name):
    """The marks of a book that keeps its contract, measured once."""
    return check_book(BOOKS[book_name])


def test_book_passes_conformance(book_name):
    assert len(conformance(book_name)) == len(find(book_name).chapters)


def test_model_students_learn_most_of_what_there_is_to_learn(book_name):
    """In the last third of chapters 1 to 4; what `textbook-gym show` prints as `learned`."""
    marks = conformance(book_name)
    assert min(m.learned for m in marks[:4]) >= 0.5
    assert all(m.random <= m.newcomer + 2 * m.newcomer_error and m.newcomer < m.model <= m.oracle == 1 for m in marks)


def test_playthrough_is_as_it_was(book_name):
    kept = (golden.FOLDER / f"{book_name}.txt").read_text()
    assert golden.playthrough(book_name) == kept, "behaviour changed: raise the version, run helpers/golden.py"


def test_name_and_registry_agree(book_name):
    assert find(book_name).name == book_name


def test_every_field_and_signal_is_documented(book_name):
    module = find(book_name).module
    for table in (module.EDITION, module.STATE, module.SIGNALS, module.NOTES):
        for entry in table:
            assert len(entry.doc) > 8, entry.name


def test_editions_of_the_splits_are_disjoint(book_name):
    """Not by seed but by content: the same content can never be drawn by both."""
    train, test = (opened(find(book_name), split, 1024)[0].records["edition"] for split in ("train", "test"))
    assert not {e.tobytes() for e in train} & {e.tobytes() for e in test}
    both = opened(find(book_name), "all", 1024)[0].records["edition"]
    of_test = {t.tobytes() for t in test}
    in_test = np.mean([e.tobytes() in of_test for e in both])
    assert 0.1 < in_test < 0.5  # about a quarter: where the first draw already fits, both splits agree with "all"
