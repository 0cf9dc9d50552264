import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # torch on two busy cores is many times slower with two threads

import hypothesis
import pytest

from textbook_gym.registry import BOOKS

hypothesis.settings.register_profile("suite", deadline=None, derandomize=True, max_examples=60)
hypothesis.settings.load_profile("suite")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "book_name" in metafunc.fixturenames:
        metafunc.parametrize("book_name", sorted(BOOKS))
