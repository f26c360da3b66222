"""Changing data: each statement of chapter 6 about x += y, x[i] = v and parts.

Every way of changing data between forward and backward gives the right gradient for the values
that were used, or a clear error.
"""

from __future__ import annotations

import gc
import re
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad as mg
from minigrad.check import gradcheck
from minigrad.engine import ShapeError

W = np.array([[1.0, -2.0, 3.0], [0.5, 4.0, -1.0]])  # weighs what comes out


def leaf(value: Any) -> Any:
    return mg.tensor(np.array(value, float), requires_grad=True)


def constant(value: Any) -> Any:
    return mg.tensor(np.array(value, float))


def raises(kind: type[Exception], text: str) -> Any:
    return pytest.raises(kind, match=f"^{re.escape(text)}$")


LEAF = (
    "a leaf that requires a gradient cannot be changed in place while operations are recorded: "
    "do it under no_grad()"
)
STALE = "the tensor this is a part of has changed since the part was taken: take it again"
X = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


# ---------------------------------------------------------------- between forward and backward


def take_step(p: Any) -> None:
    p -= 0.5 * constant(X)


def through_data(p: Any) -> None:
    p.data -= 0.5 * constant(X)


def set_data(p: Any) -> None:
    p.data = np.zeros((2, 3))


def row_of_data(p: Any) -> None:
    p.data[0] = 7.0


def row(p: Any) -> None:
    p[0] = 7.0


def by_mask(p: Any) -> None:
    p[p > 2] = 0.0


def column(p: Any) -> None:
    p[:, 1] += 1.0


def part_of_a_part(p: Any) -> None:
    p[1][1:] *= 3.0


def detached(p: Any) -> None:
    p.detach().zero_()


def turned(p: Any) -> None:
    p.T[0] = 5.0


