"""A differential equation whose right side is a network, solved by Runge and Kutta, and learnt."""

import numpy as np
import torch
import torch.nn as nn

torch.set_default_dtype(torch.float64)


class Field(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 12), nn.Tanh(), nn.Linear(12, 2))
        self.damping = nn.Parameter(torch.tensor(0.1))

    def forward(self, state):
        return self.net(state) - self.damping * state


def rk4(f, state, dt, steps):
    states = [state]
    for _ in range(steps):
        k1 = f(state)
        k2 = f(state + dt / 2 * k1)
        k3 = f(state + dt / 2 * k2)
        k4 = f(state + dt * k3)
        state = state + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        states.append(state)
    return torch.stack(states)


rng = np.random.RandomState(47)
true_A = torch.tensor([[-0.1, 2.0], [-2.0, -0.1]])
start = torch.tensor([[2.0, 0.0], [0.0, 1.0], [-1.0, 1.0]])
with torch.no_grad():
    truth = rk4(lambda s: s @ true_A.T, start, 0.1, 8)

field = Field()
for name, p in field.named_parameters():
    if name.startswith("net"):
        p.data.copy_(torch.tensor(rng.randn(*p.shape) * 0.3))
optimizer = torch.optim.RAdam(field.parameters(), lr=0.05)
losses = []
for _ in range(12):
    optimizer.zero_grad()
    predicted = rk4(field, start, 0.1, 8)
    loss = torch.mean(torch.abs(predicted - truth))
    loss.backward()
    optimizer.step()
    losses.append(loss.item())

results = {
    "losses": losses,
    "damping": field.damping,
    "shape": predicted.shape,
    "end": predicted[-1],
    "gradients": [p.grad for p in field.parameters()],
    "weights": field.state_dict(),
}
