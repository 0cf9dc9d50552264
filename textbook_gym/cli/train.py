"""The command `textbook-gym train`: what may be asked for, a progress bar, and a table at the end."""

import argparse
import json
import pathlib
from typing import Any

from textbook_gym.registry import env_ids, find, short_id

NONE = "none"


def add(commands: Any) -> None:
    """Add the command to the command line."""
    train = commands.add_parser("train", help="train a Stable-Baselines3 student on a book, with a memory")
    train.add_argument("--book", required=True, metavar="BOOK", help="a book, such as Vocabulary")
    train.add_argument("--short", action="store_true", help="its short course of three chapters, not the whole book")
    train.add_argument("--algo", default="ppo", help="ppo, ppo_lstm, a2c or dqn (default %(default)s)")
    train.add_argument(
        "--memory", default="preset", help=f"recap, transcript, ledger, ..., {NONE}; default: the preset's"
    )
    train.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the memory, as JSON; repeatable"
    )
    train.add_argument(
        "--reward", default="improvement", help="improvement, mark, exam or visible (default %(default)s)"
    )
    train.add_argument("--steps", type=int, help="steps of all lanes together (default: the preset's)")
    train.add_argument("--lanes", type=int, help="environments side by side (default: the preset's)")
    train.add_argument("--seed", type=int, default=0, help="of everything (default %(default)s)")
    train.add_argument("--evaluations", type=int, default=10, help="on test editions, evenly (default %(default)s)")
    train.add_argument("--out", type=pathlib.Path, help="where to write, without .zip (default runs/<Book>)")
    train.add_argument("--resume", action="store_true", help="go on with what is there")
    train.add_argument("--threads", type=int, default=1, help="of torch (default %(default)s: more are slower here)")
    train.set_defaults(run=run)


def pairs(given: list[str]) -> dict[str, Any]:
    """Return settings from `name=value`, the value as JSON, or as it stands.

    Raises:
        ValueError: one has no `=`.
    """
    settings: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise ValueError(f"--set {text!r}: write name=value, such as keep=exercise")
        try:
            settings[name] = json.loads(value)
        except ValueError:
            settings[name] = value
    return settings


def run(chosen: argparse.Namespace) -> int:
    """Train, show progress, print what was reached."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.table import Table

    book = find(chosen.book).name
    env_id = short_id(book) if chosen.short else env_ids(book)[1]
    out = chosen.out or pathlib.Path("runs", book)

    import torch

    from textbook_gym.train.run import train

    torch.set_num_threads(chosen.threads)
    console = Console()
    bars = (TextColumn("{task.description:44}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    history: list[tuple[int, dict[str, float]]] = []
    with Progress(*bars, TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task("compiling", total=None)

        def told(done: int, total: int, latest: dict[str, float]) -> None:
            what = "training"
            if latest:
                what = f"mark {latest['mark']:.2f}, memory benefit {latest['memory_benefit']:+.2f}"
                if not history or history[-1][1] is not latest:
                    history.append((done, latest))
            bar.update(task, description=what, completed=done, total=total)

        train(
            env_id,
            out=out,
            algo=chosen.algo,
            memory=None if chosen.memory == NONE else chosen.memory,
            settings=pairs(chosen.set),
            reward=chosen.reward,
            steps=chosen.steps,
            lanes=chosen.lanes,
            seed=chosen.seed,
            resume=chosen.resume,
            evaluations=chosen.evaluations,
            told=told,
        )
    table = Table("steps", "gain", "mark", "wiped", "memory benefit", "last third", title=f"{env_id}: test editions")
    for done, s in history:
        values = (s["gain"], s["mark"], s["mark_wiped"], s["memory_benefit"], s["mark_last_third"])
        table.add_row(f"{done:,}", *(f"{v:.3f}" for v in values))
    console.print(table)
    console.print(f"Written to {out}.zip; what TensorBoard shows to {out}/", highlight=False)
    console.print(f"Next: textbook-gym study --student {out}.zip --student newcomer --book {book}", highlight=False)
    return 0
