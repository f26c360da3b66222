"""Labels for every step of a sequence: (N, C, T) scores, smoothing, and steps that do not count."""

import numpy as np
import torch
import torch.nn as nn

torch.set_default_dtype(torch.float64)
rng = np.random.RandomState(33)

batch, classes, time = 5, 4, 6
x = torch.tensor(rng.randn(batch, time, 3))
labels = torch.tensor(rng.randint(0, classes, (batch, time)))
lengths = torch.tensor([6, 4, 5, 2, 6])
outside = torch.arange(time).unsqueeze(0) >= lengths.unsqueeze(1)
labels[outside] = -100

model = nn.Sequential(nn.Linear(3, 10), nn.Tanh(), nn.Linear(10, classes))
with torch.no_grad():
    for p in model.parameters():
        p.copy_(torch.tensor(rng.randn(*p.shape) * 0.5))

weight = torch.tensor([1.0, 2.0, 0.5, 1.0])
criterion = nn.CrossEntropyLoss(weight=weight, ignore_index=-100, label_smoothing=0.1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.3, momentum=0.9, dampening=0.1)

losses = []
for _ in range(20):
    scores = model(x).permute(0, 2, 1)
    loss = criterion(scores, labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())

each = nn.CrossEntropyLoss(reduction="none")(model(x).transpose(1, 2), labels)
total = nn.CrossEntropyLoss(reduction="sum", label_smoothing=0.2)(model(x).transpose(1, 2), labels)
kept = labels != -100
correct = (model(x).argmax(-1)[kept] == labels[kept]).sum().item()

results = {
    "labels": labels,
    "losses": losses,
    "each": each,
    "total": total,
    "correct": correct,
    "weights": model.state_dict(),
}
