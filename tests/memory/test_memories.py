"""Each memory is what a plain model of it is, and takes, saves and refuses what it should."""

import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import SyncVectorEnv
from helpers.foreign import SMALL, Doors, doors, walk

from textbook_gym.memory.catalogue import MEMORIES, make_memory
from textbook_gym.memory.ledger import Ledger
from textbook_gym.memory.notebook import Notebook
from textbook_gym.memory.recall import Recall
from textbook_gym.memory.recap import Recap
from textbook_gym.memory.transcript import Transcript
from textbook_gym.registry import BOOKS, find, id_of
from textbook_gym.remember import Remember, RememberVector

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
    env = doors("ledger", keep="forever", situation=[0, 1], outcome=["reward", 2], shared=["mark", "action"])
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
    return memory.augment(np.array([situation], np.float32))[0, 2:]


def test_ledger_drops_the_situation_longest_not_entered_into():
    memory = bound("ledger", situation=[0], outcome=["reward"], rows=2)
    assert tell(memory, [0.1, 0], 1, 0.5)[3] == 0.5
    tell(memory, [0.2, 0], 1, 0.25)
    tell(memory, [0.1, 0], 0, 1.0)
    tell(memory, [0.3, 0], 0, 0.75)  # takes the place of 0.2
    assert not memory.augment(np.array([[0.2, 0]], np.float32))[0, 2:].any()
    assert memory.augment(np.array([[0.1, 0]], np.float32))[0, 3:7] == pytest.approx([1.0, 0.139, 0.5, 0.22], abs=1e-3)


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
    memory = bound("ledger", under=[1], situation=[0], outcome=[], shared=["reward"])
    assert not tell(memory, [0.5, 0], 0, 1.0, answer=0.0).any()  # nothing found
    tell(memory, [0.5, 0], 0, 0.75, answer=-0.5)
    assert memory.augment(np.array([[-0.5, 0]], np.float32))[0, -1] == 0.75
    memory = bound("ledger", situation=[[0], [1]], outcome=[], shared=["reward"])
    tell(memory, [0.5, 0.25], 0, 0.75)
    assert memory.augment(np.array([[0.25, 0.5]], np.float32))[0, 2:] == pytest.approx([0, 0, 0.139, 0.75], abs=1e-3)


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


def test_nothing_is_written_if_the_action_is_refused():
    env = doors("notebook", slots=2, symbols=3)
    env.reset(seed=0)
    before = env.memory.save()
    for action in (3, -1):
        with pytest.raises(ValueError, match=r"actions \[-?\d\]: whole numbers 0\.\.2 are needed"):
            env.step([action, 1, 2])
        assert env.memory.save() == before


@pytest.mark.parametrize("book", sorted(BOOKS))
def test_every_book_has_a_ledger_that_fits_and_learns(book):
    assert find(book).ledger
    env = gym.make_vec(id_of(book, "Course"), num_envs=4)
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
    starts = np.cumsum([0, *(table.rows for table in vector.memory.tables)])[:-1]
    entered = np.add.reduceat(vector.memory.visits.sum(axis=0), starts)
    assert entered.all(), "a table that never enters anything"


def test_who_copies_the_ledger_gets_good_marks_in_vocabulary():
    """Not a learner, a clerk: it answers what stands under `shared`, else at random."""
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
    assert np.array_equal(one.memory.augment(page[:1])[0], many.memory.augment(page)[1])
    many.memory.transplant(one.memory, [2])
    assert many.memory.save([2]) == many.memory.save([1])
    many.memory.transplant(one.memory.save(), [0])
    assert many.memory.save([0]) == many.memory.save([1])


def test_foreign_or_damaged_bytes_are_refused_and_nothing_is_touched():
    memory = doors("ledger").memory
    memory.cells[0, 0] = 5.0
    good, now = memory.save(), memory.save()
    other = doors("ledger", situation=[0]).memory
    course = gym.make("textbook/Bandits-v1")
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
        (lambda: Remember(gym.make("textbook/Bandits-v1"), "ledger", situation=["cues"]), "did you mean 'cue'"),
        (lambda: Remember(gym.make("textbook/Bandits-v1"), "ledger", situation=["like:cue"]), "'like' is none of"),
        (lambda: Remember(gym.make("textbook/Bandits-v1"), "ledger", situation=["cue[4:5]"]), "holds no floats"),
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
    env = gym.make("textbook/Bandits-v1")
    rest = 4 * d + 20
    assert Remember(env, Recap()).memory.nbytes == rest + 16
    assert Remember(env, Transcript(n)).memory.nbytes == rest + 4 * n * (d + a + 2)
    ledger = Remember(env, "ledger", situation=["cue"], outcome=["payoff"], shared=["arms"], rows=8).memory
    assert ledger.nbytes == rest + 4 * 8 * (a * (1 + 1) + 1 + 4) + 4
    recall = Remember(env, Recall(2, n, situation=["cue"], outcome=["payoff"])).memory
    assert recall.nbytes == rest + 4 * n * (4 + 3 + 1) + 8
    assert Remember(env, Notebook(3, 2)).memory.nbytes == rest + 4 * 3


