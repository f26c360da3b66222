"""A rare class: binary cross-entropy with logits and pos_weight."""

import numpy as np
import torch
import torch.nn as nn

torch.set_default_dtype(torch.float64)
rng = np.random.RandomState(16)

X = torch.tensor(rng.randn(80, 2))
y = ((X[:, 0] + X[:, 1]) > 1.5).double().unsqueeze(1)
positive = y.sum()
pos_weight = (len(y) - positive) / positive

model = nn.Sequential(nn.Linear(2, 6), nn.Hardtanh(), nn.Linear(6, 1))
for name, p in model.named_parameters():
    nn.init.zeros_(p)
    p.data += torch.tensor(rng.uniform(-1, 1, p.shape))

criterion = nn.BCEWithLogitsLoss(pos_weight=pos_weight)
optimizer = torch.optim.Adam(model.parameters(), lr=0.05, betas=(0.8, 0.99))

losses = []
for epoch in range(40):
    optimizer.zero_grad(set_to_none=True)
    logits = model(X)
    loss = criterion(logits, y)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())

model.eval()
with torch.inference_mode():
    probability = torch.sigmoid(model(X))
predicted = (probability > 0.5).double()
true_positive = (predicted * y).sum()
precision = true_positive / predicted.sum().clamp(min=1)
recall = true_positive / positive

plain = nn.BCELoss()(probability, y)
results = {
    "losses": losses,
    "pos_weight": pos_weight,
    "probability": probability.squeeze(1),
    "precision": precision.item(),
    "recall": recall.item(),
    "bce": plain,
    "weights": model.state_dict(),
}
