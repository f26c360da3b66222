"""Products of vectors, matrices and stacks of them: every pair of dimensions, every gradient."""

from __future__ import annotations

import operator
import re
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minigrad as mg
from minigrad.products import batched, dot, matmat, matvec, products, vecmat
from tests.gradients import LAYOUTS, assert_gradients, leaf, peak
from tests.needs import installed_torch

PAIRS = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3, 4)),
    ((1, 3), (3,)),
    ((3, 1), (1,)),
    ((1,), (1, 3)),
    ((1, 1), (1, 1)),
    ((5, 2, 3), (3,)),
    ((3,), (5, 3, 2)),
    ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
    ((5, 2, 3), (5, 3, 4)),
    ((1, 2, 3), (5, 3, 4)),
    ((5, 2, 3), (1, 3, 4)),
    ((4, 1, 2, 3), (5, 3, 2)),
    ((4, 5, 2, 3), (5, 3, 2)),
    ((4, 5, 2, 3), (3, 2)),
    ((4, 1, 2, 3), (1, 5, 3, 2)),
    ((3,), (4, 5, 3, 2)),
    ((4, 5, 2, 3), (3,)),
    ((1, 1, 2, 3), (3, 2)),
    ((0, 2, 3), (3, 4)),
    ((2, 0), (0, 3)),
    ((5, 2, 0), (0, 3)),
    ((0,), (0,)),
]
layouts = st.sampled_from(sorted(LAYOUTS))
quick = settings(max_examples=60, deadline=None)


@pytest.fixture(scope="module")
def torch() -> ModuleType:
    return installed_torch()


def numbers(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).uniform(-2, 2, shape)


# ---------------------------------------------------------------- gradients


@pytest.mark.parametrize(("left", "right"), PAIRS)
def test_every_pair_of_dimensions(left: Any, right: Any) -> None:
    """Row 14 of the seeds, with random weights on the output (row 11), shapes first (row 12)."""
    a, b = numbers(*left), numbers(*right, seed=1)
    np.testing.assert_allclose(np.asarray(leaf(a).detach() @ leaf(b).detach()), a @ b)
    assert_gradients(operator.matmul, a, b)


@quick
@given(
    hnp.mutually_broadcastable_shapes(
        signature=np.matmul.signature, max_dims=2, min_side=0, max_side=3
    ),
    layouts,
)
def test_every_stack_broadcasts(found: Any, layout: str) -> None:
    left, right = found.input_shapes
    assume(len(left) <= 4 and len(right) <= 4)
    a, b = numbers(*left), numbers(*right, seed=1)
    assert (mg.tensor(a) @ mg.tensor(b)).shape == found.result_shape
    assert_gradients(operator.matmul, a, b, layout=layout)


@pytest.mark.parametrize(("left", "right"), PAIRS)
def test_as_in_torch(torch: ModuleType, left: Any, right: Any) -> None:
    results = []
    for library in (mg, torch):
        x = library.tensor(numbers(*left), requires_grad=True)
        y = library.tensor(numbers(*right, seed=1), requires_grad=True)
        z = x @ y
        z.backward(library.tensor(numbers(*z.shape, seed=2)))
        results.append([np.asarray(t.detach()) for t in (z, x.grad, y.grad)])
    for ours, theirs in zip(*results, strict=True):
        assert ours.shape == theirs.shape and ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-14)


@pytest.mark.filterwarnings("ignore:Using backward:UserWarning")
@pytest.mark.parametrize(("left", "right"), PAIRS)
def test_second_derivatives_as_in_torch(torch: ModuleType, left: Any, right: Any) -> None:
    results = []
    for library in (mg, torch):
        x = library.tensor(numbers(*left), requires_grad=True)
        y = library.tensor(numbers(*right, seed=1), requires_grad=True)
        ((x @ y) ** 2).sum().backward(create_graph=True)
        first = (x.grad**2).sum() + (y.grad * 3).sum()
        x.grad = y.grad = None
        first.backward()
        results.append([np.asarray(t.detach()) for t in (x.grad, y.grad)])
    for ours, theirs in zip(*results, strict=True):
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("shape", [(3,), (3, 3), (2, 3, 3), (2, 2, 3, 3)])
def test_a_leaf_used_twice(shape: Any) -> None:
    """Row 2 of the seeds: x @ x and x @ x.T."""
    assert_gradients(lambda x: x @ x, numbers(*shape))
    if len(shape) > 1:
        assert_gradients(lambda x: x @ x.transpose(-1, -2), numbers(*shape))


def test_the_rules_by_their_names() -> None:
    for rule, left, right in [
        (dot, (3,), (3,)),
        (matvec, (2, 3), (3,)),
        (vecmat, (2,), (2, 3)),
        (matmat, (2, 3), (3, 4)),
        (batched, (2, 1, 2, 3), (4, 3, 2)),
    ]:
        for layout in LAYOUTS:
            assert_gradients(rule, numbers(*left), numbers(*right, seed=1), layout=layout)


