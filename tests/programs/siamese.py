"""A siamese network: one set of weights, two inputs, a loss on how far apart they come out."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)


class Siamese(nn.Module):
    def __init__(self):
        super().__init__()
        self.tower = nn.Sequential(nn.Linear(4, 9), nn.ReLU(), nn.Linear(9, 3))

    def embed(self, x):
        return self.tower(x)

    def forward(self, a, b):
        u, v = self.embed(a), self.embed(b)
        distance = (u - v).pow(2).sum(1).add(1e-12).sqrt()
        cosine = (u * v).sum(1) / (u.norm(dim=1) * v.norm(dim=1)).clamp(min=1e-8)
        return distance, cosine


rng = np.random.RandomState(26)
kind_a, kind_b = rng.randint(0, 3, 40), rng.randint(0, 3, 40)
means = rng.randn(3, 4)
a = torch.tensor(means[kind_a] + 0.3 * rng.randn(40, 4))
b = torch.tensor(means[kind_b] + 0.3 * rng.randn(40, 4))
same = torch.tensor(np.where(kind_a == kind_b, 1.0, -1.0))

model = Siamese()
for p in model.parameters():
    p.data = torch.tensor(rng.uniform(-0.5, 0.5, tuple(p.shape)))
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)

losses = []
for _ in range(30):
    distance, cosine = model(a, b)
    contrastive = F.hinge_embedding_loss(distance, same, margin=1.0)
    angular = torch.where(same > 0, 1 - cosine, torch.clamp(cosine - 0.2, min=0)).mean()
    loss = contrastive + 0.5 * angular
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())

together = same > 0
results = {
    "losses": losses,
    "near": distance[together].mean(),
    "far": distance[~together].mean(),
    "weights": model.state_dict(),
}
