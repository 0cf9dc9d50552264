"""The course: order, clock and pages; the only part that knows what a chapter is. What it pays: `engine.reward`.

A *lane* is everything about one learner: `clock` (where it is in the book and how it stands), `edition` (the hidden
world) and `state` (this exercise). The functions here are rules over a lane; a book's own rules are handed in as
arguments, so that one source serves every book, compiled or interpreted.

Functions take records, never whole arrays: handing an array on costs a reference count, more than a step costs.
"""

import enum
from typing import Any

import numpy as np

from textbook_gym.authoring.book import Book
from textbook_gym.authoring.contract import rule
from textbook_gym.authoring.fields import Field, record_type, widened
from textbook_gym.authoring.random import mix, shuffle
from textbook_gym.authoring.records import Record
from textbook_gym.engine.reward import Pays, settle
from textbook_gym.engine.splits import EDITION_STREAM, belongs

MOST_CHAPTERS = 16
LAST_NUMBER = (1 << 53) - 1  # edition numbers: exact in a double and in JSON
EDITIONS_TRIED = 1000  # editions drawn before a split counts as empty
DRAWS = 100  # at most, of each of them, until one is sound
SUCCESS = 0.9  # mark from which an exercise counts as a success

WRITE = 1001  # streams of an edition besides those of its chapters, which are 1, 2, ...
ORDER = 1002


class Episode(enum.IntEnum):
    """What a Gymnasium episode is: the keyword `episode=`."""

    EXERCISE = 0
    BOOK = 1  # the step that ends an exercise shows how it ended, the next action turns the page
    TRIAL = 2  # the whole book too, but the step that ends an exercise shows the first page of the next one


class Order(enum.IntEnum):
    """In which order chapters come: the keyword `order=`. The exam stays last."""

    BOOK = 0
    SHUFFLED = 1


class Stage(enum.IntEnum):
    """Where a lane stands."""

    BLANK = 0  # no edition yet
    OPEN = 1  # an exercise is posed
    OVER = 2  # the exercise is finished, another follows
    CLOSED = 3  # the last exercise of the book is finished


CLOCK = (
    Field("seed", "u8", "names the sequence of editions of this lane"),
    Field("opened", "i8", "editions drawn from the seed so far"),
    Field("number", "i8", "number of this edition, 0 to 2^53 - 1; -1 for a world set explicitly"),
    Field("salt", "u8", "what the numbers of editions are mixed with besides; 0 for the public editions"),
    Field("key", "u8", "random stream that all exercises of this edition are mixed from"),
    Field("grade", "f8", "running grade of this chapter"),
    Field("owed", "f8", "reward earned and not yet paid"),
    Field("mark", "f8", "mark of the exercise last finished"),
    Field("visible", "f8", "visible success of the exercise last finished"),
    Field("rise", "f8", "sum over finished chapters of (last grade - newcomer)"),
    Field("place", "i2", "position in `order`"),
    Field("chapter", "i2", "row of the plan"),
    Field("exercise", "i2", "exercises of this chapter finished before this one"),
    Field("step", "i2", "steps taken in this exercise"),
    Field("walked", "i2", "chapters finished in this edition"),
    Field("pays", "i1", "a `Pays`"),
    Field("split", "i1", "a `Split`"),
    Field("episode", "i1", "an `Episode`"),
    Field("shuffled", "i1", "an `Order`"),
    Field("asked", "i1", "1 if `number` was asked for by name, so the next opening must not draw one"),
    Field("start", "i1", "place of the chapter to open the edition at, normally 0"),
    Field("stage", "i1", "a `Stage`"),
    Field("order", "i1", "rows of the plan in the order in which they come", (MOST_CHAPTERS,)),
)


def clock_limit(name: str) -> int:
    """Return the greatest number that a field of the clock can hold."""
    return int(np.iinfo(next(f.kind for f in CLOCK if f.name == name)).max)


def lane_type(book: Book) -> np.dtype:
    """Return the record type of a lane: clock, edition, state."""
    clock = record_type(__name__, "CLOCK", CLOCK)
    return widened(np.dtype([("clock", clock), ("edition", book.edition), ("state", book.state)], align=True))


def edition_words(book: Book) -> tuple[int, int]:
    """Return the range of 64-bit words that EDITION takes in a lane."""
    fields = lane_type(book).fields
    assert fields is not None
    first = fields["edition"][1] // 8
    return first, first + book.edition.itemsize // 8


# --- editions, chapters, pages -----------------------------------------------------------


@rule
def open_edition(
    e: Record, s: Record, c: Record, words: Record, i: int, p: Record, write: Record, sound: Record, ends: Record
) -> bool:
    """Open a fresh edition in lane `i`, at its first chapter; return False if its split seems to have none."""
    if c.asked == 0:
        mix(s, c.seed, c.opened)
        c.number = s.rng & LAST_NUMBER
        c.opened += 1
    c.asked = 0
    mix(s, EDITION_STREAM, c.number)
    if c.salt != 0:  # a sealed edition: its number does not tell its world
        mix(s, s.rng, c.salt)
    c.key = s.rng
    for place in range(p.length):
        c.order[place] = place
    if c.shuffled == Order.SHUFFLED:
        mix(s, c.key, ORDER)
        shuffle(s, c.order, p.length - p.ends_in_exam)
    mix(s, c.key, WRITE)
    found = False
    for _ in range(EDITIONS_TRIED):
        for _ in range(DRAWS):
            for j in range(ends[0], ends[1]):  # also what lies between the fields, since that is hashed too
                words[i, j] = 0
            write(e, s)
            if sound(e):
                break
        if belongs(words, i, p, ends[0], ends[1], c.split):
            found = True
            break
    c.mark = 0.0
    c.visible = 0.0
    c.rise = 0.0
    c.walked = 0
    c.exercise = 0
    c.place = c.start
    c.chapter = c.order[c.place]
    c.start = 0
    return found


