"""Every rule of the library, by the library's own list: its derivatives, and theirs.

A rule without an example here fails: whoever adds a rule adds what to feed it. A rule that cannot
be differentiated twice is marked with `once`, gives its reason, and must raise an error with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import func
from minigrad.autograd import grad, once
from minigrad.check import GradcheckError, gradcheck, gradgradcheck
from minigrad.engine import rules

LIBRARY = dict(rules)  # as it is before a test makes rules of its own
PLACES = (np.array([[0, 1], [1, 0]]), np.array([[0, 0], [2, 0]]))


def made(*shape: int, seed: int = 0) -> Any:
    """Numbers between 0.2 and 0.9, none of them equal, where every function is smooth."""
    rng = np.random.default_rng(seed)
    n = int(np.prod(shape))
    return rng.permutation(np.linspace(0.2, 0.9, n + 1)[:n]).reshape(shape)


def pair(a: tuple[int, ...], b: tuple[int, ...]) -> list[Any]:
    return [made(*a, seed=1), made(*b, seed=2) * 0.9]


def using(*options: Any, **named: Any) -> Callable[[Any], Any]:
    return lambda rule: lambda *xs: rule(*xs, *options, **named)


plain = using()
one = [made(2, 3)]
# rule -> (how it is called, the arrays it gets)
EXAMPLES: dict[str, tuple[Any, list[Any]]] = {
    "dot": (plain, pair((3,), (3,))),
    "matvec": (plain, pair((2, 3), (3,))),
    "vecmat": (plain, pair((2,), (2, 3))),
    "matmat": (plain, pair((2, 3), (3, 2))),
    "batched": (plain, pair((2, 1, 2, 3), (3, 3, 2))),
    "cast": (using(np.float64), one),
    "power": (using(n=3), one),
    "sum": (using((0,), False), one),
    "broadcast": (using((2, 2, 3)), one),
    "getitem": (using((slice(None), [0, 0, 2])), one),
    "put": (using(PLACES, (2, 3)), [made(2, 2)]),
    "assign": (using(index=(1, slice(None, 2))), pair((2, 3), (2,))),
    "reshaped": (using((3, 2)), one),
    "permuted": (using((1, 2, 0)), [made(2, 2, 2)]),
    "joined": (using(axis=1), pair((2, 3), (2, 1))),
    "bordered": (using(((1, 0), (0, 2)), 0.5), one),
    "tril": (using(-1), [made(3, 3)]),
    "triu": (using(1), [made(3, 3)]),
    "chosen": (using(condition=np.array([True, False, True])), pair((2, 3), (3,))),
    "limited": (using(low=0.3, high=0.7), one),
    "between": (plain, [made(2, 3), np.full(3, 0.31), np.full((2, 1), 0.71)]),
    "mean": (using((1,), True), one),
    "variance": (using((1,), False, correction=1), one),
    "deviation": (using((1,), False, correction=1), one),
    "product": (using((1,), False), [made(2, 3) * [1, 0, 1]]),
    "norm_p": (using((0, 1), False, p=3), one),
    "cumulated": (using(1), one),
    "multiplied": (using(1), [made(2, 3) * [1, 0, 1]]),
    "contracted": (using(terms=("ij", "jkl"), out="ik"), pair((2, 3), (3, 2, 2))),
    **dict.fromkeys(("neg", "relu", "abs", "sign", "clone", "erf", "sigmoid"), (plain, one)),
    **dict.fromkeys(("exp", "expm1", "exp2", "log", "log1p", "log2", "log10"), (plain, one)),
    **dict.fromkeys(("sqrt", "rsqrt", "reciprocal", "sin", "cos", "tan"), (plain, one)),
    **dict.fromkeys(("asin", "acos", "atan", "sinh", "cosh", "tanh"), (plain, one)),
    **dict.fromkeys(("floor", "ceil", "trunc", "round"), (plain, one)),
    **{name: (plain, pair((2, 3), (3,))) for name in ("add", "sub", "mul", "div", "power_of")},
    **{name: (plain, pair((2, 1), (3,))) for name in ("maximum", "minimum", "atan2", "hypot")},
    **{name: (plain, pair((2, 3), (2, 1))) for name in ("logaddexp", "remainder", "fmod")},
    "floor_divide": (plain, pair((2, 3), (2, 1))),
    "entering": (plain, one),
    **{name: (using((1,), False), one) for name in ("amax", "amin", "log_of_sum", "norm2")},
    "middle": (using((0, 1), False), one),
    **dict.fromkeys(("exp_shares", "log_shares"), (using((1,)), one)),
    "leaky": (using(slope=0.1), [made(2, 3) - 0.5]),
    "leaky_by": (plain, [made(2, 3) - 0.5, made(3)]),
    "bent": (using(alpha=1.5, rate=2.0, scale=1.1), [made(2, 3) - 0.5]),
    "ramp": (using(low=0.3, high=0.7), one),
    "straightened": (plain, [made(2, 3) * 8 - 4]),
    "cut": (using(edge=0.5, value=7.0), one),
    "soft_ramp": (using(beta=2.0, threshold=1.0), one),
    **dict.fromkeys(("gauss", "gauss_by_tanh", "self_gated", "soft_gated"), (plain, one)),
    **dict.fromkeys(("logsigmoid", "softsign", "tanhshrink"), (plain, one)),
    "square_loss": (using(0.5), pair((2, 3), (2, 3))),
    "huber": (using(delta=0.6), one),
    "label_entropy": (using(np.array([2, 0]), np.array([0.5, 2.0]), False), one),
    "soft_entropy": (using(0.5, True), pair((2, 3), (2, 3))),
    "bernoulli": (plain, pair((2, 3), (2, 3))),
    "logit_entropy": (plain, [*pair((2, 3), (2, 3)), made(3)]),
    "divergence": (plain, pair((2, 3), (2, 3))),
    "affine": (plain, [made(2, 2, 3), *pair((4, 3), (4,))]),
    "looked_up": (using(np.array([0, 2, 0]), 1), [made(3, 2)]),
    "normalized_rows": (using(eps=0.1, centre=True), [made(2, 2, 3), *pair((3,), (3,))]),
    "normalized_columns": (using(eps=0.1), [made(3, 2, 2), *pair((2,), (2,))]),
    "windows": (using((2, 2), (1, 1), (1, 1)), [made(1, 2, 3, 3)]),
    "laid": (using((2, 2), (1, 1), (1, 1), (1, 1, 3, 3)), [made(1, 1, 4, 2, 2)]),
    "convolved": (using((1, 2), (2, 1), 2), pair((2, 2, 3, 4), (2, 1, 2, 2))),
    "largest": (using((2, 2), (1, 1), (1, 1)), [made(1, 2, 3, 3)]),
}


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
