"""A long short-term memory cell by hand learns to remember the first of many numbers."""

import numpy as np
import torch
from torch import nn

torch.set_default_dtype(torch.float64)


class LSTMCell(nn.Module):
    def __init__(self, inputs, hidden):
        super().__init__()
        self.weight_ih = nn.Parameter(torch.empty(4 * hidden, inputs))
        self.weight_hh = nn.Parameter(torch.empty(4 * hidden, hidden))
        self.bias = nn.Parameter(torch.zeros(4 * hidden))

    def forward(self, x, state):
        h, c = state
        gates = x @ self.weight_ih.T + h @ self.weight_hh.T + self.bias
        i, f, g, o = gates.chunk(4, dim=1)
        i, f, g, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
        c = f * c + i * g
        h = o * torch.tanh(c)
        return h, c


class Reader(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.hidden = hidden
        self.cell = LSTMCell(1, hidden)
        self.readout = nn.Linear(hidden, 1)

    def forward(self, sequence):
        batch = sequence.size(0)
        state = (torch.zeros(batch, self.hidden), torch.zeros(batch, self.hidden))
        outputs = []
        for x in sequence.unbind(dim=1):
            state = self.cell(x, state)
            outputs.append(self.readout(state[0]))
        return torch.stack(outputs, dim=1)


rng = np.random.RandomState(21)
model = Reader(6)
with torch.no_grad():
    for p in model.parameters():
        p.copy_(torch.tensor(rng.uniform(-0.5, 0.5, tuple(p.shape))))
    model.cell.bias[6:12] = 1.0

x = torch.tensor(rng.uniform(-1, 1, (16, 8, 1)))
target = x[:, :1].expand(-1, 8, -1)
optimizer = torch.optim.RMSprop(model.parameters(), lr=0.01, alpha=0.9, momentum=0.5)
losses = []
for _ in range(15):
    optimizer.zero_grad()
    output = model(x)
    loss = nn.functional.huber_loss(output, target, delta=0.5)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())

results = {
    "losses": losses,
    "output": output[0, :, 0],
    "shape": list(output.shape),
    "weights": model.state_dict(),
    "gradients": {name: p.grad for name, p in model.named_parameters()},
}
