# Exported from book/17_higher.ipynb: change it there, not here.
"""A function called on inputs of its own: its gradients are asked for there, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.autograd.gradients import gradients_at, nothing, seeds_at
from minigrad.engine import Node, ancestry, births, differentiable, may_require, state, wrapped
from minigrad.shapes import reshape, stack
from minigrad.tensor import Recording


@differentiable
def entering(x: Any) -> Any:
    """x itself, under another identity."""
    return x, lambda g: g


def entered(name: str, x: Any) -> Any:
    """An input of a function as a node that requires a gradient, whatever it was outside."""
    if not isinstance(x, Node):
        raise ValueError(
            f"{name}: it differentiates with respect to tensors, not {type(x).__name__}: "
            "make it a tensor, or choose other inputs by argnums"
        )
    inside = entering(x)
    inside.requires_grad = may_require(x.value, True)
    return inside


def leaves_of(tree: Any) -> list[Any]:
    """What a nest of tuples, lists and dictionaries holds, in order."""
    parts = tree.values() if isinstance(tree, dict) else tree
    if isinstance(parts, (tuple, list)) or parts is not tree:
        return [leaf for part in parts for leaf in leaves_of(part)]
    return [tree]


def mapped(function: Callable[[Any], Any], tree: Any) -> Any:
    """A nest of the same form that holds function(leaf) for each leaf."""
    if isinstance(tree, dict):
        return {key: mapped(function, part) for key, part in tree.items()}
    if isinstance(tree, (tuple, list)):
        parts = [mapped(function, part) for part in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)
    return function(tree)


def refilled(tree: Any, leaves: Any) -> Any:
    """A nest of the same form that holds these leaves."""
    left = iter(leaves)
    return mapped(lambda _: next(left), tree)


def places_of(name: str, argnums: Any, count: int) -> list[int]:
    """Which arguments argnums means: one number or a tuple, perhaps counted from the end."""
    numbers = argnums if isinstance(argnums, tuple) else (argnums,)
    for n in numbers:
        if not isinstance(n, int):
            raise RuntimeError(
                f"{name}: argnums must be a whole number or a tuple of them, not {argnums!r}"
            )
        if not -count <= n < count:
            raise RuntimeError(f"{name}: argnums asks for argument {n}, and there are {count}")
    places = [n % count for n in numbers]
    if not places or len(set(places)) < len(places):
        raise RuntimeError(f"{name}: argnums must name one argument or more, each once: {argnums}")
    return places


class Level:
    """One call of a function, between inputs of its own and its output."""

    def __init__(
        self, name: str, function: Any, arguments: Any, options: Any, argnums: Any, aux: bool
    ) -> None:
        self.name, self.single = name, not isinstance(argnums, tuple)
        places = places_of(name, argnums, len(arguments))
        self.recording, self.birth = state.recording, next(births)
        given = [entering(x) if isinstance(x, Node) else x for x in arguments]
        self.inputs = [mapped(lambda x: entered(name, x), arguments[i]) for i in places]
        self.ends = leaves_of(self.inputs)
        with Recording(True):
            for i, tree in zip(places, self.inputs, strict=True):
                given[i] = mapped(entering, tree)  # the function may change these in place
            result = function(*given, **options)
        self.output, self.aux = in_two(name, result) if aux else [result, None]
        self.roots = checked_outputs(name, self.output)
        self.linked = any(leads_out(self, y) for y in leaves_of([self.output, self.aux]))


def leads_out(level: Level, y: Any) -> bool:
    """Whether a gradient of y would reach what was there before the function was called."""
    if not isinstance(y, Node) or not y.requires_grad or not level.recording:
        return False
    return any(x.order < level.birth for x in ancestry([y], level.birth))


def outside(level: Level, y: Any) -> Any:
    """A result as it is seen outside: cut off from the level's own inputs, if all ends there."""
    if not isinstance(y, Node) or not y.requires_grad or leads_out(level, y):
        return y
    apart = wrapped(y, y.value)
    if y.tangents:
        apart.tangents = {run: outside(level, t) for run, t in y.tangents.items()}
    return apart


def in_two(name: str, result: Any) -> list[Any]:
    if not isinstance(result, tuple) or len(result) != 2:
        raise RuntimeError(f"{name}: with has_aux=True the function must return (output, aux)")
    return list(result)


def checked_outputs(name: str, output: Any) -> list[Any]:
    roots = leaves_of(output)
    for y in roots:
        if not isinstance(y, Node):
            raise RuntimeError(f"{name}: the function must return tensors, not {type(y).__name__}")
    return roots


def pulled(level: Level, roots: list[Any], given: Any = None, last: bool = False) -> list[Any]:
    """The gradients at the inputs of a level, given those at some of its outputs (None is 1)."""
    asked = any(isinstance(g, Node) and g.requires_grad for g in leaves_of(given))
    create = state.recording and (level.linked or asked)
    seeds = seeds_at(level.name, roots, given, create)
    found = gradients_at(seeds, level.ends, create or not last, create)
    answers = [found.get(x, nothing(x)) for x in level.ends]
    return answers if asked else [outside(level, g) for g in answers]


def rows_of(level: Level, y: Any) -> list[Any]:
    """The Jacobian of one output: at each input, y's shape followed by that of the input."""
    rows = [pulled(level, [y], [unit(y, i)]) for i in range(y.value.size)]
    if not rows:
        return [wrapped(x, np.zeros(y.shape + x.shape, x.dtype)) for x in level.ends]
    columns = [stack(column) for column in zip(*rows, strict=True)]
    return [
        reshape(column, y.shape + x.shape) for column, x in zip(columns, level.ends, strict=True)
    ]


def unit(y: Any, i: int) -> Any:
    """A gradient that asks for entry i of y alone."""
    gradient = np.zeros(y.shape, y.dtype)
    gradient.flat[i] = 1
    return wrapped(y, gradient)


def like_arguments(level: Level, found: list[Any]) -> Any:
    """What was found at the inputs, in the form of the arguments that argnums chose."""
    trees = refilled(level.inputs, found)
    return trees[0] if level.single else tuple(trees)


def jacobian_at(level: Level) -> Any:
    """The Jacobians of the outputs: in the form of the output, and each in that of the inputs."""
    return refilled(level.output, [like_arguments(level, rows_of(level, y)) for y in level.roots])


def seen(level: Level, tree: Any) -> Any:
    """What the function gave, as it is seen outside."""
    return mapped(lambda y: outside(level, y), tree)
