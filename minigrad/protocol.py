# Exported from book/04_matmul.ipynb: change it there, not here.
"""NumPy's names for our operations: np.exp(t), array * t and np.asarray(t) do what they say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from minigrad.engine import Node, state

F = TypeVar("F", bound=Callable[..., Any])
spelled: dict[Callable[..., Any], Callable[..., Any]] = {}


def spells(*names: Callable[..., Any]) -> Callable[[F], F]:
    """Let an operation answer when one of these NumPy functions is called on a tensor."""

    def enter(operation: F) -> F:
        spelled.update(dict.fromkeys(names, operation))
        return operation

    return enter


def answer(function: Any, inputs: Any, options: Any) -> Any:
    """Our operation under NumPy's name; else NumPy's own result where no gradient is due."""
    if function in spelled:
        for numpys, ours in (("axis", "dim"), ("keepdims", "keepdim")):
            if numpys in options:
                options[ours] = options.pop(numpys)
        return spelled[function](*inputs, **options)
    if function not in readers and any(map(asked_for, nodes_in((inputs, options)))):
        raise TypeError(
            f"{called(function)} has no rule here, so no gradient could come back through it: "
            "give it tensor.detach(), or write a rule for it with @differentiable"
        )
    return function(*plain(inputs), **plain(options))


def asked_for(x: Node) -> bool:
    """Whether a derivative of what is made from x may be asked for, backward or forward."""
    moving = x.tangents and any(run in x.tangents for run in state.around)
    return bool(moving) or (state.recording and x.requires_grad)


readers = {np.shape, np.ndim, np.size, np.result_type, np.isrealobj, np.iscomplexobj}
readers |= {np.allclose, np.isclose, np.array_equal, np.shares_memory, np.may_share_memory}
readers |= {np.array2string, np.array_repr, np.array_str}


def called(function: Any) -> str:
    """The name of a NumPy function as people write it: np.linalg.norm."""
    module = getattr(function, "__module__", None) or "numpy"
    return f"np{module.removeprefix('numpy')}.{function.__name__}"


def nodes_in(thing: Any) -> list[Any]:
    """The nodes in a nest of lists, tuples and dictionaries."""
    if isinstance(thing, Node):
        return [thing]
    if isinstance(thing, dict):
        thing = list(thing.values())
    if isinstance(thing, (list, tuple)):
        return [node for part in thing for node in nodes_in(part)]
    return []


def plain(thing: Any) -> Any:
    """The same nest with arrays in place of the nodes."""
    if isinstance(thing, Node):
        return thing.value if isinstance(thing.value, np.generic) else readable(thing.value)
    if isinstance(thing, dict):
        return {name: plain(part) for name, part in thing.items()}
    if isinstance(thing, (list, tuple)):
        return type(thing)(map(plain, thing))
    return thing


def readable(value: Any) -> Any:
    """A view of an array that nobody can write through."""
    view = np.asarray(value).view()
    view.flags.writeable = False
    return view


class Protocol:
    """The skill of being called by NumPy: a function of NumPy's given a tensor asks the tensor."""

    __slots__ = ()

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if method != "__call__":
            raise TypeError(f"{called(ufunc)}.{method} does not take tensors: is there a function?")
        if options.get("out") is not None:
            raise TypeError(
                f"{called(ufunc)}: out= (or an array on the left of += and the like) would lose "
                "the gradient: write a = a + t"
            )
        return answer(ufunc, inputs, options)

    def __array_function__(self, function: Any, types: Any, inputs: Any, options: Any) -> Any:
        return answer(function, inputs, options)

    def __array__(self: Any, dtype: Any = None, copy: bool | None = None) -> Any:
        array = np.asarray(self.value, dtype)
        return array.copy() if copy else readable(array)
