"""The one door to compiled code: `compiled(function)` is a plain function, compiled at its first call.

    total = compiled(add_up)(numbers, 0, len(numbers))

Nothing else in this package imports numba. What a function calls stays plain Python too: every function of ours that it
can reach is found by what its code names (globals, what it closes over, attributes of modules), and is inlined.

Compiled code is kept on disk, where numba keeps its own. numba's cache notices edits of the file a function stands in,
but not of files it calls into, and two processes that compile at the same time can file one function's code under
another's name. So each piece of code has a file of its own here, named by a digest of all that it is made from: the
code of every function it can reach and the sources of these, the constants that they name (tables, too, are compiled
in), the types of the arguments, the processor, and the versions and settings of the compiler. A file that is damaged
counts as none, and where nothing can be written all is compiled in memory.
"""

import contextlib
import dis
import enum
import functools
import hashlib
import inspect
import os
import pathlib
import pickle
import sys
import threading
import types
import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from textbook_gym.engine.prefetch import fetch
from textbook_gym.process_signals import hold

JIT_OPTIONS: dict[str, Any] = {"error_model": "numpy"}  # interpreted rules still raise when they divide by zero
HELPER_OPTIONS: dict[str, Any] = {
    **JIT_OPTIONS,
    "forceinline": True,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}
NUMBA_SETTINGS = (
    "OPT",
    "BOUNDSCHECK",
    "DEBUGINFO_DEFAULT",
    "LOOP_VECTORIZE",
    "SLP_VECTORIZE",
)  # of numba, by environment
THEIRS = frozenset({"numpy", "numba", "llvmlite", *sys.stdlib_module_names})  # numba knows what to make of these
NAMES = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF", "LOAD_CLASSDEREF")
ATTRIBUTES = ("LOAD_ATTR", "LOAD_METHOD")
COMPILING = threading.RLock()  # one thread compiles at a time: a dispatcher that two of them fill is left half-filled
SILENT = ("CACHE", "EXTENDED_ARG", "PUSH_NULL", "NOP")


# --- what a function is made from -----------------------------------------------------------


