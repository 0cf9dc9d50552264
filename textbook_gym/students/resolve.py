"""A student from what a user gives: a name, a path, `module:callable`, `cmd:...`, `chat:...`, a function or a model."""

import importlib
import os
import pathlib
import re
from typing import Any

from textbook_gym.authoring.abilities import Ability
from textbook_gym.errors import did_you_mean
from textbook_gym.students.base import NAMED_STUDENTS, REFERENCES, TIMEOUT, Agent, Reference
from textbook_gym.students.chat import CHAT, chat_student, split_chat
from textbook_gym.students.in_context import ARRAYS, TRAINED, InContext, in_context
from textbook_gym.students.text_student import TextStudent
from textbook_gym.students.wrappers import FunctionAgent

Student = Reference | Agent | TextStudent

NAMED = re.compile(r"([\w.+-]+)=(.+)", re.DOTALL)
"""`name=student`: what a student is to be called in the table."""


def as_student(student: Any, timeout: float = TIMEOUT) -> Student:
    """Return a student from a name, a path, `module:callable`, `cmd:command`, `chat:URL#MODEL`, a function, a model.

    A student is returned as it is.

    Before a string may stand what the student is to be called, as in `mine=cmd:python my_agent.py`.

    Args:
        student: what to make a student of.
        timeout: seconds that a command has for an answer.

    Raises:
        ValueError: it is none of these; the message says what is known.

    Example:
        >>> as_student("oracle").name
        'oracle'
        >>> as_student(lambda observations: [0] * len(observations)).remembers
        False
    """
    if isinstance(student, (Reference, TextStudent)):
        return student
    if isinstance(student, str):
        name, plain = split_name(student)
        found = found_student(plain, timeout)
        if name in NAMED_STUDENTS and found != NAMED_STUDENTS[name]:
            raise ValueError(f"student {student!r}: {name!r} is the name of a reference student; choose another")
        if name and isinstance(found, Reference):
            return found._replace(name=name)
        if name and not isinstance(found, Reference):
            found.name = name
        return found
    if all(hasattr(student, name) for name in ("act", "wipe", "begin", "name")):
        agent: Agent = student
        return agent
    if hasattr(student, "predict"):
        from textbook_gym.students.with_memory import as_worn

        return as_worn(student)
    if callable(student):
        return FunctionAgent(student, getattr(student, "__name__", "function"))
    raise ValueError(f"student {student!r}: give a name, an SB3 model, a function or an object with `act`")


def split_name(student: str) -> tuple[str | None, str]:
    """Return what a student is to be called, None if that is not said, and the student: `mine=model` is two words.

    A string that names a file, such as `lr=0.001.zip`, is that file.
    """
    named = NAMED.fullmatch(student)
    return (named[1], named[2]) if named and not os.path.lexists(student) else (None, student)


def student_name(student: str) -> str:
    """Return what the student of a string is called in the table, without making it."""
    name, plain = split_name(student)
    if name is not None:
        return name
    if plain.startswith(CHAT):
        return split_chat(plain)[1]
    return pathlib.Path(plain).stem if plain.endswith((".zip", ARRAYS)) and not plain.startswith("cmd:") else plain


def found_student(student: str, timeout: float) -> Student:
    """Return the student that a string without a name before it stands for."""
    if student in NAMED_STUDENTS:
        return NAMED_STUDENTS[student]
    if student in TRAINED:
        return InContext(name=student)
    if student.endswith(ARRAYS):
        return in_context(student)
    if student.startswith("cmd:"):
        from textbook_gym.students.process import ProcessAgent

        return ProcessAgent(student.removeprefix("cmd:"), timeout)
    if student.startswith(CHAT):
        return chat_student(student)
    if student.endswith(".zip"):
        from textbook_gym.sb3 import load_model
        from textbook_gym.students.with_memory import as_worn

        return as_worn(load_model(student), pathlib.Path(student).stem)
    module, colon, attribute = student.partition(":")
    if not colon:
        hint = did_you_mean(student, [*NAMED_STUDENTS, *TRAINED])
        abilities = ", ".join(a.word for a in Ability)
        known = f"{', '.join([*REFERENCES, *TRAINED])}, model-ABILITY (one of {abilities})"
        others = "a .zip of SB3, a .npz of arrays, module:callable, cmd:command, or chat:URL#MODEL"
        raise ValueError(f"student {student!r}{hint}: give {known}, {others}")
    try:
        made = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"student {student!r} cannot be imported: {error}") from error
    made = made() if isinstance(made, type) else made
    known_kind = isinstance(made, TextStudent) or hasattr(made, "act")
    return as_student(made) if known_kind else FunctionAgent(made, student)