def test_the_table_is_complete() -> None:
    assert products.keys() == {(i, j) for i in (1, 2, 3) for j in (1, 2, 3)}
    assert {n for n, rule in mg.rules.items() if rule.__module__ == "minigrad.products"} == {
        *("dot", "matvec", "vecmat", "matmat", "batched")
    }


def test_a_wrong_gradient_is_noticed() -> None:
    """The twin: a transpose forgotten, right only for symmetric matrices."""

    @mg.differentiable
    def forgetful(A: Any, B: Any) -> Any:
        return A @ B, lambda g: g @ B, lambda g: A.T @ g

    del mg.rules["forgetful"]
    with pytest.raises(AssertionError):
        assert_gradients(forgetful, numbers(3, 3), numbers(3, 3, seed=1))


# ---------------------------------------------------------------- constants and dtypes


@pytest.mark.parametrize(("left", "right"), PAIRS)
def test_constants_and_arrays_on_either_side(left: Any, right: Any) -> None:
    """Rows 16 and 18 of the seeds."""
    a, b = numbers(*left), numbers(*right, seed=1)
    data = mg.tensor(b)
    assert_gradients(lambda t: t @ data, a)
    assert data.grad is None
    assert_gradients(lambda t: t @ b, a)
    assert_gradients(lambda t: a @ t, b)
    assert_gradients(lambda t: np.matmul(a, t), b)


@pytest.mark.parametrize(("left", "right"), PAIRS)
def test_single_precision_stays(left: Any, right: Any) -> None:
    """Row 17 of the seeds."""
    x, y = (leaf(numbers(*shape).astype(np.float32)) for shape in (left, right))
    z = x @ y
    z.backward(mg.ones(*z.shape) if z.shape else None)
    assert z.dtype == x.grad.dtype == y.grad.dtype == mg.float32


def test_whole_numbers_multiply_whole() -> None:
    n = mg.tensor([[1, 2], [3, 4]])
    assert (n @ n).tolist() == [[7, 10], [15, 22]] and (n @ n).dtype == mg.int64


# ---------------------------------------------------------------- memory


@pytest.mark.parametrize("weight_first", [False, True])
def test_no_stack_of_gradients_for_a_shared_weight(weight_first: bool) -> None:
    """Row 24 of the seeds: the tempting way allocates 64 gradients of the weight's size."""
    n, data = 128, np.ones((64, 4, 128))
    weight = leaf(np.ones((n, n)))
    if weight_first:
        data = np.swapaxes(data, -1, -2).copy()
    z = weight @ mg.tensor(data) if weight_first else mg.tensor(data) @ weight
    g = mg.tensor(np.ones(z.shape))
    assert peak(lambda: z.backward(g)) < 4 * data.nbytes + 2 * weight.value.nbytes
    assert 64 * weight.value.nbytes > 20 * data.nbytes


def test_broadcast_stacks_are_not_stored() -> None:
    """(30, 1) stacks of queries against (1, 30) of keys: neither is copied thirty times."""
    a, b = leaf(np.ones((30, 1, 2, 200))), leaf(np.ones((1, 30, 200, 2)))
    copied = 30 * a.value.nbytes
    assert peak(lambda: a @ b) < copied / 5
    z = a @ b
    g = mg.tensor(np.ones(z.shape))
    assert peak(lambda: z.backward(g)) < copied / 2


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("left", "right", "text"),
    [
        ((2, 3), (2,), "matvec: [2, 3] and [2] do not fit: it takes (m, n) and (n,)"),
        ((2,), (3, 2), "vecmat: [2] and [3, 2] do not fit: it takes (m,) and (m, n)"),
        ((2, 3), (2, 3), "matmat: [2, 3] and [2, 3] do not fit: it takes (m, k) and (k, n)"),
        (
            (5, 2, 3),
            (2, 3),
            "batched: [5, 2, 3] and [2, 3] do not fit: it takes (..., m, k) and (..., k, n), "
            "the dots broadcast",
        ),
        (
            (5, 2, 3),
            (4, 3, 2),
            "batched: [5, 2, 3] and [4, 3, 2] do not fit: it takes (..., m, k) and (..., k, n), "
            "the dots broadcast",
        ),
        (
            (5, 2, 3),
            (2,),
            "batched: [5, 2, 3] and [2] do not fit: it takes (..., m, k) and (..., k, n), "
            "the dots broadcast",
        ),
        ((3,), (4,), "dot: [3] and [4] do not fit: it takes two vectors of one length"),
        (
            (2, 3),
            (),
            "matmul: [2, 3] and [] do not fit: each needs one dimension or more; for numbers use *",
        ),
    ],
)
def test_shapes_that_do_not_fit(left: Any, right: Any, text: str) -> None:
    for a, b in ((mg.ones(left), mg.ones(right)), (leaf(np.ones(left)), np.ones(right))):
        with pytest.raises(mg.ShapeError, match=f"^{re.escape(text)}$"):
            a @ b
    with pytest.raises(RuntimeError):
        mg.ones(left) @ mg.ones(right)
