"""A network that satisfies a differential equation: u'' + u = 0, u(0) = 0, u'(0) = 1."""

import numpy as np
import torch
import torch.nn as nn

torch.set_default_dtype(torch.float64)

rng = np.random.RandomState(30)
net = nn.Sequential(nn.Linear(1, 12), nn.Tanh(), nn.Linear(12, 12), nn.Tanh(), nn.Linear(12, 1))
with torch.no_grad():
    for p in net.parameters():
        p.copy_(torch.tensor(rng.uniform(-0.8, 0.8, p.shape)))


def derivative(u, x):
    (du,) = torch.autograd.grad(u, x, grad_outputs=torch.ones_like(u), create_graph=True)
    return du


x = torch.linspace(0, 3, 20).unsqueeze(1).requires_grad_(True)
zero = torch.zeros(1, 1, requires_grad=True)
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)

losses, parts = [], []
for step in range(40):
    optimizer.zero_grad()
    u = net(x)
    first = derivative(u, x)
    second = derivative(first, x)
    equation = (second + u).square().mean()
    u0 = net(zero)
    boundary = (u0**2 + (derivative(u0, zero) - 1) ** 2).squeeze()
    loss = equation + boundary
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
    parts.append([equation.item(), boundary.item()])

results = {
    "losses": losses,
    "parts": parts,
    "u": net(x).flatten(),
    "first": first,
    "second": second,
    "gradients": [p.grad for p in net.parameters()],
    "weights": net.state_dict(),
}
