"""What a user chooses of a conversation, checked."""

from typing import Any, NamedTuple

from textbook_gym.errors import did_you_mean

TALK_MEMORIES = ("transcript", "notebook", "none")
PREFACES = ("rules", "bare", "full")
ANSWERS = ("tag", "json", "tool")


def chosen_of(keyword: str, value: Any, known: tuple[str, ...]) -> str:
    """Return a value that is known.

    Raises:
        ValueError: it is not.
    """
    if value not in known:
        hint = did_you_mean(str(value), list(known))
        raise ValueError(f"{keyword}={value!r}{hint}; choose one of {', '.join(known)}")
    return str(value)


class Settings(NamedTuple):
    """What a conversation is like; see `Desk` for what each means."""

    memory: str = "transcript"
    preface: str = "rules"
    answer: str = "tag"
    notebook_chars: int = 2000
    reply_chars: int = 4000

    def checked(self) -> "Settings":
        """Return these settings.

        Raises:
            ValueError: one of them is not known.
        """
        chosen_of("memory", self.memory, TALK_MEMORIES)
        chosen_of("preface", self.preface, PREFACES)
        chosen_of("answer", self.answer, ANSWERS)
        for name in ("notebook_chars", "reply_chars"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"{name}={value!r}: give a whole number >= 1")
        return self

    @property
    def keeps_notes(self) -> bool:
        """Whether there is a notebook."""
        return self.memory == "notebook"
