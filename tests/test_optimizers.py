"""Optimizers and schedules where PyTorch is no oracle: what stays untouched, and what is refused.

That they walk as PyTorch's do is tested in `test_oracle.py`.
"""

from __future__ import annotations

import copy
import inspect
import pickle
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.optim import SGD, Adam, lr_scheduler
from tests.needs import installed_torch

OPTIMIZERS: dict[str, Callable[..., Any]] = {
    "SGD": SGD,
    "momentum": lambda params, lr: SGD(params, lr, momentum=0.9),
    "centered": lambda params, lr: mg.optim.RMSprop(params, lr, momentum=0.9, centered=True),
    "amsgrad": lambda params, lr: Adam(params, lr, amsgrad=True, weight_decay=0.1),
    **{
        name: getattr(mg.optim, name)
        for name in ("Adagrad", "RMSprop", "AdamW", "Adadelta", "Adamax", "NAdam", "RAdam")
    },
}
every = pytest.mark.parametrize("maker", OPTIMIZERS.values(), ids=OPTIMIZERS)
DTYPES = pytest.mark.parametrize("dtype", [mg.float16, mg.float32, mg.float64])


def leaves(dtype: Any = mg.float64) -> list[Any]:
    """A matrix, a single number, a vector, and nothing."""
    rng = np.random.default_rng(0)
    shapes: list[tuple[int, ...]] = [(2, 3), (), (3,), (0,)]
    return [mg.tensor(rng.normal(size=s), dtype=dtype, requires_grad=True) for s in shapes]


def train(optimizer: Any, params: list[Any], steps: int = 3) -> None:
    for _ in range(steps):
        optimizer.zero_grad()
        w, b, c, nothing = params
        ((w * b + c).square().mean() + (b * b).sum() + nothing.sum()).backward()
        optimizer.step()


# ---------------------------------------------------------------- dtypes and arrays


@every
@DTYPES
def test_a_dtype_stays_what_it_is(maker: Any, dtype: Any) -> None:
    params = leaves(dtype)
    shapes = [p.shape for p in params]
    optimizer = maker(params, lr=0.01)
    train(optimizer, params)
    assert [p.shape for p in params] == shapes
    assert all(p.dtype == dtype and p.isfinite().all() for p in params)
    for state in optimizer.state.values():
        for name, value in state.items():
            assert value.dtype == (mg.float32 if name in ("step", "mu_product") else dtype), name


@every
def test_nobody_else_sees_a_step(maker: Any) -> None:
    """Arrays are never written to: neither those of old values, nor of gradients, nor of states."""
    params = leaves()
    optimizer = maker(params, lr=0.1)
    train(optimizer, params)
    held = [x.value for p in params for x in (p, p.grad)]
    held += [s.value for state in optimizer.state.values() for s in state.values()]
    before = copy.deepcopy(held)
    saved = optimizer.state_dict()
    frozen = copy.deepcopy(saved)
    train(optimizer, params)
    for array, old in zip(held, before, strict=True):
        np.testing.assert_array_equal(array, old)
    assert str(saved) == str(frozen)


def test_a_gradient_through_old_weights_is_right_after_the_step() -> None:
    w = mg.tensor([3.0], requires_grad=True)
    w.grad = mg.tensor([1.0])
    loss = (w * w).sum()
    SGD([w], lr=1.0).step()
    w.grad = None
    loss.backward()
    assert w.tolist() == [2.0] and w.grad.tolist() == [6.0]


def test_a_part_moves_the_whole() -> None:
    table = mg.zeros(3, 2)
    row = table[1].requires_grad_()
    row.grad = mg.ones(2)
    SGD([row], lr=0.5).step()
    assert table.tolist() == [[0.0, 0.0], [-0.5, -0.5], [0.0, 0.0]]


def test_parameters_may_be_frozen_and_skipped() -> None:
    a, b = mg.ones(2, requires_grad=True), mg.ones(2)
    optimizer = Adam([a, b])
    optimizer.step()
    (a * b).sum().backward()
    optimizer.step()
    assert b.tolist() == [1.0, 1.0] and (a < 1).all() and len(optimizer.state) == 1


def test_zero_grad_before_backward_is_fine_and_forgets_nan() -> None:
    w = mg.ones(2, requires_grad=True)
    optimizer = SGD([w], lr=0.5)
    optimizer.zero_grad()
    w.grad = mg.tensor([float("nan"), 1.0])
    optimizer.zero_grad(set_to_none=False)
    assert w.grad.tolist() == [0.0, 0.0]
    w.grad = mg.tensor([float("nan"), 1.0])
    optimizer.zero_grad()
    assert w.grad is None


