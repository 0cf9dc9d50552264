"""tinker-cookbook: a course as a `MessageEnv`, one edition a group, groups as an `RLDataset`.

    from tinker_cookbook.rl import train
    from textbook_gym.adapters.tinker import CourseDatasetBuilder

    config = train.Config(
        model_name="Qwen/Qwen3-8B",
        dataset_builder=CourseDatasetBuilder(
            env_id="textbook/BanditsSeminar-v1",
            model_name_for_tokenizer="Qwen/Qwen3-8B",
            renderer_name="qwen3_disable_thinking",
            groups_per_batch=8,
            group_size=8,
        ),
        ...
    )

Rewards are paid where exercises end. Whatever cuts a rollout (turns, tokens, time, a message that cannot be parsed),
the rewards of its trajectory sum to the rise of grades, with 0 for the exercises that were not worked; a reward that
Tinker has for such an end is set off. A single reply that runs out of tokens does not end the course: it is read as far
as it goes, and costs a step.
"""

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import chz
from tinker_cookbook.renderers import Message, Renderer, get_renderer, get_text_content
from tinker_cookbook.rl.message_env import EnvFromMessageEnv, MessageEnv, MessageStepResult
from tinker_cookbook.rl.rollout_limits import RolloutLimits
from tinker_cookbook.rl.types import Env, EnvGroupBuilder, Metrics, RLDataset, RLDatasetBuilder, Trajectory
from tinker_cookbook.tokenizer_utils import get_tokenizer

from textbook_gym.adapters.rows import Task, desk_of, figures, read_row, task_name, tasks
from textbook_gym.registry import name_of as book_of
from textbook_gym.text import Desk


class CourseMessageEnv(MessageEnv):
    """A course as messages. As Tinker wants it, each is walked once.

    Attributes:
        desk: the course; None before the first observation.
        example_id: the task's name, for what Tinker stores.

    Args:
        row: the task.

    Raises:
        ValueError: the row is no task, or asks for tool calls.

    Example:
        env = CourseMessageEnv(task("textbook/ConceptsSeminar-v1", edition=7))
        messages = await env.initial_observation()
        result = await env.step({"role": "assistant", "content": "<action>BIN_1</action>"})
    """

    def __init__(self, row: Mapping[str, Any] | str) -> None:
        self.row = read_row(row)
        if self.row["keywords"].get("answer") == "tool":
            raise ValueError("answer='tool': with Tinker a student answers in words; give 'tag' or 'json'")
        self.example_id = task_name(self.row)
        self.desk: Desk | None = None
        self._context: list[
            Message
        ] = []  # replies as they were sampled, so that tokens of a turn extend the last one's
        self._owed = 0.0  # earned by replies that were cut, for which Tinker takes no reward

    async def initial_observation(self) -> list[Message]:
        """Open the course and return its first messages."""
        self.desk = await asyncio.to_thread(desk_of, self.row)  # the first course of a book compiles it
        self._context = list(self.desk.context)
        return list(self._context)

    async def step(self, message: Message) -> MessageStepResult:
        """Take a reply; the result holds all messages that the student is to be shown."""
        desk = self._opened()
        reward = self._owed + (0.0 if desk.done else self._take(desk, message))
        self._owed = 0.0
        return MessageStepResult(reward=reward, episode_done=desk.done, next_messages=list(self._context))

    async def observe_truncated_response(self, message: Message) -> list[Message]:
        """Take a reply that ran out of tokens: it is a step like any other; what it earns is paid with the next."""
        desk = self._opened()
        if not desk.done:
            self._owed += self._take(desk, message)
        return list(self._context)

    def settle(self, paid: float) -> float:
        """End the course, if it was cut, and return what is still to be paid.

        Args:
            paid: the sum of the rewards that the trajectory holds.
        """
        desk = self._opened()
        desk.finish()
        return desk.total - paid

    def _opened(self) -> Desk:
        if self.desk is None:
            raise RuntimeError("the course is not open; ask for the initial observation first")
        return self.desk

    def _take(self, desk: Desk, message: Message) -> float:
        turn = desk.reply(get_text_content(message))
        self._context = [*([] if turn.fresh else [*self._context, message]), *turn.messages]
        return turn.reward


