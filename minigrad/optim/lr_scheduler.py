# Exported from book/13_optimizers.ipynb: change it there, not here.
"""Learning rates that change from step to step."""

from __future__ import annotations

import copy
import itertools
import math
import warnings
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from minigrad.optim.optimizer import Optimizer


def checked(optimizer: Any) -> Optimizer:
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"a scheduler needs an optimizer, not a {type(optimizer).__name__}")
    return optimizer


def rates(optimizer: Optimizer, name: str = "lr") -> list[float]:
    """An option of every group."""
    return [group[name] for group in optimizer.param_groups]


def per_group(name: str, value: Any, optimizer: Optimizer) -> list[Any]:
    """One value for every group: a list of them, or one for all."""
    count = len(checked(optimizer).param_groups)
    if not isinstance(value, (list, tuple)):
        return [value] * count
    if len(value) != count:
        raise ValueError(f"{name} has {len(value)} values, the optimizer {count} groups")
    return list(value)


class Remembering:
    """The skill of setting rates, and of being saved: all that is known, but for the optimizer."""

    apart: tuple[str, ...] = ("optimizer",)  # what a saved state leaves out
    optimizer: Optimizer
    _last_lr: list[float]

    def state_dict(self) -> dict[str, Any]:
        return copy.deepcopy({k: v for k, v in vars(self).items() if k not in self.apart})

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        vars(self).update(copy.deepcopy(state_dict))

    def get_last_lr(self) -> list[float]:
        return list(self._last_lr)

    def put(self, lrs: list[float]) -> None:
        """Give every group its rate."""
        groups = self.optimizer.param_groups
        if len(lrs) != len(groups):
            raise ValueError(
                f"{type(self).__name__} knows {len(lrs)} groups, and the optimizer has "
                f"{len(groups)} now: make a new scheduler after add_param_group()"
            )
        for group, lr in zip(groups, lrs):
            group["lr"] = lr
        self._last_lr = list(lrs)


class Walking(Remembering):
    """The skill of going from one learning rate to the next."""

    last_epoch: int

    def get_lr(self) -> list[float]:
        """The rates of step `last_epoch`."""
        raise NotImplementedError(f"{type(self).__name__} needs a method get_lr")

    def closed_form(self) -> list[float]:
        """The same, computed without the rates of the step before."""
        return self.get_lr()

    def begin(self) -> None:
        """Set the rates of the first step."""
        self._step_count, self._is_initial = 0, True
        self.step()
        self._is_initial = False

    def step(self, epoch: Any = None) -> None:
        """Set the rates of the next step, or of the one that is given."""
        if self._step_count == 1 and never_stepped(self.optimizer):
            warnings.warn(TOO_EARLY, stacklevel=2)
        self._step_count += 1
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        self.put(self.get_lr() if epoch is None else self.closed_form())


def never_stepped(optimizer: Optimizer) -> bool:
    """Whether it has surely not moved anything yet; a step of the user's own does not tell."""
    return type(optimizer).step is Optimizer.step and not optimizer.stepped


TOO_EARLY = (
    "the scheduler's step() came before the optimizer's first step(): the first learning rate is "
    "skipped. Call optimizer.step(), then scheduler.step()"
)


