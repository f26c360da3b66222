# Exported from book/10_tensor.ipynb: change it there, not here.
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
from minigrad.products import Products, dot, matmul
from minigrad.protocol import Protocol, plain, spells
from minigrad.reductions import Reductions
from minigrad.shapes import Shapes, sizes_of
from minigrad.slicing import Slicing, assign_into, index_add, scatter, scatter_add, unbind


def as_array(data: Any, dtype: Any = None) -> Any:
    """Numbers, nested lists, arrays or tensors as an array of its own."""
    try:
        array = np.array(plain(data))
    except ValueError:
        raise ValueError("tensor: the rows of a nested list must all be equally long") from None
    if array.dtype.kind not in KINDS:
        raise TypeError(f"tensor: entries must be numbers or truth values, not {array.dtype}")
    return array.astype(dtype or dtype_of(data, array), copy=False)


def dtype_of(data: Any, array: Any) -> Any:
    """The dtype a tensor gets: that of the data, but Python's floats get the default."""
    while isinstance(data, (list, tuple)) and len(data):
        data = data[0]
    if isinstance(data, (np.ndarray, np.generic)) or array.dtype.kind != "f":
        return array.dtype
    return data.dtype if isinstance(data, Node) else state.default_dtype


def one_number(tensor: Any) -> Any:
    if tensor.value.size != 1:
        raise ValueError(f"a tensor of shape {list(tensor.shape)} is not a single number")
    return tensor.value.item()


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

    def __float__(self: Any) -> float:
        return builtins.float(one_number(self))

    def __int__(self: Any) -> int:
        return builtins.int(one_number(self))


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

    def is_contiguous(self) -> bool:
        return True

    def is_floating_point(self: Any) -> bool:
        return bool(self.dtype.kind == "f")

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

    is_leaf = property(lambda self: self.rule is None)
    grad_fn = property(lambda self: self.rule)

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


class device:
    """Where a tensor lives: there is only the CPU."""

    def __init__(self, type: Any = "cpu", index: Any = None) -> None:
        self.type, self.index = str(type).partition(":")[0], index
        if self.type != "cpu":
            raise RuntimeError(f"there is no device {str(type)!r}: minigrad computes on the CPU")

    def __repr__(self) -> str:
        return "device(type='cpu')"

    def __str__(self) -> str:
        return "cpu"

    def __eq__(self, other: Any) -> bool:
        return str(other) == "cpu"

    __hash__ = object.__hash__


class cuda:
    """PyTorch programs ask this before they choose a device."""

    is_available = staticmethod(lambda: False)


class Converting:
    """The skill of changing dtype."""

    __slots__ = ()

    device = property(lambda self: device())

    def to(self: Any, *targets: Any, dtype: Any = None, **options: Any) -> Any:
        """The tensor in another dtype, or in that of another tensor; the only device is the CPU."""
        for target in (*targets, options.get("device")):
            if isinstance(target, Node):
                dtype = target.dtype
            elif isinstance(target, (str, device)):
                device(target)
            elif target is not None and not isinstance(target, builtins.bool):
                dtype = target
        return self if dtype is None else converted(self, np.dtype(dtype))

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

    def type(self: Any, dtype: Any) -> Any:
        return self.to(dtype)

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


def number_format(array: Any) -> Callable[[Any], str]:
    """How floats are printed: whole ones as 2., others with four decimals, or with an exponent."""
    sizes = np.abs(array[np.isfinite(array) & (array != 0)])
    if not sizes.size or (np.all(sizes == np.floor(sizes)) and sizes.max() < 1e8):
        form = "{:.0f}."
    elif sizes.max() / sizes.min() > 1e3 or sizes.max() > 1e8 or sizes.min() < 1e-4:
        form = "{:.4e}"
    else:
        form = "{:.4f}"
    width = max((len(form.format(x)) for x in array[np.isfinite(array)]), default=0)
    return lambda x: (form.format(x) if np.isfinite(x) else str(x)).rjust(width * (array.ndim > 0))


