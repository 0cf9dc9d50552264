"""Training of the student that learns in context."""

import importlib.resources

import numpy as np
import pytest
import yaml

from textbook_gym.engine.labels import NO_LABEL, Label
from textbook_gym.registry import BUILT_IN, find, id_of, short_id
from textbook_gym.students.resolve import as_student
from textbook_gym.students.space_layouts import sizes_of
from textbook_gym.students.trajectories import Recorder, ReferenceAgent
from textbook_gym.students.transformer import token_width
from textbook_gym.students.weights_file import load_arrays, save_arrays
from textbook_gym.study.run import study
from textbook_gym.train.dataset import Lot, draw_windows
from textbook_gym.train.evaluation import examine, scores
from textbook_gym.train.in_context import Training, arrays_path, checkpoint_of, preset, train

COURSE = short_id("Vocabulary")
SMALL = {"courses": 8, "layers": 1, "width": 16, "heads": 2, "batch": 512}


def small(out, **changed):
    return train(COURSE, **{"out": out, "steps": 20_000, "settings": SMALL, "evaluations": 1, **changed})


def test_a_resumed_training_is_the_one_that_was_not_cut(tmp_path):
    whole = small(tmp_path / "whole")

    def cut(done, total, latest):
        if done > total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        small(tmp_path / "cut", progress=cut)
    assert not arrays_path(tmp_path / "cut").exists()
    resumed = train(COURSE, out=tmp_path / "cut", resume=True, evaluations=1)
    for name, array in whole.network.arrays().items():
        np.testing.assert_array_equal(array, resumed.network.arrays()[name])
    assert resumed.lots == whole.lots > 1


def test_what_it_writes_is_a_student(tmp_path):
    training = small(tmp_path / "mine")
    header = training.header()
    assert header.command.startswith("textbook-gym train --book Vocabulary --short --algo in-context --seed 0 --steps")
    assert [row["steps"] for row in header.curve] == [training.done]
    student = as_student(str(tmp_path / "mine.npz"))
    marks = study([student], ["Vocabulary"], course="short", editions=2)
    assert set(marks["control"]) == {"kept", "wiped"}


def test_nothing_is_overwritten_and_nothing_resumed_as_another(tmp_path):
    small(tmp_path / "mine")
    with pytest.raises(ValueError, match="is not overwritten"):
        small(tmp_path / "mine")
    with pytest.raises(ValueError, match="width=16, not 32"):
        train(COURSE, out=tmp_path / "mine", settings={"width": 32}, resume=True)
    with pytest.raises(ValueError, match="nothing to resume"):
        train(COURSE, out=tmp_path / "none", resume=True)
    with pytest.raises(ValueError, match="is no checkpoint"):
        Training.load(arrays_path(tmp_path / "mine"))
    assert Training.load(checkpoint_of(arrays_path(tmp_path / "mine"))).share >= 1.0


def test_a_training_can_be_made_longer(tmp_path):
    small(tmp_path / "mine")
    longer = train(COURSE, out=tmp_path / "mine", resume=True, steps=30_000, evaluations=1)
    assert 30_000 <= longer.done < 40_000
    assert "--steps 30000" in longer.header().command


def test_every_plan_is_of_a_course_that_there_is():
    table = importlib.resources.files("textbook_gym.train").joinpath("hyperparams/in-context.yml")
    rows = yaml.safe_load(table.read_text(encoding="utf-8"))
    ids = {
        id_of(name, kind).rpartition("-v")[0]: id_of(name, kind) for name in BUILT_IN for kind in ("Course", "Short")
    }
    assert set(rows) <= {"default", *ids}
    for key in set(rows) - {"default"}:
        assert preset(ids[key]) != preset(COURSE)


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"widht": 8}, "width"), ({"label": "teacher"}, "model"), ({"rate": -1}, "above 0"), ({"heads": 5}, "multiple")],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(ValueError, match=message):
        preset(COURSE, **settings)


def test_an_exercise_is_no_course(tmp_path):
    with pytest.raises(ValueError, match="textbook/VocabularyCourse-v"):
        train("textbook/Vocabulary-v0", out=tmp_path / "mine")


def test_windows_are_pieces_of_histories_as_a_wiped_memory_would_see_them():
    book = find("Vocabulary")
    told = Recorder(ReferenceAgent("model")).walk(book, range(4), course="short")
    rng = np.random.default_rng(0)
    tokens, labels = draw_windows([Lot(book, told)], Label.MODEL, 32, 40, rng, sizes_of(book), False)
    assert tokens.shape == (32, 40, token_width(sizes_of(book)))
    width, actions = book.width, slice(2 * book.width, 2 * book.width + len(book.actions))
    first = {row.tobytes() for row in told.observation[told.first]}
    for window, wanted in zip(tokens.numpy(), labels.numpy(), strict=True):
        assert window[0, :width].tobytes() in first
        assert not window[0, width : 2 * width].any()
        assert not window[0, actions].any()
        np.testing.assert_array_equal(window[1:, width : 2 * width], window[:-1, :width])
        open_steps = window[:-1, -2] == 0
        np.testing.assert_array_equal(  # the model student did what its label says
            window[1:, actions].argmax(axis=1)[open_steps], wanted[:-1][open_steps]
        )
        np.testing.assert_array_equal(wanted == NO_LABEL, window[:, -2] == 1)


def test_one_network_of_the_library_walks_books_that_it_was_not_trained_on(tmp_path):
    """But of those that it was trained on only as they were then."""
    others = [name for name in BUILT_IN if name not in ("Vocabulary", "Ballistics")]
    settings = {**SMALL, "held_out": " ".join(others)}
    training = train(id_of("Library", "Course"), out=tmp_path / "mine", steps=5_000, settings=settings, evaluations=1)
    assert [book.name for book in training.books] == ["Ballistics", "Vocabulary"]
    assert f"--set 'held_out={' '.join(others)}'" in training.header().command
    marks = study([str(tmp_path / "mine.npz")], ["Vocabulary", "Bandits"], course="short", editions=2)
    assert set(marks["book"]) == {"Vocabulary", "Bandits"}
    header, arrays = load_arrays((tmp_path / "mine.npz").read_bytes(), "mine")
    older = header.world.replace("Vocabulary:", "Vocabulary:0")
    save_arrays(tmp_path / "older.npz", header._replace(world=older), arrays)
    study([str(tmp_path / "older.npz")], ["Bandits"], course="short", editions=1)
    with pytest.raises(ValueError, match="train it: textbook-gym train --book Library"):
        study([str(tmp_path / "older.npz")], ["Vocabulary"], course="short", editions=1)


@pytest.mark.slow
def test_it_learns_to_learn(tmp_path):
    train(COURSE, out=tmp_path / "mine", steps=1_500_000, settings={"layers": 2}, evaluations=0)
    found = scores(examine(as_student(str(tmp_path / "mine.npz")), COURSE, editions=64))
    assert found["mark_last_third"] > 0.7
    assert found["memory_benefit"] > 0.3