class LRScheduler(Walking):
    """Sets the learning rates of an optimizer; its `step()` comes after the optimizer's.

    A kind of its own needs a method `get_lr()` that gives the rates for the step `last_epoch`.
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        for place, group in enumerate(checked(optimizer).param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise KeyError(
                    f"to continue at last_epoch={last_epoch}, group {place} needs 'initial_lr': "
                    "load the optimizer's state first"
                )
        self.optimizer, self.last_epoch = optimizer, last_epoch
        self.base_lrs = rates(optimizer, "initial_lr")
        self.begin()

    def undo(self) -> None:
        """Go back to before the first step: a sequence of schedules begins again."""
        self.last_epoch -= 1


class Curve(LRScheduler):
    """A rate that follows a curve m(t) between eta_min and the first rate.

    From step to step it is changed by the ratio m(t) / m(t - 1) and not set, so that several
    schedules can act on one optimizer, and so can you.
    """

    eta_min = 0.0

    def multiplier(self, t: float) -> float:
        raise NotImplementedError(f"{type(self).__name__} needs a method multiplier")

    def closed_form(self) -> list[float]:
        m = self.multiplier(self.last_epoch)
        return [self.eta_min + (base - self.eta_min) * m for base in self.base_lrs]

    def get_lr(self) -> list[float]:
        t = self.last_epoch
        if self._is_initial and t > 0:
            return rates(self.optimizer)  # continued: they are right already
        now, before = self.multiplier(t), self.multiplier(t - 1) if t > 0 else 1.0
        pairs = zip(rates(self.optimizer), self.base_lrs)
        if before == 0:
            return [lr + (base - self.eta_min) * now for lr, base in pairs]
        return [self.eta_min + (lr - self.eta_min) * (now / before) for lr, _ in pairs]


class StepLR(Curve):
    """Times gamma after every step_size steps."""

    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def multiplier(self, t: float) -> float:
        return float(self.gamma ** (t // self.step_size))


class MultiStepLR(Curve):
    """Times gamma at every milestone."""

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1,
        last_epoch: int = -1,
    ) -> None:  # fmt: skip
        self.milestones, self.gamma = Counter(milestones), gamma
        super().__init__(optimizer, last_epoch)

    def multiplier(self, t: float) -> float:
        return float(self.gamma ** sum(n for place, n in self.milestones.items() if place <= t))


def between(name: str, what: str, value: float, zero: bool = True) -> None:
    if not 0 <= value <= 1 or (value == 0 and not zero):
        bounds = "from 0 to 1" if zero else "above 0 and at most 1"
        raise ValueError(f"{name}: {what} must be {bounds}, and is {value}")


class ConstantLR(Curve):
    """A fraction of the rate until step total_iters, then the whole."""

    def __init__(
        self, optimizer: Optimizer, factor: float = 1 / 3, total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:  # fmt: skip
        between("ConstantLR", "factor", factor)
        self.factor, self.total_iters = factor, total_iters
        super().__init__(optimizer, last_epoch)

    def multiplier(self, t: float) -> float:
        return self.factor if t < self.total_iters else 1.0


class LinearLR(Curve):
    """From one fraction of the rate to another in equal parts."""

    def __init__(
        self, optimizer: Optimizer, start_factor: float = 1 / 3, end_factor: float = 1.0,
        total_iters: int = 5, last_epoch: int = -1,
    ) -> None:  # fmt: skip
        between("LinearLR", "start_factor", start_factor, zero=False)
        between("LinearLR", "end_factor", end_factor)
        self.start_factor, self.end_factor = start_factor, end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def multiplier(self, t: float) -> float:
        done = min(t, self.total_iters) / self.total_iters
        return self.start_factor + (self.end_factor - self.start_factor) * done


class ExponentialLR(Curve):
    """Times gamma at every step."""

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def multiplier(self, t: float) -> float:
        return float(self.gamma**t)


class PolynomialLR(Curve):
    """Down to 0 in total_iters steps, as a power of what is left."""

    def __init__(
        self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1
    ) -> None:
        self.total_iters, self.power = total_iters, power
        super().__init__(optimizer, last_epoch)

    def multiplier(self, t: float) -> float:
        return float((1 - min(t, self.total_iters) / self.total_iters) ** self.power)


def half_cosine(part: float) -> float:
    """From 1 down to 0 while `part` goes from 0 to 1, flat at both ends."""
    return (1 + math.cos(math.pi * part)) / 2


class CosineAnnealingLR(Curve):
    """Half a cosine: from the rate down to eta_min in T_max steps, then up again."""

    def __init__(
        self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def multiplier(self, t: float) -> float:
        return half_cosine(t / self.T_max)


class ByFunction(LRScheduler):
    """What is common to the schedules that are given as functions, one for all groups or one each.

    Functions are not part of a saved state; the fields of objects that can be called are.
    """

    apart = ("optimizer", "lr_lambdas")

    def __init__(self, optimizer: Optimizer, lr_lambda: Any, last_epoch: int = -1) -> None:
        self.lr_lambdas = per_group("lr_lambda", lr_lambda, optimizer)
        for function in self.lr_lambdas:
            if not callable(function):
                raise TypeError(f"lr_lambda is a function, not a {type(function).__name__}")
        super().__init__(optimizer, last_epoch)

    def state_dict(self) -> dict[str, Any]:
        fields = [getattr(function, "__dict__", None) or None for function in self.lr_lambdas]
        return {**super().state_dict(), "lr_lambdas": copy.deepcopy(fields)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict({k: v for k, v in state_dict.items() if k not in self.apart})
        for function, fields in zip(self.lr_lambdas, state_dict["lr_lambdas"]):
            if fields:
                vars(function).update(copy.deepcopy(fields))


class LambdaLR(ByFunction):
    """The first rate times what a function gives for the step."""

    def get_lr(self) -> list[float]:
        return [base * f(self.last_epoch) for base, f in zip(self.base_lrs, self.lr_lambdas)]


class MultiplicativeLR(ByFunction):
    """The last rate times what a function gives for the step."""

    def get_lr(self) -> list[float]:
        if self._is_initial:
            return rates(self.optimizer)
        pairs = zip(rates(self.optimizer), self.lr_lambdas)
        return [lr * function(self.last_epoch) for lr, function in pairs]


class CosineAnnealingWarmRestarts(Curve):
    """Half a cosine over and over; each period is T_mult times as long as the one before."""

    def __init__(
        self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:  # fmt: skip
        for name, value in (("T_0", T_0), ("T_mult", T_mult)):
            if not isinstance(value, int) or value < 1:
                raise ValueError(
                    f"CosineAnnealingWarmRestarts: {name} must be an integer from 1 on, not {value}"
                )
        self.T_0, self.T_mult, self.eta_min = T_0, T_mult, eta_min
        super().__init__(optimizer, last_epoch)

    def multiplier(self, t: float) -> float:
        period = self.T_0
        while t >= period and self.T_mult > 1:
            t, period = t - period, period * self.T_mult
        return half_cosine(t % period / period)

    def get_lr(self) -> list[float]:
        return self.closed_form()


def note(optimizer: Optimizer, **options: Any) -> None:
    """Write options into every group: one value for all, or a list with one for each."""
    for name, value in options.items():
        for group, own in zip(optimizer.param_groups, per_group(name, value, optimizer)):
            group[name] = own


def set_momentum(group: dict[str, Any], momentum: float) -> None:
    """In the group of an optimizer of Adam's family it is the first beta."""
    if "betas" in group:
        group["betas"] = (momentum, *group["betas"][1:])
    else:
        group["momentum"] = momentum


