"""A variational autoencoder; its noise is drawn beforehand."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)


class VAE(nn.Module):
    def __init__(self):
        super(VAE, self).__init__()
        self.fc1 = nn.Linear(9, 10)
        self.fc21 = nn.Linear(10, 2)
        self.fc22 = nn.Linear(10, 2)
        self.fc3 = nn.Linear(2, 10)
        self.fc4 = nn.Linear(10, 9)

    def encode(self, x):
        h1 = F.relu(self.fc1(x))
        return self.fc21(h1), self.fc22(h1)

    def reparameterize(self, mu, logvar, eps):
        std = torch.exp(0.5 * logvar)
        return mu + eps * std

    def decode(self, z):
        h3 = F.relu(self.fc3(z))
        return torch.sigmoid(self.fc4(h3))

    def forward(self, x, eps):
        mu, logvar = self.encode(x.view(-1, 9))
        z = self.reparameterize(mu, logvar, eps)
        return self.decode(z), mu, logvar


def loss_function(recon_x, x, mu, logvar):
    BCE = F.binary_cross_entropy(recon_x, x.view(-1, 9), reduction="sum")
    KLD = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return BCE + KLD


rng = np.random.RandomState(27)
pictures = torch.tensor((rng.rand(24, 3, 3) > 0.6).astype(np.float64))
noise = torch.tensor(rng.randn(20, 24, 2))

model = VAE()
with torch.no_grad():
    for p in model.parameters():
        p.copy_(torch.tensor(rng.uniform(-0.4, 0.4, p.shape)))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

model.train()
losses = []
for eps in noise:
    optimizer.zero_grad()
    recon, mu, logvar = model(pictures, eps)
    loss = loss_function(recon, pictures, mu, logvar)
    loss.backward()
    losses.append(loss.item() / len(pictures))
    optimizer.step()

with torch.no_grad():
    sample = model.decode(torch.zeros(1, 2)).view(3, 3)
results = {
    "losses": losses,
    "mu": mu,
    "logvar": logvar,
    "sample": sample,
    "weights": model.state_dict(),
}
