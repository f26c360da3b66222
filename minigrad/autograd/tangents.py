# Exported from book/18_forward.ipynb: change it there, not here.
"""Forward mode: how fast each value moves, carried along with it by the rules of reverse mode."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from minigrad.arithmetic import entrywise
from minigrad.autograd.levels import entering
from minigrad.engine import Node, Pullback, described, held, pull, state, wrapped
from minigrad.protocol import asked_for
from minigrad.tensor import Recording, path


def transposed(pullback: Callable[[Any], list[Any]], at: Node) -> Callable[..., Any]:
    """The push-forward: the transpose of a linear function that takes a gradient of `at`.

    The function runs once, on a dummy, and leaves a little graph. Tangents of what it returns are
    pulled through that; what arrives at the dummy is the tangent of `at`, or None for zero.
    """
    dummy = wrapped(at, np.ones(at.shape, at.dtype))
    dummy.requires_grad = True
    with Recording(True), np.errstate(all="ignore"):
        pieces = pullback(dummy)
    graph = path([x for x in pieces if isinstance(x, Node)], [dummy])

    def push(tangents: list[Any], create: bool = False) -> Any:
        seeds: dict[Node, Any] = {}
        for piece, t in zip(pieces, tangents, strict=True):
            if isinstance(piece, Node) and piece in graph:
                seeds[piece] = seeds[piece] + t if piece in seeds else t
        if not seeds:
            return None
        return pull(seeds, lambda x: x is dummy, True, create, graph)[dummy]

    return push


class Moving:
    """One run of forward mode: it stands around every operation and pushes tangents through."""

    def __enter__(self) -> Moving:
        state.around = (*state.around, self)
        return self

    def __exit__(self, *_: Any) -> None:
        state.around = tuple([handler for handler in state.around if handler is not self])

    def tangent(self, x: Any) -> Any:
        """How fast x moves in this run; None is not at all."""
        return x.tangents.get(self) if isinstance(x, Node) and x.tangents else None

    def __call__(self, operation: Any, rule: Any, inputs: Any, options: Any) -> Any:
        refuse_moving(self, rule, options)
        tangents = {i: t for i, x in enumerate(inputs) if (t := self.tangent(x)) is not None}
        if not tangents:
            return operation(*inputs, **options)
        push = on_nodes if any(map(watched, (*inputs, *tangents.values()))) else on_values
        return push(self, operation, rule, inputs, options, tangents)


def watched(x: Any) -> bool:
    """Whether a derivative of what is computed from x may be asked for outside this run."""
    return isinstance(x, Node) and asked_for(x)


def on_values(
    run: Moving, operation: Any, rule: Any, inputs: Any, options: Any, tangents: dict[int, Any]
) -> Any:
    """The result and its tangent, where nobody asks for a derivative of them: arrays are enough."""
    standing = [asking(x) if i in tangents else x for i, x in enumerate(inputs)]
    with Recording(True):
        result = operation(*standing, **options)
    pullbacks = {place: pullback for _, pullback, place in result.edges}
    result.edges, result.rule, result.call, result.requires_grad = (), None, None, False
    values = {place: t.value for place, t in tangents.items() if place in pullbacks}
    carry(run, result, pushed(rule, pullbacks, inputs, values, result))
    return result


def asking(x: Node) -> Any:
    """The same value, asking for a gradient, so that the operation leaves its pullback."""
    node = wrapped(x, x.value)
    node.requires_grad = x.value.dtype.kind == "f"
    return node


def pushed(
    rule: Any, pullbacks: Any, inputs: Any, tangents: dict[int, Any], at: Node, create: bool = False
) -> Any:
    """The tangent of a result, from those of its inputs, by the transposes of the pullbacks."""
    pieces, rest = list[Any](), {}
    for place, t in tangents.items():
        x = inputs[place]
        if rule in entrywise and x.shape == at.shape and x.dtype == at.dtype:
            pieces.append(pullbacks[place](t))  # a diagonal matrix is its own transpose
        else:
            rest[place] = t
    if rest:
        push = transposed(lambda g: [pullbacks[place](g) for place in rest], at)
        pieces.append(push(list(rest.values()), create))
    moved = [piece for piece in pieces if piece is not None]
    if not moved:
        return None
    total = reduce(add, moved)
    if total.shape != at.shape or total.dtype != at.dtype:
        raise RuntimeError(
            f"{rule.__name__}: its pullbacks made a tangent of {described(total)} for a result of "
            f"{described(at)}: shape and dtype must be the same"
        )
    return total


def carry(run: Moving, node: Node, tangent: Any) -> None:
    """Let a node move, beside what it does in other runs."""
    if tangent is not None:
        tangent = tangent if isinstance(tangent, Node) else wrapped(node, tangent)
        node.tangents = {**(node.tangents or {}), run: tangent}


def refuse_moving(run: Moving, rule: Any, options: Any) -> None:
    for name, x in options.items():
        if run.tangent(x) is not None:
            raise TypeError(
                f"{rule.__name__}: no tangent flows through the option {name}: make it an input"
            )


def dual(run: Moving, name: str, x: Any, tangent: Any) -> Any:
    """A value that moves: x under another identity, with a tangent."""
    fits(name, x, tangent)
    node = entering(x)
    carry(run, node, entering(tangent))
    return node


def stop(run: Moving, y: Any) -> None:
    """Let a value move no longer in this run."""
    if run.tangent(y) is not None:
        y.tangents = {other: t for other, t in y.tangents.items() if other is not run} or None


def movable(name: str, what: str, x: Any) -> None:
    if not isinstance(x, Node):
        raise TypeError(f"{name}: the {what} must be a tensor, not {type(x).__name__}")
    if x.dtype.kind != "f":
        raise ValueError(f"{name}: only floating values can move, and the {what} is {x.dtype}")


def fits(name: str, x: Any, tangent: Any) -> None:
    """A tangent must have the shape and the dtype of what it moves."""
    movable(name, "primal", x)
    movable(name, "tangent", tangent)
    if x.shape != tangent.shape or x.dtype != tangent.dtype:
        raise ValueError(
            f"{name}: the primal is {described(x)}, its tangent {described(tangent)}; "
            "shape and dtype must be the same"
        )


def on_nodes(
    run: Moving, operation: Any, rule: Any, inputs: Any, options: Any, tangents: dict[int, Any]
) -> Any:
    """The same where derivatives of the tangent may be asked for: the rule runs again on nodes."""
    result = operation(*inputs, **options)
    if result.dtype.kind != "f":
        return result
    _, *pullbacks = rule(*[x if watched(x) else bare(x) for x in inputs], **options)
    carry(run, result, pushed(rule, pullbacks, inputs, tangents, result, create=True))
    if result.edges:
        result.edges, result.call = followed(run, result, rule, inputs, options)
    return result


def bare(x: Any) -> Any:
    return x.value if isinstance(x, Node) else held(x, False)


def followed(run: Moving, result: Node, rule: Any, inputs: Any, options: Any) -> Any:
    """Edges whose pullbacks carry tangents too, and what to run the rule on again."""
    moving = [shadow(x) if isinstance(x, Node) and x.tangents else bare(x) for x in inputs]
    like = next(x for x in moving if isinstance(x, Node))
    (kept, values, _), again = result.call, list[Any]()

    def following(pullback: Pullback, place: int) -> Pullback:
        def pulled(g: Any) -> Any:
            if run not in state.around:
                return pullback(g)
            with Recording(False):
                again[:] = again or rule(*moving, **options)[1:]
                return again[place](g if isinstance(g, Node) else wrapped(like, g))

        return pulled

    edges = tuple([(x, following(pullback, place), place) for x, pullback, place in result.edges])
    recorded = [place for _, _, place in result.edges]
    seen = [v if i in recorded else x for i, (x, v) in enumerate(zip(moving, values, strict=True))]
    return edges, (kept, seen, options)


def shadow(x: Node) -> Any:
    """The same value, moving the same way, that no later change reaches."""
    node = wrapped(x, x.value)
    node.tangents = x.tangents
    return node
