"""Print what derivatives of derivatives cost, in times of the function itself.

    python tests/benchmarks/second.py             a network of about 5,000 weights, 256 examples
    python tests/benchmarks/second.py 16 32       16 hidden units, 32 examples

The loss is that of two layers with tanh. Every row is a median of interleaved rounds, one thread.
Where PyTorch is installed it computes the same, by the same names, and the numbers are compared.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

sys.path[0] = str(Path(__file__).resolve().parents[2])
for threads in ("OMP", "OPENBLAS", "MKL", "VECLIB_MAXIMUM", "NUMEXPR"):
    os.environ[f"{threads}_NUM_THREADS"] = "1"

# The threads are set and the repository is found; now NumPy may be imported.
import numpy as np  # noqa: E402

INPUTS = 8
ROUNDS = 15


def tasks(torch: Any, hidden: int, examples: int) -> dict[str, Callable[[], Any]]:
    """What is measured, typed as PyTorch code."""
    rng = np.random.default_rng(0)
    x, v = (torch.tensor(rng.normal(size=size)) for size in ((examples, INPUTS), (hidden,) * 2))
    w1 = torch.tensor(rng.normal(size=(INPUTS, hidden)) / 3)
    w2 = torch.tensor(rng.normal(size=(hidden, hidden)) / 9, requires_grad=True)
    bias = torch.tensor(rng.normal(size=hidden))

    def loss(w: Any) -> Any:
        return ((x @ w1).tanh() @ w).tanh().square().mean()

    def by_bias(b: Any) -> Any:
        return ((x @ w1 + b).tanh() @ w2.detach()).tanh().square().mean()

    def gradient(create_graph: bool = False) -> Any:
        return torch.autograd.grad(loss(w2), w2, create_graph=create_graph)[0]

    return {
        "function": lambda: loss(w2.detach()),
        "gradient": gradient,
        "gradient with a graph": lambda: gradient(create_graph=True).detach(),
        "func.grad": lambda: torch.func.grad(loss)(w2.detach()),
        "Hessian times vector": lambda: torch.autograd.functional.hvp(loss, w2, v)[1],
        f"Hessian of {hidden} numbers": lambda: torch.autograd.functional.hessian(by_bias, bias),
    }


def seconds(task: Callable[[], Any]) -> float:
    start = perf_counter()
    task()
    return perf_counter() - start


def measure(every: dict[str, dict[str, Callable[[], Any]]]) -> dict[str, dict[str, float]]:
    """Medians; in each round every library computes every task once."""
    times: dict[str, dict[str, list[float]]] = {
        who: {name: [] for name in todo} for who, todo in every.items()
    }
    for _ in range(ROUNDS):
        for who, todo in every.items():
            for name, task in todo.items():
                times[who][name].append(seconds(task))
    return {who: {name: median(t) for name, t in todo.items()} for who, todo in times.items()}


def libraries() -> dict[str, Any]:
    import minigrad

    found: dict[str, Any] = {"minigrad": minigrad}
    try:
        import torch
    except ImportError:
        return found
    torch.set_num_threads(1)
    return {**found, "PyTorch": torch}


def compare(every: dict[str, dict[str, Callable[[], Any]]]) -> None:
    """All libraries compute the same numbers."""
    first, *others = every.values()
    for other in others:
        for name, task in first.items():
            a, b = np.asarray(task().detach()), np.asarray(other[name]().detach())
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-14, err_msg=name)


def main(hidden: int = 64, examples: int = 256) -> None:
    every = {who: tasks(torch, hidden, examples) for who, torch in libraries().items()}
    compare(every)
    show(measure(every))


def show(times: dict[str, dict[str, float]]) -> None:
    """A row for every task: seconds, and how many times the function."""
    heads = "".join(f"{who:>12}{'functions':>12}" for who in times)
    print(f"{'':<26}{heads}")
    for name in next(iter(times.values())):
        cells = [(row[name], row[name] / row["function"]) for row in times.values()]
        print(f"{name:<26}" + "".join(f"{t * 1e3:9.3f} ms{ratio:12.1f}" for t, ratio in cells))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
