"""Functions of one number: the value by the best method there is, the slope beside it."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import minigrad as mg
from minigrad.check import gradcheck

SMOOTH = ["exp", "expm1", "exp2", "log", "log1p", "log2", "log10", "sqrt", "rsqrt", "reciprocal"]
SMOOTH += ["square", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh"]
SMOOTH += ["sigmoid", "relu", "abs", "sign", "floor", "ceil", "trunc", "round", "frac", "erf"]
PAIRS = ["maximum", "minimum", "atan2", "hypot", "logaddexp", "remainder", "fmod"]


@pytest.mark.parametrize("name", SMOOTH)
@given(array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3))
def test_the_slope_is_what_nudging_says(name, shape):
    array = np.random.default_rng(0).uniform(0.2, 0.8, shape)
    x = mg.tensor(array, requires_grad=True)
    assert gradcheck(getattr(mg, name), [x])
    assert getattr(mg, name)(x).shape == shape


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("shapes", [((3,), (2, 1)), ((), (2,)), ((2, 3), (2, 3)), ((0, 3), (1,))])
def test_two_operands_each_get_a_gradient_of_their_own_shape(name, shapes):
    rng = np.random.default_rng(1)
    a, b = (mg.tensor(rng.uniform(0.2, 0.8, shape), requires_grad=True) for shape in shapes)
    assert gradcheck(getattr(mg, name), [a, b])


@pytest.mark.parametrize("name", SMOOTH + ["softplus"])
def test_float32_stays_float32_with_and_without_dimensions(name):
    operation = getattr(mg, name, lambda x: mg.logaddexp(x, mg.zeros_like(x)))
    for x in (mg.tensor(0.5, requires_grad=True), mg.tensor([0.5, 0.25], requires_grad=True)):
        y = operation(x)
        y.sum().backward()
        assert (y.dtype, x.grad.dtype) == (mg.float32, mg.float32)


def test_relu_looks_at_the_input_not_at_the_gradient():
    x = mg.tensor([-2.0, 0.0, 3.0], requires_grad=True)
    y = x.relu()
    y.backward(mg.tensor([-5.0, -5.0, -5.0]))
    assert y.tolist() == [0.0, 0.0, 3.0]
    assert x.grad.tolist() == [0.0, 0.0, -5.0]


def test_a_relu_that_looks_at_the_gradient_is_found_out():
    @mg.differentiable
    def wrong(x):
        return np.maximum(x, 0), lambda g: g * (g > 0)

    with pytest.raises(RuntimeError, match="gradcheck"):
        gradcheck(wrong, [mg.tensor([3.0, -1.0], dtype=mg.float64, requires_grad=True)])


def test_sigmoid_and_its_slope_are_numbers_for_any_input_without_a_warning():
    x = mg.tensor([-1e4, -745.0, 0.0, 745.0, 1e4], dtype=mg.float64, requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y = x.sigmoid()
        y.sum().backward()
    assert y.tolist()[::2] == [0.0, 0.5, 1.0]
    assert mg.isfinite(x.grad).all()


def test_a_tie_is_shared_in_halves():
    a = mg.tensor([1.0, 5.0], requires_grad=True)
    b = mg.tensor([4.0, 5.0], requires_grad=True)
    mg.maximum(a, b).backward(mg.tensor([10.0, 10.0]))
    assert (a.grad.tolist(), b.grad.tolist()) == ([0.0, 5.0], [10.0, 5.0])


def test_clamp_passes_the_gradient_on_its_borders():
    x = mg.tensor([-3.0, -1.0, 0.5, 1.0, 4.0], requires_grad=True)
    x.clamp(-1, 1).backward(mg.ones(5))
    assert x.grad.tolist() == [0.0, 1.0, 1.0, 1.0, 0.0]


def test_where_sends_nothing_to_the_branch_that_was_not_taken():
    a = mg.tensor([1.0, 2.0], requires_grad=True)
    b = mg.tensor([3.0, 4.0], requires_grad=True)
    mg.where(mg.tensor([True, False]), a, b).backward(mg.tensor([np.inf, 7.0]))
    assert (a.grad.tolist(), b.grad.tolist()) == ([np.inf, 0.0], [0.0, 7.0])


@given(arrays(np.float64, array_shapes(max_dims=3), elements=st.floats(-3, 3)))
def test_comparisons_answer_as_numpy_does_and_need_no_gradient(array):
    x = mg.tensor(array, requires_grad=True)
    for ours, numpys in ((x > 0, array > 0), (x <= 1, array <= 1), (x == x, array == array)):
        assert not ours.requires_grad
        np.testing.assert_array_equal(ours.numpy(), numpys)


def test_where_with_a_plain_condition_and_two_numbers_gives_a_plain_array():
    assert mg.where(np.array([True, False]), 1, 2.5).tolist() == [1.0, 2.5]
    assert mg.where(mg.tensor([True, False]), 1, 0).dtype == mg.int64


def test_comparing_with_something_that_is_no_number_is_no_error():
    x = mg.tensor([1.0])
    assert (x == None) is False  # noqa: E711
    assert (x != "a") is True
    assert len({x, x}) == 1


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: mg.where(x, x, x), RuntimeError, "the condition must be bool"),
        (lambda x: mg.where(x, x, "a"), TypeError, "where: it takes tensors, arrays and numbers"),
        (lambda x: mg.where(x > 0, mg.ones(3), 1), RuntimeError, "where: the shapes [2] and [3]"),
        (lambda x: x & 3, TypeError, "bitwise_and: it takes whole numbers and truth values"),
        (lambda x: x.clamp(), RuntimeError, "clamp: it needs min, max or both"),
        (lambda x: mg.maximum(x, mg.ones(3)), RuntimeError, "maximum: the shapes [2] and [3]"),
        (lambda x: mg.exp("a"), TypeError, "exp"),
        (lambda x: mg.arange(2) // mg.tensor([0, 1]), RuntimeError, "division of integers by 0"),
        (lambda x: mg.arange(2) % 0, RuntimeError, "division of integers by 0"),
    ],
)
def test_what_cannot_be_done_is_told_in_words(call, error, words):
    with pytest.raises(error) as caught:
        call(mg.tensor([1.0, 2.0], requires_grad=True))
    assert words in str(caught.value)
