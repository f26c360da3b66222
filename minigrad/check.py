# Exported from book/02_instruments.ipynb, book/17_higher.ipynb: change it there, not here.
"""Gradients measured: the pullbacks of a function against its difference quotients."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from minigrad.engine import Node, described, pull, wrapped

# --- book/02_instruments.ipynb: Two instruments: a picture and a check


class GradcheckError(RuntimeError):
    """A gradient differs from what was measured."""


TOLERANCES = {2: (3e-2, 3e-2), 4: (1e-3, 1e-2), 8: (1e-5, 1e-3)}  # atol, rtol by bytes


def steps(x: Any, eps: float | None) -> Any:
    """How far to nudge: the cube root of the dtype's precision, more for big entries."""
    if eps is not None:
        return np.full(x.shape, eps)
    return np.cbrt(float(np.finfo(x.dtype).eps)) * np.maximum(1.0, np.abs(x.astype(float)))


def numeric_gradient(function: Callable[[Any], Any], x: Any, eps: float | None = None) -> Any:
    """The derivative of function(x) by nudging each entry of x up and down, without pullbacks.

    x is a tensor or an array of floats. The result has the shape of function(x) followed by
    the shape of x, so for a function to single numbers it is the gradient.

    >>> numeric_gradient(lambda x: (x * x).sum(), np.array([1.0, -2.0, 3.0])).round(6)
    array([ 2., -4.,  6.])
    """
    start = np.array(x.value if isinstance(x, Node) else x)
    if start.dtype.kind != "f":
        raise TypeError(f"numeric_gradient: it nudges floats, not {described(start)}")
    here = value_at(function, x, start)
    result = np.empty((here.size, start.size))
    for column, step in enumerate(steps(start, eps).ravel()):
        up, down = start.copy(), start.copy()
        up.flat[column] += step
        down.flat[column] -= step
        if up.flat[column] == down.flat[column]:
            kept = f"{float(start.flat[column]):g} in {start.dtype}"
            raise ValueError(f"numeric_gradient: a step of {step:g} does not move {kept}")
        rise = value_at(function, x, up).astype(float) - value_at(function, x, down)
        result[:, column] = rise.ravel() / (float(up.flat[column]) - float(down.flat[column]))
    return result.reshape(here.shape + start.shape)


def value_at(function: Callable[[Any], Any], x: Any, value: Any) -> Any:
    """function(x) as an array, where x for a moment has this value."""
    if not isinstance(x, Node):
        return np.asarray(plain(function(value)))
    before, x.value = x.value, value[()]
    try:
        return np.asarray(plain(function(x)))
    finally:
        x.value = before


def plain(x: Any) -> Any:
    return x.value if isinstance(x, Node) else x


def analytic_gradient(output: Node, x: Node) -> Any:
    """The derivative of an output by its pullbacks: the output's shape, then that of x.

    Each entry of the output gets a gradient of its own. It is -2 and not 1, so that a
    pullback that ignores what arrives, its size or its sign, is found out.
    """
    result = np.zeros((output.value.size, *x.shape))
    for row in range(output.value.size if output.requires_grad else 0):
        seed = np.zeros(output.shape, output.dtype)
        seed.flat[row] = -2
        found = pull({output: seed[()]}, lambda node: node is x, retain=True)
        if x in found:
            result[row] = np.asarray(found[x]) / -2.0
    return result.reshape(output.shape + x.shape)


def outputs_of(function: Callable[..., Any], inputs: tuple[Any, ...]) -> list[Node]:
    """What a function returns, as a list of tensors."""
    outputs = function(*inputs)
    outputs = list(outputs) if isinstance(outputs, (tuple, list)) else [outputs]
    for place, output in enumerate(outputs):
        if not isinstance(output, Node):
            kind = type(output).__name__
            raise TypeError(f"gradcheck: output {place} is a {kind}, and must be a tensor")
    return outputs


def nth_output(function: Callable[..., Any], inputs: tuple[Any, ...], which: int, _: Any) -> Node:
    return outputs_of(function, inputs)[which]


def same_again(function: Callable[..., Any], inputs: tuple[Any, ...]) -> None:
    """Two runs on the same inputs must give the same numbers."""
    runs = zip(outputs_of(function, inputs), outputs_of(function, inputs), strict=True)
    for place, (one, two) in enumerate(runs):
        if not np.array_equal(one.value, two.value, equal_nan=True):
            raise GradcheckError(
                f"gradcheck: output {place} differs between two runs on the same inputs, so "
                "nothing can be measured: start random numbers from one seed in every run"
            )


