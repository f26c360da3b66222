"""Two moons and a hinge loss with weight decay by hand: micrograd's demonstration."""

import numpy as np
import torch
import torch.nn as nn

torch.set_default_dtype(torch.float64)

rng = np.random.RandomState(32)
angle = np.linspace(0, np.pi, 50)
upper = np.stack([np.cos(angle), np.sin(angle)], 1)
lower = np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], 1)
X = torch.tensor(np.concatenate([upper, lower]) + 0.1 * rng.randn(100, 2))
y = torch.cat([torch.ones(50), -torch.ones(50)])

model = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 1))
for p in model.parameters():
    p.data = torch.tensor(rng.uniform(-1, 1, p.shape)) if p.ndim == 2 else torch.zeros_like(p)


def loss_of(X, y):
    scores = model(X).squeeze(1)
    losses = (1 + -y * scores).relu()
    data_loss = losses.mean()
    reg_loss = 1e-4 * sum((p * p).sum() for p in model.parameters())
    accuracy = ((y > 0) == (scores > 0)).double().mean()
    return data_loss + reg_loss, accuracy


losses, accuracies = [], []
for k in range(60):
    total_loss, accuracy = loss_of(X, y)
    model.zero_grad()
    total_loss.backward()
    learning_rate = 1.0 - 0.9 * k / 60
    with torch.no_grad():
        for p in model.parameters():
            p -= 0.3 * learning_rate * p.grad
    losses.append(total_loss.item())
    accuracies.append(accuracy.item())

xs = torch.arange(-1.5, 2.6, 0.5)
ys = torch.arange(-1.0, 1.6, 0.5)
grid = torch.stack([xs.repeat(len(ys)), ys.repeat_interleave(len(xs))], dim=1)
with torch.no_grad():
    surface = model(grid).view(len(ys), len(xs))

results = {
    "losses": losses,
    "accuracies": accuracies,
    "surface": surface > 0,
    "weights": model.state_dict(),
}
