"""Activations, losses and functions of one's own: what must hold, and what is said to mistakes."""

# ruff: noqa: E501 (a message stands on one line)

from __future__ import annotations

import gc
import inspect
import warnings
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
import minigrad.nn.functional as F
from minigrad.autograd import Function
from minigrad.autograd.function import once_differentiable
from minigrad.check import gradcheck
from minigrad.engine import ShapeError
from tests.gradients import peak
from tests.needs import installed_torch

ACTIVATIONS = [
    *("relu", "relu6", "leaky_relu", "elu", "celu", "selu", "gelu", "silu", "mish", "softplus"),
    *("softsign", "sigmoid", "logsigmoid", "hardsigmoid", "tanh", "hardtanh", "hardswish"),
    *("tanhshrink", "softshrink", "hardshrink"),
]


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def leaf(*shape, seed=0):
    return mg.tensor(drawn(*shape, seed=seed), requires_grad=True)


# ---------------------------------------------------------------- activations


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_slope_of_an_activation_is_what_nudging_says(name):
    assert gradcheck(getattr(F, name), [leaf(3, 4)])


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("shape", [(3,), (), (0, 2)])
def test_float32_stays_float32(name, shape):
    x = mg.tensor(drawn(*shape), dtype=mg.float32, requires_grad=True)
    y = getattr(F, name)(x)
    y.sum().backward()
    assert (y.dtype, x.grad.dtype, y.shape, x.grad.shape) == (mg.float32, mg.float32, shape, shape)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_whole_numbers_give_whole_numbers_or_floats_but_nothing_cut_off(name):
    x = np.array([-2, 0, 3])
    y = getattr(F, name)(mg.tensor(x))
    np.testing.assert_allclose(y.numpy(), getattr(F, name)(mg.tensor(x * 1.0)).numpy(), rtol=1e-6)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_no_entry_is_too_large_for_an_activation(name):
    x = mg.tensor([-1e30, -1e4, 1e4, 1e30], requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y = getattr(F, name)(x)
        y.sum().backward()
    assert np.isfinite(y.detach().numpy()).all() and np.isfinite(x.grad.numpy()).all()


@given(st.floats(-30, 30))
def test_activations_that_are_another_by_another_name(number):
    x = mg.tensor(number, dtype=mg.float64)
    same = [
        (F.celu(x), F.elu(x)),
        (F.relu6(x), F.hardtanh(x, 0, 6)),
        (F.silu(x), x * F.sigmoid(x)),
        (F.mish(x), x * F.tanh(F.softplus(x))),
        (F.hardswish(x), x * F.hardsigmoid(x)),
        (F.leaky_relu(x, 0.0), F.relu(x)),
        (F.prelu(x, mg.tensor(0.25, dtype=mg.float64)), F.leaky_relu(x, 0.25)),
        (F.threshold(x, 0, 0), F.relu(x)),
        (F.softplus(-x), -F.logsigmoid(x)),
        (F.hardshrink(x, 0.5) - F.softshrink(x, 0.5), 0.5 * x.sign() * (x.abs() > 0.5)),
    ]
    for one, other in same:
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "name", [n for n in ACTIVATIONS if "inplace" in inspect.signature(getattr(F, n)).parameters]
)
def test_in_place_is_the_same_in_the_same_tensor(name):
    activation, x = getattr(F, name), leaf(5)
    y = x * 1
    assert activation(y, inplace=True) is y
    assert np.array_equal(y.detach().numpy(), activation(x).detach().numpy())
    (y * mg.tensor(drawn(5, seed=1))).sum().backward()
    twin = leaf(5)
    (activation(twin) * mg.tensor(drawn(5, seed=1))).sum().backward()
    assert np.array_equal(x.grad.numpy(), twin.grad.numpy())


def test_what_was_computed_before_a_change_in_place_keeps_its_gradient():
    x = leaf(4)
    y = x * 1
    squares = y * y
    F.relu_(y)
    (squares.sum() + y.sum()).backward()
    expected = 2 * drawn(4) + (drawn(4) > 0)
    np.testing.assert_allclose(x.grad.numpy(), expected)


