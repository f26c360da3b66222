"""An encoder and a decoder that share one matrix, and a layer that is used twice."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)


class TiedLanguageModel(nn.Module):
    def __init__(self, words, width):
        super().__init__()
        self.encoder = nn.Embedding(words, width)
        self.mix = nn.Linear(width, width)
        self.decoder = nn.Linear(width, words, bias=False)
        self.decoder.weight = self.encoder.weight

    def forward(self, tokens):
        h = self.encoder(tokens)
        h = torch.tanh(self.mix(h))
        h = torch.tanh(self.mix(h))
        return self.decoder(h)


rng = np.random.RandomState(4)
words, width = 7, 5
model = TiedLanguageModel(words, width)
model.load_state_dict(
    {
        "encoder.weight": torch.tensor(rng.randn(words, width) * 0.3),
        "mix.weight": torch.tensor(rng.randn(width, width) * 0.3),
        "mix.bias": torch.zeros(width),
        "decoder.weight": torch.tensor(rng.randn(words, width) * 0.3),
    }
)

tokens = torch.tensor(rng.randint(0, words, (4, 9)))
context, following = tokens[:, :-1], tokens[:, 1:]
optimizer = torch.optim.Adagrad(model.parameters(), lr=0.1)

losses = []
for step in range(30):
    optimizer.zero_grad()
    logits = model(context)
    loss = F.cross_entropy(logits.reshape(-1, words), following.reshape(-1))
    loss.backward()
    optimizer.step()
    losses.append(loss.item())

results = {
    "losses": losses,
    "parameters": [name for name, _ in model.named_parameters()],
    "count": len(list(model.parameters())),
    "keys": list(model.state_dict().keys()),
    "same": model.decoder.weight is model.encoder.weight,
    "weights": model.state_dict(),
    "gradient": model.encoder.weight.grad,
}
