"""Distillation: before it is paid, a policy learns to do what the model student would do in its place.

The model student looks over the shoulder of whoever acts (see `engine.labels`); its action is the label, and the loss
is cross-entropy. The policy sees what it sees in training, memory and all, so it learns to read its memory. Who acts is
at first the model student, with slips, and then more and more the policy itself, so that it learns what to do where its
own mistakes lead (DAgger, Ross et al. 2011, arXiv 1011.0686). The value function learns what the policy is paid
meanwhile: a reward that comes afterwards does not begin by shaking what was learned.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.policies import ActorCriticPolicy
from torch.nn.functional import mse_loss

from textbook_gym.engine.labels import NO_LABEL, Label, Labels
from textbook_gym.engine.lanes import Lanes
from textbook_gym.sb3 import BookVecEnv
from textbook_gym.train.dataset import SLIPS

STEPS = 32  # of all lanes between two updates
BATCH = 2048
EPOCHS = 2
RATE = 1e-3
SLOWEST = 0.05  # of that at the end
ACTS_FROM = 0.5  # share of the distillation after which the policy acts in `ACTS` of the lanes
ACTS = 0.9


def check_teachable(algo: str, policy: Any, envs: BookVecEnv) -> None:
    """Refuse a policy that takes no labels, or an environment that has none.

    Raises:
        ValueError: the message says which, and what to do.
    """
    if algo not in ("ppo", "a2c") or not isinstance(policy, ActorCriticPolicy):
        raise ValueError(f"distill with algo={algo!r}: only ppo and a2c take labels; choose one, or leave distill out")
    if not isinstance(envs.lanes, Lanes):
        raise ValueError("distill on the library: it has no model student; give a book's id, or leave distill out")
    if getattr(envs.action_space, "n", 0) != len(envs.lanes.book.actions):
        raise ValueError("distill with a memory that adds actions: nobody labels those; choose another memory")


def distill(
    policy: ActorCriticPolicy,
    envs: BookVecEnv,
    steps: int,
    seed: int,
    gamma: float,
    progress: Callable[[int], None] | None = None,
) -> dict[str, float]:
    """Teach a policy the model student's actions.

    Args:
        policy: of PPO or A2C.
        envs: whole courses, as the policy will see them; not those that it is trained in afterwards.
        steps: in all lanes together, at least.
        seed: of who acts, slips and batches.
        gamma: discount of what the value function learns.
        progress: called with steps done.

    Returns:
        "loss": cross-entropy of the last update; "agreement": how likely the policy was to do what they say.

    Example:
        from stable_baselines3 import PPO
        from textbook_gym.sb3 import make

        envs = make("textbook/VocabularyShort-v1", 256, seed=0, memory="ledger", split="train")
        model = PPO("MlpPolicy", envs)
        distill(model.policy, envs, 400_000, 0, model.gamma)
    """
    teacher = Teacher(policy, envs, seed)
    adam = torch.optim.Adam(policy.parameters(), lr=RATE)
    shuffle = torch.Generator().manual_seed(seed)
    done, found = 0, {"loss": 0.0, "agreement": 0.0}
    while done < steps:
        share = done / steps
        for group in adam.param_groups:
            group["lr"] = RATE * max(SLOWEST, 1.0 - share)
        seen, labels, returns = teacher.walk(ACTS * min(share / ACTS_FROM, 1.0), gamma)
        asked = torch.nonzero(labels != NO_LABEL)[:, 0]
        for _ in range(EPOCHS):
            for rows in torch.split(asked[torch.randperm(len(asked), generator=shuffle)], BATCH):
                values, likely, _ = policy.evaluate_actions(seen[rows], labels[rows])
                loss = -likely.mean()
                adam.zero_grad()
                (loss + 0.5 * mse_loss(values[:, 0], returns[rows])).backward()  # type: ignore[no-untyped-call]
                torch.nn.utils.clip_grad_norm_(policy.parameters(), 1.0)
                adam.step()
                found = {"loss": loss.item(), "agreement": likely.exp().mean().item()}
        done += labels.numel()
        if progress:
            progress(done)
    return found


class Teacher:
    """Courses in which policy and model student take turns, and the model student says what it would do.

    Args:
        policy: the one that is taught.
        envs: the courses.
        seed: of who acts and of slips.
    """

    def __init__(self, policy: ActorCriticPolicy, envs: BookVecEnv, seed: int) -> None:
        assert isinstance(envs.lanes, Lanes)
        self.policy, self.envs, self.lanes = policy, envs, envs.lanes
        self._rng = np.random.default_rng([seed, 7])
        n = envs.num_envs
        self._kind, self._slips = self._rng.random(n), self._slipping(n)
        self._seen = np.asarray(envs.reset())
        self._labels = Labels(self.lanes, self._rng.integers(0, 1 << 63, n).tolist())
        obs, out = self.lanes.shown()
        self._wanted = self._labels.look(obs, out["exercise_done"])[:, Label.MODEL].copy()

    def _slipping(self, n: int) -> np.ndarray:
        """Return how often the model student slips in a course: not at all in every second."""
        return SLIPS * self._rng.random(n) * (self._rng.random(n) < 0.5)

    def walk(self, own: float, gamma: float) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Walk `STEPS` steps in all lanes, in a share `own` of which the policy acts.

        Returns:
            for every step of every lane: what the policy saw, float32 (steps, width); the label, int64 (steps,); the
            return from there, float32 (steps,), to which the value function adds what comes after the last step.
        """
        n = self.envs.num_envs
        seen = np.zeros((STEPS, n, self._seen.shape[1]), np.float32)
        labels = np.zeros((STEPS, n), np.int64)
        rewards, ends = np.zeros((2, STEPS, n), np.float32)
        for t in range(STEPS):
            seen[t], labels[t] = self._seen, self._wanted
            with torch.no_grad():
                mine = self.policy(torch.from_numpy(self._seen))[0].numpy()
            slip = self._rng.random(n) < self._slips
            theirs = np.where(slip, self._rng.integers(0, len(self.lanes.book.actions), n), self._wanted)
            actions = np.maximum(np.where(self._kind < own, mine, theirs), 0)
            after, rewards[t], over, _ = self.envs.step(actions)
            self._seen, ends[t] = np.asarray(after), over
            obs, out = self.lanes.shown()
            if over.any():
                self._labels.begin(over)
                self._kind = np.where(over, self._rng.random(n), self._kind)
                self._slips = np.where(over, self._slipping(n), self._slips)
            self._wanted = self._labels.look(obs, out["exercise_done"], actions)[:, Label.MODEL].copy()
        with torch.no_grad():
            ahead = self.policy.predict_values(torch.from_numpy(self._seen))[:, 0].numpy()
        returns = np.zeros_like(rewards)
        for t in reversed(range(STEPS)):
            ahead = rewards[t] + gamma * (1.0 - ends[t]) * ahead
            returns[t] = ahead
        flat = torch.from_numpy(seen.reshape(STEPS * n, -1)), torch.from_numpy(labels.reshape(-1))
        return *flat, torch.from_numpy(returns.reshape(-1))
