"""Reductions: many numbers become one, and each gets its share of what comes back."""

from __future__ import annotations

import itertools
import tracemalloc
import warnings

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

import minigrad as mg
from minigrad.check import gradcheck

ALL_AXES = ["sum", "mean", "amax", "amin", "logsumexp", "var", "std", "norm"]
NUMPYS = {"amax": np.max, "amin": np.min, "sum": np.sum, "mean": np.mean}
NUMPYS |= {"var": lambda x, a, **o: np.var(x, a, ddof=1, **o)}
NUMPYS |= {"std": lambda x, a, **o: np.std(x, a, ddof=1, **o)}
NUMPYS |= {"logsumexp": lambda x, a, **o: np.log(np.sum(np.exp(x), a, **o))}
NUMPYS |= {"norm": lambda x, a, **o: np.sqrt(np.sum(x * x, a, **o))}


def drawn(shape):
    return np.random.default_rng(0).standard_normal(shape)


@pytest.mark.parametrize("name", ALL_AXES)
@given(array_shapes(min_dims=0, max_dims=4, min_side=1, max_side=3), st.data(), st.booleans())
def test_over_any_axes_value_shape_and_gradient_are_right(name, shape, data, keep):
    n = len(shape)
    axes = data.draw(st.lists(st.integers(-n, n - 1), max_size=n) if n else st.just([]))
    assume(len({axis % n for axis in axes}) == len(axes))
    axes = tuple(axes) or tuple(range(n))
    count = np.prod([shape[axis] for axis in axes], dtype=int)
    assume(count > 1 or name not in ("var", "std"))
    x = mg.tensor(drawn(shape), requires_grad=True)

    def operation(t):
        return getattr(t, name)(dim=axes, keepdim=keep)

    y = operation(x)
    expected = NUMPYS[name](drawn(shape), axes, keepdims=keep)
    assert y.shape == expected.shape
    np.testing.assert_allclose(y.detach().numpy(), expected)
    assert gradcheck(operation, [x])


@pytest.mark.parametrize("name", ["prod", "cumsum", "cumprod", "sort", "median", "max", "min"])
@pytest.mark.parametrize("dim", [0, 1, -1])
def test_along_one_axis_the_gradient_is_what_nudging_says(name, dim):
    def operation(t):
        y = getattr(t, name)(dim)
        return y[0] if isinstance(y, tuple) else y

    assert gradcheck(operation, [mg.tensor(drawn((3, 4)), requires_grad=True)])


@pytest.mark.parametrize("zeros", [[1], [0, 2], [0, 1, 2, 3]])
@pytest.mark.parametrize("name", ["prod", "cumprod"])
def test_products_are_right_where_entries_are_zero(name, zeros):
    array = drawn((2, 4))
    array[:, zeros] = 0
    assert gradcheck(lambda t: getattr(t, name)(1), [mg.tensor(array, requires_grad=True)])


def test_ties_share_where_no_place_is_named_and_go_to_the_place_where_one_is():
    for name, expected in (("amax", [2.0, 0.0, 2.0, 2.0]), ("max", [6.0, 0.0, 0.0, 0.0])):
        x = mg.tensor([3.0, 1.0, 3.0, 3.0], requires_grad=True)
        y = getattr(x, name)(0)
        (y if name == "amax" else y.values).backward(mg.tensor(6.0))
        assert x.grad.tolist() == expected
    x = mg.tensor([3.0, 1.0, 3.0, 3.0], requires_grad=True)
    x.max().backward(mg.tensor(6.0))
    assert x.grad.tolist() == [2.0, 0.0, 2.0, 2.0]


def test_places_are_whole_numbers_that_need_no_gradient():
    x = mg.tensor([[3.0, 1.0], [0.0, 5.0]], requires_grad=True)
    for places in (x.argmax(1), x.argmin(), x.argsort(), x.max(1).indices, x.topk(1).indices):
        assert places.dtype == mg.int64
        assert not places.requires_grad


