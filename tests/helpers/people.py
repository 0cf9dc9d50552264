"""People who play courses: what they choose, what they type."""

import numpy as np

from textbook_gym.registry import find


def choices(book, seed=0):
    """Random actions of a course, without end."""
    rng = np.random.default_rng(seed)
    while True:
        yield int(rng.integers(len(find(book).actions)))


def finish(course, seed=0, left=-1):
    """Play on at random for so many replies, or to the end."""
    actions = choices(course.book, seed)
    while not course.desk.done and left:
        course.turn_page() if course.closing else course.act(next(actions))
        left -= 1
    return course


def typed(monkeypatch, lines):
    """Have these lines piped in; an exception is raised where it stands."""
    waiting = iter(lines)

    def read(prompt=""):
        line = next(waiting, None)
        if line is None:
            raise EOFError
        if isinstance(line, type):
            raise line
        return line

    monkeypatch.setattr("builtins.input", read)
