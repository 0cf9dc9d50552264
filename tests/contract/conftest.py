"""Books broken on purpose."""

import sys

import pytest

from textbook_gym.authoring.skeleton import new_book


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """A maker of broken books: the skeleton with passages changed, importable under a name of its own."""
    monkeypatch.syspath_prepend(str(tmp_path))
    names = []
    skeleton = new_book("lamps", tmp_path).read_text()

    def make(*changes):
        source = skeleton
        for old, new in changes:
            assert old in source
            source = source.replace(old, new)
        names.append(f"broken_{abs(hash(changes))}")
        (tmp_path / f"{names[-1]}.py").write_text(source)
        return names[-1]

    yield make
    for name in names:
        sys.modules.pop(name, None)
