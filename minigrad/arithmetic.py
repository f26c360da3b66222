# Exported from book/05_broadcasting.ipynb: change it there, not here.
"""Arithmetic entry by entry: shapes meet on the way up, and part again on the way down."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import cache, partial, wraps
from typing import Any

import numpy as np

from minigrad.engine import Array, Pullback, ShapeError, described, differentiable, state
from minigrad.protocol import spells


def meet(*shapes: tuple[int, ...]) -> tuple[int, ...] | None:
    """The shape in which these shapes meet, or None."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        return None


def fit(g: Array, shape: tuple[int, ...]) -> Array:
    """Sum a gradient over the axes along which an array of this shape was copied."""
    if g.shape == shape:
        return g
    new = g.ndim - len(shape)
    stretched = [new + axis for axis, size in enumerate(shape) if size == 1 != g.shape[new + axis]]
    axes = (*range(new), *stretched)
    first, end = axes[0], axes[-1] + 1
    before, n, after = map(math.prod, (g.shape[:first], g.shape[first:end], g.shape[end:]))
    if len(axes) == end - first and after > 1:  # a product with ones: many times faster
        return (np.ones(n, g.dtype) @ g.reshape(before, n, after)).reshape(shape)
    return g.sum(axes).reshape(shape)


NUMBERS = {bool: 0, int: 1, float: 2}
KINDS = {"b": 0, "u": 1, "i": 1, "f": 2}
OF_NUMBERS = (np.dtype(np.bool_), np.dtype(np.int64), None)


def common_dtype(operands: Iterable[Any]) -> Any:
    """The dtype in which operands meet, as in PyTorch."""
    met = [(type(x), 2) if type(x) in NUMBERS else (x.dtype, int(not x.ndim)) for x in operands]
    return winner(tuple(met), state.default_dtype)


@cache
def winner(met: tuple[tuple[Any, int], ...], default: Any) -> Any:
    """Of arrays (0), values without dimensions (1) and Python numbers (2), the first group wins,
    unless a later one is of a higher kind (bool, int, float)."""
    best, rank = None, -1
    for group in range(3):
        dtypes = [OF_NUMBERS[NUMBERS[x]] or default if g == 2 else x for x, g in met if g == group]
        top = max((KINDS[dtype.kind] for dtype in dtypes), default=-1)
        if top > rank:
            best, rank = np.result_type(*[d for d in dtypes if KINDS[d.kind] == top]), top
    return best


@differentiable
def cast(x: Array, dtype: Any) -> Any:
    """The same numbers in another dtype."""
    return x.astype(dtype), lambda g: cast(g, x.dtype)


def converted(x: Any, dtype: np.dtype[Any]) -> Any:
    """An operand in a dtype; what has it already stays as it is."""
    if type(x) in NUMBERS:
        return dtype.type(x)
    return x if x.dtype == dtype else cast(x, dtype)


def elementwise(rule: Callable[..., Any], floating: bool = False) -> Callable[..., Any]:
    """Make an operation of a rule that works entry by entry on arrays of one shape and dtype.

    The operands may have any shapes that broadcast and any dtypes; each gets a gradient of its own.
    """

    @wraps(rule)
    def meeting(*operands: Any, **options: Any) -> Any:
        alike = already_alike(operands)
        if alike is not None and (len(alike) == 1 or not options):
            return rule(*alike, **options)
        dtype = dtype_for(rule.__name__, operands, floating)
        try:
            value, *pullbacks = rule(*[converted(x, dtype) for x in operands], **options)
        except ValueError:
            complain_of_shapes(rule.__name__, operands)
            raise
        value = converted(value, dtype)
        return value, *[fitted(p, x, value) for p, x in zip(pullbacks, operands, strict=True)]

    entrywise.add(meeting)
    return differentiable(meeting)


entrywise: set[Any] = set()  # their rules (for chapter 18)
floating = partial(elementwise, floating=True)


# NumPy 1 makes a float64 of a float32 scalar beside a Python number; NumPy 2 does not.
WIDENS = (np.float32(1) * 1.0).dtype != np.float32


