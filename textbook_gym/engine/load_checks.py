"""Courses that another process saved, looked at before they are let in.

A checksum says that bytes are whole, not that a course wrote them. Compiled rules do not check their indices, so a
number that no course can hold may read, or write, what is not theirs. What is looked at, on a copy:

- the clock, field by field, against the plan;
- the edition: one that has a number is opened anew and must be the same to the last bit, one that was set explicitly
  must be allowed by `reset(options={"edition": ...})`;
- the state of the exercise: what it shows must lie within the bounds of its signals, and plain Python, which checks
  every index, takes each action in it, then some to the end of the exercise and into the next one.

What this process has saved itself is not looked at again (see `serialization`), so that going back and forth is cheap.
"""

from collections.abc import Iterator

import numpy as np

from textbook_gym.authoring.book import Book
from textbook_gym.engine.batch import words
from textbook_gym.engine.course import LAST_NUMBER, Stage, edition_words
from textbook_gym.engine.engine import Engine
from textbook_gym.engine.engine import engine as engine_of
from textbook_gym.engine.info import OUT
from textbook_gym.engine.loops import Others
from textbook_gym.engine.reset_options import read_edition
from textbook_gym.errors import BookError

FIXED = ("salt", "pays", "split", "episode", "shuffled")  # fields of the clock that follow from the settings
AHEAD = 24  # steps that are taken at random, after each action by itself
MOST_OWED = 1e6  # rewards that can be owed: far more than a course has
BOUNDS_SLACK = 1e-5  # by which what is shown may lie outside its bounds: rounding


def check_saved_courses(engine: Engine, plan: np.ndarray, own: np.void, records: np.ndarray) -> None:
    """Refuse records that no course can have left.

    Args:
        engine: of their book.
        plan: rows of the course.
        own: the clock of a lane that they are for: settings.
        records: one record of the lanes' type for each course.

    Raises:
        ValueError: the first finding, in one line.
    """
    for i, record in enumerate(records):
        for finding in clock_findings(plan, own, record["clock"]):
            raise damaged(i, finding)
    same_worlds(engine, plan, own, records)
    slow = Rehearsal(engine.book, plan)
    for i in range(len(records)):
        finding = slow.finding(records[i : i + 1])
        if finding:
            raise damaged(i, finding)


def damaged(i: int, finding: str) -> ValueError:
    """Return the error for a finding in a course."""
    return ValueError(f"the saved course {i} is damaged: {finding}; save it again")


# --- the clock -----------------------------------------------------------------------------------


def clock_findings(plan: np.ndarray, own: np.void, clock: np.void) -> Iterator[str]:
    """Return what is wrong with a clock: fields out of range first, then those that do not go together."""
    length = len(plan)
    ranges = {
        "opened": (0, LAST_NUMBER),
        "number": (-1, LAST_NUMBER),
        "grade": (min(0.0, *plan["newcomer"]), 1.0),
        "owed": (-MOST_OWED, MOST_OWED),
        "mark": (0.0, 1.0),
        "visible": (0.0, 1.0),
        "rise": (-float(length), float(length)),
        "place": (0, length - 1),
        "chapter": (0, length - 1),
        "walked": (0, length),
        "asked": (0, 1),
        "start": (0, length - 1),
        "stage": (min(Stage), max(Stage)),
        "exercise": (0, int(plan["exercises"].max()) - 1),
        "step": (0, int(plan["limit"].max())),
    }
    for name, (low, high) in ranges.items():
        value = clock[name].item()
        if not low <= value <= high:
            yield f"clock.{name} is {value!r}, not from {low} to {high}"
            return
    for name in FIXED:
        if clock[name] != own[name]:
            yield f"clock.{name} is {clock[name]}, of other settings"
            return
    p, stage = plan[int(clock["chapter"])], clock["stage"]
    order = clock["order"].tolist()
    free = 0 if stage == Stage.BLANK else length - int(plan["ends_in_exam"][0])
    expected = [*sorted(order[:free]), *order[free:length]]
    if stage != Stage.BLANK and (expected != list(range(length)) or order[clock["place"]] != clock["chapter"]):
        yield f"clock.order is {order}, clock.place {clock['place']} and clock.chapter {clock['chapter']}"
    if stage == Stage.BLANK and any(clock[name] for name in ("place", "exercise", "step", "walked")):
        yield "clock.stage is 0, but a course is under way"
    if clock["exercise"] >= p["exercises"] or clock["step"] > p["limit"]:
        yield f"clock.exercise is {clock['exercise']} and clock.step {clock['step']}, more than the chapter has"
    if stage == Stage.OPEN and clock["step"] >= p["limit"]:
        yield f"clock.step is {clock['step']} in an open exercise of {p['limit']}"
    ended = clock["exercise"] + 1 == p["exercises"] and clock["place"] + 1 == length
    if stage == (Stage.OVER if ended else Stage.CLOSED):
        yield f"clock.stage is {stage}, which does not go with its place"


