# Exported from book/13_optimizers.ipynb: change it there, not here.
"""Gradient descent, with a memory or without."""

from __future__ import annotations

from typing import Any

from minigrad.engine import Array
from minigrad.optim.optimizer import Optimizer, moved, number
from minigrad.tensor import Tensor


def velocity(state: dict[str, Any], g: Array, momentum: float, take: float) -> Array:
    """The fading sum of the gradients so far; it starts as the first one."""
    if "momentum_buffer" not in state:
        state["momentum_buffer"] = Tensor(g)
        return g
    buffer = state["momentum_buffer"]
    v = buffer.value * number(g, momentum)
    v += g if take == 1 else g * number(g, take)
    buffer.value = v
    return v


class SGD(Optimizer):
    """x -= lr * v, where v is the gradient, or with momentum a fading sum of gradients."""

    speed = ("foreach", "differentiable", "fused")

    def __init__(
        self, params: Any, lr: float = 1e-3, momentum: float = 0, dampening: float = 0,
        weight_decay: float = 0, nesterov: bool = False, *, maximize: bool = False, **speed: Any,
    ) -> None:  # fmt: skip
        defaults = {"lr": lr, "momentum": momentum, "dampening": dampening}
        defaults |= {"weight_decay": weight_decay, "nesterov": nesterov, "maximize": maximize}
        super().__init__(params, defaults, **speed)

    def check(self, group: dict[str, Any]) -> None:
        super().check(group)
        if group["nesterov"] and (group["momentum"] <= 0 or group["dampening"] != 0):
            raise ValueError("SGD: nesterov=True needs a momentum above 0 and no dampening")

    def update(self, x: Array, g: Array, state: dict[str, Any], group: dict[str, Any]) -> Array:
        momentum = group["momentum"]
        if momentum:
            v = velocity(state, g, momentum, 1 - group["dampening"])
            g = g + v * number(g, momentum) if group["nesterov"] else v
        return moved(x, g, group["lr"])


__all__ = ["SGD"]
