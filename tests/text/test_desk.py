"""The desk: messages that are only added to, pages, memories, notes, calls, cuts, and the law in words."""

import copy
import json
import pathlib
import re
import subprocess
import sys
import textwrap
import types

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import textbook_gym.text
from textbook_gym.engine.course import grade_after
from textbook_gym.engine.serialization import seal, unseal
from textbook_gym.registry import BOOKS, CLASSICS, find
from textbook_gym.text import Desk
from textbook_gym.text.desk import FORMAT
from textbook_gym.text.tools import Tools

BANDITS = "textbook/Bandits-v0"
SHORT = {"chapters": [1, 3, 6], "exercises": [2, 1, 2]}
MEMORIES = ["transcript", "notebook", "none"]


def desk(**keywords):
    return Desk(BANDITS, **(SHORT | keywords))


def answers(seed):
    """Replies of all kinds, most of them actions."""
    rng = np.random.default_rng(seed)
    kinds = ["<action>PULL_A</action>", "pull c", '{"action": "PULL_B"}', "<note>x</note>PULL_A", "", "<think>", "no"]
    while True:
        yield str(rng.choice(kinds, p=[0.3, 0.2, 0.2, 0.15, 0.05, 0.05, 0.05]))


def walk(d, seed=0):
    """Turns to the end of a course that is open."""
    turns = []
    for reply in answers(seed):
        if d.done:
            return turns
        turns.append(d.reply(reply))


# --- the conversation ---


def test_the_example_of_the_package_runs(capsys):
    lines = (textbook_gym.text.__doc__ or "").splitlines()
    exec(textwrap.dedent("\n".join(line for line in lines if line.startswith("    ") or not line)), {})
    printed = capsys.readouterr().out
    assert len(re.findall(r"exercise \d: reward [+-]\d", printed)) == 6
    rewards = [float(r) for r in re.findall(r"reward ([+-][\d.]+)", printed)]
    assert sum(rewards) == pytest.approx(float(re.search(r"sum of rewards ([+-][\d.]+)", printed)[1]), abs=0.01)


@pytest.mark.parametrize("memory", MEMORIES)
def test_history_is_only_added_to(memory):
    d = desk(memory=memory)
    first = d.open(seed=1)
    assert first == d.transcript == d.context == d.pending
    assert [m["role"] for m in first] == ["system", "user"]
    for reply in answers(1):
        before, context = copy.deepcopy(d.transcript), copy.deepcopy(d.context)
        turn = d.reply(reply)
        assert d.transcript[: len(before)] == before
        assert d.transcript[len(before)]["role"] == "assistant"
        assert d.transcript[-len(turn.messages) :] == turn.messages == d.pending
        assert turn.fresh == (turn.messages[0]["role"] == "system")
        said = d.transcript[len(before) :]
        assert d.context == (turn.messages if turn.fresh else context + said)
        if d.done:
            break
    assert turn.terminated
    assert not turn.truncated


