"""Files are written beside their place and then renamed: whole, or not at all."""

import contextlib
import os
import pathlib
import secrets
from collections.abc import Iterator


@contextlib.contextmanager
def beside(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """Lend a path beside `path`, and rename what was written there once it is whole; leave nothing if it fails.

    The lent name is nobody else's, so several processes may write the same file: the last one to finish stays.

    Example:
        >>> with beside(pathlib.Path("marks.csv")) as part:
        ...     written = part.write_text("student,book,mark")
        >>> pathlib.Path("marks.csv").read_text()
        'student,book,mark'
    """
    part = path.with_name(f"{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
