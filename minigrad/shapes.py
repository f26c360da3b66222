# Exported from book/07_shapes.ipynb: change it there, not here.
"""Shapes: the same entries in other arrangements, side by side, repeated, or framed."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.arithmetic import axes_of, broadcast_to, common_dtype, converted
from minigrad.changing import part_of
from minigrad.engine import Array, Node, ShapeError, differentiable
from minigrad.protocol import plain, spells
from minigrad.slicing import along, assign, getitem, narrow, pick, put


@differentiable
def reshaped(x: Array, shape: tuple[int, ...]) -> Any:
    return x.reshape(shape), lambda g: g.reshape(x.shape)


@differentiable
def permuted(x: Array, axes: tuple[int, ...]) -> Any:
    return np.transpose(x, axes), lambda g: np.transpose(g, tuple(np.argsort(axes)))


def sizes_of(sizes: tuple[Any, ...]) -> tuple[int, ...]:
    """Sizes given one by one or as one sequence."""
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)):
        sizes = tuple(sizes[0])
    try:
        return tuple(operator.index(size) for size in sizes)
    except TypeError:
        raise TypeError(f"sizes must be whole numbers, not {sizes}") from None


@spells(np.reshape)
def reshape(input: Any, *shape: Any) -> Any:
    """The same entries, row by row, in another shape; one size may be -1: whatever is left."""
    sizes = sizes_of(shape)
    size, known = math.prod(input.shape), math.prod([n for n in sizes if n != -1])
    open_sizes = sizes.count(-1)
    if open_sizes == 1 and known == 0:
        raise ShapeError(
            f"reshape: with a size of 0 beside it, -1 in {list(sizes)} could be anything"
        )
    fills = size % known == 0 if open_sizes == 1 else size == known
    if not fills or open_sizes > 1 or min(sizes, default=0) < -1:
        raise ShapeError(
            f"reshape: {list(input.shape)} has {size} entries, which do not fill {list(sizes)}"
        )
    return part_of(input, reshaped(input, sizes), lambda x, part: reshaped(part, x.shape))


@spells(np.squeeze)
def squeeze(input: Any, dim: Any = None) -> Any:
    """Without its axes of size 1: all of them, or those named."""
    axes = axes_of("squeeze", dim, input.ndim)
    return reshape(input, [n for i, n in enumerate(input.shape) if n != 1 or i not in axes])


@spells(np.expand_dims)
def unsqueeze(input: Any, dim: int) -> Any:
    """With a new axis of size 1."""
    (axis,) = axes_of("unsqueeze", dim, input.ndim + 1)
    return reshape(input, (*input.shape[:axis], 1, *input.shape[axis:]))


def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    """Several axes in a row made one."""
    if input.ndim == 0:
        return reshape(input, 1)
    (start,), (end,) = (axes_of("flatten", d, input.ndim) for d in (start_dim, end_dim))
    if start > end:
        raise RuntimeError(f"flatten: start_dim {start_dim} comes after end_dim {end_dim}")
    merged = math.prod(input.shape[start : end + 1])
    return reshape(input, (*input.shape[:start], merged, *input.shape[end + 1 :]))


@spells(np.ravel)
def ravel(input: Any) -> Any:
    return reshape(input, math.prod(input.shape))


def unflatten(input: Any, dim: int, sizes: Any) -> Any:
    """One axis made several; one of their sizes may be -1."""
    (axis,) = axes_of("unflatten", dim, input.ndim)
    known = -math.prod(sizes)  # the -1 turns the sign
    sizes = [input.shape[axis] // known if size == -1 else size for size in sizes]
    return reshape(input, (*input.shape[:axis], *sizes, *input.shape[axis + 1 :]))


@spells(np.transpose)
def permute(input: Any, *dims: Any) -> Any:
    """The axes in another order; without dims, from last to first."""
    order = sizes_of(dims) if dims and dims[0] is not None else tuple(range(input.ndim))[::-1]
    axes = axes_of("permute", order, input.ndim)
    if len(axes) != input.ndim:
        raise ShapeError(f"permute: {len(axes)} dims for a tensor of {input.ndim}: name each once")
    back = tuple(np.argsort(axes)) if axes else ()
    return part_of(input, permuted(input, axes), lambda x, part: permuted(part, back))


@spells(np.swapaxes)
def transpose(input: Any, dim0: int, dim1: int) -> Any:
    """Two axes exchanged."""
    first, second = (axes_of("transpose", dim, input.ndim) for dim in (dim0, dim1))
    order = list(range(input.ndim))
    if input.ndim:
        order[first[0]], order[second[0]] = second[0], first[0]
    return permute(input, order)


@spells(np.moveaxis)
def movedim(input: Any, source: Any, destination: Any) -> Any:
    """Axes moved to other positions, the others in their old order."""
    start, end = (axes_of("movedim", d, input.ndim) for d in (source, destination))
    if len(start) != len(end):
        raise RuntimeError(f"movedim: {len(start)} axes cannot go to {len(end)} places")
    rest = [axis for axis in range(input.ndim) if axis not in start]
    for place, axis in sorted(zip(end, start, strict=True)):
        rest.insert(place, axis)
    return permute(input, rest)


def t(input: Any) -> Any:
    """A matrix with rows and columns exchanged; a vector as it is."""
    if input.ndim > 2:
        raise RuntimeError(f"t: it takes at most 2 dimensions, not {input.ndim}: use permute or mT")
    return permute(input)


@differentiable
def joined(*xs: Array, axis: int) -> Any:
    """The pieces one after the other along an axis; each gets its stretch of the gradient back."""
    ends = np.cumsum([x.shape[axis] for x in xs]).tolist()
    stretches = [slice(end - x.shape[axis], end) for x, end in zip(xs, ends, strict=True)]
    return np.concatenate(xs, axis), *[picker((slice(None),) * axis + (s,)) for s in stretches]


def picker(index: Any) -> Any:
    return lambda g: g[index]


def together(tensors: Any, name: str) -> list[Any]:
    """Tensors that are to be joined, in their common dtype."""
    if not isinstance(tensors, (list, tuple)):
        raise TypeError(f"{name}: it takes a list of tensors, not {type(tensors).__name__}")
    for x in tensors:
        if not isinstance(x, (Node, np.ndarray)):
            raise TypeError(f"{name}: it takes tensors or arrays, not {type(x).__name__}")
    if not tensors:
        raise RuntimeError(f"{name}: it takes one tensor or more, and got none")
    dtype = common_dtype(tuple(tensors))
    return [converted(x, dtype) for x in tensors]


@spells(np.concatenate)
def cat(tensors: Any, dim: int = 0) -> Any:
    """Tensors one after the other along an axis; their other sizes must be equal."""
    xs = together(tensors, "cat")
    full = next((x for x in xs if x.shape != (0,)), xs[0])
    if full.ndim == 0:
        raise RuntimeError("cat: a tensor without dimensions has no axis: use stack")
    (place,) = axes_of("cat", dim, full.ndim)
    rest = (full.shape[:place], full.shape[place + 1 :])
    xs = [reshape(x, (*rest[0], 0, *rest[1])) if x.shape == (0,) else x for x in xs]
    if any((x.shape[:place], x.shape[place + 1 :]) != rest for x in xs):
        shapes = ", ".join(str(list(x.shape)) for x in xs)
        raise ShapeError(
            f"cat: {shapes} do not line up along dim {dim}: all other sizes must be equal; "
            "for a new axis use stack"
        )
    return joined(*xs, axis=place)


@spells(np.stack)
def stack(tensors: Any, dim: int = 0) -> Any:
    """Tensors of one shape along a new axis."""
    xs = together(tensors, "stack")
    if len({x.shape for x in xs}) > 1:
        raise ShapeError(f"stack: all shapes must be equal, not {[list(x.shape) for x in xs]}")
    return cat([unsqueeze(x, dim) for x in xs], axes_of("stack", dim, xs[0].ndim + 1)[0])


def expand(input: Any, *sizes: Any) -> Any:
    """Copied along new axes and axes of size 1; -1 leaves a size as it is."""
    return broadcast_to(input, sizes_of(sizes))


@spells(np.tile)
def tile(input: Any, *dims: Any) -> Any:
    """The whole tensor several times along each axis; few numbers stand for the last axes."""
    times = sizes_of(dims)
    times = (1,) * (input.ndim - len(times)) + times
    shape = (1,) * (len(times) - input.ndim) + input.shape
    pairs = [n for size in shape for n in (1, size)]
    wide = [n for time, size in zip(times, shape, strict=True) for n in (time, size)]
    whole = [time * size for time, size in zip(times, shape, strict=True)]
    return reshape(broadcast_to(reshape(input, pairs), tuple(wide)), whole)


def repeat(input: Any, *repeats: Any) -> Any:
    """The whole tensor several times along each axis; at least one number for each."""
    if len(sizes_of(repeats)) < input.ndim:
        raise RuntimeError(
            f"repeat: {input.ndim} dimensions need as many numbers, not {len(sizes_of(repeats))}"
        )
    return tile(input, *repeats)


@spells(np.repeat)
def repeat_interleave(input: Any, repeats: Any, dim: int | None = None) -> Any:
    """Each entry several times in a row along an axis; without one, of the flattened tensor."""
    if dim is None:
        input, dim = ravel(input), 0
    axis, pick_along = along(input, dim, "repeat_interleave")
    times, n = np.asarray(plain(repeats)), input.shape[axis]
    if times.size not in (1, n) or times.min(initial=0) < 0:
        raise RuntimeError(
            f"repeat_interleave: it takes one number, or one for each of {n} entries"
        )
    return pick_along(np.repeat(np.arange(n), times))


@spells(np.flip)
def flip(input: Any, *dims: Any, dim: Any = None) -> Any:
    """The entries in opposite order along some axes."""
    axes = axes_of("flip", dim if not dims else sizes_of(dims), input.ndim)
    return pick(input, tuple(slice(None, None, -1 if i in axes else 1) for i in range(input.ndim)))


@spells(np.roll)
def roll(input: Any, shifts: Any, dims: Any = None) -> Any:
    """The entries moved along some axes; what leaves at the end comes in at the start."""
    if dims is None:
        return reshape(roll(ravel(input), shifts, 0), input.shape)
    steps = shifts if isinstance(shifts, (tuple, list)) else (shifts,)
    axes = axes_of("roll", dims, input.ndim)
    if len(steps) != len(axes):
        raise RuntimeError(f"roll: {len(steps)} shifts for {len(axes)} dims: give one for each")
    for step, axis in zip(steps, axes, strict=True):
        n = input.shape[axis]
        if n:
            cut = -step % n
            input = cat([narrow(input, axis, cut, n - cut), narrow(input, axis, 0, cut)], axis)
    return input


@differentiable
def bordered(x: Array, widths: tuple[tuple[int, int], ...], fill: float) -> Any:
    """x inside a border of one number."""
    inner = tuple(slice(before, before + n) for (before, _), n in zip(widths, x.shape, strict=True))
    y = np.full(
        [before + n + after for (before, after), n in zip(widths, x.shape, strict=True)],
        fill,
        x.dtype,
    )
    y[inner] = np.asarray(x)
    return y, lambda g: g[inner]


def widths_of(input: Any, pad: Sequence[int]) -> list[tuple[int, int]]:
    """The widths before and after each axis; pad begins with those of the last axis."""
    if len(pad) % 2 or len(pad) // 2 > input.ndim:
        raise RuntimeError(
            f"pad: {list(pad)} must hold two widths for each of at most {input.ndim} axes"
        )
    pairs = [(pad[i], pad[i + 1]) for i in range(0, len(pad), 2)][::-1]
    return [(0, 0)] * (input.ndim - len(pairs)) + pairs


def pad(input: Any, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Any:
    """A border around the last axes; pad names (before, after) for the last, then the one before.

    The border is a number, or comes from the tensor: mode "reflect", "replicate" or "circular". A
    negative width cuts off instead.
    """
    widths, modes = widths_of(input, pad), {"replicate": "edge", "circular": "wrap"}
    if mode not in ("constant", "reflect", *modes):
        raise ValueError(f"pad: mode {mode!r} is none of constant, reflect, replicate, circular")
    if mode == "constant":
        ends = zip(widths, input.shape, strict=True)
        kept = pick(input, tuple(slice(max(-a, 0), n - max(-b, 0)) for (a, b), n in ends))
        return bordered(kept, tuple((max(a, 0), max(b, 0)) for a, b in widths), value or 0.0)
    for axis, width in enumerate(widths):
        if width != (0, 0):
            style: Any = modes.get(mode, mode)
            places = np.pad(np.arange(input.shape[axis]), width, mode=style)
            input = along(input, axis, "pad")[1](places)
    return input


@spells(np.tril)
@differentiable
def tril(x: Array, diagonal: int = 0) -> Any:
    """The entries on and below a diagonal, the others 0."""
    return np.tril(x, diagonal), lambda g: np.tril(g, diagonal)


@spells(np.triu)
@differentiable
def triu(x: Array, diagonal: int = 0) -> Any:
    """The entries on and above a diagonal, the others 0."""
    return np.triu(x, diagonal), lambda g: np.triu(g, diagonal)


@spells(np.diagonal)
def diagonal(input: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """The entries on a diagonal of two axes, as a new last axis."""
    x = movedim(input, (dim1, dim2), (-2, -1))
    rows, columns = x.shape[-2:]
    n = max(min(rows + min(offset, 0), columns - max(offset, 0)), 0)
    steps = np.arange(n)
    index = (..., steps + max(-offset, 0), steps + max(offset, 0))
    return part_of(x, getitem(x, index), lambda whole, part: assign(whole, part, index))


@spells(np.diag)
def diag(input: Any, diagonal: int = 0) -> Any:
    """The diagonal of a matrix, or the matrix with a vector as its diagonal."""
    if input.ndim == 2:
        return np.diagonal(input, diagonal)
    if input.ndim != 1:
        raise RuntimeError(f"diag: it takes a vector or a matrix, not {input.ndim} dimensions")
    steps, n = np.arange(input.shape[0]), input.shape[0] + abs(diagonal)
    return put(input, (steps + max(-diagonal, 0), steps + max(diagonal, 0)), (n, n))


concat, concatenate, swapaxes = cat, cat, transpose


class Shapes:
    """The skill of rearranging."""

    __slots__ = ()
    T = property(lambda self: permute(self))
    mT = property(lambda self: transpose(self, -1, -2))
    reshape = view = reshape
    permute, transpose, swapaxes, movedim, t = permute, transpose, transpose, movedim, t
    squeeze, unsqueeze, flatten, unflatten, ravel = squeeze, unsqueeze, flatten, unflatten, ravel
    roll, expand, repeat, tile, repeat_interleave = roll, expand, repeat, tile, repeat_interleave
    diagonal, diag, tril, triu, flip = diagonal, diag, tril, triu, flip

    def expand_as(self, other: Any) -> Any:
        return expand(self, other.shape)

    def view_as(self, other: Any) -> Any:
        return reshape(self, other.shape)

    reshape_as = view_as


__all__ = ["reshape", "squeeze", "unsqueeze", "flatten", "unflatten", "ravel", "permute"]
__all__ += ["transpose", "swapaxes", "t", "movedim", "cat", "concat", "concatenate", "stack"]
__all__ += ["expand", "tile", "repeat_interleave", "roll", "pad", "flip"]
__all__ += ["tril", "triu", "diagonal", "diag"]
