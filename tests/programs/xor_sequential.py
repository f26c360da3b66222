"""XOR with Sequential, cross-entropy and SGD."""

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim

torch.set_default_dtype(torch.float64)

X = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = torch.tensor([0, 1, 1, 0])

model = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 2))
rng = np.random.RandomState(1)
with torch.no_grad():
    for p in model.parameters():
        p.copy_(torch.tensor(rng.uniform(-1, 1, tuple(p.shape))))

criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(model.parameters(), lr=0.5)

losses = []
for step in range(150):
    optimizer.zero_grad()
    out = model(X)
    loss = criterion(out, Y)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())

with torch.no_grad():
    probabilities = torch.softmax(model(X), dim=1)
predicted = probabilities.argmax(dim=1)

results = {
    "model": str(model),
    "losses": losses,
    "weights": model.state_dict(),
    "gradients": [p.grad for p in model.parameters()],
    "probabilities": probabilities,
    "predicted": predicted,
    "accuracy": (predicted == Y).double().mean().item(),
}
