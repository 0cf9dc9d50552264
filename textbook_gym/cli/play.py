"""The command `play`."""

import importlib
import pathlib

from textbook_gym.cli.options import Whole


def play(
    book: str,
    /,
    *,
    course: str = "seminar",
    edition: Whole | None = None,
    name: str = "me",
    memory: str = "transcript",
    out: pathlib.Path | None = None,
    web: bool = False,
) -> int:
    """Play a course yourself: the pages that a language model gets, and at the end your learning curve beside others.

    Put it down whenever you like: the same command goes on from there, and then opens the next edition. A course that
    is over is a row of a study, as the student human:NAME.

    Args:
        book: name of a book, such as Concepts.
        course: seminar, short, or book, the whole of it.
        edition: number of the test edition to play (default: the one that was put down, or else your next).
        name: what you are called in the table.
        memory: what you can still see: transcript, everything; notebook, the exercise and your notes; none, the
            exercise alone.
        out: folder of the study, for one book and one course of it (default: played/BOOK-COURSE).
        web: play in a browser on this machine; the address is printed.

    Examples:
        textbook-gym play Concepts
        textbook-gym play Vocabulary --name ada --memory notebook
        textbook-gym play Bandits --web
    """
    from textbook_gym.play.folder import open_course
    from textbook_gym.registry import find

    importlib.import_module("polars")  # writes the table once the course is over: better missed now than then
    folder = out or pathlib.Path("played") / f"{find(book).name}-{course}"
    played = open_course(book, folder, course=course, edition=edition, name=name, memory=memory)
    if web:
        from textbook_gym.play.web import serve_web

        serve_web(played)
    else:
        from textbook_gym.cli.terminal import Terminal

        Terminal(played).play()
    return 0
