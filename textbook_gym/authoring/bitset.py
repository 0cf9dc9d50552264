"""Sets of small numbers as the bits of an integer: 63 members at most, since rules compute with 64 bits and a sign."""

from textbook_gym.authoring.contract import rule


@rule
def has(members: int, member: int) -> bool:
    """Return whether a set holds a member.

    Example:
        >>> has(0b101, 2), has(0b101, 1)
        (True, False)
    """
    return members >> member & 1 == 1


@rule
def count(members: int) -> int:
    """Return how many members a set has.

    Example:
        >>> count(0b1011)
        3
    """
    total = 0
    while members > 0:
        members &= members - 1  # without its lowest one
        total += 1
    return total
