"""The learning rate grows until the loss does: where was it falling fastest?"""

import copy
import math

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
rng = np.random.RandomState(25)

x = torch.tensor(rng.uniform(-3, 3, (64, 1)))
y = torch.sin(2 * x)
net = nn.Sequential(nn.Linear(1, 20), nn.ReLU(), nn.Linear(20, 20), nn.ReLU(), nn.Linear(20, 1))
with torch.no_grad():
    for layer in net:
        if hasattr(layer, "weight"):
            bound = math.sqrt(6 / layer.in_features)
            layer.weight.copy_(torch.tensor(rng.uniform(-bound, bound, layer.weight.shape)))
            layer.bias.fill_(0.1)


def find_lr(model, init_value=1e-4, final_value=3.0, steps=40, beta=0.9):
    model = copy.deepcopy(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=init_value)
    mult = (final_value / init_value) ** (1 / (steps - 1))
    average, best, rates, losses = 0.0, math.inf, [], []
    for step in range(steps):
        batch = slice((step * 16) % 64, (step * 16) % 64 + 16)
        optimizer.zero_grad()
        loss = F.mse_loss(model(x[batch]), y[batch])
        average = beta * average + (1 - beta) * loss.item()
        smoothed = average / (1 - beta ** (step + 1))
        if step > 0 and smoothed > 4 * best:
            break
        best = min(best, smoothed)
        rates.append(optimizer.param_groups[0]["lr"])
        losses.append(smoothed)
        loss.backward()
        optimizer.step()
        optimizer.param_groups[0]["lr"] *= mult
    return rates, losses


rates, losses = find_lr(net)
slopes = np.diff(losses)
chosen = rates[int(slopes.argmin())]

optimizer = torch.optim.SGD(net.parameters(), lr=min(chosen, 0.05))
trained = []
for _ in range(20):
    optimizer.zero_grad()
    loss = F.mse_loss(net(x), y)
    loss.backward()
    optimizer.step()
    trained.append(loss.item())

results = {"rates": rates, "losses": losses, "chosen": chosen, "trained": trained}