def described_fully(tensor: Any) -> str:
    """A tensor as text: its numbers, and what else there is to know."""
    array = np.asarray(tensor.value)
    shown = array if array.size <= 1000 else array.ravel()[:1000]
    style: Any = {"float_kind": number_format(shown)} if array.dtype.kind == "f" else {}
    facts = [np.array2string(array, separator=", ", prefix="tensor(", formatter=style or None)]
    if array.size == 0 and array.ndim > 1:
        facts.append(f"size={tensor.shape}")
    if array.dtype not in (state.default_dtype, np.int64, np.bool_):
        facts.append(f"dtype={array.dtype}")
    if tensor.requires_grad:
        facts.append(f"grad_fn=<{tensor.rule.__name__}>" if tensor.rule else "requires_grad=True")
    return f"tensor({', '.join(facts + [f'name={tensor.name!r}'] * (tensor.name != ''))})"


def equal(input: Any, other: Any) -> bool:
    """Whether two tensors have one shape and the same entries."""
    return np.array_equal(plain(input), plain(other))


def allclose(
    input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> bool:
    """Whether all entries are close; tensors of different shapes are not."""
    if input.dtype != other.dtype:
        raise RuntimeError(f"allclose: {input.dtype} and {other.dtype} are different dtypes")
    a, b = plain(input), plain(other)
    return a.shape == b.shape and bool(np.allclose(a, b, rtol, atol, equal_nan))


def exact(name: str, *dims: int) -> Callable[..., Any]:
    """The product of two tensors with just these numbers of dimensions."""

    def operation(input: Any, other: Any) -> Any:
        if (input.ndim, other.ndim) != dims:
            raise RuntimeError(
                f"{name}: it takes {dims[0]}-D and {dims[1]}-D tensors, not {list(input.shape)} "
                f"and {list(other.shape)}: for others use @"
            )
        if name == "bmm" and input.shape[0] != other.shape[0]:
            raise RuntimeError(
                f"bmm: {input.shape[0]} and {other.shape[0]} matrices do not pair up"
            )
        return input[:, None] * other if name == "outer" else matmul(input, other)

    operation.__name__, operation.__doc__ = (
        name,
        f"As @, for {dims[0]}-D and {dims[1]}-D tensors only.",
    )
    return operation


mm, mv, bmm, outer = exact("mm", 2, 2), exact("mv", 2, 1), exact("bmm", 3, 3), exact("outer", 1, 1)
outer.__doc__ = "Every entry of one vector times every entry of another: (m,), (n,) -> (m, n)."
spells(np.outer)(outer)


def addmm(input: Any, mat1: Any, mat2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """beta * input + alpha * (mat1 @ mat2)."""
    return input * beta + mm(mat1, mat2) * alpha


class Named:
    """The skill of answering to PyTorch's names for products and comparisons."""

    __slots__ = ()
    matmul, dot, mm, mv, bmm, outer = matmul, dot, mm, mv, bmm, outer
    equal, allclose, addmm = equal, allclose, addmm


class Making:
    """The skill of making tensors of the same kind."""

    __slots__ = ()

    def new_full(
        self: Any, size: Any, fill_value: Any, *, dtype: Any = None, requires_grad: bool = False
    ) -> Any:
        array = np.full(sizes_of((size,)), fill_value, dtype or self.dtype)
        return wrapped(self, array).requires_grad_(requires_grad)

    def new_zeros(self: Any, *size: Any, **options: Any) -> Any:
        return self.new_full(sizes_of(size), 0, **options)

    def new_ones(self: Any, *size: Any, **options: Any) -> Any:
        return self.new_full(sizes_of(size), 1, **options)

    def new_tensor(self: Any, data: Any, dtype: Any = None, requires_grad: bool = False) -> Any:
        array = as_array(data, dtype or self.dtype)
        return wrapped(self, array).requires_grad_(requires_grad)

    new_empty = new_zeros


class Numbers(Arithmetic, Products, Named, Functions, Comparisons, Reductions):
    """The skills of computing."""

    __slots__ = ()


class Places(Slicing, Shapes, Changing, Writing):
    """The skills of moving and changing entries."""

    __slots__ = ()


class Manners(
    Reading, Counting, Sizing, Remembering, Detaching, Converting, Retyping, Making, Protocol
):
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
        return described_fully(self)

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec or not self.ndim else repr(self)


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
__all__ += ["is_grad_enabled", "inference_mode", "set_default_dtype", "get_default_dtype"]
__all__ += ["clone", "device", "cuda", "equal", "allclose"]
__all__ += ["outer", "mm", "mv", "bmm", "addmm"]
