# Exported from book/11_losses.ipynb, book/12_layers.ipynb, book/20_pictures.ipynb: change it there,
# not here.
"""What networks are made of, as functions: activations, losses, and from chapter 12 on layers."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from minigrad import functions
from minigrad.arithmetic import common_dtype, converted, elementwise, fit, floating, mul
from minigrad.changing import in_place, overwrite
from minigrad.creation import ones, zeros
from minigrad.engine import Array, Node, ShapeError, described, differentiable, wrapped
from minigrad.functions import clamp, erf, rsqrt, sigmoid, tanh, where
from minigrad.nn.windows import (
    adaptive_avg_pool2d,
    avg_pool2d,
    conv1d,
    conv2d,
    max_pool2d,
    unfold,
)
from minigrad.protocol import plain
from minigrad.reductions import einsum, floats, from_top, log_softmax, norm, softmax
from minigrad.shapes import movedim, pad, reshape, sizes_of, tril
from minigrad.slicing import assign_into, chunk, getitem, put
from minigrad.tensor import random_of

# --- book/11_losses.ipynb: Functions and losses


def applied(operation: Callable[..., Any], input: Any, inplace: bool, **options: Any) -> Any:
    """The operation, or with inplace=True the input changed by it."""
    if not inplace:
        return operation(input, **options)
    if not isinstance(input, Node):
        raise TypeError(f"inplace=True changes a tensor, and this is {described(input)}")
    return in_place(operation)(input, **options)


def relu(input: Any, inplace: bool = False) -> Any:
    """The larger of the input and 0; at 0 the derivative is 0."""
    return applied(functions.relu, input, inplace)


def slopes(x: Array, low: Any) -> Any:
    """1 where x is positive, and low elsewhere."""
    above = plain(x) > 0
    return above + np.logical_not(above) * low


@floating
def leaky(x: Array, *, slope: float) -> Any:
    both = slopes(x, x.dtype.type(slope))
    return x * both, lambda g: g * both


def leaky_relu(input: Any, negative_slope: float = 0.01, inplace: bool = False) -> Any:
    """The input where it is positive, negative_slope times the input elsewhere."""
    return applied(leaky, input, inplace, slope=negative_slope)


@floating
def leaky_by(x: Array, w: Array) -> Any:
    both = slopes(x, w)
    return x * both, lambda g: g * both, lambda g: g * np.minimum(x, 0)


def prelu(input: Any, weight: Any) -> Any:
    """leaky_relu with slopes that can be learnt: one for all, or one for each channel (dim 1)."""
    channels = input.shape[1] if input.ndim > 1 else 1
    if weight.ndim > 1 or weight.shape not in ((), (1,), (channels,)):
        raise ShapeError(
            f"prelu: the weight has shape {list(weight.shape)}, and the input {list(input.shape)}: "
            f"it takes one slope, or one for each of the {channels} channels in dim 1"
        )
    along = (-1, *[1] * (input.ndim - 2)) if input.ndim > 1 else ()  # (C,) as (C, 1, …)
    return leaky_by(input, weight.reshape(along) if weight.ndim else weight)


@floating
def ramp(x: Array, *, low: float, high: float) -> Any:
    inside = (plain(x) > low) & (plain(x) < high)
    return np.clip(plain(x), low, high), lambda g: g * inside


def hardtanh(input: Any, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Any:
    """The input, cut off at two numbers; from each of them on the derivative is 0."""
    if min_val >= max_val:
        raise ValueError(f"hardtanh: min_val {min_val} must be less than max_val {max_val}")
    return applied(ramp, input, inplace, low=min_val, high=max_val)


def relu6(input: Any, inplace: bool = False) -> Any:
    """relu, cut off at 6."""
    return applied(ramp, input, inplace, low=0, high=6)


def hardsigmoid(input: Any, inplace: bool = False) -> Any:
    """Three straight lines near sigmoid: 0 up to -3, 1 from 3 on."""
    return applied(lambda x: ramp(x + 3, low=0, high=6) / 6, input, inplace)


@floating
def straightened(x: Array) -> Any:
    part = np.clip(x / 6 + 0.5, 0, 1)
    inside = (plain(x) > -3) & (plain(x) < 3)
    return x * part, lambda g: g * (part + x * inside / 6)


def hardswish(input: Any, inplace: bool = False) -> Any:
    """input * hardsigmoid(input)."""
    return applied(straightened, input, inplace)


@elementwise
def cut(x: Array, *, edge: float, value: float) -> Any:
    above = np.logical_not(plain(x) <= edge)
    return np.where(above, x, x.dtype.type(value)), lambda g: g * above


def threshold(input: Any, threshold: float, value: float, inplace: bool = False) -> Any:
    """The input above the threshold, a fixed value elsewhere."""
    return applied(cut, input, inplace, edge=threshold, value=value)


@floating
def bent(x: Array, *, alpha: float, rate: float, scale: float) -> Any:
    """scale * x above 0, and below a curve that flattens out at -scale * alpha."""
    above, low = plain(x) > 0, np.expm1(np.minimum(x, 0) * rate) * alpha
    return (
        (np.maximum(x, 0) + low) * scale,
        lambda g: g * ((above + np.logical_not(above) * (low + alpha) * rate) * scale),
    )


def elu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    """The input above 0, alpha * (exp(input) - 1) below."""
    return applied(bent, input, inplace, alpha=alpha, rate=1, scale=1)


def celu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    """The input above 0, alpha * (exp(input / alpha) - 1) below: no corner at 0."""
    return applied(bent, input, inplace, alpha=alpha, rate=1 / alpha, scale=1)


def selu(input: Any, inplace: bool = False) -> Any:
    """An elu with two constants that keep the mean 0 and the variance 1 from layer to layer."""
    alpha, scale = 1.6732632423543772848, 1.0507009873554804934
    return applied(bent, input, inplace, alpha=alpha, rate=1, scale=scale)


@floating
def self_gated(x: Array) -> Any:
    gate = sigmoid(x)
    return x * gate, lambda g: g * (gate * (x * (1 - gate) + 1))


def silu(input: Any, inplace: bool = False) -> Any:
    """input * sigmoid(input)."""
    return applied(self_gated, input, inplace)


@floating
def soft_gated(x: Array) -> Any:
    gate = np.tanh(rounded_corner(x))
    return x * gate, lambda g: g * (gate + x * sigmoid(x) * (1 - gate * gate))


def mish(input: Any, inplace: bool = False) -> Any:
    """input * tanh(softplus(input))."""
    return applied(soft_gated, input, inplace)


@floating
def gauss(x: Array) -> Any:
    share, near = erf(x * math.sqrt(0.5)) * 0.5 + 0.5, clamp(x, -40, 40)  # the bell ends before
    root = math.sqrt(2 * math.pi)
    return x * share, lambda g: g * (share + x * np.exp(near * near * -0.5) / root)


@floating
def gauss_by_tanh(x: Array) -> Any:
    near, root = clamp(x, -40, 40), math.sqrt(2 / math.pi)
    squared = near * near
    t = np.tanh(near * (squared * (root * 0.044715) + root))
    half = t * 0.5 + 0.5
    bend = (squared * (1.5 * root * 0.044715) + root / 2) * near
    return x * half, lambda g: g * (half + bend * (1 - t * t))


def gelu(input: Any, approximate: str = "none") -> Any:
    """The input times the share of the normal distribution that lies below it."""
    if approximate not in ("none", "tanh"):
        raise RuntimeError(f"gelu: approximate must be 'none' or 'tanh', not {approximate!r}")
    return gauss(input) if approximate == "none" else gauss_by_tanh(input)


def rounded_corner(x: Array) -> Array:
    """log(1 + exp(x)), without overflow."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