def test_in_a_transcript_the_roles_alternate():
    d = desk()
    d.open(seed=1)
    walk(d)
    roles = [m["role"] for m in d.transcript]
    assert roles == ["system"] + ["user", "assistant"] * (len(roles) // 2 - 1) + ["user"]


def test_a_page_says_where_it_stands():
    d = desk()
    _, page = d.open(seed=1)
    assert page["content"].startswith(
        'Chapter 1 of 3, "three arms", exercise 1 of 2. Grade of this chapter so far: 0.7'
    )
    assert page["content"].endswith("Step 1 of 6.")
    said = [d.reply("PULL_A").messages[0]["content"] for _ in range(12)]
    assert said[0].endswith("Step 2 of 6.")
    assert re.search(r"Mark of this exercise: \d\.\d\d\. Grade of this chapter: \d\.\d\d\.\n\n", said[5])
    assert '\n\nChapter 1 of 3, "three arms", exercise 2 of 2.' in said[5]
    assert '\n\nChapter 2 of 3, "new seasons", exercise 1 of 1.' in said[11]


def test_a_book_is_asked_for_words_with_what_was_seen_before_and_done(monkeypatch):
    asked = []

    def say(p, before, action, o):
        seen = [None if r is None else (r.payoff, round(r.left * p.limit)) for r in (before, o)]
        asked.append((p.number, p.limit, seen[0], action, seen[1]))
        return "words"

    monkeypatch.setattr(find("Bandits").module, "say", say, raising=False)
    d = desk()
    assert "\nwords\n" in d.open(seed=1)[1]["content"]
    for reply in ("PULL_C", "hm", "PULL_A", "PULL_B", "PULL_C", "PULL_D"):
        d.reply(reply)
    assert asked[0] == (1, 6, None, None, (0.0, 6))  # a fresh page
    assert [action for *_, action, _ in asked[1:]] == [2, None, 0, 1, 2, 3, None]
    for left, (number, _, before, _, now) in enumerate(asked[1:7]):
        assert number == 1
        assert before == asked[left][-1]  # the page before, as it was
        assert now[1] == 5 - left
    assert asked[1][-1][0] in (-1.0, 1.0)
    assert asked[7] == (1, 6, None, None, (0.0, 6))


def test_the_exam_shows_no_mark_before_its_end():
    d = desk()
    d.open(seed=1)
    turns = walk(d)
    exam = [m["content"] for t in turns for m in t.messages if t.info["chapter"] == 6]
    assert sum("The mark of this exercise is not shown." in said for said in exam) == 2
    assert not any("Mark of this exercise" in said or "Grade of this chapter" in said for said in exam)
    assert ["Grade of the exam" in said for said in exam] == [False] * (len(exam) - 1) + [True]
    assert exam[-1].endswith("The book is over.")


def test_a_shuffled_course_names_no_places():
    d = desk(order="shuffled")
    system, page = d.open(seed=1)
    assert "in random order" in system["content"]
    assert page["content"].startswith('Chapter "')
    walk(d)


@pytest.mark.parametrize("kind", ["rules", "bare", "full"])
def test_what_the_preface_tells(kind, monkeypatch):
    monkeypatch.setattr(find("Bandits").module, "STRUCTURE", "It is all about angles.", raising=False)
    system = desk(preface=kind).open(seed=1)[0]["content"]
    assert "Actions: PULL_A, PULL_B, PULL_C, PULL_D, PULL_E, PULL_F." in system
    assert ("The world stays the same" in system) == (kind != "bare")
    assert ('2. "new seasons": 1 exercise of at most 8 steps' in system) == (kind != "bare")
    assert ("It is all about angles." in system) == (kind == "full")


@pytest.mark.parametrize(("answer", "how"), [("tag", "<action>NAME</action>"), ("json", '{"action": "NAME"}')])
def test_how_to_answer_is_said_in_the_preface_and_in_corrections(answer, how):
    d = desk(answer=answer)
    assert how in d.open(seed=1)[0]["content"]
    assert how in d.reply("?").messages[0]["content"]


# --- replies that cannot be read ---


def test_unreadable_replies_are_told_apart_cost_a_step_and_list_the_actions():
    d = desk()
    d.open(seed=1)
    for reply, kind, words in (
        ("", "empty", "Your reply was empty"),
        ("<think>so", "truncated", "Your reply ended before your reasoning did"),
        ("hm", "unknown", "Your reply names no action"),
        ("<action>JUMP\u00e9</action>", "unknown", '"JUMP?" is no action'),
    ):
        turn = d.reply(reply)
        said = turn.messages[0]["content"]
        assert turn.info["invalid"] == kind
        assert said.startswith(words + ", so a step went by")
        assert "Actions: PULL_A, PULL_B, PULL_C, PULL_D, PULL_E, PULL_F." in said
    assert said.endswith("Step 5 of 6.")
    assert [turn.info[f"invalid_{k}"] for k in ("empty", "truncated", "unknown")] == [1, 1, 2]
    assert d.reply("PULL_A").info["invalid"] == ""


def newcomers(d):
    return sum(d.lane.book.chapters[number - 1].newcomer for number in d.lane.rows)


def test_saying_nothing_costs_what_a_newcomer_earns(book_name):
    d = Desk(f"textbook/{book_name}-v0", exercises=1)
    d.open(seed=1)
    turns = 0
    while not d.done:
        d.reply("hm")
        turns += 1
    assert d.total == pytest.approx(-newcomers(d))
    assert turns == d.replies


def test_a_cut_conversation_is_charged_for_all_that_was_not_worked(book_name):
    d = Desk(f"textbook/{book_name}-v0", exercises=2)
    d.open(seed=1)
    whole = d.finish()
    assert whole.reward == d.total == pytest.approx(-newcomers(d))
    assert (whole.terminated, whole.truncated, d.done) == (False, True, True)
    again = d.finish()
    assert (again.reward, again.messages, again.terminated) == (0.0, [], True)


@pytest.mark.parametrize("memory", MEMORIES)
def test_a_cut_in_the_middle_follows_the_law(memory):
    d = desk(memory=memory, exercises=[3, 2, 2])
    d.open(seed=1)
    marks = []
    while len(marks) < 4:
        turn = d.reply("PULL_B")
        if turn.info["exercise_done"]:
            marks.append(turn.info["mark"])
    before = d.total
    rest = d.finish().reward
    expected = 0.0
    for chapter, own in ((1, marks[:3]), (3, [marks[3], 0.0]), (6, [0.0, 0.0])):
        newcomer = grade = d.lane.book.chapters[chapter - 1].newcomer
        for k, mark in enumerate(own, 1):
            grade = grade_after(grade, k, mark)
        expected += grade - newcomer
    assert before + rest == d.total == pytest.approx(expected)
    assert max(marks) > 0


# --- memory ---


@pytest.mark.parametrize("memory", ["notebook", "none"])
def test_nothing_but_notes_crosses_a_page(memory):
    d = desk(memory=memory)
    d.open(seed=1)
    exercises = 1
    for reply in answers(2):
        turn = d.reply(f"secret {exercises}\n<note>line {exercises}</note>\n{reply}")
        if turn.fresh:
            exercises += 1
            system, page = d.context
            assert system == d.transcript[0]
            assert f"secret {exercises - 1}" not in page["content"]
            assert "Mark of this exercise" not in page["content"]
            assert (f"line {exercises - 1}" in page["content"]) == (memory == "notebook")
        if d.done:
            break
    assert exercises == 5


def test_all_that_was_said_is_in_the_transcript_whatever_is_remembered():
    ends = {}
    for memory in MEMORIES:
        d = desk(memory=memory)
        d.open(seed=1)
        while not d.done:
            turn = d.reply("PULL_A")
        ends[memory] = re.findall(r"Mark of this exercise: .*", "\n".join(m["content"] for m in d.transcript))
        assert turn.info["book_done"]
    assert ends["none"] == ends["notebook"] == ends["transcript"]
    assert len(ends["none"]) == 3


def test_notes_add_replace_and_are_cut():
    d = desk(memory="notebook", notebook_chars=20)
    assert "Your notebook is empty." in d.open(seed=1)[1]["content"]
    assert "It holds 20 characters." in d.transcript[0]["content"]
    d.reply("<note>ten chars.</note><note>more</note> PULL_A")
    assert d.notebook == "ten chars.\nmore"
    turn = d.reply("<note>cut off here</note> PULL_A")
    assert d.notebook == "ten chars.\nmore\ncut "
    assert turn.info["note_cut"] == 8
    assert turn.messages[0]["content"].startswith("Your notebook is full; cut off at its end: 8 characters.")
    assert d.reply("<note>x</note> hm").info["invalid"] == "unknown"  # what is written is written
    assert d.reply("<notebook>new</notebook>\n<action>PULL_A</action>").info["note_cut"] == 0
    assert d.notebook == "new"
    d.reply("PULL_A")
    closing = d.reply("PULL_A")
    assert closing.info["exercise_done"]
    assert closing.messages[0]["content"].endswith("in <note> or <notebook>; this costs no step.")
    turn = d.reply("<note>end</note>")
    assert (turn.fresh, turn.reward, turn.info["invalid"], turn.info["exercise_done"]) == (True, 0.0, "", False)
    assert "Your notebook:\nnew\nend\n" in turn.messages[1]["content"]
    assert desk(memory="transcript").open(seed=1)[0]["content"].count("notebook") == 0


# --- tools ---


def test_actions_of_a_common_prefix_are_one_tool():
    d = desk()
    (tool,) = d.tools
    function = tool["function"]
    assert (tool["type"], function["name"]) == ("function", "pull")
    assert function["parameters"]["properties"]["arm"]["enum"] == list("ABCDEF")
    assert function["parameters"]["required"] == ["arm"]
    noted = desk(memory="notebook").tools
    assert [t["function"]["name"] for t in noted] == ["pull", "turn_page"]
    assert {"note", "notebook"} <= noted[1]["function"]["parameters"]["properties"].keys()


def test_a_verb_needs_two_actions_and_no_action_of_its_own_name():
    book = types.SimpleNamespace(actions=("GO_A", "GO_B", "STOP", "END_NOW", "SAY", "SAY_A", "SAY_B"), module=None)
    names = [tool["function"]["name"] for tool in Tools(book).schema(notes=False)]
    assert names == ["go", "stop", "end_now", "say", "say_a", "say_b"]


def test_a_book_names_the_argument(monkeypatch):
    monkeypatch.setattr(find("Bandits").module, "ARGUMENTS", {"PULL": "arm"}, raising=False)
    d = desk(answer="tool")
    assert d.tools[0]["function"]["parameters"]["required"] == ["arm"]
    d.open(seed=1)
    assert d.call("pull", {"arm": "B"}).info["invalid"] == ""


def test_every_action_is_the_call_of_one_tool(book_name):
    d = Desk(f"textbook/{book_name}-v0", answer="tool")
    calls = []
    for tool in d.tools:
        name, schema = tool["function"]["name"], tool["function"]["parameters"]
        assert re.fullmatch(r"[a-z0-9_-]{1,64}", name)
        values = [schema["properties"][key]["enum"] for key in schema["required"]]
        calls += (
            [(name, dict(zip(schema["required"], [v], strict=True))) for v in values[0]] if values else [(name, {})]
        )
    numbers = [d._tools.action(name, arguments) for name, arguments in calls]
    assert sorted(numbers) == list(range(len(d.lane.book.actions)))


def test_calls_do_what_replies_do_and_answer_by_id():
    told, called = desk(), desk(answer="tool")
    told.open(seed=1)
    assert "call one tool" in called.open(seed=1)[0]["content"]
    for arguments in ({"which": "B"}, '{"which": "c"}', {"which": "A", "note": "unread"}):
        letter = re.search("[ABCabc](?=\"|')", str(arguments))[0].upper()
        a, b = told.reply(f"PULL_{letter}"), called.call("pull", arguments)
        assert b.messages[0]["content"] == a.messages[0]["content"]
        said, answer = called.transcript[-2:]
        assert answer["tool_call_id"] == said["tool_calls"][0]["id"]
        assert (said["role"], answer["role"]) == ("assistant", "tool")
    assert called.call("act", {"action": "PULL_A"}, call_id="mine").messages[0]["tool_call_id"] == "mine"
    assert called.call("PULL_A").info["invalid"] == ""
    for name, arguments in (
        ("pull", "{"), ("pull", "[1]"), ("pull", {"which": "Z"}), ("pull", {"which": 1}), ("push", {}),
        ("pull", {}), ("pull", {"which": True}), ("pull", {"which": "A", "also": "B"}), ("act", {"action": 0}),
    ):  # fmt: skip
        turn = called.call(name, arguments)
        assert turn.info["invalid"] == "unknown"
    assert turn.messages[0]["content"].startswith('"act({"action": 0})" is no action')
    assert turn.info["invalid_unknown"] == 9


def test_calls_write_notes():
    d = desk(memory="notebook", answer="tool")
    d.open(seed=1)
    for _ in range(6):
        turn = d.call("pull", {"which": "A", "notebook": "six pulls"})
    assert turn.messages[0]["content"].endswith("with the tool turn_page.")
    turn = d.call("turn_page", {"note": "and a page"})
    assert turn.fresh
    assert d.notebook == "six pulls\nand a page"
    assert d.call("turn_page").info["invalid"] == "unknown"  # in the middle of an exercise it is no action


# --- one world a number, many desks ---


def test_seed_and_edition_name_the_world():
    def words(**place):
        d = desk()
        d.open(**place)
        return d.info["edition"], [m for t in walk(d) for m in t.messages]

    assert words(seed=3) == words(seed=3)
    assert words(seed=3)[0] != words(seed=4)[0]
    assert words(edition=5) == words(edition=5, seed=9)
    assert words(edition=5)[0] == 5
    assert words(edition=5)[1] != words(edition=6)[1]


def test_the_next_open_goes_on_with_the_next_edition_and_a_clean_sheet():
    d = desk(memory="notebook")
    d.open(seed=1)
    first = d.info["edition"]
    walk(d)
    assert d.info["invalid_unknown"] > 0
    messages = d.open()
    assert messages == d.transcript
    assert d.info["edition"] != first
    assert (d.total, d.notebook, d.info["invalid_unknown"]) == (0.0, "", 0)
    assert d.open() == messages  # nothing was done yet: the same page again


def test_an_episode_may_be_an_exercise():
    d = desk(episode="exercise")
    d.open(seed=1)
    turns = [d.reply("PULL_A") for _ in range(6)]
    assert [t.terminated for t in turns] == [False] * 5 + [True]
    with pytest.raises(RuntimeError, match=r"no reply is expected; call open\(\)"):
        d.reply("PULL_A")
    (page,) = d.open()
    assert page["content"].startswith('Chapter 1 of 3, "three arms", exercise 2 of 2.')
    length = len(d.transcript)
    assert d.open() == [page]  # nothing was done yet: the same page again
    assert len(d.transcript) == length
    assert len(d.context) == len(d.transcript)  # it remembers
    d.reply("PULL_A")
    assert d.open()[0]["content"].startswith('Chapter 2 of 3, "new seasons"')  # given up


@pytest.mark.parametrize("env_id", [BANDITS, "textbook/Library-v0"])
def test_a_cut_ends_the_course_even_where_an_episode_is_an_exercise(env_id):
    d = Desk(env_id, episode="exercise", exercises=2)
    d.open(seed=1)
    while not d.done:
        d.reply("nothing")
    d.finish()
    assert d.info["book_done"]
    assert d.total == pytest.approx(-newcomers(d))


def test_desks_step_independently():
    alone = []
    for seed in range(6):
        d = desk(memory=MEMORIES[seed % 3])
        d.open(seed=seed)
        walk(d, seed)
        alone.append(d.transcript)
    many = [desk(memory=MEMORIES[seed % 3]) for seed in range(6)]
    scripts = [answers(seed) for seed in range(6)]
    for seed, d in enumerate(many):
        d.open(seed=seed)
    rng = np.random.default_rng(0)
    while not all(d.done for d in many):
        i = int(rng.integers(6))
        if not many[i].done:
            many[i].reply(next(scripts[i]))
    assert [d.transcript for d in many] == alone


@pytest.mark.parametrize("name", CLASSICS)
def test_a_classic_has_a_desk(name):
    d = Desk(f"textbook/{name}-v0")
    d.open(seed=1)
    first = d.lane.book.actions[0]
    while not d.done:
        turn = d.reply(first)
        assert turn.info["invalid"] == ""
    assert turn.info["book_done"]


def test_the_library_is_told_in_the_words_of_its_books():
    d = Desk("textbook/Library-v0")
    assert d.lane.book is None
    books = set()
    for edition in range(8):
        d.open(edition=edition)
        books.add(d.lane.book.name)
        alone = Desk(f"textbook/{d.lane.book.name}-v0")
        alone.open(edition=edition)
        assert d.transcript == alone.transcript
        assert d.info["book"] == sorted(BOOKS).index(d.lane.book.name)
        for name in d.lane.book.actions[:5] * 4 + ("nonsense",):
            a, b = d.reply(name), alone.reply(name)
            assert a.messages == b.messages
            assert a.reward == b.reward
        assert d.finish().reward == alone.finish().reward
        d.open()
        assert d.info["edition"] != edition
    assert len(books) > 3


# --- saving ---


@pytest.mark.parametrize("memory", MEMORIES)
@pytest.mark.parametrize("env_id", [BANDITS, "textbook/Library-v0"])
def test_a_saved_desk_goes_on_where_it_stopped(memory, env_id):
    exercises = {"exercises": 1}
    d = Desk(env_id, memory=memory, **exercises)
    d.open(seed=2)
    replies = [f"{d.lane.book.actions[0]}\n<note>{i}</note>\n{d.lane.book.actions[i % 2]}" for i in range(2000)]
    for i in (3, 8, 15):
        while sum(m["role"] == "assistant" for m in d.transcript) < i:
            d.reply(replies[i])
        other = Desk(env_id, memory=memory, **exercises)
        waiting = other.load(d.save())
        assert waiting == d.pending
        assert (other.transcript, other.context, other.info) == (d.transcript, d.context, d.info)
    for reply in replies:
        if d.done:
            break
        a, b = d.reply(reply), other.reply(reply)
        assert a == b
    assert other.total == d.total
    assert other.save() == d.save()


def test_a_desk_goes_on_in_another_process(tmp_path):
    d = desk(memory="notebook")
    d.open(seed=2)
    d.reply("<note>caf\u00e9</note> PULL_A")
    (tmp_path / "desk").write_bytes(d.save())
    code = (
        "import sys, pathlib; from textbook_gym.text import Desk;"
        f"d = Desk({BANDITS!r}, memory='notebook', chapters=[1, 3, 6], exercises=[2, 1, 2]);"
        "d.load(pathlib.Path(sys.argv[1]).read_bytes()); print(d.reply('PULL_B').messages[0]['content'])"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "desk"], capture_output=True, text=True, check=True)
    assert done.stdout.rstrip("\n") == d.reply("PULL_B").messages[0]["content"]


