# Exported from book/13_optimizers.ipynb: change it there, not here.
"""Optimizers that give every coordinate a scale of its own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.engine import Array
from minigrad.optim.bundles import Together
from minigrad.optim.descent import velocity
from minigrad.optim.optimizer import average, counted, kept, moved, number
from minigrad.tensor import Tensor


class Adagrad(Together):
    """Each coordinate is divided by the root of the sum of its squared gradients."""

    speed = ("foreach", "differentiable", "fused")

    def __init__(
        self, params: Any, lr: float = 1e-2, lr_decay: float = 0, weight_decay: float = 0,
        initial_accumulator_value: float = 0, eps: float = 1e-10, *, maximize: bool = False,
        **speed: Any,
    ) -> None:  # fmt: skip
        defaults = {"lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay}
        defaults |= {"initial_accumulator_value": initial_accumulator_value, "maximize": maximize}
        super().__init__(params, defaults, **speed)

    def update(self, x: Array, g: Array, state: dict[str, Any], group: dict[str, Any]) -> Array:
        t = counted(state)
        if "sum" not in state:
            state["sum"] = Tensor(np.full_like(x, group["initial_accumulator_value"]))
        total = kept(state, "sum", state["sum"].value + g * g)
        lr = group["lr"] / (1 + (t - 1) * group["lr_decay"])
        return moved(x, g / (np.sqrt(total) + number(x, group["eps"])), lr)


class RMSprop(Together):
    """Each coordinate is divided by the root of a running average of its squared gradients."""

    speed = ("capturable", "foreach", "differentiable")

    def __init__(
        self, params: Any, lr: float = 1e-2, alpha: float = 0.99, eps: float = 1e-8,
        weight_decay: float = 0, momentum: float = 0, centered: bool = False, *,
        maximize: bool = False, **speed: Any,
    ) -> None:  # fmt: skip
        defaults = {"lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps}
        defaults |= {"centered": centered, "weight_decay": weight_decay, "maximize": maximize}
        super().__init__(params, defaults, **speed)

    def update(self, x: Array, g: Array, state: dict[str, Any], group: dict[str, Any]) -> Array:
        counted(state)
        square = average(state, "square_avg", g * g, group["alpha"])
        if group["centered"]:
            mean = average(state, "grad_avg", g, group["alpha"])
            square = square - mean * mean
        step = g / (np.sqrt(square) + number(x, group["eps"]))
        if group["momentum"]:
            step = velocity(state, step, group["momentum"], 1)
        return moved(x, step, group["lr"])


def before(state: dict[str, Any], name: str, x: Array) -> Array:
    """What was remembered under this name; at first, zeros."""
    return state[name].value if name in state else np.zeros_like(x)


def adam_defaults(lr: float, betas: Any, eps: float, weight_decay: float) -> dict[str, Any]:
    return {"lr": lr, "betas": tuple(betas), "eps": eps, "weight_decay": weight_decay}


class Adam(Together):
    """A running average of gradients over the root of one of their squares, both unbiased."""

    speed = ("foreach", "capturable", "differentiable", "fused")

    def __init__(
        self, params: Any, lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8, weight_decay: float = 0, amsgrad: bool = False, *,
        maximize: bool = False, decoupled_weight_decay: bool = False, **speed: Any,
    ) -> None:  # fmt: skip
        defaults = adam_defaults(lr, betas, eps, weight_decay)
        defaults |= {"amsgrad": amsgrad, "maximize": maximize}
        defaults |= {"decoupled_weight_decay": decoupled_weight_decay}
        super().__init__(params, defaults, **speed)

    def update(self, x: Array, g: Array, state: dict[str, Any], group: dict[str, Any]) -> Array:
        t, (beta1, beta2) = counted(state), group["betas"]
        first = average(state, "exp_avg", g, beta1)
        second = average(state, "exp_avg_sq", g * g, beta2)
        if group["amsgrad"]:
            second = np.maximum(before(state, "max_exp_avg_sq", x), second)
            kept(state, "max_exp_avg_sq", second)
        scale = np.sqrt(second)
        scale /= number(x, math.sqrt(1 - beta2**t))
        scale += number(x, group["eps"])
        return moved(x, first / scale, group["lr"] / (1 - beta1**t))


class AdamW(Adam):
    """Adam with weight decay beside the gradient instead of in it."""

    def __init__(
        self, params: Any, lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8, weight_decay: float = 1e-2, amsgrad: bool = False, *,
        maximize: bool = False, **speed: Any,
    ) -> None:  # fmt: skip
        super().__init__(
            params, lr, betas, eps, weight_decay, amsgrad,
            maximize=maximize, decoupled_weight_decay=True, **speed,
        )  # fmt: skip


class Adadelta(Together):
    """The ratio of two running averages, of steps and of gradients, stands for a learning rate."""

    speed = ("foreach", "capturable", "differentiable")

    def __init__(
        self, params: Any, lr: float = 1.0, rho: float = 0.9, eps: float = 1e-6,
        weight_decay: float = 0, *, maximize: bool = False, **speed: Any,
    ) -> None:  # fmt: skip
        defaults = {"lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, {**defaults, "maximize": maximize}, **speed)

    def update(self, x: Array, g: Array, state: dict[str, Any], group: dict[str, Any]) -> Array:
        counted(state)
        rho, eps = group["rho"], number(x, group["eps"])
        square = average(state, "square_avg", g * g, rho)
        step = np.sqrt(before(state, "acc_delta", x) + eps) / np.sqrt(square + eps) * g
        average(state, "acc_delta", step * step, rho)
        return moved(x, step, group["lr"])


class Adamax(Together):
    """Adam with the largest recent gradient in place of the root of their squares."""

    speed = ("foreach", "differentiable", "capturable")

    def __init__(
        self, params: Any, lr: float = 2e-3, betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8, weight_decay: float = 0, *, maximize: bool = False, **speed: Any,
    ) -> None:  # fmt: skip
        defaults = adam_defaults(lr, betas, eps, weight_decay)
        super().__init__(params, {**defaults, "maximize": maximize}, **speed)

    def update(self, x: Array, g: Array, state: dict[str, Any], group: dict[str, Any]) -> Array:
        t, (beta1, beta2) = counted(state), group["betas"]
        first = average(state, "exp_avg", g, beta1)
        fading = before(state, "exp_inf", x) * number(x, beta2)
        most = kept(state, "exp_inf", np.maximum(fading, abs(g) + number(x, group["eps"])))
        return moved(x, first / most, group["lr"] / (1 - beta1**t))


class NAdam(Together):
    """Adam with Nesterov's look ahead, its momentum growing with time."""

    speed = ("foreach", "capturable", "differentiable")

    def __init__(
        self, params: Any, lr: float = 2e-3, betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8, weight_decay: float = 0, momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False, *, maximize: bool = False, **speed: Any,
    ) -> None:  # fmt: skip
        defaults = adam_defaults(lr, betas, eps, weight_decay)
        defaults |= {"momentum_decay": momentum_decay, "maximize": maximize}
        defaults |= {"decoupled_weight_decay": decoupled_weight_decay}
        super().__init__(params, defaults, **speed)

    def update(self, x: Array, g: Array, state: dict[str, Any], group: dict[str, Any]) -> Array:
        t, (beta1, beta2), lr = counted(state), group["betas"], group["lr"]
        now, after = (nesterov_momentum(beta1, s, group["momentum_decay"]) for s in (t, t + 1))
        product = multiplied(state, now)
        first = average(state, "exp_avg", g, beta1)
        second = average(state, "exp_avg_sq", g * g, beta2)
        scale = np.sqrt(second / number(x, 1 - beta2**t)) + number(x, group["eps"])
        x = moved(x, g / scale, lr * (1 - now) / (1 - product))
        return moved(x, first / scale, lr * after / (1 - product * after))


