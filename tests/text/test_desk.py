"""The desk: messages that are only added to, pages, memories, cuts, refusals, and the law in words."""

import copy
import pathlib
import re
import textwrap

import pytest
from helpers.desks import MEMORIES, answers, desk, newcomers, walk
from hypothesis import given
from hypothesis import strategies as st

import textbook_gym.text
from textbook_gym.engine.reward import grade_after
from textbook_gym.registry import find, id_of
from textbook_gym.text import Desk

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
    assert page["content"].startswith('Chapter 1 of 3, "three arms", exercise 1 of 2.\n')  # no grade before a mark
    assert page["content"].endswith("Pulls left: 6.")
    said = [d.reply("PULL_A").messages[0]["content"] for _ in range(12)]
    assert said[0].endswith("Pulls left: 5.")
    assert re.search(r"Mark of this exercise: \d\.\d\d\. Grade of this chapter: \d\.\d\d\.\n\n", said[5])
    assert '\n\nChapter 1 of 3, "three arms", exercise 2 of 2. Grade of this chapter so far: ' in said[5]
    assert '\n\nChapter 2 of 3, "new seasons", exercise 1 of 1.' in said[11]


def test_a_book_is_asked_for_words_with_what_was_seen_before_and_done(monkeypatch):
    asked = []

    def say(p, before, action, o):
        seen = [None if r is None else (r.payoff, round(r.left * p.limit)) for r in (before, o)]
        asked.append((p.number, p.limit, seen[0], action, seen[1]))
        return "words"

    monkeypatch.setattr(find("Bandits").module, "say", say, raising=False)
    d = desk()
    assert d.open(seed=1)[1]["content"].endswith("\nwords")
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
    assert ("the world stays the same" in system) == (kind != "bare")
    assert ('2. "new seasons": 1 exercise of at most 2 steps' in system) == (kind != "bare")
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
    assert said.endswith("Pulls left: 2.")
    assert [turn.info[f"invalid_{k}"] for k in ("empty", "truncated", "unknown")] == [1, 1, 2]
    assert d.reply("PULL_A").info["invalid"] == ""


def test_who_quotes_the_instructions_says_nothing_by_that():
    """A preface holds the form of an answer and every name of an action: none of them is an answer."""
    for answer in ("tag", "json"):
        d = desk(answer=answer)
        system, page = (m["content"] for m in d.open(seed=1))
        for quoted in (system, page, f"{system}\n\n{page}", f"```\n{system}\n```"):
            assert d.reply(quoted).info["invalid"] == "unknown", quoted
            turn = d.reply(f"You told me:\n{quoted}\nSo I say:\n<action>PULL_B</action>")
            assert turn.info["invalid"] == ""


def test_saying_nothing_costs_what_a_newcomer_earns(book_name):
    d = Desk(id_of(book_name), exercises=1)
    d.open(seed=1)
    turns = 0
    while not d.done:
        d.reply("hm")
        turns += 1
    assert d.total == pytest.approx(-newcomers(d))
    assert turns == d.replies


@pytest.mark.parametrize("memory", MEMORIES)
def test_the_most_replies_of_a_course_are_those_of_who_says_nothing(memory):
    d = desk(memory=memory)
    d.open(seed=1)
    turns = 0
    while not d.done:
        d.reply("hm")
        turns += 1
    assert turns == d.replies


def test_a_cut_conversation_is_charged_for_all_that_was_not_worked(book_name):
    d = Desk(id_of(book_name), exercises=2)
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
        turn = d.reply("PULL_C")
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


@pytest.mark.parametrize(
    ("env_id", "message"),
    [
        ("textbook/Bandit-v1", "did you mean 'textbook/Bandits-v1'"),
        ("textbook_gym:textbook/BanditsSeminr-v0", "did you mean 'textbook/BanditsSeminar-v1'"),
        ("textbook/Bandits-v7", "did you mean 'textbook/Bandits-v1'"),
        ("CartPole-v1", "give one such as textbook/Bandits-v1"),
        ("Bandits", "give one such as textbook/Bandits-v1"),
    ],
)
def test_an_id_that_is_none_is_refused_with_the_nearest(env_id, message):
    with pytest.raises(ValueError, match=f"id '{env_id}' is not known.*{message}") as caught:
        Desk(env_id)
    assert "\n" not in str(caught.value)
