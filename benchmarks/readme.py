"""Fill the README from what the project is and what was measured: `python benchmarks/readme.py`.

`--measure` first runs what is measured: the study (marks, curves), the SB3 example; `benchmarks/speed.py` is run by
itself, on a quiet machine. A test holds the README to what this script would write.
"""

import argparse
import csv
import pathlib
import re

import polars as pl

from textbook_gym.cli.books import headline
from textbook_gym.metrics.summary import summary
from textbook_gym.registry import BOOKS, CLASSICS, env_ids, find
from textbook_gym.report.terminal import curves, with_half
from textbook_gym.students.base import REFERENCES
from textbook_gym.study.run import study

ROOT = pathlib.Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"


def books() -> str:
    """Return the table of books."""
    lines = ["| book | about | chapters | actions | floats |", "|---|---|---|---|---|"]
    for name in BOOKS:
        book = find(name)
        chapters = ", ".join(c.name for c in book.chapters)
        shortcut = " *(has a shortcut)*" if book.has_shortcut else ""
        sizes = f"{len(book.actions)} | {book.width}"
        lines.append(f"| {name} | {headline(book)}{shortcut} | {chapters} | {sizes} |")
    return "\n".join(lines)


def results() -> str:
    """Return the table of the reference students."""
    figures = pl.read_csv(RESULTS / "summary.csv")
    lines = [
        "`textbook-gym study`: 256 test editions a book; interquartile means with half of the 95 % bootstrap interval.",
        "Gain is the mean over chapters of last grade - newcomer; thirds are mean marks in the first and last third of",
        "every chapter; memory benefit is the mean mark with memory kept less that with memory wiped every time.",
        "",
        "| book | student | gain | first third | last third | memory benefit |",
        "|---|---|---|---|---|---|",
    ]
    for row in figures.iter_rows(named=True):
        thirds = f"{row['first_third']:.2f} | {row['last_third']:.2f}"
        gain, benefit = with_half(row, "gain"), with_half(row, "memory_benefit")
        lines.append(f"| {row['book']} | {row['student']} | {gain} | {thirds} | {benefit} |")
    return "\n".join(lines)


