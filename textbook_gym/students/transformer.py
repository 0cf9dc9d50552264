"""A small causal transformer played by NumPy alone, a step at a time, and what a step of a course is to it."""

from collections.abc import Mapping

import numpy as np

from textbook_gym.students.space_layouts import Sizes

FEW = 64  # steps that a memory holds at first
SMALLEST = 1e-5  # added to variances, as torch does


def token_width(sizes: Sizes) -> int:
    """Return how many numbers a step is to a network of these sizes."""
    return 2 * sizes.width + sizes.buttons + 2


def write_tokens(
    tokens: np.ndarray, obs: np.ndarray, before: np.ndarray, action: np.ndarray, done: np.ndarray, mark: np.ndarray
) -> None:
    """Write what the network reads of steps.

    A token holds what was seen before, what was done and what came of it, so that a single look back finds "this
    action had that outcome there".

    Args:
        tokens: float32 (..., width), written to.
        obs: present observations, (..., n).
        before: those before them, zeros where nothing is remembered.
        action: that led from one to the other, int (...); -1 for none.
        done: whether the exercise is over, bool (...).
        mark: that it was given, 0 if none was shown.
    """
    n = obs.shape[-1]
    tokens[..., :n] = obs
    tokens[..., n : 2 * n] = before
    actions = tokens.shape[-1] - 2 * n - 2
    tokens[..., 2 * n : 2 * n + actions] = np.arange(actions) == np.asarray(action)[..., np.newaxis]
    tokens[..., -2] = done
    tokens[..., -1] = np.where(done, mark, 0.0)


def normed(x: np.ndarray, scale: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Return what a layer norm makes of the last axis."""
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = np.square(centred).mean(axis=-1, keepdims=True)
    found: np.ndarray = centred / np.sqrt(variance + SMALLEST) * scale + shift
    return found


class Transformer:
    """A causal transformer without positions, a step at a time, with keys and values of the steps before.

    Args:
        arrays: by name, as `textbook_gym.train.network` has them.
        heads: of attention.
        lanes: how many histories side by side.
    """

    def __init__(self, arrays: Mapping[str, np.ndarray], heads: int, lanes: int) -> None:
        self.arrays, self.heads, self.lanes = arrays, heads, lanes
        self.layers = sum(name.endswith(".qkv.weight") for name in arrays)
        self.width = len(arrays["enter.bias"])
        self.steps = 0
        self.since = np.zeros(lanes, np.int64)  # first step that each lane remembers
        self._capacity, d = FEW, self.width // heads
        self._keys = np.zeros((self.layers, lanes, heads, d, FEW), np.float32)
        self._values = np.zeros((self.layers, lanes, heads, FEW, d), np.float32)

    def _grow(self) -> None:
        """Double the steps that it holds."""
        self._keys = np.concatenate([self._keys, np.zeros_like(self._keys)], axis=-1)
        self._values = np.concatenate([self._values, np.zeros_like(self._values)], axis=-2)
        self._capacity *= 2

    def forget(self, mask: np.ndarray) -> None:
        """Drop the history of the lanes in the mask, bool (lanes,)."""
        self.since[mask] = self.steps

    def step(self, tokens: np.ndarray) -> np.ndarray:
        """Return logits, float32 (lanes, actions), for one more token a lane, float32 (lanes, width of a token)."""
        if self.steps == self._capacity:
            self._grow()
        first, now = int(self.since.min()), self.steps
        self.steps += 1
        hidden = np.arange(first, self.steps) < self.since[:, np.newaxis]
        a = self.arrays
        x = tokens @ a["enter.weight"].T + a["enter.bias"]
        for k in range(self.layers):
            b = f"blocks.{k}."
            h = normed(x, a[b + "before.weight"], a[b + "before.bias"])
            qkv = (h @ a[b + "qkv.weight"].T + a[b + "qkv.bias"]).reshape(self.lanes, 3, self.heads, -1)
            self._keys[k, ..., now], self._values[k, ..., now, :] = qkv[:, 1], qkv[:, 2]
            scores = np.matmul(qkv[:, 0, :, np.newaxis], self._keys[k, ..., first : self.steps])
            scores *= np.float32((self.width // self.heads) ** -0.5)
            scores[np.broadcast_to(hidden[:, np.newaxis, np.newaxis], scores.shape)] = -np.inf
            scores -= scores.max(axis=-1, keepdims=True)
            np.exp(scores, out=scores)
            scores /= scores.sum(axis=-1, keepdims=True)
            read = np.matmul(scores, self._values[k, ..., first : self.steps, :]).reshape(self.lanes, self.width)
            x = x + read @ a[b + "out.weight"].T + a[b + "out.bias"]
            h = normed(x, a[b + "after.weight"], a[b + "after.bias"])
            up = np.maximum(h @ a[b + "up.weight"].T + a[b + "up.bias"], 0.0)
            x = x + up @ a[b + "down.weight"].T + a[b + "down.bias"]
        x = normed(x, a["leave.weight"], a["leave.bias"])
        logits: np.ndarray = x @ a["act.weight"].T + a["act.bias"]
        return logits
