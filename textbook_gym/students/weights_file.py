"""Files of arrays: what a trained student is, without pickle, and how they say which book they are for.

A file is a NumPy archive. Its entry `header` is JSON (`Header`); the others are the arrays, by the names that the
architecture gives them.
"""

import hashlib
import io
import json
import pathlib
import zipfile
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from textbook_gym.atomic_write import beside
from textbook_gym.authoring.book import Book
from textbook_gym.engine.labels import NO_LABEL, Label, Labels
from textbook_gym.engine.lanes import Lanes
from textbook_gym.registry import ID_KINDS, LIBRARY, id_of, name_of
from textbook_gym.students.rollout import open_editions

FORMAT = 1
PROBED = 4  # editions that `world_digest` looks at


class Header(NamedTuple):
    """What a file of arrays says of itself.

    Attributes:
        student: name of the student.
        book: id of the course that it was trained on, which names the book's version.
        world: digest of how that book behaves, see `world_digest`; of the library the digest of each book behind its
            name and a colon.
        architecture: numbers that the player needs, such as heads.
        command: command line that trained it.
        seed: of the training.
        curve: of the training, a row for every evaluation: figures by name.
        training: of a checkpoint, what the training needs to go on.
        format: version of this format.

    Example:
        header, arrays = load_arrays(pathlib.Path("runs/vocabulary.npz").read_bytes(), "runs/vocabulary.npz")
        print(header.student, header.book, header.command)
    """

    student: str
    book: str
    world: str
    architecture: dict[str, Any]
    command: str
    seed: int
    curve: list[dict[str, float]]
    training: dict[str, Any] | None = None
    format: int = FORMAT


def save_arrays(
    path: pathlib.Path, header: Header, arrays: Mapping[str, np.ndarray], kind: type[np.floating[Any]] = np.float16
) -> None:
    """Write a file of arrays, in half precision unless told otherwise: beside its place, then renamed."""
    entries: dict[str, Any] = {name: array.astype(kind) for name, array in arrays.items()}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, header=np.frombuffer(json.dumps(header._asdict()).encode(), np.uint8), **entries)
    path.parent.mkdir(parents=True, exist_ok=True)
    with beside(path) as part:
        part.write_bytes(buffer.getvalue())


def load_arrays(content: bytes, name: str) -> tuple[Header, dict[str, np.ndarray]]:
    """Return header and arrays (float32) of a file's content; `name` is what to call it.

    Raises:
        ValueError: it is none, or of another format.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            header = json.loads(archive["header"].tobytes())
            arrays = {key: archive[key].astype(np.float32) for key in archive.files if key != "header"}
        if header["format"] != FORMAT:
            raise ValueError(f"format {header['format']}, not {FORMAT}")
        return Header(**header), arrays
    except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{name} is no file of arrays ({' '.join(str(error).split())}); train it anew") from error


def world_digest(book: Book) -> str:
    """Return a digest of how a book behaves: what random and oracle see in a few training editions of a whole course.

    It is the same wherever the book plays the same, however its source reads. Signals are rounded, since the last bits
    of a logarithm differ between machines.

    Example:
        >>> from textbook_gym import find
        >>> world_digest(find("Bandits")) == world_digest(find("Concepts"))
        False
    """
    lanes = Lanes(book.path, PROBED, episode="book", split="train", threads=1)
    obs, out = open_editions(lanes, range(PROBED))
    labels = Labels(lanes)
    digest = hashlib.sha256(json.dumps([book.actions, [s.name for s in book.signals]]).encode())
    wanted, turn = labels.look(obs, out["exercise_done"]), 0
    while not out["book_done"].all():
        turn += 1
        any_action = (turn * 7919 + np.arange(PROBED) * 104729) % 65537 % len(book.actions)
        follow = (turn + np.arange(PROBED)) % 3 > 0
        oracle = wanted[:, Label.ORACLE]
        actions = np.where(follow & (oracle != NO_LABEL), oracle, any_action)
        lanes.advance(actions, obs, out)
        digest.update(np.round(obs * 100).astype(np.int16).tobytes() + np.round(out["mark"] * 100).tobytes())
        wanted = labels.look(obs, out["exercise_done"], actions)
    return digest.hexdigest()[:16]


def fitting(header: Header, book: Book) -> Header:
    """Return a header if its arrays can play this book as it is: trained on it, or on many books that it was not among.

    Raises:
        ValueError: they cannot; the message says which command trains them.
    """
    if name_of(header.book) == LIBRARY:
        worlds = dict(part.split(":") for part in header.world.split())
        fits = worlds.get(book.name) in (None, world_digest(book))
    else:
        fits = header.book in [id_of(book.name, kind) for kind in ID_KINDS] and header.world == world_digest(book)
    if not fits:
        name = LIBRARY if name_of(header.book) == LIBRARY else book.name
        raise ValueError(
            f"student {header.student!r} was trained on {header.book} as it was (world {header.world}), not on this "
            f"{book.name}; train it: textbook-gym train --book {name} --algo {header.student}"
        )
    return header