def speed() -> str:
    """Return the table of speeds."""
    with (RESULTS / "speed.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    lines = [
        "`python benchmarks/speed.py`, one run, random actions, resets included; ratios are to a single Gymnasium",
        "CartPole, measured by turns with each. `single`: `env.step`; `vector`: `envs.step`; `loop`: compiled loop",
        "without Gymnasium's arrays; `rollout` whole courses; `vecenv` Stable-Baselines3's interface.",
        "",
        "| what | kind | lanes | threads | million steps/s | x CartPole |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        rate = int(row["steps_per_second"]) / 1e6
        cells = (
            row["what"],
            row["kind"],
            f"{int(row['lanes']):,}",
            row["threads"],
            f"{rate:.3g}",
            row["times_cartpole"],
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def classics() -> str:
    """Return the table of the classics shelf: every player at the papers' settings."""
    lines = ["| id | task |", "|---|---|"]
    for name in CLASSICS:
        lines.append(f"| `{env_ids(name)[0]}` | {headline(find(name))} |")
    with (RESULTS / "classics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    lines += [
        "",
        "`python benchmarks/classics.py`: raw reward an episode of the papers' scripted players, with standard errors;",
        "the published value stands beside it only where it is known with certainty.",
        "",
        "| task | setting | player | tuning | episodes | ours | published | deviation, in standard errors |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        ours = f"{float(row['value']):.4g} ± {float(row['error']):.2g}"
        published = f"{row['published']} ± {row['published_error']}" if row["published"] else ""
        cells = (
            row["task"],
            row["setting"],
            row["player"],
            row["tuning"],
            f"{int(row['episodes']):,}",
            ours,
            published,
        )
        lines.append("| " + " | ".join((*cells, row["deviation"])) + " |")
    return "\n".join(lines)


def learning() -> str:
    """Return what the experiment on training showed."""
    with (RESULTS / "learning" / "summary.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    lines = [
        "`python benchmarks/learning.py` trains on short courses and examines on 128 test editions: interquartile",
        "means with 95 % bootstrap intervals. `rise` is the mark in the last third of the chapters less the newcomer's",
        "in the same editions; `learns` says whether the memory benefit's interval lies above 0 and the rise is 0.15",
        "or more.",
        "",
        "| book | reward | student | seeds | steps | gain | memory benefit | rise | learns |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        figures = (
            f"{float(row[k]):+.2f} [{float(row[f'{k}_low']):+.2f}, {float(row[f'{k}_high']):+.2f}]"
            for k in ("gain", "benefit", "rise")
        )
        cells = (row["book"], row["reward"], row["student"], row["seeds"], f"{int(row['steps']):,}", *figures)
        lines.append("| " + " | ".join((*cells, "yes" if row["learns"] == "True" else "no")) + " |")
    return "\n".join(lines)


def memory() -> str:
    """Return what memories cost in training."""
    with (RESULTS / "memory.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    shares = sorted(float(row["share_of_idle"]) for row in rows)
    error = max(float(row["standard_error"]) for row in rows)
    lanes = " or ".join(sorted({row["lanes"] for row in rows}, key=int))
    books = len({row["book"] for row in rows})
    return (
        f"`python benchmarks/memory.py`: PPO with book and memory trains at {shares[0]:.2f} to {shares[-1]:.2f} of the "
        f"speed it has with an environment that does nothing (ledgers of {books} books, the other memories on "
        f"Vocabulary, {lanes} lanes; standard errors up to {error:.2f})."
    )


def sb3() -> str:
    """Return what the ten lines printed."""
    with (RESULTS / "sb3.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    first, last = rows[0], rows[-1]
    return (
        f"`python benchmarks/readme.py --measure` ran these lines: reward of a course {float(first['reward']):+.2f} "
        f"after {int(first['steps']):,} steps, {float(last['reward']):+.2f} after {int(last['steps']):,}, "
        f"{float(last['seconds']):.0f} seconds on one core. This policy has no memory between steps: it can only learn "
        f"what holds in every edition."
    )


def measure() -> None:
    """Run the study and the SB3 example; keep their results."""
    RESULTS.mkdir(exist_ok=True)
    table = study(list(REFERENCES), list(BOOKS))
    summary(table).write_csv(RESULTS / "summary.csv", float_precision=4)
    curves(table, RESULTS / "curves.png")
    import time

    import torch
    from stable_baselines3 import PPO
    from stable_baselines3.common.callbacks import BaseCallback

    torch.set_num_threads(1)
    code = re.search(r"```python\n(from stable_baselines3.*?)```", (ROOT / "README.md").read_text(), re.S)
    assert code is not None
    rows: list[tuple[int, float, float]] = []
    start = time.perf_counter()

    class Watch(BaseCallback):
        """Note the mean reward of a course as it goes."""

        def _on_step(self) -> bool:
            return True

        def _on_rollout_end(self) -> None:
            episodes = [e["r"] for e in self.model.ep_info_buffer or ()]
            if episodes:
                seconds = time.perf_counter() - start
                rows.append((self.num_timesteps, sum(episodes) / len(episodes), seconds))

    lines = code[1].replace("model.learn(1_000_000)", "model.learn(1_000_000, callback=watch)").split("model.save")[0]
    exec(lines.replace("verbose=1", "verbose=0"), {"PPO": PPO, "watch": Watch()})
    with (RESULTS / "sb3.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["steps", "reward", "seconds"])
        writer.writerows((s, f"{r:.4f}", f"{t:.1f}") for s, r, t in rows)


PARTS = {
    "books": books,
    "classics": classics,
    "sb3": sb3,
    "memory": memory,
    "learning": learning,
    "results": results,
    "speed": speed,
}
"""Name of a part of the README, as its opening comment has it -> what makes it."""


def filled(text: str) -> str:
    """Return the README with its generated parts made anew."""
    for mark, make in PARTS.items():
        text = re.sub(
            rf"(<!-- {mark} -->\n).*?(<!-- end -->)", lambda m, f=make: f"{m[1]}{f()}\n{m[2]}", text, flags=re.S
        )
    return text


def main() -> None:
    """Write the README."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--measure", action="store_true", help="run the study and the SB3 example first")
    if parser.parse_args().measure:
        measure()
    readme = ROOT / "README.md"
    readme.write_text(filled(readme.read_text()))


if __name__ == "__main__":
    main()
