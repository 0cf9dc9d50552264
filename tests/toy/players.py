"""Students from outside, importable by workers: `toy.players:Mortal` and others."""

import os
import pathlib
import signal
import time

import numpy as np

from textbook_gym.authoring.records import Row
from textbook_gym.engine.chapter_plan import make_plan


class Outside:
    """The model student of a book, played from outside as plain Python: it sees what everyone sees."""

    name = "outside"

    def begin(self, book, lanes, seed):
        self.book, self.plan = book, make_plan(book)
        self.notes = np.zeros(lanes, book.notes)
        self.last = [None] * lanes

    def act(self, observations, info):
        return np.array([self.one(i, seen, info) for i, seen in enumerate(observations)])

    def one(self, i, seen, info):
        p, n, module = Row(self.plan[info["chapter"][i] - 1]), Row(self.notes[i]), self.book.module
        page = Row(seen.astype(float).view(self.book.observation_type("f8"))[0])
        if self.last[i]:
            module.study(p, n, *self.last[i], page)
        elif not info["exercise_done"][i]:
            self.book.turn_page(self.notes[i])
            module.open_page(p, n, page)
        self.last[i] = None
        if info["exercise_done"][i]:
            return 0
        self.last[i] = (page, int(module.answer(p, n, page)))
        return self.last[i][1]

    def wipe(self, mask):
        self.notes[mask] = np.zeros(1, self.book.notes)


class Turner:
    """Goes through the actions one after another; its memory is where it is."""

    name = "turner"

    def begin(self, book, lanes, seed):
        self.actions, self.age = len(book.actions), np.full(lanes, seed)

    def act(self, observations, info):
        self.age += 1 + info["chapter"]
        return self.age % self.actions

    def wipe(self, mask):
        self.age[mask] = 0


class Patient(Turner):
    """Takes its time."""

    name = "patient"

    def act(self, observations, info):
        time.sleep(0.002)
        return super().act(observations, info)


class Mortal(Turner):
    """Kills its own process in the middle of a last, smaller block, as often as the file at $DEATHS has lines left."""

    name = "mortal"

    def act(self, observations, info):
        deaths = pathlib.Path(os.environ["DEATHS"])
        if info["chapter"][0] == 3 and len(observations) < 64 and (left := deaths.read_text().splitlines()):
            deaths.write_text("\n".join(left[1:]))
            os.kill(os.getpid(), signal.SIGKILL)
        return super().act(observations, info)


class Quarrelsome(Turner):
    """Fails by itself."""

    name = "quarrelsome"

    def act(self, observations, info):
        raise ValueError("I will not")
