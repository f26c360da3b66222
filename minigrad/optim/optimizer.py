# Exported from book/13_optimizers.ipynb: change it there, not here.
"""What all optimizers share: groups of parameters, a state for each, and the step."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import numpy as np

from minigrad.changing import overwrite
from minigrad.engine import Array, Node, described, wrapped
from minigrad.engine import state as engine_state
from minigrad.tensor import Tensor, enable_grad


def listed(given: Any) -> list[Any]:
    """Parameters as a list, in a certain order."""
    if isinstance(given, set):
        raise TypeError("parameters in a set have another order in every run: use a list")
    return [given] if isinstance(given, Node) else list(given)


def groups_of(params: Any) -> list[dict[str, Any]]:
    """What an optimizer is given, as a list of groups."""
    if isinstance(params, Node):
        raise TypeError("an optimizer takes a list of tensors, not one tensor: write [tensor]")
    given = listed(params)
    if not given:
        raise ValueError(
            "an optimizer was given no parameters: is the model empty, or was its generator of "
            "parameters used up?"
        )
    return given if isinstance(given[0], dict) else [{"params": given}]


def named_apart(given: list[Any]) -> tuple[list[Any], list[str]]:
    """The parameters of a group, and their names where they came as pairs."""
    pairs = [item for item in given if isinstance(item, tuple)]
    if pairs and len(pairs) < len(given):
        raise ValueError(
            "either all parameters of a group have names, or none: "
            f"{len(pairs)} of {len(given)} came as (name, tensor)"
        )
    return [item[1] for item in pairs] or given, [item[0] for item in pairs]


def may_move(parameter: Any, place: int) -> None:
    """Whether an optimizer can give this other values."""
    if not isinstance(parameter, Node):
        raise TypeError(
            f"an optimizer moves tensors, and parameter {place} is a {type(parameter).__name__}"
        )
    if parameter.rule is not None:
        raise ValueError(
            f"an optimizer moves leaves, and parameter {place} was made by "
            f"{parameter.rule.__name__}: use what it was made from, or its detach()"
        )


def check_options(name: str, group: dict[str, Any]) -> None:
    """Numbers that no optimizer can use, and options that would change nothing here."""
    for option, value in group.items():
        if isinstance(value, Node):
            raise TypeError(f"{name}: {option} is a number, not a tensor: take its item()")
        if isinstance(value, (int, float)) and not value >= 0 and option in NOT_NEGATIVE:
            raise ValueError(f"{name}: {option} must not be negative, and is {value}")
    for place, beta in enumerate(group.get("betas", ())):
        if not 0 <= beta < 1:
            raise ValueError(f"{name}: betas[{place}] must be in [0, 1), and is {beta}")
    for option in ("differentiable", "capturable"):
        if group.get(option):
            raise RuntimeError(f"{name}: {option}=True is not supported: a step is not recorded")


NOT_NEGATIVE = {"lr", "momentum", "weight_decay", "eps", "alpha", "rho", "lr_decay"}
NOT_NEGATIVE |= {"initial_accumulator_value", "momentum_decay"}


def check_fits(group: dict[str, Any], groups: list[dict[str, Any]]) -> None:
    """No parameter twice; names in every group or in none."""
    known = {id(parameter) for other in groups for parameter in other["params"]}
    for place, parameter in enumerate(group["params"]):
        if id(parameter) in known:
            raise ValueError(
                f"parameter {place} of the group is in the optimizer already: it would move twice "
                "a step"
            )
        known.add(id(parameter))
    if any(("param_names" in other) != ("param_names" in group) for other in groups):
        raise ValueError("either all groups have named parameters, or none has")


class Grouping:
    """The skill of keeping parameters in groups, each with options of its own."""

    defaults: dict[str, Any]
    param_groups: list[dict[str, Any]]
    state: defaultdict[Any, dict[str, Any]]
    plans: dict[int, Any]  # which parameters move together

    def check(self, group: dict[str, Any]) -> None:
        check_options(type(self).__name__, group)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Take in more parameters, with options of their own or the defaults."""
        if not isinstance(param_group, dict):
            raise TypeError(f"a group of parameters is a dict, not a {type(param_group).__name__}")
        if "params" not in param_group:
            raise KeyError(f"a group of parameters needs 'params', and has {list(param_group)}")
        parameters, names = named_apart(listed(param_group["params"]))
        for place, parameter in enumerate(parameters):
            may_move(parameter, place)
        group = {**self.defaults, **param_group, "params": parameters}
        if names:
            group["param_names"] = names
        self.check(group)
        check_fits(group, self.param_groups)
        self.param_groups.append(group)


def number(x: Array, value: float) -> Array:
    """A number in the dtype of x: in NumPy 1 a Python number makes float64 of a lone float32."""
    return np.asarray(value, x.dtype)


