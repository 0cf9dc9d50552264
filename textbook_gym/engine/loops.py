"""The loops over lanes, as plain Python closed over the rules of a book and of the course."""

import enum
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from textbook_gym.authoring.book import Book
from textbook_gym.authoring.contract import rule
from textbook_gym.authoring.fields import clearing
from textbook_gym.authoring.random import below
from textbook_gym.authoring.records import Record
from textbook_gym.engine import course
from textbook_gym.engine.course import Episode, Stage, edition_words, lane_type
from textbook_gym.engine.prefetch import FAR, NEAR, fetch_lane


class Actor(enum.IntEnum):
    """The reference students that `walk` knows. The newcomer is the model student, wiped at every exercise."""

    RANDOM = 0
    MODEL = 1
    ORACLE = 2


class Others(enum.IntEnum):
    """What `turn` does in lanes whose page it does not turn: take an action, write what they show, or nothing."""

    ACT = 0
    SHOW = 1
    REST = 2


class Wipe(enum.IntEnum):
    """When a walking student's notes are wiped.

    Example:
        >>> Wipe["CHAPTER"] > Wipe.EXERCISE
        True
    """

    NEVER = 0
    EXERCISE = 1
    CHAPTER = 2


ROWS = np.dtype(
    [
        ("chapter", "i4"),
        ("exercise", "i4"),
        ("steps", "i4"),
        ("shortcuts", "i4"),
        ("mark", "f8"),
        ("grade", "f8"),
        ("reward", "f8"),
        ("visible", "f8"),
    ],
    align=True,
)
"""What `walk` writes for every exercise: true marks and grades, the exam's too."""


class Clearing(NamedTuple):
    """How parts of a lane are set to 0: for each part, what `fields.clearing` returns.

    Attributes:
        fresh: the state, when a book begins.
        page: the state, when an exercise begins: all but fields that last.
        notes: of the model student's notes those of one page, when an exercise begins.
    """

    fresh: tuple[int, np.ndarray]
    page: tuple[int, np.ndarray]
    notes: tuple[int, np.ndarray]


def clearing_of(book: Book) -> Clearing:
    """Return what is set to 0 in lanes of a book, and when."""
    state = lane_type(book).fields["state"][1]  # type: ignore[index]  # a lane has fields
    names = {*(book.state.names or ())} - {"rng"}
    lasting = {f.name for f in book.module.STATE if f.lasting}
    return Clearing(
        fresh=clearing(book.state, names, state),
        page=clearing(book.state, names - lasting, state),
        notes=clearing(book.notes, {f.name for f in book.module.NOTES if f.page}),
    )


def make_loops(book: Book, rules: SimpleNamespace | None = None) -> dict[str, Callable[..., int]]:
    """Return the loops of a book as plain Python functions, closed over its rules.

    Args:
        book: the book.
        rules: what to call instead of the book's own rules, by name.
    """
    rules = rules or book.rules()
    return {"turn": make_turn_loop(book, rules), "walk": make_walk_loop(book, rules)}


def make_turn_loop(book: Book, r: SimpleNamespace) -> Callable[..., int]:
    """Return the loop that turns pages and takes actions, one for every lane."""
    write, sound, pose, step, observe, mark = r.write, r.sound, r.pose, r.step, r.observe, r.mark
    visible, shortcuts, raw, ahead = r.visible, r.shortcuts, r.raw, r.ahead
    (fresh_at, fresh_kept), (state_at, state_kept), _ = clearing_of(book)
    ends = edition_words(book)

    def turn_loop(lanes: Record, words: Record, plan: Record, others: int, mask: Record, chosen: Record,
                  seen: Record, out: Record, start: int, stop: int) -> int:  # fmt: skip
        failed = 0
        for k in range(start, stop):
            if k + FAR < stop:
                fetch_lane(words, k + FAR, ends[1])
            if k + NEAR < stop:
                h: Any = np.uint64(k + NEAR)  # spares the compiler the question whether it counts from the end
                ahead(lanes[h].edition, lanes[h].state, chosen[h])
            i: Any = np.uint64(k)
            lane, c = lanes[i], lanes[i].clock
            reward = 0.0
            turned = False
            if mask[i]:
                if course.leave(lane, plan[c.chapter], mark, visible):
                    course.clear(words, i, fresh_at, fresh_kept)
                    e, s = lane.edition, lane.state
                    failed += not course.open_edition(e, s, c, words, i, plan[0], write, sound, ends)
                turned = True
            elif others == Others.ACT and c.stage == Stage.OVER:  # in a longer episode any action turns the page
                course.turn_page(c, plan[c.chapter])
                turned = True
            elif others == Others.ACT:
                reward = course.act(lane, plan[c.chapter], chosen[i], step, mark, visible, raw)
            elif others == Others.REST:
                continue
            p = plan[c.chapter]
            if turned:
                course.clear(words, i, state_at, state_kept)
                course.begin(lane, p, pose)
            course.show_lane(lane, p, reward, out[i], seen[i], observe, shortcuts)
            if c.stage == Stage.OVER and c.episode == Episode.TRIAL:
                course.turn_page(c, p)
                course.clear(words, i, state_at, state_kept)
                course.begin(lane, plan[c.chapter], pose)
                course.show_page(lane, plan[c.chapter], seen[i], observe)
        return failed

    return turn_loop


