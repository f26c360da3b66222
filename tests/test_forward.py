"""Forward mode: what jvp, jacfwd, linearize and dual numbers promise, each promise a test."""

from __future__ import annotations

import gc
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import autograd, engine, func, nn
from minigrad.arithmetic import elementwise
from minigrad.autograd import forward_ad as fwd
from minigrad.autograd.tangents import transposed
from tests.gradients import peak


@pytest.fixture(autouse=True)
def nothing_left_standing() -> Any:
    yield
    assert engine.state.around == ()


def vector(*numbers: float, **more: Any) -> Any:
    return mg.tensor(np.array(numbers), **more)


def raises(kind: type[Exception], beginning: str) -> Any:
    return pytest.raises(kind, match="^" + re.escape(beginning))


def derivative(function: Any) -> Any:
    return lambda x: func.jvp(function, (x,), (mg.ones_like(x),))[1]


# ------------------------------------------------------------------ the transpose


def test_the_transpose_of_a_pullback_is_the_matrix():
    A = np.array([[1.0, -2.0, 3.0], [0.0, 4.0, -1.0]])
    at = vector(0.0, 0.0)
    push = transposed(lambda g: [mg.tensor(A.T) @ g], at)
    columns = [push([vector(*e).value]) for e in np.eye(3)]
    np.testing.assert_array_equal(np.stack(columns, 1), A)


def test_what_does_not_depend_on_the_gradient_pushes_nothing():
    assert transposed(lambda g: [np.zeros(2)], vector(1.0))([np.ones(2)]) is None
    assert transposed(lambda g: [vector(1.0, 2.0)], vector(1.0))([np.ones(2)]) is None


def test_pieces_that_are_one_node_add_up():
    push = transposed(lambda g: [g, g, g * 2], vector(1.0))
    assert push([np.array([1.0]), np.array([10.0]), np.array([100.0])]).tolist() == [211.0]


# ------------------------------------------------------------------ jvp


def test_nothing_seen_from_outside_requires_a_gradient():
    y, moved = func.jvp(lambda x: x.exp() * x, (vector(1.0, 2.0),), (vector(1.0, 0.0),))
    for t in (y, moved):
        assert not t.requires_grad
        assert t.edges == ()
        assert t.tangents is None
        assert t.rule is None


def test_inside_nothing_requires_a_gradient_either():
    seen = []
    func.jvp(lambda x: seen.append(x * 2) or x, (vector(1.0),), (vector(1.0),))
    assert not seen[0].requires_grad
    assert seen[0].is_leaf


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_tangent_has_the_dtype_of_its_value(dtype):
    x = mg.tensor(np.ones(3, dtype))
    y, moved = func.jvp(lambda x: (x * 2.5 + 1).sin().sum() * x / 3, (x,), (x,))
    assert y.dtype == moved.dtype == dtype


def test_a_cast_pushes_a_tangent_in_the_other_dtype():
    x = mg.tensor([1.0, 2.0])
    _, moved = func.jvp(lambda x: x.double() * np.float64(3), (x,), (x,))
    assert moved.dtype == np.float64
    assert moved.tolist() == [3.0, 6.0]


def test_a_dtype_of_the_result_that_is_no_float_moves_not():
    x = vector(1.5, -2.5)
    for function in (
        lambda x: x > 0,
        lambda x: x.argmax(),
        lambda x: x.long(),
        lambda x: x.isnan(),
    ):
        y, moved = func.jvp(function, (x,), (x,))
        assert moved.shape == y.shape
        assert not moved.numpy().any()


def test_detach_stops_a_tangent_and_no_grad_does_not():
    def f(x: Any) -> Any:
        with mg.no_grad():
            return x * x * x.detach()

    _, moved = func.jvp(f, (vector(3.0),), (vector(1.0),))
    assert moved.tolist() == [18.0]


