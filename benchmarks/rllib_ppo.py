"""Train RLlib's PPO for a few iterations on native vectors: `python benchmarks/rllib_ppo.py`.

Needs the extra `rllib`, which brings the version of Gymnasium that RLlib pins (1.2.2). With
`gym_env_vectorize_mode="vector_entry_point"` an env runner steps the native vector environment. Without a memory the
policy can learn only what holds in every edition; `--lstm` gives it one, at several times the cost.
"""

import argparse
import time

from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.core.rl_module.default_model_config import DefaultModelConfig

from textbook_gym.rllib import register


def main() -> None:
    """Train and print a line an iteration: steps, reward of a course, seconds."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--env", default="textbook/BanditsCourse-v1", help="id (default %(default)s)")
    parser.add_argument("--iterations", type=int, default=5, help="(default %(default)s)")
    parser.add_argument("--lanes", type=int, default=64, help="environments in the vector (default %(default)s)")
    parser.add_argument("--lstm", action="store_true", help="give the policy a memory within the course")
    chosen = parser.parse_args()
    register()
    config = (
        PPOConfig()
        .environment(chosen.env, env_config={"split": "train"})
        .env_runners(
            num_env_runners=0,
            num_envs_per_env_runner=chosen.lanes,
            gym_env_vectorize_mode="vector_entry_point",
        )
        .training(train_batch_size_per_learner=32_768, minibatch_size=4096, num_epochs=4, lr=1e-3, gamma=0.9)
        .rl_module(model_config=DefaultModelConfig(fcnet_hiddens=[64, 64], use_lstm=chosen.lstm))
        .debugging(seed=0, log_level="ERROR")
    )
    algorithm = config.build_algo()
    start, steps = time.perf_counter(), 0
    for _ in range(chosen.iterations):
        found = algorithm.train()["env_runners"]
        steps += int(found["num_env_steps_sampled"])
        reward = found.get("episode_return_mean", float("nan"))
        print(f"{steps:>9,} steps  reward of a course {reward:+.3f}  {time.perf_counter() - start:.0f} s", flush=True)
    algorithm.stop()


if __name__ == "__main__":
    main()
