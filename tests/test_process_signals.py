"""A process that is told to end does: at once, or when what must not be left half done is done."""

import os
import signal
import subprocess
import sys
import threading
import uuid

import numpy as np
import pytest

from textbook_gym import process_signals
from textbook_gym.engine.jit import compiled


@pytest.fixture
def handlers():
    """Have Python's and our own handlers for the two signals, whoever runs the tests."""
    before = {n: signal.getsignal(n) for n in process_signals.TELLINGS}, sys.unraisablehook
    signal.signal(signal.SIGINT, signal.default_int_handler)
    process_signals.close_when_told()
    yield
    for number, handler in before[0].items():
        signal.signal(number, handler)
    sys.unraisablehook = before[1]


ENDS = {signal.SIGINT: KeyboardInterrupt, signal.SIGTERM: SystemExit}


@pytest.mark.parametrize("number", ENDS, ids=["ctrl-C", "SIGTERM"])
def test_a_signal_waits_for_what_is_held(handlers, number):
    done = []

    def work():
        with process_signals.hold():
            signal.raise_signal(number)
            with process_signals.hold():  # as a compilation within a compilation
                signal.raise_signal(number)
            done.append("to the end")

    with pytest.raises(ENDS[number]):
        work()
    assert done == ["to the end"]
    with pytest.raises(ENDS[number]):  # and at once from then on
        signal.raise_signal(number)


def test_what_nobody_handles_is_left_alone():
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with process_signals.hold():
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)


def test_other_threads_hold_nothing(handlers):
    found = []

    def hold():
        with process_signals.hold():
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=hold)
    thread.start()
    thread.join()
    assert found == [signal.default_int_handler]


@pytest.mark.parametrize("number", ENDS, ids=["ctrl-C", "SIGTERM"])
def test_a_compilation_is_finished_first(handlers, number, monkeypatch):
    """The signal comes while a callback of the compiler stores machine code: Python would print and forget it."""
    from numba.core.registry import cpu_target

    engine = cpu_target.target_context.codegen()._engine._ee
    notify = engine._object_cache_notify

    def interrupted(*arguments):
        signal.raise_signal(number)
        return notify(*arguments)

    monkeypatch.setattr(engine, "_object_cache_notify", interrupted)

    offset = float(uuid.uuid4().int >> 100)  # a constant of the code: none on disk is like it

    def add_up(numbers):
        total = offset
        for k in range(len(numbers)):
            total += numbers[k]
        return total

    function = compiled(add_up)
    numbers = np.random.default_rng(0).random(9)
    with pytest.raises(ENDS[number]):
        function(numbers)
    monkeypatch.undo()
    assert function(numbers) == pytest.approx(offset + numbers.sum())


SWALLOWED = """
import signal, sys, time
from textbook_gym import process_signals

class Noisy:
    def __del__(self):
        signal.raise_signal(signal.{name})  # what a handler raises in a destructor is printed, and that is all

process_signals.close_when_told()
signal.signal(signal.SIGINT, signal.default_int_handler)
Noisy()
time.sleep(60)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows ends a process without asking it")
@pytest.mark.parametrize(("name", "status"), [("SIGINT", -signal.SIGINT), ("SIGTERM", 143)])
def test_a_signal_that_is_swallowed_comes_again(name, status):
    ended = subprocess.run([sys.executable, "-c", SWALLOWED.format(name=name)], timeout=50, check=False)
    assert ended.returncode == status


def test_what_else_is_swallowed_is_reported(handlers, capsys):
    seen = []
    hook = process_signals.TellAgain(seen.append)

    class Swallowed:
        exc_type = ValueError

    hook(Swallowed)
    assert seen == [Swallowed]
