# Exported from book/17_higher.ipynb: change it there, not here.
"""Derivatives of functions, as functions: they nest to any order."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from minigrad.autograd.levels import (
    Level,
    leaves_of,
    like_arguments,
    mapped,
    pulled,
    refilled,
    rows_of,
    seen,
)
from minigrad.engine import described


def grad_and_value(
    func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that gives the gradient of func, and its value (or value and aux)."""

    @wraps(func)
    def both(*args: Any, **kwargs: Any) -> Any:
        level = Level("grad", func, args, kwargs, argnums, has_aux)
        if level.roots != [level.output] or level.output.ndim:
            met = ", ".join(map(described, level.roots))
            raise RuntimeError(
                f"grad: the function must give a single number without dimensions, not {met}: "
                "reduce it, for example with .sum(), or use vjp or jacrev"
            )
        value = seen(level, (level.output, level.aux) if has_aux else level.output)
        return like_arguments(level, pulled(level, level.roots, [None], last=True)), value

    return both


def value_and_grad(
    func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The same the other way round: the value (or value and aux) first, as the name says."""
    both = grad_and_value(func, argnums, has_aux)
    return wraps(func)(lambda *args, **kwargs: both(*args, **kwargs)[::-1])


def grad(func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The function that gives the gradient of func with respect to the arguments argnums.

    >>> from minigrad.creation import tensor
    >>> slope = grad(lambda x: x**3)
    >>> slope(tensor(2.0)), grad(slope)(tensor(2.0)), grad(grad(slope))(tensor(2.0))
    (tensor(12.), tensor(12.), tensor(6.))
    """
    both = grad_and_value(func, argnums, has_aux)

    @wraps(func)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        found, value = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return gradient


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """The output of func, and the function that pulls a gradient back from there to the inputs.

    >>> from minigrad.creation import tensor
    >>> y, pull_back = vjp(lambda a, b: a * b, tensor([1.0, 2.0]), tensor([3.0, 4.0]))
    >>> pull_back(tensor([1.0, 10.0]))
    (tensor([ 3., 40.]), tensor([ 1., 20.]))
    """
    level = Level("vjp", func, primals, {}, tuple(range(len(primals))), has_aux)
    form = mapped(lambda _: "*", level.output)

    def pull_back(cotangents: Any) -> Any:
        if mapped(lambda _: "*", cotangents) != form:
            met = mapped(lambda _: "*", cotangents)
            raise RuntimeError(f"vjp: the output has the form {form}, the gradients for it {met}")
        return like_arguments(level, pulled(level, level.roots, leaves_of(cotangents)))

    output = seen(level, level.output)
    return (output, pull_back, seen(level, level.aux)) if has_aux else (output, pull_back)


def jacrev(
    func: Callable[..., Any], argnums: Any = 0, *, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that gives the Jacobian of func, a walk backward for each entry of the output.

    Where func takes or returns several tensors, the result has the form of the output, and at
    each place in it the form of the inputs.

    >>> from minigrad.creation import tensor
    >>> jacrev(lambda x: x * x.sum())(tensor([1.0, 2.0]))
    tensor([[4., 1.],
            [2., 5.]])
    """

    @wraps(func)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        level = Level("jacrev", func, args, kwargs, argnums, has_aux)
        rows = [like_arguments(level, rows_of(level, y)) for y in level.roots]
        found = refilled(level.output, rows)
        return (found, seen(level, level.aux)) if has_aux else found

    return jacobian


jacobian = jacrev


def hessian(func: Callable[..., Any], argnums: Any = 0) -> Callable[..., Any]:
    """The function that gives the second derivatives of func: the Jacobian of its gradient.

    >>> from minigrad.creation import tensor
    >>> hessian(lambda x: x[0] ** 2 * x[1])(tensor([3.0, 5.0]))
    tensor([[10.,  6.],
            [ 6.,  0.]])
    """
    return jacrev(jacrev(func, argnums), argnums)


__all__ = ["grad", "grad_and_value", "hessian", "jacobian", "jacrev", "value_and_grad", "vjp"]
