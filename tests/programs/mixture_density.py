"""A mixture density network: where one x has several y, learn their distribution."""

import math

import numpy as np
import torch
import torch.nn as nn

torch.set_default_dtype(torch.float64)


class MDN(nn.Module):
    def __init__(self, hidden, mixtures):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(1, hidden), nn.Tanh())
        self.pi = nn.Linear(hidden, mixtures)
        self.mu = nn.Linear(hidden, mixtures)
        self.log_sigma = nn.Linear(hidden, mixtures)

    def forward(self, x):
        h = self.body(x)
        return torch.log_softmax(self.pi(h), dim=-1), self.mu(h), self.log_sigma(h)


def negative_log_likelihood(log_pi, mu, log_sigma, y):
    z = (y - mu) / torch.exp(log_sigma)
    log_normal = -0.5 * z * z - log_sigma - 0.5 * math.log(2 * math.pi)
    return -torch.logsumexp(log_pi + log_normal, dim=-1).mean()


rng = np.random.RandomState(29)
y = torch.tensor(rng.uniform(-1, 1, (60, 1)))
x = y + 0.3 * torch.sin(2 * math.pi * y) + 0.05 * torch.tensor(rng.randn(60, 1))

model = MDN(8, 3)
with torch.no_grad():
    for p in model.parameters():
        p.copy_(torch.tensor(rng.randn(*p.shape) * 0.5))
optimizer = torch.optim.Adam(model.parameters(), lr=0.03)

losses = []
for _ in range(40):
    loss = negative_log_likelihood(*model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())

with torch.no_grad():
    log_pi, mu, log_sigma = model(torch.tensor([[0.0], [0.5]]))
results = {
    "losses": losses,
    "pi": log_pi.exp(),
    "mu": mu,
    "sigma": log_sigma.exp(),
    "weights": model.state_dict(),
}
