"""What a student's reply says: one action, perhaps notes, or why it cannot be read.

A reply is read in three steps. What a model thought is removed (`<think>...</think>`; a reply that ends before its
reasoning does is "truncated"). Of the rest the last `reply_chars` characters count. In them the action is looked for as
the last `<action>NAME</action>`, as JSON such as `{"action": "NAME"}`, and as a name alone on the last line, in the
order that the student was asked for. Case, quotes, code fences and characters that cannot be seen do not matter. A bare
number is never an action: it would be read as a position where a model meant a label.

Everything takes time linear in the length of the reply.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

EMPTY, TRUNCATED, UNKNOWN = "empty", "truncated", "unknown"
INVALID = (EMPTY, TRUNCATED, UNKNOWN)
"""Why a reply names no legal action: nothing stands there; its reasoning never ended; it names no action."""

REASONING = re.compile(r"<(/?)(?:think|thinking|reasoning)>", re.IGNORECASE)
NOTE_TAGS = re.compile(r"<(/?)(note|notebook)>", re.IGNORECASE)
ACTION_TAGS = re.compile(r"<(/?)(action)>", re.IGNORECASE)
LABEL = re.compile(r"(?:action|answer)\s*:", re.IGNORECASE)
PLACEHOLDER = "NAME"  # of the instructions, which replies quote
LONGEST_NAME = 64
MOST_OBJECTS = 32  # JSON objects tried, from the last one on
QUOTES = " \t\r\n\"'`*.,:;!()[]"


class Read(NamedTuple):
    """What a reply says."""

    action: int | None  # number of the action, None if `invalid`
    invalid: str  # "" or one of `INVALID`
    said: str  # the reply without its reasoning, cut to the characters that were read
    named: str = ""  # what stands where the action should, if that is no action
    notes: tuple[tuple[str, str], ...] = ()  # ("note" | "notebook", text) in order


def without_reasoning(text: str) -> str | None:
    """Return a reply without what was thought, or None if the reasoning has no end."""
    kept: list[str] = []
    place, thinking = 0, False
    for tag in REASONING.finditer(text):
        if tag[1]:
            if not thinking:
                kept.clear()  # templates that open the reasoning themselves: all so far was thought
            place, thinking = tag.end(), False
        elif not thinking:
            kept.append(text[place : tag.start()])
            thinking = True
    return None if thinking else "".join([*kept, text[place:]])


class Tagged(NamedTuple):
    """What stands between two tags."""

    name: str
    content: str
    start: int  # where the opening tag begins
    end: int  # behind the closing one


def tagged(text: str, tags: re.Pattern[str]) -> list[Tagged]:
    """Return what stands between every opening tag and the closing one of its name that follows before any other."""
    found = []
    opened: re.Match[str] | None = None
    for tag in tags.finditer(text):
        if not tag[1]:
            opened = tag
        elif opened and opened[2].lower() == tag[2].lower():
            found.append(Tagged(tag[2].lower(), text[opened.end() : tag.start()], opened.start(), tag.end()))
            opened = None
    return found


def without(text: str, parts: list[Tagged]) -> str:
    """Return a text without some parts of it, which follow each other."""
    cuts = [0, *(place for part in parts for place in (part.start, part.end)), len(text)]
    return "".join(text[a:b] for a, b in zip(cuts[::2], cuts[1::2], strict=True))


def last_object(text: str) -> dict[str, Any] | None:
    """Return the last JSON object in a text that has an "action", or a "name" and "arguments", if there is one."""
    decoder, place = json.JSONDecoder(), len(text)
    for _ in range(MOST_OBJECTS):
        place = text.rfind("{", 0, place)
        if place < 0:
            return None
        try:
            found, _ = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict) and ("action" in found or {"name", "arguments"} <= found.keys()):
            return found
    return None


class Reader:
    """Reads the replies to one book.

    Args:
        actions: names of the book's actions.
        answer: the form that the student was asked for, "tag", "json" or "tool".
        reply_chars: characters of a reply, without its reasoning, that are read: the last ones.
        call: what an action that is called by name and arguments is, None if it is none.
    """

    def __init__(
        self,
        actions: tuple[str, ...],
        answer: str,
        reply_chars: int,
        call: Callable[[str, Mapping[str, Any]], int | None],
    ) -> None:
        self._numbers = {name.upper(): number for number, name in enumerate(actions)}
        self._reply_chars = reply_chars
        self._call = call
        forms = [self._in_tags, self._in_json, self._alone]
        self._forms = forms if answer == "tag" else [forms[1], forms[0], forms[2]]

    def read(self, reply: str | None) -> Read:
        """Return what a reply says. None, as some endpoints send it, is an empty reply.

        Raises:
            TypeError: the reply is neither a string nor None.
        """
        if reply is not None and not isinstance(reply, str):
            raise TypeError(f"reply of type {type(reply).__name__}: give the student's words as a string")
        text = without_reasoning((reply or "").encode("utf-8", "replace").decode())  # without halves of characters
        if text is None:
            return Read(None, TRUNCATED, "")
        said = text.strip()[-self._reply_chars :]
        if not said:
            return Read(None, EMPTY, "")
        parts = tagged(said, NOTE_TAGS)
        notes = tuple((part.name, part.content.strip()) for part in parts)
        rest = without(said, parts)  # notes may quote actions
        for form in self._forms:
            named, action = form(rest)
            if named:
                return Read(action, "" if action is not None else UNKNOWN, said, named, notes)
        return Read(None, UNKNOWN, said, notes=notes)

    def number(self, name: str) -> int | None:
        """Return the number of an action by name, in any case and between any quotes; None if it is no action."""
        plain = unicodedata.normalize("NFKC", name[: 4 * LONGEST_NAME])  # letters of full width, other kinds of blanks
        seen = "".join(c for c in plain if unicodedata.category(c) != "Cf")
        return self._numbers.get(seen.strip(QUOTES).replace(" ", "_").replace("-", "_").upper())

    def _in_tags(self, text: str) -> tuple[str, int | None]:
        named = [part.content for part in tagged(text, ACTION_TAGS)]
        opened = [tag.end() for tag in ACTION_TAGS.finditer(text) if not tag[1]] if not named else []
        if len(opened) == 1:  # generation was stopped at the closing tag
            named = [text[opened[0] :]]
        named = [name for name in named if name.strip(QUOTES) not in ("", PLACEHOLDER)]
        return (named[-1], self.number(named[-1])) if named else ("", None)

    def _in_json(self, text: str) -> tuple[str, int | None]:
        found = last_object(text)
        if found is None:
            return "", None
        if isinstance(found.get("action"), str):
            name = found["action"]
            return ("", None) if name == PLACEHOLDER else (name or "{}", self.number(name))
        if isinstance(found.get("name"), str) and isinstance(found.get("arguments"), dict):
            return found["name"] or "{}", self._call(found["name"], found["arguments"])
        return str(found.get("action"))[:LONGEST_NAME], None

    def _alone(self, text: str) -> tuple[str, int | None]:
        line = text.rstrip("` \n\r\t").rpartition("\n")[2]
        label = LABEL.match(line.lstrip(QUOTES))
        number = self.number(line.lstrip(QUOTES)[label.end() :] if label else line)
        return ("", None) if number is None else (line, number)