class Cycling(LRScheduler):
    """What is common to schedules that move the momentum against the learning rate."""

    def __init__(
        self, optimizer: Optimizer, last_epoch: int, cycle_momentum: bool, low: Any, high: Any
    ) -> None:
        if cycle_momentum and not {"momentum", "betas"} & optimizer.defaults.keys():
            raise ValueError(
                f"{type(optimizer).__name__} has no momentum to cycle: say cycle_momentum=False"
            )
        self.cycle_momentum = cycle_momentum
        if cycle_momentum and last_epoch == -1:
            note(optimizer, base_momentum=low, max_momentum=high)
        super().__init__(optimizer, last_epoch)

    def values_at(self, group: dict[str, Any]) -> tuple[float, float]:
        """Learning rate and momentum of a group."""
        raise NotImplementedError(f"{type(self).__name__} needs a method values_at")

    def get_lr(self) -> list[float]:
        values = [self.values_at(group) for group in self.optimizer.param_groups]
        if self.cycle_momentum:
            for group, (_, momentum) in zip(self.optimizer.param_groups, values):
                set_momentum(group, momentum)
        return [lr for lr, _ in values]


def steps_in_all(total_steps: Any, epochs: Any, steps_per_epoch: Any) -> int:
    """How long a cycle is, told in one of two ways."""
    if total_steps is None and (epochs is None or steps_per_epoch is None):
        raise ValueError("OneCycleLR needs total_steps, or both epochs and steps_per_epoch")
    told = [epochs, steps_per_epoch] if total_steps is None else [total_steps]
    for steps in told:
        if not isinstance(steps, int) or steps < 1:
            raise ValueError(f"OneCycleLR: a number of steps must be 1 or more, not {steps}")
    return math.prod(told)


def corners(total: int, start: float, three_phase: bool) -> list[tuple[Any, ...]]:
    """Where the curves bend: the step, and the group's rate and momentum there."""
    first = (0.0, "initial_lr", "max_momentum")
    top = (start * total - 1, "max_lr", "base_momentum")
    last = (float(total - 1), "min_lr", "max_momentum")
    back = (2 * start * total - 2, "initial_lr", "max_momentum")
    return [first, top, back, last] if three_phase else [first, top, last]


class OneCycle(Cycling):
    """What OneCycleLR is told."""

    def __init__(
        self, optimizer: Optimizer, max_lr: Any, total_steps: int | None = None,
        epochs: int | None = None, steps_per_epoch: int | None = None, pct_start: float = 0.3,
        anneal_strategy: str = "cos", cycle_momentum: bool = True, base_momentum: Any = 0.85,
        max_momentum: Any = 0.95, div_factor: float = 25.0, final_div_factor: float = 1e4,
        three_phase: bool = False, last_epoch: int = -1,
    ) -> None:  # fmt: skip
        tops = per_group("max_lr", max_lr, optimizer)
        between("OneCycleLR", "pct_start", pct_start)
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy is 'cos' or 'linear', not {anneal_strategy!r}")
        self.total_steps = steps_in_all(total_steps, epochs, steps_per_epoch)
        self.corners = corners(self.total_steps, pct_start, three_phase)
        self.anneal_strategy = anneal_strategy
        if last_epoch == -1:
            starts = [top / div_factor for top in tops]
            ends = [start / final_div_factor for start in starts]
            note(optimizer, max_lr=tops, initial_lr=starts, min_lr=ends)
        super().__init__(optimizer, last_epoch, cycle_momentum, base_momentum, max_momentum)


