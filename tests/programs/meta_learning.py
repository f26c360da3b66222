"""MAML: the gradient of a loss after a gradient step, through the step."""

import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
rng = np.random.RandomState(42)

shapes = [(10, 1), (10,), (1, 10), (1,)]
weights = [torch.tensor(rng.randn(*shape) * 0.5, requires_grad=True) for shape in shapes]
optimizer = torch.optim.Adam(weights, lr=0.02)
inner_lr = 0.1


def net(x, params):
    w1, b1, w2, b2 = params
    return F.linear(torch.tanh(F.linear(x, w1, b1)), w2, b2)


def task():
    amplitude, phase = rng.uniform(0.5, 2), rng.uniform(0, np.pi)
    x = torch.tensor(rng.uniform(-2, 2, (10, 1)))
    y = amplitude * torch.sin(x + phase)
    return x[:5], y[:5], x[5:], y[5:]


before, after = [], []
for iteration in range(12):
    optimizer.zero_grad()
    meta_loss = 0.0
    for _ in range(3):
        x_support, y_support, x_query, y_query = task()
        fast = weights
        for _ in range(2):
            loss = F.mse_loss(net(x_support, fast), y_support)
            grads = torch.autograd.grad(loss, fast, create_graph=True)
            fast = [w - inner_lr * g for w, g in zip(fast, grads)]
        before.append(F.mse_loss(net(x_query, weights), y_query).item())
        meta_loss = meta_loss + F.mse_loss(net(x_query, fast), y_query)
    meta_loss = meta_loss / 3
    meta_loss.backward()
    optimizer.step()
    after.append(meta_loss.item())

results = {
    "before": before,
    "after": after,
    "weights": weights,
    "gradients": [w.grad for w in weights],
}
