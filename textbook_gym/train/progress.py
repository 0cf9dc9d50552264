"""What a training tells while it runs."""

from collections.abc import Callable

ProgressListener = Callable[[int, int, dict[str, float]], None]
"""Called with the steps done, the steps in all, and the figures of the latest evaluation by name."""
