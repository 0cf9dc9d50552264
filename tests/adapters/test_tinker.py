"""tinker-cookbook's own rollouts, groups and training data over a course, with a policy that is no model."""

import asyncio
import pickle

import pytest
from helpers.scripted import KEYWORDS, OTHER, ROW, SEEDED, course, pages, reply
from tinker_cookbook.completers import TokenCompleter, TokensWithLogprobs
from tinker_cookbook.renderers import get_renderer
from tinker_cookbook.rl.data_processing import assemble_training_data, compute_advantages
from tinker_cookbook.rl.rollout_limits import RolloutLimits
from tinker_cookbook.rl.rollouts import do_group_rollout
from tinker_cookbook.tokenizer_utils import register_tokenizer
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from textbook_gym.adapters import desk_of
from textbook_gym.adapters.rows import read_row
from textbook_gym.adapters.tinker import (
    CourseDataset,
    CourseDatasetBuilder,
    CourseGroupBuilder,
    CourseMessageEnv,
)

pytestmark = pytest.mark.adapters
RENDERER = "llama3"
NAME = "textbook/bytes"  # a tokenizer of bytes, so that nothing is fetched


def tokenizer():
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    plain = Tokenizer(models.BPE({letter: i for i, letter in enumerate(letters)}, []))
    plain.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    plain.decoder = decoders.ByteLevel()
    made = PreTrainedTokenizerFast(tokenizer_object=plain)
    own = ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
    made.add_special_tokens({"additional_special_tokens": own})
    return made


register_tokenizer(NAME, tokenizer)


@pytest.fixture(scope="module")
def renderer():
    return get_renderer(RENDERER, tokenizer(), model_name=NAME)


class Policy(TokenCompleter):
    """Answers the last page in tokens; what it was shown is kept. `say` may make another reply of the page's."""

    def __init__(self, say=lambda page, n: (reply(page), "stop")):
        self.tokenizer, self.say, self.shown = tokenizer(), say, []

    async def __call__(self, model_input, stop, *, max_tokens=None):
        text = self.tokenizer.decode(model_input.to_ints())
        self.shown.append(text)
        page = text.rsplit("user<|end_header_id|>\n\n", 1)[1].split("<|eot_id|>")[0]
        words, why = self.say(page, len(self.shown))
        tokens = self.tokenizer.encode(words + "<|eot_id|>" * (why == "stop"), add_special_tokens=False)
        return TokensWithLogprobs(tokens, [-1.0] * len(tokens), why)


def roll(builder, policy=None):
    return asyncio.run(do_group_rollout(builder, policy or Policy()))


def rewards(trajectory):
    return [t.reward for t in trajectory.transitions]


async def walk(env):
    messages, paid, done = await env.initial_observation(), [], False
    seen = pages(messages)
    while not done:
        result = await env.step({"role": "assistant", "content": reply(seen[-1])})
        seen.append(pages(result.next_messages)[-1])
        paid.append(result.reward)
        done = result.episode_done
    return seen, paid


@pytest.mark.parametrize("row", [ROW, SEEDED, OTHER], ids=["edition", "seed", "other"])
def test_messages_are_those_of_the_course(row):
    assert asyncio.run(walk(CourseMessageEnv(row))) == course(row)


@pytest.mark.parametrize("memory", ["none", "notebook"])
def test_a_fresh_context_begins_with_every_exercise(memory):
    row = {**ROW, "keywords": {**KEYWORDS, "memory": memory}}
    desk = desk_of(row)

    async def compare():
        env = CourseMessageEnv(row)
        messages = await env.initial_observation()
        assert messages == desk.context
        while not desk.done:
            said = reply(pages(messages)[-1])
            turn = desk.reply(said)
            result = await env.step({"role": "assistant", "content": said})
            messages = result.next_messages
            assert (messages, result.reward, result.episode_done) == (desk.context, turn.reward, desk.done)

    asyncio.run(compare())


def test_reasoning_is_not_read_and_not_lost():
    thought = [{"type": "thinking", "thinking": "<action>PULL_F</action>"}, {"type": "text", "text": "PULL_A"}]

    async def compare():
        env = CourseMessageEnv(ROW)
        await env.initial_observation()
        result = await env.step({"role": "assistant", "content": thought})
        assert result.next_messages[2]["content"] == thought
        assert env.desk.transcript[2]["content"] == "PULL_A"

    asyncio.run(compare())


def test_a_group_of_four_on_one_edition_sees_the_same_pages(renderer):
    group = roll(CourseGroupBuilder(read_row(ROW), renderer, 4))
    _, paid = course(ROW)
    assert len(group.trajectories_G) == 4
    shown = [[t.ob.to_ints() for t in trajectory.transitions] for trajectory in group.trajectories_G]
    assert shown.count(shown[0]) == 4
    for trajectory in group.trajectories_G:
        assert rewards(trajectory) == paid  # where exercises end
    assert group.final_rewards_G == pytest.approx([0.0] * 4)
    assert group.metrics_G[0]["replies"] == len(paid)
    assert group.metrics_G[0]["gain"] == pytest.approx(sum(paid) / 2)


