"""The tensor: every skill of the earlier chapters on top of a node, with PyTorch's manners."""

from __future__ import annotations

import builtins
import contextlib
import math
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad.arithmetic import KINDS, Arithmetic, converted, neg
from minigrad.changing import Changing, become, in_place, overwrite, part_of
from minigrad.engine import Node, backward, differentiable, fill, may_require, state, wrapped
from minigrad.functions import (
    Comparisons,
    Functions,
    abs,
    ceil,
    clamp,
    exp,
    floor,
    lerp,
    log,
    masked_fill,
    reciprocal,
    relu,
    round,
    sigmoid,
    sqrt,
    square,
    tanh,
)
from minigrad.products import Products
from minigrad.protocol import Protocol, plain
from minigrad.reductions import Reductions
from minigrad.shapes import Shapes
from minigrad.slicing import Slicing, assign_into, index_add, scatter, scatter_add, unbind


def as_array(data: Any, dtype: Any = None) -> Any:
    """Numbers, nested lists, arrays or tensors as an array of its own."""
    try:
        array = np.array(plain(data))
    except ValueError:
        raise ValueError(
            "tensor: the rows of a nested list must all have the same length"
        ) from None
    if array.dtype.kind not in KINDS:
        raise TypeError(f"tensor: entries must be numbers or truth values, not {array.dtype}")
    if dtype is None and array.dtype == np.float64 and of_python(data):
        dtype = state.default_dtype
    return array if dtype is None else array.astype(dtype)


def of_python(data: Any) -> bool:
    """Whether the first entry of a nest is a Python number."""
    while isinstance(data, (list, tuple)) and data:
        data = data[0]
    return not isinstance(data, (np.ndarray, np.generic, Node))


class Reading:
    """The skill of giving numbers back to Python and NumPy."""

    __slots__ = ()

    def item(self: Any) -> Any:
        if self.value.size != 1:
            raise RuntimeError(f"item: a tensor of shape {list(self.shape)} is not a single number")
        return self.value.item()

    def __bool__(self: Any) -> bool:
        if self.value.size != 1:
            raise RuntimeError(
                f"a tensor of shape {list(self.shape)} is neither true nor false: "
                "use .any() or .all()"
            )
        return builtins.bool(self.value.item())

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())


class Counting:
    """The skill of being measured, indexed with and walked through."""

    __slots__ = ()

    def __index__(self: Any) -> int:
        if self.dtype.kind not in "iu":
            raise TypeError(f"only an integer tensor can be an index, not {self.dtype}")
        return int(self.item())

    def __len__(self: Any) -> int:
        if self.ndim == 0:
            raise TypeError("len() of a tensor without dimensions")
        return int(self.shape[0])

    def __iter__(self: Any) -> Iterator[Any]:
        if self.ndim == 0:
            raise TypeError("a tensor without dimensions cannot be walked through")
        return iter(unbind(self))

    def __contains__(self: Any, item: Any) -> bool:
        return builtins.bool((self.value == plain(item)).any())


class Sizing:
    """More ways to ask for sizes and plain data."""

    __slots__ = ()

    def size(self: Any, dim: int | None = None) -> Any:
        return self.shape if dim is None else self.shape[dim]

    def dim(self: Any) -> int:
        return int(self.ndim)

    def numel(self: Any) -> int:
        return math.prod(self.shape)

    def tolist(self: Any) -> Any:
        return self.value.tolist()

    def numpy(self: Any) -> Any:
        """The entries as a NumPy array that cannot be written to."""
        if self.requires_grad:
            raise RuntimeError(
                "numpy: this tensor requires a gradient, which would be lost: use detach().numpy()"
            )
        return np.asarray(self)


class Remembering:
    """The skill of keeping, passing on or dropping gradients."""

    __slots__ = ()

    @property
    def is_leaf(self: Any) -> bool:
        return self.rule is None

    def requires_grad_(self: Any, requires_grad: bool = True) -> Any:
        if self.rule and not requires_grad:
            raise RuntimeError(
                "only a leaf can stop requiring a gradient: use detach() for a result"
            )
        self.requires_grad = may_require(self.value, requires_grad)
        return self

    def retain_grad(self: Any) -> None:
        if not self.requires_grad:
            raise RuntimeError("retain_grad: no gradient comes to a tensor that requires none")
        self.retains_grad = True

    def register_hook(self: Any, hook: Callable[[Any], Any]) -> Handle:
        if not self.requires_grad:
            raise RuntimeError("register_hook: no gradient comes to a tensor that requires none")
        self.hooks = (*self.hooks, hook)
        return Handle(self, hook)


