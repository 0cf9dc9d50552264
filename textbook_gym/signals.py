"""How a process of this package ends when it is told to: what is open is closed first."""

import signal
import sys
import threading
from typing import Any


def stop_process(number: int, frame: Any) -> None:
    """End this process for a signal: students, workers and files are closed as after an error."""
    sys.exit(128 + number)


def close_when_told() -> None:
    """Have SIGTERM, which schedulers and `timeout` send, end this process in order; signals are the main thread's."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, stop_process)
