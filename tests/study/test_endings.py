"""Whatever ends a study ends its students, too."""

import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

STUDENT = """
import os, sys, time
open(sys.argv[1] + "/" + str(os.getpid()), "w")
input()
print(0, flush=True)
time.sleep(600)
"""


def alive(pid):
    """Whether a process runs; one that waits to be buried does not."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.skipif(not pathlib.Path("/proc").is_dir(), reason="looks at processes as Linux shows them")
@pytest.mark.parametrize("workers", [[], ["--workers", "2"]], ids=["here", "workers"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-C", "SIGTERM"])
def test_students_end_with_the_study(tmp_path, workers, number):
    (tmp_path / "student.py").write_text(STUDENT)
    (tmp_path / "pids").mkdir()
    command = f"x=cmd:exec {sys.executable} {tmp_path / 'student.py'} {tmp_path / 'pids'}"
    process = subprocess.Popen(
        [sys.executable, "-m", "textbook_gym", "study", "--book", "Bandits", "--book", "Vocabulary", "--editions", "2",
         "--control", "kept", "--timeout", "600", "--out", str(tmp_path / "s"), "--student", command, *workers],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    try:
        wanted, until = 2 if workers else 1, time.monotonic() + 60
        while len(list((tmp_path / "pids").iterdir())) < wanted and time.monotonic() < until:
            time.sleep(0.1)
        pids = [int(p.name) for p in (tmp_path / "pids").iterdir()]
        assert len(pids) == wanted
        assert all(map(alive, pids))
        os.killpg(process.pid, number) if number == signal.SIGINT else process.send_signal(number)
        process.wait(60)  # it may be compiling
        until = time.monotonic() + 15
        while any(map(alive, pids)) and time.monotonic() < until:
            time.sleep(0.1)
        assert not any(map(alive, pids))
        assert process.returncode == (130 if number == signal.SIGINT else 143)
    finally:
        process.kill()
        process.wait()
