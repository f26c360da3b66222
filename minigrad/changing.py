# Exported from book/06_slicing.ipynb: change it there, not here.
"""Changing a tensor in place without changing what was computed from it."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.arithmetic import KINDS, add, converted, div, mul, pow, sub
from minigrad.engine import Node, ShapeError, described, state, wrapped

HISTORY = ("edges", "rule", "call", "order", "requires_grad")


def twin(node: Node) -> Any:
    """The node as it is now, as a node of its own."""
    other = wrapped(node, node.value)
    for field in (*HISTORY, "before", "tangents"):
        setattr(other, field, getattr(node, field))
    return other


def become(node: Node, operation: Callable[..., Any], *inputs: Any) -> Any:
    """Change a node in place: it takes over what the operation makes of it.

    Arrays are never written to. What was computed from the node keeps the array it was computed
    from, and `before` keeps the node as it was.
    """
    if state.recording and node.requires_grad and node.rule is None:
        raise RuntimeError(
            "a leaf that requires a gradient cannot be changed in place while operations are "
            "recorded: do it under no_grad()"
        )
    before = twin(node)
    result = operation(before, *[before if x is node else x for x in inputs])
    if result.value.shape != node.value.shape or result.value.dtype != node.value.dtype:
        raise ShapeError(
            f"in place, {described(node.value)} cannot become {described(result.value)}"
        )
    take_over(node, result, before)
    return node


def take_over(node: Node, result: Any, before: Any = None) -> None:
    """Give a node the value of the result, and its history where it was recorded."""
    if node.edges and not result.edges:
        raise RuntimeError(
            f"this tensor was made by {node.rule.__name__}: other data would cut it off from how "
            "it was made; use its detach().clone()"
        )
    tell_base(node, result)
    if result.edges:
        for field in HISTORY:
            setattr(node, field, getattr(result, field))
        node.before = before
    node.value, node.tangents = result.value, result.tangents


def overwrite(node: Node, value: Any) -> None:
    """Give a node other data, unrecorded; its base takes part in it."""
    take_over(node, wrapped(node, value))


def in_place(operation: Callable[..., Any]) -> Callable[..., Any]:
    """The operation as a change of its first operand, which keeps its dtype."""

    def method(self: Node, *others: Any, **options: Any) -> Any:
        def kept(x: Any, *others: Any) -> Any:
            result = operation(x, *others, **options)
            if KINDS[result.dtype.kind] > KINDS[x.dtype.kind]:
                raise RuntimeError(
                    f"in place, {x.dtype} cannot hold {result.dtype}: write x = x … instead"
                )
            return converted(result, x.dtype)

        return become(self, kept, *others)

    return method


class Changing:
    """The skill of x += y and its kind."""

    __slots__ = ()
    __iadd__ = add_ = in_place(add)
    __isub__ = sub_ = in_place(sub)
    __imul__ = mul_ = in_place(mul)
    __itruediv__ = div_ = in_place(div)
    __ipow__ = pow_ = in_place(pow)


def part_of(whole: Any, part: Any, put_back: Callable[[Any, Any], Any], data: bool = False) -> Any:
    """Let a later change of a part reach the whole, as if both shared memory.

    put_back(whole, part) is the whole with the part in its place. With data=True the whole takes
    the change unrecorded, as PyTorch's .data does.
    """
    if isinstance(part, Node):
        find = weakref.ref(whole) if whole.edges else lambda: whole
        part.base = find, whole.value, put_back, data
    return part


def tell_base(node: Node, result: Any) -> None:
    """Put the new part back into the tensor it is a part of."""
    whole = node.base and node.base[0]()
    if whole is None:
        return
    find, seen, put_back, data = node.base
    if whole.value is not seen and not still_there(whole, node, put_back):
        raise RuntimeError(
            "the tensor this is a part of has changed since the part was taken: take it again"
        )
    if data:
        overwrite(whole, put_back(whole.value, result.value))
    else:
        become(whole, put_back, result)
    node.base = find, whole.value, put_back, data


def still_there(whole: Any, part: Any, put_back: Callable[[Any, Any], Any]) -> bool:
    """Whether a change of the whole passed this part by, and nothing of it was recorded."""
    if whole.edges or part.edges or whole.tangents or part.tangents:
        return False
    return bool(np.array_equal(put_back(whole.value, part.value), whole.value, equal_nan=True))
