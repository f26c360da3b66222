"""A gradient penalty, and a Hessian-vector product beside the exact Hessian."""

import numpy as np
import torch
import torch.nn as nn

torch.set_default_dtype(torch.float64)
rng = np.random.RandomState(37)

critic = nn.Sequential(nn.Linear(2, 8), nn.Softplus(), nn.Linear(8, 1))
with torch.no_grad():
    for p in critic.parameters():
        p.copy_(torch.tensor(rng.randn(*p.shape) * 0.7))
real = torch.tensor(rng.randn(16, 2) + 2)
fake = torch.tensor(rng.randn(16, 2) - 1)
mix = torch.tensor(rng.rand(16, 1))
optimizer = torch.optim.RMSprop(critic.parameters(), lr=0.01)

losses, penalties = [], []
for _ in range(15):
    between = (mix * real + (1 - mix) * fake).requires_grad_(True)
    slopes = torch.autograd.grad(critic(between).sum(), between, create_graph=True)[0]
    penalty = ((slopes.norm(2, dim=1) - 1) ** 2).mean()
    loss = critic(fake).mean() - critic(real).mean() + 10 * penalty
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
    penalties.append(penalty.item())


def rosenbrock(x):
    return ((1 - x[:-1]) ** 2 + 100 * (x[1:] - x[:-1] ** 2) ** 2).sum()


point = torch.tensor([0.5, -0.3, 0.8], requires_grad=True)
direction = torch.tensor([1.0, 2.0, -1.0])
(gradient,) = torch.autograd.grad(rosenbrock(point), point, create_graph=True)
(product,) = torch.autograd.grad(gradient @ direction, point)
hessian = torch.func.hessian(rosenbrock)(point.detach())

results = {
    "losses": losses,
    "penalties": penalties,
    "product": product,
    "hessian": hessian,
    "agree": torch.allclose(hessian @ direction, product),
    "weights": critic.state_dict(),
}
