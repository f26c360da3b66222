"""What the engine promises, each promise a test.

Operations come from the finished package; where a test needs an operation that misbehaves, or one
that tells what happened to it, it writes a rule of its own (which then is not listed in `rules`).
"""

from __future__ import annotations

import gc
import re
import threading
import time
import tracemalloc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import engine
from minigrad.engine import Node, ShapeError, backward, differentiable, pull
from minigrad.products import dot


@pytest.fixture(autouse=True)
def own_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "rules", {})


@pytest.fixture
def without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def leaf(value: Any, dtype: Any = np.float64) -> Any:
    return mg.tensor(np.array(value, dtype), requires_grad=True)


def gradient(f: Callable[..., Any], *values: Any) -> list[Any]:
    """The gradients of f at these values, weighed with numbers that are not alike."""
    leaves = [leaf(value) for value in values]
    end = f(*leaves)
    end.backward(np.cos(np.arange(end.value.size)).reshape(end.shape))
    for x in leaves:
        assert x.grad.shape == x.shape
        assert x.grad.dtype == x.dtype
    return [x.grad.value for x in leaves]


def numeric(f: Callable[..., Any], *values: Any) -> list[Any]:
    """The same gradients by nudging every entry both ways."""
    answers = []
    for k, value in enumerate(values):
        answer = np.zeros(np.shape(value))
        for place in np.ndindex(np.shape(value)):
            ends = []
            for h in (1e-6, -1e-6):
                moved = [np.array(v, float) for v in values]
                moved[k][place] += h
                end = f(*map(mg.tensor, moved)).value
                ends.append(np.sum(end * np.cos(np.arange(end.size)).reshape(end.shape)))
            answer[place] = (ends[0] - ends[1]) / 2e-6
        answers.append(answer)
    return answers


def assert_gradients(f: Callable[..., Any], *values: Any) -> None:
    for got, expected in zip(gradient(f, *values), numeric(f, *values), strict=True):
        assert got.shape == expected.shape
        np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-7)


def raises(kind: type[Exception], text: str) -> Any:
    return pytest.raises(kind, match=f"^{re.escape(text)}$")


@differentiable
def grow(x: Any) -> Any:
    return x + 1.0, lambda g: g


# ------------------------------------------------------------------------------ every use counts

X = [[0.5, -1.5], [2.0, 0.75]]


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x + x,
        lambda x: x * x,
        lambda x: x - x,
        lambda x: x / x,
        lambda x: x @ x,
        lambda x: x @ x.T,
        lambda x: x.T @ x + x * x - x,
    ],
)
def test_a_leaf_used_twice_gets_both_gradients(f: Any) -> None:
    assert_gradients(f, X)


@pytest.mark.parametrize(
    "f",
    [
        lambda h: h + mg.tanh(h),
        lambda h: mg.tanh(h) + h,
        lambda h: mg.exp(h) - mg.tanh(h),
        lambda h: mg.tanh(h) - mg.exp(h),
        lambda h: h @ h + h,
        lambda h: h + h @ h,
        lambda h: h * h * h,
        lambda h: (h + mg.tanh(h)) * h,
    ],
)
def test_a_node_in_the_middle_used_twice_passes_on_the_sum_in_either_order(f: Any) -> None:
    assert_gradients(lambda a, b: f(a * b), X, [[1.5, 0.5], [-0.25, 1.0]])


def test_two_products_of_one_hidden_value() -> None:
    assert_gradients(lambda x, W, V: (x @ x) @ W + (x @ x) @ V, X, X, [[1.0, 2.0], [3.0, -4.0]])


def test_thirty_doublings_are_exact_and_immediate() -> None:
    x = y = leaf(1.0)
    for _ in range(30):
        y = y + y
    start = time.perf_counter()
    y.backward()
    assert x.grad.value == 2**30
    assert time.perf_counter() - start < 1


def test_each_edge_is_used_once_however_many_paths_lead_over_it() -> None:
    calls = []

    def counted(place: int) -> Callable[[Any], Any]:
        def pullback(g: Any) -> Any:
            calls.append(place)
            return g

        return pullback

    @differentiable
    def twice(x: Any, y: Any) -> Any:
        return x + y, counted(0), counted(1)

    y = Node(1.0, requires_grad=True)
    for _ in range(20):
        y = twice(y, y)
    backward(y)
    assert sorted(calls) == [0] * 20 + [1] * 20


