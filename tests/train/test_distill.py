"""A policy that learns to do what the model student would do, before it is paid."""

import numpy as np
import pytest
import torch
from stable_baselines3 import PPO

from textbook_gym.engine.labels import NO_LABEL, Label, Labels
from textbook_gym.sb3 import make
from textbook_gym.students.with_memory import as_worn
from textbook_gym.train.checkpoint import read_spec
from textbook_gym.train.distill import STEPS, Teacher, distill
from textbook_gym.train.evaluation import examine, scores
from textbook_gym.train.run import train

COURSE = "textbook/VocabularyShort-v1"
TINY = {"batch_size": 64}
SMALL = {"policy_kwargs": {"net_arch": [32]}, "device": "cpu", "seed": 0}


def envs(num_envs=64, seed=0, **keywords):
    return make(COURSE, num_envs, seed=seed, memory="ledger", split="train", **keywords)


def test_labels_are_those_of_a_model_student_that_saw_the_same():
    """The teacher's labels over several courses of a lane equal those of one who watches each course from its start."""
    here = envs(4)
    teacher = Teacher(PPO("MlpPolicy", here, **SMALL).policy, here, seed=3)
    pages = [teacher.lanes.shown()[0].copy()]
    actions, labels, ends = [], [teacher._wanted.copy()], []
    step = here.step

    def watched(taken):
        found = step(taken)
        actions.append(np.array(taken))
        ends.append(found[2].copy())
        pages.append(teacher.lanes.shown()[0].copy())
        return found

    here.step = watched
    for _ in range(12):
        _, found, _ = teacher.walk(0.5, 0.95)
        labels.extend(found.reshape(STEPS, 4).numpy()[1:])
        labels.append(teacher._wanted.copy())
    assert np.sum(ends) >= 4
    again = envs(4)
    again.reset()
    watcher = Labels(again.lanes)
    watcher._notes["rng"] = teacher._labels._notes["rng"]
    obs, out = again.lanes.shown()
    assert np.array_equal(obs, pages[0])
    for t, taken in enumerate(actions):
        if t:
            obs, out = again.lanes.shown()
        over = ends[t - 1] if t else np.ones(4, bool)
        if t:
            watcher.begin(over)
        found = watcher.look(obs, out["exercise_done"], None if t == 0 else actions[t - 1])
        assert np.array_equal(found[:, Label.MODEL], labels[t])
        assert np.array_equal(found[:, Label.MODEL] == NO_LABEL, out["exercise_done"])
        again.step(taken)


def test_returns_stop_where_a_course_ends_and_go_on_where_the_walk_does():
    here = envs(4)
    policy = PPO("MlpPolicy", here, **SMALL).policy
    teacher = Teacher(policy, here, seed=0)
    rewards, ends, step = [], [], here.step

    def watched(taken):
        found = step(taken)
        rewards.append(found[1].copy())
        ends.append(found[2].copy())
        return found

    here.step = watched
    for _ in range(8):
        rewards.clear()
        ends.clear()
        _, _, returns = teacher.walk(0.0, 0.9)
        with torch.no_grad():
            ahead = policy.predict_values(torch.from_numpy(teacher._seen))[:, 0].numpy()
        for t in reversed(range(STEPS)):
            ahead = rewards[t] + 0.9 * np.where(ends[t], 0.0, ahead)
            assert returns.reshape(STEPS, 4)[t].numpy() == pytest.approx(ahead, abs=1e-5)


def test_labels_are_learned():
    model = PPO("MlpPolicy", envs(), **SMALL)
    first = distill(model.policy, envs(seed=9), 2_048, 0, model.gamma)
    later = distill(model.policy, envs(seed=9), 40_960, 0, model.gamma)
    assert later["loss"] < first["loss"] - 0.1
    assert later["agreement"] > first["agreement"]


@pytest.mark.slow
def test_a_policy_learns_to_learn_from_labels_alone():
    model = PPO("MlpPolicy", envs(), **SMALL)
    distill(model.policy, envs(256, seed=9), 400_000, 0, model.gamma)
    assert scores(examine(as_worn(model), COURSE, editions=16, split="train"))["memory_benefit"] > 0.4


def test_the_same_seed_teaches_the_same(tmp_path):
    weights = []
    for name in ("a", "b"):
        model = train(
            COURSE,
            out=tmp_path / name,
            steps=1,
            lanes=np.int64(16),
            keywords=TINY,
            distill=np.int64(2000),
            evaluations=0,
            seed=5,
        )
        weights.append(torch.cat([p.flatten() for p in model.policy.parameters()]))
        assert read_spec(tmp_path / f"{name}.zip")["distill"] == 2000
        assert ":serialized:" not in read_spec(tmp_path / f"{name}.zip"), "a number of NumPy's was pickled"
    assert torch.equal(*weights)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"algo": "dqn", "keywords": {}}, "algo='dqn': only ppo and a2c take labels"),
        ({"memory": "notebook"}, "a memory that adds actions: nobody labels those"),
        ({"distill": -1}, "distill=-1: give a whole number >= 0"),
        ({"distill": 2.5}, "distill=2.5: give a whole number >= 0"),
    ],
)
def test_what_cannot_be_taught_is_refused(tmp_path, asked, message):
    with pytest.raises(ValueError, match=message):
        train(
            COURSE,
            out=tmp_path / "x",
            **{"lanes": 8, "steps": 8, "keywords": TINY, "distill": 100, "evaluations": 0, **asked},
        )
    assert not list(tmp_path.iterdir())
