"""Does it matter what is paid for? Three ways of paying the same student for the same course.

    python benchmarks/payment.py                 runs what is missing, then reports
    python benchmarks/payment.py --shard 0/2     every second run, for one of two processes
    python benchmarks/payment.py --report        table and picture of what has come in

    improvement  the reward of this suite: by how much the grade rises; an episode is the course
    marks        the mark of every exercise; an episode is the course
    near         the mark of every exercise, and every exercise is an episode of its own: today's paradigm. The memory
                 goes on from exercise to exercise as in the other two; only no return looks beyond the exercise

All else is equal: student, memory, steps, algorithm, gamma = 1. The courses are those in which a known way pays now
and a better one must be found or made at a cost; KnownArm (`known_arm.py`) is the smallest of them. Of the books those
chapters are taken whose model student needs foresight, and which a ledger has been seen to learn in part: one seed
(1) of `improvement` and `near` was looked at to choose them, and no seed of the table.

What would count against the thesis that the reward of improvement teaches to pay now for later: a last third of
`near` that is no lower than that of `improvement` (the interval of the difference holds 0 or lies below it), in more
than two of five books. What would count against improvement as compared with plain marks over the course: a last
third of `marks` that is higher. Both were written down before the first run.
"""

import argparse
import json
import pathlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import gymnasium
import numpy as np
import torch
from learning import Run, carry_out

from textbook_gym.atomic_write import beside
from textbook_gym.metrics.statistics import Estimate, difference, estimate, mean
from textbook_gym.registry import env_ids, register, short_id

RESULTS = pathlib.Path(__file__).parent / "results" / "payment"
SEEDS = (20, 21, 22, 23, 24)
PAYMENTS: dict[str, dict[str, Any]] = {
    "improvement": {"reward": "improvement"},
    "marks": {"reward": "mark"},
    "near": {"reward": "mark", "episode": "exercise"},
}
EQUAL: dict[str, Any] = {"keywords": {"gamma": 1.0}}
STUDENTS = ("ledger", "recap-lstm")


def part_of(book: str, *chapters: int) -> str:
    """Register a course of some chapters of a book under an id of its own; return that."""
    course, name = gymnasium.spec(env_ids(book)[1]), "And".join(map(str, chapters))
    env_id = course.id.replace("Course-", f"Chapter{name}-")
    keywords = {**course.kwargs, "chapters": list(chapters)}
    gymnasium.register(env_id, course.entry_point, vector_entry_point=course.vector_entry_point, kwargs=keywords)
    return env_id


register("KnownArm", "known_arm")
COURSES = {
    "KnownArm": (env_ids("KnownArm")[1], 1_000_000),
    "Bandits2": (part_of("Bandits", 2), 500_000),
    "Concepts12": (part_of("Concepts", 1, 2), 600_000),
    "Maintenance1": (part_of("Maintenance", 1), 500_000),
    "Bandits": (short_id("Bandits"), 1_500_000),
}
"""Name in the table, of a book and its chapters -> id of the course, and steps of a run."""


def plan() -> list[Run]:
    """Return all runs, the ledger's first."""
    return [Run(c, p, s, seed) for s in STUDENTS for c in COURSES for seed in SEEDS for p in PAYMENTS]


def results() -> dict[tuple[str, str, str], list[dict[str, Any]]]:
    """Return what has come in: (course, payment, student) -> its runs, by seed."""
    found: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for run in plan():
        path = RESULTS / "runs" / f"{run.name}.json"
        if path.is_file():
            found.setdefault(run[:3], []).append(json.loads(path.read_text(encoding="utf-8")))
    return found


class Line(NamedTuple):
    """A row of the table: means over seeds and test editions, with 95 % intervals that cover both."""

    course: str
    payment: str
    student: str
    seeds: int
    first: Estimate  # mark in the first third of the chapters: what finding out costs
    last: Estimate  # in the last third
    gain: Estimate
    above_near: Estimate | None  # last third, less that of `near`


def lines() -> Iterator[Line]:
    """Return the rows of the table."""
    found = results()

    def matrix(runs: list[dict[str, Any]], score: str) -> np.ndarray:
        return np.array([run["editions"][score] for run in runs])

    for (course, payment, student), runs in found.items():
        near = found.get((course, "near", student), [])
        above = None
        if near and payment != "near":
            above = difference([matrix(runs, "last")], [matrix(near, "last")], statistic=mean)
        figures = (estimate([matrix(runs, score)], statistic=mean) for score in ("first", "last", "gain"))
        yield Line(course, payment, student, len(runs), *figures, above)


def report() -> None:
    """Print the table, and write it to `summary.csv`."""
    table = list(lines())
    head = ["course", "payment", "student", "seeds"]
    figures = ["first", "last", "gain", "above_near"]
    rows = [",".join([*head, *(f"{c}{part}" for c in figures for part in ("", "_low", "_high"))])]
    for line in table:
        cells = [str(getattr(line, h)) for h in head]
        for c in figures:
            value = getattr(line, c)
            cells += [f"{v:.4f}" for v in value] if value is not None else ["", "", ""]
        rows.append(",".join(cells))
        print(
            f"{line.course:12} {line.student:11} {line.payment:12} {line.seeds} seeds  first {line.first}  "
            f"last {line.last}  above near {line.above_near or '-'}"
        )
    RESULTS.mkdir(parents=True, exist_ok=True)
    with beside(RESULTS / "summary.csv") as part:
        part.write_text("\n".join(rows) + "\n", encoding="utf-8")


def main() -> None:
    """Run what is missing, then report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--report", action="store_true", help="only report")
    parser.add_argument("--shard", default="0/1", metavar="I/N", help="carry out runs I, I + N, ... (default all)")
    parser.add_argument("--course", action="append", choices=list(COURSES), help="only this course; repeatable")
    parser.add_argument("--student", action="append", choices=STUDENTS, help="only this student; repeatable")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    first, every = (int(part) for part in chosen.shard.split("/"))
    for run in [] if chosen.report else plan()[first::every]:
        env_id, steps = COURSES[run.book]
        wanted = run.book in (chosen.course or COURSES) and run.student in (chosen.student or STUDENTS)
        if wanted and not (RESULTS / "runs" / f"{run.name}.json").is_file():
            carry_out(run, env_id, RESULTS, steps=steps, **EQUAL, **PAYMENTS[run.reward])
    if chosen.report or every == 1:
        report()


if __name__ == "__main__":
    main()