def bodies(code: types.CodeType) -> Iterator[types.CodeType]:
    """Yield a piece of code and those written inside it (comprehensions, inner functions)."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from bodies(constant)


@functools.cache
def named_function(function: types.FunctionType) -> tuple[tuple[str, Any], ...]:
    """Return all that the code of a function names outside itself: dotted name and value, each once, in order."""
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    space = {**function.__globals__, **{name: cell.cell_contents for name, cell in cells}}
    found: dict[str, Any] = {}
    for code in bodies(function.__code__):
        path, value = "", None
        for instruction in dis.get_instructions(code):
            if instruction.opname in SILENT:
                continue
            if instruction.opname in NAMES and instruction.argval in space:
                path, value = instruction.argval, space[instruction.argval]
            elif isinstance(value, types.ModuleType) and instruction.opname in ATTRIBUTES:
                path, value = f"{path}.{instruction.argval}", getattr(value, instruction.argval, None)
            else:
                path, value = "", None
            if path:
                found[path] = value
    return tuple(found.items())


def ours(value: Any) -> bool:
    """Return whether something is a Python function that numba does not know by itself."""
    return isinstance(value, types.FunctionType) and str(value.__module__).partition(".")[0] not in THEIRS


def reachable(*functions: Callable[..., Any]) -> dict[Any, Any]:
    """Return every function of ours that the given ones can reach, themselves included, with the one that calls it.

    The given ones come first, with None; the order is always the same.
    """
    found: dict[Any, Any] = dict.fromkeys(functions)
    queue = list(found)
    for caller in queue:  # grows
        for _, value in named_function(caller):
            if ours(value) and value not in found:
                found[value] = caller
                queue.append(value)
    return found


def spelled(value: Any) -> bytes:
    """Return a constant as bytes that differ where compiled code would; functions and modules by name."""
    if isinstance(value, np.ndarray | np.generic):
        kind, shape, content = value.dtype, value.shape, value.tobytes()
        return repr((str(kind.descr if kind.names else kind.str), shape)).encode() + content
    if isinstance(value, tuple | list):
        return b"(" + b",".join(spelled(part) for part in value) + b")"
    if isinstance(value, frozenset):
        return b"{" + b",".join(sorted(spelled(part) for part in value)) + b"}"
    if isinstance(value, type) and issubclass(value, enum.Enum):
        return repr([(name, member.value) for name, member in value.__members__.items()]).encode()
    if isinstance(value, type | types.FunctionType | types.BuiltinFunctionType):
        return f"{value.__module__}.{value.__qualname__}".encode()
    if isinstance(value, types.ModuleType):
        return value.__name__.encode()
    if isinstance(value, int | float | complex | str | bytes | np.dtype | None):
        return f"{type(value).__name__} {value!r}".encode()
    return type(value).__qualname__.encode()  # a change of it shows in the sources alone


def spelled_code(function: types.FunctionType) -> Iterator[bytes]:
    """Yield the code of a function as it is in memory: its file may have been edited since it was imported."""
    yield spelled(function) + spelled(function.__defaults__)
    for code in bodies(function.__code__):
        yield code.co_code
        yield spelled((code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars, code.co_argcount))
        yield spelled([c for c in code.co_consts if not isinstance(c, types.CodeType)])
    for name, value in named_function(function):
        yield name.encode() + b"=" + spelled(value)


@functools.cache
def source(path: str | None) -> bytes:
    """Return a digest of a source file; nothing where there is none to read, as in a notebook or an archive."""
    try:
        return hashlib.sha256(pathlib.Path(path or "").read_bytes()).digest()
    except OSError:
        return b""


def digest_of(functions: Iterable[Callable[..., Any]]) -> str:
    """Return a digest of all that functions are made from: code, sources, constants, versions, settings."""
    import llvmlite
    import numba

    settings = [getattr(numba.config, name, None) for name in NUMBA_SETTINGS]
    digest = hashlib.sha256(f"{numba.__version__} {llvmlite.__version__} {np.__version__} {sys.version}".encode())
    digest.update(repr(settings).encode() + source(__file__))
    for function in reachable(*functions):
        digest.update(source(inspect.getsourcefile(inspect.unwrap(function))))
        for part in spelled_code(function):
            digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()


# --- compiled functions ---------------------------------------------------------------------


class Compiled:
    """A function that is compiled, or found on disk, at its first call; it runs without the interpreter's lock.

    Get one with `compiled(function)`. Arguments must be of the same types at every call as at the first: later calls do
    not look at types again, which for record arrays costs more than a step of one lane, and for a ledger as much as a
    step of thirty. Others would be misread.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function: Any = function
        self._dispatcher: Any = None
        self._entry: Callable[..., Any] | None = None

    def __call__(self, *arguments: Any) -> Any:
        """Run it.

        Raises:
            RuntimeError: numba was told not to compile.
        """
        if self._entry is None:
            self._entry = self.entry(*arguments)
        return self._entry(*arguments)

    def entry(self, *arguments: Any) -> Callable[..., Any]:
        """Return the machine code for arguments of exactly these types, to be called with such.

        Raises:
            RuntimeError: numba was told not to compile.
        """
        import numba

        with COMPILING, hold():  # the compiler's callbacks swallow what is raised there
            if self._dispatcher is None:
                self._dispatcher = self._dispatch()
            typeof: Callable[[Any], Any] = numba.typeof
            signature = tuple(typeof(a) for a in arguments)
            self._dispatcher.compile(signature)
            entry: Callable[..., Any] = self._dispatcher.overloads[signature].entry_point
            return entry

    def _dispatch(self) -> Any:
        import numba

        if getattr(numba.config, "DISABLE_JIT", False):
            raise RuntimeError(
                "numba does not compile, NUMBA_DISABLE_JIT is set; unset it, and see rules run as plain Python with "
                "interpreted=True"
            )
        for helper in reachable(self.function):
            if helper is not self.function:
                mark_compilable(helper)
        function, name = self.function, self.function.__name__
        recursive = function.__globals__.get(name) is function
        if recursive:  # must call its compiled self
            function = types.FunctionType(function.__code__, dict(function.__globals__), name, function.__defaults__)
        dispatcher = numba.njit(nogil=True, **JIT_OPTIONS)(function)
        if recursive:
            function.__globals__[name] = dispatcher
        with contextlib.suppress(RuntimeError):  # numba knows no folder to keep it in
            dispatcher._cache = Disk(function, digest_of([self.function]))
        return dispatcher