# ---------------------------------------------------------------- states


@every
def test_stopping_and_going_on_changes_no_bit(maker: Any) -> None:
    whole, half = leaves(mg.float32), leaves(mg.float32)
    one = maker(whole, lr=0.05)
    train(one, whole, 9)
    first = maker(half, lr=0.05)
    train(first, half, 4)
    saved = pickle.loads(pickle.dumps(first.state_dict()))
    second = maker(half, lr=7.0)
    second.load_state_dict(saved)
    train(second, half, 5)
    assert all(mg.equal(p, q) for p, q in zip(whole, half, strict=True))
    assert str(one.state_dict()) == str(second.state_dict())


def test_a_loaded_state_is_the_optimizers_own() -> None:
    params = leaves()
    optimizer = OPTIMIZERS["momentum"](params, lr=0.1)
    train(optimizer, params)
    saved = optimizer.state_dict()
    again = OPTIMIZERS["momentum"](params, lr=0.1)
    again.load_state_dict(saved)
    saved["state"][0]["momentum_buffer"].zero_()
    saved["param_groups"][0]["lr"] = 9.0
    assert (again.state[params[0]]["momentum_buffer"] != 0).all()
    assert again.param_groups[0]["lr"] == 0.1


def test_a_state_takes_the_dtype_of_its_parameter() -> None:
    params = leaves(mg.float64)
    optimizer = Adam(params)
    train(optimizer, params)
    single = leaves(mg.float32)
    again = Adam(single)
    again.load_state_dict(optimizer.state_dict())
    train(again, single)
    assert again.state[single[0]]["exp_avg"].dtype == mg.float32


@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop", "Adagrad", "NAdam"])
def test_a_state_of_pytorchs_can_be_continued(name: str) -> None:
    torch = installed_torch()

    def go(library: Any, params: list[Any], optimizer: Any, steps: int) -> None:
        for _ in range(steps):
            optimizer.zero_grad()
            sum((p * p * p).sum() for p in params).backward()
            optimizer.step()

    start = [np.array(leaf.tolist()) for leaf in leaves()[:3]]
    theirs = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in start]
    options = {"momentum": 0.9} if name in ("SGD", "RMSprop") else {}
    optimizer = getattr(torch.optim, name)(theirs, lr=0.01, **options)
    go(torch, theirs, optimizer, 5)
    saved = optimizer.state_dict()
    saved["state"] = {
        place: {key: mg.tensor(value.numpy().copy()) for key, value in state.items()}
        for place, state in saved["state"].items()
    }
    ours = [mg.tensor(p.detach().numpy().copy(), requires_grad=True) for p in theirs]
    again = getattr(mg.optim, name)(ours, lr=1.0, **options)
    again.load_state_dict(saved)
    go(torch, theirs, optimizer, 5)
    go(mg, ours, again, 5)
    for p, q in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(p.tolist(), q.tolist(), rtol=1e-6 if name == "NAdam" else 1e-12)


def test_what_is_refused_changes_nothing() -> None:
    params = leaves()
    optimizer = OPTIMIZERS["momentum"](params, lr=0.1)
    train(optimizer, params)
    before = str(optimizer.state_dict())
    other = OPTIMIZERS["momentum"]([mg.ones(7, requires_grad=True) for _ in params], lr=9.0)
    other.zero_grad()
    for p in other.param_groups[0]["params"]:
        p.grad = mg.ones(7)
    other.step()
    with pytest.raises(ValueError):
        optimizer.load_state_dict(other.state_dict())
    with pytest.raises(ValueError):
        optimizer.add_param_group({"params": [params[0]]})
    assert str(optimizer.state_dict()) == before


# ---------------------------------------------------------------- many small ones as one


def one_by_one(maker: Any, params: list[Any], lr: float) -> Callable[[], None]:
    """An optimizer for each: nothing can be put end to end."""
    optimizers = [maker([p], lr=lr) for p in params]

    def step() -> None:
        for optimizer in optimizers:
            optimizer.step()

    return step


