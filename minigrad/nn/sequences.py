# Exported from book/20_pictures.ipynb: change it there, not here.
"""Layers that read a sequence: recurrent cells, and whole layers of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minigrad.creation import zeros
from minigrad.engine import ShapeError
from minigrad.nn import functional as F
from minigrad.nn.layers import new, spread_evenly
from minigrad.nn.module import Module
from minigrad.nn.windows import check_dimensions
from minigrad.shapes import cat, stack


def tanh_cell(came: Any, state: Any, weight: Any, bias: Any) -> Any:
    """Elman's cell: tanh of what comes in and what is remembered."""
    return ((came + F.linear(state[0], weight, bias)).tanh(),)


def relu_cell(came: Any, state: Any, weight: Any, bias: Any) -> Any:
    """The same with a ReLU."""
    return ((came + F.linear(state[0], weight, bias)).relu(),)


def gru_cell(came: Any, state: Any, weight: Any, bias: Any) -> Any:
    """One memory with two gates: how much of it to look at, and how much of it to keep."""
    (r, z, n), (hr, hz, hn) = came.chunk(3, -1), F.linear(state[0], weight, bias).chunk(3, -1)
    news = (n + (r + hr).sigmoid() * hn).tanh()
    return (news + (z + hz).sigmoid() * (state[0] - news),)


def lstm_cell(came: Any, state: Any, weight: Any, bias: Any) -> Any:
    """Two memories: a long one behind three gates, and what is shown of it."""
    h, c = state
    i, f, g, o = (came + F.linear(h, weight, bias)).chunk(4, -1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


class Recurrent(Module):
    """What cells and layers of cells share: two widths, and four parameters for each cell."""

    cell: Callable[..., Any] = staticmethod(tanh_cell)
    gates, memories = 1, 1

    def __init__(self, input_size: int, hidden_size: int, bias: bool) -> None:
        super().__init__()
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias

    def add_cell(self, suffix: str, width: int, device: Any, dtype: Any) -> None:
        rows = self.gates * self.hidden_size
        shapes: dict[str, Any] = {"weight_ih": (rows, width), "weight_hh": (rows, self.hidden_size)}
        shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)} if self.bias else {}
        for name, shape in shapes.items():
            self.register_parameter(name + suffix, new(shape, device=device, dtype=dtype))

    def cell_of(self, suffix: str) -> list[Any]:
        names = ("weight_ih", "bias_ih", "weight_hh", "bias_hh")
        return [getattr(self, name + suffix, None) for name in names]

    def extra_repr(self) -> str:
        found = {name: getattr(self, name, usual) for name, usual in USUAL.items()}
        other = [f"{name}={value}" for name, value in found.items() if value != USUAL[name]]
        return ", ".join([str(self.input_size), str(self.hidden_size), *other])


