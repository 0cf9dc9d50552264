"""On a real Ray of two workers on this machine: `pip install ".[ray]"`, then `pytest -m ray`."""

import pytest
from helpers.studies import LONG_STUDY

from textbook_gym.cli.main import main
from textbook_gym.study.run import study
from textbook_gym.study.runners import cluster

pytestmark = [
    pytest.mark.ray,
    # Ray's own: subprocesses and sockets that it leaves to the garbage collector
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning", "ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

STUDENTS = ["model", "toy.players:Mortal"]


@pytest.fixture(autouse=True)
def no_address(monkeypatch):
    """A Ray of its own, whatever runs on this machine."""
    monkeypatch.delenv("RAY_ADDRESS", raising=False)


def test_a_worker_killed_in_the_middle_changes_nothing(deaths, tmp_path):
    alone = study(STUDENTS, threads=1, **LONG_STUDY)
    deaths.write_text("once")
    told = []
    table = study(
        STUDENTS, folder=tmp_path, runner=cluster(workers=2), progress=lambda *w: told.append(w), **LONG_STUDY
    )
    assert deaths.read_text() == ""
    assert table.equals(alone)
    assert told[-1][1:] == (4 * 130, 0)  # none was counted twice


def test_a_job_over_which_every_worker_dies_ends_the_study(deaths):
    deaths.write_text("again and\n" * 9)
    with pytest.raises(RuntimeError, match="3 workers died over it"):
        study(["toy.players:Mortal"], ["Vocabulary"], editions=65, controls=["kept"], runner=cluster(workers=2))
    assert len(deaths.read_text().splitlines()) == 6


def test_the_command_walks_on_ray_and_tells_a_students_error(deaths, tmp_path, capsys):
    command = ["study", "--book", "Vocabulary", "--editions", "3", "--workers", "2", "--ray", "--out"]
    assert main([*command, str(tmp_path / "ray"), "--student", "model"]) == 0
    assert main([*command[:-2], "--out", str(tmp_path / "processes"), "--student", "model"]) == 0
    first, second = ((tmp_path / folder / "marks.csv").read_bytes() for folder in ("ray", "processes"))
    assert first == second
    capsys.readouterr()
    assert main([*command, str(tmp_path / "no"), "--student", "toy.players:Quarrelsome"]) == 2
    assert capsys.readouterr().err == "textbook-gym: I will not\n"
