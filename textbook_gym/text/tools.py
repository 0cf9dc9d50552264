"""Actions as tools: names that share what stands before their first underscore become one verb with an argument.

`PULL_A`, `PULL_B` and `PULL_C` are `pull(arm="A")`. A book names the argument in its optional constant `ARGUMENTS`, a
mapping such as `{"PULL": "arm"}`; without, it is called `which`. An action that shares its verb with no other takes no
argument. Besides, `act(action="PULL_A")` is always understood.
"""

import json
from collections.abc import Mapping
from typing import Any

from textbook_gym.authoring.book import Book
from textbook_gym.text.reply_parser import UNKNOWN, Read

WHICH = "which"  # the argument of a verb whose book gives it no name
NOTE_ARGUMENTS = {
    "note": "Text to add to your notebook.",
    "notebook": "Text to replace your notebook by.",
}
TURN_PAGE = "turn_page"  # the tool that closes an exercise where notes are kept


def text(description: str, **more: Any) -> dict[str, Any]:
    """Return the JSON schema of a string."""
    return {"type": "string", "description": description, **more}


def function(name: str, description: str, properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    """Return a tool in OpenAI's schema."""
    parameters = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


class Tools:
    """The actions of a book as tools."""

    def __init__(self, book: Book) -> None:
        self._actions = {name.upper(): number for number, name in enumerate(book.actions)}
        heads = [name.partition("_")[0] for name in book.actions]
        shared = {h for h, name in zip(heads, book.actions, strict=True) if heads.count(h) > 1 and "_" in name}
        shared -= set(book.actions)  # PRESS beside PRESS_A: a verb cannot be both
        self._verbs: dict[str, dict[str, int]] = {}  # verb -> value of its argument, "" if it has none -> action
        for number, (head, name) in enumerate(zip(heads, book.actions, strict=True)):
            verb, value = (head, name.partition("_")[2]) if head in shared else (name, "")
            self._verbs.setdefault(verb.lower(), {})[value] = number
        arguments = getattr(book.module, "ARGUMENTS", {})
        self._argument = {verb: str(arguments.get(verb.upper(), WHICH)) for verb in self._verbs}

    def schema(self, notes: bool) -> list[dict[str, Any]]:
        """Return the tools in OpenAI's function schema.

        Args:
            notes: whether a notebook is kept, so that every call may add to it, and a page is turned by a call.
        """
        own = {name: text(description) for name, description in NOTE_ARGUMENTS.items()} if notes else {}
        tools = []
        for verb, values in self._verbs.items():
            if list(values) == [""]:
                tools.append(function(verb, f"Take the action {verb.upper()}.", own, []))
            else:
                argument = self._argument[verb]
                names = ", ".join(f"{verb.upper()}_{value}" for value in values)
                choice = text(f"One of {', '.join(values)}.", enum=list(values))
                tools.append(function(verb, f"Take one of the actions {names}.", {argument: choice, **own}, [argument]))
        if notes:
            tools.append(function(TURN_PAGE, "Go on to the next exercise, once one is over.", own, []))
        return tools

    def action(self, name: str, arguments: Mapping[str, Any]) -> int | None:
        """Return the number of the action that a call stands for, None if it is none."""
        given = {k: v for k, v in arguments.items() if k not in NOTE_ARGUMENTS}
        value = next(iter(given.values()), "")
        if len(given) > 1 or isinstance(value, bool) or not isinstance(value, (str, int)):
            return None
        if name == "act" and isinstance(value, str):
            return self._actions.get(value.strip().upper())
        if not given and name.upper() in self._actions:
            return self._actions[name.upper()]
        return self._verbs.get(name.lower(), {}).get(str(value).strip().upper())

    def call_of(self, action: int) -> tuple[str, str]:
        """Return the call that stands for an action: name, and arguments as JSON."""
        verb, value = next((v, k) for v, values in self._verbs.items() for k, a in values.items() if a == action)
        return verb, json.dumps({self._argument[verb]: value} if value else {})

    def read(self, name: str, arguments: str) -> Read:
        """Return what a call says: `arguments` is JSON, as endpoints send it."""
        called = f"{name}({arguments})"
        try:
            given = json.loads(arguments or "{}")
        except (ValueError, RecursionError):
            given = None
        if not isinstance(given, dict):
            return Read(None, UNKNOWN, "", called)
        action = self.action(name, given)
        notes = tuple((kind, str(given[kind]).strip()) for kind in NOTE_ARGUMENTS if kind in given)
        return Read(action, UNKNOWN if action is None else "", "", called, notes)
