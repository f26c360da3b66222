# Exported from book/09_reductions.ipynb: change it there, not here.
"""Many entries become one: sums, extremes, orders; and einsum, which sums over letters."""

from __future__ import annotations

import builtins
import math
import string
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from minigrad.arithmetic import axes_of, converted, fit, reduction, sum
from minigrad.engine import Array, Node, ShapeError, differentiable, state, wrapped
from minigrad.functions import abs, maximum, minimum, undifferentiable
from minigrad.protocol import plain, spells
from minigrad.shapes import diagonal, ravel, squeeze, together
from minigrad.slicing import narrow, take_along_dim


def count(x: Array, axis: tuple[int, ...]) -> int:
    """How many entries are reduced to one."""
    return math.prod(x.shape[i] for i in axis)


def floats(name: str, x: Array) -> Array:
    """x, if its entries are floats; otherwise an error that says how to make them so."""
    if x.dtype.kind != "f":
        raise RuntimeError(
            f"{name}: it needs floating entries, not {x.dtype}: convert with .float() first"
        )
    return x


@spells(np.mean)
@reduction
def mean(x: Array, axis: tuple[int, ...], dtype: Any = None) -> Any:
    """The sum over some axes, divided by how many entries it had; dtype is that of the result."""
    wide = floats("mean", x if dtype is None else converted(x, np.dtype(dtype)))
    n = wide.dtype.type(count(x, axis))
    total = np.sum(wide, axis, keepdims=True)
    return total / n, lambda g: converted(np.broadcast_to(g / n, x.shape), x.dtype)


def spread(x: Array, axis: tuple[int, ...], correction: float) -> tuple[Array, Any]:
    """The distances of the entries from their mean, and the number to divide their squares by."""
    n = count(floats("var", x), axis)
    centred = x - np.sum(x, axis, keepdims=True) / x.dtype.type(n)
    return centred, x.dtype.type(builtins.max(n - correction, 0))


@reduction
def variance(x: Array, axis: tuple[int, ...], correction: float) -> Any:
    """The sum of the squared distances from the mean, divided by n - correction."""
    centred, free = spread(x, axis, correction)
    return np.sum(
        centred * centred, axis, keepdims=True
    ) / free, lambda g: g * ((centred + centred) / free)


@reduction
def deviation(x: Array, axis: tuple[int, ...], correction: float) -> Any:
    """The square root of the variance; where it is 0, so is the derivative."""
    centred, free = spread(x, axis, correction)
    y = np.sqrt(np.sum(centred * centred, axis, keepdims=True) / free)
    return y, lambda g: g * (centred / ((y + (y == 0)) * free))


def with_correction(operation: Callable[..., Any], name: str, about: str) -> Callable[..., Any]:
    """PyTorch's and NumPy's ways of saying what to subtract from n."""

    def front(
        input: Any, dim: Any = None, unbiased: Any = None, keepdim: bool = False, **options: Any
    ) -> Any:
        if isinstance(dim, bool):
            dim, unbiased = None, dim
        correction = options.pop(
            "correction", options.pop("ddof", 1 if unbiased is None else int(unbiased))
        )
        return operation(input, dim, keepdim, correction=correction, **options)

    front.__name__, front.__doc__ = name, about
    return front


var = with_correction(variance, "var", "The mean square of the distances from the mean.")
std = with_correction(deviation, "std", "The square root of var.")
for numpys, ours in ((np.var, var), (np.std, std)):
    spells(numpys)(partial(ours, unbiased=False))  # under NumPy's names NumPy's habit


def nonempty(name: str, x: Array, axis: tuple[int, ...]) -> Array:
    """x, if there is an entry to be found along these axes."""
    if 0 in [x.shape[i] for i in axis]:
        kind = RuntimeError if len(axis) == x.ndim else IndexError
        raise kind(f"{name}: an axis of size 0 in {list(x.shape)} has no largest or smallest")
    return x


def shared(g: Array, x: Array, y: Array, axis: tuple[int, ...]) -> Array:
    """A gradient divided among the entries that are the extreme: ties share equally."""
    same = (x == y) | (x != x)  # where the extreme is nan, the nan have it
    return g * same / np.sum(same, axis, keepdims=True).astype(x.dtype)


