"""The classics shelf against the published tables: `python benchmarks/classics.py` writes `results/classics.csv`.

Every scripted player plays the papers' settings often enough for a standard error below 1 %. Beside our value stands
the published one, where it is known with certainty, and the difference in standard errors, ours and theirs
together (RL^2 averages 1,000 instances, so theirs is taken from our spread). Players with a number of their own are
tuned as there: the best of a few values on other editions is taken, and named.

    --only bandits,mdps,alchemy,shepard,harlow,rooms      parts to run

How fast they step is said beside other suites by `benchmarks/speed.py`.
"""

import argparse
import csv
import pathlib
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from textbook_gym.atomic_write import beside
from textbook_gym.classics.players.alchemy import IdealObserver
from textbook_gym.classics.players.gittins import Gittins
from textbook_gym.engine.lanes import Lanes
from textbook_gym.engine.loops import Wipe
from textbook_gym.registry import find
from textbook_gym.students.base import REFERENCES
from textbook_gym.students.rollout import walk

RESULTS = pathlib.Path(__file__).parent / "results"
FRESH = 1 << 40  # first of the editions that players are tuned on
PUBLISHED_INSTANCES = 1000  # that every cell of RL^2's tables averages
COLUMNS = (
    "task", "setting", "player", "tuning", "episodes", "value", "error", "published", "published_error", "deviation",
    "seconds",
)  # fmt: skip
TUNED = {
    "epsilon": (0.01, 0.03, 0.1, 0.2),
    "ucb1": (0.1, 0.2, 0.3, 0.5),
    "ucb_prior": (0.1, 0.2, 0.3, 0.5),
    "beb": (0.1, 0.3, 1.0, 3.0),
    "ucrl2": (0.03, 0.1, 0.2, 0.4),
}
BANDITS: dict[tuple[int, int], dict[str, float]] = {}
"""RL^2, table 1, by arms and pulls: filled only with cells known with certainty; none is at hand in print."""
ALCHEMY = {"heuristic": (147.0, 1.6), "oracle": (288.5, 1.5), "ideal": (284.4, 1.6)}
"""Points and standard error, replayed from the reference's 1,000 stored evaluation episodes."""

Row = dict[str, Any]


def play(task: str, who: Any, count: int, first: int = 0, **parameters: Any) -> np.ndarray:
    """Return the raw reward by episode and exercise of a player on editions `first`, `first` + 1, ..."""
    path = find(task, **parameters).path
    parts = []
    for start in range(first, first + count, 2000):
        numbers = list(range(start, min(start + 2000, first + count)))
        lanes = Lanes(path, len(numbers), episode="book", reward="raw", split="all", threads=1)
        parts.append(walk(who, lanes, numbers, Wipe.NEVER)["reward"])
    return np.concatenate(parts)


def row(task: str, setting: str, player: str, totals: np.ndarray, start: float, **more: Any) -> Row:
    """Return a row of the table."""
    published, error = more.pop("published", (None, None))
    ours = totals.std() / np.sqrt(len(totals))
    if published is not None and error is None:
        error = totals.std() / np.sqrt(PUBLISHED_INSTANCES)
    deviation = None if published is None else (totals.mean() - published) / np.hypot(ours, error)
    return {
        "task": task, "setting": setting, "player": player, "episodes": len(totals), "value": totals.mean(),
        "error": ours, "published": published, "published_error": error, "deviation": deviation,
        "seconds": time.perf_counter() - start, **more,
    }  # fmt: skip


def tuned(task: str, student: str, count: int, **parameters: Any) -> float:
    """Return the player's own number that does best on other editions, 0 if it has none."""
    values = TUNED.get(student, (0.0,))
    if len(values) == 1:
        return 0.0
    scores = [
        play(task, REFERENCES["model"], count, FRESH, student=student, tuning=v, **parameters).sum(1).mean()
        for v in values
    ]
    return values[int(np.argmax(scores))]


