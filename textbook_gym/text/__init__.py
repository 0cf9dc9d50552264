"""Courses as conversations, for language models and people.

A `Desk` is one course of one book: the book speaks as the user, the student answers as the assistant. Here a policy
that reads pages as a model would, without one, works through `Bandits`: it counts how often each arm paid.

    import re

    from textbook_gym.text import Desk

    desk = Desk("textbook/Bandits-v1", chapters=["three arms", "exam"], exercises=[4, 2], memory="transcript")
    desk.open(edition=7)
    paid = dict.fromkeys("ABC", 0.5)  # mean of the pulls of every arm so far, and of one imagined to pay half
    pulls = dict.fromkeys("ABC", 1)
    while not desk.done:
        arm = max(paid, key=paid.get)
        turn = desk.reply(f"Arm {arm} looks best. <action>PULL_{arm}</action>")
        page = turn.messages[0]["content"].lower()
        if "it paid" in page:
            pulls[arm] += 1
            paid[arm] += (("it paid nothing" not in page) - paid[arm]) / pulls[arm]
        if turn.info["exercise_done"]:
            print(f"chapter {turn.info['chapter']}, exercise {turn.info['exercise']}: reward {turn.reward:+.3f}")
    print(f"sum of rewards {desk.total:+.3f}, unreadable replies {turn.info['invalid_unknown']}")

`desk.context` is what a chat endpoint must be sent, `desk.tools` are the actions as tools (`desk.call` takes their
calls), `desk.transcript` is the whole course. A desk waits for nobody: hold as many as you like and send each its reply
when it comes. Where a rollout is cut, `desk.finish()` charges what was left undone.

The same as Gymnasium environments: `gym.make(id, view="text")` and `gym.make_vec(id, num_envs=n, view="text")`, see
`textbook_gym.text.envs`. For authors, `check_words` checks the words of a book.
"""

from textbook_gym.text.check import check_words
from textbook_gym.text.desk import Desk, Message, Turn

__all__ = ["Desk", "Message", "Turn", "check_words"]
