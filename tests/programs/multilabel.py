"""Several labels at once, each with a weight, some of them unknown."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

torch.set_default_dtype(torch.float64)


class Tags(Dataset):
    def __init__(self, size, seed):
        rng = np.random.RandomState(seed)
        self.features = rng.randn(size, 6)
        self.tags = (self.features[:, :4] + 0.5 * rng.randn(size, 4) > 0).astype(float)
        self.known = rng.rand(size, 4) > 0.2

    def __len__(self):
        return len(self.features)

    def __getitem__(self, index):
        return {
            "x": torch.tensor(self.features[index]),
            "y": torch.tensor(self.tags[index]),
            "known": torch.tensor(self.known[index]),
        }


data = Tags(45, seed=17)
loader = DataLoader(data, batch_size=12)
model = nn.Linear(6, 4)
with torch.no_grad():
    model.weight.copy_(torch.linspace(-1, 1, 24).reshape(4, 6))
    model.bias.zero_()
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)

losses = []
for epoch in range(6):
    for batch in loader:
        logits = model(batch["x"])
        each = F.binary_cross_entropy_with_logits(logits, batch["y"], reduction="none")
        loss = each[batch["known"]].mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())

x = torch.stack([data[i]["x"] for i in range(len(data))])
y = torch.stack([data[i]["y"] for i in range(len(data))])
predicted = (model(x).sigmoid() > 0.5).int()
results = {
    "losses": losses,
    "exact": (predicted == y.int()).all(dim=1).sum().item(),
    "per tag": (predicted == y).double().mean(0),
    "soft margin": nn.functional.logsigmoid(model(x)).sum(),
    "weight": model.weight,
    "bias": model.bias,
}