def saved():
    d = desk()
    d.open(seed=2)
    d.reply("PULL_A")
    return d.save()


@pytest.mark.parametrize("where", [0, 5, 60, 300, 500, -1, -200])
def test_damaged_bytes_are_refused_and_change_nothing(where):
    data = bytearray(saved())
    data[where] ^= 1
    d = desk()
    d.open(seed=7)
    before = d.save()
    with pytest.raises(ValueError, match="saved"):
        d.load(bytes(data))
    assert d.save() == before


def test_a_course_that_cannot_be_read_changes_nothing():
    head, payload = unseal(FORMAT, "desk", saved())
    data = seal(FORMAT, {"settings": head["settings"]}, payload.partition(b"\n")[0] + b"\nno course")
    d = desk()
    d.open(seed=7)
    before = d.save()
    with pytest.raises(ValueError, match="are no saved course"):
        d.load(data)
    assert d.save() == before


def test_other_settings_and_books_are_refused():
    with pytest.raises(ValueError, match=r"the saved desk has the settings .*transcript.*, this one .*none"):
        desk(memory="none").load(saved())
    with pytest.raises(ValueError, match="the saved course has"):
        desk(exercises=1).load(saved())
    with pytest.raises(ValueError, match="the saved course has book='Bandits', this environment 'Concepts'"):
        Desk("textbook/Concepts-v0").load(saved())
    with pytest.raises(ValueError, match="are no saved desk"):
        desk().load(b"")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("stage", "asleep"), ("stage", []), ("start", -1), ("start", 10**9), ("start", True), ("steps", 1.5),
        ("total", float("nan")), ("total", "1"), ("notes", "a" * 2001), ("notes", None), ("invalid", "maybe"),
        ("counts", {}), ("counts", {"empty": 0, "truncated": 0, "unknown": -1}), ("transcript", []),
        ("transcript", [{"role": "root", "content": ""}]), ("transcript", [{"role": "user", "content": 1}]),
        ("transcript", [{"role": "user", "content": "", "tool_calls": [{}]}]), ("more", 1),
    ],
)  # fmt: skip
def test_bytes_with_a_right_checksum_and_wrong_content_are_refused(field, value):
    head, payload = unseal(FORMAT, "desk", saved())
    line, _, course = payload.partition(b"\n")
    state = json.dumps({**json.loads(line), field: value}).encode()
    d = desk()
    d.open(seed=7)
    before = d.save()
    with pytest.raises(ValueError, match="the saved desk is damaged"):
        d.load(seal(FORMAT, {"settings": head["settings"]}, state + b"\n" + course))
    assert d.save() == before


