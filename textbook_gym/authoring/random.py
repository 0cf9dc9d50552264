"""Random numbers for rules: a counter generator that lives in the record.

Every function takes a record with a field `rng` (an unsigned 64-bit counter) and moves it on. The generator is
splitmix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators"): a Weyl sequence put through
a mixing function of full avalanche. The masks are no-ops once compiled and keep plain Python within 64 bits, so that
both give the same numbers.

`mix` derives one stream from another. Streams are *mixed*, never added: with addition, seed 42 item 1 would be seed 43
item 0, and training would leak into tests.
"""

import math

import numpy as np

from textbook_gym.authoring.contract import rule
from textbook_gym.authoring.records import Record

MASK = 0xFFFFFFFFFFFFFFFF
WEYL = 0x9E3779B97F4A7C15  # 2^64 / golden ratio, odd
UNIT = 1.0 / 9007199254740992.0  # 2^-53: one unit in the last place of a number in [0, 1)

LAYERS = 128  # of the ziggurat under exp(-x^2 / 2), each of the area AREA
NORMAL_TAIL, NORMAL_AREA = 3.442619855899, 9.91256303526217e-3
NORMAL_REACH = NORMAL_TAIL + math.sqrt(106.0 * math.log(2.0))  # a drop of the tail is at most 53 ln 2


def edges() -> np.ndarray:
    """Return the right edges of the layers, from the lowest (with the tail's area folded in) to 0 above the highest.

    Example:
        >>> round(float(edges()[1]), 3), float(edges()[-1])
        (3.443, 0.0)
    """
    found = [NORMAL_AREA / math.exp(-0.5 * NORMAL_TAIL * NORMAL_TAIL), NORMAL_TAIL]
    while len(found) < LAYERS:
        found.append(math.sqrt(-2.0 * math.log(NORMAL_AREA / found[-1] + math.exp(-0.5 * found[-1] ** 2))))
    return np.array([*found, 0.0])


NORMAL_EDGE = edges()
HEIGHT = np.exp(-0.5 * NORMAL_EDGE**2)


@rule
def scramble(z: int) -> int:
    """Return the splitmix64 finaliser of the unsigned 64-bit `z`: a bijection in which every bit moves half of all.

    Example:
        >>> scramble(0), scramble(1)
        (0, 6238072747940578789)
    """
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


@rule
def mix(s: Record, key: int, value: int) -> None:
    """Set `s.rng` to the stream that `key` (unsigned 64-bit) and `value` (an integer >= 0) name together.

    Example:
        >>> from types import SimpleNamespace
        >>> s = SimpleNamespace(rng=1)  # in a rule: the state
        >>> mix(s, 42, 1)
        >>> s.rng == 42 + 1
        False
    """
    s.rng = value  # through the field it becomes an unsigned number in compiled code too
    s.rng = scramble(scramble(key) ^ ((s.rng * WEYL) & MASK))


@rule
def bits(s: Record) -> int:
    """Return 64 random bits as an unsigned number.

    Example:
        >>> from types import SimpleNamespace
        >>> s = SimpleNamespace(rng=1)  # in a rule: the state
        >>> bits(s)
        10451216379200822465
    """
    s.rng = (s.rng + WEYL) & MASK
    return scramble(s.rng)


@rule
def uniform(s: Record) -> float:
    """Return a number in [0, 1), in steps of 2^-53.

    Example:
        >>> from types import SimpleNamespace
        >>> s = SimpleNamespace(rng=1)  # in a rule: the state
        >>> round(uniform(s), 3), round(uniform(s), 3)
        (0.567, 0.746)
    """
    return (bits(s) >> 11) * UNIT


@rule
def below(s: Record, n: int) -> int:
    """Return an integer in 0..n-1, each as likely (up to n * 2^-53).

    Example:
        >>> from types import SimpleNamespace
        >>> s = SimpleNamespace(rng=1)  # in a rule: the state
        >>> [below(s, 6) for _ in range(8)]
        [3, 4, 5, 2, 2, 4, 5, 3]
    """
    return int(uniform(s) * n)


@rule
def chance(s: Record, p: float) -> bool:
    """Return True with probability `p`.

    Example:
        >>> from types import SimpleNamespace
        >>> s = SimpleNamespace(rng=1)  # in a rule: the state
        >>> [chance(s, 0.5) for _ in range(5)]
        [False, False, False, True, True]
    """
    return uniform(s) < p


