"""Tables of marks made by hand, with grades and rewards by the law."""

import json

import numpy as np
import polars as pl

from textbook_gym.registry import find


def chapters_of(book):
    """Chapter number of every exercise of a course, from 1."""
    return np.repeat(np.arange(1, len(find(book).chapters) + 1), [c.exercises for c in find(book).chapters])


def table(marks, book="Bandits", *, student="s", split="test", control="kept", seed=0, visible=None, first=0):
    """Rows of marks (editions, exercises of the course), or of one mark for all; grades and rewards by the law."""
    chapters = find(book).chapters
    total = sum(c.exercises for c in chapters)
    marks = np.broadcast_to(np.asarray(marks, float), np.broadcast_shapes(np.shape(marks), (1, total)))
    rows = []
    for edition, course in enumerate(marks, first):
        page = iter(course)
        for number, c in enumerate(chapters, 1):
            v = np.array([next(page) for _ in range(c.exercises)])
            k = np.arange(1, c.exercises + 1)
            grades = np.cumsum(k * v) / np.cumsum(k)
            rewards = np.diff(grades, prepend=c.newcomer)
            if number == len(chapters):
                rewards = np.append(np.zeros(len(v) - 1), rewards.sum())
            for e, mark, grade, reward in zip(k.tolist(), v, grades, rewards, strict=True):
                place = (student, seed, book, split, edition, control, number, e)
                rows.append((*place, mark, grade, reward, min(3, c.limit), visible, None))
    names = ("student", "seed", "book", "split", "edition", "control", "chapter", "exercise", "mark", "grade", "reward",
             "steps", "visible", "shortcuts")  # fmt: skip
    return pl.DataFrame(rows, names, orient="row", infer_schema_length=None).with_columns(
        pl.col("visible", "shortcuts").cast(pl.Float64)
    )


def noisy(level, editions, book="Bandits", spread=0.05, seed=0):
    """Marks around a level, float (editions, exercises)."""
    rng = np.random.default_rng(seed)
    return np.clip(level + spread * rng.normal(size=(editions, len(chapters_of(book)))), 0, 1)


def put(folder, rows, **stated):
    """Write a study's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    rows.write_csv(folder / "marks.csv", float_precision=6)
    (folder / "study.json").write_text(json.dumps(stated))
    return folder
