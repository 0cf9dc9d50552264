"""Nothing that was earned is lost: over a stream of editions what is paid is what the chapters rose.

However exercises are given up or cut off, the rewards of a learner sum to the rise of all chapters, from the newcomer's
mark to the last grade, up to what the clock still owes.
"""

from itertools import groupby

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.wrappers import TimeLimit
from hypothesis import given, settings
from hypothesis import strategies as st

from textbook_gym.authoring.records import Row
from textbook_gym.engine.course import Stage
from textbook_gym.registry import find


def late_weighted(marks):
    k = np.arange(1, len(marks) + 1)
    return float((k * np.array(marks)).sum() / k.sum())


def standing(lanes, i=0):
    """The mark that the open exercise of lane `i` stands at."""
    lane = lanes.records[i]
    return float(lanes.book.module.mark(Row(lanes.plan[lane["clock"]["chapter"]]), Row(lane["state"])))


def rise(finished):
    """What chapters must have paid: `finished` has (edition, chapter, newcomer, mark) of every exercise, in order."""
    total = 0.0
    for (_, _, newcomer), marks in groupby(finished, key=lambda row: row[:3]):
        total += late_weighted([row[3] for row in marks]) - newcomer
    return total


class Diary:
    """What happens to one lane: the marks of exercises as they end, by steps or by `reset`, and what is paid."""

    def __init__(self, lanes, i=0):
        self.lanes, self.i, self.marks, self.paid, self.opened = lanes, i, [], 0.0, 0

    @property
    def clock(self):
        return self.lanes.records["clock"][self.i]

    def note(self, mark):
        row = self.lanes.plan[self.clock["chapter"]]
        self.marks.append((self.opened, int(row["number"]), float(row["newcomer"]), mark))

    def stepped(self, reward, ended):
        self.paid += reward
        if ended:
            self.note(float(self.clock["mark"]))

    def leaving(self):
        """Call before every bare reset."""
        c = self.clock
        given_up = c["stage"] == Stage.OPEN and c["step"] > 0
        if given_up:
            self.note(standing(self.lanes, self.i))
        row = self.lanes.plan[c["chapter"]]
        last = c["exercise"] + 1 == row["exercises"] and c["place"] + 1 == row["length"]
        self.opened += bool(last and (given_up or c["stage"] == Stage.CLOSED))

    def balanced(self):
        assert self.paid + float(self.clock["owed"]) == pytest.approx(rise(self.marks), abs=1e-9)


@given(st.integers(0, 1 << 20), st.floats(0.0, 0.5), st.sampled_from([None, 2, 5]), st.sampled_from([1, 2]))
@settings(max_examples=40)
def test_rewards_sum_to_the_rise_however_exercises_are_given_up(seed, impatience, cut, exercises):
    env = gym.make("textbook/Bandits-v1", exercises=exercises, chapters=[1, 4, 6]).unwrapped
    player = TimeLimit(env, cut) if cut else env
    rng, diary = np.random.default_rng(seed), Diary(env.lanes)
    player.reset(seed=seed)
    for _ in range(150):
        _, reward, terminated, truncated, info = player.step(int(rng.integers(env.action_space.n)))
        diary.stepped(reward, info["exercise_done"])
        if terminated or truncated or rng.random() < impatience:
            diary.leaving()
            player.reset()
    assert diary.opened > 2
    diary.balanced()


