"""Optimizers and schedulers, typed as PyTorch code; `tables.py` says how lines are written."""

from __future__ import annotations

from collections.abc import Callable as _Callable
from itertools import product as _product
from typing import Any

import numpy as _np

from . import Table, lines
from . import numbers as _numbers

# ---------------------------------------------------------------- a hundred steps


def _parameters(torch: Any, dtype: str) -> list[Any]:
    """A matrix, a single number and a vector."""
    make = {"dtype": getattr(torch, dtype), "requires_grad": True}
    return [torch.tensor(_numbers(*shape, seed=1), **make) for shape in ((3, 2), (), (2,))]


def _loss(torch: Any, parameters: list[Any]) -> Any:
    """A smooth bowl with very different curvatures; the last parameter only plays in at times."""
    w, b, c = parameters
    x = torch.tensor(_numbers(5, 3), dtype=w.dtype) * torch.tensor([1.0, 0.3, 0.1], dtype=w.dtype)
    y = torch.tensor(_numbers(5, 2, seed=2), dtype=w.dtype)
    return (((x @ w + b).tanh() + c * 0.5 - y) ** 2).mean()


def _walk(
    torch: Any, optimizer: Any, parameters: list[Any], steps: int, schedule: Any = None
) -> list[list[float]]:
    """Let the optimizer work, and give the learning rates it had."""
    sign, rates = -1 if optimizer.param_groups[0]["maximize"] else 1, []
    for _ in range(steps):
        optimizer.zero_grad()
        (sign * _loss(torch, parameters)).backward()
        optimizer.step()
        rates.append([group["lr"] for group in optimizer.param_groups])
        if schedule is not None:
            schedule.step()
    return rates


def _every(torch: Any, name: str, **options: list[Any]) -> dict[str, Any]:
    """All parameters after a hundred steps with every combination of options."""
    found: dict[str, Any] = {}
    for chosen in _product(*options.values()):
        own = dict(zip(options, chosen, strict=True))
        if own.get("nesterov") and (not own["momentum"] or own["dampening"]):
            continue
        parameters = _parameters(torch, "float64")
        _walk(torch, getattr(torch.optim, name)(parameters, **own), parameters, 100)
        found |= {f"{own} {i}": p.detach() for i, p in enumerate(parameters)}
    return found


def sgd_with_every_option(torch: Any) -> Any:
    memory: dict[str, list[Any]] = {"momentum": [0, 0.9], "dampening": [0, 0.3]}
    flags: dict[str, list[Any]] = {"nesterov": [False, True], "maximize": [False, True]}
    return _every(torch, "SGD", lr=[0.1], weight_decay=[0, 0.1], **memory, **flags)


def adam_with_every_option(torch: Any) -> Any:
    flags = {name: [False, True] for name in ("amsgrad", "maximize", "decoupled_weight_decay")}
    betas = [(0.9, 0.999), (0.8, 0.99), (0.0, 0.9)]
    return _every(torch, "Adam", lr=[0.01], betas=betas, weight_decay=[0, 0.1], **flags)


def adamw_with_every_option(torch: Any) -> Any:
    flags: dict[str, list[Any]] = {"amsgrad": [False, True], "maximize": [False, True]}
    return _every(torch, "AdamW", lr=[0.02], eps=[1e-8, 1e-3], weight_decay=[0, 0.3], **flags)


def adagrad_with_every_option(torch: Any) -> Any:
    starts: dict[str, list[Any]] = {"initial_accumulator_value": [0, 0.3], "lr_decay": [0, 0.1]}
    return _every(torch, "Adagrad", weight_decay=[0, 0.1], maximize=[False, True], **starts)


def rmsprop_with_every_option(torch: Any) -> Any:
    flags: dict[str, list[Any]] = {"centered": [False, True], "maximize": [False, True]}
    memory = {"momentum": [0, 0.9], "alpha": [0.99, 0.8]}
    return _every(torch, "RMSprop", lr=[0.001], weight_decay=[0, 0.1], **memory, **flags)


