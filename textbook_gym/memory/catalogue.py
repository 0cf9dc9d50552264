"""The catalogue of memories: a name and settings make a memory."""

from typing import Any

from textbook_gym.errors import one_of
from textbook_gym.memory.base import Memory
from textbook_gym.memory.ledger import Ledger
from textbook_gym.memory.notebook import Notebook
from textbook_gym.memory.recall import Recall
from textbook_gym.memory.recap import Recap
from textbook_gym.memory.transcript import Transcript

MEMORIES: dict[str, type[Memory]] = {m.name: m for m in (Recap, Transcript, Ledger, Recall, Notebook)}
"""Name of a memory -> its class."""


def make_memory(memory: "str | Memory", **settings: Any) -> Memory:
    """Return a memory by name, or the given one.

    Args:
        memory: "recap", "transcript", "ledger", ... or a `Memory`.
        settings: of the named memory, such as `keep`; none beside a `Memory`.

    Raises:
        ValueError: no such memory, or settings that it does not take.

    Example:
        >>> make_memory("transcript", n=8, keep="chapter").settings
        {'keep': 'chapter', 'n': 8, 'stacked': True}
    """
    if isinstance(memory, Memory):
        if settings:
            raise ValueError(f"settings {sorted(settings)} beside a Memory; give them to its constructor")
        return memory
    kind = MEMORIES[one_of("memory", memory, list(MEMORIES))]
    try:
        return kind(**settings)
    except TypeError as error:
        raise ValueError(f"memory {memory!r} does not take these settings: {error}") from error