# --- refusals ---


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"memory": "notebok"}, r"memory='notebok' \(did you mean 'notebook'\?\); choose one of transcript, notebook"),
        ({"preface": "long"}, "preface='long'; choose one of rules, bare, full"),
        ({"answer": "xml"}, "answer='xml'; choose one of tag, json, tool"),
        ({"episode": "trial"}, "episode='trial'; choose one of book, exercise"),
        ({"notebook_chars": 0}, "notebook_chars=0: give a whole number >= 1"),
        ({"reply_chars": True}, "reply_chars=True: give a whole number >= 1"),
    ],
)
def test_what_is_not_known_is_refused(keywords, message):
    with pytest.raises(ValueError, match=message):
        desk(**keywords)


def test_a_desk_that_is_not_open_expects_nothing():
    d = desk()
    for call in (lambda: d.reply("PULL_A"), lambda: d.call("pull"), d.finish, d.save):
        with pytest.raises(RuntimeError, match=r"open\(\)"):
            call()
    with pytest.raises(ValueError, match="no chapter 'nine'"):
        d.open(seed=1, chapter="nine")


@given(st.lists(st.text(max_size=40) | st.sampled_from(["PULL_A", "<think>", "", "<note>a</note>"]), max_size=40))
def test_whatever_is_said_the_law_holds(replies):
    d = desk(memory="notebook", notebook_chars=10)
    d.open(seed=1)
    for reply in replies:
        if not d.done:
            d.reply(reply)
    d.finish()
    assert d.total == pytest.approx(d.info["gain"] * 3)
    assert len(d.notebook) <= 10


def test_the_package_knows_no_model_and_no_network():
    folder = pathlib.Path(textbook_gym.text.__file__).parent
    source = "".join(file.read_text() for file in folder.glob("*.py"))
    assert not re.search(r"import (socket|http|urllib|requests|httpx|openai|transformers|pickle)", source)
