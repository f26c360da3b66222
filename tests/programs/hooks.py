"""Hooks that look at gradients, change them, and listen to modules."""

import numpy as np
import torch
import torch.nn as nn

torch.set_default_dtype(torch.float64)
rng = np.random.RandomState(14)

model = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 1))
with torch.no_grad():
    for p in model.parameters():
        p.copy_(torch.tensor(rng.uniform(-1, 1, tuple(p.shape))))

seen, shapes, gradients = [], [], {}


def record_activation(module, inputs, output):
    seen.append(output.detach().mean().item())
    shapes.append((type(module).__name__, tuple(inputs[0].shape), tuple(output.shape)))


handles = [layer.register_forward_hook(record_activation) for layer in model]
doubling = model[0].weight.register_hook(lambda grad: grad * 2)

x = torch.tensor(rng.randn(8, 3))
y = torch.tensor(rng.randn(8, 1))

hidden = model[1](model[0](x))
hidden.register_hook(lambda grad: gradients.update(hidden=grad.clone()))
hidden.retain_grad()
loss = (model[2](hidden) - y).abs().mean()
loss.backward()
first = [p.grad.clone() for p in model.parameters()]

doubling.remove()
for handle in handles:
    handle.remove()
calls = len(seen)
model.zero_grad()
(model(x) - y).abs().mean().backward()

results = {
    "seen": seen,
    "shapes": shapes,
    "calls": [calls, len(seen)],
    "hidden": gradients["hidden"],
    "retained": hidden.grad,
    "with hook": first,
    "without": [p.grad for p in model.parameters()],
}
