# Exported from book/10_tensor.ipynb: change it there, not here.
"""Tensors out of nothing: constants, ranges, random numbers; and out of lists and arrays."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.arithmetic import converted
from minigrad.engine import ShapeError, fill, may_require, state
from minigrad.protocol import plain, spells
from minigrad.shapes import expand, sizes_of, transpose
from minigrad.tensor import Generator, Tensor, as_array, dtype_of, random_of, to

pi, inf, nan = math.pi, math.inf, math.nan


def tensor(
    data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, name: str = ""
) -> Tensor:
    """A tensor with a copy of the data."""
    return new(as_array(data, dtype), device=device, requires_grad=requires_grad, name=name)


def new(array: Any, *, device: Any = None, requires_grad: bool = False, name: str = "") -> Tensor:
    """A tensor of an array that nobody else holds; what every factory ends with."""
    made = Tensor.__new__(Tensor)
    fill(made, array[()])
    made.requires_grad, made.name = may_require(array, requires_grad), name
    to(made, device)  # refuses what is not the CPU
    return made


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Any:
    """The data itself where it is a tensor of that dtype, else a tensor with a copy of it."""
    if isinstance(data, Tensor):
        return data if dtype is None else converted(data, np.dtype(dtype))
    return tensor(data, dtype=dtype, device=device)


def from_numpy(array: Any) -> Tensor:
    """A tensor with a copy of a NumPy array: later writes into the array do not reach it."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"from_numpy: it takes a NumPy array, not {type(array).__name__}")
    return tensor(array)


def counts(size: tuple[Any, ...]) -> tuple[int, ...]:
    """The sizes of a new tensor."""
    shape = sizes_of(size)
    if min(shape, default=0) < 0:
        raise ShapeError(f"a size cannot be negative: {list(shape)}")
    return shape


def full(size: Any, fill_value: Any, *, dtype: Any = None, **options: Any) -> Tensor:
    """One number everywhere."""
    return new(np.full(counts((size,)), as_array(fill_value, dtype)), **options)


def factory(make: Callable[..., Any]) -> Callable[..., Any]:
    """A function that makes a tensor of a shape, given as numbers or as one sequence."""

    def create(*size: Any, dtype: Any = None, generator: Any = None, **options: Any) -> Any:
        shape = counts((options.pop("size"),) if "size" in options else size)
        kind = np.dtype(dtype or state.default_dtype)
        array = np.asarray(make(shape, kind, generator))
        return new(array.astype(kind, copy=False), **options)

    create.__name__, create.__doc__ = make.__name__, make.__doc__
    return create


@factory
def zeros(shape: tuple[int, ...], dtype: Any, generator: Any) -> Any:
    """Zeros."""
    return np.zeros(shape, dtype)


@factory
def ones(shape: tuple[int, ...], dtype: Any, generator: Any) -> Any:
    """Ones."""
    return np.ones(shape, dtype)


@factory
def rand(shape: tuple[int, ...], dtype: Any, generator: Any) -> Any:
    """Random numbers spread evenly over [0, 1)."""
    return random_of(generator).random(shape, np.float64 if dtype == np.float64 else np.float32)


@factory
def randn(shape: tuple[int, ...], dtype: Any, generator: Any) -> Any:
    """Random numbers from the normal distribution with mean 0 and variance 1."""
    return random_of(generator).standard_normal(shape)


empty = zeros


def like(create: Callable[..., Any]) -> Callable[..., Any]:
    """The same factory with shape and dtype taken from a tensor."""

    def create_like(input: Any, *arguments: Any, dtype: Any = None, **options: Any) -> Any:
        return create(tuple(input.shape), *arguments, dtype=dtype or input.dtype, **options)

    create_like.__name__, create_like.__doc__ = f"{create.__name__}_like", create.__doc__
    return create_like


zeros_like, ones_like, full_like = like(zeros), like(ones), like(full)
spells(np.zeros_like)(zeros_like)
spells(np.ones_like)(ones_like)
spells(np.full_like)(full_like)
rand_like, randn_like, empty_like = like(rand), like(randn), like(empty)


