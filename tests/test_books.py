"""Every book keeps its contract; a new one is tested before its author writes a test."""

import types

import golden
import numpy as np
import pytest

from textbook_gym.book import BookError, Field, Signal, read
from textbook_gym.checks import check_book
from textbook_gym.registry import BOOKS, find


def test_book_passes_conformance(book_name):
    check_book(BOOKS[book_name])


def test_playthrough_is_as_it_was(book_name):
    kept = (golden.FOLDER / f"{book_name}.txt").read_text()
    assert golden.playthrough(book_name) == kept, "behaviour changed: raise the version, then run tests/golden.py"


def test_name_and_registry_agree(book_name):
    assert find(book_name).name == book_name


def test_every_field_and_signal_is_documented(book_name):
    module = find(book_name).module
    for table in (module.EDITION, module.STATE, module.SIGNALS, module.NOTES):
        for entry in table:
            assert len(entry.doc) > 8, entry.name


def broken(monkeypatch, **changes):
    """A copy of Bandits with some names changed, importable under a name of its own."""
    import sys

    from textbook_gym.books import bandits

    module = types.ModuleType("broken_book", bandits.__doc__)
    module.__dict__.update({k: v for k, v in vars(bandits).items() if not k.startswith("__")})
    module.__dict__.update(changes)
    monkeypatch.setitem(sys.modules, "broken_book", module)
    read.cache_clear()
    return module


def remark(**changes):
    """The chapters of Bandits with columns changed."""
    return tuple(c._replace(**changes) for c in find("Bandits").chapters)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"write": lambda e, s: None}, "not marked with @rule"),
        ({"EDITION": (Field("sky", "f4", "x"),)}, "kind 'f4'; choose one of"),
        ({"STATE": (Field("twice", "i4", "x"), Field("twice", "i4", "x"))}, "there twice"),
        ({"SIGNALS": (Signal("left", 0, 1, "x"),)}, "belongs to the header"),
        ({"SIGNALS": (Signal("cue", 0, float("inf"), "x"),)}, "finite bounds"),
        ({"CHAPTERS": remark(limit=0)}, "must be at least 1"),
        ({"__doc__": "A book without its name"}, "must begin with the book's name"),
    ],
)
def test_a_malformed_book_is_refused_in_one_line(monkeypatch, changes, message):
    broken(monkeypatch, **changes)
    with pytest.raises(BookError, match=message) as error:
        read("broken_book")
    assert "\n" not in str(error.value)
    read.cache_clear()


def test_a_missing_module_is_named():
    with pytest.raises(BookError, match="no module 'no_such_book'"):
        read("no_such_book")


def test_findings_name_chapter_figure_and_remedy(monkeypatch):
    """A wrong newcomer column, and feedback withheld so that memory cannot pay, are found and explained."""
    broken(monkeypatch, CHAPTERS=remark(newcomer=0.99, told=0))
    with pytest.raises(BookError) as error:
        check_book("broken_book", courses=64)
    findings = str(error.value)
    assert "chapter 1 'three arms': newcomer measured" in findings
    assert "memory does not pay" in findings
    assert all(line.startswith("Bandits: ") for line in findings.splitlines())
    read.cache_clear()


def test_editions_of_the_splits_are_disjoint(book_name):
    """Not by seed but by content: the same content can never be drawn by both."""
    from textbook_gym.checks import opened

    train, test = (opened(find(book_name), split, 1024)[0].records["edition"] for split in ("train", "test"))
    assert not {e.tobytes() for e in train} & {e.tobytes() for e in test}
    both = opened(find(book_name), "all", 1024)[0].records["edition"]
    in_test = np.mean([e.tobytes() in {t.tobytes() for t in test} for e in both])
    assert 0.1 < in_test < 0.5  # about a quarter: where the first draw already fits, both splits agree with "all"
