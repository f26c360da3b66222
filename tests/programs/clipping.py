"""Gradient clipping, by norm and by value, where a steep loss would throw the weights away."""

import numpy as np
import torch
import torch.nn as nn
from torch.nn.utils import clip_grad_norm_, clip_grad_value_

torch.set_default_dtype(torch.float64)


def train(clip):
    rng = np.random.RandomState(7)
    model = nn.Sequential(nn.Linear(2, 6), nn.Softplus(), nn.Linear(6, 1))
    for p in model.parameters():
        p.data.copy_(torch.tensor(rng.randn(*p.shape)))
    x = torch.tensor(rng.randn(16, 2))
    y = 30 * torch.sin(x).sum(dim=1, keepdim=True)
    optimizer = torch.optim.RMSprop(model.parameters(), lr=0.05)
    losses, norms = [], []
    for _ in range(25):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(x), y, reduction="sum")
        loss.backward()
        norms.append(clip(model.parameters()))
        optimizer.step()
        losses.append(loss.item())
    return losses, norms, [p.grad.norm() for p in model.parameters()], model.state_dict()


losses, norms, after, weights = train(lambda parameters: clip_grad_norm_(parameters, max_norm=1.0))
results = {"losses": losses, "norms": norms, "after": after, "weights": weights}

losses, norms, after, weights = train(
    lambda parameters: clip_grad_norm_(parameters, max_norm=3.0, norm_type=float("inf"))
)
results["largest"] = {"losses": losses, "norms": norms, "after": after}

losses, _, after, weights = train(lambda parameters: clip_grad_value_(parameters, clip_value=0.5))
results["by value"] = {"losses": losses, "after": after, "weights": weights}
