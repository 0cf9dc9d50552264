"""Students: cheats must lose, agents from outside meet the same book, memories can be taken away."""

import numpy as np
import pytest
from helpers.cheats import Crammer

from textbook_gym.engine.lanes import Lanes
from textbook_gym.engine.loops import Actor, Wipe
from textbook_gym.registry import find
from textbook_gym.students.base import REFERENCES, Reference
from textbook_gym.students.resolve import as_student
from textbook_gym.students.rollout import walk
from textbook_gym.students.wrappers import FunctionAgent

EDITIONS = 96


def gains(student, book_name, split="test", reward="improvement", editions=EDITIONS):
    """Reward of a whole course, by edition."""
    book = find(book_name)
    lanes = Lanes(book.path, editions, episode="book", split=split, reward=reward)
    return walk(student, lanes, list(range(editions)), Wipe.NEVER)["reward"].sum(axis=1)


CHEATS = {
    "sandbagger": Reference("sandbagger", (Actor.RANDOM,) * 4 + (Actor.MODEL,) * 4),
    "saw-tooth": Reference("saw-tooth", (Actor.ORACLE, Actor.RANDOM)),
    "gambler": REFERENCES["random"],
    "forgetter": Reference("forgetter", (Actor.MODEL,), Wipe.CHAPTER),
}


@pytest.mark.parametrize("cheat", [*CHEATS, "crammer"])
def test_cheats_earn_less_than_the_honest_student(book_name, cheat):
    student = Crammer(book_name) if cheat == "crammer" else CHEATS[cheat]
    honest, cheated = gains(REFERENCES["model"], book_name), gains(student, book_name)
    difference = honest - cheated
    assert difference.mean() > 3 * difference.std() / np.sqrt(len(difference)), (honest.mean(), cheated.mean())


def test_the_crammer_knew_its_training_edition(book_name):
    """It fails for want of learning, not for want of skill."""
    crammer = Crammer(book_name)
    lanes = Lanes(find(book_name).path, 1, episode="book", split="train")
    assert walk(crammer, lanes, [0], Wipe.NEVER)["mark"].min() == 1.0


def test_newcomer_is_the_model_student_wiped(book_name):
    book = find(book_name)
    lanes = [Lanes(book.path, 8, episode="book") for _ in range(2)]
    newcomer = walk(REFERENCES["newcomer"], lanes[0], list(range(8)), Wipe.NEVER)
    wiped = walk(REFERENCES["model"], lanes[1], list(range(8)), Wipe.EXERCISE)
    assert newcomer.tobytes() == wiped.tobytes()


def test_an_agent_from_outside_meets_the_same_book_as_the_compiled_student():
    """The oracle, played from outside through its privileged action, is marked like the compiled one."""
    book = find("Bandits")
    lanes = Lanes(book.path, 5, episode="book", split="test")

    def oracle(observations):
        return [lanes.hidden(i)["oracle"] for i in range(len(lanes))]

    outside = walk(FunctionAgent(oracle, "outside"), lanes, list(range(5)), Wipe.NEVER)
    inside = walk(REFERENCES["oracle"], Lanes(book.path, 5, episode="book", split="test"), list(range(5)), Wipe.NEVER)
    for column in ("chapter", "exercise", "mark", "grade", "reward", "steps", "visible"):
        assert np.array_equal(outside[column], inside[column]), column


class Counter:
    """Counts what it is told to forget."""

    name = "counter"

    def begin(self, book, lanes, seed):
        self.wiped = np.zeros(lanes, int)

    def act(self, observations, info):
        return np.zeros(len(observations), int)

    def wipe(self, mask):
        self.wiped += mask


@pytest.mark.parametrize(("wipe", "times"), [(Wipe.NEVER, 0), (Wipe.EXERCISE, 79), (Wipe.CHAPTER, 5)])
def test_memory_is_taken_away_between_pages(wipe, times):
    counter = Counter()
    walk(counter, Lanes(find("Bandits").path, 3, episode="book"), [0, 1, 2], wipe)
    assert counter.wiped.tolist() == [times] * 3


def test_students_are_found_by_name_or_refused():
    assert as_student("model") is REFERENCES["model"]
    assert as_student("numpy:zeros_like").name == "numpy:zeros_like"
    refused = {
        "modle": "did you mean 'model'",
        "none.zip": "no such file",
        "no:where": "cannot be imported",
        3: "give a",
    }
    for wrong, message in refused.items():
        with pytest.raises(ValueError, match=message):
            as_student(wrong)
