"""No public name twice: who reads one finds what it means in one place."""

import ast
import collections
import pathlib

import textbook_gym

PACKAGE = pathlib.Path(textbook_gym.__file__).parent

BY_CONTRACT = ("books", "classics")
"""Packages whose modules share names on purpose: those of the contract of a book."""

SAME_WORD = {
    "check", "compare", "record", "study", "train", "validate",  # commands are called like what they call
    "register",  # `rllib.register` is to RLlib what `textbook_gym.register` is to Gymnasium
}  # fmt: skip


def names_of(node: ast.stmt) -> list[str]:
    """The names that a statement at the top of a module defines."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]


def test_no_public_name_is_defined_twice():
    places = collections.defaultdict(list)
    for file in sorted(PACKAGE.rglob("*.py")):
        where = file.relative_to(PACKAGE)
        if where.parts[0] in BY_CONTRACT:
            continue
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            for name in names_of(node):
                if not name.startswith("_"):
                    places[name].append(str(where))
    twice = {name: found for name, found in places.items() if len(found) > 1}
    assert {name for name in twice if name in SAME_WORD} == SAME_WORD
    assert not {name: found for name, found in twice.items() if name not in SAME_WORD}
