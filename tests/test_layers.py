"""Who may import whom, in the end; what the project may not say."""

import ast
import functools
import graphlib
import re
import sys

import pytest
from helpers.sources import MODULES, TREES


@functools.cache
def imports(module: str) -> frozenset[str]:
    """Every module that a module imports, anywhere in it, as `textbook_gym...` or as another library's first name."""
    found = set()
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: a relative import"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.add(whole if whole.removeprefix("textbook_gym.") in MODULES else str(node.module))
    return frozenset(n if n.split(".")[0] == "textbook_gym" else n.split(".")[0] for n in found)


def ours(module: str) -> set[str]:
    """The modules of this package that a module imports."""
    names = {n.removeprefix("textbook_gym").lstrip(".") for n in imports(module) if n.split(".")[0] == "textbook_gym"}
    return names - {module}


@functools.cache
def reach(module: str) -> frozenset[str]:
    """All that comes with a module: itself, what it imports, what that imports, and so on."""
    found, queue = {module}, [module]
    while queue:
        for other in ours(queue.pop()) - found:
            found.add(other)
            queue.append(other)
    return frozenset(found)


def room(module: str) -> str:
    """The package that a module stands in, or its own name at the top."""
    return module.split(".")[0] or "textbook_gym"


ROOMS = sorted({room(m) for m in MODULES})
GRAPH = {r: {room(o) for m in MODULES if room(m) == r for o in ours(m)} - {r} for r in ROOMS}

CORE = {"errors", "authoring"}
ENGINE = CORE | {"engine", "process_signals"}
ENVS = ENGINE | {"registry", "envs"}
MEMORY = ENGINE | {"memory"}
STUDENTS = ENVS | MEMORY | {"text", "students", "sb3", "atomic_write"}
METRICS = CORE | {"registry", "engine", "metrics", "atomic_write"}
STUDY = STUDENTS | METRICS | {"process_signals", "study", "textbook_gym"}
EVERY = set(ROOMS)

LIBRARIES = {
    "tinker": {"tinker_cookbook", "chz"},
    "verifiers": {"verifiers", "httpx", "pydantic"},
    "trl": {"datasets"},
    "openenv": {"openenv", "pydantic"},
    "mcp": {"mcp"},
}
"""Name of an adapter -> the libraries that it alone may import."""

MAY_IMPORT = {
    "errors": (set(), set()),
    "atomic_write": (set(), set()),
    "process_signals": (set(), set()),
    "authoring": ({"errors"}, {"numpy"}),
    "books": (CORE, {"numpy"}),
    "classics": (ENGINE | {"books"}, {"numpy", "numba", "llvmlite"}),
    "engine": (ENGINE, {"numpy", "numba", "llvmlite", "PIL"}),
    "registry": (CORE, {"gymnasium", "numpy"}),
    "textbook_gym": (CORE | {"registry"}, {"gymnasium", "numpy"}),
    "memory": (MEMORY, {"gymnasium", "numpy", "numba", "llvmlite", "PIL"}),
    "envs": (ENVS, {"gymnasium", "numpy", "numba", "llvmlite", "PIL"}),
    "remember": (MEMORY | {"registry"}, {"gymnasium", "numpy", "numba", "llvmlite", "PIL"}),
    "text": (ENVS | {"text"}, {"gymnasium", "numpy", "numba", "llvmlite", "PIL"}),
    "adapters": (
        ENVS | {"text", "adapters"},
        {"gymnasium", "numpy", "numba", "llvmlite", "PIL"}.union(*LIBRARIES.values()),
    ),
    "students": (
        STUDENTS,
        {"httpx", "gymnasium", "numpy", "numba", "llvmlite", "PIL", "stable_baselines3", "sb3_contrib"},
    ),
    "sb3": (ENVS | MEMORY, {"gymnasium", "numpy", "numba", "llvmlite", "PIL", "stable_baselines3", "sb3_contrib"}),
    "rllib": (CORE | {"registry", "textbook_gym"}, {"gymnasium", "numpy", "ray"}),
    "abilities": (ENVS | {"students"}, {"gymnasium", "numpy", "numba", "llvmlite", "PIL"}),
    "checks": (
        ENVS | {"students", "structure_checks", "text", "abilities"},
        {"gymnasium", "numpy", "numba", "llvmlite", "PIL"},
    ),
    "structure_checks": (ENGINE | {"students"}, {"numpy", "numba", "llvmlite", "PIL"}),
    "metrics": (METRICS, {"gymnasium", "numpy", "scipy", "polars", "numba", "llvmlite", "PIL"}),
    "study": (STUDY, None),
    "report": (STUDY | {"abilities", "report"}, None),
    "play": (STUDY | {"play"}, None),
    "train": (STUDENTS | {"textbook_gym", "train", "atomic_write"}, None),
    "cli": (EVERY, None),
    "__main__": (EVERY, None),
}
"""Name of a room -> the rooms that may come with it, and the libraries (None: any), lazy imports included."""


