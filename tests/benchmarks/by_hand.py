"""The pieces of a network in plain NumPy, every buffer made once: the limit for an engine.

Each piece keeps what its backward needs, writes into its own buffers and hands them out. Values and
gradients of all parameters lie in one array each, so that an update is a few calls.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from tests.benchmarks.workload import Array


class Parameters:
    """All values in one flat array, all gradients in another, and a view of each parameter."""

    def __init__(self, *arrays: Array) -> None:
        self.flat = np.concatenate([array.ravel() for array in arrays])
        self.flat_gradient = np.zeros_like(self.flat)
        ends = np.cumsum([array.size for array in arrays])[:-1]
        shapes = [array.shape for array in arrays]
        self.values = [v.reshape(s) for v, s in zip(np.split(self.flat, ends), shapes, strict=True)]
        pieces = np.split(self.flat_gradient, ends)
        self.gradients = [g.reshape(s) for g, s in zip(pieces, shapes, strict=True)]

    def number(self, value: float) -> Array:
        """A 0-d array of the parameters' dtype: quicker in a ufunc than a Python number."""
        return np.asarray(value, self.flat.dtype)


def sgd(parameters: Parameters, lr: float, momentum: float = 0.0) -> Callable[[], None]:
    """The update of stochastic gradient descent."""
    value, gradient = parameters.flat, parameters.flat_gradient
    step, rate, keep = np.empty_like(value), parameters.number(lr), parameters.number(momentum)
    velocity = np.zeros_like(value)

    def update() -> None:
        np.multiply(gradient, rate, out=step)
        np.subtract(value, step, out=value)

    def update_with_momentum() -> None:
        np.multiply(velocity, keep, out=velocity)
        np.add(velocity, gradient, out=velocity)
        np.multiply(velocity, rate, out=step)
        np.subtract(value, step, out=value)

    return update_with_momentum if momentum else update


def adam(
    parameters: Parameters, lr: float, beta1: float = 0.9, beta2: float = 0.999
) -> Callable[[], None]:
    """The update of Adam, in PyTorch's order of operations."""
    value, gradient, number = parameters.flat, parameters.flat_gradient, parameters.number
    first, second, work = np.zeros_like(value), np.zeros_like(value), np.empty_like(value)
    keep1, take1, keep2, take2 = map(number, (beta1, 1 - beta1, beta2, 1 - beta2))
    eps = number(1e-8)
    time = 0

    def update() -> None:
        nonlocal time
        time += 1
        np.multiply(first, keep1, out=first)
        np.add(first, np.multiply(gradient, take1, out=work), out=first)
        np.multiply(second, keep2, out=second)
        np.multiply(gradient, gradient, out=work)
        np.add(second, np.multiply(work, take2, out=work), out=second)
        np.sqrt(second, out=work)
        np.divide(work, number(math.sqrt(1 - beta2**time)), out=work)
        np.divide(first, np.add(work, eps, out=work), out=work)
        np.multiply(work, number(lr / (1 - beta1**time)), out=work)
        np.subtract(value, work, out=value)

    return update


class Linear:
    """`x @ W.T + b` for x of shape (rows, in), W of shape (out, in)."""

    def __init__(self, rows: int, values: list[Array], gradients: list[Array]) -> None:
        self.weight, self.bias = values
        self.to_weight, self.to_bias = gradients
        self.transposed = self.weight.T
        self.out = np.empty((rows, self.weight.shape[0]), self.weight.dtype)
        self.to_input = np.empty((rows, self.weight.shape[1]), self.weight.dtype)
        self.ones = np.ones(rows, self.weight.dtype)

    def forward(self, x: Array) -> Array:
        self.x = x
        np.dot(x, self.transposed, out=self.out)
        return np.add(self.out, self.bias, out=self.out)

    def to_parameters(self, g: Array) -> None:
        np.dot(g.T, self.x, out=self.to_weight)
        np.dot(self.ones, g, out=self.to_bias)

    def backward(self, g: Array) -> Array:
        self.to_parameters(g)
        return np.dot(g, self.weight, out=self.to_input)


class Tanh:
    """In place, forward and backward."""

    def __init__(self, like: Array) -> None:
        self.slope, self.one = np.empty_like(like), np.ones((), like.dtype)

    def forward(self, x: Array) -> Array:
        self.y = np.tanh(x, out=x)
        return x

    def backward(self, g: Array) -> Array:
        np.multiply(self.y, self.y, out=self.slope)
        np.subtract(self.one, self.slope, out=self.slope)
        return np.multiply(g, self.slope, out=g)


class Relu:
    """In place, forward and backward."""

    def __init__(self, like: Array) -> None:
        self.zero, self.on = np.zeros((), like.dtype), np.empty(like.shape, bool)

    def forward(self, x: Array) -> Array:
        self.y = np.maximum(x, self.zero, out=x)
        return x

    def backward(self, g: Array) -> Array:
        np.greater(self.y, self.zero, out=self.on)
        return np.multiply(g, self.on, out=g)


