# Exported from book/20_pictures.ipynb: change it there, not here.
"""Looking at a picture through windows: convolution and pooling."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from minigrad.creation import ones_like
from minigrad.engine import Array, ShapeError, differentiable
from minigrad.protocol import plain
from minigrad.shapes import pad, stack
from minigrad.slicing import put

Sizes = tuple[int, ...]


def pair(x: Any) -> tuple[int, int]:
    """A number for both directions, or one for each."""
    return (x, x) if isinstance(x, int) else tuple(x)


def views(shape: Sizes, kernel: Sizes, stride: Sizes, dilation: Sizes) -> list[Any]:
    """For each place inside a window, the index that picks that place out of all windows."""
    spans = []
    for size, length, step, gap in zip(shape[-2:], kernel, stride, dilation, strict=True):
        count = (size - gap * (length - 1) - 1) // step + 1
        starts = [place * gap for place in range(length)]
        spans.append([slice(start, start + step * (count - 1) + 1, step) for start in starts])
    return [(..., down, across) for down in spans[0] for across in spans[1]]


@differentiable
def windows(x: Array, kernel: Sizes, stride: Sizes, dilation: Sizes) -> Any:
    """All windows: (N, C, H, W) -> (N, C, places in a window, down, across)."""
    picked = [x[view] for view in views(x.shape, kernel, stride, dilation)]
    return np.stack(picked, 2), lambda g: laid(g, kernel, stride, dilation, x.shape)


@differentiable
def laid(w: Array, kernel: Sizes, stride: Sizes, dilation: Sizes, shape: Sizes) -> Any:
    """Windows added back into the places they are picked from: the transpose of `windows`."""
    whole, w_plain = np.zeros(shape, w.dtype), plain(w)
    for place, view in enumerate(views(shape, kernel, stride, dilation)):
        whole[view] += w_plain[:, :, place]
    return whole, lambda g: windows(g, kernel, stride, dilation)


@differentiable
def convolved(x: Array, W: Array, stride: Sizes, dilation: Sizes, groups: int) -> Any:
    """(N, C, H, W), (O, C / groups, h, w) -> (N, O, down, across): a product for each picture."""
    kernel = W.shape[2:]
    cut = windows(x, kernel, stride, dilation)
    n, down, across = len(x), cut.shape[3], cut.shape[4]
    columns = cut.reshape(n, groups, -1, down * across)
    rows = W.reshape(groups, len(W) // groups, -1)

    def split(g: Array) -> Array:
        return g.reshape(n, groups, -1, down * across)

    def to_x(g: Array) -> Array:
        pushed = np.swapaxes(rows, 1, 2) @ split(g)
        return laid(pushed.reshape(cut.shape), kernel, stride, dilation, x.shape)

    def to_w(g: Array) -> Array:
        return (split(g) @ np.swapaxes(columns, 2, 3)).sum(0).reshape(W.shape)

    return (rows @ columns).reshape(n, len(W), down, across), to_x, to_w


def room_for(name: str, x: Any, kernel: Sizes, stride: Sizes, dilation: Sizes) -> None:
    """Refuse windows that no picture of this size can hold, and steps that lead nowhere."""
    if min(*kernel, *stride, *dilation) < 1:
        raise ValueError(f"{name}: kernel, stride and dilation are 1 or more")
    reach = [gap * (length - 1) + 1 for length, gap in zip(kernel, dilation, strict=True)]
    if x.shape[-2] < reach[0] or x.shape[-1] < reach[1]:
        raise ShapeError(
            f"{name}: a window of {reach[0]} by {reach[1]} does not fit into a picture of "
            f"{x.shape[-2]} by {x.shape[-1]}, its padding included"
        )


def check_dimensions(name: str, input: Any, ndim: int) -> None:
    if input.ndim not in (ndim - 1, ndim):
        raise ShapeError(
            f"{name}: the input has {ndim} dimensions, or {ndim - 1} without the batch, "
            f"not the shape {list(input.shape)}"
        )


def in_batches(operation: Callable[[Any], Any], input: Any, name: str, ndim: int) -> Any:
    """An operation on batches, also of an input without the batch axis."""
    check_dimensions(name, input, ndim)
    return operation(input) if input.ndim == ndim else operation(input[None])[0]


def margins(padding: Any, kernel: Sizes, stride: Sizes, dilation: Sizes) -> list[int]:
    """The widths of the border, as pad takes them: left, right, top, bottom."""
    if padding == "valid":
        return [0, 0, 0, 0]
    if padding != "same":
        (down, across) = pair(padding)
        return [across, across, down, down]
    if max(stride) > 1:
        raise ValueError("conv2d: padding='same' needs a stride of 1")
    missing = [gap * (length - 1) for gap, length in zip(dilation, kernel, strict=True)]
    return [n for m in reversed(missing) for n in (m // 2, m - m // 2)]


def check_channels(name: str, input: Any, weight: Any, groups: int) -> None:
    channels, per_group = input.shape[1], weight.shape[1]
    if groups < 1 or len(weight) % groups:
        raise ValueError(f"{name}: {len(weight)} output channels do not make {groups} groups")
    if channels != per_group * groups:
        raise ShapeError(
            f"{name}: an input of {list(input.shape)} has {channels} channels, and the weight of "
            f"{list(weight.shape)} with groups={groups} needs {per_group * groups}"
        )


def conv2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """Each window of a picture times each kernel: (N, C, H, W), (O, C / groups, h, w)."""
    kernel, stride, dilation = weight.shape[2:], pair(stride), pair(dilation)
    border = margins(padding, kernel, stride, dilation)

    def operation(x: Any) -> Any:
        check_channels("conv2d", x, weight, groups)
        x = pad(x, border) if any(border) else x
        room_for("conv2d", x, kernel, stride, dilation)
        y = convolved(x, weight, stride, dilation, groups)
        return y if bias is None else y + bias.reshape(-1, 1, 1)

    return in_batches(operation, input, "conv2d", 4)


def conv1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """The same along one axis, as pictures of one row: (N, C, L), (O, C / groups, l)."""
    step, border, gap = [
        x if isinstance(x, (int, str)) else x[0] for x in (stride, padding, dilation)
    ]
    sides = border if isinstance(border, str) else (0, border)

    def operation(x: Any) -> Any:
        rows = x[:, :, None], weight[:, :, None]
        return conv2d(*rows, bias, (1, step), sides, (1, gap), groups)[:, :, 0]

    return in_batches(operation, input, "conv1d", 3)


@differentiable
def largest(x: Array, kernel: Sizes, stride: Sizes, dilation: Sizes) -> Any:
    """The largest entry of every window; of equal ones the first gets the gradient."""
    seen = views(x.shape, kernel, stride, dilation)
    y = reduce(np.maximum, [x[view] for view in seen])

    def to_x(g: Array) -> Array:
        left, pieces = g, []
        for view in seen:
            share = left * (x[view] == y)
            left = left - share
            pieces.append(put(share, view, x.shape))
        return reduce(operator.add, pieces)

    return y, to_x


def pooled(name: str, input: Any, sizes: list[Any], edge: float, pool: Callable[..., Any]) -> Any:
    """A border of `edge` around the picture, then `pool` over its windows."""
    kernel, stride, padding, dilation = [pair(sizes[0] if x is None else x) for x in sizes]
    if any(2 * b > k for b, k in zip(padding, kernel, strict=True)):
        raise ShapeError(
            f"{name}: a padding of {padding} is too wide: at most half of the window {kernel}"
        )
    sides = margins(padding, kernel, stride, dilation)

    def operation(x: Any) -> Any:
        x = pad(x, sides, value=edge) if any(sides) else x
        room_for(name, x, kernel, stride, dilation)
        return pool(x, kernel, stride, dilation)

    return in_batches(operation, input, name, 4)


def max_pool2d(
    input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1
) -> Any:
    """The largest entry of each window; the windows stand side by side unless told otherwise."""
    return pooled("max_pool2d", input, [kernel_size, stride, padding, dilation], -math.inf, largest)


def mean_of(x: Any, kernel: Sizes, stride: Sizes, dilation: Sizes) -> Any:
    return windows(x, kernel, stride, dilation).mean(2)


def avg_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Any:
    """The mean of each window; zeros of the border count unless told otherwise."""
    if ceil_mode:
        raise NotImplementedError("avg_pool2d: windows that stand out of the picture are not made")
    sizes = [kernel_size, stride, padding, 1]
    mean = pooled("avg_pool2d", input, sizes, 0.0, mean_of)
    if count_include_pad:
        return mean
    return mean / pooled("avg_pool2d", ones_like(input), sizes, 0.0, mean_of)


def adaptive_avg_pool2d(input: Any, output_size: Any) -> Any:
    """Means over as many windows as asked for, as equal in size as they can be."""
    rows, columns = [
        [slice(i * size // n, -(-(i + 1) * size // n)) for i in range(n)]
        for size, n in zip(input.shape[-2:], pair(output_size), strict=True)
    ]
    means = [[input[..., down, across].mean((-2, -1)) for across in columns] for down in rows]
    return stack([stack(line, -1) for line in means], -2)


def unfold(
    input: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Any:
    """All windows as columns: (N, C, H, W) -> (N, C x places in a window, windows)."""
    kernel, gap, step = pair(kernel_size), pair(dilation), pair(stride)

    def operation(x: Any) -> Any:
        x = pad(x, margins(padding, kernel, step, gap))
        room_for("unfold", x, kernel, step, gap)
        cut = windows(x, kernel, step, gap)
        return cut.reshape(len(cut), cut.shape[1] * cut.shape[2], -1)

    return in_batches(operation, input, "unfold", 4)
