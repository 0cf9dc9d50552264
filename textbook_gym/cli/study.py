"""The commands about studies: `study`, `report`, `compare` and `validate`."""

import argparse
import textwrap

from textbook_gym.registry import BOOKS, find
from textbook_gym.students.base import REFERENCES
from textbook_gym.study.controls import DEFAULT, check_controls


def run_study(chosen: argparse.Namespace) -> int:
    """Walk, print the table, write the folder."""
    from rich.console import Console

    from textbook_gym.cli.progress import shown
    from textbook_gym.report import terminal
    from textbook_gym.study.files import write
    from textbook_gym.study.run import study
    from textbook_gym.study.runners import cluster, processes

    students = chosen.student or list(REFERENCES)
    books = [find(b).name for b in chosen.book] if chosen.book else list(BOOKS)
    controls = list(check_controls(chosen.control or DEFAULT))
    seeds = chosen.seed or [0]
    runner = None
    if chosen.ray is not None:
        runner = cluster(chosen.ray or None, chosen.workers)
    elif chosen.workers is not None:
        runner = processes(chosen.workers)
    console = Console()
    with shown(console) as progress:
        table = study(
            students,
            books,
            editions=chosen.editions,
            split=chosen.split,
            controls=controls,
            seed=seeds,
            lanes=chosen.lanes,
            timeout=chosen.timeout,
            folder=chosen.out,
            runner=runner,
            progress=progress,
        )
    settings = {
        "students": students,
        "books": books,
        "editions": chosen.editions,
        "split": chosen.split,
        "controls": controls,
        "seeds": seeds,
    }
    figures = write(table, chosen.out, settings)
    figures.write_csv(chosen.out / "summary.csv", float_precision=6)
    terminal.curves(table, chosen.out / "curves.png")
    console.print(terminal.terminal_table(figures))
    files = ", ".join(sorted(p.name for p in chosen.out.iterdir() if not p.name.endswith(".part")))
    console.print(textwrap.fill(f"Written to {chosen.out}/: {files}", 100), highlight=False)
    return 0


def run_report(chosen: argparse.Namespace) -> int:
    """Write the page of a study."""
    from textbook_gym.report.html import write_report

    for path in write_report(chosen.folder):
        print(f"Written: {path}{'/' if path.is_dir() else ''}")
    return 0


def run_compare(chosen: argparse.Namespace) -> int:
    """Print studies side by side and write the differences."""
    from rich.console import Console

    from textbook_gym.files import beside
    from textbook_gym.report.comparison import terminal_tables
    from textbook_gym.study.compare import compare, read_study

    rows = compare([read_study(folder) for folder in chosen.folder])
    console = Console()
    for table in terminal_tables(rows):
        console.print(table)
    with beside(chosen.out) as part:
        rows.write_csv(part, float_precision=6)
    print(f"Written: {chosen.out}")
    return 0


def run_validate(chosen: argparse.Namespace) -> int:
    """Print what was found, a line each; 1 if anything is wrong."""
    from textbook_gym.study.validate import validate

    findings = validate(chosen.study)
    for finding in findings:
        print(f"{'ok   ' if finding.good else 'WRONG'} {finding.text}")
    return 0 if all(f.good for f in findings) else 1
