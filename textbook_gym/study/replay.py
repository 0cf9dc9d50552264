"""Transcripts played again: the replies are given to a desk once more, and what follows must be what was written down.

What this proves: these replies, in this order, earn these marks, grades and rewards in these worlds, by the rules of
this version and under this control (what is remembered, which courses are walked); the book said what the transcript
says it said, so the student saw no other page; and the table of marks holds just these figures.

What it cannot prove: that the student who is named gave the replies (`raw` and `by` are taken on trust, and so is what
was thought); that it was shown nothing besides, such as the number of the edition; that its courses are not the best
of many; and anything of students who left no transcript.
"""

import json
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import polars as pl

from textbook_gym import __version__
from textbook_gym.authoring.records import Row
from textbook_gym.engine.chapter_plan import outline
from textbook_gym.engine.course_options import CourseOptions
from textbook_gym.engine.lanes import Lanes
from textbook_gym.envs.single import BookEnv
from textbook_gym.registry import find
from textbook_gym.study.controls import CONTROLS, foreign_to
from textbook_gym.study.table_checks import CLOSE, COURSE, Finding
from textbook_gym.study.transcripts import (
    MARK_FIELDS,
    MORE,
    TalkTranscript,
    read_transcript,
    transcript_digest,
    transcript_files,
    transcript_path,
)
from textbook_gym.text import words
from textbook_gym.text.course_view import Done, Lane
from textbook_gym.text.desk import Desk, Message

SAME_MARK = 1e-9  # marks are written in full; another machine may round the last digits otherwise
KIND = ("book", "course", "split", "control", "settings")  # of a header: what a desk depends on
SHOWN_MESSAGE = 60  # characters of a message that a finding shows


class Other(ValueError):
    """A transcript is not what follows from its replies; in one line."""


class Part(NamedTuple):
    """A course within a transcript."""

    opens: Mapping[str, Any]
    first: int  # line of its first message in the file
    messages: Sequence[Message]


def check_transcripts(folder: pathlib.Path, table: pl.DataFrame, salt: int = 0) -> list[Finding]:
    """Return what was found in the transcripts of a study: nothing if there are none.

    Args:
        folder: of the study.
        table: its marks.
        salt: of sealed editions; 0 for the public ones.
    """
    files = transcript_files(folder)
    if not files:
        return []
    courses = table.partition_by(*COURSE, as_dict=True)
    player, wrong, foreign = Player(salt), [], 0
    there: set[tuple[Any, ...]] = set()
    replies = 0
    for file in files:
        name = file.relative_to(folder).as_posix()
        try:
            course = read_transcript(file)
            key = tuple(course.header[column] for column in COURSE)
            if file != transcript_path(folder, course.header):
                raise Other(f"its header is of {transcript_path(folder, course.header).relative_to(folder)}")
            there.add(key)
            check_rows(course, courses.get(key))
            if course.header["versions"].get("textbook_gym") != __version__:
                foreign += 1
                continue
            replies += check_course(course, player)
        except (ValueError, OSError) as error:
            wrong.append(f"{name}: {str(error).removeprefix(f'{file} is no transcript: ')}")
    students = {key[0] for key in there}
    missing = [key for key in courses if key[0] in students and key not in there]
    findings = [Finding(False, f"transcripts: {line}") for line in wrong[:1]]
    if len(wrong) > 1:
        findings = [Finding(False, f"transcripts: {wrong[0]} (and {len(wrong) - 1} more)")]
    if missing:
        place = ", ".join(f"{column} {value}" for column, value in zip(COURSE, sorted(missing)[0], strict=True))
        findings.append(Finding(False, f"transcripts: {len(missing)} courses have none, such as {place}"))
    if foreign:
        text = f"transcripts: {foreign} not played again, since another version made them"
        findings.append(Finding(True, text))
    played = len(files) - foreign - len(wrong)
    if played and not wrong:
        text = f"{played} courses played again, {replies} replies: words, marks, grades and rewards as stated"
        findings.append(Finding(True, f"transcripts: {text}"))
    return findings


