"""Courses as bytes: versioned, checksummed, readable anywhere, without pickle.

Layout: one line of JSON (format, book, layout, settings, number of courses, payload length, SHA-256 of the payload),
then the payload: the lane record of every course, little-endian. `seal` and `unseal` serve all that is saved.
"""

import hashlib
import json
from typing import Any

import numpy as np

from textbook_gym.engine.lanes import Lanes

FORMAT = "textbook_gym course 1"


def header(lanes: Lanes) -> dict[str, Any]:
    """Return what a saved course must have in common with the lanes that go on with it."""
    layout = json.dumps([lanes.engine.lane.descr, lanes.plan.dtype.descr], default=str)
    return {
        "format": FORMAT,
        "book": lanes.book.name,
        "layout": hashlib.sha256(layout.encode()).hexdigest(),
        "settings": {**lanes.settings, "plan": hashlib.sha256(lanes.plan.tobytes()).hexdigest()},
    }


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


def pack(lanes: Lanes, which: list[int]) -> bytes:
    """Return the courses in the lanes `which` as bytes."""
    words = lanes.records.view(np.uint64).reshape(len(lanes), -1)  # a copy by fields would have chance in its gaps
    return seal(FORMAT, {**header(lanes), "courses": len(which)}, words[which].tobytes())


def unpack(data: bytes, lanes: Lanes, which: list[int]) -> None:
    """Put saved courses into the lanes `which`.

    Raises:
        ValueError: the bytes are damaged or foreign, or do not fit these lanes, which are then untouched.
    """
    head, payload = unseal(FORMAT, "course", data)
    here = header(lanes)
    for key, saved in {**head, **head["settings"]}.items():
        wanted = {**here, **here["settings"]}.get(key, saved)
        if key != "settings" and saved != wanted:
            raise ValueError(f"the saved course has {key}={saved!r}, this environment {wanted!r}; make one that fits")
    if head["courses"] != len(which):
        raise ValueError(
            f"{head['courses']} saved courses for {len(which)} lanes; save or load with `lanes=` that match"
        )
    words = lanes.records.view(np.uint64).reshape(len(lanes), -1)
    words[which] = np.frombuffer(payload, np.uint64).reshape(len(which), -1)
    lanes.started = True
