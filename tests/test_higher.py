"""Derivatives of derivatives: each statement of chapter 17 about gradients by name and functions.

What PyTorch does with the same programs is compared in tests/oracle/higher.py.
"""

from __future__ import annotations

import gc
import re
import subprocess
import sys
import weakref
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad as mg
from minigrad import autograd, func, nn
from minigrad.autograd import functional
from minigrad.check import GradcheckError, gradcheck, gradgradcheck, numeric_gradient
from minigrad.engine import ShapeError, ancestry, rules

V = np.array([1.0, -2.0, 3.0])


def leaf(value: Any) -> Any:
    return mg.tensor(np.array(value, float), requires_grad=True)


def constant(value: Any) -> Any:
    return mg.tensor(np.array(value, float))


def close(a: Any, b: Any, tolerance: float = 1e-12) -> None:
    a, b = np.asarray(a), np.asarray(b)
    assert a.shape == b.shape
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def counting(x: Any) -> list[Any]:
    """A list that grows with every gradient that comes to x."""
    seen: list[Any] = []
    x.register_hook(lambda g: seen.append(g))
    return seen


# ---------------------------------------------------------------------- gradients by name


def test_only_what_lies_between_is_walked() -> None:
    x, w = leaf(V), leaf(V)
    before = x * 2
    at_w, at_before = counting(w), counting(before)
    h = before * w
    at_h = counting(h)
    y = (h * h).sum()
    (g,) = autograd.grad(y, h, retain_graph=True)
    close(g, 2 * h.detach())
    assert (len(at_w), len(at_before), len(at_h)) == (0, 0, 1)
    autograd.grad(y, before, retain_graph=True)
    assert (len(at_w), len(at_before), len(at_h)) == (0, 1, 2)
    assert x.grad is w.grad is None


def test_a_second_derivative_goes_by_what_the_first_walk_left_out() -> None:
    """The walk to x does not visit w, and its gradient depends on w all the same."""
    x, w = leaf(V), leaf(V + 1)
    (g,) = autograd.grad((w**3 * x).sum(), x, create_graph=True)
    (h,) = autograd.grad(g.sum(), w)
    close(h, 3 * (V + 1) ** 2)


def test_what_is_behind_the_inputs_may_be_released() -> None:
    x = leaf(V)
    h = x * x
    h.sum().backward()
    k = h.detach().requires_grad_() * 1
    del k
    (g,) = autograd.grad((h * h).sum(), h)  # the graph behind h is gone, and nobody needs it
    close(g, 2 * V * V)
    with pytest.raises(RuntimeError, match="released by an earlier backward"):
        autograd.grad((h * h).sum(), x)


def test_a_walk_in_two_halves() -> None:
    x = leaf(V)
    h = x * x
    loss = (h.sin() * h).sum()
    (half,) = autograd.grad(loss, h)
    h.backward(half)
    other = leaf(V)
    (other**2 * (other**2).sin()).sum().backward()
    close(x.grad, other.grad)


def test_an_input_changed_in_place_is_another_input() -> None:
    x = leaf(V)
    h = x * 1
    y = (h * h).sum()
    h *= 2
    with pytest.raises(RuntimeError, match="the outputs were not made from input 0"):
        autograd.grad(y, h)
    (g,) = autograd.grad(y + (h * 3).sum(), h)
    close(g, np.full(3, 3.0))


def test_outputs_may_be_inputs_and_come_twice() -> None:
    x = leaf(V)
    h = x * x
    k = h * h
    found = autograd.grad([k.sum(), h.sum(), h.sum()], [h, k, x])
    close(found[0], 2 * V * V + 2)
    close(found[1], np.ones(3))
    close(found[2], (2 * V * V + 2) * 2 * V)


@pytest.mark.parametrize("n", [100_000])
def test_a_long_chain(n: int) -> None:
    x = leaf(1.0)
    y = x
    for _ in range(n):
        y = y * 1.0
    (g,) = autograd.grad(y, x)
    close(g, 1.0)

    def chain(x: Any) -> Any:
        for _ in range(n):
            x = x * 1.0
        return x

    close(func.grad(chain)(constant(2.0)), 1.0)


