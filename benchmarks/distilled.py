"""Does a policy with a ledger learn more books if it learns from the model student first, and is paid afterwards?

    python benchmarks/distilled.py                runs what is missing, one book after the other, then reports
    python benchmarks/distilled.py --shard 0/2    every second run, for one of two processes
    python benchmarks/distilled.py --report       writes the table of what has come in

Twice each: labels alone (`distilled`: 600,000 labelled steps, then hardly any reward), and labels followed by 600,000
steps of reward (`rewarded`). Short courses, PPO with the book's ledger, test editions that no choice has seen, as in
`learning.py`, whose criterion of learning is used. The numbers of steps were chosen on Vocabulary, nothing else was.
"""

import argparse
import csv
import json
import pathlib
from typing import Any

import numpy as np
import torch
from learning import RISE, Run, carry_out, references

from textbook_gym.atomic_write import beside
from textbook_gym.metrics.statistics import Estimate, estimate
from textbook_gym.registry import BUILT_IN, short_id

RESULTS = pathlib.Path(__file__).parent / "results"
SEEDS = (30, 31, 32)
LABELLED = 600_000
STEPS = {"distilled": 16_384, "rewarded": 600_000}
"""What the table calls a student -> steps of reward behind the labels; the least is one rollout of all lanes."""


def plan() -> list[Run]:
    """Return all runs, the first seed of every book first."""
    return [Run(b, "improvement", s, seed) for seed in SEEDS for b in BUILT_IN for s in STEPS]


def found() -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Return what has come in: (book, student) -> its runs, by seed."""
    runs: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for run in plan():
        path = RESULTS / "distilled" / "runs" / f"{run.name}.json"
        if path.is_file():
            runs.setdefault((run.book, run.student), []).append(json.loads(path.read_text(encoding="utf-8")))
    return runs


def row(book: str, student: str, runs: list[dict[str, Any]], newcomer: dict[str, Any]) -> dict[str, Any]:
    """Return a row of the table: interquartile means over editions and seeds with 95 % intervals."""

    def over(score: str, less: list[float] | None = None) -> Estimate:
        return estimate([np.asarray(r["editions"][score]) - np.asarray(less or 0.0) for r in runs])

    figures = {
        "gain": over("gain"),
        "benefit": over("benefit"),
        "last": over("last"),
        "rise": over("last", newcomer["editions"]["last"]),
    }
    made: dict[str, Any] = {"book": book, "student": student, "seeds": len(runs)}
    for name, value in figures.items():
        made |= {name: f"{value.value:.4f}", f"{name}_low": f"{value.low:.4f}", f"{name}_high": f"{value.high:.4f}"}
    learns = figures["benefit"].low > 0.0 and figures["rise"].value >= RISE
    return {**made, "newcomer": f"{np.mean(newcomer['editions']['last']):.4f}", "learns": learns}


def report() -> None:
    """Print the table, and write it to `distilled.csv`."""
    runs = found()
    newcomers = {book: references(book)["newcomer"] for book in dict.fromkeys(b for b, _ in runs)}
    rows = [row(b, s, runs[b, s], newcomers[b]) for b in BUILT_IN for s in STEPS if (b, s) in runs]
    for r in rows:
        print(*(f"{k} {v}" for k, v in r.items() if not k.endswith(("low", "high"))))
    if rows:
        with beside(RESULTS / "distilled.csv") as part, part.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


def main() -> None:
    """Run what is missing, then report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--report", action="store_true", help="only report")
    parser.add_argument("--shard", default="0/1", metavar="I/N", help="carry out runs I, I + N, ... (default all)")
    parser.add_argument("--seeds", type=int, default=len(SEEDS), help=f"how many (default {len(SEEDS)})")
    parser.add_argument("--books", nargs="+", choices=BUILT_IN, default=BUILT_IN, help="only these")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    first, every = (int(part) for part in chosen.shard.split("/"))
    for run in [] if chosen.report else plan()[: chosen.seeds * len(BUILT_IN) * len(STEPS)][first::every]:
        if run.book in chosen.books and not (RESULTS / "distilled" / "runs" / f"{run.name}.json").is_file():
            carry_out(run, short_id(run.book), RESULTS / "distilled", steps=STEPS[run.student], distill=LABELLED)
    if chosen.report or every == 1:
        report()


if __name__ == "__main__":
    main()
