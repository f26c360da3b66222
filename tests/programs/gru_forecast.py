"""nn.LSTM and nn.GRU forecast a wave, batch first, one step ahead."""

import numpy as np
import torch
import torch.nn as nn

torch.set_default_dtype(torch.float64)


class Forecast(nn.Module):
    def __init__(self, kind, hidden):
        super().__init__()
        self.rnn = kind(input_size=1, hidden_size=hidden, batch_first=True)
        self.linear = nn.Linear(hidden, 1)

    def forward(self, x, state=None):
        out, state = self.rnn(x, state)
        return self.linear(out), state


t = torch.arange(24.0)
waves = torch.stack([torch.sin(t / 3 + phase) for phase in (0.0, 0.7, 1.9, 2.6)]).unsqueeze(-1)
inputs, targets = waves[:, :-1], waves[:, 1:]


def train(kind):
    rng = np.random.RandomState(49)
    model = Forecast(kind, 5)
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.tensor(rng.uniform(-0.5, 0.5, p.shape)))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
    criterion = nn.MSELoss()
    losses = []
    for _ in range(10):
        optimizer.zero_grad()
        output, _ = model(inputs)
        loss = criterion(output, targets)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())

    future = []
    with torch.no_grad():
        output, state = model(inputs)
        value = output[:, -1:]
        for _ in range(5):
            value, state = model(value, state)
            future.append(value.squeeze())
    return {"losses": losses, "future": torch.stack(future), "state": model.state_dict()}


results = {"LSTM": train(nn.LSTM), "GRU": train(nn.GRU), "RNN": train(nn.RNN)}
