"""Students that talk, walked through seminar courses and kept as a study with transcripts."""

import json

import polars as pl

from textbook_gym.metrics.table import MARKS_COLUMNS
from textbook_gym.registry import find
from textbook_gym.students.endpoint import Answer, TooLong
from textbook_gym.students.text_student import TextStudent
from textbook_gym.study.controls import CONTROLS
from textbook_gym.study.text_rollout import talk_under


class Scripted(TextStudent):
    """Says what stands in a list, by turns; a tuple is a reply that was cut off, or a tool call: id, name, arguments.

    After `replies` replies in a conversation it has outgrown the student.
    """

    def __init__(self, said, name="scripted", settings=None, replies=10_000):
        super().__init__(name, settings)
        self.said, self.replies = said, replies

    def speak(self, conversation):
        turn = sum(m["role"] == "assistant" for m in conversation.desk.transcript)
        if turn >= self.replies:
            raise TooLong("enough")
        said = self.said[turn % len(self.said)]
        if isinstance(said, str):
            return Answer(said, [], False, 0, 0)
        return Answer("hm", [said], False, 0, 0) if len(said) == 3 else Answer(said[0], [], True, 0, 0)


def keep(folder, student, *, book="Bandits", editions=1, controls=("kept", "wiped"), split="test", seed=0):
    """Walk a student through seminar courses and keep what was said; return the rows."""
    rows = []
    for control in controls:
        place = {"split": split, "course": "seminar", "seed": seed}
        walked = talk_under(control, student, find(book).path, range(editions), folder=folder, **place)
        for edition, course in enumerate(walked):
            where = {"student": student.name, "seed": seed, "book": book, "split": split, "edition": edition}
            for row in course:
                figures = {name: row[name].item() for name in ("mark", "grade", "reward", "steps")}
                numbers = {"chapter": int(row["chapter"]), "exercise": int(row["exercise"])}
                rows.append({**where, "control": control, **numbers, **figures, "visible": None, "shortcuts": None})
    return rows


def study(folder, rows):
    """Write the table of a study; return it."""
    folder.mkdir(parents=True, exist_ok=True)
    table = pl.DataFrame(rows, infer_schema_length=None)
    table = table.select(name for name in MARKS_COLUMNS if name in table.columns)
    table.write_csv(folder / "marks.csv", float_precision=6)
    (folder / "study.json").write_text(json.dumps({"students": sorted(set(table["student"]))}))
    return table


TALKED = tuple(name for name, control in CONTROLS.items() if control.memory)
"""The controls under which students talk."""
