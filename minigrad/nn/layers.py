# Exported from book/12_layers.ipynb, book/20_pictures.ipynb: change it there, not here.
"""Layers, and every activation and loss as a module."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from minigrad.changing import overwrite
from minigrad.creation import empty, full, ones, tensor, zeros
from minigrad.engine import ShapeError
from minigrad.nn import functional as F
from minigrad.nn import init
from minigrad.nn.module import Module, Parameter
from minigrad.nn.windows import adaptive_avg_pool2d, avg_pool2d, conv1d, conv2d, max_pool2d
from minigrad.shapes import sizes_of

# --- book/12_layers.ipynb: Layers


def new(*size: Any, device: Any, dtype: Any) -> Parameter:
    """A parameter of this shape, to be given its start."""
    return Parameter(empty(*size, device=device, dtype=dtype))


class Linear(Module):
    """x Wᵀ + b: (..., in_features) -> (..., out_features)."""

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = new(out_features, in_features, device=device, dtype=dtype)
        vector = new(out_features, device=device, dtype=dtype) if bias else None
        self.register_parameter("bias", vector)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        spread_evenly(self, self.in_features)

    def forward(self, input: Any) -> Any:
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        sizes = f"in_features={self.in_features}, out_features={self.out_features}"
        return f"{sizes}, bias={self.bias is not None}"


def spread_evenly(layer: Any, fan_in: int) -> None:
    """PyTorch's start: all parameters even within ±1/√fan_in."""
    bound = 1 / math.sqrt(fan_in) if fan_in else 0.0
    for parameter in layer.parameters(recurse=False):
        init.uniform_(parameter, -bound, bound)


class Dropout(Module):
    """Sets each entry to 0 with chance p while training, and divides the others by 1 - p."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        F.check_chance(p)
        self.p, self.inplace = p, inplace

    def forward(self, input: Any) -> Any:
        return F.dropout(input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout1d(Dropout):
    def forward(self, input: Any) -> Any:
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(Dropout):
    def forward(self, input: Any) -> Any:
        return F.dropout2d(input, self.p, self.training, self.inplace)


class AlphaDropout(Dropout):
    def forward(self, input: Any) -> Any:
        return F.alpha_dropout(input, self.p, self.training, self.inplace)


class Norm(Module):
    """What normalizations have in common: a weight that starts as 1, a bias that starts as 0."""

    def add_vectors(self, shape: Any, weight: bool, bias: bool, device: Any, dtype: Any) -> None:
        for name, wanted in (("weight", weight), ("bias", bias)):
            vector = new(shape, device=device, dtype=dtype) if wanted else None
            self.register_parameter(name, vector)

    def reset_parameters(self) -> None:
        for name, value in self.named_parameters(recurse=False):
            init.constant_(value, float(name == "weight"))


class RunningNorm(Norm):
    """A normalization that follows the mean and variance of the batches it sees in training."""

    def add_running(self, features: int, track: bool, device: Any, dtype: Any) -> None:
        options = {"device": device, "dtype": dtype}
        self.register_buffer("running_mean", zeros(features, **options) if track else None)
        self.register_buffer("running_var", ones(features, **options) if track else None)
        self.register_buffer("num_batches_tracked", tensor(0) if track else None)

    def reset_running_stats(self) -> None:
        if self.track_running_stats:
            for name, number in (
                ("running_mean", 0),
                ("running_var", 1),
                ("num_batches_tracked", 0),
            ):
                init.constant_(getattr(self, name), number)

    def factor(self) -> float:
        """How far the running statistics move towards those of this batch."""
        if self.training and self.track_running_stats:
            overwrite(self.num_batches_tracked, self.num_batches_tracked.value + 1)
            if self.momentum is None:  # the plain average of all batches
                return 1 / float(self.num_batches_tracked)
        return float(self.momentum or 0)


class BatchNorm(RunningNorm):
    """Each channel brought to mean 0 and variance 1 over the batch."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.add_vectors(num_features, affine, affine and bias, device, dtype)
        self.add_running(num_features, track_running_stats, device, dtype)
        self.reset_parameters()

    def extra_repr(self) -> str:
        facts = f"{self.num_features}, eps={self.eps}, momentum={self.momentum}"
        facts += f", affine={self.affine}, bias={self.bias is not None}"
        return f"{facts}, track_running_stats={self.track_running_stats}"