def gradient_of(parameter: Any) -> Array:
    """The array of its gradient, which must be like the array of its value."""
    grad, value = parameter.grad, parameter.value
    if not isinstance(grad, Node):
        raise TypeError(f"a gradient is a tensor, not a {type(grad).__name__}")
    if grad.value.shape != value.shape or grad.value.dtype != value.dtype:
        raise RuntimeError(
            f"a parameter of {described(value)} has a gradient of {described(grad.value)}: "
            "was its data replaced since backward()? Clear it with zero_grad()"
        )
    return grad.value


COUNTS = ("step", "mu_product")  # one number each, in a dtype of its own


def check_state(parameter: Any, state: dict[str, Any]) -> None:
    """What is remembered must have the parameter's shape (all of it has one, so one is asked)."""
    name = next(reversed(state), "step")
    if name not in COUNTS and state[name].shape != parameter.value.shape:
        raise RuntimeError(
            f"a parameter of {described(parameter.value)} has the state {name} of "
            f"{described(state[name].value)}: was its data replaced since the last step?"
        )


def check_new(old: Array, new: Array) -> None:
    if new.shape != old.shape or new.dtype != old.dtype:
        raise RuntimeError(
            f"update gave {described(new)} for a parameter of {described(old)}: shape and dtype "
            "must be the same"
        )


def give(parameter: Any, new: Array) -> None:
    """Let the array be the parameter's value; what the parameter is a part of takes part."""
    if parameter.base is None:
        parameter.value = new
    else:
        overwrite(parameter, new)


def decayed(x: Array, g: Array, group: dict[str, Any]) -> tuple[Array, Array]:
    """Weight decay: a pull to zero, through the gradient or (decoupled) beside it."""
    decay = group.get("weight_decay")
    if not decay:
        return x, g
    if group.get("decoupled_weight_decay"):
        return x * number(x, 1 - group["lr"] * decay), g
    return x, g + x * number(x, decay)


class Moving(Grouping):
    """The skill of moving one parameter."""

    def move(self, parameter: Any, group: dict[str, Any]) -> None:
        """Give one parameter a new array."""
        g = gradient_of(parameter)
        x, g = decayed(parameter.value, -g if group.get("maximize") else g, group)
        state = self.state.get(parameter, {})
        if state:
            check_state(parameter, state)
        new = self.update(x, g, state, group)
        check_new(parameter.value, new)
        give(parameter, new)
        if state:
            self.state[parameter] = state

    def update(self, x: Array, g: Array, state: dict[str, Any], group: dict[str, Any]) -> Array:
        """The new array of a parameter x with the gradient g: what makes an optimizer."""
        raise NotImplementedError(f"{type(self).__name__} needs a method update, or a step")


class Stepping(Moving):
    """The skill of moving every parameter that has a gradient."""

    stepped = False  # has it ever been? A scheduler asks

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move the parameters; a closure computes the loss and its gradients first."""
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        for place, group in enumerate(self.param_groups):
            self.move_all([p for p in group["params"] if p.grad is not None], place)
        self.stepped = True
        return loss

    def move_all(self, parameters: list[Any], place: int) -> None:
        """Move these parameters of one group."""
        for parameter in parameters:
            self.move(parameter, self.param_groups[place])


class Clearing:
    """The skill of clearing gradients, and of being printed."""

    param_groups: list[dict[str, Any]]

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, or fill them with zeros."""
        for group in self.param_groups:
            for parameter in group["params"]:
                grad = parameter.grad
                if set_to_none or grad is None:
                    parameter.grad = None
                elif grad.rule is not None:
                    parameter.grad = wrapped(grad, np.zeros_like(grad.value))
                else:
                    overwrite(grad, np.zeros_like(grad.value))

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for place, group in enumerate(self.param_groups):
            options = sorted(option for option in group if option != "params")
            lines += [f"Parameter Group {place}", *(f"    {k}: {group[k]}" for k in options)]
        return "\n".join([*lines, ")"])


def snapshot(value: Any) -> Any:
    """What a state holds, as it is now: no array is ever written to, so nothing is copied."""
    return wrapped(value, value.value) if isinstance(value, Node) else copy.deepcopy(value)


def options_of(group: dict[str, Any]) -> dict[str, Any]:
    """A copy of all that a group holds besides its parameters."""
    return copy.deepcopy({name: value for name, value in group.items() if name != "params"})


def numbered(groups: list[dict[str, Any]]) -> dict[Any, int]:
    """Every parameter with its number: they are counted through all groups."""
    parameters = [parameter for group in groups for parameter in group["params"]]
    return {parameter: place for place, parameter in enumerate(parameters)}


