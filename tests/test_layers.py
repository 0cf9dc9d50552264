"""Who may import whom; what the project may not say."""

import ast
import pathlib

import pytest

import textbook_gym

PACKAGE = pathlib.Path(textbook_gym.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
BOOKS = [f for f in FILES if f.parent.name == "books"]
RULES = {"textbook_gym.book", "textbook_gym.rng"}
OUTER = {"study", "metrics", "report", "cli", "sb3", "students", "checks", "controls", "jobs", "workers", "process"}
OUTER |= {"rllib", "intervals", "runs", "canvas", "pictures", "page", "compare", "validate"}


def imports(file: pathlib.Path) -> set[str]:
    """Every module that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
            found |= {f"{node.module}.{alias.name}" for alias in node.names if node.module == "textbook_gym"}
    return found


@pytest.mark.parametrize("file", BOOKS, ids=lambda f: f.stem)
def test_books_know_only_fields_and_random_numbers(file):
    ours = {m for m in imports(file) if m.startswith("textbook_gym")}
    assert ours <= RULES
    assert imports(file) - ours <= {"enum", "math", "typing", "numpy", "itertools", "functools"}


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_torch_and_sb3_are_imported_by_the_plug_in_and_the_training_alone(file):
    heavy = {m.split(".")[0] for m in imports(file)} & {"torch", "stable_baselines3", "sb3_contrib"}
    assert not heavy or file.name in ("sb3.py", "train.py", "train_command.py")


def test_ray_is_imported_by_its_plug_in_and_where_jobs_are_walked():
    assert {f.stem for f in FILES if "ray" in {m.split(".")[0] for m in imports(f)}} == {"rllib", "workers"}


@pytest.mark.parametrize("stem", ["controls", "jobs", "workers", "process"])
def test_workers_need_no_table(stem):
    """They may run on machines that have but the core."""
    assert not {m.split(".")[0] for m in imports(PACKAGE / f"{stem}.py")} & {"polars", "scipy", "rich", "matplotlib"}


ENGINE = ["book", "rng", "course", "plan", "kernel", "places", "lanes", "saving", "render"]


@pytest.mark.parametrize("stem", [*ENGINE, "env", "vector"])
def test_the_engine_knows_nothing_of_students_and_studies(stem):
    assert not imports(PACKAGE / f"{stem}.py") & {f"textbook_gym.{m}" for m in OUTER}


def test_only_the_environments_know_gymnasium():
    for stem in ENGINE:
        assert "gymnasium" not in {m.split(".")[0] for m in imports(PACKAGE / f"{stem}.py")}


@pytest.mark.parametrize("file", [f for f in FILES if f not in BOOKS], ids=lambda f: f.stem)
def test_a_file_holds_one_idea(file):
    """Books are exempt: each is one file by contract, with its tables, its rules and its student.

    The ideal observer's search may be longer: compiled functions that call each other stay in one file, because
    the compiler's disk cache notices no edits of another.
    """
    assert len(file.read_text().splitlines()) <= (450 if file.stem == "ideal_observer" else 400)
