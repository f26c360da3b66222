# Exported from book/13_optimizers.ipynb: change it there, not here.
"""Many small parameters, moved as one long array."""

from __future__ import annotations

import itertools
import operator
from collections import defaultdict
from typing import Any

import numpy as np

from minigrad.engine import Array, wrapped
from minigrad.optim.optimizer import (
    COUNTS,
    Optimizer,
    check_new,
    check_state,
    decayed,
    give,
    gradient_of,
    kept,
)


def end_to_end(arrays: list[Array]) -> Array:
    """Several arrays as one long one; one alone stays as it is."""
    return np.concatenate([a.ravel() for a in arrays]) if len(arrays) > 1 else arrays[0]


def places(arrays: list[Array]) -> list[tuple[Any, Any]]:
    """Where each array stands in the long one, and its shape where that is not (n,)."""
    ends = itertools.accumulate([a.size for a in arrays])
    return [
        (slice(end - a.size, end) if a.ndim else end - 1, a.shape if a.ndim > 1 else None)
        for end, a in zip(ends, arrays)
    ]


def pieces(long: Array, places: list[tuple[Any, Any]]) -> list[Array]:
    """The long array in pieces again."""
    if len(places) == 1:
        return [long]
    return [long[at] if shape is None else long[at].reshape(shape) for at, shape in places]


SMALL = 2**13  # up to so many numbers copying them costs less than another call of NumPy


def kind_of(parameter: Any, state: dict[str, Any]) -> Any:
    """Small parameters of one kind can move as one: of one dtype, and with equal counts."""
    check_state(parameter, state)
    if parameter.value.size > SMALL or parameter.base is not None:
        return id(parameter)
    counts = tuple([float(state[name].value) for name in COUNTS if name in state])
    return parameter.value.dtype, counts, tuple(state)


def contents(parameters: list[Any], states: list[dict[str, Any]]) -> list[Array]:
    """The arrays of parameters, and of all that is remembered for them."""
    tensors = itertools.chain(parameters, *[state.values() for state in states])
    return [tensor.value for tensor in tensors]


class Bundle:
    """Parameters of one kind: their values and all that is remembered for them, end to end."""

    def __init__(self, parameters: list[Any], states: list[dict[str, Any]]) -> None:
        self.parameters, self.states = parameters, states
        values = [parameter.value for parameter in parameters]
        self.x, self.places = end_to_end(values), places(values)
        self.state: dict[str, Any] = {}
        for name in states[0]:
            arrays = [state[name].value for state in states]
            long = arrays[0] if name in COUNTS else end_to_end(arrays)
            self.state[name] = wrapped(parameters[0], long)
        self.held = contents(parameters, states)

    def deal(self, new: Array) -> None:
        """Give every parameter its piece of what a step has made, and of what is remembered."""
        self.x = new
        for parameter, piece in zip(self.parameters, pieces(new, self.places)):
            give(parameter, piece)
        for name, tensor in self.state.items():
            long = tensor.value
            each = [long] * len(self.states) if name in COUNTS else pieces(long, self.places)
            for state, piece in zip(self.states, each):
                kept(state, name, piece)
        self.held = contents(self.parameters, self.states)


def untouched(bundle: Bundle) -> bool:
    """Whether parameters and states still hold the very arrays that the last step gave them."""
    now = contents(bundle.parameters, bundle.states)
    return len(now) == len(bundle.held) and all(map(operator.is_, now, bundle.held))


class Together(Optimizer):
    """The skill of moving small parameters as one; `update` must treat every number alike."""

    def move_all(self, parameters: list[Any], place: int) -> None:
        group = self.param_groups[place]
        for bundle in self.bundles(parameters, place):
            g = end_to_end([gradient_of(parameter) for parameter in bundle.parameters])
            x, g = decayed(bundle.x, -g if group.get("maximize") else g, group)
            new = self.update(x, g, bundle.state, group)
            check_new(bundle.x, new)
            bundle.deal(new)

    def bundles(self, parameters: list[Any], place: int) -> list[Bundle]:
        """Those of the last step where they still hold what they held then, or new ones."""
        who = [(id(parameter), id(self.state[parameter])) for parameter in parameters]
        before, bundles = self.plans.get(place, ([], []))
        if who != before or not all([untouched(bundle) for bundle in bundles]):
            kinds = defaultdict(list)
            for parameter in parameters:
                kinds[kind_of(parameter, self.state[parameter])].append(parameter)
            bundles = [Bundle(kind, [self.state[p] for p in kind]) for kind in kinds.values()]
            self.plans[place] = who, bundles
        return list(bundles)