def test_a_long_history_behind_the_inputs_costs_nothing() -> None:
    x = leaf(1.0)
    for _ in range(1000):
        x = x * 1.0
    oldest = x.order
    y = x * x
    assert len(ancestry([y], oldest)) == 2


def test_nothing_is_left_behind() -> None:
    """Without cycles: graphs of any order go when the last name goes."""
    gc.disable()
    try:
        x = leaf(V)
        y = (x**3).sum()
        (g,) = autograd.grad(y, x, create_graph=True)
        (h,) = autograd.grad(g.sum(), x)
        z = func.hessian(lambda t: (t**3).sum())(x.detach())
        watched = [weakref.ref(thing) for thing in (y, g, h, z)]
        del y, g, h, z
        assert [ref() for ref in watched] == [None] * 4
    finally:
        gc.enable()


def test_dtypes_are_kept() -> None:
    x = mg.tensor([1.0, 2.0], dtype=mg.float32)
    for found in (
        func.grad(lambda t: (t**3).sum())(x),
        func.hessian(lambda t: (t**3).sum())(x),
        functional.hvp(lambda t: (t**3).sum(), x, mg.ones(2, dtype=mg.float64))[1],
        func.jacrev(lambda t: t.double() ** 2)(x),
        func.vjp(lambda t: t * t, x)[1](mg.ones(2, dtype=mg.float64))[0],
    ):
        assert found.dtype == mg.float32


def test_a_parameter_gives_a_tensor() -> None:
    p = nn.Parameter(constant(V))
    for found in (autograd.grad((p * p).sum(), p)[0], func.grad(lambda p: (p * p).sum())(p)):
        assert type(found) is mg.Tensor


def test_recording_goes_by_create_graph_alone() -> None:
    x, w = leaf(V), leaf(V)
    y = (x**3).sum()
    with mg.no_grad():
        (g,) = autograd.grad(y, x, create_graph=True)
        assert g.requires_grad and not mg.is_grad_enabled()
    seen = []
    h = x * x
    h.register_hook(lambda g: seen.append((g * w).requires_grad))
    autograd.grad(h.sum(), x)
    assert seen == [False] and mg.is_grad_enabled()


# Tensor.backward(inputs=...): what PyTorch 2.13 leaves at x, w, h and y after these lines, where
# x = [1, -2, 3], w = x + 1, h = x * w and y = (h * h).sum()
X, W, H = [8.0, -4.0, 96.0], [4.0, -8.0, 72.0], [4.0, 4.0, 24.0]
SOME: list[tuple[str, list[Any]]] = [
    ("y.backward(inputs=x)", [X, None, None, None]),
    ("y.backward(inputs=[w])", [None, W, None, None]),
    ("y.backward(inputs=(x, w, x))", [X, W, None, None]),
    ("y.backward(inputs={'x': x})", [X, None, None, None]),
    ("y.backward(None, None, False, [x])", [X, None, None, None]),
    ("y.backward(inputs=[h])", [None, None, H, None]),
    ("y.backward(inputs=[h, w])", [None, W, H, None]),
    ("y.backward(inputs=y)", [None, None, None, 1.0]),
    ("h.retain_grad(); y.backward(inputs=h)", [None, None, H, None]),
    ("h.retain_grad(); y.backward(inputs=x)", [X, None, H, None]),
    ("y.backward(inputs=x, retain_graph=True); y.backward(inputs=x)", [[16, -8, 192], *[None] * 3]),
    ("y.backward(inputs=mg.ones(2, requires_grad=True))", [None, None, None, None]),
    ("h.backward(w.detach(), inputs=w)", [None, [2.0, 2.0, 12.0], None, None]),
    (
        "autograd.backward([y, h], [None, w.detach()], inputs=[w, h])",
        [None, [6.0, -6.0, 84.0], [6.0, 3.0, 28.0], None],
    ),
]


