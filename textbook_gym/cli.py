"""The command line: `textbook-gym list`, `show <Book>`, `train`, `study` and what follows from it."""

import argparse
import pathlib
import sys
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from textbook_gym import __version__, train_command
from textbook_gym.book import Book
from textbook_gym.controls import CONTROLS, DEFAULT, check_controls
from textbook_gym.registry import BOOKS, env_ids, find
from textbook_gym.students import REFERENCES, TIMEOUT

if TYPE_CHECKING:
    from rich.table import Table

EXTRAS = {"ray": "ray", "stable_baselines3": "sb3", "torch": "sb3", "yaml": "train"}
"""Package that may be missing -> extra that brings it; all others come with `report`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="textbook-gym", description="Does this agent learn from experience?")
    parser.add_argument("--version", action="version", version=f"textbook-gym {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="the catalogue of books").set_defaults(run=list_books)
    page = commands.add_parser("show", help="one book's page")
    page.add_argument("book", help="name of a book, such as Bandits")
    page.add_argument(
        "--editions", type=int, default=256, help="editions to measure the marks on (default %(default)s)"
    )
    page.set_defaults(run=show_book)
    walk = commands.add_parser("study", help="walk students through books and measure how much they learn")
    known = f"{', '.join(REFERENCES)}, an SB3 .zip, module:callable, or cmd:command; name=... names it; repeatable"
    walk.add_argument("--student", action="append", metavar="S", help=known)
    walk.add_argument("--book", action="append", metavar="BOOK", help="a book; repeatable (default: all)")
    walk.add_argument("--editions", type=int, default=256, help="editions of each book (default %(default)s)")
    walk.add_argument(
        "--split", default="test", choices=("test", "train", "all"), help="which editions (default %(default)s)"
    )
    listed = "; ".join(f"{name}: {control.doc}" for name, control in CONTROLS.items())
    walk.add_argument(
        "--control", action="append", metavar="C", help=f"all, or {listed}; repeatable (default: {', '.join(DEFAULT)})"
    )
    walk.add_argument(
        "--seed",
        type=int,
        action="append",
        help="of the students' own randomness, put in place of {seed} in --student; repeatable (default 0)",
    )
    walk.add_argument("--workers", type=int, metavar="N", help="processes (default: threads of this one)")
    walk.add_argument(
        "--ray", nargs="?", const="", metavar="ADDRESS", help="walk on a Ray cluster, or on a fresh one on this machine"
    )
    walk.add_argument("--lanes", type=int, metavar="N", help="courses side by side (default: as the student wants)")
    walk.add_argument(
        "--timeout", type=float, default=TIMEOUT, help="seconds that cmd: has for an answer (default %(default)g)"
    )
    walk.add_argument(
        "--out",
        type=pathlib.Path,
        default=pathlib.Path("study"),
        help="folder to write; what it holds of the same study is not done again (default %(default)s/)",
    )
    walk.set_defaults(run=run_study)
    train_command.add(commands)
    page = commands.add_parser("report", help="one page about a study, and its pictures for papers")
    page.add_argument("folder", type=pathlib.Path, nargs="+", help="study folders; the page is written to the first")
    page.set_defaults(run=run_report)
    against = commands.add_parser("compare", help="hold studies against the first one: what differs beyond noise?")
    against.add_argument("folder", type=pathlib.Path, nargs="+", help="two or more study folders")
    against.add_argument(
        "--out", type=pathlib.Path, default=pathlib.Path("compare.csv"), help="table to write (default %(default)s)"
    )
    against.set_defaults(run=run_compare)
    check = commands.add_parser("validate", help="check a study that is handed in: format, worlds, table, figures")
    check.add_argument("study", type=pathlib.Path, help="a study.json or its folder")
    check.set_defaults(run=run_validate)
    chosen = parser.parse_args(arguments)
    try:
        return int(chosen.run(chosen))
    except (ValueError, OSError) as error:
        print(f"textbook-gym: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        extra = EXTRAS.get((error.name or "").split(".")[0], "report")
        print(
            f"textbook-gym {chosen.command} needs {error.name!r}: pip install 'textbook_gym[{extra}]'", file=sys.stderr
        )
        return 2
    except RuntimeError as error:
        print(f"textbook-gym: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt as interrupt:
        print(f"textbook-gym: interrupted{interrupt}", file=sys.stderr)
        return 130


def list_books(chosen: argparse.Namespace) -> int:
    """Print the catalogue."""
    for name in BOOKS:
        book = find(name)
        exercises = sum(c.exercises for c in book.chapters)
        print(f"{name:14}{headline(book)}")
        print(f"{'':14}{' '.join(env_ids(name))}; {len(book.chapters)} chapters, {exercises} exercises")
    return 0


def headline(book: Book) -> str:
    """Return the first sentence of a book's docstring, without its name."""
    return " ".join(book.doc.split("\n\n")[0].split()).partition(": ")[2]


