"""What tests of long work share."""

import os
from pathlib import Path

import pytest
from helpers.chat_server import scripted, serving

TESTS = Path(__file__).parent.parent


@pytest.fixture
def deaths(tmp_path, monkeypatch):
    """The file that says how often `Mortal` is to die; workers know where it is, and find the students."""
    file = tmp_path / "deaths"
    file.write_text("")
    monkeypatch.setenv("DEATHS", str(file))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")]))
    return file


@pytest.fixture(scope="module")
def lasting_server():
    """A chat server for all tests of a file."""
    with serving(scripted) as made:
        yield made


@pytest.fixture
def server(lasting_server):
    """A chat server that answers as `scripted` does, without faults, and was asked nothing yet."""
    lasting_server.policy, lasting_server.faults = scripted, []
    lasting_server.requests, lasting_server.answered, lasting_server.keys = [], [], []
    return lasting_server
