"""Early stopping: keep the best weights in memory, and come back to them."""

from copy import deepcopy

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Subset, TensorDataset

torch.set_default_dtype(torch.float64)
rng = np.random.RandomState(34)

x = torch.tensor(rng.uniform(-1, 1, (36, 1)))
y = torch.sin(3 * x) + 0.4 * torch.tensor(rng.randn(36, 1))
data = TensorDataset(x, y)
train, valid = Subset(data, range(24)), Subset(data, range(24, 36))
train_loader = DataLoader(train, batch_size=8)
valid_loader = DataLoader(valid, batch_size=12)

model = nn.Sequential(nn.Linear(1, 32), nn.SELU(), nn.Linear(32, 32), nn.SELU(), nn.Linear(32, 1))
with torch.no_grad():
    for p in model.parameters():
        scale = 1 / np.sqrt(p.shape[-1])
        p.copy_(torch.tensor(rng.uniform(-scale, scale, p.shape)))

optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
criterion = nn.MSELoss()


def evaluate():
    model.eval()
    with torch.no_grad():
        return sum(criterion(model(a), b).item() * len(a) for a, b in valid_loader) / len(valid)


best_loss, best_state, best_epoch, patience, valid_losses = float("inf"), None, -1, 0, []
for epoch in range(100):
    model.train()
    for a, b in train_loader:
        optimizer.zero_grad()
        criterion(model(a), b).backward()
        optimizer.step()
    valid_losses.append(evaluate())
    if valid_losses[-1] < best_loss - 1e-4:
        best_loss, best_epoch, patience = valid_losses[-1], epoch, 0
        best_state = deepcopy(model.state_dict())
    else:
        patience += 1
        if patience >= 8:
            break

worse = evaluate()
model.load_state_dict(best_state)
results = {
    "valid": valid_losses,
    "best epoch": best_epoch,
    "stopped": epoch,
    "worse": worse,
    "restored": evaluate(),
    "equal": evaluate() == best_loss,
    "weights": model.state_dict(),
}
