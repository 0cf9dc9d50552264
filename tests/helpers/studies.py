"""Studies that several tests walk."""

LONG_STUDY = {"books": ["Vocabulary"], "editions": 130, "controls": ["kept", "foreign"]}
"""A study that is cut into jobs: three a control for students from outside, of which the last is short."""
