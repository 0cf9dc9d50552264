"""Does an agent whose memory goes from task to task learn to learn, and does the reward teach it to?

    python benchmarks/learning.py                 runs what is missing, one run after the other, then reports
    python benchmarks/learning.py --shard 0/2     every second run, for one of two processes
    python benchmarks/learning.py --report        tables and plots of what has come in

A run trains one student on one book's short course, for the same number of steps whatever its reward and memory, and
lets it walk test editions, memory kept and wiped at every exercise. Its result is one JSON file in
`results/learning/runs/`: an interrupted experiment goes on where it stopped. Rewards: improvement; mark (today's
paradigm), exam and visible as controls. Students:

    none        PPO without a memory
    ledger      PPO with the book's ledger, kept over the exercises of an edition
    amnesiac    the same, the same size, trained with the ledger wiped at every exercise
    recap-lstm  RecurrentPPO with the last action, reward and mark: what learns to learn in RL^2
    notebook    PPO with blank pages that it writes itself
"""

import argparse
import json
import pathlib
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import gymnasium
import numpy as np
import torch

from textbook_gym import __version__
from textbook_gym.atomic_write import beside
from textbook_gym.authoring.book import read
from textbook_gym.metrics.statistics import Estimate, estimate, iqm
from textbook_gym.registry import env_ids, find, short_id
from textbook_gym.students.base import REFERENCES
from textbook_gym.students.with_memory import as_worn
from textbook_gym.train.evaluation import examine, in_first_third, in_last_third, scores
from textbook_gym.train.run import checkpoint_path, train

RESULTS = pathlib.Path(__file__).parent / "results" / "learning"
MODELS = pathlib.Path("runs", "learning")
EDITIONS = 128  # test editions that a trained student walks
FIRST = 1000  # the first of them: no student was looked at on these while presets were chosen
SEEDS = (10, 11, 12)  # fresh, too
RISE = 0.15  # by how much the last third of a chapter must exceed the newcomer's
BOOKS = ("Vocabulary", "Concepts", "BanditsCourse", "Ballistics", "Automata", "Maintenance")
"""Books by name, whose short course is read, or `<Book>Course`: all of it, where three chapters teach too little."""
EXAMINED = ("BanditsCourse", "Maintenance")  # trained on the exam's reward besides
WRITTEN = ("Vocabulary", "Concepts")  # trained with other memories besides

STUDENTS: dict[str, dict[str, Any]] = {
    "none": {"memory": None},
    "ledger": {"memory": "ledger"},
    "amnesiac": {"memory": "ledger", "settings": {"keep": "exercise"}},
    "recap-lstm": {"algo": "ppo_lstm", "memory": "recap"},
    "notebook": {"memory": "notebook"},
}


class Run(NamedTuple):
    """One training run."""

    book: str
    reward: str
    student: str
    seed: int

    @property
    def name(self) -> str:
        """What its file is called."""
        return "-".join(str(part) for part in self)


def env_of(book: str) -> str:
    """Return the id of the course that is read of a book in `BOOKS`."""
    return env_ids(find(book).name)[1] if book.endswith("Course") else short_id(book)


def plan() -> list[Run]:
    """Return all runs, the most telling first, so that an experiment cut short still says something."""
    pair = ("none", "ledger")
    return [
        *(Run(b, "improvement", s, seed) for seed in SEEDS for b in BOOKS for s in ("ledger", "amnesiac", "none")),
        *(Run(b, "mark", s, seed) for seed in SEEDS for b in BOOKS for s in pair),
        *(Run("Maintenance", "visible", s, seed) for seed in SEEDS for s in pair),
        *(Run(b, "exam", s, seed) for seed in SEEDS for b in EXAMINED for s in pair),
        *(Run(b, "improvement", "notebook", seed) for seed in SEEDS for b in WRITTEN),
        *(Run(b, "improvement", "recap-lstm", seed) for seed in SEEDS for b in WRITTEN),
    ]