def check_rows(course: TalkTranscript, rows: pl.DataFrame | None) -> None:
    """Check that the table of marks holds the marks of a transcript.

    Raises:
        Other: it does not.
    """
    if rows is None:
        raise Other("marks.csv has no such course")
    stated = {(r["chapter"], r["exercise"]): r for r in rows.iter_rows(named=True)}
    if len(stated) != len(course.rows) or len(rows) != len(course.rows):
        raise Other(f"it has {len(course.rows)} exercises, marks.csv {len(rows)}")
    for row in course.rows:
        there = stated.get((row["chapter"], row["exercise"]))
        if there is None:
            raise Other(f"marks.csv has no exercise {row['chapter']}.{row['exercise']} of it")
        compare_rows(row, there, CLOSE, "marks.csv")


def compare_rows(row: Mapping[str, Any], other: Mapping[str, Any], close: float, where: str) -> None:
    """Raise `Other` where two rows of an exercise differ."""
    for name in MARK_FIELDS:
        if not abs(row[name] - other[name]) <= close:
            place = f"exercise {row['chapter']}.{row['exercise']}"
            raise Other(f"{place}: {name} {row[name]}, {where} {other[name]}")


def check_course(course: TalkTranscript, player: "Player") -> int:
    """Play a transcript again; return how many replies it has.

    Raises:
        Other: something else follows from its replies; the message names the line.
    """
    header = course.header
    if header["preface_sha256"] != transcript_digest(course.messages[0]["content"]):
        raise Other("preface_sha256 is not the digest of its first message")
    control = CONTROLS.get(header["control"])
    if control is None:
        raise Other(f"control {header['control']!r} is not known here")
    if header["settings"]["memory"] != control.memory:
        kept = header["settings"]["memory"]
        raise Other(f"the memory of its conversation is {kept!r}; under {header['control']!r} it is {control.memory!r}")
    parts = list(parts_of(course.messages))
    walked, due = [dict(part.opens) for part in parts], courses_of(header)
    if walked != due:
        raise Other(f"its courses are {walked}; under {header['control']!r} they are {due}")
    rows: list[dict[str, Any]] = []
    for part in parts:
        try:
            worked = player.play(header, part, len(course.rows))
        except (RuntimeError, TypeError, KeyError) as error:  # of a course that cannot be
            raise Other(f"line {part.first}: {error}") from None
        rows += worked if part.opens.get("counted", True) else []
    if len(rows) != len(course.rows):
        raise Other(f"it has marks of {len(course.rows)} exercises, played again {len(rows)}")
    for stated, row in zip(course.rows, rows, strict=True):
        compare_rows(stated, row, SAME_MARK, "played again")
    return sum(message["role"] == "assistant" for message in course.messages)


def parts_of(messages: Sequence[Message]) -> Iterator[Part]:
    """Yield the courses that a transcript's messages are of."""
    starts = [0, *(i for i, message in enumerate(messages) if i and "opens" in message)]
    for start, stop in zip(starts, [*starts[1:], len(messages)], strict=True):
        yield Part(messages[start].get("opens", {}), start + 2, messages[start:stop])


