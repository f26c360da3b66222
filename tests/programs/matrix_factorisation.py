"""Users and films as short vectors: two embeddings whose products are ratings."""

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

torch.set_default_dtype(torch.float64)


class Factors(nn.Module):
    def __init__(self, users, films, width, mean):
        super().__init__()
        self.user = nn.Embedding(users, width)
        self.film = nn.Embedding(films, width)
        self.user_bias = nn.Embedding(users, 1)
        self.film_bias = nn.Embedding(films, 1)
        self.register_buffer("mean", mean)

    def forward(self, user, film):
        products = (self.user(user) * self.film(film)).sum(1, keepdim=True)
        rating = products + self.user_bias(user) + self.film_bias(film) + self.mean
        return rating.squeeze(-1)


rng = np.random.RandomState(23)
users, films = 8, 10
user = torch.tensor(rng.randint(0, users, 40))
film = torch.tensor(rng.randint(0, films, 40))
rating = torch.tensor(rng.randint(1, 6, 40)).double()

model = Factors(users, films, 3, rating.mean())
for embedding in (model.user, model.film):
    embedding.weight.data.copy_(torch.tensor(rng.randn(*embedding.weight.shape) * 0.1))
nn.init.zeros_(model.user_bias.weight)
nn.init.zeros_(model.film_bias.weight)

biases = [p for name, p in model.named_parameters() if "bias" in name]
factors = [p for name, p in model.named_parameters() if "bias" not in name]
optimizer = torch.optim.SGD([{"params": factors, "weight_decay": 0.02}, {"params": biases}], lr=0.3)

losses = []
for epoch in range(10):
    for u, f, r in DataLoader(TensorDataset(user, film, rating), batch_size=9):
        loss = nn.functional.mse_loss(model(u, f), r)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())

with torch.no_grad():
    everything = model.user.weight @ model.film.weight.T
results = {
    "losses": losses,
    "everything": everything,
    "state": model.state_dict(),
    "groups": [len(group["params"]) for group in optimizer.param_groups],
    "decay": [group["weight_decay"] for group in optimizer.param_groups],
}
