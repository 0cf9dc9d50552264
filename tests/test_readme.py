"""Front page and pages of results say what is so: tables are the project's, Python runs, links lead somewhere."""

import importlib.util
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "benchmarks" / "results").glob("*.md"))]
SMALL = {
    "1_000_000": "512",
    "400_000": "512",
    "num_envs=256": "num_envs=4",
    "num_envs=4096": "num_envs=16",
    "num_envs=64": "num_envs=4",
    "batch_size=4096": "batch_size=64",
    "verbose=1": "verbose=0",
}
"""Sizes of the pages -> sizes of a test."""


def text(page):
    return page.read_text(encoding="utf-8")


def name(page):
    return page.relative_to(ROOT).as_posix()


@pytest.fixture(scope="module")
def tables():
    spec = importlib.util.spec_from_file_location("tables", ROOT / "benchmarks" / "tables.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


BLOCKS = [(page, block) for page in PAGES for block in re.findall(r"```python\n(.*?)```", text(page), re.S)]


def test_the_front_page_is_read_in_a_few_minutes():
    assert len(text(ROOT / "README.md").splitlines()) <= 200


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_generated_parts_are_up_to_date(page, tables):
    assert tables.filled(text(page)) == text(page), "run: python benchmarks/tables.py"


def test_every_table_stands_on_a_page(tables):
    every = "".join(map(text, PAGES))
    assert all(f"<!-- {part} -->\n" in every for part in tables.PARTS)


def test_figures_are_those_of_the_tables(tables):
    """Every figure with digits behind the point stands, digit by digit, in the committed table."""
    for made, file in ((tables.results, "summary.csv"), (tables.learning, "learning/summary.csv")):
        known = set(re.findall(r"\d+\.\d+", text(ROOT / "benchmarks" / "results" / file)))
        shown = re.findall(r"\d+\.\d+", made())
        assert shown
        assert set(shown) <= known


@pytest.mark.parametrize(("page", "block"), BLOCKS, ids=[f"{name(p)}-{k}" for k, (p, _) in enumerate(BLOCKS)])
def test_the_python_of_the_pages_runs(page, block, tmp_path, monkeypatch):
    if "stable_baselines3" in block:
        pytest.importorskip("stable_baselines3")
    monkeypatch.chdir(tmp_path)
    for large, small in SMALL.items():
        block = block.replace(large, small)
    exec(block, {})


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_files_that_a_page_names_exist(page):
    for path in re.findall(r"(?<![\w/])(?:tests|benchmarks|textbook_gym)/[\w./]+\w", text(page)):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_to_files_and_headings(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", text(page)):
        if "://" in target:
            continue
        path, _, heading = target.partition("#")
        file = (page.parent / path) if path else page
        assert file.exists(), target
        if heading:
            titles = re.findall(r"^#+ (.*)$", text(file), re.M)
            assert heading in {re.sub(r"[^\w -]", "", t.lower()).replace(" ", "-") for t in titles}, target


def test_the_marked_commands_are_there_for_who_reads_them():
    """Between these comments stand the commands that install and try the project, in blocks of `sh`."""
    for mark, word in (("study", "textbook-gym study"), ("tests", "pytest"), ("train", "textbook-gym train")):
        part = re.search(rf"<!-- {mark} -->\n```sh\n(.*?)```\n<!-- end -->", text(ROOT / "README.md"), re.S)
        assert part is not None, mark
        assert part[1].startswith("pip install -c .constraints.txt "), mark
        assert word in part[1], mark
