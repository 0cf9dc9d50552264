"""Text is written and read in UTF-8, whatever the locale: its encoding stands at every call."""

import ast
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parent.parent
FILES = [f for folder in ("textbook_gym", "benchmarks") for f in sorted((ROOT / folder).rglob("*.py"))]
OPENS = {"open", "read_text", "write_text", "fdopen"}


def without_encoding(source):
    """Lines of the calls that open a text file and do not say its encoding."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if (
            isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "os"
        ):
            continue  # file descriptors, of bytes
        if name == "open" and ast.unparse(node.func).rpartition(".")[0].rpartition(".")[2] in (
            "self",
            "lane",
            "desk",
            "conversation",
        ):
            continue  # a course is opened, no file
        if ast.unparse(node.func) == "gzip.open" and len(node.args) == 1 and not node.keywords:
            continue  # of bytes, unless asked for text
        plain = [a.value for a in (*node.args, *(k.value for k in node.keywords)) if isinstance(a, ast.Constant)]
        binary = any(isinstance(v, str) and "b" in v and set(v) <= set("rwxab+") for v in plain)
        if name in OPENS and not binary and "encoding" not in {k.arg for k in node.keywords}:
            lines.append(node.lineno)
    return lines


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.relative_to(ROOT).as_posix())
def test_every_text_file_is_opened_with_its_encoding(file):
    assert not without_encoding(file.read_text(encoding="utf-8"))


def test_the_search_finds_what_it_looks_for():
    source = (
        "path.open()\nopen('x', 'w')\npath.read_text()\nopen('x', 'rb')\nos.open('x', 1)\nopen('x', encoding='utf-8')\n"
    )
    assert without_encoding(source) == [1, 2, 3]