@functools.cache
def compiled(function: Callable[..., Any]) -> Compiled:
    """Return a function compiled, for arguments of the types of the first call; always the same one within a process.

    Args:
        function: plain Python that numba understands. Functions of ours that it calls, directly or not, need no mark.
            It may call itself; others may not call it back.
    """
    return Compiled(function)


@functools.cache
def mark_compilable(function: Callable[..., Any]) -> None:
    """Let numba compile and inline calls of `function`, once."""
    from numba.extending import register_jitable

    if function is fetch:
        compile_fetch()
        return
    register_jitable(**HELPER_OPTIONS)(function)


@functools.cache
def compile_fetch() -> None:
    """Let numba compile calls of `fetch`: to the processor's instruction for it."""
    from llvmlite import ir
    from numba.core import cgutils
    from numba.core import types as kinds
    from numba.extending import intrinsic, overload

    @intrinsic
    def prefetch(context: Any, cells: Any, number: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            array = context.make_array(signature.args[0])(context, builder, arguments[0])
            place = builder.bitcast(builder.gep(array.data, [arguments[1]]), cgutils.voidptr_t)
            word = ir.IntType(32)
            kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, word, word, word])
            instruction = builder.module.declare_intrinsic("llvm.prefetch", [cgutils.voidptr_t], kind)
            builder.call(instruction, [place, word(0), word(3), word(1)])  # to read, keep, data
            return context.get_dummy_value()

        return kinds.void(cells, kinds.int64), code

    @overload(fetch, jit_options={"forceinline": True})
    def call(cells: Any, number: Any) -> Any:
        def fetched(cells: Any, number: Any) -> None:
            prefetch(cells, number)  # type: ignore[call-arg]  # the compiler hands on its context by itself

        return fetched


# --- on disk --------------------------------------------------------------------------------


class Disk:
    """Where the compiled code of one function is kept, in the place of numba's own cache.

    Args:
        function: as numba compiles it; its file says where the folder is.
        digest: of all that it is made from.

    Raises:
        RuntimeError: numba knows no folder that can be written.
    """

    def __init__(self, function: Callable[..., Any], digest: str) -> None:
        from numba.core import caching

        files: Any = caching.CompileResultCacheImpl  # numba's functions have no types
        self._files = files(function)
        self._digest = digest
        self.cache_path = str(self._files.locator.get_cache_path())

    def path(self, signature: Any, target: Any) -> pathlib.Path:
        """Return the file of the code for a signature and a processor."""
        key = f"{self._digest} {signature} {target.codegen().magic_tuple()}"
        name = hashlib.sha256(key.encode()).hexdigest()[:24]
        return pathlib.Path(self.cache_path, f"{self._files.filename_base}.{name}.nbc")

    def load_overload(self, signature: Any, target: Any) -> Any:
        """Return the compiled code for a signature, or None; a damaged file counts as none."""
        target.refresh()
        try:
            content = self.path(signature, target).read_bytes()
            if hashlib.sha256(content[32:]).digest() != content[:32]:
                return None
            return self._files.rebuild(target, pickle.loads(content[32:]))
        except Exception:  # whatever hinders it can be compiled anew
            return None

    def save_overload(self, signature: Any, result: Any) -> None:
        """Keep compiled code; where that cannot be, leave nothing behind."""
        from numba.core import serialize

        dumps: Callable[[Any], bytes] = serialize.dumps
        if not self._files.check_cachable(result):
            return
        path = self.path(signature, result.target_context)
        part = path.with_name(f"{uuid.uuid4().hex}.part")
        content = dumps(self._files.reduce(result))
        try:
            os.makedirs(self.cache_path, exist_ok=True)
            part.write_bytes(hashlib.sha256(content).digest() + content)
            part.replace(path)
        except OSError:  # no right to write, or no room
            with contextlib.suppress(OSError):
                part.unlink()
