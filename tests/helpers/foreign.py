"""A small environment that is no book, with memories on it, and what tests of memories do with them."""

import gymnasium as gym
import numpy as np

from textbook_gym.remember import Remember

SMALL = {
    "recap": {},
    "transcript": {"n": 4},
    "ledger": {},
    "recall": {"k": 3, "n": 16},
    "notebook": {"slots": 3, "symbols": 2},
}
"""Name of a memory -> settings that keep it small."""


class Doors(gym.Env):
    """A foreign environment that follows the info convention: three doors, one of them right all through an edition.

    An exercise is three tries; a chapter two exercises; an edition two chapters. Seen: step, chapter, last result.
    """

    observation_space = gym.spaces.Box(-1.0, 2.0, (3,), np.float32)
    action_space = gym.spaces.Discrete(3)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        if seed is not None or not hasattr(self, "exercise"):
            self.edition, self.chapter, self.exercise, self.left = -1, 2, 2, 0
        if self.left < 3:
            self.turn()
        return self.seen(0.0), self.info(0.0)

    def turn(self):
        """Go on to the next exercise."""
        self.exercise, self.left = self.exercise % 2 + 1, 3
        if self.exercise == 1:
            self.chapter = self.chapter % 2 + 1
            if self.chapter == 1:
                self.edition += 1
                self.right = int(self.np_random.integers(3))

    def seen(self, result):
        return np.array([self.left / 3, self.chapter - 1, result], np.float32)

    def info(self, mark):
        done = self.left == 0
        return {
            "edition": self.edition, "chapter": self.chapter, "exercise_done": done, "mark": mark,
            "book_done": done and self.chapter == 2 and self.exercise == 2,
        }  # fmt: skip

    def step(self, action):
        self.left -= 1
        mark = float(action == self.right)
        return self.seen(2 * mark - 1), mark, self.left == 0, False, self.info(mark * (self.left == 0))


def doors(name="ledger", **settings):
    return Remember(Doors(), name, **settings)


def walk(env, steps, seed=0, reset_seed=0):
    """Return all that a random student is shown in so many steps."""
    rng = np.random.default_rng(seed)
    shown = [env.reset(seed=reset_seed)[0]]
    for _ in range(steps):
        action = rng.integers(0, getattr(env.action_space, "nvec", getattr(env.action_space, "n", None)))
        seen, _, terminated, truncated, _ = env.step(action)
        shown.append(seen)
        if terminated or truncated:
            shown.append(env.reset()[0])
    return np.array(shown)


def singles_and_vector(make_one, vector, mode, steps=120):
    """Step a vector environment and single ones with the same actions; every observation must be the same."""
    n, rng = vector.num_envs, np.random.default_rng(5)
    envs = [make_one() for _ in range(n)]
    seen, _ = vector.reset(seed=11)
    assert np.array_equal(seen, [e.reset(seed=11 + i)[0] for i, e in enumerate(envs)])
    heads = getattr(vector.single_action_space, "nvec", getattr(vector.single_action_space, "n", None))
    over = np.zeros(n, bool)
    for _ in range(steps):
        if mode == "Disabled" and over.any():
            seen, _ = vector.reset(options={"reset_mask": over.copy()})
            for i in np.flatnonzero(over):
                assert np.array_equal(seen[i], envs[i].reset()[0])
            over[:] = False
        actions = rng.integers(0, heads, (n,) if np.ndim(heads) == 0 else (n, len(heads)))
        seen, rewards, terminated, truncated, info = vector.step(actions)
        assert vector.observation_space.contains(seen)
        for i, env in enumerate(envs):
            if mode == "NextStep" and over[i]:
                alone, reward, ended = env.reset()[0], 0.0, False
            else:
                alone, reward, end, cut, _ = env.step(actions[i])
                ended = end or cut
                if ended and mode == "SameStep":
                    assert np.array_equal(info["final_obs"][i], alone)
                    alone = env.reset()[0]
            assert np.array_equal(seen[i], alone), (i, mode)
            assert rewards[i] == reward
            assert (terminated[i] or truncated[i]) == ended
        over = terminated | truncated
