# Exported from book/01_dot.ipynb: change it there, not here.
"""A value that remembers how it was made, and the walk back through it."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable
from functools import wraps
from operator import attrgetter
from typing import Any, ClassVar, ParamSpec, TypeAlias

import numpy as np

Array: TypeAlias = Any  # an array; a node when the rule itself is differentiated
Pullback: TypeAlias = Callable[[Any], Any]
P = ParamSpec("P")  # the arguments of a rule, whatever they are


class Record:
    """What a node remembers: its value, its gradient, and how it was made."""

    __slots__ = (
        *("value", "grad", "requires_grad", "edges", "rule", "call", "order"),
        *("name", "retains_grad", "hooks", "base", "before", "tangents", "__weakref__"),
    )
    value: Any  # a NumPy array, or a NumPy number without dimensions
    grad: Any  # a node too, or None
    requires_grad: bool
    edges: Any  # (parent, pullback, which input it was) for each that needs a gradient
    rule: Any  # what made it, or None
    call: Any  # what the rule was called with
    order: int  # nodes are numbered as they are born
    name: str
    retains_grad: bool  # keep the gradient although this is not a leaf
    hooks: tuple[Any, ...]
    base: Any  # the tensor this is a part of (chapter 6)
    before: Any  # the node before it was changed in place (chapter 6)
    tangents: Any  # how fast it moves, in forward mode (chapter 18)


births = itertools.count()


def fill(node: Node, value: Any) -> None:
    """Give a fresh node its fields: a value nobody made, and nothing else."""
    if type(value) is not np.ndarray or not value.ndim:
        value = value if isinstance(value, np.generic) else np.asarray(value)[()]
    node.value, node.order = value, next(births)
    node.grad = node.rule = node.call = node.base = node.before = node.tangents = None
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


class Node(Record):
    """A value that remembers how it was made."""

    __slots__ = ()
    family: ClassVar[Any] = None  # of what is computed from it, if not its own

    def __init__(self, value: Any, requires_grad: bool = False, name: str = "") -> None:
        fill(self, np.array(value.value if isinstance(value, Node) else value))
        self.requires_grad = may_require(self.value, requires_grad)
        self.name = name

    shape = property(lambda self: self.value.shape)
    ndim = property(lambda self: self.value.ndim)
    dtype = property(lambda self: self.value.dtype)

    def __repr__(self) -> str:
        text = np.array2string(np.asarray(self.value), separator=", ", precision=4)
        made = f", made by {self.rule.__name__}" if self.rule else ""
        return f"{type(self).__name__}({text}{made})"


def wrapped(like: Node, value: Any) -> Any:
    """A constant of the same family."""
    family = like.family or type(like)
    node = family.__new__(family)
    fill(node, value)
    return node


class State(threading.local):
    recording: bool = True
    around: tuple[Callable[..., Any], ...] = ()  # handlers, the innermost last
    default_dtype: np.dtype[Any] = np.dtype(np.float32)  # of Python's floats, from chapter 10 on


state = State()
rules: dict[str, Callable[..., Any]] = {}


def differentiable(rule: Callable[P, Any]) -> Callable[P, Any]:
    """Turn a rule (a value, a pullback for each input) into an operation on nodes or arrays."""

    @wraps(rule)
    def operation(*inputs: P.args, **options: P.kwargs) -> Any:
        if options:
            refuse_lost(rule, options)
        like, recorded = None, False
        for x in inputs:
            if isinstance(x, Node):
                like, recorded = x, recorded or x.requires_grad
        if like is None:
            return rule(*inputs, **options)[0]
        if state.around:
            return surrounded(operation, rule, inputs, options)
        recorded = recorded and state.recording
        values = [x.value if isinstance(x, Node) else held(x, recorded) for x in inputs]
        try:
            value, *pullbacks = rule(*values, **options)
        except (ValueError, IndexError, TypeError, AttributeError) as error:
            raise explained(error, rule, values) from error
        result = wrapped(like, value)
        return record(result, rule, pullbacks, inputs, values, options) if recorded else result

    rules[rule.__name__] = operation
    return operation


def record(
    result: Node, rule: Any, pullbacks: list[Pullback], inputs: Any, values: Any, options: Any
) -> Node:
    """Remember how the result was made: an edge where a gradient is needed."""
    if result.value.dtype.kind != "f":
        return result
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
    return result


def refuse_lost(rule: Any, options: dict[str, Any]) -> None:
    """An option has no pullback: a gradient for it would be lost."""
    for name, x in options.items():
        if isinstance(x, Node) and x.requires_grad:
            raise TypeError(
                f"{rule.__name__}: no gradient flows to the option {name}; "
                "detach it, or make it an input"
            )


class ShapeError(ValueError, RuntimeError):
    """Shapes that do not fit: a ValueError for NumPy, a RuntimeError for PyTorch."""


def held(x: Any, recorded: bool) -> Any:
    """A plain input as a rule gets it: scalars as numbers, arrays as copies."""
    if isinstance(x, np.generic):
        return x.item()
    return x.copy() if recorded and isinstance(x, np.ndarray) else x


def explained(error: Exception, rule: Any, values: list[Any]) -> Exception:
    """An error from a rule, with the name of the operation and what it met."""
    if str(error).startswith(rule.__name__):
        return error
    kind = {ValueError: ShapeError, AttributeError: TypeError}.get(type(error), type(error))
    return kind(f"{rule.__name__}({', '.join(map(described, values))}): {error}")


def described(x: Any) -> str:
    return f"{x.dtype}{list(x.shape)}" if hasattr(x, "dtype") else type(x).__name__


def surrounded(
    operation: Callable[..., Any], rule: Callable[..., Any], inputs: Any, options: Any
) -> Any:
    """Hand an operation to the innermost handler; while that works, the outer ones are in force."""
    handlers = state.around
    state.around = handlers[:-1]
    try:
        return handlers[-1](operation, rule, inputs, options)
    finally:
        state.around = handlers


def ancestry(roots: Iterable[Node], oldest: int = -1) -> list[Node]:
    """Every node that a gradient can reach from the roots, the youngest first."""
    nodes = list(roots)
    found = set(nodes)
    for node in nodes:
        if node.order <= oldest:
            continue
        if node.edges is None:
            raise RuntimeError(
                f"the graph behind {node.rule.__name__} was released by an earlier backward(): "
                "call that one with retain_graph=True"
            )
        for parent, _, _ in node.edges:
            if parent.order > node.order:
                node.edges = tuple([(earlier(x, node.order), *rest) for x, *rest in node.edges])
                parent = earlier(parent, node.order)
            if parent not in found:
                found.add(parent)
                nodes.append(parent)
    return sorted(nodes, key=attrgetter("order"), reverse=True)


def earlier(node: Node, order: int) -> Node:
    """The node as it was when something born with this number used it."""
    while node.order > order:
        node = node.before
    return node


def pull(
    seeds: Any, keep: Any, retain: bool = False, create: bool = False, graph: Any = None
) -> dict[Node, Any]:
    """Carry the seeds back along every edge; return the gradients to keep."""
    pending, kept = dict(seeds), {}
    graph = {x: x.edges for x in ancestry(seeds)[::-1]} if graph is None else dict(graph)
    while graph:
        node, edges = graph.popitem()
        gradient = pending.pop(node)
        if not isinstance(gradient, (np.ndarray, np.generic, Node)):
            gradient = np.asarray(gradient)
        for hook in node.hooks:
            gradient = hooked(hook, gradient, node)
        if keep(node):
            kept[node] = gradient
        for parent, pullback, _ in again(node, edges) if create else edges:
            piece, value = pullback(gradient), parent.value
            if getattr(piece, "shape", None) != value.shape or piece.dtype != value.dtype:
                raise broken_contract(node, parent, piece)
            pending[parent] = pending[parent] + piece if parent in pending else piece
        if edges and not retain:
            node.edges = node.call = None
    return kept


def broken_contract(node: Node, parent: Node, piece: Any) -> RuntimeError:
    return RuntimeError(
        f"{node.rule.__name__}: its pullback returned a gradient of {described(piece)} for an "
        f"input of {described(parent)}; shape and dtype must be the same"
    )


def backward(
    root: Node,
    gradient: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    graph: Any = None,
) -> None:
    """Add to the `.grad` of every leaf what a nudge of it does to the root."""
    if not root.requires_grad:
        raise RuntimeError("backward: nothing this value was made from requires a gradient")
    seeds = {root: first_gradient(root, gradient, create_graph)}
    retain = create_graph if retain_graph is None else retain_graph
    kept = pull(seeds, keeps_gradient, retain, create_graph, graph)
    accumulate(kept, create_graph)


def keeps_gradient(node: Node) -> bool:
    return node.retains_grad or node.rule is None


def accumulate(gradients: dict[Node, Any], create: bool = False) -> None:
    """Add gradients to the `.grad` of their nodes."""
    for node, new in gradients.items():
        new = new if isinstance(new, Node) else wrapped(node, new)
        if node.grad is None:
            node.grad = new
        elif create or state.around:
            node.grad = node.grad + new
        else:
            node.grad.value = node.grad.value + new.value


def first_gradient(root: Node, gradient: Any, create: bool) -> Any:
    """What the walk starts with: 1, or the gradient that the caller gives."""
    value = root.value
    if gradient is None:
        if value.size != 1:
            raise RuntimeError(
                f"backward: a value of shape {list(value.shape)} is not a single number: reduce it "
                "first, for example with .sum(), or pass the gradient that arrives at it"
            )
        gradient = np.array(1, value.dtype, ndmin=value.ndim)[()]
        return wrapped(root, gradient) if create else gradient
    usable = isinstance(gradient, Node) and (create or gradient.dtype == value.dtype)
    if not usable:
        plain = gradient.value if isinstance(gradient, Node) else gradient
        gradient = wrapped(root, np.array(plain, value.dtype))
    if gradient.shape != value.shape or gradient.dtype != value.dtype:
        raise ShapeError(
            f"backward: the gradient is {described(gradient)}, the value {described(value)}; "
            "shape and dtype must be the same"
        )
    return gradient if create or gradient.tangents else gradient.value


def hooked(hook: Callable[[Any], Any], gradient: Any, node: Node) -> Any:
    """The gradient after a hook, which may look at it or replace it."""
    seen = gradient if isinstance(gradient, Node) else wrapped(node, gradient)
    answer = hook(seen)
    if answer is None:
        return gradient
    if answer.shape != seen.shape or answer.dtype != seen.dtype:
        raise RuntimeError(
            f"a hook on a gradient of {described(seen)} returned {described(answer)}: "
            "it must return None, or a gradient of the same shape and dtype"
        )
    return answer if isinstance(gradient, Node) else answer.value


def again(node: Node, edges: Any) -> list[tuple[Node, Pullback, int]]:
    """These edges of a node, its rule run again on nodes: now it is recorded."""
    if not edges:
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
    return [(parent, pullbacks[place], place) for parent, _, place in edges]


__all__ = ["Node", "ShapeError", "differentiable", "rules"]