@floating
def soft_ramp(x: Array, *, beta: float, threshold: float) -> Any:
    scaled = x * beta
    far = plain(scaled) > threshold
    return (
        np.where(far, x, rounded_corner(scaled) / beta),
        lambda g: g * np.where(far, 1, sigmoid(scaled)),
    )


def softplus(input: Any, beta: float = 1, threshold: float = 20) -> Any:
    """log(1 + exp(beta * input)) / beta, a smooth relu; the input itself above the threshold."""
    return soft_ramp(input, beta=beta, threshold=threshold)


@floating
def logsigmoid(x: Array) -> Any:
    """log(sigmoid(x)), exact where sigmoid itself would round to 0."""
    return -rounded_corner(-x), lambda g: g * sigmoid(-x)


@floating
def softsign(x: Array) -> Any:
    """x / (1 + abs(x))."""
    r = 1 / (np.abs(x) + 1)
    return x * r, lambda g: g * (r * r)


@floating
def tanhshrink(x: Array) -> Any:
    """x - tanh(x)."""
    t = np.tanh(x)
    return x - t, lambda g: g * (t * t)


def softshrink(input: Any, lambd: float = 0.5) -> Any:
    """The input, by lambd nearer to 0; what would pass 0 is 0."""
    return input - clamp(input, -lambd, lambd)


def hardshrink(input: Any, lambd: float = 0.5) -> Any:
    """The input where it is farther from 0 than lambd, 0 elsewhere."""
    return where((plain(input) >= -lambd) & (plain(input) <= lambd), 0.0, input)


def softmin(input: Any, dim: int, *, dtype: Any = None) -> Any:
    """softmax of -input."""
    return softmax(-input, dim, dtype=dtype)


def glu(input: Any, dim: int = -1) -> Any:
    """The first half of an axis, times the sigmoid of the second."""
    if not input.ndim or input.shape[dim] % 2:
        raise ShapeError(f"glu: dim {dim} of {list(input.shape)} has no two equal halves")
    first, second = chunk(input, 2, dim)
    return first * sigmoid(second)


relu_, leaky_relu_, threshold_ = in_place(relu), in_place(leaky_relu), in_place(threshold)
elu_, celu_, selu_, hardtanh_ = in_place(elu), in_place(celu), in_place(selu), in_place(hardtanh)


def alike(name: str, input: Any, target: Any, what: str = "target") -> tuple[Any, Any]:
    """Input and target of one shape, in the dtype in which they meet; or an error."""
    if not hasattr(target, "shape"):
        raise TypeError(f"{name}: the {what} must be a tensor or an array, not {described(target)}")
    if input.shape != target.shape:
        raise ShapeError(
            f"{name}: the input has shape {list(input.shape)} and the {what} {list(target.shape)}: "
            f"they must be equal, for broadcast against each other they would be other pairs: "
            f"reshape one of them, as in {what}.reshape(input.shape)"
        )
    if input.dtype == target.dtype and input.dtype.kind == "f":
        return input, target
    dtype = common_dtype((input, target))
    return floats(name, converted(input, dtype)), converted(target, dtype)


def reduced(name: str, terms: Any, reduction: str) -> Any:
    """The terms of a loss themselves ("none"), their "sum", or their "mean"."""
    share_of(name, terms.shape, reduction)  # refuses what cannot be
    if reduction == "none":
        return terms
    return terms.mean() if reduction == "mean" else terms.sum()


def share_of(name: str, shape: tuple[int, ...], reduction: str) -> float:
    """What each term of a loss counts: 1, or 1/n for the mean."""
    if reduction == "mean":
        return 1 / count_of(name, math.prod(shape), "the batch is empty")
    if reduction in ("sum", "none"):
        return 1
    raise ValueError(f"{name}: reduction must be 'none', 'mean' or 'sum', not {reduction!r}")


def count_of(name: str, n: float, why: str) -> float:
    """What a mean divides by, if it is not 0."""
    if n == 0:
        raise ShapeError(f"{name}: a mean of nothing is no number: {why}; skip it, or use 'sum'")
    return n


@differentiable
def square_loss(a: Array, b: Array, share: float) -> Any:
    """share * the sum of the squares of a - b."""
    error = a - b
    flat, slope = error.reshape(-1), error.dtype.type(2 * share)
    return (
        flat.dot(flat) * error.dtype.type(share),
        lambda g: error * (g * slope),
        lambda g: error * (g * -slope),
    )


def mse_loss(input: Any, target: Any, *, reduction: str = "mean", weight: Any = None) -> Any:
    """The squares of the errors; with weights the mean divides by their sum."""
    input, target = alike("mse_loss", input, target)
    share = share_of("mse_loss", input.shape, reduction)
    if reduction != "none" and weight is None:
        return square_loss(input, target, share)
    return weighted("mse_loss", functions.square(input - target), reduction, weight)


def weighted(name: str, terms: Any, reduction: str, weight: Any) -> Any:
    """A loss whose terms count differently; the mean divides by the sum of the weights."""
    if weight is None:
        return reduced(name, terms, reduction)
    terms, weight = alike(name, terms, weight, "weight")
    total = reduced(name, terms * weight, "none" if reduction == "none" else "sum")
    return total / weight.sum() if reduction == "mean" else total


