"""Courses as bytes: versioned, checksummed, readable anywhere, without pickle.

Layout: one line of JSON (format, book, layout, settings, number of courses, payload length, SHA-256 of the payload),
then the payload: the lane record of every course, little-endian. `seal` and `unseal` serve all that is saved.
"""

import contextlib
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from textbook_gym.engine.batch import Batch, words

COURSE_FORMAT = "textbook_gym course 1"
BESIDES = frozenset({"episodes"})  # what may be kept besides courses: see `sb3.BookVecEnv.save`


def seal(form: str, head: dict[str, Any], payload: bytes) -> bytes:
    """Return a line of JSON that names and checks the payload, then the payload."""
    line = {"format": form, **head, "bytes": len(payload), "sha256": hashlib.sha256(payload).hexdigest()}
    return json.dumps(line).encode() + b"\n" + payload


def unseal(form: str, what: str, data: bytes) -> tuple[dict[str, Any], bytes]:
    """Return head and payload of what `seal` returned.

    Args:
        form: the format that is wanted.
        what: what the bytes should be, for messages.
        data: the bytes.

    Raises:
        ValueError: the bytes are foreign or damaged.
    """
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise ValueError(f"{data!r:.80} is no saved {what}; give the bytes that save() returned ({form!r})")
    line, newline, payload = bytes(data).partition(b"\n")
    try:
        head = json.loads(line)
        known = isinstance(head, dict) and head.get("format") == form and newline == b"\n"
    except ValueError:
        known = False
    if not known:
        raise ValueError(f"these {len(data)} bytes are no saved {what}; give what save() returned ({form!r})")
    if head.get("bytes") != len(payload) or head.get("sha256") != hashlib.sha256(payload).hexdigest():
        raise ValueError(f"the saved {what} is damaged: {len(payload)} bytes do not match its checksum; save it again")
    return head, payload


def pack(batch: Batch, which: Sequence[int], **besides: Any) -> bytes:
    """Return the courses in the lanes `which` as bytes; what is to be kept besides must be JSON-able."""
    head = {**batch.spec.signature, "courses": len(which), **besides}
    data = seal(COURSE_FORMAT, head, words(batch.records)[list(which)].tobytes())
    _remember(data)
    return data


def unpack(data: bytes, batch: Batch, which: Sequence[int]) -> dict[str, Any]:
    """Put saved courses into the lanes `which`; return the head of the bytes, with what was kept besides.

    Bytes that this process did not pack itself are looked at first, course by course (`Batch.check`).

    Raises:
        ValueError: the bytes are damaged or foreign, or do not fit these lanes, which are then untouched.
    """
    head, payload = unseal(COURSE_FORMAT, "course", data)
    _compare(head, batch.spec.signature)
    if head["courses"] != len(which):
        raise ValueError(
            f"{head['courses']} saved courses for {len(which)} lanes; save or load with `lanes=` that match"
        )
    rows = words(batch.records)
    if len(payload) != len(which) * rows.itemsize * rows.shape[1]:
        raise ValueError(f"the saved course is damaged: {len(payload)} bytes for {len(which)} courses; save it again")
    found = np.frombuffer(payload, np.uint64).reshape(len(which), rows.shape[1])
    if _digest(data) not in _packed_here:
        batch.check(found.copy().view(batch.records.dtype)[:, 0])
    rows[list(which)] = found
    batch.started = True
    return head


def _compare(head: dict[str, Any], signature: Mapping[str, Any]) -> None:
    """Refuse a head that is not the one of these lanes, key by key.

    Raises:
        ValueError: a key is missing, is there without need, or says something else.
    """
    settings = head.get("settings")
    if not isinstance(settings, dict):
        raise ValueError(f"the saved course is damaged: its settings are {settings!r:.80}; save it again")
    for saved, here in ((head, signature), (settings, signature["settings"])):
        for key, value in here.items():
            if key != "settings" and key in saved and saved[key] != value:
                raise ValueError(
                    f"the saved course has {key}={saved[key]!r:.80}, this environment {value!r}; make one that fits"
                )
    every = {*signature, "courses", "format", "bytes", "sha256"}
    for found, wanted, may_be in ((head, every, BESIDES), (settings, {*signature["settings"]}, frozenset())):
        if odd := sorted((found.keys() ^ wanted) - may_be):
            raise ValueError(f"the saved course is damaged: {odd[0]!r} is missing or too much; save it again")


REMEMBERED = 4096  # of the last bytes packed here, that they were
_packed_here: dict[bytes, None] = {}


def _digest(data: bytes) -> bytes:
    """Return what names packed bytes: their first line holds a digest of the rest."""
    return hashlib.sha256(bytes(data).partition(b"\n")[0]).digest()


def _remember(data: bytes) -> None:
    """Remember that this process packed these bytes."""
    _packed_here[_digest(data)] = None
    while len(_packed_here) > REMEMBERED:
        with contextlib.suppress(KeyError, StopIteration, RuntimeError):  # another thread was faster
            del _packed_here[next(iter(_packed_here))]