def test_no_grad_around_and_inside_a_recorded_program():
    w = vector(2.0, requires_grad=True)
    with mg.no_grad():
        y, moved = func.jvp(lambda x: x * w, (w,), (vector(1.0),))
    assert (y.requires_grad, moved.requires_grad) == (False, False)
    assert moved.tolist() == [2.0]


def test_steps_move_nothing():
    assert derivative(lambda x: x.floor() * x + x.sign() + x.round())(vector(1.5)).tolist() == [1.0]


def test_a_gradient_with_parts_meets_a_gradient_that_moves():
    """The gradient of w comes as a part from w[0], and as a node that moves from w * x."""

    def gradient(x: Any) -> Any:
        w = vector(1.0, 2.0, requires_grad=True)
        (w[0] * 3 + (w * x * x).sum() + w[1] * 5).backward()
        return w.grad

    x, v = vector(3.0, 4.0), vector(1.0, 10.0)
    g, moved = func.jvp(gradient, (x,), (v,))
    assert g.tolist() == [12.0, 21.0]
    assert moved.tolist() == [6.0, 80.0]


def test_gradients_that_add_up_add_their_tangents():
    def gradient(x: Any) -> Any:
        w = vector(1.0, 2.0, requires_grad=True)
        for power in (1, 2, 3):
            (w * x**power).sum().backward()
        return w.grad

    _, moved = func.jvp(gradient, (vector(3.0, 2.0),), (vector(1.0, 1.0),))
    assert moved.tolist() == [1 + 6 + 27, 1 + 4 + 12]


def test_a_gradient_given_to_backward_may_move():
    def back(g: Any) -> Any:
        w = vector(1.0, 2.0, requires_grad=True)
        (w * w).backward(g)
        return w.grad

    _, moved = func.jvp(back, (vector(1.0, 1.0),), (vector(1.0, 10.0),))
    assert moved.tolist() == [2.0, 40.0]


def test_what_a_run_left_in_the_graph_is_nothing_to_a_later_walk():
    w = vector(2.0, 3.0, requires_grad=True)
    y, moved = func.jvp(lambda x: (x * w).exp(), (w * 0.1,), (vector(1.0, 1.0),))
    (y.sum() + moved.sum()).backward()
    expected = vector(2.0, 3.0, requires_grad=True)
    u = (expected * 0.1 * expected).exp()
    (u.sum() + (u * expected).sum()).backward()
    np.testing.assert_allclose(w.grad.numpy(), expected.grad.numpy(), rtol=1e-12)


def test_a_captured_tensor_that_is_changed_in_place_takes_the_tangent():
    def f(x: Any) -> Any:
        buffer = mg.zeros(3, dtype=mg.float64)
        for i in range(3):
            buffer[i] = x * (i + 1)
        return buffer

    assert derivative(f)(mg.tensor(np.float64(2.0))).tolist() == [1.0, 2.0, 3.0]


def test_the_inputs_stay_as_they_are():
    def f(x: Any) -> Any:
        x *= 2
        x[0] = 7.0
        return x * x

    x, v = vector(1.0, 2.0), vector(1.0, 10.0)
    _, moved = func.jvp(f, (x,), (v,))
    assert moved.tolist() == [0.0, 160.0]
    assert (x.tolist(), v.tolist(), x.tangents) == ([1.0, 2.0], [1.0, 10.0], None)


def test_an_output_that_is_returned_twice_moves_twice():
    def f(x: Any) -> Any:
        y = x * 2
        return (y, {"again": y}), y

    _, moved, aux = func.jvp(f, (vector(1.0),), (vector(1.0),), has_aux=True)
    assert [moved[0].item(), moved[1]["again"].item(), aux.tangents] == [2.0, 2.0, None]


def test_other_data_stops_a_tangent():
    def f(x: Any) -> Any:
        y = x * 2
        y.data = vector(5.0)
        return y * 3

    assert derivative(f)(vector(1.0)).tolist() == [0.0]


