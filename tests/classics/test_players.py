"""Players of the classics do what theory says, and what was published."""

import itertools
import math
import pathlib

import gymnasium as gym
import numpy as np
import pytest

from textbook_gym.books.tables import alchemy
from textbook_gym.classics.players import gittins
from textbook_gym.classics.players.alchemy import IdealObserver
from textbook_gym.engine.jit import compiled
from textbook_gym.engine.lanes import Lanes
from textbook_gym.engine.loops import Wipe
from textbook_gym.registry import find
from textbook_gym.students.base import REFERENCES
from textbook_gym.students.rollout import walk


def play(task, who, count, first=0, **parameters):
    """Raw rewards by episode and exercise."""
    lanes = Lanes(find(task, **parameters).path, count, episode="book", reward="raw", split="all")
    return walk(who, lanes, list(range(first, first + count)), Wipe.NEVER)["reward"]


def bandit(student, arms, pulls, episodes=2000, tuning=0.0):
    who = REFERENCES["model"] if isinstance(student, str) else student
    kept = {"student": student, "tuning": tuning} if isinstance(student, str) else {}
    return play("RL2Bandit", who, episodes, arms=arms, pulls=pulls, **kept).sum(1)


def apart(one, other):
    """How many standard errors one mean of paired values lies above the other."""
    difference = one - other
    return difference.mean() / (difference.std() / math.sqrt(len(difference)) + 1e-12)


# --- bandits --------------------------------------------------------------------------------


@pytest.mark.xdist_group("RL2Bandit")
@pytest.mark.parametrize(("arms", "pulls"), [(2, 10), (3, 6)])
def test_the_bayes_optimal_value_is_reproduced(arms, pulls):
    exact = gittins.optimal_value(arms, pulls)
    for player in (gittins.Optimal(), gittins.Gittins()):
        totals = bandit(player, arms, pulls, 4000)
        assert abs(totals.mean() - exact) < 2 * totals.std() / math.sqrt(len(totals)), player.name


def test_two_pulls_of_two_arms_by_hand():
    """1/2 for the first pull; after a payoff the same arm is worth 2/3, after none the other one 1/2."""
    assert gittins.optimal_value(2, 2) == pytest.approx(0.5 + 0.5 * 2 / 3 + 0.5 * 1 / 2)


@pytest.mark.xdist_group("RL2Bandit")
def test_nobody_beats_the_index():
    index = bandit(gittins.Gittins(), 10, 100)
    others = [("random", 0.0), ("greedy", 0.0), ("epsilon", 0.05), ("thompson", 0.0), ("optimistic", 0.0)]
    for student, tuning in [*others, ("ucb1", 0.3), ("ucb_prior", 0.3)]:
        assert apart(bandit(student, 10, 100, tuning=tuning), index) < 2.5, student


@pytest.mark.xdist_group("RL2Bandit")
@pytest.mark.parametrize(("student", "tuning"), [("ucb1", 0.5), ("thompson", 0.0)])
def test_regret_grows_as_the_logarithm(student, tuning):
    """At fixed arms: from 125 pulls to 1,000 regret does not double."""
    lanes = 800
    regrets = []
    for pulls in (125, 250, 500, 1000):
        book = find("RL2Bandit", arms=2, pulls=pulls, student=student, tuning=tuning)
        made = Lanes(book.path, lanes, episode="book", split="all")
        made.reset(np.ones(lanes, np.bool_), *made.buffers(), {"edition": [{"chance": [0.3, 0.7]}] * lanes})
        notes = np.zeros(lanes, book.notes)
        notes["rng"] = np.arange(1, lanes + 1) * 7919
        rows = made.engine.walk(made.records, made.plan, notes, REFERENCES["model"].who, Wipe.NEVER, 1)
        regrets.append(pulls * 0.4 * (1.0 - rows["mark"].mean()))
    assert (np.diff(regrets) > 0).all()
    assert regrets[3] < 2.0 * regrets[0]  # the logarithm grows by 1.4 there, a line by 8
    assert regrets[3] < 0.05 * 1000 * 0.4


