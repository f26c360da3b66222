"""What PyTorch has in torch.nn.functional and minigrad does not have.

Each function is one rule. The rules are written for arrays only: a benchmark asks for no second
derivatives.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import minigrad

Array = Any  # as in the rules of the package


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
