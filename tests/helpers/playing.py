"""Random play, and comparing what came back to the last bit."""

import numpy as np


def assert_same(a, b, path=""):
    """Equal structure, types and bytes."""
    assert type(a) is type(b) or isinstance(a, np.generic) or isinstance(b, np.generic), path
    if isinstance(a, dict):
        assert set(a) == set(b), path
        for k in a:
            assert_same(a[k], b[k], f"{path}/{k}")
    elif isinstance(a, tuple) or (isinstance(a, np.ndarray) and a.dtype == object):
        assert len(a) == len(b), path
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            assert_same(x, y, f"{path}[{i}]")
    elif a is not None:
        assert np.asarray(a).dtype == np.asarray(b).dtype, path
        assert np.array_equal(a, b), path


def course(env, steps=400, seed=9):
    """Play at random; return everything that came back."""
    rng = np.random.default_rng(seed)
    told = []
    for _ in range(steps):
        back = env.step(int(rng.integers(env.action_space.n)))
        told.append(back)
        if back[2]:
            told.append(env.reset())
    return told
