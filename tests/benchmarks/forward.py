"""Print what forward mode costs beside reverse mode, in times of the function itself.

    python tests/benchmarks/forward.py             two layers of 64 units, 256 examples
    python tests/benchmarks/forward.py 16 32       two layers of 16 units, 32 examples

The Jacobians are those of a function from 2 numbers to 60, and of one from 60 to 2. Every row is a
median of interleaved rounds, one thread. Where PyTorch is installed it computes the same.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).resolve().parents[2])

# The first of these sets the threads; then NumPy may be imported.
# isort: off
from tests.benchmarks.second import compare, libraries, measure, show  # noqa: E402

import numpy as np  # noqa: E402

# isort: on

MANY, FEW = 60, 2


def tasks(torch: Any, hidden: int, examples: int) -> dict[str, Callable[[], Any]]:
    """What is measured, typed as PyTorch code."""
    rng = np.random.default_rng(0)
    x, v = (torch.tensor(rng.normal(size=(examples, hidden))) for _ in range(2))
    w1, w2 = (torch.tensor(rng.normal(size=(hidden, hidden)) / 9) for _ in range(2))
    wide, slim = (torch.tensor(rng.normal(size=size)) for size in ((MANY, FEW), (FEW, MANY)))
    few, many = torch.tensor(rng.normal(size=FEW)), torch.tensor(rng.normal(size=MANY))
    func = torch.func

    def loss(x: Any) -> Any:
        return ((x @ w1).tanh() @ w2).tanh().square().mean()

    def along(x: Any) -> Any:
        return (func.grad(loss)(x) * v).sum()

    return {
        "function": lambda: loss(x),
        "jvp": lambda: func.jvp(loss, (x,), (v,))[1],
        "gradient": lambda: func.grad(loss)(x),
        "Hv, forward over reverse": lambda: func.jvp(func.grad(loss), (x,), (v,))[1],
        "Hv, reverse over reverse": lambda: func.grad(along)(x),
        f"jacfwd, {FEW} to {MANY}": lambda: func.jacfwd(lambda t: (wide @ t).tanh())(few),
        f"jacrev, {FEW} to {MANY}": lambda: func.jacrev(lambda t: (wide @ t).tanh())(few),
        f"jacfwd, {MANY} to {FEW}": lambda: func.jacfwd(lambda t: (slim @ t).tanh())(many),
        f"jacrev, {MANY} to {FEW}": lambda: func.jacrev(lambda t: (slim @ t).tanh())(many),
    }


def main(hidden: int = 64, examples: int = 256) -> None:
    every = {who: tasks(torch, hidden, examples) for who, torch in libraries().items()}
    compare(every)
    show(measure(every))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