STANDARD = sys.stdlib_module_names | {"typing_extensions"}  # it backports the former, here for type checkers alone


@pytest.mark.parametrize("name", ROOMS)
def test_a_room_brings_along_what_it_may(name):
    rooms, libraries = MAY_IMPORT[name]
    every = set().union(*(reach(m) for m in MODULES if room(m) == name))
    assert {room(m) for m in every} - {name} <= rooms
    if libraries is not None:
        others = {n for m in every for n in imports(m) if n.split(".")[0] != "textbook_gym"} - STANDARD
        assert others <= libraries


def test_nothing_goes_in_circles():
    """Neither among modules nor among packages, lazy imports included."""
    graphlib.TopologicalSorter({m: ours(m) for m in MODULES}).prepare()
    graphlib.TopologicalSorter(GRAPH).prepare()


def test_the_house_has_few_floors():
    @functools.cache
    def floor(name):
        return 1 + max((floor(below) for below in GRAPH[name]), default=0)

    assert max(map(floor, ROOMS)) <= 12


def test_every_import_is_one_that_there_is():
    for module in MODULES:
        assert ours(module) <= set(MODULES), module


@pytest.mark.parametrize("module", [m for m in MODULES if room(m) == "books"])
def test_books_know_only_what_is_for_authors(module):
    own = re.sub(
        r"\b(models|words|tables)\.", "", module
    )  # these know their own book, which names them by a string alone
    assert ours(module) <= {
        "authoring",
        "authoring.belief",
        "authoring.bitset",
        "authoring.onehot",
        own,
        own.replace("books.", "books.tables."),
    }
    libraries = {n for n in imports(module) if n.split(".")[0] != "textbook_gym"}
    assert libraries <= {"enum", "math", "typing", "numpy", "itertools", "functools"}


def test_heavy_libraries_are_imported_where_they_are_needed():
    heavy = {m: imports(m) & {"torch", "stable_baselines3", "sb3_contrib"} for m in MODULES}
    assert {room(m) for m, found in heavy.items() if found} <= {"sb3", "train", "cli"}
    assert {m for m in MODULES if "ray" in imports(m)} == {"rllib", "study.runners"}


def test_an_adapter_imports_its_own_library_and_nothing_imports_an_adapter():
    every = set().union(*LIBRARIES.values())
    for module in MODULES:
        name = module.removeprefix("adapters.")
        allowed = LIBRARIES[name] if room(module) == "adapters" and name in LIBRARIES else set()
        if room(module) != "students":  # a model behind an address is asked over HTTP, too
            assert imports(module) & every <= allowed, module
        adapters = {other for other in ours(module) if other.removeprefix("adapters.") in LIBRARIES and "." in other}
        assert not adapters or module == "cli.serve"


def test_one_door_leads_to_compiled_code():
    assert {m for m in MODULES if imports(m) & {"numba", "llvmlite"}} == {"engine.jit"}


@pytest.mark.parametrize("module", ["study.controls", "study.jobs", "study.runners", "students.process"])
def test_workers_need_no_table(module):
    """They may run on machines that have but the core."""
    assert not {n for m in reach(module) for n in imports(m)} & {"polars", "scipy", "rich", "matplotlib"}


def test_only_what_faces_gymnasium_knows_it():
    every = set().union(*(reach(m) for m in MODULES if room(m) in ("authoring", "books", "engine", "classics")))
    assert not {m for m in every if "gymnasium" in imports(m)}


@pytest.mark.parametrize("module", [m for m in MODULES if room(m) != "books"])
def test_a_file_holds_one_idea(module):
    """Books are exempt: each is one file by contract, with its tables and its rules."""
    assert len(MODULES[module].read_text(encoding="utf-8").splitlines()) <= 400


LONGEST = 60  # lines of a function, its signature and its docstring among them


@pytest.mark.parametrize("module", [m for m in MODULES if room(m) not in ("cli", "study", "train")])
def test_a_function_can_be_seen_at_once(module):
    """Commands and what they call are exempt: there the arguments alone, each with its help, fill a page."""
    functions = [n for n in ast.walk(TREES[module])
                 if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]  # fmt: skip
    long = {f.name: f.end_lineno - f.lineno + 1 for f in functions if f.end_lineno - f.lineno >= LONGEST}
    assert not long