def bandits() -> Iterator[Row]:
    """RL^2's table of bandits."""
    for pulls, episodes in ((10, 20_000), (100, 6000), (500, 2000)):
        for arms in (5, 10, 50):
            setting = f"n={pulls} k={arms}"
            cells = BANDITS.get((arms, pulls), {})
            for student in ("random", "greedy", "epsilon", "ucb1", "ucb_prior", "thompson", "optimistic"):
                start = time.perf_counter()
                number = tuned("RL2Bandit", student, episodes // 4, arms=arms, pulls=pulls)
                kept = {"arms": arms, "pulls": pulls, "student": student, "tuning": number}
                totals = play("RL2Bandit", REFERENCES["model"], episodes, **kept).sum(1)
                more = {"tuning": number or None, "published": (cells.get(student), None)}
                yield row("RL2Bandit", setting, student, totals, start, **more)
            start = time.perf_counter()
            totals = play("RL2Bandit", Gittins(), episodes, arms=arms, pulls=pulls).sum(1)
            yield row("RL2Bandit", setting, "gittins", totals, start, published=(cells.get("gittins"), None))


def mdps() -> Iterator[Row]:
    """RL^2's table of Markov decision processes."""
    for number, episodes in ((10, 1500), (25, 1000), (50, 600), (75, 400), (100, 400)):
        for student in ("random", "greedy", "epsilon", "psrl", "opsrl", "beb", "ucrl2"):
            start = time.perf_counter()
            value = tuned("RL2MDP", student, episodes // 4, episodes=number)
            kept = {"episodes": number, "student": student, "tuning": value}
            totals = play("RL2MDP", REFERENCES["model"], episodes, **kept).sum(1)
            yield row("RL2MDP", f"n={number}", student, totals, start, tuning=value or None)
        start = time.perf_counter()
        totals = play("RL2MDP", REFERENCES["oracle"], episodes, episodes=number).sum(1)
        yield row("RL2MDP", f"n={number}", "oracle", totals, start)


def alchemy(ideal: int = 250) -> Iterator[Row]:
    """Symbolic Alchemy's scripted players, on the paper's evaluation level."""
    players: tuple[tuple[str, Any, int, dict[str, Any]], ...] = (
        ("heuristic", REFERENCES["model"], 10_000, {"student": "heuristic"}),
        ("oracle", REFERENCES["oracle"], 10_000, {}),
        ("posterior", REFERENCES["model"], 10_000, {}),
        ("ideal", IdealObserver(), ideal, {}),
    )
    totals: dict[str, np.ndarray] = {}
    for player, who, episodes, parameters in players:
        start = time.perf_counter()
        totals[player] = play("SymbolicAlchemy", who, episodes, **parameters).sum(1)
        published = ALCHEMY.get(player, (None, None))
        yield row("SymbolicAlchemy", "evaluation", player, totals[player], start, published=published)
    start = time.perf_counter()
    behind = totals["oracle"][:ideal] - totals["ideal"]
    yield row("SymbolicAlchemy", "same episodes", "oracle - ideal", behind, start, published=(288.5 - 284.4, None))


def shepard() -> Iterator[Row]:
    """Shepard's six types: errors of 25 blocks; published is the order I < II < III, IV, V < VI."""
    for kind in ("I", "II", "III", "IV", "V", "VI"):
        start = time.perf_counter()
        right = play("ShepardTypes", REFERENCES["model"], 2000, type=kind).sum(1)
        yield row("ShepardTypes", f"type {kind}", "alcove (errors)", 400 - right, start)


def harlow() -> Iterator[Row]:
    """Harlow's learning sets: share of right choices in trial 1 and in trials 2 to 6."""
    for student in ("object", "side", "random"):
        start = time.perf_counter()
        right = {k: play("Harlow", REFERENCES["model"], 1000, trials=k, student=student).mean(1) for k in (1, 6)}
        yield row("Harlow", "trial 1", student, right[1], start)
        yield row("Harlow", "trials 2-6", student, (right[6] - right[1]) / 5, start)


def rooms() -> Iterator[Row]:
    """The dark rooms: reward of the first and of the last episode."""
    for task, parameters in (("DarkRoom", {}), ("DarkRoom", {"size": 17, "sparse": True}), ("DarkKeyDoor", {})):
        for who in ("random", "model", "oracle"):
            start = time.perf_counter()
            rewards = play(task, REFERENCES[who], 4000, **parameters)
            setting = f"{parameters.get('size', 9)} x {parameters.get('size', 9)}"
            yield row(task, f"{setting} first", who, rewards[:, 0], start)
            yield row(task, f"{setting} last", who, rewards[:, -1], start)


PARTS = {
    "bandits": bandits, "mdps": mdps, "alchemy": alchemy, "shepard": shepard, "harlow": harlow, "rooms": rooms,
}  # fmt: skip


def text(value: Any) -> str:
    """Return a cell as text."""
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)


def main() -> None:
    """Play, print, write; parts that are not run keep their rows."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--only", default=",".join(PARTS), help="parts to run, joined by commas")
    parser.add_argument("--out", type=pathlib.Path, default=RESULTS / "classics.csv")
    chosen = parser.parse_args()
    parts = chosen.only.split(",")
    for part in parts:
        if part not in PARTS:
            parser.error(f"--only={part!r} is not known; choose from {', '.join(PARTS)}")
    kept: list[dict[str, str]] = []
    if chosen.out.exists():
        with chosen.out.open(newline="", encoding="utf-8") as file:
            kept = [r for r in csv.DictReader(file) if r["part"] not in parts]
    for part in parts:
        for line in PARTS[part]():
            cells = {"part": part, **{c: text(line.get(c)) for c in COLUMNS}}
            kept.append(cells)
            print("  ".join(f"{cells[c]:>12}" for c in COLUMNS))
            sys.stdout.flush()
        chosen.out.parent.mkdir(parents=True, exist_ok=True)
        with beside(chosen.out) as new, new.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, ["part", *COLUMNS])
            writer.writeheader()
            writer.writerows(kept)


if __name__ == "__main__":
    main()
