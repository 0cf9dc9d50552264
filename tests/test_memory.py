"""Memories: they carry what they should, forget when they should, and are the same whoever wears them."""

import pickle
import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv

from textbook_gym.memories import MEMORIES, Ledger, Notebook, Recall, Recap, Transcript
from textbook_gym.memory import KEEPS, make_memory
from textbook_gym.presets import TABLES
from textbook_gym.registry import BOOKS
from textbook_gym.remember import Remember, RememberVector
from textbook_gym.study import find

SMALL = {
    "recap": {},
    "transcript": {"n": 4},
    "ledger": {},
    "recall": {"k": 3, "n": 16},
    "notebook": {"slots": 3, "symbols": 2},
}
MODES = [m.value for m in AutoresetMode]


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


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", MEMORIES)
@pytest.mark.parametrize("env_id", ["textbook/Bandits-v0", "textbook/VocabularyCourse-v0"])
def test_a_lane_of_a_vector_equals_a_single_environment(env_id, name, mode):
    keywords = {"exercises": 2, "chapters": [1, 2]}
    vector = RememberVector(
        gym.make_vec(env_id, num_envs=3, autoreset_mode=mode, **keywords), name, keep="edition", **SMALL[name]
    )
    singles_and_vector(
        lambda: Remember(gym.make(env_id, **keywords), name, keep="edition", **SMALL[name]), vector, mode
    )


@pytest.mark.parametrize("keep", KEEPS)
@pytest.mark.parametrize("mode", list(AutoresetMode))
@pytest.mark.parametrize("name", MEMORIES)
def test_it_works_on_a_foreign_environment_in_all_scopes(name, mode, keep):
    vector = RememberVector(SyncVectorEnv([Doors] * 3, autoreset_mode=mode), name, keep=keep, **SMALL[name])
    singles_and_vector(lambda: doors(name, keep=keep, **SMALL[name]), vector, mode.value, steps=40)


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_episodes_may_end_before_their_exercise_and_tell_nothing(mode):
    """A limit of steps cuts exercises off, CartPole knows none: what an autoreset ignores is not learned."""
    for make in (lambda: gym.wrappers.TimeLimit(Doors(), 2), lambda: gym.make("CartPole-v1", max_episode_steps=7)):
        vector = RememberVector(SyncVectorEnv([make] * 2, autoreset_mode=mode), "recap")
        singles_and_vector(lambda make=make: Remember(make(), "recap"), vector, mode.value, steps=30)


@pytest.mark.parametrize("name", MEMORIES)
@pytest.mark.parametrize("env_id", ["textbook/Bandits-v0", "textbook/MaintenanceCourse-v0", None])
def test_check_env_passes_and_the_spec_rebuilds_the_wrapper(env_id, name):
    env = doors(name, **SMALL[name]) if env_id is None else Remember(gym.make(env_id), name, **SMALL[name])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*is different from the unwrapped version.*")
        check_env(env, skip_render_check=True)
    if env_id is not None:
        again = gym.make(gym.envs.registration.EnvSpec.from_json(env.spec.to_json()))
        assert again.observation_space == env.observation_space
        assert again.get_wrapper_attr("memory").settings == env.memory.settings
        assert np.array_equal(walk(env, 60), walk(again, 60))


def test_a_memory_object_can_be_given_and_is_rebuilt_from_the_spec():
    env = Remember(gym.make("textbook/Bandits-v0"), Ledger(keep="chapter", situation=["cue"], outcome=["payoff"]))
    again = gym.make(env.spec)
    assert again.get_wrapper_attr("memory").settings == env.memory.settings
    assert np.array_equal(walk(env, 60), walk(again, 60))


# --- what it remembers and when it forgets -----------------------------------------------------


def test_seed_reaches_the_environment_and_makes_a_fresh_learner():
    """A dropped seed."""
    first, second = doors(keep="forever"), doors(keep="forever")
    once = walk(first, 90, reset_seed=3)
    assert not np.array_equal(once, walk(second, 90, reset_seed=4))
    assert np.array_equal(once, walk(first, 90, reset_seed=3))
    assert np.array_equal(once, walk(second, 90, reset_seed=3))
    vector = RememberVector(SyncVectorEnv([Doors] * 2), "ledger", keep="forever")
    vector.reset(seed=3)
    for _ in range(30):
        vector.step(np.array([0, 1]))
    kept = vector.memory.save([1])
    vector.reset(seed=[3, None])  # one fresh learner beside an old one
    assert vector.memory.visits[0].sum() == 0
    assert vector.memory.visits[1].sum() > 0
    assert kept != vector.memory.save([0])


