"""A first book for an author to change: three chapters, a hidden structure, a model student that learns, an oracle."""

import importlib.resources
import keyword
import pathlib
import sys
from importlib.metadata import packages_distributions

TEMPLATE = "skeleton.txt"
HOLE = "{Name}"


def new_book(name: str, folder: str | pathlib.Path = ".") -> pathlib.Path:
    """Write a book that passes `textbook_gym.checks.check_book` as it stands, to be changed bit by bit.

    Args:
        name: what its file is called, such as "lamps" or "two_doors"; the book is then called `Lamps`, `TwoDoors`.
        folder: where to; it must exist.

    Returns:
        the path of the file.

    Raises:
        ValueError: the name is none that can be imported, there is no such folder, or the file is there already;
            nothing has been written then.

    Example:
        new_book("lamps", "my_package")  # writes my_package/lamps.py
    """
    plain = name.removesuffix(".py").lower()
    if not plain.isidentifier() or keyword.iskeyword(plain) or plain.startswith("_"):
        raise ValueError(
            f"a book cannot be called {name!r}; use letters, digits and _, a letter first, and "
            "no word of Python's own, such as 'lamps'"
        )
    target = pathlib.Path(folder) / f"{plain}.py"
    if not target.parent.is_dir():
        raise ValueError(f"there is no folder {str(target.parent)!r}; make it first")
    if not (target.parent / "__init__.py").exists() and plain in {*sys.stdlib_module_names, *packages_distributions()}:
        raise ValueError(
            f"a file {target.name!r} would hide the module {plain!r} of the same name; choose another name"
        )
    title = "".join(word.capitalize() for word in plain.split("_"))
    template = importlib.resources.files("textbook_gym.authoring").joinpath(TEMPLATE).read_text(encoding="utf-8")
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(template.replace(HOLE, title))
    except FileExistsError as error:
        raise ValueError(f"{str(target)!r} is there already; choose another name, or move it away") from error
    return target
