"""Three models: a recurrent network, a small convolutional one, a transformer block."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tests.benchmarks.by_hand import (
    CrossEntropy,
    Gelu,
    LayerNorm,
    Linear,
    MeanSquaredError,
    Parameters,
    sgd,
)
from tests.benchmarks.workload import (
    Array,
    Data,
    Library,
    Step,
    Target,
    Workload,
    as_parameters,
    give,
    gradients,
    training,
)


def normal(rng: np.random.Generator, **shapes: Sequence[int]) -> dict[str, Array]:
    """float32 numbers of the size that a layer of that width starts with."""
    return {
        name: rng.standard_normal(shape, np.float32) / np.float32(math.sqrt(shape[-1]))
        for name, shape in shapes.items()
    }


def named(data: Data, names: str) -> list[Array]:
    return [data[name] for name in names.split()]


# A recurrent network: 50 steps, hidden 64, batch 32


def rnn_data() -> Data:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((50, 32, 32), np.float32)
    shapes = {"Wx": (64, 32), "b": (64,), "Wh": (64, 64), "Wo": (8, 64), "bo": (8,)}
    return {"x": x, "y": rng.standard_normal((32, 8), np.float32), **normal(rng, **shapes)}


def rnn_by_hand(data: Data) -> Step:
    parameters = Parameters(*named(data, "Wx b Wh Wo bo"))
    values, to = parameters.values, parameters.gradients
    x, Wh, to_Wh = data["x"].reshape(1600, 32), values[2], to[2]
    inputs, readout = Linear(1600, values[:2], to[:2]), Linear(32, values[3:], to[3:])
    loss, update, one = MeanSquaredError(data["y"]), sgd(parameters, 0.1), parameters.number(1)
    h = np.zeros((51, 32, 64), np.float32)
    slope, g = np.empty((50, 32, 64), np.float32), np.empty((50, 32, 64), np.float32)
    states, drives, slopes, gs = map(list, (h, inputs.out.reshape(50, 32, 64), slope, g))
    Wh_T, flow = Wh.T, readout.to_input

    def step() -> list[Array]:
        inputs.forward(x)
        for time, drive in enumerate(drives):
            state = np.dot(states[time], Wh_T, out=states[time + 1])
            np.tanh(np.add(state, drive, out=state), out=state)
        value = loss.forward(readout.forward(states[-1]))
        readout.backward(loss.backward())
        np.subtract(one, np.multiply(h[1:], h[1:], out=slope), out=slope)
        for time in range(49, -1, -1):
            np.multiply(flow, slopes[time], out=gs[time])
            np.dot(gs[time], Wh, out=flow)
        inputs.to_parameters(g.reshape(1600, 64))
        np.dot(g.reshape(1600, 64).T, h[:50].reshape(1600, 64), out=to_Wh)
        update()
        return [value, *to]

    return step


def rnn_program(library: Library, data: Data) -> Step:
    torch, F = library.torch, library.F
    x, y = torch.tensor(data["x"]), torch.tensor(data["y"])
    parameters = Wx, b, Wh, Wo, bo = as_parameters(torch, named(data, "Wx b Wh Wo bo"))
    start = torch.zeros(32, 64)
    optimizer = library.optim.SGD(parameters, lr=0.1)

    def step() -> list[Any]:
        optimizer.zero_grad()
        drive, h = F.linear(x, Wx, b), start
        for time in range(50):
            h = torch.tanh(drive[time] + F.linear(h, Wh))
        loss = F.mse_loss(F.linear(h, Wo, bo), y)
        loss.backward()
        optimizer.step()
        return [loss, *gradients(parameters)]

    return step


# A convolution: (64, 1, 28, 28), 8 kernels of 3 by 3, relu, 2 by 2 maxima, linear


def conv_data() -> Data:
    rng = np.random.default_rng(0)
    x, y = rng.random((64, 1, 28, 28), np.float32), rng.integers(0, 10, 64)
    return {"x": x, "y": y, **normal(rng, W=(8, 1, 3, 3), b=(8,), Wo=(10, 1352), bo=(10,))}


class PooledRelu:
    """relu, then 2 by 2 maxima, of (n, c, h, w): first over two rows, then over two columns."""

    def __init__(self, z: Array) -> None:
        n, c, h, w = z.shape
        self.z, rows = z, z.reshape(n, c, h // 2, 2, w)
        self.top, self.bottom = rows[:, :, :, 0], rows[:, :, :, 1]
        self.tall = np.empty_like(self.top, order="C")
        self.left, self.right = self.tall[..., ::2], self.tall[..., 1::2]
        self.out = np.empty_like(self.left, order="C")
        self.on, self.is_left = np.empty(self.out.shape, bool), np.empty(self.out.shape, bool)
        self.is_top = np.empty(self.tall.shape, bool)
        self.to_z = np.empty_like(z)
        to_rows = self.to_z.reshape(rows.shape)
        self.to_top, self.to_bottom = to_rows[:, :, :, 0], to_rows[:, :, :, 1]
        self.to_tall = np.empty_like(self.tall)
        self.to_left, self.to_right = self.to_tall[..., ::2], self.to_tall[..., 1::2]

    def forward(self) -> Array:
        np.maximum(self.z, 0, out=self.z)
        np.maximum(self.top, self.bottom, out=self.tall)
        return np.maximum(self.left, self.right, out=self.out)

    def backward(self, g: Array) -> Array:
        np.multiply(g, np.greater(self.out, 0, out=self.on), out=g)
        np.multiply(g, np.equal(self.left, self.out, out=self.is_left), out=self.to_left)
        np.subtract(g, self.to_left, out=self.to_right)
        np.equal(self.top, self.tall, out=self.is_top)
        np.multiply(self.to_tall, self.is_top, out=self.to_top)
        np.subtract(self.to_tall, self.to_top, out=self.to_bottom)
        return self.to_z


def conv_by_hand(data: Data) -> Step:
    parameters = Parameters(*named(data, "W b Wo bo"))
    (W, b, *_), to = parameters.values, parameters.gradients
    kernels, bias, to_kernels = W.reshape(8, 9), b.reshape(8, 1), to[0].reshape(8, 9)
    patches = np.lib.stride_tricks.sliding_window_view(data["x"][:, 0], (3, 3), (1, 2))
    columns = np.empty((64, 9, 676), np.float32)
    per_image, ones = np.empty((64, 8, 9), np.float32), np.ones(676, np.float32)
    z = np.empty((64, 8, 676), np.float32)
    pooled = PooledRelu(z.reshape(64, 8, 26, 26))
    to_z = pooled.to_z.reshape(64, 8, 676)
    readout = Linear(64, parameters.values[2:], to[2:])
    loss, update = CrossEntropy(data["y"], readout.out), sgd(parameters, 0.1)

    def step() -> list[Array]:
        np.copyto(columns.reshape(64, 3, 3, 26, 26), patches.transpose(0, 3, 4, 1, 2))
        np.add(np.matmul(kernels, columns, out=z), bias, out=z)
        value = loss.forward(readout.forward(pooled.forward().reshape(64, 1352)))
        pooled.backward(readout.backward(loss.backward()).reshape(64, 8, 13, 13))
        np.add.reduce(np.matmul(to_z, columns.swapaxes(1, 2), out=per_image), 0, out=to_kernels)
        np.add.reduce(np.dot(to_z, ones), 0, out=to[1])
        update()
        return [value, *to]

    return step


def conv_program(library: Library, data: Data) -> Step:
    nn = library.nn
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(1352, 10)
    )
    give(library.torch, model, named(data, "W b Wo bo"))
    optimizer = library.optim.SGD(model.parameters(), lr=0.1)
    return training(library, data, model, nn.CrossEntropyLoss(), optimizer)


# A transformer block: batch 16, T 64, d 64, 4 heads, causal


TRANSFORMER = "g1 c1 Wqkv bqkv Wo bo g2 c2 W1 b1 W2 b2"


def transformer_data() -> Data:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, 16, 64, 64), np.float32)
    shapes = {"Wqkv": (192, 64), "bqkv": (192,), "Wo": (64, 64), "bo": (64,), "W1": (256, 64)}
    shapes |= {"b1": (256,), "W2": (64, 256), "b2": (64,), "g1": (64,), "c1": (64,)}
    made = normal(rng, **shapes, g2=(64,), c2=(64,))
    return {"x": x, "y": y, **{name: made[name] for name in TRANSFORMER.split()}}


class Attention:
    """Causal, for q, k and v that lie side by side in (batch · time, 3 · heads · width)."""

    def __init__(self, batch: int, time: int, heads: int, qkv: Array) -> None:
        width = qkv.shape[1] // 3 // heads
        self.scale = np.float32(1 / math.sqrt(width))
        shape, order = (batch, time, 3, heads, width), (2, 0, 3, 1, 4)
        self.source = qkv.reshape(shape).transpose(order)
        self.to_qkv = np.empty_like(qkv)
        self.to_source = self.to_qkv.reshape(shape).transpose(order)
        self.q, self.k, self.v = self.parts = np.empty_like(self.source, order="C")
        self.mask = np.triu(np.full((time, time), -np.inf, np.float32), 1)
        self.p, self.to_p = np.empty((2, batch, heads, time, time), np.float32)
        self.column = np.empty((batch, heads, time, 1), np.float32)
        self.o, self.work = np.empty_like(self.q), np.empty_like(self.q)
        self.ones_p, self.ones_o = np.ones((time, 1), np.float32), np.ones((width, 1), np.float32)
        self.out = np.empty((batch * time, heads * width), np.float32)
        self.out_by_head = self.out.reshape(batch, time, heads, width).swapaxes(1, 2)

    def forward(self) -> Array:
        p, column = self.p, self.column
        np.copyto(self.parts, self.source)
        np.multiply(self.q, self.scale, out=self.q)
        np.add(np.matmul(self.q, self.k.swapaxes(2, 3), out=p), self.mask, out=p)
        np.subtract(p, np.maximum.reduce(p, axis=3, keepdims=True, out=column), out=p)
        np.matmul(np.exp(p, out=p), self.ones_p, out=column)
        np.divide(p, column, out=p)
        np.copyto(self.out_by_head, np.matmul(p, self.v, out=self.o))
        return self.out

    def backward(self, g: Array) -> Array:
        p, to_p, column, work = self.p, self.to_p, self.column, self.work
        np.copyto(
            work, g.reshape(self.p.shape[0], self.p.shape[2], self.p.shape[1], -1).swapaxes(1, 2)
        )
        self.to_source[2] = np.matmul(p.swapaxes(2, 3), work)
        np.matmul(work, self.v.swapaxes(2, 3), out=to_p)
        np.matmul(np.multiply(work, self.o, out=self.o), self.ones_o, out=column)
        np.multiply(np.subtract(to_p, column, out=to_p), p, out=to_p)
        np.multiply(np.matmul(to_p, self.k, out=work), self.scale, out=self.to_source[0])
        self.to_source[1] = np.matmul(to_p.swapaxes(2, 3), self.q, out=work)
        return self.to_qkv


def transformer_by_hand(data: Data) -> Step:
    parameters = Parameters(*named(data, TRANSFORMER))
    values, to = parameters.values, parameters.gradients
    x = data["x"].reshape(1024, 64)
    norm1, norm2 = (LayerNorm(1024, values[i : i + 2], to[i : i + 2]) for i in (0, 6))
    qkv, mix, widen, narrow = (
        Linear(1024, values[i : i + 2], to[i : i + 2]) for i in (2, 4, 8, 10)
    )
    attention, gelu = Attention(16, 64, 4, qkv.out), Gelu(widen.out)
    loss, update = MeanSquaredError(data["y"].reshape(1024, 64)), sgd(parameters, 0.1)
    middle, out, to_middle, to_x = np.empty((4, 1024, 64), np.float32)

    def step() -> list[Array]:
        qkv.forward(norm1.forward(x))
        np.add(x, mix.forward(attention.forward()), out=middle)
        np.add(middle, narrow.forward(gelu.forward(widen.forward(norm2.forward(middle)))), out=out)
        value = loss.forward(out)
        g = loss.backward()
        g2 = norm2.backward(widen.backward(gelu.backward(narrow.backward(g))))
        np.add(g, g2, out=to_middle)
        g1 = norm1.backward(qkv.backward(attention.backward(mix.backward(to_middle))))
        np.add(to_middle, g1, out=to_x)
        update()
        return [value, to_x.reshape(16, 64, 64), *to]

    return step


def transformer_block(library: Library) -> Any:
    nn, F = library.nn, library.F

    class Block(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.norm1, self.qkv, self.mix = nn.LayerNorm(64), nn.Linear(64, 192), nn.Linear(64, 64)
            self.norm2, self.wide = nn.LayerNorm(64), nn.Linear(64, 256)
            self.narrow = nn.Linear(256, 64)

        def forward(self, x: Any) -> Any:
            q, k, v = self.qkv(self.norm1(x)).reshape(16, 64, 3, 4, 16).permute(2, 0, 3, 1, 4)
            heads = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.mix(heads.transpose(1, 2).reshape(16, 64, 64))
            return x + self.narrow(F.gelu(self.wide(self.norm2(x)), approximate="tanh"))

    return Block()


def transformer_program(library: Library, data: Data) -> Step:
    model = transformer_block(library)
    give(library.torch, model, named(data, TRANSFORMER))
    optimizer = library.optim.SGD(model.parameters(), lr=0.1)
    (x,) = as_parameters(library.torch, [data["x"]])
    y, criterion = library.torch.tensor(data["y"]), library.nn.MSELoss()

    def step() -> list[Any]:
        optimizer.zero_grad()
        x.grad = None
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        return [loss, x.grad, *gradients(model.parameters())]

    return step


WORKLOADS = {
    "rnn": Workload(
        "RNN, 50 steps, hidden 64, batch 32, SGD",
        rnn_data, rnn_by_hand, rnn_program, Target(2, 0.52),
    ),
    "conv": Workload(
        "Conv2d(1, 8, 3) on 64 of 28 by 28, relu, maxima, linear, SGD",
        conv_data, conv_by_hand, conv_program, Target(2.3, 0.4),
    ),
    "transformer": Workload(
        "transformer block, batch 16, T 64, d 64, 4 heads, SGD",
        transformer_data, transformer_by_hand, transformer_program, Target(1.15, 0.8),
    ),
}  # fmt: skip