# ---------------------------------------------------------------- shares


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_logits_of_any_size_give_no_warning(name):
    x = mg.tensor(
        [[1e4, -1e4, 0.0], [1e4, 1e4, -np.inf], [-1e4, -np.inf, -np.inf], [-1e4, -9999, -1e4]],
        requires_grad=True,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y = getattr(mg, name)(x, 1)
        mg.where(mg.isfinite(y), y, 0.0).sum().backward()
    p = y.detach().numpy() if name == "softmax" else np.exp(y.detach().numpy())
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-6)
    assert np.isfinite(x.grad.numpy()).all()


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_no_jacobian_in_memory(name):
    x = leaf(4, 3000)

    def step():
        (getattr(mg, name)(x, 1) * x).sum().backward()

    assert peak(step) < 12 * x.value.nbytes


def test_softmax_forgets_a_common_shift():
    x = drawn(3, 4)
    np.testing.assert_allclose(
        mg.tensor(x).softmax(1).numpy(), mg.tensor(x + 1e3).softmax(1).numpy(), rtol=1e-10
    )


# ---------------------------------------------------------------- cross-entropy

SHAPES = [(3,), (4, 3), (2, 3, 2), (2, 3, 1, 2)]


def labels_for(shape):
    places = () if len(shape) == 1 else (shape[0], *shape[2:])
    return np.random.default_rng(1).integers(0, 3, places)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_labels_one_hot_rows_and_nll_say_the_same(shape, reduction):
    labels, axis = labels_for(shape), min(len(shape) - 1, 1)
    hot = mg.tensor(np.moveaxis(np.eye(3)[labels], -1, axis))
    x, y, z = leaf(*shape), leaf(*shape), leaf(*shape)
    losses = [
        F.cross_entropy(x, mg.tensor(labels), reduction=reduction),
        F.cross_entropy(y, hot, reduction=reduction),
        F.nll_loss(z.log_softmax(axis), mg.tensor(labels), reduction=reduction),
    ]
    for loss in losses:
        assert loss.shape == losses[0].shape
        np.testing.assert_allclose(loss.detach().numpy(), losses[0].detach().numpy())
        loss.backward(mg.tensor(np.asarray(drawn(*loss.shape, seed=2))))
    for other in (y, z):
        np.testing.assert_allclose(other.grad.numpy(), x.grad.numpy(), atol=1e-15)


def test_the_gradient_is_probability_minus_target():
    x, labels = leaf(4, 3), labels_for((4, 3))
    F.cross_entropy(x, mg.tensor(labels)).backward()
    p = x.detach().softmax(1).numpy()
    np.testing.assert_allclose(x.grad.numpy(), (p - np.eye(3)[labels]) / 4)


@pytest.mark.parametrize(
    "loss",
    [
        lambda x: F.cross_entropy(x, mg.tensor([0, 2])),
        lambda x: F.cross_entropy(x, mg.tensor([0, 2]), label_smoothing=0.1),
        lambda x: F.cross_entropy(x, mg.eye(2, 3, dtype=mg.float64)),
        lambda x: F.mse_loss(x, mg.zeros(2, 3, dtype=mg.float64)),
        lambda x: F.nll_loss(x, mg.tensor([0, 2])),
        lambda x: F.huber_loss(x, mg.zeros(2, 3, dtype=mg.float64)),
        lambda x: F.binary_cross_entropy_with_logits(x, mg.zeros(2, 3, dtype=mg.float64)),
    ],
)
def test_a_loss_listens_to_what_comes_from_above(loss):
    one, three = leaf(2, 3), leaf(2, 3)
    loss(one).backward()
    (3 * loss(three) + (three * three).sum()).backward()
    np.testing.assert_allclose(three.grad.numpy(), 3 * one.grad.numpy() + 2 * drawn(2, 3))