def upset(place: int, optimizer: Any, params: list[Any]) -> None:
    """What may happen to parameters and states between two steps."""
    w, b, c, _ = params
    if place == 1:
        c.grad = None
    elif place == 2:
        w.data = w.data * 2
    elif place == 3:
        with mg.no_grad():
            b += 1
            w[0] = 0.5
    elif place == 4 and optimizer:
        optimizer.load_state_dict(optimizer.state_dict())
    elif place == 5:
        w.grad = None
        b.grad = None
    elif place == 6 and optimizer:
        optimizer.param_groups[0]["params"].reverse()
    elif place == 7 and optimizer:
        optimizer.state = copy.copy(optimizer.state)
        optimizer.state[w] = {k: v.clone() for k, v in optimizer.state[w].items()}


@every
@pytest.mark.parametrize("dtype", [mg.float32, mg.float64])
def test_moving_together_is_moving_one_by_one(maker: Any, dtype: Any) -> None:
    """To the last bit, whatever happens between the steps."""
    together, apart = leaves(dtype), leaves(dtype)
    big = [mg.ones(100, 100, dtype=dtype, requires_grad=True) for _ in range(2)]
    optimizer = maker([*together, big[0]], lr=0.01)
    step = one_by_one(maker, [*apart, big[1]], lr=0.01)
    for place in range(10):
        for params, large in ((together, big[0]), (apart, big[1])):
            for p in (*params, large):
                p.grad = None
            w, b, c, nothing = params
            loss = (
                (w * b + c).square().mean() + (b * b).sum() + nothing.sum() + large.square().sum()
            )
            loss.backward()
        upset(place, optimizer, together)
        upset(place, None, apart)
        optimizer.step()
        step()
        for p, q in zip([*together, big[0]], [*apart, big[1]], strict=True):
            np.testing.assert_array_equal(p.tolist(), q.tolist())


def test_two_rows_of_a_table_move_the_table() -> None:
    """Parts are no pieces of one long array: they stay parts."""
    table = mg.zeros(3, 2)
    rows = [table[i].requires_grad_() for i in (0, 2)]
    optimizer = Adam(rows, lr=0.5)
    for t in range(1, 3):
        for row in rows:
            row.grad = mg.ones(2)
        optimizer.step()
        assert table.round(decimals=4).tolist() == [[-0.5 * t] * 2, [0.0] * 2, [-0.5 * t] * 2]


def test_a_state_changed_by_hand_is_seen() -> None:
    params = leaves()
    optimizer = Adam(params)
    train(optimizer, params)
    w, b = params[:2]
    optimizer.state[w]["exp_avg_sq"] = mg.full((2, 3), 1e12, dtype=mg.float64)
    before, other = w.tolist(), b.item()
    optimizer.step()
    np.testing.assert_allclose(w.tolist(), before, atol=1e-6)
    assert b.item() != other


# ---------------------------------------------------------------- kinds of one's own


def test_an_optimizer_of_ones_own_needs_one_method() -> None:
    class Signs(mg.optim.Optimizer):
        def __init__(self, params: Any, lr: float = 0.5) -> None:
            super().__init__(params, {"lr": lr})

        def update(self, x: Any, g: Any, state: dict[str, Any], group: dict[str, Any]) -> Any:
            return x - np.asarray(group["lr"], x.dtype) * np.sign(g)

    w = mg.tensor([3.0, -0.25], requires_grad=True)
    w.grad = mg.tensor([9.0, -1.0])
    Signs([w]).step()
    assert w.tolist() == [2.5, 0.25]


@pytest.mark.parametrize("name", [*lr_scheduler.__all__, *mg.optim.__all__[:-1]])
def test_arguments_have_pytorchs_names_and_order(name: str) -> None:
    """Up to the options that PyTorch takes by name only, and those that are about speed alone."""
    torch = installed_torch()
    ours, theirs = mg.optim, torch.optim
    if name in lr_scheduler.__all__:
        ours, theirs = lr_scheduler, torch.optim.lr_scheduler
    speed = {"foreach", "fused", "capturable", "differentiable"}
    takes = [
        {k: p for k, p in inspect.signature(kind).parameters.items() if k not in speed}
        for kind in (getattr(ours, name), getattr(theirs, name))
    ]
    takes[0].pop("speed", None)
    assert list(takes[0]) == list(takes[1])
    for key, parameter in takes[1].items():
        assert takes[0][key].default == parameter.default, key


# ---------------------------------------------------------------- schedules


def test_a_schedule_that_comes_too_early_says_so() -> None:
    optimizer = SGD([mg.ones(1, requires_grad=True)])
    schedule = lr_scheduler.StepLR(optimizer, 2)
    with pytest.warns(UserWarning, match=r"^the scheduler's step\(\) came before the optimizer's"):
        schedule.step()
    optimizer.step()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        schedule.step()
        again = lr_scheduler.StepLR(optimizer, 2)
        again.step()