@pytest.mark.parametrize(("code", "expected"), SOME, ids=[line for line, _ in SOME])
def test_backward_for_some_inputs(code: str, expected: list[Any]) -> None:
    x, w = leaf(V), leaf(V + 1)
    h = x * w
    y = (h * h).sum()
    exec(code, {"mg": mg, "autograd": autograd, "x": x, "w": w, "h": h, "y": y})
    for node, gradient in zip((x, w, h, y), expected, strict=True):
        if gradient is None:
            assert node.grad is None
        else:
            close(node.grad, gradient)


def test_backward_for_some_inputs_goes_nowhere_else() -> None:
    x, w = leaf(V), leaf(V)
    at_w = counting(w)
    h = x * w
    (h * h).sum().backward(inputs=[x])
    assert not at_w and not x.retains_grad
    y = (x**3).sum()
    y.backward(inputs=[x], create_graph=True)
    assert x.grad.requires_grad


def test_the_edges_of_a_walk_go_with_it() -> None:
    """autograd.grad lets go of the graph while it walks, as backward() does."""
    x = leaf(V)
    y = (x.exp() * 2).sin().sum()
    left: list[int] = []
    behind = [weakref.ref(back) for node in ancestry([y]) for _, back, _ in node.edges]
    x.register_hook(lambda g: left.append(sum(ref() is not None for ref in behind)))
    autograd.grad(y, x)
    assert left == [1]  # the pullback that was called last


# --------------------------------------------------------------------------------- levels


