"""The command that shows conversations."""

import pathlib
import sys

from textbook_gym.cli.options import Texts, Wholes


def view(
    folder: pathlib.Path,
    /,
    *,
    student: Texts | None = None,
    book: Texts | None = None,
    edition: Wholes | None = None,
) -> int:
    """Show what students said in a study, on one page, each control beside the others.

    The page is written into the study's folder; it needs no network. `--student`, `--book` and `--edition` are repeated
    for several. The exit status is 1 if a transcript could not be read.

    Args:
        folder: of the study.
        student: show this student alone (default: all).
        book: show this book alone (default: all).
        edition: show this edition alone (default: all).

    Examples:
        textbook-gym view study
        textbook-gym view study --book Bandits --edition 0 --edition 1
    """
    from textbook_gym.report.view import write_view

    page, problems = write_view(folder, student, book, edition)
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"Written: {page}")
    return 1 if problems else 0
