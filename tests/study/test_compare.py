"""Studies side by side, and studies that are handed in."""

import hashlib
import json

import numpy as np
import polars as pl
import pytest
from helpers.tables import chapters_of, noisy, put, table

from textbook_gym.cli.main import main
from textbook_gym.metrics import statistics as intervals
from textbook_gym.metrics.summary import ALL
from textbook_gym.report.comparison import ends
from textbook_gym.study.compare import Study, check_same_worlds, compare
from textbook_gym.study.edition_digests import edition_digests
from textbook_gym.study.validate import validate


def pick(rows, metric, book="Bandits"):
    """The row of a metric."""
    return rows.filter((pl.col("metric") == metric) & (pl.col("book") == book)).row(0, named=True)


def pair(first, second, settings=({}, {})):
    return compare([Study("a", first, settings[0]), Study("b", second, settings[1])])


def test_pairing_finds_a_difference_that_editions_would_hide():
    """Editions differ by far more than the students do."""
    level = np.random.default_rng(0).uniform(0.3, 0.8, size=(40, 1)) * np.ones(len(chapters_of("Bandits")))
    first, second = table(level), table(level + 0.02)
    row = pick(pair(first, second), "area")
    assert row["paired"]
    assert row["difference"] == pytest.approx(0.02)
    assert row["low"] > 0.019
    assert row["better"]
    elsewhere = pick(pair(first, table(level + 0.02, split="train")), "area")
    assert not elsewhere["paired"]
    assert not elsewhere["beyond_noise"]
    assert elsewhere["better"] is None


def test_what_is_lower_and_better_is_called_better():
    row = pick(pair(*(table(np.full((3, 1), m)) for m in (0.5, 1.0))), "mastery")
    assert row["difference"] < 0
    assert row["better"]


