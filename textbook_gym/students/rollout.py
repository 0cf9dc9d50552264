"""Courses walked by students: reference students in compiled loops, all others through the lanes of a batch."""

from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np

from textbook_gym.authoring.random import mix
from textbook_gym.engine.batch import check_actions
from textbook_gym.engine.lanes import Lanes
from textbook_gym.engine.loops import ROWS, Wipe
from textbook_gym.students.base import Agent, Reference


def walk(
    student: Reference | Agent,
    lanes: Lanes,
    editions: Sequence[int],
    wipe: Wipe,
    seed: int = 0,
    before: tuple[Lanes, Sequence[int]] | None = None,
    skipped: int = 0,
    begun: int = 0,
) -> np.ndarray:
    """Let a student walk one course in each lane, cover to cover.

    Args:
        student: who walks.
        lanes: as many as editions, with episode="book".
        editions: edition numbers.
        wipe: when its memory is taken away.
        seed: for the student's own randomness, mixed with the edition numbers (for one from outside: with `begun`).
        before: as many other lanes, and editions, that it walks first and whose memory it keeps. If they are the same
            editions, what it did to them lasts, too.
        skipped: exercises of the book before the course, where `who` of a reference student counts on from.
        begun: courses that a student from outside has walked before in its block. Its seed is mixed from that and not
            from the numbers of editions, which would tell it the worlds.

    Returns:
        records of type `ROWS`, shape (lanes, exercises of the course), with true marks, the exam's too.

    Example:
        >>> from textbook_gym.registry import find
        >>> from textbook_gym.students.base import REFERENCES
        >>> lanes = Lanes(find("Bandits").path, 2, episode="book")
        >>> walk(REFERENCES["oracle"], lanes, [0, 1], Wipe.NEVER)["mark"].min()
        np.float64(1.0)
    """
    walks = [(*before, 0)] if before else []
    walks.append((lanes, editions, skipped))
    left = before[0] if before and list(before[1]) == list(editions) else None
    if isinstance(student, Reference):
        notes = np.zeros(len(lanes), lanes.book.notes)
        notes["rng"] = [notes_stream(seed, edition) for edition in editions]
        notes["lacks"] = student.lacks
        wipe = student.wipe if wipe == Wipe.NEVER else wipe
        for course, numbers, done in walks:
            open_editions(course, numbers, left if course is lanes else None)
            who = [student.who[(done + k) % len(student.who)] for k in range(int(course.plan["exercises"].sum()))]
            rows = course.engine.walk(course.records, course.plan, notes, who, wipe, course.threads)
        return rows
    student.begin(lanes.book, len(lanes), notes_stream(seed, begun) >> 33)
    for number, (course, numbers, _) in enumerate(walks):
        if course is lanes and before and hasattr(student, "carry"):
            student.carry()
        buffers = open_editions(course, numbers, left if course is lanes else None)
        rows = walk_agent(student, course, *buffers, wipe, number if left is None else 0)
    return rows


def notes_stream(seed: int, edition: int) -> int:
    """Return the random stream (64 bits) of a student that walks an edition: mixed, so that no two share one."""
    generator = SimpleNamespace()
    mix(generator, seed, edition)
    return int(generator.rng)


def open_editions(lanes: Lanes, editions: Sequence[int], left: Lanes | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Open one edition in each lane, at its first page, whatever stood there before; return `obs` and `out`.

    `left` are lanes in which the same editions were walked: what outlived the exercises there is taken over.
    """
    obs, out = lanes.buffers()
    every = np.ones(len(lanes), np.bool_)
    lanes.reset(every, obs, out, {"edition": list(editions)}, [0] * len(lanes))
    lasting = [f.name for f in lanes.book.module.STATE if f.lasting]
    if left is not None and lasting:
        for name in lasting:
            lanes.records["state"][name] = left.records["state"][name]
        lanes.reset(every, obs, out)  # poses the first page anew: nothing was done in it yet
    return obs, out


def walk_agent(agent: Agent, lanes: Lanes, obs: np.ndarray, out: np.ndarray, wipe: Wipe, number: int = 0) -> np.ndarray:
    """Let a student from outside walk: all lanes step together, finished ones wait.

    It is not told the number of the edition, since the number tells the world, but `number` in its place.
    """
    n, total = len(lanes), int(lanes.plan["exercises"].sum())
    rows = np.zeros((n, total), ROWS)
    clock = lanes.records["clock"]
    page = np.zeros(n, int)  # exercises finished
    rewards = np.zeros(n)
    while True:
        info = {key: values.copy() for key, values in lanes.spec.info.views(out).items()}
        info["edition"][:] = number
        info["reward"] = out["reward"].copy()  # memories are told rewards too
        actions = check_actions(lanes, agent.act(obs.copy(), info))
        if (page == total).all():  # now the last page has been seen, too
            return rows
        open_before = ~out["exercise_done"]
        lanes.advance(actions, obs, out)
        rewards += out["reward"]
        for i in np.flatnonzero(out["exercise_done"] & open_before):
            c = clock[i]
            rows[i, page[i]] = (
                *(out[i][k] for k in ("chapter", "exercise")), c["step"], out[i]["shortcuts"],
                c["mark"], c["grade"], rewards[i], c["visible"],
            )  # fmt: skip
            page[i] += 1
            rewards[i] = 0.0
        turned = ~out["exercise_done"] & ~open_before
        if wipe == Wipe.CHAPTER:
            turned &= out["exercise"] == 1
        if wipe != Wipe.NEVER and turned.any():
            agent.wipe(turned)
