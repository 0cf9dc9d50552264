"""Short courses, training, checkpoints, and the study of what was trained."""

import json
import warnings
import zipfile

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

pytest.importorskip("stable_baselines3")

import torch
import yaml
from stable_baselines3.common.env_checker import check_env as check_env_sb3

from textbook_gym.checks import LEAST_BENEFIT, check_marks, measure_marks
from textbook_gym.cli.main import main
from textbook_gym.engine.lanes import Lanes
from textbook_gym.engine.loops import Wipe
from textbook_gym.registry import find, short_id
from textbook_gym.students.resolve import as_student
from textbook_gym.students.rollout import walk
from textbook_gym.students.with_memory import Worn
from textbook_gym.students.wrappers import FunctionAgent
from textbook_gym.study.run import study
from textbook_gym.train.checkpoint import load_checkpoint
from textbook_gym.train.evaluation import examine, scores
from textbook_gym.train.run import train
from textbook_gym.train.setup import ALGOS, setup

torch.set_num_threads(1)
SMALL = {"n_steps": 8, "batch_size": 48, "n_epochs": 1}
ENV = "textbook/VocabularyShort-v1"


# --- short courses -------------------------------------------------------------------------


def test_every_book_has_a_short_course(book_name):
    (numbers, exercises), spec = find(book_name).module.SHORT, gym.spec(short_id(book_name))
    assert len(numbers) == 3
    chapters = [find(book_name).chapters[c - 1] for c in numbers]
    assert sum(c.limit * e for c, e in zip(chapters, exercises, strict=True)) <= 120
    assert spec.kwargs["episode"] == "book"
    env = gym.make(short_id(book_name)).unwrapped
    check_env(env)
    check_env_sb3(env)
    assert find(short_id(book_name)) is find(book_name)


def test_short_courses_are_calibrated_and_teach(book_name):
    """The newcomer column holds for them too, the oracle gets 1, and memory pays in every chapter."""
    book = find(book_name)
    measured = measure_marks(book, 384, *book.module.SHORT)
    assert not list(check_marks(book, measured))
    assert all(m.model - m.newcomer >= LEAST_BENEFIT for m in measured)


def test_a_short_course_is_part_of_the_book():
    """Same edition, same exercise: what is posed does not depend on how long the course is."""
    seen = []
    for env_id in ("textbook/VocabularyCourse-v0", ENV):
        env = gym.make(env_id)
        env.reset(seed=0)
        seen.append(env.reset(options={"edition": 7, "chapter": "second lesson"})[0])
    signals = sum(s.size for s in find("Vocabulary").signals)
    assert np.array_equal(seen[0][:signals], seen[1][:signals])


# --- students that wear a memory -----------------------------------------------------------


def look_up(observations):
    """Answer what the ledger of Vocabulary says was right, else the first answer."""
    return observations[:, -8:].argmax(axis=1)


def test_a_function_with_a_ledger_learns_and_forgets_when_wiped():
    """The memory is what the wrappers would give it: kept it pays, wiped at every exercise it is amnesia."""
    agent = Worn(FunctionAgent(look_up, "clerk"), "ledger")
    rows = examine(agent, ENV, editions=16)
    assert rows["kept"]["mark"][:, 4].mean() > 0.9
    assert scores(rows)["memory_benefit"] > 0.4
    amnesiac = examine(Worn(FunctionAgent(look_up, "clerk"), "ledger", keep="exercise"), ENV, editions=16)
    assert np.array_equal(amnesiac["kept"]["mark"], rows["wiped"]["mark"])
    assert np.array_equal(amnesiac["wiped"]["mark"], rows["wiped"]["mark"])


def test_worn_shows_what_the_wrapper_shows():
    env = gym.make(ENV, split="test")
    from textbook_gym.remember import Remember

    wrapped = Remember(env, "ledger")
    seen, actions = [], []

    def record(observations):
        seen.append(observations[0].copy())
        actions.append(int(len(seen) * 5 % 8))
        return np.array(actions[-1:])

    lanes = Lanes(find("Vocabulary").path, 1, episode="book", split="test", course="short")
    walk(Worn(FunctionAgent(record, "recorder"), "ledger"), lanes, [3], Wipe.NEVER)
    wrapped.reset(seed=0)
    observation, _ = wrapped.reset(options={"edition": 3})
    for k, action in enumerate(actions[:-1]):  # the last answer is asked for when the course is over
        assert np.array_equal(observation, seen[k]), k
        observation, *_ = wrapped.step(action)
    assert np.array_equal(observation, seen[-1])


# --- training ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A student after three small rollouts, in one go."""
    out = tmp_path_factory.mktemp("runs") / "whole"
    model = train(ENV, out=out, steps=96 * 3, lanes=12, evaluations=3, editions=2, keywords=SMALL, seed=5)
    return out, model


def test_the_file_says_what_it_is(trained):
    out, model = trained
    with zipfile.ZipFile(out.with_suffix(".zip")) as archive:
        spec = json.loads(archive.read("data"))["textbook"]
    assert spec == model.textbook
    assert (spec["memory"], spec["env_id"], spec["reward"]) == ("ledger", ENV, "improvement")
    assert spec["settings"]["tables"]  # whole: a later preset changes nothing
    student = as_student(f"{out}.zip")
    assert isinstance(student, Worn)
    assert student.name == "whole"
    assert student.memory.name == "ledger"


