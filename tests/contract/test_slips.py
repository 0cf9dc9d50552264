"""What an author is told: of slips in one line, before anything is compiled; of defects all together, a line each."""

import re

import gymnasium as gym
import numpy as np
import pytest

from textbook_gym.authoring.book import read
from textbook_gym.checks import check_book, check_named_courses, opened
from textbook_gym.engine.lanes import Lanes
from textbook_gym.engine.loops import Actor, Wipe
from textbook_gym.errors import BookError

MALFORMED = [
    ('"switch", "i1"', '"switch", "f4"', "kind 'f4'; choose one of"),
    ('Field("right"', 'Field("presses"', "there twice"),
    ('Signal("lit"', 'Signal("left"', "belongs to the header"),
    ("high=LAMPS - 1", "high=300", r"EDITION.switch has low=0, high=300; its kind i1 holds -128 to 127, low at most"),
    ("low=0,", "low=9,", "has low=9, high=7; .*low at most high"),
    ("0.0, 1.0, ", "0.0, float('inf'), ", "finite bounds"),
    ('"four lamps",    8,    4', '"four lamps",    8,    0', "must be at least 1"),
    ('"four lamps",    8,    4', '"four lamps",    "8",    4', "exercises '8' and limit 4 must be whole numbers"),
    ('"four lamps",    8,    4', '"four lamps",    8,    4.5', "limit 4.5 must be whole numbers"),
    ("Lamps: find", "Find", "must begin with the book's name"),
]
"""What is changed -> what is said of the tables."""

AT = r"Lamps\.{}, broken_\d+\.py:\d+: {}"
VISIBLE = """def visible(p: Chapter, s: Record) -> float:
    return 2.0


@rule
def shortcuts(p: Chapter, s: Record) -> int:
    return -1


@rule
def sound(e"""
SLIPS = [  # what is changed -> what is said of it
    (
        "s.right += hit",
        "s.rigth += hit",
        AT.format("step", r"no field 'rigth' in STATE \(did you mean 'right'\?\); there"),
    ),
    ("ONE[s.lit, lamp]", "ONE[s.lot, lamp]", AT.format("observe", r"no field 'lot' in STATE \(did you mean 'lit'")),
    ("o.asked[lamp] =", "o.aksed[lamp] =", AT.format("observe", r"no field 'aksed' in SIGNALS \(did you mean 'asked'")),
    ("n.tried[action]", "n.tired[action]", AT.format("study", r"no field 'tired' in NOTES \(did you mean 'tried'")),
    (
        "below(s, p.lamps)",
        "below(s, p.lmaps)",
        AT.format("pose", r"no field 'lmaps' in Chapter \(did you mean 'lamps'"),
    ),
    ("s.right += hit", 's.right = "x"', AT.format("step", r"STATE.right, a whole number \(i1\), cannot hold 'x'")),
    ("s.right += hit", "s.right = 300", AT.format("step", r"STATE.right, a whole number \(i1\), cannot hold 300")),
    ("s.right += hit", "s.right += hits", AT.format("step", "NameError: name 'hits' is not defined")),
    ("/ max(s.presses, p.asked)", "/ (s.asked[0] - s.asked[0])", AT.format("mark", "division by zero; ask for 0")),
    (
        "s.asked[s.presses % p.asked]",
        "s.asked[s.presses + 2]",
        AT.format("observe", "index 2 is out of bounds for axis 0"),
    ),
    (
        "    return hit and p.asked == 1\n",
        "    if hit:\n        return True\n",
        AT.format("step", "returned None; let eve"),
    ),
    ("    return choice\n", "    return choice + LAMPS\n", AT.format("answer", r"returned \d+; actions are 0 to 7")),
    ("s.right / max", "2.0 + s.right / max", AT.format("mark", r"returned 2\.\d+; marks lie within \[0, 1\]")),
    ("def sound(e", VISIBLE.replace("-1", "0"), AT.format("visible", r"returned 2\.0; marks lie within \[0, 1\]")),
    ("def sound(e", VISIBLE.replace("2.0", "0.0"), AT.format("shortcuts", r"returned -1; shortcuts are counted")),
    ("s.right += hit", "s.right += near(hit)", AT.format("step", "calls `near`; mark that with @rule too")),
    ("s.right += hit", 's.right += len(f"{hit:x}") > 9', AT.format("step", "numba cannot compile this: format spec")),
    ("s.right += hit", "s.right += hit in {1: 2}.items()", AT.format("step", "numba cannot compile this: ")),
    (
        "s.right += hit",
        "if s.presses > 9:\n        s.lit = 'x'",
        AT.format("step", "numba cannot compile this: Cannot cast"),
    ),
    (
        "def sound(e",
        "def vizible(p: Chapter, s: Record) -> float:\n    return 1.0\n\n\n@rule\ndef sound(e",
        r"\.py:\d+: `vizible` is never called \(did you mean 'visible'\?\); rename it",
    ),
    ("def exam_fact(", "def exam_fakt(", r"`exam_fakt` is never called \(did you mean 'exam_fact'\?\); rename it"),
    ("LEDGER = [", "LEDGERS = [", r"`LEDGERS` is never called \(did you mean 'LEDGER'\?\); rename it"),
    (
        "def sound(e",
        "def spare(e: Record) -> bool:\n    return True\n\n\n@rule\ndef sound(e",
        r"\.py:\d+: `spare` is never called; call it from a rule, or take it out",
    ),
    ("def oracle(", "def orakle(", r"`oracle` is missing: return the best action.*; is it `orakle`\? rename that"),
    ("STATE = (", "STAT = (", "`STATE` is missing: fields of one exercise"),
    ("@rule\ndef write", "def write", r"\.py:\d+: `write` is not marked with @rule; write @rule above it"),
    (
        's: Record, o: Record) -> None:\n    """Write',
        's: Record, seen: Record) -> None:\n    """Write',
        r"\.py:\d+: `observe` takes \(p, s, seen\), must take \(p, s, o\): p parameters; s state; o observation",
    ),
    (
        "    return hit and p.asked == 1\n",
        "",
        r"\.py:\d+: `step` returns nothing; it must take one action; return whether",
    ),
]
UNSEEN = ("tired", "300", "division", "index", "hits", "shortcuts", "answer", "returned 2", "let eve")
"""Of these compiled code is not told, or it is not called by who only steps."""


