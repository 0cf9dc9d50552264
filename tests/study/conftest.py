"""What tests of long work share."""

import os
from pathlib import Path

import pytest

TESTS = Path(__file__).parent.parent


@pytest.fixture
def deaths(tmp_path, monkeypatch):
    """The file that says how often `Mortal` is to die; workers know where it is, and find the students."""
    file = tmp_path / "deaths"
    file.write_text("")
    monkeypatch.setenv("DEATHS", str(file))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")]))
    return file