class OneCycleLR(OneCycle):
    """Up to max_lr and down to almost nothing, once; the momentum goes the other way."""

    def values_at(self, group: dict[str, Any]) -> tuple[float, float]:
        t = self.last_epoch
        if t > self.total_steps:
            raise ValueError(f"the cycle has {self.total_steps} steps, and this is step {t}")
        pairs = list(itertools.pairwise(self.corners))
        left, right = next((pair for pair in pairs if t <= pair[1][0]), pairs[-1])
        part = (t - left[0]) / (right[0] - left[0]) if right[0] != left[0] else 1.0
        rest = half_cosine(part) if self.anneal_strategy == "cos" else 1 - part
        starts, ends = ([group.get(name, 0.0) for name in names] for (_, *names) in (left, right))
        lr, momentum = (end + (start - end) * rest for start, end in zip(starts, ends))
        return lr, momentum


class Cycles(Cycling):
    """What CyclicLR is told."""

    apart = ("optimizer", "scale_fn")

    def __init__(
        self, optimizer: Optimizer, base_lr: Any, max_lr: Any, step_size_up: int = 2000,
        step_size_down: int | None = None, mode: str = "triangular", gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None, scale_mode: str = "cycle",
        cycle_momentum: bool = True, base_momentum: Any = 0.8, max_momentum: Any = 0.9,
        last_epoch: int = -1,
    ) -> None:  # fmt: skip
        if scale_fn is None and mode not in ("triangular", "triangular2", "exp_range"):
            raise ValueError(f"mode is 'triangular', 'triangular2' or 'exp_range', not {mode!r}")
        lows = per_group("base_lr", base_lr, optimizer)
        note(optimizer, initial_lr=lows, max_lr=max_lr)
        self.step_size_up, self.step_size_down = step_size_up, step_size_down or step_size_up
        self.mode, self.gamma, self.scale_fn, self.scale_mode = mode, gamma, scale_fn, scale_mode
        super().__init__(optimizer, last_epoch, cycle_momentum, base_momentum, max_momentum)


class CyclicLR(Cycles):
    """From base_lr up to max_lr and back, again and again; the momentum goes the other way."""

    def height(self) -> float:
        """Where between low (0) and high (1) the step is."""
        t, up, down = self.last_epoch, self.step_size_up, self.step_size_down
        cycle, place = divmod(t, up + down)
        height = min(place / up, (up + down - place) / down)
        if self.scale_fn:
            return height * self.scale_fn(cycle + 1 if self.scale_mode == "cycle" else t)
        scales = {"triangular": 1.0, "triangular2": 0.5**cycle, "exp_range": self.gamma**t}
        return float(height * scales[self.mode])

    def values_at(self, group: dict[str, Any]) -> tuple[float, float]:
        height, low, high = self.height(), group["initial_lr"], group["max_lr"]
        least, most = (group.get(name, 0.0) for name in ("base_momentum", "max_momentum"))
        return low + (high - low) * height, most - (most - least) * height


def check_parts(name: str, schedulers: Sequence[Any], optimizer: Any) -> None:
    """Schedules can be put together if they are of one optimizer and ask for no metric."""
    if not schedulers:
        raise ValueError(f"{name} needs at least one scheduler")
    for place, scheduler in enumerate(schedulers):
        if not isinstance(scheduler, LRScheduler):
            raise TypeError(f"{name}: item {place} is not a scheduler")
        if isinstance(scheduler, ReduceLROnPlateau):
            raise ValueError(
                f"{name}: ReduceLROnPlateau needs a metric at every step, so it cannot be a part"
            )
        if scheduler.optimizer is not (optimizer or schedulers[0].optimizer):
            raise ValueError(f"{name}: scheduler {place} belongs to another optimizer")


class Composed(LRScheduler):
    """What is common to schedules made of schedules: they are saved and undone part by part."""

    apart = ("optimizer", "_schedulers")

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None) -> None:
        check_parts(type(self).__name__, schedulers, optimizer)
        self.optimizer, self._schedulers = schedulers[0].optimizer, schedulers
        self._last_lr = rates(self.optimizer)

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "_schedulers": [s.state_dict() for s in self._schedulers]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict({k: v for k, v in state_dict.items() if k != "_schedulers"})
        for scheduler, saved in zip(self._schedulers, state_dict["_schedulers"]):
            scheduler.load_state_dict(saved)

    def undo(self) -> None:
        for scheduler in self._schedulers:
            scheduler.undo()


