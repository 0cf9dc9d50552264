"""How a process of this package ends when it is told to: what is open is closed first, and no telling is lost.

Python runs a signal's handler wherever the main thread happens to be, and what the handler raises ends what runs there.
There are two places where that goes wrong: in the middle of a compilation, which is left half done, and in code that
was called from C (a callback of the compiler, a destructor), where Python prints the error and goes on as if nothing
had been said. `hold` is for the first; for the second, `close_when_told` has the signal sent again.
"""

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

TELLINGS = (signal.SIGINT, signal.SIGTERM)
WAKE_SECONDS = 0.2  # a main thread that waits longer looks this often whether it was told to end: signals may miss it
AGAIN_SECONDS = 0.05  # after which a signal is sent again: by then the code that swallowed it has returned


class ToldToEnd(SystemExit):
    """What SIGTERM raises here."""


def stop_process(number: int, frame: Any) -> None:
    """End this process for a signal: students, workers and files are closed as after an error."""
    raise ToldToEnd(128 + number)


def in_main_thread() -> bool:
    """Return whether this is the main thread, in which alone signals are handled."""
    return threading.current_thread() is threading.main_thread()


def close_when_told() -> None:
    """Have SIGTERM, which schedulers and `timeout` send, end this process in order, and no signal be swallowed."""
    if in_main_thread():
        signal.signal(signal.SIGTERM, stop_process)
    if not isinstance(sys.unraisablehook, TellAgain):
        sys.unraisablehook = TellAgain(sys.unraisablehook)


class TellAgain:
    """Where Python reports what it cannot raise: a signal that was swallowed there is sent again."""

    def __init__(self, report: Any) -> None:
        self.report = report

    def __call__(self, swallowed: Any) -> None:
        """Report it to where it was reported before, unless it is a signal."""
        number = {ToldToEnd: signal.SIGTERM, KeyboardInterrupt: signal.SIGINT}.get(swallowed.exc_type)
        if number is None or sys.is_finalizing():
            self.report(swallowed)
        else:
            timer = threading.Timer(AGAIN_SECONDS, tell_main_thread, (number,))
            timer.daemon = True
            timer.start()


def tell_main_thread(number: int) -> None:
    """Send this process a signal, so that a main thread that waits wakes up for it."""
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, number)
    else:
        signal.raise_signal(number)


@contextlib.contextmanager
def hold() -> Iterator[None]:
    """Put off what SIGINT and SIGTERM raise until the block has ended; it must not be left half done.

    Whoever handles the signals, handles them then. Those that end the process without a handler still do at once.

    Example:
        with hold():
            pathlib.Path("marks.csv").write_bytes(table)  # a ctrl-C meanwhile ends the program behind the block
    """
    if not in_main_thread():
        yield
        return
    arrived: list[tuple[int, Any]] = []
    handlers: dict[int, Any] = {n: h for n in TELLINGS if callable(h := signal.getsignal(n))}
    with contextlib.ExitStack() as after:
        after.callback(lambda: [handlers[number](number, frame) for number, frame in arrived[:1]])
        for number, handler in handlers.items():
            after.callback(signal.signal, number, handler)  # before what was told is passed on
            signal.signal(number, lambda number, frame: arrived.append((number, frame)))
        yield