def test_a_rate_changed_by_hand_stays_changed() -> None:
    optimizer = SGD([mg.ones(1, requires_grad=True)], lr=1.0)
    schedule = lr_scheduler.ExponentialLR(optimizer, 0.5)
    optimizer.step()
    optimizer.param_groups[0]["lr"] = 8.0
    schedule.step()
    assert schedule.get_last_lr() == [4.0]


def test_a_schedule_can_be_asked_for_any_epoch() -> None:
    optimizer = SGD([mg.ones(1, requires_grad=True)], lr=1.0)
    schedule = lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 4, 2)
    optimizer.step()
    for epoch, expected in (
        (2, 0.5),
        (2.5, 0.3086582838),
        (4, 1.0),
        (8, 0.5),
        (12, 1.0),
        (1, None),
    ):
        schedule.step(epoch)
        if expected:
            assert schedule.get_last_lr()[0] == pytest.approx(expected)


def test_a_saved_schedule_is_its_own() -> None:
    optimizer = SGD([mg.ones(1, requires_grad=True)], lr=1.0)
    schedule = lr_scheduler.MultiStepLR(optimizer, [1, 2])
    saved = schedule.state_dict()
    optimizer.step()
    schedule.step()
    assert saved["last_epoch"] == 0 and "optimizer" not in saved
    again = lr_scheduler.MultiStepLR(SGD([mg.ones(1, requires_grad=True)], lr=1.0), [7])
    again.load_state_dict(saved)
    again.milestones[9] = 1
    assert list(saved["milestones"]) == [1, 2]


def test_functions_are_no_part_of_a_saved_schedule() -> None:
    for function in (abs, lambda t: 0.5**t):
        optimizer = SGD([mg.ones(1, requires_grad=True)], lr=1.0)
        schedule = lr_scheduler.LambdaLR(optimizer, function)
        saved = schedule.state_dict()
        assert saved["lr_lambdas"] == [None]
        schedule.load_state_dict(saved)
        optimizer.step()
        schedule.step()
        assert schedule.get_last_lr() == [function(1)]


def test_a_cycle_of_one_step_has_no_ramp() -> None:
    optimizer = SGD([mg.ones(1, requires_grad=True)], lr=1.0, momentum=0.5)
    lr_scheduler.OneCycleLR(optimizer, 2.0, total_steps=4, pct_start=0.25)
    assert optimizer.param_groups[0]["lr"] == 2.0


# ---------------------------------------------------------------- errors, as text

