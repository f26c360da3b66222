"""Long chains: what one operation costs, on one number and on a small array, at any depth."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

import numpy as np

from tests.benchmarks.workload import (
    Array,
    Data,
    Library,
    Step,
    Target,
    Workload,
    as_parameters,
    forget_gradients,
    gradients,
)


def scalar_data() -> Data:
    """y = y * w + b, five hundred times: a thousand operations."""
    return {"y": np.array(0.5), "w": np.array(0.999), "b": np.array(0.01)}


def scalar_by_hand(data: Data) -> Step:
    y0, w, b = (float(data[name]) for name in "ywb")

    def step() -> list[Any]:
        y, used = y0, []
        for _ in range(500):
            used.append(y)
            y = y * w + b
        g, to_w, to_b = 1.0, 0.0, 0.0
        for value in reversed(used):
            to_b += g
            to_w += g * value
            g *= w
        return [np.float64(y), np.float64(to_w), np.float64(to_b)]

    return step


def scalar_program(library: Library, data: Data) -> Step:
    torch = library.torch
    y0, w, b = torch.tensor(data["y"]), *as_parameters(torch, (data["w"], data["b"]))

    def step() -> list[Any]:
        forget_gradients((w, b))
        y = y0
        for _ in range(500):
            y = y * w
            y = y + b
        y.backward()
        return [y, *gradients((w, b))]

    return step


def scalar_micrograd(data: Data) -> Step:
    """karpathy/micrograd, as its README uses it. It walks the graph by recursion."""
    from micrograd.engine import Value  # type: ignore[import-untyped, unused-ignore]

    sys.setrecursionlimit(10_000)
    y0, w, b = (Value(float(data[name])) for name in "ywb")

    def step() -> list[Any]:
        w.grad = b.grad = 0
        y = y0
        for _ in range(500):
            y = y * w
            y = y + b
        y.backward()
        return [np.float64(y.data), np.float64(w.grad), np.float64(b.grad)]

    return step


def chain_data() -> Data:
    """The factor is 1 or -1, so that values and gradients neither die out nor overflow."""
    rng = np.random.default_rng(0)
    w = rng.choice(np.array([-1, 1], np.float32), (32, 32))
    y, b, g = rng.standard_normal((3, 32, 32), np.float32)
    return {"y": y, "w": w, "b": b / 1000, "g": g}


def chain_by_hand(pairs: int, data: Data) -> Step:
    w, b, g = data["w"], data["b"], data["g"]
    used = list(np.empty((pairs + 1, 32, 32), np.float32))
    used[0][:] = data["y"]
    flow, product, to_w, to_b = (np.empty_like(w) for _ in range(4))

    def step() -> list[Array]:
        for place in range(pairs):
            after = used[place + 1]
            np.multiply(used[place], w, out=after)
            np.add(after, b, out=after)
        np.copyto(flow, g)
        to_w.fill(0)
        to_b.fill(0)
        for place in range(pairs - 1, -1, -1):
            np.add(to_b, flow, out=to_b)
            np.add(to_w, np.multiply(flow, used[place], out=product), out=to_w)
            np.multiply(flow, w, out=flow)
        return [used[-1], to_w, to_b]

    return step


def chain_program(pairs: int, library: Library, data: Data) -> Step:
    torch = library.torch
    y0, g = torch.tensor(data["y"]), torch.tensor(data["g"])
    w, b = as_parameters(torch, (data["w"], data["b"]))

    def step() -> list[Any]:
        forget_gradients((w, b))
        y = y0
        for _ in range(pairs):
            y = y * w
            y = y + b
        y.backward(g)
        return [y, *gradients((w, b))]

    return step


def chain(operations: int) -> Workload:
    pairs = operations // 2
    return Workload(
        f"{operations:,} elementwise operations on (32, 32), one operation",
        chain_data, partial(chain_by_hand, pairs), partial(chain_program, pairs),
        Target(3), per=operations,
    )  # fmt: skip


WORKLOADS = {
    "scalars": Workload(
        "1,000 operations on one number, forward and backward",
        scalar_data, scalar_by_hand, scalar_program, Target(None, 0.33),
        others={"micrograd": scalar_micrograd},
    ),
    "chain": chain(1_000),
}  # fmt: skip

# Minutes and gigabytes: only asked for by name or with --long.
LONG = {"chain-10k": chain(10_000), "chain-100k": chain(100_000), "chain-1m": chain(1_000_000)}
