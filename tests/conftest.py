import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # torch on two busy cores is many times slower with two threads

import hypothesis
import pytest

from textbook_gym.registry import BOOKS, CLASSICS, env_ids

pytest.register_assert_rewrite("helpers.foreign", "helpers.playing")  # what they assert is explained as in tests
hypothesis.settings.register_profile("suite", deadline=None, derandomize=True, max_examples=60)
hypothesis.settings.load_profile("suite")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "book_name" in metafunc.fixturenames:
        metafunc.parametrize("book_name", sorted(BOOKS))


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist looks at the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of one book on one worker: each book is then compiled once, and measured once."""
    names = [*BOOKS, *CLASSICS]
    books = {env_id: name for name in names for env_id in env_ids(name)} | {name: name for name in names}
    for item in items:
        values = getattr(getattr(item, "callspec", None), "params", {}).values()
        for name in {books[v] for v in values if isinstance(v, str) and v in books}:
            item.add_marker(pytest.mark.xdist_group(name))
