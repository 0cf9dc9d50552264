"""Where a network of many books sees signals, and what its buttons do."""

import numpy as np
import pytest

from textbook_gym.authoring.observation import HEADER
from textbook_gym.engine.labels import NO_LABEL
from textbook_gym.registry import BUILT_IN, find
from textbook_gym.students.space_layouts import Layout, Sizes, library_sizes, sizes_of


@pytest.mark.parametrize("name", ["Bandits", "Theorems", "Alchemy"])
@pytest.mark.parametrize("permuted", [False, True])
def test_nothing_is_lost_and_every_action_has_its_button(name, permuted):
    book, rng = find(name), np.random.default_rng(0)
    layout = Layout(book, 6, library_sizes(), rng if permuted else None)
    seen = rng.normal(size=(6, book.width)).astype(np.float32)
    read = layout.spread(seen)
    np.testing.assert_array_equal(np.take_along_axis(read, layout.places, axis=1), seen)
    assert (read != 0).sum() == seen.size
    assert (layout.known.sum(axis=1) == len(book.actions)).all()
    for action in range(len(book.actions)):
        every = np.full(6, action)
        np.testing.assert_array_equal(layout.action_of(layout.button_of(every)), every)
    np.testing.assert_array_equal(layout.button_of(np.full(6, NO_LABEL)), NO_LABEL)
    if permuted:
        np.testing.assert_array_equal(read[:, -len(HEADER) :], seen[:, -len(HEADER) :])
        assert len(np.unique(layout.places, axis=0)) == len(np.unique(layout.actions, axis=0)) == 6


def test_a_network_of_one_book_sees_it_as_it_is():
    book = find("Vocabulary")
    seen = np.random.default_rng(0).normal(size=(2, book.width)).astype(np.float32)
    np.testing.assert_array_equal(Layout(book, 2, sizes_of(book)).spread(seen), seen)


def test_the_library_is_as_large_as_its_largest_books():
    every = [sizes_of(find(name)) for name in BUILT_IN]
    assert library_sizes() == Sizes(max(s.width for s in every), max(s.buttons for s in every))
