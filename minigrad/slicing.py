# Exported from book/06_slicing.ipynb: change it there, not here.
"""Picking and placing: every entry is moved somewhere, none is computed."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from minigrad.arithmetic import axes_of, broadcast_to, cast, fit, meet
from minigrad.changing import become, part_of
from minigrad.engine import Array, Node, ShapeError, described, differentiable
from minigrad.protocol import plain, spells


@differentiable
def getitem(x: Array, index: Any) -> Any:
    """x[index]. Its transpose puts a gradient back into the places it was picked from."""
    return x[index], lambda g: put(g, index, x.shape)


@differentiable
def put(x: Array, index: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of this shape with x added in at the index. Its transpose picks x out again."""
    return Part(shape, x, index), lambda g: g[index]


class Part:
    """A gradient that is zero but for one piece; or, once it has a buffer, the sum of several."""

    __slots__ = ("shape", "dtype", "piece", "index", "buffer")
    __array_ufunc__ = None  # array + Part asks the Part

    def __init__(self, shape: tuple[int, ...], piece: Any, index: Any, buffer: Any = None) -> None:
        self.shape, self.dtype = shape, (piece if buffer is None else buffer).dtype
        self.piece, self.index, self.buffer = piece, index, buffer

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if self.buffer is not None:
            return self.buffer
        return add_at(np.zeros(self.shape, self.dtype), self.index, self.piece)

    def __add__(self, other: Any) -> Part:
        if self.buffer is None:
            return Part(self.shape, None, None, np.asarray(self)).__add__(other)
        if isinstance(other, Part) and other.buffer is None:
            add_at(self.buffer, other.index, other.piece)
        else:
            self.buffer += np.asarray(other)
        return self

    def __radd__(self, whole: Any) -> Part:
        return Part(self.shape, None, None, np.array(whole)).__add__(self)


def add_at(buffer: Any, index: Any, piece: Any) -> Any:
    """Add a piece into its place in the buffer; what is picked twice is added twice."""
    if is_basic(index) or isinstance(index, np.ndarray) and index.dtype == bool:
        buffer[index] += piece
    elif isinstance(index, np.ndarray) and index.size and buffer.ndim > 1:
        add_rows(buffer, index.ravel() % len(buffer), piece.reshape(index.size, *buffer.shape[1:]))
    else:
        np.add.at(buffer, index, piece)
    return buffer


