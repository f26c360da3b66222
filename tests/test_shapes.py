"""Shapes: every entry keeps its value, and every gradient finds its way back."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

import minigrad as mg
from minigrad.check import gradcheck


def numbered(*shape: int, requires_grad: bool = True) -> mg.Tensor:
    """A tensor whose entries are all different."""
    array = np.arange(float(math.prod(shape))).reshape(shape)
    return mg.tensor(array, requires_grad=requires_grad)


shapes = array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3)


@given(shapes, st.randoms())
def test_permute_agrees_with_numpy_and_comes_back(shape, random):
    axes = list(range(len(shape)))
    random.shuffle(axes)
    x = numbered(*shape)
    y = x.permute(axes)
    np.testing.assert_array_equal(y.detach().numpy(), np.transpose(x.detach().numpy(), axes))
    y.backward(y.detach())
    np.testing.assert_array_equal(x.grad.numpy(), x.detach().numpy())


@given(shapes)
def test_flattening_and_shaping_back_changes_nothing(shape):
    x = numbered(*shape)
    y = x.flatten().reshape(shape)
    assert y.shape == x.shape
    y.backward(y.detach())
    np.testing.assert_array_equal(x.grad.numpy(), x.detach().numpy())


@given(shapes.filter(len), st.integers(-4, 3), st.integers(-7, 7))
def test_roll_agrees_with_numpy_and_its_gradient_rolls_back(shape, dim, shift):
    dim = dim % len(shape)
    x = numbered(*shape)
    y = x.roll(shift, dim)
    np.testing.assert_array_equal(y.detach().numpy(), np.roll(x.detach().numpy(), shift, dim))
    y.backward(y.detach())
    np.testing.assert_array_equal(x.grad.numpy(), x.detach().numpy())


@given(shapes.filter(len), st.lists(st.integers(0, 3), min_size=1, max_size=3))
def test_split_and_cat_are_each_others_way_back(shape, sizes):
    n = sum(sizes)
    x = numbered(n, *shape)
    y = mg.cat(list(x.split(sizes)))
    y.backward(y.detach())
    np.testing.assert_array_equal(y.detach().numpy(), x.detach().numpy())
    np.testing.assert_array_equal(x.grad.numpy(), x.detach().numpy())


@given(shapes, st.data())
def test_tile_agrees_with_numpy_and_sums_over_the_copies(shape, data):
    times = data.draw(st.lists(st.integers(0, 2), min_size=len(shape), max_size=len(shape) + 1))
    x = numbered(*shape)
    y = x.repeat(*times) if times else x
    np.testing.assert_array_equal(y.detach().numpy(), np.tile(x.detach().numpy(), times or 1))
    y.backward(mg.ones_like(y))
    np.testing.assert_array_equal(x.grad.numpy(), np.full(shape, float(math.prod(times))))


MOVES = {
    "permute": lambda t: t.permute(2, 0, 1),
    "transpose": lambda t: t.transpose(0, -1),
    "movedim": lambda t: t.movedim((0, 1), (-1, 0)),
    "unflatten": lambda t: t.unflatten(2, (2, -1)),
    "squeeze": lambda t: t.unsqueeze(1).squeeze(1),
    "cat": lambda t: mg.cat([t, t * 2, t[:, :1]], 1),
    "stack": lambda t: mg.stack([t, t], -1),
    "expand": lambda t: t[:, :1].expand(5, 2, 3, 4),
    "tile": lambda t: t.tile(2, 1, 3),
    "repeat_interleave": lambda t: t.repeat_interleave(mg.tensor([2, 0, 1]), 1),
    "roll": lambda t: t.roll((1, -1), (0, 2)),
    "flip": lambda t: t.flip(0, 2),
    "pad": lambda t: mg.pad(t, (1, 2, -1, 0), value=5.0),
    "pad reflect": lambda t: mg.pad(t, (1, 2, 2, 0), "reflect"),
    "pad replicate": lambda t: mg.pad(t, (1, 2, 0, 3), "replicate"),
    "pad circular": lambda t: mg.pad(t, (1, 2), "circular"),
    "diagonal": lambda t: t.diagonal(1, 0, 2),
    "diag": lambda t: mg.diag(t[0, 0], -1),
    "tril": lambda t: t.tril(-1),
    "triu": lambda t: t.triu(1),
}


@pytest.mark.parametrize("name", MOVES)
def test_the_gradient_is_what_nudging_says(name):
    rng = np.random.default_rng(0)
    assert gradcheck(MOVES[name], [mg.tensor(rng.standard_normal((2, 3, 4)), requires_grad=True)])


def test_the_check_notices_a_pullback_that_permutes_the_same_way_again():
    @mg.differentiable
    def hasty(x, axes):
        return np.transpose(x, axes), lambda g: np.transpose(g, axes)

    with pytest.raises(RuntimeError, match="gradcheck"):
        gradcheck(lambda x: hasty(x, (1, 2, 0)), [numbered(2, 2, 2)])


def test_transposed_strided_and_read_only_arrays_are_taken_as_they_are():
    base = np.arange(24.0).reshape(4, 6)
    frozen = base.copy()
    frozen.flags.writeable = False
    for array in (base.T, base[::2, ::-1], np.asfortranarray(base), frozen):
        x = mg.tensor(array, requires_grad=True)
        y = mg.cat([x.T, x.T]).reshape(2, -1)
        y.backward(y.detach())
        np.testing.assert_array_equal(x.grad.numpy(), 2 * array)


def test_joining_brings_tensors_to_one_dtype_and_gradients_back_to_theirs():
    a = mg.ones(2, requires_grad=True)
    b = mg.ones(2, dtype=mg.float64, requires_grad=True)
    joined = mg.cat([a, b, mg.tensor([1, 2])])
    joined.sum().backward()
    assert (joined.dtype, a.grad.dtype, b.grad.dtype) == (mg.float64, mg.float32, mg.float64)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: x.reshape(4, 2), RuntimeError, "reshape: [2, 3] has 6 entries"),
        (lambda x: x.reshape(-1, -1), RuntimeError, "reshape"),
        (lambda x: x[:0].reshape(0, -1), RuntimeError, "could be anything"),
        (lambda x: x.reshape(2.0, 3.0), TypeError, "whole numbers"),
        (lambda x: x.permute(0), RuntimeError, "name each once"),
        (lambda x: x.permute(0, 0), RuntimeError, "twice"),
        (lambda x: x.unsqueeze(3), IndexError, "dim 3 is out of range"),
        (lambda x: mg.cat([x, x.T]), RuntimeError, "cat: [2, 3], [3, 2] do not line up"),
        (lambda x: mg.cat([]), RuntimeError, "got none"),
        (lambda x: mg.cat(x), TypeError, "list of tensors"),
        (lambda x: mg.stack([x, x.T]), RuntimeError, "stack: all shapes must be equal"),
        (lambda x: x.expand(2, 4), RuntimeError, "expand: [2, 3] cannot be copied into [2, 4]"),
        (lambda x: x.repeat(2), RuntimeError, "repeat: 2 dimensions"),
        (lambda x: x.roll((1, 2), (0,)), RuntimeError, "2 shifts for 1 dims"),
        (lambda x: mg.pad(x, (1,)), RuntimeError, "two widths"),
        (lambda x: mg.pad(x, (1, 1), "mirror"), ValueError, "mode 'mirror'"),
        (lambda x: mg.diag(x[None]), RuntimeError, "vector or a matrix"),
        (lambda x: x[None].t(), RuntimeError, "at most 2 dimensions"),
    ],
)
def test_what_does_not_fit_is_told_in_words(call, error, words):
    with pytest.raises(error) as caught:
        call(numbered(2, 3))
    assert words in str(caught.value)
