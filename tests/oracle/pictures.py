"""Convolutions, pooling, recurrent layers, attention, typed as PyTorch code; see `tables.py`."""

from __future__ import annotations

from typing import Any

from . import Table, lines, numbers

PICTURE, KERNEL = (2, 3, 5, 6), (4, 3, 3, 2)

CONVOLUTIONS: Table = {
    **lines(
        """
    torch.nn.functional.conv2d(x, y, z)
    torch.nn.functional.conv2d(x, y, z, stride=2)
    torch.nn.functional.conv2d(x, y, z, (2, 1), (1, 2))
    torch.nn.functional.conv2d(x, y, z, padding="same")
    torch.nn.functional.conv2d(x, y, z, padding="valid", dilation=(1, 2))
    torch.nn.functional.conv2d(x, y, padding="same", dilation=2) + z.sum()
    torch.nn.functional.conv2d(x[0], y, z, stride=1, padding=1)
    """,
        [(PICTURE, KERNEL, (4,))],
    ),
    "torch.nn.functional.conv2d(x, y, z, 2, 1, 1, 3)": [((2, 3, 5, 6), (6, 1, 2, 2), (6,))],
    "torch.nn.functional.conv2d(x, y, groups=2)": [((1, 4, 4, 4), (4, 2, 2, 2))],
    "torch.nn.functional.conv1d(x, y, z, stride=2, padding=1)": [((2, 3, 7), (4, 3, 3), (4,))],
    "torch.nn.functional.conv1d(x, y, z, 1, 'same', 2)": [((3, 7), (4, 3, 3), (4,))],
    "torch.nn.functional.conv1d(x, y, groups=2)": [((2, 4, 5), (2, 2, 2))],
    "torch.nn.functional.unfold(x, (2, 3), 1, 1, 2)": [(PICTURE,)],
    "torch.nn.functional.unfold(x, 2)": [(PICTURE,), (PICTURE[1:],)],
}

POOLING: Table = {
    **lines(
        """
    torch.nn.functional.max_pool2d(x, 2)
    torch.nn.functional.max_pool2d(x, (2, 3), 1)
    torch.nn.functional.max_pool2d(x, 3, 2, 1)
    torch.nn.functional.max_pool2d(x, 2, dilation=2)
    torch.nn.functional.max_pool2d(x.round(), 2)
    torch.nn.functional.max_pool2d(x * 0, 3, 1)
    torch.nn.functional.avg_pool2d(x, 2)
    torch.nn.functional.avg_pool2d(x, 3, 2, 1)
    torch.nn.functional.avg_pool2d(x, 3, 2, 1, count_include_pad=False)
    torch.nn.functional.adaptive_avg_pool2d(x, 1)
    torch.nn.functional.adaptive_avg_pool2d(x, (3, 4))
    torch.nn.functional.adaptive_avg_pool2d(x[0], (2, 6))
    """,
        [(PICTURE,)],
    ),
}

ATTENTION: Table = {
    **lines(
        """
    torch.nn.functional.scaled_dot_product_attention(x, y, z)
    torch.nn.functional.scaled_dot_product_attention(x, y, z, scale=0.3)
    torch.nn.functional.scaled_dot_product_attention(x, y, z, attn_mask=x[0] @ y[0].T)
    torch.nn.functional.scaled_dot_product_attention(x, y, z, torch.ones(3, 4).tril() > 0)
    torch.nn.functional.scaled_dot_product_attention(x, y, z, is_causal=True)
    """,
        [((2, 3, 2), (2, 4, 2), (2, 4, 5))],
    ),
}

REPRS = lines("""
    repr(torch.nn.Conv2d(1, 8, 3))
    repr(torch.nn.Conv2d(4, 8, (3, 2), stride=2, padding=1, dilation=2, groups=2, bias=False))
    repr(torch.nn.Conv2d(1, 8, 3, padding="same"))
    repr(torch.nn.Conv1d(4, 8, 3, 2, 1))
    repr(torch.nn.MaxPool2d(2))
    repr(torch.nn.AvgPool2d(3, 2, 1))
    repr(torch.nn.AdaptiveAvgPool2d((1, 2)))
    repr(torch.nn.RNN(3, 4))
    repr(torch.nn.GRU(3, 4, 2, batch_first=True, dropout=0.1))
    repr(torch.nn.LSTM(3, 4, bias=False, bidirectional=True))
    repr(torch.nn.GRUCell(3, 4))
    repr(torch.nn.RNNCell(3, 4, False, "relu"))
    tuple(torch.nn.Conv2d(4, 6, (3, 2), groups=2).weight.shape)
    """)