def visits(memory):
    """Return the steps that a ledger of one table has entered, by lane."""
    return memory.visits.sum(axis=1)


EXPECTED = {  # steps entered, of three an exercise, after each of nine exercises: two a chapter, four an edition
    "exercise": [3, 3, 3, 3, 3, 3, 3, 3, 3],
    "chapter": [3, 6, 3, 6, 3, 6, 3, 6, 3],
    "edition": [3, 6, 9, 12, 3, 6, 9, 12, 3],
    "forever": [3, 6, 9, 12, 15, 18, 21, 24, 27],
}


@pytest.mark.parametrize("mode", list(AutoresetMode))
@pytest.mark.parametrize("keep", KEEPS)
def test_keep_says_when_it_is_wiped(keep, mode):
    """Among others: a memory that survives a new edition, and one that an autoreset wipes."""
    table = {"situation": [], "outcome": ["reward"]}
    vector = RememberVector(SyncVectorEnv([Doors] * 2, autoreset_mode=mode), "ledger", keep=keep, **table)
    vector.reset(seed=0)
    seen, over = [], np.zeros(2, bool)
    while len(seen) < 9:
        if over.any() and mode == AutoresetMode.DISABLED:
            vector.reset(options={"reset_mask": np.ones(2, bool)})
        before = visits(vector.memory)
        _, _, over, _, info = vector.step(np.array([0, 2]))
        if over.all():
            if mode == AutoresetMode.SAME_STEP:  # the page is turned already: ask the final observation
                counts = np.array([np.expm1(5 * row[-1]) for row in info["final_obs"]])
                assert np.allclose(counts, before + 1, atol=1e-3)
                seen.append(before[0] + 1)
            else:
                seen.append(visits(vector.memory)[0])
    assert seen == EXPECTED[keep]


def test_single_environments_follow_keep_too():
    for keep, expected in EXPECTED.items():
        env = doors(keep=keep, situation=[], outcome=["reward"])
        env.reset(seed=0)
        seen = []
        for _ in range(9):
            for _ in range(3):
                env.step(1)
            seen.append(visits(env.memory)[0])
            env.reset()
            env.reset()  # shows the same page again
        assert seen == expected


def test_lanes_share_nothing():
    """A memory that leaks between lanes."""
    for name in MEMORIES:
        vector = RememberVector(SyncVectorEnv([Doors] * 3), name, keep="forever", **SMALL[name])
        vector.reset(seed=0)
        other = vector.memory.save([0, 2])
        heads = getattr(vector.single_action_space, "nvec", [3])
        memory, mask = vector.memory, np.array([False, True, False])
        seen = np.full((3, 3), 0.5, np.float32)
        actions = np.array([[h - 1 for h in heads]] * 3)
        deeds = memory.deed(actions, mask) if name == "notebook" else actions[:, 0]
        memory.learn(mask, deeds, seen, np.ones(3), {"mark": np.ones(3), "exercise_done": np.ones(3, bool)})
        memory.begin(mask, seen, {"edition": np.ones(3, int)})
        assert vector.memory.save([0, 2]) == other
        assert vector.memory.save([1]) != other
        memory.wipe(mask)
        assert all(not a[1].any() for a in memory.arrays.values())


def test_final_observation_is_of_the_exercise_that_ended():
    """The wrong final observation: it must hold what the last step taught, before the page turns and wipes it."""
    for keep in KEEPS:
        vector = RememberVector(SyncVectorEnv([Doors] * 2, autoreset_mode=AutoresetMode.SAME_STEP), "recap", keep=keep)
        vector.reset(seed=0)
        for _ in range(5 * 3):
            seen, rewards, _, _, info = vector.step(np.array([0, 1]))
        for i in range(2):
            final = info["final_obs"][i]
            assert final[0] == 0.0  # nothing left to try
            assert final[3 + 1 + i] == 1.0  # the action
            assert final[-4] == rewards[i] == final[-3]  # the reward, and the mark it made
            assert final[-1] == 0.0  # not the first of a page
            assert seen[i][0] == 1.0
            assert seen[i][-1] == 1.0
            assert seen[i][3 + 1 + i] == (keep != "exercise")