def l1_loss(input: Any, target: Any, *, reduction: str = "mean", weight: Any = None) -> Any:
    """The absolute values of the errors."""
    input, target = alike("l1_loss", input, target)
    return weighted("l1_loss", functions.abs(input - target), reduction, weight)


@elementwise
def huber(error: Array, *, delta: float) -> Any:
    """A parabola up to delta, then straight lines that go on with its slope."""
    inner = np.clip(plain(error), -delta, delta)
    return inner * (error - inner * 0.5), lambda g: g * clamp(error, -delta, delta)


def huber_loss(
    input: Any, target: Any, reduction: str = "mean", delta: float = 1.0, weight: Any = None
) -> Any:
    """The square of a small error, halved; delta times a large one, but for a constant."""
    if delta <= 0:
        raise ValueError(f"huber_loss: delta must be more than 0, not {delta}")
    input, target = alike("huber_loss", input, target)
    terms = huber(input - target, delta=delta)
    if weight is not None:
        terms = terms * alike("huber_loss", terms, weight, "weight")[1]
    return reduced("huber_loss", terms, reduction)


def smooth_l1_loss(input: Any, target: Any, *, reduction: str = "mean", beta: float = 1.0) -> Any:
    """huber_loss, divided by the place where its parabola ends; beta=0 is l1_loss."""
    if beta == 0:
        return l1_loss(input, target, reduction=reduction)
    return huber_loss(*alike("smooth_l1_loss", input, target), reduction, beta) / beta


def as_rows(name: str, input: Any) -> Any:
    """Scores of shape (C,), (N, C) or (N, C, d1, …) as a matrix with a row for each target."""
    if input.ndim == 2:
        return input
    return (movedim(input, 1, -1) if input.ndim > 2 else input).reshape(-1, classes_of(name, input))


def classes_of(name: str, input: Any) -> int:
    shape: tuple[int, ...] = input.shape
    if not shape:
        raise ShapeError(f"{name}: one score alone is no choice between classes: add a dimension")
    return shape[1] if len(shape) > 1 else shape[0]


def places_of(input: Any) -> tuple[int, ...]:
    """The shape that class indices must have."""
    shape: tuple[int, ...] = input.shape
    return shape[:1] + shape[2:] if len(shape) > 1 else ()


def labels_of(name: str, input: Any, target: Any, ignore_index: int) -> tuple[Any, Any]:
    """The class indices in a row, and which of them count (None: all of them)."""
    classes = classes_of(name, input)
    labels = target.value if isinstance(target, Node) else target
    if getattr(labels, "shape", None) != places_of(input):
        raise ShapeError(
            f"{name}: scores of {described(input)} need class indices of shape "
            f"{list(places_of(input))}, not {described(labels)}"
        )
    if labels.dtype.kind not in "iu":
        raise RuntimeError(
            f"{name}: class indices are whole numbers, not {labels.dtype}: convert with .long()"
        )
    flat = labels.reshape(-1).astype(np.int64, copy=False)
    highest = np.maximum.reduce(flat.view(np.uint64), initial=0)  # -1 is huge there
    if ignore_index < 0 and highest < classes:
        return flat, None
    kept = flat != ignore_index
    refuse_strangers(name, labels, kept & ((flat < 0) | (flat >= classes)), classes)
    return flat, None if kept.all() else kept


def refuse_strangers(name: str, labels: Any, strange: Any, classes: int) -> None:
    """Say where the first class index stands that is none, if there is one."""
    if strange.any():
        place = [int(i) for i in np.argwhere(strange.reshape(labels.shape))[0]]
        where = "" if not place else f" in row {place[0]}" if len(place) == 1 else f" at {place}"
        raise IndexError(
            f"{name}: target {labels[tuple(place)]}{where} is not a class: there are {classes} "
            f"classes, 0 to {classes - 1}"
        )


@differentiable
def label_entropy(scores: Array, labels: Array, share: Any, each: bool) -> Any:
    """share * (the log of the sum of exp(scores) - the score of the label), each or their sum."""
    share = np.asarray(share, scores.dtype)
    with np.errstate(invalid="ignore", divide="ignore"):
        shifted = scores - plain(scores).max(1, keepdims=True)
        exponentials = np.exp(shifted)
        totals = exponentials.sum(1, keepdims=True)
        right = np.arange(len(labels)), labels
        terms = (np.log(totals[:, 0]) - shifted[right]) * share

    def to_scores(g: Array) -> Array:
        hot = np.zeros(scores.shape, scores.dtype)
        hot[right] = 1
        return (exponentials / totals - hot) * (g * share)[..., None]

    return terms if each else terms.sum(), to_scores


@differentiable
def soft_entropy(scores: Array, target: Array, share: Any, each: bool) -> Any:
    """-share * target * log_softmax(scores), summed over each row, or over all of them."""
    share = np.asarray(share, scores.dtype)
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = from_top(scores, (1,))
        logs = logs - np.log(np.exp(logs).sum(1, keepdims=True))
        terms = -(target * logs).sum(1) * share
    return (
        terms if each else terms.sum(),
        lambda g: (np.exp(logs) * target.sum(1, keepdims=True) - target) * (g * share)[..., None],
        lambda g: -logs * (g * share)[..., None],
    )


def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """How unlikely the softmax of the scores makes the targets: -log of their probability.

    Scores (N, C), with class indices (N,) or with probabilities (N, C); also (C,), (N, C, d1, …).
    """
    if not 0 <= label_smoothing <= 1:
        raise RuntimeError(f"cross_entropy: label_smoothing must be 0 to 1, not {label_smoothing}")
    floats("cross_entropy", input)
    if getattr(target, "shape", None) == input.shape:
        return of_probabilities(input, target, weight, reduction, label_smoothing)
    return of_labels(input, target, weight, ignore_index, reduction, label_smoothing)


def of_labels(
    input: Any, target: Any, weight: Any, ignore_index: int, reduction: str, smoothing: float
) -> Any:
    """cross_entropy with class indices; its mean divides by the sum of their weights."""
    labels, kept = labels_of("cross_entropy", input, target, ignore_index)
    rows, each = as_rows("cross_entropy", input), reduction == "none"
    if kept is not None:
        rows, labels = rows[kept], labels[kept]
    share, table = shares_of("cross_entropy", labels, weight, reduction, rows)
    if smoothing:
        terms = soft_entropy(rows, smoothed(labels, table, smoothing, rows), share, each)
    else:
        terms = label_entropy(rows, labels, share if table is None else share * table[labels], each)
    return spread_out(terms, kept, target.shape) if each else terms