@pytest.mark.parametrize(("old", "new", "message"), MALFORMED)
def test_malformed_tables_are_refused_in_one_line(broken, old, new, message):
    with pytest.raises(BookError, match=message) as error:
        read(broken((old, new)))
    assert "\n" not in str(error.value)


def with_slip(old, new):
    """The changes that make a slip; a helper that is no rule comes with the call of it."""
    helper = ("@rule\ndef sound", "def near(x: int) -> int:\n    return x\n\n\n@rule\ndef sound")
    return [(old, new), *([helper] if "near(" in new else [])]


@pytest.mark.parametrize(("old", "new", "message"), SLIPS)
def test_a_slip_is_answered_in_one_line_before_anything_is_compiled(broken, monkeypatch, old, new, message):
    if "numba" not in message:
        monkeypatch.setattr("textbook_gym.engine.engine.compiled", None)
    with pytest.raises(BookError, match=message) as error:
        check_book(broken(*with_slip(old, new)), courses=8)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("old", "new", "message"), [s for s in SLIPS if not any(u in s[2] for u in UNSEEN)])
def test_who_only_steps_is_told_the_same(broken, old, new, message):
    with pytest.raises(BookError, match=message) as error:
        gym.make("textbook/Bandits-v1", book=broken(*with_slip(old, new))).reset(seed=0)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("path", "instead"), [("./lamps", "my_package.lamps"), ("a/lamps.py", "a.lamps"), ("", "my_package.lamps")]
)
def test_a_path_is_no_module(path, instead):
    with pytest.raises(BookError, match=f"no module name; .* such as {instead}$"):
        read(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("def mark(p: Chapter, s: Record) -> float:", "def mark(p: Chapter)", r"py:\d+: SyntaxError: expected ':'$"),
        ("LAMPS = 8", "LAMPS = EIGHT", r"py:\d+: NameError: name 'EIGHT' is not defined$"),
        ("below, onehot", "below, hotone", r"py:\d+: ImportError: cannot import name 'hotone'"),
    ],
)
def test_a_module_that_cannot_be_imported_is_answered_in_one_line(broken, old, new, message):
    with pytest.raises(BookError, match=r"^broken_\d+ cannot be imported: broken_\d+\." + message) as error:
        read(broken((old, new)))
    assert "\n" not in str(error.value)


def test_a_missing_module_is_named():
    with pytest.raises(BookError, match="no module 'no_such_book'"):
        read("no_such_book")


