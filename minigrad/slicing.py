# Exported from book/06_slicing.ipynb: change it there, not here.
"""Picking and placing: every entry is moved somewhere, none is computed."""

from __future__ import annotations

import math
import operator
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

    def __add__(self, other: Any) -> Any:
        if isinstance(other, Node):
            return other + np.asarray(self)
        if self.buffer is None:
            return Part(self.shape, None, None, np.asarray(self)).__add__(other)
        if isinstance(other, Part) and other.buffer is None:
            add_at(self.buffer, other.index, other.piece)
        else:
            self.buffer += np.asarray(other)
        return self

    def __radd__(self, whole: Any) -> Any:
        return Part(self.shape, None, None, np.array(whole)).__add__(self)


BASIC = (int, slice, np.integer, type(None), type(...))


def is_basic(index: Any) -> bool:
    """Whether an index holds only numbers, slices, None and ...: what it picks is a box."""
    if isinstance(index, tuple):
        return all([isinstance(part, BASIC) for part in index])
    return isinstance(index, BASIC)


def picks_once(index: Any) -> bool:
    """Whether the kind of index alone says that no place is picked twice: a box, or a mask."""
    return is_basic(index) or (isinstance(index, np.ndarray) and index.dtype == bool)


def add_at(buffer: Any, index: Any, piece: Any) -> Any:
    """Add a piece into its place in the buffer; what is picked twice is added twice."""
    if picks_once(index):
        buffer[index] += piece
    elif isinstance(index, np.ndarray) and index.size and buffer.ndim > 1:
        add_rows(buffer, index.ravel() % len(buffer), piece.reshape(index.size, *buffer.shape[1:]))
    else:
        np.add.at(buffer, index, piece)
    return buffer


def add_rows(buffer: Any, rows: Any, piece: Any) -> None:
    """Add rows that may repeat: the first use of every row, then the second, and so on."""
    small = rows.astype(np.min_scalar_type(len(buffer)))  # NumPy sorts 16 bits much faster than 64
    order = np.argsort(small, kind="stable")
    rows = rows[order]
    starts = np.flatnonzero(np.append(True, rows[1:] != rows[:-1]))
    ends = np.append(starts[1:], len(rows))
    for _ in range(8):
        buffer[rows[starts]] += piece[order[starts]]
        starts = starts + 1
        again = starts < ends
        if not again.any():
            return
        starts, ends = starts[again], ends[again]
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        buffer[rows[start]] += piece[order[start:end]].sum(axis=0)


def checked_index(index: Any) -> Any:
    """An index as NumPy takes it: tensors and lists as arrays of their own, wrong types refused."""
    if not isinstance(index, tuple):
        return checked_part(index)
    return checked_part(index[0]) if len(index) == 1 else tuple(map(checked_part, index))


def checked_part(part: Any) -> Any:
    if isinstance(part, slice):
        return slice(*map(checked_bound, (part.start, part.stop, part.step)))
    if part is None or part is ... or (isinstance(part, int) and not isinstance(part, bool)):
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


def checked_bound(bound: Any) -> Any:
    return bound if bound is None or type(bound) is int else operator.index(plain(bound))


def in_turns(index: Any) -> tuple[Any, ...]:
    """PyTorch's reading of an index: the numbers are used first, the arrays on what they leave.

    NumPy counts a number beside an array as an array too; x[0, :, [1, 2]] then has other axes.
    """
    parts = index if isinstance(index, tuple) else (index,)
    if is_basic(index) or not any(isinstance(p, (int, np.integer)) for p in parts):
        return (index,)
    first: list[Any] = []
    then: list[Any] = []
    for p in parts:
        if not is_basic(p):
            first += [slice(None)] * (p.ndim if p.dtype == bool else 1)
            then.append(p)
        else:
            first.append(p)
            then += [] if isinstance(p, (int, np.integer)) else [p if p is ... else slice(None)]
    return tuple(first), tuple(then)