def nesterov_momentum(beta: float, t: float, decay: float) -> float:
    return float(beta * (1 - 0.5 * 0.96 ** (t * decay)))


def multiplied(state: dict[str, Any], momentum: float) -> float:
    """The product of all momenta so far."""
    if "mu_product" not in state:
        state["mu_product"] = Tensor(1.0, state["step"].dtype)
    before = state["mu_product"].value
    state["mu_product"].value = before * before.dtype.type(momentum)
    return float(state["mu_product"].value)


def rectification(t: float, beta: float) -> float:
    """How far the running average of squares can be trusted after t steps; 0 for not at all."""
    end = 2 / (1 - beta) - 1
    length = end - 2 * t * beta**t / (1 - beta**t)
    if length <= 5:
        return 0.0
    ratio = (length - 4) * (length - 2) * end / ((end - 4) * (end - 2) * length)
    return math.sqrt(ratio)


class RAdam(Together):
    """Adam that waits with its scales until their averages can be trusted."""

    speed = ("foreach", "capturable", "differentiable")

    def __init__(
        self, params: Any, lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8, weight_decay: float = 0, decoupled_weight_decay: bool = False, *,
        maximize: bool = False, **speed: Any,
    ) -> None:  # fmt: skip
        defaults = adam_defaults(lr, betas, eps, weight_decay) | {"maximize": maximize}
        defaults |= {"decoupled_weight_decay": decoupled_weight_decay}
        super().__init__(params, defaults, **speed)

    def update(self, x: Array, g: Array, state: dict[str, Any], group: dict[str, Any]) -> Array:
        t, (beta1, beta2) = counted(state), group["betas"]
        step = average(state, "exp_avg", g, beta1) / number(x, 1 - beta1**t)
        second = average(state, "exp_avg_sq", g * g, beta2)
        trust = rectification(t, beta2) * math.sqrt(1 - beta2**t)
        if trust:
            step = step / (np.sqrt(second) + number(x, group["eps"])) * number(x, trust)
        return moved(x, step, group["lr"])


__all__ = ["Adagrad", "RMSprop", "Adam", "AdamW", "Adadelta", "Adamax", "NAdam", "RAdam"]