def test_a_gradient_is_passed_on_only_when_it_is_complete() -> None:
    seen = []
    x = leaf(3.0)
    h = x * x
    h.register_hook(lambda g: seen.append(g.item()))
    (h * h + h + h).backward()
    assert seen == [2 * 9 + 2]
    assert x.grad.value == 20 * 6


# --------------------------------------------------------------------------------------- depth


def test_a_chain_of_a_million_is_built_walked_and_freed(without_collector: None) -> None:
    x = y = Node(0.0, requires_grad=True)
    for _ in range(1_000_000):
        y = grow(y)
    backward(y)
    assert y.value == 1_000_000
    assert x.grad.value == 1
    middle = weakref.ref(y)
    del y
    assert middle() is None


def test_a_chain_of_a_million_is_freed_without_a_walk(without_collector: None) -> None:
    y = Node(0.0, requires_grad=True)
    start = y
    for _ in range(1_000_000):
        y = grow(y)
    first = weakref.ref(start)
    del start, y
    assert first() is None


def test_a_deep_chain_of_tensors_goes_both_ways() -> None:
    x = y = leaf(0.5)
    for _ in range(50_000):
        y = y * 1.0 + 0.0
    y.backward()
    assert x.grad.value == 1


# ------------------------------------------------------------------------------- walking twice


def test_a_second_backward_is_a_clear_error() -> None:
    x = leaf(3.0)
    y = x * x
    y.backward()
    text = "was released by an earlier backward(): call that one with retain_graph=True"
    with raises(RuntimeError, f"the graph behind mul {text}"):
        y.backward()
    with raises(RuntimeError, f"the graph behind mul {text}"):
        (y + 1.0).backward()
    assert x.grad.value == 6


def test_a_second_backward_over_a_retained_graph_doubles_exactly() -> None:
    x, y = leaf(X), leaf([0.1, 0.3])
    z = mg.exp(x @ y).sum() + (x * x).sum()
    z.backward(retain_graph=True)
    once = x.grad.value, y.grad.value
    z.backward()
    assert (x.grad.value == 2 * once[0]).all()
    assert (y.grad.value == 2 * once[1]).all()


def test_two_losses_that_share_a_node_need_the_graph_retained() -> None:
    x = leaf(2.0)
    h = x * x
    first, second = h * 3.0, h * h
    first.backward(retain_graph=True)
    second.backward()
    assert x.grad.value == 3 * 4 + 8 * 4

    x = leaf(2.0)
    h = x * x
    first, second = h * 3.0, h * h
    first.backward()
    with pytest.raises(RuntimeError, match="behind mul was released"):
        second.backward()


def test_losses_add_up_in_grad_until_it_is_cleared() -> None:
    x = leaf([1.0, 2.0])
    for _ in range(3):
        (x * x).sum().backward()
    assert x.grad.value.tolist() == [6, 12]
    x.grad = None
    (x * x).sum().backward()
    assert x.grad.value.tolist() == [2, 4]


def test_several_roots_are_walked_as_one() -> None:
    x = leaf(3.0)
    h = x * x
    one = np.float64(1)
    kept = pull({h * 2.0: one, h: np.float64(10), h * h: one}, lambda node: node is x)
    assert kept[x] == (2 + 10 + 18) * 6


# --------------------------------------------------------------------------------- what is kept


def test_only_leaves_keep_their_gradient() -> None:
    x, constant = leaf(2.0), mg.tensor(3.0, dtype=mg.float64)
    h = x * constant
    (h * h).backward()
    assert x.grad.value == 36
    assert h.grad is None
    assert constant.grad is None
    assert not constant.requires_grad


def test_a_node_in_the_middle_keeps_its_gradient_when_asked() -> None:
    x = leaf(2.0)
    h = x * x
    h.retain_grad()
    (h * 3.0).backward()
    assert h.grad.value == 3


def test_a_pullback_to_a_constant_is_never_called() -> None:
    def never(g: Any) -> Any:
        raise AssertionError("nobody asked for this gradient")

    @differentiable
    def first(x: Any, y: Any) -> Any:
        return x + y, lambda g: g, never

    for constant in (Node(1.0), 1.0, np.float64(1.0)):
        x = Node(1.0, requires_grad=True)
        backward(first(x, constant))
        assert x.grad.value == 1


def test_nothing_is_recorded_where_nothing_needs_a_gradient() -> None:
    y = Node(2.0)
    assert grow(y).edges == ()
    assert grow(y).rule is None
    assert not grow(y).requires_grad


