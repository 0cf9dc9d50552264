"""The README says what is so: its tables are those of the project, its Python runs."""

import importlib.util
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def generator():
    spec = importlib.util.spec_from_file_location("readme", ROOT / "benchmarks" / "readme.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_parts_are_up_to_date():
    assert generator().filled(README) == README, "run: python benchmarks/readme.py"


def test_the_python_of_the_front_page_runs():
    blocks = re.findall(r"```python\n(.*?)```", README, re.S)
    assert len(blocks) == 3
    use = blocks[0].replace("4096", "16")
    exec(use, {})
    pytest.importorskip("stable_baselines3")
    train = blocks[1].replace("1_000_000", "512").replace("256", "4").replace("4096", "64").split("model.save")[0]
    exec(train.replace("verbose=1", "verbose=0"), {})


def test_files_that_the_page_names_exist():
    for path in re.findall(r"(?:tests|benchmarks|textbook_gym)/[\w./]+\w", README):
        assert (ROOT / path).exists(), path
