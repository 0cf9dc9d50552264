"""The command line: `textbook-gym list`, `show <Book>`, `train`, `study` and what follows from it."""

import argparse
import pathlib
import signal
import sys
import threading
from collections.abc import Sequence

from textbook_gym import __version__
from textbook_gym.cli import train as train_command
from textbook_gym.cli.books import list_books, show_book
from textbook_gym.cli.study import run_compare, run_report, run_study, run_validate
from textbook_gym.students.base import REFERENCES, TIMEOUT
from textbook_gym.study.controls import CONTROLS, DEFAULT
from textbook_gym.study.runners import leave

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
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, leave)  # students and workers are closed then, as after ctrl-C
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
