"""A small network learns from the softened probabilities of a large one."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
rng = np.random.RandomState(41)


class Net(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(6, hidden), nn.Linear(hidden, 4)])
        for layer in self.layers:
            nn.init.zeros_(layer.bias)
            layer.weight.data = torch.tensor(rng.randn(*layer.weight.shape) * 0.5)

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = F.silu(layer(x))
        return self.layers[-1](x)


teacher, student = Net(32).eval(), Net(5)
teacher.requires_grad_(False)
x = torch.tensor(rng.randn(50, 6))
labels = teacher(x).argmax(dim=1)

T, alpha = 3.0, 0.7
kl = nn.KLDivLoss(reduction="batchmean")
optimizer = torch.optim.SGD(student.parameters(), lr=0.2, momentum=0.9)
losses = []
for _ in range(30):
    with torch.no_grad():
        soft = F.softmax(teacher(x) / T, dim=-1)
    scores = student(x)
    distilled = kl(F.log_softmax(scores / T, dim=-1), soft) * T * T
    loss = alpha * distilled + (1 - alpha) * F.cross_entropy(scores, labels)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(student.parameters(), 2.0)
    optimizer.step()
    losses.append(loss.item())

agreement = (student(x).argmax(1) == labels).sum().item() / len(labels)
results = {
    "losses": losses,
    "agreement": agreement,
    "teacher": [p.grad for p in teacher.parameters()],
    "student": student.state_dict(),
    "confidence": F.softmax(student(x), dim=1).max(dim=1).values.mean(),
}
