"""Long work: whatever happens on the way, the table is the same bytes."""

import io
import resource
import signal
import subprocess
import sys
import time
from itertools import pairwise

import numpy as np
import pytest
from helpers.studies import LONG_STUDY
from toy.players import Turner

from textbook_gym.cli.main import main
from textbook_gym.registry import find
from textbook_gym.study import cache
from textbook_gym.study.cache import Parts, job_digest, student_digest
from textbook_gym.study.files import write
from textbook_gym.study.run import make_jobs, study, walkers
from textbook_gym.study.runners import here, processes, spread

STUDENTS = ["model", "mortal=toy.players:Mortal"]


def csv(table, folder):
    write(table, folder, {"books": ["Vocabulary"], "split": "test", "editions": 130})
    return (folder / "marks.csv").read_bytes()


class Counting:
    """A runner that counts the courses it walks and stops after so many jobs."""

    def __init__(self, most=None):
        self.walked, self.most = [], most

    def __call__(self, waiting):
        for job, rows in here(1)(waiting):
            if self.most is not None and len(self.walked) == self.most:
                raise KeyboardInterrupt
            self.walked.append(job)
            yield job, rows


def test_workers_killed_in_the_middle_change_nothing(deaths, tmp_path):
    alone = study(STUDENTS, threads=1, **LONG_STUDY)
    deaths.write_text("once\ntwice")
    with_deaths = study(STUDENTS, folder=tmp_path / "b", runner=processes(2), **LONG_STUDY)
    assert deaths.read_text() == ""  # both were died
    assert csv(alone, tmp_path / "a") == csv(with_deaths, tmp_path / "b")


def test_a_job_over_which_every_worker_dies_ends_the_study(deaths):
    deaths.write_text("again and\n" * 9)
    with pytest.raises(RuntimeError, match="3 workers died over it, the last with status -9"):
        study(["toy.players:Mortal"], ["Vocabulary"], editions=65, controls=["kept"], runner=processes(1))


def test_an_error_of_a_student_comes_back_from_its_worker(deaths):
    with pytest.raises(ValueError, match="I will not"):
        study(["toy.players:Quarrelsome"], ["Vocabulary"], editions=2, controls=["kept"], runner=processes(1))


def test_a_study_goes_on_where_it_was_interrupted(deaths, tmp_path):
    first, second, third = Counting(3), Counting(), Counting()
    told = []
    with pytest.raises(KeyboardInterrupt):
        study(STUDENTS, folder=tmp_path, runner=first, **LONG_STUDY)
    table = study(STUDENTS, folder=tmp_path, runner=second, progress=lambda *what: told.append(what), **LONG_STUDY)
    assert len(first.walked) == 3
    assert len(first.walked + second.walked) == len(set(first.walked + second.walked)) == 2 + 2 * 3
    assert [sum(what[1:]) for what in told] == [260 + 260 - 260 - 64] * 5
    assert told[-1][2] == 0
    again = study(STUDENTS, folder=tmp_path, runner=third, **LONG_STUDY)
    assert third.walked == []
    assert csv(table, tmp_path / "a") == csv(again, tmp_path / "b")
    assert csv(table, tmp_path / "a") == csv(study(STUDENTS, **LONG_STUDY), tmp_path / "c")


def test_damaged_parts_are_walked_again(tmp_path):
    short = {"books": ["Vocabulary"], "editions": 3, "controls": ["kept"]}
    table = study(["model"], folder=tmp_path, **short)
    [part] = (tmp_path / "parts").iterdir()
    fewer = io.BytesIO()
    np.save(fewer, np.load(part)[:-1])
    for damage in (b"", part.read_bytes()[:-8], b"nonsense", fewer.getvalue()):
        part.write_bytes(damage)
        counting = Counting()
        assert study(["model"], folder=tmp_path, runner=counting, **short).equals(table)
        assert len(counting.walked) == 1