@rule
def copy_cells(cells: Record, source: int, to: Record, row: int) -> None:
    """Copy a row of floats to a row of wider ones."""
    for j in range(cells.shape[1]):
        to[row, j] = cells[source, j]


@rule
def write_row(row: Record, p: Record, lane: Record, reward: float, shortcuts: Callable[..., Any]) -> None:
    """Write what came of an exercise, a record of `ROWS`."""
    c = lane.clock
    row.chapter = p.number
    row.exercise = c.exercise + 1
    row.steps = c.step
    row.shortcuts = shortcuts(p, lane.state)
    row.mark = c.mark
    row.grade = c.grade
    row.reward = reward
    row.visible = c.visible


def make_walk_loop(book: Book, r: SimpleNamespace) -> Callable[..., int]:
    """Return the loop that walks reference students through exercises, a row of `ROWS` for each."""
    pose, step, observe, mark, visible, shortcuts, raw = (
        r.pose, r.step, r.observe, r.mark, r.visible, r.shortcuts, r.raw)  # fmt: skip
    oracle, open_page, study, answer, actions = r.oracle, r.open_page, r.study, r.answer, len(book.actions)
    _, (state_at, state_kept), (page_at, page_kept) = clearing_of(book)

    def walk_loop(lanes: Record, words: Record, plan: Record, notes: Record, note_words: Record, blank: Record,
                  seen: Record, flat_seen: Record, wide: Record, flat_wide: Record, rows: Record, who: Record,
                  learns: int, wipe: int, start: int, stop: int) -> int:  # fmt: skip
        for i in range(start, stop):
            lane, c, n = lanes[i], lanes[i].clock, notes[i]
            before, after = wide[2 * i], wide[2 * i + 1]
            for row in range(rows.shape[1]):
                if wipe == Wipe.EXERCISE or (wipe == Wipe.CHAPTER and c.exercise == 0):
                    stream, lacks = n.rng, n.lacks
                    notes[i] = blank[0]
                    n.rng, n.lacks = stream, lacks
                p = plan[c.chapter]
                reward, action, begun = 0.0, 0, False
                while True:  # each rule is called at one place only, since calls are inlined
                    course.show_page(lane, p, seen[i], observe)
                    copy_cells(flat_seen, i, flat_wide, 2 * i + 1)
                    if learns and begun:
                        study(p, n, before, action, after)
                    elif learns:
                        course.clear(note_words, i, page_at, page_kept)
                        open_page(p, n, after)
                    begun = True
                    if c.stage != Stage.OPEN:
                        break
                    copy_cells(flat_wide, 2 * i + 1, flat_wide, 2 * i)
                    if who[row] == Actor.MODEL:
                        action = int(answer(p, n, before))
                    elif who[row] == Actor.ORACLE:
                        action = int(oracle(p, lane.edition, lane.state))
                    else:
                        action = below(n, actions)
                    reward += course.act(lane, p, action, step, mark, visible, raw)
                write_row(rows[i, row], p, lane, reward, shortcuts)
                if c.stage == Stage.OVER:
                    course.turn_page(c, p)
                    course.clear(words, i, state_at, state_kept)
                    course.begin(lane, plan[c.chapter], pose)
        return 0

    return walk_loop