class Saving(Grouping):
    """The skill of being saved and continued."""

    def state_dict(self) -> dict[str, Any]:
        """Options and state, the parameters numbered as they stand in the groups."""
        numbers, state = numbered(self.param_groups), {}
        groups = [
            {**options_of(group), "params": [numbers[p] for p in group["params"]]}
            for group in self.param_groups
        ]
        for key, own in self.state.items():
            state[numbers.get(key, key)] = {name: snapshot(own[name]) for name in own}
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue as the optimizer whose `state_dict()` this is would have."""
        name = f"{type(self).__name__}.load_state_dict"
        pairs = matching(name, self.param_groups, state_dict)
        state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        for group, saved in pairs:
            for parameter, place in zip(group["params"], saved["params"]):
                if place in state_dict["state"]:
                    state[parameter] = fitted(name, parameter, place, state_dict["state"][place])
        self.param_groups = [continued(name, self.defaults, *pair) for pair in pairs]
        self.state = state


def matching(name: str, groups: Any, state_dict: Any) -> list[tuple[Any, Any]]:
    """Each group with the saved group that belongs to it."""
    if not isinstance(state_dict, dict) or not {"state", "param_groups"} <= state_dict.keys():
        raise ValueError(f"{name}: an optimizer's state has the keys 'state' and 'param_groups'")
    sizes = [len(group["params"]) for group in groups]
    saved = [len(group["params"]) for group in state_dict["param_groups"]]
    if saved != sizes:
        raise ValueError(
            f"{name}: the saved groups have {saved} parameters, those of this optimizer {sizes}"
        )
    return list(zip(groups, state_dict["param_groups"]))


WEIGHTY = (int, float, tuple)  # without an option of such a kind a step would be another one


def continued(name: str, defaults: Any, group: Any, saved: dict[str, Any]) -> dict[str, Any]:
    """A group with the saved options."""
    missing = [key for key in defaults if key not in saved and type(defaults[key]) in WEIGHTY]
    if missing:
        raise ValueError(
            f"{name}: the saved groups have no {', '.join(missing)}: they are those of another "
            "kind of optimizer"
        )
    names = {key: group[key] for key in group if key == "param_names"}
    return {**defaults, **names, **options_of(saved), "params": group["params"]}


def fitted(name: str, parameter: Any, place: Any, saved: dict[str, Any]) -> dict[str, Any]:
    """The saved state of one parameter, in its dtype."""
    state = copy.deepcopy(saved)
    for key, value in state.items():
        if isinstance(value, Node) and key not in COUNTS:
            if value.shape != parameter.shape:
                raise ValueError(
                    f"{name}: {key} of parameter {place} has shape {list(value.shape)}, the "
                    f"parameter itself {list(parameter.shape)}"
                )
            value.value = value.value.astype(parameter.dtype)
    return state


SPEED = {"foreach": None, "fused": None, "capturable": False, "differentiable": False}


class Optimizer(Stepping, Clearing, Saving):
    """Moves parameters along their gradients, each kind in its own way.

    A kind of its own needs a method `update(x, g, state, group)` that returns the new array of a
    parameter, or, as in PyTorch, a `step` of its own.
    """

    speed: ClassVar[tuple[str, ...]] = ()  # options of PyTorch's that change no number

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any], **speed: Any) -> None:
        unknown = [option for option in speed if option not in self.speed]
        if unknown:
            raise TypeError(f"{type(self).__name__} has no option {', '.join(unknown)}")
        self.defaults = {**defaults, **{name: SPEED[name] for name in self.speed}, **speed}
        self.param_groups, self.state, self.plans = [], defaultdict(dict), {}
        for group in groups_of(params):
            self.add_param_group(group)


def moved(x: Array, direction: Array, lr: float) -> Array:
    """A new array: x, and a step against the direction."""
    new = direction * number(x, -lr)
    new += x
    return new


def kept(state: dict[str, Any], name: str, new: Array) -> Array:
    """The new array, which takes its place in the state."""
    if name in state:
        state[name].value = new
    else:
        state[name] = Tensor(new)
    return new


def average(state: dict[str, Any], name: str, new: Array, keep: float) -> Array:
    """A running average in the state: it keeps a part of itself and takes in the rest anew."""
    mean = new * number(new, 1 - keep)
    if name in state:
        mean += state[name].value * number(new, keep)
    return kept(state, name, mean)


def counted(state: dict[str, Any]) -> float:
    """How many steps this parameter has made, this one included."""
    if "step" not in state:
        double = engine_state.default_dtype == np.float64
        state["step"] = Tensor(0.0, np.float64 if double else np.float32)
    before = state["step"].value
    state["step"].value = before + before.dtype.type(1)
    return float(state["step"].value)


__all__ = ["Optimizer"]
