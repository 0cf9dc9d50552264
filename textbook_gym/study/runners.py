"""Where jobs are walked: in this process, by worker processes, or on a Ray cluster. What they bring is the same.

A worker that dies (out of memory, killed, a machine gone) loses only what it was walking; that job is walked again by
another. A student's own error is no accident: it ends the study, and what is done is kept.
"""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from itertools import zip_longest
from multiprocessing.connection import Connection, wait
from typing import Any

import numpy as np

from textbook_gym.errors import whole
from textbook_gym.process_signals import WAKE_SECONDS, close_when_told
from textbook_gym.study.jobs import Job, run_job

ATTEMPTS = 3  # times that a job is walked before its worker's death is thought to be its fault
WORKER_SECONDS = 60.0  # seconds that a worker has to finish what it compiles and to close its student
QUEUED = 2  # jobs a core that are handed to Ray ahead

Results = Generator[tuple[Job, np.ndarray], None, None]
Runner = Callable[[Sequence[Job]], Results]
"""Walks jobs somewhere and yields each with its rows, in any order."""


def here(threads: int | None) -> Runner:
    """Return a runner that walks jobs one after another in this process, on so many threads (None for all cores).

    Example:
        study(["model"], ["Bandits"], runner=here(threads=2))  # what a study does where no runner is given
    """

    def run(jobs: Sequence[Job]) -> Results:
        for job in jobs:
            yield job, run_job(job, threads)

    return run


def spread(jobs: Iterable[Job]) -> list[Job]:
    """Return jobs so ordered that neighbours are of different books: workers then do not all compile the same one."""
    by_book: dict[str, list[Job]] = {}
    for job in jobs:
        by_book.setdefault(job.path, []).append(job)
    return [job for row in zip_longest(*by_book.values()) for job in row if job is not None]


# --- worker processes ------------------------------------------------------------------------------


def serve_worker(pipe: "Connection[Any, Any]", environment: dict[str, str]) -> None:
    """Walk the jobs that come through a pipe and send back (rows, None) or (None, error), until it is closed.

    Whatever ends the worker, its student ends with it: told to end it closes its student first, ctrl-C is left to the
    parent, which then tells it to end, and a parent that is gone counts as told.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    close_when_told()
    threading.Thread(target=outlive, daemon=True).start()
    os.environ.update(environment)  # the server that forks workers has that of its own start
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # torch with several threads a worker is many times slower
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            job = pipe.recv()
            try:
                answer: tuple[np.ndarray | None, Exception | None] = run_job(job), None
            except Exception as error:  # it is raised again where the study is
                answer = None, error
            try:
                pipe.send(answer)
            except (TypeError, AttributeError, ValueError):  # an error that cannot be sent
                pipe.send((None, RuntimeError(f"{job}: {answer[1]!r}")))


def outlive() -> None:
    """Wait until the parent process is gone, then end this one."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


class Worker:
    """A process that walks one job at a time. It imports the package afresh: nothing is forked."""

    def __init__(self) -> None:
        methods = multiprocessing.get_all_start_methods()
        context: Any = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=serve_worker, args=(theirs, dict(os.environ)), daemon=True)
        self.process.start()
        theirs.close()
        self.job: Job | None = None

    def walk(self, job: Job) -> None:
        """Begin a job."""
        self.job = job
        with contextlib.suppress(BrokenPipeError):  # a dead worker is found out by `result`
            self.pipe.send(job)

    def result(self) -> np.ndarray | None:
        """Return the rows of its job, or None if it died over it; raise the error that a student raised."""
        try:
            rows, error = self.pipe.recv()
        except (EOFError, ConnectionResetError):
            return None
        if error is not None:
            raise error
        return np.asarray(rows)

    def end(self) -> None:
        """End the process, whatever it is doing."""
        self.pipe.close()
        self.process.terminate()
        self.process.join(WORKER_SECONDS)
        self.process.kill()
        self.process.join()


def processes(workers: int) -> Runner:
    """Return a runner that walks jobs in so many processes.

    Raises:
        ValueError: `workers` is no whole number >= 1.

    Example:
        study(["model"], ["Bandits"], runner=processes(4))
    """
    workers = whole("workers", workers, 1)

    def run(jobs: Sequence[Job]) -> Results:
        waiting = deque(spread(jobs))
        died: dict[Job, int] = {}
        team = [Worker() for _ in range(min(workers, len(waiting)))]
        try:
            for worker in team:
                worker.walk(waiting.popleft())
            while busy := {w.pipe: w for w in team if w.job is not None}:
                for pipe in wait(list(busy), WAKE_SECONDS):
                    worker = busy[pipe]
                    job, worker.job = worker.job, None
                    assert job is not None
                    rows = worker.result()
                    if rows is None:
                        died[job] = died.get(job, 0) + 1
                        code = bury(worker)
                        if died[job] == ATTEMPTS:
                            raise RuntimeError(f"{job}: {ATTEMPTS} workers died over it, the last with status {code}")
                        waiting.appendleft(job)
                        team[team.index(worker)] = worker = Worker()
                    if waiting:
                        worker.walk(waiting.popleft())
                    if rows is not None:
                        yield job, rows
        finally:
            for worker in team:
                worker.end()

    return run


def bury(worker: Worker) -> int | None:
    """Return the exit status of a dead worker."""
    worker.process.join(1.0)
    code = worker.process.exitcode
    worker.end()
    return code


# --- Ray ------------------------------------------------------------------------------------------------


def cluster(address: str | None = None, workers: int | None = None) -> Runner:
    """Return a runner that walks jobs on a Ray cluster, on whose machines this package must be installed.

    Args:
        address: as for `ray.init`: "auto", "ray://host:10001", ...; None for the one that the environment names, else a
            fresh one on this machine.
        workers: cores that a fresh one may use; None for all.

    Example:
        study(["model"], ["Bandits"], runner=cluster("ray://head:10001"))
        study(["model"], ["Bandits"], runner=cluster(workers=4))  # a fresh one on this machine
    """
    import ray

    def run(jobs: Sequence[Job]) -> Results:
        ours = not ray.is_initialized()
        if ours:
            # Only a fresh cluster can be told how many cores it has.
            fresh = {"num_cpus": workers} if address in (None, "local") and "RAY_ADDRESS" not in os.environ else {}
            ray.init(address=address, log_to_driver=False, include_dashboard=False, configure_logging=False, **fresh)
        try:
            yield from on_ray(ray, jobs)
        finally:
            if ours:
                ray.shutdown()

    return run


def on_ray(ray: Any, jobs: Sequence[Job]) -> Results:
    """Walk jobs as Ray tasks, a few ahead of the cores; Ray itself walks again what a dead worker lost."""
    task = ray.remote(num_cpus=1, max_retries=ATTEMPTS - 1)(run_job)
    waiting = deque(spread(jobs))
    walked: dict[Any, Job] = {}
    while waiting or walked:
        while waiting and len(walked) < max(1, int(ray.cluster_resources().get("CPU", 1))) * QUEUED:
            job = waiting.popleft()
            walked[task.remote(job)] = job
        done, _ = ray.wait(list(walked))
        for reference in done:
            job = walked.pop(reference)
            try:
                yield job, np.array(ray.get(reference))
            except ray.exceptions.RayTaskError as error:
                raise error.cause from None
            except ray.exceptions.WorkerCrashedError as error:
                raise RuntimeError(f"{job}: {ATTEMPTS} workers died over it ({error})") from None