def test_a_copy_of_a_part_writes_its_tangent_back():
    def f(x: Any) -> Any:
        y = x * 1
        row = y[0]
        row *= x[1]
        return y

    _, moved = func.jvp(f, (vector(3.0, 5.0),), (vector(1.0, 10.0),))
    assert moved.tolist() == [3 * 10 + 5 * 1, 10.0]


# ------------------------------------------------------------------ nested


def test_a_run_does_not_confuse_its_tangents_with_those_of_another():
    one = mg.tensor(np.float64(1.0))
    d = derivative
    assert d(lambda x: x * d(lambda y: x + y)(one))(one).item() == 1.0
    assert d(lambda x: x * d(lambda y: x * y)(one))(one).item() == 2.0
    assert func.grad(lambda x: x * d(lambda y: x + y)(one))(one).item() == 1.0
    assert d(lambda x: x * func.grad(lambda y: x + y)(one))(one).item() == 1.0


def test_to_the_fifth_derivative():
    f, x = (lambda x: x**5), mg.tensor(np.float64(2.0))
    for expected in (80.0, 160.0, 240.0, 240.0, 120.0):
        f = derivative(f)
        assert f(x).item() == expected


@pytest.mark.parametrize("outer", [func.jacfwd, func.jacrev])
@pytest.mark.parametrize("inner", [func.jacfwd, func.jacrev, func.grad])
def test_hessians_from_every_pair_of_modes(outer, inner):
    def f(x: Any) -> Any:
        return (x[:1] * x[1:]).exp().sum() + x.prod() / x.norm()

    x = vector(0.5, 1.5, -0.7)
    np.testing.assert_allclose(outer(inner(f))(x).numpy(), func.hessian(f)(x).numpy(), rtol=1e-12)


def test_parameters_of_a_module_move_in_a_hessian_vector_product():
    mg.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.LayerNorm(4), nn.Linear(4, 2)).double()
    x = mg.tensor(np.random.default_rng(0).normal(size=(5, 3)))
    v = mg.tensor(np.random.default_rng(1).normal(size=(5, 3)))

    def f(x: Any) -> Any:
        return nn.functional.cross_entropy(net(x), mg.tensor([0, 1, 1, 0, 1]))

    _, forward = func.jvp(func.grad(f), (x,), (v,))
    reverse = func.grad(lambda x: (func.grad(f)(x) * v).sum())(x)
    np.testing.assert_allclose(forward.detach().numpy(), reverse.detach().numpy(), rtol=1e-10)
    assert all(p.grad is None for p in net.parameters())


def normal(*shape: int, seed: int = 0) -> Any:
    return mg.tensor(np.random.default_rng(seed).normal(size=shape))


MODULES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "linear": (lambda: nn.Linear(3, 4), (normal(5, 3),)),
    "bilinear": (lambda: nn.Bilinear(3, 2, 4), (normal(5, 3), normal(5, 2, seed=1))),
    "layer norm": (lambda: nn.LayerNorm(3), (normal(5, 3),)),
    "batch norm": (lambda: nn.BatchNorm1d(3), (normal(5, 3),)),
    "group norm": (lambda: nn.GroupNorm(2, 4), (normal(3, 4, 5),)),
    "embedding": (lambda: nn.Embedding(7, 3), (mg.tensor([1, 2, 2]),)),
    "convolution": (lambda: nn.Conv2d(2, 3, 3, stride=2, padding=1), (normal(2, 2, 6, 6),)),
    "pooling": (lambda: nn.Sequential(nn.Conv2d(2, 3, 1), nn.MaxPool2d(2)), (normal(2, 2, 6, 6),)),
    "LSTM": (lambda: nn.LSTM(3, 4, num_layers=2), (normal(5, 2, 3),)),
    "GRU": (lambda: nn.GRU(3, 4), (normal(5, 2, 3),)),
    "curves": (lambda: nn.Sequential(nn.Linear(3, 4), nn.PReLU(), nn.GELU()), (normal(5, 3),)),
}


