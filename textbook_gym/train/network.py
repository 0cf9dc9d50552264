"""The transformer of the student `in-context` in torch: what `students.transformer.Transformer` plays."""

import numpy as np
import torch
from torch import nn
from torch.nn.functional import scaled_dot_product_attention


class Block(nn.Module):
    """Attention to the steps before, then a layer for each step alone."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before, self.after = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (courses, steps, width) for the same."""
        n, steps, width = x.shape
        q, k, v = self.qkv(self.before(x)).view(n, steps, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        read = scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(read.transpose(1, 2).reshape(n, steps, width))
        added: torch.Tensor = x + self.down(torch.relu(self.up(self.after(x))))
        return added


class Network(nn.Module):
    """Tokens of a course in, logits of actions out. There are no positions: the header of an observation tells time."""

    def __init__(self, token: int, actions: int, width: int = 64, layers: int = 2, heads: int = 4) -> None:
        super().__init__()
        self.enter = nn.Linear(token, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.leave, self.act = nn.LayerNorm(width), nn.Linear(width, actions)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return logits, (courses, steps, actions), for tokens, (courses, steps, width of a token)."""
        x = self.enter(tokens)
        for block in self.blocks:
            x = block(x)
        logits: torch.Tensor = self.act(self.leave(x))
        return logits

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all weights by name, as `students.transformer.Transformer` takes them: copies."""
        return {name: tensor.detach().numpy().copy() for name, tensor in self.state_dict().items()}
