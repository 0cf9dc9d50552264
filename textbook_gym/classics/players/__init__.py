"""Scripted players of the classics: the algorithms that the papers compare with, and optimal ones."""