def test_the_step_that_turns_a_page_is_not_learned():
    env = Remember(
        gym.make("textbook/BanditsCourse-v0", exercises=2), "ledger", situation=[], outcome=["payoff"], keep="forever"
    )
    env.reset(seed=0)
    steps = 0
    for _ in range(100):
        over = bool(env.memory.over[0])
        before = visits(env.memory)[0]
        *_, terminated, _, _ = env.step(0)
        assert visits(env.memory)[0] == before + (not over)
        steps += not over
        if terminated:
            break
    assert visits(env.memory)[0] == steps > 0


def test_a_new_book_in_the_same_edition_is_a_new_edition():
    """Edition 7 read twice, cover to cover: the second reader is told nothing by the first."""
    env = Remember(gym.make("textbook/BanditsCourse-v0", exercises=1), "ledger")
    blank, _ = env.reset(seed=1, options={"edition": 7})
    done = False
    while not done:
        _, _, done, _, _ = env.step(0)
    again, _ = env.reset(options={"edition": 7})
    assert np.array_equal(blank, again)
    env.step(0)
    other, _ = env.reset(options={"edition": 8})
    assert not other[env.memory.width :].any()


# --- each memory against a plain model of it ------------------------------------------------------


def steps_of(env, steps=150, seed=1):
    """Yield (before, action, after, reward, remembered after) of a random student."""
    rng = np.random.default_rng(seed)
    seen, _ = env.reset(seed=2)
    d = env.memory.width
    for _ in range(steps):
        action = int(rng.integers(0, 3))
        after, reward, ended, _, info = env.step(action)
        yield seen[:d], action, after[:d], reward, info, after
        seen = env.reset()[0] if ended else after


def test_ledger_is_a_dictionary_of_counts_and_means():
    env = doors("ledger", keep="forever", situation=[0, 1], outcome=["reward", 2], told=["mark", "action"])
    book: dict = {}
    for before, action, after, reward, info, shown in steps_of(env):
        entry = book.setdefault(tuple(before[:2].round(3)), {a: [] for a in (0, 1, 2, "all")})
        entry[action].append([reward, after[2]])
        entry["all"].append([info["mark"], *(np.arange(3) == action)])
        known = book.get(tuple(after[:2].round(3)), {a: [] for a in (0, 1, 2, "all")})
        wanted = []
        for key, size in ((0, 2), (1, 2), (2, 2), ("all", 4)):
            rows = np.reshape(known[key], (-1, size))
            wanted += [np.log1p(len(rows)) / 5, *(rows.mean(axis=0) if len(rows) else np.zeros(size))]
        assert np.allclose(shown[3:], wanted, atol=1e-5)


def bound(name, lanes=1, **settings):
    memory = make_memory(name, **settings)
    memory.bind(gym.spaces.Box(-1, 1, (2,), np.float32), gym.spaces.Discrete(2), lanes)
    memory.begin(np.ones(lanes, bool), np.zeros((lanes, 2), np.float32), {})
    return memory


def tell(memory, situation, action, reward, answer=0.0):
    """Let one lane take a step out of a situation; return what it then sees there."""
    one = np.ones(1, bool)
    memory.before[:] = situation
    memory.learn(one, np.array([action]), np.array([[situation[0], answer]], np.float32), np.array([reward]), {})
    return memory.look(np.array([situation], np.float32))[0, 2:]


def test_ledger_drops_the_situation_longest_not_entered_into():
    memory = bound("ledger", situation=[0], outcome=["reward"], rows=2)
    assert tell(memory, [0.1, 0], 1, 0.5)[3] == 0.5
    tell(memory, [0.2, 0], 1, 0.25)
    tell(memory, [0.1, 0], 0, 1.0)
    tell(memory, [0.3, 0], 0, 0.75)  # takes the place of 0.2
    assert not memory.look(np.array([[0.2, 0]], np.float32))[0, 2:].any()
    assert memory.look(np.array([[0.1, 0]], np.float32))[0, 3:7] == pytest.approx([1.0, 0.139, 0.5, 0.22], abs=1e-3)