def already_alike(operands: tuple[Any, ...]) -> Any:
    """Floating operands of one shape and dtype, and numbers brought to it; None for any others."""
    shape = dtype = None
    numbers = False
    try:
        for x in operands:
            if type(x) in NUMBERS:
                numbers = True
            elif dtype is None:
                shape, dtype = x.shape, x.dtype
            elif x.shape != shape or x.dtype != dtype:
                return None
        if dtype is None or dtype.kind != "f" or (WIDENS and not shape):
            return None
    except AttributeError:  # an operand that is no array at all
        return None
    return [dtype.type(x) if type(x) in NUMBERS else x for x in operands] if numbers else operands


def fitted(pullback: Pullback, x: Any, met: Any) -> Pullback:
    """The pullback, its gradient brought back to the shape and dtype of the operand."""
    if type(x) in NUMBERS or (x.shape == met.shape and x.dtype == met.dtype and not WIDENS):
        return pullback
    shape, dtype = x.shape, x.dtype
    return lambda g: converted(fit(pullback(g), shape), dtype)


def dtype_for(name: str, operands: tuple[Any, ...], floating: bool) -> Any:
    """The dtype in which operands meet; an error in the operation's name where there is none."""
    try:
        dtype = common_dtype(operands)
    except (AttributeError, KeyError):
        foreign = next(
            x
            for x in operands
            if type(x) not in NUMBERS
            and getattr(getattr(x, "dtype", None), "kind", "") not in KINDS
        )
        raise TypeError(
            f"{name}: it takes tensors, arrays and numbers, not {described(foreign)}"
        ) from None
    return state.default_dtype if floating and dtype.kind != "f" else dtype


def complain_of_shapes(name: str, operands: tuple[Any, ...]) -> None:
    """Say which shapes do not broadcast, if that is what went wrong."""
    shapes = [x.shape for x in operands if type(x) not in NUMBERS]
    if meet(*shapes) is None:
        raise ShapeError(
            f"{name}: the shapes {' and '.join(str(list(s)) for s in shapes)} do not broadcast: "
            "lined up at the right, two sizes must be equal or one of them 1 "
            "(unsqueeze and keepdim=True make a 1)"
        ) from None


@spells(np.add)
@elementwise
def add(a: Array, b: Array, *, alpha: float = 1) -> Any:
    """a + b; with alpha, a + alpha * b."""
    if alpha != 1:
        return a + b * alpha, lambda g: g, lambda g: g * alpha
    return a + b, lambda g: g, lambda g: g


@spells(np.subtract)
@elementwise
def sub(a: Array, b: Array, *, alpha: float = 1) -> Any:
    """a - b; with alpha, a - alpha * b."""
    if alpha != 1:
        return a - b * alpha, lambda g: g, lambda g: g * -alpha
    return a - b, lambda g: g, lambda g: -g


@spells(np.multiply)
@elementwise
def mul(a: Array, b: Array) -> Any:
    return a * b, lambda g: g * b, lambda g: g * a


@spells(np.divide)
@floating
def div(a: Array, b: Array) -> Any:
    return a / b, lambda g: g / b, lambda g: -g * a / (b * b)


@spells(np.negative)
@elementwise
def neg(x: Array) -> Any:
    return -x, lambda g: -g


@elementwise
def power(x: Array, *, n: float) -> Any:
    """x to the power of a number; at n = 0 the derivative is 0, also where x is."""
    lower = n - (n != 0)
    return raised(x, n), lambda g: g * (n * raised(x, lower))


def raised(x: Array, n: float) -> Array:
    """x ** n; small whole powers as products, which NumPy computes many times faster."""
    return x if n == 1 else x * x if n == 2 else x * x * x if n == 3 else x**n


@elementwise
def power_of(a: Array, b: Array) -> Any:
    """a ** b for two tensors; where a is 0, a nudge of b changes nothing."""
    y = a**b
    return (
        y,
        lambda g: g * b * a ** (b - (b != 0)),
        lambda g: g * y * np.log(a + (a == 0)),
    )


@spells(np.power)
def pow(a: Any, b: Any) -> Any:
    """a ** b, either of them a tensor, an array or a number."""
    if type(b) not in NUMBERS or isinstance(b, bool):
        return power_of(a, b)
    return power(a if a.dtype.kind == "f" else converted(a, common_dtype((a, b))), n=b)


