# Exported from book/01_dot.ipynb: change it there, not here.
"""A value that remembers how it was made, and the walk that carries gradients back."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable
from functools import wraps
from operator import attrgetter
from typing import Any, ClassVar, ParamSpec, TypeAlias

import numpy as np

Array: TypeAlias = (
    Any  # in a rule: a NumPy array, or a tensor when the rule itself is differentiated
)
Pullback: TypeAlias = Callable[[Any], Any]
P = ParamSpec("P")

births = itertools.count()
rules: dict[str, Callable[..., Any]] = {}


class ShapeError(ValueError, RuntimeError):
    """Shapes that do not fit together (NumPy's users expect the one base, PyTorch's the other)."""


class State(threading.local):
    recording: bool = True
    default_dtype: np.dtype[Any] = np.dtype(np.float32)


state = State()


class Record:
    """What a node remembers: its value, its gradient, and how the value was made."""

    __slots__ = (
        *("value", "grad", "requires_grad", "name"),
        *("edges", "rule", "call", "order", "retains_grad", "hooks", "base", "before"),
        "__weakref__",
    )
    value: Any  # a NumPy array, or a NumPy number where there are no dimensions
    grad: Any  # a node of the same family, or None
    requires_grad: bool
    name: str
    edges: Any  # (parent, pullback, which input) for each input that needs a gradient
    rule: Any  # None for a leaf
    call: Any  # the inputs as given, their values, and the options
    order: int  # nodes are numbered as they are born
    retains_grad: bool
    hooks: tuple[Any, ...]
    base: Any  # the tensor this is a part of (chapter 6)
    before: Any  # this node as it was before it was changed in place (chapter 6)


class Node(Record):
    """A value that remembers how it was made."""

    __slots__ = ()
    family: ClassVar[Any]  # the class of what is computed from this node

    def __init_subclass__(cls) -> None:
        if "family" not in vars(cls):
            cls.family = cls

    def __init__(self, value: Any, requires_grad: bool = False, name: str = "") -> None:
        fill(self, np.array(value.value if isinstance(value, Node) else value)[()])
        self.requires_grad = may_require(self.value, requires_grad)
        self.name = name

    shape = property(lambda self: self.value.shape)
    ndim = property(lambda self: self.value.ndim)
    dtype = property(lambda self: self.value.dtype)

    def __repr__(self) -> str:
        text = np.array2string(np.asarray(self.value), separator=", ", precision=4)
        made = f", made by {self.rule.__name__}" if self.rule else ""
        return f"{type(self).__name__}({text}{made})"


Node.family = Node


def fill(node: Node, value: Any) -> None:
    """Give a fresh node its fields: a value nobody made, and nothing else."""
    node.value, node.order = value, next(births)
    node.grad = node.rule = node.call = node.base = node.before = None
    node.edges = node.hooks = ()
    node.requires_grad = node.retains_grad = False
    node.name = ""


def may_require(value: Any, requires_grad: bool) -> bool:
    if requires_grad and value.dtype.kind != "f":
        raise RuntimeError(
            f"only floating values can require a gradient, and this one is {value.dtype}: "
            "write 2.0 for 2, or convert it to float first"
        )
    return requires_grad


def differentiable(rule: Callable[P, Any]) -> Callable[P, Any]:
    """Turn a rule into an operation on nodes.

    A rule takes arrays and returns its value, then one pullback for each of its first inputs; what
    comes after these are options. On plain arrays the operation is the rule's value, nothing more.
    """

    @wraps(rule)
    def operation(*inputs: P.args, **options: P.kwargs) -> Any:
        nodes = [x for x in inputs if isinstance(x, Node)]
        if not nodes:
            return rule(*inputs, **options)[0]
        recorded = state.recording and any([x.requires_grad for x in nodes])
        values = [x.value if isinstance(x, Node) else held(x, recorded) for x in inputs]
        value, *pullbacks = run(rule, values, options)
        result = nodes[0].family.__new__(nodes[0].family)
        fill(result, value if isinstance(value, np.generic) else np.asarray(value)[()])
        if recorded:
            record(result, rule, inputs, values, options, pullbacks)
        return result

    rules[rule.__name__] = operation
    return operation


def held(x: Any, recorded: bool) -> Any:
    """A plain input as a rule gets it: NumPy's scalars as numbers, arrays as copies."""
    if isinstance(x, np.generic):
        return x.item()
    return x.copy() if recorded and isinstance(x, np.ndarray) else x


def run(rule: Callable[..., Any], values: list[Any], options: dict[str, Any]) -> Any:
    try:
        return rule(*values, **options)
    except (ValueError, IndexError, TypeError) as error:
        if str(error).startswith(rule.__name__):
            raise
        met = ", ".join(described(x) for x in values)
        kind = ShapeError if type(error) is ValueError else type(error)
        raise kind(f"{rule.__name__}({met}): {error}") from error


def described(x: Any) -> str:
    return f"{x.dtype}{list(x.shape)}" if hasattr(x, "dtype") else type(x).__name__


def record(
    result: Node, rule: Any, inputs: Any, values: Any, options: Any, pullbacks: list[Pullback]
) -> None:
    """Remember how the result was made: an edge for each input that needs a gradient."""
    edges = []
    for place, x in enumerate(inputs):
        if isinstance(x, Node) and x.requires_grad:
            if place >= len(pullbacks):
                raise TypeError(
                    f"{rule.__name__}: no gradient flows to input {place}; detach it first"
                )
            edges.append((x, pullbacks[place], place))
    result.edges, result.requires_grad = tuple(edges), True
    result.rule, result.call = rule, (inputs, values, options)