def test_parts_depend_on_all_that_rows_depend_on(tmp_path, monkeypatch):
    parts = Parts(tmp_path)

    def path(student="model", seed=0, **changed):
        [job] = make_jobs(walkers([student], seed), ["Vocabulary"], 3, "test", ["kept"])
        return parts.path(job._replace(**changed))

    command = tmp_path / "agent.py"
    command.write_text("one")
    before = path(f"a=cmd:python {command}")
    assert path(f"a=cmd:python {command}") == before
    command.write_text("two")
    others = [
        path(f"a=cmd:python {command}"),
        path(),
        path("newcomer"),
        path(seed=1),
        path(split="train"),
        path(stop=4),
    ]
    monkeypatch.setattr(cache, "rules_digest", lambda name: "edited")
    others.append(path())
    assert len({before, *others}) == 8
    assert student_digest(Turner()) == ""


def test_a_digest_tells_jobs_apart_by_everything_but_where_they_are_walked():
    """By name the same part, were a field left out: rows of another study would be taken for these."""
    [job] = make_jobs(walkers(["model"], 0), ["Vocabulary"], 3, "test", ["kept"])
    other = {"student": "m=model", "name": "m", "book": "Bandits", "path": find("Bandits").path, "split": "train",
             "course": "short", "control": "wiped", "seed": 1, "start": 1, "stop": 4, "lanes": 2, "timeout": 1.0,
             "salt": 7, "key": "k", "folder": "f"}  # fmt: skip
    assert list(other) == list(job._fields)
    same = {field for field, value in other.items() if job_digest(job._replace(**{field: value})) == job_digest(job)}
    assert same == {"student", "name", "timeout", "folder"}  # what a student is, its key tells


def test_objects_are_walked_anew_and_stay_here(tmp_path):
    short = {"books": ["Vocabulary"], "editions": 2, "controls": ["kept"], "folder": tmp_path}
    for _ in range(2):
        counting = Counting()
        with pytest.raises(ValueError, match="cannot be sent to workers"):
            study([Turner()], runner=counting, **short)
        assert study([Turner()], **short).height == 2 * 53
    assert list((tmp_path / "parts").iterdir()) == []


def test_neighbours_in_the_queue_are_of_different_books():
    every = make_jobs(walkers(["model", "newcomer"], 0), ["Vocabulary", "Bandits", "Concepts"], 300, "test", ["kept"])
    order = spread(every)
    assert sorted(order) == sorted(every)
    assert all(a.book != b.book for a, b in pairwise(order))


def test_a_full_disk_is_reported_before_the_work(tmp_path, capsys):
    """The limit on the size of files stands in for a full disk: the same system call fails."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        status = main(["study", "--book", "Vocabulary", "--out", str(tmp_path / "study")])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    error = capsys.readouterr().err
    assert status == 2
    assert "cannot write" in error
    assert error.count("\n") == 1
    assert list((tmp_path / "study" / "parts").iterdir()) == []


def test_ctrl_c_keeps_what_is_done(tmp_path, deaths):
    """In a process of its own, interrupted once its first part is there; the same command then goes on."""
    command = [sys.executable, "-m", "textbook_gym", "study", "--book", "Vocabulary", "--editions", "130"]
    command += ["--student", "toy.players:Patient", "--control", "kept", "--out", str(tmp_path / "s")]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    parts = tmp_path / "s" / "parts"
    for _ in range(600):
        if parts.exists() and any(p.suffix == ".npy" for p in parts.iterdir()):
            break
        time.sleep(0.1)
    started.send_signal(signal.SIGINT)
    _, error = started.communicate(timeout=60)
    assert started.returncode == 130
    assert (
        error == "textbook-gym: interrupted after 64 of 130 courses; what is done is kept, the same command goes on\n"
    )
    kept = [p.stat().st_mtime_ns for p in parts.iterdir()]
    assert main(command[3:]) == 0
    assert [p.stat().st_mtime_ns for p in sorted(parts.iterdir())][:1] == kept
    assert len(list(parts.iterdir())) == 3
    whole = study(["toy.players:Patient"], ["Vocabulary"], editions=130, controls=["kept"])
    assert (tmp_path / "s" / "marks.csv").read_bytes() == csv(whole, tmp_path / "w")


def test_random_streams_are_mixed_not_added():
    from textbook_gym.students.rollout import notes_stream

    assert len({notes_stream(seed, edition) for seed in range(100) for edition in range(100)}) == 10_000
    assert np.unique([notes_stream(0, edition) >> 33 for edition in range(100)]).size == 100
