"""An ability is claimed by a book and proved by taking it away."""

import collections
import csv
import importlib.resources

import numpy as np
import polars as pl
import pytest

from textbook_gym.abilities import Worth, ability_findings, gains, worths
from textbook_gym.authoring.abilities import WITHOUT, WORDS, Ability
from textbook_gym.authoring.book import read
from textbook_gym.cli.main import main
from textbook_gym.engine.lanes import Lanes
from textbook_gym.engine.loops import Wipe
from textbook_gym.errors import BookError
from textbook_gym.registry import BOOKS, find
from textbook_gym.report.radar_weights import TABLE
from textbook_gym.students.base import ABLATED, NAMED_STUDENTS, REFERENCES, WIPED
from textbook_gym.students.resolve import as_student
from textbook_gym.students.rollout import walk
from textbook_gym.study.validate import validate

COURSES = 48


def test_every_ability_has_a_word_a_student_and_a_meaning():
    assert len(WORDS) == len(WITHOUT) == len(ABLATED) == 7
    for word, ability in WORDS.items():
        assert as_student(f"model-{word}") == NAMED_STUDENTS[f"model-{word}"]
        assert ability.word == word
        assert WITHOUT[ability]


def test_what_is_claimed_is_what_the_model_student_can_do_without(book_name):
    """A claimed ability changes what the student does; one that is not claimed changes nothing."""
    book = find(book_name)
    whole = gains(book, REFERENCES["model"], COURSES)
    for ability in Ability:
        if ability in WIPED:
            continue
        same = np.array_equal(gains(book, ABLATED[f"model-{ability.word}"], COURSES), whole)
        assert same == (ability not in book.abilities), ability.word


def test_learning_is_what_the_newcomer_has_not(book_name):
    book = find(book_name)
    assert np.array_equal(gains(book, ABLATED["model-learning"], 8), gains(book, REFERENCES["newcomer"], 8))
    assert Ability.LEARNING in book.abilities


def test_worth_is_a_difference_of_gains_on_the_same_editions():
    book = find("Bandits")
    by_word = {w.ability: w for w in worths(book, COURSES)}
    whole = gains(book, REFERENCES["model"], COURSES)
    lost = whole - gains(book, ABLATED["model-retention"], COURSES)
    w = by_word[Ability.RETENTION]
    assert w.value == pytest.approx(lost.mean())
    assert w.chapters == pytest.approx(lost.mean(axis=0))
    assert w.interval == pytest.approx(
        (w.value - 1.96 * lost.mean(1).std() / 48**0.5, w.value + 1.96 * lost.mean(1).std() / 48**0.5)
    )
    assert w.share == pytest.approx(lost.mean() / whole.mean())
    most = int(lost.mean(axis=0).argmax())
    off = 1.96 * lost[:, most].std() / 48**0.5
    assert w.chapter_interval == pytest.approx((lost[:, most].mean() - off, lost[:, most].mean() + off))


def test_a_loss_that_may_be_chance_is_no_need():
    few = Worth(Ability.FORESIGHT, 0.3, 0.2, 0.5, (0.3,), (0.2,), True)
    assert not few.necessary
    assert few._replace(error=0.1).necessary
    assert few._replace(errors=(0.1,)).necessary


def shipped_rows():
    """The shipped table of worths: (book, ability) -> row."""
    file = importlib.resources.files("textbook_gym.report").joinpath(TABLE)
    rows = csv.DictReader(file.read_text(encoding="utf-8").splitlines())
    return {(row["book"], row["ability"]): row for row in rows}


def test_the_shipped_table_is_of_these_books():
    rows = shipped_rows()
    assert list(rows) == [(book, a.word) for book in BOOKS for a in Ability]
    for (book, word), row in rows.items():
        assert (row["claimed"] == "True") == (WORDS[word] in find(book).abilities), (book, word)
        assert row["claimed"] == "False" or row["necessary"] == "True", (book, word)
    measured = {w.ability.word: w for w in worths(find("Bandits"), 512)}
    for word, w in measured.items():
        assert float(rows["Bandits", word]["worth"]) == pytest.approx(w.value, abs=1e-4)


def test_abilities_are_necessary_in_several_books_each():
    held = collections.Counter(word for (_, word), row in shipped_rows().items() if row["claimed"] == "True")
    assert all(held[a.word] >= (5 if a == Ability.FORESIGHT else 4) for a in Ability), held


def test_a_lack_outlives_a_wipe():
    """Who is wiped at every exercise still does without: else the control would walk another student."""
    lanes = Lanes(find("Bandits").path, 4, episode="book")
    notes = np.zeros(4, lanes.book.notes)
    notes["lacks"], notes["rng"] = int(Ability.EXPLORATION), [3, 4, 5, 6]
    lanes.reset(np.ones(4, np.bool_), *lanes.buffers(), None, [0] * 4)
    lanes.engine.walk(lanes.records, lanes.plan, notes, REFERENCES["model"].who, Wipe.EXERCISE, 1)
    assert (notes["lacks"] == Ability.EXPLORATION).all()


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"exploratoin": "x"}, "'exploratoin', which is no ability.*did you mean 'exploration'"),
        ({"exploration": ""}, r"ABILITIES\['exploration'\] is ''; say what"),
        (("exploration",), r"ABILITIES is \('exploration',\); write a dict"),
    ],
)
def test_a_slip_in_a_claim_is_told_in_one_line(tmp_path, monkeypatch, claims, message):
    from textbook_gym.authoring.skeleton import new_book

    source = new_book("lamps", tmp_path)
    name = f"lamps_{abs(hash(str(claims)))}"
    (tmp_path / f"{name}.py").write_text(source.read_text() + f"\nABILITIES = {claims!r}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(BookError, match=message) as caught:
        read(name)
    assert "\n" not in str(caught.value)


def test_a_claim_that_does_not_hold_is_refused(monkeypatch):
    """The model student of Bandits knows no lemma: without abstraction it loses nothing."""
    book = find("Bandits")
    monkeypatch.setattr(book.module, "ABILITIES", {"self-improvement": "files no lemma"}, raising=False)
    [finding] = ability_findings(book, 16)
    assert "ABILITIES['self-improvement']: without it the model student loses 0.000 of gain (0%)" in finding
    assert "make it necessary, or drop the claim" in finding


def test_the_model_student_without_an_ability_is_studied_and_validated(tmp_path):
    students = ["model", "model-retention", "model-learning"]
    out = tmp_path / "study"
    asked = [word for s in students for word in ("--student", s)]
    assert main(["study", "--book", "Bandits", "--editions", "4", *asked, "--out", str(out)]) == 0
    table = pl.read_csv(out / "marks.csv")
    marks = {s: table.filter(student=s, control="kept")["mark"].to_list() for s in students}
    assert len(set(map(tuple, marks.values()))) == 3
    assert all(finding.good for finding in validate(out))


def test_rows_are_those_of_the_walk():
    lanes = Lanes(find("Bandits").path, 4, episode="book", split="all")
    rows = walk(ABLATED["model-retention"], lanes, range(4), Wipe.NEVER)
    again = walk(REFERENCES["model"], lanes, range(4), Wipe.CHAPTER)
    assert rows.tobytes() == again.tobytes()
