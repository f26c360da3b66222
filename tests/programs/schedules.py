"""One network, one optimizer, many schedules of the learning rate."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.lr_scheduler import (
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiStepLR,
    OneCycleLR,
    StepLR,
)

torch.set_default_dtype(torch.float64)

schedules = {
    "step": lambda optimizer: StepLR(optimizer, step_size=5, gamma=0.5),
    "multistep": lambda optimizer: MultiStepLR(optimizer, milestones=[4, 12], gamma=0.1),
    "exponential": lambda optimizer: ExponentialLR(optimizer, gamma=0.9),
    "cosine": lambda optimizer: CosineAnnealingLR(optimizer, T_max=20, eta_min=0.001),
    "linear": lambda optimizer: LinearLR(optimizer, start_factor=0.1, total_iters=8),
    "lambda": lambda optimizer: LambdaLR(optimizer, lambda epoch: 1 / (1 + 0.3 * epoch)),
    "one cycle": lambda optimizer: OneCycleLR(optimizer, max_lr=0.2, total_steps=21),
}


def train(make_scheduler, make_optimizer):
    rng = np.random.RandomState(8)
    x, y = torch.tensor(rng.randn(24, 4)), torch.tensor(rng.randint(0, 2, 24))
    model = nn.Linear(4, 2)
    with torch.no_grad():
        model.weight.copy_(torch.tensor(rng.randn(2, 4)))
        model.bias.fill_(0.0)
    optimizer = make_optimizer(model.parameters())
    scheduler = make_scheduler(optimizer)
    losses, rates = [], []
    for epoch in range(20):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        rates.append(optimizer.param_groups[0]["lr"])
        scheduler.step()
    return {"losses": losses, "rates": rates, "last": scheduler.get_last_lr(), "w": model.weight}


def sgd(parameters):
    return torch.optim.SGD(parameters, lr=0.1, momentum=0.9)


def adam(parameters):
    return torch.optim.Adam(parameters, lr=0.05)


results = {}
for name, make_scheduler in schedules.items():
    results[f"{name} SGD"] = train(make_scheduler, sgd)
    results[f"{name} Adam"] = train(make_scheduler, adam)
