"""Every book keeps its contract; a new one is tested before its author writes a test."""

import functools
import pathlib
import re
import sys

import gymnasium as gym
import numpy as np
import pytest
from helpers import golden

from textbook_gym.authoring.book import read
from textbook_gym.authoring.fields import chapters_of
from textbook_gym.checks import check_book
from textbook_gym.engine.effects import field_findings
from textbook_gym.engine.lanes import Lanes
from textbook_gym.errors import BookError
from textbook_gym.registry import BOOKS, VERSIONS, env_ids, find, short_id
from textbook_gym.students.rollout import open_editions

TOY = pathlib.Path(__file__).parent.parent / "toy" / "lamps.py"


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


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """A maker of broken books: the toy's source with passages changed, importable under a name of its own."""
    monkeypatch.syspath_prepend(str(tmp_path))
    names = []

    def make(*changes):
        source = TOY.read_text()
        for old, new in changes:
            assert old in source
            source = source.replace(old, new)
        names.append(f"broken_{abs(hash(changes))}")
        (tmp_path / f"{names[-1]}.py").write_text(source)
        return names[-1]

    yield make
    for name in names:
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("@rule\ndef write", "def write", "`write` is not marked with @rule"),
        ('"lit_by", "i1"', '"lit_by", "f4"', "kind 'f4'; choose one of"),
        ('Field("right"', 'Field("presses"', "there twice"),
        ('Signal("lit"', 'Signal("left"', "belongs to the header"),
        ("0.0, 1.0, ", "0.0, float('inf'), ", "finite bounds"),
        ('"four lamps", 8, 4', '"four lamps", 8, 0', "must be at least 1"),
        ("Lamps: find", "Find", "must begin with the book's name"),
        ("def oracle", "def oracles", "`oracle` is missing"),
    ],
)
def test_a_malformed_book_is_refused_in_one_line(broken, old, new, message):
    with pytest.raises(BookError, match=message) as error:
        read(broken((old, new)))
    assert "\n" not in str(error.value)


def test_a_missing_module_is_named():
    with pytest.raises(BookError, match="no module 'no_such_book'"):
        read("no_such_book")


IDLE = (
    'Field("idle", "i1", "what no rule reads", low=0, high=3), Field("late", "i1", "read in the exam", low=0, high=3))'
)
DEFECTS = {  # what is changed -> what is found; those of a group in one book, which is compiled once
    "tables": [
        ("8, 4, 0.26, 4", "8, 4, 0.91, 4", "chapter 1 'four lamps': newcomer measured 0.2.*, the table has 0.91"),
        ("low=0, high=LAMPS - 1", "low=0, high=LAMPS - 2", "EDITION.lit_by was drawn in"),
        ("F, G, H = range(LAMPS)", "F, G, H, IDLE, NAP = range(LAMPS + 2)", "action IDLE never does anything"),
    ],
    "pose": [
        ("    s.right = 0\n", "", "`pose` does not set STATE.right wholly"),
        ("Lit: {", "Shown: {", "chapter 1: `tell` does not name lit"),
    ],
    "marks": [
        ("o.lit[lamp] = s.lit == lamp", "o.lit[lamp] = 2.0", r"signal 'lit' \(float 8\) left its bounds \[0.0, 1.0\]"),
        ('return ["".join(', 'return ["", "".join(', "chapter 1: `draw` returns rows of lengths"),
        ("return e.lit_by[s.asked[min(s.presses, 1)]]", "return 0", "the oracle's lowest mark is 0.0, not 1"),
        ("0.26, 4, 1)", "0.26, 4, 0)", "chapter 1 'four lamps': memory does not pay"),
    ],
    "write": [("permute(s, e.lit_by, LAMPS)", "e.lit_by[0] = 0", "none of 1000 drawn editions belongs to split")],
    "fields": [
        (
            "low=0, high=LAMPS - 1),)",
            "low=0, high=LAMPS - 1, chapters={1}), " + IDLE,
            "lit_by.* an effect in chapter 2, which",
        ),
        (
            "    permute(s, e.lit_by, LAMPS)",
            "    permute(s, e.lit_by, LAMPS)\n    e.idle = below(s, 4)\n    e.late = below(s, 4)",
            "EDITION.idle has no effect in the book",
        ),
        (
            "else below(s, p.lamps)",
            "else (e.late + below(s, p.lamps)) % LAMPS",
            "EDITION.late has no effect in chapter 1, which",
        ),
    ],
    "signature": [
        ("def observe(p: Chapter, s: Record, o", "def observe(p: Chapter, s: Record, seen", r"must take \(p, s, o\)")
    ],
}


@pytest.mark.parametrize("group", DEFECTS)
def test_each_defect_is_found_and_named(broken, group):
    """All are raised together, in a line each."""
    with pytest.raises(BookError) as error:
        check_book(broken(*[(old, new) for old, new, _ in DEFECTS[group]]), courses=64)
    lines = str(error.value).split("\n")
    for _, _, finding in DEFECTS[group]:
        assert any(re.search(finding, line) for line in lines), (finding, lines)


def test_a_rule_that_calls_an_unmarked_function_is_refused(broken):
    helper = "def helper(x: int) -> int:\n    return x\n\n\n@rule\ndef sound"
    name = broken(("@rule\ndef sound", helper), ("s.right += hit", "s.right += helper(hit)"))
    with pytest.raises(BookError, match="rule 'step' calls 'helper'; mark that with @rule too"):
        check_book(name, courses=8)


@pytest.mark.parametrize("chapters", ["4", "0", "(1, 2)", "{3, 4}", '"all"'])
def test_chapters_that_there_are_not_are_refused(broken, chapters):
    with pytest.raises(BookError, match=r"EDITION.lit_by names chapters .*: ") as error:
        Lanes(broken(("high=LAMPS - 1),)", f"high=LAMPS - 1, chapters={chapters}),)")))
    assert "\n" not in str(error.value)


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


def test_only_short_courses_that_do_not_show_all_have_another_version(book_name):
    """A version is raised where test editions changed, and nowhere else."""
    book = find(book_name)
    shows_all = all(mask.all() for mask in always_shown(book, book.module.SHORT[0]).values())
    assert short_id(book_name) == f"textbook/{book_name}Short-v{0 if shows_all else 1}"
    assert env_ids(book_name) == (f"textbook/{book_name}-v0", f"textbook/{book_name}Course-v0")
    assert {f"{book_name}Short"} & set(VERSIONS) == (set() if shows_all else {f"{book_name}Short"})
    if not shows_all:
        with pytest.warns(DeprecationWarning, match="v1"), pytest.raises(gym.error.DeprecatedEnv, match="Short-v1"):
            gym.make(f"textbook/{book_name}Short-v0")


def test_the_whole_book_is_told_apart_by_all_of_it(book_name):
    assert (Lanes(BOOKS[book_name]).plan["hashed"] == np.uint64(2**64 - 1)).all()


def test_editions_of_the_splits_are_disjoint(book_name):
    """Not by seed but by content: the same content can never be drawn by both."""
    from textbook_gym.checks import opened

    train, test = (opened(find(book_name), split, 1024)[0].records["edition"] for split in ("train", "test"))
    assert not {e.tobytes() for e in train} & {e.tobytes() for e in test}
    both = opened(find(book_name), "all", 1024)[0].records["edition"]
    of_test = {t.tobytes() for t in test}
    in_test = np.mean([e.tobytes() in of_test for e in both])
    assert 0.1 < in_test < 0.5  # about a quarter: where the first draw already fits, both splits agree with "all"
