"""verifiers' own evaluation, as its command, against a chat server on the loopback interface; no key, no push."""

import json
import pathlib
import subprocess
import sys

import pytest
from helpers.chat_server import serving
from helpers.scripted import KEYWORDS, ROW, SEEDED, course, reply

pytestmark = pytest.mark.adapters


def evaluate(folder, *options, policy=lambda messages: reply(messages[-1]["content"])):
    """Run the command; return its traces and what it asked the model."""
    with serving(policy) as server:
        command = [
            pathlib.Path(sys.executable).parent / "vf-eval", "textbook-verifiers", "-m", "scripted",
            "--client.base-url", server.url, "--client.api-key-var", "STUB_KEY", "--no-push", "--no-rich",
            "--env.taskset.env-id", ROW["id"], "--env.taskset.split", "test",
            "--env.taskset.keywords", json.dumps(KEYWORDS), *options,
        ]  # fmt: skip
        environment = {"STUB_KEY": "x", "PATH": "/usr/bin:/bin", "HOME": str(folder), "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        requests = list(server.requests)
    [file] = folder.rglob("traces.jsonl")
    episodes = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [error for episode in episodes for trace in episode["traces"] for error in trace["errors"]] == []
    return [trace for episode in episodes for trace in episode["traces"]], requests


def scores(trace):
    return trace["rewards"]["improvement"]["score"]


def test_a_group_of_four_on_one_edition_sees_the_same_pages(tmp_path):
    traces, requests = evaluate(tmp_path, "-n", "1", "-r", "4", "--env.taskset.first", "7")
    shown, paid = course(ROW)
    assert len(traces) == 4
    for trace in traces:
        assert scores(trace) == pytest.approx(sum(paid))
        assert len(trace["info"]["rewards"]) == 4  # exercises; one of them changed no grade
        assert [r for r in trace["info"]["rewards"] if r] == pytest.approx([r for r in paid if r])
    asked = [[m["content"] for m in r["messages"] if m["role"] == "user"] for r in requests]
    assert sorted(asked) == sorted([shown[: n + 1] for n in range(len(paid))] * 4)


def test_a_seed_is_honoured_and_a_rollout_that_is_cut_is_finished(tmp_path):
    traces, _ = evaluate(tmp_path, "-n", "1", "-r", "1", "--env.taskset.seeds", "[7]", "--env.player.max-turns", "5")
    assert [scores(trace) for trace in traces] == [pytest.approx(sum(course(SEEDED, 5)[1]))]
    assert scores(traces[0]) < -0.5