def test_ledger_rate_and_silence():
    memory = bound("ledger", situation=[], outcome=["reward"], rate=1.0)
    tell(memory, [0, 0], 0, 1.0)
    assert tell(memory, [0, 0], 0, 0.25)[1] == 0.25
    for silent, count, mean in (("count", 2, 0.5), ("skip", 1, 1.0), ("known", 1, 1.0)):
        memory = bound("ledger", situation=[], outcome=["reward"], silent=silent)
        tell(memory, [0, 0], 0, 1.0)
        seen = tell(memory, [0, 0], 0, 0.0)
        assert seen[1] == mean
        assert seen[0] == pytest.approx(np.log1p(count) / 5)
        seen = tell(memory, [0, 0], 1, 0.0)
        assert (seen[2] > 0) == (silent != "skip")


def test_ledger_enters_under_what_was_found_and_looks_up_what_is_sought():
    memory = bound("ledger", under=[1], situation=[0], outcome=[], told=["reward"])
    assert not tell(memory, [0.5, 0], 0, 1.0, answer=0.0).any()  # nothing found
    tell(memory, [0.5, 0], 0, 0.75, answer=-0.5)
    assert memory.look(np.array([[-0.5, 0]], np.float32))[0, -1] == 0.75
    memory = bound("ledger", situation=[[0], [1]], outcome=[], told=["reward"])
    tell(memory, [0.5, 0.25], 0, 0.75)
    assert memory.look(np.array([[0.25, 0.5]], np.float32))[0, 2:] == pytest.approx([0, 0, 0.139, 0.75], abs=1e-3)


def test_ledger_joins_and_leaves_out_actions():
    memory = bound("ledger", situation=[], outcome=["reward"], actions=[[1, 0]])
    tell(memory, [0, 0], 0, 1.0)
    assert tell(memory, [0, 0], 1, 0.0) == pytest.approx([0.22, 0.5, 0.22], abs=1e-3)
    memory = bound("ledger", situation=[], outcome=["reward"], actions=[1])
    assert not tell(memory, [0, 0], 0, 1.0).any()


def test_transcript_is_the_last_things_seen():
    stacked, rows = doors("transcript", keep="forever", n=5), doors("transcript", keep="forever", n=5, stacked=False)
    assert rows.observation_space.shape == (5, 3 + 4 + 1)
    a, b = walk(stacked, 60), walk(rows, 60)
    assert np.array_equal(a[:, 3:], b.reshape(len(b), -1))
    assert np.array_equal(b[:, -1, :3], a[:, :3])
    for t in range(5, len(b)):  # a row is what was seen so many observations ago
        assert np.array_equal(b[t, 0], b[t - 4, 4])
    assert (b[:, :, 3:7].sum(axis=2) <= 1).all()


def test_recall_finds_the_nearest():
    env = doors("recall", keep="forever", k=3, n=20, situation=[0, 2], outcome=["reward", 2], silent="count")
    past = []
    for before, action, after, reward, _, shown in steps_of(env, 80):
        past.append((before, action, reward, after))
        scored = []
        for age, (there, did, got, then) in enumerate(reversed(past[-20:])):
            distance = np.linalg.norm((there - after)[[0, 2]] / 3.0)
            scored.append((round(float(distance), 5), age, [np.exp(-distance), *(np.arange(3) == did), got, then[2]]))
        wanted = [row for _, _, row in sorted(scored, key=lambda s: s[:2])[:3]]
        wanted += [[0.0] * 6] * (3 - len(wanted))
        assert np.allclose(shown[3:], np.ravel(wanted), atol=1e-5)