@pytest.mark.parametrize("mode", ["NextStep", "SameStep", "Disabled"])
def test_batches_that_truncate_lose_nothing(mode):
    """In the exam each exercise is cut off after one step of three: it is paid in the next edition."""
    n, keywords = 6, {"chapters": [1, 6], "exercises": 2, "max_episode_steps": 2}
    envs = gym.make_vec("textbook/Bandits-v1", num_envs=n, autoreset_mode=mode, **keywords)
    alone = [TimeLimit(gym.make("textbook/Bandits-v1", chapters=[1, 6], exercises=2).unwrapped, 2) for _ in range(n)]
    envs.reset(seed=4)
    diaries = [Diary(e.unwrapped.lanes) for e in alone]
    for i, e in enumerate(alone):
        e.reset(seed=4 + i)
    paid, rng, waiting = np.zeros(n), np.random.default_rng(0), np.zeros(n, np.bool_)
    for _ in range(60):
        actions = rng.integers(0, envs.single_action_space.n, n)
        _, rewards, terminated, truncated, _ = envs.step(actions)
        paid += rewards
        for i, (e, diary) in enumerate(zip(alone, diaries, strict=True)):
            if mode == "NextStep" and waiting[i]:
                continue
            _, reward, done, cut, info = e.step(int(actions[i]))
            diary.stepped(reward, info["exercise_done"])
            if done or cut:
                diary.leaving()
                e.reset()
        waiting = terminated | truncated
        if mode == "Disabled" and waiting.any():
            envs.reset(options={"reset_mask": waiting.copy()})
    assert min(diary.opened for diary in diaries) > 2
    for i, diary in enumerate(diaries):
        diary.balanced()
        assert paid[i] == pytest.approx(diary.paid, abs=1e-12)


@pytest.mark.parametrize("episode", ["book", "trial"])
def test_a_course_left_in_its_exam_pays_with_the_next(episode):
    env = gym.make("textbook/Bandits-v1", episode=episode, chapters=[1, 6], exercises=2).unwrapped
    env.reset(seed=1)
    clock = env.lanes.records["clock"]
    while not (clock["chapter"][0] == 1 and clock["exercise"][0] == 1):  # the first exercise of the exam is over
        env.step(0)
    owed = float(clock["owed"][0])
    assert owed != 0.0
    env.reset()
    assert clock["owed"][0] == owed
    newcomer = find("Bandits").chapters[0].newcomer
    reward = 0.0
    while reward == 0.0:
        _, reward, _, _, _ = env.step(0)
    assert reward == pytest.approx(owed + clock["mark"][0] - newcomer)
    assert clock["owed"][0] == 0.0


@pytest.mark.parametrize("fresh", [{"seed": 5}, {"options": {"edition": 5}}, {"options": {"chapter": 1}}])
@pytest.mark.parametrize("env_id", ["textbook/Bandits-v1", "textbook/Library-v0"])
def test_a_fresh_learner_owes_and_is_owed_nothing(env_id, fresh):
    only = {"books": ["Bandits"]} if "Library" in env_id else {}
    env = gym.make(env_id, chapters=[1, 6], exercises=1, **only).unwrapped
    env.reset(seed=1, options={"chapter": 6})
    env.step(0)
    env.reset()  # gives up the last exercise of the exam
    clock = env.lanes.records["clock"]
    assert clock["owed"][0] != 0.0
    env.reset(**fresh)
    assert clock["owed"][0] == 0.0


def test_what_an_exam_owes_is_paid_in_the_next_book_of_the_library():
    """Editions are of two books by turns of chance; giving up everything at once, all is owed and nothing lost."""
    env = gym.make("textbook/Library-v0", books=["Bandits", "Vocabulary"], chapters=[1, 6], exercises=1).unwrapped
    env.reset(seed=0)
    rng, paid, expected, seen = np.random.default_rng(0), 0.0, 0.0, set()
    for _ in range(120):
        _, reward, terminated, _, info = env.step(int(rng.integers(env.action_space.n)))
        seen.add(info["book"])
        paid += reward
        alone = env.lanes.alone(0)
        newcomer = float(alone.plan[alone.records["clock"]["chapter"][0]]["newcomer"])
        expected += (float(alone.records["clock"]["mark"][0]) if terminated else standing(alone)) - newcomer
        env.reset()
    assert len(seen) == 2
    assert paid + float(env.lanes.records["clock"]["owed"][0]) == pytest.approx(expected, abs=1e-9)
