"""Softmax regression with nothing but tensors and logsumexp."""

import numpy as np
import torch

rng = np.random.RandomState(18)
X = torch.tensor(rng.randn(60, 4), dtype=torch.float64)
y = torch.tensor(rng.randint(0, 3, 60))
onehot = torch.zeros(60, 3, dtype=torch.float64).scatter_(1, y.unsqueeze(1), 1.0)

W = torch.zeros((4, 3), dtype=torch.float64).requires_grad_()
b = torch.zeros(3, dtype=torch.float64, requires_grad=True)


def nll(logits, y):
    chosen = logits.gather(1, y.unsqueeze(1)).squeeze(1)
    return (torch.logsumexp(logits, dim=1) - chosen).mean()


losses, other = [], []
for i in range(50):
    logits = X @ W + b
    loss = nll(logits, y) + 0.01 * (W * W).sum()
    loss.backward()
    other.append(-(onehot * logits.log_softmax(dim=-1)).sum(-1).mean().item())
    with torch.no_grad():
        W.sub_(W.grad, alpha=0.5)
        b.sub_(b.grad, alpha=0.5)
    W.grad.zero_()
    b.grad.zero_()
    losses.append(loss.item())

with torch.no_grad():
    P = (X @ W + b).softmax(dim=1)
    by_hand = X.T @ (P - onehot) / len(X) + 0.02 * W

loss = nll(X @ W + b, y) + 0.01 * W.pow(2).sum()
loss.backward()

results = {
    "losses": losses,
    "other": other,
    "W": W,
    "b": b,
    "gradient": W.grad,
    "by hand": torch.allclose(by_hand, W.grad),
    "best": P.max(dim=1),
}