USUAL: dict[str, Any] = {"num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0}
USUAL |= {"bidirectional": False, "nonlinearity": "tanh"}


def cell_called(name: str) -> Callable[..., Any]:
    cells = {"tanh": tanh_cell, "relu": relu_cell}
    if name not in cells:
        raise ValueError(f"nonlinearity={name!r}: Elman's network has 'tanh' or 'relu'")
    return cells[name]


def check_input(layer: Any, input: Any, ndim: int) -> None:
    check_dimensions(type(layer).__name__, input, ndim)
    if input.shape[-1] != layer.input_size:
        raise ShapeError(
            f"{type(layer).__name__}: the last axis of an input of {list(input.shape)} must be "
            f"input_size={layer.input_size}"
        )


class Cell(Recurrent):
    """One step: (N, input_size), and a state of (N, hidden_size) -> the state after."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias)
        self.add_cell("", input_size, device, dtype)
        spread_evenly(self, hidden_size)

    def forward(self, input: Any, hx: Any = None) -> Any:
        check_input(self, input, 2)
        if hx is None:
            empty = zeros(*input.shape[:-1], self.hidden_size, dtype=input.dtype)
            hx = empty if self.memories == 1 else (empty,) * self.memories
        w, b, *remembered = self.cell_of("")
        state = self.cell(F.linear(input, w, b), hx if self.memories > 1 else (hx,), *remembered)
        return state if self.memories > 1 else state[0]


class RNNCell(Cell):
    """One step of Elman's network."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, device, dtype)
        self.cell, self.nonlinearity = cell_called(nonlinearity), nonlinearity


class GRUCell(Cell):
    """One step of a gated recurrent unit."""

    cell, gates = staticmethod(gru_cell), 3


class LSTMCell(Cell):
    """One step of a long short-term memory; its state is a pair, what is shown first."""

    cell, gates, memories = staticmethod(lstm_cell), 4, 2


def ways(layer: Any, depth: int) -> list[str]:
    """The suffixes of the cells at this depth: one for each way through time."""
    return [f"_l{depth}", f"_l{depth}_reverse"][: 1 + layer.bidirectional]


def walk(layer: Any, x: Any, state: Any, suffix: str) -> tuple[Any, Any]:
    """One cell over all steps, forwards or backwards: what it shows at each, and its last state."""
    w, b, *remembered = layer.cell_of(suffix)
    turn = -1 if suffix.endswith("reverse") else 1
    shown = []
    for came in F.linear(x, w, b).unbind(0)[::turn]:
        state = layer.cell(came, state, *remembered)
        shown.append(state[0])
    return stack(shown[::turn]), state


def read(layer: Any, x: Any, states: Any) -> tuple[Any, Any]:
    """All cells of a recurrent layer, one above the other: (L, N, width), (cells, N, hidden)."""
    ends: list[Any] = []
    for depth in range(layer.num_layers):
        walks = []
        for suffix in ways(layer, depth):
            shown, end = walk(layer, x, [memory[len(ends)] for memory in states], suffix)
            walks.append(shown)
            ends.append(end)
        x = walks[0] if len(walks) == 1 else cat(walks, -1)
        if layer.dropout and depth < layer.num_layers - 1:
            x = F.dropout(x, layer.dropout, layer.training)
    return x, tuple(stack(memory) for memory in zip(*ends, strict=True))


def start(layer: Any, x: Any, hx: Any, lone: bool) -> Any:
    """The memories that the first step finds: those given, or zeros."""
    shape = (layer.num_layers * len(ways(layer, 0)), x.shape[1], layer.hidden_size)
    if hx is None:
        return (zeros(shape, dtype=x.dtype),) * layer.memories
    given = hx if layer.memories > 1 else (hx,)
    given = [memory[:, None] for memory in given] if lone else given
    for memory in given:
        if memory.shape != shape:
            raise ShapeError(
                f"{type(layer).__name__}: the first memory is {list(memory.shape)}, "
                f"and must be {list(shape)}"
            )
    return given


class Stacked(Recurrent):
    """The sizes of RNN, GRU and LSTM: layers of cells, each forwards in time or both ways."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias)
        self.num_layers, self.batch_first = num_layers, batch_first
        self.dropout, self.bidirectional = dropout, bidirectional
        for depth in range(num_layers):
            both = ways(self, depth)
            for suffix in both:
                width = hidden_size * len(both) if depth else input_size
                self.add_cell(suffix, width, device, dtype)
        spread_evenly(self, hidden_size)


class Reading(Stacked):
    """How they take a sequence: (L, N, width), (N, L, width) with batch_first, or (L, width)."""

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        check_input(self, input, 3)
        lone = input.ndim == 2
        x = input[:, None] if lone else input.transpose(0, 1) if self.batch_first else input
        shown, last = read(self, x, start(self, x, hx, lone))
        if lone:
            shown, last = shown[:, 0], tuple(memory[:, 0] for memory in last)
        elif self.batch_first:
            shown = shown.transpose(0, 1)
        return shown, last if self.memories > 1 else last[0]


class GRU(Reading):
    """Gated recurrent units: (L, N, input_size) -> (L, N, hidden_size), and the last memory."""

    cell, gates = staticmethod(gru_cell), 3


class LSTM(Reading):
    """Long short-term memories; the state is a pair."""

    cell, gates, memories = staticmethod(lstm_cell), 4, 2


class RNN(Reading):
    """Elman's network."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        *others: Any,
        **options: Any,
    ) -> None:
        super().__init__(input_size, hidden_size, num_layers, *others, **options)
        self.cell = cell_called(nonlinearity)


__all__ = ["RNN", "GRU", "LSTM", "RNNCell", "GRUCell", "LSTMCell"]
