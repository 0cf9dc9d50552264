"""How far long work has come and how long it will take: a bar in a terminal, a line now and then in a log file."""

import contextlib
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

EVERY = 30.0  # seconds between two lines of a log file

Show = Callable[[str, int, int], None]
"""Shows what was done last, how much is done, and how much there is to do in all."""


@contextlib.contextmanager
def progress_shown(console: Console, unit: str, kept: str) -> Iterator[Show]:
    """Lend a function that shows how far the work has come.

    Args:
        console: where.
        unit: what is counted, such as "courses".
        kept: what becomes of the work if it is interrupted.

    Raises:
        KeyboardInterrupt: as it came, saying what was done and what is kept.
    """
    began = last = time.monotonic()
    done, total = 0, -1
    columns = (
        TextColumn("{task.description:44}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("compiling", total=None)

        def show(what: str, finished: int, every: int) -> None:
            nonlocal done, total, last
            done, total = finished, every
            bar.update(task, description=what, completed=done, total=total)
            now = time.monotonic()
            if not console.is_terminal and now - last > EVERY and 0 < done < total:
                last = now
                rest = time.strftime("%H:%M:%S", time.gmtime((now - began) / done * (total - done)))
                console.print(f"{what}: {done:,} of {total:,} {unit}, {rest} left", highlight=False, markup=False)

        try:
            yield show
        except KeyboardInterrupt:
            place = f" after {done} of {total} {unit}" if total >= 0 else ""
            raise KeyboardInterrupt(f"{place}; {kept}") from None
