"""Alchemy follows the published task exactly: 100 recorded episodes, replayed through the public reset options.

`data/alchemy_replay.npz` was recorded from DeepMind's symbolic Alchemy (Wang et al. 2021, arXiv 2102.02926), random
actions; half of it with chemistries set explicitly, so that all graphs, maps and rotations occur, and part of it in the
41-action form, in which a trial can be ended early.
"""

import pathlib
import re

import numpy as np
import pytest

from textbook_gym.authoring.records import Row
from textbook_gym.books.alchemy import FINEST, Action
from textbook_gym.books.tables import alchemy
from textbook_gym.books.words.alchemy import say
from textbook_gym.engine.lanes import Lanes
from textbook_gym.engine.loops import Wipe
from textbook_gym.registry import BOOKS
from textbook_gym.students.base import ABLATED, REFERENCES
from textbook_gym.students.rollout import walk

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
    lanes.plan["told"], lanes.plan["faded"] = 1, 0  # the recordings are without the exam's veil, all labels plain
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


# --- the lens ----------------------------------------------------------------------------------

TRAY = [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
FADE = [0, 1, 2, 3, 4, 5] * 2


def table(chapter, stones, fade=FADE, n=4):
    """Lanes at a chapter, with these stones, twelve potions and these labels; their buffers and what is seen."""
    lanes = Lanes(BOOKS["Alchemy"], n, chapters=[chapter], exercises=3, split="all")
    obs, out = lanes.buffers()
    items = {"stone": stones, "potion": TRAY}
    lanes.reset(np.ones(n, np.bool_), obs, out, {"edition": list(range(n)), "state": items})
    lanes.records["state"]["fade"] = fade
    return lanes, obs, out, obs.view(lanes.book.observation_type())[:, 0]


def press(lanes, obs, out, action):
    lanes.advance(np.full(len(lanes), int(action)), obs, out)


TOP = alchemy.TOP


@pytest.mark.parametrize(
    ("chapter", "stones", "fade", "grades"),
    [
        ("review", [3, TOP, 0], FADE, 1),  # stone B is at the top
        ("review", [TOP, 3, TOP], FADE, 0),  # it is not, whatever the others are
        ("review", [TOP, -1, TOP], FADE, 0),  # there is none
        ("review", [3, TOP, 0], [0] * 12, 0),  # all labels can be read
        ("exam", [3, TOP, 0], FADE, 0),  # under the veil
    ],
)
def test_a_stone_at_the_top_makes_the_lens_finer_and_ends_the_exercise(chapter, stones, fade, grades):
    lanes, obs, out, seen = table(chapter, stones, fade)
    press(lanes, obs, out, Action.B_GRIND)
    assert out["exercise_done"].all()
    assert (lanes.records["state"]["stone"][:, 1] == -1).all()
    assert (lanes.records["state"]["score"] == 0).all()
    assert seen["lens"] == pytest.approx(grades / FINEST)
    press(lanes, obs, out, Action.NO_OP)  # turns the page
    assert not out["exercise_done"].any()
    assert seen["lens"] == pytest.approx(grades / FINEST)


def test_the_stone_that_is_ground_is_what_the_mark_lacks():
    """Two stones at the top, one is thrown and one ground: half of the mark that throwing both brings."""
    for last, mark in ((Action.B_CAULDRON, 1.0), (Action.B_GRIND, 0.5)):
        lanes, obs, out, _ = table("three stones", [TOP, TOP, -1])
        for action in (Action.A_CAULDRON, last, Action.END_TRIAL)[: 3 - (last == Action.B_GRIND)]:
            press(lanes, obs, out, action)
        assert out["exercise_done"].all()
        assert lanes.records["clock"]["mark"] == pytest.approx(mark)


@pytest.mark.parametrize("chapter", ["review", "exam"])
@pytest.mark.parametrize("lens", range(FINEST + 1))
def test_a_lens_reads_the_labels_that_are_faded_no_more_than_it_is_fine(chapter, lens):
    lanes, obs, out, seen = table(chapter, [3, TOP, 0])
    lanes.records["state"]["lens"] = lens
    press(lanes, obs, out, Action.NO_OP)
    colours = np.take_along_axis(lanes.records["state"]["colour"], np.tile(TRAY, (len(lanes), 1)), axis=1)
    shown = np.where(np.array(FADE) > lens, alchemy.FADED, colours)
    assert np.array_equal(seen["potions"], alchemy.POTION[shown].astype(np.float32))


def test_a_potion_works_as_its_colour_does_however_faded_its_label():
    after = []
    for fade in ([0] * 12, [FINEST] * 12):
        lanes, obs, out, _ = table("missing edges", [3, 5, 0], fade)
        for action in (Action.A_1, Action.B_4, Action.C_8, Action.A_10):
            press(lanes, obs, out, action)
        after.append(lanes.records["state"])
    for name in ("stone", "potion", "score", "left"):
        assert np.array_equal(after[0][name], after[1][name]), name


def test_no_chapter_asks_for_a_finer_lens_than_can_be_made():
    lanes = Lanes(BOOKS["Alchemy"], 64, split="all", episode="book")
    assert lanes.plan["faded"].max() == FINEST
    for row in lanes.plan:
        obs, out = lanes.buffers()
        options = {"edition": list(range(64)), "chapter": int(row["number"])}
        lanes.reset(np.ones(64, np.bool_), obs, out, options)
        assert set(lanes.records["state"]["fade"][:, : row["potions"]].ravel()) == set(range(row["faded"] + 1))


def walked(student):
    """Rows of a student's courses, and the chapter of each exercise."""
    lanes = Lanes(BOOKS["Alchemy"], 128, episode="book", split="test")
    rows = walk(student, lanes, list(range(128)), Wipe.NEVER)
    return rows["mark"].mean(axis=0), rows["chapter"][0]


def test_a_lens_costs_where_labels_begin_to_fade_and_pays_from_the_middle_of_the_chapter_to_the_exam():
    whole, chapter = walked(REFERENCES["model"])
    without, _ = walked(ABLATED["model-self-improvement"])
    gap = whole - without
    assert (gap[chapter < 3] == 0).all()  # all labels are plain
    assert gap[chapter == 3][0] < -0.3
    assert gap[chapter == 3][4:].min() > 0.2
    assert gap[chapter == 4][1:].min() > 0.05
    assert gap[chapter == 6].min() > 0.4


def test_there_is_something_to_learn_in_every_chapter_but_the_exam():
    marks, chapter = walked(REFERENCES["model"])
    for number in range(1, 6):
        own = marks[chapter == number]
        third = len(own) // 3
        assert own[-third:].mean() > own[:third].mean() + 0.08, number


@pytest.mark.parametrize(
    ("chapter", "stones", "told"),
    [
        ("review", [3, TOP, 0], r"\+3\): your lens is of grade 1 now. That ended the exercise."),
        ("review", [TOP, 3, 0], r"\+1\): nothing came of it. That ended the exercise."),
        ("review", [TOP, -1, 0], "There is no stone B to grind. That ended the exercise."),
        ("exam", [3, TOP, 0], "You ground stone B: nothing came of it. That ended the exercise."),
    ],
)
def test_words_tell_what_came_of_grinding(chapter, stones, told):
    lanes, obs, out, seen = table(chapter, stones)
    p, pages = Row(lanes.plan[0]), []
    press(lanes, obs, out, Action.NO_OP)
    for action in (None, Action.B_GRIND):
        if action is not None:
            press(lanes, obs, out, action)
        page = np.zeros(1, lanes.book.observation_type("f8"))
        for name in page.dtype.names:
            page[name] = seen[name][0]
        pages.append(Row(page[0]))
    assert re.search(told, say(p, pages[0], Action.B_GRIND, pages[1]))
    assert ("You have no lens." in say(p, pages[0], Action.B_GRIND, pages[1])) == ("grade 1" not in told)