# --- the edition ---------------------------------------------------------------------------------


def same_worlds(engine: Engine, plan: np.ndarray, own: np.void, records: np.ndarray) -> None:
    """Refuse editions that are not those of their numbers, or that nobody could set."""
    stages, numbers = records["clock"]["stage"], records["clock"]["number"]
    fresh = np.zeros(len(records), engine.lane)
    clock = fresh["clock"]
    for name in FIXED:
        clock[name] = own[name]
    clock["number"], clock["asked"] = np.maximum(numbers, 0), 1
    seen = engine.observations(len(records))[1]
    every, none, out = np.ones(len(records), np.bool_), np.zeros(len(records), np.int64), np.zeros(len(records), OUT)
    try:
        engine.turn(fresh, plan, Others.REST, every, none, seen, out, 1)
    except BookError as error:
        raise ValueError(f"the saved course is damaged: {error}; save it again") from error
    part = slice(*edition_words(engine.book))
    same = (words(fresh)[:, part] == words(records)[:, part]).all(axis=1)
    for i in np.flatnonzero(stages != Stage.BLANK).tolist():
        if numbers[i] >= 0:
            if not same[i] or clock["key"][i] != records["clock"]["key"][i]:
                raise damaged(i, f"its edition is not the one of number {numbers[i]}")
            if (clock["order"][i] != records["clock"]["order"][i]).any():
                raise damaged(i, "clock.order is not the one of its edition")
            continue
        edition = records["edition"][i]
        try:
            read_edition(engine.book, {name: edition[name] for name in edition.dtype.names})
        except ValueError as error:
            raise damaged(i, str(error)) from error


# --- the state -----------------------------------------------------------------------------------


class Rehearsal:
    """Plays saved courses ahead as plain Python, on copies."""

    def __init__(self, book: Book, plan: np.ndarray) -> None:
        self.book, self.plan, self.engine = book, plan, engine_of(book, interpreted=True)
        self.flat, self.seen = self.engine.observations(1)
        self.out = np.zeros(1, OUT)
        self.low, self.high = book.bounds()
        self.actions = len(book.actions)

    def finding(self, record: np.ndarray) -> str:
        """Return what is wrong with the state of a course, "" for nothing."""
        rng = np.random.default_rng(0)
        stage, left = record["clock"]["stage"][0], gaps(self.book, record)
        if left:
            return left
        if stage == Stage.BLANK:
            return "" if not words(record["state"]).any() else "there is a state, but no exercise yet"
        where = ""
        try:
            with np.errstate(all="ignore"):
                where = "what it shows"
                self._turn(record.copy(), Others.SHOW, 0)
                if stage == Stage.OPEN:
                    for action in range(self.actions):
                        where = self.book.actions[action]
                        self._turn(copied(record), Others.ACT, action)
                ahead = copied(record)
                for action in rng.integers(0, self.actions, AHEAD):
                    where = f"{self.book.actions[action]}, some steps ahead"
                    self._turn(ahead, Others.ACT if ahead["clock"]["stage"][0] == Stage.OPEN else Others.REST, action)
        except Outside as error:
            return f"{where}: {error}"
        except Exception as error:  # a rule fails: whatever it stumbles over, it met what no course leaves
            return f"its state cannot be played on ({where}: {type(error).__name__}: {error})"
        return ""

    def _turn(self, record: np.ndarray, others: Others, action: int) -> None:
        """Take an action, or turn the page (REST), or look (SHOW); refuse what is shown outside of its bounds."""
        mask = np.array([others == Others.REST])
        self.engine.turn(record, self.plan, others, mask, np.array([action]), self.seen, self.out, 1)
        inside = (self.flat[0] >= self.low - BOUNDS_SLACK) & (self.flat[0] <= self.high + BOUNDS_SLACK)
        if not inside.all():
            names = [s.name for s in self.book.signals for _ in range(s.size)]
            j = int(np.flatnonzero(~inside)[0])
            named = names[j] if j < len(names) else "the header"
            raise Outside(f"{named} shows {self.flat[0, j]:g}, not from {self.low[j]:g} to {self.high[j]:g}")
        mark, visible = (record["clock"][name][0] for name in ("mark", "visible"))
        if not (0.0 <= mark <= 1.0 and 0.0 <= visible <= 1.0):
            raise Outside(f"its mark comes to {mark}, its visible success to {visible}")


class Outside(ValueError):
    """A saved course shows or earns what none can."""


def copied(record: np.ndarray) -> np.ndarray:
    """Return a copy of records, to the last bit."""
    return words(record).copy().view(record.dtype)[:, 0]


def gaps(book: Book, record: np.ndarray) -> str:
    """Return what is wrong with fields of STATE by themselves, "" for nothing."""
    for field in book.module.STATE:
        values = record["state"][field.name]
        if field.kind == "f8" and not np.isfinite(values).all():
            return f"state.{field.name} is {values.ravel()[~np.isfinite(values.ravel())][0]}"
    return ""
