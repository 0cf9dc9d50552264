"""RLlib: the environments by id, single and as native vectors, here and on a worker of a real Ray.

`pip install ".[rllib]"`, then `pytest -m ray`.
"""

import pytest

pytestmark = [pytest.mark.ray, pytest.mark.filterwarnings("ignore")]  # RLlib warns of itself at every turn


@pytest.fixture(scope="module")
def cluster():
    import ray

    from textbook_gym.rllib import register

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield register()
    ray.shutdown()


def config(mode, remote):
    from ray.rllib.algorithms.ppo import PPOConfig

    made = PPOConfig().environment("textbook/VocabularyCourse-v0", env_config={"split": "test", "exercises": 2})
    return made.env_runners(num_env_runners=remote, num_envs_per_env_runner=4, gym_env_vectorize_mode=mode)


@pytest.mark.parametrize(("mode", "kind"), [("sync", "SyncVectorEnv"), ("vector_entry_point", "BookVectorEnv")])
def test_environments_are_made_single_or_native(cluster, mode, kind):
    from ray.rllib.env.single_agent_env_runner import SingleAgentEnvRunner

    assert "textbook/VocabularyCourse-v0" in cluster
    runner = SingleAgentEnvRunner(config=config(mode, 0))
    assert type(runner.env.unwrapped).__name__ == kind
    episodes = runner.sample(num_episodes=4, random_actions=True)
    runner.stop()
    assert len(episodes) == 4
    for episode in episodes:
        assert episode.get_infos(-1)["book_done"]
        assert episode.get_infos(-1)["exercise"] == 2
        gain = episode.get_return() / 6  # the rewards of a course telescope: they are its gain
        assert gain == pytest.approx(episode.get_infos(-1)["gain"], abs=1e-6)


def test_ppo_trains_on_a_worker(cluster):
    made = config("vector_entry_point", 1).training(train_batch_size=512, minibatch_size=128, num_epochs=1)
    algorithm = made.build_algo()
    found = algorithm.train()["env_runners"]
    algorithm.stop()
    assert found["num_env_steps_sampled"] >= 512
    assert -6.0 < found["episode_return_mean"] < 6.0
