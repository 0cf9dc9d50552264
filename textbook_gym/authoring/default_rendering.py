"""Faces that come from a book's signals alone, for books that draw or tell nothing of their own."""

from collections.abc import Sequence
from typing import Any

from textbook_gym.authoring.observation import Signal
from textbook_gym.authoring.records import Record

SHADES = ".123456789#"  # from 0 to the highest value
BELOW = "-"


def values(signal: Signal, o: Record) -> list[list[float]]:
    """Return what a signal shows as rows of numbers: a number is one row of one, an array of more axes is flattened."""
    shown: Any = getattr(o, signal.name)
    if signal.shape == ():
        return [[shown]]
    width = signal.shape[-1]
    flat = [shown]
    for _ in signal.shape:
        flat = [cells[i] for cells in flat for i in range(len(cells))]
    return [flat[k : k + width] for k in range(0, len(flat), width)]


def drawn(signals: Sequence[Signal], o: Record) -> list[str]:
    """Return a page as rows of characters of one length: a signal's name, then a character for every number.

    A character is `.` for 0, `1` to `9` and `#` for shares of the highest value, `-` for what is below 0.

    Example:
        >>> from types import SimpleNamespace
        >>> lamps = Signal("asked", 0, 1, "the lamp asked for", (8,)), Signal("lit", 0, 1, "lamps that are lit", (8,))
        >>> page = SimpleNamespace(asked=[0, 0, 1, 0, 0, 0, 0, 0], lit=[0] * 8)
        >>> print(*drawn(lamps, page), sep="; ")
        asked ..#.....; lit   ........
    """
    margin = max(len(s.name) for s in signals)
    rows = []
    for s in signals:
        for k, row in enumerate(values(s, o)):
            cells = "".join(BELOW if x < 0 else SHADES[round(x / (s.high if s.high > 0 else 1.0) * 10)] for x in row)
            rows.append(f"{s.name if k == 0 else '':{margin}} {cells}")
    return [row.ljust(max(map(len, rows))) for row in rows]


def told_signals(signals: Sequence[Signal], o: Record) -> str:
    """Return a page in words: of every signal its name and its numbers, or which place of how many holds the only 1.

    Example:
        >>> from types import SimpleNamespace
        >>> signals = Signal("asked", 0, 1, "the lamp asked for", (8,)), Signal("payoff", 0, 1, "of the last step")
        >>> told_signals(signals, SimpleNamespace(asked=[0, 0, 1, 0, 0, 0, 0, 0], payoff=0.5))
        'Asked: 3 of 8. Payoff: 0.5.'
    """
    return " ".join(f"{s.name.replace('_', ' ').capitalize()}: {in_words(values(s, o), s.shape)}." for s in signals)


def in_words(rows: list[list[float]], shape: tuple[int, ...]) -> str:
    """Return what a signal shows in words."""
    words = []
    for row in rows:
        if shape == ():
            words.append(f"{row[0]:.3g}")
        elif any(x not in (0.0, 1.0) for x in row):
            words.append(" ".join(f"{x:.3g}" for x in row))
        else:
            ones = [str(i + 1) for i, x in enumerate(row) if x]
            words.append(f"{' and '.join(ones) or 'none'} of {len(row)}")
    return "; ".join(words)
