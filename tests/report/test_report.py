"""The page: self-contained, true to the table, readable in light and dark; its pictures as files."""

import html.parser
import re

import numpy as np
import polars as pl
import pytest
from helpers.tables import noisy, put, table
from scipy import stats

from textbook_gym.authoring.abilities import Ability
from textbook_gym.cli.main import main
from textbook_gym.metrics.definitions import METRICS
from textbook_gym.metrics.statistics import Estimate
from textbook_gym.report import figures as pictures
from textbook_gym.report import html as page
from textbook_gym.report import pages
from textbook_gym.report import style as canvas
from textbook_gym.report.radar_weights import needs
from textbook_gym.report.summary_tables import gather

ASKED = {"Bandits", "Vocabulary", "Maintenance"}

pytestmark = pytest.mark.xdist_group("report")  # one worker makes the page


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A study of two students in two books under three controls, made by hand."""
    parts = []
    for book in ("Bandits", "Maintenance"):
        visible = 1.0 if book == "Maintenance" else None
        for student, level, less in (("model", 0.9, 0.3), ("<i>mine</i>", 0.8, 0.8)):
            for control, mark in (("kept", level), ("wiped", less), ("again", level - 0.1)):
                marks = noisy(mark, 6, book, seed=len(parts))
                parts.append(table(marks, book, student=student, control=control, visible=visible))
    made = put(tmp_path_factory.mktemp("report") / "study", pl.concat(parts), editions=6, versions={"here": "1"})
    assert main(["report", str(made)]) == 0
    return made


@pytest.fixture(scope="module")
def text(folder):
    return (folder / "report.html").read_text()


class Reader(html.parser.HTMLParser):
    """Collects addresses, ids and tags that are left open."""

    VOID = ("meta", "br", "hr", "img", "link")

    def __init__(self):
        super().__init__()
        self.addresses, self.ids, self.open = [], [], []

    def handle_starttag(self, tag, attributes):
        self.addresses += [v for k, v in attributes if k in ("href", "src", "xlink:href")]
        self.ids += [v for k, v in attributes if k == "id"]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_needs_no_network(text):
    reader = Reader()
    reader.feed(text)
    assert reader.open == []
    assert all(a.startswith(("#", "data:")) for a in reader.addresses), reader.addresses
    assert {a[1:] for a in reader.addresses if a.startswith("#")} <= set(reader.ids)
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)
    assert "<script" not in text


def test_names_of_students_are_shown_and_not_obeyed(text):
    assert "&lt;i&gt;mine&lt;/i&gt;" in text
    assert "<i>mine" not in text


def test_the_numbers_of_the_page_are_those_of_the_table(folder, text):
    """A separate few lines, from the CSV: IQM over editions of the mean over chapters of (last grade - newcomer)."""
    rows = pl.read_csv(folder / "marks.csv", infer_schema_length=None)
    rows = rows.filter((pl.col("student") == "model") & (pl.col("control") == "kept") & (pl.col("book") == "Bandits"))
    gains = rows.group_by("edition").agg(pl.col("reward").sum() / 6)["reward"].sort().to_numpy()
    by_hand = stats.trim_mean(gains, 0.25)
    figures = pl.read_csv(folder / "summary.csv").filter((pl.col("book") == "Bandits") & (pl.col("student") == "model"))
    assert figures["gain"][0] == pytest.approx(by_hand, abs=1e-6)
    assert f"{by_hand:+.3f}" in text
    benefit = figures["memory_benefit"][0]
    assert benefit == pytest.approx(0.6, abs=0.03)
    assert f"{benefit:+.3f}" in text


def test_it_says_in_words_who_remembers_and_what_is_missing(text):
    findings = re.search(r'<ul class="findings">(.*?)</ul>', text, re.S)[1]
    model, mine = findings.split("</li>")[:2]
    assert "rose above a newcomer in 2 of 2 books" in model
    assert "its memory is worth +0.6" in model
    assert "memory" not in mine
    missing = text[text.index('id="missing"') :]
    assert "no rows of the control &#39;cold&#39;" in missing
    assert "it needs train and test" in missing
    assert "&#39;wiped&#39;" not in missing


def test_every_colour_of_a_picture_has_one_for_dark(text):
    assert pages.LIGHT.keys() == pages.DARK.keys()
    for name, colour in pages.LIGHT.items():
        assert f"--{name}: {colour}" in text
        assert f"--{name}: {pages.DARK[name]}" in text
    drawings = re.findall(r"<svg.*?</svg>", text, re.S)
    assert len(drawings) >= 8
    assert not any(colour in d for d in drawings for colour in pages.LIGHT.values())
    assert not any(re.search(r"(fill|stroke): #(000000|ffffff)", d) for d in drawings)  # matplotlib's own ink


def luminance(colour):
    """Relative luminance as WCAG defines it."""
    c = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(c <= 0.03928, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]


@pytest.mark.parametrize("theme", [pages.LIGHT, pages.DARK], ids=["light", "dark"])
def test_text_and_lines_stand_out_from_the_paper(theme):
    for name, least in {
        "ink": 7,
        "muted": 4.5,
        **dict.fromkeys((*canvas.REFERENCE_COLOURS.values(), *canvas.OTHER_COLOURS), 3),
    }.items():
        high, low = sorted((luminance(theme[name]), luminance(theme["paper"])), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= least, name


def test_pictures_are_files_too(folder):
    names = {p.stem for p in (folder / "figures").iterdir()}
    assert names >= {"curves", "heat", "memory", "retention", "lags", "radar", "duct_tape", "profiles", "improvement"}
    for name in names:
        assert (folder / "figures" / f"{name}.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
        assert (folder / "figures" / f"{name}.pdf").read_bytes()[:5] == b"%PDF-"
    assert len(list((folder / "figures").iterdir())) == 2 * len(names)


def test_the_page_is_the_same_again(folder, text):
    assert page.compose([folder])[0] == text


def test_training_and_test_editions_make_one_report(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "draw", lambda data: [])
    folders = [put(tmp_path / s, table(noisy(m, 4), split=s), editions=4) for s, m in (("test", 0.5), ("train", 0.8))]
    assert "it is better in training editions than in new ones: +0.3" in page.compose(folders)[0]
    with pytest.raises(ValueError, match="give every study once"):
        page.compose([folders[0], folders[0]])


def test_students_keep_their_colours_and_others_get_their_own():
    found = canvas.colours(["a", "model", "b", "oracle"])
    assert found["model"] == pages.LIGHT["blue"]
    assert len(set(found.values())) == 4
    assert len(canvas.colours([str(k) for k in range(20)])) == 20


def test_abilities_are_means_over_the_books_that_need_them_by_their_worth():
    rows = pl.concat([table(0.9, b, student="s") for b in sorted(ASKED)])
    measured = gather(rows).measured["s"]["score"]
    found = pictures.by_ability(measured, sorted(ASKED))
    weights = {b: needs(b).get(Ability.ADAPTATION, 0.0) for b in sorted(ASKED)}
    assert sum(w > 0 for w in weights.values()) >= 2
    mean = sum(w * measured[b].value for b, w in weights.items()) / sum(weights.values())
    assert found["adaptation"] == pytest.approx(mean)


def test_a_single_student_in_a_single_book_is_enough(tmp_path):
    made = put(tmp_path / "one", table(0.5, student="alone"), editions=1)
    html = page.compose([made])[0]
    assert "alone" in html
    assert "<small>one run</small>" in html
    assert "nan" not in re.sub(r"data:[^\"]*", "", html)


@pytest.mark.parametrize(
    ("e", "printed"),
    [
        (Estimate(0.056, 0.0444, 0.0546), "0.04 to 0.05"),  # as it is: percentile intervals may leave out the figure
        (Estimate(0.054, 0.044, 0.0544), "0.04 to 0.06"),
        (Estimate(0.956, 0.9551, 0.99), "0.95 to 0.99"),
        (Estimate(0.5, 0.4, 0.6), "0.40 to 0.60"),
    ],
)
def test_figures_lie_in_their_printed_intervals(e, printed):
    area = next(m for m in METRICS if m.name == "area")
    assert f"<small>{printed}</small>" in page.table_cell((area, e), digits=2)


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "holds no marks.csv"), ("student,book\na,b\n", "lacks the column"), ("", "no table of marks")],
)
def test_what_is_no_study_is_refused_in_one_line(tmp_path, capsys, content, message):
    if content is not None:
        (tmp_path / "marks.csv").write_text(content)
    assert main(["report", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