def relatives_with_every_option(torch: Any) -> Any:
    decay: dict[str, list[Any]] = {"weight_decay": [0, 0.1], "maximize": [False, True]}
    apart: dict[str, list[Any]] = {**decay, "decoupled_weight_decay": [False, True]}
    found = {
        "Adadelta": _every(torch, "Adadelta", rho=[0.9, 0.5], **decay),
        "Adamax": _every(torch, "Adamax", betas=[(0.9, 0.999), (0.5, 0.9)], **decay),
        "NAdam": _every(torch, "NAdam", momentum_decay=[4e-3, 0.1], **apart),
        "RAdam": _every(torch, "RAdam", betas=[(0.9, 0.999), (0.9, 0.9)], **apart),
    }
    return {f"{name} {key}": value for name, own in found.items() for key, value in own.items()}


_NAMES = ("SGD", "Adagrad", "RMSprop", "Adam", "AdamW", "Adadelta", "Adamax", "NAdam", "RAdam")


def defaults_in_single_precision(torch: Any) -> Any:
    found: dict[str, Any] = {}
    for name in _NAMES:
        parameters = _parameters(torch, "float32")
        _walk(torch, getattr(torch.optim, name)(parameters), parameters, 20)
        found |= {f"{name} {i}": p.detach() for i, p in enumerate(parameters)}
    return found


# ---------------------------------------------------------------- groups and states


def groups_with_options_of_their_own(torch: Any) -> Any:
    w, b, c = _parameters(torch, "float64")
    groups = [{"params": [w]}, {"params": b, "lr": 0.5}]
    optimizer = torch.optim.SGD(groups, lr=0.1, momentum=0.5)
    optimizer.add_param_group({"params": [c], "momentum": 0.0, "weight_decay": 0.1})
    _walk(torch, optimizer, [w, b, c], 30)
    keys = [sorted(group) for group in optimizer.param_groups]
    return {"w": w, "b": b, "c": c, "keys": keys, "states": len(optimizer.state)}


def parameters_with_names(torch: Any) -> Any:
    w, b, c = _parameters(torch, "float64")
    optimizer = torch.optim.Adam([("w", w), ("b", b)], lr=0.01)
    optimizer.add_param_group({"params": [("c", c)], "lr": 0.1})
    _walk(torch, optimizer, [w, b, c], 5)
    saved = optimizer.state_dict()["param_groups"]
    return {"names": [group["param_names"] for group in saved], "w": w, "b": b, "c": c}


def a_saved_state_has_this_layout(torch: Any) -> Any:
    found: dict[str, Any] = {}
    for name in _NAMES:
        parameters = _parameters(torch, "float64")
        options = {"momentum": 0.9} if name == "SGD" else {}
        optimizer = getattr(torch.optim, name)(parameters, **options)
        _walk(torch, optimizer, parameters, 3)
        saved = optimizer.state_dict()
        found |= {f"{name} {k}": str(v) for k, v in sorted(saved["param_groups"][0].items())}
        found[f"{name} states"] = list(saved["state"])
        for key, value in sorted(saved["state"][0].items()):
            found[f"{name} state {key}"] = value
    return found


def a_state_of_plain_descent_is_empty(torch: Any) -> Any:
    parameters = _parameters(torch, "float64")
    optimizer = torch.optim.SGD(parameters)
    _walk(torch, optimizer, parameters, 2)
    return {"state": len(optimizer.state_dict()["state"])}


def stop_and_continue(torch: Any) -> Any:
    found: dict[str, Any] = {}
    for name in _NAMES:
        make = getattr(torch.optim, name)
        first = _parameters(torch, "float64")
        optimizer = make(first, lr=0.01)
        _walk(torch, optimizer, first, 10)
        second = [p.detach().clone().requires_grad_() for p in first]
        again = make(second, lr=5.0)
        again.load_state_dict(optimizer.state_dict())
        if name != "NAdam":  # torch loads its product of momenta in another dtype
            _walk(torch, again, second, 10)
        found |= {f"{name} {i}": p for i, p in enumerate(second)}
        found[f"{name} lr"] = again.param_groups[0]["lr"]
    return found


def steps_without_gradients(torch: Any) -> Any:
    used, unused = _parameters(torch, "float64")[::2]
    optimizer = torch.optim.Adam([used, unused], lr=0.1)
    optimizer.step()
    optimizer.zero_grad()
    (used * used).sum().backward()
    optimizer.step()
    used.grad = used.grad * float("nan")
    optimizer.zero_grad()
    cleared = used.grad is None
    (used * used).sum().backward()
    optimizer.step()
    return {"used": used, "unused": unused, "states": len(optimizer.state), "cleared": cleared}


