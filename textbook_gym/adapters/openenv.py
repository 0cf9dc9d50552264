"""OpenEnv: a course behind HTTP and WebSocket, and a client for it.

    import uvicorn
    from textbook_gym.adapters.openenv import app_of

    uvicorn.run(app_of("textbook/BanditsSeminar-v1"), host="127.0.0.1", port=8000)

and elsewhere

    from textbook_gym.adapters.openenv import CourseClient, Reply

    with CourseClient(base_url="http://127.0.0.1:8000").sync() as env:
        result = env.reset(edition=7)
        while not result.done:
            result = env.step(Reply(message=model(result.observation.messages)))

`reset` takes the fields of a task (id, split, edition, seed, chapter, keywords), and `index` for the edition, as
OpenEnv counts tasks. A course needs a session, thus the WebSocket: over plain HTTP every call has an environment of its
own.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from openenv.core import EnvClient
from openenv.core.client_types import StepResult
from openenv.core.env_server import Action, Environment, Observation, State, create_app
from pydantic import Field

from textbook_gym.adapters.rows import Task, desk_of, figures, read_row, task, task_name, tasks
from textbook_gym.text import Desk, Turn

EDITIONS_A_SPLIT = 1 << 20  # of each split that the task API counts; there are more
LISTED_TASKS = 256  # tasks of them in a listing


class Reply(Action):
    """What the student says.

    Example:
        Reply(message="<action>BIN_1</action>")
    """

    message: str = Field(description="The reply in words; it names one action, as the first message says")
    finish: bool = Field(default=False, description="End the course here: what was not worked counts 0")


class Page(Observation):
    """What the book says to it. The reward is not 0 only where an exercise ended."""

    messages: list[dict[str, Any]] = Field(description="The new messages of the conversation, with role and content")
    fresh: bool = Field(default=False, description="Whether a new context begins with them")
    info: dict[str, Any] = Field(default_factory=dict, description="Chapter, exercise, mark, grade, unreadable replies")


class CourseState(State):
    """Where a course stands."""

    task: dict[str, Any] = Field(default_factory=dict, description="The task: the same row is the same world")
    figures: dict[str, float] = Field(
        default_factory=dict, description="Sum of rewards, gain, replies, unreadable ones"
    )


class CourseEnvironment(Environment[Reply, Page, CourseState]):
    """One course at a time, for one session.

    Args:
        env_id: such as `textbook/BanditsSeminar-v1`.
        split: "train", "test" or "all", where `reset` names none.
        keywords: what else a task takes.

    Raises:
        ValueError: a value is not known.

    Example:
        env = CourseEnvironment("textbook/ConceptsSeminar-v1", memory="notebook")
        page = env.reset(index=7)
        page = env.step(Reply(message="<action>BIN_1</action>"))
    """

    SUPPORTS_CONCURRENT_SESSIONS = True

    def __init__(self, env_id: str, split: str = "train", **keywords: Any) -> None:
        super().__init__()
        self._base = task(env_id, split, edition=0, **keywords)
        self._desk: Desk | None = None
        self._state = CourseState()
        self._opened = 0

    def reset(
        self,
        seed: int | None = None,
        episode_id: str | None = None,
        index: int | None = None,
        **fields: Any,
    ) -> Page:
        """Open a course and return its first messages.

        Args:
            seed: names the edition. With neither seed, edition nor index editions 0, 1, 2, ... follow.
            episode_id: a name for the course; the task's without.
            index: number of the edition, as the task API counts.
            fields: other fields of a task.

        Raises:
            ValueError: a field or value is not known; the course is as it was.
        """
        where = {"edition": index, **fields, "seed": seed}
        if where["edition"] is None and seed is None:
            where["edition"] = self._opened
        row = read_row({**self._base, **where})
        self._desk = desk_of(row)
        self._opened += 1
        self._state = CourseState(episode_id=episode_id or task_name(row), task=dict(row))
        return Page(messages=self._desk.context, fresh=True, info=self._desk.info)

    def step(self, action: Reply, timeout_s: float | None = None, **_: Any) -> Page:
        """Take a reply, or end the course.

        Raises:
            RuntimeError: the course is over or not begun.
        """
        if self._desk is None:
            raise RuntimeError(
                "no course is open: reset first, and over a WebSocket, since plain HTTP keeps no session"
            )
        turn: Turn = self._desk.finish() if action.finish else self._desk.reply(action.message)
        self._state.step_count += 1
        return Page(
            messages=turn.messages,
            fresh=turn.fresh,
            info=turn.info,
            reward=turn.reward,
            done=turn.terminated or turn.truncated,
        )

    @property
    def state(self) -> CourseState:
        """Where the course stands."""
        if self._desk is not None:
            self._state.figures = figures(self._desk)
        return self._state

    # the task API of OpenEnv: `reset(split=..., index=...)` opens what it lists

    def list_splits(self) -> list[str]:
        """Return the splits."""
        return ["train", "test"]

    def num_tasks(self, split: str) -> int:
        """Return how many tasks of a split are counted."""
        return EDITIONS_A_SPLIT

    def get_task(self, split: str, index: int) -> Task:
        """Return a task.

        Raises:
            IndexError: there is no such task.
        """
        if not 0 <= index < EDITIONS_A_SPLIT:
            raise IndexError(f"task {index}: there are 0 to {EDITIONS_A_SPLIT - 1}")
        return read_row({**self._base, "split": split, "edition": index})

    def get_task_range(self, split: str, start: int | None = None, stop: int | None = None) -> list[Task]:
        """Return some tasks, as a slice."""
        numbers = range(EDITIONS_A_SPLIT)[start : LISTED_TASKS + (start or 0) if stop is None else stop]
        return tasks(self._base["id"], split, numbers, **self._base["keywords"])

    def list_tasks(self, split: str) -> list[Task]:
        """Return the first tasks of a split."""
        return self.get_task_range(split)


class CourseClient(EnvClient[Reply, Page, CourseState]):
    """The client of a course; `CourseClient(base_url=...).sync()` is the one that waits.

    Example:
        with CourseClient(base_url="http://127.0.0.1:8000").sync() as env:
            result = env.reset(edition=7)
            result = env.step(Reply(message="<action>BIN_1</action>"))
    """

    def _step_payload(self, action: Reply) -> dict[str, Any]:
        return dict(action.model_dump(exclude_defaults=True))

    def _parse_result(self, payload: Mapping[str, Any]) -> StepResult[Page]:
        reward, done = payload.get("reward"), bool(payload.get("done", False))
        page = Page(**{**payload["observation"], "reward": reward, "done": done})
        return StepResult(observation=page, reward=reward, done=done)

    def _parse_state(self, payload: Mapping[str, Any]) -> CourseState:
        return CourseState(**payload)


def app_of(env_id: str, split: str = "train", sessions: int = 64, **keywords: Any) -> Any:
    """Return the server of a course as an application of FastAPI.

    Args:
        env_id: such as `textbook/BanditsSeminar-v1`.
        split: "train", "test" or "all", where a client names none.
        sessions: most courses side by side.
        keywords: what else a task takes: memory, preface, chapters, exercises, ...

    Raises:
        ValueError: a value is not known.

    Example:
        app = app_of("textbook/ConceptsSeminar-v1")  # uvicorn.run(app)
    """
    make = partial(CourseEnvironment, env_id, split, **keywords)
    desk_of(make().get_task(split, 0))  # what is wrong is said here, not to the first client
    return create_app(make, Reply, Page, env_name="textbook", max_concurrent_envs=sessions, state_cls=CourseState)