def test_notebook_is_written_by_the_student_and_wiped_by_keep():
    env = doors("notebook", keep="chapter", slots=2, symbols=3)
    assert list(env.action_space.nvec) == [3, 3, 3]
    env.reset(seed=0)
    assert env.step([0, 1, 2])[0][3:].tolist() == [0, 0, 1, 0, 0, 0]
    assert env.step([0, 2, 0])[0][3:].tolist() == [0, 0, 1, 1, 0, 0]
    assert env.step([0, 0, 1])[0][3:].tolist() == [0, 0, 1, 1, 0, 0]
    assert env.reset()[0][3:].any()
    for _ in range(3):
        env.step([0, 0, 0])
    assert not env.reset()[0][3:].any()  # another chapter
    with pytest.raises(ValueError, match=r"slots 0\.\.2"):
        env.step([0, 3, 0])


@pytest.mark.parametrize("book", sorted(BOOKS))
def test_every_book_has_a_ledger_that_fits_and_learns(book):
    assert book in TABLES
    env = gym.make_vec(f"textbook/{book}Course-v0", num_envs=4)
    vector = RememberVector(env, "ledger")
    seen, _ = vector.reset(seed=0)
    rng = np.random.default_rng(0)
    assert not seen[:, vector.memory.width :].any()
    told = 0
    for _ in range(150):
        seen, *_ = vector.step(rng.integers(0, vector.single_action_space.n, 4))
        assert vector.observation_space.contains(seen)
        told += (seen[:, vector.memory.width :] != 0).any()
    assert told > 50
    starts = np.cumsum([0, *(page.rows for page in vector.memory.pages)])[:-1]
    entered = np.add.reduceat(vector.memory.visits.sum(axis=0), starts)
    assert entered.all(), "a table that never enters anything"


def test_who_copies_the_ledger_gets_good_marks_in_vocabulary():
    """Not a learner, a clerk: it answers what stands under `told`, else at random."""
    marks = {}
    for keep in ("edition", "exercise"):
        vector = RememberVector(gym.make_vec("textbook/VocabularyCourse-v0", num_envs=16, chapters=[1, 6]), keep=keep)
        rng, got = np.random.default_rng(0), []
        seen, _ = vector.reset(seed=0)
        for _ in range(60):
            right = seen[:, -8:]
            guesses = rng.integers(0, 8, 16)
            seen, *_, info = vector.step(np.where(right.any(axis=1), right.argmax(axis=1), guesses))
            got += list(info["mark"][info["exercise_done"] & (info["chapter"] == 1) & (info["exercise"] > 2)])
        marks[keep] = np.mean(got)
    assert marks["edition"] > marks["exercise"] + 0.3


# --- worn by others ----------------------------------------------------------------------------------


def test_pickled_it_goes_on_the_same():
    for name in MEMORIES:
        env = doors(name, **SMALL[name])
        walk(env, 20)
        copy = pickle.loads(pickle.dumps(env))
        heads = getattr(env.action_space, "nvec", [3])
        actions = [np.array([h - 1 for h in heads]) if len(heads) > 1 else 1] * 2
        assert np.array_equal(env.reset()[0], copy.reset()[0])
        for action in actions:
            assert np.array_equal(env.step(action)[0], copy.step(action)[0])


def remembered():
    return Remember(gym.make("textbook/Bandits-v0"), "ledger")


def test_async_vector_environments_remember_inside_and_outside():
    outside = RememberVector(AsyncVectorEnv([lambda: gym.make("textbook/Bandits-v0")] * 2), "ledger")
    inside = AsyncVectorEnv([remembered] * 2)
    plain = RememberVector(gym.make_vec("textbook/Bandits-v0", num_envs=2), "ledger")
    try:
        a, b, c = (e.reset(seed=0)[0] for e in (outside, inside, plain))
        assert a.shape == b.shape == c.shape  # the book's own tables, although the book is in other processes
        rng = np.random.default_rng(0)
        for _ in range(40):
            actions = rng.integers(0, 6, 2)
            a, b, c = (e.step(actions)[0] for e in (outside, inside, plain))
            assert np.array_equal(a, c)
            assert np.array_equal(b, c)
    finally:
        outside.close()
        inside.close()