@pytest.mark.xdist_group("RL2Bandit")
def test_thompson_sampling_agrees_with_a_simulation_of_a_few_lines():
    """An independent simulation decides where published figures differ from ours."""
    rng, n, arms = np.random.default_rng(0), 4000, 10
    for student, pulls in itertools.product(("thompson", "optimistic"), (10, 100)):  # at 10 the greedy lie far above
        chances, wins, losses = rng.random((n, arms)), np.ones((n, arms)), np.ones((n, arms))
        total = np.zeros(n)
        for _ in range(pulls):
            drawn = rng.beta(wins, losses)
            if student == "optimistic":
                drawn = np.maximum(drawn, wins / (wins + losses))
            arm = drawn.argmax(1)
            paid = rng.random(n) < chances[np.arange(n), arm]
            wins[np.arange(n), arm] += paid
            losses[np.arange(n), arm] += ~paid
            total += paid
        ours = bandit(student, arms, pulls, 4000)
        error = math.sqrt((ours.var() + total.var()) / n)
        assert abs(ours.mean() - total.mean()) < 3 * error, (student, pulls)


# --- processes ------------------------------------------------------------------------------


@pytest.mark.xdist_group("RL2MDP")
def test_the_oracle_gets_the_value_that_value_iteration_gives():
    """Shares of next states are gaps between cuts; checked against plain backward induction on them."""
    lanes = Lanes(find("RL2MDP", episodes=40).path, 50, episode="book", reward="raw", split="all")
    rows = walk(REFERENCES["oracle"], lanes, list(range(50)), Wipe.NEVER)
    mean, cut = lanes.records["edition"]["mean"], lanes.records["edition"]["cut"] / 2.0**31
    share = np.diff(cut, prepend=0.0, append=1.0, axis=-1)
    assert share.min() >= 0.0
    value = np.zeros((50, 10))
    for _ in range(10):
        value = (mean + np.einsum("nsat,nt->nsa", share, value)).max(-1)
    difference = rows["reward"].mean(1) - value[:, 0]
    assert abs(difference.mean()) < 3 * difference.std() / math.sqrt(50)
    assert (rows["mark"] == 1.0).all()


@pytest.mark.xdist_group("RL2MDP")
def test_players_of_processes_learn_and_none_beats_the_oracle():
    last = {}
    for student in ("random", "greedy", "epsilon", "psrl", "opsrl", "beb", "ucrl2"):
        rewards = play("RL2MDP", REFERENCES["model"], 120, episodes=25, student=student, tuning=0.0)
        last[student] = rewards[:, -8:].mean(1)
    best = play("RL2MDP", REFERENCES["oracle"], 120, episodes=25)[:, -8:].mean(1)
    assert abs(last["random"].mean() - 10.0) < 0.5  # mean reward 1 a step
    for student, rewards in last.items():
        assert apart(rewards, best) < 0.0
        if student != "random":
            assert apart(rewards, last["random"]) > 10.0, student


@pytest.mark.xdist_group("RL2MDP")
def test_each_player_of_processes_is_another():
    """Bonus and bounds gain on the posterior mean, and that on draws from it, as in the benchmark's table."""
    players = {"greedy": 0.0, "epsilon": 0.0, "psrl": 0.0, "opsrl": 0.0, "beb": 1.0, "ucrl2": 0.0}
    total = {
        student: play("RL2MDP", REFERENCES["model"], 240, episodes=25, student=student, tuning=tuning).sum(1)
        for student, tuning in players.items()
    }
    for one, other in itertools.combinations(total.values(), 2):
        assert not np.array_equal(one, other)
    for better, worse in (("beb", "greedy"), ("ucrl2", "greedy"), ("greedy", "opsrl"), ("opsrl", "psrl")):
        assert apart(total[better], total[worse]) > 2.5, (better, worse)


@pytest.mark.xdist_group("RL2MDP")
def test_a_process_set_by_hand_is_solved_anew():
    """Marks are of the process that is set, not of the one that its lane opened first; and so for a second one."""
    env = gym.make("textbook/RL2MDP-v0", states=10, actions=5).unwrapped
    env.reset(seed=0)
    cut = np.zeros((10, 5, 9), int)  # the next state is always the last
    for best in (3, 1):
        mean = np.zeros((10, 5))
        mean[:, best] = 1.0
        env.reset(options={"edition": {"mean": mean, "cut": cut}})
        for action in [best] * 9:
            env.step(action)
        assert env.step(best)[4]["mark"] == 1.0
        for action in [best] * 4 + [0] * 5:
            env.step(action)
        assert env.step(0)[4]["mark"] == pytest.approx(0.4, abs=1e-3)


