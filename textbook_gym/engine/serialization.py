"""Courses as bytes: versioned, checksummed, readable anywhere, without pickle.

Layout: one line of JSON (format, book, layout, settings, number of courses, payload length, SHA-256 of the payload),
then the payload: the lane record of every course, little-endian. `seal` and `unseal` serve all that is saved.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from textbook_gym.engine.batch import Batch, words

FORMAT = "textbook_gym course 1"


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
    return seal(FORMAT, head, words(batch.records)[list(which)].tobytes())


def unpack(data: bytes, batch: Batch, which: Sequence[int]) -> dict[str, Any]:
    """Put saved courses into the lanes `which`; return the head of the bytes, with what was kept besides.

    Raises:
        ValueError: the bytes are damaged or foreign, or do not fit these lanes, which are then untouched.
    """
    head, payload = unseal(FORMAT, "course", data)
    wanted = {**batch.spec.signature, **batch.spec.signature["settings"]}
    found = {**head, **head.get("settings", {})}
    for key, here in wanted.items():
        saved = found.get(key)
        if key != "settings" and saved != here:
            raise ValueError(f"the saved course has {key}={saved!r}, this environment {here!r}; make one that fits")
    if head.get("courses") != len(which):
        raise ValueError(
            f"{head.get('courses')} saved courses for {len(which)} lanes; save or load with `lanes=` that match"
        )
    rows = words(batch.records)
    if len(payload) != len(which) * rows.itemsize * rows.shape[1]:
        raise ValueError(f"the saved course is damaged: {len(payload)} bytes for {len(which)} courses; save it again")
    rows[list(which)] = np.frombuffer(payload, np.uint64).reshape(len(which), rows.shape[1])
    batch.started = True
    return head
