"""Deep Q-learning on a corridor of six cells: a target network, detached targets, Huber loss."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
rng = np.random.RandomState(38)
cells, gamma = 6, 0.9


class QNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(cells, 16), nn.Hardswish(), nn.Linear(16, 2))

    def forward(self, state):
        return self.layers(F.one_hot(state, cells).double())


def move(state, action):
    after = np.clip(state + (2 * action - 1), 0, cells - 1)
    return after, (after == cells - 1).astype(float)


online, target = QNetwork(), QNetwork()
with torch.no_grad():
    for p in online.parameters():
        p.copy_(torch.tensor(rng.uniform(-0.4, 0.4, p.shape)))
target.load_state_dict(online.state_dict())
optimizer = torch.optim.Adam(online.parameters(), lr=0.02)

losses = []
for step in range(60):
    states, actions = rng.randint(0, cells - 1, 16), rng.randint(0, 2, 16)
    following, rewards = move(states, actions)
    state, action = torch.tensor(states), torch.tensor(actions)
    after, reward = torch.tensor(following), torch.tensor(rewards)

    q = online(state).gather(1, action[:, None]).squeeze(1)
    with torch.no_grad():
        best = target(after).max(dim=1).values
        goal = reward + gamma * best * (1 - reward)
    loss = F.smooth_l1_loss(q, goal, beta=0.5)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
    if step % 10 == 9:
        target.load_state_dict(online.state_dict())

with torch.no_grad():
    values = online(torch.arange(cells))
results = {
    "losses": losses,
    "values": values,
    "policy": values.argmax(dim=1).tolist(),
    "weights": target.state_dict(),
}
