"""Slips of authors, answered in one line: the rule, the file and the line, what is wrong, and what to do."""

import ast
import contextlib
import functools
import inspect
import pathlib
import re
import traceback
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from textbook_gym.authoring.contract import CONTRACT, LEGEND, RULES, Rule
from textbook_gym.authoring.records import FieldError
from textbook_gym.errors import BookError, did_you_mean

LONGEST_MESSAGE = 200  # characters of what the compiler says
LIKENESS = 0.75  # how much a name that nothing uses must be like one of the contract's to be taken for it


# --- what can be seen without running anything ---------------------------------------------


def check_names(path: str, module: ModuleType, sources: list[ModuleType]) -> None:
    """Refuse what is missing, marked or named wrongly, or takes the wrong arguments.

    Args:
        path: the book's path, for messages.
        module: the book.
        sources: the modules that its names stand in: its own, and those that it names in `contract.PARTS`.

    Raises:
        BookError: in one line.
    """
    absent = [name for name in CONTRACT if not hasattr(module, name)]
    unused = uncalled(sources)
    for name in absent:
        if CONTRACT[name].required:
            near = next(
                (f"; is it `{other}`? rename that" for other in unused if did_you_mean(other, [name], LIKENESS)), ""
            )
            raise BookError(f"{path}: `{name}` is missing: {CONTRACT[name].doc}{near}")
    for wanted in RULES:
        if hasattr(module, wanted.name):
            check_rule(path, wanted, getattr(module, wanted.name))
    for name, source in unused.items():
        found = getattr(source, name)
        hint = did_you_mean(name, absent, LIKENESS)
        if hint or hasattr(found, "__rule__"):
            where = f", {source_place(found)}" if isinstance(found, FunctionType) else ""
            advice = "rename it" if hint else "call it from a rule, or take it out"
            raise BookError(f"{path}{where}: `{name}` is never called{hint}; {advice}")


def check_rule(path: str, wanted: Rule, function: Any) -> None:
    """Refuse a rule that is not marked as one, or takes other arguments than the contract says.

    Raises:
        BookError: in one line.
    """
    if not callable(function):
        raise BookError(f"{path}: `{wanted.name}` is {function!r}; make it a function: {wanted.doc}")
    if wanted.compiled and not hasattr(function, "__rule__"):
        raise BookError(
            f"{path}, {source_place(function)}: `{wanted.name}` is not marked with @rule; write @rule above it"
        )
    code = inspect.unwrap(function).__code__
    own = next((d for d in definitions(code.co_filename) if d.name == code.co_name), None)
    if wanted.returns and own and not any(isinstance(n, ast.Return) and n.value for n in ast.walk(own)):
        raise BookError(f"{path}, {source_place(function)}: `{wanted.name}` returns nothing; it must {wanted.doc}")
    taken = tuple(inspect.signature(function).parameters)
    if taken != wanted.arguments and not wanted.arguments[0].startswith("*"):
        legend = "; ".join(f"{a} {LEGEND[a].split(':')[0]}" for a in wanted.arguments)
        raise BookError(
            f"{path}, {source_place(function)}: `{wanted.name}` takes ({', '.join(taken)}), must take "
            f"({', '.join(wanted.arguments)}): {legend}"
        )


@functools.cache
def parsed(file: str) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(pathlib.Path(file).read_text(encoding="utf-8"))


def definitions(file: str) -> list[ast.FunctionDef]:
    """Return the functions that a file defines at its top."""
    return [node for node in parsed(file).body if isinstance(node, ast.FunctionDef)]