x = mg.ones(2, requires_grad=True)
ERRORS: list[tuple[str, type[Exception], str]] = [
    (
        "Grows([x])",
        RuntimeError,
        "update gave float32[1, 2] for a parameter of float32[2]: shape a",
    ),
    ("SGD([])", ValueError, "an optimizer was given no parameters: is the model empty"),
    ("SGD(x)", TypeError, "an optimizer takes a list of tensors, not one tensor: write [tensor]"),
    ("SGD({x})", TypeError, "parameters in a set have another order in every run: use a list"),
    ("SGD([{'params': {x}}])", TypeError, "parameters in a set have another order in every run"),
    ("SGD([x, 2.0])", TypeError, "an optimizer moves tensors, and parameter 1 is a float"),
    ("SGD([x * 2])", ValueError, "an optimizer moves leaves, and parameter 0 was made by mul: use"),
    (
        "SGD([x, x])",
        ValueError,
        "parameter 1 of the group is in the optimizer already: it would move twice a step",
    ),
    (
        "SGD([{'params': [x]}, {'params': x}])",
        ValueError,
        "parameter 0 of the group is in the optimizer already",
    ),
    (
        "SGD([('x', x), mg.ones(2)])",
        ValueError,
        "either all parameters of a group have names, or none: 1 of 2 came as (name, tensor)",
    ),
    (
        "SGD([('x', x)]).add_param_group({'params': mg.ones(2)})",
        ValueError,
        "either all groups have named parameters, or none has",
    ),
    ("SGD([x]).add_param_group([x])", TypeError, "a group of parameters is a dict, not a list"),
    (
        "SGD([x]).add_param_group({'lr': 1})",
        KeyError,
        "\"a group of parameters needs 'params', and has ['lr']",
    ),
    ("SGD([x], lr=-0.1)", ValueError, "SGD: lr must not be negative, and is -0.1"),
    ("SGD([x], lr=float('nan'))", ValueError, "SGD: lr must not be negative, and is nan"),
    (
        "SGD([{'params': [x], 'weight_decay': -1}])",
        ValueError,
        "SGD: weight_decay must not be negative, and is -1",
    ),
    ("SGD([x], lr=mg.tensor(0.1))", TypeError, "SGD: lr is a number, not a tensor: take its item"),
    ("SGD([x], nesterov=True)", ValueError, "SGD: nesterov=True needs a momentum above 0 and no"),
    ("SGD([x], momentun=0.9)", TypeError, "SGD has no option momentun"),
    ("SGD([x], capturable=True)", TypeError, "SGD has no option capturable"),
    ("Adam([x], capturable=True)", RuntimeError, "Adam: capturable=True is not supported"),
    ("Adam([x], differentiable=True)", RuntimeError, "Adam: differentiable=True is not supported"),
    ("Adam([x], betas=(0.9, 1.0))", ValueError, "Adam: betas[1] must be in [0, 1), and is 1.0"),
    ("mg.optim.Optimizer([x], {})", NotImplementedError, "Optimizer needs a method update, or a"),
    (
        "SGD([x]).load_state_dict({})",
        ValueError,
        "SGD.load_state_dict: an optimizer's state has the keys 'state' and 'param_groups'",
    ),
    (
        "SGD([x]).load_state_dict(SGD([x, mg.ones(3)]).state_dict())",
        ValueError,
        "SGD.load_state_dict: the saved groups have [2] parameters, those of this optimizer [1]",
    ),
    (
        "Adam([x]).load_state_dict(SGD([x]).state_dict())",
        ValueError,
        "Adam.load_state_dict: the saved groups have no betas, eps: they are those of another kind",
    ),
    (
        "Adam([x]).load_state_dict(used(Adam, mg.ones(3)).state_dict())",
        ValueError,
        "Adam.load_state_dict: exp_avg of parameter 0 has shape [3], the parameter itself [2]",
    ),
    (
        "with_gradient(x, mg.ones(3))",
        RuntimeError,
        "a parameter of float32[2] has a gradient of float32[3]: was its data replaced since",
    ),
    ("with_gradient(x, mg.ones(2).double())", RuntimeError, "a parameter of float32[2] has a grad"),
    ("with_gradient(x, np.ones(2))", TypeError, "a gradient is a tensor, not a ndarray"),
    (
        "reshaped_between_steps()",
        RuntimeError,
        "a parameter of float32[2] has the state exp_avg_sq of float32[1, 2]: was its",
    ),
    ("lr_scheduler.StepLR(x, 3)", TypeError, "a scheduler needs an optimizer, not a Tensor"),
    ("lr_scheduler.OneCycleLR(x, 3)", TypeError, "a scheduler needs an optimizer, not a Tensor"),
    (
        "lr_scheduler.StepLR(SGD([x]), 3, last_epoch=4)",
        KeyError,
        "\"to continue at last_epoch=4, group 0 needs 'initial_lr': load the optimizer's state",
    ),
    ("lr_scheduler.LRScheduler(SGD([x]))", NotImplementedError, "LRScheduler needs a method get_l"),
    (
        "lr_scheduler.ConstantLR(SGD([x]), 2.0)",
        ValueError,
        "ConstantLR: factor must be from 0 to 1, and is 2.0",
    ),
    (
        "lr_scheduler.LinearLR(SGD([x]), 0.0)",
        ValueError,
        "LinearLR: start_factor must be above 0 and at most 1, and is 0.0",
    ),
    (
        "lr_scheduler.LambdaLR(SGD([x]), [abs, abs])",
        ValueError,
        "lr_lambda has 2 values, the optimizer 1 groups",
    ),
    (
        "lr_scheduler.LambdaLR(SGD([x]), 0.9)",
        TypeError,
        "lr_lambda is a function, not a float",
    ),
    (
        "lr_scheduler.CosineAnnealingWarmRestarts(SGD([x]), 2.5)",
        ValueError,
        "CosineAnnealingWarmRestarts: T_0 must be an integer from 1 on, not 2.5",
    ),
    (
        "lr_scheduler.OneCycleLR(SGD([x]), 1.0, epochs=3)",
        ValueError,
        "OneCycleLR needs total_steps, or both epochs and steps_per_epoch",
    ),
    (
        "lr_scheduler.OneCycleLR(SGD([x]), 1.0, 0)",
        ValueError,
        "OneCycleLR: a number of steps must be 1 or more, not 0",
    ),
    (
        "lr_scheduler.OneCycleLR(SGD([x]), 1.0, 9, anneal_strategy='sine')",
        ValueError,
        "anneal_strategy is 'cos' or 'linear', not 'sine'",
    ),
    (
        "lr_scheduler.OneCycleLR(mg.optim.Adagrad([x]), 1.0, 9)",
        ValueError,
        "Adagrad has no momentum to cycle: say cycle_momentum=False",
    ),
    (
        "a_group_too_late()",
        ValueError,
        "ExponentialLR knows 1 groups, and the optimizer has 2 now: make a new scheduler after",
    ),
    ("beyond_the_cycle()", ValueError, "the cycle has 2 steps, and this is step 3"),
    (
        "lr_scheduler.CyclicLR(SGD([x]), 0.1, 1.0, mode='square')",
        ValueError,
        "mode is 'triangular', 'triangular2' or 'exp_range', not 'square'",
    ),
    (
        "lr_scheduler.ChainedScheduler([])",
        ValueError,
        "ChainedScheduler needs at least one scheduler",
    ),
    (
        "lr_scheduler.SequentialLR(o := SGD([x]), [lr_scheduler.StepLR(o, 2)], [3])",
        ValueError,
        "SequentialLR: 1 schedulers need 0 milestones, not 1",
    ),
    (
        "lr_scheduler.SequentialLR(SGD([x]), [lr_scheduler.StepLR(SGD([x]), 2)], [])",
        ValueError,
        "SequentialLR: scheduler 0 belongs to another optimizer",
    ),
    (
        "lr_scheduler.SequentialLR(o := SGD([x]), [o], [])",
        TypeError,
        "SequentialLR: item 0 is not a scheduler",
    ),
    (
        "lr_scheduler.ChainedScheduler([lr_scheduler.ReduceLROnPlateau(SGD([x]))])",
        ValueError,
        "ChainedScheduler: ReduceLROnPlateau needs a metric at every step, so it cannot be a part",
    ),
    (
        "lr_scheduler.ReduceLROnPlateau(SGD([x]), factor=1.5)",
        ValueError,
        "ReduceLROnPlateau: factor must be below 1, and is 1.5",
    ),
    (
        "lr_scheduler.ReduceLROnPlateau(SGD([x]), mode='least')",
        ValueError,
        "ReduceLROnPlateau: mode is 'min' or 'max', threshold_mode 'rel' or 'abs', not 'least' and",
    ),
]