def courses_of(header: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what the courses within a transcript are under its control: `opens` of each."""
    control = CONTROLS[header["control"]]
    if control.alone:
        return [{"chapters": [number]} for number in outline(find(header["book"]), header["course"])]
    return [{"edition": foreign_to(header["edition"]), "counted": False}, {}] if control.foreign else [{}]


class Player:
    """Plays courses again; desks are kept for further courses of their kind."""

    def __init__(self, salt: int = 0) -> None:
        self._salt = salt
        self._desks: dict[str, tuple[Desk, Marks]] = {}

    def play(self, header: Mapping[str, Any], part: Part, most: int) -> list[dict[str, Any]]:
        """Play a course again; return its marks, an exercise each.

        Args:
            header: of the transcript.
            part: the course.
            most: exercises that it may have where it counts.

        Raises:
            Other: something else follows from the replies.
        """
        desk, marks = self._desk(header, part.opens)
        marks.rows.clear()
        desk.open(edition=part.opens.get("edition", header["edition"]))
        if part.opens.get("counted", True) and sum(p.exercises for p in desk.lane.rows.values()) > most:
            raise Other(f"line {part.first}: the course has more exercises than the transcript has marks")
        for k, message in enumerate(part.messages):
            line = part.first + k
            if k == len(desk.transcript):
                go_on(desk, message, line)
            bare = {key: value for key, value in message.items() if key not in MORE}
            if k >= len(desk.transcript) or desk.transcript[k] != bare:
                there = desk.transcript[k]["content"] if k < len(desk.transcript) else ""
                raise Other(f"line {line}: {replay_told(bare['content'], there)}")
        if len(desk.transcript) > len(part.messages) or not desk.lane.info["book_done"]:
            raise Other(f"line {part.first + len(part.messages)}: the course is not over where the transcript ends")
        return [done._asdict() for done in marks.rows]

    def _desk(self, header: Mapping[str, Any], opens: Mapping[str, Any]) -> tuple[Desk, "Marks"]:
        """Return a desk for a course, and who keeps its marks."""
        key = json.dumps([header[name] for name in KIND] + [opens.get("chapters")], sort_keys=True)
        if key not in self._desks:
            book, course = find(header["book"]), header["course"]
            options = CourseOptions(
                episode="book", split=header["split"], course=course, order=CONTROLS[header["control"]].order
            )
            if "chapters" in opens:
                lengths = outline(book, course)
                options |= CourseOptions(chapters=opens["chapters"], exercises=[lengths[n] for n in opens["chapters"]])
            env = BookEnv(book.path, **options)
            assert isinstance(env.lanes, Lanes)
            env.lanes.seal(self._salt)
            if "chapters" in opens:  # the numbers of editions are those of the whole course
                env.lanes.name_editions_as(course)
            self._desks[key] = Desk(env, **header["settings"]), Marks()
            desk, marks = self._desks[key]
            desk.lane.watchers.append(marks)
        return self._desks[key]


class Marks:
    """Keeps the true marks of the exercises that end at a desk."""

    def __init__(self) -> None:
        self.rows: list[Done] = []
        self._paid = 0.0

    def turned(self, lane: Lane) -> None:
        """A page was turned."""
        self._paid = 0.0

    def acted(self, lane: Lane, before: Row, action: int) -> None:
        """A step was taken: if it ended the exercise, that is a row."""
        self._paid += lane.reward
        if lane.info["exercise_done"]:
            self.rows.append(lane.done(self._paid))


def go_on(desk: Desk, message: Message, line: int) -> None:
    """Give a desk the reply of a transcript, or cut its course short where the transcript does."""
    if message["role"] != "assistant":
        if message["content"].startswith(words.CUT_SHORT) and desk.lane.opened:
            desk.finish()
        return
    if desk.done:
        raise Other(f"line {line}: a reply after the end of the course")
    if "tool_calls" in message:
        [call] = message["tool_calls"]
        desk.call(call["function"]["name"], call["function"]["arguments"], call["id"])
    else:
        desk.reply(message.get("raw", message["content"]), message.get("cut", False))


def replay_told(stated: str, found: str) -> str:
    """Return how two texts differ, in one line: from where on."""
    same = next(
        (i for i, (a, b) in enumerate(zip(stated, found, strict=False)) if a != b), min(len(stated), len(found))
    )
    start = max(0, same - SHOWN_MESSAGE // 3)
    return f"it says {stated[start : start + SHOWN_MESSAGE]!r}, played again {found[start : start + SHOWN_MESSAGE]!r}"