DRAW = "def draw(p, o):\n    return ['', 'x']\n\n\n"
TELL = "def tell(p, o):\n    return 'Asked: a lamp.'\n\n\n"
KEPT = '    Field("kept", "i1", "of nothing", lasting=True),\n'
IDLE = 'Field("idle", "i1", "what no rule reads", low=0, high=3),'
DEFECTS = {  # what is changed -> what is found; those of a group in one book, which is compiled once
    "tables": [
        ("8,    4,    0.26", "8,    4,    0.91", "chapter 1 'four lamps': newcomer measured 0.2.*, the table has 0.91"),
        ("low=0, high=LAMPS - 1", "low=0, high=LAMPS - 2", "EDITION.switch was drawn in"),
        ("F, G, H = range(LAMPS)", "F, G, H, IDLE, NAP = range(LAMPS + 2)", "action IDLE never does anything"),
    ],
    "pose": [
        ('    Field("right"', KEPT + '    Field("right"', "chapter 1: `pose` changes a lasting field of kept"),
        ("    s.lit = NONE\n\n\n", "    s.lit = NONE\n    s.kept = 1 - s.kept\n\n\n", "`pose` changes a lasting"),
        ("return p.asked\n", "return 1\n", "exam: 1, says `exam_fact`, is asked in chapter 2 already"),
        ("SHORT = ((1, 2, 3)", "SHORT = ((1, 2, 4)", "Lamps has no chapter 4"),
        ("# Pictures", TELL + "# Pictures", "chapter 1: `tell` does not name lit"),
    ],
    "marks": [
        ("= ONE[s.lit, lamp]", "= 2.0", r"signal 'lit' \(float 8\) left its bounds \[0.0, 1.0\]"),
        ("# Pictures", DRAW + "# Pictures", "chapter 1: `draw` returns rows of lengths"),
        ("    return e.switch[s.asked[s.presses % p.asked]]\n", "    return 0\n", "oracle's lowest mark is 0.0, not 1"),
        ("0.26,  FEW,    1,    1", "0.26,  FEW,    1,    0", "chapter 1 'four lamps': memory does not pay"),
    ],
    "fields": [
        ("low=0, high=LAMPS - 1", "low=0, high=LAMPS - 1, chapters={1}", "switch.* an effect in chapter 2, which"),
        ("EDITION = (", "EDITION = (\n    " + IDLE, "EDITION.idle has no effect in the book"),
        ("permute(s, e.switch, LAMPS)", "permute(s, e.switch, LAMPS)\n    e.idle = below(s, 4)", "idle has no effect"),
    ],
    "write": [("permute(s, e.switch, LAMPS)", "e.switch[0] = 0", "none of 1000 drawn editions belongs to split")],
}


@pytest.mark.parametrize("group", DEFECTS)
def test_each_defect_is_found_and_named(broken, group):
    """All are raised together, in a line each."""
    with pytest.raises(BookError) as error:
        check_book(broken(*[(old, new) for old, new, _ in DEFECTS[group]]), courses=64)
    lines = str(error.value).split("\n")
    for _, _, finding in DEFECTS[group]:
        assert any(re.search(finding, line) for line in lines), (finding, lines)


RARE = '    Field("rare", "i1", "presses of the last switch in a row"),\n'
LURE = "    if s.rare == 1 and s.presses == 1 and p.asked == 2:\n        return 1.5\n"
COUNT = "    s.presses += 1\n    s.rare = s.rare + 1 if action == LAMPS - 1 else 0\n"
SHOWN = '    Field("told", "i1", "the answer"),\n'
CUNNING = {  # marks of reference students are as they should be in these
    "the random stream is shown": (
        [("o.lit[lamp] = ONE[s.lit, lamp]", "o.lit[lamp] = ONE[s.lit, lamp] if lamp > 0 else (s.rng >> 40) & 1")],
        r"signal 'lit' follows the random stream",
    ),
    "the answer is shown": (
        [
            ('    Field("right"', SHOWN + '    Field("right"'),
            ("    s.lit = NONE\n\n\n", "    s.lit = NONE\n    s.told = e.switch[s.asked[0]]\n\n\n"),
            ("o.lit[lamp] = ONE[s.lit, lamp]", "o.lit[lamp] = ONE[s.lit, lamp] if lamp > 0 else s.told / 7.0"),
        ],
        r"signal 'lit' \(float 8\) of the first page tells the oracle's first action",
    ),
    "a rare mark of 1.5": (
        [
            ('    Field("right"', RARE + '    Field("right"'),
            ("    s.presses += 1\n", COUNT),
            (
                "    return s.right / max",
                LURE + "    return s.right / max",
            ),
        ],
        r"a mark of 1\.5 can be had",
    ),
    "the rules ignore the edition": (
        [
            ("e.switch[s.asked[s.presses % p.asked]] == action", "s.asked[s.presses % p.asked] == action"),
            ("e.switch[lamp] == action", "lamp == action"),
            ("return e.switch[s.asked[s.presses % p.asked]]", "return s.asked[s.presses % p.asked]"),
        ],
        r"notes of a foreign edition bring",
    ),
    "a field does nothing": ([("EDITION = (", "EDITION = (\n    " + IDLE)], "EDITION.idle has no effect"),
    "an action does nothing": (
        [
            ("F, G, H = range(LAMPS)", "F, G, H, NAP = range(LAMPS + 1)"),
            ("    s.presses += 1\n", "    s.presses += action < LAMPS\n"),
            ("    s.lit = NONE\n    for lamp", "    s.lit = NONE if action < LAMPS else s.lit\n    for lamp"),
        ],
        "action NAP never does anything",
    ),
}


