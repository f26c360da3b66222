"""Multilayer perceptrons: XOR, a curve, MNIST, and one that is all matrix products."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from tests.benchmarks.by_hand import (
    CrossEntropy,
    Linear,
    MeanSquaredError,
    Parameters,
    Relu,
    Tanh,
    adam,
    sgd,
)
from tests.benchmarks.workload import (
    Array,
    Data,
    Library,
    Step,
    Target,
    Workload,
    give,
    training,
)


def layers(rng: np.random.Generator, *sizes: int, dtype: Any = np.float32) -> dict[str, Array]:
    """W0, b0, W1, b1, … with PyTorch's uniform start."""
    made = {}
    for place, (inputs, outputs) in enumerate(pairwise(sizes)):
        bound = 1 / np.sqrt(inputs)
        made[f"W{place}"] = rng.uniform(-bound, bound, (outputs, inputs)).astype(dtype)
        made[f"b{place}"] = rng.uniform(-bound, bound, outputs).astype(dtype)
    return made


def weights(data: Data) -> list[Array]:
    """The parameters among the data, in the order of the layers."""
    return [array for name, array in data.items() if name[0] in "Wb"]


def xor_data() -> Data:
    rng = np.random.default_rng(0)
    x = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    return {"x": x, "y": np.array([0, 1, 1, 0]), **layers(rng, 2, 8, 2, dtype=np.float64)}


def curve_data() -> Data:
    rng = np.random.default_rng(0)
    x = np.linspace(-3, 3, 128, dtype=np.float32)[:, None]
    return {"x": x, "y": np.sin(x), **layers(rng, 1, 64, 64, 1)}


def mnist_data() -> Data:
    rng = np.random.default_rng(0)
    x = rng.random((64, 784), np.float32)
    return {"x": x, "y": rng.integers(0, 10, 64), **layers(rng, 784, 128, 10)}


def wide_data() -> Data:
    rng = np.random.default_rng(0)
    x = rng.random((512, 784), np.float32)
    return {"x": x, "y": rng.integers(0, 10, 512), **layers(rng, 784, 512, 512, 10)}


class Perceptron:
    """By hand: linear layers with an activation between each two."""

    def __init__(self, parameters: Parameters, rows: int, activation: type[Tanh | Relu]) -> None:
        pairs = zip(parameters.values[::2], parameters.values[1::2], strict=True)
        to_pairs = zip(parameters.gradients[::2], parameters.gradients[1::2], strict=True)
        self.layers = [
            Linear(rows, list(pair), list(to_pair))
            for pair, to_pair in zip(pairs, to_pairs, strict=True)
        ]
        self.last = self.layers[-1]
        hidden = [(layer, activation(layer.out)) for layer in self.layers[:-1]]
        self.forth = [f for layer, act in hidden for f in (layer.forward, act.forward)]
        self.forth.append(self.last.forward)
        # Nobody needs the gradient of the data, so the first layer stops at its parameters.
        chain = [f for layer, act in hidden for f in (layer.backward, act.backward)]
        chain[0:1] = [self.layers[0].to_parameters]  # type: ignore[list-item]
        self.back = [self.last.backward, *reversed(chain)]

    def forward(self, x: Array) -> Array:
        for function in self.forth:
            x = function(x)
        return x

    def backward(self, g: Array) -> None:
        for function in self.back:
            g = function(g)


def classifier_by_hand(
    data: Data, activation: type[Tanh | Relu], lr: float, momentum: float = 0
) -> Step:
    parameters, x = Parameters(*weights(data)), data["x"]
    network = Perceptron(parameters, len(x), activation)
    loss = CrossEntropy(data["y"], network.last.out)
    update = sgd(parameters, lr, momentum)

    def step() -> list[Array]:
        value = loss.forward(network.forward(x))
        network.backward(loss.backward())
        update()
        return [value, *parameters.gradients]

    return step


def xor_by_hand(data: Data) -> Step:
    return classifier_by_hand(data, Tanh, lr=0.1)


def mnist_by_hand(data: Data) -> Step:
    return classifier_by_hand(data, Relu, lr=0.01, momentum=0.9)


def wide_by_hand(data: Data) -> Step:
    return classifier_by_hand(data, Relu, lr=0.1)


def curve_by_hand(data: Data) -> Step:
    parameters, x = Parameters(*weights(data)), data["x"]
    network = Perceptron(parameters, len(x), Tanh)
    loss, update = MeanSquaredError(data["y"]), adam(parameters, 0.01)

    def step() -> list[Array]:
        value = loss.forward(network.forward(x))
        network.backward(loss.backward())
        update()
        return [value, *parameters.gradients]

    return step


def network(library: Library, data: Data, activation: str) -> Any:
    """Linear layers with an activation between each two, and the weights among the data."""
    nn, layers = library.nn, []
    for W in weights(data)[::2]:
        layers += [nn.Linear(W.shape[1], W.shape[0]), getattr(nn, activation)()]
    model = nn.Sequential(*layers[:-1])
    give(library.torch, model, weights(data))
    return model


def xor_program(library: Library, data: Data) -> Step:
    model = network(library, data, "Tanh")
    optimizer = library.optim.SGD(model.parameters(), lr=0.1)
    return training(library, data, model, library.nn.CrossEntropyLoss(), optimizer)


def curve_program(library: Library, data: Data) -> Step:
    model = network(library, data, "Tanh")
    optimizer = library.optim.Adam(model.parameters(), lr=0.01)
    return training(library, data, model, library.nn.MSELoss(), optimizer)


def mnist_program(library: Library, data: Data) -> Step:
    model = network(library, data, "ReLU")
    optimizer = library.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    return training(library, data, model, library.nn.CrossEntropyLoss(), optimizer)


def wide_program(library: Library, data: Data) -> Step:
    model = network(library, data, "ReLU")
    optimizer = library.optim.SGD(model.parameters(), lr=0.1)
    return training(library, data, model, library.nn.CrossEntropyLoss(), optimizer)


WORKLOADS = {
    "xor": Workload(
        "XOR 2-8-2, cross-entropy, SGD, 4 points, float64",
        xor_data, xor_by_hand, xor_program, Target(2, 0.14),
    ),
    "curve": Workload(
        "regression 1-64-64-1 tanh, MSE, Adam, 128 points",
        curve_data, curve_by_hand, curve_program, Target(1.7, 0.22),
    ),
    "mnist": Workload(
        "MNIST 784-128-10, batch 64, SGD with momentum",
        mnist_data, mnist_by_hand, mnist_program, Target(1.1, 0.66),
    ),
    "wide": Workload(
        "784-512-512-10, batch 512, SGD",
        wide_data, wide_by_hand, wide_program, Target(1.05, 0.95),
    ),
}  # fmt: skip
