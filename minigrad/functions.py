# Exported from book/08_functions.ipynb: change it there, not here.
"""Functions of one entry at a time, each beside its derivative."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from minigrad.arithmetic import (
    NUMBERS,
    common_dtype,
    complain_of_shapes,
    converted,
    dtype_for,
    elementwise,
    floating,
    pow,
    turned,
)
from minigrad.engine import Array, Node, wrapped
from minigrad.protocol import nodes_in, plain, spells


@spells(np.exp)
@floating
def exp(x: Array) -> Any:
    y = np.exp(x)
    return y, lambda g: g * y


@spells(np.expm1)
@floating
def expm1(x: Array) -> Any:
    y = np.expm1(x)
    return y, lambda g: g * (y + 1)


@spells(np.exp2)
@floating
def exp2(x: Array) -> Any:
    y = np.exp2(x)
    return y, lambda g: g * (y * math.log(2))


@spells(np.log)
@floating
def log(x: Array) -> Any:
    return np.log(x), lambda g: g / x


@spells(np.log1p)
@floating
def log1p(x: Array) -> Any:
    return np.log1p(x), lambda g: g / (x + 1)


@spells(np.log2)
@floating
def log2(x: Array) -> Any:
    return np.log2(x), lambda g: g / (x * math.log(2))


@spells(np.log10)
@floating
def log10(x: Array) -> Any:
    return np.log10(x), lambda g: g / (x * math.log(10))


@spells(np.sqrt)
@floating
def sqrt(x: Array) -> Any:
    y = np.sqrt(x)
    return y, lambda g: g / (y * 2)


@floating
def rsqrt(x: Array) -> Any:
    y = 1 / np.sqrt(x)
    return y, lambda g: g * (y * y * y * -0.5)


@spells(np.reciprocal)
@floating
def reciprocal(x: Array) -> Any:
    y = 1 / x
    return y, lambda g: -g * (y * y)


@spells(np.square)
def square(input: Any) -> Any:
    """x * x."""
    return pow(input, 2)


@spells(np.sin)
@floating
def sin(x: Array) -> Any:
    return np.sin(x), lambda g: g * np.cos(x)


@spells(np.cos)
@floating
def cos(x: Array) -> Any:
    return np.cos(x), lambda g: -g * np.sin(x)


@spells(np.tan)
@floating
def tan(x: Array) -> Any:
    y = np.tan(x)
    return y, lambda g: g * (y * y + 1)


@spells(np.arcsin)
@floating
def asin(x: Array) -> Any:
    return np.arcsin(x), lambda g: g / np.sqrt(1 - x * x)


@spells(np.arccos)
@floating
def acos(x: Array) -> Any:
    return np.arccos(x), lambda g: -g / np.sqrt(1 - x * x)


@spells(np.arctan)
@floating
def atan(x: Array) -> Any:
    return np.arctan(x), lambda g: g / (x * x + 1)


@spells(np.arctan2)
@floating
def atan2(a: Array, b: Array) -> Any:
    squares = a * a + b * b
    return np.arctan2(a, b), lambda g: g * b / squares, lambda g: -g * a / squares


@spells(np.sinh)
@floating
def sinh(x: Array) -> Any:
    return np.sinh(x), lambda g: g * np.cosh(x)


@spells(np.cosh)
@floating
def cosh(x: Array) -> Any:
    return np.cosh(x), lambda g: g * np.sinh(x)


@spells(np.tanh)
@floating
def tanh(x: Array) -> Any:
    y = np.tanh(x)
    return y, lambda g: g * (1 - y * y)


@floating
def sigmoid(x: Array) -> Any:
    """1 / (1 + exp(-x)), by a half-angle formula that no x can make overflow."""
    y = np.tanh(x * 0.5) * 0.5 + 0.5
    return y, lambda g: g * (y * (1 - y))


@elementwise
def relu(x: Array) -> Any:
    """The larger of x and 0; at 0 the derivative is 0."""
    return np.maximum(x, 0), lambda g: g * np.logical_not(x <= 0)


@spells(np.sign)
@elementwise
def sign(x: Array) -> Any:
    """1, 0 or -1; 0 also where x is no number. The derivative is 0."""
    y = x if x.dtype.kind == "b" else np.where(x != x, x.dtype.type(0), np.sign(x))
    return y, lambda g: np.zeros(x.shape, x.dtype)


@spells(np.abs)
@elementwise
def abs(x: Array) -> Any:
    return np.abs(x), lambda g: g * sign(x)


@spells(np.maximum)
@elementwise
def maximum(a: Array, b: Array) -> Any:
    """The larger of two entries; where they are equal each gets half of the gradient."""
    return np.maximum(a, b), lambda g: share(g, a, b), lambda g: share(g, b, a)


@spells(np.minimum)
@elementwise
def minimum(a: Array, b: Array) -> Any:
    """The smaller of two entries; where they are equal each gets half of the gradient."""
    return np.minimum(a, b), lambda g: share(g, b, a), lambda g: share(g, a, b)


def share(g: Array, a: Array, b: Array) -> Array:
    """What of a gradient belongs to a: all where a wins, half where both are equal."""
    return g * np.logical_not(a < b) - g * (a == b) * 0.5


def flat(function: Callable[..., Any]) -> Callable[..., Any]:
    """A step function of NumPy's: its derivative is 0 wherever it has one."""

    def rule(x: Array, **options: Any) -> Any:
        return function(x, **options), lambda g: np.zeros(x.shape, x.dtype)

    rule.__name__ = function.__name__
    rule.__doc__ = f"As np.{function.__name__}; the derivative is 0."
    return spells(function)(elementwise(rule))