class Gelu:
    """The tanh form: `x/2 (1 + tanh(√(2/π) (x + 0.044715 x³)))`."""

    def __init__(self, like: Array) -> None:
        self.inner, self.work, self.out = (np.empty_like(like) for _ in range(3))

    def forward(self, x: Array) -> Array:
        self.x, inner = x, self.inner
        np.multiply(x, x, out=inner)
        np.multiply(inner, math.sqrt(2 / math.pi) * 0.044715, out=inner)
        np.add(inner, math.sqrt(2 / math.pi), out=inner)
        np.tanh(np.multiply(inner, x, out=inner), out=inner)
        np.add(inner, 1, out=self.out)
        np.multiply(self.out, 0.5, out=self.out)
        return np.multiply(self.out, x, out=self.out)

    def backward(self, g: Array) -> Array:
        x, tanh, work, out = self.x, self.inner, self.work, self.out
        np.multiply(x, x, out=work)
        np.multiply(work, 3 * 0.044715 * math.sqrt(1 / 2 / math.pi), out=work)
        np.add(work, math.sqrt(1 / 2 / math.pi), out=work)
        np.multiply(work, x, out=work)
        np.multiply(tanh, tanh, out=out)
        np.subtract(1, out, out=out)
        np.multiply(work, out, out=work)
        np.multiply(tanh, 0.5, out=out)
        np.add(work, out, out=work)
        np.add(work, 0.5, out=work)
        return np.multiply(g, work, out=work)


class LayerNorm:
    """Over the last dimension of (rows, columns)."""

    def __init__(self, rows: int, values: list[Array], gradients: list[Array]) -> None:
        self.weight, self.bias = values
        self.to_weight, self.to_bias = gradients
        columns, dtype = self.weight.size, self.weight.dtype
        self.average, self.ones = np.full(columns, 1 / columns, dtype), np.ones(rows, dtype)
        self.unit, self.out, self.work = (np.empty((rows, columns), dtype) for _ in range(3))
        self.mean, self.scale = np.empty(rows, dtype), np.empty(rows, dtype)

    def forward(self, x: Array) -> Array:
        unit, mean, scale = self.unit, self.mean, self.scale
        np.subtract(x, np.dot(x, self.average, out=mean)[:, None], out=unit)
        np.dot(np.multiply(unit, unit, out=self.work), self.average, out=scale)
        np.divide(1, np.sqrt(np.add(scale, 1e-5, out=scale), out=scale), out=scale)
        np.multiply(unit, scale[:, None], out=unit)
        np.multiply(unit, self.weight, out=self.out)
        return np.add(self.out, self.bias, out=self.out)

    def backward(self, g: Array) -> Array:
        unit, work, mean = self.unit, self.work, self.mean
        np.dot(self.ones, g, out=self.to_bias)
        np.dot(self.ones, np.multiply(g, unit, out=work), out=self.to_weight)
        np.multiply(g, self.weight, out=self.out)
        np.dot(self.out, self.average, out=mean)
        along = np.dot(np.multiply(self.out, unit, out=work), self.average)
        np.subtract(self.out, mean[:, None], out=self.out)
        np.subtract(self.out, np.multiply(unit, along[:, None], out=work), out=self.out)
        return np.multiply(self.out, self.scale[:, None], out=self.out)


class CrossEntropy:
    """Softmax and the mean of -log p[label], for scores of shape (rows, classes)."""

    def __init__(self, labels: Array, scores: Array) -> None:
        rows, dtype = len(labels), scores.dtype
        self.right = np.zeros_like(scores)
        self.right[np.arange(rows), labels] = 1
        self.most, self.total = np.empty((rows, 1), dtype), np.empty((rows, 1), dtype)
        self.share, self.p = np.asarray(1 / rows, dtype), np.empty_like(scores)
        self.logs = np.empty_like(self.total)

    def forward(self, scores: Array) -> Array:
        np.maximum.reduce(scores, axis=1, keepdims=True, out=self.most)
        np.subtract(scores, self.most, out=scores)
        np.add.reduce(np.exp(scores, out=self.p), axis=1, keepdims=True, out=self.total)
        logs = np.add.reduce(np.log(self.total, out=self.logs), axis=None)
        return np.asarray((logs - np.vdot(scores, self.right)) * self.share)

    def backward(self) -> Array:
        np.divide(self.p, self.total, out=self.p)
        np.subtract(self.p, self.right, out=self.p)
        np.multiply(self.p, self.share, out=self.p)
        return self.p


class MeanSquaredError:
    """The mean of (y - target)²."""

    def __init__(self, target: Array) -> None:
        self.target, self.error = target, np.empty_like(target)
        self.slope, self.share = (np.asarray(k / target.size, target.dtype) for k in (2, 1))

    def forward(self, y: Array) -> Array:
        np.subtract(y, self.target, out=self.error)
        return np.asarray(np.vdot(self.error, self.error) * self.share)

    def backward(self) -> Array:
        np.multiply(self.error, self.slope, out=self.error)
        return self.error
