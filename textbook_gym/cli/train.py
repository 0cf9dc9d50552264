"""The command `textbook-gym train`: what may be asked for, how far it is, and what was reached."""

import json
import pathlib
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from textbook_gym.cli.options import Texts, Whole, see_this_folder
from textbook_gym.registry import LIBRARY, env_ids, name_or_register, short_id
from textbook_gym.students.in_context import IN_CONTEXT

if TYPE_CHECKING:
    from textbook_gym.train.progress import ProgressListener

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
    distill: Whole | None = None,
    steps: Whole | None = None,
    lanes: Whole | None = None,
    seed: Whole | None = None,
    evaluations: Whole = 10,
    out: pathlib.Path | None = None,
    resume: bool = False,
    threads: Whole = 1,
) -> int:
    """Train a student on a book: of Stable-Baselines3 with a memory, or a network that learns in context.

    Args:
        book: a book, such as Vocabulary, or the module of your own, such as my_package.lamps; Library, one network for
            all books, in context alone.
        short: its short course of three chapters, not the whole book.
        algo: ppo (the default), ppo_lstm, a2c, dqn; or in-context, a transformer that is shown what the model student
            or the oracle would do.
        memory: recap, transcript, ledger, ..., or none; preset: what was tried for this book.
        set: a setting of the memory, or of the training in context, as NAME=VALUE, the value as JSON; repeated for
            several.
        reward: improvement (the default), mark, exam or visible.
        episode: book (the default), or exercise: every exercise an episode of its own, so that nothing later counts.
        distill: steps in which the policy first learns to do what the model student would do (default: 0).
        steps: steps of all lanes together (default: the preset's).
        lanes: environments side by side (default: the preset's).
        seed: of everything (default: 0).
        evaluations: how often the student walks validation editions, evenly, of the train split.
        out: file to write, with or without .zip, or .npz if in context (default: runs/BOOK); a file that is there is
            not overwritten.
        resume: go on with the file that is there; what is asked for besides --steps must be as it was.
        threads: of torch; more are seldom faster.

    Examples:
        textbook-gym train --book Vocabulary --short --out runs/vocabulary
        textbook-gym train --book Concepts --memory ledger --set keep=exercise
        textbook-gym train --book Vocabulary --short --steps 800000 --resume
        textbook-gym train --book Vocabulary --algo in-context --out runs/vocabulary
    """
    from rich.console import Console

    from textbook_gym.cli.progress import progress_shown
    from textbook_gym.cli.tables import table_of

    see_this_folder()
    name = LIBRARY if book == LIBRARY else name_or_register(book)
    env_id = short_id(name) if short else env_ids(name)[1]
    settings = pairs(set)
    if threads < 1:
        raise ValueError(f"threads={threads}: give a whole number >= 1")

    import torch

    torch.set_num_threads(threads)
    asked: dict[str, Any] = {
        "out": out or pathlib.Path("runs", name), "settings": settings, "steps": steps, "seed": seed, "resume": resume,
        "evaluations": evaluations,
    }  # fmt: skip
    of_sb3 = {"memory": None if memory == NO_MEMORY else memory, "reward": reward, "episode": episode, "lanes": lanes,
              "distill": distill}  # fmt: skip
    console = Console(highlight=False, markup=False)
    history: list[tuple[int, dict[str, float]]] = []
    with progress_shown(console, "steps", "the last checkpoint is kept, --resume goes on with it") as show:

        def progress(done: int, total: int, latest: dict[str, float]) -> None:
            what = "training"
            if "distilled" in latest:
                what = f"distillation, {latest['distilled']:,} steps"
            elif latest:
                what = f"mark {latest['mark']:.2f}, memory benefit {latest['memory_benefit']:+.2f}"
                if not history or history[-1][1] is not latest:
                    history.append((done, latest))
            show(what, done, total)

        target = carry_out(env_id, algo, asked, of_sb3, progress)
    figures = ("gain", "mark", "mark_wiped", "memory_benefit", "mark_last_third")
    rows = [(f"{done:,}", *(f"{latest[k]:.3f}" for k in figures)) for done, latest in history]
    headings = ("steps", "gain", "mark", "wiped", "memory benefit", "last third")
    console.print(table_of(f"{env_id}: validation editions", headings, rows))
    more = "" if algo == IN_CONTEXT else f"; what TensorBoard shows to {target.with_suffix('')}/"
    console.print(f"Written to {target}{more}", soft_wrap=True)
    after = ["textbook-gym", "study", "--student", str(target), "--student", "newcomer", "--book", book]
    console.print(f"Next: {shlex.join([*after, *(['--course', 'short'] if short else [])])}", soft_wrap=True)
    return 0


def carry_out(
    env_id: str, algo: str | None, asked: Mapping[str, Any], of_sb3: Mapping[str, Any], progress: "ProgressListener"
) -> pathlib.Path:
    """Train; return the file that holds the student.

    Args:
        env_id: the course.
        algo: as the command takes it.
        asked: options of every training.
        of_sb3: those of Stable-Baselines3's.
        progress: see `ProgressListener`.

    Raises:
        ValueError: an option that this training does not take.
    """
    if algo != IN_CONTEXT:
        from textbook_gym.train import run

        run.train(env_id, algo=algo, progress=progress, **asked, **of_sb3)
        return run.checkpoint_path(asked["out"])
    for name, value in of_sb3.items():
        if value not in (None, "preset"):
            raise ValueError(f"--{name}={value}: a training in context has none; leave it out")
    from textbook_gym.train import in_context

    in_context.train(env_id, progress=progress, **asked)
    return in_context.arrays_path(asked["out"])


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