def is_basic(index: Any) -> bool:
    """Whether an index holds only numbers, slices, None and ...: then nothing is picked twice."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(p is None or p is ... or isinstance(p, (int, np.integer, slice)) for p in parts)


def add_rows(buffer: Any, rows: Any, piece: Any) -> None:
    """Add rows that may repeat: equal ones are brought together and each group is added once."""
    order = np.argsort(rows, kind="stable")
    rows = rows[order]
    starts = np.flatnonzero(np.append(True, rows[1:] != rows[:-1]))
    buffer[rows[starts]] += np.add.reduceat(piece[order], starts, axis=0)


def checked_index(index: Any) -> Any:
    """An index as NumPy takes it: tensors and lists as arrays of their own, wrong types refused."""
    parts = [checked_part(part) for part in (index if isinstance(index, tuple) else (index,))]
    return tuple(parts) if isinstance(index, tuple) else parts[0]


def checked_part(part: Any) -> Any:
    if part is None or part is ... or isinstance(part, (slice, int)):
        return part
    array = np.array(plain(part))
    if array.size == 0 and isinstance(part, (list, tuple)):
        array = array.astype(np.intp)
    if array.dtype.kind not in "iub":
        raise IndexError(
            f"getitem: {described(array)} cannot be an index: "
            "use integers, slices, None, ..., masks or integer arrays"
        )
    return array[()]


def pick(input: Any, index: Any) -> Any:
    """input[index], where later writes into a part made of slices reach the input."""
    index = checked_index(index)
    part = getitem(input, index)
    if not is_basic(index):
        return part
    return part_of(input, part, lambda x, new: assign(x, new, index))


@differentiable
def assign(x: Array, v: Array, index: Any) -> Any:
    """x with v in the place of x[index]; where a place is written twice, the last one counts."""
    return (
        replaced(x, index, v),
        lambda g: assign(g, 0.0, index),
        lambda g: fit(g[index] * lasting(index, x.shape), v.shape),
    )


def replaced(x: Any, index: Any, v: Any) -> Any:
    new = np.array(x)
    new[index] = np.asarray(v)
    return new


def lasting(index: Any, shape: tuple[int, ...]) -> Any:
    """Which of the numbers written at the index are still there afterwards."""
    if is_basic(index):
        return True
    places = np.zeros(shape, np.intp)
    turns = np.arange(math.prod(places[index].shape)).reshape(places[index].shape)
    places[index] = turns
    return places[index] == turns


def assign_into(x: Any, v: Any, index: Any) -> Any:
    """x with v written at the index, v brought to the dtype of x."""
    v = v if isinstance(v, (Node, np.ndarray)) else np.asarray(plain(v), x.dtype)
    target = x.value[index].shape
    if meet(v.shape, target) == target:
        return assign(x, v if v.dtype == x.dtype else cast(v, x.dtype), index)
    raise ShapeError(
        f"setitem: a value of {list(v.shape)} does not broadcast into the {list(target)} it is for"
    )


def along(input: Any, dim: int, name: str) -> tuple[int, Any]:
    """An axis, and the pick along it: pick(what) is input[:, ..., what] with what at that axis."""
    axes = axes_of(name, dim, input.ndim)
    if not axes:
        raise IndexError(f"{name}: a tensor without dimensions has no axis to go along")
    return axes[0], lambda what: pick(input, (slice(None),) * axes[0] + (what,))


def select(input: Any, dim: int, index: int) -> Any:
    """One slice along an axis, that axis gone."""
    return along(input, dim, "select")[1](index)


def narrow(input: Any, dim: int, start: int, length: int) -> Any:
    """A stretch along an axis."""
    axis, pick_along = along(input, dim, "narrow")
    start += input.shape[axis] * (start < 0)
    if start < 0 or length < 0 or start + length > input.shape[axis]:
        raise RuntimeError(
            f"narrow: {start} to {start + length} leaves an axis of {input.shape[axis]}"
        )
    return pick_along(slice(start, start + length))


def split(input: Any, split_size_or_sections: Any, dim: int = 0) -> tuple[Any, ...]:
    """Pieces of one size along an axis, the last perhaps smaller; or pieces of the sizes given."""
    axis, pick_along = along(input, dim, "split")
    n, sizes = input.shape[axis], split_size_or_sections
    if isinstance(sizes, int):
        if sizes < 1:
            raise RuntimeError(f"split: the size of a piece must be 1 or more, not {sizes}")
        starts = range(0, max(n, 1), sizes)
        return tuple(pick_along(slice(start, start + sizes)) for start in starts)
    if builtins.sum(sizes) != n:
        raise RuntimeError(f"split: the sizes {list(sizes)} do not add up to {n}")
    ends = np.cumsum(sizes).tolist()
    return tuple(pick_along(slice(end - size, end)) for size, end in zip(sizes, ends, strict=True))


def chunk(input: Any, chunks: int, dim: int = 0) -> tuple[Any, ...]:
    """At most so many pieces of equal size along an axis, the last perhaps smaller."""
    axis, _ = along(input, dim, "chunk")
    return split(input, max(-(-input.shape[axis] // chunks), 1), axis)


def unbind(input: Any, dim: int = 0) -> tuple[Any, ...]:
    """The slices along an axis, that axis gone."""
    axis, pick_along = along(input, dim, "unbind")
    return tuple(pick_along(i) for i in range(input.shape[axis]))


def index_select(input: Any, dim: int, index: Any) -> Any:
    """The slices along an axis that a 1-D integer tensor names, repeats allowed."""
    return along(input, dim, "index_select")[1](np.atleast_1d(plain(index)))


def gather(input: Any, dim: int, index: Any) -> Any:
    """out[i][j] = input[index[i][j]][j] for dim 0: each entry names its place along dim."""
    axis, _ = along(input, dim, "gather")
    index = np.array(plain(index))
    sizes = enumerate(zip(index.shape, input.shape, strict=index.ndim == input.ndim))
    if index.ndim != input.ndim or any(a > b for i, (a, b) in sizes if i != axis):
        raise ShapeError(
            f"gather: an index of shape {list(index.shape)} does not fit into "
            f"{list(input.shape)}: as many dims, and no size larger but along dim {dim}"
        )
    return pick(input, places_along(index, axis))


def places_along(index: Any, axis: int) -> tuple[Any, ...]:
    """The index that picks entry index[i, j, …] along the axis and i, j, … along the others."""
    places = list(np.ogrid[tuple(slice(n) for n in index.shape)])
    places[axis] = index
    return tuple(places)


@spells(np.take_along_axis)
def take_along_dim(input: Any, indices: Any, dim: int | None = None) -> Any:
    """As gather, but the sizes beside dim broadcast; without dim, out of the flattened tensor."""
    if dim is None:
        return pick(input, np.unravel_index(np.ravel(plain(indices)), input.shape))
    axis, _ = along(input, dim, "take_along_dim")
    index = np.array(plain(indices))
    if index.ndim != input.ndim:
        raise ShapeError(
            f"take_along_dim: {index.ndim} dims of indices for {input.ndim} of the tensor"
        )
    shape = np.broadcast_shapes(
        *[s[:axis] + (1,) + s[axis + 1 :] for s in (index.shape, input.shape)]
    )
    stretched = np.broadcast_to(
        index, shape[:axis] + index.shape[axis : axis + 1] + shape[axis + 1 :]
    )
    wide = broadcast_to(input, shape[:axis] + input.shape[axis : axis + 1] + shape[axis + 1 :])
    return pick(wide, places_along(stretched, axis))


def scatter_add(input: Any, dim: int, index: Any, src: Any) -> Any:
    """The input with the entries of src added in where gather with this index would pick."""
    axis, _ = along(input, dim, "scatter_add")
    index = np.array(plain(index))
    part = pick(src, tuple(slice(n) for n in index.shape))
    return input + put(part, places_along(index, axis), input.shape)


def scatter(input: Any, dim: int, index: Any, src: Any) -> Any:
    """The input with the entries of src, or one number, written where gather would pick."""
    axis, _ = along(input, dim, "scatter")
    index = np.array(plain(index))
    part = src if isinstance(src, (int, float)) else pick(src, tuple(slice(n) for n in index.shape))
    return assign(input, part, places_along(index, axis))


def index_add(input: Any, dim: int, index: Any, source: Any, *, alpha: float = 1) -> Any:
    """The input with the slices of source added in where index_select would pick."""
    axis, _ = along(input, dim, "index_add")
    return input + put(
        source * alpha, (slice(None),) * axis + (np.array(plain(index)),), input.shape
    )


class Slicing:
    """The skill of directing traffic: x[…] and x[…] = v, and their names."""

    __slots__ = ()
    split, chunk, unbind, select, narrow = split, chunk, unbind, select, narrow
    index_select, gather, take_along_dim = index_select, gather, take_along_dim
    scatter, scatter_add, index_add = scatter, scatter_add, index_add

    def __getitem__(self: Any, index: Any) -> Any:
        return pick(self, index)

    def __setitem__(self: Any, index: Any, v: Any) -> None:
        become(self, assign_into, v, checked_index(index))


__all__ = ["split", "chunk", "unbind", "select", "narrow"]
__all__ += ["index_select", "gather", "take_along_dim", "scatter", "scatter_add", "index_add"]