def test_scores_of_a_thousand_are_nothing_special():
    x = mg.tensor([[1000.0, -1000.0], [-1e4, 1e4], [-np.inf, 0.0]], requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loss = F.cross_entropy(x, mg.tensor([1, 1, 1]), reduction="none")
        loss.sum().backward()
    assert loss.tolist() == [2000.0, 0.0, 0.0]
    assert x.grad.tolist() == [[1.0, -1.0], [0.0, 0.0], [0.0, 0.0]]


def test_what_stands_in_an_ignored_row_is_ignored():
    x = mg.tensor([[np.nan, np.inf, 1.0], [1.0, 2.0, 3.0]], requires_grad=True)
    target = mg.tensor([-100, 2])
    loss = F.cross_entropy(x, target)
    loss.backward()
    assert np.isfinite(loss.item())
    assert x.grad[0].tolist() == [0.0, 0.0, 0.0] and x.grad[1].abs().sum() > 0
    assert F.cross_entropy(x, target, reduction="none")[0].item() == 0.0


def test_a_loss_keeps_no_table_of_pairs():
    x, labels = leaf(4, 3000), mg.tensor(np.arange(4))
    assert peak(lambda: F.cross_entropy(x, labels).backward()) < 12 * x.value.nbytes


def test_labels_changed_after_the_loss_do_not_matter():
    x, labels = leaf(2, 3), np.array([0, 2])
    loss = F.cross_entropy(x, labels)
    labels[:] = 1
    loss.backward()
    p = x.detach().softmax(1).numpy()
    np.testing.assert_allclose(x.grad.numpy(), (p - np.eye(3)[[0, 2]]) / 2)


def test_a_plain_hinge_for_scores_and_signs():
    scores, signs = leaf(6), mg.tensor(np.sign(drawn(6, seed=1)))
    loss = F.margin_ranking_loss(scores, mg.zeros(6, dtype=mg.float64), signs, margin=1.0)
    expected = np.maximum(0, 1 - signs.numpy() * drawn(6)).mean()
    assert loss.item() == pytest.approx(expected)


def test_losses_of_arrays_are_numbers():
    assert F.mse_loss(np.array([1.0, 3.0]), np.zeros(2)) == 5.0
    assert F.cross_entropy(np.zeros((2, 4)), np.array([0, 3])) == pytest.approx(np.log(4))


def test_float32_losses_stay_float32_and_reach_the_target():
    x, y = (mg.tensor(drawn(2, 3, seed=s), dtype=mg.float32, requires_grad=True) for s in (0, 1))
    for loss in (F.mse_loss, F.l1_loss, F.huber_loss, F.smooth_l1_loss):
        x.grad = y.grad = None
        result = loss(x, y)
        result.backward()
        assert result.dtype == x.grad.dtype == mg.float32
        np.testing.assert_array_equal(x.grad.numpy(), -y.grad.numpy())
    assert F.cross_entropy(x, mg.tensor([0, 1]), mg.ones(3)).dtype == mg.float32


IN_C = {"gelu", "softplus", "logsigmoid", "softshrink", "hardshrink"}  # torch does not say
NAMES = [name for name in F.__all__ if "loss" in name or "entropy" in name]
NAMES += [*ACTIVATIONS, "threshold", "glu", "softmin", "softmax", "log_softmax", "kl_div"]


@pytest.mark.parametrize("name", [name for name in NAMES if name not in IN_C])
def test_arguments_are_called_and_ordered_as_in_torch(name):
    theirs = inspect.signature(getattr(installed_torch().nn.functional, name)).parameters
    ours = [*inspect.signature(getattr(F, name)).parameters]
    old = {"size_average", "reduce", "_stacklevel", "out"}
    expected = [argument for argument in theirs if argument not in old]
    assert ours == expected or (len(ours) == 1 and expected == ["input"])


# ---------------------------------------------------------------- what is said to mistakes

ERRORS = [
    (
        "F.cross_entropy(mg.zeros(2, 3), mg.tensor([0, 3]))",
        IndexError,
        "cross_entropy: target 3 in row 1 is not a class: there are 3 classes, 0 to 2",
    ),
    (
        "F.cross_entropy(mg.zeros(2, 3), mg.tensor([0, -1]))",
        IndexError,
        "cross_entropy: target -1 in row 1 is not a class: there are 3 classes, 0 to 2",
    ),
    (
        "F.cross_entropy(mg.zeros(2, 3, 2), mg.tensor([[0, 1], [7, 1]]))",
        IndexError,
        "cross_entropy: target 7 at [1, 0] is not a class: there are 3 classes, 0 to 2",
    ),
    (
        "F.cross_entropy(mg.zeros(3), mg.tensor(5))",
        IndexError,
        "cross_entropy: target 5 is not a class: there are 3 classes, 0 to 2",
    ),
    (
        "F.cross_entropy(mg.zeros(3, 2), mg.tensor([0, 1]))",
        ShapeError,
        "cross_entropy: scores of float32[3, 2] need class indices of shape [3], not int64[2]",
    ),
    (
        "F.cross_entropy(mg.zeros(2, 3), mg.tensor([[0], [1]]))",
        ShapeError,
        "cross_entropy: scores of float32[2, 3] need class indices of shape [2], not int64[2, 1]",
    ),
    (
        "F.cross_entropy(mg.zeros(2, 3), 1)",
        ShapeError,
        "cross_entropy: scores of float32[2, 3] need class indices of shape [2], not int",
    ),
    (
        "F.cross_entropy(mg.zeros(2, 3), mg.tensor([0.0, 1.0]))",
        RuntimeError,
        "cross_entropy: class indices are whole numbers, not float32: convert with .long()",
    ),
    (
        "F.cross_entropy(mg.zeros(2, 3), mg.tensor([True, False]))",
        RuntimeError,
        "cross_entropy: class indices are whole numbers, not bool: convert with .long()",
    ),
    (
        "F.cross_entropy(mg.zeros(2, 2), mg.eye(2).long())",
        RuntimeError,
        "cross_entropy: targets of the shape [2, 2] of the scores are probabilities, which are floats, not int64: convert with .float()",
    ),
    (
        "F.cross_entropy(mg.zeros(2, 2).long(), mg.tensor([0, 1]))",
        RuntimeError,
        "cross_entropy: it needs floating entries, not int64",
    ),
    (
        "F.cross_entropy(mg.tensor(1.0), mg.tensor([0]))",
        ShapeError,
        "cross_entropy: one score alone is no choice between classes",
    ),
    (
        "F.cross_entropy(mg.zeros(0, 3), mg.zeros(0).long())",
        ShapeError,
        "cross_entropy: a mean of nothing is no number: no target counts; skip it, or use 'sum'",
    ),
    (
        "F.cross_entropy(mg.zeros(1, 3), mg.tensor([-100]))",
        ShapeError,
        "cross_entropy: a mean of nothing is no number: no target counts",
    ),
    (
        "F.cross_entropy(mg.zeros(1, 2), mg.tensor([0]), mg.tensor([0.0, 1.0]))",
        ShapeError,
        "cross_entropy: a mean of nothing is no number: no target counts",
    ),
    (
        "F.cross_entropy(mg.zeros(0, 3), mg.zeros(0, 3))",
        ShapeError,
        "cross_entropy: a mean of nothing is no number: the batch is empty",
    ),
    (
        "F.cross_entropy(mg.zeros(2, 3), mg.tensor([0, 1]), mg.ones(2))",
        ShapeError,
        "cross_entropy: 3 classes need a weight of shape [3], not [2]",
    ),
    (
        "F.cross_entropy(mg.zeros(2, 3), mg.tensor([0, 1]), mg.ones(3, requires_grad=True))",
        RuntimeError,
        "cross_entropy: no gradient flows to the weight: detach it",
    ),
    (
        "F.cross_entropy(mg.zeros(2, 3), mg.tensor([0, 1]), label_smoothing=2)",
        RuntimeError,
        "cross_entropy: label_smoothing must be 0 to 1, not 2",
    ),
    (
        "F.cross_entropy(mg.zeros(2, 3), mg.tensor([0, 1]), reduction='avg')",
        ValueError,
        "cross_entropy: reduction must be 'none', 'mean' or 'sum', not 'avg'",
    ),
    (
        "F.nll_loss(mg.zeros(2, 3), mg.tensor([0, 3]))",
        IndexError,
        "nll_loss: target 3 in row 1 is not a class",
    ),
    (
        "F.nll_loss(mg.zeros(2, 3), mg.zeros(2, 3))",
        ShapeError,
        "nll_loss: scores of float32[2, 3] need class indices of shape [2], not float32[2, 3]",
    ),
    (
        "F.mse_loss(mg.zeros(4, 1), mg.zeros(4))",
        ShapeError,
        "mse_loss: the input has shape [4, 1] and the target [4]: they must be equal, for broadcast against each other they would be other pairs: reshape one of them, as in target.reshape(input.shape)",
    ),
    (
        "F.l1_loss(mg.zeros(2, 3), mg.zeros(3))",
        ShapeError,
        "l1_loss: the input has shape [2, 3] and the target [3]: they must be equal",
    ),
    (
        "F.mse_loss(mg.zeros(2), 0.0)",
        TypeError,
        "mse_loss: the target must be a tensor or an array, not float",
    ),
    (
        "F.mse_loss(mg.zeros(2).long(), mg.zeros(2).long())",
        RuntimeError,
        "mse_loss: it needs floating entries, not int64",
    ),
    (
        "F.mse_loss(mg.zeros(0, 2), mg.zeros(0, 2))",
        ShapeError,
        "mse_loss: a mean of nothing is no number: the batch is empty; skip it, or use 'sum'",
    ),
    (
        "F.mse_loss(mg.zeros(2), mg.zeros(2), reduction='avg')",
        ValueError,
        "mse_loss: reduction must be 'none', 'mean' or 'sum', not 'avg'",
    ),
    (
        "F.mse_loss(mg.zeros(2), mg.zeros(2), weight=mg.ones(3))",
        ShapeError,
        "mse_loss: the input has shape [2] and the weight [3]",
    ),
    (
        "F.huber_loss(mg.zeros(2), mg.zeros(2), delta=0)",
        ValueError,
        "huber_loss: delta must be more than 0, not 0",
    ),
    (
        "F.binary_cross_entropy(mg.tensor([1.5]), mg.tensor([1.0]))",
        RuntimeError,
        "binary_cross_entropy: each input must be between 0 and 1, and one is 1.5",
    ),
    (
        "F.binary_cross_entropy(mg.tensor([0.5]), mg.tensor([-1.0]))",
        RuntimeError,
        "binary_cross_entropy: each target must be between 0 and 1, and one is -1",
    ),
    (
        "F.binary_cross_entropy(mg.tensor([np.nan]), mg.tensor([1.0]))",
        RuntimeError,
        "binary_cross_entropy: each input must be between 0 and 1, and one is nan",
    ),
    (
        "F.binary_cross_entropy(mg.tensor([0.5]), mg.tensor([1]))",
        RuntimeError,
        "binary_cross_entropy: it needs floating entries, not int64: convert with .float()",
    ),
    (
        "F.binary_cross_entropy_with_logits(mg.zeros(2), mg.tensor([-1.0, 1.0]))",
        RuntimeError,
        "binary_cross_entropy_with_logits: each target must be between 0 and 1, and one is -1",
    ),
    (
        "F.binary_cross_entropy_with_logits(mg.zeros(2, 1), mg.zeros(2))",
        ShapeError,
        "binary_cross_entropy_with_logits: the input has shape [2, 1] and the target [2]",
    ),
    (
        "F.hinge_embedding_loss(mg.zeros(2), mg.tensor([0.0, 1.0]))",
        RuntimeError,
        "hinge_embedding_loss: the targets must be 1 or -1: write 2 * target - 1 for 0 and 1",
    ),
    (
        "F.gaussian_nll_loss(mg.zeros(2), mg.zeros(2), -mg.ones(2))",
        ValueError,
        "gaussian_nll_loss: a variance cannot be negative",
    ),
    (
        "F.gaussian_nll_loss(mg.zeros(2, 3), mg.zeros(2, 3), mg.ones(3))",
        ShapeError,
        "gaussian_nll_loss: the input has shape [2, 3] and the variance [3]",
    ),
    (
        "F.kl_div(mg.zeros(0, 2), mg.zeros(0, 2), reduction='batchmean')",
        ShapeError,
        "kl_div: a mean of nothing is no number",
    ),
    (
        "F.multi_margin_loss(mg.zeros(2, 3), mg.tensor([0, 3]))",
        IndexError,
        "multi_margin_loss: target 3 in row 1 is not a class",
    ),
    (
        "F.one_hot(mg.tensor([0, 3]), 3)",
        IndexError,
        "one_hot: target 3 in row 1 is not a class: there are 3 classes, 0 to 2",
    ),
    (
        "F.one_hot(mg.tensor([0.0]))",
        RuntimeError,
        "one_hot: it takes class indices, whole numbers, not float32",
    ),
    (
        "F.one_hot(mg.zeros(0).long())",
        RuntimeError,
        "one_hot: no class index, and so no largest: give num_classes",
    ),
    (
        "F.relu(mg.zeros(2, requires_grad=True), inplace=True)",
        RuntimeError,
        "a leaf that requires a gradient cannot be changed in place",
    ),
    (
        "F.relu(np.zeros(2), inplace=True)",
        TypeError,
        "inplace=True changes a tensor, and this is float64[2]",
    ),
    (
        "F.gelu(mg.zeros(2), 'fast')",
        RuntimeError,
        "gelu: approximate must be 'none' or 'tanh', not 'fast'",
    ),
    ("F.glu(mg.zeros(2, 3))", ShapeError, "glu: dim -1 of [2, 3] has no two equal halves"),
    (
        "F.prelu(mg.zeros(2, 3), mg.zeros(2))",
        ShapeError,
        "prelu: the weight has shape [2], and the input [2, 3]: it takes one slope, or one for each of the 3 channels in dim 1",
    ),
    (
        "F.hardtanh(mg.zeros(2), 1, -1)",
        ValueError,
        "hardtanh: min_val 1 must be less than max_val -1",
    ),
    (
        "mg.softmax(mg.zeros(2), None)",
        TypeError,
        "softmax: it goes along one axis, not None: say which, as in softmax(x, 0)",
    ),
    (
        "mg.zeros(2, 3).log_softmax((0, 1))",
        TypeError,
        "log_softmax: it goes along one axis, not (0, 1): say which, as in log_softmax(x, 0)",
    ),
    (
        "mg.zeros(2, 3).cumsum((0, 1))",
        TypeError,
        "cumsum: it goes along one axis, not (0, 1): say which, as in cumsum(x, 0)",
    ),
    (
        "mg.tensor([1, 2]).softmax(0)",
        RuntimeError,
        "softmax: it needs floating entries, not int64: convert with .float() first",
    ),
    ("mg.zeros(2).softmax(1)", IndexError, "softmax: dim 1 is out of range"),
]


@pytest.mark.parametrize(("code", "error", "words"), ERRORS, ids=[code for code, *_ in ERRORS])
def test_what_is_said_to_mistakes(code, error, words):
    with pytest.raises(error) as caught:
        eval(code, {"mg": mg, "F": F, "np": np})
    assert str(caught.value).startswith(words) and len(str(caught.value)) < 260


# ---------------------------------------------------------------- functions of one's own


class Exp(Function):
    runs = 0

    @staticmethod
    def forward(ctx, x):
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, g):
        Exp.runs += 1
        (y,) = ctx.saved_tensors
        return g * y