@pytest.mark.xdist_group("RL2MDP")
def test_flat_dirichlet_shares():
    """Mean 1/S and variance (S - 1) / (S^2 (S + 1)) of every share."""
    lanes = Lanes(find("RL2MDP").path, 400, split="all")
    lanes.reset(np.ones(400, np.bool_), *lanes.buffers(), None, list(range(400)))
    share = np.diff(lanes.records["edition"]["cut"] / 2.0**31, prepend=0.0, append=1.0, axis=-1)
    assert share.mean(axis=(0, 1, 2)) == pytest.approx(np.full(10, 0.1), abs=0.004)
    assert share.var() == pytest.approx(9 / (100 * 11), rel=0.05)


# --- alchemy ----------------------------------------------------------------------------------


@pytest.mark.xdist_group("SymbolicAlchemy")
@pytest.mark.parametrize("ends", [False, True], ids=["40 actions", "41 actions"])
def test_recorded_episodes_pass_through_the_classic(ends):
    """Observation, reward, end of trial and hidden stones of the recordings, as the environment shows them itself."""
    data = np.load(pathlib.Path(__file__).parent.parent / "data" / "alchemy_replay.npz", allow_pickle=False)
    chosen = np.flatnonzero(data["ep_end_trial_action"] == ends)
    lanes = Lanes(
        find("SymbolicAlchemy", rotation=True, end_trial=ends).path,
        len(chosen),
        reward="raw",
        split="all",
        episode="book",
    )
    flat, out = lanes.buffers()
    at = np.concatenate([[0], np.cumsum(data["ep_len"])[:-1]])[chosen].astype(int)
    names = {"dim_map": "potion_map_dim", "dir_map": "potion_map_dir", "stone_map": "stone_map_dir"}
    names |= {"rotation": "rotation", "graph": "graph_index"}
    worlds = [{field: data[key][e] for field, key in names.items()} for e in chosen]
    compared = 0
    for trial in range(10):
        items = [{"stone": data["stones"][e, trial], "potion": data["potions"][e, trial]} for e in chosen]
        lanes.reset(np.ones(len(chosen), np.bool_), flat, out, {"edition": worlds, "state": items})
        first = data["obs_reset"][chosen] if trial == 0 else data["obs"][at - 1]
        assert flat[:, :39].tobytes() == np.ascontiguousarray(first).tobytes()
        active = np.ones(len(chosen), np.bool_)
        while active.any():
            actions = np.zeros(len(chosen), np.int64)
            rows = at[active]
            actions[active] = data["action"][rows]
            lanes.advance(actions, flat, out)
            assert np.array_equal(out["reward"][active].astype(np.float32), data["reward"][rows])
            ended = data["trial_end"][rows]
            assert np.array_equal(out["exercise_done"][active], ended)
            same = ~ended | data["episode_end"][rows]
            now = np.flatnonzero(active)[same]
            assert flat[now, :39].tobytes() == data["obs"][rows][same].tobytes()
            assert np.array_equal(lanes.records["state"]["stone"][now], data["stone_latent"][rows][same])
            compared += len(rows)
            at[active] += 1
            active[np.flatnonzero(active)[ended]] = False
    assert compared == data["ep_len"][chosen].sum()


@pytest.mark.xdist_group("SymbolicAlchemy")
def test_scripted_players_of_alchemy_score_as_published():
    """Random heuristic 147.0 +- 1.6, search oracle 288.5 +- 1.5 (1,000 episodes of the reference)."""
    for who, parameters, published, error in (
        ("model", {"student": "heuristic"}, 147.0, 1.6),
        ("oracle", {}, 288.5, 1.5),
    ):
        totals = play("SymbolicAlchemy", REFERENCES[who], 4000, **parameters).sum(1)
        assert abs(totals.mean() - published) < 2.5 * math.hypot(totals.std() / math.sqrt(4000), error)