def class_weights(name: str, weight: Any, classes: int, dtype: Any) -> Any:
    """The weight of each class, a constant."""
    if getattr(weight, "requires_grad", False):
        raise RuntimeError(f"{name}: no gradient flows to the weight: detach it")
    if weight.shape != (classes,):
        raise ShapeError(
            f"{name}: {classes} classes need a weight of shape [{classes}], not "
            f"{list(weight.shape)}"
        )
    return plain(weight).astype(dtype)


def shares_of(name: str, labels: Any, weight: Any, reduction: str, rows: Any) -> tuple[Any, Any]:
    """What each row counts before its class's weight; and the weights of the classes, if any."""
    table = None if weight is None else class_weights(name, weight, rows.shape[1], rows.dtype)
    if reduction != "mean":
        return share_of(name, (1,), reduction), table
    total = len(labels) if table is None else float(table[labels].sum())
    return 1 / count_of(name, total, "no target counts"), table


def smoothed(labels: Any, table: Any, smoothing: float, rows: Any) -> Any:
    """A part of each row's probability taken from its label and spread over all classes."""
    classes = rows.shape[1]
    spread = np.full(rows.shape, smoothing / classes, rows.dtype)
    spread[np.arange(len(labels)), labels] += 1 - smoothing
    return spread if table is None else spread * table


def spread_out(terms: Any, kept: Any, shape: tuple[int, ...]) -> Any:
    """The terms where their targets stood; 0 where a target was ignored."""
    if kept is not None:
        zeros = np.zeros(len(kept), terms.dtype)
        into = wrapped(terms, zeros) if isinstance(terms, Node) else zeros
        terms = assign_into(into, terms, kept)
    return terms.reshape(shape)


def of_probabilities(input: Any, target: Any, weight: Any, reduction: str, smoothing: float) -> Any:
    """cross_entropy with a distribution for each row; its mean divides by their number."""
    if target.dtype.kind != "f":
        raise RuntimeError(
            f"cross_entropy: targets of the shape {list(input.shape)} of the scores are "
            f"probabilities, which are floats, not {target.dtype}: convert with .float()"
        )
    classes, rows = classes_of("cross_entropy", input), as_rows("cross_entropy", input)
    shares = as_rows("cross_entropy", converted(target, input.dtype))
    if smoothing:
        shares = shares * (1 - smoothing) + smoothing / classes
    if weight is not None:
        shares = shares * class_weights("cross_entropy", weight, classes, input.dtype)
    share = share_of("cross_entropy", rows.shape[:1], reduction)
    terms = soft_entropy(rows, shares, share, reduction == "none")
    return terms.reshape(places_of(input)) if reduction == "none" else terms


def nll_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Any:
    """Minus the entries at the labels, taken to be logarithms of probabilities."""
    floats("nll_loss", input)
    labels, kept = labels_of("nll_loss", input, target, ignore_index)
    rows = as_rows("nll_loss", input)
    if kept is not None:
        rows, labels = rows[kept], labels[kept]
    share, table = shares_of("nll_loss", labels, weight, reduction, rows)
    scale = share if table is None else (share * table[labels]).astype(rows.dtype)
    terms = -rows[np.arange(len(labels)), labels] * scale
    return spread_out(terms, kept, target.shape) if reduction == "none" else terms.sum()


def one_hot(tensor: Any, num_classes: int = -1) -> Any:
    """A row of 0 with a 1 at the class index, for each of them."""
    labels = plain(tensor)
    if labels.dtype.kind not in "iu":
        raise RuntimeError(f"one_hot: it takes class indices, whole numbers, not {labels.dtype}")
    if num_classes == -1 and not labels.size:
        raise RuntimeError("one_hot: no class index, and so no largest: give num_classes")
    classes = int(labels.max()) + 1 if num_classes == -1 else num_classes
    refuse_strangers("one_hot", labels, (labels < 0) | (labels >= classes), classes)
    rows = (labels[..., None] == np.arange(classes)).astype(np.int64)
    return wrapped(tensor, rows) if isinstance(tensor, Node) else rows


def within(name: str, what: str, x: Any) -> None:
    """Refuse what is no probability."""
    numbers = plain(x)
    if numbers.size and not (numbers.min() >= 0 and numbers.max() <= 1):
        bad = numbers[~((numbers >= 0) & (numbers <= 1))].flat[0]
        raise RuntimeError(f"{name}: each {what} must be between 0 and 1, and one is {bad:.4g}")


@elementwise
def bernoulli(p: Array, t: Array) -> Any:
    """-(t log p + (1 - t) log(1 - p)), the logarithms cut off at -100."""
    with np.errstate(divide="ignore"):
        yes, no = np.maximum(np.log(p), -100), np.maximum(np.log1p(-p), -100)
    return (
        -(t * yes + (1 - t) * no),
        lambda g: g * (p - t) / np.maximum(p * (1 - p), 1e-12),
        lambda g: g * (no - yes),
    )


def binary_cross_entropy(
    input: Any, target: Any, weight: Any = None, *, reduction: str = "mean"
) -> Any:
    """-(target log(input) + (1 - target) log(1 - input)), for probabilities."""
    name = "binary_cross_entropy"
    floats(name, target)
    input, target = alike(name, floats(name, input), target)
    within(name, "input", input)
    within(name, "target", target)
    terms = bernoulli(input, target)
    return reduced(name, terms if weight is None else terms * weight, reduction)


@elementwise
def logit_entropy(x: Array, t: Array, w: Array) -> Any:
    """-(w t log(sigmoid(x)) + (1 - t) log(1 - sigmoid(x)))."""
    low = rounded_corner(-x)
    more = (w - 1) * t + 1
    return (
        (1 - t) * x + more * low,
        lambda g: g * (1 - t - more * sigmoid(-x)),
        lambda g: g * ((w - 1) * low - x),
        lambda g: g * (t * low),
    )


def binary_cross_entropy_with_logits(
    input: Any,
    target: Any,
    weight: Any = None,
    *,
    reduction: str = "mean",
    pos_weight: Any = None,
) -> Any:
    """binary_cross_entropy of sigmoid(input), for scores of any size; pos_weight for the yes."""
    name = "binary_cross_entropy_with_logits"
    input, target = alike(name, input, target)
    within(name, "target", target)
    terms = logit_entropy(input, target, 1.0 if pos_weight is None else pos_weight)
    return reduced(name, terms if weight is None else terms * weight, reduction)