def naive(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A derivative that forgets the outside, as many a first version did."""

    def slope(x: Any) -> Any:
        fresh = leaf(x.detach().numpy())
        return autograd.grad(f(fresh), fresh)[0]

    return slope


CONFUSING: list[tuple[str, Callable[..., Any], float]] = [
    ("a times da*b/db", lambda d: d(lambda a: a * d(lambda b: a * b)(constant(1.0))), 6.0),
    ("the same tensor on both levels", lambda d: d(lambda a: a * d(lambda b: a * b**2)(a)), 54.0),
    ("a constant inside", lambda d: d(lambda a: a * d(lambda b: a + b)(a)), 1.0),
    ("made outside", lambda d: d(lambda a: d(lambda b: (a * b) ** 2)(a * 3) * a), 648.0),
    ("three levels", lambda d: d(lambda a: d(lambda b: d(lambda c: a * b * c)(a))(a)), 1.0),
    ("through the inner point", lambda d: d(lambda a: d(lambda b: b**3)(a * a)), 324.0),
]


@pytest.mark.parametrize(("name", "nested", "expected"), CONFUSING, ids=[c[0] for c in CONFUSING])
def test_levels_are_told_apart(name: str, nested: Any, expected: float) -> None:
    close(nested(func.grad)(constant(3.0)), expected)
    assert not nested(func.grad)(constant(3.0)).requires_grad


def test_the_nested_examples_can_fail() -> None:
    found = []
    for _, nested, _ in CONFUSING:
        try:
            found.append(nested(naive)(constant(3.0)).item())
        except RuntimeError:  # the outer function is a constant for it
            found.append(0.0)
    right = [value == expected for value, (_, _, expected) in zip(found, CONFUSING, strict=True)]
    assert right == [False] * 2 + [True] + [False] * 3


def test_what_comes_from_outside_keeps_its_history() -> None:
    w, x = leaf(V), constant(V)
    g = func.grad(lambda t: (t**2 * w**3).sum())(x)
    assert g.requires_grad
    g.sum().backward()
    close(w.grad, 2 * V * 3 * V**2)
    value = func.value_and_grad(lambda t: (t * w).sum())(x)[0]
    assert value.requires_grad
    assert not func.value_and_grad(lambda t: (t * t).sum())(x)[0].requires_grad


def test_an_input_with_a_history_passes_it_on() -> None:
    x = leaf(V)
    func.grad(lambda t: (t**3).sum())(x * 2).sum().backward()
    close(x.grad, 6 * (2 * V) * 2)
    with mg.no_grad():
        assert not func.grad(lambda t: (t**3).sum())(x).requires_grad


def test_a_pull_back_can_be_used_often_and_late() -> None:
    x, g = leaf(V), leaf(V)
    _, pull_back = func.vjp(lambda t: t**2, x.detach())
    for factor in (1.0, 2.0):
        close(pull_back(constant(V) * factor)[0], 2 * V * V * factor)
    (found,) = pull_back(g)  # what arrives has a history, made after the level
    (found * constant(V)).sum().backward()
    close(g.grad, 2 * V * V)


def test_a_function_may_write_into_its_arguments() -> None:
    def f(x: Any, y: Any) -> Any:
        x *= y
        y[0] = x[1]
        return (x * y).sum()

    x, y = constant(V), constant(V + 5)
    found = func.grad(f, argnums=(0, 1))(x, y)
    close(x, V)
    close(y, V + 5)

    def pure(x: Any, y: Any) -> Any:
        new = x * y
        return (new * mg.cat([new[1:2], y[1:]])).sum()

    for one, other in zip(found, func.grad(pure, argnums=(0, 1))(x, y), strict=True):
        close(one, other)
    close(func.hessian(f)(x, y), func.hessian(pure)(x, y))


def test_inputs_are_not_copied() -> None:
    x = constant(np.zeros(1000))
    seen = []

    def f(t: Any) -> Any:
        seen.append(np.shares_memory(t.detach().numpy(), x.numpy()))
        return t.sum()

    func.grad(f)(x)
    assert seen == [True]


Pair = namedtuple("Pair", "a b")


def test_nests_of_inputs_and_outputs() -> None:
    nest = {"pair": Pair(constant(1.0), constant([2.0, 3.0])), "list": [constant([4.0])]}
    found = func.grad(lambda n: n["pair"].a * n["pair"].b.sum() * n["list"][0].sum())(nest)
    assert type(found["pair"]) is Pair and type(found["list"]) is list
    close(found["pair"].b, [4.0, 4.0])
    jacobian = func.jacrev(lambda n: Pair(n["pair"].b, {"k": n["list"]}))(nest)
    close(jacobian.a["pair"].b, np.eye(2))
    close(jacobian.b["k"][0]["list"][0], [[1.0]])
    close(jacobian.b["k"][0]["pair"].b, [[0.0, 0.0]])


def test_value_and_grad_is_the_other_way_round() -> None:
    def f(x: Any) -> Any:
        return (x * x).sum(), "more"

    (value, aux), g = func.value_and_grad(f, has_aux=True)(constant(V))
    other, (same, _) = func.grad_and_value(f, has_aux=True)(constant(V))
    assert aux == "more" and func.value_and_grad(f, has_aux=True).__name__ == "f"
    close(value, same)
    close(g, other)


def test_empty_jacobians() -> None:
    close(func.jacrev(lambda x: x[:0])(constant(V)), np.zeros((0, 3)))
    close(func.jacrev(lambda x: x[:0].sum())(constant(V)), np.zeros(3))
    close(functional.jacobian(lambda x: x * 2, constant([])), np.zeros((0, 0)))


# ----------------------------------------------------------------------- how many walks


def walks(method: Callable[..., Any], n: int) -> int:
    seen: list[Any] = []

    def f(x: Any) -> Any:
        x.register_hook(lambda g: seen.append(g))
        return (x**3).sum()

    method(f, constant(np.ones(n)))
    return len(seen)


@pytest.mark.parametrize("n", [1, 7, 30])
def test_the_number_of_walks(n: int) -> None:
    ones = constant(np.ones(n))
    assert walks(lambda f, x: func.grad(f)(x), n) == 1
    assert walks(lambda f, x: func.vjp(func.grad(f), x)[1](ones), n) == 2
    assert walks(lambda f, x: functional.hvp(f, x, ones), n) == 2
    assert walks(lambda f, x: func.jacrev(func.jacrev(f))(x), n) == n + 1
    assert walks(lambda f, x: functional.hessian(f, x), n) == n + 1


def test_a_hessian_vector_product_makes_no_hessian() -> None:
    """n = 100,000: the Hessian would take 80 gigabytes."""
    x = constant(np.linspace(1, 2, 100_000))
    _, product = functional.hvp(lambda t: (t**3).sum() + t.mean() ** 3, x, x)
    assert product.shape == x.shape


def test_what_the_benchmark_measures_is_the_same_in_both_libraries() -> None:
    program = Path(__file__).parent / "benchmarks" / "second.py"
    done = subprocess.run(
        [sys.executable, str(program), "4", "3"], capture_output=True, text=True, check=True
    )
    for row in (
        "function",
        "gradient",
        "func.grad",
        "Hessian times vector",
        "Hessian of 4 numbers",
    ):
        assert f"\n{row} " in done.stdout


# ----------------------------------------------------------------------- against nudges

PIECES: list[Callable[[Any], Any]] = [
    lambda x: x.tanh(),
    lambda x: x * x.flip(0),
    lambda x: x.exp() * 0.3,
    lambda x: x.softmax(0),
    lambda x: x.cumprod(0),
    lambda x: (x @ x) * x,
    lambda x: mg.where(x > 0, x**2, x.sin()),
    lambda x: mg.cat([x[1:], x[:1] ** 2]),
    lambda x: x / (x.norm() + 1),
    lambda x: mg.outer(x, x).sum(0),
]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.sampled_from(range(len(PIECES))), min_size=1, max_size=3),
    st.lists(st.floats(0.2, 1.5), min_size=3, max_size=3),
)
def test_hessians_of_random_compositions(chosen: list[int], numbers: list[float]) -> None:
    def f(x: Any) -> Any:
        for piece in chosen:
            x = PIECES[piece](x)
        return (x * constant(V)).sum()

    x = constant([numbers[0], -numbers[1], numbers[2]])
    hessian = func.hessian(f)(x)
    size = float(abs(hessian).max().item()) + 1
    close(hessian / size, numeric_gradient(func.grad(f), x) / size, 1e-5)
    close(hessian / size, hessian.T / size, 1e-10)
    v = constant(V)
    close(functional.hvp(f, x, v)[1] / size, hessian @ v / size, 1e-10)


# ------------------------------------------------------------------- a wrong second derivative


def test_gradgradcheck_finds_what_gradcheck_cannot() -> None:
    @mg.differentiable
    def careless(x: Any) -> Any:
        slope = np.cos(np.asarray(x))
        return np.sin(x), lambda g: g * slope

    @mg.differentiable
    def cut(x: Any) -> Any:
        return x * 2, lambda g: np.asarray(g) * 2

    x = leaf(V)
    for operation in (careless, lambda x: cut(x * x)):
        assert gradcheck(operation, x)
        assert not gradgradcheck(operation, x, raise_exception=False)
        with pytest.raises(GradcheckError, match="gradgradcheck: output 0, input"):
            gradgradcheck(operation, x)
    for name in ("careless", "cut"):
        del rules[name]


def test_gradgradcheck_takes_what_gradcheck_takes() -> None:
    a, b = leaf([[1.0, 2.0], [3.0, 5.0]]), leaf([0.5, -1.0])
    assert gradgradcheck(lambda a, b: ((a @ b).tanh(), a.sum()), (a, b))
    assert gradgradcheck(lambda a: (a * 2, a * 2), a)
    assert gradgradcheck(lambda b: b**3, b, grad_outputs=leaf([1.0, 2.0]))
    assert gradgradcheck(lambda a, c: (a * c).sum(), (a, constant(2.0)))


# --------------------------------------------------------------------- modules as functions


def network() -> Any:
    mg.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))


def test_functional_call_uses_what_it_is_given() -> None:
    net, x = network(), mg.ones(4, 2)
    before = {name: p.clone() for name, p in net.named_parameters()}
    given = {name: (p * 0 + 0.5).detach().requires_grad_() for name, p in before.items()}
    func.functional_call(net, given, x).sum().backward()
    assert all(g.grad is not None for g in given.values())
    for name, p in net.named_parameters():
        assert isinstance(p, nn.Parameter) and p.grad is None
        close(p.detach(), before[name].detach())
    part = {"2.bias": mg.tensor([10.0])}
    close(
        func.functional_call(net, part, (x,)) - net(x),
        10 - net[2].bias.item() + np.zeros((4, 1)),
        1e-5,
    )
    both = func.functional_call(net, [part, {"0.bias": mg.zeros(3)}], (x,))
    assert both.shape == (4, 1)


def test_functional_call_puts_things_back_after_an_error() -> None:
    net = network()
    weight = net[0].weight
    with pytest.raises(ShapeError):
        func.functional_call(net, {"0.weight": mg.ones(3, 5)}, mg.ones(4, 2))
    assert net[0].weight is weight


def test_functional_call_ties_what_is_shared() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = nn.Linear(2, 2, bias=False)
            self.b = self.a

        def forward(self, x: Any) -> Any:
            return self.b(self.a(x))

    net, x = Tied(), mg.ones(1, 2)
    zeros = {"a.weight": mg.zeros(2, 2)}
    close(func.functional_call(net, zeros, x), np.zeros((1, 2)))
    net.b = nn.Linear(2, 2, bias=False)
    net.b.weight = net.a.weight
    close(func.functional_call(net, zeros, x), np.zeros((1, 2)))
    half = {"b.weight": mg.eye(2)}
    close(func.functional_call(net, half, x, tie_weights=False), net.a(x).detach(), 1e-6)


def test_functional_call_knows_buffers_and_is_strict_on_request() -> None:
    net = nn.BatchNorm1d(2).eval()
    x = mg.tensor([[1.0, 2.0]])
    close(
        func.functional_call(net, {"running_mean": mg.tensor([1.0, 2.0])}, x).detach(),
        np.zeros((1, 2)),
    )
    close(net.running_mean, np.zeros(2))
    for tensors, strict, text in [
        ({"wieght": x}, False, "functional_call: not in the module: ['wieght']"),
        ({"weight": x}, True, "functional_call: not in the module: [], not given: ['bias', "),
    ]:
        with pytest.raises(RuntimeError, match="^" + re.escape(text)):
            func.functional_call(net, tensors, x, strict=strict)


def test_the_hessian_of_a_loss_by_the_weights_of_a_module() -> None:
    net, x = network().double(), constant([[1.0, 2.0], [3.0, -1.0]])
    weights = {name: p.detach() for name, p in net.named_parameters()}

    def loss(w: Any) -> Any:
        return (func.functional_call(net, w, x) ** 2).mean()

    def flat(v: Any) -> Any:
        return loss({**weights, "0.weight": v.reshape(3, 2)})

    found = func.hessian(loss)(weights)["0.weight"]["0.weight"]
    assert found.shape == (3, 2, 3, 2)
    close(
        found.reshape(6, 6),
        numeric_gradient(func.grad(flat), weights["0.weight"].reshape(6)),
        1e-6,
    )


# --------------------------------------------------------------------------------- errors

MESSAGES: list[tuple[str, type[Exception], str]] = [
    (
        "autograd.grad((x * x).sum(), [x, y])",
        RuntimeError,
        "grad: the outputs were not made from input 1 'y' (float64[3]): allow_unused=True",
    ),
    (
        "autograd.grad((x * x).sum(), c)",
        RuntimeError,
        "grad: input 0 (float64[3]) requires no gradient: requires_grad_() makes a leaf ask",
    ),
    ("autograd.grad(c.sum(), x)", RuntimeError, "grad: output 0 (float64[]) requires no gradient"),
    ("autograd.grad(1.0, x)", TypeError, "grad: output 0 must be a tensor, not float"),
    ("autograd.grad(x.sum(), [x, 2])", TypeError, "grad: input 1 must be a tensor, not int"),
    ("autograd.grad(x.sum(), [])", RuntimeError, "grad: there must be one input or more"),
    (
        "autograd.grad(x * x, x)",
        RuntimeError,
        "grad: output 0: a value of shape [3] is not a single number: reduce it first",
    ),
    (
        "autograd.grad([x.sum(), x * x], x, [None, mg.ones(2)])",
        ShapeError,
        "grad: output 1: the gradient is float64[2], the value float64[3]",
    ),
    (
        "autograd.grad([x, x], x, [mg.ones(3)])",
        RuntimeError,
        "grad: 2 outputs, but 1 gradients for them",
    ),
    ("x.sum().backward(inputs=[])", RuntimeError, "backward: there must be one input or more"),
    ("x.sum().backward(inputs=[x, 3])", TypeError, "backward: input 1 must be a tensor, not int"),
    ("x.sum().backward(inputs=c)", RuntimeError, "backward: input 0 (float64[3]) requires no grad"),
    ("c.sum().backward(inputs=x)", RuntimeError, "backward: nothing this value was made from req"),
    ("autograd.backward(c)", RuntimeError, "backward: tensor 0 (float64[3]) requires no gradient"),
    ("func.grad(lambda t: t)(c)", RuntimeError, "grad: the function must give a single number"),
    ("func.grad(lambda t: 1.0)(c)", RuntimeError, "grad: the function must return tensors, not f"),
    ("func.grad(lambda t: t.sum())(2.0)", ValueError, "grad: it differentiates with respect to te"),
    (
        "func.grad(lambda t: t.sum())(mg.tensor([1]))",
        RuntimeError,
        "only floating values can require a gradient, and this one is int64",
    ),
    ("func.grad(lambda t: t, 2)(c)", RuntimeError, "grad: argnums asks for argument 2, and there"),
    ("func.grad(lambda t: t, 'x')(c)", RuntimeError, "grad: argnums must be a whole number or a"),
    ("func.grad(lambda t: t, (0, -1))(c)", RuntimeError, "grad: argnums must name one argument or"),
    (
        "func.jacrev(lambda t: t, has_aux=True)(c)",
        RuntimeError,
        "jacrev: with has_aux=True the function must return (output, aux)",
    ),
    (
        "func.vjp(lambda t: (t, t), c)[1](c)",
        RuntimeError,
        "vjp: the output has the form ('*', '*'), the gradients for it *",
    ),
    (
        "functional.jacobian(lambda a, b: a, (c, c), strict=True)",
        RuntimeError,
        "jacobian: output 0 does not depend on input 1, and strict=True refuses that",
    ),
    (
        "functional.hessian(lambda t: (t * 2).sum(), c, strict=True)",
        RuntimeError,
        "hessian: output 0 does not depend on input 0, and strict=True refuses that",
    ),
    (
        "functional.hvp(lambda t: t * t, c, c)",
        RuntimeError,
        "hvp: the function must give a single number, not float64[3]",
    ),
    ("functional.vjp(lambda t: t, [c])", TypeError, "vjp: the inputs must be a tensor or a tuple"),
]


@pytest.mark.parametrize(("code", "kind", "text"), MESSAGES, ids=[m[0] for m in MESSAGES])
def test_messages(code: str, kind: type[Exception], text: str) -> None:
    names = {"x": leaf(V), "y": leaf(V), "c": constant(V)}
    names["y"].name = "y"
    space = {"mg": mg, "autograd": autograd, "func": func, "functional": functional, **names}
    with pytest.raises(kind, match="^" + re.escape(text)) as caught:
        eval(code, space)
    assert caught.type is kind and len(str(caught.value)) < 200
