"""The command `textbook-gym record`: courses of a student as a data set."""

import pathlib
from typing import Any

from textbook_gym.cli.options import Whole, see_this_folder, takes
from textbook_gym.registry import name_or_register
from textbook_gym.study import record as recording

OPTIONS: dict[str, tuple[str, Any]] = {
    "courses": ("courses", Whole),
    "format": ("format", str),
    "label": ("label", str | None),
    "pages": ("pages", bool),
    "course": ("course", str | None),
    "split": ("split", str),
    "first": ("first", Whole),
    "seed": ("seed", Whole),
}
"""Parameter of `study.record.record` -> option, and its type on the command line."""


@takes(recording.record, OPTIONS, {})
def record(book: str, /, *, student: str = "model", out: pathlib.Path = pathlib.Path("histories"), **asked: Any) -> int:
    """Write courses of a student to a data set: observations, actions, rewards, marks.

    Args:
        book: a book, such as Vocabulary, or the module of your own.
        student: random, newcomer, model, oracle, in-context, an SB3 .zip, module:callable or cmd:command.
        out: folder to write to; Minari's root then.
        **asked: the options of `OPTIONS`.

    Examples:
        textbook-gym record Vocabulary --student model --courses 100 --out histories
        textbook-gym record Vocabulary --student random --label oracle --format parquet
    """
    see_this_folder()
    path = recording.record(name_or_register(book), student, out=out, **asked)
    print(f"Written: {path}")
    if asked["format"] == "minari":
        print(f'Read it: MINARI_DATASETS_PATH={out.absolute()}, then minari.load_dataset("{path.relative_to(out)}")')
    return 0