def test_plain_arrays_in_plain_array_out() -> None:
    assert type(grow(np.ones(2))) is np.ndarray
    assert dot(np.array([1.0, 2.0]), np.array([3.0, 4.0])) == 11


def test_a_result_is_of_the_family_of_its_inputs() -> None:
    class Number(Node):
        __slots__ = ()

    class Weight(Number):
        __slots__ = ()
        family = Number

    assert type(grow(Node(1.0))) is Node
    assert type(grow(Number(1.0))) is Number
    assert type(grow(Weight(1.0))) is Number
    weight = Weight(1.0, requires_grad=True)
    backward(grow(weight))
    assert type(weight.grad) is Number


# ------------------------------------------------------------------------------------ contracts


def broken(pullback: Callable[[Any], Any]) -> Any:
    @differentiable
    def crooked(x: Any) -> Any:
        return x * 2, pullback

    return crooked


@pytest.mark.parametrize(
    ("pullback", "met"),
    [
        (lambda g: np.sum(g), "float32[]"),
        (lambda g: g[None], "float32[1, 3]"),
        (lambda g: g.astype(np.float64), "float64[3]"),
        (lambda g: np.float64(2) * g.astype(np.float64), "float64[3]"),
        (lambda g: 2.0, "float"),
        (lambda g: None, "NoneType"),
    ],
)
def test_a_pullback_that_breaks_the_contract_is_named(pullback: Any, met: str) -> None:
    x = leaf([1, 2, 3], np.float32)
    text = f"crooked: its pullback returned a gradient of {met} for an input of float32[3]; "
    with raises(RuntimeError, text + "shape and dtype must be the same"):
        broken(pullback)(x).backward(np.ones(3))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_gradient_has_the_dtype_of_its_tensor(dtype: Any) -> None:
    x = leaf(X, dtype)
    y = (x * 2 + 0.5) * np.float64(3) / 7
    assert y.dtype == dtype
    mg.exp(y).sum().backward()
    assert x.grad.dtype == dtype


def test_the_first_gradient_has_the_shape_of_the_root() -> None:
    x = leaf([1, 2], np.float32)
    y = grow(x)
    y.backward(np.array([1.0, 3.0]))
    assert x.grad.shape == (2,)
    text = "backward: the gradient is float32[3], the value float32[2]; "
    with raises(ShapeError, text + "shape and dtype must be the same"):
        grow(x).backward(np.ones(3))


@pytest.mark.parametrize("make", [np.array, mg.tensor])
def test_a_first_gradient_of_another_dtype_is_converted(make: Any) -> None:
    x = leaf([1, 2], np.float32)
    grow(x).backward(make(np.array([1.0, 3.0])))
    assert x.grad.dtype == np.float32
    assert x.grad.value.tolist() == [1, 3]


def test_a_first_gradient_with_a_history_must_have_the_dtype_already() -> None:
    x = leaf([1, 2], np.float32)
    with pytest.raises(ShapeError, match=r"the gradient is float64\[2\], the value float32\[2\]"):
        grow(x).backward(leaf([1.0, 3.0]), create_graph=True)


def test_a_root_that_is_not_one_number_needs_a_gradient() -> None:
    text = "backward: a value of shape [2] is not a single number: reduce it first, "
    text += "for example with .sum(), or pass the gradient that arrives at it"
    x = leaf([1.0, 2.0])
    with raises(RuntimeError, text):
        (x * x).backward()
    (x * x).backward([1.0, -1.0])
    assert x.grad.value.tolist() == [2, -4]


def test_a_single_number_may_have_dimensions() -> None:
    x = leaf([[3.0]])
    (x * x).backward()
    assert x.grad.value.tolist() == [[6.0]]


def test_a_root_that_needs_no_gradient_is_refused() -> None:
    text = "backward: nothing this value was made from requires a gradient"
    with raises(RuntimeError, text):
        mg.tensor(1.0).backward()
    with mg.no_grad():
        y = leaf(1.0) * 2.0
    with raises(RuntimeError, text):
        y.backward()


@pytest.mark.parametrize("value", [1, [1, 2], True, np.arange(3)])
def test_only_floats_can_require_a_gradient(value: Any) -> None:
    dtype = np.array(value).dtype
    text = f"only floating values can require a gradient, and this one is {dtype}: "
    text += "write 2.0 for 2, or convert it to float first"
    for make in (Node, mg.tensor):
        with raises(RuntimeError, text):
            make(value, requires_grad=True)
    with raises(RuntimeError, text):
        mg.tensor(value).requires_grad_()


