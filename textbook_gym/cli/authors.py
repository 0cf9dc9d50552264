"""The commands for authors of books: `new` and `check`."""

import pathlib

from textbook_gym.cli.options import Whole, see_this_folder
from textbook_gym.errors import BookError


def new(name: str, /, *, folder: pathlib.Path = pathlib.Path()) -> int:
    """Write a small book that passes all checks, to be changed bit by bit.

    Args:
        name: what its file is called, such as lamps or two_doors.
        folder: where to; it must exist, and a file that is there is not overwritten.

    Examples:
        textbook-gym new lamps
        textbook-gym new two_doors --folder my_package
    """
    from textbook_gym.authoring.skeleton import new_book

    path = new_book(name, folder)
    print(f"Written: {path}")
    if not path.is_absolute() and ".." not in path.parts:
        print(f"Next: textbook-gym check {'.'.join(path.with_suffix('').parts)}")
    return 0


def check(module: str, /, *, calibrate: bool = False, editions: Whole = 512) -> int:
    """Check a book: what is wrong, a line for each finding. The exit status is 1 if anything is.

    Args:
        module: dotted name of the book's module, such as my_package.lamps; the current folder is looked in first.
        calibrate: only measure the newcomer, and print CHAPTERS with that column as it should be.
        editions: how many editions marks are measured on.

    Examples:
        textbook-gym check lamps
        textbook-gym check my_package.lamps --calibrate
    """
    from textbook_gym import checks

    if editions < 1:
        raise ValueError(f"editions={editions}: give a whole number >= 1")
    see_this_folder()
    try:
        print(checks.check(module, editions, calibrate))
    except BookError as error:
        print(error)
        return 1
    return 0