class Cubed(Function):
    @staticmethod
    def forward(x, scale):
        return x * x * x * scale

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, ctx.scale = inputs
        ctx.save_for_backward(x)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 3 * ctx.scale * x * x, None


class Polar(Function):
    seen = None

    @staticmethod
    def forward(ctx, a, b):
        r, angle, right = (a * a + b * b).sqrt(), mg.atan2(b, a), a > 0
        ctx.mark_non_differentiable(right)
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(a, b, r)
        return r, angle, right

    @staticmethod
    def backward(ctx, to_r, to_angle, to_right):
        Polar.seen = to_r is None, to_angle is None, to_right is None, ctx.needs_input_grad
        a, b, r = ctx.saved_tensors
        to_a = to_b = None
        if to_r is not None:
            to_a, to_b = to_r * a / r, to_r * b / r
        if to_angle is not None:
            turn = to_angle / (r * r)
            to_a = -turn * b if to_a is None else to_a - turn * b
            to_b = turn * a if to_b is None else to_b + turn * a
        return to_a, to_b


def cubed(x):
    return Cubed.apply(x, 2.0)


def both(a, b):
    r, angle, _ = Polar.apply(a, b)
    return r * angle


@pytest.mark.parametrize(("operation", "n"), [(Exp.apply, 1), (cubed, 1), (both, 2)])
def test_a_function_and_its_derivatives(operation, n):
    xs = [leaf(3, seed=s) for s in range(n)]
    assert gradcheck(operation, xs)

    def gradients(*inputs):
        y = operation(*inputs)
        return mg.autograd.grad((y * y).sum(), inputs, create_graph=True)

    assert gradcheck(gradients, xs)
    if n == 1:
        assert gradcheck(
            lambda x: mg.autograd.grad(gradients(x)[0].sum(), x, create_graph=True), xs
        )


