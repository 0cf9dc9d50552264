"""The command line, `textbook-gym`."""

from textbook_gym.cli.main import main

__all__ = ["main"]