@rule
def clear(words: Record, i: int, first: int, kept: Record) -> None:
    """Set fields of record `i` to 0: from word `first` on, all but the bits to keep (see `fields.clearing`)."""
    for j in range(len(kept)):
        at: Any = np.uint64(first + j)  # unsigned, so that numba does not ask whether it counts from the end
        words[i, at] &= kept[j]


@rule
def begin(lane: Record, p: Record, pose: Record) -> None:
    """Pose the exercise that the clock stands at; it depends on edition, chapter and exercise number alone."""
    c, s = lane.clock, lane.state
    if c.exercise == 0:
        c.grade = p.newcomer
    mix(s, c.key, p.number)
    mix(s, s.rng, c.exercise + 1)
    pose(p, lane.edition, s)
    c.step = 0
    c.stage = Stage.OPEN


@rule
def turn_page(c: Record, p: Record) -> None:
    """Move the clock from a finished exercise to the next one of the book; `begin` then poses it."""
    c.exercise += 1
    if c.exercise == p.exercises:
        c.exercise = 0
        c.place += 1
        c.chapter = c.order[c.place]


@rule
def finish(lane: Record, p: Record, mark: Record, visible: Record) -> float:
    """End the exercise at what stands on the page; return the reward due."""
    c, s = lane.clock, lane.state
    due = settle(c, p, mark(p, s), visible(p, s))
    closed = c.exercise + 1 == p.exercises and c.place + 1 == p.length
    c.stage = Stage.CLOSED if closed else Stage.OVER
    return due


@rule
def act(lane: Record, p: Record, action: int, step: Record, mark: Record, visible: Record, raw: Record) -> float:
    """Take one action in an open exercise; return its reward. Once the course is over nothing happens.

    A negative action is none: a step of the exercise goes by, the book does not move (see `envs.multibook`).
    """
    c = lane.clock
    if c.stage != Stage.OPEN:
        return 0.0
    c.step += 1
    ended = False
    if action >= 0:
        ended = step(p, lane.edition, lane.state, action)
    reward = 0.0
    if ended or c.step >= p.limit:
        reward = finish(lane, p, mark, visible)
    if c.pays == Pays.RAW:
        reward = raw(p, lane.state) if action >= 0 else 0.0
    return reward


@rule
def show_page(lane: Record, p: Record, o: Record, observe: Record) -> None:
    """Write the observation: the book's signals and the header."""
    c = lane.clock
    exercise, steps, left = c.exercise + 1, c.step, p.limit - c.step if c.stage == Stage.OPEN else 0
    observe(p, lane.state, o)
    o.chapter = p.share
    o.exercise = exercise * p.exercise_share
    o.left = left * p.step_share
    o.first = steps == 0


@rule
def show_lane(
    lane: Record, p: Record, reward: float, out: Record, o: Record, observe: Record, shortcuts: Record
) -> None:
    """Write what one step tells: observation, header, `out`. Marks of an exam stay hidden, its grade until the end."""
    c, s = lane.clock, lane.state
    show_page(lane, p, o, observe)
    over = c.stage != Stage.OPEN
    closed = c.stage == Stage.CLOSED
    is_shown = over and p.exam == 0
    mark, visible, exercise, number = c.mark, c.visible, c.exercise + 1, c.number  # all is read before any is written:
    grade = c.grade if p.exam == 0 or closed else p.newcomer  # the compiler cannot know that `out` lies elsewhere
    ends = closed or (over and c.episode == Episode.EXERCISE)
    chapter, shortcut = p.number, shortcuts(p, s)
    gain = c.rise / c.walked if closed else 0.0
    out.reward = reward
    out.mark = mark if is_shown else 0.0
    out.visible = visible if is_shown else 0.0
    out.is_success = is_shown and mark >= SUCCESS
    out.grade = grade
    out.gain = gain
    out.shortcuts = shortcut
    out.edition = number
    out.chapter = chapter
    out.exercise = exercise
    out.exercise_done = over
    out.book_done = closed
    out.terminated = ends


@rule
def leave(lane: Record, p: Record, mark: Record, visible: Record) -> bool:
    """Leave the present page as a bare `reset()` does; return whether a fresh edition must be opened for the next one.

    An exercise that was not begun stays; one that was begun is given up at the mark it stands at; from a finished one
    the clock moves to the next. Where an episode is a whole book the same holds of the book.
    """
    c = lane.clock
    if c.stage == Stage.OPEN and c.step == 0 and (c.episode == Episode.EXERCISE or c.walked + c.exercise == 0):
        return False
    if c.stage == Stage.OPEN and c.episode == Episode.EXERCISE:
        due = finish(lane, p, mark, visible)
        c.owed += due
    if c.stage == Stage.OVER and c.episode == Episode.EXERCISE:
        turn_page(c, p)
        return False
    return True
