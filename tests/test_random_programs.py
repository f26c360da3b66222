"""Random programs that compute, take parts, and change tensors in place: the gradient is right."""

from __future__ import annotations

import random
from functools import partial
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import func

STEPS = {
    "times": lambda a, b, w, row: a * b,
    "plus": lambda a, b, w, row: a + b,
    "curve": lambda a, b, w, row: a.sigmoid() + b,
    "copy": lambda a, b, w, row: a.clone(),
    "join": lambda a, b, w, row: mg.cat([a[:1], b[1:]]),
    "write a row": lambda a, b, w, row: a.__setitem__(row, b[(row + 1) % 3] * 2),
    "add to a row": lambda a, b, w, row: a.__setitem__(row, a[row] + w),
    "write a column": lambda a, b, w, row: a.__setitem__((slice(None), 1), 0.3),
    "write by a mask": lambda a, b, w, row: a.__setitem__(b > 0.5, 0.1),
    "scale": lambda a, b, w, row: a.mul_(0.5),
    "multiply in place": lambda a, b, w, row: a.mul_(b),
    "add in place": lambda a, b, w, row: a.add_(b),
    "change a part": lambda a, b, w, row: a[row].mul_(2),
    "change a view": lambda a, b, w, row: a.view(12)[row].add_(1),
    "change the transpose": lambda a, b, w, row: a.t().__setitem__(row, b[row, 0]),
}


def run(seed: int, x: Any, w: Any) -> Any:
    """The loss of one random program; the same seed makes the same program."""
    choice = random.Random(seed)
    tensors = [x * 1.0, x + w, (x * w).tanh()]
    for _ in range(choice.randint(3, 9)):
        a, b = choice.choice(tensors), choice.choice(tensors)
        made = STEPS[choice.choice(list(STEPS))](a, b, w, choice.randrange(3))
        if made is not None and all(made is not old for old in tensors) and made.shape == (3, 4):
            tensors.append(made)
    losses = [(t * (i + 1)).sum() * 0.1 + (t * t).mean() for i, t in enumerate(tensors)]
    return mg.stack(losses).sum()


@pytest.mark.parametrize("seed", range(200))
def test_the_gradient_is_what_nudging_says(seed):
    rng = np.random.default_rng(seed)
    arrays, ways = [[rng.standard_normal(s) for s in ((3, 4), (4,))] for _ in range(2)]
    leaves = [mg.tensor(array, requires_grad=True) for array in arrays]
    run(seed, *leaves).backward()
    slope = sum((leaf.grad.numpy() * way).sum() for leaf, way in zip(leaves, ways, strict=True))
    nudge = 1e-6
    up, down = (
        run(seed, *[mg.tensor(a + s * way) for a, way in zip(arrays, ways, strict=True)]).item()
        for s in (nudge, -nudge)
    )
    assert slope == pytest.approx((up - down) / (2 * nudge), rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("seed", range(80))
def test_every_mode_says_the_same(seed):
    rng = np.random.default_rng(seed)
    xs, ways = (tuple(mg.tensor(rng.standard_normal(s)) for s in ((3, 4), (4,))) for _ in range(2))
    program = partial(run, seed)

    def along(function: Any) -> Any:
        return lambda *inputs: func.jvp(function, inputs, ways)[1]

    def dotted(gradients: Any) -> Any:
        return sum((g * way).sum() for g, way in zip(gradients, ways, strict=True))

    gradient = func.grad(program, (0, 1))
    assert along(program)(*xs).item() == pytest.approx(
        dotted(gradient(*xs)).item(), rel=1e-9, abs=1e-9
    )
    second = dotted(func.grad(lambda *ins: dotted(gradient(*ins)), (0, 1))(*xs)).item()
    for nested in (
        lambda: dotted(along(gradient)(*xs)).item(),
        lambda: dotted(func.grad(along(program), (0, 1))(*xs)).item(),
        lambda: along(along(program))(*xs).item(),
    ):
        assert nested() == pytest.approx(second, rel=1e-9, abs=1e-9)