@pytest.mark.parametrize("env_id", ["textbook/Bandits-v0", "textbook/MaintenanceCourse-v0"])
@pytest.mark.parametrize("name", MEMORIES)
def test_native_vec_env_equals_dummy_vec_env(env_id, name):
    pytest.importorskip("stable_baselines3")
    from stable_baselines3.common.vec_env import DummyVecEnv

    from textbook_gym.sb3 import make

    settings = {"keep": "forever", **SMALL[name]}
    native = make(env_id, 3, seed=3, memory=name, memory_settings=settings, exercises=2)
    dummy = DummyVecEnv([lambda: Remember(gym.make(env_id, exercises=2), name, **settings)] * 3)
    dummy.seed(3)
    assert native.observation_space == dummy.observation_space
    assert native.action_space == dummy.action_space
    assert np.array_equal(native.reset(), dummy.reset())
    rng, ended = np.random.default_rng(0), 0
    heads = getattr(native.action_space, "nvec", None)
    for _ in range(150):
        actions = rng.integers(0, native.action_space.n, 3) if heads is None else rng.integers(0, heads, (3, 3))
        ours, theirs = native.step(actions), dummy.step(actions)
        for a, b in zip(ours[:3], theirs[:3], strict=True):
            assert np.array_equal(a, b)
        for i in np.flatnonzero(ours[2]):
            assert np.array_equal(ours[3][i]["terminal_observation"], theirs[3][i]["terminal_observation"])
            ended += 1
    assert ended
    native.seed(3)
    again = native.reset()
    assert not np.array_equal(again, ours[0])
    dummy.seed(3)
    assert np.array_equal(again, dummy.reset())


def test_subproc_vec_env():
    pytest.importorskip("stable_baselines3")
    from stable_baselines3.common.vec_env import SubprocVecEnv

    from textbook_gym.sb3 import make

    envs = SubprocVecEnv([remembered] * 2, start_method="fork")
    native = make("textbook/Bandits-v0", 2, seed=0, memory="ledger")
    envs.seed(0)
    try:
        assert np.array_equal(envs.reset(), native.reset())
        for action in [0, 1, 2] * 8:
            assert np.array_equal(envs.step(np.full(2, action))[0], native.step(np.full(2, action))[0])
    finally:
        envs.close()


# --- as bytes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MEMORIES)
def test_saved_it_goes_on_in_another_number_of_lanes(name):
    many = RememberVector(SyncVectorEnv([Doors] * 3), name, keep="forever", **SMALL[name])
    many.reset(seed=0)
    heads = getattr(many.single_action_space, "nvec", 3)
    rng = np.random.default_rng(0)
    for _ in range(25):
        many.step(rng.integers(0, heads, 3 if np.ndim(heads) == 0 else (3, len(heads))))
    assert many.memory.nbytes == sum(a.nbytes for a in many.memory.arrays.values())
    one = doors(name, keep="edition", **SMALL[name])  # another scope may read it
    one.reset(seed=9)
    one.memory.load(many.memory.save([1]))
    assert one.memory.save() == many.memory.save([1])
    page = np.array([[0.5, 0.0, 0.0]] * 3, np.float32)
    assert np.array_equal(one.memory.look(page[:1])[0], many.memory.look(page)[1])
    many.memory.transplant(one.memory, [2])
    assert many.memory.save([2]) == many.memory.save([1])
    many.memory.transplant(one.memory.save(), [0])
    assert many.memory.save([0]) == many.memory.save([1])