def ancestry(roots: Iterable[Node]) -> list[Node]:
    """Every node a gradient can reach from the roots, youngest first: children before parents."""
    found = set(roots)
    waiting = list(found)
    while waiting:
        node = waiting.pop()
        if node.edges is None:
            raise RuntimeError(
                f"the graph behind {node.rule.__name__} was released by an earlier backward(): "
                "call that one with retain_graph=True"
            )
        if any([parent.order > node.order for parent, _, _ in node.edges]):
            node.edges = tuple((earlier(x, node.order), *rest) for x, *rest in node.edges)
        for parent, _, _ in node.edges:
            if parent not in found:
                found.add(parent)
                waiting.append(parent)
    return sorted(found, key=attrgetter("order"), reverse=True)


def earlier(node: Node, order: int) -> Node:
    """A node as it was when something of this birth number used it; changes in place came later."""
    while node.order > order:
        node = node.before
    return node


def pull(
    seeds: dict[Node, Any], keep: Callable[[Node], bool], retain: bool = False, create: bool = False
) -> dict[Node, Any]:
    """Carry the seeds back along every edge; return the gradients of the nodes to keep."""
    pending, kept = dict(seeds), {}
    for node in ancestry(seeds):
        gradient = pending.pop(node)
        if not isinstance(gradient, (np.ndarray, np.generic, Node)):
            gradient = np.asarray(gradient)
        for hook in node.hooks:
            gradient = hooked(hook, gradient, node)
        if keep(node):
            kept[node] = gradient
        for parent, pullback, _ in again(node) if create else node.edges:
            piece = pullback(gradient)
            if piece.shape != parent.value.shape or piece.dtype != parent.value.dtype:
                raise broken_contract(node, parent, piece)
            pending[parent] = pending[parent] + piece if parent in pending else piece
        if node.edges and not retain:
            node.edges = node.call = None
    return kept


def broken_contract(node: Node, parent: Node, piece: Any) -> RuntimeError:
    return RuntimeError(
        f"{node.rule.__name__}: its pullback returned a gradient of {described(piece)} for "
        "an input of "
        f"{described(parent.value)}; shape and dtype must be the same"
    )


def hooked(hook: Callable[[Any], Any], gradient: Any, node: Node) -> Any:
    """The gradient after a hook, which may look at it (returns None) or replace it."""
    seen = gradient if isinstance(gradient, Node) else wrapped(node, gradient)
    answer = hook(seen)
    if answer is None:
        return gradient
    if answer.shape != seen.shape or answer.dtype != seen.dtype:
        raise RuntimeError("a hook must return a gradient of the same shape and dtype, or None")
    return answer if isinstance(gradient, Node) else answer.value


def wrapped(like: Node, value: Any) -> Any:
    """A constant of the same family."""
    node = like.family.__new__(like.family)
    fill(node, value if isinstance(value, np.generic) else np.asarray(value)[()])
    return node


def again(node: Node) -> list[tuple[Node, Pullback, int]]:
    """The edges of a node, its rule run once more on nodes: now the pullbacks are recorded."""
    if not node.edges:
        return []
    _, values, options = node.call
    inputs = list(values)
    for parent, _, place in node.edges:
        if parent.value is not values[place]:
            raise RuntimeError(
                f"an input of {node.rule.__name__} was given other data since: "
                "create_graph=True needs it as it was"
            )
        inputs[place] = parent
    _, *pullbacks = node.rule(*inputs, **options)
    return [(parent, pullbacks[place], place) for parent, _, place in node.edges]


def backward(
    root: Node, gradient: Any = None, retain_graph: bool | None = None, create_graph: bool = False
) -> None:
    """Add to `.grad` of every leaf behind the root what a nudge of that leaf does to the root."""
    if not root.requires_grad:
        raise RuntimeError("backward: nothing this value was made from requires a gradient")
    seed = first_gradient(root, gradient, create_graph)
    retain = create_graph if retain_graph is None else retain_graph
    kept = pull(
        {root: seed}, lambda node: node.retains_grad or node.rule is None, retain, create_graph
    )
    for node, new in kept.items():
        new = new if isinstance(new, Node) else wrapped(node, new)
        if node.grad is None or create_graph:
            node.grad = new if node.grad is None else node.grad + new
        else:
            node.grad.value = node.grad.value + new.value


def first_gradient(root: Node, gradient: Any, create_graph: bool) -> Any:
    """What the walk starts with: 1 for a single number, else the gradient given by the caller."""
    value = root.value
    if gradient is None:
        if value.size != 1:
            raise RuntimeError(
                f"backward: a value of shape {list(value.shape)} is not a single number: reduce it "
                "first, for example with .sum(), or pass the gradient that arrives at it"
            )
        gradient = np.ones(value.shape)
    seed: Any = gradient
    if not (isinstance(gradient, Node) and create_graph):
        plain = gradient.value if isinstance(gradient, Node) else gradient
        seed = np.array(plain, value.dtype)[()]
    if seed.shape != value.shape:
        raise ShapeError(
            f"backward: the gradient has shape {list(seed.shape)}, the value "
            f"{list(value.shape)}; they must be the same"
        )
    return wrapped(root, seed) if create_graph and not isinstance(seed, Node) else seed


__all__ = ["Node", "ShapeError", "differentiable", "rules"]
