"""What tests of single operations share: inputs in every memory layout, gradients measured."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

import minigrad

LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "C": lambda a: np.array(a, order="C"),
    "Fortran": lambda a: np.array(a, order="F"),
    "transposed": lambda a: a.T.copy().T,
    "strided": lambda a: np.repeat(a, 2, axis=-1)[..., ::2] if a.ndim else a,
    "reversed": lambda a: a[::-1].copy()[::-1] if a.ndim else a,
    "read-only": lambda a: frozen(a.copy()),
}


def frozen(array: Any) -> Any:
    array.flags.writeable = False
    return array


def leaf(array: Any, layout: str = "C", requires_grad: bool = True) -> Any:
    """A tensor whose entries lie in memory in this way."""
    tensor = minigrad.tensor(array, requires_grad=requires_grad)
    tensor.value = LAYOUTS[layout](np.asarray(tensor.value))[()]
    return tensor


def measured(function: Callable[..., Any], arrays: list[Any], weights: Any, place: int) -> Any:
    """The gradient of the weighed output by one input, from nudging each of its entries."""
    gradient = np.zeros(arrays[place].shape)
    for i in np.ndindex(gradient.shape):
        sides = []
        for nudge in (1e-6, -1e-6):
            nudged = [a.copy() for a in arrays]
            nudged[place][i] += nudge
            output = function(*[minigrad.tensor(a) for a in nudged])
            sides.append(np.sum(np.asarray(output) * weights))
        gradient[i] = (sides[0] - sides[1]) / 2e-6
    return gradient


def assert_gradients(function: Callable[..., Any], *arrays: Any, layout: str = "C") -> None:
    """Random weights on the output; each gradient's shape, dtype and values, in this order."""
    inputs = [leaf(a, layout) for a in arrays]
    output = function(*inputs)
    weights = np.random.default_rng(7).uniform(-2, 2, output.shape)
    output.backward(minigrad.tensor(weights))
    for place, x in enumerate(inputs):
        assert x.grad.shape == arrays[place].shape
        assert x.grad.dtype == arrays[place].dtype == np.float64
        expected = measured(function, list(arrays), weights, place)
        np.testing.assert_allclose(np.asarray(x.grad), expected, rtol=1e-5, atol=1e-6)


def peak(function: Callable[[], Any]) -> int:
    """How many bytes were allocated at the worst moment of a call, its result included."""
    tracemalloc.start()
    kept = function()
    size = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    del kept
    return size