def gradients_filled_with_zeros(torch: Any) -> Any:
    (w, _, _) = _parameters(torch, "float64")
    optimizer = torch.optim.SGD([w], lr=0.1, momentum=0.9)
    (w * w).sum().backward()
    kept = w.grad
    optimizer.step()
    optimizer.zero_grad(set_to_none=False)
    same = kept is w.grad
    optimizer.step()  # the velocity alone
    (w * w).sum().backward(create_graph=True)
    optimizer.zero_grad(set_to_none=False)
    return {"w": w, "grad": w.grad, "kept": kept, "same": same}


def a_closure_computes_the_loss(torch: Any) -> Any:
    parameters = _parameters(torch, "float64")
    optimizer = torch.optim.SGD(parameters, lr=0.1)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = _loss(torch, parameters)
        loss.backward()
        return loss

    with torch.no_grad():
        losses = [optimizer.step(closure) for _ in range(3)]
    return {"losses": [loss.item() for loss in losses], "none": optimizer.step()}


def an_optimizer_of_ones_own(torch: Any) -> Any:
    class Signs(torch.optim.Optimizer):  # type: ignore[misc]
        def __init__(self, params: Any, lr: float = 0.1) -> None:
            super().__init__(params, {"lr": lr, "maximize": False})

        @torch.no_grad()  # type: ignore[untyped-decorator]
        def step(self, closure: Any = None) -> None:
            for group in self.param_groups:
                for p in group["params"]:
                    if p.grad is not None:
                        state = self.state[p]
                        state["count"] = state.get("count", 0) + 1
                        p.add_(p.grad.sign(), alpha=-group["lr"] / state["count"])

    parameters = _parameters(torch, "float64")
    optimizer = Signs(parameters)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
    _walk(torch, optimizer, parameters, 10, schedule)
    saved = optimizer.state_dict()
    return {**{str(i): p for i, p in enumerate(parameters)}, "count": saved["state"][0]["count"]}


def weights_kept_from_before_a_step(torch: Any) -> Any:
    """What was computed from the old weights has their gradient."""
    w = torch.tensor(_numbers(3), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.5)
    old = w.detach().clone()
    (w * w).sum().backward()
    optimizer.step()
    return {"old": old, "new": w, "moved": w.detach() - old}


# ---------------------------------------------------------------- schedules

_Make = _Callable[[Any, Any], Any]
_SCHEDULES: dict[str, _Make] = {
    "StepLR": lambda s, o: s.StepLR(o, 7, 0.3),
    "StepLR to nothing": lambda s, o: s.StepLR(o, 7, 0.0),
    "MultiStepLR": lambda s, o: s.MultiStepLR(o, [3, 3, 10], 0.5),
    "ConstantLR": lambda s, o: s.ConstantLR(o, 0.3, 6),
    "LinearLR": lambda s, o: s.LinearLR(o, 0.2, 0.9, 11),
    "LinearLR to nothing": lambda s, o: s.LinearLR(o, 0.2, 0.0, 11),
    "ExponentialLR": lambda s, o: s.ExponentialLR(o, 0.9),
    "PolynomialLR": lambda s, o: s.PolynomialLR(o, 13),
    "PolynomialLR 2.5": lambda s, o: s.PolynomialLR(o, 13, 2.5),
    "CosineAnnealingLR": lambda s, o: s.CosineAnnealingLR(o, 10),
    "CosineAnnealingLR to 0.01": lambda s, o: s.CosineAnnealingLR(o, 9, 0.01),
    "warm restarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 5),
    "warm restarts 2": lambda s, o: s.CosineAnnealingWarmRestarts(o, 3, 2, 0.001),
    "LambdaLR": lambda s, o: s.LambdaLR(o, lambda t: 1 / (1 + t)),
    "LambdaLR per group": lambda s, o: s.LambdaLR(o, [lambda t: 0.9**t, lambda t: 0.8**t]),
    "MultiplicativeLR": lambda s, o: s.MultiplicativeLR(o, lambda t: 0.9 + 0.01 * (t % 3)),
    "OneCycleLR": lambda s, o: s.OneCycleLR(o, 0.5, total_steps=30),
    "OneCycleLR per group": lambda s, o: s.OneCycleLR(
        o, [0.5, 0.2], epochs=10, steps_per_epoch=3, three_phase=True, anneal_strategy="linear"
    ),
    "OneCycleLR without momentum": lambda s, o: s.OneCycleLR(
        o, 0.5, total_steps=40, cycle_momentum=False, pct_start=0.5
    ),
    "CyclicLR": lambda s, o: s.CyclicLR(o, 0.01, 0.3, step_size_up=5, step_size_down=8),
    "CyclicLR triangular2": lambda s, o: s.CyclicLR(o, 0.01, 0.3, 5, mode="triangular2"),
    "CyclicLR exp_range": lambda s, o: s.CyclicLR(o, 0.01, [0.3, 0.2], 5, None, "exp_range", 0.97),
    "CyclicLR by cycles": lambda s, o: s.CyclicLR(o, 0.01, 0.3, 5, scale_fn=lambda x: 1 / (1 + x)),
    "CyclicLR by steps": lambda s, o: s.CyclicLR(
        o, 0.01, 0.3, 5, scale_fn=lambda x: 1 / (1 + x), scale_mode="iterations"
    ),
    "SequentialLR": lambda s, o: s.SequentialLR(
        o,
        [s.LinearLR(o, 0.1, 1.0, 5), s.CosineAnnealingLR(o, 15), s.ExponentialLR(o, 0.8)],
        [5, 22],
    ),
    "SequentialLR of functions": lambda s, o: s.SequentialLR(
        o,
        [
            s.ConstantLR(o, 0.1, 5),
            s.LambdaLR(o, lambda t: 1 / (1 + t)),
            s.CosineAnnealingWarmRestarts(o, 4),
            s.MultiplicativeLR(o, lambda t: 0.9),
        ],
        [5, 10, 18],
    ),
    "ChainedScheduler": lambda s, o: s.ChainedScheduler(
        [s.ConstantLR(o, 0.1, 4), s.ExponentialLR(o, 0.9), s.CosineAnnealingLR(o, 7)]
    ),
    "two at once": lambda s, o: _Both(s.LinearLR(o, 0.1, 1.0, 5), s.StepLR(o, 9)),
}


