"""Steepest descent with backtracking, on all parameters as one vector."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils import parameters_to_vector, vector_to_parameters

torch.set_default_dtype(torch.float64)
rng = np.random.RandomState(35)

model = nn.Sequential(nn.Linear(3, 5), nn.Sigmoid(), nn.Linear(5, 2))
vector_to_parameters(torch.tensor(rng.uniform(-1, 1, 32)), model.parameters())
x = torch.tensor(rng.randn(25, 3))
y = torch.tensor(rng.randint(0, 2, 25))


def closure():
    model.zero_grad()
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    return loss


losses, steps = [], []
for _ in range(12):
    loss = closure().item()
    start = parameters_to_vector(model.parameters()).detach().clone()
    gradient = parameters_to_vector([p.grad for p in model.parameters()])
    slope = torch.dot(gradient, gradient).item()
    step = 8.0
    while step > 1e-6:
        vector_to_parameters(start - step * gradient, model.parameters())
        with torch.no_grad():
            new = F.cross_entropy(model(x), y).item()
        if new <= loss - 0.5 * step * slope:
            break
        step /= 2
    losses.append(loss)
    steps.append(step)

optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
closed = [optimizer.step(closure).item() for _ in range(3)]

results = {
    "losses": losses,
    "steps": steps,
    "closed": closed,
    "gradient": gradient,
    "vector": parameters_to_vector(model.parameters()),
}
