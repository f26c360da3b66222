"""Moving numbers: broadcasting, many small slices, rows gathered with repeats."""

from __future__ import annotations

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


def broadcast_data() -> Data:
    rng = np.random.default_rng(0)
    shapes = {"a": (256, 1, 64), "b": (1, 128, 64), "c": (64,), "g": (256, 128, 64)}
    return {name: rng.standard_normal(shape, np.float32) for name, shape in shapes.items()}


def broadcast_by_hand(data: Data) -> Step:
    a, b, c, g = (data[name] for name in "abcg")
    out = np.empty_like(g)
    to_a, to_b, to_c = (np.empty_like(array) for array in (a, b, c))

    def step() -> list[Array]:
        np.multiply(a, b, out=out)
        np.add(out, c, out=out)
        np.einsum("ijk,jk->ik", g, b[0], out=to_a[:, 0])
        np.einsum("ijk,ik->jk", g, a[:, 0], out=to_b[0])
        np.einsum("ijk->k", g, out=to_c)
        return [out, to_a, to_b, to_c]

    return step


def broadcast_program(library: Library, data: Data) -> Step:
    torch = library.torch
    a, b, c = parameters = as_parameters(torch, [data[name] for name in "abc"])
    g = torch.tensor(data["g"])

    def step() -> list[Any]:
        forget_gradients(parameters)
        out = a * b + c
        out.backward(g)
        return [out, *gradients(parameters)]

    return step


def slices_data() -> Data:
    rng = np.random.default_rng(0)
    x, g = rng.standard_normal((1000, 64), np.float32), rng.standard_normal((8, 64), np.float32)
    return {"x": x, "g": g, "starts": rng.integers(0, 992, 200)}


def slices_by_hand(data: Data) -> Step:
    x, g, starts = data["x"], data["g"], data["starts"]
    total, to_x = np.empty_like(g), np.empty_like(x)
    pieces = [x[start : start + 8] for start in starts]
    to_pieces = [to_x[start : start + 8] for start in starts]

    def step() -> list[Array]:
        total.fill(0)
        for piece in pieces:
            np.add(total, piece, out=total)
        to_x.fill(0)
        for to_piece in to_pieces:
            np.add(to_piece, g, out=to_piece)
        return [total, to_x]

    return step


def slices_program(library: Library, data: Data) -> Step:
    torch = library.torch
    (x,) = parameters = as_parameters(torch, [data["x"]])
    g, starts = torch.tensor(data["g"]), data["starts"].tolist()

    def step() -> list[Any]:
        forget_gradients(parameters)
        total = x[starts[0] : starts[0] + 8]
        for start in starts[1:]:
            total = total + x[start : start + 8]
        total.backward(g)
        return [total, *gradients(parameters)]

    return step


def gather_data() -> Data:
    rng = np.random.default_rng(0)
    x, g = (
        rng.standard_normal((5000, 64), np.float32),
        rng.standard_normal((10_000, 64), np.float32),
    )
    return {"x": x, "g": g, "rows": rng.integers(0, 5000, 10_000)}


def gather_by_hand(data: Data) -> Step:
    """Backward adds the first uses of all rows, then the second, …: no row twice in one sum."""
    x, g, rows = data["x"], data["g"], data["rows"]
    out, to_x = np.empty_like(g), np.empty_like(x)
    new = np.ones(len(rows), bool)

    def step() -> list[Array]:
        np.take(x, rows, axis=0, out=out, mode="clip")
        # A stable sort of 16-bit numbers is a radix sort, fourteen times quicker than of 64-bit.
        order = np.argsort(rows.astype(np.uint16), kind="stable")
        ordered = rows[order]
        np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
        starts = np.flatnonzero(new)
        left = np.diff(starts, append=len(rows))
        to_x.fill(0)
        target = ordered[starts]
        to_x[target] = g[order[starts]]
        for use in range(1, int(left.max())):
            more = left > use
            starts, target, left = starts[more], target[more], left[more]
            to_x[target] += g[order[starts + use]]
        return [out, to_x]

    return step


def gather_program(library: Library, data: Data) -> Step:
    torch = library.torch
    (x,) = parameters = as_parameters(torch, [data["x"]])
    g, rows = torch.tensor(data["g"]), torch.tensor(data["rows"])

    def step() -> list[Any]:
        forget_gradients(parameters)
        out = x[rows]
        out.backward(g)
        return [out, *gradients(parameters)]

    return step


WORKLOADS = {
    "broadcast": Workload(
        "(256,1,64) * (1,128,64) + (64,), dense gradient",
        broadcast_data, broadcast_by_hand, broadcast_program, Target(1.6, 0.27),
    ),
    "slices": Workload(
        "200 slices of 8 rows of (1000, 64), summed",
        slices_data, slices_by_hand, slices_program, Target(8, 0.2),
    ),
    "gather": Workload(
        "10,000 rows with repeats from (5000, 64)",
        gather_data, gather_by_hand, gather_program, Target(1.25, 0.9),
    ),
}  # fmt: skip
