"""Recording: courses of any student as a data set for offline learning, in Minari's format or as Parquet.

    record("Vocabulary", "model", courses=100, out="histories", label="oracle")
    minari.load_dataset("textbook/Vocabulary/model-v0")                     # with MINARI_DATASETS_PATH=histories

An episode is a whole course. An action where an exercise is over turns the page. What is recorded is what
`gym.make("textbook/VocabularyCourse-v0")` shows and pays to whoever takes the same actions in the same edition.
"""

import contextlib
import os
import pathlib
import re
import warnings
from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np

from textbook_gym.atomic_write import beside
from textbook_gym.authoring.book import Book
from textbook_gym.engine.labels import Label
from textbook_gym.engine.loops import Wipe
from textbook_gym.errors import one_of, whole
from textbook_gym.registry import find, id_of
from textbook_gym.students.base import Agent, Reference
from textbook_gym.students.resolve import as_student
from textbook_gym.students.text_student import TextStudent
from textbook_gym.students.trajectories import Histories, Recorder, ReferenceAgent

FORMATS = ("minari", "parquet")
LABEL_WORDS = tuple(label.name.lower() for label in Label)
SPLIT_WORDS = ("train", "test", "all")
COURSES_AT_ONCE = 64  # courses walked side by side
COURSE_KINDS = {None: "Course", "short": "Short", "seminar": "Seminar"}


def agent_of(student: Any) -> tuple[Agent, Wipe]:
    """Return a student as an agent, and when its memory is taken away.

    Raises:
        ValueError: it talks, which `study` records in transcripts of its own.
    """
    found = as_student(student)
    if isinstance(found, TextStudent):
        raise ValueError(f"student {found.name!r} talks: study keeps transcripts of it; record one that does not")
    if isinstance(found, Reference):
        return ReferenceAgent(found.name), found.wipe
    return found, Wipe.NEVER


def record(
    book: str,
    student: Any,
    *,
    courses: int = 100,
    out: str | pathlib.Path,
    format: str = "minari",
    label: str | None = None,
    pages: bool = False,
    course: str | None = None,
    split: str = "train",
    first: int = 0,
    seed: int = 0,
) -> pathlib.Path:
    """Let a student walk courses; write them down as a data set.

    Args:
        book: which book.
        student: who walks; what a study takes, but no one that talks.
        courses: how many, each in another edition.
        out: folder to write to; nothing that is there is overwritten.
        format: minari, or parquet: one table with a row a step.
        label: whose action to note beside the student's at every step: oracle or model, the model student that has seen
            the same; -1 where any action turns the page. None for no label.
        pages: whether to note every page in words.
        course: a course that the book names; None for the whole book.
        split: of the editions: train, test or all.
        first: number of the first edition; the others follow.
        seed: of the student's own randomness.

    Returns:
        the folder of the Minari data set, or the Parquet file.

    Raises:
        ValueError: an unknown value, or the data set is there already.
        ModuleNotFoundError: the library for the format is not installed.

    Example:
        record("Bandits", "model", courses=100, out="histories", label="oracle", format="parquet")
    """
    one_of("format", format, list(FORMATS))
    one_of("split", split, list(SPLIT_WORDS))
    if course is not None:
        one_of("course", course, [name for name in COURSE_KINDS if name])
    if label is not None:
        one_of("label", label, list(LABEL_WORDS))
    courses, first = whole("courses", courses, 1), whole("first", first, 0)
    found, (agent, wipe) = find(book), agent_of(student)
    write = write_minari if format == "minari" else write_parquet
    details: dict[str, Any] = {
        "book": found,
        "env_id": id_of(found.name, COURSE_KINDS[course]),
        "student": agent.name,
        "split": split,
    }

    def walked() -> Iterator[tuple[range, Histories]]:
        for start in range(first, first + courses, COURSES_AT_ONCE):
            editions = range(start, min(start + COURSES_AT_ONCE, first + courses))
            recorder = Recorder(agent, pages)
            yield editions, recorder.walk(found, editions, split=split, course=course, wipe=wipe, seed=seed)

    return write(pathlib.Path(out), walked(), label, **details)


