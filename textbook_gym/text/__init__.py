"""Courses as conversations, for language models and people."""

from textbook_gym.text.desk import Desk, Message, Turn

__all__ = ["Desk", "Message", "Turn"]
