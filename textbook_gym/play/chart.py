"""Learning curves in plain characters: a player's marks as bars, those of the reference students beside them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

LEVELS = 10  # lines between the marks 0 and 1
BAR = "#"


class ChapterCurve(NamedTuple):
    """What stands above one place of the axis: an exercise, or a part of a chapter."""

    chapter: int
    label: str
    marks: tuple[float, ...]  # of each student


def group_up(rows: Mapping[str, np.ndarray], most: int) -> list[ChapterCurve]:
    """Return the marks of students (records of type `ROWS`), exercise by exercise, or in parts of chapters."""
    first = next(iter(rows.values()))
    groups, chapters = [], dict.fromkeys(first["chapter"].tolist())
    for chapter in chapters:
        places = np.flatnonzero(first["chapter"] == chapter)
        parts = [places[k : k + 1] for k in range(len(places))]
        if len(first) > most:
            parts = [part for part in np.array_split(places, max(1, most // len(chapters))) if len(part)]
        for part in parts:
            low, high = (int(first["exercise"][place]) for place in (part[0], part[-1]))
            marks = tuple(float(r["mark"][part].mean()) for r in rows.values())
            groups.append(ChapterCurve(chapter, f"{low}" if low == high else f"{low}-", marks))
    return groups


def chart(rows: Mapping[str, np.ndarray], chapters: Sequence[Any], width: int) -> list[str]:
    """Return the lines of a chart, in ASCII but for the players' names.

    Args:
        rows: student -> records of type `ROWS`; the first one is drawn as bars, the others as their initials.
        chapters: rows of the book's CHAPTERS.
        width: columns, at least 40.
    """
    signs = [BAR, *(name[0] for name in list(rows)[1:])]
    count = len({int(c) for c in next(iter(rows.values()))["chapter"]})
    groups = group_up(rows, (width - 5 - count) // len(signs))
    numbers = list(dict.fromkeys(g.chapter for g in groups))
    blocks = [[g for g in groups if g.chapter == number] for number in numbers]

    def line(head: str, cells: Sequence[str]) -> str:
        return f"{head:>4} {'|'.join(cells)}".rstrip()

    drawn = []
    for level in range(LEVELS, -1, -1):
        cells = ["".join(chart_cell(g.marks, signs, level) for g in block) for block in blocks]
        drawn.append(line(f"{level / LEVELS:.1f}" if level % 5 == 0 else "", cells))
    sizes = [len(signs) * len(block) for block in blocks]
    drawn.append(line("", ["".join(f"{g.label:<{len(signs)}}" for g in block) for block in blocks]))
    names = [f"{place} {chapters[number - 1].name}" for place, number in enumerate(numbers, 1)]
    drawn.append(line("", [f"{name[:size]:<{size}}" for name, size in zip(names, sizes, strict=True)]))
    what = "exercise" if all(g.label.isdigit() for g in groups) else "part of a chapter"
    legend = ", ".join(f"{sign} {name}" for sign, name in zip(signs, rows, strict=True))
    return [f"Marks by {what}: {legend}", *drawn]


def chart_cell(marks: Sequence[float], signs: Sequence[str], level: int) -> str:
    """Return what stands at one level of a group: the bar up to its mark, of the others a sign at theirs."""
    heights = [round(mark * LEVELS) for mark in marks]
    bar = signs[0] if heights[0] >= max(level, 1) else " _"[level == 0]
    return bar + "".join(s if h == level else " " for s, h in zip(signs[1:], heights[1:], strict=True))


def grades(rows: Mapping[str, np.ndarray], chapters: Sequence[Any]) -> list[list[str]]:
    """Return lines of cells: a chapter's place and name, newcomer's mark in it, the last grade of each student.

    The last line holds the gains: the mean over chapters of how far a grade rose.
    """
    first = next(iter(rows.values()))
    numbers = list(dict.fromkeys(first["chapter"].tolist()))
    lines = []
    for place, number in enumerate(numbers, 1):
        c = chapters[number - 1]
        last = [f"{r['grade'][r['chapter'] == number][-1]:.2f}" for r in rows.values()]
        lines.append([f"{place} {c.name}", f"{c.newcomer:.2f}", *last])
    gains = [f"{r['reward'].sum() / len(numbers):+.2f}" for r in rows.values()]
    return [*lines, ["gain", "", *gains]]
