"""The command line: which commands there are, and how each of them ends."""

import importlib
import io
import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError, Parameter

from textbook_gym import __version__
from textbook_gym.cli.options import parser_of
from textbook_gym.errors import did_you_mean
from textbook_gym.process_signals import close_when_told

COMMANDS = {
    "list": ("textbook_gym.cli.books:list_books", "The catalogue of books."),
    "show": ("textbook_gym.cli.books:show", "One book's page: story, tables and measured marks."),
    "train": (
        "textbook_gym.cli.train:train",
        "Train a student on a book: of Stable-Baselines3 with a memory, or one that learns in context.",
    ),
    "record": ("textbook_gym.cli.record:record", "Write courses of a student to a data set."),
    "study": ("textbook_gym.cli.study:study", "Walk students through books and measure how much they learn."),
    "report": ("textbook_gym.cli.study:report", "One page about a study, and its pictures for papers."),
    "view": (
        "textbook_gym.cli.view:view",
        "What students that talk said, on one page, each control beside the others.",
    ),
    "compare": ("textbook_gym.cli.study:compare", "Hold studies against the first one: what differs beyond noise?"),
    "validate": ("textbook_gym.cli.study:validate", "Check a study that is handed in: format, worlds, table, figures."),
    "play": ("textbook_gym.cli.play:play", "Play a course yourself, and see how you learn beside others."),
    "serve": ("textbook_gym.cli.serve:serve", "Serve courses in words to an MCP client."),
    "new": (
        "textbook_gym.cli.authors:new",
        "Write a small book that passes all checks, to be changed bit by bit.",
    ),
    "check": ("textbook_gym.cli.authors:check", "Check a book: what is wrong, a line for each finding."),
}
"""Name of a command -> its function, imported when it is asked for, and what it does."""
EXTRAS = {
    "httpx": "chat",
    "mcp": "mcp",
    "minari": "record",
    "ray": "ray",
    "stable_baselines3": "sb3",
    "torch": "sb3",
    "yaml": "train",
}
"""Package that may be missing -> extra that brings it; all others come with `report`."""
PROGRAM = "textbook-gym"
START = f"""
Start with

    {PROGRAM} list
    {PROGRAM} study --book Bandits --editions 16
    {PROGRAM} study --help
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: the words behind the program's name; None for those that it was called with.

    Returns:
        the exit status: 0 if all went well, 1 if something that was checked is wrong or work failed, 2 if what was
        asked for is not understood or refused, 130 if it was interrupted.

    Example:
        status = main(["study", "--book", "Bandits", "--editions", "16"])
    """
    for stream in (sys.stdout, sys.stderr):  # what a narrow encoding lacks is shown as ?, and ends nothing
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words:
        return told_error(f"give a command: {', '.join(COMMANDS)}; see {PROGRAM} --help", 2)
    name = words[0]
    if name not in COMMANDS and not name.startswith("-"):
        hint = did_you_mean(name, list(COMMANDS))
        return told_error(f"command {name!r} is not known{hint}; there are {', '.join(COMMANDS)}", 2)
    close_when_told()
    try:
        return int(application(name)(words, result_action="return_value") or 0)
    except CycloptsError as error:
        return told_error(f"{one_line(error)}; see {PROGRAM} {f'{name} ' if name in COMMANDS else ''}--help", 2)
    except BrokenPipeError:  # the reader, such as `head`, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, OSError) as error:
        return told_error(str(error), 2)
    except ModuleNotFoundError as error:
        extra = EXTRAS.get((error.name or "").split(".")[0], "report")
        return told_error(f"{name} needs {error.name!r}: pip install 'textbook_gym[{extra}]'", 2)
    except RuntimeError as error:
        return told_error(str(error), 1)
    except KeyboardInterrupt as interrupt:
        return told_error(f"interrupted{interrupt}", 130)


def application(name: str) -> App:
    """Return the parser: the command of this name whole, of the others the name and a line."""
    app = App(
        name=PROGRAM,
        version=f"{PROGRAM} {__version__}",
        help="Does this agent learn from experience?",
        help_epilogue=START,
        help_format="plaintext",  # what a user or a book wrote is never read as markup
        default_parameter=Parameter(negative=()),
        exit_on_error=False,
        print_error=False,
        suppress_keyboard_interrupt=False,
    )
    for command, (path, summary) in COMMANDS.items():
        if command == name:
            module, _, attribute = path.partition(":")
            app.command(parser_of(getattr(importlib.import_module(module), attribute)), name=command)
        else:
            app.command(path, name=command, help=summary)
    return app


def one_line(error: CycloptsError) -> str:
    """Return what the parser says, in one line and without its full stop."""
    return " ".join(str(error).split()).rstrip(".")


def told_error(message: str, status: int) -> int:
    """Say in one line what went wrong; return the exit status."""
    print(f"{PROGRAM}: {' '.join(message.split(os.linesep))}", file=sys.stderr)
    return status