def arange(
    start: Any = 0, end: Any = None, step: Any = 1, *, dtype: Any = None, **options: Any
) -> Tensor:
    """start, start + step, … as long as end is not reached; one number alone is the end."""
    start, end = (0, start) if end is None else (start, end)
    if step == 0 or (end - start) / step < 0:
        raise RuntimeError(f"arange: steps of {step} do not lead from {start} to {end}")
    array = np.arange(start, end, step)
    return new(array.astype(dtype or dtype_of(0, array)), **options)


def linspace(start: float, end: float, steps: int, *, dtype: Any = None, **options: Any) -> Tensor:
    """So many numbers at equal distances, from start to end, both included."""
    if steps < 0:
        raise RuntimeError(f"linspace: the number of steps cannot be negative: {steps}")
    return new(np.linspace(start, end, steps).astype(dtype or state.default_dtype), **options)


def eye(n: int, m: int | None = None, *, dtype: Any = None, **options: Any) -> Tensor:
    """Ones on the main diagonal, zeros elsewhere."""
    return new(np.eye(n, m, dtype=dtype or state.default_dtype), **options)


def randint(
    low: Any = 0, high: Any = None, size: Any = None, *, generator: Any = None, **options: Any
) -> Tensor:
    """Random whole numbers from low (or 0) up to, not including, high: randint(6, (2, 3))."""
    if size is None:
        low, high, size = 0, low, high
    if high is None:
        low, high = 0, low
    drawn = random_of(generator).integers(low, high, counts((size,)))
    return tensor(np.asarray(drawn), **options)


def randperm(n: int, *, generator: Generator | None = None, **options: Any) -> Tensor:
    """The numbers from 0 to n - 1 in random order."""
    return tensor(random_of(generator).permutation(n), **options)


def normal(mean: Any, std: Any, size: Any = None, *, generator: Generator | None = None) -> Tensor:
    """Random numbers from normal distributions with these means and standard deviations."""
    numbers = random_of(generator).normal(plain(mean), plain(std), size)
    return Tensor(numbers, getattr(mean, "dtype", getattr(std, "dtype", state.default_dtype)))


def bernoulli(input: Any, *, generator: Generator | None = None) -> Tensor:
    """1 with the probability that the input names, else 0."""
    return Tensor(random_of(generator).random(input.shape) < plain(input), input.dtype)


def multinomial(
    input: Any, num_samples: int, replacement: bool = False, *, generator: Any = None
) -> Tensor:
    """So many places drawn with chances in proportion to the entries, for each row."""
    rows = np.atleast_2d(plain(input)).astype(np.float64)
    if not (np.isfinite(rows).all() and (rows >= 0).all() and rows.any(-1).all()):
        raise RuntimeError(
            "multinomial: chances must be finite, not negative, and not all 0 (is there a nan?)"
        )
    drawn = [
        random_of(generator).choice(len(row), num_samples, replacement, row / row.sum())
        for row in rows
    ]
    return Tensor(np.array(drawn) if input.ndim == 2 else drawn[0])


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Any, ...]:
    """The coordinates of a grid, one tensor for each axis."""
    n = len(tensors)
    shape = tuple(x.shape[0] for x in tensors)
    grids = [
        expand(x.reshape(*[-1 if i == k else 1 for i in range(n)]), shape)
        for k, x in enumerate(tensors)
    ]
    return tuple(transpose(x, 0, 1) if indexing == "xy" and n > 1 else x for x in grids)


def is_tensor(thing: Any) -> bool:
    return isinstance(thing, Tensor)


def numel(input: Any) -> int:
    return int(input.numel())


def is_floating_point(input: Any) -> bool:
    return bool(input.is_floating_point())


__all__ = ["tensor", "as_tensor", "from_numpy", "zeros", "ones", "empty", "full", "eye"]
__all__ += ["rand", "randn", "randint", "randperm", "normal", "bernoulli", "multinomial"]
__all__ += ["zeros_like", "ones_like", "full_like", "empty_like", "rand_like", "randn_like"]
__all__ += ["arange", "linspace", "meshgrid", "is_tensor", "numel", "is_floating_point"]
__all__ += ["pi", "inf", "nan"]