def lasting(index: Any, shape: tuple[int, ...]) -> Any:
    """Which of the numbers written at the index are still there afterwards."""
    if picks_once(index):
        return True
    places = np.zeros(shape, np.intp)
    turns = np.arange(math.prod(places[index].shape)).reshape(places[index].shape)
    places[index] = turns
    return places[index] == turns


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


def assign_into(x: Any, v: Any, index: Any) -> Any:
    """x with v written at the index, v brought to the dtype of x."""
    first, *then = in_turns(index)
    if then:
        v = assign_into(getitem(x, first), v, then[0])
    v = v if isinstance(v, (Node, np.ndarray)) else np.asarray(plain(v), x.dtype)
    target = place_of(x, first).shape
    while v.ndim > len(target) and v.shape[0] == 1:
        v = getitem(v, 0)
    if meet(v.shape, target) == target:
        return assign(x, v if v.dtype == x.dtype else cast(v, x.dtype), first)
    raise ShapeError(
        f"setitem: a value of {list(v.shape)} does not broadcast into the {list(target)} it is for"
    )


def place_of(x: Any, index: Any) -> Any:
    try:
        return x.value[index]
    except IndexError as error:
        raise IndexError(f"setitem({described(x.value)}): {error}") from error


def pick(input: Any, index: Any) -> Any:
    """input[index], where later writes into a part made of slices reach the input."""
    index = checked_index(index)
    if is_basic(index):
        part = getitem(input, index)
        return part_of(input, part, lambda whole, new: assign(whole, new, index))
    for turn in in_turns(index):
        input = getitem(input, turn)
    return input


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
    if sum(sizes) != n:
        raise RuntimeError(f"split: the sizes {list(sizes)} do not add up to {n}")
    ends = np.cumsum(sizes).tolist()
    return tuple(pick_along(slice(end - size, end)) for size, end in zip(sizes, ends, strict=True))


