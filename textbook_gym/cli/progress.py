"""How far a study has come and how long it will take: a bar in a terminal, a line now and then in a log file."""

import contextlib
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

EVERY = 30.0  # seconds between two lines of a log file


@contextlib.contextmanager
def shown(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    """Lend a function that shows what was walked last, how many courses are done and how many are left.

    Raises:
        KeyboardInterrupt: as it came, saying what was done.
    """
    began = last = time.monotonic()
    done, left = 0, -1
    columns = (
        TextColumn("{task.description:32}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("compiling", total=None)

        def show(what: str, walked: int, waiting: int) -> None:
            nonlocal done, left, last
            done, left = walked, waiting
            bar.update(task, description=what, completed=done, total=done + left)
            now = time.monotonic()
            if not console.is_terminal and now - last > EVERY and left:
                last = now
                rest = time.strftime("%H:%M:%S", time.gmtime((now - began) / done * left))
                console.print(f"{what}: {done} of {done + left} courses, {rest} left", highlight=False, markup=False)

        try:
            yield show
        except KeyboardInterrupt:
            told = f" after {done} of {done + left} courses" if left >= 0 else ""
            raise KeyboardInterrupt(f"{told}; what is done is kept, the same command goes on") from None