class _Both:
    """Two schedules that know nothing of each other, on one optimizer."""

    def __init__(self, *schedules: Any) -> None:
        self.schedules = schedules

    def step(self) -> None:
        for schedule in self.schedules:
            schedule.step()


def _scheduled(torch: Any, make: _Make, name: str, options: dict[str, Any]) -> dict[str, Any]:
    """The rates and the memories of thirty steps, and the parameters they lead to."""
    w, b, c = _parameters(torch, "float64")
    groups = [{"params": [w, b]}, {"params": [c], "lr": 0.03}]
    optimizer = getattr(torch.optim, name)(groups, lr=0.1, **options)
    schedule = make(torch.optim.lr_scheduler, optimizer)
    memories: list[float] = []
    rates = []
    for _ in range(30):
        rates += _walk(torch, optimizer, [w, b, c], 1, schedule)[0]
        group = optimizer.param_groups[0]
        memories.append(group["betas"][0] if "betas" in group else group["momentum"])
    rates += getattr(schedule, "get_last_lr", list)()
    return {"rates": rates, "memories": memories, "w": w, "b": b, "c": c}


def schedules_of_plain_descent(torch: Any) -> Any:
    found: dict[str, Any] = {}
    for title, make in _SCHEDULES.items():
        own = _scheduled(torch, make, "SGD", {"momentum": 0.5})
        found |= {f"{title} {key}": value for key, value in own.items()}
    return found


def schedules_of_adam(torch: Any) -> Any:
    found: dict[str, Any] = {}
    for title in ("OneCycleLR", "CyclicLR", "SequentialLR", "CosineAnnealingLR"):
        own = _scheduled(torch, _SCHEDULES[title], "Adam", {})
        found |= {f"{title} {key}": value for key, value in own.items()}
    return found


def waiting_for_a_plateau(torch: Any) -> Any:
    every: list[dict[str, Any]] = [
        {"patience": 2},
        {"patience": 1, "mode": "max", "factor": 0.5, "cooldown": 2},
        {"patience": 0, "threshold": 0.1, "threshold_mode": "abs", "min_lr": 0.01},
        {"patience": 3, "mode": "max", "threshold_mode": "abs", "min_lr": [0.01, 0.02]},
        {"patience": 1, "eps": 0.05, "factor": 0.7},
    ]
    found: dict[str, Any] = {}
    for options in every:
        w, b, _ = _parameters(torch, "float64")
        optimizer = torch.optim.SGD([{"params": [w]}, {"params": [b], "lr": 0.03}], lr=0.1)
        plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **options)
        rates = [plateau.get_last_lr()]
        for t in range(25):
            plateau.step(torch.tensor(abs(_np.sin(0.7 * t)) / (1 + 0.1 * t)))
            rates.append(plateau.get_last_lr())
        found[str(options)] = [rate for pair in rates for rate in pair]
        found[f"{options} bad"] = plateau.num_bad_epochs
    return found


