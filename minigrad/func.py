# Exported from book/17_higher.ipynb, book/18_forward.ipynb: change it there, not here.
"""Derivatives of functions, as functions: they nest to any order."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import numpy as np

from minigrad.autograd.gradients import gradients_at, nothing
from minigrad.autograd.levels import (
    Level,
    checked_outputs,
    in_two,
    jacobian_at,
    leaves_of,
    like_arguments,
    mapped,
    places_of,
    pulled,
    refilled,
    seen,
    unit,
)
from minigrad.autograd.tangents import Moving, dual, fits, movable, stop, transposed, watched
from minigrad.engine import Node, described, wrapped
from minigrad.nn.module import kept
from minigrad.shapes import reshape, stack

# --- book/17_higher.ipynb: Derivatives of derivatives


def grad_and_value(
    func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that gives the gradient of func, and its value (or value and aux)."""

    @wraps(func)
    def both(*args: Any, **kwargs: Any) -> Any:
        level = Level("grad", func, args, kwargs, argnums, has_aux)
        if level.roots != [level.output] or level.output.ndim:
            met = ", ".join(map(described, level.roots))
            raise RuntimeError(
                f"grad: the function must give a single number without dimensions, not {met}: "
                "reduce it, for example with .sum(), or use vjp or jacrev"
            )
        value = seen(level, (level.output, level.aux) if has_aux else level.output)
        return like_arguments(level, pulled(level, level.roots, last=True)), value

    return both


