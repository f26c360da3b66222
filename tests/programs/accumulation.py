"""The gradients of four small batches add up to that of the big one."""

import copy

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
rng = np.random.RandomState(6)

big = nn.Sequential(nn.Linear(5, 7), nn.GELU(), nn.LayerNorm(7), nn.Linear(7, 3))
with torch.no_grad():
    for p in big.parameters():
        p.copy_(torch.as_tensor(rng.uniform(-1, 1, p.shape)))
small = copy.deepcopy(big)

x = torch.tensor(rng.randn(32, 5))
y = torch.tensor(rng.randint(0, 3, 32))

sgd_big = torch.optim.SGD(big.parameters(), lr=0.1, momentum=0.8, nesterov=True)
sgd_small = torch.optim.SGD(small.parameters(), lr=0.1, momentum=0.8, nesterov=True)

losses = {"big": [], "small": []}
for _ in range(10):
    sgd_big.zero_grad()
    loss = F.cross_entropy(big(x), y)
    loss.backward()
    losses["big"].append(loss.item())

    sgd_small.zero_grad()
    total = 0.0
    for xs, ys in zip(x.chunk(4), y.chunk(4)):
        part = F.cross_entropy(small(xs), ys) / 4
        part.backward()
        total += part.item()
    losses["small"].append(total)

    sgd_big.step()
    sgd_small.step()

alike = [torch.allclose(p, q) for p, q in zip(big.parameters(), small.parameters())]

results = {
    "losses": losses,
    "alike": alike,
    "gradients": [p.grad for p in small.parameters()],
    "weights": small.state_dict(),
}