@elementwise
def divergence(x: Array, t: Array) -> Any:
    """t (log t - x); 0 where t is."""
    some = plain(t) > 0
    logs = np.log(np.where(some, t, 1))
    return t * (logs - x), lambda g: -g * t, lambda g: g * (logs + 1 - x) * some


def kl_div(input: Any, target: Any, *, reduction: str = "mean", log_target: bool = False) -> Any:
    """How far the distribution exp(input) is from the target; "batchmean" is the one to use."""
    input, target = alike("kl_div", input, target)
    terms = functions.exp(target) * (target - input) if log_target else divergence(input, target)
    if reduction != "batchmean":
        return reduced("kl_div", terms, reduction)
    return terms.sum() / count_of("kl_div", input.shape[0], "the batch is empty")


def above_zero(x: Any) -> Any:
    """The larger of x and 0; at 0 the derivative is 1, as PyTorch's hinges have it."""
    return clamp(x, min=0)


def hinge_embedding_loss(
    input: Any, target: Any, margin: float = 1.0, *, reduction: str = "mean"
) -> Any:
    """A distance where the target is 1; what it lacks of the margin where the target is -1."""
    input, target = alike("hinge_embedding_loss", input, target)
    sign = signs("hinge_embedding_loss", target)
    terms = where(sign > 0, input, above_zero(margin - input))
    return reduced("hinge_embedding_loss", terms, reduction)


def signs(name: str, target: Any) -> Any:
    """A target whose entries are 1 and -1, as an array."""
    array = plain(target)
    if not np.all(np.abs(array) == 1):
        raise RuntimeError(f"{name}: the targets must be 1 or -1: write 2 * target - 1 for 0 and 1")
    return array


def margin_ranking_loss(
    input1: Any, input2: Any, target: Any, margin: float = 0, *, reduction: str = "mean"
) -> Any:
    """What input1 lacks of being above input2 by the margin (below it where the target is -1)."""
    input1, input2 = alike("margin_ranking_loss", input1, input2, "second input")
    input1, target = alike("margin_ranking_loss", input1, target)
    signs("margin_ranking_loss", target)
    return reduced(
        "margin_ranking_loss", above_zero(-target * (input1 - input2) + margin), reduction
    )


def soft_margin_loss(input: Any, target: Any, *, reduction: str = "mean") -> Any:
    """log(1 + exp(-target * input)) for targets of 1 and -1."""
    input, target = alike("soft_margin_loss", input, target)
    signs("soft_margin_loss", target)
    return reduced("soft_margin_loss", -logsigmoid(target * input), reduction)


def multi_margin_loss(
    input: Any,
    target: Any,
    p: int = 1,
    margin: float = 1.0,
    weight: Any = None,
    *,
    reduction: str = "mean",
) -> Any:
    """By how much other scores come within the margin of the label's, over the classes."""
    name = "multi_margin_loss"
    if input.ndim > 2 or p not in (1, 2):
        raise ShapeError(f"{name}: it takes (N, C) or (C,) and p = 1 or 2, not {described(input)}")
    labels, _ = labels_of(name, floats(name, input), target, -100)
    rows = as_rows(name, input)
    right = np.arange(len(labels)), labels
    over = above_zero(rows - rows[right].reshape(-1, 1) + margin)
    others = np.full(rows.shape, 1 / rows.shape[1], rows.dtype)
    others[right] = 0
    if weight is not None:
        others *= class_weights(name, weight, rows.shape[1], rows.dtype)[labels][:, None]
    terms = ((over if p == 1 else functions.square(over)) * others).sum(1)
    return reduced(name, terms.reshape(target.shape), reduction)


def poisson_nll_loss(
    input: Any,
    target: Any,
    log_input: bool = True,
    full: bool = False,
    *,
    eps: float = 1e-8,
    reduction: str = "mean",
) -> Any:
    """For targets that are counts: the input is (the logarithm of) the count to expect."""
    input, target = alike("poisson_nll_loss", input, target)
    if log_input:
        terms = functions.exp(input) - target * input
    else:
        terms = input - target * functions.log(input + eps)
    if full:  # Stirling's approximation of log(target!)
        logs = functions.log(where(plain(target) > 1, target, 1.0))
        stirling = target * logs - target + (logs + math.log(2 * math.pi)) * 0.5
        terms = terms + where(plain(target) > 1, stirling, 0.0)
    return reduced("poisson_nll_loss", terms, reduction)


def variance_for(name: str, input: Any, var: Any) -> Any:
    """A variance for each entry of the input: as many, one for each row, or one number."""
    if np.any(plain(var) < 0):
        raise ValueError(f"{name}: a variance cannot be negative")
    if isinstance(var, (int, float)):
        return converted(var, input.dtype)
    if var.shape == input.shape[:-1] != input.shape:
        return var.reshape(*var.shape, 1)
    if var.shape not in (input.shape, (*input.shape[:-1], 1)):
        raise ShapeError(
            f"{name}: the input has shape {list(input.shape)} and the variance {list(var.shape)}: "
            "it must have the same shape, or one number for each row"
        )
    return var


