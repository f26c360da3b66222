"""Training that is interrupted, saved and continued equals training that was not."""

import os
import tempfile

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)

rng = np.random.RandomState(11)
x = torch.tensor(rng.randn(30, 4))
y = torch.tensor(rng.randn(30, 2))
start = [rng.uniform(-0.5, 0.5, shape) for shape in [(8, 4), (8,), (2, 8), (2,)]]


def build():
    model = nn.Sequential(nn.Linear(4, 8), nn.SiLU(), nn.Linear(8, 2))
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), start):
            parameter.copy_(torch.tensor(value))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=4, gamma=0.7)
    return model, optimizer, scheduler


def train(model, optimizer, scheduler, epochs):
    losses = []
    for _ in range(epochs):
        optimizer.zero_grad()
        loss = F.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
    return losses


model, optimizer, scheduler = build()
whole = train(model, optimizer, scheduler, 20)

first, first_optimizer, first_scheduler = build()
losses = train(first, first_optimizer, first_scheduler, 9)
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "checkpoint.pt")
    torch.save(
        {
            "epoch": 9,
            "model": first.state_dict(),
            "optimizer": first_optimizer.state_dict(),
            "scheduler": first_scheduler.state_dict(),
            "losses": losses,
        },
        path,
    )
    checkpoint = torch.load(path)

second, second_optimizer, second_scheduler = build()
second.load_state_dict(checkpoint["model"])
second_optimizer.load_state_dict(checkpoint["optimizer"])
second_scheduler.load_state_dict(checkpoint["scheduler"])
continued = checkpoint["losses"] + train(second, second_optimizer, second_scheduler, 11)

results = {
    "whole": whole,
    "continued": continued,
    "equal": whole == continued,
    "epoch": checkpoint["epoch"],
    "weights": second.state_dict(),
    "same": all(torch.equal(p, q) for p, q in zip(model.parameters(), second.parameters())),
}