def compare(got: Any, measured: Any, within: tuple[float, float], where: str, ndim: int) -> None:
    """Refuse a Jacobian that differs; its first ndim axes are those of the output."""
    atol, rtol = within
    error = np.abs(got - measured)
    wrong = ~(error <= atol + rtol * np.abs(measured))  # nan is wrong, too
    if wrong.any():
        far = np.where(wrong, np.nan_to_num(error, nan=np.inf), -1.0)
        worst = np.unravel_index(np.argmax(far), far.shape)
        row, column = ([int(i) for i in part] for part in (worst[:ndim], worst[ndim:]))
        which = (f" of entry {row}" if row else "") + (f" by entry {column}" if column else "")
        raise GradcheckError(
            f"gradcheck: {where}: the derivative{which} is "
            f"{float(got[worst]):.6g}, but measured {float(measured[worst]):.6g} "
            f"({np.sum(wrong)} of {wrong.size} are wrong)"
        )


def check_all(function: Callable[..., Any], inputs: Any, eps: Any, tolerances: Any) -> None:
    """Compare what arrives at every input with what is measured there, output by output."""
    inputs = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
    checked = [i for i, x in enumerate(inputs) if isinstance(x, Node) and x.requires_grad]
    if not checked:
        raise ValueError("gradcheck: none of the inputs requires a gradient")
    same_again(function, inputs)
    for which, output in enumerate(outputs_of(function, inputs)):
        for place in checked if output.dtype.kind == "f" else []:
            x = inputs[place]
            got = analytic_gradient(output, x)
            measured = numeric_gradient(partial(nth_output, function, inputs, which), x, eps)
            own = TOLERANCES[min(x.dtype.itemsize, output.dtype.itemsize, 8)]
            atol, rtol = [o if t is None else t for o, t in zip(own, tolerances, strict=True)]
            where = f"output {which}, input {place}"
            compare(got, measured, (atol, rtol), where, output.ndim)


def gradcheck(
    function: Callable[..., Any],
    inputs: Any,
    eps: float | None = None,
    atol: float | None = None,
    rtol: float | None = None,
    raise_exception: bool = True,
) -> bool:
    """Whether the gradients of function(*inputs) are those that nudging the inputs measures.

    Checked are the inputs that require a gradient; there may be several outputs, of any shape.
    Step and tolerances go by the dtype: |got - measured| <= atol + rtol * |measured|.
    A wrong gradient raises GradcheckError (or gives False). No `.grad` is touched.

    >>> from minigrad.engine import Node
    >>> from minigrad.products import dot
    >>> gradcheck(dot, (Node([1.0, -2.0, 3.0], True), Node([4.0, 5.0, -1.0], True)))
    True
    """
    try:
        check_all(function, inputs, eps, (atol, rtol))
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


__all__ = ["GradcheckError", "gradcheck", "numeric_gradient"]


# --- book/17_higher.ipynb: Derivatives of derivatives


def gradgradcheck(
    function: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    eps: float | None = None,
    atol: float | None = None,
    rtol: float | None = None,
    raise_exception: bool = True,
) -> bool:
    """Whether the gradients of function(*inputs) have the right gradients themselves.

    The gradients that arrive at the outputs are inputs too, and random numbers if none are given.

    >>> from minigrad.creation import tensor
    >>> gradgradcheck(lambda x: x**3, tensor([1.0, 2.0], dtype=np.float64, requires_grad=True))
    True
    """
    xs = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
    given = grad_outputs if grad_outputs is not None else arriving(function, xs)
    gs = tuple(given) if isinstance(given, (tuple, list)) else (given,)
    second = partial(gradients_of, function, len(xs))
    try:
        return gradcheck(second, (*xs, *gs), eps, atol, rtol, raise_exception)
    except GradcheckError as error:
        raise GradcheckError(f"grad{error}") from None  # "gradgradcheck: output 0, …"


def arriving(function: Callable[..., Any], inputs: tuple[Any, ...]) -> list[Any]:
    """Random gradients for the outputs of a function, as leaves that require one themselves."""
    rng, leaves = np.random.default_rng(0), []
    for y in outputs_of(function, inputs):
        if y.requires_grad:
            leaf = wrapped(y, rng.uniform(0.5, 1.5, y.shape).astype(y.dtype))
            leaf.requires_grad = True
            leaves.append(leaf)
    return leaves


def gradients_of(function: Callable[..., Any], count: int, *both: Any) -> Any:
    """The gradients at the first so many inputs, given those at the outputs behind them."""
    xs, gs = both[:count], both[count:]
    seeds: dict[Node, Any] = {}
    outputs = [y for y in outputs_of(function, xs) if y.requires_grad]
    for y, g in zip(outputs, gs, strict=True):
        seeds[y] = seeds[y] + g if y in seeds else g
    found = pull(seeds, set(xs).__contains__, retain=True, create=True)
    return [g if isinstance(g, Node) else wrapped(x, g) for x, g in found.items()]


__all__ += ["gradgradcheck"]