@pytest.mark.parametrize("name", MODULES)
def test_the_parameters_of_a_module_move(name):
    """The slope along a direction, and the Hessian times the direction, three ways each."""
    mg.manual_seed(0)
    make, xs = MODULES[name]
    module = make().double()
    weights = {key: normal(*p.shape, seed=1) * 0.5 for key, p in module.named_parameters()}
    ways = {key: normal(*w.shape, seed=2) for key, w in weights.items()}

    def f(weights: Any) -> Any:
        y = func.functional_call(module, weights, xs)
        y = y[0] if isinstance(y, tuple) else y
        return (y * y * mg.linspace(0.5, 1.5, y.numel(), dtype=y.dtype).reshape(y.shape)).sum()

    def along(weights: Any) -> Any:
        return func.jvp(f, (weights,), (ways,))[1]

    def dotted(weights: Any) -> Any:
        g = func.grad(f)(weights)
        return sum((g[key] * way).sum() for key, way in ways.items())

    assert along(weights).item() == pytest.approx(dotted(weights).item(), rel=1e-10, abs=1e-10)
    expected = func.grad(dotted)(weights)
    for found in (func.jvp(func.grad(f), (weights,), (ways,))[1], func.grad(along)(weights)):
        for key, h in expected.items():
            np.testing.assert_allclose(found[key].numpy(), h.numpy(), rtol=1e-9, atol=1e-9)


# ------------------------------------------------------------------ functions of one's own


