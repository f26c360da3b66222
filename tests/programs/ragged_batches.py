"""Sequences of different lengths: a collate function that pads, a sampler, and a mask."""

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset, Sampler

torch.set_default_dtype(torch.float64)


class Walks(Dataset):
    def __init__(self, size):
        rng = np.random.RandomState(44)
        self.walks = [rng.randn(rng.randint(3, 9)).cumsum() for _ in range(size)]

    def __len__(self):
        return len(self.walks)

    def __getitem__(self, index):
        walk = torch.tensor(self.walks[index])
        return walk, (walk[-1] > walk[0]).double()


class ByLength(Sampler):
    def __init__(self, dataset):
        self.order = sorted(range(len(dataset)), key=lambda i: (len(dataset[i][0]), i))

    def __iter__(self):
        return iter(self.order)

    def __len__(self):
        return len(self.order)


def pad(batch):
    walks, labels = zip(*batch)
    longest = max(len(walk) for walk in walks)
    padded = torch.zeros(len(walks), longest)
    mask = torch.zeros(len(walks), longest, dtype=torch.bool)
    for row, walk in enumerate(walks):
        padded[row, : len(walk)] = walk
        mask[row, : len(walk)] = True
    return padded, mask, torch.stack(labels)


class Pool(nn.Module):
    def __init__(self):
        super().__init__()
        self.lift = nn.Linear(2, 6)
        self.score = nn.Linear(6, 1, bias=False)
        self.out = nn.Linear(6, 1)

    def forward(self, x, mask):
        times = torch.linspace(0, 1, x.shape[1]).expand_as(x)
        h = torch.tanh(self.lift(torch.stack([x, times], dim=-1)))
        scores = self.score(h).squeeze(-1).masked_fill(~mask, -1e9)
        weights = scores.softmax(dim=1)
        return self.out((weights.unsqueeze(-1) * h).sum(dim=1)).squeeze(-1)


data = Walks(30)
loader = DataLoader(data, batch_size=7, sampler=ByLength(data), collate_fn=pad)
model = Pool()
with torch.no_grad():
    for i, p in enumerate(model.parameters()):
        p.copy_(torch.sin(torch.arange(p.numel()) * 1.3 + i).view_as(p))
optimizer = torch.optim.Adam(model.parameters(), lr=0.05)

losses, shapes = [], []
for epoch in range(6):
    for x, mask, labels in loader:
        loss = nn.functional.binary_cross_entropy_with_logits(model(x, mask), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        shapes.append(list(x.shape))

results = {"losses": losses, "shapes": shapes[: len(loader)], "weights": model.state_dict()}
