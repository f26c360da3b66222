"""ReduceLROnPlateau: where the validation loss stands still, the learning rate falls."""

import numpy as np
import torch
from torch import nn, optim

torch.set_default_dtype(torch.float64)
rng = np.random.RandomState(9)

x = torch.tensor(rng.uniform(-2, 2, (60, 1)))
y = x**3 - x + 0.3 * torch.tensor(rng.randn(60, 1))
x_train, y_train, x_valid, y_valid = x[:40], y[:40], x[40:], y[40:]

model = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))
for p in model.parameters():
    p.data.copy_(torch.tensor(rng.uniform(-1, 1, tuple(p.shape))))

criterion = nn.SmoothL1Loss()
optimizer = optim.AdamW(model.parameters(), lr=0.1, weight_decay=0.01)
scheduler = optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.3, patience=3, min_lr=1e-4)

history = {"train": [], "valid": [], "lr": []}
for epoch in range(60):
    model.train()
    optimizer.zero_grad()
    loss = criterion(model(x_train), y_train)
    loss.backward()
    optimizer.step()

    model.eval()
    with torch.no_grad():
        valid_loss = criterion(model(x_valid), y_valid)
    scheduler.step(valid_loss.item())

    history["train"].append(loss.item())
    history["valid"].append(valid_loss.item())
    history["lr"].append(optimizer.param_groups[0]["lr"])

results = {"history": history, "weights": model.state_dict(), "best": scheduler.best}
