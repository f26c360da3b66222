"""An exponential moving average of the weights, kept in a copy of the model."""

import copy

import numpy as np
import torch
import torch.nn as nn


class EMA:
    def __init__(self, model, decay):
        self.decay = decay
        self.shadow = copy.deepcopy(model).eval()
        for p in self.shadow.parameters():
            p.requires_grad_(False)

    @torch.no_grad()
    def update(self, model):
        for average, p in zip(self.shadow.parameters(), model.parameters()):
            average.mul_(self.decay).add_(p, alpha=1 - self.decay)
        for average, buffer in zip(self.shadow.buffers(), model.buffers()):
            average.copy_(buffer)


rng = np.random.RandomState(31)
model = nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1)).double()
with torch.no_grad():
    for p in model.parameters():
        p.copy_(torch.tensor(rng.uniform(-1, 1, p.shape)))
ema = EMA(model, decay=0.9)

x = torch.tensor(rng.randn(64, 2))
y = (x[:, 0] * x[:, 1]).unsqueeze(1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

losses, averaged = [], []
for step in range(30):
    batch = torch.tensor(rng.permutation(64)[:16])
    loss = nn.functional.l1_loss(model(x[batch]), y[batch])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    ema.update(model)
    losses.append(loss.item())
    with torch.no_grad():
        averaged.append(nn.functional.l1_loss(ema.shadow(x), y).item())

results = {
    "losses": losses,
    "averaged": averaged,
    "model": model.state_dict(),
    "shadow": ema.shadow.state_dict(),
    "needs": [p.requires_grad for p in ema.shadow.parameters()],
    "training": [model.training, ema.shadow.training],
    "dtype": next(model.parameters()).dtype,
}
