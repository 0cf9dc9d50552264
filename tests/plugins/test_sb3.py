"""The Stable-Baselines3 plug-in equals what SB3 makes of the single environments, only faster."""

import copy
import pickle

import gymnasium as gym
import numpy as np
import pytest

pytest.importorskip("stable_baselines3")

import torch
from stable_baselines3 import A2C, DQN, PPO
from stable_baselines3.common.env_checker import check_env
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from textbook_gym.memory.catalogue import MEMORIES
from textbook_gym.registry import BOOKS, CLASSICS, LIBRARY, env_ids, id_of
from textbook_gym.sb3 import load_model, make
from textbook_gym.study.run import study

torch.set_num_threads(1)
CLASSIC_IDS = [env_ids(name)[0] for name in CLASSICS]
IDS = [*(env_id for name in [*sorted(BOOKS), LIBRARY] for env_id in env_ids(name)), *CLASSIC_IDS]


@pytest.mark.parametrize("env_id", IDS)
def test_check_env_passes_without_a_warning(env_id):
    check_env(gym.make(env_id).unwrapped)  # warnings are errors here


@pytest.mark.parametrize("env_id", IDS)
def test_equal_to_dummy_vec_env_with_monitor(env_id):
    n, rng = 6, np.random.default_rng(0)
    native = make(env_id, n, seed=3)
    dummy = DummyVecEnv([lambda: Monitor(gym.make(env_id)) for _ in range(n)])
    dummy.seed(3)
    assert np.array_equal(native.reset(), dummy.reset())
    np.testing.assert_equal(native.reset_infos, dummy.reset_infos)
    for _ in range(400):
        actions = rng.integers(0, native.action_space.n, n)
        ours, theirs = native.step(actions), dummy.step(actions)
        for a, b in zip(ours[:3], theirs[:3], strict=True):
            assert a.dtype == b.dtype
            assert np.array_equal(a, b)
        for i in np.flatnonzero(ours[2]):
            a, b = ours[3][i], theirs[3][i]
            assert np.array_equal(a.pop("terminal_observation"), b.pop("terminal_observation"))
            ours_episode, theirs_episode = a.pop("episode"), b.pop("episode")
            assert ours_episode["l"] == theirs_episode["l"]
            assert ours_episode["r"] == pytest.approx(theirs_episode["r"], abs=1e-5)
            np.testing.assert_equal(a, b)


def test_rewards_are_writable_and_fresh():
    """SB3 adds a bootstrap to them in place."""
    envs = make("textbook/Bandits-v1", 4, seed=0)
    envs.reset()
    _, first, _, _ = envs.step(np.zeros(4, int))
    first += 1.0
    _, second, _, _ = envs.step(np.zeros(4, int))
    assert second.max() < 1.0
    assert first.min() >= 0.5


def test_it_trains_saves_and_is_studied(tmp_path):
    envs = make("textbook/BanditsCourse-v1", 16, seed=0)
    model = PPO("MlpPolicy", envs, n_steps=32, batch_size=256, n_epochs=2, seed=0).learn(2048)
    mean, _ = evaluate_policy(model, make("textbook/BanditsCourse-v1", 4, seed=1, split="test"), n_eval_episodes=4)
    assert np.isfinite(mean)
    path = tmp_path / "ppo.zip"
    model.save(path)
    table = study([str(path), model], ["Bandits"], editions=4)
    assert table["student"].unique().sort().to_list() == ["ppo", "sb3"]
    assert table["mark"].is_between(0, 1).all()


def test_wrappers_and_attributes_work():
    envs = VecNormalize(make("textbook/Bandits-v1", 3, seed=0))
    envs.reset()
    assert envs.get_attr("render_mode") == [None] * 3
    assert envs.env_is_wrapped(Monitor) == [True] * 3
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        envs.get_attr("nothing")
    assert not envs.has_attr("nothing")


def test_a_classic_takes_its_parameters():
    envs = make("textbook/RL2Bandit-v0", 3, seed=0, arms=7, pulls=4, reward="raw", interpreted=True)
    assert envs.action_space.n == 7
    envs.reset()
    done = [envs.step(np.zeros(3, int))[2].all() for _ in range(4)]
    assert done == [False, False, False, True]


def test_wrong_requests_are_refused():
    with pytest.raises(ValueError, match="did you mean 'textbook/Bandits-v1'"):
        make("textbook/Bandit-v1")
    with pytest.raises(ValueError, match="arms=0"):
        make("textbook/RL2Bandit-v0", arms=0)
    with pytest.raises(ValueError, match="did you mean 'improvement'"):
        make("textbook/Bandits-v1", reward="improvment")
    envs = make(f"textbook_gym:{id_of('Bandits')}", 2, seed=0)
    envs.reset()
    with pytest.raises(ValueError, match=r"actions\[1\] = 9"):
        envs.step(np.array([0, 9]))


def test_wrong_actions_are_refused_at_once_and_do_nothing():
    envs, twin = (make("textbook/Bandits-v1", 3, seed=0) for _ in range(2))
    envs.reset()
    twin.reset()
    envs.step_async(np.array([0, 1, 2]))
    for wrong, message in (
        ([0, 6, 7], r"actions\[1\] = 6: Bandits takes 0 PULL_A"),
        ([0, 1, -2], r"actions\[2\] = -2"),
    ):
        with pytest.raises(ValueError, match=message):
            envs.step_async(np.array(wrong))
    assert np.array_equal(envs.step_wait()[0], twin.step(np.array([0, 1, 2]))[0])


