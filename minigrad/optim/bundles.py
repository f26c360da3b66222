# Exported from book/13_optimizers.ipynb: change it there, not here.
"""Many small parameters, moved as one long array."""

from __future__ import annotations

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
)

SMALL = 2**13  # up to so many numbers copying them costs less than another call of NumPy


def end_to_end(arrays: list[Array]) -> Array:
    """Several arrays as one long one; one alone stays as it is."""
    return np.concatenate([a.ravel() for a in arrays]) if len(arrays) > 1 else arrays[0]


def kind_of(parameter: Any, state: dict[str, Any]) -> Any:
    """Small parameters of one kind can move as one: of one dtype, and with equal counts."""
    check_state(parameter, state)
    if parameter.value.size > SMALL:
        return id(parameter)
    counts = tuple([float(state[name].value) for name in COUNTS if name in state])
    return parameter.value.dtype, counts, tuple(state)


def places(arrays: list[Array]) -> list[tuple[Any, Any]]:
    """Where each array begins and ends in the long one, and its shape where that is not (n,)."""
    if len(arrays) == 1:
        return [((), None)]
    ends = np.cumsum([a.size for a in arrays]).tolist()
    return [
        (slice(end - a.size, end) if a.ndim else end - 1, a.shape if a.ndim > 1 else None)
        for a, end in zip(arrays, ends)
    ]


class Bundle:
    """Parameters of one kind: their values and all that is remembered for them, end to end."""

    def __init__(self, parameters: list[Any], states: list[dict[str, Any]]) -> None:
        self.parameters, self.states = parameters, states
        self.values = [parameter.value for parameter in parameters]
        self.places, self.x = places(self.values), end_to_end(self.values)
        self.state: dict[str, Any] = {}
        self.tensors = {name: [own[name] for own in states] for name in states[0]}
        self.held = {name: [t.value for t in self.tensors[name]] for name in self.tensors}
        for name, held in self.held.items():
            long = held[0] if name in COUNTS else end_to_end(held)
            self.state[name] = wrapped(parameters[0], long)

    def still_fits(self) -> bool:
        """Whether the long arrays still hold what the parameters and their states hold."""
        for parameter, value in zip(self.parameters, self.values):
            if parameter.value is not value:
                return False
        for name, tensors in self.tensors.items():
            for own, tensor, array in zip(self.states, tensors, self.held[name]):
                if tensor.value is not array or own.get(name) is not tensor:
                    return False
        return all([len(own) == len(self.tensors) for own in self.states])


class Dealing(Bundle):
    """The skill of giving every parameter its piece of what a step has made."""

    def pieces(self, long: Array) -> list[Array]:
        return [
            long[where] if shape is None else long[where].reshape(shape)
            for where, shape in self.places
        ]

    def deal(self, new: Array) -> None:
        self.x, self.values = new, self.pieces(new)
        for parameter, value in zip(self.parameters, self.values):
            give(parameter, value)
        for name, long in self.state.items():
            if name not in self.tensors:
                self.tensors[name] = [wrapped(long, long.value) for _ in self.parameters]
                for own, tensor in zip(self.states, self.tensors[name]):
                    own[name] = tensor
            array = long.value
            held = [array] * len(self.places) if name in COUNTS else self.pieces(array)
            for tensor, piece in zip(self.tensors[name], held):
                tensor.value = piece
            self.held[name] = held


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

    def bundles(self, parameters: list[Any], place: int) -> list[Dealing]:
        """Those of the last step where they still fit, or new ones."""
        who = [(id(parameter), id(self.state[parameter])) for parameter in parameters]
        before, bundles = self.plans.get(place, ([], []))
        if who != before or not all([bundle.still_fits() for bundle in bundles]):
            kinds = defaultdict(list)
            for parameter in parameters:
                kinds[kind_of(parameter, self.state[parameter])].append(parameter)
            bundles = [Dealing(kind, [self.state[p] for p in kind]) for kind in kinds.values()]
            self.plans[place] = who, bundles
        return list(bundles)
