# Exported from book/01_dot.ipynb, book/03_matvec.ipynb, book/04_matmul.ipynb,
# book/05_broadcasting.ipynb: change it there, not here.
"""The product of two vectors, grown to matrices and to stacks of matrices."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.arithmetic import meet
from minigrad.engine import Array, Node, ShapeError, differentiable
from minigrad.protocol import spells

# --- book/01_dot.ipynb: The scalar dot product


@differentiable
def dot(x: Array, y: Array) -> Any:
    """The dot product of two vectors of one length: (n,), (n,) -> ()."""
    if x.ndim != 1 or x.shape != y.shape:
        raise misfit("dot", x, y, "it takes two vectors of one length")
    return x @ y, lambda g: g * y, lambda g: g * x


def misfit(name: str, a: Any, b: Any, mend: str) -> ShapeError:
    return ShapeError(f"{name}: {list(a.shape)} and {list(b.shape)} do not fit: {mend}")


# --- book/03_matvec.ipynb: Matrix times vector


@differentiable
def matvec(A: Array, x: Array) -> Any:
    """A matrix times a vector: (m, n), (n,) -> (m,). Row i of A meets x in entry i."""
    if A.ndim != 2 or x.ndim != 1 or A.shape[1] != x.shape[0]:
        raise misfit("matvec", A, x, "it takes (m, n) and (n,)")
    return A @ x, lambda g: np.outer(g, x), lambda g: A.T @ g


@differentiable
def vecmat(x: Array, A: Array) -> Any:
    """A vector times a matrix: (m,), (m, n) -> (n,). Column j of A meets x in entry j."""
    if x.ndim != 1 or A.ndim != 2 or x.shape[0] != A.shape[0]:
        raise misfit("vecmat", x, A, "it takes (m,) and (m, n)")
    return x @ A, lambda g: A @ g, lambda g: np.outer(x, g)


# --- book/04_matmul.ipynb: Matrix times matrix


@differentiable
def matmat(A: Array, B: Array) -> Any:
    """A matrix times a matrix: (m, k), (k, n) -> (m, n)."""
    if A.ndim != 2 or B.ndim != 2 or A.shape[1] != B.shape[0]:
        raise misfit("matmat", A, B, "it takes (m, k) and (k, n)")
    return A @ B, lambda g: g @ B.T, lambda g: A.T @ g


products: dict[tuple[int, int], Callable[..., Any]] = {
    (1, 1): dot,
    (2, 1): matvec,
    (1, 2): vecmat,
    (2, 2): matmat,
}


@spells(np.matmul)
def matmul(a: Any, b: Any) -> Any:
    """a @ b, by the entry of the table for their numbers of dimensions (3 stands for more)."""
    for x in (a, b):
        if not isinstance(x, (Node, np.ndarray)):
            kind = type(x).__name__
            raise TypeError(f"matmul: it takes tensors and arrays, not {kind}; for numbers use *")
    product = products.get((min(a.ndim, 3), min(b.ndim, 3)))
    if product is None:
        raise misfit("matmul", a, b, "each needs one dimension or more; for numbers use *")
    if a.dtype != b.dtype:
        raise RuntimeError(f"matmul: {a.dtype} @ {b.dtype}: convert one of them first")
    return product(a, b)


@spells(np.dot)
def numpys_dot(a: Any, b: Any) -> Any:
    """np.dot, which is @ for up to two dimensions and something else for more."""
    if max(np.ndim(a), np.ndim(b)) > 2:
        raise misfit("np.dot", a, b, "it takes one or two dimensions each; for more use @")
    return matmul(a, b)


class Products:
    """The skill of multiplying matrices: @, with a tensor on either side."""

    __slots__ = ()

    def __matmul__(self, other: Any) -> Any:
        return matmul(self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return matmul(other, self)


__all__ = ["dot", "matvec", "vecmat", "matmat", "matmul"]


# --- book/05_broadcasting.ipynb: Broadcasting


def gathered(g: Array, B: Array, shape: tuple[int, ...]) -> Array:
    """g @ B.T, summed over the stack axes along which an A of this shape was copied.

    These axes join the one that the product sums over: no stack of small gradients is ever made.
    """
    stack = (1,) * (g.ndim - len(shape)) + shape[:-2]
    copied = [axis for axis, size in enumerate(stack) if size != g.shape[axis]]
    if not copied:
        return stacked(g, swapped(B))
    B = B.reshape((1,) * (g.ndim - B.ndim) + B.shape)
    kept = [axis for axis in range(g.ndim - 2) if axis not in copied]
    order = [*kept, g.ndim - 2, *copied, g.ndim - 1]

    def merged(x: Array) -> Array:
        sizes = [x.shape[axis] for axis in order]
        summed = math.prod(sizes[len(kept) + 1 :])
        return np.transpose(x, order).reshape(*sizes[: len(kept) + 1], summed)

    return (merged(g) @ swapped(merged(B))).reshape(shape)


def stacked(A: Array, B: Array) -> Array:
    """A @ B; where B is one matrix, all rows of the stack A are one tall matrix."""
    if B.ndim > 2 or A.ndim == 2:
        return A @ B
    rows = math.prod(A.shape[:-1])
    return (A.reshape(rows, A.shape[-1]) @ B).reshape(A.shape[:-1] + B.shape[1:])


def swapped(A: Array) -> Array:
    return np.swapaxes(A, -1, -2)


def swapped_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (*shape[:-2], shape[-1], shape[-2])


@differentiable
def batched(A: Array, B: Array) -> Any:
    """Stacks of matrices: (..., m, k), (..., k, n) -> (..., m, n), the stacks broadcast.

    A vector on the left stands for one row, a vector on the right for one column.
    """
    L = A.reshape(1, -1) if A.ndim == 1 else A
    R = B.reshape(-1, 1) if B.ndim == 1 else B
    if L.shape[-1] != R.shape[-2] or meet(L.shape[:-2], R.shape[:-2]) is None:
        raise misfit("batched", A, B, "it takes (..., m, k) and (..., k, n), the dots broadcast")
    full = stacked(L, R)
    rows, columns = full.shape[-2:-1] * (A.ndim > 1), full.shape[-1:] * (B.ndim > 1)
    value = full.reshape(full.shape[:-2] + rows + columns)

    def to_a(g: Array) -> Array:
        return gathered(g.reshape(full.shape), R, L.shape).reshape(A.shape)

    def to_b(g: Array) -> Array:
        turned = gathered(swapped(g.reshape(full.shape)), swapped(L), swapped_shape(R.shape))
        return swapped(turned).reshape(B.shape)

    return value, to_a, to_b


for dimensions in ((3, 3), (3, 2), (2, 3), (3, 1), (1, 3)):
    products[dimensions] = batched
