"""Every rule of the library, by the library's own list: its derivatives, and theirs.

A rule without an example in minigrad/examples.py (chapter 19) fails: whoever adds a rule adds what
to feed it. A rule that cannot be differentiated twice is marked with `once`, gives its reason, and
must raise an error with it.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import func
from minigrad.autograd import grad, once
from minigrad.check import GradcheckError, gradcheck, gradgradcheck
from minigrad.engine import rules
from minigrad.examples import EXAMPLES, made

LIBRARY = dict(rules)  # as it is before a test makes rules of its own


def leaves(name: str) -> tuple[Any, list[Any]]:
    how, arrays = EXAMPLES[name]
    return how(LIBRARY[name]), [mg.tensor(array, requires_grad=True) for array in arrays]


def gradient_of(operation: Any) -> Any:
    """The gradients of a weighted sum of the operation's squares, recorded."""

    def gradients(*inputs: Any) -> Any:
        y = operation(*inputs)
        root = (y * y * mg.tensor(made(*y.shape, seed=3))).sum()
        return grad(root, inputs, create_graph=True, materialize_grads=True)

    return gradients


library = {name for name, rule in LIBRARY.items() if rule.__module__.startswith("minigrad")}


def test_every_rule_has_an_example():
    assert sorted(library - EXAMPLES.keys()) == []
    assert sorted(EXAMPLES.keys() - library) == []


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_first_derivative(name):
    assert gradcheck(*leaves(name))


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_second_derivative(name):
    operation, inputs = leaves(name)
    reason = getattr(LIBRARY[name], "once", None)
    if reason is None:
        assert gradgradcheck(operation, inputs)
    else:
        assert_refused(name, reason, operation, inputs)


def assert_refused(name: str, reason: str, operation: Any, inputs: list[Any]) -> None:
    """There is no second derivative, and the error has the name of the rule and its reason."""
    assert len(reason.split()) > 2
    with pytest.raises(RuntimeError, match=re.escape(f"{name}: no second derivative: {reason}")):
        grad(operation(*inputs).sum(), inputs, create_graph=True)


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_third_derivative(name):
    if not hasattr(LIBRARY[name], "once"):
        operation, inputs = leaves(name)
        assert gradgradcheck(gradient_of(operation), inputs)


def standing(name: str) -> tuple[Any, tuple[Any, ...], tuple[Any, ...]]:
    """The operation, its inputs asking for nothing, and a direction for each to move in."""
    operation, inputs = leaves(name)
    xs = tuple(x.detach() for x in inputs)
    return operation, xs, tuple(mg.tensor(made(*x.shape, seed=7) - 0.5) for x in xs)


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_forward_mode(name):
    operation, xs, vs = standing(name)
    y, moved = func.jvp(operation, xs, vs)
    assert (y.shape, y.dtype) == (moved.shape, moved.dtype)
    assert not moved.requires_grad
    h = 1e-6
    ahead, behind = (operation(*map(lambda x, v: x + v * s, xs, vs)) for s in (h, -h))
    close(moved, (ahead - behind) / (2 * h), 1e-5)
    weights = mg.tensor(made(*y.shape, seed=3))
    back = func.vjp(operation, *xs)[1](weights)
    close((weights * moved).sum(), sum((g * v).sum() for g, v in zip(back, vs, strict=True)))


def close(a: Any, b: Any, tolerance: float = 1e-10) -> None:
    assert a.shape == b.shape
    np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_forward_and_reverse_mode_nest_both_ways(name):
    operation, xs, vs = standing(name)
    every = tuple(range(len(xs)))

    def number(*inputs: Any) -> Any:
        y = operation(*inputs)
        return (y * y * mg.tensor(made(*y.shape, seed=3))).sum()

    def along(function: Any) -> Any:
        return lambda *inputs: func.jvp(function, inputs, vs)[1]

    def back_along(*inputs: Any) -> Any:
        gradients = func.grad(number, every)(*inputs)
        return sum((g * v).sum() for g, v in zip(gradients, vs, strict=True))

    expected = func.grad(back_along, every)(*xs)  # reverse over reverse
    forward_over_reverse = along(func.grad(number, every))(*xs)
    reverse_over_forward = func.grad(along(number), every)(*xs)
    for found in (forward_over_reverse, reverse_over_forward):
        for one, other in zip(found, expected, strict=True):
            close(one, other)
            assert not one.requires_grad
    curvature = sum((h * v).sum() for h, v in zip(expected, vs, strict=True))
    close(along(along(number))(*xs), curvature)


def test_a_pullback_that_cannot_be_differentiated_rightly_is_found_out():
    @mg.differentiable
    def frozen(x):
        slope = np.cos(np.asarray(x))  # an array even where x is a tensor: its own slope is lost
        return np.sin(x), lambda g: g * slope

    x = mg.tensor(made(3), requires_grad=True)
    assert gradcheck(frozen, [x])
    with pytest.raises(GradcheckError, match="but measured"):
        gradgradcheck(frozen, [x])
    del rules["frozen"]


def test_a_rule_that_says_so_is_refused():
    @mg.differentiable
    @once("its slope is an array")
    def frozen(x):
        slope = np.cos(np.asarray(x))
        return np.sin(x), lambda g: g * slope

    x = mg.tensor(made(3), requires_grad=True)
    assert gradcheck(frozen, [x])
    assert_refused("frozen", frozen.once, frozen, [x])
    del rules["frozen"]
