"""verifiers (`verifiers.v1`): editions as a taskset, a course as an environment in which the book is the user.

    vf-eval textbook-verifiers -m MODEL --no-push -n 16 -r 4 --env.taskset.env-id textbook/BanditsSeminar-v1

verifiers finds plugins by the name of a module at the top, so this file is installed a second time as
`textbook_verifiers`. The conversation only grows, so the memory of a task is "transcript". The reward of a rollout is
the rise of grades; `trace.info["rewards"]` has it exercise by exercise. Where a rollout is cut, exercises that were not
worked count 0.
"""

import itertools
from collections.abc import Iterator
from typing import Any

import httpx
import verifiers.v1 as vf
from pydantic import Field
from verifiers.v1.dialects.chat import message_to_wire

from textbook_gym.adapters.rows import desk_of, figures, said, task, task_name


class CourseData(vf.TaskData):
    """What a rollout is made of; it travels in traces."""

    row: dict[str, Any]


class CourseTask(vf.Task[CourseData, vf.State, vf.TaskConfig]):
    """A course of one edition."""

    @property
    def key(self) -> str:
        """The task's name, which no other task has."""
        return task_name(self.data.row)


class CourseTasksetConfig(vf.TasksetConfig):
    """Options `--env.taskset.*`; either editions from `first` on, or the edition of each of `seeds`."""

    env_id: str = "textbook/BanditsSeminar-v1"
    split: str = "train"
    first: int = 0
    seeds: list[int] = Field(default_factory=list)
    keywords: dict[str, Any] = Field(default_factory=dict)


class CourseTaskset(vf.Taskset[CourseTask, CourseTasksetConfig]):
    """One task an edition, without end; or one a seed.

    Example:
        taskset = CourseTaskset(CourseTasksetConfig(env_id="textbook/ConceptsSeminar-v1", split="train", first=100))
        first = next(taskset.load())
    """

    INFINITE = True

    def load(self) -> Iterator[CourseTask]:
        """Yield the tasks.

        Raises:
            ValueError: a value is not known, or a memory that verifiers cannot keep is asked for.
        """
        asked = self.config
        memory = asked.keywords.get("memory", "transcript")
        if memory != "transcript":
            raise ValueError(f"memory={memory!r}: verifiers' conversation only grows; leave it at 'transcript'")
        by_seed: Any = [{"seed": n} for n in asked.seeds]
        for where in by_seed or ({"edition": n} for n in itertools.count(asked.first)):
            row = task(asked.env_id, asked.split, **where, **asked.keywords)
            system, page = desk_of(row).context
            data = CourseData(
                name=task_name(row), prompt=page["content"], system_prompt=system["content"], row=dict(row)
            )
            yield CourseTask(data, asked.task)


class CourseEnvConfig(vf.EnvConfig):
    """One seat, the student's, on this machine."""

    player: vf.AgentConfig = vf.AgentConfig(runtime={"type": "subprocess"})  # the default is a sandbox elsewhere


class CourseEnv(vf.Env[CourseEnvConfig]):
    """The book answers every reply of the student.

    Example:
        CourseEnv(CourseEnvConfig())
    """

    async def run(self, task: Any, agents: Any) -> None:
        """Walk one course."""
        desk, rewards = desk_of(task.data.row), []
        async with agents.player.interaction(task) as interaction:
            segment = await interaction.turn()  # the prompt is the first page
            while not segment.terminated:
                turn = desk.reply(segment.last_reply)
                if turn.info["exercise_done"]:
                    rewards.append(turn.reward)
                if desk.done:
                    break
                segment = await interaction.turn(said(turn.messages))
            left = desk.finish()
            if left.truncated:
                rewards.append(left.reward)
        trace = interaction.trace
        trace.record_reward("improvement", desk.total)
        trace.record_metrics(figures(desk))
        trace.info["rewards"] = rewards


class ChatHarnessConfig(vf.HarnessConfig):
    """No options of its own."""


class ChatHarness(vf.Harness[ChatHarnessConfig]):
    """One request a turn, from this process: the built-in one starts a process for every turn.

    Example:
        ChatHarness(ChatHarnessConfig())
    """

    APPENDS_SYSTEM_PROMPT = True
    SUPPORTS_RESUME = True
    EXECUTES_CODE = False
    NEEDS_CONTAINER = False

    async def launch(
        self, ctx: Any, trace: Any, runtime: Any, endpoint: str, secret: str, mcp_urls: Any, data: Any, **_: Any
    ) -> Any:
        """Ask the model once."""
        system, prompt = self.resolve_prompt(data)
        messages: list[Any] = [{"role": "system", "content": system}] if system else []
        if isinstance(prompt, str):
            messages.append({"role": "user", "content": prompt})
        else:
            messages += [message_to_wire(message) for message in prompt or []]
        async with httpx.AsyncClient(timeout=None) as http:
            answer = await http.post(
                f"{endpoint}/chat/completions",
                headers={"authorization": f"Bearer {secret}"},
                json={"model": ctx.model, "messages": messages},
            )
        failed = answer.status_code != 200
        return vf.ProgramResult(exit_code=int(failed), stdout="", stderr=answer.text if failed else "")


__all__ = ["ChatHarness", "CourseEnv", "CourseTaskset"]