@dataclass(frozen=True)
class CourseGroupBuilder(EnvGroupBuilder):
    """A group of courses of one edition, so that rewards are compared in one and the same world. It can be pickled.

    Args:
        row: the task.
        renderer: makes tokens of messages, as `get_renderer` returns it.
        group_size: how many courses.
        limits: of a rollout: turns, tokens, seconds.
    """

    row: Task
    renderer: Renderer
    group_size: int
    limits: RolloutLimits | None = None

    async def make_envs(self) -> Sequence[Env]:
        """Return the courses."""
        return [self._env() for _ in range(self.group_size)]

    def _env(self) -> Env:
        return EnvFromMessageEnv(
            self.renderer,
            CourseMessageEnv(self.row),
            failed_parse_reward=0.0,
            context_overflow_reward=0.0,
            terminate_on_length=False,
            rollout_limits=self.limits,
        )

    async def compute_group_rewards(
        self, trajectory_group: list[Trajectory], env_group: Sequence[Any]
    ) -> list[tuple[float, Metrics]]:
        """Return what each course is still to be paid, see the module, and its figures."""
        results: list[tuple[float, Metrics]] = []
        for trajectory, env in zip(trajectory_group, env_group, strict=True):
            course: CourseMessageEnv = env.message_env
            left = course.settle(sum(transition.reward for transition in trajectory.transitions))
            results.append((left, dict(figures(course._opened()))))
        return results

    def logging_tags(self) -> list[str]:
        """Return the names that Tinker groups figures by."""
        return ["textbook", book_of(self.row["id"])]


class CourseDataset(RLDataset):
    """Groups in batches, one group a task.

    Args:
        rows: the tasks.
        renderer: makes tokens of messages.
        groups_per_batch: groups in a batch; the last batch may have fewer.
        group_size: courses in a group.
        limits: of a rollout.
    """

    def __init__(
        self,
        rows: Sequence[Task],
        renderer: Renderer,
        groups_per_batch: int,
        group_size: int,
        limits: RolloutLimits | None = None,
    ) -> None:
        self._groups = [CourseGroupBuilder(row, renderer, group_size, limits) for row in rows]
        self._size = groups_per_batch

    def __len__(self) -> int:
        return math.ceil(len(self._groups) / self._size)

    def get_batch(self, index: int) -> Sequence[EnvGroupBuilder]:
        """Return the groups of a batch.

        Raises:
            IndexError: there is no such batch.
        """
        if not 0 <= index < len(self):
            raise IndexError(f"batch {index}: there are batches 0 to {len(self) - 1}")
        return self._groups[index * self._size : (index + 1) * self._size]


@chz.chz
class CourseDatasetBuilder(RLDatasetBuilder):
    """What `train.Config(dataset_builder=...)` takes: fresh editions in every batch, test editions apart.

    Attributes:
        env_id: such as `textbook/BanditsSeminar-v1`.
        model_name_for_tokenizer: the model.
        renderer_name: as `get_renderer` knows it.
        groups_per_batch: editions in a batch.
        group_size: courses of each.
        batches: batches for training; every one has editions of its own.
        test_editions: editions of the test split; 0 for none.
        limits: of a rollout: turns, tokens, seconds.
        keywords: what else a task takes: memory, preface, chapters, exercises, ...

    Example:
        builder = CourseDatasetBuilder(
            env_id="textbook/ConceptsSeminar-v1", model_name_for_tokenizer="Qwen/Qwen3-8B", renderer_name="qwen3"
        )
    """

    env_id: str
    model_name_for_tokenizer: str
    renderer_name: str
    groups_per_batch: int = 8
    group_size: int = 8
    batches: int = 100
    test_editions: int = 16
    limits: RolloutLimits | None = None
    keywords: dict[str, Any] = chz.field(default_factory=dict)

    async def __call__(self) -> tuple[RLDataset, RLDataset | None]:
        """Return the data sets for training and for tests."""
        renderer = get_renderer(
            self.renderer_name,
            get_tokenizer(self.model_name_for_tokenizer),
            model_name=self.model_name_for_tokenizer,
        )
        editions = self.batches * self.groups_per_batch
        rows = tasks(self.env_id, "train", editions, **self.keywords)
        train = CourseDataset(rows, renderer, self.groups_per_batch, self.group_size, self.limits)
        if not self.test_editions:
            return train, None
        rows = tasks(self.env_id, "test", self.test_editions, **self.keywords)
        return train, CourseDataset(rows, renderer, len(rows), 1, self.limits)