def test_an_integer_result_has_no_history() -> None:
    x = leaf([1.5, -2.5])
    for whole in (x.long(), x.bool(), differentiable(lambda x: (x.astype(int), lambda g: g))(x)):
        assert not whole.requires_grad
        assert whole.rule is None
    (x.long() * x).sum().backward()
    assert x.grad.value.tolist() == [1, -2]


def test_a_gradient_for_an_option_is_refused() -> None:
    @differentiable
    def scaled(x: Any, factor: Any) -> Any:
        return x * factor, lambda g: g * factor

    x = Node(2.0, requires_grad=True)
    assert scaled(x, Node(3.0)).value == 6
    with raises(TypeError, "scaled: no gradient flows to input 1; detach it first"):
        scaled(x, Node(3.0, requires_grad=True))


@pytest.mark.parametrize(
    ("inputs", "kind", "text"),
    [
        ((3, 2), ShapeError, "dot: [3] and [2] do not fit: it takes two vectors of one length"),
        (((3, 2), 2), ShapeError, "dot: [3, 2] and [2] do not fit: it takes two vectors of"),
        (((), ()), ShapeError, "dot: [] and [] do not fit: it takes two vectors of one length"),
    ],
)
def test_dot_refuses_what_does_not_fit(inputs: Any, kind: Any, text: str) -> None:
    with pytest.raises(kind, match=f"^{re.escape(text)}"):
        dot(*[Node(np.ones(shape)) for shape in inputs])


def test_an_error_inside_a_rule_names_the_operation_and_what_it_met() -> None:
    @differentiable
    def stacked(x: Any, y: Any) -> Any:
        return np.concatenate([x, y]), lambda g: g, lambda g: g

    with pytest.raises(ShapeError, match=r"^stacked\(float64\[2\], float64\[2, 2\]\): all the inp"):
        stacked(Node(np.ones(2)), Node(np.ones((2, 2))))
    with pytest.raises(TypeError, match=r"^dot\(float64\[2\], list\): 'list' object has no attr"):
        dot(Node(np.ones(2)), [1.0, 2.0])


def test_a_shape_error_is_caught_in_numpys_and_in_pytorchs_manner() -> None:
    assert issubclass(ShapeError, ValueError)
    assert issubclass(ShapeError, RuntimeError)


def test_a_mistyped_field_is_an_error() -> None:
    with pytest.raises(AttributeError):
        leaf(1.0).require_grad = True


# ------------------------------------------------------------------ values used are values kept


def test_a_node_does_not_share_the_array_it_was_made_from() -> None:
    array = np.array([1.0, 2.0])
    x = Node(array, requires_grad=True)
    array[:] = 100
    assert x.value.tolist() == [1, 2]


def test_a_plain_array_may_be_changed_after_it_was_used() -> None:
    array = np.array([1.0, 2.0])
    x = leaf([3.0, 4.0])
    y = (x * array).sum() + dot(x, array)
    array[:] = 100
    y.backward()
    assert x.grad.value.tolist() == [2, 4]


def test_the_gradient_passed_to_backward_may_be_changed_afterwards() -> None:
    arriving = np.ones(2)
    x = leaf([3.0, 4.0])
    grow(x).backward(arriving)
    arriving[:] = 100
    assert x.grad.value.tolist() == [1, 1]


def test_gradients_of_two_leaves_do_not_share_what_one_of_them_becomes() -> None:
    x, y = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    (x + y).sum().backward()
    x.grad.zero_()
    assert y.grad.value.tolist() == [1, 1]
    (x * 5.0).sum().backward()
    assert x.grad.value.tolist() == [5, 5]
    assert y.grad.value.tolist() == [1, 1]


def test_a_parent_changed_in_place_after_its_use_is_followed_to_what_it_was() -> None:
    x = leaf([1.0, 2.0])
    h = x * 3.0
    y = h * h
    h *= 10.0
    (y + h).backward([1.0, -1.0])
    assert x.grad.value.tolist() == [2 * 9 * 1 + 30, -(2 * 9 * 2 + 30)]


def test_other_data_between_forward_and_backward_leaves_the_gradient_right() -> None:
    x = leaf([1.0, 2.0])
    y = (x * x).sum()
    with mg.no_grad():
        x -= 100.0
    y.backward()
    assert x.grad.value.tolist() == [2, 4]


# ---------------------------------------------------------------------------------------- hooks


