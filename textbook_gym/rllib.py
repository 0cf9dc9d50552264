"""RLlib: the environments under their ids, single or as native vectors.

    from textbook_gym.rllib import register
    register()
    config = PPOConfig().environment("textbook/BanditsCourse-v1", env_config={"split": "train"})
    config = config.env_runners(num_envs_per_env_runner=64, gym_env_vectorize_mode="vector_entry_point")

`env_config` takes the keywords of `gym.make`. With "vector_entry_point" an env runner steps all its environments in one
compiled call; without, RLlib makes them one by one. `benchmarks/rllib_ppo.py` is a whole example.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import gymnasium
from ray.tune.registry import register_env

from textbook_gym.registry import NAMESPACE, name_of


def register() -> list[str]:
    """Register every environment of this package with Ray; return the ids.

    Books that were added with `textbook_gym.register` are among them; their modules must be importable on every worker.

    Example:
        register()
        config = PPOConfig().environment("textbook/BanditsCourse-v1", env_config={"split": "train"})
    """
    ids = [env_id for env_id, spec in gymnasium.registry.items() if spec.namespace == NAMESPACE]
    for env_id in ids:
        register_env(env_id, partial(create, dict(gymnasium.registry[env_id].kwargs), env_id))
    return ids


def create(known: Mapping[str, Any], env_id: str, env_config: Mapping[str, Any]) -> Any:
    """Return an environment, or a native vector of them where RLlib says how many (`num_envs`).

    Args:
        known: the keywords that the id was registered with, for a worker which has not registered it.
        env_id: such as `textbook/BanditsCourse-v1`.
        env_config: what RLlib hands on: keywords of `gym.make`.

    Raises:
        ValueError: a keyword's value is not known.
    """
    keywords = dict(env_config)
    if env_id not in gymnasium.registry:
        import textbook_gym

        textbook_gym.register(name_of(env_id), known["book"])
    keywords = {**known, **keywords}  # the driver's: both are then the same environment
    if "num_envs" in keywords:
        return gymnasium.make_vec(env_id, **keywords)
    return gymnasium.make(env_id, **keywords)
