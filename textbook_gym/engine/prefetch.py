"""Asking for memory before it is needed.

With thousands of lanes side by side most of what a step reads lies outside the processor's nearest cache. A loop that
says some lanes ahead what it will read does not wait for it. That saves nothing where lanes are small, as in `Bandits`,
and most where they are large: two thirds of the time of a step on `RL2MDP`.
"""

from textbook_gym.authoring.contract import rule
from textbook_gym.authoring.records import Record

FAR = 24  # lanes ahead: fetch where clock and state begin
NEAR = 12  # lanes ahead, when those have come: fetch what the state points at; see the optional rule `ahead` of a book
LINE = 8  # words of 64 bits in a line of the cache


@rule
def fetch(cells: Record, number: int) -> None:
    """Have cell `number` of an array, counted in memory order, fetched into the cache; nothing in plain Python.

    `textbook_gym.engine.jit` says what the compiler makes of it.
    """


@rule
def fetch_lane(words: Record, lane: int, state: int) -> None:
    """Fetch clock and beginning of the state, which is so many words into the lane, of a lane seen as words."""
    first = lane * words.shape[1]
    fetch(words, first)
    fetch(words, first + LINE)
    fetch(words, first + state)
