"""An autoencoder squeezes pictures of bars through two numbers."""

import torch
import torch.nn as nn
import torch.optim as optim

torch.set_default_dtype(torch.float64)

pictures = []
for position in range(4):
    picture = torch.zeros(4, 4)
    picture[position, :] = 1.0
    pictures.append(picture)
    pictures.append(picture.T)
images = torch.stack(pictures).unsqueeze(1)


class Autoencoder(nn.Module):
    def __init__(self):
        super(Autoencoder, self).__init__()
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.ELU(), nn.Linear(8, 2))
        self.decoder = nn.Sequential(nn.Linear(2, 8), nn.ELU(), nn.Linear(8, 16), nn.Sigmoid())

    def forward(self, x):
        code = self.encoder(x)
        return self.decoder(code).view(-1, 1, 4, 4), code


model = Autoencoder()
state = model.state_dict()
for i, (key, value) in enumerate(state.items()):
    numbers = torch.arange(value.numel(), dtype=torch.float64) * 0.7 + i
    state[key] = torch.cos(numbers * numbers).reshape(value.shape) * 0.5
print(model.load_state_dict(state))

criterion = nn.MSELoss()
optimizer = optim.Adam(model.parameters(), lr=0.02, weight_decay=1e-5)
losses = []
for epoch in range(80):
    reconstruction, code = model(images)
    loss = criterion(reconstruction, images)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())

results = {
    "losses": losses,
    "shape": images.shape,
    "code": code,
    "reconstruction": reconstruction[0, 0],
    "errors": (reconstruction - images).square().mean(dim=(1, 2, 3)),
    "weights": model.state_dict(),
}
