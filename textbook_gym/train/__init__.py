"""Training a student with Stable-Baselines3, from a table of presets to one file.

from textbook_gym.train import train
"""

from textbook_gym.train.run import train

__all__ = ["train"]
