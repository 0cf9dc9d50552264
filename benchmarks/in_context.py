"""Does a small network that needs no ledger learn in context, over whole courses?

    python benchmarks/in_context.py                     trains what is missing, one book after the other, then reports
    python benchmarks/in_context.py --books Concepts    only these books
    python benchmarks/in_context.py --shard 0/2         trains every second book, for one of two processes
    python benchmarks/in_context.py --report            examines, writes table and curves of what there is

A training is `textbook-gym train --algo in-context` with the preset of the book; its arrays become those that ship with
the package. Interrupted, the same command goes on. Missing is what has no arrays, or arrays of another version of the
book: its worlds or rules have changed since. To train a book anew all the same, delete its arrays here and in
`runs/in_context`. The students then walk test editions that no choice has seen.
"""

import argparse
import csv
import hashlib
import json
import pathlib
import shutil
from typing import Any

import numpy as np
import torch
from learning import EDITIONS, FIRST, RISE, result_of

from textbook_gym.atomic_write import beside
from textbook_gym.metrics.statistics import Estimate, estimate
from textbook_gym.registry import BUILT_IN, env_ids, find
from textbook_gym.students.base import REFERENCES
from textbook_gym.students.in_context import IN_CONTEXT, InContext, shipped_arrays, weights_path
from textbook_gym.students.weights_file import Header, world_digest
from textbook_gym.train.evaluation import examine
from textbook_gym.train.in_context import arrays_path, checkpoint_of, train

RESULTS = pathlib.Path(__file__).parent / "results"
RUNS = pathlib.Path("runs", "in_context")
FIGURES = ("gain", "last", "wiped", "newcomer", "model", "benefit", "better", "rise", "exam", "exam_newcomer")
"""Estimates of the table: gain; marks in the last third of the chapters, of the student, of the student wiped, of
newcomer and model student; mark kept less wiped, and less the better of wiped and newcomer; last third less the
newcomer's; mark in the exam, and the newcomer's."""


def header_of(book: str) -> Header | None:
    """Return what the arrays of a book say of themselves, None if there are none for it as it is."""
    try:
        return shipped_arrays(find(book))[0]
    except ValueError:
        return None


def carry_out(book: str) -> None:
    """Train a book, or go on; put the arrays where they ship from."""
    out, env_id = arrays_path(RUNS / f"{book}-{world_digest(find(book))}"), env_ids(book)[1]

    def progress(done: int, total: int, latest: dict[str, float]) -> None:
        print(f"{book}: {done:,} of {total:,} steps, {latest}", flush=True)

    if not out.is_file():
        train(env_id, out=out, resume=checkpoint_of(out).is_file(), progress=progress)
    path = weights_path(IN_CONTEXT, book)
    path.parent.mkdir(parents=True, exist_ok=True)
    with beside(path) as part:
        shutil.copyfile(out, part)


def examined(book: str, header: Header) -> dict[str, Any]:
    """Return what the students reached in test editions: results by student; kept in a file of these arrays."""
    arrays = hashlib.sha256(weights_path(IN_CONTEXT, book).read_bytes()).hexdigest()[:16]
    path = RUNS / f"{book}-{header.world}-{arrays}.json"
    if not path.is_file():
        env_id = env_ids(book)[1]
        found = {}
        for name, who in ((IN_CONTEXT, InContext()), *((n, REFERENCES[n]) for n in ("newcomer", "model"))):
            rows = examine(who, env_id, editions=EDITIONS, first=FIRST)
            found[name] = result_of(rows, False)
            if name == IN_CONTEXT:
                found["wiped"] = result_of({"kept": rows["wiped"], "wiped": rows["wiped"]}, False)
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside(path) as part:
            part.write_text(json.dumps(found), encoding="utf-8")
    return dict(json.loads(path.read_text(encoding="utf-8")))


