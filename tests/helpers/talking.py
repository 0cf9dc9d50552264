"""Courses of students that talk, walked one by one and kept as a study with transcripts."""

import json

import polars as pl

from textbook_gym.metrics.table import COLUMNS
from textbook_gym.registry import id_of
from textbook_gym.students.talkers import Conversation
from textbook_gym.study.controls import foreign_to
from textbook_gym.study.replay import gathered
from textbook_gym.study.transcripts import header_of, with_raw, write_transcript
from textbook_gym.text import Desk

SHORT = {"chapters": [1, 6], "exercises": [2, 1]}  # of Bandits


def talk(student, desk, edition, replies=10_000, name="course", hand_off=None):
    """Walk a course; return its messages and its marks. `hand_off` is (chapter, student who takes over there)."""
    rows, said, by = gathered(desk), [], []
    desk.open(edition=edition)
    conversation = Conversation(desk, name)
    student.watch(conversation, None, None)
    while not desk.done:
        who = hand_off[1] if hand_off and desk.lane.info["chapter"] >= hand_off[0] else student
        if len(said) == replies:
            desk.finish()
            break
        answer = who.speak(conversation)
        said.append(answer.text)
        by.append(who.name)
        action = desk._reader.read(answer.text).action
        before, page = desk.lane.seen, (desk.lane.info["chapter"], desk.lane.info["exercise"])
        if answer.calls:
            [(call, function, arguments)] = answer.calls
            desk.call(function, arguments, call)
        else:
            desk.reply(answer.text)
        turned = page != (desk.lane.info["chapter"], desk.lane.info["exercise"])
        who.watch(conversation, None if turned else before, action)
    messages = with_raw(desk.transcript, said)
    names = iter(by)
    for message in messages:
        if message["role"] == "assistant" and (name := next(names)) != student.name:
            message["by"] = name
    return messages, list(rows)


def keep(folder, student, *, book="Bandits", editions=1, controls=("kept", "wiped"), split="test", course=None, **how):
    """Walk a student and write its part of a study; return the rows."""
    course = course or SHORT
    rows = []
    for control in controls:
        for edition in range(editions):
            settings = student.settings._replace(**({"memory": "none"} if control == "wiped" else {}))
            make = lambda: Desk(id_of(book), split=split, **settings._asdict(), **course)  # noqa: B023, E731
            desk, messages = make(), []
            if control == "foreign":
                other = foreign_to(edition)
                before, _ = talk(student, make(), other)
                before[0]["opens"] = {"edition": other, "counted": False}
                messages += before
            own, marks = talk(student, desk, edition, **how)
            if messages:
                own[0]["opens"] = {"edition": edition}
            place = {"student": student.name, "control": control, "split": split, "edition": edition}
            header = header_of(desk, **place, course=course)
            write_transcript(folder, header, messages + own, marks)
            rows += [{**place, "book": book, "seed": 0, **row, "visible": None, "shortcuts": None} for row in marks]
    return rows


def study(folder, rows):
    """Write the table of a study; return it."""
    folder.mkdir(parents=True, exist_ok=True)
    table = pl.DataFrame(rows, infer_schema_length=None).select(*COLUMNS)
    table.write_csv(folder / "marks.csv", float_precision=6)
    (folder / "study.json").write_text(json.dumps({"students": sorted(set(table["student"]))}))
    return table
