"""A recurrent cell written by hand reads characters, in chunks of truncated backpropagation."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)

text = "hello world, hello there, hello you. " * 2
characters = sorted(set(text))
to_id = {c: i for i, c in enumerate(characters)}
ids = torch.tensor([to_id[c] for c in text])


class RNN(nn.Module):
    def __init__(self, characters, width, hidden):
        super().__init__()
        self.hidden = hidden
        self.embedding = nn.Embedding(characters, width)
        self.i2h = nn.Linear(width + hidden, hidden)
        self.h2o = nn.Linear(hidden, characters)

    def forward(self, character, hidden):
        combined = torch.cat((self.embedding(character), hidden), 1)
        hidden = torch.tanh(self.i2h(combined))
        return self.h2o(hidden), hidden

    def init_hidden(self):
        return torch.zeros(1, self.hidden)


rng = np.random.RandomState(20)
rnn = RNN(len(characters), 5, 12)
with torch.no_grad():
    for p in rnn.parameters():
        p.copy_(torch.tensor(rng.uniform(-0.3, 0.3, p.shape)))

optimizer = torch.optim.Adam(rnn.parameters(), lr=0.02)
chunk = 12
losses, norms = [], []
for epoch in range(4):
    hidden = rnn.init_hidden()
    for start in range(0, len(ids) - 1, chunk):
        hidden = hidden.detach()
        optimizer.zero_grad()
        loss = 0
        stop = min(start + chunk, len(ids) - 1)
        for t in range(start, stop):
            output, hidden = rnn(ids[t : t + 1], hidden)
            loss = loss + F.cross_entropy(output, ids[t + 1 : t + 2])
        loss = loss / (stop - start)
        loss.backward()
        norms.append(nn.utils.clip_grad_norm_(rnn.parameters(), 1.0).item())
        optimizer.step()
        losses.append(loss.item())


@torch.no_grad()
def sample(start, length):
    hidden, character = rnn.init_hidden(), torch.tensor([to_id[start]])
    written = start
    for _ in range(length):
        output, hidden = rnn(character, hidden)
        character = output.argmax(dim=1)
        written += characters[character.item()]
    return written


results = {
    "losses": losses,
    "norms": norms,
    "hidden": hidden,
    "sample": sample("h", 20),
    "weights": rnn.state_dict(),
}
