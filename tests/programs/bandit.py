"""Policy gradient on a bandit with four arms: raise the probability of what paid."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)

rng = np.random.RandomState(28)
payout = np.array([0.1, 0.5, 0.9, 0.3])


class Policy(nn.Module):
    def __init__(self, arms):
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(arms))

    def forward(self):
        return F.log_softmax(self.logits, dim=0)


policy = Policy(4)
optimizer = torch.optim.SGD(policy.parameters(), lr=0.3, maximize=True)
baseline, actions, objectives, entropies = 0.0, [], [], []

for episode in range(40):
    log_probabilities = policy()
    probabilities = log_probabilities.exp()
    thresholds = probabilities.detach().cumsum(0).numpy()
    chosen = [int((u > thresholds[:-1]).sum()) for u in rng.rand(10)]
    rewards = torch.tensor([float(rng.rand() < payout[a]) for a in chosen])

    taken = log_probabilities[torch.tensor(chosen)]
    advantage = rewards - baseline
    entropy = -(probabilities * log_probabilities).sum()
    objective = (taken * advantage).mean() + 0.01 * entropy

    optimizer.zero_grad()
    objective.backward()
    optimizer.step()

    baseline = 0.9 * baseline + 0.1 * rewards.mean().item()
    actions.append(chosen)
    objectives.append(objective.item())
    entropies.append(entropy.item())

results = {
    "actions": actions,
    "objectives": objectives,
    "entropies": entropies,
    "policy": policy().exp(),
    "baseline": baseline,
    "gradient": policy.logits.grad,
}