def gaussian_nll_loss(
    input: Any,
    target: Any,
    var: Any,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Any:
    """For targets that spread around the input with a variance of their own."""
    name = "gaussian_nll_loss"
    input, target = alike(name, input, target)
    var = variance_for(name, input, var)
    safe = var + np.maximum(eps - plain(var), 0)  # never less than eps, and the slope is kept
    terms = (functions.log(safe) + functions.square(input - target) / safe) * 0.5
    terms = terms + 0.5 * math.log(2 * math.pi) if full else terms
    return reduced(name, terms, reduction)


def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Any:
    """The cosine of the angle between two vectors; lengths below eps count as eps."""
    a, b = (clamp(norm(x, 2, dim, True), min=eps) for x in (x1, x2))
    return ((x1 / a) * (x2 / b)).sum(dim)


def cosine_embedding_loss(
    input1: Any, input2: Any, target: Any, margin: float = 0, *, reduction: str = "mean"
) -> Any:
    """1 - cosine where the target is 1; the cosine above the margin where it is -1."""
    name = "cosine_embedding_loss"
    input1, input2 = alike(name, input1, input2, "second input")
    lengths = [(x * x).sum(-1) + 1e-12 for x in (input1, input2)]
    cosine = (input1 * input2).sum(-1) / functions.sqrt(lengths[0] * lengths[1])
    alike(name, cosine, target)
    terms = where(signs(name, target) > 0, 1 - cosine, above_zero(cosine - margin))
    return reduced(name, terms, reduction)


def pairwise_distance(
    x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Any:
    """The p-norm of x1 - x2 + eps along the last axis."""
    return norm(x1 - x2 + eps, p, -1, keepdim)


def triplet_margin_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    *,
    reduction: str = "mean",
) -> Any:
    """What the negative lacks of being farther from the anchor than the positive, by the margin."""
    name = "triplet_margin_loss"
    alike(name, anchor, positive, "positive")
    alike(name, anchor, negative, "negative")
    far = pairwise_distance(anchor, negative, p, eps)
    if swap:
        far = functions.minimum(far, pairwise_distance(positive, negative, p, eps))
    near = pairwise_distance(anchor, positive, p, eps)
    return reduced(name, above_zero(near - far + margin), reduction)


def normalize(input: Any, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Any:
    """The input with its vectors along an axis brought to length 1."""
    return input / clamp(norm(input, p, dim, True), min=eps)


__all__ = ["relu", "relu6", "leaky_relu", "prelu", "elu", "celu", "selu", "gelu", "silu", "mish"]
__all__ += ["sigmoid", "logsigmoid", "hardsigmoid", "tanh", "hardtanh", "hardswish", "threshold"]
__all__ += ["softplus", "softsign", "tanhshrink", "softshrink", "hardshrink", "glu", "softmax"]
__all__ += ["log_softmax", "softmin", "relu_", "leaky_relu_", "elu_", "celu_", "selu_"]
__all__ += ["threshold_", "hardtanh_", "mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss"]
__all__ += ["cross_entropy", "nll_loss", "binary_cross_entropy", "kl_div"]
__all__ += ["binary_cross_entropy_with_logits", "hinge_embedding_loss", "margin_ranking_loss"]
__all__ += ["soft_margin_loss", "multi_margin_loss", "poisson_nll_loss", "gaussian_nll_loss"]
__all__ += ["cosine_similarity", "cosine_embedding_loss", "pairwise_distance"]
__all__ += ["triplet_margin_loss", "normalize", "one_hot"]


# --- book/12_layers.ipynb: Layers


def flat(x: Array) -> Array:
    """(..., n) as a matrix with rows of n."""
    return x if x.ndim == 2 else x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def shaped(rows: Array, like: Array) -> Array:
    """Rows, one for each row of `like`, with the leading dimensions of `like`."""
    return rows if like.ndim == 2 else rows.reshape(*like.shape[:-1], rows.shape[-1])


def total(rows: Array) -> Array:
    """The sum of the rows: as a product several times quicker than np.sum for many rows."""
    return np.dot(ones_in(len(rows), rows.dtype), rows)


@lru_cache(16)
def ones_in(n: int, dtype: Any) -> Any:
    """A vector of ones, made once: nobody writes to it."""
    return np.ones(n, dtype)


def same_dtype(name: str, input: Array, *parts: Array) -> None:
    """An error where a layer and its input are of different dtypes."""
    for part in parts:
        if part is not None and part.dtype != input.dtype:
            raise RuntimeError(
                f"{name}: the input is {input.dtype} and the layer {part.dtype}: convert one of "
                "them, as in input.to(weight.dtype) or layer.double()"
            )


@differentiable
def affine(x: Array, W: Array, b: Array) -> Any:
    """x Wᵀ + b: (..., in), (out, in), (out,) or None -> (..., out)."""
    if x.dtype != W.dtype:
        same_dtype("linear", x, W)
    rows = flat(x)
    product = np.dot(rows, W.T)
    return (
        shaped(product if b is None else product + b, x),
        lambda g: shaped(np.dot(flat(g), W), x),
        lambda g: np.dot(flat(g).T, rows),
        lambda g: total(flat(g)),
    )


def linear(input: Any, weight: Any, bias: Any = None) -> Any:
    """input @ weight.T + bias: (..., in), (out, in), (out,) -> (..., out)."""
    try:
        return affine(input, weight, bias)
    except (ShapeError, IndexError):
        complain_of_width(input, weight, bias)
        raise


def complain_of_width(input: Any, weight: Any, bias: Any) -> None:
    """Say what does not fit in a linear layer, if that is what went wrong."""
    (outputs, inputs), given = weight.shape, list(input.shape)
    if not given or given[-1] != inputs:
        raise ShapeError(
            f"linear: a layer with in_features={inputs}, out_features={outputs} cannot take an "
            f"input of {given}: the last dimension must be {inputs}"
        ) from None
    raise ShapeError(
        f"linear: a bias of {list(bias.shape)} does not fit out_features={outputs}"
    ) from None


def check_chance(p: float) -> None:
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def dropped(input: Any, p: float, training: bool, inplace: bool, shape: tuple[int, ...]) -> Any:
    """Entries set to 0 with chance p, a mask of this shape copied over them; the rest grows."""
    check_chance(p)
    if not training or p == 0:
        return input
    kept = random_of(None).random(shape, np.float32) >= p
    mask = kept.astype(input.dtype) * input.dtype.type(1 / (1 - p) if p < 1 else 0)
    return applied(lambda x: mul(x, mask), input, inplace)


def dropout(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Each entry set to 0 with chance p, the others divided by 1 - p; unchanged if not training."""
    return dropped(input, p, training, inplace, input.shape)


def dropout1d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Whole channels set to 0: of (N, C, L) or (C, L)."""
    return drop_channels("dropout1d", (2, 3), input, p, training, inplace)


def dropout2d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Whole channels set to 0: of (N, C, H, W)."""
    return drop_channels("dropout2d", (4,), input, p, training, inplace)


def drop_channels(
    name: str, ndims: tuple[int, ...], input: Any, p: float, training: bool, inplace: bool
) -> Any:
    if input.ndim not in ndims:
        raise ShapeError(
            f"{name}: an input of {list(input.shape)} has not {ndims[0]} dimensions"
            + (f", or {ndims[1]} with the batch" if len(ndims) > 1 else "")
        )
    inner = 1 if name == "dropout1d" else 2
    shape = input.shape[: input.ndim - inner] + (1,) * inner
    return dropped(input, p, training, inplace, shape)


SELU_FLOOR = -1.7580993408473766  # what selu gives for -infinity


def alpha_dropout(input: Any, p: float = 0.5, training: bool = False, inplace: bool = False) -> Any:
    """Dropout for selu: entries become its lowest value; mean and variance stay as they were."""
    check_chance(p)
    if not training or p == 0:
        return input
    kept = (random_of(None).random(input.shape, np.float32) >= p).astype(input.dtype)
    scale = 1 / math.sqrt((SELU_FLOOR**2 * p + 1) * (1 - p)) if p < 1 else 0.0
    shift = (1 - p - kept) * (SELU_FLOOR * scale)
    return applied(lambda x: x * (kept * scale) + shift, input, inplace)


def by_weight(unit: Array, weight: Array, bias: Array) -> Array:
    """unit * weight + bias, where either may be None."""
    unit = unit if weight is None else unit * weight
    return unit if bias is None else unit + bias


def by_channel(x: Array) -> Array:
    """(N, C, ...) as (N, C) or (N, C, places)."""
    return x if x.ndim == 2 else x.reshape(*x.shape[:2], math.prod(x.shape[2:]))


def beside(vector: Array, x: Array) -> Array:
    """A vector with an entry for each channel, in a shape that broadcasts."""
    return vector if vector is None or x.ndim == 2 else vector.reshape(vector.shape[0], 1)


def per_channel(x: Any, weight: Any, bias: Any) -> Any:
    """x * weight + bias, with an entry of each for every channel."""
    z = by_channel(x)
    y = by_weight(z, beside(weight, z), beside(bias, z))
    return y if x.ndim == 2 else y.reshape(x.shape)


def channel_total(x: Array) -> Array:
    """The sum of all values of each channel: (N, C) or (N, C, places) -> (C,)."""
    if x.ndim == 3:
        n, channels, places = x.shape
        rows = x.reshape(n * channels, places)
        x = np.dot(rows, np.ones(places, x.dtype)).reshape(n, channels)
    return total(x)


@differentiable
def normalized_columns(x: Array, weight: Array, bias: Array, eps: float) -> Any:
    """Each channel brought to mean 0 and variance 1 over the batch: (N, C, ...)."""
    z = by_channel(x)
    n = math.prod(x.shape) // x.shape[1]

    def mean(values: Array) -> Array:
        return beside(channel_total(values) / n, values)

    centred = z - mean(z)
    scale = 1 / np.sqrt(mean(centred * centred) + x.dtype.type(eps))
    unit, w, b = centred * scale, beside(weight, z), beside(bias, z)

    def to_x(g: Array) -> Array:
        g = by_weight(g.reshape(z.shape), w, None)
        return (scale * (g - mean(g) - unit * mean(g * unit))).reshape(x.shape)

    return (
        by_weight(unit, w, b).reshape(x.shape),
        to_x,
        lambda g: channel_total(g.reshape(z.shape) * unit),
        lambda g: channel_total(g.reshape(z.shape)),
    )


def batch_norm(
    input: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """Each channel normalized: in training by the batch, else by the running mean and variance."""
    check_channels("batch_norm", input, running_mean, running_var, weight, bias)
    if training:
        enough(input)
        if running_mean is not None:
            follow(input, running_mean, running_var, momentum)
        return normalized_columns(input, weight, bias, eps)
    if running_mean is None or running_var is None:
        raise RuntimeError("batch_norm: without training it needs running_mean and running_var")
    scale = by_weight(rsqrt(running_var + eps), weight, None)
    return per_channel(input, scale, by_weight(-running_mean * scale, None, bias))


def follow(input: Any, running_mean: Any, running_var: Any, momentum: float) -> None:
    """Move the running statistics towards those of this batch, unrecorded."""
    z = by_channel(plain(input))
    n = z.size // z.shape[1]
    mean = channel_total(z) / n
    var = channel_total((z - beside(mean, z)) ** 2) / (n - 1)
    for running, new in ((running_mean, mean), (running_var, var)):
        old = running.value
        overwrite(running, old + old.dtype.type(momentum) * (new - old).astype(old.dtype))


def check_channels(name: str, input: Any, *parts: Any) -> tuple[int, int]:
    """How many examples and channels there are; an error where the layer has others."""
    if input.ndim < 2:
        raise ShapeError(f"{name}: an input of {list(input.shape)} is not (N, C, ...)")
    check_parts(name, input, (input.shape[1],), parts)
    return input.shape[0], input.shape[1]


def enough(input: Any) -> None:
    if math.prod(input.shape) == input.shape[1]:
        raise ValueError(
            f"Expected more than 1 value per channel when training, got input size "
            f"{list(input.shape)}: one value has no variance; take a larger batch, or eval()"
        )


@differentiable
def normalized_rows(x: Array, weight: Array, bias: Array, eps: float, centre: bool) -> Any:
    """Each row brought to mean 0 (with centre) and mean square 1; averages are products."""
    rows, n = flat(x), x.shape[-1]
    average = np.full((n, 1), 1 / n, x.dtype)
    centred = rows - np.dot(rows, average) if centre else rows
    scale = 1 / np.sqrt(np.dot(centred * centred, average) + x.dtype.type(eps))
    unit = centred * scale

    def to_x(g: Array) -> Array:
        g = by_weight(flat(g), weight, None)
        along = g - np.dot(g, average) if centre else g
        return shaped(scale * (along - unit * np.dot(g * unit, average)), x)

    y = shaped(by_weight(unit, weight, bias), x)
    return y, to_x, lambda g: total(flat(g) * unit), lambda g: total(flat(g))


def whole_shape(name: str, input: Any, normalized_shape: Any, *parts: Any) -> tuple[int, ...]:
    """The trailing dimensions that are normalized together."""
    shape = sizes_of((normalized_shape,))
    if not shape or tuple(input.shape[-len(shape) :]) != shape:
        raise ShapeError(
            f"{name}: an input of {list(input.shape)} does not end in the dimensions "
            f"{list(shape)} that are to be normalized"
        )
    check_parts(name, input, shape, parts)
    return shape


def check_parts(name: str, input: Any, shape: tuple[int, ...], parts: Any) -> None:
    """Weight, bias and the like must have this shape, and the dtype of the input."""
    if input.dtype.kind != "f":
        raise RuntimeError(f"{name}: the input must be floating, not {input.dtype}")
    for part in parts:
        if part is not None and part.shape != shape:
            raise ShapeError(
                f"{name}: an input of {list(input.shape)} needs weights of {list(shape)}, and "
                f"the layer has {list(part.shape)}"
            )
    same_dtype(name, input, *parts)


def norm_over(
    name: str, input: Any, normalized_shape: Any, weight: Any, bias: Any, eps: float, centre: bool
) -> Any:
    shape = whole_shape(name, input, normalized_shape, weight, bias)
    if len(shape) == 1:
        return normalized_rows(input, weight, bias, eps, centre)
    rows = reshape(input, (*input.shape[: -len(shape)], math.prod(shape)))
    weight, bias = (v if v is None else reshape(v, -1) for v in (weight, bias))
    return reshape(normalized_rows(rows, weight, bias, eps, centre), input.shape)


def layer_norm(
    input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """Each sample brought to mean 0 and variance 1 over its trailing dimensions."""
    return norm_over("layer_norm", input, normalized_shape, weight, bias, eps, True)


def rms_norm(
    input: Any, normalized_shape: Any, weight: Any = None, eps: float | None = None
) -> Any:
    """Each sample divided by the root of its mean square over its trailing dimensions."""
    eps = float(np.finfo(input.dtype).eps) if eps is None else eps
    return norm_over("rms_norm", input, normalized_shape, weight, None, eps, False)


def group_norm(
    input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """The channels of each sample in groups, each brought to mean 0 and variance 1."""
    n, channels = check_channels("group_norm", input, weight, bias)
    if channels % num_groups:
        raise ShapeError(f"group_norm: {channels} channels do not make {num_groups} equal groups")
    grouped = reshape(input, (n * num_groups, math.prod(input.shape[1:]) // num_groups))
    unit = reshape(normalized_rows(grouped, None, None, eps, True), input.shape)
    return per_channel(unit, weight, bias)


@differentiable
def looked_up(table: Array, places: Array, padding: int) -> Any:
    """The rows of a table at some places; the row for padding gets no gradient."""
    due = (places != padding)[..., None]
    return table[places], lambda g: put(g * due, places, table.shape)


def embedding(
    input: Any,
    weight: Any,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
) -> Any:
    """The row of the weight that each index names: (...), (rows, width) -> (..., width)."""
    places, n = plain(input), len(weight)
    check_places(places, n)
    if max_norm is not None:
        shorten(weight, np.unique(places), max_norm, norm_type)
    if padding_idx is None:
        return getitem(weight, places)
    return looked_up(weight, places, padding_idx % n)


def check_places(places: Any, n: int) -> None:
    if places.dtype.kind not in "iu":
        raise TypeError(
            f"embedding: the input is {places.dtype}: it takes the numbers of rows, integers"
        )
    if places.size and not 0 <= places.min() <= places.max() < n:
        wrong = places[(places < 0) | (places >= n)].ravel()[0]
        raise IndexError(
            f"embedding: index {wrong} is out of range: the table has rows 0 to {n - 1}"
        )


def shorten(weight: Any, rows: Any, longest: float, p: float) -> None:
    """Bring rows that are longer than this to this length, unrecorded."""
    table = np.array(weight.value)
    lengths = np.sum(np.abs(table[rows]) ** p, 1, keepdims=True) ** (1 / p)
    table[rows] *= np.where(lengths > longest, longest / (lengths + 1e-7), 1)
    overwrite(weight, table)


def bilinear(input1: Any, input2: Any, weight: Any, bias: Any = None) -> Any:
    """x1 W x2 for each matrix W of the weight: (..., n), (..., m), (k, n, m) -> (..., k)."""
    if (*input1.shape[-1:], *input2.shape[-1:]) != weight.shape[1:]:
        raise ShapeError(
            f"bilinear: inputs of {list(input1.shape)} and {list(input2.shape)} do not fit the "
            f"weight {list(weight.shape)}: their last dimensions must be {list(weight.shape[1:])}"
        )
    product = einsum("...i,kij,...j->...k", input1, weight, input2)
    return product if bias is None else product + bias


__all__ += ["linear", "bilinear", "embedding", "dropout", "dropout1d", "dropout2d"]
__all__ += ["alpha_dropout", "layer_norm", "rms_norm", "group_norm", "batch_norm"]
__all__ += ["pad"]


# --- book/20_pictures.ipynb: Pictures and sentences


def remembered(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function that computes once what it is asked several times in a row."""
    last = [None, None]

    def asked(x: Any) -> Any:
        if last[0] is not x:
            last[:] = x, function(x)
        return last[1]

    return asked


@differentiable
def attended(q: Array, k: Array, v: Array, mask: Array, scale: float) -> Any:
    """softmax(scale q kᵀ + mask) v as one rule, which keeps the weights and no scores."""
    scores = (q * scale) @ np.swapaxes(k, -1, -2) + mask
    spread = np.exp(scores - np.max(plain(scores), -1, keepdims=True))
    column = np.ones((spread.shape[-1], 1), spread.dtype)  # a product with ones is a fast sum
    weights = spread / (spread @ column)
    out = weights @ v

    @remembered
    def to_scores(g: Array) -> Array:
        along = (g * out) @ np.ones((out.shape[-1], 1), g.dtype)
        return (g @ np.swapaxes(v, -1, -2) - along) * weights

    return (
        out,
        lambda g: fit(to_scores(g) @ k * scale, q.shape),
        lambda g: fit(np.swapaxes(to_scores(g), -1, -2) @ q * scale, k.shape),
        lambda g: fit(np.swapaxes(weights, -1, -2) @ g, v.shape),
        lambda g: fit(to_scores(g), mask.shape),
    )


def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
) -> Any:
    """For each query a mean of the values, weighed by how well the keys fit: (..., L, E)."""
    scale = query.shape[-1] ** -0.5 if scale is None else scale
    if is_causal:
        attn_mask = tril(ones(query.shape[-2], key.shape[-2])) > 0
    mask = zeros(1, 1, dtype=query.dtype) if attn_mask is None else attn_mask
    if mask.dtype == np.bool_:
        mask = zeros(mask.shape, dtype=query.dtype).masked_fill(~mask, -math.inf)
    if not dropout_p:
        return attended(query, key, value, mask, scale)
    scores = (query * scale) @ key.transpose(-2, -1) + mask
    return dropout(scores.softmax(-1), dropout_p) @ value


__all__ += ["conv1d", "conv2d", "max_pool2d", "avg_pool2d", "adaptive_avg_pool2d", "unfold"]
__all__ += ["scaled_dot_product_attention"]
