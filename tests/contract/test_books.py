"""Every book keeps its contract; a new one is tested before its author writes a test."""

import functools

import gymnasium as gym
import numpy as np
import pytest
from helpers import golden

from textbook_gym.authoring.fields import chapters_of
from textbook_gym.checks import check_book, opened
from textbook_gym.engine.lanes import Lanes
from textbook_gym.engine.sensitivity import field_findings
from textbook_gym.registry import BOOKS, ID_KINDS, VERSIONS, find, id_of
from textbook_gym.students.rollout import open_editions


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
    assert all(
        m.random <= m.newcomer + 2 * np.hypot(m.random_error, m.newcomer_error)
        and m.newcomer < m.model <= m.oracle == 1
        for m in marks
    )


def test_playthrough_is_as_it_was(book_name):
    kept = (golden.FOLDER / f"{book_name}.txt").read_text()
    assert golden.playthrough(book_name) == kept, "behaviour changed: raise the version, run helpers/golden.py"


def test_editions_are_those_they_were(book_name):
    """A number names the same world for good, and stays in its split: published comparisons rest on it."""
    kept = {key: digest for key, digest in golden.kept_digests().items() if find(key.split()[0]).name == book_name}
    assert golden.digests(book_name) == kept, "other worlds: raise the version in registry.py, run helpers/golden.py"


def test_name_and_registry_agree(book_name):
    assert find(book_name).name == book_name


def test_every_field_and_signal_is_documented(book_name):
    module = find(book_name).module
    for table in (module.EDITION, module.STATE, module.SIGNALS, module.NOTES):
        for entry in table:
            assert len(entry.doc) > 8, entry.name


def test_fields_matter_in_the_chapters_that_they_name(book_name):
    assert list(field_findings(find(book_name))) == []


def always_shown(book, chapters):
    """The cells of EDITION that matter in some chapter of a course whatever the rest is: a mask for every field."""
    rows = [c - 1 for c in chapters]
    masks = {}
    for f in book.module.EDITION:
        where, partly = (chapters_of(w, f.shape, len(book.chapters)) for w in (f.chapters, f.partly))
        masks[f.name] = (where & ~partly)[rows].any(axis=0)
    return masks


def worlds_of(book, split, chapters, numbers):
    """What a course of some chapters can show of these editions, as bytes."""
    lanes = Lanes(book.path, len(numbers), episode="book", split=split, chapters=chapters)
    open_editions(lanes, numbers)
    masks = always_shown(book, chapters)
    shown = [np.where(mask, lanes.records["edition"][name], 0) for name, mask in masks.items()]
    columns = [np.ascontiguousarray(cells.reshape(len(numbers), -1)).view(np.uint8) for cells in shown]
    return {row.tobytes() for row in np.concatenate(columns, axis=1)}


def test_no_test_edition_of_a_short_course_comes_in_training(book_name):
    """In all that its chapters can show; and so it is in courses of any other chapters."""
    book, rng = find(book_name), np.random.default_rng(0)
    courses = [list(find(book_name).module.SHORT[0]), [1], [6]]
    courses += [sorted((1 + rng.choice(6, size, replace=False)).tolist()) for size in (2, 2, 3, 4)]
    for chapters in courses:
        train, test = (worlds_of(book, split, chapters, range(6000)) for split in ("train", "test"))
        assert not train & test, chapters
        assert len(train) > 1, chapters
        assert len(test) > 1, chapters


def test_who_asks_for_an_older_version_is_told_the_new_one(book_name):
    """A version is raised where what a student sees, earns or can do changed, or which editions are for tests."""
    for kind in ID_KINDS:
        version = VERSIONS.get(book_name + kind, 0)
        assert id_of(book_name, kind) == f"textbook/{book_name}{kind}-v{version}"
        for old in range(version):
            with (
                pytest.warns(DeprecationWarning, match=f"v{version}"),
                pytest.raises(gym.error.DeprecatedEnv, match=f"{book_name}{kind}-v{version}"),
            ):
                gym.make(f"textbook/{book_name}{kind}-v{old}")


def test_the_whole_book_is_told_apart_by_all_of_it(book_name):
    assert (Lanes(BOOKS[book_name]).plan["hashed"] == np.uint64(2**64 - 1)).all()


def test_editions_of_the_splits_are_disjoint(book_name):
    """Not by seed but by content: the same content can never be drawn by both."""
    train, test = (opened(find(book_name), split, 1024)[0].records["edition"] for split in ("train", "test"))
    assert not {e.tobytes() for e in train} & {e.tobytes() for e in test}
    both = opened(find(book_name), "all", 1024)[0].records["edition"]
    of_test = {t.tobytes() for t in test}
    in_test = np.mean([e.tobytes() in of_test for e in both])
    assert 0.1 < in_test < 0.5  # about a quarter: where the first draw already fits, both splits agree with "all"
