"""Courses in words for the libraries that train and evaluate language models.

One file a library, each a thin layer over `textbook_gym.text.Desk`: `tinker`, `verifiers`, `trl`, `openenv`, `mcp`. A
file imports its library; this package imports none. What a task is stands in `textbook_gym.adapters.rows`. The README
beside this file says which versions were tried, and how each is used.
"""

from textbook_gym.adapters.rows import Task, desk_of, figures, said, task, tasks

__all__ = ["Task", "desk_of", "figures", "said", "task", "tasks"]
