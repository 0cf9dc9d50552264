"""TRL's GRPOTrainer, two steps of it on the CPU: a random model of one layer, whose words are scripted.

The loop, the parsing of tool calls, masks, rewards, advantages and the optimizer's steps are TRL's own.
"""

import json
import pathlib

import pytest
import torch
import trl
from helpers.scripted import KEYWORDS, OTHER, ROW, SEEDED, arm
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM
from trl import GRPOConfig, GRPOTrainer

from textbook_gym.adapters import desk_of, said
from textbook_gym.adapters.trl import OVER, TRLEnvironment, dataset_of

pytestmark = [pytest.mark.adapters, pytest.mark.filterwarnings("default")]
TEMPLATE = pathlib.Path(trl.__file__).parent / "chat_templates" / "qwen2_5.jinja"
SMALL = {**KEYWORDS, "chapters": [1]}
GROUPS = 2  # members of each


def tokenizer():
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    plain = Tokenizer(models.BPE({letter: i for i, letter in enumerate(letters)}, []))
    plain.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    plain.decoder = decoders.ByteLevel()
    plain.add_special_tokens(["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    made = PreTrainedTokenizerFast(
        tokenizer_object=plain, eos_token="<|im_end|>", pad_token="<|endoftext|>", padding_side="left"
    )
    made.add_tokens(["<tool_call>", "</tool_call>"])
    made.chat_template = TEMPLATE.read_text()
    return made


def model(tok):
    torch.manual_seed(0)
    size = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    tokens = {"vocab_size": len(tok), "eos_token_id": tok.eos_token_id, "pad_token_id": tok.pad_token_id}
    return Qwen2ForCausalLM(Qwen2Config(num_key_value_heads=1, max_position_embeddings=16384, **size, **tokens))


class Recorded(TRLEnvironment):
    """Keeps what every course said."""

    courses = []  # noqa: RUF012  # TRL makes the instances, so the class is where a test finds them

    def reset(self, task, **row):
        page = super().reset(task, **row)
        self.courses.append((json.loads(task), self._desk))
        return page


class Scripted(GRPOTrainer):
    """`salted`: members of a group act differently."""

    salted, limit = False, 10**6

    def _generate_single_turn(self, prompt_ids, *args, **kwargs):
        return [self._say(ids, i * self.salted) for i, ids in enumerate(prompt_ids)], None

    def _say(self, ids, salt):
        text = self.processing_class.decode(ids)
        page = text.rsplit("<|im_start|>user\n", 1)[1].split("<|im_end|>")[0]
        page = page.replace("<tool_response>\n", "").replace("\n</tool_response>", "").strip()
        if OVER in page or text.count("<|im_start|>assistant") > self.limit:
            said_now = "I am done."
        else:
            call = {"name": "act", "arguments": {"action": arm(page + "!" * salt)}}
            said_now = f"<tool_call>\n{json.dumps(call)}\n</tool_call>"
        return self.processing_class.encode(f"{said_now}<|im_end|>", add_special_tokens=False)


def train(tmp_path, rows, trainer=Scripted, **settings):
    """Two steps of GRPO; returns what was logged and the courses, in order."""
    Recorded.courses.clear()
    tok = tokenizer()
    config = GRPOConfig(
        output_dir=str(tmp_path), per_device_train_batch_size=4, num_generations=GROUPS, max_steps=2,
        max_completion_length=12000, logging_steps=1, report_to=[], save_strategy="no", use_cpu=True,
        learning_rate=1e-3, disable_tqdm=True, bf16=False, gradient_checkpointing=False, shuffle_dataset=False,
        **settings,
    )  # fmt: skip
    made = trainer(
        model=model(tok), args=config, train_dataset=dataset_of(rows), processing_class=tok,
        environment_factory=Recorded,
    )  # fmt: skip
    made.train()
    return [row for row in made.state.log_history if "reward" in row], list(Recorded.courses)


def alone(row, replies=None):
    """The same walk on the desk."""
    desk = desk_of({**row, "keywords": {**row["keywords"], "answer": "tool"}})
    page, n = said(desk.context), 0
    while not desk.done and (replies is None or n < replies):
        page, n = said(desk.call("act", {"action": arm(page)}).messages), n + 1
    desk.finish()
    return desk


def small(row):
    return {**row, "keywords": SMALL}


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setenv("TRL_EXPERIMENTAL_SILENCE", "1")


def test_two_steps_of_grpo_and_a_group_sees_the_same_pages(tmp_path):
    rows = [small(ROW), small(SEEDED), small(OTHER), {**small(ROW), "edition": 9}]
    logged, courses = train(tmp_path, rows)
    assert len(logged) == 2
    assert len(courses) == 8
    for row, desk in courses:
        same = alone(row)
        assert [m["content"] for m in desk.transcript] == [m["content"] for m in same.transcript]
        assert desk.total == same.total
    numbers = [(row["edition"], row["seed"]) for row, _ in courses]
    assert len(set(numbers)) == 4
    assert all(numbers.count(n) == GROUPS for n in numbers)
    mean = sum(desk.total for _, desk in courses[:4]) / 4
    assert logged[0]["reward"] == pytest.approx(mean, abs=1e-4)
    assert logged[0]["tools/failure_frequency"] == 0


def test_members_that_act_differently_are_learned_from(tmp_path):
    class Salted(Scripted):
        salted = True

    logged, _ = train(tmp_path, [small(ROW), small(OTHER)], Salted)
    assert logged[0]["reward_std"] > 0
    assert logged[0]["grad_norm"] > 0


def test_a_rollout_that_is_cut_is_finished(tmp_path):
    class Early(Scripted):
        limit = 3

    _, courses = train(tmp_path, [small(ROW), small(OTHER)], Early)
    for row, desk in courses:
        assert desk.total == alone(row, 3).total < -0.3
        assert desk.info["book_done"]


def test_what_trl_cannot_do_is_refused():
    for memory in ("none", "notebook"):
        with pytest.raises(ValueError, match="one conversation that grows"):
            dataset_of([{**ROW, "keywords": {"memory": memory}}])
    with pytest.raises(RuntimeError, match="not open"):
        TRLEnvironment().act("PULL_A")


def test_the_model_has_one_tool():
    public = {name for name in dir(TRLEnvironment) if not name.startswith("_")}
    assert public == {"reset", "act", "get_reward"}
