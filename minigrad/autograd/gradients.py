# Exported from book/17_higher.ipynb: change it there, not here.
"""Gradients asked for by name: of any outputs, with respect to any inputs."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from minigrad.arithmetic import converted
from minigrad.engine import (
    Node,
    accumulate,
    described,
    first_gradient,
    keeps_gradient,
    pull,
    wrapped,
)
from minigrad.shapes import stack
from minigrad.tensor import Recording, leading_to, listed, path


def gradients_at(
    seeds: dict[Node, Any], ends: list[Node], retain: bool = False, create: bool = False
) -> dict[Node, Any]:
    """The gradients that arrive at the ends; only what leads there is walked."""
    wanted = set(ends)

    def keep(x: Node) -> bool:
        return x in wanted or x.retains_grad

    with Recording(create):
        kept = pull(seeds, keep, retain, create, path(seeds, ends))
    accumulate({x: g for x, g in kept.items() if x.retains_grad}, create)
    return {x: g if isinstance(g, Node) else wrapped(x, g) for x, g in kept.items() if x in wanted}


def seeds_at(name: str, roots: list[Node], given: Any, create: bool) -> dict[Node, Any]:
    """What the walk starts with: for each root 1, or the gradient that is given for it."""
    given = [None] * len(roots) if given is None else given
    given = [given] if isinstance(given, Node) else list(given)
    if len(given) != len(roots):
        raise RuntimeError(f"{name}: {len(roots)} outputs, but {len(given)} gradients for them")
    seeds: dict[Node, Any] = {}
    for place, (root, gradient) in enumerate(zip(roots, given, strict=True)):
        if isinstance(gradient, Node):
            gradient = converted(gradient, root.dtype)
        try:
            seed = first_gradient(root, gradient, create)
        except RuntimeError as error:
            words = str(error).removeprefix("backward: ")
            raise type(error)(f"{name}: output {place}: {words}") from None
        seeds[root] = seeds[root] + seed if root in seeds else seed
    return seeds


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,  # accepted for older programs, and not looked at
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> Any:
    """The gradient of the outputs (their sum) at every input, in a tuple; `.grad` stays as it is.

    >>> from minigrad.creation import tensor
    >>> x = tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> grad((x**3).sum(), x)
    (tensor([ 3., 12., 27.]),)
    """
    roots, ends = listed("grad", "output", outputs), listed("grad", "input", inputs)
    retain = create_graph if retain_graph is None else retain_graph
    walk = walk_each if is_grads_batched else walk_once
    found = walk(roots, ends, grad_outputs, retain, create_graph)
    answers = answered(ends, found, allow_unused, materialize_grads)
    return dict(zip(inputs, answers, strict=True)) if isinstance(inputs, dict) else answers


def answered(
    ends: list[Node], found: dict[Node, Any], allow: bool | None, zeros: bool
) -> tuple[Any, ...]:
    """A gradient for each end; where none arrives None, zeros or an error."""
    if zeros and allow is False:
        raise ValueError("grad: materialize_grads=True needs allow_unused=True, or nothing said")
    for place, x in enumerate(ends):
        if x not in found and not (allow or zeros):
            named = f" {x.name!r}" if x.name else ""
            raise RuntimeError(
                f"grad: the outputs were not made from input {place}{named} ({described(x)}): "
                "allow_unused=True gives None for it, materialize_grads=True zeros"
            )
    return tuple(found.get(x, nothing(x) if zeros else None) for x in ends)


def nothing(x: Node) -> Any:
    """The gradient of what does not depend on x: zeros."""
    return wrapped(x, np.zeros(x.shape, x.dtype))


def walk_once(
    roots: list[Node], ends: list[Node], given: Any, retain: bool, create: bool
) -> dict[Node, Any]:
    return gradients_at(seeds_at("grad", roots, given, create), ends, retain, create)


def walk_each(
    roots: list[Node], ends: list[Node], given: Any, retain: bool, create: bool
) -> dict[Node, Any]:
    """A walk for each entry along the first axis of the gradients, the results stacked."""
    batches: list[Any] = [given] if isinstance(given, Node) else list(given)
    given, rows = list(zip(*batches, strict=True)), []
    for i, row in enumerate(given, 1):
        rows.append(walk_once(roots, ends, row, retain or i < len(given), create))
    return {x: stack([row[x] for row in rows]) for x in rows[0]}


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    *,
    inputs: Any = None,
) -> None:
    """Add to `.grad` the gradients of several tensors: those of all leaves, or of the inputs."""
    roots = listed("backward", "tensor", tensors)
    retain = create_graph if retain_graph is None else retain_graph
    seeds = seeds_at("backward", roots, grad_tensors, create_graph)
    kept = pull(seeds, keeps_gradient, retain, create_graph, leading_to(roots, inputs))
    accumulate(kept, create_graph)


def once(reason: str) -> Callable[[Any], Any]:
    """Mark a rule (below @differentiable) whose gradient has no gradient, and say why."""

    def mark(rule: Any) -> Any:
        @wraps(rule)
        def guarded(*inputs: Any, **options: Any) -> Any:
            if any(isinstance(x, Node) for x in inputs):  # run again, to be differentiated
                raise RuntimeError(f"{rule.__name__}: no second derivative: {reason}")
            return rule(*inputs, **options)

        guarded.__dict__["once"] = reason
        return guarded

    return mark


__all__ = ["backward", "grad", "once"]