def batch_normalized(layer: Any, input: Any, ndims: tuple[int, ...]) -> Any:
    """What BatchNorm1d and BatchNorm2d do with inputs of these numbers of dimensions."""
    if input.ndim not in ndims:
        wanted = " or ".join(f"{n}D" for n in ndims)
        raise ShapeError(f"expected {wanted} input (got {input.ndim}D input)")
    if input.shape[1] != layer.num_features:
        raise ShapeError(
            f"batch_norm: an input of {list(input.shape)} has {input.shape[1]} channels, but "
            f"{layer!r} was made for {layer.num_features}"
        )
    following = layer.track_running_stats or not layer.training
    mean, var = (layer.running_mean, layer.running_var) if following else (None, None)
    if layer.training:
        F.enough(input)
    training, factor = layer.training or layer.running_mean is None, layer.factor()
    return F.batch_norm(input, mean, var, layer.weight, layer.bias, training, factor, layer.eps)


class BatchNorm1d(BatchNorm):
    def forward(self, input: Any) -> Any:
        return batch_normalized(self, input, (2, 3))


class BatchNorm2d(BatchNorm):
    def forward(self, input: Any) -> Any:
        return batch_normalized(self, input, (4,))


class LayerNorm(Norm):
    """Each sample brought to mean 0 and variance 1 over its trailing dimensions."""

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape, self.eps = sizes_of((normalized_shape,)), eps
        self.elementwise_affine = affine = elementwise_affine
        self.add_vectors(self.normalized_shape, affine, affine and bias, device, dtype)
        self.reset_parameters()

    def forward(self, input: Any) -> Any:
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        affine = f"elementwise_affine={self.elementwise_affine}"
        return f"{self.normalized_shape}, eps={self.eps}, {affine}, bias={self.bias is not None}"


