"""Alchemy follows the published task exactly: 100 recorded episodes, replayed through the public reset options.

`data/alchemy_replay.npz` was recorded from DeepMind's symbolic Alchemy (Wang et al. 2021, arXiv 2102.02926), random
actions; half of it with chemistries set explicitly, so that all graphs, maps and rotations occur, and part of it in the
41-action form, in which a trial can be ended early.
"""

import pathlib

import numpy as np
import pytest

from textbook_gym.books.tables import alchemy
from textbook_gym.engine.lanes import Lanes
from textbook_gym.registry import BOOKS

TRIALS, SLOTS = 10, 39


@pytest.fixture(scope="module")
def data():
    return np.load(pathlib.Path(__file__).parent.parent / "data" / "alchemy_replay.npz", allow_pickle=False)


def test_the_static_tables_are_the_published_ones(data):
    edges = (alchemy.EDGES[:, None] >> np.arange(12)) & 1
    assert np.array_equal(edges, data["tab_graph_edges"])
    assert pytest.approx(data["tab_graph_prior"].astype(float), rel=1e-6) == alchemy.PRIOR
    for look in range(32):
        assert np.array_equal(alchemy.STONE[look, :8, :3], data["tab_perceived"][look % 8, look // 8])


def chemistry(data, episode):
    return {
        "dim_map": data["potion_map_dim"][episode],
        "dir_map": data["potion_map_dir"][episode],
        "stone_map": data["stone_map_dir"][episode],
        "rotation": data["rotation"][episode],
        "graph": data["graph_index"][episode],
    }


@pytest.mark.parametrize("interpreted", [False, True], ids=["compiled", "interpreted"])
def test_every_recorded_step_is_reproduced(data, interpreted):
    """Every observation, reward, trial end and hidden stone, bit for bit, in both action forms."""
    n = 8 if interpreted else len(data["ep_len"])
    lanes = Lanes(BOOKS["Alchemy"], n, chapters=["exam"], exercises=TRIALS, interpreted=interpreted, split="all")
    lanes.plan["told"] = 1  # the recordings are without the exam's veil
    flat, out = lanes.buffers()
    worlds = [chemistry(data, e) for e in range(n)]
    shift = np.where(data["ep_end_trial_action"][:n], 0, 1)  # the 40-action form lacks action 0, end of trial
    at = np.concatenate([[0], np.cumsum(data["ep_len"])[:-1]])[:n].astype(int)
    compared = 0
    for trial in range(TRIALS):
        items = [{"stone": data["stones"][e, trial], "potion": data["potions"][e, trial]} for e in range(n)]
        lanes.reset(np.ones(n, np.bool_), flat, out, {"edition": worlds, "state": items})
        first = data["obs_reset"][:n] if trial == 0 else data["obs"][at - 1]
        assert flat[:, :SLOTS].tobytes() == np.ascontiguousarray(first).tobytes()
        if trial:
            assert np.array_equal(lanes.records["state"]["stone"], data["stone_latent"][at - 1])
        score, active = np.zeros(n), np.ones(n, np.bool_)
        while active.any():
            rows = at[active]
            assert (data["trial"][rows] == trial).all()
            actions = np.zeros(n, np.int64)
            actions[active] = data["action"][rows] + shift[active]
            lanes.advance(actions, flat, out)
            points = np.round(flat[:, SLOTS].astype(float) * 45)
            assert np.array_equal((points - score)[active], data["reward"][rows])
            score[active] = points[active]
            ended = data["trial_end"][rows]
            assert np.array_equal(out["exercise_done"][active], ended)
            # At a trial's end the recording shows the next trial already, except at the end of the episode.
            same = ~ended | data["episode_end"][rows]
            now = np.flatnonzero(active)[same]
            assert flat[now, :SLOTS].tobytes() == data["obs"][rows][same].tobytes()
            assert np.array_equal(lanes.records["state"]["stone"][now], data["stone_latent"][rows][same])
            compared += len(rows)
            at[active] += 1
            active[np.flatnonzero(active)[ended]] = False
    assert compared == data["ep_len"][:n].sum()


def brute_force(graph, stones, potions):
    """The most points that some stones can bring with some potions, by trying everything."""
    best = sum(max(alchemy.CASH[corner], 0) for corner in stones)
    for k in range(len(potions)):
        for i, corner in enumerate(stones):
            moved = alchemy.MOVE[graph, corner, potions[k]]
            if moved != corner:
                after = [*stones[:i], moved, *stones[i + 1 :]]
                best = max(best, brute_force(graph, after, potions[:k] + potions[k + 1 :]))
    return best


def test_the_search_is_exact():
    """What a trial's score is divided by, against exhaustive search on deals small enough for it."""
    rng = np.random.default_rng(0)
    n = 60
    lanes = Lanes(BOOKS["Alchemy"], n, chapters=["exam"], split="all")
    obs, out = lanes.buffers()
    stones, potions = rng.integers(0, 8, (n, 3)), np.full((n, 12), -1)
    potions[:, :4] = rng.integers(0, 6, (n, 4))
    items = [{"stone": stones[i], "potion": potions[i]} for i in range(n)]
    lanes.reset(np.ones(n, np.bool_), obs, out, {"edition": list(range(n)), "state": items})
    for i in range(n):
        graph = int(lanes.records["state"]["graph"][i])
        exact = brute_force(graph, stones[i].tolist(), potions[i, :4].tolist())
        assert lanes.records["state"]["best"][i] == exact
