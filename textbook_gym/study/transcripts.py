"""Transcripts: what was said in a course, kept so that the course can be played again from it.

A study keeps a file a course, `transcripts/<student>/<book>-<control>-<edition>-seed<seed>.jsonl.gz`: lines of JSON in
UTF-8, packed by gzip, the same bytes for the same course.

The first line is the header, an object with
    format          "textbook_gym transcript 1"
    student, book, split, edition, control, seed    as in the table of marks
    course          name of the book's course ("seminar"), null for the whole book
    settings        of the desk: memory, preface, answer, notebook_chars, reply_chars
    versions        textbook_gym and whatever else counts, an object of strings
    preface_sha256  of the first message

Then every message has a line, in order, as the desk holds it (role, content, tool_calls, tool_call_id), and besides
    raw             of a reply: all that was said, where the desk kept less of it (reasoning, what is too long)
    cut             of a reply: true where it was stopped at a limit of tokens
    by              of a reply: who gave it, where that was not the student (a hand-off)
    opens           of a system message: a course of its own begins here, an object that may name its edition, its
                    chapters (a list), and counted: false where its marks are not those of the study (a course walked
                    before, under the control "foreign"). Without it the whole file is one course.

The last line is {"marks": [...]}, an object an exercise: chapter, exercise, mark, grade, reward, steps.
"""

import gzip
import hashlib
import io
import json
import math
import pathlib
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from textbook_gym import __version__
from textbook_gym.atomic_write import beside
from textbook_gym.text.desk import Desk, Message
from textbook_gym.text.desk_state import is_message
from textbook_gym.text.settings import Settings

TRANSCRIPT_FORMAT = "textbook_gym transcript 1"
TRANSCRIPTS = "transcripts"
SUFFIX = ".jsonl.gz"
MOST_FILE_BYTES = 1 << 28  # of an unpacked file: a course of a thousand replies of 256 KB
MOST_NUMBER = 1 << 64

TEXTS = ("student", "book", "split", "control", "preface_sha256")
NUMBER_FIELDS = ("edition", "seed")
TRANSCRIPT_HEADER = ("format", *TEXTS, *NUMBER_FIELDS, "course", "settings", "versions")
MARK_FIELDS = {"chapter": int, "exercise": int, "mark": float, "grade": float, "reward": float, "steps": int}
"""What a transcript says of every exercise, and its type."""
MORE = {"raw": str, "cut": bool, "by": str, "opens": dict}
"""What a message may have besides what a desk holds."""
PLAIN_NAME = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
LONGEST_FILE_NAME = 40  # characters of a name that a file name shows
FILE = re.compile(r"[^/]+-[^/]+-\d+-seed\d+" + re.escape(SUFFIX))


class TalkTranscript(NamedTuple):
    """A course as it was said."""

    header: dict[str, Any]
    messages: list[Message]
    rows: list[dict[str, Any]]  # an exercise each, with the keys of `MARK_FIELDS`


# --- where ------------------------------------------------------------------------------------------


def file_name(name: str) -> str:
    """Return a name that may be any text as part of a path: short, the same for nobody else, on every system.

    Example:
        >>> file_name("model"), file_name("../Ä")
        ('model', '----~66200e69')
    """
    if PLAIN_NAME.fullmatch(name) and len(name) <= LONGEST_FILE_NAME:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{re.sub('[^A-Za-z0-9_]', '-', name)[:LONGEST_FILE_NAME]}~{digest}"


def transcript_path(folder: pathlib.Path, header: Mapping[str, Any]) -> pathlib.Path:
    """Return where in a study's folder the transcript with this header stands."""
    book = header["book"] if re.fullmatch("[A-Za-z0-9]+", header["book"]) else file_name(header["book"])
    place = f"{book}-{file_name(header['control'])}-{header['edition']}-seed{header['seed']}{SUFFIX}"
    return folder / TRANSCRIPTS / file_name(header["student"]) / place


def transcript_files(folder: pathlib.Path) -> list[pathlib.Path]:
    """Return the transcripts of a study's folder, in order."""
    return sorted(f for f in (folder / TRANSCRIPTS).glob(f"*/*{SUFFIX}") if f.is_file() and FILE.fullmatch(f.name))


# --- writing ----------------------------------------------------------------------------------------


def header_of(
    desk: Desk, *, student: str, control: str, split: str, edition: int, seed: int = 0, course: str | None = None
) -> dict[str, Any]:
    """Return the header of a course that was walked at a desk.

    Args:
        desk: the desk, after `open`.
        student: its name in the table.
        control: under which it walked.
        split: in which the edition's number counts.
        edition: the number.
        seed: of the student.
        course: see the top of this file.
    """
    return {
        "format": TRANSCRIPT_FORMAT,
        "student": student,
        "book": desk.lane.book.name,
        "course": course,
        "split": split,
        "edition": int(edition),
        "control": control,
        "seed": int(seed),
        "settings": desk.settings._asdict(),
        "versions": {"textbook_gym": __version__},
        "preface_sha256": transcript_digest(desk.transcript[0]["content"]),
    }


