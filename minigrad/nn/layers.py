# Exported from book/12_layers.ipynb, book/20_pictures.ipynb: change it there, not here.
"""Layers, and every activation and loss as a module."""

from __future__ import annotations

import inspect
import math
from typing import Any

import numpy as np

import minigrad.nn.functional as F
import minigrad.nn.init as init
from minigrad.changing import overwrite
from minigrad.creation import empty, full, ones, tensor, zeros
from minigrad.engine import ShapeError
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
            init.zeros_(self.running_mean)
            init.ones_(self.running_var)
            init.zeros_(self.num_batches_tracked)

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
        F.enough(input)  # before the batch is counted
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
    """A function as a module: its settings are what the function takes after its inputs."""

    of: Any
    __signature__: inspect.Signature

    def __init_subclass__(cls, of: Any = None, inputs: int = 1, without: str = "") -> None:
        if of is not None:
            cls.of, cls.__doc__ = staticmethod(of), of.__doc__
            settings = list(inspect.signature(of).parameters.values())[inputs:]
            cls.__signature__ = inspect.Signature([s for s in settings if s.name != without])

    def __init__(self, *values: Any, **named: Any) -> None:
        super().__init__()
        settings = bound(type(self).__name__, self.__signature__, values, named)
        self.settings = tuple(settings)
        for name, value in settings.items():
            if name.endswith("weight"):
                self.register_buffer(name, value)
            else:
                setattr(self, name, value)

    def forward(self, *inputs: Any, **named: Any) -> Any:
        return self.of(*inputs, **named, **{name: getattr(self, name) for name in self.settings})

    def extra_repr(self) -> str:
        shown = [f"{name}={getattr(self, name)!r}" for name in self.settings]
        return ", ".join(text for text in shown if text != "inplace=False")


def bound(name: str, signature: inspect.Signature, values: Any, named: Any) -> dict[str, Any]:
    """All settings by name, given ones and defaults."""
    try:
        settings = signature.bind(*values, **named)
    except TypeError as error:
        known = ", ".join(signature.parameters) or "no settings"
        raise TypeError(f"{name}: {error}; it takes {known}") from None
    settings.apply_defaults()
    return settings.arguments


class Sigmoid(Function, of=F.sigmoid): ...


class Tanh(Function, of=F.tanh): ...


class ReLU(Function, of=F.relu): ...


class LeakyReLU(Function, of=F.leaky_relu): ...


class GELU(Function, of=F.gelu): ...


class Softmax(Function, of=F.softmax, without="dtype"): ...


class LogSoftmax(Function, of=F.log_softmax, without="dtype"): ...


class LogSigmoid(Function, of=F.logsigmoid): ...


class Softsign(Function, of=F.softsign): ...


class Tanhshrink(Function, of=F.tanhshrink): ...


class ReLU6(Function, of=F.relu6): ...


class ELU(Function, of=F.elu): ...


class CELU(Function, of=F.celu): ...


class SELU(Function, of=F.selu): ...


class SiLU(Function, of=F.silu): ...


class Mish(Function, of=F.mish): ...


class GLU(Function, of=F.glu): ...


class Softmin(Function, of=F.softmin, without="dtype"): ...


class Hardtanh(Function, of=F.hardtanh): ...


class Hardsigmoid(Function, of=F.hardsigmoid): ...


class Hardswish(Function, of=F.hardswish): ...


class Threshold(Function, of=F.threshold): ...


class Softplus(Function, of=F.softplus):
    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__(beta, threshold)


class Shrink(Function):
    def extra_repr(self) -> str:
        return str(self.lambd)


class Softshrink(Shrink, of=F.softshrink): ...


class Hardshrink(Shrink, of=F.hardshrink): ...


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


class Comparison(Function):
    """A function of two tensors or more as a module."""

    def extra_repr(self) -> str:
        return ""


class L1Loss(Comparison, of=F.l1_loss, inputs=2, without="weight"): ...


class MSELoss(Comparison, of=F.mse_loss, inputs=2, without="weight"): ...


class NLLLoss(Comparison, of=F.nll_loss, inputs=2): ...


class CrossEntropyLoss(Comparison, of=F.cross_entropy, inputs=2): ...


class BCELoss(Comparison, of=F.binary_cross_entropy, inputs=2): ...


class BCEWithLogitsLoss(Comparison, of=F.binary_cross_entropy_with_logits, inputs=2): ...


class SmoothL1Loss(Comparison, of=F.smooth_l1_loss, inputs=2): ...


