# Exported from book/10_tensor.ipynb: change it there, not here.
"""The tensor: every skill of the earlier chapters on top of a node, with PyTorch's manners."""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from minigrad import dtypes, functions
from minigrad.arithmetic import KINDS, Arithmetic, converted, neg
from minigrad.changing import Changing, become, in_place, overwrite, part_of
from minigrad.engine import (
    Node,
    ShapeError,
    ancestry,
    backward,
    described,
    differentiable,
    fill,
    may_require,
    state,
    wrapped,
)
from minigrad.functions import Comparisons, Functions
from minigrad.products import Products, matmul
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
        met = {"U": "text", "c": "complex numbers", "O": "other objects"}.get(array.dtype.kind)
        raise TypeError(f"tensor: it takes numbers and truth values, not {met or array.dtype}")
    return array.astype(dtype or dtype_of(data, array), copy=False)


def dtype_of(data: Any, array: Any) -> Any:
    """The dtype a tensor gets: that of the data; Python's floats get the default, ints int64."""
    while isinstance(data, (list, tuple)) and len(data):
        data = data[0]
    if isinstance(data, Node) and array.dtype.kind == "f":
        return data.dtype
    if isinstance(data, (np.ndarray, np.generic, Node)):
        return array.dtype
    return {"f": state.default_dtype, "i": dtypes.int64}.get(array.dtype.kind, array.dtype)


def set_default_dtype(dtype: Any) -> None:
    """The dtype that Python's floats get: float32 unless changed."""
    if np.dtype(dtype).kind != "f":
        raise TypeError(f"set_default_dtype: it must be a floating dtype, not {np.dtype(dtype)}")
    state.default_dtype = np.dtype(dtype)


def get_default_dtype() -> Any:
    """The dtype that Python's floats get."""
    return state.default_dtype


class Reading:
    """The skill of giving numbers back to Python and NumPy."""

    __slots__ = ()

    def item(self: Any) -> Any:
        """The one number in it, as Python's."""
        if self.value.size != 1:
            raise ShapeError(
                f"a tensor of shape {list(self.shape)} is not a single number: "
                "reduce it first, as in .sum(), or pick one, as in x[0]"
            )
        return self.value.item()

    def tolist(self: Any) -> Any:
        return self.value.tolist()

    def numpy(self: Any) -> Any:
        """The entries as a NumPy array that cannot be written to."""
        if self.requires_grad:
            raise RuntimeError(
                "numpy: this tensor requires a gradient, which would be lost: use detach().numpy()"
            )
        return np.asarray(self)


class Converting:
    """The skill of standing where Python wants a number."""

    __slots__ = ()

    def __bool__(self: Any) -> bool:
        if self.value.size != 1:
            raise ShapeError(
                f"a tensor of shape {list(self.shape)} is neither true nor false: "
                "use .any() or .all()"
            )
        return bool(self.value.item())

    def __float__(self: Any) -> float:
        return float(self.item())

    def __int__(self: Any) -> int:
        return int(self.item())

    def __index__(self: Any) -> int:
        if self.dtype.kind not in "iu":
            raise TypeError(f"only a whole number can be an index, not {self.dtype}")
        return int(self.item())


class Counting:
    """The skill of being measured and walked through."""

    __slots__ = ()

    def __len__(self: Any) -> int:
        if self.ndim == 0:
            raise TypeError("len() of a tensor without dimensions")
        return int(self.shape[0])

    def __iter__(self: Any) -> Iterator[Any]:
        if self.ndim == 0:
            raise TypeError("a tensor without dimensions cannot be walked through")
        return iter(unbind(self))

    def __contains__(self: Any, item: Any) -> bool:
        return bool((self.value == plain(item)).any())

    def size(self: Any, dim: int | None = None) -> Any:
        return self.shape if dim is None else self.shape[dim]

    def dim(self: Any) -> int:
        return len(self.shape)

    def numel(self: Any) -> int:
        return math.prod(self.shape)

    def is_floating_point(self: Any) -> bool:
        return str(self.dtype).startswith("float")


EDGE, MOST, WIDTH = 3, 1000, 80  # entries at an end, entries in all, letters in a line