class Handle:
    """What register_hook returns: remove() takes the hook away."""

    def __init__(self, node: Any, hook: Any) -> None:
        self.node, self.hook = node, hook

    def remove(self) -> None:
        self.node.hooks = tuple(hook for hook in self.node.hooks if hook is not self.hook)


class Detaching:
    """The same data without its history."""

    __slots__ = ()

    def detach(self: Any) -> Any:
        return part_of(self, wrapped(self, self.value), lambda old, new: new, data=True)

    def detach_(self: Any) -> Any:
        self.edges, self.rule, self.call, self.requires_grad = (), None, None, False
        return self

    @property
    def data(self: Any) -> Any:
        return self.detach()

    @data.setter
    def data(self: Any, data: Any) -> None:
        overwrite(self, as_array(data)[()])

    def clone(self: Any) -> Any:
        return clone(self)

    def backward(
        self: Any, gradient: Any = None, retain_graph: Any = None, create_graph: bool = False
    ) -> None:
        backward(self, gradient, retain_graph, create_graph)


@differentiable
def clone(x: Any) -> Any:
    """The same entries in a tensor of its own."""
    return x * 1 if x.dtype.kind != "b" else x.copy(), lambda g: g


class Converting:
    """The skill of changing dtype."""

    __slots__ = ()

    def to(self: Any, *targets: Any, dtype: Any = None, **options: Any) -> Any:
        """The tensor in another dtype, or in that of another tensor; the only device is the CPU."""
        for target in targets:
            if isinstance(target, Node):
                dtype = target.dtype
            elif not isinstance(target, (str, builtins.bool)):
                dtype = target
            elif target != "cpu" and not isinstance(target, builtins.bool):
                raise RuntimeError(
                    f"to: there is no device {target!r}: minigrad computes on the CPU"
                )
        return converted(self, np.dtype(dtype)) if dtype is not None else self

    def type_as(self: Any, other: Any) -> Any:
        return self.to(other.dtype)

    def float(self: Any) -> Any:
        return self.to(dtypes.float32)

    def double(self: Any) -> Any:
        return self.to(dtypes.float64)


class Retyping:
    """The other dtypes by name."""

    __slots__ = ()

    def half(self: Any) -> Any:
        return self.to(dtypes.float16)

    def long(self: Any) -> Any:
        return self.to(dtypes.int64)

    def int(self: Any) -> Any:
        return self.to(dtypes.int32)

    def bool(self: Any) -> Any:
        return self.to(dtypes.bool)

    def cpu(self: Any) -> Any:
        return self

    contiguous = cpu


class Generator:
    """A source of random numbers that a seed makes repeatable."""

    def __init__(self) -> None:
        self.manual_seed(secrets.randbits(63))

    def manual_seed(self, seed: int) -> Generator:
        self.seed, self.numbers = seed, np.random.default_rng(seed)
        return self

    def initial_seed(self) -> int:
        return int(self.seed)


default_generator = Generator()


def manual_seed(seed: int) -> Generator:
    """Make the random numbers that follow the same in every run."""
    return default_generator.manual_seed(seed)


def random_of(generator: Generator | None) -> Any:
    return (generator or default_generator).numbers


def filled(x: Any, number: Any) -> Any:
    return np.full(x.shape, plain(number), x.dtype)


def writes(make: Callable[..., Any]) -> Callable[..., Any]:
    """A method that writes entries made without looking at the old ones."""

    def method(self: Any, *inputs: Any, **options: Any) -> Any:
        return become(self, lambda x: assign_into(x, make(x, *inputs, **options), ...))

    return method


