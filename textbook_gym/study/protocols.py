"""Protocols: settings of a study under names, so that studies of the same protocol can be held against each other."""

from typing import NamedTuple

from textbook_gym.errors import one_of
from textbook_gym.study.controls import DEFAULT


class Protocol(NamedTuple):
    """What a study walks; the parameters of `study.run.study` of these names."""

    course: str | None = None
    editions: int = 256
    split: str = "test"
    controls: tuple[str, ...] = DEFAULT


PLAIN_PROTOCOL = Protocol()
"""What a study walks unless it is told otherwise."""
PROTOCOLS = {
    "seminar": Protocol(course="seminar", editions=16),
}
"""Name of a protocol -> its settings. `seminar` is for students that talk: pages are cheap, thinking is dear."""


def settled_protocol(protocol: str | None, asked: Protocol) -> Protocol:
    """Return what is walked: what is asked for, or what the protocol says.

    Args:
        protocol: a key of `PROTOCOLS`; None for no protocol.
        asked: the settings that were given; those of `PLAIN_PROTOCOL` count as not given.

    Raises:
        ValueError: there is no such protocol, or something else was asked for besides.
    """
    if protocol is None:
        return asked
    one_of("protocol", protocol, list(PROTOCOLS), ", or None")
    stated = PROTOCOLS[protocol]
    for name in Protocol._fields:
        given, plain, wanted = (getattr(p, name) for p in (asked, PLAIN_PROTOCOL, stated))
        given = tuple(given) if name == "controls" else given
        if given not in (plain, wanted):
            raise ValueError(f"{name}={given!r}: protocol {protocol!r} has {wanted!r}; leave out one of the two")
    return stated