CHANGES: list[Callable[[Any], None]] = [
    *(take_step, through_data, set_data, row_of_data, row, by_mask, column),
    *(part_of_a_part, detached, turned),
    lambda p: p.fill_(3.0),
    lambda p: p.zero_(),
    lambda p: p.copy_(constant(-X)),
    lambda p: p.mul_(2.0),
    lambda p: p.clamp_(0.0, 1.0),
    lambda p: p.uniform_(),
    lambda p: p.exp_(),
    lambda p: p.view(-1)[2:].fill_(9.0),
]
USES: list[Callable[[Any], Any]] = [
    lambda p: p * p,
    lambda p: p.exp(),
    lambda p: p @ p.T @ p,
    lambda p: p[[1, 1]] * p,
    lambda p: p / (p + 1),
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("use", USES)
def test_a_parameter_changed_after_its_use_has_the_gradient_of_the_use(
    use: Callable[[Any], Any], change: Callable[[Any], None]
) -> None:
    """Under no_grad, as optimizers and initialisers do it."""
    untouched, p = leaf(X), leaf(X)
    use(untouched).backward(W)
    y = use(p)
    with mg.no_grad():
        change(p)
    assert not np.array_equal(p.value, X)
    y.backward(W)
    assert p.grad.shape == p.shape
    np.testing.assert_array_equal(p.grad.value, untouched.grad.value)
    assert p.is_leaf
    assert p.requires_grad


@pytest.mark.parametrize("change", [through_data, set_data, row_of_data, detached])
def test_data_of_a_parameter_may_be_changed_while_operations_are_recorded(
    change: Callable[[Any], None],
) -> None:
    p = leaf(X)
    y = p * p
    change(p)
    assert not np.array_equal(p.value, X)
    y.backward(W)
    np.testing.assert_array_equal(p.grad.value, 2 * X * W)
    assert p.is_leaf


@pytest.mark.parametrize("change", CHANGES)
def test_data_changed_after_its_use_does_not_change_the_gradient(
    change: Callable[[Any], None],
) -> None:
    w, data = leaf(X), constant(X)
    y = w * data
    change(data)
    assert not np.array_equal(data.value, X)
    y.backward(W)
    np.testing.assert_array_equal(w.grad.value, X * W)


RECORDED = [c for c in CHANGES if c is not detached and "data" not in c.__name__]


@pytest.mark.parametrize("change", RECORDED)
def test_a_result_changed_after_its_use_is_used_as_it_was(change: Callable[[Any], None]) -> None:
    """Recorded: the square is of the old numbers, the rest of the new ones."""
    x = leaf(X)
    h = x * 1
    square = h * h
    state = mg.manual_seed(0)  # uniform_ draws the same numbers again below
    change(h)
    (square + h).backward(W)
    state.manual_seed(0)
    old, new = x.grad, leaf(X)
    again = new * 1
    change(again)
    if again.requires_grad:
        again.backward(W)
    rest = new.grad.value if new.grad is not None else 0
    np.testing.assert_allclose(old.value, 2 * X * W + rest)


@pytest.mark.parametrize(
    "change", [through_data, set_data, row_of_data, detached, take_step, row, by_mask]
)
def test_a_result_given_other_data_unrecorded_is_an_error(change: Callable[[Any], None]) -> None:
    x = leaf(X)
    h = x * 2
    y = h * h
    with (
        mg.no_grad(),
        raises(
            RuntimeError,
            "this tensor was made by mul: other data would cut it off from how it was made; use "
            "its detach().clone()",
        ),
    ):
        change(h)
    np.testing.assert_array_equal(h.value, 2 * X)
    y.backward(W)
    np.testing.assert_array_equal(x.grad.value, 8 * X * W)


@pytest.mark.parametrize("change", [take_step, row, by_mask, column, part_of_a_part, turned])
def test_a_leaf_is_not_changed_while_operations_are_recorded(
    change: Callable[[Any], None],
) -> None:
    p = leaf(X)
    with raises(RuntimeError, LEAF):
        change(p)
    np.testing.assert_array_equal(p.value, X)


def test_writing_into_the_array_that_was_handed_in_changes_nothing() -> None:
    handed, seed = X.copy(), W.copy()
    x = mg.tensor(handed, requires_grad=True)
    y = x * x * handed
    handed[:] = 100.0
    y.backward(seed)
    seed[:] = 100.0
    np.testing.assert_array_equal(x.value, X)
    np.testing.assert_array_equal(x.grad.value, 2 * X * X * W)


@pytest.mark.parametrize(
    "view",
    [
        np.asarray,
        lambda x: x.detach().numpy(),
        lambda x: np.asarray(x)[0],
        lambda x: np.asarray(x.T),
    ],
)
def test_an_array_taken_out_cannot_be_written_to(view: Callable[[Any], Any]) -> None:
    x = leaf(X)
    with pytest.raises(ValueError, match="read-only"):
        view(x)[...] = 0.0


def test_a_view_taken_earlier_writes_into_the_tensor_and_not_into_the_graph() -> None:
    p = leaf(X)
    flat = p.detach().view(-1)
    y = p * p
    flat[0] = 50.0
    assert p.value[0, 0] == 50.0
    y.backward(W)
    np.testing.assert_array_equal(p.grad.value, 2 * X * W)


def test_a_second_derivative_of_changed_data_is_an_error() -> None:
    x = leaf(X)
    y = x * x * x
    with mg.no_grad():
        x += 1.0
    with raises(
        RuntimeError,
        "an input of mul was given other data since: create_graph=True needs it as it was",
    ):
        y.sum().backward(create_graph=True)


def test_gradients_may_be_changed_by_hand() -> None:
    x = leaf(X)
    (x * 2.0).backward(W)
    first = x.grad
    x.grad *= 0.5
    x.grad[0] = 0.0
    assert first is x.grad
    (x * 2.0).backward(W)
    np.testing.assert_array_equal(x.grad.value, [[2.0, -4.0, 6.0], [1.5, 12.0, -3.0]])


# ---------------------------------------------------------------- whatever the order of uses


def test_before_and_after_a_change() -> None:
    x = leaf(3.0)
    h = x * 2
    before = h * h
    h *= 3
    after = h * h
    for end, slope in ((before, 24.0), (after, 216.0), (before + after, 240.0)):
        x.grad = None
        end.backward(retain_graph=True)
        assert x.grad.item() == slope


def test_a_tensor_added_to_itself() -> None:
    for change, slope in (
        ("h += h", 2.0),
        ("h *= h", 6.0),
        ("h -= h", 0.0),
        ("h[...] = h * h", 6.0),
    ):
        x = leaf(3.0)
        spaces = {"h": x * 1}
        exec(change, spaces)
        spaces["h"].backward()
        assert x.grad.item() == slope, change


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from("abcdefg"), max_size=7))
def test_any_program_of_changes_and_uses_is_differentiated_rightly(steps: list[str]) -> None:
    """Against nudges: h is used, changed, read in parts and written in parts, in any order."""

    def program(x: Any) -> Any:
        h, total = x * 1.0, x * 0.5
        for step in steps:
            if step == "a":
                total = total + h * h
            elif step == "b":
                h *= x
            elif step == "c":
                h[0] = h[1] * x[2]
            elif step == "d":
                h[1:] += h[:2]
            elif step == "e":
                total += h
            elif step == "f":
                h[[2, 0]] = total[:2]
            else:
                part = h[::2]
                part -= total[1]
        return total + h

    assert gradcheck(program, leaf([0.5, -0.7, 0.9]))


def test_a_buffer_filled_from_itself() -> None:
    w = leaf([[0.5, -1.0], [2.0, 0.3]])

    def states(w: Any) -> Any:
        rows = mg.zeros(4, 2, dtype=mg.float64)
        rows[0] = w[0]
        for t in range(1, 4):
            rows[t] = (rows[t - 1] @ w).tanh()
        return rows

    def listed(w: Any) -> Any:
        rows = [w[0]]
        for _ in range(3):
            rows.append((rows[-1] @ w).tanh())
        return mg.stack(rows)

    np.testing.assert_array_equal(states(w).value, listed(w).value)
    assert gradcheck(states, w)


