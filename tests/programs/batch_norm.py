"""Train and eval: batch normalisation keeps running statistics, dropout of 0 does nothing."""

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.set_default_dtype(torch.float64)
rng = np.random.RandomState(10)

x = torch.tensor(rng.randn(48, 6) * 3 + 2)
y = torch.tensor(rng.randint(0, 4, 48))
loader = DataLoader(TensorDataset(x, y), batch_size=10, drop_last=True)

model = nn.Sequential(
    nn.BatchNorm1d(6),
    nn.Linear(6, 8, bias=False),
    nn.LeakyReLU(0.1),
    nn.BatchNorm1d(8, momentum=0.3, affine=True),
    nn.Dropout(p=0.0),
    nn.Linear(8, 4),
)
with torch.no_grad():
    model[1].weight.copy_(torch.tensor(rng.randn(8, 6) * 0.4))
    model[5].weight.copy_(torch.tensor(rng.randn(4, 8) * 0.4))
    model[5].bias.zero_()

criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.2, weight_decay=1e-3)
losses, evaluated = [], []
for epoch in range(5):
    model.train()
    for xb, yb in loader:
        loss = criterion(model(xb), yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    model.eval()
    with torch.no_grad():
        evaluated.append(criterion(model(x), y).item())

single = model(x[:1])

results = {
    "losses": losses,
    "evaluated": evaluated,
    "batches": len(loader),
    "mode": [module.training for module in model],
    "state": model.state_dict(),
    "single": single,
    "repr": str(model),
}
