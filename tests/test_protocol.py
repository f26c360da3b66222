"""NumPy's names on tensors: they run our operations, and never lose a gradient in silence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.engine import Node, backward, differentiable
from minigrad.protocol import Protocol, answer, called, nodes_in, plain, spelled, spells

A = np.array([[1.0, -2.0, 3.0], [0.5, 4.0, -1.0]])
V = np.array([4.0, 5.0, -1.0])
EIGVALS = (
    "np.linalg.eigvals has no rule here, so no gradient could come back through it: give it "
    "tensor.detach(), or write a rule for it with @differentiable"
)


def leaf(value: Any) -> Any:
    return mg.tensor(np.array(value), requires_grad=True)


def constant(value: Any) -> Any:
    return mg.tensor(np.array(value))


def raises(kind: type[Exception], text: str) -> Any:
    return pytest.raises(kind, match=f"^{re.escape(text)}$")


# ---------------------------------------------------------------- our operation under their name

SAME: dict[str, Callable[[Any, Any], Any]] = {
    "exp": lambda np, t: np.exp(t),
    "tanh": lambda np, t: np.tanh(t),
    "abs": lambda np, t: np.abs(t),
    "sum": lambda np, t: np.sum(t),
    "sum, axis": lambda np, t: np.sum(t, axis=0),
    "sum, keepdims": lambda np, t: np.sum(t, axis=1, keepdims=True),
    "mean": lambda np, t: np.mean(t, axis=-1),
    "max": lambda np, t: np.max(t, axis=1) if np.__name__ == "numpy" else t.amax(1),
    "matmul": lambda np, t: np.matmul(t, V),
    "add": lambda np, t: np.add(t, V),
    "multiply": lambda np, t: np.multiply(V, t),
    "maximum": lambda np, t: np.maximum(t, constant(V) if np is mg else V),
    "where": lambda np, t: np.where(t > 0, t, 0.0),
    "reshape": lambda np, t: np.reshape(t, (3, 2)),
    "transpose": lambda np, t: np.transpose(t) if np.__name__ == "numpy" else t.T,
    "concatenate": lambda np, t: np.concatenate([t, t]),
    "stack": lambda np, t: np.stack([t, t]),
}


@pytest.mark.parametrize("call", SAME.values(), ids=SAME)
def test_numpys_name_gives_a_tensor_with_numpys_value_and_a_gradient(
    call: Callable[[Any, Any], Any],
) -> None:
    t = leaf(A)
    result, expected = call(np, t), call(np, A)
    assert isinstance(result, mg.Tensor)
    assert result.requires_grad
    assert result.shape == expected.shape
    assert np.allclose(result, expected)
    assert mg.gradcheck(lambda t: call(np, t), (t,))


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "@": lambda a, b: a @ b,
    "**": lambda a, b: abs(a) ** b,
}


@pytest.mark.parametrize("operator", OPERATORS.values(), ids=OPERATORS)
def test_an_array_on_the_left(operator: Callable[[Any, Any], Any]) -> None:
    v = leaf(V)
    result = operator(A, v)
    assert isinstance(result, mg.Tensor)
    assert np.allclose(result, operator(A, V))
    assert mg.gradcheck(lambda v: operator(A, v), (v,))


@pytest.mark.parametrize("operator", OPERATORS.values(), ids=OPERATORS)
def test_an_array_on_the_right(operator: Callable[[Any, Any], Any]) -> None:
    a = leaf(np.abs(A) + 1.0)
    result = operator(a, V)
    assert isinstance(result, mg.Tensor)
    assert np.allclose(result, operator(np.abs(A) + 1.0, V))
    assert mg.gradcheck(lambda a: operator(a, V), (a,))


def test_a_numpy_number_on_the_left() -> None:
    v = leaf(V)
    result = np.float64(2) * v
    assert isinstance(result, mg.Tensor)
    result.backward(mg.ones(3, dtype=mg.float64))
    assert v.grad.tolist() == [2.0, 2.0, 2.0]


def test_comparing_an_array_with_a_tensor() -> None:
    result = np.greater(V, leaf([0.0, 10.0, -2.0]))
    assert isinstance(result, mg.Tensor)
    assert result.tolist() == [True, False, True]


# ---------------------------------------------------------------- np.asarray


def test_asarray_is_a_view_and_read_only() -> None:
    t = leaf(A)
    array = np.asarray(t)
    assert type(array) is np.ndarray
    assert np.shares_memory(array, t.value)
    with raises(ValueError, "assignment destination is read-only"):
        array[0, 0] = 100.0
    assert t.tolist() == A.tolist()


def test_np_array_is_a_copy_of_ones_own() -> None:
    t = leaf(A)
    array = np.array(t)
    array[0, 0] = 100.0
    assert t.tolist() == A.tolist()


def test_asarray_of_another_dtype_and_of_a_number() -> None:
    assert np.asarray(leaf(A), np.float32).dtype == np.float32
    number = np.asarray(leaf(2.5))
    assert (number.shape, number.item()) == ((), 2.5)


def test_a_gradient_is_right_whatever_is_done_with_the_array() -> None:
    t = leaf(V)
    loss = (t * t).sum()
    part = np.asarray(t)[1:]
    with raises(ValueError, "output array is read-only"):
        part += 1.0
    loss.backward()
    assert t.grad.tolist() == (2 * V).tolist()


# ---------------------------------------------------------------- functions without a rule


def test_refused_when_a_gradient_would_be_lost() -> None:
    with raises(TypeError, EIGVALS):
        np.linalg.eigvals(leaf(np.eye(2)))


def test_refused_for_a_result_in_the_middle() -> None:
    with raises(TypeError, EIGVALS):
        np.linalg.eigvals(leaf(np.eye(2)) * 2)


def test_refused_when_a_tensor_hides_in_a_list_or_an_option() -> None:
    for call in (
        lambda t: np.block([[t], [t]]),
        lambda t: np.average(V, weights=t),
        lambda t: np.select([V > 0], [t]),
    ):
        with pytest.raises(TypeError, match=r"^np\.\w+ has no rule here"):
            call(leaf(V))


def test_answered_for_constants_by_an_array() -> None:
    result = np.linalg.eigvalsh(constant([[2.0, 0.0], [0.0, 3.0]]))
    assert type(result) is np.ndarray
    assert sorted(result.tolist()) == [2.0, 3.0]
    assert np.block([constant(V), constant(V)]).shape == (6,)


def test_answered_while_nothing_is_recorded() -> None:
    with mg.no_grad():
        assert np.linalg.det(leaf(np.eye(2))) == 1.0


def test_answered_after_detach() -> None:
    assert np.linalg.det(leaf(np.eye(2)).detach()) == 1.0


def test_looking_is_allowed() -> None:
    t = leaf(A)
    assert np.shape(t) == (2, 3)
    assert (np.ndim(t), np.size(t)) == (2, 6)
    assert np.result_type(t, np.float32) == np.float64
    assert np.array_equal(t, A) and np.allclose(A, t)
    assert np.isclose(t, A).all()
    assert np.array2string(t) == np.array2string(A)
    np.testing.assert_allclose(t, A)
    np.testing.assert_array_equal(A, t)


# ---------------------------------------------------------------- writing is refused


def test_out_is_refused() -> None:
    for t in (leaf(V), constant(V)):
        text = (
            "np.add: out= (or an array on the left of += and the like) would lose the gradient: "
            "write a = a + t"
        )
        with raises(TypeError, text):
            np.add(V, t, out=np.zeros(3))
        with raises(TypeError, text):
            np.add(V, V, out=t)
        with raises(TypeError, text):
            total = np.zeros(3)
            total += t


@pytest.mark.parametrize("method", ["reduce", "accumulate"])
def test_methods_of_universal_functions_are_refused(method: str) -> None:
    text = f"np.add.{method} does not take tensors: is there a function?"
    for t in (leaf(V), constant(V)):
        with raises(TypeError, text):
            getattr(np.add, method)(t)


def test_outer_and_at_are_refused() -> None:
    with raises(TypeError, "np.multiply.outer does not take tensors: is there a function?"):
        np.multiply.outer(V, leaf(V))
    with raises(TypeError, "np.add.at does not take tensors: is there a function?"):
        np.add.at(np.zeros(3), [0, 1, 2], leaf(V))


WRITERS: dict[str, Callable[[Any], Any]] = {
    "copyto": lambda t: np.copyto(t, 5.0),
    "fill_diagonal": lambda t: np.fill_diagonal(t, 5.0),
    "put_along_axis": lambda t: np.put_along_axis(t, np.array([[0], [0]]), 5.0, 1),
    "place": lambda t: np.place(t, np.ones((2, 3), bool), [5.0]),
    "putmask": lambda t: np.putmask(t, np.ones((2, 3), bool), 5.0),
    "out of a function": lambda t: np.nanmean(A[None], axis=0, out=t),
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_a_function_that_writes_cannot_change_a_tensor(write: Callable[[Any], Any]) -> None:
    t = constant(A)
    with pytest.raises((ValueError, TypeError)):
        write(t)
    assert t.tolist() == A.tolist()


# ---------------------------------------------------------------- the module itself


@pytest.fixture
def dictionary() -> Iterator[dict[Any, Any]]:
    """The names as they were, after a test that adds one."""
    before = dict(spelled)
    yield spelled
    spelled.clear()
    spelled.update(before)


def test_spells_enters_an_operation_under_every_name(dictionary: dict[Any, Any]) -> None:
    @spells(np.trace, np.linalg.det)
    def mine(*inputs: Any, **options: Any) -> Any:
        return inputs, options

    t = leaf(np.eye(2))
    assert dictionary[np.trace] is dictionary[np.linalg.det] is mine
    assert np.linalg.det(t) == ((t,), {})
    assert answer(np.trace, (t,), {"axis": 1, "keepdims": True, "k": 2}) == (
        (t,),
        {"dim": 1, "keepdim": True, "k": 2},
    )


def test_an_operation_of_ones_own_answers_to_numpys_name(dictionary: dict[Any, Any]) -> None:
    @spells(np.trace)
    @differentiable
    def trace(a: Any) -> Any:
        return np.trace(a), lambda g: g * np.eye(len(a))

    t = leaf(np.eye(3))
    assert mg.gradcheck(np.trace, (t,))
    np.trace(t).backward()
    assert t.grad.tolist() == np.eye(3).tolist()


def test_a_node_with_this_skill_alone() -> None:
    class Bare(Protocol, Node):
        __slots__ = ()

    t = Bare(V, requires_grad=True)
    result = np.matmul(A, t)
    backward(result, np.array([2.0, -1.0]))
    assert np.array_equal(t.grad, A.T @ np.array([2.0, -1.0]))


def test_names_as_people_write_them() -> None:
    assert called(np.exp) == "np.exp"
    assert called(np.sum) == "np.sum"
    assert called(np.linalg.norm) == "np.linalg.norm"


def test_nests_are_searched_and_replaced() -> None:
    t, u = constant(V), constant(A)
    nest = (t, [u, {"weights": t, "axis": 0}], 3)
    assert [id(node) for node in nodes_in(nest)] == [id(t), id(u), id(t)]
    first, (second, options), third = plain(nest)
    assert np.array_equal(first, V) and np.array_equal(second, A) and third == 3
    assert np.array_equal(options["weights"], V) and options["axis"] == 0
    assert not first.flags.writeable
    assert plain(constant(2.5)) == 2.5