def test_the_gradient_of_a_gradient_through_a_saved_output_that_was_changed_since():
    x = leaf(3)
    y = Exp.apply(x)
    z = y * 2
    y.mul_(5)
    (g,) = mg.autograd.grad((z * z).sum() + y.sum(), x, create_graph=True)
    g.sum().backward()
    e = np.exp(drawn(3))
    np.testing.assert_allclose(x.grad.numpy(), 16 * e * e + 5 * e)


def test_backward_runs_once_for_all_inputs():
    Exp.runs = 0
    x = leaf(3)
    y = Exp.apply(x)
    (y + y * y).sum().backward()
    assert Exp.runs == 1
    runs = []

    def backward(ctx, *gs):
        runs.append(gs)
        return gs * 2

    Twice = of(None, backward=staticmethod(backward))
    Twice.apply(leaf(3), leaf(3)).sum().backward()
    assert len(runs) == 1


def test_outputs_nobody_used_bring_no_gradient():
    a, b = leaf(3), leaf(3, seed=1)
    _, angle, right = Polar.apply(a, b.detach())
    angle.sum().backward()
    assert Polar.seen == (True, False, True, (True, False))
    assert b.grad is None and not right.requires_grad and right.dtype == mg.bool


def test_a_function_without_gradients_is_a_function():
    x = leaf(3)
    with mg.no_grad():
        assert not Exp.apply(x).requires_grad
    assert not Exp.apply(x.detach()).requires_grad
    assert Exp.apply(x).requires_grad and Exp.apply(x).grad_fn.__name__ == "Exp"