def test_a_hook_sees_the_gradient_and_may_replace_it() -> None:
    x = leaf([1.0, 2.0])
    seen = []
    x.register_hook(lambda g: seen.append(g.value.tolist()))
    x.register_hook(lambda g: g * 10.0)
    x.register_hook(lambda g: seen.append(g.value.tolist()))
    (x * x).sum().backward()
    assert seen == [[2, 4], [20, 40]]
    assert x.grad.value.tolist() == [20, 40]


def test_a_hook_in_the_middle_changes_what_is_passed_on() -> None:
    x = leaf(2.0)
    h = x * x
    h.register_hook(lambda g: -g)
    (h * 3.0).backward()
    assert x.grad.value == -12


def test_a_hook_must_keep_shape_and_dtype() -> None:
    x = leaf([1.0, 2.0])
    x.register_hook(lambda g: g.sum())
    text = (
        "a hook on a gradient of float64[2] returned float64[]: "
        "it must return None, or a gradient of the same shape and dtype"
    )
    with raises(RuntimeError, text):
        (x * x).sum().backward()


# -------------------------------------------------------------------- derivatives of derivatives


def test_derivatives_of_any_order() -> None:
    x = leaf(1.5)
    y = x * x * x * x * x
    for expected in (5 * 1.5**4, 20 * 1.5**3, 60 * 1.5**2, 120 * 1.5, 120):
        x.grad = None
        y.backward(create_graph=True)
        y = x.grad
        np.testing.assert_allclose(y.value, expected, rtol=1e-12)


def test_without_create_graph_a_gradient_has_no_history() -> None:
    x = leaf(1.5)
    (x * x).backward(retain_graph=True)
    assert not x.grad.requires_grad
    assert x.grad.edges == ()


def test_create_graph_keeps_the_graph_and_adds_up() -> None:
    x = leaf(3.0)
    y = x * x
    y.backward(create_graph=True)
    y.backward(create_graph=True)
    assert x.grad.value == 12
    x.grad.backward()
    assert x.grad.value == 12 + 4


def test_create_graph_after_other_data_is_a_clear_error() -> None:
    x = leaf(3.0)
    y = x * x
    x.data = 4.0
    text = "an input of mul was given other data since: create_graph=True needs it as it was"
    with raises(RuntimeError, text):
        y.backward(create_graph=True)


def test_the_gradient_of_a_gradient_through_a_given_gradient() -> None:
    x, g = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    (x * x).backward(g, create_graph=True)
    first, x.grad = x.grad, None
    first.sum().backward()
    assert x.grad.value.tolist() == [6, 8]
    assert g.grad.value.tolist() == [2, 4]


# --------------------------------------------------------------------------------------- memory


def test_a_graph_is_freed_by_counting_references_alone(without_collector: None) -> None:
    x = leaf(X)
    h = x @ x
    y = mg.exp(h).sum() + h.mean()
    ends = [weakref.ref(h), weakref.ref(y)]
    del h, y
    assert [end() for end in ends] == [None, None]


def test_a_graph_is_freed_after_backward_by_counting_references(without_collector: None) -> None:
    x = leaf(X)
    h = x @ x
    y = mg.exp(h).sum() + h.mean()
    y.backward()
    ends = [weakref.ref(h), weakref.ref(y)]
    del h
    assert ends[0]() is None, "what was walked is let go while the end is still there"
    del y
    assert ends[1]() is None


def test_nodes_are_released_while_the_walk_goes_on(without_collector: None) -> None:
    x = leaf([1.0, 2.0])
    h = x * 2.0
    y = mg.exp(h)
    late = weakref.ref(y)
    y = y * 0.1
    alive = []
    h.register_hook(lambda g: alive.append(late()))
    y.sum().backward()
    assert alive == [None]


def test_memory_is_back_where_it_was_after_backward(without_collector: None) -> None:
    x = leaf(np.ones((100, 100)))

    def step() -> None:
        y = x
        for _ in range(50):
            y = mg.tanh(y * 0.5)
        y.sum().backward()

    step()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(3):
        step()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 2 * x.value.nbytes, "no more than the gradient itself"


# -------------------------------------------------------------------------------- the same again


def test_runs_are_the_same_to_the_last_bit() -> None:
    def run() -> list[bytes]:
        rng = np.random.default_rng(0)
        leaves = [leaf(rng.standard_normal((7, 7))) for _ in range(5)]
        h = leaves[0]
        for k in range(40):
            h = mg.tanh(h @ leaves[k % 5] + h * leaves[(3 * k) % 5])
        (h * h).sum().backward()
        return [x.grad.value.tobytes() for x in leaves]

    assert run() == run()


