"""The dtype that comes out, for every operation and every pair of dtypes that goes in.

Where torch raises nothing is asked of minigrad, which may know what to do.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

from . import ANYTHING, words

DTYPES = ["bool", "uint8", "int32", "int64", "float32", "float64"]
SHAPES = {
    "": [(2,), (2,)],
    " and 0-d": [(2,), ()],
    ", 0-d first": [(), (2,)],
    ", both 0-d": [(), ()],
}

OF_TWO: dict[str, Callable[..., Any]] = {
    "x + y": lambda torch, x, y: x + y,
    "x - y": lambda torch, x, y: x - y,
    "x * y": lambda torch, x, y: x * y,
    "x / y": lambda torch, x, y: x / y,
    "x // y": lambda torch, x, y: x // y,
    "x % y": lambda torch, x, y: x % y,
    "x ** y": lambda torch, x, y: x**y,
    "x > y": lambda torch, x, y: x > y,
    "x == y": lambda torch, x, y: x == y,
    "x & y": lambda torch, x, y: x & y,
    "maximum": lambda torch, x, y: torch.maximum(x, y),
    "atan2": lambda torch, x, y: torch.atan2(x, y),
    "where": lambda torch, x, y: torch.where(x > 0, x, y),
    "cat": lambda torch, x, y: torch.cat([x.reshape(-1), y.reshape(-1)]),
    "stack": lambda torch, x, y: torch.stack([x.reshape(-1)[:1], y.reshape(-1)[:1]]),
}
WITH_A_NUMBER: dict[str, Callable[..., Any]] = {
    "x + n": lambda x, n: x + n,
    "n - x": lambda x, n: n - x,
    "x * n": lambda x, n: x * n,
    "n / x": lambda x, n: n / x,
    "x / n": lambda x, n: x / n,
    "x // n": lambda x, n: x // n,
    "x % n": lambda x, n: x % n,
    "x ** n": lambda x, n: x**n,
    "n ** x": lambda x, n: n**x,
    "x >= n": lambda x, n: x >= n,
    "clamp": lambda x, n: x.clamp(min=n),
    "masked_fill": lambda x, n: x.masked_fill(x > 0, n),
}
OF_ONE = words("""
    exp log log1p log2 log10 expm1 sqrt rsqrt abs sign sin cos tan tanh sinh cosh asin acos atan
    sigmoid relu erf square reciprocal floor ceil round trunc frac isnan isinf isfinite logical_not
    neg sum mean prod max min amax amin argmax argmin var std norm any all median clone detach
    flatten
""")
ALONG_A_DIM = words("sum mean prod amax argmax var logsumexp cumsum cumprod any all argsort norm")


def dtype_of(operation: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return operation(*arguments).dtype
    except Exception:
        return ANYTHING


def of_two(operation: Callable[..., Any], left: Any, right: Any, torch: Any) -> dict[str, Any]:
    return {
        f"{a}, {b}": dtype_of(operation, torch, ones(torch, left, a), ones(torch, right, b))
        for a, b in product(DTYPES, DTYPES)
    }


def with_a_number(operation: Callable[..., Any], torch: Any) -> dict[str, Any]:
    return {
        f"{a}{list(shape)}, {n}": dtype_of(operation, ones(torch, shape, a), n)
        for a, shape, n in product(DTYPES, [(2,), ()], [True, 2, 2.5])
    }


def of_one(method: str, torch: Any, **options: Any) -> dict[str, Any]:
    return {
        a: dtype_of(lambda x: getattr(x, method)(**options), ones(torch, (2,), a)) for a in DTYPES
    }


def assigned(torch: Any) -> dict[str, Any]:
    """What is written into a tensor takes the dtype of the tensor."""
    found = {}
    for a, b in product(DTYPES, DTYPES):
        x = ones(torch, (2,), a)
        x[0] = torch.tensor(2, dtype=getattr(torch, b))
        found[f"{a}[0] = {b}"] = x
    return found


def added_in_place(torch: Any) -> dict[str, Any]:
    """In place the dtype stays (or there is an error)."""

    def add(x: Any, y: Any) -> Any:
        x += y
        return x

    return {
        f"{a} += {b}": dtype_of(add, ones(torch, (2,), a), ones(torch, (2,), b))
        for a, b in product(DTYPES, DTYPES)
    }


def ones(torch: Any, shape: Any, dtype: str) -> Any:
    return torch.ones(shape, dtype=getattr(torch, dtype))


PROGRAMS: dict[str, Callable[[Any], Any]] = {
    **{
        f"{name}{kind}": partial(of_two, operation, *shapes)
        for (name, operation), (kind, shapes) in product(OF_TWO.items(), SHAPES.items())
    },
    **{name: partial(with_a_number, operation) for name, operation in WITH_A_NUMBER.items()},
    **{name: partial(of_one, name) for name in OF_ONE},
    **{f"{name} along a dim": partial(of_one, name, dim=0) for name in ALONG_A_DIM},
    "x[0] = y": assigned,
    "x += y": added_in_place,
}
