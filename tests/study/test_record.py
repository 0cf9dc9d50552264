"""Courses as data sets."""

import gymnasium
import minari
import numpy as np
import polars as pl
import pytest

import textbook_gym  # noqa: F401  # registers the environments
from textbook_gym.registry import find, short_id
from textbook_gym.students.trajectories import Recorder, ReferenceAgent
from textbook_gym.study.record import minari_root, record

COURSES = 3


def replayed(env_id, edition, actions):
    """What an environment shows and pays for these actions."""
    env = gymnasium.make(env_id, split="train")
    seen, info = env.reset(options={"edition": edition})
    steps = [(seen, 0.0, info["mark"], info["chapter"])]
    for action in actions:
        seen, reward, terminated, _, info = env.step(action)
        steps.append((seen, reward, info["mark"], info["chapter"]))
    assert terminated
    return [np.array(column) for column in zip(*steps, strict=True)]


@pytest.mark.parametrize("student", ["model", "random"])
def test_minari_reads_what_the_environment_shows(tmp_path, student):
    path = record("Vocabulary", student, courses=COURSES, out=tmp_path, course="short", label="oracle", pages=True)
    assert path.is_dir()
    with minari_root(tmp_path):
        data = minari.load_dataset(f"textbook/Vocabulary/{student}-v0")
        env_id = data.spec.env_spec.id
        assert env_id == short_id("Vocabulary")
        assert data.total_episodes == COURSES
        for edition, episode in enumerate(data.iterate_episodes()):
            seen, reward, mark, chapter = replayed(env_id, edition, episode.actions)
            np.testing.assert_array_equal(episode.observations, seen)
            np.testing.assert_array_equal(episode.rewards, reward[1:])
            np.testing.assert_array_equal(episode.infos["mark"], mark)
            np.testing.assert_array_equal(episode.infos["chapter"], chapter)
            assert episode.terminations.tolist() == [False] * (len(reward) - 2) + [True]
            assert b"Lesson 1" in episode.infos["page"][0]
            assert (episode.infos["label"] >= 0).sum() == 120


def test_parquet_holds_the_same(tmp_path):
    path = record("Vocabulary", "model", courses=COURSES, out=tmp_path, course="short", label="model", format="parquet")
    table = pl.read_parquet(path)
    assert table["edition"].unique().to_list() == list(range(COURSES))
    for (edition,), rows in table.group_by("edition"):
        seen, reward, mark, _ = replayed(short_id("Vocabulary"), edition, rows["action"].to_list()[:-1])
        np.testing.assert_array_equal(rows["observation"].to_numpy(), seen)
        np.testing.assert_array_equal(rows["reward"].to_numpy(), [*reward[1:], 0.0])
        np.testing.assert_array_equal(rows["mark"].to_numpy(), mark)
        followed = rows["label"].to_numpy() >= 0
        np.testing.assert_array_equal(rows["label"].to_numpy()[followed], rows["action"].to_numpy()[followed])
    assert pl.read_parquet_metadata(path)["student"] == "model"


def test_courses_do_not_depend_on_who_walks_beside():
    together, alone = (
        Recorder(ReferenceAgent("model")).walk(find("Navigation"), editions, course="short")
        for editions in (range(4), range(2, 3))
    )
    n = alone.length[0]
    assert together.length[2] == n
    np.testing.assert_array_equal(together.observation[2, :n], alone.observation[0, :n])


@pytest.mark.parametrize("format", ["minari", "parquet"])
def test_nothing_is_overwritten(tmp_path, format):
    asked = {"courses": 1, "out": tmp_path, "course": "short", "format": format}
    record("Vocabulary", "model", **asked)
    with pytest.raises(ValueError, match="is there and is not overwritten"):
        record("Vocabulary", "model", **asked)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"format": "hdf6"}, "hdf6"),
        ({"label": "random"}, "label"),
        ({"split": "trian"}, "train"),
        ({"course": "shrt"}, "short"),
        ({"courses": 0}, "courses"),
        ({"student": "modle"}, "model"),
    ],
)
def test_what_is_not_known_is_refused_before_anything_is_written(tmp_path, wrong, message):
    with pytest.raises(ValueError, match=message):
        record(**{"book": "Vocabulary", "student": "model", "out": tmp_path / "out", "course": "short", **wrong})
    assert not (tmp_path / "out").exists()
