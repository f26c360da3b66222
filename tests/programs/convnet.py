"""A convolutional network tells horizontal from vertical and diagonal strokes."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.set_default_dtype(torch.float64)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, kernel_size=3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.conv2 = nn.Conv2d(4, 6, 3)
        self.pool = nn.MaxPool2d(2)
        self.fc1 = nn.Linear(6 * 2 * 2, 10)
        self.fc2 = nn.Linear(10, 3)

    def forward(self, x):
        x = self.pool(F.relu(self.norm(self.conv1(x))))
        x = F.relu(self.conv2(x))
        x = x.view(-1, 6 * 2 * 2)
        x = F.relu(self.fc1(x))
        return F.log_softmax(self.fc2(x), dim=1)


rng = np.random.RandomState(48)
pictures, labels = 0.2 * rng.randn(48, 1, 8, 8), rng.randint(0, 3, 48)
for picture, label in zip(pictures, labels):
    place = rng.randint(1, 7)
    if label == 0:
        picture[0, place, :] += 1
    elif label == 1:
        picture[0, :, place] += 1
    else:
        picture[0, range(8), range(8)] += 1

data = TensorDataset(torch.from_numpy(pictures), torch.from_numpy(labels))
model = Net()
with torch.no_grad():
    for name, p in model.named_parameters():
        if "norm" not in name:
            p.copy_(torch.tensor(rng.uniform(-1, 1, p.shape) / np.sqrt(p[0].numel())))

optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.5)
losses = []
for epoch in range(4):
    model.train()
    for images, targets in DataLoader(data, batch_size=12):
        optimizer.zero_grad()
        loss = F.nll_loss(model(images), targets)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())

model.eval()
with torch.no_grad():
    scores = model(data.tensors[0])
results = {
    "losses": losses,
    "scores": scores[:6],
    "correct": scores.argmax(1).eq(data.tensors[1]).sum().item(),
    "running": model.norm.running_var,
    "weights": dict(model.named_parameters()),
    "repr": str(model),
}
