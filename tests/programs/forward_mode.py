"""Derivatives without a backward: Gauss-Newton fits a decay from Jacobians and directions."""

import numpy as np
import torch
from torch.func import grad, hessian, jacfwd, jacrev, jvp, vjp

torch.set_default_dtype(torch.float64)
rng = np.random.RandomState(46)
t = torch.linspace(0, 4, 25)
y = 2.5 * torch.exp(-0.8 * t) + 0.5 + 0.02 * torch.tensor(rng.randn(25))


def model(theta):
    return theta[0] * torch.exp(-theta[1] * t) + theta[2]


def residuals(theta):
    return model(theta) - y


def loss(theta):
    return 0.5 * (residuals(theta) ** 2).sum()


theta = torch.tensor([1.0, 0.3, 0.0])
path, losses = [theta], []
for _ in range(8):
    J = jacfwd(residuals)(theta)
    r = residuals(theta)
    A = (J.T @ J + 0.3 * torch.eye(3)).numpy()
    step = torch.from_numpy(np.linalg.solve(A, (J.T @ r).numpy()))
    theta = theta - step
    path.append(theta)
    losses.append(loss(theta).item())

start = path[1]
direction = torch.tensor([1.0, -1.0, 0.5])
value, along = jvp(loss, (start,), (direction,))
_, pull = vjp(residuals, start)

results = {
    "losses": losses,
    "path": path,
    "value": value,
    "along": along,
    "gradient": grad(loss)(start),
    "pulled": pull(residuals(start))[0],
    "hessian": hessian(loss)(start),
    "agree": torch.allclose(jacfwd(residuals)(start), jacrev(residuals)(start)),
    "curvature": jvp(grad(loss), (start,), (direction,))[1],
}