def transcript_digest(text: str) -> str:
    """Return the SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def write_transcript(
    folder: pathlib.Path, header: Mapping[str, Any], messages: Sequence[Message], rows: Iterable[Any]
) -> pathlib.Path:
    """Write the transcript of a course into a study's folder, whole or not at all; return its path.

    Args:
        folder: of the study; `transcripts/` is made in it.
        header: see the top of this file, and `header_of`.
        messages: of the course, with what stands besides in a transcript (`Conversation.transcript`).
        rows: an exercise each: mappings, named tuples or NumPy records; only the keys of `MARK_FIELDS` are read.

    Raises:
        ValueError: what would be written is no transcript; the message says where.
        OSError: the folder cannot be written.
    """
    every = [row._asdict() if hasattr(row, "_asdict") else row for row in rows]
    marks = [{name: kind(row[name]) for name, kind in MARK_FIELDS.items()} for row in every]
    data = b"".join(json.dumps(line).encode() + b"\n" for line in (header, *messages, {"marks": marks}))
    read_lines(data)
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=packed, mtime=0) as file:
        file.write(data)
    path = transcript_path(folder, header)
    path.parent.mkdir(parents=True, exist_ok=True)
    with beside(path) as part:
        part.write_bytes(packed.getvalue())
    return path


# --- reading ----------------------------------------------------------------------------------------


def read_transcript(path: pathlib.Path) -> TalkTranscript:
    """Return the transcript in a file, checked for form; see `check_transcripts` for whether it is true.

    Raises:
        ValueError: it is none; in one line, with the file and the line of it.
        OSError: the file cannot be read.
    """
    try:
        with gzip.open(path) as file:
            data = file.read(MOST_FILE_BYTES + 1)
        return read_lines(data)
    except (EOFError, zlib.error, gzip.BadGzipFile, ValueError) as error:
        raise ValueError(f"{path} is no transcript: {error}") from error


def read_lines(data: bytes) -> TalkTranscript:
    """Return the transcript that stands in some lines.

    Raises:
        ValueError: it is none; the message names the line.
    """
    if len(data) > MOST_FILE_BYTES:
        raise ValueError(f"it unpacks to more than {MOST_FILE_BYTES} bytes")
    lines = data.split(b"\n")
    if len(lines) < 4 or lines.pop():
        raise ValueError("it is not whole; it must have a header, messages and marks, a line each")
    values = [read_line(line, number) for number, line in enumerate(lines, 1)]
    header, messages, last = values[0], values[1:-1], values[-1]
    check_header(header)
    for number, message in enumerate(messages, 2):
        check_message(message, number, first=number == 2)
    if last.keys() != {"marks"} or not isinstance(last["marks"], list) or not all(map(is_row, last["marks"])):
        raise ValueError(f"line {len(lines)}: the last line must hold marks, each with {', '.join(MARK_FIELDS)}")
    return TalkTranscript(header, messages, last["marks"])


def read_line(line: bytes, number: int) -> dict[str, Any]:
    """Return the object in a line."""
    try:
        value = json.loads(line.decode(), parse_constant=refuse_transcript)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"line {number} is no JSON ({error})") from None
    if not isinstance(value, dict):
        raise ValueError(f"line {number} is no object")
    return value


def refuse_transcript(constant: str) -> float:
    """Refuse NaN and the infinities, which JSON does not have."""
    raise ValueError(f"{constant} is no number")


def check_header(header: Mapping[str, Any]) -> None:
    """Raise ValueError where a header is none."""
    if header.get("format") != TRANSCRIPT_FORMAT:
        raise ValueError(
            f"line 1: format is {str(header.get('format'))[:60]!r}; this version reads {TRANSCRIPT_FORMAT!r}"
        )
    for name in TRANSCRIPT_HEADER:
        if name not in header:
            raise ValueError(f"line 1 lacks {name!r}; a header has {', '.join(TRANSCRIPT_HEADER)}")
    wrong = [name for name in TEXTS if not isinstance(header[name], str)]
    wrong += [name for name in NUMBER_FIELDS if not is_whole_count(header[name])]
    wrong += [] if header["course"] is None or isinstance(header["course"], str) else ["course"]
    versions = header["versions"]
    if not isinstance(versions, dict) or not all(isinstance(v, str) for v in versions.values()):
        wrong.append("versions")
    if wrong:
        raise ValueError(f"line 1: {wrong[0]} is {str(header[wrong[0]])[:60]!r}, which it cannot be")
    settings = header["settings"]
    if not isinstance(settings, dict) or settings.keys() != set(Settings._fields):
        raise ValueError(f"line 1: settings must have {', '.join(Settings._fields)}")
    try:
        Settings(**settings).checked()
    except ValueError as error:
        raise ValueError(f"line 1: {error}") from None


def check_message(message: Mapping[str, Any], number: int, first: bool) -> None:
    """Raise ValueError where a message is none; the first one is the system's."""
    bare = {key: value for key, value in message.items() if key not in MORE}
    if not is_message(bare) or not all(isinstance(message[key], kind) for key, kind in MORE.items() if key in message):
        raise ValueError(f"line {number} is no message")
    role = "system" if "opens" in message else "assistant" if message.keys() & MORE.keys() else message["role"]
    if role != message["role"] or (first and role != "system"):
        raise ValueError(f"line {number}: a message of role {message['role']!r} cannot stand here or have what it has")
    opens = message.get("opens", {})
    chapters = opens.get("chapters", [])
    if (
        opens.keys() - {"edition", "chapters", "counted"}
        or not is_whole_count(opens.get("edition", 0))
        or not (isinstance(chapters, list) and all(map(is_whole_count, chapters)))
        or not isinstance(opens.get("counted", True), bool)
    ):
        raise ValueError(f"line {number}: opens may have edition (a number), chapters (numbers) and counted (a bool)")


def is_whole_count(value: Any) -> bool:
    """Return whether a value is a whole number from 0 to 2^64 - 1."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST_NUMBER


def is_row(value: Any) -> bool:
    """Return whether a value is what a transcript says of an exercise."""
    if not isinstance(value, dict) or value.keys() != MARK_FIELDS.keys():
        return False
    return all(
        is_whole_count(v) if MARK_FIELDS[k] is int else isinstance(v, float) and math.isfinite(v)
        for k, v in value.items()
    )