def test_foreign_or_damaged_bytes_are_refused_and_nothing_is_touched():
    memory = doors("ledger").memory
    memory.cells[0, 0] = 5.0
    good, now = memory.save(), memory.save()
    other = doors("ledger", situation=[0]).memory
    course = gym.make("textbook/Bandits-v0")
    course.reset(seed=0)
    for data, message in (
        (b"", "no saved memory"),
        (b"{}\n123", "no saved memory"),
        (course.unwrapped.save(), "no saved memory"),
        (good[:-1], "damaged"),
        (good[:-1] + bytes([good[-1] ^ 1]), "damaged"),
        (doors("recap").memory.save(), "memory=recap"),
        (other.save(), "settings"),
        (RememberVector(SyncVectorEnv([Doors] * 2), "ledger").memory.save(), "2 saved lanes for 1"),
    ):
        with pytest.raises(ValueError, match=message) as caught:
            memory.load(data)
        assert "\n" not in str(caught.value)
        assert memory.save() == now
    with pytest.raises(ValueError, match="different numbers from 0 to 0"):
        memory.save([1])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: doors("leger"), "did you mean 'ledger'"),
        (lambda: doors("ledger", keep="editions"), "did you mean 'edition'"),
        (lambda: doors("recap", n=3), "does not take these settings"),
        (lambda: doors("ledger", row=3), "no 'row' .did you mean 'rows'"),
        (lambda: doors("ledger", situation=[9]), "places 0 to 2"),
        (lambda: doors("ledger", situation="cue"), "give a list"),
        (lambda: doors("ledger", rows=0), "rows=0"),
        (lambda: doors("ledger", silent="never"), "silent='never'"),
        (lambda: doors("ledger", under=[0, 1], situation=[2]), "as many floats"),
        (lambda: doors("ledger", actions=[7]), "no action 7"),
        (lambda: doors("ledger", tables=[{}], rows=4), "beside `tables`"),
        (lambda: doors("transcript", n=0), "n=0"),
        (lambda: doors("recall", k=9, n=4), "1 <= k <= n"),
        (lambda: doors("notebook", slots=0), "slots=0"),
        (lambda: Remember(gym.make("textbook/Bandits-v0"), "ledger", situation=["cues"]), "did you mean 'cue'"),
        (lambda: Remember(gym.make("textbook/Bandits-v0"), "ledger", situation=["like:cue"]), "'like' is none of"),
        (lambda: Remember(gym.make("textbook/Bandits-v0"), "ledger", situation=["cue[4:5]"]), "holds no floats"),
        (lambda: Remember(Doors(), Recap(), keep="edition"), "beside a Memory"),
        (lambda: Remember(gym.make("FrozenLake-v1"), "recap"), "flat Box"),
        (lambda: Remember(gym.make("Pendulum-v1"), "recap"), "Discrete actions"),
    ],
)
def test_wrong_requests_are_refused_in_one_line(make, message):
    with pytest.raises(ValueError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_stated_bytes_are_right():
    n, a, d = 4, 6, find("Bandits").width
    env = gym.make("textbook/Bandits-v0")
    rest = 4 * d + 20
    assert Remember(env, Recap()).memory.nbytes == rest + 16
    assert Remember(env, Transcript(n)).memory.nbytes == rest + 4 * n * (d + a + 2)
    ledger = Remember(env, "ledger", situation=["cue"], outcome=["payoff"], told=["arms"], rows=8).memory
    assert ledger.nbytes == rest + 4 * 8 * (a * (1 + 1) + 1 + 4) + 4
    recall = Remember(env, Recall(2, n, situation=["cue"], outcome=["payoff"])).memory
    assert recall.nbytes == rest + 4 * n * (4 + 3 + 1) + 8
    assert Remember(env, Notebook(3, 2)).memory.nbytes == rest + 4 * 3


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ({"observations": np.zeros((2, 2))}, r"observations of shape \(2, 2\): \(3, 2\) is needed"),
        ({"actions": np.zeros(2, int)}, r"actions of shape \(2,\): one a lane is needed, shape \(3,\)"),
        ({"rewards": np.zeros((3, 1))}, r"rewards of shape \(3, 1\)"),
        ({"info": {"mark": np.zeros(4)}}, r"mark of shape \(4,\)"),
    ],
)
def test_what_is_not_one_a_lane_is_refused_and_not_learned(what, message):
    """Compiled loops do not look whether a row exists: what they would read beside it must not get to them."""
    memory = Ledger(situation=[0], outcome=[1])
    memory.bind(gym.spaces.Box(0.0, 1.0, (2,)), gym.spaces.Discrete(3), 3)
    memory.begin(np.ones(3, bool), np.zeros((3, 2)), {})
    before = memory.save()
    good = {"actions": np.zeros(3, int), "observations": np.zeros((3, 2)), "rewards": np.ones(3), "info": {}}
    with pytest.raises(ValueError, match=message):
        memory.step(**{**good, **what})
    assert memory.save() == before
    with pytest.raises(ValueError, match="observations of shape"):
        memory.look(np.zeros((3, 5)))
