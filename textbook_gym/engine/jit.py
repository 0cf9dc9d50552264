"""Loops are compiled by numba at their first call, and cached on disk.

numba notices edits of the file a loop stands in, but not of files it calls into. So a digest of every source that a
loop can reach is part of its key in the cache. What loops call stay plain functions (numba's own function objects have
no stable identity, and loops over them would never be found again).
"""

import functools
import hashlib
import inspect
import pathlib
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from textbook_gym.engine.prefetch import compile_fetch, fetch

OPTIONS: dict[str, Any] = {"error_model": "numpy"}  # interpreted rules still raise when they divide by zero
RULE_OPTIONS: dict[str, Any] = {**OPTIONS, "forceinline": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def source_digest(rules: list[Callable[..., Any]]) -> str:
    """Return a digest of the files that the rules stand in, of this file, and of the compiler's version."""
    import numba

    paths = {inspect.getsourcefile(inspect.unwrap(f)) or "" for f in rules} | {__file__}
    digest = hashlib.sha256(f"{numba.__version__} {np.__version__} {sys.version}".encode())
    for path in sorted(paths):
        digest.update(pathlib.Path(path).read_bytes())
    return digest.hexdigest()


@functools.cache
def mark_compilable(function: Callable[..., Any]) -> None:
    """Let numba compile calls of `function`, once."""
    from numba.extending import register_jitable

    if function is fetch:
        compile_fetch()
        return
    register_jitable(**RULE_OPTIONS)(function)


def compile_loop(loop: Callable[..., Any]) -> Callable[..., Any]:
    """Return a loop that is compiled at its first call, or loaded from the disk cache, without interpreter lock.

    The cache notices edits of the loop's own file only: see the top of this file.
    """
    import numba

    try:
        compiled: Callable[..., Any] = numba.njit(cache=True, nogil=True, **OPTIONS)(loop)
    except RuntimeError:  # numba found no folder to keep its cache in
        compiled = numba.njit(nogil=True, **OPTIONS)(loop)
    return compiled


def entry_point(loop: Any, *arguments: Any) -> Callable[..., Any]:
    """Return where numba's dispatcher would go with `arguments`, for calls with arguments of exactly these types.

    It does not look at types again, which for record arrays costs more than a step of one lane, and for a ledger as
    much as a step of thirty. What it is handed must be right: it would be misread otherwise.

    Raises:
        RuntimeError: numba was told not to compile.
    """
    import numba

    if not hasattr(loop, "compile"):
        raise RuntimeError(
            "numba does not compile, NUMBA_DISABLE_JIT is set; unset it, and see rules run as plain Python with "
            "interpreted=True"
        )
    typeof: Callable[[Any], Any] = numba.typeof
    signature = tuple(typeof(a) for a in arguments)
    loop.compile(signature)
    entry: Callable[..., Any] = loop.overloads[signature].entry_point
    return entry


class Loop:
    """A compiled loop whose arguments are of the same types at every call; see `entry_point`."""

    def __init__(self, loop: Callable[..., Any]) -> None:
        self.loop = compile_loop(loop)
        self._entry: Callable[..., Any] | None = None

    def __call__(self, *arguments: Any) -> Any:
        """Run it."""
        if self._entry is None:
            self._entry = entry_point(self.loop, *arguments)
        return self._entry(*arguments)


@functools.cache
def compiled(loop: Callable[..., Any]) -> Loop:
    """Return a loop that calls nothing else, compiled; always the same one within a process."""
    return Loop(loop)