@pytest.mark.parametrize("twin_of", [copy.deepcopy, lambda envs: pickle.loads(pickle.dumps(envs))])
@pytest.mark.parametrize("memory", [None, *MEMORIES])
def test_copied_and_pickled_it_goes_on_the_same(memory, twin_of):
    envs = make("textbook/Vocabulary-v0", 3, seed=0, memory=memory)
    envs.reset()
    envs.action_space.seed(0)
    actions = np.array([[envs.action_space.sample() for _ in range(3)] for _ in range(60)])
    for chosen in actions[:20]:
        envs.step(chosen)
    twin = twin_of(envs)
    for chosen in actions[20:]:
        for one, other in zip(envs.step(chosen)[:3], twin.step(chosen)[:3], strict=True):
            assert np.array_equal(one, other)
    assert memory is None or twin.memory.save() == envs.memory.save()


def test_a_batch_is_drawn_as_text_and_as_pictures():
    envs = make("textbook/Bandits-v1", 2, seed=0, render_mode="ansi")
    with pytest.raises(RuntimeError, match="call reset"):
        envs.render()
    envs.reset()
    single = gym.make("textbook/Bandits-v1", render_mode="ansi")
    single.reset(seed=1)
    assert envs.render()[1] == envs.env_method("render")[1] == single.render()
    pictures = make("textbook/Bandits-v1", 2, seed=0, render_mode="rgb_array")
    pictures.reset()
    assert pictures.render().dtype == np.uint8


def test_options_lead_each_lane_to_its_place_once():
    options = [{"edition": 7, "chapter": 2}, {"edition": 8, "chapter": 3}, {}]
    native, dummy = make("textbook/Bandits-v1", 3), DummyVecEnv([lambda: gym.make("textbook/Bandits-v1")] * 3)
    for envs in (native, dummy):
        envs.seed(0)
        envs.set_options(options)
    for _ in range(2):
        assert np.array_equal(native.reset(), dummy.reset())
        assert native.reset_infos == dummy.reset_infos
        native.step(np.zeros(3, int)), dummy.step(np.zeros(3, int))
    before = native.save()
    native.set_options([{"edition": 1}, {"nonsense": 1}, {}])
    with pytest.raises(ValueError, match="unknown option 'nonsense'"):
        native.reset()
    assert native.save() == before


def test_what_is_not_begun_is_not_stepped():
    envs = make("textbook/Bandits-v1", 2, seed=0)
    with pytest.raises(RuntimeError, match="call reset"):
        envs.step(np.zeros(2, int))


def test_memory_settings_need_a_memory_and_lanes_know_their_spec():
    with pytest.raises(ValueError, match="without a memory"):
        make("textbook/Bandits-v1", 2, memory_settings={"keep": "edition"})
    spec = make("textbook/Bandits-v1", 2, reward="mark").get_attr("spec", [0])[0]
    assert (spec.id, spec.kwargs["reward"]) == ("textbook/Bandits-v1", "mark")
    with pytest.raises(TypeError, match="unexpected keyword argument 'rewrd'"):
        make("textbook/Bandits-v1", rewrd="mark")


@pytest.mark.parametrize("played", [None, 37])
def test_a_loaded_batch_goes_on_with_its_returns_and_lengths(played):
    def go(envs, actions):
        for action in actions:
            *_, dones, infos = envs.step(np.array([action, action]))
            if dones[0]:
                return [(i["episode"]["r"], i["episode"]["l"]) for i in infos if "episode" in i]
        return None

    keywords = {"chapters": [1, 2], "exercises": 3}
    actions = np.random.default_rng(0).integers(0, 6, 80)
    whole = make("textbook/BanditsCourse-v1", 2, seed=0, **keywords)
    whole.reset()
    go(whole, actions[:20])
    data = whole.save()
    other = make("textbook/BanditsCourse-v1", 2, seed=5, **keywords)
    if played:
        other.reset()
        go(other, actions[:played])
    other.load(data)
    assert go(other, actions[20:]) == go(whole, actions[20:]) is not None
    gym.make_vec("textbook/BanditsCourse-v1", num_envs=2, **keywords).load(data)


def test_masks_are_those_of_the_single_environments():
    envs = make("textbook/Library-v0", 3, seed=0)
    envs.reset()
    singles = [gym.make("textbook/Library-v0").unwrapped for _ in range(3)]
    for i, env in enumerate(singles):
        env.reset(seed=i)
        assert np.array_equal(envs.env_method("action_masks")[i], env.action_masks())
        assert envs.env_method("tell")[i] == env.tell()


@pytest.mark.parametrize(
    ("module", "name", "policy"),
    [
        *(("stable_baselines3", kind.__name__, "MlpPolicy") for kind in (PPO, A2C, DQN)),
        ("sb3_contrib", "RecurrentPPO", "MlpLstmPolicy"),
        *(("sb3_contrib", name, "MlpPolicy") for name in ("MaskablePPO", "QRDQN", "ARS", "TRPO")),
    ],
)
def test_a_loaded_model_is_of_the_algorithm_that_wrote_it(module, name, policy, tmp_path):
    kind = getattr(pytest.importorskip(module), name)
    kind(policy, make("textbook/BanditsCourse-v1", 1, seed=0)).save(tmp_path / "model.zip")
    assert type(load_model(str(tmp_path / "model.zip"))) is kind


def test_a_file_that_is_no_model_is_refused_in_one_line(tmp_path):
    (tmp_path / "model.zip").write_bytes(b"no zip")
    with pytest.raises(ValueError, match="no model that SB3 saved") as error:
        load_model(str(tmp_path / "model.zip"))
    assert "\n" not in str(error.value)