class HuberLoss(Comparison, of=F.huber_loss, inputs=2, without="weight"): ...


class KLDivLoss(Comparison, of=F.kl_div, inputs=2): ...


class PoissonNLLLoss(Comparison, of=F.poisson_nll_loss, inputs=2): ...


class GaussianNLLLoss(Comparison, of=F.gaussian_nll_loss, inputs=3): ...


class SoftMarginLoss(Comparison, of=F.soft_margin_loss, inputs=2): ...


class MultiMarginLoss(Comparison, of=F.multi_margin_loss, inputs=2): ...


class MarginRankingLoss(Comparison, of=F.margin_ranking_loss, inputs=3): ...


class HingeEmbeddingLoss(Comparison, of=F.hinge_embedding_loss, inputs=2): ...


class CosineEmbeddingLoss(Comparison, of=F.cosine_embedding_loss, inputs=3): ...


class TripletMarginLoss(Comparison, of=F.triplet_margin_loss, inputs=3): ...


class CosineSimilarity(Comparison, of=F.cosine_similarity, inputs=2): ...


__all__ = ["Linear", "Bilinear", "Embedding", "Identity", "Flatten", "Unflatten"]
__all__ += ["Dropout", "Dropout1d", "Dropout2d", "AlphaDropout"]
__all__ += ["BatchNorm1d", "BatchNorm2d", "LayerNorm", "RMSNorm", "GroupNorm"]
__all__ += ["Sigmoid", "Tanh", "ReLU", "LeakyReLU", "GELU", "Softplus", "Softmax", "LogSoftmax"]
__all__ += ["LogSigmoid", "Softsign", "Tanhshrink", "ReLU6", "ELU", "CELU", "SELU", "SiLU"]
__all__ += ["Mish", "GLU", "Softmin", "Hardtanh", "Hardsigmoid", "Hardswish", "Threshold"]
__all__ += ["Softshrink", "Hardshrink", "PReLU", "L1Loss", "MSELoss", "NLLLoss"]
__all__ += ["CrossEntropyLoss", "BCELoss", "BCEWithLogitsLoss", "SmoothL1Loss", "HuberLoss"]
__all__ += ["KLDivLoss", "PoissonNLLLoss", "GaussianNLLLoss", "SoftMarginLoss"]
__all__ += ["MultiMarginLoss", "MarginRankingLoss", "HingeEmbeddingLoss"]
__all__ += ["CosineEmbeddingLoss", "TripletMarginLoss", "CosineSimilarity"]


# --- book/20_pictures.ipynb: Pictures and sentences


def for_each(dimensions: int, x: Any) -> Any:
    """One number for each direction; the names of paddings stay as they are."""
    return (x,) * dimensions if isinstance(x, int) else x


class Sliding(Module):
    """What a convolution does, whatever the number of its directions."""

    def make(self, bias: bool, device: Any, dtype: Any) -> None:
        shape = (self.out_channels, self.in_channels // self.groups, *self.kernel_size)
        self.weight = new(shape, device=device, dtype=dtype)
        vector = new(self.out_channels, device=device, dtype=dtype) if bias else None
        self.register_parameter("bias", vector)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        spread_evenly(self, math.prod(self.weight.shape[1:]))

    def forward(self, input: Any) -> Any:
        sizes = self.stride, self.padding, self.dilation, self.groups
        return self.operation(input, self.weight, self.bias, *sizes)

    def extra_repr(self) -> str:
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"
        text += f", stride={self.stride}"
        for name, usual in (("padding", 0), ("dilation", 1), ("groups", 1)):
            value = getattr(self, name)
            text += "" if value in (usual, (usual,) * len(self.stride)) else f", {name}={value}"
        return text + ("" if self.bias is not None else ", bias=False")


class Convolution(Sliding):
    """The sizes of a convolution: channels, windows, and how they move."""

    dimensions: int
    operation: Any

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
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if groups < 1 or in_channels % groups or out_channels % groups:
            raise ValueError(f"groups={groups} must divide {in_channels} and {out_channels}")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        sizes = (for_each(self.dimensions, x) for x in (kernel_size, stride, padding, dilation))
        self.kernel_size, self.stride, self.padding, self.dilation = sizes
        self.make(bias, device, dtype)


class Conv2d(Convolution):
    """A convolution of pictures: (N, in_channels, H, W) -> (N, out_channels, down, across)."""

    dimensions, operation = 2, staticmethod(conv2d)


class Conv1d(Convolution):
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
