"""Memories: what a student carries from exercise to exercise; `base` says what a memory is and how to write one.

Example:
    >>> import gymnasium as gym
    >>> from textbook_gym.memory import Ledger
    >>> from textbook_gym.remember import Remember
    >>> env = Remember(gym.make("textbook/Bandits-v1"), Ledger(keep="chapter"))
"""

from textbook_gym.memory.base import KEEPS, Memory
from textbook_gym.memory.boundaries import Keep
from textbook_gym.memory.catalogue import MEMORIES, make_memory
from textbook_gym.memory.interface import READ, RememberedBox, Step
from textbook_gym.memory.ledger import Ledger
from textbook_gym.memory.notebook import Notebook
from textbook_gym.memory.recall import Recall
from textbook_gym.memory.recap import Recap
from textbook_gym.memory.saving import check_each, check_range
from textbook_gym.memory.stepping import Stepper
from textbook_gym.memory.transcript import Transcript

__all__ = [
    "KEEPS",
    "MEMORIES",
    "READ",
    "Keep",
    "Ledger",
    "Memory",
    "Notebook",
    "Recall",
    "Recap",
    "RememberedBox",
    "Step",
    "Stepper",
    "Transcript",
    "check_each",
    "check_range",
    "make_memory",
]
