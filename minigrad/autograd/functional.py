# Exported from book/17_higher.ipynb, book/18_forward.ipynb: change it there, not here.
"""Derivatives of a function at a point, as torch.autograd.functional spells them."""

from __future__ import annotations

from typing import Any

import numpy as np

import minigrad.func
from minigrad.autograd.levels import Level, jacobian_at, like_arguments, pulled, seen
from minigrad.engine import Node, described, wrapped
from minigrad.shapes import reshape
from minigrad.tensor import Recording, path

# --- book/17_higher.ipynb: Derivatives of derivatives


def called(name: str, func: Any, inputs: Any, strict: bool, aux: bool = False) -> Level:
    """The function called at the inputs, a tensor or a tuple of tensors."""
    if not isinstance(inputs, (Node, tuple)):
        kind = type(inputs).__name__
        raise TypeError(f"{name}: the inputs must be a tensor or a tuple of tensors, not {kind}")
    if isinstance(inputs, Node):
        level = Level(name, func, (inputs,), {}, 0, aux)
    else:
        level = Level(name, func, inputs, {}, tuple(range(len(inputs))), aux)
    for i, y in enumerate(level.roots if strict else []):
        found = path([y], level.ends)
        for j, x in enumerate(level.ends):
            if x not in found:
                raise RuntimeError(
                    f"{name}: output {i} does not depend on input {j}, and strict=True refuses that"
                )
    return level


def jacobian(
    func: Any,
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,  # accepted: there is one way to compute it here
) -> Any:
    """The Jacobian: for every output a tensor (or a tuple of them) of its shape + the input's.

    >>> from minigrad.creation import tensor
    >>> jacobian(lambda a, b: a * b.sum(), (tensor([1.0, 2.0]), tensor([3.0, 4.0])))
    (tensor([[7., 0.],
            [0., 7.]]), tensor([[1., 1.],
            [2., 2.]]))
    """
    return jacobian_of("jacobian", func, inputs, create_graph, strict)


def jacobian_of(name: str, func: Any, inputs: Any, create: bool, strict: bool) -> Any:
    with Recording(create):
        return jacobian_at(called(name, func, inputs, strict))


def single(name: str, func: Any) -> Any:
    """func, if what it gives is a single number, as one without dimensions."""

    def number(*inputs: Any) -> Any:
        y = func(*inputs)
        if not isinstance(y, Node) or y.value.size != 1:
            met = described(y)
            raise RuntimeError(f"{name}: the function must give a single number, not {met}")
        return reshape(y, ())

    return number


def hessian(
    func: Any,
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,  # as in jacobian
) -> Any:
    """The second derivatives of a function that gives one number: a row for every input."""

    def gradient(*xs: Any) -> Any:
        found = jacobian_of("hessian", single("hessian", func), xs, True, strict)
        return found[0] if isinstance(inputs, Node) else found

    return jacobian_of("hessian", gradient, inputs, create_graph, strict)


def vjp(
    func: Any, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The outputs, and the gradient v pulled back from there: v times the Jacobian."""
    with Recording(create_graph):
        level = called("vjp", func, inputs, strict)
        return seen(level, level.output), like_arguments(level, pulled(level, level.roots, v))


def hvp(
    func: Any, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The value, and the Hessian times v, without the Hessian: two walks, whatever its size.

    >>> from minigrad.creation import tensor
    >>> hvp(lambda x: (x**3).sum(), tensor([1.0, 2.0]), tensor([1.0, 10.0]))
    (tensor(9.), tensor([  6., 120.]))
    """

    def gradient(*xs: Any) -> Any:
        inner = called("hvp", single("hvp", func), xs, strict)
        return like_arguments(inner, pulled(inner, inner.roots)), seen(inner, inner.output)

    with Recording(create_graph):
        level = called("hvp", gradient, inputs, strict, aux=True)
        return seen(level, level.aux), like_arguments(level, pulled(level, level.roots, v))


def vhp(
    func: Any, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The value, and v times the Hessian, which is symmetric: the same numbers as hvp."""
    return hvp(func, inputs, v, create_graph, strict)


__all__ = ["hessian", "hvp", "jacobian", "vhp", "vjp"]


# --- book/18_forward.ipynb: Forward mode


def jvp(
    func: Any, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> Any:
    """The outputs, and how fast they move while the inputs move by v: the Jacobian times v."""
    xs = (inputs,) if isinstance(inputs, Node) else inputs
    if v is None:
        if len(xs) != 1 or xs[0].value.size != 1:
            raise RuntimeError("jvp: v may be left out for a single input with one entry only")
        v = wrapped(xs[0], np.ones(xs[0].shape, xs[0].dtype))
    with Recording(create_graph):
        tangents = (v,) if isinstance(v, Node) else v
        return minigrad.func.jvp(func, xs, tangents, strict=strict)


__all__ += ["jvp"]
