"""Whoever acts: reference students, agents from outside, and how they walk a course."""
