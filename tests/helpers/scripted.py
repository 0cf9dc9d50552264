"""A stand-in for a language model, and the course that it walks: what every adapter must come to, too."""

import hashlib
import re

from textbook_gym.adapters import desk_of

KEYWORDS = {"chapters": [1, 3], "exercises": 2}  # two chapters of Bandits, 28 replies
ROW = {"id": "textbook/Bandits-v1", "split": "test", "edition": 7, "keywords": KEYWORDS}
SEEDED = {"id": "textbook/Bandits-v1", "split": "test", "seed": 7, "keywords": KEYWORDS}
OTHER = {**ROW, "edition": 8}


def reply(page):
    """An arm that follows from the words of the page alone."""
    arm = "ABC"[hashlib.sha256(page.encode()).digest()[0] % 3]
    return f"Let me try {arm}. <action>PULL_{arm}</action>"


def arm(page):
    """The action in `reply`, by name."""
    return re.search(r"<action>(.*)</action>", reply(page))[1]


def pages(messages):
    """What the book says in messages of any library that are dicts."""
    return [m["content"] for m in messages if m["role"] in ("user", "tool")]


def course(row, replies=None, desk=None):
    """Walk a course on the desk itself: its pages and rewards, cut by `finish` after so many replies."""
    desk = desk or desk_of(row)
    shown, rewards = [desk.context[-1]["content"]], []
    while not desk.done and (replies is None or len(rewards) < replies):
        turn = desk.reply(reply(shown[-1]))
        shown.append(turn.messages[-1]["content"])
        rewards.append(turn.reward)
    if not desk.done:
        rewards.append(desk.finish().reward)
    return shown, rewards