def test_a_study_walks_it_with_its_memory_kept_and_wiped(trained):
    out, model = trained
    table = study([f"{out}.zip", model], ["Vocabulary"], editions=2)
    assert set(table["control"]) == {"kept", "wiped"}
    by_file, in_memory = (
        table.filter(table["student"] == name).sort("control", "edition", "chapter", "exercise")["mark"].to_numpy()
        for name in ("whole", "sb3")
    )
    assert np.array_equal(by_file, in_memory)


def test_stopped_and_resumed_equals_one_go(trained, tmp_path):
    _, whole = trained
    out = tmp_path / "parts"
    keywords = {"lanes": 12, "evaluations": 0, "keywords": SMALL, "seed": 5}  # looked at or not: the same student
    train(ENV, out=out, steps=96, **keywords)
    torch.manual_seed(99)
    np.random.seed(99)  # noqa: NPY002  # the generator that SB3 draws from
    resumed = train(ENV, out=out, steps=96 * 3, resume=True, evaluations=0)
    assert resumed.num_timesteps == whole.num_timesteps == 288
    for a, b in zip(resumed.policy.parameters(), whole.policy.parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_recurrent_student_resumes_too(tmp_path):
    pytest.importorskip("sb3_contrib")
    keywords = {"algo": "ppo_lstm", "memory": "recap", "lanes": 4, "evaluations": 0, "seed": 1}
    keywords["keywords"] = {**SMALL, "batch_size": 16}
    whole = train(ENV, out=tmp_path / "whole", steps=64, **keywords)
    train(ENV, out=tmp_path / "parts", steps=32, **keywords)
    resumed = train(ENV, out=tmp_path / "parts", steps=64, resume=True, evaluations=0)
    for a, b in zip(resumed.policy.parameters(), whole.policy.parameters(), strict=True):
        assert torch.equal(a, b)
    table = study([str(tmp_path / "whole.zip")], ["Vocabulary"], editions=2)
    assert table["mark"].is_between(0, 1).all()


@pytest.mark.parametrize("algo", ["a2c", "dqn"])
def test_other_algorithms_train(algo, tmp_path):
    keywords = {"n_steps": 8} if algo == "a2c" else {"learning_starts": 16, "buffer_size": 500}
    model = train(ENV, out=tmp_path / algo, algo=algo, steps=64, lanes=4, evaluations=1, editions=2, keywords=keywords)
    assert model.num_timesteps >= 64
    assert load_checkpoint(tmp_path / f"{algo}.zip").num_timesteps == model.num_timesteps


def test_evaluations_are_logged(trained):
    out, _ = trained
    lines = (out / "progress.csv").read_text().splitlines()
    assert {"eval/gain", "eval/memory_benefit", "eval/mark", "eval/mark_chapter_1"} <= set(lines[0].split(","))
    pytest.importorskip("tensorboard")
    assert list(out.glob("events.out.tfevents.*"))


def test_a_stop_while_writing_leaves_the_checkpoint_whole(trained, tmp_path, monkeypatch):
    _, model = trained
    from textbook_gym.train import checkpoint as module

    path = tmp_path / "kept.zip"
    module.save_checkpoint(model, path)
    before = path.read_bytes()
    monkeypatch.setattr(zipfile.ZipFile, "writestr", lambda *a, **k: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        module.save_checkpoint(model, path)
    assert path.read_bytes() == before


def test_wrong_requests_are_refused(tmp_path, trained):
    with pytest.raises(ValueError, match="did you mean 'ppo'"):
        train(ENV, out=tmp_path / "x", algo="pppo")
    with pytest.raises(ValueError, match="nothing to resume"):
        train(ENV, out=tmp_path / "x", resume=True)
    with pytest.raises(ValueError, match="did you mean 'ledger'"):
        train(ENV, out=tmp_path / "x", memory="ledgr")
    _, model = trained
    model.save(tmp_path / "plain.zip")
    with pytest.raises(ValueError, match="no checkpoint"):
        train(ENV, out=tmp_path / "plain", resume=True)


# --- presets and the command line ----------------------------------------------------------


@pytest.mark.parametrize("algo", ALGOS)
def test_presets_are_of_known_environments_and_algorithms(algo):
    import importlib.resources

    table = yaml.safe_load(
        importlib.resources.files("textbook_gym.train").joinpath(f"hyperparams/{algo}.yml").read_text()
    )
    for env_id in table:
        assert env_id == "default" or env_id in gym.registry
        assert setup(env_id, algo).steps > 0


def test_the_command_trains_resumes_and_studies(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = [
        "train",
        "--book",
        "Bandits",
        "--short",
        "--lanes",
        "8",
        "--evaluations",
        "1",
        "--out",
        "runs/b",
        "--steps",
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SB3 on the last, smaller batch
        assert main([*asked, "512", "--memory", "transcript", "--set", "n=2"]) == 0
        assert main([*asked, "1024", "--resume"]) == 0
    assert "validation editions" in capsys.readouterr().out
    assert main(["study", "--student", "runs/b.zip", "--book", "Bandits", "--editions", "4", "--out", "s"]) == 0
    assert "b,0,Bandits,test,0,wiped,1,1" in (tmp_path / "s" / "marks.csv").read_text()
    assert main([*asked, "512", "--set", "n"]) == 2
    assert "--set 'n'" in capsys.readouterr().err


# --- what a resume and a look must not do ----------------------------------------------------


@pytest.mark.parametrize(
    "other",
    [{"env_id": short_id("Bandits")}, {"algo": "a2c"}, {"memory": "recap"}, {"memory": None}, {"reward": "mark"},
     {"lanes": 5}, {"seed": 6}, {"settings": {"keep": "exercise"}}, {"keywords": SMALL}],
)  # fmt: skip
def test_a_resume_is_of_the_same_training(trained, other):
    out, _ = trained
    before = out.with_suffix(".zip").read_bytes()
    with pytest.raises(ValueError, match=r"leave it out, or train anew|leave them out"):
        train(other.pop("env_id", ENV), out=out, steps=96 * 4, resume=True, **other)
    assert out.with_suffix(".zip").read_bytes() == before


def test_a_resume_asks_for_what_it_was(trained, tmp_path):
    out = tmp_path / "same"
    train(ENV, out=out, steps=96, lanes=12, evaluations=0, keywords=SMALL, seed=5)
    same = {"algo": "ppo", "memory": "ledger", "reward": "improvement", "lanes": 12, "seed": 5}
    assert train(ENV, out=out, steps=192, resume=True, evaluations=0, **same).num_timesteps == 192


def test_a_resumed_log_has_no_seam(tmp_path):
    """Column by column one go and two say the same, but for clocks; rows behind the checkpoint are written again.

    What the last update of a go said stands in a row of its own, which has no number of steps.
    """
    import polars as pl

    keywords = {"lanes": 12, "evaluations": 0, "keywords": SMALL, "seed": 5}
    train(ENV, out=tmp_path / "one", steps=96 * 3, **keywords)
    train(ENV, out=tmp_path / "two", steps=96, **keywords)
    log = tmp_path / "two" / "progress.csv"
    lines = log.read_text().splitlines()
    late = lines[1].split(",")
    late[lines[0].split(",").index("time/total_timesteps")] = "192"
    log.write_text("\n".join([*lines, ",".join(late), lines[2]]) + "\n")  # killed before it was kept
    train(ENV, out=tmp_path / "two", steps=96 * 3, resume=True, evaluations=0)
    one, two = (pl.read_csv(tmp_path / name / "progress.csv") for name in ("one", "two"))
    told = [c for c in one.columns if c.startswith(("train/", "rollout/", "time/total"))]
    assert one["time/total_timesteps"].drop_nulls().to_list() == [96, 192, 288]
    for column in told:
        assert one[column].drop_nulls().to_list() == two[column].drop_nulls().to_list(), column


def test_looking_at_a_model_in_training_does_not_touch_it():
    """A study in a callback: the same weights, no seed left behind, everybody's generators as they were."""
    import random

    from stable_baselines3 import PPO
    from stable_baselines3.common.callbacks import BaseCallback

    from textbook_gym.sb3 import make

    class Look(BaseCallback):
        def _on_rollout_start(self):
            study([self.model], ["Bandits"], editions=2, controls=["kept"])

        def _on_step(self):
            return True

    def trained_weights(callback):
        model = PPO("MlpPolicy", make("textbook/BanditsCourse-v1", 4, seed=0), **{**SMALL, "batch_size": 32}, seed=0)
        model.learn(96, callback=callback)
        return torch.nn.utils.parameters_to_vector(model.policy.parameters()).detach(), model

    (blind, _), (seen, model) = trained_weights(None), trained_weights(Look())
    assert torch.equal(blind, seen)
    assert model.env._seeds == [None] * 4

    def drawn():
        return random.random(), np.random.rand(), torch.rand(1).item(), model.action_space.sample()  # noqa: NPY002

    random.seed(1), np.random.seed(1), torch.manual_seed(1), model.action_space.seed(1)  # noqa: NPY002
    expected = drawn()
    random.seed(1), np.random.seed(1), torch.manual_seed(1), model.action_space.seed(1)  # noqa: NPY002
    study([model], ["Bandits"], editions=2, controls=["kept"])
    assert drawn() == expected


def test_a_training_is_not_evaluated_on_the_test_split(trained, monkeypatch):
    from textbook_gym.train import evaluation

    asked = []

    def noted(agent, lanes, *rest):
        asked.append(lanes)
        return walk(agent, lanes, *rest)

    monkeypatch.setattr(evaluation, "walk", noted)
    out, model = trained
    watch = evaluation.Watch(out.with_name("looked.zip"), 1, 2, None)
    watch.model, watch.spec = model, model.textbook
    watch._look()
    assert {lanes.settings["split"] for lanes in asked} == {"train"}
