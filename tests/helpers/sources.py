"""The package as text: its modules read, the things they define, and what docstrings show."""

import ast
import pathlib
import re
import textwrap
from collections.abc import Iterator
from typing import NamedTuple

import textbook_gym

PACKAGE = pathlib.Path(textbook_gym.__file__).parent


def name_of(file: pathlib.Path) -> str:
    """Dotted name of a module below this package; "" for the package itself."""
    return ".".join(file.relative_to(PACKAGE).with_suffix("").parts).removesuffix("__init__").rstrip(".")


MODULES = {name_of(f): f for f in sorted(PACKAGE.rglob("*.py"))}
"""Module -> its file."""

TREES = {name: ast.parse(file.read_text(encoding="utf-8")) for name, file in MODULES.items()}
"""Module -> its source, read."""


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements at the top of a module or class, those under a condition among them."""
    for node in body:
        yield node
        if isinstance(node, (ast.If, ast.Try, ast.With, ast.For)):
            for name in ("body", "orelse", "finalbody"):
                yield from statements(getattr(node, name, []))
            for handler in getattr(node, "handlers", []):
                yield from statements(handler.body)


def names_of(node: ast.stmt) -> list[str]:
    """The names that a statement at the top of a module defines."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]


DEFINED = {module: {n for node in statements(tree.body) for n in names_of(node)} for module, tree in TREES.items()}
"""Module -> the names that it defines."""


def imported_in(text: str) -> Iterator[tuple[str, str]]:
    """What lines of a text import from this package, in code, examples and READMEs: module below it, and name."""
    for module, names in re.findall(r"from textbook_gym(\S*) import (\([^()]*\)|[\w, ]+)", text):
        for name in names.strip("()").split(","):
            if name.strip():
                yield module.removeprefix("."), name.split(" as ")[0].strip()


def home_of(module: str, name: str) -> tuple[str, str]:
    """Where a name that a module offers is defined: module and name there; itself where that is not one of ours."""
    for node in TREES[module].body if name not in DEFINED[module] else ():
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "textbook_gym":
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return str(node.module).removeprefix("textbook_gym").lstrip("."), alias.name
    return module, name


class Thing(NamedTuple):
    """A module, class, function or method, and its docstring."""

    module: str  # below this package
    name: str  # in the module, dotted; "" for the module itself
    text: str  # its docstring, dedented

    @property
    def full_name(self) -> str:
        """Where it stands, dotted."""
        return ".".join(filter(None, ("textbook_gym", self.module, self.name)))

    @property
    def is_method(self) -> bool:
        """Whether it stands in a class."""
        return "." in self.name

    @property
    def is_public(self) -> bool:
        """Whether no part of its name begins with an underscore."""
        return not any(part.startswith("_") for part in self.name.split("."))

    @property
    def runs(self) -> bool:
        """Whether what it shows is run."""
        return ">>> " in self.text

    @property
    def example(self) -> str:
        """The block under "Example:" or "Examples:", dedented; "" if there is none."""
        block, inside = [], False
        for line in self.text.splitlines():
            if line.strip() and not line.startswith(" "):
                inside = line in ("Example:", "Examples:")
            elif inside:
                block.append(line)
        return textwrap.dedent("\n".join(block)).strip()


def things_in(module: str, body: list[ast.stmt], prefix: str = "") -> Iterator[Thing]:
    """The classes, functions and methods of a module."""
    for node in statements(body):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield Thing(module, prefix + node.name, ast.get_docstring(node) or "")
            if isinstance(node, ast.ClassDef):
                yield from things_in(module, node.body, f"{prefix}{node.name}.")


THINGS = [
    thing
    for module, tree in TREES.items()
    for thing in (Thing(module, "", ast.get_docstring(tree) or ""), *things_in(module, tree.body))
]
"""Everything that may have a docstring, in the order of the files."""
