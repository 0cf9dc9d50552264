"""What a student in training is worth: courses on editions that it is not trained on, memory kept and wiped."""

import pathlib
import time
from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
from stable_baselines3.common.callbacks import BaseCallback

from textbook_gym.engine.lanes import Lanes
from textbook_gym.engine.loops import Wipe
from textbook_gym.students.base import Agent
from textbook_gym.students.rollout import walk
from textbook_gym.students.with_memory import as_worn
from textbook_gym.train.checkpoint import save_checkpoint
from textbook_gym.train.progress import ProgressListener

WATCHED_EDITIONS = 64  # editions walked at every evaluation
EVALUATIONS = 10  # of a run, besides the first


# --- evaluation ----------------------------------------------------------------------------


def examine(
    agent: Agent, env_id: str, *, editions: int = WATCHED_EDITIONS, first: int = 0, split: str = "test", seed: int = 0
) -> dict[str, np.ndarray]:
    """Let a student walk editions of an environment's course with its memory kept and wiped at every exercise.

    Args:
        agent: who walks.
        env_id: its book, chapters and exercises.
        editions: how many.
        first: number of the first; the others follow.
        split: of which.
        seed: of the student's choices.

    Returns:
        "kept" and "wiped": records of `engine.loops.ROWS`, (editions, exercises).

    Example:
        >>> from textbook_gym.students.base import REFERENCES
        >>> rows = examine(REFERENCES["model"], "textbook/BanditsCourse-v1", editions=4)
        >>> bool(rows["kept"]["mark"].mean() > rows["wiped"]["mark"].mean())
        True
    """
    keywords = gymnasium.spec(env_id).kwargs
    chosen = {k: keywords[k] for k in ("course", "chapters", "exercises") if k in keywords}
    rows = {}
    for name, wipe in (("kept", Wipe.NEVER), ("wiped", Wipe.EXERCISE)):
        lanes = Lanes(keywords["book"], editions, episode="book", split=split, **chosen)
        rows[name] = walk(agent, lanes, list(range(first, first + editions)), wipe, seed)
    return rows


def in_first_third(rows: np.ndarray) -> np.ndarray:
    """Return which exercises are in the first third of their chapter, bool (exercises,).

    Example:
        >>> rows = np.zeros((1, 6), [("chapter", int), ("exercise", int)])
        >>> rows["chapter"], rows["exercise"] = 1, range(1, 7)
        >>> in_first_third(rows).tolist()
        [True, True, False, False, False, False]
    """
    chapters, numbers = rows["chapter"][0], rows["exercise"][0]
    longest = np.array([numbers[chapters == c].max() for c in chapters])
    first: np.ndarray = numbers <= np.maximum(longest // 3, 1)
    return first


def in_last_third(rows: np.ndarray) -> np.ndarray:
    """Return which exercises are in the last third of their chapter, bool (exercises,).

    Example:
        >>> rows = np.zeros((1, 6), [("chapter", int), ("exercise", int)])
        >>> rows["chapter"], rows["exercise"] = 1, range(1, 7)
        >>> in_last_third(rows).tolist()
        [False, False, False, False, True, True]
    """
    chapters, numbers = rows["chapter"][0], rows["exercise"][0]
    longest = np.array([numbers[chapters == c].max() for c in chapters])
    last: np.ndarray = numbers > longest - np.maximum(longest // 3, 1)
    return last


def scores(rows: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Return the mean scores of a walk by `examine`: what the callback logs.

    Example:
        scores(examine(REFERENCES["model"], "textbook/BanditsCourse-v1", editions=16))["memory_benefit"]
    """
    kept, wiped = rows["kept"], rows["wiped"]
    chapters = kept["chapter"][0]
    found = {
        "gain": kept["reward"].sum(axis=1).mean() / len(np.unique(chapters)),
        "memory_benefit": (kept["mark"] - wiped["mark"]).mean(),
        "mark": kept["mark"].mean(),
        "mark_wiped": wiped["mark"].mean(),
        "mark_last_third": kept["mark"][:, in_last_third(kept)].mean(),
    }
    found.update({f"mark_chapter_{c}": kept["mark"][:, chapters == c].mean() for c in np.unique(chapters)})
    return {name: round(float(value), 6) for name, value in found.items()}


class Watch(BaseCallback):
    """Evaluates during training, logs to TensorBoard under `eval/`, and writes checkpoints.

    What is chosen by an evaluation (a preset, when to stop) must not have seen the test split. So it walks editions 0,
    1, ... of the train split. A training meets none of these numbers, since it draws its own from 2^53; in a book with
    few worlds it may meet the same world under another number, which only the test split rules out.

    All of it happens between an update and the next rollout, and the student draws from generators of its own: it is
    the same however often it was looked at.
    """

    def __init__(
        self,
        path: pathlib.Path,
        evaluations: int,
        editions: int,
        progress: ProgressListener | None,
    ) -> None:
        super().__init__()
        self.path, self.evaluations, self.editions, self.progress = path, evaluations, editions, progress
        self.latest: dict[str, float] = {}
        self.history: list[dict[str, float]] = []

    def _init_callback(self) -> None:
        self.spec: dict[str, Any] = vars(self.model)["textbook"]
        total = int(self.spec["steps"])
        self.total = total
        marks = [total * k // self.evaluations for k in range(self.evaluations)] if self.evaluations else []
        begun = self.num_timesteps
        self.due = [m for m in marks if m > begun or (m == begun == 0)]
        self.told_at = time.monotonic()

    def _on_rollout_start(self) -> None:
        done = self.model.num_timesteps
        if self.due and done >= self.due[0]:
            while self.due and done >= self.due[0]:
                self.due.pop(0)
            self._look()
        if self.progress:
            self.progress(min(done, self.total), self.total, self.latest)

    def _on_training_end(self) -> None:
        self._look()
        self.model.logger.dump(self.model.num_timesteps)
        if self.progress:
            self.progress(self.total, self.total, self.latest)

    def _on_step(self) -> bool:
        return True

    def _look(self) -> None:
        """Write a checkpoint; evaluate."""
        save_checkpoint(self.model, self.path)
        if not self.evaluations:
            return
        agent = as_worn(self.model)
        self.latest = scores(examine(agent, self.spec["env_id"], editions=self.editions, split="train"))
        for name, value in self.latest.items():
            self.model.logger.record(f"eval/{name}", value)