@spells(np.amax, np.max)
@reduction
def amax(x: Array, axis: tuple[int, ...]) -> Any:
    """The largest entry over some axes; equal ones share the gradient."""
    y = np.max(nonempty("amax", x, axis), axis, keepdims=True)
    return y, lambda g: shared(g, x, y, axis)


@spells(np.amin, np.min)
@reduction
def amin(x: Array, axis: tuple[int, ...]) -> Any:
    """The smallest entry over some axes; equal ones share the gradient."""
    y = np.min(nonempty("amin", x, axis), axis, keepdims=True)
    return y, lambda g: shared(g, x, y, axis)


class Picked(NamedTuple):
    """Values, and where along the axis they were found."""

    values: Any
    indices: Any


def placed(function: Callable[..., Any]) -> Callable[..., Any]:
    """argmax and argmin: a place along one axis, or in the flattened tensor."""

    def operation(
        input: Any,
        dim: Any = None,
        keepdim: bool = False,
        *,
        axis: Any = None,
        keepdims: bool = False,
    ) -> Any:
        name, x = function.__name__, plain(input)
        dim = axis if dim is None else dim
        one = axes_of(name, dim, x.ndim) if dim is not None else ()
        nonempty(name, x, one or tuple(range(x.ndim)))
        places = function(x, one[0] if one else None, keepdims=keepdim or keepdims)
        return wrapped(input, places) if isinstance(input, Node) else places

    operation.__name__ = function.__name__
    operation.__doc__ = f"As np.{function.__name__}: the first place where several are equal."
    return spells(function)(operation)


argmax, argmin = placed(np.argmax), placed(np.argmin)


def extreme(name: str, all_over: Any, place: Any, of_two: Any) -> Callable[..., Any]:
    """max or min: of all entries, along an axis (with the places), or of two tensors."""

    def operation(
        input: Any, dim: Any = None, keepdim: bool = False, *, axis: Any = None, other: Any = None
    ) -> Any:
        dim = next((x for x in (dim, axis, other) if x is not None), None)
        if isinstance(dim, (Node, np.ndarray)):
            return of_two(input, dim)
        if dim is None:
            return all_over(input, None, keepdim)
        places = place(input, dim, True)
        values = take_along_dim(input, places, dim) if input.ndim else input
        if not keepdim and input.ndim:
            values, places = (squeeze(x, dim) for x in (values, places))
        return Picked(values, places)

    operation.__name__ = name
    operation.__doc__ = f"The {name} of all entries; along dim values and indices; of two tensors."
    return operation


max = extreme("max", amax, argmax, maximum)
min = extreme("min", amin, argmin, minimum)


def without_each(x: Array, axis: int) -> Array:
    """One copy of the axis for each of its entries, that entry replaced by 1."""
    return np.where(np.eye(x.shape[axis], dtype=bool), 1, np.moveaxis(x, axis, -1)[..., None, :])


def all_but_one(x: Array, axis: int) -> Array:
    """For each entry the product of the others along its axis."""
    return np.moveaxis(np.prod(without_each(x, axis), -1), -1, axis)


@reduction
def product(x: Array, axis: tuple[int, ...]) -> Any:
    """The product along one axis; right where entries are 0 as well."""
    y = np.prod(x, axis[0], keepdims=True) if axis else x
    return y, lambda g: g * (y / x if np.all(plain(x) != 0) else all_but_one(x, axis[0]))


@spells(np.prod)
def prod(input: Any, dim: Any = None, keepdim: bool = False, *, axis: Any = None) -> Any:
    """The product of all entries, or along one axis."""
    dim = axis if dim is None else dim
    input = input if input.dtype.kind == "f" else converted(input, np.dtype(np.int64))
    return product(ravel(input), 0) if dim is None else product(input, dim, keepdim)


@reduction
def log_of_sum(x: Array, axis: tuple[int, ...]) -> Any:
    """log(sum(exp(x))), with the largest entry taken out first so that nothing overflows."""
    top = np.max(plain(x), axis, keepdims=True, initial=-np.inf)
    top = np.where(np.isfinite(top), top, top.dtype.type(0))
    with np.errstate(divide="ignore"):
        y = np.log(np.sum(np.exp(x - top), axis, keepdims=True)) + top
    return y, lambda g: g * np.exp(x - y)


def logsumexp(input: Any, dim: Any, keepdim: bool = False) -> Any:
    """log(sum(exp(input))) over some axes, for entries of any size."""
    floating = input if input.dtype.kind == "f" else converted(input, state.default_dtype)
    return log_of_sum(floating, dim, keepdim)


