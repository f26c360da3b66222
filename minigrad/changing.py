"""Changing a tensor in place without changing what was computed from it."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from minigrad.arithmetic import KINDS, add, converted, div, mul, pow, sub
from minigrad.engine import Node, ShapeError, described, state, wrapped


def overwrite(node: Node, value: Any) -> None:
    """Give a node other data, unrecorded. What was computed from the old data keeps that."""
    if node.edges:
        raise RuntimeError(
            f"this tensor was made by {node.rule.__name__}: other data would cut it off from how "
            "it was made; use its detach().clone()"
        )
    if node.base and (whole := node.base[0]()):
        if whole.value is not node.base[1]:
            raise RuntimeError(
                "the tensor this is a part of has changed since: take the part again"
            )
        overwrite(whole, node.base[2](whole.value, value))
        node.base = node.base[0], whole.value, node.base[2]
    node.value = value


def part_of(whole: Node, part: Node, put_back: Callable[[Any, Any], Any]) -> Any:
    """Let later writes into an unrecorded part reach the whole, as if both shared memory."""
    if isinstance(part, Node) and not part.requires_grad:
        find = weakref.ref(whole) if whole.edges else lambda: whole
        part.base = find, whole.value, put_back
    return part


def become(node: Node, operation: Callable[..., Any], *inputs: Any) -> Any:
    """Change a node in place: it takes over what the operation makes of it."""
    if state.recording and node.requires_grad and node.rule is None:
        raise RuntimeError(
            "a leaf that requires a gradient cannot be changed in place while operations are "
            "recorded: do it under no_grad()"
        )
    before = twin(node)
    result = operation(before, *inputs)
    if result.value.shape != node.value.shape or result.value.dtype != node.value.dtype:
        raise ShapeError(
            f"in place, {described(node.value)} cannot become {described(result.value)}"
        )
    if result.edges:
        for field in ("value", "edges", "rule", "call", "order", "requires_grad"):
            setattr(node, field, getattr(result, field))
    else:
        overwrite(node, result.value)
    return node


def twin(node: Node) -> Any:
    """The node as it is now, as a node of its own."""
    other = wrapped(node, node.value)
    for field in ("edges", "rule", "call", "order", "requires_grad"):
        setattr(other, field, getattr(node, field))
    return other


def in_place(operation: Callable[..., Any]) -> Callable[..., Any]:
    """The operation as a change of its first operand, which keeps its dtype."""

    def method(self: Node, *others: Any, **options: Any) -> Any:
        def kept(x: Any) -> Any:
            result = operation(x, *others, **options)
            if KINDS[result.dtype.kind] > KINDS[x.dtype.kind]:
                raise RuntimeError(
                    f"in place, {x.dtype} cannot hold {result.dtype}: write x = x … instead"
                )
            return converted(result, x.dtype)

        return become(self, kept)

    return method


class Changing:
    """The skill of x += y and its kind."""

    __slots__ = ()
    __iadd__ = add_ = in_place(add)
    __isub__ = sub_ = in_place(sub)
    __imul__ = mul_ = in_place(mul)
    __itruediv__ = div_ = in_place(div)
    __ipow__ = pow_ = in_place(pow)
