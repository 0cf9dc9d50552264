"""Memories as bytes: versioned, checksummed, without pickle.

A checksum says that bytes are whole, not that a memory wrote them. So whatever is read is looked at before it is used.
"""

import json
import operator
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from textbook_gym.engine.serialization import seal, unseal

MEMORY_FORMAT = "textbook_gym memory 1"
StoredArrays = Mapping[str, np.ndarray]


def describe(name: str, settings: Mapping[str, Any], arrays: StoredArrays) -> dict[str, Any]:
    """Return what a saved memory must have in common with one that loads it: kind, settings, and layout of a lane."""
    layout = [[n, a.dtype.newbyteorder("<").str, list(a.shape[1:])] for n, a in arrays.items()]
    rest = {k: v for k, v in settings.items() if k != "keep"}
    head = {"memory": name, "settings": rest, "layout": layout}
    plain: dict[str, Any] = json.loads(json.dumps(head, default=operator.index))  # whole numbers of NumPy as Python's
    return plain


def pack_memory(head: Mapping[str, Any], arrays: StoredArrays, lanes: Sequence[int]) -> bytes:
    """Return some lanes of the arrays as bytes, little-endian, array after array."""
    parts = [a[lanes].astype(a.dtype.newbyteorder("<"), copy=False).tobytes() for a in arrays.values()]
    return seal(MEMORY_FORMAT, {**head, "lanes": len(lanes)}, b"".join(parts))


def unpack_memory(data: bytes, head: Mapping[str, Any], arrays: StoredArrays, count: int) -> dict[str, np.ndarray]:
    """Return what `pack` packed, as copies of so many lanes.

    Raises:
        ValueError: damaged or foreign bytes, another memory or layout, or another number of lanes.
    """
    found, payload = unseal(MEMORY_FORMAT, "memory", data)
    for key, wanted in head.items():
        if found.get(key) != wanted:
            raise ValueError(
                f"the saved memory has {key}={str(found.get(key))[:80]}, this one {str(wanted)[:80]}; "
                f"bind the same memory with the same settings to the same spaces"
            )
    if found.get("lanes") != count:
        raise ValueError(f"{found.get('lanes')} saved lanes for {count}; name as many with `lanes=`")
    sizes = [a[0].nbytes * count for a in arrays.values()]
    if len(payload) != sum(sizes):
        raise ValueError(
            f"the saved memory is damaged: {len(payload)} bytes where {sum(sizes)} are needed; save it again"
        )
    copies, start = {}, 0
    for (name, array), size in zip(arrays.items(), sizes, strict=True):
        part = payload[start : start + size]
        start += size
        if array.dtype == np.bool_:  # other bytes than 0 and 1 are bools to nobody
            check_range(name, np.frombuffer(part, np.uint8), 0, 1)
        kind = array.dtype.newbyteorder("<")
        copies[name] = np.frombuffer(part, kind).reshape(count, *array.shape[1:]).astype(array.dtype)
    return copies


def check_range(name: str, values: np.ndarray, low: float, high: float) -> None:
    """Refuse saved numbers outside `low..high`, and such that are no numbers.

    Raises:
        ValueError: the message names the first.

    Example:
        >>> check_range("counts", np.array([3, -1]), 0, 9)
        Traceback (most recent call last):
        ValueError: the saved memory is damaged: counts holds -1, where 0 to 9 is possible; save it again...
    """
    check_each(name, values, (values >= low) & (values <= high), f"{low} to {high} is possible")


def check_each(name: str, values: np.ndarray, good: np.ndarray, allowed: str) -> None:
    """Refuse saved numbers that are not good.

    Args:
        name: what they are, for the message.
        values: the numbers.
        good: bool, of the same shape.
        allowed: what is possible, for the message.

    Raises:
        ValueError: the message names the first.

    Example:
        >>> places = np.array([2, 5])
        >>> check_each("places", places, places < 4, "0 to 3 is possible")
        Traceback (most recent call last):
        ValueError: the saved memory is damaged: places holds 5, where 0 to 3 is possible; save it again...
    """
    if not good.all():
        raise ValueError(
            f"the saved memory is damaged: {name} holds {values[~good][0]}, where {allowed}; save it again"
        )
