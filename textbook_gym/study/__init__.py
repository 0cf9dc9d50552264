"""Walking students through books under controls, and what is written and checked of it.

from textbook_gym.study import study
"""

from typing import Any

__all__ = ["study"]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    """Import `study` when it is asked for: workers walk jobs without the table's libraries."""
    if name == "study":
        from textbook_gym.study.run import study

        return study
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