def test_one_edition_is_no_evidence(tmp_path, capsys):
    """An interval of no width is none; two trainings, or two editions, give one."""
    row = pick(pair(table(0.2), table(0.9)), "area")
    assert (row["low"], row["high"], row["better"], row["beyond_noise"]) == (None, None, None, False)
    folders = [put(tmp_path / name, table(m), editions=1) for name, m in (("a", 0.2), ("b", 0.9))]
    assert main(["compare", *map(str, folders), "--out", str(tmp_path / "compare.csv")]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "+0.700 (one run) not known" in printed
    assert "Of 0 differences tested" in printed
    assert "±" not in printed
    assert "nan" not in printed


def test_how_many_differences_chance_alone_would_give_is_said(tmp_path, capsys):
    folders = [put(tmp_path / name, table(noisy(0.5, 8, seed=k)), editions=8) for k, name in enumerate("ab")]
    assert main(["compare", *map(str, folders), "--out", str(tmp_path / "compare.csv")]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    rows = compare([Study(n, table(noisy(0.5, 8, seed=k)), {}) for k, n in enumerate("ab")])
    beyond = rows["beyond_noise"].sum()
    assert f"Of {len(rows)} differences tested, by book and over all, {beyond} are beyond noise" in printed
    assert f"about {len(rows) * 0.05:.0f} would be by chance alone" in printed
    assert "trained once, intervals cover the choice of editions only" in printed


def test_printed_intervals_hold_what_lies_inside():
    """0.0004 is above 0, and printed as [+0.000, +0.001] it is not outside."""
    assert ends(0.0004, 0.0006) == "[+0.000, +0.001]"
    assert ends(-0.0006, -0.0004) == "[-0.001, +0.000]"
    assert ends(None, None) == "(one run)"


def test_noise_is_called_noise():
    """Two students that do not differ: about one interval in twenty leaves out 0."""
    rng = np.random.default_rng(0)
    samples = [rng.normal(size=(2, 1, 30)) for _ in range(150)]
    for method in (intervals.difference, intervals.paired_difference):
        beyond = sum(method([a], [b]).beyond_noise for a, b in samples)
        assert 2 <= beyond <= 20, method


def test_only_shared_editions_and_books_are_compared():
    first = pl.concat([table(noisy(0.5, 10)), table(0.5, "Vocabulary")])
    rows = pair(first, table(noisy(0.5, 10)[4:] + 0.1, first=4))
    assert set(rows["book"]) == {"Bandits"}
    assert pick(rows, "area")["difference"] == pytest.approx(0.1)
    assert pick(rows, "area")["first_value"] + 0.1 == pytest.approx(pick(rows, "area")["second_value"])


def test_training_seeds_are_not_paired():
    """Three trainings that differ by luck: no difference, whatever the editions say."""
    first = pl.concat([table(np.full((8, 80), m), seed=s) for s, m in enumerate((0.2, 0.5, 0.8))])
    second = pl.concat([table(np.full((8, 80), m), seed=s) for s, m in enumerate((0.3, 0.6, 0.7))])
    row = pick(pair(first, second), "area")
    assert row["low"] < -0.2
    assert row["high"] > 0.2


def test_a_result_over_books_has_the_seeds_of_the_book_that_was_trained_least():
    """Trained twice for one book and once for the other: over both, chance in training was not seen."""
    first = pl.concat([*(table(noisy(0.5, 4, seed=s), seed=s) for s in range(2)), table(0.5, "Vocabulary")])
    rows = pair(first, pl.concat([table(noisy(0.6, 4)), table(0.6, "Vocabulary")]))
    seeds = {book: pick(rows, "area", book)["first_seeds"] for book in ("Bandits", "Vocabulary", ALL)}
    assert seeds == {"Bandits": 2, "Vocabulary": 1, ALL: 1}
    assert set(rows["second_seeds"]) == {1}


def test_worlds_are_the_same_only_if_nothing_says_otherwise():
    rows = table(0.5)

    def stated(digest, editions=1, version="1"):
        return {
            "editions": editions,
            "digests": {"editions": {"Bandits": digest}},
            "versions": {"textbook_gym": version},
        }

    def same(a, b):
        return check_same_worlds(Study("a", rows, a), Study("b", rows, b), "Bandits")

    assert same(stated("x"), stated("x", version="2"))
    assert not same(stated("x"), stated("y"))
    assert same(stated("x"), stated("y", editions=2))
    assert not same(stated("x"), stated("y", editions=2, version="2"))


def test_students_are_matched_by_name_or_are_alone():
    assert set(pair(table(0.5, student="old"), table(0.6, student="new"))["student"]) == {"old"}
    many = pl.concat([table(0.5, student="x"), table(0.5, student="y")])
    with pytest.raises(ValueError, match="no student in common"):
        pair(many, table(0.5, student="z"))
    assert set(pair(many, table(0.5, student="y"))["student"]) == {"y"}
    with pytest.raises(ValueError, match="no book"):
        pair(table(0.5), table(0.5, "Vocabulary"))
    with pytest.raises(ValueError, match="two or more"):
        compare([Study("a", many, {})])


def test_the_command_compares_three_studies(tmp_path, capsys):
    folders = [
        put(tmp_path / name / "study", table(noisy(m, 8, seed=k)), editions=8)
        for k, (name, m) in enumerate((("a", 0.5), ("b", 0.8), ("c", 0.5)))
    ]
    out = tmp_path / "compare.csv"
    assert main(["compare", *map(str, folders), "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "better" in printed
    assert "within noise" in printed
    rows = pl.read_csv(out)
    assert set(zip(rows["first"], rows["second"], strict=True)) == {("study 1", "study 2"), ("study 1", "study 3")}
    assert rows.filter((pl.col("metric") == "gain") & (pl.col("second") == "study 2"))["beyond_noise"].item()


# --- validate ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory):
    """A small real study."""
    folder = tmp_path_factory.mktemp("handed") / "in"
    assert main(["study", "--book", "Bandits", "--editions", "4", "--student", "model", "--out", str(folder)]) == 0
    return folder


@pytest.fixture
def study(handed_in, tmp_path):
    """A copy of it, to be spoilt."""
    for name in ("marks.csv", "study.json"):
        (tmp_path / name).write_bytes((handed_in / name).read_bytes())
    return tmp_path


def spoil(study, change=None, **stated):
    """Change the table and say so in the digest; change what is stated."""
    told = json.loads((study / "study.json").read_text())
    if change is not None:
        change(pl.read_csv(study / "marks.csv")).write_csv(study / "marks.csv")
        told["digests"]["marks.csv"] = hashlib.sha256((study / "marks.csv").read_bytes()).hexdigest()
    (study / "study.json").write_text(json.dumps({**told, **stated}))


def wrong(study):
    return [f.text for f in validate(study) if not f.good]


def test_a_study_as_written_is_in_order(study, capsys):
    assert wrong(study) == []
    assert main(["validate", str(study / "study.json")]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 9
    assert all(line.startswith("ok ") for line in printed)


def first_mark(change):
    """Change the mark of the first row."""
    return lambda t: t.with_columns(pl.when(pl.int_range(pl.len()) == 0).then(change).otherwise("mark").alias("mark"))


def swapped(column):
    """A column, its first two values swapped."""
    return pl.concat([column[1::-1], column[2:]])


SPOILT = {
    "a better mark": (first_mark(pl.lit(0.99)), "grades do not follow"),
    "a mark above 1": (first_mark(pl.lit(1.5)), "outside of 0 to 1"),
    "rows left out": (lambda t: t[:-1], "courses are not whole"),
    "rows twice": (lambda t: pl.concat([t, t[:3]]), "more than once"),
    "an edition left out": (lambda t: t.filter(pl.col("edition") != 1), "stated 0 to 3"),
    "two rewards swapped": (lambda t: t.with_columns(swapped(t["reward"])), "rewards are not the rise"),
    "steps below 1": (
        lambda t: t.with_columns(pl.lit(-5).alias("steps")),
        "steps are outside",
    ),
    "a visible success": (lambda t: t.with_columns(pl.lit(1.0).alias("visible")), "in a book without a shortcut"),
    "a reward": (lambda t: t.with_columns(pl.col("reward") + 0.01), "rewards are not the rise"),
    "a course under one control": (
        lambda t: t.filter((pl.col("edition") != 1) | (pl.col("control") == "kept")),
        "others have more",
    ),
    "a control": (lambda t: t.filter(pl.col("control") == "kept"), "controls are"),
    "a chapter": (lambda t: t.with_columns(pl.col("chapter") + 1), "chapter 7 of Bandits"),
    "a column": (lambda t: t.drop("grade"), "lacks the column 'grade'"),
}


@pytest.mark.parametrize("case", SPOILT)
def test_a_table_that_was_changed_is_found(study, case):
    change, message = SPOILT[case]
    spoil(study, change)
    found = wrong(study)
    assert any(message in text for text in found), found
    assert main(["validate", str(study)]) == 1


def test_a_changed_file_does_not_match_its_digest(study):
    text = (study / "marks.csv").read_text()
    (study / "marks.csv").write_text(text + text.splitlines()[-1] + "\n")
    assert any("the table was changed" in text for text in wrong(study))
    (study / "marks.csv").write_text(text + "\n")
    assert any("has no 'student'" in text for text in wrong(study))


def test_figures_that_the_table_does_not_give_are_found(study):
    told = json.loads((study / "study.json").read_text())
    told["metrics"][0]["gain"] += 0.001
    spoil(study, metrics=told["metrics"])
    assert wrong(study) == [t for t in wrong(study) if t.startswith("metrics: model, Bandits, gain: stated")] != []


@pytest.mark.parametrize("said", ["0.1", 10**400, [0.1], None, True])
def test_figures_that_are_none_are_found(study, said):
    told = json.loads((study / "study.json").read_text())
    told["metrics"][0]["gain"] = said
    spoil(study, metrics=told["metrics"])
    assert any("model, Bandits, gain: stated" in text for text in wrong(study))


@pytest.mark.parametrize(("row", "where"), [({"student": "super"}, -1), ({"book": "Alchemy"}, -1), ({}, 0), ({}, -1)])
def test_figures_of_nobody_and_figures_twice_are_found(study, row, where):
    told = json.loads((study / "study.json").read_text())
    told["metrics"].insert(where % 2, {**told["metrics"][0], **row, "gain": 0.99})
    spoil(study, metrics=told["metrics"])
    assert any("not in the table" in t or "stated twice" in t for t in wrong(study))


def test_rows_of_reference_students_are_walked_anew(study):
    """A table that is right by itself, of a student that does not do so."""
    worse = noisy(0.5, 4)
    parts = [table(worse, student="model", control=c) for c in ("kept", "wiped")]
    spoil(study, lambda t: pl.concat(parts))
    found = wrong(study)
    assert any(text.startswith("reference students: model, Bandits, edition 0, kept") for text in found), found


def test_students_without_a_memory_are_in_order_under_one_control(tmp_path):
    students = ["--student", "newcomer", "--student", "fixed=cmd:while read -r line; do echo 0; done"]
    assert main(["study", "--book", "Bandits", "--editions", "2", *students, "--out", str(tmp_path / "s")]) == 0
    assert wrong(tmp_path / "s") == []


def test_a_table_of_nothing_is_found(study):
    spoil(study, lambda t: t[:0])
    assert wrong(study) == ["table: it has no rows; a study is at least one course"]


def test_other_worlds_are_found(study):
    told = json.loads((study / "study.json").read_text())
    for stated in ({"Bandits": "0" * 64}, {}):  # other worlds, and none named
        spoil(study, digests={**told["digests"], "editions": stated})
        assert wrong(study) == ["editions of Bandits are not the worlds that this version opens"]


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"format": "other"}, "this version reads 'textbook_gym study 1'"),
        ({"editions": "4"}, "give a whole number"),
        ({"books": ["Bandit"]}, "'Bandit' is not known"),
        ({"students": ["model", "two"]}, "stated model, two"),
        ({"split": "train"}, "split are ['test']"),
        ({"split": "exam"}, "it is one of all, train, test"),
        ({"seeds": [[0]]}, "give a list of whole number"),
        ({"seeds": [None, 0]}, "give a list of whole number"),
        ({"seeds": [0, 0]}, "none twice"),
        ({"books": [{}]}, "give a list of string"),
        ({"books": []}, "name at least one"),
        ({"controls": [1, "kept"]}, "give a list of string"),
        ({"controls": ["kept", "wipe"]}, "control 'wipe' is not known"),
        ({"digests": {"editions": []}}, "digests.editions is no object"),
        ({"editions": 10**400}, "give a number from 1 to"),
        ({"students": ["alpha"]}, "students are model; stated alpha"),
        ({"metrics": ["gain"]}, "give a list of object"),
    ],
)
def test_what_is_stated_amiss_is_found(study, stated, message):
    spoil(study, **stated)
    assert any(message in text for text in wrong(study)), wrong(study)


def test_what_is_no_study_is_said_in_one_line(tmp_path, capsys):
    assert main(["validate", str(tmp_path)]) == 2
    assert "give the folder that `textbook-gym study --out` wrote" in capsys.readouterr().err
    (tmp_path / "study.json").write_text("{")
    assert main(["validate", str(tmp_path)]) == 1
    assert "is no JSON" in capsys.readouterr().out


def test_digests_of_worlds_are_the_same_again():
    """In books whose EDITION has gaps between its fields, too; and other worlds have others."""
    books = ["Navigation", "Theorems", "Bandits"]
    first = edition_digests(books, "test", 5)
    assert all(edition_digests(books, "test", 5) == first for _ in range(3))
    assert not set(first.values()) & set(edition_digests(books, "train", 5).values())
    assert edition_digests(["Bandits"], "test", 6)["Bandits"] != first["Bandits"]
