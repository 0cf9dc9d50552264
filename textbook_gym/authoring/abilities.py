"""The abilities that a book may need, and what a model student does without each.

An ability is claimed by a book in `ABILITIES`, and proved by taking it away: a walk sets the field `lacks` of the model
student's notes, and the rules of the model student read it.

    if n.lacks == Ability.EXPLORATION:    # take the arm that is believed best, without a bonus
"""

import enum


class Ability(enum.IntEnum):
    """What `n.lacks` of the notes holds: the ability that the model student is without, 0 for none of them.

    Example:
        >>> Ability.SELF_IMPROVEMENT.word
        'self-improvement'
    """

    LEARNING = 1
    RETENTION = 2
    ADAPTATION = 3
    EXPLORATION = 4
    GENERALISATION = 5
    SELF_IMPROVEMENT = 6
    FORESIGHT = 7

    @property
    def word(self) -> str:
        """The ability as it is written: in `ABILITIES`, in the name of a student, in tables."""
        return self.name.lower().replace("_", "-")


WITHOUT = {
    Ability.LEARNING: "its notes are wiped at every exercise (the newcomer)",
    Ability.RETENTION: "its notes are wiped at every chapter",
    Ability.ADAPTATION: "it never revises what it once settled",
    Ability.EXPLORATION: "it never acts to find out: it takes what it believes best now",
    Ability.GENERALISATION: "it knows only what it saw in just this situation",
    Ability.SELF_IMPROVEMENT: "it makes no abstraction: files no lemma, names no procedure",
    Ability.FORESIGHT: "it never takes an action that costs in this exercise and pays in later ones",
}
"""What a model student does without an ability. The first two hold of every book: the walk wipes the notes. For the
others each book says in `ABILITIES` what this means there, and its model student does so."""

WORDS = {a.word: a for a in Ability}
"""The ability by the word that is written for it."""