def uncalled(sources: list[ModuleType]) -> dict[str, ModuleType]:
    """Return the public names that modules define at their top, that none of them uses, and no contract knows."""
    trees = {source: parsed(inspect.getsourcefile(source) or "") for source in sources}
    loads = (n for tree in trees.values() for n in ast.walk(tree) if isinstance(n, ast.Name))
    used = {name.id for name in loads if isinstance(name.ctx, ast.Load)}
    used |= {a.name for tree in trees.values() for n in tree.body if isinstance(n, ast.ImportFrom) for a in n.names}
    found: dict[str, ModuleType] = {}
    for source, tree in trees.items():
        defined = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
        targets = [target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
        defined += [target.id for target in targets if isinstance(target, ast.Name)]
        known = {*used, *CONTRACT, *getattr(source, "__all__", ())}
        found |= {name: source for name in defined if name not in known and name[0] != "_"}
    return found


def source_place(function: Any) -> str:
    """Return where a function stands: `lamps.py:92`."""
    code: CodeType = inspect.unwrap(function).__code__
    return f"{pathlib.Path(code.co_filename).name}:{code.co_firstlineno + hasattr(function, '__rule__')}"


def watched(book: Any) -> SimpleNamespace:
    """Return the rules of a book that loops call, by name, each of which refuses to return what it must not."""
    plain = vars(book.rules())
    return SimpleNamespace(**{name: watch(book, CONTRACT[name], function) for name, function in plain.items()})


def watch(book: Any, wanted: Any, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a rule that raises a `BookError` where it would return what the contract does not allow."""
    actions = len(book.actions)

    def watching(*arguments: Any) -> Any:
        value = function(*arguments)
        code = inspect.unwrap(function).__code__
        if wanted.returns is None:
            fault = "" if value is None else f"returned {value!r}; let it return nothing"
        elif not isinstance(value, (bool, int, float, np.bool_, np.number)):
            fault = f"returned {value!r}; let every way through it return a number: {wanted.doc}"
        elif wanted.name in ("oracle", "answer") and not 0 <= value < actions:
            fault = f"returned {value!r}; actions are 0 to {actions - 1}"
        elif wanted.name == "shortcuts" and (value < 0 or float(value) % 1):
            fault = f"returned {value!r}; shortcuts are counted: a whole number from 0"
        elif wanted.name in ("mark", "visible") and not 0.0 <= value <= 1.0:
            fault = f"returned {value!r}; marks lie within [0, 1]"
        else:
            return value
        if fault:
            raise slip(book, code.co_filename, code.co_firstlineno + 1, fault)
        return value

    return watching


# --- what is raised when rules run, or when they are compiled ------------------------------


@contextlib.contextmanager
def explained(book: Any) -> Iterator[None]:
    """Turn an error that a rule of a book raises into a `BookError` of one line."""
    try:
        yield
    except BookError:
        raise
    except Exception as error:  # an author's rule ran, and may raise anything; what is no slip goes on as it was
        explained_error = explain(book, error)
        if explained_error is None:
            raise
        raise explained_error from error


def explain(book: Any, error: Exception) -> BookError | None:
    """Return what an error says of a book, in one line; None if no line of the book had a part in it."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename in sources_of(book)]
    if not frames:
        return None
    frame = frames[-1]
    return slip(book, frame.filename, frame.lineno or 0, reason(book, error))


def slip(book: Any, file: str, line: int, what: str) -> BookError:
    """Return a slip in one line: book, rule, file, line, what is wrong."""
    return BookError(f"{book.name}{rule_at(file, line)}, {pathlib.Path(file).name}:{line}: {what}")


def sources_of(book: Any) -> list[str]:
    """Return the files that the rules of a book stand in."""
    rules = [getattr(book.module, r.name, None) for r in RULES]
    codes = [inspect.unwrap(f).__code__.co_filename for f in rules if isinstance(f, FunctionType)]
    return sorted(set(codes))


def rule_at(file: str, line: int) -> str:
    """Return `.` and the name of the function of a file that a line lies in; nothing if it lies in none."""
    return next((f".{d.name}" for d in definitions(file) if d.lineno <= line <= (d.end_lineno or line)), "")


def reason(book: Any, error: Exception) -> str:
    """Return what an error of interpreted rules means."""
    if isinstance(error, FieldError):
        return error.text.replace("{table}", table_of_field(book, error.record))
    if isinstance(error, ZeroDivisionError):
        return "division by zero; ask for 0 before dividing (compiled it would go on with inf or nan)"
    if isinstance(error, IndexError):
        return f"{first_line(error)}; keep the index inside (compiled it would read other memory)"
    return f"{type(error).__name__}: {first_line(error)}"


def table_of_field(book: Any, record: np.dtype) -> str:
    """Return the name of the table that a record type comes from."""
    tables = {"EDITION": book.edition, "STATE": book.state, "NOTES": book.notes}
    tables |= {"SIGNALS": book.observation_type("f4"), "SIGNALS ": book.observation_type("f8")}
    return next((name.strip() for name, kind in tables.items() if kind == record), "Chapter")


def first_line(error: Exception) -> str:
    """Return the first line of an error's message."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def shortened(book: Any, error: Exception) -> BookError:
    """Return what the compiler says of a book, in one line: the first place in the book that it names, and why."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error))  # without colours
    files = {pathlib.Path(file).name: file for file in sources_of(book)}
    named = re.finditer(r"([\w.-]+\.py)(?:\", line |:| \()(\d+)", text)
    found = next((m for m in named if m[1] in files), None)
    message = text[: found.start()] if found else text
    message = message[max(message.rfind("Failed in nopython mode pipeline"), 0) :]
    lines = [line.strip() for line in message.splitlines() if line.strip() and not line.strip().startswith("Failed in")]
    what = next((line[4:] for line in lines if line.startswith(">>> ")), lines[0].split(" Raised from")[0])
    what = f"numba cannot compile this: {what[:LONGEST_MESSAGE]}"
    return slip(book, files[found[1]], int(found[2]), what) if found else BookError(f"{book.name}: {what}")


def unmarked_call(book: Any, function: FunctionType, name: str) -> BookError:
    """Return the message about a rule that calls a function which is no rule."""
    lines, first = inspect.getsourcelines(function)
    called = next((k for k, line in enumerate(lines) if re.search(rf"\b{name}\(", line)), 0)
    return slip(book, function.__code__.co_filename, first + called, f"calls `{name}`; mark that with @rule too")