class Grows(mg.optim.Optimizer):
    """An update that is wrong."""

    def __init__(self, params: Any) -> None:
        super().__init__(params, {})

    def update(self, x: Any, g: Any, state: dict[str, Any], group: dict[str, Any]) -> Any:
        return x[None]


def used(maker: Any, parameter: Any) -> Any:
    optimizer = maker([parameter])
    parameter.grad = mg.ones(parameter.shape)
    optimizer.step()
    return optimizer


def with_gradient(parameter: Any, gradient: Any) -> None:
    fresh = mg.ones(parameter.shape, requires_grad=True)
    fresh.grad = gradient
    SGD([fresh]).step()


def reshaped_between_steps() -> None:
    w = mg.ones(1, 2, requires_grad=True)
    optimizer = used(Adam, w)
    w.grad = None
    w.data = mg.ones(2)
    w.grad = mg.ones(2)
    optimizer.step()


def a_group_too_late() -> None:
    optimizer = SGD([mg.ones(1)])
    schedule = lr_scheduler.ExponentialLR(optimizer, 0.5)
    optimizer.add_param_group({"params": mg.ones(1)})
    optimizer.step()
    schedule.step()


def beyond_the_cycle() -> None:
    optimizer = SGD([x], momentum=0.5)
    schedule = lr_scheduler.OneCycleLR(optimizer, 1.0, total_steps=2, pct_start=0.5)
    x.grad = None
    optimizer.step()
    for _ in range(3):
        schedule.step()


@pytest.mark.parametrize(("code", "error", "text"), ERRORS, ids=[code for code, _, _ in ERRORS])
def test_errors_say_what_is_wrong(code: str, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        stepped(eval(code))
    assert str(caught.value).startswith(text)


def stepped(made: Any) -> None:
    """What is wrong with an optimizer may show only when it moves something."""
    if isinstance(made, mg.optim.Optimizer):
        made.param_groups[0]["params"][0].grad = mg.ones(2)
        made.step()