def test_a_function_is_freed_with_its_graph():
    gc.disable()
    try:
        x = leaf(3)
        y = Exp.apply(x)
        gone = weakref.ref(y)
        y.sum().backward()
        del y
        assert gone() is None
    finally:
        gc.enable()


def of(result, **methods):
    """A Function whose backward returns this."""
    forward = staticmethod(lambda ctx, *xs: xs[0] * 1)
    backward = staticmethod(lambda ctx, *gs: result)
    return type("Mine", (Function,), {"forward": forward, "backward": backward, **methods})


WRONG = [
    (
        of(None),
        (leaf(3), leaf(3)),
        "Mine.backward returned 1 gradients for 2 inputs: it must be one for each input of forward, None where there is none",
    ),
    (of((None, mg.zeros(3))), (leaf(3),), "Mine.backward returned 2 gradients for 1 inputs"),
    (
        of(mg.zeros(2)),
        (leaf(3),),
        "Mine.backward returned float32[2] for input 0, which is float64[3]: the shapes must be equal",
    ),
    (of(3.0), (leaf(3),), "Mine.backward returned float for input 0, which is float64[3]"),
    (
        of((mg.zeros(3), mg.zeros(3))),
        (leaf(3), 2.0),
        "Mine.backward returned a gradient for input 1, which is no tensor",
    ),
]


