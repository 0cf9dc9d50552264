"""Tasks as rows of JSON: every adapter makes its worlds from them, and the same row is the same world everywhere.

from textbook_gym.adapters import desk_of, tasks

rows = tasks("textbook/BanditsSeminar-v1", split="train", editions=64)
desk = desk_of(rows[3])  # a course that is open
print(desk.context[-1]["content"])
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, TypedDict

from textbook_gym.errors import did_you_mean, is_one, whole
from textbook_gym.registry import known_id
from textbook_gym.text import Desk, Message


class Task(TypedDict):
    """A course of one edition. It is JSON, so that it can stand in a data set, a log or a request.

    Example:
        >>> sorted(task("textbook/BanditsSeminar-v1", edition=7))
        ['chapter', 'edition', 'id', 'keywords', 'seed', 'split']
    """

    id: str
    """Of the environment, such as `textbook/BanditsSeminar-v1`."""
    split: str
    """"train", "test" or "all"."""
    edition: int | None
    """Number of the edition."""
    seed: int | None
    """Names the edition where `edition` is None, as in `reset(seed=...)`."""
    chapter: int | str | None
    """The chapter to open the book at, by number or name; None for the first."""
    keywords: dict[str, Any]
    """What else `Desk` takes: memory, preface, answer, course, chapters, exercises, reward, ..."""


TASK_FIELDS = tuple(Task.__annotations__)


def task(
    env_id: str,
    split: str = "train",
    *,
    edition: int | None = None,
    seed: int | None = None,
    chapter: int | str | None = None,
    **keywords: Any,
) -> Task:
    """Return one task.

    Args:
        env_id: such as `textbook/BanditsSeminar-v1`.
        split: editions that it may be of: "train", "test" or "all".
        edition: number of the edition.
        seed: names the edition instead.
        chapter: where to open the book, by number or name; None for its beginning.
        keywords: what else `Desk` takes: memory, preface, answer, course, chapters, exercises, reward, ...

    Raises:
        ValueError: not just one of edition and seed is given, or it is no whole number >= 0.
        TypeError: a keyword's value is not JSON.

    Example:
        >>> task("textbook/ConceptsSeminar-v1", "train", edition=7, memory="notebook")["keywords"]
        {'memory': 'notebook'}
    """
    if (edition is None) == (seed is None):
        raise ValueError(f"edition={edition!r}, seed={seed!r}: give one of them, the other names the same thing")
    name, number = ("edition", edition) if seed is None else ("seed", seed)
    number = whole(name, number, 0)
    try:
        keywords = json.loads(json.dumps(keywords))  # as it will be once it was written down and read
    except (TypeError, ValueError) as error:
        raise TypeError(f"keywords={keywords!r}: a task is a row of JSON ({error})") from error
    return Task(
        id=env_id,
        split=split,
        edition=number if seed is None else None,
        seed=None if seed is None else number,
        chapter=chapter,
        keywords=keywords,
    )


def tasks(
    env_id: str,
    split: str = "train",
    editions: int | Iterable[int] = 16,
    *,
    chapter: int | str | None = None,
    **keywords: Any,
) -> list[Task]:
    """Return one task an edition.

    Args:
        env_id: such as `textbook/BanditsSeminar-v1`.
        split: "train", "test" or "all"; train and test share no edition.
        editions: how many, from number 0 on, or their numbers.
        chapter: as in `task`.
        keywords: as in `task`.

    Raises:
        ValueError: a number of an edition is no whole number >= 0.
        TypeError: a keyword's value is not JSON.

    Example:
        >>> rows = tasks("textbook/ConceptsSeminar-v1", split="test", editions=3)
        >>> [row["edition"] for row in rows]
        [0, 1, 2]
    """
    numbers = range(whole("editions", editions, 1)) if is_one(editions) else editions
    # `is_one` does not tell a type checker that what is left is a sequence
    return [task(env_id, split, edition=n, chapter=chapter, **keywords) for n in numbers]  # type: ignore[union-attr]


def desk_of(row: Mapping[str, Any] | str) -> Desk:
    """Return the course of a task, open at its first page: `context` is what the student is to be shown.

    Args:
        row: a task; as JSON, too.

    Raises:
        ValueError: the row is no task, or a value in it is not known.
        TypeError: a keyword is not known.

    Example:
        >>> desk = desk_of(task("textbook/ConceptsSeminar-v1", edition=7))
        >>> turn = desk.reply("<action>BIN_1</action>")
        >>> turn.info["invalid"]
        ''
    """
    asked = read_row(row)
    desk = Desk(asked["id"], split=asked["split"], **asked["keywords"])
    desk.open(seed=asked["seed"], edition=asked["edition"], chapter=asked["chapter"])
    return desk


def read_row(row: Mapping[str, Any] | str) -> Task:
    """Return a checked task; fields that a row leaves out are at their defaults.

    Raises:
        ValueError: it is no task; the message names the field.
    """
    if isinstance(row, str):
        try:
            row = json.loads(row)
        except ValueError as error:
            raise ValueError(f"task {str(row)[:60]!r} is no JSON ({error}); give a row of `tasks(...)`") from error
    if not isinstance(row, Mapping) or not isinstance(row.get("id"), str):
        raise ValueError(f"task {row!r} has no id; give a row of `tasks(...)`")
    for field in row:
        if field not in TASK_FIELDS:
            raise ValueError(
                f"task has no field {field!r}{did_you_mean(str(field), TASK_FIELDS)}; it has {', '.join(TASK_FIELDS)}"
            )
    known_id(row["id"])
    keywords = row.get("keywords") or {}
    if not isinstance(keywords, Mapping):
        raise ValueError(f"keywords={keywords!r}: give a mapping")
    for keyword in keywords:
        if keyword in TASK_FIELDS or keyword == "episode":
            why = "it is a field of the row" if keyword in TASK_FIELDS else "a task is a whole course"
            raise ValueError(f"keywords={dict(keywords)!r}: {keyword!r} does not belong there, {why}")
    return task(
        row["id"],
        row.get("split", "train"),
        edition=row.get("edition"),
        seed=row.get("seed"),
        chapter=row.get("chapter"),
        **keywords,
    )


def task_name(row: Mapping[str, Any] | str) -> str:
    """Return a name for a task that no other task has, such as `textbook/Bandits-v1?split=test&edition=7`.

    Example:
        >>> task_name({"id": "textbook/Bandits-v1", "split": "test", "edition": 7})
        'textbook/Bandits-v1?split=test&edition=7'
    """
    asked = read_row(row)
    parts = {k: asked[k] for k in ("split", "edition", "seed", "chapter")} | asked["keywords"]
    return f"{asked['id']}?" + "&".join(
        f"{k}={v if isinstance(v, str) else json.dumps(v)}" for k, v in parts.items() if v is not None
    )


def said(messages: Iterable[Message]) -> str:
    """Return what the book says in some messages, as one text; a system message is left out.

    Example:
        >>> said([{"role": "system", "content": "Answer so."}, {"role": "user", "content": "Arm A paid."}])
        'Arm A paid.'
    """
    return "\n\n".join(m["content"] for m in messages if m["role"] in ("user", "tool"))


def figures(desk: Desk) -> dict[str, float]:
    """Return what a tracker shows of a course: sum of rewards, gain, replies, and the unreadable ones by kind.

    The gain is the mean rise of grades over chapters; it is 0 until the course is over.

    Example:
        >>> desk = desk_of(task("textbook/ConceptsSeminar-v1", edition=7))
        >>> turn = desk.reply("no idea")
        >>> figures(desk)["replies"], figures(desk)["invalid_unknown"]
        (1.0, 1.0)
    """
    info = desk.info
    replies = sum(message["role"] == "assistant" for message in desk.transcript)
    counts = {name: float(n) for name, n in info.items() if name.startswith("invalid_")}
    return {"total": desk.total, "gain": float(info["gain"]), "replies": float(replies), **counts}