def plain_name(student: str) -> str:
    """Return a student's name as files and data sets may be called."""
    return re.sub("[^A-Za-z0-9_-]", "-", student)


def columns_of(histories: Histories, i: int, label: str | None) -> dict[str, Any]:
    """Return what is noted of one course besides observations, actions and rewards: an entry a step."""
    steps = slice(0, histories.length[i])
    noted: dict[str, Any] = {
        name: getattr(histories, name)[i, steps] for name in ("mark", "exercise_done", "chapter", "exercise")
    }
    if label is not None:
        noted["label"] = histories.label[i, steps, LABEL_WORDS.index(label)]
    if histories.pages:
        noted["page"] = histories.pages[i][steps]
    return noted


# --- Parquet -------------------------------------------------------------------------------


def write_parquet(
    out: pathlib.Path, blocks: Iterator[tuple[range, Histories]], label: str | None, *, book: Book, student: str,
    split: str, env_id: str,
) -> pathlib.Path:  # fmt: skip
    """Write one table, a row a step: what was seen, the action taken then, and what that paid."""
    import polars as pl

    path = out / f"{book.name}-{plain_name(student)}-{split}.parquet"
    if path.exists():
        raise ValueError(f"{path} is there and is not overwritten: choose another out")
    tables = []
    for editions, histories in blocks:
        for i, edition in enumerate(editions):
            steps = slice(0, histories.length[i])
            reward = histories.reward[i, steps]
            table = {
                "edition": np.full(len(reward), edition),
                "step": np.arange(len(reward)),
                "observation": histories.observation[i, steps],
                "action": histories.action[i, steps],
                "reward": np.append(reward[1:], 0.0),  # of the action in this row; the last one does nothing
                **columns_of(histories, i, label),
            }
            tables.append(pl.DataFrame(table))
    out.mkdir(parents=True, exist_ok=True)
    metadata = {"student": student, "split": split, "env_id": env_id}
    with beside(path) as part:
        pl.concat(tables).write_parquet(part, metadata=metadata)
    return path


# --- Minari --------------------------------------------------------------------------------


def write_minari(
    out: pathlib.Path, blocks: Iterator[tuple[range, Histories]], label: str | None, *, book: Book, student: str,
    split: str, env_id: str,
) -> pathlib.Path:  # fmt: skip
    """Write a Minari data set `textbook/<Book>/<student>-v0` below a folder, which is Minari's root then."""
    import minari
    from minari.data_collector import EpisodeBuffer

    kind = "" if split == "train" else f"-{split}"
    name = f"textbook/{book.name}/{plain_name(student)}{kind}-v0"
    path = out / name
    if path.exists():
        raise ValueError(f"{path} is there and is not overwritten: choose another out")
    episodes: list[EpisodeBuffer] = []
    for editions, histories in blocks:
        for i, edition in enumerate(editions):
            last = int(histories.length[i]) - 1
            over = np.arange(1, last + 1) == last
            infos = columns_of(histories, i, label)
            if "page" in infos:
                infos["page"] = np.array([page.encode() for page in infos["page"]])
            episodes.append(
                EpisodeBuffer(
                    id=len(episodes),
                    options={"edition": edition},
                    observations=histories.observation[i, : last + 1],
                    actions=histories.action[i, :last],
                    rewards=histories.reward[i, 1 : last + 1],
                    terminations=over,
                    truncations=np.zeros(last, np.bool_),
                    infos=infos,
                )
            )
    out.mkdir(parents=True, exist_ok=True)
    with minari_root(out), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that nobody is named as the author
        minari.create_dataset_from_buffers(
            name,
            episodes,
            env=gymnasium.make(env_id, split=split),
            algorithm_name=student,
            description=f"Whole courses of {book.name}, edition by edition, walked by the student {student!r}.",
            requirements=["textbook_gym"],
        )
    return path


@contextlib.contextmanager
def minari_root(folder: pathlib.Path) -> Iterator[None]:
    """Let Minari read and write below a folder, which it takes from the environment."""
    name, before = "MINARI_DATASETS_PATH", os.environ.get("MINARI_DATASETS_PATH")
    os.environ[name] = str(folder.absolute())
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