def show_book(chosen: argparse.Namespace) -> int:
    """Print one book's page: story, tables and measured marks."""
    from rich.console import Console
    from rich.table import Table

    book = find(chosen.book)
    console = Console()
    console.print(book.doc, highlight=False, markup=False)
    console.print()
    console.print(
        f"Actions: {', '.join(f'{n} {a}' for n, a in enumerate(book.actions))}", highlight=False, markup=False
    )
    signals = Table("signal", "floats", "range", "meaning", title="What is seen", title_justify="left")
    for s in book.signals:
        signals.add_row(s.name, str(s.size), f"[{s.low:g}, {s.high:g}]".replace("[", "\\["), s.doc)
    console.print(signals)
    chapters = Table(*(f.replace("_", " ") for f in book.chapters[0]._fields), title="Chapters", title_justify="left")
    for c in book.chapters:
        chapters.add_row(*(str(value) for value in c))
    console.print(chapters)
    console.print(marks_table(book, chosen.editions))
    return 0


def marks_table(book: Book, editions: int) -> "Table":
    """Return the measured marks of the reference students by chapter."""
    from rich.table import Table

    from textbook_gym.checks import measure

    title = f"Mean marks in {editions} editions (model student: first and last third of the chapter; oracle: lowest)"
    headings = ("chapter", "random", "newcomer", "model, first", "model, last", "oracle", "learned")
    marks = Table(*headings, title=title, title_justify="left")
    for m in measure(book, editions):
        cells = (m.random, m.newcomer, m.model_first, m.model, m.oracle, m.learned)
        marks.add_row(f"{m.chapter} {m.name}", *(f"{v:.3f}" for v in cells))
    return marks


def run_study(chosen: argparse.Namespace) -> int:
    """Walk, print the table, write the folder."""
    from rich.console import Console

    from textbook_gym import report
    from textbook_gym.progress import shown
    from textbook_gym.study import study, write
    from textbook_gym.workers import cluster, processes

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
    report.curves(table, chosen.out / "curves.png")
    console.print(report.terminal_table(figures))
    files = ", ".join(sorted(p.name for p in chosen.out.iterdir() if not p.name.endswith(".part")))
    console.print(textwrap.fill(f"Written to {chosen.out}/: {files}", 100), highlight=False)
    return 0


def run_report(chosen: argparse.Namespace) -> int:
    """Write the page of a study."""
    from textbook_gym.page import write_report

    for path in write_report(chosen.folder):
        print(f"Written: {path}{'/' if path.is_dir() else ''}")
    return 0


def run_compare(chosen: argparse.Namespace) -> int:
    """Print studies side by side and write the differences."""
    from rich.console import Console

    from textbook_gym.compare import compare, read_study, terminal_tables
    from textbook_gym.study import beside

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
    from textbook_gym.validate import validate

    findings = validate(chosen.study)
    for finding in findings:
        print(f"{'ok   ' if finding.good else 'WRONG'} {finding.text}")
    return 0 if all(f.good for f in findings) else 1