def expectimax(h_weights, maps, stones, counts):
    """The best plan's worth by brute force: potion map, graph and stone map as one explicit belief."""
    one = next(iter(maps))
    best = sum(max(0, alchemy.CASH[x ^ 7 ^ one]) for x in stones)
    for i, colour in itertools.product(range(3), range(6)):
        if not counts[colour]:
            continue
        after = list(counts)
        after[colour] -= 1
        outcomes = {}
        for (h, g), weight in h_weights.items():
            kind = int(alchemy.KIND[h, colour])
            to = int(alchemy.MOVE[g, stones[i], kind])
            for m in maps:
                shown = sum(alchemy.SIGN[to ^ 7 ^ m])
                outcomes.setdefault((to, shown), []).append((h, g, m, weight))
        total = sum(h_weights.values()) * len(maps)
        value = 0.0
        for (to, _), cases in outcomes.items():
            left = {(h, g): weight for h, g, _, weight in cases}
            share = sum(weight for *_, weight in cases) / total
            value += share * expectimax(left, {m for _, _, m, _ in cases}, [*stones[:i], to, *stones[i + 1 :]], after)
        best = max(best, value)
    return best


@pytest.mark.xdist_group("SymbolicAlchemy")
def test_the_ideal_observer_searches_exactly():
    """Against brute force over all chemistries, on deals small enough for it."""
    from textbook_gym.classics.players import chemistry
    from textbook_gym.classics.players import ideal_observer as search
    from textbook_gym.classics.players.alchemy import Belief

    player = IdealObserver(budget=10**6)
    player.begin(find("SymbolicAlchemy"), 1, 0)
    weight, closed = chemistry.knowledge()
    prior = {(h, g): float(alchemy.PRIOR[g]) for h in range(48) for g in range(109)}
    for stones, tray, m in (((3, 5, 0), (0, 1), 7), ((6, 6, 2), (2, 2), 5)):
        maps = {k for k in range(8) if all(chemistry.INDICATOR[k, x] == chemistry.INDICATOR[m, x] for x in stones)}
        counts = np.bincount(tray, minlength=6)
        exact = expectimax(prior, maps, list(stones), counts.tolist())
        player.stones[0], player.counts[0], player.codes[0] = stones, counts, Belief().codes
        told = np.array([0, -1, -1, 10**6])
        left = sum(1 << k for k in maps)
        value = compiled(search.search)(
            0, len(tray), left, 0, -1.0, (player.codes, player.stones, player.counts), (weight, closed),
            (player.names, player.values, player.exactly), player.room, told,
        )  # fmt: skip
        assert value == pytest.approx(exact, abs=1e-5)


@pytest.mark.xdist_group("SymbolicAlchemy")
def test_the_ideal_observer_is_all_but_the_oracle_once_it_knows():
    """In its first trial it searches; in the last three it loses next to nothing."""
    observer = IdealObserver(budget=500)
    ideal = play("SymbolicAlchemy", observer, 4)
    oracle = play("SymbolicAlchemy", REFERENCES["oracle"], 4)
    assert (ideal <= oracle).all()
    assert (oracle - ideal)[:, -3:].mean() < 1.0
    assert observer.exact > 0.5 * observer.decisions


# --- people and monkeys --------------------------------------------------------------------


def test_types_are_learned_in_the_published_order():
    """I < II < III, IV, V < VI in errors (Shepard et al. 1961; Nosofsky et al. 1994)."""
    errors = {
        kind: 400 - play("ShepardTypes", REFERENCES["model"], 300, type=kind).sum(1).mean()
        for kind in ("I", "II", "III", "IV", "V", "VI")
    }
    middle = [errors[kind] for kind in ("III", "IV", "V")]
    assert errors["I"] < errors["II"] < min(middle)
    assert max(middle) < errors["VI"]


def test_the_six_types_are_six():
    """Four figures each, and no two types turn into each other by exchanging features or values."""
    from textbook_gym.classics.shepard_types import IN_A

    assert (IN_A.sum(1) == 4).all()
    kinds = set()
    for row in IN_A:
        turned = []
        for part, flip in itertools.product(itertools.permutations(range(3)), range(8)):
            asked = [sum(((x ^ flip) >> part[i] & 1) << i for i in range(3)) for x in range(8)]
            turned += [tuple(row[asked]), tuple(1 - row[asked])]
        kinds.add(min(turned))
    assert len(kinds) == 6


def test_one_trial_is_enough_with_a_learning_set():
    first = play("Harlow", REFERENCES["model"], 400, trials=1).mean()
    rest = (play("Harlow", REFERENCES["model"], 400, trials=6).mean() - first) / 5
    side = play("Harlow", REFERENCES["model"], 400, trials=6, student="side").mean() / 6
    assert abs(first - 0.5) < 0.03
    assert rest == pytest.approx(1.0, abs=0.02)
    assert abs(side - 0.5) < 0.03
