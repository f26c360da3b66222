"""Logistic regression with an L1 penalty, and a learning rate for each group of parameters."""

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
rng = np.random.RandomState(24)

features = rng.randn(70, 12)
labels = (features[:, 0] - 2 * features[:, 3] + 0.3 * rng.randn(70) > 0).astype(np.float64)
X, y = torch.from_numpy(features), torch.from_numpy(labels)

weight = torch.nn.Parameter(torch.zeros(12))
bias = torch.nn.Parameter(torch.tensor(0.0))
optimizer = torch.optim.SGD(
    [
        {"params": [weight], "lr": 0.1, "momentum": 0.5},
        {"params": [bias]},
    ],
    lr=0.5,
)

losses = []
for step in range(120):
    optimizer.zero_grad()
    logits = X @ weight + bias
    loss = F.binary_cross_entropy_with_logits(logits, y)
    penalty = 0.05 * weight.abs().sum()
    (loss + penalty).backward()
    optimizer.step()
    losses.append((loss + penalty).item())
    if step == 59:
        for group in optimizer.param_groups:
            group["lr"] *= 0.1

small = weight.detach().abs() < 0.02
results = {
    "losses": losses,
    "weight": weight,
    "bias": bias,
    "sparse": small,
    "kept": (~small).sum().item(),
    "rates": [group["lr"] for group in optimizer.param_groups],
    "momentum": [group["momentum"] for group in optimizer.param_groups],
    "type": type(weight).__name__,
}
