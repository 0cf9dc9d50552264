"""No public name twice, and no word of a name that is gone: who reads one finds what it means in one place."""

import ast
import collections
import re

import pytest
from helpers.sources import DEFINED, PACKAGE, TREES, imported_in

BY_CONTRACT = ("books", "classics")
"""Packages whose modules share names on purpose: those of the contract of a book."""

SAME_WORD = {
    "register": {"registry", "rllib"},  # to RLlib what `textbook_gym.register` is to Gymnasium
    "train": {"train.run", "train.in_context"},  # the same act: a student of SB3, and the one that learns in context
}
"""A name -> the modules that may all define it."""


def handed_on(module: str) -> set[str]:
    """The names that a module imports anywhere, or imports once they are asked for."""
    lines = [n for n in ast.walk(TREES[module]) if isinstance(n, (ast.Import, ast.ImportFrom))]
    return {alias.asname or alias.name for line in lines for alias in line.names}


def calls(tree: ast.AST, name: str) -> bool:
    """Whether a function of this name is called, or worn as a command's parameters."""
    used = {n.func for n in ast.walk(tree) if isinstance(n, ast.Call)}
    return any(getattr(f, "attr", getattr(f, "id", None)) == name for f in used)


def test_no_public_name_is_defined_twice():
    """A command is called like what it calls; there is no other reason than those of `SAME_WORD`."""
    places = collections.defaultdict(set)
    for module, names in DEFINED.items():
        if module.split(".")[0] not in BY_CONTRACT:
            for name in names:
                if not name.startswith("_"):
                    places[name].add(module)
    for name, modules in places.items():
        commands = {m for m in modules if m.startswith("cli.")}
        others = modules - commands
        if others == SAME_WORD.get(name):
            others = {min(others)}
        assert len(others) <= 1, f"{name} is defined in {sorted(modules)}"
        assert len(commands) <= 1, f"{name} is defined in {sorted(modules)}"
        for command in commands if others else ():
            assert calls(TREES[command], name), f"{command}.{name} is called like another thing, in {sorted(others)}"
    assert {name: places[name] - {m for m in places[name] if m.startswith("cli.")} for name in SAME_WORD} == SAME_WORD


# --- words in docstrings -----------------------------------------------------------------------------

TEXTS = {
    **{str(f.relative_to(PACKAGE)): f.read_text(encoding="utf-8") for f in sorted(PACKAGE.rglob("*.[pm][yd]"))},
    **{str(f.relative_to(PACKAGE.parent)): f.read_text(encoding="utf-8")
       for f in (PACKAGE.parent / "README.md", *sorted((PACKAGE.parent / "benchmarks").glob("*.py"))) if f.exists()},
}  # fmt: skip
"""File -> its text: code, READMEs, benchmarks."""

OF_OTHERS = {"train.Config", "verifiers.v1"}
"""Dotted names in backticks that look like ours and are a library's."""

OBJECTS = ("book", "desk", "envs", "lane")
"""Names of modules that objects bear, too: behind the dot may stand what those have."""

FILES = ("csv", "json", "html", "md", "npz", "parquet", "png", "py", "zip")
"""What the last part of a dotted name is where it names a file."""


def knows(module: str, path: list[str]) -> bool:
    """Whether a module has the first name of a path (what an object has besides is not looked at), or is it."""
    return not path or path[0] in DEFINED[module] | handed_on(module) or path[0].startswith("__")


def found(dotted: str) -> bool | None:
    """Whether a dotted name is one of ours; None if it does not look like one."""
    parts = dotted.removeprefix("textbook_gym.").split(".")
    if dotted.startswith("textbook_gym.") and knows("", parts):
        return True
    if parts[0] in OBJECTS:
        return None
    guesses = [
        (module, parts[k:])
        for module in TREES
        for k in range(len(parts), 0, -1)
        if module == ".".join(parts[:k]) or module.endswith(f".{'.'.join(parts[:k])}")
    ]
    ours = [(m, rest) for m, rest in guesses if not m.startswith(BY_CONTRACT)]
    if not guesses:
        return False if dotted.startswith("textbook_gym.") else None
    return any(knows(module, rest) for module, rest in guesses) or (False if ours else None)


@pytest.mark.parametrize("file", TEXTS)
def test_what_a_text_names_is_there(file):
    """`module.name` in backticks, and lines that import from this package, in code, docstrings and READMEs."""
    gone = []
    for dotted in re.findall(r"`([a-z_]\w*(?:\.\w+)+)(?:\([^`]*\))?`", TEXTS[file]):
        if dotted not in OF_OTHERS and dotted.rsplit(".", 1)[1] not in FILES and found(dotted) is False:
            gone.append(dotted)
    for path, name in imported_in(TEXTS[file]):
        whole = f"{path}.{name}".lstrip(".")
        if whole not in TREES and not (path in TREES and knows(path, [name])):
            gone.append(f"textbook_gym.{whole}")
    assert not gone
