"""What a saved desk must hold, field by field: bytes may come from anywhere."""

import json
import math
from collections.abc import Callable
from typing import Any

from textbook_gym.engine.course import LAST_NUMBER
from textbook_gym.text.reply_parser import INVALID

ROLES = ("system", "user", "assistant", "tool")
STAGES = ("open", "closing", "closed")


def is_message(value: Any) -> bool:
    """Return whether a value is a message."""
    if not isinstance(value, dict) or value.get("role") not in ROLES or not isinstance(value.get("content"), str):
        return False
    more = value.keys() - {"role", "content"}
    if more == {"tool_call_id"}:
        return isinstance(value["tool_call_id"], str)
    if more == {"tool_calls"}:
        return is_call(value["tool_calls"])
    return not more


def is_call(value: Any) -> bool:
    """Return whether a value is a list of one tool call."""
    if not isinstance(value, list) or len(value) != 1 or not isinstance(value[0], dict):
        return False
    call, inside = value[0], value[0].get("function")
    if call.keys() != {"id", "type", "function"} or not isinstance(inside, dict):
        return False
    texts = [call["id"], call["type"], inside.get("name"), inside.get("arguments")]
    return inside.keys() == {"name", "arguments"} and all(isinstance(text, str) for text in texts)


def is_count(value: Any) -> bool:
    """Return whether a value is a whole number that can count something."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LAST_NUMBER


DESK_FIELDS: dict[str, Callable[[Any], bool]] = {
    "transcript": lambda v: isinstance(v, list) and len(v) > 0 and all(is_message(m) for m in v),
    "start": is_count,
    "notes": lambda v: isinstance(v, str),
    "stage": lambda v: v in STAGES,
    "steps": is_count,
    "counts": lambda v: isinstance(v, dict) and v.keys() == set(INVALID) and all(is_count(n) for n in v.values()),
    "invalid": lambda v: v in ("", *INVALID),
    "cut": is_count,
    "total": lambda v: isinstance(v, float) and math.isfinite(v),
}
"""Name of a field of a desk's state -> what it must be."""


def read_state(line: bytes, budget: int) -> dict[str, Any]:
    """Return the state of a desk from its line of JSON.

    Args:
        line: the JSON.
        budget: characters that the notebook holds.

    Raises:
        ValueError: it is not what a desk has saved; the message names the field.
    """
    try:
        state = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the saved desk is damaged: no JSON ({error}); save it again") from error
    if not isinstance(state, dict) or state.keys() != DESK_FIELDS.keys():
        raise ValueError(f"the saved desk is damaged: it must have the fields {', '.join(DESK_FIELDS)}; save it again")
    for name, fits in DESK_FIELDS.items():
        if not fits(state[name]):
            raise ValueError(f"the saved desk is damaged: field {name!r} is {str(state[name])[:60]!r}; save it again")
    if state["start"] >= len(state["transcript"]) or len(state["notes"]) > budget:
        raise ValueError("the saved desk is damaged: its context or notebook is out of bounds; save it again")
    return state