def test_the_twin_is_what_makes_it_right() -> None:
    """The proof that these tests can fail: data poked into the array itself gives a wrong one."""
    x = leaf(X)
    y = x * x
    x.value[0, 0] = 100.0
    y.backward(W)
    assert x.grad.value[0, 0] == 200.0


def test_what_changed_is_freed_after_backward_without_the_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        x = leaf(X)
        h = x * 1
        h[0] = h[1] * 2
        h *= h
        alive = weakref.ref(h)
        h.sum().backward()
        del h
        assert alive() is None
    finally:
        gc.enable()


# ---------------------------------------------------------------- parts and wholes


def test_a_change_of_a_part_reaches_the_whole() -> None:
    x = mg.zeros(2, 3)
    part = x[0]
    part += 1
    part[2] = 7.0
    x.T[0][1] = 5.0
    assert x.tolist() == [[1.0, 1.0, 7.0], [5.0, 0.0, 0.0]]
    assert part.tolist() == [1.0, 1.0, 7.0]


def test_a_pick_by_list_or_mask_is_a_copy() -> None:
    x = mg.zeros(3)
    for copy in (x[[0, 1]], x[x == 0], x[0:2].clone(), x.detach().clone()):
        copy += 1
    assert x.tolist() == [0.0] * 3


def test_a_part_keeps_the_values_it_was_taken_with() -> None:
    x = mg.zeros(2, 3)
    part = x[0]
    x += 1
    assert part.tolist() == [0.0] * 3
    assert x[0].tolist() == [1.0] * 3


def test_writing_through_a_stale_part_is_an_error() -> None:
    for taken in (lambda x: x[0], lambda x: x.T, lambda x: x.view(-1), lambda x: x.detach()):
        x = mg.zeros(2, 3)
        part = taken(x)
        x += 1
        with raises(RuntimeError, STALE):
            part += 1
        assert x.tolist() == [[1.0] * 3] * 2


def test_writing_through_a_stale_part_of_a_recorded_tensor_is_an_error() -> None:
    """Although its numbers are the same, they were made otherwise."""
    x = leaf(X)
    h = x * 1
    part = h[0]
    h *= 1.0
    with raises(RuntimeError, STALE):
        part += 1


def test_rows_taken_together_may_be_changed_one_by_one() -> None:
    x = mg.tensor([[1.0, 3.0], [float("nan"), 1.0], [2.0, 2.0]])
    for part in x:
        part /= part[1]
    np.testing.assert_allclose(x.value, [[1 / 3, 1.0], [np.nan, 1.0], [1.0, 1.0]], rtol=1e-6)


def test_a_recorded_part_that_changes_takes_its_gradient_along() -> None:
    def program(x: Any) -> Any:
        h = x * 2
        part = h[0]
        part *= x[1]
        return h * part

    assert gradcheck(program, leaf(X))


# ---------------------------------------------------------------- what stays


def test_the_object_stays_and_so_do_shape_and_dtype() -> None:
    x = mg.ones(2, 3)
    same = x
    x += mg.ones(3, dtype=mg.float64)
    x[0] = np.float64(3)
    assert same is x
    assert x.dtype == mg.float32
    assert x.shape == (2, 3)


@pytest.mark.parametrize(
    ("kind", "start", "change", "text"),
    [
        (
            ShapeError,
            mg.ones(3),
            lambda x: x.add_(mg.ones(2, 3)),
            "in place, float32[3] cannot become float32[2, 3]",
        ),
        (
            RuntimeError,
            mg.tensor([1, 2]),
            lambda x: x.div_(2),
            "in place, int64 cannot hold float32: write x = x … instead",
        ),
        (
            RuntimeError,
            mg.tensor([1, 2]),
            lambda x: x.mul_(1.5),
            "in place, int64 cannot hold float32: write x = x … instead",
        ),
        (
            RuntimeError,
            mg.tensor([True]),
            lambda x: x.add_(1),
            "in place, bool cannot hold int64: write x = x … instead",
        ),
    ],
)
def test_errors_of_changes(
    kind: type[Exception], start: Any, change: Callable[[Any], Any], text: str
) -> None:
    before = start.tolist()
    with raises(kind, text):
        change(start)
    assert start.tolist() == before


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("x += y", [5.0, 3.0]),
        ("x -= y", [-1.0, 1.0]),
        ("x *= y", [6.0, 2.0]),
        ("x /= y", [2 / 3, 2.0]),
        ("x **= 2", [4.0, 4.0]),
    ],
)
def test_operators_change_their_left_side(change: str, expected: list[float]) -> None:
    x, y = constant([2.0, 2.0]), leaf([3.0, 1.0])
    spaces = {"x": x, "y": y}
    exec(change, spaces)
    assert spaces["x"] is x
    np.testing.assert_allclose(x.value, expected)
    assert x.requires_grad == ("y" in change)
