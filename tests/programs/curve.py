"""A curve in single precision, PyTorch's default: sin x + 0.3 exp x."""

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

rng = np.random.RandomState(36)
x = torch.linspace(-6, 4.5, 64).unsqueeze(1)
y = torch.sin(x) + 0.3 * torch.exp(x)
x_scaled, y_scaled = x / 6, (y - y.mean()) / y.std()

model = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1))
with torch.no_grad():
    for p in model.parameters():
        p.copy_(torch.tensor(rng.uniform(-0.7, 0.7, p.shape)))

order = torch.tensor(rng.permutation(64))
loader = DataLoader(TensorDataset(x_scaled[order], y_scaled[order]), batch_size=16)
criterion = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

losses = []
for epoch in range(8):
    running = 0.0
    for inputs, targets in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)
        loss.backward()
        optimizer.step()
        running += loss.item()
    losses.append(running / len(loader))

fit = model(x_scaled).detach()
results = {
    "losses": losses,
    "fit": fit.squeeze().numpy(),
    "dtype": fit.dtype,
    "weights": model.state_dict(),
    "moments": [optimizer.state[p]["exp_avg"] for p in model.parameters()],
    "steps": len(optimizer.state),
}
