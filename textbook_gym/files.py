"""Files are written beside their place and then renamed: whole, or not at all."""

import contextlib
import pathlib
from collections.abc import Iterator


@contextlib.contextmanager
def beside(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """Lend a path beside `path`, and rename what was written there once it is whole."""
    part = path.with_name(path.name + ".part")
    yield part
    part.replace(path)
