"""Rows of JSON: the same row is the same world, and what is no row is refused in one line."""

import json
import pickle

import pytest
from helpers.scripted import KEYWORDS, OTHER, ROW, SEEDED, course

from textbook_gym.adapters import desk_of, figures, said, task, tasks
from textbook_gym.adapters.rows import TASK_FIELDS, read_row
from textbook_gym.text import Desk

BANDITS = "textbook/Bandits-v1"


@pytest.mark.parametrize("row", [ROW, SEEDED, {**ROW, "chapter": 3}], ids=["edition", "seed", "chapter"])
def test_the_same_row_is_the_same_world_in_any_form(row):
    for same in (
        dict(row),
        json.dumps(row),
        json.loads(json.dumps(row)),
        pickle.loads(pickle.dumps(row)),
        read_row(row),
    ):
        assert course(same) == course(row)


def test_another_edition_seed_or_split_is_another_world():
    rows = [ROW, OTHER, SEEDED, {**SEEDED, "seed": 8}, {**ROW, "split": "train"}]
    walked = [course(row) for row in rows]
    assert all(walked[i] != walked[k] for i in range(len(rows)) for k in range(i))


def test_a_row_opens_what_a_desk_opens():
    desk = Desk(BANDITS, split="test", memory="notebook", **KEYWORDS)
    first = desk.open(edition=3, chapter="new seasons")
    row = task(BANDITS, "test", edition=3, chapter="new seasons", memory="notebook", **KEYWORDS)
    assert desk_of(row).context == first
    desk.open(seed=5)
    assert course(task(BANDITS, "test", seed=5, memory="notebook", **KEYWORDS)) == course(None, desk=desk)


def test_tasks_are_one_row_an_edition_and_json():
    rows = tasks(BANDITS, "test", 3, chapter=3, chapters=(1, 3), memory="none")
    assert [row["edition"] for row in rows] == [0, 1, 2]
    assert tasks(BANDITS, "test", [2], chapter=3, chapters=[1, 3], memory="none") == rows[2:]
    assert json.loads(json.dumps(rows)) == rows
    assert all(tuple(row) == TASK_FIELDS for row in rows)
    assert {row["id"] for row in tasks("textbook/Library-v0", "train", 2)} == {"textbook/Library-v0"}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{", "is no JSON"),
        ("[]", "has no id"),
        ({"edition": 7}, "has no id"),
        ({"id": "textbook/Bandit-v1", "edition": 7}, "did you mean 'textbook/Bandits-v1'"),
        ({"id": "CartPole-v1", "edition": 7}, "is not known"),
        ({**ROW, "editions": 7}, r"no field 'editions' \(did you mean 'edition'\?\)"),
        ({**ROW, "seed": 7}, "give one of them"),
        ({"id": BANDITS}, "give one of them"),
        ({**ROW, "edition": -1}, "edition=-1"),
        ({**ROW, "edition": 1.5}, "edition=1.5"),
        ({**ROW, "keywords": [1]}, "give a mapping"),
        ({**ROW, "keywords": {"split": "train"}}, "it is a field of the row"),
        ({**ROW, "keywords": {"episode": "exercise"}}, "a task is a whole course"),
        ({**ROW, "keywords": {"memory": "nones"}}, "did you mean 'none'"),
        ({**ROW, "split": "tset"}, "did you mean 'test'"),
        ({**ROW, "chapter": 99}, "99"),
    ],
)
def test_what_is_no_task_is_refused_in_one_line(row, message):
    with pytest.raises(ValueError, match=message) as caught:
        desk_of(row)
    assert "\n" not in str(caught.value)


def test_what_is_no_json_is_refused_where_rows_are_made():
    with pytest.raises(TypeError, match="a task is a row of JSON"):
        task(BANDITS, edition=1, chapters={1, 2})
    with pytest.raises(ValueError, match="editions=0"):
        tasks(BANDITS, "train", 0)


def test_figures_are_those_of_the_course():
    desk = desk_of(ROW)
    desk.reply("hm")
    _, rewards = course(ROW, 5, desk)
    assert figures(desk)["total"] == pytest.approx(desk.total)
    assert figures(desk)["replies"] == 6
    assert figures(desk)["invalid_unknown"] == 1
    assert figures(desk)["gain"] == pytest.approx(desk.total / 2)  # the mean over two chapters
    assert sum(rewards) == pytest.approx(desk.total)


def test_what_is_said_leaves_the_system_message_out():
    desk = desk_of(ROW)
    assert said(desk.context) == desk.context[1]["content"]
    assert said(desk.reply("hm").messages).startswith("Your reply names no action")