def corners(array: Any) -> Any:
    """Of a big array the entries that are shown: the first and last few along each axis."""
    if array.size > MOST:
        for axis, size in enumerate(array.shape):
            if size > 2 * EDGE:
                array = np.take(array, [*range(EDGE), *range(-EDGE, 0)], axis)
    return array


def number_form(shown: Any) -> tuple[Callable[[Any], str], int]:
    """How the entries of an array are written, and the width of a column."""
    if shown.dtype.kind != "f":
        return str, max((len(str(x)) for x in shown.ravel().tolist()), default=0)
    numbers = shown[np.isfinite(shown) & (shown != 0)].astype(np.float64)
    sizes = np.abs(numbers) if numbers.size else np.ones(1)
    whole = bool(np.all(sizes == np.floor(sizes)))
    form = "{:.0f}." if whole else "{:.4f}"
    if sizes.max() / sizes.min() > 1e3 or sizes.max() > 1e8 or sizes.min() < 1e-4:
        form = "{:.4e}"
    width = max((len(form.format(x)) for x in numbers), default=1)
    return lambda x: form.format(x) if math.isfinite(x) else str(x), width


def in_brackets(array: Any, form: Callable[[Any], str], width: int, indent: int, big: bool) -> str:
    """The entries in nested brackets, the lines broken as PyTorch breaks them."""
    if array.ndim == 0:
        return form(array.item()).rjust(width)
    parts: Any = list(array)
    if big and len(parts) > 2 * EDGE:
        parts = [*parts[:EDGE], None, *parts[-EDGE:]]
    if array.ndim > 1:
        inner = [
            "..." if p is None else in_brackets(p, form, width, indent + 1, big) for p in parts
        ]
        between: str = "," + "\n" * (array.ndim - 1) + " " * (indent + 1)
        return f"[{between.join(inner)}]"
    texts = [" ..." if p is None else form(p.item()).rjust(width) for p in parts]
    step = max(1, (WIDTH - indent) // (width + 2))
    lines = [", ".join(texts[i : i + step]) for i in range(0, len(texts), step)]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"


def printed(array: Any) -> str:
    """An array as it stands between tensor( and )."""
    return (
        in_brackets(array, *number_form(corners(array)), 7, array.size > MOST)
        if array.size
        else "[]"
    )


class Printing:
    """The skill of being read by people."""

    __slots__ = ()

    def __repr__(self: Any) -> str:
        facts = [printed(np.asarray(self.value))]
        if 0 in self.shape and self.ndim > 1:
            facts.append(f"size={self.shape}")
        if self.dtype not in (state.default_dtype, np.int64, np.bool_) or (
            0 in self.shape and self.dtype != state.default_dtype
        ):
            facts.append(f"dtype={self.dtype}")
        if self.requires_grad:
            facts.append(f"grad_fn=<{self.rule.__name__}>" if self.rule else "requires_grad=True")
        return f"tensor({', '.join(facts + [f'name={self.name!r}'] * (self.name != ''))})"

    def __format__(self: Any, spec: str) -> str:
        return str(format(self.item(), spec) if spec or not self.ndim else self)


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

    def __hash__(self) -> int:
        return hash("cpu")


class cuda:
    """PyTorch programs ask this before they choose a device."""

    is_available = staticmethod(lambda: False)


def to(self: Any, *targets: Any, dtype: Any = None, **options: Any) -> Any:
    """The tensor in another dtype, or in that of another tensor; the only device is the CPU."""
    for target in (*targets, options.get("device")):
        if isinstance(target, Node):
            dtype = target.dtype
        elif isinstance(target, (str, device)):
            device(target)
        elif target is not None and not isinstance(target, bool):
            dtype = target
    return self if dtype is None else converted(self, np.dtype(dtype))


def to_dtype(dtype: Any) -> Callable[[Any], Any]:
    return lambda self: to(self, dtype)


class Retyping:
    """The skill of changing dtype."""

    __slots__ = ()
    to = type = type_as = cpu = contiguous = to
    device = property(lambda self: device())
    is_contiguous = staticmethod(lambda: True)
    half, float, double = map(to_dtype, (dtypes.float16, dtypes.float32, dtypes.float64))
    int, long, bool = map(to_dtype, (dtypes.int32, dtypes.int64, dtypes.bool))


class Remembering:
    """The skill of wanting, keeping and sending gradients."""

    __slots__ = ()
    is_leaf = property(lambda self: self.rule is None)
    grad_fn = property(lambda self: self.rule)

    def requires_grad_(self: Any, requires_grad: bool = True) -> Any:
        if self.rule and not requires_grad:
            raise RuntimeError("requires_grad_: this is a result, not a leaf: use its detach()")
        self.requires_grad = may_require(self.value, requires_grad)
        return self

    def retain_grad(self: Any) -> None:
        if not self.requires_grad:
            raise RuntimeError("retain_grad: no gradient comes to a tensor that requires none")
        self.retains_grad = True

    def backward(
        self: Any,
        gradient: Any = None,
        retain_graph: Any = None,
        create_graph: bool = False,
        inputs: Any = None,  # the tensors whose gradients are wanted; all leaves, if none are named
    ) -> None:
        backward(self, gradient, retain_graph, create_graph, leading_to([self], inputs))


def leading_to(roots: list[Node], inputs: Any) -> dict[Node, Any] | None:
    """The part of the graph that leads to the inputs, which keep their gradients."""
    if inputs is None:
        return None
    ends = listed("backward", "input", inputs)
    for x in ends:
        x.retains_grad = x.retains_grad or x.rule is not None
    return path(roots, ends)


def path(roots: Iterable[Node], ends: list[Node]) -> dict[Node, Any]:
    """The nodes between roots and ends, the oldest first, and their edges that lead to an end."""
    found: dict[Node, Any] = {}
    oldest, last = min(end.order for end in ends), set(ends)
    for node in reversed(ancestry(roots, oldest)):
        edges = [edge for edge in node.edges if edge[0] in found] if node.order > oldest else []
        if edges or node in last:
            found[node] = edges
    return found


def listed(name: str, what: str, things: Any) -> list[Node]:
    """One tensor or several, as a list of tensors that all require a gradient."""
    things = things.values() if isinstance(things, dict) else things
    several = hasattr(things, "__iter__") and not isinstance(things, Node)
    nodes = list(things) if several else [things]
    if not nodes:
        raise RuntimeError(f"{name}: there must be one {what} or more, and there is none")
    for place, x in enumerate(nodes):
        if not isinstance(x, Node):
            raise TypeError(f"{name}: {what} {place} must be a tensor, not {type(x).__name__}")
        if not x.requires_grad:
            raise RuntimeError(
                f"{name}: {what} {place} ({described(x)}) requires no gradient: "
                "requires_grad_() makes a leaf ask for one, before it is used"
            )
    return nodes


class Handle:
    """What register_hook returns: remove() takes the hook away again."""

    def __init__(self, node: Any, hook: Any) -> None:
        self.node, self.hook = node, hook
        node.hooks = (*node.hooks, hook)

    def remove(self) -> None:
        hooks = list(self.node.hooks)
        if self.hook in hooks:
            hooks.remove(self.hook)
        self.node.hooks, self.hook = tuple(hooks), None


class Hooking:
    """The skill of letting others see a gradient on its way."""

    __slots__ = ()

    def register_hook(self: Any, hook: Callable[[Any], Any]) -> Handle:
        if not self.requires_grad:
            raise RuntimeError("register_hook: no gradient comes to a tensor that requires none")
        return Handle(self, hook)


@spells(np.copy)
@differentiable
def clone(x: Any) -> Any:
    """The same entries in a tensor of its own."""
    return np.copy(x), lambda g: g


class Detaching:
    """The skill of parting with a history."""

    __slots__ = ()
    clone = clone

    def detach(self: Any) -> Any:
        return part_of(self, wrapped(self, self.value), lambda old, new: new, data=True)

    @property
    def data(self: Any) -> Any:
        return self.detach()

    @data.setter
    def data(self: Any, data: Any) -> None:
        array = data.value if isinstance(data, Node) else as_array(data)[()]
        may_require(array, self.requires_grad)
        overwrite(self, array)


def restored(kind: Any, value: Any, requires_grad: bool, name: str, grad: Any) -> Any:
    """A leaf made of what another one was."""
    node = kind.__new__(kind)
    fill(node, value)
    node.requires_grad, node.name, node.grad = requires_grad, name, grad
    return node


class Copying:
    """The skill of being copied and pickled by Python, for leaves."""

    __slots__ = ()

    def __reduce__(self: Any) -> Any:
        if self.rule:
            raise RuntimeError(
                f"this tensor was made by {self.rule.__name__}: only leaves can be copied or "
                "pickled, so detach() it"
            )
        return restored, (type(self), self.value, self.requires_grad, self.name, self.grad)


class Generator:
    """A source of random numbers that a seed makes repeatable."""

    def __init__(self) -> None:
        self.manual_seed(np.random.SeedSequence().entropy)

    def manual_seed(self, seed: Any) -> Generator:
        self.seed, self.numbers = seed, np.random.default_rng(seed)
        return self

    def initial_seed(self) -> int:
        return int(self.seed)


default_generator = functools.cache(Generator)


def manual_seed(seed: int) -> Generator:
    """Make the random numbers that follow the same in every run."""
    return default_generator().manual_seed(seed)


def random_of(generator: Generator | None) -> Any:
    return (generator or default_generator()).numbers


def writes(make: Callable[..., Any]) -> Callable[..., Any]:
    """A method that writes entries made without looking at the old ones."""

    def method(self: Any, *inputs: Any, **options: Any) -> Any:
        return become(self, lambda x: assign_into(x, make(x, *inputs, **options), ...))

    return method


def filled(x: Any, number: Any = 0) -> Any:
    return np.full(x.shape, plain(number), x.dtype)


def given(x: Any, source: Any) -> Any:
    return source if isinstance(source, Node) else as_array(source)


def uniform(x: Any, low: float = 0.0, high: float = 1.0, generator: Any = None) -> Any:
    return random_of(generator).uniform(low, high, x.shape)


def gaussian(x: Any, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Any:
    return random_of(generator).normal(mean, std, x.shape)


class Writing:
    """The skill of changing in place, as PyTorch spells it."""

    __slots__ = ()
    fill_ = zero_ = writes(filled)
    copy_, uniform_, normal_ = writes(given), writes(uniform), writes(gaussian)
    clamp_, masked_fill_ = in_place(functions.clamp), in_place(functions.masked_fill)
    exp_, log_, sqrt_ = map(in_place, (functions.exp, functions.log, functions.sqrt))
    tanh_, sigmoid_, relu_ = map(in_place, (functions.tanh, functions.sigmoid, functions.relu))
    floor_, ceil_ = in_place(functions.floor), in_place(functions.ceil)
    round_ = in_place(functions.round)
    square_, reciprocal_ = map(in_place, (functions.square, functions.reciprocal))
    abs_, neg_, lerp_ = map(in_place, (functions.abs, neg, functions.lerp))
    scatter_, scatter_add_ = in_place(scatter), in_place(scatter_add)
    index_add_ = in_place(index_add)


def exact(name: str, *dims: int) -> Callable[..., Any]:
    """The product of two tensors with just these numbers of dimensions."""

    def operation(input: Any, other: Any) -> Any:
        shapes = f"{list(input.shape)} and {list(other.shape)}"
        if (input.ndim, other.ndim) != dims:
            raise ShapeError(
                f"{name}: it takes {dims[0]}-D and {dims[1]}-D tensors, not {shapes}: "
                "for others use @"
            )
        if name == "bmm" and input.shape[0] != other.shape[0]:
            raise ShapeError(f"bmm: {shapes} are not as many matrices on both sides")
        return input[:, None] * other if name == "outer" else matmul(input, other)

    operation.__name__ = name
    operation.__doc__ = f"As @, for {dims[0]}-D and {dims[1]}-D tensors only."
    return operation


dot, mm, mv = exact("dot", 1, 1), exact("mm", 2, 2), exact("mv", 2, 1)
bmm, outer = exact("bmm", 3, 3), exact("outer", 1, 1)
outer.__doc__ = "Every entry of one vector times every entry of another: (m,), (n,) -> (m, n)."
spells(np.outer)(outer)


def addmm(input: Any, mat1: Any, mat2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """beta * input + alpha * (mat1 @ mat2)."""
    return input * beta + mm(mat1, mat2) * alpha


def equal(input: Any, other: Any) -> bool:
    """Whether two tensors have one shape and the same entries."""
    return np.array_equal(plain(input), plain(other))


def allclose(
    input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> bool:
    """Whether all entries are close; tensors of different shapes are not."""
    if input.dtype != other.dtype:
        raise RuntimeError(
            f"allclose: {input.dtype} and {other.dtype} are different dtypes: convert one of them"
        )
    a, b = plain(input), plain(other)
    return a.shape == b.shape and bool(np.allclose(a, b, rtol, atol, equal_nan))


class Named:
    """The skill of answering to PyTorch's names for products and comparisons."""

    __slots__ = ()
    matmul, dot, mm, mv, bmm, outer = matmul, dot, mm, mv, bmm, outer
    equal, allclose, addmm = equal, allclose, addmm


class Making:
    """The skill of making tensors of the same kind."""

    __slots__ = ()

    def new_tensor(self: Any, data: Any, dtype: Any = None, requires_grad: bool = False) -> Any:
        array = as_array(data, dtype or self.dtype)
        return wrapped(self, array).requires_grad_(requires_grad)

    def new_full(self: Any, size: Any, fill_value: Any, **options: Any) -> Any:
        return self.new_tensor(np.full(sizes_of((size,)), fill_value), **options)

    def new_zeros(self: Any, *size: Any, **options: Any) -> Any:
        return self.new_full(sizes_of(size), 0, **options)

    def new_ones(self: Any, *size: Any, **options: Any) -> Any:
        return self.new_full(sizes_of(size), 1, **options)

    new_empty = new_zeros


class Numbers(Arithmetic, Products, Named, Functions, Comparisons, Reductions):
    """The skills of computing."""

    __slots__ = ()


class Places(Slicing, Shapes, Changing, Writing, Counting):
    """The skills of moving and changing entries."""

    __slots__ = ()


class Manners(Reading, Converting, Printing, Retyping, Making, Copying, Protocol):
    """The skills of getting along with Python, NumPy and PyTorch's habits."""

    __slots__ = ()


class Gradients(Remembering, Hooking, Detaching):
    """The skills that concern a tensor's history."""

    __slots__ = ()


class Tensor(Numbers, Places, Manners, Gradients, Node):
    """An array that remembers how it was made: every skill on top of a node.

    >>> x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4., 6.])
    """

    __slots__ = ()

    def __init__(
        self, data: Any = (), dtype: Any = None, requires_grad: bool = False, name: str = ""
    ) -> None:
        fill(self, as_array(data, dtype)[()])
        self.requires_grad = may_require(self.value, requires_grad)
        self.name = name


class Recording(contextlib.ContextDecorator):
    """Switches recording on or off for a block, or for each call of a function."""

    def __init__(self, mode: bool) -> None:
        self.mode = mode
        self.before: list[bool] = []

    def _recreate_cm(self) -> Recording:  # a fresh one for each call of a decorated function
        return Recording(self.mode)

    def __enter__(self) -> None:
        self.before.append(state.recording)
        state.recording = self.mode

    def __exit__(self, *_: Any) -> None:
        state.recording = self.before.pop()


def no_grad(function: Any = None) -> Any:
    """Operations in this block, or in this function, are not recorded."""
    return Recording(False) if function is None else Recording(False)(function)


def enable_grad(function: Any = None) -> Any:
    """Operations in this block, or in this function, are recorded, also inside no_grad()."""
    return Recording(True) if function is None else Recording(True)(function)


class set_grad_enabled(Recording):
    """Record or not: from here on, or for a block."""

    def __init__(self, mode: bool) -> None:
        super().__init__(mode)
        self.earlier, state.recording = state.recording, mode

    def __enter__(self) -> None:
        state.recording = self.earlier
        super().__enter__()


def is_grad_enabled() -> bool:
    return state.recording


inference_mode = no_grad

__all__ = ["Tensor", "Generator", "manual_seed", "no_grad", "enable_grad", "set_grad_enabled"]
__all__ += ["is_grad_enabled", "inference_mode", "set_default_dtype", "get_default_dtype"]
__all__ += ["clone", "device", "cuda", "equal", "allclose"]
__all__ += ["outer", "dot", "mm", "mv", "bmm", "addmm"]


KEPT = np.empty(2**25 - 2**16, np.uint8).nbytes  # freed at once; now glibc keeps what we free
