"""What a person types to take an action: its name, the beginning of its name, or its key."""

import re
from collections.abc import Sequence

from textbook_gym.errors import did_you_mean
from textbook_gym.text import words

FREE = "abcdefghijklmnopqrstuvwxyz0123456789"


class Keys:
    """Reads what a person types: an action by name, by the beginning of its name, or by its key.

    A key is one character, the same in every course of the book: the ending of the name where the endings of all names
    with its verb are single and unique (`PULL_A` is a, `BIN_1` is 1), a first letter that no other name has, or else
    the next that is free. Where there are more actions than letters and digits, the last ones have none.

    Args:
        actions: names of the book's actions.

    Attributes:
        of: name of an action -> its key, "" if it has none.

    Example:
        >>> Keys(("BIN_1", "BIN_2", "HINT")).of
        {'BIN_1': '1', 'BIN_2': '2', 'HINT': 'h'}
    """

    def __init__(self, actions: Sequence[str]) -> None:
        self.actions = tuple(actions)
        self.of = dict.fromkeys(actions, "")
        for own in (endings(actions), [name[0].lower() for name in actions]):
            for name, key in zip(actions, own, strict=True):
                if own.count(key) == 1 and not self.of[name] and key not in self.of.values():
                    self.of[name] = key
        free = [key for key in FREE if key not in self.of.values()]
        for name in actions:
            if not self.of[name] and free:
                self.of[name] = free.pop(0)

    def read(self, typed: str) -> int:
        """Return the number of an action, in any case, with or without the underscores of its name.

        Raises:
            ValueError: it is no action, or may be several.
        """
        said = plain_key(typed)
        keys = [n for n, name in enumerate(self.actions) if said and self.of[name] == said]
        exact = [n for n, name in enumerate(self.actions) if plain_key(name) == said]
        begun = [n for n, name in enumerate(self.actions) if said and plain_key(name).startswith(said)]
        for found in (exact, keys, begun):
            if len(found) == 1:
                return found[0]
        shown = words.plain_ascii(typed.strip())[: words.QUOTED]
        if begun:
            raise ValueError(f"{shown!r} may be any of {len(begun)} actions; type more of it")
        raise ValueError(f"{shown!r} is no action{did_you_mean(shown.upper(), list(self.actions))}")


def endings(actions: Sequence[str]) -> list[str]:
    """Return the key that stands at the end of each name, "" twice or more where a verb's names have none."""
    last = [name.partition("_")[2].lower() for name in actions]
    verbs = [name.partition("_")[0] for name in actions]
    odd = {v for v, key in zip(verbs, last, strict=True) if len(key) != 1 or last.count(key) > 1}
    return ["" if v in odd else key for v, key in zip(verbs, last, strict=True)]


def plain_key(name: str) -> str:
    """Return a name as it is compared: in lower case, without underscores, dashes and spaces."""
    return re.sub(r"[\s_-]", "", name).lower()
