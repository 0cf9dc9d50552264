"""Courses played on the flat view, and again in words.

`python tests/text/courses.py` writes the golden transcripts anew: the model student on one seminar course of every
book. A change there is a change of what a model reads.
"""

import functools
import pathlib
from typing import NamedTuple

import numpy as np

from textbook_gym.authoring.records import Row
from textbook_gym.engine.lanes import Lanes
from textbook_gym.registry import BOOKS, find, id_of
from textbook_gym.text import Desk

EDITION = 1


def keywords(book_name):
    """Keywords of a book's seminar course."""
    return {"course": "seminar", "split": "all"}


class Played(NamedTuple):
    actions: list[str]  # by name, without those that turn pages
    rewards: list[float]  # what each brought
    gain: float


@functools.cache
def play(book_name, who):
    """One seminar course on the flat view, walked by "model" (the model student) or "random"."""
    lanes = Lanes(find(book_name).path, episode="book", **keywords(book_name))
    act, learn = (model if who == "model" else random)(lanes.book)
    obs, out = lanes.buffers()
    seen = obs.view(lanes.book.observation_type())[:, 0]
    lanes.reset(np.ones(1, np.bool_), obs, out, {"edition": EDITION})
    actions, rewards = [], []
    while not out["book_done"][0]:
        p = Row(lanes.plan[int(lanes.records["clock"]["chapter"][0])])
        learn(p, None, None, seen[0].copy())
        while not out["exercise_done"][0]:
            before = seen[0].copy()
            actions.append(int(act(p, before)))
            lanes.advance(np.array(actions[-1:]), obs, out)
            rewards.append(float(out["reward"][0]))
            learn(p, before, actions[-1], seen[0].copy())
        if not out["book_done"][0]:
            lanes.advance(np.array([0]), obs, out)  # any action turns the page
    return Played([lanes.book.actions[a] for a in actions], rewards, float(out["gain"][0]))


def random(book):
    """A policy that knows nothing."""
    rng = np.random.default_rng(3)
    return lambda p, o: rng.integers(len(book.actions)), lambda *_: None


def model(book):
    """The model student as policy and learner."""
    notes = np.zeros(1, book.notes)
    notes["rng"] = EDITION
    n = Row(notes[0])

    def wide(seen):
        record = np.zeros(1, book.observation_type("f8"))
        for name in record.dtype.names:
            record[name] = seen[name]
        return Row(record[0])

    def learn(p, before, action, o):
        if before is None:
            book.turn_page(notes)
            book.module.open_page(p, n, wide(o))
        else:
            book.module.study(p, n, wide(before), action, wide(o))

    return lambda p, o: book.module.answer(p, n, wide(o)), learn


GOLDEN = pathlib.Path(__file__).parent / "golden"


def transcript(book_name):
    """The model student's seminar course as a conversation, for people to read."""
    desk = Desk(id_of(book_name), **keywords(book_name))
    lines = [f"{book_name}, edition {EDITION}"]

    def enter(messages):
        for message in messages:
            lines.extend(["", f"## {message['role']}", message["content"]])

    enter(desk.open(edition=EDITION))
    for action in play(book_name, "model").actions:
        turn = desk.reply(f"<action>{action}</action>")
        lines.extend(["", f"> {action}" + f"  = reward {turn.reward:+.4f}" * turn.info["exercise_done"]])
        enter(turn.messages)
    return "\n".join([*lines, "", f"= gain {turn.info['gain']:+.4f}"]) + "\n"


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name in BOOKS:
        (GOLDEN / f"{name}.txt").write_text(transcript(name))