class Cube(autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * x * x

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return g * x * x * 3


class Exp(autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * ctx.saved_tensors[0]


def test_a_function_is_pushed_through_its_backward():
    x = vector(1.0, 2.0)
    assert func.jvp(Cube.apply, (x,), (vector(1.0, 10.0),))[1].tolist() == [3.0, 120.0]
    np.testing.assert_allclose(derivative(Exp.apply)(x).numpy(), np.exp([1, 2]))
    for modes in ((func.jacfwd, func.grad), (func.jacrev, func.grad)):
        hessian = modes[0](modes[1](lambda x: Cube.apply(x).sum()))(x)
        assert hessian.tolist() == [[6.0, 0.0], [0.0, 12.0]]
    assert derivative(derivative(Cube.apply))(x).tolist() == [6.0, 12.0]


def test_a_function_that_saved_its_output_says_what_it_cannot():
    with raises(RuntimeError, "Exp: forward mode and another mode together"):
        func.jacfwd(func.grad(lambda x: Exp.apply(x).sum()))(vector(1.0))


def test_a_rule_whose_gradient_has_no_gradient_says_so_when_nested(monkeypatch):
    monkeypatch.setattr(engine, "rules", {})

    @mg.differentiable
    @autograd.once("it is a test")
    def tripled(x: Any) -> Any:
        return x * 3, lambda g: g * 3

    assert derivative(tripled)(vector(1.0)).tolist() == [3.0]
    with raises(RuntimeError, "tripled: no second derivative: it is a test"):
        derivative(derivative(tripled))(vector(1.0))


def test_an_option_cannot_move(monkeypatch):
    monkeypatch.setattr(engine, "rules", {})

    @mg.differentiable
    def scaled(x: Any, *, by: Any) -> Any:
        return x * np.asarray(by), lambda g: g * np.asarray(by)

    with raises(TypeError, "scaled: no tangent flows through the option by: make it an input"):
        derivative(lambda x: scaled(vector(1.0), by=x))(vector(2.0))


def test_an_input_without_a_pullback_cannot_move(monkeypatch):
    monkeypatch.setattr(engine, "rules", {})

    @mg.differentiable
    def picked(x: Any, place: Any) -> Any:
        return x * np.asarray(place), lambda g: g * np.asarray(place)

    with raises(TypeError, "picked: no gradient flows to input 1; detach it first"):
        derivative(lambda x: picked(vector(1.0), x))(vector(2.0))


def test_a_pullback_that_makes_another_dtype_is_found_out(monkeypatch):
    monkeypatch.setattr(engine, "rules", {})

    @elementwise
    def wide(x: Any) -> Any:
        return x * 2, lambda g: g.astype(np.float64) * 2

    with raises(
        RuntimeError, "wide: its pullbacks made a tangent of float64[1] for a result of fl"
    ):
        derivative(wide)(mg.tensor([1.0]))


def test_a_function_of_numpy_without_a_rule_is_refused():
    with raises(TypeError, "np.linalg.eigvalsh has no rule here"):
        derivative(lambda x: np.linalg.eigvalsh(x))(mg.eye(2))


def test_what_moved_in_a_run_that_is_over_stands_still():
    kept = mg.eye(2, dtype=mg.float64)

    def f(x: Any) -> Any:
        kept[0] = x
        return x

    func.jvp(f, (vector(2.0, 0.0),), (vector(1.0, 1.0),))
    assert np.linalg.eigvalsh(kept).tolist() == [1.0, 2.0]
    assert derivative(lambda x: (x * kept).sum(0))(vector(1.0, 1.0)).tolist() == [2.0, 1.0]


# ------------------------------------------------------------------ jacfwd, linearize


def test_jacfwd_runs_once_for_each_entry_of_the_input():
    runs = []
    func.jacfwd(lambda x: runs.append(1) or x.sum())(mg.zeros(3, 4))
    assert len(runs) == 12


def test_jacfwd_of_nothing():
    assert func.jacfwd(lambda x: x.sum())(mg.zeros(0)).shape == (0,)
    assert func.jacfwd(lambda x: x * mg.zeros(0))(mg.zeros(1)).shape == (0, 1)


def test_jacfwd_through_a_nest_with_options():
    both = func.jacfwd(lambda a, b, *, k: {"p": a["x"] * b * k}, argnums=(0, 1))
    found = both({"x": vector(1.0, 2.0)}, vector(3.0, 4.0), k=10)
    assert found["p"][0]["x"].tolist() == [[30.0, 0.0], [0.0, 40.0]]
    assert found["p"][1].tolist() == [[10.0, 0.0], [0.0, 20.0]]


def test_linearize_runs_the_function_once():
    runs = []
    y, push = func.linearize(
        lambda a, b: runs.append(1) or a * b.sum(), vector(1.0), vector(2.0, 3.0)
    )
    assert y.tolist() == [5.0]
    assert push(vector(1.0), vector(0.0, 0.0)).tolist() == [5.0]
    assert push(vector(0.0), vector(1.0, 10.0)).tolist() == [11.0]
    assert len(runs) == 1


def test_linearize_can_be_differentiated():
    def along(x: Any) -> Any:
        return func.linearize(lambda t: t**3, x)[1](mg.ones_like(x)).sum()

    x = vector(2.0, 3.0)
    assert func.grad(along)(x).tolist() == [12.0, 18.0]
    assert func.jacfwd(along)(x).tolist() == [12.0, 18.0]
    _, push = func.linearize(lambda t: t**3, x)
    assert func.grad(lambda v: push(v).sum())(x).tolist() == [12.0, 27.0]
    assert func.jacfwd(push)(x).tolist() == [[12.0, 0.0], [0.0, 27.0]]


# ------------------------------------------------------------------ dual numbers


def test_the_tangent_lives_as_long_as_the_level():
    with fwd.dual_level() as level:
        x = fwd.make_dual(vector(3.0), vector(1.0))
        y = x * x
        assert level == 0
        assert fwd.unpack_dual(y).tangent.tolist() == [6.0]
    assert fwd.unpack_dual(y) == (y, None)
    with fwd.dual_level():
        assert fwd.unpack_dual(y).tangent is None
        assert fwd.unpack_dual(y * 2).tangent is None


def test_unpacking_leaves_the_dual_number_whole():
    with fwd.dual_level():
        x = fwd.make_dual(vector(3.0), vector(1.0))
        primal, _ = fwd.unpack_dual(x)
        assert fwd.unpack_dual(primal).tangent is None
        assert fwd.unpack_dual(x).tangent.tolist() == [1.0]


def test_backward_in_a_level_gives_gradients_that_move():
    with fwd.dual_level():
        w = vector(2.0, 3.0, requires_grad=True)
        (fwd.make_dual(w, vector(1.0, 0.0)) ** 3).prod().backward()
        assert fwd.unpack_dual(w.grad).tangent.tolist() == [2 * 3 * 2 * 27.0, 3 * 4 * 3 * 9.0]


def test_func_works_inside_a_level():
    with fwd.dual_level():
        x = fwd.make_dual(vector(2.0), vector(1.0))
        g = func.grad(lambda t: (t**3).sum())(x)
        assert fwd.unpack_dual(g).tangent.tolist() == [12.0]
        y = derivative(lambda t: t**3)(x)
        assert fwd.unpack_dual(y).tangent.tolist() == [12.0]


def test_a_level_belongs_to_its_thread():
    found: list[Any] = []

    def elsewhere() -> None:
        try:
            fwd.make_dual(vector(1.0), vector(1.0))
        except RuntimeError as error:
            found.append(str(error))

    with fwd.dual_level():
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
    assert found[0].startswith("make_dual: no level is open")


# ------------------------------------------------------------------ memory


@pytest.fixture
def without_collector() -> Any:
    """A collection empties Python's stores of small objects, and new ones are counted."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def chain(x: Any, n: int) -> Any:
    for _ in range(n // 2):
        x = (x * 1.0001).sin()
    return x


def test_memory_does_not_grow_with_depth(without_collector):
    x, v = mg.tensor(np.ones(1000)), mg.tensor(np.ones(1000))
    func.jvp(lambda t: chain(t, 10_000), (x,), (v,))
    short, long = (
        peak(lambda n=n: func.jvp(lambda t: chain(t, n), (x,), (v,))) for n in (10, 10_000)
    )
    assert long < short + 4000
    recorded = peak(lambda: func.vjp(lambda t: chain(t, 10_000), x))
    assert recorded > 100 * long


def test_matrices_are_never_made():
    """A push through (1000,) operations needs no (1000, 1000) matrix."""
    x = mg.tensor(np.linspace(0.1, 1, 1000))

    def f(x: Any) -> Any:
        return x.cumsum(0).softmax(0)[1:] * x[:-1].reshape(1, -1).T.flatten()

    assert peak(lambda: func.jvp(f, (x,), (x,))) < 1000 * 8 * 40


def test_memory_does_not_grow_with_depth_where_matrices_are_multiplied(without_collector):
    W, x = mg.tensor(np.eye(30) * 0.4), mg.tensor(np.ones(30))

    def deep(n: int) -> int:
        def f(x: Any) -> Any:
            for _ in range(n):
                x = (W @ x)[::-1] + x.mean() * 0.5
            return x

        return peak(lambda: func.jvp(f, (x,), (x,)))

    deep(1000), deep(1000)  # Python keeps some small objects that are free, and counts them
    assert deep(1000) < deep(5) + 4000


@pytest.mark.parametrize("first", ["func", "autograd", "autograd.functional", "autograd.levels"])
def test_modules_that_need_each_other_may_be_imported_in_any_order(first):
    root = Path(__file__).parent.parent
    subprocess.run([sys.executable, "-c", f"import minigrad.{first}"], check=True, cwd=root)


def test_what_the_benchmark_measures_is_the_same_in_both_libraries():
    program = Path(__file__).parent / "benchmarks" / "forward.py"
    done = subprocess.run(
        [sys.executable, str(program), "4", "3"], capture_output=True, text=True, check=True
    )
    for row in (
        "jvp",
        "gradient",
        "Hv, forward over reverse",
        "jacfwd, 2 to 60",
        "jacrev, 60 to 2",
    ):
        assert f"\n{row} " in done.stdout


# ------------------------------------------------------------------ errors

x, whole = vector(1.0, 2.0), mg.tensor([1, 2])
ERRORS: list[tuple[Any, type[Exception], str]] = [
    (
        lambda: func.jvp(mg.sin, x, (x,)),
        TypeError,
        "jvp: the primals must be a tuple of one tensor",
    ),
    (
        lambda: func.jvp(mg.sin, (x,), x),
        TypeError,
        "jvp: the tangents must be a tuple of one tensor",
    ),
    (
        lambda: func.jvp(mg.sin, (), ()),
        TypeError,
        "jvp: the primals must be a tuple of one tensor or m",
    ),
    (
        lambda: func.jvp(mg.sin, (x,), (x, x)),
        ValueError,
        "jvp: the primals have the form ('*',), their",
    ),
    (
        lambda: func.jvp(mg.sin, (x,), (x[:1],)),
        ValueError,
        "jvp: the primal is float64[2], its tangent",
    ),
    (
        lambda: func.jvp(mg.sin, (x,), (x.float(),)),
        ValueError,
        "jvp: the primal is float64[2], its tangent float32[2]; shape and dtype must be the same",
    ),
    (
        lambda: func.jvp(mg.sin, (whole,), (whole,)),
        ValueError,
        "jvp: only floating values can move, and the primal is int64",
    ),
    (
        lambda: func.jvp(mg.sin, (2.0,), (1.0,)),
        TypeError,
        "jvp: the primal must be a tensor, not float",
    ),
    (
        lambda: func.jvp(lambda t: 3.0, (x,), (x,)),
        RuntimeError,
        "jvp: the function must return tensors",
    ),
    (
        lambda: func.jvp(lambda t: t.detach(), (x,), (x,), strict=True),
        RuntimeError,
        "jvp: an output does not depend on the inputs: strict=True refuses that",
    ),
    (lambda: func.jacfwd(mg.sin)(2.0), TypeError, "jacfwd: the input must be a tensor, not float"),
    (
        lambda: func.linearize(mg.sin, x)[1](x, x),
        ValueError,
        "linearize: the primals have the form ('*',), their tangents ('*', '*')",
    ),
    (
        lambda: func.linearize(mg.sin, x)[1](x[:1]),
        ValueError,
        "linearize: the primal is float64[2]",
    ),
    (
        lambda: fwd.make_dual(x, x),
        RuntimeError,
        "make_dual: no level is open: write with dual_level()",
    ),
    (lambda: fwd.exit_dual_level(), RuntimeError, "exit_dual_level: no dual level is open"),
    (lambda: fwd.unpack_dual(x, level=3), RuntimeError, "unpack_dual: level 3 is not open"),
    (
        lambda: autograd.functional.jvp(mg.sin, x),
        RuntimeError,
        "jvp: v may be left out for a single input with one entry only",
    ),
]


@pytest.mark.parametrize(("call", "kind", "beginning"), ERRORS, ids=[e[2][:50] for e in ERRORS])
def test_errors(call, kind, beginning):
    with raises(kind, beginning):
        call()


def test_errors_inside_a_level():
    with fwd.dual_level():
        moving = fwd.make_dual(x, x)
        with raises(RuntimeError, "make_dual: this tensor has a tangent already"):
            fwd.make_dual(moving, x)
        with raises(RuntimeError, "enter_dual_level: a dual level is open, and they do not nest"):
            fwd.enter_dual_level()


def test_a_program_that_fails_leaves_no_run_behind():
    with pytest.raises(ZeroDivisionError):
        func.jvp(lambda t: 1 / 0, (x,), (x,))
    assert engine.state.around == ()