GROUPS: dict[str, list[Table]] = {
    "pictures": [CONVOLUTIONS, POOLING, ATTENTION],
    "layers for pictures and sentences": [REPRS],
}

RAISES: dict[type[Exception], Table] = {
    RuntimeError: lines("""
    torch.nn.functional.conv2d(torch.zeros(1, 3, 8, 8), torch.zeros(4, 1, 3, 3))
    torch.nn.functional.conv2d(torch.zeros(1, 1, 2, 2), torch.zeros(4, 1, 3, 3))
    torch.nn.functional.conv2d(torch.zeros(8, 8), torch.zeros(4, 1, 3, 3))
    torch.nn.functional.max_pool2d(torch.zeros(1, 1, 4, 4), 2, padding=2)
    torch.nn.RNN(3, 4)(torch.zeros(5, 2, 2))
    torch.nn.GRU(3, 4)(torch.zeros(5, 2, 3), torch.zeros(1, 3, 4))
    """),
    ValueError: lines("torch.nn.Conv2d(3, 4, 2, groups=2)"),
}

ON_PURPOSE: dict[str, str] = {}


def _filled(torch: Any, layer: Any) -> Any:
    """Parameters that are the same everywhere."""
    with torch.no_grad():
        for i, p in enumerate(layer.parameters()):
            p.copy_(torch.tensor(numbers(*p.shape, seed=i) / 4))
    return layer.double()


def _read(torch: Any, layer: Any, *shape: int, state: Any = None) -> dict[str, Any]:
    """What a recurrent layer shows and keeps, and the gradients of everything."""
    _filled(torch, layer)
    x = torch.tensor(numbers(*shape, seed=40), requires_grad=True)
    shown, last = layer(x) if state is None else layer(x, state)
    loss = (shown * torch.tensor(numbers(*shown.shape, seed=41))).sum()
    for k, memory in enumerate(last if isinstance(last, tuple) else (last,)):
        loss = loss + (memory * torch.tensor(numbers(*memory.shape, seed=42 + k))).sum()
    loss.backward()
    found = {"shown": shown, "last": last, "x.grad": x.grad}
    return found | {f"{name}.grad": p.grad for name, p in layer.named_parameters()}


def an_elman_network(torch: Any) -> Any:
    return _read(torch, torch.nn.RNN(3, 4), 5, 2, 3)


def an_elman_network_of_relus(torch: Any) -> Any:
    return _read(torch, torch.nn.RNN(3, 4, 2, "relu", bias=False), 5, 2, 3)


def a_gated_recurrent_unit(torch: Any) -> Any:
    state = torch.tensor(numbers(1, 2, 4, seed=50))
    return _read(torch, torch.nn.GRU(3, 4, batch_first=True), 2, 5, 3, state=state)


def a_long_short_term_memory(torch: Any) -> Any:
    state = tuple(torch.tensor(numbers(1, 2, 4, seed=s)) for s in (51, 52))
    return _read(torch, torch.nn.LSTM(3, 4), 5, 2, 3, state=state)


def two_layers_both_ways(torch: Any) -> Any:
    return _read(torch, torch.nn.LSTM(3, 2, 2, bidirectional=True, batch_first=True), 2, 4, 3)


def a_sequence_without_a_batch(torch: Any) -> Any:
    return _read(torch, torch.nn.GRU(3, 2, 2, bidirectional=True), 4, 3)


def single_steps(torch: Any) -> Any:
    x = torch.tensor(numbers(2, 3, seed=60))
    found = {}
    for name in ("RNNCell", "GRUCell", "LSTMCell"):
        cell = _filled(torch, getattr(torch.nn, name)(3, 4))
        found[name] = cell(x)
        found[f"{name} again"] = cell(x, found[name])
    return found


def a_small_convolutional_network_learns(torch: Any) -> Any:
    nn = torch.nn
    model = _filled(
        torch,
        nn.Sequential(
            *(nn.Conv2d(1, 2, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(2, 3, 2), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(3, 2)),
        ),
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    x, y = torch.tensor(numbers(4, 1, 6, 6, seed=70)), torch.tensor([0, 1, 1, 0])
    losses = []
    for _ in range(10):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return {"losses": torch.tensor(losses), "keys": list(model.state_dict())}