def result_of(rows: dict[str, np.ndarray], shortcut: bool) -> dict[str, Any]:
    """Return what is kept of a walk: mean marks by exercise, and scores by edition."""
    kept, wiped = rows["kept"], rows["wiped"]
    chapters = kept["chapter"][0]
    by_edition = {
        "gain": kept["reward"].sum(axis=1) / len(np.unique(chapters)),
        "mark": kept["mark"].mean(axis=1),
        "benefit": (kept["mark"] - wiped["mark"]).mean(axis=1),
        "first": kept["mark"][:, in_first_third(kept)].mean(axis=1),
        "last": kept["mark"][:, in_last_third(kept)].mean(axis=1),
    }
    if shortcut:
        by_edition["duct_tape"] = (kept["visible"] - kept["mark"]).mean(axis=1)
    for c in np.unique(chapters):
        by_edition[f"chapter_{c}"] = kept["mark"][:, chapters == c].mean(axis=1)
    return {
        "chapters": chapters.tolist(),
        "curve": {name: np.round(r["mark"].mean(axis=0), 4).tolist() for name, r in rows.items()},
        "editions": {name: np.round(values, 3).tolist() for name, values in by_edition.items()},
    }


def carry_out(run: Run, env_id: str, folder: pathlib.Path = RESULTS, **how: Any) -> None:
    """Train, examine, write the result to `runs/` of a folder; `how` is handed to `train`."""
    begun, cpu = time.perf_counter(), time.process_time()
    history: dict[int, dict[str, float]] = {}

    def progress(done: int, total: int, latest: dict[str, float]) -> None:
        if latest and latest not in history.values():
            history[done] = latest

    out = MODELS / run.name
    checkpoint_path(out).unlink(missing_ok=True)  # of a run that was cut
    model = train(
        env_id,
        out=out,
        seed=run.seed,
        evaluations=5,
        progress=progress,
        **{**STUDENTS.get(run.student, STUDENTS["ledger"]), **how},
    )
    seconds = time.perf_counter() - begun, time.process_time() - cpu
    rows = examine(as_worn(model), env_id, editions=EDITIONS, first=FIRST)
    result = {
        **run._asdict(),
        "version": __version__,
        "steps": model.textbook["steps"],
        "lanes": model.textbook["lanes"],
        "parameters": sum(p.numel() for p in model.policy.parameters()),
        "seconds": round(seconds[0], 1),
        "cpu_seconds": round(seconds[1], 1),
        "history": history,
        "scores": scores(rows),
        **result_of(rows, read(gymnasium.spec(env_id).kwargs["book"]).has_shortcut),
    }
    path = folder / "runs" / f"{run.name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    with beside(path) as part:
        part.write_text(json.dumps(result) + "\n", encoding="utf-8")
    found = result["scores"]
    print(
        f"{run.name:38} {seconds[0]:5.0f} s  gain {found['gain']:+.3f}  mark {found['mark']:.3f}  "
        f"memory benefit {found['memory_benefit']:+.3f}  last third {found['mark_last_third']:.3f}",
        flush=True,
    )


# --- report --------------------------------------------------------------------------------

Results = dict[tuple[str, str, str], list[dict[str, Any]]]
"""(book, reward, student) -> its runs, by seed."""


def results() -> Results:
    """Return what has come in."""
    found: Results = {}
    for run in plan():
        path = RESULTS / "runs" / f"{run.name}.json"
        if path.is_file():
            found.setdefault(run[:3], []).append(json.loads(path.read_text(encoding="utf-8")))
    return found


def references(book: str) -> dict[str, dict[str, Any]]:
    """Return what the newcomer and the model student reach on the same editions."""
    shortcut = find(book).has_shortcut
    return {
        name: result_of(examine(REFERENCES[name], env_of(book), editions=EDITIONS, first=FIRST), shortcut)
        for name in ("newcomer", "model")
    }


def of(runs: list[dict[str, Any]], score: str, less: list[float] | None = None) -> Estimate:
    """Return the IQM of a score over editions and seeds, editions resampled within each seed; `less` is taken off."""
    off = np.zeros(1) if less is None else np.asarray(less)
    return estimate([np.asarray(r["editions"][score]) - off for r in runs])


class Line(NamedTuple):
    """A row of the table."""

    book: str
    reward: str
    student: str
    seeds: int
    steps: int
    gain: Estimate
    mark: Estimate
    benefit: Estimate
    lowest_benefit: float  # of a seed
    rise: Estimate  # last third of the chapters, less the newcomer's in the same editions
    exam: Estimate | None
    duct_tape: Estimate | None

    @property
    def learns(self) -> bool:
        """Whether it meets the criterion: memory pays, and at the end it is well above its first day."""
        return self.benefit.low > 0.0 and self.rise.value >= RISE


