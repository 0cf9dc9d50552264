"""Study: students walk editions under controls, and what they were marked becomes one tidy table.

A row is an exercise: student, book, split, edition, control, chapter, exercise, mark, grade, reward, steps, visible,
shortcuts. Every student and every control meets the same editions.
"""

import json
import pathlib
import platform
import sys
from collections.abc import Callable, Sequence
from typing import Any

import gymnasium
import numpy as np
import polars as pl

from textbook_gym.book import Book
from textbook_gym.kernel import Wipe
from textbook_gym.lanes import Lanes
from textbook_gym.registry import BOOKS, did_you_mean, find
from textbook_gym.students import REFERENCES, Agent, Reference, as_student, walk

CONTROLS = {"kept": Wipe.NEVER, "wiped": Wipe.EXERCISE, "chapter": Wipe.CHAPTER}
"""Control -> when the memory is wiped: never, at every exercise, at every chapter."""
BATCH = 64  # editions walked at once: small enough for a lively progress bar

COLUMNS = {
    "student": "name of the student",
    "book": "name of the book",
    "split": "train, test or all",
    "edition": "number of the edition; with book and split it names the world",
    "control": "kept, wiped or chapter: when the memory was taken away",
    "chapter": "number of the chapter, from 1",
    "exercise": "number of the exercise in its chapter, from 1",
    "mark": "mark of the exercise, 0 to 1",
    "grade": "late-weighted mean of the chapter's marks so far",
    "reward": "improvement reward paid at the end of the exercise",
    "steps": "steps taken",
    "visible": "visible success, 0 to 1 (null in books without a shortcut)",
    "shortcuts": "uses of the shortcut (likewise)",
}


def remembers(student: Reference | Agent) -> bool:
    """Whether taking the memory away could change anything."""
    return not isinstance(student, Reference) or student.remembers


def study(
    students: Sequence[Any] = tuple(REFERENCES),
    books: Sequence[str] | None = None,
    *,
    editions: int = 256,
    split: str = "test",
    controls: Sequence[str] = ("kept", "wiped"),
    seed: int = 0,
    threads: int | None = None,
    progress: Callable[[str, int], None] | None = None,
) -> pl.DataFrame:
    """Walk students through editions 0, 1, ... of books under controls.

    Args:
        students: names, paths, `module:callable`, functions or models; see `students.as_student`.
        books: names of books; None for all.
        editions: how many editions of each book.
        split: which editions: "test", "train" or "all".
        controls: keys of `CONTROLS`. Students without a memory walk only as "kept".
        seed: for the students' own randomness.
        threads: most threads to use; None for all cores.
        progress: called with what is walked and how many courses are done since the last call.

    Returns:
        the tidy table, with the columns of `COLUMNS`.

    Raises:
        ValueError: an unknown student, book, split or control.
    """
    if not isinstance(editions, int) or editions < 1:
        raise ValueError(f"editions={editions!r}: give a whole number >= 1")
    for control in controls:
        if control not in CONTROLS:
            hint = did_you_mean(control, list(CONTROLS))
            raise ValueError(f"control {control!r} is not known{hint}; choose from {', '.join(CONTROLS)}")
    chosen = [as_student(s) for s in students]
    parts = []
    for name in books or BOOKS:
        book = find(name)
        for student in chosen:
            for control in controls if remembers(student) else controls[:1]:
                for start in range(0, editions, BATCH):
                    numbers = list(range(start, min(start + BATCH, editions)))
                    lanes = Lanes(book.path, len(numbers), episode="book", split=split, threads=threads)
                    rows = walk(student, lanes, numbers, CONTROLS[control], seed)
                    parts.append(frame(rows, student.name, book, split, numbers, control))
                    if progress:
                        progress(f"{book.name}: {student.name}, {control}", len(numbers))
    return pl.concat(parts)


def courses(students: Sequence[Any], books: Sequence[str] | None, editions: int, controls: Sequence[str]) -> int:
    """Return how many courses a study walks."""
    each = sum(len(controls) if remembers(as_student(s)) else 1 for s in students)
    return each * len(books or BOOKS) * editions


def frame(rows: np.ndarray, student: str, book: Book, split: str, editions: list[int], control: str) -> pl.DataFrame:
    """Return the rows of some courses as a tidy table."""
    flat = rows.reshape(-1)
    values: dict[str, Any] = {name: np.ascontiguousarray(flat[name]) for name in rows.dtype.names or ()}
    values["edition"] = np.repeat(np.asarray(editions, np.int64), rows.shape[1])
    table = pl.DataFrame(values).with_columns(
        pl.lit(student).alias("student"),
        pl.lit(book.name).alias("book"),
        pl.lit(split).alias("split"),
        pl.lit(control).alias("control"),
        *(pl.when(book.has_shortcut).then(pl.col(name)).alias(name) for name in ("visible", "shortcuts")),
    )
    return table.select(*COLUMNS)


def settings(**chosen: Any) -> dict[str, Any]:
    """Return what a reader needs to make a study again: the choices and the versions."""
    import textbook_gym

    versions = {"textbook_gym": textbook_gym.__version__, "gymnasium": gymnasium.__version__, "numpy": np.__version__}
    return {**chosen, "versions": {**versions, "python": platform.python_version(), "platform": sys.platform}}


def write(table: pl.DataFrame, folder: pathlib.Path, chosen: dict[str, Any]) -> None:
    """Write `marks.csv` and `study.json` into a folder, each beside its place and then renamed."""
    folder.mkdir(parents=True, exist_ok=True)
    beside = folder / "marks.csv.part"
    table.write_csv(beside, float_precision=6)
    beside.replace(folder / "marks.csv")
    beside = folder / "study.json.part"
    beside.write_text(json.dumps(settings(**chosen), indent=2) + "\n")
    beside.replace(folder / "study.json")
