"""What a study is going to take, before anything is spent: courses, calls and tokens, without a network."""

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import polars as pl

from textbook_gym.students.scripted_talkers import BookStudent
from textbook_gym.students.text_student import Conversation, TextStudent, converse
from textbook_gym.study.jobs import Job
from textbook_gym.study.run import checked, make_jobs, walkers
from textbook_gym.study.text_rollout import Talk

CHARACTERS_A_TOKEN = 4  # of English that make a token, about


class Cost(NamedTuple):
    """What a course takes of a student that talks."""

    calls: int  # at the most
    text: int  # characters of the conversation
    read: int  # characters that are read for all replies: a conversation is read again for each


def estimate_talks(
    students: Sequence[Any],
    books: Sequence[str] | None,
    *,
    seed: int | Sequence[int] = 0,
    protocol: str | None,
    course: str | None,
    editions: int,
    split: str,
    controls: Sequence[str],
    **rest: Any,
) -> pl.DataFrame:
    """Return what a study of these arguments of `study` is going to take, a row for each book and student.

    The text is that of one edition as the model student works it, a token being four characters. What a language model
    says besides naming an action is not in it.

    Returns:
        columns book, student, courses, and, null for students that do not talk: calls (at the most), text_tokens (of
        the conversations), read_tokens (that are read for all replies together).

    Raises:
        ValueError: as `study` does.

    Example:
        estimate_talks(["chat:http://127.0.0.1:8000/v1#my-model"], ["Concepts"], protocol="seminar", course=None,
                       editions=4, split="test", controls=("kept", "wiped"))
    """
    who = walkers(students, seed, rest.get("timeout", 60.0))
    chosen = checked(who, protocol, course, editions, split, controls)
    jobs = make_jobs(who, books, chosen.editions, chosen.split, chosen.controls, course=chosen.course)
    found = {(w.found.name, w.seed): w.found for w in who}
    costs: dict[tuple[Any, ...], Cost] = {}
    rows = []
    for (book, name), group in itertools.groupby(jobs, lambda job: (job.book, job.name)):
        row: dict[str, Any] = {"book": book, "student": name, "courses": 0}
        for job in group:
            walked = job.stop - job.start
            row["courses"] += walked
            student = found[job.name, job.seed]
            if isinstance(student, TextStudent):
                key = (job.path, job.control, student.settings)
                if key not in costs:
                    costs[key] = course_cost(job, student)
                cost = costs[key]
                row["calls"] = row.get("calls", 0) + walked * cost.calls
                row["text_tokens"] = row.get("text_tokens", 0) + walked * cost.text // CHARACTERS_A_TOKEN
                row["read_tokens"] = row.get("read_tokens", 0) + walked * cost.read // CHARACTERS_A_TOKEN
        rows.append(row)
    types = dict.fromkeys(("courses", "calls", "text_tokens", "read_tokens"), pl.Int64)
    return pl.DataFrame(rows, {"book": pl.String, "student": pl.String, **types})


def course_cost(job: Job, student: TextStudent) -> Cost:
    """Return what a course of a job takes, measured on its first edition with the model student in their place."""
    model = BookStudent("model", student.settings)
    talk = Talk(job.control, model, job.path, split=job.split, course=job.course, seed=job.seed)
    read = text = most = 0

    def show(conversation: Conversation) -> None:
        nonlocal read
        if speakers[conversation.page] is model:
            read += sum(len(message["content"]) for message in conversation.messages)

    for conversation in talk.conversations(job.start):
        speakers = talk.speakers()[: conversation.exercises]
        limits = [p.limit for p in conversation.desk.lane.rows.values() for _ in range(p.exercises)]
        most += sum(limit for limit, speaker in zip(limits, speakers, strict=True) if speaker is model)
        most += conversation.desk.replies - sum(limits)  # those that are read for notes alone
        converse(conversation, speakers, shown=show)
        text += sum(len(message["content"]) for message in conversation.transcript)
    return Cost(int(most), text, read)