def value_and_grad(
    func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """The same the other way round: the value (or value and aux) first, as the name says."""
    both = grad_and_value(func, argnums, has_aux)
    return wraps(func)(lambda *args, **kwargs: both(*args, **kwargs)[::-1])


def grad(func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The function that gives the gradient of func with respect to the arguments argnums.

    >>> from minigrad.creation import tensor
    >>> slope = grad(lambda x: x**3)
    >>> slope(tensor(2.0)), grad(slope)(tensor(2.0)), grad(grad(slope))(tensor(2.0))
    (tensor(12.), tensor(12.), tensor(6.))
    """
    both = grad_and_value(func, argnums, has_aux)

    @wraps(func)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        found, value = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return gradient


def jacrev(
    func: Callable[..., Any], argnums: Any = 0, *, has_aux: bool = False
) -> Callable[..., Any]:
    """The function that gives the Jacobian of func, a walk backward for each entry of the output.

    Where func takes or returns several tensors, the result has the form of the output, and at
    each place in it the form of the inputs.

    >>> from minigrad.creation import tensor
    >>> jacrev(lambda x: x * x.sum())(tensor([1.0, 2.0]))
    tensor([[4., 1.],
            [2., 5.]])
    """

    @wraps(func)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        level = Level("jacrev", func, args, kwargs, argnums, has_aux)
        found = jacobian_at(level)
        return (found, seen(level, level.aux)) if has_aux else found

    return jacobian


jacobian = jacrev


def hessian(func: Callable[..., Any], argnums: Any = 0) -> Callable[..., Any]:
    """The function that gives the second derivatives of func: the Jacobian of its gradient.

    >>> from minigrad.creation import tensor
    >>> hessian(lambda x: x[0] ** 2 * x[1])(tensor([3.0, 5.0]))
    tensor([[10.,  6.],
            [ 6.,  0.]])
    """
    return jacrev(jacrev(func, argnums), argnums)


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """The output of func, and the function that pulls a gradient back from there to the inputs.

    >>> from minigrad.creation import tensor
    >>> y, pull_back = vjp(lambda a, b: a * b, tensor([1.0, 2.0]), tensor([3.0, 4.0]))
    >>> pull_back(tensor([1.0, 10.0]))
    (tensor([ 3., 40.]), tensor([ 1., 20.]))
    """
    level = Level("vjp", func, primals, {}, tuple(range(len(primals))), has_aux)
    form = mapped(lambda _: "*", level.output)

    def pull_back(cotangents: Any) -> Any:
        met = mapped(lambda _: "*", cotangents)
        if met != form:
            raise RuntimeError(f"vjp: the output has the form {form}, the gradients for it {met}")
        return like_arguments(level, pulled(level, level.roots, leaves_of(cotangents)))

    output = seen(level, level.output)
    return (output, pull_back, seen(level, level.aux)) if has_aux else (output, pull_back)


def homes(module: Any) -> dict[str, tuple[dict[str, Any], str]]:
    """Where each parameter and buffer of a module is kept: the dictionary, and the key in it."""
    kinds = ("parameter", "buffer", "passing buffer")
    return {
        f"{path}.{key}".lstrip("."): (vars(owner), key)
        for path, owner in module.named_modules(remove_duplicate=False)
        for key, value in kept(owner, *kinds).items()
        if value is not None
    }


def in_their_places(module: Any, given: dict[str, Any], tied: bool, strict: bool) -> Any:
    """The dictionary, the key and the new tensor for everything that is replaced."""
    places = homes(module)
    unknown = sorted(given.keys() - places)
    missing = sorted(places.keys() - given) if strict else []
    if unknown or missing:
        raise RuntimeError(f"functional_call: not in the module: {unknown}, not given: {missing}")
    twins = {id(places[name][0][places[name][1]]): name for name in given} if tied else {}
    for name, (slots, key) in places.items():
        source = name if name in given else twins.get(id(slots[key]))
        if source is not None:
            yield slots, key, given[source]


def functional_call(
    module: Any,
    parameter_and_buffer_dicts: Any,
    args: Any = (),
    kwargs: Any = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """module(*args) with these tensors in the places of its own; afterwards it is as before."""
    dicts = parameter_and_buffer_dicts
    given = dict(dicts) if isinstance(dicts, dict) else {k: v for d in dicts for k, v in d.items()}
    inputs = args if isinstance(args, tuple) else (args,)
    changes = list(in_their_places(module, given, tie_weights, strict))
    before = [slots[key] for slots, key, _ in changes]
    try:
        for slots, key, tensor in changes:
            slots[key] = tensor
        return module(*inputs, **(kwargs or {}))
    finally:
        for (slots, key, _), old in zip(changes, before, strict=True):
            slots[key] = old


__all__ = ["functional_call", "grad", "grad_and_value", "hessian", "jacobian", "jacrev"]
__all__ += ["value_and_grad", "vjp"]


# --- book/18_forward.ipynb: Forward mode


def forward(
    name: str, func: Callable[..., Any], primals: Any, tangents: list[Any], has_aux: bool
) -> Any:
    """The output of func, its tangents (None is zero) as a list, and aux."""
    run, xs = Moving(), leaves_of(primals)
    pairs = zip(xs, tangents, strict=True)
    duals = [x if t is None else dual(run, name, x, t) for x, t in pairs]
    with run:
        result = func(*refilled(primals, duals))
    output, aux = in_two(name, result) if has_aux else (result, None)
    moved = [run.tangent(y) for y in checked_outputs(name, output)]
    for y in leaves_of([output, aux]):
        stop(run, y)
    return output, moved, aux


def jvp(
    func: Callable[..., Any],
    primals: Any,
    tangents: Any,
    *,
    strict: bool = False,
    has_aux: bool = False,
) -> Any:
    """The output of func, and how fast it moves while the inputs move by the tangents.

    >>> from minigrad.creation import tensor
    >>> jvp(lambda a, b: a * b, (tensor(3.0), tensor(4.0)), (tensor(1.0), tensor(10.0)))
    (tensor(12.), tensor(34.))
    """
    output, moved, aux = forward("jvp", func, primals, checked("jvp", primals, tangents), has_aux)
    if strict and None in moved:
        raise RuntimeError("jvp: an output does not depend on the inputs: strict=True refuses that")
    pairs = zip(leaves_of(output), moved, strict=True)
    filled = refilled(output, [as_tangent(y, t) for y, t in pairs])
    return (output, filled, aux) if has_aux else (output, filled)


def checked(name: str, primals: Any, tangents: Any) -> list[Any]:
    """A tangent for each input."""
    for what, trees in (("primals", primals), ("tangents", tangents)):
        if not isinstance(trees, tuple) or not trees:
            met = "an empty one" if isinstance(trees, tuple) else type(trees).__name__
            raise TypeError(f"{name}: the {what} must be a tuple of one tensor or more, not {met}")
    form, met = (mapped(lambda _: "*", tree) for tree in (primals, tangents))
    if form != met:
        raise ValueError(f"{name}: the primals have the form {form}, their tangents {met}")
    return leaves_of(tangents)


def as_tangent(y: Any, t: Any) -> Any:
    return nothing(y) if t is None else t if isinstance(t, Node) else wrapped(y, t)


def jacfwd(func: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The function that gives the Jacobian of func, a run forward for each entry of the input.

    >>> from minigrad.creation import tensor
    >>> jacfwd(lambda x: x * x.sum())(tensor([1.0, 2.0]))
    tensor([[4., 1.],
            [2., 5.]])
    """

    @wraps(func)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        places = places_of("jacfwd", argnums, len(args))
        chosen = tuple([args[i] for i in places])

        def called(*inputs: Any) -> Any:
            given = dict(zip(places, inputs, strict=True))
            return func(*[given.get(i, x) for i, x in enumerate(args)], **kwargs)

        output, aux, rows = columns_of(called, chosen, has_aux)
        trees = [refilled(chosen, row) for row in rows]
        found = refilled(output, [t if isinstance(argnums, tuple) else t[0] for t in trees])
        return (found, aux) if has_aux else found

    return jacobian


def columns_of(func: Callable[..., Any], primals: Any, has_aux: bool) -> Any:
    """The output, aux, and for each tensor of the output its Jacobians, one for each input."""
    leaves, blocks, last = leaves_of(primals), [], None
    for place, x in enumerate(leaves):
        columns = []
        movable("jacfwd", "input", x)
        for i in range(x.value.size):
            one: list[Any] = [None] * len(leaves)
            one[place] = unit(x, i)
            last = forward("jacfwd", func, primals, one, has_aux)
            columns.append(last[1])
        blocks.append(columns)
    output, _, aux = last or forward("jacfwd", func, primals, [None] * len(leaves), has_aux)
    rows = [
        [beside(y, x, [c[j] for c in columns]) for x, columns in zip(leaves, blocks, strict=True)]
        for j, y in enumerate(leaves_of(output))
    ]
    return output, aux, rows


def beside(y: Node, x: Node, columns: list[Any]) -> Any:
    """The columns of a Jacobian put together: y's shape followed by x's."""
    if all(column is None for column in columns):
        return wrapped(y, np.zeros(y.shape + x.shape, y.dtype))
    full = [nothing(y) if column is None else column for column in columns]
    return reshape(stack(full, y.ndim), y.shape + x.shape)


def linearize(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """The output of func, and the function that pushes tangents through, without func.

    >>> from minigrad.creation import tensor
    >>> y, push = linearize(lambda x: x**3, tensor(2.0))
    >>> y, push(tensor(1.0)), push(tensor(10.0))
    (tensor(8.), tensor(12.), tensor(120.))
    """
    level = Level("linearize", func, primals, {}, tuple(range(len(primals))), False)
    pushes = [transposed(partial(gradients_from, level, y), y) for y in level.roots]

    def push(*tangents: Any) -> Any:
        ts = checked("linearize", primals, tangents)
        for x, t in zip(level.ends, ts, strict=True):
            fits("linearize", x, t)
        create = level.linked or any(map(watched, ts))
        moved = [through(ts if create else [t.value for t in ts], create) for through in pushes]
        pairs = zip(level.roots, moved, strict=True)
        return refilled(level.output, [as_tangent(y, t) for y, t in pairs])

    return seen(level, level.output), push


def gradients_from(level: Level, y: Any, g: Any) -> list[Any]:
    """The gradients at the inputs of a level, recorded; None where none arrives."""
    found = gradients_at({y: g}, level.ends, True, True)
    return [found.get(x) for x in level.ends]


__all__ += ["jacfwd", "jvp", "linearize"]