@pytest.mark.parametrize(("function", "inputs", "words"), WRONG, ids=[w for *_, w in WRONG])
def test_what_is_said_to_a_wrong_backward(function, inputs, words):
    with pytest.raises(RuntimeError) as caught:
        function.apply(*inputs).sum().backward()
    assert str(caught.value).startswith(words)


def test_no_gradient_is_a_gradient_of_zeros_and_one_too_many_may_be_none():
    x = leaf(3)
    of((None, None)).apply(x).sum().backward()
    assert x.grad.tolist() == [0.0, 0.0, 0.0]


def test_what_is_said_to_a_wrong_forward():
    with pytest.raises(NotImplementedError, match="a Function needs forward and backward"):
        type("Empty", (Function,), {}).apply(leaf(3))
    arrays = of(None, forward=staticmethod(lambda ctx, x: np.zeros(3)))
    with pytest.raises(TypeError, match=r"Mine\.forward returned an array: make it a tensor"):
        arrays.apply(leaf(3))
    dirty = of(None, forward=staticmethod(lambda ctx, x: ctx.mark_dirty(x)))
    with pytest.raises(RuntimeError, match="mark_dirty: a Function must not change its inputs"):
        dirty.apply(leaf(3))


def test_once_differentiable_is_differentiated_once():
    class Plain(Exp):
        backward = staticmethod(once_differentiable(Exp.backward))

    x = leaf(3)
    Plain.apply(x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.exp(drawn(3)))
    with pytest.raises(RuntimeError, match="once_differentiable: this backward has no derivative"):
        Plain.apply(x).sum().backward(create_graph=True)