@pytest.mark.parametrize("name", CUNNING)
def test_what_no_mark_shows_is_found_too(broken, name):
    changes, finding = CUNNING[name]
    with pytest.raises(BookError, match=finding):
        check_book(broken(*changes), courses=64)


@pytest.mark.parametrize("chapters", ["4", "0", "(1, 2)", "{3, 4}", '"all"'])
def test_chapters_that_there_are_not_are_refused(broken, chapters):
    with pytest.raises(BookError, match=r"EDITION.switch names chapters .*: ") as error:
        Lanes(broken(("high=LAMPS - 1", f"high=LAMPS - 1, chapters={chapters}")))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("short", "message"),
    [
        ("((1, 4), (3, 4))", r"Lamps has no chapter 4; it has .*; write chapters, then exercises of each"),
        ("((1, 2), (3,))", r"exercises=\(3,\): give .*, or 2 of them"),
        ("(1, 3, 2)", "too many values to unpack"),
        ("3", "cannot unpack"),
    ],
)
def test_a_short_course_that_cannot_be_walked_is_a_finding(broken, short, message):
    [finding] = check_named_courses(read(broken(("SHORT = ((1, 2, 3), (3, 4, 2))", f"SHORT = {short}"))))
    assert re.search(rf"^SHORT = {re.escape(short)}: .*{message}", finding)
    assert not [*check_named_courses(read(broken(("SHORT = ", "SHORT =  "))))]


def test_every_exercise_starts_from_zero(broken):
    """Whatever an exercise left, but for lasting fields: engine, compiled and not."""
    found = read(broken(("presses made", 'presses made", lasting=True), Field("kept", "i2", "never touched')))
    for interpreted in (False, True):
        lanes = Lanes(found.path, 3, episode="exercise", interpreted=interpreted)
        obs, out = lanes.buffers()
        lanes.reset(np.ones(3, np.bool_), obs, out, seeds=[0, 1, 2])
        lanes.records["state"]["kept"] = 77
        lanes.records["state"]["presses"] = 99
        lanes.reset(np.array([True, True, False]), obs, out)
        assert lanes.records["state"]["kept"].tolist() == [0, 0, 77]
        assert lanes.records["state"]["presses"].tolist() == [99, 99, 99]
        lanes.reset(np.ones(3, np.bool_), obs, out, seeds=[3, 4, 5])
        assert lanes.records["state"]["presses"].tolist() == [0, 0, 0]


def test_notes_of_a_page_are_blank_when_it_opens(broken):
    """In the loops, compiled and not, and for who plays the student from outside."""
    left = '    Field("left", "i2", "of the page", page=True),\n    Field("found", "i2", "what was found of it"),\n'
    name = broken(
        ('    Field("tried"', left + '    Field("tried"'),
        ('here there is nothing to prepare."""\n', 'count what is left."""\n    n.found += n.left\n'),
        ("    n.tried[action] = 1\n", "    n.tried[action] = 1\n    n.left = 1\n"),
    )
    for interpreted in (False, True):
        lanes = Lanes(name, 2, episode="book", split="all", interpreted=interpreted)
        obs, out = lanes.buffers()
        lanes.reset(np.ones(2, np.bool_), obs, out, seeds=[0, 1])
        notes = np.zeros(2, lanes.book.notes)
        lanes.engine.walk(lanes.records, lanes.plan, notes, [Actor.MODEL], Wipe.NEVER, 1)
        assert notes["left"].tolist() == [1, 1], "of the last page"
        assert notes["found"].tolist() == [0, 0]
        lanes.book.turn_page(notes)
        assert not notes["left"].any()
        assert notes["lights"].any()


def test_editions_are_drawn_until_they_are_sound(broken):
    """`write` need not ask `sound` itself."""
    found = read(
        broken(("permute(s, e.switch, LAMPS)", "permute(s, e.switch, LAMPS)\n    e.switch[7] = below(s, LAMPS)"))
    )
    editions = opened(found, "all", 64)[0].records["edition"]["switch"]
    assert (np.sort(editions, axis=1) == np.arange(8)).all()
