# Exported from book/19_machine.ipynb, book/20_pictures.ipynb: change it there, not here.
"""What to feed every rule of the library, to check it: whoever adds a rule adds an example."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

# --- book/19_machine.ipynb: Inside the machine


PLACES = (np.array([[0, 1], [1, 0]]), np.array([[0, 0], [2, 0]]))


def made(*shape: int, seed: int = 0) -> Any:
    """Numbers between 0.2 and 0.9, none of them equal, where every function is smooth."""
    rng = np.random.default_rng(seed)
    n = int(np.prod(shape))
    return rng.permutation(np.linspace(0.2, 0.9, n + 1)[:n]).reshape(shape)


def pair(a: tuple[int, ...], b: tuple[int, ...]) -> list[Any]:
    return [made(*a, seed=1), made(*b, seed=2) * 0.9]


def using(*options: Any, **named: Any) -> Callable[[Any], Any]:
    return lambda rule: lambda *xs: rule(*xs, *options, **named)


plain = using()
one = [made(2, 3)]
# rule -> (how it is called, the arrays it gets)
EXAMPLES: dict[str, tuple[Any, list[Any]]] = {
    "dot": (plain, pair((3,), (3,))),
    "matvec": (plain, pair((2, 3), (3,))),
    "vecmat": (plain, pair((2,), (2, 3))),
    "matmat": (plain, pair((2, 3), (3, 2))),
    "batched": (plain, pair((2, 1, 2, 3), (3, 3, 2))),
    "cast": (using(np.float64), one),
    "power": (using(n=3), one),
    "sum": (using((0,), False), one),
    "broadcast": (using((2, 2, 3)), one),
    "getitem": (using((slice(None), [0, 0, 2])), one),
    "put": (using(PLACES, (2, 3)), [made(2, 2)]),
    "assign": (using(index=(1, slice(None, 2))), pair((2, 3), (2,))),
    "reshaped": (using((3, 2)), one),
    "permuted": (using((1, 2, 0)), [made(2, 2, 2)]),
    "joined": (using(axis=1), pair((2, 3), (2, 1))),
    "bordered": (using(((1, 0), (0, 2)), 0.5), one),
    "tril": (using(-1), [made(3, 3)]),
    "triu": (using(1), [made(3, 3)]),
}


EXAMPLES |= {
    "chosen": (using(condition=np.array([True, False, True])), pair((2, 3), (3,))),
    "limited": (using(low=0.3, high=0.7), one),
    "between": (plain, [made(2, 3), np.full(3, 0.31), np.full((2, 1), 0.71)]),
    "mean": (using((1,), True), one),
    "variance": (using((1,), False, correction=1), one),
    "deviation": (using((1,), False, correction=1), one),
    "product": (using((1,), False), [made(2, 3) * [1, 0, 1]]),
    "norm_p": (using((0, 1), False, p=3), one),
    "cumulated": (using(1), one),
    "multiplied": (using(1), [made(2, 3) * [1, 0, 1]]),
    "contracted": (using(terms=("ij", "jkl"), out="ik"), pair((2, 3), (3, 2, 2))),
    **dict.fromkeys(("neg", "relu", "abs", "sign", "clone", "erf", "sigmoid"), (plain, one)),
    **dict.fromkeys(("exp", "expm1", "exp2", "log", "log1p", "log2", "log10"), (plain, one)),
    **dict.fromkeys(("sqrt", "rsqrt", "reciprocal", "sin", "cos", "tan"), (plain, one)),
    **dict.fromkeys(("asin", "acos", "atan", "sinh", "cosh", "tanh"), (plain, one)),
    **dict.fromkeys(("floor", "ceil", "trunc", "round"), (plain, one)),
    **{name: (plain, pair((2, 3), (3,))) for name in ("add", "sub", "mul", "div", "power_of")},
    **{name: (plain, pair((2, 1), (3,))) for name in ("maximum", "minimum", "atan2", "hypot")},
    **{name: (plain, pair((2, 3), (2, 1))) for name in ("logaddexp", "remainder", "fmod")},
    "floor_divide": (plain, pair((2, 3), (2, 1))),
}


EXAMPLES |= {
    "entering": (plain, one),
    **{name: (using((1,), False), one) for name in ("amax", "amin", "log_of_sum", "norm2")},
    "middle": (using((0, 1), False), one),
    **dict.fromkeys(("exp_shares", "log_shares"), (using((1,)), one)),
    "leaky": (using(slope=0.1), [made(2, 3) - 0.5]),
    "leaky_by": (plain, [made(2, 3) - 0.5, made(3)]),
    "bent": (using(alpha=1.5, rate=2.0, scale=1.1), [made(2, 3) - 0.5]),
    "ramp": (using(low=0.3, high=0.7), one),
    "straightened": (plain, [made(2, 3) * 8 - 4]),
    "cut": (using(edge=0.5, value=7.0), one),
    "soft_ramp": (using(beta=2.0, threshold=1.0), one),
    **dict.fromkeys(("gauss", "gauss_by_tanh", "self_gated", "soft_gated"), (plain, one)),
    **dict.fromkeys(("logsigmoid", "softsign", "tanhshrink"), (plain, one)),
    "square_loss": (using(0.5), pair((2, 3), (2, 3))),
    "huber": (using(delta=0.6), one),
    "label_entropy": (using(np.array([2, 0]), np.array([0.5, 2.0]), False), one),
    "soft_entropy": (using(0.5, True), pair((2, 3), (2, 3))),
    "bernoulli": (plain, pair((2, 3), (2, 3))),
    "logit_entropy": (plain, [*pair((2, 3), (2, 3)), made(3)]),
    "divergence": (plain, pair((2, 3), (2, 3))),
}


EXAMPLES |= {
    "affine": (plain, [made(2, 2, 3), *pair((4, 3), (4,))]),
    "looked_up": (using(np.array([0, 2, 0]), 1), [made(3, 2)]),
    "normalized_rows": (using(eps=0.1, centre=True), [made(2, 2, 3), *pair((3,), (3,))]),
    "normalized_columns": (using(eps=0.1), [made(3, 2, 2), *pair((2,), (2,))]),
}


# --- book/20_pictures.ipynb: Pictures and sentences


EXAMPLES |= {
    "windows": (using((2, 2), (1, 1), (1, 1)), [made(1, 2, 3, 3)]),
    "laid": (using((2, 2), (1, 1), (1, 1), (1, 1, 3, 3)), [made(1, 1, 4, 2, 2)]),
    "convolved": (using((1, 2), (2, 1), 2), [made(2, 2, 3, 4), made(2, 1, 2, 2, seed=1)]),
    "largest": (using((2, 2), (1, 1), (1, 1)), [made(1, 2, 3, 3)]),
    "attended": (using(0.7), [made(2, *sizes) for sizes in ((3, 2), (4, 2), (4, 3), (3, 4))]),
}