def figures_of(found: dict[str, Any], exam: int) -> dict[str, Estimate]:
    """Return the estimates of `FIGURES`: interquartile means over editions with their 95 % intervals."""
    of = {name: {k: np.asarray(v) for k, v in r["editions"].items()} for name, r in found.items()}
    mine, wiped, newcomer = of[IN_CONTEXT], of["wiped"], of["newcomer"]
    better = max(wiped["mark"], newcomer["mark"], key=np.mean)
    scores = (
        mine["gain"], mine["last"], wiped["last"], newcomer["last"], of["model"]["last"],
        mine["mark"] - wiped["mark"], mine["mark"] - better, mine["last"] - newcomer["last"],
        mine[f"chapter_{exam}"], newcomer[f"chapter_{exam}"],
    )  # fmt: skip
    return dict(zip(FIGURES, (estimate([score]) for score in scores), strict=True))


def report() -> None:
    """Write the table and draw the curves of all books that have arrays."""
    rows, curves = [], {}
    for book in BUILT_IN:
        header = header_of(book)
        if header is None:
            print(f"{book}: no arrays for it as it is")
            continue
        curves[book] = examined(book, header)
        figures = figures_of(curves[book], len(find(book).chapters))
        last = header.curve[-1]
        row = {"book": book, "seed": header.seed, "steps": int(last["steps"]), "seconds": round(last["seconds"])}
        for name, (value, low, high) in figures.items():
            row |= {name: f"{value:.4f}", f"{name}_low": f"{low:.4f}", f"{name}_high": f"{high:.4f}"}
        learns = min(figures["benefit"].low, figures["better"].low) > 0.0 and figures["rise"].value >= RISE
        rows.append({**row, "learns": learns})
        print(f"{book:12}", *(f"{name} {figures[name].value:+.3f}" for name in FIGURES), "learns" if learns else "")
    if rows:
        with beside(RESULTS / "in_context.csv") as part, part.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        plot(curves)


def plot(curves: dict[str, Any]) -> None:
    """Draw learning curves, a panel a book."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    wide = min(4, len(curves))
    tall = -(-len(curves) // wide)
    figure, axes = pyplot.subplots(tall, wide, figsize=(3.6 * wide, 2.7 * tall), squeeze=False, sharey=True)
    looks = (
        ("newcomer", "newcomer", "0.6", "-"),
        ("model", "model student", "black", "-"),
        (IN_CONTEXT, "in-context", "tab:blue", "-"),
        ("wiped", "the same, wiped", "tab:blue", ":"),
    )
    for axis, (book, found) in zip(axes.flat, curves.items(), strict=False):
        chapters = np.asarray(found[IN_CONTEXT]["chapters"])
        for name, label, colour, style in looks:
            axis.plot(range(1, 1 + len(chapters)), found[name]["curve"]["kept"], style, color=colour, lw=1, label=label)
        for cut in np.flatnonzero(np.diff(chapters)):
            axis.axvline(cut + 1.5, color="0.85", lw=0.8)
        axis.set(title=book, xlabel="exercise", ylim=(0, 1.02))
    for axis in list(axes.flat)[len(curves) :]:
        axis.set_visible(False)
    axes[0][0].set_ylabel("mark, test editions")
    axes[0][0].legend(fontsize=6)
    figure.tight_layout()
    with beside(RESULTS / "in_context.png") as part:
        figure.savefig(part, dpi=110, format="png")


def main() -> None:
    """Train what is missing, then report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--report", action="store_true", help="only report")
    parser.add_argument("--shard", default="0/1", metavar="I/N", help="train books I, I + N, ... (default all)")
    parser.add_argument("--books", nargs="+", choices=BUILT_IN, default=BUILT_IN, help="train only these")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    first, every = (int(part) for part in chosen.shard.split("/"))
    if not chosen.report:
        for book in list(chosen.books)[first::every]:
            if header_of(book) is None:
                carry_out(book)
    if chosen.report or every == 1:
        report()


if __name__ == "__main__":
    main()
