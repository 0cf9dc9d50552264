"""What the student `in-context` is trained on: courses that mixtures of students have walked, and windows of them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch

from textbook_gym.authoring.book import Book
from textbook_gym.engine.labels import NO_LABEL, Label
from textbook_gym.students.in_context import InContext
from textbook_gym.students.space_layouts import Layout, Sizes
from textbook_gym.students.trajectories import Histories
from textbook_gym.students.transformer import token_width, write_tokens

FROM_START = 0.25  # share of windows that begin with the course
SLIPS = 0.3  # most steps that go wrong where the model student walks


class Mixture:
    """Who walks the courses that are trained on: each one of the student, the model student, or oracle and chance.

    Args:
        agent: the student in training.
        own: share of courses that it walks.
        seed: of the mixture.
    """

    name = "mixture"

    def __init__(self, agent: InContext, own: float, seed: int) -> None:
        self.agent, self.own, self.seed = agent, own, seed
        self.labels = np.zeros((0, len(Label)), np.int64)  # set by the recorder before each step

    def begin(self, book: Book, lanes: int, seed: int) -> None:
        """Draw who walks in which lane."""
        self._rng = np.random.default_rng([self.seed, 1])
        kind = self._rng.random(lanes)
        self._mine = kind < self.own
        self._models = kind > (1.0 + self.own) / 2
        self._slips = SLIPS * self._rng.random(lanes) * (self._rng.random(lanes) < 0.5)
        self._share = self._rng.random(lanes)  # of the oracle, where it takes turns with chance
        self._actions = len(book.actions)
        self.agent.begin(book, lanes, seed)

    def act(self, observations: np.ndarray, info: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return one action a lane, and let the student know what is done in its place."""
        n = len(observations)
        chance = self._rng.integers(0, self._actions, n)
        slips, share = self._rng.random((2, n))
        by_model = np.where(slips < self._slips, chance, self.labels[:, Label.MODEL])
        by_oracle = np.where(share < self._share, self.labels[:, Label.ORACLE], chance)
        actions = np.maximum(np.where(self._models, by_model, by_oracle), 0)
        if self.own:
            actions = np.where(self._mine, self.agent.act(observations, info), actions)
            self.agent.did(actions)
        return actions

    def wipe(self, mask: np.ndarray) -> None:
        """Wipe the student."""
        self.agent.wipe(mask)


class Lot(NamedTuple):
    """Courses of one book."""

    book: Book
    histories: Histories


def draw_windows(
    lots: Sequence[Lot], label: Label, count: int, steps: int, rng: np.random.Generator, sizes: Sizes, permuted: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return windows of courses: tokens, (count, steps, width of a token), and labels, (count, steps).

    A window begins at an exercise with nothing remembered, and is padded where the course ends before it.

    Args:
        lots: what windows are drawn from.
        label: whose action is the label.
        count: how many windows.
        steps: of each.
        rng: what they are drawn with.
        sizes: of the network.
        permuted: whether each has a layout of its own, as in the library.
    """
    obs, before = np.zeros((2, count, steps, sizes.width), np.float32)
    action, labels = np.full((2, count, steps), NO_LABEL)
    done, mark = np.zeros((count, steps), np.bool_), np.zeros((count, steps))
    begins = [lot.histories.first for lot in lots]
    for k, j in enumerate(rng.integers(0, len(lots), count)):
        book, histories = lots[j]
        i = int(rng.integers(len(histories.length)))
        length = histories.length[i]
        starts = np.flatnonzero(begins[j][i, : max(length - steps, 0) + 1])  # from which a window is filled
        start = 0 if rng.random() < FROM_START else int(rng.choice(starts))
        here = slice(start, min(start + steps, length))
        n = here.stop - start
        layout = Layout(book, 1, sizes, rng if permuted else None)
        obs[k][:n, layout.places[0]] = histories.observation[i, here]
        before[k, 1:n] = obs[k, : n - 1]
        buttons = np.append(layout.buttons[0], NO_LABEL)  # NO_LABEL is the last one's place
        action[k, 1:n] = buttons[histories.action[i, here][:-1]]
        done[k, :n], mark[k, :n] = histories.exercise_done[i, here], histories.mark[i, here]
        labels[k, :n] = buttons[histories.label[i, here, label]]
    tokens = np.empty((count, steps, token_width(sizes)), np.float32)
    write_tokens(tokens, obs, before, action, done, mark)
    return torch.from_numpy(tokens), torch.from_numpy(labels)
