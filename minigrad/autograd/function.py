# Exported from book/11_losses.ipynb: change it there, not here.
"""A rule written as a class, PyTorch's way: forward, backward, and a context between them."""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable
from functools import partial, wraps
from typing import Any, ClassVar

import numpy as np

from minigrad.arithmetic import converted
from minigrad.engine import Node, described, differentiable, earlier, state, wrapped
from minigrad.shapes import reshaped
from minigrad.slicing import getitem
from minigrad.tensor import Recording


class FunctionCtx:
    """What forward leaves for backward; it may get any other attribute as well."""

    def __init__(self, needs_input_grad: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs_input_grad
        self.saved_tensors: tuple[Any, ...] = ()
        self.constants: tuple[Any, ...] = ()
        self.materialize = True

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors for backward, which finds them in saved_tensors."""
        self.saved_tensors = tensors

    def mark_non_differentiable(self, *outputs: Any) -> None:
        """Say which outputs no gradient comes back from."""
        self.constants = outputs

    def set_materialize_grads(self, value: bool) -> None:
        """Whether backward gets zeros (or None) for an output that no gradient came to."""
        self.materialize = value

    def mark_dirty(self, *inputs: Any) -> None:
        raise RuntimeError("mark_dirty: a Function must not change its inputs: return new tensors")


class Function:
    """An operation of your own: forward and backward as static methods, called with apply()."""

    rule: ClassVar[Any]

    def __init_subclass__(cls) -> None:
        def rule(*inputs: Any, call: Call) -> Any:
            pullback = once(call, inputs)
            return packed(call), *[partial(pullback, place) for place in range(len(inputs))]

        rule.__name__, rule.__module__, rule.__doc__ = cls.__name__, cls.__module__, cls.__doc__
        cls.rule = staticmethod(differentiable(rule))

    @staticmethod
    def forward(*inputs: Any) -> Any:
        raise NotImplementedError("a Function needs forward and backward, as static methods")

    backward = forward

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """In the newer style forward gets no ctx; what it would do with it is done here."""

    @classmethod
    def apply(cls, *inputs: Any) -> Any:
        return outcome(Call(cls, inputs))


class Call:
    """One use of a Function: what it was given, what came out, what is kept for backward."""

    def __init__(self, function: Any, inputs: tuple[Any, ...]) -> None:
        self.function, self.inputs = function, inputs
        needed = (isinstance(x, Node) and bool(x.requires_grad or x.tangents) for x in inputs)
        self.ctx = FunctionCtx(tuple(needed))
        with Recording(False):
            if function.setup_context is Function.setup_context:
                output = function.forward(self.ctx, *inputs)
            else:
                output = function.forward(*inputs)
                function.setup_context(self.ctx, inputs, output)
        self.several = isinstance(output, (tuple, list))
        self.outputs = tuple(output) if self.several else (output,)
        self.carrying = [place for place, y in enumerate(self.outputs) if self.carries(y)]
        self.saved, self.order = self.ctx.saved_tensors, -1
        self.result: Any = None  # a weak reference to what apply() made, and its number

    def carries(self, y: Any) -> bool:
        """Whether a gradient can come back from an output."""
        if isinstance(y, (np.ndarray, np.generic)):
            raise TypeError(f"{self.function.__name__}.forward returned an array: make it a tensor")
        constant = any(y is other for other in self.ctx.constants)
        return isinstance(y, Node) and y.dtype.kind == "f" and not constant


def packed(call: Call) -> Any:
    """The outputs that carry gradients as the one value of a rule: several of them end to end."""
    values = [call.outputs[place].value for place in call.carrying]
    return values[0] if len(values) == 1 else np.concatenate([v.reshape(-1) for v in values])


def unpacked(call: Call, whole: Any) -> dict[int, Any]:
    """The same outputs, or their gradients, taken apart again, by their places."""
    if len(call.carrying) == 1:
        return {call.carrying[0]: whole}
    parts, start = {}, 0
    for place in call.carrying:
        y = call.outputs[place]
        end = start + math.prod(y.shape)
        parts[place] = converted(reshaped(getitem(whole, slice(start, end)), y.shape), y.dtype)
        start = end
    return parts


def outcome(call: Call) -> Any:
    """What apply() returns: outputs that remember the call, and constants."""
    outputs = {i: wrapped(y, y.value) for i, y in enumerate(call.outputs) if isinstance(y, Node)}
    if call.carrying and any(isinstance(x, Node) for x in call.inputs):
        node = call.function.rule(*call.inputs, call=call)
        call.result, call.order = weakref.ref(node), node.order
        outputs |= unpacked(call, node)
    found = tuple(outputs.get(i, y) for i, y in enumerate(call.outputs))
    return found if call.several else found[0]


def once(call: Call, inputs: tuple[Any, ...]) -> Callable[[int, Any], Any]:
    """The pullbacks of all inputs in one: backward runs once for each gradient that arrives."""
    last: list[Any] = [None, ()]

    def pullback(place: int, g: Any) -> Any:
        if last[0] is not g:
            last[:] = g, gradients(call, inputs, g)
        return last[1][place]

    return pullback


def gradients(call: Call, inputs: tuple[Any, ...], g: Any) -> list[Any]:
    """What backward returns for a gradient; with nodes for inputs, it is recorded."""
    recorded, ctx = isinstance(g, Node), call.ctx
    with Recording(recorded):
        like = next(x for x in call.inputs if isinstance(x, Node))
        arrived = unpacked(call, g if recorded else wrapped(like, g))
        ctx.saved_tensors = tuple(now(call, tensor, inputs, recorded) for tensor in call.saved)
        parts = [arriving(call, i, arrived.get(i), recorded) for i in range(len(call.outputs))]
        answer = call.function.backward(ctx, *parts)
        answers = answer if isinstance(answer, (tuple, list)) else (answer,)
        found = [checked(call, i, g) for i, g in enumerate(numbered(call, answers))]
    return found if recorded else [x.value if isinstance(x, Node) else x for x in found]


def now(call: Call, tensor: Any, inputs: tuple[Any, ...], recorded: bool) -> Any:
    """A saved tensor: an input or output as it was then, and where recorded with its history."""
    for old, x in zip(call.inputs, inputs, strict=True):
        if tensor is old and isinstance(old, Node):
            return x if isinstance(x, Node) else wrapped(old, x)
    place = next((i for i in call.carrying if tensor is call.outputs[i]), None)
    if place is None or not recorded:
        return tensor
    if call.order < 0:  # forward mode, which asks before apply() is done
        return unless_nested(call, tensor, inputs)
    node = call.result()
    if node is None:
        raise RuntimeError(
            f"{call.function.__name__}: create_graph=True needs the output that forward saved, and "
            "it was changed in place and given up since: save the input instead"
        )
    return unpacked(call, earlier(node, call.order))[place]


def unless_nested(call: Call, tensor: Any, inputs: tuple[Any, ...]) -> Any:
    """A saved output in forward mode, where no derivative of the tangent can be asked for."""
    if any(isinstance(x, Node) for x in inputs):
        raise RuntimeError(
            f"{call.function.__name__}: forward mode and another mode together cannot use the "
            "output that forward saved: save the input instead"
        )
    return tensor


def arriving(call: Call, place: int, part: Any, recorded: bool) -> Any:
    """The gradient of one output as backward gets it: zeros, or None, where none came."""
    y = call.outputs[place]
    if not isinstance(y, Node):
        return None
    if part is None:
        return wrapped(y, np.zeros(y.shape, y.dtype)) if call.ctx.materialize else None
    alone = call.ctx.materialize or recorded or len(call.carrying) == 1
    return part if alone or part.value.any() else None


def numbered(call: Call, answers: Any) -> Any:
    """As many gradients as forward has inputs."""
    n = len(call.inputs)
    if len(answers) < n or any(extra is not None for extra in answers[n:]):
        raise RuntimeError(
            f"{call.function.__name__}.backward returned {len(answers)} gradients for {n} inputs: "
            "it must be one for each input of forward, None where there is none"
        )
    return answers[:n]


def checked(call: Call, place: int, gradient: Any) -> Any:
    """A gradient that backward returned, in the shape and dtype of its input."""
    x, name = call.inputs[place], f"{call.function.__name__}.backward"
    if not call.ctx.needs_input_grad[place]:
        if gradient is not None and not isinstance(x, Node):
            raise RuntimeError(f"{name} returned a gradient for input {place}, which is no tensor")
        return None
    if gradient is None:
        return wrapped(x, np.zeros(x.shape, x.dtype))
    if getattr(gradient, "shape", None) != x.shape:
        raise RuntimeError(
            f"{name} returned {described(gradient)} for input {place}, which is {described(x)}: "
            "the shapes must be equal"
        )
    return converted(gradient, x.dtype)


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """For a backward that works on plain arrays: refuse to be differentiated, and say so."""

    @wraps(backward)
    def guarded(ctx: Any, *gradients: Any) -> Any:
        if state.recording:
            raise RuntimeError(
                "once_differentiable: this backward has no derivative of its own, so "
                "create_graph=True cannot go through it"
            )
        return backward(ctx, *gradients)

    return guarded


__all__ = ["Function", "FunctionCtx", "once_differentiable"]
