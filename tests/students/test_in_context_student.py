"""Students made of plain arrays."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from textbook_gym.registry import BUILT_IN, env_ids, find
from textbook_gym.students.in_context import IN_CONTEXT, InContext, weights_path
from textbook_gym.students.resolve import as_student
from textbook_gym.students.space_layouts import sizes_of
from textbook_gym.students.transformer import Transformer, token_width
from textbook_gym.students.weights_file import Header, load_arrays, save_arrays, world_digest
from textbook_gym.study.cache import student_digest
from textbook_gym.study.run import study
from textbook_gym.train.network import Network

BOOK = "Vocabulary"


def network(book=BOOK, seed=0):
    torch.manual_seed(seed)
    found = find(book)
    return Network(token_width(sizes_of(found)), len(found.actions), width=16, layers=2, heads=2)


def header(name=BOOK, **changed):
    book = find(name)
    told = {
        "student": IN_CONTEXT,
        "book": env_ids(name)[1],
        "world": world_digest(book),
        "architecture": {"heads": 2, "sharpness": 1.0, "sizes": list(sizes_of(book)), "permuted": False},
        "command": "textbook-gym train",
        "seed": 0,
        "curve": [],
    }
    return Header(**{**told, **changed})


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.npz"
    save_arrays(path, header(), network().arrays())
    return path


def test_numpy_plays_what_torch_computes():
    torch_network = network()
    tokens = np.random.default_rng(0).normal(size=(3, 150, token_width(sizes_of(find(BOOK))))).astype(np.float32)
    with torch.no_grad():
        whole = torch_network(torch.from_numpy(tokens)).numpy()
        rest = torch_network(torch.from_numpy(tokens[1:2, 70:])).numpy()
    player = Transformer(torch_network.arrays(), heads=2, lanes=3)
    played = []
    for t in range(tokens.shape[1]):
        if t == 70:
            player.forget(np.array([False, True, False]))
        played.append(player.step(tokens[:, t]))
    played = np.stack(played, axis=1)
    np.testing.assert_allclose(played[[0, 2]], whole[[0, 2]], atol=1e-5)
    np.testing.assert_allclose(played[1, :70], whole[1, :70], atol=1e-5)
    np.testing.assert_allclose(played[1:2, 70:], rest, atol=1e-5)  # what was wiped is as if it had never been
    assert np.abs(played[1, 70:] - whole[1, 70:]).max() > 1e-3


def test_a_file_keeps_header_and_arrays(file):
    told, arrays = load_arrays(file.read_bytes(), str(file))
    assert told == header()
    for name, array in network().arrays().items():
        np.testing.assert_allclose(arrays[name], array, rtol=1e-3, atol=1e-6)


def test_what_is_no_file_of_arrays_is_refused_in_one_line(file, tmp_path):
    hostile = tmp_path / "hostile.npz"
    np.savez(hostile, header=np.array([{"a": 1}], object), allow_pickle=True)
    short = tmp_path / "short.npz"
    short.write_bytes(file.read_bytes()[:200])
    future = tmp_path / "future.npz"
    save_arrays(future, header(format=99), {})
    for path in (hostile, short, future):
        with pytest.raises(ValueError, match=r"is no file of arrays \(.*\); train it anew") as caught:
            as_student(str(path))
        assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="there is no such file"):
        as_student(str(tmp_path / "none.npz"))


@pytest.mark.parametrize("changed", [{"world": "0" * 16}, {"book": "textbook/VocabularyCourse-v99"}, {"book": "x"}])
def test_arrays_of_another_book_are_refused_with_the_command_that_trains_it(tmp_path, changed):
    path = tmp_path / "mine.npz"
    save_arrays(path, header(**changed), network().arrays())
    with pytest.raises(ValueError, match=f"train it: textbook-gym train --book {BOOK} --algo in-context") as caught:
        study([str(path)], [BOOK], editions=1)
    assert "\n" not in str(caught.value)


def test_a_world_is_told_by_how_it_plays():
    digests = [world_digest(find(book)) for book in ("Vocabulary", "Concepts", "Vocabulary")]
    assert digests[0] == digests[2] != digests[1]


def test_what_it_does_follows_from_its_seed(file):
    def marks(seed):
        return study([str(file)], [BOOK], course="short", editions=3, seed=seed)["mark"].to_list()

    assert marks(1) == marks(1) != marks(2)


def test_a_wiped_student_reads_and_answers_as_a_fresh_one(monkeypatch):
    """Neither the page before nor the last action is left, and the past of other lanes stays."""
    read = []

    def step(network, tokens, plain=Transformer.step):
        logits = plain(network, tokens)
        read.append((tokens.copy(), logits.copy()))
        return logits

    monkeypatch.setattr(Transformer, "step", step)
    obs = np.random.default_rng(0).normal(size=(5, 2, find(BOOK).width)).astype(np.float32)
    told = {"exercise_done": np.zeros(2, bool), "mark": np.zeros(2)}
    student = InContext(lambda book: (header(), network().arrays()))
    student.begin(find(BOOK), 2, 0)
    for seen in obs[:4]:
        student.act(seen, told)
    student.wipe(np.array([True, False]))
    student.act(obs[4], told)
    student.begin(find(BOOK), 2, 0)
    student.act(obs[4], told)
    (tokens, logits), (fresh_tokens, fresh_logits) = read[-2:]
    np.testing.assert_array_equal(tokens[0], fresh_tokens[0])
    np.testing.assert_allclose(logits[0], fresh_logits[0], atol=1e-6)
    assert (tokens[1] != fresh_tokens[1]).any()
    assert not np.allclose(logits[1], fresh_logits[1], atol=1e-3)


def test_a_study_walks_it_anew_when_its_arrays_have_changed(file):
    before = student_digest(str(file))
    save_arrays(file, header(), network(seed=1).arrays())
    assert before != student_digest(str(file)) != ""


def test_it_plays_without_torch(file):
    code = f"""
import sys
from textbook_gym.students.resolve import as_student
from textbook_gym.study.controls import walk_under
walk_under("wiped", as_student({str(file)!r}), {find(BOOK).path!r}, range(2), course="short")
assert not {{"torch", "stable_baselines3", "polars"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


SHIPPED = sorted(weights_path(IN_CONTEXT, "any").parent.glob("*.npz"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_ships_fits_its_book(path):
    """A book that has changed needs another training: python benchmarks/in_context.py."""
    assert path.stem in BUILT_IN
    InContext().begin(find(path.stem), 1, 0)