def test_logsumexp_never_overflows_and_never_warns():
    x = mg.tensor([1e4, -1e4, 0.0], dtype=mg.float64, requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y = x.logsumexp(0)
        y.backward()
    assert y.item() == 1e4
    assert x.grad.tolist() == [1.0, 0.0, 0.0]


def test_a_mean_in_another_dtype_returns_its_gradient_in_the_dtype_of_the_input():
    x = mg.tensor([[1.0, 2.0], [3.0, 5.0]], requires_grad=True)
    y = x.mean(1, dtype=mg.float64)
    y.backward(mg.tensor([2.0, 4.0], dtype=mg.float64))
    assert (y.dtype, y.tolist()) == (mg.float64, [1.5, 4.0])
    assert (x.grad.dtype, x.grad.tolist()) == (mg.float32, [[1.0, 1.0], [2.0, 2.0]])
    assert mg.arange(4).mean(dtype=mg.float32).item() == 1.5


def test_variance_of_numbers_far_from_zero_is_right():
    x = mg.tensor(np.array([0.0, 1.0, 2.0]) + 1e8)
    assert x.var(unbiased=False).item() == pytest.approx(2 / 3)


def test_equal_numbers_have_standard_deviation_0_and_gradient_0():
    x = mg.tensor([2.0, 2.0, 2.0], requires_grad=True)
    x.std().backward()
    assert x.grad.tolist() == [0.0, 0.0, 0.0]


EQUATIONS = ["i,i->", "ij,j->i", "ij,jk->ik", "bij,bjk->bik", "ij->ji", "ij->", "ii->i", "ii->"]
EQUATIONS += [
    "i,j->ij",
    "...i,i->...",
    "ij,ij->ij",
    "ij,kj,lk->il",
    "iji->j",
    "ij,jk",
    "b...i->...b",
]


@pytest.mark.parametrize("equation", EQUATIONS)
def test_einsum_agrees_with_numpy_and_its_gradients_with_nudging(equation):
    size = dict(zip("bijkl", (2, 3, 3, 2, 4), strict=True))
    terms = equation.split("->")[0].split(",")
    shapes = [[size[c] for c in term.replace("...", "k")] for term in terms]
    if equation == "...i,i->...":
        shapes = [[2, 4, 3], [3]]
    arrays = [np.random.default_rng(i).standard_normal(shape) for i, shape in enumerate(shapes)]
    tensors = [mg.tensor(array, requires_grad=True) for array in arrays]
    value = mg.einsum(equation, *tensors)
    np.testing.assert_allclose(value.detach().numpy(), np.einsum(equation, *arrays))
    assert gradcheck(lambda *xs: mg.einsum(equation, *xs), tensors)


def test_under_numpys_names_numpys_habits_hold():
    array = drawn((3, 4))
    x = mg.tensor(array, requires_grad=True)
    for function in (np.var, np.std, np.sort, np.mean, np.max, np.prod):
        for options in ({}, {"axis": 0}):
            ours = function(x, **options)
            np.testing.assert_allclose(ours.detach().numpy(), function(array, **options))
    np.testing.assert_allclose(np.var(x, ddof=1).item(), np.var(array, ddof=1))
    with pytest.raises(TypeError, match=r"np\.median has no rule here"):
        np.median(x)


def test_a_log_softmax_of_many_columns_needs_no_table_of_all_pairs():
    x = mg.tensor(drawn((100, 1000)), requires_grad=True)
    tracemalloc.start()
    (x - x.logsumexp(1, keepdim=True)).sum().backward()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12 * x.numel() * 8 < 1000 * x.numel() * 8


@pytest.mark.parametrize(("dim", "keepdim"), list(itertools.product([None, 0, -1], [False, True])))
def test_a_single_number_stays_one(dim, keepdim):
    x = mg.tensor(3.0, requires_grad=True)
    for name in ("sum", "mean", "amax"):
        y = getattr(x, name)(dim, keepdim)
        assert (y.shape, y.item()) == ((), 3.0)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: x.sum(2), IndexError, "sum: dim 2 is out of range"),
        (lambda x: x.mean((0, 0)), RuntimeError, "twice"),
        (lambda x: mg.arange(3).mean(), RuntimeError, "mean: it needs floating entries"),
        (lambda x: mg.arange(3).var(), RuntimeError, "var: it needs floating entries"),
        (lambda x: mg.arange(3).mean(dtype=mg.int64), RuntimeError, "mean: it needs floating"),
        (lambda x: mg.arange(3).norm(), RuntimeError, "norm: it needs floating entries"),
        (lambda x: x.norm("nuc"), RuntimeError, "norm: p must be a number, inf, -inf or 'fro'"),
        (lambda x: x[:0].amax(0), IndexError, "has no largest"),
        (lambda x: x.topk(5), RuntimeError, "k = 5 is out of range"),
        (lambda x: x.cumsum(), TypeError, "goes along one axis"),
        (lambda x: mg.einsum("ij,jk->ik", x, x), RuntimeError, "does not fit the shapes"),
        (lambda x: mg.einsum("ij->ik", x), RuntimeError, "must stand in a term"),
        (lambda x: mg.einsum("ij,jk->ik", x), RuntimeError, "2 terms for 1 tensors"),
    ],
)
def test_what_does_not_fit_is_told_in_words(call, error, words):
    with pytest.raises(error) as caught:
        call(mg.tensor(drawn((2, 3)), requires_grad=True))
    assert words in str(caught.value)