@pytest.mark.parametrize("name", MEMORIES)
def test_arrays_may_come_in_any_form(name):
    """Compiled loops are called without a look at types: whatever is not as they want it must be made so before."""
    plain, other = (make_memory(name, **SMALL[name]) for _ in range(2))
    rng = np.random.default_rng(0)
    n, d, a = 3, 4, 5
    for memory in (plain, other):
        memory.bind(gym.spaces.Box(0.0, 1.0, (d,)), gym.spaces.Discrete(a), n)
    every = np.ones(n, bool)

    def forms(array):
        frozen = array.copy()
        frozen.setflags(write=False)
        spread = np.repeat(array, 2, axis=0)[::2]
        return array, array.astype(np.float64), np.asfortranarray(array), array.astype(">f4"), frozen, spread

    for memory in (plain, other):
        memory.begin(every, np.zeros((n, d), np.float32), {})
    for step in range(60):
        seen = rng.random((n, d)).round(1).astype(np.float32)
        actions, rewards, done = rng.integers(0, a, n), rng.random(n).astype(np.float32), rng.random(n) < 0.3
        marks = np.where(done, 0.5, 0.0).astype(np.float32)
        plain.step(actions, seen, rewards, {"exercise_done": done, "mark": marks})
        strange = forms(seen)[step % 6], forms(rewards)[step % 6], forms(marks)[step % 6]
        told = {"exercise_done": [list(done), done, done.astype(int)][step % 3], "mark": strange[2]}
        other.step([list(actions), actions.astype(np.uint8)][step % 2], strange[0], strange[1], told)
        assert plain.save() == other.save()
        which = np.array([2, 0])
        assert np.array_equal(plain.augment(seen)[which], other.augment(forms(seen[which])[step % 6], [2, 0]))


@pytest.mark.parametrize("magnitudes", [np.ones(6), np.logspace(-3, 3, 6)])
def test_recall_is_certain_of_the_very_same_and_takes_the_latest_first(magnitudes):
    rng = np.random.default_rng(0)
    pool = (rng.uniform(-1.0, 1.0, (15, 6)) * magnitudes).astype(np.float32)
    pool[:, 2] = pool[0] = 0.0
    memory = Recall(k=3, n=32, situation=list(range(6)), outcome=["reward"], silent="count", keep="forever")
    memory.bind(gym.spaces.Box(-np.inf, np.inf, (6,)), gym.spaces.Discrete(2))
    one, times = np.ones(1, bool), {k: [] for k in range(len(pool))}
    for t in range(200):
        k = int(rng.integers(len(pool)))
        memory.begin(one, pool[k : k + 1], {})
        memory.learn(one, np.zeros(1, int), pool[:1], np.array([t / 100]), {"exercise_done": one})
        times[k].append(t)
        kept = [u for u in times[k] if u > t - 32]
        shown = memory.augment(pool[k : k + 1])[0, 6:].reshape(3, 4)
        same = [row[3] for row in shown if row[0] == 1.0]
        assert np.allclose(same, [u / 100 for u in kept[::-1][:3]])


def test_rewards_are_kept_within_bounds():
    for given, kept in ((1e300, 10.0), (-np.inf, -10.0), (9.5, 9.5), (np.float32(-11), -10.0)):
        memory = bound("recap")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            memory.learn(np.ones(1, bool), np.zeros(1, int), np.zeros((1, 2)), np.array([given]), {})
        assert memory.reward[0] == kept


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ({"observations": np.zeros((2, 2))}, r"observations of shape \(2, 2\): \(3, 2\) is needed"),
        ({"actions": np.zeros(2, int)}, r"actions of shape \(2,\): one a lane is needed, shape \(3,\)"),
        ({"rewards": np.zeros((3, 1))}, r"rewards of shape \(3, 1\)"),
        ({"info": {"mark": np.zeros(4)}}, r"mark of shape \(4,\)"),
        ({"actions": np.array([0, 3, 1])}, r"actions\[1\] = 3: whole numbers 0\.\.2 are needed"),
        ({"actions": np.array([0, 1, -1])}, r"actions\[2\] = -1: whole numbers 0\.\.2 are needed"),
        ({"reset": np.zeros(2, bool)}, r"mask of shape \(2,\)"),
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
        memory.augment(np.zeros((3, 5)))
    with pytest.raises(ValueError, match=r"lanes \[0, 3\]: give numbers from 0 to 2"):
        memory.augment(np.zeros((2, 2)), [0, 3])
