"""The orders of five places, as `textbook_gym.books.theorems` reckons with them."""

from itertools import combinations, permutations

import numpy as np

from textbook_gym.authoring import Record, rule

SYMBOLS = 5
RULES = 5
_EVEN = [o for o in permutations(range(SYMBOLS)) if sum(a > b for a, b in combinations(o, 2)) % 2 == 0]
ORDER = np.array([o for a, b, *rest in _EVEN for o in ((a, b, *rest), (b, a, *rest))])
"""All orders of five places, even and odd by turns, first the one that moves nothing. An order puts at place i of a
string what stood at place ORDER[order, i]; a string is named by the order that makes it of abcde. In sets of even or
of odd orders bit k stands for order 2k, or 2k + 1."""
HALF, ORDERS = len(_EVEN), len(ORDER)
SPELT = np.equal(ORDER[:, :, None], np.arange(SYMBOLS)).astype(np.float32)  # every string, as it is shown
DIGIT = SYMBOLS ** np.arange(SYMBOLS)
RANK = np.zeros(SYMBOLS**SYMBOLS, np.int64)  # every order, by the sum of ORDER[order, i] * DIGIT[i]
RANK[ORDER @ DIGIT] = np.arange(ORDERS)
THEN = RANK[ORDER[:, ORDER] @ DIGIT]  # what an order followed by another makes
FROM = np.argsort(THEN, axis=1)  # what must follow an order to make another
_MOVES = np.not_equal(ORDER, np.arange(SYMBOLS))
SWAP = np.flatnonzero(_MOVES.sum(axis=1) == 2)  # the orders that swap two places
SWAPS, ALL_SWAPS = len(SWAP), int(np.bitwise_or.reduce(1 << SWAP // 2))
NEAR = np.zeros((1 << SWAPS, 2), np.int64)
"""By a set of swaps, which orders are made by two of them (even ones), and which by one or three. It is 0 unless the
swaps are five that reach every string, as those do which together move every place."""
for _five in combinations(range(SWAPS), RULES):
    _rules = SWAP[[*_five]]
    if _MOVES[_rules].any(axis=0).all():
        _two = THEN[np.ix_(_rules, _rules)].ravel()
        _three = THEN[np.ix_(_two, _rules)].ravel()
        NEAR[sum(1 << w for w in _five)] = [np.bitwise_or.reduce(1 << made // 2) for made in (_two, _three)]


@rule
def read(string: Record) -> int:
    """Return the order that a string is named by."""
    number = 0
    for i in range(SYMBOLS):
        for c in range(SYMBOLS):
            number += c * DIGIT[i] if string[i, c] > 0.0 else 0
    return RANK[number]