def test_edges_stand_in_the_order_of_the_inputs() -> None:
    a, b = leaf([1.0]), leaf([2.0])
    assert [(parent is a, place) for parent, _, place in (a * b).edges] == [(True, 0), (False, 1)]
    assert isinstance((a * b).edges, tuple)


def test_what_is_walked_is_in_the_order_of_birth() -> None:
    x = leaf(2.0)
    h = x * x
    y = mg.tanh(h) + h
    orders = [node.order for node in engine.ancestry([y])]
    assert orders == sorted(orders, reverse=True)
    assert len(orders) == len(set(orders)) == 4


def test_every_operation_is_listed_with_its_rule() -> None:
    rules: dict[str, Any] = engine.rules
    operation = differentiable(grow.__wrapped__)  # type: ignore[attr-defined]
    assert rules == {"grow": operation}


# ------------------------------------------------------------------------------ the dot product


def scalars() -> tuple[list[Any], list[Any]]:
    return [leaf(v) for v in (1.0, -2.0, 3.0)], [leaf(v) for v in (4.0, 5.0, -1.0)]


def test_dot_is_the_scalar_graph_in_one_node() -> None:
    w, x = scalars()
    end = w[0] * x[0] + w[1] * x[1] + w[2] * x[2]
    assert sum(node.rule is not None for node in engine.ancestry([end])) == 2 * 3 - 1
    (end * 3.0).backward()
    W, V = leaf([1.0, -2.0, 3.0]), leaf([4.0, 5.0, -1.0])
    one = dot(W, V)
    assert one.value == end.value == -9
    assert sum(node.rule is not None for node in engine.ancestry([one])) == 1
    (one * 3.0).backward()
    assert W.grad.value.tolist() == [float(a.grad.value) for a in w] == [12, 15, -3]
    assert V.grad.value.tolist() == [float(b.grad.value) for b in x] == [3, -6, 9]


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_dot_against_nudges(n: int) -> None:
    rng = np.random.default_rng(n)
    assert_gradients(lambda a, b: dot(a, b) * 3.0, rng.standard_normal(n), rng.standard_normal(n))


def test_the_nudges_would_notice_a_forgotten_factor() -> None:
    @differentiable
    def forgetful(x: Any, y: Any) -> Any:
        return x @ y, lambda g: y, lambda g: x

    with pytest.raises(AssertionError):
        assert_gradients(lambda a, b: forgetful(a, b) * 3.0, [1.0, 2.0], [3.0, 4.0])


def test_a_tensor_that_needs_a_gradient_is_no_option():
    @mg.differentiable
    def scaled(x, *, by):
        return x * by, lambda g: g * by

    needy = mg.tensor(2.0, requires_grad=True)
    for x in (mg.tensor([1.0, 2.0], requires_grad=True), mg.tensor([1.0, 2.0]), np.ones(2)):
        with pytest.raises(TypeError, match="scaled: no gradient flows to the option by; detach"):
            scaled(x, by=needy)
    assert scaled(mg.tensor([1.0]), by=2.0).tolist() == [2.0]


def test_the_innermost_handler_stands_around_an_operation_and_the_outer_around_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen = []

    def named(name: str) -> Callable[..., Any]:
        def handler(operation: Any, rule: Any, inputs: Any, options: Any) -> Any:
            seen.append((name, rule.__name__))
            return operation(*inputs, **options)

        return handler

    w, x = leaf([1.0, 2.0]), mg.tensor([3.0, 4.0], dtype=mg.float64)
    handlers = (named("outer"), named("inner"))
    monkeypatch.setattr(engine.state, "around", handlers)
    (w * x).sum().backward()
    assert seen == [(n, r) for r in ("mul", "sum") for n in ("inner", "outer")]
    assert engine.state.around is handlers
    assert w.grad.tolist() == [3.0, 4.0]


def test_a_handler_that_fails_leaves_the_others_standing(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: Any) -> Any:
        raise KeyError("mine")

    monkeypatch.setattr(engine.state, "around", (failing,))
    with pytest.raises(KeyError, match="mine"):
        leaf(1.0) * 2
    assert engine.state.around == (failing,)


def test_a_handler_stands_in_its_own_thread_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine.state, "around", (lambda *_: None,))
    results: list[Any] = []
    other = threading.Thread(target=lambda: results.append(leaf(3.0) * 2))
    other.start()
    other.join()
    assert results[0].item() == 6.0
