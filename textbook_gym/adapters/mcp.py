"""MCP over stdio: a course as tools, for any client that can call them.

    textbook-gym serve --mcp --id textbook/BanditsSeminar-v1 --log courses.jsonl

Tools are `open`, `act` and, with a notebook, `note` and `turn_page`. The conversation is the client's, so nothing can
be wiped from it: a memory of "none" is not offered. Reward and end stand in the `_meta` of a result, where a model does
not see them, and every course is written to a log when it ends, with what it paid.
"""

import json
import pathlib
from collections.abc import Callable, Iterable
from typing import Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult, TextContent

from textbook_gym.adapters.rows import Task, desk_of, figures, said, task
from textbook_gym.text import Desk, Turn
from textbook_gym.text.tools import NOTE_ARGUMENTS, TURN_PAGE

SERVED_MEMORIES = ("notebook", "transcript")
META = "textbook_gym/"  # keys of `_meta` have a prefix, as the protocol wants it
CLOSED = "the book is over or not begun: call `open`"
INSTRUCTIONS = (
    "A textbook in a hidden world, exercise by exercise. Call `open` once, read what it says, then `act` until the "
    "book is over. You are judged by how much better you get."
)


class Session:
    """The course of one client, and those that it walked before.

    Args:
        env_id: such as `textbook/BanditsSeminar-v1`.
        split: "train", "test" or "all".
        editions: what `open` goes through; the client chooses no other. Without, it may name an edition or a seed, and
            editions 0, 1, 2, ... follow where it names none.
        log: file that a line of JSON is added to for every course that ended; None for none.
        keywords: what else a task takes; memory is "notebook" or "transcript".

    Raises:
        ValueError: a value is not known.

    Example:
        session = Session("textbook/ConceptsSeminar-v1", log=pathlib.Path("courses.jsonl"))
        print(session.open(edition=7, seed=None))
        turn = session.call("act", {"action": "BIN_1"})
    """

    def __init__(
        self,
        env_id: str,
        split: str = "train",
        editions: Iterable[int] = (),
        log: pathlib.Path | None = None,
        **keywords: Any,
    ) -> None:
        memory = keywords.setdefault("memory", SERVED_MEMORIES[0])
        if memory not in SERVED_MEMORIES:
            raise ValueError(
                f"memory={memory!r}: an MCP client keeps the conversation; choose {' or '.join(SERVED_MEMORIES)}"
            )
        self._task: dict[str, Any] = {"env_id": env_id, "split": split, **keywords, "answer": "tool"}
        self._editions, self._opened = list(editions), 0
        self.log = log
        self.row: Task | None = None
        self.desk: Desk | None = None
        self._notes: dict[str, str] = {}  # to be handed in with the next call
        desk_of(self._next(None, None))  # what is wrong with a task is said at the start

    @property
    def keeps_notes(self) -> bool:
        """Whether there is a notebook."""
        return bool(self._task["memory"] == "notebook")

    def _next(self, edition: int | None, seed: int | None) -> Task:
        """Return the task that comes now."""
        if self._editions:
            if edition is not None or seed is not None:
                raise ValueError("which editions are opened is set by who started the server; leave them out")
            if self._opened >= len(self._editions):
                raise ValueError(f"all {len(self._editions)} editions have been opened")
            edition = self._editions[self._opened]
        elif edition is None and seed is None:
            edition = self._opened
        return task(edition=edition, seed=seed, **self._task)

    def open(self, edition: int | None, seed: int | None) -> str:
        """Begin a course; one that is under way is cut."""
        row = self._next(edition, seed)
        desk = desk_of(row)
        self.end()
        self.row, self.desk, self._notes = row, desk, {}
        self._opened += 1
        return "\n\n".join(message["content"] for message in desk.context)

    def call(self, name: str, arguments: dict[str, Any]) -> Turn:
        """Take a call, and with it the notes that wait."""
        if self.desk is None:
            raise ValueError(CLOSED)
        for kind in ("notebook", "note"):
            if arguments.get(kind):
                self._keep(arguments[kind], kind == "notebook")
        turn = self.desk.call(name, {k: v for k, v in arguments.items() if k not in NOTE_ARGUMENTS} | self._notes)
        self._notes = {}
        if self.desk.done:
            self.end()
        return turn

    def note(self, text: str, replace: bool) -> str:
        """Keep a note for the next call."""
        if self.desk is None:
            raise ValueError(CLOSED)
        self._keep(text, replace)
        return "It will be written down with your next call."

    def _keep(self, text: str, replace: bool) -> None:
        kind = "notebook" if replace or "notebook" in self._notes else "note"
        before = [] if replace else list(self._notes.values())
        self._notes = {kind: "\n".join([*before, text])}

    def end(self) -> None:
        """End the course, if one is under way, and write it to the log: what was not worked counts 0."""
        if self.desk is None:
            return
        cut = self.desk.finish().truncated
        if self.log is not None:
            line = {"task": self.row, "cut": cut, **figures(self.desk)}
            with self.log.open("a", encoding="utf-8") as file:
                file.write(f"{json.dumps(line)}\n")
        self.desk = None


def server_of(session: Session) -> MCPServer[Any]:
    """Return the server of a session.

    Example:
        server_of(Session("textbook/ConceptsSeminar-v1")).run()
    """
    server: MCPServer[Any] = MCPServer("textbook_gym", instructions=INSTRUCTIONS, log_level="WARNING")

    def tool(function: Callable[..., Any]) -> None:
        server.add_tool(function, structured_output=False)

    def turned(name: str, arguments: dict[str, Any]) -> CallToolResult:
        turn = refused(session.call, name, arguments)
        shown = {"reward": turn.reward, "done": turn.terminated, "exercise_done": turn.info["exercise_done"]}
        return CallToolResult(
            content=[TextContent(type="text", text=said(turn.messages))],
            _meta={META + key: value for key, value in shown.items()},
        )

    async def open(edition: int | None = None, seed: int | None = None) -> str:
        """Open a book: the rules and the first page. A book that is under way is ended.

        Args:
            edition: number of the world, if you may choose it.
            seed: names the world instead.
        """
        return refused(session.open, edition, seed)

    async def act(action: str, note: str = "", notebook: str = "") -> CallToolResult:
        """Take one action on the page; the answer is what follows. A name that is no action costs a step."""
        return turned("act", {"action": action, "note": note, "notebook": notebook})

    tool(open)
    tool(act)
    if not session.keeps_notes:
        return server

    async def note(text: str, replace: bool = False) -> str:
        """Write into your notebook, or replace all that stands in it; this costs no step."""
        return refused(session.note, text, replace)

    async def turn_page(note: str = "", notebook: str = "") -> CallToolResult:
        """Go on to the next exercise, once one is over; this costs no step."""
        return turned(TURN_PAGE, {"note": note, "notebook": notebook})

    tool(note)
    tool(turn_page)
    return server


def refused(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function; what it refuses is told to the model."""
    try:
        return function(*arguments)
    except ValueError as error:
        raise ToolError(str(error)) from error


def serve_mcp(env_id: str, **settings: Any) -> None:
    """Serve one client on standard input and output until it leaves; a course that is under way is then ended.

    Args:
        env_id: such as `textbook/BanditsSeminar-v1`.
        settings: those of `Session`.

    Raises:
        ValueError: a setting is not known.

    Example:
        serve_mcp("textbook/ConceptsSeminar-v1", split="test", memory="notebook")  # `textbook-gym serve --mcp` does it
    """
    session = Session(env_id, **settings)
    try:
        server_of(session).run("stdio")
    finally:
        session.end()
