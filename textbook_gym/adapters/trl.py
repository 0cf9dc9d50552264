"""TRL: a course as what `GRPOTrainer(environment_factory=...)` makes, with one tool, and the rows to train on.

    from trl import GRPOTrainer
    from textbook_gym.adapters import tasks
    from textbook_gym.adapters.trl import TRLEnvironment, dataset_of

    rows = tasks("textbook/BanditsSeminar-v1", split="train", editions=256)
    trainer = GRPOTrainer(
        model="Qwen/Qwen3-0.6B",
        train_dataset=dataset_of(rows),
        environment_factory=TRLEnvironment,
        args=GRPOConfig(num_generations=8, max_completion_length=16_000),
    )

Members of a group open the same row, thus the same world. The trainer keeps one conversation that grows, so the memory
of a task is "transcript"; a whole course counts as one completion, and its reward is one number, the rise of grades.
Where the completion is cut, exercises that were not worked count 0.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from datasets import Dataset

from textbook_gym.adapters.rows import desk_of, read_row, said
from textbook_gym.text import Desk, Message

OVER = "The book is over."


def opened_course(row: Mapping[str, Any] | str) -> Desk:
    """Return the course of a task, open, with actions as tool calls.

    Raises:
        ValueError: the row is no task, or asks for what a trainer cannot do.
    """
    asked = read_row(row)
    memory = asked["keywords"].get("memory", "transcript")
    if memory != "transcript":
        raise ValueError(f"memory={memory!r}: TRL keeps one conversation that grows; leave it at 'transcript'")
    return desk_of({**asked, "keywords": {**asked["keywords"], "answer": "tool"}})


def dataset_of(rows: Iterable[Mapping[str, Any] | str]) -> Dataset:
    """Return tasks as a data set: `prompt` (the rules; the first page follows in `reset`) and `task` (the row as JSON).

    Raises:
        ValueError: a row is no task.

    Example:
        dataset = dataset_of(tasks("textbook/ConceptsSeminar-v1", editions=64))
    """
    columns: dict[str, list[Any]] = {"prompt": [], "task": []}
    for row in rows:
        system = opened_course(row).context[0]
        prompt: list[Message] = [system, {"role": "user", "content": ""}]
        columns["prompt"].append(prompt)
        columns["task"].append(json.dumps(read_row(row)))
    return Dataset.from_dict(columns)


class TRLEnvironment:
    """A course with the tool `act`. TRL makes instances without arguments, and uses them again.

    Example:
        env = TRLEnvironment()
        page = env.reset(task("textbook/ConceptsSeminar-v1", edition=7))
        page = env.act("BIN_1")
    """

    def __init__(self) -> None:
        self._desk: Desk | None = None  # a public method would be a tool of the model's

    def reset(self, task: str | Mapping[str, Any], **row: Any) -> str:
        """Open the course of a row and return its first page.

        Args:
            task: the task.
            row: the other columns.

        Raises:
            ValueError: the row holds no task.
        """
        self._desk = opened_course(task)
        return said(self._desk.context)

    def act(self, action: str) -> str:
        """Take one action on the page.

        Args:
            action: Name of one of the actions that the first message lists.

        Returns:
            What follows from it, and the next page.
        """
        desk = self._opened()
        return OVER if desk.done else said(desk.call("act", {"action": action}).messages)

    def get_reward(self) -> float:
        """Return the sum of the rewards of the course, which ends here if it has not."""
        desk = self._opened()
        desk.finish()
        return desk.total

    def _opened(self) -> Desk:
        if self._desk is None:
            raise RuntimeError("the course is not open; call reset first")
        return self._desk
