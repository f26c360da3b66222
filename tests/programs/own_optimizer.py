"""An optimizer and a scheduler of one's own: sign descent with momentum (Lion), warm-up."""

import numpy as np
import torch
import torch.nn as nn
from torch.optim.optimizer import Optimizer

torch.set_default_dtype(torch.float64)


class Lion(Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.99), weight_decay=0.0):
        if lr <= 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        super().__init__(params, dict(lr=lr, betas=betas, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                p.data.mul_(1 - group["lr"] * group["weight_decay"])
                state = self.state[p]
                if len(state) == 0:
                    state["exp_avg"] = torch.zeros_like(p)
                exp_avg = state["exp_avg"]
                beta1, beta2 = group["betas"]
                update = exp_avg * beta1 + p.grad * (1 - beta1)
                p.add_(torch.sign(update), alpha=-group["lr"])
                exp_avg.mul_(beta2).add_(p.grad, alpha=1 - beta2)
        return loss


rng = np.random.RandomState(43)
model = nn.Sequential(nn.Linear(5, 8), nn.Mish(), nn.Linear(8, 1))
with torch.no_grad():
    for p in model.parameters():
        p.copy_(torch.tensor(rng.uniform(-0.5, 0.5, p.shape)))
x = torch.tensor(rng.randn(40, 5))
y = x.prod(dim=1, keepdim=True).tanh()

optimizer = Lion(model.parameters(), lr=0.01, weight_decay=0.1)
warmup = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / 5))
losses, rates = [], []
for _ in range(25):

    def closure():
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(x), y)
        loss.backward()
        return loss

    rates.append(warmup.get_last_lr()[0])
    losses.append(optimizer.step(closure).item())
    warmup.step()

results = {
    "losses": losses,
    "rates": rates,
    "averages": [optimizer.state[p]["exp_avg"] for p in model.parameters()],
    "weights": model.state_dict(),
    "saved": sorted(optimizer.state_dict()),
}
