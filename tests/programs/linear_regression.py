"""Linear regression with plain tensors: the gradient step is written by hand."""

import numpy as np
import torch

torch.set_default_dtype(torch.float64)

rng = np.random.RandomState(0)
x = torch.from_numpy(rng.uniform(-1, 1, (50, 3)))
true_w = torch.tensor([[2.0], [-3.0], [0.5]])
y = x @ true_w + 1.5 + 0.01 * torch.from_numpy(rng.randn(50, 1))

w = torch.zeros(3, 1, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
learning_rate = 0.5

losses = []
for epoch in range(100):
    y_pred = x.mm(w) + b
    loss = (y_pred - y).pow(2).mean()
    loss.backward()
    losses.append(loss.item())
    if epoch % 20 == 0:
        print(f"epoch {epoch}: loss {loss.item():.6f}")

    with torch.no_grad():
        w -= learning_rate * w.grad
        b -= learning_rate * b.grad
        w.grad.zero_()
        b.grad = None

with torch.no_grad():
    residual = y - (x @ w + b)

results = {
    "losses": losses,
    "w": w,
    "b": b,
    "grad": w.grad,
    "largest residual": residual.abs().max(),
    "r2": 1 - residual.var() / y.var(),
    "leaf": w.is_leaf,
}
