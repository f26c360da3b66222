"""A causal attention block by hand, trained to copy the token before."""

import math

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)


class Head(nn.Module):
    def __init__(self, width, size, context):
        super().__init__()
        self.key = nn.Linear(width, size, bias=False)
        self.query = nn.Linear(width, size, bias=False)
        self.value = nn.Linear(width, size, bias=False)
        self.dropout = nn.Dropout(0.0)
        mask = torch.triu(torch.ones(context, context), diagonal=1).bool()
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = self.query(x), self.key(x), self.value(x)
        scores = q @ k.transpose(-2, -1) / math.sqrt(k.shape[-1])
        scores = scores.masked_fill(self.mask[:T, :T], float("-inf"))
        weights = self.dropout(F.softmax(scores, dim=-1))
        return weights @ v


class Block(nn.Module):
    def __init__(self, tokens, width, heads, context):
        super().__init__()
        self.tokens = nn.Embedding(tokens, width)
        self.positions = nn.Embedding(context, width)
        self.heads = nn.ModuleList([Head(width, width // heads, context) for _ in range(heads)])
        self.norm = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(approximate="tanh"), nn.Linear(2 * width, width)
        )
        self.out = nn.Linear(width, tokens)

    def forward(self, ids):
        x = self.tokens(ids) + self.positions(torch.arange(ids.shape[1]))
        x = x + torch.cat([head(self.norm(x)) for head in self.heads], dim=-1)
        x = x + self.mlp(self.norm(x))
        return self.out(x)


rng = np.random.RandomState(22)
ids = torch.tensor(rng.randint(0, 5, (6, 7)))
model = Block(5, 8, 2, context=7)
with torch.no_grad():
    for p in model.parameters():
        p.copy_(torch.tensor(rng.randn(*p.shape) * 0.4))

optimizer = torch.optim.AdamW(model.parameters(), lr=0.02)
losses = []
for _ in range(15):
    logits = model(ids)
    loss = F.cross_entropy(logits[:, 1:].transpose(1, 2), ids[:, :-1])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())

results = {
    "losses": losses,
    "logits": logits[0],
    "keys": list(model.state_dict()),
    "weights": dict(model.named_parameters()),
}