class RMSNorm(Norm):
    """Each sample divided by the root of its mean square over its trailing dimensions."""

    def __init__(
        self,
        normalized_shape: Any,
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape, self.eps = sizes_of((normalized_shape,)), eps
        self.elementwise_affine = elementwise_affine
        self.add_vectors(self.normalized_shape, elementwise_affine, False, device, dtype)
        self.reset_parameters()

    def forward(self, input: Any) -> Any:
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        affine = f"elementwise_affine={self.elementwise_affine}"
        return f"{self.normalized_shape}, eps={self.eps}, {affine}"


class GroupNorm(Norm):
    """Each sample's channels in groups, each group brought to mean 0 and variance 1."""

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_groups, self.num_channels = num_groups, num_channels
        self.eps, self.affine = eps, affine
        self.add_vectors(num_channels, affine, affine and bias, device, dtype)
        self.reset_parameters()

    def forward(self, input: Any) -> Any:
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        sizes = f"{self.num_groups}, {self.num_channels}, eps={self.eps}"
        return f"{sizes}, affine={self.affine}, bias={self.bias is not None}"


class Table(Module):
    """The rows of an embedding, and what is done with them."""

    def forward(self, input: Any) -> Any:
        return F.embedding(input, self.weight, self.padding_idx, self.max_norm, self.norm_type)

    def reset_parameters(self) -> None:
        init.normal_(self.weight)
        if self.padding_idx is not None:
            table = np.array(self.weight.value)
            table[self.padding_idx] = 0
            overwrite(self.weight, table)

    def extra_repr(self) -> str:
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        text += f", padding_idx={self.padding_idx}" if self.padding_idx is not None else ""
        text += f", max_norm={self.max_norm}" if self.max_norm is not None else ""
        return text + (f", norm_type={self.norm_type}" if self.norm_type != 2 else "")


class Embedding(Table):
    """A vector for each of num_embeddings indices, learned; that of padding_idx stays as it is."""

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        *,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        check_padding(padding_idx, num_embeddings)
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.padding_idx = padding_idx if padding_idx is None else padding_idx % num_embeddings
        self.max_norm, self.norm_type = max_norm, norm_type
        self.weight = new(num_embeddings, embedding_dim, device=device, dtype=dtype)
        self.reset_parameters()

    @classmethod
    def from_pretrained(cls, embeddings: Any, freeze: bool = True, **options: Any) -> Any:
        """An embedding with these rows, which are not trained unless freeze is False."""
        return pretrained(cls, embeddings, freeze, options)


def pretrained(kind: Any, embeddings: Any, freeze: bool, options: Any) -> Any:
    if embeddings.ndim != 2:
        raise ShapeError(
            f"from_pretrained: it takes a row for each index, (rows, width), "
            f"not {list(embeddings.shape)}"
        )
    layer = kind(*embeddings.shape, dtype=embeddings.dtype, **options)
    layer.weight = Parameter(embeddings, requires_grad=not freeze)
    return layer


def check_padding(padding_idx: int | None, rows: int) -> None:
    if padding_idx is not None and not -rows <= padding_idx < rows:
        raise ValueError(f"Embedding: padding_idx {padding_idx} is not one of the {rows} rows")


class Bilinear(Module):
    """x1 W x2 + b for each of out_features matrices W."""

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.in1_features, self.in2_features = in1_features, in2_features
        self.out_features = out_features
        self.weight = new(out_features, in1_features, in2_features, device=device, dtype=dtype)
        self.register_parameter(
            "bias", new(out_features, device=device, dtype=dtype) if bias else None
        )
        spread_evenly(self, in1_features)

    def forward(self, input1: Any, input2: Any) -> Any:
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        sizes = f"in1_features={self.in1_features}, in2_features={self.in2_features}"
        return f"{sizes}, out_features={self.out_features}, bias={self.bias is not None}"


class Identity(Module):
    """Gives back what it gets, whatever it was made with."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Any) -> Any:
        return input


class Flatten(Module):
    """Joins the dimensions from start_dim to end_dim; by default all but the first."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input: Any) -> Any:
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Makes one dimension several: the sizes may be a tuple or a list."""

    def __init__(self, dim: int, unflattened_size: Any) -> None:
        super().__init__()
        self.dim, self.unflattened_size = dim, unflattened_size

    def forward(self, input: Any) -> Any:
        return input.unflatten(self.dim, self.unflattened_size)

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


class Function(Module):
    """A function as a module: its settings become attributes, and are what it prints."""

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        vars(self).update(settings)
        self.settings = tuple(settings)

    def extra_repr(self) -> str:
        shown = [f"{name}={getattr(self, name)!r}" for name in self.settings]
        return ", ".join(text for text in shown if text != "inplace=False")


class Sigmoid(Function):
    def forward(self, input: Any) -> Any:
        return F.sigmoid(input)


class LogSigmoid(Function):
    def forward(self, input: Any) -> Any:
        return F.logsigmoid(input)


class Tanh(Function):
    def forward(self, input: Any) -> Any:
        return F.tanh(input)


class Softsign(Function):
    def forward(self, input: Any) -> Any:
        return F.softsign(input)


class ReLU(Function):
    def __init__(self, inplace: bool = False) -> None:
        super().__init__(inplace=inplace)

    def forward(self, input: Any) -> Any:
        return F.relu(input, self.inplace)


class ReLU6(Function):
    def __init__(self, inplace: bool = False) -> None:
        super().__init__(inplace=inplace)

    def forward(self, input: Any) -> Any:
        return F.relu6(input, self.inplace)


class SELU(Function):
    def __init__(self, inplace: bool = False) -> None:
        super().__init__(inplace=inplace)

    def forward(self, input: Any) -> Any:
        return F.selu(input, self.inplace)


class SiLU(Function):
    def __init__(self, inplace: bool = False) -> None:
        super().__init__(inplace=inplace)

    def forward(self, input: Any) -> Any:
        return F.silu(input, self.inplace)


class Mish(Function):
    def __init__(self, inplace: bool = False) -> None:
        super().__init__(inplace=inplace)

    def forward(self, input: Any) -> Any:
        return F.mish(input, self.inplace)


class Hardswish(Function):
    def __init__(self, inplace: bool = False) -> None:
        super().__init__(inplace=inplace)

    def forward(self, input: Any) -> Any:
        return F.hardswish(input, self.inplace)


class Hardsigmoid(Function):
    def __init__(self, inplace: bool = False) -> None:
        super().__init__(inplace=inplace)

    def forward(self, input: Any) -> Any:
        return F.hardsigmoid(input, self.inplace)


class LeakyReLU(Function):
    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__(negative_slope=negative_slope, inplace=inplace)

    def forward(self, input: Any) -> Any:
        return F.leaky_relu(input, self.negative_slope, self.inplace)


class ELU(Function):
    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(alpha=alpha, inplace=inplace)

    def forward(self, input: Any) -> Any:
        return F.elu(input, self.alpha, self.inplace)


class CELU(Function):
    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(alpha=alpha, inplace=inplace)

    def forward(self, input: Any) -> Any:
        return F.celu(input, self.alpha, self.inplace)


class Hardtanh(Function):
    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__(min_val=min_val, max_val=max_val, inplace=inplace)

    def forward(self, input: Any) -> Any:
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)


class GELU(Function):
    def __init__(self, approximate: str = "none") -> None:
        super().__init__(approximate=approximate)

    def forward(self, input: Any) -> Any:
        return F.gelu(input, self.approximate)


class Softplus(Function):
    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__(beta=beta, threshold=threshold)

    def forward(self, input: Any) -> Any:
        return F.softplus(input, self.beta, self.threshold)


class Threshold(Function):
    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__(threshold=threshold, value=value, inplace=inplace)

    def forward(self, input: Any) -> Any:
        return F.threshold(input, self.threshold, self.value, self.inplace)


class GLU(Function):
    def __init__(self, dim: int = -1) -> None:
        super().__init__(dim=dim)

    def forward(self, input: Any) -> Any:
        return F.glu(input, self.dim)


class Softmax(Function):
    def __init__(self, dim: int | None = None) -> None:
        super().__init__(dim=dim)

    def forward(self, input: Any) -> Any:
        return F.softmax(input, self.dim)


class LogSoftmax(Function):
    def __init__(self, dim: int | None = None) -> None:
        super().__init__(dim=dim)

    def forward(self, input: Any) -> Any:
        return F.log_softmax(input, self.dim)


class Softmin(Function):
    def __init__(self, dim: int | None = None) -> None:
        super().__init__(dim=dim)

    def forward(self, input: Any) -> Any:
        return F.softmin(input, self.dim)


class PReLU(Module):
    """leaky_relu with a slope that is learned, one for all channels or one for each."""

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.weight = Parameter(full((num_parameters,), init, device=device, dtype=dtype))

    def forward(self, input: Any) -> Any:
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class Tanhshrink(Function):
    def forward(self, input: Any) -> Any:
        return F.tanhshrink(input)


class Shrink(Module):
    """What pulls every entry towards 0, by lambd."""

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def extra_repr(self) -> str:
        return str(self.lambd)


class Softshrink(Shrink):
    def forward(self, input: Any) -> Any:
        return F.softshrink(input, self.lambd)


class Hardshrink(Shrink):
    def forward(self, input: Any) -> Any:
        return F.hardshrink(input, self.lambd)


class Loss(Module):
    """What losses have in common: how the losses of the samples become one number."""

    def __init__(self, *, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = reduction


class L1Loss(Loss):
    def forward(self, input: Any, target: Any) -> Any:
        return F.l1_loss(input, target, reduction=self.reduction)


class MSELoss(Loss):
    def forward(self, input: Any, target: Any) -> Any:
        return F.mse_loss(input, target, reduction=self.reduction)


class WeightedLoss(Loss):
    """A loss with a weight for every class or entry, which is a buffer."""

    def __init__(self, weight: Any = None, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.register_buffer("weight", weight)


class BCELoss(WeightedLoss):
    def forward(self, input: Any, target: Any) -> Any:
        return F.binary_cross_entropy(input, target, self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(WeightedLoss):
    def __init__(
        self, weight: Any = None, *, reduction: str = "mean", pos_weight: Any = None
    ) -> None:
        super().__init__(weight, reduction=reduction)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Any, target: Any) -> Any:
        return F.binary_cross_entropy_with_logits(
            input, target, self.weight, reduction=self.reduction, pos_weight=self.pos_weight
        )


class SmoothL1Loss(Loss):
    def __init__(self, *, reduction: str = "mean", beta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self.beta = beta

    def forward(self, input: Any, target: Any) -> Any:
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(Loss):
    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self.delta = delta

    def forward(self, input: Any, target: Any) -> Any:
        return F.huber_loss(input, target, reduction=self.reduction, delta=self.delta)


class KLDivLoss(Loss):
    def __init__(self, *, reduction: str = "mean", log_target: bool = False) -> None:
        super().__init__(reduction=reduction)
        self.log_target = log_target

    def forward(self, input: Any, target: Any) -> Any:
        return F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


class HingeEmbeddingLoss(Loss):
    def __init__(self, margin: float = 1.0, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.margin = margin

    def forward(self, input: Any, target: Any) -> Any:
        return F.hinge_embedding_loss(input, target, self.margin, reduction=self.reduction)


class NLLLoss(WeightedLoss):
    def __init__(
        self, weight: Any = None, *, ignore_index: int = -100, reduction: str = "mean"
    ) -> None:
        super().__init__(weight, reduction=reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Any, target: Any) -> Any:
        return F.nll_loss(
            input,
            target,
            self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
        )


class CrossEntropyLoss(WeightedLoss):
    def __init__(
        self,
        weight: Any = None,
        *,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, reduction=reduction)
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing

    def forward(self, input: Any, target: Any) -> Any:
        return F.cross_entropy(
            input,
            target,
            self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class PairLoss(Loss):
    """A loss of two inputs, with a margin."""

    def __init__(self, margin: float = 0.0, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.margin = margin


class MarginRankingLoss(PairLoss):
    def forward(self, input1: Any, input2: Any, target: Any) -> Any:
        return F.margin_ranking_loss(input1, input2, target, self.margin, reduction=self.reduction)


class CosineEmbeddingLoss(PairLoss):
    def forward(self, input1: Any, input2: Any, target: Any) -> Any:
        return F.cosine_embedding_loss(
            input1, input2, target, self.margin, reduction=self.reduction
        )


class SoftMarginLoss(Loss):
    def forward(self, input: Any, target: Any) -> Any:
        return F.soft_margin_loss(input, target, reduction=self.reduction)


class MultiMarginLoss(WeightedLoss):
    def __init__(
        self, p: int = 1, margin: float = 1.0, weight: Any = None, *, reduction: str = "mean"
    ) -> None:
        super().__init__(weight, reduction=reduction)
        self.p, self.margin = p, margin

    def forward(self, input: Any, target: Any) -> Any:
        return F.multi_margin_loss(
            input, target, self.p, self.margin, self.weight, reduction=self.reduction
        )


class GaussianNLLLoss(Loss):
    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.full, self.eps = full, eps

    def forward(self, input: Any, target: Any, var: Any) -> Any:
        return F.gaussian_nll_loss(input, target, var, self.full, self.eps, self.reduction)


class PoissonNLLLoss(Loss):
    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        *,
        eps: float = 1e-8,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        self.log_input, self.full, self.eps = log_input, full, eps

    def forward(self, input: Any, target: Any) -> Any:
        loss = partial(F.poisson_nll_loss, eps=self.eps, reduction=self.reduction)
        return loss(input, target, self.log_input, self.full)


class TripletMarginLoss(Loss):
    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        *,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        self.margin, self.p, self.eps, self.swap = margin, p, eps, swap

    def forward(self, anchor: Any, positive: Any, negative: Any) -> Any:
        loss = partial(F.triplet_margin_loss, swap=self.swap, reduction=self.reduction)
        return loss(anchor, positive, negative, self.margin, self.p, self.eps)


class CosineSimilarity(Module):
    """The cosine of the angle between two vectors along an axis."""

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim, self.eps = dim, eps

    def forward(self, x1: Any, x2: Any) -> Any:
        return F.cosine_similarity(x1, x2, self.dim, self.eps)


__all__ = ["Linear", "Identity", "Flatten", "Sigmoid", "LogSigmoid", "Tanh", "Softsign"]
__all__ += ["ReLU", "ReLU6", "SELU", "SiLU", "Mish", "Hardswish", "Hardsigmoid", "LeakyReLU"]
__all__ += ["ELU", "CELU", "Hardtanh", "GELU", "Softplus", "GLU", "Softmax", "LogSoftmax"]
__all__ += ["Softmin", "L1Loss", "MSELoss", "SmoothL1Loss", "HuberLoss", "KLDivLoss"]
__all__ += ["Bilinear", "Embedding", "Unflatten", "Dropout", "Dropout1d", "Dropout2d"]
__all__ += ["AlphaDropout", "LayerNorm", "RMSNorm", "GroupNorm", "BatchNorm1d", "BatchNorm2d"]
__all__ += ["PReLU", "Tanhshrink", "Softshrink", "Hardshrink", "MarginRankingLoss"]
__all__ += ["CosineEmbeddingLoss", "SoftMarginLoss", "MultiMarginLoss", "GaussianNLLLoss"]
__all__ += ["PoissonNLLLoss", "TripletMarginLoss", "CosineSimilarity", "Threshold"]
__all__ += ["HingeEmbeddingLoss", "BCELoss", "BCEWithLogitsLoss", "NLLLoss", "CrossEntropyLoss"]


# --- book/20_pictures.ipynb: Pictures and sentences


class Sliding(Module):
    """What a convolution is made of and does, whatever the number of its directions."""

    dimensions: int
    operation: Any

    def sizes(self, x: Any) -> Any:
        """One number for each direction; the names of paddings stay as they are."""
        return (x,) * self.dimensions if isinstance(x, int) else x

    def make(self, bias: bool, dtype: Any) -> None:
        shape = (self.out_channels, self.in_channels // self.groups, *self.kernel_size)
        self.weight = Parameter(empty(shape, dtype=dtype))
        vector = Parameter(empty(self.out_channels, dtype=dtype)) if bias else None
        self.register_parameter("bias", vector)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        spread_evenly(self, math.prod(self.weight.shape[1:]))

    def forward(self, input: Any) -> Any:
        sizes = self.stride, self.padding, self.dilation, self.groups
        return self.operation(input, self.weight, self.bias, *sizes)


class Convolution(Sliding):
    """The sizes of a convolution: channels, windows, and how they move."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if groups < 1 or in_channels % groups or out_channels % groups:
            raise ValueError(
                f"groups={groups} must divide {in_channels} and {out_channels} channels"
            )
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride = self.sizes(kernel_size), self.sizes(stride)
        self.padding, self.dilation = self.sizes(padding), self.sizes(dilation)
        self.make(bias, dtype)


class Conv2d(Convolution):
    """A convolution of pictures: (N, in_channels, H, W) -> (N, out_channels, down, across)."""

    dimensions, operation = 2, staticmethod(conv2d)

    def extra_repr(self) -> str:
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"
        text += f", stride={self.stride}"
        for name, usual in (("padding", self.sizes(0)), ("dilation", self.sizes(1)), ("groups", 1)):
            value = getattr(self, name)
            text += "" if value == usual else f", {name}={value}"
        return text + ("" if self.bias is not None else ", bias=False")


class Conv1d(Conv2d):
    """A convolution of sequences: (N, in_channels, L) -> (N, out_channels, along)."""

    dimensions, operation = 1, staticmethod(conv1d)


class Pooling(Module):
    """What the pooling layers share: a window, its step and its border."""

    operation: Any

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        self.kernel_size, self.padding = kernel_size, padding
        self.stride = kernel_size if stride is None else stride

    def forward(self, input: Any) -> Any:
        return self.operation(input, self.kernel_size, self.stride, self.padding)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxPool2d(Pooling):
    """The largest entry of each window."""

    operation = staticmethod(max_pool2d)

    def extra_repr(self) -> str:
        return super().extra_repr() + ", dilation=1, ceil_mode=False"


class AvgPool2d(Pooling):
    """The mean of each window."""

    operation = staticmethod(avg_pool2d)


class AdaptiveAvgPool2d(Module):
    """Means over as many windows as asked for, whatever the size of the picture."""

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Any) -> Any:
        return adaptive_avg_pool2d(input, self.output_size)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


__all__ += ["Conv1d", "Conv2d", "MaxPool2d", "AvgPool2d", "AdaptiveAvgPool2d"]