def chunk(input: Any, chunks: int, dim: int = 0) -> tuple[Any, ...]:
    """At most so many pieces of equal size along an axis, the last perhaps smaller."""
    axis, _ = along(input, dim, "chunk")
    if chunks < 1:
        raise RuntimeError(f"chunk: there must be 1 piece or more, not {chunks}")
    return split(input, max(-(-input.shape[axis] // chunks), 1), axis)


def unbind(input: Any, dim: int = 0) -> tuple[Any, ...]:
    """The slices along an axis, that axis gone."""
    axis, pick_along = along(input, dim, "unbind")
    return tuple(pick_along(i) for i in range(input.shape[axis]))


def index_select(input: Any, dim: int, index: Any) -> Any:
    """The slices along an axis that a 1-D integer tensor names, repeats allowed."""
    return along(input, dim, "index_select")[1](numbers_of_slices("index_select", index))


def numbers_of_slices(name: str, index: Any) -> Any:
    index = np.atleast_1d(plain(index))
    if index.ndim > 1:
        raise IndexError(f"{name}: the index must have 1 dimension, not {index.ndim}")
    return checked_part(index)


def masked_select(input: Any, mask: Any) -> Any:
    """The entries where the mask is true, in one row; input and mask may broadcast."""
    mask = np.array(plain(mask))
    shape = meet(input.shape, mask.shape)
    if mask.dtype != bool:
        raise RuntimeError(f"masked_select: a mask holds truth values, not {mask.dtype}")
    if shape is None:
        shapes = f"{list(input.shape)} and {list(mask.shape)}"
        raise ShapeError(f"masked_select: a tensor and a mask of {shapes} do not broadcast")
    return pick(broadcast_to(input, shape), np.broadcast_to(mask, shape))


def gather(input: Any, dim: int, index: Any) -> Any:
    """out[i][j] = input[index[i][j]][j] for dim 0: each entry names its place along dim."""
    return pick(input, spots("gather", input, dim, index))


def spots(name: str, input: Any, dim: int, index: Any) -> tuple[Any, ...]:
    """The index that gather picks with: index[i, j, …] along the axis, and i, j, … beside it."""
    axis, _ = along(input, dim, name)
    index, n = np.array(plain(index)), input.shape[axis]
    beside = [*index.shape[:axis], 0, *index.shape[axis + 1 :]]
    if index.ndim != input.ndim or any(a > b for a, b in zip(beside, input.shape, strict=True)):
        raise ShapeError(
            f"{name}: an index of shape {list(index.shape)} does not fit into "
            f"{list(input.shape)}: as many dims, and no size larger but along dim {dim}"
        )
    if index.size and not 0 <= index.min() <= index.max() < n:
        raise RuntimeError(
            f"{name}: {index.min()} to {index.max()} are not all places on an axis of {n}"
        )
    return places_along(index, axis, index.shape)


def places_along(index: Any, axis: int, sizes: tuple[int, ...]) -> tuple[Any, ...]:
    """The index that picks entry index[i, j, …] along the axis and i, j, … along the others."""
    places = list(np.ogrid[tuple(slice(n) for n in sizes)])
    places[axis] = index
    return tuple(places)


@spells(np.take_along_axis)
def take_along_dim(input: Any, indices: Any, dim: int | None = None) -> Any:
    """As gather, but the sizes beside dim broadcast; without dim, out of the flattened tensor."""
    index = np.array(plain(indices))
    if dim is None:
        return pick(input, np.unravel_index(index.ravel(), input.shape))
    axis, _ = along(input, dim, "take_along_dim")
    if index.ndim != input.ndim:
        raise ShapeError(
            f"take_along_dim: {index.ndim} dims of indices for {input.ndim} of the tensor"
        )
    return pick(input, places_along(index, axis, input.shape))


def scatter_add(input: Any, dim: int, index: Any, src: Any) -> Any:
    """The input with the entries of src added in where gather with this index would pick."""
    places = spots("scatter_add", input, dim, index)
    return input + put(corner("scatter_add", src, index), places, input.shape)


def scatter(input: Any, dim: int, index: Any, src: Any) -> Any:
    """The input with the entries of src, or one number, written where gather would pick."""
    places = spots("scatter", input, dim, index)
    v = src if isinstance(src, (int, float)) else corner("scatter", src, index)
    return assign(input, v, places)


def corner(name: str, src: Any, index: Any) -> Any:
    """The entries of src that belong to an index: as many along each axis as the index has."""
    shape = np.shape(plain(index))
    if not isinstance(src, Node) or any(n > m for n, m in zip(shape, src.shape, strict=True)):
        raise ShapeError(
            f"{name}: src must be a tensor of at least {list(shape)}, the shape of the index, "
            f"not {described(src)}"
        )
    return pick(src, tuple(slice(n) for n in shape))


def index_add(input: Any, dim: int, index: Any, source: Any, *, alpha: float = 1) -> Any:
    """The input with the slices of source added in where index_select would pick."""
    axis, _ = along(input, dim, "index_add")
    rows = numbers_of_slices("index_add", index)
    needed = (*input.shape[:axis], len(rows), *input.shape[axis + 1 :])
    if source.shape != needed:
        raise ShapeError(
            f"index_add: the source has shape {list(source.shape)}, these places {list(needed)}"
        )
    return input + put(source * alpha, (slice(None),) * axis + (rows,), input.shape)


class Slicing:
    """The skill of directing traffic: x[…] and x[…] = v, and their names."""

    __slots__ = ()
    split, chunk, unbind, select, narrow = split, chunk, unbind, select, narrow
    index_select, masked_select, index_add = index_select, masked_select, index_add
    gather, take_along_dim = gather, take_along_dim
    scatter, scatter_add = scatter, scatter_add

    def __getitem__(self: Any, index: Any) -> Any:
        return pick(self, index)

    def __setitem__(self: Any, index: Any, v: Any) -> None:
        become(self, assign_into, v, checked_index(index))


__all__ = ["split", "chunk", "unbind", "select", "narrow", "index_select", "masked_select"]
__all__ += ["gather", "take_along_dim", "scatter", "scatter_add", "index_add"]