floor, ceil, trunc = flat(np.floor), flat(np.ceil), flat(np.trunc)
_round = flat(np.round)


def round(input: Any, *, decimals: int = 0) -> Any:
    """The nearest whole number, or number of so many decimals; a half goes to the even one."""
    return _round(input, decimals=decimals)


spells(np.round, np.around)(lambda input, decimals=0: round(input, decimals=decimals))


def frac(input: Any) -> Any:
    """What is left of the decimal point taken away."""
    return input - trunc(input)


def undifferentiable(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function of arrays one of tensors; no gradient passes its result, a constant."""

    def operation(*inputs: Any, **options: Any) -> Any:
        nodes = nodes_in(inputs)
        values = function(*plain(inputs), **plain(options))
        return wrapped(nodes[0], values) if nodes else values

    operation.__name__ = operation.__qualname__ = function.__name__
    operation.__doc__ = function.__doc__ and function.__doc__.strip().splitlines()[0]
    return operation


def meeting(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same for the bits of whole numbers and truth values, which meet in one dtype."""

    def met(*operands: Any) -> Any:
        dtype = dtype_for(function.__name__, operands, False)
        if dtype.kind == "f":
            raise TypeError(
                f"{function.__name__}: it takes whole numbers and truth values, not {dtype}"
            )
        return function(*[converted(x, dtype) for x in operands])

    met.__name__, met.__doc__ = function.__name__, function.__doc__
    return undifferentiable(met)


lt, le = undifferentiable(np.less), undifferentiable(np.less_equal)
gt, ge = undifferentiable(np.greater), undifferentiable(np.greater_equal)
eq, ne = undifferentiable(np.equal), undifferentiable(np.not_equal)
isnan, isinf, isfinite = map(undifferentiable, (np.isnan, np.isinf, np.isfinite))
logical_and, logical_or = undifferentiable(np.logical_and), undifferentiable(np.logical_or)
logical_xor, logical_not = undifferentiable(np.logical_xor), undifferentiable(np.logical_not)
isclose = undifferentiable(np.isclose)

bitwise_and, bitwise_or = meeting(np.bitwise_and), meeting(np.bitwise_or)
bitwise_xor, bitwise_not = meeting(np.bitwise_xor), meeting(np.invert)
bitwise_left_shift, bitwise_right_shift = meeting(np.left_shift), meeting(np.right_shift)


for name, operation in {
    "less": lt,
    "less_equal": le,
    "greater": gt,
    "greater_equal": ge,
    "equal": eq,
    "not_equal": ne,
    "isnan": isnan,
    "isinf": isinf,
    "isfinite": isfinite,
    "logical_and": logical_and,
    "logical_or": logical_or,
    "logical_xor": logical_xor,
    "logical_not": logical_not,
    "bitwise_and": bitwise_and,
    "bitwise_or": bitwise_or,
    "bitwise_xor": bitwise_xor,
    "invert": bitwise_not,
}.items():
    spells(getattr(np, name))(operation)


def nonzero(input: Any, as_tuple: bool = False) -> Any:
    """Where the entries are not 0: a row of indices for each, or a tensor for each axis."""
    found = np.nonzero(np.atleast_1d(plain(input)) if not as_tuple else plain(input))
    if as_tuple:
        return tuple(wrapped(input, places) for places in found)
    return wrapped(input, np.stack(found, 1)[:, : input.ndim])


@elementwise
def chosen(a: Array, b: Array, *, condition: Any) -> Any:
    return (
        np.where(condition, a, b),
        lambda g: np.where(condition, g, 0),
        lambda g: np.where(condition, 0, g),
    )


@spells(np.where)
def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """The entries of input where the condition holds, those of other elsewhere."""
    if input is None and other is None:
        return nonzero(condition, as_tuple=True)
    dtype, mask = dtype_for("where", (input, other), False), np.array(plain(condition))
    if mask.dtype != bool:
        raise RuntimeError(
            f"where: the condition must be bool, not {mask.dtype}: compare first, as in x > 0"
        )
    if type(input) in NUMBERS and type(other) in NUMBERS:
        number = np.array(input, dtype)
        input = wrapped(condition, number) if isinstance(condition, Node) else number
    try:
        return chosen(input, other, condition=mask)
    except ValueError:
        complain_of_shapes("where", (mask, input, other))
        raise


def masked_fill(input: Any, mask: Any, value: Any) -> Any:
    """The input with a number wherever the mask is true."""
    return where(mask, converted(value, input.dtype) if type(value) in NUMBERS else value, input)


@elementwise
def limited(x: Array, *, low: float | None, high: float | None) -> Any:
    inside = (x >= (-np.inf if low is None else low)) & (x <= (np.inf if high is None else high))
    return np.clip(plain(x), low, high), lambda g: g * inside


@elementwise
def between(x: Array, low: Array, high: Array) -> Any:
    """x, but no less than low and then no more than high, all of them tensors."""
    inside = (x >= low) & (x <= high)
    return (
        np.minimum(np.maximum(x, low), high),
        lambda g: g * inside,
        lambda g: g * ((x < low) & (low < high)),
        lambda g: g * ((x > high) | (low >= high)),
    )


@spells(np.clip)
def clamp(input: Any, min: Any = None, max: Any = None) -> Any:
    """The input, cut off below min and above max, which may be numbers or tensors."""
    if min is None and max is None:
        raise RuntimeError("clamp: it needs min, max or both")
    if all(type(limit) in NUMBERS or limit is None for limit in (min, max)):
        limits = [limit for limit in (min, max) if limit is not None]
        dtype = common_dtype((input, *limits))
        return limited(converted(input, dtype), low=min, high=max)
    return between(input, -math.inf if min is None else min, math.inf if max is None else max)


def no_zero(name: str, b: Array) -> None:
    if b.dtype.kind in "iub" and not np.all(plain(b)):
        raise RuntimeError(f"{name}: division of integers by 0")


@spells(np.remainder)
@elementwise
def remainder(a: Array, b: Array) -> Any:
    """a - floor(a / b) * b: it has the sign of b."""
    no_zero("remainder", b)
    return np.remainder(a, b), lambda g: g, lambda g: -g * np.floor(a / b)


@spells(np.fmod)
@elementwise
def fmod(a: Array, b: Array) -> Any:
    """a - trunc(a / b) * b: it has the sign of a."""
    no_zero("fmod", b)
    return np.fmod(a, b), lambda g: g, lambda g: -g * np.trunc(a / b)


@spells(np.floor_divide)
@elementwise
def floor_divide(a: Array, b: Array) -> Any:
    """floor(a / b); the derivative is 0."""
    no_zero("floor_divide", b)
    return a // b, lambda g: np.zeros(g.shape, g.dtype), lambda g: np.zeros(g.shape, g.dtype)


@spells(np.hypot)
@floating
def hypot(a: Array, b: Array) -> Any:
    y = np.hypot(a, b)
    return y, lambda g: g * a / y, lambda g: g * b / y


@spells(np.logaddexp)
@floating
def logaddexp(a: Array, b: Array) -> Any:
    """log(exp(a) + exp(b)), without overflow."""
    y = np.logaddexp(a, b)
    return y, lambda g: g * np.exp(a - y), lambda g: g * np.exp(b - y)


def lerp(input: Any, end: Any, weight: Any) -> Any:
    """The point between two: input at weight 0, end at weight 1."""
    return input + weight * (end - input)


def bell(x: Array) -> Array:
    """The slope of erf."""
    return np.exp(-x * x) * (2 / math.sqrt(math.pi))


@cache
def erf_table() -> Array:
    """erf of 0, 1/4096, 2/4096, … up to 6."""
    return np.array([math.erf(i / 4096) for i in range(6 * 4096 + 1)])


def erf_of(x: Array) -> Array:
    """erf, by Taylor's polynomial around the nearest point of the table."""
    size = np.minimum(np.abs(x), 6).astype(np.float64)
    place = np.rint(np.nan_to_num(size) * 4096).astype(np.intp)
    a = place / 4096
    d = size - a  # nan for nan
    y = erf_table()[place] + bell(a) * d * (1 - a * d + (2 * a * a - 1) / 3 * d * d)
    return np.copysign(y, x).astype(x.dtype)


@floating
def erf(x: Array) -> Any:
    """The error function."""
    return erf_of(plain(x)), lambda g: g * bell(x)


absolute, clip = abs, clamp


class Functions:
    """The skill of elementwise mathematics, each function as a method."""

    __slots__ = ()
    exp, expm1, exp2, log, log1p, log2, log10 = exp, expm1, exp2, log, log1p, log2, log10
    sqrt, rsqrt, reciprocal, square = sqrt, rsqrt, reciprocal, square
    sin, cos, tan, asin, acos, atan, atan2 = sin, cos, tan, asin, acos, atan, atan2
    sinh, cosh, tanh, sigmoid, relu, erf = sinh, cosh, tanh, sigmoid, relu, erf
    maximum, minimum, clamp, clip = maximum, minimum, clamp, clamp
    sign, floor, ceil, trunc, frac, round = sign, floor, ceil, trunc, frac, round
    fmod, remainder, floor_divide, hypot = fmod, remainder, floor_divide, hypot
    logaddexp, lerp, masked_fill, nonzero = logaddexp, lerp, masked_fill, nonzero
    abs = absolute = __abs__ = abs
    __mod__, __rmod__ = remainder, turned(remainder)
    __floordiv__, __rfloordiv__ = floor_divide, turned(floor_divide)

    def where(self, condition: Any, other: Any) -> Any:
        return where(condition, self, other)


class Comparisons:
    """The skill of comparing; the answers are tensors of truth values."""

    __slots__ = ()
    lt, le, gt, ge, eq, ne = lt, le, gt, ge, eq, ne
    isnan, isinf, isfinite, isclose = isnan, isinf, isfinite, isclose
    logical_and, logical_or, logical_xor, logical_not = (
        logical_and,
        logical_or,
        logical_xor,
        logical_not,
    )
    __lt__, __le__, __gt__, __ge__ = lt, le, gt, ge
    __and__ = __rand__ = bitwise_and
    __or__ = __ror__ = bitwise_or
    __xor__ = __rxor__ = bitwise_xor
    __invert__ = bitwise_not
    __lshift__, __rshift__ = bitwise_left_shift, bitwise_right_shift
    __hash__ = Node.__hash__

    def __eq__(self, other: Any) -> Any:
        return eq(self, other) if comparable(other) else NotImplemented

    def __ne__(self, other: Any) -> Any:
        return ne(self, other) if comparable(other) else NotImplemented


def comparable(other: Any) -> bool:
    return isinstance(other, (Node, np.ndarray, np.generic, bool, int, float, list, tuple))


__all__ = ["exp", "expm1", "exp2", "log", "log1p", "log2", "log10", "sqrt", "rsqrt"]
__all__ += ["reciprocal", "square", "erf", "sin", "cos", "tan", "asin", "acos", "atan", "atan2"]
__all__ += ["sinh", "cosh", "tanh", "sigmoid", "relu", "abs", "absolute", "maximum", "minimum"]
__all__ += ["sign", "floor", "ceil", "trunc", "round", "frac", "clamp", "clip", "where"]
__all__ += ["masked_fill", "remainder", "fmod", "floor_divide", "hypot", "logaddexp"]
__all__ += [
    "lerp",
    "nonzero",
    "lt",
    "le",
    "gt",
    "ge",
    "eq",
    "ne",
    "isnan",
    "isinf",
    "isfinite",
    "isclose",
]
__all__ += ["logical_and", "logical_or", "logical_xor", "logical_not"]
__all__ += ["bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not"]
__all__ += ["bitwise_left_shift", "bitwise_right_shift"]
