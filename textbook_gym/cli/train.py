"""The command `textbook-gym train`: what may be asked for, how far it is, and what was reached."""

import json
import pathlib
import shlex
from typing import Any

from textbook_gym.cli.options import Texts, Whole, see_this_folder
from textbook_gym.registry import env_ids, name_or_register, short_id

NO_MEMORY = "none"  # the memory's name where there is to be none


def train(
    *,
    book: str,
    short: bool = False,
    algo: str | None = None,
    memory: str = "preset",
    set: Texts = (),
    reward: str | None = None,
    episode: str | None = None,
    steps: Whole | None = None,
    lanes: Whole | None = None,
    seed: Whole | None = None,
    evaluations: Whole = 10,
    out: pathlib.Path | None = None,
    resume: bool = False,
    threads: Whole = 1,
) -> int:
    """Train a Stable-Baselines3 student on a book, with a memory.

    Args:
        book: a book, such as Vocabulary, or the module of your own, such as my_package.lamps.
        short: its short course of three chapters, not the whole book.
        algo: ppo (the default), ppo_lstm, a2c or dqn.
        memory: recap, transcript, ledger, ..., or none; preset: what was tried for this book.
        set: a setting of the memory as NAME=VALUE, the value as JSON; repeated for several.
        reward: improvement (the default), mark, exam or visible.
        episode: book (the default), or exercise: every exercise an episode of its own, so that nothing later counts.
        steps: steps of all lanes together (default: the preset's).
        lanes: environments side by side (default: the preset's).
        seed: of everything (default: 0).
        evaluations: how often the student walks validation editions, evenly, of the train split.
        out: file to write, with or without .zip (default: runs/BOOK); a file that is there is not overwritten.
        resume: go on with the file that is there; what is asked for besides --steps must be as it was.
        threads: of torch; more are seldom faster.

    Examples:
        textbook-gym train --book Vocabulary --short --out runs/vocabulary
        textbook-gym train --book Concepts --memory ledger --set keep=exercise
        textbook-gym train --book Vocabulary --short --steps 800000 --resume
    """
    from rich.console import Console

    from textbook_gym.cli.progress import progress_shown
    from textbook_gym.cli.tables import table_of

    see_this_folder()
    name = name_or_register(book)
    env_id = short_id(name) if short else env_ids(name)[1]
    settings = pairs(set)
    if threads < 1:
        raise ValueError(f"threads={threads}: give a whole number >= 1")

    import torch

    from textbook_gym.train import run

    target = run.checkpoint_path(out or pathlib.Path("runs", name))
    torch.set_num_threads(threads)
    console = Console(highlight=False, markup=False)
    history: list[tuple[int, dict[str, float]]] = []
    with progress_shown(console, "steps", "the last checkpoint is kept, --resume goes on with it") as show:

        def told(done: int, total: int, latest: dict[str, float]) -> None:
            what = "training"
            if latest:
                what = f"mark {latest['mark']:.2f}, memory benefit {latest['memory_benefit']:+.2f}"
                if not history or history[-1][1] is not latest:
                    history.append((done, latest))
            show(what, done, total)

        run.train(
            env_id,
            out=target,
            algo=algo,
            memory=None if memory == NO_MEMORY else memory,
            settings=settings,
            reward=reward,
            episode=episode,
            steps=steps,
            lanes=lanes,
            seed=seed,
            resume=resume,
            evaluations=evaluations,
            told=told,
        )
    figures = ("gain", "mark", "mark_wiped", "memory_benefit", "mark_last_third")
    rows = [(f"{done:,}", *(f"{latest[k]:.3f}" for k in figures)) for done, latest in history]
    headings = ("steps", "gain", "mark", "wiped", "memory benefit", "last third")
    console.print(table_of(f"{env_id}: validation editions", headings, rows))
    console.print(f"Written to {target}; what TensorBoard shows to {target.with_suffix('')}/", soft_wrap=True)
    after = ["textbook-gym", "study", "--student", str(target), "--student", "newcomer", "--book", book]
    console.print(f"Next: {shlex.join(after)}", soft_wrap=True)
    return 0


def pairs(given: Texts) -> dict[str, Any]:
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
