"""The commands about studies: `study`, `report`, `compare` and `validate`."""

import os
import pathlib
import textwrap
from typing import Any

from rich.console import Console

from textbook_gym.cli.options import OWN_BOOK, Texts, Whole, Wholes, see_this_folder, takes, written_option
from textbook_gym.cli.progress import progress_shown
from textbook_gym.registry import name_or_register
from textbook_gym.study import run
from textbook_gym.study.controls import CONTROLS

CONTROL_WORDS = "; ".join(f"{name}: {control.doc}" for name, control in CONTROLS.items())
STUDY_FOLDER = pathlib.Path("study")
STUDY_OPTIONS: dict[str, tuple[str, Any]] = {
    "students": ("student", Texts),
    "books": ("book", Texts | None),
    "protocol": ("protocol", str | None),
    "course": ("course", str | None),
    "editions": ("editions", Whole),
    "split": ("split", str),
    "controls": ("control", Texts),
    "seed": ("seed", Wholes),
    "lanes": ("lanes", Whole | None),
    "timeout": ("timeout", float),
    "sealed": ("sealed", str | None),
}
"""Parameter of `study.run.study` -> option, and its type on the command line."""


@takes(run.study, STUDY_OPTIONS, {"controls": f" {CONTROL_WORDS}.", "books": f" {OWN_BOOK}"})
def study(
    *,
    workers: Whole | None = None,
    ray: bool | str | None = None,
    out: pathlib.Path = STUDY_FOLDER,
    dry_run: bool = False,
    **asked: Any,
) -> int:
    """Walk students through books and measure how much they learn.

    The same command goes on where it was interrupted. `--student`, `--book`, `--control` and `--seed` are repeated for
    several.

    Args:
        workers: processes that walk (default: threads of this one).
        ray: walk on a Ray cluster, `--ray ADDRESS`, or on a fresh one on this machine, `--ray`.
        out: folder to write; what it holds of the same study is not done again.
        dry_run: say how many courses, calls and tokens it will take, and do nothing.
        **asked: the options of `STUDY_OPTIONS`.

    Examples:
        textbook-gym study --book Bandits --editions 16
        textbook-gym study --book Bandits --student "mine=cmd:python agent.py"
        textbook-gym study --student "ppo=ppo-{seed}.zip" --seed 0 --seed 1
        textbook-gym study --student "chat:http://127.0.0.1:8000/v1#my-model" --protocol seminar --dry-run
    """
    from textbook_gym.atomic_write import beside
    from textbook_gym.metrics.reply_stats import speech
    from textbook_gym.report import summary_tables
    from textbook_gym.study.files import write

    chosen = {name: asked[option] for name, (option, _) in STUDY_OPTIONS.items()}
    if chosen["books"] is not None:
        chosen["books"] = make_known(chosen["books"])
    see_this_folder()
    console = Console(highlight=False, markup=False)
    if dry_run:
        from textbook_gym.study.estimate import estimate_talks

        console.print(summary_tables.estimate_table(estimate_talks(**chosen)))
        return 0
    import_matplotlib()
    with progress_shown(console, "courses", "what is done is kept, the same command goes on") as show:
        table = run.study(
            **chosen,
            folder=out,
            runner=runner_of(workers, ray),
            progress=lambda what, done, left: show(what, done, done + left),
        )
    figures = write(table, out, run.settings_of(**chosen), chosen["sealed"])
    with beside(out / "summary.csv") as part:
        figures.write_csv(part, float_precision=6)
    summary_tables.curves(table, out / "curves.png")
    console.print(summary_tables.terminal_table(figures))
    said = speech(table)
    for spoken in summary_tables.speech_tables(said):
        console.print(spoken)
    files = ", ".join(sorted(p.name for p in out.iterdir() if not p.name.endswith(".part")))
    console.print(textwrap.fill(f"Written to {out}/: {files}", console.width))
    if asked["sealed"] and not asked["sealed"].startswith("@"):
        asked["sealed"] = "SALT"  # it stays a secret, wherever this is pasted
    again = written_option(study, {**asked, "workers": workers, "ray": ray, "out": out, "dry_run": dry_run})
    console.print(f"Made by: {again}", soft_wrap=True)
    return 0


def make_known(books: Texts) -> Texts:
    """Return the names of books that were given by name or module; modules are looked for in the current folder, too.

    Raises:
        BookError: there is no such book or module, or its name is taken.
    """
    see_this_folder()
    return tuple(name_or_register(book) for book in books)


def runner_of(workers: int | None, ray: bool | str | None) -> Any:
    """Return who walks: this process (None), worker processes, or Ray."""
    from textbook_gym.study.runners import cluster, processes

    if ray:
        return cluster(None if ray is True else ray, workers)
    return None if workers is None else processes(workers)


def import_matplotlib() -> None:
    """Import matplotlib to draw into files, whatever window MPLBACKEND asks for, such as that of a notebook."""
    window = os.environ.pop("MPLBACKEND", None)
    try:
        import matplotlib  # noqa: F401  # imported for good: it reads the variable once
    finally:
        if window is not None:
            os.environ["MPLBACKEND"] = window


def report(*folder: pathlib.Path, book: Texts = ()) -> int:
    """Write one page about a study, and its pictures for papers.

    Args:
        folder: study folders, such as the same students on test and on training editions; the page is written to the
            first.
        book: modules of books of your own that a study is of, such as my_package.lamps; the option is repeated.

    Examples:
        textbook-gym report study
        textbook-gym report test train
    """
    if not folder:
        raise ValueError("give a folder that `textbook-gym study --out` wrote")
    make_known(book)
    import_matplotlib()
    from textbook_gym.report.html import write_report

    for path in write_report(folder):
        print(f"Written: {path}{'/' if path.is_dir() else ''}")
    return 0


def compare(*folder: pathlib.Path, book: Texts = (), out: pathlib.Path = pathlib.Path("compare.csv")) -> int:
    """Hold studies against the first one: what differs beyond noise?

    Args:
        folder: two or more study folders.
        book: modules of books of your own that a study is of, such as my_package.lamps; the option is repeated.
        out: table to write.

    Examples:
        textbook-gym compare before after
        textbook-gym compare before after later --out differences.csv
    """
    from textbook_gym.atomic_write import beside
    from textbook_gym.report.comparison import terminal_tables
    from textbook_gym.study.compare import compare, read_study

    make_known(book)
    rows = compare([read_study(path) for path in folder])
    console = Console(highlight=False, markup=False)
    for table in terminal_tables(rows):
        console.print(table)
    with beside(out) as part:
        rows.write_csv(part, float_precision=6)
    print(f"Written: {out}")
    return 0


def validate(study: pathlib.Path, /, *, book: Texts = (), salt: str | None = None) -> int:
    """Check a study that is handed in: format, worlds, table, figures.

    Prints what was found, a line each. The exit status is 1 if anything is wrong.

    Args:
        study: its folder, or its study.json.
        book: modules of books of your own that a study is of, such as my_package.lamps; the option is repeated.
        salt: of a study on sealed editions, or @FILE that holds it, where study.json does not tell it.

    Examples:
        textbook-gym validate study
        textbook-gym validate handed-in/study.json
    """
    from textbook_gym.study.validate import validate

    make_known(book)
    findings = validate(study, salt)
    for finding in findings:
        print(f"{'ok   ' if finding.good else 'WRONG'} {finding.text}")
    return 0 if all(f.good for f in findings) else 1