@rule
def normal(s: Record) -> float:
    """Return a draw from the standard normal distribution, at most `NORMAL_REACH` from 0.

    The ziggurat of Marsaglia and Tsang (2000, "The ziggurat method for generating random variables") with the layer
    drawn from other bits than the place in it (Doornik 2005): exact, and 98 in 100 need one number and no logarithm.

    Example:
        >>> from types import SimpleNamespace
        >>> s = SimpleNamespace(rng=1)  # in a rule: the state
        >>> [round(float(normal(s)), 2) for _ in range(4)]
        [0.2, 0.48, 1.06, -0.29]
    """
    while True:
        drawn = bits(s)
        layer = int(drawn & (LAYERS - 1))
        x = (2.0 * ((drawn >> 11) * UNIT) - 1.0) * NORMAL_EDGE[layer]
        if abs(x) < NORMAL_EDGE[layer + 1]:
            return x
        if layer == 0:  # beyond the last edge: the tail (Marsaglia 1964)
            far, drop = 1.0, 0.0
            while 2.0 * drop < far * far:
                far = -math.log(1.0 - uniform(s)) / NORMAL_TAIL
                drop = -math.log(1.0 - uniform(s))
            return NORMAL_TAIL + far if x > 0.0 else -NORMAL_TAIL - far
        if HEIGHT[layer] + uniform(s) * (HEIGHT[layer + 1] - HEIGHT[layer]) < math.exp(-0.5 * x * x):
            return x


@rule
def shuffle(s: Record, cells: Record, n: int) -> None:
    """Put the first `n` entries of the one-dimensional array `cells` into a random order (Fisher and Yates).

    Example:
        >>> from types import SimpleNamespace
        >>> s = SimpleNamespace(rng=1)  # in a rule: the state
        >>> cells = ["a", "b", "c", "d"]
        >>> shuffle(s, cells, 3)  # the first three of them
        >>> cells
        ['a', 'c', 'b', 'd']
    """
    for i in range(n - 1, 0, -1):
        j = below(s, i + 1)
        kept = cells[i]
        cells[i] = cells[j]
        cells[j] = kept


@rule
def permute(s: Record, cells: Record, n: int) -> None:
    """Fill the first `n` entries of the one-dimensional array `cells` with a random order of 0..n-1.

    Example:
        >>> from types import SimpleNamespace
        >>> s = SimpleNamespace(rng=1)  # in a rule: the state
        >>> cells = [0] * 5
        >>> permute(s, cells, 5)
        >>> cells
        [1, 0, 3, 4, 2]
    """
    for i in range(n):
        cells[i] = i
    shuffle(s, cells, n)


@rule
def categorical(s: Record, weights: Record, n: int) -> int:
    """Return one of 0..n-1 with chances in proportion to the first `n` weights; one draw, whatever the weights.

    They need not sum to 1, but must not all be 0. Nothing of weight 0 is ever drawn.

    Example:
        >>> from types import SimpleNamespace
        >>> s = SimpleNamespace(rng=1)  # in a rule: the state
        >>> [categorical(s, [1.0, 0.0, 1.0], 3) for _ in range(8)]
        [2, 2, 2, 0, 0, 2, 2, 2]
    """
    total, last = 0.0, 0
    for i in range(n):
        total += weights[i]
    rest = uniform(s) * total
    for i in range(n):
        if weights[i] > 0.0:
            if rest < weights[i]:
                return i
            rest -= weights[i]
            last = i  # where rounding leaves a rest
    return last


@rule
def gamma(s: Record, shape: float) -> float:
    """Return a draw from the gamma distribution of scale 1 and `shape` >= 1 (Marsaglia and Tsang 2000).

    Example:
        >>> from types import SimpleNamespace
        >>> s = SimpleNamespace(rng=1)  # in a rule: the state
        >>> round(float(gamma(s, 2.0)), 3)
        1.942
    """
    if shape == 1.0:
        return -math.log(1.0 - uniform(s))
    d = shape - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    while True:
        x = normal(s)
        v = (1.0 + c * x) * (1.0 + c * x) * (1.0 + c * x)
        if v > 0.0 and math.log(1.0 - uniform(s)) < 0.5 * x * x + d - d * v + d * math.log(v):
            return d * v


@rule
def beta(s: Record, a: float, b: float) -> float:
    """Return a draw from the beta distribution with `a`, `b` >= 1.

    Example:
        >>> from types import SimpleNamespace
        >>> s = SimpleNamespace(rng=1)  # in a rule: the state
        >>> round(float(beta(s, 2.0, 5.0)), 3)
        0.209
    """
    x = gamma(s, a)
    return x / (x + gamma(s, b))
