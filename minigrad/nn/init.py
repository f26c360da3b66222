# Exported from book/12_layers.ipynb: change it there, not here.
"""How parameters start: numbers whose spread keeps a signal's size from layer to layer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.changing import overwrite
from minigrad.engine import ShapeError
from minigrad.tensor import random_of


def started(tensor: Any, numbers: Any) -> Any:
    """Give a tensor new entries, unrecorded."""
    overwrite(tensor, np.array(np.broadcast_to(numbers, tensor.shape), tensor.dtype)[()])
    return tensor


def constant_(tensor: Any, val: float) -> Any:
    return started(tensor, val)


def ones_(tensor: Any) -> Any:
    return started(tensor, 1)


def zeros_(tensor: Any) -> Any:
    return started(tensor, 0)


def uniform_(tensor: Any, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Any:
    """Numbers spread evenly over [a, b)."""
    return started(tensor, random_of(generator).uniform(a, b, tensor.shape))


def normal_(tensor: Any, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Any:
    """Numbers from a normal distribution."""
    return started(tensor, random_of(generator).normal(mean, std, tensor.shape))


def fans(name: str, tensor: Any) -> tuple[int, int]:
    """How many numbers go into one output, and how many outputs one input reaches."""
    if tensor.ndim < 2:
        raise ShapeError(
            f"{name}: a tensor of {list(tensor.shape)} has no fan in and fan out: it needs two "
            "dimensions or more, (out, in, ...)"
        )
    outputs, inputs, *field = tensor.shape
    return inputs * math.prod(field), outputs * math.prod(field)


GAINS: dict[str, float] = {
    **dict.fromkeys(("linear", "conv1d", "conv2d", "conv3d", "sigmoid"), 1),
    "tanh": 5 / 3,
    "relu": math.sqrt(2),
    "selu": 3 / 4,
}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """By how much to widen the start so that a signal keeps its size behind a nonlinearity."""
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, (int, float)):
            raise ValueError(f"negative_slope {slope} not a valid number")
        return math.sqrt(2 / (1 + slope**2))
    if nonlinearity not in GAINS:
        known = ", ".join([*GAINS, "leaky_relu"])
        raise ValueError(f"calculate_gain: no gain for {nonlinearity!r}: there is {known}")
    return GAINS[nonlinearity]


def kaiming_std(name: str, tensor: Any, a: float, mode: str, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"{name}: the mode is 'fan_in' or 'fan_out', not {mode!r}")
    fan = fans(name, tensor)[mode == "fan_out"]
    return calculate_gain(nonlinearity, a) / math.sqrt(max(fan, 1))


def kaiming_uniform_(
    tensor: Any,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Any:
    """Even numbers with variance gain² / fan."""
    bound = math.sqrt(3) * kaiming_std("kaiming_uniform_", tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Any,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Any:
    """Normal numbers with variance gain² / fan."""
    std = kaiming_std("kaiming_normal_", tensor, a, mode, nonlinearity)
    return normal_(tensor, 0.0, std, generator)


def xavier_std(name: str, tensor: Any, gain: float) -> float:
    return gain * math.sqrt(2 / sum(fans(name, tensor)))


def xavier_uniform_(tensor: Any, gain: float = 1.0, generator: Any = None) -> Any:
    """Even numbers with variance 2 gain² / (fan_in + fan_out)."""
    bound = math.sqrt(3) * xavier_std("xavier_uniform_", tensor, gain)
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Any, gain: float = 1.0, generator: Any = None) -> Any:
    """Normal numbers with variance 2 gain² / (fan_in + fan_out)."""
    return normal_(tensor, 0.0, xavier_std("xavier_normal_", tensor, gain), generator)


def two_dimensional(name: str, tensor: Any) -> Any:
    if tensor.ndim != 2:
        raise ValueError(f"{name}: it takes a matrix, not a tensor of {list(tensor.shape)}")
    return tensor


def eye_(tensor: Any) -> Any:
    """Ones on the diagonal of a matrix, zeros elsewhere."""
    return started(tensor, np.eye(*two_dimensional("eye_", tensor).shape))


def orthogonal_(tensor: Any, gain: float = 1, generator: Any = None) -> Any:
    """Rows (or columns, of which there may be fewer) of length gain at right angles."""
    fans("orthogonal_", tensor)
    rows = tensor.shape[0]
    numbers = random_of(generator).standard_normal((rows, tensor.value.size // max(rows, 1)))
    wide = numbers.shape[0] < numbers.shape[1]
    q, r = np.linalg.qr(numbers.T if wide else numbers)
    q = q * np.sign(np.diag(r))  # every rotation equally likely
    return started(tensor, gain * (q.T if wide else q).reshape(tensor.shape))


def trunc_normal_(
    tensor: Any,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Any = None,
) -> Any:
    """Normal numbers, drawn again until they lie in [a, b]."""
    low, high = (math.erf((x - mean) / (std * math.sqrt(2))) for x in (a, b))
    if high - low < 1e-3:
        raise ValueError(f"trunc_normal_: numbers around {mean} hardly ever lie in [{a}, {b}]")
    numbers = random_of(generator).normal(mean, std, tensor.shape)
    while (out := (numbers < a) | (numbers > b)).any():
        numbers = np.array(numbers)
        numbers[out] = random_of(generator).normal(mean, std, int(out.sum()))
    return started(tensor, numbers)


def sparse_(tensor: Any, sparsity: float, std: float = 0.01, generator: Any = None) -> Any:
    """Normal numbers in a matrix, this share of every column set to 0."""
    rows, columns = two_dimensional("sparse_", tensor).shape
    order = random_of(generator).random((rows, columns)).argsort(0)
    numbers = random_of(generator).normal(0, std, (rows, columns))
    return started(tensor, np.where(order < math.ceil(sparsity * rows), 0, numbers))


__all__ = ["constant_", "ones_", "zeros_", "eye_", "uniform_", "normal_", "trunc_normal_"]
__all__ += ["xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_"]
__all__ += ["orthogonal_", "sparse_", "calculate_gain"]