def lines(found: Results, known: dict[str, dict[str, dict[str, Any]]]) -> Iterator[Line]:
    """Return the rows of the table."""
    for (book, reward, student), runs in found.items():
        exam = f"chapter_{len(find(book).chapters)}"
        newcomer = known[book]["newcomer"]["editions"]["last"]
        yield Line(
            book, reward, student, len(runs), runs[0]["steps"],
            of(runs, "gain"), of(runs, "mark"), of(runs, "benefit"), min(r["scores"]["memory_benefit"] for r in runs),
            of(runs, "last", newcomer),
            of(runs, exam) if exam in runs[0]["editions"] else None,
            of(runs, "duct_tape") if "duct_tape" in runs[0]["editions"] else None,
        )  # fmt: skip


def write_table(table: list[Line]) -> None:
    """Write `summary.csv`: value, low and high of every estimate."""
    columns = [f for f in Line._fields if f not in ("book", "reward", "student", "seeds", "steps", "lowest_benefit")]
    head = ["book", "reward", "student", "seeds", "steps", "lowest_benefit"]
    rows = [",".join([*head, *(f"{c}{part}" for c in columns for part in ("", "_low", "_high")), "learns"])]
    for line in table:
        cells = [str(getattr(line, h)) for h in head]
        for c in columns:
            value = getattr(line, c)
            cells += [f"{v:.4f}" for v in value] if value is not None else ["", "", ""]
        rows.append(",".join([*cells, str(line.learns)]))
    with beside(RESULTS / "summary.csv") as part:
        part.write_text("\n".join(rows) + "\n", encoding="utf-8")


def print_table(table: list[Line]) -> None:
    """Print the table, and which books meet the criterion."""
    from rich.console import Console
    from rich.table import Table

    console = Console(width=150)
    headings = ("book", "reward", "student", "seeds", "gain", "mark", "memory benefit", "last third - newcomer")
    shown = Table(*headings, "exam", "duct tape", "learns", title="IQM over test editions [95 % interval]")
    for line in table:
        cells = (line.gain, line.mark, line.benefit, line.rise, line.exam, line.duct_tape)
        shown.add_row(
            line.book, line.reward, line.student, str(line.seeds),
            *("" if c is None else f"{c.value:.2f} \\[{c.low:.2f}, {c.high:.2f}]" for c in cells),
            "yes" if line.learns else "no",
        )  # fmt: skip
    console.print(shown)
    by = {line[:3]: line for line in table}
    for reward in ("improvement", "mark"):
        met, unmet = [], []
        for book in dict.fromkeys(line.book for line in table):
            # `amnesiac` is of the same size and was trained with its ledger wiped; `none` is smaller
            with_memory, same = by.get((book, reward, "ledger")), by.get((book, reward, "amnesiac"))
            others = [line for line in (same, by.get((book, reward, "none"))) if line]
            if with_memory and others:
                learns = with_memory.learns and not any(line.learns for line in others)
                (met if learns else unmet).append(f"{book}{'' if same else ' (no control of the same size)'}")
        print(
            f"reward={reward}: with a ledger the memory benefit is above 0 (95 % interval) and the last third at least "
            f"{RISE} above the newcomer's, and with a ledger wiped at every exercise or none not, "
            f"in {len(met)} books: {', '.join(met) or 'none'}; "
            f"not in: {', '.join(unmet) or 'none'}"
        )
    both = [b for b in BOOKS if all((b, r, "ledger") in by for r in ("improvement", "mark"))]
    if both:
        for reward in ("improvement", "mark"):
            strata = [by_seed(results()[b, reward, "ledger"]) for b in both]
            print(f"ledger, reward={reward}, gain over {len(both)} books (runs resampled in books): {estimate(strata)}")


def by_seed(runs: list[dict[str, Any]]) -> np.ndarray:
    """Return one gain a run, the IQM over its editions."""
    return np.array([float(iqm(np.asarray(r["editions"]["gain"]))) for r in runs])


