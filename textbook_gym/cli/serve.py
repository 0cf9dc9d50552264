"""The command `serve`: courses for clients of other protocols."""

import pathlib

from textbook_gym.cli.options import Wholes


def serve(
    *,
    mcp: bool = False,
    id: str = "textbook/BanditsSeminar-v1",
    split: str = "train",
    edition: Wholes = (),
    memory: str = "notebook",
    log: pathlib.Path | None = None,
) -> int:
    """Serve courses in words to a client, over standard input and output.

    Args:
        mcp: speak the Model Context Protocol, with the tools open, act, note and turn_page.
        id: of the environment.
        split: editions to open: train, test or all.
        edition: editions that are opened, one after the other; the option is repeated. The client may not choose then;
            without, it may.
        memory: notebook, which the client writes itself, or transcript: what the client keeps.
        log: file that a line of JSON is added to for every course: task, sum of rewards, gain, replies.

    Examples:
        textbook-gym serve --mcp --id textbook/VocabularySeminar-v0
        textbook-gym serve --mcp --split test --edition 0 --edition 1 --log courses.jsonl
    """
    if not mcp:
        raise ValueError("say what to speak: --mcp")
    from textbook_gym.adapters import mcp as adapter

    adapter.serve_mcp(id, split=split, editions=edition, log=log, memory=memory)
    return 0
