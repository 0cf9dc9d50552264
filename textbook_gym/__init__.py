"""textbook_gym: measure and train the ability to learn.

A Gymnasium suite in which an agent works through a textbook, chapter by chapter, exercise by exercise; the reward is
how much better it gets. Importing the package registers `textbook/<Book>-v*` (an episode is an exercise),
`textbook/<Book>Course-v*` (an episode is a whole course) and `textbook/<Book>Short-v*` (a course of three chapters).
"""

from textbook_gym.errors import BookError
from textbook_gym.registry import (
    BOOKS,
    CLASSICS,
    find,
    register,
    register_built_in,
    register_classics,
    register_library,
)

__version__ = "0.1.0"
__all__ = ["BOOKS", "CLASSICS", "BookError", "__version__", "find", "register"]

register_built_in()
register_library()
register_classics()