def from_top(x: Array, axis: tuple[int, ...]) -> Array:
    """The distances from the largest entry: their exponentials cannot overflow."""
    return x - plain(x).max(axis, keepdims=True, initial=-np.inf)


@differentiable
def exp_shares(x: Array, axis: tuple[int, ...]) -> Any:
    with np.errstate(invalid="ignore"):
        y = np.exp(from_top(x, axis))
        y = y / np.sum(y, axis, keepdims=True)
    return y, lambda g: y * (g - np.sum(g * y, axis, keepdims=True))


@differentiable
def log_shares(x: Array, axis: tuple[int, ...]) -> Any:
    with np.errstate(invalid="ignore"):
        y = from_top(x, axis)
        y = y - np.log(np.sum(np.exp(y), axis, keepdims=True))
    return y, lambda g: g - np.exp(y) * np.sum(g, axis, keepdims=True)


def softmax(input: Any, dim: int, *, dtype: Any = None) -> Any:
    """exp(input), divided by its sum along an axis: positive, and each row adds up to 1."""
    return shares_along(exp_shares, "softmax", input, dim, dtype)


def log_softmax(input: Any, dim: int, *, dtype: Any = None) -> Any:
    """The logarithm of softmax, exact where softmax itself would round to 0."""
    return shares_along(log_shares, "log_softmax", input, dim, dtype)


def shares_along(rule: Any, name: str, input: Any, dim: Any, dtype: Any) -> Any:
    x = input if dtype is None else converted(input, np.dtype(dtype))
    return rule(floats(name, x), one_axis(name, dim, x.ndim))


def one_axis(name: str, dim: Any, ndim: int) -> tuple[int, ...]:
    """One axis counted from the left; none where there are no dimensions."""
    if not isinstance(dim, (int, np.integer)):
        raise TypeError(f"{name}: it goes along one axis, not {dim}: say which, as in {name}(x, 0)")
    return axes_of(name, dim, ndim)


@reduction
def norm2(x: Array, axis: tuple[int, ...]) -> Any:
    """The length; at length 0 the derivative is 0."""
    y = np.sqrt(np.sum(x * x, axis, keepdims=True))
    return y, lambda g: g * (x / (y + (y == 0)))


@reduction
def norm_p(x: Array, axis: tuple[int, ...], p: float) -> Any:
    """(sum of abs(x) ** p) ** (1 / p); at 0 the derivative is 0."""
    y = np.sum(np.abs(x) ** p, axis, keepdims=True) ** (1 / p)
    safe = y + (y == 0)
    return y, lambda g: g * (np.sign(x) * (np.abs(x) / safe) ** (p - 1))


def norm(input: Any, p: Any = 2, dim: Any = None, keepdim: bool = False) -> Any:
    """The p-norm over some axes; p = inf is the largest absolute value, 0 counts what is not 0."""
    if p != "fro" and not isinstance(p, (int, float, np.number)):
        raise RuntimeError(f"norm: p must be a number, inf, -inf or 'fro', not {p!r}")
    floats("norm", input)
    if p in (2, "fro"):
        return norm2(input, dim, keepdim)
    if p in (math.inf, -math.inf):
        return (amax if p > 0 else amin)(abs(input), dim, keepdim)
    if p in (0, 1):
        return sum(converted(input != 0, input.dtype) if p == 0 else abs(input), dim, keepdim)
    return norm_p(input, dim, keepdim, p=p)


def running(name: str, dim: Any, ndim: int) -> int | None:
    axes = one_axis(name, dim, ndim)
    return axes[0] if axes else None


@differentiable
def cumulated(x: Array, axis: int) -> Any:
    return np.cumsum(x, axis), lambda g: from_the_end(g, axis)


def from_the_end(g: Array, axis: int) -> Array:
    return np.flip(np.cumsum(np.flip(g, axis), axis), axis)


@spells(np.cumsum)
def cumsum(input: Any, dim: Any = None, *, axis: Any = None) -> Any:
    """The sums so far along an axis."""
    place = running("cumsum", axis if dim is None else dim, input.ndim)
    input = input if input.dtype.kind == "f" else converted(input, np.dtype(np.int64))
    return input if place is None else cumulated(input, place)