def schedules_stop_and_continue(torch: Any) -> Any:
    found: dict[str, Any] = {}
    for title, make in _SCHEDULES.items():
        if title == "two at once":
            continue
        w, b, c = _parameters(torch, "float64")
        optimizers = [
            torch.optim.SGD([{"params": [w, b]}, {"params": [c], "lr": 0.03}], 0.1, momentum=0.5)
            for _ in range(2)
        ]
        first, second = (make(torch.optim.lr_scheduler, o) for o in optimizers)
        _walk(torch, optimizers[0], [w, b, c], 8, first)
        second.load_state_dict(first.state_dict())
        optimizers[1].load_state_dict(optimizers[0].state_dict())
        rates = _walk(torch, optimizers[1], [w, b, c], 8, second)
        found[title] = [rate for pair in rates for rate in pair]
    return found


def a_schedule_of_ones_own(torch: Any) -> Any:
    class Root(torch.optim.lr_scheduler.LRScheduler):  # type: ignore[misc]
        def get_lr(self) -> list[float]:
            return [base / (1 + self.last_epoch) ** 0.5 for base in self.base_lrs]

    own = _scheduled(torch, lambda s, o: Root(o), "SGD", {"momentum": 0.5})
    return {"rates": own["rates"], "w": own["w"]}


def a_schedule_with_a_state(torch: Any) -> Any:
    class Power:
        def __init__(self, base: float) -> None:
            self.base = base

        def __call__(self, t: int) -> float:
            return self.base**t

    w = torch.tensor([1.0], requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=1.0)
    first = torch.optim.lr_scheduler.LambdaLR(optimizer, Power(0.5))
    second = torch.optim.lr_scheduler.LambdaLR(optimizer, Power(0.9))
    second.load_state_dict(first.state_dict())
    optimizer.step()
    second.step()
    return {"lr": optimizer.param_groups[0]["lr"], "saved": first.state_dict()["lr_lambdas"][0]}


def resuming_at_an_epoch(torch: Any) -> Any:
    w = torch.tensor([1.0], requires_grad=True)
    found: dict[str, Any] = {}
    for name, options in (("ExponentialLR", {"gamma": 0.9}), ("CosineAnnealingLR", {"T_max": 9})):
        optimizer = torch.optim.SGD([{"params": [w], "initial_lr": 1.0}], lr=0.5)
        schedule = getattr(torch.optim.lr_scheduler, name)(optimizer, **options, last_epoch=3)
        rates = [optimizer.param_groups[0]["lr"]]
        for _ in range(3):
            optimizer.step()
            schedule.step()
            rates.append(optimizer.param_groups[0]["lr"])
        found[name] = rates
    return found


# ---------------------------------------------------------------- lines

GROUPS: dict[str, list[Table]] = {
    "optimizers": [
        lines("""
            repr(torch.optim.SGD([x], lr=0.1))
            repr(torch.optim.Adam([{'params': [x], 'lr': 0.5}], weight_decay=0.1))
            torch.optim.SGD([x]).defaults['lr']    torch.optim.Adam([x]).defaults['betas']
            len(torch.optim.Adam([x]).state)    torch.optim.SGD(iter([x])).param_groups[0]['lr']
            o = torch.optim.SGD([x], fused=True); o.param_groups[0]['fused']
            o = torch.optim.AdamW([x], foreach=True); o.param_groups[0]['foreach']
            torch.optim.AdamW([x]).param_groups[0]['decoupled_weight_decay']
            s = torch.optim.lr_scheduler.StepLR(torch.optim.SGD([x]), 3); s.base_lrs
            s = torch.optim.lr_scheduler.StepLR(torch.optim.SGD([x]), 3); s.last_epoch
            o = torch.optim.SGD([x]); s = torch.optim.lr_scheduler.StepLR(o, 3); s.optimizer is o
        """, [((3,),)]),
    ],
}  # fmt: skip

