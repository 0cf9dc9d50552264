"""Recall: the past situations most like the present one, and what came of what was done there."""

from collections.abc import Mapping

import numpy as np

from textbook_gym.authoring.book import Book
from textbook_gym.authoring.observation import HEADER
from textbook_gym.engine.jit import compiled
from textbook_gym.errors import one_of, whole
from textbook_gym.memory.base import Memory
from textbook_gym.memory.features import FeatureNames, count_features, feature_bounds, program, read_channels
from textbook_gym.memory.interface import Step
from textbook_gym.memory.recall_loops import LANES_A_BLOCK, recall_augment, recall_learn
from textbook_gym.memory.saving import check_each, check_range


class Recall(Memory):
    """The past steps that are most like the present: for each, how like it is, what was done and what came of it.

    Added to the observation, nearest first, the later first of equals: exp(- distance), the action (one of A) and the
    outcomes; zeros where nothing is recalled. The distance is Euclidean, over the channels of `situation`, each in
    units of its range.

    Args:
        k: steps that are recalled.
        n: steps that are kept; the oldest makes room.
        situation: channels (see `features`) that are compared; None for all of the observation but the header.
        outcome: channels of what came of it; None for those of the book's ledger and the reward.
        silent: "skip" steps whose outcomes are all 0, or "count" them.
        keep: when it is wiped.

    Raises:
        ValueError: when it is made or bound: a setting is not known, or does not fit.

    Example:
        >>> import gymnasium as gym
        >>> from textbook_gym.remember import Remember
        >>> env = Remember(gym.make("textbook/Bandits-v1"), "recall", k=2, situation=["cue"], outcome=["payoff"])
        >>> env.observation_space.shape[0] - env.env.observation_space.shape[0]  # likeness, six actions, payoff, twice
        16
    """

    name = "recall"

    def __init__(
        self,
        k: int = 4,
        n: int = 64,
        situation: FeatureNames | None = None,
        outcome: FeatureNames | None = None,
        silent: str = "skip",
        keep: str = "edition",
    ) -> None:
        self.n = whole("n", n, 1)
        self.k = whole("k", k, 1, self.n, ", so that 1 <= k <= n")
        self.situation, self.outcome, self.silent = situation, outcome, one_of("silent", silent, ["skip", "count"])
        super().__init__(keep, k=self.k, n=self.n, situation=situation, outcome=outcome, silent=silent)

    def _open(self) -> tuple[np.ndarray, np.ndarray]:
        outcome = self.outcome
        if outcome is None:
            table = self.book.ledger[0] if isinstance(self.book, Book) and self.book.ledger else {}
            outcome = [*table.get("outcome", ()), *table.get("shared", ()), "reward"]
        names = self.situation
        if names is None:
            names = list(range(self.width - (sum(s.size for s in HEADER) if self.book is not None else 0)))
        asked = read_channels(names, self.width, self.n_actions, self.book)
        answers = read_channels(outcome, self.width, self.n_actions, self.book)
        low, high = feature_bounds(asked, self.env_observation_space)
        spread = np.where(np.isfinite(high - low) & (high > low), high - low, 1.0)
        self._scale = (1.0 / spread).astype(np.float32)
        self._written = program([*asked, *answers], [True] * len(asked) + [False] * len(answers))
        self._asked = program(asked)
        self._features = np.zeros(LANES_A_BLOCK * (count_features(asked) + count_features(answers) + 1), np.float32)
        self._stored = (
            self._array("spots", (count_features(asked), self.n)),
            self._array("sizes", (self.n,), np.float64),
            self._array("deeds", (self.n,), np.int32),  # 1 + action, 0 for a free place
            self._array("ends", (self.n, count_features(answers))),
            self._array("entered", (), np.int64),
        )
        low, high = feature_bounds(answers, self.env_observation_space)
        low = np.concatenate([np.zeros(1 + self.n_actions), np.minimum(low, 0.0)])
        high = np.concatenate([np.ones(1 + self.n_actions), np.maximum(high, 0.0)])
        return np.tile(low, self.k), np.tile(high, self.k)

    def _learn(self, lanes: np.ndarray, step: Step, done: np.ndarray) -> None:
        compiled(recall_learn)(
            lanes, step, self._written, self.n_actions, self.silent == "skip", self._scale, self._stored, self._features
        )

    def _check(self, arrays: Mapping[str, np.ndarray]) -> None:
        entered, deeds, held = arrays["entered"], arrays["deeds"], np.arange(self.n)
        check_range("entered", entered, 0, 2**62)
        least = (held < entered[:, None]).astype(np.int32)  # a place that was entered into holds an action
        check_each("deeds", deeds, (deeds >= least) & (deeds <= self.n_actions), "1 + an action is needed")

    def _augment(self, observations: np.ndarray, lanes: np.ndarray, out: np.ndarray) -> None:
        compiled(recall_augment)(
            lanes,
            observations,
            self._asked,
            self.n_actions,
            self.k,
            self._scale,
            self._stored,
            self._features,
            out,
        )