@differentiable
def multiplied(x: Array, axis: int) -> Any:
    """The products so far; right where entries are 0 as well."""
    y = np.cumprod(x, axis)

    def to_x(g: Array) -> Array:
        if np.all(plain(x) != 0):
            return from_the_end(g * y, axis) / x
        rows = np.moveaxis(np.cumprod(without_each(x, axis), -1), -1, -2)
        reached = np.tril(np.ones(rows.shape[-2:], bool))
        parts = np.where(reached, rows, 0) * np.moveaxis(g, axis, -1)[..., None]
        return np.moveaxis(np.sum(parts, -2), -1, axis)

    return y, to_x


@spells(np.cumprod)
def cumprod(input: Any, dim: Any = None, *, axis: Any = None) -> Any:
    """The products so far along an axis."""
    place = running("cumprod", axis if dim is None else dim, input.ndim)
    input = input if input.dtype.kind == "f" else converted(input, np.dtype(np.int64))
    return input if place is None else multiplied(input, place)


@spells(np.argsort)
def argsort(input: Any, dim: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """The places of the entries along an axis, smallest first; equal ones in their old order."""
    x = plain(input)
    axis = running("argsort", dim, x.ndim)
    places = np.zeros((), np.int64) if axis is None else order_of(x, axis, descending)
    return wrapped(input, places) if isinstance(input, Node) else places


def order_of(x: Any, axis: int, descending: bool) -> Any:
    if not descending:
        return np.argsort(x, axis, kind="stable")
    n = x.shape[axis]
    return np.flip(n - 1 - np.argsort(np.flip(x, axis), axis, kind="stable"), axis)


def sort(input: Any, dim: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """The entries in order along an axis, and the places they came from."""
    places = argsort(input, dim, descending)
    return Picked(take_along_dim(input, places, dim) if input.ndim else input, places)


@spells(np.sort)
def numpys_sort(input: Any, dim: int = -1) -> Any:
    """As NumPy answers: the entries without their places."""
    return sort(input, dim).values


def topk(input: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    """The k largest (or smallest) entries along an axis in order, and their places."""
    (axis,) = axes_of("topk", dim, input.ndim)
    if not 0 <= k <= input.shape[axis]:
        raise RuntimeError(f"topk: k = {k} is out of range for an axis of {input.shape[axis]}")
    return Picked(*(narrow(x, axis, 0, k) for x in sort(input, axis, descending=largest)))


def kthvalue(input: Any, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    """The k-th smallest entry along an axis, counted from 1, and its place."""
    (axis,) = axes_of("kthvalue", dim, input.ndim)
    if not 1 <= k <= input.shape[axis]:
        raise RuntimeError(f"kthvalue: k = {k} is out of range for an axis of {input.shape[axis]}")
    found = [narrow(x, axis, k - 1, 1) for x in sort(input, axis)]
    return Picked(*(x if keepdim else squeeze(x, axis) for x in found))


@reduction
def middle(x: Array, axis: tuple[int, ...]) -> Any:
    """The middle of all entries in order; equal ones share the gradient."""
    y = np.sort(plain(x), None)[(math.prod(x.shape) - 1) // 2].reshape((1,) * x.ndim)
    y = np.where(np.any(plain(x) != plain(x)), np.full_like(y, np.nan), y)
    return y, lambda g: shared(g, x, y, axis)


def median(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """The middle entry in order, the lower one of two; along dim a pair with its place."""
    if dim is None:
        return middle(input)
    return kthvalue(input, (input.shape[dim] + 1) // 2, dim, keepdim)


def truth(function: Callable[..., Any]) -> Callable[..., Any]:
    """any and all, over some axes."""

    def operation(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
        axes = axes_of(function.__name__, dim, input.ndim)
        answer = function(plain(input), axes, keepdims=keepdim)
        return wrapped(input, answer) if isinstance(input, Node) else answer

    operation.__name__, operation.__doc__ = function.__name__, f"As np.{function.__name__}."
    return spells(function)(operation)


any, all = truth(np.any), truth(np.all)
count_nonzero = undifferentiable(np.count_nonzero)


@differentiable
def contracted(*xs: Array, terms: tuple[str, ...], out: str) -> Any:
    """einsum with every letter spelt out and none twice in a term."""
    value = np.einsum(f"{','.join(terms)}->{out}", *xs, optimize=len(xs) > 1)
    return value, *[contraction_back(i, xs, terms, out) for i in range(len(xs))]


def contraction_back(i: int, xs: Any, terms: tuple[str, ...], out: str) -> Any:
    """The pullback to factor i: the same sum with g in its place, copied along its own letters."""
    others = [*terms[:i], *terms[i + 1 :]]
    rest = [*xs[:i], *xs[i + 1 :]]
    kept = "".join(c for c in terms[i] if c in out or builtins.any(c in t for t in others))
    places = tuple(slice(None) if c in kept else None for c in terms[i])

    def pullback(g: Array) -> Array:
        part = np.einsum(f"{','.join([out, *others])}->{kept}", g, *rest, optimize=True)
        return fit(part[places] + np.zeros(xs[i].shape, xs[i].dtype), xs[i].shape)

    return pullback


def spelled_out(equation: str, shapes: list[tuple[int, ...]]) -> tuple[list[str], str]:
    """The terms and the result of an equation, with letters for ... and none left out."""
    left, arrow, out = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(shapes):
        raise RuntimeError(f"einsum: {equation!r} has {len(terms)} terms for {len(shapes)} tensors")
    free = [c for c in string.ascii_letters if c not in equation]
    dots = [len(shape) - len(t.replace("...", "")) for t, shape in zip(terms, shapes, strict=True)]
    longest = builtins.max((n for n, t in zip(dots, terms, strict=True) if "..." in t), default=0)
    letters = "".join(free[:longest])
    full = [t.replace("...", letters[longest - n :]) for t, n in zip(terms, dots, strict=True)]
    for term, shape in zip(full, shapes, strict=True):
        if len(term) != len(shape):
            raise ShapeError(
                f"einsum: the term {term!r} of {equation!r} does not fit the shape {list(shape)}"
            )
    once = sorted(c for c in set("".join(terms)) - set(".") if left.count(c) == 1)
    return full, out.replace("...", letters) if arrow else letters + "".join(once)


def once_each(x: Any, term: str) -> tuple[Any, str]:
    """A letter that stands twice in a term means the diagonal of these two axes."""
    while c := next((c for c in term if term.count(c) > 1), ""):
        first, second = term.index(c), term.rindex(c)
        x = diagonal(x, 0, first, second)
        term = term[:first] + term[first + 1 : second] + term[second + 1 :] + c
    return x, term


@spells(np.einsum)
def einsum(equation: str, *operands: Any, optimize: Any = None) -> Any:
    """Products summed over letters: "ij,jk->ik" is matrix times matrix, "ii->" is the trace."""
    if not operands:
        raise ValueError(f"einsum: {equation!r} needs a tensor for each term")
    xs = together(operands[0] if isinstance(operands[0], (list, tuple)) else operands, "einsum")
    terms, out = spelled_out(equation, [x.shape for x in xs])
    pairs = [once_each(x, term) for x, term in zip(xs, terms, strict=True)]
    sizes = {(c, n) for x, term in pairs for c, n in zip(term, x.shape, strict=True) if n != 1}
    letters = [c for c, _ in sizes]
    if len(set(letters)) < len(letters) or set(out) - set("".join(terms)):
        shapes = ", ".join(str(list(x.shape)) for x in xs)
        raise ShapeError(
            f"einsum: {equation!r} does not fit the shapes {shapes}: a letter must have one size, "
            "and a letter of the result must stand in a term"
        )
    return contracted(*[x for x, _ in pairs], terms=tuple(term for _, term in pairs), out=out)


class Reductions:
    """The skill of making few entries of many."""

    __slots__ = ()
    mean, var, std, prod, norm, logsumexp = mean, var, std, prod, norm, logsumexp
    softmax, log_softmax = softmax, log_softmax
    max, min, amax, amin, argmax, argmin = max, min, amax, amin, argmax, argmin
    any, all, count_nonzero, median, kthvalue = any, all, count_nonzero, median, kthvalue
    cumsum, cumprod, sort, argsort, topk = cumsum, cumprod, sort, argsort, topk


__all__ = ["mean", "var", "std", "prod", "norm", "logsumexp", "any", "all", "count_nonzero"]
__all__ += ["max", "min", "amax", "amin", "argmax", "argmin", "median", "kthvalue"]
__all__ += ["cumsum", "cumprod", "sort", "argsort", "topk", "einsum", "softmax", "log_softmax"]