def plots(found: Results, known: dict[str, dict[str, dict[str, Any]]], table: list[Line]) -> None:
    """Draw learning curves and bars of memory benefit."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    books = list(known)
    wide = min(4, len(books))
    tall = -(-len(books) // wide)
    figure, axes = pyplot.subplots(tall, wide, figsize=(3.6 * wide, 2.7 * tall), squeeze=False, sharey=True)
    looks = (
        (("improvement", "ledger"), "kept", "PPO, ledger kept", "tab:blue", "-"),
        (("improvement", "ledger"), "wiped", "the same, wiped", "tab:blue", ":"),
        (("improvement", "none"), "kept", "PPO, no memory", "tab:red", "-"),
    )
    for axis, book in zip(axes.flat, books, strict=False):
        chapters = np.asarray(known[book]["newcomer"]["chapters"])
        count = range(1, 1 + len(chapters))
        for name, colour in (("newcomer", "0.6"), ("model", "black")):
            axis.plot(count, known[book][name]["curve"]["kept"], color=colour, lw=1, label=f"{name}")
        for key, control, label, colour, style in looks:
            curves = np.array([r["curve"][control] for r in found.get((book, *key), [])])
            if len(curves):
                axis.plot(count, curves.mean(axis=0), style, color=colour, label=label)
                axis.fill_between(count, curves.min(axis=0), curves.max(axis=0), color=colour, alpha=0.15, lw=0)
        for cut in np.flatnonzero(np.diff(chapters)):
            axis.axvline(cut + 1.5, color="0.85", lw=0.8)
        axis.set(title=book, xlabel="exercise", ylim=(0, 1.02))
        axis.xaxis.get_major_locator().set_params(integer=True)
    for axis in list(axes.flat)[len(books) :]:
        axis.set_visible(False)
    axes[0][0].set_ylabel("mark, test editions")
    figure.tight_layout()
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="lower right", fontsize=8)
    save(figure, "curves.png")
    kinds = list(dict.fromkeys((line.reward, line.student) for line in table))
    figure, axis = pyplot.subplots(figsize=(1.3 * len(books) + 3, 3.6))
    colours = pyplot.get_cmap("tab20").colors  # there are more kinds than default colours
    for k, kind in enumerate(kinds):
        for line in (x for x in table if (x.reward, x.student) == kind):
            at = books.index(line.book) + (k - len(kinds) / 2 + 0.5) * 0.75 / len(kinds)
            low, value, high = line.benefit.low, line.benefit.value, line.benefit.high
            label = f"{kind[1]}, {kind[0]}" if line.book == next(x.book for x in table if x[1:3] == kind) else None
            spread = [[max(value - low, 0.0)], [max(high - value, 0.0)]]
            axis.bar(at, value, 0.7 / len(kinds), color=colours[k], yerr=spread, label=label, error_kw={"lw": 0.8})
    for book in range(1, len(books)):
        axis.axvline(book - 0.5, color="0.85", lw=0.8)
    axis.axhline(0, color="black", lw=0.8)
    axis.set(xticks=range(len(books)), xticklabels=books, ylabel="memory benefit (mark kept - wiped)")
    axis.legend(fontsize=6)
    figure.tight_layout()
    save(figure, "benefit.png")


def save(figure: Any, name: str) -> None:
    """Write a picture beside its place, then rename."""
    with beside(RESULTS / name) as part:
        figure.savefig(part, dpi=110, format="png")


def report() -> None:
    """Print and write what has come in."""
    found = results()
    known = {book: references(book) for book in BOOKS if any(key[0] == book for key in found)}
    table = list(lines(found, known))
    if not table:
        print(f"nothing in {RESULTS} yet")
        return
    write_table(table)
    print_table(table)
    plots(found, known, table)


def main() -> None:
    """Run what is missing, then report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--report", action="store_true", help="only report")
    parser.add_argument("--shard", default="0/1", metavar="I/N", help="carry out runs I, I + N, ... (default all)")
    parser.add_argument("--steps", type=int, help="steps a run (default: the preset's of the book)")
    parser.add_argument("--book", action="append", choices=BOOKS, help="only runs of this book; repeatable")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    first, every = (int(part) for part in chosen.shard.split("/"))
    if not chosen.report:
        for run in plan()[first::every]:
            done = (RESULTS / "runs" / f"{run.name}.json").is_file()
            if not done and (chosen.book is None or run.book in chosen.book):
                carry_out(run, env_of(run.book), reward=run.reward, steps=chosen.steps)
    if chosen.report or every == 1:
        report()


if __name__ == "__main__":
    main()
