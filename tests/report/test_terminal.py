"""Tables in a terminal of 80 columns: no figure and no short name is broken."""

import io

import polars as pl
import pytest
from helpers.tables import noisy, table
from rich.console import Console

from textbook_gym.metrics.reply_stats import speech
from textbook_gym.metrics.summary import summary
from textbook_gym.report.comparison import terminal_tables
from textbook_gym.report.summary_tables import rounded_count, speech_tables, terminal_table
from textbook_gym.study.compare import Study, compare

STUDENTS = ("scripted", "SmolLM2-135M-Instruct", "Qwen/Qwen2.5-72B-Instruct-GPTQ-Int4 [b]")
SPOKEN = {"calls": 900, "empty": 900, "truncated": 0, "unknown": 0, "prompt_tokens": 9_876_543}
SPOKEN |= {"completion_tokens": 1_234_567, "cost": 123.45}


@pytest.fixture(scope="module")
def marks():
    """A study of three students that talk, of the longest names of books and controls, one and many runs."""
    parts = []
    for book, editions in (("Maintenance", 4), ("Ballistics", 1)):
        for student in STUDENTS:
            for control, mark in (("kept", 0.9), ("wiped", 0.2), ("from-model", 0.5)):
                rows = table(noisy(mark, editions, book), book, student=student, control=control, visible=0.5)
                parts.append(rows.with_columns(pl.lit(value).alias(name) for name, value in SPOKEN.items()))
    return pl.concat(parts)


def printed(*tables):
    """The lines of tables in 80 columns."""
    console = Console(width=80, file=io.StringIO(), highlight=False, markup=False)
    for each in tables:
        console.print(each)
    return console.file.getvalue().splitlines()


def test_what_was_said_fits(marks):
    said = speech(marks)
    lines = printed(*speech_tables(said))
    text = " ".join(" ".join(lines).split())
    for student in STUDENTS:
        assert f"What was said by {student}, and what it took" in text
    for row in said.iter_rows(named=True):
        figures = [f"{row['calls']:,}", *(rounded_count(row[name]) for name in ("prompt_tokens", "completion_tokens"))]
        wanted = [row["book"], row["control"], str(row["courses"]), *figures, f"{row['cost']:.2f}"]
        assert any(set(wanted) <= set(line.split()) for line in lines), wanted


def test_how_much_they_learned_fits(marks):
    figures = summary(marks)
    lines = printed(terminal_table(figures))
    assert all("…" not in line for line in lines)
    for row in figures.iter_rows(named=True):
        short = [row["student"]] if len(row["student"]) <= 14 else []
        gain = f"{row['gain']:+.3f}"
        half = [f"±{(row['gain_high'] - row['gain_low']) / 2:.3f}"] if row["gain_low"] is not None else []
        assert any({*short, gain, *half} <= set(line.split()) for line in lines), row
    assert any(line.startswith(" Maintenance ") for line in lines)


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0"), (99_999, "99,999"), (100_000, "100k"), (999_499, "999k"), (999_500, "1.00M"), (12_345_678, "12.3M"),
     (1_896_296_256, "1.90G"), (10**15, "1.00P")],
)  # fmt: skip
def test_counts_are_short(number, said):
    assert rounded_count(number) == said


def test_a_comparison_fits(marks):
    """Figures of any sign stand in one line, whatever studies are called."""
    rows = marks.filter((pl.col("student") == "scripted") & (pl.col("book") == "Maintenance"))
    [shown] = terminal_tables(compare([Study("a study of many words", rows, {}), Study("b", rows, {})]))
    figures = [line.split() for line in printed(shown) if " within noise " in line]
    assert len(figures) > 5
    for *_, first, second, difference, low, high, within, noise in figures:
        assert (first, difference, f"{low} {high}") == (second, "+0.000", "[+0.000, +0.000]")
        assert (within, noise) == ("within", "noise")
