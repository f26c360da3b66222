"""Sentences as the mean of their words: an embedding with padding, and a linear layer."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)

sentences = [
    ("a fine and happy film", 1),
    ("a sad and boring film", 0),
    ("happy happy joy", 1),
    ("boring", 0),
    ("what a joy", 1),
    ("what a sad story", 0),
]
vocabulary = {"<pad>": 0}
for text, _ in sentences:
    for word in text.split():
        vocabulary.setdefault(word, len(vocabulary))

length = max(len(text.split()) for text, _ in sentences)
rows = []
for text, _ in sentences:
    ids = [vocabulary[word] for word in text.split()]
    rows.append(ids + [0] * (length - len(ids)))
tokens = torch.tensor(rows)
labels = torch.tensor([label for _, label in sentences])


class BagOfWords(nn.Module):
    def __init__(self, words, width, classes):
        super().__init__()
        self.embedding = nn.Embedding(words, width, padding_idx=0)
        self.fc = nn.Linear(width, classes)

    def forward(self, tokens):
        mask = (tokens != 0).unsqueeze(-1)
        summed = (self.embedding(tokens) * mask).sum(dim=1)
        return self.fc(summed / mask.sum(dim=1))


model = BagOfWords(len(vocabulary), 4, 2)
with torch.no_grad():
    grid = torch.arange(len(vocabulary) * 4, dtype=torch.float64).view(-1, 4)
    model.embedding.weight.copy_(torch.sin(grid))
    model.embedding.weight[0] = 0
    model.fc.weight.copy_(torch.tensor([[0.1, -0.2, 0.3, 0.0], [0.0, 0.2, -0.1, 0.3]]))
    nn.init.zeros_(model.fc.bias)

optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
losses = []
for epoch in range(30):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(tokens), labels)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())

results = {
    "tokens": tokens,
    "losses": losses,
    "padding": model.embedding.weight[0],
    "padding gradient": model.embedding.weight.grad[0],
    "embedding": model.embedding.weight,
    "predicted": model(tokens).argmax(-1).tolist(),
    "repr": repr(model.embedding),
}
