"""Golden transcripts: what a model reads on one course of every book."""

import pytest
from text import courses

from textbook_gym.registry import find, id_of


def test_the_words_are_those_on_record(book_name):
    kept = (courses.GOLDEN / f"{book_name}.txt").read_text()
    assert courses.transcript(book_name) == kept, "a model reads other words: run tests/text/courses.py"


@pytest.mark.parametrize("view", ["transcript", "notebook", "none"])
@pytest.mark.parametrize("who", ["model", "random"])
def test_the_same_actions_earn_the_same_in_words_and_numbers(book_name, who, view):
    flat = courses.play(book_name, who)
    desk = courses.Desk(id_of(book_name), memory=view, **courses.keywords(book_name))
    desk.open(edition=courses.EDITION)
    rewards, ended = [], 0
    for action in flat.actions:
        turn = desk.reply(f"I think so. <action>{action}</action>")
        rewards.append(turn.reward)
        ended += turn.info["exercise_done"]
        if view == "notebook" and turn.info["exercise_done"] and not turn.terminated:
            assert desk.reply("<note>nothing</note>").reward == 0.0
    assert rewards == flat.rewards  # to the last bit
    assert desk.done
    assert turn.terminated
    assert ended == sum(find(book_name).module.SEMINAR[1])
    assert turn.info["gain"] == flat.gain
    assert desk.total == pytest.approx(flat.gain * len(find(book_name).module.SEMINAR[0]), abs=1e-12)
    assert turn.info["invalid_unknown"] == 0
    assert desk.replies >= sum(message["role"] == "assistant" for message in desk.transcript)