class Writing:
    """The skill of changing in place, as PyTorch spells it."""

    __slots__ = ()
    fill_ = writes(filled)
    zero_ = writes(lambda x: filled(x, 0))
    copy_ = writes(lambda x, source: source if isinstance(source, Node) else as_array(source))
    uniform_ = writes(
        lambda x, low=0.0, high=1.0, generator=None: random_of(generator).uniform(
            low, high, x.shape
        )
    )
    normal_ = writes(
        lambda x, mean=0.0, std=1.0, generator=None: random_of(generator).normal(mean, std, x.shape)
    )
    clamp_, masked_fill_ = in_place(clamp), in_place(masked_fill)
    exp_, log_, sqrt_ = in_place(exp), in_place(log), in_place(sqrt)
    abs_, neg_ = in_place(abs), in_place(neg)
    tanh_, sigmoid_, relu_ = in_place(tanh), in_place(sigmoid), in_place(relu)
    floor_, ceil_, round_ = in_place(floor), in_place(ceil), in_place(round)
    scatter_, scatter_add_ = in_place(scatter), in_place(scatter_add)
    index_add_ = in_place(index_add)
    square_, reciprocal_ = in_place(square), in_place(reciprocal)
    lerp_ = in_place(lerp)


class Numbers(Arithmetic, Products, Functions, Comparisons, Reductions):
    """The skills of computing."""

    __slots__ = ()


class Places(Slicing, Shapes, Changing, Writing):
    """The skills of moving and changing entries."""

    __slots__ = ()


class Manners(Reading, Counting, Sizing, Remembering, Detaching, Converting, Retyping, Protocol):
    """The skills of getting along with Python, NumPy and PyTorch's habits."""

    __slots__ = ()


class Tensor(Numbers, Places, Manners, Node):
    """An array that remembers how it was made: every skill on top of a node."""

    __slots__ = ()

    def __init__(
        self, data: Any = (), dtype: Any = None, requires_grad: bool = False, name: str = ""
    ) -> None:
        fill(self, as_array(data, dtype)[()])
        self.requires_grad = may_require(self.value, requires_grad)
        self.name = name

    def __repr__(self) -> str:
        text = np.array2string(
            np.asarray(self.value), precision=4, separator=", ", prefix="tensor("
        )
        facts = (
            [text]
            if self.dtype in (state.default_dtype, np.int64, np.bool_)
            else [text, f"dtype={self.dtype}"]
        )
        if self.rule:
            facts.append(f"grad_fn=<{self.rule.__name__}>")
        elif self.requires_grad:
            facts.append("requires_grad=True")
        return f"tensor({', '.join(facts)}{f', name={self.name!r}' if self.name else ''})"

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else repr(self)


class no_grad(contextlib.ContextDecorator):
    """Operations in this block, or in this function, are not recorded."""

    recording = False
    before: list[bool]

    def __new__(cls, function: Any = None) -> Any:
        made = super().__new__(cls)
        made.before = []
        return made if function is None else made(function)

    def __enter__(self) -> None:
        self.before.append(state.recording)
        state.recording = self.recording

    def __exit__(self, *_: Any) -> None:
        state.recording = self.before.pop()


class enable_grad(no_grad):
    """Operations in this block are recorded, also inside no_grad."""

    recording = True


class set_grad_enabled(contextlib.ContextDecorator):
    """Switch recording on or off: from here on, or for a block."""

    def __init__(self, mode: bool) -> None:
        self.mode, self.before = mode, state.recording
        state.recording = mode

    def __enter__(self) -> None:
        state.recording = self.mode

    def __exit__(self, *_: Any) -> None:
        state.recording = self.before


def is_grad_enabled() -> bool:
    return state.recording


inference_mode = no_grad


def set_default_dtype(dtype: Any) -> None:
    """The dtype that Python's floats get: float32 unless changed."""
    if np.dtype(dtype).kind != "f":
        raise TypeError(f"set_default_dtype: it must be a floating dtype, not {np.dtype(dtype)}")
    state.default_dtype = np.dtype(dtype)


def get_default_dtype() -> Any:
    return state.default_dtype


__all__ = ["Tensor", "Generator", "manual_seed", "no_grad", "enable_grad", "set_grad_enabled"]
__all__ += ["is_grad_enabled", "inference_mode", "set_default_dtype", "get_default_dtype", "clone"]
