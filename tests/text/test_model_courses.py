"""What the language model replied is kept: played again, its courses come out as they stand in the table."""

import csv
import json
import pathlib

import pytest

from textbook_gym.registry import id_of
from textbook_gym.text import Desk

RESULTS = pathlib.Path(__file__).parents[2] / "benchmarks" / "results"
COURSES = [
    json.loads(line) for line in (RESULTS / "language_model" / "courses.jsonl").read_text(encoding="utf-8").splitlines()
]
MEMORIES = {"kept": "transcript", "wiped": "none", "notebook": "notebook"}


@pytest.mark.parametrize("course", COURSES, ids=lambda c: "-".join(str(c[k]) for k in ("edition", "memory", "answers")))
def test_a_course_played_again_comes_out_the_same(course):
    desk = Desk(id_of(course["book"], "Seminar"), memory=MEMORIES[course["memory"]], split="test")
    desk.open(edition=course["edition"])
    grades = {}
    for reply in course["replies"]:
        info = desk.reply(reply).info
        grades[info["chapter"]] = info["grade"]
    assert desk.done
    assert info["gain"] == pytest.approx(course["gain"], abs=1e-6)
    assert sum(grades.values()) / len(grades) == pytest.approx(course["grade"], abs=1e-6)
    for kind in ("empty", "truncated", "unknown"):
        assert info[f"invalid_{kind}"] == course[f"invalid_{kind}"]


def test_no_course_is_there_twice():
    keys = [tuple(c[k] for k in ("book", "edition", "memory", "answers")) for c in COURSES]
    assert len(set(keys)) == len(keys)


def test_the_table_is_of_these_courses():
    with (RESULTS / "language_model.csv").open(newline="", encoding="utf-8") as file:
        rows = {(r["book"], r["student"].partition(", ")[2]): r for r in csv.DictReader(file)}
    shown = [row for (_, answers), row in rows.items() if answers]
    assert shown
    for (book, answers), row in rows.items():
        if not answers or book == "all books":
            continue
        of_book = [c for c in COURSES if (c["book"], c["answers"], c["memory"]) == (book, answers, "kept")]
        gains = [c["gain"] for c in of_book if c["edition"] < int(row["editions"])]
        assert sum(gains) / len(gains) == pytest.approx(float(row["gain_kept"]), abs=1e-4)
