"""A classifier of three clouds of points, trained by mini-batches from a DataLoader."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.set_default_dtype(torch.float64)


class MLP(nn.Module):
    def __init__(self, in_features, hidden, classes):
        super().__init__()
        self.fc1 = nn.Linear(in_features, hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.out = nn.Linear(hidden, classes)

    def forward(self, x):
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.out(x)


rng = np.random.RandomState(2)
labels = rng.randint(0, 3, 120)
centres = np.array([[0.0, 1.5], [1.5, -1.0], [-1.5, -1.0]])
points = centres[labels] + 0.5 * rng.randn(120, 2)

inputs, targets = torch.tensor(points), torch.tensor(labels)
train = TensorDataset(inputs[:100], targets[:100])
test = TensorDataset(inputs[100:], targets[100:])
train_loader = DataLoader(train, batch_size=16, shuffle=False)
test_loader = DataLoader(test, batch_size=8)

model = MLP(2, 12, 3)
for name, parameter in model.named_parameters():
    parameter.data = torch.tensor(rng.uniform(-0.5, 0.5, tuple(parameter.shape)))

optimizer = torch.optim.Adam(model.parameters(), lr=0.01)


def train_one_epoch():
    model.train()
    total = 0.0
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * x.size(0)
    return total / len(train_loader.dataset)


@torch.no_grad()
def accuracy(loader):
    model.eval()
    correct = 0
    for x, y in loader:
        correct += (model(x).argmax(1) == y).sum().item()
    return correct / len(loader.dataset)


history = []
for epoch in range(12):
    loss = train_one_epoch()
    history.append(loss)
    print(f"epoch {epoch + 1:2d}  loss {loss:.4f}  accuracy {accuracy(test_loader):.2f}")

results = {
    "history": history,
    "batches": len(train_loader),
    "shapes": [tuple(x.shape) for x, _ in train_loader],
    "accuracy": [accuracy(train_loader), accuracy(test_loader)],
    "weights": model.state_dict(),
    "count": sum(p.numel() for p in model.parameters()),
}
