"""How many cores there are for this process."""

import os


def cores() -> int:
    """Return how many cores this process may use; where the system does not say, how many there are.

    macOS and Windows have no `os.sched_getaffinity`.
    """
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1
