"""A desk of a short course, replies of all kinds, and a walk to its end."""

import numpy as np

from textbook_gym.text import Desk

BANDITS = "textbook/Bandits-v1"
SHORT = {"chapters": [1, 3, 6], "exercises": [2, 1, 2]}
MEMORIES = ["transcript", "notebook", "none"]


def desk(**keywords):
    """A desk of a short course of Bandits."""
    return Desk(BANDITS, **(SHORT | keywords))


def answers(seed):
    """Replies of all kinds, most of them actions."""
    rng = np.random.default_rng(seed)
    kinds = ["<action>PULL_A</action>", "pull c", '{"action": "PULL_B"}', "<note>x</note>PULL_A", "", "<think>", "no"]
    while True:
        yield str(rng.choice(kinds, p=[0.3, 0.2, 0.2, 0.15, 0.05, 0.05, 0.05]))


def walk(d, seed=0):
    """Turns to the end of a course that is open."""
    turns = []
    for reply in answers(seed):
        if d.done:
            return turns
        turns.append(d.reply(reply))


def newcomers(d):
    """What newcomers earn in the chapters of a course."""
    return sum(d.lane.book.chapters[number - 1].newcomer for number in d.lane.rows)