RAISES: dict[type[Exception], Table] = {
    ValueError: lines("""
        torch.optim.SGD([])    torch.optim.Adam(iter([]))
        torch.optim.SGD([x * 2])    torch.optim.SGD([x], lr=-1.0)
        torch.optim.SGD([x], momentum=-0.1)    torch.optim.SGD([x], weight_decay=-0.1)
        torch.optim.SGD([x], nesterov=True)
        torch.optim.SGD([x], nesterov=True, momentum=0.9, dampening=0.1)
        torch.optim.Adam([x], lr=-1.0)    torch.optim.Adam([x], betas=(1.0, 0.9))
        torch.optim.Adam([x], betas=(0.9, -0.1))    torch.optim.Adam([x], eps=-1.0)
        torch.optim.AdamW([x], weight_decay=-1.0)    torch.optim.Adagrad([x], lr_decay=-1.0)
        torch.optim.Adagrad([x], initial_accumulator_value=-1.0)
        torch.optim.RMSprop([x], alpha=-1.0)    torch.optim.RMSprop([x], momentum=-1.0)
        torch.optim.Adadelta([x], rho=-1.0)    torch.optim.NAdam([x], momentum_decay=-1.0)
        torch.optim.Adamax([x], betas=(0.9, 2.0))    torch.optim.RAdam([x], lr=-1.0)
        torch.optim.SGD([{'params': [x]}, {'params': [x]}])
        torch.optim.SGD([('x', x), x])
        o = torch.optim.SGD([('x', x)]); o.add_param_group({'params': [torch.ones(2)]})
        o = torch.optim.SGD; o([x]).load_state_dict(o([x, torch.ones(2)]).state_dict())
        s = torch.optim.lr_scheduler.OneCycleLR(torch.optim.SGD([x]), 1.0)
        s = torch.optim.lr_scheduler.OneCycleLR(torch.optim.SGD([x]), 1.0, total_steps=0)
        s = torch.optim.lr_scheduler.OneCycleLR(torch.optim.Adagrad([x]), 1.0, total_steps=9)
        s = torch.optim.lr_scheduler.OneCycleLR(torch.optim.SGD([x]), [1.0, 2.0], total_steps=9)
        s = torch.optim.lr_scheduler.OneCycleLR(torch.optim.SGD([x]), 1.0, 9, anneal_strategy='no')
        s = torch.optim.lr_scheduler.CyclicLR(torch.optim.SGD([x]), 0.1, 1.0, mode='no')
        s = torch.optim.lr_scheduler.ConstantLR(torch.optim.SGD([x]), factor=2.0)
        s = torch.optim.lr_scheduler.LinearLR(torch.optim.SGD([x]), start_factor=0.0)
        s = torch.optim.lr_scheduler.LinearLR(torch.optim.SGD([x]), end_factor=2.0)
        s = torch.optim.lr_scheduler.LambdaLR(torch.optim.SGD([x]), [abs, abs])
        s = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(torch.optim.SGD([x]), 0)
        s = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(torch.optim.SGD([x]), 5, 0)
        s = torch.optim.lr_scheduler.SequentialLR(torch.optim.SGD([x]), [], [])
        s = torch.optim.lr_scheduler.ChainedScheduler([])
        s = torch.optim.lr_scheduler.ReduceLROnPlateau(torch.optim.SGD([x]), factor=1.0)
        s = torch.optim.lr_scheduler.ReduceLROnPlateau(torch.optim.SGD([x]), mode='least')
    """, [((3,),)]),
    TypeError: lines("""
        torch.optim.SGD(x)    torch.optim.SGD([1.0, 2.0])    torch.optim.SGD([x], rate=0.1)
        torch.optim.SGD([{'params': {x}}])    torch.optim.SGD([x]).add_param_group([x])
        torch.optim.lr_scheduler.StepLR(x, 3)    torch.optim.lr_scheduler.ExponentialLR(None, 0.9)
        torch.optim.lr_scheduler.MultiplicativeLR(torch.optim.SGD([x]), 0.9)
    """, [((3,),)]),
    KeyError: lines("""
        torch.optim.SGD([x]).add_param_group({'lr': 0.1})
        torch.optim.lr_scheduler.StepLR(torch.optim.SGD([x]), 3, last_epoch=5)
    """, [((3,),)]),
    NotImplementedError: lines("""
        torch.optim.lr_scheduler.LRScheduler(torch.optim.SGD([x]))
    """, [((3,),)]),
}  # fmt: skip

ON_PURPOSE: dict[str, str] = {}
