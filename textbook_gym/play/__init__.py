"""Courses that people play: the same pages as for language models, in a terminal or a browser.

`played_course.PlayedCourse` is one person's course, `folder` keeps many of them as a study, `web` shows one in a
browser; the terminal is `textbook_gym.cli.terminal`.
"""
