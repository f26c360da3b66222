"""Modules in modules in modules: a small residual network."""

import numpy as np
import torch
from torch import nn

torch.set_default_dtype(torch.float64)


class Scale(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(features))
        self.register_buffer("calls", torch.tensor(0))

    def forward(self, x):
        self.calls += 1
        return x * self.gain


class Block(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(features, features), nn.Tanh(), Scale(features))

    def forward(self, x):
        return x + self.body(x)


class Net(nn.Module):
    def __init__(self, features, depth):
        super().__init__()
        self.blocks = nn.ModuleList([Block(features) for _ in range(depth)])
        self.heads = nn.ModuleDict(
            {"mean": nn.Linear(features, 1), "scale": nn.Linear(features, 1)}
        )

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.heads["mean"](x), self.heads["scale"](x).exp()


def initialize(module):
    if isinstance(module, nn.Linear):
        n_out, n_in = module.weight.shape
        grid = torch.arange(n_out * n_in, dtype=torch.float64).reshape(n_out, n_in)
        with torch.no_grad():
            module.weight.copy_(torch.sin(grid + 1) / n_in)
            module.bias.zero_()


model = Net(4, depth=3)
model.apply(initialize)

rng = np.random.RandomState(3)
x = torch.tensor(rng.randn(20, 4))
y = x.sum(1, keepdim=True).sin()

optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
losses = []
for _ in range(25):
    optimizer.zero_grad()
    mean, scale = model(x)
    loss = (((y - mean) / scale) ** 2 / 2 + scale.log()).mean()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())

results = {
    "losses": losses,
    "names": [name for name, _ in model.named_modules()],
    "parameters": [name for name, _ in model.named_parameters()],
    "buffers": [name for name, _ in model.named_buffers()],
    "children": [name for name, _ in model.named_children()],
    "state": model.state_dict(),
    "repr": repr(model),
}