class ChainedScheduler(Composed):
    """Several schedules at once: each changes what the others made of the rate."""

    def __init__(
        self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None
    ) -> None:
        super().__init__(schedulers, optimizer)

    def step(self) -> None:  # type: ignore[override]
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = rates(self.optimizer)


class SequentialLR(Composed):
    """One schedule after another: the next one starts at its milestone."""

    def __init__(
        self, optimizer: Optimizer, schedulers: Sequence[LRScheduler], milestones: list[int],
        last_epoch: int = -1,
    ) -> None:  # fmt: skip
        super().__init__(schedulers, optimizer)
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                f"SequentialLR: {len(schedulers)} schedulers need {len(schedulers) - 1} "
                f"milestones, not {len(milestones)}"
            )
        self._milestones, self.last_epoch = milestones, last_epoch + 1
        self.put(rates(optimizer, "initial_lr"))
        self.undo()
        schedulers[bisect_right(milestones, 0)].begin()
        self._last_lr = rates(optimizer)

    def step(self) -> None:  # type: ignore[override]
        self.last_epoch += 1
        place = bisect_right(self._milestones, self.last_epoch)
        scheduler, starts = self._schedulers[place], self.last_epoch in self._milestones
        scheduler.step(0) if starts else scheduler.step()
        self._last_lr = rates(self.optimizer)


class Plateau(LRScheduler):
    """A metric that does not become better."""

    def __init__(
        self, optimizer: Optimizer, mode: str = "min", factor: float = 0.1, patience: int = 10,
        threshold: float = 1e-4, threshold_mode: str = "rel", cooldown: int = 0, min_lr: Any = 0,
        eps: float = 1e-8,
    ) -> None:  # fmt: skip
        if factor >= 1:
            raise ValueError(f"ReduceLROnPlateau: factor must be below 1, and is {factor}")
        if mode not in ("min", "max") or threshold_mode not in ("rel", "abs"):
            raise ValueError(
                "ReduceLROnPlateau: mode is 'min' or 'max', threshold_mode 'rel' or 'abs', not "
                f"{mode!r} and {threshold_mode!r}"
            )
        per_group("min_lr", min_lr, optimizer)
        self.optimizer, self.factor, self.min_lr, self.eps = optimizer, factor, min_lr, eps
        self.mode, self.threshold, self.threshold_mode = mode, threshold, threshold_mode
        self.patience, self.cooldown, self.last_epoch = patience, cooldown, 0
        self.cooldown_counter = self.num_bad_epochs = 0
        self.best = math.inf if mode == "min" else -math.inf
        self._last_lr = rates(optimizer)


class ReduceLROnPlateau(Plateau):
    """Times factor when a metric has not become better for more than `patience` steps."""

    def step(self, metrics: Any, epoch: Any = None) -> None:  # type: ignore[override]
        """Look at the metric of this epoch; in a cooldown no step counts as bad."""
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        better = self.is_better(float(metrics))
        self.best = float(metrics) if better else self.best
        self.num_bad_epochs = 0 if better or self.cooldown_counter else self.num_bad_epochs + 1
        self.cooldown_counter = max(0, self.cooldown_counter - 1)
        if self.num_bad_epochs > self.patience:
            self.reduce()
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
        self._last_lr = rates(self.optimizer)

    def is_better(self, metric: float) -> bool:
        sign = 1 if self.mode == "max" else -1
        change = sign * self.threshold
        bound = self.best * (1 + change) if self.threshold_mode == "rel" else self.best + change
        return sign * metric > sign * bound

    def reduce(self) -> None:
        lows = per_group("min_lr", self.min_lr, self.optimizer)
        for group, lowest in zip(self.optimizer.param_groups, lows):
            lr = max(group["lr"] * self.factor, lowest)
            if group["lr"] - lr > self.eps:
                group["lr"] = lr


__all__ = ["LRScheduler", "StepLR", "MultiStepLR", "ConstantLR", "LinearLR", "ExponentialLR"]
__all__ += ["PolynomialLR", "CosineAnnealingLR", "LambdaLR", "MultiplicativeLR", "OneCycleLR"]
__all__ += ["CosineAnnealingWarmRestarts", "CyclicLR", "SequentialLR", "ChainedScheduler"]
__all__ += ["ReduceLROnPlateau"]
