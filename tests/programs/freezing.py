"""Transfer: a frozen body, a new head, then a little fine-tuning of everything."""

import numpy as np
import torch
import torch.nn as nn

torch.set_default_dtype(torch.float64)
rng = np.random.RandomState(5)


def fill(module):
    for p in module.parameters():
        nn.init.constant_(p, 0.0)
        with torch.no_grad():
            p.add_(torch.tensor(rng.uniform(-0.6, 0.6, p.shape)))


body = nn.Sequential(nn.Linear(3, 10), nn.ReLU(), nn.Linear(10, 6), nn.ReLU())
head = nn.Linear(6, 1)
fill(body)
fill(head)
body.requires_grad_(False)
model = nn.Sequential(body, head)
before = {key: value.clone() for key, value in model.state_dict().items()}

x = torch.tensor(rng.randn(32, 3))
y = (x[:, :1] * x[:, 1:2]).tanh()

trainable = [p for p in model.parameters() if p.requires_grad]
optimizer = torch.optim.SGD(trainable, lr=0.1)
criterion = nn.MSELoss()
losses = []
for _ in range(20):
    optimizer.zero_grad()
    loss = criterion(model(x), y)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())

no_gradient = [name for name, p in model.named_parameters() if p.grad is None]
unchanged = [key for key, value in model.state_dict().items() if torch.equal(value, before[key])]

for p in body.parameters():
    p.requires_grad = True
optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
for _ in range(20):
    optimizer.zero_grad()
    loss = criterion(model(x), y)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())

results = {
    "losses": losses,
    "trainable": len(trainable),
    "no gradient": no_gradient,
    "unchanged": unchanged,
    "weights": model.state_dict(),
    "needs": [p.requires_grad for p in model.parameters()],
}