def axes_of(name: str, dim: Any, ndim: int) -> tuple[int, ...]:
    """Axes counted from the left; dim is None (all), a number or several, perhaps negative."""
    if dim is None:
        return tuple(range(ndim))
    dims = dim if isinstance(dim, (tuple, list)) else (dim,)
    span = max(ndim, 1)
    for d in dims:
        if not -span <= d < span:
            raise IndexError(
                f"{name}: dim {d} is out of range: {ndim} dimensions count from {-span} "
                f"to {span - 1}"
            )
    axes = tuple(int(d) % span for d in dims)
    if len(set(axes)) < len(axes):
        raise RuntimeError(f"{name}: a dim appears twice in {dim}")
    return axes if ndim else ()


def reduction(rule: Callable[..., Any]) -> Callable[..., Any]:
    """Make an operation of a rule that reduces axes to size 1, and drop them unless told not to.

    `dim` and `keepdim` may be spelt NumPy's way, `axis` and `keepdims`; no dim at all is every dim.
    """

    @wraps(rule)
    def reduced(x: Array, axis: tuple[int, ...], keep: bool, **options: Any) -> Any:
        value, pullback = rule(x, axis, **options)
        kept = value.shape
        shape = kept if keep else tuple([n for i, n in enumerate(kept) if i not in axis])
        return value.reshape(shape), lambda g: pullback(g.reshape(kept))

    operation = differentiable(reduced)

    @wraps(rule)
    def front(input: Any, dim: Any = None, keepdim: bool = False, **options: Any) -> Any:
        dim = options.pop("axis", dim)
        keep = options.pop("keepdims", keepdim)
        axes = axes_of(rule.__name__, dim, input.ndim) or tuple(range(input.ndim))
        return operation(input, axes, keep, **options)

    del front.__wrapped__  # help() shows its own arguments, not those of the rule
    return front


@spells(np.sum)
@reduction
def sum(x: Array, axis: tuple[int, ...], dtype: Any = None) -> Any:
    """The sum over some axes. Its transpose is the copy along them."""
    wide = converted(x, np.dtype(dtype or (x.dtype if x.dtype.kind == "f" else np.int64)))
    total = wide.sum(axis, keepdims=True)
    return total, lambda g: converted(np.broadcast_to(g, x.shape), x.dtype)


@differentiable
def broadcast(x: Array, shape: tuple[int, ...]) -> Any:
    """The copy along new axes and axes of size 1. Its transpose is the sum over them."""
    return np.broadcast_to(x, shape), lambda g: fit(g, x.shape)


@spells(np.broadcast_to)
def broadcast_to(input: Any, shape: tuple[int, ...]) -> Any:
    """A tensor in a larger shape; -1 leaves a size as it is."""
    new = len(shape) - input.ndim
    sizes = tuple(
        input.shape[i - new] if size == -1 and i >= new else size for i, size in enumerate(shape)
    )
    if meet(sizes, input.shape) != sizes:
        raise ShapeError(
            f"expand: {list(input.shape)} cannot be copied into {list(shape)}: "
            "lined up at the right, a size must be the same or 1"
        )
    return broadcast(input, sizes)


def turned(operation: Callable[..., Any]) -> Callable[..., Any]:
    """The operation with its operands the other way round, for 2 - x and 2 / x."""
    return lambda x, other: operation(other, x)


subtract, multiply, divide, true_divide, negative = sub, mul, div, div, neg


class Arithmetic:
    """The skill of counting: + - * / ** with tensors, arrays and numbers on either side."""

    __slots__ = ()
    __add__ = __radd__ = add
    __sub__, __rsub__ = sub, turned(sub)
    __mul__ = __rmul__ = mul
    __truediv__, __rtruediv__ = div, turned(div)
    __pow__, __rpow__ = pow, turned(pow)
    __neg__ = neg
    add, sub, mul, div, neg, pow, sum = add, sub, mul, div, neg, pow, sum
    astype = cast

    def __pos__(self) -> Any:
        return self


__all__ = ["add", "sub", "mul", "div", "neg", "pow", "sum", "broadcast_to"]
__all__ += ["subtract", "multiply", "divide", "true_divide", "negative"]
