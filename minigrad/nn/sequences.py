# Exported from book/20_pictures.ipynb: change it there, not here.
"""Layers that read a sequence: recurrent cells, and attention."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minigrad.creation import empty, zeros
from minigrad.engine import ShapeError
from minigrad.nn import functional as F
from minigrad.nn.layers import spread_evenly
from minigrad.nn.module import Module, Parameter
from minigrad.shapes import cat, stack


def tanh_cell(came: Any, state: Any, weight: Any, bias: Any) -> Any:
    """Elman's cell: tanh of what comes in and what is remembered."""
    return ((came + F.linear(state[0], weight, bias)).tanh(),)


def relu_cell(came: Any, state: Any, weight: Any, bias: Any) -> Any:
    """The same with a ReLU."""
    return ((came + F.linear(state[0], weight, bias)).relu(),)


def gru_cell(came: Any, state: Any, weight: Any, bias: Any) -> Any:
    """One memory with two gates: what to forget before looking, and how much of it to keep."""
    (r, z, n), (hr, hz, hn) = came.chunk(3, -1), F.linear(state[0], weight, bias).chunk(3, -1)
    new = (n + (r + hr).sigmoid() * hn).tanh()
    return (new + (z + hz).sigmoid() * (state[0] - new),)


def lstm_cell(came: Any, state: Any, weight: Any, bias: Any) -> Any:
    """Two memories: a long one behind three gates, and what is shown of it."""
    h, c = state
    i, f, g, o = (came + F.linear(h, weight, bias)).chunk(4, -1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


CELLS = {"tanh": tanh_cell, "relu": relu_cell}


class Sized(Module):
    """Two widths, and what else is not as usual."""

    input_size: int
    hidden_size: int

    def extra_repr(self) -> str:
        usual: dict[str, Any] = {
            "num_layers": 1,
            "bias": True,
            "batch_first": False,
            "dropout": 0.0,
        }
        usual |= {"bidirectional": False, "nonlinearity": "tanh"}
        found = {name: getattr(self, name, value) for name, value in usual.items()}
        other = [f"{name}={value}" for name, value in found.items() if value != usual[name]]
        return ", ".join([str(self.input_size), str(self.hidden_size), *other])


class Remembering(Sized):
    """What recurrent layers and cells share: four parameters for each cell, and their start."""

    cell: Callable[..., Any] = staticmethod(tanh_cell)
    gates, memories = 1, 1

    def add_cell(self, width: int, suffix: str, bias: bool, dtype: Any) -> None:
        rows = self.gates * self.hidden_size
        shapes: dict[str, Any] = {"weight_ih": (rows, width), "weight_hh": (rows, self.hidden_size)}
        shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)} if bias else {}
        for name, shape in shapes.items():
            self.register_parameter(name + suffix, Parameter(empty(shape, dtype=dtype)))

    def cell_of(self, suffix: str) -> list[Any]:
        names = ("weight_ih", "bias_ih", "weight_hh", "bias_hh")
        return [getattr(self, name + suffix, None) for name in names]


def check_width(layer: Any, input: Any) -> None:
    if input.shape[-1] != layer.input_size:
        raise ShapeError(
            f"{type(layer).__name__}: the last axis of an input of {list(input.shape)} must be "
            f"input_size={layer.input_size}"
        )


class RNNCell(Remembering):
    """One step of Elman's network: (N, input_size), (N, hidden_size) -> (N, hidden_size)."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        if self.gates == 1:
            self.cell, self.nonlinearity = CELLS[nonlinearity], nonlinearity
        self.add_cell(input_size, "", bias, dtype)
        spread_evenly(self, hidden_size)

    def forward(self, input: Any, hx: Any = None) -> Any:
        check_width(self, input)
        w, b, *remembered = self.cell_of("")
        zero = zeros(*input.shape[:-1], self.hidden_size, dtype=input.dtype)
        state = (zero,) * self.memories if hx is None else hx if self.memories > 1 else (hx,)
        state = self.cell(F.linear(input, w, b), state, *remembered)
        return state if self.memories > 1 else state[0]


class GRUCell(RNNCell):
    """One step of a gated recurrent unit."""

    cell, gates = staticmethod(gru_cell), 3

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, dtype=dtype)


class LSTMCell(GRUCell):
    """One step of a long short-term memory; its state is a pair."""

    cell, gates, memories = staticmethod(lstm_cell), 4, 2


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
        for suffix in layer.ways(depth):
            shown, end = walk(layer, x, [state[len(ends)] for state in states], suffix)
            walks.append(shown)
            ends.append(end)
        x = walks[0] if len(walks) == 1 else cat(walks, -1)
        if layer.dropout and depth < layer.num_layers - 1:
            x = F.dropout(x, layer.dropout, layer.training)
    return x, tuple(stack(memory) for memory in zip(*ends, strict=True))


def start(layer: Any, x: Any, hx: Any, lone: bool) -> Any:
    """The memories that the first step finds: those given, or zeros."""
    shape = (layer.num_layers * len(layer.ways(0)), x.shape[1], layer.hidden_size)
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


class Layered(Remembering):
    """The sizes of RNN, GRU and LSTM: layers of cells, each forwards in time or both ways."""

    num_layers: int
    batch_first: bool
    bidirectional: bool

    def ways(self, depth: int) -> list[str]:
        """The suffixes of the cells at this depth: one for each way through time."""
        return [f"_l{depth}", f"_l{depth}_reverse"][: 1 + self.bidirectional]


class Reading(Layered):
    """How they take a sequence: (L, N, width), (N, L, width) with batch_first, or (L, width)."""

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        check_width(self, input)
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

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first = bias, batch_first
        self.dropout, self.bidirectional = dropout, bidirectional
        for depth in range(num_layers):
            width = hidden_size * len(self.ways(0)) if depth else input_size
            for suffix in self.ways(depth):
                self.add_cell(width, suffix, bias, dtype)
        spread_evenly(self, hidden_size)


class LSTM(GRU):
    """Long short-term memories; the state is a pair."""

    cell, gates, memories = staticmethod(lstm_cell), 4, 2


class RNN(GRU):
    """Elman's network."""

    cell, gates = staticmethod(tanh_cell), 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(input_size, hidden_size, num_layers, bias, **options)
        self.cell = CELLS[nonlinearity]


__all__ = ["RNN", "GRU", "LSTM", "RNNCell", "GRUCell", "LSTMCell"]
