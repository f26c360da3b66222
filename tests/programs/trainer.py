"""A trainer class with callbacks, a metric, a schedule made of two, and gradients switched off."""

import math

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, SequentialLR
from torch.utils.data import ConcatDataset, DataLoader, TensorDataset

torch.set_default_dtype(torch.float64)


class Accuracy:
    def __init__(self):
        self.right = self.seen = 0

    def update(self, logits, labels):
        self.right += int(torch.sum(torch.argmax(logits, dim=1) == labels))
        self.seen += labels.numel()

    def compute(self):
        return self.right / max(self.seen, 1)


class Trainer:
    def __init__(self, model, optimizer, scheduler=None, callbacks=()):
        self.model, self.optimizer, self.scheduler = model, optimizer, scheduler
        self.callbacks = list(callbacks)

    def epoch(self, loader, train):
        self.model.train(train)
        metric, total = Accuracy(), 0.0
        with torch.set_grad_enabled(train):
            for x, y in loader:
                logits = self.model(x)
                loss = F.nll_loss(F.log_softmax(logits, dim=1), y)
                if train:
                    self.optimizer.zero_grad()
                    loss.backward()
                    self.optimizer.step()
                    if self.scheduler is not None:
                        self.scheduler.step()
                metric.update(logits.detach(), y)
                total += loss.item() * len(y)
        return total / metric.seen, metric.compute()

    def fit(self, train, valid, epochs):
        for number in range(epochs):
            report = {"epoch": number, "train": self.epoch(train, True)}
            report["valid"] = self.epoch(valid, False)
            report["lr"] = self.optimizer.param_groups[0]["lr"]
            for callback in self.callbacks:
                callback(report)


rng = np.random.RandomState(45)


def ring(n, radius, label):
    angle = torch.tensor(rng.uniform(0, 2 * math.pi, n))
    points = torch.stack([torch.cos(angle), torch.sin(angle)], dim=1) * radius
    return TensorDataset(points + 0.1 * torch.tensor(rng.randn(n, 2)), torch.full((n,), label))


train_set = ConcatDataset([ring(30, 1.0, 0), ring(30, 2.0, 1)])
valid_set = ConcatDataset([ring(10, 1.0, 0), ring(10, 2.0, 1)])
model = nn.Sequential(nn.Linear(2, 10), nn.Tanh(), nn.Linear(10, 2))
for p in model.parameters():
    torch.nn.init.ones_(p)
    p.data *= torch.tensor(rng.uniform(-1, 1, p.shape))

optimizer = torch.optim.NAdam(model.parameters(), lr=0.1)
warmup = LinearLR(optimizer, start_factor=0.2, total_iters=4)
cosine = CosineAnnealingLR(optimizer, T_max=20)
scheduler = SequentialLR(optimizer, [warmup, cosine], milestones=[4])
log = []
trainer = Trainer(model, optimizer, scheduler, callbacks=[log.append])
trainer.fit(DataLoader(train_set, batch_size=13), DataLoader(valid_set, batch_size=20), epochs=5)

results = {
    "train": [list(report["train"]) for report in log],
    "valid": [list(report["valid"]) for report in log],
    "rates": [report["lr"] for report in log],
    "weights": model.state_dict(),
}