def test_a_builder_that_was_pickled_makes_the_same_group(renderer):
    builder = CourseGroupBuilder(read_row(SEEDED), renderer, 2, RolloutLimits(max_turns=9))
    again = pickle.loads(pickle.dumps(builder))
    assert again.limits.max_turns == 9
    assert roll(again).get_total_rewards() == roll(builder).get_total_rewards()


@pytest.mark.parametrize(
    "limits", [RolloutLimits(max_turns=5), RolloutLimits(max_trajectory_tokens=4000)], ids=["turns", "tokens"]
)
def test_a_rollout_that_is_cut_is_charged_with_what_was_not_worked(renderer, limits):
    group = roll(CourseGroupBuilder(read_row(ROW), renderer, 2, limits))
    for trajectory, total in zip(group.trajectories_G, group.get_total_rewards(), strict=True):
        replies = len(trajectory.transitions)
        assert 0 < replies < 28
        assert trajectory.stop_reason in ("max_turns", "max_tokens")
        assert total == pytest.approx(sum(course(ROW, replies)[1]))
        assert total < -0.5


def test_a_prompt_that_is_too_long_is_charged_with_everything(renderer):
    group = roll(CourseGroupBuilder(read_row(ROW), renderer, 1, RolloutLimits(max_trajectory_tokens=50)))
    assert group.get_total_rewards() == pytest.approx([sum(course(ROW, 0)[1])])


def test_a_reply_that_ends_nowhere_ends_the_course_at_its_price(renderer):
    policy = Policy(lambda page, n: (reply(page), "stop") if n < 4 else ("hm", "length" if n < 6 else "end"))
    group = roll(CourseGroupBuilder(read_row(ROW), renderer, 1), policy)  # a stop that brings no end of message
    desk = desk_of(ROW)
    for page in pages_until(desk, 3):
        desk.reply(page)
    desk.reply("hm"), desk.reply("hm"), desk.finish()
    assert group.get_total_rewards() == pytest.approx([desk.total])
    assert group.trajectories_G[0].stop_reason == "parse_error"


def pages_until(desk, replies):
    for _ in range(replies):
        yield reply(desk.context[-1]["content"])


def test_a_reply_that_runs_out_of_tokens_costs_a_step_and_no_more(renderer):
    desk = desk_of(ROW)
    while not desk.done:
        cut = len(desk.transcript) % 4 == 2
        desk.reply("hm" if cut else reply(desk.context[-1]["content"]))
    policy = Policy(lambda page, n: ("hm", "length") if n % 2 else (reply(page), "stop"))
    group = roll(CourseGroupBuilder(read_row(ROW), renderer, 1), policy)
    assert group.get_total_rewards() == pytest.approx([desk.total])
    assert group.metrics_G[0]["invalid_unknown"] == desk.info["invalid_unknown"] > 1


def test_a_course_is_one_sequence_to_train_on(renderer):
    policy = Policy(lambda page, n: (reply(page + "!" * (n % 3)), "stop"))  # members of the group differ
    group = roll(CourseGroupBuilder(read_row(ROW), renderer, 4), policy)
    assert len(set(group.get_total_rewards())) > 1
    data, _ = assemble_training_data([group], compute_advantages([group]))
    assert len(data) == 4  # replies extend what was there, token by token


def test_batches_have_an_edition_a_group(renderer):
    rows = [{**read_row(ROW), "edition": n} for n in range(5)]
    data = CourseDataset(rows, renderer, 2, 3)
    assert len(data) == 3
    assert [[g.row["edition"] for g in data.get_batch(i)] for i in range(3)] == [[0, 1], [2, 3], [4]]
    assert data.get_batch(0)[0].logging_tags() == ["textbook", "Bandits"]
    with pytest.raises(IndexError, match="batch 3"):
        data.get_batch(3)


def test_the_builder_of_a_run_makes_both_splits():
    build = CourseDatasetBuilder(
        env_id="textbook/Bandits-v1",
        model_name_for_tokenizer=NAME,
        renderer_name=RENDERER,
        groups_per_batch=2,
        group_size=3,
        batches=4,
        test_editions=3,
        keywords=KEYWORDS,
    )
    train, test = asyncio.run(build())
    assert len(train) == 4
    assert len(test) == 1
    assert {g.row["split"] for g in train.get_batch(0)} == {"train"}
    assert [(g.row["split"], g.group_size) for g in test.get_batch(0)] == [("test", 1)] * 3
    assert roll(test.get_batch(0)[2]).get_total_rewards() == [pytest.approx(sum(course({**ROW, "edition": 2})[1]))]


def test_what_tinker_cannot_do_is_refused():
    with pytest.raises(ValueError, match="answers in words"):
        CourseMessageEnv({**ROW, "keywords": {"answer": "tool"}})
    with pytest.raises(RuntimeError, match="not open"):
        asyncio.run(CourseMessageEnv(ROW).step({"role": "assistant", "content": ""}))
