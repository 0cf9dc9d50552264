"""What a study writes: `marks.csv`, `marks.parquet` and `study.json`."""

import hashlib
import json
import pathlib
import platform
import sys
from typing import Any

import gymnasium
import numpy as np
import polars as pl

from textbook_gym.atomic_write import beside
from textbook_gym.study.edition_digests import edition_digests, salt_of, secret

STUDY_FORMAT = "textbook_gym study 1"


def metrics_of(figures: pl.DataFrame) -> list[dict[str, Any]]:
    """Return a summary (`summary.summary`) as `study.json` states it, figures rounded to six digits."""
    rounded = figures.with_columns(pl.col(pl.Float64).round(6))
    return [dict(row) for row in rounded.iter_rows(named=True)]


def settings(**chosen: Any) -> dict[str, Any]:
    """Return what a reader needs to make a study again: the choices and the versions."""
    import textbook_gym

    versions = {"textbook_gym": textbook_gym.__version__, "gymnasium": gymnasium.__version__, "numpy": np.__version__}
    return {**chosen, "versions": {**versions, "python": platform.python_version(), "platform": sys.platform}}


def write(table: pl.DataFrame, folder: pathlib.Path, chosen: dict[str, Any], sealed: str | None = None) -> pl.DataFrame:
    """Write `marks.csv`, `marks.parquet` and `study.json` into a folder, each beside its place and then renamed.

    `study.json` holds the choices, the versions, digests of the worlds (by book) and of `marks.csv`, and the metrics;
    `validate` defines its format.

    Args:
        table: the rows of `study`.
        folder: where; made if it is not there.
        chosen: what `run.settings_of` returns.
        sealed: the secret of a sealed study; it is not written.

    Returns:
        the metrics (`summary.summary`), made from the figures as `marks.csv` has them.

    Example:
        >>> from textbook_gym.study.run import settings_of, study
        >>> chosen = {"students": ["model"], "books": ["Bandits"], "editions": 2, "split": "test"}
        >>> chosen |= {"controls": ["kept"], "seed": 0}
        >>> figures = write(study(**chosen), pathlib.Path("study"), settings_of(**chosen))
        >>> sorted(file.name for file in pathlib.Path("study").iterdir())
        ['marks.csv', 'marks.parquet', 'study.json']
    """
    from textbook_gym.metrics import summary
    from textbook_gym.metrics.table import read_marks

    folder.mkdir(parents=True, exist_ok=True)
    with beside(folder / "marks.csv") as part:
        table.write_csv(part, float_precision=6)
    with beside(folder / "marks.parquet") as part:
        table.write_parquet(part)
    marks = hashlib.sha256((folder / "marks.csv").read_bytes()).hexdigest()
    hidden = salt_of(secret(sealed))
    worlds = edition_digests(chosen["books"], chosen["split"], chosen["editions"], chosen.get("course"), hidden)
    figures = summary.summary(read_marks(folder / "marks.csv"))
    digests = {"marks.csv": marks, "editions": worlds}
    stated = {"format": STUDY_FORMAT, **settings(**chosen), "digests": digests, "metrics": metrics_of(figures)}
    with beside(folder / "study.json") as part:
        part.write_text(json.dumps(stated, indent=2) + "\n", encoding="utf-8")
    return figures
