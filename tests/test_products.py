"""The four products of vectors and matrices, each by its rule (chapters 1, 3 and 4).

Products of every number of dimensions, and stacks, are tested in test_matmul.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.check import gradcheck
from minigrad.engine import Node, ShapeError, ancestry, backward
from minigrad.products import dot, matmat, matmul, matvec, numpys_dot, products, vecmat
from tests.gradients import LAYOUTS, assert_gradients

W = np.array([[1.0, -2.0, 3.0], [0.0, 4.0, -1.0]])
X = np.array([[4.0, 5.0, -1.0], [2.0, 0.0, 1.0]])
V = W.T.copy()
x = X[0]
g = np.array([2.0, -1.0])
G = np.array([[2.0, -1.0], [1.0, 3.0]])

# The gradients that scalar nodes give, worked out entry by entry: what every product has to match.
W_GRAD = [[8.0, 10.0, -2.0], [-4.0, -5.0, 1.0]]
X_GRAD = [[2.0, -8.0, 7.0], [1.0, 10.0, 0.0]]
V_GRAD = [[10.0, 2.0], [10.0, -5.0], [-1.0, 4.0]]

RULES = {
    dot: ((3,), (3,), ()),
    matvec: ((2, 3), (3,), (2,)),
    vecmat: ((2,), (2, 3), (3,)),
    matmat: ((2, 3), (3, 4), (2, 4)),
}
CORNERS = [
    (dot, (0,), (0,), ()),
    (dot, (1,), (1,), ()),
    (matvec, (1, 3), (3,), (1,)),
    (matvec, (3, 1), (1,), (3,)),
    (matvec, (2, 0), (0,), (2,)),
    (matvec, (0, 3), (3,), (0,)),
    (matvec, (0, 0), (0,), (0,)),
    (vecmat, (3,), (3, 1), (1,)),
    (vecmat, (1,), (1, 3), (3,)),
    (vecmat, (0,), (0, 2), (2,)),
    (vecmat, (3,), (3, 0), (0,)),
    (matmat, (1, 3), (3, 1), (1, 1)),
    (matmat, (3, 1), (1, 3), (3, 3)),
    (matmat, (2, 0), (0, 4), (2, 4)),
    (matmat, (0, 3), (3, 4), (0, 4)),
    (matmat, (2, 3), (3, 0), (2, 0)),
]


def leaf(value: Any) -> Node:
    return Node(value, requires_grad=True)


def numbers(shape: tuple[int, ...], seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape)


def after_backward(product: Callable[..., Any], a: Any, b: Any, upstream: Any) -> tuple[Any, Any]:
    """The gradients of both factors, their shapes compared first."""
    left, right = leaf(a), leaf(b)
    backward(product(left, right), upstream)
    assert left.grad.shape == left.shape
    assert right.grad.shape == right.shape
    return left.grad.value.tolist(), right.grad.value.tolist()


# ---------------------------------------------------------------- the numbers of the book


def test_dot_gives_the_stored_gradients() -> None:
    assert after_backward(dot, W[0], x, 1.0) == ([4.0, 5.0, -1.0], [1.0, -2.0, 3.0])


def test_dot_multiplies_by_what_arrives() -> None:
    assert after_backward(dot, W[0], x, -3.0) == ([-12.0, -15.0, 3.0], [-3.0, 6.0, -9.0])


def test_matvec_gives_the_stored_gradients() -> None:
    assert after_backward(matvec, W, x, g) == (W_GRAD, X_GRAD[0])


def test_vecmat_gives_them_turned() -> None:
    assert after_backward(vecmat, x, V, g) == (X_GRAD[0], np.transpose(W_GRAD).tolist())


def test_matmat_sums_the_weights_over_the_batch() -> None:
    assert after_backward(matmat, X, V, G) == (X_GRAD, V_GRAD)


def test_examples_of_a_batch_do_not_mix() -> None:
    for row in range(2):
        alone = after_backward(matmat, X[row : row + 1], V, G[row : row + 1])[0]
        assert alone == X_GRAD[row : row + 1]


def test_one_node_however_many_rows() -> None:
    assert len(ancestry([matvec(leaf(numbers((1000, 3))), leaf(x))])) == 3
    assert len(ancestry([matmat(Node(numbers((1000, 3))), leaf(V))])) == 2


# ---------------------------------------------------------------- every rule


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_values_shapes_and_gradients(rule: Any) -> None:
    left, right, shape = RULES[rule]
    a, b = numbers(left), numbers(right, 1)
    result = rule(leaf(a), leaf(b))
    assert result.shape == shape
    assert np.allclose(result.value, a @ b)
    assert gradcheck(rule, (leaf(a), leaf(b)))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_rule_that_turns_its_gradient_is_rejected(rule: Any) -> None:
    """The twin of the test above: it can fail."""
    left, right, _ = RULES[rule]

    def wrong(a: Any, b: Any) -> Any:
        result = rule(a, b)
        (first, pullback, place), *rest = result.edges
        result.edges = ((first, lambda g: -pullback(g), place), *rest)
        return result

    inputs = (leaf(numbers(left)), leaf(numbers(right, 1)))
    assert not gradcheck(wrong, inputs, raise_exception=False)


@pytest.mark.parametrize(("rule", "left", "right", "shape"), CORNERS)
def test_sizes_zero_and_one(rule: Any, left: Any, right: Any, shape: Any) -> None:
    a, b = leaf(numbers(left)), leaf(numbers(right, 1))
    result = rule(a, b)
    assert result.shape == shape
    assert gradcheck(rule, (a, b))
    backward(result, np.ones(shape))
    assert (a.grad.shape, b.grad.shape) == (left, right)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_memory_layout(rule: Any, layout: str) -> None:
    left, right, _ = RULES[rule]
    assert_gradients(mg.matmul, numbers(left), numbers(right, 1), layout=layout)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_value_and_gradients_keep_their_dtype(rule: Any, dtype: Any) -> None:
    left, right, shape = RULES[rule]
    a, b = leaf(numbers(left).astype(dtype)), leaf(numbers(right, 1).astype(dtype))
    result = rule(a, b)
    backward(result, np.ones(shape))
    assert result.dtype == a.grad.dtype == b.grad.dtype == dtype


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_plain_arrays_give_a_plain_array(rule: Any) -> None:
    left, right, _ = RULES[rule]
    result = rule(numbers(left), numbers(right, 1))
    assert not isinstance(result, Node)
    assert np.array_equal(result, numbers(left) @ numbers(right, 1))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_constant_factor_has_no_edge(rule: Any) -> None:
    left, right, _ = RULES[rule]
    a, b = leaf(numbers(left)), numbers(right, 1)
    result = rule(a, b)
    assert [place for _, _, place in result.edges] == [0]
    assert rule(Node(a), Node(b)).edges == ()


def test_writing_into_an_array_that_was_a_factor_changes_no_gradient() -> None:
    data, weights = x.copy(), leaf(W)
    result = matvec(weights, data)
    data[:] = 100.0
    backward(result, g)
    assert weights.grad.value.tolist() == W_GRAD


# ---------------------------------------------------------------- a factor used twice


def test_x_dot_x() -> None:
    v = leaf(x)
    backward(dot(v, v))
    assert v.grad.value.tolist() == (2 * x).tolist()


def test_a_square_matrix_times_itself() -> None:
    assert gradcheck(lambda a: matmat(a, a), leaf(numbers((3, 3))))


def test_a_matrix_times_itself_turned() -> None:
    a = mg.tensor(X, requires_grad=True)
    (a @ a.T).backward(mg.tensor(G))
    assert a.grad.shape == a.shape
    assert np.array_equal(a.grad, (G + G.T) @ X)


def test_a_quadratic_form() -> None:
    assert gradcheck(lambda a, v: dot(v, matvec(a, v)), (leaf(numbers((3, 3))), leaf(x)))


def test_a_hidden_vector_used_by_two_products() -> None:
    def both(a: Any, b: Any, c: Any, v: Any) -> Any:
        h = matvec(a, v)
        return dot(matvec(b, h), matvec(c, h))

    shapes = ((4, 3), (2, 4), (2, 4), (3,))
    assert gradcheck(both, [leaf(numbers(shape, i)) for i, shape in enumerate(shapes)])


# ---------------------------------------------------------------- the table


def test_the_table_names_a_rule_for_each_pair() -> None:
    table = {(1, 1): dot, (2, 1): matvec, (1, 2): vecmat, (2, 2): matmat}
    assert {pair: products[pair] for pair in table} == table


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_matmul_chooses_by_dimensions(rule: Any) -> None:
    left, right, shape = RULES[rule]
    result = matmul(leaf(numbers(left)), leaf(numbers(right)))
    assert result.rule.__name__ == rule.__name__
    assert result.shape == shape


def test_numpys_dot_is_matmul_up_to_two_dimensions() -> None:
    for left, right, shape in RULES.values():
        assert np.dot(mg.ones(*left), mg.ones(*right)).shape == shape
    with raises(ShapeError, "np.dot: [1, 2, 2] and [2] do not fit: it takes one or two dimensions"):
        numpys_dot(np.ones((1, 2, 2)), mg.ones(2))


# ---------------------------------------------------------------- errors


def raises(kind: type[Exception], text: str) -> Any:
    return pytest.raises(kind, match=f"^{re.escape(text)}")


MISFITS = [
    (dot, (3,), (2,), "dot: [3] and [2] do not fit: it takes two vectors of one length"),
    (dot, (2, 3), (3,), "dot: [2, 3] and [3] do not fit: it takes two vectors of one length"),
    (dot, (), (), "dot: [] and [] do not fit: it takes two vectors of one length"),
    (matvec, (2, 3), (2,), "matvec: [2, 3] and [2] do not fit: it takes (m, n) and (n,)"),
    (matvec, (2, 3), (3, 1), "matvec: [2, 3] and [3, 1] do not fit: it takes (m, n) and (n,)"),
    (matvec, (3,), (3,), "matvec: [3] and [3] do not fit: it takes (m, n) and (n,)"),
    (vecmat, (3,), (2, 3), "vecmat: [3] and [2, 3] do not fit: it takes (m,) and (m, n)"),
    (vecmat, (1, 3), (3, 2), "vecmat: [1, 3] and [3, 2] do not fit: it takes (m,) and (m, n)"),
    (matmat, (2, 3), (2, 3), "matmat: [2, 3] and [2, 3] do not fit: it takes (m, k) and (k, n)"),
    (matmat, (2, 3), (3,), "matmat: [2, 3] and [3] do not fit: it takes (m, k) and (k, n)"),
    (matmul, (3, 1), (3,), "matvec: [3, 1] and [3] do not fit: it takes (m, n) and (n,)"),
    (matmul, (), (3,), "matmul: [] and [3] do not fit: each needs one dimension or more"),
    (matmul, (2, 3), (), "matmul: [2, 3] and [] do not fit: each needs one dimension or more"),
]


@pytest.mark.parametrize(("product", "left", "right", "text"), MISFITS)
def test_shapes_that_do_not_fit(product: Any, left: Any, right: Any, text: str) -> None:
    with raises(ShapeError, text):
        product(leaf(np.ones(left)), leaf(np.ones(right)))


@pytest.mark.parametrize("factor", [2, 2.0, True, [1.0, 2.0], "ab", None, np.float64(2)])
def test_what_is_no_factor(factor: Any) -> None:
    kind = type(factor).__name__
    text = f"matmul: it takes tensors and arrays, not {kind}; for numbers use *"
    with raises(TypeError, text):
        mg.ones(2) @ factor
    with raises(TypeError, text):
        factor @ mg.ones(2)


def test_two_precisions_do_not_mix() -> None:
    with raises(RuntimeError, "matmul: float32 @ float64: convert one of them first"):
        mg.ones(2) @ mg.ones(2, dtype=mg.float64)
    with raises(RuntimeError, "matmul: float32 @ int64: convert one of them first"):
        mg.ones(2, 2) @ mg.arange(2)
    with raises(RuntimeError, "matmul: float64 @ float32: convert one of them first"):
        np.ones(2) @ mg.ones(2)


def test_a_gradient_of_another_shape_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"^backward: the gradient is float64\[2, 1\]"):
        backward(matvec(leaf(W), x), g.reshape(2, 1))
