"""What PyTorch has in torch.nn.functional and torch.optim and minigrad does not have yet.

Each function is one rule, as the library will have it; when it has it, the name here goes. The
rules are written for arrays only: a benchmark asks for no second derivatives.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

import minigrad
from tests.benchmarks.workload import forget_gradients

Array = Any  # as in the rules of the package


def rows(x: Array) -> Array:
    """(..., n) as a matrix with rows of n."""
    return x if x.ndim == 2 else x.reshape(-1, x.shape[-1])


def rows_for(x: Array, y: Array) -> Array:
    """The rows y, one for each row of x, with the leading dimensions of x."""
    return y if x.ndim == 2 else y.reshape(*x.shape[:-1], y.shape[-1])


@minigrad.differentiable
def affine(x: Array, W: Array, b: Array) -> Any:
    """x Wᵀ + b for x of shape (..., in), W of shape (out, in)."""
    flat = rows(x)
    return (
        rows_for(x, flat.dot(W.T) + b),
        lambda g: rows_for(x, rows(g).dot(W)),
        lambda g: rows(g).T.dot(flat),
        lambda g: total(rows(g)),
    )


def total(g: Array) -> Array:
    """The sum of the rows: as a product it is several times quicker than np.sum for many rows."""
    return np.ones(len(g), g.dtype).dot(g)


@minigrad.differentiable
def unbiased(x: Array, W: Array) -> Any:
    """x Wᵀ for x of shape (rows, in), W of shape (out, in)."""
    return x.dot(W.T), lambda g: g.dot(W), lambda g: g.T.dot(x)


def linear(input: Any, weight: Any, bias: Any = None) -> Any:
    return unbiased(input, weight) if bias is None else affine(input, weight, bias)


@minigrad.differentiable
def mse_loss(y: Array, target: Array) -> Any:
    error = y - target
    flat = error.ravel()
    return flat.dot(flat) / error.dtype.type(error.size), lambda g: error * (g * (2 / error.size))


@minigrad.differentiable
def cross_entropy(scores: Array, labels: Array) -> Any:
    """The mean over the rows of log Σ exp(scores) - scores[label]."""
    shifted = scores - np.maximum.reduce(scores, 1, keepdims=True)
    exponentials = np.exp(shifted)
    totals = np.add.reduce(exponentials, 1, keepdims=True)
    n = scores.dtype.type(len(labels))
    right = (np.arange(len(labels)), labels)

    def to_scores(g: Array) -> Array:
        surplus = exponentials / totals
        surplus[right] -= 1
        return surplus * (g / n)

    return np.add.reduce(np.log(totals[:, 0]) - shifted[right]) / n, to_scores


@minigrad.differentiable
def gelu(x: Array, approximate: str) -> Any:
    """x/2 (1 + tanh(√(2/π) (x + 0.044715 x³)))."""
    assert approximate == "tanh"
    root, square = math.sqrt(2 / math.pi), x * x
    tanh = np.tanh(x * (square * (root * 0.044715) + root))
    half = tanh * 0.5 + 0.5

    def to_x(g: Array) -> Array:
        bend = (square * (1.5 * root * 0.044715) + root / 2) * x
        return g * (half + bend * (1 - tanh * tanh))

    return x * half, to_x


@minigrad.differentiable
def normalized(x: Array, weight: Array, bias: Array) -> Any:
    """Layer norm over the last dimension. Averages are products with a constant vector."""
    flat, n = rows(x), x.shape[-1]
    average = np.full((n, 1), 1 / n, x.dtype)
    centred = flat - flat.dot(average)
    scale = 1 / np.sqrt((centred * centred).dot(average) + 1e-5)
    unit = centred * scale

    def to_x(g: Array) -> Array:
        g = rows(g) * weight
        return (scale * (g - g.dot(average) - unit * (g * unit).dot(average))).reshape(x.shape)

    return (
        (unit * weight + bias).reshape(x.shape),
        to_x,
        lambda g: np.einsum("ij,ij->j", rows(g), unit),
        lambda g: total(rows(g)),
    )


def layer_norm(input: Any, normalized_shape: tuple[int, ...], weight: Any, bias: Any) -> Any:
    return normalized(input, weight, bias)


@minigrad.differentiable
def attention(q: Array, k: Array, v: Array) -> Any:
    """Causal attention of (batch, heads, time, width)."""
    q, k, v = np.ascontiguousarray(q), np.ascontiguousarray(k), np.ascontiguousarray(v)
    time, width = q.shape[-2:]
    scale = 1 / math.sqrt(width)
    mask = np.triu(np.full((time, time), -np.inf, q.dtype), 1)
    scores = (q * scale) @ k.swapaxes(2, 3) + mask
    p = np.exp(scores - scores.max(3, keepdims=True))
    p = p / (p @ np.ones((time, 1), p.dtype))
    out = p @ v

    def to_scores(g: Array) -> Array:
        along = (g * out) @ np.ones((width, 1), g.dtype)
        return (g @ v.swapaxes(2, 3) - along) * p

    last: list[Array] = []

    def once(g: Array) -> Array:
        """The two pullbacks that need the gradient of the scores share it."""
        if not last or last[0] is not g:
            last[:] = g, to_scores(g)
        return last[1]

    return (
        out,
        lambda g: (once(g) @ k) * scale,
        lambda g: (once(g).swapaxes(2, 3) @ q) * scale,
        lambda g: p.swapaxes(2, 3) @ g,
    )


def scaled_dot_product_attention(query: Any, key: Any, value: Any, is_causal: bool) -> Any:
    assert is_causal
    return attention(query, key, value)


@minigrad.differentiable
def convolved(x: Array, W: Array, b: Array) -> Any:
    """Valid convolution, one small product per image; no gradient for the images."""
    n, (height, width) = len(x), W.shape[2:]
    patches = np.lib.stride_tricks.sliding_window_view(x, (height, width), (2, 3))
    h, w = patches.shape[2:4]
    columns = patches.transpose(0, 1, 4, 5, 2, 3).reshape(n, -1, h * w)
    kernels = W.reshape(len(W), -1)
    return (
        (kernels @ columns + b[:, None]).reshape(n, len(W), h, w),
        None,
        lambda g: (g.reshape(n, len(W), -1) @ columns.swapaxes(1, 2)).sum(0).reshape(W.shape),
        lambda g: g.reshape(n * len(W), -1).dot(np.ones(h * w, g.dtype)).reshape(n, -1).sum(0),
    )


def conv2d(input: Any, weight: Any, bias: Any) -> Any:
    return convolved(input, weight, bias)


@minigrad.differentiable
def max_pool2d(x: Array, size: int) -> Any:
    """2 by 2 maxima: over pairs of rows, then over pairs of columns; the first of equals wins."""
    assert size == 2
    n, c, h, w = x.shape
    pairs = x.reshape(n, c, h // 2, 2, w)
    top, bottom = pairs[:, :, :, 0], pairs[:, :, :, 1]
    tall = np.maximum(top, bottom)
    left, right = tall[..., ::2], tall[..., 1::2]
    out = np.maximum(left, right)

    def to_x(g: Array) -> Array:
        to_tall, to_pairs = np.empty_like(tall), np.empty(pairs.shape, g.dtype)
        np.multiply(g, left == out, out=to_tall[..., ::2])
        np.subtract(g, to_tall[..., ::2], out=to_tall[..., 1::2])
        np.multiply(to_tall, top == tall, out=to_pairs[:, :, :, 0])
        np.subtract(to_tall, to_pairs[:, :, :, 0], out=to_pairs[:, :, :, 1])
        return to_pairs.reshape(x.shape)

    return out, to_x


class SGD:
    """torch.optim.SGD. The arrays of a tensor are never written to, so each step makes new ones."""

    def __init__(self, parameters: Iterable[Any], lr: float, momentum: float = 0.0) -> None:
        self.parameters, self.momentum = list(parameters), momentum
        self.lr = [np.asarray(lr, p.value.dtype) for p in self.parameters]
        self.velocity = [np.zeros_like(p.value) if momentum else None for p in self.parameters]

    def zero_grad(self) -> None:
        forget_gradients(self.parameters)

    def step(self) -> None:
        for parameter, lr, velocity in zip(self.parameters, self.lr, self.velocity, strict=True):
            direction = parameter.grad.value
            if velocity is not None:
                velocity *= self.momentum
                velocity += direction
                direction = velocity
            # The product's array becomes the new value: one array less stays in the cache.
            change = direction * lr
            parameter.value = np.subtract(parameter.value, change, out=change)


class Adam:
    """torch.optim.Adam, with all parameters in one flat array."""

    def __init__(self, parameters: Iterable[Any], lr: float) -> None:
        self.parameters, self.lr, self.time = list(parameters), lr, 0
        self.shapes = [p.value.shape for p in self.parameters]
        self.ends = np.cumsum([p.value.size for p in self.parameters]).tolist()
        self.value = np.concatenate([p.value.ravel() for p in self.parameters])
        self.first, self.second = np.zeros_like(self.value), np.zeros_like(self.value)
        self.work = np.empty_like(self.value)
        constants = (0.9, 0.1, 0.999, 0.001, 1e-8)
        self.constants = [np.asarray(c, self.value.dtype) for c in constants]

    def zero_grad(self) -> None:
        forget_gradients(self.parameters)

    def step(self) -> None:
        self.time += 1
        first, second, work = self.first, self.second, self.work
        keep1, take1, keep2, take2, eps = self.constants
        gradient = np.concatenate([p.grad.value.ravel() for p in self.parameters])
        first *= keep1
        first += np.multiply(gradient, take1, out=work)
        second *= keep2
        gradient *= gradient
        second += np.multiply(gradient, take2, out=gradient)
        np.sqrt(second, out=work)
        work /= np.asarray(math.sqrt(1 - 0.999**self.time), work.dtype)
        work += eps
        np.divide(first, work, out=work)
        work *= np.asarray(self.lr / (1 - 0.9**self.time), work.dtype)
        self.value = self.value - work  # new: the old one may still be looked at
        start = 0
        for parameter, shape, end in zip(self.parameters, self.shapes, self.ends, strict=True):
            parameter.value = self.value[start:end].reshape(shape)
            start = end
